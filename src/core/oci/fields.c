/* SPDX-License-Identifier: Apache-2.0 */
/* oci/fields: the decoder behind fields.h. Runs in the runtime; never touches the host. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "base/format.h"
#include "base/opt.h"
#include "base/types.h"
#include "core/oci/fields.h"

#define NAMES_MAX 64
#define SHOWN_MAX 80

/* ---- messages ---- */

static bool plain_key(const char *key)
{
	if (!*key)
		return false;
	for (; *key; key++) {
		bool letter = (*key >= 'a' && *key <= 'z') || (*key >= 'A' && *key <= 'Z') || *key == '_';

		if (!letter && !(*key >= '0' && *key <= '9'))
			return false;
	}
	return true;
}

/* "linux.namespaces[2].type"; built from its end, so that a cut takes the outer part. */
static void dotted_name(const struct json *value, const char *key, char *buf, size_t size)
{
	char name[200], part[96];
	size_t at = sizeof(name) - 1, length;

	name[at] = '\0';
	if (key) {
		format_text(part, sizeof(part), ".%s", key);
		at -= strlen(part);
		memcpy(name + at, part, strlen(part));
	}
	for (; value->parent; value = value->parent) {
		if (value->parent->type == JSON_ARRAY)
			format_text(part, sizeof(part), "[%" PRIu32 "]", value->index);
		else if (plain_key(value->key))
			format_text(part, sizeof(part), ".%.80s", value->key);
		else
			format_text(part, sizeof(part), "[\"%.80s\"]", value->key);
		length = strlen(part);
		if (length + 4 > at)
			break;
		at -= length;
		memcpy(name + at, part, length);
	}
	if (!name[at])
		format_text(buf, size, "the document");
	else
		format_text(buf, size, "%s", name + at + (name[at] == '.'));
}

const struct json *oci_get(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && value->type != JSON_NULL ? value : NULL;
}

int oci_refuse(struct oci_reader *reader, const struct json *at, const char *key, const char *fmt, ...)
{
	char name[256], text[256], pointer[160];
	const struct json *member = key ? oci_get(at, key) : NULL;
	va_list args;

	if (member) {
		at = member;
		key = NULL;
	}
	dotted_name(at, key, name, sizeof(name));
	va_start(args, fmt);
	format_va(text, sizeof(text), fmt, args);
	va_end(args);
	json_pointer(at, pointer, sizeof(pointer));
	err_set(reader->err, ERR_CONFIG, "%s %s", name, text);
	return err_where(reader->err, "%s#%s", reader->name, pointer);
}

int oci_out_of_memory(struct oci_reader *reader)
{
	err_sys(reader->err, ENOMEM, "", "cannot read %s", reader->name);
	return err_why(reader->err, "it takes more memory than a configuration may");
}

int oci_shown(const char *text)
{
	size_t length = strnlen(text, SHOWN_MAX + 1);

	if (length <= SHOWN_MAX)
		return (int)length;
	for (length = SHOWN_MAX; length && ((unsigned char)text[length] & 0xc0) == 0x80;)
		length--;
	return (int)length;
}

int oci_refuse_missing(struct oci_reader *reader, const struct json *object, const char *key)
{
	oci_refuse(reader, object, key, "is required, and is missing");
	err_why(reader->err, "the runtime specification gives it no default");
	return err_fix(reader->err, "add \"%s\" here", key);
}

/* Is text what a value of that type would be, had somebody not put quotes around it? */
static bool is_quoted(const char *text, enum json_type type)
{
	if (type == JSON_BOOL)
		return !strcmp(text, "true") || !strcmp(text, "false");
	text += *text == '-';
	return type == JSON_NUMBER && *text && !text[strspn(text, "0123456789")];
}

int oci_expect(struct oci_reader *reader, const struct json *value, enum json_type type)
{
	if (value->type == type)
		return 0;
	oci_refuse(reader, value, NULL, "must be %s, and is %s", json_type_name(type), json_type_name(value->type));
	err_why(reader->err, "values are never converted from one type to another");
	if (value->type == JSON_STRING && is_quoted(value->string, type))
		return err_fix(reader->err, "write it without quotes");
	return err_fix(reader->err, value->parent ? "write %s, or leave it out where it is optional" : "write %s",
		       json_type_name(type));
}

/* ---- names ---- */

static int refuse_name(struct oci_reader *reader, const struct json *value, const struct oci_names *names)
{
	const char *list[NAMES_MAX + 1], *nearest;
	char known[512] = "";
	size_t count = 0, used = 0;

	for (; names->items[count].name && count < NAMES_MAX; count++) {
		list[count] = names->items[count].name;
		if (used < sizeof(known))
			used += format_text(known + used, sizeof(known) - used, "%s%s", count ? ", " : "", list[count]);
	}
	list[count] = NULL;
	nearest = opt_nearest(value->string, list);
	oci_refuse(reader, value, NULL, "must be %s, and is \"%.*s\"", names->noun, oci_shown(value->string),
		   value->string);
	err_why(reader->err, "known are %s", known);
	if (nearest)
		return err_fix(reader->err, "\"%s\"", nearest);
	return err_fix(reader->err, "one of these names, in the same case");
}

int oci_read_name(struct oci_reader *reader, const struct json *value, const struct oci_names *names,
		  uint64_t *ret_number)
{
	if (oci_expect(reader, value, JSON_STRING))
		return ERR;
	for (const struct oci_name *item = names->items; item->name; item++) {
		if (!strcmp(item->name, value->string)) {
			*ret_number = item->value;
			return 0;
		}
	}
	return refuse_name(reader, value, names);
}

/* ---- numbers ---- */

struct range {
	int64_t min;
	uint64_t max;
};

static const struct range type_ranges[FIELD_TYPE_COUNT] = {
	[FIELD_U32] = {0, UINT32_MAX},
	[FIELD_I32] = {INT32_MIN, INT32_MAX},
	[FIELD_U64] = {0, UINT64_MAX},
	[FIELD_I64] = {INT64_MIN, INT64_MAX},
	[FIELD_OPT_U32] = {0, UINT32_MAX},
	[FIELD_OPT_U64] = {0, UINT64_MAX},
	[FIELD_OPT_I64] = {INT64_MIN, INT64_MAX},
	[FIELD_IDS] = {0, OCI_ID_MAX},
};

static bool in_range(const struct json *value, const struct range *range)
{
	if (!value->integral)
		return false;
	if (!value->negative || !value->magnitude)
		return range->min <= 0 ? value->magnitude <= range->max
				       : value->magnitude >= (uint64_t)range->min && value->magnitude <= range->max;
	return range->min < 0 && value->magnitude <= 0 - (uint64_t)range->min;
}

/* The number as 64 bits of two's complement. */
static int read_number(struct oci_reader *reader, const struct json *value, const struct oci_field *field,
		       uint64_t *ret_number)
{
	struct range range = type_ranges[field->type];

	if (oci_expect(reader, value, JSON_NUMBER))
		return ERR;
	if (field->min || field->max)
		range = (struct range){field->min, field->max};
	if (!in_range(value, &range)) {
		oci_refuse(reader, value, NULL, "must be a whole number from %" PRId64 " to %" PRIu64 ", and is %.40s",
			   range.min, range.max, value->string);
		if (field->max == OCI_ID_MAX)
			err_why(reader->err, "4294967295 means \"no id\" to the kernel, and ids have 32 bits");
		else
			err_why(reader->err, "a value out of range is never cut or rounded");
		return err_fix(reader->err, "a number in that range");
	}
	*ret_number = value->negative ? 0 - value->magnitude : value->magnitude;
	return 0;
}

static int read_u32(struct oci_reader *reader, const struct json *value, const struct oci_field *field, void *target)
{
	uint64_t number;

	if (read_number(reader, value, field, &number))
		return ERR;
	*(uint32_t *)target = (uint32_t)number;
	return 0;
}

static int read_u64(struct oci_reader *reader, const struct json *value, const struct oci_field *field, void *target)
{
	return read_number(reader, value, field, target);
}

static int read_opt_u32(struct oci_reader *reader, const struct json *value, const struct oci_field *field,
			void *target)
{
	struct opt_u32 *opt = target;

	opt->set = true;
	return read_u32(reader, value, field, &opt->value);
}

static int read_opt_u64(struct oci_reader *reader, const struct json *value, const struct oci_field *field,
			void *target)
{
	struct opt_u64 *opt = target;

	opt->set = true;
	return read_number(reader, value, field, &opt->value);
}

static int read_opt_i64(struct oci_reader *reader, const struct json *value, const struct oci_field *field,
			void *target)
{
	struct opt_i64 *opt = target;
	uint64_t number;

	if (read_number(reader, value, field, &number))
		return ERR;
	*opt = (struct opt_i64){.set = true, .value = (int64_t)number};
	return 0;
}

/* ---- booleans and names ---- */

static int read_bool(struct oci_reader *reader, const struct json *value, const struct oci_field *field, void *target)
{
	(void)field;
	if (oci_expect(reader, value, JSON_BOOL))
		return ERR;
	*(bool *)target = value->boolean;
	return 0;
}

static int read_opt_bool(struct oci_reader *reader, const struct json *value, const struct oci_field *field,
			 void *target)
{
	struct opt_bool *opt = target;

	opt->set = true;
	return read_bool(reader, value, field, &opt->value);
}

static int read_enum(struct oci_reader *reader, const struct json *value, const struct oci_field *field, void *target)
{
	uint64_t number;

	if (oci_read_name(reader, value, field->names, &number))
		return ERR;
	*(uint32_t *)target = (uint32_t)number;
	return 0;
}

static int read_flags64(struct oci_reader *reader, const struct json *value, const struct oci_field *field,
			void *target)
{
	uint64_t flags = 0, number;

	if (oci_expect(reader, value, JSON_ARRAY))
		return ERR;
	for (const struct json *item = value->first; item; item = item->next) {
		if (oci_read_name(reader, item, field->names, &number))
			return ERR;
		flags |= number;
	}
	*(uint64_t *)target = flags;
	return 0;
}

static int read_flags32(struct oci_reader *reader, const struct json *value, const struct oci_field *field,
			void *target)
{
	uint64_t flags;

	if (read_flags64(reader, value, field, &flags))
		return ERR;
	*(uint32_t *)target = (uint32_t)flags;
	return 0;
}

/* ---- strings ---- */

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static int check_path(struct oci_reader *reader, const struct json *value)
{
	if (value->string[0] != '/') {
		oci_refuse(reader, value, NULL, "must be an absolute path, and is \"%.*s\"", oci_shown(value->string),
			   value->string);
		err_why(reader->err, "there is no directory that it could be taken as relative to");
		return err_fix(reader->err, "a path that begins with \"/\"");
	}
	if (value->count >= PATH_MAX) {
		oci_refuse(reader, value, NULL, "has %" PRIu32 " bytes", value->count);
		err_why(reader->err, "the kernel takes paths of at most %d bytes", PATH_MAX - 1);
		return err_fix(reader->err, "a shorter path");
	}
	return 0;
}

static int check_string(struct oci_reader *reader, const struct json *value, const struct oci_field *field)
{
	if (oci_expect(reader, value, JSON_STRING))
		return ERR;
	if (!value->count && field->flags & FIELD_EMPTY_ABSENT)
		return 0;
	if (!value->count && field->flags & (FIELD_NOT_EMPTY | FIELD_ABSOLUTE)) {
		oci_refuse(reader, value, NULL, "must not be empty");
		err_why(reader->err, "an empty string names nothing");
		return err_fix(reader->err, "write a value, or leave it out where it is optional");
	}
	if (field->flags & FIELD_ABSOLUTE && check_path(reader, value))
		return ERR;
	if (field->flags & FIELD_ONE_LINE && has_control(value->string)) {
		oci_refuse(reader, value, NULL, "holds a control character");
		err_why(reader->err,
			"the kernel would take a newline as the end of the value and what follows as another");
		return err_fix(reader->err, "one line of text");
	}
	if (field->max && field->type == FIELD_STRING && value->count > field->max) {
		oci_refuse(reader, value, NULL, "has %" PRIu32 " bytes", value->count);
		err_why(reader->err, "at most %" PRIu64 " are allowed", field->max);
		return err_fix(reader->err, "a shorter text");
	}
	return 0;
}

static int read_string(struct oci_reader *reader, const struct json *value, const struct oci_field *field, void *target)
{
	if (check_string(reader, value, field))
		return ERR;
	*(const char **)target = !value->count && field->flags & FIELD_EMPTY_ABSENT ? NULL : value->string;
	return 0;
}

/* What all arrays have in common; allocates the entries. NULL in *ret_items when there are none. */
static int begin_list(struct oci_reader *reader, const struct json *value, const struct oci_field *field,
		      enum json_type type, size_t size, void **ret_items)
{
	*ret_items = NULL;
	if (oci_expect(reader, value, type))
		return ERR;
	if (!value->count && field->flags & FIELD_NOT_EMPTY_LIST) {
		oci_refuse(reader, value, NULL, "must hold at least one entry");
		err_why(reader->err, "the runtime specification requires one");
		return err_fix(reader->err, "add an entry");
	}
	if (field->max && value->count > field->max) {
		oci_refuse(reader, value, NULL, "has %" PRIu32 " entries", value->count);
		err_why(reader->err, "the kernel takes at most %" PRIu64, field->max);
		return err_fix(reader->err, "fewer entries");
	}
	if (!value->count)
		return 0;
	*ret_items = arena_calloc(reader->arena, value->count, size);
	return *ret_items ? 0 : oci_out_of_memory(reader);
}

static int check_entry(struct oci_reader *reader, const struct json *item, const struct oci_field *field)
{
	if (check_string(reader, item, field))
		return ERR;
	return field->each ? field->each(reader, item) : 0;
}

static int read_strings(struct oci_reader *reader, const struct json *value, const struct oci_field *field,
			void *target)
{
	const char **items;
	size_t count = 0;

	if (begin_list(reader, value, field, JSON_ARRAY, sizeof(*items), (void **)&items))
		return ERR;
	for (const struct json *item = value->first; item; item = item->next) {
		if (check_entry(reader, item, field))
			return ERR;
		items[count++] = item->string;
	}
	*(struct strings *)target = (struct strings){.items = items, .count = count};
	return 0;
}

static int read_placed_strings(struct oci_reader *reader, const struct json *value, const struct oci_field *field,
			       void *target)
{
	struct placed_string *items;
	size_t count = 0;

	if (begin_list(reader, value, field, JSON_ARRAY, sizeof(*items), (void **)&items))
		return ERR;
	for (const struct json *item = value->first; item; item = item->next) {
		const char *where;

		if (check_entry(reader, item, field))
			return ERR;
		if (!item->count && field->flags & FIELD_EMPTY_ABSENT)
			continue;
		where = json_pointer_in(reader->arena, item);
		if (!where)
			return oci_out_of_memory(reader);
		items[count++] = (struct placed_string){.text = item->string, .where = where};
	}
	*(struct placed_strings *)target = (struct placed_strings){.items = items, .count = count};
	return 0;
}

static int read_key_values(struct oci_reader *reader, const struct json *value, const struct oci_field *field,
			   void *target)
{
	struct key_value *items;
	size_t count = 0;

	if (begin_list(reader, value, field, JSON_OBJECT, sizeof(*items), (void **)&items))
		return ERR;
	for (const struct json *item = value->first; item; item = item->next) {
		const char *where;

		if (!item->key[0]) {
			oci_refuse(reader, item, NULL, "has an empty key");
			err_why(reader->err, "a key must name something");
			return err_fix(reader->err, "give it a name, or remove it");
		}
		if (check_entry(reader, item, field))
			return ERR;
		where = json_pointer_in(reader->arena, item);
		if (!where)
			return oci_out_of_memory(reader);
		items[count++] = (struct key_value){.key = item->key, .value = item->string, .where = where};
	}
	*(struct key_values *)target = (struct key_values){.items = items, .count = count};
	return 0;
}

/* ---- lists and objects ---- */

/* A pointer with its count behind it: OCI_LIST_AT holds tables to that. */
struct list {
	void *items;
	size_t count;
};

static int read_ids(struct oci_reader *reader, const struct json *value, const struct oci_field *field, void *target)
{
	static const struct oci_field id = {.type = FIELD_U32, .max = OCI_ID_MAX};
	struct container_id *items;
	size_t count = 0;

	if (begin_list(reader, value, field, JSON_ARRAY, sizeof(*items), (void **)&items))
		return ERR;
	for (const struct json *item = value->first; item; item = item->next)
		if (read_u32(reader, item, &id, &items[count++].value))
			return ERR;
	*(struct list *)target = (struct list){.items = items, .count = count};
	return 0;
}

static int read_list(struct oci_reader *reader, const struct json *value, const struct oci_field *field, void *target)
{
	enum json_type type = field->type == FIELD_MAP ? JSON_OBJECT : JSON_ARRAY;
	size_t count = 0;
	char *items;

	if (begin_list(reader, value, field, type, field->shape->size, (void **)&items))
		return ERR;
	for (const struct json *item = value->first; item; item = item->next)
		if (oci_read_object(reader, item, field->shape, items + field->shape->size * count++))
			return ERR;
	*(struct list *)target = (struct list){.items = items, .count = count};
	return 0;
}

static int read_object(struct oci_reader *reader, const struct json *value, const struct oci_field *field, void *target)
{
	return oci_read_object(reader, value, field->shape, target);
}

static int read_custom(struct oci_reader *reader, const struct json *value, const struct oci_field *field, void *target)
{
	return field->read(reader, value, target);
}

typedef int read_function(struct oci_reader *, const struct json *, const struct oci_field *, void *);
static read_function *const readers[FIELD_TYPE_COUNT] = {
	[FIELD_BOOL] = read_bool,
	[FIELD_OPT_BOOL] = read_opt_bool,
	[FIELD_U32] = read_u32,
	[FIELD_I32] = read_u32,
	[FIELD_U64] = read_u64,
	[FIELD_I64] = read_u64,
	[FIELD_OPT_U32] = read_opt_u32,
	[FIELD_OPT_U64] = read_opt_u64,
	[FIELD_OPT_I64] = read_opt_i64,
	[FIELD_ENUM] = read_enum,
	[FIELD_FLAGS32] = read_flags32,
	[FIELD_FLAGS64] = read_flags64,
	[FIELD_STRING] = read_string,
	[FIELD_STRINGS] = read_strings,
	[FIELD_PLACED_STRINGS] = read_placed_strings,
	[FIELD_KEY_VALUES] = read_key_values,
	[FIELD_IDS] = read_ids,
	[FIELD_OBJECT] = read_object,
	[FIELD_LIST] = read_list,
	[FIELD_MAP] = read_list,
	[FIELD_CUSTOM] = read_custom,
};

static int read_field(struct oci_reader *reader, const struct json *object, const struct oci_field *field, char *target)
{
	const struct json *value = oci_get(object, field->key);

	if (!value)
		return field->flags & FIELD_REQUIRED ? oci_refuse_missing(reader, object, field->key) : 0;
	if (readers[field->type](reader, value, field, target + field->offset))
		return ERR;
	return field->check ? field->check(reader, value, target + field->offset) : 0;
}

int oci_read_object(struct oci_reader *reader, const struct json *value, const struct oci_shape *shape, void *target)
{
	if (oci_expect(reader, value, JSON_OBJECT))
		return ERR;
	if (shape->where != SHAPE_NONE) {
		const char *where = json_pointer_in(reader->arena, value);

		if (!where)
			return oci_out_of_memory(reader);
		*(const char **)((char *)target + shape->where) = where;
	}
	if (shape->present != SHAPE_NONE)
		*(bool *)((char *)target + shape->present) = true;
	for (const struct oci_field *field = shape->fields; field->key; field++)
		if (read_field(reader, value, field, target))
			return ERR;
	return shape->check ? shape->check(reader, value, target) : 0;
}
