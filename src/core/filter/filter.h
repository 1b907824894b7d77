/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: seccomp rules → cBPF, with a simulator and a disassembler. Pure: no system call, no global state.
 *
 * Verdicts equal those of libseccomp's filter for the same rules (the tests prove it over every syscall number).
 * Each verdict can be traced back to the rule that gave it, so that a refusal can name its place in the config.
 */
#ifndef BULKHEAD_CORE_FILTER_FILTER_H
#define BULKHEAD_CORE_FILTER_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum filter_operator { FILTER_NE, FILTER_LT, FILTER_LE, FILTER_EQ, FILTER_GE, FILTER_GT, FILTER_MASKED_EQ };

/*
 * What a policy means (the same as libseccomp makes of it when runc or crun hand it over; order.c lists the differences):
 * - rules whose action equals default_action are skipped; names that an architecture lacks are skipped there;
 * - for one call a rule without arguments beats all that have some, and the first of several such rules wins;
 * - of the rules with arguments that match, the first in the order of order.c decides;
 * - on 32-bit architectures and x32 only the low halves of arguments and values are compared;
 * - where socketcall and ipc multiplex, a rule for one of their calls applies to the multiplexed form too, without its
 *   condition on argument 0 (which holds the call's number there).
 *
 * The last is what libseccomp does, and kept on purpose, since a profile must mean the same here: a rule that lets
 * `socket` pass for some families lets socketcall make a socket of any family on i386, where families lie in memory and no
 * filter sees them. To refuse the multiplexed form instead would end 32-bit programs that work with runc and crun. Who
 * wants families to count leaves the 32-bit architectures out, as `bulkhead run` does; `bulkhead surface` tells of it. A
 * containment profile, which no other runtime reads, has them apart (separate).
 */
struct filter_arg {
	uint32_t index; /* 0 … 5 */
	enum filter_operator operator;
	uint64_t value, value_two; /* MASKED_EQ: (argument & value) == value_two */
};

struct filter_rule {
	const char *const *names; /* syscall names; those that an architecture lacks do not apply to it */
	size_t names_count;
	uint32_t action; /* SECCOMP_RET_… | data */
	const struct filter_arg *args;
	size_t args_count;
	/* All of args must hold. But when one index occurs twice, each is a rule of its own (any may hold), as runc and
	 * crun read the OCI config; all_args makes them all hold in that case too. */
	bool all_args;
	const char *where; /* JSON pointer of the rule, for messages and for filter_explain */
};

struct filter_policy {
	uint32_t default_action;
	uint32_t bad_arch_action; /* for architectures not listed; SECCOMP_RET_KILL_PROCESS unless there is a reason */
	const uint32_t *archs; /* AUDIT_ARCH_… or ABI_ARCH_X32; at least one */
	size_t archs_count;
	const struct filter_rule *rules;
	size_t rules_count;
	const char *config_name; /* for messages: NULL is "config.json" */
	uint32_t unknown_action; /* instead of default_action beyond the last number that a rule can name; 0: none */
	bool separate; /* the above does not hold: a rule for a call says nothing of socketcall and ipc, which need their own */
};

#define FILTER_INSTRUCTIONS_MAX 4096 /* BPF_MAXINSNS */
#define FILTER_NO_RULE UINT32_MAX

struct filter_program {
	struct sock_filter *instructions;
	uint32_t count;
	/* A rule that never decides a call of the machine's own architecture that it names, because one without arguments,
	 * and with another action, decides first: the first such pair. NULL names none. */
	struct filter_shadow {
		const char *call;
		uint32_t rule, by; /* in policy.rules */
	} shadow;
	/* Per instruction: for a BPF_RET that only one rule leads to, its index in policy.rules; else FILTER_NO_RULE (the
	 * default, a bad architecture, or several rules: filter_rule_for tells). */
	const uint32_t *rule_of;
};

/* Compile. Memory from arena. Errors: ERR_CONFIG naming the rule (contradicting rules, over 4096 instructions, …). */
int filter_compile(const struct filter_policy *policy, struct arena *arena, struct filter_program *ret_program,
		   struct err *err);

/*
 * The verdict for data by the policy itself, without a program, and the rule that gave it: *ret_rule is its index in
 * policy.rules, or FILTER_NO_RULE for the default action or a bad architecture. For naming the place of a refusal.
 * Scratch memory from arena. Errors: as filter_compile.
 */
int filter_rule_for(const struct filter_policy *policy, const struct seccomp_data *data, struct arena *arena,
		    uint32_t *ret_action, uint32_t *ret_rule, struct err *err);

/*
 * One program that allows what both allow: profile is a list of what is allowed, whose other verdict is one error;
 * config decides the rest, and what it kills it kills. Errors: more than 4096 instructions.
 */
int filter_intersect(const struct filter_program *profile, const struct filter_program *config, struct arena *arena,
		     struct filter_program *ret, struct err *err);

/* Would the kernel's seccomp accept the program? 0, or ERR with the instruction and the reason. */
int filter_check(const struct sock_filter *instructions, uint32_t count, struct err *err);

/* What the kernel would decide: the SECCOMP_RET_… value for data; *ret_instruction is the BPF_RET reached (may be
 * NULL). A program that the kernel would not accept gives SECCOMP_RET_KILL_PROCESS. */
uint32_t filter_simulate(const struct sock_filter *instructions, uint32_t count, const struct seccomp_data *data,
			 uint32_t *ret_instruction);

/* filter_simulate without the check: for programs that filter_check accepted, run many times. */
uint32_t filter_run(const struct sock_filter *instructions, const struct seccomp_data *data, uint32_t *ret_instruction);

/* The arguments that filter_run looks at on its way to the verdict: bit n is argument n. */
uint32_t filter_arguments(const struct sock_filter *instructions, const struct seccomp_data *data);

/* One instruction a line, jump targets as line numbers, syscall names and actions as comments. */
void filter_disassemble(const struct sock_filter *instructions, uint32_t count, struct buf *out);

/* "SCMP_ACT_ERRNO(EPERM)"-like name of an action value, as it is or would be written in the config. */
void filter_action_text(uint32_t action, char *buf, size_t size);

#endif
