/* SPDX-License-Identifier: Apache-2.0 */
/* enter: ENTER: the rootfs becomes "/" and no path leads to the host any more; what a container without a mount namespace
 * needs for that before and after; and the working directory, checked to lie inside (threats D5). */
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/mount.h"
#include "core/child/parts.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"
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

/* An empty tmpfs over what may not be taken away. */
static int cover(int target_fd)
{
	cleanup_fd int fs_fd = mount_fsopen("tmpfs"), mount_fd = -EBADF;
	int result = fs_fd < 0 ? fs_fd : mount_fsconfig_create(fs_fd);

	if (result < 0)
		return result;
	mount_fd = mount_fsmount(fs_fd, MOUNT_ATTR_RDONLY);
	return mount_fd < 0 ? mount_fd : mount_move(mount_fd, target_fd);
}

/* "\\040" is a blank: proc_pid_mountinfo(5). In place. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++, to++) {
		if (text[0] == '\\' && text[1] && text[2] && text[3]) {
			*to = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
			text += 3;
		} else {
			*to = *text;
		}
	}
	*to = '\0';
}

/* A line of mountinfo: "36 35 0:32 / /proc rw … - proc proc rw". */
static int hide_one(char *line)
{
	char *type = strstr(line, " - "), *field = line, *root = NULL, *path = NULL;
	cleanup_fd int target_fd = -EBADF;
	int result;

	if (!type || (strncmp(type + 3, "proc ", 5) != 0 && strncmp(type + 3, "sysfs ", 6) != 0))
		return 0;
	for (int i = 0; i < 5 && field; i++) {
		path = strsep(&field, " ");
		root = i == 3 ? path : root;
	}
	if (!path || !root || strcmp(root, "/") != 0)
		return 0;
	unescape(path);
	target_fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	result = mount_detach(target_fd);
	return result == -EINVAL || result == -EPERM ? cover(target_fd) : result;
}

/*
 * Without pivot_root(2) the host's tree stays in the mount namespace, out of reach of paths alone. A whole procfs or sysfs
 * in it would be the kernel's reason to let the container mount another one, without masks. Paths still count from the
 * host's "/", so that the container's own are not met.
 */
static int hide_kernel_files(struct child *child)
{
	cleanup_fd int info_fd = procfs_open(&child->procfs, "self/mountinfo", O_RDONLY);
	char text[2 * PATH_MAX];
	size_t length = 0;
	ssize_t got;

	if (info_fd < 0)
		return info_fd;
	while ((got = read(info_fd, text + length, sizeof(text) - 1 - length)) > 0) {
		char *line = text, *end;

		length += (size_t)got;
		text[length] = '\0';
		while ((end = strchr(line, '\n'))) {
			int result;

			*end = '\0';
			result = hide_one(line);
			if (result < 0)
				return result;
			line = end + 1;
		}
		length -= (size_t)(line - text);
		memmove(text, line, length);
		if (length == sizeof(text) - 1)
			return -ENAMETOOLONG;
	}
	return got < 0 ? -errno : 0;
}

int child_mount_apart(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int ns_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (ns_fd < 0)
		return child_failed(op, errno, "open", err);
	if (child_check(op, namespace_unshare(CLONE_NEWNS), "unshare", err))
		return ERR;
	child->mount_ns_fd = fd_take(&ns_fd);
	return 0;
}

/* What is a path from here on is one of the container's. */
static int reopen_root(struct child *child, const struct op *op, struct err *err)
{
	fd_close(&child->root.fd);
	child->root.fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return child->root.fd < 0 ? child_failed(op, errno, "open", err) : 0;
}

/*
 * A copy of the tree that is in no namespace: who has its root in it sees all of its mounts, nobody else does, no path
 * leads up from it to the host's, and it ends with the last such process. The namespace that it was made in ends here.
 */
static int leave_apart(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int tree_fd = mount_open_tree(child->root.fd, "", AT_EMPTY_PATH | AT_RECURSIVE);

	if (tree_fd < 0)
		return child_failed(op, tree_fd, "open_tree", err);
	if (child_check(op, namespace_join(child->mount_ns_fd, CLONE_NEWNS), "setns", err) ||
	    child_check(op, mount_chroot(tree_fd), "chroot", err))
		return ERR;
	fd_close(&child->mount_ns_fd);
	return reopen_root(child, op, err);
}

int child_chroot(struct child *child, const struct op *op, struct err *err)
{
	if (child_check(op, mount_chroot(child->start->slots[op->chroot.slot]), "chroot", err))
		return ERR;
	return reopen_root(child, op, err);
}

/*
 * Closing a mount that is attached nowhere, as execve does with the private procfs, waits for a grace period of the whole
 * machine, and so does taking the old root away. On the host's /proc, which is not looked at any more, the one goes with
 * the other; nothing can be mounted on what was detached so.
 */
static void lay_procfs_aside(struct child *child)
{
	cleanup_fd int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	/* Where that cannot be, it stays as it is. */
	if (proc_fd >= 0)
		(void)mount_move(child->procfs.fd, proc_fd);
}

int child_pivot(struct child *child, const struct op *op, struct err *err)
{
	make_working_directory(child);
	if (op->pivot.apart) {
		if (leave_apart(child, op, err))
			return ERR;
	} else if (op->pivot.move) {
		if (child_check(op, hide_kernel_files(child), "umount2", err) ||
		    child_check(op, mount_chroot(child->root.fd), "chroot", err))
			return ERR;
	} else {
		lay_procfs_aside(child);
		if (child_check(op, mount_pivot(child->root.fd), "pivot_root", err))
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

static int enter_directory(struct child *child, const struct op *op, struct err *err)
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
	return result < 0 && result != -ERANGE ? child_failed(op, result, "getcwd", err) : 0;
}

int child_working_directory(struct child *child, const struct op *op, struct err *err)
{
	if (child->in_directory)
		return 0;
	if (enter_directory(child, op, err) == 0) {
		child->in_directory = true;
		return 0;
	}
	/* There are file systems that trust their user more than root: once more, with the user's own ids. */
	return op->cwd.early && err->errnum == EACCES ? 0 : ERR;
}
