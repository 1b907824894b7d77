/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make: the container's directory in one hierarchy, made component by component below the mount point and opened. What
 * was made by us is recorded in the struct cgroup_dir at once. Runs in the runtime.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/cgroup/parts.h"

#define DIRECTORY_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static int cannot_make(const struct cgroup_dir *dir, const char *relative, int errnum, struct err *err)
{
	err_sys(err, errnum, "mkdirat", "cannot make the cgroup %s/%s", dir->hierarchy->mount_point, relative);
	switch (errnum) {
	case EACCES:
	case EPERM:
	case EROFS:
		err_why(err, errnum == EROFS ? "the hierarchy is mounted read-only here"
					     : "this user may not write to the hierarchy");
		err_fix(err, "run as root, or in a cgroup2 that is delegated to this user (systemd: Delegate=yes), or "
			     "leave out linux.resources");
		return CGROUP_NOT_WRITABLE;
	case EAGAIN:
		err_why(err, "cgroup.max.depth or cgroup.max.descendants of a cgroup above is reached");
		err_fix(err, "raise that limit, or remove cgroups that are not used");
		break;
	case ENOSPC:
		err_why(err, "the kernel has no room for a further cgroup in this hierarchy");
		err_fix(err, "remove cgroups that are not used");
		break;
	}
	return ERR;
}

/* Make one component. 1 when it was made, 0 when it was there, -errno. */
static int make_one(int mount_fd, const char *relative)
{
	if (mkdirat(mount_fd, relative, 0755) == 0)
		return 1;
	return errno == EEXIST ? 0 : -errno;
}

/* Take back the directories of path that were made, when the next one below could not be. */
static int take_back(struct cgroup_dir *dir, int mount_fd, char *path, int result)
{
	for (; dir->parents_made > 0; dir->parents_made--) {
		char *slash = strrchr(path, '/');

		(void)unlinkat(mount_fd, path, AT_REMOVEDIR);
		if (slash)
			*slash = '\0';
	}
	return result;
}

/* Every component of path, top-down. path is cut where it fails. */
static int make_all(struct cgroup_dir *dir, int mount_fd, char *path, cgroup_above above, void *context,
		    struct err *err)
{
	char *slash = path, *parent_end = NULL;
	int made, result;

	result = above ? above(dir, mount_fd, ".", context, err) : 0;
	if (result != 0)
		return result;
	for (;;) {
		slash = strchrnul(slash, '/');
		if (*slash == '\0')
			break;
		*slash = '\0';
		made = make_one(mount_fd, path);
		if (made < 0) {
			result = cannot_make(dir, path, -made, err);
			if (parent_end)
				*parent_end = '\0';
			return take_back(dir, mount_fd, path, result);
		}
		/* An older directory lies in older ones: what was counted above it was made by someone else since. */
		dir->parents_made = made == 1 ? dir->parents_made + 1 : 0;
		result = above ? above(dir, mount_fd, path, context, err) : 0;
		if (result != 0)
			return take_back(dir, mount_fd, path, result);
		parent_end = slash;
		*slash++ = '/';
	}
	made = make_one(mount_fd, path);
	if (made >= 0) {
		dir->created = made == 1;
		if (!dir->created)
			dir->parents_made = 0;
		return 0;
	}
	result = cannot_make(dir, path, -made, err);
	if (parent_end)
		*parent_end = '\0';
	return take_back(dir, mount_fd, path, result);
}

/* The path without its first slash and without doubled or last ones: each prefix up to a slash is a directory. */
static int relative_path(const char *path, char *out)
{
	size_t length = 0;

	if (strlen(path) >= CGROUP_PATH_MAX)
		return -ENAMETOOLONG;
	for (; *path; path++)
		if (*path != '/' || (length > 0 && path[1] != '/' && path[1] != '\0'))
			out[length++] = *path;
	out[length] = '\0';
	return 0;
}

static int make_slowly(struct cgroup_dir *dir, char *relative, cgroup_above above, void *context, struct err *err)
{
	cleanup_fd int mount_fd = openat(AT_FDCWD, dir->hierarchy->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (mount_fd < 0)
		return err_sys(err, errno, "open", "cannot open the cgroup hierarchy %s", dir->hierarchy->mount_point);
	return make_all(dir, mount_fd, relative, above, context, err);
}

int cgroup_make_dir(struct cgroup_dir *dir, const char *path, cgroup_above above, void *context, struct err *err)
{
	char relative[CGROUP_PATH_MAX], full[CGROUP_PATH_MAX];
	int result = relative_path(path, relative);

	if (result < 0 ||
	    format_text(full, sizeof(full), "%s/%s", dir->hierarchy->mount_point, relative) >= sizeof(full))
		return err_sys(err, ENAMETOOLONG, "mkdirat", "cannot make the cgroup %s", path);
	/* The common case, in one call: everything above is there and nobody asks about it. */
	result = above ? -ENOENT : make_one(AT_FDCWD, full);
	if (result >= 0) {
		dir->created = result == 1;
	} else {
		result = result == -ENOENT ? make_slowly(dir, relative, above, context, err)
					   : cannot_make(dir, relative, -result, err);
		if (result != 0)
			return result;
	}
	dir->fd = openat(AT_FDCWD, full, DIRECTORY_FLAGS);
	if (dir->fd >= 0)
		return 0;
	result = errno;
	dir->fd = -EBADF;
	return err_sys(err, result, "open", "cannot open the cgroup %s", full);
}

int cgroup_check_ours(const struct cgroup_dir *dir, const struct plan_cgroup *plan, struct err *err)
{
	if (dir->created || plan->path_given || plan->driver == CGROUP_SYSTEMD)
		return 0;
	err_set(err, ERR_STATE, "the cgroup %s%s exists already, and is not this container's", dir->hierarchy->mount_point,
		plan->path);
	err_why(err, "without linux.cgroupsPath it has the container's id as its name, and limits written to it would be "
		     "somebody else's");
	err_fix(err, "choose another id, remove that cgroup (rmdir) if nothing uses it, or give linux.cgroupsPath");
	return cgroup_err_where(err, plan, "/linux");
}

/* How many components at the end of the path are missing. path: scratch, changed. */
static unsigned int count_missing(char *path, size_t mount_length)
{
	unsigned int count = 0;

	while (strlen(path) > mount_length && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
		*strrchr(path, '/') = '\0';
		count++;
	}
	return count;
}

void cgroup_made_intend(const char *path, const struct host *host, char *buf, size_t size)
{
	char relative[CGROUP_PATH_MAX], full[CGROUP_PATH_MAX];
	size_t length = 0;

	buf[0] = '\0';
	if (relative_path(path, relative) < 0)
		return;
	for (size_t i = 0; i < host->hierarchies_count && length < size; i++) {
		const struct host_hierarchy *hierarchy = &host->hierarchies[i];
		unsigned int missing;

		if (format_text(full, sizeof(full), "%s/%s", hierarchy->mount_point, relative) >= sizeof(full))
			continue;
		missing = count_missing(full, strlen(hierarchy->mount_point));
		if (missing > 0)
			length += format_text(buf + length, size - length, "%s%s=%u", length > 0 ? " " : "",
					      hierarchy->mount_name, missing);
	}
}
