// SPDX-License-Identifier: Apache-2.0
/* profile/read: the strict reader. It goes on after a fault, so that an editor of the file sees all of them at once. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/opt.h"
#include "base/types.h"
#include "core/profile/profile.h"

#define SHOWN "%.80s"

struct reader {
	struct arena *arena;
	const char *name;
	struct profile *profile;
	struct profile_faults *faults;
};

/* One more fault, at value; NULL when there is no room. The caller adds why and fix. */
static struct err *fault(struct reader *reader, const struct json *value)
{
	struct profile_faults *faults = reader->faults;
	char pointer[160];
	struct err *err;

	if (faults->count == PROFILE_FAULT_MAX) {
		faults->left_off++; /* what a file says first is mended first */
		return NULL;
	}
	err = &faults->items[faults->count++];
	*err = ERR_INIT;
	json_pointer(value, pointer, sizeof(pointer));
	err_where(err, "%s#%s", reader->name, pointer);
	return err;
}

/* err_set overwrites the place, so it is put back. */
static void refuse(struct reader *reader, const struct json *value, const char *what, const char *fix)
{
	struct err *err = fault(reader, value);
	char where[sizeof(err->where)];
	const char *label = value->key		       ? value->key
			    : value->parent && value->parent->key ? value->parent->key : "the file";

	if (!err)
		return;
	memcpy(where, err->where, sizeof(where));
	if (value->type == JSON_STRING && !value->key)
		err_set(err, ERR_CONFIG, "%s: \"" SHOWN "\" %s", label, value->string, what);
	else
		err_set(err, ERR_CONFIG, "%s %s", label, what);
	err_where(err, "%s", where);
	err_fix(err, "%s", fix);
}

static bool expect(struct reader *reader, const struct json *value, enum json_type type)
{
	char *what, *fix;

	if (value->type == type)
		return true;
	what = arena_printf(reader->arena, "must be %s, and is %s", json_type_name(type), json_type_name(value->type));
	fix = arena_printf(reader->arena, "write %s, or leave it out where it is optional", json_type_name(type));
	refuse(reader, value, what ? what : "is of the wrong type", fix ? fix : "write it as another type");
	return false;
}

/* Names every member of object that keys (NULL-terminated) does not list. A misspelt rule must not be lost. */
static void refuse_unknown(struct reader *reader, const struct json *object, const char *const *keys)
{
	for (const struct json *member = object->first; member; member = member->next) {
		const char *nearest;
		size_t i = 0;

		while (keys[i] && strcmp(keys[i], member->key) != 0)
			i++;
		if (keys[i])
			continue;
		nearest = opt_nearest(member->key, keys);
		refuse(reader, member, "is no member that a profile has here", nearest ? nearest : "remove it");
	}
}

/* The member, when it is there and of this type. */
static const struct json *member(struct reader *reader, const struct json *object, const char *key, enum json_type type)
{
	const struct json *value = json_get(object, key);

	return value && expect(reader, value, type) ? value : NULL;
}

static void read_count(struct reader *reader, const struct json *object, const char *key, uint64_t *ret)
{
	const struct json *value = member(reader, object, key, JSON_NUMBER);

	if (value && !json_u64(value, ret))
		refuse(reader, value, "must be a whole number from 0", "write it without a sign, a fraction and an exponent");
}

static void read_flag(struct reader *reader, const struct json *object, const char *key, bool *ret)
{
	const struct json *value = member(reader, object, key, JSON_BOOL);

	if (value)
		*ret = value->boolean;
}

/* ---- sets ---- */

static void read_arguments(struct reader *reader, const struct json *value, const struct profile_row *row,
			   struct profile_item *item)
{
	char *end;

	item->argument[0] = strtoull(item->text, &end, 16);
	if (*end == ':')
		item->argument[1] = strtoull(end + 1, NULL, 16);
	for (size_t i = 0; i < ARRAY_SIZE(item->argument); i++)
		if (item->argument[i] & ~row->argument.mask[i]) {
			refuse(reader, value, "has bits that are not compared for this call",
			       "clear those bits: the kernel's own numbers do not have them");
			return;
		}
}

static void read_item(struct reader *reader, const struct json *value, const struct profile_row *row,
		      struct profile_item *item)
{
	static const enum json_type types[] = {
		[PROFILE_WORDS] = JSON_STRING, [PROFILE_PORTS] = JSON_NUMBER,
		[PROFILE_REASONS] = JSON_STRING, [PROFILE_AMOUNTS] = JSON_NUMBER,
	};
	bool keyed = row->form == PROFILE_REASONS || row->form == PROFILE_AMOUNTS;
	const char *wrong;

	if (!expect(reader, value, types[row->form]))
		return;
	if (value->type == JSON_NUMBER && !json_u64(value, &item->number)) {
		refuse(reader, value, "must be a whole number from 0", "write it without a sign, a fraction and an exponent");
		return;
	}
	if (row->form == PROFILE_PORTS && item->number > UINT16_MAX)
		refuse(reader, value, "must be a port, 65535 at most", "a number from 0 to 65535");
	item->text = row->form == PROFILE_PORTS ? arena_printf(reader->arena, "%" PRIu64, item->number)
						: keyed ? value->key : value->string;
	item->reason = row->form == PROFILE_REASONS ? value->string : NULL;
	wrong = row->fault(item->text);
	if (wrong)
		refuse(reader, value, wrong, "correct it, or remove the entry");
	else if (row->argument.syscall)
		read_arguments(reader, value, row, item);
}

static void read_set(struct reader *reader, const struct json *value, enum profile_set_id id)
{
	const struct profile_row *row = &profile_rows[id];
	struct profile_set *set = &reader->profile->sets[id];
	size_t before = reader->faults->count + reader->faults->left_off;
	bool keyed = row->form == PROFILE_REASONS || row->form == PROFILE_AMOUNTS;

	if (!expect(reader, value, keyed ? JSON_OBJECT : JSON_ARRAY))
		return;
	set->present = true;
	set->items = arena_calloc(reader->arena, (size_t)value->count + 1, sizeof(*set->items));
	if (!set->items) {
		refuse(reader, value, "does not fit in memory", "make the file smaller");
		return;
	}
	for (const struct json *item = value->first; item; item = item->next)
		read_item(reader, item, row, &set->items[set->count++]);
	if (reader->faults->count + reader->faults->left_off == before) {
		profile_sort(id, set);
		if (set->count != value->count)
			refuse(reader, value, "has an entry twice",
			       "bulkhead profile merge FILE, which writes each once");
	}
}

/* A set of arguments goes with its call: alone it would look like a rule, and be none. */
static void check_arguments(struct reader *reader, const struct json *value, enum profile_set_id id)
{
	const char *call = profile_rows[id].argument.syscall;
	const struct profile_set *calls = &reader->profile->sets[PROFILE_SYSCALLS];

	if (!call || !reader->profile->sets[id].present)
		return;
	if (reader->profile->sets[id].count == 0)
		refuse(reader, value, "is empty: no call could be made", "take the call out of rules.syscalls.names");
	if (!calls->present || !profile_find(PROFILE_SYSCALLS, calls, call))
		refuse(reader, value, "restricts a call that rules.syscalls.names does not allow", "add it there");
}

static const struct json *set_value(const struct json *rules, enum profile_set_id id)
{
	const struct profile_row *row = &profile_rows[id];
	const struct json *section = row->section ? json_get(rules, row->section) : rules;

	return section && section->type == JSON_OBJECT ? json_get(section, row->key) : NULL;
}

static void read_rules(struct reader *reader, const struct json *rules)
{
	const char *top[PROFILE_SETS + 1] = {NULL};
	size_t count = 0;

	for (size_t id = 0; id < PROFILE_SETS; id++) {
		const struct profile_row *row = &profile_rows[id];
		const char *keys[PROFILE_SETS + 1] = {NULL};
		size_t n = 0;

		/* The rows of a section stand together. */
		if (id && row->section && profile_rows[id - 1].section &&
		    !strcmp(row->section, profile_rows[id - 1].section))
			continue;
		top[count++] = row->section ? row->section : row->key;
		for (size_t i = id; row->section && i < PROFILE_SETS && profile_rows[i].section; i++)
			if (strcmp(profile_rows[i].section, row->section) == 0)
				keys[n++] = profile_rows[i].key;
		if (row->section && member(reader, rules, row->section, JSON_OBJECT))
			refuse_unknown(reader, json_get(rules, row->section), keys);
	}
	refuse_unknown(reader, rules, top);
	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++)
		reader->profile->sets[id].present = profile_rows[id].grants;
	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++)
		if (set_value(rules, id))
			read_set(reader, set_value(rules, id), id);
	for (enum profile_set_id id = 0; reader->faults->count == 0 && id < PROFILE_SETS; id++)
		check_arguments(reader, set_value(rules, id), id);
}

/* ---- the file ---- */

static void read_subject(struct reader *reader, const struct json *subject)
{
	static const char *const keys[] = {"source", "digest", NULL};
	const struct json *source = member(reader, subject, "source", JSON_STRING);
	const struct json *digest = member(reader, subject, "digest", JSON_STRING);

	refuse_unknown(reader, subject, keys);
	reader->profile->source = source ? source->string : NULL;
	reader->profile->digest = digest ? digest->string : NULL;
	if (digest && (strncmp(digest->string, "sha256:", 7) != 0 || digest->count != 71 ||
		       strspn(digest->string + 7, "0123456789abcdef") != 64))
		refuse(reader, digest, "must be \"sha256:\" and 64 digits of base 16, in lower case",
		       "sha256sum prints the digits; or leave it out");
}

static const char *const *read_texts(struct reader *reader, const struct json *array, size_t *ret_count)
{
	const char **items = array ? arena_calloc(reader->arena, (size_t)array->count + 1, sizeof(*items)) : NULL;

	for (const struct json *text = items ? array->first : NULL; text; text = text->next)
		if (expect(reader, text, JSON_STRING))
			items[(*ret_count)++] = text->string;
	return items;
}

static void read_evidence(struct reader *reader, const struct json *evidence)
{
	static const char *const keys[] = {"runs", "kernels", "events", "lost", "complete", "verified", "notes", NULL};
	struct profile *profile = reader->profile;

	refuse_unknown(reader, evidence, keys);
	read_count(reader, evidence, "runs", &profile->runs);
	read_count(reader, evidence, "events", &profile->events);
	read_count(reader, evidence, "lost", &profile->lost);
	read_flag(reader, evidence, "complete", &profile->complete);
	read_flag(reader, evidence, "verified", &profile->verified);
	if (profile->complete && profile->lost)
		refuse(reader, json_get(evidence, "complete"), "is true, and events were lost", "write false");
	profile->kernels = read_texts(reader, member(reader, evidence, "kernels", JSON_ARRAY), &profile->kernels_count);
	profile->notes = read_texts(reader, member(reader, evidence, "notes", JSON_ARRAY), &profile->notes_count);
}

static void read_file(struct reader *reader, const struct json *root)
{
	static const char *const keys[] = {"version", "subject", "evidence", "rules", NULL};
	const struct json *version, *value;
	uint64_t number = 0;

	if (!expect(reader, root, JSON_OBJECT))
		return;
	version = member(reader, root, "version", JSON_NUMBER);
	if (version && (!json_u64(version, &number) || number != PROFILE_VERSION)) {
		refuse(reader, version, "must be 1, the only version that this program knows",
		       "write 1, or use the release that wrote the profile");
		return; /* another version's members are not ours to judge */
	}
	if (!json_get(root, "version"))
		refuse(reader, root, "has no version", "\"version\": 1");
	refuse_unknown(reader, root, keys);
	value = member(reader, root, "subject", JSON_OBJECT);
	if (value)
		read_subject(reader, value);
	value = member(reader, root, "evidence", JSON_OBJECT);
	if (value)
		read_evidence(reader, value);
	value = member(reader, root, "rules", JSON_OBJECT);
	if (value)
		read_rules(reader, value);
	else if (!json_get(root, "rules"))
		refuse(reader, root, "has no rules", "\"rules\": {}, which restricts nothing");
}

int profile_read(struct arena *arena, const char *name, const char *text, size_t size, struct profile *ret,
		 struct profile_faults *faults)
{
	struct profile profile = {0};
	struct reader reader = {arena, name, &profile, faults};
	struct json *root;

	faults->count = faults->left_off = 0;
	if (json_parse(arena, name, text, size, &root, &faults->items[0])) {
		faults->count = 1;
		return ERR;
	}
	read_file(&reader, root);
	if (faults->count)
		return ERR;
	*ret = profile;
	return 0;
}
