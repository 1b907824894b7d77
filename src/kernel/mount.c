/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/mount: see mount.h. Runs in the runtime and in the child; never follows a path of the container. */
#include "kernel/mount.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/mount.h"
#include "kernel/call.h"

int mount_identify(int fd, struct mount_place *ret)
{
	struct statx st;
	int result = kernel_result(syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
					   STATX_INO | STATX_MNT_ID, &st));

	if (result < 0)
		return result;
	if (!(st.stx_mask & STATX_MNT_ID))
		return -EXDEV;
	*ret = (struct mount_place){.mount_id = st.stx_mnt_id, .inode = st.stx_ino, .attributes = st.stx_attributes};
	return 0;
}

int mount_fsopen(const char *fs_type)
{
	return kernel_result(syscall(SYS_fsopen, fs_type, FSOPEN_CLOEXEC));
}

int mount_fsconfig_set(int fs_fd, const char *key, const char *value)
{
	int command = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

	return kernel_result(syscall(SYS_fsconfig, fs_fd, command, key, value, 0));
}

int mount_fsconfig_create(int fs_fd)
{
	return kernel_result(syscall(SYS_fsconfig, fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
}

int mount_fsmount(int fs_fd, uint64_t attr)
{
	/* The call takes 32 bits; what does not fit must not be lost silently. */
	if (attr > UINT32_MAX)
		return -EINVAL;
	return kernel_result(syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, (unsigned int)attr));
}

void mount_fs_message(int fs_fd, char *buf, size_t size)
{
	char line[512];
	size_t length = 0;
	ssize_t got;

	buf[0] = '\0';
	/* One message a read; the last error is the one that counts. */
	while ((got = read(fs_fd, line, sizeof(line) - 1)) > 0) {
		if (line[0] != 'e' || got < 2)
			continue;
		while (got > 0 && (line[got - 1] == '\n' || line[got - 1] == '\0'))
			got--;
		if (got <= 2)
			continue;
		length = (size_t)got - 2 < size - 1 ? (size_t)got - 2 : size - 1;
		memcpy(buf, line + 2, length);
		buf[length] = '\0';
	}
}

int mount_open_tree(int dir_fd, const char *path, unsigned int flags)
{
	return kernel_result(syscall(SYS_open_tree, dir_fd, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

int mount_move(int mount_fd, int target_fd)
{
	return kernel_result(syscall(SYS_move_mount, mount_fd, "", target_fd, "",
				     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

int mount_setattr_fd(int mount_fd, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive)
{
	struct mount_attr attr = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
	unsigned int flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	return kernel_result(syscall(SYS_mount_setattr, mount_fd, "", flags, &attr, sizeof(attr)));
}

int mount_idmap(int mount_fd, int user_ns_fd, bool recursive)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)user_ns_fd};
	unsigned int flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	return kernel_result(syscall(SYS_mount_setattr, mount_fd, "", flags, &attr, sizeof(attr)));
}

int mount_propagation_all(uint64_t propagation)
{
	return kernel_result(syscall(SYS_mount, NULL, "/", NULL, (unsigned long)propagation | MS_REC, NULL));
}

int mount_detach(int mount_fd)
{
	int result = kernel_result(fchdir(mount_fd));

	if (result == 0)
		result = kernel_result(syscall(SYS_umount2, ".", MNT_DETACH));
	return result == 0 ? kernel_result(chdir("/")) : result;
}

int mount_pivot(int root_fd)
{
	int result = kernel_result(fchdir(root_fd));

	/* pivot_root(2): with both arguments "." the old root ends up on top of the new one, and needs no directory. */
	if (result == 0)
		result = kernel_result(syscall(SYS_pivot_root, ".", "."));
	if (result == 0)
		result = kernel_result(syscall(SYS_umount2, ".", MNT_DETACH));
	if (result == 0)
		result = kernel_result(chdir("/"));
	return result;
}

int mount_chroot(int root_fd)
{
	int result = kernel_result(fchdir(root_fd));

	if (result == 0)
		result = kernel_result(chroot("."));
	if (result == 0)
		result = kernel_result(chdir("/"));
	return result;
}
