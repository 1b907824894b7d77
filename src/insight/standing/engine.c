/* SPDX-License-Identifier: Apache-2.0 */
/* engine: includes, excludes and archMap of the profiles of Docker and podman. "minKernel" is taken as met: all kernels
 * that run this program are newer than those that profiles name. Pure. */
#include "insight/standing/engine.h"

#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "core/oci/config.h"
#include "core/oci/names.h"

/* This machine as engines call it. */
#if defined(__x86_64__)
#define ENGINE_ARCH "amd64"
#elif defined(__aarch64__)
#define ENGINE_ARCH "arm64"
#endif

static int read_capabilities(struct oci_reader *reader, const struct json *list, uint64_t *ret_set)
{
	if (!list)
		return 0;
	if (oci_expect(reader, list, JSON_ARRAY))
		return ERR;
	for (const struct json *item = list->first; item; item = item->next) {
		const char *nearest;
		int number;

		if (oci_expect(reader, item, JSON_STRING))
			return ERR;
		number = oci_capability_number(item->string);
		if (number < 0) {
			nearest = oci_capability_nearest(item->string);
			oci_refuse(reader, item, NULL, "must be a capability, and is \"%.40s\"", item->string);
			err_why(reader->err, "whether the rule holds depends on it");
			return err_fix(reader->err, "%s", nearest ? nearest : "a name of capabilities(7)");
		}
		*ret_set |= UINT64_C(1) << number;
	}
	return 0;
}

static int names_machine(struct oci_reader *reader, const struct json *list, bool *ret_found)
{
	*ret_found = false;
	if (oci_expect(reader, list, JSON_ARRAY))
		return ERR;
	for (const struct json *item = list->first; item; item = item->next) {
		if (oci_expect(reader, item, JSON_STRING))
			return ERR;
		*ret_found = *ret_found || strcmp(item->string, ENGINE_ARCH) == 0;
	}
	return 0;
}

/* "4.8": two numbers. */
static int check_release(struct oci_reader *reader, const struct json *value)
{
	static const char digits[] = "0123456789";
	size_t major, minor;

	if (!value)
		return 0;
	if (oci_expect(reader, value, JSON_STRING))
		return ERR;
	major = strspn(value->string, digits);
	minor = value->string[major] == '.' ? strspn(value->string + major + 1, digits) : 0;
	if (major && minor && !value->string[major + 1 + minor])
		return 0;
	oci_refuse(reader, value, NULL, "must be a kernel's release, and is \"%.40s\"", value->string);
	err_why(reader->err, "engines compare its two numbers with the running kernel's");
	return err_fix(reader->err, "write it as \"4.8\"");
}

/* Engines refuse a profile that says one thing in both ways. */
static int refuse_both(struct oci_reader *reader, const struct json *object, const char *one, const char *other)
{
	const struct json *first = oci_get(object, one), *second = oci_get(object, other);

	if (!first || !second || (first->type != JSON_STRING && first->count == 0) || second->count == 0)
		return 0;
	oci_refuse(reader, object, one, "stands beside \"%s\"", other);
	err_why(reader->err, "the two mean the same, so that one of them would not count");
	return err_fix(reader->err, "move what it says into \"%s\", and remove it", other);
}

static int read_rule(struct oci_reader *reader, const struct json *json, struct standing_rule *rule)
{
	const struct json *includes = oci_get(json, "includes"), *excludes = oci_get(json, "excludes");
	const struct json *included = oci_get(includes, "arches"), *excluded = oci_get(excludes, "arches");
	bool found;

	if ((includes && oci_expect(reader, includes, JSON_OBJECT)) || (excludes && oci_expect(reader, excludes, JSON_OBJECT)))
		return ERR;
	if (refuse_both(reader, json, "name", "names") ||
	    read_capabilities(reader, oci_get(includes, "caps"), &rule->with) ||
	    read_capabilities(reader, oci_get(excludes, "caps"), &rule->without) ||
	    check_release(reader, oci_get(includes, "minKernel")) || check_release(reader, oci_get(excludes, "minKernel")))
		return ERR;
	if (included) {
		if (names_machine(reader, included, &found))
			return ERR;
		rule->foreign = !found;
	}
	if (excluded) {
		if (names_machine(reader, excluded, &found))
			return ERR;
		rule->foreign = rule->foreign || found;
	}
	return 0;
}

int engine_read_rules(struct oci_reader *reader, const struct json *root, const struct standing_rule **ret_rules)
{
	const struct json *list = oci_get(root, "syscalls");
	struct standing_rule *rules = arena_calloc(reader->arena, (list ? list->count : 0) + 1, sizeof(*rules));

	if (!rules)
		return oci_out_of_memory(reader);
	for (const struct json *json = list ? list->first : NULL; json; json = json->next)
		if (read_rule(reader, json, &rules[json->index]))
			return ERR;
	*ret_rules = rules;
	return 0;
}

/* One architecture of "archMap" with those beside it: *ret_count is 0 when it is not this machine's. */
static int read_map_entry(struct oci_reader *reader, const struct json *entry, uint32_t *archs, size_t *ret_count)
{
	const struct json *name, *beside;
	uint64_t ignored;

	*ret_count = 0;
	if (oci_expect(reader, entry, JSON_OBJECT))
		return ERR;
	name = oci_get(entry, "architecture");
	beside = oci_get(entry, "subArchitectures");
	if (!name)
		return oci_refuse_missing(reader, entry, "architecture");
	if (oci_read_name(reader, name, &oci_names_seccomp_arch, &ignored) ||
	    (beside && oci_expect(reader, beside, JSON_ARRAY)))
		return ERR;
	archs[(*ret_count)++] = abi_arch_from_scmp(name->string);
	for (const struct json *sub = beside ? beside->first : NULL; sub; sub = sub->next) {
		if (oci_read_name(reader, sub, &oci_names_seccomp_arch, &ignored))
			return ERR;
		archs[(*ret_count)++] = abi_arch_from_scmp(sub->string);
	}
	if (archs[0] != ABI_ARCH_NATIVE)
		*ret_count = 0;
	return 0;
}

int engine_read_archs(struct oci_reader *reader, const struct json *root, struct filter_policy *policy)
{
	const struct json *map = oci_get(root, "archMap");

	if (!map)
		return 0;
	if (oci_expect(reader, map, JSON_ARRAY) || refuse_both(reader, root, "architectures", "archMap"))
		return ERR;
	for (const struct json *entry = map->first; entry; entry = entry->next) {
		const struct json *beside = json_get(entry, "subArchitectures");
		uint32_t *archs = arena_calloc(reader->arena, (beside ? beside->count : 0) + 1, sizeof(*archs));
		size_t count;

		if (!archs)
			return oci_out_of_memory(reader);
		if (read_map_entry(reader, entry, archs, &count))
			return ERR;
		if (count) {
			policy->archs = archs;
			policy->archs_count = count;
		}
	}
	return 0;
}
