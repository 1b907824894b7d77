/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root: the directory that holds one directory per container. What stands in it decides which process is signalled and
 * which cgroup is removed: it must be ours, and nobody else may write to it. Runs in the runtime.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/state/parts.h"

/* Sticky: clean-up of old files below XDG_RUNTIME_DIR spares it (XDG base directory specification). */
#define ROOT_MODE (S_ISVTX | 0700)

/* Anything but the one line that maps all ids to themselves is a user namespace of someone's making. */
static bool in_user_namespace(void)
{
	static const char *const all[] = {"0", "0", "4294967295"};
	char text[512];
	const char *at = text;

	if (fd_read_text_at(AT_FDCWD, "/proc/self/uid_map", text, sizeof(text)) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		size_t length;

		at += strspn(at, " ");
		length = strcspn(at, " \n");
		if (length != strlen(all[i]) || strncmp(at, all[i], length) != 0)
			return true;
		at += length;
	}
	return strcmp(at, "\n") != 0;
}

static int default_root(const char *program, char *buf, size_t size, struct err *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	size_t length;

	if (runtime && runtime[0] != '/')
		runtime = NULL;
	if (geteuid() == 0 && (!runtime || !in_user_namespace())) {
		length = format_text(buf, size, "/run/%s", program);
	} else if (runtime) {
		length = format_text(buf, size, "%s/%s", runtime, program);
	} else {
		char user[64];

		format_text(user, sizeof(user), "/run/user/%u", geteuid());
		/* Without a session nobody has made that one. In /tmp somebody else could have made ours: then it is refused. */
		if (access(user, W_OK) < 0)
			length = format_text(buf, size, "/tmp/%s-%u", program, geteuid());
		else
			length = format_text(buf, size, "%s/%s", user, program);
	}
	if (length < size)
		return 0;
	err_set(err, ERR_USAGE, "the path of the state root is too long");
	return err_fix(err, "give --root a shorter path");
}

/* The directories above the root too. path is restored on return. */
static int make_directories(char *path)
{
	for (char *at = path + 1; *at; at++) {
		int result;

		if (*at != '/')
			continue;
		*at = '\0';
		result = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
		*at = '/';
		if (result < 0)
			return result;
	}
	return mkdir(path, ROOT_MODE) < 0 && errno != EEXIST ? -errno : 0;
}

static int check_owner(int root_fd, const char *path, struct err *err)
{
	struct stat status;

	if (fstat(root_fd, &status) < 0)
		return err_sys(err, errno, "fstat", "cannot examine the state root %s", path);
	if (status.st_uid == geteuid() && !(status.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	err_set(err, ERR_STATE, "the state root %s is not safe", path);
	if (status.st_uid != geteuid())
		err_why(err, "it belongs to user %u, and this process is user %u", status.st_uid, geteuid());
	else
		err_why(err, "others than its owner may write to it (mode %o)", status.st_mode & 07777);
	return err_fix(err, "give --root another path, or make it yours: chown and chmod 700");
}

static int cannot_open(const char *path, int errnum, struct err *err)
{
	if (errnum == -ENOENT) {
		err_set(err, ERR_STATE, "container does not exist: there is no state root %s", path);
		err->errnum = ENOENT;
		return err_fix(err, "see that --root is the one that the container was created with");
	}
	err_sys(err, errnum, "open", "cannot open the state root %s", path);
	if (errnum == -ENOTDIR)
		return err_fix(err, "give --root a directory");
	if (errnum == -EACCES)
		return err_fix(err, "run as the user who created the container, or give --root a path of your own");
	return ERR;
}

/*
 * A symlink in the root's place is not followed blindly: where others may write to the directory above, someone else's would
 * choose which of our directories becomes the root. Of a path that the caller gave, one's own or root's link is meant.
 */
static int refuse_link(const char *path, bool given, struct err *err)
{
	struct stat status;

	if (lstat(path, &status) < 0 || !S_ISLNK(status.st_mode))
		return 0;
	if (given && (status.st_uid == geteuid() || status.st_uid == 0))
		return 0;
	err_set(err, ERR_STATE, "the state root %s is not safe", path);
	err_why(err, "it is a symbolic link%s", given ? " of another user" : "");
	return err_fix(err, given ? "give --root the path of a directory of your own"
				  : "remove it, or set XDG_RUNTIME_DIR to a directory that is yours alone (mode 700)");
}

static int open_root(const char *path, bool given, int *ret_fd, struct err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = openat(AT_FDCWD, path, flags | O_NOFOLLOW), result = fd < 0 ? -errno : 0;

	/* O_DIRECTORY makes it ENOTDIR for a symlink. */
	if (result == -ENOTDIR || result == -ELOOP) {
		if (refuse_link(path, given, err))
			return ERR;
		fd = openat(AT_FDCWD, path, given ? flags : flags | O_NOFOLLOW);
		result = fd < 0 ? -errno : 0;
	}
	*ret_fd = fd < 0 ? result : fd;
	return 0;
}

static int name_root(const char *path, const char *program, char *buf, size_t size, struct err *err)
{
	if (!path)
		return default_root(program, buf, size, err);
	if (*path && format_text(buf, size, "%s", path) < size)
		return 0;
	err_set(err, ERR_USAGE, *path ? "the path of the state root is too long" : "the state root is empty");
	return err_fix(err, "give --root the path of a directory");
}

int state_root_path(const char *path, const char *program, char *buf, size_t size, struct err *err)
{
	char named[PATH_MAX], here[PATH_MAX];

	if (name_root(path, program, named, sizeof(named), err))
		return ERR;
	if (named[0] != '/' && !getcwd(here, sizeof(here)))
		return err_sys(err, errno, "getcwd", "cannot find the state root %s", named);
	if (format_text(buf, size, "%s%s%s", named[0] == '/' ? "" : here, named[0] == '/' ? "" : "/", named) < size)
		return 0;
	err_set(err, ERR_USAGE, "the path of the state root is too long");
	return err_fix(err, "give --root a shorter path");
}

int state_root_open(const char *path, const char *program, bool create, int *ret_root_fd, struct err *err)
{
	cleanup_fd int root_fd = -EBADF;
	char text[PATH_MAX];

	if (name_root(path, program, text, sizeof(text), err))
		return ERR;
	if (open_root(text, path, &root_fd, err))
		return ERR;
	if (root_fd == -ENOENT && create) {
		int result = make_directories(text);

		if (result < 0) {
			err_sys(err, result, "mkdir", "cannot make the state root %s", text);
			return err_fix(err, "name another directory with --root: one that may be written, best on a tmpfs");
		}
		if (open_root(text, path, &root_fd, err))
			return ERR;
	}
	if (root_fd < 0)
		return cannot_open(text, root_fd, err);
	if (check_owner(root_fd, text, err) < 0)
		return ERR;
	*ret_root_fd = fd_take(&root_fd);
	return 0;
}
