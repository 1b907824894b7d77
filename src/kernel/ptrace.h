/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/ptrace: stop a process for as long as its seccomp filters are read (ptrace(2)). It goes on when it is let go, and
 * when this process ends. -errno. */
#ifndef BULKHEAD_KERNEL_PTRACE_H
#define BULKHEAD_KERNEL_PTRACE_H

#include <linux/filter.h>
#include <linux/ptrace.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* PTRACE_SEIZE: attached, and still running. */
int ptrace_attach(pid_t pid);
/* PTRACE_INTERRUPT, then wait at most deadline_ms for it to stop. *ret_signal: what it must be let go with.
 * -ETIMEDOUT when
 * it does not stop (frozen, or in a call that cannot be interrupted), -ESRCH when it ended. */
int ptrace_stop(pid_t pid, unsigned int deadline_ms, int *ret_signal);
/* Instructions of the index-th filter, 0 being the last that was loaded; the caller has room for them all; NULL:
 * counted alone.
 * -ENOENT behind the first filter, -EACCES without CAP_SYS_ADMIN or under a filter of one's own. */
int ptrace_filter(pid_t pid, unsigned long index, struct sock_filter *instructions);
int ptrace_let_go(pid_t pid, int signal);

/* ---- a process from its beginning, and all that it starts ---- */

/* Attach to a process that runs: as ptrace_take, from its next execve on. */
int ptrace_follow(pid_t pid);
/* A stopped job stays stopped, and is heard of when it goes on. */
int ptrace_listen(pid_t pid);

/* In the child: let the parent trace it, and wait for the parent. */
int ptrace_offer(void);
/* Of the waiting child: its children are traced too, all end with the tracer, system calls stop twice. */
int ptrace_take(pid_t pid);
/* On to the next system call, with this signal (0: none). */
int ptrace_go_on(pid_t pid, int signal);
/* At which end of which call it has stopped. */
int ptrace_call(pid_t pid, struct ptrace_syscall_info *ret);
int ptrace_message(pid_t pid, unsigned long *ret); /* of an event: a pid, or an exit status */
/* Copy from its memory; bytes copied, fewer where its memory ends. */
ssize_t ptrace_read(pid_t pid, uint64_t address, void *buf, size_t size);

#endif
