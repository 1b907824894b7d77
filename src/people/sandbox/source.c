/* SPDX-License-Identifier: Apache-2.0 */
/* source: the words of the command line that name things: where the files come from, and sizes. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "people/sandbox/parts.h"

const char *sandbox_real_path(struct arena *arena, const char *path, const char *role, struct err *err)
{
	char resolved[PATH_MAX];
	const char *copy;

	if (!realpath(path, resolved)) {
		int errnum = errno;

		err_sys(err, errnum, "realpath", "cannot use %s as %s", *path ? path : "\"\"", role);
		if (errnum == EACCES)
			err_why(err, "a directory on its way may not be entered by user %u", geteuid());
		err_fix(err, "check the path; it is taken from the current directory unless it starts with /");
		return NULL;
	}
	copy = arena_strdup(arena, resolved);
	if (!copy)
		err_set(err, ERR_INTERNAL, "out of memory for the path %s", path);
	return copy;
}

static int use_directory(struct arena *arena, const char *path, struct sandbox *sandbox, struct err *err)
{
	struct stat info;

	sandbox->kind = SANDBOX_DIRECTORY;
	sandbox->directory = sandbox_real_path(arena, path, "a root directory", err);
	if (!sandbox->directory)
		return ERR;
	if (stat(sandbox->directory, &info) < 0)
		return err_sys(err, errno, "stat", "cannot look at %s", sandbox->directory);
	if (!S_ISDIR(info.st_mode)) {
		err_set(err, ERR_USAGE, "%s is not a directory", path);
		return err_fix(err, "name the directory that holds the container's files (bin, usr, etc …)");
	}
	if (strcmp(sandbox->directory, "/") == 0) {
		err_set(err, ERR_USAGE, "the host's own root cannot be a container's root directory");
		err_why(err, "it would show everything: /root, /run and their sockets, other users' files");
		return err_fix(err, "use the source \"host\", which shows an allow-list of it");
	}
	return 0;
}

int sandbox_parse_source(struct arena *arena, const char *source, struct sandbox *sandbox, struct err *err)
{
	if (strcmp(source, "host") == 0) {
		sandbox->kind = SANDBOX_HOST;
		return 0;
	}
	if (sandbox_archive_path(source))
		return sandbox_open_archive(sandbox_archive_path(source), sandbox, err);
	if (strncmp(source, "dir:", 4) == 0)
		return use_directory(arena, source + 4, sandbox, err);
	/* No image can have the names of a directory itself. */
	if (strchr(source, '/') || strcmp(source, ".") == 0 || strcmp(source, "..") == 0)
		return use_directory(arena, source, sandbox, err);
	if (!*source) {
		err_set(err, ERR_USAGE, "the source is empty");
		return err_fix(err, "\"host\", or a directory: ./rootfs, dir:rootfs");
	}
	err_set(err, ERR_UNSUPPORTED, "%s is an image reference, and this version runs no images", source);
	return err_fix(err, "name a root directory with a slash (./%s) or dir:%s, or use \"host\"", source, source);
}

int sandbox_parse_size(const char *text, uint64_t *ret_bytes, struct err *err)
{
	static const struct {
		const char *suffix;
		unsigned int shift;
	} units[] = {{"", 0}, {"b", 0}, {"k", 10}, {"m", 20}, {"g", 30}, {"t", 40}};
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno == 0 && end != text && text[0] >= '0' && text[0] <= '9')
		for (size_t i = 0; i < ARRAY_SIZE(units); i++)
			if (strcasecmp(end, units[i].suffix) == 0 &&
			    number <= (uint64_t)INT64_MAX >> units[i].shift) {
				*ret_bytes = (uint64_t)number << units[i].shift;
				return 0;
			}
	err_set(err, ERR_USAGE, "%s is not a size", text);
	return err_fix(err, "write a number of bytes, or with a unit: 512m, 2g");
}
