/* SPDX-License-Identifier: Apache-2.0 */
/* kill: a signal to a container's first process, or to all of its cgroup. Runs in the runtime. */
#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/process.h"

/* Processes that the first one left behind (a shared pid namespace) are still to be reached. none_is_fine: to reach none
 * of none is no failure. */
static int signal_all(struct container *container, int number, bool none_is_fine, struct err *err)
{
	pid_t pid;

	if (container_open_cgroup(container, err))
		return ERR;
	if (container->status != STATE_STOPPED || cgroup_pids(&container->cgroup, &pid, 1) > 0)
		return cgroup_signal_all(&container->cgroup, number, err);
	return none_is_fine ? 0 : container_not_running(container->state->id, container->status, err);
}

/* The end of a pid namespace's first process is the end of all others in it. In a shared one they would go on. */
static int kills_all(struct container *container, int signal, bool *ret, struct err *err)
{
	const struct oci_namespace *namespace;

	*ret = false;
	if (signal != SIGKILL || !container->state->cgroup_path)
		return 0;
	if (container_read_config(container, err))
		return ERR;
	namespace = &container->config->linux.namespaces[OCI_NS_PID];
	*ret = !namespace->present || namespace->path.text;
	return 0;
}

int engine_kill(const struct engine *engine, const char *id, int signal, bool all, struct err *err)
{
	struct container container cleanup_container = CONTAINER_INIT;
	int pidfd cleanup_fd = -EBADF, result;
	bool everything;

	if (container_open(&container, engine, id, false, err) || kills_all(&container, signal, &everything, err))
		return ERR;
	if ((all || everything) && container.state->cgroup_path)
		return signal_all(&container, signal, all, err);
	if (container.status == STATE_STOPPED)
		return container_not_running(id, container.status, err);
	if (container_open_process(&container, &pidfd, err))
		return ERR;
	result = process_pidfd_signal(pidfd, signal);
	if (result == -ESRCH)
		return container_not_running(id, STATE_STOPPED, err);
	if (result < 0)
		return err_sys(err, result, "pidfd_send_signal", "cannot send signal %d to container %s", signal, id);
	/* A frozen process of v1 dies only when it is thawed. */
	if (signal == SIGKILL && container.status == STATE_PAUSED) {
		if (container_open_cgroup(&container, err))
			return ERR;
		return cgroup_freeze(&container.cgroup, false, err);
	}
	return 0;
}
