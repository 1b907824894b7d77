/* SPDX-License-Identifier: Apache-2.0 */
/* parts: the sections of a sandbox's config; private to people/sandbox. */
#ifndef BULKHEAD_PEOPLE_SANDBOX_PARTS_H
#define BULKHEAD_PEOPLE_SANDBOX_PARTS_H

#include "base/json.h"
#include "people/sandbox/sandbox.h"

#define SANDBOX_TMPFS_OPTIONS_MAX 16
#define SANDBOX_ID_MAPS_MAX	  3

/* An absolute path of an existing thing, in arena; NULL with an error. role: "the source of a volume". */
const char *sandbox_real_path(struct arena *arena, const char *path, const char *role, struct err *err);

/* Which host ids stand behind the container's. */
struct sandbox_ids {
	struct container_id uid, gid; /* of the command */
	struct id_map uid_maps[SANDBOX_ID_MAPS_MAX], gid_maps[SANDBOX_ID_MAPS_MAX]; /* not with host_ids */
	size_t uid_maps_count, gid_maps_count;
};

/*
 * Root: a subordinate range of its own, or the reserved one, never host id 0. Others: their own id for the command, and
 * beside it, where it makes a difference, the range that /etc/subuid and /etc/subgid give them.
 */
int sandbox_choose_ids(const struct sandbox *sandbox, struct sandbox_ids *ret_ids, struct err *err);

/* archive.c: is this word an archive? Then where its path begins, else NULL. */
const char *sandbox_archive_path(const char *source);
int sandbox_open_archive(const char *path, struct sandbox *sandbox, struct err *err);

/* The mounts of a source that is the host itself, and the links of its root. */
int sandbox_write_host_mounts(struct json_writer *writer, struct arena *arena, struct key_values *ret_links,
			      struct err *err);

/* One element of `mounts`; options is NULL-terminated. */
void sandbox_write_mount(struct json_writer *writer, const char *target, const char *type, const char *source,
			 const char *const *options);

#endif
