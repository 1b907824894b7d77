/* SPDX-License-Identifier: Apache-2.0 */
/* oci: a profile as an object in the form of linux.seccomp, with what holds for a container of some capabilities. Pure. */
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/json.h"
#include "insight/standing/engine.h"

/* "archMap" is how engines write "architectures": the machine's own, and those beside it. */
static void write_archs(struct json_writer *writer, const struct json *map)
{
	json_key(writer, "architectures");
	json_begin_array(writer);
	for (const struct json *entry = map->type == JSON_ARRAY ? map->first : NULL; entry; entry = entry->next) {
		const struct json *arch = json_get(entry, "architecture"), *beside = json_get(entry, "subArchitectures");

		if (!arch || arch->type != JSON_STRING || abi_arch_from_scmp(arch->string) != ABI_ARCH_NATIVE)
			continue;
		json_put_string(writer, arch->string);
		for (const struct json *sub = beside ? beside->first : NULL; sub; sub = sub->next)
			json_put_value(writer, sub);
	}
	json_end_array(writer);
}

static void write_members(struct json_writer *writer, const struct json *object, const char *const *names)
{
	for (; *names; names++) {
		const struct json *value = json_get(object, *names);

		if (!value)
			continue;
		json_key(writer, *names);
		json_put_value(writer, value);
	}
}

static void write_profile(struct json_writer *writer, const struct json *section, const struct standing_rule *conditions,
			  uint64_t capabilities)
{
	static const char *const members[] = {"defaultAction", "defaultErrnoRet", "flags", NULL};
	static const char *const rule_members[] = {"names", "action", "errnoRet", "args", NULL};
	static const char *const archs[] = {"architectures", NULL};
	const struct json *list = json_get(section, "syscalls"), *map = json_get(section, "archMap");

	json_begin_object(writer);
	write_members(writer, section, members);
	if (map)
		write_archs(writer, map);
	else
		write_members(writer, section, archs);
	json_key(writer, "syscalls");
	json_begin_array(writer);
	for (const struct json *rule = list ? list->first : NULL; rule; rule = rule->next) {
		const struct standing_rule *when = conditions ? &conditions[rule->index] : NULL;

		if (when && (when->foreign || (when->with & ~capabilities) || (when->without & capabilities)))
			continue;
		json_begin_object(writer);
		write_members(writer, rule, rule_members);
		json_end_object(writer);
	}
	json_end_array(writer);
	json_end_object(writer);
}

int standing_write_oci(struct arena *arena, const char *name, const char *text, size_t size, uint64_t capabilities,
		       const char **ret_text, struct err *err)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&out, 0);
	struct standing_profile profile;
	const struct json *section;
	struct json *root;

	if (standing_read(arena, name, text, size, &profile, err) || json_parse(arena, name, text, size, &root, err))
		return ERR;
	section = json_get(root, "defaultAction") ? root : json_get(json_get(root, "linux"), "seccomp");
	if (!section) {
		err_set(err, ERR_CONFIG, "%s has no linux.seccomp", name);
		err_why(err, "with it everything would be allowed");
		return err_fix(err, "name a profile; seccomp=unconfined says that no filter is wanted");
	}
	write_profile(&writer, section, profile.conditions, capabilities);
	*ret_text = out.failed ? NULL : arena_strndup(arena, out.data, out.length);
	return *ret_text ? 0 : err_set(err, ERR_INTERNAL, "out of memory while reading %s", name);
}
