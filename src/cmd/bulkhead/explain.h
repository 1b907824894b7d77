/* SPDX-License-Identifier: Apache-2.0 */
/* explain: what the files of the verb share: what is collected until the end, and in which order it is told. */
#ifndef BULKHEAD_CMD_BULKHEAD_EXPLAIN_H
#define BULKHEAD_CMD_BULKHEAD_EXPLAIN_H

#include "cmd/bulkhead/people.h"
#include "insight/explain/explain.h"

struct explain_options {
	bool all, json, follow;
	const char *tier;
};

#define EXPLAIN_KEPT_MAX 2048

/* One refusal that is kept, and what became of it. */
struct explain_kept {
	struct record record;
	bool fatal; /* its process failed after it, and nothing was refused in between */
	bool searched; /* execve of a name along $PATH that was found later */
};

struct explain_story {
	struct people *people;
	const struct explain_options *options;
	struct explain explain;
	struct observe observe;
	struct explain_kept *kept;
	size_t kept_count, dropped; /* dropped: there was no room */
	struct observe_end end;
	bool ended;
};

/* ---- explain_story.c ---- */

int explain_story_begin(struct explain_story *story, struct people *people, const struct explain_options *options,
			struct err *err);
/* A record that came. Prints it at once with --follow and --json. */
void explain_story_take(struct explain_story *story, const union observe_record *seen);
/* What was kept, the worst first; to standard error when a program was run, which owns standard output. */
void explain_story_tell(struct explain_story *story);
void explain_story_done(struct explain_story *story);

/* ---- explain_target.c ---- */

/* CONTAINER, PID or CGROUP. Fills target, whose pids are in arena; *ret_pid: a process of it, whose root is held. */
int explain_target_find(struct people *people, struct arena *arena, const char *word, struct observe_target *ret,
			pid_t *ret_pid, struct err *err);

#endif
