/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: the nodes and links of /dev. Made by *at() on the descriptor of their directory; what is there in the end is
 * compared with what was planned (threats D3). Runs in the child before pivot_root.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/child/parts.h"
#include "kernel/mount.h"

static const mode_t file_types[] = {
	[OCI_DEVICE_CHAR] = S_IFCHR,
	[OCI_DEVICE_BLOCK] = S_IFBLK,
	[OCI_DEVICE_FIFO] = S_IFIFO,
};

/* The directory of path in *ret_fd; *ret_owned_fd is the same when it was opened here, for cleanup. */
static int open_parent(struct child *child, const struct op *op, struct root_path path, int into_slot,
		       char name[NAME_MAX + 1], int *ret_owned_fd, struct err *err)
{
	if (into_slot != PLAN_NO_SLOT)
		return child_slot_parent(child, op, into_slot, path.text, name, err);
	*ret_owned_fd = rootfs_make_parent(&child->root, path, name);
	return *ret_owned_fd < 0 ? child_failed(op, *ret_owned_fd, "openat2", err) : *ret_owned_fd;
}

static bool is_planned(const struct op *op, const struct stat *st)
{
	if ((st->st_mode & S_IFMT) != file_types[op->device.type])
		return false;
	return op->device.type == OCI_DEVICE_FIFO || st->st_rdev == makedev(op->device.major, op->device.minor);
}

static int check_node(const struct op *op, int directory_fd, const char *name, struct err *err)
{
	struct stat st;

	if (fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return child_failed(op, errno, "fstatat", err);
	if (is_planned(op, &st))
		return 0;
	child_failed(op, EEXIST, "mknodat", err);
	err_why(err, "%s exists in the container and is something else", op->device.path.text);
	return err_fix(err, "remove it from the image, or from linux.devices if it stands there twice, or mount a tmpfs on the "
			    "directory it lies in");
}

/* Where mknod is not allowed: the host's node, which OP_TREE has compared, bound on an empty file. */
static int bind_node(struct child *child, const struct op *op, struct err *err)
{
	struct attach attach = {.mount_fd = child->start->slots[op->device.tree_slot],
				.target = op->device.path,
				.into_slot = op->device.into_slot,
				.may_make = true};
	struct stat st;

	if (fstat(attach.mount_fd, &st) < 0)
		return child_failed(op, errno, "fstat", err);
	if (!is_planned(op, &st)) {
		child_failed(op, ENODEV, "fstat", err);
		return err_why(err, "the host's %s is another device", op->device.path.text);
	}
	return child_attach(child, op, &attach, err);
}

static int set_owner(const struct op *op, int directory_fd, const char *name, struct err *err)
{
	const struct stat wanted = {.st_uid = op->device.uid.value, .st_gid = op->device.gid.value};

	if (wanted.st_uid == 0 && wanted.st_gid == 0)
		return 0;
	if (fchownat(directory_fd, name, wanted.st_uid, wanted.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return child_failed(op, errno, "fchownat", err);
	return 0;
}

int child_device(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int owned_fd = -EBADF;
	char name[NAME_MAX + 1];
	int directory_fd;

	if (op->device.tree_slot != PLAN_NO_SLOT)
		return bind_node(child, op, err);
	directory_fd = open_parent(child, op, op->device.path, op->device.into_slot, name, &owned_fd, err);
	if (directory_fd < 0)
		return ERR;
	if (mknodat(directory_fd, name, file_types[op->device.type] | (op->device.mode & 07777),
		    makedev(op->device.major, op->device.minor)) < 0) {
		if (errno != EEXIST)
			return child_failed(op, errno, "mknodat", err);
		return check_node(op, directory_fd, name, err);
	}
	if (set_owner(op, directory_fd, name, err))
		return ERR;
	return check_node(op, directory_fd, name, err);
}

int child_symlink(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int owned_fd = -EBADF, needed_fd = -EBADF;
	char name[NAME_MAX + 1];
	int directory_fd;

	if (op->symlink.needs) {
		needed_fd = rootfs_open(&child->root, (struct root_path){op->symlink.needs}, O_PATH, true);
		if (needed_fd < 0)
			return 0;
	}
	directory_fd = open_parent(child, op, op->symlink.path, op->symlink.into_slot, name, &owned_fd, err);
	if (directory_fd < 0)
		return ERR;
	/* What the image brings at this name stays. */
	if (symlinkat(op->symlink.target, directory_fd, name) < 0 && errno != EEXIST)
		return child_failed(op, errno, "symlinkat", err);
	return 0;
}

int child_directory(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int directory_fd = rootfs_make_directory(&child->root, op->directory.path);

	return child_check(op, directory_fd, "mkdirat", err);
}
