/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar: archives as a stream, written: ustar, with heads of pax for names that are too long and numbers that are too large
 * for it. Runs in the verb. None is read here: that is done by bulkhead-unpack, where nothing is within reach.
 */
#ifndef BULKHEAD_PEOPLE_COPY_TAR_H
#define BULKHEAD_PEOPLE_COPY_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TAR_BLOCK    512
#define TAR_NAME_MAX 4096

enum tar_kind { TAR_FILE, TAR_DIRECTORY, TAR_SYMLINK };

struct tar_entry {
	enum tar_kind kind;
	uint32_t mode, uid, gid;
	int64_t seconds;
	uint64_t size; /* of a file */
	char name[TAR_NAME_MAX], link[TAR_NAME_MAX];
};

/* The entry's head; then size bytes of data in any pieces, and tar_write_padding. */
int tar_write_head(int fd, const struct tar_entry *entry, struct err *err);
int tar_write(int fd, const void *data, size_t size, struct err *err);
int tar_write_padding(int fd, uint64_t size, struct err *err);
int tar_write_end(int fd, struct err *err);

#endif
