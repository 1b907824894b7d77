/* SPDX-License-Identifier: Apache-2.0 */
/* tar_write: see tar.h. ustar; what does not fit in it is said in a head of pax before. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "people/copy/parts.h"
#include "people/copy/tar.h"

#define OCTAL_7	 UINT64_C(07777777)
#define OCTAL_11 UINT64_C(077777777777)

/* Where in a head what stands, and how long it is. */
enum { NAME = 0, MODE = 100, UID = 108, GID = 116, SIZE = 124, TIME = 136, SUM = 148, TYPE = 156, LINK = 157, MAGIC = 257 };
#define NAME_SIZE 100

int tar_write(int fd, const void *data, size_t size, struct err *err)
{
	const char *at = data;

	while (size) {
		ssize_t count = write(fd, at, size);

		if (count < 0 && (errno != EINTR || copy_interrupted()))
			return err_sys(err, errno, "write", "cannot write the archive to standard output");
		at += count > 0 ? count : 0;
		size -= count > 0 ? (size_t)count : 0;
	}
	return 0;
}

int tar_write_padding(int fd, uint64_t size, struct err *err)
{
	static const char zeros[TAR_BLOCK];

	return tar_write(fd, zeros, (size_t)(-size % TAR_BLOCK), err);
}

int tar_write_end(int fd, struct err *err)
{
	static const char zeros[2 * TAR_BLOCK];

	return tar_write(fd, zeros, sizeof(zeros), err);
}

/* digits, and a NUL behind them. */
static void put_number(char *field, int digits, uint64_t number, uint64_t max)
{
	snprintf(field, (size_t)digits + 1, "%0*llo", digits, (unsigned long long)(number <= max ? number : 0));
}

static int write_block(int fd, const struct tar_entry *entry, char type, struct err *err)
{
	char head[TAR_BLOCK] = "";
	uint64_t seconds = entry->seconds > 0 ? (uint64_t)entry->seconds : 0;
	unsigned int sum = 0;

	memcpy(head + NAME, entry->name, strnlen(entry->name, NAME_SIZE));
	put_number(head + MODE, 7, entry->mode, OCTAL_7);
	put_number(head + UID, 7, entry->uid, OCTAL_7);
	put_number(head + GID, 7, entry->gid, OCTAL_7);
	put_number(head + SIZE, 11, entry->size, OCTAL_11);
	put_number(head + TIME, 11, seconds, OCTAL_11);
	memset(head + SUM, ' ', 8);
	head[TYPE] = type;
	memcpy(head + LINK, entry->link, strnlen(entry->link, NAME_SIZE));
	memcpy(head + MAGIC, "ustar\0" "00", 8);
	for (size_t i = 0; i < sizeof(head); i++)
		sum += (unsigned char)head[i];
	snprintf(head + SUM, 8, "%06o", sum);
	return tar_write(fd, head, sizeof(head), err);
}

/* "LENGTH key=value\n", where the length counts itself. */
static size_t add_record(char *to, size_t size, const char *key, const char *value)
{
	size_t length = strlen(key) + strlen(value) + 3, digits = 1;

	for (size_t bound = 10; length + digits >= bound; bound *= 10)
		digits++;
	return (size_t)snprintf(to, size, "%zu %s=%s\n", length + digits, key, value);
}

static size_t add_number(char *to, size_t size, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return add_record(to, size, key, text);
}

static int write_description(int fd, const struct tar_entry *entry, struct err *err)
{
	struct tar_entry head = {.name = "././@PaxHeader", .mode = 0644};
	char text[2 * TAR_NAME_MAX + 256];
	size_t size = 0;

	if (strlen(entry->name) > NAME_SIZE)
		size += add_record(text + size, sizeof(text) - size, "path", entry->name);
	if (strlen(entry->link) > NAME_SIZE)
		size += add_record(text + size, sizeof(text) - size, "linkpath", entry->link);
	if (entry->size > OCTAL_11)
		size += add_number(text + size, sizeof(text) - size, "size", entry->size);
	if (entry->uid > OCTAL_7)
		size += add_number(text + size, sizeof(text) - size, "uid", entry->uid);
	if (entry->gid > OCTAL_7)
		size += add_number(text + size, sizeof(text) - size, "gid", entry->gid);
	if (!size)
		return 0;
	head.size = size;
	return write_block(fd, &head, 'x', err) || tar_write(fd, text, size, err) || tar_write_padding(fd, size, err) ? ERR : 0;
}

int tar_write_head(int fd, const struct tar_entry *entry, struct err *err)
{
	static const char types[] = {[TAR_FILE] = '0', [TAR_DIRECTORY] = '5', [TAR_SYMLINK] = '2'};

	return write_description(fd, entry, err) || write_block(fd, entry, types[entry->kind], err) ? ERR : 0;
}
