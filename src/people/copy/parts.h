/* SPDX-License-Identifier: Apache-2.0 */
/* parts: what the files of people/copy share and no one else sees. */
#ifndef BULKHEAD_PEOPLE_COPY_PARTS_H
#define BULKHEAD_PEOPLE_COPY_PARTS_H

#include <signal.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "kernel/rootfs.h"
#include "people/copy/copy.h"
#include "people/copy/wire.h"

/* Of a file that says that it is empty, as those of procfs do, and is not. */
#define COPY_UNSIZED_MAX ((size_t)4 << 20)

/* interrupt.c: while they are heeded, a signal that ends a process breaks off the call that waits, and what was made is
 * removed on the way out. Ignored: the verb's end is the other processes', too. */
#define COPY_SIGNALS 4
void copy_heed_signals(struct sigaction before[COPY_SIGNALS]);
void copy_restore_signals(const struct sigaction before[COPY_SIGNALS]);
void copy_ignore_signals(void);

/* ---- one side's files ---- */

struct place {
	const struct rootfs *root; /* NULL: this process's own root and directory */
	const char *path;
};

/* place.c: open(2) of text, a path of that place. Returns a descriptor or -errno. */
int place_open(const struct place *place, const char *text, int flags, bool no_follow);
/* The last component of path in name ("" for "/", "." and ".."), what stands before it in parent ("." or "/" for nothing). */
int place_split(const char *path, char parent[4096], char name[256]);
bool place_ends_in_slash(const char *path);

int copy_send(const struct place *place, bool follow, int fd, struct frame *frame, struct copy_left_out *left_out,
	      struct err *err);
/* pack.c: the frames become an archive on standard output. */
int copy_pack(struct arena *arena, int fd, struct frame *frame, struct copy_left_out *left_out, struct err *err);
/* unpack.c: the helper program makes frames of the archive on standard input. When it returns 0, nothing more comes. */
int copy_unpack(int fd, struct frame *frame, struct err *err);

int copy_receive(const struct place *place, bool archive, int fd, struct frame *frame, struct copy_left_out *left_out,
		 struct err *err);

#endif
