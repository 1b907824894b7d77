/* SPDX-License-Identifier: Apache-2.0 */
/* list: all containers below the state root, as a table, as JSON, or their ids. */
#include <string.h>
#include <time.h>

#include "cmd/bulkhead-oci/oci.h"

struct arguments {
	const char *format;
	bool quiet;
};

static const struct opt options[] = {
	{OPT_STRING, 'f', "format", "FORMAT", "table or json", offsetof(struct arguments, format)},
	{OPT_FLAG, 'q', "quiet", NULL, "print only the ids", offsetof(struct arguments, quiet)},
	{.type = OPT_END},
};

static void print_json(struct buf *out, const struct engine_container *containers, size_t count)
{
	struct json_writer writer = JSON_WRITER(out, 0);

	json_begin_array(&writer);
	for (size_t i = 0; i < count; i++)
		state_print_oci(containers[i].state, containers[i].status, &containers[i].config->annotations, &writer);
	json_end_array(&writer);
	buf_puts(out, "\n");
}

/* The width of the widest entry in the columns of free text. */
struct widths {
	int id, bundle;
};

static void print_row(struct buf *out, const struct engine_container *container, const struct widths *widths)
{
	const struct state *state = container->state;
	time_t seconds = (time_t)(state->created_ns / 1000000000);
	char created[32] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_printf(out, "%-*s  %-8d  %-8s  %-*s  %-20s  %u\n", widths->id, state->id,
		   container->status == STATE_STOPPED ? 0 : state->pid, state_status_name(container->status),
		   widths->bundle, state->bundle, created, state->owner_uid);
}

static void print_table(struct buf *out, const struct engine_container *containers, size_t count)
{
	struct widths widths = {strlen("ID"), strlen("BUNDLE")};

	for (size_t i = 0; i < count; i++) {
		int id = (int)strlen(containers[i].state->id), bundle = (int)strlen(containers[i].state->bundle);

		widths.id = id > widths.id ? id : widths.id;
		widths.bundle = bundle > widths.bundle ? bundle : widths.bundle;
	}
	/* The order of the columns is runc's, which scripts count on. */
	buf_printf(out, "%-*s  %-8s  %-8s  %-*s  %-20s  %s\n", widths.id, "ID", "PID", "STATUS", widths.bundle, "BUNDLE",
		   "CREATED", "OWNER");
	for (size_t i = 0; i < count; i++)
		print_row(out, &containers[i], &widths);
}

static int list(int argc, char **argv, void *context)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf out cleanup_buf = BUF_INIT;
	struct arguments arguments = {.format = "table"};
	const struct engine_container *containers;
	struct oci *oci = context;
	struct err err = ERR_INIT;
	size_t count;
	int operands, status = oci_parse(oci, &verb_list, argc, argv, &arguments, 0, 0, &operands);

	if (status != OCI_GO_ON)
		return status;
	if (strcmp(arguments.format, "table") != 0 && strcmp(arguments.format, "json") != 0) {
		err_set(&err, ERR_USAGE, "unknown format \"%s\"", arguments.format);
		err_fix(&err, "--format table, or --format json");
		return oci_fail(oci, &err);
	}
	if (engine_list(&oci->engine, &arena, &containers, &count, &err))
		return oci_fail(oci, &err);
	if (arguments.quiet)
		for (size_t i = 0; i < count; i++)
			buf_printf(&out, "%s\n", containers[i].state->id);
	else if (strcmp(arguments.format, "json") == 0)
		print_json(&out, containers, count);
	else
		print_table(&out, containers, count);
	return cli_print(&oci->cli, &out);
}

const struct opt_verb verb_list = {
	.name = "list",
	.synopsis = "[options]",
	.summary = "List the containers.",
	.options = options,
	.mixed = true,
	.run = list,
};
