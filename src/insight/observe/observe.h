/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe: refusals, kills and the life of processes, as the kernel sees them, from a process of any runtime.
 *
 * The BPF programs are loaded and held by a helper program (bulkhead-observe in libexec), so that `bulkhead` links no
 * libbpf and the power to load them ends with the helper. Nothing is pinned: when the helper or its caller ends, in
 * whatever
 * way, nothing stays attached. Without privilege ptrace(2) stands in, for a program that is started here (trace.c).
 */
#ifndef BULKHEAD_INSIGHT_OBSERVE_OBSERVE_H
#define BULKHEAD_INSIGHT_OBSERVE_OBSERVE_H

#include <linux/filter.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "insight/bpf/event.h"

/* How a file is opened, among the flags of open; O_ACCMODE of musl has O_PATH in it. */
#define OBSERVE_OPEN_MODES 3

/* ---- calls.c: what is looked at in which system call. Pure ---- */

struct observe_row {
	const char *name;
	uint8_t path[2], fd, address; /* 1 + index of the argument, 0: none; fd: also the directory of path[0] */
	uint64_t errors;	      /* bit n: -n is reported, beside observe_errors_always */
};

/* How a call means to use the file that it names first, as enum observe_access; 0: it names none, or uses nothing of it. */
uint32_t observe_access_of(const char *name, const uint64_t args[6]);
/* Bits of the errors that every call's refusal has: EPERM, EACCES, EROFS, ENOSYS. */
extern const uint64_t observe_errors_always;
/* The row of a call by its name, NULL when it has none. */
const struct observe_row *observe_row(const char *name);
/* The name of a call by the machine's own table or, compat, by that of the 32-bit entry; NULL: none. */
const char *observe_call_name(int number, bool compat);
/* What the programs in the kernel look up, by OBSERVE_CALL_INDEX. */
void observe_fill_calls(struct observe_call calls[OBSERVE_CALLS_ALL]);
/*
 * What a call of the 32-bit entry is called where it has grown: "stat64" is stat, "chown32" chown. name itself where it is
 * the same, or is known on neither.
 */
const char *observe_native_name(const char *name);
/* lessons.c: the same of what there is to learn from it. Pure. */
void observe_fill_lessons(struct observe_lesson lessons[2 * OBSERVE_CALLS]);

/* ---- what is looked at ---- */

struct observe_target {
	const pid_t *pids; /* and what they start from now on */
	size_t pids_count;
	uint32_t mount_inode;  /* of a mount namespace: all in it; 0: none */
	uint64_t cgroup;       /* id of a cgroup of version 2 and its depth: all below it; 0: none */
	uint32_t cgroup_level;
	enum observe_tier tier_max;
	bool learn; /* what they do, instead of what they are refused */
	bool armed; /* with learn: the pids only from the next program on that they or their children execute */
};

/* One record, as it came. */
union observe_record {
	__u32 kind;
	struct observe_ready ready;
	struct observe_refusal refusal;
	struct observe_filter filter;
	struct observe_signal signal;
	struct observe_process process;
	struct observe_failed failed;
	struct observe_end end;
	struct observe_sight sight;
	struct observe_counts counts;
};
/* Bytes of the record that begins here and of which so many are there; 0 when it is none, or not whole. */
size_t observe_record_size(const void *record, size_t available);
/* The helper sends as many in one message as it has; each begins at a multiple of eight. */
#define OBSERVE_BATCH_MAX ((size_t)64 << 10)

/* ---- client.c: the helper's caller ---- */

struct observe {
	pid_t helper;
	int fd; /* records come in */
	struct observe_ready ready;
	char *batch; /* a message, and what of it was taken */
	size_t batch_size, batch_used;
};
#define OBSERVE_INIT ((struct observe){.fd = -EBADF})

/*
 * Start the helper and wait until it watches. Errors: ERR_UNSUPPORTED when it is not installed or the kernel lets
 * nothing be
 * loaded, with the reason; ERR_KERNEL otherwise. The caller calls observe_done in any case.
 */
int observe_start(struct observe *observe, const struct observe_target *target, struct err *err);
/* The next record within timeout_ms (-1: however long). 1 with a record, 0 without, ERR. After OBSERVE_END there is
 * none. */
int observe_next(struct observe *observe, int timeout_ms, union observe_record *ret, struct err *err);
/* No more is to be watched: what is on the way still comes, and OBSERVE_END last. */
void observe_stop(struct observe *observe);
void observe_done(struct observe *observe);

/* ---- trace.c: without privilege ---- */

/*
 * Run a command and trace it and all that it starts (ptrace(2)): every refusal with its process standing still, so
 * that it
 * can be looked at, at the price of two stops a system call. Programs with set-id bits gain nothing while traced.
 * take gets
 * the records, OBSERVE_READY first. *ret_status: as waitpid(2) gives it. Errors: ERR_KERNEL.
 */
typedef void observe_take_fn(void *context, const union observe_record *record);
int observe_trace(char **argv, observe_take_fn *take, void *context, int *ret_status, struct err *err);

/* ---- notify.c: what a program does, without privilege ---- */

/* Calls that the filter below does not show: every program needs them or may, and they say nothing. NULL behind the last. */
const char *observe_notify_unseen(size_t index);
#define OBSERVE_NOTIFY_FILTER_MAX 64
/* The filter that sends all other calls to a supervisor (SECCOMP_RET_USER_NOTIF). Returns its length. */
/* traced: only execve, from which on the supervisor traces the program (ptrace(2)): slower, and it sees what is refused. */
uint16_t observe_notify_filter(struct sock_filter instructions[OBSERVE_NOTIFY_FILTER_MAX], bool traced);
/*
 * Start the supervisor, a child of this process. The listener of the filter, loaded by whatever becomes the workload,
 * is to be sent to *ret_watch_fd as SCM_RIGHTS in a message of one byte; sights begin with the first execve that comes
 * from it. Close *ret_watch_fd when it is sent, or when the workload could not be started. Records come by observe_next;
 * the caller calls observe_done in any case. Errors: ERR_KERNEL, ERR_UNSUPPORTED before Linux 5.5.
 */
int observe_notify_start(struct observe *observe, bool traced, int *ret_watch_fd, struct err *err);

/* ---- hurry.c ---- */

/*
 * Who watches has to be faster than who is watched: a process that ends at once is gone before it can be looked at. In a
 * hurry this process goes before all that is not in real time, otherwise it is one of many. Without privilege nothing changes.
 */
void observe_hurry(bool hurry);

/* ---- subject.c: what a record says of a process, from its files in procfs ---- */

void observe_command_of(pid_t tid, char comm[16]);
/* The process of a thread; the thread itself when that is not known. */
pid_t observe_group_of(pid_t tid);
uint64_t observe_capabilities_of(pid_t tid); /* effective */
/* A string of its memory, cut at size. */
void observe_read_text(pid_t tid, uint64_t address, char *buf, size_t size);
void observe_describe(struct observe_refusal *record);

/* ---- loader.c: the helper's side, the only one with libbpf ---- */

/* Load, attach, and write records to fd until the other end closes or shuts it. The exit status. */
int observe_serve(const struct observe_target *target, int fd);

#endif
