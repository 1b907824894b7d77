/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf/state: what the programs of explain keep: settings, counters, marks of processes, the way out to user space. */
#ifndef BULKHEAD_INSIGHT_BPF_STATE_H
#define BULKHEAD_INSIGHT_BPF_STATE_H

#include "insight/bpf/kernel.bpf.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "insight/bpf/event.h"
#include "insight/bpf/registers.bpf.h"

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

static __always_inline bool identity_same(const struct call_identity *identity, const struct call *call)
{
	return identity->ip == call->ip && identity->sp == call->sp && identity->number == call->number &&
	       identity->first == call->args[0] && identity->second == call->args[1] &&
	       identity->third == call->args[2];
}

#endif
