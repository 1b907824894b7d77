/* SPDX-License-Identifier: Apache-2.0 */
/* verbs: the tables of the runtime: its options and its verbs; and what the verbs share. */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/types.h"
#include "cmd/bulkhead-oci/oci.h"

static const struct opt_verb *const verbs[] = {
	&verb_create, &verb_start, &verb_run,	 &verb_state,  &verb_kill, &verb_delete, &verb_list,	 &verb_ps,
	&verb_exec,   &verb_pause, &verb_resume, &verb_update, &verb_spec, &verb_events, &verb_features,
	&verb_checkpoint, &verb_restore,
};

#define AT(member) offsetof(struct oci_globals, member)
static const struct opt options[] = {
	{OPT_STRING, 0, "profiles", "DIR", "containment profiles by name (/etc/bulkhead/profiles); for root", AT(profiles)},
	{OPT_STRING, 0, "root", "DIR", "directory of the containers' state", AT(root)},
	{OPT_STRING, 0, "log", "FILE", "write errors there, too", AT(log)},
	{OPT_STRING, 0, "log-format", "text|json", "of the log", AT(log_format)},
	{OPT_FLAG, 0, "debug", NULL, "log each step, without --log to standard error", AT(debug)},
	{OPT_FLAG, 0, "systemd-cgroup", NULL, "cgroups are made by systemd", AT(systemd_cgroup)},
	{OPT_STRING, 0, "cgroup-manager", "cgroupfs|systemd|disabled", "who makes cgroups", AT(cgroup_manager)},
	{OPT_IGNORE, 0, "rootless", "VALUE", NULL, 0},
	{OPT_FLAG, 'v', "version", NULL, "print the version", AT(version)},
	{.type = OPT_END},
};

static const struct opt_status statuses[] = {
	{"0", "done"},
	{"1", "not done; the message says why"},
	{"255", "exec: the command could not be executed; otherwise exec and run end as the command did"},
	{.status = NULL},
};

static const struct opt_verb global = {
	.synopsis = "[options] COMMAND [options] [CONTAINER]",
	.summary = "An OCI runtime: makes and runs containers from bundles.",
	.examples = "  bulkhead-oci spec                  write a config.json to begin with\n"
		    "  bulkhead-oci run -b BUNDLE NAME\n",
	.options = options,
	.statuses = statuses,
};

const struct opt_program cli_program = {
	.name = "bulkhead-oci",
	.global = &global,
	.verbs = verbs,
	.verbs_count = ARRAY_SIZE(verbs),
};

const char *oci_called(const struct oci *oci)
{
	const char *path = oci->argv[0] ? oci->argv[0] : cli_program.name, *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The first two lines are what scripts read of other runtimes' help. */
static int print_verb_help(struct oci *oci, const struct opt_verb *verb)
{
	struct buf out cleanup_buf = BUF_INIT;

	buf_printf(&out, "NAME:\n   %s %s - %s\n\n", oci_called(oci), verb->name, verb->summary);
	opt_add_help(&out, cli_program.name, verb);
	return cli_print(&oci->cli, &out);
}

int oci_fail(struct oci *oci, const struct err *err)
{
	/* Who calls it by a program puts the text into a message of its own, where further lines would be lost. */
	oci->cli.one_line = !isatty(STDERR_FILENO);
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

struct plan_relay oci_relay(bool elsewhere)
{
	struct winsize size;

	if (elsewhere)
		return (struct plan_relay){.plain = false};
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){0};
	return (struct plan_relay){.plain = !isatty(STDOUT_FILENO), .height = size.ws_row, .width = size.ws_col};
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
		return print_verb_help(oci, verb);
	if (*ret_operands >= least && *ret_operands <= most)
		return OCI_GO_ON;
	if (*ret_operands < least)
		err_set(&err, ERR_USAGE, "%s: an argument is missing", verb->name);
	else
		err_set(&err, ERR_USAGE, "%s: \"%s\" is one argument too many", verb->name, argv[most]);
	err_fix(&err, "%s %s%s%s", cli_program.name, verb->name, *verb->synopsis ? " " : "", verb->synopsis);
	return oci_fail(oci, &err);
}
