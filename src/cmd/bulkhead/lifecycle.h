/* SPDX-License-Identifier: Apache-2.0 */
/* lifecycle: what the verbs share that work on containers which exist. */
#ifndef BULKHEAD_CMD_BULKHEAD_LIFECYCLE_H
#define BULKHEAD_CMD_BULKHEAD_LIFECYCLE_H

#include "cmd/bulkhead/people.h"
#include "people/monitor/monitor.h"

/* A container together with its monitor's record. */
struct life {
	struct engine_container container;
	struct monitor_record record;
};

#define LIFE_GO_ON (-1)
#define LIFE_MANY  10000

/* Parse; help and mistakes are printed. LIFE_GO_ON, or the exit status. Operands: from min to max. */
int life_parse(struct people *people, const struct opt_verb *verb, int argc, char **argv, void *target, int min, int max,
	       int *ret_operands);
/* Print the error; 1. */
int life_fail(struct people *people, const struct err *err);
/* Print the error of what runs a program: 125, 126, 127. */
int life_fail_run(struct people *people, const struct err *err);

/* Exactly that name; the error says the nearest one. */
int life_find(struct people *people, const char *name, struct arena *arena, struct life *ret, struct err *err);
/* All of them, by name. */
int life_list(struct people *people, struct arena *arena, struct life **ret, size_t *ret_count, struct err *err);

bool life_is_running(const struct life *life);
/* "running", "exited (3)", "restarting" … for people; in arena. */
const char *life_status(const struct life *life, struct arena *arena);
/* One word: created, running, paused, restarting, exited. */
const char *life_word(const struct life *life);
/* What it runs, in one line; in arena. */
const char *life_command(const struct life *life, struct arena *arena);
/* Members of an object for --json. */
void life_print_json(const struct life *life, struct json_writer *writer);

/*
 * Wait for its end, at most so long (negative: without limit). *ret_ended false: it still runs. *ret_status: the exit
 * status, -1 when nobody was there to see it.
 */
int life_await(struct people *people, const char *name, int64_t timeout_ms, bool *ret_ended, int *ret_status,
	       struct err *err);
/* Attach standard streams; the exit status of the verb. */
int life_attend(struct people *people, const char *name, int fd, bool terminal, bool input, const char *keys);
/* Do something for each name; the worst exit status. what returns 0, or ERR with the error to be printed. */
int life_each(struct people *people, char **names, int count, void *context,
	      int (*what)(struct people *people, const char *name, void *context, struct err *err));

extern const struct opt_verb verb_exec, verb_attach, verb_cp, verb_ls, verb_ps, verb_inspect, verb_logs, verb_stats, verb_top,
	verb_wait, verb_stop, verb_pause, verb_resume, verb_unpause, verb_kill, verb_rm, verb_prune;

#endif
