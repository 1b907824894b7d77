/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar: archives as a stream: ustar, with what pax and GNU tar add for long names and large numbers. Runs in the verb, on the
 * caller's side. An archive is believed in nothing: each number and name is checked before it is used, and what is no file,
 * directory or link is told as that. Compressed, sparse and split archives are refused by name.
 */
#ifndef BULKHEAD_PEOPLE_COPY_TAR_H
#define BULKHEAD_PEOPLE_COPY_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TAR_BLOCK    512
#define TAR_NAME_MAX 4096

enum tar_kind { TAR_FILE, TAR_DIRECTORY, TAR_SYMLINK, TAR_HARD_LINK, TAR_OTHER };

struct tar_entry {
	enum tar_kind kind;
	uint32_t mode, uid, gid;
	int64_t seconds;
	uint64_t size; /* of a file */
	char name[TAR_NAME_MAX], link[TAR_NAME_MAX];
};

struct tar_reader {
	int fd;
	bool begun;
	uint64_t left;	 /* of the data of the last entry */
	uint32_t padding; /* behind it */
};

/* *ret_end: there are no more, and the archive ended as one must. Errors: ERR_USAGE for what is no such archive. */
int tar_next(struct tar_reader *reader, struct tar_entry *ret_entry, bool *ret_end, struct err *err);
/* At most size bytes of the last entry's data; *ret_count is 0 behind the last one. */
int tar_read(struct tar_reader *reader, void *data, size_t size, size_t *ret_count, struct err *err);

/* The entry's head; then size bytes of data in any pieces, and tar_write_padding. */
int tar_write_head(int fd, const struct tar_entry *entry, struct err *err);
int tar_write(int fd, const void *data, size_t size, struct err *err);
int tar_write_padding(int fd, uint64_t size, struct err *err);
int tar_write_end(int fd, struct err *err);

#endif
