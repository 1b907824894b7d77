/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remove: taking the directories away. The common case is one rmdir a hierarchy. Where that is refused, what is left is
 * killed, sub-cgroups go first, from the bottom, and dying processes are waited for. Runs in the runtime.
 *
 * The tree may be of any depth (a container may make cgroups of its own): it is walked with one descriptor, down by
 * name and up by "..", without recursion.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/cgroup/parts.h"
#include "kernel/process.h"

/* The first sub-cgroup that can be removed is; of the others the first one's name is given. 1: there is one left, 0:
 * none, -errno. */
static int remove_leaves(int dir_fd, char *ret_name, size_t size)
{
	int list_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = list_fd < 0 ? NULL : fdopendir(list_fd);
	const struct dirent *entry;
	int left = 0;

	if (!list) {
		left = -errno;
		fd_close(&list_fd);
		return left;
	}
	while ((entry = readdir(list))) {
		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dir_fd, entry->d_name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			continue;
		if (left == 0)
			format_text(ret_name, size, "%s", entry->d_name);
		left = 1;
	}
	closedir(list);
	return left;
}

/* So many at a time: what is left is found by the next look. */
#define VICTIMS_MAX 64

struct victims {
	pid_t pids[VICTIMS_MAX];
	int pidfds[VICTIMS_MAX];
	bool listed[VICTIMS_MAX];
	size_t count;
};

static int hold_one(pid_t pid, void *context)
{
	struct victims *victims = context;
	int pidfd = process_pidfd_open(pid);

	if (pidfd < 0)
		return 0;
	victims->pids[victims->count] = pid;
	victims->pidfds[victims->count++] = pidfd;
	return victims->count == VICTIMS_MAX;
}

static int mark_one(pid_t pid, void *context)
{
	struct victims *victims = context;

	for (size_t i = 0; i < victims->count; i++)
		victims->listed[i] = victims->listed[i] || victims->pids[i] == pid;
	return 0;
}

/*
 * A number that was read may belong to another process a moment later. Held by a pidfd, and then listed again, it is one
 * of this cgroup: what got the number since would not be behind the pidfd.
 */
static int kill_own(int dir_fd, pid_t *ret_pid)
{
	struct victims victims = {.count = 0};
	int result = cgroup_own_pids(dir_fd, hold_one, &victims);

	if (result >= 0)
		result = cgroup_own_pids(dir_fd, mark_one, &victims);
	for (size_t i = 0; i < victims.count; i++) {
		if (result == 0 && victims.listed[i]) {
			(void)process_pidfd_signal(victims.pidfds[i], SIGKILL);
			*ret_pid = victims.pids[i];
		}
		fd_close(&victims.pidfds[i]);
	}
	return result;
}

/*
 * Down to a directory without sub-cgroups; its processes are killed. One call makes one way down, and removes each
 * directory on it that has become empty on the way up. *ret_pid: a process that was found, or unchanged.
 */
static int clear_one_way(int top_fd, pid_t *ret_pid)
{
	cleanup_fd int dir_fd = openat(top_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_MAX + 1];
	size_t depth = 0;
	int result;

	while (dir_fd >= 0 && (result = remove_leaves(dir_fd, name, sizeof(name))) == 1) {
		int below_fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		fd_close(&dir_fd);
		dir_fd = below_fd;
		depth++;
	}
	if (dir_fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	result = kill_own(dir_fd, ret_pid);
	for (; depth > 0; depth--) {
		int above_fd = openat(dir_fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (above_fd < 0)
			return -errno;
		fd_close(&dir_fd);
		dir_fd = above_fd;
		(void)remove_leaves(dir_fd, name, sizeof(name));
	}
	return result == -ENOENT ? 0 : result;
}

/* Until something may have changed: a process ended, or the cgroup became empty; at most a moment. */
static void wait_for_change(const struct cgroup_dir *dir, pid_t pid, int moment_ms)
{
	cleanup_fd int pidfd = -EBADF;
	struct pollfd wait = {.events = POLLIN};

	if (dir->hierarchy->v2 && cgroup_wait_event(dir->fd, "populated", 0, moment_ms) == -ETIMEDOUT)
		return;
	if (pid > 0)
		pidfd = process_pidfd_open(pid);
	wait.fd = pidfd;
	/* A process that has ended already may still be leaving: then only time helps. */
	if (pidfd < 0 || poll(&wait, 1, moment_ms) > 0)
		cgroup_pause_ms(1);
}

static int still_there(const char *path, pid_t pid, int errnum, struct err *err)
{
	err_sys(err, errnum, "rmdir", "cannot remove the cgroup %s", path);
	if (errnum != -EBUSY)
		return ERR;
	if (pid > 0) {
		err_why(err, "process %d is still in it %d s after it was killed", pid, CGROUP_REMOVE_MS / 1000);
		return err_fix(err, "see what holds it (/proc/%d/stack, state D), then delete the container again",
			       pid);
	}
	err_why(err, "the kernel still holds it, though no process is listed");
	return err_fix(err, "delete the container again");
}

/* One hierarchy's directory with all below it. */
static int remove_tree(struct cgroup_dir *dir, const char *path, struct err *err)
{
	uint64_t deadline = cgroup_now_ms() + CGROUP_REMOVE_MS;
	int result;

	for (int moment = 1;; moment = moment < 64 ? moment * 2 : moment) {
		pid_t pid = 0;

		if (rmdir(path) == 0 || errno == ENOENT)
			return 0;
		result = -errno;
		if (result != -EBUSY || dir->fd < 0)
			return still_there(path, 0, result, err);
		result = clear_one_way(dir->fd, &pid);
		if (result < 0)
			return still_there(path, 0, result, err);
		if (rmdir(path) == 0)
			return 0;
		if (cgroup_now_ms() >= deadline)
			return still_there(path, pid, -EBUSY, err);
		wait_for_change(dir, pid, moment);
	}
}

/* Those of the directories above that we made and that are empty: another container may be using them by now. */
static void remove_parents(const struct cgroup_dir *dir, char *path)
{
	for (unsigned int i = 0; i < dir->parents_made; i++) {
		char *slash = strrchr(path, '/');

		while (slash > path && slash[-1] == '/')
			slash--;
		*slash = '\0';
		if (rmdir(path) < 0 && errno != ENOENT)
			return;
	}
}

int cgroup_remove(struct cgroup *cgroup, struct err *err)
{
	const struct cgroup_dir *common = cgroup_dir_main(cgroup);
	bool killed = !common;
	struct err ignored;
	int result = 0;

	for (size_t i = 0; i < cgroup->count; i++) {
		struct cgroup_dir *dir = &cgroup->dirs[i];
		char path[CGROUP_PATH_MAX];
		size_t length;
		bool gone;
		struct err own;

		if (!dir->created)
			continue;
		length = format_text(path, sizeof(path), "%s%s", dir->hierarchy->mount_point, cgroup->path);
		while (length > 1 && path[length - 1] == '/')
			path[--length] = '\0';
		gone = rmdir(path) == 0;
		if (!gone && errno == EBUSY && !killed && common->created) {
			/* Processes in one hierarchy are mostly the same as in the others: kill them together. Not by a
			 * directory that was there before: who is in that one may be someone else's. */
			(void)cgroup_signal_all(cgroup, SIGKILL, &own);
			killed = true;
		}
		/* Each is taken away whatever happens to the others; the first error is told. */
		if (!gone && remove_tree(dir, path, &own) < 0) {
			if (result == 0)
				*err = own;
			result = ERR;
			continue;
		}
		remove_parents(dir, path);
		dir->created = false;
		dir->parents_made = 0;
	}
	/* Empty, it would find its end by itself; but a new container may want the name at once. */
	if (cgroup->driver == CGROUP_SYSTEMD && result == 0)
		(void)cgroup_systemd_stop(cgroup->path, cgroup->host, &ignored);
	return result;
}
