/* SPDX-License-Identifier: Apache-2.0 */
/* sync: the points where the child waits for the runtime, and, between create and start, for `start`. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/child/parts.h"
#include "kernel/creds.h"
#include "kernel/process.h"

int child_wait_go(struct channel *channel, uint32_t point, struct err *err)
{
	struct message message;
	int result;

	if (point == SYNC_RECORDED && channel->recorded)
		return 0;
	result = channel_receive(channel, &message, NULL);
	/* The runtime has died: no one is left to tell. */
	if (result == 0)
		process_exit(1);
	if (result > 0 && point != SYNC_RECORDED && !channel->recorded && message.type == MESSAGE_GO &&
	    message.value == SYNC_RECORDED) {
		channel->recorded = true;
		return child_wait_go(channel, point, err);
	}
	if (result > 0 && (message.type != MESSAGE_GO || message.value != point))
		result = -EPROTO;
	if (result < 0) {
		err_sys(err, result, "recvmsg", "the runtime did not answer as agreed");
		err->kind = ERR_INTERNAL;
		return ERR;
	}
	return 0;
}

void child_become_root(void)
{
	/* Each may be refused: setgroups where it is denied, id 0 where it is not mapped. The capabilities of a new
	 * user namespace do not depend on it. */
	creds_set_groups(NULL, 0);
	creds_set_ids((struct container_id){0}, (struct container_id){0});
}

static int ask_runtime(struct child *child, const struct op *op, struct err *err)
{
	int result = channel_send(&child->channel, MESSAGE_SYNC, op->sync.point, NULL, -EBADF);

	return result < 0 ? child_failed(op, result, "sendmsg", err) : child_wait_go(&child->channel, op->sync.point, err);
}

int child_sync(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int slash_fd = -EBADF;
	struct err not_shown = ERR_INIT;
	int result;

	/* Hooks of the runtime may enter the mount namespace by the pid, and look for the tree under root.path. Where the
	 * root of a user namespace may not go there, they find it on "/". */
	if (op->sync.rootfs.text)
		child_show_tree(child, op->sync.rootfs.text, &slash_fd, &not_shown);
	if (ask_runtime(child, op, err))
		return ERR;
	if (slash_fd >= 0)
		return child_take_tree_back(child, slash_fd, err);
	if (op->sync.point != SYNC_ATTACHED)
		return 0;
	child_become_root();
	result = process_set_dumpable(false);
	/* A change of ids has taken it back. */
	if (result == 0)
		result = process_set_parent_death_signal(SIGKILL);
	return child_check(op, result, "prctl", err);
}

static int peer_uid(int fd, uid_t *ret)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	*ret = peer.uid;
	return 0;
}

/* One connection: 1 when it was allowed to and said go, 0 when not, -errno when nobody can connect any more. */
static int accept_start(struct child *child, uid_t runtime_uid)
{
	cleanup_fd int fd = accept4(child->start->start_fd, NULL, NULL, SOCK_CLOEXEC);
	struct channel channel = {.fd = fd};
	struct message message;
	uid_t uid = 0;

	if (fd < 0)
		return errno == EINTR || errno == ECONNABORTED ? 0 : -errno;
	if (peer_uid(fd, &uid) < 0 || (uid != 0 && uid != runtime_uid))
		return 0;
	if (channel_receive(&channel, &message, NULL) != 1 || message.type != MESSAGE_GO)
		return 0;
	fd_take(&fd);
	child->channel = channel;
	return 1;
}

static unsigned int first_to_close(const struct plan *plan)
{
	for (size_t i = 0; i < plan->ops_count; i++)
		if (plan->ops[i].kind == OP_CLOSE_FDS)
			return 3 + (unsigned int)plan->ops[i].close_fds.preserve;
	return 3;
}

/* The wait may be long: nothing of the host stays open for it but the two sockets (threats D5). */
static int close_for_wait(struct child *child)
{
	int keep[] = {child->channel.fd, child->start->start_fd, child->root.fd, child->procfs.fd};
	unsigned int first = first_to_close(child->plan);
	int result = 0;

	for (;;) {
		unsigned int next = UINT_MAX;

		for (size_t i = 0; i < ARRAY_SIZE(keep); i++)
			if (keep[i] >= 0 && (unsigned int)keep[i] >= first && (unsigned int)keep[i] < next)
				next = (unsigned int)keep[i];
		if (next == UINT_MAX)
			break;
		if (next > first)
			result = process_close_range(first, next - 1);
		if (result < 0)
			return result;
		first = next + 1;
	}
	child->dev_fd = child->mask_fd = -EBADF;
	for (int i = 0; i < child->plan->slots_count; i++)
		child->start->slots[i] = -EBADF;
	return process_close_range(first, UINT_MAX);
}

/* `kill` with what asks a program to end, before there is one. */
static int end_when_asked(void)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	int result = 0;

	for (size_t i = 0; result == 0 && i < ARRAY_SIZE(signals); i++)
		result = process_end_at(signals[i]);
	return result;
}

int child_wait_start(struct child *child, const struct op *op, struct err *err)
{
	uid_t runtime_uid = 0;
	int start_fd = child->start->start_fd;
	int result = peer_uid(child->channel.fd, &runtime_uid);

	if (result < 0)
		return child_failed(op, result, "getsockopt", err);
	/* Engines read the reason of a failed create, and of a failed start only that it failed. */
	if (child_expect_program(child, err) || child_expect_labels(child, err) || child_raise_limits(child, err))
		return ERR;
	result = process_set_parent_death_signal(0);
	if (result < 0)
		return child_failed(op, result, "prctl", err);
	if (child_check(op, end_when_asked(), "sigaction", err) ||
	    child_check(op, close_for_wait(child), "close_range", err))
		return ERR;
	result = channel_send(&child->channel, MESSAGE_WAITING, 0, NULL, -EBADF);
	if (result < 0)
		return child_failed(op, result, "sendmsg", err);
	fd_close(&child->channel.fd);
	do
		result = accept_start(child, runtime_uid);
	while (result == 0);
	if (result < 0)
		return child_failed(op, result, "accept4", err);
	/* A second `start` finds no one listening. */
	fd_close(&start_fd);
	return 0;
}
