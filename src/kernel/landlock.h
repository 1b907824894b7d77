/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/landlock: landlock(7). -errno. */
#ifndef BULKHEAD_KERNEL_LANDLOCK_H
#define BULKHEAD_KERNEL_LANDLOCK_H

#include <stdint.h>

/* The ABI of this kernel, from 1; -ENOSYS or -EOPNOTSUPP where it has none. */
int landlock_abi(void);
/* A new ruleset's descriptor (CLOEXEC). What is not handled is not restricted. */
int landlock_create(uint64_t handled_fs, uint64_t handled_net, uint64_t scoped);
int landlock_allow_path(int ruleset_fd, int path_fd, uint64_t access);
int landlock_allow_port(int ruleset_fd, uint64_t port, uint64_t access);
/* For good, for this thread and what it makes. log: refusals after the next exec are logged, where the kernel can. */
int landlock_restrict(int ruleset_fd, int log);

#endif
