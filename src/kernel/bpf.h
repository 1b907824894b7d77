/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/bpf: bpf(2) for the one kind of program that a runtime needs: BPF_PROG_TYPE_CGROUP_DEVICE, which decides on
 * each open and mknod of a device node by the processes of a cgroup. Needs CAP_BPF and CAP_NET_ADMIN (CAP_SYS_ADMIN
 * before 5.8) in the initial user namespace. -errno.
 */
#ifndef BULKHEAD_KERNEL_BPF_H
#define BULKHEAD_KERNEL_BPF_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* Load a device program. name: at most BPF_OBJ_NAME_LEN - 1 letters, digits, '_' and '.'. Returns an fd (CLOEXEC). */
int bpf_device_load(const struct bpf_insn *instructions, size_t count, const char *name);

/* Attach to a cgroup2 directory beside what others attached (BPF_F_ALLOW_MULTI: all must agree). replace_fd: a program
 * that is attached there and is exchanged in one step, or -EBADF. */
int bpf_device_attach(int cgroup_fd, int program_fd, int replace_fd);

/* Ids of the device programs attached to this very cgroup. Returns their number, or -ENOSPC when there are more than
 * capacity. */
int bpf_device_query(int cgroup_fd, uint32_t *ret_ids, uint32_t capacity);

/* An fd of the program with this id, and the name that a program was loaded with. */
int bpf_program_open(uint32_t id);
int bpf_program_name(int program_fd, char ret_name[BPF_OBJ_NAME_LEN]);

/* Ids of the device programs that decide for this cgroup, those of the cgroups above it included; as bpf_device_query. */
int bpf_device_query_effective(int cgroup_fd, uint32_t *ret_ids, uint32_t capacity);
/* The program as the verifier left it. Returns the number of instructions; -ENOSPC when there are more than capacity, -EPERM
 * when the kernel shows none (net.core.bpf_jit_harden). */
int bpf_program_read(int program_fd, struct bpf_insn *ret_instructions, uint32_t capacity);

#endif
