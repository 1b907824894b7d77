/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom: hearing of the kernel's OOM killer in a cgroup. v1: an eventfd that is registered for memory.oom_control
 * (Documentation/admin-guide/cgroup-v1/memory.rst, 9). v2: memory.events, whose change wakes a poll for POLLPRI. Runs in
 * the runtime; changes nothing but the registration, which ends with the descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/cgroup/parts.h"

static int watch_v1(const struct cgroup_dir *dir, struct cgroup_oom *oom)
{
	cleanup_fd int control_fd = openat(dir->fd, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	cleanup_fd int event_fd = -EBADF;
	char text[32];
	int result;

	if (control_fd < 0)
		return -errno;
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_fd < 0)
		return -errno;
	format_text(text, sizeof(text), "%d %d", event_fd, control_fd);
	result = fd_write_text_at(dir->fd, "cgroup.event_control", text);
	if (result < 0)
		return result;
	oom->fd = fd_take(&event_fd);
	oom->events = POLLIN;
	return 0;
}

/* The kills so far; -errno when the cgroup is gone. */
static int64_t read_kills(int fd)
{
	char text[512];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	if (length < 0)
		return -errno;
	text[length] = '\0';
	return (int64_t)cgroup_key_u64(text, "oom_kill");
}

static int watch_v2(const struct cgroup_dir *dir, struct cgroup_oom *oom)
{
	cleanup_fd int fd = openat(dir->fd, "memory.events", O_RDONLY | O_CLOEXEC);
	int64_t kills = fd < 0 ? -errno : read_kills(fd);

	if (kills < 0)
		return (int)kills;
	oom->kills = (uint64_t)kills;
	oom->fd = fd_take(&fd);
	oom->events = POLLPRI;
	return 0;
}

int cgroup_oom_watch(const struct cgroup *cgroup, struct cgroup_oom *oom, struct err *err)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, "memory");
	int result;

	*oom = CGROUP_OOM_INIT;
	if (!dir)
		return 0;
	oom->v2 = dir->hierarchy->v2;
	result = oom->v2 ? watch_v2(dir, oom) : watch_v1(dir, oom);
	/* A kernel without this part of v1 (CONFIG_MEMCG_V1) has no file for it. */
	if (result == -ENOENT)
		return 0;
	return result < 0 ? err_sys(err, result, "open", "cannot watch the cgroup %s%s for lack of memory",
				    dir->hierarchy->mount_point, cgroup->path)
			  : 0;
}

uint64_t cgroup_oom_read(const struct cgroup *cgroup, struct cgroup_oom *oom)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, "memory");
	uint64_t count = 0;

	if (oom->fd < 0 || !dir)
		return 0;
	if (oom->v2) {
		int64_t kills = read_kills(oom->fd);

		count = kills > (int64_t)oom->kills ? (uint64_t)kills - oom->kills : 0;
		oom->kills += count;
		return count;
	}
	if (read(oom->fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		return 0;
	/* The removal of the cgroup is told in the same way. */
	return faccessat(dir->fd, "cgroup.event_control", F_OK, 0) == 0 ? count : 0;
}

void cgroup_oom_done(struct cgroup_oom *oom)
{
	fd_close(&oom->fd);
}
