/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peak: the most memory that a program had at once: VmHWM, read when it is about to exit.
 *
 *   peak PROGRAM [WORD…]            prints KiB on standard output; the program's own goes to /dev/null
 *
 * ru_maxrss is of no use for this: it is inherited over execve and so tells of the caller when that is larger. A zombie has
 * no memory any more, so the program is traced and stops once, on its way out. Its children are not traced.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static long read_peak(pid_t pid)
{
	char path[64], line[256];
	long kib = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

static _Noreturn void become(char **words)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null_fd, 0);
	dup2(null_fd, 1);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	execvp(words[0], words);
	fprintf(stderr, "peak: cannot run %s: %s\n", words[0], strerror(errno));
	_exit(127);
}

int main(int argc, char **argv)
{
	int status;
	long kib = -1;

	if (argc < 2) {
		fprintf(stderr, "usage: peak PROGRAM [WORD...]\n");
		return 2;
	}
	pid_t pid = fork();
	if (pid == 0)
		become(argv + 1);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) < 0) {
		perror("peak");
		return 1;
	}
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		long signal = WSTOPSIG(status);

		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
			kib = read_peak(pid);
			signal = 0;
		} else if (signal == SIGTRAP) {
			signal = 0; /* execve */
		}
		ptrace(PTRACE_CONT, pid, NULL, signal);
	}
	printf("%ld\n", kib);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
