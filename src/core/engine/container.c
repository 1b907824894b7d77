/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container: what the verbs share that work on a container that exists. Runs in the runtime. Opening and the status read
 * a few small files and change nothing; container_destroy takes everything away in the reverse order of making.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/process.h"

bool container_is_frozen(const struct state *state)
{
	char text[256];

	if (!state->freezer || fd_read_text_at(AT_FDCWD, state->freezer, text, sizeof(text)) <= 0)
		return false;
	/* v1: "FROZEN" or, on the way, "FREEZING"; v2: cgroup.events has "frozen 1". */
	return strncmp(text, "FR", 2) == 0 || strstr(text, "frozen 1") != NULL;
}

int container_open(struct container *container, const struct engine *engine, const char *id, bool lock, struct err *err)
{
	container->engine = engine;
	if (state_check_id(id, err) || state_root_open(engine->root, engine->program, false, &container->root_fd, err) ||
	    state_dir_open(container->root_fd, id, &container->dir, err))
		return ERR;
	if (lock && state_dir_lock(&container->dir, err))
		return ERR;
	if (state_read(&container->dir, &container->arena, &container->state, err))
		return ERR;
	container->status = state_status(&container->dir, container->state, container_is_frozen(container->state));
	return 0;
}

int container_read_config(struct container *container, struct err *err)
{
	const char *text;
	size_t size;

	if (state_get_file(&container->dir, "config.json", &container->arena, OCI_CONFIG_SIZE_MAX, &text, &size, err))
		return ERR;
	return oci_config_read(&container->arena, "config.json", text, size, &container->config, err);
}

int container_open_cgroup(struct container *container, struct err *err)
{
	const struct state *state = container->state;

	if (!container->host && host_read(&container->arena, &container->host, err))
		return ERR;
	if (!state->cgroup_path)
		return 0;
	if (cgroup_open(&container->cgroup, state->cgroup_driver, state->cgroup_path, container->host, err))
		return ERR;
	if (state->cgroup_made)
		cgroup_made_read(&container->cgroup, state->cgroup_made);
	return 0;
}

int container_not_running(const char *id, enum state_status status, struct err *err)
{
	err_set(err, ERR_STATE, "container not running");
	err_why(err, "%s is %s", id, state_status_name(status));
	return err_fix(err, "`list` shows which containers run");
}

int container_open_process(const struct container *container, int *ret_pidfd, struct err *err)
{
	const struct state *state = container->state;
	int pidfd cleanup_fd = -EBADF;

	if (state->pid <= 0)
		return container_not_running(state->id, container->status, err);
	pidfd = process_pidfd_open(state->pid);
	/* The number may belong to a later process; the pidfd holds whichever it was, so that it is looked at now. */
	if (pidfd == -ESRCH || (pidfd >= 0 && !state_process_alive(state)))
		return container_not_running(state->id, STATE_STOPPED, err);
	if (pidfd < 0)
		return err_sys(err, pidfd, "pidfd_open", "cannot open the process %d of container %s", state->pid,
			       state->id);
	*ret_pidfd = fd_take(&pidfd);
	return 0;
}

int engine_open_process(const struct engine *engine, const char *id, int *ret_pidfd, struct err *err)
{
	struct container container cleanup_container = CONTAINER_INIT;

	return container_open(&container, engine, id, false, err) || container_open_process(&container, ret_pidfd, err)
		       ? ERR : 0;
}

int container_destroy(struct container *container, struct err *err)
{
	struct err ignored;

	/* The hooks need the config; a container that lost it can still be removed. */
	if (!container->config && container_read_config(container, &ignored))
		container->config = NULL;
	if (container_open_cgroup(container, err) || cgroup_remove(&container->cgroup, err))
		return ERR;
	resctrl_remove(container->state);
	if (container->config)
		hooks_poststop(container->engine, container->config, container->state);
	return state_dir_remove(container->root_fd, &container->dir, err);
}

void container_done(struct container *container)
{
	cgroup_done(&container->cgroup);
	state_dir_done(&container->dir);
	fd_close(&container->root_fd);
	arena_done(&container->arena);
}
