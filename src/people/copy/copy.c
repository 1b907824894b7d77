/* SPDX-License-Identifier: Apache-2.0 */
/* copy: see copy.h: the two processes, and which power the inside one has. It never calls what could load a library:
 * after it is inside, the C library would find the container's. */
#include "people/copy/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "kernel/creds.h"
#include "kernel/namespace.h"
#include "kernel/process.h"
#include "people/copy/parts.h"

/* Within the container's user namespace: what its root could do with its files, whoever its program's user is. */
#define KEPT (UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_DAC_OVERRIDE | UINT64_C(1) << CAP_FOWNER)

/* The descriptor that all paths start from. */
static int enter(const struct copy_container *container, int *ret_root_fd, struct err *err)
{
	uint64_t kinds = CLONE_NEWNS | (container->user_namespace ? CLONE_NEWUSER : 0);
	const char *root = container->pidfd >= 0 ? "/" : container->rootfs;
	int result;

	if (container->pidfd >= 0) {
		result = namespace_join(container->pidfd, kinds);
		if (result < 0)
			return err_sys(err, result, "setns", "cannot see the container's files");
	}
	*ret_root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_root_fd < 0)
		return err_sys(err, errno, "open", "cannot open the container's root");
	/* Of one that has ended, a second wall beside openat2; without privilege the first is the only one. */
	if (container->pidfd < 0 && geteuid() == 0 && (fchdir(*ret_root_fd) < 0 || chroot(".") < 0))
		return err_sys(err, errno, "chroot", "cannot enter the container's root");
	return 0;
}

/* The container's user, with the capabilities for files where they are its own namespace's; and no more than that. */
static int become_user(const struct copy_container *container, struct err *err)
{
	/* On the host's ids there is no namespace that would bound them. */
	bool bounded = container->user_namespace || (container->pidfd < 0 && geteuid() == 0);
	struct creds_capabilities set = {.permitted = bounded ? KEPT : 0, .effective = bounded ? KEPT : 0};
	int result = 0;

	if (container->pidfd >= 0 || geteuid() == 0) {
		/* Refused in a namespace with a single id; the groups then are the caller's, as the container's are. */
		result = creds_set_groups(NULL, 0);
		if (result == -EPERM && container->user_namespace)
			result = 0;
		if (result == 0)
			result = creds_keep_capabilities(true);
		if (result == 0)
			result = creds_set_ids(container->uid, container->gid);
		if (result == 0)
			result = creds_set_capabilities(&set);
	}
	if (result == 0)
		result = creds_set_no_new_privs();
	if (result == 0)
		result = process_set_dumpable(false);
	umask(022);
	return result < 0 ? err_sys(err, result, "setresuid", "cannot become the container's user") : 0;
}

_Noreturn static void be_inside(const struct copy_request *request, int fd, struct frame *frame)
{
	struct copy_left_out left_out = {0};
	struct rootfs root = {-EBADF};
	struct place place = {&root, request->container_path};
	struct err err = ERR_INIT;
	int result;

	/* Those of the terminal are for the verb: when it ends, so does the connection, and what is half made is removed. */
	copy_ignore_signals();
	result = enter(&request->container, &root.fd, &err) || become_user(&request->container, &err) ? ERR : 0;

	if (result == 0 && request->out)
		result = copy_send(&place, request->follow, fd, frame, &left_out, &err);
	else if (result == 0)
		result = copy_receive(&place, request->archive, fd, frame, &left_out, &err);
	if (result) {
		wire_send_error(fd, frame, &err);
	} else if (!request->out) {
		*frame = (struct frame){.kind = FRAME_END, .size = sizeof(left_out)};
		memcpy(frame->data, &left_out, sizeof(left_out));
		wire_send(fd, frame, &err);
	}
	_exit(0);
}

/* The last word of the inside process, and what it had to leave out of an archive that only it has seen. */
static int take_answer(int fd, struct frame *frame, struct copy_left_out *ret_left_out, struct err *err)
{
	if (wire_receive(fd, frame, err) || wire_take_end(frame, err))
		return ERR;
	if (frame->size != sizeof(*ret_left_out))
		return err_set(err, ERR_INTERNAL, "the process on the container's side sent what it must not");
	memcpy(ret_left_out, frame->data, sizeof(*ret_left_out));
	ret_left_out->first[sizeof(ret_left_out->first) - 1] = '\0';
	return 0;
}

static int send_to_inside(const struct copy_request *request, int fd, struct frame *frame,
			  struct copy_left_out *left_out, struct err *err)
{
	const struct place place = {NULL, request->host_path};
	struct copy_left_out theirs = {0};
	struct err said = ERR_INIT;
	int result = request->host_path ? copy_send(&place, request->follow, fd, frame, left_out, err)
					: copy_unpack(fd, frame, err);

	/* The inside process has waited for more: that it hears nothing further lets it end. Where it failed itself, that is
	 * the reason why nothing more could be sent. */
	if (result && err->errnum != EPIPE && err->errnum != ECONNRESET) {
		wire_send_error(fd, frame, err);
		return ERR;
	}
	if (take_answer(fd, frame, &theirs, &said)) {
		*err = said;
		return ERR;
	}
	if (!request->host_path)
		*left_out = theirs;
	return result;
}

static int be_outside(const struct copy_request *request, struct arena *arena, int fd, struct frame *frame,
		      struct copy_left_out *left_out, struct err *err)
{
	const struct place place = {NULL, request->host_path};

	if (!request->out)
		return send_to_inside(request, fd, frame, left_out, err);
	if (request->host_path)
		return copy_receive(&place, request->archive, fd, frame, left_out, err);
	return copy_pack(arena, fd, frame, left_out, err);
}

int copy_run(const struct copy_request *request, struct copy_left_out *ret_left_out, int *ret_signal, struct err *err)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct frame *frame = arena_calloc(&arena, 1, sizeof(*frame));
	int sockets[2], pidfd cleanup_fd = -EBADF, status, result = ERR;
	struct sigaction before[COPY_SIGNALS];
	struct copy_left_out left_out = {0};
	pid_t pid;

	if (!frame)
		return err_set(err, ERR_INTERNAL, "out of memory for copying");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
		return err_sys(err, errno, "socketpair", "cannot make the socket between the two sides");
	copy_heed_signals(before);
	pid = process_clone(0, -EBADF, &pidfd);
	if (pid == 0) {
		close(sockets[0]);
		be_inside(request, sockets[1], frame);
	}
	fd_close(&sockets[1]);
	if (pid < 0)
		err_sys(err, pid, "clone3", "cannot make the process on the container's side");
	else
		result = be_outside(request, &arena, sockets[0], frame, &left_out, err);
	fd_close(&sockets[0]);
	if (pid > 0)
		process_pidfd_wait(pidfd, &status);
	copy_restore_signals(before);
	*ret_signal = copy_interrupted();
	*ret_left_out = left_out;
	return result;
}
