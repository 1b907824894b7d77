/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: an archive in place of one side's files. What comes on standard input becomes the frames that a walk through
 * directories would have sent; the frames of the container become an archive on standard output. Runs in the verb.
 */
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "people/copy/parts.h"
#include "people/copy/tar.h"

/* ---- in ---- */

struct unpacker {
	int fd; /* to the receiver */
	struct frame *frame;
	struct copy_left_out *left_out;
	struct tar_reader reader;
	struct tar_entry entry;
	char names[COPY_DEPTH_MAX][256]; /* of the directories that are open there */
	size_t depth;
};

static int send_entry(struct unpacker *unpacker, enum frame_kind kind, const char *name, struct err *err)
{
	const struct tar_entry *entry = &unpacker->entry;
	struct frame *frame = unpacker->frame;

	memset(frame, 0, offsetof(struct frame, data));
	frame->kind = kind;
	frame->mode = entry->mode & 0777;
	frame->uid = entry->uid;
	frame->gid = entry->gid;
	frame->seconds = entry->seconds;
	frame->length = entry->size;
	strcpy(frame->name, name);
	if (kind == FRAME_LINK || kind == FRAME_HARD_LINK) {
		frame->size = (uint32_t)strlen(entry->link);
		memcpy(frame->data, entry->link, frame->size);
	}
	return wire_send(unpacker->fd, frame, err);
}

static int send_plain(struct unpacker *unpacker, enum frame_kind kind, struct err *err)
{
	memset(unpacker->frame, 0, offsetof(struct frame, data));
	unpacker->frame->kind = kind;
	return wire_send(unpacker->fd, unpacker->frame, err);
}

static int refuse_entry(const struct unpacker *unpacker, const char *what, struct err *err)
{
	err_set(err, ERR_USAGE, "the archive's entry %s %s", unpacker->entry.name, what);
	return err_fix(err, "make the archive by tar without -P, from within its directory: tar c -C DIR .");
}

/* What stands before the next slash; *path moves behind it. Empty ones and "." are passed over. false: there is none. */
static bool next_name(const char **path, const char **ret_name, size_t *ret_length)
{
	for (;;) {
		*path += strspn(*path, "/");
		*ret_name = *path;
		*ret_length = strcspn(*path, "/");
		*path += *ret_length;
		if (*ret_length != 1 || **ret_name != '.')
			return *ret_length > 0;
	}
}

/* The name's components; count may be 0, for "./". */
static int split_name(const struct unpacker *unpacker, char names[COPY_DEPTH_MAX + 1][256], size_t *ret_count, struct err *err)
{
	const char *path = unpacker->entry.name, *name;
	size_t length;

	*ret_count = 0;
	if (*path == '/' || !*path)
		return refuse_entry(unpacker, *path ? "has an absolute name" : "has no name", err);
	while (next_name(&path, &name, &length)) {
		if (length == 2 && name[0] == '.' && name[1] == '.')
			return refuse_entry(unpacker, "leads out (..)", err);
		if (length > 255 || *ret_count == COPY_DEPTH_MAX)
			return refuse_entry(unpacker, "has a name that is too long, or too deep", err);
		memcpy(names[*ret_count], name, length);
		names[(*ret_count)++][length] = '\0';
	}
	return 0;
}

/* From the directory that the last entry was in to the first `count` of names; what no entry told of is made as any is. */
static int change_directory(struct unpacker *unpacker, char names[][256], size_t count, struct err *err)
{
	struct tar_entry own = unpacker->entry, *entry = &unpacker->entry;
	size_t common = 0;

	while (common < unpacker->depth && common < count && strcmp(unpacker->names[common], names[common]) == 0)
		common++;
	for (; unpacker->depth > common; unpacker->depth--)
		if (send_plain(unpacker, FRAME_UP, err))
			return ERR;
	for (; unpacker->depth < count; unpacker->depth++) {
		const char *name = names[unpacker->depth];
		bool described = own.kind == TAR_DIRECTORY && unpacker->depth + 1 == count;
		int result;

		if (!described) {
			entry->mode = 0755;
			entry->seconds = time(NULL);
		}
		result = send_entry(unpacker, FRAME_DIRECTORY, name, err);
		*entry = own;
		if (result)
			return ERR;
		strcpy(unpacker->names[unpacker->depth], name);
	}
	return 0;
}

static int send_data(struct unpacker *unpacker, struct err *err)
{
	struct frame *frame = unpacker->frame;

	for (;;) {
		size_t count;

		if (tar_read(&unpacker->reader, frame->data, COPY_DATA_MAX, &count, err))
			return ERR;
		if (!count)
			return send_plain(unpacker, FRAME_FILE_END, err);
		frame->kind = FRAME_DATA;
		frame->size = (uint32_t)count;
		if (wire_send(unpacker->fd, frame, err))
			return ERR;
	}
}

static int unpack_entry(struct unpacker *unpacker, struct err *err)
{
	char names[COPY_DEPTH_MAX + 1][256];
	const char *name;
	size_t count;

	if (split_name(unpacker, names, &count, err))
		return ERR;
	if (unpacker->entry.kind == TAR_DIRECTORY)
		return change_directory(unpacker, names, count, err);
	if (!count)
		return refuse_entry(unpacker, "has no name", err);
	name = names[count - 1];
	if (change_directory(unpacker, names, count - 1, err))
		return ERR;
	switch (unpacker->entry.kind) {
	case TAR_FILE:
		return send_entry(unpacker, FRAME_FILE, name, err) || send_data(unpacker, err) ? ERR : 0;
	case TAR_SYMLINK:
		return send_entry(unpacker, FRAME_LINK, name, err);
	case TAR_HARD_LINK:
		return send_entry(unpacker, FRAME_HARD_LINK, name, err);
	default:
		if (!unpacker->left_out->count++)
			strcpy(unpacker->left_out->first, name);
		return send_entry(unpacker, FRAME_LEFT_OUT, name, err);
	}
}

static int unpack(struct unpacker *unpacker, struct err *err)
{
	bool end = false;

	/* Its entries alone, into what is there. */
	if (send_plain(unpacker, FRAME_DIRECTORY, err))
		return ERR;
	for (;;) {
		if (tar_next(&unpacker->reader, &unpacker->entry, &end, err))
			return ERR;
		if (end)
			break;
		if (unpack_entry(unpacker, err))
			return ERR;
	}
	for (size_t i = 0; i <= unpacker->depth; i++)
		if (send_plain(unpacker, FRAME_UP, err))
			return ERR;
	return send_plain(unpacker, FRAME_END, err);
}

int stream_send(struct arena *arena, int fd, struct frame *frame, struct copy_left_out *left_out, struct err *err)
{
	struct unpacker *unpacker = arena_calloc(arena, 1, sizeof(*unpacker));

	if (!unpacker)
		return err_set(err, ERR_INTERNAL, "out of memory for the archive");
	unpacker->fd = fd;
	unpacker->frame = frame;
	unpacker->left_out = left_out;
	unpacker->reader.fd = STDIN_FILENO;
	return unpack(unpacker, err);
}

/* ---- out ---- */

struct packer {
	int fd; /* from the sender */
	struct frame *frame;
	struct copy_left_out *left_out;
	struct tar_entry entry;
	char path[TAR_NAME_MAX]; /* of the directory that is open, with a slash behind it; "" at first */
	size_t ends[COPY_DEPTH_MAX + 2], depth; /* how much of it is each one's parent */
	char unsized[COPY_UNSIZED_MAX];
};

static int went_wrong(const struct packer *packer, struct err *err)
{
	err_set(err, ERR_USAGE, "%s changed while it was read, and the archive is not whole", packer->entry.name);
	return err_fix(err, "do it again, or pause the container meanwhile: bulkhead pause");
}

/* FRAME_DATA of at most so much, or FRAME_FILE_END. */
static int next_data(struct packer *packer, uint64_t max, struct err *err)
{
	if (wire_receive(packer->fd, packer->frame, err))
		return ERR;
	if (packer->frame->kind == FRAME_FILE_END)
		return 0;
	if (packer->frame->kind != FRAME_DATA)
		return wire_take_end(packer->frame, err) ? ERR : went_wrong(packer, err);
	return packer->frame->size <= max ? 0 : went_wrong(packer, err);
}

static int pack_sized(struct packer *packer, struct err *err)
{
	uint64_t left = packer->entry.size;

	if (tar_write_head(STDOUT_FILENO, &packer->entry, err))
		return ERR;
	for (;;) {
		if (next_data(packer, left, err))
			return ERR;
		if (packer->frame->kind == FRAME_FILE_END)
			break;
		if (tar_write(STDOUT_FILENO, packer->frame->data, packer->frame->size, err))
			return ERR;
		left -= packer->frame->size;
	}
	return left ? went_wrong(packer, err) : tar_write_padding(STDOUT_FILENO, packer->entry.size, err);
}

/* A file of the kernel says that it is empty, and is not: how long it is must be known before it is written. */
static int pack_unsized(struct packer *packer, struct err *err)
{
	size_t size = 0;

	for (;;) {
		if (next_data(packer, COPY_UNSIZED_MAX - size, err))
			return ERR;
		if (packer->frame->kind == FRAME_FILE_END)
			break;
		memcpy(packer->unsized + size, packer->frame->data, packer->frame->size);
		size += packer->frame->size;
	}
	packer->entry.size = size;
	return tar_write_head(STDOUT_FILENO, &packer->entry, err) ||
	       tar_write(STDOUT_FILENO, packer->unsized, size, err) || tar_write_padding(STDOUT_FILENO, size, err) ? ERR : 0;
}

/* What the frame says, under its whole name. A directory's has a slash behind it. */
static int take_entry(struct packer *packer, enum tar_kind kind, struct err *err)
{
	const struct frame *frame = packer->frame;
	struct tar_entry *entry = &packer->entry;
	const char *name = *frame->name ? frame->name : "."; /* of what was named alone: "DIR/." */
	size_t length = strlen(packer->path), more = strlen(name), link = kind == TAR_SYMLINK ? frame->size : 0;

	if (strchr(name, '/') || strcmp(name, "..") == 0 || (packer->depth && strcmp(name, ".") == 0) ||
	    link >= sizeof(entry->link))
		return err_set(err, ERR_INTERNAL, "the other side sent the name \"%s\"", name);
	if (length + more + 2 > sizeof(entry->name)) {
		err_set(err, ERR_USAGE, "the name of %s has more than %d bytes with its directories", name, TAR_NAME_MAX - 2);
		return err_fix(err, "copy what is below by itself");
	}
	memset(entry, 0, offsetof(struct tar_entry, name));
	entry->kind = kind;
	entry->mode = frame->mode & 0777;
	entry->uid = frame->uid;
	entry->gid = frame->gid;
	entry->seconds = frame->seconds;
	entry->size = kind == TAR_FILE ? frame->length : 0;
	memcpy(entry->name, packer->path, length);
	memcpy(entry->name + length, name, more);
	memcpy(entry->name + length + more, "/", 2);
	if (kind != TAR_DIRECTORY)
		entry->name[length + more] = '\0';
	memcpy(entry->link, frame->data, link);
	entry->link[link] = '\0';
	return 0;
}

static int enter_directory(struct packer *packer, struct err *err)
{
	size_t end = strlen(packer->path);

	if (packer->depth + 1 == ARRAY_SIZE(packer->ends))
		return err_set(err, ERR_INTERNAL, "the other side sent more than %d directories deep", COPY_DEPTH_MAX);
	if (take_entry(packer, TAR_DIRECTORY, err) || tar_write_head(STDOUT_FILENO, &packer->entry, err))
		return ERR;
	packer->ends[packer->depth++] = end;
	strcpy(packer->path, packer->entry.name);
	return 0;
}

static int pack_frame(struct packer *packer, struct err *err)
{
	switch (packer->frame->kind) {
	case FRAME_DIRECTORY:
		return enter_directory(packer, err);
	case FRAME_UP:
		if (!packer->depth)
			return err_set(err, ERR_INTERNAL, "the other side left a directory that it was not in");
		packer->path[packer->ends[--packer->depth]] = '\0';
		return 0;
	case FRAME_FILE:
		if (take_entry(packer, TAR_FILE, err))
			return ERR;
		return packer->entry.size ? pack_sized(packer, err) : pack_unsized(packer, err);
	case FRAME_LINK:
		return take_entry(packer, TAR_SYMLINK, err) || tar_write_head(STDOUT_FILENO, &packer->entry, err) ? ERR : 0;
	default:
		if (!packer->left_out->count++)
			memcpy(packer->left_out->first, packer->frame->name, sizeof(packer->frame->name));
		return 0;
	}
}

int stream_receive(struct arena *arena, int fd, struct frame *frame, struct copy_left_out *left_out, struct err *err)
{
	struct packer *packer = arena_calloc(arena, 1, sizeof(*packer));

	if (!packer)
		return err_set(err, ERR_INTERNAL, "out of memory for the archive");
	packer->fd = fd;
	packer->frame = frame;
	packer->left_out = left_out;
	for (;;) {
		if (wire_receive(fd, frame, err))
			return ERR;
		if (frame->kind == FRAME_END)
			return tar_write_end(STDOUT_FILENO, err);
		if (frame->kind != FRAME_DIRECTORY && frame->kind != FRAME_UP && frame->kind != FRAME_FILE &&
		    frame->kind != FRAME_LINK && frame->kind != FRAME_LEFT_OUT)
			return wire_take_end(frame, err);
		if (pack_frame(packer, err))
			return ERR;
	}
}
