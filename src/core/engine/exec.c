/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: a further process in a container that exists. Runs in the runtime. The confinement is the saved one: the filter,
 * the labels, the capabilities and the limits of the container's own config; plan_exec refuses what exceeds it. What
 * cannot be read of it ends the verb: nothing is executed with less than all of it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/process.h"

static int check_status(const struct container *container, bool ignore_paused, struct err *err)
{
	const char *id = container->state->id;

	switch (container->status) {
	case STATE_CREATED:
	case STATE_RUNNING:
		return 0;
	case STATE_PAUSED:
		if (ignore_paused)
			return 0;
		err_set(err, ERR_STATE, "cannot exec in a paused container");
		return err_fix(err, "resume %s first, or give --ignore-paused", id);
	case STATE_STOPPED:
		err_set(err, ERR_STATE, "cannot exec in a stopped container");
		err_why(err, "%s is stopped", id);
		return err_fix(err, "delete it, and create or run it again");
	default:
		err_set(err, ERR_STATE, "cannot exec in a container in the %s state", state_status_name(container->status));
		return err_fix(err, "wait until %s is created", id);
	}
}

static int read_filter(struct container *container, struct filter_program *program, struct err *err)
{
	const char *data;
	size_t size;

	if (!container->config->linux.seccomp.present && !container->state->filtered)
		return 0;
	if (state_get_file(&container->dir, "filter.bpf", &container->arena, ENGINE_FILTER_SIZE_MAX, &data, &size, err))
		return ERR;
	program->count = (uint32_t)(size / sizeof(struct sock_filter));
	program->instructions = arena_calloc(&container->arena, program->count + 1, sizeof(struct sock_filter));
	if (!program->instructions)
		return err_set(err, ERR_INTERNAL, "out of memory while reading the saved filter");
	memcpy(program->instructions, data, program->count * sizeof(struct sock_filter));
	if (size % sizeof(struct sock_filter) == 0 && filter_check(program->instructions, program->count, err) == 0)
		return 0;
	err_set(err, ERR_INTERNAL, "the saved seccomp filter of container %s is damaged", container->state->id);
	return err_fix(err, "delete the container and create it again");
}

static bool is_limited(const struct oci_process *process, int resource)
{
	for (size_t i = 0; i < process->rlimits_count; i++)
		if (process->rlimits[i].resource == resource)
			return true;
	return false;
}

/*
 * Where the config has no limits they are those of the container's first process, which had them from who made it: who
 * calls exec may have more. Not above what this process has, which it would need power to grant.
 */
static int read_limits(struct container *container, struct plan_confinement *ret, struct err *err)
{
	const struct oci_process *process = &container->config->process;
	struct plan_inherited_limit *items = arena_calloc(&container->arena, PROCESS_LIMITS_MAX, sizeof(*items));
	struct process_limit init[PROCESS_LIMITS_MAX], own[PROCESS_LIMITS_MAX];
	const struct state *state = container->state;
	int result = process_get_limits(state->pid, init), count = 0;

	if (!items)
		return err_set(err, ERR_INTERNAL, "out of memory while reading the limits of the container");
	/* They are the right process's: it is alive still. */
	if (result == -ESRCH || !state_process_alive(state))
		return container_not_running(state->id, STATE_STOPPED, err);
	if (result >= 0)
		count = result;
	if (result >= 0)
		result = process_get_limits(getpid(), own);
	if (result < 0)
		return err_sys(err, result, "read", "cannot read the limits of container %s", state->id);
	for (int resource = 0; resource < count && resource < result; resource++) {
		struct plan_inherited_limit *item = &items[ret->inherited_count];
		const struct process_limit *limit = &init[resource], *mine = &own[resource];

		if (is_limited(process, resource))
			continue;
		item->ceiling = limit->hard;
		item->limit.resource = resource;
		item->limit.hard = limit->hard < mine->hard ? limit->hard : mine->hard;
		item->limit.soft = limit->soft < item->limit.hard ? limit->soft : item->limit.hard;
		item->needed = item->limit.soft != mine->soft || item->limit.hard != mine->hard;
		ret->inherited_count++;
	}
	ret->inherited = items;
	return 0;
}

static int read_confinement(struct container *container, struct plan_confinement *ret, struct err *err)
{
	const struct oci_process *process = &container->config->process;

	*ret = (struct plan_confinement){
		.bounding = process->capabilities.bounding,
		.no_new_privs = process->no_new_privileges,
		.apparmor_profile = process->apparmor_profile,
		.selinux_label = process->selinux_label,
		.filter_flags = container->state->filter_flags,
		.rlimits = process->rlimits,
		.rlimits_count = process->rlimits_count,
	};
	return read_limits(container, ret, err) ? ERR : read_filter(container, &ret->filter, err);
}

/* Where no mount namespace leads to it. */
static int open_root(struct launch *launch, const struct state *state, struct err *err)
{
	char path[48];

	for (size_t i = 0; i < launch->plan->ops_count; i++) {
		const struct op *op = &launch->plan->ops[i];
		int fd;

		if (op->kind != OP_CHROOT)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/root", state->pid);
		launch->slots[op->chroot.slot] = fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (!state_process_alive(state))
			return container_not_running(state->id, STATE_STOPPED, err);
		if (fd < 0)
			return err_sys(err, errno, "open", "cannot open the root of container %s", state->id);
	}
	return 0;
}

/* The namespaces of the container's first process that are not this one's own. */
static int open_namespaces(const struct container *container, struct launch *launch, struct err *err)
{
	static const char *const names[OCI_NS_COUNT] = {
		[OCI_NS_USER] = "user", [OCI_NS_PID] = "pid", [OCI_NS_NETWORK] = "net", [OCI_NS_MOUNT] = "mnt",
		[OCI_NS_IPC] = "ipc",	[OCI_NS_UTS] = "uts", [OCI_NS_CGROUP] = "cgroup", [OCI_NS_TIME] = "time",
	};
	const struct state *state = container->state;
	int pidfd cleanup_fd = -EBADF, dir_fd cleanup_fd = -EBADF, own_fd cleanup_fd = -EBADF;
	char path[48];

	if (container_open_process(container, &pidfd, err))
		return ERR;
	snprintf(path, sizeof(path), "/proc/%d/ns", state->pid);
	dir_fd = open(path, O_DIRECTORY | O_CLOEXEC);
	own_fd = open("/proc/self/ns", O_DIRECTORY | O_CLOEXEC);
	/* The directory stays with the process that it was opened for: alive after opening, it was the right one. */
	if (dir_fd < 0 || own_fd < 0 || !state_process_alive(state))
		return container_not_running(state->id, STATE_STOPPED, err);
	for (int kind = 0; kind < OCI_NS_COUNT; kind++) {
		int fd cleanup_fd = openat(dir_fd, names[kind], O_RDONLY | O_CLOEXEC);

		/* A kernel without time namespaces has no file for them. */
		if (fd < 0 && errno == ENOENT && kind == OCI_NS_TIME)
			continue;
		if (fd < 0)
			return err_sys(err, errno, "openat", "cannot open the %s namespace of container %s",
				       oci_namespace_name((enum oci_namespace_kind)kind), state->id);
		if (!prepare_is_own(fd, own_fd, names[kind]))
			launch->namespace_fds[kind] = fd_take(&fd);
	}
	return open_root(launch, state, err);
}

/* Beside the first process, wherever in the container's own cgroup it is. */
static int follow_init(struct container *container, struct err *err)
{
	const struct state *state = container->state;
	int pidfd cleanup_fd = -EBADF, dir_fd cleanup_fd = -EBADF;
	char path[48], text[8192];
	ssize_t length;

	if (cgroup_into_fd(&container->cgroup) < 0)
		return 0;
	if (container_open_process(container, &pidfd, err))
		return ERR;
	snprintf(path, sizeof(path), "/proc/%d", state->pid);
	dir_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	length = dir_fd < 0 ? -errno : fd_read_text_at(dir_fd, "cgroup", text, sizeof(text));
	/* The directory stays with the process that it was opened for. */
	if (length < 0 || !state_process_alive(state))
		return container_not_running(state->id, STATE_STOPPED, err);
	cgroup_follow(&container->cgroup, text);
	return 0;
}

/* --cgroup: below the container's, which its processes cannot leave either. */
static int open_cgroup(struct container *container, const struct strings *below, struct err *err)
{
	if (container_open_cgroup(container, err))
		return ERR;
	for (size_t i = 0; i < below->count; i++)
		if (cgroup_go_below(&container->cgroup, below->items[i], err))
			return ERR;
	return below->count ? 0 : follow_init(container, err);
}

/* A process that names no user runs as the container's. */
static int give_user(struct container *container, const struct oci_process **process, struct err *err)
{
	struct oci_process *changed;

	if ((*process)->user.where)
		return 0;
	changed = arena_alloc(&container->arena, sizeof(*changed));
	if (!changed)
		return err_set(err, ERR_INTERNAL, "out of memory while planning");
	*changed = **process;
	changed->user = container->config->process.user;
	*process = changed;
	return 0;
}

static int make_plan(struct container *container, const struct engine_exec *request, const struct plan **ret_plan,
		     struct err *err)
{
	const struct oci_process *process = request->process;
	struct plan_confinement confinement;
	struct plan_request plan_request = {
		.id = container->state->id,
		.bundle.text = container->state->bundle,
		.rootfs.text = container->state->rootfs,
		.cgroup_driver = container->state->cgroup_path ? container->state->cgroup_driver : CGROUP_DISABLED,
		.preserve_fds = request->preserve_fds,
		.all_cpus = container->engine->all_cpus,
		.relay = request->relay,
	};
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", container->state->pid);
	if (give_user(container, &process, err) || profile_for_exec(container, &process, &plan_request, err) ||
	    read_confinement(container, &confinement, err) ||
	    user_namespace_read(&container->arena, container->config, path, &plan_request, err))
		return ERR;
	return plan_exec(&container->arena, container->config, process, &confinement, container->host,
			 &plan_request, ret_plan, err);
}

static int launch_in(struct container *container, const struct engine_exec *request, struct launch *launch,
		     struct err *err)
{
	if (container_read_config(container, err) || open_cgroup(container, &request->cgroups, err) ||
	    make_plan(container, request, &launch->plan, err))
		return ERR;
	for (size_t i = 0; i < launch->plan->warnings.count; i++)
		engine_warn(container->engine, "%s", launch->plan->warnings.items[i].text);
	launch->engine = container->engine;
	launch->config = container->config;
	launch->cgroup = &container->cgroup;
	launch->state = container->state;
	launch->console_socket = request->console_socket;
	engine_block_signals();
	if (launch_begin(launch, &container->arena, err) || open_namespaces(container, launch, err) ||
	    launch_prepare(launch, err))
		return ERR;
	return launch_run(launch, err);
}

int engine_exec(const struct engine *engine, const struct engine_exec *request, int *ret_status, struct err *err)
{
	struct container container cleanup_container = CONTAINER_INIT;
	struct launch launch __attribute__((cleanup(launch_done))) = LAUNCH_INIT;
	int status = 0;

	if (container_open(&container, engine, request->id, false, err) ||
	    check_status(&container, request->ignore_paused, err) ||
	    launch_check_console(engine, request->process->terminal, !request->detach, request->console_socket,
				 "process.json#/terminal", err) ||
	    launch_in(&container, request, &launch, err))
		return ERR;
	if (launch_announce(&launch, request->pidfd_socket, request->pid_file, err)) {
		launch_kill(&launch);
		return ERR;
	}
	*ret_status = 0;
	if (request->detach)
		return 0;
	if (foreground_wait(engine, launch.pidfd, launch.console_fd, -EBADF, &status, err)) {
		launch_kill(&launch);
		return ERR;
	}
	*ret_status = engine_exit_status(status);
	return 0;
}
