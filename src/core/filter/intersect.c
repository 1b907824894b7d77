/* SPDX-License-Identifier: Apache-2.0 */
/* filter/intersect: two programs as one, so that one load is enough: the second may be refused by the first. */
#include <string.h>

#include "core/filter/filter.h"

#define JUMP_ALWAYS (BPF_JMP | BPF_JA)

/* Is it stricter than an error? From these the caller does not come back as if nothing were. */
static bool is_fatal(uint32_t action)
{
	action &= SECCOMP_RET_ACTION_FULL;
	return action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD || action == SECCOMP_RET_TRAP;
}

static bool is_return(const struct sock_filter *instruction)
{
	return BPF_CLASS(instruction->code) == BPF_RET;
}

/*
 * The profile's instructions, then the config's, then the config's again with what it lets through refused. A verdict of
 * the profile jumps to the one or to the other, so that what the config kills is killed in either case.
 */
int filter_intersect(const struct filter_program *profile, const struct filter_program *config, struct arena *arena,
		     struct filter_program *ret, struct err *err)
{
	uint32_t count = profile->count + 2 * config->count, allowed = profile->count, refused = allowed + config->count;
	struct sock_filter *all = arena_calloc(arena, count + 1, sizeof(*all));
	uint32_t *rule_of = arena_calloc(arena, count + 1, sizeof(*rule_of)), answer = SECCOMP_RET_ERRNO;

	if (!all || !rule_of)
		return err_set(err, ERR_INTERNAL, "out of memory while joining the filters");
	memcpy(all, profile->instructions, profile->count * sizeof(*all));
	memcpy(all + allowed, config->instructions, config->count * sizeof(*all));
	memcpy(all + refused, config->instructions, config->count * sizeof(*all));
	for (uint32_t i = 0; i < count; i++)
		rule_of[i] = FILTER_NO_RULE;
	for (uint32_t i = 0; i < profile->count; i++) {
		if (!is_return(&all[i]) || is_fatal(all[i].k))
			continue;
		if (all[i].k != SECCOMP_RET_ALLOW)
			answer = all[i].k;
		all[i] = (struct sock_filter)BPF_STMT(JUMP_ALWAYS,
						     (all[i].k == SECCOMP_RET_ALLOW ? allowed : refused) - i - 1);
	}
	for (uint32_t i = refused; i < count; i++)
		if (is_return(&all[i]) && !is_fatal(all[i].k))
			all[i].k = answer;
	*ret = (struct filter_program){.instructions = all, .count = count, .rule_of = rule_of};
	return filter_check(all, count, err);
}
