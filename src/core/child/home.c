/* SPDX-License-Identifier: Apache-2.0 */
/*
 * home: HOME for a process whose environment has none, from the container's /etc/passwd. Runs in the child, inside the
 * container's root. The file is the container's: whatever it is and holds, this ends soon and never fails.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "core/child/parts.h"

#define PASSWD_SIZE_MAX (1024 * 1024)

struct passwd_line {
	char text[1024]; /* a longer line names nobody */
	size_t length;
	bool too_long;
};

/* The field at index (from 0) of "name:password:uid:gid:comment:home:shell", cut out in place. */
static char *field(char *line, unsigned int index)
{
	for (; index; index--) {
		line = strchr(line, ':');
		if (!line)
			return NULL;
		line++;
	}
	return line;
}

static bool is_number(const char *text, uint64_t wanted)
{
	uint64_t value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9' && value <= UINT32_MAX; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	return at != text && *at == ':' && value == wanted;
}

static bool line_of(struct passwd_line *line, uid_t uid, char *text, size_t size)
{
	char *id, *home;
	bool found = false;

	line->text[line->length] = '\0';
	id = field(line->text, 2);
	home = id ? field(id, 3) : NULL;
	if (!line->too_long && home && is_number(id, uid)) {
		home[strcspn(home, ":")] = '\0';
		found = home[0] && format_text(text, size, "HOME=%s", home) < size;
	}
	line->length = 0;
	line->too_long = false;
	return found;
}

static bool add(struct passwd_line *line, char byte)
{
	if (byte == '\n')
		return true;
	if (line->length < sizeof(line->text) - 1)
		line->text[line->length++] = byte;
	else
		line->too_long = true;
	return false;
}

static bool search(int fd, uid_t uid, char *text, size_t size)
{
	struct passwd_line line = {.length = 0};
	char data[4096];
	size_t total = 0;
	ssize_t got;

	while (total < PASSWD_SIZE_MAX && (got = read(fd, data, sizeof(data))) > 0) {
		total += (size_t)got;
		for (ssize_t i = 0; i < got; i++)
			if (add(&line, data[i]) && line_of(&line, uid, text, size))
				return true;
	}
	return line.length && line_of(&line, uid, text, size);
}

void child_find_home(const struct rootfs *root, uid_t uid, char *text, size_t size)
{
	const struct root_path path = {"/etc/passwd"};
	cleanup_fd int path_fd = rootfs_open(root, path, O_PATH, false), fd = -EBADF;
	struct stat st;

	/* Neither a device nor a pipe is opened; one that takes the file's place in between is not waited for. Nor does a
	 * link of /proc lead to what this process has open: before the ids change it may read more than the program. */
	if (path_fd >= 0 && fstat(path_fd, &st) == 0 && S_ISREG(st.st_mode))
		fd = rootfs_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, false);
	if (fd < 0 || !search(fd, uid, text, size))
		format_text(text, size, "HOME=/");
}
