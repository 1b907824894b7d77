/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: one refusal or failure, complete enough to be printed, logged, or sent from the child to the runtime in one
 * message. Fixed size, no pointers, no allocation: it works after fork and when memory is gone.
 *
 * Two tiers: kernel/ returns -errno. Everything above returns 0 or ERR (-1) and fills a struct err.
 * Only cmd/ prints.
 */
#ifndef BULKHEAD_BASE_ERR_H
#define BULKHEAD_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define ERR (-1)

enum err_kind {
	ERR_NONE,
	ERR_USAGE,	 /* the command line is wrong */
	ERR_CONFIG,	 /* a file that the caller wrote is wrong: config.json, process.json, a profile */
	ERR_STATE,	 /* the container is not in a state that allows this, or does not exist */
	ERR_KERNEL,	 /* the kernel refused a call: errnum and call say which */
	ERR_UNSUPPORTED, /* this kernel, machine or build lacks what was asked for */
	ERR_COMMAND,	 /* the container's program could not be executed */
	ERR_INTERNAL,	 /* an invariant does not hold: a bug of ours, or tampering; always fatal */
	ERR_KIND_COUNT
};

struct err {
	enum err_kind kind;
	int errnum;	 /* positive errno, or 0 when no call failed */
	char call[40];	 /* name of the system call, "" when none */
	char what[320];	 /* "cannot mount proc on /proc": no newline, no final stop, without strerror */
	char where[200]; /* place that asked for it: "config.json#/mounts/0", "" when unknown */
	char why[400];	 /* sentence after "because", "" when unknown */
	char fix[400];	 /* sentence after "try", "" when there is none */
};

#define ERR_INIT ((struct err){.kind = ERR_NONE})

/*
 * Each err_… that starts an error overwrites *err whole and returns ERR, so that callers write
 * `return err_config(err, …)`. Text that does not fit is cut at its end, at a UTF-8 border, and marked with "…".
 * Control characters in the formatted text are shown escaped (\n as "\\n"), so that names cannot forge lines.
 */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A failed system call. errnum: errno value, either sign. */
int err_sys(struct err *err, int errnum, const char *call, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Add to an error that is already set; they return ERR too. err_where and err_why keep what is there already:
 * the innermost place knows most. err_fix replaces: the outermost knows what the caller can change. */
int err_where(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_why(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_fix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Put "PREFIX: " before what: "cannot create container web1: cannot mount …" */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The error as text: one line ("cannot mount proc on /proc: Operation not permitted"), and, when `long_form`, the
 * indented lines "asked by", "because" and "try" for those fields that are set. Always NUL-terminated; no newline at
 * the end. Returns the length written.
 */
size_t err_format(const struct err *err, bool long_form, char *buf, size_t size);

/* The C library's text for errnum (either sign), from a table of our own: usable in a child after clone. */
const char *err_text(int errnum);
/* "EPERM" for 1; NULL when unknown. */
const char *err_name(int errnum);

#endif
