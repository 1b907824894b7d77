/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power: the capabilities that a program can be given, and its system call filter. Pure.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/opt.h"
#include "core/plan/builder.h"

/* The capabilities that exist and that the container's processes can have at all. */
static uint64_t grantable(const struct builder *builder)
{
	const struct host *host = builder->host;
	uint64_t known = host->last_capability >= 63 ? UINT64_MAX : (1ULL << (host->last_capability + 1)) - 1;

	/* A user namespace begins with all of them, over itself. */
	return builder->plan->in_user_namespace ? known : known & host->bounding & host->capabilities;
}

static void warn_of(struct builder *builder, uint64_t lost, const char *why)
{
	for (unsigned int number = 0; number < 64; number++) {
		const char *name = oci_capability_name(number);

		if (lost & (1ULL << number))
			builder_warn(builder, builder->process->capabilities.where, "%s is not granted: %s",
				     name ? name : builder_text(builder, "capability %u", number), why);
	}
}

static void warn_of_unknown(struct builder *builder, const struct placed_strings *names)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *nearest = oci_capability_nearest(names->items[i].text);

		builder_warn(builder, names->items[i].where, "%s is not granted: no kernel known has it%s%s",
			     names->items[i].text, nearest ? "; the nearest is " : "", nearest ? nearest : "");
	}
}

/*
 * The kernel refuses a whole set for one capability too many, and the runtime-spec wants a warning, not a failure, for
 * what cannot be granted; so each set is cut to what the kernel takes.
 *
 * Ambient capabilities must be permitted and inheritable too. Engines ask for ambient ones with an empty inheritable
 * set: exactly the ambient ones are then inheritable, and no others (threats D8), since the config says that programs
 * shall have them.
 */
void plan_capabilities(struct builder *builder, struct process_power *power)
{
	const struct oci_capabilities *asked = &builder->process->capabilities;
	uint64_t all = asked->bounding | asked->effective | asked->permitted | asked->inheritable | asked->ambient;
	uint64_t known =
		builder->host->last_capability >= 63 ? UINT64_MAX : (1ULL << (builder->host->last_capability + 1)) - 1;
	uint64_t can = grantable(builder), lost;

	warn_of_unknown(builder, &asked->unknown);
	warn_of(builder, all & ~known, "this kernel does not have it");
	warn_of(builder, all & known & ~can, "the runtime itself does not have it");
	power->bounding = asked->bounding & can;
	power->permitted = asked->permitted & can;
	power->effective = asked->effective & power->permitted;
	warn_of(builder, asked->effective & can & ~power->permitted, "it is in effective, but not in permitted");
	power->inheritable = asked->inheritable & power->bounding;
	warn_of(builder, asked->inheritable & can & ~power->bounding, "it is in inheritable, but not in bounding");
	power->ambient = asked->ambient & power->permitted & power->bounding;
	lost = asked->ambient & can & ~power->ambient;
	for (unsigned int number = 0; number < 64; number++)
		if (lost & (1ULL << number))
			builder_warn(builder, builder->process->capabilities.where, "can't raise ambient capability %s: it "
				     "is not in permitted and bounding", oci_capability_name(number));
	power->inheritable |= power->ambient;
}

static void copy_args(const struct oci_seccomp_rule *from, struct filter_arg *to)
{
	for (size_t i = 0; i < from->args_count; i++)
		to[i] = (struct filter_arg){
			.index = from->args[i].index,
			.operator=(enum filter_operator) from->args[i].operator,
			.value = from->args[i].value,
			.value_two = from->args[i].value_two,
		};
}

_Static_assert((int)OCI_CMP_NE == (int)FILTER_NE && (int)OCI_CMP_MASKED_EQ == (int)FILTER_MASKED_EQ,
	       "oci/ and filter/ number the comparisons alike");

/* The native architecture first, listed or not: without it the container's first call would end it. */
static uint32_t *filter_archs(const struct oci_seccomp *seccomp, struct arena *arena, size_t *ret_count)
{
	uint32_t *archs = arena_calloc(arena, seccomp->archs_count + 1, sizeof(*archs));

	if (!archs)
		return NULL;
	archs[0] = ABI_ARCH_NATIVE;
	*ret_count = 1;
	for (size_t i = 0; i < seccomp->archs_count; i++)
		if (seccomp->archs[i] != ABI_ARCH_NATIVE)
			archs[(*ret_count)++] = seccomp->archs[i];
	return archs;
}

int plan_filter_policy(const struct oci_seccomp *seccomp, const char *config_name, struct arena *arena,
		       struct filter_policy *ret_policy, struct err *err)
{
	struct filter_policy policy = {.default_action = seccomp->default_action,
				       .bad_arch_action = SECCOMP_RET_KILL_PROCESS,
				       .config_name = config_name};
	struct filter_rule *rules;
	struct filter_arg *args;
	size_t args_count = 0;

	for (size_t i = 0; i < seccomp->rules_count; i++)
		args_count += seccomp->rules[i].args_count;
	/* A call that came after this program is to none of the config's rules. Libraries try an older one after ENOSYS,
	 * which EPERM, the default, would keep them from; another error is somebody's wish. */
	if (policy.default_action == (SECCOMP_RET_ERRNO | EPERM))
		policy.unknown_action = SECCOMP_RET_ERRNO | ENOSYS;
	policy.archs = filter_archs(seccomp, arena, &policy.archs_count);
	rules = arena_calloc(arena, seccomp->rules_count + 1, sizeof(*rules));
	args = arena_calloc(arena, args_count + 1, sizeof(*args));
	if (!policy.archs || !rules || !args)
		return err_set(err, ERR_INTERNAL, "out of memory while planning");
	for (size_t i = 0; i < seccomp->rules_count; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->rules[i];

		rules[i] = (struct filter_rule){.names = rule->names.items,
						.names_count = rule->names.count,
						.action = rule->action,
						.args = args,
						.args_count = rule->args_count,
						.where = rule->where};
		copy_args(rule, args);
		args += rule->args_count;
	}
	policy.rules = rules;
	policy.rules_count = seccomp->rules_count;
	*ret_policy = policy;
	return 0;
}

/* What the profile allows, of what the config allows. */
static int profile_filter(struct builder *builder, struct process_power *power)
{
	const struct oci_seccomp *calls = builder->request->profile_calls;
	struct filter_program program;
	struct filter_policy policy;

	if (!calls)
		return 0;
	if (plan_filter_policy(calls, "profile", builder->arena, &policy, builder->err))
		return ERR;
	policy.separate = true;
	if (filter_compile(&policy, builder->arena, &program, builder->err))
		return ERR;
	power->config_filter = power->filter;
	if (power->has_filter)
		return filter_intersect(&program, &power->config_filter, builder->arena, &power->filter, builder->err);
	power->has_filter = true;
	power->filter = program;
	return 0;
}

/* Told in the plan, and no warning at each start: engines' own profiles have such rules. */
static const char *filter_note(struct builder *builder, const struct filter_policy *policy,
			       const struct filter_shadow *shadow)
{
	return !shadow->call ? NULL
			     : builder_text(builder, "%s has no effect on %s: %s compares no argument, and decides first",
					    policy->rules[shadow->rule].where, shadow->call,
					    policy->rules[shadow->by].where);
}

static const char *nearest_call(struct builder *builder, const char *name)
{
	const char **names = arena_calloc(builder->arena, (size_t)abi_syscall_rows() + 1, sizeof(*names));

	for (int row = 0; names && row < abi_syscall_rows(); row++)
		names[row] = abi_syscall_row_name(row);
	return names ? opt_nearest(name, names) : NULL;
}

#define UNKNOWN_CALLS_MAX 16 /* so many warnings say enough */

/*
 * A name that no architecture has: in a list of what is refused it refuses nothing, which a misspelling must not do in
 * silence. In a list of what is allowed it opens nothing, and engines' profiles name calls that are newer than any table.
 */
static void warn_of_unknown_calls(struct builder *builder, const struct oci_seccomp *seccomp)
{
	size_t left = UNKNOWN_CALLS_MAX;

	if (seccomp->default_action != SECCOMP_RET_ALLOW && seccomp->default_action != SECCOMP_RET_LOG)
		return;
	for (size_t i = 0; i < seccomp->rules_count; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->rules[i];

		for (size_t n = 0; n < rule->names.count && rule->action != seccomp->default_action && left; n++) {
			const char *name = rule->names.items[n], *nearest;

			if (abi_syscall_known(name))
				continue;
			nearest = nearest_call(builder, name);
			builder_warn(builder, builder_text(builder, "%s/names/%zu", rule->where, n),
				     "no system call is called %.40s: nothing is refused by that name%s%s", name,
				     nearest ? "; the nearest is " : "", nearest ? nearest : "");
			left--;
		}
	}
}

int plan_filter(struct builder *builder, struct process_power *power)
{
	const struct oci_seccomp *seccomp = &builder->config->linux.seccomp;
	struct filter_policy policy;

	if (!seccomp->present) {
		power->has_filter = builder->request->filter;
		if (power->has_filter) {
			power->filter = *builder->request->filter;
			power->filter_note = "it is this program's default, compiled when the program was built";
		}
		return profile_filter(builder, power);
	}
	if (plan_filter_policy(seccomp, builder->plan->config_name, builder->arena, &policy, builder->err) ||
	    filter_compile(&policy, builder->arena, &power->filter, builder->err))
		return ERR;
	warn_of_unknown_calls(builder, seccomp);
	power->filter_note = filter_note(builder, &policy, &power->filter.shadow);
	power->has_filter = true;
	power->filter_flags = seccomp->flags;
	power->listener = seccomp->listener_path;
	power->where_filter = seccomp->where;
	return profile_filter(builder, power);
}
