/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe/trace: the tier that needs no privilege. A command is started and traced: each system call stops at both
 * ends, and a
 * refusal becomes the same record that the programs in the kernel make. Filters are copied when the traced program
 * loads
 * them; those from before cannot be read, and the records say so. The tracee's memory is read by address and never
 * believed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/fd.h"
#include "insight/observe/observe.h"
#include "kernel/ptrace.h"

#define TASKS_MAX 4096
#define PR_SET_SECCOMP_NUMBER 22 /* PR_SET_SECCOMP */

struct task {
	pid_t tid, pid;
	bool started, inside; /* inside: between the two ends of a call */
	struct ptrace_syscall_info entry;
	uint64_t filters[OBSERVE_FILTERS_MAX]; /* the last loaded first */
	uint32_t filters_count;
	struct sock_filter *pending; /* the filter that the call loads, if it succeeds */
	uint32_t pending_length;
};

struct tracer {
	struct task *tasks;
	size_t count;
	uint64_t filters; /* how many were loaded: their names */
	uint64_t seen;
	struct observe_call calls[OBSERVE_CALLS_ALL];
	observe_take_fn *take;
	void *context;
	union observe_record record;
};

static struct task *find(struct tracer *tracer, pid_t tid)
{
	for (size_t i = 0; i < tracer->count; i++)
		if (tracer->tasks[i].tid == tid)
			return &tracer->tasks[i];
	return NULL;
}

static struct task *add(struct tracer *tracer, pid_t tid)
{
	struct task *task = find(tracer, tid);

	if (task || tracer->count == TASKS_MAX)
		return task;
	task = &tracer->tasks[tracer->count++];
	*task = (struct task){.tid = tid, .pid = tid};
	return task;
}

static void forget(struct tracer *tracer, pid_t tid)
{
	struct task *task = find(tracer, tid);

	if (!task)
		return;
	free(task->pending);
	*task = tracer->tasks[--tracer->count];
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void send_record(struct tracer *tracer)
{
	tracer->take(tracer->context, &tracer->record);
}

/* ---- filters ---- */

/* At the beginning of seccomp(2) or prctl(2): the program that it would load. */
static void note_filter(struct task *task)
{
	const char *name = abi_syscall_name(task->entry.arch, (int)task->entry.entry.nr);
	const __u64 *args = task->entry.entry.args;
	struct {
		uint16_t length;
		uint64_t address;
	} program;
	uint64_t at = 0;
	ssize_t size;

	free(task->pending);
	task->pending = NULL;
	if (!name || task->entry.arch != ABI_ARCH_NATIVE)
		return;
	if (strcmp(name, "seccomp") == 0 && args[0] == SECCOMP_SET_MODE_FILTER)
		at = args[2];
	else if (strcmp(name, "prctl") == 0 && args[0] == PR_SET_SECCOMP_NUMBER && args[1] == SECCOMP_MODE_FILTER)
		at = args[2];
	if (!at || ptrace_read(task->tid, at, &program, sizeof(program)) != (ssize_t)sizeof(program) ||
	    program.length == 0 || program.length > OBSERVE_INSTRUCTIONS_MAX)
		return;
	size = (ssize_t)(program.length * sizeof(*task->pending));
	task->pending = malloc((size_t)size);
	task->pending_length = program.length;
	if (task->pending && ptrace_read(task->tid, program.address, task->pending, (size_t)size) != size) {
		free(task->pending);
		task->pending = NULL;
	}
}

/* It was loaded: send it, and put it before the others. Another thread may have changed the memory in between; such a
 * program
 * deceives its own user alone. */
static void take_filter(struct tracer *tracer, struct task *task)
{
	struct observe_filter *part = &tracer->record.filter;

	for (uint32_t offset = 0; offset < task->pending_length; offset += OBSERVE_CHUNK) {
		uint32_t count = task->pending_length - offset < OBSERVE_CHUNK ? task->pending_length - offset : OBSERVE_CHUNK;

		memset(part, 0, sizeof(*part));
		part->kind = OBSERVE_FILTER;
		part->length = task->pending_length;
		part->name = tracer->filters + 1;
		part->offset = offset;
		part->count = count;
		memcpy(part->instructions, task->pending + offset, count * sizeof(struct sock_filter));
		send_record(tracer);
	}
	memmove(task->filters + 1, task->filters, sizeof(task->filters) - sizeof(task->filters[0]));
	task->filters[0] = ++tracer->filters;
	if (task->filters_count < OBSERVE_FILTERS_MAX)
		task->filters_count++;
	free(task->pending);
	task->pending = NULL;
}

/* ---- refusals ---- */

/* "/a/b" as "b\0a\0", as the programs in the kernel see it. */
static void walk_of(const char *path, struct observe_refusal *record)
{
	size_t end = strlen(path);

	record->walk_length = 0;
	while (end > 0) {
		size_t start = end;

		while (start > 0 && path[start - 1] != '/')
			start--;
		if (end > start) {
			if (record->walk_length + (end - start) + 1 > OBSERVE_WALK_MAX)
				return;
			memcpy(record->walk + record->walk_length, path + start, end - start);
			record->walk_length += (uint32_t)(end - start);
			record->walk[record->walk_length++] = '\0';
		}
		end = start > 0 ? start - 1 : 0;
	}
}

static uint64_t argument(const struct observe_refusal *record, uint32_t arguments, int shift)
{
	uint32_t index = arguments >> shift & 15;

	return index ? record->args[index - 1] : 0;
}

static void read_arguments(struct task *task, struct observe_refusal *record, uint32_t arguments)
{
	char link[64], place[OBSERVE_WALK_MAX];
	bool has_path = arguments >> OBSERVE_ARG_PATH0_SHIFT & 15, has_fd = arguments >> OBSERVE_ARG_FD_SHIFT & 15;
	int fd = (int)argument(record, arguments, OBSERVE_ARG_FD_SHIFT);
	ssize_t length;

	if (has_path)
		observe_read_text(task->tid, argument(record, arguments, OBSERVE_ARG_PATH0_SHIFT), record->path[0],
				  OBSERVE_PATH_MAX);
	if (arguments >> OBSERVE_ARG_PATH1_SHIFT & 15)
		observe_read_text(task->tid, argument(record, arguments, OBSERVE_ARG_PATH1_SHIFT), record->path[1],
				  OBSERVE_PATH_MAX);
	if (arguments >> OBSERVE_ARG_ADDRESS_SHIFT & 15)
		ptrace_read(task->tid, argument(record, arguments, OBSERVE_ARG_ADDRESS_SHIFT), record->path[1], 110);
	if (record->path[0][0] == '/' || (!has_path && !has_fd))
		return;
	if (!has_fd || fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", task->tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", task->tid, fd);
	length = readlink(link, place, sizeof(place) - 1);
	if (length > 0) {
		place[length] = '\0';
		walk_of(place, record);
	}
}

static void refusal(struct tracer *tracer, struct task *task, uint32_t kind, int result)
{
	struct observe_refusal *record = &tracer->record.refusal;
	uint64_t number = task->entry.entry.nr;
	bool native = task->entry.arch == ABI_ARCH_NATIVE;

	memset(record, 0, sizeof(*record));
	record->kind = kind;
	record->time = now();
	record->pid = task->pid;
	record->tid = task->tid;
	observe_command_of(task->tid, record->comm);
	record->number = (int)number;
	record->result = result;
	memcpy(record->args, task->entry.entry.args, sizeof(record->args));
	record->instruction_pointer = task->entry.instruction_pointer;
	record->flags = native ? 0 : OBSERVE_COMPAT;
	record->filters_count = task->filters_count;
	memcpy(record->filters, task->filters, sizeof(record->filters));
	observe_describe(record);
	read_arguments(task, record, tracer->calls[OBSERVE_CALL_INDEX(number, !native)].arguments);
	tracer->seen++;
	send_record(tracer);
}

static void call_ended(struct tracer *tracer, struct task *task, const struct ptrace_syscall_info *info)
{
	uint64_t number = task->entry.entry.nr;
	int64_t value = info->exit.rval;
	bool compat = task->entry.arch != ABI_ARCH_NATIVE;

	if (value >= 0) {
		if (task->pending)
			take_filter(tracer, task);
		return;
	}
	if (value > -64 &&
	    (observe_errors_always | tracer->calls[OBSERVE_CALL_INDEX(number, compat)].errors) >> -value & 1)
		refusal(tracer, task, OBSERVE_REFUSAL, (int)value);
}

static void on_call(struct tracer *tracer, struct task *task)
{
	struct ptrace_syscall_info info = {0};

	if (ptrace_call(task->tid, &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		task->entry = info;
		task->inside = true;
		note_filter(task);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && task->inside) {
		task->inside = false;
		call_ended(tracer, task, &info);
	}
}

/* ---- life ---- */

static void process(struct tracer *tracer, struct task *task, uint32_t kind, int status)
{
	struct observe_process *record = &tracer->record.process;
	char path[64];
	ssize_t length;

	memset(record, 0, sizeof(*record));
	record->kind = kind;
	record->time = now();
	record->pid = task->pid;
	record->tid = task->tid;
	record->status = status;
	observe_command_of(task->tid, record->comm);
	if (kind == OBSERVE_EXEC) {
		snprintf(path, sizeof(path), "/proc/%d/exe", task->tid);
		length = readlink(path, record->path, sizeof(record->path) - 1);
		record->path[length > 0 ? length : 0] = '\0';
	}
	send_record(tracer);
}

/* Processor time of a process, in whole seconds, rounded: it is counted in ticks. 0 when that cannot be read. */
static uint64_t used_seconds(pid_t pid)
{
	unsigned long long user = 0, system = 0, ticks = (unsigned long long)sysconf(_SC_CLK_TCK);
	char path[64], text[1024];
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	end = fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) > 0 ? strrchr(text, ')') : NULL;
	/* utime and stime, the 14th and 15th. */
	if (!end || sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
		return 0;
	return (user + system + ticks / 2) / ticks;
}

/* It ends by the signal that warns of RLIMIT_CPU: by the kernel's, where so much was used. The next warning would have come a
 * second later, which is what the limit is set to by now. */
static void note_limit(struct tracer *tracer, struct task *task)
{
	struct rlimit limit;

	if (prlimit(task->pid, RLIMIT_CPU, NULL, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ||
	    used_seconds(task->pid) + 1 < limit.rlim_cur)
		return;
	tracer->record.signal = (struct observe_signal){.kind = OBSERVE_SIGNAL, .pid = task->pid, .signal = SIGXCPU};
	send_record(tracer);
}

static void on_event(struct tracer *tracer, struct task *task, int event)
{
	unsigned long message = 0;
	struct task *child;

	ptrace_message(task->tid, &message);
	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		child = add(tracer, (pid_t)message);
		if (child) {
			memcpy(child->filters, task->filters, sizeof(child->filters));
			child->filters_count = task->filters_count;
			child->pid = observe_group_of(child->tid);
		}
		break;
	case PTRACE_EVENT_EXEC:
		task->pid = observe_group_of(task->tid);
		process(tracer, task, OBSERVE_EXEC, 0);
		break;
	case PTRACE_EVENT_EXIT:
		if (WIFSIGNALED((int)message) && WTERMSIG((int)message) == SIGSYS)
			refusal(tracer, task, OBSERVE_SECCOMP_KILL, 0);
		if (WIFSIGNALED((int)message) && WTERMSIG((int)message) == SIGXCPU)
			note_limit(tracer, task);
		if (task->pid == task->tid)
			process(tracer, task, OBSERVE_EXIT, (int)message);
		break;
	}
}

/* What to go on with: a signal for the task, or none. */
static int on_stop(struct tracer *tracer, struct task *task, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		on_call(tracer, task);
		return 0;
	}
	if (event) {
		on_event(tracer, task, event);
		return 0;
	}
	/* A new task begins with a stop of its own. */
	if (!task->started && signal == SIGSTOP) {
		task->started = true;
		return 0;
	}
	return signal;
}

static int follow(struct tracer *tracer, pid_t first, struct err *err)
{
	int result = 0, status;

	for (;;) {
		pid_t tid = waitpid(-1, &status, __WALL);
		struct task *task;

		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			return errno == ECHILD ? result : err_sys(err, errno, "waitpid", "cannot wait for the command");
		if (!WIFSTOPPED(status)) {
			if (tid == first)
				result = status;
			forget(tracer, tid);
			continue;
		}
		task = add(tracer, tid);
		if (!task) {
			ptrace_let_go(tid, 0);
			continue;
		}
		/* ESRCH: it was killed while it stood. */
		ptrace_go_on(tid, on_stop(tracer, task, status));
	}
}

static int launch(char **argv, pid_t *ret_pid, struct err *err)
{
	int status, result;

	*ret_pid = fork();
	if (*ret_pid < 0)
		return err_sys(err, errno, "fork", "cannot start %s", argv[0]);
	if (*ret_pid == 0) {
		/* The tracer lets these pass; the command does not have to. */
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		if (ptrace_offer() < 0)
			_exit(125);
		execvp(argv[0], argv);
		_exit(errno == ENOENT ? 127 : 126);
	}
	while (waitpid(*ret_pid, &status, __WALL) < 0 && errno == EINTR)
		;
	result = WIFSTOPPED(status) ? ptrace_take(*ret_pid) : -EPERM;
	if (result == 0)
		return 0;
	kill(*ret_pid, SIGKILL);
	waitpid(*ret_pid, &status, __WALL);
	err_sys(err, result, "ptrace", "cannot trace %s", argv[0]);
	err_why(err, "a seccomp filter or a security module around this program forbids ptrace");
	return err_fix(err, "as root on the host, where nothing is traced");
}

int observe_trace(char **argv, observe_take_fn *take, void *context, int *ret_status, struct err *err)
{
	struct tracer tracer = {.take = take, .context = context, .tasks = calloc(TASKS_MAX, sizeof(struct task))};
	struct task *task;
	pid_t pid;
	int result;

	if (!tracer.tasks)
		return err_set(err, ERR_INTERNAL, "out of memory");
	observe_fill_calls(tracer.calls);
	if (launch(argv, &pid, err)) {
		free(tracer.tasks);
		return ERR;
	}
	tracer.record.ready = (struct observe_ready){.kind = OBSERVE_READY, .tier = OBSERVE_TIER_ROOTLESS};
	snprintf(tracer.record.ready.reason, sizeof(tracer.record.ready.reason), "it needs no privilege and slows "
	 "the command");
	send_record(&tracer);
	task = add(&tracer, pid);
	/* Without memory for it the calls are lost, as those of any other task would be. */
	if (task)
		task->started = true;
	ptrace_go_on(pid, 0);
	result = follow(&tracer, pid, err);
	tracer.record.end = (struct observe_end){.kind = OBSERVE_END, .seen = tracer.seen};
	send_record(&tracer);
	free(tracer.tasks);
	*ret_status = result;
	return result == ERR ? ERR : 0;
}
