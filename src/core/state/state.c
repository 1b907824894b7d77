/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state: state.json, by one table of fields for writing and reading. Every field must be there, of its type, and no
 * other: what is read decides whom we signal and what we remove. Runs in the runtime.
 */
#include <stddef.h>
#include <string.h>

#include "core/state/parts.h"

enum field_type {
	FIELD_STRING,
	FIELD_STRING_OR_NULL,
	FIELD_PATH, /* absolute */
	FIELD_PATH_OR_NULL,
	FIELD_PID,
	FIELD_U32,
	FIELD_U64,
	FIELD_BOOL,
	FIELD_DRIVER,
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
};

#define FIELD(key, type, member)                          \
	{                                                 \
		key, type, offsetof(struct state, member) \
	}
static const struct field fields[] = {
	FIELD("id", FIELD_STRING, id),
	FIELD("bundle", FIELD_PATH, bundle),
	FIELD("rootfs", FIELD_PATH_OR_NULL, rootfs),
	FIELD("pid", FIELD_PID, pid),
	FIELD("pidStartTime", FIELD_U64, pid_start_time),
	FIELD("created", FIELD_U64, created_ns),
	FIELD("owner", FIELD_U32, owner_uid),
	FIELD("cgroupDriver", FIELD_DRIVER, cgroup_driver),
	FIELD("cgroupPath", FIELD_STRING_OR_NULL, cgroup_path),
	FIELD("cgroupCreated", FIELD_BOOL, cgroup_created),
	FIELD("cgroupMade", FIELD_STRING_OR_NULL, cgroup_made),
	FIELD("noProcess", FIELD_BOOL, no_process),
	FIELD("profile", FIELD_BOOL, profile),
	FIELD("filtered", FIELD_BOOL, filtered),
	FIELD("filterFlags", FIELD_U32, filter_flags),
	FIELD("resctrlClass", FIELD_STRING_OR_NULL, resctrl_class),
	FIELD("resctrlMonitor", FIELD_STRING_OR_NULL, resctrl_monitor),
	FIELD("freezer", FIELD_PATH_OR_NULL, freezer),
};

static const char *const drivers[] = {
	[CGROUP_CGROUPFS] = "cgroupfs",
	[CGROUP_SYSTEMD] = "systemd",
	[CGROUP_DISABLED] = "disabled",
};

static void put_field(struct json_writer *writer, const struct field *field, const struct state *state)
{
	const void *at = (const char *)state + field->offset;

	switch (field->type) {
	case FIELD_STRING:
	case FIELD_STRING_OR_NULL:
	case FIELD_PATH:
	case FIELD_PATH_OR_NULL:
		json_member_string(writer, field->key, *(const char *const *)at);
		break;
	case FIELD_PID:
		json_member_i64(writer, field->key, *(const pid_t *)at);
		break;
	case FIELD_U32:
		json_member_u64(writer, field->key, *(const uint32_t *)at);
		break;
	case FIELD_U64:
		json_member_u64(writer, field->key, *(const uint64_t *)at);
		break;
	case FIELD_BOOL:
		json_member_bool(writer, field->key, *(const bool *)at);
		break;
	case FIELD_DRIVER:
		json_member_string(writer, field->key, drivers[*(const enum cgroup_driver *)at]);
		break;
	}
}

static bool get_string(const struct json *value, bool absolute, const char **ret)
{
	if (value->type != JSON_STRING || value->string[0] == '\0' || (absolute && value->string[0] != '/'))
		return false;
	*ret = value->string;
	return true;
}

static bool get_driver(const struct json *value, enum cgroup_driver *ret)
{
	for (size_t i = 0; value->type == JSON_STRING && i < ARRAY_SIZE(drivers); i++) {
		if (strcmp(value->string, drivers[i]) == 0) {
			*ret = (enum cgroup_driver)i;
			return true;
		}
	}
	return false;
}

static bool get_field(const struct json *value, const struct field *field, struct state *state)
{
	void *at = (char *)state + field->offset;
	uint64_t number = 0;

	switch (field->type) {
	case FIELD_STRING_OR_NULL:
	case FIELD_PATH_OR_NULL:
		if (value->type == JSON_NULL)
			return true;
		/* fallthrough */
	case FIELD_STRING:
	case FIELD_PATH:
		return get_string(value, field->type == FIELD_PATH || field->type == FIELD_PATH_OR_NULL, at);
	case FIELD_BOOL:
		*(bool *)at = value->boolean;
		return value->type == JSON_BOOL;
	case FIELD_DRIVER:
		return get_driver(value, at);
	case FIELD_PID:
		*(pid_t *)at = json_u64(value, &number) ? (pid_t)number : 0;
		return json_u64(value, &number) && number <= INT32_MAX;
	case FIELD_U32:
		*(uint32_t *)at = json_u64(value, &number) ? (uint32_t)number : 0;
		return json_u64(value, &number) && number <= UINT32_MAX;
	case FIELD_U64:
		return json_u64(value, at);
	}
	return false;
}

static int remedy(const struct state_dir *dir, struct err *err)
{
	err->kind = ERR_STATE;
	return err_fix(err, "delete --force %s", dir->id);
}

static int damaged(const struct state_dir *dir, const char *key, const char *why, struct err *err)
{
	err_set(err, ERR_STATE, "the state of container %s is damaged", dir->id);
	err_where(err, "%s#/%s", STATE_FILE, key);
	err_why(err, "%s", why);
	return remedy(dir, err);
}

static int check_version(const struct state_dir *dir, const struct json *root, struct err *err)
{
	uint64_t version;

	if (root->type != JSON_OBJECT)
		return damaged(dir, "", "it is no object", err);
	if (!json_u64(json_get(root, "version"), &version))
		return damaged(dir, "version", "it has no version", err);
	if (version == STATE_VERSION)
		return 0;
	err_set(err, ERR_STATE, "the state of container %s has version %llu", dir->id, (unsigned long long)version);
	err_where(err, "%s#/version", STATE_FILE);
	err_why(err, "this program reads version %d: another release made the container", STATE_VERSION);
	err_fix(err, "use that release, or delete --force %s", dir->id);
	return ERR;
}

static int read_fields(const struct state_dir *dir, const struct json *root, struct state *state, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct json *value = json_get(root, fields[i].key);

		if (!value)
			return damaged(dir, fields[i].key, "it is missing", err);
		if (!get_field(value, &fields[i], state))
			return damaged(dir, fields[i].key, "it has a wrong type or value", err);
	}
	/* All of ours are there: one more in number is one that is not ours. */
	if (root->count != ARRAY_SIZE(fields) + 1)
		return damaged(dir, "", "it holds a field that is not ours", err);
	if (strcmp(state->id, dir->id) != 0)
		return damaged(dir, "id", "it is the state of another container", err);
	return 0;
}

int state_read(const struct state_dir *dir, struct arena *arena, const struct state **ret_state, struct err *err)
{
	struct state *state = arena_alloc(arena, sizeof(*state));
	struct json *root;
	const char *text;
	size_t size;

	if (!state)
		return err_set(err, ERR_INTERNAL, "out of memory for the state of container %s", dir->id);
	if (state_get_file(dir, STATE_FILE, arena, STATE_FILE_SIZE_MAX, &text, &size, err) < 0)
		return ERR;
	if (json_parse(arena, STATE_FILE, text, size, &root, err) < 0)
		return remedy(dir, err);
	if (check_version(dir, root, err) < 0 || read_fields(dir, root, state, err) < 0)
		return ERR;
	*ret_state = state;
	return 0;
}

static bool same_string(const char *one, const char *other)
{
	return one == other || (one && other && strcmp(one, other) == 0);
}

/* JSON is UTF-8, a path any bytes: one that does not come back as it was would lead elsewhere. */
static int check_text(const struct state_dir *dir, const struct state *state, const struct buf *text, struct err *err)
{
	cleanup_arena struct arena arena = ARENA_INIT;
	struct state again = {0};
	struct json *root;
	bool ascii = true;

	for (size_t i = 0; i < text->length; i++)
		ascii = ascii && (unsigned char)text->data[i] < 128;
	if (ascii)
		return 0;
	if (json_parse(&arena, STATE_FILE, text->data, text->length, &root, err) < 0 ||
	    read_fields(dir, root, &again, err) < 0)
		return ERR;
	if (same_string(state->bundle, again.bundle) && same_string(state->rootfs, again.rootfs) &&
	    same_string(state->cgroup_path, again.cgroup_path))
		return 0;
	err_set(err, ERR_CONFIG, "the path of the bundle, the rootfs or the cgroup is not valid UTF-8");
	err_why(err, "the state of a container is kept as JSON, which cannot hold such a path");
	return err_fix(err, "give it a name in UTF-8");
}

int state_write(const struct state_dir *dir, const struct state *state, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&text, 0);

	json_begin_object(&writer);
	json_member_u64(&writer, "version", STATE_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		put_field(&writer, &fields[i], state);
	json_end_object(&writer);
	buf_puts(&text, "\n");
	if (text.failed)
		return err_set(err, ERR_INTERNAL, "out of memory for the state of container %s", dir->id);
	if (check_text(dir, state, &text, err) < 0)
		return ERR;
	return state_put_file(dir, STATE_FILE, text.data, text.length, err);
}
