/* SPDX-License-Identifier: Apache-2.0 */
/* learn_use: peaks of memory, processors and processes, from the files of a cgroup of any version. Reads only. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/learn.h"

#define CPU_WINDOW_NS 900000000 /* shorter ones would take a burst for a need */

/* The cgroup of a process in the hierarchy with this controller ("": version 2), as its files in /proc say. */
static bool cgroup_of(const char *pid, const char *controller, char *ret, size_t size)
{
	char path[64], text[8192];

	snprintf(path, sizeof(path), "/proc/%s/cgroup", pid);
	if (fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return false;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *names = strchr(line, ':'), *place = names ? strchr(names + 1, ':') : NULL;

		if (!place)
			continue;
		*place++ = '\0';
		for (char *name = names + 1; name; name = strchr(name, ',') ? strchr(name, ',') + 1 : NULL) {
			size_t length = strcspn(name, ",");

			if (length == strlen(controller) && strncmp(name, controller, length) == 0) {
				snprintf(ret, size, "%s", place);
				return true;
			}
		}
	}
	return false;
}

/*
 * The first of these files that there is below the hierarchy's mount. A process that ends is shown in the root of a
 * hierarchy of version 1, whose use is the machine's.
 */
static void find_file(char *ret, size_t size, const struct host_hierarchy *hierarchy, pid_t pid, const char *controller,
		      const char *const *names)
{
	const char *key = hierarchy->v2 ? "" : controller;
	char number[16], theirs[256], ours[256];

	snprintf(number, sizeof(number), "%d", pid);
	if (!cgroup_of(number, key, theirs, sizeof(theirs)) || !cgroup_of("self", key, ours, sizeof(ours)) ||
	    strcmp(theirs, ours) == 0 || strcmp(theirs, "/") == 0)
		return;
	for (; *names; names++) {
		snprintf(ret, size, "%s%s/%s", hierarchy->mount_point, theirs, *names);
		if (access(ret, R_OK) == 0)
			return;
	}
	ret[0] = '\0';
}

void learn_use_find(struct learn_use *use, pid_t pid)
{
	static const char *const memory[] = {"memory.max_usage_in_bytes", "memory.peak", "memory.current", NULL},
				 *const pids[] = {"pids.peak", "pids.current", NULL},
				 *const cpu[] = {"cpuacct.usage", "cpu.stat", NULL};
	struct arena arena cleanup_arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct host *host;
	const struct {
		const char *controller, *other;
		char *ret;
		const char *const *names;
	} rows[] = {
		{"memory", "memory", use->memory, memory},
		{"pids", "pids", use->pids, pids},
		{"cpuacct", "cpu", use->cpu, cpu},
	};

	*use = (struct learn_use){0};
	if (host_read(&arena, &host, &err))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct host_hierarchy *hierarchy = host_hierarchy_of(host, rows[i].controller);

		if (!hierarchy)
			hierarchy = host_hierarchy_of(host, rows[i].other);
		if (hierarchy)
			find_file(rows[i].ret, sizeof(use->memory), hierarchy, pid, rows[i].controller, rows[i].names);
	}
	use->cpu_is_stat = strstr(use->cpu, "/cpu.stat") != NULL;
}

static bool read_number(const char *path, const char *key, uint64_t *ret)
{
	char text[4096];
	const char *at = text;

	if (!*path || fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return false;
	if (key) {
		at = strstr(text, key);
		if (!at)
			return false;
		at += strlen(key);
	}
	*ret = strtoull(at, NULL, 10);
	return true;
}

void learn_use_look(struct learn_use *use, struct learn *learn)
{
	struct timespec now;
	uint64_t value, time;

	if (read_number(use->memory, NULL, &value))
		learn_take_use(learn, "memory", value);
	if (read_number(use->pids, NULL, &value))
		learn_take_use(learn, "pids", value);
	if (!read_number(use->cpu, use->cpu_is_stat ? "usage_usec " : NULL, &value))
		return;
	value *= use->cpu_is_stat ? 1000 : 1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	time = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (use->time_before && time - use->time_before < CPU_WINDOW_NS)
		return;
	if (use->time_before)
		learn_take_use(learn, "cpuMillis", (value - use->cpu_before) * 1000 / (time - use->time_before));
	use->cpu_before = value;
	use->time_before = time;
}
