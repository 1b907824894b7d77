/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_io: the rest of linux.resources in the terms of the cgroup version: block devices, huge pages, network
 * classes, RDMA, and `unified`, which is written as it stands. Pure.
 */
#include <inttypes.h>
#include <string.h>

#include "core/plan/builder.h"

static const struct {
	const char *v1_file, *v2_key;
} throttles[OCI_THROTTLE_KIND_COUNT] = {
	[OCI_THROTTLE_READ_BPS] = {"blkio.throttle.read_bps_device", "rbps"},
	[OCI_THROTTLE_WRITE_BPS] = {"blkio.throttle.write_bps_device", "wbps"},
	[OCI_THROTTLE_READ_IOPS] = {"blkio.throttle.read_iops_device", "riops"},
	[OCI_THROTTLE_WRITE_IOPS] = {"blkio.throttle.write_iops_device", "wiops"},
};

/* blkio's 10 … 1000 onto io's 1 … 10000. */
static uint32_t io_weight(uint32_t weight)
{
	return weight < 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

static bool asks_for_io(const struct oci_resources *resources)
{
	size_t count = resources->block_io.weight_devices_count;

	for (int kind = 0; kind < OCI_THROTTLE_KIND_COUNT; kind++)
		count += resources->block_io.throttle[kind].count;
	return count || resources->block_io.weight.set || resources->block_io.leaf_weight.set;
}

/* The leaf weight belonged to the CFQ scheduler, which Linux 5.0 removed with the files without "bfq". */
static int add_leaf_weight(struct cgroup_settings *settings, const char *file, const char *where, bool v2,
			   const char *value)
{
	if (v2)
		return plan_cgroup_inexpressible(settings, where, "blockIO.leafWeight", "remove it");
	if (host_kernel_at_least(settings->builder->host, 5, 0)) {
		builder_refuse(settings->builder, ERR_UNSUPPORTED, where, "this kernel has no leaf weight");
		err_why(settings->builder->err, "it belonged to the CFQ scheduler, which Linux 5.0 removed");
		return err_fix(settings->builder->err, "remove blockIO.leafWeight");
	}
	plan_cgroup_add(settings, "blkio", file, where, "%s", value);
	return 0;
}

static int add_weight_device(struct cgroup_settings *settings, const struct oci_block_weight *item, bool v2)
{
	struct builder *builder = settings->builder;
	bool bfq = host_kernel_at_least(builder->host, 5, 0);

	if (item->weight.set && v2)
		plan_cgroup_add(settings, "io", "io.weight", item->where, "%u:%u %u", item->major, item->minor,
				io_weight(item->weight.value));
	if (item->weight.set && !v2)
		plan_cgroup_add(settings, "blkio", bfq ? "blkio.bfq.weight_device" : "blkio.weight_device", item->where,
				"%u:%u %u", item->major, item->minor, item->weight.value);
	if (!item->leaf_weight.set)
		return 0;
	return add_leaf_weight(settings, "blkio.leaf_weight_device", item->where, v2,
			       builder_text(builder, "%u:%u %u", item->major, item->minor, item->leaf_weight.value));
}

static void add_throttle(struct cgroup_settings *settings, int kind, const struct oci_block_rate *item, bool v2)
{
	if (!v2)
		plan_cgroup_add(settings, "blkio", throttles[kind].v1_file, item->where, "%u:%u %" PRIu64, item->major,
				item->minor, item->rate);
	else if (item->rate)
		plan_cgroup_add(settings, "io", "io.max", item->where, "%u:%u %s=%" PRIu64, item->major, item->minor,
				throttles[kind].v2_key, item->rate);
	else
		plan_cgroup_add(settings, "io", "io.max", item->where, "%u:%u %s=max", item->major, item->minor,
				throttles[kind].v2_key);
}

int plan_cgroup_io(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	const char *where = resources->block_io.where;
	struct builder *builder = settings->builder;
	bool v2, bfq = host_kernel_at_least(builder->host, 5, 0);

	if (!asks_for_io(resources))
		return 0;
	if (plan_cgroup_version(settings, "blkio", "io", where, &v2))
		return ERR;
	if (resources->block_io.weight.set && resources->block_io.weight.value) {
		if (v2)
			plan_cgroup_add(settings, "io", "io.weight", builder_text(builder, "%s/weight", where),
					"default %u", io_weight(resources->block_io.weight.value));
		else
			plan_cgroup_add(settings, "blkio", bfq ? "blkio.bfq.weight" : "blkio.weight",
					builder_text(builder, "%s/weight", where), "%u",
					resources->block_io.weight.value);
	}
	if (resources->block_io.leaf_weight.set && resources->block_io.leaf_weight.value &&
	    add_leaf_weight(settings, "blkio.leaf_weight", builder_text(builder, "%s/leafWeight", where), v2,
			    builder_text(builder, "%u", resources->block_io.leaf_weight.value)))
		return ERR;
	for (size_t i = 0; i < resources->block_io.weight_devices_count; i++)
		if (add_weight_device(settings, &resources->block_io.weight_devices[i], v2))
			return ERR;
	for (int kind = 0; kind < OCI_THROTTLE_KIND_COUNT; kind++)
		for (size_t i = 0; i < resources->block_io.throttle[kind].count; i++)
			add_throttle(settings, kind, &resources->block_io.throttle[kind].items[i], v2);
	return 0;
}

static int add_hugepages(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	struct builder *builder = settings->builder;

	for (size_t i = 0; i < resources->hugepage_limits_count; i++) {
		const struct oci_hugepage_limit *item = &resources->hugepage_limits[i];
		const char *suffix;
		bool v2;

		if (plan_cgroup_version(settings, "hugetlb", "hugetlb", item->where, &v2))
			return ERR;
		suffix = v2 ? "max" : "limit_in_bytes";
		plan_cgroup_add(settings, "hugetlb", builder_text(builder, "hugetlb.%s.%s", item->page_size, suffix),
				item->where, "%" PRIu64, item->limit);
		/* Reserved pages count apart since Linux 5.7; without this limit they could exceed the other. */
		plan_cgroup_add(settings, "hugetlb",
				builder_text(builder, "hugetlb.%s.rsvd.%s", item->page_size, suffix), item->where,
				"%" PRIu64, item->limit);
		if (settings->count)
			settings->items[settings->count - 1].optional = true;
	}
	return 0;
}

static int add_network(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	const char *where = resources->network.where;
	static const char fix[] = "remove it, and mark packets by cgroup with nftables (socket cgroupv2) or BPF";
	bool v2 = false;

	if (resources->network.class_id.set && resources->network.class_id.value) {
		if (!host_hierarchy_of(settings->builder->host, "net_cls") &&
		    settings->builder->host->cgroup_mode == HOST_CGROUP_V2)
			return plan_cgroup_inexpressible(settings, where, "network.classID", fix);
		if (plan_cgroup_version(settings, "net_cls", "net_cls", where, &v2))
			return ERR;
		plan_cgroup_add(settings, "net_cls", "net_cls.classid", where, "%u", resources->network.class_id.value);
	}
	for (size_t i = 0; i < resources->network.priorities_count; i++) {
		if (!host_hierarchy_of(settings->builder->host, "net_prio") &&
		    settings->builder->host->cgroup_mode == HOST_CGROUP_V2)
			return plan_cgroup_inexpressible(settings, where, "network.priorities", fix);
		if (plan_cgroup_version(settings, "net_prio", "net_prio", where, &v2))
			return ERR;
		plan_cgroup_add(settings, "net_prio", "net_prio.ifpriomap", where, "%s %u",
				resources->network.priorities[i].name, resources->network.priorities[i].priority);
	}
	return 0;
}

static const char *rdma_value(struct builder *builder, const struct opt_u32 *value)
{
	return value->set ? builder_text(builder, "%u", value->value) : "max";
}

static int add_rdma(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	struct builder *builder = settings->builder;
	bool v2;

	for (size_t i = 0; i < resources->rdma_count; i++) {
		const struct oci_rdma *item = &resources->rdma[i];

		if (plan_cgroup_version(settings, "rdma", "rdma", item->where, &v2))
			return ERR;
		plan_cgroup_add(settings, "rdma", "rdma.max", item->where, "%s hca_handle=%s hca_object=%s",
				item->device, rdma_value(builder, &item->hca_handles),
				rdma_value(builder, &item->hca_objects));
	}
	return 0;
}

/* Keys are files of v2; the controller is what stands before the first dot. */
static int add_unified(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	struct builder *builder = settings->builder;

	for (size_t i = 0; i < resources->unified.count; i++) {
		const struct key_value *item = &resources->unified.items[i];
		const char *controller = arena_strndup(builder->arena, item->key, strcspn(item->key, "."));
		const struct host_hierarchy *hierarchy;
		bool core, v2 = true;

		if (!controller) {
			builder->no_memory = true;
			return 0;
		}
		core = strcmp(controller, "cgroup") == 0;
		hierarchy = core ? NULL : host_hierarchy_of(builder->host, controller);
		if (!core && plan_cgroup_version(settings, controller, controller, item->where, &v2))
			return ERR;
		if ((hierarchy && !hierarchy->v2) || (core && builder->host->cgroup_mode == HOST_CGROUP_V1)) {
			builder_refuse(builder, ERR_UNSUPPORTED, item->where,
				       "invalid configuration: cannot write %s of cgroup v2", item->key);
			err_why(builder->err, "this host has the controller %s in a v1 hierarchy", controller);
			return err_fix(builder->err,
				       "write the limit outside of unified, or boot with cgroup_no_v1=all");
		}
		plan_cgroup_add(settings, controller, item->key, item->where, "%s", item->value);
	}
	return 0;
}

int plan_cgroup_others(struct cgroup_settings *settings, const struct oci_resources *resources)
{
	if (add_hugepages(settings, resources) || add_network(settings, resources) || add_rdma(settings, resources))
		return ERR;
	return add_unified(settings, resources);
}
