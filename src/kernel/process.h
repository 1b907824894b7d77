/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/process: making, finding and signalling processes. Thin, -errno. */
#ifndef BULKHEAD_KERNEL_PROCESS_H
#define BULKHEAD_KERNEL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* clone3(2) without shared memory. flags: CLONE_NEW…, CLONE_PARENT; CLONE_PIDFD is added. into_cgroup_fd: -EBADF for
 * none. 0 in the child; the pid in the parent with *ret_pidfd (CLOEXEC); -errno. */
pid_t process_clone(uint64_t flags, int into_cgroup_fd, int *ret_pidfd);

/*
 * The caller goes on on another CPU, when `child` waits for the caller's and others are idle: a new process often gets its
 * maker's CPU (in virtual machines nearly always, because a halted CPU counts as taken there) and begins only when the
 * maker sleeps. For speed alone, so nothing fails; what the caller may run on is afterwards what it was, and so it is for
 * the child at all times.
 */
void process_give_way(uint64_t childs_cpu);

int process_pidfd_open(pid_t pid);
int process_pidfd_signal(int pidfd, int signal);
/* The pid of a pidfd as this process's pid namespace sees it, from /proc/self/fdinfo; -ESRCH when it has ended. */
pid_t process_pidfd_pid(int pidfd);
/* Wait for a child by pidfd: *ret_status as waitpid(2) gives it. EINTR retried. */
int process_pidfd_wait(int pidfd, int *ret_status);

/* Field 22 of /proc/PID/stat (clock ticks since boot) and its state letter (field 3). -ESRCH when there is none. */
int process_stat(pid_t pid, uint64_t *ret_start_time, char *ret_state);
/* The number in one field of it, from field 4 on (proc(5)); -EPROTO for a negative one. */
int process_stat_number(pid_t pid, int field, uint64_t *ret);
/* Several of them, from one reading: the kernel takes its time for it. */
#define PROCESS_STAT_START     22 /* when it began, in clock ticks since boot */
#define PROCESS_STAT_PROCESSOR 39 /* the CPU on which it runs or waits */
int process_stat_numbers(pid_t pid, const int *fields, uint64_t *ret, size_t count);
/* Has it memory of its own program (/proc/PID/exe)? false also where this process may not look. */
bool process_has_executable(pid_t pid);

int process_set_dumpable(bool dumpable);
int process_set_parent_death_signal(int signal); /* 0: none */
int process_set_name(const char *name); /* /proc/PID/comm; cut after 15 bytes */
/* close_range(2), both ends included. */
int process_close_range(unsigned int first, unsigned int last);
int process_cloexec_from(unsigned int first);
/* Every signal at its default and none blocked. */
int process_reset_signals(void);
/* The process ends at this signal with 128 + its number: the first one of a pid namespace would not hear it otherwise.
 * execve takes it back. */
int process_end_at(int signal);
/* exit_group(2) for a process of one thread that may be held by a filter already. Where the filter lets it neither end nor
 * be told so, it dies of SIGILL: _exit would try again for ever. */
_Noreturn void process_exit(int status);
/* faccessat2(2) with the effective ids: may path be executed? 0 or -errno. */
int process_may_execute(const char *path);
/* getcwd(2) as the kernel says it: begins with "(unreachable)" when the directory is not below the root. */
int process_get_cwd(char *buf, size_t size);
int process_prlimit(pid_t pid, int resource, uint64_t soft, uint64_t hard);
/* All limits of a process, by the number of the resource, from /proc/PID/limits: prlimit(2) would need CAP_SYS_RESOURCE for
 * another user's. UINT64_MAX: none. Returns their number. */
#define PROCESS_LIMITS_MAX 16
struct process_limit {
	uint64_t soft, hard;
};
int process_get_limits(pid_t pid, struct process_limit limits[PROCESS_LIMITS_MAX]);
/* Without a name: a name could be one that somebody else has made for us to join. */
int process_new_session_keyring(void);
int process_set_personality(unsigned long persona);
int process_set_io_priority(int class, int priority);
/* sched_setattr(2) for the calling thread. */
int process_set_scheduler(uint32_t policy, int32_t nice, int32_t priority, uint64_t flags, uint64_t runtime,
			  uint64_t deadline, uint64_t period);
/* sched_setaffinity(2) for the calling thread; CPU n is bit n. */
int process_set_affinity(const unsigned long *bits, size_t bits_count);
int process_set_memory_policy(int mode, unsigned int flags, const unsigned long *nodes, unsigned long nodes_bits);

#endif
