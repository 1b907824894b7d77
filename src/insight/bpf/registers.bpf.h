/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf/registers: what a system call was called with. */
#ifndef BULKHEAD_INSIGHT_BPF_REGISTERS_H
#define BULKHEAD_INSIGHT_BPF_REGISTERS_H

#include "insight/bpf/kernel.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define COMPAT 2 /* TS_COMPAT of the x86 kernel */

/* Of a function of the kernel, at its start and at its end. */
#if defined(__TARGET_ARCH_x86)
#define ARGUMENT(regs, index) \
	((index) == 0 ? (regs)->di : (index) == 1 ? (regs)->si : (index) == 2 ? (regs)->dx : (regs)->cx)
#define RESULT(regs) ((regs)->ax)
#elif defined(__TARGET_ARCH_arm64)
#define ARGUMENT(regs, index) ((regs)->regs[index])
#define RESULT(regs) ((regs)->regs[0])
#endif

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
	ret->number = call_number(regs);
	ret->compat = call_compat(task);
#if defined(__TARGET_ARCH_x86)
	ret->ip = regs->ip;
	ret->sp = regs->sp;
	if (ret->compat) {
		ret->args[0] = (__u32)regs->bx;
		ret->args[1] = (__u32)regs->cx;
		ret->args[2] = (__u32)regs->dx;
		ret->args[3] = (__u32)regs->si;
		ret->args[4] = (__u32)regs->di;
		ret->args[5] = (__u32)regs->bp;
		return;
	}
	ret->args[0] = regs->di;
	ret->args[1] = regs->si;
	ret->args[2] = regs->dx;
	ret->args[3] = regs->r10;
	ret->args[4] = regs->r8;
	ret->args[5] = regs->r9;
#elif defined(__TARGET_ARCH_arm64)
	ret->ip = regs->pc;
	ret->sp = regs->sp;
	ret->args[0] = regs->orig_x0;
	ret->args[1] = regs->regs[1];
	ret->args[2] = regs->regs[2];
	ret->args[3] = regs->regs[3];
	ret->args[4] = regs->regs[4];
	ret->args[5] = regs->regs[5];
#endif
}

/* The argument that a field of struct observe_call names; 0 when it names none. */
static __always_inline __u64 argument(const struct call *call, __u32 arguments, __u32 shift)
{
	switch ((arguments >> shift) & 15) {
	case 1:
		return call->args[0];
	case 2:
		return call->args[1];
	case 3:
		return call->args[2];
	case 4:
		return call->args[3];
	case 5:
		return call->args[4];
	}
	return 0;
}

/* The argument with this index. */
static __always_inline __u64 argument_at(const struct call *call, __u8 index)
{
	return argument(call, index + 1, 0);
}

#endif
