/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe/notify: what a program does, without any privilege: a seccomp filter sends its calls to a supervisor
 * (seccomp_unotify(2)), which looks at them and lets the kernel carry them out. Two processes: the caller, and the
 * supervisor, its child, which lives as long as something runs under the filter. It refuses nothing and changes nothing;
 * while a call waits its process stands still, so that its memory and its files can be looked at, and whether it still
 * waits is asked again after each reading. Calls are seen at their beginning: what comes of them is not.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/fd.h"
#include "base/types.h"
#include "insight/observe/sights.h"
#include "kernel/process.h"
#include "kernel/seccomp.h"

#define COUNTS_EVERY 1024 /* calls between two looks at the clock */
#define SOCKET_BUFFER (4 << 20)

/*
 * A profile that is learned so allows these in any case (insight/learn/calls.c): libraries make them for memory, locks, the
 * clock and signals, and they are most of all calls. sendmsg hands the listener itself over.
 */
static const char *const unseen[] = {
	"brk",	  "clock_gettime", "close",	      "exit",		"exit_group",	"futex",   "gettimeofday",
	"mmap",	  "mprotect",	   "mremap",	      "munmap",		"read",		"sendmsg", "restart_syscall",
	"write",  "writev",	   "rt_sigprocmask",  "rt_sigreturn",	"sched_yield",
};
_Static_assert(ARRAY_SIZE(unseen) + 6 <= OBSERVE_NOTIFY_FILTER_MAX, "the filter has room");

const char *observe_notify_unseen(size_t index)
{
	return index < ARRAY_SIZE(unseen) ? unseen[index] : NULL;
}

/* Execve alone: all else is traced. */
static uint16_t filter_for_tracing(struct sock_filter *instructions)
{
	const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ABI_ARCH_NATIVE, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)abi_syscall_number(ABI_ARCH_NATIVE, "execve"), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)abi_syscall_number(ABI_ARCH_NATIVE, "execveat"), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	memcpy(instructions, program, sizeof(program));
	return ARRAY_SIZE(program);
}

uint16_t observe_notify_filter(struct sock_filter instructions[OBSERVE_NOTIFY_FILTER_MAX], bool traced)
{
	int numbers[ARRAY_SIZE(unseen)];
	uint16_t count = 0, left = 0;

	if (traced)
		return filter_for_tracing(instructions);
	for (size_t i = 0; i < ARRAY_SIZE(unseen); i++) {
		int number = abi_syscall_number(ABI_ARCH_NATIVE, unseen[i]);

		if (number != ABI_SYSCALL_NONE)
			numbers[left++] = number;
	}
	instructions[count++] =
		(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	/* Another architecture: to the last but one. */
	instructions[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ABI_ARCH_NATIVE, 0, left + 1);
	instructions[count++] =
		(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (uint16_t i = 0; left; i++, left--)
		instructions[count++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)numbers[i], left, 0);
	instructions[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	instructions[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return count;
}

/* ---- the supervisor ---- */

struct supervisor {
	int listener_fd, out_fd;
	uint64_t id; /* of the call that is looked at */
	bool reader_gone;
	struct follower *follower; /* NULL: nothing is traced */
	bool followed;
	struct sights sights;
};

static void send_out(void *context, const union observe_record *record)
{
	struct supervisor *supervisor = context;
	ssize_t sent;

	if (supervisor->reader_gone)
		return;
	do
		sent = send(supervisor->out_fd, record, observe_record_size(record, sizeof(*record)), MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	/* The workload goes on; only nobody is told any more. */
	supervisor->reader_gone = sent < 0;
}

static bool still_waits(void *context)
{
	const struct supervisor *supervisor = context;

	return seccomp_still_waits(supervisor->listener_fd, supervisor->id);
}

/* The one descriptor that is handed over; -EBADF when the workload was not started. */
static int take_listener(int socket_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char word;
	struct iovec part = {.iov_base = &word, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header;
	ssize_t got;
	int fd;

	do
		got = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	header = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
	if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EBADF;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

/* The last process under the filter has ended. */
static bool is_over(int listener_fd)
{
	struct pollfd fd = {.fd = listener_fd, .events = POLLIN};

	return poll(&fd, 1, 0) > 0 && fd.revents & (POLLHUP | POLLERR | POLLNVAL) && !(fd.revents & POLLIN);
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

static void answer(struct supervisor *supervisor, const struct seccomp_notif *notification)
{
	uint64_t args[6];
	struct sight_call call = {.tid = (pid_t)notification->pid, .number = notification->data.nr, .args = args,
				  .native = notification->data.arch == ABI_ARCH_NATIVE};

	memcpy(args, notification->data.args, sizeof(args));
	supervisor->id = notification->id;
	if (!supervisor->follower || !supervisor->followed)
		sights_take(&supervisor->sights, &call);
	if (supervisor->follower && !supervisor->followed) {
		supervisor->followed = true;
		/* Nothing more would be seen. */
		if (follower_take(supervisor->follower, call.tid) < 0)
			supervisor->sights.lost++;
	}
	/* -ENOENT: a signal has ended it. */
	seccomp_continue(supervisor->listener_fd, notification->id);
}

/* A descriptor that is readable when something traced has stopped. */
static int open_stops(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void serve(struct supervisor *supervisor)
{
	struct seccomp_notif notification;
	struct pollfd fds[] = {{.fd = supervisor->listener_fd, .events = POLLIN},
			       {.fd = supervisor->follower ? open_stops() : -EBADF, .events = POLLIN}};
	struct signalfd_siginfo info;
	time_t told = seconds();
	int result;

	seccomp_wake_here(supervisor->listener_fd);
	for (;;) {
		/* Receiving does not end when nobody is left, waiting for an event does. */
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents) {
			while (read(fds[1].fd, &info, sizeof(info)) == sizeof(info))
				;
			follower_attend(supervisor->follower);
		}
		if (is_over(supervisor->listener_fd))
			return;
		if (!(fds[0].revents & POLLIN))
			continue;
		result = seccomp_receive(supervisor->listener_fd, &notification);
		if (result < 0)
			continue;
		answer(supervisor, &notification);
		if (supervisor->sights.calls % COUNTS_EVERY == 0 && seconds() != told) {
			sights_tell_counts(&supervisor->sights);
			told = seconds();
		}
	}
}

static _Noreturn void supervise(int socket_fd, int out_fd, bool traced)
{
	struct supervisor supervisor = {.out_fd = out_fd, .listener_fd = take_listener(socket_fd)};
	union observe_record *record = &supervisor.sights.record;

	fd_close(&socket_fd);
	if (supervisor.listener_fd >= 0 && sights_begin(&supervisor.sights, send_out, &supervisor)) {
		supervisor.follower = traced ? follower_begin(&supervisor.sights) : NULL;
		/* What is traced stands still until it is let go. */
		supervisor.sights.is_valid = traced ? NULL : still_waits;
		serve(&supervisor);
	}
	record->end = (struct observe_end){.kind = OBSERVE_END, .seen = supervisor.sights.calls, .lost = supervisor.sights.lost};
	send_out(&supervisor, record);
	_exit(0);
}

/* Signals of the terminal are for the workload, whose calls would wait for ever without a supervisor. */
static void become_supervisor(int socket_fd, int out_fd, bool traced)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU};

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	if (dup2(socket_fd, 0) < 0 || dup2(out_fd, 1) < 0)
		_exit(1);
	process_close_range(2, ~0U);
	supervise(0, 1, traced);
}

int observe_notify_start(struct observe *observe, bool traced, int *ret_watch_fd, struct err *err)
{
	int records[2], watch[2];

	*observe = OBSERVE_INIT;
	if (!seccomp_action_available(SECCOMP_RET_USER_NOTIF)) {
		err_set(err, ERR_UNSUPPORTED, "cannot watch system calls: this kernel has no seccomp notification");
		return err_fix(err, "Linux 5.5 or newer, or as root on the host");
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, records) < 0)
		return err_sys(err, errno, "socketpair", "cannot talk to the supervisor of system calls");
	observe->fd = records[0];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, watch) < 0) {
		close(records[1]);
		return err_sys(err, errno, "socketpair", "cannot talk to the supervisor of system calls");
	}
	setsockopt(records[1], SOL_SOCKET, SO_SNDBUF, &(int){SOCKET_BUFFER}, sizeof(int));
	observe->helper = fork();
	if (observe->helper == 0)
		become_supervisor(watch[1], records[1], traced);
	close(records[1]);
	close(watch[1]);
	if (observe->helper < 0) {
		observe->helper = 0;
		close(watch[0]);
		return err_sys(err, errno, "fork", "cannot start the supervisor of system calls");
	}
	*ret_watch_fd = watch[0];
	observe->ready = (struct observe_ready){.kind = OBSERVE_READY, .tier = OBSERVE_TIER_ROOTLESS, .capability_checks = 1,
						.calls_unseen = !traced};
	strcpy(observe->ready.reason, traced ? "traced, it needs no privilege" : "it needs no privilege");
	return 0;
}
