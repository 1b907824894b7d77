/* SPDX-License-Identifier: Apache-2.0 */
/* filter_oracle: libseccomp's program for a policy, made by the calls that runc and crun make. */
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "filter_support.h"

/* enum filter_operator → libseccomp's */
static const enum scmp_compare operators[] = {
	[FILTER_NE] = SCMP_CMP_NE, [FILTER_LT] = SCMP_CMP_LT, [FILTER_LE] = SCMP_CMP_LE,
	[FILTER_EQ] = SCMP_CMP_EQ, [FILTER_GE] = SCMP_CMP_GE, [FILTER_GT] = SCMP_CMP_GT,
	[FILTER_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

static int add_archs(scmp_filter_ctx context, const struct filter_policy *policy)
{
	bool native = false;

	for (size_t i = 0; i < policy->archs_count; i++) {
		uint32_t token = policy->archs[i] == ABI_ARCH_X32 ? SCMP_ARCH_X32 : policy->archs[i];
		int error = seccomp_arch_add(context, token);

		native = native || token == seccomp_arch_native();
		if (error < 0 && error != -EEXIST)
			return error;
	}
	return native ? 0 : seccomp_arch_remove(context, seccomp_arch_native());
}

static bool repeats(const struct filter_rule *rule)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < rule->args_count; i++) {
		if (seen & 1u << rule->args[i].index)
			return true;
		seen |= 1u << rule->args[i].index;
	}
	return false;
}

static int add_name(scmp_filter_ctx context, const struct filter_rule *rule, const char *name)
{
	struct scmp_arg_cmp args[6];
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	for (size_t i = 0; i < rule->args_count; i++) {
		const struct filter_arg *arg = &rule->args[i];
		struct scmp_arg_cmp *item = repeats(rule) ? args : &args[i];
		int error;

		*item = (struct scmp_arg_cmp){
			.arg = arg->index, .op = operators[arg->operator], .datum_a = arg->value, .datum_b = arg->value_two};
		if (!repeats(rule))
			continue;
		error = seccomp_rule_add_array(context, rule->action, number, 1, args);
		if (error < 0)
			return error;
	}
	if (repeats(rule))
		return 0;
	return seccomp_rule_add_array(context, rule->action, number, (unsigned int)rule->args_count, args);
}

static int export(scmp_filter_ctx context, struct sock_filter **ret_instructions, uint32_t *ret_count)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), error = seccomp_export_bpf(context, fd);
	off_t size = lseek(fd, 0, SEEK_END);

	if (!error) {
		*ret_instructions = malloc((size_t)size);
		*ret_count = (uint32_t)((size_t)size / sizeof(struct sock_filter));
		if (pread(fd, *ret_instructions, (size_t)size, 0) != size)
			abort();
	}
	close(fd);
	return error;
}

/* The library writes a program as the machine would read it. */
static void turn(const struct filter_policy *policy, struct sock_filter *instructions, uint32_t count)
{
	for (uint32_t i = 0; i < count && !(policy->archs[0] == ABI_ARCH_X32 || policy->archs[0] & __AUDIT_ARCH_LE); i++) {
		instructions[i].code = __builtin_bswap16(instructions[i].code);
		instructions[i].k = __builtin_bswap32(instructions[i].k);
	}
}

/*
 * libseccomp 2.5.4 loads the number with the call of the highest priority; when that is one which the architecture
 * lacks, it is left out, and the load with it: the program then compares the architecture's value with call numbers.
 */
static bool forgets_number(const struct filter_policy *policy, const struct sock_filter *instructions, uint32_t count)
{
	for (size_t i = 0; i < policy->archs_count; i++) {
		uint32_t arch = policy->archs[i] == ABI_ARCH_X32 ? AUDIT_ARCH_X86_64 : policy->archs[i], pc = 1;

		while (pc < count && instructions[pc].code == (BPF_JMP | BPF_JEQ | BPF_K) && instructions[pc].k != arch)
			pc += 1u + instructions[pc].jf;
		if (pc == count || instructions[pc].code != (BPF_JMP | BPF_JEQ | BPF_K))
			continue;
		pc += 1u + instructions[pc].jt;
		while (instructions[pc].code == (BPF_JMP | BPF_JA))
			pc += 1 + instructions[pc].k;
		if (BPF_CLASS(instructions[pc].code) == BPF_JMP)
			return true;
	}
	return false;
}

int oracle_compile(const struct filter_policy *policy, struct sock_filter **ret_instructions, uint32_t *ret_count)
{
	scmp_filter_ctx context = seccomp_init(policy->default_action);
	int error = context ? seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, policy->bad_arch_action) : -EINVAL;

	if (!error)
		error = add_archs(context, policy);
	for (size_t i = 0; i < policy->rules_count && !error; i++)
		for (size_t n = 0; n < policy->rules[i].names_count && !error; n++)
			if (policy->rules[i].action != policy->default_action)
				error = add_name(context, &policy->rules[i], policy->rules[i].names[n]);
	if (!error)
		error = export(context, ret_instructions, ret_count);
	seccomp_release(context);
	if (!error)
		turn(policy, *ret_instructions, *ret_count);
	if (!error && forgets_number(policy, *ret_instructions, *ret_count)) {
		free(*ret_instructions);
		*ret_instructions = NULL;
		return -ENODATA;
	}
	return error;
}

static bool is_range(const struct filter_arg *arg)
{
	return arg->operator != FILTER_EQ && arg->operator != FILTER_MASKED_EQ;
}

/* A comparison with two ways to hold (a range, or NE on 64 bits) that has one of another argument behind it. */
static bool forks_early(const struct filter_rule *rule)
{
	for (size_t i = 0; i < rule->args_count && !repeats(rule); i++)
		for (size_t j = 0; j < rule->args_count; j++)
			if (is_range(&rule->args[i]) && rule->args[j].index > rule->args[i].index)
				return true;
	return false;
}

static bool multiplexes(const char *name)
{
	return !strcmp(name, "socketcall") || !strcmp(name, "ipc");
}

static bool share_call(const struct filter_rule *a, const struct filter_rule *b)
{
	for (size_t i = 0; i < a->names_count; i++)
		for (size_t j = 0; j < b->names_count; j++)
			if (!strcmp(a->names[i], b->names[j]) || multiplexes(a->names[i]) || multiplexes(b->names[j]))
				return true;
	return false;
}

/* Trees whose early forks lead to shared nodes: joining another rule's tree to them can lose rules. */
bool oracle_loses_rules(const struct filter_policy *policy)
{
	for (size_t i = 0; i < policy->rules_count; i++)
		for (size_t j = 0; j < policy->rules_count; j++)
			if (i != j && policy->rules[j].args_count && forks_early(&policy->rules[i]) &&
			    share_call(&policy->rules[i], &policy->rules[j]))
				return true;
	return false;
}

/* Two NE of one argument: above (or below) both values' high halves the order of addition decides. */
static bool both_differ_above(const struct filter_rule *a, const struct filter_rule *b, const struct seccomp_data *data)
{
	for (size_t i = 0; i < a->args_count; i++)
		for (size_t j = 0; j < b->args_count; j++)
			if (a->args[i].index == b->args[j].index && a->args[i].operator == FILTER_NE &&
			    b->args[j].operator == FILTER_NE && a->args[i].value != b->args[j].value &&
			    a->args[i].value >> 32 == b->args[j].value >> 32 &&
			    a->args[i].value >> 32 != data->args[a->args[i].index] >> 32)
				return true;
	return false;
}

bool oracle_is_loose(const struct filter_policy *policy, const struct seccomp_data *data)
{
	bool x32 = data->arch == AUDIT_ARCH_X86_64 && (uint32_t)data->nr >= ABI_X32_SYSCALL_BIT;
	char *name = seccomp_syscall_resolve_num_arch(x32 ? SCMP_ARCH_X32 : data->arch, data->nr);
	bool newer = !name && abi_syscall_name(x32 ? ABI_ARCH_X32 : data->arch, data->nr);

	/* It gives two calls of powerpc the same number where they do not exist, and takes one for the other. */
	if (name && (!strcmp(name, "switch_endian") || !strcmp(name, "sys_debug_setcontext")))
		newer = true;
	free(name);
	if (newer)
		return true; /* than the library's table */
	for (size_t i = 0; i < policy->rules_count; i++)
		for (size_t j = 0; j < i; j++)
			if (share_call(&policy->rules[i], &policy->rules[j]) &&
			    both_differ_above(&policy->rules[i], &policy->rules[j], data))
				return true;
	for (size_t i = 0; i < policy->rules_count; i++)
		for (size_t a = 0; a < policy->rules[i].args_count; a++)
			if (is_range(&policy->rules[i].args[a]) && policy->rules[i].args[a].operator != FILTER_NE &&
			    policy->rules[i].args[a].value > UINT32_MAX)
				return true;
	return false;
}
