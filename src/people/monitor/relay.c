/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay: between a container's streams, its log and those who are attached. Runs in the monitor, contained. One message is
 * on its way at a time: a client that does not read holds the container up, as a terminal does; without a client nothing
 * does.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/process.h"
#include "people/monitor/parts.h"

#define CLIENTS_MAX 16
#define PARTING_MS 2000 /* how long one who does not read is waited for after the end */

struct client {
	int fd;
	bool attached, owed; /* owed: the message on its way has not been sent to it */
};

struct source {
	int fd;
	char frame; /* enum monitor_frame */
	struct log_stream line;
};

struct relay {
	struct log *log;
	int pidfd, console_fd, input_fd, listen_fd;
	uid_t uid;
	struct source sources[2];
	struct client clients[CLIENTS_MAX];
	char message[MONITOR_FRAME_MAX];
	size_t message_size;
	char input[MONITOR_FRAME_MAX];
	size_t input_start, input_end;
	bool input_closing;
};

struct relay *relay_make(struct arena *arena, const struct relay_start *start)
{
	struct relay *relay = arena_calloc(arena, 1, sizeof(*relay));
	bool terminal = start->console_fd >= 0;

	if (!relay)
		return NULL;
	relay->log = start->log;
	relay->pidfd = start->pidfd;
	relay->console_fd = start->console_fd;
	relay->input_fd = terminal ? start->console_fd : start->input_fd;
	relay->listen_fd = start->listen_fd;
	relay->uid = start->uid;
	relay->sources[0] = (struct source){.fd = terminal ? start->console_fd : start->out_fd, .frame = MONITOR_OUT,
					    .line.name = "stdout"};
	relay->sources[1] = (struct source){.fd = terminal ? -EBADF : start->error_fd, .frame = MONITOR_ERROR,
					    .line.name = "stderr"};
	for (size_t i = 0; i < ARRAY_SIZE(relay->sources); i++)
		if (relay->sources[i].fd >= 0)
			fcntl(relay->sources[i].fd, F_SETFL, O_NONBLOCK);
	if (relay->input_fd >= 0)
		fcntl(relay->input_fd, F_SETFL, O_NONBLOCK);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		relay->clients[i].fd = -EBADF;
	if (start->client_fd >= 0)
		relay->clients[0] = (struct client){.fd = start->client_fd, .attached = true};
	return relay;
}

static void drop(struct client *client)
{
	fd_close(&client->fd);
	client->attached = client->owed = false;
}

static bool anyone_owed(const struct relay *relay)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (relay->clients[i].owed)
			return true;
	return false;
}

static void pass_on(struct relay *relay, struct client *client)
{
	if (send(client->fd, relay->message, relay->message_size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		client->owed = false;
	else if (errno != EAGAIN && errno != EINTR)
		drop(client);
}

/* false: nothing was there. */
static bool read_source(struct relay *relay, struct source *source)
{
	ssize_t count = read(source->fd, relay->message + 1, sizeof(relay->message) - 1);

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (count <= 0) {
		/* EIO: no process has the terminal open any more. */
		source->fd = -EBADF;
		return false;
	}
	log_add(relay->log, &source->line, relay->message + 1, (size_t)count);
	relay->message[0] = source->frame;
	relay->message_size = (size_t)count + 1;
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		relay->clients[i].owed = relay->clients[i].attached;
		if (relay->clients[i].owed)
			pass_on(relay, &relay->clients[i]);
	}
	return true;
}

static void end_input(struct relay *relay)
{
	/* A terminal has no end: its end of file is a character that the client sends. */
	if (relay->console_fd < 0)
		fd_close(&relay->input_fd);
	relay->input_closing = false;
	relay->input_start = relay->input_end = 0;
}

static void write_input(struct relay *relay)
{
	ssize_t count = write(relay->input_fd, relay->input + relay->input_start, relay->input_end - relay->input_start);

	if (count > 0)
		relay->input_start += (size_t)count;
	else if (count < 0 && errno != EAGAIN && errno != EINTR)
		end_input(relay);
	if (relay->input_start == relay->input_end) {
		relay->input_start = relay->input_end = 0;
		if (relay->input_closing)
			end_input(relay);
	}
}

static void set_size(const struct relay *relay, const char *data, size_t size)
{
	uint16_t numbers[2];
	struct winsize window = {0};

	if (size != sizeof(numbers) || relay->console_fd < 0)
		return;
	memcpy(numbers, data, sizeof(numbers));
	window.ws_row = numbers[0];
	window.ws_col = numbers[1];
	ioctl(relay->console_fd, TIOCSWINSZ, &window);
}

static void hear(struct relay *relay, struct client *client)
{
	char frame[MONITOR_FRAME_MAX];
	ssize_t size = recv(client->fd, frame, sizeof(frame), MSG_DONTWAIT);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		drop(client);
		return;
	}
	switch (frame[0]) {
	case MONITOR_ATTACH:
		client->attached = true;
		break;
	case MONITOR_SIZE:
		set_size(relay, frame + 1, (size_t)size - 1);
		break;
	case MONITOR_INPUT:
		if (relay->input_fd < 0)
			break;
		memcpy(relay->input, frame + 1, (size_t)size - 1);
		relay->input_end = (size_t)size - 1;
		write_input(relay);
		break;
	case MONITOR_INPUT_END:
		end_input(relay);
		break;
	default:
		drop(client);
	}
}

static void welcome(struct relay *relay)
{
	int fd cleanup_fd = accept4(relay->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return;
	/* The directory lets nobody else in; this is asked all the same. */
	if (peer.uid != relay->uid && peer.uid != 0)
		return;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (relay->clients[i].fd < 0) {
			relay->clients[i].fd = fd_take(&fd);
			return;
		}
}

static void drain(struct relay *relay)
{
	for (size_t i = 0; i < ARRAY_SIZE(relay->sources); i++) {
		struct source *source = &relay->sources[i];

		for (bool more = true; more;) {
			for (size_t j = 0; j < CLIENTS_MAX; j++) {
				struct client *client = &relay->clients[j];
				struct pollfd wants = {.fd = client->fd, .events = POLLOUT};

				if (client->owed && poll(&wants, 1, PARTING_MS) == 1)
					pass_on(relay, client);
				if (client->owed)
					drop(client);
			}
			more = source->fd >= 0 && read_source(relay, source);
		}
		log_flush(relay->log, &source->line);
	}
}

static short client_events(const struct relay *relay, const struct client *client)
{
	short events = relay->input_end ? 0 : POLLIN;

	return client->owed ? events | POLLOUT : events;
}

int relay_run(struct relay *relay, int *ret_status)
{
	enum { END, LISTEN, INPUT, SOURCES, CLIENTS = SOURCES + 2, COUNT = CLIENTS + CLIENTS_MAX };
	struct pollfd polls[COUNT];

	do {
		bool owed = anyone_owed(relay);

		polls[END] = (struct pollfd){.fd = relay->pidfd, .events = POLLIN};
		polls[LISTEN] = (struct pollfd){.fd = relay->listen_fd, .events = POLLIN};
		polls[INPUT] = (struct pollfd){.fd = relay->input_end ? relay->input_fd : -EBADF, .events = POLLOUT};
		for (size_t i = 0; i < ARRAY_SIZE(relay->sources); i++)
			polls[SOURCES + i] = (struct pollfd){.fd = owed ? -EBADF : relay->sources[i].fd,
							     .events = POLLIN};
		for (size_t i = 0; i < CLIENTS_MAX; i++)
			polls[CLIENTS + i] = (struct pollfd){.fd = relay->clients[i].fd,
							     .events = client_events(relay, &relay->clients[i])};
		if (poll(polls, COUNT, -1) < 0)
			continue;
		if (polls[INPUT].revents)
			write_input(relay);
		for (size_t i = 0; i < CLIENTS_MAX; i++) {
			struct client *client = &relay->clients[i];

			if ((polls[CLIENTS + i].revents & (POLLOUT | POLLERR)) && client->owed)
				pass_on(relay, client);
			if ((polls[CLIENTS + i].revents & (POLLIN | POLLHUP)) && client->fd >= 0 && !relay->input_end)
				hear(relay, client);
			else if (polls[CLIENTS + i].revents & POLLHUP)
				drop(client);
		}
		/* One message at a time: what the second has waits for the next round when the first is owed. */
		for (size_t i = 0; i < ARRAY_SIZE(relay->sources); i++)
			if (polls[SOURCES + i].revents && !anyone_owed(relay))
				read_source(relay, &relay->sources[i]);
		if (polls[LISTEN].revents)
			welcome(relay);
	} while (!(polls[END].revents & POLLIN));
	drain(relay);
	return process_pidfd_wait(relay->pidfd, ret_status);
}

void relay_tell_end(struct relay *relay, int status)
{
	char frame[1 + sizeof(status)] = {MONITOR_END};

	memcpy(frame + 1, &status, sizeof(status));
	/* Those who connected in the last moment too. */
	while (relay->listen_fd >= 0) {
		struct pollfd waiting = {.fd = relay->listen_fd, .events = POLLIN};

		if (poll(&waiting, 1, 0) != 1)
			break;
		welcome(relay);
	}
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (relay->clients[i].fd >= 0)
			send(relay->clients[i].fd, frame, sizeof(frame), MSG_DONTWAIT | MSG_NOSIGNAL);
}
