/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create: the way from a request to a container that exists, for create and run. Runs in the runtime.
 *
 *   config → host → plan            nothing is touched
 *   state directory, locked
 *   the record: config and filter saved, state written with the cgroup's path and what of it does not exist yet:
 *                                   a killed runtime leaves nothing that is not in it, for the child dies along
 *   cgroup, PREPARE operations, clone
 *   the record and the cgroup only now, where the plan joins it late
 *   state written with the pid      while the child already works
 *   the protocol, until the child waits for `start` or runs its program
 *
 * What fails is taken back in reverse order.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/process.h"

static const char *absolute_path(struct arena *arena, const char *base, const char *path)
{
	char real[PATH_MAX];

	if (path[0] != '/')
		path = arena_printf(arena, "%s/%s", base, path);
	if (path && realpath(path, real))
		return arena_strdup(arena, real);
	/* What does not exist is told by the operation that opens it. */
	return path;
}

static int read_config(struct creation *creation, struct err *err)
{
	const struct engine_create *request = creation->request;
	const char *path;
	char real[PATH_MAX];

	if (!realpath(request->bundle ? request->bundle : ".", real)) {
		err_sys(err, errno, "realpath", "cannot find the bundle %s", request->bundle ? request->bundle : ".");
		return err_fix(err, "--bundle names a directory with a config.json and the container's root");
	}
	creation->plan_request.bundle.text = arena_strdup(creation->arena, real);
	creation->config = request->config;
	creation->text = request->config_text;
	creation->text_size = request->config_size;
	if (creation->config)
		return 0;
	path = request->config_path ? request->config_path : "config.json";
	if (path[0] != '/')
		path = arena_printf(creation->arena, "%s/%s", real, path);
	if (!path)
		return err_set(err, ERR_INTERNAL, "out of memory while reading config.json");
	if (engine_read_file(creation->arena, path, path, OCI_CONFIG_SIZE_MAX, &creation->text, &creation->text_size,
			     err)) {
		err_fix(err, "make a bundle: a directory with config.json (%s spec writes one) and a rootfs",
			creation->engine->program);
		return ERR;
	}
	return oci_config_read(creation->arena, "config.json", creation->text, creation->text_size, &creation->config,
			       err);
}

int creation_plan(struct creation *creation, struct err *err)
{
	const struct engine_create *request = creation->request;
	struct plan_request *plan_request = &creation->plan_request;

	if (state_check_id(request->id, err) || read_config(creation, err))
		return ERR;
	*plan_request = (struct plan_request){
		.id = request->id,
		.bundle = plan_request->bundle,
		.cgroup_driver = creation->engine->cgroup_driver,
		.no_pivot = request->no_pivot,
		.no_new_keyring = request->no_new_keyring,
		.wait_start = creation->wait_start,
		.loopback = true,
		.preserve_fds = request->preserve_fds,
		.listen_fds = request->listen_fds,
		.listen_names = request->listen_names,
		.all_cpus = creation->engine->all_cpus,
		.relay = request->relay,
		.limits_optional = request->limits_optional,
		.init = request->init,
		.root_links = request->root_links,
		.root_directories = request->root_directories,
		.root_archive = request->root_archive,
		.filter = request->filter,
		.watch = request->watch,
	};
	creation->profile = request->profile;
	if (host_read(creation->arena, &creation->host, err) || profile_by_name(creation, err) ||
	    profile_for_create(creation, err))
		return ERR;
	if (!request->empty_root)
		plan_request->rootfs.text =
			absolute_path(creation->arena, plan_request->bundle.text, creation->config->root.path.text);
	if (!plan_request->bundle.text || (!request->empty_root && !plan_request->rootfs.text))
		return err_set(err, ERR_INTERNAL, "out of memory while reading config.json");
	if (notify_plan(creation, err) || user_namespace_read(creation->arena, creation->config, NULL, plan_request, err) ||
	    plan_create(creation->arena, creation->config, creation->host, plan_request, &creation->plan, err))
		return ERR;
	for (size_t i = 0; i < creation->plan->warnings.count; i++) {
		const struct placed_string *warning = &creation->plan->warnings.items[i];

		if (warning->where)
			engine_warn(creation->engine, "%s (%s#%s)", warning->text, creation->config->name,
				    warning->where);
		else
			engine_warn(creation->engine, "%s", warning->text);
	}
	return 0;
}

int engine_plan(const struct engine *engine, const struct engine_create *request, struct arena *arena,
		const struct plan **ret_plan, struct err *err)
{
	struct creation creation cleanup_creation = CREATION_INIT;

	creation.engine = engine;
	creation.request = request;
	creation.arena = arena;
	if (creation_plan(&creation, err))
		return ERR;
	*ret_plan = creation.plan;
	return 0;
}

/* The filter as it is loaded for the program, the last of them, so that exec loads the same. */
static int save_filter(struct creation *creation, struct err *err)
{
	for (size_t i = creation->plan->ops_count; i-- > 0;) {
		const struct op *op = &creation->plan->ops[i];

		if (op->kind != OP_SECCOMP)
			continue;
		creation->state.filtered = true;
		creation->state.filter_flags = op->seccomp.flags;
		return state_put_file(&creation->dir, "filter.bpf", op->seccomp.program.instructions,
				      op->seccomp.program.count * sizeof(struct sock_filter), err);
	}
	return 0;
}

/* Where `state` looks whether the container is frozen. */
static const char *freezer_file(struct creation *creation, const char *path)
{
	const struct host_hierarchy *hierarchy = host_hierarchy_of(creation->host, "freezer");

	if (hierarchy && !hierarchy->v2)
		return arena_printf(creation->arena, "%s%s/freezer.state", hierarchy->mount_point, path);
	for (size_t i = 0; i < creation->host->hierarchies_count; i++)
		if (creation->host->hierarchies[i].v2)
			return arena_printf(creation->arena, "%s%s/cgroup.events",
					    creation->host->hierarchies[i].mount_point, path);
	return NULL;
}

/* The directory of one that has ended; its cgroup goes, so that the new one begins at zero. */
static int open_again(struct creation *creation, struct err *err)
{
	struct container ended cleanup_container = CONTAINER_INIT;

	if (container_open(&ended, creation->engine, creation->request->id, true, err))
		return ERR;
	if (ended.status != STATE_STOPPED) {
		err_set(err, ERR_STATE, "container %s is %s", creation->request->id, state_status_name(ended.status));
		return err_fix(err, "stop it first");
	}
	if (container_open_cgroup(&ended, err) || cgroup_remove(&ended.cgroup, err))
		return ERR;
	creation->dir = ended.dir;
	ended.dir = STATE_DIR_INIT;
	return 0;
}

static int open_directory(struct creation *creation, struct err *err)
{
	if (state_root_open(creation->engine->root, creation->engine->program, true, &creation->root_fd, err))
		return ERR;
	if (creation->request->again)
		return open_again(creation, err);
	return state_dir_create(creation->root_fd, creation->request->id, &creation->dir, err);
}

int creation_begin(struct creation *creation, struct err *err)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	creation->state = (struct state){
		.id = creation->request->id,
		.bundle = creation->plan_request.bundle.text,
		.rootfs = creation->plan_request.rootfs.text,
		.created_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
		.owner_uid = creation->host->uid,
		.cgroup_driver = creation->plan->cgroup.driver,
		.no_process = !creation->config->process_present,
	};
	if (open_directory(creation, err))
		return ERR;
	creation->has_dir = !creation->request->again;
	return notify_make(creation, err);
}

int creation_record(struct creation *creation, struct err *err)
{
	struct state *state = &creation->state;
	const struct plan_cgroup *cgroup = &creation->plan->cgroup;

	if (cgroup->driver != CGROUP_DISABLED && cgroup->path) {
		state->cgroup_path = cgroup->path;
		state->cgroup_created = true;
		if (cgroup->driver == CGROUP_CGROUPFS) {
			cgroup_made_intend(cgroup->path, creation->host, creation->cgroup_made,
					   sizeof(creation->cgroup_made));
			state->cgroup_made = creation->cgroup_made[0] ? creation->cgroup_made : "none";
		}
		state->freezer = freezer_file(creation, cgroup->path);
	}
	if (state_put_file(&creation->dir, "config.json", creation->text, creation->text_size, err) ||
	    save_filter(creation, err) || profile_save(creation, err))
		return ERR;
	return state_write(&creation->dir, state, err);
}

/* The socket that `start` connects to. It is named through the directory's descriptor: sun_path is short. */
static int listen_for_start(struct creation *creation, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd cleanup_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/start.sock", creation->dir.fd);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 1) != 0)
		return err_sys(err, errno, "bind", "cannot make the socket that `start` connects to");
	creation->launch.start_fd = fd_take(&fd);
	return 0;
}

int creation_make_cgroup(struct creation *creation, struct err *err)
{
	struct plan_cgroup cgroup = creation->plan->cgroup;
	struct state *state = &creation->state;

	if (!state->cgroup_path)
		return 0;
	if (cgroup.driver == CGROUP_SYSTEMD) {
		if (cgroup_systemd_start(&cgroup, creation->host, state->id, creation->launch.pid, creation->systemd_path,
					 sizeof(creation->systemd_path), err))
			return ERR;
		state->cgroup_path = cgroup.path = creation->systemd_path;
		state->freezer = freezer_file(creation, cgroup.path);
	}
	if (cgroup_create(&creation->cgroup, &cgroup, creation->host, err))
		return ERR;
	creation->has_cgroup = true;
	if (creation->cgroup.driver == CGROUP_DISABLED) {
		/* Not writable for this caller, and nothing was asked for: the container has none of its own. */
		if (cgroup.settings_count)
			engine_warn(creation->engine, "the default limits do not hold: no cgroup is delegated to this user "
				    "(systemd-run --user --scope -p Delegate=yes gives one)");
		state->cgroup_driver = CGROUP_DISABLED;
		state->cgroup_path = NULL;
		state->freezer = NULL;
	}
	cgroup_made_write(&creation->cgroup, creation->cgroup_made, sizeof(creation->cgroup_made));
	state->cgroup_created = cgroup_made_any(&creation->cgroup);
	/* Nothing made is not the same as not known. */
	state->cgroup_made = creation->cgroup_made[0] ? creation->cgroup_made : "none";
	return 0;
}

static int join_class(struct creation *creation, struct err *err)
{
	const struct plan *plan = creation->plan;

	for (size_t i = 0; i < plan->ops_count; i++) {
		if (plan->ops[i].kind != OP_RESCTRL || resctrl_take(creation, &plan->ops[i], err) == 0)
			continue;
		plan_explain(plan, &plan->ops[i], err);
		return ERR;
	}
	return 0;
}

/* The process exists: the state holds it from now on. */
static int record_process(struct launch *launch, struct err *err)
{
	struct creation *creation = launch->context;
	char letter;
	int result;

	if (creation->cgroup_late && (creation_record(creation, err) || creation_make_cgroup(creation, err)))
		return ERR;
	/* The child waits for it, whenever it was made. */
	if (creation->plan->cgroup_late && launch_send_cgroup(launch, err))
		return ERR;
	creation->state.pid = launch->pid;
	creation->state.pid_start_time = launch->pid_start_time;
	result = launch->pid_start_time ? 0 : process_stat(launch->pid, &creation->state.pid_start_time, &letter);
	if (result < 0)
		return err_sys(err, result, "read", "cannot read /proc/%d/stat of the container's process", launch->pid);
	if (creation->config->linux.intel_rdt.present && join_class(creation, err))
		return ERR;
	if (state_write(&creation->dir, &creation->state, err))
		return ERR;
	if (creation->request->on_process &&
	    creation->request->on_process(creation->request->on_process_context, launch->pid, err))
		return ERR;
	return launch_send_recorded(launch, err);
}

static int make(struct creation *creation, struct err *err)
{
	struct launch *launch = &creation->launch;

	launch->engine = creation->engine;
	launch->config = creation->config;
	launch->plan = creation->plan;
	launch->cgroup = &creation->cgroup;
	launch->state = &creation->state;
	launch->console_socket = creation->request->console_socket;
	launch->watch_fd = creation->request->watch ? creation->request->watch_fd : -EBADF;
	launch->on_child = record_process;
	launch->context = creation;
	engine_block_signals();
	creation->cgroup_late = creation->plan->cgroup_late &&
				(creation->plan->cgroup.driver == CGROUP_SYSTEMD ||
				 !cgroup_needs_birth(&creation->plan->cgroup, creation->host));
	if (launch_begin(launch, creation->arena, err) || creation_begin(creation, err))
		return ERR;
	if (creation->wait_start ? listen_for_start(creation, err)
				 : notify_listen(creation->engine, &creation->dir, &creation->notify_fd, err))
		return ERR;
	/* Else the cgroup first: a mount of it is prepared from its directories. */
	if ((!creation->cgroup_late && (creation_record(creation, err) || creation_make_cgroup(creation, err))) ||
	    launch_prepare(launch, err))
		return ERR;
	return launch_run(launch, err);
}

int creation_make(struct creation *creation, struct err *err)
{
	if (make(creation, err) == 0)
		return 0;
	creation_undo(creation);
	return ERR;
}

void creation_undo(struct creation *creation)
{
	struct err err = ERR_INIT;
	char line[1024];
	bool existed = creation->state.pid > 0 || creation->launch.gate_pid > 0;

	launch_kill(&creation->launch);
	if (creation->has_cgroup && cgroup_remove(&creation->cgroup, &err)) {
		/* The record stays, so that delete --force can try again. */
		err_format(&err, false, line, sizeof(line));
		engine_warn(creation->engine, "%s", line);
		return;
	}
	creation->has_cgroup = false;
	resctrl_remove(&creation->state);
	if (!creation->has_dir)
		return;
	if (existed)
		hooks_poststop(creation->engine, creation->config, &creation->state);
	if (state_dir_remove(creation->root_fd, &creation->dir, &err)) {
		err_format(&err, false, line, sizeof(line));
		engine_warn(creation->engine, "%s", line);
	}
	creation->has_dir = false;
}

void creation_done(struct creation *creation)
{
	launch_done(&creation->launch);
	cgroup_done(&creation->cgroup);
	state_dir_done(&creation->dir);
	fd_close(&creation->root_fd);
	fd_close(&creation->notify_fd);
}

static int check_console(const struct creation *creation, struct err *err)
{
	return launch_check_console(creation->engine, creation->config->process_present &&
			creation->config->process.terminal, false, creation->request->console_socket,
			"config.json#/process/terminal", err);
}

int engine_create(const struct engine *engine, const struct engine_create *request, struct err *err)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct creation creation cleanup_creation = CREATION_INIT;

	creation.engine = engine;
	creation.request = request;
	creation.arena = &arena;
	creation.wait_start = true;
	if (creation_plan(&creation, err) || check_console(&creation, err) || creation_make(&creation, err))
		return ERR;
	if (launch_announce(&creation.launch, request->pidfd_socket, request->pid_file, err)) {
		creation_undo(&creation);
		return ERR;
	}
	return 0;
}
