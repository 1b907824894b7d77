/* SPDX-License-Identifier: Apache-2.0 */
/* people: what the verbs of bulkhead share. */
#ifndef BULKHEAD_CMD_BULKHEAD_PEOPLE_H
#define BULKHEAD_CMD_BULKHEAD_PEOPLE_H

#include "base/arena.h"
#include "base/opt.h"
#include "cmd/bulkhead/request.h"
#include "cmd/cli.h"
#include "core/engine/engine.h"
#include "insight/explain/explain.h"
#include "people/sandbox/sandbox.h"

/* Exit statuses as users of Docker know them. */
enum people_status {
	PEOPLE_FAILED = 125,	     /* bulkhead itself */
	PEOPLE_NOT_EXECUTABLE = 126, /* the program is there and cannot be executed */
	PEOPLE_NOT_FOUND = 127,
};

/* What they mean, for tables of verbs: of what runs a program, of what works on containers, and of what looks things up. */
extern const struct opt_status people_statuses_run[], people_statuses_list[], people_statuses_look[];

/* The program's own options. */
struct people_globals {
	const char *root;
	bool version;
};

/* The context of every verb. */
struct people {
	struct cli cli;
	struct engine engine;
	char *const *argv; /* of the program, untouched: it is executed again with it */
};

/* A container of ours, in either program's state root. *ret_found is false when none has that name. */
int people_find_container(struct people *people, struct arena *arena, const char *id, struct engine_container *ret,
			  bool *ret_found, struct err *err);

/* One of another engine, by its name there or its id. ret->pid is 0 when it does not run, ret->id empty when there is none.
 * Errors: several have the name. */
int people_find_foreign(struct arena *arena, const char *word, struct explain_named *ret, struct err *err);

/* words.c: an error of the engine in the words of this program's options. */
void people_use_own_words(const char *program, struct err *err);
/* An option that Docker has: what does it here. */
void people_know_strangers(struct err *err);

extern const struct opt_verb verb_run, verb_plan, verb_abi, verb_profile, verb_surface, verb_explain, verb_learn;

#endif
