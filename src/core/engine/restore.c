/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore: a container from the files of a checkpoint, by criu. Runs in the runtime. State directory and cgroup are made
 * as by create; criu runs inside that cgroup, and so does what it brings back, which becomes this process's child. The
 * hooks of the config do not run: they ran when the container was made.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/criu.h"
#include "kernel/process.h"

#define PID_FILE "restored.pid"

static int check(const struct creation *creation, struct err *err)
{
	if (!creation->config->process_present || !creation->config->process.terminal)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "cannot restore container %s: it has a terminal", creation->request->id);
	err_where(err, "config.json#/process/terminal");
	err_why(err, "criu hands a terminal over by its library alone, and not by its command line");
	return err_fix(err, "create the container with \"terminal\": false");
}

static int inherit_streams(struct criu *criu, struct err *err)
{
	char path[PATH_MAX + 32];
	const struct json *item;
	struct json *list;
	const char *text;
	size_t size;

	snprintf(path, sizeof(path), "%s/" CRIU_DESCRIPTORS, criu->image_path);
	if (access(path, F_OK) != 0)
		return 0;
	if (engine_read_file(criu->arena, path, CRIU_DESCRIPTORS, 65536, &text, &size, err) ||
	    json_parse(criu->arena, CRIU_DESCRIPTORS, text, size, &list, err))
		return ERR;
	item = list->type == JSON_ARRAY ? list->first : NULL;
	for (int fd = 0; item && fd < CRIU_STREAMS; fd++, item = item->next) {
		if (item->type != JSON_STRING ||
		    (strncmp(item->string, "pipe:[", 6) != 0 && strncmp(item->string, "file[", 5) != 0))
			continue;
		criu_add(criu, "--inherit-fd");
		criu_add(criu, "fd[%d]:%s", fd, item->string);
	}
	return 0;
}

static int inherit_network(struct criu *criu, const struct oci_config *config, int *ret_fd, struct err *err)
{
	const char *path = config->linux.namespaces[OCI_NS_NETWORK].path.text;

	if (!path)
		return 0;
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*ret_fd < 0)
		return err_sys(err, errno, "openat", "cannot open the network namespace %s", path);
	criu->fds[criu->fds_count++] = *ret_fd;
	criu_add(criu, "--inherit-fd");
	criu_add(criu, "fd[%d]:" CRIU_NETWORK, *ret_fd);
	return 0;
}

/* criu waits: it moves into the container's cgroup before it begins. */
static int enter_cgroup(pid_t pid, void *context, struct err *err)
{
	struct creation *creation = context;
	char text[16];

	creation->launch.pid = pid;
	if (creation_make_cgroup(creation, err))
		return ERR;
	snprintf(text, sizeof(text), "%d", pid);
	for (size_t i = 0; i < creation->cgroup.count; i++) {
		int result = creation->cgroup.dirs[i].fd < 0
				     ? 0
				     : fd_write_text_at(creation->cgroup.dirs[i].fd, "cgroup.procs", text);

		if (result < 0)
			return err_sys(err, result, "write", "cannot put criu into the cgroup %s", creation->cgroup.path);
	}
	creation->launch.pid = 0;
	return state_write(&creation->dir, &creation->state, err);
}

static int adopt(struct creation *creation, const struct criu *criu, struct err *err)
{
	char path[PATH_MAX + 32], text[32];
	struct launch *launch = &creation->launch;
	char letter;
	int result;

	snprintf(path, sizeof(path), "%s/" PID_FILE, criu->work_path);
	if (fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) <= 0 || (launch->pid = atoi(text)) <= 0)
		return err_set(err, ERR_INTERNAL, "criu has not said which process it restored");
	unlink(path);
	launch->pidfd = process_pidfd_open(launch->pid);
	result = launch->pidfd < 0 ? launch->pidfd
				   : process_stat(launch->pid, &creation->state.pid_start_time, &letter);
	if (result < 0) {
		err_sys(err, result, "pidfd_open", "cannot find the restored process %d", launch->pid);
		return err_why(err, "it has ended already");
	}
	creation->state.pid = launch->pid;
	return state_write(&creation->dir, &creation->state, err);
}

static int bring_back(struct creation *creation, const struct engine_criu *request, struct err *err)
{
	static struct criu criu;
	int network_fd cleanup_fd = -EBADF;

	criu = (struct criu){.arena = creation->arena, .rootfs = creation->plan_request.rootfs.text};
	if (criu_begin(&criu, request, "restore", false, err))
		return ERR;
	criu_add(&criu, "--root");
	criu_add(&criu, "%s", criu.rootfs);
	criu_add(&criu, "--restore-detached");
	criu_add(&criu, "--restore-sibling");
	criu_add(&criu, "--pidfile");
	criu_add(&criu, "%s/" PID_FILE, criu.work_path);
	if (request->lsm_profile) {
		criu_add(&criu, "--lsm-profile");
		criu_add(&criu, "%s", request->lsm_profile);
	}
	if (request->lsm_mount_context) {
		criu_add(&criu, "--lsm-mount-context");
		criu_add(&criu, "%s", request->lsm_mount_context);
	}
	criu_add_mounts(&criu, creation->config, creation->plan_request.bundle.text, true);
	if (inherit_streams(&criu, err) || inherit_network(&criu, creation->config, &network_fd, err))
		return ERR;
	if (request->status_fd >= 0)
		criu.fds[criu.fds_count++] = request->status_fd;
	if (criu_run(&criu, enter_cgroup, creation, err))
		return ERR;
	return adopt(creation, &criu, err);
}

static int restore(struct creation *creation, const struct engine_run *request, const struct engine_criu *criu,
		   struct err *err)
{
	if (creation_begin(creation, err) || creation_record(creation, err))
		return ERR;
	if (bring_back(creation, criu, err) == 0 &&
	    launch_announce(&creation->launch, request->create.pidfd_socket, request->create.pid_file, err) == 0)
		return 0;
	creation_undo(creation);
	return ERR;
}

int engine_restore(const struct engine *engine, const struct engine_run *request, const struct engine_criu *criu,
		   int *ret_status, struct err *err)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct creation creation cleanup_creation = CREATION_INIT;
	int status = 0;

	creation.engine = engine;
	creation.request = &request->create;
	creation.arena = &arena;
	if (creation_plan(&creation, err) ||
	    profile_refuse_criu(creation.profile.text, "restore", err) || check(&creation, err))
		return ERR;
	engine_block_signals();
	if (restore(&creation, request, criu, err))
		return ERR;
	*ret_status = 0;
	if (request->detach)
		return 0;
	fd_close(&creation.dir.lock_fd);
	if (foreground_wait(engine, creation.launch.pidfd, -EBADF, -EBADF, &status, err)) {
		creation_undo(&creation);
		return ERR;
	}
	*ret_status = engine_exit_status(status);
	return run_finish(&creation, err);
}
