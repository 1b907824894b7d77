/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices: the device rules of a config as a set with one meaning, the same on every version: for each bit of the
 * access (read, write, mknod) the last rule that matches the device and names the bit decides; where none does, the
 * last rule for all devices and all accesses, and without such a rule denial. Rules that later ones cover are dropped.
 */
#include <stdlib.h>
#include <string.h>

#include "core/cgroup/parts.h"

static bool number_covers(int64_t wide, int64_t narrow)
{
	return wide == OCI_DEVICE_ANY || wide == narrow;
}

static bool number_overlaps(int64_t one, int64_t other)
{
	return one == OCI_DEVICE_ANY || other == OCI_DEVICE_ANY || one == other;
}

bool cgroup_device_covers(const struct cgroup_device *wide, const struct cgroup_device *narrow)
{
	return wide->type == narrow->type && number_covers(wide->major, narrow->major) &&
	       number_covers(wide->minor, narrow->minor);
}

bool cgroup_device_overlaps(const struct cgroup_device *one, const struct cgroup_device *other)
{
	return one->type == other->type && number_overlaps(one->major, other->major) &&
	       number_overlaps(one->minor, other->minor);
}

/* Take away from the older rules what the new one decides otherwise for them, and those that it says again. */
static void drop_covered(struct cgroup_device_set *set, const struct cgroup_device *device)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct cgroup_device *old = &set->items[i];

		uint8_t rest = old->access & (uint8_t)~device->access;

		if (cgroup_device_covers(device, old) && (rest == 0 || old->allow != device->allow))
			old->access = rest;
		if (old->access != 0)
			set->items[kept++] = *old;
	}
	set->count = kept;
}

/* Is there an older rule that says otherwise for some of these devices? */
static bool contradicts(const struct cgroup_device_set *set, const struct cgroup_device *device, size_t from)
{
	for (size_t i = from; i < set->count; i++)
		if (set->items[i].allow != device->allow && cgroup_device_overlaps(&set->items[i], device))
			return true;
	return false;
}

static void add(struct cgroup_device_set *set, struct cgroup_device device)
{
	drop_covered(set, &device);
	if (device.allow == set->allow_rest && !contradicts(set, &device, 0))
		return;
	/* The same devices again, with nothing between that could have decided differently: one rule. */
	for (size_t i = 0; i < set->count; i++) {
		struct cgroup_device *old = &set->items[i];

		if (old->allow == device.allow && cgroup_device_covers(old, &device) &&
		    cgroup_device_covers(&device, old) && !contradicts(set, &device, i + 1)) {
			old->access |= device.access;
			return;
		}
	}
	set->items[set->count++] = device;
}

static void read_rule(struct cgroup_device_set *set, const struct oci_device_rule *rule)
{
	struct cgroup_device device = {
		.allow = rule->allow,
		.type = rule->type,
		.access = (uint8_t)((rule->mknod ? CGROUP_DEVICE_MKNOD : 0) | (rule->read ? CGROUP_DEVICE_READ : 0) |
				    (rule->write ? CGROUP_DEVICE_WRITE : 0)),
		.major = rule->major,
		.minor = rule->minor,
		.where = rule->where,
	};

	if (device.access == 0)
		return;
	if (rule->type != 'a') {
		add(set, device);
		return;
	}
	if (device.access == CGROUP_DEVICE_ALL && device.major == OCI_DEVICE_ANY && device.minor == OCI_DEVICE_ANY) {
		set->count = 0;
		set->allow_rest = rule->allow;
		return;
	}
	device.type = 'b';
	add(set, device);
	device.type = 'c';
	add(set, device);
}

int cgroup_device_set_read(struct cgroup_device_set *set, const struct plan_cgroup *plan, struct err *err)
{
	if (plan->device_rules_count > CGROUP_DEVICE_RULES_MAX) {
		err_set(err, ERR_CONFIG, "there are %zu device rules, and at most %d are taken",
			plan->device_rules_count, CGROUP_DEVICE_RULES_MAX);
		err_fix(err, "join rules: without \"major\" or \"minor\" one covers all devices of a type");
		return cgroup_err_where(err, plan, "/linux/resources/devices");
	}
	set->capacity = plan->device_rules_count * 2;
	set->items = calloc(set->capacity + 1, sizeof(*set->items));
	if (!set->items)
		return err_set(err, ERR_INTERNAL, "out of memory for %zu device rules", plan->device_rules_count);
	for (size_t i = 0; i < plan->device_rules_count; i++)
		read_rule(set, &plan->device_rules[i]);
	return 0;
}

void cgroup_device_set_done(struct cgroup_device_set *set)
{
	free(set->items);
	*set = CGROUP_DEVICE_SET_INIT;
}

/* May this process set device rules at all? Where it may not, no device node can be made either. */
static bool may_set(const struct host *host)
{
	return host->initial_user_namespace && (host->capabilities & (UINT64_C(1) << 21 /* CAP_SYS_ADMIN */));
}

int cgroup_write_devices(struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host, bool fresh,
			 struct err *err)
{
	cleanup_device_set struct cgroup_device_set set = CGROUP_DEVICE_SET_INIT;
	const struct cgroup_dir *v1 = cgroup_dir_of(cgroup, "devices");
	const struct cgroup_dir *v2 = cgroup_dir_v2(cgroup);

	if (plan->device_rules_count == 0 || !may_set(host))
		return 0;
	if (cgroup_device_set_read(&set, plan, err) < 0)
		return ERR;
	if (v1)
		return cgroup_devices_v1(v1, cgroup->path, &set, fresh && v1->created, plan, err);
	if (v2)
		return cgroup_devices_bpf(v2, cgroup->path, &set, fresh && v2->created, err);
	err_set(err, ERR_UNSUPPORTED, "cannot restrict the container's devices");
	err_why(err, "there is neither a v1 devices hierarchy nor a cgroup2 one");
	err_fix(err, "mount cgroup2 on /sys/fs/cgroup");
	return cgroup_err_where(err, plan, "/linux/resources/devices");
}
