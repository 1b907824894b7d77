/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main: the program that engines call: global options, then a verb from a table. Runs in the runtime; reads no file
 * and allocates nothing before the verb asks for it. Exit statuses: cmd/cli.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/types.h"
#include "cmd/bulkhead-oci/oci.h"

#define PROGRAM "bulkhead-oci"

/* Where it takes the place of runc under that name, callers read the version from a line that begins so. */
static int print_version(struct oci *oci)
{
	struct buf out cleanup_buf = BUF_INIT;

	buf_printf(&out, "%s version %s\ncommit: %s\nspec: %s\n", oci_called(oci), BULKHEAD_VERSION, BULKHEAD_COMMIT,
		   CLI_OCI_VERSION);
	return cli_print(&oci->cli, &out);
}

static int print_help(struct oci *oci)
{
	struct buf out cleanup_buf = BUF_INIT;

	buf_printf(&out, "NAME:\n   %s - Open Container Initiative runtime\n\n", oci_called(oci));
	opt_add_program_help(&out, &cli_program);
	return cli_print(&oci->cli, &out);
}

static int choose_cgroups(const struct oci_globals *globals, enum cgroup_driver *ret, struct err *err)
{
	static const char *const names[] = {
		[CGROUP_CGROUPFS] = "cgroupfs",
		[CGROUP_SYSTEMD] = "systemd",
		[CGROUP_DISABLED] = "disabled",
	};

	*ret = globals->systemd_cgroup ? CGROUP_SYSTEMD : CGROUP_CGROUPFS;
	if (!globals->cgroup_manager)
		return 0;
	/* "disabled" names nobody else: then systemd is not asked. */
	if (globals->systemd_cgroup && strcmp(globals->cgroup_manager, names[CGROUP_CGROUPFS]) == 0) {
		err_set(err, ERR_USAGE, "--systemd-cgroup and --cgroup-manager cgroupfs contradict each other");
		err_why(err, "with the one systemd makes the cgroups, with the other this program");
		return err_fix(err, "leave one of them out; the cgroup driver of an engine gives it --systemd-cgroup");
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(globals->cgroup_manager, names[i]) != 0)
			continue;
		*ret = (enum cgroup_driver)i;
		return 0;
	}
	err_set(err, ERR_USAGE, "unknown cgroup manager \"%s\"", globals->cgroup_manager);
	return err_fix(err, "--cgroup-manager cgroupfs, systemd or disabled");
}

static int run_verb(struct oci *oci, int argc, char **argv)
{
	struct err err = ERR_INIT;
	char help[] = "--help", *asked[] = {argv[argc > 1], help, NULL}; /* by "help VERB" */
	const struct opt_verb *verb;

	if (strcmp(argv[0], "help") == 0 && argc > 1) {
		argv = asked;
		argc = 2;
	} else if (strcmp(argv[0], "help") == 0) {
		return print_help(oci);
	}
	verb = opt_find_verb(&cli_program, argv[0], &err);
	if (verb)
		return verb->run(argc, argv, oci);
	/* Callers know these words. */
	err_prefix(&err, "No help topic for '%s'", argv[0]);
	return oci_fail(oci, &err);
}

/* What the engine asked for, as it came. */
static void debug_words(int count, char **words)
{
	struct buf text cleanup_buf = BUF_INIT;

	for (int i = 0; i < count; i++)
		buf_printf(&text, "%s%s", i ? " " : "asked: ", words[i]);
	if (text.length && !text.failed)
		cli_debug(text.data);
}

static int run(struct oci *oci, int argc, char **argv)
{
	struct oci_globals globals = {0};
	struct err err = ERR_INIT, log_err = ERR_INIT;
	bool help = false;
	int operands = 0, result, log_result;

	result = opt_parse(cli_program.global, argc, argv, &globals, &operands, &help, &err);
	/* Even when the line is wrong: what was said about the log so far holds. */
	oci->cli.log_path = globals.log;
	oci->cli.log_format = globals.log_format;
	log_result = cli_log_open(&oci->cli, &log_err);
	if (result || log_result)
		return oci_fail(oci, result ? &err : &log_err);
	if (globals.version)
		return print_version(oci);
	if (help)
		return print_help(oci);
	if (operands == 0) {
		err_set(&err, ERR_USAGE, "no command was given");
		err_fix(&err, "%s --help, which lists the commands", PROGRAM);
		return oci_fail(oci, &err);
	}
	if (globals.debug)
		debug_words(operands, argv);
	oci->engine.root = globals.root;
	oci->engine.notify_socket = getenv("NOTIFY_SOCKET");
	oci->engine.debug = globals.debug ? cli_debug : NULL;
	oci->engine.profiles = globals.profiles;
	if (choose_cgroups(&globals, &oci->engine.cgroup_driver, &err))
		return oci_fail(oci, &err);
	return run_verb(oci, operands, argv);
}

/* So many words need no heap, which would cost each start two pages and four system calls. */
#define WORDS_USUAL 48

int main(int argc, char **argv)
{
	struct oci oci = {
		.cli = {.program = PROGRAM, .log_fd = -EBADF, .warnings = BUF_INIT},
		.engine = {.program = PROGRAM, .all_cpus = true, .named_profiles = true, .warn = cli_warn},
		.argv = argv,
	};
	/* The parser moves words about; the program is executed again with them as they were. */
	char *few[WORDS_USUAL] = {NULL};
	char **words = argc < WORDS_USUAL ? few : calloc((size_t)argc + 1, sizeof(*words));
	struct err err = ERR_INIT;
	int status;

	if (!cli_open_standard_fds())
		return EXIT_FAILURE;
	if (!words) {
		err_set(&err, ERR_INTERNAL, "out of memory at the start");
		return oci_fail(&oci, &err);
	}
	memcpy(words, argv, (size_t)argc * sizeof(*words));
	status = cli_finish(&oci.cli, run(&oci, argc, words));
	if (words != few)
		free(words);
	return status;
}
