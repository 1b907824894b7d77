/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroupfs: what a mount of type "cgroup" becomes. v2 with a cgroup namespace: the file system itself. Without one: the
 * container's directory alone. v1 and hybrids: a small tmpfs with the container's directory of each v1 hierarchy, and
 * links for controllers that share one. Nothing above the container's own cgroup can be seen (threats D14). Pure.
 */
#include <linux/mount.h>
#include <string.h>

#include "core/plan/builder.h"

/* The container's directory in a hierarchy, as a path of the host. */
static const char *container_directory(struct builder *builder, const struct host_hierarchy *hierarchy)
{
	const char *path = builder->plan->cgroup.path ? builder->plan->cgroup.path : hierarchy->own_path;

	return builder_text(builder, "%s%s", hierarchy->mount_point, strcmp(path, "/") == 0 ? "" : path);
}

static int directory_tree(struct builder *builder, const struct oci_mount *mount, const struct op_attr *attr,
			  const struct host_hierarchy *hierarchy)
{
	struct op *op = builder_tree(builder, container_directory(builder, hierarchy), mount->where,
				     "the container's own cgroup, not the hierarchy");

	op->tree.must_be_directory = true;
	op->tree.attr = *attr;
	op->tree.attr.propagation = MS_PRIVATE;
	/* One mount, no tree: attributes and propagation are one call. */
	op->tree.attr.propagation_recursive = false;
	op->tree.optional = !builder->plan->cgroup.explicit;
	if (builder->plan->cgroup_late)
		op->stage = PLAN_MOUNT;
	return op->tree.slot;
}

static void mount_directory(struct builder *builder, const struct oci_mount *mount, int slot, const char *target,
			    int into_slot)
{
	struct op *op = builder_add(builder, OP_MOUNT_TREE, PLAN_MOUNT, mount->where, NULL);

	op->mount_tree.slot = slot;
	op->mount_tree.target.text = target;
	op->mount_tree.into_slot = into_slot;
	op->mount_tree.target_from_source = true;
}

static struct op *mount_type(struct builder *builder, const struct oci_mount *mount, const char *type,
			     const struct op_attr *attr)
{
	struct op *op = builder_add(builder, OP_MOUNT_FS, PLAN_MOUNT, mount->where, NULL);

	op->mount_fs.fs_type = type;
	op->mount_fs.source = type;
	op->mount_fs.attr = *attr;
	op->mount_fs.target = mount->destination;
	op->mount_fs.mount_slot = PLAN_NO_SLOT;
	op->mount_fs.into_slot = PLAN_NO_SLOT;
	op->mount_fs.idmap = PLAN_NO_IDMAP;
	return op;
}

/* cpu → cpu,cpuacct, where two controllers are mounted together under another name. */
static void link_names(struct builder *builder, const struct oci_mount *mount, const struct host_hierarchy *hierarchy,
		       int into_slot)
{
	const char *list = hierarchy->controllers;

	if (!strchr(list, ','))
		return;
	while (*list) {
		size_t length = strcspn(list, ",");
		struct op *op;

		if (strlen(hierarchy->mount_name) != length || strncmp(hierarchy->mount_name, list, length) != 0) {
			op = builder_add(builder, OP_SYMLINK, PLAN_MOUNT, mount->where,
					 "another name of a hierarchy with several controllers");
			op->symlink.path.text =
				builder_text(builder, "%s/%.*s", mount->destination.text, (int)length, list);
			op->symlink.target = hierarchy->mount_name;
			op->symlink.into_slot = into_slot;
		}
		list += length;
		list += *list ? 1 : 0;
	}
}

static void plan_v1(struct builder *builder, const struct oci_mount *mount, const struct op_attr *attr)
{
	static const struct key_value tmpfs_params[] = {{"mode", "755", NULL}, {"size", "64k", NULL}};
	struct op_attr tmpfs_attr = {.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
	struct op_attr read_only = {.set = attr->set & MOUNT_ATTR_RDONLY};
	const struct host *host = builder->host;
	int into_slot = builder_slot(builder);
	struct op *op = mount_type(builder, mount, "tmpfs", &tmpfs_attr);

	op->mount_fs.mount_slot = into_slot;
	op->mount_fs.params = (struct key_values){tmpfs_params, ARRAY_SIZE(tmpfs_params)};
	for (size_t i = 0; i < host->hierarchies_count; i++) {
		const struct host_hierarchy *hierarchy = &host->hierarchies[i];
		int slot;

		if (hierarchy->v2)
			continue;
		slot = directory_tree(builder, mount, attr, hierarchy);
		mount_directory(builder, mount, slot,
				builder_text(builder, "%s/%s", mount->destination.text, hierarchy->mount_name),
				into_slot);
		link_names(builder, mount, hierarchy, into_slot);
	}
	if (read_only.set) {
		op = builder_add(builder, OP_REMOUNT, PLAN_MOUNT, mount->where, "only when the hierarchies are in it");
		op->remount.target = mount->destination;
		op->remount.attr = read_only;
	}
}

#define CGROUPS "/sys/fs/cgroup"

/* In file systems of the kernel there is no link of the image's, so that the text of a path tells where it leads. */
static bool lies_apart(const char *path)
{
	if (strstr(path, "/.") || strstr(path, "//"))
		return false;
	return strncmp(path, "/proc/", 6) == 0 ||
	       (strncmp(path, "/sys/", 5) == 0 && strncmp(path, CGROUPS, strlen(CGROUPS)) != 0 &&
		strncmp(CGROUPS, path, strlen(path)) != 0);
}

static bool is_mounted(const struct oci_config *config, const char *path, const char *type)
{
	for (size_t i = 0; i < config->mounts_count; i++)
		if (plan_same_path(config->mounts[i].destination.text, path))
			return config->mounts[i].type && strcmp(config->mounts[i].type, type) == 0;
	return false;
}

static bool all_lie_apart(const struct placed_strings *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		if (!lies_apart(paths->items[i].text))
			return false;
	return true;
}

static bool has_hooks(const struct oci_hooks *hooks)
{
	return hooks[OCI_HOOK_PRESTART].count || hooks[OCI_HOOK_CREATE_RUNTIME].count ||
	       hooks[OCI_HOOK_CREATE_CONTAINER].count;
}

bool plan_cgroup_is_last(const struct builder *builder)
{
	const struct oci_linux *linux = &builder->config->linux;

	/* Devices of the host are waited for at a place of their own. */
	if (!builder->plan->cgroup_late || linux->net_devices_count || has_hooks(builder->config->hooks) ||
	    !is_mounted(builder->config, "/proc", "proc") || !is_mounted(builder->config, "/sys", "sysfs"))
		return false;
	for (size_t i = 0; i < linux->devices_count; i++)
		if (strncmp(linux->devices[i].path.text, "/dev/", 5) != 0)
			return false;
	return all_lie_apart(&linux->masked_paths) && all_lie_apart(&linux->readonly_paths);
}

bool plan_cgroup_mount_is_last(const struct builder *builder, const struct oci_mount *mount)
{
	const struct oci_config *config = builder->config;

	return plan_cgroup_is_last(builder) && mount == &config->mounts[config->mounts_count - 1] &&
	       plan_same_path(mount->destination.text, CGROUPS);
}

void plan_last_cgroup(struct builder *builder)
{
	if (builder->cgroup_mount)
		plan_cgroupfs(builder, builder->cgroup_mount, builder->cgroup_options);
	plan_late_cgroup(builder);
}

void plan_cgroupfs(struct builder *builder, const struct oci_mount *mount, const struct mount_options *options)
{
	const struct host *host = builder->host;
	struct op_attr attr = {.set = options->attr.set | options->attr_below.set,
			       .clear = options->attr.clear | options->attr_below.clear};

	/* The cgroup of a user's container lies among the user's own: without a cgroup namespace it must not be
	 * written. */
	if (builder->plan->in_user_namespace && !builder_has_ns(builder, OCI_NS_CGROUP) &&
	    !(attr.set & MOUNT_ATTR_RDONLY)) {
		attr.set |= MOUNT_ATTR_RDONLY;
		attr.clear &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		builder_warn(builder, mount->where,
			     "mount %s is made read-only: a user namespace without a cgroup namespace could write to "
			     "cgroups outside; add {\"type\": \"cgroup\"} to linux.namespaces",
			     mount->destination.text);
	}
	switch (host->cgroup_mode) {
	case HOST_CGROUP_NONE:
		builder_warn(builder, mount->where, "%s stays empty: this host has no cgroup hierarchy mounted",
			     mount->destination.text);
		break;
	case HOST_CGROUP_V2:
		if (builder->new_ns[OCI_NS_CGROUP])
			mount_type(builder, mount, "cgroup2", &attr);
		else
			mount_directory(builder, mount, directory_tree(builder, mount, &attr, &host->hierarchies[0]),
					mount->destination.text, PLAN_NO_SLOT);
		break;
	case HOST_CGROUP_V1:
	case HOST_CGROUP_HYBRID:
		plan_late_cgroup(builder);
		plan_v1(builder, mount, &attr);
		break;
	}
}
