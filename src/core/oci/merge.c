/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge: a config.json whose linux.resources are changed as `update` changes a running container: what is given replaces
 * what was there, and what is not given stays. Pure; works on the text, so that what this program does not know stays too.
 */
#include <string.h>

#include "base/json.h"
#include "core/oci/config.h"

/* A 0 here is what engines write for "not given". */
static const struct {
	const char *object, *member;
} not_given_as_0[] = {
	{"memory", "limit"},  {"memory", "reservation"}, {"memory", "swap"},	{"memory", "kernel"},
	{"memory", "kernelTCP"}, {"cpu", "shares"},	 {"cpu", "quota"},	{"cpu", "period"},
	{"blockIO", "weight"},	 {"blockIO", "leafWeight"}, {"network", "classID"},
};

static bool same_member(const struct json *a, const struct json *b, const char *key)
{
	const struct json *one = json_get(a, key), *other = json_get(b, key);

	return one && other && one->type == other->type && one->string && strcmp(one->string, other->string) == 0;
}

/* Do two items of a list set the limit of the same thing? */
static bool same_item(const struct json *a, const struct json *b)
{
	return same_member(a, b, "pageSize") || same_member(a, b, "name") ||
	       (same_member(a, b, "major") && same_member(a, b, "minor"));
}

static bool is_given(const char *object, const struct json *value)
{
	if (!value || value->type == JSON_NULL)
		return false;
	/* Device rules are not updated; and this one is about the update itself. */
	if (strcmp(value->key, "devices") == 0 || strcmp(value->key, "checkBeforeUpdate") == 0)
		return false;
	for (size_t i = 0; object && i < ARRAY_SIZE(not_given_as_0); i++)
		if (strcmp(object, not_given_as_0[i].object) == 0 &&
		    strcmp(value->key, not_given_as_0[i].member) == 0)
			return !value->integral || value->magnitude != 0;
	return true;
}

static void merge_lists(const struct json *was, const struct json *given, struct json_writer *writer)
{
	json_begin_array(writer);
	for (const struct json *item = was->first; item; item = item->next) {
		const struct json *other = given->first;

		while (other && !same_item(item, other))
			other = other->next;
		if (!other)
			json_put_value(writer, item);
	}
	for (const struct json *item = given->first; item; item = item->next)
		json_put_value(writer, item);
	json_end_array(writer);
}

/* A limit of memory that is lifted takes the one of memory and swap with it. */
static bool is_lifted(const char *object, const char *key, const struct json *given)
{
	const struct json *limit = json_get(given, "limit");

	return object && strcmp(object, "memory") == 0 && strcmp(key, "swap") == 0 && limit && limit->negative;
}

/* The members of linux.resources, or of one of its objects (name). Two levels; what is below is replaced. */
static void merge_members(const char *name, const struct json *was, const struct json *given,
			  struct json_writer *writer)
{
	json_begin_object(writer);
	for (const struct json *old = was ? was->first : NULL; old; old = old->next) {
		const struct json *now = json_get(given, old->key);

		if (!is_given(name, now) && is_lifted(name, old->key, given))
			continue;
		json_key(writer, old->key);
		if (!is_given(name, now))
			json_put_value(writer, old);
		else if (old->type == JSON_ARRAY && now->type == JSON_ARRAY)
			merge_lists(old, now, writer);
		else if (!name && old->type == JSON_OBJECT && now->type == JSON_OBJECT)
			merge_members(old->key, old, now, writer);
		else
			json_put_value(writer, now);
	}
	for (const struct json *now = given->first; now; now = now->next) {
		if (json_get(was, now->key) || !is_given(name, now))
			continue;
		json_key(writer, now->key);
		if (!name && now->type == JSON_OBJECT)
			merge_members(now->key, NULL, now, writer);
		else
			json_put_value(writer, now);
	}
	json_end_object(writer);
}

/* The members before the one called `key`, or those after it; all are before it when there is none. */
static void put_others(const struct json *object, const char *key, bool before, struct json_writer *writer)
{
	bool seen = false;

	for (const struct json *member = object ? object->first : NULL; member; member = member->next) {
		if (strcmp(member->key, key) == 0) {
			seen = true;
			continue;
		}
		if (seen == before)
			continue;
		json_key(writer, member->key);
		json_put_value(writer, member);
	}
}

int oci_config_merge(struct arena *arena, const char *text, size_t size, const char *given, size_t given_size,
		     struct buf *out, struct err *err)
{
	struct json_writer writer = JSON_WRITER(out, 0);
	const struct json *linux_object;
	struct json *root, *resources;

	if (json_parse(arena, "config.json", text, size, &root, err) ||
	    json_parse(arena, "resources.json", given, given_size, &resources, err))
		return ERR;
	linux_object = json_get(root, "linux");
	json_begin_object(&writer);
	put_others(root, "linux", true, &writer);
	json_key(&writer, "linux");
	json_begin_object(&writer);
	put_others(linux_object, "resources", true, &writer);
	json_key(&writer, "resources");
	merge_members(NULL, json_get(linux_object, "resources"), resources, &writer);
	put_others(linux_object, "resources", false, &writer);
	json_end_object(&writer);
	put_others(root, "linux", false, &writer);
	json_end_object(&writer);
	return out->failed ? err_set(err, ERR_INTERNAL, "out of memory while saving the new limits") : 0;
}
