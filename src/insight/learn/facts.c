// SPDX-License-Identifier: Apache-2.0
/* learn/facts: each fact once, in a table that grows. Pure; memory is the arena's of the learner. */
#include <string.h>

#include "insight/learn/parts.h"

#define TABLE_FIRST 1024

static size_t hash_of(int set, const char *text)
{
	uint64_t hash = 0xcbf29ce484222325 ^ (uint64_t)set;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return (size_t)(hash ^ hash >> 29);
}

static struct learn_fact **place_of(struct learn_fact **table, size_t size, int set, const char *text)
{
	size_t at = hash_of(set, text) & (size - 1);

	while (table[at] && (table[at]->set != set || strcmp(table[at]->text, text) != 0))
		at = (at + 1) & (size - 1);
	return &table[at];
}

/* The old table stays in the arena: all together are not larger than the new one. */
static bool make_table(struct learn *learn, size_t size)
{
	struct learn_fact **table = arena_calloc(&learn->arena, size, sizeof(struct learn_fact *));

	if (!table)
		return false;
	for (struct learn_fact *fact = learn->first; fact; fact = fact->next)
		*place_of(table, size, fact->set, fact->text) = fact;
	learn->table = table;
	learn->table_size = size;
	return true;
}

bool facts_begin(struct learn *learn)
{
	return make_table(learn, TABLE_FIRST);
}

struct learn_fact *facts_put(struct learn *learn, int set, const char *text)
{
	struct learn_fact **place, *fact;

	if (learn->facts_count * 2 >= learn->table_size && !make_table(learn, learn->table_size * 2))
		goto lost;
	place = place_of(learn->table, learn->table_size, set, text);
	if (*place)
		return *place;
	if (learn->facts_count == LEARN_FACTS_MAX)
		goto lost;
	fact = arena_alloc(&learn->arena, sizeof(*fact));
	text = arena_strdup(&learn->arena, text);
	if (!fact || !text)
		goto lost;
	*fact = (struct learn_fact){.set = set, .text = text, .reason = ""};
	*place = *learn->end = fact;
	learn->end = &fact->next;
	learn->facts_count++;
	if (set < PROFILE_SETS)
		learn->counts.sets[set]++;
	return fact;
lost:
	learn->broken = true;
	return NULL;
}
