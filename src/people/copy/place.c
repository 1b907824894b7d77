/* SPDX-License-Identifier: Apache-2.0 */
/* place: the path that each side was given. The container's is never resolved but below its root. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "people/copy/parts.h"

int place_open(const struct place *place, const char *text, int flags, bool no_follow)
{
	int fd;

	if (place->root)
		return rootfs_open(place->root, (struct root_path){text}, flags, no_follow);
	fd = open(text, flags | O_CLOEXEC | (no_follow ? O_NOFOLLOW : 0));
	return fd < 0 ? -errno : fd;
}

bool place_ends_in_slash(const char *path)
{
	size_t length = strlen(path);

	return length && path[length - 1] == '/';
}

int place_split(const char *path, char parent[4096], char name[256])
{
	size_t end = strlen(path), start;

	while (end > 1 && path[end - 1] == '/')
		end--;
	for (start = end; start && path[start - 1] != '/'; start--)
		;
	if (end - start > NAME_MAX || end >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(name, path + start, end - start);
	name[end - start] = '\0';
	if (strcmp(name, "/") == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		name[0] = '\0';
	if (start == 0) {
		strcpy(parent, ".");
	} else {
		memcpy(parent, path, start);
		parent[start] = '\0';
	}
	return 0;
}
