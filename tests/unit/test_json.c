/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader and writer of src/base/: what is accepted, what is refused and with which words and place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/types.h"

/* The text in a block of its own size, so that AddressSanitizer sees each byte read behind it. */
static int parse_bytes(struct arena *arena, const char *text, size_t size, struct json **ret, struct err *err)
{
	char *copy = malloc(size ? size : 1);
	int result;

	assert_non_null(copy);
	if (size)
		memcpy(copy, text, size);
	result = json_parse(arena, "config.json", copy, size, ret, err);
	free(copy); /* the tree does not need the text */
	return result;
}

static struct json *parse(struct arena *arena, const char *text)
{
	struct json *root = NULL;
	struct err err = ERR_INIT;

	if (parse_bytes(arena, text, strlen(text), &root, &err) < 0)
		fail_msg("refused: %s: %s", text, err.what);
	return root;
}

/* ---- values ---- */

static void test_values(void **state)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	const struct json *root = parse(&arena, " {\"a\" : [ true,false ,null,\"x\",{ }, [ ] ],\r\n\t\"b\":-1} ");
	const struct json *list = json_get(root, "a"), *item = list->first;

	(void)state;
	assert_int_equal(root->type, JSON_OBJECT);
	assert_int_equal(root->count, 2);
	assert_null(root->parent);
	assert_int_equal(list->type, JSON_ARRAY);
	assert_int_equal(list->count, 6);
	assert_int_equal(item->type, JSON_BOOL);
	assert_true(item->boolean);
	item = item->next;
	assert_int_equal(item->type, JSON_BOOL);
	assert_false(item->boolean);
	item = item->next;
	assert_int_equal(item->type, JSON_NULL);
	item = item->next;
	assert_string_equal(item->string, "x");
	assert_int_equal(item->index, 3);
	assert_ptr_equal(item->parent, list);
	item = item->next;
	assert_int_equal(item->type, JSON_OBJECT);
	assert_null(item->first);
	item = item->next;
	assert_int_equal(item->type, JSON_ARRAY);
	assert_null(item->next);
	assert_null(json_get(root, "c"));
	assert_null(json_get(list, "a"));
	assert_null(json_get(NULL, "a"));
}

static void test_strings(void **state)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{"\"\"", ""},
		{"\"plain\"", "plain"},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
		{"\"\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\"\\u0001\\uffff\\udbff\\udfff\"", "\x01\xef\xbf\xbf\xf4\x8f\xbf\xbf"},
		{"\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f\"", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f"},
		{"\"a\\\\\"", "a\\"},
		{"\"\\\\u0000\"", "\\u0000"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena cleanup_arena arena = ARENA_INIT;
		const struct json *value = parse(&arena, cases[i].text);

		assert_int_equal(value->type, JSON_STRING);
		assert_string_equal(value->string, cases[i].value);
		assert_int_equal(value->count, strlen(cases[i].value));
	}
}

/* Every ASCII byte at every place of a string, and white space of every length: the reader goes in steps of eight. */
static void test_steps(void **state)
{
	(void)state;
	for (int byte = 1; byte < 0x80; byte++) {
		for (size_t at = 0; at < 20; at++) {
			struct arena cleanup_arena arena = ARENA_INIT;
			struct err err = ERR_INIT;
			char text[64], expected[64];
			struct json *root;
			size_t length =
				(size_t)snprintf(text, sizeof(text), "%*s\"%.*s%c%.*s\"%*s", (int)at, "", (int)at,
						 "abcdefghijklmnopqrstuvwxyz", byte, (int)(20 - at) / 2,
						 "nopqrstuvwxyzabcdefghijklm", (int)at / 2, "");
			int result = parse_bytes(&arena, text, length, &root, &err);

			if (byte >= 0x20 && byte != '"' && byte != '\\') {
				assert_int_equal(result, 0);
				assert_int_equal(root->count, strlen(root->string));
				snprintf(expected, sizeof(expected), "\"%s\"", root->string);
				assert_memory_equal(text + at, expected, strlen(expected));
				assert_int_equal(root->count, at + 1 + (20 - at) / 2);
				continue;
			}
			snprintf(expected, sizeof(expected), "column %zu:", at + 1 + at + 1 + (byte == '"'));
			if (byte == '\\' && (20 - at) / 2 > 0) {
				assert_int_equal(result, 0); /* \n */
				assert_int_equal(root->string[at], '\n');
				continue;
			}
			assert_int_equal(result, ERR);
			if (byte < 0x20)
				assert_non_null(strstr(err.what, "control character"));
			if (byte != '\\' && !strstr(err.what, expected))
				fail_msg("%s: %s: %s", text, expected, err.what);
		}
	}
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		bool is_u64, is_i64;
		uint64_t u64;
		int64_t i64;
	} cases[] = {
		{"0", true, true, 0, 0},
		{"-0", true, true, 0, 0},
		{"1", true, true, 1, 1},
		{"-1", false, true, 0, -1},
		{"9223372036854775807", true, true, INT64_MAX, INT64_MAX},
		{"9223372036854775808", true, false, (uint64_t)INT64_MAX + 1, 0},
		{"18446744073709551615", true, false, UINT64_MAX, 0},
		{"18446744073709551616", false, false, 0, 0},
		{"18446744073709551619", false, false, 0, 0},
		{"99999999999999999999999999", false, false, 0, 0},
		{"-9223372036854775808", false, true, 0, INT64_MIN},
		{"-9223372036854775809", false, false, 0, 0},
		{"-18446744073709551616", false, false, 0, 0},
		{"1.0", false, false, 0, 0},
		{"1e3", false, false, 0, 0},
		{"-0.5E-10", false, false, 0, 0},
		{"1e+400", false, false, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena cleanup_arena arena = ARENA_INIT;
		const struct json *value = parse(&arena, cases[i].text);
		uint64_t u64 = 0;
		int64_t i64 = 0;

		assert_int_equal(value->type, JSON_NUMBER);
		assert_string_equal(value->string, cases[i].text);
		assert_int_equal(json_u64(value, &u64), cases[i].is_u64);
		assert_int_equal(json_i64(value, &i64), cases[i].is_i64);
		assert_int_equal(u64, cases[i].u64);
		assert_int_equal(i64, cases[i].i64);
		assert_int_equal(value->integral, cases[i].is_u64 || cases[i].is_i64);
	}
}

static void test_not_numbers(void **state)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	uint64_t u64;
	int64_t i64;

	(void)state;
	assert_false(json_u64(NULL, &u64));
	assert_false(json_i64(NULL, &i64));
	assert_false(json_u64(parse(&arena, "\"1\""), &u64));
	assert_false(json_i64(parse(&arena, "true"), &i64));
}

static void test_pointers(void **state)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	const struct json *root = parse(&arena, "{\"a/b\":[0,{\"m~n\":[[7]]}],\"\":{\"\xc3\xa9\":1}}");
	const struct json *deep = root->first->first->next->first->first->first, *accent = root->first->next->first;
	char text[64];

	(void)state;
	assert_int_equal(json_pointer(root, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(json_pointer(deep, text, sizeof(text)), 16);
	assert_string_equal(text, "/a~1b/1/m~0n/0/0");
	assert_string_equal(json_pointer_in(&arena, deep), text);
	assert_string_equal(json_pointer_in(&arena, root), "");
	assert_int_equal(json_pointer(accent, text, sizeof(text)), 4);
	assert_string_equal(text, "//\xc3\xa9");
	/* cut between characters and never within an escape; the length stays the whole's */
	assert_int_equal(json_pointer(accent, text, 4), 4);
	assert_string_equal(text, "//");
	assert_int_equal(json_pointer(deep, text, 4), 16);
	assert_string_equal(text, "/a");
	assert_int_equal(json_pointer(deep, text, 1), 16);
	assert_string_equal(text, "");
	assert_int_equal(json_pointer(deep, NULL, 0), 16);
}

static void test_type_names(void **state)
{
	(void)state;
	for (enum json_type type = JSON_NULL; type <= JSON_OBJECT; type++)
		assert_non_null(json_type_name(type));
	assert_string_equal(json_type_name(JSON_OBJECT), "an object");
	assert_string_equal(json_type_name(JSON_STRING), "a string");
}

/* ---- refusals ---- */

static const struct refusal {
	const char *text, *place, *what, *where;
} refusals[] = {
	{"", "line 1, column 1", "the text is empty", ""},
	{" \n\t", "line 1, column 1", "the text is empty", ""},
	{"\xef\xbb\xbf{}", "line 1, column 1", "byte order mark", ""},
	{"\xff\xfe{", "line 1, column 1", "byte order mark", ""},
	{"{} x", "line 1, column 4", "text follows the end", ""},
	{"{}{}", "line 1, column 3", "text follows the end", ""},
	{"[1,\n 2,]", "line 2, column 3", "a comma stands before the closing bracket", ""},
	{"{\"a\":1,}", "line 1, column 7", "a comma stands before the closing bracket", ""},
	{"[,1]", "line 1, column 2", "a value is expected", "/0"},
	{"[1 2]", "line 1, column 4", "a comma or the closing bracket", ""},
	{"[1}", "line 1, column 3", "a comma or the closing bracket", ""},
	{"{\"a\":1]", "line 1, column 7", "a comma or the closing bracket", ""},
	{"{\"a\" 1}", "line 1, column 6", "a colon is expected", ""},
	{"{a:1}", "line 1, column 2", "a key in double quotes", ""},
	{"{1:1}", "line 1, column 2", "a key in double quotes", ""},
	{"{\"a\":1,,}", "line 1, column 8", "a key in double quotes", ""},
	{"{\"a\":{\"b\":[1,tru]}}", "line 1, column 14", "no JSON value", "/a/b/1"},
	{"{\"a\":True}", "line 1, column 6", "no JSON value", "/a"},
	{"[nullx]", "line 1, column 2", "no JSON value", "/0"},
	{"[NaN]", "line 1, column 2", "no NaN", "/0"},
	{"[-Infinity]", "line 1, column 3", "no NaN", "/0"},
	{"[Infinity]", "line 1, column 2", "no NaN", "/0"},
	{"// c\n{}", "line 1, column 1", "no comments", ""},
	{"[1 /* c */]", "line 1, column 4", "no comments", ""},
	{"# c", "line 1, column 1", "no comments", ""},
	{"['a']", "line 1, column 2", "single quotes", "/0"},
	{"[\"a\nb\"]", "line 1, column 4", "control character", "/0"},
	{"[\"\x1f\"]", "line 1, column 3", "control character", "/0"},
	{"[\"\xc3\xa9\xe2\x82\xac\xff\"]", "line 1, column 5", "no UTF-8", "/0"},
	{"[\"\xed\xa0\x80\"]", "line 1, column 3", "no UTF-8", "/0"},
	{"[\"\xc0\xaf\"]", "line 1, column 3", "no UTF-8", "/0"},
	{"[\"\\x41\"]", "line 1, column 3", "no JSON escape", "/0"},
	{"[\"a\\u12\"]", "line 1, column 4", "no JSON escape", "/0"},
	{"[\"\\u12g4\"]", "line 1, column 3", "no JSON escape", "/0"},
	{"[\"\\u\"]", "line 1, column 3", "no JSON escape", "/0"},
	{"[\"\\ud83d\"]", "line 1, column 3", "surrogate", "/0"},
	{"[\"\\ud83d\\n\"]", "line 1, column 3", "surrogate", "/0"},
	{"[\"\\ud83d\\u0041\"]", "line 1, column 3", "surrogate", "/0"},
	{"[\"\\ud83d\\ud83d\"]", "line 1, column 3", "surrogate", "/0"},
	{"[\"\\ud83d\\ue000\"]", "line 1, column 3", "surrogate", "/0"},
	{"[\"\\ude00\"]", "line 1, column 3", "surrogate", "/0"},
	{"{\"a\\u0000\":1}", "line 1, column 4", "a NUL", ""},
	{"[-]", "line 1, column 3", "lacks digits", "/0"},
	{"[1.]", "line 1, column 4", "lacks digits", "/0"},
	{"[1.e5]", "line 1, column 4", "lacks digits", "/0"},
	{"[1e]", "line 1, column 4", "lacks digits", "/0"},
	{"[1e+]", "line 1, column 5", "lacks digits", "/0"},
	{"[01]", "line 1, column 3", "superfluous zero", "/0"},
	{"[-01]", "line 1, column 4", "superfluous zero", "/0"},
	{"[0x10]", "line 1, column 3", "a comma or the closing bracket", ""},
	{"[+1]", "line 1, column 2", "a value is expected", "/0"},
	{"[.5]", "line 1, column 2", "a value is expected", "/0"},
	{"{\"a\":1,\n\"b\":{\"x\":[{\"a\":2,\"b\":1}, 3],\"y\":\"},\\\"\", \"x\":2}}", "line 2, column 41",
	 "stands twice in one object", "/b/x"},
	{"{\"a\":1,\"\\u0061\":2}", "line 1, column 8", "stands twice in one object", "/a"},
	{"[", "line 1, column 2", "ends too early", "/0"},
	{"\"\\", "line 1, column 3", "ends too early", ""},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *refusal = &refusals[i];
		struct arena cleanup_arena arena = ARENA_INIT;
		struct json *root = (void *)&arena;
		struct err err = ERR_INIT;

		if (parse_bytes(&arena, refusal->text, strlen(refusal->text), &root, &err) == 0)
			fail_msg("accepted: %s", refusal->text);
		assert_ptr_equal(root, &arena); /* outputs are written on success only */
		assert_int_equal(err.kind, ERR_CONFIG);
		if (!strstr(err.what, refusal->what) || !strstr(err.what, refusal->place) ||
		    strncmp(err.what, "cannot read config.json: ", 25))
			fail_msg("%s: %s, expected %s: %s", refusal->text, err.what, refusal->place, refusal->what);
		assert_memory_equal(err.where, "config.json#", 12);
		assert_string_equal(err.where + 12, refusal->where);
		assert_true(err.fix[0]);
	}
}

static void test_raw_nul(void **state)
{
	static const char inside[] = "[\"a\0b\"]", between[] = "[1,\0 2]";
	struct arena cleanup_arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct json *root;

	(void)state;
	assert_int_equal(parse_bytes(&arena, inside, sizeof(inside) - 1, &root, &err), ERR);
	assert_non_null(strstr(err.what, "control character"));
	assert_int_equal(parse_bytes(&arena, between, sizeof(between) - 1, &root, &err), ERR);
	assert_int_equal(json_parse(&arena, "x", "[]", (size_t)UINT32_MAX + 1, &root, &err), ERR);
	assert_non_null(strstr(err.what, "4 GiB"));
	assert_int_equal(parse_bytes(&arena, "[]", 3, &root, &err), ERR);
	assert_non_null(strstr(err.what, "text follows"));
}

/* Each beginning of a correct object is refused, and as what it is. */
static void test_truncated(void **state)
{
	static const char text[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\xc3\xa9\\n\",{\"b\":true}],\"c\":null}";
	struct arena cleanup_arena arena = ARENA_INIT;
	struct json *root;

	(void)state;
	for (size_t size = 1; size < sizeof(text) - 1; size++) {
		struct err err = ERR_INIT;

		assert_int_equal(parse_bytes(&arena, text, size, &root, &err), ERR);
		if (!strstr(err.what, "ends too early") && !strstr(err.what, "no JSON value") &&
		    !strstr(err.what, "no UTF-8"))
			fail_msg("%.*s: %s", (int)size, text, err.what);
	}
	assert_int_equal(parse_bytes(&arena, text, sizeof(text) - 1, &root, &(struct err){0}), 0);
}

static void test_depth(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 4];

	(void)state;
	for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
		struct arena cleanup_arena arena = ARENA_INIT;
		struct err err = ERR_INIT;
		struct json *root;
		int result;

		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		result = parse_bytes(&arena, text, 2 * depth, &root, &err);
		assert_int_equal(result, depth == JSON_DEPTH_MAX ? 0 : ERR);
		if (result)
			assert_non_null(strstr(err.what, "64 levels"));
	}
	/* a million brackets are refused where the limit is, without recursing further */
	char *deep = malloc(1000000);
	struct arena cleanup_arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct json *root;

	assert_non_null(deep);
	for (size_t i = 0; i < 1000000; i++)
		deep[i] = "{\"\":"[i % 4];
	assert_int_equal(parse_bytes(&arena, deep, 1000000, &root, &err), ERR);
	assert_non_null(strstr(err.what, "column 257: "));
	free(deep);
}

static void test_depth_siblings(void **state)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	struct buf cleanup_buf text = BUF_INIT;

	(void)state;
	buf_puts(&text, "[[]");
	for (int i = 0; i < 1000; i++)
		buf_puts(&text, ",[{}]");
	buf_puts(&text, "]");
	assert_int_equal(parse(&arena, text.data)->count, 1001);
}

/* Objects of each size around the one at which the search changes; the last key is the first, or the one before. */
static void test_duplicates(void **state)
{
	(void)state;
	for (int count = 1; count < 40; count += count % 7 == 6 ? 2 : 1) { /* steps of 7 visit all keys of these */
		for (int twice = -1; twice < count; twice++) {
			struct arena cleanup_arena arena = ARENA_INIT;
			struct buf cleanup_buf text = BUF_INIT;
			struct err err = ERR_INIT;
			struct json *root;
			char column[32], where[32];

			buf_puts(&text, "{");
			for (int i = 0; i < count; i++)
				buf_printf(&text, "\"key%02d\":[\"},\"],", i * 7 % count);
			snprintf(column, sizeof(column), "column %zu:", text.length + 1);
			if (twice >= 0)
				buf_printf(&text, "\"key%02d\":1}", twice * 7 % count);
			else
				buf_puts(&text, "\"other\":1}");
			if (twice < 0) {
				assert_int_equal(parse_bytes(&arena, text.data, text.length, &root, &err), 0);
				continue;
			}
			assert_int_equal(parse_bytes(&arena, text.data, text.length, &root, &err), ERR);
			assert_non_null(strstr(err.what, "stands twice"));
			assert_non_null(strstr(err.what, column));
			snprintf(where, sizeof(where), "config.json#/key%02d", twice * 7 % count);
			assert_string_equal(err.where, where);
		}
	}
}

static void test_arena_limit(void **state)
{
	struct buf cleanup_buf text = BUF_INIT;
	struct json *root;

	(void)state;
	buf_puts(&text, "[\"0123456789\",1,{\"key\":\"value\"}]");
	for (size_t limit = 1;; limit++) {
		struct arena cleanup_arena arena = {.limit = limit};
		struct err err = ERR_INIT;

		if (parse_bytes(&arena, text.data, text.length, &root, &err) == 0) {
			assert_true(limit > 4 * sizeof(struct json));
			break;
		}
		assert_int_equal(err.errnum, ENOMEM);
		assert_true(limit < 10000);
	}
}

/* A hostile place name does not outgrow the error. */
static void test_long_place(void **state)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	struct buf cleanup_buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct json *root;

	(void)state;
	buf_puts(&text, "{\"\\n");
	for (int i = 0; i < 5000; i++)
		buf_puts(&text, "\xe2\x82\xac/");
	buf_puts(&text, "\":x}");
	assert_int_equal(parse_bytes(&arena, text.data, text.length, &root, &err), ERR);
	assert_true(strnlen(err.where, sizeof(err.where)) < sizeof(err.where));
	assert_memory_equal(err.where, "config.json#/\\n\xe2\x82\xac~1", 20);
}

/* ---- the writer ---- */

static void write_sample(struct json_writer *writer)
{
	json_begin_object(writer);
	json_member_string(writer, "s", "a\"\\\b\f\n\r\t\x01\x7f\xc2\x85/\xc3\xa9");
	json_member_string(writer, "bad", "x\xff\xe2\x82y");
	json_member_string(writer, "none", NULL);
	json_member_u64(writer, "u", UINT64_MAX);
	json_member_i64(writer, "i", INT64_MIN);
	json_member_bool(writer, "t", true);
	json_key(writer, "list");
	json_begin_array(writer);
	json_put_bool(writer, false);
	json_begin_object(writer);
	json_end_object(writer);
	json_begin_array(writer);
	json_end_array(writer);
	for (unsigned int i = 1; i <= 2; i++) {
		json_begin_array(writer);
		json_put_u64(writer, i);
		json_end_array(writer);
	}
	json_put_null(writer);
	json_end_array(writer);
	json_end_object(writer);
}

static void test_writer_line(void **state)
{
	struct buf cleanup_buf out = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&out, 0);

	(void)state;
	write_sample(&writer);
	assert_string_equal(out.data, "{\"s\":\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f\\u0085/\xc3\xa9\","
				      "\"bad\":\"x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdy\",\"none\":null,"
				      "\"u\":18446744073709551615,\"i\":-9223372036854775808,\"t\":true,"
				      "\"list\":[false,{},[],[1],[2],null]}");
}

static void test_writer_indented(void **state)
{
	struct buf cleanup_buf out = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&out, 2);

	(void)state;
	json_begin_object(&writer);
	json_member_u64(&writer, "a", 1);
	json_key(&writer, "b");
	json_begin_array(&writer);
	json_put_i64(&writer, -1);
	json_begin_object(&writer);
	json_end_object(&writer);
	json_end_array(&writer);
	json_end_object(&writer);
	assert_string_equal(out.data, "{\n  \"a\": 1,\n  \"b\": [\n    -1,\n    {}\n  ]\n}");
}

static void test_writer_read_back(void **state)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	struct buf cleanup_buf out = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&out, 3);
	const struct json *root;
	uint64_t u64;
	int64_t i64;

	(void)state;
	write_sample(&writer);
	root = parse(&arena, out.data);
	assert_string_equal(json_get(root, "s")->string, "a\"\\\b\f\n\r\t\x01\x7f\xc2\x85/\xc3\xa9");
	assert_true(json_u64(json_get(root, "u"), &u64) && u64 == UINT64_MAX);
	assert_true(json_i64(json_get(root, "i"), &i64) && i64 == INT64_MIN);
	assert_int_equal(json_get(root, "none")->type, JSON_NULL);
	assert_int_equal(json_get(root, "list")->count, 6);
}

static void test_writer_depth(void **state)
{
	struct buf cleanup_buf out = BUF_INIT;
	struct buf cleanup_buf closed = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&out, 0), wrong = JSON_WRITER(&closed, 0);

	(void)state;
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_begin_array(&writer);
	assert_false(out.failed);
	json_begin_array(&writer);
	assert_true(out.failed);
	json_end_object(&wrong);
	assert_true(closed.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_steps),		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_not_numbers),	cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_type_names),	cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_raw_nul),		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_depth),		cmocka_unit_test(test_depth_siblings),
		cmocka_unit_test(test_duplicates),	cmocka_unit_test(test_arena_limit),
		cmocka_unit_test(test_long_place),	cmocka_unit_test(test_writer_line),
		cmocka_unit_test(test_writer_indented), cmocka_unit_test(test_writer_read_back),
		cmocka_unit_test(test_writer_depth),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
