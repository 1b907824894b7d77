/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain/paths: which file a call meant, as an absolute path below the process's own root, and that root. What the
 * process wrote is data here: it is only ever resolved below the root that is held.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "insight/explain/parts.h"

uint32_t explain_namespace(pid_t pid, const char *name)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	return stat(path, &status) < 0 ? 0 : (uint32_t)status.st_ino;
}

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, flags | O_CLOEXEC);
}

static struct explain_view *find_view(struct explain *explain, uint32_t mount_inode)
{
	for (size_t i = 0; i < explain->views_count; i++)
		if (explain->views[i].mount_inode == mount_inode)
			return &explain->views[i];
	return NULL;
}

pid_t paths_resident(struct explain *explain, uint32_t mount_inode)
{
	const struct explain_view *view = find_view(explain, mount_inode);

	return view ? view->pid : 0;
}

static void release(struct explain_view *view)
{
	fd_close(&view->root_fd);
	fd_close(&view->mounts_fd);
}

/* A free place; the oldest goes when there is none. */
static struct explain_view *new_view(struct explain *explain)
{
	if (explain->views_count == EXPLAIN_VIEWS_MAX) {
		release(&explain->views[0]);
		memmove(&explain->views[0], &explain->views[1], (EXPLAIN_VIEWS_MAX - 1) * sizeof(explain->views[0]));
		explain->views_count--;
	}
	return &explain->views[explain->views_count++];
}

void explain_hold(struct explain *explain, pid_t pid, uint32_t mount_inode)
{
	struct explain_view *view = find_view(explain, mount_inode);
	struct explain_view fresh = {
		.mount_inode = mount_inode,
		.root_fd = open_of(pid, "root", O_PATH | O_DIRECTORY),
		.mounts_fd = open_of(pid, "mountinfo", O_RDONLY),
		.pid = pid,
	};

	if (fresh.root_fd < 0 || explain_namespace(pid, "mnt") != mount_inode) {
		release(&fresh);
		return;
	}
	/* A runtime's process has one root before pivot_root and another after: the later one counts. */
	if (view)
		release(view);
	else
		view = new_view(explain);
	*view = fresh;
}

void paths_release(struct explain *explain)
{
	for (size_t i = 0; i < explain->views_count; i++)
		release(&explain->views[i]);
	explain->views_count = 0;
}

int paths_root(struct explain *explain, const struct observe_refusal *refusal)
{
	const struct explain_view *view;

	explain_hold(explain, refusal->pid, refusal->mount_inode);
	view = find_view(explain, refusal->mount_inode);
	return view ? view->root_fd : -ESRCH;
}

bool paths_mounts(struct explain *explain, const struct observe_refusal *refusal, char *buf, size_t size)
{
	const struct explain_view *view = find_view(explain, refusal->mount_inode);

	return view && view->mounts_fd >= 0 && lseek(view->mounts_fd, 0, SEEK_SET) == 0 &&
	       fd_read_text(view->mounts_fd, buf, size) > 0;
}

/* The names of a walk, which begins at the end, as a path. */
static void from_walk(const struct observe_refusal *refusal, char *out, size_t size)
{
	uint32_t length = refusal->walk_length < OBSERVE_WALK_MAX ? refusal->walk_length : OBSERVE_WALK_MAX;
	size_t used = 0;

	out[0] = '\0';
	while (length > 1) {
		uint32_t end = length - 1, start = end;
		size_t name;

		while (start > 0 && refusal->walk[start - 1] != '\0')
			start--;
		name = end - start;
		if (used + name + 2 > size)
			break;
		out[used++] = '/';
		memcpy(out + used, refusal->walk + start, name);
		used += name;
		length = start;
	}
	out[used] = '\0';
	if (used == 0)
		snprintf(out, size, "/");
}

/* The process's number in its own pid namespace: what /proc/self means to it. */
static pid_t inner_pid(pid_t pid)
{
	char path[64], text[4096];
	const char *line;
	pid_t inner = pid;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) < 0)
		return pid;
	line = strstr(text, "\nNSpid:");
	for (line = line ? line + strlen("\nNSpid:") : NULL; line && *line && *line != '\n';) {
		char *end;
		long value = strtol(line, &end, 10);

		if (end == line)
			break;
		inner = (pid_t)value;
		line = end;
	}
	return inner;
}

static void place_one(struct parts_case *one, int index)
{
	const struct observe_refusal *refusal = one->refusal;
	char given[OBSERVE_PATH_MAX], base[PARTS_PATH_MAX];
	char *out = one->path[index];

	snprintf(given, sizeof(given), "%.*s", (int)sizeof(given) - 1, refusal->path[index]);
	if (given[0] == '\0')
		return;
	if (strncmp(given, "/proc/self", 10) == 0 && (given[10] == '/' || given[10] == '\0')) {
		snprintf(out, PARTS_PATH_MAX, "/proc/%d%s", inner_pid(refusal->pid), given + 10);
	} else if (given[0] == '/') {
		snprintf(out, PARTS_PATH_MAX, "%s", given);
	} else {
		from_walk(refusal, base, sizeof(base));
		snprintf(out, PARTS_PATH_MAX, "%.700s%s%s", refusal->walk_length ? base : "", base[1] ? "/" : "",
		 given);
		if (!refusal->walk_length)
			out[0] = '\0';
	}
}

/* Does this call work on a file by its descriptor? */
static bool on_file(const struct observe_row *row)
{
	return row && row->fd && !row->path[0] && !row->address;
}

/* A socket of the file system is a file as well; relative ones begin at a directory that is not known. */
static void place_socket(struct parts_case *one)
{
	const char *address = one->refusal->path[1];
	uint16_t family;

	memcpy(&family, address, sizeof(family));
	if (family == AF_UNIX && address[sizeof(family)] == '/')
		snprintf(one->path[0], PARTS_PATH_MAX, "%.*s", (int)sizeof(((struct sockaddr_un *)0)->sun_path),
			 address + sizeof(family));
}

void paths_find(struct parts_case *one)
{
	const struct observe_row *row = one->row;

	if (row && row->address)
		place_socket(one);

	if (row && row->path[0])
		place_one(one, 0);
	if (row && row->path[1])
		place_one(one, 1);
	if (!one->path[0][0] && one->refusal->walk_length && row && (on_file(row) || row->path[0])) {
		from_walk(one->refusal, one->path[0], sizeof(one->path[0]));
		one->by_descriptor = true;
	}
	if (one->path[0][0])
		parts_text(one, TEXT_PATH, "%s", one->path[0]);
	else if (one->refusal->path[0][0] && row && row->path[0])
		parts_text(one, TEXT_PATH, "%.*s", OBSERVE_PATH_MAX - 1, one->refusal->path[0]);
}
