/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter/decide: clauses in order → a graph of 32-bit tests with actions as leaves. Pure.
 *
 * Nodes are made once: equal tests with equal outcomes are the same node, whatever call they came from. So calls with
 * the same rules share one chain, and "the same verdict" is a comparison of pointers.
 */
#include <string.h>

#include "core/filter/parts.h"

static struct filter_node *node_intern(struct filter_graph *graph, const struct filter_node *key)
{
	uint64_t hash = key->test;
	struct filter_node **bucket, *node;

	hash = (hash ^ key->offset) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ key->mask) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ key->value) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ key->action) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ (uintptr_t)key->yes) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ (uintptr_t)key->no) * 0x9e3779b97f4a7c15u;
	bucket = &graph->buckets[(hash >> 32) % FILTER_BUCKETS];
	for (node = *bucket; node; node = node->hash_next)
		if (node->test == key->test && node->offset == key->offset && node->mask == key->mask &&
		    node->value == key->value && node->action == key->action && node->yes == key->yes &&
		    node->no == key->no)
			return node;
	node = arena_alloc(graph->arena, sizeof(*node));
	if (!node) {
		graph->failed = true;
		return NULL;
	}
	*node = *key;
	node->hash_next = *bucket;
	*bucket = node;
	graph->nodes++;
	return node;
}

struct filter_node *filter_leaf(struct filter_graph *graph, uint32_t action, uint32_t rule)
{
	struct filter_node key = {.test = FILTER_TEST_LEAF, .action = action, .rule = rule};
	struct filter_node *node = node_intern(graph, &key);

	if (node && node->rule != rule)
		node->rule = FILTER_NO_RULE;
	return node;
}

struct filter_node *filter_branch(struct filter_graph *graph, enum filter_test test, uint32_t offset, uint32_t mask,
				  uint32_t value, struct filter_node *yes, struct filter_node *no)
{
	struct filter_node key = {
		.test = test, .offset = offset, .mask = mask, .value = value, .yes = yes, .no = no};

	if (!yes || !no)
		return NULL;
	if (yes == no)
		return yes;
	if ((test == FILTER_TEST_EQ && !mask && !value) || (test == FILTER_TEST_GE && !value))
		return yes;
	if (test == FILTER_TEST_GT && value == UINT32_MAX)
		return no;
	return node_intern(graph, &key);
}

/* Where a half of an argument lies in struct seccomp_data. */
static uint32_t half_offset(const struct filter_arch *arch, uint32_t arg, bool high)
{
	return (uint32_t)(offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t)) + (high != arch->big_endian ? 4 : 0);
}

static struct filter_node *condition_node(struct filter_graph *graph, const struct filter_arch *arch,
					  const struct filter_condition *condition, struct filter_node *yes,
					  struct filter_node *no)
{
	uint32_t low = half_offset(arch, condition->arg, false), high = half_offset(arch, condition->arg, true);
	uint32_t mask = (uint32_t)condition->mask, value = (uint32_t)condition->value;
	uint32_t mask_high = (uint32_t)(condition->mask >> 32), value_high = (uint32_t)(condition->value >> 32);
	enum filter_test test = FILTER_TEST_EQ;
	struct filter_node *node;

	switch (condition->operator) {
	case FILTER_GT:
	case FILTER_LE:
		test = FILTER_TEST_GT;
		break;
	case FILTER_GE:
	case FILTER_LT:
		test = FILTER_TEST_GE;
		break;
	}
	if (condition->operator == FILTER_NE || condition->operator == FILTER_LT || condition->operator == FILTER_LE) {
		struct filter_node *other = yes;

		yes = no;
		no = other;
	}
	node = filter_branch(graph, test, low, mask, value, yes, no);
	if (arch->narrow)
		return node;
	node = filter_branch(graph, FILTER_TEST_EQ, high, mask_high, value_high, node, no);
	if (test != FILTER_TEST_EQ)
		node = filter_branch(graph, FILTER_TEST_GT, high, mask_high, value_high, yes, node);
	return node;
}

/* What is known about the words on the way down: the tests passed, and their outcomes. */
#define FACTS_MAX 96
struct facts {
	struct {
		const struct filter_node *node;
		bool holds;
	} items[FACTS_MAX];
	uint32_t count;
	uint32_t budget; /* nodes that may still be visited */
};

/* Does an item of facts about the same masked word decide node? 1 yes, 0 no, -1 unknown. */
static int fact_decide(const struct facts *facts, const struct filter_node *node)
{
	uint32_t low = 0, high = UINT32_MAX;

	for (uint32_t i = 0; i < facts->count; i++) {
		const struct filter_node *fact = facts->items[i].node;
		bool holds = facts->items[i].holds;

		if (fact->offset != node->offset || fact->mask != node->mask)
			continue;
		if (fact->test == node->test && fact->value == node->value)
			return holds;
		if (fact->test == FILTER_TEST_EQ) {
			if (holds)
				low = high = fact->value;
			continue;
		}
		/* From here on a bound: the value from which the fact's test holds. */
		uint32_t from = fact->value + (fact->test == FILTER_TEST_GT);

		if (holds && from > low)
			low = from;
		if (!holds && from - 1 < high)
			high = from - 1;
	}
	if (node->test == FILTER_TEST_EQ) {
		if (node->value < low || node->value > high)
			return 0;
		return low == high ? 1 : -1;
	}
	if (node->test == FILTER_TEST_GT)
		return low > node->value ? 1 : high <= node->value ? 0 : -1;
	return low >= node->value ? 1 : high < node->value ? 0 : -1;
}

/* The graph without the tests that the way down to them has answered already. NULL when the budget is used up. */
static struct filter_node *simplify(struct filter_graph *graph, struct filter_node *node, struct facts *facts)
{
	struct filter_node *yes, *no;

	for (int known; node->test != FILTER_TEST_LEAF; node = known ? node->yes : node->no) {
		known = fact_decide(facts, node);
		if (known < 0)
			break;
	}
	if (node->test == FILTER_TEST_LEAF)
		return node;
	if (!facts->budget || facts->count == FACTS_MAX)
		return NULL;
	facts->budget--;
	facts->items[facts->count].node = node;
	facts->items[facts->count++].holds = true;
	yes = simplify(graph, node->yes, facts);
	facts->items[facts->count - 1].holds = false;
	no = yes ? simplify(graph, node->no, facts) : NULL;
	facts->count--;
	return filter_branch(graph, node->test, node->offset, node->mask, node->value, yes, no);
}

static struct filter_node *leaf_of(struct filter_graph *graph, struct filter_clause *clause)
{
	if (!clause->leaf)
		clause->leaf = filter_leaf(graph, clause->action, clause->rule);
	return clause->leaf;
}

/* Is it one comparison of a whole argument with one value, of which both halves count? */
static bool is_equality(const struct filter_arch *arch, const struct filter_clause *clause)
{
	return clause && !arch->narrow && clause->count == 1 && clause->conditions->operator == FILTER_EQ;
}

/* The clause behind those that, like the first, are an equality of the same argument with the same high half. */
static struct filter_clause *equalities_end(const struct filter_arch *arch, struct filter_clause *clause)
{
	const struct filter_condition *first = clause->conditions;

	while (is_equality(arch, clause) && clause->conditions->arg == first->arg &&
	       clause->conditions->value >> 32 == first->value >> 32)
		clause = clause->next;
	return clause;
}

/* Their low halves, one after another. */
static struct filter_node *equalities_node(struct filter_graph *graph, const struct filter_arch *arch,
					   struct filter_clause *clause, const struct filter_clause *end,
					   struct filter_node *rest)
{
	if (clause == end)
		return rest;
	return filter_branch(graph, FILTER_TEST_EQ, half_offset(arch, clause->conditions->arg, false), UINT32_MAX,
			     (uint32_t)clause->conditions->value, leaf_of(graph, clause),
			     equalities_node(graph, arch, clause->next, end, rest));
}

static struct filter_node *clauses_node(struct filter_graph *graph, const struct filter_arch *arch,
					struct filter_clause *clause, struct filter_node *fallback, uint32_t *tests)
{
	struct filter_node *no, *yes;

	if (!clause)
		return fallback;
	yes = leaf_of(graph, clause);
	if (!clause->count)
		return yes;
	/* Of several with one high half it is asked for once, before all of them. */
	if (is_equality(arch, clause) && is_equality(arch, clause->next)) {
		const struct filter_condition *condition = clause->conditions;
		struct filter_clause *end = equalities_end(arch, clause);

		if (end != clause->next) {
			no = clauses_node(graph, arch, end, fallback, tests);
			yes = equalities_node(graph, arch, clause, end, no);
			*tests += 2;
			for (; clause != end; clause = clause->next)
				*tests += 1;
			return filter_branch(graph, FILTER_TEST_EQ, half_offset(arch, condition->arg, true), UINT32_MAX,
					     (uint32_t)(condition->value >> 32), yes, no);
		}
	}
	no = clauses_node(graph, arch, clause->next, fallback, tests);
	for (uint32_t i = clause->count; i--; *tests += 2)
		yes = condition_node(graph, arch, &clause->conditions[i], yes, no);
	return yes;
}

/* Apart from its caller: its frame is large, and most calls need no test. */
static __attribute__((noinline)) struct filter_node *simplify_all(struct filter_graph *graph, struct filter_node *node,
								  uint32_t tests)
{
	struct facts facts = {.budget = 2 * tests + 8};
	struct filter_node *simple = simplify(graph, node, &facts);

	return simple ? simple : node;
}

struct filter_node *filter_decide(struct filter_graph *graph, const struct filter_arch *arch,
				  struct filter_clause *clauses, struct filter_node *fallback)
{
	uint32_t tests = 0;
	struct filter_node *node = clauses_node(graph, arch, clauses, fallback, &tests);

	if (!node || node->test == FILTER_TEST_LEAF)
		return node;
	return simplify_all(graph, node, tests);
}
