/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd: owned file descriptors. A variable that owns one ends in _fd, starts at -EBADF and carries `cleanup_fd`, so that
 * each way out of a function closes it. All functions are async-signal-safe and do not allocate.
 */
#ifndef BULKHEAD_BASE_FD_H
#define BULKHEAD_BASE_FD_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Close *fd if it is open and set it to -EBADF; errno is kept. */
void fd_close(int *fd);
#define cleanup_fd __attribute__((cleanup(fd_close)))

/* Give the descriptor away: returns *fd and leaves -EBADF. */
int fd_take(int *fd);

/* Write or read all of it; EINTR is retried. 0, or -errno (-EIO on an early end of a write). */
int fd_write_all(int fd, const void *data, size_t size);
/* Read until the end or until buf is full. Returns the bytes read, or -errno. */
ssize_t fd_read_full(int fd, void *buf, size_t size);
/* Like fd_read_full, then a NUL: the text of a small file. -E2BIG when it does not fit in size - 1. */
ssize_t fd_read_text(int fd, char *buf, size_t size);

/* Open, read or write, close, relative to dir_fd (AT_FDCWD allowed). Not for paths inside a container's rootfs. */
ssize_t fd_read_text_at(int dir_fd, const char *path, char *buf, size_t size);
int fd_write_text_at(int dir_fd, const char *path, const char *text);

/* Move fd to the lowest number >= 3, CLOEXEC: keeps 0, 1, 2 free when a caller closed its standard streams. */
int fd_above_stdio(int *fd);

#endif
