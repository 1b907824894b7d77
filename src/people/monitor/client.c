/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: the side of a person who is attached to a container: raw terminal, window size, detach keys. Runs in the verb.
 * Whatever ends it, the terminal is as it was.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "people/monitor/parts.h"

struct session {
	const struct monitor_client *client;
	int in_fd, signal_fd;
	bool raw;
	struct termios saved;
	size_t keys_seen; /* of the detach keys, in a row */
	enum monitor_parting parting;
	int status;
	bool over, ended; /* ended: the container has; the rest of the connection is waited for */
};

int monitor_keys_parse(const char *text, char *buf, size_t size, struct err *err)
{
	size_t count = 0;

	while (*text) {
		size_t length = strcspn(text, ",");
		const char *letter = strncmp(text, "ctrl-", 5) == 0 ? text + 5 : text;
		bool control = letter != text;

		if (count + 1 >= size || (size_t)(letter - text) + 1 != length ||
		    (control && !((*letter >= 'a' && *letter <= 'z') || strchr("@[\\]^_", *letter)))) {
			err_set(err, ERR_USAGE, "--detach-keys cannot be \"%s\"", text);
			return err_fix(err, "characters or ctrl-LETTER, with commas between: ctrl-p,ctrl-q");
		}
		buf[count++] = (char)(control ? *letter & 0x1f : *letter);
		text += length;
		text += *text == ',';
	}
	buf[count] = '\0';
	return 0;
}

static void make_raw(struct session *session)
{
	struct termios raw;

	if (!session->client->terminal || tcgetattr(0, &session->saved) != 0)
		return;
	raw = session->saved;
	cfmakeraw(&raw);
	session->raw = tcsetattr(0, TCSANOW, &raw) == 0;
}

static void restore(struct session *session)
{
	if (session->raw)
		tcsetattr(0, TCSANOW, &session->saved);
	session->raw = false;
}

static void say(struct session *session, char frame, const void *data, size_t size)
{
	char message[MONITOR_FRAME_MAX];

	message[0] = frame;
	memcpy(message + 1, data, size);
	/* It waits while the container does not read: so does a terminal. */
	if (send(session->client->fd, message, size + 1, MSG_NOSIGNAL) < 0 && errno != EINTR)
		session->in_fd = -EBADF;
}

static void send_size(struct session *session, bool twice)
{
	struct winsize size;
	uint16_t numbers[2];

	if (!session->client->terminal || ioctl(0, TIOCGWINSZ, &size) != 0)
		return;
	/* A size that changes makes a full-screen program draw again. */
	numbers[0] = (uint16_t)(size.ws_row + 1);
	numbers[1] = size.ws_col;
	if (twice && size.ws_row)
		say(session, MONITOR_SIZE, numbers, sizeof(numbers));
	numbers[0] = size.ws_row;
	say(session, MONITOR_SIZE, numbers, sizeof(numbers));
}

static void part(struct session *session, enum monitor_parting parting)
{
	session->parting = parting;
	session->over = true;
}

/* Keys that turn out not to be the detach keys go on to the container. */
static void send_keys(struct session *session, const char *data, size_t size)
{
	const char *keys = session->client->terminal && session->client->detach_keys ? session->client->detach_keys : "";
	size_t length = strlen(keys), out_size = 0;
	char out[MONITOR_FRAME_MAX + 64];

	for (size_t i = 0; i < size; i++) {
		if (length && data[i] == keys[session->keys_seen]) {
			if (++session->keys_seen == length) {
				part(session, MONITOR_PARTED_DETACHED);
				break;
			}
			continue;
		}
		memcpy(out + out_size, keys, session->keys_seen);
		out_size += session->keys_seen;
		session->keys_seen = length && data[i] == keys[0] ? 1 : 0;
		if (!session->keys_seen)
			out[out_size++] = data[i];
	}
	if (out_size)
		say(session, MONITOR_INPUT, out, out_size);
}

static void read_input(struct session *session)
{
	char data[4096];
	ssize_t count = read(session->in_fd, data, sizeof(data));

	if (count > 0) {
		send_keys(session, data, (size_t)count);
	} else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
		session->in_fd = -EBADF;
		/* The terminal has vanished: the container goes on without it. */
		if (session->client->terminal)
			part(session, MONITOR_PARTED_DETACHED);
		else
			say(session, MONITOR_INPUT_END, "", 0);
	}
}

static void read_signal(struct session *session)
{
	struct signalfd_siginfo info;
	int number;

	if (read(session->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	number = (int)info.ssi_signo;
	if (number == SIGWINCH) {
		send_size(session, false);
	} else if (number == SIGCONT) {
		/* Stopped from outside, and a shell has set the terminal since. */
		make_raw(session);
		send_size(session, true);
	} else if (!session->client->terminal && session->client->forward && number != SIGHUP) {
		session->client->forward(session->client->context, number);
	} else {
		session->status = 128 + number;
		part(session, MONITOR_PARTED_SIGNAL);
	}
}

static void read_monitor(struct session *session)
{
	char frame[MONITOR_FRAME_MAX];
	ssize_t size = recv(session->client->fd, frame, sizeof(frame), 0);

	if (size < 0 && errno == EINTR)
		return;
	if (size <= 0) {
		part(session, session->ended ? MONITOR_PARTED_END : MONITOR_PARTED_LOST);
	} else if (frame[0] == MONITOR_END && (size_t)size == 1 + sizeof(session->status)) {
		memcpy(&session->status, frame + 1, sizeof(session->status));
		session->ended = true;
		session->in_fd = -EBADF;
	} else if (frame[0] == MONITOR_OUT || frame[0] == MONITOR_ERROR) {
		if (fd_write_all(frame[0] == MONITOR_OUT ? 1 : 2, frame + 1, (size_t)size - 1) < 0)
			part(session, MONITOR_PARTED_DETACHED);
	}
}

static int watch_signals(struct session *session, sigset_t *ret_before, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGCONT);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	/* Restoring the terminal from the background must not stop this process. */
	sigaddset(&set, SIGPIPE);
	session->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (session->signal_fd < 0)
		return err_sys(err, errno, "signalfd", "cannot wait for signals");
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, ret_before);
	return 0;
}

int monitor_attend(const struct monitor_client *client, enum monitor_parting *ret_parting, int *ret_status,
		   struct err *err)
{
	struct session session = {.client = client, .in_fd = client->input ? 0 : -EBADF};
	sigset_t before;

	if (watch_signals(&session, &before, err))
		return ERR;
	make_raw(&session);
	send_size(&session, true);
	say(&session, MONITOR_ATTACH, "", 0);
	while (!session.over) {
		struct pollfd polls[] = {
			{.fd = session.signal_fd, .events = POLLIN},
			{.fd = client->fd, .events = POLLIN},
			{.fd = session.in_fd, .events = POLLIN},
		};

		if (poll(polls, ARRAY_SIZE(polls), -1) < 0)
			continue;
		if (polls[0].revents)
			read_signal(&session);
		if (polls[1].revents && !session.over)
			read_monitor(&session);
		if (polls[2].revents && session.in_fd >= 0 && !session.over)
			read_input(&session);
	}
	restore(&session);
	sigprocmask(SIG_SETMASK, &before, NULL);
	fd_close(&session.signal_fd);
	*ret_parting = session.parting;
	*ret_status = session.status;
	return 0;
}
