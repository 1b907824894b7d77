/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface: how much of the kernel a process, a container that is planned, or a seccomp profile can reach.
 *
 * Everything is a set (system calls, ioctl commands, …: what of the whole table is within reach) or a fact (one line: the
 * label, the pid namespace). A set that cannot be known for a kind of subject (files of a profile) says so. Processes are
 * read from outside: their filters by ptrace(2), the rest from procfs; none of their calls is ever made.
 * Memory from the caller's arena.
 */
#ifndef BULKHEAD_INSIGHT_SURFACE_SURFACE_H
#define BULKHEAD_INSIGHT_SURFACE_SURFACE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/oci/config.h"
#include "core/profile/profile.h"
#include "insight/reference/reference.h"

enum surface_verdict {
	SURFACE_REFUSED,
	SURFACE_SUPERVISED, /* left to a tracer or a supervisor */
	SURFACE_CAPABILITY, /* what the whole of it needs is lacking; of a file, a part of it may be had without it */
	SURFACE_ARGUMENTS,  /* allowed for some arguments */
	SURFACE_ALLOWED
};

struct surface_item {
	const char *name;
	enum surface_verdict verdict;
	enum reference_risk risk;
	bool used;     /* by what the containment profile learned; see surface_use */
	int64_t value; /* of a command, option or family */
	bool high_half; /* only with bits above 31 of the argument set, which the kernel ignores and the filter compares */
};

enum surface_set_id {
	SURFACE_SYSCALLS,
	SURFACE_IOCTLS,
	SURFACE_PRCTLS,
	SURFACE_FCNTLS,
	SURFACE_FAMILIES,
	SURFACE_NAMESPACES, /* that it may create */
	SURFACE_EFFECTIVE,  /* capabilities */
	SURFACE_BOUNDING,
	SURFACE_READABLE, /* files of procfs and sysfs that the reference judges */
	SURFACE_WRITABLE,
	SURFACE_DEVICES,
	SURFACE_SET_COUNT
};

struct surface_set {
	bool known;
	struct surface_item *items;
	size_t count;
	size_t of[SURFACE_ALLOWED + 1]; /* items by verdict */
	bool use_known; /* the containment profile restricts this */
	size_t used, idle, missing; /* used at all; reached and never used; used and refused */
};

enum surface_tone { SURFACE_PLAIN, SURFACE_CLOSED, SURFACE_OPEN }; /* tells, keeps in, lets out */
struct surface_fact {
	const char *key, *title, *value;
	enum surface_tone tone;
};
#define SURFACE_FACTS_MAX 20

/* Filters that are loaded one upon the other: the strictest answer holds. None: everything is allowed. */
struct surface_program {
	const struct sock_filter *instructions;
	uint32_t count;
};
struct surface_chain {
	const struct surface_program *programs;
	size_t count;
	bool strict; /* SECCOMP_MODE_STRICT: read, write, exit and sigreturn alone */
	const struct surface_chain *next; /* that of other threads: what one of them lets through is reached */
};

struct surface {
	const char *subject; /* as asked for */
	const char *kind;    /* "process", "bundle", "profile" */
	const char *profile; /* the containment profile that says what is used; NULL without one */
	const struct surface_chain *filters; /* what was measured; NULL, or a chain of none: no filter */
	struct surface_set sets[SURFACE_SET_COUNT];
	struct surface_fact facts[SURFACE_FACTS_MAX];
	size_t facts_count;
};

/* "syscalls": as in JSON; and "system calls": as read. */
const char *surface_set_key(enum surface_set_id id);
const char *surface_set_title(enum surface_set_id id);
const char *surface_verdict_name(enum surface_verdict verdict);
/* How many items are not refused; and how many of those are neither allowed as a whole. */
size_t surface_reached(const struct surface_set *set);
size_t surface_limited(const struct surface_set *set);

/*
 * A seccomp profile or an OCI config as text (standing.h says in which forms). The rules that hold for capabilities count.
 * Errors: those of standing_read.
 */
int surface_of_profile(struct arena *arena, const char *name, const char *text, size_t size, uint64_t capabilities,
		       struct surface *ret_surface, struct err *err);
/* A config: its filter, capabilities, namespaces, mounts, masked and read-only paths. */
int surface_of_config(struct arena *arena, const char *name, const struct oci_config *config, struct surface *ret_surface,
		      struct err *err);
/*
 * A process of any runtime, with all its threads; with container, or when it is the first of a pid namespace, all processes
 * of that namespace and their children too: what one of them reaches counts. Each is stopped for as long as its filters
 * are copied, and goes on when this process ends in whatever way. Errors: ERR_STATE when there is none, or it ended
 * meanwhile; ERR_KERNEL, with reason and remedy, when filters or its part of procfs cannot be read. Nothing is guessed.
 */
int surface_of_process(struct arena *arena, pid_t pid, bool container, struct surface *ret_surface, struct err *err);

/* The first process of a container whose cgroup bears this id, in full or at least 12 of its 64 digits; 0: there is none. */
pid_t surface_find_container(struct arena *arena, const char *id);

/*
 * What a containment profile, learned from runs, says that the program needs: sets used, idle and missing, where the
 * profile has a rule of that kind. Sets without a rule stay unknown.
 */
void surface_use(const struct profile *profile, struct surface *surface);

void surface_print_text(const struct surface *surface, bool colour, struct buf *out);
void surface_print_json(const struct surface *surface, struct buf *out);
/* The filters, an instruction a line with what it compares and answers. */
void surface_print_filters(const struct surface *surface, struct buf *out);
/* One page that needs nothing else: no script, no other file. */
void surface_print_html(const struct surface *surface, struct buf *out);

/* Two beside each other: counts, and what only one of them reaches. */
void surface_diff_text(const struct surface *a, const struct surface *b, struct buf *out);
void surface_diff_json(const struct surface *a, const struct surface *b, struct buf *out);

#endif
