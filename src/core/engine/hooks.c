/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks: prestart, createRuntime, poststart and poststop, which run in the runtime's namespaces (runtime-spec, config.md,
 * "POSIX-platform Hooks"). Each gets the state on standard input, its own environment and nothing of the caller's
 * (threats D13), and the bundle as its directory. What it prints becomes the reason when it fails.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/process.h"

/* One running hook. */
struct running {
	const struct oci_hook *hook;
	int pidfd, input_fd, output_fd;
	const char *input;
	size_t input_left;
	char said[300]; /* the last of what it printed */
	size_t said_length;
};

static const char *const hook_names[OCI_HOOK_KIND_COUNT] = {
	[OCI_HOOK_PRESTART] = "prestart",
	[OCI_HOOK_CREATE_RUNTIME] = "createRuntime",
	[OCI_HOOK_CREATE_CONTAINER] = "createContainer",
	[OCI_HOOK_START_CONTAINER] = "startContainer",
	[OCI_HOOK_POSTSTART] = "poststart",
	[OCI_HOOK_POSTSTOP] = "poststop",
};

int hooks_state_json(struct buf *out, const struct state *state, enum state_status status,
		     const struct oci_config *config, struct err *err)
{
	struct json_writer writer = JSON_WRITER(out, 0);

	state_print_oci(state, status, &config->annotations, &writer);
	if (out->failed)
		return err_set(err, ERR_INTERNAL, "out of memory while writing the state");
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

_Noreturn static void be_hook(const struct oci_hook *hook, const char *bundle, int input_fd, int output_fd)
{
	char *const alone[] = {(char *)(uintptr_t)hook->path.text, NULL}, *const empty[] = {NULL};
	char *const *argv = hook->args.count ? (char *const *)(uintptr_t)hook->args.items : alone;
	char *const *environment = hook->env.count ? (char *const *)(uintptr_t)hook->env.items : empty;

	engine_reset_signals();
	/* A killed runtime leaves no hook behind. */
	process_set_parent_death_signal(SIGKILL);
	if (dup2(input_fd, 0) < 0 || dup2(output_fd, 1) < 0 || dup2(output_fd, 2) < 0 || chdir(bundle) != 0)
		_exit(126);
	process_cloexec_from(3);
	execve(hook->path.text, argv, environment);
	dprintf(2, "%s", err_text(errno));
	_exit(127);
}

static int spawn(struct running *run, const char *bundle, struct err *err)
{
	int input[2] = {-EBADF, -EBADF}, output[2] = {-EBADF, -EBADF};
	pid_t pid = -ENFILE;

	if (pipe2(input, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0)
		pid = process_clone(0, -EBADF, &run->pidfd);
	if (pid == 0)
		be_hook(run->hook, bundle, input[0], output[1]);
	fd_close(&input[0]);
	fd_close(&output[1]);
	run->input_fd = input[1];
	run->output_fd = output[0];
	if (pid < 0)
		return err_sys(err, pid, "clone3", "cannot run the hook %s", run->hook->path.text);
	fcntl(run->input_fd, F_SETFL, O_NONBLOCK);
	fcntl(run->output_fd, F_SETFL, O_NONBLOCK);
	return 0;
}

static void feed(struct running *run)
{
	ssize_t count = write(run->input_fd, run->input, run->input_left);

	if (count > 0) {
		run->input += count;
		run->input_left -= (size_t)count;
	}
	/* A hook that does not read its input is no failure. */
	if (run->input_left == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
		fd_close(&run->input_fd);
}

/* Keep the last of it; false at the end. */
static bool listen_to(struct running *run)
{
	char chunk[sizeof(run->said)];
	ssize_t count = read(run->output_fd, chunk, sizeof(chunk) - 1);
	size_t keep;

	if (count < 0)
		return errno == EAGAIN || errno == EINTR;
	if (count == 0)
		return false;
	keep = sizeof(run->said) - 1 - (size_t)count;
	if (run->said_length > keep) {
		memmove(run->said, run->said + run->said_length - keep, keep);
		run->said_length = keep;
	}
	memcpy(run->said + run->said_length, chunk, (size_t)count);
	run->said_length += (size_t)count;
	run->said[run->said_length] = '\0';
	return true;
}

/* Until it ends: 0; or the deadline has come: -ETIMEDOUT. */
static int attend(struct running *run, int64_t deadline)
{
	for (;;) {
		struct pollfd polls[] = {
			{.fd = run->pidfd, .events = POLLIN},
			{.fd = run->output_fd, .events = POLLIN},
			{.fd = run->input_fd, .events = POLLOUT},
		};
		int64_t left = deadline ? deadline - now_ms() : -1;

		if (deadline && left <= 0)
			return -ETIMEDOUT;
		if (poll(polls, 3, left > INT32_MAX ? INT32_MAX : (int)left) < 0)
			continue;
		if (polls[2].revents)
			feed(run);
		if (polls[1].revents && !listen_to(run))
			fd_close(&run->output_fd);
		if (polls[0].revents) {
			/* What it printed last is in the pipe already; what its children print is not waited for. */
			if (run->output_fd >= 0)
				listen_to(run);
			return 0;
		}
	}
}

static int hook_failed(const struct running *run, const struct oci_config *config, const char *kind, int result,
		       int status, struct err *err)
{
	const struct oci_hook *hook = run->hook;

	if (result == -ETIMEDOUT)
		err_set(err, ERR_COMMAND, "the %s hook %s did not end within %lld s", kind, hook->path.text,
			(long long)hook->timeout.value);
	else if (WIFSIGNALED(status))
		err_set(err, ERR_COMMAND, "signal %d ended the %s hook %s", WTERMSIG(status), kind, hook->path.text);
	else if (WEXITSTATUS(status) == 127)
		err_set(err, ERR_COMMAND, "cannot run the %s hook %s: %s", kind, hook->path.text,
			run->said_length ? run->said : "status 127");
	else
		err_set(err, ERR_COMMAND, "the %s hook %s failed with status %d", kind, hook->path.text,
			WEXITSTATUS(status));
	err_where(err, "%s#%s", config->name, hook->where);
	if (run->said_length && WEXITSTATUS(status) != 127)
		err_why(err, "it says: %s", run->said);
	if (result == -ETIMEDOUT)
		err_fix(err, "raise the hook's timeout, or leave it out to wait for ever");
	return ERR;
}

static int run_one(const struct oci_config *config, const struct oci_hook *hook, const char *kind, const char *bundle,
		   const struct buf *state, struct err *err)
{
	struct running run = {
		.hook = hook,
		.pidfd = -EBADF,
		.input_fd = -EBADF,
		.output_fd = -EBADF,
		.input = state->data,
		.input_left = state->length,
	};
	int result = spawn(&run, bundle, err), status = 0;

	if (result == 0) {
		result = attend(&run, hook->timeout.set ? now_ms() + hook->timeout.value * 1000 : 0);
		if (result == -ETIMEDOUT)
			process_pidfd_signal(run.pidfd, SIGKILL);
		process_pidfd_wait(run.pidfd, &status);
		while (run.said_length && run.said[run.said_length - 1] == '\n')
			run.said[--run.said_length] = '\0';
		if (result || status)
			result = hook_failed(&run, config, kind, result, status, err);
	}
	fd_close(&run.pidfd);
	fd_close(&run.input_fd);
	fd_close(&run.output_fd);
	return result;
}

int hooks_run(const struct oci_config *config, enum oci_hook_kind kind, const struct state *state,
	      enum state_status status, struct err *err)
{
	const struct oci_hooks *hooks = &config->hooks[kind];
	struct buf text cleanup_buf = BUF_INIT;

	if (hooks->count == 0)
		return 0;
	if (hooks_state_json(&text, state, status, config, err))
		return ERR;
	for (size_t i = 0; i < hooks->count; i++)
		if (run_one(config, &hooks->items[i], hook_names[kind], state->bundle, &text, err))
			return ERR;
	return 0;
}

void hooks_poststop(const struct engine *engine, const struct oci_config *config, const struct state *state)
{
	const struct oci_hooks *hooks = &config->hooks[OCI_HOOK_POSTSTOP];
	struct buf text cleanup_buf = BUF_INIT;
	char line[1024];
	struct err err = ERR_INIT;

	if (hooks->count == 0 || hooks_state_json(&text, state, STATE_STOPPED, config, &err))
		return;
	for (size_t i = 0; i < hooks->count; i++) {
		if (run_one(config, &hooks->items[i], hook_names[OCI_HOOK_POSTSTOP], state->bundle, &text, &err)) {
			err_format(&err, false, line, sizeof(line));
			engine_warn(engine, "%s", line);
		}
	}
}
