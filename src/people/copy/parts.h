/* SPDX-License-Identifier: Apache-2.0 */
/* parts: what the files of people/copy share and no one else sees. */
#ifndef BULKHEAD_PEOPLE_COPY_PARTS_H
#define BULKHEAD_PEOPLE_COPY_PARTS_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "kernel/rootfs.h"
#include "people/copy/copy.h"

#define COPY_DEPTH_MAX 128
#define COPY_DATA_MAX  65536
/* Of a file that says that it is empty, as those of procfs do, and is not. */
#define COPY_UNSIZED_MAX ((size_t)4 << 20)

/* copy.c: has a signal come that ends the verb? The inside process heeds none: it ends with the connection. */
bool copy_is_interrupted(void);

/* ---- wire.c: frames ---- */

enum frame_kind {
	FRAME_DIRECTORY, /* its entries follow, up to FRAME_UP; the name "" at first: the entries alone are meant */
	FRAME_UP,
	FRAME_FILE, /* FRAME_DATA follow, up to FRAME_FILE_END */
	FRAME_DATA,
	FRAME_FILE_END,
	FRAME_LINK,	 /* data: what it says */
	FRAME_HARD_LINK, /* into a container alone; data: the path of what is there already, from the destination */
	FRAME_LEFT_OUT, /* something else had that name */
	FRAME_END,	/* of all; from the receiver: all is done */
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

/* ---- one side's files ---- */

struct place {
	const struct rootfs *root; /* NULL: this process's own root and directory */
	const char *path;
};

/* wire.c: open(2) of text, a path of that place. Returns a descriptor or -errno. */
int place_open(const struct place *place, const char *text, int flags, bool no_follow);
/* The last component of path in name ("" for "/", "." and ".."), what stands before it in parent ("." or "/" for nothing). */
int place_split(const char *path, char parent[4096], char name[256]);
bool place_ends_in_slash(const char *path);

int copy_send(const struct place *place, bool follow, int fd, struct frame *frame, struct copy_left_out *left_out,
	      struct err *err);
/* stream.c: an archive in place of the files. */
int stream_send(struct arena *arena, int fd, struct frame *frame, struct copy_left_out *left_out, struct err *err);
int stream_receive(struct arena *arena, int fd, struct frame *frame, struct copy_left_out *left_out, struct err *err);

int copy_receive(const struct place *place, bool archive, int fd, struct frame *frame, struct copy_left_out *left_out,
		 struct err *err);

#endif
