/* SPDX-License-Identifier: Apache-2.0 */
/* send: walk what was named and say what is there. Each step goes through the descriptor of the directory before, and a
 * link is read, not followed. What changes meanwhile is copied as it is found. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stddef.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/directory.h"
#include "people/copy/parts.h"

struct sender {
	int fd; /* to the receiver */
	struct frame *frame;
	struct copy_left_out *left_out;
};

static void describe(struct frame *frame, enum frame_kind kind, const char *name, const struct stat *info)
{
	memset(frame, 0, offsetof(struct frame, data));
	frame->kind = kind;
	frame->mode = info->st_mode & 0777;
	frame->uid = info->st_uid;
	frame->gid = info->st_gid;
	frame->seconds = info->st_mtim.tv_sec;
	frame->nanoseconds = (uint32_t)info->st_mtim.tv_nsec;
	memcpy(frame->name, name, strlen(name) + 1);
}

static int send_plain(const struct sender *sender, enum frame_kind kind, struct err *err)
{
	memset(sender->frame, 0, offsetof(struct frame, data));
	sender->frame->kind = kind;
	return wire_send(sender->fd, sender->frame, err);
}

static int send_file(const struct sender *sender, int file_fd, const char *name, const struct stat *info, struct err *err)
{
	/* One that grows all the time has an end all the same. */
	uint64_t left = info->st_size ? (uint64_t)info->st_size : COPY_UNSIZED_MAX;

	describe(sender->frame, FRAME_FILE, name, info);
	sender->frame->length = (uint64_t)info->st_size;
	if (wire_send(sender->fd, sender->frame, err))
		return ERR;
	while (left) {
		ssize_t count = fd_read_full(file_fd, sender->frame->data, left < COPY_DATA_MAX ? left : COPY_DATA_MAX);

		if (count < 0)
			return err_sys(err, (int)count, "read", "cannot read %s", name);
		if (count == 0)
			break;
		left -= (uint64_t)count;
		sender->frame->kind = FRAME_DATA;
		sender->frame->size = (uint32_t)count;
		if (wire_send(sender->fd, sender->frame, err))
			return ERR;
	}
	return send_plain(sender, FRAME_FILE_END, err);
}

static int send_link(const struct sender *sender, int dir_fd, const char *file, const char *name, const struct stat *info,
		     struct err *err)
{
	ssize_t length;

	describe(sender->frame, FRAME_LINK, name, info);
	length = readlinkat(dir_fd, file, sender->frame->data, 4096);
	if (length < 0)
		return err_sys(err, errno, "readlinkat", "cannot read the link %s", name);
	sender->frame->size = (uint32_t)length;
	return wire_send(sender->fd, sender->frame, err);
}

static int leave_out(const struct sender *sender, const char *name, const struct stat *info, struct err *err)
{
	if (!sender->left_out->count++)
		strcpy(sender->left_out->first, name);
	describe(sender->frame, FRAME_LEFT_OUT, name, info);
	return wire_send(sender->fd, sender->frame, err);
}

static int send_directory(const struct sender *sender, int dir_fd, const char *name, unsigned int depth, struct err *err);

static int send_entry(const struct sender *sender, int dir_fd, const char *name, unsigned int depth, struct err *err)
{
	int fd cleanup_fd = -EBADF;
	struct stat info;

	/* Gone since it was listed: as if it had never been. */
	if (fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "newfstatat", "cannot look at %s", name);
	if (S_ISLNK(info.st_mode))
		return send_link(sender, dir_fd, name, name, &info, err);
	if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
		return leave_out(sender, name, &info, err);
	/* Not blocking: it may have become a pipe. */
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "openat", "cannot open %s", name);
	if (fstat(fd, &info) < 0)
		return err_sys(err, errno, "fstat", "cannot look at %s", name);
	if (S_ISDIR(info.st_mode))
		return send_directory(sender, fd, name, depth, err);
	return S_ISREG(info.st_mode) ? send_file(sender, fd, name, &info, err) : leave_out(sender, name, &info, err);
}

static bool is_kernels_own(int dir_fd)
{
	struct statfs fs;

	return fstatfs(dir_fd, &fs) == 0 && (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
}

static int send_directory(const struct sender *sender, int dir_fd, const char *name, unsigned int depth, struct err *err)
{
	struct directory directory = {.fd = dir_fd};
	const char *entry;
	struct stat info;
	int result;

	if (fstat(dir_fd, &info) < 0)
		return err_sys(err, errno, "fstat", "cannot look at %s", name);
	if (depth && is_kernels_own(dir_fd))
		return leave_out(sender, name, &info, err);
	if (depth == COPY_DEPTH_MAX) {
		err_set(err, ERR_USAGE, "%s is more than %d directories deep", name, COPY_DEPTH_MAX);
		return err_fix(err, "copy what is below it by itself");
	}
	describe(sender->frame, FRAME_DIRECTORY, name, &info);
	if (wire_send(sender->fd, sender->frame, err))
		return ERR;
	while ((result = directory_next(&directory, &entry)) == 0 && entry)
		if (send_entry(sender, dir_fd, entry, depth + 1, err))
			return ERR;
	if (result < 0)
		return err_sys(err, result, "getdents64", "cannot list %s", name);
	return send_plain(sender, FRAME_UP, err);
}

static int cannot_find(const char *path, int errnum, struct err *err)
{
	err_sys(err, errnum, "openat2", "cannot open %s", path);
	return errnum == -ENOENT ? err_fix(err, "check the path: on the container's side it begins at its root") : ERR;
}

static int send_named(const struct sender *sender, const struct place *place, bool follow, struct err *err)
{
	char parent[4096], name[256];
	int result = place_split(place->path, parent, name), path_fd cleanup_fd = -EBADF, fd cleanup_fd = -EBADF;
	struct stat info;

	if (result < 0)
		return err_sys(err, result, "openat2", "cannot open %s", place->path);
	/* "DIR/" and "DIR/." mean what a link leads to. */
	follow = follow || !*name || place_ends_in_slash(place->path);
	path_fd = place_open(place, place->path, O_PATH, !follow);
	if (path_fd < 0)
		return cannot_find(place->path, path_fd, err);
	if (fstat(path_fd, &info) < 0)
		return err_sys(err, errno, "fstat", "cannot look at %s", place->path);
	if (S_ISLNK(info.st_mode))
		return send_link(sender, path_fd, "", name, &info, err);
	if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
		err_set(err, ERR_USAGE, "%s is neither a file, nor a directory, nor a link", place->path);
		return err_fix(err, "sockets, pipes and devices are not copied; make it anew on the other side");
	}
	fd = place_open(place, place->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, !follow);
	if (fd < 0)
		return cannot_find(place->path, fd, err);
	if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
		return send_directory(sender, fd, name, 0, err);
	if (!S_ISREG(info.st_mode)) {
		err_set(err, ERR_USAGE, "%s has become something else", place->path);
		return err_fix(err, "do it again, or pause the container meanwhile: bulkhead pause");
	}
	return send_file(sender, fd, name, &info, err);
}

int copy_send(const struct place *place, bool follow, int fd, struct frame *frame, struct copy_left_out *left_out,
	      struct err *err)
{
	const struct sender sender = {fd, frame, left_out};

	return send_named(&sender, place, follow, err) || send_plain(&sender, FRAME_END, err) ? ERR : 0;
}
