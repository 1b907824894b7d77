// SPDX-License-Identifier: Apache-2.0
/*
 * learn/calls: system calls that were not seen and are needed all the same: those that the C library makes in the place of
 * one that was seen, or when memory is short or a lock is taken; and what a runtime still calls when the filter is loaded.
 * A table; pure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/types.h"
#include "insight/learn/parts.h"

/* Another version, another setting, or another architecture uses the next one for the same. */
static const char *const variants[] = {
	"access faccessat faccessat2",
	"chmod fchmodat",
	"chown fchownat lchown",
	"clone fork vfork",
	"dup2 dup3",
	"epoll_create epoll_create1",
	"epoll_pwait epoll_wait",
	"eventfd eventfd2",
	"fstat newfstatat stat lstat statx",
	"getdents getdents64",
	"inotify_init inotify_init1",
	"link linkat",
	"mkdir mkdirat",
	"nanosleep clock_nanosleep",
	"open openat",
	"pipe pipe2 poll ppoll", /* who reads and writes a pipe waits only where the other side is late, as xz does */
	"readlink readlinkat",
	"rename renameat renameat2",
	"rmdir unlink unlinkat",
	"rt_sigaction rt_sigprocmask rt_sigreturn",
	"select pselect6",
	"signalfd signalfd4",
	"symlink symlinkat",
	"wait4 waitid rt_sigsuspend", /* a shell whose child has ended already does not wait for the signal */
	"accept accept4",
	"pread64 preadv",
	"sendto sendmsg",
	"recvfrom recvmsg",
};

/*
 * Whether a program makes these depends on its memory, its locks, its clock and on signals, not on what it does: the
 * allocator, abort(3), a mutex that is taken, a clock that the kernel has to be asked for, a call that a signal interrupted.
 * execve and what follows it belong to every start.
 */
static const char base[] = "arch_prctl brk clock_getres clock_gettime close execve exit exit_group futex getcpu getpid "
			   "getrandom gettid gettimeofday madvise mmap mprotect mremap munmap prlimit64 read "
			   "restart_syscall rseq rt_sigprocmask rt_sigreturn sched_yield set_robust_list "
			   "set_tid_address tgkill time write writev";

/* Between its filter and execve our runtime needs close, write and sendmsg; others look at the file once more, change their
 * directory, or put the last capabilities down. */
static const char runtime[] = "capget capset chdir fchdir fcntl fstat fstatfs getdents64 getppid newfstatat openat "
			      "prctl sendmsg setgid setgroups setresgid setresuid setuid statx umask";

/* Arguments that go with them; without these the filter would allow all. */
static const struct {
	enum profile_set_id set;
	const char *text, *reason;
} arguments[] = {
	{PROFILE_MADVISE, "0x4", "MADV_DONTNEED: the allocator"},
	{PROFILE_FCNTL, "0x1", "F_GETFD"},
	{PROFILE_FCNTL, "0x2", "F_SETFD"},
	{PROFILE_FCNTL, "0x3", "F_GETFL"},
	{PROFILE_FCNTL, "0x4", "F_SETFL"},
	{PROFILE_PRCTL, "0x1", "PR_SET_PDEATHSIG: the runtime"},
	{PROFILE_PRCTL, "0x4", "PR_SET_DUMPABLE: the runtime"},
	{PROFILE_PRCTL, "0x8", "PR_SET_KEEPCAPS: the runtime"},
	{PROFILE_PRCTL, "0xf", "PR_SET_NAME"},
	{PROFILE_PRCTL, "0x16", "PR_SET_SECCOMP: the runtime"},
	{PROFILE_PRCTL, "0x17", "PR_CAPBSET_READ: the runtime"},
	{PROFILE_PRCTL, "0x18", "PR_CAPBSET_DROP: the runtime"},
	{PROFILE_PRCTL, "0x26", "PR_SET_NO_NEW_PRIVS: the runtime"},
	{PROFILE_PRCTL, "0x2f", "PR_CAP_AMBIENT: the runtime"},
};

/* fork(3), posix_spawn(3) and pthread_create(3) of the C libraries, without the signal at the end. */
static const char *const clone_flags[] = {"0x1200000", "0x4100", "0x3d0f00", "0x7d0f00"};

static bool has(const struct learn *learn, const char *name)
{
	for (const struct learn_fact *fact = learn->first; fact; fact = fact->next)
		if (fact->set == PROFILE_SYSCALLS && strcmp(fact->text, name) == 0)
			return true;
	return false;
}

/* Adds the words of a list; with `seen` only if one of them was. */
static void add_words(struct learn *learn, const char *words, bool seen)
{
	char name[64];

	for (int pass = seen ? 0 : 1; pass < 2; pass++) {
		bool found = false;

		for (const char *at = words; *at; at += strspn(at, " ")) {
			size_t length = strcspn(at, " ");

			snprintf(name, sizeof(name), "%.*s", (int)length, at);
			at += length;
			if (pass == 0)
				found = found || has(learn, name);
			else if (abi_syscall_number(ABI_ARCH_NATIVE, name) != ABI_SYSCALL_NONE)
				facts_put(learn, PROFILE_SYSCALLS, name);
		}
		if (pass == 0 && !found)
			return;
	}
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
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++)
		add_words(learn, variants[i], true);
	add_words(learn, base, false);
	add_words(learn, runtime, false);
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		add_argument(learn, arguments[i].set, arguments[i].text, arguments[i].reason);
	/* Where clone3 is answered with ENOSYS, clone is asked. */
	if (has(learn, "clone3"))
		add_words(learn, "clone", false);
	for (size_t i = 0; has(learn, "clone") && i < ARRAY_SIZE(clone_flags); i++)
		add_argument(learn, PROFILE_CLONE, clone_flags[i], "the C library");
}
