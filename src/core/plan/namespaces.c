/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namespaces: which namespaces the one clone3 makes and which the child, which are joined, who writes the id maps and the
 * time offsets, and what is done in the child first of all. Pure.
 */
#include <linux/mount.h>
#include <string.h>

#include "core/host/helper.h"
#include "core/plan/builder.h"

/*
 * Without a mount namespace of its own the container's mounts belong to none at all, which is all that can be had: those of
 * the runtime's are not touched. What would need more is refused.
 */
static int refuse_apart(struct builder *builder)
{
	unsigned long propagation = builder->config->linux.rootfs_propagation & ~(unsigned long)MS_REC;

	if (builder->plan->in_user_namespace) {
		builder_refuse(builder, ERR_CONFIG, "/linux/namespaces",
			       "the container has a user namespace and no mount namespace");
		err_why(builder->err, "a user namespace has no power over the mount namespace of the runtime");
		return err_fix(builder->err, "add {\"type\": \"mount\"} to linux.namespaces");
	}
	if (propagation && propagation != MS_PRIVATE) {
		builder_refuse(builder, ERR_CONFIG, "/linux/rootfsPropagation",
			       "without a mount namespace the root can only be private");
		err_why(builder->err, "nothing is mounted into, or from, a tree that belongs to no namespace");
		return err_fix(builder->err, "remove it, or add {\"type\": \"mount\"} to linux.namespaces");
	}
	return 0;
}

static int refuse_unusable(struct builder *builder)
{
	const struct oci_linux *linux = &builder->config->linux;

	if (!builder_has_ns(builder, OCI_NS_MOUNT) && refuse_apart(builder))
		return ERR;
	if (builder->joined_ns[OCI_NS_MOUNT] && builder->new_ns[OCI_NS_USER]) {
		builder_refuse(builder, ERR_CONFIG, linux->namespaces[OCI_NS_MOUNT].where,
			       "a new user namespace cannot mount in the mount namespace %s",
			       linux->namespaces[OCI_NS_MOUNT].path.text);
		err_why(builder->err, "that namespace belongs to another user namespace");
		return err_fix(builder->err,
			       "join its user namespace too, or leave out the path of the mount namespace");
	}
	if (builder_has_ns(builder, OCI_NS_TIME) && !host_kernel_at_least(builder->host, 5, 6)) {
		builder_refuse(builder, ERR_UNSUPPORTED, linux->namespaces[OCI_NS_TIME].where,
			       "this kernel has no time namespaces");
		err_why(builder->err, "they need Linux 5.6 and CONFIG_TIME_NS");
		return err_fix(builder->err, "remove {\"type\": \"time\"} and linux.timeOffsets");
	}
	return 0;
}

static int refuse_user_namespace(struct builder *builder)
{
	const struct host *host = builder->host;

	if (!host->sys_admin && !builder->plan->in_user_namespace) {
		builder_refuse(builder, ERR_UNSUPPORTED, "/linux/namespaces",
			       "a container without a user namespace needs CAP_SYS_ADMIN");
		err_why(builder->err, "this process (uid %u) does not have it over the host's mounts", host->uid);
		return err_fix(
			builder->err,
			"run it as root, or add {\"type\": \"user\"} to linux.namespaces, with linux.uidMappings and "
			"linux.gidMappings");
	}
	return 0;
}

/* Each of the one in the other, in any order. */
static bool maps_agree(const struct id_maps *config, const struct id_maps *joined)
{
	for (size_t i = 0; i < config->count; i++) {
		const struct id_map *map = &config->items[i];
		size_t j = 0;

		while (j < joined->count && (joined->items[j].inside.value != map->inside.value ||
					     joined->items[j].outside.value != map->outside.value ||
					     joined->items[j].count != map->count))
			j++;
		if (j == joined->count)
			return false;
	}
	return config->count == joined->count;
}

/*
 * The spec gives mappings to a new user namespace alone, and engines that put a pod's containers in one user namespace
 * repeat its mappings in each config. The same ones say nothing new; others could not be had.
 */
static int check_joined_user(struct builder *builder)
{
	const struct oci_linux *linux = &builder->config->linux;
	const char *where = "/linux/uidMappings";

	if (!builder->joined_ns[OCI_NS_USER] || !builder->uid_maps.count)
		return 0;
	if (linux->uid_maps.count == 0 || maps_agree(&linux->uid_maps, &builder->uid_maps)) {
		where = "/linux/gidMappings";
		if (linux->gid_maps.count == 0 || maps_agree(&linux->gid_maps, &builder->gid_maps))
			return 0;
	}
	builder_refuse(builder, ERR_CONFIG, where, "the mappings are not those of the user namespace %s",
		       linux->namespaces[OCI_NS_USER].path.text);
	err_why(builder->err, "ids are mapped when a user namespace is made: joining it cannot change them");
	return err_fix(builder->err, "remove linux.uidMappings and linux.gidMappings, or the path");
}

static void plan_joins(struct builder *builder)
{
	for (int kind = 0; kind < OCI_NS_COUNT; kind++) {
		const struct oci_namespace *ns = &builder->config->linux.namespaces[kind];
		struct op *op;

		if (!builder->joined_ns[kind])
			continue;
		op = builder_add(builder, OP_NS_OPEN, PLAN_PREPARE, ns->where, NULL);
		op->ns_open.ns = (enum oci_namespace_kind)kind;
		op->ns_open.slot = builder_slot(builder);
		op->ns_open.path = ns->path;
		builder->plan->gate = true;
	}
}

static bool has_time_offsets(const struct builder *builder)
{
	return builder->config->linux.monotonic.set || builder->config->linux.boottime.set;
}

/*
 * Offsets can be written only before a process enters the time namespace, so clone3 makes none that has some: the
 * runtime makes it, for its children to enter, where the container shares the runtime's user namespace; else it must
 * belong to the container's, and a gate makes it there.
 */
static void plan_time(struct builder *builder)
{
	const struct oci_linux *linux = &builder->config->linux;
	bool by_gate = builder->plan->in_user_namespace;
	struct op *op;

	if (!builder->new_ns[OCI_NS_TIME] || !has_time_offsets(builder))
		return;
	op = builder_add(builder, OP_TIME_OFFSETS, by_gate ? PLAN_GATE : PLAN_PREPARE, "/linux/timeOffsets", NULL);
	op->time_offsets.monotonic = linux->monotonic;
	op->time_offsets.boottime = linux->boottime;
	if (by_gate) {
		builder->plan->gate = true;
		builder->plan->gate_unshare |= oci_namespace_clone_flag(OCI_NS_TIME);
	}
}

static void plan_clone_flags(struct builder *builder)
{
	static const enum oci_namespace_kind cloned[] = {OCI_NS_USER,  OCI_NS_PID, OCI_NS_NETWORK,
							 OCI_NS_MOUNT, OCI_NS_IPC, OCI_NS_UTS};
	struct plan *plan = builder->plan;

	for (size_t i = 0; i < ARRAY_SIZE(cloned); i++)
		if (builder->new_ns[cloned[i]])
			plan->clone_flags |= oci_namespace_clone_flag(cloned[i]);
	if (builder->new_ns[OCI_NS_TIME] && !has_time_offsets(builder))
		plan->clone_flags |= oci_namespace_clone_flag(OCI_NS_TIME);
	/* Behind a gate the user namespace comes first: what the gate makes must belong to it. */
	if (plan->gate && builder->new_ns[OCI_NS_USER]) {
		plan->clone_flags &= ~oci_namespace_clone_flag(OCI_NS_USER);
		plan->gate_unshare |= oci_namespace_clone_flag(OCI_NS_USER);
	}
}

static bool maps_only(const struct id_maps *maps, uint32_t id)
{
	return maps->count == 1 && maps->items[0].count == 1 && maps->items[0].outside.value == id;
}

static int plan_id_maps(struct builder *builder)
{
	const struct oci_linux *linux = &builder->config->linux;
	const struct host *host = builder->host;
	bool own = maps_only(&linux->uid_maps, host->uid) && maps_only(&linux->gid_maps, host->gid);
	struct op *op;

	if (!builder->new_ns[OCI_NS_USER])
		return 0;
	op = builder_add(builder, OP_ID_MAPS, PLAN_ATTACH, "/linux/uidMappings", NULL);
	if (linux->maps_missing)
		builder_warn(builder, "/linux/namespaces", "the user namespace has no linux.uidMappings and "
			     "linux.gidMappings: each id in it is the host's of the same number");
	op->id_maps.uid = linux->uid_maps;
	op->id_maps.gid = linux->gid_maps;
	op->id_maps.deny_setgroups = !host->sys_admin && own;
	op->id_maps.by_helper = !host->sys_admin && !own;
	if (op->id_maps.deny_setgroups)
		op->why = "one's own id may be mapped without privilege, when setgroups is denied";
	for (unsigned int id = HELPER_NEWUIDMAP; op->id_maps.by_helper && id <= HELPER_NEWGIDMAP; id++) {
		if (host->helpers & (1u << id))
			continue;
		builder_refuse(builder, ERR_UNSUPPORTED,
			       id == HELPER_NEWUIDMAP ? "/linux/uidMappings" : "/linux/gidMappings",
			       "%s is missing or cannot be executed", helpers[id].path);
		err_why(builder->err, "it is needed for %s", helpers[id].purpose);
		return err_fix(builder->err, "%s", helpers[id].fix);
	}
	if (builder->plan->clone_flags & oci_namespace_clone_flag(OCI_NS_USER)) {
		op = builder_add(builder, OP_SYNC, PLAN_ISOLATE, NULL, NULL);
		op->sync.point = SYNC_ATTACHED;
	}
	return 0;
}

static void plan_name(struct builder *builder, enum op_kind kind, const char *where, const char *name)
{
	struct op *op;

	if (!name)
		return;
	op = builder_add(builder, kind, PLAN_ISOLATE, where, NULL);
	op->name.text = name;
}

/* Does the container live in cgroups of v1 hierarchies? Those of v2 are entered by being born there. */
static bool joins_v1(const struct builder *builder)
{
	enum host_cgroup_mode mode = builder->host->cgroup_mode;

	return builder->request->cgroup_driver != CGROUP_DISABLED &&
	       (mode == HOST_CGROUP_V1 || mode == HOST_CGROUP_HYBRID);
}

static bool mounts_cgroups(const struct oci_config *config)
{
	for (size_t i = 0; i < config->mounts_count; i++)
		if (config->mounts[i].type && strncmp(config->mounts[i].type, "cgroup", 6) == 0)
			return true;
	return false;
}

/*
 * Making directories in every hierarchy takes about as long as all mounts: with two processors it is done beside them.
 * Where they are mounted, only if the child may open them by path, as the host's root that it still is.
 */
static bool may_join_late(const struct builder *builder)
{
	const struct plan *plan = builder->plan;

	return !plan->gate && !plan->child_opens_paths && builder->host->initial_user_namespace &&
	       (!plan->in_user_namespace || !mounts_cgroups(builder->config));
}

/* systemd makes a scope around a process that exists. */
static bool by_systemd(const struct builder *builder)
{
	return builder->request->cgroup_driver == CGROUP_SYSTEMD && builder->host->cgroup_mode != HOST_CGROUP_NONE;
}

static void add_cgroup_join(struct builder *builder, enum plan_stage stage)
{
	const struct plan *plan = builder->plan;
	struct op *op;

	if (!joins_v1(builder) && !by_systemd(builder))
		return;
	op = builder_add(builder, OP_CGROUP_JOIN, plan->gate && !plan->cgroup_late ? PLAN_GATE : stage, NULL, NULL);
	op->cgroup_join.late = plan->cgroup_late;
	if (by_systemd(builder))
		op->why = "systemd makes them, with this process in them";
	else if (plan->cgroup_late)
		op->why = "the runtime has made them meanwhile";
	else if (plan->in_user_namespace)
		op->why = "first of all, while the runtime's own id still opens the files";
}

/* Not by clone3: its root would be the runtime's cgroup. */
static void add_cgroup_namespace(struct builder *builder, enum plan_stage stage)
{
	if (builder->new_ns[OCI_NS_CGROUP])
		builder_add(builder, OP_CGROUP_UNSHARE, stage,
			    builder->config->linux.namespaces[OCI_NS_CGROUP].where, NULL);
}

void plan_late_cgroup(struct builder *builder)
{
	if (builder->cgroup_joined)
		return;
	builder->cgroup_joined = true;
	add_cgroup_join(builder, PLAN_MOUNT);
	add_cgroup_namespace(builder, PLAN_MOUNT);
}

void plan_host_parts(struct builder *builder)
{
	const struct oci_linux *linux = &builder->config->linux;
	const struct oci_intel_rdt *rdt = &linux->intel_rdt;
	struct op *op;

	if (rdt->present) {
		op = builder_add(builder, OP_RESCTRL, PLAN_ATTACH, rdt->where, NULL);
		op->resctrl.rdt = *rdt;
		if (!rdt->clos_id)
			op->resctrl.rdt.clos_id = builder->request->id;
		op->resctrl.must_exist =
			rdt->clos_id && !rdt->l3_cache_schema && !rdt->mem_bw_schema && !rdt->schemata.count;
	}
	if (linux->net_devices_count) {
		op = builder_add(builder, OP_NET_DEVICES, PLAN_ATTACH, "/linux/netDevices", NULL);
		op->net_devices.items = linux->net_devices;
		op->net_devices.count = linux->net_devices_count;
		/* Not before the cgroups, which come unasked: messages are taken in their order. */
		op = builder_add(builder, OP_SYNC, PLAN_MOUNT, "/linux/netDevices", NULL);
		op->sync.point = SYNC_HOST;
	}
}

/*
 * To make a network namespace takes longer than to make all others. Where the runtime has cgroups to make meanwhile, the
 * child makes it: neither waits for the other then.
 */
static void plan_network(struct builder *builder)
{
	const char *where = builder->config->linux.namespaces[OCI_NS_NETWORK].where;
	struct plan *plan = builder->plan;

	if (!builder->new_ns[OCI_NS_NETWORK])
		return;
	if (plan->cgroup_late && !plan->gate) {
		plan->clone_flags &= ~oci_namespace_clone_flag(OCI_NS_NETWORK);
		builder_add(builder, OP_NET_UNSHARE, PLAN_ISOLATE, where, NULL)->why =
			"the runtime makes the cgroups meanwhile";
	}
	if (builder->request->loopback)
		builder_add(builder, OP_LOOPBACK_UP, PLAN_ISOLATE, where, NULL);
}

int plan_namespaces(struct builder *builder)
{
	struct plan *plan = builder->plan;

	plan->child_opens_paths = !builder->host->sys_admin;
	builder->nodes_by_bind = plan->in_user_namespace || !builder->host->initial_user_namespace;
	if (refuse_user_namespace(builder) || refuse_unusable(builder) || check_joined_user(builder))
		return ERR;
	plan_joins(builder);
	plan_time(builder);
	plan_clone_flags(builder);
	/* What an archive holds counts against the container's memory from its first byte on. */
	plan->cgroup_late = by_systemd(builder) || (joins_v1(builder) && may_join_late(builder) &&
						    !builder->request->root_archive.name);
	/* First of all: nothing else may be asked of the runtime before. */
	builder->cgroup_joined = by_systemd(builder) || !plan->cgroup_late;
	if (builder->cgroup_joined)
		add_cgroup_join(builder, PLAN_ISOLATE);
	if (plan_id_maps(builder))
		return ERR;
	if (builder->cgroup_joined)
		add_cgroup_namespace(builder, PLAN_ISOLATE);
	if (!builder_has_ns(builder, OCI_NS_MOUNT))
		builder_add(builder, OP_MOUNT_APART, PLAN_MOUNT, "/linux/namespaces",
			    "the container has none of its own, and the runtime's stays as it is");
	plan_name(builder, OP_HOSTNAME, "/hostname", builder->config->hostname);
	plan_name(builder, OP_DOMAINNAME, "/domainname", builder->config->domainname);
	plan_network(builder);
	return 0;
}
