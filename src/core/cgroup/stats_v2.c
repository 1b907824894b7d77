/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_v2: statistics from the files of cgroup2, in v1's words: times in nanoseconds (the files have microseconds),
 * "swap" as memory and swap together, which v1 counts that way.
 */
#include <stdlib.h>
#include <string.h>

#include "core/cgroup/parts.h"

#define NANOSECONDS 1000u /* in a microsecond */

static void put_cpu(struct json_writer *writer, const struct cgroup_dir *dir)
{
	char text[2048];

	cgroup_read_text(dir, "cpu.stat", text, sizeof(text));
	json_key(writer, "cpu");
	json_begin_object(writer);
	json_key(writer, "usage");
	json_begin_object(writer);
	json_member_u64(writer, "total", cgroup_key_u64(text, "usage_usec") * NANOSECONDS);
	json_member_u64(writer, "kernel", cgroup_key_u64(text, "system_usec") * NANOSECONDS);
	json_member_u64(writer, "user", cgroup_key_u64(text, "user_usec") * NANOSECONDS);
	json_end_object(writer);
	json_key(writer, "throttling");
	json_begin_object(writer);
	json_member_u64(writer, "periods", cgroup_key_u64(text, "nr_periods"));
	json_member_u64(writer, "throttledPeriods", cgroup_key_u64(text, "nr_throttled"));
	json_member_u64(writer, "throttledTime", cgroup_key_u64(text, "throttled_usec") * NANOSECONDS);
	json_end_object(writer);
	cgroup_put_pressure(writer, dir, "cpu.pressure");
	json_end_object(writer);
}

static void put_amount(struct json_writer *writer, const char *key, uint64_t usage, uint64_t limit, uint64_t max,
		       uint64_t failures)
{
	json_key(writer, key);
	json_begin_object(writer);
	json_member_u64(writer, "usage", usage);
	json_member_u64(writer, "limit", limit);
	json_member_u64(writer, "max", max);
	json_member_u64(writer, "failcnt", failures);
	json_end_object(writer);
}

static void put_memory(struct json_writer *writer, const struct cgroup_dir *dir)
{
	const uint64_t usage = cgroup_read_u64(dir, "memory.current", 0);
	const uint64_t limit = cgroup_read_u64(dir, "memory.max", UINT64_MAX);
	const uint64_t swap = cgroup_read_u64(dir, "memory.swap.current", 0);
	const uint64_t swap_limit = cgroup_read_u64(dir, "memory.swap.max", UINT64_MAX);
	uint64_t both;
	char text[16384], events[512];

	cgroup_read_text(dir, "memory.stat", text, sizeof(text));
	cgroup_read_text(dir, "memory.events", events, sizeof(events));
	if (__builtin_add_overflow(limit, swap_limit, &both))
		both = UINT64_MAX;
	json_key(writer, "memory");
	json_begin_object(writer);
	json_member_u64(writer, "cache", cgroup_key_u64(text, "file"));
	put_amount(writer, "usage", usage, limit, cgroup_read_u64(dir, "memory.peak", 0),
		   cgroup_key_u64(events, "max"));
	put_amount(writer, "swap", usage + swap, both, 0, 0);
	put_amount(writer, "kernel", cgroup_key_u64(text, "kernel"), UINT64_MAX, 0, 0);
	put_amount(writer, "kernelTCP", cgroup_key_u64(text, "sock"), UINT64_MAX, 0, 0);
	cgroup_put_keyed(writer, "raw", text);
	cgroup_put_pressure(writer, dir, "memory.pressure");
	json_end_object(writer);
}

/* Lines "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6" */
static void put_block_file(struct json_writer *writer, const char *key, const char *text, const char *const names[3])
{
	static const char *const operations[3] = {"Read", "Write", "Discard"};

	json_key(writer, key);
	json_begin_array(writer);
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		char *end;
		uint64_t major = strtoull(line, &end, 10), minor;
		bool device = end != line && *end == ':';

		minor = device ? strtoull(end + 1, &end, 10) : 0;
		for (size_t i = 0; device && i < ARRAY_SIZE(operations); i++) {
			const char *at = memmem(line, length, names[i], strlen(names[i]));

			if (at)
				cgroup_put_block_entry(writer, major, minor, operations[i],
						       strtoull(at + strlen(names[i]), NULL, 10));
		}
		line += length + (line[length] == '\n');
	}
	json_end_array(writer);
}

static void put_block(struct json_writer *writer, const struct cgroup_dir *dir)
{
	static const char *const bytes[3] = {" rbytes=", " wbytes=", " dbytes="};
	static const char *const operations[3] = {" rios=", " wios=", " dios="};
	char text[16384];

	cgroup_read_text(dir, "io.stat", text, sizeof(text));
	json_key(writer, "blkio");
	json_begin_object(writer);
	put_block_file(writer, "ioServiceBytesRecursive", text, bytes);
	put_block_file(writer, "ioServicedRecursive", text, operations);
	cgroup_put_pressure(writer, dir, "io.pressure");
	json_end_object(writer);
}

void cgroup_stats_v2(const struct cgroup *cgroup, struct json_writer *writer)
{
	const struct cgroup_dir *dir = cgroup_dir_v2(cgroup);

	put_cpu(writer, dir);
	put_memory(writer, dir);
	put_block(writer, dir);
	cgroup_put_hugetlb(writer, cgroup, "current", NULL, "events");
}
