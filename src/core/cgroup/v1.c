/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v1: the legacy hierarchies, one directory in each, and on a hybrid the cgroup2 one only when a setting names a
 * controller that no v1 hierarchy has, or the caller is in a cgroup there: each directory costs. Runs in the runtime.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/cgroup/parts.h"

#define LIST_SIZE 4096 /* of cpuset.cpus: the kernel gives out at most a page */

/* A cpuset without CPUs or memory nodes takes no process. The value of the nearest directory above that has one is
 * copied down to each empty one. path: the leaf's below the mount point, restored on return. */
static int fill_cpuset_file(int mount_fd, char *path, const char *file, bool leaf_is_new)
{
	char name[CGROUP_PATH_MAX + 32], value[LIST_SIZE];
	size_t full = strlen(path), length = full;
	ssize_t size = 1;

	/* Up: the leaf that was just made need not be read. */
	for (bool skip = leaf_is_new;; skip = false) {
		char cut = path[length];

		path[length] = '\0';
		format_text(name, sizeof(name), "%s/%s", length > 0 ? path : ".", file);
		path[length] = cut;
		if (!skip) {
			size = fd_read_text_at(mount_fd, name, value, sizeof(value));
			if (size < 0 || size > 1 || length == 0)
				break;
		}
		while (length > 0 && path[--length] != '/')
			;
	}
	if (size < 0)
		return (int)size;
	/* Down again. */
	while (length < full) {
		char cut;
		int result;

		length += length > 0;
		length += strcspn(path + length, "/");
		cut = path[length];
		path[length] = '\0';
		format_text(name, sizeof(name), "%s/%s", path, file);
		path[length] = cut;
		result = fd_write_text_at(mount_fd, name, value);
		if (result < 0)
			return result;
	}
	return 0;
}

static bool has_setting(const struct plan_cgroup *plan, const char *file)
{
	for (size_t i = 0; i < plan->settings_count; i++)
		if (strcmp(plan->settings[i].file, file) == 0)
			return true;
	return false;
}

static int fill_cpuset(const struct cgroup_dir *dir, const struct plan_cgroup *plan, struct err *err)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
	cleanup_fd int mount_fd = openat(AT_FDCWD, dir->hierarchy->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *name = plan->path + strspn(plan->path, "/");
	char path[CGROUP_PATH_MAX];
	int result = mount_fd < 0 ? -errno : 0;

	format_text(path, sizeof(path), "%s", name);
	for (size_t i = 0; result == 0 && i < ARRAY_SIZE(files); i++) {
		/* The setting will be written anyway; only directories of ours above must hold something. */
		if (dir->created && dir->parents_made == 0 && has_setting(plan, files[i]))
			continue;
		result = fill_cpuset_file(mount_fd, path, files[i], dir->created);
	}
	if (result == 0)
		return 0;
	err_sys(err, result, "write", "cannot copy cpuset.cpus and cpuset.mems to the cgroup %s%s",
		dir->hierarchy->mount_point, plan->path);
	return err_why(err, "a v1 cpuset takes no process before both hold something");
}

static bool v1_has(const struct host *host, const char *controller)
{
	for (size_t i = 0; i < host->hierarchies_count; i++)
		if (!host->hierarchies[i].v2 && cgroup_hierarchy_has(&host->hierarchies[i], controller))
			return true;
	return false;
}

/* Is there anything that only the cgroup2 hierarchy beside can do? */
static bool needs_v2(const struct plan_cgroup *plan, const struct host *host, const struct host_hierarchy *v2)
{
	for (size_t i = 0; i < plan->settings_count; i++) {
		const char *controller = plan->settings[i].controller;

		if (!v1_has(host, controller) && cgroup_hierarchy_has(v2, controller))
			return true;
	}
	return plan->device_rules_count > 0 && !v1_has(host, "devices");
}

/* Or else the container would stay in a cgroup of its caller's: end with the service that this is, and be under what is
 * attached to it. The root is nobody's. */
static bool joins_v2(const struct plan_cgroup *plan, const struct host *host, const struct host_hierarchy *v2)
{
	return strcmp(v2->own_path, "/") != 0 || needs_v2(plan, host, v2);
}

bool cgroup_needs_birth(const struct plan_cgroup *plan, const struct host *host)
{
	for (size_t i = 0; i < host->hierarchies_count; i++)
		if (host->hierarchies[i].v2 && joins_v2(plan, host, &host->hierarchies[i]))
			return true;
	return host->cgroup_mode == HOST_CGROUP_V2;
}

static int v1_make(struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host, struct err *err)
{
	for (size_t i = 0; i < host->hierarchies_count; i++) {
		const struct host_hierarchy *hierarchy = &host->hierarchies[i];
		struct cgroup_dir *dir;
		int result;

		if (hierarchy->v2 && !joins_v2(plan, host, hierarchy))
			continue;
		dir = &cgroup->dirs[cgroup->count++];
		*dir = (struct cgroup_dir){.hierarchy = hierarchy, .fd = -EBADF};
		result = hierarchy->v2 ? cgroup_make_v2(dir, plan, err)
				       : cgroup_make_dir(dir, plan->path, NULL, NULL, err);
		if (result == CGROUP_NOT_WRITABLE && hierarchy->v2 && !needs_v2(plan, host, hierarchy)) {
			*err = ERR_INIT;
			cgroup->count--;
			continue;
		}
		result = result == 0 ? cgroup_check_ours(dir, plan, err) : result;
		if (result == 0 && !hierarchy->v2 && cgroup_hierarchy_has(hierarchy, "cpuset"))
			result = fill_cpuset(dir, plan, err);
		if (result != 0)
			return result;
	}
	return 0;
}

/* "THAWED\n", "FREEZING\n" or "FROZEN\n" */
static ssize_t read_state(const struct cgroup_dir *dir, char *text, size_t size)
{
	ssize_t length = fd_read_text_at(dir->fd, "freezer.state", text, size);

	if (length > 0 && text[length - 1] == '\n')
		text[length - 1] = '\0';
	return length;
}

static bool v1_is_frozen(const struct cgroup *cgroup)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, "freezer");
	char state[16];

	return dir && read_state(dir, state, sizeof(state)) > 0 && strcmp(state, "THAWED") != 0;
}

static int freezer_failed(const struct cgroup_dir *dir, const struct cgroup *cgroup, const char *value, int errnum,
			  struct err *err)
{
	return err_sys(err, errnum, "write", "cannot set freezer.state of the cgroup %s%s to %s",
		       dir->hierarchy->mount_point, cgroup->path, value);
}

/* The kernel gives no sign when all are frozen; a process in an uninterruptible call holds it up. */
static int wait_frozen(const struct cgroup_dir *dir)
{
	uint64_t deadline = cgroup_now_ms() + CGROUP_FREEZE_MS;
	char state[16];

	for (int pause = 1;; pause = pause < 32 ? pause * 2 : pause) {
		ssize_t length = read_state(dir, state, sizeof(state));

		if (length < 0)
			return (int)length;
		if (strcmp(state, "FROZEN") == 0)
			return 0;
		if (cgroup_now_ms() >= deadline)
			return -ETIMEDOUT;
		cgroup_pause_ms(pause);
		/* Once more, for those that were forked meanwhile. */
		(void)fd_write_text_at(dir->fd, "freezer.state", "FROZEN");
	}
}

static int v1_freeze(struct cgroup *cgroup, bool frozen, struct err *err)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, "freezer");
	const char *value = frozen ? "FROZEN" : "THAWED";
	int result;

	if (!dir) {
		err_set(err, ERR_UNSUPPORTED, "cannot %s the container", frozen ? "pause" : "resume");
		err_why(err, "no freezer hierarchy is mounted, or the container is not in it");
		return err_fix(err, "mount the freezer controller on the host before the container is created");
	}
	result = fd_write_text_at(dir->fd, "freezer.state", value);
	if (result < 0)
		return freezer_failed(dir, cgroup, value, result, err);
	result = frozen ? wait_frozen(dir) : 0;
	if (result == 0)
		return 0;
	(void)fd_write_text_at(dir->fd, "freezer.state", "THAWED");
	freezer_failed(dir, cgroup, value, result, err);
	err_why(err, "a process in it did not stop within %d s: it may be in an uninterruptible system call",
		CGROUP_FREEZE_MS / 1000);
	return err_fix(err, "look at the processes in state D, and try again; the container runs on");
}

/* The path of a line "4:cpu,freezer:/web1" of /proc/PID/cgroup. */
static const char *path_in_freezer(const char *proc_text, size_t *ret_length)
{
	for (const char *line = proc_text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *names = line + strcspn(line, ":\n"), *path = *names == ':' ? strchr(names + 1, ':') : NULL;

		/* A word of the list, which ends with the second colon. */
		if (!path || path > line + strcspn(line, "\n"))
			continue;
		for (const char *at = names + 1; at < path; at += strcspn(at, ",:") + 1) {
			if (strcspn(at, ",:") != strlen("freezer") || strncmp(at, "freezer", 7) != 0)
				continue;
			*ret_length = strcspn(path + 1, "\n");
			return path + 1;
		}
	}
	return NULL;
}

/* The first byte of a file of 0 or 1 in the directory at `path`. */
static bool flag_is_set(const char *path, const char *file)
{
	char name[CGROUP_PATH_MAX], text[16];

	return format_text(name, sizeof(name), "%s/%s", path, file) < sizeof(name) &&
	       fd_read_text_at(AT_FDCWD, name, text, sizeof(text)) > 0 && text[0] == '1';
}

bool cgroup_frozen_by(const struct host *host, const char *proc_text, char *buf, size_t size)
{
	const struct host_hierarchy *hierarchy = host_hierarchy_of(host, "freezer");
	size_t length, mount_length;
	const char *path = path_in_freezer(proc_text, &length);

	if (!hierarchy || hierarchy->v2 || !path)
		return false;
	mount_length = strlen(hierarchy->mount_point);
	if (format_text(buf, size, "%s%.*s", hierarchy->mount_point, (int)length, path) >= size)
		return false;
	/* Held by a directory above, perhaps: up to the one that was told to freeze. */
	while (flag_is_set(buf, "freezer.parent_freezing") && !flag_is_set(buf, "freezer.self_freezing") &&
	       strlen(buf) > mount_length)
		*strrchr(buf, '/') = '\0';
	return flag_is_set(buf, "freezer.self_freezing");
}

const struct cgroup_version cgroup_v1 = {
	.make = v1_make,
	.freeze = v1_freeze,
	.is_frozen = v1_is_frozen,
	.stats = cgroup_stats_v1,
};
