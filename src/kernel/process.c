/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/process: see process.h. Runs in the runtime, the gate and the child. */
#include "kernel/process.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <linux/sched/types.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/process.h"
#include "base/fd.h"
#include "base/format.h"
#include "kernel/call.h"

pid_t process_clone(uint64_t flags, int into_cgroup_fd, int *ret_pidfd)
{
	int pidfd = -EBADF;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		/* With CLONE_PARENT the caller's own exit signal is inherited and naming one is refused. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	pid_t pid;

	if (into_cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)into_cgroup_fd;
	}
	pid = kernel_result(syscall(SYS_clone3, &args, sizeof(args)));
	/* A container's filter often refuses clone3, since it cannot see its flags. */
	if (pid == -ENOSYS && flags == 0 && into_cgroup_fd < 0)
		pid = kernel_result(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &pidfd, NULL, 0UL));
	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}

int process_pidfd_open(pid_t pid)
{
	return kernel_result(syscall(SYS_pidfd_open, pid, 0));
}

int process_pidfd_signal(int pidfd, int signal)
{
	return kernel_result(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

/* The decimal number after `key` at the start of a line; -EPROTO when there is none. *ret_negative: it had a minus. */
static int line_number(const char *text, const char *key, uint64_t *ret, bool *ret_negative)
{
	size_t length = strlen(key);
	uint64_t value = 0;

	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *at = line + length;

		if (strncmp(line, key, length) != 0)
			continue;
		while (*at == ' ' || *at == '\t')
			at++;
		*ret_negative = *at == '-';
		at += *ret_negative;
		if (*at < '0' || *at > '9')
			return -EPROTO;
		for (; *at >= '0' && *at <= '9'; at++)
			value = value * 10 + (uint64_t)(*at - '0');
		*ret = value;
		return 0;
	}
	return -EPROTO;
}

pid_t process_pidfd_pid(int pidfd)
{
	char path[64], text[1024];
	uint64_t value = 0;
	bool negative;
	ssize_t length;
	int result;

	format_text(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	length = fd_read_text_at(AT_FDCWD, path, text, sizeof(text));
	if (length < 0)
		return (pid_t)length;
	result = line_number(text, "Pid:", &value, &negative);
	if (result < 0)
		return result;
	/* -1: ended; 0: it lives in a pid namespace that this process cannot see. */
	return negative || value == 0 || value > INT_MAX ? -ESRCH : (pid_t)value;
}

int process_pidfd_wait(int pidfd, int *ret_status)
{
	siginfo_t info = {0};
	int result;

	do
		result = kernel_result(waitid((idtype_t)ABI_P_PIDFD, (id_t)pidfd, &info, WEXITED));
	while (result == -EINTR);
	if (result < 0)
		return result;
	if (info.si_code == CLD_EXITED)
		*ret_status = (info.si_status & 0xff) << 8;
	else
		*ret_status = (info.si_status & 0x7f) | (info.si_code == CLD_DUMPED ? 0x80 : 0);
	return 0;
}

/* From field 3 on. The name in field 2 may hold anything, ")" too: the last one counts. */
static int read_stat(pid_t pid, char *text, size_t size, const char **ret_at)
{
	char path[64];
	ssize_t length;

	format_text(path, sizeof(path), "/proc/%d/stat", pid);
	length = fd_read_text_at(AT_FDCWD, path, text, size);
	if (length < 0)
		return length == -ENOENT ? -ESRCH : (int)length;
	*ret_at = strrchr(text, ')');
	if (!*ret_at || (*ret_at)[1] != ' ' || !(*ret_at)[2])
		return -EPROTO;
	*ret_at += 2;
	return 0;
}

static int number_at(const char *at, int fields, uint64_t *ret)
{
	uint64_t value = 0;

	for (; fields > 0 && *at; at++)
		fields -= *at == ' ';
	if (fields > 0 || *at < '0' || *at > '9')
		return -EPROTO;
	for (; *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	*ret = value;
	return 0;
}

int process_stat(pid_t pid, uint64_t *ret_start_time, char *ret_state)
{
	char text[1024];
	const char *at;
	int result = read_stat(pid, text, sizeof(text), &at);

	if (result < 0)
		return result;
	*ret_state = *at;
	return number_at(at, PROCESS_STAT_START - 3, ret_start_time);
}

int process_stat_numbers(pid_t pid, const int *fields, uint64_t *ret, size_t count)
{
	char text[1024];
	const char *at;
	int result = read_stat(pid, text, sizeof(text), &at);

	for (size_t i = 0; i < count && result >= 0; i++)
		result = number_at(at, fields[i] - 3, &ret[i]);
	return result;
}

int process_stat_number(pid_t pid, int field, uint64_t *ret)
{
	return process_stat_numbers(pid, &field, ret, 1);
}

bool process_has_executable(pid_t pid)
{
	char path[64], target[8];

	format_text(path, sizeof(path), "/proc/%d/exe", pid);
	return readlink(path, target, sizeof(target)) > 0;
}

int process_set_dumpable(bool dumpable)
{
	return kernel_result(prctl(PR_SET_DUMPABLE, dumpable ? 1UL : 0UL, 0, 0, 0));
}

int process_set_name(const char *name)
{
	return kernel_result(prctl(PR_SET_NAME, name, 0, 0, 0));
}

int process_set_parent_death_signal(int signal)
{
	return kernel_result(prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0, 0, 0));
}

int process_close_range(unsigned int first, unsigned int last)
{
	return kernel_result(syscall(SYS_close_range, first, last, 0));
}

int process_cloexec_from(unsigned int first)
{
	return kernel_result(syscall(SYS_close_range, first, UINT_MAX, CLOSE_RANGE_CLOEXEC));
}

int process_reset_signals(void)
{
	/* The kernel's own structure is this large on every architecture at least; zeroes mean SIG_DFL without flags.
	 */
	static const unsigned long nothing[8];
	const uint64_t no_signals = 0;

	/* Directly: a C library hides the signals that it keeps for itself, and ignored ones survive execve. */
	for (int number = 1; number <= 64; number++)
		if (number != SIGKILL && number != SIGSTOP)
			syscall(SYS_rt_sigaction, number, nothing, NULL, sizeof(no_signals));
	return kernel_result(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, NULL, sizeof(no_signals)));
}

static void end(int signal)
{
	_exit(128 + signal);
}

int process_end_at(int signal)
{
	const struct sigaction action = {.sa_handler = end};

	return sigaction(signal, &action, NULL) < 0 ? -errno : 0;
}

_Noreturn void process_exit(int status)
{
	syscall(SYS_exit_group, status);
	syscall(SYS_exit, status);
	/* No call at all: it may be refused, and the first process of a pid namespace cannot even kill itself. */
	__builtin_trap();
}

int process_may_execute(const char *path)
{
	return kernel_result(syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS));
}

int process_get_cwd(char *buf, size_t size)
{
	/* Directly: a C library may hide "(unreachable)" or search for another answer. */
	int length = kernel_result(syscall(SYS_getcwd, buf, size));

	return length < 0 ? length : 0;
}

int process_prlimit(pid_t pid, int resource, uint64_t soft, uint64_t hard)
{
	struct {
		uint64_t soft, hard;
	} limit = {soft, hard};

	return kernel_result(syscall(SYS_prlimit64, pid, resource, &limit, NULL));
}

/* "unlimited", or a number; *text moves behind it. false when there is neither. */
static bool limit_value(const char **text, uint64_t *ret)
{
	static const char none[] = "unlimited";
	const char *at = *text + strspn(*text, " ");
	uint64_t value = 0;

	if (strncmp(at, none, sizeof(none) - 1) == 0) {
		*ret = UINT64_MAX;
		*text = at + sizeof(none) - 1;
		return true;
	}
	if (*at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	*ret = value;
	*text = at;
	return true;
}

int process_get_limits(pid_t pid, struct process_limit limits[PROCESS_LIMITS_MAX])
{
	const size_t name_width = 26; /* fs/proc/base.c: "%-25s ", a line for each resource in the order of their numbers */
	char path[64], text[4096];
	const char *line = text;
	ssize_t length;
	int count = 0;

	format_text(path, sizeof(path), "/proc/%d/limits", pid);
	length = fd_read_text_at(AT_FDCWD, path, text, sizeof(text));
	if (length < 0)
		return length == -ENOENT ? -ESRCH : (int)length;
	/* The first line is a heading. */
	while ((line = strchr(line, '\n')) && *++line && count < PROCESS_LIMITS_MAX) {
		const char *at = line + name_width;

		if (strnlen(line, name_width) < name_width || !limit_value(&at, &limits[count].soft) ||
		    !limit_value(&at, &limits[count].hard))
			return -EPROTO;
		count++;
	}
	return count;
}

int process_new_session_keyring(void)
{
	return kernel_result(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL));
}

int process_set_personality(unsigned long persona)
{
	return kernel_result(syscall(SYS_personality, persona));
}

int process_set_io_priority(int class, int priority)
{
	return kernel_result(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(class, priority)));
}

int process_set_scheduler(uint32_t policy, int32_t nice, int32_t priority, uint64_t flags, uint64_t runtime,
			  uint64_t deadline, uint64_t period)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = policy,
		.sched_flags = flags,
		.sched_nice = nice,
		.sched_priority = (uint32_t)priority,
		.sched_runtime = runtime,
		.sched_deadline = deadline,
		.sched_period = period,
	};

	return kernel_result(syscall(SYS_sched_setattr, 0, &attr, 0));
}

int process_set_affinity(const unsigned long *bits, size_t bits_count)
{
	return kernel_result(syscall(SYS_sched_setaffinity, 0, bits_count / 8, bits));
}

int process_set_memory_policy(int mode, unsigned int flags, const unsigned long *nodes, unsigned long nodes_bits)
{
	/* The kernel takes one bit less than it is told. */
	return kernel_result(syscall(SYS_set_mempolicy, mode | (int)flags, nodes_bits ? nodes : NULL,
				     nodes_bits ? nodes_bits + 1 : 0));
}
