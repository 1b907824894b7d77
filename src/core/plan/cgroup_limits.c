/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_limits: linux.resources in the terms of the cgroup version that has the controller: on a hybrid host one
 * controller may be v1 and the next v2. What a version cannot express is refused, never dropped. A limit of 0 where the
 * kernel has no such meaning is what engines write for "not set", and sets nothing. Pure.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "core/plan/builder.h"

#define CPU_PERIOD_DEFAULT 100000 /* microseconds: the kernel's */

void plan_cgroup_add(struct cgroup_settings *settings, const char *controller, const char *file, const char *where,
		     const char *fmt, ...)
{
	struct builder *builder = settings->builder;
	struct plan_cgroup_setting *setting;
	va_list args;

	if (settings->count == settings->capacity) {
		size_t capacity = settings->capacity * 2 + 16;
		struct plan_cgroup_setting *items = arena_calloc(builder->arena, capacity, sizeof(*items));

		if (!items) {
			builder->no_memory = true;
			return;
		}
		if (settings->count)
			memcpy(items, settings->items, settings->count * sizeof(*items));
		settings->items = items;
		settings->capacity = capacity;
	}
	setting = &settings->items[settings->count++];
	*setting = (struct plan_cgroup_setting){.controller = controller, .file = file, .where = where};
	va_start(args, fmt);
	setting->value = builder_vtext(builder, fmt, args);
	va_end(args);
}

int plan_cgroup_version(struct cgroup_settings *settings, const char *v1, const char *v2, const char *where,
			bool *ret_v2)
{
	const struct host *host = settings->builder->host;
	const struct host_hierarchy *hierarchy = host_hierarchy_of(host, v1);
	struct err *err = settings->builder->err;

	if (settings->cgroup->driver == CGROUP_DISABLED) {
		builder_refuse(settings->builder, ERR_CONFIG, where, "cannot limit %s without a cgroup", v2);
		err_why(err, host->cgroup_mode == HOST_CGROUP_NONE ? "no cgroup hierarchy is mounted on this host"
								   : "the cgroup driver is \"disabled\"");
		return err_fix(err, "remove the limit, or let the container have a cgroup");
	}
	if (!hierarchy || hierarchy->v2)
		hierarchy = host_hierarchy_of(host, v2);
	if (!hierarchy) {
		builder_refuse(settings->builder, ERR_UNSUPPORTED, where,
			       "cannot limit %s: no cgroup controller for it", v2);
		err_why(err, "no mounted hierarchy has the controller %s", v2);
		return err_fix(err, "remove the limit, or mount or enable the controller on the host");
	}
	*ret_v2 = hierarchy->v2;
	return 0;
}

int plan_cgroup_inexpressible(struct cgroup_settings *settings, const char *where, const char *member, const char *fix)
{
	builder_refuse(settings->builder, ERR_UNSUPPORTED, where, "cgroup v2 cannot express %s", member);
	err_why(settings->builder->err, "the controller has no such file in version 2");
	return err_fix(settings->builder->err, "%s", fix);
}

/* The place of a member of the object at `where`. */
static const char *at(struct cgroup_settings *settings, const char *where, const char *member)
{
	return builder_text(settings->builder, "%s/%s", where, member);
}

/* -1 is "max" for v2, and -1 for v1's memory files. */
static const char *bytes(struct cgroup_settings *settings, int64_t value, bool v2)
{
	return value < 0 && v2 ? "max" : builder_text(settings->builder, "%" PRId64, value < 0 ? -1 : value);
}

/* No limit of memory leaves none of memory and swap together. */
static int lift_swap(struct cgroup_settings *settings, const char *where, bool v2)
{
	plan_cgroup_add(settings, "memory", v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes",
			at(settings, where, "limit"), "%s", v2 ? "max" : "-1");
	/* A kernel that does not account swap has no limit of it to lift. */
	if (settings->count)
		settings->items[settings->count - 1].optional = true;
	return 0;
}

/* swap is memory and swap together, for v1; v2 counts swap alone. */
static int add_swap(struct cgroup_settings *settings, const struct oci_resources *resources, bool v2)
{
	const char *where = resources->memory.where;
	int64_t swap = resources->memory.swap.value;
	int64_t limit = resources->memory.limit.set ? resources->memory.limit.value : 0;
	struct err *err = settings->builder->err;

	if (!resources->memory.swap.set || swap == 0)
		return limit < 0 && settings->update ? lift_swap(settings, where, v2) : 0;
	if (swap > 0 && limit > 0 && swap < limit) {
		builder_refuse(settings->builder, ERR_CONFIG, at(settings, where, "swap"),
			       "memory.swap (%" PRId64 ") is below memory.limit (%" PRId64 ")", swap, limit);
		err_why(err, "it counts memory and swap together");
		return err_fix(err, "set memory.swap to memory.limit or more; equal means no swap");
	}
	if (!v2) {
		plan_cgroup_add(settings, "memory", "memory.memsw.limit_in_bytes", at(settings, where, "swap"),
				"%" PRId64, swap < 0 ? -1 : swap);
		return 0;
	}
	if (swap > 0 && limit <= 0) {
		builder_refuse(settings->builder, ERR_CONFIG, at(settings, where, "swap"),
			       "memory.swap needs a memory.limit");
		err_why(err, "it counts memory and swap together, and cgroup v2 limits swap alone: the difference");
		return err_fix(err, "add memory.limit, or write memory.swap.max under unified");
	}
	plan_cgroup_add(settings, "memory", "memory.swap.max", at(settings, where, "swap"), "%s",
			bytes(settings, swap < 0 ? swap : swap - limit, true));
	return 0;
}

static int add_memory_extras(struct cgroup_settings *settings, const struct oci_resources *resources, bool v2)
{
	const char *where = resources->memory.where;

	if (resources->memory.kernel.set && resources->memory.kernel.value > 0) {
		if (v2)
			return plan_cgroup_inexpressible(settings, at(settings, where, "kernel"), "memory.kernel",
							 "remove it: memory.limit counts the kernel's memory too");
		plan_cgroup_add(settings, "memory", "memory.kmem.limit_in_bytes", at(settings, where, "kernel"),
				"%" PRId64, resources->memory.kernel.value);
	}
	if (resources->memory.kernel_tcp.set && resources->memory.kernel_tcp.value > 0) {
		if (v2)
			return plan_cgroup_inexpressible(settings, at(settings, where, "kernelTCP"), "memory.kernelTCP",
							 "remove it: memory.limit counts network buffers too");
		plan_cgroup_add(settings, "memory", "memory.kmem.tcp.limit_in_bytes", at(settings, where, "kernelTCP"),
				"%" PRId64, resources->memory.kernel_tcp.value);
	}
	if (resources->memory.swappiness.set) {
		if (v2)
			return plan_cgroup_inexpressible(settings, at(settings, where, "swappiness"),
							 "memory.swappiness",
							 "remove it, or limit swap by memory.swap");
		plan_cgroup_add(settings, "memory", "memory.swappiness", at(settings, where, "swappiness"), "%" PRIu64,
				resources->memory.swappiness.value);
	}
	if (resources->memory.disable_oom_killer.set &&
	    (resources->memory.disable_oom_killer.value || settings->update)) {
		if (v2 && resources->memory.disable_oom_killer.value)
			return plan_cgroup_inexpressible(settings, at(settings, where, "disableOOMKiller"),
							 "memory.disableOOMKiller",
							 "remove it, or set memory.high under unified");
		if (!v2)
			plan_cgroup_add(settings, "memory", "memory.oom_control",
					at(settings, where, "disableOOMKiller"), "%d",
					resources->memory.disable_oom_killer.value);
	}
	if (resources->memory.use_hierarchy.set) {
		if (v2 && !resources->memory.use_hierarchy.value)
			return plan_cgroup_inexpressible(settings, at(settings, where, "useHierarchy"),
							 "memory.useHierarchy false",
							 "remove it: version 2 always counts children");
		if (!v2)
			plan_cgroup_add(settings, "memory", "memory.use_hierarchy", at(settings, where, "useHierarchy"),
					"%d", resources->memory.use_hierarchy.value);
	}
	return 0;
}

static bool asks_for_memory(const struct oci_resources *resources)
{
	return resources->memory.limit.set || resources->memory.reservation.set || resources->memory.swap.set ||
	       resources->memory.kernel.set || resources->memory.kernel_tcp.set || resources->memory.swappiness.set ||
	       resources->memory.use_hierarchy.set ||
	       (resources->memory.disable_oom_killer.set && resources->memory.disable_oom_killer.value);
}

static int add_memory(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	const char *where = resources->memory.where;
	bool v2;

	if (!asks_for_memory(resources))
		return 0;
	if (plan_cgroup_version(settings, "memory", "memory", where, &v2))
		return ERR;
	if (resources->memory.limit.set && resources->memory.limit.value)
		plan_cgroup_add(settings, "memory", v2 ? "memory.max" : "memory.limit_in_bytes",
				at(settings, where, "limit"), "%s", bytes(settings, resources->memory.limit.value, v2));
	if (resources->memory.reservation.set && resources->memory.reservation.value)
		plan_cgroup_add(settings, "memory", v2 ? "memory.low" : "memory.soft_limit_in_bytes",
				at(settings, where, "reservation"), "%s",
				bytes(settings, resources->memory.reservation.value, v2));
	if (add_swap(settings, resources, v2))
		return ERR;
	return add_memory_extras(settings, resources, v2);
}

/* shares 2 … 262144 onto weight 1 … 10000, as the kernel's cgroup documentation pairs them. */
static uint64_t weight_of_shares(uint64_t shares)
{
	if (shares < 2)
		shares = 2;
	if (shares > 262144)
		shares = 262144;
	return 1 + (shares - 2) * 9999 / 262142;
}

static int add_cpu_max(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	const char *where = resources->cpu.where;
	bool has_quota = resources->cpu.quota.set && resources->cpu.quota.value;
	bool has_period = resources->cpu.period.set && resources->cpu.period.value;
	uint64_t period = has_period ? resources->cpu.period.value : CPU_PERIOD_DEFAULT;

	if (has_period && !has_quota && settings->update) {
		builder_refuse(settings->builder, ERR_CONFIG, at(settings, where, "period"),
			       "cpu.period needs cpu.quota in an update");
		err_why(settings->builder->err, "cgroup v2 sets both at once, and the quota would be lost");
		return err_fix(settings->builder->err, "give the quota again beside the period");
	}
	if (has_quota && resources->cpu.quota.value > 0)
		plan_cgroup_add(settings, "cpu", "cpu.max", at(settings, where, "quota"), "%" PRId64 " %" PRIu64,
				resources->cpu.quota.value, period);
	else if (has_quota || has_period)
		plan_cgroup_add(settings, "cpu", "cpu.max", at(settings, where, "quota"), "max %" PRIu64, period);
	return 0;
}

static int add_realtime(struct cgroup_settings *settings, const struct oci_resources *resources, bool v2)
{
	const char *where = resources->cpu.where;

	if (!resources->cpu.realtime_runtime.set && !resources->cpu.realtime_period.set)
		return 0;
	if (v2)
		return plan_cgroup_inexpressible(settings, where, "cpu.realtimeRuntime and cpu.realtimePeriod",
						 "remove them: version 2 has no budget for realtime processes");
	if (resources->cpu.realtime_period.set)
		plan_cgroup_add(settings, "cpu", "cpu.rt_period_us", at(settings, where, "realtimePeriod"), "%" PRIu64,
				resources->cpu.realtime_period.value);
	if (resources->cpu.realtime_runtime.set)
		plan_cgroup_add(settings, "cpu", "cpu.rt_runtime_us", at(settings, where, "realtimeRuntime"),
				"%" PRId64, resources->cpu.realtime_runtime.value);
	return 0;
}

static void add_cpu_v1(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	const char *where = resources->cpu.where;

	if (resources->cpu.shares.set && resources->cpu.shares.value)
		plan_cgroup_add(settings, "cpu", "cpu.shares", at(settings, where, "shares"), "%" PRIu64,
				resources->cpu.shares.value);
	if (resources->cpu.period.set && resources->cpu.period.value)
		plan_cgroup_add(settings, "cpu", "cpu.cfs_period_us", at(settings, where, "period"), "%" PRIu64,
				resources->cpu.period.value);
	if (resources->cpu.quota.set && resources->cpu.quota.value)
		plan_cgroup_add(settings, "cpu", "cpu.cfs_quota_us", at(settings, where, "quota"), "%" PRId64,
				resources->cpu.quota.value < 0 ? -1 : resources->cpu.quota.value);
	if (resources->cpu.burst.set)
		plan_cgroup_add(settings, "cpu", "cpu.cfs_burst_us", at(settings, where, "burst"), "%" PRIu64,
				resources->cpu.burst.value);
}

static int add_cpu_v2(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	const char *where = resources->cpu.where;

	if (resources->cpu.shares.set && resources->cpu.shares.value)
		plan_cgroup_add(settings, "cpu", "cpu.weight", at(settings, where, "shares"), "%" PRIu64,
				weight_of_shares(resources->cpu.shares.value));
	if (add_cpu_max(settings, resources))
		return ERR;
	if (resources->cpu.burst.set)
		plan_cgroup_add(settings, "cpu", "cpu.max.burst", at(settings, where, "burst"), "%" PRIu64,
				resources->cpu.burst.value);
	return 0;
}

static bool asks_for_cpu(const struct oci_resources *resources)
{
	return resources->cpu.shares.set || resources->cpu.quota.set || resources->cpu.burst.set ||
	       resources->cpu.period.set || resources->cpu.realtime_runtime.set || resources->cpu.realtime_period.set ||
	       resources->cpu.idle.set;
}

static int add_cpu(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	const char *where = resources->cpu.where;
	bool v2;

	if (asks_for_cpu(resources)) {
		if (plan_cgroup_version(settings, "cpu", "cpu", where, &v2))
			return ERR;
		if (v2 && add_cpu_v2(settings, resources))
			return ERR;
		if (!v2)
			add_cpu_v1(settings, resources);
		if (add_realtime(settings, resources, v2))
			return ERR;
		/* After the weight, which an idle cgroup refuses. */
		if (resources->cpu.idle.set)
			plan_cgroup_add(settings, "cpu", "cpu.idle", at(settings, where, "idle"), "%" PRId64,
					resources->cpu.idle.value);
	}
	if (!resources->cpu.cpus && !resources->cpu.mems)
		return 0;
	if (plan_cgroup_version(settings, "cpuset", "cpuset", where, &v2))
		return ERR;
	if (resources->cpu.cpus)
		plan_cgroup_add(settings, "cpuset", "cpuset.cpus", at(settings, where, "cpus"), "%s",
				resources->cpu.cpus);
	if (resources->cpu.mems)
		plan_cgroup_add(settings, "cpuset", "cpuset.mems", at(settings, where, "mems"), "%s",
				resources->cpu.mems);
	return 0;
}

static int add_pids(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	bool v2;

	if (!resources->pids.limit.set)
		return 0;
	if (plan_cgroup_version(settings, "pids", "pids", resources->pids.where, &v2))
		return ERR;
	if (resources->pids.limit.value <= 0)
		plan_cgroup_add(settings, "pids", "pids.max", at(settings, resources->pids.where, "limit"), "max");
	else
		plan_cgroup_add(settings, "pids", "pids.max", at(settings, resources->pids.where, "limit"), "%" PRId64,
				resources->pids.limit.value);
	return 0;
}

int plan_cgroup_settings(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	if (add_memory(settings, resources) || add_cpu(settings, resources) || add_pids(settings, resources) ||
	    plan_cgroup_io(settings, resources) || plan_cgroup_others(settings, resources))
		return ERR;
	settings->cgroup->settings = settings->items;
	settings->cgroup->settings_count = settings->count;
	return 0;
}
