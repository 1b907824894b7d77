/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: a short-lived process between the runtime and the container: it joins the namespaces that exist already, makes
 * those that must belong to a new user namespace, clones the container as its own sibling, and ends.
 *
 * Order: dumpable off (threats D4) → joins with the runtime's power → the user namespace → what was refused before →
 * the mount namespace → new namespaces → id maps → time offsets → clone. The child waits until the gate has said who
 * it is, so that messages keep their order.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <unistd.h>

#include "base/format.h"
#include "core/child/parts.h"
#include "kernel/namespace.h"
#include "kernel/process.h"

struct gate {
	const struct child_start *start;
	const struct plan *plan;
	struct channel channel;
	int offsets_fd; /* /proc/self/timens_offsets, opened with the runtime's power; -EBADF without OP_TIME_OFFSETS */
	const struct op *offsets;
};

static int cannot_join(const struct gate *gate, enum oci_namespace_kind kind, int errnum, struct err *err)
{
	const struct plan *plan = gate->plan;

	err_sys(err, errnum, "setns", "cannot join the %s namespace", oci_namespace_name(kind));
	if (errnum == -EPERM)
		err_why(err, "CAP_SYS_ADMIN is needed in the user namespace that owns it%s",
			kind == OCI_NS_USER ? "" : "; joining that user namespace too would give it");
	if (errnum == -EINVAL && kind == OCI_NS_USER)
		err_why(err, "it is the user namespace that the runtime is in already");
	/* Its place in the config. */
	for (size_t i = 0; i < plan->ops_count; i++)
		if (plan->ops[i].kind == OP_NS_OPEN && plan->ops[i].ns_open.ns == kind)
			plan_explain(plan, &plan->ops[i], err);
	return ERR;
}

static int join(const struct gate *gate, enum oci_namespace_kind kind)
{
	return namespace_join(gate->start->namespace_fds[kind], oci_namespace_clone_flag(kind));
}

/* Everything but user and mount; refused[kind] is set instead of failing when a user namespace may still give power. */
static int join_others(const struct gate *gate, bool may_refuse, bool *refused, struct err *err)
{
	for (int kind = 0; kind < OCI_NS_COUNT; kind++) {
		int result;

		if (kind == OCI_NS_USER || kind == OCI_NS_MOUNT || gate->start->namespace_fds[kind] < 0)
			continue;
		if (!may_refuse && !refused[kind])
			continue;
		result = join(gate, (enum oci_namespace_kind)kind);
		refused[kind] = may_refuse && result == -EPERM;
		if (result < 0 && !refused[kind])
			return cannot_join(gate, (enum oci_namespace_kind)kind, result, err);
	}
	return 0;
}

static int join_all(const struct gate *gate, struct err *err)
{
	const int *fds = gate->start->namespace_fds;
	bool refused[OCI_NS_COUNT] = {false};
	int result;

	for (int kind = 0; kind < OCI_NS_COUNT; kind++)
		refused[kind] = fds[OCI_NS_USER] < 0;
	if (join_others(gate, fds[OCI_NS_USER] >= 0, refused, err))
		return ERR;
	if (fds[OCI_NS_USER] >= 0) {
		result = join(gate, OCI_NS_USER);
		if (result < 0)
			return cannot_join(gate, OCI_NS_USER, result, err);
		child_become_root();
		/* A change of ids makes it dumpable or not by the machine's setting, and takes the signal back. */
		process_set_dumpable(false);
		process_set_parent_death_signal(SIGKILL);
		if (join_others(gate, false, refused, err))
			return ERR;
	}
	/* Last: it changes what every path means. */
	result = fds[OCI_NS_MOUNT] >= 0 ? join(gate, OCI_NS_MOUNT) : 0;
	return result < 0 ? cannot_join(gate, OCI_NS_MOUNT, result, err) : 0;
}

static int offsets_failed(const struct gate *gate, int errnum, const char *call, struct err *err)
{
	child_failed(gate->offsets, errnum, call, err);
	plan_explain(gate->plan, gate->offsets, err);
	return ERR;
}

static int open_offsets(struct gate *gate, struct err *err)
{
	cleanup_fd int proc_fd = -EBADF;
	struct procfs procfs;
	int result;

	for (size_t i = 0; i < gate->plan->ops_count; i++)
		if (gate->plan->ops[i].kind == OP_TIME_OFFSETS && gate->plan->ops[i].stage == PLAN_GATE)
			gate->offsets = &gate->plan->ops[i];
	if (!gate->offsets)
		return 0;
	/* The host's own: nothing was joined yet, and without privilege the file opens only while this process may be
	 * dumped. */
	result = process_set_dumpable(true);
	if (result < 0)
		return offsets_failed(gate, result, "prctl", err);
	proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return offsets_failed(gate, errno, "open", err);
	result = procfs_adopt(proc_fd, &procfs);
	if (result == 0)
		result = gate->offsets_fd = procfs_open(&procfs, "self/timens_offsets", O_WRONLY);
	return result < 0 ? offsets_failed(gate, result, "open", err) : 0;
}

static int write_offsets(const struct gate *gate, struct err *err)
{
	const struct oci_time_offset *monotonic, *boottime;
	char text[128];
	size_t length = 0;
	int result;

	if (!gate->offsets)
		return 0;
	monotonic = &gate->offsets->time_offsets.monotonic;
	boottime = &gate->offsets->time_offsets.boottime;
	if (monotonic->set)
		length += format_text(text, sizeof(text), "monotonic %lld %u\n", (long long)monotonic->seconds,
				      monotonic->nanoseconds);
	if (boottime->set)
		length += format_text(text + length, sizeof(text) - length, "boottime %lld %u\n",
				      (long long)boottime->seconds, boottime->nanoseconds);
	if (length == 0)
		return 0;
	result = fd_write_all(gate->offsets_fd, text, length);
	return result < 0 ? offsets_failed(gate, result, "write", err) : 0;
}

static int make_namespaces(struct gate *gate, struct err *err)
{
	bool new_user = gate->plan->gate_unshare & CLONE_NEWUSER;
	int result;

	if (!gate->plan->gate_unshare)
		return 0;
	result = namespace_unshare(gate->plan->gate_unshare);
	if (result < 0)
		return err_sys(err, result, "unshare", "cannot make the container's new namespaces");
	if (!new_user)
		return 0;
	/* A runtime without privilege may write the maps of a process that may be dumped, only. */
	result = process_set_dumpable(true);
	if (result == 0)
		result = channel_send(&gate->channel, MESSAGE_SYNC, SYNC_ATTACHED, NULL, -EBADF);
	if (result < 0)
		return err_sys(err, result, "sendmsg", "cannot tell the runtime to map the container's ids");
	if (child_wait_go(&gate->channel, SYNC_ATTACHED, err))
		return ERR;
	child_become_root();
	result = process_set_dumpable(false);
	return result < 0 ? err_sys(err, result, "prctl", "cannot protect the process that joins namespaces") : 0;
}

/* The child's first step: the gate has closed its end of the pipe, so its message is under way. */
static _Noreturn void begin(const struct gate *gate, int ready_fd)
{
	struct channel channel = gate->channel;
	char byte;

	while (read(ready_fd, &byte, sizeof(byte)) < 0 && errno == EINTR)
		;
	fd_close(&ready_fd);
	channel.sent++;
	child_run(gate->start, &channel);
}

static int clone_container(struct gate *gate, struct err *err)
{
	cleanup_fd int ready_fd = -EBADF, pidfd = -EBADF;
	int pipe_fds[2], result;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe2", "cannot make the container's process");
	ready_fd = pipe_fds[0];
	/* On cgroup2 it inherits the cgroup, into which the gate itself was born. */
	pid = process_clone(gate->plan->clone_flags | CLONE_PARENT, -EBADF, &pidfd);
	if (pid < 0) {
		err_sys(err, pid, "clone3", "cannot make the container's process");
		return pid == -ENOMEM ? err_why(err, "the first process of the joined pid namespace has ended") : ERR;
	}
	if (pid == 0) {
		fd_close(&pipe_fds[1]);
		begin(gate, fd_take(&ready_fd));
	}
	result = channel_send(&gate->channel, MESSAGE_CHILD, 0, NULL, pidfd);
	return result < 0 ? err_sys(err, result, "sendmsg", "cannot tell the runtime who the container is") : 0;
}

/* Before anything is joined: the files of the cgroups open for the runtime's own id, and a cgroup namespace to join
 * may only be entered from below its root. */
static int join_cgroups(const struct gate *gate, struct err *err)
{
	struct child child = {.start = gate->start, .plan = gate->plan};

	for (size_t i = 0; i < gate->plan->ops_count && gate->plan->ops[i].stage <= PLAN_GATE; i++) {
		const struct op *op = &gate->plan->ops[i];

		if (op->kind != OP_CGROUP_JOIN || child_cgroup_join(&child, op, err) == 0)
			continue;
		plan_explain(gate->plan, op, err);
		return ERR;
	}
	return 0;
}

static int pass(struct gate *gate, struct err *err)
{
	int result;

	if (open_offsets(gate, err))
		return ERR;
	result = process_set_dumpable(false);
	if (result == 0)
		result = process_set_parent_death_signal(SIGKILL);
	if (result < 0)
		return err_sys(err, result, "prctl", "cannot protect the process that joins namespaces");
	if (join_cgroups(gate, err) || join_all(gate, err) || make_namespaces(gate, err) || write_offsets(gate, err))
		return ERR;
	return clone_container(gate, err);
}

_Noreturn void child_gate_main(const struct child_start *start)
{
	struct gate gate = {
		.start = start, .plan = start->plan, .channel = {.fd = start->socket_fd}, .offsets_fd = -EBADF};
	struct err err;

	if (pass(&gate, &err)) {
		channel_send(&gate.channel, MESSAGE_ERROR, 0, &err, -EBADF);
		_exit(1);
	}
	_exit(0);
}
