/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor: from a request to a container with a process that stays with it.
 *
 *   the verb ── fork ── keeper (only when something is to be done after the end: --restart, --rm)
 *                          └─ fork ── monitor ── clone ── the container
 *
 * The keeper has the caller's power and sees nothing of the container but a number: how it ended. The monitor makes the
 * container, gives its power up, and handles all bytes. Without anything to do afterwards there is no keeper.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/host/host.h"
#include "kernel/process.h"
#include "people/monitor/parts.h"

#define REPORT_FD 3
#define CLIENT_FD 4
#define RESTART_WAIT_MS	    100
#define RESTART_WAIT_MAX_MS 60000
#define RESTART_GOOD_SECONDS 10 /* one that ran so long begins with the shortest wait again */

struct report {
	enum { REPORT_WARNING, REPORT_ERROR, REPORT_RUNNING } kind;
	bool made; /* with an error: the container exists and has ended */
	struct err err;
	char text[1024];
};

struct monitor {
	struct engine engine;
	struct engine_create create;
	const struct monitor_options *options;
	pid_t keeper;
	uid_t uid;
	uint64_t restarts;
	/* One round. */
	int pidfd, console_fd, input_fd, out_fd, error_fd, listen_fd, exit_fd, oom_fd;
	struct state_dir dir;
	struct log log;
};

static void report(const struct report *report)
{
	(void)!send(REPORT_FD, report, sizeof(*report), MSG_NOSIGNAL);
}

static void report_warning(const char *text)
{
	struct report warning = {.kind = REPORT_WARNING};

	snprintf(warning.text, sizeof(warning.text), "%s", text);
	report(&warning);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Standard streams of the container: what a terminal replaces is /dev/null. The monitor's ends are above stdio. */
static int make_streams(struct monitor *monitor, struct err *err)
{
	bool terminal = monitor->options->terminal;
	int null_fd cleanup_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int pipes[3][2];

	if (null_fd < 0)
		return err_sys(err, errno, "openat", "cannot open /dev/null");
	for (int i = 0; i < 3; i++)
		if (pipe2(pipes[i], O_CLOEXEC) != 0)
			return err_sys(err, errno, "pipe2", "cannot make the pipes of the container");
	if (dup2(!terminal && monitor->options->interactive ? pipes[0][0] : null_fd, 0) < 0 ||
	    dup2(terminal ? null_fd : pipes[1][1], 1) < 0 || dup2(terminal ? null_fd : pipes[2][1], 2) < 0)
		return err_sys(err, errno, "dup2", "cannot place the pipes of the container");
	fd_close(&pipes[0][0]);
	fd_close(&pipes[1][1]);
	fd_close(&pipes[2][1]);
	monitor->input_fd = pipes[0][1];
	monitor->out_fd = pipes[1][0];
	monitor->error_fd = pipes[2][0];
	if (terminal || !monitor->options->interactive)
		fd_close(&monitor->input_fd);
	return 0;
}

static int hide_streams(struct err *err)
{
	int null_fd cleanup_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd >= 0)
		fd_above_stdio(&null_fd);
	for (int fd = 0; fd < 3; fd++)
		if (null_fd < 0 || dup2(null_fd, fd) < 0)
			return err_sys(err, errno, "dup2", "cannot close the monitor's standard streams");
	return 0;
}

static int listen_for_clients(struct monitor *monitor, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd cleanup_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" MONITOR_SOCKET, monitor->dir.fd);
	unlinkat(monitor->dir.fd, MONITOR_SOCKET, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 16) != 0)
		return err_sys(err, errno, "bind", "cannot make the socket for those who attach");
	monitor->listen_fd = fd_take(&fd);
	return 0;
}

/* The kernel's count of processes ended for lack of memory; -EBADF where there is none. */
static int open_oom(const struct monitor *monitor, struct arena *arena)
{
	const struct host_hierarchy *hierarchy;
	struct err ignored = ERR_INIT;
	const struct state *state;
	struct host *host;
	const char *path;

	if (state_read(&monitor->dir, arena, &state, &ignored) || !state->cgroup_path || host_read(arena, &host, &ignored))
		return -EBADF;
	hierarchy = host_hierarchy_of(host, "memory");
	if (!hierarchy)
		return -EBADF;
	path = arena_printf(arena, "%s%s/%s", hierarchy->mount_point, state->cgroup_path,
			    hierarchy->v2 ? "memory.events" : "memory.oom_control");
	return path ? open(path, O_RDONLY | O_CLOEXEC) : -EBADF;
}

static bool was_oom(int fd)
{
	static const char member[] = "oom_kill ";
	char text[512];
	ssize_t size = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, 0);
	const char *at;

	text[size > 0 ? size : 0] = '\0';
	at = strstr(text, member);
	return at && at[sizeof(member) - 1] != '0';
}

static int open_files(struct monitor *monitor, struct arena *arena, struct err *err)
{
	struct monitor_record record = {
		.options = *monitor->options,
		.pid = getpid(),
		.keeper = monitor->keeper,
		.restarts = monitor->restarts,
		.started_ns = now_ns(CLOCK_REALTIME),
	};
	int root_fd cleanup_fd = -EBADF;

	if (state_root_open(monitor->engine.root, monitor->engine.program, false, &root_fd, err) ||
	    state_dir_open(root_fd, monitor->create.id, &monitor->dir, err) ||
	    record_exit_prepare(&monitor->dir, &monitor->exit_fd, err) ||
	    log_open(&monitor->log, &monitor->dir, monitor->options, err) || listen_for_clients(monitor, err) ||
	    record_write(&monitor->dir, &record, err))
		return ERR;
	monitor->oom_fd = open_oom(monitor, arena);
	return 0;
}

/* Make the container, and all that is needed while it runs. A container without it is killed; *ret_made says that there
 * is one, for the verb to take away. */
static int begin(struct monitor *monitor, struct arena *arena, bool *ret_made, struct err *err)
{
	struct engine_run run = {
		.create = monitor->create,
		.detach = true,
		.ret_pidfd = &monitor->pidfd,
		.ret_console_fd = &monitor->console_fd,
	};
	int status;

	run.create.again = monitor->restarts > 0;
	if (make_streams(monitor, err) || engine_run(&monitor->engine, &run, &status, err))
		return ERR;
	*ret_made = true;
	(void)!chdir("/");
	if (hide_streams(err) == 0 && open_files(monitor, arena, err) == 0 &&
	    contain_self(monitor->options->log_size + ((uint64_t)1 << 20), err) == 0)
		return 0;
	process_pidfd_signal(monitor->pidfd, SIGKILL);
	process_pidfd_wait(monitor->pidfd, &status);
	return ERR;
}

/* The monitor itself; does not return. end_fd: the keeper is told there; -EBADF without one. */
_Noreturn static void be_monitor(struct monitor *monitor, int end_fd)
{
	struct report said = {.kind = REPORT_RUNNING};
	struct arena arena = ARENA_INIT;
	struct relay *relay = NULL;
	int wait_status, status;

	if (begin(monitor, &arena, &said.made, &said.err) == 0) {
		relay = relay_make(&arena, &(struct relay_start){
			.pidfd = monitor->pidfd, .console_fd = monitor->console_fd, .out_fd = monitor->out_fd,
			.error_fd = monitor->error_fd, .input_fd = monitor->input_fd, .listen_fd = monitor->listen_fd,
			.client_fd = monitor->options->attached && !monitor->restarts ? CLIENT_FD : -EBADF,
			.uid = monitor->uid, .log = &monitor->log});
		if (!relay)
			err_set(&said.err, ERR_INTERNAL, "out of memory for the monitor");
	}
	if (!relay && monitor->restarts)
		_exit(1);
	if (!relay) {
		said.kind = REPORT_ERROR;
		report(&said);
		_exit(1);
	}
	if (!monitor->restarts) {
		report(&said);
		close(REPORT_FD);
	}
	if (relay_run(relay, &wait_status) != 0)
		_exit(1);
	status = engine_exit_status(wait_status);
	record_exit(&monitor->dir, monitor->exit_fd, status, was_oom(monitor->oom_fd));
	relay_tell_end(relay, status);
	if (end_fd >= 0)
		(void)!write(end_fd, &status, sizeof(status));
	_exit(0);
}

/* One round: false when it did not begin, or the monitor did not live to see the end. */
static bool keep_round(struct monitor *monitor, int *ret_status)
{
	int ends[2], pidfd = -EBADF, ignored;
	bool known;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	pid = process_clone(0, -EBADF, &pidfd);
	if (pid == 0) {
		fd_close(&ends[0]);
		be_monitor(monitor, ends[1]);
	}
	fd_close(&ends[1]);
	if (!monitor->restarts)
		close(REPORT_FD);
	known = pid > 0 && fd_read_full(ends[0], (char *)ret_status, sizeof(*ret_status)) == sizeof(*ret_status);
	fd_close(&ends[0]);
	if (pid > 0)
		process_pidfd_wait(pidfd, &ignored);
	fd_close(&pidfd);
	return known;
}

static bool is_to_go_on(const struct monitor *monitor, int status)
{
	const struct monitor_options *options = monitor->options;
	int root_fd cleanup_fd = -EBADF;
	struct state_dir dir cleanup_state_dir = STATE_DIR_INIT;
	struct err err = ERR_INIT;

	if (options->restart == MONITOR_RESTART_NO ||
	    (options->restart == MONITOR_RESTART_ON_FAILURE &&
	     (status == 0 || (options->restart_max && monitor->restarts >= options->restart_max))))
		return false;
	if (state_root_open(monitor->engine.root, monitor->engine.program, false, &root_fd, &err) ||
	    state_dir_open(root_fd, monitor->create.id, &dir, &err))
		return false;
	return !record_is_stopped(&dir);
}

_Noreturn static void be_keeper(struct monitor *monitor)
{
	uint64_t wait_ms = RESTART_WAIT_MS;
	struct err err = ERR_INIT;
	int status = 0;

	monitor->keeper = getpid();
	for (;; monitor->restarts++) {
		uint64_t began = now_ns(CLOCK_MONOTONIC);
		struct timespec pause;

		if (!keep_round(monitor, &status))
			_exit(1);
		if (!is_to_go_on(monitor, status))
			break;
		if (now_ns(CLOCK_MONOTONIC) - began > (uint64_t)RESTART_GOOD_SECONDS * 1000000000)
			wait_ms = RESTART_WAIT_MS;
		pause = (struct timespec){.tv_sec = (time_t)(wait_ms / 1000), .tv_nsec = (long)(wait_ms % 1000) * 1000000};
		nanosleep(&pause, NULL);
		wait_ms = wait_ms * 2 > RESTART_WAIT_MAX_MS ? RESTART_WAIT_MAX_MS : wait_ms * 2;
		if (!is_to_go_on(monitor, status))
			break;
	}
	if (monitor->options->remove)
		engine_delete(&monitor->engine, monitor->create.id, false, &err);
	_exit(0);
}

/* All from first on, but the archive and its helper program: a container that is started again is unpacked again. */
static void close_others(unsigned int first, const struct plan_archive *archive)
{
	const int kept[] = {archive->archive_fd, archive->helper_fd}; /* opened in this order */

	for (size_t i = 0; archive->name && i < ARRAY_SIZE(kept); i++) {
		if ((unsigned int)kept[i] > first)
			process_close_range(first, (unsigned int)kept[i] - 1);
		first = (unsigned int)kept[i] + 1;
	}
	process_close_range(first, ~0U);
}

/* In the child of the verb: a session of its own, and no descriptor but the two. */
_Noreturn static void leave(struct monitor *monitor, int report_fd, int client_fd)
{
	/* Above both places first, so that neither is overwritten while it is still needed. */
	int high_report = fcntl(report_fd, F_DUPFD_CLOEXEC, CLIENT_FD + 1);
	int high_client = client_fd >= 0 ? fcntl(client_fd, F_DUPFD_CLOEXEC, CLIENT_FD + 1) : -EBADF;
	struct err ignored = ERR_INIT;

	setsid();
	if (dup3(high_report, REPORT_FD, O_CLOEXEC) < 0)
		_exit(1);
	if (high_client >= 0)
		dup3(high_client, CLIENT_FD, O_CLOEXEC);
	close_others(client_fd >= 0 ? CLIENT_FD + 1 : CLIENT_FD, &monitor->create.root_archive);
	monitor->engine.warn = report_warning;
	/* The caller's may be closed: what is opened from now on must not take their places. */
	if (hide_streams(&ignored))
		_exit(1);
	if (monitor->options->remove || monitor->options->restart != MONITOR_RESTART_NO)
		be_keeper(monitor);
	be_monitor(monitor, -EBADF);
}

/* What the monitor says until the container runs, or cannot. */
static int await_report(const struct engine *engine, const char *id, int report_fd, struct err *err)
{
	for (;;) {
		struct report said;
		ssize_t size = recv(report_fd, &said, sizeof(said), 0);

		if (size < 0 && errno == EINTR)
			continue;
		if (size != sizeof(said)) {
			err_set(err, ERR_INTERNAL, "the monitor ended before the container ran");
			return err_fix(err, "look for it in the kernel's log: dmesg");
		}
		said.text[sizeof(said.text) - 1] = '\0';
		if (said.kind == REPORT_WARNING && engine->warn)
			engine->warn(said.text);
		if (said.kind == REPORT_RUNNING)
			return 0;
		if (said.kind == REPORT_ERROR) {
			struct err ignored = ERR_INIT;

			*err = said.err;
			if (said.made)
				engine_delete(engine, id, true, &ignored);
			return ERR;
		}
	}
}

int monitor_start(const struct engine *engine, const struct engine_create *create, const struct monitor_options *options,
		  int *ret_client_fd, struct err *err)
{
	struct monitor monitor = {
		.engine = *engine, .create = *create, .options = options, .uid = geteuid(), .pidfd = -EBADF, .console_fd = -EBADF,
		.input_fd = -EBADF, .out_fd = -EBADF, .error_fd = -EBADF, .listen_fd = -EBADF, .exit_fd = -EBADF,
		.oom_fd = -EBADF, .dir = STATE_DIR_INIT,
	};
	int reports[2], clients[2] = {-EBADF, -EBADF}, result, pidfd = -EBADF;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, reports) != 0 ||
	    (options->attached && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, clients) != 0))
		return err_sys(err, errno, "socketpair", "cannot make the sockets to the monitor");
	pid = process_clone(0, -EBADF, &pidfd);
	if (pid == 0)
		leave(&monitor, reports[1], clients[1]);
	fd_close(&reports[1]);
	fd_close(&clients[1]);
	fd_close(&pidfd);
	result = pid < 0 ? err_sys(err, pid, "clone3", "cannot make the monitor's process")
			 : await_report(engine, create->id, reports[0], err);
	fd_close(&reports[0]);
	if (result == 0 && options->attached)
		*ret_client_fd = fd_take(&clients[0]);
	fd_close(&clients[0]);
	return result;
}
