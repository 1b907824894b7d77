/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meter: what work takes, as two numbers: by the clock, and of processors.
 *
 *   meter calls COUNT       nanoseconds of one getppid(2): of COUNT in blocks of 1000 the block in the middle
 *   meter run COMMAND…      microseconds until it has ended, and of processors for it and its children; it prints nothing
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK	   1000
#define BLOCKS_MAX 10000

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static int calls(int count)
{
	static double blocks[BLOCKS_MAX];
	int blocks_count = count / BLOCK;
	double begun = now(CLOCK_PROCESS_CPUTIME_ID), used;

	if (blocks_count < 1 || blocks_count > BLOCKS_MAX)
		return 2;
	for (int i = 0; i < blocks_count; i++) {
		double from = now(CLOCK_MONOTONIC);

		for (int call = 0; call < BLOCK; call++)
			syscall(SYS_getppid);
		blocks[i] = (now(CLOCK_MONOTONIC) - from) / BLOCK;
	}
	used = (now(CLOCK_PROCESS_CPUTIME_ID) - begun) / (blocks_count * BLOCK);
	qsort(blocks, (size_t)blocks_count, sizeof(*blocks), compare);
	printf("%.3f %.3f\n", blocks[blocks_count / 2], used);
	return 0;
}

static double us(struct timeval time)
{
	return (double)time.tv_sec * 1e6 + (double)time.tv_usec;
}

static int run(char **words)
{
	struct rusage usage;
	double from = now(CLOCK_MONOTONIC), took;
	int status, null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = vfork();

	if (pid == 0) {
		if (dup2(null_fd, 1) < 0 || dup2(null_fd, 2) < 0)
			_exit(126);
		execvp(words[0], words);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 1;
	took = (now(CLOCK_MONOTONIC) - from) / 1e3;
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("%.0f %.0f\n", took, us(usage.ru_utime) + us(usage.ru_stime));
	return 0;
}

int main(int count, char **words)
{
	if (count == 3 && strcmp(words[1], "calls") == 0)
		return calls(atoi(words[2]));
	if (count >= 3 && strcmp(words[1], "run") == 0)
		return run(words + 2);
	fputs("usage: meter calls COUNT | meter run COMMAND…\n", stderr);
	return 2;
}
