/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices: the nodes and links of /dev: the runtime-spec's default ones and those of the config, and the masked and
 * read-only paths, which are made of a null device of ours (threats D3). Pure.
 */
#include <linux/mount.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "core/plan/builder.h"

static const char spec_devices[] = "one of the runtime-spec's default devices";
static const char spec_links[] = "one of the runtime-spec's default links in /dev";

static const struct {
	const char *path;
	uint32_t major, minor;
} default_devices[] = {
	{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
	{"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

static const struct {
	const char *path, *target;
	bool needs_procfs;
} default_links[] = {
	{"/dev/fd", "/proc/self/fd", true},	  {"/dev/stdin", "/proc/self/fd/0", true},
	{"/dev/stdout", "/proc/self/fd/1", true}, {"/dev/stderr", "/proc/self/fd/2", true},
	{"/dev/ptmx", "pts/ptmx", false},
};

/* Its last component lies directly in the /dev tmpfs of ours. */
static bool lies_in_dev(const struct builder *builder, const char *path)
{
	return builder->dev_slot != PLAN_NO_SLOT && strncmp(path, "/dev/", 5) == 0 && path[5] && !strchr(path + 5, '/');
}

static void add_device(struct builder *builder, const struct oci_device *device, const char *why)
{
	int tree_slot = PLAN_NO_SLOT;
	struct op *op;

	if (builder->nodes_by_bind && device->type != OCI_DEVICE_FIFO) {
		op = builder_tree(builder, device->path.text, device->where, why);
		op->tree.device = makedev(device->major, device->minor);
		op->tree.attr.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
		op->tree.attr.propagation = MS_PRIVATE;
		tree_slot = op->tree.slot;
	}
	op = builder_add(builder, OP_DEVICE, PLAN_MOUNT, device->where, why);
	op->device.path = device->path;
	op->device.into_slot = lies_in_dev(builder, device->path.text) ? builder->dev_slot : PLAN_NO_SLOT;
	op->device.tree_slot = tree_slot;
	op->device.type = device->type;
	op->device.major = device->major;
	op->device.minor = device->minor;
	op->device.mode = device->file_mode.set ? device->file_mode.value : 0666;
	op->device.uid = device->uid;
	op->device.gid = device->gid;
}

static bool in_config(const struct oci_linux *linux, const char *path)
{
	for (size_t i = 0; i < linux->devices_count; i++)
		if (plan_same_path(linux->devices[i].path.text, path))
			return true;
	return false;
}

static void add_devices(struct builder *builder, bool in_dev)
{
	const struct oci_linux *linux = &builder->config->linux;

	for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++) {
		struct oci_device device = {.path.text = default_devices[i].path,
					    .type = OCI_DEVICE_CHAR,
					    .major = default_devices[i].major,
					    .minor = default_devices[i].minor};

		if (lies_in_dev(builder, device.path.text) == in_dev && !in_config(linux, device.path.text))
			add_device(builder, &device, spec_devices);
	}
	for (size_t i = 0; i < linux->devices_count; i++)
		if (lies_in_dev(builder, linux->devices[i].path.text) == in_dev)
			add_device(builder, &linux->devices[i], NULL);
}

void plan_early_devices(struct builder *builder)
{
	add_devices(builder, true);
}

void plan_late_devices(struct builder *builder)
{
	/* The host's own /dev has its nodes, and they are not the container's to change. */
	if (builder->dev_is_bind)
		return;
	add_devices(builder, false);
	for (size_t i = 0; i < ARRAY_SIZE(default_links); i++) {
		struct op *op = builder_add(builder, OP_SYMLINK, PLAN_MOUNT, NULL, spec_links);

		op->symlink.path.text = default_links[i].path;
		op->symlink.target = default_links[i].target;
		/* Looking for the target itself would make the kernel fill in a process's directory for each. */
		op->symlink.needs = default_links[i].needs_procfs ? "/proc/self" : NULL;
		op->symlink.into_slot = builder->dev_slot;
	}
}

void plan_read_only_dev(struct builder *builder)
{
	struct op *op;

	if (!builder->dev_read_only || builder->dev_is_bind)
		return;
	op = builder_add(builder, OP_REMOUNT, PLAN_MOUNT, builder->dev_read_only,
			 "only when nodes, links, the console and mount points are in it");
	op->remount.target.text = "/dev";
	op->remount.attr.set = MOUNT_ATTR_RDONLY;
}

static bool seen_before(const struct placed_strings *list, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (plan_same_path(list->items[i].text, list->items[index].text))
			return true;
	return false;
}

void plan_masks(struct builder *builder)
{
	const struct placed_strings *masked = &builder->config->linux.masked_paths;
	const struct placed_strings *readonly = &builder->config->linux.readonly_paths;
	struct op *op;

	if (masked->count && builder->dev_slot == PLAN_NO_SLOT) {
		op = builder_tree(builder, "/dev/null", NULL, "what masked files are covered with");
		op->tree.null_device = true;
		op->tree.attr.propagation = MS_PRIVATE;
		builder->null_slot = op->tree.slot;
	}
	for (size_t i = 0; i < masked->count; i++) {
		if (seen_before(masked, i))
			continue;
		op = builder_add(builder, OP_MASK, PLAN_MOUNT, masked->items[i].where, NULL);
		op->mask.path.text = masked->items[i].text;
		op->mask.null_slot = builder->null_slot;
	}
	for (size_t i = 0; i < readonly->count; i++) {
		if (seen_before(readonly, i))
			continue;
		op = builder_add(builder, OP_READONLY, PLAN_MOUNT, readonly->items[i].where, NULL);
		op->readonly.path.text = readonly->items[i].text;
	}
}
