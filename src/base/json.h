/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: a strict reader (RFC 8259) into a tree in an arena, and a writer.
 *
 * Refused: duplicate keys, trailing text, NaN and Infinity, comments, unpaired surrogates, invalid UTF-8, control
 * characters in strings, a NUL inside a string (C code would cut it), numbers out of range for what reads them, more
 * than JSON_DEPTH_MAX levels, input over the size given. Integers keep all 64 bits; they never pass through a double.
 */
#ifndef BULKHEAD_BASE_JSON_H
#define BULKHEAD_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define JSON_DEPTH_MAX 64

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	uint32_t index; /* place in the parent's array or object, from 0 */
	uint32_t count; /* array, object: number of children; string: length in bytes */
	bool boolean;
	bool negative, integral; /* number: sign; true when written without fraction and exponent and within 64 bits */
	uint64_t magnitude;	 /* number: absolute value when integral */
	const char *string;	 /* string: NUL-terminated UTF-8; number: as written */
	const char *key;	 /* when the parent is an object */
	struct json *parent, *next, *first;
};

/*
 * Parse `size` bytes. name is what errors call the input ("config.json"). The tree and its strings live in arena.
 * Errors: ERR_CONFIG with line and column in `what`, and where = "NAME#/pointer" of the innermost value begun.
 */
int json_parse(struct arena *arena, const char *name, const char *text, size_t size, struct json **ret_root,
	       struct err *err);

/* The member `key` of an object, or NULL (also when value is NULL or no object). */
const struct json *json_get(const struct json *object, const char *key);

/* false when value is no integer or does not fit. */
bool json_u64(const struct json *value, uint64_t *ret);
bool json_i64(const struct json *value, int64_t *ret);

/* RFC 6901 pointer of value from its root: "/mounts/0/options"; "" for the root itself. Cut to fit, between two
 * characters; returns the length of the whole pointer, so a result >= size means that it was cut. */
size_t json_pointer(const struct json *value, char *buf, size_t size);
char *json_pointer_in(struct arena *arena, const struct json *value);

const char *json_type_name(enum json_type type); /* "a string", "an object" */

/* Writer: commas and indentation are its own business. indent 0 writes one line. */
struct json_writer {
	struct buf *out;
	int indent, depth;
	bool need_comma[JSON_DEPTH_MAX];
	bool after_key;
};
#define JSON_WRITER(buffer, spaces) ((struct json_writer){.out = (buffer), .indent = (spaces)})

void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);
void json_key(struct json_writer *writer, const char *key);
void json_put_string(struct json_writer *writer, const char *text); /* NULL writes null; invalid UTF-8 becomes U+FFFD */
void json_put_u64(struct json_writer *writer, uint64_t value);
void json_put_i64(struct json_writer *writer, int64_t value);
void json_put_bool(struct json_writer *writer, bool value);
void json_put_null(struct json_writer *writer);
void json_put_value(struct json_writer *writer, const struct json *value); /* as it was read, numbers as they stood */
/* key and value in one call */
void json_member_string(struct json_writer *writer, const char *key, const char *text);
/* An array of strings. */
void json_member_strings(struct json_writer *writer, const char *key, const char *const *items, size_t count);
void json_member_u64(struct json_writer *writer, const char *key, uint64_t value);
void json_member_i64(struct json_writer *writer, const char *key, int64_t value);
void json_member_bool(struct json_writer *writer, const char *key, bool value);

#endif
