/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup: the interface. Runs in the runtime, before the child exists and after it is gone. What was made is recorded
 * as soon as it is made, so that any failure can be taken back. Never touches a directory above the container's own,
 * but for enabling controllers on v2.
 */
#include "core/cgroup/cgroup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/cgroup/parts.h"

const struct cgroup_version *cgroup_version_of(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->count; i++)
		if (!cgroup->dirs[i].hierarchy->v2)
			return &cgroup_v1;
	return &cgroup_v2;
}

bool cgroup_hierarchy_has(const struct host_hierarchy *hierarchy, const char *controller)
{
	size_t length = strlen(controller);

	if (strcmp(controller, "cgroup") == 0)
		return hierarchy->v2;
	for (const char *at = hierarchy->controllers; *at;) {
		size_t word = strcspn(at, ", ");

		if (word == length && strncmp(at, controller, length) == 0)
			return true;
		at += word;
		at += strspn(at, ", ");
	}
	return false;
}

struct cgroup_dir *cgroup_dir_of(const struct cgroup *cgroup, const char *controller)
{
	const struct cgroup_dir *found = NULL;

	for (size_t i = 0; i < cgroup->count; i++) {
		const struct cgroup_dir *dir = &cgroup->dirs[i];

		if (dir->fd < 0 || !cgroup_hierarchy_has(dir->hierarchy, controller))
			continue;
		if (!found || !dir->hierarchy->v2)
			found = dir;
	}
	return (struct cgroup_dir *)found;
}

struct cgroup_dir *cgroup_dir_v2(const struct cgroup *cgroup)
{
	return cgroup_dir_of(cgroup, "cgroup");
}

struct cgroup_dir *cgroup_dir_main(const struct cgroup *cgroup)
{
	static const char *const preferred[] = {"freezer", "pids", "memory", "devices"};
	struct cgroup_dir *dir = NULL;

	if (cgroup_version_of(cgroup) == &cgroup_v2)
		return cgroup_dir_v2(cgroup);
	for (size_t i = 0; !dir && i < ARRAY_SIZE(preferred); i++)
		dir = cgroup_dir_of(cgroup, preferred[i]);
	for (size_t i = 0; !dir && i < cgroup->count; i++)
		if (cgroup->dirs[i].fd >= 0 && !cgroup->dirs[i].hierarchy->v2)
			dir = (struct cgroup_dir *)&cgroup->dirs[i];
	return dir;
}

/* The path is joined to mount points: it must not lead out, and must not be a hierarchy's root. */
static bool path_is_usable(const char *path)
{
	bool name = false;

	if (!path || path[0] != '/' || strlen(path) >= CGROUP_PATH_MAX / 2)
		return false;
	while (*path) {
		size_t length;

		path += strspn(path, "/");
		length = strcspn(path, "/\n");
		if ((length == 1 && path[0] == '.') || (length == 2 && strncmp(path, "..", 2) == 0) || path[length] == '\n')
			return false;
		name = name || length > 0;
		path += length;
	}
	return name;
}

static int check_path(const char *path, struct err *err)
{
	if (path_is_usable(path))
		return 0;
	err_set(err, ERR_CONFIG, "cgroup path '%s' cannot be used", path ? path : "");
	err_why(err, "a container's cgroup is an absolute path below a hierarchy's root, of at most %d bytes, without a "
		     "component \".\" or \"..\" and without a line break", CGROUP_PATH_MAX / 2 - 1);
	return err_fix(err, "give linux.cgroupsPath a path such as \"/containers/web1\"");
}

static int unusable_path(const struct plan_cgroup *plan, struct err *err)
{
	if (check_path(plan->path, err) == 0)
		return 0;
	return cgroup_err_where(err, plan, "/linux/cgroupsPath");
}

/* No hierarchy, or none that may be written. */
static int without(struct cgroup *cgroup, const struct plan_cgroup *plan, struct err *err)
{
	*cgroup = CGROUP_INIT;
	if (!plan->explicit) {
		*err = ERR_INIT;
		return 0;
	}
	return err->where[0] ? ERR : cgroup_err_where(err, plan, plan->path_given ? "/linux/cgroupsPath" : "/linux/resources");
}

/* A directory that was there may be used, but is not shared with what runs in it. */
static int check_vacant(const struct cgroup *cgroup, const struct plan_cgroup *plan, struct err *err)
{
	for (size_t i = 0; i < cgroup->count; i++) {
		const struct cgroup_dir *dir = &cgroup->dirs[i];
		pid_t pid;

		if (dir->fd < 0 || dir->created || !cgroup_is_populated(dir->fd, &pid))
			continue;
		err_set(err, ERR_STATE, "container's cgroup is not empty: %s%s", dir->hierarchy->mount_point,
			cgroup->path);
		err_why(err, "process %d is in it, and two containers do not share one cgroup by accident", pid);
		err_fix(err, "end that process, or give linux.cgroupsPath another path");
		return cgroup_err_where(err, plan, plan->path_given ? "/linux/cgroupsPath" : "/linux");
	}
	return 0;
}

/* A process that joined it would stand still, and its maker with it. */
static int check_thawed(const struct cgroup *cgroup, const struct plan_cgroup *plan, struct err *err)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, "freezer") ?: cgroup_dir_main(cgroup);

	if (!dir || !cgroup_is_frozen(cgroup))
		return 0;
	err_set(err, ERR_STATE, "container's cgroup unexpectedly frozen: %s%s", dir->hierarchy->mount_point, cgroup->path);
	err_why(err, "it, or one above it, was frozen before this container was made");
	err_fix(err, "write THAWED to its freezer.state (v2: 0 to cgroup.freeze), or give linux.cgroupsPath another path");
	return cgroup_err_where(err, plan, plan->path_given ? "/linux/cgroupsPath" : "/linux");
}

static int set_up(struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host, struct err *err)
{
	if ((plan->driver != CGROUP_SYSTEMD && check_vacant(cgroup, plan, err) < 0) ||
	    check_thawed(cgroup, plan, err) < 0 ||
	    cgroup_write_settings(cgroup, plan, err) < 0 ||
	    cgroup_write_devices(cgroup, plan, host, true, err) < 0)
		return ERR;
	return plan->delegate ? cgroup_delegate(cgroup, plan, err) : 0;
}

int cgroup_create(struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host, struct err *err)
{
	const struct cgroup_version *version = host->cgroup_mode == HOST_CGROUP_V2 ? &cgroup_v2 : &cgroup_v1;
	struct err ignored;
	int result;

	*cgroup = CGROUP_INIT;
	if (plan->driver == CGROUP_DISABLED)
		return 0;
	if (host->hierarchies_count == 0 || host->hierarchies_count > CGROUP_HIERARCHIES_MAX) {
		err_set(err, ERR_UNSUPPORTED, "no control group hierarchy is mounted");
		err_fix(err, "mount cgroup2 on /sys/fs/cgroup, or leave out linux.resources");
		return without(cgroup, plan, err);
	}
	if (unusable_path(plan, err) < 0)
		return ERR;
	cgroup->driver = plan->driver;
	cgroup->path = plan->path;
	cgroup->host = host;
	result = version->make(cgroup, plan, host, err);
	/* What systemd has made for this unit is ours: it was delegated. */
	for (size_t i = 0; plan->driver == CGROUP_SYSTEMD && i < cgroup->count; i++)
		cgroup->dirs[i].created = cgroup->dirs[i].fd >= 0;
	if (result == 0)
		result = set_up(cgroup, plan, host, err);
	if (result == 0)
		return 0;
	(void)cgroup_remove(cgroup, &ignored);
	cgroup_done(cgroup);
	return result == CGROUP_NOT_WRITABLE && plan->driver != CGROUP_SYSTEMD ? without(cgroup, plan, err) : ERR;
}

int cgroup_open(struct cgroup *cgroup, enum cgroup_driver driver, const char *path, const struct host *host,
		struct err *err)
{
	char text[CGROUP_PATH_MAX];

	*cgroup = CGROUP_INIT;
	if (driver == CGROUP_DISABLED || !path)
		return 0;
	if (check_path(path, err) < 0)
		return ERR;
	cgroup->driver = driver;
	cgroup->path = path;
	cgroup->host = host;
	for (size_t i = 0; i < host->hierarchies_count && i < CGROUP_HIERARCHIES_MAX; i++) {
		struct cgroup_dir *dir = &cgroup->dirs[cgroup->count++];
		size_t length = format_text(text, sizeof(text), "%s%s", host->hierarchies[i].mount_point, path);

		*dir = (struct cgroup_dir){.hierarchy = &host->hierarchies[i], .fd = -EBADF};
		if (length < sizeof(text))
			dir->fd = open(text, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir->fd < 0)
			dir->fd = -EBADF;
		dir->created = dir->fd >= 0;
	}
	return 0;
}

static int not_below(const struct cgroup *cgroup, const struct cgroup_dir *dir, const char *below, struct err *err)
{
	/* Callers know these words. */
	err_set(err, ERR_USAGE, "cannot use --cgroup: error adding pid to %s%s/%s/cgroup.procs: no such file or directory",
		dir->hierarchy->mount_point, cgroup->path, below);
	return err_fix(err, "make it first, for example by a process in the container that may write its cgroup");
}

/* The leaf stays where it is in a hierarchy without such a directory. */
static bool go_below(struct cgroup_dir *dir, const char *below)
{
	int fd = *below ? openat(dir->fd, below, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			: fcntl(dir->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return false;
	fd_close(&dir->fd);
	dir->fd = fd;
	return true;
}

/* The next of the names before the colon, or NULL; *at goes on behind it. */
static const char *next_controller(const char **at, char *name, size_t size)
{
	size_t length = strcspn(*at, ",:");

	if (length == 0)
		return NULL;
	format_text(name, size, "%.*s", (int)length, *at);
	*at += length + ((*at)[length] == ',');
	return name;
}

static int below_of(struct cgroup *cgroup, const char *text, const char *below, struct err *err)
{
	bool chosen[CGROUP_HIERARCHIES_MAX] = {false};
	char name[64];

	for (const char *at = text; next_controller(&at, name, sizeof(name));) {
		const struct cgroup_dir *dir = cgroup_dir_of(cgroup, name);

		if (!dir) {
			err_set(err, ERR_USAGE, "cannot use --cgroup %s: unknown controller %s", text, name);
			err_why(err, "the container has no cgroup of it");
			return err_fix(err, "a controller that /proc/PID/cgroup of the container lists");
		}
		chosen[dir - cgroup->dirs] = true;
	}
	for (size_t i = 0; i < cgroup->count; i++)
		if (chosen[i] && !go_below(&cgroup->dirs[i], below))
			return not_below(cgroup, &cgroup->dirs[i], below, err);
	return 0;
}

int cgroup_go_below(struct cgroup *cgroup, const char *text, struct err *err)
{
	const char *colon = strchr(text, ':'), *path = colon ? colon + 1 : text, *below = path + strspn(path, "/");
	const struct cgroup_dir *dir = cgroup_dir_main(cgroup);
	bool any = false;

	if (!dir || strstr(below, "..")) {
		err_set(err, ERR_USAGE, "cannot use --cgroup %s: %s is not a sub cgroup path", text, path);
		err_why(err, dir ? "it leads out of the container's cgroup" : "the container has no cgroup");
		return err_fix(err, dir ? "name a cgroup below the container's own" : "leave --cgroup out");
	}
	if (colon)
		return below_of(cgroup, text, below, err);
	for (size_t i = 0; i < cgroup->count; i++)
		any = (cgroup->dirs[i].fd >= 0 && go_below(&cgroup->dirs[i], below)) || any;
	return any ? 0 : not_below(cgroup, dir, below, err);
}

void cgroup_done(struct cgroup *cgroup)
{
	if (!cgroup)
		return;
	for (size_t i = 0; i < cgroup->count; i++)
		fd_close(&cgroup->dirs[i].fd);
	cgroup->count = 0;
}

void cgroup_made_write(const struct cgroup *cgroup, char *buf, size_t size)
{
	size_t length = 0;

	if (size > 0)
		buf[0] = '\0';
	for (size_t i = 0; i < cgroup->count && length < size; i++) {
		const struct cgroup_dir *dir = &cgroup->dirs[i];

		if (dir->created)
			length += format_text(buf + length, size - length, "%s%s=%u", length > 0 ? " " : "",
					      dir->hierarchy->mount_name, dir->parents_made + 1);
	}
}

/* The number after "NAME=" in the text; 0 when it is not there. */
static unsigned int made_number(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = text; *at;) {
		size_t word = strcspn(at, " ");

		if (word > length + 1 && strncmp(at, name, length) == 0 && at[length] == '=')
			return (unsigned int)strtoul(at + length + 1, NULL, 10);
		at += word;
		at += strspn(at, " ");
	}
	return 0;
}

void cgroup_made_read(struct cgroup *cgroup, const char *text)
{
	for (size_t i = 0; i < cgroup->count; i++) {
		struct cgroup_dir *dir = &cgroup->dirs[i];
		unsigned int made = made_number(text, dir->hierarchy->mount_name);

		dir->created = made > 0;
		dir->parents_made = made > 0 ? made - 1 : 0;
	}
}

bool cgroup_made_any(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->count; i++)
		if (cgroup->dirs[i].created)
			return true;
	return false;
}

size_t cgroup_join_fds(const struct cgroup *cgroup, int *ret_fds, size_t capacity)
{
	size_t count = 0;

	for (size_t i = 0; i < cgroup->count && count < capacity; i++)
		if (cgroup->dirs[i].fd >= 0 && !cgroup->dirs[i].hierarchy->v2)
			ret_fds[count++] = cgroup->dirs[i].fd;
	return count;
}

int cgroup_into_fd(const struct cgroup *cgroup)
{
	const struct cgroup_dir *dir = cgroup_dir_v2(cgroup);

	return dir ? dir->fd : -EBADF;
}

/* systemd hears only of what the kernel has taken. It writes files of its own choice then: ours are written once more. */
static int tell_systemd(struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host,
			struct cgroup_undo *undo, struct err *err)
{
	if (cgroup->driver != CGROUP_SYSTEMD)
		return 0;
	return cgroup_systemd_set(cgroup, plan, host, err) < 0 ? ERR : cgroup_change_settings(cgroup, plan, undo, err);
}

int cgroup_apply(struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host,
		 struct cgroup_undo *undo, struct err *err)
{
	if (plan->check_memory_usage && cgroup_check_memory(cgroup, plan, err) < 0)
		return ERR;
	if (cgroup_undo_begin(undo, cgroup, plan, err) < 0)
		return ERR;
	if (cgroup_change_settings(cgroup, plan, undo, err) == 0 && tell_systemd(cgroup, plan, host, undo, err) == 0 &&
	    cgroup_write_devices(cgroup, plan, host, false, err) == 0)
		return 0;
	cgroup_put_back(cgroup, undo, err);
	return ERR;
}

int cgroup_freeze(struct cgroup *cgroup, bool frozen, struct err *err)
{
	if (!cgroup_dir_main(cgroup)) {
		err_set(err, ERR_UNSUPPORTED, "cannot %s the container", frozen ? "pause" : "resume");
		err_why(err, "it has no cgroup of its own");
		return err_fix(err, "create it where cgroups may be written: as root, or with a delegated cgroup2");
	}
	return cgroup_version_of(cgroup)->freeze(cgroup, frozen, err);
}

bool cgroup_is_frozen(const struct cgroup *cgroup)
{
	return cgroup_dir_main(cgroup) && cgroup_version_of(cgroup)->is_frozen(cgroup);
}
