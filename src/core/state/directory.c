/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory: one container's directory below the state root. mkdir(2) decides who gets an id. Removing begins with a
 * rename to a name that is no id: from then on the container does not exist, and whoever finds the rest (a list, a
 * delete of the same id) takes it away. Runs in the runtime.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/state/parts.h"

#define REMOVE_ATTEMPTS 1000

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static bool id_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
	       c == '.' || c == '-';
}

static const char *id_fault(const char *id, size_t *ret_position)
{
	size_t length = strlen(id);

	*ret_position = 0;
	if (length == 0)
		return "empty";
	if (strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		return "name";
	for (size_t i = 0; i < length; i++) {
		*ret_position = i;
		if (!id_character(id[i]))
			return "character";
	}
	return length > STATE_ID_MAX ? "length" : NULL;
}

int state_check_id(const char *id, struct err *err)
{
	size_t at;
	const char *fault = id_fault(id, &at);

	if (!fault)
		return 0;
	if (fault[0] == 'e') {
		err_set(err, ERR_USAGE, "the container's id is empty");
	} else if (fault[0] == 'l') {
		err_set(err, ERR_USAGE, "the container's id has %zu characters", strlen(id));
	} else {
		err_set(err, ERR_USAGE, fault[0] == 'n' ? "container ID '%s' is invalid"
							: "container ID '%s' has an invalid character", id);
		if (fault[0] == 'n')
			err_why(err, "it is the name of a directory itself");
		else if ((unsigned char)id[at] > ' ' && (unsigned char)id[at] < 127)
			err_why(err, "character %zu is '%c'", at + 1, id[at]);
		else
			err_why(err, "character %zu is the byte 0x%02x", at + 1, (unsigned char)id[at]);
	}
	return err_fix(err, "use letters, digits, '_', '+', '-' and '.', at most %d of them", STATE_ID_MAX);
}

static bool is_id(const char *name)
{
	size_t at;

	return !id_fault(name, &at);
}

static int not_there(const char *id, struct err *err)
{
	err_set(err, ERR_STATE, "container does not exist: '%s'", id);
	err->errnum = ENOENT;
	return err_fix(err, "`list` shows the containers of this state root; another one is chosen by --root");
}

/* A record lock belongs to the process: a cloned child that waits to be started does not hold it on. */
static struct flock whole_file(short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

static int open_lock(int dir_fd)
{
	int fd = openat(dir_fd, STATE_LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

bool state_dir_is_locked(const struct state_dir *dir)
{
	cleanup_fd int fd = -EBADF;
	struct flock lock = whole_file(F_WRLCK);

	/* Ours: and closing another descriptor of the file would give it up. */
	if (dir->lock_fd >= 0)
		return false;
	fd = openat(dir->fd, STATE_LOCK_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Is what the name stands for now still this directory? */
static bool is_current(const struct state_dir *dir)
{
	cleanup_fd int root_fd = openat(dir->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat ours, named;

	return root_fd >= 0 && fstat(dir->fd, &ours) == 0 &&
	       fstatat(root_fd, dir->id, &named, AT_SYMLINK_NOFOLLOW) == 0 && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

int state_dir_lock(struct state_dir *dir, struct err *err)
{
	cleanup_fd int fd = -EBADF;
	struct flock lock = whole_file(F_WRLCK);

	if (dir->lock_fd >= 0)
		return 0;
	fd = open_lock(dir->fd);
	if (fd == -ENOENT)
		return not_there(dir->id, err);
	if (fd < 0)
		return err_sys(err, fd, "openat", "cannot open the lock of container %s", dir->id);
	while (fcntl(fd, F_SETLKW, &lock) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "fcntl", "cannot lock container %s", dir->id);
	if (!is_current(dir))
		return not_there(dir->id, err);
	dir->lock_fd = fd_take(&fd);
	return 0;
}

static int open_below(int root_fd, const char *id, struct state_dir *dir)
{
	int fd = openat(root_fd, id, DIRECTORY_FLAGS);

	if (fd < 0)
		return -errno;
	*dir = STATE_DIR_INIT;
	dir->fd = fd;
	format_text(dir->id, sizeof(dir->id), "%s", id);
	return 0;
}

/* A file, or the one directory that there may be, with the socket in it. 0 or -errno. */
static int delete_entry(int dir_fd, const char *name)
{
	cleanup_fd int fd = -EBADF;

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR || strcmp(name, STATE_NOTIFY_DIRECTORY) != 0)
		return -errno;
	fd = openat(dir_fd, name, DIRECTORY_FLAGS);
	if (fd >= 0)
		(void)unlinkat(fd, STATE_NOTIFY_SOCKET, 0);
	return unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

/* Delete the files of a directory that no longer has a container's name, then itself. Two may do so at once. */
static int delete_rest(int root_fd, const char *name, int dir_fd)
{
	int list_fd = openat(dir_fd, ".", DIRECTORY_FLAGS);
	DIR *list = list_fd < 0 ? NULL : fdopendir(list_fd);
	const struct dirent *entry;
	int result = 0, left;

	if (!list) {
		result = -errno;
		fd_close(&list_fd);
		return result;
	}
	while ((entry = readdir(list))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		left = delete_entry(dir_fd, entry->d_name);
		result = left < 0 ? left : result;
	}
	closedir(list);
	if (unlinkat(root_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT && result == 0)
		result = -errno;
	return result;
}

/* What a removal that was killed has left. */
static void sweep(int root_fd, const char *name)
{
	cleanup_fd int dir_fd = openat(root_fd, name, DIRECTORY_FLAGS);

	if (dir_fd >= 0)
		(void)delete_rest(root_fd, name, dir_fd);
}

static DIR *list_root(int root_fd)
{
	int list_fd = openat(root_fd, ".", DIRECTORY_FLAGS);
	DIR *list = list_fd < 0 ? NULL : fdopendir(list_fd);

	if (!list)
		fd_close(&list_fd);
	return list;
}

static void sweep_all(int root_fd)
{
	DIR *list = list_root(root_fd);
	const struct dirent *entry;

	while (list && (entry = readdir(list)))
		if (entry->d_name[0] == STATE_GONE_PREFIX)
			sweep(root_fd, entry->d_name);
	if (list)
		closedir(list);
}

static int cannot_make(const char *id, int errnum, struct err *err)
{
	if (errnum == -EEXIST) {
		err_set(err, ERR_STATE, "container with given ID already exists: '%s'", id);
		err->errnum = EEXIST;
		return err_fix(err, "use another id, or delete that container first (delete --force also takes what an "
				    "interrupted create has left)");
	}
	err_sys(err, errnum, "mkdirat", "cannot make the state directory of container %s", id);
	if (errnum == -ENOSPC)
		err_fix(err, "free space on the file system of the state root, or choose another one by --root");
	return ERR;
}

int state_dir_create(int root_fd, const char *id, struct state_dir *ret_dir, struct err *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	int result;

	if (state_check_id(id, err) < 0)
		return ERR;
	if (mkdirat(root_fd, id, 0700) < 0)
		return cannot_make(id, -errno, err);
	result = open_below(root_fd, id, &dir);
	if (result < 0) {
		(void)unlinkat(root_fd, id, AT_REMOVEDIR);
		return err_sys(err, result, "openat", "cannot open the state directory of container %s", id);
	}
	if (state_dir_lock(&dir, err) < 0) {
		/* On a full disk not even the lock can be made. Someone who took the directory away keeps it so. */
		if (is_current(&dir)) {
			(void)unlinkat(dir.fd, STATE_LOCK_FILE, 0);
			(void)unlinkat(root_fd, id, AT_REMOVEDIR);
		}
		state_dir_done(&dir);
		return ERR;
	}
	dir.fresh = true;
	*ret_dir = dir;
	return 0;
}

int state_dir_open(int root_fd, const char *id, struct state_dir *ret_dir, struct err *err)
{
	struct state_dir dir;
	int result;

	if (state_check_id(id, err) < 0)
		return ERR;
	result = open_below(root_fd, id, &dir);
	if (result == -ENOENT || result == -ENOTDIR) {
		sweep_all(root_fd);
		return not_there(id, err);
	}
	if (result < 0)
		return err_sys(err, result, "openat", "cannot open the state directory of container %s", id);
	*ret_dir = dir;
	return 0;
}

int state_dir_remove(int root_fd, struct state_dir *dir, struct err *err)
{
	char gone[32];
	struct stat status;
	int result, attempts = 0;

	if (fstat(dir->fd, &status) < 0)
		return err_sys(err, errno, "fstat", "cannot examine the state directory of container %s", dir->id);
	/* By someone else, meanwhile; who holds the lock has looked, and no one else removes it then. */
	if (dir->lock_fd < 0 && !is_current(dir))
		return 0;
	/* The inode's number: no two directories that exist have the same, and any id's length is left room. */
	format_text(gone, sizeof(gone), "%c%llu", STATE_GONE_PREFIX, (unsigned long long)status.st_ino);
	if (renameat(root_fd, dir->id, root_fd, gone) < 0)
		return errno == ENOENT ? 0
				       : err_sys(err, errno, "renameat",
						 "cannot remove the state directory of "
						 "container %s",
						 dir->id);
	/* Someone who opened it before may just be making its lock, to see then that it is gone: once for each. */
	do
		result = delete_rest(root_fd, gone, dir->fd);
	while (result == -ENOTEMPTY && ++attempts < REMOVE_ATTEMPTS);
	if (result < 0)
		return err_sys(err, result, "unlinkat", "cannot remove the state of container %s (now named %s)",
			       dir->id, gone);
	return 0;
}

void state_dir_done(struct state_dir *dir)
{
	if (!dir)
		return;
	fd_close(&dir->lock_fd);
	fd_close(&dir->fd);
}

static int compare(const void *one, const void *other)
{
	return strcmp(*(const char *const *)one, *(const char *const *)other);
}

/* A link of the list while its length is not known. */
struct found {
	const char *id;
	struct found *next;
};

int state_list(int root_fd, struct arena *arena, const char *const **ret_ids, size_t *ret_count, struct err *err)
{
	DIR *list = list_root(root_fd);
	const struct dirent *entry;
	struct found *head = NULL;
	const char **ids;
	size_t count = 0;

	if (!list)
		return err_sys(err, errno, "readdir", "cannot list the state root");
	while ((entry = readdir(list))) {
		struct found *found;

		if (entry->d_name[0] == STATE_GONE_PREFIX)
			sweep(root_fd, entry->d_name);
		if (!is_id(entry->d_name) || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		found = arena_alloc(arena, sizeof(*found));
		if (found)
			found->id = arena_strdup(arena, entry->d_name);
		if (!found || !found->id) {
			closedir(list);
			return err_set(err, ERR_INTERNAL, "out of memory while listing the state root");
		}
		found->next = head;
		head = found;
		count++;
	}
	closedir(list);
	ids = arena_calloc(arena, count + 1, sizeof(*ids));
	if (!ids)
		return err_set(err, ERR_INTERNAL, "out of memory while listing the state root");
	for (size_t i = 0; head; head = head->next)
		ids[i++] = head->id;
	qsort(ids, count, sizeof(*ids), compare);
	*ret_ids = ids;
	*ret_count = count;
	return 0;
}
