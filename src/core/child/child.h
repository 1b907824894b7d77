/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child: what runs between clone and execve. Its objects use no malloc, no stdio, no JSON: they walk the plan's
 * operations, stage by stage, and report the first failure whole.
 */
#ifndef BULKHEAD_CORE_CHILD_CHILD_H
#define BULKHEAD_CORE_CHILD_CHILD_H

#include "core/plan/plan.h"

#define CHILD_PID_PLACE "2147483647" /* as wide as a pid can be */

struct child_start {
	const struct plan *plan;
	const char *id;
	int *slots;	      /* fds by slot number, -EBADF when empty; inherited by fork */
	const int *idmap_fds; /* a user namespace for each of plan.idmaps; NULL without */
	int socket_fd;	      /* SOCK_SEQPACKET to the runtime: core/child/protocol.h */
	int start_fd;	      /* listening SOCK_SEQPACKET for OP_WAIT_START; -EBADF without */
	const int *cgroup_fds; /* `tasks` of the v1 hierarchies to join, open for writing */
	size_t cgroup_fds_count;
	const int *namespace_fds; /* GATE: [OCI_NS_COUNT], -EBADF when not joined */
	const char *state_json;	  /* on standard input of hooks that run in the container; NULL without hooks */
	size_t state_json_size;
	char *pid_place; /* in state_json: CHILD_PID_PLACE, which the child overwrites with its own pid; or NULL */
};

/* Entry of the cloned process. Already true: new namespaces of plan.clone_flags; all of the runtime's memory is a
 * private copy; the descriptors of *start are open, all others are CLOEXEC; signals are at their defaults.
 * Never returns: execve, or the end with status 1 after having sent the error. */
_Noreturn void child_main(const struct child_start *start);

/* Entry of the gate: joins namespace_fds (first pass with the runtime's power, then the user namespace, then what was
 * refused), makes plan.gate_unshare, waits for SYNC_ATTACHED where it made a user namespace, clones the container with
 * CLONE_PARENT, sends MESSAGE_CHILD with the child's pidfd, and exits. */
_Noreturn void child_gate_main(const struct child_start *start);

#endif
