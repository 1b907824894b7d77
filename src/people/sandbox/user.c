/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user: --user as ids. A number is a number (threats D7); a name is looked up in /etc/passwd and /etc/group of the
 * source, which may be hostile: the files are found within the source's root, read up to a size, and all that comes
 * of them is a number that the sandbox's id map bounds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/rootfs.h"
#include "people/sandbox/parts.h"

#define ACCOUNTS_FILE_MAX ((size_t)1 << 20)
#define FIELDS_MAX 7
enum { FIELD_NAME = 0, FIELD_ID = 2, FIELD_GROUP = 3 };

/* A number alone: no sign, no blank, at most 2^32 - 2, for the last one means "none" to the kernel. */
static bool read_id(const char *text, uint32_t *ret)
{
	unsigned long long value;
	char *end;

	if (!*text || text[strspn(text, "0123456789")] || strlen(text) > 10)
		return false;
	value = strtoull(text, &end, 10);
	if (value >= UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

/* The file's text, in arena. */
static int read_file(struct arena *arena, int root_fd, const char *path, char **ret_text, struct err *err)
{
	int fd cleanup_fd = -EBADF;
	struct stat info;
	ssize_t length;

	if (root_fd < 0) {
		err_set(err, ERR_USAGE, "%s of an archive cannot be read before it is unpacked", path);
		return err_fix(err, "give numbers: --user 1000:1000");
	}
	/* Not blocking: a source could have a pipe there. */
	fd = rootfs_open(&(struct rootfs){root_fd}, (struct root_path){path}, O_RDONLY | O_NONBLOCK | O_NOCTTY, false);
	if (fd < 0) {
		err_sys(err, fd, "openat2", "cannot read %s of the source", path);
		return err_fix(err, "give numbers: --user 1000:1000, which are not looked up");
	}
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || (uint64_t)info.st_size > ACCOUNTS_FILE_MAX) {
		err_set(err, ERR_USAGE, "%s of the source is no list of accounts", path);
		err_why(err, "it is no regular file, or has more than 1 MiB");
		return err_fix(err, "give numbers: --user 1000:1000, which are not looked up");
	}
	*ret_text = arena_alloc(arena, ACCOUNTS_FILE_MAX + 1);
	if (!*ret_text)
		return err_set(err, ERR_INTERNAL, "out of memory for %s", path);
	length = fd_read_text(fd, *ret_text, ACCOUNTS_FILE_MAX + 1);
	return length < 0 ? err_sys(err, (int)length, "read", "cannot read %s of the source", path) : 0;
}

/* Cut one line into its fields; returns their number. */
static size_t split(char *line, char *fields[FIELDS_MAX])
{
	size_t count = 0;

	while (line && count < FIELDS_MAX) {
		fields[count++] = line;
		line = strchr(line, ':');
		if (line)
			*line++ = '\0';
	}
	return count;
}

/* The first line of that name whose wanted fields are ids. */
static bool find(char *text, const char *name, uint32_t *ret_id, uint32_t *ret_group)
{
	char *line, *next = text;

	while ((line = next) && *line) {
		char *fields[FIELDS_MAX];
		size_t count;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		count = split(line, fields);
		if (count > FIELD_ID && strcmp(fields[FIELD_NAME], name) == 0 && read_id(fields[FIELD_ID], ret_id) &&
		    (!ret_group || (count > FIELD_GROUP && read_id(fields[FIELD_GROUP], ret_group))))
			return true;
	}
	return false;
}

static int look_up(struct arena *arena, int root_fd, const char *path, const char *name,
		   uint32_t *ret_id, uint32_t *ret_group, struct err *err)
{
	char *text = NULL;

	if (!*name || is_number(name) || strchr("+-", *name)) {
		err_set(err, ERR_USAGE, "--user: \"%s\" is neither a name nor an id below 4294967295", name);
		return err_fix(err, "--user UID, UID:GID, NAME or NAME:GROUP");
	}
	if (read_file(arena, root_fd, path, &text, err)) {
		err_prefix(err, "--user");
		return err_fix(err, "give ids as numbers: --user 1000:1000");
	}
	if (find(text, name, ret_id, ret_group))
		return 0;
	err_set(err, ERR_USAGE, "--user: there is no %s in %s of the source", name, path);
	return err_fix(err, "give ids as numbers, --user 1000:1000, or a name that is in it");
}

int sandbox_find_user(struct arena *arena, const char *text, int root_fd, bool host_ids, struct container_id *ret_uid,
		      struct container_id *ret_gid, struct err *err)
{
	const char *colon = strchr(text, ':');
	const char *user = arena_strndup(arena, text, colon ? (size_t)(colon - text) : strlen(text));
	uint32_t uid, gid;

	if (!user)
		return err_set(err, ERR_INTERNAL, "out of memory for --user %s", text);
	/* A number alone: the group of the same number; with the host's ids 0, as OpenShift's arbitrary users have it. */
	if (read_id(user, &uid))
		gid = host_ids ? 0 : uid;
	else if (look_up(arena, root_fd, "/etc/passwd", user, &uid, &gid, err))
		return ERR;
	if (colon && !read_id(colon + 1, &gid) && look_up(arena, root_fd, "/etc/group", colon + 1, &gid, NULL, err))
		return ERR;
	ret_uid->value = uid;
	ret_gid->value = gid;
	return 0;
}

int sandbox_parse_user(struct arena *arena, const char *text, struct sandbox *sandbox, struct err *err)
{
	const char *root = sandbox->kind == SANDBOX_HOST ? "/" : sandbox->directory;
	int root_fd cleanup_fd = root ? open(root, O_PATH | O_DIRECTORY | O_CLOEXEC) : -EBADF;

	if (root && root_fd < 0)
		return err_sys(err, errno, "open", "cannot open %s", root);
	sandbox->user_set = true;
	return sandbox_find_user(arena, text, root_fd, sandbox->host_ids, &sandbox->uid, &sandbox->gid, err);
}
