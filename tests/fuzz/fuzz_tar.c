/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of archives that `bulkhead cp -` is given, on any bytes: it ends, its names end, and an entry that it has read is
 * the same when our writer writes it and it is read again.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "people/copy/tar.h"

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

static void check_again(const struct tar_entry *entry)
{
	static struct tar_entry again;
	int fd cleanup_fd = file_of("", 0);
	struct tar_reader reader = {.fd = fd};
	struct err err = ERR_INIT;
	bool end = false;

	if (entry->kind == TAR_OTHER)
		return;
	require(tar_write_head(fd, entry, &err) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	require(tar_next(&reader, &again, &end, &err) == 0 && !end);
	require(again.uid == entry->uid && again.gid == entry->gid && again.mode == entry->mode && again.size == entry->size);
	require(strcmp(again.name, entry->name) == 0);
	require(again.kind == entry->kind || entry->name[strlen(entry->name) - 1] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tar_entry entry;
	int fd cleanup_fd = file_of(data, size);
	struct tar_reader reader = {.fd = fd};
	struct err err = ERR_INIT;
	char piece[1000];
	bool end = false;
	size_t count = 1;

	while (tar_next(&reader, &entry, &end, &err) == 0 && !end) {
		require(memchr(entry.name, '\0', sizeof(entry.name)) && memchr(entry.link, '\0', sizeof(entry.link)));
		if (*entry.name)
			check_again(&entry);
		for (count = 1; count;)
			if (tar_read(&reader, piece, sizeof(piece), &count, &err))
				return 0;
	}
	require(end || err.kind != ERR_NONE);
	return 0;
}
