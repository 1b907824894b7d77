/* SPDX-License-Identifier: Apache-2.0 */
/* pause, resume: hold all processes of containers, by the freezer of their cgroup, and let them go on. */
#include "cmd/bulkhead/lifecycle.h"

struct pause_options {
	int (*what)(const struct engine *engine, const char *id, struct err *err);
};

static int hold_one(struct people *people, const char *name, void *context, struct err *err)
{
	const struct pause_options *chosen = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct life life;

	return life_find(people, name, &arena, &life, err) || chosen->what(&people->engine, name, err) ? ERR : 0;
}

static int hold(int argc, char **argv, struct people *people, const struct opt_verb *verb, struct pause_options chosen)
{
	int operands, status = life_parse(people, verb, argc, argv, &chosen, 1, LIFE_MANY, &operands);

	return status == LIFE_GO_ON ? life_each(people, argv, operands, &chosen, hold_one) : status;
}

static int pause_verb(int argc, char **argv, void *context)
{
	return hold(argc, argv, context, &verb_pause, (struct pause_options){engine_pause});
}

static int resume(int argc, char **argv, void *context)
{
	return hold(argc, argv, context, &verb_resume, (struct pause_options){engine_resume});
}

static const struct opt no_options[] = {{.type = OPT_END}};

const struct opt_verb verb_pause = {
	.name = "pause",
	.synopsis = "CONTAINER…",
	.summary = "Stop all processes of containers where they are.",
	.examples = "  bulkhead pause build               it goes on by bulkhead resume build\n",
	.options = no_options,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = pause_verb,
};

const struct opt_verb verb_resume = {
	.name = "resume",
	.synopsis = "CONTAINER…",
	.summary = "Let paused containers go on.",
	.examples = "  bulkhead resume build\n",
	.options = no_options,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = resume,
};

const struct opt_verb verb_unpause = {
	.name = "unpause",
	.synopsis = "CONTAINER…",
	.summary = "The same as resume.",
	.examples = "  bulkhead unpause build\n",
	.options = no_options,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = resume,
};
