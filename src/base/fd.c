/* SPDX-License-Identifier: Apache-2.0 */
/* fd: see fd.h. Runs anywhere, in the cloned child too; it never allocates and never creates a file. */
#include "base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int saved = errno;

	/* Not repeated on EINTR: on Linux the descriptor is gone by then, and its number may be someone else's. */
	if (*fd >= 0)
		close(*fd);
	*fd = -EBADF;
	errno = saved;
}

int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -EBADF;
	return taken;
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const char *from = data;

	while (size) {
		ssize_t written = write(fd, from, size);

		if (written < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (written == 0)
			return -EIO;
		from += written;
		size -= (size_t)written;
	}
	return 0;
}

ssize_t fd_read_full(int fd, void *buf, size_t size)
{
	char *to = buf;
	size_t length = 0;

	while (length < size) {
		ssize_t got = read(fd, to + length, size - length);

		if (got < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

ssize_t fd_read_text(int fd, char *buf, size_t size)
{
	/* The byte kept for the NUL is read into as well: if it gets filled, the text does not fit. */
	ssize_t length = fd_read_full(fd, buf, size);

	if (length < 0)
		return length;
	if ((size_t)length == size) {
		if (size)
			buf[size - 1] = '\0';
		return -E2BIG;
	}
	buf[length] = '\0';
	return length;
}

static int open_retrying(int dir_fd, const char *path, int flags)
{
	int fd;

	do
		fd = openat(dir_fd, path, flags | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

ssize_t fd_read_text_at(int dir_fd, const char *path, char *buf, size_t size)
{
	int fd cleanup_fd = open_retrying(dir_fd, path, O_RDONLY);

	return fd < 0 ? fd : fd_read_text(fd, buf, size);
}

int fd_write_text_at(int dir_fd, const char *path, const char *text)
{
	int fd cleanup_fd = open_retrying(dir_fd, path, O_WRONLY);

	return fd < 0 ? fd : fd_write_all(fd, text, strlen(text));
}

int fd_above_stdio(int *fd)
{
	int moved;

	if (*fd >= 3)
		return fcntl(*fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
	moved = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	if (moved < 0)
		return -errno;
	fd_close(fd);
	*fd = moved;
	return 0;
}
