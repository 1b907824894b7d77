/* SPDX-License-Identifier: Apache-2.0 */
/* list: what is known of containers: state, list, pids, statistics. Runs in the runtime; changes nothing. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/directory.h"

/* The container's memory goes over to the caller's arena. */
static int read_container(int root_fd, const char *id, struct arena *arena, struct engine_container *ret, struct err *err)
{
	struct state_dir dir __attribute__((cleanup(state_dir_done))) = STATE_DIR_INIT;
	const char *text;
	size_t size;

	if (state_dir_open(root_fd, id, &dir, err) || state_read(&dir, arena, &ret->state, err))
		return ERR;
	ret->status = state_status(&dir, ret->state, container_is_frozen(ret->state));
	if (state_get_file(&dir, "config.json", arena, OCI_CONFIG_SIZE_MAX, &text, &size, err))
		return ERR;
	return oci_config_read(arena, "config.json", text, size, &ret->config, err);
}

int engine_state(const struct engine *engine, const char *id, struct arena *arena,
		 struct engine_container *ret_container, struct err *err)
{
	int root_fd cleanup_fd = -EBADF;

	if (state_check_id(id, err) || state_root_open(engine->root, engine->program, false, &root_fd, err))
		return ERR;
	return read_container(root_fd, id, arena, ret_container, err);
}

int engine_list(const struct engine *engine, struct arena *arena, const struct engine_container **ret_containers,
		size_t *ret_count, struct err *err)
{
	struct engine_container *containers;
	int root_fd cleanup_fd = -EBADF;
	const char *const *ids;
	size_t ids_count, count = 0;
	char line[1024];

	*ret_containers = NULL;
	*ret_count = 0;
	if (state_root_open(engine->root, engine->program, false, &root_fd, err))
		return err->errnum == ENOENT ? 0 : ERR;
	if (state_list(root_fd, arena, &ids, &ids_count, err))
		return ERR;
	containers = arena_calloc(arena, ids_count + 1, sizeof(*containers));
	if (!containers)
		return err_set(err, ERR_INTERNAL, "out of memory while listing containers");
	for (size_t i = 0; i < ids_count; i++) {
		if (read_container(root_fd, ids[i], arena, &containers[count], err) == 0) {
			count++;
		} else if (err->errnum != ENOENT) {
			/* One that was deleted meanwhile is no news; a damaged one does not hide the others. */
			err_format(err, false, line, sizeof(line));
			engine_warn(engine, "%s: %s", ids[i], line);
		}
	}
	*ret_containers = containers;
	*ret_count = count;
	return 0;
}

/* The namespace that a process is in; 0 when it may not be looked at, or has ended. */
static ino_t pid_namespace(int proc_fd, const char *process)
{
	char path[64];
	struct stat info;

	snprintf(path, sizeof(path), "%s/ns/pid", process);
	return fstatat(proc_fd, path, &info, 0) == 0 ? info.st_ino : 0;
}

/* Without a cgroup: those in the container's own pid namespace. Their number, which may be more than capacity; -ESRCH when
 * it has none of its own; -errno. */
static ssize_t pids_of_namespace(const struct container *container, pid_t *pids, size_t capacity)
{
	int proc_fd cleanup_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct directory directory = {.fd = proc_fd};
	ino_t wanted, own;
	const char *name;
	size_t count = 0;
	char first[16];
	int result;

	if (proc_fd < 0)
		return -errno;
	snprintf(first, sizeof(first), "%d", container->state->pid);
	wanted = pid_namespace(proc_fd, first);
	own = pid_namespace(proc_fd, "self");
	if (!wanted || wanted == own || !state_process_alive(container->state))
		return -ESRCH;
	while ((result = directory_next(&directory, &name)) == 0 && name) {
		if (*name < '1' || *name > '9' || pid_namespace(proc_fd, name) != wanted)
			continue;
		if (count < capacity)
			pids[count] = (pid_t)strtol(name, NULL, 10);
		count++;
	}
	return result < 0 ? result : (ssize_t)count;
}

static int open_cgroup_or_none(struct container *container, bool *ret_none, struct err *err)
{
	*ret_none = !container->state->cgroup_path;
	return *ret_none ? 0 : container_open_cgroup(container, err);
}

int engine_pids(const struct engine *engine, const char *id, struct arena *arena, pid_t **ret_pids, size_t *ret_count,
		struct err *err)
{
	struct container container cleanup_container = CONTAINER_INIT;
	ssize_t count, capacity = 64;
	pid_t *pids = NULL;
	bool none;

	if (container_open(&container, engine, id, false, err))
		return ERR;
	if (container.status == STATE_STOPPED) {
		*ret_pids = NULL;
		*ret_count = 0;
		return 0;
	}
	if (open_cgroup_or_none(&container, &none, err))
		return ERR;
	for (count = capacity;; capacity = count + count / 2) {
		pids = arena_calloc(arena, (size_t)capacity, sizeof(*pids));
		if (!pids)
			return err_set(err, ERR_INTERNAL, "out of memory while listing processes");
		count = none ? pids_of_namespace(&container, pids, (size_t)capacity)
			     : cgroup_pids(&container.cgroup, pids, (size_t)capacity);
		if (count <= capacity)
			break;
	}
	if (count == -ESRCH) {
		err_set(err, ERR_UNSUPPORTED, "cannot list the processes of container %s: it has no cgroup", id);
		err_why(err, "and no pid namespace of its own to know them by");
		return err_fix(err, "create it with a cgroup: as root, or without --cgroup-manager disabled");
	}
	if (count < 0)
		return err_sys(err, (int)count, "read", "cannot list the processes of container %s", id);
	*ret_pids = pids;
	*ret_count = (size_t)count;
	return 0;
}
