/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/procfs: a procfs of one's own (threats D2). Detached and private: nothing can be mounted over its files. Each
 * file is opened beneath its root without symlinks that leave it, and must lie on the very mount of the root (magic and
 * mount id are compared), so that a fake or a bind cannot swallow a write. -errno; -EXDEV when the check fails.
 */
#ifndef BULKHEAD_KERNEL_PROCFS_H
#define BULKHEAD_KERNEL_PROCFS_H

#include <stdint.h>

struct procfs {
	int fd;
	uint64_t mount_id;
};

/* A new, detached procfs of this pid namespace. */
int procfs_new(struct procfs *ret);
/* Take an O_PATH directory fd of a mounted procfs: checks the magic and that it is the root. */
int procfs_adopt(int fd, struct procfs *ret);
/* path is relative: "self/attr/exec". "self" and "thread-self" are allowed links. */
int procfs_open(const struct procfs *procfs, const char *path, int flags);
int procfs_write(const struct procfs *procfs, const char *path, const char *text);
int procfs_read(const struct procfs *procfs, const char *path, char *buf, unsigned long size);

#endif
