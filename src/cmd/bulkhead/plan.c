/* SPDX-License-Identifier: Apache-2.0 */
/* plan: print what `run` would do, or what bulkhead-oci would do with a bundle, and why. Touches nothing. */
#include <stdio.h>

#include "cmd/bulkhead/lifecycle.h"

struct plan_options {
	struct sandbox_options sandbox; /* first: the offsets of its rows are its own */
	const char *bundle;
	bool json, config;
};

static const struct opt options[] = {
	{OPT_STRING, 'b', "bundle", "DIR", "plan this bundle's config.json instead of a SOURCE",
	 offsetof(struct plan_options, bundle)},
	{OPT_FLAG, 0, "config", NULL, "print the OCI config instead of the plan", offsetof(struct plan_options, config)},
	{OPT_FLAG, 0, "json", NULL, "as JSON", offsetof(struct plan_options, json)},
	SANDBOX_OPTIONS,
	{.type = OPT_END},
};

/* request: NULL without a SOURCE. */
static int failed(struct people *people, const struct sandbox_request *request, struct err *err)
{
	if (request)
		request_name_mount(request, err);
	return life_fail_run(people, err);
}

static int print_plan(struct people *people, const struct sandbox_request *request, const struct engine_create *create,
		      bool json)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf out cleanup_buf = BUF_INIT;
	const struct plan *plan;
	struct err err = ERR_INIT;

	if (engine_plan(&people->engine, create, &arena, &plan, &err))
		return failed(people, request, &err);
	if (json)
		plan_print_json(plan, &out);
	else
		plan_print_text(plan, &out);
	return cli_print(&people->cli, &out);
}

static int print_source(struct people *people, struct sandbox_request *request, const struct plan_options *chosen,
			struct arena *arena, char **operands)
{
	static char program[] = "true";
	char *nothing[] = {operands[0], program, NULL};
	struct err err = ERR_INIT;

	if (!operands[1])
		operands = nothing;
	request->options = chosen->sandbox;
	request->sandbox.spell_filter = chosen->config;
	if (sandbox_request_make(request, arena, operands, &err))
		return failed(people, request, &err);
	if (chosen->config) {
		buf_puts(&request->result.config, "\n");
		return cli_print(&people->cli, &request->result.config);
	}
	return print_plan(people, request, &request->create, chosen->json);
}

static int verb(int argc, char **argv, void *context)
{
	struct people *people = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct sandbox_request request;
	struct plan_options chosen = {0};
	struct err err = ERR_INIT;
	bool help = false;
	int operands = 0, status;

	if (sandbox_request_begin(&request, &arena, argc, &err))
		return failed(people, NULL, &err);
	chosen.sandbox = request.options;
	if (opt_parse(&verb_plan, argc, argv, &chosen, &operands, &help, &err)) {
		people_know_strangers(&err);
		return failed(people, NULL, &err);
	}
	if (help)
		return cli_print_help(&people->cli, &verb_plan) ? PEOPLE_FAILED : 0;
	if (chosen.bundle && operands == 0)
		return print_plan(people, NULL, &(struct engine_create){.id = "plan", .bundle = chosen.bundle}, chosen.json);
	if (chosen.bundle || operands == 0) {
		err_set(&err, ERR_USAGE, "plan: %s", operands ? "a bundle and a SOURCE exclude each other"
							     : "a SOURCE or --bundle is missing");
		err_fix(&err, "bulkhead plan host COMMAND, or bulkhead plan --bundle DIR");
		return failed(people, NULL, &err);
	}
	status = print_source(people, &request, &chosen, &arena, argv);
	sandbox_request_done(&request);
	return status;
}

const struct opt_verb verb_plan = {
	.name = "plan",
	.synopsis = "[options] SOURCE [--] [COMMAND…] | --bundle DIR",
	.summary = "Print what run would do, in which order, and why; do nothing.",
	.examples = "  bulkhead plan host python3\n"
		    "  bulkhead plan --json ./rootfs /bin/sh\n"
		    "  bulkhead plan --bundle ./bundle               what bulkhead-oci would do with it\n",
	.options = options,
	.statuses = people_statuses_look,
	.separated = true,
	.run = verb,
};
