/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn_runner: the process that runs the container while another one watches: this program again, with descriptors that the
 * one who started it has made: a socket to it, where the listener of a filter goes, and a profile to be verified.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/learn.h"
#include "cmd/bulkhead/lifecycle.h"
#include "kernel/process.h"

struct runner {
	int fd;
	bool abandoned; /* the other one does not want it to go on, and says why */
};

static int on_process(void *context, pid_t pid, struct err *err)
{
	struct runner *runner = context;
	char word;

	if (send(runner->fd, &pid, sizeof(pid), MSG_NOSIGNAL) == sizeof(pid) && recv(runner->fd, &word, 1, 0) == 1)
		return 0;
	runner->abandoned = true;
	return err_set(err, ERR_INTERNAL, "nobody watches");
}

/* The profile that is to be verified. */
static int read_candidate(int fd, struct arena *arena, struct engine_profile *ret, struct err *err)
{
	char path[40];

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret->name = "candidate";
	return engine_read_file(arena, path, ret->name, PROFILE_SIZE_MAX, &ret->text, &ret->size, err);
}

int learn_runner(struct people *people, const struct sandbox_request *request, const struct learn_options *options)
{
	struct sock_filter instructions[OBSERVE_NOTIFY_FILTER_MAX];
	const struct filter_program filter = {
		.instructions = instructions,
		.count = observe_notify_filter(instructions, learn_traced(options)),
	};
	int fd = (int)options->runner_fd, watch_fd = (int)options->watch_fd;
	struct runner runner = {.fd = fd};
	struct engine_run run = {.create = request->create};
	struct arena arena cleanup_arena = ARENA_INIT;
	struct err err = ERR_INIT;
	int status = PEOPLE_FAILED;

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (watch_fd) {
		fcntl(watch_fd, F_SETFD, FD_CLOEXEC);
		run.create.watch = &filter;
		run.create.watch_fd = watch_fd;
	}
	if (options->candidate_fd && read_candidate((int)options->candidate_fd, &arena, &run.create.profile, &err))
		return life_fail_run(people, &err);
	process_set_parent_death_signal(SIGTERM);
	run.create.on_process = on_process;
	run.create.on_process_context = &runner;
	if (engine_run(&people->engine, &run, &status, &err) && !runner.abandoned)
		status = life_fail_run(people, &err);
	return status;
}

/* ---- whoever starts it ---- */

/* The program has been seen already: what it prints the second time is nobody's, and what it reads is empty. */
static void be_quiet(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(PEOPLE_FAILED);
}

/* In a new process: this program again, from a sealed copy of itself as for any container, with some options more. */
static _Noreturn void become_runner(struct people *people, const struct learn_start *start, int fd)
{
	const struct {
		const char *name;
		int fd;
	} more[] = {{"runner-fd", fd}, {"watch-fd", start->watch_fd}, {"candidate-fd", start->candidate_fd}};
	char words[ARRAY_SIZE(more)][40], **argv;
	struct err err = ERR_INIT;
	int count = 0, used;

	while (people->argv[count])
		count++;
	argv = calloc((size_t)count + ARRAY_SIZE(more) + 1, sizeof(*argv));
	if (!argv)
		_exit(PEOPLE_FAILED);
	used = count - start->words + 1; /* up to the verb */
	memcpy(argv, people->argv, (size_t)used * sizeof(*argv));
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		if (more[i].fd < 0)
			continue;
		if (fcntl(more[i].fd, F_SETFD, 0) < 0)
			_exit(PEOPLE_FAILED);
		snprintf(words[i], sizeof(words[i]), "--%s=%d", more[i].name, more[i].fd);
		argv[used++] = words[i];
	}
	memcpy(argv + used, people->argv + count - start->words + 1, (size_t)start->words * sizeof(*argv));
	if (start->quiet)
		be_quiet();
	if (engine_protect_self(argv, cli_warn, &err) == 0) {
		/* Neither a copy nor a mount can be executed here, which was warned of. */
		execv("/proc/self/exe", argv);
		err_sys(&err, errno, "execve", "cannot start the process that runs the container");
	}
	cli_error(&people->cli, &err);
	_exit(PEOPLE_FAILED);
}

int learn_runner_start(struct people *people, const struct learn_start *start, pid_t *ret_pid, int *ret_fd, struct err *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, errno, "socketpair", "cannot talk to the process that runs the container");
	fflush(NULL);
	*ret_pid = fork();
	if (*ret_pid == 0) {
		close(ends[0]);
		become_runner(people, start, ends[1]);
	}
	close(ends[1]);
	if (*ret_pid < 0) {
		close(ends[0]);
		return err_sys(err, errno, "fork", "cannot start the process that runs the container");
	}
	*ret_fd = ends[0];
	return 0;
}

int learn_runner_await(pid_t runner)
{
	int status = 0;

	while (waitpid(runner, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : PEOPLE_FAILED;
}
