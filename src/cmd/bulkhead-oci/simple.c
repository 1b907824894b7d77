/* SPDX-License-Identifier: Apache-2.0 */
/* start, kill, delete, pause, resume: verbs that take a container and print nothing. */
#include "cmd/bulkhead-oci/oci.h"

#include <signal.h>
#include <stddef.h>

struct arguments {
	bool all, force;
};

static const struct opt no_options[] = {{.type = OPT_END}};

static const struct opt kill_options[] = {
	{OPT_FLAG, 'a', "all", NULL, "signal all processes of the container", offsetof(struct arguments, all)},
	{.type = OPT_END},
};

static const struct opt delete_options[] = {
	{OPT_FLAG, 'f', "force", NULL, "kill it first; one that does not exist is no error",
	 offsetof(struct arguments, force)},
	{.type = OPT_END},
};

static int start(int argc, char **argv, void *context)
{
	struct oci *oci = context;
	struct err err = ERR_INIT;
	int operands, status = oci_parse(oci, &verb_start, argc, argv, NULL, 1, 1, &operands);

	return status != OCI_GO_ON ? status : oci_result(oci, engine_start(&oci->engine, argv[0], &err), &err);
}

static int send_signal(int argc, char **argv, void *context)
{
	struct arguments arguments = {0};
	struct oci *oci = context;
	struct err err = ERR_INIT;
	int number = SIGTERM;
	int operands, status = oci_parse(oci, &verb_kill, argc, argv, &arguments, 1, 2, &operands);

	if (status != OCI_GO_ON)
		return status;
	if (operands == 2 && cli_signal_number(argv[1], &number, &err))
		return oci_fail(oci, &err);
	return oci_result(oci, engine_kill(&oci->engine, argv[0], number, arguments.all, &err), &err);
}

static int delete_container(int argc, char **argv, void *context)
{
	struct arguments arguments = {0};
	struct oci *oci = context;
	struct err err = ERR_INIT;
	int operands, status = oci_parse(oci, &verb_delete, argc, argv, &arguments, 1, 1, &operands);

	if (status != OCI_GO_ON)
		return status;
	return oci_result(oci, engine_delete(&oci->engine, argv[0], arguments.force, &err), &err);
}

static int pause_container(int argc, char **argv, void *context)
{
	struct oci *oci = context;
	struct err err = ERR_INIT;
	int operands, status = oci_parse(oci, &verb_pause, argc, argv, NULL, 1, 1, &operands);

	return status != OCI_GO_ON ? status : oci_result(oci, engine_pause(&oci->engine, argv[0], &err), &err);
}

static int resume_container(int argc, char **argv, void *context)
{
	struct oci *oci = context;
	struct err err = ERR_INIT;
	int operands, status = oci_parse(oci, &verb_resume, argc, argv, NULL, 1, 1, &operands);

	return status != OCI_GO_ON ? status : oci_result(oci, engine_resume(&oci->engine, argv[0], &err), &err);
}

const struct opt_verb verb_start = {
	.name = "start",
	.synopsis = "CONTAINER",
	.summary = "Run the program of a created container.",
	.options = no_options,
	.mixed = true,
	.run = start,
};

const struct opt_verb verb_kill = {
	.name = "kill",
	.synopsis = "[options] CONTAINER [SIGNAL]",
	.summary = "Send a signal, by name or number; by default TERM.",
	.examples = "  bulkhead-oci kill web1 KILL",
	.options = kill_options,
	.mixed = true,
	.run = send_signal,
};

const struct opt_verb verb_delete = {
	.name = "delete",
	.synopsis = "[options] CONTAINER",
	.summary = "Remove what is left of a container that has stopped.",
	.options = delete_options,
	.mixed = true,
	.run = delete_container,
};

const struct opt_verb verb_pause = {
	.name = "pause",
	.synopsis = "CONTAINER",
	.summary = "Stop all processes of a container where they are.",
	.options = no_options,
	.mixed = true,
	.run = pause_container,
};

const struct opt_verb verb_resume = {
	.name = "resume",
	.synopsis = "CONTAINER",
	.summary = "Let the processes of a paused container go on.",
	.options = no_options,
	.mixed = true,
	.run = resume_container,
};
