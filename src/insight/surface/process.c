/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface/process: a running process, of any runtime, from outside. Runs in the caller's process, with her power. It reads
 * /proc/PID, which is held open from the beginning, so that all of it is about one process; the filters are copied while
 * the process is stopped, between ptrace_stop and ptrace_let_go; nothing else is done in between.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "core/filter/filter.h"
#include "insight/surface/parts.h"
#include "kernel/ptrace.h"
#include "kernel/rootfs.h"

#define TEXT_MAX (1u << 20)
#define STOP_DEADLINE_MS 3000
#define CHAIN_MAX 64
#define SYS_ADMIN 21
#define DEVICES_MAX 4096

struct subject {
	struct arena *arena;
	pid_t pid;
	int proc_fd; /* /proc/PID */
	const char *status;
	unsigned int seccomp;
	uint64_t effective, bounding;
	uint32_t uid;
	bool no_new_privs, same_user, same_pid, same_net;
};

/* ---- procfs ---- */

static int read_text(struct subject *subject, const char *name, const char **ret_text, struct err *err)
{
	char *text = arena_alloc(subject->arena, TEXT_MAX);
	ssize_t got;

	if (!text)
		return surface_no_memory(err);
	got = fd_read_text_at(subject->proc_fd, name, text, TEXT_MAX);
	if (got < 0) {
		err_sys(err, (int)got, "read", "cannot read /proc/%d/%s", subject->pid, name);
		return got == -EACCES || got == -EPERM ? err_fix(err, "as root, or as the user whose process it is") : ERR;
	}
	*ret_text = text;
	return 0;
}

/* The text behind "NAME:\t" in status; "" when there is none. */
static const char *status_field(const struct subject *subject, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = subject->status; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1 + strspn(line + length + 1, "\t ");
	return "";
}

static bool same_namespace(const struct subject *subject, const char *name)
{
	char own_path[32], path[32], own[64], other[64];
	ssize_t own_length, length;

	snprintf(own_path, sizeof(own_path), "/proc/self/ns/%s", name);
	snprintf(path, sizeof(path), "ns/%s", name);
	own_length = readlink(own_path, own, sizeof(own));
	length = readlinkat(subject->proc_fd, path, other, sizeof(other));
	/* What cannot be seen is taken for shared: the worse case. */
	return length < 0 || own_length < 0 || (length == own_length && memcmp(own, other, (size_t)length) == 0);
}

static int open_subject(struct subject *subject, struct err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", subject->pid);
	subject->proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (subject->proc_fd < 0) {
		err_set(err, ERR_STATE, "there is no process %d", subject->pid);
		return err_fix(err, "a pid of this pid namespace: see ps -e");
	}
	if (read_text(subject, "status", &subject->status, err))
		return ERR;
	subject->seccomp = (unsigned int)strtoul(status_field(subject, "Seccomp"), NULL, 10);
	subject->effective = strtoull(status_field(subject, "CapEff"), NULL, 16);
	subject->bounding = strtoull(status_field(subject, "CapBnd"), NULL, 16);
	subject->uid = (uint32_t)strtoul(strchr(status_field(subject, "Uid"), '\t') ?: "\t0", NULL, 10);
	subject->no_new_privs = status_field(subject, "NoNewPrivs")[0] == '1';
	subject->same_user = same_namespace(subject, "user");
	subject->same_pid = same_namespace(subject, "pid");
	subject->same_net = same_namespace(subject, "net");
	return 0;
}

/* ---- filters ---- */

static int refused(const struct subject *subject, int result, const char *call, struct err *err)
{
	err_sys(err, result, call, "cannot read the seccomp filters of process %d", subject->pid);
	switch (result) {
	case -EPERM:
		err_why(err, "it belongs to somebody else, is traced already, or ptrace is restricted (yama.ptrace_scope)");
		return err_fix(err, "as root with CAP_SYS_PTRACE, without a debugger or strace attached to it");
	case -EACCES:
		err_why(err, "the kernel shows filters to CAP_SYS_ADMIN of the first user namespace only, and to nobody who is "
			     "under a seccomp filter");
		return err_fix(err, "as root on the host, outside of any container");
	case -ETIMEDOUT:
		err_why(err, "it does not stop: it is frozen, or in a call that cannot be interrupted");
		return err_fix(err, "resume the container first, or try again");
	case -EINVAL:
	case -EIO:
		err_why(err, "this kernel was built without CONFIG_CHECKPOINT_RESTORE");
		return err_fix(err, "measure the bundle or the profile that it was started with");
	}
	return ERR;
}

static int copy_filters(struct subject *subject, struct surface_program *programs, size_t *ret_count, struct err *err)
{
	size_t count = 0;

	for (; count < CHAIN_MAX; count++) {
		int size = ptrace_filter(subject->pid, count, NULL);
		struct sock_filter *copy;

		if (size == -ENOENT)
			break;
		if (size < 0)
			return refused(subject, size, "ptrace", err);
		copy = arena_calloc(subject->arena, (size_t)size, sizeof(*copy));
		if (!copy)
			return surface_no_memory(err);
		size = ptrace_filter(subject->pid, count, copy);
		if (size < 0)
			return refused(subject, size, "ptrace", err);
		programs[count] = (struct surface_program){copy, (uint32_t)size};
	}
	if (count == CHAIN_MAX)
		return err_set(err, ERR_UNSUPPORTED, "process %d has more than %d seccomp filters", subject->pid,
			       CHAIN_MAX - 1);
	*ret_count = count;
	return 0;
}

static int read_chain(struct subject *subject, struct surface_chain *chain, struct err *err)
{
	struct surface_program *programs = arena_calloc(subject->arena, CHAIN_MAX, sizeof(*programs));
	int result, signal = 0;

	*chain = (struct surface_chain){.programs = programs, .strict = subject->seccomp == 1};
	if (!programs)
		return surface_no_memory(err);
	if (subject->seccomp != 2)
		return 0;
	result = ptrace_attach(subject->pid);
	if (result < 0)
		return refused(subject, result, "ptrace", err);
	result = ptrace_stop(subject->pid, STOP_DEADLINE_MS, &signal);
	if (result < 0)
		return refused(subject, result, "ptrace", err);
	result = copy_filters(subject, programs, &chain->count, err);
	ptrace_let_go(subject->pid, signal);
	for (size_t i = 0; result == 0 && i < chain->count; i++)
		if (filter_check(programs[i].instructions, programs[i].count, err))
			return err_prefix(err, "filter %zu of process %d", i, subject->pid);
	return result;
}

/* ---- devices ---- */

static enum reference_risk device_risk(const char *path)
{
	static const struct {
		const char *prefix;
		enum reference_risk risk;
	} rows[] = {
		{"/dev/null", REFERENCE_RISK_LOW},   {"/dev/zero", REFERENCE_RISK_LOW}, {"/dev/full", REFERENCE_RISK_LOW},
		{"/dev/random", REFERENCE_RISK_LOW}, {"/dev/urandom", REFERENCE_RISK_LOW},
		{"/dev/tty", REFERENCE_RISK_LOW},    {"/dev/pt", REFERENCE_RISK_LOW},	{"/dev/console", REFERENCE_RISK_LOW},
		{"/dev/mem", REFERENCE_RISK_CRITICAL}, {"/dev/kmem", REFERENCE_RISK_CRITICAL},
		{"/dev/port", REFERENCE_RISK_CRITICAL}, {"/dev/sd", REFERENCE_RISK_CRITICAL},
		{"/dev/vd", REFERENCE_RISK_CRITICAL}, {"/dev/nvme", REFERENCE_RISK_CRITICAL},
		{"/dev/dm-", REFERENCE_RISK_CRITICAL}, {"/dev/mapper/", REFERENCE_RISK_HIGH},
		{"/dev/loop", REFERENCE_RISK_HIGH},  {"/dev/kvm", REFERENCE_RISK_HIGH}, {"/dev/fuse", REFERENCE_RISK_HIGH},
		{"/dev/net/", REFERENCE_RISK_HIGH},  {"/dev/vfio", REFERENCE_RISK_HIGH}, {"/dev/kmsg", REFERENCE_RISK_HIGH},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strncmp(path, rows[i].prefix, strlen(rows[i].prefix)) == 0)
			return rows[i].risk;
	return REFERENCE_RISK_MEDIUM;
}

/* Device nodes in one directory; those of /dev itself are looked into once. */
static void add_nodes(struct subject *subject, const struct rootfs *root, const char *directory, struct surface_set *set)
{
	int fd = rootfs_open(root, (struct root_path){directory}, O_RDONLY | O_DIRECTORY | O_NONBLOCK, true);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct stat status;

	if (!stream && fd >= 0)
		close(fd);
	for (struct dirent *entry; stream && (entry = readdir(stream));) {
		const char *path = arena_printf(subject->arena, "%s/%s", directory, entry->d_name);

		if (entry->d_name[0] == '.' || !path || set->count >= DEVICES_MAX ||
		    fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			continue;
		if (S_ISDIR(status.st_mode) && strcmp(directory, "/dev") == 0)
			add_nodes(subject, root, path, set);
		else if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
			surface_add(set, (struct surface_item){path, SURFACE_ALLOWED, device_risk(path), false});
	}
	if (stream)
		closedir(stream);
}

static int add_devices(struct subject *subject, struct surface_set *set, struct err *err)
{
	int fd cleanup_fd = openat(subject->proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct rootfs root = {fd};

	if (fd < 0)
		return 0;
	if (surface_begin(subject->arena, set, DEVICES_MAX, err))
		return ERR;
	add_nodes(subject, &root, "/dev", set);
	return 0;
}

/* Version 1 has a list; version 2 has a program, which tells nobody what it allows. */
static const char *device_rules(struct subject *subject)
{
	struct err ignored = ERR_INIT;
	const char *text, *line;
	char path[512], rules[4096];
	size_t lines = 0;

	if (read_text(subject, "cgroup", &text, &ignored))
		return NULL;
	line = strstr(text, ":devices:");
	if (!line)
		return "a program of cgroup v2, or none: the kernel does not tell";
	line += strlen(":devices:");
	snprintf(path, sizeof(path), "/sys/fs/cgroup/devices%.*s/devices.list", (int)strcspn(line, "\n"), line);
	if (fd_read_text_at(AT_FDCWD, path, rules, sizeof(rules)) < 0)
		return NULL;
	for (const char *at = rules; (at = strchr(at, '\n')); at++)
		lines++;
	if (strncmp(rules, "a *:* rwm", 9) == 0)
		return "none: every device that it may make or open";
	return arena_printf(subject->arena, "%zu rules of cgroup v1", lines);
}

/* ---- facts ---- */

static const char *label_of(struct subject *subject)
{
	struct err ignored = ERR_INIT;
	const char *text;
	size_t length;

	if (read_text(subject, "attr/current", &text, &ignored))
		return "none";
	length = strcspn(text, "\n");
	return length ? arena_strndup(subject->arena, text, length) : "none";
}

static void add_facts(struct subject *subject, size_t filters, struct surface *surface)
{
	const char *label = label_of(subject), *rules = device_rules(subject);

	surface_fact(surface, "command", "command",
		     arena_strndup(subject->arena, status_field(subject, "Name"), strcspn(status_field(subject, "Name"), "\n")),
		     false);
	surface_fact(surface, "seccomp", "seccomp",
		     subject->seccomp == 0   ? "none"
		     : subject->seccomp == 1 ? "strict mode"
		     : filters == 1	     ? "one filter"
					     : arena_printf(subject->arena, "%zu filters", filters),
		     subject->seccomp == 0);
	surface_fact(surface, "noNewPrivileges", "no_new_privs", subject->no_new_privs ? "on" : "off",
		     !subject->no_new_privs);
	surface_fact(surface, "userNamespace", "user namespace", subject->same_user ? "the host's" : "its own",
		     subject->same_user);
	surface_fact(surface, "uid", "user outside", arena_printf(subject->arena, "uid %u", subject->uid), subject->uid == 0);
	surface_fact(surface, "signals", "signals to outside",
		     !subject->same_pid		? "none: it has a pid namespace"
		     : subject->effective >> 5 & 1 ? "all, to every process: shared pid namespace, CAP_KILL"
						: "all, to processes of its user: shared pid namespace",
		     subject->same_pid);
	surface_fact(surface, "network", "network", subject->same_net ? "the host's" : "its own namespace",
		     subject->same_net);
	surface_fact(surface, "label", "LSM label", label,
		     !label || strcmp(label, "none") == 0 || strncmp(label, "unconfined", 10) == 0);
	surface_fact(surface, "deviceRules", "device rules", rules, rules && strncmp(rules, "none", 4) == 0);
}

/* "user.max_user_namespaces" of the host; NULL when it cannot be read. */
static const char *user_namespaces(struct arena *arena)
{
	char text[32];

	if (fd_read_text_at(AT_FDCWD, "/proc/sys/user/max_user_namespaces", text, sizeof(text)) <= 0)
		return NULL;
	return arena_printf(arena, "%.*s", (int)strcspn(text, "\n"), text);
}

int surface_of_process(struct arena *arena, pid_t pid, struct surface *ret_surface, struct err *err)
{
	struct subject subject = {.arena = arena, .pid = pid, .proc_fd = -EBADF};
	struct surface surface = {.kind = "process", .subject = arena_printf(arena, "%d", pid)};
	const char *most = user_namespaces(arena);
	struct calls_power power = {.known = true, .no_user_namespaces = most && strcmp(most, "0") == 0};
	struct surface_chain chain;
	struct files_view view;
	const char *mounts;
	int result = ERR;

	if (open_subject(&subject, err) || read_chain(&subject, &chain, err) ||
	    read_text(&subject, "mountinfo", &mounts, err) || files_parse(arena, mounts, &view, err))
		goto out;
	power.sys_admin = subject.effective >> SYS_ADMIN & 1;
	view.host_root = subject.same_user && subject.uid == 0;
	add_facts(&subject, chain.count, &surface);
	surface_fact(&surface, "maxUserNamespaces", "user.max_user_namespaces", most, false);
	if (calls_fill(arena, &chain, &power, &surface, err) ||
	    surface_capabilities(arena, subject.effective, &surface.sets[SURFACE_EFFECTIVE], err) ||
	    surface_capabilities(arena, subject.bounding, &surface.sets[SURFACE_BOUNDING], err) ||
	    files_fill(arena, &view, &surface, err) || add_devices(&subject, &surface.sets[SURFACE_DEVICES], err))
		goto out;
	*ret_surface = surface;
	result = 0;
out:
	fd_close(&subject.proc_fd);
	return result;
}
