/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/mount: the mount calls of Linux 5.2 to 5.12 (fsopen(2), open_tree(2), mount_setattr(2)). Thin: 0 or an fd, or
 * -errno. No policy, no allocation. Returned descriptors are CLOEXEC. */
#ifndef BULKHEAD_KERNEL_MOUNT_H
#define BULKHEAD_KERNEL_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where an open file lies, and what it is there (statx(2)). -EXDEV where the kernel does not tell mounts apart. */
struct mount_place {
	uint64_t mount_id, inode, attributes; /* STATX_ATTR_… */
};
int mount_identify(int fd, struct mount_place *ret);

int mount_fsopen(const char *fs_type);
/* value NULL sets a flag. */
int mount_fsconfig_set(int fs_fd, const char *key, const char *value);
int mount_fsconfig_create(int fs_fd);
/* attr: MOUNT_ATTR_…; returns a detached mount. */
int mount_fsmount(int fs_fd, uint64_t attr);
/* The kernel's own message about a failed fsconfig ("e tmpfs: Bad value for 'size'"), without its prefix letter;
 * empty when there is none. Always terminated. */
void mount_fs_message(int fs_fd, char *buf, size_t size);

/* A detached copy of the mount (tree) at path; flags: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, AT_RECURSIVE. */
int mount_open_tree(int dir_fd, const char *path, unsigned int flags);
/* Attach a detached mount to what target_fd (O_PATH) refers to. */
int mount_move(int mount_fd, int target_fd);
int mount_setattr_fd(int mount_fd, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive);
/* Idmap a detached mount (tree) with the maps of a user namespace. */
int mount_idmap(int mount_fd, int user_ns_fd, bool recursive);

/* "/" of this mount namespace and all below: MS_SLAVE, MS_PRIVATE … */
int mount_propagation_all(uint64_t propagation);
/* Take what mount_fd is off the place where it is attached, with what lies on it. The working directory is "/" then. */
int mount_detach(int mount_fd);
/* pivot_root(".", ".") onto root_fd, detach the old root, chdir to "/". */
int mount_pivot(int root_fd);
/* chroot to root_fd's mount and chdir to "/": where it covers "/" already and pivot_root cannot work, or belongs to no
 * mount namespace. */
int mount_chroot(int root_fd);

#endif
