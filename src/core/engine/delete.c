/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delete: take away what is left of a container, in the reverse order of making: process (with force), cgroup, poststop
 * hooks, directory. Runs in the runtime. Removes nothing that the runtime did not create.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/process.h"

#define KILL_WAIT_MS 10000

int container_await_end(int pidfd)
{
	struct pollfd end = {.fd = pidfd, .events = POLLIN};

	return poll(&end, 1, KILL_WAIT_MS) == 1 ? 0 : ERR;
}

/* Has something that is not the container's own stopped it? Then waiting would be for nothing. */
static bool is_held_frozen(struct container *container, char *buf, size_t size)
{
	char path[48], text[8192];
	struct err ignored;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", container->state->pid);
	return fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) > 0 &&
	       (container->host || host_read(&container->arena, &container->host, &ignored) == 0) &&
	       cgroup_frozen_by(container->host, text, buf, size);
}

static int held_frozen(const struct container *container, const char *by, struct err *err)
{
	err_set(err, ERR_STATE, "process %d of container %s does not end after SIGKILL: it is frozen",
		container->state->pid, container->state->id);
	err_why(err, "the cgroup %s is frozen by someone else, and lets no process end", by);
	return err_fix(err, "echo THAWED > %s/freezer.state, and delete it again", by);
}

static int kill_process(struct container *container, struct err *err)
{
	int pidfd cleanup_fd = -EBADF;
	struct pollfd end = {.events = POLLIN};
	char by[512];

	if (container->state->pid <= 0 || container_open_process(container, &pidfd, err))
		return 0; /* it has ended meanwhile */
	process_pidfd_signal(pidfd, SIGKILL);
	end.fd = pidfd;
	if (container->status == STATE_PAUSED &&
	    (container_open_cgroup(container, err) || cgroup_freeze(&container->cgroup, false, err)))
		return ERR;
	if (poll(&end, 1, 0) == 0 && is_held_frozen(container, by, sizeof(by)))
		return held_frozen(container, by, err);
	if (container_await_end(pidfd) == 0)
		return 0;
	if (is_held_frozen(container, by, sizeof(by)))
		return held_frozen(container, by, err);
	err_set(err, ERR_STATE, "process %d of container %s does not end after SIGKILL", container->state->pid,
		container->state->id);
	err_why(err, "it waits in the kernel, for a disk or a network file system perhaps");
	return err_fix(err, "look at /proc/%d/stack, and delete it again", container->state->pid);
}

/* Its record cannot be read: what it made besides is not known. No record at all: nothing was made yet. */
static int remove_unreadable(struct container *container, const struct err *reason, struct err *err)
{
	char line[1024];

	if (reason->errnum != ENOENT) {
		err_format(reason, false, line, sizeof(line));
		engine_warn(container->engine,
			    "%s: its directory is removed; a cgroup or processes of it, if there are, must be removed by "
			    "hand",
			    line);
	}
	return state_dir_remove(container->root_fd, &container->dir, err);
}

int engine_delete(const struct engine *engine, const char *id, bool force, struct err *err)
{
	struct container container cleanup_container = CONTAINER_INIT;

	if (container_open(&container, engine, id, true, err)) {
		/* Deleting by force what is not there is what the caller wants. */
		if (force && err->kind == ERR_STATE && err->errnum == ENOENT && container.dir.lock_fd < 0)
			return 0;
		if (force && container.dir.lock_fd >= 0) {
			struct err reason = *err;

			return remove_unreadable(&container, &reason, err);
		}
		return ERR;
	}
	if (container.status != STATE_STOPPED && !force) {
		err_set(err, ERR_STATE, "cannot delete container %s that is not stopped: %s", id,
			state_status_name(container.status));
		return err_fix(err, "kill it first, or delete --force %s", id);
	}
	if (kill_process(&container, err))
		return ERR;
	return container_destroy(&container, err);
}
