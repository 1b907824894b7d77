/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify: sd_notify(3) of a container's program, for whoever gave the runtime a NOTIFY_SOCKET. The program finds a
 * socket of ours, in a directory of the state that is shown to it; of what comes there READY=1 alone is passed on, in
 * words of our own: a container must not tell a service manager which process to watch or which descriptors to keep.
 * Runs in the runtime.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"

#define READY "READY=1"
#define PASS_SECONDS_MAX 10

/* The address of the caller's socket; false where it is none that can be spoken to. */
static bool read_address(const char *text, struct sockaddr_un *ret, socklen_t *ret_size)
{
	size_t length = strlen(text);

	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((text[0] != '/' && text[0] != '@') || length < 2 || length >= sizeof(ret->sun_path))
		return false;
	memcpy(ret->sun_path, text, length);
	if (text[0] == '@')
		ret->sun_path[0] = '\0';
	*ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return true;
}

/* Engines that pass messages on themselves have said in the config where. */
static bool is_configured(const struct oci_config *config)
{
	const struct strings *env = &config->process.env;

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], "NOTIFY_SOCKET=", sizeof("NOTIFY_SOCKET=") - 1) == 0)
			return true;
	return false;
}

int notify_plan(struct creation *creation, struct err *err)
{
	const char *socket_path = creation->engine->notify_socket;
	struct sockaddr_un address;
	char root[PATH_MAX];
	socklen_t size;

	if (!socket_path || !*socket_path || !creation->config->process_present || is_configured(creation->config))
		return 0;
	if (!read_address(socket_path, &address, &size)) {
		engine_warn(creation->engine, "NOTIFY_SOCKET=%s is passed over: it is no path and no abstract name of a "
			    "socket", socket_path);
		return 0;
	}
	if (state_root_path(creation->engine->root, creation->engine->program, root, sizeof(root), err))
		return ERR;
	creation->plan_request.notify_directory.text =
		arena_printf(creation->arena, "%s/%s/" STATE_NOTIFY_DIRECTORY, root, creation->request->id);
	if (!creation->plan_request.notify_directory.text)
		return err_set(err, ERR_INTERNAL, "out of memory while planning");
	return 0;
}

int notify_make(const struct creation *creation, struct err *err)
{
	if (!creation->plan_request.notify_directory.text)
		return 0;
	if (mkdirat(creation->dir.fd, STATE_NOTIFY_DIRECTORY, 0755) == 0 &&
	    fchmodat(creation->dir.fd, STATE_NOTIFY_DIRECTORY, 0755, 0) == 0)
		return 0;
	return err_sys(err, errno, "mkdirat", "cannot make the directory of the program's NOTIFY_SOCKET");
}

int notify_listen(const struct engine *engine, const struct state_dir *dir, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd cleanup_fd = -EBADF;

	if (!engine->notify_socket || faccessat(dir->fd, STATE_NOTIFY_DIRECTORY, F_OK, 0) < 0)
		return 0;
	/* It is named through the directory's descriptor: sun_path is short. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" STATE_NOTIFY_DIRECTORY "/"
		 STATE_NOTIFY_SOCKET, dir->fd);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(address.sun_path, 0777) < 0)
		return err_sys(err, errno, "bind", "cannot make the program's NOTIFY_SOCKET");
	*ret_fd = fd_take(&fd);
	return 0;
}

static bool says_ready(const char *text)
{
	while (text) {
		size_t length = strcspn(text, "\n");

		if (length == sizeof(READY) - 1 && strncmp(text, READY, length) == 0)
			return true;
		text = text[length] ? text + length + 1 : NULL;
	}
	return false;
}

static void pass_on(const struct engine *engine)
{
	int fd cleanup_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	socklen_t size;

	if (!read_address(engine->notify_socket, &address, &size))
		return;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_sec = PASS_SECONDS_MAX}, sizeof(struct timeval));
	if (fd < 0 || sendto(fd, READY, sizeof(READY) - 1, MSG_NOSIGNAL, (struct sockaddr *)&address, size) < 0)
		engine_warn(engine, "the program is ready, and NOTIFY_SOCKET %s does not take it: %s", engine->notify_socket,
			    err_text(errno));
}

bool notify_take(const struct engine *engine, int fd)
{
	char text[4096];
	/* Descriptors that come along are closed by the kernel: there is no room for them. */
	ssize_t got = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (got <= 0)
		return false;
	text[got] = '\0';
	if (!says_ready(text))
		return false;
	pass_on(engine);
	return true;
}

void notify_await(const struct engine *engine, int fd, int pidfd)
{
	struct pollfd polls[] = {{.fd = fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	sigset_t none;

	if (fd < 0)
		return;
	/* The program runs: who is tired of waiting may end this. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (;;) {
		if (poll(polls, ARRAY_SIZE(polls), -1) < 0)
			continue;
		if (polls[0].revents & POLLIN) {
			if (notify_take(engine, fd))
				return;
		} else if (polls[1].revents) {
			return;
		}
	}
}
