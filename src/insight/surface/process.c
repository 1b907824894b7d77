/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface/process: a running process, of any runtime, from outside. Runs in the caller's process, with her power. It reads
 * /proc/PID, which is held open from the beginning, so that all of it is about one process; filters and capabilities are
 * those of all threads (tasks.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "insight/surface/devices.h"
#include "insight/surface/tasks.h"

#define TEXT_MAX (1u << 20)
#define KILL 5
#define SYS_ADMIN 21
#define MKNOD 27

struct subject {
	struct arena *arena;
	pid_t pid;
	int proc_fd; /* /proc/PID */
	const char *status;
	struct tasks tasks;
	uint32_t uid;
	bool no_new_privs, same_user, same_pid, same_net;
	bool first; /* of a pid namespace that is not ours */
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
		/* EINVAL: of a process that has ended and was not waited for, some files are gone. */
		if (got == -ESRCH || got == -EINVAL)
			return err_why(err, "the process has ended");
		return got == -EACCES || got == -EPERM ? err_fix(err, "as root, or as the user whose process it is") : ERR;
	}
	*ret_text = text;
	return 0;
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
	if (tasks_status(subject->status, "Kthread")[0] == '1') {
		err_set(err, ERR_STATE, "process %d is a thread of the kernel itself", subject->pid);
		return err_fix(err, "the pid of a program");
	}
	subject->uid = (uint32_t)strtoul(strchr(tasks_status(subject->status, "Uid"), '\t') ?: "\t0", NULL, 10);
	subject->no_new_privs = tasks_status(subject->status, "NoNewPrivs")[0] == '1';
	subject->same_user = same_namespace(subject, "user");
	subject->same_pid = same_namespace(subject, "pid");
	subject->same_net = same_namespace(subject, "net");
	subject->first = !subject->same_pid && tasks_first(subject->status);
	return 0;
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

static const char *measured(const struct subject *subject)
{
	const struct tasks *tasks = &subject->tasks;
	const char *text = arena_printf(subject->arena, "%zu process%s with %zu thread%s", tasks->processes,
					tasks->processes == 1 ? "" : "es", tasks->threads, tasks->threads == 1 ? "" : "s");

	return tasks->chains_count < 2
		       ? text
		       : arena_printf(subject->arena, "%s under %zu different sets of filters; what one may counts", text,
				      tasks->chains_count);
}

static const char *seccomp_text(const struct subject *subject)
{
	size_t least = SIZE_MAX, most = 0;
	bool strict = false;

	for (const struct surface_chain *chain = subject->tasks.chains; chain; chain = chain->next) {
		size_t count = chain->count + chain->strict;

		strict = strict || chain->strict;
		least = count < least ? count : least;
		most = count > most ? count : most;
	}
	if (!least)
		return most ? "none for some threads" : "none";
	if (least != most)
		return arena_printf(subject->arena, "%zu to %zu filters", least, most);
	return strict && subject->tasks.chains_count == 1 ? "strict mode"
	       : most == 1				  ? "one filter"
							  : arena_printf(subject->arena, "%zu filters", most);
}

static void add_facts(struct subject *subject, struct surface *surface)
{
	const char *label = label_of(subject), *command = tasks_status(subject->status, "Name"), *seccomp = seccomp_text(subject);

	surface_tell(surface, "command", "command", arena_strndup(subject->arena, command, strcspn(command, "\n")));
	surface_tell(surface, "measured", "measured", measured(subject));
	surface_fact(surface, "seccomp", "seccomp", seccomp, strncmp(seccomp, "none", 4) == 0);
	surface_fact(surface, "noNewPrivileges", "no_new_privs", subject->no_new_privs ? "on" : "off",
		     !subject->no_new_privs);
	surface_fact(surface, "userNamespace", "user namespace", subject->same_user ? "the host's" : "its own",
		     subject->same_user);
	surface_fact(surface, "uid", "user outside", arena_printf(subject->arena, "uid %u", subject->uid), subject->uid == 0);
	surface_fact(surface, "signals", "signals to outside",
		     !subject->same_pid			     ? "none: it has a pid namespace"
		     : subject->tasks.effective >> KILL & 1 ? "all, to every process: shared pid namespace, CAP_KILL"
							     : "all, to processes of its user: shared pid namespace",
		     subject->same_pid);
	surface_fact(surface, "network", "network", subject->same_net ? "the host's" : "its own namespace",
		     subject->same_net);
	surface_fact(surface, "label", "LSM label", label,
		     !label || strcmp(label, "none") == 0 || strncmp(label, "unconfined", 10) == 0);
}

/* "user.max_user_namespaces" of the host; NULL when it cannot be read. */
static const char *user_namespaces(struct arena *arena)
{
	char text[32];

	if (fd_read_text_at(AT_FDCWD, "/proc/sys/user/max_user_namespaces", text, sizeof(text)) <= 0)
		return NULL;
	return arena_printf(arena, "%.*s", (int)strcspn(text, "\n"), text);
}

int surface_of_process(struct arena *arena, pid_t pid, bool container, struct surface *ret_surface, struct err *err)
{
	struct subject subject = {.arena = arena, .pid = pid, .proc_fd = -EBADF};
	struct surface surface = {.kind = "process", .subject = arena_printf(arena, "%d", pid)};
	const char *most = user_namespaces(arena), *mounts, *cgroups;
	struct calls_power power = {.known = true, .no_user_namespaces = most && strcmp(most, "0") == 0};
	const struct tasks *tasks = &subject.tasks;
	struct devices_view devices;
	struct files_view view;
	int result = ERR;

	if (open_subject(&subject, err) || tasks_read(arena, pid, container || subject.first, &subject.tasks, err) ||
	    read_text(&subject, "mountinfo", &mounts, err) || files_parse(arena, mounts, &view, err) ||
	    read_text(&subject, "cgroup", &cgroups, err))
		goto out;
	power.sys_admin = tasks->effective >> SYS_ADMIN & 1;
	view.host_root = subject.same_user && subject.uid == 0;
	view.capabilities = tasks->effective;
	view.host_capabilities = subject.same_user ? tasks->effective : 0;
	devices = (struct devices_view){subject.proc_fd, subject.same_user && tasks->effective >> MKNOD & 1};
	add_facts(&subject, &surface);
	surface_tell(&surface, "maxUserNamespaces", "host's user namespaces",
		     most ? arena_printf(arena, "at most %s", most) : NULL);
	if (calls_fill(arena, tasks->chains, &power, &surface, err) ||
	    surface_capabilities(arena, tasks->effective, &surface.sets[SURFACE_EFFECTIVE], err) ||
	    surface_capabilities(arena, tasks->bounding, &surface.sets[SURFACE_BOUNDING], err) ||
	    files_fill(arena, &view, &surface, err) || devices_fill(arena, &devices, cgroups, &surface, err))
		goto out;
	surface.filters = tasks->chains;
	*ret_surface = surface;
	result = 0;
out:
	fd_close(&subject.proc_fd);
	return result;
}
