/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn_watch: takes records until the workload ends. On a terminal it shows what there is so far; it reads the workload's
 * peaks from its cgroup meanwhile, and holds its root, so that names can be followed when it has ended.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/learn.h"
#include "insight/explain/explain.h"

#define ROUND_MS 100
#define LIVE_NS	 250000000
#define DRAIN_MS 5000
#define PRIORITY -15

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int learn_session_begin(struct learn_session *session, struct people *people, const struct learn_options *options,
			struct err *err)
{
	*session = (struct learn_session){.people = people,
					  .options = options,
					  .observe = OBSERVE_INIT,
					  .namespace_fd = -EBADF,
					  .root_fd = -EBADF,
					  .live = isatty(STDERR_FILENO) && !options->sandbox.terminal,
					  .started_ns = now_ns()};
	/* To look at processes before they are gone. */
	setpriority(PRIO_PROCESS, 0, PRIORITY);
	return learn_begin(&session->learn, err);
}

uint64_t learn_session_elapsed(const struct learn_session *session)
{
	return now_ns() - session->started_ns;
}

void learn_session_done(struct learn_session *session)
{
	observe_done(&session->observe);
	fd_close(&session->namespace_fd);
	fd_close(&session->root_fd);
	learn_done(&session->learn);
}

/* ---- live view ---- */

static void clear_line(const struct learn_session *session)
{
	if (session->live)
		fputs("\r\033[K", stderr);
}

static void show(const struct learn_session *session, uint64_t now)
{
	const struct learn_counts *counts = &session->learn.counts;
	const uint64_t *sets = counts->sets;

	fprintf(stderr, "\r\033[Klearn: %llu s, %llu calls (%llu different), files: %llu read, %llu written, %llu executed; "
		"%llu ports, %llu capabilities",
		(unsigned long long)((now - session->started_ns) / 1000000000), (unsigned long long)counts->calls,
		(unsigned long long)sets[PROFILE_SYSCALLS], (unsigned long long)sets[PROFILE_READ],
		(unsigned long long)sets[PROFILE_WRITE], (unsigned long long)sets[PROFILE_EXECUTE],
		(unsigned long long)(sets[PROFILE_LISTEN] + sets[PROFILE_CONNECT]),
		(unsigned long long)sets[PROFILE_CAPABILITIES]);
	if (counts->lost)
		fprintf(stderr, ", %llu lost", (unsigned long long)counts->lost);
	fflush(stderr);
}

/* ---- records ---- */

/* The workload has a root of its own when it has executed its program. */
static void hold_root(struct learn_session *session, pid_t pid)
{
	if (session->root_fd >= 0 || pid <= 0)
		return;
	session->root_fd = session->attached ? learn_root_of_process(pid) : learn_root_of_namespace(session->namespace_fd);
	learn_set_root(&session->learn, session->root_fd);
	learn_use_find(&session->use, pid);
	learn_use_look(&session->use, &session->learn);
}

/* All records that are there. ERR, 0 when more may come, 1 when there are no more. */
static int take_records(struct learn_session *session, int timeout_ms, struct err *err)
{
	union observe_record record;
	int result;

	while ((result = observe_next(&session->observe, timeout_ms, &record, err)) > 0) {
		if (record.kind == OBSERVE_SIGHT)
			hold_root(session, record.sight.pid);
		learn_take(&session->learn, &record);
		if (record.kind == OBSERVE_END)
			return 1;
	}
	if (result < 0)
		return ERR;
	return session->observe.fd < 0 ? 1 : 0;
}

static int open_signals(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, errno, "signalfd", "cannot wait for signals") : fd;
}

int learn_session_watch(struct learn_session *session, int fd, int64_t limit_ms,
			bool (*on_signal)(void *context, int signal, bool from_terminal), void *context, struct err *err)
{
	int signal_fd cleanup_fd = open_signals(err);
	uint64_t shown = 0, begun = now_ns();

	if (signal_fd < 0)
		return ERR;
	if (session->pid && session->attached)
		hold_root(session, session->pid);
	for (;;) {
		struct pollfd fds[] = {{.fd = session->observe.fd, .events = POLLIN},
				       {.fd = fd, .events = POLLIN},
				       {.fd = signal_fd, .events = POLLIN}};
		struct signalfd_siginfo info;
		uint64_t now;

		if (poll(fds, ARRAY_SIZE(fds), ROUND_MS) < 0 && errno != EINTR)
			return err_sys(err, errno, "poll", "cannot wait");
		now = now_ns();
		switch (fds[0].revents ? take_records(session, 0, err) : 0) {
		case ERR:
			return ERR;
		case 1:
			/* Without privilege the supervisor ends with the program. */
			if (!session->learn.ended)
				return err_set(err, ERR_INTERNAL, "the helper that watches has ended");
		}
		learn_use_look(&session->use, &session->learn);
		if (session->live && now - shown >= LIVE_NS) {
			show(session, now);
			shown = now;
		}
		if (fds[2].revents && read(signal_fd, &info, sizeof(info)) == sizeof(info) &&
		    on_signal(context, (int)info.ssi_signo, info.ssi_code == SI_KERNEL))
			return 0;
		if (fds[1].revents || (limit_ms >= 0 && now - begun >= (uint64_t)limit_ms * 1000000))
			return 0;
	}
}

int learn_session_drain(struct learn_session *session, struct err *err)
{
	observe_stop(&session->observe);
	clear_line(session);
	return take_records(session, DRAIN_MS, err) == ERR ? ERR : 0;
}
