/* SPDX-License-Identifier: Apache-2.0 */
/* unpack: what the files of bulkhead-unpack share. */
#ifndef BULKHEAD_CMD_HELPERS_UNPACK_H
#define BULKHEAD_CMD_HELPERS_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#define UNPACK_BLOCK (64 * 1024)

struct archive;

/* ---- unpack_confine.c: -errno, and then nothing was read yet ---- */

/* Processor time, memory, no dumps; files of at most so many bytes, and so many descriptors. */
int unpack_set_limits(uint64_t file_max, uint64_t descriptors_max);
/* Of all capabilities those alone; no new privileges, and no system call but `calls` and memory without PROT_EXEC. */
int unpack_give_up_power(uint64_t capabilities, const unsigned int *calls, size_t count);

/* ---- unpack_frames.c ---- */

/* A reader of what both modes read: tar in each of its forms, plain or packed by gzip or zstd. NULL: out of memory. */
struct archive *unpack_new_reader(void);

/* Before the first byte: no file, no capability, no descriptor more, no call but what reads one and writes the other. */
int unpack_frames_confine(void);
/* The archive of one descriptor as frames of people/copy into the other, a socket; an error is said there, too, first of all
 * that of unpack_frames_confine. */
void unpack_frames(int archive_fd, int socket_fd, int confined);

#endif
