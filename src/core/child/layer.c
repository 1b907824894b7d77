/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer: a root that may be written and that nothing is written to: an overlay of the rootfs, below, and of a new tmpfs,
 * which takes all changes, counts against the container's memory, and ends with it. Runs in the child before pivot_root,
 * while the host's procfs is there: overlayfs takes its layers by path, and what is held has none but in /proc/self/fd.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/mount.h"
#include "base/format.h"
#include "core/child/parts.h"
#include "kernel/mount.h"

#define PATH_SIZE 48

/* Attached for a while, because overlayfs refuses a layer that is in no mount namespace. */
static int attach_upper(struct child *child, const struct op *op, int *ret_fd, struct err *err)
{
	cleanup_fd int fs_fd = mount_fsopen("tmpfs"), mount_fd = -EBADF;

	if (child_check(op, fs_fd, "fsopen", err) ||
	    child_check(op, mount_fsconfig_set(fs_fd, "mode", "755"), "fsconfig", err) ||
	    child_check(op, mount_fsconfig_create(fs_fd), "fsconfig", err))
		return ERR;
	mount_fd = mount_fsmount(fs_fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (child_check(op, mount_fd, "fsmount", err))
		return ERR;
	if (mkdirat(mount_fd, "upper", 0755) < 0 || mkdirat(mount_fd, "work", 0755) < 0)
		return child_failed(op, errno, "mkdirat", err);
	if (child_check(op, mount_move(mount_fd, child->root.fd), "move_mount", err))
		return ERR;
	*ret_fd = fd_take(&mount_fd);
	return 0;
}

static int make_overlay(struct child *child, const struct op *op, int upper_fd, int *ret_fd, struct err *err)
{
	cleanup_fd int fs_fd = mount_fsopen("overlay");
	char lower[PATH_SIZE], upper[PATH_SIZE], work[PATH_SIZE];

	format_text(lower, sizeof(lower), "/proc/self/fd/%d", child->root.fd);
	format_text(upper, sizeof(upper), "/proc/self/fd/%d/upper", upper_fd);
	format_text(work, sizeof(work), "/proc/self/fd/%d/work", upper_fd);
	if (child_check(op, fs_fd, "fsopen", err) ||
	    child_check(op, mount_fsconfig_set(fs_fd, "lowerdir", lower), "fsconfig", err) ||
	    child_check(op, mount_fsconfig_set(fs_fd, "upperdir", upper), "fsconfig", err) ||
	    child_check(op, mount_fsconfig_set(fs_fd, "workdir", work), "fsconfig", err) ||
	    (child->plan->in_user_namespace &&
	     child_check(op, mount_fsconfig_set(fs_fd, "userxattr", NULL), "fsconfig", err)) ||
	    child_check(op, mount_fsconfig_create(fs_fd), "fsconfig", err))
		return ERR;
	*ret_fd = mount_fsmount(fs_fd, MOUNT_ATTR_NODEV);
	return child_check(op, *ret_fd, "fsmount", err);
}

int child_layer(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int upper_fd = -EBADF, slash_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int overlay_fd = -EBADF;

	if (slash_fd < 0)
		return child_failed(op, errno, "open", err);
	if (attach_upper(child, op, &upper_fd, err) || make_overlay(child, op, upper_fd, &overlay_fd, err))
		return ERR;
	/* The overlay has copies of both. They must not stay: pivot_root(2) would leave them, and the host's root below them,
	 * on top of the new root, for each process that joins the mount namespace. */
	if (child_check(op, mount_detach(upper_fd), "umount2", err) ||
	    child_check(op, mount_detach(child->root.fd), "umount2", err) ||
	    child_check(op, mount_move(overlay_fd, slash_fd), "move_mount", err))
		return ERR;
	/* The descriptor before was a slot's, which closes it. */
	child->root.fd = overlay_fd;
	return 0;
}
