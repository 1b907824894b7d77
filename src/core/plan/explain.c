/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: joins a failed operation to its place in the config and to cause/'s reason. Runs in the runtime, the gate
 * and the child: no allocation.
 */
#include <stddef.h>
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "core/cause/cause.h"
#include "core/filter/filter.h"
#include "core/plan/plan.h"

/* What each kind works on, where the kind alone says it. */
static const enum cause_object objects[OP_KIND_COUNT] = {
	[OP_NS_OPEN] = CAUSE_NAMESPACE,
	[OP_ID_MAPS] = CAUSE_ID_MAP,
	[OP_TIME_OFFSETS] = CAUSE_NAMESPACE,
	[OP_CGROUP_JOIN] = CAUSE_CGROUP_FILE,
	[OP_CGROUP_UNSHARE] = CAUSE_NAMESPACE,
	[OP_MOUNT_APART] = CAUSE_NAMESPACE,
	[OP_NET_UNSHARE] = CAUSE_NAMESPACE,
	[OP_ROOT] = CAUSE_ROOTFS,
	[OP_DIRECTORY] = CAUSE_ROOTFS,
	[OP_LAYER] = CAUSE_OVERLAY,
	[OP_PROCFS] = CAUSE_PROC,
	[OP_MOUNT_TREE] = CAUSE_BIND,
	[OP_REMOUNT] = CAUSE_BIND,
	[OP_DEVICE] = CAUSE_DEVICE,
	[OP_MASK] = CAUSE_TMPFS,
	[OP_READONLY] = CAUSE_BIND,
	[OP_ROOT_ATTR] = CAUSE_ROOTFS,
	[OP_PIVOT] = CAUSE_ROOTFS,
	[OP_CHROOT] = CAUSE_ROOTFS,
	[OP_RLIMIT] = CAUSE_RLIMIT,
	[OP_CPU_AFFINITY] = CAUSE_CPUS,
	[OP_OOM_SCORE] = CAUSE_OOM_SCORE,
	[OP_SYSCTL] = CAUSE_SYSCTL,
	[OP_LABEL] = CAUSE_LABEL,
	[OP_IDS] = CAUSE_SETGROUPS,
	[OP_SECCOMP] = CAUSE_SECCOMP,
	[OP_WATCH] = CAUSE_SECCOMP,
	[OP_EXEC] = CAUSE_PROGRAM,
};

static const struct {
	const char *fs_type;
	enum cause_object object;
} fs_types[] = {
	{"proc", CAUSE_PROC},	{"sysfs", CAUSE_SYSFS},	  {"cgroup2", CAUSE_CGROUP}, {"cgroup", CAUSE_CGROUP},
	{"tmpfs", CAUSE_TMPFS}, {"mqueue", CAUSE_MQUEUE}, {"devpts", CAUSE_DEVPTS},  {"overlay", CAUSE_OVERLAY},
};

static enum cause_object object_of(const struct op *op, const struct err *err)
{
	bool idmapped = (op->kind == OP_TREE && op->tree.idmap != PLAN_NO_IDMAP) ||
			(op->kind == OP_MOUNT_FS && op->mount_fs.idmap != PLAN_NO_IDMAP);

	if (idmapped && strcmp(err->call, "mount_setattr") == 0)
		return CAUSE_IDMAP;
	if (op->kind == OP_TREE && op->where && strncmp(op->where, "/root", 5) == 0)
		return CAUSE_ROOTFS;
	if (op->kind == OP_TREE)
		return op->tree.device || op->tree.null_device ? CAUSE_DEVICE : CAUSE_BIND;
	for (size_t i = 0; op->kind == OP_MOUNT_FS && i < ARRAY_SIZE(fs_types); i++)
		if (strcmp(op->mount_fs.fs_type, fs_types[i].fs_type) == 0)
			return fs_types[i].object;
	return (unsigned int)op->kind < OP_KIND_COUNT ? objects[op->kind] : CAUSE_ANY;
}

const char *plan_filter_refuses(const struct plan *plan, int number, int errnum)
{
	const struct seccomp_data data = {.nr = number, .arch = ABI_ARCH_NATIVE};

	for (size_t i = 0; i < plan->ops_count; i++) {
		const struct op *op = &plan->ops[i];

		if (op->kind == OP_SECCOMP && op->where &&
		    filter_run(op->seccomp.program.instructions, &data, NULL) == (SECCOMP_RET_ERRNO | (uint32_t)errnum))
			return op->where;
	}
	return NULL;
}

/* The filter is loaded before ids change where no_new_privs is off: what comes after it may be refused by it. */
static const char *refused_by_filter(const struct plan *plan, const struct op *op, const struct err *err)
{
	int number = abi_syscall_number(ABI_ARCH_NATIVE, err->call);

	for (const struct op *before = plan->ops; number >= 0 && err->errnum && before < op; before++)
		if (before->kind == OP_SECCOMP)
			return plan_filter_refuses(plan, number, err->errnum);
	return NULL;
}

void plan_explain(const struct plan *plan, const struct op *op, struct err *err)
{
	const char *filter = refused_by_filter(plan, op, err);

	if (filter) {
		err_where(err, "%s#%s", plan->config_name, filter);
		err_why(err, "the system call filter answers %s with this error, and is loaded before", err->call);
		err_fix(err, "allow %s in the filter, or set noNewPrivileges: then it is loaded last", err->call);
		return;
	}
	if (op->where)
		err_where(err, "%s#%s", plan->config_name, op->where);
	cause_explain(err, object_of(op, err), plan->cause_facts);
}
