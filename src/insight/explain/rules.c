/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain/rules: a filter of a process and the config of its container: is the one made from the other, and which rule,
 * by JSON pointer, gives the answer? Filters carry no names. So each is compared with what the rules compile to: the
 * same instructions, or, from another compiler, the same answer to (almost) every call; runtimes leave out names that
 * their libseccomp does not know. Pure but for the look at what bulkhead loaded.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/fd.h"
#include "insight/explain/parts.h"

#define UNLIKE_MAX 12 /* of these: calls that one of the two does not know */
#define CONDITIONS_MAX 4

static bool same_instructions(const struct explain_filter *filter, const struct filter_program *program)
{
	return filter->length == program->count &&
	       memcmp(filter->instructions, program->instructions, program->count * sizeof(struct sock_filter)) == 0;
}

/* The highest number that a rule names: what lies above may be answered ENOSYS by what compiled the filter (runc). */
static int highest_number(const struct filter_policy *policy)
{
	int highest = 0;

	for (size_t i = 0; i < policy->rules_count; i++)
		for (size_t j = 0; j < policy->rules[i].names_count; j++) {
			int number = abi_syscall_number(ABI_ARCH_NATIVE, policy->rules[i].names[j]);

			highest = number > highest ? number : highest;
		}
	return highest;
}

static bool same_answers(const struct explain_filter *filter, const struct filter_program *program, int highest)
{
	unsigned int unlike = 0;

	for (int number = 0; number <= highest; number++) {
		struct seccomp_data data = {.nr = number, .arch = ABI_ARCH_NATIVE};

		unlike += filter_run(filter->instructions, &data, NULL) != filter_run(program->instructions, &data, NULL);
	}
	return unlike <= UNLIKE_MAX;
}

/* Was the filter made from the container's rules? Remembered, since it is asked for each refusal. */
static bool made_from(struct explain_container *container, const struct explain_filter *filter)
{
	bool same;

	if (container->same == filter->name || container->other == filter->name)
		return container->same == filter->name;
	same = same_instructions(filter, &container->program) ||
	       same_answers(filter, &container->program, highest_number(&container->rules.policy));
	if (same)
		container->same = filter->name;
	else
		container->other = filter->name;
	return same;
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
}

/* "A; or B": where the rules that allow the call do so, at most a few. "" when none does. */
static void conditions(const struct filter_policy *policy, const char *call, struct arena *arena, char *out, size_t size)
{
	size_t used = 0, count = 0;

	out[0] = '\0';
	for (size_t i = 0;; i++) {
		const char *text;
		uint32_t action;

		standing_condition(policy, call, i, arena, &text, &action);
		if (!text[0])
			break;
		if (action == SECCOMP_RET_ALLOW && count++ < CONDITIONS_MAX && used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? "; or " : "", text);
	}
	if (count > CONDITIONS_MAX && used < size)
		used += (size_t)snprintf(out + used, size - used, "; or %zu others", count - CONDITIONS_MAX);
	if (used >= size)
		out[0] = '\0';
}

void rules_arguments(const struct explain_filter *filter, const struct seccomp_data *data, char *out, size_t size)
{
	uint32_t seen = filter_arguments(filter->instructions, data);
	size_t used = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < 6 && used < size; i++)
		if (seen >> i & 1)
			used += (size_t)snprintf(out + used, size - used, "%sargument %u is %#llx", used ? ", " : "", i,
						 (unsigned long long)data->args[i]);
}

static void name_default(struct parts_case *one, const struct explain_filter *filter, const struct seccomp_data *data,
			 const struct filter_policy *policy, struct arena *arena)
{
	char condition[PARTS_TEXT_MAX], arguments[160];

	parts_fact(one, FACT_FILTER_DEFAULT);
	parts_text(one, TEXT_POINTER, "%s#/linux/seccomp/defaultAction", base_name(one->config));
	conditions(policy, one->facts.call, arena, condition, sizeof(condition));
	rules_arguments(filter, data, arguments, sizeof(arguments));
	if (!condition[0] || !arguments[0])
		return;
	parts_text(one, TEXT_CONDITION, "%s", condition);
	parts_text(one, TEXT_ARGUMENT, "%s", arguments);
}

static void name_rule(struct parts_case *one, const struct explain_filter *filter, const struct seccomp_data *data,
		      const struct filter_rule *rule, struct arena *arena)
{
	const char *condition;
	char arguments[160];

	parts_text(one, TEXT_POINTER, "%s#%s", base_name(one->config), rule->where ?: "/linux/seccomp/syscalls");
	condition = standing_rule_condition(rule, arena);
	rules_arguments(filter, data, arguments, sizeof(arguments));
	if (!condition[0] || !arguments[0])
		return;
	parts_text(one, TEXT_CONDITION, "%s", condition);
	parts_text(one, TEXT_ARGUMENT, "%s", arguments);
}

/*
 * bulkhead lays a containment profile over the config: what it loaded stands beside the state, or was foretold. When the
 * config alone would allow the call, the profile does not.
 */
static bool by_profile(const struct explain *explain, const struct explain_container *container,
		       const struct explain_filter *filter)
{
	size_t size = filter->length * sizeof(struct sock_filter), got = 0;
	char path[600], *loaded;
	int fd cleanup_fd = -EBADF;
	bool same = false;

	if (explain->profiled.count)
		return explain->profiled.count == filter->length &&
		       memcmp(explain->profiled.instructions, filter->instructions, size) == 0;
	loaded = malloc(size + 1);
	snprintf(path, sizeof(path), "%s/profile.json", container->directory);
	if (loaded && container->directory[0] && access(path, F_OK) == 0) {
		snprintf(path, sizeof(path), "%s/filter.bpf", container->directory);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		got = fd >= 0 ? (size_t)fd_read_full(fd, loaded, size + 1) : 0;
		same = got == size && memcmp(loaded, filter->instructions, size) == 0;
	}
	free(loaded);
	return same;
}

/* Of an architecture that the filter does not list no call is looked at. */
static bool is_listed(const struct filter_policy *policy, uint32_t arch)
{
	for (size_t i = 0; i < policy->archs_count; i++)
		if (policy->archs[i] == arch)
			return true;
	return false;
}

/* Do these rules give the answer, and is the filter made from them? Then name the one. */
static bool name_by(struct parts_case *one, struct explain_container *container, const struct explain_filter *filter,
		    const struct seccomp_data *data, uint32_t action)
{
	const struct filter_policy *policy = &container->rules.policy;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct err err = ERR_INIT;
	uint32_t verdict = SECCOMP_RET_ALLOW, rule = FILTER_NO_RULE;
	bool answers;

	if (!container->rules.unrestricted && filter_rule_for(policy, data, &arena, &verdict, &rule, &err))
		return false;
	answers = !container->rules.unrestricted && verdict == action && made_from(container, filter);
	if (answers) {
		one->config = container->config;
		parts_text(one, TEXT_FILTER, "the container's filter");
		if (!is_listed(policy, one->arch))
			parts_text(one, TEXT_MACHINE, "%s", abi_arch_name(one->arch) ?: "of this call");
		else if (rule == FILTER_NO_RULE)
			name_default(one, filter, data, policy, &arena);
		else
			name_rule(one, filter, data, &policy->rules[rule], &arena);
	} else if (verdict == SECCOMP_RET_ALLOW && by_profile(one->explain, container, filter)) {
		answers = true;
		one->config = "profile.json";
		parts_fact(one, FACT_FILTER_PROFILE);
		parts_text(one, TEXT_FILTER, "the containment profile of the container");
		parts_text(one, TEXT_POINTER, "profile.json#/rules/syscalls");
		/* A profile ends nothing else. */
		if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_KILL_PROCESS)
			parts_text(one, TEXT_MACHINE, "%s", abi_arch_name(one->arch) ?: "of this call");
	}
	return answers;
}

bool rules_name(struct parts_case *one, const struct explain_filter *filter, const struct seccomp_data *data,
		uint32_t action)
{
	struct explain *explain = one->explain;
	struct explain_container *container =
		container_find(explain, one->refusal->pid, one->refusal->mount_inode);

	if (container && name_by(one, container, filter, data, action))
		return true;
	for (size_t i = 0; i < explain->expected_count; i++)
		if (name_by(one, &explain->expected[i], filter, data, action))
			return true;
	return false;
}
