/* SPDX-License-Identifier: Apache-2.0 */
/* hook: see hook.h. Runs in the child (createContainer before pivot_root, startContainer last of all, with the
 * program's own power) and in the runtime.
 */
#include "core/child/hook.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/format.h"
#include "core/child/parts.h"
#include "kernel/memfd.h"
#include "kernel/process.h"

/* The last line that a hook has written, as it comes in. */
struct last_line {
	char text[256]; /* the last complete or begun line that is not empty; always terminated */
	size_t length;
	bool ended; /* the next byte begins a new one */
};

static void take_output(struct last_line *line, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n') {
			line->ended = true;
			continue;
		}
		if (line->ended)
			line->length = 0;
		line->ended = false;
		if (line->length < sizeof(line->text) - 1)
			line->text[line->length++] = data[i];
		line->text[line->length] = '\0';
	}
}

/* A hook that never stops printing must not keep its timeout from being looked at. */
#define CANNOT_EXECUTE 127 /* as shells say it */
#define READS_MAX 64

/* What is there; false at the end. output_fd does not block. */
static bool drain(int output_fd, struct last_line *line)
{
	char data[1024];
	ssize_t got = 0;

	for (int i = 0; i < READS_MAX && (got = read(output_fd, data, sizeof(data))) > 0; i++)
		take_output(line, data, (size_t)got);
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct oci_hook *called(const struct hook_call *call)
{
	return &call->hooks[call->kind].items[call->index];
}

static char **environment(const struct hook_call *call)
{
	const struct oci_hook *hook = called(call);
	bool given = !hook->env.count && call->env;
	char **env = child_pointers(given ? call->env : &hook->env);

	if (env && given && call->home)
		env[call->env->count] = (char *)(uintptr_t)call->home;
	return env;
}

static _Noreturn void execute(const struct hook_call *call, int input_fd, int output_fd)
{
	const struct oci_hook *hook = called(call);
	char **args = child_pointers(&hook->args), **env = environment(call);
	char reason[128];
	char *only_path[] = {(char *)(uintptr_t)hook->path.text, NULL};

	process_set_parent_death_signal(SIGKILL);
	process_reset_signals();
	if (!args || !env || dup2(input_fd, 0) < 0 || dup2(output_fd, 1) < 0 || dup2(output_fd, 2) < 0 ||
	    process_cloexec_from(3) < 0 || chdir(call->directory) < 0)
		_exit(CANNOT_EXECUTE);
	execve(hook->path.text, hook->args.count ? args : only_path, env);
	format_text(reason, sizeof(reason), "(it cannot be executed: %s)", err_text(errno));
	/* The parent reads this as the hook's output. */
	fd_write_all(2, reason, strlen(reason));
	_exit(CANNOT_EXECUTE);
}

/* Until the hook has ended: true; or its time is over: false. A background process of its own that keeps the output
 * open is not waited for. */
static bool wait_for_end(int pidfd, int output_fd, int64_t deadline, struct last_line *line)
{
	struct pollfd fds[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = output_fd, .events = POLLIN}};

	while (!(fds[0].revents & POLLIN)) {
		int64_t left = deadline ? deadline - now_ms() : -1;

		if (deadline && left <= 0)
			return false;
		if (poll(fds, 2, left > INT_MAX ? INT_MAX : (int)left) < 0 && errno != EINTR)
			return false;
		if (fds[1].revents && !drain(output_fd, line))
			fds[1].fd = -1;
	}
	if (fds[1].fd >= 0)
		drain(output_fd, line);
	return true;
}

static int refused(const struct oci_hook *hook, int status, const struct last_line *line, struct err *err)
{
	if (WIFSIGNALED(status))
		err_set(err, ERR_CONFIG, "hook %s was ended by signal %d", hook->path.text, WTERMSIG(status));
	else
		err_set(err, ERR_CONFIG, "hook %s failed with exit status %d", hook->path.text, WEXITSTATUS(status));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
		err_why(err, "bad system call: a filter, the container's or the runtime's own, ends who makes it");
		return err_fix(err, "see by strace -f which call it makes, and allow it, or let the hook do without it");
	}
	if (line->length)
		err_why(err, "the last it said was: %s", line->text);
	else
		err_why(err, "it said nothing");
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_EXECUTE)
		return err_fix(err, "correct the hook's path, or make the file executable");
	return err_fix(err, "run it by hand, with the state of the container on its standard input, and look at what it does");
}

static const char *const names[OCI_HOOK_KIND_COUNT] = {
	[OCI_HOOK_PRESTART] = "prestart",
	[OCI_HOOK_CREATE_RUNTIME] = "createRuntime",
	[OCI_HOOK_CREATE_CONTAINER] = "createContainer",
	[OCI_HOOK_START_CONTAINER] = "startContainer",
	[OCI_HOOK_POSTSTART] = "poststart",
	[OCI_HOOK_POSTSTOP] = "poststop",
};

static int run(const struct hook_call *call, struct err *err)
{
	const struct oci_hook *hook = called(call);
	cleanup_fd int input_fd = memfd_with_data(call->state_json ? call->state_json : "", call->state_json_size,
						  "state.json");
	cleanup_fd int output_fd = -EBADF, hook_output_fd = -EBADF, pidfd = -EBADF;
	int64_t deadline = hook->timeout.set ? now_ms() + hook->timeout.value * 1000 : 0;
	struct last_line line = {.text = ""};
	int pipe_fds[2], status = 0;
	bool in_time;
	pid_t pid;

	if (input_fd < 0)
		return err_sys(err, input_fd, "memfd_create", "cannot run hook %s", hook->path.text);
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe2", "cannot run hook %s", hook->path.text);
	output_fd = pipe_fds[0];
	hook_output_fd = pipe_fds[1];
	/* Ours alone: the hook's end blocks as usual. */
	fcntl(output_fd, F_SETFL, O_NONBLOCK);
	pid = process_clone(0, -EBADF, &pidfd);
	if (pid < 0)
		return err_sys(err, pid, "clone3", "cannot run hook %s", hook->path.text);
	if (pid == 0)
		execute(call, input_fd, hook_output_fd);
	fd_close(&hook_output_fd);
	in_time = wait_for_end(pidfd, output_fd, deadline, &line);
	if (!in_time)
		process_pidfd_signal(pidfd, SIGKILL);
	process_pidfd_wait(pidfd, &status);
	if (!in_time) {
		err_set(err, ERR_CONFIG, "hook %s has not ended within %lld seconds", hook->path.text,
			(long long)hook->timeout.value);
		return err_fix(err, "raise the hook's timeout, or look at what it waits for");
	}
	return status == 0 ? 0 : refused(hook, status, &line, err);
}

int child_run_hook(const struct hook_call *call, struct err *err)
{
	if (run(call, err) == 0)
		return 0;
	/* Callers know these words. */
	return err_prefix(err, "error running %s hook #%zu", names[call->kind], call->index);
}

/* A hook of the container's own program has that program's environment. */
static void give_environment(struct child *child, struct hook_call *call)
{
	for (size_t i = 0; call->kind == OCI_HOOK_START_CONTAINER && i < child->plan->ops_count; i++) {
		const struct op *op = &child->plan->ops[i];

		if (op->kind != OP_EXEC)
			continue;
		call->env = &op->exec.env;
		call->home = child_home(child, op);
	}
}

static int run_hooks(struct child *child, const struct op *op, struct err *err)
{
	struct hook_call call = {
		.hooks = child->plan->hooks,
		.kind = op->hooks.kind,
		.directory = op->hooks.directory.text,
		.state_json = child->start->state_json,
		.state_json_size = child->start->state_json_size,
	};

	give_environment(child, &call);
	for (; call.index < call.hooks[call.kind].count; call.index++) {
		const struct oci_hook *hook = called(&call);

		if (child_run_hook(&call, err) == 0)
			continue;
		return hook->where ? err_where(err, "%s#%s", child->plan->config_name, hook->where) : ERR;
	}
	return 0;
}

/* Hooks look for the tree under root.path; from OP_ROOT on it lies on "/", and goes back there. */
static int run_with_tree(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int slash_fd = -EBADF;

	if (child_show_tree(child, op->hooks.rootfs.text, &slash_fd, err) || run_hooks(child, op, err))
		return ERR;
	return child_take_tree_back(child, slash_fd, err);
}

int child_hooks(struct child *child, const struct op *op, struct err *err)
{
	/* While the tree is made the mask is 0: what a hook writes must not be open to everyone. */
	mode_t before = umask(0022);
	int result;

	umask(before | 0022);
	result = op->hooks.rootfs.text ? run_with_tree(child, op, err) : run_hooks(child, op, err);
	umask(before);
	return result;
}
