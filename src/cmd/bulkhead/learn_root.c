/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn_root: the root of a mount namespace, also when none of its processes is left: the namespace is held open from
 * before the program begins, and a short-lived process joins it to open the root. That process does nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/learn.h"
#include "kernel/namespace.h"

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

static struct msghdr message_of(struct iovec *vector, union control *control)
{
	return (struct msghdr){.msg_iov = vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(*control)};
}

/* In the short-lived process. */
static _Noreturn void send_root(int namespace_fd, int socket_fd)
{
	struct iovec vector = {(char[]){0}, 1};
	union control control = {0};
	struct msghdr message = message_of(&vector, &control);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int root_fd;

	if (namespace_join(namespace_fd, 0) < 0)
		_exit(1);
	root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		_exit(1);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &root_fd, sizeof(int));
	_exit(sendmsg(socket_fd, &message, 0) == 1 ? 0 : 1);
}

static int receive_root(int socket_fd)
{
	char byte;
	struct iovec vector = {&byte, 1};
	union control control = {0};
	struct msghdr message = message_of(&vector, &control);
	struct cmsghdr *header;
	int root_fd = -EBADF;

	if (recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC) != 1)
		return -EBADF;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&root_fd, CMSG_DATA(header), sizeof(int));
	return root_fd;
}

int learn_root_of_process(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int learn_hold_namespace(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int learn_root_of_namespace(int namespace_fd)
{
	int sockets[2], root_fd, status;
	pid_t pid;

	if (namespace_fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -EBADF;
	pid = fork();
	if (pid == 0)
		send_root(namespace_fd, sockets[1]);
	fd_close(&sockets[1]);
	root_fd = pid > 0 ? receive_root(sockets[0]) : -EBADF;
	fd_close(&sockets[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return root_fd;
}
