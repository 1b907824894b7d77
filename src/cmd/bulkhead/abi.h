/* SPDX-License-Identifier: Apache-2.0 */
/* abi: what the files of `bulkhead abi` share. */
#ifndef BULKHEAD_CMD_BULKHEAD_ABI_H
#define BULKHEAD_CMD_BULKHEAD_ABI_H

#include "cmd/bulkhead/people.h"
#include "insight/reference/reference.h"
#include "insight/standing/standing.h"

/* A profile, and the rules of it that hold for a container without capabilities. */
struct abi_profile {
	const char *name; /* NULL: none was asked for */
	struct standing_profile profile;
	struct filter_policy policy;
};

struct abi {
	struct arena *arena;
	const char *text; /* as asked */
	int kind;	  /* or REFERENCE_ANY */
	uint32_t arch;	  /* whose numbers are shown and judged */
	bool all_archs;
	bool json;
	struct abi_profile sandbox; /* the default of `bulkhead run` */
	struct abi_profile given;   /* --profile */
	struct reference_results results;
	const char *const *nearest; /* when nothing was found */
	size_t nearest_count;
};

/* Calls of the running kernel that the tables lack. */
struct abi_unknown {
	bool readable;
	const char *source; /* the file that was read, or why none could be */
	const char **names;
	size_t count;
};

/* abi_standing.c: read the default profile, and FILE when it is not NULL. */
int abi_read_profiles(struct abi *abi, const char *file, struct err *err);
/* What the sandbox makes of a call: one line; and, as JSON, an object. */
int abi_standing_text(struct abi *abi, const struct abi_profile *profile, const struct reference_entry *entry,
		      struct buf *out, struct err *err);
int abi_standing_json(struct abi *abi, const struct abi_profile *profile, const struct reference_entry *entry,
		      struct json_writer *writer, struct err *err);
/* The same about the call of a constant (ioctl for a command of it), with that argument; the call's name in *ret_call,
 * NULL when no argument of a call holds the constant by itself. */
int abi_constant_standing(struct abi *abi, const struct abi_profile *profile, const struct reference_entry *entry,
			  const char **ret_call, const char **ret_verdict, const char **ret_word, struct err *err);

/* abi_print.c */
int abi_print_text(struct abi *abi, struct buf *out, struct err *err);
int abi_print_json(struct abi *abi, struct buf *out, struct err *err);
void abi_print_kinds(bool json, struct buf *out);
void abi_print_unknown(const struct abi_unknown *unknown, bool json, struct buf *out);

#endif
