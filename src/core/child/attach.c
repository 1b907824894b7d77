/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach: a detached mount becomes visible: it is moved onto a target that is held by an O_PATH descriptor, so that no
 * path is followed between look-up and use (threats D1). Runs in the child, before pivot_root.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "abi/mount.h"
#include "core/child/parts.h"
#include "kernel/mount.h"

/* The last component of path; false when there is none ("/", ".", ".."). */
static bool last_name(const char *path, char name[NAME_MAX + 1])
{
	size_t end = strlen(path), start;

	while (end && path[end - 1] == '/')
		end--;
	for (start = end; start && path[start - 1] != '/'; start--)
		;
	if (start == end || end - start > NAME_MAX)
		return false;
	memcpy(name, path + start, end - start);
	name[end - start] = '\0';
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int child_slot_parent(struct child *child, const struct op *op, int into_slot, const char *path,
		      char name[NAME_MAX + 1], struct err *err)
{
	if (child->start->slots[into_slot] < 0) {
		child_failed(op, 0, "", err);
		err->kind = ERR_INTERNAL;
		return err_why(err, "the mount that it belongs into does not exist");
	}
	if (!last_name(path, name)) {
		child_failed(op, EINVAL, "", err);
		return err_why(err, "%s has no last component", path);
	}
	return child->start->slots[into_slot];
}

int child_set_attr(int mount_fd, const struct op_attr *attr)
{
	bool change = attr->set || attr->clear;
	int result = 0;

	if (change && attr->propagation && attr->recursive == attr->propagation_recursive)
		return mount_setattr_fd(mount_fd, attr->set, attr->clear, attr->propagation, attr->recursive);
	if (change)
		result = mount_setattr_fd(mount_fd, attr->set, attr->clear, 0, attr->recursive);
	if (result == 0 && attr->propagation)
		result = mount_setattr_fd(mount_fd, 0, 0, attr->propagation, attr->propagation_recursive);
	return result;
}

static int make_target_in_slot(int slot_fd, const char *name, bool directory)
{
	int target_fd, result;

	result = directory ? mkdirat(slot_fd, name, 0755) : mknodat(slot_fd, name, S_IFREG | 0644, 0);
	if (result < 0 && errno != EEXIST)
		return -errno;
	target_fd = openat(slot_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return target_fd < 0 ? -errno : target_fd;
}

static int open_target(struct child *child, const struct attach *attach)
{
	int target_fd;

	if (attach->plain) {
		target_fd = rootfs_open_plain(&child->root, attach->target);
		if (target_fd != -ENOENT || !attach->may_make)
			return target_fd;
		target_fd = attach->directory ? rootfs_make_directory(&child->root, attach->target)
					      : rootfs_make_file(&child->root, attach->target);
		if (target_fd < 0)
			return target_fd;
		/* Looked for again: what was made may have become a link meanwhile. */
		fd_close(&target_fd);
		return rootfs_open_plain(&child->root, attach->target);
	}
	/* They open what is there, too. */
	if (attach->may_make && !attach->no_follow)
		return attach->directory ? rootfs_make_directory(&child->root, attach->target)
					 : rootfs_make_file(&child->root, attach->target);
	target_fd = rootfs_open(&child->root, attach->target, O_PATH, attach->no_follow);
	if (target_fd != -ENOENT || !attach->may_make)
		return target_fd;
	return attach->directory ? rootfs_make_directory(&child->root, attach->target)
				 : rootfs_make_file(&child->root, attach->target);
}

static int explain_target(const struct attach *attach, int errnum, struct err *err)
{
	const char *kind = attach->directory ? "directory" : "file";

	if (errnum == -EROFS) {
		err_why(err, "%s does not exist in the container and what it would lie on is read-only",
			attach->target.text);
		err_fix(err, "make the %s in the image, or mount something writable above it", kind);
	} else if (errnum == -ENOENT) {
		err_why(err, "%s does not exist in the container and cannot be made there", attach->target.text);
		err_fix(err, "choose another destination: below /proc and /sys nothing can be made");
	} else if (errnum == -ENOTDIR) {
		err_why(err, "%s inside the container, or what it lies in, is not a directory", attach->target.text);
		err_fix(err, "correct \"destination\": it must be of the same kind as what is mounted");
	} else if (errnum == -ELOOP && attach->plain) {
		err_why(err, "%s must be mounted on ordinary directory: inside the container it is reached through a symbolic "
			     "link, which could be turned between the mount and the masks",
			attach->target.text);
		err_fix(err, "make it a directory in the image");
	} else if (errnum == -ELOOP) {
		err_why(err, "%s inside the container is a loop of symbolic links", attach->target.text);
	} else if (errnum == -EAGAIN) {
		err_why(err, "the path %s was being renamed all the time while it was looked up", attach->target.text);
	}
	return ERR;
}

/* move_mount(2) says no more than EINVAL when one is a directory and the other is none. */
static int explain_move(const struct attach *attach, int target_fd, int errnum, struct err *err)
{
	struct stat st;

	if (errnum != -EINVAL || fstat(target_fd, &st) < 0)
		return ERR;
	if (S_ISLNK(st.st_mode))
		return err_why(err, "%s inside the container is a symbolic link", attach->target.text);
	if (S_ISDIR(st.st_mode) == attach->directory)
		return ERR;
	err_why(err, "the source is a %s and %s inside the container is a %s", attach->directory ? "directory" : "file",
		attach->target.text, attach->directory ? "file" : "directory");
	return err_fix(err, "mount a directory on a directory, or a file on a file");
}

static bool is_root(const char *path)
{
	return path[strspn(path, "/")] == '\0';
}

int child_attach(struct child *child, const struct op *op, const struct attach *attach, struct err *err)
{
	cleanup_fd int target_fd = -EBADF;
	char name[NAME_MAX + 1];
	int result;

	if (attach->into_slot != PLAN_NO_SLOT) {
		int slot_fd = child_slot_parent(child, op, attach->into_slot, attach->target.text, name, err);

		if (slot_fd < 0)
			return ERR;
		target_fd = make_target_in_slot(slot_fd, name, attach->directory);
	} else {
		target_fd = open_target(child, attach);
	}
	if (target_fd < 0) {
		child_failed(op, target_fd, "openat2", err);
		return explain_target(attach, target_fd, err);
	}
	result = mount_move(attach->mount_fd, target_fd);
	if (result < 0) {
		child_failed(op, result, "move_mount", err);
		return explain_move(attach, target_fd, result, err);
	}
	/* A mount on "/" covers the old root of the container: from now on it is the root. */
	if (attach->into_slot == PLAN_NO_SLOT && is_root(attach->target.text))
		child->root.fd = attach->mount_fd;
	return 0;
}
