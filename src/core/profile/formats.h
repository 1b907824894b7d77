/* SPDX-License-Identifier: Apache-2.0 */
/* formats: core/profile's own header: what the exports share. Each writer makes one form of a profile; all are pure. */
#ifndef BULKHEAD_CORE_PROFILE_FORMATS_H
#define BULKHEAD_CORE_PROFILE_FORMATS_H

#include "base/json.h"
#include "core/profile/profile.h"

/* For whom a filter is written. */
enum profile_filter_form {
	PROFILE_FILTER_OURS,
	PROFILE_FILTER_OTHERS,	 /* runtimes that call more than ours */
	PROFILE_FILTER_ENGINES,	 /* and an engine before them that may know no error for the rest (Docker before 23): by name */
	PROFILE_FILTER_OPERATOR, /* the same as the object SeccompProfile has it: no error for the rest, and errors as text */
};
/* linux.seccomp as a value; profile_has_calls must be true. */
void profile_put_seccomp(const struct profile *profile, enum profile_filter_form form, struct json_writer *writer);
/* The entries' texts as an array. */
void profile_put_texts(struct json_writer *writer, const char *key, const struct profile_set *set);
/* The amount of this limit; false when there is none. */
bool profile_limit(const struct profile *profile, const char *name, uint64_t *ret);
/* Ports are restricted, and there are none. */
bool profile_is_offline(const struct profile *profile);
bool profile_is_glob(const char *path);

typedef int profile_writer(const struct profile *profile, const char *name, struct buf *out, struct err *err);
profile_writer profile_write_apparmor, profile_write_kubernetes, profile_write_landlock, profile_write_oci,
	profile_write_seccomp, profile_write_selinux, profile_write_systemd;

#endif
