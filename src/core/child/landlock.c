/* SPDX-License-Identifier: Apache-2.0 */
/* landlock: DROP or EXEC: the profile's files and ports. Paths are those of the container, which is the root by now. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "abi/landlock.h"
#include "base/format.h"
#include "core/child/parts.h"
#include "kernel/landlock.h"

/* What may be allowed of something that is no directory (landlock(7)); more is refused with EINVAL. */
#define OF_FILES                                                                                                      \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |                  \
	 LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_IOCTL_DEV)

int child_landlock_begin(struct child *child, const struct op *op, struct err *err)
{
	int result;

	/* Afterwards it may not be found any more. */
	if (child_look_ahead(child, op, err))
		return ERR;
	result = landlock_create(op->landlock_begin.handled_fs, op->landlock_begin.handled_net,
				 op->landlock_begin.scoped);
	if (result >= 0)
		child->landlock_fd = result;
	return child_check(op, result, "landlock_create_ruleset", err);
}

static int allow(struct child *child, const struct op *op, const char *path, uint64_t access, bool below, struct err *err)
{
	cleanup_fd int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : child_failed(op, errno, "open", err);
	if (fstat(fd, &st) < 0)
		return child_failed(op, errno, "fstat", err);
	if (!S_ISDIR(st.st_mode))
		access &= OF_FILES;
	else if (!below) /* it is listed, and names in it are changed; what is in it has rules of its own */
		access &= ~(uint64_t)OF_FILES;
	if (!access)
		return 0;
	return child_check(op, landlock_allow_path(child->landlock_fd, fd, access), "landlock_add_rule", err);
}

int child_landlock_path(struct child *child, const struct op *op, struct err *err)
{
	const char *path = op->landlock_path.path.text, *highest = op->landlock_path.made_in.text;
	size_t least = highest ? strlen(highest) : 0;
	char above[PATH_MAX];
	struct stat st;

	if (!highest || stat(path, &st) == 0 || errno != ENOENT)
		return allow(child, op, path, op->landlock_path.access, op->landlock_path.below, err);
	format_text(above, sizeof(above), "%s", path);
	do
		*strrchr(above, '/') = '\0';
	while (stat(above, &st) < 0 && strlen(above) > least);
	return allow(child, op, above, op->landlock_path.missing_access, true, err);
}

int child_landlock_port(struct child *child, const struct op *op, struct err *err)
{
	return child_check(op, landlock_allow_port(child->landlock_fd, op->landlock_port.port, op->landlock_port.access),
			   "landlock_add_rule", err);
}

int child_landlock(struct child *child, const struct op *op, struct err *err)
{
	return child_check(op, landlock_restrict(child->landlock_fd, op->landlock.log), "landlock_restrict_self", err);
}
