/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: from what observe saw to who refused it and what would allow it. It looks the object up again (replay) below
 * the process's own root, runs the process's own filters over the call (core/filter), and asks the table of
 * core/cause/refusal.h. Reads only; nothing of the container is executed or written to.
 */
#ifndef BULKHEAD_INSIGHT_EXPLAIN_EXPLAIN_H
#define BULKHEAD_INSIGHT_EXPLAIN_EXPLAIN_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/filter/filter.h"
#include "insight/observe/observe.h"
#include "insight/record/record.h"
#include "insight/standing/standing.h"

#define EXPLAIN_FILTERS_MAX 64
#define EXPLAIN_VIEWS_MAX 32
#define EXPLAIN_CONTAINERS_MAX 16
#define EXPLAIN_EXPECTED_MAX   2
#define EXPLAIN_SIGNALS_MAX    64
#define EXPLAIN_SET_IDS_MAX    64
#define EXPLAIN_ENTERED_MAX    64

/* A filter as it came, in parts. */
struct explain_filter {
	uint64_t name;
	uint32_t length, have;
	struct sock_filter *instructions;
};

/*
 * A mount namespace and a root that was seen in it, held open so that it can be looked at when the process has ended.
 * Its mountinfo holds the namespace: without it the mounts would come apart.
 */
struct explain_view {
	uint32_t mount_inode;
	int root_fd, mounts_fd;
	pid_t pid; /* whose root it was */
};

/* A container by its mount namespace, and the rules that its config.json has. */
struct explain_container {
	uint32_t mount_inode;
	char config[512];    /* the file; "" while it was not found */
	char directory[512]; /* where bulkhead keeps its state; "" elsewhere */
	uint64_t looked;     /* when it was last looked for in vain */
	struct arena arena;
	struct standing_profile rules;
	struct filter_program program; /* of these rules */
	uint64_t same, other;	       /* names of filters that were found to answer as the program does, and not */
};

/* A process whose program's file has set-id bits or capabilities. */
struct explain_set_id {
	pid_t pid;
	uid_t owner;
	gid_t group;
	bool by_owner, by_group, nosuid;
	uint64_t capabilities;
};

/* A rule of Landlock: of a path, or path NULL: of a TCP port. */
struct explain_rule {
	const char *path;
	const char *made_in; /* the directory instead, where the path was not there yet; NULL: none */
	uint64_t access, port; /* LANDLOCK_ACCESS_… */
	bool below;
};
struct explain_ruleset {
	uint64_t files, ports; /* handled */
	const struct explain_rule *rules;
	size_t count;
};

struct explain {
	struct observe_ready ready;
	struct explain_filter filters[EXPLAIN_FILTERS_MAX];
	size_t filters_count, filters_next; /* next: the oldest goes first when all are taken */
	struct explain_view views[EXPLAIN_VIEWS_MAX];
	size_t views_count;
	struct explain_container containers[EXPLAIN_CONTAINERS_MAX];
	size_t containers_count, containers_next;
	struct observe_signal signals[EXPLAIN_SIGNALS_MAX]; /* sent for limits; a process may catch them */
	size_t signals_next;
	struct explain_set_id set_ids[EXPLAIN_SET_IDS_MAX]; /* programs that would have had more power by their file */
	size_t set_ids_next;
	char asked_call[48]; /* the last that the kernel was looked through for */
	bool asked_answer;
	uint32_t entered[EXPLAIN_ENTERED_MAX]; /* mount namespaces in which a program was executed */
	size_t entered_next;
	bool attached; /* to what ran before: programs were executed that were not seen */
	pid_t own_pid;
	uint32_t own_mounts; /* of this process: no container is looked for there */
	char own_command[32];
	struct explain_container expected[EXPLAIN_EXPECTED_MAX]; /* of explain_expect */
	size_t expected_count;
	struct filter_program profiled; /* of what is expected, with a containment profile over it; its owner's; or empty */
	const struct explain_ruleset *ruleset; /* that a containment profile has put on the container; NULL: none that is known */
	const char *state_root; /* where to look for containers first, beside the usual places; NULL: there alone */
	char cgroup_pids[512]; /* directory of the pids controller of the last process that could be asked */
};

void explain_begin(struct explain *explain, const char *state_root, const struct observe_ready *ready);
void explain_done(struct explain *explain);

/* A config that processes may live by, known beforehand: it counts where their container cannot be found, or names no
 * filter of its own. name: what its places begin with. */
void explain_expect(struct explain *explain, const char *name, const char *text, size_t size);

/* Hold the root of this living process. */
void explain_hold(struct explain *explain, pid_t pid, uint32_t mount_inode);
/* Inode of a process's namespace ("mnt", "user"), 0 when it cannot be seen. */
uint32_t explain_namespace(pid_t pid, const char *name);
/* Its parent, 0 when there is none to be seen. */
pid_t explain_parent(pid_t pid);

/* Take a record of observe. true when it made a record for people, in *ret. */
bool explain_take(struct explain *explain, const union observe_record *seen, struct record *ret);

/* ---- named.c ---- */

/* A container of another engine. */
struct explain_named {
	char id[128];
	char image[80]; /* the digest of its image, with Docker the image's id; "" when the engine records none */
	pid_t pid;	/* 0: the engine records none, and its cgroup has the id */
};
/* Those that an engine calls by this name, or by an id that begins so (12 digits at least). Returns how many, at most max. */
size_t explain_named(struct arena *arena, const char *word, struct explain_named *ret, size_t max);

/* ---- print.c ---- */

struct explain_style {
	bool colour, every_tool;
};
/* A refusal as a paragraph, in the form of base/err.h. */
void explain_print(const struct record *record, const struct explain_style *style, struct buf *out);
/* "hooks", "probes", "tracepoints", "rootless". */
const char *explain_tier_name(uint32_t tier);

#endif
