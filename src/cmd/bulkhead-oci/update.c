/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update: new limits for a running container. The options become a resources.json, which is read like one from a file:
 * one reader checks both.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/types.h"
#include "cmd/bulkhead-oci/oci.h"

#define RESOURCES_SIZE_MAX ((size_t)1 << 20)

enum value_type { VALUE_NUMBER, VALUE_BYTES, VALUE_TEXT };

/* One option, and where it stands in resources.json. The order follows the objects. */
enum { CPU_SHARES, CPU_SHARE, CPU_QUOTA, CPU_PERIOD, CPU_BURST, CPU_RT_PERIOD, CPU_RT_RUNTIME, CPU_IDLE, CPUSET_CPUS,
       CPUSET_MEMS, MEMORY, MEMORY_RESERVATION, MEMORY_SWAP, KERNEL_MEMORY, KERNEL_MEMORY_TCP, PIDS_LIMIT, BLKIO_WEIGHT,
       VALUE_COUNT };

static const struct value {
	const char *option, *object, *member;
	enum value_type type;
} values[VALUE_COUNT] = {
	[CPU_SHARES] = {"cpu-shares", "cpu", "shares", VALUE_NUMBER},
	[CPU_SHARE] = {"cpu-share", "cpu", "shares", VALUE_NUMBER},
	[CPU_QUOTA] = {"cpu-quota", "cpu", "quota", VALUE_NUMBER},
	[CPU_PERIOD] = {"cpu-period", "cpu", "period", VALUE_NUMBER},
	[CPU_BURST] = {"cpu-burst", "cpu", "burst", VALUE_NUMBER},
	[CPU_RT_PERIOD] = {"cpu-rt-period", "cpu", "realtimePeriod", VALUE_NUMBER},
	[CPU_RT_RUNTIME] = {"cpu-rt-runtime", "cpu", "realtimeRuntime", VALUE_NUMBER},
	[CPU_IDLE] = {"cpu-idle", "cpu", "idle", VALUE_NUMBER},
	[CPUSET_CPUS] = {"cpuset-cpus", "cpu", "cpus", VALUE_TEXT},
	[CPUSET_MEMS] = {"cpuset-mems", "cpu", "mems", VALUE_TEXT},
	[MEMORY] = {"memory", "memory", "limit", VALUE_BYTES},
	[MEMORY_RESERVATION] = {"memory-reservation", "memory", "reservation", VALUE_BYTES},
	[MEMORY_SWAP] = {"memory-swap", "memory", "swap", VALUE_BYTES},
	[KERNEL_MEMORY] = {"kernel-memory", "memory", "kernel", VALUE_BYTES},
	[KERNEL_MEMORY_TCP] = {"kernel-memory-tcp", "memory", "kernelTCP", VALUE_BYTES},
	[PIDS_LIMIT] = {"pids-limit", "pids", "limit", VALUE_NUMBER},
	[BLKIO_WEIGHT] = {"blkio-weight", "blockIO", "weight", VALUE_NUMBER},
};

struct arguments {
	const char *resources;
	const char *values[VALUE_COUNT];
};

#define AT(index) (offsetof(struct arguments, values) + (index) * sizeof(const char *))
static const struct opt options[] = {
	{OPT_STRING, 'r', "resources", "FILE", "linux.resources as JSON; - is standard input",
	 offsetof(struct arguments, resources)},
	{OPT_STRING, 0, "cpu-shares", "N", "weight of the CPU", AT(CPU_SHARES)},
	{OPT_STRING, 0, "cpu-share", "N", NULL, AT(CPU_SHARE)},
	{OPT_STRING, 0, "cpu-quota", "MICROSECONDS", "CPU time per period; -1: no limit", AT(CPU_QUOTA)},
	{OPT_STRING, 0, "cpu-period", "MICROSECONDS", "length of the period", AT(CPU_PERIOD)},
	{OPT_STRING, 0, "cpu-burst", "MICROSECONDS", "unused CPU time that may be saved", AT(CPU_BURST)},
	{OPT_STRING, 0, "cpu-rt-period", "MICROSECONDS", "period of real-time scheduling", AT(CPU_RT_PERIOD)},
	{OPT_STRING, 0, "cpu-rt-runtime", "MICROSECONDS", "real-time CPU time per period", AT(CPU_RT_RUNTIME)},
	{OPT_STRING, 0, "cpu-idle", "0|1", "run only when nothing else does", AT(CPU_IDLE)},
	{OPT_STRING, 0, "cpuset-cpus", "LIST", "CPUs to run on", AT(CPUSET_CPUS)},
	{OPT_STRING, 0, "cpuset-mems", "LIST", "memory nodes to use", AT(CPUSET_MEMS)},
	{OPT_STRING, 0, "memory", "BYTES", "limit of memory; -1: none; k, m, g are understood", AT(MEMORY)},
	{OPT_STRING, 0, "memory-reservation", "BYTES", "soft limit of memory", AT(MEMORY_RESERVATION)},
	{OPT_STRING, 0, "memory-swap", "BYTES", "limit of memory and swap together; -1: none", AT(MEMORY_SWAP)},
	{OPT_STRING, 0, "kernel-memory", "BYTES", NULL, AT(KERNEL_MEMORY)},
	{OPT_STRING, 0, "kernel-memory-tcp", "BYTES", NULL, AT(KERNEL_MEMORY_TCP)},
	{OPT_STRING, 0, "pids-limit", "N", "number of processes and threads; -1: no limit", AT(PIDS_LIMIT)},
	{OPT_STRING, 0, "blkio-weight", "N", "weight of block devices, 10 to 1000", AT(BLKIO_WEIGHT)},
	{.type = OPT_END},
};

static int bad_value(const struct value *value, const char *text, struct err *err)
{
	err_set(err, ERR_USAGE, "option --%s takes a number, not \"%s\"", value->option, text);
	return err_fix(err, value->type == VALUE_BYTES ? "a number of bytes, such as 536870912 or 512m; or -1"
						       : "a decimal number; or -1 for no limit where that is possible");
}

static int put_number(const struct value *value, const char *text, struct json_writer *writer, struct err *err)
{
	static const char units[] = "kmgt";
	const char *unit;
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (end == text || errno || *text == ' ' || *text == '+')
		return bad_value(value, text, err);
	if (value->type == VALUE_BYTES && *end) {
		unit = strchr(units, *end | 0x20);
		/* "512m", "512mb", "512MiB" */
		if (!unit || (end[1] && (strlen(end) > 3 || (end[strlen(end) - 1] | 0x20) != 'b')) ||
		    __builtin_mul_overflow(number, 1LL << (10 * (unit - units + 1)), &number))
			return bad_value(value, text, err);
	} else if (*end) {
		return bad_value(value, text, err);
	}
	json_member_i64(writer, value->member, number);
	return 0;
}

/* The options as linux.resources. */
static int write_resources(const struct arguments *arguments, struct buf *out, struct err *err)
{
	struct json_writer writer = JSON_WRITER(out, 0);
	const char *object = NULL;
	bool taken[VALUE_COUNT] = {false};

	/* The old spelling of the same option. */
	taken[CPU_SHARE] = arguments->values[CPU_SHARES] != NULL;
	json_begin_object(&writer);
	for (size_t i = 0; i < VALUE_COUNT; i++) {
		if (!arguments->values[i] || taken[i])
			continue;
		if (!object || strcmp(object, values[i].object) != 0) {
			if (object)
				json_end_object(&writer);
			object = values[i].object;
			json_key(&writer, object);
			json_begin_object(&writer);
		}
		if (values[i].type == VALUE_TEXT)
			json_member_string(&writer, values[i].member, arguments->values[i]);
		else if (put_number(&values[i], arguments->values[i], &writer, err))
			return ERR;
	}
	if (object)
		json_end_object(&writer);
	json_end_object(&writer);
	return out->failed ? err_set(err, ERR_INTERNAL, "out of memory while reading the command line") : 0;
}

/* Where the limits stand, for messages. */
static const char *file_name(const struct arguments *arguments)
{
	if (!arguments->resources)
		return "the options";
	return strcmp(arguments->resources, "-") == 0 ? "standard input" : arguments->resources;
}

/* linux.resources as JSON: from where the command line says, or made of its options. */
static int read_resources(struct arena *arena, const struct arguments *arguments, struct buf *made, const char **ret_text,
			  size_t *ret_size, struct err *err)
{
	if (arguments->resources)
		return engine_read_file(arena, arguments->resources, file_name(arguments), RESOURCES_SIZE_MAX, ret_text,
					ret_size, err);
	if (write_resources(arguments, made, err))
		return ERR;
	*ret_text = made->data;
	*ret_size = made->length;
	return 0;
}

static int update(int argc, char **argv, void *context)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf made cleanup_buf = BUF_INIT;
	struct arguments arguments = {0};
	struct oci *oci = context;
	struct err err = ERR_INIT;
	const char *text;
	size_t size;
	int operands, status = oci_parse(oci, &verb_update, argc, argv, &arguments, 1, 1, &operands);

	if (status != OCI_GO_ON)
		return status;
	if (read_resources(&arena, &arguments, &made, &text, &size, &err))
		return oci_fail(oci, &err);
	return oci_result(oci, engine_update(&oci->engine, argv[0], file_name(&arguments), text, size, &err), &err);
}

const struct opt_verb verb_update = {
	.name = "update",
	.synopsis = "[options] CONTAINER",
	.summary = "Change the limits of a running container.",
	.examples = "  bulkhead-oci update --memory 512m --pids-limit 200 web1",
	.options = options,
	.mixed = true,
	.run = update,
};
