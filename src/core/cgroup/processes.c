/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processes: who is in a cgroup, and signals for all of them. Runs in the runtime. Pids are this pid namespace's; a
 * process that it cannot see reads as 0 and is passed over.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/cgroup/parts.h"

#define DEPTH_MAX 128

/* Kill passes where there is no freezer to hold the processes still. */
#define KILL_PASSES_MAX 64

int cgroup_own_pids(int dir_fd, cgroup_each_pid each, void *context)
{
	cleanup_fd int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t size;
	pid_t pid = 0;

	if (fd < 0)
		return -errno;
	while ((size = read(fd, text, sizeof(text))) != 0) {
		if (size < 0 && errno == EINTR)
			continue;
		/* The directory was removed, or is a threaded one, whose processes its domain lists. */
		if (size < 0)
			return errno == ENODEV || errno == EOPNOTSUPP ? 0 : -errno;
		for (ssize_t i = 0; i < size; i++) {
			int result = 0;

			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			if (pid > 0)
				result = each(pid, context);
			if (result != 0)
				return result;
			pid = 0;
		}
	}
	return 0;
}

/* A cgroup directory has two links and one more for each sub-cgroup: most need not be listed. */
static bool has_children(int dir_fd)
{
	struct stat status;

	return fstat(dir_fd, &status) == 0 && status.st_nlink != 2;
}

static int walk(int dir_fd, int depth, cgroup_each_pid each, void *context);

static int walk_children(int dir_fd, int depth, cgroup_each_pid each, void *context)
{
	int list_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = list_fd < 0 ? NULL : fdopendir(list_fd);
	const struct dirent *entry;
	int result = 0;

	if (!list) {
		result = -errno;
		fd_close(&list_fd);
		return result;
	}
	while (result == 0 && (entry = readdir(list))) {
		cleanup_fd int child_fd = -EBADF;

		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		child_fd = openat(dir_fd, entry->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child_fd >= 0)
			result = walk(child_fd, depth + 1, each, context);
	}
	closedir(list);
	return result;
}

static int walk(int dir_fd, int depth, cgroup_each_pid each, void *context)
{
	int result = cgroup_own_pids(dir_fd, each, context);

	if (result == -ENOENT && depth > 0)
		return 0; /* removed meanwhile */
	if (result != 0 || !has_children(dir_fd))
		return result;
	return depth >= DEPTH_MAX ? -ELOOP : walk_children(dir_fd, depth, each, context);
}

/* Call for each process of the directory and of those below it. A non-zero result ends the walk and is returned. -errno;
 * -ELOOP below DEPTH_MAX levels. */
static int walk_pids(int dir_fd, cgroup_each_pid each, void *context)
{
	return walk(dir_fd, 0, each, context);
}

static int take_first(pid_t pid, void *context)
{
	*(pid_t *)context = pid;
	return 1;
}

bool cgroup_is_populated(int dir_fd, pid_t *ret_pid)
{
	*ret_pid = 0;
	return walk_pids(dir_fd, take_first, ret_pid) == 1;
}

/* The path of the line "0::/…" without `top`, of which it must be a part in whole components; NULL otherwise. */
static const char *path_below(const char *proc_text, const char *top, size_t *ret_length)
{
	const char *line = strncmp(proc_text, "0::", 3) == 0 ? proc_text : strstr(proc_text, "\n0::");
	size_t length = strlen(top);

	while (length > 0 && top[length - 1] == '/')
		length--;
	if (!line)
		return NULL;
	line = strchr(line, '/');
	if (!line || strncmp(line, top, length) != 0 || line[length] != '/')
		return NULL;
	line += length + 1;
	*ret_length = strcspn(line, "\n");
	return line;
}

void cgroup_follow(struct cgroup *cgroup, const char *proc_text)
{
	struct cgroup_dir *dir = cgroup_dir_v2(cgroup);
	char path[CGROUP_PATH_MAX];
	const char *below;
	size_t length;
	int fd;

	below = dir ? path_below(proc_text, cgroup->path, &length) : NULL;
	if (!below || length == 0 || length >= sizeof(path))
		return;
	memcpy(path, below, length);
	path[length] = '\0';
	/* The kernel's text holds "/../" for what lies outside a cgroup namespace. */
	for (const char *at = path; *at; at += strcspn(at, "/") + (at[strcspn(at, "/")] == '/'))
		if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
			return;
	/* Cgroup file systems have no symlinks. */
	fd = openat(dir->fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	fd_close(&dir->fd);
	dir->fd = fd;
}

struct pid_list {
	pid_t *items;
	size_t count, capacity;
};

static int collect(pid_t pid, void *context)
{
	struct pid_list *list = context;

	if (list->count < list->capacity)
		list->items[list->count] = pid;
	list->count++;
	return 0;
}

ssize_t cgroup_pids(const struct cgroup *cgroup, pid_t *pids, size_t capacity)
{
	const struct cgroup_dir *dir = cgroup_dir_main(cgroup);
	struct pid_list list = {.items = pids, .capacity = capacity};
	int result = dir ? walk_pids(dir->fd, collect, &list) : 0;

	return result < 0 ? result : (ssize_t)list.count;
}

struct signal_all {
	int signal;
	int errnum; /* of the last one that was refused */
	pid_t refused;
	size_t count;
};

static int signal_one(pid_t pid, void *context)
{
	struct signal_all *all = context;

	all->count++;
	if (kill(pid, all->signal) < 0 && errno != ESRCH) {
		all->errnum = errno;
		all->refused = pid;
	}
	return 0;
}

static int signal_failed(const struct cgroup_dir *dir, const struct cgroup *cgroup, const struct signal_all *all,
			 int result, struct err *err)
{
	if (result < 0)
		return err_sys(err, result, "read", "cannot list the processes of the cgroup %s%s",
			       dir->hierarchy->mount_point, cgroup->path);
	return err_sys(err, all->errnum, "kill", "cannot send signal %d to process %d of the container", all->signal,
		       all->refused);
}

int cgroup_signal_all(struct cgroup *cgroup, int signal, struct err *err)
{
	const struct cgroup_dir *dir = cgroup_dir_main(cgroup);
	struct signal_all all = {.signal = signal};
	struct err ignored;
	bool was_frozen, frozen;
	int result = 0;

	if (!dir)
		return 0;
	if (signal == SIGKILL && dir->hierarchy->v2 && fd_write_text_at(dir->fd, "cgroup.kill", "1") == 0)
		return 0;
	/* Held still, none of them can fork away from the signal or leave its pid to another process. */
	was_frozen = cgroup_is_frozen(cgroup);
	frozen = was_frozen || cgroup_freeze(cgroup, true, &ignored) == 0;
	for (int pass = 0; pass < KILL_PASSES_MAX; pass++) {
		all.count = 0;
		all.errnum = 0;
		result = walk_pids(dir->fd, signal_one, &all);
		if (frozen || signal != SIGKILL || all.count == 0 || result < 0 || all.errnum != 0)
			break;
		cgroup_pause_ms(1);
	}
	if (frozen && (!was_frozen || signal == SIGKILL))
		(void)cgroup_freeze(cgroup, false, &ignored);
	return result < 0 || all.errnum != 0 ? signal_failed(dir, cgroup, &all, result, err) : 0;
}
