/* SPDX-License-Identifier: Apache-2.0 */
/* logs: what a container said, from the lines that its monitor wrote. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/lifecycle.h"

#define FOLLOW_MS 100
#define READ_SIZE 65536

struct logs_options {
	const char *tail, *since, *until;
	bool follow, times, json;
};

struct reader {
	const struct logs_options *chosen;
	uint64_t skip;	  /* lines that --tail leaves out */
	char since[40];	  /* as in the log; "" for all */
	char until[40];	  /* the same */
	struct buf partial; /* a line whose end is not there yet */
	bool broken;
};

static const struct opt options[] = {
	{OPT_FLAG, 'f', "follow", NULL, "go on until it ends", offsetof(struct logs_options, follow)},
	{OPT_FLAG, 0, "json", NULL, "lines as they are kept: log, stream and time", offsetof(struct logs_options, json)},
	{OPT_STRING, 0, "since", "TIME", "2026-01-31T12:00:00Z, or 10m: not older", offsetof(struct logs_options, since)},
	{OPT_STRING, 'n', "tail", "LINES", "the last lines alone", offsetof(struct logs_options, tail)},
	{OPT_FLAG, 't', "timestamps", NULL, "the time before each line", offsetof(struct logs_options, times)},
	{OPT_STRING, 0, "until", "TIME", "in the same forms: not newer", offsetof(struct logs_options, until)},
	{.type = OPT_END},
};

static const char *string(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && value->type == JSON_STRING ? value->string : "";
}

/* A line that is no JSON was cut by a full disk: it is left out. */
static void take_line(struct reader *reader, const char *text, size_t size)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct err ignored = ERR_INIT;
	const char *said, *time, *stream;
	struct json *line;
	int fd;

	if (json_parse(&arena, MONITOR_LOG, text, size, &line, &ignored))
		return;
	said = string(line, "log");
	time = string(line, "time");
	stream = string(line, "stream");
	if (strcmp(time, reader->since) < 0 || strncmp(time, reader->until, strlen(reader->until)) > 0)
		return;
	if (reader->skip) {
		reader->skip--;
		return;
	}
	if (reader->chosen->json) {
		reader->broken |= fd_write_all(1, text, size) < 0 || fd_write_all(1, "\n", 1) < 0;
		return;
	}
	fd = strcmp(stream, "stdout") == 0 ? 1 : 2;
	if (reader->chosen->times)
		reader->broken |= fd_write_all(fd, time, strlen(time)) < 0 || fd_write_all(fd, " ", 1) < 0;
	reader->broken |= fd_write_all(fd, said, strlen(said)) < 0;
}

/* What the file has from here on. */
static void take_file(struct reader *reader, int fd)
{
	static char data[READ_SIZE];
	ssize_t count;

	while (!reader->broken && (count = read(fd, data, sizeof(data))) > 0) {
		const char *at = data, *end = data + count, *newline;

		while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
			buf_add(&reader->partial, at, (size_t)(newline - at));
			take_line(reader, reader->partial.data ? reader->partial.data : "", reader->partial.length);
			reader->partial.length = 0;
			at = newline + 1;
		}
		buf_add(&reader->partial, at, (size_t)(end - at));
	}
}

static uint64_t count_lines(int fd)
{
	static char data[READ_SIZE];
	uint64_t lines = 0;
	ssize_t count;

	while ((count = read(fd, data, sizeof(data))) > 0)
		for (ssize_t i = 0; i < count; i++)
			lines += data[i] == '\n';
	lseek(fd, 0, SEEK_SET);
	return lines;
}

static int read_time(const char *option, const char *text, char *buf, size_t size, struct err *err)
{
	static const struct {
		char letter;
		long seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;
	long number = strtol(text, &end, 10);

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (end != text && end[0] == units[i].letter && !end[1] && number >= 0 && number < 1000000) {
			time_t then = time(NULL) - number * units[i].seconds;
			struct tm parts;

			gmtime_r(&then, &parts);
			strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &parts);
			return 0;
		}
	if (strlen(text) >= 10 && strlen(text) < size && text[4] == '-' && text[7] == '-') {
		/* A day or a second is the beginning of the log's own form. */
		snprintf(buf, size, "%.*s", (int)strcspn(text, "Z"), text);
		return 0;
	}
	err_set(err, ERR_USAGE, "%s cannot be \"%s\"", option, text);
	return err_fix(err, "10m, 2h, 1d, or a time such as 2026-01-31T12:00:00Z");
}

static bool is_newest(struct people *people, const char *name, int fd, int *ret_newest_fd)
{
	struct stat ours, newest;
	struct err gone = ERR_INIT;
	int newest_fd cleanup_fd = -EBADF;

	if (monitor_open_file(&people->engine, name, MONITOR_LOG, &newest_fd, &gone) || newest_fd < 0 ||
	    fstat(fd, &ours) != 0 || fstat(newest_fd, &newest) != 0 || ours.st_ino == newest.st_ino)
		return true;
	*ret_newest_fd = fd_take(&newest_fd);
	return false;
}

/* The files change their names when the newest is full; the open one is read to its end first. */
static void follow(struct people *people, const char *name, struct reader *reader, int *fd)
{
	bool last = false;

	while (!reader->broken && !last) {
		struct timespec pause = {.tv_nsec = FOLLOW_MS * 1000000L};
		struct arena arena cleanup_arena = ARENA_INIT;
		struct err gone = ERR_INIT;
		int newest_fd = -EBADF;
		struct life life;

		/* Asked before reading: what was said before the end is read after it. */
		last = life_find(people, name, &arena, &life, &gone) ||
		       (!life_is_running(&life) && !life.record.monitored && !life.record.restarting);
		take_file(reader, *fd);
		if (!is_newest(people, name, *fd, &newest_fd)) {
			take_file(reader, *fd);
			fd_close(fd);
			*fd = newest_fd;
			take_file(reader, *fd);
		}
		if (!last)
			nanosleep(&pause, NULL);
	}
}

static int open_logs(struct people *people, const char *name, int *fds, struct err *err)
{
	for (int i = 0; i < MONITOR_LOG_FILES_MAX; i++) {
		char file[32];

		snprintf(file, sizeof(file), i ? "%s.%d" : "%s", MONITOR_LOG, i);
		if (monitor_open_file(&people->engine, name, file, &fds[i], err))
			return ERR;
	}
	if (fds[0] >= 0)
		return 0;
	err_set(err, ERR_STATE, "container %s has no log", name);
	err_why(err, "it was not started with a monitor: its output went where it was started");
	return err_fix(err, "bulkhead run --detach keeps a log");
}

static int print(struct people *people, const char *name, struct reader *reader, int *fds, struct err *err)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	uint64_t wanted = UINT64_MAX, lines = 0;
	struct life life;

	if (reader->chosen->tail && strcmp(reader->chosen->tail, "all") != 0 &&
	    cli_number("--tail", reader->chosen->tail, UINT32_MAX, &wanted, err))
		return ERR;
	if (reader->chosen->since && read_time("--since", reader->chosen->since, reader->since, sizeof(reader->since), err))
		return ERR;
	if (reader->chosen->until && read_time("--until", reader->chosen->until, reader->until, sizeof(reader->until), err))
		return ERR;
	if (life_find(people, name, &arena, &life, err) || open_logs(people, name, fds, err))
		return ERR;
	for (int i = MONITOR_LOG_FILES_MAX - 1; i >= 0 && wanted != UINT64_MAX; i--)
		lines += fds[i] >= 0 ? count_lines(fds[i]) : 0;
	reader->skip = lines > wanted ? lines - wanted : 0;
	for (int i = MONITOR_LOG_FILES_MAX - 1; i >= 0; i--)
		if (fds[i] >= 0)
			take_file(reader, fds[i]);
	if (reader->chosen->follow)
		follow(people, name, reader, &fds[0]);
	return 0;
}

static int logs(int argc, char **argv, void *context)
{
	struct logs_options chosen = {0};
	struct reader reader = {.chosen = &chosen, .partial = BUF_INIT};
	struct people *people = context;
	struct err err = ERR_INIT;
	int fds[MONITOR_LOG_FILES_MAX];
	int operands, result, status = life_parse(people, &verb_logs, argc, argv, &chosen, 1, 1, &operands);

	if (status != LIFE_GO_ON)
		return status;
	for (int i = 0; i < MONITOR_LOG_FILES_MAX; i++)
		fds[i] = -EBADF;
	result = print(people, argv[0], &reader, fds, &err);
	for (int i = 0; i < MONITOR_LOG_FILES_MAX; i++)
		fd_close(&fds[i]);
	buf_done(&reader.partial);
	if (result)
		return life_fail(people, &err);
	return reader.broken ? CLI_ERROR : CLI_OK;
}

const struct opt_verb verb_logs = {
	.name = "logs",
	.synopsis = "[options] CONTAINER",
	.summary = "Print what a container said.",
	.examples = "  bulkhead logs web\n"
		    "  bulkhead logs --follow --tail 20 web\n"
		    "  bulkhead logs --since 10m --timestamps web\n"
		    "  bulkhead logs --json web | jq -r 'select(.stream == \"stderr\").log'\n",
	.options = options,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = logs,
};
