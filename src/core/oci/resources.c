/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci/resources: the `linux.resources` object (config-linux.md, "Control groups"), of config.json and alone, as update
 * takes it. Values that the two versions of cgroups take differently stay as written: plan/ translates them.
 * Runs in the runtime; pure.
 */
#include <string.h>

#include "core/oci/config.h"
#include "core/oci/fields.h"
#include "core/oci/names.h"
#include "core/oci/shapes.h"

/* Numbers of processors and memory nodes above this are no kernel's */
#define LIST_NUMBER_MAX 65535
#define WEIGHT_MIN	10
#define WEIGHT_MAX	1000

#define AT(member, type) OCI_AT(struct oci_resources, member, type)

/* ---- lists as in cpuset(7) ---- */

/* A decimal number at *text, which is moved behind it; -1 when there is none or it is too high. */
static long list_number(const char **text)
{
	long number = -1;

	for (; **text >= '0' && **text <= '9'; (*text)++) {
		number = (number < 0 ? 0 : number) * 10 + (**text - '0');
		if (number > LIST_NUMBER_MAX)
			return -1;
	}
	return number;
}

static bool is_cpu_list(const char *text)
{
	for (;; text++) {
		long first = list_number(&text), last = first;

		if (*text == '-') {
			text++;
			last = list_number(&text);
		}
		if (first < 0 || last < first)
			return false;
		if (!*text)
			return true;
		if (*text != ',')
			return false;
	}
}

int oci_check_cpu_list(struct oci_reader *reader, const struct json *value, void *target)
{
	(void)target;
	if (!value->count || is_cpu_list(value->string))
		return 0;
	oci_refuse(reader, value, NULL, "must be a list of numbers and ranges, and is \"%.*s\"",
		   oci_shown(value->string), value->string);
	err_why(reader->err,
		"numbers are at most %d, the second of a range is not below the first, and there are no blanks",
		LIST_NUMBER_MAX);
	return err_fix(reader->err, "a list like \"0-3,7\"");
}

/* ---- memory ---- */

static const struct oci_field memory_fields[] = {
	{"limit", FIELD_OPT_I64, AT(memory.limit, struct opt_i64), .min = -1, .max = INT64_MAX},
	{"reservation", FIELD_OPT_I64, AT(memory.reservation, struct opt_i64), .min = -1, .max = INT64_MAX},
	{"swap", FIELD_OPT_I64, AT(memory.swap, struct opt_i64), .min = -1, .max = INT64_MAX},
	{"kernel", FIELD_OPT_I64, AT(memory.kernel, struct opt_i64), .min = -1, .max = INT64_MAX},
	{"kernelTCP", FIELD_OPT_I64, AT(memory.kernel_tcp, struct opt_i64), .min = -1, .max = INT64_MAX},
	{"swappiness", FIELD_OPT_U64, AT(memory.swappiness, struct opt_u64), .max = 100},
	{"disableOOMKiller", FIELD_OPT_BOOL, AT(memory.disable_oom_killer, struct opt_bool)},
	{"useHierarchy", FIELD_OPT_BOOL, AT(memory.use_hierarchy, struct opt_bool)},
	{"checkBeforeUpdate", FIELD_OPT_BOOL, AT(memory.check_before_update, struct opt_bool)},
	{0},
};
static const struct oci_shape memory_shape = {memory_fields, .where = offsetof(struct oci_resources, memory.where),
					      .present = SHAPE_NONE};

/* ---- cpu ---- */

static int check_cpu(struct oci_reader *reader, const struct json *object, void *target)
{
	const struct oci_resources *resources = target;
	const struct opt_i64 *quota = &resources->cpu.quota;
	const struct opt_u64 *burst = &resources->cpu.burst;

	if (!quota->set || quota->value <= 0 || !burst->set || burst->value <= (uint64_t)quota->value)
		return 0;
	oci_refuse(reader, object, "burst", "must not be above quota (%lld), and is %llu", (long long)quota->value,
		   (unsigned long long)burst->value);
	err_why(reader->err, "what is saved up for a burst comes out of the quota");
	return err_fix(reader->err, "lower burst or raise quota");
}

static const struct oci_field cpu_fields[] = {
	{"shares", FIELD_OPT_U64, AT(cpu.shares, struct opt_u64)},
	{"quota", FIELD_OPT_I64, AT(cpu.quota, struct opt_i64), .min = -1, .max = INT64_MAX},
	{"burst", FIELD_OPT_U64, AT(cpu.burst, struct opt_u64)},
	{"period", FIELD_OPT_U64, AT(cpu.period, struct opt_u64)},
	{"realtimeRuntime", FIELD_OPT_I64, AT(cpu.realtime_runtime, struct opt_i64), .min = -1, .max = INT64_MAX},
	{"realtimePeriod", FIELD_OPT_U64, AT(cpu.realtime_period, struct opt_u64)},
	{"cpus", FIELD_STRING, AT(cpu.cpus, const char *), FIELD_EMPTY_ABSENT, .check = oci_check_cpu_list},
	{"mems", FIELD_STRING, AT(cpu.mems, const char *), FIELD_EMPTY_ABSENT, .check = oci_check_cpu_list},
	{"idle", FIELD_OPT_I64, AT(cpu.idle, struct opt_i64), .max = 1},
	{0},
};
static const struct oci_shape cpu_shape = {cpu_fields, .where = offsetof(struct oci_resources, cpu.where),
					   .present = SHAPE_NONE, .check = check_cpu};

static const struct oci_field pids_fields[] = {
	{"limit", FIELD_OPT_I64, AT(pids.limit, struct opt_i64), .min = -1, .max = INT64_MAX},
	{0},
};
static const struct oci_shape pids_shape = {pids_fields, .where = offsetof(struct oci_resources, pids.where),
					    .present = SHAPE_NONE};

/* ---- block I/O ---- */

static int check_weight(struct oci_reader *reader, const struct json *value, void *target)
{
	struct opt_u32 *weight = target;

	if (weight->value >= WEIGHT_MIN && weight->value <= WEIGHT_MAX)
		return 0;
	oci_refuse(reader, value, NULL, "must be a whole number from %d to %d, and is %u", WEIGHT_MIN, WEIGHT_MAX,
		   weight->value);
	err_why(reader->err, "block I/O weights have these bounds in both versions of cgroups");
	return err_fix(reader->err, "a number in that range, or leave it out for the default");
}

/* Engines write 0 for a weight that nobody asked for. */
static int check_own_weight(struct oci_reader *reader, const struct json *value, void *target)
{
	struct opt_u32 *weight = target;

	if (weight->value)
		return check_weight(reader, value, target);
	weight->set = false;
	return 0;
}

static int check_weight_device(struct oci_reader *reader, const struct json *object, void *target)
{
	const struct oci_block_weight *device = target;

	if (device->weight.set || device->leaf_weight.set)
		return 0;
	oci_refuse(reader, object, NULL, "must hold weight or leafWeight");
	err_why(reader->err, "an entry without either would change nothing");
	return err_fix(reader->err, "add \"weight\": %d, or remove the entry", WEIGHT_MAX / 2);
}

#define WEIGHT_AT(member, type) OCI_AT(struct oci_block_weight, member, type)
static const struct oci_field weight_device_fields[] = {
	{"major", FIELD_U32, WEIGHT_AT(major, uint32_t), FIELD_REQUIRED, .max = OCI_MAJOR_MAX},
	{"minor", FIELD_U32, WEIGHT_AT(minor, uint32_t), FIELD_REQUIRED, .max = OCI_MINOR_MAX},
	{"weight", FIELD_OPT_U32, WEIGHT_AT(weight, struct opt_u32), .check = check_weight},
	{"leafWeight", FIELD_OPT_U32, WEIGHT_AT(leaf_weight, struct opt_u32), .check = check_weight},
	{0},
};
static const struct oci_shape weight_device_shape = {weight_device_fields, sizeof(struct oci_block_weight),
						     offsetof(struct oci_block_weight, where), SHAPE_NONE,
						     check_weight_device};

static const struct oci_field rate_fields[] = {
	{"major", FIELD_U32, OCI_AT(struct oci_block_rate, major, uint32_t), FIELD_REQUIRED, .max = OCI_MAJOR_MAX},
	{"minor", FIELD_U32, OCI_AT(struct oci_block_rate, minor, uint32_t), FIELD_REQUIRED, .max = OCI_MINOR_MAX},
	{"rate", FIELD_U64, OCI_AT(struct oci_block_rate, rate, uint64_t), FIELD_REQUIRED},
	{0},
};
static const struct oci_shape rate_shape = {rate_fields, sizeof(struct oci_block_rate),
					    offsetof(struct oci_block_rate, where), SHAPE_NONE, NULL};

#define THROTTLE(kind)                                                                                   \
	OCI_LIST_AT(struct oci_resources, block_io.throttle[kind].items, block_io.throttle[kind].count), \
		.shape = &rate_shape
static const struct oci_field block_io_fields[] = {
	{"weight", FIELD_OPT_U32, AT(block_io.weight, struct opt_u32), .check = check_own_weight},
	{"leafWeight", FIELD_OPT_U32, AT(block_io.leaf_weight, struct opt_u32), .check = check_own_weight},
	{"weightDevice", FIELD_LIST,
	 OCI_LIST_AT(struct oci_resources, block_io.weight_devices, block_io.weight_devices_count),
	 .shape = &weight_device_shape},
	{"throttleReadBpsDevice", FIELD_LIST, THROTTLE(OCI_THROTTLE_READ_BPS)},
	{"throttleWriteBpsDevice", FIELD_LIST, THROTTLE(OCI_THROTTLE_WRITE_BPS)},
	{"throttleReadIOPSDevice", FIELD_LIST, THROTTLE(OCI_THROTTLE_READ_IOPS)},
	{"throttleWriteIOPSDevice", FIELD_LIST, THROTTLE(OCI_THROTTLE_WRITE_IOPS)},
	{0},
};
static const struct oci_shape block_io_shape = {
	block_io_fields, .where = offsetof(struct oci_resources, block_io.where), .present = SHAPE_NONE};

/* ---- huge pages ---- */

static int check_page_size(struct oci_reader *reader, const struct json *value, void *target)
{
	const char *text = value->string;
	size_t digits = strspn(text, "0123456789");

	(void)target;
	if (digits && text[0] != '0' && (text[digits] == 'K' || text[digits] == 'M' || text[digits] == 'G') &&
	    !strcmp(text + digits + 1, "B"))
		return 0;
	oci_refuse(reader, value, NULL, "must be a page size, and is \"%.*s\"", oci_shown(text), text);
	err_why(reader->err, "it is part of the name of a kernel file, which spells it as number, K, M or G, and B");
	return err_fix(reader->err, "\"64KB\", \"2MB\" or \"1GB\"");
}

#define HUGEPAGE_AT(member, type) OCI_AT(struct oci_hugepage_limit, member, type)
static const struct oci_field hugepage_fields[] = {
	{"pageSize", FIELD_STRING, HUGEPAGE_AT(page_size, const char *), FIELD_REQUIRED, .max = 32,
	 .check = check_page_size},
	{"limit", FIELD_U64, HUGEPAGE_AT(limit, uint64_t), FIELD_REQUIRED},
	{0},
};
static const struct oci_shape hugepage_shape = {hugepage_fields, sizeof(struct oci_hugepage_limit),
						offsetof(struct oci_hugepage_limit, where), SHAPE_NONE, NULL};

/* ---- network ---- */

static int check_priority_name(struct oci_reader *reader, const struct json *value, void *target)
{
	(void)target;
	return oci_check_interface_name(reader, value, value->string);
}

#define PRIORITY_AT(member, type) OCI_AT(struct oci_interface_priority, member, type)
static const struct oci_field priority_fields[] = {
	{"name", FIELD_STRING, PRIORITY_AT(name, const char *), FIELD_REQUIRED, .check = check_priority_name},
	{"priority", FIELD_U32, PRIORITY_AT(priority, uint32_t), FIELD_REQUIRED},
	{0},
};
static const struct oci_shape priority_shape = {priority_fields, sizeof(struct oci_interface_priority), SHAPE_NONE,
						SHAPE_NONE, NULL};
static const struct oci_field network_fields[] = {
	{"classID", FIELD_OPT_U32, AT(network.class_id, struct opt_u32)},
	{"priorities", FIELD_LIST, OCI_LIST_AT(struct oci_resources, network.priorities, network.priorities_count),
	 .shape = &priority_shape},
	{0},
};
static const struct oci_shape network_shape = {network_fields, .where = offsetof(struct oci_resources, network.where),
					       .present = SHAPE_NONE};

/* ---- rdma ---- */

static int check_rdma(struct oci_reader *reader, const struct json *object, void *target)
{
	struct oci_rdma *rdma = target;

	rdma->device = object->key;
	if (!object->key[0] || object->key[strcspn(object->key, " \t\r\n\v\f=")]) {
		oci_refuse(reader, object, NULL, "must be the name of an RDMA device");
		err_why(reader->err, "the kernel file that takes it separates names and values by blanks and \"=\"");
		return err_fix(reader->err, "a name as in /sys/class/infiniband");
	}
	if (rdma->hca_handles.set || rdma->hca_objects.set)
		return 0;
	oci_refuse(reader, object, NULL, "must hold hcaHandles or hcaObjects");
	err_why(reader->err, "an entry without either would change nothing");
	return err_fix(reader->err, "add \"hcaHandles\": 100, or remove the entry");
}

static const struct oci_field rdma_fields[] = {
	{"hcaHandles", FIELD_OPT_U32, OCI_AT(struct oci_rdma, hca_handles, struct opt_u32)},
	{"hcaObjects", FIELD_OPT_U32, OCI_AT(struct oci_rdma, hca_objects, struct opt_u32)},
	{0},
};
static const struct oci_shape rdma_shape = {rdma_fields, sizeof(struct oci_rdma), offsetof(struct oci_rdma, where),
					    SHAPE_NONE, check_rdma};

/* ---- device rules ---- */

static int read_rule_type(struct oci_reader *reader, const struct json *value, void *target)
{
	if (oci_expect(reader, value, JSON_STRING))
		return ERR;
	if (!value->count || (value->count == 1 && strchr("abc", value->string[0]))) {
		*(char *)target = value->count ? value->string[0] : 'a';
		return 0;
	}
	oci_refuse(reader, value, NULL, "must be \"a\", \"b\" or \"c\", and is \"%.*s\"", oci_shown(value->string),
		   value->string);
	err_why(reader->err, "rules are about all devices (a), block devices (b) or character devices (c)");
	return err_fix(reader->err, "one of these letters, or leave it out for \"a\"");
}

/* Engines write the letter a for all accesses. Where it would grant them, it is refused: the runtime-spec does not know it. */
static int read_rule_access(struct oci_reader *reader, const struct json *object, struct oci_device_rule *rule)
{
	const char *letters = rule->allow ? "rwm" : "rwma";
	const struct json *value = oci_get(object, "access");
	bool all;

	rule->read = rule->write = rule->mknod = !value;
	if (!value)
		return 0;
	if (oci_expect(reader, value, JSON_STRING))
		return ERR;
	if (!value->count || value->string[strspn(value->string, letters)]) {
		oci_refuse(reader, value, NULL, "must be made of the letters r, w and m, and is \"%.*s\"",
			   oci_shown(value->string), value->string);
		err_why(reader->err, "they stand for reading, writing and mknod(2)");
		return err_fix(reader->err, "\"rwm\" for all three");
	}
	all = strchr(value->string, 'a');
	rule->read = all || strchr(value->string, 'r');
	rule->write = all || strchr(value->string, 'w');
	rule->mknod = all || strchr(value->string, 'm');
	return 0;
}

static int check_device_rule(struct oci_reader *reader, const struct json *object, void *target)
{
	struct oci_device_rule *rule = target;

	if (!rule->type)
		rule->type = 'a';
	if (!oci_get(object, "major"))
		rule->major = OCI_DEVICE_ANY;
	if (!oci_get(object, "minor"))
		rule->minor = OCI_DEVICE_ANY;
	return read_rule_access(reader, object, rule);
}

#define RULE_AT(member, type) OCI_AT(struct oci_device_rule, member, type)
static const struct oci_field device_rule_fields[] = {
	{"allow", FIELD_BOOL, RULE_AT(allow, bool), FIELD_REQUIRED},
	{"type", FIELD_CUSTOM, RULE_AT(type, char), .read = read_rule_type},
	{"major", FIELD_I64, RULE_AT(major, int64_t), .min = OCI_DEVICE_ANY, .max = OCI_MAJOR_MAX},
	{"minor", FIELD_I64, RULE_AT(minor, int64_t), .min = OCI_DEVICE_ANY, .max = OCI_MINOR_MAX},
	{0},
};
static const struct oci_shape device_rule_shape = {device_rule_fields, sizeof(struct oci_device_rule),
						   offsetof(struct oci_device_rule, where), SHAPE_NONE,
						   check_device_rule};

/* ---- unified ---- */

static int check_unified(struct oci_reader *reader, const struct json *value)
{
	static const char *const movers[] = {"cgroup.procs", "cgroup.threads", "cgroup.kill"};

	if (value->key[0] == '.' || value->key[strcspn(value->key, "/ \t\r\n")]) {
		oci_refuse(reader, value, NULL, "must be the name of a file of the container's cgroup");
		err_why(reader->err, "a name that holds \"/\" or begins with \".\" could lead to another cgroup");
		return err_fix(reader->err, "a name like \"memory.high\"");
	}
	for (size_t i = 0; i < ARRAY_SIZE(movers); i++) {
		if (strcmp(value->key, movers[i]))
			continue;
		oci_refuse(reader, value, NULL, "is not a setting");
		err_why(reader->err, "writing to %s moves or kills processes", movers[i]);
		return err_fix(reader->err, "remove it");
	}
	return 0;
}

static const struct oci_field resources_fields[] = {
	{"devices", FIELD_LIST, OCI_LIST_AT(struct oci_resources, devices, devices_count), .shape = &device_rule_shape},
	{"memory", FIELD_OBJECT, OCI_HERE, .shape = &memory_shape},
	{"cpu", FIELD_OBJECT, OCI_HERE, .shape = &cpu_shape},
	{"pids", FIELD_OBJECT, OCI_HERE, .shape = &pids_shape},
	{"blockIO", FIELD_OBJECT, OCI_HERE, .shape = &block_io_shape},
	{"hugepageLimits", FIELD_LIST, OCI_LIST_AT(struct oci_resources, hugepage_limits, hugepage_limits_count),
	 .shape = &hugepage_shape},
	{"network", FIELD_OBJECT, OCI_HERE, .shape = &network_shape},
	{"rdma", FIELD_MAP, OCI_LIST_AT(struct oci_resources, rdma, rdma_count), .shape = &rdma_shape},
	{"unified", FIELD_KEY_VALUES, AT(unified, struct key_values), .each = check_unified},
	{0},
};

const struct oci_shape oci_resources_shape = {
	resources_fields,
	.where = offsetof(struct oci_resources, where),
	.present = SHAPE_NONE,
};
