/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths: masked and read-only paths, and changes to what is mounted. Masks are inodes of ours: one empty read-only
 * tmpfs for directories, and the null device of our own /dev for files, never what the container calls /dev/null
 * (threats D3). Runs in the child before pivot_root, when the whole tree stands.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "abi/mount.h"
#include "core/child/parts.h"
#include "kernel/mount.h"

int child_remount(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int target_fd = rootfs_open(&child->root, op->remount.target, O_PATH, false);
	int result;

	if (target_fd < 0)
		return child_failed(op, target_fd, "openat2", err);
	result = child_set_attr(target_fd, &op->remount.attr);
	if (result == -EINVAL) {
		child_failed(op, result, "mount_setattr", err);
		err_why(err, "nothing is mounted on %s, or these attributes exclude each other",
			op->remount.target.text);
		return err_fix(err, "mount something there first, for example with the option bind");
	}
	return child_check(op, result, "mount_setattr", err);
}

/* A mount for one more masked directory. All share the first one's tmpfs. */
static int directory_mask(struct child *child)
{
	cleanup_fd int fs_fd = -EBADF;
	int result;

	if (child->mask_fd >= 0)
		return mount_open_tree(child->mask_fd, "", AT_EMPTY_PATH);
	fs_fd = mount_fsopen("tmpfs");
	if (fs_fd < 0)
		return fs_fd;
	result = mount_fsconfig_set(fs_fd, "source", "tmpfs");
	if (result == 0)
		result = mount_fsconfig_create(fs_fd);
	if (result < 0)
		return result;
	return mount_fsmount(fs_fd, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* The runtime's null device. What another mount namespace has detached cannot be cloned in this one (EINVAL); once it
 * is attached, it can: so the first mask is the tree itself. */
static int null_of_slot(struct child *child, int null_fd)
{
	if (child->null_attached)
		return mount_open_tree(null_fd, "", AT_EMPTY_PATH);
	child->null_attached = true;
	null_fd = fcntl(null_fd, F_DUPFD_CLOEXEC, 0);
	return null_fd < 0 ? -errno : null_fd;
}

static int file_mask(struct child *child, const struct op *op, struct err *err)
{
	bool of_dev = op->mask.null_slot == PLAN_NO_SLOT;
	cleanup_fd int mask_fd = of_dev ? mount_open_tree(child->dev_fd, "null", 0)
					: null_of_slot(child, child->start->slots[op->mask.null_slot]);
	struct stat st;

	if (mask_fd < 0)
		return child_failed(op, mask_fd, "open_tree", err);
	if (fstat(mask_fd, &st) < 0)
		return child_failed(op, errno, "fstat", err);
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3)) {
		child_failed(op, ENODEV, "fstat", err);
		err->kind = ERR_INTERNAL;
		return err_why(err, "the null device that files are masked with is no null device");
	}
	return fd_take(&mask_fd);
}

int child_mask(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int target_fd = rootfs_open(&child->root, op->mask.path, O_PATH, false);
	cleanup_fd int mask_fd = -EBADF;
	struct stat st;

	if (target_fd == -ENOENT || target_fd == -ENOTDIR)
		return 0;
	if (target_fd < 0)
		return child_failed(op, target_fd, "openat2", err);
	if (fstat(target_fd, &st) < 0)
		return child_failed(op, errno, "fstat", err);
	if (S_ISDIR(st.st_mode)) {
		mask_fd = directory_mask(child);
		if (mask_fd < 0)
			return child_failed(op, mask_fd, "fsmount", err);
	} else {
		mask_fd = file_mask(child, op, err);
		if (mask_fd < 0)
			return ERR;
	}
	if (child_check(op, mount_move(mask_fd, target_fd), "move_mount", err))
		return ERR;
	if (S_ISDIR(st.st_mode) && child->mask_fd < 0)
		child->mask_fd = fd_take(&mask_fd);
	return 0;
}

int child_readonly(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int target_fd = rootfs_open(&child->root, op->readonly.path, O_PATH, false);
	cleanup_fd int tree_fd = -EBADF;

	if (target_fd == -ENOENT || target_fd == -ENOTDIR)
		return 0;
	if (target_fd < 0)
		return child_failed(op, target_fd, "openat2", err);
	/* A clone keeps nosuid, nodev and noexec of what is there; only the read-only bit is added. */
	tree_fd = mount_open_tree(target_fd, "", AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree_fd < 0)
		return child_failed(op, tree_fd, "open_tree", err);
	if (child_check(op, mount_setattr_fd(tree_fd, MOUNT_ATTR_RDONLY, 0, 0, true), "mount_setattr", err))
		return ERR;
	return child_check(op, mount_move(tree_fd, target_fd), "move_mount", err);
}
