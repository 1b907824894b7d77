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
#include "base/sha256.h"
#include "cmd/bulkhead/explain.h"
#include "cmd/bulkhead/learn.h"
#include "cmd/bulkhead/lifecycle.h"
#include "kernel/process.h"

struct watch {
	pid_t runner, container;
	unsigned int signals;
	int signal; /* the first */
};

/* The first signal is the program's, which may end in order; the runner passes it on. A second one ends it. */
static bool on_signal(void *context, int signal, bool from_terminal)
{
	struct watch *watch = context;

	watch->signal = watch->signal ?: signal;
	if (++watch->signals > 1) {
		kill(watch->container, SIGKILL);
		return false;
	}
	/* What a terminal sends goes to the runner, too. */
	if (!from_terminal)
		kill(watch->runner, signal);
	return false;
}

static int observe(struct learn_session *session, struct watch *watch, int fd, struct err *err)
{
	struct observe_target target = {
		.pids = &watch->container, .pids_count = 1, .tier_max = OBSERVE_TIER_HOOKS, .learn = true, .armed = true};
	int pidfd cleanup_fd = process_pidfd_open(watch->runner);

	/* What enters the container later, by exec, is no child of its first process. */
	target.mount_inode = explain_namespace(watch->container, "mnt");
	if (target.mount_inode == explain_namespace(getpid(), "mnt"))
		target.mount_inode = 0;
	/* The supervisor is there already. */
	if (!session->rootless &&
	    (learn_tier(session->options, &target.tier_max, err) || observe_start(&session->observe, &target, err)))
		return ERR;
	if (session->why[0])
		snprintf(session->observe.ready.reason, sizeof(session->observe.ready.reason), "%s", session->why);
	learn_take(&session->learn, &(union observe_record){.ready = session->observe.ready});
	if (session->rootless)
		learn_note(&session->learn, false, "without privilege one sees %s, but no files of io_uring, no names, and no "
			   "addresses of sendmsg", learn_traced(session->options) ? "what is done" :
			   "what is tried, also where it was refused");
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

/* Of an archive. A directory has none that would stay the same. */
static int digest_of(const struct sandbox *sandbox, char digest[SHA256_TEXT_SIZE], struct err *err)
{
	int result = sandbox->kind == SANDBOX_ARCHIVE ? sha256_of_file(sandbox->archive.archive_fd, digest) : 0;

	return result < 0 ? err_sys(err, result, "pread", "cannot read %s", sandbox->archive.name) : 0;
}

static int learn(struct learn_session *session, struct watch *watch, int *fd, struct err *err)
{
	struct rusage usage;
	int status, result = observe(session, watch, *fd, err);

	/* Without a word the container is taken back; afterwards its end is waited for. */
	fd_close(fd);
	if (result && watch->container)
		kill(watch->container, SIGKILL);
	status = learn_runner_await(watch->runner);
	if (result || learn_session_drain(session, err))
		return ERR;
	if (status == 128 + SIGSYS)
		learn_note(&session->learn, true,
			   "a filter of the sandbox ended the program: bulkhead run --explain says for which call; one of 32 "
			   "bits needs --security-opt seccomp=unconfined, or a file that lists its architecture");
	/* It was not started, which has been said: there is nothing to be written. */
	session->refused = session->learn.counts.calls == 0 && status >= PEOPLE_FAILED;
	/* Of a program that ended between two looks this is all that is known. */
	if (getrusage(RUSAGE_CHILDREN, &usage) == 0)
		learn_take_use(&session->learn, "memory", (uint64_t)usage.ru_maxrss << 10);
	return status;
}

/* With the programs in the kernel, or without privilege. */
static int attempt(struct learn_session *session, struct learn_verify *verify, struct err *err)
{
	int fd cleanup_fd = -EBADF, watch_fd cleanup_fd = -EBADF;
	struct learn_start start = {.words = verify->words, .watch_fd = -EBADF, .candidate_fd = -EBADF};
	struct watch watch = {0};

	if (session->rootless && observe_notify_start(&session->observe, learn_traced(session->options), &watch_fd, err))
		return ERR;
	start.watch_fd = watch_fd;
	if (learn_runner_start(session->people, &start, &watch.runner, &fd, err))
		return ERR;
	fd_close(&watch_fd);
	if (recv(fd, &watch.container, sizeof(watch.container), 0) != sizeof(watch.container)) {
		session->refused = true; /* it has said why */
		return learn_runner_await(watch.runner);
	}
	session->namespace_fd = learn_hold_namespace(watch.container);
	verify->status = learn(session, &watch, &fd, err);
	verify->signal = watch.signal;
	verify->elapsed_ns = learn_session_elapsed(session);
	return verify->status;
}

int learn_run(struct people *people, struct learn_options *options, struct sandbox_request *request, struct arena *arena,
	      char **operands, int words)
{
	struct learn_verify verify = {.request = request, .words = words};
	const char *source = subject(arena, operands);
	char digest[SHA256_TEXT_SIZE] = "";
	struct learn_session session;
	enum observe_tier tier;
	struct err err = ERR_INIT;
	bool rootless;
	int status;

	if (!source || learn_tier(options, &tier, &err) || sandbox_request_make(request, arena, operands, &err))
		return life_fail_run(people, &err);
	if (options->runner_fd)
		return learn_runner(people, request, options);
	if (digest_of(&request->sandbox, digest, &err))
		return life_fail_run(people, &err);
	rootless = tier == OBSERVE_TIER_ROOTLESS || (!options->tier && geteuid() != 0);
	if (learn_session_begin(&session, people, options, &err))
		return life_fail_run(people, &err);
	session.rootless = rootless;
	session.digest = digest;
	status = attempt(&session, &verify, &err);
	if (status == ERR && err.kind == ERR_UNSUPPORTED && !rootless && !options->tier) {
		/* The trial has failed: the way that needs no privilege is left. */
		learn_session_done(&session);
		if (learn_session_begin(&session, people, options, &err))
			return life_fail_run(people, &err);
		session.rootless = true;
		session.digest = digest;
		snprintf(session.why, sizeof(session.why), "%.150s", err.what);
		err = ERR_INIT;
		status = attempt(&session, &verify, &err);
	}
	if (status != ERR && !session.refused &&
	    learn_write(&session, arena, source, options->no_verify ? NULL : &verify, &err))
		status = ERR;
	if (status == ERR)
		status = life_fail_run(people, &err);
	learn_session_done(&session);
	return status;
}
