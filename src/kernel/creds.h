/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/creds: ids, groups, capabilities, no_new_privs (credentials(7), capabilities(7)). -errno. Calls the kernel
 * directly: a C library's setuid would broadcast to threads and may consult its own state. */
#ifndef BULKHEAD_KERNEL_CREDS_H
#define BULKHEAD_KERNEL_CREDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/types.h"

struct creds_capabilities {
	uint64_t effective, permitted, inheritable;
};

int creds_set_groups(const struct container_id *groups, size_t count);
int creds_set_ids(struct container_id uid, struct container_id gid); /* real, effective, saved and fs */
int creds_keep_capabilities(bool keep);
int creds_get_capabilities(struct creds_capabilities *ret);
int creds_set_capabilities(const struct creds_capabilities *capabilities);
int creds_bounding_drop(unsigned int capability);
int creds_bounding_has(unsigned int capability); /* 1, 0, or -EINVAL beyond the kernel's last */
int creds_ambient_clear(void);
int creds_ambient_raise(unsigned int capability);
int creds_set_no_new_privs(void);
/* Supplementary groups: how many, or -errno; more than max are counted, not written. */
int creds_get_groups(struct container_id *ret_groups, size_t max);
int creds_get_securebits(void); /* SECBIT_… of <linux/securebits.h>, or -errno */

/* What /proc/self/status says. */
struct creds_status {
	uint32_t uid[4], gid[4]; /* real, effective, saved, fs */
	uint64_t inheritable, permitted, effective, bounding, ambient;
	bool no_new_privs;
	uint32_t seccomp; /* 0, 1, 2 */
};
/* proc_fd: a procfs that is trusted. Each open file is read once, and says what holds when it is read. */
int creds_open_status(int proc_fd);
int creds_read_open_status(int status_fd, struct creds_status *ret);
/* Both at once. */
int creds_read_status(int proc_fd, struct creds_status *ret);

#endif
