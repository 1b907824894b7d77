/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter/clauses: rules → clauses per call number of one architecture. Here names become numbers, values are cut to
 * what an architecture compares, and calls behind socketcall and ipc get their second form. Pure.
 */
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/types.h"
#include "core/filter/parts.h"

/* Properties beyond the AUDIT_ARCH bits. A 64-bit kernel's 32-bit ABIs are "narrow": their registers hold 32 bits; x32
 * and n32 have 64-bit registers, but their calls take 32-bit values, and libseccomp compares those. */
static const struct {
	uint32_t value;
	int socketcall, ipc;
} multiplexers[] = {
	{AUDIT_ARCH_I386, 102, 117},	{AUDIT_ARCH_PPC, 102, 117},	{AUDIT_ARCH_PPC64, 102, 117},
	{AUDIT_ARCH_PPC64LE, 102, 117}, {AUDIT_ARCH_S390, 102, 117},	{AUDIT_ARCH_S390X, 102, 117},
	{AUDIT_ARCH_MIPS, 4102, 4117},	{AUDIT_ARCH_MIPSEL, 4102, 4117},
};

/* The calls behind socketcall(2) and ipc(2), with their number there. */
static const struct multiplexed {
	const char *name;
	bool ipc;
	uint8_t call;
} multiplexed[] = {
	{"socket", false, 1},	   {"bind", false, 2},	      {"connect", false, 3},	 {"listen", false, 4},
	{"accept", false, 5},	   {"getsockname", false, 6}, {"getpeername", false, 7}, {"socketpair", false, 8},
	{"send", false, 9},	   {"recv", false, 10},	      {"sendto", false, 11},	 {"recvfrom", false, 12},
	{"shutdown", false, 13},   {"setsockopt", false, 14}, {"getsockopt", false, 15}, {"sendmsg", false, 16},
	{"recvmsg", false, 17},	   {"accept4", false, 18},    {"recvmmsg", false, 19},	 {"sendmmsg", false, 20},
	{"semop", true, 1},	   {"semget", true, 2},	      {"semctl", true, 3},	 {"semtimedop", true, 4},
	{"msgsnd", true, 11},	   {"msgrcv", true, 12},      {"msgget", true, 13},	 {"msgctl", true, 14},
	{"shmat", true, 21},	   {"shmdt", true, 22},	      {"shmget", true, 23},	 {"shmctl", true, 24},
};

static struct filter_arch arch_of(uint32_t value)
{
	struct filter_arch arch = {.value = value, .socketcall = -1, .ipc = -1};

	arch.narrow = value == ABI_ARCH_X32 || value == AUDIT_ARCH_MIPS64N32 || value == AUDIT_ARCH_MIPSEL64N32 ||
		      !(value & __AUDIT_ARCH_64BIT);
	arch.big_endian = value != ABI_ARCH_X32 && !(value & __AUDIT_ARCH_LE);
	for (size_t i = 0; i < ARRAY_SIZE(multiplexers); i++) {
		if (multiplexers[i].value == value) {
			arch.socketcall = multiplexers[i].socketcall;
			arch.ipc = multiplexers[i].ipc;
		}
	}
	return arch;
}

int filter_no_memory(struct err *err)
{
	err_set(err, ERR_INTERNAL, "cannot compile the seccomp filter");
	return err_why(err, "the memory set aside for it is used up");
}

int filter_place(const struct filter_policy *policy, const struct filter_rule *rule, struct err *err)
{
	return err_where(err, "%s#%s", policy->config_name ? policy->config_name : "config.json",
			 rule->where ? rule->where : "");
}

/* Everything about one rule that does not depend on the architecture. */
static int rule_check(const struct filter_policy *policy, const struct filter_rule *rule, struct err *err)
{
	for (size_t i = 0; i < rule->args_count; i++) {
		if (rule->args[i].index < FILTER_ARGS)
			continue;
		err_set(err, ERR_CONFIG, "seccomp rule compares argument %u of a system call", rule->args[i].index);
		err_why(err, "a system call has arguments 0 to %d", FILTER_ARGS - 1);
		return filter_place(policy, rule, err);
	}
	if (rule->args_count > FILTER_CONDITIONS_MAX) {
		err_set(err, ERR_CONFIG, "seccomp rule has %zu arguments to compare", rule->args_count);
		err_why(err, "at most %d comparisons fit in one rule", FILTER_CONDITIONS_MAX);
		return filter_place(policy, rule, err);
	}
	return 0;
}

int filter_names_read(const struct filter_policy *policy, struct arena *arena, struct filter_names *ret_names,
		      struct err *err)
{
	const int16_t **rows = arena_calloc(arena, policy->rules_count + 1, sizeof(*rows));
	uint8_t *multiplex = arena_calloc(arena, (size_t)abi_syscall_rows(), 1);

	if (!rows || !multiplex)
		return filter_no_memory(err);
	for (size_t i = 0; i < ARRAY_SIZE(multiplexed); i++)
		multiplex[abi_syscall_row(multiplexed[i].name)] = (uint8_t)(i + 1);
	for (size_t i = 0; i < policy->rules_count; i++) {
		const struct filter_rule *rule = &policy->rules[i];
		int16_t *list;

		if (rule_check(policy, rule, err) < 0)
			return ERR;
		if (rule->action == policy->default_action)
			continue;
		list = arena_calloc(arena, rule->names_count + 1, sizeof(*list));
		if (!list)
			return filter_no_memory(err);
		for (size_t n = 0; n < rule->names_count; n++)
			list[n] = (int16_t)abi_syscall_row(rule->names[n]);
		rows[i] = list;
	}
	*ret_names = (struct filter_names){.rows = rows, .multiplex = multiplex};
	return 0;
}

struct builder {
	const struct filter_policy *policy;
	const struct filter_names *names;
	struct arena *arena;
	struct filter_calls *calls;
	uint32_t first, shared; /* number of items[0]; how many items come before the private calls */
	uint32_t serial;
	int64_t only;
	struct filter_clause *plain; /* of the rule at hand: the clause without conditions, once made */
};

/* Arm's calls outside the common range. */
#define PRIVATE_FIRST 0xf0000u
#define PRIVATE_COUNT 16u

static struct filter_call *call_find(struct builder *builder, int number)
{
	uint32_t bare = (uint32_t)number;

	if (number < 0 || (builder->only >= 0 && builder->only != number))
		return NULL;
	if (builder->only >= 0)
		return &builder->calls->items[0];
	if (builder->calls->arch.value == ABI_ARCH_X32)
		bare &= ~ABI_X32_SYSCALL_BIT;
	if (bare >= PRIVATE_FIRST)
		return &builder->calls->items[builder->shared + (bare - PRIVATE_FIRST)];
	return &builder->calls->items[bare - builder->first];
}

static struct filter_clause *clause_new(struct builder *builder, uint32_t rule,
					const struct filter_condition *conditions, uint32_t count)
{
	struct filter_clause *clause = arena_alloc(builder->arena, sizeof(*clause));
	struct filter_condition *copy = NULL;

	if (!clause)
		return NULL;
	if (count) {
		copy = arena_calloc(builder->arena, count, sizeof(*copy));
		if (!copy)
			return NULL;
		memcpy(copy, conditions, count * sizeof(*copy));
	}
	*clause = (struct filter_clause){.rule = rule,
					 .action = builder->policy->rules[rule].action,
					 .serial = builder->serial++,
					 .count = count,
					 .conditions = copy};
	return clause;
}

/* Rule `less` has no effect on call, since `more`, which compares no argument, comes first. */
static void shadow_note(struct builder *builder, const struct filter_call *call, uint32_t less, uint32_t more)
{
	struct filter_shadow *shadow = &builder->calls->shadow;
	const struct filter_rule *rules = builder->policy->rules;

	if (shadow->call || builder->calls->arch.value != ABI_ARCH_NATIVE || rules[less].action == rules[more].action)
		return;
	*shadow = (struct filter_shadow){filter_call_text(&builder->calls->arch, call->number), less, more};
}

static int clause_add(struct builder *builder, struct filter_call *call, uint32_t rule,
		      const struct filter_condition *conditions, uint32_t count)
{
	struct filter_clause *clause;

	/* The first clause without conditions wins over all, so it stands alone, and calls can share it. */
	if (call->first && !call->first->count) {
		shadow_note(builder, call, rule, call->first->rule);
		return 0;
	}
	if (!count) {
		for (const struct filter_clause *lost = call->first; lost; lost = lost->next)
			shadow_note(builder, call, lost->rule, rule);
		if (!builder->plain)
			builder->plain = clause_new(builder, rule, NULL, 0);
		call->first = call->last = builder->plain;
		return builder->plain ? 0 : -1;
	}
	clause = clause_new(builder, rule, conditions, count);
	if (!clause)
		return -1;
	if (call->last)
		call->last->next = clause;
	else
		call->first = clause;
	call->last = clause;
	return 0;
}

/* Apart from its caller, which most often does not need this large frame. */
static __attribute__((noinline)) int multiplexed_add(struct builder *builder, uint32_t rule,
						     const struct multiplexed *form,
						     const struct filter_condition *conditions, uint32_t count)
{
	const struct filter_arch *arch = &builder->calls->arch;
	struct filter_call *call = call_find(builder, form->ipc ? arch->ipc : arch->socketcall);
	struct filter_condition all[FILTER_CONDITIONS_MAX + 1];
	uint32_t all_count = 1;

	if (!call)
		return 0;
	all[0] = (struct filter_condition){
		.operator = FILTER_EQ, .mask = arch->narrow ? UINT32_MAX : UINT64_MAX, .value = form->call};
	for (uint32_t n = 0; n < count; n++)
		if (conditions[n].arg)
			all[all_count++] = conditions[n];
	return clause_add(builder, call, rule, all, all_count);
}

/* A name with its conditions: the call itself, and the form behind socketcall or ipc. */
static int clauses_add(struct builder *builder, uint32_t rule, int row, const struct filter_condition *conditions,
		       uint32_t count)
{
	const struct filter_arch *arch = &builder->calls->arch;
	struct filter_call *call = call_find(builder, abi_syscall_row_number(arch->value, row));

	if (call && clause_add(builder, call, rule, conditions, count) < 0)
		return -1;
	if (arch->socketcall < 0 || builder->policy->separate || !builder->names->multiplex[row])
		return 0;
	return multiplexed_add(builder, rule, &multiplexed[builder->names->multiplex[row] - 1], conditions, count);
}

/* false: the condition always holds and is left out, so that a rule may become unconditional. */
static bool condition_make(const struct filter_arch *arch, const struct filter_arg *arg,
			   struct filter_condition *ret_condition)
{
	uint64_t limit = arch->narrow ? UINT32_MAX : UINT64_MAX;
	bool masked = arg->operator == FILTER_MASKED_EQ;
	struct filter_condition condition = {.arg = (uint8_t)arg->index, .operator = (uint8_t)arg->operator};

	condition.mask = (masked ? arg->value : UINT64_MAX) & limit;
	condition.value = (masked ? arg->value_two : arg->value) & condition.mask;
	*ret_condition = condition;
	return condition.mask != 0;
}

static int rule_add(struct builder *builder, uint32_t index)
{
	const struct filter_rule *rule = &builder->policy->rules[index];
	const int16_t *rows = builder->names->rows[index];
	struct filter_condition conditions[FILTER_CONDITIONS_MAX];
	uint32_t count = 0, seen = 0;
	bool repeated = false;

	builder->plain = NULL;
	for (size_t i = 0; i < rule->args_count; i++) {
		repeated = repeated || (seen & 1u << rule->args[i].index);
		seen |= 1u << rule->args[i].index;
	}
	repeated = repeated && !rule->all_args;
	/* By rising argument; two on the same one stay in the rule's order. */
	for (uint32_t arg = 0; arg < FILTER_ARGS; arg++)
		for (size_t i = 0; i < rule->args_count && !repeated; i++)
			if (rule->args[i].index == arg)
				count += condition_make(&builder->calls->arch, &rule->args[i], &conditions[count]);
	for (size_t n = 0; n < rule->names_count; n++) {
		if (rows[n] == ABI_SYSCALL_NONE)
			continue;
		if (!repeated && clauses_add(builder, index, rows[n], conditions, count) < 0)
			return -1;
		for (size_t i = 0; i < rule->args_count && repeated; i++) {
			count = condition_make(&builder->calls->arch, &rule->args[i], &conditions[0]);
			if (clauses_add(builder, index, rows[n], conditions, count) < 0)
				return -1;
		}
	}
	return 0;
}

static void calls_number(struct builder *builder)
{
	struct filter_calls *calls = builder->calls;
	uint32_t bit = calls->arch.value == ABI_ARCH_X32 ? ABI_X32_SYSCALL_BIT : 0;

	if (builder->only >= 0)
		calls->items[0].number = (uint32_t)builder->only;
	for (uint32_t i = 0; i < calls->count && builder->only < 0; i++)
		calls->items[i].number =
			i < builder->shared ? (builder->first + i) | bit : PRIVATE_FIRST + i - builder->shared;
}

static uint32_t newest_number(uint32_t arch, int last)
{
	if (last == ABI_SYSCALL_NONE)
		return UINT32_MAX;
	if (arch == AUDIT_ARCH_ARM)
		return PRIVATE_FIRST + PRIVATE_COUNT - 1;
	return (uint32_t)last | (arch == ABI_ARCH_X32 ? ABI_X32_SYSCALL_BIT : 0);
}

int filter_calls_read(const struct filter_policy *policy, const struct filter_names *names, uint32_t arch,
		      int64_t only, struct arena *arena, struct filter_calls *ret_calls, struct err *err)
{
	struct filter_calls calls = {.arch = arch_of(arch)};
	struct builder builder = {
		.policy = policy, .names = names, .arena = arena, .calls = &calls, .only = only};
	int last = abi_syscall_last(arch);

	if (last != ABI_SYSCALL_NONE) {
		builder.first = (uint32_t)abi_syscall_first(arch);
		builder.shared = (uint32_t)last + 1 - builder.first;
		calls.count = only >= 0 ? 1 : builder.shared + (arch == AUDIT_ARCH_ARM ? PRIVATE_COUNT : 0);
	}
	calls.items = arena_calloc(arena, calls.count + 1, sizeof(*calls.items));
	if (!calls.items)
		return filter_no_memory(err);
	calls_number(&builder);
	calls.newest = newest_number(arch, last);
	for (uint32_t i = 0; i < policy->rules_count && calls.count; i++)
		if (names->rows[i] && rule_add(&builder, i) < 0)
			return filter_no_memory(err);
	*ret_calls = calls;
	return 0;
}
