/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel: see protocol.h. Runs at both ends. A message has one size; anything that differs in size, magic, number or
 * fields is -EPROTO, and descriptors that came with it are closed (threats D11).
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/child/parts.h"

int channel_send_fds(struct channel *channel, enum message_type type, uint32_t value, const struct err *err,
		     const int *fds, size_t count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))];
	} control = {0};
	struct message message;
	struct iovec part = {.iov_base = &message, .iov_len = sizeof(message)};
	struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t sent;

	memset(&message, 0, sizeof(message));
	message.magic = PROTOCOL_MAGIC;
	message.type = type;
	message.value = value;
	message.number = channel->sent + 1;
	if (err)
		message.err = *err;
	if (count > CHANNEL_FDS_MAX)
		return -EINVAL;
	if (count) {
		struct cmsghdr *header = &control.header;

		packet.msg_control = &control;
		packet.msg_controllen = CMSG_SPACE(count * sizeof(*fds));
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(*fds));
		memcpy(CMSG_DATA(header), fds, count * sizeof(*fds));
	}
	do
		sent = sendmsg(channel->fd, &packet, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	if (sent != (ssize_t)sizeof(message))
		return -EIO;
	channel->sent++;
	return 0;
}

int channel_send(struct channel *channel, enum message_type type, uint32_t value, const struct err *err, int fd)
{
	return channel_send_fds(channel, type, value, err, &fd, fd >= 0);
}

/* Take all descriptors out of the packet; returns their number, the first of them in fds, those beyond most closed. */
static size_t take_fds(struct msghdr *packet, int *fds, size_t most)
{
	size_t count = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(packet); header; header = CMSG_NXTHDR(packet, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + at, sizeof(fd));
			if (count < most)
				fds[count] = fd;
			else
				fd_close(&fd);
			count++;
		}
	}
	return count;
}

static bool is_terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool is_valid(const struct message *message, uint32_t number)
{
	const struct err *err = &message->err;

	return message->magic == PROTOCOL_MAGIC && message->number == number && message->type >= MESSAGE_CHILD &&
	       message->type <= MESSAGE_CGROUP && err->kind < ERR_KIND_COUNT &&
	       is_terminated(err->call, sizeof(err->call)) && is_terminated(err->what, sizeof(err->what)) &&
	       is_terminated(err->where, sizeof(err->where)) && is_terminated(err->why, sizeof(err->why)) &&
	       is_terminated(err->fix, sizeof(err->fix));
}

static void close_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fd_close(&fds[i]);
}

int channel_receive_fds(struct channel *channel, struct message *ret_message, int *ret_fds, size_t most, size_t *ret_count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE((CHANNEL_FDS_MAX + 1) * sizeof(int))];
	} control;
	struct iovec part = {.iov_base = ret_message, .iov_len = sizeof(*ret_message)};
	struct msghdr packet = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	size_t count;
	ssize_t got;

	*ret_count = 0;
	/* ECONNRESET: the other end was closed with messages of ours unread. The kernel says so once, before it hands out
	 * what that end had sent: an error of the child above all. */
	for (int tries = 0; tries < 2; tries += errno == ECONNRESET) {
		packet.msg_controllen = sizeof(control);
		got = recvmsg(channel->fd, &packet, MSG_CMSG_CLOEXEC);
		if (got >= 0 || (errno != EINTR && errno != ECONNRESET))
			break;
	}
	if (got < 0)
		return errno == ECONNRESET ? 0 : -errno;
	count = take_fds(&packet, ret_fds, most);
	if (got == (ssize_t)sizeof(*ret_message) && !(packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && count <= most &&
	    is_valid(ret_message, channel->received + 1)) {
		channel->received++;
		*ret_count = count;
		return 1;
	}
	close_all(ret_fds, count < most ? count : most);
	return got == 0 ? 0 : -EPROTO;
}

int channel_receive(struct channel *channel, struct message *ret_message, int *ret_fd)
{
	cleanup_fd int fd = -EBADF;
	size_t count;
	int result = channel_receive_fds(channel, ret_message, &fd, 1, &count);

	if (ret_fd)
		*ret_fd = count ? fd_take(&fd) : -EBADF;
	return result;
}
