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

static const struct opt_verb *const verbs[] = {
	&verb_create, &verb_start, &verb_run,	 &verb_state,  &verb_kill, &verb_delete, &verb_list,	 &verb_ps,
	&verb_exec,   &verb_pause, &verb_resume, &verb_update, &verb_spec, &verb_events, &verb_features,
	&verb_checkpoint, &verb_restore,
};

struct globals {
	const char *root, *log, *log_format, *cgroup_manager;
	bool debug, systemd_cgroup, version;
};

#define AT(member) offsetof(struct globals, member)
static const struct opt options[] = {
	{OPT_STRING, 0, "root", "DIR", "directory of the containers' state", AT(root)},
	{OPT_STRING, 0, "log", "FILE", "write errors there, too", AT(log)},
	{OPT_STRING, 0, "log-format", "FORMAT", "of the log: text or json", AT(log_format)},
	{OPT_FLAG, 0, "debug", NULL, "log more", AT(debug)},
	{OPT_FLAG, 0, "systemd-cgroup", NULL, "cgroups are made by systemd", AT(systemd_cgroup)},
	{OPT_STRING, 0, "cgroup-manager", "NAME", "who makes cgroups: cgroupfs, systemd or disabled", AT(cgroup_manager)},
	{OPT_IGNORE, 0, "rootless", "VALUE", NULL, 0},
	{OPT_FLAG, 'v', "version", NULL, "print the version", AT(version)},
	{.type = OPT_END},
};

static const struct opt_verb global_options = {
	.synopsis = "[options] COMMAND [options] [CONTAINER]",
	.summary = "An OCI runtime: makes and runs containers from bundles.",
	.options = options,
};

int oci_fail(struct oci *oci, const struct err *err)
{
	cli_error(&oci->cli, err);
	return CLI_ERROR;
}

int oci_result(struct oci *oci, int result, const struct err *err)
{
	return result ? oci_fail(oci, err) : CLI_OK;
}

int oci_protect(struct oci *oci)
{
	struct err err = ERR_INIT;

	return engine_protect_self(oci->argv, cli_warn, &err) ? oci_fail(oci, &err) : OCI_GO_ON;
}

int oci_parse(struct oci *oci, const struct opt_verb *verb, int argc, char **argv, void *target, int least, int most,
	      int *ret_operands)
{
	struct err err = ERR_INIT;
	bool help = false;

	*ret_operands = 0;
	if (opt_parse(verb, argc, argv, target, ret_operands, &help, &err))
		return oci_fail(oci, &err);
	if (help)
		return cli_print_help(&oci->cli, verb);
	if (*ret_operands >= least && *ret_operands <= most)
		return OCI_GO_ON;
	if (*ret_operands < least)
		err_set(&err, ERR_USAGE, "%s: an argument is missing", verb->name);
	else
		err_set(&err, ERR_USAGE, "%s: \"%s\" is one argument too many", verb->name, argv[most]);
	err_fix(&err, "%s %s %s", PROGRAM, verb->name, verb->synopsis);
	return oci_fail(oci, &err);
}

static int print_version(struct oci *oci)
{
	struct buf out cleanup_buf = BUF_INIT;

	buf_printf(&out, "%s version %s\ncommit: %s\nspec: %s\n", PROGRAM, BULKHEAD_VERSION, BULKHEAD_COMMIT,
		   CLI_OCI_VERSION);
	return cli_print(&oci->cli, &out);
}

static int print_help(struct oci *oci)
{
	struct buf out cleanup_buf = BUF_INIT;

	opt_add_help(&out, PROGRAM, &global_options);
	buf_puts(&out, "\nCommands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		buf_printf(&out, "  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
	buf_printf(&out, "\n%s COMMAND --help tells more.\n", PROGRAM);
	return cli_print(&oci->cli, &out);
}

static int unknown_verb(struct oci *oci, const char *word)
{
	const char *names[ARRAY_SIZE(verbs) + 1] = {NULL}, *nearest;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		names[i] = verbs[i]->name;
	nearest = opt_nearest(word, names);
	err_set(&err, ERR_USAGE, "unknown command \"%s\"", word);
	if (nearest)
		err_fix(&err, "%s %s", PROGRAM, nearest);
	else
		err_fix(&err, "%s --help, which lists the commands", PROGRAM);
	return oci_fail(oci, &err);
}

static int choose_cgroups(const struct globals *globals, enum cgroup_driver *ret, struct err *err)
{
	static const char *const names[] = {
		[CGROUP_CGROUPFS] = "cgroupfs",
		[CGROUP_SYSTEMD] = "systemd",
		[CGROUP_DISABLED] = "disabled",
	};

	*ret = globals->systemd_cgroup ? CGROUP_SYSTEMD : CGROUP_CGROUPFS;
	if (!globals->cgroup_manager)
		return 0;
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
	if (strcmp(argv[0], "help") == 0)
		return print_help(oci);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(argv[0], verbs[i]->name) == 0)
			return verbs[i]->run(argc, argv, oci);
	return unknown_verb(oci, argv[0]);
}

static int run(struct oci *oci, int argc, char **argv)
{
	struct globals globals = {0};
	struct err err = ERR_INIT, log_err = ERR_INIT;
	bool help = false;
	int operands = 0, result, log_result;

	result = opt_parse(&global_options, argc, argv, &globals, &operands, &help, &err);
	/* Even when the line is wrong: what was said about the log so far holds. */
	oci->cli.log_path = globals.log;
	oci->cli.log_format = globals.log_format;
	oci->cli.debug = globals.debug;
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
	oci->engine.root = globals.root;
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
		.engine = {.program = PROGRAM, .warn = cli_warn},
		.argv = argv,
	};
	/* The parser moves words about; the program is executed again with them as they were. */
	char *few[WORDS_USUAL] = {NULL};
	char **words = argc < WORDS_USUAL ? few : calloc((size_t)argc + 1, sizeof(*words));
	struct err err = ERR_INIT;
	int status;

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
