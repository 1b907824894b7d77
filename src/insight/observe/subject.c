/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe/subject: a process that stands still, from its files in procfs: ids, capabilities, limits, maps of its user
 * namespace.
 * The ids in these files are those of our own user namespace, and so are the maps' outer ids; what is unknown stays so.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "insight/observe/observe.h"
#include "kernel/ptrace.h"

#define STATUS_MAX 8192

void observe_command_of(pid_t tid, char comm[16])
{
	char path[64], text[32] = "";

	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	fd_read_text_at(AT_FDCWD, path, text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	memcpy(comm, text, 15);
	comm[15] = '\0';
}

static const char *field(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? at + strlen(name) : "";
}

static int read_of(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fd_read_text_at(AT_FDCWD, path, buf, size) < 0 ? ERR : 0;
}

pid_t observe_group_of(pid_t tid)
{
	char status[STATUS_MAX];
	pid_t pid;

	if (read_of(tid, "status", status, sizeof(status)))
		return tid;
	pid = (pid_t)strtol(field(status, "\nTgid:"), NULL, 10);
	return pid > 0 ? pid : tid;
}

uint64_t observe_capabilities_of(pid_t tid)
{
	char status[STATUS_MAX];

	return read_of(tid, "status", status, sizeof(status)) ? 0 : strtoull(field(status, "\nCapEff:"), NULL, 16);
}

void observe_read_text(pid_t tid, uint64_t address, char *buf, size_t size)
{
	size_t used = 0;

	/* Page by page: a string may end where its page does. */
	while (used < size - 1) {
		size_t page = 4096 - (address + used) % 4096, want = size - 1 - used;
		ssize_t got = ptrace_read(tid, address + used, buf + used, want < page ? want : page);

		if (got <= 0)
			break;
		used += (size_t)got;
		if (memchr(buf, '\0', used))
			return;
	}
	buf[used] = '\0';
}

static uint32_t namespace_inode(pid_t pid, const char *name)
{
	char path[96];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	return stat(path, &status) < 0 ? 0 : (uint32_t)status.st_ino;
}

static void read_groups(struct observe_refusal *record, const char *text)
{
	char *end;

	record->groups_count = 0;
	for (;;) {
		unsigned long id = strtoul(text, &end, 10);

		/* Numbers of the same line only. */
		if (end == text || memchr(text, '\n', (size_t)(end - text)))
			return;
		if (record->groups_count < OBSERVE_GROUPS_MAX)
			record->groups[record->groups_count] = (uint32_t)id;
		record->groups_count++;
		text = end;
	}
}

static void read_map(pid_t pid, const char *name, struct observe_map *ret)
{
	char text[4096];

	ret->count = OBSERVE_EXTENTS_MAX + 1;
	if (read_of(pid, name, text, sizeof(text)))
		return;
	ret->count = 0;
	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		uint32_t inside, outside, count;

		if (sscanf(line, "%u %u %u", &inside, &outside, &count) != 3)
			continue;
		if (ret->count < OBSERVE_EXTENTS_MAX) {
			ret->extents[ret->count].inside = inside;
			ret->extents[ret->count].outside = outside;
			ret->extents[ret->count].count = count;
		}
		ret->count++;
	}
}

void observe_describe(struct observe_refusal *record)
{
	char status[STATUS_MAX], setgroups[16] = "";
	struct rlimit limit;
	pid_t pid = record->tid;

	if (read_of(pid, "status", status, sizeof(status)) == 0) {
		sscanf(field(status, "\nUid:"), "%*u %u %*u %u", &record->uid, &record->fsuid);
		sscanf(field(status, "\nGid:"), "%*u %u %*u %u", &record->gid, &record->fsgid);
		record->effective = strtoull(field(status, "\nCapEff:"), NULL, 16);
		record->permitted = strtoull(field(status, "\nCapPrm:"), NULL, 16);
		record->bounding = strtoull(field(status, "\nCapBnd:"), NULL, 16);
		record->seccomp_mode = (uint32_t)strtoul(field(status, "\nSeccomp:"), NULL, 10);
		record->flags |= strtoul(field(status, "\nNoNewPrivs:"), NULL, 10) ? OBSERVE_NO_NEW_PRIVS : 0;
		/* More filters than were seen being loaded. */
		if (strtoul(field(status, "\nSeccomp_filters:"), NULL, 10) > record->filters_count)
			record->flags |= OBSERVE_FILTERS_UNSEEN;
		read_groups(record, field(status, "\nGroups:"));
	}
	for (int i = 0; i < 16; i++)
		record->limits[i] = prlimit(pid, i, NULL, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
	record->mount_inode = namespace_inode(pid, "mnt");
	record->user_inode = namespace_inode(pid, "user");
	/* The depth itself is not to be seen: that it is another one than ours is. */
	record->user_level = record->user_inode != namespace_inode(getpid(), "user");
	read_map(pid, "uid_map", &record->uids);
	read_map(pid, "gid_map", &record->gids);
	if (read_of(pid, "setgroups", setgroups, sizeof(setgroups)) == 0 && strncmp(setgroups, "deny", 4) == 0)
		record->flags |= OBSERVE_SETGROUPS_DENIED;
}
