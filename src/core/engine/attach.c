/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach: the id maps of a process in a new user namespace, written by the runtime: directly, or by newuidmap(1) and
 * newgidmap(1) for ranges of /etc/subuid. These are setuid programs: called by absolute path, with an empty environment
 * and numbers alone (threats D10).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "core/host/helper.h"
#include "kernel/namespace.h"
#include "kernel/process.h"

#define MAP_LINES_MAX 340 /* user_namespaces(7) */
#define NUMBER_SIZE 12

/* Run the helper; its first words on standard error become the reason. */
static int run_helper(const char *path, char *const argv[], struct err *err)
{
	int pipe_fds[2], pidfd cleanup_fd = -EBADF, status = 0;
	char *const environment[] = {NULL};
	char said[300];
	ssize_t length;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
		return err_sys(err, errno, "pipe2", "cannot run %s", path);
	pid = process_clone(0, -EBADF, &pidfd);
	if (pid == 0) {
		process_reset_signals();
		dup2(pipe_fds[1], 2);
		process_cloexec_from(3);
		execve(path, argv, environment);
		_exit(127);
	}
	fd_close(&pipe_fds[1]);
	length = pid < 0 ? 0 : fd_read_text(pipe_fds[0], said, sizeof(said));
	fd_close(&pipe_fds[0]);
	if (pid < 0)
		return err_sys(err, pid, "clone3", "cannot run %s", path);
	process_pidfd_wait(pidfd, &status);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "%s refused the id mappings", path);
	if (length > 0) {
		said[strcspn(said, "\n")] = '\0';
		err_why(err, "it says: %s", said);
	}
	return err_fix(err, "give this user the ranges in /etc/subuid and /etc/subgid (usermod --add-subuids, --add-subgids)");
}

static int too_many(const struct id_maps *maps, struct err *err)
{
	err_set(err, ERR_CONFIG, "there are %zu id mappings", maps->count);
	err_why(err, "the kernel takes at most %d of each kind", MAP_LINES_MAX);
	return err_fix(err, "join neighbouring ranges in linux.uidMappings and linux.gidMappings");
}

static int map_by_helper(enum helper_id helper, pid_t pid, const struct id_maps *maps, struct err *err)
{
	static char numbers[MAP_LINES_MAX * 3 + 1][NUMBER_SIZE];
	static char *argv[MAP_LINES_MAX * 3 + 3];
	size_t count = 0;

	if (maps->count > MAP_LINES_MAX)
		return too_many(maps, err);
	argv[0] = (char *)(uintptr_t)helpers[helper].path;
	snprintf(numbers[count++], NUMBER_SIZE, "%d", pid);
	for (size_t i = 0; i < maps->count; i++) {
		snprintf(numbers[count++], NUMBER_SIZE, "%u", maps->items[i].inside.value);
		snprintf(numbers[count++], NUMBER_SIZE, "%u", maps->items[i].outside.value);
		snprintf(numbers[count++], NUMBER_SIZE, "%u", maps->items[i].count);
	}
	for (size_t i = 0; i < count; i++)
		argv[i + 1] = numbers[i];
	argv[count + 1] = NULL;
	return run_helper(helpers[helper].path, argv, err);
}

int attach_id_maps(const struct op *op, pid_t pid, struct err *err)
{
	int proc_fd cleanup_fd = -EBADF, result;

	if (op->id_maps.by_helper) {
		if (map_by_helper(HELPER_NEWUIDMAP, pid, &op->id_maps.uid, err))
			return ERR;
		return map_by_helper(HELPER_NEWGIDMAP, pid, &op->id_maps.gid, err);
	}
	proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return err_sys(err, errno, "openat", "cannot open /proc");
	result = namespace_write_maps(proc_fd, pid, &op->id_maps.uid, &op->id_maps.gid, op->id_maps.deny_setgroups);
	if (result == 0)
		return 0;
	err_sys(err, result, "write", "cannot map the ids of the user namespace");
	if (result != -E2BIG)
		return ERR;
	err_why(err, "the kernel takes at most %d lines at once, and less than 4096 bytes", MAP_LINES_MAX);
	return err_fix(err, "make one mapping of those that follow each other");
}
