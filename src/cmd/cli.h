/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli: what both programs share towards the caller: the log file in the form that engines read, errors and warnings,
 * exit statuses, and words of the command line that are numbers or names. Only cmd/ prints.
 */
#ifndef BULKHEAD_CMD_CLI_H
#define BULKHEAD_CMD_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/opt.h"

#define CLI_OCI_VERSION "1.3.0" /* of the runtime-spec */

enum cli_status {
	CLI_OK = 0,
	CLI_ERROR = 1,
	CLI_EXEC_FAILED = 255, /* exec: engines tell it from the command's own status */
};

/* The tables of this program: verbs.c of its folder. */
extern const struct opt_program cli_program;

struct cli {
	const char *program;
	const char *log_path, *log_format; /* --log, --log-format */
	int log_fd; /* -EBADF without --log */
	bool json;
	bool one_line; /* an error on standard error, too: someone else's program reads it */
	struct buf warnings; /* for the log file, held back until the verb has succeeded */
};

/*
 * Open the log file, which engines expect even when nothing is logged. From now on cli_warn writes for this one.
 * Errors: ERR_USAGE for an unknown format, ERR_KERNEL for a file that cannot be opened.
 */
int cli_log_open(struct cli *cli, struct err *err);

/*
 * First of all in main: a standard descriptor that the caller has closed becomes /dev/null. Else the first file that is opened
 * would stand for it: messages would be written into it, and the contained program would read it. false: no /dev/null.
 */
bool cli_open_standard_fds(void);

/* An error that ends the verb: to standard error in full, in lines of its own or, with one_line, in a single one; to the
 * log file as exactly one line. */
void cli_error(struct cli *cli, const struct err *err);
/*
 * A warning: to standard error, or to the log file when there is one. There it appears only when the verb succeeds:
 * engines read the whole file of a failing call as one JSON object. Fits struct engine.warn.
 */
void cli_warn(const char *text);
/* A line in the form of the log, to the log file or, without one, to standard error. Fits struct engine.debug. */
void cli_debug(const char *text);
/* The last call: writes what was held back. Returns status. */
int cli_finish(struct cli *cli, int status);

/* Print what is in buf to standard output; CLI_ERROR, with a message, when that fails. */
int cli_print(struct cli *cli, const struct buf *out);

/* A verb's --help, by cli_print. */
int cli_print_help(struct cli *cli, const struct opt_verb *verb);

/* "9", "KILL" or "SIGKILL", also "RTMIN+3". ERR_USAGE with the nearest name. */
int cli_signal_number(const char *text, int *ret_signal, struct err *err);
/* A decimal number of at most max, nothing else. what: "--user". */
int cli_number(const char *what, const char *text, uint64_t max, uint64_t *ret, struct err *err);

#endif
