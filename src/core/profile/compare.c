// SPDX-License-Identifier: Apache-2.0
/* profile/compare: the order of sets, their union, and their differences. */
#include <stdlib.h>
#include <string.h>

#include "core/profile/profile.h"

static int by_number(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_items(enum profile_set_id id, const struct profile_item *a, const struct profile_item *b)
{
	const struct profile_row *row = &profile_rows[id];
	int order;

	if (row->form == PROFILE_PORTS)
		return by_number(a->number, b->number);
	if (!row->argument.syscall)
		return strcmp(a->text, b->text);
	order = by_number(a->argument[0], b->argument[0]);
	return order ? order : by_number(a->argument[1], b->argument[1]);
}

static int compare_words(const void *a, const void *b)
{
	return compare_items(PROFILE_SYSCALLS, a, b);
}

static int compare_ports(const void *a, const void *b)
{
	return compare_items(PROFILE_LISTEN, a, b);
}

static int compare_arguments(const void *a, const void *b)
{
	return compare_items(PROFILE_IOCTL, a, b);
}

void profile_sort(enum profile_set_id id, struct profile_set *set)
{
	const struct profile_row *row = &profile_rows[id];
	size_t kept = 0;

	if (set->count == 0)
		return;
	qsort(set->items, set->count, sizeof(*set->items),
	      row->form == PROFILE_PORTS ? compare_ports : row->argument.syscall ? compare_arguments : compare_words);
	for (size_t i = 1; i < set->count; i++) {
		struct profile_item *last = &set->items[kept];

		if (compare_items(id, last, &set->items[i]) != 0)
			set->items[++kept] = set->items[i];
		else if (last->reason && !last->reason[0])
			last->reason = set->items[i].reason;
	}
	set->count = kept + 1;
}

const struct profile_item *profile_find(enum profile_set_id id, const struct profile_set *set, const char *text)
{
	(void)id;
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->items[i].text, text) == 0)
			return &set->items[i];
	return NULL;
}

/* ---- union ---- */

static bool allows_call(const struct profile *profile, const char *call)
{
	const struct profile_set *calls = &profile->sets[PROFILE_SYSCALLS];

	return !calls->present || profile_find(PROFILE_SYSCALLS, calls, call);
}

static int merge_limits(struct arena *arena, const struct profile_set *a, const struct profile_set *b,
			struct profile_set *ret)
{
	*ret = (struct profile_set){.present = true, .items = arena_calloc(arena, a->count + 1, sizeof(*ret->items))};
	if (!ret->items)
		return ERR;
	for (size_t i = 0; i < a->count; i++) {
		const struct profile_item *other = profile_find(PROFILE_LIMITS, b, a->items[i].text);

		if (other)
			ret->items[ret->count++] = other->number > a->items[i].number ? *other : a->items[i];
	}
	return 0;
}

static int merge_sets(struct arena *arena, enum profile_set_id id, const struct profile *pa, const struct profile *pb,
		      struct profile_set *ret)
{
	const struct profile_set *a = &pa->sets[id], *b = &pb->sets[id];
	const char *call = profile_rows[id].argument.syscall;

	/* Who does not make the call at all asks for none of its arguments. */
	if (call && !allows_call(pa, call))
		a = b;
	else if (call && !allows_call(pb, call))
		b = a;
	*ret = (struct profile_set){0};
	if (!a->present || !b->present)
		return 0;
	if (id == PROFILE_LIMITS)
		return merge_limits(arena, a, b, ret);
	ret->present = true;
	ret->items = arena_calloc(arena, a->count + b->count + 1, sizeof(*ret->items));
	if (!ret->items)
		return ERR;
	if (a->count)
		memcpy(ret->items, a->items, a->count * sizeof(*ret->items));
	if (b->count)
		memcpy(ret->items + a->count, b->items, b->count * sizeof(*ret->items));
	ret->count = a->count + b->count;
	profile_sort(id, ret);
	return 0;
}

struct texts {
	const char *const *items;
	size_t count;
};

/* Each once. */
static int merge_texts(struct arena *arena, struct texts a, struct texts b, const char *const **ret, size_t *ret_count)
{
	const char **items = arena_calloc(arena, a.count + b.count + 1, sizeof(*items));
	const struct texts both[] = {a, b};

	if (!items)
		return ERR;
	for (size_t which = 0; which < 2; which++)
		for (size_t i = 0; i < both[which].count; i++) {
			size_t seen = 0;

			while (seen < *ret_count && strcmp(items[seen], both[which].items[i]) != 0)
				seen++;
			if (seen == *ret_count)
				items[(*ret_count)++] = both[which].items[i];
		}
	*ret = items;
	return 0;
}

static const char *same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0 ? a : NULL;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

int profile_merge(struct arena *arena, const struct profile *a, const struct profile *b, struct profile *ret,
		  struct err *err)
{
	struct profile merged = {
		.source = same(a->source, b->source),
		.digest = same(a->digest, b->digest),
		.runs = sum(a->runs, b->runs),
		.events = sum(a->events, b->events),
		.lost = sum(a->lost, b->lost),
		.complete = a->complete && b->complete,
		.verified = a->verified && b->verified,
	};

	if (merge_texts(arena, (struct texts){a->kernels, a->kernels_count}, (struct texts){b->kernels, b->kernels_count},
			&merged.kernels, &merged.kernels_count) ||
	    merge_texts(arena, (struct texts){a->notes, a->notes_count}, (struct texts){b->notes, b->notes_count},
			&merged.notes, &merged.notes_count))
		return err_set(err, ERR_KERNEL, "cannot merge the profiles: out of memory");
	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++)
		if (merge_sets(arena, id, a, b, &merged.sets[id]))
			return err_set(err, ERR_KERNEL, "cannot merge the profiles: out of memory");
	*ret = merged;
	return 0;
}

/* ---- differences ---- */

static size_t diff_set(enum profile_set_id id, const struct profile_set *a, const struct profile_set *b,
		       profile_tell *tell, void *context)
{
	size_t i = 0, j = 0, count = 0;

	while (i < a->count || j < b->count) {
		int order = i == a->count   ? 1
			    : j == b->count ? -1
					    : compare_items(id, &a->items[i], &b->items[j]);
		const struct profile_item *before = order <= 0 ? &a->items[i++] : NULL;
		const struct profile_item *after = order >= 0 ? &b->items[j++] : NULL;

		if (before && after && before->number == after->number)
			continue;
		tell(context, id, !before ? PROFILE_ADDED : !after ? PROFILE_REMOVED : PROFILE_CHANGED, before, after);
		count++;
	}
	return count;
}

size_t profile_diff(const struct profile *a, const struct profile *b, profile_tell *tell, void *context)
{
	size_t count = 0;

	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++) {
		const struct profile_set *before = &a->sets[id], *after = &b->sets[id];

		if (before->present != after->present) {
			tell(context, id, before->present ? PROFILE_OPENED : PROFILE_CLOSED, NULL, NULL);
			count++;
		}
		if (after->present || !before->present)
			count += diff_set(id, before, after, tell, context);
	}
	return count;
}
