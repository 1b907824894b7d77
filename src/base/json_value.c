/* SPDX-License-Identifier: Apache-2.0 */
/* json_value: what is read from a parsed tree. Pure; never changes the tree. */
#include <string.h>

#include "base/format.h"
#include "base/json.h"
#include "base/utf8.h"

const struct json *json_get(const struct json *object, const char *key)
{
	const struct json *member;

	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (member = object->first; member; member = member->next)
		if (member->key[0] == key[0] && !strcmp(member->key, key))
			return member;
	return NULL;
}

bool json_u64(const struct json *value, uint64_t *ret)
{
	if (!value || value->type != JSON_NUMBER || !value->integral || value->negative)
		return false;
	*ret = value->magnitude;
	return true;
}

bool json_i64(const struct json *value, int64_t *ret)
{
	if (!value || value->type != JSON_NUMBER || !value->integral)
		return false;
	if (!value->negative && value->magnitude > INT64_MAX)
		return false;
	*ret = (int64_t)(value->negative ? 0 - value->magnitude : value->magnitude);
	return true;
}

/* A text that is cut between two characters; length goes on counting. */
struct pointer_text {
	char *buf;
	size_t size, length;
	bool full;
};

static void pointer_add(struct pointer_text *text, const char *piece, size_t length)
{
	if (text->length + length >= text->size)
		text->full = true;
	if (!text->full) {
		memcpy(text->buf + text->length, piece, length);
		text->buf[text->length + length] = '\0';
	}
	text->length += length;
}

/* The length of key up to a character that a pointer escapes. strcspn would fill a table for each key. */
static size_t plain_length(const char *key)
{
	size_t length = 0;

	while (key[length] && key[length] != '~' && key[length] != '/')
		length++;
	return length;
}

static void pointer_add_key(struct pointer_text *text, const char *key)
{
	size_t left = plain_length(key);

	/* The common case whole, when nothing has to be escaped or cut. */
	if (text->length + left < text->size && !text->full && !key[left]) {
		pointer_add(text, key, left);
		return;
	}
	for (left = strlen(key); left;) {
		uint32_t rune;
		size_t length = utf8_decode(key, left, &rune);

		if (*key == '~')
			pointer_add(text, "~0", 2);
		else if (*key == '/')
			pointer_add(text, "~1", 2);
		else
			pointer_add(text, key, length);
		key += length;
		left -= length;
	}
}

/* As deep as the value lies: at most JSON_DEPTH_MAX. */
static void pointer_add_path(struct pointer_text *text, const struct json *value)
{
	char index[16];

	if (!value || !value->parent)
		return;
	pointer_add_path(text, value->parent);
	pointer_add(text, "/", 1);
	if (value->key)
		pointer_add_key(text, value->key);
	else
		pointer_add(text, index, format_text(index, sizeof(index), "%u", (unsigned int)value->index));
}

size_t json_pointer(const struct json *value, char *buf, size_t size)
{
	struct pointer_text text = {.buf = buf, .size = size};

	if (size)
		buf[0] = '\0';
	pointer_add_path(&text, value);
	return text.length;
}

char *json_pointer_in(struct arena *arena, const struct json *value)
{
	char usual[128], *text;
	size_t length = json_pointer(value, usual, sizeof(usual));

	if (length < sizeof(usual))
		return arena_strndup(arena, usual, length);
	text = arena_alloc(arena, length + 1);
	if (text)
		json_pointer(value, text, length + 1);
	return text;
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",	    [JSON_BOOL] = "true or false", [JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string", [JSON_ARRAY] = "an array",	   [JSON_OBJECT] = "an object",
	};

	return names[type];
}
