/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain/replay: the way to a file again, component by component, below the process's root: which one would refuse
 * these ids, on which mount it lies, what its attributes are. Opens with O_PATH alone: no device is touched, nothing is
 * read of a file but what the directory says of it. What has changed in between is not noticed: rows that rest on this
 * alone are guesses, unless the kernel was seen to ask for a capability over modes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "insight/explain/parts.h"
#include "kernel/mount.h"
#include "kernel/rootfs.h"

#define LINKS_MAX 40
#define MEMORY_MAGIC 0x01021994 /* TMPFS_MAGIC */
#define PROC_MAGIC   0x9fa0
#define SYSFS_MAGIC  0x62656572
#define CAPABILITY_DAC_OVERRIDE 1
#define CAPABILITY_DAC_READ_SEARCH 2

enum want { WANT_X = 1, WANT_W = 2, WANT_R = 4 };
enum target {
	TARGET_OBJECT, /* the file itself, in these ways */
	TARGET_PARENT, /* its directory, to be written */
	TARGET_SEARCH, /* only the way to it */
	TARGET_OPEN,   /* by the flags of open */
	TARGET_ACCESS, /* by the mode of access */
};

static const struct {
	const char *call;
	enum target target;
	unsigned int want;
	uint8_t flags; /* 1 + index of the argument that says it */
} ways[] = {
	{"access", TARGET_ACCESS, 0, 2},      {"faccessat", TARGET_ACCESS, 0, 3},  {"faccessat2", TARGET_ACCESS, 0, 3},
	{"open", TARGET_OPEN, 0, 2},	      {"openat", TARGET_OPEN, 0, 3},	   {"openat2", TARGET_OBJECT, WANT_R,
	 0},
	{"creat", TARGET_OBJECT, WANT_W, 0},  {"execve", TARGET_OBJECT, WANT_X, 0}, {"execveat", TARGET_OBJECT,
	 WANT_X, 0},
	{"truncate", TARGET_OBJECT, WANT_W, 0}, {"chdir", TARGET_OBJECT, WANT_X, 0}, {"fchdir", TARGET_OBJECT,
	 WANT_X, 0},
	{"chroot", TARGET_OBJECT, WANT_X, 0}, {"mkdir", TARGET_PARENT, 0, 0},	   {"mkdirat", TARGET_PARENT, 0, 0},
	{"mknod", TARGET_PARENT, 0, 0},	      {"mknodat", TARGET_PARENT, 0, 0},	   {"rmdir", TARGET_PARENT, 0, 0},
	{"unlink", TARGET_PARENT, 0, 0},      {"unlinkat", TARGET_PARENT, 0, 0},   {"rename", TARGET_PARENT, 0, 0},
	{"renameat", TARGET_PARENT, 0, 0},    {"renameat2", TARGET_PARENT, 0, 0},  {"symlink", TARGET_PARENT, 0, 0},
	{"symlinkat", TARGET_PARENT, 0, 0},   {"link", TARGET_SEARCH, 0, 0},	   {"linkat", TARGET_SEARCH, 0, 0},
	{"utimensat", TARGET_OBJECT, WANT_W, 0}, {"inotify_add_watch", TARGET_OBJECT, WANT_R, 0},
	{"connect", TARGET_OBJECT, WANT_W, 0}, {"sendto", TARGET_OBJECT, WANT_W, 0}, {"bind", TARGET_PARENT, 0, 0},
	{"setxattr", TARGET_OBJECT, WANT_W, 0}, {"lsetxattr", TARGET_OBJECT, WANT_W, 0},
};

struct walker {
	struct parts_case *one;
	struct rootfs root;
	enum target target;
	unsigned int want;
	bool create, exclusive;
	int links;
};

static bool has_capability(const struct parts_case *one, unsigned int number)
{
	return one->refusal->effective >> number & 1;
}

static bool in_group(const struct observe_refusal *refusal, uint32_t gid)
{
	if (refusal->fsgid == gid)
		return true;
	for (uint32_t i = 0; i < refusal->groups_count && i < OBSERVE_GROUPS_MAX; i++)
		if (refusal->groups[i] == gid)
			return true;
	return false;
}

/* Do owner, group and mode alone allow it? */
static bool mode_allows(const struct parts_case *one, const struct stat *status, unsigned int want)
{
	unsigned int bits = status->st_mode & 7;

	if (status->st_uid == one->refusal->fsuid)
		bits = status->st_mode >> 6 & 7;
	else if (in_group(one->refusal, status->st_gid))
		bits = status->st_mode >> 3 & 7;
	return (bits & want) == want;
}

static void describe(struct parts_case *one, const char *path, const struct stat *status)
{
	parts_text(one, TEXT_COMPONENT, "%s", path);
	parts_text(one, TEXT_MODE, "%04o", status->st_mode & 07777);
	parts_text(one, TEXT_OWNER, "%u:%u", status->st_uid, status->st_gid);
	if (!process_maps(one, PARTS_UIDS, status->st_uid, false) || !process_maps(one, PARTS_GIDS, status->st_gid,
	 false))
		parts_fact(one, FACT_OWNER_UNMAPPED);
}

/* One inode on the way. true when it refuses. */
static bool ask_mode(struct parts_case *one, const char *path, const struct stat *status, unsigned int want,
 bool directory)
{
	bool mapped = process_maps(one, PARTS_UIDS, status->st_uid, false) &&
		      process_maps(one, PARTS_GIDS, status->st_gid, false);

	if (want == 0 || mode_allows(one, status, want))
		return false;
	if (mapped && has_capability(one, CAPABILITY_DAC_OVERRIDE) &&
	    !(want & WANT_X && S_ISREG(status->st_mode) && !(status->st_mode & 0111)))
		return false;
	if (mapped && has_capability(one, CAPABILITY_DAC_READ_SEARCH) && !(want & WANT_W) &&
	    (S_ISDIR(status->st_mode) || want == WANT_R))
		return false;
	parts_fact(one, FACT_DAC_REFUSES);
	if (directory)
		parts_fact(one, FACT_DAC_DIRECTORY);
	describe(one, path, status);
	return true;
}

/* ---- what is mounted ---- */

static void find_mount(struct parts_case *one, int fd, struct mount_place *ret)
{
	char *text = malloc(PARTS_MOUNTS_MAX);

	if (mount_identify(fd, ret) == 0 && text &&
	    paths_mounts(one->explain, one->refusal, text, PARTS_MOUNTS_MAX))
		for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
			unsigned long long id;
			char point[1024];

			if (sscanf(line, "%llu %*u %*s %*s %1023s", &id, point) == 2 && id == ret->mount_id)
				parts_text(one, TEXT_MOUNT, "%s", point);
		}
	free(text);
}

static bool below(const char *path, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(path, prefix, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* What masks a path of the kernel is /dev/null or an empty directory in memory; cgroups stand in such a one, too. */
static bool is_mask(const struct parts_case *one, int fd, const struct stat *status, bool read_only)
{
	struct statfs fs;

	if (below(one->path[0], "/sys/fs/cgroup"))
		return false;
	if (S_ISCHR(status->st_mode))
		return status->st_rdev == makedev(1, 3);
	return read_only && fstatfs(fd, &fs) == 0 && fs.f_type == MEMORY_MAGIC;
}

static void ask_mount(struct parts_case *one, int fd, const struct stat *status)
{
	const char *path = one->path[0];
	struct mount_place more = {0};
	struct statfs kind;
	struct statvfs fs;
	bool kernel_files;

	find_mount(one, fd, &more);
	if (fstatvfs(fd, &fs) == 0) {
		kernel_files = below(path, "/proc") || below(path, "/sys");
		if (fs.f_flag & ST_RDONLY)
			parts_fact(one, kernel_files ? FACT_READ_ONLY_PATH : FACT_READ_ONLY);
		if (strcmp(one->texts[TEXT_MOUNT], "/") == 0)
			parts_fact(one, FACT_MOUNT_OF_ROOT);
		if (below(path, "/proc/sys"))
			parts_fact(one, FACT_PROC_SYS);
		if (fs.f_flag & ST_NOEXEC)
			parts_fact(one, FACT_NOEXEC);
		if (fs.f_bavail == 0 || (fs.f_files && fs.f_favail == 0))
			parts_fact(one, FACT_MOUNT_FULL);
		if (fs.f_flag & ST_NODEV)
			parts_fact(one, FACT_NODEV);
		if (kernel_files && is_mask(one, fd, status, fs.f_flag & ST_RDONLY)) {
			parts_fact(one, FACT_MASKED);
			parts_text(one, TEXT_COMPONENT, "%s", one->texts[TEXT_MOUNT]);
		}
	}
	if (fstatfs(fd, &kind) == 0 && (kind.f_type == PROC_MAGIC || kind.f_type == SYSFS_MAGIC))
		parts_fact(one, FACT_KERNEL_FILES);
	if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
		parts_fact(one, FACT_DEVICE);
	if (!(more.attributes & STATX_ATTR_MOUNT_ROOT) && process_needs_mount(one))
		parts_fact(one, FACT_NO_MOUNT);
	if (more.attributes & STATX_ATTR_IMMUTABLE)
		parts_fact(one, FACT_IMMUTABLE);
	if (more.attributes & STATX_ATTR_APPEND)
		parts_fact(one, FACT_APPEND_ONLY);
}

/* A directory in which nothing may be made, or removed. */
static void ask_attributes(struct walker *walker, const char *path, bool removes)
{
	struct parts_case *one = walker->one;
	struct mount_place place = {0};
	int fd cleanup_fd = rootfs_open(&walker->root, (struct root_path){path}, O_PATH, false);

	if (fd < 0 || mount_identify(fd, &place))
		return;
	if (place.attributes & STATX_ATTR_IMMUTABLE)
		parts_fact(one, FACT_IMMUTABLE);
	else if (removes && place.attributes & STATX_ATTR_APPEND)
		parts_fact(one, FACT_APPEND_ONLY);
	else
		return;
	parts_text(one, TEXT_COMPONENT, "%s", path);
}

/* ---- the way ---- */

/* fs.protected_NAME: 0 is off, 1 for directories that everybody may write to, 2 for those of groups, too. */
static long protected(const char *name)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/proc/sys/fs/protected_%s", name);
	return fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) > 0 ? strtol(text, NULL, 10) : 0;
}

static bool is_protected(const struct stat *parent, const struct stat *object)
{
	long value = protected(S_ISFIFO(object->st_mode) ? "fifos" : "regular");

	return (S_ISREG(object->st_mode) || S_ISFIFO(object->st_mode)) &&
	       ((value >= 1 && parent->st_mode & S_IWOTH) || (value >= 2 && parent->st_mode & S_IWGRP));
}

static void ask_parent(struct walker *walker, const char *path, const struct stat *parent, const struct stat *object)
{
	struct parts_case *one = walker->one;

	if (walker->target == TARGET_PARENT || (walker->create && !object))
		if (ask_mode(one, path[0] ? path : "/", parent, WANT_W | WANT_X, true))
			return;
	if (one->facts.errnum == EPERM && (walker->target == TARGET_PARENT || (walker->create && !object)))
		ask_attributes(walker, path[0] ? path : "/", object != NULL);
	if (!object || !(parent->st_mode & S_ISVTX))
		return;
	if (walker->target == TARGET_PARENT && object->st_uid != one->refusal->fsuid &&
	    parent->st_uid != one->refusal->fsuid) {
		parts_fact(one, FACT_STICKY);
		parts_text(one, TEXT_COMPONENT, "%s", path);
		parts_text(one, TEXT_OWNER, "%u:%u", object->st_uid, object->st_gid);
	}
	if (walker->create && !walker->exclusive && object->st_uid != one->refusal->fsuid &&
	    object->st_uid != parent->st_uid && is_protected(parent, object))
		parts_fact(one, FACT_REGULAR_UNSAFE);
}

/* protected_hardlinks: linking to what one does not own and could not write to. */
static void ask_link(struct parts_case *one, const struct stat *status)
{
	if (status->st_uid == one->refusal->fsuid || has_capability(one, 3 /* FOWNER */) || !protected("hardlinks"))
		return;
	if (S_ISREG(status->st_mode) && !(status->st_mode & S_ISUID) && mode_allows(one, status, WANT_R | WANT_W))
		return;
	parts_fact(one, FACT_LINK_UNSAFE);
}

static void arrive(struct walker *walker, const char *path, int fd, const struct stat *status)
{
	struct parts_case *one = walker->one;

	ask_mount(one, fd, status);
	if (status->st_uid != one->refusal->fsuid)
		parts_fact(one, FACT_OWNER_ELSE);
	if (S_ISDIR(status->st_mode))
		parts_fact(one, FACT_DIRECTORY);
	if (walker->target == TARGET_SEARCH)
		ask_link(one, status);
	if (walker->want & WANT_X && S_ISREG(status->st_mode) && !(status->st_mode & 0111))
		parts_fact(one, FACT_NO_X_BIT);
	if (walker->target != TARGET_PARENT && walker->target != TARGET_SEARCH)
		ask_mode(one, path, status, walker->want, false);
	if (!one->facts.texts[TEXT_COMPONENT])
		describe(one, path, status);
}

/* Put what a symlink says in place of the part of path that ends at `end`. */
static bool follow(struct walker *walker, char *path, size_t start, size_t end, int fd)
{
	char link[PATH_MAX], rest[PARTS_PATH_MAX];
	ssize_t length = readlinkat(fd, "", link, sizeof(link) - 1);

	if (length <= 0 || ++walker->links > LINKS_MAX)
		return false;
	link[length] = '\0';
	snprintf(rest, sizeof(rest), "%s", path + end);
	if (link[0] == '/')
		start = 0;
	else if (start + 1 < PARTS_PATH_MAX)
		path[start++] = '/';
	return (size_t)snprintf(path + start, PARTS_PATH_MAX - start, "%s%s", link, rest) < PARTS_PATH_MAX - start;
}

/* fs.protected_symlinks: in a directory like /tmp only the owner's. */
static void ask_symlink(struct parts_case *one, const char *path, const struct stat *link, const struct stat *parent)
{
	if ((parent->st_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH) || link->st_uid == one->refusal->fsuid ||
	    link->st_uid == parent->st_uid || !protected("symlinks"))
		return;
	parts_fact(one, FACT_SYMLINK_UNSAFE);
	describe(one, path, link);
}

/* From "/a/../b" to what is asked for, one component after the other. */
static void walk(struct walker *walker, char *path, bool no_follow)
{
	struct stat parent = {0}, status;
	size_t end = 0;

	fstat(walker->root.fd, &parent);
	for (;;) {
		char prefix[PARTS_PATH_MAX];
		size_t start = end;
		int fd cleanup_fd = -EBADF;
		bool last;

		snprintf(prefix, sizeof(prefix), "%.*s", (int)end, path);
		end += strspn(path + end, "/");
		end += strcspn(path + end, "/");
		last = path[end + strspn(path + end, "/")] == '\0';
		snprintf(prefix, sizeof(prefix), "%.*s", (int)end, path);
		fd = rootfs_open(&walker->root, (struct root_path){prefix[0] ? prefix : "/"}, O_PATH, true);
		if (fd < 0 || fstat(fd, &status) < 0) {
			snprintf(prefix, sizeof(prefix), "%.*s", (int)start, path);
			if (last && fd == -ENOENT)
				ask_parent(walker, prefix, &parent, NULL);
			return;
		}
		if (S_ISLNK(status.st_mode) && !(last && no_follow)) {
			ask_symlink(walker->one, prefix, &status, &parent);
			if (parts_has(walker->one, FACT_SYMLINK_UNSAFE) || !follow(walker, path, start, end, fd))
				return;
			end = path[0] == '/' && start == 0 ? 0 : start;
			continue;
		}
		if (last) {
			snprintf(prefix, sizeof(prefix), "%.*s", (int)start, path);
			ask_parent(walker, prefix, &parent, &status);
			if (!parts_has(walker->one, FACT_DAC_REFUSES) || walker->target == TARGET_PARENT)
				arrive(walker, path, fd, &status);
			return;
		}
		if (ask_mode(walker->one, prefix, &status, WANT_X, true))
			return;
		parent = status;
	}
}

static unsigned int open_wants(uint64_t flags)
{
	switch (flags & OBSERVE_OPEN_MODES) {
	case O_WRONLY:
		return WANT_W;
	case O_RDWR:
		return WANT_R | WANT_W;
	}
	return flags & O_TRUNC ? WANT_R | WANT_W : WANT_R;
}

static void choose(struct walker *walker)
{
	const struct parts_case *one = walker->one;

	walker->target = TARGET_OBJECT;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		uint64_t flags = ways[i].flags ? one->refusal->args[ways[i].flags - 1] : 0;

		if (strcmp(ways[i].call, one->facts.call))
			continue;
		walker->target = ways[i].target;
		walker->want = ways[i].want;
		if (walker->target == TARGET_OPEN) {
			walker->want = flags & O_PATH ? 0 : open_wants(flags);
			walker->create = flags & O_CREAT;
			walker->exclusive = flags & O_EXCL;
		} else if (walker->target == TARGET_ACCESS) {
			walker->want = (unsigned int)flags & 7;
		}
	}
	if (strcmp(one->facts.call, "creat") == 0)
		walker->create = true;
}

static void look_again(struct parts_case *one)
{
	struct walker walker = {.one = one, .root.fd = paths_root(one->explain, one->refusal)};
	char path[PARTS_PATH_MAX];
	int index = strcmp(one->facts.call, "mount") == 0 && one->path[1][0];

	parts_text(one, TEXT_IDS, "%u:%u", one->refusal->fsuid, one->refusal->fsgid);
	if (walker.root.fd < 0)
		parts_fact(one, FACT_GONE);
	if (walker.root.fd < 0 || one->path[index][0] != '/')
		return;
	choose(&walker);
	snprintf(path, sizeof(path), "%s", one->path[index]);
	walk(&walker, path, strstr(" lchown unlink unlinkat rename renameat renameat2 rmdir readlink lstat ",
	 one->facts.call));
	/* A new file: its directory says what it would lie on. */
	if (!one->facts.texts[TEXT_MOUNT]) {
		char *slash = strrchr(path, '/');
		struct stat status;
		int fd cleanup_fd = -EBADF;

		if (slash)
			*slash = '\0';
		fd = rootfs_open(&walker.root, (struct root_path){path[0] ? path : "/"}, O_PATH, false);
		if (fd >= 0 && fstat(fd, &status) == 0)
			ask_mount(one, fd, &status);
	}
}

void replay_file(struct parts_case *one)
{
	look_again(one);
	/* What was seen while it happened counts without its name. */
	if (!one->facts.texts[TEXT_MOUNT])
		parts_text(one, TEXT_MOUNT, "its mount");
}
