/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our JSON reader beside json-c's strict one, on generated documents and on damaged ones (the generator's seeds are
 * fixed). What we accept json-c must accept, with the same values to the last bit of an integer; where json-c accepts
 * more, our reason must be one of those that are listed here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* both have an enum json_type; none of json-c's functions is called that */
#define json_type json_c_type
#include <json-c/json.h>
#undef json_type

#include "base/json.h"
#include "base/types.h"

#define DOCUMENTS 400
#define DAMAGES	  25 /* of each document */

/* ---- generator: xorshift, so that each run sees the same documents ---- */

static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % bound;
}

static void add_space(struct buf *out)
{
	static const char *const spaces[] = {"", "", "", "", " ", "\n", "\t", "\r\n", "  "};

	buf_puts(out, spaces[random_below(ARRAY_SIZE(spaces))]);
}

static void add_string(struct buf *out, uint32_t number)
{
	static const char *const pieces[] = {"a",
					     "path",
					     "/proc",
					     " ",
					     "\\n",
					     "\\\"",
					     "\\\\",
					     "\\/",
					     "\\t",
					     "\\b",
					     "\\f",
					     "\\r",
					     "\\u0041",
					     "\\u00e9",
					     "\\u20ac",
					     "\\u001f",
					     "\\ud83d\\ude00",
					     "\xc3\xa9",
					     "\xe2\x82\xac",
					     "\xf0\x9f\x98\x80",
					     "\x7f",
					     "{",
					     "]",
					     ",",
					     ":",
					     "'",
					     "//"};

	buf_puts(out, "\"");
	for (uint32_t i = random_below(6); i; i--)
		buf_puts(out, pieces[random_below(ARRAY_SIZE(pieces))]);
	/* a number makes keys different from each other */
	if (number)
		buf_printf(out, "%u", number);
	buf_puts(out, "\"");
}

static void add_number(struct buf *out)
{
	static const char *const numbers[] = {"0",
					      "1",
					      "-1",
					      "9223372036854775807",
					      "9223372036854775808",
					      "-9223372036854775808",
					      "18446744073709551615",
					      "4294967296",
					      "0.5",
					      "-0.25",
					      "1.5e3",
					      "1e-3",
					      "2E+10",
					      "123456.789"};
	uint64_t value = (uint64_t)random_below(UINT32_MAX) << 32 | random_below(UINT32_MAX);

	switch (random_below(3)) {
	case 0:
		buf_puts(out, numbers[random_below(ARRAY_SIZE(numbers))]);
		break;
	case 1:
		buf_printf(out, "%llu", (unsigned long long)value >> random_below(64));
		break;
	default:
		buf_printf(out, "%lld", (long long)value >> random_below(64));
	}
}

static void add_value(struct buf *out, unsigned int depth)
{
	static const char *const words[] = {"true", "false", "null"};
	uint32_t kind = random_below(depth < 6 ? 7 : 4), count = random_below(7);
	bool object = kind >= 5;

	add_space(out);
	if (kind == 0) {
		buf_puts(out, words[random_below(3)]);
	} else if (kind == 1) {
		add_number(out);
	} else if (kind <= 3) {
		add_string(out, 0);
	} else {
		buf_puts(out, object ? "{" : "[");
		for (uint32_t i = 1; i <= count; i++) {
			add_space(out);
			if (object) {
				add_string(out, i);
				add_space(out);
				buf_puts(out, ":");
			}
			add_value(out, depth + 1);
			if (i < count)
				buf_puts(out, ",");
		}
		add_space(out);
		buf_puts(out, object ? "}" : "]");
	}
	add_space(out);
}

static void generate(struct buf *out, uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ULL + 1;
	buf_puts(out, "{\"document\":");
	add_value(out, 0);
	buf_puts(out, "}");
}

/* One change: a byte gone, a byte doubled, a piece put in, the end cut off. */
static void damage(const struct buf *from, struct buf *out)
{
	static const char *const pieces[] = {"\"",
					     ",",
					     ":",
					     "{",
					     "}",
					     "[",
					     "]",
					     "\\",
					     "0",
					     "-",
					     ".",
					     "e5",
					     "+",
					     "NaN",
					     "/",
					     "//x\n",
					     "/**/",
					     "'",
					     "\\u0000",
					     "\\ud800",
					     "\\udc00",
					     "\x01",
					     "\n",
					     "\t",
					     "\xff",
					     "\xed\xa0\x80",
					     "\xc0\xaf",
					     "true",
					     "null",
					     "nul",
					     "Infinity",
					     "\xef\xbb\xbf",
					     "01",
					     "1e999",
					     "-0",
					     "99999999999999999999",
					     "\"document\":0,",
					     "[[[[",
					     "{\"a\":1,\"a\":2}",
					     "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]"};
	size_t at = random_below((uint32_t)from->length);
	uint32_t kind = random_below(5);

	buf_add(out, from->data, at);
	if (kind >= 2)
		buf_puts(out, pieces[random_below(ARRAY_SIZE(pieces))]);
	if (kind == 0)
		return;
	if (kind == 1 || kind == 2)
		at++;
	buf_add(out, from->data + at, from->length - at);
}

/* ---- comparison ---- */

static void assert_same(const struct json *ours, struct json_object *theirs);

static void assert_same_number(const struct json *ours, struct json_object *theirs)
{
	uint64_t u64;
	int64_t i64;

	if (json_i64(ours, &i64)) {
		/* json-c makes a double of "-0" */
		if (i64 == 0 && json_object_is_type(theirs, json_type_double)) {
			assert_true(json_object_get_double(theirs) == 0);
			return;
		}
		assert_true(json_object_is_type(theirs, json_type_int));
		assert_int_equal(i64, json_object_get_int64(theirs));
	} else if (json_u64(ours, &u64)) {
		assert_true(json_object_is_type(theirs, json_type_int));
		assert_int_equal(u64, json_object_get_uint64(theirs));
	} else if (json_object_is_type(theirs, json_type_int)) {
		/* an integer beyond 64 bits, which json-c cuts to the nearest one that fits */
		if (ours->negative)
			assert_int_equal(json_object_get_int64(theirs), INT64_MIN);
		else
			assert_int_equal(json_object_get_uint64(theirs), UINT64_MAX);
		assert_null(strpbrk(ours->string, ".eE"));
	} else {
		double value = strtod(ours->string, NULL), other = json_object_get_double(theirs);

		assert_true(json_object_is_type(theirs, json_type_double));
		assert_memory_equal(&value, &other, sizeof(value));
	}
}

static void assert_same_children(const struct json *ours, struct json_object *theirs)
{
	const struct json *child;
	struct json_object *other;
	size_t index = 0;

	if (ours->type == JSON_ARRAY) {
		assert_true(json_object_is_type(theirs, json_type_array));
		assert_int_equal(ours->count, json_object_array_length(theirs));
	} else {
		assert_true(json_object_is_type(theirs, json_type_object));
		assert_int_equal(ours->count, json_object_object_length(theirs));
	}
	for (child = ours->first; child; child = child->next) {
		if (ours->type == JSON_ARRAY)
			other = json_object_array_get_idx(theirs, index++);
		else
			assert_true(json_object_object_get_ex(theirs, child->key, &other));
		assert_same(child, other);
	}
}

static void assert_same(const struct json *ours, struct json_object *theirs)
{
	switch (ours->type) {
	case JSON_NULL:
		assert_null(theirs);
		break;
	case JSON_BOOL:
		assert_true(json_object_is_type(theirs, json_type_boolean));
		assert_int_equal(ours->boolean, json_object_get_boolean(theirs));
		break;
	case JSON_NUMBER:
		assert_same_number(ours, theirs);
		break;
	case JSON_STRING:
		assert_true(json_object_is_type(theirs, json_type_string));
		assert_int_equal(ours->count, json_object_get_string_len(theirs));
		assert_string_equal(ours->string, json_object_get_string(theirs));
		break;
	default:
		assert_same_children(ours, theirs);
	}
}

/* Whether json-c accepts; *ret_root is the caller's to put. */
static bool parse_theirs(const struct buf *text, struct json_object **ret_root)
{
	struct json_tokener *tokener = json_tokener_new_ex(200);
	struct json_object *root;
	bool accepted;

	assert_non_null(tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* the NUL is part of the input: it ends a number that stands alone */
	root = json_tokener_parse_ex(tokener, text->data, (int)text->length + 1);
	accepted = json_tokener_get_error(tokener) == json_tokener_success;
	json_tokener_free(tokener);
	if (!accepted)
		json_object_put(root);
	*ret_root = accepted ? root : NULL;
	return accepted;
}

enum outcome { BOTH_ACCEPT, BOTH_REFUSE, ONLY_THEIRS, OUTCOMES };

#define EIGHT_LEVELS "[[[[[[[["
#define EIGHT_ENDS   "]]]]]]]]"

/* The reasons for which we refuse what json-c takes, by the words of our message; each with an example. */
static const struct {
	const char *what, *example;
} stricter[] = {
	{"this key stands twice", "{\"a\":1,\"a\":2}"},
	{"a NUL character", "[\"a\\u0000b\"]"},
	{"half of a surrogate pair", "[\"\\ud800\"]"},
	{"control character", "[\"\x01\"]"},
	{"no NaN and no Infinity", "[NaN]"},
	{"begins with a superfluous zero", "[-01]"},
	{"a number lacks digits", "[1.]"},
	{"no UTF-8", "[\"\xed\xa0\x80\"]"},
	{"more than 64 levels",
	 "[" EIGHT_LEVELS EIGHT_LEVELS EIGHT_LEVELS EIGHT_LEVELS EIGHT_LEVELS EIGHT_LEVELS EIGHT_LEVELS EIGHT_LEVELS
		 EIGHT_ENDS EIGHT_ENDS EIGHT_ENDS EIGHT_ENDS EIGHT_ENDS EIGHT_ENDS EIGHT_ENDS EIGHT_ENDS "]"},
};

static enum outcome compare(const struct buf *text)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct json_object *theirs;
	struct json *ours;
	bool accepted = parse_theirs(text, &theirs);

	if (json_parse(&arena, "document", text->data, text->length, &ours, &err) == 0) {
		if (!accepted)
			fail_msg("json-c refuses what we accept: %s", text->data);
		assert_same(ours, theirs);
		json_object_put(theirs);
		return BOTH_ACCEPT;
	}
	if (!accepted)
		return BOTH_REFUSE;
	json_object_put(theirs);
	for (size_t i = 0; i < ARRAY_SIZE(stricter); i++)
		if (strstr(err.what, stricter[i].what))
			return ONLY_THEIRS;
	fail_msg("json-c accepts what we refuse: %s\n%s", err.what, text->data);
	return ONLY_THEIRS;
}

static void test_generated(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < DOCUMENTS; seed++) {
		struct buf cleanup_buf text = BUF_INIT;

		generate(&text, seed);
		if (compare(&text) != BOTH_ACCEPT)
			fail_msg("refused: %s", text.data);
	}
}

static void test_damaged(void **state)
{
	unsigned int outcomes[OUTCOMES] = {0};

	(void)state;
	for (uint64_t seed = 0; seed < DOCUMENTS; seed++) {
		struct buf cleanup_buf text = BUF_INIT;

		generate(&text, seed);
		for (int i = 0; i < DAMAGES; i++) {
			struct buf cleanup_buf damaged = BUF_INIT;

			damage(&text, &damaged);
			if (damaged.length)
				outcomes[compare(&damaged)]++;
		}
	}
	/* each outcome is really compared */
	for (int i = 0; i < OUTCOMES; i++)
		if (outcomes[i] < 100)
			fail_msg("outcome %d: %u documents only", i, outcomes[i]);
}

/* The list above holds no reason that never applies. */
static void test_reasons_apply(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stricter); i++) {
		struct buf cleanup_buf text = BUF_INIT;
		struct arena cleanup_arena arena = ARENA_INIT;
		struct err err = ERR_INIT;
		struct json *root;

		buf_puts(&text, stricter[i].example);
		if (compare(&text) != ONLY_THEIRS)
			fail_msg("not only json-c takes it: %s", text.data);
		assert_int_equal(json_parse(&arena, "example", text.data, text.length, &root, &err), ERR);
		assert_non_null(strstr(err.what, stricter[i].what));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generated),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_reasons_apply),
	};

	return cmocka_run_group_tests_name("json_compare", tests, NULL, NULL);
}
