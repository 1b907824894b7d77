/* SPDX-License-Identifier: Apache-2.0 */
/* explain/process: what else is known of the process and the host: id maps, sysctls, namespaces, modules. Reads only. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/arch.h"
#include "base/fd.h"
#include "base/types.h"
#include "insight/explain/parts.h"
#include "kernel/lsm.h"

#define APPARMOR_ID 104 /* LSM_ID_APPARMOR */
#define LANDLOCK_ID 110 /* LSM_ID_LANDLOCK */

bool parts_is_call(const struct parts_case *one, const char *names)
{
	char word[64];

	snprintf(word, sizeof(word), " %.48s ", one->facts.call);
	return strstr(names, word);
}

int parts_read_of(const struct parts_case *one, const char *name, char *buf, size_t size)
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
	const char *at = parts_read_of(one, "status", status, sizeof(status)) ? NULL : strstr(status, "\nThreads:");

	return at ? strtol(at + strlen("\nThreads:"), NULL, 10) : 0;
}

/* Root of its own user namespace? */
static bool is_root(const struct parts_case *one)
{
	const struct observe_map *map = &one->refusal->uids;

	if (one->refusal->user_level == 0)
		return one->refusal->uid == 0;
	for (uint32_t i = 0; i < map->count && i < OBSERVE_EXTENTS_MAX; i++)
		if (map->extents[i].inside == 0)
			return one->refusal->uid == map->extents[i].outside;
	return false;
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
		if (!parts_is_call(one, rows[i].calls))
			continue;
		for (unsigned int j = 0; j < rows[i].count; j++) {
			bool single = parts_is_call(one, " setuid setgid ");
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
	if (!is_root(one))
		parts_fact(one, FACT_NOT_ROOT);
	if (parts_is_call(one, " unshare setns ") && one->facts.errnum == EINVAL && threads_of(one) > 1)
		parts_fact(one, FACT_MULTITHREADED);
	if (parts_is_call(one, " setgroups ") && one->refusal->flags & OBSERVE_SETGROUPS_DENIED)
		parts_fact(one, FACT_SETGROUPS_DENIED);
	if (parts_is_call(one, " setgroups ") && one->facts.errnum == EINVAL && one->refusal->user_level &&
	    !parts_has(one, FACT_ID_UNMAPPED)) {
		parts_fact(one, FACT_ID_UNMAPPED);
		parts_text(one, TEXT_ID, "of a group in the list");
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

		if (!parts_is_call(one, rows[i].calls) || fd_read_text_at(AT_FDCWD, rows[i].path, text, sizeof(text)) <= 0)
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

/* ---- namespaces ---- */

/* Flags of mount(2) that change a mount that is there; of these libc's header belongs to kernel/. */
#define FLAG_REMOUNT	  0x20
#define FLAGS_PROPAGATION 0x1e0000 /* unbindable, private, slave, shared */

bool process_needs_mount(const struct parts_case *one)
{
	if (one->facts.errnum != EINVAL)
		return false;
	return parts_is_call(one, " umount2 ") ||
	       (parts_is_call(one, " mount ") && one->refusal->args[3] & (FLAG_REMOUNT | FLAGS_PROPAGATION));
}

static void ask_mounts(struct parts_case *one)
{
	bool remount = parts_is_call(one, " mount ") && one->refusal->args[3] & (FLAG_REMOUNT | FLAGS_PROPAGATION);

	/* Its first path is then not looked at, and mostly empty. */
	if (remount && one->path[1][0])
		parts_text(one, TEXT_PATH, "%s", one->path[1]);
	if (one->refusal->user_level &&
	    (parts_is_call(one, " umount2 mount_setattr ") || (remount && one->refusal->args[3] & FLAG_REMOUNT)))
		parts_fact(one, FACT_MOUNT_LOCKED);
}

static void ask_children(struct parts_case *one)
{
	uint32_t own;

	if (one->facts.errnum != ENOMEM || !parts_is_call(one, " clone clone3 fork vfork "))
		return;
	own = explain_namespace(one->refusal->pid, "pid");
	if (own && own != explain_namespace(one->refusal->pid, "pid_for_children"))
		parts_fact(one, FACT_PIDNS_CHILDREN);
}

/* ---- the rest ---- */

/* Does the kernel have the call, so that ENOSYS is an answer to its arguments? By the names of its functions. */
static bool is_implemented(struct parts_case *one)
{
	static const char *const prefix = ABI_ARCH_NATIVE == AUDIT_ARCH_X86_64 ? "__x64_sys_" : "__arm64_sys_";
	struct explain *explain = one->explain;
	char line[256], name[64];
	FILE *file;

	if (strcmp(explain->asked_call, one->facts.call) == 0)
		return explain->asked_answer;
	snprintf(explain->asked_call, sizeof(explain->asked_call), "%.47s", one->facts.call);
	explain->asked_answer = false;
	/* W: the place that is left where it was not built in. */
	snprintf(name, sizeof(name), " T %s%.40s\n", prefix, one->facts.call);
	file = fopen("/proc/kallsyms", "re");
	while (file && !explain->asked_answer && fgets(line, sizeof(line), file))
		explain->asked_answer = strstr(line, name);
	if (file)
		fclose(file);
	return explain->asked_answer;
}

static void ask_kernel(struct parts_case *one)
{
	/* Its function may be there for the 32-bit entry alone. */
	bool native = !(one->refusal->flags & OBSERVE_COMPAT) && !parts_is_call(one, " uselib ");

	if (one->facts.errnum == ENOSYS && native && is_implemented(one))
		parts_fact(one, FACT_IMPLEMENTED);
}

static void ask_socket(struct parts_case *one)
{
	const __u64 *args = one->refusal->args;
	bool internet = args[0] == AF_INET || args[0] == AF_INET6;
	uint16_t family;

	if (parts_is_call(one, " socket ") && internet && (args[1] & 0xf) == SOCK_DGRAM &&
	    (args[2] == IPPROTO_ICMP || args[2] == IPPROTO_ICMPV6))
		parts_fact(one, FACT_PING_SOCKET);
	if (!one->row || !one->row->address)
		return;
	memcpy(&family, one->refusal->path[1], sizeof(family));
	if (family == AF_INET || family == AF_INET6)
		parts_fact(one, FACT_INTERNET);
}

/* mmap of a file: what it is to be used for, and what it was opened for. */
static void ask_mapping(struct parts_case *one)
{
	const __u64 *args = one->refusal->args;
	char name[48], text[512];
	bool shared = (args[3] & MAP_TYPE) != MAP_PRIVATE && args[2] & PROT_WRITE;
	const char *at;
	long flags;

	if (!parts_is_call(one, " mmap "))
		return;
	if (args[2] & PROT_EXEC)
		parts_fact(one, FACT_MAP_EXECUTABLE);
	snprintf(name, sizeof(name), "fdinfo/%d", (int)args[4]);
	if (one->facts.errnum != EACCES)
		return;
	at = parts_read_of(one, name, text, sizeof(text)) ? NULL : strstr(text, "flags:");
	if (!at && shared)
		parts_fact(one, FACT_DESCRIPTOR_MODE);
	if (!at)
		return;
	flags = strtol(at + strlen("flags:"), NULL, 8) & OBSERVE_OPEN_MODES;
	if (flags == O_WRONLY || (shared && flags != O_RDWR)) {
		parts_fact(one, FACT_DESCRIPTOR_MODE);
		parts_fact(one, FACT_DESCRIPTOR_SEEN);
	}
}

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

	if (!parts_has(one, FACT_HOOK_LSM) || parts_read_of(one, "attr/current", text, sizeof(text)))
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

	if (one->facts.errnum != EPERM || !parts_is_call(one, " mount fsmount ") || one->refusal->user_level == 0)
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
	if (one->facts.errnum == EPERM && parts_is_call(one, " write writev pwrite64 ftruncate fallocate mmap ") &&
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

	if (parts_read_of(one, "attr/apparmor/current", text, sizeof(text)) &&
	    parts_read_of(one, "attr/current", text, sizeof(text)))
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
	/* Only of what was looked at can be said that nothing else refuses it. */
	bool elsewhere = !one->facts.texts[TEXT_COMPONENT];

	/* Who has not given up new privileges can set no ruleset, unless it may do anything. */
	bool able = one->refusal->flags & OBSERVE_NO_NEW_PRIVS || one->refusal->effective >> 21 & 1;

	if (one->facts.errnum == EACCES && able && !elsewhere && landlock_alone(one))
		parts_fact(one, FACT_LANDLOCK_ALONE);
}

void process_look(struct parts_case *one)
{
	ask_ids(one);
	ask_sysctls(one);
	if (process_port(one))
		parts_text(one, TEXT_PORT, "%u", process_port(one));
	ask_label(one);
	ask_mounts(one);
	ask_children(one);
	ask_kernel(one);
	ask_socket(one);
	ask_mapping(one);
	ask_covered(one);
	ask_seals(one);
	ask_modules(one);
}
