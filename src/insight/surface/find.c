/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface/find: a container of any engine, by the id that its cgroup bears: docker/ID, docker-ID.scope, libpod-ID,
 * cri-containerd-ID.scope and their like. Reads procfs; asks no engine, since an engine's socket is power over the host.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "insight/surface/tasks.h"

#define ID_LENGTH 64 /* in full: the hexadecimal form of 256 bits */
#define ID_SHORT 12  /* what engines print */
#define TEXT_MAX 65536

static bool is_id(const char *word)
{
	size_t length = strlen(word);

	return length >= ID_SHORT && length <= ID_LENGTH && strspn(word, "0123456789abcdef") == length;
}

/* Does a directory on the path of one of these cgroups bear an id that begins so? conmon's are about the container, and
 * beside it. */
static bool bears_id(const char *cgroups, const char *id)
{
	for (const char *at = cgroups; (at = strstr(at, id)); at++) {
		bool whole = strspn(at, "0123456789abcdef") == ID_LENGTH;
		size_t before = (size_t)(at - cgroups);

		if (!whole || !before || !strchr("/-", at[-1]))
			continue;
		if (before < 7 || strncmp(at - 7, "conmon-", 7) != 0)
			return true;
	}
	return false;
}

static bool is_first(pid_t pid)
{
	char path[32], status[8192];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return fd_read_text_at(AT_FDCWD, path, status, sizeof(status)) > 0 && tasks_first(status);
}

pid_t surface_find_container(struct arena *arena, const char *id)
{
	char *cgroups = is_id(id) ? arena_alloc(arena, TEXT_MAX) : NULL, path[32];
	DIR *stream = cgroups ? opendir("/proc") : NULL;
	pid_t found = 0;

	for (struct dirent *entry; stream && (entry = readdir(stream));) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
		if (fd_read_text_at(AT_FDCWD, path, cgroups, TEXT_MAX) <= 0 || !bears_id(cgroups, id))
			continue;
		/* Its first process; of a container without a pid namespace, the oldest that is left. */
		if (!found || is_first(pid))
			found = pid;
		if (is_first(pid))
			break;
	}
	if (stream)
		closedir(stream);
	return found;
}
