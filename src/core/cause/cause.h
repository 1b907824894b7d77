/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cause: a table of refusals: which call, which errno, under which circumstances → why, and what to do. Pure.
 * Of our own failures; what the programs of containers are refused stands in refusal.h, beside it. No sentence is in
 * both.
 */
#ifndef BULKHEAD_CORE_CAUSE_CAUSE_H
#define BULKHEAD_CORE_CAUSE_CAUSE_H

#include <stdint.h>

#include "base/err.h"

/* Circumstances, as bits: what the one who asks knows to be true. */
enum cause_fact {
	CAUSE_USER_NAMESPACE = 1 << 0,	 /* the container has a user namespace of its own */
	CAUSE_NO_PID_NAMESPACE = 1 << 1, /* … and these namespaces are not its own */
	CAUSE_NO_NETWORK_NAMESPACE = 1 << 2,
	CAUSE_NO_IPC_NAMESPACE = 1 << 3,
	CAUSE_NO_CGROUP_NAMESPACE = 1 << 4,
	CAUSE_ROOTLESS = 1 << 5,     /* the runtime has no CAP_SYS_ADMIN in the initial user namespace */
	CAUSE_NO_SYS_RESOURCE = 1 << 6,
	CAUSE_NO_NEW_PRIVS_OFF = 1 << 7,
	CAUSE_NESTED = 1 << 8, /* the runtime itself is inside a user namespace */
};

/* What the failing call worked on, when errno alone does not tell. */
enum cause_object {
	CAUSE_ANY,
	CAUSE_PROC,
	CAUSE_SYSFS,
	CAUSE_CGROUP,
	CAUSE_TMPFS,
	CAUSE_MQUEUE,
	CAUSE_DEVPTS,
	CAUSE_OVERLAY,
	CAUSE_BIND,
	CAUSE_IDMAP,
	CAUSE_DEVICE,
	CAUSE_ID_MAP,
	CAUSE_SETGROUPS,
	CAUSE_RLIMIT,
	CAUSE_OOM_SCORE,
	CAUSE_CPUS,
	CAUSE_SYSCTL,
	CAUSE_LABEL,
	CAUSE_SECCOMP,
	CAUSE_PROGRAM,
	CAUSE_CGROUP_FILE,
	CAUSE_NAMESPACE,
	CAUSE_ROOTFS,
	CAUSE_DISK,
	CAUSE_OBJECT_COUNT
};

/* Fill err.why and err.fix, where empty, from the first row that matches err.call, err.errnum, object and facts. */
void cause_explain(struct err *err, enum cause_object object, uint32_t facts);

#endif
