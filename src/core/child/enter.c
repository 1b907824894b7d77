/* SPDX-License-Identifier: Apache-2.0 */
/* enter: ENTER: the rootfs becomes "/" and no path leads to the host any more; and the working directory, checked to
 * lie inside (threats D5). */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/child/parts.h"
#include "kernel/mount.h"
#include "kernel/process.h"

/* A working directory that the image lacks is made while the root can still be written. Whether it can be entered is
 * told when that is tried. */
static void make_working_directory(struct child *child)
{
	if (child->working_directory_made)
		return;
	child->working_directory_made = true;
	for (size_t i = 0; i < child->plan->ops_count; i++) {
		const struct op *op = &child->plan->ops[i];

		if (op->kind == OP_CWD) {
			int fd = rootfs_make_directory(&child->root, op->cwd.path);

			fd_close(&fd);
		}
	}
}

int child_root_attr(struct child *child, const struct op *op, struct err *err)
{
	make_working_directory(child);
	return child_check(op, child_set_attr(child->root.fd, &op->root_attr.attr), "mount_setattr", err);
}

int child_pivot(struct child *child, const struct op *op, struct err *err)
{
	make_working_directory(child);
	if (op->pivot.move) {
		if (child_check(op, mount_chroot(child->root.fd), "chroot", err))
			return ERR;
	} else if (child_check(op, mount_pivot(child->root.fd), "pivot_root", err)) {
		return ERR;
	}
	umask(0022);
	return 0;
}

static int explain_directory(const struct op *op, int errnum, struct err *err)
{
	switch (errnum) {
	case -ENOENT:
		err_why(err, "%s does not exist in the container", op->cwd.path.text);
		return err_fix(err, "correct process.cwd, or make the directory in the image");
	case -ENOTDIR:
		err_why(err, "%s in the container, or what it lies in, is not a directory", op->cwd.path.text);
		return err_fix(err, "name a directory in process.cwd");
	case -ELOOP:
		err_why(err, "the path passes through a link that may lead out of the container");
		return err_fix(err, "name the directory itself in process.cwd");
	case -EACCES:
		return err_why(err, "the container's user may not search it");
	default:
		return ERR;
	}
}

int child_hold_directory(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int directory_fd = rootfs_open(&child->root, op->cwd.path, O_PATH | O_DIRECTORY, false);
	char path[PATH_MAX];
	int result;

	if (directory_fd < 0) {
		child_failed(op, directory_fd, "openat2", err);
		return explain_directory(op, directory_fd, err);
	}
	if (fchdir(directory_fd) < 0) {
		result = -errno;
		child_failed(op, result, "fchdir", err);
		return explain_directory(op, result, err);
	}
	result = process_get_cwd(path, sizeof(path));
	if (result == -ENOENT || (result == 0 && path[0] != '/')) {
		err_set(err, ERR_INTERNAL, "the working directory %s lies outside the container", op->cwd.path.text);
		return err_why(err, "the kernel finds no way from it to the root");
	}
	/* ERANGE: deeper than a path can be, yet found. */
	if (result < 0 && result != -ERANGE)
		return child_failed(op, result, "getcwd", err);
	child->cwd_fd = fd_take(&directory_fd);
	return 0;
}

int child_working_directory(struct child *child, const struct op *op, struct err *err)
{
	int result;

	if (child->cwd_fd < 0) {
		result = child_hold_directory(child, op, err);
	} else {
		/* Once more, as the container's user, who may not be allowed to search it. */
		result = fchdir(child->cwd_fd) < 0 ? -errno : 0;
		if (result < 0) {
			child_failed(op, result, "fchdir", err);
			result = explain_directory(op, result, err);
		}
	}
	fd_close(&child->cwd_fd);
	return result;
}
