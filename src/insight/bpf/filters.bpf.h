/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf/filters: the seccomp filters of a task, by name, and each once in whole. */
#ifndef BULKHEAD_INSIGHT_BPF_FILTERS_H
#define BULKHEAD_INSIGHT_BPF_FILTERS_H

#include "insight/bpf/state.bpf.h"

#define SECCOMP_MODE_FILTER 2 /* 3 once a kill is decided */

/* The functions that are not inlined are checked by the verifier once each: with them in one piece it would give up. */
__attribute__((noinline)) int filter_send(__u64 name, __u64 instructions, __u32 length)
{
	for (__u32 i = 0; i < OBSERVE_INSTRUCTIONS_MAX / OBSERVE_CHUNK; i++) {
		__u32 offset = i * OBSERVE_CHUNK;
		struct observe_filter *record;
		__u64 count, size;

		if (offset >= length)
			break;
		record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
		if (!record) {
			__sync_fetch_and_add(&count_lost, 1);
			bpf_map_delete_elem(&filters_seen, &name);
			break;
		}
		count = length - offset < OBSERVE_CHUNK ? length - offset : OBSERVE_CHUNK;
		record->kind = OBSERVE_FILTER;
		record->length = length;
		record->name = name;
		record->offset = offset;
		record->count = count;
		size = count * sizeof(struct observe_instruction);
		/* The verifier does not see the bound of count: it wants one of its own. */
		asm volatile("" : "+r"(size));
		if (size > sizeof(record->instructions))
			size = sizeof(record->instructions);
		bpf_probe_read_kernel(record->instructions, size, (void *)(instructions + (__u64)offset * 8));
		bpf_ringbuf_submit(record, 0);
	}
	return 0;
}

/*
 * A name for a filter: its address and what is in its first and last instructions. An address alone would name another
 * filter after its memory was used again.
 */
__attribute__((noinline)) __u64 filter_name(__u64 instructions, __u32 length)
{
	__u64 name = instructions * 31 + length, at = 0;
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);

	if (!scratch)
		return 0;
	for (int part = 0; part < 2; part++) {
		__u64 count = length < OBSERVE_CHUNK ? length : OBSERVE_CHUNK, size = count * 8;

		asm volatile("" : "+r"(size));
		if (size > sizeof(scratch->words))
			size = sizeof(scratch->words);
		bpf_probe_read_kernel(scratch->words, size, (void *)(instructions + at));
		for (__u32 i = 0; i < OBSERVE_CHUNK; i++) {
			if (i >= count)
				break;
			name = name * 0x100000001b3ULL ^ scratch->words[i];
		}
		if (length <= OBSERVE_CHUNK)
			break;
		at = (__u64)(length - OBSERVE_CHUNK) * 8;
	}
	return name;
}

struct filters {
	struct seccomp_filter *next;
	struct scratch *scratch;
	__u32 count, flags;
};

/* One filter of the chain; 1 ends it. */
static long filters_step(__u32 index, struct filters *filters)
{
	struct seccomp_filter *filter = filters->next;
	struct sock_fprog_kern *program;
	__u64 instructions, name;
	__u32 length, one = 1;

	if (!filter)
		return 1;
	if (index >= OBSERVE_FILTERS_MAX) {
		filters->flags |= OBSERVE_FILTERS_CUT;
		return 1;
	}
	program = BPF_CORE_READ(filter, prog, orig_prog);
	if (!program) { /* no CONFIG_CHECKPOINT_RESTORE */
		filters->flags |= OBSERVE_FILTERS_UNSEEN;
		return 1;
	}
	length = BPF_CORE_READ(program, len);
	instructions = (__u64)BPF_CORE_READ(program, filter);
	name = filter_name(instructions, length);
	filters->count = index + 1;
	/* The compiler knows that index is small enough, and the verifier does not. */
	asm volatile("" : "+r"(index));
	filters->scratch->filters[index & (OBSERVE_FILTERS_MAX - 1)] = name;
	if (!bpf_map_lookup_elem(&filters_seen, &name)) {
		bpf_map_update_elem(&filters_seen, &name, &one, BPF_ANY);
		filter_send(name, instructions, length);
	}
	filters->next = BPF_CORE_READ(filter, prev);
	return 0;
}

static __always_inline void filters_read(struct task_struct *task, struct filters *filters)
{
	if (task->seccomp.mode < SECCOMP_MODE_FILTER)
		return;
	filters->next = BPF_CORE_READ(task, seccomp.filter);
	bpf_loop(OBSERVE_FILTERS_MAX + 1, filters_step, filters, 0);
}

#endif
