/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe/sights: observe's own header: system calls of a process that stands still become what learning is told
 * (struct observe_sight), each fact once. For the sources without privilege: seccomp notification (notify.c) and ptrace
 * (trace.c). The process's memory is read by address, its files are looked at below its own root, and neither is
 * believed: what it shows can at worst be wrong about itself.
 */
#ifndef BULKHEAD_INSIGHT_OBSERVE_SIGHTS_H
#define BULKHEAD_INSIGHT_OBSERVE_SIGHTS_H

#include "insight/observe/observe.h"

/* A call at its beginning. */
struct sight_call {
	pid_t tid;
	bool native; /* false: of the 32-bit entry */
	int number;
	const uint64_t *args;
	const char *name; /* sights_take sets it */
	bool refused;	  /* it has ended, with an error: what it asked for was not used */
};

struct sights {
	observe_take_fn *take;
	void *context;
	/* Does the call still wait? What was read of its process may be another's otherwise. NULL: it cannot go on. */
	bool (*is_valid)(void *context);
	bool armed; /* the workload's first program was executed: what came before is the launcher's */
	bool calls_seen[2][OBSERVE_CALLS];
	/* Of the native architecture, and of the 32-bit entry by what a call is natively. */
	const char *names[2][OBSERVE_CALLS];
	uint8_t rows[2][OBSERVE_CALLS], file_rows[2][OBSERVE_CALLS]; /* 1 + index, 0: there is nothing to look at */
	uint64_t *table; /* hashes of what was sent; a power of two */
	size_t size, count;
	uint64_t calls, lost;
	bool sent; /* by the last sights_send, now or before */
	union observe_record record;
};

/* false: out of memory. */
bool sights_begin(struct sights *sights, observe_take_fn *take, void *context);
void sights_done(struct sights *sights);
void sights_take(struct sights *sights, struct sight_call *call);
/* OBSERVE_COUNTS, from time to time. */
void sights_tell_counts(struct sights *sights);

/* ---- for the files of sights ---- */

/* The record begins anew, for this call. */
struct observe_sight *sights_record(struct sights *sights, const struct sight_call *call, enum observe_sight_set set);
/* Send the record, unless the same was sent before. */
void sights_send(struct sights *sights);
/* Put a text into the record; CUT when there is no room. */
void sights_put_path(struct observe_sight *sight, const char *text, size_t length);
/* Was something with this hash sent? It is from now on, if put. */
bool sights_know(struct sights *sights, uint64_t hash, bool put);
uint64_t sights_hash(uint64_t hash, const void *data, size_t size);

/* sight_files.c: the files that calls name. 1 + the row of a call in its table, 0: it names none. */
uint8_t sights_file_row(const char *name);
void sights_take_files(struct sights *sights, const struct sight_call *call, uint8_t row);

/* ---- follow.c: the supervisor's other way ---- */

struct follower;
/* NULL: out of memory. */
struct follower *follower_begin(struct sights *sights);
/* From its execve on, which is under way, this process and all that it starts are traced. 0 or -errno. */
int follower_take(struct follower *follower, pid_t pid);
/* Whatever has stopped goes on, its calls being taken; returns without waiting. */
void follower_attend(struct follower *follower);

#endif
