/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci/config: the top level of config.json (config.md), its mounts and hooks, what one part of it says about another,
 * and the three ways in. Runs in the runtime; pure: host paths are looked at as text only.
 */
#include <inttypes.h>
#include <string.h>

#include "base/format.h"
#include "core/oci/config.h"
#include "core/oci/fields.h"
#include "core/oci/names.h"
#include "core/oci/shapes.h"

/* __NEW_UTS_LEN of <linux/utsname.h> */
#define HOST_NAME_MAX_BYTES 64

/* ---- version ---- */

/* One number without leading zeros; NULL when there is none. */
static const char *semver_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return !digits || (digits > 1 && *text == '0') ? NULL : text + digits;
}

/* Dot-separated parts of letters, digits and "-"; numbers without leading zeros when `strict`. */
static const char *semver_parts(const char *text, bool strict)
{
	static const char part[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";

	for (;; text++) {
		size_t length = strspn(text, part);

		if (!length || (strict && length > 1 && *text == '0' && strspn(text, "0123456789") == length))
			return NULL;
		text += length;
		if (*text != '.')
			return text;
	}
}

static bool is_semver(const char *text)
{
	for (int i = 0; i < 3; i++) {
		if (i && *text++ != '.')
			return false;
		text = semver_number(text);
		if (!text)
			return false;
	}
	if (*text == '-')
		text = semver_parts(text + 1, true);
	if (text && *text == '+')
		text = semver_parts(text + 1, false);
	return text && !*text;
}

static int check_version(struct oci_reader *reader, const struct json *value, void *target)
{
	(void)target;
	if (!is_semver(value->string)) {
		oci_refuse(reader, value, NULL, "must be a version, and is \"%.*s\"", oci_shown(value->string),
			   value->string);
		err_why(reader->err, "versions are written as in Semantic Versioning 2.0.0");
		return err_fix(reader->err, "\"1.3.0\"");
	}
	if (!strncmp(value->string, "1.", 2))
		return 0;
	oci_refuse(reader, value, NULL, "is %.*s, which is not supported", oci_shown(value->string), value->string);
	err_why(reader->err, "only configurations of the major version 1 mean what this program takes them to mean");
	return err_fix(reader->err, "\"1.3.0\", after a look at what changed between the versions");
}

/* ---- mounts ---- */

static bool has_option(const struct oci_mount *mount, const char *const *names)
{
	for (size_t i = 0; i < mount->options.count; i++)
		for (size_t j = 0; names[j]; j++)
			if (!strcmp(mount->options.items[i].text, names[j]))
				return true;
	return false;
}

static int check_destination(struct oci_reader *reader, const struct json *value, void *target)
{
	const char **destination = target;

	if (value->string[0] == '/')
		return 0;
	*destination = arena_printf(reader->arena, "/%s", value->string);
	return *destination ? 0 : oci_out_of_memory(reader);
}

static int check_mount(struct oci_reader *reader, const struct json *object, void *target)
{
	static const char *const binds[] = {"bind", "rbind", NULL};
	static const char *const changes[] = {"remount", "private", "rprivate",	  "slave",	 "rslave",
					      "shared",	 "rshared", "unbindable", "runbindable", NULL};
	const struct oci_mount *mount = target;
	bool bind = has_option(mount, binds);

	if (!mount->uid_maps.count != !mount->gid_maps.count) {
		oci_refuse(reader, object, mount->uid_maps.count ? "gidMappings" : "uidMappings",
			   "is required, and is missing");
		err_why(reader->err, "uidMappings and gidMappings of a mount come together or not at all");
		return err_fix(reader->err, "add it, or remove the other one");
	}
	if (bind && !mount->source) {
		oci_refuse(reader, object, "source", "is required, and is missing");
		err_why(reader->err, "the options ask for a bind mount, which shows a file or directory of the host");
		return err_fix(reader->err, "add \"source\", or remove \"bind\" from the options");
	}
	if (mount->type || bind || has_option(mount, changes))
		return 0;
	oci_refuse(reader, object, "type", "is required, and is missing");
	err_why(reader->err, "the options ask for no bind mount and no change of one, so a file system must be named");
	return err_fix(reader->err, "add \"type\": \"tmpfs\", or \"bind\" to the options");
}

#define AT(member, type) OCI_AT(struct oci_mount, member, type)
static const struct oci_field mount_fields[] = {
	{"destination", FIELD_STRING, AT(destination.text, const char *), FIELD_REQUIRED | FIELD_NOT_EMPTY, .max = 4094,
	 .check = check_destination},
	{"type", FIELD_STRING, AT(type, const char *), FIELD_EMPTY_ABSENT},
	{"source", FIELD_STRING, AT(source, const char *), FIELD_EMPTY_ABSENT, .max = 4095},
	{"options", FIELD_PLACED_STRINGS, AT(options, struct placed_strings), FIELD_EMPTY_ABSENT},
	{"uidMappings", FIELD_LIST, AT(uid_maps, struct id_maps), .max = OCI_ID_MAP_LINES_MAX,
	 .shape = &oci_id_map_shape, .check = oci_check_id_maps},
	{"gidMappings", FIELD_LIST, AT(gid_maps, struct id_maps), .max = OCI_ID_MAP_LINES_MAX,
	 .shape = &oci_id_map_shape, .check = oci_check_id_maps},
	{0},
};
static const struct oci_shape mount_shape = {mount_fields, sizeof(struct oci_mount), offsetof(struct oci_mount, where),
					     SHAPE_NONE, check_mount};
#undef AT

/* ---- hooks ---- */

#define AT(member, type) OCI_AT(struct oci_hook, member, type)
static const struct oci_field hook_fields[] = {
	{"path", FIELD_STRING, AT(path.text, const char *), FIELD_REQUIRED | FIELD_ABSOLUTE},
	{"args", FIELD_STRINGS, AT(args, struct strings)},
	{"env", FIELD_STRINGS, AT(env, struct strings), .each = oci_check_env_entry},
	{"timeout", FIELD_OPT_I64, AT(timeout, struct opt_i64), .min = 1, .max = INT32_MAX},
	{0},
};
static const struct oci_shape hook_shape = {hook_fields, sizeof(struct oci_hook), offsetof(struct oci_hook, where),
					    SHAPE_NONE, NULL};
#undef AT

#define HOOKS(name, kind)                                                                               \
	{                                                                                               \
		name, FIELD_LIST, OCI_LIST_AT(struct oci_config, hooks[kind].items, hooks[kind].count), \
			.shape = &hook_shape                                                            \
	}
static const struct oci_field hooks_fields[] = {
	HOOKS("prestart", OCI_HOOK_PRESTART),
	HOOKS("createRuntime", OCI_HOOK_CREATE_RUNTIME),
	HOOKS("createContainer", OCI_HOOK_CREATE_CONTAINER),
	HOOKS("startContainer", OCI_HOOK_START_CONTAINER),
	HOOKS("poststart", OCI_HOOK_POSTSTART),
	HOOKS("poststop", OCI_HOOK_POSTSTOP),
	{0},
};
static const struct oci_shape hooks_shape = {hooks_fields, .where = SHAPE_NONE, .present = SHAPE_NONE};

/* ---- what one part says about another ---- */

static int check_host_name(struct oci_reader *reader, const struct json *root, const struct oci_config *config)
{
	const char *key = config->hostname ? "hostname" : "domainname";

	if ((!config->hostname && !config->domainname) || config->linux.namespaces[OCI_NS_UTS].present)
		return 0;
	oci_refuse(reader, root, key, "is set without a uts namespace");
	err_why(reader->err, "it would change the name of the host");
	return err_fix(reader->err, "add {\"type\": \"uts\"} to linux.namespaces, or remove %s", key);
}

static int check_idmap_options(struct oci_reader *reader, const struct json *root, const struct oci_config *config)
{
	static const char *const options[] = {"idmap", "ridmap", NULL};
	const struct json *item = oci_get(root, "mounts");

	if (config->linux.namespaces[OCI_NS_USER].present)
		return 0;
	for (item = item ? item->first : NULL; item; item = item->next) {
		const struct oci_mount *mount = &config->mounts[item->index];

		if (mount->uid_maps.count || !has_option(mount, options))
			continue;
		oci_refuse(reader, item, "options", "ask for an id-mapped mount, and there is no mapping");
		err_why(reader->err,
			"the mount has no uidMappings and gidMappings, and the container no user namespace");
		return err_fix(reader->err, "add both to the mount, or remove the option");
	}
	return 0;
}

static bool is_mapped(const struct id_maps *maps, uint32_t id)
{
	for (size_t i = 0; i < maps->count; i++)
		if (id >= maps->items[i].inside.value && id - maps->items[i].inside.value < maps->items[i].count)
			return true;
	return false;
}

static int refuse_unmapped(struct oci_reader *reader, const struct json *value, uint32_t id, const char *maps)
{
	oci_refuse(reader, value, NULL, "is %" PRIu32 ", which linux.%s does not map", id, maps);
	err_why(reader->err, "in the new user namespace this id does not exist");
	return err_fix(reader->err, "an id within containerID and size of a mapping, or a larger mapping");
}

static int check_mapped_ids(struct oci_reader *reader, const struct json *root, const struct oci_config *config)
{
	const struct oci_namespace *namespace = &config->linux.namespaces[OCI_NS_USER];
	const struct oci_user *user = &config->process.user;
	const struct json *object, *groups;

	if (!config->process_present || !namespace->present || namespace->path.text)
		return 0;
	object = oci_get(oci_get(root, "process"), "user");
	if (!is_mapped(&config->linux.uid_maps, user->uid.value))
		return refuse_unmapped(reader, oci_get(object, "uid"), user->uid.value, "uidMappings");
	if (!is_mapped(&config->linux.gid_maps, user->gid.value))
		return refuse_unmapped(reader, oci_get(object, "gid"), user->gid.value, "gidMappings");
	groups = oci_get(object, "additionalGids");
	for (groups = groups ? groups->first : NULL; groups; groups = groups->next) {
		uint32_t gid = user->additional_gids[groups->index].value;

		if (!is_mapped(&config->linux.gid_maps, gid))
			return refuse_unmapped(reader, groups, gid, "gidMappings");
	}
	return 0;
}

/* The kernel's usual guess for a user namespace without ids would be 65534 for everyone. All but the last number, which
 * means none. */
static void map_missing(struct oci_linux *linux)
{
	static const struct id_map all = {.count = OCI_ID_MAX + 1u};
	const struct oci_namespace *user = &linux->namespaces[OCI_NS_USER];

	if (!user->present || user->path.text || linux->uid_maps.count || linux->gid_maps.count)
		return;
	linux->maps_missing = true;
	linux->uid_maps = linux->gid_maps = (struct id_maps){&all, 1};
}

/* A sysctl with another name would win, or lose, by the order in which the runtime happens to do both. */
static int check_name_sysctl(struct oci_reader *reader, const struct json *root, const struct oci_config *config,
			     const char *key, const char *name)
{
	char sysctl[32];

	format_text(sysctl, sizeof(sysctl), "kernel.%s", key);
	for (size_t i = 0; name && i < config->linux.sysctl.count; i++) {
		const struct key_value *item = &config->linux.sysctl.items[i];

		if (strcmp(item->key, sysctl) != 0 || strcmp(item->value, name) == 0)
			continue;
		oci_refuse(reader, root, key, "is \"%s\", and the sysctl %s is \"%s\"", name, sysctl, item->value);
		err_why(reader->err, "both set the same name");
		return err_fix(reader->err, "remove one of the two");
	}
	return 0;
}

static int check_config(struct oci_reader *reader, const struct json *root, void *target)
{
	struct oci_config *config = target;

	config->process_present = oci_get(root, "process") != NULL;
	/* The process of an exec may leave it out: it has the container's. */
	if (config->process_present && !config->process.user.where)
		return oci_refuse_missing(reader, oci_get(root, "process"), "user");
	map_missing(&config->linux);
	if (check_host_name(reader, root, config) ||
	    check_name_sysctl(reader, root, config, "hostname", config->hostname) ||
	    check_name_sysctl(reader, root, config, "domainname", config->domainname) ||
	    check_idmap_options(reader, root, config))
		return ERR;
	return check_mapped_ids(reader, root, config);
}

/* ---- the whole ---- */

static const struct oci_field root_fields[] = {
	{"path", FIELD_STRING, OCI_AT(struct oci_config, root.path.text, const char *),
	 FIELD_REQUIRED | FIELD_NOT_EMPTY, .max = 4095},
	{"readonly", FIELD_BOOL, OCI_AT(struct oci_config, root.readonly, bool)},
	{0},
};
static const struct oci_shape root_shape = {root_fields, .where = offsetof(struct oci_config, root.where),
					    .present = SHAPE_NONE};

#define AT(member, type) OCI_AT(struct oci_config, member, type)
#define HOST_NAME	 FIELD_EMPTY_ABSENT | FIELD_ONE_LINE, .max = HOST_NAME_MAX_BYTES
static const struct oci_field config_fields[] = {
	{"ociVersion", FIELD_STRING, AT(oci_version, const char *), FIELD_REQUIRED, .check = check_version},
	{"root", FIELD_OBJECT, OCI_HERE, FIELD_REQUIRED, .shape = &root_shape},
	{"hostname", FIELD_STRING, AT(hostname, const char *), HOST_NAME},
	{"domainname", FIELD_STRING, AT(domainname, const char *), HOST_NAME},
	{"mounts", FIELD_LIST, OCI_LIST_AT(struct oci_config, mounts, mounts_count), .shape = &mount_shape},
	{"process", FIELD_OBJECT, AT(process, struct oci_process), .shape = &oci_process_shape},
	{"hooks", FIELD_OBJECT, OCI_HERE, .shape = &hooks_shape},
	{"annotations", FIELD_KEY_VALUES, AT(annotations, struct key_values)},
	{"linux", FIELD_OBJECT, AT(linux, struct oci_linux), .shape = &oci_linux_shape},
	{0},
};
static const struct oci_shape config_shape = {config_fields, .where = SHAPE_NONE, .present = SHAPE_NONE,
					      .check = check_config};

static int read_document(struct oci_reader *reader, const char *text, size_t size, const struct oci_shape *shape,
			 void *target)
{
	struct json *root;

	if (size > OCI_CONFIG_SIZE_MAX) {
		err_set(reader->err, ERR_CONFIG, "%s has %zu bytes", reader->name, size);
		err_where(reader->err, "%s", reader->name);
		err_why(reader->err, "at most %zu are read, so that a broken caller cannot take all memory",
			OCI_CONFIG_SIZE_MAX);
		return err_fix(reader->err, "a smaller file");
	}
	if (json_parse(reader->arena, reader->name, text, size, &root, reader->err))
		return ERR;
	return oci_read_object(reader, root, shape, target);
}

int oci_config_read(struct arena *arena, const char *name, const char *text, size_t size,
		    const struct oci_config **ret_config, struct err *err)
{
	struct oci_reader reader = {.arena = arena, .name = name, .err = err};
	struct oci_config *config = arena_alloc(arena, sizeof(*config));

	if (!config)
		return oci_out_of_memory(&reader);
	config->name = arena_strdup(arena, name);
	if (!config->name)
		return oci_out_of_memory(&reader);
	if (read_document(&reader, text, size, &config_shape, config))
		return ERR;
	*ret_config = config;
	return 0;
}

int oci_process_read(struct arena *arena, const char *name, const char *text, size_t size,
		     const struct oci_process **ret_process, struct err *err)
{
	struct oci_reader reader = {.arena = arena, .name = name, .err = err};
	struct oci_process *process = arena_alloc(arena, sizeof(*process));

	if (!process)
		return oci_out_of_memory(&reader);
	if (read_document(&reader, text, size, &oci_process_shape, process))
		return ERR;
	*ret_process = process;
	return 0;
}

int oci_resources_read(struct arena *arena, const char *name, const char *text, size_t size,
		       const struct oci_resources **ret_resources, struct err *err)
{
	struct oci_reader reader = {.arena = arena, .name = name, .err = err};
	struct oci_resources *resources = arena_alloc(arena, sizeof(*resources));

	if (!resources)
		return oci_out_of_memory(&reader);
	if (read_document(&reader, text, size, &oci_resources_shape, resources))
		return ERR;
	*ret_resources = resources;
	return 0;
}
