/* SPDX-License-Identifier: Apache-2.0 */
/* explain/limits: limits of the process, of its user, of its namespaces and of its pids cgroup. Reads only. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "insight/explain/parts.h"

/* ---- of the process ---- */

/* Would it be over the limit? Yes, too, where the process cannot be looked at any more; what was seen is another fact. */
static bool over_address_space(struct parts_case *one, uint64_t limit)
{
	bool mapping = parts_is_call(one, " mmap ");
	uint64_t wanted = mapping ? one->refusal->args[1] : 0;
	uint64_t used = one->refusal->pages * (uint64_t)sysconf(_SC_PAGESIZE);
	char text[4096];
	const char *at = used || parts_read_of(one, "status", text, sizeof(text)) ? NULL : strstr(text, "\nVmSize:");

	if (at)
		used = strtoull(at + strlen("\nVmSize:"), NULL, 10) << 10;
	/* More than all addresses is refused before the limit is looked at. */
	if (wanted > UINT64_C(1) << 47 || (mapping && used && used + wanted <= limit))
		return false;
	if (used + wanted > limit)
		parts_fact(one, FACT_ADDRESS_SPACE_SEEN);
	return true;
}

static bool descriptors_left(const struct parts_case *one, uint64_t limit)
{
	uint64_t count = 0;
	char path[64];
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", one->refusal->pid);
	directory = opendir(path);
	if (!directory)
		return false;
	while (readdir(directory))
		count++;
	closedir(directory);
	/* Two of the names are no descriptors. */
	return count > 2 && count - 2 < limit;
}

static void ask_limits(struct parts_case *one)
{
	static const struct {
		const char *calls;
		int error, resource;
		enum refusal_fact_bit fact;
	} rows[] = {
		{" clone clone3 fork vfork ", EAGAIN, RLIMIT_NPROC, FACT_NPROC_FULL},
		{" dup2 dup3 ", EBADF, RLIMIT_NOFILE, FACT_NOFILE_FULL},
		{NULL, EMFILE, RLIMIT_NOFILE, FACT_NOFILE_FULL},
		{" mlock mlock2 mlockall mmap mremap ", EAGAIN, RLIMIT_MEMLOCK, FACT_MEMLOCK},
		{" mlock mlock2 mlockall ", ENOMEM, RLIMIT_MEMLOCK, FACT_MEMLOCK},
		{" mlock mlock2 mlockall ", EPERM, RLIMIT_MEMLOCK, FACT_MEMLOCK},
		{NULL, EFBIG, RLIMIT_FSIZE, FACT_FSIZE},
		{" mmap mremap brk ", ENOMEM, RLIMIT_AS, FACT_ADDRESS_SPACE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t limit = one->refusal->limits[rows[i].resource];

		if (one->facts.errnum != rows[i].error || (rows[i].calls && !parts_is_call(one, rows[i].calls)) ||
		    limit == RLIM_INFINITY || parts_has(one, FACT_PIDS_FULL))
			continue;
		if (rows[i].error == EBADF && one->refusal->args[1] < limit)
			continue;
		if (rows[i].resource == RLIMIT_AS && !over_address_space(one, limit))
			continue;
		if (rows[i].error == EMFILE && descriptors_left(one, limit)) {
			parts_fact(one, FACT_NOFILE_FREE);
			continue;
		}
		parts_fact(one, rows[i].fact);
		parts_text(one, TEXT_LIMIT, "%llu", (unsigned long long)limit);
	}
}

/* ---- the pids cgroup ---- */

/* Its directory: of version 2, or of the controller on version 1. */
static bool find_cgroup(struct parts_case *one)
{
	char text[8192];

	if (parts_read_of(one, "cgroup", text, sizeof(text)))
		return one->explain->cgroup_pids[0];
	for (char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
		int length = path ? (int)strcspn(path + 1, "\n") : 0;
		bool unified = path && strncmp(line, "0::", 3) == 0;

		if (path && !unified && strncmp(controllers, ":pids:", 6) == 0)
			return snprintf(one->explain->cgroup_pids, sizeof(one->explain->cgroup_pids),
					"/sys/fs/cgroup/pids%.*s", length, path + 1) > 0;
		if (unified)
			snprintf(one->explain->cgroup_pids, sizeof(one->explain->cgroup_pids), "/sys/fs/cgroup%.*s",
				 length, path + 1);
	}
	return one->explain->cgroup_pids[0];
}

/* The limit may stand at any cgroup above. */
static void ask_pids(struct parts_case *one)
{
	char directory[512], path[560], current[32], max[32];

	if (one->facts.errnum != EAGAIN || !parts_is_call(one, " clone clone3 fork vfork ") || !find_cgroup(one))
		return;
	snprintf(directory, sizeof(directory), "%s", one->explain->cgroup_pids);
	while (strlen(directory) > strlen("/sys/fs/cgroup")) {
		snprintf(path, sizeof(path), "%s/pids.max", directory);
		if (fd_read_text_at(AT_FDCWD, path, max, sizeof(max)) > 0 && max[0] != 'm') {
			snprintf(path, sizeof(path), "%s/pids.current", directory);
			if (fd_read_text_at(AT_FDCWD, path, current, sizeof(current)) > 0 &&
			    strtoull(current, NULL, 10) >= strtoull(max, NULL, 10)) {
				max[strcspn(max, "\n")] = '\0';
				parts_fact(one, FACT_PIDS_FULL);
				parts_text(one, TEXT_LIMIT, "pids.max is %s", max);
				return;
			}
		}
		*strrchr(directory, '/') = '\0';
	}
}

/* ---- of the user, the namespace, the host ---- */

static long read_limit(const char *name)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	return fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) > 0 ? strtol(text, NULL, 10) : 0;
}

static void ask_inotify(struct parts_case *one)
{
	if (parts_is_call(one, " inotify_add_watch "))
		parts_text(one, TEXT_LIMIT, "%ld", read_limit("fs/inotify/max_user_watches"));
	else if (parts_is_call(one, " inotify_init inotify_init1 ") && parts_has(one, FACT_NOFILE_FREE))
		parts_text(one, TEXT_LIMIT, "%ld", read_limit("fs/inotify/max_user_instances"));
}

static void ask_ipc(struct parts_case *one)
{
	static const struct {
		const char *call, *names;
	} rows[] = {
		{"shmget", "kernel.shmmni and kernel.shmall"}, {"semget", "kernel.sem"},
		{"msgget", "kernel.msgmni"}, {"mq_open", "fs.mqueue.queues_max"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].call, one->facts.call) == 0)
			parts_text(one, TEXT_SYSCTL, "%s", rows[i].names);
}

static long count_mappings(const struct parts_case *one)
{
	char path[64], block[16384];
	int fd cleanup_fd = -EBADF;
	long count = 0;
	ssize_t got;

	if (one->refusal->mappings)
		return (long)one->refusal->mappings;
	snprintf(path, sizeof(path), "/proc/%d/maps", one->refusal->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (got = read(fd, block, sizeof(block))) > 0)
		for (ssize_t i = 0; i < got; i++)
			count += block[i] == '\n';
	return count;
}

static void ask_maps(struct parts_case *one)
{
	long limit = read_limit("vm/max_map_count");

	if (one->facts.errnum != ENOMEM || !parts_is_call(one, " mmap mremap mprotect ") || !limit ||
	    parts_has(one, FACT_ADDRESS_SPACE_SEEN))
		return;
	if (count_mappings(one) < limit)
		return;
	parts_fact(one, FACT_MAPS_FULL);
	parts_text(one, TEXT_LIMIT, "%ld", limit);
}

void limits_ask(struct parts_case *one)
{
	ask_pids(one);
	ask_limits(one);
	ask_inotify(one);
	ask_ipc(one);
	ask_maps(one);
}
