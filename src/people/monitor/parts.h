/* SPDX-License-Identifier: Apache-2.0 */
/* parts: what the files of people/monitor share and no one else sees. */
#ifndef BULKHEAD_PEOPLE_MONITOR_PARTS_H
#define BULKHEAD_PEOPLE_MONITOR_PARTS_H

#include "core/state/state.h"
#include "people/monitor/monitor.h"

#define MONITOR_FILE	    "monitor.json"
#define MONITOR_EXIT_FILE   "exit.json"
#define MONITOR_STOPPED     "stopped"
#define MONITOR_SOCKET	    "attach.sock"
#define MONITOR_RECORD_SIZE ((size_t)4 << 20)

/* ---- log.c: lines of JSON in a ring of files that are open from the start ---- */

struct log {
	int dir_fd; /* not owned */
	int fds[MONITOR_LOG_FILES_MAX]; /* newest first */
	size_t files;
	uint64_t size_max, size;
	uint64_t dropped; /* lines since the last one that could be written */
};

#define LOG_LINE_MAX 8192
/* What came on one stream since its last newline. */
struct log_stream {
	const char *name; /* "stdout" */
	char data[LOG_LINE_MAX];
	size_t length;
};

int log_open(struct log *log, const struct state_dir *dir, const struct monitor_options *options, struct err *err);
/* Never fails and never waits: what cannot be written is counted, and told as soon as there is room. */
void log_add(struct log *log, struct log_stream *stream, const char *data, size_t size);
/* The rest that had no newline. */
void log_flush(struct log *log, struct log_stream *stream);

/* ---- record.c ---- */

int record_write(const struct state_dir *dir, const struct monitor_record *record, struct err *err);
/* Take the room for exit.json. */
int record_exit_prepare(const struct state_dir *dir, int *ret_fd, struct err *err);
void record_exit(const struct state_dir *dir, int fd, int status, bool oom);
bool record_is_stopped(const struct state_dir *dir);

/* ---- relay.c ---- */

struct relay_start {
	int pidfd, console_fd, out_fd, error_fd, input_fd, listen_fd, client_fd; /* -EBADF where there is none */
	uid_t uid; /* who may attach, beside root: asked for before the filter, which has no call for that */
	struct log *log;
};
/* Until the process has ended and all it said is passed on; *ret_status as waitpid gives it. */
struct relay;
struct relay *relay_make(struct arena *arena, const struct relay_start *start);
int relay_run(struct relay *relay, int *ret_status);
/* Tell those who are connected. */
void relay_tell_end(struct relay *relay, int status);

/* ---- contain.c: give up all that the relay does not need ---- */
int contain_self(uint64_t file_size_max, struct err *err);

#endif
