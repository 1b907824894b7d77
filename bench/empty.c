/* SPDX-License-Identifier: Apache-2.0 */
/*
 * empty: puts a program that does nothing at the end of every system call, says "ready", and takes it off again when its
 * standard input ends. What the machine is slower by meanwhile is the kernel's part of any watching by tracepoints.
 */
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, const union bpf_attr *attributes)
{
	int fd = (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));

	if (fd < 0)
		perror("empty: bpf");
	return fd;
}

int main(void)
{
	static const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr load, attach;
	char byte;

	memset(&load, 0, sizeof(load));
	memset(&attach, 0, sizeof(attach));
	load.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	load.insns = (uintptr_t)instructions;
	load.insn_cnt = sizeof(instructions) / sizeof(*instructions);
	load.license = (uintptr_t) "GPL";
	attach.raw_tracepoint.name = (uintptr_t) "sys_exit";
	attach.raw_tracepoint.prog_fd = (uint32_t)bpf(BPF_PROG_LOAD, &load);
	if ((int)attach.raw_tracepoint.prog_fd < 0 || bpf(BPF_RAW_TRACEPOINT_OPEN, &attach) < 0)
		return 1;
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
