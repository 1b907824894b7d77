/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup: where the container's cgroup is, and which devices it may use. The limits are translated in cgroup_limits.c.
 * Pure.
 */
#include <linux/mount.h>
#include <string.h>

#include "core/host/helper.h"
#include "core/plan/builder.h"

#define ANY OCI_DEVICE_ANY

/*
 * What the runtime-spec's default devices need, the terminals included. To make a node is harmless as long as opening
 * it is refused, and programs that unpack archives do it.
 */
static const struct oci_device_rule default_rules[] = {
	{.allow = true, .type = 'c', .major = ANY, .minor = ANY, .mknod = true},
	{.allow = true, .type = 'b', .major = ANY, .minor = ANY, .mknod = true},
	{.allow = true, .type = 'c', .major = 1, .minor = 3, .read = true, .write = true, .mknod = true},
	{.allow = true, .type = 'c', .major = 1, .minor = 5, .read = true, .write = true, .mknod = true},
	{.allow = true, .type = 'c', .major = 1, .minor = 7, .read = true, .write = true, .mknod = true},
	{.allow = true, .type = 'c', .major = 1, .minor = 8, .read = true, .write = true, .mknod = true},
	{.allow = true, .type = 'c', .major = 1, .minor = 9, .read = true, .write = true, .mknod = true},
	{.allow = true, .type = 'c', .major = 5, .minor = 0, .read = true, .write = true, .mknod = true},
	{.allow = true, .type = 'c', .major = 5, .minor = 1, .read = true, .write = true, .mknod = true},
	{.allow = true, .type = 'c', .major = 5, .minor = 2, .read = true, .write = true, .mknod = true},
	{.allow = true, .type = 'c', .major = 136, .minor = ANY, .read = true, .write = true, .mknod = true},
};

static const struct oci_device_rule deny_all = {
	.type = 'a', .major = ANY, .minor = ANY, .read = true, .write = true, .mknod = true};

/* A rule for everything: what stands before it has no effect. */
static bool is_wildcard(const struct oci_device_rule *rule)
{
	return rule->type == 'a' && rule->major == ANY && rule->minor == ANY && rule->read && rule->write &&
	       rule->mknod;
}

struct oci_device_rule *plan_device_rules(struct arena *arena, const struct oci_resources *resources, size_t *ret_count)
{
	struct oci_device_rule *rules;
	size_t first = 0, count = 0;
	bool wildcard = false;

	for (size_t i = 0; i < resources->devices_count; i++) {
		if (!is_wildcard(&resources->devices[i]))
			continue;
		wildcard = true;
		first = i;
	}
	rules = arena_calloc(arena, resources->devices_count + ARRAY_SIZE(default_rules) + 1, sizeof(*rules));
	if (!rules)
		return NULL;
	if (!wildcard)
		rules[count++] = deny_all;
	for (size_t i = first; i < resources->devices_count; i++)
		rules[count++] = resources->devices[i];
	/* All is allowed, and some of it taken back: the defaults must not undo that. */
	if (!wildcard || !resources->devices[first].allow) {
		memcpy(rules + count, default_rules, sizeof(default_rules));
		count += ARRAY_SIZE(default_rules);
	}
	*ret_count = count;
	return rules;
}

static void add_device_rules(struct builder *builder)
{
	struct plan_cgroup *cgroup = &builder->plan->cgroup;

	/* Without privilege no rule can be loaded, and none is needed: such a container has no device but those bound. */
	if (!builder->host->sys_admin || cgroup->driver == CGROUP_DISABLED)
		return;
	cgroup->device_rules =
		plan_device_rules(builder->arena, &builder->config->linux.resources, &cgroup->device_rules_count);
	builder->no_memory = builder->no_memory || !cgroup->device_rules;
}

/* Leading slash, no repeated and no trailing ones; oci/ has refused "..". */
static const char *clean_path(struct builder *builder, const char *path)
{
	char *clean = arena_printf(builder->arena, "/%s", path);
	char *out = clean;

	if (!clean) {
		builder->no_memory = true;
		return "";
	}
	for (const char *in = clean; *in; in++)
		if (*in != '/' || out == clean || out[-1] != '/')
			*out++ = *in;
	while (out > clean + 1 && out[-1] == '/')
		out--;
	*out = '\0';
	return clean;
}

/* The cgroup of the manager: the root, or that of the user's, "/user.slice/user-1000.slice/user@1000.service". */
static const char *manager_path(struct builder *builder)
{
	const struct host *host = builder->host;

	if (host->uid == 0 && host->initial_user_namespace)
		return "";
	for (size_t i = 0; i < host->hierarchies_count; i++) {
		const char *own = host->hierarchies[i].own_path, *user = own ? strstr(own, "/user@") : NULL;

		if (user)
			return builder_text(builder, "%.*s", (int)(user - own + 1 + (int)strcspn(user + 1, "/")), own);
	}
	return builder_text(builder, "/user.slice/user-%u.slice/user@%u.service", host->uid, host->uid);
}

/* "a-b.slice" lies in "a.slice"; "-.slice" is the manager's own (systemd.slice(5)). */
static const char *slice_path(struct builder *builder, const char *slice)
{
	const char *path = "";

	if (strcmp(slice, "-.slice") == 0)
		return path;
	for (const char *dash = strchr(slice, '-'); dash; dash = strchr(dash + 1, '-'))
		path = builder_text(builder, "%s/%.*s.slice", path, (int)(dash - slice), slice);
	return builder_text(builder, "%s/%s", path, slice);
}

static bool is_slice(const char *slice)
{
	size_t length = strlen(slice), end = sizeof(".slice") - 1;

	return strcmp(slice, "-.slice") == 0 ||
	       (length > end && strcmp(slice + length - end, ".slice") == 0 && slice[0] != '-' &&
		slice[length - end - 1] != '-' && !strchr(slice, '/') && !strstr(slice, "--"));
}

/* SLICE:PREFIX:NAME becomes the scope PREFIX-NAME.scope in SLICE, as with other runtimes. */
static int plan_unit(struct builder *builder, const char *path)
{
	const char *first = path ? strchr(path, ':') : NULL, *last = path ? strrchr(path, ':') : NULL;
	const char *slice = builder->host->uid == 0 && builder->host->initial_user_namespace ? "system.slice"
											      : "user.slice";
	const char *unit = builder_text(builder, "bulkhead-%s.scope", builder->request->id);

	if (path && (!first || first == last || strchr(first + 1, ':') != last || !last[1] || strchr(last, '/'))) {
		builder_refuse(builder, ERR_CONFIG, "/linux/cgroupsPath", "cgroup \"%s\" is not SLICE:PREFIX:NAME",
			       path);
		err_why(builder->err, "systemd names cgroups by units");
		return err_fix(builder->err, "write for example \"system.slice:bulkhead:%s\"", builder->request->id);
	}
	if (path && first != path)
		slice = builder_text(builder, "%.*s", (int)(first - path), path);
	if (path)
		unit = last > first + 1 ? builder_text(builder, "%.*s-%s.scope", (int)(last - first - 1), first + 1, last + 1)
					: builder_text(builder, "%s.scope", last + 1);
	if (!is_slice(slice)) {
		builder_refuse(builder, ERR_CONFIG, "/linux/cgroupsPath", "\"%s\" is no slice of systemd", slice);
		err_why(builder->err, "a slice's name is words joined by single dashes, and ends in .slice");
		return err_fix(builder->err, "write for example \"system.slice:bulkhead:%s\"", builder->request->id);
	}
	builder->plan->cgroup.systemd_slice = slice;
	builder->plan->cgroup.path =
		builder_text(builder, "%s%s/%s", manager_path(builder), slice_path(builder, slice), unit);
	return 0;
}

static int plan_systemd_path(struct builder *builder)
{
	const char *path = builder->config->linux.cgroups_path;
	const struct helper *helper = &helpers[HELPER_SYSTEMD];

	if (!(builder->host->helpers & (1u << HELPER_SYSTEMD))) {
		builder_refuse(builder, ERR_UNSUPPORTED, NULL, "the helper program %s is missing", helper->path);
		err_why(builder->err, "it is needed for %s", helper->purpose);
		return err_fix(builder->err, "%s", helper->fix);
	}
	return plan_unit(builder, path);
}

static int plan_path(struct builder *builder)
{
	const char *path = builder->config->linux.cgroups_path;
	const struct host *host = builder->host;
	struct plan_cgroup *cgroup = &builder->plan->cgroup;

	cgroup->path_given = path;
	if (cgroup->driver == CGROUP_SYSTEMD)
		return plan_systemd_path(builder);
	if (!path) {
		/* Without privilege only what lies below one's own cgroup, or beside it, may have been delegated. */
		const char *own = host->sys_admin || !host->hierarchies_count ? "" : host->hierarchies[0].own_path;

		if (host->hierarchies_count && host->hierarchies[0].delegated_path)
			own = host->hierarchies[0].delegated_path;
		cgroup->path = clean_path(builder, builder_text(builder, "%s/%s", own, builder->request->id));
		return 0;
	}
	cgroup->path = clean_path(builder, path);
	if (strcmp(cgroup->path, "/") == 0) {
		builder_refuse(builder, ERR_CONFIG, "/linux/cgroupsPath", "the container's cgroup cannot be the root");
		err_why(builder->err, "limits of the root would be those of the whole host");
		return err_fix(builder->err, "name one below it, for example \"/bulkhead/%s\"", builder->request->id);
	}
	return 0;
}

/* The cgroup belongs to the container's root when it may write there: a namespace of its own and a writable mount. */
static void plan_delegation(struct builder *builder)
{
	const struct oci_config *config = builder->config;
	struct plan_cgroup *cgroup = &builder->plan->cgroup;
	struct mount_options options;

	if (!builder_has_ns(builder, OCI_NS_USER) || !builder->new_ns[OCI_NS_CGROUP] ||
	    builder->host->cgroup_mode != HOST_CGROUP_V2)
		return;
	for (size_t i = 0; i < config->mounts_count; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		if (!mount->type || strncmp(mount->type, "cgroup", 6) != 0)
			continue;
		plan_mount_options(builder, mount, &options);
		if (!((options.attr.set | options.attr_below.set) & MOUNT_ATTR_RDONLY))
			cgroup->delegate = true;
	}
	for (size_t i = 0; cgroup->delegate && i < builder->uid_maps.count; i++) {
		const struct id_map *map = &builder->uid_maps.items[i];

		if (map->inside.value == 0) {
			cgroup->delegate_uid = map->outside;
			return;
		}
	}
	cgroup->delegate = false;
}

/* Defaults of ours that this host cannot keep are left out, and that is told. */
static void leave_out_defaults(struct builder *builder, struct oci_resources *resources)
{
	bool none = builder->plan->cgroup.driver == CGROUP_DISABLED, memory, pids;

	if (!builder->request->limits_optional)
		return;
	memory = none || !host_hierarchy_of(builder->host, "memory");
	pids = none || !host_hierarchy_of(builder->host, "pids");
	if (memory)
		resources->memory.limit.set = false;
	if (pids)
		resources->pids.limit.set = false;
	if (!none && (memory || pids))
		builder_warn(builder, NULL, "the default limit of %s does not hold: this host has no cgroup controller for it",
			     memory && pids ? "memory and of processes" : memory ? "memory" : "processes");
}

int plan_cgroup(struct builder *builder)
{
	struct oci_resources resources = builder->config->linux.resources;
	struct plan_cgroup *cgroup = &builder->plan->cgroup;
	struct cgroup_settings settings = {.builder = builder, .cgroup = cgroup};

	cgroup->driver = builder->request->cgroup_driver;
	cgroup->config_name = builder->plan->config_name;
	if (builder->host->cgroup_mode == HOST_CGROUP_NONE && cgroup->driver != CGROUP_DISABLED) {
		cgroup->driver = CGROUP_DISABLED;
		builder_warn(builder, NULL,
			     "no cgroup hierarchy is mounted on this host: the container has no cgroup of "
			     "its own, and nothing limits its use of devices");
	}
	leave_out_defaults(builder, &resources);
	if (plan_cgroup_settings(&settings, &resources))
		return ERR;
	if (cgroup->driver == CGROUP_DISABLED)
		return 0;
	/* Root of a user namespace is no root to the hierarchies. */
	cgroup->explicit = (cgroup->settings_count && !builder->request->limits_optional) ||
			   (builder->host->sys_admin && builder->host->initial_user_namespace);
	if (plan_path(builder))
		return ERR;
	add_device_rules(builder);
	plan_delegation(builder);
	return 0;
}

int plan_update(struct arena *arena, const struct oci_resources *resources, const struct host *host,
		struct plan_cgroup *cgroup, struct err *err)
{
	struct plan plan = {.config_name = cgroup->config_name};
	struct builder builder = {.arena = arena, .host = host, .err = err, .name = plan.config_name, .plan = &plan};
	struct cgroup_settings settings = {.builder = &builder, .cgroup = cgroup, .update = true};

	cgroup->settings = NULL;
	cgroup->settings_count = 0;
	cgroup->explicit = true;
	cgroup->check_memory_usage =
		resources->memory.check_before_update.set && resources->memory.check_before_update.value;
	if (plan_cgroup_settings(&settings, resources))
		return ERR;
	if (builder.no_memory)
		return err_set(err, ERR_INTERNAL, "out of memory while planning");
	return 0;
}
