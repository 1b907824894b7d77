// SPDX-License-Identifier: Apache-2.0
/*
 * surface/tasks: the threads of a process, or of all processes of a container, each with its filters and capabilities,
 * taken together. Every thread has filters of its own, and programs of a container may load more of them. What one of the
 * threads may do, the container can do.
 *
 * Order for each thread: its directory in procfs is held, it is stopped, status is read again through that directory (so
 * that the number has not gone to another thread meanwhile), the filters are copied, it is let go. A thread that ends
 * meanwhile has nothing to tell; for the process that was asked for that is an error.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/filter/filter.h"
#include "insight/surface/tasks.h"
#include "kernel/ptrace.h"

#define STOP_DEADLINE_MS 3000
#define CHAIN_MAX 64
#define PROCESSES_MAX 65536
#define THREADS_MAX 65536
#define STATUS_MAX 8192

bool tasks_first(const char *status)
{
	const char *line = tasks_status(status, "NSpid");
	size_t length = strcspn(line, "\n");

	return length > 2 && line[length - 1] == '1' && line[length - 2] == '\t';
}

const char *tasks_status(const char *status, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = status; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1 + strspn(line + length + 1, "\t ");
	return "";
}

static int ended(pid_t pid, struct err *err)
{
	err_set(err, ERR_STATE, "process %d has ended", pid);
	return err_fix(err, "a process that runs: see ps -e");
}

/* ---- one thread ---- */

static int refused(pid_t pid, int result, const char *call, struct err *err)
{
	err_sys(err, result, call, "cannot read the seccomp filters of process %d", pid);
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

/* -errno; the thread is stopped. */
static int copy_filters(struct arena *arena, pid_t thread, struct surface_program *programs, size_t *ret_count)
{
	size_t count = 0;

	for (; count < CHAIN_MAX; count++) {
		int size = ptrace_filter(thread, count, NULL);
		struct sock_filter *copy;

		if (size == -ENOENT)
			break;
		if (size < 0)
			return size;
		copy = arena_calloc(arena, (size_t)size, sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		size = ptrace_filter(thread, count, copy);
		if (size < 0)
			return size;
		programs[count] = (struct surface_program){copy, (uint32_t)size};
	}
	*ret_count = count;
	return count == CHAIN_MAX ? -E2BIG : 0;
}

static int copy_stopped(struct tasks *tasks, int directory_fd, pid_t thread, struct surface_program *programs,
			size_t *ret_count)
{
	char status[STATUS_MAX];
	int signal = 0, result = ptrace_attach(thread);

	if (result < 0)
		return result;
	result = ptrace_stop(thread, STOP_DEADLINE_MS, &signal);
	if (result < 0)
		return result;
	result = fd_read_text_at(directory_fd, "status", status, sizeof(status)) < 0
			 ? -ESRCH
			 : copy_filters(tasks->arena, thread, programs, ret_count);
	ptrace_let_go(thread, signal);
	return result;
}

static bool same_chain(const struct surface_chain *a, const struct surface_chain *b)
{
	if (a->strict != b->strict || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->programs[i].count != b->programs[i].count ||
		    memcmp(a->programs[i].instructions, b->programs[i].instructions,
			   a->programs[i].count * sizeof(*a->programs[i].instructions)) != 0)
			return false;
	return true;
}

/* The chain joins the list, unless it is there. */
static int add_chain(struct tasks *tasks, const struct surface_chain *chain, pid_t pid, struct err *err)
{
	struct surface_chain *copy;

	for (const struct surface_chain *at = tasks->chains; at; at = at->next)
		if (same_chain(at, chain))
			return 0;
	for (size_t i = 0; i < chain->count; i++)
		if (filter_check(chain->programs[i].instructions, chain->programs[i].count, err))
			return err_prefix(err, "filter %zu of process %d", i, pid);
	copy = arena_alloc(tasks->arena, sizeof(*copy));
	if (!copy)
		return surface_no_memory(err);
	*copy = *chain;
	copy->next = tasks->chains;
	tasks->chains = copy;
	tasks->chains_count++;
	return 0;
}

/* thread's directory in procfs is directory_fd. 0 also when it has ended; *ret_there says whether it was there. */
static int read_thread(struct tasks *tasks, int directory_fd, pid_t pid, pid_t thread, bool *ret_there, struct err *err)
{
	struct surface_program programs[CHAIN_MAX], *kept;
	struct surface_chain chain = {0};
	char status[STATUS_MAX];
	unsigned int mode;
	int result = 0;

	if (fd_read_text_at(directory_fd, "status", status, sizeof(status)) < 0 || strchr("ZX", tasks_status(status, "State")[0]))
		return 0;
	mode = (unsigned int)strtoul(tasks_status(status, "Seccomp"), NULL, 10);
	if (mode == 2)
		result = copy_stopped(tasks, directory_fd, thread, programs, &chain.count);
	if (result == -ESRCH)
		return 0;
	if (result == -ENOMEM)
		return surface_no_memory(err);
	if (result == -E2BIG) {
		err_set(err, ERR_UNSUPPORTED, "process %d has more than %d seccomp filters", pid, CHAIN_MAX - 1);
		return err_fix(err, "measure what it was started with: its bundle, or its profile");
	}
	if (result < 0)
		return refused(pid, result, "ptrace", err);
	kept = arena_calloc(tasks->arena, chain.count + 1, sizeof(*kept));
	if (!kept)
		return surface_no_memory(err);
	memcpy(kept, programs, chain.count * sizeof(*kept));
	chain.programs = kept;
	chain.strict = mode == 1;
	tasks->effective |= strtoull(tasks_status(status, "CapEff"), NULL, 16);
	tasks->bounding |= strtoull(tasks_status(status, "CapBnd"), NULL, 16);
	tasks->threads++;
	*ret_there = true;
	return add_chain(tasks, &chain, pid, err);
}

/* ---- a process ---- */

static int read_process(struct tasks *tasks, pid_t pid, struct err *err)
{
	char path[32];
	int fd cleanup_fd = -EBADF, result = 0;
	bool there = false;
	DIR *stream;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	stream = opendir(path);
	if (!stream)
		return pid == tasks->pid ? ended(pid, err) : 0;
	for (struct dirent *entry; result == 0 && tasks->threads < THREADS_MAX && (entry = readdir(stream));) {
		if (entry->d_name[0] == '.')
			continue;
		fd_close(&fd);
		fd = openat(dirfd(stream), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			result = read_thread(tasks, fd, pid, (pid_t)strtol(entry->d_name, NULL, 10), &there, err);
	}
	closedir(stream);
	if (result)
		return result;
	if (!there)
		return pid == tasks->pid ? ended(pid, err) : 0;
	tasks->processes++;
	return 0;
}

/* ---- the processes of a container ---- */

struct member {
	pid_t pid, parent;
	bool inside;
};

static bool in_namespace(pid_t pid, const char *namespace, ssize_t length)
{
	char path[40], other[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return readlink(path, other, sizeof(other)) == length && memcmp(namespace, other, (size_t)length) == 0;
}

static pid_t parent_of(pid_t pid)
{
	char path[32], status[STATUS_MAX];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (fd_read_text_at(AT_FDCWD, path, status, sizeof(status)) < 0)
		return 0;
	return (pid_t)strtol(tasks_status(status, "PPid"), NULL, 10);
}

/* All processes that procfs shows, each with its parent; inside: of the subject's own pid namespace, unless that is ours. */
static size_t list_processes(const struct tasks *tasks, struct member *members)
{
	char path[40], own[64], namespace[64];
	ssize_t own_length = readlink("/proc/self/ns/pid", own, sizeof(own)), length;
	DIR *stream = opendir("/proc");
	size_t count = 0;
	bool shared;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", tasks->pid);
	length = readlink(path, namespace, sizeof(namespace));
	shared = length <= 0 || (length == own_length && memcmp(own, namespace, (size_t)length) == 0);
	for (struct dirent *entry; stream && count < PROCESSES_MAX && (entry = readdir(stream));) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid <= 0)
			continue;
		members[count++] = (struct member){pid, parent_of(pid), pid == tasks->pid ||
							(!shared && in_namespace(pid, namespace, length))};
	}
	if (stream)
		closedir(stream);
	return count;
}

static bool is_inside(const struct member *members, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (members[i].pid == pid)
			return members[i].inside;
	return false;
}

/* Children of those inside are inside too, in whichever pid namespace. */
static void close_over_children(struct member *members, size_t count)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < count; i++)
			if (!members[i].inside && members[i].parent && is_inside(members, count, members[i].parent)) {
				members[i].inside = true;
				changed = true;
			}
	}
}

static int read_container(struct tasks *tasks, struct err *err)
{
	struct member *members = arena_calloc(tasks->arena, PROCESSES_MAX, sizeof(*members));
	size_t count;

	if (!members)
		return surface_no_memory(err);
	count = list_processes(tasks, members);
	close_over_children(members, count);
	for (size_t i = 0; i < count; i++)
		if (members[i].inside && members[i].pid != tasks->pid && read_process(tasks, members[i].pid, err))
			return ERR;
	return 0;
}

int tasks_read(struct arena *arena, pid_t pid, bool container, struct tasks *ret_tasks, struct err *err)
{
	struct tasks tasks = {.arena = arena, .pid = pid};

	if (read_process(&tasks, pid, err) || (container && read_container(&tasks, err)))
		return ERR;
	*ret_tasks = tasks;
	return 0;
}
