/* SPDX-License-Identifier: Apache-2.0 */
/* archive: a source that is an archive. It is opened here, with the caller's own rights, and read by nobody but the helper
 * program that unpacks it in the container's namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "core/host/helper.h"
#include "people/sandbox/parts.h"

#define LOW_FDS 64 /* those below have fixed meanings in a monitor */

static bool ends_in(const char *word, const char *end)
{
	size_t length = strlen(word), end_length = strlen(end);

	return length > end_length && strcmp(word + length - end_length, end) == 0;
}

const char *sandbox_archive_path(const char *source)
{
	static const char *const ends[] = {".tar", ".tar.gz", ".tgz", ".tar.zst"};

	if (strncmp(source, "tar:", 4) == 0)
		return source + 4;
	if (strncmp(source, "dir:", 4) == 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (ends_in(source, ends[i]))
			return source;
	return NULL;
}

/* The descriptors live as long as the process: a container that is restarted is unpacked anew. */
int sandbox_open_archive(const char *path, struct sandbox *sandbox, struct err *err)
{
	char beside[4096];
	const char *helper = helper_find(HELPER_UNPACK, beside, sizeof(beside));
	int archive_fd cleanup_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int helper_fd cleanup_fd = -EBADF;
	struct stat info;

	if (archive_fd < 0 || fstat(archive_fd, &info) < 0) {
		err_sys(err, errno, "open", "cannot use %s as an archive", *path ? path : "\"\"");
		return err_fix(err, "check the path; it is taken from the current directory unless it starts with /");
	}
	if (!S_ISREG(info.st_mode)) {
		err_set(err, ERR_USAGE, "%s is no file", path);
		return err_fix(err, "name a tar archive, or a directory as dir:%s", path);
	}
	helper_fd = open(helper, O_PATH | O_CLOEXEC);
	if (helper_fd < 0) {
		err_set(err, ERR_UNSUPPORTED, "cannot unpack %s: there is no %s", path, helper);
		return err_fix(err, "%s", helpers[HELPER_UNPACK].fix);
	}
	sandbox->kind = SANDBOX_ARCHIVE;
	sandbox->archive.name = path;
	sandbox->archive.archive_fd = fcntl(archive_fd, F_DUPFD_CLOEXEC, LOW_FDS);
	sandbox->archive.helper_fd = fcntl(helper_fd, F_DUPFD_CLOEXEC, LOW_FDS);
	if (sandbox->archive.archive_fd < 0 || sandbox->archive.helper_fd < 0)
		return err_sys(err, errno, "fcntl", "cannot hold %s open", path);
	return 0;
}
