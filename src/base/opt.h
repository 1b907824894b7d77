/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt: command lines as tables. One table per verb makes the parser, the help, the completions and what the man page
 * is checked against. Accepted forms: --name V, --name=V, -name V, -name=V (engines use single-dash long options),
 * -x V; flags of one letter together (-it) where no option has that name; repeated options (the last wins unless
 * OPT_LIST); "--" ends the options.
 */
#ifndef BULKHEAD_BASE_OPT_H
#define BULKHEAD_BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum opt_type {
	OPT_END,
	OPT_FLAG,   /* bool; also --name=true|false */
	OPT_STRING, /* const char * */
	OPT_OPTIONAL, /* const char *: the value follows "=" or is absent: --cwd, --cwd=rw; "" when absent */
	OPT_U64,    /* uint64_t */
	OPT_LIST,   /* struct opt_list: each use appends */
	OPT_IGNORE, /* accepted with a value, without effect */
	OPT_IGNORE_FLAG,
};

#define OPT_LIST_MAX 4096
struct opt_list {
	const char **items; /* points into argv's strings; the array is the caller's, of OPT_LIST_MAX entries at most */
	size_t count, capacity;
};

struct opt {
	enum opt_type type;
	char letter;	      /* 0 when there is no short form */
	const char *name;     /* without dashes */
	const char *argument; /* "FILE", shown in the help; NULL for flags */
	const char *help;     /* NULL: accepted, but not shown */
	size_t offset;	      /* of the target in the struct given to opt_parse */
};

/* An exit status and what it means; an array ends with {NULL}. */
struct opt_status {
	const char *status; /* "0", "128 + n" */
	const char *meaning;
};

struct opt_verb {
	const char *name;
	const char *synopsis; /* "[options] CONTAINER": after the program's and the verb's names */
	const char *summary;  /* one line, for the list of verbs */
	const char *examples; /* lines, each indented by two blanks; NULL when there is none */
	const struct opt *options;
	const struct opt_status *statuses; /* shown in the help; NULL: none are */
	bool mixed; /* options may stand after the first operand too */
	bool separated; /* "--" right behind the first operand is left out: SOURCE [--] COMMAND */
	int (*run)(int argc, char **argv, void *context); /* returns the exit status */
};

/* A program: its own options, and its verbs. */
struct opt_program {
	const char *name;
	const struct opt_verb *global;
	const struct opt_verb *const *verbs;
	size_t verbs_count;
};

/*
 * Parse argv[1…argc-1] of a verb into *target. *ret_operands is the number of operands, which are moved to the front of
 * argv (argv[0] is the first). Without `mixed` the first operand ends the options. `--help` or `-h` sets *ret_help.
 * Errors: ERR_USAGE that names the option and, for an unknown one, the nearest name.
 */
int opt_parse(const struct opt_verb *verb, int argc, char **argv, void *target, int *ret_operands, bool *ret_help,
	      struct err *err);

/* Add the verb's help to out, from its table; program is "bulkhead-oci". */
void opt_add_help(struct buf *out, const char *program, const struct opt_verb *verb);
/* The program's own help: its options, and a line for each verb. */
void opt_add_program_help(struct buf *out, const struct opt_program *program);
/* The verb of that name; or NULL with ERR_USAGE, which says the nearest one. */
const struct opt_verb *opt_find_verb(const struct opt_program *program, const char *name, struct err *err);

/* The nearest of names (NULL-terminated) to word by edit distance, or NULL when none is near. */
const char *opt_nearest(const char *word, const char *const *names);

#endif
