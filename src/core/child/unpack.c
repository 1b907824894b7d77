/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack: an archive becomes the container's root. Its bytes are read by bulkhead-unpack alone, which is started here: in
 * the container's namespaces and cgroup, below its root, without a descriptor but the archive and a pipe for its one
 * message. What that says is shortened and cleaned, for the archive's maker may have written it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/child/parts.h"
#include "kernel/creds.h"
#include "kernel/process.h"

/* To give files their owners and modes, and to make the container's root its own. */
static const unsigned int needed[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SYS_CHROOT};

/* Where the program's user is not root of its namespace, only ambient capabilities outlive execve. */
static int pass_capabilities(void)
{
	struct creds_capabilities capabilities;
	int result = creds_get_capabilities(&capabilities);

	if (result < 0)
		return result;
	capabilities.inheritable = 0;
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		capabilities.inheritable |= capabilities.permitted & 1ull << needed[i];
	result = creds_set_capabilities(&capabilities);
	for (size_t i = 0; result == 0 && i < ARRAY_SIZE(needed); i++)
		if (capabilities.inheritable >> needed[i] & 1)
			result = creds_ambient_raise(needed[i]);
	return result < 0 ? result : creds_set_no_new_privs();
}

static _Noreturn void execute(const struct child *child, const struct op *op, int output_fd)
{
	static char name[] = "bulkhead-unpack", one_id[] = "--one-id";
	char *args[] = {name, op->unpack.one_id ? one_id : NULL, NULL}, *env[] = {NULL};
	const char *call = "fexecve";

	process_set_parent_death_signal(SIGKILL);
	process_reset_signals();
	if (fchdir(child->root.fd) < 0 || dup2(op->unpack.archive_fd, 0) < 0 || dup2(output_fd, 1) < 0 ||
	    dup2(output_fd, 2) < 0 || process_cloexec_from(3) < 0 || pass_capabilities() < 0)
		call = "what comes before fexecve";
	else
		fexecve(op->unpack.helper_fd, args, env);
	fd_write_all(1, call, strlen(call));
	fd_write_all(1, ": ", 2);
	fd_write_all(1, err_text(errno), strlen(err_text(errno)));
	_exit(127);
}

/* Until the other end is closed; what does not fit is dropped, and what is no plain text becomes "?". */
static void read_message(int fd, char *text, size_t size)
{
	size_t length = 0;
	char data[512];
	ssize_t got;

	while ((got = read(fd, data, sizeof(data))) > 0 || (got < 0 && errno == EINTR))
		for (ssize_t i = 0; i < got && length < size - 1; i++)
			text[length++] = data[i] >= ' ' && data[i] <= '~' ? data[i] : '?';
	while (length && text[length - 1] == '?')
		length--;
	text[length] = '\0';
}

static int refused(const struct op *op, int status, const char *text, struct err *err)
{
	err_set(err, ERR_CONFIG, "cannot unpack %s", op->unpack.name);
	if (*text)
		err_why(err, "%s", text);
	else if (WIFSIGNALED(status))
		err_why(err, "signal %d ended the helper program%s", WTERMSIG(status),
			WTERMSIG(status) == SIGKILL ? ": the files may be larger than the memory limit" : "");
	else
		err_why(err, "the helper program ended with status %d", WEXITSTATUS(status));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return err_fix(err, "raise the limit (--memory), or unpack it into a directory and name that");
	return ERR;
}

int child_unpack(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int message_fd = -EBADF, helper_message_fd = -EBADF, pidfd = -EBADF;
	int fds[2], status = 0, result;
	char text[300];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return child_failed(op, errno, "pipe2", err);
	message_fd = fds[0];
	helper_message_fd = fds[1];
	pid = process_clone(0, -EBADF, &pidfd);
	if (pid < 0)
		return child_failed(op, pid, "clone3", err);
	if (pid == 0)
		execute(child, op, helper_message_fd);
	fd_close(&helper_message_fd);
	read_message(message_fd, text, sizeof(text));
	result = process_pidfd_wait(pidfd, &status);
	if (result < 0)
		return child_failed(op, result, "waitid", err);
	return status == 0 ? 0 : refused(op, status, text, err);
}
