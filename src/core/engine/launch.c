/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch: from a plan to a process. Runs in the runtime: opens what the plan wants (prepare.c), clones once, serves the
 * child's messages (talk.c). All memory is allocated before the clone. On failure nothing that was cloned is left.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/namespace.h"
#include "kernel/process.h"

/* A pid in the state JSON for hooks in the container that is replaced by the child's own, of as many digits. */
#define PID_PLACE 2147483647
/* No other member can look like it: quotes in a string are escaped. */
#define PID_MEMBER "\"pid\":"

int launch_begin(struct launch *launch, struct arena *arena, struct err *err)
{
	const struct plan *plan = launch->plan;

	for (int i = 0; i < OCI_NS_COUNT; i++)
		launch->namespace_fds[i] = -EBADF;
	launch->slots = arena_calloc(arena, (size_t)plan->slots_count + 1, sizeof(int));
	launch->idmap_fds = arena_calloc(arena, plan->idmaps_count + 1, sizeof(int));
	if (!launch->slots || !launch->idmap_fds)
		return err_set(err, ERR_INTERNAL, "out of memory while making the container");
	for (int i = 0; i < plan->slots_count; i++)
		launch->slots[i] = -EBADF;
	for (size_t i = 0; i < plan->idmaps_count; i++)
		launch->idmap_fds[i] = -EBADF;
	return 0;
}

/* What the child inherited: held any longer, it would pin the container's mounts and namespaces. */
static void close_inherited(struct launch *launch)
{
	if (launch->slots)
		for (int i = 0; i < launch->plan->slots_count; i++)
			fd_close(&launch->slots[i]);
	if (launch->idmap_fds)
		for (size_t i = 0; i < launch->plan->idmaps_count; i++)
			fd_close(&launch->idmap_fds[i]);
	if (launch->slots)
		for (int i = 0; i < OCI_NS_COUNT; i++)
			fd_close(&launch->namespace_fds[i]);
	fd_close(&launch->time_fd);
}

void launch_done(struct launch *launch)
{
	close_inherited(launch);
	fd_close(&launch->net_fd);
	fd_close(&launch->pidfd);
	fd_close(&launch->gate_pidfd);
	fd_close(&launch->console_fd);
	fd_close(&launch->start_fd);
	fd_close(&launch->channel.fd);
	buf_done(&launch->state_json);
}

static void kill_and_reap(int *pidfd)
{
	int status;

	if (*pidfd < 0)
		return;
	process_pidfd_signal(*pidfd, SIGKILL);
	process_pidfd_wait(*pidfd, &status);
	fd_close(pidfd);
}

void launch_kill(struct launch *launch)
{
	fd_close(&launch->channel.fd);
	net_devices_return(launch);
	/* The gate first: it may be about to make the child, which then sees the closed socket. */
	kill_and_reap(&launch->gate_pidfd);
	kill_and_reap(&launch->pidfd);
}

static bool has_container_hooks(const struct plan *plan)
{
	return plan->purpose == PLAN_FOR_CREATE && plan->hooks &&
	       (plan->hooks[OCI_HOOK_CREATE_CONTAINER].count || plan->hooks[OCI_HOOK_START_CONTAINER].count);
}

/* Where the state has the pid, which only the container's first process knows: its own, as it sees it. */
static char *pid_place(const struct launch *launch)
{
	char *place = launch->state_json.data ? strstr(launch->state_json.data, PID_MEMBER CHILD_PID_PLACE) : NULL;

	return place ? place + sizeof(PID_MEMBER) - 1 : NULL;
}

_Noreturn static void be_child(struct launch *launch, int socket_fd, const int *cgroup_fds, size_t cgroup_fds_count)
{
	struct child_start start = {
		.plan = launch->plan,
		.id = launch->state->id,
		.slots = launch->slots,
		.idmap_fds = launch->idmap_fds,
		.socket_fd = socket_fd,
		.start_fd = launch->start_fd,
		.cgroup_fds = cgroup_fds,
		.cgroup_fds_count = cgroup_fds_count,
		.namespace_fds = launch->namespace_fds,
		.state_json = launch->state_json.data,
		.state_json_size = launch->state_json.length,
		.pid_place = pid_place(launch),
	};

	/* Its own copy of the runtime's end would keep the end of file from it. */
	fd_close(&launch->channel.fd);
	if (launch->plan->gate)
		child_gate_main(&start);
	child_main(&start);
}

/* Settings that switch namespaces off, with the value that does. */
static const struct {
	uint64_t flag;
	const char *path, *value, *why, *fix;
} switches[] = {
	{CLONE_NEWUSER, "/proc/sys/user/max_user_namespaces", "0",
	 "user namespaces are switched off here: the sysctl user.max_user_namespaces is 0",
	 "as root: sysctl -w user.max_user_namespaces=15000; for good, as a line in /etc/sysctl.d"},
	{CLONE_NEWUSER, "/proc/sys/kernel/unprivileged_userns_clone", "0",
	 "user namespaces are for root alone here: the sysctl kernel.unprivileged_userns_clone is 0",
	 "as root: sysctl -w kernel.unprivileged_userns_clone=1; for good, as a line in /etc/sysctl.d"},
	{CLONE_NEWUSER, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
	 "AppArmor keeps user namespaces here from programs without a profile that allows them: "
	 "kernel.apparmor_restrict_unprivileged_userns is 1",
	 "a profile with \"userns,\" for this program in /etc/apparmor.d; or, for all: sysctl -w "
	 "kernel.apparmor_restrict_unprivileged_userns=0"},
	{CLONE_NEWNET, "/proc/sys/user/max_net_namespaces", "0",
	 "network namespaces are switched off here: the sysctl user.max_net_namespaces is 0",
	 "as root: sysctl -w user.max_net_namespaces=15000; for good, as a line in /etc/sysctl.d"},
};

/* What keeps the namespaces from being made, where a setting says so. */
static bool explain_switch(uint64_t flags, struct err *err)
{
	char text[16];

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		ssize_t length = fd_read_text_at(AT_FDCWD, switches[i].path, text, sizeof(text));

		if (!(flags & switches[i].flag) || length <= 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, switches[i].value) != 0)
			continue;
		err_why(err, "%s", switches[i].why);
		err_fix(err, "%s", switches[i].fix);
		return true;
	}
	return false;
}

static int clone_failed(uint64_t flags, int errnum, struct err *err)
{
	bool refused = errnum == -EPERM || errnum == -EACCES, full = errnum == -ENOSPC || errnum == -EUSERS;

	err_sys(err, errnum, "clone3", "cannot make the container's process");
	if ((refused || full) && explain_switch(flags, err))
		return ERR;
	if (refused && flags & CLONE_NEWUSER) {
		err_why(err, "a security module or a filter of system calls, perhaps of a container that this runs in, "
			     "refuses user namespaces");
		err_fix(err, "run it outside, or let that container make them (--security-opt seccomp=unconfined)");
	} else if (refused) {
		err_why(err, "making namespaces needs CAP_SYS_ADMIN, or a user namespace that may be made here");
		err_fix(err, "run it as root, or add {\"type\": \"user\"} to linux.namespaces");
	}
	if (full) {
		err_why(err, "a limit on the number or the nesting of namespaces is reached");
		err_fix(err, "look at the sysctls user.max_*_namespaces");
	}
	if (errnum == -ENOSYS) {
		err_why(err, "the kernel has no clone3 (it came with Linux 5.3), or a filter of system calls hides it");
		err_fix(err, "run it outside of that container, or start that with --security-opt seccomp=unconfined");
	}
	if (errnum == -EBUSY) {
		err_why(err, "its cgroup shares out controllers to sub-cgroups: cgroup2 lets no process into it besides");
		err_fix(err, "give --cgroup one of the sub-cgroups");
	}
	if (errnum == -EAGAIN || errnum == -ENOMEM) {
		err_why(err, "the limit of processes (RLIMIT_NPROC, pids.max of this cgroup) or memory is reached");
		err_fix(err, "end other processes, or raise the limit");
	}
	return ERR;
}

/* What the child writes itself into, opened here: on v1 the kernel asks what the opener may do, and the child may already
 * be nobody on the host. `tasks`, not cgroup.procs: it has one thread, and cgroup.procs waits for a grace period of the
 * whole machine. */
static int open_join_files(const struct launch *launch, int *ret_fds, size_t *ret_count, struct err *err)
{
	size_t count = cgroup_join_fds(launch->cgroup, ret_fds, CGROUP_HIERARCHIES_MAX);

	for (size_t i = 0; i < count; i++) {
		ret_fds[i] = openat(ret_fds[i], "tasks", O_WRONLY | O_CLOEXEC);
		if (ret_fds[i] < 0)
			return err_sys(err, errno, "openat", "cannot open tasks of the cgroup %s", launch->cgroup->path);
	}
	*ret_count = count;
	return 0;
}

/* Its start time is for the state; where it runs, for getting out of its way. */
static void look_at_child(struct launch *launch, pid_t pid)
{
	static const int fields[] = {PROCESS_STAT_START, PROCESS_STAT_PROCESSOR};
	uint64_t numbers[ARRAY_SIZE(fields)];

	if (process_stat_numbers(pid, fields, numbers, ARRAY_SIZE(fields)) < 0)
		return;
	process_give_way(numbers[1]);
	if (!launch->plan->gate)
		launch->pid_start_time = numbers[0];
}

void launch_debug_child(const struct launch *launch)
{
	engine_debug(launch->engine, "child process in init(): pid %d carries out its part of the plan", launch->pid);
}

static void debug_begin(const struct launch *launch)
{
	const struct plan *plan = launch->plan;

	for (size_t i = 0; i < plan->ops_count; i++)
		if (plan->ops[i].kind == OP_SECCOMP)
			engine_debug(launch->engine, "seccomp filter flags: %u", plan->ops[i].seccomp.flags);
	engine_debug(launch->engine, "nsexec container setup: clone3 of %s, with the flags 0x%llx",
		     plan->gate ? "a gate into joined namespaces" : "its process",
		     (unsigned long long)(plan->gate ? 0 : plan->clone_flags));
}

static void debug_end(const struct launch *launch)
{
	if (launch->plan->purpose == PLAN_FOR_EXEC)
		engine_debug(launch->engine, "setns_init: about to exec: all of the plan is done");
	else
		engine_debug(launch->engine, "init: closing the pipe to signal completion: all of the plan is done");
}

static int clone_child(struct launch *launch, struct err *err)
{
	int cgroup_fds[CGROUP_HIERARCHIES_MAX], sockets[2], pidfd = -EBADF;
	bool gate = launch->plan->gate;
	size_t count = 0;
	pid_t pid;

	if (!launch->plan->cgroup_late && open_join_files(launch, cgroup_fds, &count, err))
		return ERR;
	if (has_container_hooks(launch->plan)) {
		struct state state = *launch->state;

		state.pid = PID_PLACE;
		if (hooks_state_json(&launch->state_json, &state, STATE_CREATING, launch->config, err))
			return ERR;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
		return err_sys(err, errno, "socketpair", "cannot make the socket to the container's process");
	launch->channel.fd = sockets[0];
	/* The gate is born in the cgroup too, and its child inherits that: with the container's namespaces joined it could
	 * not bring one in from outside (EACCES in a user namespace; ENOENT in the cgroup namespace under nsdelegate). */
	pid = process_clone(gate ? 0 : launch->plan->clone_flags, cgroup_into_fd(launch->cgroup), &pidfd);
	if (pid == 0)
		be_child(launch, sockets[1], cgroup_fds, count);
	if (pid > 0)
		look_at_child(launch, pid);
	fd_close(&sockets[1]);
	for (size_t i = 0; i < count; i++)
		fd_close(&cgroup_fds[i]);
	/* The runtime goes back to its own time: its hooks must not see the container's. */
	if (launch->time_fd >= 0)
		namespace_join(launch->time_fd, oci_namespace_clone_flag(OCI_NS_TIME));
	if (pid < 0)
		return clone_failed(gate ? 0 : launch->plan->clone_flags, pid, err);
	if (gate) {
		launch->gate_pid = pid;
		launch->gate_pidfd = pidfd;
	} else {
		launch->pid = pid;
		launch->pidfd = pidfd;
		launch_debug_child(launch);
	}
	/* The child alone listens for `start`: when it dies, connecting fails. */
	fd_close(&launch->start_fd);
	return 0;
}

static int sent(int result, struct err *err)
{
	/* It has died, or failed: what it said about that is read next. */
	if (result == -EPIPE || result == -ECONNRESET)
		return 0;
	return result < 0 ? err_sys(err, result, "sendmsg", "cannot tell the container's process to go on") : 0;
}

int launch_send_cgroup(struct launch *launch, struct err *err)
{
	int fds[CGROUP_HIERARCHIES_MAX], result;
	size_t count = 0;

	if (open_join_files(launch, fds, &count, err))
		return ERR;
	result = channel_send_fds(&launch->channel, MESSAGE_CGROUP, 0, NULL, fds, count);
	for (size_t i = 0; i < count; i++)
		fd_close(&fds[i]);
	return sent(result, err);
}

int launch_send_recorded(struct launch *launch, struct err *err)
{
	return sent(channel_send(&launch->channel, MESSAGE_GO, SYNC_RECORDED, NULL, -EBADF), err);
}

int launch_run(struct launch *launch, struct err *err)
{
	int result;

	debug_begin(launch);
	result = clone_child(launch, err);
	if (result == 0)
		result = talk_serve(launch, err);
	close_inherited(launch);
	if (result)
		launch_kill(launch);
	else
		debug_end(launch);
	return result;
}

int launch_check_console(const struct engine *engine, bool terminal, bool foreground, const char *console_socket,
			 const char *where, struct err *err)
{
	if (terminal && !foreground && !console_socket) {
		err_set(err, ERR_USAGE, "the process wants a terminal, and nobody would hold it");
		err_where(err, "%s", where);
		err_why(err, "%s ends before the process does", engine->program);
		return err_fix(err, "give --console-socket, stay in the foreground, or set process.terminal to false");
	}
	if (!terminal && console_socket) {
		err_set(err, ERR_USAGE, "--console-socket was given, and the process has no terminal");
		err_where(err, "%s", where);
		return err_fix(err, "set process.terminal to true, or leave --console-socket out");
	}
	return 0;
}

int launch_announce(const struct launch *launch, const char *pidfd_socket, const char *pid_file, struct err *err)
{
	char text[16];

	if (pidfd_socket) {
		snprintf(text, sizeof(text), "%d", launch->pid);
		if (send_fd(pidfd_socket, "pidfd socket", text, strlen(text), launch->pidfd, err))
			return ERR;
	}
	return pid_file ? send_pid_file(pid_file, launch->pid, err) : 0;
}
