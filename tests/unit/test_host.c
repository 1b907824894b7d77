/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of a host: the parsers on texts of several kinds of machines, and the real reader on this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those above */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/host/cgroups.h"
#include "core/host/helper.h"
#include "core/host/host.h"

static void parse(struct arena *arena, const char *mountinfo, const char *own, const char *controllers,
		  struct host *host)
{
	struct err err = ERR_INIT;
	char *first = arena_strdup(arena, mountinfo);
	char *second = arena_strdup(arena, own);

	*host = (struct host){0};
	assert_int_equal(host_parse_cgroups(arena, host, first, second, controllers, &err), 0);
}

static void test_hybrid(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct host host;

	(void)state;
	parse(&arena,
	      "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
	      "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
	      "33 31 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	      "34 31 0:30 / /other/memory rw - cgroup cgroup rw,memory\n"
	      "40 31 0:37 / /sys/fs/cgroup/sys\\040temd rw - cgroup cgroup rw,xattr,name=systemd\n"
	      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n",
	      "9:name=systemd:/user.slice\n4:memory:/a/b\n1:cpu,cpuacct:/\n0::/x.scope\n", "hugetlb misc\n", &host);
	assert_int_equal(host.cgroup_mode, HOST_CGROUP_HYBRID);
	assert_int_equal(host.hierarchies_count, 4);
	assert_string_equal(host.hierarchies[0].controllers, "cpu,cpuacct");
	assert_string_equal(host.hierarchies[0].mount_name, "cpu,cpuacct");
	assert_string_equal(host.hierarchies[1].own_path, "/a/b");
	assert_string_equal(host.hierarchies[1].mount_point, "/sys/fs/cgroup/memory");
	assert_string_equal(host.hierarchies[2].mount_point, "/sys/fs/cgroup/sys temd");
	assert_string_equal(host.hierarchies[2].controllers, "name=systemd");
	assert_true(host.hierarchies[3].v2);
	assert_string_equal(host.hierarchies[3].own_path, "/x.scope");
	assert_ptr_equal(host_hierarchy_of(&host, "cpuacct"), &host.hierarchies[0]);
	assert_ptr_equal(host_hierarchy_of(&host, "misc"), &host.hierarchies[3]);
	assert_null(host_hierarchy_of(&host, "cpus"));
	assert_null(host_hierarchy_of(&host, "mem"));
}

static void test_v2_and_none(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct host host;

	(void)state;
	parse(&arena, "1 1 0:2 / / rw - rootfs rootfs rw\n30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
	      "0::/user.slice\n", "cpuset cpu io", &host);
	assert_int_equal(host.cgroup_mode, HOST_CGROUP_V2);
	assert_non_null(host_hierarchy_of(&host, "io"));
	assert_null(host_hierarchy_of(&host, "memory"));
	parse(&arena, "27 1 254:0 / / rw - ext4 /dev/vda rw\n", "0::/\n", "", &host);
	assert_int_equal(host.cgroup_mode, HOST_CGROUP_NONE);
	assert_int_equal(host.hierarchies_count, 0);
}

/* Inside a container whose cgroup mount shows a part of the hierarchy. */
static void test_part_of_a_hierarchy(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct host host;

	(void)state;
	parse(&arena, "33 31 0:30 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n",
	      "7:pids:/docker/abc/inner\n", "", &host);
	assert_int_equal(host.cgroup_mode, HOST_CGROUP_V1);
	assert_string_equal(host.hierarchies[0].own_path, "/inner");
	parse(&arena, "33 31 0:30 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n", "7:pids:/docker/abc\n",
	      "", &host);
	assert_string_equal(host.hierarchies[0].own_path, "/");
}

/* Texts that no kernel writes must not be read beyond their end (the sanitizers watch). */
static void test_malformed(void **state)
{
	static const char *const lines[] = {"",
					    "\n\n",
					    "1",
					    " - ",
					    "1 2 3 - cgroup",
					    "1 2 3 4 5 - cgroup2 x",
					    "1 2 3 4 /5 - cgroup2 x",
					    "a b c d /e\\1 f - cgroup cgroup rw,x\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct arena arena cleanup_arena = ARENA_INIT;
		struct host host;

		parse(&arena, lines[i], "1:\n:x\n\n9:", "", &host);
		assert_int_equal(host.hierarchies_count, 0);
	}
}

static void test_kernel_version(void **state)
{
	struct host host = {.kernel_major = 6, .kernel_minor = 1};

	(void)state;
	assert_true(host_kernel_at_least(&host, 5, 15));
	assert_true(host_kernel_at_least(&host, 6, 1));
	assert_false(host_kernel_at_least(&host, 6, 2));
	assert_false(host_kernel_at_least(&host, 7, 0));
}

/* Every helper has an absolute path, and words for who misses it. */
static void test_helpers(void **state)
{
	(void)state;
	for (int id = 0; id < HELPER_COUNT; id++) {
		assert_int_equal(helpers[id].path[0], '/');
		assert_true(*helpers[id].purpose && *helpers[id].fix);
		assert_int_equal(helper_present((enum helper_id)id), access(helpers[id].path, X_OK) == 0);
	}
}

/* A set of capabilities as /proc/self/status has it. */
static uint64_t status_set(const char *name)
{
	char line[256];
	uint64_t set = 0;
	FILE *file = fopen("/proc/self/status", "r");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			set = strtoull(line + strlen(name) + 1, NULL, 16);
	fclose(file);
	return set;
}

/* The facts of this machine against what other calls say. */
static void test_this_machine(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct host *host = NULL;

	(void)state;
	assert_int_equal(host_read(&arena, &host, &err), 0);
	assert_true(host->kernel_major >= 5);
	assert_int_equal(host->uid, geteuid());
	assert_int_equal(host->gid, getegid());
	assert_true(host->last_capability >= 37 && host->last_capability < 64);
	assert_int_equal(host->capabilities, status_set("CapEff"));
	assert_int_equal(host->bounding, status_set("CapBnd"));
	for (size_t i = 0; i < host->hierarchies_count; i++) {
		const struct host_hierarchy *hierarchy = &host->hierarchies[i];
		char path[1024];

		snprintf(path, sizeof(path), "%s%s/cgroup.procs", hierarchy->mount_point, hierarchy->own_path);
		assert_int_equal(access(path, F_OK), 0);
		assert_string_equal(strrchr(hierarchy->mount_point, '/') + 1, hierarchy->mount_name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hybrid),
		cmocka_unit_test(test_v2_and_none),
		cmocka_unit_test(test_part_of_a_hierarchy),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_kernel_version),
		cmocka_unit_test(test_helpers),
		cmocka_unit_test(test_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
