/* SPDX-License-Identifier: Apache-2.0 */
/* json_duplicate: see json_duplicate.h. Runs in the runtime process only: it allocates. */
#include "base/json_duplicate.h"

#include <stdlib.h>
#include <string.h>

static int compare_keys(const void *left, const void *right)
{
	const struct json *const *one = left, *const *other = right;
	int order = strcmp((*one)->key, (*other)->key);

	if (order)
		return order;
	return ((*one)->index > (*other)->index) - ((*one)->index < (*other)->index);
}

/* Sorting bounds the time for large objects whatever their keys are; a hash table's would depend on them. */
bool json_find_duplicate(const struct json *object, const struct json **ret)
{
	const struct json **sorted, *member, *earlier;
	size_t count = 0;

	*ret = NULL;
	if (object->count <= 16) {
		for (member = object->first; member; member = member->next)
			for (earlier = object->first; earlier != member; earlier = earlier->next)
				if (!strcmp(member->key, earlier->key))
					*ret = member;
		return true;
	}
	sorted = calloc(object->count, sizeof(struct json *));
	if (!sorted)
		return false;
	for (member = object->first; member; member = member->next)
		sorted[count++] = member;
	qsort(sorted, count, sizeof(sorted[0]), compare_keys);
	for (size_t i = 1; i < count && !*ret; i++)
		if (!strcmp(sorted[i]->key, sorted[i - 1]->key))
			*ret = sorted[i];
	free(sorted);
	return true;
}

const char *json_key_place(const char *open, uint32_t index)
{
	unsigned int depth = 0;

	for (; index; open++) {
		if (*open == '"')
			for (open++; *open != '"'; open++)
				open += *open == '\\';
		else if (*open == '{' || *open == '[')
			depth++;
		else if (*open == '}' || *open == ']')
			depth--;
		else if (*open == ',' && depth == 1)
			index--;
	}
	while (*open != '"')
		open++;
	return open;
}
