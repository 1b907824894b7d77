/* SPDX-License-Identifier: Apache-2.0 */
/* process: what belongs to the process itself: limits, scores, scheduling, session, sysctls of its namespaces. */
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "core/child/parts.h"
#include "kernel/process.h"

int child_rlimit(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	return child_check(op, process_prlimit(0, op->rlimit.resource, op->rlimit.soft, op->rlimit.hard), "prlimit",
			   err);
}

int child_raise_limits(struct child *child, struct err *err)
{
	for (size_t i = 0; i < child->plan->ops_count; i++) {
		const struct op *op = &child->plan->ops[i];
		struct rlimit now;

		if (op->kind != OP_RLIMIT || op->stage != PLAN_DROP || getrlimit(op->rlimit.resource, &now) < 0 ||
		    op->rlimit.hard <= now.rlim_max)
			continue;
		if (child_check(op, process_prlimit(0, op->rlimit.resource, now.rlim_cur, op->rlimit.hard), "prlimit",
				err)) {
			plan_explain(child->plan, op, err);
			return ERR;
		}
	}
	return 0;
}

int child_oom_score(struct child *child, const struct op *op, struct err *err)
{
	char text[16];

	format_text(text, sizeof(text), "%d", op->oom_score.value);
	return child_check(op, procfs_write(&child->procfs, "self/oom_score_adj", text), "write", err);
}

int child_sysctl(struct child *child, const struct op *op, struct err *err)
{
	char path[PATH_MAX];

	if (format_text(path, sizeof(path), "sys/%s", op->sysctl.key) >= sizeof(path))
		return child_failed(op, ENAMETOOLONG, "openat2", err);
	return child_check(op, procfs_write(&child->procfs, path, op->sysctl.value), "write", err);
}

int child_scheduler(struct child *child, const struct op *op, struct err *err)
{
	const struct oci_scheduler *scheduler = &op->scheduler;
	int result = process_set_scheduler(scheduler->policy, scheduler->nice, scheduler->priority, scheduler->flags,
					   scheduler->runtime, scheduler->deadline, scheduler->period);

	(void)child;
	if (result != -EPERM)
		return child_check(op, result, "sched_setattr", err);
	child_failed(op, result, "sched_setattr", err);
	if (scheduler->policy != SCHED_DEADLINE) {
		err_why(err, "a higher priority needs CAP_SYS_NICE, which the runtime lacks here");
		return err_fix(err, "run it with that capability, or choose SCHED_OTHER or SCHED_BATCH");
	}
	/* The first words are those that callers know. */
	err_why(err, "process scheduler can't be used together with AllowedCPUs: the kernel lets SCHED_DEADLINE only to who "
		     "has CAP_SYS_NICE and may run on all CPUs of its root domain");
	return err_fix(err, "remove linux.resources.cpu.cpus, or choose another policy");
}

int child_cpu_affinity(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	return child_check(op, process_set_affinity(op->cpu_affinity.bits, op->cpu_affinity.bits_count),
			   "sched_setaffinity", err);
}

int child_io_priority(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	return child_check(op, process_set_io_priority(op->io_priority.class, op->io_priority.priority), "ioprio_set",
			   err);
}

int child_personality(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	return child_check(op, process_set_personality(op->number.value), "personality", err);
}

#define NODES_MAX    1024
#define BITS_OF_LONG (8 * sizeof(unsigned long))

static bool take_node(const char **text, unsigned int *ret)
{
	unsigned int value = 0;
	bool any = false;

	for (; **text >= '0' && **text <= '9'; (*text)++, any = true) {
		value = value * 10 + (unsigned int)(**text - '0');
		if (value >= NODES_MAX)
			return false;
	}
	*ret = value;
	return any;
}

/* "0-3,6" as bits; false when it is no such list or names a node beyond the kernel's last. */
static bool parse_nodes(const char *text, unsigned long *bits)
{
	for (;;) {
		unsigned int first, last;

		if (!take_node(&text, &first))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!take_node(&text, &last) || last < first)
				return false;
		}
		for (unsigned int node = first; node <= last; node++)
			bits[node / BITS_OF_LONG] |= 1UL << (node % BITS_OF_LONG);
		if (*text == '\0')
			return true;
		if (*text++ != ',')
			return false;
	}
}

int child_memory_policy(struct child *child, const struct op *op, struct err *err)
{
	const struct oci_memory_policy *policy = &op->memory_policy;
	unsigned long bits[NODES_MAX / BITS_OF_LONG] = {0};
	unsigned long bits_count = policy->nodes && *policy->nodes ? NODES_MAX : 0;

	(void)child;
	if (bits_count && !parse_nodes(policy->nodes, bits)) {
		child_failed(op, EINVAL, "set_mempolicy", err);
		return err_why(err, "\"%s\" is no list of memory nodes below %d", policy->nodes, NODES_MAX);
	}
	return child_check(op, process_set_memory_policy(policy->mode, policy->flags, bits, bits_count),
			   "set_mempolicy", err);
}

int child_keyring(struct child *child, const struct op *op, struct err *err)
{
	int result = process_new_session_keyring();

	(void)child;
	/* A kernel without keyrings has none to keep apart; where a filter around us refuses the call (EPERM), it refuses it
	 * to the program too. */
	return result == -ENOSYS || result == -EPERM ? 0 : child_check(op, result, "keyctl", err);
}

int child_setsid(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	/* The leader of a session (OP_CONSOLE made one) cannot and need not begin another. */
	if (setsid() < 0 && getsid(0) != getpid())
		return child_failed(op, errno, "setsid", err);
	return 0;
}

int child_umask(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	(void)err;
	umask(op->number.value & 0777);
	return 0;
}

int child_close_fds(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	/* Closed by execve, not now: the private procfs and the connection are needed until then. */
	return child_check(op, process_cloexec_from(3 + (unsigned int)op->close_fds.preserve), "close_range", err);
}
