/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor: the process that stays with a detached container. It is the container's parent, holds the terminal or the
 * pipes, writes the log, serves those who attach, and records how the container ended. While it does, it is contained
 * itself. It confines nothing: a container whose monitor was killed is as contained as before, and its state says so.
 *
 * In the container's state directory:
 *   monitor.json   what was asked for, and which process is the monitor
 *   exit.json      how it ended; its room is taken at the start, so that a full disk does not keep the end from being known
 *   stopped        a person ended it: it is not started again
 *   attach.sock    SOCK_SEQPACKET; one frame a message, see enum monitor_frame
 *   log.json, log.json.1 …   newest first
 */
#ifndef BULKHEAD_PEOPLE_MONITOR_MONITOR_H
#define BULKHEAD_PEOPLE_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/engine/engine.h"

#define MONITOR_LOG	      "log.json"
#define MONITOR_LOG_FILES_MAX 8

enum monitor_restart { MONITOR_RESTART_NO, MONITOR_RESTART_ON_FAILURE, MONITOR_RESTART_ALWAYS, MONITOR_RESTART_UNLESS_STOPPED };

struct monitor_options {
	bool terminal, interactive, remove;
	enum monitor_restart restart;
	uint64_t restart_max; /* of ON_FAILURE; 0: without end */
	uint64_t log_size;    /* of one file, in bytes */
	uint64_t log_files;   /* at most MONITOR_LOG_FILES_MAX */
	struct strings labels, command;
	const char *source;
	uint16_t rows, columns; /* of the terminal; 0: not known */
	bool attached;		/* the caller stays: *ret_client_fd is wanted */
};

/*
 * Make the container and its monitor, which outlives the caller. Returns when the program runs. *ret_client_fd: a
 * connection as monitor_connect gives it, made before the program began; only with options->attached. warn: for what
 * the engine warns of.
 */
int monitor_start(const struct engine *engine, const struct engine_create *create, const struct monitor_options *options,
		  int *ret_client_fd, struct err *err);

/* What is recorded of a container's monitor. */
struct monitor_record {
	bool present;	/* it was started with a monitor */
	bool monitored; /* which is alive */
	bool restarting; /* it has ended, and will be started again */
	struct monitor_options options;
	uint64_t restarts;
	pid_t pid, keeper; /* keeper: 0 unless something is to be done after the end */
	uint64_t started_ns;
	bool ended; /* the following are known */
	int status;
	bool oom;
	uint64_t ended_ns;
};

/* Strings live in arena. A record that cannot be read is as none: it decides nothing. ERR_STATE without the container. */
int monitor_record_read(const struct engine *engine, const char *id, struct arena *arena, struct monitor_record *ret,
			struct err *err);
const char *monitor_restart_name(enum monitor_restart restart);
/* "no", "on-failure", "on-failure:3", "always", "unless-stopped" */
int monitor_restart_parse(const char *text, struct monitor_options *options, struct err *err);
/* From now on it is not started again. */
int monitor_mark_stopped(const struct engine *engine, const char *id, struct err *err);
/* Open a file of the container's directory for reading; -EBADF without an error when there is none. */
int monitor_open_file(const struct engine *engine, const char *id, const char *name, int *ret_fd, struct err *err);

/* The first byte of each message of attach.sock. */
enum monitor_frame {
	MONITOR_ATTACH = 'a', /* to the monitor: output is wanted, from now on */
	MONITOR_INPUT = 'i',  /* to: bytes for standard input */
	MONITOR_INPUT_END = 'z',
	MONITOR_SIZE = 'w',  /* to: rows and columns, each uint16_t in this machine's order */
	MONITOR_OUT = 'o',   /* from: bytes of standard output or of the terminal */
	MONITOR_ERROR = 'x', /* from: bytes of standard error */
	MONITOR_END = 'e',   /* from: the exit status, an int */
};
#define MONITOR_FRAME_MAX 8193 /* with the byte that says which */

/* ERR_STATE when there is no monitor. */
int monitor_connect(const struct engine *engine, const char *id, int *ret_fd, struct err *err);

/*
 * Connect standard streams with a monitor until the container ends, the keys are pressed, or the connection breaks. With
 * a terminal on both sides the caller's is raw meanwhile and restored on each way out.
 */
struct monitor_client {
	int fd;
	bool terminal, input;
	const char *detach_keys; /* bytes; NULL: control-p control-q; "": none */
	void (*forward)(void *context, int signal); /* without a terminal: a signal for the container */
	void *context;
};
enum monitor_parting { MONITOR_PARTED_END, MONITOR_PARTED_DETACHED, MONITOR_PARTED_LOST, MONITOR_PARTED_SIGNAL };
/* *ret_status: the exit status, or with MONITOR_PARTED_SIGNAL 128 + its number. */
int monitor_attend(const struct monitor_client *client, enum monitor_parting *ret_parting, int *ret_status,
		   struct err *err);
/* "ctrl-p,ctrl-q", "a": bytes, in buf. */
int monitor_keys_parse(const char *text, char *buf, size_t size, struct err *err);

#endif
