/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn_verify: what was learned is tried: the program runs again under the profile, with refusals watched (insight/explain),
 * and what the profile refused is added to it; so again, a few times, until nothing is. Without privilege refusals by a
 * filter cannot be watched beside it: there the program runs again without the profile, what it does is compared, and then
 * under the profile, where it has to end as it did before. What it prints the second time is dropped.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/learn.h"
#include "insight/explain/explain.h"
#include "kernel/memfd.h"
#include "kernel/process.h"

#define ROUNDS_MAX	5
#define RUNS_WANTED	3		      /* in a row without a refusal: what depends on who comes first shows itself */
#define RUNS_NS		UINT64_C(10000000000) /* as long as they take no longer than this */
#define LEAST_NS	UINT64_C(15000000000) /* a run has so long, and ten times as long as the learned one */
#define SIGNALLED_NS	UINT64_C(10000000000) /* at most: until it gets the signal that ended the learned run */
#define ROUND_MS	100

struct verification {
	struct learn_session *learned;
	struct arena *arena;
	struct profile *profile;
	const struct learn_verify *how;
	struct learn missed;
	struct missed_judge judge;
	struct observe observe;
	size_t added;
	uint64_t lost;
	bool interrupted, overdue;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void tell(void *context, enum profile_set_id id, const char *text, const char *reason)
{
	struct verification *verification = context;
	char set[64];

	(void)reason;
	profile_set_name(id, set, sizeof(set));
	verification->added++;
	fprintf(stderr, "learn: run again, it needs more: %s gets ", set);
	/* What comes from the program cannot forge lines. */
	for (const char *at = text; *at; at++)
		fputc((unsigned char)*at < ' ' || *at == 0x7f ? '?' : *at, stderr);
	fputc('\n', stderr);
}

/* ---- one run ---- */

static void take_records(struct verification *verification, int timeout_ms)
{
	union observe_record record;
	struct err err = ERR_INIT;

	while (observe_next(&verification->observe, timeout_ms, &record, &err) > 0) {
		if (record.kind == OBSERVE_END)
			verification->lost += record.end.lost + record.end.limited;
		if (verification->learned->rootless)
			learn_take(&verification->missed, &record);
		else
			missed_take(&verification->judge, &verification->missed, &record);
		if (record.kind == OBSERVE_END)
			return;
	}
}

static bool is_signalled(void)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int fd cleanup_fd = -EBADF;

	sigprocmask(SIG_SETMASK, NULL, &set);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd >= 0 && read(fd, &info, sizeof(info)) == sizeof(info);
}

/* Until the runner has ended, which is made sure of. */
static void attend(struct verification *verification, pid_t runner, pid_t container)
{
	const struct learn_verify *how = verification->how;
	uint64_t begun = now_ns(), most = how->elapsed_ns * 10 > LEAST_NS ? how->elapsed_ns * 10 : LEAST_NS;
	uint64_t patience = how->elapsed_ns < SIGNALLED_NS ? how->elapsed_ns : SIGNALLED_NS;
	int pidfd cleanup_fd = process_pidfd_open(runner);
	bool sent = false;

	for (;;) {
		struct pollfd fds[] = {{.fd = verification->observe.fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
		uint64_t passed;

		poll(fds, 2, ROUND_MS);
		if (fds[0].revents)
			take_records(verification, 0);
		else if (fds[1].revents)
			return;
		passed = now_ns() - begun;
		if (how->signal && !sent && passed >= patience) {
			sent = true;
			kill(runner, how->signal);
		}
		verification->interrupted = verification->interrupted || is_signalled();
		verification->overdue = passed >= most;
		if (verification->interrupted || verification->overdue)
			kill(container, SIGKILL);
	}
}

static int watch(struct verification *verification, pid_t *container, struct err *err)
{
	struct observe_target target = {.pids = container, .pids_count = 1, .tier_max = OBSERVE_TIER_HOOKS};

	if (learn_tier(verification->learned->options, &target.tier_max, err) ||
	    observe_start(&verification->observe, &target, err))
		return ERR;
	explain_begin(&verification->judge.explain, NULL, &verification->observe.ready);
	return 0;
}

/* Under the profile or not, watched or not. *ret_status: as the program ended. */
static int run_again(struct verification *verification, bool enforced, bool watched, int *ret_status, struct err *err)
{
	bool rootless = verification->learned->rootless;
	int fd cleanup_fd = -EBADF, watch_fd cleanup_fd = -EBADF, candidate_fd cleanup_fd = -EBADF, result = 0;
	struct buf text cleanup_buf = BUF_INIT;
	struct learn_start start = {.words = verification->how->words, .watch_fd = -EBADF, .candidate_fd = -EBADF,
				    .quiet = true};
	pid_t runner, container;

	verification->observe = OBSERVE_INIT;
	profile_write(verification->profile, &text);
	if (text.failed)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (enforced) {
		start.candidate_fd = candidate_fd = memfd_with_data(text.data, text.length, "profile");
		if (candidate_fd < 0)
			return err_sys(err, candidate_fd, "memfd_create", "cannot hand the profile over");
	}
	if (watched && rootless &&
	    observe_notify_start(&verification->observe, learn_traced(verification->learned->options), &watch_fd, err))
		return ERR;
	start.watch_fd = watch_fd;
	if (learn_runner_start(verification->learned->people, &start, &runner, &fd, err))
		return ERR;
	fd_close(&watch_fd);
	if (recv(fd, &container, sizeof(container), 0) == sizeof(container)) {
		result = watched && !rootless ? watch(verification, &container, err) : 0;
		if (result == 0 && send(fd, "x", 1, MSG_NOSIGNAL) == 1)
			attend(verification, runner, container);
	}
	fd_close(&fd);
	*ret_status = learn_runner_await(runner);
	observe_stop(&verification->observe);
	take_records(verification, 5000);
	explain_done(&verification->judge.explain);
	observe_done(&verification->observe);
	return result;
}

/* ---- rounds ---- */

/* What was missed becomes part of the profile. Its evidence and its limits are those of learning. */
static int add_missed(struct verification *verification, struct err *err)
{
	struct profile *profile = verification->profile, missed, before = *profile;

	if (learn_finish(&verification->missed, verification->arena, &missed, err) ||
	    profile_merge(verification->arena, &before, &missed, profile, err))
		return ERR;
	profile->runs = before.runs;
	profile->events = before.events;
	profile->lost = before.lost;
	profile->complete = before.complete;
	profile->source = before.source;
	profile->notes = before.notes;
	profile->notes_count = before.notes_count;
	profile->sets[PROFILE_LIMITS] = before.sets[PROFILE_LIMITS];
	profile_minimize(profile);
	return 0;
}

static int round_once(struct verification *verification, bool enforced, int *ret_status, struct err *err)
{
	int result;

	verification->added = 0;
	verification->judge.refusals = 0;
	verification->judge.armed = false;
	if (learn_begin(&verification->missed, err))
		return ERR;
	learn_set_root(&verification->missed, verification->learned->root_fd);
	result = run_again(verification, enforced, true, ret_status, err);
	if (result == 0 && !verification->interrupted) {
		learn_complain(&verification->missed, verification->profile, tell, verification);
		if (verification->added)
			result = add_missed(verification, err);
	}
	learn_done(&verification->missed);
	return result;
}

static int conclude(struct verification *verification, bool verified, const char *text, struct err *err)
{
	struct profile *profile = verification->profile;
	const char **notes = arena_calloc(verification->arena, profile->notes_count + 1, sizeof(*notes));

	if (!notes || !text)
		return err_set(err, ERR_INTERNAL, "out of memory");
	for (size_t i = 0; i < profile->notes_count; i++)
		notes[i] = profile->notes[i];
	notes[profile->notes_count++] = text;
	profile->notes = notes;
	profile->verified = verified;
	fprintf(stderr, "learn: %s\n", text);
	return 0;
}

/* In words, why it is not verified; NULL: it is. */
static const char *objection(const struct verification *verification, int status)
{
	if (verification->interrupted)
		return "a signal ended the verification";
	if (verification->overdue)
		return "the program did not end in ten times the time that it took before";
	if (verification->lost)
		return "refusals were lost";
	if (verification->judge.refusals)
		return arena_printf(verification->arena, "the profile refused %zu calls, the last one %s, and no rule of it "
				    "would allow them", verification->judge.refusals, verification->judge.last);
	if (status != verification->how->status)
		return arena_printf(verification->arena, "under the profile it ended with %d, before with %d", status,
				    verification->how->status);
	return NULL;
}

/* Runs in a row in which nothing may be refused. */
static int runs_wanted(const struct learn_verify *how)
{
	uint64_t runs = how->signal ? 1 : RUNS_NS / (how->elapsed_ns + 1);

	return runs < 1 ? 1 : runs < RUNS_WANTED ? (int)runs : RUNS_WANTED;
}

int learn_verify(struct learn_session *learned, struct arena *arena, struct profile *profile,
		 const struct learn_verify *how, struct err *err)
{
	struct verification verification = {.learned = learned, .arena = arena, .profile = profile, .how = how,
					    .observe = OBSERVE_INIT};
	const char *against = NULL, *tier = explain_tier_name(learned->observe.ready.tier);
	int status = 0, round = 1, runs = 0, wanted = runs_wanted(how);

	if (sandbox_request_foretell(how->request, &learned->people->engine, arena, &verification.judge.walls, err))
		return ERR;
	while (runs < wanted) {
		if (round_once(&verification, !learned->rootless, &status, err))
			return ERR;
		runs = verification.added ? 0 : runs + 1;
		if (verification.interrupted || (verification.added && round++ == ROUNDS_MAX) ||
		    (!verification.added && objection(&verification, status)))
			break;
	}
	if (!verification.added && !verification.interrupted && learned->rootless &&
	    run_again(&verification, true, false, &status, err))
		return ERR;
	against = verification.added && !verification.interrupted ? "each run needed something more"
								     : objection(&verification, status);
	if (against)
		return conclude(&verification, false, arena_printf(arena, "not verified: %s", against), err);
	return conclude(&verification, true,
			arena_printf(arena, learned->rootless
				     ? "verified: run again (tier %s, round %d, runs %d), it needed nothing more; then under the "
				       "profile it ended as before"
				     : "verified: run again under the profile (tier %s, round %d, runs %d), nothing was refused",
				     tier, round, runs), err);
}
