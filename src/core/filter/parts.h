/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter/parts: what the files of the compiler share. The way of a policy:
 *   clauses.c  rules → per architecture and call number a list of clauses (conditions that must all hold → action)
 *   order.c    which clause decides when several match; contradictions
 *   decide.c   clauses → a graph of tests with actions as leaves; equal parts exist once
 *   compile.c  graphs of all numbers → intervals → search tree → architectures
 *   emit.c     graph → instructions
 *   advise.c   when that is too long: which rules can be one
 */
#ifndef BULKHEAD_CORE_FILTER_PARTS_H
#define BULKHEAD_CORE_FILTER_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/filter/filter.h"

#define FILTER_ARGS 6
#define FILTER_CONDITIONS_MAX 16 /* of one rule: with all_args, an argument may be bounded from both sides */

/* How an architecture's calls are compared. */
struct filter_arch {
	uint32_t value;	      /* AUDIT_ARCH_… or ABI_ARCH_X32 */
	bool narrow;	      /* only the low halves of arguments count */
	bool big_endian;      /* the low half lies behind the high one */
	int socketcall, ipc;  /* numbers of the multiplexing calls, or -1 */
};

/* One comparison of one argument, with `operator` reduced: value is masked, and cut to 32 bits on narrow ones. */
struct filter_condition {
	uint8_t arg;
	uint8_t operator; /* enum filter_operator */
	uint64_t mask, value;
};

struct filter_clause {
	struct filter_clause *next;
	uint32_t rule, action;
	uint32_t serial; /* order of addition */
	uint32_t count;  /* of conditions; 0: unconditional */
	const struct filter_condition *conditions; /* by rising argument */
	struct filter_node *leaf; /* decide.c: its action, once made; a clause can be many calls' */
};

/* The clauses of one call number, in the order of addition; after filter_order in the order of decision. */
struct filter_call {
	uint32_t number; /* as in seccomp_data.nr */
	struct filter_clause *first, *last;
};

struct filter_calls {
	struct filter_arch arch;
	struct filter_call *items; /* by rising number; calls without clauses have first == NULL */
	size_t count;
	uint32_t newest; /* the last number that a name stands for; UINT32_MAX where none is known */
	struct filter_shadow shadow; /* of the native architecture */
};

/* A rule's name is looked up once for all architectures. */
struct filter_names {
	const int16_t **rows; /* per rule (NULL: skipped), per name: row of abi/syscalls.h, or ABI_SYSCALL_NONE */
	const uint8_t *multiplex; /* per row: 1 + place among the calls behind socketcall and ipc, or 0 */
};

#define FILTER_CLAUSES_MAX FILTER_INSTRUCTIONS_MAX /* with conditions, of one call: each takes an instruction at least */

enum filter_test { FILTER_TEST_LEAF, FILTER_TEST_EQ, FILTER_TEST_GT, FILTER_TEST_GE };

struct filter_node {
	struct filter_node *hash_next;
	struct filter_node *yes, *no;
	uint32_t test;	 /* enum filter_test */
	uint32_t offset; /* of the 32-bit word in struct seccomp_data */
	uint32_t mask, value;
	uint32_t action, rule; /* of a leaf; rule is FILTER_NO_RULE for none or several */
	/* emit.c */
	uint32_t at_load, at_mask, at_test; /* places counted from the program's end, or UINT32_MAX */
	bool seen, needs_load, needs_mask;
};

#define FILTER_BUCKETS 512
struct filter_graph {
	struct arena *arena;
	struct filter_node *buckets[FILTER_BUCKETS];
	uint32_t nodes;
	bool failed; /* out of memory */
};

/* disassemble.c: names for messages, never NULL; the number is put into words where it has no name. */
const char *filter_arch_text(const struct filter_arch *arch);
const char *filter_call_text(const struct filter_arch *arch, uint32_t number);

/* clauses.c */
int filter_no_memory(struct err *err);
int filter_place(const struct filter_policy *policy, const struct filter_rule *rule, struct err *err);
int filter_names_read(const struct filter_policy *policy, struct arena *arena, struct filter_names *ret_names,
		      struct err *err);
/* All calls of arch, or, when only is not negative, the one with that number. */
int filter_calls_read(const struct filter_policy *policy, const struct filter_names *names, uint32_t arch,
		      int64_t only, struct arena *arena, struct filter_calls *ret_calls, struct err *err);

/* order.c: put call's clauses into the order of decision. ERR_CONFIG when two contradict each other. */
int filter_order(const struct filter_policy *policy, const struct filter_arch *arch, struct filter_call *call,
		 struct err *err);
bool filter_clause_holds(const struct filter_arch *arch, const struct filter_clause *clause,
			 const struct seccomp_data *data);

/* decide.c: NULL with graph->failed when memory is gone. */
struct filter_node *filter_leaf(struct filter_graph *graph, uint32_t action, uint32_t rule);
struct filter_node *filter_branch(struct filter_graph *graph, enum filter_test test, uint32_t offset, uint32_t mask,
				  uint32_t value, struct filter_node *yes, struct filter_node *no);
struct filter_node *filter_decide(struct filter_graph *graph, const struct filter_arch *arch,
				  struct filter_clause *clauses, struct filter_node *fallback);

/* advise.c: fill in the remedy; and the error for a program of count instructions, costs being those of the rules. ERR. */
int filter_advise_merge(const struct filter_policy *policy, struct err *err);
int filter_advise_length(const struct filter_policy *policy, const uint32_t *costs, uint32_t count, struct err *err);

/* emit.c */
int filter_emit(struct filter_graph *graph, struct filter_node *root, struct filter_program *ret_program,
		struct err *err);

#endif
