/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf/state: what the programs keep: settings, counters, marks of processes, the way out to user space; and
 * registers. */
#ifndef BULKHEAD_INSIGHT_BPF_STATE_H
#define BULKHEAD_INSIGHT_BPF_STATE_H

#include "insight/bpf/kernel.bpf.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "insight/bpf/event.h"

/* ---- what user space sets before loading ---- */

const volatile __u64 errors_always; /* bit n: every call that returns -n is reported */
const volatile __u32 scope_mount;   /* inode of a mount namespace, 0: none */
const volatile __u64 scope_cgroup;  /* id of a cgroup of version 2, 0: none */
const volatile __u32 scope_cgroup_level;
const volatile __u32 rate_max; /* refusals a second and processor */

__u64 count_seen, count_lost, count_limited, count_repeated;

/* ---- maps ---- */

/* The registers at the entry of a call, which tell its evidence from that of another. */
struct call_identity {
	__u64 ip, sp, number, first, second, third;
};
struct mark {
	__u32 watched, count;
	struct call_identity identity;
	struct observe_evidence evidence[OBSERVE_EVIDENCE_MAX];
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct mark);
} marks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OBSERVE_CALLS_ALL);
	__type(key, __u32);
	__type(value, struct observe_call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
} filters_seen SEC(".maps");

/* Refusals by what is the same in them, and how often they came since they were reported. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u64);
} repeats SEC(".maps");

struct rate {
	__u64 second;
	__u32 count;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rate);
} rates SEC(".maps");

struct scratch {
	char path[2][OBSERVE_PATH_MAX];
	char walk[OBSERVE_WALK_MAX];
	__u64 filters[OBSERVE_FILTERS_MAX];
	__u64 words[OBSERVE_CHUNK];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* ---- registers ---- */

#define COMPAT 2 /* TS_COMPAT of the x86 kernel */

struct call {
	__u64 number, ip, sp, args[6];
	bool compat;
};

/* What tells whether the rest is worth reading: for a program whose registers the verifier knows, two loads. */
static __always_inline __u64 call_number(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->orig_ax;
#elif defined(__TARGET_ARCH_arm64)
	return regs->syscallno;
#endif
}

static __always_inline bool call_compat(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return task->thread_info.status & COMPAT;
#elif defined(__TARGET_ARCH_arm64)
	return false;
#endif
}

static __always_inline void call_read(struct pt_regs *regs, struct task_struct *task, struct call *ret)
{
#if defined(__TARGET_ARCH_x86)
	ret->compat = call_compat(task);
	ret->number = BPF_CORE_READ(regs, orig_ax);
	ret->ip = BPF_CORE_READ(regs, ip);
	ret->sp = BPF_CORE_READ(regs, sp);
	if (ret->compat) {
		ret->args[0] = (__u32)BPF_CORE_READ(regs, bx);
		ret->args[1] = (__u32)BPF_CORE_READ(regs, cx);
		ret->args[2] = (__u32)BPF_CORE_READ(regs, dx);
		ret->args[3] = (__u32)BPF_CORE_READ(regs, si);
		ret->args[4] = (__u32)BPF_CORE_READ(regs, di);
		ret->args[5] = (__u32)BPF_CORE_READ(regs, bp);
		return;
	}
	ret->args[0] = BPF_CORE_READ(regs, di);
	ret->args[1] = BPF_CORE_READ(regs, si);
	ret->args[2] = BPF_CORE_READ(regs, dx);
	ret->args[3] = BPF_CORE_READ(regs, r10);
	ret->args[4] = BPF_CORE_READ(regs, r8);
	ret->args[5] = BPF_CORE_READ(regs, r9);
#elif defined(__TARGET_ARCH_arm64)
	ret->compat = false;
	ret->number = BPF_CORE_READ(regs, syscallno);
	ret->ip = BPF_CORE_READ(regs, pc);
	ret->sp = BPF_CORE_READ(regs, sp);
	ret->args[0] = BPF_CORE_READ(regs, orig_x0);
	ret->args[1] = BPF_CORE_READ(regs, regs[1]);
	ret->args[2] = BPF_CORE_READ(regs, regs[2]);
	ret->args[3] = BPF_CORE_READ(regs, regs[3]);
	ret->args[4] = BPF_CORE_READ(regs, regs[4]);
	ret->args[5] = BPF_CORE_READ(regs, regs[5]);
#endif
}

static __always_inline bool identity_same(const struct call_identity *identity, const struct call *call)
{
	return identity->ip == call->ip && identity->sp == call->sp && identity->number == call->number &&
	       identity->first == call->args[0] && identity->second == call->args[1] &&
	       identity->third == call->args[2];
}

#endif
