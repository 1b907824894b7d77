/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe/client: starts the helper program and reads its records. Runs in `bulkhead explain` and `learn`. The helper
 * gets nothing but numbers on its command line, one end of a socket as standard output, and an empty environment.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "core/host/helper.h"
#include "insight/observe/observe.h"

/* The kernel checks some forty programs and writes as many trampolines: seconds under emulation, with other work beside. */
#define READY_MS 180000
#define SOCKET_BUFFER (4 << 20)

static int spawn(const char *path, const struct observe_target *target, int fd, pid_t *ret_pid)
{
	char numbers[4][32], *argv[16], *environment[] = {NULL};
	struct buf pids cleanup_buf = BUF_INIT;
	posix_spawn_file_actions_t actions;
	int count = 0, result;

	for (size_t i = 0; i < target->pids_count; i++)
		buf_printf(&pids, "%s%d", i ? "," : "", target->pids[i]);
	if (pids.failed)
		return -ENOMEM;
	snprintf(numbers[0], sizeof(numbers[0]), "--mount=%u", target->mount_inode);
	snprintf(numbers[1], sizeof(numbers[1]), "--cgroup=%llu", (unsigned long long)target->cgroup);
	snprintf(numbers[2], sizeof(numbers[2]), "--level=%u", target->cgroup_level);
	snprintf(numbers[3], sizeof(numbers[3]), "--tier=%d", target->tier_max);
	argv[count++] = (char *)path;
	for (size_t i = 0; i < 4; i++)
		argv[count++] = numbers[i];
	if (target->learn)
		argv[count++] = (char *)"--learn";
	if (target->armed)
		argv[count++] = (char *)"--armed";
	if (pids.length) {
		argv[count++] = (char *)"--pids";
		argv[count++] = pids.data;
	}
	argv[count] = NULL;
	result = posix_spawn_file_actions_init(&actions);
	if (result)
		return -result;
	posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	result = posix_spawn(ret_pid, path, &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	return -result;
}

static int refused(const struct observe_failed *failed, bool learn, struct err *err)
{
	err_sys(err, failed->error, failed->call, "cannot watch system calls: %s", failed->what);
	err->kind = ERR_UNSUPPORTED;
	if (failed->error == EPERM || failed->error == EACCES) {
		err_why(err, "it takes CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN) in the first user namespace, and a "
			     "kernel that is not locked down");
		return err_fix(err, "as root on the host%s", learn ? "" : "; without privilege: bulkhead explain -- COMMAND");
	}
	return err_fix(err, "a kernel with CONFIG_DEBUG_INFO_BTF, 6.1 or newer");
}

int observe_start(struct observe *observe, const struct observe_target *target, struct err *err)
{
	char buf[4096];
	const char *path = helper_find(HELPER_OBSERVE, buf, sizeof(buf));
	union observe_record record;
	int ends[2], result;

	*observe = OBSERVE_INIT;
	if (access(path, X_OK) < 0) {
		err_set(err, ERR_UNSUPPORTED, "cannot watch system calls: there is no %s", path);
		return err_fix(err, "%s", helpers[HELPER_OBSERVE].fix);
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, errno, "socketpair", "cannot talk to %s", path);
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &(int){SOCKET_BUFFER}, sizeof(int));
	observe->fd = ends[0];
	result = spawn(path, target, ends[1], &observe->helper);
	close(ends[1]);
	if (result < 0)
		return err_sys(err, result, "posix_spawn", "cannot execute %s", path);
	errno = 0;
	result = observe_next(observe, READY_MS, &record, err);
	if (result < 0)
		return ERR;
	if (result == 1 && record.kind == OBSERVE_FAILED)
		return refused(&record.failed, target->learn, err);
	if (result == 0 && errno == EINTR) {
		err_set(err, ERR_UNSUPPORTED, "interrupted before anything was watched");
		return err_fix(err, "wait for the line that says what is watched");
	}
	if (result == 0 && observe->fd < 0) {
		err_set(err, ERR_UNSUPPORTED, "cannot watch system calls: %s ended at once", path);
		return err_fix(err, "start it by itself, which says what it lacks; install it again if it is of another build");
	}
	if (result == 0 || record.kind != OBSERVE_READY) {
		err_set(err, ERR_UNSUPPORTED, "cannot watch system calls: %s was not ready within %d s", path, READY_MS / 1000);
		return err_fix(err, "do it again when the machine has less to do");
	}
	observe->ready = record.ready;
	return 0;
}

/* The next of the message that came last. */
static int next_of_batch(struct observe *observe, union observe_record *ret, struct err *err)
{
	const char *record = observe->batch + observe->batch_used;
	size_t left = observe->batch_size - observe->batch_used, size = observe_record_size(record, left);

	if (!size) {
		observe->batch_used = observe->batch_size;
		return err_set(err, ERR_INTERNAL, "the helper that watches sent %zu bytes that are no record", left);
	}
	memcpy(ret, record, size);
	size = (size + 7) & ~(size_t)7;
	observe->batch_used += size < left ? size : left;
	if (ret->kind == OBSERVE_END)
		fd_close(&observe->fd);
	return 1;
}

int observe_next(struct observe *observe, int timeout_ms, union observe_record *ret, struct err *err)
{
	struct pollfd fd = {.fd = observe->fd, .events = POLLIN};
	ssize_t got;

	if (observe->batch_used < observe->batch_size)
		return next_of_batch(observe, ret, err);
	if (observe->fd < 0)
		return 0;
	if (!observe->batch)
		observe->batch = malloc(OBSERVE_BATCH_MAX);
	if (!observe->batch)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (poll(&fd, 1, timeout_ms) <= 0)
		return 0;
	got = recv(observe->fd, observe->batch, OBSERVE_BATCH_MAX, 0);
	if (got < 0 && errno == EINTR)
		return 0;
	if (got <= 0) {
		fd_close(&observe->fd);
		return got < 0 ? err_sys(err, errno, "recv", "cannot read from the helper that watches") : 0;
	}
	observe->batch_size = (size_t)got;
	observe->batch_used = 0;
	return next_of_batch(observe, ret, err);
}

void observe_stop(struct observe *observe)
{
	if (observe->fd >= 0)
		shutdown(observe->fd, SHUT_WR);
}

void observe_done(struct observe *observe)
{
	int status;

	fd_close(&observe->fd);
	free(observe->batch);
	observe->batch = NULL;
	observe->batch_size = observe->batch_used = 0;
	if (observe->helper > 0)
		while (waitpid(observe->helper, &status, 0) < 0 && errno == EINTR)
			;
	observe->helper = 0;
}
