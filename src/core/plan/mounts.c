/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts: the mounts of the config, in its order: binds as detached trees that the runtime pins beforehand, everything
 * else as new file systems. Pure.
 */
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan/builder.h"

bool plan_same_path(const char *a, const char *b)
{
	while (*a && *a == *b) {
		while (*a == '/' && a[1] == '/')
			a++;
		while (*b == '/' && b[1] == '/')
			b++;
		a++, b++;
	}
	while (*a == '/')
		a++;
	while (*b == '/')
		b++;
	return *a == '\0' && *b == '\0';
}

/*
 * The part of path below the directory root, or NULL when it does not lie there. Text alone: a path with ".." may lead
 * anywhere, and counts as the host's.
 */
static const char *path_below(const char *root, const char *path)
{
	if (!root || plan_same_path(root, "/") || *path != '/')
		return NULL;
	while (*root) {
		size_t slashes = strspn(root, "/");

		if (slashes) {
			root += slashes;
			if (*root && *path != '/')
				return NULL;
			path += *root ? strspn(path, "/") : 0;
		} else if (*root++ != *path++) {
			return NULL;
		}
	}
	if (*path != '/' || !path[strspn(path, "/")])
		return NULL;
	for (const char *part = path; *part; part += strcspn(part, "/")) {
		part += strspn(part, "/");
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || !part[2]))
			return NULL;
	}
	return path;
}

/* Where programs, and our own masks, look for the kernel's files and for devices. An image has directories there. */
static bool is_system_path(const char *path)
{
	return plan_same_path(path, "/proc") || plan_same_path(path, "/sys") || plan_same_path(path, "/dev");
}

/* The maps that a mount is to be shown with: *ret_idmap is PLAN_NO_IDMAP when there are none. */
static int mount_idmap(struct builder *builder, const struct oci_mount *mount, const struct mount_options *options,
		       int *ret_idmap)
{
	struct id_maps uid = mount->uid_maps, gid = mount->gid_maps;

	*ret_idmap = PLAN_NO_IDMAP;
	if (!options->idmap && !uid.count && !gid.count)
		return 0;
	if (!uid.count && !gid.count) {
		uid = builder->uid_maps;
		gid = builder->gid_maps;
	}
	if (!uid.count || !gid.count) {
		builder_refuse(builder, ERR_CONFIG, mount->where, "mount %s has no id mapping to be shown with",
			       mount->destination.text);
		err_why(builder->err, "both uidMappings and gidMappings are needed, of the mount or of linux");
		return err_fix(builder->err, "add the missing mappings, or remove the option idmap");
	}
	if (builder->plan->child_opens_paths) {
		builder_refuse(builder, ERR_UNSUPPORTED, mount->where, "cannot show mount %s with mapped ids",
			       mount->destination.text);
		err_why(builder->err, "an idmapped mount needs CAP_SYS_ADMIN in the user namespace of its file system");
		return err_fix(builder->err, "run it as root, or remove the mappings of this mount");
	}
	*ret_idmap = builder_idmap(builder, uid, gid);
	return 0;
}

static void add_remount(struct builder *builder, const struct oci_mount *mount, const struct op_attr *attr,
			const char *why)
{
	struct op *op;

	if (!attr->set && !attr->clear && !attr->propagation)
		return;
	op = builder_add(builder, OP_REMOUNT, PLAN_MOUNT, mount->where, why);
	op->remount.target = mount->destination;
	op->remount.attr = *attr;
}

static int refuse_bind(struct builder *builder, const struct oci_mount *mount, const struct mount_options *options)
{
	if (!mount->source || !*mount->source) {
		builder_refuse(builder, ERR_CONFIG, mount->where, "bind mount %s has no source",
			       mount->destination.text);
		return err_fix(builder->err, "add \"source\": the host's file or directory to show there");
	}
	if (options->unknown && !strchr(options->unknown->text, '=')) {
		builder_refuse(builder, ERR_CONFIG, options->unknown->where, "bind mount %s has the unknown option %s",
			       mount->destination.text, options->unknown->text);
		err_why(builder->err, "what is no option of mount(8) is data for a file system, and a bind mount has "
				      "none of its own");
		return err_fix(builder->err, "look for a misspelled option, or remove it");
	}
	/* Engines pass a file system's options for a bind mount of one, and the kernel has ignored them always. */
	if (options->unknown)
		builder_warn(builder, options->unknown->where, "mount %s: %s has no effect on a bind mount",
			     mount->destination.text, options->unknown->text);
	if (options->fs_flags)
		builder_warn(builder, mount->where,
			     "mount %s: sync, async, dirsync, lazytime and mand have no effect on a bind mount",
			     mount->destination.text);
	return 0;
}

static int plan_bind(struct builder *builder, const struct oci_mount *mount, const struct mount_options *options)
{
	bool below = options->attr_below.set || options->attr_below.clear;
	const char *path = mount->source;
	struct op_attr rest = options->attr;
	struct op *op;
	int slot, idmap;

	if (refuse_bind(builder, mount, options) || mount_idmap(builder, mount, options, &idmap))
		return ERR;
	if (*path != '/')
		path = builder_text(builder, "%s/%s", builder->request->bundle.text, path);
	op = builder_tree(builder, path, mount->where, NULL);
	op->tree.inside.text = path_below(builder->request->rootfs.text, path);
	/* What earlier mounts have put there is meant; and no link of the image leads out. */
	if (op->tree.inside.text) {
		op->stage = PLAN_MOUNT;
		op->why = "it lies in the container's own root, as that stands by then";
	}
	slot = op->tree.slot;
	op->tree.recursive = options->recursive;
	op->tree.no_follow = options->no_follow;
	op->tree.idmap = idmap;
	op->tree.idmap_recursive = options->idmap_recursive;
	op->tree.attr = below ? options->attr_below : options->attr;
	/* A clone is a peer of what it was made of: the whole tree is parted from the host unless sharing was asked
	 * for. */
	op->tree.attr.propagation = options->attr.propagation ? options->attr.propagation : MS_PRIVATE;
	op->tree.attr.propagation_recursive = true;

	op = builder_add(builder, OP_MOUNT_TREE, PLAN_MOUNT, mount->where, NULL);
	op->mount_tree.slot = slot;
	op->mount_tree.target = mount->destination;
	op->mount_tree.into_slot = PLAN_NO_SLOT;
	op->mount_tree.target_from_source = true;
	op->mount_tree.no_follow = options->no_follow;
	op->mount_tree.plain = is_system_path(mount->destination.text);
	/* By its descriptor, not by the path: that may lead elsewhere by then. */
	if (below) {
		rest.propagation = 0;
		op->mount_tree.attr = rest;
	}
	return 0;
}

static void add_param(struct mount_options *options, const char *key, const char *value, const char *where)
{
	options->params[options->params_count++] = (struct key_value){key, value, where};
}

/* The SELinux label of files where the file system keeps none itself. */
static bool takes_label(const char *type)
{
	static const char *const without[] = {"proc", "sysfs", "cgroup", "cgroup2", "mqueue"};

	for (size_t i = 0; i < ARRAY_SIZE(without); i++)
		if (strcmp(type, without[i]) == 0)
			return false;
	return true;
}

static void add_params_of_ours(struct builder *builder, const struct oci_mount *mount, struct mount_options *options)
{
	const char *label = builder->config->linux.mount_label;

	if (builder->no_memory)
		return;
	if (label && takes_label(mount->type))
		add_param(options, "context", label, "/linux/mountLabel");
	/* A read-only mount of a block device must not need a writable device. */
	if (options->attr.set & MOUNT_ATTR_RDONLY && mount->source && strncmp(mount->source, "/dev/", 5) == 0)
		add_param(options, "ro", NULL, mount->where);
}

/* A devpts is the container's own: its files can only belong to ids that the container has. */
static int check_devpts(struct builder *builder, const struct oci_mount *mount, const struct mount_options *options)
{
	if (strcmp(mount->type, "devpts") != 0 || !builder->plan->in_user_namespace)
		return 0;
	for (size_t i = 0; i < options->params_count; i++) {
		const struct key_value *param = &options->params[i];
		bool gid = strcmp(param->key, "gid") == 0;
		char *end;
		unsigned long id;

		if (!param->value || (!gid && strcmp(param->key, "uid") != 0))
			continue;
		id = strtoul(param->value, &end, 10);
		if (*end || id > UINT32_MAX || builder_is_mapped(gid ? &builder->gid_maps : &builder->uid_maps, (uint32_t)id))
			continue;
		builder_refuse(builder, ERR_CONFIG, param->where, "cannot mount devpts on %s with %s=%lu",
			       mount->destination.text, param->key, id);
		err_why(builder->err, "the container's user namespace does not map %s %lu", gid ? "group" : "user", id);
		return err_fix(builder->err, "remove this option (terminals then belong to the %s of who opens them), or map "
			       "the id", gid ? "group" : "user");
	}
	return 0;
}

static int plan_file_system(struct builder *builder, const struct oci_mount *mount, struct mount_options *options)
{
	bool is_dev = strcmp(mount->type, "tmpfs") == 0 && plan_same_path(mount->destination.text, "/dev");
	struct op_attr attr = {.set = options->attr.set | options->attr_below.set,
			       .clear = options->attr.clear | options->attr_below.clear};
	struct op_attr later = {.propagation = options->attr.propagation,
				.propagation_recursive = options->attr.propagation_recursive};
	struct op *op;
	int idmap, mount_slot = PLAN_NO_SLOT;

	if (mount_idmap(builder, mount, options, &idmap) || check_devpts(builder, mount, options))
		return ERR;
	/* What is mounted inside a user namespace has its ids already, and the kernel maps them no further. */
	if (idmap != PLAN_NO_IDMAP && builder->plan->in_user_namespace) {
		if (mount->uid_maps.count) {
			builder_refuse(builder, ERR_UNSUPPORTED, mount->where, "cannot show %s on %s with other ids",
				       mount->type, mount->destination.text);
			err_why(builder->err,
				"it is mounted inside the container's user namespace, with the ids of that");
			return err_fix(builder->err, "remove uidMappings and gidMappings from this mount");
		}
		idmap = PLAN_NO_IDMAP;
	}
	add_params_of_ours(builder, mount, options);
	if (is_dev) {
		mount_slot = builder->dev_slot = builder_slot(builder);
		builder->dev_read_only = attr.set & MOUNT_ATTR_RDONLY ? mount->where : NULL;
		attr.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	}
	op = builder_add(builder, OP_MOUNT_FS, PLAN_MOUNT, mount->where, NULL);
	op->mount_fs.fs_type = mount->type;
	op->mount_fs.source = mount->source ? mount->source : mount->type;
	op->mount_fs.params = (struct key_values){options->params, options->params_count};
	op->mount_fs.attr = attr;
	op->mount_fs.target = mount->destination;
	op->mount_fs.mount_slot = mount_slot;
	op->mount_fs.into_slot = PLAN_NO_SLOT;
	op->mount_fs.is_dev = is_dev;
	op->mount_fs.plain = is_system_path(mount->destination.text) || strcmp(mount->type, "proc") == 0 ||
			     strcmp(mount->type, "sysfs") == 0;
	op->mount_fs.copy_up = options->copy_up;
	op->mount_fs.idmap = idmap;
	if (is_dev)
		plan_early_devices(builder);
	add_remount(builder, mount, &later, NULL);
	return 0;
}

/* See plan_cgroup_is_last. */
static int put_off(struct builder *builder, const struct oci_mount *mount, const struct mount_options *options)
{
	struct mount_options *copy = arena_alloc(builder->arena, sizeof(*copy));

	if (!copy)
		return err_set(builder->err, ERR_INTERNAL, "out of memory while planning");
	*copy = *options;
	builder->cgroup_mount = mount;
	builder->cgroup_options = copy;
	return 0;
}

static int plan_one_mount(struct builder *builder, const struct oci_mount *mount)
{
	struct mount_options options;
	bool no_type = !mount->type || !*mount->type || strcmp(mount->type, "none") == 0;

	plan_mount_options(builder, mount, &options);
	if (builder->no_memory)
		return 0;
	if (options.attr.propagation & (MS_SHARED | MS_SLAVE) && !builder_has_ns(builder, OCI_NS_MOUNT)) {
		builder_refuse(builder, ERR_CONFIG, mount->where, "without a mount namespace mount %s can only be private",
			       mount->destination.text);
		err_why(builder->err, "nothing is mounted into, or from, a tree that belongs to no namespace");
		return err_fix(builder->err, "use rprivate, or add {\"type\": \"mount\"} to linux.namespaces");
	}
	if (options.remount || (no_type && !options.bind && options.attr.propagation)) {
		add_remount(builder, mount, &options.attr, NULL);
		options.attr_below.recursive = true;
		add_remount(builder, mount, &options.attr_below, NULL);
		return 0;
	}
	if (options.bind) {
		if (plan_same_path(mount->destination.text, "/dev")) {
			builder->dev_is_bind = true;
			builder->dev_slot = PLAN_NO_SLOT;
		}
		return plan_bind(builder, mount, &options);
	}
	if (no_type) {
		builder_refuse(builder, ERR_CONFIG, mount->where, "mount %s has no file system type",
			       mount->destination.text);
		err_why(builder->err, "no option says bind, rbind or remount");
		return err_fix(builder->err, "add \"type\", for example \"tmpfs\", or the option \"rbind\"");
	}
	if (strcmp(mount->type, "cgroup") == 0) {
		if (plan_cgroup_mount_is_last(builder, mount))
			return put_off(builder, mount, &options);
		plan_cgroupfs(builder, mount, &options);
		return 0;
	}
	return plan_file_system(builder, mount, &options);
}

/* A terminal comes out of the container's own devpts. */
static int check_terminal(struct builder *builder)
{
	const struct oci_config *config = builder->config;

	if (!builder->process || !builder->process->terminal || builder->dev_is_bind ||
	    builder->joined_ns[OCI_NS_MOUNT])
		return 0;
	for (size_t i = 0; i < config->mounts_count; i++)
		if (plan_same_path(config->mounts[i].destination.text, "/dev/pts"))
			return 0;
	builder_refuse(builder, ERR_CONFIG, builder_text(builder, "%s/terminal", builder->process->where),
		       "the container has no devpts to make a terminal in");
	return err_fix(builder->err, "add to mounts: {\"destination\": \"/dev/pts\", \"type\": \"devpts\", \"source\": "
				     "\"devpts\", \"options\": [\"newinstance\", \"ptmxmode=0666\", \"mode=0620\"]}");
}

/* A destination that is spelled as the host sees it, below root.path, means the place inside, as with other runtimes. */
static const struct oci_mount *in_container(struct builder *builder, const struct oci_mount *mount)
{
	const char *inside = path_below(builder->request->rootfs.text, mount->destination.text);
	struct oci_mount *copy = inside ? arena_alloc(builder->arena, sizeof(*copy)) : NULL;

	if (!inside)
		return mount;
	if (!copy) {
		builder->no_memory = true;
		return mount;
	}
	*copy = *mount;
	copy->destination.text = inside;
	return copy;
}

/* Read-only: the program speaks to the socket, and makes nothing beside it. */
static void plan_notify(struct builder *builder)
{
	const char *path = builder->request->notify_directory.text;
	struct op *op;
	int slot;

	if (!path)
		return;
	op = builder_tree(builder, path, NULL, "the program's NOTIFY_SOCKET");
	slot = op->tree.slot;
	op->tree.attr = (struct op_attr){
		.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		.propagation = MS_PRIVATE,
	};
	op = builder_add(builder, OP_MOUNT_TREE, PLAN_MOUNT, NULL, "the program's NOTIFY_SOCKET");
	op->mount_tree.slot = slot;
	op->mount_tree.target = (struct root_path){PLAN_NOTIFY_TARGET};
	op->mount_tree.into_slot = PLAN_NO_SLOT;
	op->mount_tree.target_from_source = true;
}

int plan_mounts(struct builder *builder)
{
	const struct oci_config *config = builder->config;

	for (size_t i = 0; i < config->mounts_count; i++)
		if (plan_one_mount(builder, in_container(builder, &config->mounts[i])))
			return ERR;
	plan_notify(builder);
	return check_terminal(builder);
}
