/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf/lessons: what the programs of learn keep: what was seen already, marks of processes, the way out to user space. */
#ifndef BULKHEAD_INSIGHT_BPF_LESSONS_H
#define BULKHEAD_INSIGHT_BPF_LESSONS_H

#include "insight/bpf/kernel.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "insight/bpf/event.h"
#include "insight/bpf/look.bpf.h"
#include "insight/bpf/registers.bpf.h"

#define SILENT_RANGES 8

/* ---- what user space sets before loading ---- */

const volatile struct observe_lesson lessons[2 * OBSERVE_CALLS]; /* those of the 32-bit entry behind the others */
const volatile __u32 files_by_descriptor; /* no hook sees files being opened */
const volatile __u32 scope_mount; /* inode of a mount namespace, 0: none */
const volatile __u64 scope_cgroup;
const volatile __u32 scope_cgroup_level;
/* Code of the kernel's functions that ask for a capability without need; from 0 on they are unused. */
const volatile __u64 silent_ranges[SILENT_RANGES][2];

__u64 count_lost, count_processes, descriptors_most;

/* ---- maps ---- */

struct mark {
	__u32 state;	   /* enum observe_mark; 0: not watched */
	__u32 user_inode;  /* of the first program's user namespace: what another grants is no power of the container */
	__s32 name_server; /* 1 + a descriptor that is connected to port 53, 0: none */
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct mark);
} marks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} events SEC(".maps");

/* What is left to be learned from a call on this processor: most are over with one look at this. */
enum call_state {
	CALL_NEW,	 /* it was not made here yet */
	CALL_DONE,	 /* nothing */
	CALL_DESCRIPTOR, /* what it returns is a descriptor, and no more */
	CALL_OPENED,	 /* the same, of a file with a name */
	CALL_BYTES,	 /* only where a name server is at the other end */
	CALL_LESSON,	 /* whatever its lesson says */
};
/* states: by number; those of the 32-bit entry behind the others. */
struct calls {
	__u64 count;
	__u64 task, begun; /* who made the last one: whoever is the same need not be asked for its mark */
	__u8 states[2 * OBSERVE_CALLS];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct calls);
} calls SEC(".maps");

/* Facts that were sent. A file is told by its inode and by its name's hash, which the kernel mixes with its directory:
 * numbers of inodes are used again. */
struct fact {
	__u64 what, value[3];
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH); /* its memory is taken beforehand: a new fact costs half as much */
	__uint(max_entries, 262144);
	__type(key, struct fact);
	__type(value, __u8);
} facts SEC(".maps");

/* Room to build a record in, for each program one: another may come in between. */
enum scratch_of { SCRATCH_EXIT, SCRATCH_OPEN, SCRATCH_EXEC, SCRATCH_CAPABILITY, SCRATCH_COUNT };
struct scratch {
	struct observe_sight sight;
	char beyond[OBSERVE_SIGHT_PATH_MAX + 512]; /* a walk behind the longest path ends in here */
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_COUNT);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Those that were met last, for each program's own use as above: a program does the same again and again, and to compare
 * costs less than to look it up among all. */
#define RECENT 128 /* a power of two */
struct recent {
	struct fact facts[RECENT];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_COUNT);
	__type(key, __u32);
	__type(value, struct recent);
} recents SEC(".maps");

/* ---- out ---- */

static __always_inline bool is_same(const struct fact *a, const struct fact *b)
{
	return a->value[0] == b->value[0] && a->value[1] == b->value[1] && a->value[2] == b->value[2] && a->what == b->what;
}

/* Is the fact new? It is noted then. When there is no room it counts as lost, each time that it is met. */
static __always_inline bool is_new(__u32 which, const struct fact *fact)
{
	struct recent *recent = bpf_map_lookup_elem(&recents, &which);
	__u64 mixed = (fact->value[0] ^ fact->value[1] ^ fact->what) * 0x9e3779b97f4a7c15ULL;
	struct fact *last;
	__u8 one = 1;

	if (!recent)
		return false;
	last = &recent->facts[mixed >> 32 & (RECENT - 1)];
	if (is_same(last, fact))
		return false;
	if (bpf_map_lookup_elem(&facts, fact)) {
		*last = *fact;
		return false;
	}
	if (bpf_map_update_elem(&facts, fact, &one, BPF_ANY)) {
		__sync_fetch_and_add(&count_lost, 1);
		return false;
	}
	return true;
}

/* Where the record is built. What tells whether the fact is new may be in it already. */
static __always_inline struct observe_sight *room_of(__u32 which)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &which);

	return scratch ? &scratch->sight : NULL;
}

static __always_inline void begin_sight(struct observe_sight *sight, __u32 set, __s32 number)
{
	__u64 id = bpf_get_current_pid_tgid();

	sight->kind = OBSERVE_SIGHT;
	sight->set = set;
	sight->pid = id >> 32;
	sight->tid = (__u32)id;
	bpf_get_current_comm(sight->comm, sizeof(sight->comm));
	sight->number = number;
	sight->flags = sight->access = sight->mode = 0;
	sight->value[0] = sight->value[1] = 0;
	sight->path_length = sight->walk_length = 0;
}

#define WAKE_BYTES (256 << 10) /* so much may wait for the reader's next look */

/* A reader who is woken for each record would cost more than all else. */
static __always_inline void end_sight(struct observe_sight *sight)
{
	__u64 wake = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > WAKE_BYTES ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
	__u64 size = (__u64)sight->path_length + sight->walk_length;

	if (size > OBSERVE_SIGHT_PATH_MAX) {
		sight->flags |= OBSERVE_SIGHT_CUT;
		sight->path_length = sight->walk_length = 0;
		size = 0;
	}
	size += __builtin_offsetof(struct observe_sight, text);
	asm volatile("" : "+r"(size));
	if (size > sizeof(*sight) || bpf_ringbuf_output(&events, sight, size, wake))
		__sync_fetch_and_add(&count_lost, 1);
}

#endif
