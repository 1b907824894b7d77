/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main: the program for people: global options, then a verb from a table. Runs with the caller's power and no more: no
 * setuid, no daemon.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cmd/bulkhead/people.h"

#define PROGRAM "bulkhead"

static int print_help(struct people *people)
{
	struct buf out cleanup_buf = BUF_INIT;

	opt_add_program_help(&out, &cli_program);
	return cli_print(&people->cli, &out) ? PEOPLE_FAILED : 0;
}

static int refuse(struct people *people, const struct err *err)
{
	cli_error(&people->cli, err);
	return PEOPLE_FAILED;
}

static int run_verb(struct people *people, int argc, char **argv)
{
	struct err err = ERR_INIT;
	char help[] = "--help", *asked[] = {argv[argc > 1], help, NULL}; /* by "help VERB" */
	const struct opt_verb *verb;

	if (strcmp(argv[0], "help") == 0 && argc > 1) {
		argv = asked;
		argc = 2;
	} else if (strcmp(argv[0], "help") == 0) {
		return print_help(people);
	}
	verb = opt_find_verb(&cli_program, argv[0], &err);
	return verb ? verb->run(argc, argv, people) : refuse(people, &err);
}

/* What stays beside a container goes to another directory. NULL: there is no current one. */
static const char *absolute(struct arena *arena, const char *path)
{
	char directory[PATH_MAX];

	if (!path || path[0] == '/')
		return path;
	return getcwd(directory, sizeof(directory)) ? arena_printf(arena, "%s/%s", directory, path) : NULL;
}

static int run(struct people *people, struct arena *arena, int argc, char **argv)
{
	struct people_globals globals = {0};
	struct buf out cleanup_buf = BUF_INIT;
	struct err err = ERR_INIT;
	bool help = false;
	int operands = 0;

	/* Warnings go nowhere before. */
	if (cli_log_open(&people->cli, &err) ||
	    opt_parse(cli_program.global, argc, argv, &globals, &operands, &help, &err))
		return refuse(people, &err);
	if (globals.version) {
		buf_printf(&out, "%s version %s\ncommit: %s\n", PROGRAM, BULKHEAD_VERSION, BULKHEAD_COMMIT);
		return cli_print(&people->cli, &out) ? PEOPLE_FAILED : 0;
	}
	if (help || operands == 0)
		return print_help(people);
	people->engine.root = absolute(arena, globals.root);
	if (globals.root && !people->engine.root) {
		err_sys(&err, errno, "getcwd", "cannot use the state root %s", globals.root);
		err_fix(&err, "--root with a path that begins with /");
		return refuse(people, &err);
	}
	return run_verb(people, operands, argv);
}

int main(int argc, char **argv)
{
	struct people people = {
		.cli = {.program = PROGRAM, .log_fd = -EBADF, .warnings = BUF_INIT},
		.engine = {.program = PROGRAM, .warn = cli_warn},
	};
	struct arena arena cleanup_arena = ARENA_INIT;
	char **untouched = arena_calloc(&arena, (size_t)argc + 1, sizeof(*untouched));

	if (!cli_open_standard_fds() || !untouched)
		return PEOPLE_FAILED;
	memcpy(untouched, argv, (size_t)argc * sizeof(*argv));
	people.argv = untouched;
	return cli_finish(&people.cli, run(&people, &arena, argc, argv));
}
