/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start: tell a created container to run its program. Runs in the runtime: connects to the socket on which the child
 * waits; the end of that connection says that execve has succeeded, an error comes back whole.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/process.h"

static int check_status(const struct container *container, struct err *err)
{
	const char *id = container->state->id;

	switch (container->status) {
	case STATE_CREATED:
		break;
	case STATE_STOPPED:
		err_set(err, ERR_STATE, "cannot start a container that has stopped");
		return err_fix(err, "delete %s and create it again", id);
	case STATE_RUNNING:
		err_set(err, ERR_STATE, "cannot start an already running container");
		err_why(err, "%s is running", id);
		return err_fix(err, "exec runs a further program in it; to start it anew, delete --force and create it");
	default:
		err_set(err, ERR_STATE, "cannot start a container in the %s state", state_status_name(container->status));
		return err_fix(err, "create %s first, and start it once", id);
	}
	if (!container->state->no_process)
		return 0;
	err_set(err, ERR_CONFIG, "cannot start container %s: it has no program", id);
	err_where(err, "config.json#/process");
	return err_fix(err, "delete it, add a process to config.json, and create it again");
}

static int connect_to_child(const struct container *container, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd cleanup_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/start.sock", container->dir.fd);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return err_sys(err, errno, "connect", "cannot reach the process of container %s", container->state->id);
	*ret_fd = fd_take(&fd);
	return 0;
}

/* 0 when the program runs. */
static int await_program(const struct container *container, int pidfd, int fd, struct err *err)
{
	struct channel channel = {.fd = fd};
	int listener_fd cleanup_fd = -EBADF;
	struct message message;
	int result = channel_send(&channel, MESSAGE_GO, 0, NULL, -EBADF);

	if (result < 0)
		return err_sys(err, result, "sendmsg", "cannot tell the container's process to go on");
	for (;;) {
		int passed_fd cleanup_fd = -EBADF;

		if (listener_await(fd, listener_fd, container->config, err))
			return ERR;
		result = channel_receive(&channel, &message, &passed_fd);
		if (result == 0 && ended_before_exec(container->state->pid)) {
			container_await_end(pidfd);
			return ended_why(container->config, ended_status(container->state->pid), err);
		}
		if (result == 0)
			return 0;
		if (result < 0)
			return err_sys(err, result, "recvmsg", "cannot receive from the container's process");
		if (message.type == MESSAGE_SECCOMP_LISTENER && passed_fd >= 0) {
			if (send_listener(container->config, container->state, STATE_CREATED, container->state->pid,
					  passed_fd, err))
				return ERR;
			fd_close(&listener_fd);
			listener_fd = fd_take(&passed_fd);
			continue;
		}
		*err = message.err;
		if (message.type != MESSAGE_ERROR || err->kind == ERR_NONE || err->kind >= ERR_KIND_COUNT)
			return err_set(err, ERR_INTERNAL, "the container's process does not keep to the protocol");
		return ERR;
	}
}

/* poststart: a failure stops the container; it goes on at its end (runtime-spec, runtime.md, "Lifecycle"). */
static int run_poststart(struct container *container, int pidfd, struct err *err)
{
	struct err ignored = ERR_INIT;

	if (hooks_run(container->config, OCI_HOOK_POSTSTART, container->state, STATE_RUNNING, err) == 0)
		return 0;
	process_pidfd_signal(pidfd, SIGKILL);
	container_await_end(pidfd);
	container_destroy(container, &ignored);
	return ERR;
}

int engine_start(const struct engine *engine, const char *id, struct err *err)
{
	struct container container cleanup_container = CONTAINER_INIT;
	int pidfd cleanup_fd = -EBADF, fd cleanup_fd = -EBADF, notify_fd cleanup_fd = -EBADF;

	if (container_open(&container, engine, id, true, err) || check_status(&container, err) ||
	    container_read_config(&container, err) || container_open_process(&container, &pidfd, err) ||
	    notify_listen(engine, &container.dir, &notify_fd, err) || connect_to_child(&container, &fd, err))
		return ERR;
	engine_block_signals();
	/* From now on it is no longer created, whatever becomes of it. */
	unlinkat(container.dir.fd, "start.sock", 0);
	if (await_program(&container, pidfd, fd, err)) {
		/* What did not come to its program as planned does not come to it at all. */
		process_pidfd_signal(pidfd, SIGKILL);
		container_await_end(pidfd);
		return ERR;
	}
	if (run_poststart(&container, pidfd, err))
		return ERR;
	/* Other verbs may work on it meanwhile. */
	fd_close(&container.dir.lock_fd);
	notify_await(engine, notify_fd, pidfd);
	return 0;
}
