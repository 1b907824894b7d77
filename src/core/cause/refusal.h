/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal: why a system call of a contained program was refused, which layer did it, and which setting of which tool would
 * allow it. Pure: from facts that somebody else has gathered (insight/explain), by a table of rows. Where facts do not
 * suffice the answer is a guess that is marked as one, or "cannot tell, because …"; never a certain wrong one.
 */
#ifndef BULKHEAD_CORE_CAUSE_REFUSAL_H
#define BULKHEAD_CORE_CAUSE_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum refusal_layer {
	REFUSAL_UNKNOWN,
	REFUSAL_SECCOMP,
	REFUSAL_CAPABILITY,
	REFUSAL_DAC, /* modes and owners of files */
	REFUSAL_LSM,
	REFUSAL_LANDLOCK,
	REFUSAL_MOUNT,
	REFUSAL_MASKED, /* masked and read-only paths of the config */
	REFUSAL_DEVICES,
	REFUSAL_PIDS,
	REFUSAL_CPUSET,
	REFUSAL_RLIMIT,
	REFUSAL_NETWORK, /* on the way of what is sent */
	REFUSAL_SYSCTL,
	REFUSAL_USER_NAMESPACE,
	REFUSAL_NO_NEW_PRIVS,
	REFUSAL_INODE, /* attributes of a file, seals */
	REFUSAL_PROGRAM, /* what the program does, or what execve was given */
	REFUSAL_MEMORY,
	REFUSAL_KERNEL, /* the kernel itself, for everybody */
	REFUSAL_LAYER_COUNT
};
/* "seccomp", "capability", "file mode", … */
const char *refusal_layer_name(enum refusal_layer layer);

enum refusal_certainty { REFUSAL_UNSURE, REFUSAL_GUESS, REFUSAL_CERTAIN };

/* What is known to be true of the refused call, as bits: more than 64 of them. */
#define REFUSAL_FACT(bit) ((unsigned __int128)1 << (bit))
enum refusal_fact_bit {
	/* seccomp: what the process's filters answer to this very call */
	FACT_FILTER_ERRNO,	/* this error */
	FACT_FILTER_SUPERVISED, /* a supervisor or tracer decides */
	FACT_FILTER_KILLED,
	FACT_FILTER_UNREADABLE, /* there are filters, and they cannot be read */
	FACT_FILTER_DEFAULT,	/* by its default action, not by a rule */
	FACT_FILTER_PROFILE,	/* the containment profile's part of it */
	/* capabilities */
	FACT_CAP_ASKED,	    /* seen: the kernel asked for {capability}, and it is missing */
	FACT_CAP_ELSEWHERE, /* … the process has it in its own user namespace, and another one was asked for */
	FACT_CAP_OUTSIDE,   /* … it was asked for against a user namespace further out than the process's own */
	FACT_CAP_BOUNDING,  /* … it is in the bounding set */
	FACT_NOT_ROOT,	    /* the process is not root of its user namespace */
	FACT_SET_ID_FORBIDDEN, /* its program is set-id or has file capabilities, which no_new_privs makes void */
	FACT_SET_ID_NOSUID,    /* … or its mount */
	FACT_CAP_EXPECTED,  /* not seen: the call needs {capability} by its manual, and the process lacks it there */
	FACT_CAP_SEEN,	    /* capability checks would have been seen */
	/* files */
	FACT_DAC_REFUSES,   /* replayed: modes and owners refuse */
	FACT_DAC_DIRECTORY, /* … at a directory on the way */
	FACT_GONE,	    /* its process ended before its files could be looked at */
	FACT_DAC_ASKED,	    /* seen: the kernel asked for CAP_DAC_… or CAP_FOWNER */
	FACT_NO_X_BIT,	    /* nobody may execute it */
	FACT_STICKY,
	FACT_OWNER_ELSE,    /* the file belongs to another uid */
	FACT_OWNER_UNMAPPED,
	FACT_READ_ONLY,	    /* its mount, or its file system */
	FACT_NOEXEC,
	FACT_NODEV,
	FACT_MASKED,	    /* something is mounted over it */
	FACT_READ_ONLY_PATH, /* a part of procfs or sysfs that is mounted read-only */
	FACT_PROC_SYS,
	FACT_KERNEL_FILES,   /* on procfs or sysfs itself */
	FACT_IMMUTABLE,
	FACT_APPEND_ONLY,
	FACT_SEALED,
	FACT_DEVICE,	    /* a device node */
	FACT_DIRECTORY,
	FACT_NOT_REGULAR,   /* no file with contents: a directory, a device, a pipe */
	FACT_DESCRIPTOR_MODE, /* it was opened for less than what is asked of it now */
	FACT_DESCRIPTOR_SEEN, /* … looked at */
	FACT_MAP_EXECUTABLE,  /* it is to be mapped for execution */
	FACT_MOUNT_OF_ROOT, /* it lies on what is mounted at / */
	FACT_MOUNT_FULL,
	FACT_MOUNT_LOCKED,  /* a mount, in a user namespace, and attributes that may be locked there */
	FACT_NO_MOUNT,	    /* nothing is mounted at this very place */
	FACT_LINK_UNSAFE,   /* protected_hardlinks applies */
	FACT_SYMLINK_UNSAFE,
	FACT_REGULAR_UNSAFE, /* protected_regular, protected_fifos */
	/* programs */
	FACT_PROGRAM_MISSING,
	FACT_INTERPRETER_MISSING, /* of a script */
	FACT_LOADER_MISSING,
	FACT_INTERPRETER_DENIED, /* it is there, and may not be executed */
	FACT_CARRIAGE_RETURN,	 /* at the end of the first line */
	FACT_WRONG_MACHINE,
	FACT_NO_PROGRAM,    /* neither ELF nor script */
	/* limits */
	FACT_PIDS_FULL,	    /* the pids cgroup has no room */
	FACT_NPROC_FULL,
	FACT_NOFILE_FULL,
	FACT_NOFILE_FREE, /* looked at: there are descriptors left */
	FACT_MEMLOCK,	    /* over RLIMIT_MEMLOCK */
	FACT_FSIZE,
	FACT_ADDRESS_SPACE,
	FACT_ADDRESS_SPACE_SEEN, /* looked at: it would be over the limit */
	FACT_MAPS_FULL,	    /* vm.max_map_count */
	FACT_KILLED_CPU,    /* the kernel ended it for its limits, or for want of memory */
	FACT_KILLED_FSIZE,
	FACT_KILLED_MEMORY,
	/* ids and namespaces */
	FACT_ID_UNMAPPED,
	FACT_SETGROUPS_DENIED,
	FACT_USERNS_FULL,   /* user.max_user_namespaces is 0 or reached */
	FACT_USERNS_OFF,    /* kernel.unprivileged_userns_clone is 0 */
	FACT_USERNS_APPARMOR, /* kernel.apparmor_restrict_unprivileged_userns */
	FACT_PROC_COVERED,  /* the procfs that it sees has mounts over it */
	FACT_MULTITHREADED,
	FACT_PIDNS_CHILDREN, /* its children live in another pid namespace than it does */
	FACT_PING_SOCKET,
	FACT_INTERNET,	    /* the address is one of IPv4 or IPv6 */
	FACT_ANSWERED,	    /* the call itself came back well: the no is in a message that answers it */
	FACT_IMPLEMENTED,   /* this kernel has the call */
	/* switches of the kernel */
	FACT_IO_URING_OFF,
	FACT_PERF_PARANOID,
	FACT_BPF_OFF,
	FACT_PTRACE_SCOPE,
	/* seen: functions that said no */
	FACT_HOOK_LSM,
	FACT_HOOK_BPF, /* a program of the BPF LSM */
	FACT_HOOK_LANDLOCK,
	FACT_HOOK_DEVICES,
	FACT_HOOK_PIDS,
	FACT_LANDLOCK_ALONE, /* no capability, and no other security module is active that could refuse it */
	FACT_HOOKS_SEEN, /* they would have been seen */
	FACT_BIT_COUNT
};

/* Texts that sentences hold as {name}; NULL where unknown: a row that needs one that is NULL does not match. */
enum refusal_text {
	TEXT_CALL,
	TEXT_PATH,	 /* of the object */
	TEXT_COMPONENT,	 /* the part of it that refuses */
	TEXT_MODE,	 /* "0600" */
	TEXT_OWNER,	 /* "0:0" */
	TEXT_IDS,	 /* "1000:1000", of the process */
	TEXT_CAPABILITY, /* "NET_RAW" */
	TEXT_ERROR,	 /* "EPERM" */
	TEXT_FILTER,	 /* "the container's filter" */
	TEXT_POINTER,	 /* of the rule in the container's config: "config.json#/linux/seccomp/syscalls/3" */
	TEXT_CONDITION,	 /* of the rule: "argument 0 == 40" */
	TEXT_ARGUMENT,	 /* what the filter looked at: "argument 0 is 0x10" */
	TEXT_MODULE,	 /* "AppArmor" */
	TEXT_LABEL,	 /* of the process there */
	TEXT_LIMIT,
	TEXT_ID,	 /* that is not mapped */
	TEXT_SYSCTL,
	TEXT_INTERPRETER,
	TEXT_MACHINE,
	TEXT_MOUNT,	 /* mount point that decides */
	TEXT_PORT,
	TEXT_GRANT,	 /* "SYS_ADMIN": with it the engines' own filters allow the call */
	TEXT_RULE,	 /* of a containment profile: "rules.files.read" */
	TEXT_ENTRY,	 /* that it lacks there */
	TEXT_COUNT
};

struct refusal_facts {
	const char *call;
	int errnum; /* positive; 0 for a kill */
	unsigned __int128 facts;
	const char *texts[TEXT_COUNT];
};

/* In place of a tool's words where it has none; behind it stands why. */
#define REFUSAL_NO_WAY "none: "

/* In the words of each tool. Of two with the same key the first counts where the texts in its words for engines are known. */
struct refusal_remedy {
	const char *key; /* in rows */
	const char *bulkhead, *oci, *engine, *kubernetes;
	const char *host; /* what only the host or the image can do; NULL: the tools suffice */
};

struct refusal_row {
	const char *cause; /* a name that never changes: "capability-elsewhere" */
	enum refusal_layer layer;
	uint64_t errors;   /* bit n: errno n; 0: any */
	const char *calls; /* names with a blank around each; NULL: any */
	const char *capability; /* NULL: any */
	unsigned __int128 facts, without; /* all of these hold, and none of those */
	unsigned __int128 sure;	   /* certain when these hold as well */
	enum refusal_certainty otherwise;
	const char *why, *remedy, *cost;
	const char *never; /* without a remedy: why nothing can allow it */
};
extern const struct refusal_row refusal_rows[];
extern const size_t refusal_rows_count;
extern const struct refusal_remedy refusal_remedies[];
extern const size_t refusal_remedies_count;

#define REFUSAL_SENTENCE_MAX 512
struct refusal_verdict {
	const char *cause;
	enum refusal_layer layer;
	enum refusal_certainty certainty;
	char why[REFUSAL_SENTENCE_MAX];
	char bulkhead[REFUSAL_SENTENCE_MAX], oci[REFUSAL_SENTENCE_MAX], engine[REFUSAL_SENTENCE_MAX],
		kubernetes[REFUSAL_SENTENCE_MAX], host[REFUSAL_SENTENCE_MAX]; /* REFUSAL_NO_WAY … where a tool cannot */
	char cost[REFUSAL_SENTENCE_MAX];  /* what granting it gives away */
	char never[REFUSAL_SENTENCE_MAX]; /* why nothing can grant it; "" when something can, or it is not known */
};
/* The first row that matches; there is always one, and at the end one that says why it cannot tell. */
void refusal_explain(const struct refusal_facts *facts, struct refusal_verdict *ret);

/* What a holder of the capability ("NET_RAW") can do with it that the container should not. */
const char *refusal_capability_cost(const char *capability);
/* The capability that the call needs by its manual, when it was not seen which was asked for; NULL: none, or it depends.
 * *ret_of_host: in the first user namespace, so that one that is held in another does not count. */
const char *refusal_capability_of(const char *call, bool *ret_of_host);

#endif
