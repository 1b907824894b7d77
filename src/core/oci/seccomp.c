/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci/seccomp: the `linux.seccomp` object (config-linux.md, "Seccomp"). Names of system calls are not looked up here:
 * engines list calls that this build may not know, and plan/ decides about them. Runs in the runtime; pure.
 */
#include <errno.h>
#include <linux/seccomp.h>

#include "abi/syscalls.h"
#include "core/oci/config.h"
#include "core/oci/fields.h"
#include "core/oci/names.h"
#include "core/oci/shapes.h"

/* The kernel cuts an errno of SECCOMP_RET_ERRNO to this, silently (MAX_ERRNO). */
#define ERRNO_MAX 4095
/* sun_path of unix(7), with its NUL */
#define SOCKET_PATH_MAX 107

static int refuse_without_listener(struct oci_reader *reader, const struct json *action)
{
	oci_refuse(reader, action, NULL, "is SCMP_ACT_NOTIFY, and listenerPath is not set");
	err_why(reader->err, "nobody would answer, and each such call would hang");
	return err_fix(reader->err, "add \"listenerPath\" to linux.seccomp, or take another action");
}

/* An action with its data in the low 16 bits; errno_key is the member that holds the data. */
static int read_action(struct oci_reader *reader, const struct json *object, const char *action_key,
		       const char *errno_key, uint32_t *ret_action)
{
	const struct json *name = oci_get(object, action_key), *number = oci_get(object, errno_key);
	uint64_t action, data = EPERM, limit;

	if (oci_read_name(reader, name, &oci_names_seccomp_action, &action))
		return ERR;
	limit = action == SECCOMP_RET_TRACE ? SECCOMP_RET_DATA : ERRNO_MAX;
	if (action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_TRACE) {
		*ret_action = (uint32_t)action;
		if (!number)
			return 0;
		oci_refuse(reader, number, NULL, "is set, and %s takes no errno", name->string);
		err_why(reader->err, "only SCMP_ACT_ERRNO and SCMP_ACT_TRACE return a number of your choice");
		return err_fix(reader->err, "remove \"%s\", or write \"SCMP_ACT_ERRNO\"", errno_key);
	}
	if (number && oci_expect(reader, number, JSON_NUMBER))
		return ERR;
	if (number && (!json_u64(number, &data) || data > limit)) {
		oci_refuse(reader, number, NULL, "must be a whole number from 0 to %d, and is %.40s", (int)limit,
			   number->string);
		err_why(reader->err, "the kernel has no room for a higher one with %s", name->string);
		return err_fix(reader->err, "%d for EPERM, %d for ENOSYS", EPERM, ENOSYS);
	}
	*ret_action = (uint32_t)(action | data);
	return 0;
}

/* ---- rules ---- */

#define AT(member, type) OCI_AT(struct oci_seccomp_arg, member, type)
static const struct oci_field arg_fields[] = {
	{"index", FIELD_U32, AT(index, uint32_t), FIELD_REQUIRED, .max = OCI_SECCOMP_ARGS_MAX - 1},
	{"value", FIELD_U64, AT(value, uint64_t), FIELD_REQUIRED},
	{"valueTwo", FIELD_U64, AT(value_two, uint64_t)},
	{"op", FIELD_ENUM, OCI_ENUM_AT(struct oci_seccomp_arg, operator), FIELD_REQUIRED,
	 .names = &oci_names_seccomp_operator},
	{0},
};
static const struct oci_shape arg_shape = {arg_fields, sizeof(struct oci_seccomp_arg), SHAPE_NONE, SHAPE_NONE, NULL};
#undef AT

static int check_rule(struct oci_reader *reader, const struct json *object, void *target)
{
	struct oci_seccomp_rule *rule = target;

	return read_action(reader, object, "action", "errnoRet", &rule->action);
}

#define AT(member, type) OCI_AT(struct oci_seccomp_rule, member, type)
static const struct oci_field rule_fields[] = {
	{"names", FIELD_STRINGS, AT(names, struct strings), FIELD_REQUIRED | FIELD_NOT_EMPTY_LIST | FIELD_NOT_EMPTY},
	{"action", FIELD_ENUM, AT(action, uint32_t), FIELD_REQUIRED, .names = &oci_names_seccomp_action},
	{"args", FIELD_LIST, OCI_LIST_AT(struct oci_seccomp_rule, args, args_count), .max = OCI_SECCOMP_ARGS_MAX,
	 .shape = &arg_shape},
	{0},
};
static const struct oci_shape rule_shape = {rule_fields, sizeof(struct oci_seccomp_rule),
					    offsetof(struct oci_seccomp_rule, where), SHAPE_NONE, check_rule};
#undef AT

/* ---- the filter ---- */

static int read_archs(struct oci_reader *reader, const struct json *value, void *target)
{
	struct {
		const uint32_t *items;
		size_t count;
	} *list = target;
	uint32_t *items;
	size_t count = 0;

	if (oci_expect(reader, value, JSON_ARRAY))
		return ERR;
	items = arena_calloc(reader->arena, value->count ? value->count : 1, sizeof(*items));
	if (!items)
		return oci_out_of_memory(reader);
	for (const struct json *item = value->first; item; item = item->next) {
		uint64_t ignored;
		uint32_t arch;
		size_t seen = 0;

		if (oci_read_name(reader, item, &oci_names_seccomp_arch, &ignored))
			return ERR;
		arch = abi_arch_from_scmp(item->string);
		while (seen < count && items[seen] != arch)
			seen++;
		if (seen == count)
			items[count++] = arch;
	}
	list->items = items;
	list->count = count;
	return 0;
}

static int check_listener(struct oci_reader *reader, const struct json *object, const struct oci_seccomp *seccomp)
{
	const struct json *rules = oci_get(object, "syscalls");

	if (seccomp->listener_path)
		return 0;
	if (seccomp->listener_metadata) {
		oci_refuse(reader, object, "listenerMetadata", "is set without listenerPath");
		err_why(reader->err, "metadata is sent to the listener, and there is none");
		return err_fix(reader->err, "add \"listenerPath\", or remove \"listenerMetadata\"");
	}
	if (seccomp->default_action == SECCOMP_RET_USER_NOTIF)
		return refuse_without_listener(reader, oci_get(object, "defaultAction"));
	for (const struct json *rule = rules ? rules->first : NULL; rule; rule = rule->next)
		if (seccomp->rules[rule->index].action == SECCOMP_RET_USER_NOTIF)
			return refuse_without_listener(reader, oci_get(rule, "action"));
	return 0;
}

static int check_seccomp(struct oci_reader *reader, const struct json *object, void *target)
{
	struct oci_seccomp *seccomp = target;

	if (read_action(reader, object, "defaultAction", "defaultErrnoRet", &seccomp->default_action))
		return ERR;
	return check_listener(reader, object, seccomp);
}

#define AT(member, type) OCI_AT(struct oci_seccomp, member, type)
static const struct oci_field seccomp_fields[] = {
	{"defaultAction", FIELD_ENUM, AT(default_action, uint32_t), FIELD_REQUIRED, .names = &oci_names_seccomp_action},
	{"architectures", FIELD_CUSTOM, OCI_LIST_AT(struct oci_seccomp, archs, archs_count), .read = read_archs},
	{"flags", FIELD_FLAGS32, AT(flags, uint32_t), .names = &oci_names_seccomp_flag},
	{"listenerPath", FIELD_STRING, AT(listener_path, const char *), FIELD_EMPTY_ABSENT | FIELD_ABSOLUTE,
	 .max = SOCKET_PATH_MAX},
	{"listenerMetadata", FIELD_STRING, AT(listener_metadata, const char *), FIELD_EMPTY_ABSENT},
	{"syscalls", FIELD_LIST, OCI_LIST_AT(struct oci_seccomp, rules, rules_count), .shape = &rule_shape},
	{0},
};
#undef AT

const struct oci_shape oci_seccomp_shape = {
	seccomp_fields,
	.where = offsetof(struct oci_seccomp, where),
	.present = offsetof(struct oci_seccomp, present),
	.check = check_seccomp,
};
