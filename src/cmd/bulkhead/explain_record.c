/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_record: what was explained of a container stays in a file beside the states of containers, a line a record, at
 * most RECORD_FILE_MAX long: `explain --last` tells it again. As many files are kept as FILES_MAX; the oldest go first.
 * Only containers that were watched have one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "cmd/bulkhead/explain.h"
#include "core/state/state.h"

#define DIRECTORY	"@explain" /* no id holds this character */
#define RECORD_FILE_MAX ((size_t)256 << 10)
#define FILES_MAX	64

/* The directory below the state root, made when create is set; -EBADF where there is none. */
static int open_directory(struct people *people, bool create, int *ret_fd, struct err *err)
{
	int root_fd cleanup_fd = -EBADF;

	if (state_root_open(people->engine.root, people->engine.program, create, &root_fd, err))
		return ERR;
	if (create && mkdirat(root_fd, DIRECTORY, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "mkdir", "cannot keep what is explained in %s", DIRECTORY);
	*ret_fd = openat(root_fd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? err_sys(err, errno, "open", "cannot open %s", DIRECTORY) : 0;
}

/* The oldest file goes when there are too many. */
static void make_room(int directory_fd)
{
	int copy_fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy_fd >= 0 ? fdopendir(copy_fd) : NULL;
	char oldest[STATE_ID_MAX + 1] = "";
	struct timespec when = {0};
	struct dirent *entry;
	size_t count = 0;

	while (list && (entry = readdir(list))) {
		struct stat status;

		if (entry->d_name[0] == '.' || fstatat(directory_fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		count++;
		if (oldest[0] && (status.st_mtim.tv_sec > when.tv_sec || (status.st_mtim.tv_sec == when.tv_sec &&
									   status.st_mtim.tv_nsec >= when.tv_nsec)))
			continue;
		when = status.st_mtim;
		snprintf(oldest, sizeof(oldest), "%s", entry->d_name);
	}
	if (count >= FILES_MAX)
		unlinkat(directory_fd, oldest, 0);
	if (list)
		closedir(list);
	else
		fd_close(&copy_fd);
}

/* The first line and the last: what `explain --last` needs beside the records. Written even when the file is full. */
static void put_line(struct explain_story *story, const char *type)
{
	struct buf line cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&line, 0);

	json_begin_object(&writer);
	json_member_string(&writer, "type", type);
	json_member_u64(&writer, "tier", story->observe.ready.tier);
	json_member_string(&writer, "reason", story->observe.ready.reason);
	json_member_u64(&writer, "seen", story->end.seen);
	json_member_u64(&writer, "lost", story->end.lost + story->unrecorded);
	json_member_u64(&writer, "limited", story->end.limited);
	json_member_u64(&writer, "repeated", story->end.repeated);
	json_end_object(&writer);
	buf_puts(&line, "\n");
	if (!line.failed)
		fd_write_all(story->record_fd, line.data, line.length);
}

int explain_record_begin(struct explain_story *story, const char *id, struct err *err)
{
	int directory_fd cleanup_fd = -EBADF;

	if (open_directory(story->people, true, &directory_fd, err))
		return ERR;
	make_room(directory_fd);
	unlinkat(directory_fd, id, 0);
	story->record_fd = openat(directory_fd, id, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (story->record_fd < 0)
		return err_sys(err, errno, "open", "cannot keep what is explained of %s", id);
	put_line(story, "begin");
	return 0;
}

static void append(struct explain_story *story, const struct buf *line)
{
	if (line->failed || story->recorded + line->length > RECORD_FILE_MAX) {
		story->unrecorded++;
		return;
	}
	if (fd_write_all(story->record_fd, line->data, line->length) == 0)
		story->recorded += line->length;
}

void explain_record_put(struct explain_story *story, const struct record *record)
{
	struct buf line cleanup_buf = BUF_INIT;

	if (story->record_fd < 0)
		return;
	record_write_json(record, &line);
	append(story, &line);
}

void explain_record_end(struct explain_story *story)
{
	if (story->record_fd < 0)
		return;
	put_line(story, "end");
	fd_close(&story->record_fd);
}

/* ---- --last ---- */

static uint64_t number_of(const struct json *line, const char *key)
{
	uint64_t value = 0;

	json_u64(json_get(line, key), &value);
	return value;
}

static void read_frame(struct explain_story *story, const struct json *line, bool ended)
{
	const struct json *reason = json_get(line, "reason");

	story->end.seen = number_of(line, "seen");
	story->end.lost = number_of(line, "lost");
	story->end.limited = number_of(line, "limited");
	story->end.repeated = number_of(line, "repeated");
	story->observe.ready.tier = (uint32_t)number_of(line, "tier");
	if (reason && reason->type == JSON_STRING)
		snprintf(story->observe.ready.reason, sizeof(story->observe.ready.reason), "%s", reason->string);
	story->ended = ended;
}

static int take_line(struct explain_story *story, struct arena *arena, const char *id, const char *text, size_t length,
		     struct err *err)
{
	const struct json *type;
	struct record record;
	struct json *line;

	if (json_parse(arena, id, text, length, &line, err))
		return ERR;
	type = json_get(line, "type");
	if (type && type->type == JSON_STRING && (strcmp(type->string, "end") == 0 || strcmp(type->string, "begin") == 0))
		read_frame(story, line, type->string[0] == 'e');
	else if (record_read_json(line, &record))
		explain_story_add(story, &record);
	return 0;
}

static int no_record(struct people *people, const char *id, struct err *err)
{
	err_set(err, ERR_STATE, "nothing is recorded of container %s", id);
	err_why(err, "a container is recorded only while it is explained");
	return err_fix(err, "%s run --explain --name %s …, or %s explain %s while it runs", people->cli.program, id,
		       people->cli.program, id);
}

int explain_record_read(struct explain_story *story, struct arena *arena, const char *id, struct err *err)
{
	int directory_fd cleanup_fd = -EBADF, fd cleanup_fd = -EBADF;
	char *text = arena_alloc(arena, RECORD_FILE_MAX + 4096);
	struct err none = ERR_INIT;
	ssize_t length;

	if (!text)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (state_check_id(id, err))
		return ERR;
	if (open_directory(story->people, false, &directory_fd, &none))
		return none.errnum == ENOENT ? no_record(story->people, id, err) : (*err = none, ERR);
	fd = openat(directory_fd, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	length = fd >= 0 ? fd_read_text(fd, text, RECORD_FILE_MAX + 4096) : 0;
	if (length <= 0)
		return no_record(story->people, id, err);
	for (char *line = text, *end; line < text + length && (end = strchr(line, '\n')); line = end + 1)
		if (take_line(story, arena, id, line, (size_t)(end - line), err))
			return ERR;
	return 0;
}
