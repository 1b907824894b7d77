/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter/advise: what to do about a policy that becomes too long: which of its rules can be one. Runs only after the
 * compiler has failed; says, and changes nothing. Pure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/filter/parts.h"

#define RULES_MAX 4096 /* that are compared with each other */
#define SHARES_MAX 256 /* of calls */
#define WORST_MAX 3    /* that are named for what they cost */

static bool is_equality(const struct filter_arg *arg)
{
	return arg->operator == FILTER_EQ || arg->operator == FILTER_MASKED_EQ;
}

static uint64_t mask_of(const struct filter_arg *arg)
{
	return arg->operator == FILTER_EQ ? UINT64_MAX : arg->value;
}

static uint64_t value_of(const struct filter_arg *arg)
{
	return arg->operator == FILTER_EQ ? arg->value : arg->value_two & arg->value;
}

static bool same_names(const struct filter_rule *a, const struct filter_rule *b)
{
	if (a->names_count != b->names_count)
		return false;
	for (size_t i = 0; i < a->names_count; i++)
		if (strcmp(a->names[i], b->names[i]) != 0)
			return false;
	return true;
}

/* The bit in which the values of two equalities differ; 0 when it is none, or more than one. */
static uint64_t differing_bit(const struct filter_arg *a, const struct filter_arg *b)
{
	uint64_t bits = value_of(a) ^ value_of(b);

	if (!is_equality(a) || !is_equality(b) || mask_of(a) != mask_of(b))
		return 0;
	return bits & (bits - 1) ? 0 : bits;
}

/* Two rules that say the same but for one bit of one value: that argument's place, or -1. */
static int mergeable(const struct filter_rule *a, const struct filter_rule *b)
{
	int place = -1;

	if (a->action != b->action || a->args_count != b->args_count || !same_names(a, b))
		return -1;
	for (size_t i = 0; i < a->args_count; i++) {
		const struct filter_arg *x = &a->args[i], *y = &b->args[i];

		if (x->index != y->index)
			return -1;
		if (x->operator == y->operator && x->value == y->value && x->value_two == y->value_two)
			continue;
		if (place >= 0 || !differing_bit(x, y))
			return -1;
		place = (int)i;
	}
	return place;
}

static const char *where_of(const struct filter_rule *rule)
{
	return rule->where ? rule->where : "?";
}

int filter_advise_merge(const struct filter_policy *policy, struct err *err)
{
	size_t rules = policy->rules_count < RULES_MAX ? policy->rules_count : RULES_MAX, pairs = 0;
	const char *fewer = policy->archs_count > 1 ? ", or list fewer architectures" : "";
	char first[256] = "";

	for (size_t i = 0; i < rules; i++)
		for (size_t j = i + 1; j < rules; j++) {
			const struct filter_rule *a = &policy->rules[i], *b = &policy->rules[j];
			int place = mergeable(a, b);
			uint64_t mask;

			if (place < 0)
				continue;
			mask = mask_of(&a->args[place]) & ~differing_bit(&a->args[place], &b->args[place]);
			if (!pairs++)
				snprintf(first, sizeof(first),
					 "%.60s and %.60s are one, with SCMP_CMP_MASKED_EQ, value %llu and valueTwo %llu for "
					 "argument %u", where_of(a), where_of(b), (unsigned long long)mask,
					 (unsigned long long)(value_of(&a->args[place]) & mask), a->args[place].index);
			break;
		}
	if (!pairs)
		return err_fix(err, "SCMP_CMP_GE or SCMP_CMP_LE in place of many single values%s; no two rules can be merged as "
				    "they are, since their values differ in more than one bit", fewer);
	return err_fix(err, "merge rules whose values differ in one bit, of which there are %zu pairs: %s%s", pairs, first,
		       fewer);
}

/* Rules that name the same calls, and what they cost together. */
struct share {
	const struct filter_rule *first;
	size_t rules;
	uint32_t cost;
};

static int share_add(struct share *shares, int count, const struct filter_rule *rule, uint32_t cost)
{
	for (int i = 0; i < count; i++) {
		if (!same_names(shares[i].first, rule))
			continue;
		shares[i].rules++;
		shares[i].cost += cost;
		return count;
	}
	if (count == SHARES_MAX)
		return count;
	shares[count] = (struct share){rule, 1, cost};
	return count + 1;
}

static int by_cost(const void *one, const void *other)
{
	const struct share *a = one, *b = other;

	return a->cost < b->cost ? 1 : a->cost > b->cost ? -1 : 0;
}

int filter_advise_length(const struct filter_policy *policy, const uint32_t *costs, uint32_t count, struct err *err)
{
	struct share shares[SHARES_MAX];
	char text[320] = "";
	size_t used = 0;
	int found = 0;

	for (size_t i = 0; i < policy->rules_count; i++)
		if (costs[i])
			found = share_add(shares, found, &policy->rules[i], costs[i]);
	qsort(shares, (size_t)found, sizeof(*shares), by_cost);
	err_set(err, ERR_CONFIG, "the seccomp filter needs %u instructions; the kernel takes %u", count,
		FILTER_INSTRUCTIONS_MAX);
	for (int i = 0; i < found && i < WORST_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%zu for %.24s from %.50s on (%u)", i ? ", " : "",
					 shares[i].rules, shares[i].first->names_count ? shares[i].first->names[0] : "?",
					 where_of(shares[i].first), shares[i].cost);
	err_why(err, "the most comparisons come from these rules: %s", text);
	filter_advise_merge(policy, err);
	return found ? filter_place(policy, shares[0].first, err) : ERR;
}
