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
	if (op->tree.inside.text)
		return child_tree_inside(child, op, err);
	return child_open_tree(child->plan, op, child->start->slots, child->start->idmap_fds, err);
}

/* Their files come when they are made. 0 means the writer. */
static int join_late(struct child *child, const struct op *op, struct err *err)
{
	int tasks_fds[CHANNEL_FDS_MAX], result;
	struct message message;
	size_t count;

	result = channel_receive_fds(&child->channel, &message, tasks_fds, CHANNEL_FDS_MAX, &count);
	/* The runtime has died or given up: no one is left to tell. */
	if (result == 0)
		_exit(1);
	if (result > 0 && message.type != MESSAGE_CGROUP)
		result = -EPROTO;
	for (size_t i = 0; i < count; i++) {
		if (result >= 0)
			result = fd_write_all(tasks_fds[i], "0", 1);
		fd_close(&tasks_fds[i]);
	}
	return child_check(op, result, "write", err);
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

int child_net_unshare(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	return child_check(op, namespace_unshare(CLONE_NEWNET), "unshare", err);
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
