/* SPDX-License-Identifier: Apache-2.0 */
/*
 * send: what engines receive from the runtime: pid files, and descriptors over their sockets (one stream message, one
 * SCM_RIGHTS descriptor, no reply). Runs in the runtime; also reads the files that a caller names.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"

#define SEND_SECONDS_MAX 10
#define LOOKS_A_SECOND 8

static int pid_file_failed(struct err *err, const char *call, const char *path)
{
	int errnum = errno;

	err_sys(err, errnum, call, "cannot write the pid file %s", path);
	err_where(err, "--pid-file");
	return err_fix(err, "name a path in a directory that exists, may be written and has room");
}

/* The rename below would put a file where /dev/full or /dev/stdout was, for the whole host. */
static int refuse_other_than_file(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) != 0 || S_ISREG(st.st_mode))
		return 0;
	err_set(err, ERR_USAGE, "cannot write the pid file %s: it is not a regular file", path);
	err_why(err, "the pid file replaces what has its name");
	return err_fix(err, "name a path that does not exist, or a regular file");
}

int send_pid_file(const char *path, pid_t pid, struct err *err)
{
	char temporary[PATH_MAX], digits[16];
	const char *name = strrchr(path, '/');
	int fd cleanup_fd = -EBADF;
	int result, length = name ? (int)(name - path + 1) : 0;

	if (refuse_other_than_file(path, err))
		return ERR;
	name = name ? name + 1 : path;
	if ((size_t)snprintf(temporary, sizeof(temporary), "%.*s.%s", length, path, name) >= sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return pid_file_failed(err, "openat", path);
	}
	/* One that a killed runtime left behind would be in the way for ever. */
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, ENGINE_PID_FILE_MODE);
	if (fd < 0)
		return pid_file_failed(err, "openat", path);
	result = fd_write_all(fd, digits, (size_t)snprintf(digits, sizeof(digits), "%d", pid));
	if (result == 0 && rename(temporary, path) == 0)
		return 0;
	if (result)
		errno = -result;
	pid_file_failed(err, result ? "write" : "rename", path);
	unlink(temporary);
	return ERR;
}

static int no_answer(struct err *err)
{
	err_why(err, "whoever listens there has not taken it within %d seconds", SEND_SECONDS_MAX);
	return err_fix(err, "look at the program that listens: it must accept each connection");
}

static int connect_stream(const char *path, const char *what, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd cleanup_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char link[64];
	int path_fd cleanup_fd = -EBADF;

	if (fd < 0)
		return err_sys(err, errno, "socket", "cannot make a socket for the %s", what);
	/* Of connect too, which waits while the other's queue is full. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_sec = SEND_SECONDS_MAX}, sizeof(struct timeval));
	if (strlen(path) >= sizeof(address.sun_path)) {
		/* A longer path is reached through its descriptor. */
		path_fd = open(path, O_PATH | O_CLOEXEC);
		if (path_fd < 0)
			return err_sys(err, errno, "openat", "cannot open the %s %s", what, path);
		snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
		path = link;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		err_sys(err, errno, "connect", "cannot connect to the %s %s", what, path);
		if (err->errnum == EAGAIN)
			return no_answer(err);
		if (err->errnum == ENOENT || err->errnum == ECONNREFUSED)
			err_why(err, err->errnum == ENOENT ? "there is no such socket" : "nothing listens on it");
		return err_fix(err, "something must listen there, on a stream socket, before the container is made");
	}
	*ret_fd = fd_take(&fd);
	return 0;
}

/* 0 or -errno. */
static int pass_fd(int socket_fd, const void *data, size_t size, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	ssize_t sent;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	sent = sendmsg(socket_fd, &message, MSG_NOSIGNAL);
	if (sent < 0)
		return -errno;
	return sent == (ssize_t)size ? 0 : -EIO;
}

int send_fd(const char *socket_path, const char *what, const void *data, size_t size, int fd, struct err *err)
{
	int socket_fd cleanup_fd = -EBADF, result;

	if (connect_stream(socket_path, what, &socket_fd, err))
		return ERR;
	result = pass_fd(socket_fd, data, size, fd);
	if (result == 0)
		return 0;
	err_sys(err, result, "sendmsg", "cannot send a descriptor to the %s %s", what, socket_path);
	return result == -EAGAIN ? no_answer(err) : ERR;
}

int send_watch(int socket_fd, int fd, struct err *err)
{
	int result = socket_fd < 0 ? -EBADF : pass_fd(socket_fd, "w", 1, fd);

	return result < 0 ? err_sys(err, result, "sendmsg", "cannot hand the program's calls to who watches them") : 0;
}

int send_console(const char *socket_path, int console_fd, struct err *err)
{
	char name[32] = "/dev/ptmx";
	unsigned int number;

	if (ioctl(console_fd, TIOCGPTN, &number) == 0)
		snprintf(name, sizeof(name), "/dev/pts/%u", number);
	return send_fd(socket_path, "console socket", name, strlen(name), console_fd, err);
}

int send_listener(const struct oci_config *config, const struct state *state, enum state_status status, pid_t pid, int fd,
		  struct err *err)
{
	const struct oci_seccomp *seccomp = &config->linux.seccomp;
	struct buf text cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&text, 0);

	if (!seccomp->listener_path)
		return err_set(err, ERR_INTERNAL, "a seccomp listener came that was not asked for");
	json_begin_object(&writer);
	json_member_string(&writer, "ociVersion", config->oci_version);
	json_key(&writer, "fds");
	json_begin_array(&writer);
	json_put_string(&writer, "seccompFd");
	json_end_array(&writer);
	json_member_i64(&writer, "pid", pid);
	if (seccomp->listener_metadata)
		json_member_string(&writer, "metadata", seccomp->listener_metadata);
	json_key(&writer, "state");
	state_print_oci(state, status, &config->annotations, &writer);
	json_end_object(&writer);
	if (text.failed)
		return err_set(err, ERR_INTERNAL, "out of memory while sending the seccomp listener");
	if (send_fd(seccomp->listener_path, "seccomp listener's socket", text.data, text.length, fd, err) == 0)
		return 0;
	/* Callers know these words. */
	err_prefix(err, "failed to connect with seccomp agent");
	return err_where(err, "config.json#%s/listenerPath", seccomp->where);
}

/* Looks again and again, since a hook may make many calls of which each is answered in time. */
int listener_await(int socket_fd, int listener_fd, const struct oci_config *config, struct err *err)
{
	const struct oci_seccomp *seccomp = &config->linux.seccomp;
	struct pollfd said = {.fd = socket_fd, .events = POLLIN};
	/* The kernel's names for calls that nobody has taken yet, and that nobody who took them has answered. */
	struct pollfd calls = {.fd = listener_fd, .events = POLLIN | POLLOUT};

	if (listener_fd < 0)
		return 0;
	for (int unanswered = 0; unanswered < SEND_SECONDS_MAX * LOOKS_A_SECOND; unanswered++) {
		if (poll(&said, 1, 1000 / LOOKS_A_SECOND) == 1)
			return 0;
		if (poll(&calls, 1, 0) != 1 || !(calls.revents & (POLLIN | POLLOUT)))
			unanswered = -1;
	}
	err_set(err, ERR_STATE, "the seccomp listener that went to %s answers no call", seccomp->listener_path);
	err_where(err, "config.json#%s/listenerPath", seccomp->where);
	err_why(err, "for %d seconds the process has waited in a call, before its program runs", SEND_SECONDS_MAX);
	return err_fix(err, "look at the program that takes listeners there, or notify it of fewer calls");
}

static int too_large(const char *name, size_t size_max, struct err *err)
{
	err_set(err, ERR_CONFIG, "cannot read %s: it is larger than %zu MiB", name, size_max >> 20);
	err_why(err, "a file of that size is a mistake or an attack");
	return err_fix(err, "give a smaller file");
}

int engine_read_file(struct arena *arena, const char *path, const char *name, size_t size_max, const char **ret_text,
		     size_t *ret_size, struct err *err)
{
	struct buf text cleanup_buf = BUF_INIT;
	int fd cleanup_fd = strcmp(path, "-") ? openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : dup(0);
	char chunk[8192];
	struct stat status;
	ssize_t count;
	char *copy;

	if (fd < 0 || fstat(fd, &status) != 0) {
		err_sys(err, errno, "openat", "cannot open %s", name);
		return err->errnum != ENOENT ? ERR : err_fix(err, "check the path; it is taken from the current directory "
								   "unless it starts with /");
	}
	if (S_ISREG(status.st_mode)) {
		if ((uint64_t)status.st_size > size_max)
			return too_large(name, size_max, err);
		/* At once, to where it stays. */
		copy = arena_alloc(arena, (size_t)status.st_size + 1);
		count = copy ? fd_read_full(fd, copy, (size_t)status.st_size + 1) : -ENOMEM;
		if (count < 0)
			return err_sys(err, (int)count, "read", "cannot read %s", name);
		if (count <= status.st_size) {
			copy[count] = '\0';
			*ret_text = copy;
			*ret_size = (size_t)count;
			return 0;
		}
		/* It grows, or does not know its size. */
		buf_add(&text, copy, (size_t)count);
	}
	while ((count = fd_read_full(fd, chunk, sizeof(chunk))) > 0) {
		if (text.length + (size_t)count > size_max)
			return too_large(name, size_max, err);
		buf_add(&text, chunk, (size_t)count);
	}
	if (count < 0) {
		err_sys(err, (int)count, "read", "cannot read %s", name);
		return count == -EISDIR ? err_fix(err, "name a file in it") : ERR;
	}
	copy = arena_alloc(arena, text.length + 1);
	if (text.failed || !copy)
		return err_set(err, ERR_INTERNAL, "out of memory while reading %s", name);
	if (text.length)
		memcpy(copy, text.data, text.length);
	*ret_text = copy;
	*ret_size = text.length;
	return 0;
}
