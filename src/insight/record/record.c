/* SPDX-License-Identifier: Apache-2.0 */
/* record: as JSON. Names of members never change their meaning; members are added. */
#include "insight/record/record.h"

#include "base/err.h"

static const char *const kinds[RECORD_KIND_COUNT] = {
	[RECORD_REFUSAL] = "refusal",
	[RECORD_KILL] = "kill",
	[RECORD_EXEC] = "exec",
	[RECORD_EXIT] = "exit",
};

static const char *const certainties[] = {
	[REFUSAL_UNSURE] = "cannot tell",
	[REFUSAL_GUESS] = "guess",
	[REFUSAL_CERTAIN] = "certain",
};

const char *record_kind_name(int kind)
{
	return kinds[kind];
}

const char *record_certainty_name(int certainty)
{
	return certainties[certainty];
}

static void member(struct json_writer *writer, const char *key, const char *text)
{
	if (text && text[0])
		json_member_string(writer, key, text);
}

static void write_call(struct json_writer *writer, const struct record *record)
{
	if (!record->call[0])
		return;
	json_member_string(writer, "call", record->call);
	member(writer, "arch", record->arch);
	json_key(writer, "arguments");
	json_begin_array(writer);
	for (size_t i = 0; i < record->arguments_count; i++)
		json_put_string(writer, record->arguments[i]);
	json_end_array(writer);
	if (record->errnum)
		json_member_string(writer, "error", err_name(record->errnum));
}

static void write_verdict(struct json_writer *writer, const struct refusal_verdict *verdict)
{
	if (!verdict->cause)
		return;
	json_member_string(writer, "layer", refusal_layer_name(verdict->layer));
	json_member_string(writer, "cause", verdict->cause);
	json_member_string(writer, "certainty", certainties[verdict->certainty]);
	member(writer, "because", verdict->why);
	json_key(writer, "try");
	json_begin_object(writer);
	member(writer, "bulkhead", verdict->bulkhead);
	member(writer, "config.json", verdict->oci);
	member(writer, "podman, docker", verdict->engine);
	member(writer, "kubernetes", verdict->kubernetes);
	member(writer, "host", verdict->host);
	json_end_object(writer);
	member(writer, "never", verdict->never);
	member(writer, "cost", verdict->cost);
}

void record_write_json(const struct record *record, struct buf *out)
{
	struct json_writer writer = JSON_WRITER(out, 0);

	json_begin_object(&writer);
	json_member_string(&writer, "type", kinds[record->kind]);
	json_member_u64(&writer, "time", record->time);
	json_member_i64(&writer, "pid", record->pid);
	json_member_i64(&writer, "tid", record->tid);
	json_member_string(&writer, "command", record->command);
	write_call(&writer, record);
	member(&writer, "path", record->path);
	member(&writer, "config", record->config);
	member(&writer, "rule", record->rule);
	write_verdict(&writer, &record->verdict);
	if (record->kind == RECORD_KILL)
		json_member_i64(&writer, "signal", record->signal);
	if (record->kind == RECORD_EXIT)
		json_member_i64(&writer, "status", record->status);
	if (record->repeated)
		json_member_u64(&writer, "repeated", record->repeated);
	json_end_object(&writer);
	buf_puts(out, "\n");
}
