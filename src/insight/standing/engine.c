/* SPDX-License-Identifier: Apache-2.0 */
/* engine: includes, excludes and archMap of the profiles of Docker and podman. "minKernel" is taken as met: all kernels
 * that run this program are newer than those that profiles name. Pure. */
#include "insight/standing/engine.h"

#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "core/oci/config.h"

/* This machine as engines call it. */
#if defined(__x86_64__)
#define ENGINE_ARCH "amd64"
#elif defined(__aarch64__)
#define ENGINE_ARCH "arm64"
#endif

static int refuse(const char *name, const struct json *at, const char *expected, struct err *err)
{
	char pointer[160];

	json_pointer(at, pointer, sizeof(pointer));
	err_set(err, ERR_CONFIG, "%s: expected %s, found %s", name, expected, json_type_name(at->type));
	return err_where(err, "%s#%s", name, pointer);
}

static int read_capabilities(const char *name, const struct json *list, uint64_t *ret_set, struct err *err)
{
	if (!list || list->type == JSON_NULL)
		return 0;
	if (list->type != JSON_ARRAY)
		return refuse(name, list, "a list of capabilities", err);
	for (const struct json *item = list->first; item; item = item->next) {
		int number = item->type == JSON_STRING ? oci_capability_number(item->string) : -1;

		if (number < 0)
			return refuse(name, item, "the name of a capability (CAP_…)", err);
		*ret_set |= UINT64_C(1) << number;
	}
	return 0;
}

static int names_machine(const char *name, const struct json *list, bool *ret_found, struct err *err)
{
	*ret_found = false;
	if (list->type != JSON_ARRAY)
		return refuse(name, list, "a list of architectures", err);
	for (const struct json *item = list->first; item; item = item->next)
		*ret_found = *ret_found || (item->type == JSON_STRING && strcmp(item->string, ENGINE_ARCH) == 0);
	return 0;
}

static int read_rule(const char *name, const struct json *json, struct standing_rule *rule, struct err *err)
{
	const struct json *includes = json_get(json, "includes"), *excludes = json_get(json, "excludes");
	const struct json *included = json_get(includes, "arches"), *excluded = json_get(excludes, "arches");
	bool found;

	if (read_capabilities(name, json_get(includes, "caps"), &rule->with, err) ||
	    read_capabilities(name, json_get(excludes, "caps"), &rule->without, err))
		return ERR;
	if (included && included->type != JSON_NULL) {
		if (names_machine(name, included, &found, err))
			return ERR;
		rule->foreign = !found;
	}
	if (excluded && excluded->type != JSON_NULL) {
		if (names_machine(name, excluded, &found, err))
			return ERR;
		rule->foreign = rule->foreign || found;
	}
	return 0;
}

int engine_read_rules(const char *name, const struct json *root, struct arena *arena,
		      const struct standing_rule **ret_rules, struct err *err)
{
	const struct json *list = json_get(root, "syscalls");
	struct standing_rule *rules = arena_calloc(arena, (list ? list->count : 0) + 1, sizeof(*rules));

	if (!rules)
		return err_set(err, ERR_INTERNAL, "out of memory while reading %s", name);
	for (const struct json *json = list ? list->first : NULL; json; json = json->next)
		if (read_rule(name, json, &rules[json->index], err))
			return ERR;
	*ret_rules = rules;
	return 0;
}

int engine_read_archs(const struct json *root, struct arena *arena, struct filter_policy *policy, struct err *err)
{
	const struct json *map = json_get(root, "archMap");

	for (const struct json *entry = map ? map->first : NULL; entry; entry = entry->next) {
		const struct json *arch = json_get(entry, "architecture"), *subs = json_get(entry, "subArchitectures");
		uint32_t *archs;

		if (!arch || arch->type != JSON_STRING || abi_arch_from_scmp(arch->string) != ABI_ARCH_NATIVE)
			continue;
		archs = arena_calloc(arena, (subs ? subs->count : 0) + 1, sizeof(*archs));
		if (!archs)
			return err_set(err, ERR_INTERNAL, "out of memory while reading a profile");
		policy->archs_count = 0;
		archs[policy->archs_count++] = ABI_ARCH_NATIVE;
		for (const struct json *sub = subs ? subs->first : NULL; sub; sub = sub->next)
			if (sub->type == JSON_STRING && abi_arch_from_scmp(sub->string))
				archs[policy->archs_count++] = abi_arch_from_scmp(sub->string);
		policy->archs = archs;
	}
	return 0;
}
