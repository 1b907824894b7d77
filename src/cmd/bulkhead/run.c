/* SPDX-License-Identifier: Apache-2.0 */
/* run: contain one program, in the foreground. */
#include <errno.h>
#include <stdio.h>

#include "cmd/bulkhead/people.h"

static const struct opt options[] = {
	SANDBOX_OPTIONS,
	{.type = OPT_END},
};

static int failed(struct people *people, const struct err *err)
{
	cli_error(&people->cli, err);
	if (err->kind != ERR_COMMAND)
		return PEOPLE_FAILED;
	return err->errnum == ENOENT ? PEOPLE_NOT_FOUND : PEOPLE_NOT_EXECUTABLE;
}

static int run(struct people *people, struct sandbox_request *request, struct arena *arena, char **operands)
{
	struct err err = ERR_INIT;
	struct engine_run engine_run_request;
	int status = PEOPLE_FAILED;

	if (sandbox_request_make(request, arena, operands, &err))
		return failed(people, &err);
	engine_run_request = (struct engine_run){.create = request->create};
	if (engine_run(&people->engine, &engine_run_request, &status, &err))
		return failed(people, &err);
	return status;
}

static int verb(int argc, char **argv, void *context)
{
	struct people *people = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct sandbox_request request;
	struct err err = ERR_INIT;
	bool help = false;
	int operands = 0, status;

	if (engine_protect_self(people->argv, cli_warn, &err) || sandbox_request_begin(&request, &arena, argc, &err) ||
	    opt_parse(&verb_run, argc, argv, &request.options, &operands, &help, &err))
		return failed(people, &err);
	if (help)
		return cli_print_help(&people->cli, &verb_run) ? PEOPLE_FAILED : 0;
	if (operands < 2) {
		err_set(&err, ERR_USAGE, "run: a %s is missing", operands ? "command" : "source");
		err_fix(&err, "bulkhead run host COMMAND, or bulkhead run DIRECTORY COMMAND");
		return failed(people, &err);
	}
	status = run(people, &request, &arena, argv);
	sandbox_request_done(&request);
	return status;
}

const struct opt_verb verb_run = {
	.name = "run",
	.synopsis = "[options] SOURCE COMMAND [ARGUMENT…]",
	.summary = "Run a program contained: safe before any option is given.",
	.examples = "  bulkhead run host python3 -c 'print(1)'       the host's programs, nothing of its data\n"
		    "  bulkhead run --cwd=rw host make               the current directory too\n"
		    "  bulkhead run ./rootfs /bin/sh                 a root directory\n"
		    "  bulkhead run -v ./site:/site:ro host ls /site a directory of the host, read-only\n",
	.options = options,
	.run = verb,
};
