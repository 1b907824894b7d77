/* SPDX-License-Identifier: Apache-2.0 */
/* isolate: ISOLATE: what the child does first of all, while "/" is still the host's: cgroups, names, the loopback. */
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>

#include "core/child/parts.h"
#include "core/child/tree.h"
#include "kernel/namespace.h"

int child_tree(struct child *child, const struct op *op, struct err *err)
{
	return child_open_tree(child->plan, op, child->start->slots, child->start->idmap_fds, err);
}

/* 0 means the writer. */
int child_cgroup_join(struct child *child, const struct op *op, struct err *err)
{
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
