/* SPDX-License-Identifier: Apache-2.0 */
/* isolate: ISOLATE: what the child does first of all, while "/" is still the host's: cgroups, names, the loopback. */
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <unistd.h>

#include "core/child/parts.h"
#include "core/child/tree.h"
#include "kernel/namespace.h"

int child_tree(struct child *child, const struct op *op, struct err *err)
{
	return child_open_tree(child->plan, op, child->start->slots, child->start->idmap_fds, err);
}

/* Their files come one by one, until the runtime says go. 0 means the writer. */
static int join_late(struct child *child, const struct op *op, struct err *err)
{
	struct message message;

	for (;;) {
		cleanup_fd int tasks_fd = -EBADF;
		int result = channel_receive(&child->channel, &message, &tasks_fd);

		/* The runtime has died or given up: no one is left to tell. */
		if (result == 0)
			_exit(1);
		if (result > 0 && message.type == MESSAGE_GO && message.value == SYNC_CGROUP)
			return 0;
		if (result > 0 && (message.type != MESSAGE_CGROUP || tasks_fd < 0))
			result = -EPROTO;
		if (child_check(op, result, "recvmsg", err) ||
		    child_check(op, fd_write_all(tasks_fd, "0", 1), "write", err))
			return ERR;
	}
}

int child_cgroup_join(struct child *child, const struct op *op, struct err *err)
{
	if (op->cgroup_join.late)
		return join_late(child, op, err);
	for (size_t i = 0; i < child->start->cgroup_fds_count; i++)
		if (child_check(op, fd_write_all(child->start->cgroup_fds[i], "0", 1), "write", err))
			return ERR;
	return 0;
}

int child_cgroup_unshare(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	return child_check(op, namespace_unshare(CLONE_NEWCGROUP), "unshare", err);
}

int child_hostname(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	return child_check(op, namespace_set_hostname(op->name.text), "sethostname", err);
}

int child_domainname(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	return child_check(op, namespace_set_domainname(op->name.text), "setdomainname", err);
}

int child_loopback_up(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	return child_check(op, namespace_loopback_up(), "ioctl", err);
}
