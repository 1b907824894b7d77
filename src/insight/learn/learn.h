/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn: what a program does becomes the containment profile that it needs. Records come in from any source of observe
 * (programs in the kernel, ptrace, seccomp notification) by learn_take; at the end learn_finish folds them: paths to
 * globs, files of procfs, sysfs and devices to sets of their own, and beside the calls that were made those that another
 * run may make, and those that the runtime makes between loading a filter and execve.
 *
 * Pure but for one thing: names as a program wrote them are followed below the root that learn_set_root was given. It
 * reads there and changes nothing.
 */
#ifndef BULKHEAD_INSIGHT_LEARN_LEARN_H
#define BULKHEAD_INSIGHT_LEARN_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/profile/profile.h"
#include "insight/observe/observe.h"

#define LEARN_FACTS_MAX	  400000 /* further ones are counted as lost */
#define LEARN_MISSING_MAX 16

/* Why a profile is not complete, or what a reader must know of it. */
struct learn_missing {
	char text[240];
	bool incomplete; /* false: a remark */
};

/* What stands behind a live view. */
struct learn_counts {
	uint64_t calls, lost;		/* system calls that were made, and facts that were lost */
	uint64_t processes;		/* that were started, by exec */
	uint64_t sets[PROFILE_SETS];	/* facts, before they are folded */
};

struct learn_fact;
struct learn {
	struct arena arena;
	struct learn_fact **table; /* by what they say; a power of two */
	size_t table_size, facts_count;
	struct learn_fact *first, **end; /* in the order in which they came */
	struct learn_counts counts;
	struct learn_missing missing[LEARN_MISSING_MAX];
	size_t missing_count;
	bool unseen[PROFILE_SETS]; /* this source cannot see it: left out of the profile */
	bool calls_unseen;	   /* nor the calls of observe_notify_unseen: they are in it */
	uint64_t held; /* capabilities that the workload had, where a source sees no checks */
	int root_fd; /* not owned; -EBADF: names are followed by their text alone */
	bool ended;  /* OBSERVE_END came */
	bool broken; /* out of memory: facts are missing */
};

/* The caller calls learn_done in any case. Errors: out of memory. */
int learn_begin(struct learn *learn, struct err *err);
/* The root directory of the workload, O_PATH, the caller's to close after learn_finish. */
void learn_set_root(struct learn *learn, int root_fd);

/*
 * A record of any kind; those that say nothing to learning are passed over, so a caller hands on all that come. Never
 * fails: what there is no room for is counted as lost.
 */
void learn_take(struct learn *learn, const union observe_record *record);
/* A measured need: "memory" in bytes, "pids", "cpuMillis". The highest counts; finish adds a margin. */
void learn_take_use(struct learn *learn, const char *name, uint64_t amount);
/* Say that something could not be seen. incomplete: the profile may then lack rules, and its evidence says so. */
void learn_note(struct learn *learn, bool incomplete, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * The profile of one run. Texts live in arena. It is complete when nothing was lost, OBSERVE_END came, and no note said
 * otherwise; learn->missing says why it is not. Rules that no source of this tier sees are left out (they restrict
 * nothing), the others are there even when they are empty. Errors: out of memory.
 */
int learn_finish(struct learn *learn, struct arena *arena, struct profile *ret, struct err *err);

/*
 * What the profile does not allow of all that came so far, each once, in the order in which it came: for those who learn
 * nothing and only compare. text: an entry that would allow it, but for patterns.
 */
typedef void learn_complain_fn(void *context, enum profile_set_id set, const char *text, const char *reason);
void learn_complain(struct learn *learn, const struct profile *profile, learn_complain_fn *tell, void *context);

void learn_done(struct learn *learn);

#endif
