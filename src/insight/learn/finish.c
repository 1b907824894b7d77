// SPDX-License-Identifier: Apache-2.0
/* learn/finish: from facts to a profile. Pure but for the name of the kernel. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "insight/learn/parts.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "cannot make the profile: out of memory");
}

/* Sets of arguments stand in the file only with entries; the others also when they are empty, which allows none. */
static bool is_present(const struct learn *learn, enum profile_set_id set, size_t count)
{
	if (learn->unseen[set])
		return false;
	return count || !(profile_rows[set].argument.syscall || set == PROFILE_NAMES);
}

static int fill_set(struct learn *learn, struct arena *arena, enum profile_set_id id, struct profile_set *ret)
{
	size_t count = 0;

	for (const struct learn_fact *fact = learn->first; fact; fact = fact->next)
		count += fact->set == (int)id;
	ret->present = is_present(learn, id, count);
	if (!ret->present || !count)
		return 0;
	ret->items = arena_calloc(arena, count, sizeof(*ret->items));
	if (!ret->items)
		return ERR;
	for (const struct learn_fact *fact = learn->first; fact; fact = fact->next) {
		struct profile_item *item = &ret->items[ret->count];

		if (fact->set != (int)id)
			continue;
		item->text = arena_strdup(arena, fact->text);
		item->reason = arena_strdup(arena, fact->reason);
		item->number = fact->number;
		memcpy(item->argument, fact->argument, sizeof(item->argument));
		if (!item->text || !item->reason)
			return ERR;
		ret->count++;
	}
	profile_sort(id, ret);
	return 0;
}

/* "6.18": the rest differs between machines that are the same. */
static const char *kernel_name(struct arena *arena)
{
	struct utsname name;
	int major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	return arena_printf(arena, "%d.%d", major, minor);
}

static bool is_complete(struct learn *learn)
{
	bool complete = true;

	if (learn->counts.lost)
		learn_note(learn, true, "%llu events found no room and are lost", (unsigned long long)learn->counts.lost);
	if (learn->broken)
		learn_note(learn, true, "there were more than %d different facts, or no memory for them", LEARN_FACTS_MAX);
	if (!learn->ended)
		learn_note(learn, true, "the watching ended before the program did");
	for (size_t i = 0; i < learn->missing_count; i++)
		complete = complete && !learn->missing[i].incomplete;
	return complete;
}

int learn_finish(struct learn *learn, struct arena *arena, struct profile *ret, struct err *err)
{
	struct profile profile = {.runs = 1, .events = learn->counts.calls, .kernels_count = 1};
	const char **kernels = arena_calloc(arena, 1, sizeof(*kernels));

	if (!kernels || !(kernels[0] = kernel_name(arena)))
		return out_of_memory(err);
	profile.kernels = kernels;
	calls_complete(learn);
	if (fold_files(learn))
		return out_of_memory(err);
	profile.complete = is_complete(learn);
	profile.lost = learn->counts.lost;
	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++)
		if (fill_set(learn, arena, id, &profile.sets[id]))
			return out_of_memory(err);
	profile_minimize(&profile);
	*ret = profile;
	return 0;
}
