/* SPDX-License-Identifier: Apache-2.0 */
/* wire: what one side of a copy says to the other: frames, messages of limited size through a socket. */
#ifndef BULKHEAD_PEOPLE_COPY_WIRE_H
#define BULKHEAD_PEOPLE_COPY_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define COPY_DEPTH_MAX 128
#define COPY_DATA_MAX  65536

enum frame_kind {
	FRAME_DIRECTORY, /* its entries follow, up to FRAME_UP; the name "" at first: the entries alone are meant */
	FRAME_UP,
	FRAME_FILE, /* FRAME_DATA follow, up to FRAME_FILE_END */
	FRAME_DATA,
	FRAME_FILE_END,
	FRAME_LINK,	 /* data: what it says */
	FRAME_HARD_LINK, /* into a container alone; data: the path of what is there already, from the destination */
	FRAME_LEFT_OUT, /* something else had that name */
	FRAME_END,	/* of all; from the receiver: all is done; data: a struct copy_left_out */
	FRAME_ERROR,	/* data: a struct err */
};

struct frame {
	uint32_t kind, mode, uid, gid;
	int64_t seconds;
	uint32_t nanoseconds;
	uint32_t size;	 /* of data */
	uint64_t length; /* of a file, as it was when it was opened */
	char name[256];
	char data[COPY_DATA_MAX];
};

int wire_send(int fd, const struct frame *frame, struct err *err);
/* Checked: a known kind, a size that is the message's, a name that ends. ERR_INTERNAL when the other side has gone. */
int wire_receive(int fd, struct frame *ret_frame, struct err *err);
void wire_send_error(int fd, struct frame *frame, const struct err *said);
/* What the other side says last: its error, or that it is done. Any other frame is an error, too. */
int wire_take_end(const struct frame *frame, struct err *err);

/* interrupt.c: the signal that ends the verb, once it has come; 0 before. No other process heeds one. */
int copy_interrupted(void);

#endif
