/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/bpf: see bpf.h. Runs in the runtime. No policy, no allocation. */
#include "kernel/bpf.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/call.h"

static int bpf_call(enum bpf_cmd command, union bpf_attr *attr)
{
	return kernel_result(syscall(SYS_bpf, command, attr, sizeof(*attr)));
}

int bpf_device_load(const struct bpf_insn *instructions, size_t count, const char *name)
{
	/* The license decides which helper functions may be called; the program calls none. */
	static const char license[] = "Apache-2.0";
	union bpf_attr attr;
	int fd;

	if (count == 0 || count > UINT32_MAX)
		return -EINVAL;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)instructions;
	attr.insn_cnt = (uint32_t)count;
	attr.license = (uint64_t)(uintptr_t)license;
	memcpy(attr.prog_name, name, strnlen(name, sizeof(attr.prog_name) - 1));
	/* EAGAIN: the verifier was interrupted by a signal. */
	do
		fd = bpf_call(BPF_PROG_LOAD, &attr);
	while (fd == -EAGAIN);
	return fd;
}

int bpf_device_attach(int cgroup_fd, int program_fd, int replace_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replace_fd >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replace_fd;
	}
	return bpf_call(BPF_PROG_ATTACH, &attr);
}

static int query(int cgroup_fd, uint32_t flags, uint32_t *ret_ids, uint32_t capacity)
{
	union bpf_attr attr;
	int result;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.query_flags = flags;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ret_ids;
	attr.query.prog_cnt = capacity;
	result = bpf_call(BPF_PROG_QUERY, &attr);
	return result < 0 ? result : (int)attr.query.prog_cnt;
}

int bpf_device_query(int cgroup_fd, uint32_t *ret_ids, uint32_t capacity)
{
	return query(cgroup_fd, 0, ret_ids, capacity);
}

int bpf_device_query_effective(int cgroup_fd, uint32_t *ret_ids, uint32_t capacity)
{
	return query(cgroup_fd, BPF_F_QUERY_EFFECTIVE, ret_ids, capacity);
}

int bpf_program_open(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return bpf_call(BPF_PROG_GET_FD_BY_ID, &attr);
}

static int program_info(int program_fd, struct bpf_prog_info *info)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)program_fd;
	attr.info.info_len = sizeof(*info);
	attr.info.info = (uint64_t)(uintptr_t)info;
	return bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int bpf_program_name(int program_fd, char ret_name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = {0};
	int result = program_info(program_fd, &info);

	if (result < 0)
		return result;
	memcpy(ret_name, info.name, BPF_OBJ_NAME_LEN);
	ret_name[BPF_OBJ_NAME_LEN - 1] = '\0';
	return 0;
}

int bpf_program_read(int program_fd, struct bpf_insn *ret_instructions, uint32_t capacity)
{
	struct bpf_prog_info info = {
		.xlated_prog_insns = (uint64_t)(uintptr_t)ret_instructions,
		.xlated_prog_len = capacity * (uint32_t)sizeof(*ret_instructions),
	};
	int result = program_info(program_fd, &info);

	if (result < 0)
		return result;
	if (!info.xlated_prog_insns || !info.xlated_prog_len)
		return -EPERM;
	if (info.xlated_prog_len > capacity * sizeof(*ret_instructions))
		return -ENOSPC;
	return (int)(info.xlated_prog_len / sizeof(*ret_instructions));
}
