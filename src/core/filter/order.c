/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter/order: which rule decides when several with arguments match one call. Pure.
 *
 * The order is the one in which libseccomp's filter tests rules, so that a profile means the same here:
 *   1. by the lowest argument that a rule compares: the higher one first;
 *   2. on the same argument: EQ, NE and MASKED_EQ; then LE and LT; then GE and GT;
 *   3. within these: the larger value first, for LE and LT the smaller one; high halves before low halves;
 *   4. equal comparisons: by the rules' next arguments in the same way; a rule that has none left comes first, and
 *      what says no more than a shorter rule with the same action does not count;
 *   5. what is still equal: by order of addition, where a rule stands with the first that shares its (half) comparison.
 *
 * Where this differs from libseccomp 2.5.4, on purpose:
 *   a. its tree can lose rules: after "A0 > 5" it drops all of "A0 > 3 and A1 == 1" on 64-bit architectures, since both
 *      begin by comparing the high halves. Here no rule is lost.
 *   b. comparisons beside a shared high half: it mixes LE and GE groups there, and where an argument's high half is
 *      not that of two values of LE, LT or NE, the order of addition decides. Here the order above holds for them too.
 *   c. it refuses a shorter rule after a longer one with another action even when their values differ but high
 *      halves are the same. Here only true contradictions are refused.
 *   d. it loads the call's number together with the call of the highest priority; where that is one which the
 *      architecture lacks, its program compares the architecture's value with call numbers. Not here.
 *   e. names that are newer than its table mean nothing to it.
 * A rule that an earlier one without arguments, or a later one, makes meaningless is no contradiction to libseccomp, which
 * takes it in silence; nor is it here, since profiles of engines have such rules. filter_program.shadow names the first.
 *
 * Kept as it has it: behind socketcall and ipc the conditions on arguments over 0 compare the multiplexer's own
 * arguments, which are of another kind.
 */
#include <stddef.h>

#include "core/filter/parts.h"

/* 3: equalities, 2: at most, 1: at least */
static int operator_class(uint8_t operator)
{
	switch (operator) {
	case FILTER_LT:
	case FILTER_LE:
		return 2;
	case FILTER_GE:
	case FILTER_GT:
		return 1;
	default:
		return 3;
	}
}

/* What is tested on the machine: NE is EQ with its outcomes exchanged, LT is GE, LE is GT. */
static uint8_t operator_base(uint8_t operator)
{
	static const uint8_t base[] = {
		[FILTER_NE] = FILTER_EQ, [FILTER_LT] = FILTER_GE, [FILTER_LE] = FILTER_GT,
		[FILTER_EQ] = FILTER_EQ, [FILTER_GE] = FILTER_GE, [FILTER_GT] = FILTER_GT,
		[FILTER_MASKED_EQ] = FILTER_MASKED_EQ,
	};

	return base[operator];
}

static bool condition_same(const struct filter_condition *a, const struct filter_condition *b)
{
	return a->arg == b->arg && a->operator == b->operator && a->mask == b->mask && a->value == b->value;
}

/* Do both test the same on the upper (half 1) or lower (half 0) word? Ranges compare the upper words alike. */
static bool half_same(const struct filter_condition *a, const struct filter_condition *b, int half)
{
	int shift = half * 32;
	bool ranges = operator_class(a->operator) < 3 && operator_class(b->operator) < 3;

	if (a->arg != b->arg)
		return false;
	if (!(uint32_t)((a->mask | b->mask) >> shift))
		return true; /* not compared, as on narrow architectures */
	return (uint32_t)(a->mask >> shift) == (uint32_t)(b->mask >> shift) &&
	       (uint32_t)(a->value >> shift) == (uint32_t)(b->value >> shift) &&
	       ((ranges && half) || operator_base(a->operator) == operator_base(b->operator));
}

/* The serial of the first clause whose conditions up to `depth` are the same and whose half word at depth is too. */
static uint32_t half_serial(const struct filter_clause *all, const struct filter_clause *clause, uint32_t depth,
			    int half)
{
	for (const struct filter_clause *other = all; other; other = other->next) {
		uint32_t i = 0;

		while (i < depth && i < other->count && condition_same(&other->conditions[i], &clause->conditions[i]))
			i++;
		if (i == depth && depth < other->count &&
		    half_same(&other->conditions[depth], &clause->conditions[depth], 1) &&
		    (half || half_same(&other->conditions[depth], &clause->conditions[depth], 0)))
			return other->serial;
	}
	return clause->serial;
}

/* < 0: a decides before b. all: the call's clauses in the order of addition. */
static int clause_compare(const struct filter_clause *all, const struct filter_clause *a,
			  const struct filter_clause *b)
{
	for (uint32_t i = 0; i < a->count && i < b->count; i++) {
		const struct filter_condition *x = &a->conditions[i], *y = &b->conditions[i];
		int x_class = operator_class(x->operator), y_class = operator_class(y->operator);

		if (condition_same(x, y))
			continue;
		if (x->arg != y->arg)
			return x->arg > y->arg ? -1 : 1;
		if (x_class != y_class)
			return x_class > y_class ? -1 : 1;
		for (int half = 1; half >= 0; half--) {
			uint32_t u = (uint32_t)(x->value >> half * 32), v = (uint32_t)(y->value >> half * 32);

			if (u != v)
				return (u > v) == (x_class != 2) ? -1 : 1;
			if (!half_same(x, y, half)) {
				uint32_t first_x = half_serial(all, a, i, half), first_y = half_serial(all, b, i, half);

				if (first_x != first_y)
					return first_x < first_y ? -1 : 1;
			}
		}
		/* EQ beside NE of one value: they never match both. */
		return a->serial < b->serial ? -1 : 1;
	}
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	return a->serial < b->serial ? -1 : 1;
}

/* Do the conditions of `less` stand in more's, one after another, from `at` on? */
static bool clause_is_part(const struct filter_clause *less, const struct filter_clause *more, uint32_t at)
{
	if (at + less->count > more->count)
		return false;
	for (uint32_t i = 0; i < less->count; i++)
		if (!condition_same(&less->conditions[i], &more->conditions[at + i]))
			return false;
	return true;
}

static int contradiction(const struct filter_policy *policy, const struct filter_arch *arch, uint32_t number,
			 const struct filter_clause *earlier, const struct filter_clause *later, struct err *err)
{
	const struct filter_rule *a = &policy->rules[earlier->rule], *b = &policy->rules[later->rule];
	char a_action[64], b_action[64];

	filter_action_text(a->action, a_action, sizeof(a_action));
	filter_action_text(b->action, b_action, sizeof(b_action));
	err_set(err, ERR_CONFIG, "seccomp rules %s and %s contradict each other", a->where ? a->where : "?",
		b->where ? b->where : "?");
	err_why(err, "for %s on %s both match the same arguments, and one says %s, the other %s",
		filter_call_text(arch, number), filter_arch_text(arch), a_action, b_action);
	err_fix(err, "remove one of the two, or make their args differ");
	return filter_place(policy, b, err);
}

static bool clause_has_part(const struct filter_clause *more, const struct filter_clause *less)
{
	for (uint32_t at = 0; at < more->count; at++)
		if (clause_is_part(less, more, at))
			return true;
	return false;
}

/*
 * The clauses that count, in the order of addition. Left out are those that say no more than a shorter one with the
 * same action (they must not decide earlier than that one), and those that begin with all conditions of an earlier one.
 * A contradiction is the same conditions with different actions; or a later rule whose conditions are the beginning of
 * an earlier one's, with another action: it would take the earlier rule's effect away.
 */
static int clauses_admit(const struct filter_policy *policy, const struct filter_arch *arch, struct filter_call *call,
			 struct err *err)
{
	struct filter_clause *next, *clause = call->first, **tail = &call->first;

	for (call->first = NULL; clause; clause = next) {
		bool admitted = true;

		next = clause->next;
		clause->next = NULL;
		for (struct filter_clause **link = &call->first; *link && admitted;) {
			struct filter_clause *old = *link;
			bool agree = old->action == clause->action;

			if (!agree && clause_is_part(clause, old, 0))
				return contradiction(policy, arch, call->number, old, clause, err);
			if (clause_is_part(old, clause, 0) || (agree && clause_has_part(clause, old)))
				admitted = false;
			else if (agree && clause_has_part(old, clause))
				*link = old->next;
			else
				link = &old->next;
		}
		for (tail = &call->first; *tail;)
			tail = &(*tail)->next;
		if (admitted)
			*tail = clause;
	}
	return 0;
}

int filter_order(const struct filter_policy *policy, const struct filter_arch *arch, struct filter_call *call,
		 struct err *err)
{
	/* Large, and filled as far as it is read: clearing it for every call would take longer than sorting does. */
	struct filter_clause *all[FILTER_CLAUSES_MAX] __attribute__((uninitialized));
	struct filter_clause *ordered = NULL, **tail = &ordered;
	size_t count = 0;

	if (!call->first || !call->first->next)
		return 0;
	if (clauses_admit(policy, arch, call, err) < 0)
		return ERR;
	for (struct filter_clause *clause = call->first; clause; clause = clause->next) {
		if (count == FILTER_CLAUSES_MAX) {
			err_set(err, ERR_CONFIG, "over %d seccomp rules with arguments for %s", FILTER_CLAUSES_MAX,
				filter_call_text(arch, call->number));
			filter_advise_merge(policy, err);
			return filter_place(policy, &policy->rules[clause->rule], err);
		}
		size_t i = count++;

		for (; i && clause_compare(call->first, clause, all[i - 1]) < 0; i--)
			all[i] = all[i - 1];
		all[i] = clause;
	}
	for (size_t i = 0; i < count; i++) {
		*tail = all[i];
		tail = &all[i]->next;
	}
	*tail = NULL;
	call->first = ordered;
	call->last = all[count - 1];
	return 0;
}

static bool condition_holds(const struct filter_arch *arch, const struct filter_condition *condition,
			    const struct seccomp_data *data)
{
	uint64_t value = data->args[condition->arg];

	if (arch->narrow)
		value &= UINT32_MAX;
	value &= condition->mask;
	switch (condition->operator) {
	case FILTER_NE:
		return value != condition->value;
	case FILTER_LT:
		return value < condition->value;
	case FILTER_LE:
		return value <= condition->value;
	case FILTER_GE:
		return value >= condition->value;
	case FILTER_GT:
		return value > condition->value;
	default:
		return value == condition->value;
	}
}

bool filter_clause_holds(const struct filter_arch *arch, const struct filter_clause *clause,
			 const struct seccomp_data *data)
{
	for (uint32_t i = 0; i < clause->count; i++)
		if (!condition_holds(arch, &clause->conditions[i], data))
			return false;
	return true;
}
