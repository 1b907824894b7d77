/* SPDX-License-Identifier: Apache-2.0 */
/* explain/parts: what the files of this folder share. */
#ifndef BULKHEAD_INSIGHT_EXPLAIN_PARTS_H
#define BULKHEAD_INSIGHT_EXPLAIN_PARTS_H

#include <sys/stat.h>

#include "base/json.h"
#include "insight/explain/explain.h"

#define PARTS_PATH_MAX 1024
#define PARTS_TEXT_MAX 320

/* One refusal on its way to a verdict: facts are added by one file after the other. */
struct parts_case {
	struct explain *explain;
	const struct observe_refusal *refusal;
	const struct observe_row *row; /* NULL: a call without one */
	uint32_t arch;
	struct refusal_facts facts;
	char texts[TEXT_COUNT][PARTS_TEXT_MAX];
	char path[2][PARTS_PATH_MAX]; /* from the process's root, absolute; "" when there is none */
	bool by_descriptor;	      /* path[0] is that of an open file */
	const char *config;	      /* the file that TEXT_POINTER points into */
};

static inline void parts_fact(struct parts_case *one, enum refusal_fact_bit bit)
{
	one->facts.facts |= REFUSAL_FACT(bit);
}
static inline bool parts_has(const struct parts_case *one, enum refusal_fact_bit bit)
{
	return one->facts.facts & REFUSAL_FACT(bit);
}
void parts_text(struct parts_case *one, enum refusal_text text, const char *fmt, ...) __attribute__((format(printf,
 3, 4)));

/* ---- process.c: for all that ask ---- */
/* Is the call one of these? A blank around each name. */
bool parts_is_call(const struct parts_case *one, const char *names);
/* A file below its /proc/PID; ERR when it has ended. */
int parts_read_of(const struct parts_case *one, const char *name, char *buf, size_t size);

/* ---- decode.c: arguments as text. Pure ---- */
void decode_arguments(const struct parts_case *one, struct record *ret);

/* ---- chain.c: what the filters answer ---- */
void chain_add(struct explain *explain, const struct observe_filter *part);
void chain_ask(struct parts_case *one);

/* ---- container.c: which container it is, and its config.json; NULL when it cannot be found ---- */
struct explain_container *container_find(struct explain *explain, pid_t pid, uint32_t mount_inode);
void container_release(struct explain *explain);
/* A small file as JSON; NULL when it is none. */
const struct json *container_read_json(struct arena *arena, const char *path);
/* What stands behind an option on a command line, given with one dash, two, or a letter; NULL when it is not there. */
const char *container_option_word(const char *words, size_t size, const char *name, const char *letter);

/* ---- rules.c: which rule of the container's config a filter answers by. false: none of a config that is known ---- */
bool rules_name(struct parts_case *one, const struct explain_filter *filter, const struct seccomp_data *data,
		uint32_t action);
/* "argument 1 is 0x5412": those that the filter looked at; "" when it looked at none. */
void rules_arguments(const struct explain_filter *filter, const struct seccomp_data *data, char *out, size_t size);

/* ---- evidence.c: what was seen on the way to the error. Pure ---- */
void evidence_read(struct parts_case *one);

/* ---- paths.c: which file was meant ---- */
void paths_find(struct parts_case *one);
/* A root to look from, or -errno. Not to be closed. */
int paths_root(struct explain *explain, const struct observe_refusal *refusal);
/* mountinfo of its namespace, which may have no process any more. */
#define PARTS_MOUNTS_MAX (256 << 10)
bool paths_mounts(struct explain *explain, const struct observe_refusal *refusal, char *buf, size_t size);
void paths_release(struct explain *explain);
/* A process that was seen in this mount namespace, 0: none. */
pid_t paths_resident(struct explain *explain, uint32_t mount_inode);

/* ---- replay.c: look at the file again ---- */
void replay_file(struct parts_case *one);

/* ---- process.c: limits, ids, sysctls, cgroups ---- */
void process_look(struct parts_case *one);
/* Is it a call that takes the place of a mount, and nothing below it? */
bool process_needs_mount(const struct parts_case *one);
/* Of the address among the arguments; 0: there is none, or it has none. */
unsigned int process_port(const struct parts_case *one);
enum parts_map { PARTS_UIDS, PARTS_GIDS };
/* Does the process's user namespace map this id (inside: one of its own, else one of the host)? Unknown counts as
 * mapped. */
bool process_maps(const struct parts_case *one, enum parts_map which, uint32_t id, bool inside);

/* ---- limits.c: rlimits, limits of the user and of namespaces, cgroups ---- */
void limits_ask(struct parts_case *one);

/* ---- ruleset.c: what a known ruleset of Landlock does not allow: TEXT_RULE, TEXT_ENTRY ---- */
void ruleset_ask(struct parts_case *one);

/* ---- program.c: why execve failed ---- */
void program_look(struct parts_case *one);

/* ---- set_id.c: is it a program whose set-id bits or file capabilities do not count? ---- */
/* At its start, for when it has ended. */
void set_id_note(struct explain *explain, const struct observe_process *started);
void set_id_look(struct parts_case *one);

#endif
