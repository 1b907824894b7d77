/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside: what concerns the container's own tree while it is being made: a bind mount whose source lies in it, and its
 * place for hooks, which look for it under root.path. Runs in the child, in its own mount namespace, before pivot_root.
 * Never follows a link of the image out of the container's root (threats D1).
 */
#include <fcntl.h>

#include "abi/mount.h"
#include "core/child/parts.h"
#include "kernel/mount.h"

/* In a user namespace that does not own the file system only the runtime may do it. */
static int map_ids(struct child *child, const struct op *op, int tree_fd, struct err *err)
{
	uint32_t value = (uint32_t)op->tree.idmap << 1 | (op->tree.idmap_recursive ? 1 : 0);
	int result;

	if (op->tree.idmap == PLAN_NO_IDMAP)
		return 0;
	if (!child->plan->in_user_namespace)
		return child_check(op, mount_idmap(tree_fd, child->start->idmap_fds[op->tree.idmap], op->tree.idmap_recursive),
				   "mount_setattr", err);
	result = channel_send(&child->channel, MESSAGE_IDMAP, value, NULL, tree_fd);
	if (result < 0)
		return child_failed(op, result, "sendmsg", err);
	return child_wait_go(&child->channel, SYNC_IDMAPPED, err);
}

int child_tree_inside(struct child *child, const struct op *op, struct err *err)
{
	unsigned int flags = AT_EMPTY_PATH | (op->tree.recursive ? AT_RECURSIVE : 0);
	cleanup_fd int source_fd = rootfs_open(&child->root, op->tree.inside, O_PATH, op->tree.no_follow);
	cleanup_fd int tree_fd = -EBADF;

	if (source_fd < 0) {
		child_failed(op, source_fd, "openat2", err);
		if (source_fd == -ENOENT) {
			err_why(err, "the source lies in the container's own root, and there is no %s in it by then",
				op->tree.inside.text);
			err_fix(err, "make it in the image, or mount there what it shall be, before this mount");
		}
		return ERR;
	}
	tree_fd = mount_open_tree(source_fd, "", flags);
	if (tree_fd < 0)
		return child_failed(op, tree_fd, "open_tree", err);
	if (map_ids(child, op, tree_fd, err) ||
	    child_check(op, child_set_attr(tree_fd, &op->tree.attr), "mount_setattr", err))
		return ERR;
	child->start->slots[op->tree.slot] = fd_take(&tree_fd);
	return 0;
}

static int move_tree(struct child *child, const char *path, int target_fd, struct err *err)
{
	int result = target_fd < 0 ? target_fd : mount_move(child->root.fd, target_fd);

	if (result == 0)
		return 0;
	err_sys(err, result, target_fd < 0 ? "open" : "move_mount", "cannot show the container's tree at %s to its hooks",
		path);
	if (result == -EACCES) {
		err_why(err, "the root of the container's user namespace may not search a directory on the way");
		return err_fix(err, "chmod o+x these directories, or let createRuntime hooks do it");
	}
	return ERR;
}

int child_show_tree(struct child *child, const char *path, int *ret_slash_fd, struct err *err)
{
	cleanup_fd int slash_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int target_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (move_tree(child, path, target_fd < 0 ? -errno : target_fd, err))
		return ERR;
	*ret_slash_fd = fd_take(&slash_fd);
	return 0;
}

int child_take_tree_back(struct child *child, int slash_fd, struct err *err)
{
	return move_tree(child, "/", slash_fd, err);
}
