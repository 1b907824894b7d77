/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prepare: the PREPARE operations: host paths become detached trees, namespaces to join are opened and their type is
 * checked, id maps of mounts become user namespaces, time offsets a time namespace for the children. Runs in the runtime,
 * before the clone; all of it is descriptors, which vanish with this process.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "core/child/tree.h"
#include "core/engine/parts.h"
#include "kernel/namespace.h"
#include "kernel/process.h"

static int open_idmaps(struct launch *launch, struct err *err)
{
	const struct plan *plan = launch->plan;

	for (size_t i = 0; i < plan->idmaps_count; i++) {
		int fd = namespace_user_for_maps(&plan->idmaps[i].uid, &plan->idmaps[i].gid);

		if (fd < 0) {
			err_sys(err, fd, "clone3", "cannot make a user namespace for an idmapped mount");
			return err_fix(err, "look at the sysctl user.max_user_namespaces, and at the mount's mappings");
		}
		launch->idmap_fds[i] = fd;
	}
	return 0;
}

bool prepare_is_own(int ns_fd, int own_dir_fd, const char *name)
{
	struct stat own, other;

	return fstatat(own_dir_fd, name, &own, 0) == 0 && fstat(ns_fd, &other) == 0 && own.st_ino == other.st_ino &&
	       own.st_dev == other.st_dev;
}

static int open_namespace(struct launch *launch, const struct op *op, struct err *err)
{
	const char *path = op->ns_open.path.text, *name = oci_namespace_name(op->ns_open.ns);
	int fd cleanup_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), own_fd cleanup_fd = -EBADF;
	int64_t type;

	if (fd < 0) {
		err_sys(err, errno, "openat", "cannot open the %s namespace %s", name, path);
		return err_fix(err, "check the path; the process that it belongs to must be running");
	}
	type = namespace_type(fd);
	if (type < 0 || (uint64_t)type != oci_namespace_clone_flag(op->ns_open.ns)) {
		err_set(err, ERR_CONFIG, "%s is not a %s namespace", path, name);
		err_why(err, type < 0 ? "it is no namespace at all" : "it is a namespace of another type");
		return err_fix(err, "name a file such as /proc/PID/ns/%s, or a bind mount of one",
			       op->ns_open.ns == OCI_NS_NETWORK ? "net" : op->ns_open.ns == OCI_NS_MOUNT ? "mnt" : name);
	}
	own_fd = open("/proc/self/ns", O_DIRECTORY | O_CLOEXEC);
	if (op->ns_open.ns == OCI_NS_USER && prepare_is_own(fd, own_fd, name))
		return 0;
	launch->namespace_fds[op->ns_open.ns] = fd_take(&fd);
	return 0;
}

static int offset_text(char *text, size_t size, const char *clock, const struct oci_time_offset *offset)
{
	if (!offset->set)
		return 0;
	return snprintf(text, size, "%s %" PRId64 " %" PRIu32 "\n", clock, offset->seconds, offset->nanoseconds);
}

static int make_time_namespace(struct launch *launch, const struct op *op, struct err *err)
{
	char text[128] = "";
	int result, length;

	launch->time_fd = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	result = namespace_unshare(oci_namespace_clone_flag(OCI_NS_TIME));
	if (result < 0)
		return err_sys(err, result, "unshare", "cannot make a time namespace");
	length = offset_text(text, sizeof(text), "monotonic", &op->time_offsets.monotonic);
	offset_text(text + length, sizeof(text) - (size_t)length, "boottime", &op->time_offsets.boottime);
	if (!text[0])
		return 0;
	result = fd_write_text_at(AT_FDCWD, "/proc/self/timens_offsets", text);
	if (result < 0) {
		err_sys(err, result, "write", "cannot set the time offsets");
		if (result == -ERANGE)
			err_why(err, "the clock would be negative, or too far in the future");
		return ERR;
	}
	return 0;
}

/* What the clone inherits; this process ends soon, or waits. */
static int set_affinity(const struct launch *launch, const struct op *op, struct err *err)
{
	int result = process_set_affinity(op->cpu_affinity.bits, op->cpu_affinity.bits_count);

	engine_debug(launch->engine, "nsexec: affinity: 0x%lx (CPUs %s)", op->cpu_affinity.bits[0],
		     op->cpu_affinity.text);
	return result < 0 ? err_sys(err, result, "sched_setaffinity", "cannot run on the CPUs %s", op->cpu_affinity.text)
			  : 0;
}

int launch_prepare(struct launch *launch, struct err *err)
{
	const struct plan *plan = launch->plan;

	if (open_idmaps(launch, err))
		return ERR;
	for (size_t i = 0; i < plan->ops_count && plan->ops[i].stage == PLAN_PREPARE; i++) {
		const struct op *op = &plan->ops[i];
		int result = 0;

		if (op->kind == OP_TREE)
			result = child_open_tree(plan, op, launch->slots, launch->idmap_fds, err);
		else if (op->kind == OP_NS_OPEN)
			result = open_namespace(launch, op, err);
		else if (op->kind == OP_CPU_AFFINITY)
			result = set_affinity(launch, op, err);
		else if (op->kind == OP_TIME_OFFSETS)
			result = make_time_namespace(launch, op, err);
		if (result) {
			plan_explain(plan, op, err);
			return ERR;
		}
	}
	return 0;
}
