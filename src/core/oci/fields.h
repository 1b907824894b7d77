/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci/fields: a typed decoder from a JSON tree into structs, driven by tables. A table row names the member, its type
 * and its limits; what rows cannot say is said by a check function that runs when the value has been read.
 * Runs in the runtime. Never touches the host; all memory comes from the reader's arena.
 *
 * null counts as absent. Keys that no row names are ignored (runtime-spec, config.md, "Extensibility").
 */
#ifndef BULKHEAD_CORE_OCI_FIELDS_H
#define BULKHEAD_CORE_OCI_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

struct oci_reader {
	struct arena *arena;
	const char *name; /* what messages call the file */
	struct err *err;
};

/* A set of strings that stand for numbers. noun: "a namespace type". The items end with a NULL name. */
struct oci_name {
	const char *name;
	uint64_t value;
};
struct oci_names {
	const char *noun;
	const struct oci_name *items;
};

enum oci_field_type {
	FIELD_BOOL,
	FIELD_OPT_BOOL,
	FIELD_U32,
	FIELD_I32,
	FIELD_U64,
	FIELD_I64,
	FIELD_OPT_U32,
	FIELD_OPT_U64,
	FIELD_OPT_I64,
	FIELD_ENUM,    /* one of names, into 32 bits */
	FIELD_FLAGS32, /* array of names, or-ed */
	FIELD_FLAGS64,
	FIELD_STRING,	      /* const char *; the path structs of base/types.h by their text member */
	FIELD_STRINGS,	      /* struct strings */
	FIELD_PLACED_STRINGS, /* struct placed_strings */
	FIELD_KEY_VALUES,     /* struct key_values, from an object of strings */
	FIELD_IDS,	      /* array of ids: pointer and count */
	FIELD_OBJECT,	      /* by shape; its offsets count from `offset` */
	FIELD_LIST,	      /* array of objects: pointer to shape->size bytes each, and count */
	FIELD_MAP,	      /* the same from an object: the shape's check finds the key in the JSON value */
	FIELD_CUSTOM,	      /* read() does it all */
	FIELD_TYPE_COUNT
};

/* Flags of a row */
#define FIELD_REQUIRED	     1u
#define FIELD_NOT_EMPTY	     2u	 /* strings; for arrays each entry */
#define FIELD_EMPTY_ABSENT   4u	 /* an empty string counts as absent */
#define FIELD_ABSOLUTE	     8u	 /* a path that begins with "/" and is shorter than PATH_MAX */
#define FIELD_ONE_LINE	     16u /* no control characters: the text is written to a kernel file */
#define FIELD_NOT_EMPTY_LIST 32u

/* An id: 4294967295 is (uid_t)-1, "no change" for the kernel, and so no id. */
#define OCI_ID_MAX UINT64_C(4294967294)
/* The kernel's dev_t has 12 bits of major and 20 of minor number; higher ones would name another device. */
#define OCI_MAJOR_MAX 4095
#define OCI_MINOR_MAX 1048575

struct oci_shape;
struct oci_field {
	const char *key; /* NULL ends the table */
	enum oci_field_type type;
	size_t offset;
	unsigned int flags;
	int64_t min;  /* numbers: both 0 means all that the type holds */
	uint64_t max; /* numbers: highest value; strings: bytes; arrays: entries; 0: no limit */
	const struct oci_names *names;
	const struct oci_shape *shape;
	int (*read)(struct oci_reader *reader, const struct json *value, void *target);
	/* Runs after the value has been read; target is where it was stored. */
	int (*check)(struct oci_reader *reader, const struct json *value, void *target);
	/* Runs for each string of an array or object of strings. */
	int (*each)(struct oci_reader *reader, const struct json *value);
};

#define SHAPE_NONE SIZE_MAX
struct oci_shape {
	const struct oci_field *fields;
	size_t size;	/* of one entry, for lists and maps */
	size_t where;	/* offset of `const char *where`, or SHAPE_NONE */
	size_t present; /* offset of `bool present`, or SHAPE_NONE */
	int (*check)(struct oci_reader *reader, const struct json *object, void *target);
};

/* The offset of a row. Does not compile when the member is not of the C type that the row's type writes. */
#define OCI_AT(structure, member, c_type)     \
	.offset =                             \
		offsetof(structure, member) + \
		0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((structure *)0)->member), c_type) ? 1 : -1])
/* A pointer that is followed by its count. */
#define OCI_LIST_AT(structure, items, count)   \
	.offset = offsetof(structure, items) + \
		  0 * sizeof(char[offsetof(structure, count) == offsetof(structure, items) + sizeof(void *) ? 1 : -1])
/* Any 32-bit integer or enum. */
#define OCI_ENUM_AT(structure, member) \
	.offset = offsetof(structure, member) + 0 * sizeof(char[sizeof(((structure *)0)->member) == 4 ? 1 : -1])
/* An object whose rows count from the structure around it. */
#define OCI_HERE .offset = 0

/* Read one object by its shape. Errors: ERR_CONFIG with all fields filled. */
int oci_read_object(struct oci_reader *reader, const struct json *value, const struct oci_shape *shape, void *target);
/* The member `key` of object, or NULL when it is absent, null, or object is NULL. */
const struct json *oci_get(const struct json *object, const char *key);
/* Refuse a value of another type. */
int oci_expect(struct oci_reader *reader, const struct json *value, enum json_type type);

/* The number that `value` names; an unknown name is refused, and the nearest one told. */
int oci_read_name(struct oci_reader *reader, const struct json *value, const struct oci_names *names,
		  uint64_t *ret_number);

/*
 * Refuse `at`, or its member `key` when key is not NULL: what = "linux.namespaces[2].type " + text, where = the
 * pointer of the member, or of `at` when the member is missing. Returns ERR, so that callers add why and fix:
 * oci_refuse(…); err_why(…); return err_fix(…).
 */
int oci_refuse(struct oci_reader *reader, const struct json *at, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* "is required, and is missing" */
int oci_refuse_missing(struct oci_reader *reader, const struct json *object, const char *key);
/* How many bytes of text a message shows, ending at a UTF-8 border: for "%.*s". */
int oci_shown(const char *text);
int oci_out_of_memory(struct oci_reader *reader);

#endif
