/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack: an archive on standard input, in place of the host's files. Its bytes are read by bulkhead-unpack alone, which is
 * started here with nothing but the archive and the socket to the inside process, and gives up all power before the first
 * one. What it says goes there, not here: the inside process answers for both.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/host/helper.h"
#include "kernel/process.h"
#include "people/copy/parts.h"

_Noreturn static void execute(int helper_fd, int fd, struct frame *frame)
{
	static char name[] = "bulkhead-unpack", mode[] = "--frames";
	char *args[] = {name, mode, NULL}, *env[] = {NULL};
	struct err err = ERR_INIT;

	copy_ignore_signals();
	process_set_parent_death_signal(SIGKILL);
	if (dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0 || process_cloexec_from(3) < 0)
		err_sys(&err, errno, "dup2", "cannot give the archive to %s", name);
	else if (fexecve(helper_fd, args, env) < 0)
		err_sys(&err, errno, "execve", "cannot execute %s", helpers[HELPER_UNPACK].path);
	wire_send_error(fd, frame, &err);
	_exit(1);
}

/* Until it has ended; it is ended where the verb is to end, or where the inside process has failed meanwhile. */
static int wait_for_end(int pidfd, int fd, int *ret_status, struct err *err)
{
	struct pollfd both[] = {{.fd = pidfd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	int result;

	do
		result = copy_interrupted() ? -1 : poll(both, ARRAY_SIZE(both), -1);
	while (result < 0 && errno == EINTR && !copy_interrupted());
	if (result < 0 || !both[0].revents)
		process_pidfd_signal(pidfd, SIGKILL);
	result = process_pidfd_wait(pidfd, ret_status);
	if (result < 0)
		return err_sys(err, result, "waitid", "cannot wait for the process that reads the archive");
	return copy_interrupted() ? err_sys(err, EINTR, "poll", "broken off by a signal") : 0;
}

static int open_helper(struct err *err)
{
	char beside[4096];
	const char *path = helper_find(HELPER_UNPACK, beside, sizeof(beside));
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	err_set(err, ERR_UNSUPPORTED, "cannot read the archive: there is no %s", path);
	return err_fix(err, "%s", helpers[HELPER_UNPACK].fix);
}

int copy_unpack(int fd, struct frame *frame, struct err *err)
{
	int helper_fd cleanup_fd = open_helper(err), pidfd cleanup_fd = -EBADF, status = 0;
	pid_t pid;

	if (helper_fd < 0)
		return ERR;
	pid = process_clone(0, -EBADF, &pidfd);
	if (pid == 0)
		execute(helper_fd, fd, frame);
	if (pid < 0)
		return err_sys(err, pid, "clone3", "cannot make the process that reads the archive");
	if (wait_for_end(pidfd, fd, &status, err))
		return ERR;
	shutdown(fd, SHUT_WR);
	if (!WIFSIGNALED(status) || WTERMSIG(status) == SIGKILL)
		return 0;
	err_set(err, ERR_INTERNAL, "signal %d ended the process that reads the archive", WTERMSIG(status));
	err_why(err, WTERMSIG(status) == SIGXCPU ? "it has computed for half an hour"
						 : "the archive is damaged, or made for that");
	return err_fix(err, "unpack it into a directory, and copy that: bulkhead cp DIR/. CONTAINER:DIR");
}
