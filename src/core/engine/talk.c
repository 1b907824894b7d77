/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk: the runtime's end of the protocol with its child (core/child/protocol.h), as a table of state × message. What
 * stands in no cell ends the container. Runs in the runtime, after the clone; carries out ATTACH and FINISH operations
 * and the hooks before pivot_root.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/mount.h"
#include "kernel/process.h"

enum talk_state {
	TALK_GATE,    /* the gate speaks: it joins and makes namespaces */
	TALK_CHILD,   /* the child speaks: it carries out its stages */
	TALK_WAITING, /* it waits for `start` */
	TALK_STATE_COUNT
};

struct talk {
	struct launch *launch;
	enum talk_state state;
	size_t next_op; /* the child's OP_SYNCs come in the order of the plan */
	bool told; /* on_child was called */
	int fd;		/* passed with the message at hand */
	int *listener_fd; /* of the filter that is loaded, as whoever answers it has it */
};

typedef int (*talk_handler)(struct talk *talk, const struct message *message, struct err *err);

static int protocol_broken(const char *what, struct err *err)
{
	err_set(err, ERR_INTERNAL, "the container's process does not keep to the protocol: %s", what);
	return err_why(err, "it is not the program that was started, or there is a bug");
}

static int explain(const struct talk *talk, const struct op *op, struct err *err)
{
	plan_explain(talk->launch->plan, op, err);
	return ERR;
}

static int do_attach(struct talk *talk, struct err *err)
{
	const struct plan *plan = talk->launch->plan;
	pid_t pid = talk->state == TALK_GATE ? talk->launch->gate_pid : talk->launch->pid;

	for (size_t i = 0; i < plan->ops_count; i++)
		if (plan->ops[i].kind == OP_ID_MAPS && attach_id_maps(&plan->ops[i], pid, err))
			return explain(talk, &plan->ops[i], err);
	return 0;
}

static int do_host(struct talk *talk, struct err *err)
{
	const struct plan *plan = talk->launch->plan;

	for (size_t i = 0; i < plan->ops_count; i++)
		if (plan->ops[i].kind == OP_NET_DEVICES && net_devices_take(talk->launch, &plan->ops[i], err))
			return explain(talk, &plan->ops[i], err);
	return 0;
}

static int do_mounted(struct talk *talk, struct err *err)
{
	struct launch *launch = talk->launch;

	/* The older kind was meant for the time between create and start, and is told so. */
	if (hooks_run(launch->config, OCI_HOOK_PRESTART, launch->state, STATE_CREATED, err) == 0 &&
	    hooks_run(launch->config, OCI_HOOK_CREATE_RUNTIME, launch->state, STATE_CREATING, err) == 0)
		return 0;
	launch->hooks_failed = true;
	return ERR;
}

static int write_oom_score(pid_t pid, int value, struct err *err)
{
	char path[48], text[16];
	int result;

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	snprintf(text, sizeof(text), "%d", value);
	result = fd_write_text_at(AT_FDCWD, path, text);
	if (result < 0)
		return err_sys(err, result, "write", "cannot set the OOM score of the container to %d", value);
	return 0;
}

static int do_finish(struct talk *talk, struct err *err)
{
	const struct plan *plan = talk->launch->plan;
	pid_t pid = talk->launch->pid;

	for (size_t i = 0; i < plan->ops_count; i++) {
		const struct op *op = &plan->ops[i];
		char what[sizeof(err->what)];
		int result;

		if (op->stage != PLAN_FINISH)
			continue;
		if (op->kind == OP_OOM_SCORE && write_oom_score(pid, op->oom_score.value, err))
			return explain(talk, op, err);
		if (op->kind != OP_RLIMIT)
			continue;
		result = process_prlimit(pid, op->rlimit.resource, op->rlimit.soft, op->rlimit.hard);
		if (result < 0) {
			plan_op_text(op, what, sizeof(what));
			err_sys(err, result, "prlimit64", "cannot %s", what);
			return explain(talk, op, err);
		}
	}
	return 0;
}

static int tell_of_child(struct talk *talk, struct err *err)
{
	struct launch *launch = talk->launch;

	if (talk->told || !launch->on_child)
		return 0;
	talk->told = true;
	return launch->on_child(launch, err);
}

static int on_sync(struct talk *talk, const struct message *message, struct err *err)
{
	static int (*const points[])(struct talk *, struct err *) = {
		[SYNC_ATTACHED] = do_attach,
		[SYNC_MOUNTED] = do_mounted,
		[SYNC_ENTERED] = do_finish,
		[SYNC_HOST] = do_host,
	};
	const struct plan *plan = talk->launch->plan;
	int result;

	if (message->value >= ARRAY_SIZE(points))
		return protocol_broken("an unknown sync point", err);
	if (talk->state == TALK_GATE) {
		if (message->value != SYNC_ATTACHED)
			return protocol_broken("a sync point that the gate does not have", err);
	} else {
		while (talk->next_op < plan->ops_count && plan->ops[talk->next_op].kind != OP_SYNC)
			talk->next_op++;
		if (talk->next_op == plan->ops_count || plan->ops[talk->next_op].sync.point != message->value)
			return protocol_broken("a sync point that is not next in the plan", err);
		talk->next_op++;
	}
	if (points[message->value](talk, err))
		return ERR;
	result = channel_send(&talk->launch->channel, MESSAGE_GO, message->value, NULL, -EBADF);
	if (result < 0)
		return err_sys(err, result, "sendmsg", "cannot tell the container's process to go on");
	/* Its ids are what it waits for; all else is done beside it. */
	return message->value == SYNC_ATTACHED && talk->state == TALK_CHILD ? tell_of_child(talk, err) : 0;
}

/* The gate has made the child and exits. */
static int on_child(struct talk *talk, const struct message *message, struct err *err)
{
	struct launch *launch = talk->launch;
	int status;

	(void)message;
	if (talk->fd < 0)
		return protocol_broken("no descriptor of the container's process", err);
	launch->pid = process_pidfd_pid(talk->fd);
	if (launch->pid <= 0)
		return err_sys(err, launch->pid ? launch->pid : ESRCH, "openat", "cannot find the container's process");
	launch->pidfd = fd_take(&talk->fd);
	if (process_pidfd_wait(launch->gate_pidfd, &status) == 0)
		fd_close(&launch->gate_pidfd);
	talk->state = TALK_CHILD;
	launch_debug_child(launch);
	return tell_of_child(talk, err);
}

static int on_console(struct talk *talk, const struct message *message, struct err *err)
{
	struct launch *launch = talk->launch;

	(void)message;
	if (talk->fd < 0 || !launch->plan->terminal)
		return protocol_broken("a terminal that is none", err);
	if (launch->console_socket)
		return send_console(launch->console_socket, talk->fd, err);
	fd_close(&launch->console_fd);
	launch->console_fd = fd_take(&talk->fd);
	return 0;
}

static int on_listener(struct talk *talk, const struct message *message, struct err *err)
{
	const struct launch *launch = talk->launch;

	if (talk->fd < 0)
		return protocol_broken("no descriptor of the seccomp listener", err);
	if (message->value)
		return send_watch(launch->watch_fd, talk->fd, err);
	if (send_listener(launch->config, launch->state,
			  launch->plan->purpose == PLAN_FOR_CREATE ? STATE_CREATING : STATE_RUNNING, launch->pid,
			  talk->fd, err))
		return ERR;
	fd_close(talk->listener_fd);
	*talk->listener_fd = fd_take(&talk->fd);
	return 0;
}

/* The child opens what lies in its own tree, and has no power over a file system of the host. */
static int on_idmap(struct talk *talk, const struct message *message, struct err *err)
{
	const struct launch *launch = talk->launch;
	size_t index = message->value >> 1;
	int result;

	if (talk->fd < 0 || index >= launch->plan->idmaps_count)
		return protocol_broken("a mount that has no id mapping", err);
	result = mount_idmap(talk->fd, launch->idmap_fds[index], message->value & 1);
	if (result < 0) {
		err_sys(err, result, "mount_setattr", "cannot show a mount of the container's own files with mapped ids");
		err_why(err, "its file system has no idmapped mounts, or it is shown with mapped ids already");
		return err_fix(err, "remove the option idmap, or the mappings of that mount");
	}
	result = channel_send(&talk->launch->channel, MESSAGE_GO, SYNC_IDMAPPED, NULL, -EBADF);
	return result < 0 ? err_sys(err, result, "sendmsg", "cannot tell the container's process to go on") : 0;
}

static int on_waiting(struct talk *talk, const struct message *message, struct err *err)
{
	(void)message;
	(void)err;
	talk->state = TALK_WAITING;
	return 0;
}

static int on_error(struct talk *talk, const struct message *message, struct err *err)
{
	(void)talk;
	*err = message->err;
	/* A message of the protocol without an error would make a failure look like success. */
	if (err->kind == ERR_NONE || err->kind >= ERR_KIND_COUNT)
		return protocol_broken("an error without a kind", err);
	return ERR;
}

static const talk_handler table[TALK_STATE_COUNT][MESSAGE_IDMAP + 1] = {
	[TALK_GATE] = {
		[MESSAGE_SYNC] = on_sync,
		[MESSAGE_CHILD] = on_child,
		[MESSAGE_ERROR] = on_error,
	},
	[TALK_CHILD] = {
		[MESSAGE_SYNC] = on_sync,
		[MESSAGE_CONSOLE] = on_console,
		[MESSAGE_SECCOMP_LISTENER] = on_listener,
		[MESSAGE_IDMAP] = on_idmap,
		[MESSAGE_WAITING] = on_waiting,
		[MESSAGE_ERROR] = on_error,
	},
	/* TALK_WAITING: nothing more is said on this socket. */
};

static bool has_op(const struct plan *plan, enum op_kind kind)
{
	for (size_t i = 0; i < plan->ops_count; i++)
		if (plan->ops[i].kind == kind)
			return true;
	return false;
}

/* What does it wait for first: its id maps, or cgroups that on_child makes? */
static bool waits_for_maps(const struct plan *plan)
{
	for (size_t i = 0; i < plan->ops_count; i++) {
		if (plan->ops[i].kind == OP_CGROUP_JOIN && plan->ops[i].cgroup_join.late)
			return false;
		if (plan->ops[i].kind == OP_SYNC && plan->ops[i].sync.point == SYNC_ATTACHED)
			return true;
	}
	return false;
}

/* A built-in init executes nothing: its exit is the program's. Only a signal has ended it before its time. */
static bool ended_early(const struct launch *launch)
{
	int status;

	if (!ended_before_exec(launch->pid))
		return false;
	if (!has_op(launch->plan, OP_INIT))
		return true;
	status = ended_status(launch->pid);
	return status > 0 && WIFSIGNALED(status);
}

/* The other end is closed: success by execve, or after MESSAGE_WAITING; else the process has died. */
static int at_end(const struct talk *talk, struct err *err)
{
	const struct launch *launch = talk->launch;
	int status = 0, pidfd = talk->state == TALK_GATE ? launch->gate_pidfd : launch->pidfd;

	if (talk->state == TALK_WAITING ||
	    (talk->state == TALK_CHILD && !has_op(launch->plan, OP_WAIT_START) && !ended_early(launch)))
		return 0;
	process_pidfd_wait(pidfd, &status);
	/* Whatever else may have ended it: the container's end is told first. */
	if (launch->plan->purpose == PLAN_FOR_EXEC && WIFSIGNALED(status) && ended_along(launch->state))
		return container_not_running(launch->state->id, STATE_STOPPED, err);
	return ended_why(launch->config, status, err);
}

int talk_serve(struct launch *launch, struct err *err)
{
	int listener_fd cleanup_fd = -EBADF;
	struct talk talk = {
		.launch = launch,
		.state = launch->plan->gate ? TALK_GATE : TALK_CHILD,
		.fd = -EBADF,
		.listener_fd = &listener_fd,
	};
	struct message message;
	int result;

	if (talk.state == TALK_CHILD && !waits_for_maps(launch->plan) && tell_of_child(&talk, err))
		return ERR;
	for (;;) {
		talk_handler handler;

		if (listener_await(launch->channel.fd, listener_fd, launch->config, err))
			return ERR;
		result = channel_receive(&launch->channel, &message, &talk.fd);
		if (result == 0)
			return at_end(&talk, err);
		if (result < 0) {
			err_sys(err, result, "recvmsg", "cannot receive from the container's process");
			return result == -ECONNRESET ? at_end(&talk, err) : ERR;
		}
		handler = message.type < ARRAY_SIZE(table[0]) ? table[talk.state][message.type] : NULL;
		result = handler ? handler(&talk, &message, err) : protocol_broken("a message out of turn", err);
		fd_close(&talk.fd);
		if (result)
			return ERR;
	}
}
