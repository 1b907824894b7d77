/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foreground: waiting for a container's process: signals are forwarded to it, and with a terminal of the container's the
 * caller's is made raw and the two are connected. The caller's terminal is restored on each way out. Runs in the runtime,
 * with engine_block_signals in force.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/process.h"

#define RELAY_SIZE 8192

/* One direction: what was read and could not be written yet. */
struct stream {
	int from_fd, to_fd; /* not owned; -EBADF when it has ended */
	char data[RELAY_SIZE];
	size_t start, end;
};

struct foreground {
	const struct engine *engine;
	int pidfd, signal_fd, console_fd, notify_fd;
	bool raw;
	struct termios saved;
	struct stream in, out;
};

static void copy_window_size(const struct foreground *foreground)
{
	struct winsize size;

	if (foreground->console_fd >= 0 && ioctl(0, TIOCGWINSZ, &size) == 0)
		ioctl(foreground->console_fd, TIOCSWINSZ, &size);
}

static void make_raw(struct foreground *foreground)
{
	struct termios raw;

	if (tcgetattr(0, &foreground->saved) != 0)
		return;
	raw = foreground->saved;
	cfmakeraw(&raw);
	foreground->raw = tcsetattr(0, TCSANOW, &raw) == 0;
}

/* A background process that changes its terminal would be stopped. */
static void restore(struct foreground *foreground)
{
	sigset_t set, before;

	if (!foreground->raw)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, &before);
	tcsetattr(0, TCSANOW, &foreground->saved);
	sigprocmask(SIG_SETMASK, &before, NULL);
	foreground->raw = false;
}

static void forward_signal(const struct foreground *foreground)
{
	struct signalfd_siginfo info;

	if (read(foreground->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH)
		copy_window_size(foreground);
	/* What the kernel says about our own output is not meant for the container. */
	if (info.ssi_signo != SIGPIPE && (info.ssi_signo != SIGWINCH || foreground->console_fd < 0))
		process_pidfd_signal(foreground->pidfd, (int)info.ssi_signo);
	/* Ctrl-Z: the shell takes its terminal back; SIGCONT, when it comes, is forwarded as well. */
	if (info.ssi_signo == SIGTSTP && foreground->console_fd < 0)
		raise(SIGSTOP);
}

static void stream_fill(struct stream *stream)
{
	ssize_t count = read(stream->from_fd, stream->data, sizeof(stream->data));

	if (count > 0) {
		stream->start = 0;
		stream->end = (size_t)count;
	} else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
		/* EIO: the last one who held the other end of the terminal has closed it. */
		stream->from_fd = -EBADF;
	}
}

static void stream_flush(struct stream *stream)
{
	ssize_t count = write(stream->to_fd, stream->data + stream->start, stream->end - stream->start);

	if (count > 0)
		stream->start += (size_t)count;
	else if (count < 0 && errno != EINTR && errno != EAGAIN)
		stream->from_fd = stream->to_fd = -EBADF;
	if (stream->start == stream->end || stream->to_fd < 0)
		stream->start = stream->end = 0;
}

static struct pollfd stream_wants(const struct stream *stream)
{
	if (stream->end > stream->start)
		return (struct pollfd){.fd = stream->to_fd, .events = POLLOUT};
	return (struct pollfd){.fd = stream->from_fd, .events = POLLIN};
}

static void stream_go_on(struct stream *stream, short revents)
{
	if (!revents)
		return;
	if (stream->end > stream->start)
		stream_flush(stream);
	else
		stream_fill(stream);
}

/* What the container printed last is still in its terminal when it has ended. */
static void drain(struct foreground *foreground)
{
	struct stream *out = &foreground->out;

	if (foreground->console_fd < 0)
		return;
	fcntl(foreground->console_fd, F_SETFL, O_NONBLOCK);
	while (out->to_fd >= 0 && (out->end > out->start || out->from_fd >= 0)) {
		struct pollfd wants = {.fd = out->to_fd, .events = POLLOUT};

		if (out->end == out->start) {
			stream_fill(out);
			if (out->end == out->start)
				return;
		}
		if (poll(&wants, 1, -1) > 0)
			stream_flush(out);
	}
}

static void attend(struct foreground *foreground)
{
	for (;;) {
		struct pollfd polls[] = {
			{.fd = foreground->pidfd, .events = POLLIN},
			{.fd = foreground->signal_fd, .events = POLLIN},
			stream_wants(&foreground->in),
			stream_wants(&foreground->out),
			{.fd = foreground->notify_fd, .events = POLLIN},
		};

		if (poll(polls, ARRAY_SIZE(polls), -1) < 0)
			continue;
		if (polls[1].revents)
			forward_signal(foreground);
		stream_go_on(&foreground->in, polls[2].revents);
		stream_go_on(&foreground->out, polls[3].revents);
		if (polls[4].revents)
			(void)notify_take(foreground->engine, foreground->notify_fd);
		if (polls[0].revents)
			break;
	}
	drain(foreground);
}

int foreground_wait(const struct engine *engine, int pidfd, int console_fd, int notify_fd, int *ret_status,
		    struct err *err)
{
	struct foreground foreground = {
		.engine = engine,
		.pidfd = pidfd,
		.console_fd = console_fd,
		.notify_fd = notify_fd,
		.in = {.from_fd = console_fd >= 0 ? 0 : -EBADF, .to_fd = console_fd},
		.out = {.from_fd = console_fd, .to_fd = 1},
	};
	int signal_fd cleanup_fd = -EBADF, result;
	sigset_t blocked;

	sigprocmask(SIG_SETMASK, NULL, &blocked);
	/* From here on there is a program to be stopped along. */
	sigaddset(&blocked, SIGTSTP);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	signal_fd = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return err_sys(err, errno, "signalfd", "cannot wait for signals");
	foreground.signal_fd = signal_fd;
	if (console_fd >= 0) {
		copy_window_size(&foreground);
		make_raw(&foreground);
	}
	attend(&foreground);
	restore(&foreground);
	result = process_pidfd_wait(pidfd, ret_status);
	if (result < 0)
		return err_sys(err, result, "waitid", "cannot wait for the container's process");
	return 0;
}
