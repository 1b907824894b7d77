/* SPDX-License-Identifier: Apache-2.0 */
/* explain/process: what else is known of the process and the host: limits, id maps, sysctls, its pids cgroup. Reads only. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "insight/explain/parts.h"
#include "kernel/lsm.h"

#define APPARMOR_ID 104 /* LSM_ID_APPARMOR */
#define LANDLOCK_ID 110 /* LSM_ID_LANDLOCK */

static bool is_call(const struct parts_case *one, const char *names)
{
	char word[48];

	snprintf(word, sizeof(word), " %s ", one->facts.call);
	return strstr(names, word);
}

static int read_of(const struct parts_case *one, const char *name, char *buf, size_t size)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/%s", one->refusal->pid, name);
	return fd_read_text_at(AT_FDCWD, path, buf, size) < 0 ? ERR : 0;
}

/* ---- ids ---- */

bool process_maps(const struct parts_case *one, enum parts_map which, uint32_t id, bool inside)
{
	const struct observe_map *map = which == PARTS_UIDS ? &one->refusal->uids : &one->refusal->gids;

	if (one->refusal->user_level == 0 || map->count > OBSERVE_EXTENTS_MAX)
		return true;
	for (uint32_t i = 0; i < map->count; i++) {
		uint32_t first = inside ? map->extents[i].inside : map->extents[i].outside;

		if (id >= first && id - first < map->extents[i].count)
			return true;
	}
	return false;
}

static long threads_of(const struct parts_case *one)
{
	char status[4096];
	const char *at = read_of(one, "status", status, sizeof(status)) ? NULL : strstr(status, "\nThreads:");

	return at ? strtol(at + strlen("\nThreads:"), NULL, 10) : 0;
}

static void ask_ids(struct parts_case *one)
{
	static const struct {
		const char *calls;
		uint8_t uid, gid; /* 1 + index of the first argument that is one */
		uint8_t count;	  /* how many follow each other */
	} rows[] = {
		{" chown fchown lchown ", 2, 3, 1},    {" fchownat ", 3, 4, 1},	      {" setuid setreuid setresuid ",
		 1, 0, 3},
		{" setgid setregid setresgid ", 0, 1, 3},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!is_call(one, rows[i].calls))
			continue;
		for (unsigned int j = 0; j < rows[i].count; j++) {
			bool single = is_call(one, " setuid setgid ");
			uint32_t uid = rows[i].uid ? (uint32_t)one->refusal->args[rows[i].uid - 1 + j] : UINT32_MAX;
			uint32_t gid = rows[i].gid ? (uint32_t)one->refusal->args[rows[i].gid - 1 + j] : UINT32_MAX;

			if (single && j)
				break;
			if (uid != UINT32_MAX && !process_maps(one, PARTS_UIDS, uid, true)) {
				parts_fact(one, FACT_ID_UNMAPPED);
				parts_text(one, TEXT_ID, "%u (uid)", uid);
			} else if (gid != UINT32_MAX && !process_maps(one, PARTS_GIDS, gid, true)) {
				parts_fact(one, FACT_ID_UNMAPPED);
				parts_text(one, TEXT_ID, "%u (gid)", gid);
			}
		}
	}
	if (is_call(one, " unshare setns ") && one->facts.errnum == EINVAL && threads_of(one) > 1)
		parts_fact(one, FACT_MULTITHREADED);
	if (is_call(one, " setgroups ") && one->refusal->flags & OBSERVE_SETGROUPS_DENIED)
		parts_fact(one, FACT_SETGROUPS_DENIED);
	if (is_call(one, " setgroups ") && one->facts.errnum == EINVAL && one->refusal->user_level &&
	    !parts_has(one, FACT_ID_UNMAPPED)) {
		parts_fact(one, FACT_ID_UNMAPPED);
		parts_text(one, TEXT_ID, "of a group in the list");
	}
}

/* ---- limits ---- */

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
		{" mmap ", EPERM, RLIMIT_MEMLOCK, FACT_MEMLOCK},
		{NULL, EFBIG, RLIMIT_FSIZE, FACT_FSIZE},
		{" mmap mremap brk clone clone3 ", ENOMEM, RLIMIT_AS, FACT_ADDRESS_SPACE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t limit = one->refusal->limits[rows[i].resource];

		if (one->facts.errnum != rows[i].error || (rows[i].calls && !is_call(one, rows[i].calls)) ||
		    limit == RLIM_INFINITY || parts_has(one, FACT_PIDS_FULL))
			continue;
		if (rows[i].error == EBADF && one->refusal->args[1] < limit)
			continue;
		parts_fact(one, rows[i].fact);
		parts_text(one, TEXT_LIMIT, "%llu", (unsigned long long)limit);
	}
}

/* ---- the pids cgroup ---- */

/* Its directory: of version 2, or of the controller on version 1. */
static bool find_cgroup(struct parts_case *one)
{
	char text[8192];

	if (read_of(one, "cgroup", text, sizeof(text)))
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

	if (one->facts.errnum != EAGAIN || !is_call(one, " clone clone3 fork vfork ") || !find_cgroup(one))
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

/* ---- switches of the host ---- */

static void ask_sysctls(struct parts_case *one)
{
	static const struct {
		const char *calls, *path;
		enum refusal_fact_bit fact;
		long least, most; /* of a value that refuses */
	} rows[] = {
		{" io_uring_setup ", "/proc/sys/kernel/io_uring_disabled", FACT_IO_URING_OFF, 1, 2},
		{" bpf ", "/proc/sys/kernel/unprivileged_bpf_disabled", FACT_BPF_OFF, 1, 2},
		{" perf_event_open ", "/proc/sys/kernel/perf_event_paranoid", FACT_PERF_PARANOID, 2, 4},
		{" ptrace process_vm_readv process_vm_writev ", "/proc/sys/kernel/yama/ptrace_scope",
		 FACT_PTRACE_SCOPE, 1, 3},
		{" clone clone3 unshare ", "/proc/sys/kernel/unprivileged_userns_clone", FACT_USERNS_OFF, 0, 0},
		{" clone clone3 unshare ", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
		 FACT_USERNS_APPARMOR, 1, 1},
		{" clone clone3 unshare ", "/proc/sys/user/max_user_namespaces", FACT_USERNS_FULL, 0, 1L << 40},
	};
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		long value;

		if (!is_call(one, rows[i].calls) || fd_read_text_at(AT_FDCWD, rows[i].path, text, sizeof(text)) <= 0)
			continue;
		value = strtol(text, NULL, 10);
		if (value < rows[i].least || value > rows[i].most)
			continue;
		parts_fact(one, rows[i].fact);
		if (!one->facts.texts[TEXT_LIMIT])
			parts_text(one, TEXT_LIMIT, "%ld", value);
	}
	/* The switches stand before everything else only for those whom they bind. */
	if (one->refusal->effective >> 21 & 1)
		one->facts.facts &= ~(REFUSAL_FACT(FACT_USERNS_OFF));
	if (one->refusal->effective >> 39 & 1 || one->refusal->effective >> 21 & 1)
		if (!parts_has(one, FACT_CAP_ASKED))
			one->facts.facts &= ~(REFUSAL_FACT(FACT_BPF_OFF));
}

/* ---- the rest ---- */

unsigned int process_port(const struct parts_case *one)
{
	const char *address = one->refusal->path[1];
	uint16_t family, port;

	if (!one->row || !one->row->address)
		return 0;
	memcpy(&family, address, sizeof(family));
	memcpy(&port, address + 2, sizeof(port));
	return family == AF_INET || family == AF_INET6 ? ntohs(port) : 0;
}

static void ask_label(struct parts_case *one)
{
	char text[256];

	if (!parts_has(one, FACT_HOOK_LSM) || read_of(one, "attr/current", text, sizeof(text)))
		return;
	text[strcspn(text, "\n")] = '\0';
	if (text[0])
		parts_text(one, TEXT_LABEL, "%s", text);
}

/* Does the procfs (or sysfs) that the process sees have mounts below it? */
static void ask_covered(struct parts_case *one)
{
	/* mount(2) names the type in an argument; fsmount does not, and procfs is what people mount. */
	const char *type = strstr(one->path[1], "sys") ? "/sys" : "/proc";
	char *text;

	if (one->facts.errnum != EPERM || !is_call(one, " mount fsmount ") || one->refusal->user_level == 0)
		return;
	text = malloc(PARTS_MOUNTS_MAX);
	if (text && paths_mounts(one->explain, one->refusal, text, PARTS_MOUNTS_MAX))
		for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
			char point[1024];

			if (sscanf(line, "%*u %*u %*s %*s %1023s", point) == 1 && strncmp(point, type,
			 strlen(type)) == 0 &&
			    point[strlen(type)] == '/') {
				parts_fact(one, FACT_PROC_COVERED);
				parts_text(one, TEXT_PATH, "%s", type);
				break;
			}
		}
	free(text);
}

/* A file in memory refuses to be changed only when it is sealed. */
static void ask_seals(struct parts_case *one)
{
	if (one->facts.errnum == EPERM && is_call(one, " write writev pwrite64 ftruncate fallocate mmap ") &&
	    strncmp(one->path[0], "/memfd:", 7) == 0)
		parts_fact(one, FACT_SEALED);
}

/* Security modules that never say no to files, networks and processes by a policy of their own; names as securityfs has them. */
static const struct {
	uint64_t id; /* LSM_ID_… of <linux/lsm.h> */
	const char *name;
} harmless[] = {
	{100, "capability"}, {105, "yama"}, {106, "loadpin"}, {107, "safesetid"},
	{108, "lockdown"},   {109, "bpf"},  {111, "ima"},     {112, "evm"},
};

/* AppArmor asks only those that have a profile. */
static bool is_unconfined(const struct parts_case *one)
{
	char text[256];

	if (read_of(one, "attr/apparmor/current", text, sizeof(text)) && read_of(one, "attr/current", text, sizeof(text)))
		return false;
	return strncmp(text, "unconfined", strlen("unconfined")) == 0;
}

static bool may_refuse(const struct parts_case *one, uint64_t id, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		if (harmless[i].id == id || strcmp(harmless[i].name, name) == 0)
			return false;
	return !(id == APPARMOR_ID || strcmp(name, "apparmor") == 0) || !is_unconfined(one);
}

/* Is Landlock the only security module here that asks about files, networks and processes? */
static bool landlock_alone(const struct parts_case *one)
{
	uint64_t ids[16];
	char text[512], *rest = text, *name;
	int count = lsm_modules(ids, ARRAY_SIZE(ids));
	bool landlock = false;

	for (int i = 0; i < count; i++) {
		if (ids[i] == LANDLOCK_ID)
			landlock = true;
		else if (may_refuse(one, ids[i], ""))
			return false;
	}
	if (count >= 0)
		return landlock;
	/* Before Linux 6.8. */
	if (fd_read_text_at(AT_FDCWD, "/sys/kernel/security/lsm", text, sizeof(text)) <= 0)
		return false;
	while ((name = strsep(&rest, ",\n"))) {
		if (strcmp(name, "landlock") == 0)
			landlock = true;
		else if (name[0] && may_refuse(one, 0, name))
			return false;
	}
	return landlock;
}

static void ask_modules(struct parts_case *one)
{
	/* Where checks of capabilities are not seen, the modes of the file say that none was asked for. */
	bool elsewhere = !parts_has(one, FACT_CAP_SEEN) && !one->facts.texts[TEXT_COMPONENT];

	if (one->facts.errnum == EACCES && !elsewhere && landlock_alone(one))
		parts_fact(one, FACT_LANDLOCK_ALONE);
}

void process_look(struct parts_case *one)
{
	if (one->refusal->user_level)
		parts_fact(one, FACT_USER_NAMESPACE);
	ask_ids(one);
	ask_pids(one);
	ask_limits(one);
	ask_sysctls(one);
	if (process_port(one))
		parts_text(one, TEXT_PORT, "%u", process_port(one));
	ask_label(one);
	ask_covered(one);
	ask_seals(one);
	ask_modules(one);
}
