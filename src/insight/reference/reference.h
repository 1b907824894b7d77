/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference: what the kernel offers to programs, by kind, name and number: system calls, ioctl commands, options, flags,
 * capabilities, files of procfs and sysfs, … with what may be needed for it, what contains it, and its risk.
 *
 * Pure look-up in constant tables, which the build makes from data/: no system call, no memory but the caller's arena.
 * The tables need no relocation, so that programs which never ask pay nothing.
 */
#ifndef BULKHEAD_INSIGHT_REFERENCE_REFERENCE_H
#define BULKHEAD_INSIGHT_REFERENCE_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/* In the order of tools/gen-reference. */
enum reference_kind {
	REFERENCE_SYSCALL,
	REFERENCE_IOCTL,
	REFERENCE_PRCTL,
	REFERENCE_FCNTL,
	REFERENCE_SIGNAL,
	REFERENCE_CAPABILITY,
	REFERENCE_SOCKOPT,
	REFERENCE_SOCKET,
	REFERENCE_BPF,
	REFERENCE_KEYCTL,
	REFERENCE_PTRACE,
	REFERENCE_CLONE,
	REFERENCE_MOUNT,
	REFERENCE_PROCFS,
	REFERENCE_SYSFS,
	REFERENCE_SYSCTL,
	REFERENCE_ERRNO,
	REFERENCE_KIND_COUNT
};
#define REFERENCE_ANY (-1) /* kind of a query: all */

/* Of leaving it open to a container that is not trusted. */
enum reference_risk {
	REFERENCE_RISK_NONE, /* not judged */
	REFERENCE_RISK_LOW,
	REFERENCE_RISK_MEDIUM,
	REFERENCE_RISK_HIGH,
	REFERENCE_RISK_CRITICAL
};

/* Texts are constant and "" when there is nothing to say. Lists are separated by blanks, `contained` by "; ". */
struct reference_entry {
	enum reference_kind kind;
	enum reference_risk risk;
	bool has_value; /* system calls and files have none: abi/syscalls.h has the numbers of the first */
	int64_t value;
	const char *name;
	const char *group;  /* ioctl: header; sockopt: level; files: "r", "w", "rw"; others: what sort of constant */
	const char *detail; /* system call: arguments; ioctl: direction and type; capability: calls that may need it */
	const char *since;  /* kernel release */
	const char *capabilities, *contained, *reason;
	const char *meaning, *words;
	const char *aliases;
	const char *engines; /* system calls in the engines' default profile: "allow", "deny", "arguments", "CAP_… CAP_…" */
};

const char *reference_kind_name(enum reference_kind kind);  /* "syscall": as typed */
const char *reference_kind_title(enum reference_kind kind); /* "system call": as read */
const char *reference_risk_name(enum reference_risk risk);  /* "not judged", "low", … */
/* REFERENCE_ANY when no kind is called so. */
int reference_kind_find(const char *name);

/* Entries of a kind are *ret_first … *ret_end - 1. */
void reference_range(int kind, size_t *ret_first, size_t *ret_end);
void reference_at(size_t index, struct reference_entry *ret_entry);

/* How an entry was found; the order is that of results. */
enum reference_match {
	REFERENCE_BY_NAME,
	REFERENCE_BY_NUMBER,
	REFERENCE_BY_ALIAS,   /* also without its prefix (KILL: SIGKILL), and the directory that holds a file */
	REFERENCE_BY_SIZE,    /* an ioctl command of another argument size */
	REFERENCE_BY_PATTERN,
	REFERENCE_BY_WORDS
};
struct reference_found {
	uint32_t index;
	enum reference_match match;
	uint32_t score;
};
struct reference_results {
	struct reference_found *items;
	size_t count;
};

struct reference_query {
	int kind;	  /* or REFERENCE_ANY */
	uint32_t arch;	  /* whose system call numbers are meant: AUDIT_ARCH_… or ABI_ARCH_X32 */
	const char *text; /* a name, a number, a pattern with *, ? or [, or words */
};

/*
 * All entries that text may mean, best first. A name or alias also brings those that its words find, marked as such.
 * Nothing found is no error: count 0. Errors: out of memory.
 */
int reference_look_up(const struct reference_query *query, struct arena *arena, struct reference_results *ret_results,
		      struct err *err);

#define REFERENCE_NEAREST_MAX 3
/* The names nearest to text; returns how many. Memory from arena. */
size_t reference_nearest(int kind, const char *text, struct arena *arena,
			 const char *ret_names[REFERENCE_NEAREST_MAX]);

/* Do the tables know a system call by this name, as the kernel's functions and tracefs call them? */
bool reference_knows_call(const char *name);

#define REFERENCE_SYMBOL_MAX 64
/*
 * Is this line of /proc/kallsyms a system call of the running kernel that the tables do not know? Its name is put into
 * ret_name then. Weak symbols are calls that were left out of the kernel, and not counted.
 */
bool reference_symbol_is_new(const char *line, char ret_name[REFERENCE_SYMBOL_MAX]);
/* Is this line a system call at all? To tell a readable list from an empty one. */
bool reference_symbol_is_call(const char *line);

#endif
