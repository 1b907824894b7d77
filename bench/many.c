/* SPDX-License-Identifier: Apache-2.0 */
/*
 * many: containers made, started, killed and deleted, some at a time; how long all of them took.
 *
 *   many COUNT WORKERS KILLS DIRECTORY NAMESPACE|- BUNDLE WORD…
 *
 * WORDs: the runtime with its global options. NAMESPACE: a mount namespace that it runs in. DIRECTORY: for pid files.
 * KILLS: of a hundred calls so many are ended with SIGKILL at a random moment; what a container then is is unknown, so that
 * it is deleted by force and lives once more. Prints nanoseconds and the numbers of calls that failed, of those that were
 * killed, and of processes that were left.
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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 32
#define LIVES_MAX 50
#define END_TRIES 500 /* of 10 ms */

enum verb { CREATE, START, KILL, DELETE, DELETE_FORCE, VERBS };
enum outcome { DONE, FAILED, KILLED };

struct counts {
	int failed, killed, left;
};

struct runtime {
	char *directory, *bundle, **words;
	int words_count, namespace_fd, null_fd;
	int kills;		   /* of a hundred */
	uint64_t took[VERBS];	   /* nanoseconds, about: a kill falls into that time */
	struct counts *counts;
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

static void pause_for(uint64_t nanoseconds)
{
	struct timespec time = {(time_t)(nanoseconds / 1000000000u), (long)(nanoseconds % 1000000000u)};

	nanosleep(&time, NULL);
}

/* One call of the runtime; further words end with NULL. Deleting by force is never killed. */
static enum outcome call(struct runtime *runtime, enum verb verb, const char *const *further)
{
	bool lethal = runtime->kills && verb != DELETE_FORCE && rand() % 100 < runtime->kills;
	uint64_t start = now();
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
	if (lethal) {
		/* In the first half of it: few are over by then, also of a runtime whose calls are short. */
		pause_for(runtime->took[verb] / 200 * (uint64_t)(rand() % 100));
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			stop("waitpid");
	if (WIFSIGNALED(status) && lethal) {
		__atomic_fetch_add(&runtime->counts->killed, 1, __ATOMIC_RELAXED);
		return KILLED;
	}
	runtime->took[verb] = runtime->took[verb] / 4 * 3 + (now() - start) / 4;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return DONE;
	__atomic_fetch_add(&runtime->counts->failed, 1, __ATOMIC_RELAXED);
	return FAILED;
}

/* Of the container's process, where it is known. One that a killed runtime has left may never end. */
static void await_end(const char *pid_file)
{
	FILE *file = fopen(pid_file, "re");
	int pid = 0;

	if (!file)
		return;
	if (fscanf(file, "%d", &pid) == 1)
		for (int i = 0; i < END_TRIES && waitpid(pid, NULL, WNOHANG) == 0; i++)
			pause_for(i == 0 ? 0 : i < 20 ? 200000 : 10000000);
	fclose(file);
	unlink(pid_file);
}

/* The outcome of the first call that was not done. */
static enum outcome live_once(struct runtime *runtime, const char *id, const char *pid_file)
{
	enum outcome outcome;

	outcome = call(runtime, CREATE, (const char *[]){"create", "--bundle", runtime->bundle, "--pid-file", pid_file, id,
							 NULL});
	if (outcome == DONE)
		outcome = call(runtime, START, (const char *[]){"start", id, NULL});
	if (outcome == DONE)
		outcome = call(runtime, KILL, (const char *[]){"kill", id, "KILL", NULL});
	if (outcome == DONE) {
		await_end(pid_file);
		outcome = call(runtime, DELETE, (const char *[]){"delete", id, NULL});
	}
	return outcome;
}

static void live(struct runtime *runtime, int number)
{
	char id[64], pid_file[512];

	snprintf(id, sizeof(id), "many%d-%d", getppid(), number);
	snprintf(pid_file, sizeof(pid_file), "%s/%s.pid", runtime->directory, id);
	for (int i = 0; i < LIVES_MAX && live_once(runtime, id, pid_file) == KILLED; i++) {
		call(runtime, DELETE_FORCE, (const char *[]){"delete", "--force", id, NULL});
		await_end(pid_file);
	}
}

/* What this worker has inherited of its calls and still runs is left behind: it is ended here. */
static void end_children(struct runtime *runtime)
{
	char path[64];
	FILE *file;
	int pid;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &pid) == 1) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		__atomic_fetch_add(&runtime->counts->left, 1, __ATOMIC_RELAXED);
	}
	if (file)
		fclose(file);
}

static void work(struct runtime *runtime, int first, int workers, int count)
{
	srand((unsigned int)first + 1);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (int number = first; number < count; number += workers)
		live(runtime, number);
	end_children(runtime);
}

int main(int argc, char **argv)
{
	uint64_t start;

	if (argc < 8 || argc - 7 > WORDS_MAX - 8) {
		fprintf(stderr, "usage: many COUNT WORKERS KILLS DIRECTORY NAMESPACE|- BUNDLE WORD...\n");
		return 2;
	}
	const int count = atoi(argv[1]), workers = atoi(argv[2]);
	struct runtime runtime = {
		.kills = atoi(argv[3]),
		.directory = argv[4],
		.bundle = argv[6],
		.words = argv + 7,
		.words_count = argc - 7,
		.namespace_fd = strcmp(argv[5], "-") ? open(argv[5], O_RDONLY | O_CLOEXEC) : -EBADF,
		.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC),
		.counts = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
	};

	if (runtime.counts == MAP_FAILED)
		stop("mmap");
	start = now();
	for (int i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			work(&runtime, i, workers, count);
			_exit(0);
		}
		if (pid < 0)
			stop("fork");
	}
	while (wait(NULL) > 0)
		;
	printf("%llu %d %d %d\n", (unsigned long long)(now() - start), runtime.counts->failed, runtime.counts->killed,
	       runtime.counts->left);
	return 0;
}
