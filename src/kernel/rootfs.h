/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/rootfs: the only way to a path inside a container's root (threats D1). Each look-up starts from the pinned root
 * and goes through openat2 with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS: a symlink, "..", or a race leads at worst to
 * another place inside. There is no function that turns a struct root_path into a string for the host.
 */
#ifndef BULKHEAD_KERNEL_ROOTFS_H
#define BULKHEAD_KERNEL_ROOTFS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/types.h"

struct rootfs {
	int fd; /* the root directory of the attached tree (O_PATH or a mount fd) */
};

/* Open path below the root. flags as open(2), O_CLOEXEC is added. no_follow: the last component is not followed.
 * Returns an fd or -errno. */
int rootfs_open(const struct rootfs *root, struct root_path path, int flags, bool no_follow);
/* O_PATH, and no component of path may be a symlink: -ELOOP. For what is mounted where the program looks for the kernel's
 * own files: another container that shares a volume could turn a link after the mount and before the masks. */
int rootfs_open_plain(const struct rootfs *root, struct root_path path);

/* Make the directories of path that are missing (0755, owner root of the container), each step through the pinned
 * parent; returns an O_PATH fd of the last, or -errno (-ENOTDIR when something else is in the way). */
int rootfs_make_directory(const struct rootfs *root, struct root_path path);
/* The same for a regular file: parents, then an empty file unless something is there; O_PATH fd, or -errno. */
int rootfs_make_file(const struct rootfs *root, struct root_path path);
/* Parents of path made; returns an O_PATH fd of the parent directory, and the last component in name (NAME_MAX + 1
 * bytes). -EINVAL for "/" and for "..". */
int rootfs_make_parent(const struct rootfs *root, struct root_path path, char *name);

#endif
