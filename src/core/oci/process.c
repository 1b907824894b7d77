/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci/process: the `process` object (config.md, "Process"), of config.json and alone, as exec takes it.
 * Runs in the runtime; pure.
 */
#include <inttypes.h>
#include <linux/ioprio.h>
#include <string.h>

#include "core/oci/config.h"
#include "core/oci/fields.h"
#include "core/oci/names.h"
#include "core/oci/shapes.h"

/* Lists of unknown capabilities are for a warning: this many names say enough. */
#define UNKNOWN_CAPABILITIES_MAX 64
/* NGROUPS_MAX of <linux/limits.h> */
#define GROUPS_MAX 65536
/* struct winsize has 16 bits for each */
#define CONSOLE_MAX 65535
/* sched_setattr(2): the shortest runtime of SCHED_DEADLINE, and the number its times stay below */
#define DEADLINE_RUNTIME_MIN  1024
#define DEADLINE_TIME_MAX     ((uint64_t)INT64_MAX)
#define SCHED_POLICY_FIFO     1
#define SCHED_POLICY_RR	      2
#define SCHED_POLICY_ISO      4
#define SCHED_POLICY_DEADLINE 6

/* ---- user ---- */

/* Callers leave 0 out, as they do elsewhere. That is taken for root's group where the user is root; group 0 of somebody
 * else is power that nobody has asked for. */
static int check_user(struct oci_reader *reader, const struct json *object, void *target)
{
	const struct oci_user *user = target;

	return user->uid.value == 0 || oci_get(object, "gid") ? 0 : oci_refuse_missing(reader, object, "gid");
}

#define AT(member, type) OCI_AT(struct oci_user, member, type)
static const struct oci_field user_fields[] = {
	{"uid", FIELD_U32, AT(uid.value, uint32_t), FIELD_REQUIRED, .max = OCI_ID_MAX},
	{"gid", FIELD_U32, AT(gid.value, uint32_t), .max = OCI_ID_MAX},
	{"umask", FIELD_OPT_U32, AT(umask, struct opt_u32), .max = 0777},
	{"additionalGids", FIELD_IDS, OCI_LIST_AT(struct oci_user, additional_gids, additional_gids_count),
	 .max = GROUPS_MAX},
	{"username", FIELD_STRING, AT(username, const char *), FIELD_EMPTY_ABSENT},
	{0},
};
static const struct oci_shape user_shape = {user_fields, .where = offsetof(struct oci_user, where),
					    .present = SHAPE_NONE, .check = check_user};
#undef AT

/* ---- capabilities ---- */

static int keep_unknown(struct oci_reader *reader, const struct json *item, struct placed_strings *unknown)
{
	struct placed_string *items = (struct placed_string *)unknown->items;

	for (size_t i = 0; i < unknown->count; i++)
		if (!strcmp(items[i].text, item->string))
			return 0;
	if (unknown->count == UNKNOWN_CAPABILITIES_MAX)
		return 0;
	if (!items)
		items = arena_calloc(reader->arena, UNKNOWN_CAPABILITIES_MAX, sizeof(*items));
	if (!items)
		return oci_out_of_memory(reader);
	items[unknown->count].text = item->string;
	items[unknown->count].where = json_pointer_in(reader->arena, item);
	if (!items[unknown->count].where)
		return oci_out_of_memory(reader);
	*unknown = (struct placed_strings){.items = items, .count = unknown->count + 1};
	return 0;
}

static int read_capabilities(struct oci_reader *reader, const struct json *object, void *target)
{
	struct oci_capabilities *capabilities = target;
	const struct {
		const char *key;
		uint64_t *set;
	} sets[] = {
		{"bounding", &capabilities->bounding},	     {"effective", &capabilities->effective},
		{"inheritable", &capabilities->inheritable}, {"permitted", &capabilities->permitted},
		{"ambient", &capabilities->ambient},
	};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		const struct json *array = oci_get(object, sets[i].key);

		if (!array)
			continue;
		if (oci_expect(reader, array, JSON_ARRAY))
			return ERR;
		for (const struct json *item = array->first; item; item = item->next) {
			int number;

			if (oci_expect(reader, item, JSON_STRING))
				return ERR;
			number = oci_capability_number(item->string);
			if (number >= 0)
				*sets[i].set |= UINT64_C(1) << number;
			else if (keep_unknown(reader, item, &capabilities->unknown))
				return ERR;
		}
	}
	return 0;
}

static const struct oci_field capabilities_fields[] = {{0}};
static const struct oci_shape capabilities_shape = {
	capabilities_fields,
	.where = offsetof(struct oci_capabilities, where),
	.present = offsetof(struct oci_capabilities, present),
	.check = read_capabilities,
};

/* ---- limits ---- */

static int check_rlimit(struct oci_reader *reader, const struct json *object, void *target)
{
	const struct oci_rlimit *rlimit = target;

	if (rlimit->soft <= rlimit->hard)
		return 0;
	oci_refuse(reader, object, "soft", "must not be above hard (%llu), and is %llu",
		   (unsigned long long)rlimit->hard, (unsigned long long)rlimit->soft);
	err_why(reader->err, "the hard limit is the ceiling of the soft one: setrlimit(2)");
	return err_fix(reader->err, "raise hard or lower soft");
}

static int check_rlimits(struct oci_reader *reader, const struct json *value, void *target)
{
	const struct json *item = value->first;
	uint64_t seen = 0;

	(void)target;
	for (; item; item = item->next) {
		const struct json *type = oci_get(item, "type");
		uint64_t resource;

		if (oci_read_name(reader, type, &oci_names_rlimit, &resource))
			return ERR;
		if (seen & UINT64_C(1) << resource) {
			oci_refuse(reader, type, NULL, "is %s a second time", type->string);
			err_why(reader->err, "each resource has one limit, and the order of the list has no meaning");
			return err_fix(reader->err, "remove one of the two entries");
		}
		seen |= UINT64_C(1) << resource;
	}
	return 0;
}

#define AT(member, type) OCI_AT(struct oci_rlimit, member, type)
static const struct oci_field rlimit_fields[] = {
	{"type", FIELD_ENUM, OCI_ENUM_AT(struct oci_rlimit, resource), FIELD_REQUIRED, .names = &oci_names_rlimit},
	{"soft", FIELD_U64, AT(soft, uint64_t), FIELD_REQUIRED},
	{"hard", FIELD_U64, AT(hard, uint64_t), FIELD_REQUIRED},
	{0},
};
static const struct oci_shape rlimit_shape = {rlimit_fields, sizeof(struct oci_rlimit),
					      offsetof(struct oci_rlimit, where), SHAPE_NONE, check_rlimit};
#undef AT

/* ---- scheduling ---- */

#define DEADLINE "sched_setattr: `SCHED_DEADLINE`"

/* What is wrong first, in the words that callers know. */
static void refuse_deadline(struct oci_reader *reader, const struct json *object, const struct oci_scheduler *scheduler,
			    uint64_t period)
{
	uint64_t runtime = scheduler->runtime, deadline = scheduler->deadline;

	if (!oci_get(object, "runtime"))
		oci_refuse(reader, object, "runtime", "is missing: " DEADLINE " requires `runtime`");
	else if (!oci_get(object, "deadline"))
		oci_refuse(reader, object, "deadline", "is missing: " DEADLINE " requires `deadline`");
	else if (runtime == 0)
		oci_refuse(reader, object, "runtime", "is 0: " DEADLINE " runtime must be greater than 0");
	else if (runtime < DEADLINE_RUNTIME_MIN || runtime > DEADLINE_TIME_MAX)
		oci_refuse(reader, object, "runtime", "is wrong: " DEADLINE " runtime %" PRIu64 " must be between %d and %"
			   PRIu64, runtime, DEADLINE_RUNTIME_MIN, DEADLINE_TIME_MAX);
	else if (runtime > deadline)
		oci_refuse(reader, object, "runtime", "is wrong: " DEADLINE " runtime (%" PRIu64 ") must be <= deadline (%"
			   PRIu64 ")", runtime, deadline);
	else if (deadline > period)
		oci_refuse(reader, object, "deadline", "is wrong: " DEADLINE " deadline (%" PRIu64 ") must be <= period (%"
			   PRIu64 ")", deadline, period);
	else
		oci_refuse(reader, object, "period", "is too long for " DEADLINE);
}

static int check_deadline(struct oci_reader *reader, const struct json *object, const struct oci_scheduler *scheduler)
{
	uint64_t period = scheduler->period ? scheduler->period : scheduler->deadline;

	if (scheduler->runtime >= DEADLINE_RUNTIME_MIN && scheduler->runtime <= scheduler->deadline &&
	    scheduler->deadline <= period && period <= DEADLINE_TIME_MAX)
		return 0;
	refuse_deadline(reader, object, scheduler, period);
	err_why(reader->err, "sched_setattr(2) wants %d <= runtime <= deadline <= period, in nanoseconds",
		DEADLINE_RUNTIME_MIN);
	return err_fix(reader->err, "\"runtime\", \"deadline\" and \"period\" in that order of size");
}

static int check_scheduler(struct oci_reader *reader, const struct json *object, void *target)
{
	const struct oci_scheduler *scheduler = target;
	bool realtime = scheduler->policy == SCHED_POLICY_FIFO || scheduler->policy == SCHED_POLICY_RR;

	if (scheduler->policy == SCHED_POLICY_ISO) {
		oci_refuse(reader, object, "policy", "is SCHED_ISO, which is not supported");
		err_why(reader->err, "Linux reserves its number and has never implemented it");
		return err_fix(reader->err, "\"SCHED_OTHER\" with a nice value, or \"SCHED_RR\"");
	}
	if (realtime && !scheduler->priority) {
		oci_refuse(reader, object, "priority", "must be from 1 to 99 with SCHED_FIFO and SCHED_RR");
		err_why(reader->err, "static priority 0 belongs to the policies that are not real-time: sched(7)");
		return err_fix(reader->err, "add \"priority\": 1");
	}
	if (!realtime && scheduler->priority) {
		oci_refuse(reader, object, "priority", "must be 0 with this policy, and is %d", scheduler->priority);
		err_why(reader->err, "only SCHED_FIFO and SCHED_RR have a static priority: sched(7)");
		return err_fix(reader->err, "\"nice\" instead, or another policy");
	}
	if (scheduler->policy == SCHED_POLICY_DEADLINE)
		return check_deadline(reader, object, scheduler);
	if (scheduler->runtime || scheduler->deadline || scheduler->period) {
		oci_refuse(reader, object, NULL, "has runtime, deadline or period without SCHED_DEADLINE");
		err_why(reader->err, "no other policy uses them, so they would be lost silently");
		return err_fix(reader->err, "remove them, or write \"policy\": \"SCHED_DEADLINE\"");
	}
	return 0;
}

#define AT(member, type) OCI_AT(struct oci_scheduler, member, type)
static const struct oci_field scheduler_fields[] = {
	{"policy", FIELD_ENUM, AT(policy, uint32_t), FIELD_REQUIRED, .names = &oci_names_sched_policy},
	{"nice", FIELD_I32, AT(nice, int32_t), .min = -20, .max = 19},
	{"priority", FIELD_I32, AT(priority, int32_t), .min = 0, .max = 99},
	{"flags", FIELD_FLAGS64, AT(flags, uint64_t), .names = &oci_names_sched_flag},
	{"runtime", FIELD_U64, AT(runtime, uint64_t)},
	{"deadline", FIELD_U64, AT(deadline, uint64_t)},
	{"period", FIELD_U64, AT(period, uint64_t)},
	{0},
};
static const struct oci_shape scheduler_shape = {
	scheduler_fields,
	.where = offsetof(struct oci_scheduler, where),
	.present = offsetof(struct oci_scheduler, present),
	.check = check_scheduler,
};
#undef AT

/* The class idle has no levels: what it runs waits for all else. */
static int check_io_priority(struct oci_reader *reader, const struct json *object, void *target)
{
	const struct oci_io_priority *priority = target;

	return priority->class == IOPRIO_CLASS_IDLE || oci_get(object, "priority")
		       ? 0
		       : oci_refuse_missing(reader, object, "priority");
}

static const struct oci_field io_priority_fields[] = {
	{"class", FIELD_ENUM, OCI_ENUM_AT(struct oci_io_priority, class), FIELD_REQUIRED, .names = &oci_names_io_class},
	{"priority", FIELD_I32, OCI_AT(struct oci_io_priority, priority, int), .max = 7},
	{0},
};
static const struct oci_shape io_priority_shape = {
	io_priority_fields,
	.where = offsetof(struct oci_io_priority, where),
	.present = offsetof(struct oci_io_priority, present),
	.check = check_io_priority,
};

#define AT(member) OCI_AT(struct oci_process, member, const char *)
static const struct oci_field affinity_fields[] = {
	{"initial", FIELD_STRING, AT(cpu_affinity_initial), FIELD_EMPTY_ABSENT, .check = oci_check_cpu_list},
	{"final", FIELD_STRING, AT(cpu_affinity_final), FIELD_EMPTY_ABSENT, .check = oci_check_cpu_list},
	{0},
};
#undef AT
static const struct oci_shape affinity_shape = {affinity_fields, .where = SHAPE_NONE, .present = SHAPE_NONE};

/* ---- the process ---- */

int oci_check_env_entry(struct oci_reader *reader, const struct json *value)
{
	const char *equals = strchr(value->string, '=');

	if (equals && equals != value->string)
		return 0;
	oci_refuse(reader, value, NULL, "must be NAME=VALUE, and is \"%.*s\"", oci_shown(value->string), value->string);
	err_why(reader->err,
		"an entry without a name or without a value has no defined meaning, and is never filled from "
		"the caller's environment");
	return err_fix(reader->err, "write \"NAME=\" for an empty value, or remove the entry");
}

static int check_args(struct oci_reader *reader, const struct json *value, void *target)
{
	(void)target;
	if (value->first->string[0])
		return 0;
	oci_refuse(reader, value->first, NULL, "must not be empty");
	err_why(reader->err, "it names the program to execute");
	return err_fix(reader->err, "a path, or a name to be found in PATH");
}

static const struct oci_field console_fields[] = {
	{"height", FIELD_U32, OCI_AT(struct oci_process, console_height, uint32_t), FIELD_REQUIRED, .max = CONSOLE_MAX},
	{"width", FIELD_U32, OCI_AT(struct oci_process, console_width, uint32_t), FIELD_REQUIRED, .max = CONSOLE_MAX},
	{0},
};
static const struct oci_shape console_shape = {console_fields, .where = SHAPE_NONE,
					       .present = offsetof(struct oci_process, console_size_set)};

/* consoleSize is read here, because it must be ignored when no terminal is asked for. */
static int check_process(struct oci_reader *reader, const struct json *object, void *target)
{
	struct oci_process *process = target;
	const struct json *size = oci_get(object, "consoleSize");

	return size && process->terminal ? oci_read_object(reader, size, &console_shape, process) : 0;
}

#define AT(member, type) OCI_AT(struct oci_process, member, type)
static const struct oci_field process_fields[] = {
	{"terminal", FIELD_BOOL, AT(terminal, bool)},
	{"user", FIELD_OBJECT, AT(user, struct oci_user), .shape = &user_shape},
	{"args", FIELD_STRINGS, AT(args, struct strings), FIELD_REQUIRED | FIELD_NOT_EMPTY_LIST, .check = check_args},
	{"env", FIELD_STRINGS, AT(env, struct strings), .each = oci_check_env_entry},
	{"cwd", FIELD_STRING, AT(cwd.text, const char *), FIELD_REQUIRED | FIELD_ABSOLUTE},
	{"capabilities", FIELD_OBJECT, AT(capabilities, struct oci_capabilities), .shape = &capabilities_shape},
	{"rlimits", FIELD_LIST, OCI_LIST_AT(struct oci_process, rlimits, rlimits_count), .shape = &rlimit_shape,
	 .check = check_rlimits},
	{"noNewPrivileges", FIELD_BOOL, AT(no_new_privileges, bool)},
	{"apparmorProfile", FIELD_STRING, AT(apparmor_profile, const char *), FIELD_EMPTY_ABSENT | FIELD_ONE_LINE},
	{"selinuxLabel", FIELD_STRING, AT(selinux_label, const char *), FIELD_EMPTY_ABSENT | FIELD_ONE_LINE},
	{"oomScoreAdj", FIELD_OPT_I64, AT(oom_score_adj, struct opt_i64), .min = -1000, .max = 1000},
	{"scheduler", FIELD_OBJECT, AT(scheduler, struct oci_scheduler), .shape = &scheduler_shape},
	{"ioPriority", FIELD_OBJECT, AT(io_priority, struct oci_io_priority), .shape = &io_priority_shape},
	{"execCPUAffinity", FIELD_OBJECT, OCI_HERE, .shape = &affinity_shape},
	{0},
};
#undef AT

const struct oci_shape oci_process_shape = {
	process_fields,
	.where = offsetof(struct oci_process, where),
	.present = SHAPE_NONE,
	.check = check_process,
};
