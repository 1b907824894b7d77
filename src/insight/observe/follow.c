/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe/follow: the supervisor traces (ptrace(2)), where that was asked for: each call is seen when it has ended, so that
 * what the kernel refused is not taken for used, at the price of two stops a call. The filter shows it the execve of the
 * program, from which on it is followed; further ones are let go on.
 */
#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "abi/arch.h"
#include "insight/observe/sights.h"
#include "kernel/ptrace.h"

#define TASKS_FIRST 64

struct task {
	pid_t tid;
	bool inside; /* between the two ends of a call */
	int number;
	uint64_t args[6];
	uint32_t arch;
};

struct follower {
	struct sights *sights;
	struct task *tasks;
	size_t count, room;
};

struct follower *follower_begin(struct sights *sights)
{
	struct follower *follower = calloc(1, sizeof(*follower));

	if (follower)
		follower->sights = sights;
	return follower;
}

/* NULL: no memory; its calls are lost, and counted. */
static struct task *find(struct follower *follower, pid_t tid)
{
	struct task *tasks;

	for (size_t i = 0; i < follower->count; i++)
		if (follower->tasks[i].tid == tid)
			return &follower->tasks[i];
	if (follower->count == follower->room) {
		size_t room = follower->room ? follower->room * 2 : TASKS_FIRST;

		tasks = realloc(follower->tasks, room * sizeof(*tasks));
		if (!tasks)
			return NULL;
		follower->tasks = tasks;
		follower->room = room;
	}
	follower->tasks[follower->count] = (struct task){.tid = tid};
	return &follower->tasks[follower->count++];
}

static void forget(struct follower *follower, pid_t tid)
{
	for (size_t i = 0; i < follower->count; i++)
		if (follower->tasks[i].tid == tid) {
			follower->tasks[i] = follower->tasks[--follower->count];
			return;
		}
}

int follower_take(struct follower *follower, pid_t pid)
{
	(void)follower;
	return ptrace_follow(pid);
}

static void take(struct follower *follower, struct task *task, bool refused)
{
	struct sight_call call = {.tid = task->tid, .native = task->arch == ABI_ARCH_NATIVE, .number = task->number,
				  .args = task->args, .refused = refused};

	sights_take(follower->sights, &call);
}

/* Those of which nothing is left to be read when they have ended, or that do not end. */
static bool is_taken_at_once(const struct follower *follower, const struct task *task)
{
	const char *name = task->number >= 0 && task->number < OBSERVE_CALLS
				   ? follower->sights->names[task->arch == ABI_ARCH_NATIVE ? 0 : 1][task->number] : NULL;

	/* A signal may be the sender's own end. */
	return name && (strncmp(name, "execve", 6) == 0 || strncmp(name, "exit", 4) == 0 || strcmp(name, "vfork") == 0 ||
			strcmp(name, "kill") == 0 || strcmp(name, "tgkill") == 0 || strcmp(name, "tkill") == 0);
}

/* An error that says that the call did nothing; others say that it is still under way, or something of its object. */
static bool is_refusal(int64_t result)
{
	return result == -EPERM || result == -EACCES || result == -ENOENT || result == -ENOTDIR || result == -EROFS ||
	       result == -ELOOP || result == -EEXIST;
}

static void on_call(struct follower *follower, struct task *task)
{
	struct ptrace_syscall_info info = {0};

	if (ptrace_call(task->tid, &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		task->inside = true;
		task->number = (int)info.entry.nr;
		task->arch = info.arch;
		memcpy(task->args, info.entry.args, sizeof(task->args));
		if (is_taken_at_once(follower, task)) {
			task->inside = false;
			take(follower, task, false);
		}
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && task->inside) {
		task->inside = false;
		/* A filter of the sandbox says that there is no such call, and the program goes on without it. */
		if (info.exit.rval != -ENOSYS)
			take(follower, task, is_refusal(info.exit.rval));
	}
}

static void on_stop(struct follower *follower, pid_t tid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	struct task *task = find(follower, tid);

	if (!task)
		follower->sights->lost++;
	if (signal == (SIGTRAP | 0x80)) {
		if (task)
			on_call(follower, task);
		signal = 0;
	} else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
		ptrace_listen(tid);
		return;
	} else if (event) {
		signal = 0;
	}
	/* -ESRCH: it was killed while it stood. */
	ptrace_go_on(tid, signal);
}

void follower_attend(struct follower *follower)
{
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
		if (WIFSTOPPED(status))
			on_stop(follower, tid, status);
		else
			forget(follower, tid);
	}
}
