// SPDX-License-Identifier: Apache-2.0
/* profile/minimize: what an entry of paths allows, and dropping what another one of the same set allows already. */
#include <fnmatch.h>
#include <limits.h>
#include <string.h>

#include "core/profile/profile.h"

#define GLOB_CHARACTERS "*?[\\"

/* Does pattern allow all that path does? In doubt it does not: the entry is kept. */
static bool covers(const char *pattern, const char *path)
{
	size_t length = strlen(pattern), plain = strcspn(pattern, GLOB_CHARACTERS);

	if (strcmp(pattern, path) == 0)
		return false;
	if (length >= 3 && plain == length - 2 && strcmp(pattern + length - 3, "/**") == 0)
		return strncmp(pattern, path, plain) == 0 && path[plain];
	return !path[strcspn(path, GLOB_CHARACTERS)] && fnmatch(pattern, path, FNM_PATHNAME) == 0;
}

bool profile_path_matches(const char *entry, const char *path)
{
	size_t length = strlen(entry);
	char above[PATH_MAX];

	if (length < 3 || length >= sizeof(above) || strcmp(entry + length - 3, "/**") != 0)
		return fnmatch(entry, path, FNM_PATHNAME) == 0;
	if (length == 3)
		return path[0] == '/' && path[1];
	memcpy(above, entry, length - 3);
	above[length - 3] = '\0';
	/* FNM_LEADING_DIR is not everywhere: each directory above the path. */
	for (const char *at = strchr(path + 1, '/'); at && at[1]; at = strchr(at + 1, '/')) {
		char directory[PATH_MAX];

		if ((size_t)(at - path) >= sizeof(directory))
			return false;
		memcpy(directory, path, (size_t)(at - path));
		directory[at - path] = '\0';
		if (fnmatch(above, directory, FNM_PATHNAME) == 0)
			return true;
	}
	return false;
}

static bool is_of_paths(enum profile_set_id id)
{
	return (id >= PROFILE_READ && id <= PROFILE_DEVICES);
}

size_t profile_minimize(struct profile *profile)
{
	size_t dropped = 0;

	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++) {
		struct profile_set *set = &profile->sets[id];

		for (size_t i = 0; is_of_paths(id) && i < set->count;) {
			size_t by = 0;

			while (by < set->count && !covers(set->items[by].text, set->items[i].text))
				by++;
			if (by == set->count) {
				i++;
				continue;
			}
			memmove(&set->items[i], &set->items[i + 1], (--set->count - i) * sizeof(*set->items));
			dropped++;
		}
	}
	return dropped;
}
