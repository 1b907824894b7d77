/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bpf/look: a member of one of the kernel's structs that a pointer leads to of which the verifier knows nothing. From Linux
 * 6.2 on it can be told the type, and the member is one load; else a helper copies it, which costs ten times as much.
 */
#ifndef BULKHEAD_INSIGHT_BPF_LOOK_H
#define BULKHEAD_INSIGHT_BPF_LOOK_H

#include "insight/bpf/kernel.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Set before loading: the kernel has the function below. What is not chosen the verifier does not look at. */
const volatile __u32 looks_typed;

extern void *bpf_rdonly_cast(const void *pointer, __u32 type) __ksym __weak;

#define LOOK(pointer, member) \
	(looks_typed ? ((typeof(pointer))bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(typeof(*(pointer)))))->member \
		     : BPF_CORE_READ(pointer, member))

#endif
