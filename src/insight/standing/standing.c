/* SPDX-License-Identifier: Apache-2.0 */
/* standing: see standing.h. The verdict is that of filter/, which knows the rule that gave it. */
#include "insight/standing/standing.h"

#include <inttypes.h>
#include <string.h>

#include "abi/arch.h"
#include "base/json.h"
#include "core/oci/config.h"
#include "core/oci/shapes.h"
#include "core/plan/plan.h"
#include "insight/standing/engine.h"

static int no_profile(const char *name, struct err *err)
{
	err_set(err, ERR_CONFIG, "%s is no seccomp profile", name);
	err_why(err, "it has neither \"defaultAction\", as profiles of engines have, nor \"linux\", as an OCI config");
	return err_fix(err, "name a config.json, or a profile such as /usr/share/containers/seccomp.json");
}

int standing_read(struct arena *arena, const char *name, const char *text, size_t size,
		  struct standing_profile *ret_profile, struct err *err)
{
	struct standing_profile profile = {.name = name};
	struct oci_reader reader = {.arena = arena, .name = name, .err = err};
	struct oci_seccomp seccomp = {0};
	struct filter_program program;
	struct filter_policy checked;
	const struct json *section;
	struct json *root;
	bool engine;

	if (json_parse(arena, name, text, size, &root, err))
		return ERR;
	engine = json_get(root, "defaultAction") != NULL;
	if (!engine && !json_get(root, "linux"))
		return no_profile(name, err);
	section = engine ? root : oci_get(json_get(root, "linux"), "seccomp");
	if (!section) {
		profile.unrestricted = true;
		*ret_profile = profile;
		return 0;
	}
	if (oci_read_object(&reader, section, &oci_seccomp_shape, &seccomp) ||
	    plan_filter_policy(&seccomp, name, arena, &profile.policy, err))
		return ERR;
	if (engine && (engine_read_rules(&reader, root, &profile.conditions) ||
		       engine_read_archs(&reader, root, &profile.policy)))
		return ERR;
	/* What the kernel or the compiler would refuse is told now, not at the container's start. */
	if (standing_policy(&profile, 0, arena, &checked, err) || filter_compile(&checked, arena, &program, err))
		return ERR;
	*ret_profile = profile;
	return 0;
}

int standing_policy(const struct standing_profile *profile, uint64_t capabilities, struct arena *arena,
		    struct filter_policy *ret_policy, struct err *err)
{
	struct filter_policy policy = profile->policy;
	struct filter_rule *rules;

	if (!profile->conditions || profile->unrestricted) {
		*ret_policy = policy;
		return 0;
	}
	rules = arena_calloc(arena, policy.rules_count + 1, sizeof(*rules));
	if (!rules)
		return err_set(err, ERR_INTERNAL, "out of memory while reading %s", profile->name);
	policy.rules_count = 0;
	for (size_t i = 0; i < profile->policy.rules_count; i++) {
		const struct standing_rule *when = &profile->conditions[i];

		if (!when->foreign && (when->with & ~capabilities) == 0 && (when->without & capabilities) == 0)
			rules[policy.rules_count++] = profile->policy.rules[i];
	}
	policy.rules = rules;
	*ret_policy = policy;
	return 0;
}

static bool rule_names(const struct filter_rule *rule, const char *syscall)
{
	for (size_t i = 0; i < rule->names_count; i++)
		if (strcmp(rule->names[i], syscall) == 0)
			return true;
	return false;
}

uint64_t standing_capabilities(const struct standing_profile *profile, const char *syscall)
{
	uint64_t set = 0;

	for (size_t i = 0; profile->conditions && i < profile->policy.rules_count; i++)
		if (rule_names(&profile->policy.rules[i], syscall))
			set |= profile->conditions[i].with | profile->conditions[i].without;
	return set;
}

int standing_of_argument(const struct filter_policy *policy, uint32_t arch, int number, unsigned int argument,
			 uint64_t value, struct arena *arena, uint32_t *ret_action, const char **ret_where,
			 struct err *err)
{
	struct seccomp_data data = {.nr = number, .arch = arch == ABI_ARCH_X32 ? AUDIT_ARCH_X86_64 : arch};
	uint32_t rule;

	data.args[argument] = value;
	if (filter_rule_for(policy, &data, arena, ret_action, &rule, err))
		return ERR;
	*ret_where = rule == FILTER_NO_RULE ? NULL : policy->rules[rule].where;
	return 0;
}

int standing_of(const struct filter_policy *policy, uint32_t arch, int number, const char *syscall,
		struct arena *arena, struct standing *ret_standing, struct err *err)
{
	struct standing standing = {0};
	bool whole = false;

	if (standing_of_argument(policy, arch, number, 0, 0, arena, &standing.action, &standing.where, err))
		return ERR;
	/* A rule without arguments beats those that have some; rules with the default action are as good as none. */
	for (size_t i = 0; i < policy->rules_count; i++) {
		const struct filter_rule *named = &policy->rules[i];

		if (named->action == policy->default_action || !rule_names(named, syscall))
			continue;
		whole = whole || named->args_count == 0;
		standing.conditions += named->args_count != 0;
	}
	for (size_t i = 0; i < policy->archs_count; i++)
		standing.arguments = standing.arguments || (policy->archs[i] == arch && standing.conditions && !whole);
	*ret_standing = standing;
	return 0;
}

/* See struct filter_rule.all_args. */
static const char *joint(const struct filter_rule *rule)
{
	for (size_t i = 1; !rule->all_args && i < rule->args_count; i++)
		for (size_t j = 0; j < i; j++)
			if (rule->args[i].index == rule->args[j].index)
				return " or ";
	return " and ";
}

const char *standing_rule_condition(const struct filter_rule *rule, struct arena *arena)
{
	static const char *const operators[] = {
		[FILTER_NE] = "!=", [FILTER_LT] = "<",	[FILTER_LE] = "<=",	   [FILTER_EQ] = "==",
		[FILTER_GE] = ">=", [FILTER_GT] = ">", [FILTER_MASKED_EQ] = "==",
	};
	const char *text = "";

	for (size_t i = 0; text && i < rule->args_count; i++) {
		const struct filter_arg *arg = &rule->args[i];
		const char *joined = i ? joint(rule) : "";

		if (arg->operator == FILTER_MASKED_EQ)
			text = arena_printf(arena, "%s%sargument %u & %#" PRIx64 " == %#" PRIx64, text, joined,
					    arg->index, arg->value, arg->value_two);
		else
			text = arena_printf(arena, "%s%sargument %u %s %" PRIu64, text, joined, arg->index,
					    operators[arg->operator], arg->value);
	}
	return text ? text : "";
}

void standing_condition(const struct filter_policy *policy, const char *syscall, size_t index, struct arena *arena,
			const char **ret_text, uint32_t *ret_action)
{
	*ret_text = "";
	*ret_action = policy->default_action;
	for (size_t i = 0; i < policy->rules_count; i++) {
		const struct filter_rule *rule = &policy->rules[i];

		if (rule->action == policy->default_action || !rule->args_count || !rule_names(rule, syscall) || index--)
			continue;
		*ret_text = standing_rule_condition(rule, arena);
		*ret_action = rule->action;
		return;
	}
}
