/* SPDX-License-Identifier: Apache-2.0 */
/* explain: what the files of the verb share: what is collected until the end, and in which order it is told. */
#ifndef BULKHEAD_CMD_BULKHEAD_EXPLAIN_H
#define BULKHEAD_CMD_BULKHEAD_EXPLAIN_H

#include <stdio.h>

#include "cmd/bulkhead/people.h"
#include "insight/explain/explain.h"

struct explain_options {
	bool all, json, follow;
	const char *tier, *last;
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
	bool inside; /* only what happens in another mount namespace than this program's: not what a runtime itself does */
	bool hurry; /* it runs before all others */
	time_t second;
	unsigned int taken; /* records in that second */
	int output_error;   /* errno of what could not be printed first; 0: all was */
	int record_fd; /* what is kept for --last; -EBADF: nothing */
	size_t recorded, unrecorded; /* bytes that are, and records for which there was no room */
};

/* ---- explain_story.c ---- */

int explain_story_begin(struct explain_story *story, struct people *people, const struct explain_options *options,
			struct err *err);
/* Once story->observe.ready is known. */
void explain_story_ready(struct explain_story *story);
/* Load what watches, and be ready for its records. */
int explain_story_start(struct explain_story *story, const struct observe_target *target, struct err *err);
/* No more is watched: take what is on its way. */
int explain_story_drain(struct explain_story *story, struct err *err);
/* A record that came. Prints it at once with --follow and --json. */
void explain_story_take(struct explain_story *story, const union observe_record *seen);
/* The same of one that is explained already. */
void explain_story_add(struct explain_story *story, const struct record *record);
/* What was kept, the worst first: to standard error where a program was run, which owns standard output. Errors: ERR_KERNEL
 * when something could not be printed, now or before. */
int explain_story_tell(struct explain_story *story, FILE *to, struct err *err);
void explain_story_done(struct explain_story *story);

/* ---- explain_record.c: what stays for --last ---- */

/* Errors: ERR_STATE when there is no place for it. */
int explain_record_begin(struct explain_story *story, const char *id, struct err *err);
void explain_record_put(struct explain_story *story, const struct record *record);
void explain_record_end(struct explain_story *story);
/* Take what was recorded; texts live in arena. Errors: ERR_STATE when the container was never explained. */
int explain_record_read(struct explain_story *story, struct arena *arena, const char *id, struct err *err);

/* ---- explain_beside.c: run --explain ---- */

struct explain_beside {
	int hold_fd, end_fd;
};
/* The container that is to be: its name, its config as text, and where a containment profile is in it its filter and
 * the rules of Landlock. */
struct explain_subject {
	const char *id, *config;
	size_t config_size;
	struct filter_program profiled;
	struct explain_ruleset ruleset; /* of the profile */
};
/* Watch what this process starts from now on, in a process beside it. options and subject live as long as this process. */
int explain_beside_start(struct people *people, const struct explain_options *options,
			 const struct explain_subject *subject, bool detached, struct explain_beside *ret,
			 struct err *err);
/* The container has ended, or goes on detached: wait until all is told, or leave the watcher with it. */
void explain_beside_end(struct explain_beside *beside, bool detached);

/* ---- explain.c ---- */

/*
 * Trace a command without privilege and tell; the exit status. inside: only what its container does. id: it is recorded
 * under this name; may be NULL.
 */
int explain_traced(struct people *people, const struct explain_options *chosen, char **argv, bool inside, const char *id);

/* ---- explain_target.c ---- */

struct explain_target {
	struct observe_target observe;
	pid_t pid;	/* a process of it, whose root is held */
	char image[80]; /* the digest of the image of an engine's container; "" where it is not known */
};
/* CONTAINER, PID or CGROUP. The pids of the target are in arena. */
int explain_target_find(struct people *people, struct arena *arena, const char *word, struct explain_target *ret,
			struct err *err);

#endif
