/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_support: two oracles for the filter compiler, and policies to try it on.
 * - reference_…: the meaning of a policy in the plainest form, by asking every rule;
 * - oracle_…: the program that libseccomp makes when it is fed as runc and crun feed it (filter_oracle.c).
 */
#ifndef BULKHEAD_TESTS_FILTER_SUPPORT_H
#define BULKHEAD_TESTS_FILTER_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/filter/filter.h"

/* Bytes that decisions are drawn from: a fuzzer's input, or a seed's. Zeros when used up. */
struct source {
	const uint8_t *data;
	size_t size, used;
};
uint32_t source_below(struct source *source, uint32_t limit);
void source_fill(uint64_t *seed, uint8_t *data, size_t size);
uint64_t random_next(uint64_t *seed);

/* A policy drawn from source; with memory of arena. */
const struct filter_policy *policy_draw(struct source *source, struct arena *arena);

/* What the policy says: the actions of all rules that match, with the rules. One action: the verdict must be it. */
#define MATCHES_MAX 64
struct reference {
	uint32_t actions[MATCHES_MAX]; /* distinct ones */
	size_t count;		       /* at least 1: the default or the bad architecture's when no rule matches */
};
void reference_ask(const struct filter_policy *policy, const struct seccomp_data *data, struct reference *ret);
bool reference_allows(const struct reference *reference, uint32_t action);
bool reference_rule_matches(const struct filter_policy *policy, uint32_t rule, const struct seccomp_data *data);
/* Is there any rule for data's call? */
bool reference_concerns(const struct filter_policy *policy, const struct seccomp_data *data);
/* Does any rule for data's call look at arguments? */
bool reference_looks_at_args(const struct filter_policy *policy, const struct seccomp_data *data);
/* Set data's arguments to edges of the values that the rules for its call compare with. */
void reference_draw_args(const struct filter_policy *policy, uint64_t *seed, struct seccomp_data *data);

/* libseccomp's program: 0 and its instructions (to be freed), or -errno when it refuses the policy; -ENODATA when its
 * program is broken by a fault of its own. */
int oracle_compile(const struct filter_policy *policy, struct sock_filter **ret_instructions, uint32_t *ret_count);
/* The kinds of policies for which libseccomp 2.5.4 is no oracle: see core/filter/order.c, its list of differences. */
bool oracle_loses_rules(const struct filter_policy *policy);
bool oracle_is_loose(const struct filter_policy *policy, const struct seccomp_data *data);

/* Docker's profile from a file in its own format, for a container with Docker's default capabilities on x86_64. */
const struct filter_policy *policy_of_docker(const char *path, struct arena *arena);

#endif
