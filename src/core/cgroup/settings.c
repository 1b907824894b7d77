/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings: the values of a plan, written file by file in its order. Some pairs of files bound each other: when the
 * kernel refuses one of a pair, the other is written first. Runs in the runtime.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "core/cgroup/parts.h"

/* The kernel keeps first <= second (or a ratio of the two), whichever is written when: both orders are right for some
 * change of the values. */
static const struct {
	const char *one, *other;
} pairs[] = {
	{"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"},
	{"cpu.cfs_period_us", "cpu.cfs_quota_us"},
	{"cpu.cfs_burst_us", "cpu.cfs_quota_us"},
	{"cpu.rt_period_us", "cpu.rt_runtime_us"},
	{"cpu.max.burst", "cpu.max"},
};

/* Why the kernel says so, and what to do. The first row that matches counts; file is a prefix, errnum 0 any. */
static const struct {
	const char *file;
	int errnum;
	const char *why, *fix;
} reasons[] = {
	{"memory.limit_in_bytes", EBUSY, "the processes in it use more than that and it cannot be reclaimed",
	 "give a higher memory limit, or free memory in the container first"},
	{"memory.limit_in_bytes", EINVAL, "memory.limit must not exceed the limit of memory and swap together",
	 "give linux.resources.memory.swap a value of at least memory.limit, or -1"},
	{"memory.memsw.limit_in_bytes", EINVAL, "memory and swap together cannot be less than memory alone",
	 "give linux.resources.memory.swap a value of at least memory.limit, or -1"},
	{"memory.memsw.limit_in_bytes", EBUSY, "the processes in it use more than that and it cannot be reclaimed",
	 "give a higher swap limit, or free memory in the container first"},
	{"memory.memsw.", ENOENT, "this kernel does not account swap",
	 "boot with swapaccount=1, or leave out linux.resources.memory.swap"},
	{"memory.swap.", ENOENT, "this kernel does not account swap",
	 "boot with swapaccount=1, or leave out linux.resources.memory.swap"},
	{"memory.kmem.", EOPNOTSUPP, "this kernel has no limit of its own for kernel memory (gone since Linux 5.16)",
	 "leave out linux.resources.memory.kernel: memory.limit covers kernel memory too"},
	{"cpuset.", EINVAL, "the list is empty, malformed, or names a CPU or memory node that is not online",
	 "name only what /sys/devices/system/cpu/online and /sys/devices/system/node/online list"},
	{"cpuset.", ERANGE, "the list names a CPU or memory node that this kernel cannot have",
	 "name only what /sys/devices/system/cpu/online and /sys/devices/system/node/online list"},
	{"cpuset.", EACCES, "the cgroup above does not have all of these CPUs or memory nodes",
	 "name only what the cpuset of the cgroup above holds"},
	{"cpu.rt_", EINVAL, "the cgroup above has no real-time budget to give from",
	 "give the cgroup above a cpu.rt_runtime_us first, or leave out realtimeRuntime"},
	{"cpu.cfs_quota_us", EINVAL, "the quota is below 1 ms, or more than the cgroup above has",
	 "give linux.resources.cpu.quota at least 1000, and at most the share of the cgroup above"},
	{"cpu.cfs_period_us", EINVAL, "the period must lie between 1 ms and 1 s",
	 "give linux.resources.cpu.period a value from 1000 to 1000000"},
	{"cpu.cfs_burst_us", EINVAL, "the burst must not exceed the quota",
	 "give linux.resources.cpu.burst at most the quota"},
	{"cpu.max", EINVAL,
	 "quota and period must be at least 1 ms, the period at most 1 s, the burst at most the quota",
	 "give linux.resources.cpu.quota at least 1000, and period a value from 1000 to 1000000"},
	{"cpu.weight", ERANGE, "a weight lies between 1 and 10000", "give a value in that range"},
	{"hugetlb.", ENOENT, "this kernel has no huge pages of this size",
	 "a size that /sys/kernel/mm/hugepages lists, written like 2MB or 1GB"},
	{"blkio.", ENODEV, "there is no block device of these numbers", "name the whole disk, as lsblk shows it"},
	{"io.", ENODEV, "there is no block device of these numbers", "name the whole disk, as lsblk shows it"},
	{"", EACCES, "this user may not write to it", "run as root, or have the cgroup delegated to this user"},
	{"", EPERM, "this user may not write to it", "run as root, or have the cgroup delegated to this user"},
	{"", EROFS, "the hierarchy is mounted read-only here", "mount it read-write, or leave the setting out"},
	{"", EINVAL, "the kernel does not take this value",
	 "see the file's description in the kernel's cgroup documentation"},
	{"", ERANGE, "the value is out of the file's range",
	 "see the file's description in the kernel's cgroup documentation"},
	{"", EOPNOTSUPP, "this kernel does not support it any more", "leave the setting out"},
};

int cgroup_err_where(struct err *err, const struct plan_cgroup *plan, const char *where)
{
	if (!where)
		return ERR;
	return err_where(err, "%s#%s", plan->config_name ? plan->config_name : "config.json", where);
}

static int cannot_set(const struct cgroup_dir *dir, const char *path, const struct plan_cgroup *plan,
		      const struct plan_cgroup_setting *setting, int errnum, struct err *err)
{
	err_sys(err, errnum, "write", "cannot set %s of the cgroup %s%s to '%s'", setting->file,
		dir->hierarchy->mount_point, path, setting->value);
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].errnum != -errnum ||
		    strncmp(setting->file, reasons[i].file, strlen(reasons[i].file)) != 0)
			continue;
		err_why(err, "%s", reasons[i].why);
		err_fix(err, "%s", reasons[i].fix);
		break;
	}
	if (errnum == -ENOENT) {
		err->kind = ERR_UNSUPPORTED;
		err_why(err, "this kernel's %s controller has no such file", setting->controller);
		if (!err->fix[0])
			err_fix(err, "leave the setting out");
	}
	return cgroup_err_where(err, plan, setting->where);
}

static int no_controller(const struct plan_cgroup *plan, const struct plan_cgroup_setting *setting, struct err *err)
{
	err_set(err, ERR_UNSUPPORTED, "cannot set %s to '%s'", setting->file, setting->value);
	err_why(err, "no mounted control group hierarchy has the controller %s", setting->controller);
	err_fix(err, "mount a hierarchy with it, or leave the setting out");
	return cgroup_err_where(err, plan, setting->where);
}

/* The other one of a pair, if it comes later in the plan: its index, or 0. */
static size_t later_partner(const struct plan_cgroup *plan, size_t index)
{
	const char *file = plan->settings[index].file;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		const char *partner = strcmp(file, pairs[i].one) == 0	  ? pairs[i].other
				      : strcmp(file, pairs[i].other) == 0 ? pairs[i].one
									  : NULL;

		for (size_t j = index + 1; partner && j < plan->settings_count; j++)
			if (strcmp(plan->settings[j].file, partner) == 0)
				return j;
	}
	return 0;
}

static int write_one(const struct cgroup_dir *dir, const struct plan_cgroup *plan, size_t index,
		     struct cgroup_undo *undo)
{
	int result = fd_write_text_at(dir->fd, plan->settings[index].file, plan->settings[index].value);

	if (undo && result == 0)
		undo->items[index].written = true;
	return result;
}

int cgroup_change_settings(struct cgroup *cgroup, const struct plan_cgroup *plan, struct cgroup_undo *undo,
			   struct err *err)
{
	for (size_t i = 0; i < plan->settings_count; i++) {
		const struct plan_cgroup_setting *setting = &plan->settings[i];
		const struct cgroup_dir *dir = cgroup_dir_of(cgroup, setting->controller);
		size_t partner;
		int result;

		if (!dir && setting->optional)
			continue;
		if (!dir)
			return no_controller(plan, setting, err);
		if (strchr(setting->file, '/'))
			return err_set(err, ERR_INTERNAL, "'%s' is no name of a cgroup file", setting->file);
		result = write_one(dir, plan, i, undo);
		/* It is written again in its turn, which does no harm. */
		partner = result == -EINVAL ? later_partner(plan, i) : 0;
		if (partner && write_one(dir, plan, partner, undo) == 0)
			result = write_one(dir, plan, i, undo);
		if (result == 0 || (setting->optional && (result == -ENOENT || result == -EOPNOTSUPP)))
			continue;
		return cannot_set(dir, cgroup->path, plan, setting, result, err);
	}
	return 0;
}

int cgroup_write_settings(struct cgroup *cgroup, const struct plan_cgroup *plan, struct err *err)
{
	return cgroup_change_settings(cgroup, plan, NULL, err);
}

int cgroup_check_memory(const struct cgroup *cgroup, const struct plan_cgroup *plan, struct err *err)
{
	for (size_t i = 0; i < plan->settings_count; i++) {
		const struct plan_cgroup_setting *setting = &plan->settings[i];
		const bool v2 = strcmp(setting->file, "memory.max") == 0;
		uint64_t usage, limit;

		if ((!v2 && strcmp(setting->file, "memory.limit_in_bytes") != 0) || setting->value[0] < '0' ||
		    setting->value[0] > '9')
			continue;
		limit = strtoull(setting->value, NULL, 10);
		usage = cgroup_read_u64(cgroup_dir_of(cgroup, "memory"),
					v2 ? "memory.current" : "memory.usage_in_bytes", 0);
		if (usage <= limit)
			continue;
		err_set(err, ERR_STATE, "the memory limit %s is below what the container uses", setting->value);
		err_why(err, "it uses %llu bytes, and checkBeforeUpdate asks not to force it below",
			(unsigned long long)usage);
		err_fix(err, "give a higher limit, or leave out memory.checkBeforeUpdate");
		return cgroup_err_where(err, plan, setting->where);
	}
	return 0;
}
