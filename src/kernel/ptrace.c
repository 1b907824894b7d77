/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/ptrace: see ptrace.h. */
#include "kernel/ptrace.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/call.h"

static int call_ptrace(long request, pid_t pid, unsigned long address, void *data)
{
	return kernel_result(syscall(SYS_ptrace, request, (long)pid, address, data));
}

int ptrace_attach(pid_t pid)
{
	return call_ptrace(PTRACE_SEIZE, pid, 0, NULL);
}

int ptrace_stop(pid_t pid, unsigned int deadline_ms, int *ret_signal)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	int status, result = call_ptrace(PTRACE_INTERRUPT, pid, 0, NULL);

	if (result < 0)
		return result;
	for (unsigned int waited = 0; waited <= deadline_ms; waited++) {
		pid_t got = waitpid(pid, &status, WNOHANG | __WALL);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == pid && !WIFSTOPPED(status))
			return -ESRCH;
		if (got == pid) {
			/* A signal that came first is delivered when it is let go. */
			*ret_signal = status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status);
			return 0;
		}
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

int ptrace_filter(pid_t pid, unsigned long index, struct sock_filter *instructions)
{
	return call_ptrace(PTRACE_SECCOMP_GET_FILTER, pid, index, instructions);
}

int ptrace_let_go(pid_t pid, int signal)
{
	return call_ptrace(PTRACE_DETACH, pid, 0, (void *)(uintptr_t)signal);
}

int ptrace_offer(void)
{
	int result = call_ptrace(PTRACE_TRACEME, 0, 0, NULL);

	return result < 0 ? result : kernel_result(kill(getpid(), SIGSTOP));
}

#define FOLLOW                                                                                                        \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | \
	 PTRACE_O_EXITKILL)

int ptrace_take(pid_t pid)
{
	return call_ptrace(PTRACE_SETOPTIONS, pid, 0, (void *)(uintptr_t)(FOLLOW | PTRACE_O_TRACEEXIT));
}

int ptrace_follow(pid_t pid)
{
	return call_ptrace(PTRACE_SEIZE, pid, 0, (void *)(uintptr_t)FOLLOW);
}

int ptrace_listen(pid_t pid)
{
	return call_ptrace(PTRACE_LISTEN, pid, 0, NULL);
}

int ptrace_go_on(pid_t pid, int signal)
{
	return call_ptrace(PTRACE_SYSCALL, pid, 0, (void *)(uintptr_t)signal);
}

int ptrace_call(pid_t pid, struct ptrace_syscall_info *ret)
{
	int result = call_ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(*ret), ret);

	return result < 0 ? result : 0;
}

int ptrace_message(pid_t pid, unsigned long *ret)
{
	return call_ptrace(PTRACE_GETEVENTMSG, pid, 0, ret);
}

ssize_t ptrace_read(pid_t pid, uint64_t address, void *buf, size_t size)
{
	struct iovec here = {buf, size}, there = {(void *)(uintptr_t)address, size};
	ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);

	return got < 0 ? -errno : got;
}
