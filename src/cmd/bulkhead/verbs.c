/* SPDX-License-Identifier: Apache-2.0 */
/* verbs: the tables of the program for people: its options, its verbs, and what exit statuses mean. No code. */
#include "cmd/bulkhead/lifecycle.h"
#include "cmd/bulkhead/people.h"

static const struct opt_verb *const verbs[] = {
	&verb_run, &verb_exec, &verb_attach, &verb_cp, &verb_ls, &verb_ps, &verb_inspect, &verb_logs, &verb_stats,
	&verb_top, &verb_wait, &verb_stop, &verb_kill, &verb_pause, &verb_resume, &verb_unpause, &verb_rm, &verb_prune,
	&verb_plan, &verb_abi, &verb_profile, &verb_surface, &verb_explain, &verb_learn,
};

static const struct opt options[] = {
	{OPT_STRING, 0, "root", "DIR", "directory of the containers' state", offsetof(struct people_globals, root)},
	{OPT_FLAG, 'v', "version", NULL, "print the version", offsetof(struct people_globals, version)},
	{.type = OPT_END},
};

const struct opt_status people_statuses_run[] = {
	{"125", "bulkhead itself failed, and says why"},
	{"126", "the program is there and cannot be executed"},
	{"127", "the program was not found"},
	{"128 + n", "signal n ended the program"},
	{"else", "the program's own status; 0 when it was detached"},
	{.status = NULL},
};

const struct opt_status people_statuses_list[] = {
	{"0", "done"},
	{"1", "not done, or not for each that was named; the messages say why"},
	{.status = NULL},
};

const struct opt_status people_statuses_look[] = {
	{"0", "printed"},
	{"125", "bulkhead itself failed, and says why"},
	{.status = NULL},
};

static const struct opt_verb global = {
	.synopsis = "[options] COMMAND [options] …",
	.summary = "Contain programs, and see what contains them.",
	.examples = "  bulkhead run host python3 -c 'print(1)'\n"
		    "  bulkhead plan host true\n"
		    "  bulkhead run --help\n",
	.options = options,
	.statuses = people_statuses_run,
};

const struct opt_program cli_program = {
	.name = "bulkhead",
	.global = &global,
	.verbs = verbs,
	.verbs_count = ARRAY_SIZE(verbs),
};
