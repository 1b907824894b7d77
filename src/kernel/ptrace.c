/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/ptrace: see ptrace.h. */
#include "kernel/ptrace.h"

#include <linux/ptrace.h>
#include <stdint.h>
#include <sys/syscall.h>
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
