/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bpf/event: what the programs in the kernel hand to user space, the same for every source of events (ptrace writes
 * these records too). Fixed sizes, no pointers; a record begins with its kind and is never longer than its struct.
 */
#ifndef BULKHEAD_INSIGHT_BPF_EVENT_H
#define BULKHEAD_INSIGHT_BPF_EVENT_H

/* The programs have these from bpf/kernel.bpf.h. */
#ifndef __bpf__
#include <linux/types.h>
#endif

#define OBSERVE_PATH_MAX 256
#define OBSERVE_WALK_MAX 512
#define OBSERVE_GROUPS_MAX 31
#define OBSERVE_EVIDENCE_MAX 6
#define OBSERVE_FILTERS_MAX 8 /* a power of two */
#define OBSERVE_CHUNK 256 /* instructions in one record */
#define OBSERVE_INSTRUCTIONS_MAX 4096
#define OBSERVE_CALLS 512 /* system calls that tables have rows for */

enum observe_kind {
	OBSERVE_READY = 1, /* struct observe_ready: everything that is asked for is attached */
	OBSERVE_REFUSAL,   /* struct observe_refusal: a call came back with an error */
	OBSERVE_SECCOMP_KILL, /* the same struct: a filter ended the process or sent SIGSYS; result is 0 */
	OBSERVE_FILTER,	   /* struct observe_filter: a part of a filter, before the first refusal that names it */
	OBSERVE_SIGNAL,	   /* struct observe_signal: the kernel itself sent one, for a limit */
	OBSERVE_EXEC,	   /* struct observe_process */
	OBSERVE_EXIT,
	OBSERVE_FAILED,	   /* struct observe_failed: the observer could not start */
	OBSERVE_END,	   /* struct observe_end: the last record */
	OBSERVE_SIGHT,	   /* struct observe_sight: something that a program does, for the first time */
	OBSERVE_COUNTS,	   /* struct observe_counts: how often, from time to time and before the end */
	OBSERVE_KIND_COUNT
};

/* Each sees what the one before it does, and more. */
enum observe_tier { OBSERVE_TIER_ROOTLESS, OBSERVE_TIER_TRACEPOINTS, OBSERVE_TIER_PROBES, OBSERVE_TIER_HOOKS };

enum observe_evidence_kind {
	OBSERVE_CAPABILITY = 1, /* a capability was asked for and is missing */
	OBSERVE_HOOK,		/* a function of hooks.inc said no */
};
enum observe_capability_flag {
	OBSERVE_CAP_EFFECTIVE = 1, /* the task has it, in its own user namespace */
	OBSERVE_CAP_BOUNDING = 2,
	OBSERVE_CAP_OWN_NAMESPACE = 4, /* it was asked for against the task's own user namespace */
	OBSERVE_CAP_SILENT = 8,	       /* asked for without intent to log: often only to choose a limit */
	OBSERVE_CAP_PERMITTED = 16,
};

/* A no on the way to the error. */
struct observe_evidence {
	__u16 kind, what; /* what: number of the capability, or row of hooks.inc */
	__s16 result;
	__u16 flags;
	__u32 asked_level, task_level; /* of user namespaces, 0 is the initial one */
	__u32 mode, uid, gid, dev;     /* of the inode that a hook looked at */
	__u64 inode;
};

enum observe_refusal_flag {
	OBSERVE_NO_NEW_PRIVS = 1,
	OBSERVE_COMPAT = 2,	 /* by the 32-bit entry of a 64-bit kernel */
	OBSERVE_FILTERS_CUT = 4, /* there are more filters than filters[] names */
	OBSERVE_FILTERS_UNSEEN = 8, /* there are filters that this source cannot read */
	OBSERVE_SETGROUPS_DENIED = 16,
	OBSERVE_ANSWERED = 32, /* the call succeeds: a message answers it, with this error */
};

#define OBSERVE_EXTENTS_MAX 5 /* as many as the kernel keeps in place */
struct observe_map {
	struct {
		__u32 inside, outside, count;
	} extents[OBSERVE_EXTENTS_MAX];
	__u32 count; /* more than there is room for: unknown */
};

struct observe_refusal {
	__u32 kind, flags;
	__u64 time; /* ns, CLOCK_MONOTONIC */
	__s32 pid, tid; /* as the initial pid namespace counts; those of the tracer's with ptrace */
	char comm[16];
	__s32 number, result; /* the call, and -errno */
	__u64 args[6], instruction_pointer;
	__u32 uid, gid, fsuid, fsgid; /* effective, and for files */
	__u64 effective, permitted, bounding; /* capabilities */
	__u32 user_level, user_inode, mount_inode; /* namespaces */
	__u32 seccomp_mode;
	__u32 filters_count, evidence_count;
	__u32 groups_count, groups[OBSERVE_GROUPS_MAX]; /* supplementary; the count may be higher than there is room */
	struct observe_map uids, gids; /* of its user namespace, to ids of the initial one */
	__u64 limits[16];			       /* soft, by RLIMIT_… */
	__u64 pages, mappings; /* of its address space; 0: not known, look */
	__u64 filters[OBSERVE_FILTERS_MAX]; /* the last loaded first; names of observe_filter records */
	struct observe_evidence evidence[OBSERVE_EVIDENCE_MAX];
	char path[2][OBSERVE_PATH_MAX]; /* arguments that are paths or addresses (struct sockaddr in path[1]),
	 as text */
	/* Where args name a descriptor, or a path is relative to one: the names from it up to the root of the mount
	 * tree,
	 * "c\0b\0a\0" for /a/b/c, at most walk_length bytes. */
	__u32 walk_length;
	char walk[OBSERVE_WALK_MAX];
	__u64 repeated; /* the same refusal came so often before and was not reported */
};

struct observe_instruction {
	__u16 code;
	__u8 jump_true, jump_false;
	__u32 value;
};
struct observe_filter {
	__u32 kind, length; /* length: instructions of the whole filter */
	__u64 name;
	__u32 offset, count; /* of this part */
	struct observe_instruction instructions[OBSERVE_CHUNK];
};

struct observe_signal {
	__u32 kind;
	__s32 pid;
	__s32 signal;
	__u32 unused;
};

enum observe_exit_flag { OBSERVE_EXIT_OOM = 1 };
struct observe_process {
	__u32 kind, flags;
	__u64 time;
	__s32 pid, tid, status; /* of an exit, as waitpid(2) gives it */
	__u32 mount_inode;
	/* Of an exec, the program's file; file_mode 0: not known, look. */
	__u32 file_mode, file_owner, file_group, file_nosuid;
	char comm[16];
	char path[OBSERVE_PATH_MAX]; /* of an exec */
};

struct observe_ready {
	__u32 kind, tier;
	__u32 capability_checks; /* are they seen? */
	__u32 hooks;		 /* how many functions are watched */
	__u32 calls_unseen;	 /* those of observe_notify_unseen are not shown */
	char reason[160];	 /* why the tier is not higher; "" when it is the highest */
};
struct observe_failed {
	__u32 kind;
	__s32 error;
	char call[40], what[160];
};
struct observe_end {
	__u32 kind, unused;
	__u64 seen, lost, limited, repeated; /* refusals; lost: no room; limited: over the rate */
};

/*
 * ---- what learning sends ----
 *
 * One record on the first sighting of each fact, from the first exec of the workload on; a source may send a fact twice, but
 * not each time. Only what the kernel granted is a fact, apart from OBSERVE_SIGHT_CALL and OBSERVE_SIGHT_ARGUMENT, which
 * are whatever was called.
 */
enum observe_sight_set {
	OBSERVE_SIGHT_CALL = 1,	  /* the system call `number` was called */
	OBSERVE_SIGHT_ARGUMENT,	  /* value[]: what a profile compares of the call `number`, under its masks (its row says) */
	OBSERVE_SIGHT_CAPABILITY, /* value[0]: a capability that was asked for and there; number: in which call */
	OBSERVE_SIGHT_SIGNAL,	  /* value[0]: it was sent */
	OBSERVE_SIGHT_FILE,	  /* path: a file was used; access says how, mode what it is (0: not known) */
	OBSERVE_SIGHT_BIND,	  /* value[0]: port, value[1]: address family; path: the address, 4 or 16 bytes */
	OBSERVE_SIGHT_CONNECT,	  /* the same: connected, or sent to */
	OBSERVE_SIGHT_NAMESPACE,  /* value[0]: CLONE_NEW… flags of what was made */
	OBSERVE_SIGHT_LIMIT,	  /* value[0]: RLIMIT_…; value[1]: so much was set, or with OBSERVE_SIGHT_USED taken */
	OBSERVE_SIGHT_NAME,	  /* path: a host name whose address was asked for */
	OBSERVE_SIGHT_SETS
};
enum observe_access {
	OBSERVE_READ = 1, /* opened for reading, or a directory listed */
	OBSERVE_WRITE = 2, /* opened for writing, truncated, made */
	OBSERVE_EXECUTE = 4,
	OBSERVE_REPLACE = 8, /* removed, renamed, or renamed to: its directory is written */
	OBSERVE_MAKE = 16,   /* beside OBSERVE_WRITE: it was not there before */
};
enum observe_sight_flag {
	OBSERVE_SIGHT_COMPAT = 1, /* by the 32-bit entry of a 64-bit kernel: number is of that table */
	OBSERVE_SIGHT_SILENT = 2, /* the capability was only probed for (NOAUDIT): to choose a limit, say */
	OBSERVE_SIGHT_USED = 4,
	/* path is as the program wrote it: links and ".." are in it, and when it is not absolute it begins at walk. Otherwise
	 * path is empty and walk is the file itself, or walk is empty and path is the file itself, without links. */
	OBSERVE_SIGHT_WORDS = 8,
	OBSERVE_SIGHT_HELD = 32, /* OBSERVE_SIGHT_CALL, of sources that see no checks: value[0] is the effective capabilities */
	OBSERVE_SIGHT_WIRE = 64, /* OBSERVE_SIGHT_NAME: as a question of DNS has it, "\3www\7example\3org\0" */
	OBSERVE_SIGHT_CUT = 16, /* the file's name was longer than there was room for */
};
#define OBSERVE_SIGHT_PATH_MAX 4096
struct observe_sight {
	__u32 kind, set;
	__s32 pid, tid; /* as the initial pid namespace counts; those of the tracer's with ptrace */
	char comm[16];
	__s32 number; /* of the system call, -1: none */
	__u32 flags, access, mode;
	__u64 value[2];
	/* What text holds, one behind the other, without a NUL at the end; the record ends there. */
	__u32 path_length;
	__u32 walk_length; /* names from the place up to the root of the mount tree: "c\0b\0a\0" for /a/b/c; 0: the root */
	char text[OBSERVE_SIGHT_PATH_MAX];
};

struct observe_counts {
	__u32 kind, unused;
	__u64 calls, lost; /* system calls, and facts that there was no room for */
	__u64 processes;   /* programs that were executed */
};

/* What a task's mark says; the first member of what the programs keep of it. */
enum observe_mark {
	OBSERVE_WATCHED = 1,
	OBSERVE_ARMED = 2, /* learning: watched from the next program on that it or its children execute */
};

/* What there is to learn from a system call, for the programs in the kernel: filled by user space, which knows names. */
enum observe_lesson_what {
	OBSERVE_LESSON_ARGUMENT = 1,   /* args[index[…]] under mask[…] */
	OBSERVE_LESSON_DESCRIPTOR = 2, /* it returns a new one */
	OBSERVE_LESSON_OPENED = 4,     /* which is of a file with a name */
	OBSERVE_LESSON_CHANGES = 8,    /* its paths are changed: access[…] */
	OBSERVE_LESSON_SIGNAL = 16,    /* args[index[0]] */
	OBSERVE_LESSON_BIND = 32,
	OBSERVE_LESSON_CONNECT = 64,
	OBSERVE_LESSON_NAMESPACES = 128,
	OBSERVE_LESSON_LIMIT = 256,
	OBSERVE_LESSON_SEND = 512, /* to an address, or a question for one: index[0] is an enum observe_send */
};
enum observe_send { OBSERVE_SEND_BYTES, OBSERVE_SEND_TO, OBSERVE_SEND_MESSAGE, OBSERVE_SEND_MESSAGES };
struct observe_lesson {
	__u32 what, arguments; /* arguments: as in struct observe_call */
	/* index[1]: of clone3 1; of a call with two directories the second; of one with limits where the old one goes */
	__u8 index[2], access[2];
	__u32 unused;
	__u64 mask[2];
};

/* Which calls have which arguments, for the programs: filled by user space, which knows names. */
enum observe_argument {
	OBSERVE_ARG_PATH0_SHIFT = 0,   /* 1 + index of an argument that is a path, 0: none; four bits each */
	OBSERVE_ARG_PATH1_SHIFT = 4,
	OBSERVE_ARG_FD_SHIFT = 8,      /* of one that is a descriptor, or the directory of path 0 */
	OBSERVE_ARG_ADDRESS_SHIFT = 12, /* of a struct sockaddr */
};
/* Where a call stands among them: those of the 32-bit entry behind the others, and one without content for all above. */
#define OBSERVE_CALLS_ALL (2 * OBSERVE_CALLS + 1)
#define OBSERVE_CALL_INDEX(number, compat) \
	((number) < OBSERVE_CALLS ? (__u32)(number) + ((compat) ? OBSERVE_CALLS : 0) : 2 * OBSERVE_CALLS)
#define OBSERVE_ERROR_MAX 63 /* the highest that has a bit */
struct observe_call {
	__u64 errors; /* bit n: -n is worth a report for this call, beside those that always are */
	__u32 arguments;
	__u32 sends; /* netlink messages may be refused behind it: an enum observe_sends */
};
enum observe_sends { OBSERVE_SENDS_BYTES = 1, OBSERVE_SENDS_MESSAGE };

#endif
