/* SPDX-License-Identifier: Apache-2.0 */
/* json_write: the writer of json.h. Whatever text it is given, what it writes is JSON that json_parse accepts. */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static void new_line(struct json_writer *writer)
{
	if (writer->indent)
		buf_printf(writer->out, "\n%*s", writer->indent * writer->depth, "");
}

/* What stands before a key, or before a value that has none. */
static void begin_item(struct json_writer *writer)
{
	if (writer->after_key) {
		writer->after_key = false;
		return;
	}
	if (writer->depth == 0)
		return;
	if (writer->need_comma[writer->depth - 1])
		buf_puts(writer->out, ",");
	writer->need_comma[writer->depth - 1] = true;
	new_line(writer);
}

static void begin_container(struct json_writer *writer, const char *open)
{
	begin_item(writer);
	buf_puts(writer->out, open);
	if (writer->depth == JSON_DEPTH_MAX) {
		writer->out->failed = true; /* a reader would refuse it: let the caller's one check see that */
		return;
	}
	writer->need_comma[writer->depth++] = false;
}

static void end_container(struct json_writer *writer, const char *close)
{
	if (writer->depth == 0) {
		writer->out->failed = true;
		return;
	}
	if (writer->need_comma[--writer->depth])
		new_line(writer);
	buf_puts(writer->out, close);
}

void json_begin_object(struct json_writer *writer)
{
	begin_container(writer, "{");
}

void json_end_object(struct json_writer *writer)
{
	end_container(writer, "}");
}

void json_begin_array(struct json_writer *writer)
{
	begin_container(writer, "[");
}

void json_end_array(struct json_writer *writer)
{
	end_container(writer, "]");
}

static void put_escape(struct buf *out, uint32_t rune)
{
	static const char runes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *found = rune && rune < 0x80 ? strchr(runes, (char)rune) : NULL;

	if (found)
		buf_printf(out, "\\%c", letters[found - runes]);
	else
		buf_printf(out, "\\u%04x", (unsigned int)rune);
}

static void put_quoted(struct buf *out, const char *text)
{
	size_t left = strlen(text), plain = 0;

	buf_puts(out, "\"");
	while (plain < left) {
		uint32_t rune;
		size_t length = utf8_decode(text + plain, left - plain, &rune);
		bool special =
			length == 0 || rune < 0x20 || rune == '"' || rune == '\\' || (rune >= 0x7f && rune <= 0x9f);

		if (!special) {
			plain += length;
			continue;
		}
		buf_add(out, text, plain);
		if (length)
			put_escape(out, rune);
		else
			buf_puts(out, REPLACEMENT);
		text += plain + (length ? length : 1);
		left -= plain + (length ? length : 1);
		plain = 0;
	}
	buf_add(out, text, plain);
	buf_puts(out, "\"");
}

void json_key(struct json_writer *writer, const char *key)
{
	begin_item(writer);
	put_quoted(writer->out, key);
	buf_puts(writer->out, writer->indent ? ": " : ":");
	writer->after_key = true;
}

void json_put_string(struct json_writer *writer, const char *text)
{
	if (!text) {
		json_put_null(writer);
		return;
	}
	begin_item(writer);
	put_quoted(writer->out, text);
}

void json_put_u64(struct json_writer *writer, uint64_t value)
{
	begin_item(writer);
	buf_printf(writer->out, "%llu", (unsigned long long)value);
}

void json_put_i64(struct json_writer *writer, int64_t value)
{
	begin_item(writer);
	buf_printf(writer->out, "%lld", (long long)value);
}

void json_put_bool(struct json_writer *writer, bool value)
{
	begin_item(writer);
	buf_puts(writer->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *writer)
{
	begin_item(writer);
	buf_puts(writer->out, "null");
}

static void put_scalar(struct json_writer *writer, const struct json *value)
{
	if (value->type == JSON_STRING)
		json_put_string(writer, value->string);
	else if (value->type == JSON_BOOL)
		json_put_bool(writer, value->boolean);
	else if (value->type == JSON_NULL)
		json_put_null(writer);
	else {
		begin_item(writer);
		buf_puts(writer->out, value->string);
	}
}

/* At most JSON_DEPTH_MAX levels were read. */
void json_put_value(struct json_writer *writer, const struct json *value)
{
	if (value->type != JSON_OBJECT && value->type != JSON_ARRAY) {
		put_scalar(writer, value);
		return;
	}
	begin_container(writer, value->type == JSON_OBJECT ? "{" : "[");
	for (const struct json *item = value->first; item; item = item->next) {
		if (value->type == JSON_OBJECT)
			json_key(writer, item->key);
		json_put_value(writer, item);
	}
	end_container(writer, value->type == JSON_OBJECT ? "}" : "]");
}

void json_member_string(struct json_writer *writer, const char *key, const char *text)
{
	json_key(writer, key);
	json_put_string(writer, text);
}

void json_member_strings(struct json_writer *writer, const char *key, const char *const *items, size_t count)
{
	json_key(writer, key);
	json_begin_array(writer);
	for (size_t i = 0; i < count; i++)
		json_put_string(writer, items[i]);
	json_end_array(writer);
}

void json_member_u64(struct json_writer *writer, const char *key, uint64_t value)
{
	json_key(writer, key);
	json_put_u64(writer, value);
}

void json_member_i64(struct json_writer *writer, const char *key, int64_t value)
{
	json_key(writer, key);
	json_put_i64(writer, value);
}

void json_member_bool(struct json_writer *writer, const char *key, bool value)
{
	json_key(writer, key);
	json_put_bool(writer, value);
}
