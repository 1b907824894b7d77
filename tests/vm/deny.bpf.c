/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* deny: a program of the BPF LSM, as agents for security load them: programs that are called "denied" open nothing. */
#include <linux/bpf.h>
#include <linux/errno.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("lsm/file_open")
int deny_open(void *context)
{
	char command[16] = "";

	bpf_get_current_comm(command, sizeof(command));
	return bpf_strncmp(command, sizeof(command), "denied") == 0 ? -EPERM : 0;
}
