/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files: whole files in a container's directory. A new text is written beside the old one and renamed over it: a
 * reader sees the one or the other, and a full disk leaves the old one. No fsync: the containers do not outlive the
 * host's kernel either. Runs in the runtime, by the holder of the lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/state/parts.h"

#define NEW_SUFFIX ".new"

static int cannot_write(const struct state_dir *dir, const char *name, const char *call, int errnum, struct err *err)
{
	err_sys(err, errnum, call, "cannot write %s of container %s", name, dir->id);
	if (errnum == -ENOSPC || errnum == -EDQUOT) {
		err_why(err, "the file system of the state root is full");
		err_fix(err, "free space there, or choose another state root by --root");
	} else if (errnum == -ENOENT) {
		err_why(err, "the container was deleted meanwhile");
	}
	return ERR;
}

int state_put_file(const struct state_dir *dir, const char *name, const void *data, size_t size, struct err *err)
{
	cleanup_fd int fd = -EBADF;
	/* No one reads the files of a container that is being made before its state is there. */
	bool at_once = dir->fresh && strcmp(name, STATE_FILE) != 0;
	char new_name[64];
	int result;

	if (format_text(new_name, sizeof(new_name), "%s%s", name, at_once ? "" : NEW_SUFFIX) >= sizeof(new_name) ||
	    strchr(name, '/'))
		return err_set(err, ERR_INTERNAL, "'%s' is no name of a state file", name);
	/* One that a killed writer left is overwritten. */
	fd = openat(dir->fd, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return cannot_write(dir, name, "openat", -errno, err);
	result = fd_write_all(fd, data, size);
	if (result < 0) {
		(void)unlinkat(dir->fd, new_name, 0);
		return cannot_write(dir, name, "write", result, err);
	}
	if (at_once || renameat(dir->fd, new_name, dir->fd, name) == 0)
		return 0;
	result = -errno;
	(void)unlinkat(dir->fd, new_name, 0);
	return cannot_write(dir, name, "renameat", result, err);
}

int state_get_file(const struct state_dir *dir, const char *name, struct arena *arena, size_t size_max,
		   const char **ret_data, size_t *ret_size, struct err *err)
{
	cleanup_fd int fd = openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	ssize_t size;
	char *data;

	if (fd < 0 || fstat(fd, &status) < 0) {
		int errnum = errno;

		err_sys(err, errnum, "openat", "cannot read %s of container %s", name, dir->id);
		if (errnum != ENOENT)
			return ERR;
		err->kind = ERR_STATE;
		err_why(err, "its create was interrupted, or the container was deleted meanwhile");
		return err_fix(err, "delete --force %s", dir->id);
	}
	if (!S_ISREG(status.st_mode) || status.st_size < 0 || (uint64_t)status.st_size > size_max) {
		err_set(err, ERR_STATE, "%s of container %s is not what was written there", name, dir->id);
		err_why(err, "it is no regular file, or larger than %zu bytes", size_max);
		return err_fix(err, "delete --force %s", dir->id);
	}
	data = arena_alloc(arena, (size_t)status.st_size + 1);
	if (!data)
		return err_set(err, ERR_INTERNAL, "out of memory for %s of container %s", name, dir->id);
	size = fd_read_full(fd, data, (size_t)status.st_size);
	if (size < 0)
		return err_sys(err, (int)size, "read", "cannot read %s of container %s", name, dir->id);
	data[size] = '\0';
	*ret_data = data;
	*ret_size = (size_t)size;
	return 0;
}
