/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receive: make what the other side says. A file is written under a name of its own and then put into place by rename, so
 * that nothing that stands there already is opened; a directory that stands there is entered only when it is one, and not
 * a link to one. Set-id bits are dropped: they would give away the receiving side's user.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"
#include "people/copy/parts.h"

/* What is known of a directory that is being filled. */
struct level {
	int fd;
	bool made; /* by us: it gets its mode and time at the end */
	uint32_t mode, uid, gid;
	struct timespec time;
};

struct receiver {
	int fd;
	struct frame *frame;
	bool archive, inside; /* inside: what comes was sent by the caller */
	struct level levels[COPY_DEPTH_MAX + 2];
	size_t depth; /* levels[depth] is the directory that things are made in */
};

static int cannot(const char *call, const char *what, const char *name, struct err *err)
{
	int errnum = errno;

	err_sys(err, errnum, call, "cannot %s %s", what, name);
	if (errnum == EROFS) {
		err_why(err, "it is on a file system that is read-only there");
		err_fix(err, "copy it to a place that can be written: /tmp, or a --volume or --tmpfs of the container");
	}
	if (errnum == EOVERFLOW || errnum == EINVAL)
		err_why(err, "the owner has no id on that side");
	return ERR;
}

/* Owner, mode and time of what was made; a link has no mode. */
static int finish(const struct receiver *receiver, int fd, const struct level *what, const char *name, struct err *err)
{
	struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, what->time};

	if (receiver->archive && fchown(fd, what->uid, what->gid) < 0)
		return cannot("fchown", "set the owner of", name, err);
	if (fchmod(fd, what->mode & 0777) < 0)
		return cannot("fchmod", "set the mode of", name, err);
	return futimens(fd, times) < 0 ? cannot("utimensat", "set the time of", name, err) : 0;
}

static struct level described(const struct frame *frame)
{
	return (struct level){.fd = -EBADF, .made = true, .mode = frame->mode, .uid = frame->uid, .gid = frame->gid,
			      .time = {.tv_sec = frame->seconds,
				       .tv_nsec = frame->nanoseconds < 1000000000 ? frame->nanoseconds : 0}};
}

static int check_name(const char *name, struct err *err)
{
	if (*name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return 0;
	return err_set(err, ERR_INTERNAL, "the other side sent the name \"%s\"", name);
}

/* The name of what is not whole yet: the same for the same file, so that the next copy of it finds what a copy that was
 * killed has left; or one that nothing has. */
static void known_name(const char *of, char name[64])
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (; *of; of++)
		hash = (hash ^ (unsigned char)*of) * UINT64_C(1099511628211);
	snprintf(name, 64, ".bulkhead-cp-%016llx", (unsigned long long)hash);
}

static void new_name(char name[64])
{
	uint64_t number = 0;

	(void)!getrandom(&number, sizeof(number), 0);
	snprintf(name, 64, ".bulkhead-cp-%016llx", (unsigned long long)number);
}

/* Who writes a file holds a lock on it: without one it was left behind. One whose name is gone already may have a successor. */
static void remove_left_behind(int dir_fd, const char *name)
{
	int fd cleanup_fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat info;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
	    info.st_nlink == 1)
		unlinkat(dir_fd, name, 0);
}

/* Another copy took it for left behind before it was held, and removes it. A file system without locks loses none. */
static bool is_lost(int fd)
{
	struct stat info;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	return fstat(fd, &info) == 0 && info.st_nlink == 0;
}

static int make_file(int dir_fd, const char *name, char made[64])
{
	int fd;

	known_name(name, made);
	for (int tries = 0; tries < 2; tries++) {
		fd = openat(dir_fd, made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return fd;
		if (fd >= 0 && !is_lost(fd))
			return fd;
		fd_close(&fd);
		remove_left_behind(dir_fd, made);
	}
	new_name(made);
	return openat(dir_fd, made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Over a file or a link, and nothing else: rename(2) would replace a device. */
static int put_in_place(int dir_fd, const char *made, const char *name, struct err *err)
{
	struct stat info;

	if (fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode)) {
		unlinkat(dir_fd, made, 0);
		err_set(err, ERR_USAGE, "%s is there already, and is %s", name,
			S_ISDIR(info.st_mode) ? "a directory" : "no file");
		return err_fix(err, "remove it, or copy to another name");
	}
	if (renameat(dir_fd, made, dir_fd, name) == 0)
		return 0;
	cannot("renameat", "put into place", name, err);
	unlinkat(dir_fd, made, 0);
	return ERR;
}

static int write_file(struct receiver *receiver, int file_fd, const char *name, struct err *err)
{
	for (;;) {
		int result;

		if (wire_receive(receiver->fd, receiver->frame, err))
			return ERR;
		if (receiver->frame->kind == FRAME_FILE_END)
			return 0;
		if (receiver->frame->kind != FRAME_DATA) {
			if (wire_take_end(receiver->frame, err) == 0)
				err_set(err, ERR_INTERNAL, "the other side ended within %s", name);
			return ERR;
		}
		result = fd_write_all(file_fd, receiver->frame->data, receiver->frame->size);
		if (result < 0) {
			errno = -result;
			return cannot("write", "write", name, err);
		}
	}
}

static int take_file(struct receiver *receiver, const char *name, struct err *err)
{
	int dir_fd = receiver->levels[receiver->depth].fd, fd cleanup_fd = -EBADF;
	struct level what = described(receiver->frame);
	char made[64];

	fd = make_file(dir_fd, name, made);
	if (fd < 0)
		return cannot("openat", "make", name, err);
	if (write_file(receiver, fd, name, err) || finish(receiver, fd, &what, name, err)) {
		unlinkat(dir_fd, made, 0);
		return ERR;
	}
	return put_in_place(dir_fd, made, name, err);
}

static int take_link(struct receiver *receiver, const char *name, struct err *err)
{
	int dir_fd = receiver->levels[receiver->depth].fd;
	struct frame *frame = receiver->frame;
	char made[64];

	if (frame->size >= 4096)
		return err_set(err, ERR_INTERNAL, "the other side sent a link of %u bytes", frame->size);
	frame->data[frame->size] = '\0';
	new_name(made);
	if (symlinkat(frame->data, dir_fd, made) < 0)
		return cannot("symlinkat", "make the link", name, err);
	if (receiver->archive && fchownat(dir_fd, made, frame->uid, frame->gid, AT_SYMLINK_NOFOLLOW) < 0) {
		cannot("fchownat", "set the owner of", name, err);
		unlinkat(dir_fd, made, 0);
		return ERR;
	}
	return put_in_place(dir_fd, made, name, err);
}

/* To a file that the archive has brought before; links on the way lead to no other place than below the destination. */
static int take_hard_link(struct receiver *receiver, const char *name, struct err *err)
{
	const struct rootfs top = {receiver->levels[0].fd};
	int dir_fd = receiver->levels[receiver->depth].fd, from_fd cleanup_fd = -EBADF;
	char parent[4096], file[256], made[64];
	struct frame *frame = receiver->frame;
	struct stat info;
	int result;

	if (frame->size >= 4096)
		return err_set(err, ERR_INTERNAL, "the other side sent a link of %u bytes", frame->size);
	frame->data[frame->size] = '\0';
	result = place_split(frame->data, parent, file);
	from_fd = result < 0 ? result : rootfs_open(&top, (struct root_path){parent}, O_PATH | O_DIRECTORY, false);
	if (from_fd < 0 || fstatat(from_fd, file, &info, AT_SYMLINK_NOFOLLOW) < 0) {
		err_set(err, ERR_USAGE, "%s is a hard link to %s, which is not there", name, frame->data);
		return err_fix(err, "make the archive of both, so that the file comes before its links");
	}
	new_name(made);
	if (linkat(from_fd, file, dir_fd, made, 0) < 0)
		return cannot("linkat", "make the hard link", name, err);
	result = put_in_place(dir_fd, made, name, err);
	/* rename(2) does nothing where both are one file already. */
	unlinkat(dir_fd, made, 0);
	return result;
}

static int take_directory(struct receiver *receiver, const char *name, struct err *err)
{
	struct level what = described(receiver->frame);
	int dir_fd = receiver->levels[receiver->depth].fd;

	if (receiver->depth + 1 == ARRAY_SIZE(receiver->levels))
		return err_set(err, ERR_INTERNAL, "the other side sent more than %d directories deep", COPY_DEPTH_MAX);
	/* "DIR/.": its entries alone, into what is there. */
	if (!*name) {
		what.fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
		what.made = false;
	} else if (mkdirat(dir_fd, name, 0700) < 0) {
		if (errno != EEXIST)
			return cannot("mkdirat", "make the directory", name, err);
		what.made = false;
	}
	if (*name)
		what.fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (what.fd < 0) {
		cannot("openat", "enter the directory", name, err);
		return err_fix(err, "what has that name is no directory: remove it, or copy to another place");
	}
	receiver->levels[++receiver->depth] = what;
	return 0;
}

static int leave_directory(struct receiver *receiver, struct err *err)
{
	struct level *what = &receiver->levels[receiver->depth--];
	int result = what->made ? finish(receiver, what->fd, what, "the directory", err) : 0;

	fd_close(&what->fd);
	return result;
}

/* Until the end; what is first goes by the name that the destination has for it. */
static int take_all(struct receiver *receiver, const char first[256], struct copy_left_out *left_out, struct err *err)
{
	struct frame *frame = receiver->frame;
	char name[256];

	for (bool named = true;; named = false) {
		bool contents = named && frame->kind == FRAME_DIRECTORY && !*first;
		int result = 0;

		memcpy(name, named ? first : frame->name, sizeof(name));
		if ((frame->kind == FRAME_FILE || frame->kind == FRAME_LINK || frame->kind == FRAME_HARD_LINK ||
		     frame->kind == FRAME_DIRECTORY) && !contents && check_name(name, err))
			return ERR;
		if (frame->kind == FRAME_FILE) {
			result = take_file(receiver, name, err);
		} else if (frame->kind == FRAME_LINK) {
			result = take_link(receiver, name, err);
		} else if (frame->kind == FRAME_HARD_LINK && receiver->inside) {
			result = take_hard_link(receiver, name, err);
		} else if (frame->kind == FRAME_DIRECTORY) {
			result = take_directory(receiver, name, err);
		} else if (frame->kind == FRAME_UP && receiver->depth) {
			result = leave_directory(receiver, err);
		} else if (frame->kind == FRAME_LEFT_OUT) {
			if (!left_out->count++)
				memcpy(left_out->first, name, sizeof(name));
		} else {
			return wire_take_end(frame, err);
		}
		if (result || wire_receive(receiver->fd, frame, err))
			return ERR;
	}
}

/* Into a directory that is there, or as a new name in one. */
static int find_destination(struct receiver *receiver, const struct place *place, char name[256], struct err *err)
{
	const struct frame *frame = receiver->frame;
	int *dir_fd = &receiver->levels[0].fd, result;
	char parent[4096];

	memcpy(name, frame->name, sizeof(frame->name));
	*dir_fd = place_open(place, place->path, O_RDONLY | O_DIRECTORY, false);
	if (*dir_fd >= 0)
		return 0;
	if (*dir_fd != -ENOENT && *dir_fd != -ENOTDIR)
		return err_sys(err, *dir_fd, "openat2", "cannot open %s", place->path);
	if (place_ends_in_slash(place->path) || (*dir_fd == -ENOTDIR && frame->kind == FRAME_DIRECTORY)) {
		err_sys(err, *dir_fd, "openat2", "there is no directory %s", place->path);
		return err_fix(err, "make it first, or name one that is there");
	}
	result = place_split(place->path, parent, name);
	if (result == 0)
		result = *dir_fd = place_open(place, parent, O_RDONLY | O_DIRECTORY, false);
	if (result < 0) {
		err_sys(err, result, "openat2", "cannot open %s", parent);
		return err_fix(err, "make the directory %s first", parent);
	}
	return 0;
}

int copy_receive(const struct place *place, bool archive, int fd, struct frame *frame, struct copy_left_out *left_out,
		 struct err *err)
{
	struct receiver receiver = {.fd = fd, .frame = frame, .archive = archive, .inside = place->root != NULL,
				    .levels = {{.fd = -EBADF}}};
	char first[sizeof(frame->name)];
	int result;

	if (wire_receive(fd, frame, err))
		return ERR;
	if (frame->kind != FRAME_FILE && frame->kind != FRAME_LINK && frame->kind != FRAME_DIRECTORY)
		return wire_take_end(frame, err);
	result = find_destination(&receiver, place, first, err) || take_all(&receiver, first, left_out, err) ? ERR : 0;
	for (size_t i = 0; i <= receiver.depth; i++)
		fd_close(&receiver.levels[i].fd);
	return result;
}
