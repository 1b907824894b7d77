/* SPDX-License-Identifier: Apache-2.0 */
/* explain/evidence: what the kernel was seen to ask on the way to the error, and which of it counts. Pure. */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/types.h"
#include "core/oci/config.h"
#include "insight/explain/parts.h"
#include "insight/reference/reference.h"

#define LOW_ADDRESSES 65536 /* vm.mmap_min_addr, where nobody has changed it */
#define CLONE_NEWUSER	 0x10000000
#define CLONE_NAMESPACES 0x6e020000 /* those that take a capability when no user namespace is made with them */
#define FREE_PORTS 1024 /* net.ipv4.ip_unprivileged_port_start, where nobody has changed it */

enum hook_layer { DEVICES, NOEXEC, READ_ONLY, SETGROUPS, REVEALING, PIDS, LSM, HARDLINKS, LANDLOCK, BPF };

static const struct {
	const char *function, *name;
	enum hook_layer layer;
} hooks[] = {
#define HOOK(hook_function, when, hook_layer, hook_name) {#hook_function, hook_name, hook_layer},
#include "insight/bpf/hooks.inc"
#undef HOOK
};

static const enum refusal_fact_bit hook_facts[] = {
	[DEVICES] = FACT_HOOK_DEVICES, [NOEXEC] = FACT_NOEXEC,		[READ_ONLY] = FACT_READ_ONLY,
	[SETGROUPS] = FACT_SETGROUPS_DENIED,
	[REVEALING] = FACT_PROC_COVERED, [PIDS] = FACT_HOOK_PIDS,	[LSM] = FACT_HOOK_LSM,
	[HARDLINKS] = FACT_LINK_UNSAFE, [LANDLOCK] = FACT_HOOK_LANDLOCK, [BPF] = FACT_HOOK_BPF,
};

/*
 * Asked in passing by these calls, for something else than whether the call may be made: a share of reserved memory,
 * the limit of another kind.
 */
static bool in_passing(const struct parts_case *one, unsigned int capability)
{
	static const char *const calls[] = {"mmap", "brk", "mremap", "mprotect", "clone", "clone3", "fork", "vfork",
	 "execve"};

	/* With EPERM the namespaces that it was to make asked for it. */
	if (one->facts.errnum == EPERM && strncmp(one->facts.call, "clone", strlen("clone")) == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (strcmp(one->facts.call, calls[i]) == 0)
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
	/* There it may be a mask as well, which only looking again can tell. */
	if (hooks[seen->what].layer == READ_ONLY &&
	    (strncmp(one->path[0], "/proc/", 6) == 0 || strncmp(one->path[0], "/sys/", 5) == 0))
		return;
	parts_fact(one, hook_facts[hooks[seen->what].layer]);
	if (hooks[seen->what].layer == LSM || hooks[seen->what].layer == BPF)
		parts_text(one, TEXT_MODULE, "%s", hooks[seen->what].name);
}

static void take_capability(struct parts_case *one, const struct observe_evidence *seen)
{
	const char *name = oci_capability_name(seen->what);

	if (!name)
		return;
	parts_fact(one, FACT_CAP_ASKED);
	parts_text(one, TEXT_CAPABILITY, "%s", name + strlen("CAP_"));
	if (seen->asked_level < seen->task_level) {
		parts_fact(one, FACT_CAP_OUTSIDE);
		if (seen->flags & OBSERVE_CAP_EFFECTIVE)
			parts_fact(one, FACT_CAP_ELSEWHERE);
	} else if (seen->flags & OBSERVE_CAP_BOUNDING) {
		parts_fact(one, FACT_CAP_BOUNDING);
	}
}

/* Of one that needs a single one, as data/reference has it. */
static const char *needed_by_ioctl(uint32_t command)
{
	size_t first, end;

	reference_range(REFERENCE_IOCTL, &first, &end);
	for (size_t i = first; i < end; i++) {
		struct reference_entry entry;

		reference_at(i, &entry);
		if (entry.has_value && (uint64_t)entry.value == command && entry.capabilities[0] &&
		    !strchr(entry.capabilities, ' '))
			return entry.capabilities + strlen("CAP_");
	}
	return NULL;
}

/* By the manual; some calls need one for some of their arguments. */
static const char *needed(const struct parts_case *one, bool *ret_of_host)
{
	const char *call = one->facts.call;
	const __u64 *args = one->refusal->args;
	unsigned int kind;

	*ret_of_host = false;
	if (strcmp(call, "socket") == 0)
		return args[0] == AF_PACKET ||
				       ((args[0] == AF_INET || args[0] == AF_INET6) && (args[1] & 0xf) == SOCK_RAW)
			       ? "NET_RAW"
			       : NULL;
	if (strcmp(call, "clone") == 0)
		return args[0] & CLONE_NAMESPACES && !(args[0] & CLONE_NEWUSER) ? "SYS_ADMIN" : NULL;
	if (strcmp(call, "bind") == 0)
		return process_port(one) && process_port(one) < FREE_PORTS ? "NET_BIND_SERVICE" : NULL;
	if (strcmp(call, "mmap") == 0)
		return args[0] < LOW_ADDRESSES && args[3] & MAP_FIXED ? "SYS_RAWIO" : NULL;
	if (strcmp(call, "ioctl") == 0)
		return needed_by_ioctl((uint32_t)args[1]);
	if (strcmp(call, "mknod") == 0 || strcmp(call, "mknodat") == 0) {
		kind = (unsigned int)args[call[5] ? 2 : 1] & S_IFMT;
		if (kind != S_IFCHR && kind != S_IFBLK)
			return NULL;
	}
	return refusal_capability_of(call, ret_of_host);
}

/* Nothing was seen: what the manual says, if the process lacks it, or has it where it does not count. */
static void expect_capability(struct parts_case *one)
{
	bool of_host;
	const char *name = needed(one, &of_host);
	int number = name ? oci_capability_number(name) : -1;
	bool held = number >= 0 && (one->refusal->effective >> number & 1);
	bool outside = of_host && one->refusal->user_level;

	if (number < 0 || (held && !outside))
		return;
	parts_fact(one, FACT_CAP_EXPECTED);
	if (outside)
		parts_fact(one, FACT_CAP_OUTSIDE);
	parts_text(one, TEXT_CAPABILITY, "%s", name);
	if (held)
		parts_fact(one, FACT_CAP_ELSEWHERE);
}

void evidence_read(struct parts_case *one)
{
	const struct observe_refusal *refusal = one->refusal;
	const struct observe_evidence *capability = NULL;
	bool forking = strstr(" clone clone3 fork vfork ", one->facts.call) && one->facts.errnum == 11;

	if (refusal->flags & OBSERVE_ANSWERED)
		parts_fact(one, FACT_ANSWERED);
	if (one->explain->ready.capability_checks)
		parts_fact(one, FACT_CAP_SEEN);
	if (one->explain->ready.tier >= OBSERVE_TIER_PROBES)
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
		} else if ((in_passing(one, seen->what) && !forking) || seen->flags & OBSERVE_CAP_SILENT) {
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
	if (!parts_has(one, FACT_CAP_SEEN))
		expect_capability(one);
}
