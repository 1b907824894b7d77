/* SPDX-License-Identifier: Apache-2.0 */
/* learn/parts: what the files of this folder share. */
#ifndef BULKHEAD_INSIGHT_LEARN_PARTS_H
#define BULKHEAD_INSIGHT_LEARN_PARTS_H

#include "insight/learn/learn.h"

/* Beside the sets of a profile. */
enum learn_set {
	LEARN_FILE = PROFILE_SETS, /* as it was used: folded at the end */
	LEARN_LIMIT,		   /* of what was asked for and what was used, the higher */
	LEARN_FOLDED,		   /* something else stands for it now */
	LEARN_TOLD,		   /* and those behind it, one for each set: complain.c has told it */
};

struct learn_fact {
	struct learn_fact *next;
	int set; /* enum profile_set_id or enum learn_set */
	const char *text;
	const char *reason;   /* "" when none is known */
	uint64_t number;      /* LIMITS: the amount; ports: the port */
	uint64_t argument[2]; /* sets of arguments */
	uint32_t access, mode; /* LEARN_FILE: enum observe_access, and st_mode */
	bool used;	      /* LIMITS: measured, not asked for */
	bool told;	      /* complain.c: it was compared, with these */
	uint32_t told_access;
};

/* ---- facts.c ---- */

/* False: out of memory. */
bool facts_begin(struct learn *learn);
/* The fact of this set with this text, new or as it was; NULL when there is no room, which is counted. */
struct learn_fact *facts_put(struct learn *learn, int set, const char *text);

/* ---- paths.c ---- */

#define PATHS_MAX 8192
/* The file that a record means, absolute and without links, in buf. False: it names none, or one that has no path. */
bool paths_of_sight(struct learn *learn, const struct observe_sight *sight, char *buf, size_t size);
/* A path as an entry of a profile: what a pattern would take for its own is escaped, and bytes that are no UTF-8 become
 * "?", which stands for any. */
bool paths_escape(const char *path, char *buf, size_t size);

/* ---- fold.c: files to sets ---- */
/* A process's own directory of procfs as that of any process, and so a thread's. */
void fold_proc(const char *path, char *buf, size_t size);
int fold_files(struct learn *learn);

/* ---- hosts.c: names of an address that was connected to ---- */
void hosts_take(struct learn *learn, const struct observe_sight *sight);

/* ---- calls.c: calls that were not seen and are needed ---- */
void calls_complete(struct learn *learn);

#endif
