/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/rootfs: see rootfs.h. Runs in the child (mounts, devices) and in the runtime. Each look-up is one openat2 from
 * the pinned root; what is made is made by *at() on the parent's descriptor with a single name that is never followed.
 */
#include "kernel/rootfs.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/call.h"

/* openat2 answers EAGAIN when a rename or a mount anywhere on the machine ran beside a ".."; an attacker can cause that
 * for long, but must not hold us for ever. */
#define RETRIES_MAX 1024
/* As many symlinks as the kernel follows in one path. */
#define LINKS_MAX 40

static int open_resolved(int root_fd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	int fd;

	for (int tries = 0; tries < RETRIES_MAX; tries++) {
		fd = kernel_result(syscall(SYS_openat2, root_fd, path, &how, sizeof(how)));
		if (fd != -EAGAIN && fd != -EINTR)
			return fd;
	}
	return -EAGAIN;
}

static int open_in_root(int root_fd, const char *path, uint64_t flags)
{
	return open_resolved(root_fd, path, flags, 0);
}

int rootfs_open(const struct rootfs *root, struct root_path path, int flags, bool no_follow)
{
	if (no_follow)
		flags |= O_NOFOLLOW;
	/* "" means the root itself, as "/" does. O_CREAT would need a mode: files are made by rootfs_make_file. */
	if (flags & O_CREAT)
		return -EINVAL;
	return open_in_root(root->fd, *path.text ? path.text : "/", (unsigned int)flags);
}

int rootfs_open_plain(const struct rootfs *root, struct root_path path)
{
	return open_resolved(root->fd, *path.text ? path.text : "/", O_PATH, RESOLVE_NO_SYMLINKS);
}

/* Where the last component begins and ends; false when there is none ("/"), or when it is "." or "..". */
static bool last_component(const char *path, size_t *ret_start, size_t *ret_end)
{
	size_t end = strlen(path), start;

	while (end && path[end - 1] == '/')
		end--;
	for (start = end; start && path[start - 1] != '/'; start--)
		;
	*ret_start = start;
	*ret_end = end;
	if (end == start || (end - start == 1 && path[start] == '.'))
		return false;
	return !(end - start == 2 && path[start] == '.' && path[start + 1] == '.');
}

/* The last component of path in name (NAME_MAX + 1 bytes), what stands before it in parent (PATH_MAX). */
static int split_path(const char *path, char *parent, char *name)
{
	size_t start, end;

	if (!last_component(path, &start, &end))
		return -EINVAL;
	if (end - start > NAME_MAX || start >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(name, path + start, end - start);
	name[end - start] = '\0';
	memcpy(parent, path, start);
	parent[start] = '\0';
	return 0;
}

/* The path that is being made: symlinks whose target does not exist yet are replaced by their text. */
struct walk {
	const struct rootfs *root;
	char path[PATH_MAX];
	int links;
};

static int walk_begin(struct walk *walk, const struct rootfs *root, const char *path)
{
	size_t length = strlen(path);

	if (length >= sizeof(walk->path))
		return -ENAMETOOLONG;
	walk->root = root;
	walk->links = 0;
	memcpy(walk->path, path, length + 1);
	return 0;
}

/* The name at walk->path[start … end) is a symlink in parent_fd that leads to nothing: put its text in its place. The
 * result is resolved from the root again, so a text that lies gains nothing. */
static int walk_expand(struct walk *walk, int parent_fd, const char *name, size_t start, size_t end)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t length = readlinkat(parent_fd, name, target, sizeof(target) - 1);
	size_t rest_length = strlen(walk->path + end);

	if (length < 0)
		return errno == EINVAL ? -ENOTDIR : -errno;
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	target[length] = '\0';
	if (target[0] == '/')
		start = 0;
	if (start + (size_t)length + rest_length >= sizeof(walk->path))
		return -ENAMETOOLONG;
	memcpy(rest, walk->path + end, rest_length + 1);
	memcpy(walk->path + start, target, (size_t)length);
	memcpy(walk->path + start + (size_t)length, rest, rest_length + 1);
	return 0;
}

/* Make the directory `name` in parent_fd. 1: expanded, start again; 0: *fd is the new directory; or -errno. */
static int walk_make(struct walk *walk, int parent_fd, const char *name, size_t start, size_t end, int *ret_fd)
{
	int result = kernel_result(mkdirat(parent_fd, name, 0755));

	if (result < 0 && result != -EEXIST)
		return result;
	result = kernel_result(openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (result >= 0) {
		*ret_fd = result;
		return 0;
	}
	/* O_DIRECTORY with O_NOFOLLOW answers ENOTDIR for a symlink, too. */
	if (result != -ENOTDIR && result != -ELOOP)
		return result;
	result = walk_expand(walk, parent_fd, name, start, end);
	return result < 0 ? result : 1;
}

/* One pass over the components. 1: a symlink was expanded, start again; 0 with *ret_fd; or -errno. */
static int walk_pass(struct walk *walk, int *ret_fd)
{
	cleanup_fd int parent_fd = open_in_root(walk->root->fd, "/", O_PATH | O_DIRECTORY);
	size_t start = 0, end;

	if (parent_fd < 0)
		return parent_fd;
	for (;; start = end) {
		char name[NAME_MAX + 1], saved;
		int fd, result;

		while (walk->path[start] == '/')
			start++;
		for (end = start; walk->path[end] && walk->path[end] != '/'; end++)
			;
		if (end == start)
			break;
		if (end - start > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, walk->path + start, end - start);
		name[end - start] = '\0';

		/* Up to here, from the root, so that ".." and symlinks are the kernel's business. */
		saved = walk->path[end];
		walk->path[end] = '\0';
		fd = open_in_root(walk->root->fd, walk->path, O_PATH | O_DIRECTORY);
		walk->path[end] = saved;
		/* "." and ".." are never made: that they are missing means that what was opened before has been moved, perhaps
		 * out of the root, and ".." of that would lead outside. */
		if (fd == -ENOENT && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			result = walk_make(walk, parent_fd, name, start, end, &fd);
			if (result != 0)
				return result;
		}
		if (fd < 0)
			return fd;
		fd_close(&parent_fd);
		parent_fd = fd;
	}
	*ret_fd = fd_take(&parent_fd);
	return 0;
}

/* The common case: only the last component is missing. -ENOENT or -ENOTDIR: it is another one. */
static int make_last(const struct rootfs *root, const char *path)
{
	cleanup_fd int parent_fd = -EBADF;
	char name[NAME_MAX + 1], parent[PATH_MAX];
	int result = split_path(path, parent, name);

	if (result < 0)
		return -ENOENT;
	parent_fd = open_in_root(root->fd, *parent ? parent : "/", O_PATH | O_DIRECTORY);
	if (parent_fd < 0)
		return parent_fd;
	if (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	return kernel_result(openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

int rootfs_make_directory(const struct rootfs *root, struct root_path path)
{
	int fd = rootfs_open(root, path, O_PATH | O_DIRECTORY, false);
	struct walk walk;
	int result;

	if (fd != -ENOENT)
		return fd;
	fd = make_last(root, path.text);
	if (fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP)
		return fd;
	result = walk_begin(&walk, root, path.text);
	while (result == 0) {
		result = walk_pass(&walk, &fd);
		if (result == 0)
			return fd;
		if (result == 1)
			result = 0;
	}
	return result;
}

int rootfs_make_parent(const struct rootfs *root, struct root_path path, char *name)
{
	char parent[PATH_MAX];
	int result = split_path(path.text, parent, name);

	return result < 0 ? result : rootfs_make_directory(root, (struct root_path){parent});
}

int rootfs_make_file(const struct rootfs *root, struct root_path path)
{
	int fd = rootfs_open(root, path, O_PATH, false);
	struct walk walk;
	int result;

	if (fd != -ENOENT)
		return fd;
	result = walk_begin(&walk, root, path.text);
	while (result == 0) {
		struct root_path now = {walk.path};
		cleanup_fd int parent_fd = -EBADF;
		char name[NAME_MAX + 1];
		size_t start, end;

		parent_fd = rootfs_make_parent(root, now, name);
		if (parent_fd < 0)
			return parent_fd;
		/* Never follows a symlink, and opens nothing. */
		result = kernel_result(mknodat(parent_fd, name, S_IFREG | 0644, 0));
		if (result == 0)
			return kernel_result(openat(parent_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
		if (result != -EEXIST)
			return result;
		fd = rootfs_open(root, now, O_PATH, false);
		if (fd != -ENOENT)
			return fd;
		last_component(walk.path, &start, &end);
		result = walk_expand(&walk, parent_fd, name, start, end);
	}
	return result;
}
