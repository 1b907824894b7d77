/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON reader on any bytes. What it accepts must be consistent in itself, and must be the same tree again when our
 * writer writes it and our reader reads that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_text(const char *text)
{
	size_t left = strlen(text);
	uint32_t rune;

	for (size_t step; left; text += step, left -= step) {
		step = utf8_decode(text, left, &rune);
		require(step > 0);
	}
}

static void check_number(const struct json *value)
{
	uint64_t u64;
	int64_t i64;
	bool is_u64 = json_u64(value, &u64), is_i64 = json_i64(value, &i64);

	require(value->integral == (is_u64 || is_i64));
	require(!is_u64 || !is_i64 || (uint64_t)i64 == u64);
	if (!value->integral)
		return;
	errno = 0;
	if (is_u64)
		require(strtoull(value->string, NULL, 10) == u64 && errno == 0);
	else
		require(strtoll(value->string, NULL, 10) == i64 && errno == 0);
}

/* Every value knows its parent, place and key, and writes itself to the writer. */
static void check_value(const struct json *value, struct json_writer *writer)
{
	const struct json *child;
	uint32_t count = 0;
	uint64_t u64;
	int64_t i64;

	require(json_pointer(value, NULL, 0) < UINT32_MAX);
	switch (value->type) {
	case JSON_NULL:
		json_put_null(writer);
		return;
	case JSON_BOOL:
		json_put_bool(writer, value->boolean);
		return;
	case JSON_NUMBER:
		check_number(value);
		if (json_u64(value, &u64))
			json_put_u64(writer, u64);
		else if (json_i64(value, &i64))
			json_put_i64(writer, i64);
		else
			json_put_string(writer, value->string);
		return;
	case JSON_STRING:
		require(strlen(value->string) == value->count);
		check_text(value->string);
		json_put_string(writer, value->string);
		return;
	case JSON_ARRAY:
		json_begin_array(writer);
		break;
	case JSON_OBJECT:
		json_begin_object(writer);
		break;
	}
	for (child = value->first; child; child = child->next) {
		require(child->parent == value && child->index == count++);
		require(!!child->key == (value->type == JSON_OBJECT));
		if (child->key) {
			check_text(child->key);
			/* the first with this key is this one: no key stands twice */
			if (count < 100)
				require(json_get(value, child->key) == child);
			json_key(writer, child->key);
		}
		check_value(child, writer);
	}
	require(count == value->count);
	if (value->type == JSON_ARRAY)
		json_end_array(writer);
	else
		json_end_object(writer);
}

static void write_checked(const char *text, size_t size, int indent, struct buf *ret_out)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	struct json_writer writer = JSON_WRITER(ret_out, indent);
	struct err err = ERR_INIT;
	struct json *root;

	require(json_parse(&arena, "input", text, size, &root, &err) == 0);
	check_value(root, &writer);
	require(!ret_out->failed && !writer.after_key && writer.depth == 0);
}

static void check_refusal(const struct err *err)
{
	char text[4096];

	require(err->kind == ERR_CONFIG && err->what[0] && err->where[0] && err->fix[0]);
	require(err_format(err, true, text, sizeof(text)) == strlen(text));
	check_text(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	struct buf cleanup_buf once = BUF_INIT;
	struct buf cleanup_buf twice = BUF_INIT;
	struct err err = ERR_INIT;
	struct json *root;

	if (size > INPUT_MAX)
		return 0;
	if (json_parse(&arena, "input", (const char *)data, size, &root, &err) < 0) {
		check_refusal(&err);
		return 0;
	}
	write_checked((const char *)data, size, 0, &once);
	write_checked(once.data, once.length, size % 3, &twice);
	if (size % 3 == 0)
		require(once.length == twice.length && !memcmp(once.data, twice.data, once.length));
	return 0;
}
