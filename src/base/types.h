/* SPDX-License-Identifier: Apache-2.0 */
/*
 * types: values that look alike and must not be mixed are structs of their own, so that the compiler refuses the mix
 * (a path inside the container is not a host path; a host id is not a container id).
 */
#ifndef BULKHEAD_BASE_TYPES_H
#define BULKHEAD_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* A path as the host's kernel resolves it. text is NULL when absent. */
struct host_path {
	const char *text;
};

/* A path inside the container's rootfs, as the config writes it. It is only ever resolved beneath a struct rootfs
 * (kernel/rootfs.h); it is never joined to a host path. */
struct root_path {
	const char *text;
};

struct host_id {
	uint32_t value;
};
struct container_id {
	uint32_t value;
};

/* One line of a uid_map or gid_map (user_namespaces(7)). */
struct id_map {
	struct container_id inside;
	struct host_id outside;
	uint32_t count;
};
struct id_maps {
	const struct id_map *items;
	size_t count;
};

/* Values that a config may leave out. */
struct opt_bool {
	bool set, value;
};
struct opt_u32 {
	bool set;
	uint32_t value;
};
struct opt_u64 {
	bool set;
	uint64_t value;
};
struct opt_i64 {
	bool set;
	int64_t value;
};

struct strings {
	const char *const *items;
	size_t count;
};

/* A text of the config together with where it stands, for lists whose entries may be refused one by one. */
struct placed_string {
	const char *text;
	const char *where; /* JSON pointer, "/linux/maskedPaths/3" */
};
struct placed_strings {
	const struct placed_string *items;
	size_t count;
};
struct key_value {
	const char *key, *value;
	const char *where;
};
struct key_values {
	const struct key_value *items;
	size_t count;
};

#endif
