/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn_run: a sandbox that runs in a process of its own (the runner), as `bulkhead run` would run it, while this one
 * watches. The container's first process exists and waits when the runner says its pid; it goes on when the watching has
 * begun, and is watched from the program on that it executes. When this process ends, so does the runner's container.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/learn.h"
#include "cmd/bulkhead/lifecycle.h"
#include "kernel/process.h"

/* ---- the runner ---- */

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

static int run(struct people *people, const struct sandbox_request *request, const struct learn_options *options)
{
	struct sock_filter instructions[OBSERVE_NOTIFY_FILTER_MAX];
	const struct filter_program filter = {.instructions = instructions, .count = observe_notify_filter(instructions)};
	int fd = (int)options->runner_fd, watch_fd = (int)options->watch_fd;
	struct runner runner = {.fd = fd};
	struct engine_run run = {.create = request->create};
	struct err err = ERR_INIT;
	int status = PEOPLE_FAILED;

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (watch_fd) {
		fcntl(watch_fd, F_SETFD, FD_CLOEXEC);
		run.create.watch = &filter;
		run.create.watch_fd = watch_fd;
	}
	process_set_parent_death_signal(SIGTERM);
	run.create.on_process = on_process;
	run.create.on_process_context = &runner;
	if (engine_run(&people->engine, &run, &status, &err) && !runner.abandoned)
		status = life_fail_run(people, &err);
	return status;
}

/* In a new process: this program again, from a sealed copy of itself as for any container, with one option more. */
static _Noreturn void become_runner(struct people *people, int words, int fd, int watch_fd)
{
	char option[32], watch_option[32], **argv;
	struct err err = ERR_INIT;
	int count = 0, verb;

	while (people->argv[count])
		count++;
	verb = count - words;
	argv = calloc((size_t)count + 3, sizeof(*argv));
	if (!argv || fcntl(fd, F_SETFD, 0) < 0 || (watch_fd >= 0 && fcntl(watch_fd, F_SETFD, 0) < 0))
		_exit(PEOPLE_FAILED);
	snprintf(option, sizeof(option), "--runner-fd=%d", fd);
	snprintf(watch_option, sizeof(watch_option), "--watch-fd=%d", watch_fd < 0 ? 0 : watch_fd);
	memcpy(argv, people->argv, (size_t)(verb + 1) * sizeof(*argv));
	argv[verb + 1] = option;
	argv[verb + 2] = watch_option;
	memcpy(argv + verb + 3, people->argv + verb + 1, (size_t)(count - verb) * sizeof(*argv));
	if (engine_protect_self(argv, cli_warn, &err) == 0) {
		/* Neither a copy nor a mount can be executed here, which was warned of. */
		execv("/proc/self/exe", argv);
		err_sys(&err, errno, "execve", "cannot start the process that runs the container");
	}
	cli_error(&people->cli, &err);
	_exit(PEOPLE_FAILED);
}

/* ---- the watcher ---- */

struct watch {
	pid_t runner, container;
	unsigned int signals;
};

/* The first signal is the program's, which may end in order; the runner passes it on. A second one ends it. */
static bool on_signal(void *context, int signal, bool from_terminal)
{
	struct watch *watch = context;

	if (++watch->signals > 1) {
		kill(watch->container, SIGKILL);
		return false;
	}
	/* What a terminal sends goes to the runner, too. */
	if (!from_terminal)
		kill(watch->runner, signal);
	return false;
}

static int start_runner(struct people *people, int words, int watch_fd, pid_t *ret_pid, int *ret_fd, struct err *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, errno, "socketpair", "cannot talk to the process that runs the container");
	fflush(NULL);
	*ret_pid = fork();
	if (*ret_pid == 0) {
		close(ends[0]);
		become_runner(people, words, ends[1], watch_fd);
	}
	close(ends[1]);
	if (*ret_pid < 0) {
		close(ends[0]);
		return err_sys(err, errno, "fork", "cannot start the process that runs the container");
	}
	*ret_fd = ends[0];
	return 0;
}

static int await_runner(pid_t runner)
{
	int status = 0;

	while (waitpid(runner, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : PEOPLE_FAILED;
}

static int observe(struct learn_session *session, struct watch *watch, int fd, struct err *err)
{
	struct observe_target target = {
		.pids = &watch->container, .pids_count = 1, .tier_max = OBSERVE_TIER_HOOKS, .learn = true, .armed = true};
	int pidfd cleanup_fd = process_pidfd_open(watch->runner);

	/* The supervisor is there already. */
	if (!session->rootless &&
	    (learn_tier(session->options, &target.tier_max, err) || observe_start(&session->observe, &target, err)))
		return ERR;
	if (session->why[0])
		snprintf(session->observe.ready.reason, sizeof(session->observe.ready.reason), "%s", session->why);
	learn_take(&session->learn, &(union observe_record){.ready = session->observe.ready});
	if (send(fd, "x", 1, MSG_NOSIGNAL) != 1)
		return err_sys(err, errno, "send", "cannot tell the container to go on");
	return learn_session_watch(session, pidfd, -1, on_signal, watch, err);
}

/* "host python3 -m http.server" */
static const char *subject(struct arena *arena, char **operands)
{
	struct buf text cleanup_buf = BUF_INIT;

	for (; *operands; operands++)
		buf_printf(&text, "%s%s", text.length ? " " : "", *operands);
	return text.failed || !text.data ? NULL : arena_strdup(arena, text.data);
}

static int learn(struct learn_session *session, struct watch *watch, int *fd, struct err *err)
{
	struct rusage usage;
	int status, result = observe(session, watch, *fd, err);

	/* Without a word the container is taken back; afterwards its end is waited for. */
	fd_close(fd);
	if (result && watch->container)
		kill(watch->container, SIGKILL);
	status = await_runner(watch->runner);
	if (result || learn_session_drain(session, err))
		return ERR;
	/* It was not started, which has been said: there is nothing to be written. */
	session->refused = session->learn.counts.calls == 0 && status >= PEOPLE_FAILED;
	/* Of a program that ended between two looks this is all that is known. */
	if (getrusage(RUSAGE_CHILDREN, &usage) == 0)
		learn_take_use(&session->learn, "memory", (uint64_t)usage.ru_maxrss << 10);
	return status;
}

/* With the programs in the kernel, or without privilege. */
static int attempt(struct learn_session *session, int words, struct err *err)
{
	int fd cleanup_fd = -EBADF, watch_fd cleanup_fd = -EBADF;
	struct watch watch = {0};

	if (session->rootless && observe_notify_start(&session->observe, &watch_fd, err))
		return ERR;
	if (start_runner(session->people, words, watch_fd, &watch.runner, &fd, err))
		return ERR;
	fd_close(&watch_fd);
	if (recv(fd, &watch.container, sizeof(watch.container), 0) != sizeof(watch.container)) {
		session->refused = true; /* it has said why */
		return await_runner(watch.runner);
	}
	session->namespace_fd = learn_hold_namespace(watch.container);
	return learn(session, &watch, &fd, err);
}

int learn_run(struct people *people, struct learn_options *options, struct sandbox_request *request, struct arena *arena,
	      char **operands, int words)
{
	const char *source = subject(arena, operands);
	struct learn_session session;
	enum observe_tier tier;
	struct err err = ERR_INIT;
	bool rootless;
	int status;

	if (!source || learn_tier(options, &tier, &err) || sandbox_request_make(request, arena, operands, &err))
		return life_fail_run(people, &err);
	if (options->runner_fd)
		return run(people, request, options);
	rootless = tier == OBSERVE_TIER_ROOTLESS || (!options->tier && geteuid() != 0);
	if (learn_session_begin(&session, people, options, &err))
		return life_fail_run(people, &err);
	session.rootless = rootless;
	status = attempt(&session, words, &err);
	if (status == ERR && err.kind == ERR_UNSUPPORTED && !rootless && !options->tier) {
		/* The trial has failed: the way that needs no privilege is left. */
		learn_session_done(&session);
		if (learn_session_begin(&session, people, options, &err))
			return life_fail_run(people, &err);
		session.rootless = true;
		snprintf(session.why, sizeof(session.why), "%.150s", err.what);
		err = ERR_INIT;
		status = attempt(&session, words, &err);
	}
	if (status == ERR || (!session.refused && learn_write(&session, arena, source, &err)))
		status = life_fail_run(people, &err);
	learn_session_done(&session);
	return status;
}
