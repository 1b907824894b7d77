/* SPDX-License-Identifier: Apache-2.0 */
/* explain/evidence: what the kernel was seen to ask on the way to the error, and which of it counts. Pure. */
#include <linux/capability.h>
#include <string.h>

#include "base/types.h"
#include "core/oci/config.h"
#include "insight/explain/parts.h"

enum hook_layer { DEVICES, NOEXEC, SETGROUPS, REVEALING, PIDS, LSM, HARDLINKS, LANDLOCK };

static const struct {
	const char *function, *name;
	enum hook_layer layer;
} hooks[] = {
#define HOOK(hook_function, when, hook_layer, hook_name) {#hook_function, hook_name, hook_layer},
#include "insight/bpf/hooks.inc"
#undef HOOK
};

static const enum refusal_fact_bit hook_facts[] = {
	[DEVICES] = FACT_HOOK_DEVICES, [NOEXEC] = FACT_NOEXEC,		[SETGROUPS] = FACT_SETGROUPS_DENIED,
	[REVEALING] = FACT_PROC_COVERED, [PIDS] = FACT_HOOK_PIDS,	[LSM] = FACT_HOOK_LSM,
	[HARDLINKS] = FACT_LINK_UNSAFE, [LANDLOCK] = FACT_HOOK_LANDLOCK,
};

/*
 * Asked in passing by these calls, for something else than whether the call may be made: a share of reserved memory,
 * the limit of another kind.
 */
static bool in_passing(const char *call, unsigned int capability)
{
	static const char *const calls[] = {"mmap", "brk", "mremap", "mprotect", "clone", "clone3", "fork", "vfork",
	 "execve"};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (strcmp(call, calls[i]) == 0)
			return capability == CAP_SYS_ADMIN;
	return false;
}

/* The kernel takes CAP_SYS_ADMIN in place of these, and asks for it last. */
static bool narrower(unsigned int capability)
{
	return capability == CAP_BPF || capability == CAP_PERFMON || capability == CAP_CHECKPOINT_RESTORE ||
	       capability == CAP_SYSLOG;
}

static bool for_files(unsigned int capability)
{
	return capability == CAP_DAC_OVERRIDE || capability == CAP_DAC_READ_SEARCH || capability == CAP_FOWNER;
}

static void take_hook(struct parts_case *one, const struct observe_evidence *seen)
{
	if (seen->what >= ARRAY_SIZE(hooks))
		return;
	parts_fact(one, hook_facts[hooks[seen->what].layer]);
	if (hooks[seen->what].layer == LSM)
		parts_text(one, TEXT_MODULE, "%s", hooks[seen->what].name);
}

static void take_capability(struct parts_case *one, const struct observe_evidence *seen)
{
	const char *name = oci_capability_name(seen->what);

	if (!name)
		return;
	parts_fact(one, FACT_CAP_ASKED);
	parts_text(one, TEXT_CAPABILITY, "%s", name + strlen("CAP_"));
	if ((seen->flags & OBSERVE_CAP_EFFECTIVE) && seen->asked_level < seen->task_level)
		parts_fact(one, FACT_CAP_ELSEWHERE);
	else if (seen->flags & OBSERVE_CAP_BOUNDING)
		parts_fact(one, FACT_CAP_BOUNDING);
}

void evidence_read(struct parts_case *one)
{
	const struct observe_refusal *refusal = one->refusal;
	const struct observe_evidence *capability = NULL;
	bool forking = strstr(" clone clone3 fork vfork ", one->facts.call) && one->facts.errnum == 11;

	if (one->explain->ready.capability_checks)
		parts_fact(one, FACT_CAP_SEEN);
	if (one->explain->ready.tier >= OBSERVE_TIER_HOOKS)
		parts_fact(one, FACT_HOOKS_SEEN);
	for (uint32_t i = 0; i < refusal->evidence_count && i < OBSERVE_EVIDENCE_MAX; i++) {
		const struct observe_evidence *seen = &refusal->evidence[i];

		if (seen->kind == OBSERVE_HOOK) {
			take_hook(one, seen);
			continue;
		}
		if (for_files(seen->what)) {
			parts_fact(one, FACT_DAC_ASKED);
			if (capability)
				continue;
		} else if ((in_passing(one->facts.call, seen->what) && !forking) || seen->flags & OBSERVE_CAP_SILENT) {
			continue;
		}
		if (capability && narrower(capability->what) && seen->what == CAP_SYS_ADMIN)
			continue;
		capability = seen;
	}
	if (capability) {
		take_capability(one, capability);
		return;
	}
	/* Nothing was seen: what the manual says, if the process lacks it. */
	if (!parts_has(one, FACT_CAP_SEEN)) {
		const char *name = refusal_capability_of(one->facts.call);
		int number = name ? oci_capability_number(name) : -1;

		if (number >= 0 && !(refusal->effective >> number & 1)) {
			parts_fact(one, FACT_CAP_EXPECTED);
			parts_text(one, TEXT_CAPABILITY, "%s", name);
		}
	}
}
