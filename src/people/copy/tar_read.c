/* SPDX-License-Identifier: Apache-2.0 */
/* tar_read: see tar.h. The head of each entry, with the heads before it that only describe it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/types.h"
#include "people/copy/parts.h"
#include "people/copy/tar.h"

#define DESCRIPTION_MAX 65536

/* POSIX.1-1988, with the prefix of ustar. */
struct head {
	char name[100], mode[8], uid[8], gid[8], size[12], time[12], sum[8], type, link[100], magic[6], version[2], user[32],
		group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct head) == TAR_BLOCK, "a head is one block");

static int refuse(struct err *err, const char *what, const char *fix)
{
	err_set(err, ERR_USAGE, "the archive on standard input %s", what);
	return err_fix(err, "%s", fix);
}

static int cut_off(struct err *err)
{
	return refuse(err, "ends too early", "it was cut off: make it anew, and look at the status of what makes it");
}

/* Up to size bytes; fewer at the end of the stream. */
static int read_bytes(const struct tar_reader *reader, void *data, size_t size, size_t *ret_count, struct err *err)
{
	size_t count = 0;

	while (count < size) {
		ssize_t got = read(reader->fd, (char *)data + count, size - count);

		if (got == 0)
			break;
		if (got < 0 && (errno != EINTR || copy_is_interrupted()))
			return err_sys(err, errno, "read", "cannot read standard input");
		count += got > 0 ? (size_t)got : 0;
	}
	*ret_count = count;
	return 0;
}

static int read_all(const struct tar_reader *reader, void *data, size_t size, struct err *err)
{
	size_t count;

	if (read_bytes(reader, data, size, &count, err))
		return ERR;
	return count == size ? 0 : cut_off(err);
}

static int skip(struct tar_reader *reader, struct err *err)
{
	char block[8192];

	for (uint64_t left = reader->left + reader->padding; left;) {
		size_t size = left < sizeof(block) ? (size_t)left : sizeof(block);

		if (read_all(reader, block, size, err))
			return ERR;
		left -= size;
	}
	reader->left = reader->padding = 0;
	return 0;
}

int tar_read(struct tar_reader *reader, void *data, size_t size, size_t *ret_count, struct err *err)
{
	size_t wanted = reader->left < size ? (size_t)reader->left : size;

	if (wanted && read_all(reader, data, wanted, err))
		return ERR;
	reader->left -= wanted;
	*ret_count = wanted;
	return 0;
}

/* Octal digits, or, where the first bit is set, the number itself. false: neither, or more than 63 bits. */
static bool read_number(const char *field, size_t size, uint64_t *ret)
{
	bool binary = (unsigned char)field[0] == 0x80;
	uint64_t value = 0;
	size_t i = binary ? 1 : 0;

	while (!binary && i < size && field[i] == ' ')
		i++;
	for (; i < size; i++) {
		unsigned char byte = (unsigned char)field[i];

		if (!binary && (byte < '0' || byte > '7'))
			break;
		if (value >> (binary ? 55 : 60))
			return false;
		value = binary ? value << 8 | byte : value << 3 | (byte - '0');
	}
	*ret = value;
	return binary || i == size || field[i] == ' ' || field[i] == '\0';
}

static bool sum_is_right(const struct head *head)
{
	const unsigned char *bytes = (const unsigned char *)head;
	uint64_t told, sum = 0;

	for (size_t i = 0; i < sizeof(*head); i++)
		sum += i >= offsetof(struct head, sum) && i < offsetof(struct head, type) ? ' ' : bytes[i];
	return read_number(head->sum, sizeof(head->sum), &told) && told == sum;
}

static bool is_zero(const struct head *head)
{
	static const struct head zero;

	return memcmp(head, &zero, sizeof(zero)) == 0;
}

static int refuse_other(const struct head *head, struct err *err)
{
	static const struct {
		const char *magic, *fix;
	} packed[] = {
		{"\x1f\x8b", "unpack it before: zcat x.tar.gz | bulkhead cp - …"},
		{"\x28\xb5\x2f\xfd", "unpack it before: zstdcat x.tar.zst | bulkhead cp - …"},
		{"\xfd" "7zXZ", "unpack it before: xzcat x.tar.xz | bulkhead cp - …"},
		{"BZh", "unpack it before: bzcat x.tar.bz2 | bulkhead cp - …"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(packed); i++)
		if (memcmp(head, packed[i].magic, strlen(packed[i].magic)) == 0)
			return refuse(err, "is compressed", packed[i].fix);
	return refuse(err, "is no tar archive, or is damaged", "tar c -C DIR . | bulkhead cp - CONTAINER:DIR");
}

/* What pax or GNU tar say about the entry that comes next. */
struct described {
	bool name, link, size, uid, gid, time;
};

static bool copy_text(char *to, const char *text, size_t size)
{
	if (size >= TAR_NAME_MAX || memchr(text, '\0', size))
		return false;
	memcpy(to, text, size);
	to[size] = '\0';
	return true;
}

/* "12.5" of a time is 12. */
static bool read_decimal(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && errno == 0 && (*end == '\0' || *end == '.') && *ret <= max;
}

/* key=value, which ends with a NUL; what is not known here makes no difference to what is copied. */
static bool take_record(char *key, size_t size, struct tar_entry *entry, struct described *described)
{
	char *value = memchr(key, '=', size);
	uint64_t number = 0;
	size_t length;

	if (!value)
		return false;
	*value++ = '\0';
	length = size - (size_t)(value - key);
	if (strcmp(key, "path") == 0)
		return described->name = copy_text(entry->name, value, length);
	if (strcmp(key, "linkpath") == 0)
		return described->link = copy_text(entry->link, value, length);
	if (strcmp(key, "size") == 0) {
		described->size = read_decimal(value, INT64_MAX, &entry->size);
		return described->size;
	}
	if (strcmp(key, "mtime") == 0) {
		described->time = read_decimal(value, INT64_MAX, &number);
		entry->seconds = (int64_t)number;
		return true;
	}
	if (strcmp(key, "uid") == 0) {
		described->uid = read_decimal(value, UINT32_MAX, &number);
		entry->uid = (uint32_t)number;
		return described->uid;
	}
	if (strcmp(key, "gid") == 0) {
		described->gid = read_decimal(value, UINT32_MAX, &number);
		entry->gid = (uint32_t)number;
		return described->gid;
	}
	return true;
}

static int refuse_sparse(struct err *err)
{
	return refuse(err, "holds a file in GNU's sparse form, which is not read here",
		      "make it without --sparse; holes then are zeros");
}

/* Records "LENGTH key=value\n". */
static int take_records(char *text, size_t size, struct tar_entry *entry, struct described *described, struct err *err)
{
	for (size_t at = 0; at < size;) {
		char *key;
		uint64_t length = strtoull(text + at, &key, 10);

		if (text[at] < '0' || text[at] > '9' || *key != ' ' || length > size - at ||
		    (size_t)(key + 2 - (text + at)) > length || text[at + length - 1] != '\n')
			return refuse_other((const struct head *)text, err);
		key++;
		text[at + length - 1] = '\0';
		if (strncmp(key, "GNU.sparse.", 11) == 0)
			return refuse_sparse(err);
		if (!take_record(key, (size_t)(text + at + length - 1 - key), entry, described))
			return refuse(err, "has a name or a number that is too large, or damaged",
				      "make it anew, by GNU tar or another that keeps to POSIX");
		at += length;
	}
	return 0;
}

static int read_description(struct tar_reader *reader, char type, struct tar_entry *entry, struct described *described,
			    struct err *err)
{
	char text[DESCRIPTION_MAX + TAR_BLOCK] = "";
	size_t size = (size_t)reader->left;

	if (type == 'g')
		return skip(reader, err);
	if (reader->left > DESCRIPTION_MAX)
		return refuse(err, "describes an entry in more than 64 KiB", "make it anew, without extended attributes");
	if (read_all(reader, text, size, err))
		return ERR;
	reader->left = 0;
	if (skip(reader, err))
		return ERR;
	if (type == 'x')
		return take_records(text, size, entry, described, err);
	size = strnlen(text, size);
	if (type == 'L')
		described->name = copy_text(entry->name, text, size);
	else
		described->link = copy_text(entry->link, text, size);
	if (type == 'L' ? described->name : described->link)
		return 0;
	return refuse(err, "has a name of more than 4 KiB", "no file system has such names: make it anew");
}

static enum tar_kind kind_of(const struct head *head, const char *name)
{
	size_t length = strlen(name);

	switch (head->type) {
	case '\0':
	case '0':
	case '7':
		return length && name[length - 1] == '/' ? TAR_DIRECTORY : TAR_FILE;
	case '1':
		return TAR_HARD_LINK;
	case '2':
		return TAR_SYMLINK;
	case '5':
		return TAR_DIRECTORY;
	default:
		return TAR_OTHER;
	}
}

/* What the head says and no description has said. */
static int take_head(struct tar_reader *reader, const struct head *head, const struct described *described,
		     struct tar_entry *entry, struct err *err)
{
	bool prefixed = memcmp(head->magic, "ustar", sizeof(head->magic)) == 0 && head->prefix[0];
	uint64_t mode, uid, gid, time, size;

	if (!read_number(head->mode, sizeof(head->mode), &mode) || !read_number(head->uid, sizeof(head->uid), &uid) ||
	    !read_number(head->gid, sizeof(head->gid), &gid) || !read_number(head->size, sizeof(head->size), &size) ||
	    size > INT64_MAX || (!described->uid && uid > UINT32_MAX) || (!described->gid && gid > UINT32_MAX))
		return refuse_other(head, err);
	if (!described->name) {
		size_t before = prefixed ? strnlen(head->prefix, sizeof(head->prefix)) : 0;

		memcpy(entry->name, head->prefix, before);
		if (prefixed)
			entry->name[before++] = '/';
		copy_text(entry->name + before, head->name, strnlen(head->name, sizeof(head->name)));
	}
	if (!described->link)
		copy_text(entry->link, head->link, strnlen(head->link, sizeof(head->link)));
	entry->mode = (uint32_t)mode & 07777;
	if (!described->uid)
		entry->uid = (uint32_t)uid;
	if (!described->gid)
		entry->gid = (uint32_t)gid;
	if (!described->time)
		entry->seconds = read_number(head->time, sizeof(head->time), &time) ? (int64_t)time : 0;
	if (!described->size)
		entry->size = size;
	entry->kind = kind_of(head, entry->name);
	/* A link or a directory has no data, whatever its size says. */
	if (entry->kind != TAR_FILE && entry->kind != TAR_OTHER)
		entry->size = 0;
	reader->left = entry->size;
	reader->padding = (uint32_t)(-entry->size % TAR_BLOCK);
	return 0;
}

static int read_head(struct tar_reader *reader, struct head *head, bool *ret_end, struct err *err)
{
	size_t count;

	if (read_bytes(reader, head, sizeof(*head), &count, err))
		return ERR;
	if (count == 0 && !reader->begun)
		return refuse(err, "is empty", "tar c -C DIR . | bulkhead cp - CONTAINER:DIR");
	if (count < sizeof(*head))
		return reader->begun ? cut_off(err) : refuse_other(head, err);
	reader->begun = true;
	*ret_end = is_zero(head);
	if (*ret_end)
		return read_all(reader, head, sizeof(*head), err);
	return sum_is_right(head) ? 0 : refuse_other(head, err);
}

int tar_next(struct tar_reader *reader, struct tar_entry *ret_entry, bool *ret_end, struct err *err)
{
	struct described described = {false};
	struct head head = {.name = ""};

	if (skip(reader, err))
		return ERR;
	for (;;) {
		uint64_t size;

		if (read_head(reader, &head, ret_end, err))
			return ERR;
		if (*ret_end)
			return 0;
		if (head.type == 'S')
			return refuse_sparse(err);
		if (head.type == 'M')
			return refuse(err, "is one volume of several", "make it in one piece");
		if (!strchr("xgLK", head.type) || !head.type)
			return take_head(reader, &head, &described, ret_entry, err);
		if (!read_number(head.size, sizeof(head.size), &size))
			return refuse_other(&head, err);
		reader->left = size;
		reader->padding = (uint32_t)(-size % TAR_BLOCK);
		if (read_description(reader, head.type, ret_entry, &described, err))
			return ERR;
	}
}
