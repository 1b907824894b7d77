/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child: the entry of the cloned process, and the walk over the plan's operations. Runs between clone and execve.
 *
 * What is already true at the entry stands in child.h. The list holds operations for other processes too; those of the
 * stages below are this one's. The first failure is sent whole to the runtime, or to `start` once it has connected, and
 * ends the process; nothing is undone here, because everything made so far dies with the namespaces.
 */
#include "core/child/child.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "core/child/parts.h"
#include "kernel/process.h"

/* clang-format off */
static child_handler *const handlers[OP_KIND_COUNT] = {
	[OP_TREE]           = child_tree,
	[OP_SYNC]           = child_sync,
	[OP_CGROUP_JOIN]    = child_cgroup_join,
	[OP_CGROUP_UNSHARE] = child_cgroup_unshare,
	[OP_NET_UNSHARE]    = child_net_unshare,
	[OP_HOSTNAME]       = child_hostname,
	[OP_DOMAINNAME]     = child_domainname,
	[OP_LOOPBACK_UP]    = child_loopback_up,
	[OP_MOUNT_APART]    = child_mount_apart,
	[OP_ROOT]           = child_root,
	[OP_UNPACK]         = child_unpack,
	[OP_LAYER]          = child_layer,
	[OP_PROCFS]         = child_procfs,
	[OP_MOUNT_FS]       = child_mount_fs,
	[OP_MOUNT_TREE]     = child_mount_tree,
	[OP_REMOUNT]        = child_remount,
	[OP_DEVICE]         = child_device,
	[OP_SYMLINK]        = child_symlink,
	[OP_DIRECTORY]      = child_directory,
	[OP_MASK]           = child_mask,
	[OP_READONLY]       = child_readonly,
	[OP_HOOKS]          = child_hooks,
	[OP_ROOT_ATTR]      = child_root_attr,
	[OP_PIVOT]          = child_pivot,
	[OP_CHROOT]         = child_chroot,
	[OP_RLIMIT]         = child_rlimit,
	[OP_OOM_SCORE]      = child_oom_score,
	[OP_WAIT_START]     = child_wait_start,
	[OP_SYSCTL]         = child_sysctl,
	[OP_CONSOLE]        = child_console,
	[OP_CPU_AFFINITY]   = child_cpu_affinity,
	[OP_SCHEDULER]      = child_scheduler,
	[OP_IO_PRIORITY]    = child_io_priority,
	[OP_PERSONALITY]    = child_personality,
	[OP_MEMORY_POLICY]  = child_memory_policy,
	[OP_KEYRING]        = child_keyring,
	[OP_SETSID]         = child_setsid,
	[OP_UMASK]          = child_umask,
	[OP_LABEL]          = child_label,
	[OP_BOUNDING]       = child_bounding,
	[OP_IDS]            = child_ids,
	[OP_CAPABILITIES]   = child_capabilities,
	[OP_CWD]            = child_working_directory,
	[OP_NO_NEW_PRIVS]   = child_no_new_privs,
	[OP_VERIFY]         = child_verify,
	[OP_LANDLOCK_BEGIN] = child_landlock_begin,
	[OP_LANDLOCK_PATH]  = child_landlock_path,
	[OP_LANDLOCK_PORT]  = child_landlock_port,
	[OP_LANDLOCK]       = child_landlock,
	[OP_SECCOMP]        = child_seccomp,
	[OP_WATCH]          = child_seccomp,
	[OP_CLOSE_FDS]      = child_close_fds,
	[OP_INIT]           = child_init,
	[OP_EXEC]           = child_exec,
};

static const bool stage_is_ours[PLAN_STAGE_COUNT] = {
	[PLAN_ISOLATE] = true,
	[PLAN_MOUNT]   = true,
	[PLAN_ENTER]   = true,
	[PLAN_START]   = true,
	[PLAN_DROP]    = true,
	[PLAN_EXEC]    = true,
};
/* clang-format on */

int child_failed(const struct op *op, int errnum, const char *call, struct err *err)
{
	char text[256];

	plan_op_text(op, text, sizeof(text));
	return err_sys(err, errnum, call, "cannot %s", text);
}

int child_check(const struct op *op, int result, const char *call, struct err *err)
{
	return result < 0 ? child_failed(op, result, call, err) : 0;
}

static int carry_out(struct child *child, const struct op *op, struct err *err)
{
	child_handler *handler = handlers[op->kind];

	if (handler)
		return handler(child, op, err);
	child_failed(op, 0, "", err);
	err->kind = ERR_INTERNAL;
	return err_why(err, "this operation does not belong into the stage %s", plan_stage_name(op->stage));
}

/* The runtime may have died between the clone and the parent death signal. */
static bool runtime_is_gone(int socket_fd)
{
	char byte;

	return recv(socket_fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) == 0;
}

/*
 * A process that may not be dumped is safe from ptrace and from /proc/PID/fd (threats D4). Its id maps could then not
 * be written by a runtime without privilege, so that a new user namespace comes first: OP_SYNC sees to it.
 */
static bool maps_are_pending(const struct plan *plan)
{
	return plan->clone_flags & CLONE_NEWUSER;
}

static int prepare(struct child *child, struct err *err)
{
	int result = process_set_parent_death_signal(SIGKILL);

	if (runtime_is_gone(child->channel.fd))
		process_exit(1);
	if (result == 0 && !maps_are_pending(child->plan))
		result = process_set_dumpable(false);
	if (result == 0)
		result = process_reset_signals();
	if (result < 0)
		return err_sys(err, result, "prctl", "cannot protect the process that sets up the container");
	/* Modes of what is made are meant as they stand; OP_PIVOT and OP_UMASK set the mask that the program gets. */
	umask(0);
	if (child->plan->purpose != PLAN_FOR_EXEC)
		return 0;
	child->root.fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	umask(0022);
	return child->root.fd < 0 ? err_sys(err, errno, "open", "cannot open the root of the container") : 0;
}

/* From START on it may outlive the runtime: by then its state must hold it. Before a filter that may refuse to wait. */
static int await_record(struct child *child, const struct op *op, struct err *err)
{
	if (op->stage < PLAN_START || child->recorded || child->plan->purpose != PLAN_FOR_CREATE)
		return 0;
	child->recorded = true;
	return child_wait_go(&child->channel, SYNC_RECORDED, err);
}

/* Returns only on failure: OP_EXEC replaces the process. */
static void walk(struct child *child, struct err *err)
{
	const struct plan *plan = child->plan;

	if (prepare(child, err))
		return;
	for (size_t i = 0; i < plan->ops_count; i++) {
		const struct op *op = &plan->ops[i];

		if (!stage_is_ours[op->stage])
			continue;
		if (await_record(child, op, err) || carry_out(child, op, err)) {
			plan_explain(plan, op, err);
			return;
		}
	}
	err_set(err, ERR_CONFIG, "there is no program to run");
	err_where(err, "%s#/process", plan->config_name);
	err_why(err, "the config has no process");
	err_fix(err, "add process.args");
}

/* Hooks inside see the container's first process under its own pid, as other runtimes show it. */
static void put_own_pid(char *place)
{
	char digits[sizeof(CHILD_PID_PLACE)];

	if (!place)
		return;
	format_text(digits, sizeof(digits), "%10d", getpid());
	memcpy(place, digits, sizeof(digits) - 1);
}

_Noreturn void child_run(const struct child_start *start, const struct channel *channel)
{
	/* Large, and the process is alone and lives once: not on the stack. */
	static struct child child;
	static struct err err;

	child = (struct child){
		.start = start,
		.plan = start->plan,
		.channel = *channel,
		.root.fd = -EBADF,
		.mount_ns_fd = -EBADF,
		.procfs.fd = -EBADF,
		.dev_fd = -EBADF,
		.mask_fd = -EBADF,
		.landlock_fd = -EBADF,
		.status_fd = -EBADF,
	};
	put_own_pid(start->pid_place);
	walk(&child, &err);
	channel_send(&child.channel, MESSAGE_ERROR, 0, &err, -EBADF);
	process_exit(1);
}

_Noreturn void child_main(const struct child_start *start)
{
	struct channel channel = {.fd = start->socket_fd};

	child_run(start, &channel);
}
