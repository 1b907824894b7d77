/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standing: what a seccomp profile says about one call. Profiles are read in three forms: an OCI config with
 * linux.seccomp, that object alone, and the format of Docker and podman, whose rules hold for some capabilities or
 * architectures only. Pure; memory from the caller's arena.
 */
#ifndef BULKHEAD_INSIGHT_STANDING_STANDING_H
#define BULKHEAD_INSIGHT_STANDING_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/filter/filter.h"

struct standing_rule;
struct standing_profile {
	const char *name;   /* of the file */
	bool unrestricted;  /* an OCI config without linux.seccomp */
	struct filter_policy policy; /* of all rules */
	const struct standing_rule *conditions; /* per rule: when it holds; NULL when always */
};

/*
 * Errors: ERR_CONFIG with the place for what is no profile, or for one that no filter can be made of (contradicting
 * rules, arguments over 5, values over 64 bits, more than 4096 instructions).
 */
int standing_read(struct arena *arena, const char *name, const char *text, size_t size,
		  struct standing_profile *ret_profile, struct err *err);

/* The rules that hold for a container with these capabilities. */
int standing_policy(const struct standing_profile *profile, uint64_t capabilities, struct arena *arena,
		    struct filter_policy *ret_policy, struct err *err);

/*
 * The profile as one object in the form of linux.seccomp, with the rules that hold for these capabilities; in arena.
 * Errors: those of standing_read; ERR_CONFIG also for a config without linux.seccomp.
 */
int standing_write_oci(struct arena *arena, const char *name, const char *text, size_t size, uint64_t capabilities,
		       const char **ret_text, struct err *err);

/* Capabilities that decide whether a rule about this call holds; 0 in the OCI's formats. */
uint64_t standing_capabilities(const struct standing_profile *profile, const char *syscall);

struct standing {
	uint32_t action;   /* SECCOMP_RET_…; when arguments decide: for calls that no condition fits */
	const char *where; /* JSON pointer of the rule that gave it; NULL: the default action or a foreign architecture */
	bool arguments;	   /* arguments decide */
	size_t conditions; /* number of rules with arguments */
};

/* What policy says about number on arch (AUDIT_ARCH_… or ABI_ARCH_X32). */
int standing_of(const struct filter_policy *policy, uint32_t arch, int number, const char *syscall,
		struct arena *arena, struct standing *ret_standing, struct err *err);

/* The verdict for the call with one argument (0 … 5) of this value, the others being 0; *ret_where as in standing. */
int standing_of_argument(const struct filter_policy *policy, uint32_t arch, int number, unsigned int argument,
			 uint64_t value, struct arena *arena, uint32_t *ret_action, const char **ret_where,
			 struct err *err);

/* The conditions of a rule: "argument 1 & 0xffffffff == 0x5412"; "" when it has none. */
const char *standing_rule_condition(const struct filter_rule *rule, struct arena *arena);
/* The index-th rule with arguments about a call, as "argument 1 & 0xffffffff == 0x5412"; its action in *ret_action. */
void standing_condition(const struct filter_policy *policy, const char *syscall, size_t index, struct arena *arena,
			const char **ret_text, uint32_t *ret_action);

#endif
