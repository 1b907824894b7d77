/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: what a container says, as lines of JSON with Docker's member names. All files are open from the start and change
 * their names in a ring, so that the monitor needs no call that opens anything. Runs in the monitor.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "people/monitor/parts.h"

static void file_name(char *buf, size_t size, size_t number)
{
	if (number == 0)
		snprintf(buf, size, "%s", MONITOR_LOG);
	else
		snprintf(buf, size, "%s.%zu", MONITOR_LOG, number);
}

int log_open(struct log *log, const struct state_dir *dir, const struct monitor_options *options, struct err *err)
{
	char name[32];
	off_t end;

	*log = (struct log){.dir_fd = dir->fd, .files = options->log_files, .size_max = options->log_size};
	for (size_t i = 0; i < MONITOR_LOG_FILES_MAX; i++)
		log->fds[i] = -EBADF;
	for (size_t i = 0; i < log->files; i++) {
		file_name(name, sizeof(name), i);
		log->fds[i] = openat(dir->fd, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (log->fds[i] < 0)
			return err_sys(err, errno, "openat", "cannot make the log of container %s", dir->id);
	}
	end = lseek(log->fds[0], 0, SEEK_END);
	log->size = end > 0 ? (uint64_t)end : 0;
	return 0;
}

/* The oldest becomes the newest, empty. */
static void rotate(struct log *log)
{
	char from[32], to[32];
	int oldest_fd = log->fds[log->files - 1];

	file_name(from, sizeof(from), log->files - 1);
	(void)!renameat(log->dir_fd, from, log->dir_fd, MONITOR_LOG ".next");
	for (size_t i = log->files - 1; i > 0; i--) {
		file_name(from, sizeof(from), i - 1);
		file_name(to, sizeof(to), i);
		(void)!renameat(log->dir_fd, from, log->dir_fd, to);
		log->fds[i] = log->fds[i - 1];
	}
	(void)!ftruncate(oldest_fd, 0);
	(void)!renameat(log->dir_fd, MONITOR_LOG ".next", log->dir_fd, MONITOR_LOG);
	log->fds[0] = oldest_fd;
	log->size = 0;
}

/* Whole, or not at all. */
static bool put(struct log *log, const struct buf *line)
{
	ssize_t written;

	if (line->failed)
		return false;
	if (log->size && log->size + line->length > log->size_max)
		rotate(log);
	written = write(log->fds[0], line->data, line->length);
	if (written == (ssize_t)line->length) {
		log->size += line->length;
		return true;
	}
	if (written > 0)
		(void)!ftruncate(log->fds[0], (off_t)log->size);
	return false;
}

static void format_line(struct buf *line, const char *stream, const char *text)
{
	struct json_writer writer = JSON_WRITER(line, 0);
	struct timespec now;
	struct tm parts;
	char time[48];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	snprintf(time, sizeof(time), "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", parts.tm_year + 1900, parts.tm_mon + 1,
		 parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_nsec);
	json_begin_object(&writer);
	json_member_string(&writer, "log", text);
	json_member_string(&writer, "stream", stream);
	json_member_string(&writer, "time", time);
	json_end_object(&writer);
	buf_puts(line, "\n");
}

static void write_line(struct log *log, const char *stream, const char *text)
{
	struct buf line cleanup_buf = BUF_INIT;
	char told[96];

	if (log->dropped) {
		struct buf notice cleanup_buf = BUF_INIT;

		snprintf(told, sizeof(told), "%llu lines are missing here: they could not be written\n",
			 (unsigned long long)log->dropped);
		format_line(&notice, "monitor", told);
		if (put(log, &notice))
			log->dropped = 0;
	}
	format_line(&line, stream, text);
	if (log->dropped || !put(log, &line))
		log->dropped++;
}

/* A NUL would end the text: it is shown as the space that a terminal makes of it. */
static void flush(struct log *log, struct log_stream *stream, size_t length)
{
	char text[LOG_LINE_MAX + 1];

	for (size_t i = 0; i < length; i++)
		text[i] = (char)(stream->data[i] ? stream->data[i] : ' ');
	text[length] = '\0';
	write_line(log, stream->name, text);
	memmove(stream->data, stream->data + length, stream->length - length);
	stream->length -= length;
}

/* Where a full line is cut: before a character that is not whole. */
static size_t whole_characters(const struct log_stream *stream)
{
	size_t at = stream->length;

	for (int i = 0; i < 4 && at > 1; i++) {
		unsigned char byte = (unsigned char)stream->data[--at];

		if (byte < 0x80)
			return stream->length;
		if (byte >= 0xc0) {
			size_t wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;

			return stream->length - at < wanted ? at : stream->length;
		}
	}
	return stream->length;
}

void log_add(struct log *log, struct log_stream *stream, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		stream->data[stream->length++] = data[i];
		if (data[i] == '\n')
			flush(log, stream, stream->length);
		else if (stream->length == sizeof(stream->data))
			flush(log, stream, whole_characters(stream));
	}
}

void log_flush(struct log *log, struct log_stream *stream)
{
	if (stream->length)
		flush(log, stream, stream->length);
}
