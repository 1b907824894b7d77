/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack_frames: an archive becomes the frames that a walk through directories would have sent (people/copy/wire.h). Runs in
 * bulkhead-unpack, for `bulkhead cp -`. Each name goes as one component; what leads out is refused here, by its name, and
 * could not be said to the receiver anyhow.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <string.h>
#include <syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "cmd/helpers/unpack.h"
#include "kernel/creds.h"
#include "kernel/landlock.h"
#include "people/copy/wire.h"

#define LINK_MAX_LENGTH 4095
#define ALL_OF_ABI_1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

struct unpacker {
	int archive_fd, fd; /* from the archive, to the receiver */
	struct archive *reader;
	struct frame *frame;
	const char *name; /* of the entry, as the archive has it */
	uint64_t received;
	bool ended; /* the archive's bytes have */
	bool begun; /* a first entry was read */
	char names[COPY_DEPTH_MAX][256]; /* of the directories that are open there */
	size_t depth;
	char block[UNPACK_BLOCK];
};

struct archive *unpack_new_reader(void)
{
	struct archive *reader = archive_read_new();

	if (!reader)
		return NULL;
	archive_read_support_filter_gzip(reader);
	archive_read_support_filter_zstd(reader);
	archive_read_support_format_tar(reader);
	return reader;
}

int unpack_frames_confine(void)
{
	static const unsigned int calls[] = {
		SYS_read, SYS_sendto, SYS_close, SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex, SYS_getrandom,
		SYS_clock_gettime, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_exit, SYS_exit_group,
	};
	int ruleset_fd cleanup_fd = landlock_abi() > 0 ? landlock_create(ALL_OF_ABI_1, 0, 0) : -EBADF;
	int result = creds_set_no_new_privs();

	if (result == 0 && ruleset_fd >= 0)
		result = landlock_restrict(ruleset_fd, 0);
	if (result == 0)
		result = unpack_set_limits(0, 0);
	return result < 0 ? result : unpack_give_up_power(0, calls, ARRAY_SIZE(calls));
}

/* ---- what is refused ---- */

static int refuse(struct err *err, const char *what, const char *fix)
{
	err_set(err, ERR_USAGE, "the archive on standard input %s", what);
	return err_fix(err, "%s", fix);
}

static int refuse_entry(const struct unpacker *unpacker, const char *what, struct err *err)
{
	err_set(err, ERR_USAGE, "the archive's entry %.200s %s", unpacker->name, what);
	return err_fix(err, "make the archive by tar without -P, from within its directory: tar c -C DIR .");
}

static int cut_off(struct err *err)
{
	return refuse(err, "ends too early", "it was cut off: make it anew, and look at the status of what makes it");
}

static int refuse_damaged(const struct unpacker *unpacker, struct err *err)
{
	const char *said = archive_error_string(unpacker->reader);

	if (unpacker->begun && unpacker->ended)
		return cut_off(err);
	refuse(err, unpacker->received ? "is no tar archive, or is damaged" : "is empty",
	       "tar c -C DIR . | bulkhead cp - CONTAINER:DIR; what neither gzip nor zstd has packed is unpacked before: "
	       "xzcat x.tar.xz | bulkhead cp - …");
	return said && unpacker->received ? err_why(err, "%s", said) : ERR;
}

/* ---- frames ---- */

static int send_plain(const struct unpacker *unpacker, enum frame_kind kind, struct err *err)
{
	memset(unpacker->frame, 0, offsetof(struct frame, data));
	unpacker->frame->kind = kind;
	return wire_send(unpacker->fd, unpacker->frame, err);
}

static int send_named(const struct unpacker *unpacker, enum frame_kind kind, struct archive_entry *entry, const char *name,
		      const char *data, struct err *err)
{
	struct frame *frame = unpacker->frame;

	memset(frame, 0, offsetof(struct frame, data));
	frame->kind = kind;
	frame->mode = archive_entry_perm(entry) & 0777;
	frame->uid = (uint32_t)archive_entry_uid(entry);
	frame->gid = (uint32_t)archive_entry_gid(entry);
	frame->seconds = archive_entry_mtime(entry);
	frame->nanoseconds = (uint32_t)archive_entry_mtime_nsec(entry);
	frame->length = kind == FRAME_FILE ? (uint64_t)archive_entry_size(entry) : 0;
	frame->size = (uint32_t)strlen(data);
	memcpy(frame->data, data, frame->size);
	strcpy(frame->name, name);
	return wire_send(unpacker->fd, frame, err);
}

/* One that no entry told of is made as any is. */
static int send_untold(const struct unpacker *unpacker, const char *name, struct archive_entry *entry, struct err *err)
{
	memset(unpacker->frame, 0, offsetof(struct frame, data));
	unpacker->frame->kind = FRAME_DIRECTORY;
	unpacker->frame->mode = 0755;
	unpacker->frame->uid = (uint32_t)archive_entry_uid(entry);
	unpacker->frame->gid = (uint32_t)archive_entry_gid(entry);
	unpacker->frame->seconds = time(NULL);
	strcpy(unpacker->frame->name, name);
	return wire_send(unpacker->fd, unpacker->frame, err);
}

static int send_data(const struct unpacker *unpacker, struct err *err)
{
	for (;;) {
		la_ssize_t count = archive_read_data(unpacker->reader, unpacker->frame->data, COPY_DATA_MAX);

		if (count < 0)
			return refuse_damaged(unpacker, err);
		if (count == 0)
			return send_plain(unpacker, FRAME_FILE_END, err);
		unpacker->frame->kind = FRAME_DATA;
		unpacker->frame->size = (uint32_t)count;
		if (wire_send(unpacker->fd, unpacker->frame, err))
			return ERR;
	}
}

/* ---- entries ---- */

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
	const char *path = unpacker->name, *name;
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

/* From the directory that the last entry was in to the first `count` of names; the last of them is the entry itself where
 * that is one. */
static int change_directory(struct unpacker *unpacker, char names[][256], size_t count, bool own,
			    struct archive_entry *entry, struct err *err)
{
	size_t common = 0;

	while (common < unpacker->depth && common < count && strcmp(unpacker->names[common], names[common]) == 0)
		common++;
	for (; unpacker->depth > common; unpacker->depth--)
		if (send_plain(unpacker, FRAME_UP, err))
			return ERR;
	for (; unpacker->depth < count; unpacker->depth++) {
		const char *name = names[unpacker->depth];

		if (own && unpacker->depth + 1 == count ? send_named(unpacker, FRAME_DIRECTORY, entry, name, "", err)
							: send_untold(unpacker, name, entry, err))
			return ERR;
		strcpy(unpacker->names[unpacker->depth], name);
	}
	return 0;
}

static int check_entry(struct unpacker *unpacker, struct archive_entry *entry, struct err *err)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
	const char *link = archive_entry_hardlink(entry) ?: archive_entry_symlink(entry);

	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return refuse_entry(unpacker, "has an owner that is no id of Linux", err);
	if (link && (!*link || strlen(link) > LINK_MAX_LENGTH))
		return refuse_entry(unpacker, "is a link to a name that is empty, or too long", err);
	if (archive_entry_sparse_count(entry) == 0)
		return 0;
	refuse_entry(unpacker, "is in GNU's sparse form, which is not read here", err);
	return err_fix(err, "make it without --sparse; holes then are zeros");
}

static int take_entry(struct unpacker *unpacker, struct archive_entry *entry, struct err *err)
{
	const char *hard_link = archive_entry_hardlink(entry), *link = archive_entry_symlink(entry), *name;
	bool is_directory = !hard_link && archive_entry_filetype(entry) == AE_IFDIR;
	char names[COPY_DEPTH_MAX + 1][256];
	size_t count;

	unpacker->name = archive_entry_pathname(entry) ?: "";
	if (split_name(unpacker, names, &count, err) || check_entry(unpacker, entry, err))
		return ERR;
	if (is_directory)
		return change_directory(unpacker, names, count, true, entry, err);
	if (!count)
		return refuse_entry(unpacker, "has no name", err);
	name = names[count - 1];
	if (change_directory(unpacker, names, count - 1, false, entry, err))
		return ERR;
	if (hard_link)
		return send_named(unpacker, FRAME_HARD_LINK, entry, name, hard_link, err);
	if (archive_entry_filetype(entry) == AE_IFREG)
		return send_named(unpacker, FRAME_FILE, entry, name, "", err) || send_data(unpacker, err) ? ERR : 0;
	if (archive_entry_filetype(entry) == AE_IFLNK)
		return send_named(unpacker, FRAME_LINK, entry, name, link ?: "", err);
	return send_named(unpacker, FRAME_LEFT_OUT, entry, name, "", err);
}

/* ---- the archive ---- */

static la_ssize_t read_block(struct archive *reader, void *context, const void **ret_block)
{
	struct unpacker *unpacker = context;
	ssize_t count;

	do
		count = read(unpacker->archive_fd, unpacker->block, sizeof(unpacker->block));
	while (count < 0 && errno == EINTR);
	if (count < 0)
		archive_set_error(reader, errno, "cannot read standard input: %s", strerror(errno));
	else if (count == 0)
		unpacker->ended = true;
	else
		unpacker->received += (uint64_t)count;
	*ret_block = unpacker->block;
	return count;
}

/* A name that is no UTF-8 where pax wants that is a name all the same: its bytes are kept. What else the library only warns of
 * may be a name that it could not read. */
static bool is_read(const struct unpacker *unpacker, int result)
{
	const char *said = archive_error_string(unpacker->reader);

	return result == ARCHIVE_OK || (result == ARCHIVE_WARN && said && strstr(said, "can't be converted"));
}

/* What makes the archive may have written more than belongs to it, and is to end as it would. */
static int read_to_end(struct unpacker *unpacker, struct err *err)
{
	const void *block;

	while (!unpacker->ended)
		if (read_block(unpacker->reader, unpacker, &block) < 0)
			return refuse_damaged(unpacker, err);
	return 0;
}

static int take_all(struct unpacker *unpacker, struct err *err)
{
	struct archive_entry *entry;
	int result;

	if (archive_read_open(unpacker->reader, unpacker, NULL, read_block, NULL) != ARCHIVE_OK)
		return refuse_damaged(unpacker, err);
	/* Its entries alone, into what is there. */
	if (send_plain(unpacker, FRAME_DIRECTORY, err))
		return ERR;
	while (is_read(unpacker, result = archive_read_next_header(unpacker->reader, &entry))) {
		unpacker->begun = true;
		if (take_entry(unpacker, entry, err))
			return ERR;
	}
	if (result != ARCHIVE_EOF)
		return refuse_damaged(unpacker, err);
	/* The library takes the end of the bytes for the archive's, too. */
	if (archive_filter_bytes(unpacker->reader, 0) == archive_read_header_position(unpacker->reader))
		return cut_off(err);
	for (size_t i = 0; i <= unpacker->depth; i++)
		if (send_plain(unpacker, FRAME_UP, err))
			return ERR;
	return read_to_end(unpacker, err) || send_plain(unpacker, FRAME_END, err) ? ERR : 0;
}

void unpack_frames(int archive_fd, int socket_fd, int confined)
{
	static struct unpacker unpacker;
	static struct frame frame;
	struct err err = ERR_INIT;

	unpacker = (struct unpacker){.archive_fd = archive_fd, .fd = socket_fd, .frame = &frame, .name = ""};
	unpacker.reader = unpack_new_reader();
	if (confined < 0) {
		err_sys(&err, confined, "seccomp", "cannot give up the power to do more than to read an archive");
		wire_send_error(socket_fd, &frame, &err);
	} else if (!unpacker.reader) {
		err_set(&err, ERR_INTERNAL, "out of memory for reading an archive");
		wire_send_error(socket_fd, &frame, &err);
	} else if (take_all(&unpacker, &err)) {
		wire_send_error(socket_fd, &frame, &err);
	}
	archive_read_free(unpacker.reader);
}
