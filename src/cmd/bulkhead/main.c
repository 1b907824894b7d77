/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main: the program for people: global options, then a verb from a table. Runs with the caller's power and no more: no
 * setuid, no daemon.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/bulkhead/lifecycle.h"
#include "cmd/bulkhead/people.h"

#define PROGRAM "bulkhead"

static const struct opt_verb *const verbs[] = {
	&verb_run, &verb_exec, &verb_attach, &verb_ls, &verb_ps, &verb_inspect, &verb_logs, &verb_stats,
	&verb_top, &verb_wait, &verb_stop, &verb_kill, &verb_rm, &verb_prune, &verb_plan, &verb_abi,
	&verb_profile, &verb_surface, &verb_explain,
};

struct globals {
	const char *root;
	bool version;
};

static const struct opt options[] = {
	{OPT_STRING, 0, "root", "DIR", "directory of the containers' state", offsetof(struct globals, root)},
	{OPT_FLAG, 'v', "version", NULL, "print the version", offsetof(struct globals, version)},
	{.type = OPT_END},
};

static const struct opt_verb global_options = {
	.synopsis = "[options] COMMAND [options] …",
	.summary = "Contain programs, and see what contains them.",
	.options = options,
};

static int print_help(struct people *people)
{
	struct buf out cleanup_buf = BUF_INIT;

	opt_add_help(&out, PROGRAM, &global_options);
	buf_puts(&out, "\nCommands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		buf_printf(&out, "  %-8s %s\n", verbs[i]->name, verbs[i]->summary);
	buf_printf(&out,
		   "\n%s COMMAND --help tells more. Exit statuses: the program's own; 125 when bulkhead fails, 126 when the\n"
		   "program cannot be executed, 127 when it is not found, 128 + n when signal n ended it.\n",
		   PROGRAM);
	return cli_print(&people->cli, &out) ? PEOPLE_FAILED : 0;
}

static int refuse(struct people *people, const struct err *err)
{
	cli_error(&people->cli, err);
	return PEOPLE_FAILED;
}

static int run_verb(struct people *people, int argc, char **argv)
{
	const char *names[ARRAY_SIZE(verbs) + 1] = {NULL}, *nearest;
	struct err err = ERR_INIT;

	if (strcmp(argv[0], "help") == 0)
		return print_help(people);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		names[i] = verbs[i]->name;
		if (strcmp(argv[0], names[i]) == 0)
			return verbs[i]->run(argc, argv, people);
	}
	nearest = opt_nearest(argv[0], names);
	err_set(&err, ERR_USAGE, "unknown command \"%s\"", argv[0]);
	err_fix(&err, nearest ? "%s %s" : "%s --help, which lists the commands", PROGRAM, nearest);
	return refuse(people, &err);
}

static int run(struct people *people, int argc, char **argv)
{
	struct globals globals = {0};
	struct err err = ERR_INIT;
	bool help = false;
	int operands = 0;

	/* Warnings go nowhere before. */
	if (cli_log_open(&people->cli, &err) ||
	    opt_parse(&global_options, argc, argv, &globals, &operands, &help, &err))
		return refuse(people, &err);
	if (globals.version) {
		printf("%s version %s\ncommit: %s\n", PROGRAM, BULKHEAD_VERSION, BULKHEAD_COMMIT);
		return fflush(stdout) ? PEOPLE_FAILED : 0;
	}
	if (help || operands == 0)
		return print_help(people);
	people->engine.root = globals.root;
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

	if (!untouched)
		return PEOPLE_FAILED;
	memcpy(untouched, argv, (size_t)argc * sizeof(*argv));
	people.argv = untouched;
	return cli_finish(&people.cli, run(&people, argc, argv));
}
