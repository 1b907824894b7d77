// SPDX-License-Identifier: Apache-2.0
/*
 * learn/calls: system calls that were not seen and are needed all the same: those that another run of the same program makes
 * because of its luck (who comes first, where a signal interrupts it, how much memory there is), those that the kernel
 * begins and the programs there do not see, and what our runtime still calls when the filter is loaded. What only another
 * program, another C library or another runtime would call is not among them: learning that one is the way, and exports for
 * other runtimes add what these need (core/profile/export.c). A table; pure.
 */
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/types.h"
#include "insight/learn/parts.h"

/* In every profile. */
static const char *const always[] = {
	"brk", "mmap", "munmap", "mremap",    /* the allocator: how large a block grows is the data's */
	"clock_gettime", "gettimeofday",      /* of the vDSO, where the clock source of the machine cannot be read there */
	"restart_syscall", "rt_sigreturn",    /* the kernel begins these */
	"execve", "exit_group",		      /* the beginning, and the end, which the programs in the kernel do not see */
	"write", "writev",		      /* to say what went wrong; the runtime, too */
	"close", "prctl", "sendmsg",	      /* the runtime, between the filter and execve, and to report that this failed */
};

/* What a program does depending on who comes first, by what it did this time. */
static const struct {
	const char *seen, *needed;
} chances[] = {
	{"pipe", "poll"}, /* who reads and writes a pipe waits only where the other side is late, as xz does */
	{"pipe2", "poll"},
	{"wait4", "rt_sigsuspend"}, /* a shell whose child has ended already does not wait for the signal */
	/* The C library asks for clone where clone3 is answered with ENOSYS. */
	{"clone3", "clone"},
	/* Which of these is fstat(3) changes with updates of the C library. */
	{"fstat", "newfstatat"},
	{"newfstatat", "fstat"},
};

/* Of a program with threads: a lock that is taken, a stack that is given back, the end of one. */
static const char *const threads[] = {"exit", "futex", "madvise", "mprotect", "sched_yield"};

/* Arguments that go with them; without these the filter would allow all. */
static const struct {
	const char *call;
	enum profile_set_id set;
	const char *text, *reason;
} arguments[] = {
	{"prctl", PROFILE_PRCTL, "0x1", "PR_SET_PDEATHSIG: the runtime"},
	{"madvise", PROFILE_MADVISE, "0x4", "MADV_DONTNEED: the allocator"},
	/* fork(3), posix_spawn(3) and pthread_create(3) of the C libraries, without the signal at the end. */
	{"clone3", PROFILE_CLONE, "0x1200000", "the C library"},
	{"clone3", PROFILE_CLONE, "0x4100", "the C library"},
	{"clone3", PROFILE_CLONE, "0x3d0f00", "the C library"},
	{"clone3", PROFILE_CLONE, "0x7d0f00", "the C library"},
};

/* In every profile of a program that is called by the 32-bit entry: the same under the names that they have there. */
static const char *const always_compat[] = {"mmap2", "sigreturn", "clock_gettime64"};

static bool has(const struct learn *learn, const char *name)
{
	for (const struct learn_fact *fact = learn->first; fact; fact = fact->next)
		if (fact->set == PROFILE_SYSCALLS && strcmp(fact->text, name) == 0)
			return true;
	return false;
}

static bool has_threads(const struct learn *learn)
{
	for (const struct learn_fact *fact = learn->first; fact; fact = fact->next)
		if (fact->set == PROFILE_CLONE && fact->argument[0] & CLONE_THREAD)
			return true;
	return false;
}

static bool has_architectures(const struct learn *learn)
{
	for (const struct learn_fact *fact = learn->first; fact; fact = fact->next)
		if (fact->set == PROFILE_ARCHITECTURES)
			return true;
	return false;
}

static void add_call(struct learn *learn, const char *name)
{
	if (abi_syscall_number(ABI_ARCH_NATIVE, name) != ABI_SYSCALL_NONE)
		facts_put(learn, PROFILE_SYSCALLS, name);
}

static void add_argument(struct learn *learn, enum profile_set_id set, const char *text, const char *reason)
{
	struct learn_fact *fact = facts_put(learn, set, text);

	if (!fact)
		return;
	fact->argument[0] = strtoull(text, NULL, 16);
	if (!fact->reason[0])
		fact->reason = reason;
}

void calls_complete(struct learn *learn)
{
	for (size_t i = 0; i < ARRAY_SIZE(chances); i++)
		if (has(learn, chances[i].seen))
			add_call(learn, chances[i].needed);
	for (size_t i = 0; has_threads(learn) && i < ARRAY_SIZE(threads); i++)
		add_call(learn, threads[i]);
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		add_call(learn, always[i]);
	for (size_t i = 0; has_architectures(learn) && i < ARRAY_SIZE(always_compat); i++)
		facts_put(learn, PROFILE_SYSCALLS, always_compat[i]);
	for (size_t i = 0; learn->calls_unseen && observe_notify_unseen(i); i++)
		add_call(learn, observe_notify_unseen(i));
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		if (has(learn, arguments[i].call))
			add_argument(learn, arguments[i].set, arguments[i].text, arguments[i].reason);
}
