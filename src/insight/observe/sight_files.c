/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe/sight_files: which files a call names, and how it means to use them. A call is seen at its beginning, so that
 * what it will be given is found out by looking: a file that is not there, and that the call does not make, was not used.
 * Names are followed below the process's own root (kernel/rootfs.h); what cannot be looked at is told as it is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "insight/observe/sights.h"
#include "kernel/ptrace.h"
#include "kernel/rootfs.h"

#define TEXT_MAX	   (2 * PATH_MAX + 8)
#define INTERPRETER_DEPTH  4 /* as the kernel follows them: a script's, and so on */
#define INTERPRETER_LINE   256

/* Where the flags of an open stand. */
enum flags_place { FLAGS_NONE, FLAGS_ARGUMENT, FLAGS_HOW };

/* Numbers are 1 + the argument's index; directory 0: the current one. */
static const struct row {
	const char *name;
	struct {
		uint8_t path, directory, access;
	} files[2];
	enum flags_place flags;
	uint8_t flags_argument;
} rows[] = {
	{"creat", {{1, 0, OBSERVE_WRITE | OBSERVE_MAKE}}, FLAGS_NONE, 0},
	{"execve", {{1, 0, OBSERVE_EXECUTE}}, FLAGS_NONE, 0},
	{"execveat", {{2, 1, OBSERVE_EXECUTE}}, FLAGS_NONE, 0},
	{"link", {{2, 0, OBSERVE_WRITE | OBSERVE_MAKE}}, FLAGS_NONE, 0},
	{"linkat", {{4, 3, OBSERVE_WRITE | OBSERVE_MAKE}}, FLAGS_NONE, 0},
	{"mkdir", {{1, 0, OBSERVE_WRITE | OBSERVE_MAKE}}, FLAGS_NONE, 0},
	{"mkdirat", {{2, 1, OBSERVE_WRITE | OBSERVE_MAKE}}, FLAGS_NONE, 0},
	{"mknod", {{1, 0, OBSERVE_WRITE | OBSERVE_MAKE}}, FLAGS_NONE, 0},
	{"mknodat", {{2, 1, OBSERVE_WRITE | OBSERVE_MAKE}}, FLAGS_NONE, 0},
	{"open", {{1, 0, 0}}, FLAGS_ARGUMENT, 2},
	{"openat", {{2, 1, 0}}, FLAGS_ARGUMENT, 3},
	{"openat2", {{2, 1, 0}}, FLAGS_HOW, 3},
	{"rename", {{1, 0, OBSERVE_REPLACE}, {2, 0, OBSERVE_REPLACE | OBSERVE_MAKE}}, FLAGS_NONE, 0},
	{"renameat", {{2, 1, OBSERVE_REPLACE}, {4, 3, OBSERVE_REPLACE | OBSERVE_MAKE}}, FLAGS_NONE, 0},
	{"renameat2", {{2, 1, OBSERVE_REPLACE}, {4, 3, OBSERVE_REPLACE | OBSERVE_MAKE}}, FLAGS_NONE, 0},
	{"rmdir", {{1, 0, OBSERVE_REPLACE}}, FLAGS_NONE, 0},
	{"symlink", {{2, 0, OBSERVE_WRITE | OBSERVE_MAKE}}, FLAGS_NONE, 0},
	{"symlinkat", {{3, 2, OBSERVE_WRITE | OBSERVE_MAKE}}, FLAGS_NONE, 0},
	{"truncate", {{1, 0, OBSERVE_WRITE}}, FLAGS_NONE, 0},
	{"unlink", {{1, 0, OBSERVE_REPLACE}}, FLAGS_NONE, 0},
	{"unlinkat", {{2, 1, OBSERVE_REPLACE}}, FLAGS_NONE, 0},
};

uint8_t sights_file_row(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return (uint8_t)(i + 1);
	return 0;
}

/* One file that is looked at. */
struct look {
	struct sights *sights;
	const struct sight_call *call;
	struct rootfs root; /* of the process */
	uint32_t access;
	char text[TEXT_MAX]; /* absolute, as the process wrote it */
};

static ssize_t read_link(const char *link, char *buf, size_t size)
{
	ssize_t length = readlink(link, buf, size - 1);

	buf[length > 0 ? length : 0] = '\0';
	return length;
}

/* The call's path behind the directory that it is relative to. False: there is none, or it cannot be read. */
static bool read_path(struct look *look, uint8_t path, uint8_t directory)
{
	const struct sight_call *call = look->call;
	char words[PATH_MAX + 1], link[64], place[PATH_MAX];
	int fd = directory ? (int)call->args[directory - 1] : AT_FDCWD;

	observe_read_text(call->tid, call->args[path - 1], words, sizeof(words));
	if (look->sights->is_valid && !look->sights->is_valid(look->sights->context))
		return false;
	if (words[0] == '/') {
		snprintf(look->text, sizeof(look->text), "%s", words);
		return true;
	}
	/* execveat(2) of a descriptor alone. */
	if (!words[0] && (!directory || fd == AT_FDCWD))
		return false;
	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", call->tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", call->tid, fd);
	if (read_link(link, place, sizeof(place)) <= 0 || place[0] != '/')
		return false;
	snprintf(look->text, sizeof(look->text), "%s%s%s", place, words[0] ? "/" : "", words);
	return true;
}

static void send_file(struct look *look, const char *path, uint32_t access, uint32_t mode, uint32_t flags)
{
	struct observe_sight *sight = sights_record(look->sights, look->call, OBSERVE_SIGHT_FILE);

	sight->access = access;
	sight->mode = mode;
	sight->flags |= flags;
	sights_put_path(sight, path, strlen(path));
	sights_send(look->sights);
}

/* In the process's own procfs "self" is itself, which to whoever looks is nobody. */
static bool is_own(const char *path)
{
	return strncmp(path, "/proc/self/", 11) == 0 || strncmp(path, "/proc/thread-self/", 18) == 0;
}

static bool name_of(int fd, char *buf, size_t size)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return read_link(link, buf, size) > 0 && buf[0] == '/';
}

static void look_at(struct look *look, unsigned int depth);

/* "#!/bin/sh -e": its program is executed too. */
static void look_at_interpreter(struct look *look, int path_fd, unsigned int depth)
{
	char link[64], line[INTERPRETER_LINE];
	int fd cleanup_fd = -EBADF;
	size_t length;
	ssize_t got;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	got = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	if (depth == INTERPRETER_DEPTH || got < 3 || line[0] != '#' || line[1] != '!')
		return;
	line[got] = '\0';
	length = strspn(line + 2, " \t");
	snprintf(look->text, sizeof(look->text), "%.*s", (int)strcspn(line + 2 + length, " \t\n"), line + 2 + length);
	if (look->text[0] == '/')
		look_at(look, depth + 1);
}

/* It is there, opened with O_PATH. */
static void found(struct look *look, int fd, unsigned int depth)
{
	char path[PATH_MAX];
	struct stat status;

	if (fstat(fd, &status) < 0 || !name_of(fd, path, sizeof(path)))
		return;
	send_file(look, path, look->access & ~(uint32_t)OBSERVE_MAKE, status.st_mode, 0);
	if (look->access & OBSERVE_EXECUTE && S_ISREG(status.st_mode))
		look_at_interpreter(look, fd, depth);
}

/* The name itself is meant, whatever it is a link to, or nothing has it yet: its directory, and it. */
static void look_at_name(struct look *look)
{
	bool makes = look->access & OBSERVE_MAKE;
	char above[TEXT_MAX], path[PATH_MAX], whole[TEXT_MAX + PATH_MAX];
	int fd cleanup_fd = -EBADF, own_fd cleanup_fd = -EBADF;
	struct stat status = {0};
	char *slash;
	size_t end = strlen(look->text);

	while (end > 1 && look->text[end - 1] == '/')
		look->text[--end] = '\0';
	snprintf(above, sizeof(above), "%s", look->text);
	slash = strrchr(above, '/');
	if (!slash || !slash[1])
		return;
	*slash = '\0';
	fd = rootfs_open(&look->root, (struct root_path){above[0] ? above : "/"}, O_PATH | O_DIRECTORY, false);
	if (fd == -EACCES || fd == -EPERM) {
		send_file(look, look->text, look->access, 0, OBSERVE_SIGHT_WORDS);
		return;
	}
	if (fd < 0 || !name_of(fd, path, sizeof(path)))
		return;
	if (fstatat(fd, slash + 1, &status, AT_SYMLINK_NOFOLLOW) < 0 && !makes)
		return;
	snprintf(whole, sizeof(whole), "%s/%s", path[1] ? path : "", slash + 1);
	send_file(look, whole, look->access, status.st_mode, 0);
}

static void look_at(struct look *look, unsigned int depth)
{
	bool name = look->access & OBSERVE_REPLACE;
	int fd cleanup_fd = -EBADF;
	char target[PATH_MAX];

	if (is_own(look->text)) {
		send_file(look, look->text, look->access, 0, OBSERVE_SIGHT_WORDS);
		return;
	}
	if (!name)
		fd = rootfs_open(&look->root, (struct root_path){look->text}, O_PATH, false);
	if (fd >= 0) {
		found(look, fd, depth);
		return;
	}
	if (!name && (fd == -EACCES || fd == -EPERM)) {
		send_file(look, look->text, look->access, 0, OBSERVE_SIGHT_WORDS);
		return;
	}
	/* A link that leads into procfs: /etc/mtab. */
	fd = name ? -EBADF : rootfs_open(&look->root, (struct root_path){look->text}, O_PATH, true);
	if (fd >= 0 && readlinkat(fd, "", target, sizeof(target) - 1) > 0) {
		target[readlinkat(fd, "", target, sizeof(target) - 1)] = '\0';
		if (is_own(target) || strncmp(target, "../proc/self/", 13) == 0)
			send_file(look, strstr(target, "/proc/"), look->access, 0, OBSERVE_SIGHT_WORDS);
		return;
	}
	if (name || look->access & OBSERVE_MAKE)
		look_at_name(look);
}

/* What an open asks for; 0: nothing that a rule is about. */
static uint32_t access_of_flags(uint64_t flags)
{
	uint32_t access;

	if (flags & O_PATH)
		return 0;
	/* A file without a name is made in the directory that is opened. */
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return OBSERVE_WRITE;
	access = (flags & OBSERVE_OPEN_MODES) == O_RDONLY ? OBSERVE_READ
		 : (flags & OBSERVE_OPEN_MODES) == O_WRONLY ? OBSERVE_WRITE : OBSERVE_READ | OBSERVE_WRITE;
	return access | (flags & O_TRUNC ? OBSERVE_WRITE : 0) | (flags & O_CREAT ? OBSERVE_WRITE | OBSERVE_MAKE : 0);
}

static uint32_t access_of_open(const struct sight_call *call, const struct row *row)
{
	uint64_t flags = call->args[row->flags_argument - 1], how[3];

	if (row->flags == FLAGS_HOW) {
		if (ptrace_read(call->tid, flags, how, sizeof(how)) != (ssize_t)sizeof(how))
			return 0;
		flags = how[0];
	}
	return access_of_flags(flags);
}

uint32_t observe_access_of(const char *name, const uint64_t args[6])
{
	uint8_t number = sights_file_row(name);
	const struct row *row = &rows[number - 1];

	if (!number)
		return 0;
	if (row->flags == FLAGS_NONE)
		return row->files[0].access;
	/* What stands in memory is gone: the more careful guess. */
	return row->flags == FLAGS_HOW ? OBSERVE_READ | OBSERVE_WRITE : access_of_flags(args[row->flags_argument - 1]);
}

void sights_take_files(struct sights *sights, const struct sight_call *call, uint8_t row_number)
{
	const struct row *row = &rows[row_number - 1];
	struct look look = {.sights = sights, .call = call, .root.fd = -EBADF};
	char link[64];
	uint64_t hash;

	for (size_t i = 0; i < 2 && row->files[i].path; i++) {
		look.access = row->flags == FLAGS_NONE ? row->files[i].access : access_of_open(call, row);
		if (!look.access || !read_path(&look, row->files[i].path, row->files[i].directory))
			continue;
		hash = sights_hash(look.access, look.text, strlen(look.text));
		if (sights_know(sights, hash, false))
			continue;
		if (look.root.fd < 0) {
			snprintf(link, sizeof(link), "/proc/%d/root", call->tid);
			look.root.fd = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
		}
		if (look.root.fd < 0)
			break;
		sights->sent = false;
		look_at(&look, 0);
		/* What is not there yet may be there the next time. */
		if (sights->sent)
			sights_know(sights, hash, true);
	}
	fd_close(&look.root.fd);
}
