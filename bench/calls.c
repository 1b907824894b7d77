// SPDX-License-Identifier: Apache-2.0
/*
 * calls: what one system call takes. Reads words from standard input and answers each with nanoseconds a call: "success", a
 * call that always succeeds; "refused", the same refusal again and again. It drops root first: root is refused little.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NOBODY 65534
#define PARTS  101
#define SUCCESSES 20000 /* of one part */
#define REFUSALS  1000

/* Of this thread: what others take from the processor does not count. */
static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double successes(void)
{
	double begin = now();

	for (int i = 0; i < SUCCESSES; i++)
		syscall(SYS_getppid);
	return (now() - begin) / SUCCESSES;
}

static double refusals(void)
{
	double begin = now();

	for (int i = 0; i < REFUSALS; i++)
		if (open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
			exit(2);
	return (now() - begin) / REFUSALS;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* The median of many short parts: an interrupt spoils one part alone. */
static double measure(double (*part)(void))
{
	double parts[PARTS];

	for (int i = 0; i < PARTS; i++)
		parts[i] = part();
	qsort(parts, PARTS, sizeof(parts[0]), compare);
	return parts[PARTS / 2];
}

int main(void)
{
	char word[32];

	if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		return 1;
	while (fgets(word, sizeof(word), stdin)) {
		printf("%.3f\n", measure(strncmp(word, "success", 7) == 0 ? successes : refusals));
		fflush(stdout);
	}
	return 0;
}
