/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init: what stays as the container's first process when the program is not meant to be it. It forks the program,
 * passes signals on to it, reaps whatever is left behind, and ends as the program ended. It is the child itself, under the
 * same filter and with the same ids: the root needs no further file, and nobody has more power than planned. What the
 * runtime had in memory is dropped, because inside there may be those who can read it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/child/parts.h"
#include "kernel/process.h"

#define INIT_NAME "bulkhead-init"
#define REGIONS_MAX 256
#define PAGE 4096
#define THREAD_BLOCK (3 * PAGE) /* from errno on: variables of the C library, and what it knows of the thread */

/* proc_pid_stat(5): where the argument list begins, and the environment behind it ends. */
enum { STAT_STATE = 3, STAT_ARG_START = 48, STAT_ENV_END = 51 };

struct region {
	char *start, *end;
};

/* What init drops after the fork. */
struct memory {
	struct region arguments;
	struct region regions[REGIONS_MAX];
	size_t count;
};

static int find_arguments(struct child *child, struct region *ret)
{
	uintptr_t values[STAT_ENV_END + 1] = {0};
	char text[1024], *at;
	int result = procfs_read(&child->procfs, "self/stat", text, sizeof(text));

	if (result < 0)
		return result;
	at = strrchr(text, ')');
	for (int field = STAT_STATE; at && field <= STAT_ENV_END; field++) {
		at = strchr(at + 1, ' ');
		if (at)
			values[field] = strtoull(at + 1, NULL, 10);
	}
	if (!values[STAT_ARG_START] || values[STAT_ENV_END] < values[STAT_ARG_START])
		return -EPROTO;
	*ret = (struct region){(char *)values[STAT_ARG_START], (char *)values[STAT_ENV_END]};
	return 0;
}

static void take(struct memory *memory, char *start, char *end)
{
	if (start < end && memory->count < REGIONS_MAX)
		memory->regions[memory->count++] = (struct region){start, end};
}

/* A line of proc_pid_maps(5): "start-end perms offset device inode   name". Taken when it is private memory without a
 * file, but for the thread's own block, in which errno lies; locals are on the stack, which has a name. */
static void take_line(struct memory *memory, const char *line)
{
	char *thread = (char *)((uintptr_t)&errno & ~(uintptr_t)(PAGE - 1));
	char *end, *perms;
	char *start = (char *)strtoull(line, &end, 16);
	char *limit = *end == '-' ? (char *)strtoull(end + 1, &perms, 16) : NULL;
	const char *name = limit ? strrchr(line, ' ') : NULL;

	if (!name || strncmp(perms, " rw-p 00000000 00:00 0", 22) != 0 || (name[1] && strcmp(name + 1, "[heap]") != 0))
		return;
	if (thread < start || thread >= limit) {
		take(memory, start, limit);
		return;
	}
	take(memory, start, thread);
	take(memory, thread + THREAD_BLOCK, limit);
}

static int find_regions(struct child *child, struct memory *memory)
{
	cleanup_fd int fd = procfs_open(&child->procfs, "self/maps", O_RDONLY);
	char line[PATH_MAX + 128], data[4096];
	size_t length = 0;
	ssize_t got;

	if (fd < 0)
		return fd;
	while ((got = read(fd, data, sizeof(data))) > 0)
		for (ssize_t i = 0; i < got; i++) {
			if (data[i] != '\n') {
				if (length < sizeof(line) - 1)
					line[length++] = data[i];
				continue;
			}
			line[length] = '\0';
			length = 0;
			take_line(memory, line);
		}
	return got < 0 ? -errno : 0;
}

/* Anyone inside can read /proc/1/cmdline: in the place of the caller's command line and environment stands a name. */
static void forget(const struct memory *memory)
{
	size_t size = (size_t)(memory->arguments.end - memory->arguments.start);

	explicit_bzero(memory->arguments.start, size);
	memcpy(memory->arguments.start, INIT_NAME, size < sizeof(INIT_NAME) ? size : sizeof(INIT_NAME) - 1);
	process_set_name(INIT_NAME);
	for (size_t i = 0; i < memory->count; i++)
		madvise(memory->regions[i].start, (size_t)(memory->regions[i].end - memory->regions[i].start),
			MADV_DONTNEED);
}

/* Reap all that have ended. True when the program is among them. */
static bool reap(pid_t program, int *ret_status)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == program) {
			*ret_status = status;
			ended = true;
		}
	return ended;
}

static _Noreturn void attend(pid_t program, const sigset_t *signals)
{
	siginfo_t info;
	int status = 0, number;

	for (;;) {
		number = sigwaitinfo(signals, &info);
		if (number == SIGCHLD && reap(program, &status))
			process_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
		/* A stop from a terminal outside: the program's own group has no parent in its session, and the kernel lets
		 * such a one be stopped by SIGSTOP alone. */
		if (number == SIGTSTP)
			kill(-program, SIGSTOP);
		else if (number == SIGCONT)
			kill(-program, SIGCONT);
		else if (number > 0 && number != SIGCHLD)
			kill(program, number);
	}
}

/* The program leads a session of its own, as it does without init, and has the terminal if there is one. */
static int begin_session(const struct child *child, const struct op *op, struct err *err)
{
	if (setsid() < 0)
		return child_failed(op, errno, "setsid", err);
	if (child->plan->terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return child_failed(op, errno, "ioctl", err);
	return 0;
}

int child_init(struct child *child, const struct op *op, struct err *err)
{
	struct memory memory = {.count = 0}; /* on the stack, which stays */
	sigset_t signals, before;
	pid_t program;
	int result = find_arguments(child, &memory.arguments);

	if (result == 0)
		result = find_regions(child, &memory);
	if (result < 0)
		return child_failed(op, result, "read", err);
	/* Before signals are blocked: giving a terminal up sends SIGHUP, which the first process of a pid namespace has
	 * not to heed. */
	if (child->plan->terminal && ioctl(STDIN_FILENO, TIOCNOTTY) < 0)
		return child_failed(op, errno, "ioctl", err);
	/* Before the fork, so that no end and no signal is missed. */
	sigfillset(&signals);
	if (sigprocmask(SIG_BLOCK, &signals, &before) < 0)
		return child_failed(op, errno, "rt_sigprocmask", err);
	program = fork();
	if (program < 0)
		return child_failed(op, errno, "fork", err);
	if (program == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		return begin_session(child, op, err);
	}
	/* As the program, it outlives the runtime. */
	process_set_parent_death_signal(0);
	/* The connection stays with the program: its execve closes it, or it tells what failed. */
	process_close_range(0, UINT_MAX);
	/* Without privilege outside, `exec` can enter only what may be dumped. */
	result = child->plan->child_opens_paths;
	forget(&memory);
	if (result)
		process_set_dumpable(true);
	attend(program, &signals);
}
