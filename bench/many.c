/* SPDX-License-Identifier: Apache-2.0 */
/*
 * many: containers made, started, killed and deleted, some at a time; how long all of them took.
 *
 *   many COUNT WORKERS DIRECTORY NAMESPACE|- BUNDLE WORD…
 *
 * WORDs: the runtime with its global options. NAMESPACE: a mount namespace that it runs in. DIRECTORY: for pid files.
 * Prints nanoseconds and the number of calls that failed.
 *
 * Each worker takes each WORKERS-th container, step by step, and is the subreaper of what its calls leave behind, so that it
 * waits for the killed process itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 32

struct runtime {
	char *directory, *bundle, **words;
	int words_count, namespace_fd, null_fd;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static _Noreturn void stop(const char *what)
{
	fprintf(stderr, "many: %s: %s\n", what, strerror(errno));
	_exit(1);
}

/* One call of the runtime; further words end with NULL. */
static bool call(const struct runtime *runtime, const char *const *further)
{
	char *words[WORDS_MAX];
	int count = 0, status;
	pid_t pid;

	while (count < runtime->words_count) {
		words[count] = runtime->words[count];
		count++;
	}
	while (*further)
		words[count++] = (char *)(uintptr_t)*further++;
	words[count] = NULL;
	pid = vfork();
	if (pid == 0) {
		dup2(runtime->null_fd, 0);
		dup2(runtime->null_fd, 1);
		if (!getenv("SHOW_ERRORS"))
			dup2(runtime->null_fd, 2);
		if (runtime->namespace_fd >= 0 && (setns(runtime->namespace_fd, CLONE_NEWNS) < 0 || chdir("/") < 0))
			_exit(126);
		execv(words[0], words);
		_exit(127);
	}
	if (pid < 0)
		stop("vfork");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			stop("waitpid");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void await_end(const char *pid_file)
{
	FILE *file = fopen(pid_file, "re");
	int pid = 0;

	if (!file)
		return;
	if (fscanf(file, "%d", &pid) == 1)
		waitpid(pid, NULL, 0);
	fclose(file);
	unlink(pid_file);
}

/* Number of failed calls. */
static int live(const struct runtime *runtime, int number)
{
	char id[64], pid_file[512];
	int failed = 0;

	snprintf(id, sizeof(id), "many%d-%d", getppid(), number);
	snprintf(pid_file, sizeof(pid_file), "%s/%s.pid", runtime->directory, id);
	failed += !call(runtime, (const char *[]){"create", "--bundle", runtime->bundle, "--pid-file", pid_file, id, NULL});
	failed += !call(runtime, (const char *[]){"start", id, NULL});
	failed += !call(runtime, (const char *[]){"kill", id, "KILL", NULL});
	await_end(pid_file);
	failed += !call(runtime, (const char *[]){"delete", id, NULL});
	return failed;
}

static int work(const struct runtime *runtime, int first, int workers, int count)
{
	int failed = 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (int number = first; number < count; number += workers)
		failed += live(runtime, number);
	return failed < 255 ? failed : 255;
}

int main(int argc, char **argv)
{
	int failed = 0, status;
	uint64_t start;

	if (argc < 7 || argc - 6 > WORDS_MAX - 8) {
		fprintf(stderr, "usage: many COUNT WORKERS DIRECTORY NAMESPACE|- BUNDLE WORD...\n");
		return 2;
	}
	const int count = atoi(argv[1]), workers = atoi(argv[2]);
	struct runtime runtime = {
		.directory = argv[3],
		.bundle = argv[5],
		.words = argv + 6,
		.words_count = argc - 6,
		.namespace_fd = strcmp(argv[4], "-") ? open(argv[4], O_RDONLY | O_CLOEXEC) : -EBADF,
		.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC),
	};

	start = now();
	for (int i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(work(&runtime, i, workers, count));
		if (pid < 0)
			stop("fork");
	}
	while (wait(&status) > 0)
		failed += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	printf("%llu %d\n", (unsigned long long)(now() - start), failed);
	return 0;
}
