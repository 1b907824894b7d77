// SPDX-License-Identifier: Apache-2.0
/* profile/write: the canonical text: one entry a line, always in the same order, so that versions compare well. */
#include <string.h>

#include "base/json.h"
#include "core/profile/profile.h"

static void write_set(struct json_writer *writer, enum profile_set_id id, const struct profile_set *set)
{
	enum profile_form form = profile_rows[id].form;
	bool keyed = form == PROFILE_REASONS || form == PROFILE_AMOUNTS;

	json_key(writer, profile_rows[id].key);
	if (keyed)
		json_begin_object(writer);
	else
		json_begin_array(writer);
	for (size_t i = 0; i < set->count; i++) {
		const struct profile_item *item = &set->items[i];

		if (form == PROFILE_WORDS)
			json_put_string(writer, item->text);
		else if (form == PROFILE_PORTS)
			json_put_u64(writer, item->number);
		else if (form == PROFILE_REASONS)
			json_member_string(writer, item->text, item->reason);
		else
			json_member_u64(writer, item->text, item->number);
	}
	if (keyed)
		json_end_object(writer);
	else
		json_end_array(writer);
}

static void write_rules(struct json_writer *writer, const struct profile *profile)
{
	const char *open = NULL;

	json_key(writer, "rules");
	json_begin_object(writer);
	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++) {
		const char *section = profile_rows[id].section;

		if (!profile->sets[id].present || (profile_rows[id].grants && !profile->sets[id].count))
			continue;
		if (open && (!section || strcmp(open, section) != 0)) {
			json_end_object(writer);
			open = NULL;
		}
		if (section && !open) {
			json_key(writer, section);
			json_begin_object(writer);
			open = section;
		}
		write_set(writer, id, &profile->sets[id]);
	}
	if (open)
		json_end_object(writer);
	json_end_object(writer);
}

static void write_evidence(struct json_writer *writer, const struct profile *profile)
{
	json_key(writer, "evidence");
	json_begin_object(writer);
	json_member_u64(writer, "runs", profile->runs);
	json_key(writer, "kernels");
	json_begin_array(writer);
	for (size_t i = 0; i < profile->kernels_count; i++)
		json_put_string(writer, profile->kernels[i]);
	json_end_array(writer);
	json_member_u64(writer, "events", profile->events);
	json_member_u64(writer, "lost", profile->lost);
	json_member_bool(writer, "complete", profile->complete);
	json_member_bool(writer, "verified", profile->verified);
	if (profile->notes_count) {
		json_key(writer, "notes");
		json_begin_array(writer);
		for (size_t i = 0; i < profile->notes_count; i++)
			json_put_string(writer, profile->notes[i]);
		json_end_array(writer);
	}
	json_end_object(writer);
}

void profile_write(const struct profile *profile, struct buf *out)
{
	struct json_writer writer = JSON_WRITER(out, 2);

	json_begin_object(&writer);
	json_member_u64(&writer, "version", PROFILE_VERSION);
	if (profile->source || profile->digest) {
		json_key(&writer, "subject");
		json_begin_object(&writer);
		if (profile->source)
			json_member_string(&writer, "source", profile->source);
		if (profile->digest)
			json_member_string(&writer, "digest", profile->digest);
		json_end_object(&writer);
	}
	write_evidence(&writer, profile);
	write_rules(&writer, profile);
	json_end_object(&writer);
	buf_puts(out, "\n");
}
