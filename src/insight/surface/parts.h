/* SPDX-License-Identifier: Apache-2.0 */
/* surface/parts: what the files of this folder share. */
#ifndef BULKHEAD_INSIGHT_SURFACE_PARTS_H
#define BULKHEAD_INSIGHT_SURFACE_PARTS_H

#include "core/filter/filter.h"
#include "insight/surface/surface.h"

/* ---- reach.c ---- */

/* A call of which only parts are known. */
struct reach_call {
	uint32_t arch; /* AUDIT_ARCH_… */
	int number;
	int argument;	/* the one whose low half is known, or -1 */
	uint32_t value; /* that half */
	bool high_zero; /* and its high half is 0; else it may be anything */
};
/* What the chain may answer to it, whatever the unknown parts are. */
enum surface_verdict reach_verdict(const struct surface_chain *chain, const struct reach_call *call);

/* ---- surface.c ---- */

int surface_no_memory(struct err *err);
/* Room for items, to be filled by surface_add; count and of are kept by it. */
int surface_begin(struct arena *arena, struct surface_set *set, size_t room, struct err *err);
void surface_add(struct surface_set *set, struct surface_item item);
/* Names come from containers: what is no printable UTF-8, or turns the reading direction, is added as \xNN. */
void surface_put_name(struct buf *out, const char *name);
/* What keeps in or lets out; and what is neither. value NULL is left out. */
void surface_fact(struct surface *surface, const char *key, const char *title, const char *value, bool open);
void surface_tell(struct surface *surface, const char *key, const char *title, const char *value);
int surface_capabilities(struct arena *arena, uint64_t mask, struct surface_set *set, struct err *err);

/* ---- calls.c ---- */

/* Who stands behind the filter, as far as namespaces depend on it. */
struct calls_power {
	bool known;	   /* else the filter alone decides */
	bool sys_admin;	   /* in its user namespace */
	bool no_user_namespaces; /* user.max_user_namespaces is 0 */
};
/* A filter that is not loaded yet, or none (policy NULL): what it leaves within reach, and a rule without effect. */
int surface_of_policy(struct arena *arena, const struct filter_policy *policy, const struct calls_power *power,
		      struct surface *surface, struct err *err);
int calls_fill(struct arena *arena, const struct surface_chain *chain, const struct calls_power *power,
	       struct surface *surface, struct err *err);

/* ---- files.c ---- */

/* One mount of the container's tree, in the order of mounting. */
struct files_mount {
	const char *path, *type;
	const char *root; /* of the file system that is seen here, "/" for all of it */
	bool read_only;
};
struct files_view {
	const struct files_mount *mounts;
	size_t count;
	bool host_root; /* the process is root in the initial user namespace: modes do not stop it */
	uint64_t capabilities;	    /* effective, over what belongs to its own namespaces */
	uint64_t host_capabilities; /* and over what is the host's */
};
/* Lines of mountinfo (proc_pid_mountinfo(5)). */
int files_parse(struct arena *arena, const char *text, struct files_view *ret_view, struct err *err);
int files_fill(struct arena *arena, const struct files_view *view, struct surface *surface, struct err *err);
/* The type of what is mounted at or above path, NULL when nothing is. */
const struct files_mount *files_cover(const struct files_view *view, const char *path);

#endif
