/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open_tree: see tree.h. Runs in the runtime before the clone, or in the child in its own mount namespace, while "/" is
 * still the host's: the only place in child/ that follows a host path.
 */
#include "core/child/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "abi/mount.h"
#include "core/child/parts.h"
#include "kernel/mount.h"

/* ERR when what was opened is not what the plan needs. */
static int check_kind(const struct op *op, int tree_fd, struct err *err)
{
	dev_t device = op->tree.null_device ? makedev(1, 3) : op->tree.device;
	struct stat st;

	if (fstat(tree_fd, &st) < 0)
		return child_failed(op, errno, "fstat", err);
	if (op->tree.must_be_directory && !S_ISDIR(st.st_mode)) {
		child_failed(op, ENOTDIR, "open_tree", err);
		err_why(err, "%s is not a directory", op->tree.path.text);
		return err_fix(err, "name a directory");
	}
	if (device == 0)
		return 0;
	if ((!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)) || st.st_rdev != device) {
		child_failed(op, ENODEV, "open_tree", err);
		err_why(err, "%s on the host is not the device %u:%u", op->tree.path.text, major(device),
			minor(device));
		return err_fix(err, "check the host's %s, or the device's numbers in the config", op->tree.path.text);
	}
	if (op->tree.null_device && !S_ISCHR(st.st_mode)) {
		child_failed(op, ENODEV, "open_tree", err);
		return err_why(err, "%s on the host is a block device", op->tree.path.text);
	}
	return 0;
}

int child_open_tree(const struct plan *plan, const struct op *op, int *slots, const int *idmap_fds, struct err *err)
{
	unsigned int flags = (op->tree.recursive ? AT_RECURSIVE : 0) | (op->tree.no_follow ? AT_SYMLINK_NOFOLLOW : 0);
	cleanup_fd int tree_fd = -EBADF;
	int result;

	if (op->tree.path_only) {
		tree_fd = open(op->tree.path.text, O_PATH | O_CLOEXEC);
		tree_fd = tree_fd < 0 ? -errno : tree_fd;
	} else {
		tree_fd = mount_open_tree(AT_FDCWD, op->tree.path.text, flags);
	}

	if (tree_fd == -ENOENT && op->tree.optional)
		return 0;
	if (tree_fd < 0)
		result = child_failed(op, tree_fd, "open_tree", err);
	else
		result = check_kind(op, tree_fd, err);
	if (result == 0 && op->tree.idmap != PLAN_NO_IDMAP)
		result = child_check(op, mount_idmap(tree_fd, idmap_fds[op->tree.idmap], op->tree.idmap_recursive),
				     "mount_setattr", err);
	if (result == 0)
		result = child_check(op, child_set_attr(tree_fd, &op->tree.attr), "mount_setattr", err);
	if (result < 0) {
		plan_explain(plan, op, err);
		return ERR;
	}
	slots[op->tree.slot] = fd_take(&tree_fd);
	return 0;
}
