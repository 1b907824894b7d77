/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watched: three processes: this one, which takes the records; the supervisor, which looks at calls and lets them go on;
 * and the runtime, which makes the container, waits for it, and hands the listener of its filter to the supervisor.
 */
#include "cmd/bulkhead/watched.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/process.h"

static const int passed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

static volatile sig_atomic_t runtime_pid;

/* What the terminal sends, the runtime has got, too. */
static void pass_on(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (runtime_pid > 0 && info->si_code <= 0)
		kill(runtime_pid, number);
}

static void handle_signals(bool ours)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART, .sa_sigaction = pass_on};

	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++) {
		if (ours)
			sigaction(passed_on[i], &action, NULL);
		else
			signal(passed_on[i], SIG_DFL);
	}
}

static _Noreturn void be_runtime(struct people *people, struct sandbox_request *request, watched_start_fn *start,
				 struct observe *observe)
{
	int status;

	handle_signals(false);
	/* Nobody would take the records, and the program would wait for a supervisor that waits for them. */
	process_set_parent_death_signal(SIGTERM);
	fd_close(&observe->fd);
	status = start(people, request);
	fflush(stdout);
	_exit(status);
}

static int take_all(struct observe *observe, observe_take_fn *take, void *context, struct err *err)
{
	union observe_record record;
	int result = 0;

	while (observe->fd >= 0 && result >= 0) {
		result = observe_next(observe, -1, &record, err);
		if (result > 0)
			take(context, &record);
	}
	return result < 0 ? ERR : 0;
}

int watched_run(struct people *people, struct sandbox_request *request, watched_start_fn *start, observe_take_fn *take,
		void *context, int *ret_status, struct err *err)
{
	struct sock_filter instructions[OBSERVE_NOTIFY_FILTER_MAX];
	struct filter_program filter = {.instructions = instructions, .count = observe_notify_filter(instructions, false)};
	int watch_fd cleanup_fd = -EBADF, wait_status = 0, result;
	union observe_record ready;
	struct observe observe;
	pid_t pid;

	if (observe_notify_start(&observe, false, &watch_fd, err)) {
		observe_done(&observe);
		return ERR;
	}
	request->create.watch = &filter;
	request->create.watch_fd = watch_fd;
	ready.ready = observe.ready;
	take(context, &ready);
	handle_signals(true);
	pid = fork();
	if (pid == 0)
		be_runtime(people, request, start, &observe);
	fd_close(&watch_fd);
	request->create.watch = NULL;
	if (pid < 0) {
		observe_done(&observe);
		return err_sys(err, errno, "fork", "cannot start the runtime");
	}
	runtime_pid = pid;
	result = take_all(&observe, take, context, err);
	while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
		;
	runtime_pid = 0;
	handle_signals(false);
	observe_done(&observe);
	*ret_status = engine_exit_status(wait_status);
	return result;
}
