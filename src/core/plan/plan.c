/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: the order in which a container is made, and the builder that collects the operations. Runs in the runtime,
 * before any power is used. Makes no system call.
 */
#include "core/plan/plan.h"

#include <linux/capability.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>

#include "core/cause/cause.h"
#include "core/plan/builder.h"

struct op *builder_add(struct builder *builder, enum op_kind kind, enum plan_stage stage, const char *where,
		       const char *why)
{
	struct op *op = &builder->spare;

	if (builder->ops_count == builder->ops_capacity) {
		size_t capacity = builder->ops_capacity * 2 + 64;
		struct op *ops = arena_calloc(builder->arena, capacity, sizeof(*ops));

		if (ops) {
			if (builder->ops_count)
				memcpy(ops, builder->ops, builder->ops_count * sizeof(*ops));
			builder->ops = ops;
			builder->ops_capacity = capacity;
		}
	}
	if (builder->ops_count < builder->ops_capacity)
		op = &builder->ops[builder->ops_count++];
	else
		builder->no_memory = true;
	*op = (struct op){.kind = kind, .stage = stage, .where = where, .why = why};
	return op;
}

int builder_slot(struct builder *builder)
{
	return builder->slots++;
}

static bool same_maps(const struct id_maps *a, const struct id_maps *b)
{
	return a->count == b->count && (a->count == 0 || !memcmp(a->items, b->items, a->count * sizeof(*a->items)));
}

int builder_idmap(struct builder *builder, struct id_maps uid, struct id_maps gid)
{
	struct plan *plan = builder->plan;

	for (size_t i = 0; i < plan->idmaps_count; i++)
		if (same_maps(&builder->idmaps[i].uid, &uid) && same_maps(&builder->idmaps[i].gid, &gid))
			return (int)i;
	if (!builder->idmaps) {
		/* At most one for each mount and one for the rootfs. */
		builder->idmaps_capacity = builder->config->mounts_count + 1;
		builder->idmaps = arena_calloc(builder->arena, builder->idmaps_capacity, sizeof(*builder->idmaps));
		plan->idmaps = builder->idmaps;
	}
	if (!builder->idmaps) {
		builder->no_memory = true;
		return PLAN_NO_IDMAP;
	}
	builder->idmaps[plan->idmaps_count] = (struct plan_idmap){.uid = uid, .gid = gid};
	return (int)plan->idmaps_count++;
}

const char *builder_vtext(struct builder *builder, const char *fmt, va_list args)
{
	va_list again;
	int length;
	char *text;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	text = length < 0 ? NULL : arena_alloc(builder->arena, (size_t)length + 1);
	if (!text) {
		builder->no_memory = true;
		return "";
	}
	vsnprintf(text, (size_t)length + 1, fmt, args);
	return text;
}

const char *builder_text(struct builder *builder, const char *fmt, ...)
{
	const char *text;
	va_list args;

	va_start(args, fmt);
	text = builder_vtext(builder, fmt, args);
	va_end(args);
	return text;
}

void builder_warn(struct builder *builder, const char *where, const char *fmt, ...)
{
	struct placed_strings *list = &builder->plan->warnings;
	va_list args;

	if (list->count == builder->warnings_capacity) {
		size_t capacity = builder->warnings_capacity * 2 + 8;
		struct placed_string *items = arena_calloc(builder->arena, capacity, sizeof(*items));

		if (!items) {
			builder->no_memory = true;
			return;
		}
		if (list->count)
			memcpy(items, builder->warnings, list->count * sizeof(*items));
		builder->warnings = items;
		builder->warnings_capacity = capacity;
		list->items = items;
	}
	va_start(args, fmt);
	builder->warnings[list->count++] = (struct placed_string){builder_vtext(builder, fmt, args), where};
	va_end(args);
}

int builder_refuse(struct builder *builder, enum err_kind kind, const char *where, const char *fmt, ...)
{
	char text[sizeof(builder->err->what)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	err_set(builder->err, kind, "%s", text);
	if (where)
		err_where(builder->err, "%s#%s", builder->name, where);
	return ERR;
}

bool builder_has_ns(const struct builder *builder, enum oci_namespace_kind kind)
{
	return builder->new_ns[kind] || builder->joined_ns[kind];
}

bool builder_is_mapped(const struct id_maps *maps, uint32_t id)
{
	for (size_t i = 0; i < maps->count; i++)
		if (id >= maps->items[i].inside.value && id - maps->items[i].inside.value < maps->items[i].count)
			return true;
	return maps->count == 0;
}

struct op *builder_tree(struct builder *builder, const char *path, const char *where, const char *why)
{
	struct op *op = builder_add(builder, OP_TREE, builder->plan->child_opens_paths ? PLAN_ISOLATE : PLAN_PREPARE,
				    where, why);

	op->tree.slot = builder_slot(builder);
	op->tree.path.text = path;
	op->tree.idmap = PLAN_NO_IDMAP;
	return op;
}

int builder_finish(struct builder *builder, const struct plan **ret_plan)
{
	struct plan *plan = builder->plan;
	struct op *sorted = arena_calloc(builder->arena, builder->ops_count + 1, sizeof(*sorted));
	size_t count = 0;

	if (builder->no_memory || !sorted)
		return err_set(builder->err, ERR_INTERNAL, "out of memory while planning");
	for (int stage = 0; stage < PLAN_STAGE_COUNT; stage++)
		for (size_t i = 0; i < builder->ops_count; i++)
			if ((int)builder->ops[i].stage == stage)
				sorted[count++] = builder->ops[i];
	plan->ops = sorted;
	plan->ops_count = count;
	plan->slots_count = builder->slots;
	*ret_plan = plan;
	return 0;
}

/* Annotations of ours. All others are ignored (threats D7: nothing is taken from an annotation that is not listed). */
enum { ANNOTATION_ROOTFS_IDMAP, ANNOTATION_ROOTFS_LAYER, ANNOTATION_COUNT };
static const char *const known_annotations[ANNOTATION_COUNT] = {
	/* "true": the rootfs is shown with the container's id maps (linux.uidMappings) instead of being chowned. */
	[ANNOTATION_ROOTFS_IDMAP] = "org.bulkhead.rootfs.idmap",
	/* "true": what is written to the rootfs is kept in memory and thrown away at the container's end. */
	[ANNOTATION_ROOTFS_LAYER] = PLAN_ANNOTATION_LAYER,
};

/* *ret is true for "true", false for "false" and when the annotation is absent. */
static int annotation_flag(struct builder *builder, int annotation, bool *ret, const char **ret_where)
{
	const struct key_values *list = &builder->config->annotations;

	*ret = false;
	for (size_t i = 0; i < list->count; i++) {
		const struct key_value *item = &list->items[i];

		if (strcmp(item->key, known_annotations[annotation]) != 0)
			continue;
		*ret_where = item->where;
		*ret = strcmp(item->value, "true") == 0;
		if (!*ret && strcmp(item->value, "false") != 0) {
			builder_refuse(builder, ERR_CONFIG, item->where, "annotation %s has the value \"%s\"",
				       item->key, item->value);
			return err_fix(builder->err, "write \"true\" or \"false\"");
		}
	}
	return 0;
}

/* The root of a sandbox that shows parts of the host: nothing is there but what the config mounts. */
static void plan_empty_root(struct builder *builder)
{
	const struct plan_request *request = builder->request;
	struct op *op = builder_add(builder, OP_ROOT, PLAN_MOUNT, NULL, "nothing is in it but what is mounted below");

	op->root.slot = PLAN_NO_SLOT;
	for (size_t i = 0; i < request->root_links.count; i++) {
		op = builder_add(builder, OP_SYMLINK, PLAN_MOUNT, NULL, "as on the host");
		op->symlink.path.text = builder_text(builder, "/%s", request->root_links.items[i].key);
		op->symlink.target = request->root_links.items[i].value;
		op->symlink.into_slot = PLAN_NO_SLOT;
	}
	for (size_t i = 0; i < request->root_directories.count; i++) {
		op = builder_add(builder, OP_DIRECTORY, PLAN_MOUNT, NULL, "programs expect it; it is empty");
		op->directory.path.text = builder_text(builder, "/%s", request->root_directories.items[i]);
	}
}

/* In the container's own user namespace: its bytes are not to be trusted with more. */
static int plan_archive_root(struct builder *builder)
{
	const struct plan_archive *archive = &builder->request->root_archive;
	const struct id_maps *maps = &builder->uid_maps;
	struct op *op;

	if (!archive->name)
		return 0;
	if (!builder->plan->in_user_namespace) {
		err_set(builder->err, ERR_UNSUPPORTED, "cannot unpack %s without a user namespace", archive->name);
		err_why(builder->err, "what reads it would have power over the host");
		return err_fix(builder->err, "leave out --userns=none, or unpack it into a directory and name that");
	}
	op = builder_add(builder, OP_UNPACK, PLAN_MOUNT, NULL, "by a helper program that can reach nothing else");
	op->unpack.name = archive->name;
	op->unpack.archive_fd = archive->archive_fd;
	op->unpack.helper_fd = archive->helper_fd;
	op->unpack.one_id = maps->count == 1 && maps->items[0].count == 1;
	return 0;
}

static int plan_rootfs(struct builder *builder)
{
	const struct oci_linux *linux = &builder->config->linux;
	unsigned long propagation = linux->rootfs_propagation;
	const char *where = builder->config->root.where;
	const char *where_idmap = NULL, *where_layer = NULL;
	bool idmap, layer;
	struct op *op;
	int slot;

	if (!builder->request->rootfs.text) {
		plan_empty_root(builder);
		return plan_archive_root(builder);
	}
	if (annotation_flag(builder, ANNOTATION_ROOTFS_IDMAP, &idmap, &where_idmap) ||
	    annotation_flag(builder, ANNOTATION_ROOTFS_LAYER, &layer, &where_layer))
		return ERR;
	op = builder_tree(builder, builder->request->rootfs.text, where, NULL);
	slot = op->tree.slot;
	op->tree.recursive = true;
	op->tree.must_be_directory = true;
	/* A slave goes on receiving the host's mounts. Anything else starts private: pivot_root(2) takes no shared one.
	 */
	op->tree.attr.propagation = propagation & MS_SLAVE ? MS_SLAVE : MS_PRIVATE;
	op->tree.attr.propagation_recursive = true;
	if (idmap) {
		if (!builder->uid_maps.count || !builder->gid_maps.count || builder->plan->child_opens_paths) {
			builder_refuse(builder, ERR_CONFIG, where_idmap,
				       "cannot show the rootfs with the container's ids");
			err_why(builder->err, builder->uid_maps.count && builder->gid_maps.count
						      ? "an idmapped mount needs CAP_SYS_ADMIN on the host"
						      : "linux.uidMappings and linux.gidMappings are missing");
			return err_fix(builder->err, "remove the annotation, or give what is missing");
		}
		op->tree.idmap = builder_idmap(builder, builder->uid_maps, builder->gid_maps);
		op->why = "its files keep their owners on disk and belong to the container's ids inside";
	}
	op = builder_add(builder, OP_ROOT, PLAN_MOUNT, where, NULL);
	op->root.slot = slot;
	if (layer)
		builder_add(builder, OP_LAYER, PLAN_MOUNT, where_layer, NULL);
	return 0;
}

void plan_procfs(struct builder *builder, bool from_host, const char *why)
{
	int host_slot = PLAN_NO_SLOT;
	struct op *op;

	if (from_host) {
		op = builder_tree(builder, "/proc", NULL, why);
		op->stage = PLAN_PREPARE;
		op->tree.path_only = true;
		op->tree.must_be_directory = true;
		host_slot = op->tree.slot;
	}
	op = builder_add(builder, OP_PROCFS, PLAN_MOUNT, NULL, NULL);
	op->procfs.host_slot = host_slot;
}

static void plan_hooks(struct builder *builder)
{
	const struct oci_hooks *hooks = builder->config->hooks;
	struct op *op;

	builder->plan->hooks = hooks;
	if (hooks[OCI_HOOK_PRESTART].count || hooks[OCI_HOOK_CREATE_RUNTIME].count) {
		op = builder_add(builder, OP_SYNC, PLAN_MOUNT, "/hooks", NULL);
		op->sync.point = SYNC_MOUNTED;
		op->sync.rootfs = builder->request->rootfs;
	}
	if (hooks[OCI_HOOK_CREATE_CONTAINER].count) {
		op = builder_add(builder, OP_HOOKS, PLAN_MOUNT, "/hooks/createContainer", NULL);
		op->hooks.kind = OCI_HOOK_CREATE_CONTAINER;
		op->hooks.rootfs = builder->request->rootfs;
		/* As runc has it: what they name without a leading slash is the container's. */
		op->hooks.directory = op->hooks.rootfs.text ? op->hooks.rootfs : builder->request->bundle;
	}
}

/* START: sysctls belong to create, so that it reports what the kernel refuses; then the container waits. */
static int plan_start(struct builder *builder)
{
	if (plan_sysctls(builder))
		return ERR;
	if (builder->request->wait_start)
		builder_add(builder, OP_WAIT_START, PLAN_START, NULL, NULL);
	return 0;
}

/* Read-only and propagation of the root mount; what pivot_root(2) refuses (a shared root) comes after it. */
static void plan_root_attr(struct builder *builder)
{
	unsigned long propagation = builder->config->linux.rootfs_propagation;
	unsigned long kind = propagation & ~(unsigned long)MS_REC;
	struct op *op;

	if (builder->config->root.readonly) {
		op = builder_add(builder, OP_ROOT_ATTR, PLAN_MOUNT,
				 builder_text(builder, "%s/readonly", builder->config->root.where), NULL);
		op->root_attr.attr.set = MOUNT_ATTR_RDONLY;
	}
	op = builder_add(builder, OP_PIVOT, PLAN_ENTER, NULL, NULL);
	op->pivot.apart = !builder_has_ns(builder, OCI_NS_MOUNT);
	op->pivot.move = builder->request->no_pivot && !op->pivot.apart;
	if (kind && kind != MS_PRIVATE && kind != MS_SLAVE) {
		op = builder_add(builder, OP_ROOT_ATTR, PLAN_ENTER, "/linux/rootfsPropagation", NULL);
		op->root_attr.attr.propagation = kind;
		op->root_attr.attr.propagation_recursive = propagation & MS_REC;
	}
}

static int plan_root_stage(struct builder *builder)
{
	if (plan_rootfs(builder))
		return ERR;
	plan_procfs(builder, builder->plan->in_user_namespace && !builder->new_ns[OCI_NS_PID],
		    "the user namespace does not own the pid namespace: it cannot mount a procfs");
	if (plan_mounts(builder))
		return ERR;
	if (!plan_cgroup_is_last(builder))
		plan_late_cgroup(builder);
	plan_host_parts(builder);
	plan_late_devices(builder);
	plan_console(builder, NULL);
	plan_read_only_dev(builder);
	plan_hooks(builder);
	/* After the hooks, so that none of them can mount over what is masked. */
	plan_masks(builder);
	plan_last_cgroup(builder);
	plan_root_attr(builder);
	return 0;
}

/* setns(2) into a mount namespace begins at its root: here that is the host's. */
static void warn_of_way_out(struct builder *builder, uint64_t capabilities)
{
	uint64_t needed = 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_SYS_CHROOT;

	if (!builder_has_ns(builder, OCI_NS_MOUNT) && (capabilities & needed) == needed)
		builder_warn(builder, "/linux/namespaces", "without a mount namespace of its own the container can leave its "
			     "root: it has CAP_SYS_ADMIN and CAP_SYS_CHROOT");
}

static int plan_process(struct builder *builder)
{
	const struct oci_process *process = builder->process;
	struct process_power power = {0};

	if (!process) {
		if (builder->request->wait_start)
			return 0;
		builder_refuse(builder, ERR_CONFIG, "/process", "there is no program to run");
		err_why(builder->err, "the config has no process");
		return err_fix(builder->err, "add process.args, or use create, which needs none");
	}
	plan_oom_score(builder);
	plan_rlimits(builder, process->rlimits, process->rlimits_count);
	plan_session(builder, !builder->request->no_new_keyring);
	if (plan_scheduling(builder) || plan_labels(builder, process->apparmor_profile, process->selinux_label))
		return ERR;
	plan_capabilities(builder, &power);
	warn_of_way_out(builder, power.bounding | power.permitted);
	power.no_new_privs = process->no_new_privileges;
	if (plan_filter(builder, &power))
		return ERR;
	return plan_drop(builder, &power);
}

/* What this kernel cannot do is refused, never passed over. */
static int refuse_missing_parts(struct builder *builder)
{
	const struct oci_linux *linux = &builder->config->linux;

	if (linux->mount_label && !builder->host->selinux) {
		builder_refuse(builder, ERR_UNSUPPORTED, "/linux/mountLabel", "cannot give mounts the label %s",
			       linux->mount_label);
		err_why(builder->err, "SELinux is not enabled on this kernel");
		return err_fix(builder->err, "remove linux.mountLabel, or boot with security=selinux");
	}
	return 0;
}

/* What cause/ needs to know to tell why the kernel refused. */
static uint32_t cause_facts(const struct builder *builder)
{
	const struct host *host = builder->host;
	uint32_t facts = 0;

	if (builder->plan->in_user_namespace)
		facts |= CAUSE_USER_NAMESPACE;
	if (!builder->new_ns[OCI_NS_PID])
		facts |= CAUSE_NO_PID_NAMESPACE;
	if (!builder->new_ns[OCI_NS_NETWORK])
		facts |= CAUSE_NO_NETWORK_NAMESPACE;
	if (!builder->new_ns[OCI_NS_IPC])
		facts |= CAUSE_NO_IPC_NAMESPACE;
	if (!builder->new_ns[OCI_NS_CGROUP])
		facts |= CAUSE_NO_CGROUP_NAMESPACE;
	if (!host->sys_admin || !host->initial_user_namespace)
		facts |= CAUSE_ROOTLESS;
	if (!host->initial_user_namespace)
		facts |= CAUSE_NESTED;
	if (!(host->capabilities & (1ULL << CAP_SYS_RESOURCE)))
		facts |= CAUSE_NO_SYS_RESOURCE;
	if (builder->process && !builder->process->no_new_privileges)
		facts |= CAUSE_NO_NEW_PRIVS_OFF;
	return facts;
}

int builder_begin(struct builder *builder, enum plan_purpose purpose)
{
	struct plan *plan = arena_alloc(builder->arena, sizeof(*plan));

	if (!plan)
		return err_set(builder->err, ERR_INTERNAL, "out of memory while planning");
	plan->purpose = purpose;
	plan->config_name = builder->name;
	plan->terminal = builder->process && builder->process->terminal;
	builder->plan = plan;
	builder->dev_slot = PLAN_NO_SLOT;
	builder->null_slot = PLAN_NO_SLOT;
	for (int kind = 0; kind < OCI_NS_COUNT; kind++) {
		const struct oci_namespace *ns = &builder->config->linux.namespaces[kind];

		builder->new_ns[kind] = ns->present && !ns->path.text;
		builder->joined_ns[kind] = ns->present && ns->path.text;
	}
	builder->uid_maps = builder->config->linux.uid_maps;
	builder->gid_maps = builder->config->linux.gid_maps;
	if (builder->joined_ns[OCI_NS_USER]) {
		builder->uid_maps = builder->request->joined_uid_maps;
		builder->gid_maps = builder->request->joined_gid_maps;
	}
	plan->in_user_namespace = builder_has_ns(builder, OCI_NS_USER);
	plan->cause_facts = cause_facts(builder);
	return 0;
}

int plan_create(struct arena *arena, const struct oci_config *config, const struct host *host,
		const struct plan_request *request, const struct plan **ret_plan, struct err *err)
{
	struct builder builder = {
		.arena = arena,
		.config = config,
		.process = config->process_present ? &config->process : NULL,
		.host = host,
		.request = request,
		.err = err,
		.name = config->name,
	};

	if (builder_begin(&builder, PLAN_FOR_CREATE) || refuse_missing_parts(&builder))
		return ERR;
	if (plan_namespaces(&builder) || plan_cgroup(&builder) || plan_root_stage(&builder) || plan_start(&builder) ||
	    plan_process(&builder))
		return ERR;
	return builder_finish(&builder, ret_plan);
}
