/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: one thing that happened in a container, whoever saw it: a refused call, a kill, a program that started or
 * ended. The common form for explain, learn and audit; one line of JSON each. Texts belong to whoever fills it. Pure.
 */
#ifndef BULKHEAD_INSIGHT_RECORD_RECORD_H
#define BULKHEAD_INSIGHT_RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/json.h"
#include "core/cause/refusal.h"

enum record_kind { RECORD_REFUSAL, RECORD_KILL, RECORD_EXEC, RECORD_EXIT, RECORD_KIND_COUNT };

#define RECORD_ARGUMENTS_MAX 6
#define RECORD_TEXT_MAX 288
#define RECORD_COMMAND_MAX 16

struct record {
	enum record_kind kind;
	uint64_t time; /* ns since boot */
	pid_t pid, tid;
	char command[RECORD_COMMAND_MAX];
	/* refusals, and kills by a filter */
	char call[48];
	const char *arch; /* "x86_64" */
	char arguments[RECORD_ARGUMENTS_MAX][RECORD_TEXT_MAX];
	size_t arguments_count;
	int errnum; /* positive */
	uint64_t repeated; /* how often the same came again */
	struct refusal_verdict verdict; /* kills too */
	/* kills and exits */
	int signal, status;
	char path[RECORD_TEXT_MAX]; /* of an exec; of the object otherwise */
	/* Not part of its JSON: */
	bool outside; /* in the mount namespace of who looks: a runtime's own work */
	bool early;   /* in another one, before a program was executed there: on the way into a container */
	char config[RECORD_TEXT_MAX], rule[RECORD_TEXT_MAX]; /* the filter's config.json, and where in it it says so */
};

/* One object on one line, with its newline. */
void record_write_json(const struct record *record, struct buf *out);
/* The record of such an object; texts that it only points to stay those of line. false: it is no record. */
bool record_read_json(const struct json *line, struct record *ret);
/* "refusal", "kill" …; "certain", "guess" … */
const char *record_kind_name(int kind);
const char *record_certainty_name(int certainty);

#endif
