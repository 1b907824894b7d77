/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile: the containment profile, what one program needs: a JSON file for people to read, edit and review
 * (docs/profile.md). In memory all rules are sets of the same form, and a table (rows.c) says where each stands in the
 * file and what its entries are. Reading, comparing, merging and writing go by that table.
 *
 * A set that the file leaves out says nothing: nothing is restricted by it, unless its row grants. A set that is there and
 * empty allows none.
 * Pure: touches no host. All memory comes from the arena given.
 */
#ifndef BULKHEAD_CORE_PROFILE_PROFILE_H
#define BULKHEAD_CORE_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define PROFILE_VERSION	  1
#define PROFILE_SIZE_MAX  ((size_t)16 << 20)
#define PROFILE_FAULT_MAX 64 /* of one file; a reader wants no more at once */

enum profile_set_id {
	PROFILE_SYSCALLS,
	PROFILE_ARCHITECTURES,
	PROFILE_BPF, /* the sets of arguments, in the order of rows.c */
	PROFILE_CLONE,
	PROFILE_FCNTL,
	PROFILE_IOCTL,
	PROFILE_IPC,
	PROFILE_KEYCTL,
	PROFILE_MADVISE,
	PROFILE_PERSONALITY,
	PROFILE_PRCTL,
	PROFILE_SETSOCKOPT,
	PROFILE_SOCKET,
	PROFILE_SOCKETCALL,
	PROFILE_CAPABILITIES,
	PROFILE_SIGNALS,
	PROFILE_READ,
	PROFILE_WRITE,
	PROFILE_EXECUTE,
	PROFILE_PROC,
	PROFILE_SYS,
	PROFILE_DEVICES,
	PROFILE_LISTEN,
	PROFILE_CONNECT,
	PROFILE_NAMES,
	PROFILE_NAMESPACES,
	PROFILE_LIMITS,
	PROFILE_SETS
};

enum profile_form {
	PROFILE_WORDS,	 /* array of strings */
	PROFILE_PORTS,	 /* array of numbers from 0 to 65535 */
	PROFILE_REASONS, /* object: the entry, and why it is there */
	PROFILE_AMOUNTS, /* object: the entry, and how much */
};

/* What a set's entries are restricted to: a system call's arguments, compared under a mask. */
struct profile_argument {
	const char *syscall; /* NULL: the set is of no arguments */
	unsigned int index[2];
	uint64_t mask[2]; /* the second is 0 when one argument is compared */
};

struct profile_row {
	const char *section, *key; /* rules.SECTION.KEY; section NULL: rules.KEY */
	enum profile_form form;
	const char *noun; /* "a system call" */
	/* Is the entry well formed? Otherwise a sentence that says what it must be. */
	const char *(*fault)(const char *text);
	struct profile_argument argument;
	bool grants; /* left out it is empty and restricts all the same: it names what is allowed beside the usual */
};
extern const struct profile_row profile_rows[PROFILE_SETS];

struct profile_item {
	const char *text;	/* of PORTS the number in digits */
	const char *reason;	/* REASONS; "" when none is known */
	uint64_t number;	/* AMOUNTS: how much; PORTS: the port */
	uint64_t argument[2];	/* of sets of arguments */
};
struct profile_set {
	bool present;
	struct profile_item *items; /* sorted, each once */
	size_t count;
};

struct profile {
	const char *source, *digest;	/* subject; NULL when unknown */
	const char *const *kernels;	/* evidence */
	size_t kernels_count;
	uint64_t runs, events, lost;
	bool complete, verified;
	const char *const *notes; /* how it was seen and verified, and what could not be; for readers */
	size_t notes_count;
	struct profile_set sets[PROFILE_SETS];
};

struct profile_faults {
	struct err items[PROFILE_FAULT_MAX];
	size_t count;
	size_t left_off; /* further ones that did not fit */
};

/*
 * Read a file's text; name is what errors call it. All faults of a file that is JSON are collected: ERR when there is
 * one, each an ERR_CONFIG with the pointer of the value. ret is written on success only.
 */
int profile_read(struct arena *arena, const char *name, const char *text, size_t size, struct profile *ret,
		 struct profile_faults *faults);

/* The canonical text: fixed order of keys, sorted sets, two blanks of indentation, a newline at the end. */
void profile_write(const struct profile *profile, struct buf *out);

/* The item of set with this text, or NULL. */
const struct profile_item *profile_find(enum profile_set_id id, const struct profile_set *set, const char *text);
/* Sort and drop what is there twice, keeping the first reason that is not empty. Used by what builds a set. */
void profile_sort(enum profile_set_id id, struct profile_set *set);

/*
 * What both allow, together: evidence is added up, and it is complete and verified only when both are. A set that one
 * of them leaves out restricts nothing, and so is left out; limits are kept when both have them, the higher one.
 * Errors: out of memory.
 */
int profile_merge(struct arena *arena, const struct profile *a, const struct profile *b, struct profile *ret,
		  struct err *err);

enum profile_change { PROFILE_ADDED, PROFILE_REMOVED, PROFILE_CHANGED, PROFILE_OPENED, PROFILE_CLOSED };
/* Tells each difference of the rules, in the order of the file; item is NULL for OPENED (b leaves the set out) and
 * CLOSED (a does). Reasons are no difference. Returns how many there are. */
typedef void profile_tell(void *context, enum profile_set_id id, enum profile_change change,
			  const struct profile_item *before, const struct profile_item *after);
size_t profile_diff(const struct profile *a, const struct profile *b, profile_tell *tell, void *context);

/* Does this entry of a set of paths allow the path, which is no pattern? */
bool profile_path_matches(const char *entry, const char *path);

/* Drop paths that a glob of the same set allows already. Returns how many; nothing more and nothing less is allowed. */
size_t profile_minimize(struct profile *profile);

/* Does any set restrict system calls: by their names, the signals they send, or the namespaces they make? */
bool profile_has_calls(const struct profile *profile);
/* linux.seccomp of the runtime specification: what the profile names is allowed, and ENOSYS answers the rest, as for a call
 * that the kernel does not have. profile_has_calls must be true. An export of it, for other runtimes, allows a little more. */
void profile_seccomp(const struct profile *profile, struct buf *out);

/* The forms that a profile is exported to, by their index: "apparmor", "oci", …; NULL behind the last. */
const char *profile_format_name(size_t index);
/* name: what the form calls the profile, where it has a name. Errors: the profile lacks what the form is made of. */
int profile_export(const struct profile *profile, size_t format, const char *name, struct buf *out, struct err *err);
/* Does the form express what the profile says in this set? What it does not is left out of the export. */
bool profile_export_expresses(const struct profile *profile, size_t format, enum profile_set_id id);

/* The programs that the kernel starts dynamic ones with, which profiles may not name; NULL behind the last. */
extern const char *const profile_loaders[];

/* "rules.files.read" */
void profile_set_name(enum profile_set_id id, char *buf, size_t size);

#endif
