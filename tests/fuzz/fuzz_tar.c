/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bulkhead-unpack makes of the archive that `bulkhead cp -` is given, on any bytes: it ends, the frames are of a kind
 * and an order that the other side takes, a name is one component, and the last one says that it is whole or why it is not.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/helpers/unpack.h"
#include "people/copy/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static int file_of(const void *data, size_t size)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	require(fd >= 0 && fd_write_all(fd, data, size) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void check_name(const char *name)
{
	require(*name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
}

/* One within a directory: returns how much deeper the next one is. */
static int check(const struct frame *frame, bool first, bool *in_file)
{
	switch (frame->kind) {
	case FRAME_DATA:
	case FRAME_FILE_END:
		require(*in_file);
		*in_file = frame->kind == FRAME_DATA;
		return 0;
	case FRAME_UP:
		return -1;
	case FRAME_DIRECTORY:
		if (!first)
			check_name(frame->name);
		require(!*in_file && frame->size == 0);
		return 1;
	case FRAME_FILE:
	case FRAME_LINK:
	case FRAME_HARD_LINK:
	case FRAME_LEFT_OUT:
		check_name(frame->name);
		require(!*in_file && (frame->mode & ~0777u) == 0);
		*in_file = frame->kind == FRAME_FILE;
		return 0;
	default:
		abort();
	}
}

static void *receive(void *context)
{
	static struct frame frame;
	struct err err = ERR_INIT;
	bool first = true, in_file = false;
	int fd = *(int *)context, depth = 0;

	for (;; first = false) {
		require(wire_receive(fd, &frame, &err) == 0);
		if (frame.kind == FRAME_END || frame.kind == FRAME_ERROR)
			break;
		depth += check(&frame, first, &in_file);
		require(depth >= 0 && depth <= COPY_DEPTH_MAX + 1);
	}
	require(frame.kind == FRAME_ERROR || (depth == 0 && !in_file));
	require(wire_take_end(&frame, &err) == 0 || (err.kind != ERR_NONE && err.what[0]));
	require(recv(fd, &frame, sizeof(frame), 0) == 0);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd cleanup_fd = file_of(data, size), ends[2];
	pthread_t thread;

	require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	require(pthread_create(&thread, NULL, receive, &ends[0]) == 0);
	unpack_frames(fd, ends[1], 0);
	close(ends[1]);
	require(pthread_join(thread, NULL) == 0);
	close(ends[0]);
	return 0;
}
