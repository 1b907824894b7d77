/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/procfs: see procfs.h. Runs in the child, in its own pid namespace, and in the runtime. */
#include "kernel/procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/mount.h"
#include "base/fd.h"
#include "kernel/call.h"
#include "kernel/mount.h"

/* The inode number of every procfs's root. */
#define PROC_ROOT_INODE 1

/* Where it lies, which must be on a procfs. */
static int procfs_identify(int fd, struct mount_place *ret)
{
	struct statfs fs;
	int result = kernel_result(fstatfs(fd, &fs));

	if (result < 0)
		return result;
	return (unsigned long)fs.f_type == PROC_SUPER_MAGIC ? mount_identify(fd, ret) : -EXDEV;
}

int procfs_adopt(int fd, struct procfs *ret)
{
	struct mount_place place;
	int result = procfs_identify(fd, &place);

	if (result < 0)
		return result;
	if (place.inode != PROC_ROOT_INODE)
		return -EXDEV;
	*ret = (struct procfs){.fd = fd, .mount_id = place.mount_id};
	return 0;
}

int procfs_new(struct procfs *ret)
{
	cleanup_fd int fs_fd = mount_fsopen("proc");
	cleanup_fd int mount_fd = -EBADF;
	int result;

	if (fs_fd < 0)
		return fs_fd;
	result = mount_fsconfig_create(fs_fd);
	if (result < 0)
		return result;
	mount_fd = mount_fsmount(fs_fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (mount_fd < 0)
		return mount_fd;
	result = procfs_adopt(mount_fd, ret);
	if (result == 0)
		fd_take(&mount_fd);
	return result;
}

int procfs_open(const struct procfs *procfs, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned int)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	cleanup_fd int fd = -EBADF;
	struct mount_place place;
	int result;

	/* EAGAIN: a rename or mount elsewhere ran beside the look-up. */
	for (int tries = 0; tries < 1024; tries++) {
		fd = kernel_result(syscall(SYS_openat2, procfs->fd, path, &how, sizeof(how)));
		if (fd != -EAGAIN && fd != -EINTR)
			break;
	}
	if (fd < 0)
		return fd;
	result = procfs_identify(fd, &place);
	if (result < 0)
		return result;
	return place.mount_id == procfs->mount_id ? fd_take(&fd) : -EXDEV;
}

int procfs_write(const struct procfs *procfs, const char *path, const char *text)
{
	cleanup_fd int fd = procfs_open(procfs, path, O_WRONLY);
	size_t length = strlen(text);
	ssize_t written;

	if (fd < 0)
		return fd;
	/* One write: most of these files take their value whole or not at all. */
	do
		written = write(fd, text, length);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return -errno;
	return (size_t)written == length ? 0 : -EIO;
}

int procfs_read(const struct procfs *procfs, const char *path, char *buf, unsigned long size)
{
	cleanup_fd int fd = procfs_open(procfs, path, O_RDONLY);
	ssize_t length;

	if (fd < 0)
		return fd;
	length = fd_read_text(fd, buf, size);
	return length < 0 ? (int)length : 0;
}
