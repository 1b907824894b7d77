/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy_up: tmpcopyup: what the image has in a directory is copied into the tmpfs that will cover it. By descriptors
 * only: every name is opened without following, so that a tree which changes meanwhile leads nowhere. Directories,
 * regular files and symlinks; bounded in depth, and in size by the tmpfs. Runs in the child before pivot_root.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/child/parts.h"
#include "kernel/directory.h"

#define DEPTH_MAX 64

static int copy_tree(int from_fd, int to_fd, unsigned int depth);

static int copy_owner(int fd, const struct stat *st)
{
	if (fchown(fd, st->st_uid, st->st_gid) < 0)
		return -errno;
	/* After fchown, which takes setuid bits away. */
	return fchmod(fd, st->st_mode & 07777) < 0 ? -errno : 0;
}

static int copy_data(int from_fd, int to_fd)
{
	char data[16384];

	for (;;) {
		ssize_t got = fd_read_full(from_fd, data, sizeof(data));
		int result;

		if (got <= 0)
			return (int)got;
		result = fd_write_all(to_fd, data, (size_t)got);
		if (result < 0)
			return result;
	}
}

static int copy_file(int from_fd, int to_directory_fd, const char *name, const struct stat *st)
{
	cleanup_fd int to_fd =
		openat(to_directory_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result;

	if (to_fd < 0)
		return -errno;
	result = copy_data(from_fd, to_fd);
	return result < 0 ? result : copy_owner(to_fd, st);
}

static int copy_directory(int from_fd, int to_directory_fd, const char *name, const struct stat *st, unsigned int depth)
{
	cleanup_fd int to_fd = -EBADF;
	int result;

	if (depth == DEPTH_MAX)
		return -ELOOP;
	if (mkdirat(to_directory_fd, name, 0700) < 0)
		return -errno;
	to_fd = openat(to_directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to_fd < 0)
		return -errno;
	result = copy_tree(from_fd, to_fd, depth + 1);
	return result < 0 ? result : copy_owner(to_fd, st);
}

static int copy_symlink(int from_directory_fd, int to_directory_fd, const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(from_directory_fd, name, target, sizeof(target) - 1);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	if (symlinkat(target, to_directory_fd, name) < 0 ||
	    fchownat(to_directory_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_entry(int from_directory_fd, int to_directory_fd, const char *name, unsigned int depth)
{
	cleanup_fd int from_fd = -EBADF;
	struct stat st;

	if (fstatat(from_directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return copy_symlink(from_directory_fd, to_directory_fd, name, &st);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;
	/* O_NONBLOCK: a fifo that takes the file's place must not hold us. */
	from_fd = openat(from_directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (from_fd < 0 || fstat(from_fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return copy_directory(from_fd, to_directory_fd, name, &st, depth);
	return S_ISREG(st.st_mode) ? copy_file(from_fd, to_directory_fd, name, &st) : 0;
}

static int copy_tree(int from_fd, int to_fd, unsigned int depth)
{
	struct directory directory = {.fd = from_fd};
	const char *name;
	int result;

	for (;;) {
		result = directory_next(&directory, &name);
		if (result < 0 || !name)
			return result;
		result = copy_entry(from_fd, to_fd, name, depth);
		if (result < 0)
			return result;
	}
}

int child_copy_up(int from_fd, int to_fd)
{
	return copy_tree(from_fd, to_fd, 0);
}
