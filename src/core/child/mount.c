/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount: MOUNT: the rootfs, the private procfs, new file systems and trees from slots. Runs in the child's own mount
 * namespace before pivot_root. Nothing is mounted by path: a mount is made detached and then moved (attach.c).
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "abi/mount.h"
#include "base/format.h"
#include "core/child/parts.h"
#include "kernel/mount.h"

/* fsconfig(2): a string value has 256 bytes at most, its NUL included. */
#define PARAM_LENGTH_MAX 255

/* A new tmpfs that belongs to the container's user namespace. */
static int empty_root(const struct op *op, int *ret_root_fd, struct err *err)
{
	cleanup_fd int fs_fd = mount_fsopen("tmpfs");
	int result;

	if (child_check(op, fs_fd, "fsopen", err) ||
	    child_check(op, mount_fsconfig_set(fs_fd, "mode", "755"), "fsconfig", err) ||
	    child_check(op, mount_fsconfig_create(fs_fd), "fsconfig", err))
		return ERR;
	result = mount_fsmount(fs_fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (child_check(op, result, "fsmount", err))
		return ERR;
	*ret_root_fd = result;
	return 0;
}

int child_root(struct child *child, const struct op *op, struct err *err)
{
	int root_fd = op->root.slot == PLAN_NO_SLOT ? -EBADF : child->start->slots[op->root.slot];
	cleanup_fd int slash_fd = -EBADF;

	/* From here on nothing that is mounted below reaches the host. */
	if (child_check(op, mount_propagation_all(MS_SLAVE), "mount", err))
		return ERR;
	if (op->root.slot == PLAN_NO_SLOT && empty_root(op, &root_fd, err))
		return ERR;
	slash_fd = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (slash_fd < 0)
		return child_failed(op, errno, "open", err);
	/* On "/" itself: that needs no directory of the host, and this process's own root stays the host's until
	 * OP_PIVOT. */
	if (child_check(op, mount_move(root_fd, slash_fd), "move_mount", err))
		return ERR;
	child->root.fd = root_fd;
	return 0;
}

int child_procfs(struct child *child, const struct op *op, struct err *err)
{
	int slot = op->procfs.host_slot;
	int result = procfs_new(&child->procfs);

	if (result == 0)
		return 0;
	if (slot != PLAN_NO_SLOT && child->start->slots[slot] >= 0)
		return child_check(op, procfs_adopt(child->start->slots[slot], &child->procfs), "statx", err);
	child_failed(op, result, "fsmount", err);
	if (result == -EPERM) {
		err_why(err, "in a user namespace the kernel mounts a procfs only where one is visible whole, and here "
			     "parts of /proc are covered: this is a container itself");
		err_fix(err, "give the outer container an uncovered /proc (for example --security-opt "
			     "unmask=/proc/*, or procMount: Unmasked)");
	}
	return ERR;
}

static int refused_param(struct child *child, const struct op *op, const struct key_value *param, int fs_fd, int errnum,
			 struct err *err)
{
	char message[200];

	mount_fs_message(fs_fd, message, sizeof(message));
	child_failed(op, errnum, "fsconfig", err);
	if (param->where)
		err_where(err, "%s#%s", child->plan->config_name, param->where);
	if (param->value && strlen(param->value) > PARAM_LENGTH_MAX) {
		err_why(err, "the value of the option %s is longer than the %d bytes that the kernel takes", param->key,
			PARAM_LENGTH_MAX);
		return err_fix(err, "shorten it, for example by shorter paths");
	}
	err_why(err, "the file system refuses the option %s%s%s%s%s", param->key, param->value ? "=" : "",
		param->value ? param->value : "", *message ? ": " : "", message);
	return err_fix(err, "correct or remove this option; %s(5) lists what the file system takes",
		       op->mount_fs.fs_type);
}

/*
 * lowerdir of overlayfs is a list that is easily longer than fsconfig(2) takes; since Linux 6.5 each layer can be given
 * by itself. A backslash before a colon belongs to the name.
 */
static int set_layers(int fs_fd, const char *list)
{
	char layer[PARAM_LENGTH_MAX + 1];
	size_t length = 0;

	for (;; list++) {
		if (*list == '\\' && list[1]) {
			list++;
		} else if (*list == ':' || *list == '\0') {
			int result;

			layer[length] = '\0';
			length = 0;
			result = mount_fsconfig_set(fs_fd, "lowerdir+", layer);
			if (result < 0 || *list == '\0')
				return result;
			continue;
		}
		if (length == PARAM_LENGTH_MAX)
			return -EINVAL;
		layer[length++] = *list;
	}
}

static int set_param(const struct op *op, int fs_fd, const struct key_value *param)
{
	if (param->value && strlen(param->value) > PARAM_LENGTH_MAX && strcmp(op->mount_fs.fs_type, "overlay") == 0 &&
	    strcmp(param->key, "lowerdir") == 0)
		return set_layers(fs_fd, param->value);
	return mount_fsconfig_set(fs_fd, param->key, param->value);
}

static bool has_param(const struct key_values *params, const char *key)
{
	for (size_t i = 0; i < params->count; i++)
		if (strcmp(params->items[i].key, key) == 0)
			return true;
	return false;
}

/* A tmpfs over a directory of the image takes that directory's mode, unless the config gives one. */
static void keep_mode(struct child *child, const struct op *op, int fs_fd)
{
	cleanup_fd int target_fd = -EBADF;
	struct stat st;
	char mode[16];

	if (strcmp(op->mount_fs.fs_type, "tmpfs") != 0 || has_param(&op->mount_fs.params, "mode") ||
	    op->mount_fs.into_slot != PLAN_NO_SLOT)
		return;
	target_fd = rootfs_open(&child->root, op->mount_fs.target, O_PATH | O_DIRECTORY, false);
	if (target_fd < 0 || fstat(target_fd, &st) < 0)
		return;
	format_text(mode, sizeof(mode), "%o", st.st_mode & 07777);
	mount_fsconfig_set(fs_fd, "mode", mode);
}

static int make_fs(struct child *child, const struct op *op, int *ret_mount_fd, struct err *err)
{
	cleanup_fd int fs_fd = mount_fsopen(op->mount_fs.fs_type);
	const struct key_value source = {.key = "source", .value = op->mount_fs.source};
	const struct key_values *params = &op->mount_fs.params;
	char message[200];
	int result;

	if (fs_fd < 0) {
		child_failed(op, fs_fd, "fsopen", err);
		if (fs_fd == -ENODEV) {
			err_why(err, "this kernel has no file system %s", op->mount_fs.fs_type);
			err_fix(err, "load its module, or correct the type: /proc/filesystems lists what there is");
		}
		return ERR;
	}
	result = source.value ? mount_fsconfig_set(fs_fd, source.key, source.value) : 0;
	if (result < 0)
		return refused_param(child, op, &source, fs_fd, result, err);
	for (size_t i = 0; i < params->count; i++) {
		result = set_param(op, fs_fd, &params->items[i]);
		if (result < 0)
			return refused_param(child, op, &params->items[i], fs_fd, result, err);
	}
	keep_mode(child, op, fs_fd);
	result = mount_fsconfig_create(fs_fd);
	if (result == 0)
		result = *ret_mount_fd = mount_fsmount(fs_fd, op->mount_fs.attr.set);
	if (result >= 0)
		return 0;
	mount_fs_message(fs_fd, message, sizeof(message));
	child_failed(op, result, *ret_mount_fd == -EBADF ? "fsconfig" : "fsmount", err);
	return *message ? err_why(err, "the kernel says: %s", message) : ERR;
}

static int copy_up(struct child *child, const struct op *op, int mount_fd, struct err *err)
{
	cleanup_fd int from_fd = rootfs_open(&child->root, op->mount_fs.target, O_RDONLY | O_DIRECTORY, false);
	cleanup_fd int to_fd = -EBADF;

	if (from_fd == -ENOENT)
		return 0;
	if (from_fd < 0)
		return child_failed(op, from_fd, "openat2", err);
	to_fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to_fd < 0)
		return child_failed(op, errno, "openat", err);
	if (child_check(op, child_copy_up(from_fd, to_fd), "copy_file_range", err))
		return err_why(err, "the contents of %s could not be copied into it", op->mount_fs.target.text);
	return 0;
}

static int idmap_fs(struct child *child, const struct op *op, int mount_fd, struct err *err)
{
	if (op->mount_fs.idmap == PLAN_NO_IDMAP)
		return 0;
	if (!child->start->idmap_fds) {
		child_failed(op, 0, "", err);
		err->kind = ERR_INTERNAL;
		return err_why(err, "the user namespace of its id mapping was not made");
	}
	return child_check(op, mount_idmap(mount_fd, child->start->idmap_fds[op->mount_fs.idmap], false),
			   "mount_setattr", err);
}

int child_mount_fs(struct child *child, const struct op *op, struct err *err)
{
	const struct op_attr propagation = {.propagation = op->mount_fs.attr.propagation,
					    .propagation_recursive = op->mount_fs.attr.propagation_recursive};
	struct attach attach = {.target = op->mount_fs.target,
				.into_slot = op->mount_fs.into_slot,
				.directory = true,
				.may_make = true,
				.plain = op->mount_fs.plain};
	cleanup_fd int mount_fd = -EBADF;

	if (make_fs(child, op, &mount_fd, err) || idmap_fs(child, op, mount_fd, err))
		return ERR;
	if (op->mount_fs.copy_up && copy_up(child, op, mount_fd, err))
		return ERR;
	attach.mount_fd = mount_fd;
	if (child_attach(child, op, &attach, err) ||
	    child_check(op, child_set_attr(mount_fd, &propagation), "mount_setattr", err))
		return ERR;
	if (op->mount_fs.is_dev)
		child->dev_fd = mount_fd;
	if (op->mount_fs.mount_slot != PLAN_NO_SLOT)
		child->start->slots[op->mount_fs.mount_slot] = mount_fd;
	/* Kept open where it is needed later. */
	if (op->mount_fs.is_dev || op->mount_fs.mount_slot != PLAN_NO_SLOT || child->root.fd == mount_fd)
		fd_take(&mount_fd);
	return 0;
}

int child_mount_tree(struct child *child, const struct op *op, struct err *err)
{
	int tree_fd = child->start->slots[op->mount_tree.slot];
	struct attach attach = {.mount_fd = tree_fd,
				.target = op->mount_tree.target,
				.into_slot = op->mount_tree.into_slot,
				.no_follow = op->mount_tree.no_follow,
				.may_make = op->mount_tree.target_from_source,
				.plain = op->mount_tree.plain};
	struct stat st;

	if (tree_fd < 0)
		return 0;
	if (fstat(tree_fd, &st) < 0)
		return child_failed(op, errno, "fstat", err);
	attach.directory = S_ISDIR(st.st_mode);
	if (child_attach(child, op, &attach, err))
		return ERR;
	return child_check(op, child_set_attr(tree_fd, &op->mount_tree.attr), "mount_setattr", err);
}
