/* SPDX-License-Identifier: Apache-2.0 */
/* ls, inspect: which containers there are, and all that is known of one. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/bulkhead/lifecycle.h"

struct ls_options {
	bool all, quiet, json;
};

static const struct opt ls_table[] = {
	{OPT_FLAG, 'a', "all", NULL, "those that have ended too", offsetof(struct ls_options, all)},
	{OPT_FLAG, 0, "json", NULL, "as a JSON array", offsetof(struct ls_options, json)},
	{OPT_FLAG, 'q', "quiet", NULL, "names alone", offsetof(struct ls_options, quiet)},
	{.type = OPT_END},
};

static void print_age(struct buf *out, uint64_t created_ns)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}, {1, "seconds"}};
	uint64_t now = (uint64_t)time(NULL), created = created_ns / 1000000000, age = now > created ? now - created : 0;
	char text[40] = "now";

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (age >= units[i].seconds * 2 || (age && units[i].seconds == 1)) {
			snprintf(text, sizeof(text), "%llu %.*s ago", (unsigned long long)(age / units[i].seconds),
				 (int)strlen(units[i].name) - (age == 1), units[i].name);
			break;
		}
	buf_printf(out, "%-16s ", text);
}

/* A command may hold anything; a list keeps to its lines. */
static void print_plain(struct buf *out, const char *text, size_t width)
{
	for (size_t i = 0; text[i] && i < width; i++)
		buf_add(out, (unsigned char)text[i] < ' ' || text[i] == 0x7f ? "?" : &text[i], 1);
	buf_puts(out, "\n");
}

static void print_table(struct buf *out, const struct life *lives, size_t count, const struct ls_options *chosen,
			struct arena *arena)
{
	if (!chosen->quiet)
		buf_printf(out, "%-24s %-24s %-16s %s\n", "NAME", "STATUS", "CREATED", "COMMAND");
	for (size_t i = 0; i < count; i++) {
		if (!chosen->all && !life_is_running(&lives[i]) && !lives[i].record.restarting)
			continue;
		if (chosen->quiet) {
			buf_printf(out, "%s\n", lives[i].container.state->id);
			continue;
		}
		buf_printf(out, "%-24s %-24s ", lives[i].container.state->id, life_status(&lives[i], arena));
		print_age(out, lives[i].container.state->created_ns);
		print_plain(out, life_command(&lives[i], arena), 60);
	}
}

static void print_json(struct buf *out, const struct life *lives, size_t count, bool all)
{
	struct json_writer writer = JSON_WRITER(out, 2);

	json_begin_array(&writer);
	for (size_t i = 0; i < count; i++) {
		if (!all && !life_is_running(&lives[i]) && !lives[i].record.restarting)
			continue;
		json_begin_object(&writer);
		life_print_json(&lives[i], &writer);
		json_end_object(&writer);
	}
	json_end_array(&writer);
	buf_puts(out, "\n");
}

static int ls(int argc, char **argv, void *context)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf out cleanup_buf = BUF_INIT;
	struct ls_options chosen = {0};
	struct people *people = context;
	struct err err = ERR_INIT;
	struct life *lives;
	size_t count;
	int operands, status = life_parse(people, &verb_ls, argc, argv, &chosen, 0, 0, &operands);

	if (status != LIFE_GO_ON)
		return status;
	if (life_list(people, &arena, &lives, &count, &err))
		return life_fail(people, &err);
	if (chosen.json)
		print_json(&out, lives, count, chosen.all);
	else
		print_table(&out, lives, count, &chosen, &arena);
	return cli_print(&people->cli, &out);
}

/* The config is written as it was saved. */
static int inspect_one(struct people *people, const char *name, struct json_writer *writer, struct err *err)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct life life;

	if (life_find(people, name, &arena, &life, err))
		return ERR;
	json_begin_object(writer);
	life_print_json(&life, writer);
	json_key(writer, "state");
	state_print_oci(life.container.state, life.container.status, &life.container.config->annotations, writer);
	json_end_object(writer);
	return 0;
}

static int inspect(int argc, char **argv, void *context)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&out, 2);
	struct ls_options chosen = {0};
	struct people *people = context;
	struct err err = ERR_INIT;
	int operands, status = life_parse(people, &verb_inspect, argc, argv, &chosen, 1, LIFE_MANY, &operands);

	if (status != LIFE_GO_ON)
		return status;
	json_begin_array(&writer);
	for (int i = 0; i < operands; i++)
		if (inspect_one(people, argv[i], &writer, &err))
			return life_fail(people, &err);
	json_end_array(&writer);
	buf_puts(&out, "\n");
	return cli_print(&people->cli, &out);
}

static const struct opt inspect_table[] = {{.type = OPT_END}};

#define LS_EXAMPLES                                                                                                   \
	"  bulkhead ls                     what runs\n"                                                               \
	"  bulkhead ls --all --json        all of them, for a script\n"                                               \
	"  bulkhead rm $(bulkhead ls -aq)  remove all that have ended\n"

const struct opt_verb verb_ls = {
	.name = "ls",
	.synopsis = "[options]",
	.summary = "List the containers that run.",
	.examples = LS_EXAMPLES,
	.options = ls_table,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = ls,
};

const struct opt_verb verb_ps = {
	.name = "ps",
	.synopsis = "[options]",
	.summary = "The same as ls.",
	.examples = LS_EXAMPLES,
	.options = ls_table,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = ls,
};

const struct opt_verb verb_inspect = {
	.name = "inspect",
	.synopsis = "CONTAINER…",
	.summary = "Print all that is known of containers, as JSON.",
	.examples = "  bulkhead inspect web\n"
		    "  bulkhead inspect web | jq -r '.[0].exitStatus'\n",
	.options = inspect_table,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = inspect,
};
