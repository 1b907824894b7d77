/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts: child/'s own header: what its files share. Every handler carries out one kind of operation: 0, or ERR with
 * *err set. None allocates; what must be as large as the config (argument lists) is mapped.
 */
#ifndef BULKHEAD_CORE_CHILD_PARTS_H
#define BULKHEAD_CORE_CHILD_PARTS_H

#include <limits.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/types.h"
#include "core/child/child.h"
#include "core/child/protocol.h"
#include "kernel/procfs.h"
#include "kernel/rootfs.h"

struct child {
	const struct child_start *start;
	const struct plan *plan;
	struct channel channel;
	struct rootfs root;   /* fd -EBADF before OP_ROOT; exec: "/" of the joined mount namespace */
	int mount_ns_fd;      /* the runtime's mount namespace between OP_MOUNT_APART and OP_PIVOT; else -EBADF */
	struct procfs procfs; /* fd -EBADF before OP_PROCFS */
	int dev_fd;	      /* the tmpfs on /dev of ours; -EBADF without */
	int mask_fd;	      /* the tmpfs that masks directories; -EBADF until one was needed */
	bool working_directory_made, in_directory;
	bool recorded; /* the runtime has said so */
	/* Opened before the filter, which may refuse that; else -EBADF. */
	int landlock_fd; /* the ruleset between OP_LANDLOCK_BEGIN and OP_LANDLOCK */
	int status_fd; /* self/status of procfs */
	bool null_attached; /* OP_MASK's null_slot lies on a masked file already */
	char program[PATH_MAX]; /* what OP_EXEC executes; "" until it was looked for */
	char **args, **env;	/* with it; mapped at the same time */
	char home[PATH_MAX];	/* "HOME=…"; "" where the plan does not want it looked up */
};

typedef int child_handler(struct child *child, const struct op *op, struct err *err);

/* The one who clones hands over the connection as it stands: the gate has already spoken on it. */
_Noreturn void child_run(const struct child_start *start, const struct channel *channel);

/* ERR with "cannot OPERATION", the call and errnum (either sign). */
int child_failed(const struct op *op, int errnum, const char *call, struct err *err);
/* The same for a result of kernel/: 0 when it is not negative. */
int child_check(const struct op *op, int result, const char *call, struct err *err);

/* isolate.c */
child_handler child_tree, child_cgroup_join, child_cgroup_unshare, child_net_unshare, child_hostname,
	child_domainname, child_loopback_up;
/* mount.c */
child_handler child_root, child_procfs, child_mount_fs, child_mount_tree;
/* unpack.c */
child_handler child_unpack;
/* layer.c */
child_handler child_layer;
/* device.c */
child_handler child_device, child_symlink, child_directory;
/* paths.c */
child_handler child_remount, child_mask, child_readonly;
/* enter.c */
child_handler child_mount_apart, child_root_attr, child_pivot, child_chroot, child_working_directory;
/* console.c */
child_handler child_console;
/* hook.c */
child_handler child_hooks;
/* sync.c */
child_handler child_sync, child_wait_start;
/* process.c */
child_handler child_rlimit, child_oom_score, child_sysctl, child_cpu_affinity, child_scheduler, child_io_priority,
	child_personality, child_memory_policy, child_keyring, child_setsid, child_umask, child_close_fds;
/* label.c */
child_handler child_label;
/* credentials.c */
child_handler child_ids, child_capabilities, child_bounding, child_no_new_privs;
/* verify.c */
child_handler child_verify;
/* init.c: returns in the process that shall execute the program; the one that stays does not. */
child_handler child_init;
/* exec.c */
child_handler child_seccomp, child_exec;
/* landlock.c */
child_handler child_landlock_begin, child_landlock_path, child_landlock_port, child_landlock;

/* Become root of the user namespace just entered, as far as it has one. */
void child_become_root(void);

/* attach.c: put a detached mount where op's target says; a missing target is made, as a directory or as a file. */
struct attach {
	int mount_fd;
	struct root_path target;
	int into_slot;
	bool directory; /* what the mount's root is */
	bool no_follow;
	bool may_make;
	bool plain; /* no component of target may be a symlink */
};
int child_attach(struct child *child, const struct op *op, const struct attach *attach, struct err *err);
/* The O_PATH directory of into_slot, with the last component of path in name. */
int child_slot_parent(struct child *child, const struct op *op, int into_slot, const char *path,
		      char name[NAME_MAX + 1], struct err *err);
/* mount_setattr for attributes and propagation, which may differ in reach. -errno. */
int child_set_attr(int mount_fd, const struct op_attr *attr);

/* inside.c: OP_TREE of what lies in the container's own root. */
child_handler child_tree_inside;
/* inside.c: move the container's tree from "/" to path on the host, and back: what runs meanwhile looks for it there. */
int child_show_tree(struct child *child, const char *path, int *ret_slash_fd, struct err *err);
int child_take_tree_back(struct child *child, int slash_fd, struct err *err);

/* copy_up.c: copy what is in the directory from_fd into the directory to_fd. -errno. */
int child_copy_up(int from_fd, int to_fd);

/* verify.c: have both lists the same groups, each as often? */
bool child_same_groups(const struct container_id *planned, size_t planned_count, const struct container_id *actual,
		       size_t actual_count);

/* exec.c: a NULL-terminated copy of the list, mapped, with room for one more; NULL when memory is gone. */
char **child_pointers(const struct strings *list);

/* exec.c: what can be told before the wait for `start`: that the container has no such program. What the container's
 * user may not execute is told when that user tries. */
int child_expect_program(struct child *child, struct err *err);
/* exec.c: do now what comes after op and could be refused by what op begins. */
int child_look_ahead(struct child *child, const struct op *op, struct err *err);
/* label.c: set the labels once before the wait for `start`, which then need not tell that the policy has none such. */
int child_expect_labels(struct child *child, struct err *err);
/* process.c: raise the hard limits that will be set, so that what may not be is told before the wait for `start`. */
int child_raise_limits(struct child *child, struct err *err);

/* exec.c: the HOME that the program of op, an OP_EXEC, gets besides its environment; NULL when that has it. */
const char *child_home(struct child *child, const struct op *op);
/* home.c: "HOME=" and the home directory of uid in the container's /etc/passwd, "/" where it names none. */
void child_find_home(const struct rootfs *root, uid_t uid, char *text, size_t size);

/* channel.c: wait for MESSAGE_GO of this point. */
int child_wait_go(struct channel *channel, uint32_t point, struct err *err);

#endif
