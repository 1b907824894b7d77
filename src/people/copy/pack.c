/* SPDX-License-Identifier: Apache-2.0 */
/* pack: the container's frames become an archive on standard output. Runs in the verb. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "people/copy/parts.h"
#include "people/copy/tar.h"

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

int copy_pack(struct arena *arena, int fd, struct frame *frame, struct copy_left_out *left_out, struct err *err)
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
