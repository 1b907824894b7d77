/* SPDX-License-Identifier: Apache-2.0 */
/* wire: see wire.h. Runs in the verb, in the inside process and in bulkhead-unpack; believes nothing that it reads. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "people/copy/wire.h"

#define HEAD_SIZE offsetof(struct frame, data)

/* Also where nothing ever waits. */
static ssize_t broken_off(void)
{
	errno = EINTR;
	return -1;
}

int wire_send(int fd, const struct frame *frame, struct err *err)
{
	ssize_t sent;

	do
		sent = copy_interrupted() ? broken_off() : send(fd, frame, HEAD_SIZE + frame->size, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR && !copy_interrupted());
	return sent < 0 ? err_sys(err, errno, "send", "cannot pass files on to the other process") : 0;
}

int wire_receive(int fd, struct frame *ret_frame, struct err *err)
{
	ssize_t size;
	int tries = 0;

	/* ECONNRESET, once: it has closed without having read all; what it said before is still there. */
	do
		size = copy_interrupted() ? broken_off() : recv(fd, ret_frame, sizeof(*ret_frame), 0);
	while (size < 0 && ((errno == EINTR && !copy_interrupted()) || (errno == ECONNRESET && !tries++)));
	if (size < 0)
		return err_sys(err, errno, "recv", "cannot take files from the other process");
	if ((size_t)size < HEAD_SIZE) {
		err_set(err, ERR_INTERNAL, "the process on the other side has gone");
		err_why(err, "it was killed, or the container's end took it along");
		return err_fix(err, "look whether the container still runs, with bulkhead ls, and do it again");
	}
	if (ret_frame->kind > FRAME_ERROR || ret_frame->size != (size_t)size - HEAD_SIZE ||
	    !memchr(ret_frame->name, '\0', sizeof(ret_frame->name)))
		return err_set(err, ERR_INTERNAL, "the process on the other side sent what it must not");
	return 0;
}

void wire_send_error(int fd, struct frame *frame, const struct err *said)
{
	struct err ignored = ERR_INIT;

	*frame = (struct frame){.kind = FRAME_ERROR, .size = sizeof(*said)};
	memcpy(frame->data, said, sizeof(*said));
	wire_send(fd, frame, &ignored);
}

/* Texts of the other side end, and its kind is one of ours. */
static int take_error(const struct frame *frame, struct err *err)
{
	struct err said;

	if (frame->size != sizeof(said))
		return err_set(err, ERR_INTERNAL, "the process on the other side failed");
	memcpy(&said, frame->data, sizeof(said));
	said.call[sizeof(said.call) - 1] = said.what[sizeof(said.what) - 1] = '\0';
	said.where[sizeof(said.where) - 1] = said.why[sizeof(said.why) - 1] = said.fix[sizeof(said.fix) - 1] = '\0';
	err_set(err, said.kind > ERR_NONE && said.kind < ERR_KIND_COUNT ? said.kind : ERR_INTERNAL, "%s", said.what);
	if (said.call[0])
		err_sys(err, said.errnum, said.call, "%s", said.what);
	if (said.why[0])
		err_why(err, "%s", said.why);
	return said.fix[0] ? err_fix(err, "%s", said.fix) : ERR;
}

int wire_take_end(const struct frame *frame, struct err *err)
{
	if (frame->kind == FRAME_END)
		return 0;
	if (frame->kind == FRAME_ERROR)
		return take_error(frame, err);
	return err_set(err, ERR_INTERNAL, "the process on the other side sent what it must not");
}
