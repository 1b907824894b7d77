/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_beside: what watches beside `bulkhead run --explain`. A process of its own, no child of the one that runs the
 * container, so that nothing of run changes: neither its pid nor its signals, streams and exit status. It is ready
 * before the container is made, tells on standard error when a container in the foreground has ended, and stays with a
 * detached one until that has ended for good. What it found is kept for `explain --last`.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/explain.h"
#include "cmd/bulkhead/lifecycle.h"

#define LOOK_MS 1000 /* how often it is asked whether a detached container is still there */

/* In the watcher. */
struct watcher {
	struct explain_story story;
	const struct explain_subject *subject;
	int hold_fd; /* its end: run has ended, or has left a detached container alone */
	bool detached;
};

static bool container_lives(struct watcher *watcher)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct life life;

	return life_find(watcher->story.people, watcher->subject->id, &arena, &life, &err) == 0 &&
	       (life_is_running(&life) || life.record.restarting || life.record.monitored);
}

static int watch(struct watcher *watcher, struct err *err)
{
	struct explain_story *story = &watcher->story;
	union observe_record record;
	int result;

	for (;;) {
		struct pollfd fds[2] = {{.fd = story->observe.fd, .events = POLLIN}, {.fd = watcher->hold_fd}};
		bool alone = watcher->hold_fd < 0;

		if (poll(fds, 2, alone ? LOOK_MS : -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "poll", "cannot wait");
		if (fds[0].revents) {
			result = observe_next(&story->observe, 0, &record, err);
			if (result < 0)
				return ERR;
			if (result)
				explain_story_take(story, &record);
			else if (story->observe.fd < 0)
				return err_set(err, ERR_INTERNAL, "the helper that watches has ended");
		} else if (alone) {
			if (!container_lives(watcher))
				return 0;
		} else if (fds[1].revents) {
			if (!watcher->detached)
				return 0;
			fd_close(&watcher->hold_fd);
		}
	}
}

/* The watcher's whole life. runner: whose children are meant. */
static int serve(struct watcher *watcher, pid_t runner, int ready_fd)
{
	struct observe_target target = {.pids = &runner, .pids_count = 1, .tier_max = OBSERVE_TIER_HOOKS};
	struct err err = ERR_INIT;

	for (int i = 0; i < 4; i++)
		signal((const int[]){SIGINT, SIGQUIT, SIGTERM, SIGHUP}[i], SIG_IGN);
	if (explain_story_start(&watcher->story, &target, &err) ||
	    explain_record_begin(&watcher->story, watcher->subject->id, &err)) {
		fd_write_all(ready_fd, &err, sizeof(err));
		return 1;
	}
	explain_expect(&watcher->story.explain, "config.json", watcher->subject->config, watcher->subject->config_size);
	watcher->story.explain.profiled = watcher->subject->profiled;
	watcher->story.explain.ruleset = &watcher->subject->ruleset;
	fd_write_all(ready_fd, &err, sizeof(err));
	if (watch(watcher, &err) == 0)
		explain_story_drain(&watcher->story, &err);
	explain_record_end(&watcher->story);
	if (err.kind != ERR_NONE && !watcher->detached)
		cli_error(&watcher->story.people->cli, &err);
	/* Standard error is where it would be said that nothing can be printed. */
	if (!watcher->detached)
		explain_story_tell(&watcher->story, stderr, &err);
	explain_story_done(&watcher->story);
	return 0;
}

/* No terminal, and no pipe that somebody waits for the end of. */
static void detach(void)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = 0; fd < 3 && null_fd >= 0; fd++)
		dup2(null_fd, fd);
	fd_close(&null_fd);
}

/* The first child ends at once, so that the watcher is nobody's child. */
static int fork_twice(pid_t *ret_pid)
{
	int status;
	pid_t pid = fork();

	*ret_pid = pid;
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		pid = fork();
		if (pid)
			_exit(pid < 0);
		return 0;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status ? -EAGAIN : 0;
}

int explain_beside_start(struct people *people, const struct explain_options *options,
			 const struct explain_subject *subject, bool detached, struct explain_beside *ret, struct err *err)
{
	struct watcher watcher = {.subject = subject, .detached = detached};
	pid_t runner = getpid(), pid;
	struct err reported;
	int ready[2], hold[2], result;

	if (explain_story_begin(&watcher.story, people, options, err))
		return ERR;
	watcher.story.inside = true;
	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(hold, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe2", "cannot watch beside the container");
	fflush(NULL);
	result = fork_twice(&pid);
	if (result == 0 && pid == 0) {
		fd_close(&ready[0]);
		fd_close(&hold[1]);
		watcher.hold_fd = hold[0];
		if (detached)
			detach();
		_exit(serve(&watcher, runner, ready[1]));
	}
	fd_close(&ready[1]);
	fd_close(&hold[0]);
	*ret = (struct explain_beside){.hold_fd = hold[1], .end_fd = ready[0]};
	explain_story_done(&watcher.story);
	if (result < 0)
		return err_sys(err, result, "fork", "cannot watch beside the container");
	if (fd_read_full(ret->end_fd, &reported, sizeof(reported)) != sizeof(reported))
		return err_set(err, ERR_INTERNAL, "what watches beside the container ended at once");
	if (reported.kind != ERR_NONE) {
		*err = reported;
		return ERR;
	}
	return 0;
}

void explain_beside_end(struct explain_beside *beside, bool detached)
{
	char byte;

	fd_close(&beside->hold_fd);
	/* It holds the other end while it lives. */
	while (!detached && beside->end_fd >= 0 && read(beside->end_fd, &byte, 1) > 0)
		;
	fd_close(&beside->end_fd);
}
