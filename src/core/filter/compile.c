/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter/compile: a policy → a cBPF program. Pure; all memory from the caller's arena.
 *
 * Per architecture the numbers are cut into intervals of equal verdict (the same node of the graph), and a balanced
 * tree of comparisons finds the interval. A single number inside an interval of another verdict costs one test for
 * equality. The machine's own architecture is asked for first.
 */
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "core/filter/parts.h"

#define OFFSET_NR ((uint32_t)offsetof(struct seccomp_data, nr))
#define OFFSET_ARCH ((uint32_t)offsetof(struct seccomp_data, arch))
#define TRACER_SKIPS UINT32_MAX /* number -1: a tracer's way to skip a call; never "another architecture" */

struct interval {
	uint32_t start; /* up to the next one's start - 1; the last ends at UINT32_MAX */
	struct filter_node *node;
};

struct intervals {
	struct interval *items;
	size_t count, capacity;
};

/* Numbers must rise. A verdict equal to the last one prolongs it. */
static void interval_add(struct intervals *intervals, uint32_t start, struct filter_node *node)
{
	struct interval *last = intervals->count ? &intervals->items[intervals->count - 1] : NULL;

	if (last && last->start == start)
		last->node = node;
	else if (!last || last->node != node)
		intervals->items[intervals->count++] = (struct interval){start, node};
}

static uint32_t interval_end(const struct intervals *intervals, size_t i)
{
	return i + 1 < intervals->count ? intervals->items[i + 1].start - 1 : UINT32_MAX;
}

/* A run of intervals that are one verdict but for a few single numbers: a leaf of the search tree. */
#define HOLES_MAX 3
struct run {
	uint32_t start;
	size_t first, holes; /* intervals first, first + 2, … have the run's verdict; those between are holes */
};

static size_t runs_find(const struct intervals *intervals, struct run *runs)
{
	size_t count = 0;

	for (size_t i = 0; i < intervals->count;) {
		struct run run = {.start = intervals->items[i].start, .first = i};
		size_t hole = i + 1;

		while (run.holes < HOLES_MAX && hole + 1 < intervals->count &&
		       intervals->items[hole].start == interval_end(intervals, hole) &&
		       intervals->items[hole + 1].node == intervals->items[i].node) {
			run.holes++;
			hole += 2;
		}
		runs[count++] = run;
		i = hole;
	}
	return count;
}

static struct filter_node *search_build(struct filter_graph *graph, const struct intervals *intervals,
					const struct run *runs, size_t count)
{
	size_t half = count / 2;

	if (count == 1) {
		struct filter_node *node = intervals->items[runs->first].node;

		for (size_t i = 0; i < runs->holes; i++) {
			const struct interval *hole = &intervals->items[runs->first + 1 + 2 * i];

			node = filter_branch(graph, FILTER_TEST_EQ, OFFSET_NR, UINT32_MAX, hole->start, hole->node,
					     node);
		}
		return node;
	}
	return filter_branch(graph, FILTER_TEST_GE, OFFSET_NR, UINT32_MAX, runs[half].start,
			     search_build(graph, intervals, runs + half, count - half),
			     search_build(graph, intervals, runs, half));
}

struct compiler {
	const struct filter_policy *policy;
	struct arena *arena;
	struct filter_names names;
	struct filter_graph graph;
	struct filter_node *fallback, *unknown, *bad_arch;
	uint32_t *costs; /* per rule: comparisons of arguments that it adds */
	struct filter_shadow shadow;
};

static void costs_count(struct compiler *compiler, const struct filter_calls *calls, const struct filter_call *call)
{
	for (const struct filter_clause *clause = call->first; clause; clause = clause->next)
		compiler->costs[clause->rule] += clause->count * (calls->arch.narrow ? 1 : 2) + 1;
}

/* Add the verdicts of arch's calls; numbers between and after them get the default. */
static int arch_intervals(struct compiler *compiler, uint32_t arch, struct intervals *intervals, struct err *err)
{
	struct filter_calls calls;
	size_t capacity = intervals->count + 4; /* the start, and what arch_node adds */
	struct interval *items;

	if (filter_calls_read(compiler->policy, &compiler->names, arch, -1, compiler->arena, &calls, err) < 0)
		return ERR;
	for (size_t i = 0; i < calls.count; i++)
		capacity += calls.items[i].first ? 2 : 0;
	items = arena_calloc(compiler->arena, capacity, sizeof(*items));
	if (!items)
		return filter_no_memory(err);
	if (calls.shadow.call)
		compiler->shadow = calls.shadow;
	if (intervals->count)
		memcpy(items, intervals->items, intervals->count * sizeof(*items));
	intervals->items = items;
	interval_add(intervals, arch == ABI_ARCH_X32 ? ABI_X32_SYSCALL_BIT : 0, compiler->fallback);
	for (size_t i = 0; i < calls.count; i++) {
		struct filter_call *call = &calls.items[i];
		struct filter_node *node = compiler->fallback;

		if (call->first) {
			if (call->first->next && filter_order(compiler->policy, &calls.arch, call, err) < 0)
				return ERR;
			costs_count(compiler, &calls, call);
			node = filter_decide(&compiler->graph, &calls.arch, call->first, compiler->fallback);
			if (!node)
				return filter_no_memory(err);
		}
		interval_add(intervals, call->number, node);
		if (!call->first)
			continue;
		if (i + 1 == calls.count || calls.items[i + 1].number != call->number + 1)
			interval_add(intervals, call->number + 1, compiler->fallback);
	}
	if (calls.newest != UINT32_MAX)
		interval_add(intervals, calls.newest + 1, compiler->unknown);
	return 0;
}

static bool policy_has(const struct filter_policy *policy, uint32_t arch)
{
	for (size_t i = 0; i < policy->archs_count; i++)
		if (policy->archs[i] == arch)
			return true;
	return false;
}

/*
 * All that comes with one AUDIT_ARCH value. x86_64 and x32 share theirs; where only one of the two is listed, the
 * other's numbers (bit 30) are another architecture's, but for -1.
 */
static struct filter_node *arch_node(struct compiler *compiler, uint32_t audit, struct err *err)
{
	bool x86 = audit == AUDIT_ARCH_X86_64, has_x32 = x86 && policy_has(compiler->policy, ABI_ARCH_X32);
	struct intervals intervals = {0};
	struct interval first[1];
	struct run *runs;
	struct filter_node *node;

	intervals.items = first;
	if (x86 && !policy_has(compiler->policy, AUDIT_ARCH_X86_64))
		interval_add(&intervals, 0, compiler->bad_arch);
	else if (arch_intervals(compiler, audit, &intervals, err) < 0)
		return NULL;
	if (has_x32 && arch_intervals(compiler, ABI_ARCH_X32, &intervals, err) < 0)
		return NULL;
	if (x86 && !has_x32)
		interval_add(&intervals, ABI_X32_SYSCALL_BIT, compiler->bad_arch);
	interval_add(&intervals, TRACER_SKIPS, compiler->fallback);
	runs = arena_calloc(compiler->arena, intervals.count, sizeof(*runs));
	node = runs ? search_build(&compiler->graph, &intervals, runs, runs_find(&intervals, runs)) : NULL;
	if (!node)
		filter_no_memory(err);
	return node;
}

/* The seccomp_data.arch of a listed architecture. */
static uint32_t audit_of(uint32_t arch)
{
	return arch == ABI_ARCH_X32 ? AUDIT_ARCH_X86_64 : arch;
}

static int arch_add(struct compiler *compiler, uint32_t audit, struct filter_node **root, struct err *err)
{
	struct filter_node *node = arch_node(compiler, audit, err);

	if (!node)
		return ERR;
	*root = filter_branch(&compiler->graph, FILTER_TEST_EQ, OFFSET_ARCH, UINT32_MAX, audit, node, *root);
	return *root ? 0 : filter_no_memory(err);
}

/* From the last asked to the first: the machine's own comes last here. */
static int archs_build(struct compiler *compiler, struct filter_node **ret_root, struct err *err)
{
	const struct filter_policy *policy = compiler->policy;
	bool native = false;

	*ret_root = compiler->bad_arch;
	for (size_t i = policy->archs_count; i--;) {
		uint32_t audit = audit_of(policy->archs[i]);
		bool again = false;

		native = native || audit == ABI_ARCH_NATIVE;
		for (size_t j = 0; j < i; j++)
			again = again || audit_of(policy->archs[j]) == audit;
		if (audit != ABI_ARCH_NATIVE && !again && arch_add(compiler, audit, ret_root, err) < 0)
			return ERR;
	}
	return native ? arch_add(compiler, ABI_ARCH_NATIVE, ret_root, err) : 0;
}

static int compiler_start(struct compiler *compiler, struct err *err)
{
	const struct filter_policy *policy = compiler->policy;

	if (!policy->archs_count)
		return err_set(err, ERR_INTERNAL, "a seccomp policy without architectures");
	compiler->graph.arena = compiler->arena;
	compiler->costs = arena_calloc(compiler->arena, policy->rules_count + 1, sizeof(*compiler->costs));
	compiler->fallback = filter_leaf(&compiler->graph, policy->default_action, FILTER_NO_RULE);
	compiler->bad_arch = filter_leaf(&compiler->graph, policy->bad_arch_action, FILTER_NO_RULE);
	compiler->unknown = policy->unknown_action
				    ? filter_leaf(&compiler->graph, policy->unknown_action, FILTER_NO_RULE)
				    : compiler->fallback;
	if (!compiler->costs || !compiler->fallback || !compiler->unknown || !compiler->bad_arch)
		return filter_no_memory(err);
	return filter_names_read(policy, compiler->arena, &compiler->names, err);
}

int filter_compile(const struct filter_policy *policy, struct arena *arena, struct filter_program *ret_program,
		   struct err *err)
{
	struct compiler compiler = {.policy = policy, .arena = arena};
	struct filter_program program;
	struct filter_node *root;

	if (compiler_start(&compiler, err) < 0 || archs_build(&compiler, &root, err) < 0 ||
	    filter_emit(&compiler.graph, root, &program, err) < 0)
		return ERR;
	if (program.count > FILTER_INSTRUCTIONS_MAX)
		return filter_advise_length(policy, compiler.costs, program.count, err);
	program.shadow = compiler.shadow;
	*ret_program = program;
	return 0;
}

int filter_rule_for(const struct filter_policy *policy, const struct seccomp_data *data, struct arena *arena,
		    uint32_t *ret_action, uint32_t *ret_rule, struct err *err)
{
	uint32_t number = (uint32_t)data->nr, arch = data->arch;
	struct filter_names names;
	struct filter_calls calls;

	*ret_rule = FILTER_NO_RULE;
	*ret_action = policy->default_action;
	if (arch == AUDIT_ARCH_X86_64 && number >= ABI_X32_SYSCALL_BIT &&
	    (number != TRACER_SKIPS || !policy_has(policy, arch)))
		arch = ABI_ARCH_X32;
	if (!policy_has(policy, arch)) {
		*ret_action = policy->bad_arch_action;
		return 0;
	}
	if (filter_names_read(policy, arena, &names, err) < 0 ||
	    filter_calls_read(policy, &names, arch, number, arena, &calls, err) < 0)
		return ERR;
	if (number > calls.newest && number != TRACER_SKIPS && policy->unknown_action)
		*ret_action = policy->unknown_action;
	if (!calls.count || filter_order(policy, &calls.arch, &calls.items[0], err) < 0)
		return calls.count ? ERR : 0;
	for (const struct filter_clause *clause = calls.items[0].first; clause; clause = clause->next) {
		if (!filter_clause_holds(&calls.arch, clause, data))
			continue;
		*ret_action = clause->action;
		*ret_rule = clause->rule;
		break;
	}
	return 0;
}
