/* SPDX-License-Identifier: Apache-2.0 */
/* record/read: a record from its JSON, as record.c wrote it. What is missing or too long stays empty or is cut. Pure. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "insight/record/record.h"

#define ERRORS_MAX 134 /* above the highest number of an error */

static const char *text_of(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && value->type == JSON_STRING ? value->string : "";
}

static void copy(const struct json *object, const char *key, char *out, size_t size)
{
	snprintf(out, size, "%s", text_of(object, key));
}

static int number_of(const struct json *object, const char *key)
{
	int64_t value = 0;

	json_i64(json_get(object, key), &value);
	return (int)value;
}

/* The index of a name among a table's, 0 when it is none of them. */
static int index_of(const char *name, const char *(*name_at)(int index), int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(name_at(i), name) == 0)
			return i;
	return 0;
}

static int error_of(const char *name)
{
	for (int number = 1; name[0] && number < ERRORS_MAX; number++)
		if (err_name(number) && strcmp(err_name(number), name) == 0)
			return number;
	return 0;
}

static const char *layer_at(int index)
{
	return refusal_layer_name((enum refusal_layer)index);
}

static void read_verdict(const struct json *line, struct refusal_verdict *ret)
{
	const struct json *tools = json_get(line, "try");

	ret->cause = json_get(line, "cause") ? text_of(line, "cause") : NULL;
	ret->layer = (enum refusal_layer)index_of(text_of(line, "layer"), layer_at, REFUSAL_LAYER_COUNT);
	ret->certainty = (enum refusal_certainty)index_of(text_of(line, "certainty"), record_certainty_name,
							  REFUSAL_CERTAIN + 1);
	copy(line, "because", ret->why, sizeof(ret->why));
	copy(line, "cost", ret->cost, sizeof(ret->cost));
	copy(line, "never", ret->never, sizeof(ret->never));
	copy(tools, "bulkhead", ret->bulkhead, sizeof(ret->bulkhead));
	copy(tools, "config.json", ret->oci, sizeof(ret->oci));
	copy(tools, "podman, docker", ret->engine, sizeof(ret->engine));
	copy(tools, "kubernetes", ret->kubernetes, sizeof(ret->kubernetes));
	copy(tools, "host", ret->host, sizeof(ret->host));
}

bool record_read_json(const struct json *line, struct record *ret)
{
	const struct json *arguments = json_get(line, "arguments");
	int kind = index_of(text_of(line, "type"), record_kind_name, RECORD_KIND_COUNT);

	memset(ret, 0, sizeof(*ret));
	if (strcmp(text_of(line, "type"), record_kind_name(kind)))
		return false;
	ret->kind = (enum record_kind)kind;
	json_u64(json_get(line, "time"), &ret->time);
	ret->pid = number_of(line, "pid");
	ret->tid = number_of(line, "tid");
	copy(line, "command", ret->command, sizeof(ret->command));
	copy(line, "call", ret->call, sizeof(ret->call));
	ret->arch = json_get(line, "arch") ? text_of(line, "arch") : NULL;
	for (const struct json *one = arguments && arguments->type == JSON_ARRAY ? arguments->first : NULL;
	     one && ret->arguments_count < RECORD_ARGUMENTS_MAX; one = one->next)
		snprintf(ret->arguments[ret->arguments_count++], RECORD_TEXT_MAX, "%s",
			 one->type == JSON_STRING ? one->string : "");
	ret->errnum = error_of(text_of(line, "error"));
	copy(line, "path", ret->path, sizeof(ret->path));
	copy(line, "config", ret->config, sizeof(ret->config));
	copy(line, "rule", ret->rule, sizeof(ret->rule));
	ret->signal = number_of(line, "signal");
	ret->status = number_of(line, "status");
	json_u64(json_get(line, "repeated"), &ret->repeated);
	read_verdict(line, &ret->verdict);
	return true;
}
