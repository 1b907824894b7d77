/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run: create and start in one. In the foreground it waits, forwards, and deletes. Runs in the runtime. The child goes
 * straight on to its program: with the common config the only thing that is waited for is the end of its socket.
 */
#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/process.h"

/* After its end: cgroup, poststop hooks, directory. Someone else may have deleted it meanwhile. */
int run_finish(struct creation *creation, struct err *err)
{
	struct err gone = ERR_INIT;

	if (state_dir_lock(&creation->dir, &gone))
		return 0;
	if (creation->has_cgroup && cgroup_remove(&creation->cgroup, err))
		return ERR;
	resctrl_remove(&creation->state);
	hooks_poststop(creation->engine, creation->config, &creation->state);
	return state_dir_remove(creation->root_fd, &creation->dir, err);
}

static int after_start(struct creation *creation, struct err *err)
{
	const struct engine_create *request = creation->request;

	if (hooks_run(creation->config, OCI_HOOK_POSTSTART, &creation->state, STATE_RUNNING, err))
		return ERR;
	return launch_announce(&creation->launch, request->pidfd_socket, request->pid_file, err);
}

int engine_run(const struct engine *engine, const struct engine_run *request, int *ret_status, struct err *err)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct creation creation cleanup_creation = CREATION_INIT;
	int status = 0;

	creation.engine = engine;
	creation.request = &request->create;
	creation.arena = &arena;
	if (creation_plan(&creation, err) ||
	    launch_check_console(engine, creation.config->process_present && creation.config->process.terminal,
				 !request->detach || request->ret_console_fd, request->create.console_socket,
				 "config.json#/process/terminal", err) ||
	    creation_make(&creation, err))
		return ERR;
	if (after_start(&creation, err)) {
		creation_undo(&creation);
		return ERR;
	}
	*ret_status = 0;
	if (request->detach && request->ret_pidfd) {
		*request->ret_pidfd = fd_take(&creation.launch.pidfd);
		*request->ret_console_fd = fd_take(&creation.launch.console_fd);
	}
	if (request->detach) {
		notify_await(engine, creation.notify_fd, creation.launch.pidfd);
		return 0;
	}
	/* Other verbs may work on it while it runs. */
	fd_close(&creation.dir.lock_fd);
	if (foreground_wait(engine, creation.launch.pidfd, creation.launch.console_fd, creation.notify_fd, &status, err)) {
		creation_undo(&creation);
		return ERR;
	}
	*ret_status = engine_exit_status(status);
	return request->keep ? 0 : run_finish(&creation, err);
}
