// SPDX-License-Identifier: Apache-2.0
/*
 * learn/paths: which file a record means. What a program wrote is data: it is only ever followed below the root that the
 * learner holds, and where that is gone by its text alone.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/utf8.h"
#include "insight/learn/parts.h"
#include "kernel/rootfs.h"

struct text {
	char *data;
	size_t size, length;
	bool full;
};

static void add(struct text *text, const char *piece, size_t length)
{
	if (text->full || length >= text->size - text->length) {
		text->full = true;
		return;
	}
	memcpy(text->data + text->length, piece, length);
	text->length += length;
	text->data[text->length] = '\0';
}

/* "c\0b\0a\0" as "/a/b/c". */
static void add_walk(struct text *text, const char *walk, size_t length)
{
	while (length > 1) {
		size_t end = length - 1, start = end;

		while (start > 0 && walk[start - 1] != '\0')
			start--;
		add(text, "/", 1);
		add(text, walk + start, end - start);
		length = start;
	}
}

/* Without empty parts, "." and "..", as if nothing in it were a link. */
static void normalize(char *path)
{
	size_t used = 0;

	for (char *part = path; *part;) {
		size_t length;

		part += strspn(part, "/");
		length = strcspn(part, "/");
		if (length == 2 && part[0] == '.' && part[1] == '.') {
			while (used > 0 && path[--used] != '/')
				;
		} else if (length && !(length == 1 && part[0] == '.')) {
			path[used++] = '/';
			memmove(path + used, part, length);
			used += length;
		}
		part += length;
	}
	if (used == 0)
		path[used++] = '/';
	path[used] = '\0';
}

static ssize_t name_of_fd(int fd, char *buf, size_t size)
{
	char link[40];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, buf, size - 1);
	buf[length > 0 ? length : 0] = '\0';
	return length;
}

/* The same file by a name without links, if it can be found: a file that is removed has still its directory. */
static void follow(const struct learn *learn, char *path, size_t size, bool itself)
{
	const struct rootfs root = {.fd = learn->root_fd};
	char above[PATH_MAX], found[PATH_MAX], last[NAME_MAX + 2] = "", *slash = strrchr(path, '/');
	int fd cleanup_fd = itself ? rootfs_open(&root, (struct root_path){path}, O_PATH, false) : -ENOENT;
	size_t skip;

	if (fd < 0 && slash && strlen(slash) < sizeof(last)) {
		strcpy(last, slash);
		*slash = '\0';
		fd = rootfs_open(&root, (struct root_path){*path ? path : "/"}, O_PATH | O_DIRECTORY, false);
		*slash = '/';
	}
	if (fd < 0 || name_of_fd(learn->root_fd, above, sizeof(above)) <= 0 ||
	    name_of_fd(fd, found, sizeof(found)) <= 0 || found[0] != '/')
		return;
	/* Where the root is that of its mount namespace, names begin there; else they begin at ours. */
	skip = strlen(above) > 1 ? strlen(above) : 0;
	if (strncmp(found, above, skip) != 0 || (found[skip] && found[skip] != '/'))
		return;
	if (strlen(found + skip) + strlen(last) >= size)
		return;
	snprintf(path, size, "%s%s", strcmp(found + skip, "/") == 0 ? "" : found + skip, last);
	if (!*path)
		strcpy(path, "/");
}

bool paths_of_sight(struct learn *learn, const struct observe_sight *sight, char *buf, size_t size)
{
	struct text text = {.data = buf, .size = size};
	const char *words = sight->text, *walk = sight->text + sight->path_length;
	bool relative = sight->path_length == 0 || words[0] != '/';

	buf[0] = '\0';
	if (sight->flags & OBSERVE_SIGHT_CUT) {
		learn_note(learn, true, "%.15s used a file whose path is too long to be recorded", sight->comm);
		return false;
	}
	if (sight->flags & OBSERVE_SIGHT_WORDS ? relative : sight->path_length == 0) {
		add_walk(&text, walk, sight->walk_length);
		add(&text, "/", 1);
	}
	add(&text, words, sight->path_length);
	if (text.full || memchr(buf, '\0', text.length))
		return false;
	normalize(buf);
	if (sight->flags & OBSERVE_SIGHT_WORDS && learn->root_fd >= 0)
		follow(learn, buf, size, !(sight->access & (OBSERVE_REPLACE | OBSERVE_MAKE)));
	return buf[0] == '/';
}

bool paths_escape(const char *path, char *buf, size_t size)
{
	struct text text = {.data = buf, .size = size};
	size_t left = strlen(path);

	buf[0] = '\0';
	while (left > 0) {
		uint32_t rune = 0;
		size_t length = utf8_decode(path, left, &rune);

		if (length == 0 || rune < 0x20 || rune == 0x7f) {
			length = 1;
			add(&text, "?", 1);
		} else {
			if (strchr("*?[\\", *path))
				add(&text, "\\", 1);
			add(&text, path, length);
		}
		path += length;
		left -= length;
	}
	return !text.full && text.length > 0;
}
