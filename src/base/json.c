/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: the strict reader (json.h says what it refuses). One pass over the text; the tree and the unescaped strings go
 * to the arena, so the text may be released afterwards. Runs in the runtime process; the cloned child never reads JSON.
 *
 * The text is hostile: the work is bounded by its length (times the logarithm of the largest object's members), the
 * recursion by JSON_DEPTH_MAX, the memory by the arena's limit. Nothing here depends on the locale.
 */
#include "base/json.h"

#include <errno.h>
#include <string.h>

#include "base/json_duplicate.h"
#include "base/types.h"
#include "base/utf8.h"

enum problem {
	PROBLEM_EMPTY,
	PROBLEM_BOM,
	PROBLEM_SIZE,
	PROBLEM_END,
	PROBLEM_TRAILING,
	PROBLEM_VALUE,
	PROBLEM_WORD,
	PROBLEM_NAN,
	PROBLEM_COMMENT,
	PROBLEM_QUOTE,
	PROBLEM_KEY,
	PROBLEM_COLON,
	PROBLEM_COMMA,
	PROBLEM_LAST_COMMA,
	PROBLEM_DEPTH,
	PROBLEM_CONTROL,
	PROBLEM_UTF8,
	PROBLEM_ESCAPE,
	PROBLEM_SURROGATE,
	PROBLEM_NUL,
	PROBLEM_DIGITS,
	PROBLEM_LEADING_ZERO,
};

static const struct {
	const char *what, *fix;
} problems[] = {
	[PROBLEM_EMPTY] = {"the text is empty", "write a JSON value into it"},
	[PROBLEM_BOM] = {"the text begins with a byte order mark", "save it as UTF-8 without a byte order mark"},
	[PROBLEM_SIZE] = {"the text has 4 GiB or more", "make it smaller"},
	[PROBLEM_END] = {"the text ends too early", "check that it was written completely"},
	[PROBLEM_TRAILING] = {"text follows the end of the value", "remove what follows the last bracket"},
	[PROBLEM_VALUE] = {"a value is expected here", "write an object, array, string, number, true, false or null"},
	[PROBLEM_WORD] = {"this word is no JSON value", "write true, false or null, or put it in double quotes"},
	[PROBLEM_NAN] = {"JSON has no NaN and no Infinity", "write a finite number"},
	[PROBLEM_COMMENT] = {"JSON has no comments", "remove the comment"},
	[PROBLEM_QUOTE] = {"a string stands in single quotes", "use double quotes"},
	[PROBLEM_KEY] = {"a key in double quotes is expected here", "write \"KEY\": VALUE"},
	[PROBLEM_COLON] = {"a colon is expected after the key", "write \"KEY\": VALUE"},
	[PROBLEM_COMMA] = {"a comma or the closing bracket is expected here", "put a comma between two values"},
	[PROBLEM_LAST_COMMA] = {"a comma stands before the closing bracket", "remove the comma after the last value"},
	[PROBLEM_DEPTH] = {"arrays and objects are nested more than 64 levels deep", "nest them less"},
	[PROBLEM_CONTROL] = {"a string holds a control character", "write it as an escape, such as \\n or \\u001b"},
	[PROBLEM_UTF8] = {"a string holds bytes that are no UTF-8", "save the text as UTF-8"},
	[PROBLEM_ESCAPE] = {"a backslash begins no JSON escape", "write a backslash itself as \\\\"},
	[PROBLEM_SURROGATE] = {"half of a surrogate pair stands alone", "write both halves, or the character itself"},
	[PROBLEM_NUL] = {"a string holds a NUL character, which no path or argument can have", "remove \\u0000"},
	[PROBLEM_DIGITS] = {"a number lacks digits", "write digits after the sign, the point or the exponent"},
	[PROBLEM_LEADING_ZERO] = {"a number begins with a superfluous zero", "write it in decimal, without the zero"},
};

struct reader {
	struct arena *arena;
	const char *name;
	const char *start, *at, *end;
	const struct json *innermost; /* the value that was begun last and is not finished */
	unsigned int depth;
	struct err *err;
};

static int parse_value(struct reader *reader, struct json *parent, const char *key, struct json **ret);

/* ---- errors ---- */

static int fail_at_place(struct reader *reader, const char *at, const char *what, const char *fix)
{
	size_t line = 1, column = 1;
	char pointer[sizeof(reader->err->where)];

	for (const char *byte = reader->start; byte < at; byte++) {
		if (*byte == '\n') {
			line++;
			column = 1;
		} else if ((*byte & 0xc0) != 0x80) {
			column++;
		}
	}
	json_pointer(reader->innermost, pointer, sizeof(pointer));
	err_set(reader->err, ERR_CONFIG, "cannot read %s: line %zu, column %zu: %s", reader->name, line, column, what);
	err_where(reader->err, "%s#%s", reader->name, pointer);
	return err_fix(reader->err, "%s", fix);
}

/* What stands at the place says more than what was expected there. */
static int fail(struct reader *reader, enum problem problem)
{
	if (reader->at == reader->end)
		problem = PROBLEM_END;
	else if (*reader->at == '/' || *reader->at == '#')
		problem = PROBLEM_COMMENT;
	else if (*reader->at == '\'')
		problem = PROBLEM_QUOTE;
	return fail_at_place(reader, reader->at, problems[problem].what, problems[problem].fix);
}

static int fail_memory(struct reader *reader)
{
	err_sys(reader->err, ENOMEM, "mmap", "cannot read %s", reader->name);
	return err_fix(reader->err, "make it smaller, or give the runtime more memory");
}

/* ---- text ---- */

/*
 * Most bytes of a config are indentation and plain strings: those two loops go in steps of eight, and keep their place
 * in a local variable, because a store to *reader for each byte would cost more than the test of it.
 */
#define EACH_BYTE(byte) ((uint64_t)(byte)*0x0101010101010101ULL)

static uint64_t load_eight(const char *at)
{
	uint64_t eight;

	memcpy(&eight, at, sizeof(eight));
	return eight;
}

/* Nonzero when one of the eight bytes is below limit, which is at most 0x80; bytes from 0x80 on do not count. */
static uint64_t any_below(uint64_t eight, unsigned char limit)
{
	return (eight - EACH_BYTE(limit)) & ~eight & EACH_BYTE(0x80);
}

static void skip_space(struct reader *reader)
{
	const char *at = reader->at, *end = reader->end;

	while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) {
		at++;
		while (end - at >= 8 && load_eight(at) == EACH_BYTE(' '))
			at += 8;
	}
	reader->at = at;
}

static bool at_byte(const struct reader *reader, char byte)
{
	return reader->at < reader->end && *reader->at == byte;
}

static bool at_digit(const struct reader *reader)
{
	return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

/* ---- strings ---- */

static bool eight_plain(uint64_t eight)
{
	return !(any_below(eight, 0x20) | any_below(eight ^ EACH_BYTE('"'), 1) | any_below(eight ^ EACH_BYTE('\\'), 1) |
		 (eight & EACH_BYTE(0x80)));
}

/* Goes over ASCII characters that stand for themselves. */
static void skip_plain(struct reader *reader)
{
	const char *at = reader->at, *end = reader->end;

	while (end - at >= 8 && eight_plain(load_eight(at)))
		at += 8;
	while (at < end && (unsigned char)*at - 0x20U < 0x60 && *at != '"' && *at != '\\')
		at++;
	reader->at = at;
}

/* Goes from behind the opening quote to the closing one. Everything but the escapes is checked here. */
static int scan_string(struct reader *reader, bool *ret_escaped)
{
	*ret_escaped = false;
	for (skip_plain(reader); reader->at < reader->end; skip_plain(reader)) {
		unsigned char byte = (unsigned char)*reader->at;
		size_t length = 1;
		uint32_t rune;

		if (byte == '"')
			return 0;
		if (byte < 0x20)
			return fail(reader, PROBLEM_CONTROL);
		if (byte == '\\') {
			*ret_escaped = true;
			length = 2;
		} else if (byte >= 0x80) {
			length = utf8_decode(reader->at, (size_t)(reader->end - reader->at), &rune);
			if (length == 0)
				return fail(reader, PROBLEM_UTF8);
		}
		if (length > (size_t)(reader->end - reader->at))
			reader->at = reader->end;
		else
			reader->at += length;
	}
	return fail(reader, PROBLEM_END);
}

/* Four hexadecimal digits. The closing quote behind them ends a shorter run, so nothing is read past the text. */
static bool read_unit(const char *digits, uint32_t *ret)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		char digit = digits[i];

		if (digit >= '0' && digit <= '9')
			value = value << 4 | (uint32_t)(digit - '0');
		else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
			value = value << 4 | (uint32_t)((digit | 0x20) - 'a' + 10);
		else
			return false;
	}
	*ret = value;
	return true;
}

/* reader->at is a backslash; goes behind the escape. */
static int read_escape(struct reader *reader, uint32_t *ret_rune)
{
	static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *found = strchr(letters, reader->at[1]), *at = reader->at;
	uint32_t high, low;

	if (found && *found) {
		*ret_rune = (uint32_t)values[found - letters];
		reader->at += 2;
		return 0;
	}
	if (at[1] != 'u' || !read_unit(at + 2, &high))
		return fail(reader, PROBLEM_ESCAPE);
	at += 6;
	if (high == 0)
		return fail(reader, PROBLEM_NUL);
	if (high >= 0xdc00 && high <= 0xdfff)
		return fail(reader, PROBLEM_SURROGATE);
	if (high >= 0xd800 && high <= 0xdbff) {
		if (at[0] != '\\' || at[1] != 'u' || !read_unit(at + 2, &low) || low < 0xdc00 || low > 0xdfff)
			return fail(reader, PROBLEM_SURROGATE);
		at += 6;
		high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	}
	*ret_rune = high;
	reader->at = at;
	return 0;
}

/* reader->at is the opening quote; goes behind the closing one. */
static int parse_string(struct reader *reader, const char **ret, uint32_t *ret_length)
{
	const char *from = ++reader->at, *close;
	char *text, *to;
	bool escaped;

	if (scan_string(reader, &escaped) < 0)
		return ERR;
	close = reader->at;
	/* An escape is never shorter than what it stands for. */
	text = arena_strndup(reader->arena, from, (size_t)(close - from));
	if (!text)
		return fail_memory(reader);
	*ret = text;
	*ret_length = (uint32_t)(close - from);
	if (escaped) {
		reader->at = from;
		to = text;
		while (reader->at < close) {
			uint32_t rune = 0;

			if (*reader->at != '\\') {
				*to++ = *reader->at++;
				continue;
			}
			if (read_escape(reader, &rune) < 0)
				return ERR;
			to += utf8_encode(rune, to);
		}
		*to = '\0';
		*ret_length = (uint32_t)(to - text);
	}
	reader->at = close + 1;
	return 0;
}

/* ---- numbers and words ---- */

static int skip_digits(struct reader *reader)
{
	if (!at_digit(reader))
		return fail(reader, PROBLEM_DIGITS);
	while (at_digit(reader))
		reader->at++;
	return 0;
}

/* The digits before the point. Clears node->integral when they do not fit in 64 bits. */
static int parse_whole_part(struct reader *reader, struct json *node)
{
	uint64_t value = 0;

	if (at_byte(reader, '0')) {
		reader->at++;
		return at_digit(reader) ? fail(reader, PROBLEM_LEADING_ZERO) : 0;
	}
	if (at_byte(reader, 'I'))
		return fail(reader, PROBLEM_NAN);
	if (!at_digit(reader))
		return fail(reader, PROBLEM_DIGITS);
	for (; at_digit(reader); reader->at++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*reader->at - '0'), &value))
			node->integral = false;
	node->magnitude = value;
	return 0;
}

static int parse_number(struct reader *reader, struct json *node)
{
	const char *from = reader->at;

	node->type = JSON_NUMBER;
	node->integral = true;
	if (at_byte(reader, '-')) {
		node->negative = true;
		reader->at++;
	}
	if (parse_whole_part(reader, node) < 0)
		return ERR;
	if (node->negative && node->magnitude > (uint64_t)INT64_MAX + 1)
		node->integral = false;
	if (at_byte(reader, '.')) {
		node->integral = false;
		reader->at++;
		if (skip_digits(reader) < 0)
			return ERR;
	}
	if (at_byte(reader, 'e') || at_byte(reader, 'E')) {
		node->integral = false;
		reader->at++;
		if (at_byte(reader, '+') || at_byte(reader, '-'))
			reader->at++;
		if (skip_digits(reader) < 0)
			return ERR;
	}
	if (!node->integral)
		node->magnitude = 0;
	else if (node->magnitude == 0)
		node->negative = false; /* -0 is 0, for unsigned fields too */
	node->string = arena_strndup(reader->arena, from, (size_t)(reader->at - from));
	return node->string ? 0 : fail_memory(reader);
}

static bool is_word_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       byte == '_';
}

static int parse_word(struct reader *reader, struct json *node)
{
	static const struct {
		const char *word;
		enum json_type type;
		bool boolean;
	} words[] = {{"true", JSON_BOOL, true}, {"false", JSON_BOOL, false}, {"null", JSON_NULL, false}};
	static const char *const infinite[] = {"NaN", "nan", "Infinity", "inf"};
	size_t length = 0, left = (size_t)(reader->end - reader->at);

	while (length < left && is_word_byte(reader->at[length]))
		length++;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (length != strlen(words[i].word) || memcmp(reader->at, words[i].word, length))
			continue;
		node->type = words[i].type;
		node->boolean = words[i].boolean;
		reader->at += length;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(infinite); i++)
		if (length == strlen(infinite[i]) && !memcmp(reader->at, infinite[i], length))
			return fail(reader, PROBLEM_NAN);
	return fail(reader, length ? PROBLEM_WORD : PROBLEM_VALUE);
}

/* ---- arrays and objects ---- */

/* Behind a child: 1 when another follows (and goes to it), 0 at the closing bracket (and goes behind it). */
static int next_child(struct reader *reader, char close)
{
	const char *comma;

	skip_space(reader);
	if (at_byte(reader, close)) {
		reader->at++;
		return 0;
	}
	if (!at_byte(reader, ','))
		return fail(reader, PROBLEM_COMMA);
	comma = reader->at++;
	skip_space(reader);
	if (at_byte(reader, close)) {
		reader->at = comma;
		return fail(reader, PROBLEM_LAST_COMMA);
	}
	return 1;
}

/* True when the container that reader->at opens is empty; goes behind the opening, or behind the closing bracket. */
static bool open_container(struct reader *reader, char close)
{
	reader->at++;
	skip_space(reader);
	if (!at_byte(reader, close))
		return false;
	reader->at++;
	return true;
}

static int parse_array(struct reader *reader, struct json *node)
{
	struct json **tail = &node->first;
	int more = 1;

	node->type = JSON_ARRAY;
	if (open_container(reader, ']'))
		return 0;
	for (; more == 1; tail = &(*tail)->next) {
		if (parse_value(reader, node, NULL, tail) < 0)
			return ERR;
		more = next_child(reader, ']');
	}
	return more;
}

static int check_duplicates(struct reader *reader, const struct json *object, const char *open)
{
	const struct json *duplicate;

	if (!json_find_duplicate(object, &duplicate))
		return fail_memory(reader);
	if (!duplicate)
		return 0;
	reader->innermost = duplicate;
	fail_at_place(reader, json_key_place(open, duplicate->index), "this key stands twice in one object",
		      "keep one of the two");
	return err_why(reader->err, "programs disagree about which of the two would count");
}

static int parse_object(struct reader *reader, struct json *node)
{
	struct json **tail = &node->first;
	const char *open = reader->at;
	int more = 1;

	node->type = JSON_OBJECT;
	if (open_container(reader, '}'))
		return 0;
	for (; more == 1; tail = &(*tail)->next) {
		uint32_t length;
		const char *key;

		if (!at_byte(reader, '"'))
			return fail(reader, PROBLEM_KEY);
		if (parse_string(reader, &key, &length) < 0)
			return ERR;
		skip_space(reader);
		if (!at_byte(reader, ':'))
			return fail(reader, PROBLEM_COLON);
		reader->at++;
		skip_space(reader);
		if (parse_value(reader, node, key, tail) < 0)
			return ERR;
		more = next_child(reader, '}');
	}
	return more < 0 ? ERR : check_duplicates(reader, node, open);
}

static int parse_nested(struct reader *reader, struct json *node)
{
	int result;

	if (reader->depth == JSON_DEPTH_MAX)
		return fail(reader, PROBLEM_DEPTH);
	reader->depth++;
	result = *reader->at == '{' ? parse_object(reader, node) : parse_array(reader, node);
	reader->depth--;
	return result;
}

/* reader->at is where the value should begin. */
static int parse_value(struct reader *reader, struct json *parent, const char *key, struct json **ret)
{
	struct json *node = arena_alloc(reader->arena, sizeof(*node));
	int result;

	if (!node)
		return fail_memory(reader);
	node->parent = parent;
	node->key = key;
	if (parent)
		node->index = parent->count++;
	reader->innermost = node;
	if (at_byte(reader, '"')) {
		node->type = JSON_STRING;
		result = parse_string(reader, &node->string, &node->count);
	} else if (at_byte(reader, '{') || at_byte(reader, '[')) {
		result = parse_nested(reader, node);
	} else if (at_byte(reader, '-') || at_digit(reader)) {
		result = parse_number(reader, node);
	} else {
		result = parse_word(reader, node);
	}
	if (result < 0)
		return ERR;
	reader->innermost = parent;
	*ret = node;
	return 0;
}

static bool has_byte_order_mark(const char *text, size_t size)
{
	return (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) ||
	       (size >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)));
}

int json_parse(struct arena *arena, const char *name, const char *text, size_t size, struct json **ret_root,
	       struct err *err)
{
	struct reader reader = {
		.arena = arena, .name = name, .start = text, .at = text, .end = text + size, .err = err};
	enum problem problem = PROBLEM_EMPTY;
	struct json *root;

	skip_space(&reader);
	if (size > UINT32_MAX)
		problem = PROBLEM_SIZE;
	else if (has_byte_order_mark(text, size))
		problem = PROBLEM_BOM;
	if (problem != PROBLEM_EMPTY || reader.at == reader.end)
		return fail_at_place(&reader, reader.start, problems[problem].what, problems[problem].fix);
	if (parse_value(&reader, NULL, NULL, &root) < 0)
		return ERR;
	skip_space(&reader);
	if (reader.at != reader.end)
		return fail(&reader, PROBLEM_TRAILING);
	*ret_root = root;
	return 0;
}
