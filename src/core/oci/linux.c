/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci/linux: the `linux` object (config-linux.md) but for resources, seccomp and sysctl, which have files of their own.
 * Runs in the runtime; pure.
 */
#include <linux/mempolicy.h>
#include <string.h>

#include "core/oci/config.h"
#include "core/oci/fields.h"
#include "core/oci/names.h"
#include "core/oci/shapes.h"

/* IFNAMSIZ of <linux/if.h>, without the NUL */
#define INTERFACE_NAME_MAX 15
#define NANOSECONDS_MAX	   999999999
/* The file type's bits of st_mode, which some engines leave in fileMode */
#define MODE_TYPE 0170000u
#define MODE_BITS 07777u

/* ---- namespaces ---- */

struct listed_namespace {
	uint32_t kind;
	const char *path, *where;
};

#define AT(member, type) OCI_AT(struct listed_namespace, member, type)
static const struct oci_field namespace_fields[] = {
	{"type", FIELD_ENUM, AT(kind, uint32_t), FIELD_REQUIRED, .names = &oci_names_namespace},
	{"path", FIELD_STRING, AT(path, const char *), FIELD_EMPTY_ABSENT | FIELD_ABSOLUTE},
	{0},
};
static const struct oci_shape namespace_shape = {namespace_fields, .where = offsetof(struct listed_namespace, where),
						 .present = SHAPE_NONE};
#undef AT

static int read_namespaces(struct oci_reader *reader, const struct json *value, void *target)
{
	struct oci_namespace *namespaces = target;

	if (oci_expect(reader, value, JSON_ARRAY))
		return ERR;
	for (const struct json *item = value->first; item; item = item->next) {
		struct listed_namespace listed = {0};

		if (oci_read_object(reader, item, &namespace_shape, &listed))
			return ERR;
		if (namespaces[listed.kind].present) {
			oci_refuse(reader, item, "type", "is \"%s\" a second time", oci_namespace_name(listed.kind));
			err_why(reader->err, "a process is in exactly one namespace of each type");
			return err_fix(reader->err, "remove one of the two entries");
		}
		namespaces[listed.kind] =
			(struct oci_namespace){.present = true, .path = {listed.path}, .where = listed.where};
	}
	return 0;
}

/* ---- id maps ---- */

static int refuse_id_map(struct oci_reader *reader, const struct json *item, const char *problem, const char *why)
{
	oci_refuse(reader, item, NULL, "%s", problem);
	err_why(reader->err, "%s: user_namespaces(7)", why);
	return err_fix(reader->err,
		       "ranges that are not empty, end below 4294967296 and do not overlap, on either side");
}

static bool overlap(uint32_t first, uint32_t other, uint32_t first_count, uint32_t other_count)
{
	return (uint64_t)first < (uint64_t)other + other_count && (uint64_t)other < (uint64_t)first + first_count;
}

int oci_check_id_maps(struct oci_reader *reader, const struct json *value, void *target)
{
	const struct id_maps *maps = target;

	for (const struct json *item = value->first; item; item = item->next) {
		const struct id_map *map = &maps->items[item->index];

		if (!map->count)
			return refuse_id_map(reader, item, "maps no id", "size must be above 0");
		if ((uint64_t)map->inside.value + map->count > UINT32_MAX ||
		    (uint64_t)map->outside.value + map->count > UINT32_MAX)
			return refuse_id_map(reader, item, "ends above the highest id", "ids have 32 bits");
		for (uint32_t i = 0; i < item->index; i++) {
			const struct id_map *other = &maps->items[i];

			if (overlap(map->inside.value, other->inside.value, map->count, other->count) ||
			    overlap(map->outside.value, other->outside.value, map->count, other->count))
				return refuse_id_map(reader, item, "overlaps an earlier entry", "an id maps to one id");
		}
	}
	return 0;
}

#define AT(member) OCI_AT(struct id_map, member, uint32_t)
static const struct oci_field id_map_fields[] = {
	{"containerID", FIELD_U32, AT(inside.value), FIELD_REQUIRED, .max = OCI_ID_MAX},
	{"hostID", FIELD_U32, AT(outside.value), FIELD_REQUIRED, .max = OCI_ID_MAX},
	{"size", FIELD_U32, AT(count), FIELD_REQUIRED},
	{0},
};
const struct oci_shape oci_id_map_shape = {id_map_fields, sizeof(struct id_map), SHAPE_NONE, SHAPE_NONE, NULL};
#undef AT

static int check_user_namespace(struct oci_reader *reader, const struct json *object, const struct oci_linux *config)
{
	const struct oci_namespace *user = &config->namespaces[OCI_NS_USER];
	const char *key = config->uid_maps.count ? "uidMappings" : "gidMappings";

	if (!user->present && (config->uid_maps.count || config->gid_maps.count)) {
		oci_refuse(reader, object, key, "is set without a user namespace");
		err_why(reader->err, "ids are mapped by user namespaces alone");
		return err_fix(reader->err, "add {\"type\": \"user\"} to linux.namespaces, or remove the mappings");
	}
	if (!user->present || user->path.text)
		return 0;
	if (!config->uid_maps.count == !config->gid_maps.count)
		return 0;
	oci_refuse(reader, object, config->uid_maps.count ? "gidMappings" : "uidMappings",
		   "is required with a new user namespace");
	err_why(reader->err, "without a mapping no user of the container, its root included, would have an id");
	return err_fix(reader->err, "[{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}]");
}

/* ---- time ---- */

#define AT(member, type) OCI_AT(struct oci_time_offset, member, type)
static const struct oci_field time_fields[] = {
	{"secs", FIELD_I64, AT(seconds, int64_t)},
	{"nanosecs", FIELD_U32, AT(nanoseconds, uint32_t), .max = NANOSECONDS_MAX},
	{0},
};
static const struct oci_shape time_shape = {time_fields, .where = SHAPE_NONE,
					    .present = offsetof(struct oci_time_offset, set)};
#undef AT

static int check_clocks(struct oci_reader *reader, const struct json *object, void *target)
{
	(void)target;
	for (const struct json *clock = object->first; clock; clock = clock->next) {
		if (!strcmp(clock->key, "monotonic") || !strcmp(clock->key, "boottime"))
			continue;
		oci_refuse(reader, clock, NULL, "is a clock without an offset");
		err_why(reader->err, "time namespaces have offsets for monotonic and boottime alone");
		return err_fix(reader->err, "\"monotonic\" or \"boottime\"");
	}
	return 0;
}

#define AT(member) OCI_AT(struct oci_linux, member, struct oci_time_offset)
static const struct oci_field clock_fields[] = {
	{"monotonic", FIELD_OBJECT, AT(monotonic), .shape = &time_shape},
	{"boottime", FIELD_OBJECT, AT(boottime), .shape = &time_shape},
	{0},
};
static const struct oci_shape clocks_shape = {clock_fields, .where = SHAPE_NONE, .present = SHAPE_NONE,
					      .check = check_clocks};
#undef AT

static int check_time_namespace(struct oci_reader *reader, const struct json *object, const struct oci_linux *config)
{
	const struct oci_namespace *time = &config->namespaces[OCI_NS_TIME];

	if ((!config->monotonic.set && !config->boottime.set) || (time->present && !time->path.text))
		return 0;
	oci_refuse(reader, object, "timeOffsets", "is set without a new time namespace");
	err_why(reader->err, "offsets can be set before the first process enters a time namespace, and never later");
	return err_fix(reader->err, "add {\"type\": \"time\"} to linux.namespaces, or remove timeOffsets");
}

/* ---- devices ---- */

static int check_file_mode(struct oci_reader *reader, const struct json *object, struct oci_device *device)
{
	static const uint32_t type_bits[] = {
		[OCI_DEVICE_CHAR] = 0020000, [OCI_DEVICE_BLOCK] = 0060000, [OCI_DEVICE_FIFO] = 0010000};
	uint32_t *mode = &device->file_mode.value;

	if ((*mode & MODE_TYPE) == type_bits[device->type])
		*mode &= ~MODE_TYPE;
	if (*mode <= MODE_BITS)
		return 0;
	oci_refuse(reader, object, "fileMode", "must be at most %u, and is %u", MODE_BITS, *mode);
	err_why(reader->err, "it holds permission bits, written as a decimal number");
	return err_fix(reader->err, "438, which is 0666 in octal");
}

static int check_device(struct oci_reader *reader, const struct json *object, void *target)
{
	struct oci_device *device = target;

	if (check_file_mode(reader, object, device))
		return ERR;
	if (device->type == OCI_DEVICE_FIFO || (oci_get(object, "major") && oci_get(object, "minor")))
		return 0;
	oci_refuse(reader, object, oci_get(object, "major") ? "minor" : "major", "is required, and is missing");
	err_why(reader->err, "only a device of type \"p\" (a fifo) has no numbers");
	return err_fix(reader->err, "the numbers that `ls -l` shows for the device");
}

#define AT(member, type) OCI_AT(struct oci_device, member, type)
static const struct oci_field device_fields[] = {
	{"path", FIELD_STRING, AT(path.text, const char *), FIELD_REQUIRED | FIELD_ABSOLUTE},
	{"type", FIELD_ENUM, OCI_ENUM_AT(struct oci_device, type), FIELD_REQUIRED, .names = &oci_names_device_type},
	{"major", FIELD_U32, AT(major, uint32_t), .max = OCI_MAJOR_MAX},
	{"minor", FIELD_U32, AT(minor, uint32_t), .max = OCI_MINOR_MAX},
	{"fileMode", FIELD_OPT_U32, AT(file_mode, struct opt_u32)},
	{"uid", FIELD_U32, AT(uid.value, uint32_t), .max = OCI_ID_MAX},
	{"gid", FIELD_U32, AT(gid.value, uint32_t), .max = OCI_ID_MAX},
	{0},
};
static const struct oci_shape device_shape = {device_fields, sizeof(struct oci_device),
					      offsetof(struct oci_device, where), SHAPE_NONE, check_device};
#undef AT

/* ---- network devices ---- */

int oci_check_interface_name(struct oci_reader *reader, const struct json *value, const char *name)
{
	size_t length = strlen(name);

	if (length && length <= INTERFACE_NAME_MAX && !name[strcspn(name, "/: \t\n\v\f\r")] && strcmp(name, ".") &&
	    strcmp(name, ".."))
		return 0;
	oci_refuse(reader, value, NULL, "must be the name of a network interface, and is \"%.*s\"", oci_shown(name),
		   name);
	err_why(reader->err, "names have 1 to %d bytes, without \"/\", \":\" and blanks, and are not \".\" or \"..\"",
		INTERFACE_NAME_MAX);
	return err_fix(reader->err, "a name like \"eth0\"");
}

static int check_net_device(struct oci_reader *reader, const struct json *object, void *target)
{
	struct oci_net_device *device = target;

	device->host_name = object->key;
	if (oci_check_interface_name(reader, object, device->host_name))
		return ERR;
	if (!device->container_name) {
		device->container_name = device->host_name;
		return 0;
	}
	return oci_check_interface_name(reader, oci_get(object, "name"), device->container_name);
}

static const struct oci_field net_device_fields[] = {
	{"name", FIELD_STRING, OCI_AT(struct oci_net_device, container_name, const char *), FIELD_EMPTY_ABSENT},
	{0},
};
static const struct oci_shape net_device_shape = {net_device_fields, sizeof(struct oci_net_device),
						  offsetof(struct oci_net_device, where), SHAPE_NONE, check_net_device};

static int check_network_namespace(struct oci_reader *reader, const struct json *object, const struct oci_linux *config)
{
	if (!config->net_devices_count || config->namespaces[OCI_NS_NETWORK].present)
		return 0;
	oci_refuse(reader, object, "netDevices", "is set without a network namespace");
	err_why(reader->err,
		"devices are moved from the host's network namespace to the container's, and that is the same one");
	return err_fix(reader->err, "add {\"type\": \"network\"} to linux.namespaces, or remove netDevices");
}

/* ---- Intel RDT ---- */

static int check_clos_id(struct oci_reader *reader, const struct json *value, void *target)
{
	static const char *const reserved[] = {".", "..", "info", "mon_data", "mon_groups"};
	bool bad = strchr(value->string, '/') && strcmp(value->string, "/");

	(void)target;
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		bad = bad || !strcmp(value->string, reserved[i]);
	if (!bad)
		return 0;
	oci_refuse(reader, value, NULL, "must be the name of a class, and is \"%.*s\"", oci_shown(value->string),
		   value->string);
	err_why(reader->err,
		"it becomes a directory directly below the resctrl file system, whose own names are taken");
	return err_fix(reader->err, "a name without \"/\", or \"/\" alone for the default class");
}

static int check_bandwidth(struct oci_reader *reader, const struct json *value, void *target)
{
	(void)target;
	if (!value->count || !strncmp(value->string, "MB:", 3))
		return 0;
	oci_refuse(reader, value, NULL, "must begin with \"MB:\"");
	err_why(reader->err, "the runtime specification keeps it to lines about memory bandwidth");
	return err_fix(reader->err, "a line like \"MB:0=20;1=70\", or use schemata for other resources");
}

#define AT(member, type) OCI_AT(struct oci_intel_rdt, member, type)
static const struct oci_field rdt_fields[] = {
	{"closID", FIELD_STRING, AT(clos_id, const char *), FIELD_EMPTY_ABSENT | FIELD_ONE_LINE, .max = 255,
	 .check = check_clos_id},
	{"l3CacheSchema", FIELD_STRING, AT(l3_cache_schema, const char *), FIELD_EMPTY_ABSENT | FIELD_ONE_LINE},
	{"memBwSchema", FIELD_STRING, AT(mem_bw_schema, const char *), FIELD_EMPTY_ABSENT | FIELD_ONE_LINE,
	 .check = check_bandwidth},
	{"schemata", FIELD_STRINGS, AT(schemata, struct strings), FIELD_NOT_EMPTY | FIELD_ONE_LINE},
	{"enableMonitoring", FIELD_BOOL, AT(enable_monitoring, bool)},
	{0},
};
static const struct oci_shape rdt_shape = {
	rdt_fields,
	.where = offsetof(struct oci_intel_rdt, where),
	.present = offsetof(struct oci_intel_rdt, present),
};
#undef AT

/* ---- memory policy ---- */

static int refuse_nodes(struct oci_reader *reader, const struct json *object, const char *problem)
{
	oci_refuse(reader, object, "nodes", "%s with %s", problem, oci_get(object, "mode")->string);
	err_why(reader->err, "set_mempolicy(2) refuses it");
	return err_fix(reader->err,
		       "\"nodes\" with a mode that names nodes: MPOL_BIND, MPOL_INTERLEAVE, MPOL_PREFERRED");
}

static int refuse_policy_flags(struct oci_reader *reader, const struct json *object, const char *why)
{
	oci_refuse(reader, object, "flags", "do not go together with %s", oci_get(object, "mode")->string);
	err_why(reader->err, "%s: set_mempolicy(2)", why);
	return err_fix(reader->err, "other flags, or none");
}

static int check_memory_policy(struct oci_reader *reader, const struct json *object, void *target)
{
	const struct oci_memory_policy *policy = target;
	const unsigned int nodes_flags = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;
	bool alone = policy->mode == MPOL_DEFAULT || policy->mode == MPOL_LOCAL;

	if (alone && policy->nodes)
		return refuse_nodes(reader, object, "must be absent or empty");
	if (!alone && !policy->nodes && policy->mode != MPOL_PREFERRED)
		return refuse_nodes(reader, object, "is required");
	if ((policy->flags & nodes_flags) == nodes_flags)
		return refuse_policy_flags(reader, object,
					   "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	if (policy->flags & nodes_flags && !policy->nodes)
		return refuse_policy_flags(reader, object, "there are no nodes for them to be about");
	if (policy->flags & MPOL_F_NUMA_BALANCING && policy->mode != MPOL_BIND && policy->mode != MPOL_PREFERRED_MANY)
		return refuse_policy_flags(reader, object,
					   "MPOL_F_NUMA_BALANCING is for MPOL_BIND and MPOL_PREFERRED_MANY");
	return 0;
}

#define AT(member, type) OCI_AT(struct oci_memory_policy, member, type)
static const struct oci_field memory_policy_fields[] = {
	{"mode", FIELD_ENUM, OCI_ENUM_AT(struct oci_memory_policy, mode), FIELD_REQUIRED,
	 .names = &oci_names_memory_mode},
	{"flags", FIELD_FLAGS32, AT(flags, unsigned int), .names = &oci_names_memory_flag},
	{"nodes", FIELD_STRING, AT(nodes, const char *), FIELD_EMPTY_ABSENT, .check = oci_check_cpu_list},
	{0},
};
static const struct oci_shape memory_policy_shape = {
	memory_policy_fields,
	.where = offsetof(struct oci_memory_policy, where),
	.present = offsetof(struct oci_memory_policy, present),
	.check = check_memory_policy,
};
#undef AT

/* ---- personality, propagation, cgroup ---- */

static int check_personality(struct oci_reader *reader, const struct json *object, void *target)
{
	struct opt_u32 *personality = target;
	const struct json *flags = oci_get(object, "flags");

	personality->set = true;
	if (flags && oci_expect(reader, flags, JSON_ARRAY))
		return ERR;
	if (!flags || !flags->count)
		return 0;
	oci_refuse(reader, flags, NULL, "must be empty");
	err_why(reader->err, "the runtime specification supports no flag; some reduce security");
	return err_fix(reader->err, "[]");
}

static const struct oci_field personality_fields[] = {
	{"domain", FIELD_ENUM, OCI_AT(struct opt_u32, value, uint32_t), FIELD_REQUIRED,
	 .names = &oci_names_personality},
	{0},
};
static const struct oci_shape personality_shape = {personality_fields, .where = SHAPE_NONE, .present = SHAPE_NONE,
						   .check = check_personality};

static int read_propagation(struct oci_reader *reader, const struct json *value, void *target)
{
	uint64_t flags = 0;

	if (oci_expect(reader, value, JSON_STRING) ||
	    (value->count && oci_read_name(reader, value, &oci_names_propagation, &flags)))
		return ERR;
	*(unsigned long *)target = (unsigned long)flags;
	return 0;
}

/* Parts are divided by "/" and, in systemd's form "slice:prefix:name", by ":". */
static int check_cgroups_path(struct oci_reader *reader, const struct json *value, void *target)
{
	const char *part = value->string;

	(void)target;
	for (;;) {
		size_t length = strcspn(part, "/:");

		if (length == 2 && part[0] == '.' && part[1] == '.')
			break;
		if (!part[length])
			return 0;
		part += length + 1;
	}
	oci_refuse(reader, value, NULL, "must not hold \"..\"");
	err_why(reader->err, "the container's cgroup could then be that of another container or of the host");
	return err_fix(reader->err, "a path without \"..\", as \"/bulkhead/web1\"");
}

/* ---- linux ---- */

static int check_linux(struct oci_reader *reader, const struct json *object, void *target)
{
	const struct oci_linux *config = target;

	if (check_user_namespace(reader, object, config) || check_time_namespace(reader, object, config) ||
	    check_network_namespace(reader, object, config))
		return ERR;
	return oci_check_sysctl(reader, object, config);
}

#define AT(member, type) OCI_AT(struct oci_linux, member, type)
static const struct oci_field linux_fields[] = {
	{"namespaces", FIELD_CUSTOM, AT(namespaces, struct oci_namespace[OCI_NS_COUNT]), .read = read_namespaces},
	{"uidMappings", FIELD_LIST, AT(uid_maps, struct id_maps), .max = OCI_ID_MAP_LINES_MAX,
	 .shape = &oci_id_map_shape, .check = oci_check_id_maps},
	{"gidMappings", FIELD_LIST, AT(gid_maps, struct id_maps), .max = OCI_ID_MAP_LINES_MAX,
	 .shape = &oci_id_map_shape, .check = oci_check_id_maps},
	{"sysctl", FIELD_KEY_VALUES, AT(sysctl, struct key_values)},
	{"resources", FIELD_OBJECT, AT(resources, struct oci_resources), .shape = &oci_resources_shape},
	{"cgroupsPath", FIELD_STRING, AT(cgroups_path, const char *), FIELD_EMPTY_ABSENT | FIELD_ONE_LINE, .max = 4095,
	 .check = check_cgroups_path},
	{"devices", FIELD_LIST, OCI_LIST_AT(struct oci_linux, devices, devices_count), .shape = &device_shape},
	{"netDevices", FIELD_MAP, OCI_LIST_AT(struct oci_linux, net_devices, net_devices_count),
	 .shape = &net_device_shape},
	{"seccomp", FIELD_OBJECT, AT(seccomp, struct oci_seccomp), .shape = &oci_seccomp_shape},
	{"rootfsPropagation", FIELD_CUSTOM, AT(rootfs_propagation, unsigned long), .read = read_propagation},
	{"maskedPaths", FIELD_PLACED_STRINGS, AT(masked_paths, struct placed_strings), FIELD_ABSOLUTE},
	{"readonlyPaths", FIELD_PLACED_STRINGS, AT(readonly_paths, struct placed_strings), FIELD_ABSOLUTE},
	{"mountLabel", FIELD_STRING, AT(mount_label, const char *), FIELD_EMPTY_ABSENT | FIELD_ONE_LINE},
	{"intelRdt", FIELD_OBJECT, AT(intel_rdt, struct oci_intel_rdt), .shape = &rdt_shape},
	{"memoryPolicy", FIELD_OBJECT, AT(memory_policy, struct oci_memory_policy), .shape = &memory_policy_shape},
	{"personality", FIELD_OBJECT, AT(personality, struct opt_u32), .shape = &personality_shape},
	{"timeOffsets", FIELD_OBJECT, OCI_HERE, .shape = &clocks_shape},
	{0},
};

const struct oci_shape oci_linux_shape = {linux_fields, .where = SHAPE_NONE, .present = SHAPE_NONE,
					  .check = check_linux};
