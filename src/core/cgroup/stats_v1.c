/* SPDX-License-Identifier: Apache-2.0 */
/* stats_v1: statistics from the files of the v1 hierarchies. Times there are nanoseconds. */
#include <stdlib.h>
#include <string.h>

#include "core/cgroup/parts.h"

static void put_cpu(struct json_writer *writer, const struct cgroup *cgroup)
{
	const struct cgroup_dir *cpu = cgroup_dir_of(cgroup, "cpu"), *account = cgroup_dir_of(cgroup, "cpuacct");
	char text[8192];

	json_key(writer, "cpu");
	json_begin_object(writer);
	json_key(writer, "usage");
	json_begin_object(writer);
	json_member_u64(writer, "total", cgroup_read_u64(account, "cpuacct.usage", 0));
	json_member_u64(writer, "kernel", cgroup_read_u64(account, "cpuacct.usage_sys", 0));
	json_member_u64(writer, "user", cgroup_read_u64(account, "cpuacct.usage_user", 0));
	json_key(writer, "percpu");
	json_begin_array(writer);
	cgroup_read_text(account, "cpuacct.usage_percpu", text, sizeof(text));
	for (char *at = text, *end; *at >= '0' && *at <= '9'; at = end + strspn(end, " \n"))
		json_put_u64(writer, strtoull(at, &end, 10));
	json_end_array(writer);
	json_end_object(writer);
	cgroup_read_text(cpu, "cpu.stat", text, sizeof(text));
	json_key(writer, "throttling");
	json_begin_object(writer);
	json_member_u64(writer, "periods", cgroup_key_u64(text, "nr_periods"));
	json_member_u64(writer, "throttledPeriods", cgroup_key_u64(text, "nr_throttled"));
	json_member_u64(writer, "throttledTime", cgroup_key_u64(text, "throttled_time"));
	json_end_object(writer);
	json_end_object(writer);
}

#define MEMORY_FILES(prefix)                                                                                    \
	{                                                                                                       \
		prefix "usage_in_bytes", prefix "limit_in_bytes", prefix "max_usage_in_bytes", prefix "failcnt" \
	}

static void put_memory(struct json_writer *writer, const struct cgroup *cgroup)
{
	static const struct {
		const char *key;
		struct cgroup_memory_files files;
	} kinds[] = {
		{"usage", MEMORY_FILES("memory.")},
		{"swap", MEMORY_FILES("memory.memsw.")},
		{"kernel", MEMORY_FILES("memory.kmem.")},
		{"kernelTCP", MEMORY_FILES("memory.kmem.tcp.")},
	};
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, "memory");
	char text[8192];

	json_key(writer, "memory");
	json_begin_object(writer);
	cgroup_read_text(dir, "memory.stat", text, sizeof(text));
	json_member_u64(writer, "cache", cgroup_key_u64(text, "cache"));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		cgroup_put_memory(writer, kinds[i].key, dir, &kinds[i].files);
	cgroup_put_keyed(writer, "raw", text);
	json_end_object(writer);
}

/* Lines "8:0 Read 4096"; the last line, "Total 4096", belongs to no device. */
static void put_block_file(struct json_writer *writer, const char *key, const struct cgroup_dir *dir,
			   const char *const files[2])
{
	char text[16384];

	if (!cgroup_read_text(dir, files[0], text, sizeof(text)) || !text[0])
		cgroup_read_text(dir, files[1], text, sizeof(text));
	json_key(writer, key);
	json_begin_array(writer);
	for (char *line = text; *line;) {
		char *next = strchrnul(line, '\n'), *end, *op;
		uint64_t major, minor;

		if (*next)
			*next++ = '\0';
		major = strtoull(line, &end, 10);
		if (end != line && *end == ':') {
			minor = strtoull(end + 1, &end, 10);
			op = end + strspn(end, " ");
			end = strchr(op, ' ');
			if (end) {
				*end = '\0';
				cgroup_put_block_entry(writer, major, minor, op, strtoull(end + 1, NULL, 10));
			}
		}
		line = next;
	}
	json_end_array(writer);
}

static void put_block(struct json_writer *writer, const struct cgroup *cgroup)
{
	/* The second file is what older kernels have. */
	static const struct {
		const char *key, *files[2];
	} kinds[] = {
		{"ioServiceBytesRecursive",
		 {"blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes"}},
		{"ioServicedRecursive", {"blkio.throttle.io_serviced_recursive", "blkio.throttle.io_serviced"}},
		{"ioQueueRecursive", {"blkio.io_queued_recursive", "blkio.bfq.io_queued_recursive"}},
		{"ioServiceTimeRecursive", {"blkio.io_service_time_recursive", "blkio.bfq.io_service_time_recursive"}},
		{"ioWaitTimeRecursive", {"blkio.io_wait_time_recursive", "blkio.bfq.io_wait_time_recursive"}},
		{"ioMergedRecursive", {"blkio.io_merged_recursive", "blkio.bfq.io_merged_recursive"}},
	};
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, "blkio");

	json_key(writer, "blkio");
	json_begin_object(writer);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		put_block_file(writer, kinds[i].key, dir, kinds[i].files);
	json_end_object(writer);
}

void cgroup_stats_v1(const struct cgroup *cgroup, struct json_writer *writer)
{
	put_cpu(writer, cgroup);
	put_memory(writer, cgroup);
	put_block(writer, cgroup);
	cgroup_put_hugetlb(writer, cgroup, "usage_in_bytes", "max_usage_in_bytes", "failcnt");
}
