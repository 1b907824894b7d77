// SPDX-License-Identifier: Apache-2.0
/*
 * surface/use: what of a surface a containment profile says is needed. Where the profile has no rule it says nothing, and
 * the set's use stays unknown; a call that is not among the profile's calls uses none of its commands.
 */
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/types.h"
#include "insight/surface/parts.h"

/* '*' matches within one component of a path, and a last component of two of them all that is below. */
static bool matches(const char *pattern, const char *path)
{
	const char *star = NULL, *resume = NULL;

	while (*path) {
		if (strcmp(pattern, "/**") == 0 && *path == '/')
			return true;
		if (*pattern == '*') {
			star = pattern++;
			resume = path;
		} else if (*pattern == *path) {
			pattern++;
			path++;
		} else if (star && *resume != '/') {
			pattern = star + 1;
			path = ++resume;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0' || strcmp(pattern, "/**") == 0;
}

/* "/proc/123/x" is "/proc/self/x" here; the reference's own patterns ("<", "*") are compared as they stand. */
static bool path_matches(const char *pattern, const char *path)
{
	size_t digits = strncmp(pattern, "/proc/", 6) == 0 ? strspn(pattern + 6, "0123456789") : 0;

	if (digits && (pattern[6 + digits] == '/' || !pattern[6 + digits]))
		return strncmp(path, "/proc/self", 10) == 0 && matches(pattern + 6 + digits, path + 10);
	return matches(pattern, path);
}

static bool has_path(const struct profile *profile, enum profile_set_id id, const char *path)
{
	const struct profile_set *set = &profile->sets[id];

	for (size_t i = 0; i < set->count; i++)
		if (path_matches(set->items[i].text, path))
			return true;
	return false;
}

static bool has_word(const struct profile *profile, enum profile_set_id id, const char *word)
{
	for (size_t i = 0; i < profile->sets[id].count; i++)
		if (strcmp(profile->sets[id].items[i].text, word) == 0)
			return true;
	return false;
}

static bool uses_value(const struct profile *profile, enum profile_set_id id, int64_t value)
{
	for (size_t i = 0; i < profile->sets[id].count; i++)
		if ((uint32_t)profile->sets[id].items[i].argument[0] == (uint32_t)value)
			return true;
	return false;
}

/* The words of the runtime specification for namespaces that procfs names otherwise. */
static bool uses_namespace(const struct profile *profile, const char *name)
{
	const char *word = strcmp(name, "mnt") == 0 ? "mount" : strcmp(name, "net") == 0 ? "network" : name;

	return has_word(profile, PROFILE_NAMESPACES, word);
}

static bool item_used(const struct profile *profile, enum surface_set_id id, const struct surface_item *item)
{
	switch (id) {
	case SURFACE_SYSCALLS:
		return has_word(profile, PROFILE_SYSCALLS, item->name);
	case SURFACE_IOCTLS:
		return uses_value(profile, PROFILE_IOCTL, item->value);
	case SURFACE_PRCTLS:
		return uses_value(profile, PROFILE_PRCTL, item->value);
	case SURFACE_FCNTLS:
		return uses_value(profile, PROFILE_FCNTL, item->value);
	case SURFACE_FAMILIES:
		return uses_value(profile, PROFILE_SOCKET, item->value);
	case SURFACE_NAMESPACES:
		return uses_namespace(profile, item->name);
	case SURFACE_EFFECTIVE:
	case SURFACE_BOUNDING:
		return has_word(profile, PROFILE_CAPABILITIES, item->name);
	case SURFACE_READABLE:
		return has_path(profile, PROFILE_PROC, item->name) || has_path(profile, PROFILE_SYS, item->name) ||
		       has_path(profile, PROFILE_READ, item->name);
	case SURFACE_WRITABLE:
		return has_path(profile, PROFILE_WRITE, item->name);
	default:
		return has_path(profile, PROFILE_DEVICES, item->name);
	}
}

static bool command_known(const struct profile *profile, enum profile_set_id id)
{
	const char *call = profile_rows[id].argument.syscall;

	return profile->sets[id].present ||
	       (profile->sets[PROFILE_SYSCALLS].present && !has_word(profile, PROFILE_SYSCALLS, call));
}

static bool use_known(const struct profile *profile, enum surface_set_id id)
{
	const struct profile_set *sets = profile->sets;

	switch (id) {
	case SURFACE_SYSCALLS:
		return sets[PROFILE_SYSCALLS].present;
	case SURFACE_IOCTLS:
		return command_known(profile, PROFILE_IOCTL);
	case SURFACE_PRCTLS:
		return command_known(profile, PROFILE_PRCTL);
	case SURFACE_FCNTLS:
		return command_known(profile, PROFILE_FCNTL);
	case SURFACE_FAMILIES:
		return command_known(profile, PROFILE_SOCKET);
	case SURFACE_NAMESPACES:
		return sets[PROFILE_NAMESPACES].present;
	case SURFACE_EFFECTIVE:
	case SURFACE_BOUNDING:
		return sets[PROFILE_CAPABILITIES].present;
	case SURFACE_READABLE:
		return sets[PROFILE_READ].present || (sets[PROFILE_PROC].present && sets[PROFILE_SYS].present);
	case SURFACE_WRITABLE:
		return sets[PROFILE_WRITE].present;
	default:
		return sets[PROFILE_DEVICES].present;
	}
}

void surface_use(const struct profile *profile, struct surface *surface)
{
	for (int id = 0; id < SURFACE_SET_COUNT; id++) {
		struct surface_set *set = &surface->sets[id];

		if (!set->known || !use_known(profile, (enum surface_set_id)id))
			continue;
		set->use_known = true;
		for (size_t i = 0; i < set->count; i++) {
			struct surface_item *item = &set->items[i];
			bool reached = item->verdict != SURFACE_REFUSED;

			item->used = item_used(profile, (enum surface_set_id)id, item);
			set->used += item->used;
			set->idle += reached && !item->used;
			set->missing += item->used && !reached;
		}
	}
}
