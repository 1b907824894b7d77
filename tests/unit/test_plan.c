/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans, exactly: each line of tests/golden/plan/cases names a config, a host of the table below and what the command
 * line adds; the printed plan must equal NAME.plan, and NAME.plan.json for those that are planned. UPDATE=1 in the
 * environment writes the files anew, to be read before they are committed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those above */
#include <cmocka.h>
#include <errno.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "core/host/helper.h"
#include "core/plan/plan.h"

#define TEXT_MAX	 ((size_t)1 << 20)
#define ALL_CAPABILITIES 0x1ffffffffffULL

static const struct host_hierarchy v1[] = {
	{false, "cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "cpu,cpuacct", "/", NULL},
	{false, "cpuset", "/sys/fs/cgroup/cpuset", "cpuset", "/", NULL},
	{false, "memory", "/sys/fs/cgroup/memory", "memory", "/", NULL},
	{false, "devices", "/sys/fs/cgroup/devices", "devices", "/", NULL},
	{false, "freezer", "/sys/fs/cgroup/freezer", "freezer", "/", NULL},
	{false, "blkio", "/sys/fs/cgroup/blkio", "blkio", "/", NULL},
	{false, "pids", "/sys/fs/cgroup/pids", "pids", "/", NULL},
	{false, "net_cls,net_prio", "/sys/fs/cgroup/net_cls,net_prio", "net_cls,net_prio", "/", NULL},
	{false, "name=systemd", "/sys/fs/cgroup/systemd", "systemd", "/", NULL},
	{true, "hugetlb rdma", "/sys/fs/cgroup/unified", "unified", "/", NULL},
};
static const struct host_hierarchy v2[] = {
	{true, "cpuset cpu io memory hugetlb pids rdma misc", "/sys/fs/cgroup", "cgroup",
	 "/system.slice/engine.service", NULL},
};

#define POWER                                                                                  \
	.capabilities = ALL_CAPABILITIES, .bounding = ALL_CAPABILITIES, .last_capability = 40, \
	.initial_user_namespace = true, .sys_admin = true
#define ROOT .kernel_major = 6, .kernel_minor = 1, POWER
#define USER                                                                                          \
	.kernel_major = 6, .kernel_minor = 1, .uid = 1000, .gid = 1000, .bounding = ALL_CAPABILITIES, \
	.last_capability = 40, .initial_user_namespace = true
#define V1     .cgroup_mode = HOST_CGROUP_V1, .hierarchies = v1, .hierarchies_count = ARRAY_SIZE(v1) - 1
#define HYBRID .cgroup_mode = HOST_CGROUP_HYBRID, .hierarchies = v1, .hierarchies_count = ARRAY_SIZE(v1)
#define V2     .cgroup_mode = HOST_CGROUP_V2, .hierarchies = v2, .hierarchies_count = ARRAY_SIZE(v2)

static const struct {
	const char *name;
	struct host host;
} hosts[] = {
	{"v1", {ROOT, V1}},
	{"hybrid", {ROOT, HYBRID}},
	{"v2", {ROOT, V2}},
	{"v2-apparmor", {ROOT, V2, .apparmor = true}},
	{"old", {.kernel_major = 5, .kernel_minor = 4, POWER, V2}},
	{"none", {ROOT}},
	{"v2-systemd", {ROOT, V2, .helpers = 1u << HELPER_SYSTEMD}},
	{"user", {USER, V2}},
	{"user-systemd", {USER, V2, .helpers = 1u << HELPER_SYSTEMD}},
	{"user-uidmap", {USER, V2, .helpers = 1u << HELPER_NEWUIDMAP | 1u << HELPER_NEWGIDMAP}},
};

static const struct host *find_host(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		if (strcmp(hosts[i].name, name) == 0)
			return &hosts[i].host;
	fail_msg("no host is called %s", name);
	return NULL;
}

/* The folder of the golden files: from the top of the tree, or from where this file was compiled. */
static const char *folder(void)
{
	static char path[512] = "tests/golden/plan";
	const char *slash = strrchr(__FILE__, '/');

	if (access(path, F_OK) != 0 && slash)
		snprintf(path, sizeof(path), "%.*s../golden/plan", (int)(slash + 1 - __FILE__), __FILE__);
	return path;
}

static size_t read_file(const char *name, char *text)
{
	char path[640];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder(), name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open %s", path);
	length = fread(text, 1, TEXT_MAX - 1, file);
	text[length] = '\0';
	fclose(file);
	return length;
}

/* Where helper programs lie depends on the prefix that was configured; the golden files say LIBEXECDIR. */
static void hide_libexecdir(char *text)
{
	static const char word[] = "LIBEXECDIR";
	const size_t length = strlen(BULKHEAD_LIBEXECDIR);

	for (char *at = strstr(text, BULKHEAD_LIBEXECDIR); at; at = strstr(at, BULKHEAD_LIBEXECDIR)) {
		memcpy(at, word, strlen(word));
		memmove(at + strlen(word), at + length, strlen(at + length) + 1);
	}
}
_Static_assert(sizeof(BULKHEAD_LIBEXECDIR) > sizeof("LIBEXECDIR"), "the word is written over the path");

static void compare(const char *name, const char *suffix, char *got)
{
	char file_name[128], path[640];
	char *expected;
	FILE *file;

	hide_libexecdir(got);
	snprintf(file_name, sizeof(file_name), "%s%s", name, suffix);
	if (getenv("UPDATE")) {
		snprintf(path, sizeof(path), "%s/%s", folder(), file_name);
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(got, file);
		fclose(file);
		return;
	}
	expected = malloc(TEXT_MAX);
	assert_non_null(expected);
	read_file(file_name, expected);
	if (strcmp(expected, got) != 0)
		print_error("%s differs:\n%s\n", file_name, got);
	assert_true(strcmp(expected, got) == 0);
	free(expected);
}

/* The order that child/ relies on. */
static void check_order(const struct plan *plan)
{
	for (size_t i = 1; i < plan->ops_count; i++)
		assert_true(plan->ops[i - 1].stage <= plan->ops[i].stage);
}

static int plan_further_process(struct arena *arena, const struct oci_config *config, const struct host *host,
				const struct plan_request *request, const char *process_file, const struct plan **ret,
				struct err *err)
{
	const struct plan *container = NULL;
	struct plan_confinement confinement = {.bounding = config->process.capabilities.bounding,
					       .no_new_privs = config->process.no_new_privileges,
					       .apparmor_profile = config->process.apparmor_profile,
					       .rlimits = config->process.rlimits,
					       .rlimits_count = config->process.rlimits_count};
	const struct oci_process *process;
	char *text = malloc(TEXT_MAX);
	size_t size = read_file(process_file, text);
	int result = plan_create(arena, config, host, request, &container, err);

	if (result == 0) {
		for (size_t i = 0; i < container->ops_count; i++)
			if (container->ops[i].kind == OP_SECCOMP)
				confinement.filter = container->ops[i].seccomp.program;
		result = oci_process_read(arena, process_file, text, size, &process, err);
	}
	free(text);
	if (result)
		return result;
	return plan_exec(arena, config, process, &confinement, host, request, ret, err);
}

static void run_case(const char *name, const char *config_file, const char *host_name, const char *flags,
		     const char *process_file)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf text cleanup_buf = BUF_INIT;
	struct buf json cleanup_buf = BUF_INIT;
	const struct host *host = find_host(host_name);
	const struct oci_config *config;
	struct plan_request request = {.id = "web1",
				       .bundle.text = "/bundle",
				       .rootfs.text = "/bundle/rootfs",
				       .wait_start = strstr(flags, "wait"),
				       .loopback = !strstr(flags, "no-lo"),
				       .no_pivot = strstr(flags, "no-pivot")};
	const struct plan *plan;
	struct err err = ERR_INIT;
	char *source = malloc(TEXT_MAX);
	char long_form[2048];
	size_t size = read_file(config_file, source);
	int result;

	request.cgroup_driver = strstr(flags, "disabled")  ? CGROUP_DISABLED
				: strstr(flags, "systemd") ? CGROUP_SYSTEMD
							   : CGROUP_CGROUPFS;
	if (strstr(flags, "empty-root")) {
		static const struct key_value links[] = {{"bin", "usr/bin", NULL}};
		static const char *const directories[] = {"tmp"};

		request.rootfs.text = NULL;
		request.root_links = (struct key_values){links, ARRAY_SIZE(links)};
		request.root_directories = (struct strings){directories, ARRAY_SIZE(directories)};
	}
	result = oci_config_read(&arena, "config.json", source, size, &config, &err);
	free(source);
	if (result == 0 && *process_file)
		result = plan_further_process(&arena, config, host, &request, process_file, &plan, &err);
	else if (result == 0)
		result = plan_create(&arena, config, host, &request, &plan, &err);
	if (result) {
		err_format(&err, true, long_form, sizeof(long_form));
		buf_printf(&text, "%s\n", long_form);
		compare(name, ".plan", text.data);
		return;
	}
	check_order(plan);
	plan_print_text(plan, &text);
	plan_print_json(plan, &json);
	assert_false(text.failed || json.failed);
	compare(name, ".plan", text.data);
	compare(name, ".plan.json", json.data);
}

static void test_golden(void **state)
{
	char *cases = malloc(TEXT_MAX);
	unsigned int count = 0;

	(void)state;
	read_file("cases", cases);
	for (char *line = strtok(cases, "\n"); line; line = strtok(NULL, "\n")) {
		char name[64], config[64], host[32], flags[64] = "", process[64] = "";

		if (*line == '#')
			continue;
		assert_true(sscanf(line, "%63s %63s %31s %63s %63s", name, config, host, flags, process) >= 3);
		run_case(name, config, host, flags, process);
		count++;
	}
	assert_true(count >= 12);
	free(cases);
}

/* Settings of an update, as FILE=VALUE lines, or the error's text. */
static void expect_update(const char *host_name, const char *json_text, const char *expected)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf text cleanup_buf = BUF_INIT;
	const struct oci_resources *resources;
	struct plan_cgroup cgroup = {.path = "/web1"};
	struct err err = ERR_INIT;

	assert_int_equal(oci_resources_read(&arena, "resources.json", json_text, strlen(json_text), &resources, &err),
			 0);
	if (plan_update(&arena, resources, find_host(host_name), &cgroup, &err))
		buf_puts(&text, err.what);
	for (size_t i = 0; i < cgroup.settings_count; i++)
		buf_printf(&text, "%s=%s\n", cgroup.settings[i].file, cgroup.settings[i].value);
	assert_string_equal(text.data ? text.data : "", expected);
	assert_string_equal(cgroup.path, "/web1");
}

static void test_update(void **state)
{
	(void)state;
	expect_update("v2", "{\"memory\":{\"limit\":1000000,\"swap\":3000000}}",
		      "memory.max=1000000\nmemory.swap.max=2000000\n");
	expect_update("v1", "{\"memory\":{\"limit\":1000000,\"swap\":3000000}}",
		      "memory.limit_in_bytes=1000000\nmemory.memsw.limit_in_bytes=3000000\n");
	expect_update("v2", "{\"memory\":{\"limit\":-1,\"swap\":-1}}", "memory.max=max\nmemory.swap.max=max\n");
	expect_update("v1", "{\"memory\":{\"limit\":-1,\"swap\":-1}}",
		      "memory.limit_in_bytes=-1\nmemory.memsw.limit_in_bytes=-1\n");
	expect_update("v2", "{\"memory\":{\"limit\":2000,\"swap\":1000}}",
		      "memory.swap (1000) is below memory.limit (2000)");
	expect_update("v2", "{\"memory\":{\"swap\":1000}}", "memory.swap needs a memory.limit");
	expect_update("v2", "{\"cpu\":{\"shares\":2}}", "cpu.weight=1\n");
	expect_update("v2", "{\"cpu\":{\"shares\":1024}}", "cpu.weight=39\n");
	expect_update("v2", "{\"cpu\":{\"shares\":262144}}", "cpu.weight=10000\n");
	expect_update("v2", "{\"cpu\":{\"quota\":50000}}", "cpu.max=50000 100000\n");
	expect_update("v2", "{\"cpu\":{\"quota\":-1}}", "cpu.max=max 100000\n");
	expect_update("v2", "{\"cpu\":{\"period\":50000}}", "cpu.period needs cpu.quota in an update");
	expect_update("v1", "{\"cpu\":{\"period\":50000}}", "cpu.cfs_period_us=50000\n");
	expect_update("v2", "{\"cpu\":{\"realtimeRuntime\":1}}",
		      "cgroup v2 cannot express cpu.realtimeRuntime and cpu.realtimePeriod");
	expect_update("v2", "{\"pids\":{\"limit\":-1}}", "pids.max=max\n");
	expect_update("v1", "{\"pids\":{\"limit\":7}}", "pids.max=7\n");
	expect_update("v1", "{\"unified\":{\"memory.high\":\"1000\"}}",
		      "invalid configuration: cannot write memory.high of cgroup v2");
	expect_update("v2", "{\"unified\":{\"memory.high\":\"1000\"}}", "memory.high=1000\n");
	expect_update("v2", "{\"unified\":{\"nonsense.high\":\"1000\"}}",
		      "cannot limit nonsense: no cgroup controller for it");
	expect_update("hybrid", "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4}]}",
		      "hugetlb.2MB.max=4\nhugetlb.2MB.rsvd.max=4\n");
	expect_update("v2", "{\"network\":{\"classID\":5}}", "cgroup v2 cannot express network.classID");
	expect_update("v2", "{\"blockIO\":{\"weight\":10}}", "io.weight=default 1\n");
	expect_update("v2", "{\"blockIO\":{\"weight\":1000}}", "io.weight=default 10000\n");
	expect_update("none", "{\"pids\":{\"limit\":7}}", "cannot limit pids: no cgroup controller for it");
}

/* The first operation of a kind whose text is as given, or NULL. */
static const struct op *find_op(const struct plan *plan, enum op_kind kind)
{
	for (size_t i = 0; i < plan->ops_count; i++)
		if (plan->ops[i].kind == kind)
			return &plan->ops[i];
	return NULL;
}

static const struct plan *plan_of(struct arena *arena, const char *host, const char *mounts, const char *process)
{
	static const struct plan_request request = {.id = "web1",
						    .bundle.text = "/bundle",
						    .rootfs.text = "/bundle/rootfs",
						    .cgroup_driver = CGROUP_DISABLED};
	const struct oci_config *config;
	const struct plan *plan = NULL;
	struct err err = ERR_INIT;
	char text[2048];

	snprintf(
		text, sizeof(text),
		"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/\",\"args\":[\"/x\"],"
		"\"user\":{\"uid\":0,\"gid\":0}%s},\"mounts\":[%s],\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}",
		process, mounts);
	if (oci_config_read(arena, "config.json", text, strlen(text), &config, &err) ||
	    plan_create(arena, config, find_host(host), &request, &plan, &err)) {
		print_error("%s\n", err.what);
		return NULL;
	}
	return plan;
}

static void expect_bind_attr(const char *options, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	const struct plan *plan;
	const struct op *op = NULL;
	char mount[512];

	snprintf(mount, sizeof(mount), "{\"destination\":\"/m\",\"source\":\"/s\",\"options\":[%s]}", options);
	plan = plan_of(&arena, "v2", mount, "");
	assert_non_null(plan);
	for (size_t i = 0; i < plan->ops_count; i++)
		if (plan->ops[i].kind == OP_TREE && !strcmp(plan->ops[i].tree.path.text, "/s"))
			op = &plan->ops[i];
	assert_non_null(op);
	assert_int_equal(op->tree.attr.set, set);
	assert_int_equal(op->tree.attr.clear, clear);
	assert_int_equal(op->tree.attr.propagation, propagation);
	assert_int_equal(op->tree.attr.recursive, recursive);
}

static void test_mount_options(void **state)
{
	(void)state;
	expect_bind_attr("\"bind\"", 0, 0, MS_PRIVATE, false);
	expect_bind_attr("\"rbind\",\"ro\",\"nosuid\"", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, MS_PRIVATE, false);
	expect_bind_attr("\"bind\",\"ro\",\"rw\"", 0, MOUNT_ATTR_RDONLY, MS_PRIVATE, false);
	expect_bind_attr("\"bind\",\"rw\",\"ro\"", MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, false);
	expect_bind_attr("\"bind\",\"noatime\"", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, MS_PRIVATE, false);
	expect_bind_attr("\"bind\",\"noatime\",\"strictatime\"", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME, MS_PRIVATE,
			 false);
	expect_bind_attr("\"rbind\",\"rro\",\"rslave\"", MOUNT_ATTR_RDONLY, 0, MS_SLAVE, true);
	expect_bind_attr("\"rbind\",\"rshared\",\"X-mount.mkdir\",\"defaults\"", 0, 0, MS_SHARED, false);
}

/* What the kernel refuses as a whole is cut, and told. */
static void test_capabilities(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	const struct plan *plan;
	const struct op *op;

	(void)state;
	plan = plan_of(&arena, "v2", "",
		       ",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\"],\"permitted\":[\"CAP_CHOWN\"],"
		       "\"effective\":[\"CAP_CHOWN\",\"CAP_KILL\"],\"ambient\":[\"CAP_CHOWN\",\"CAP_KILL\"]}");
	assert_non_null(plan);
	op = find_op(plan, OP_CAPABILITIES);
	assert_int_equal(op->capabilities.permitted, 1);
	assert_int_equal(op->capabilities.effective, 1);
	assert_int_equal(op->capabilities.ambient, 1);
	assert_int_equal(op->capabilities.inheritable, 1);
	assert_int_equal(find_op(plan, OP_BOUNDING)->bounding.keep, 1 | 1 << 5);
	assert_int_equal(plan->warnings.count, 2);
	plan = plan_of(&arena, "v2", "", "");
	assert_int_equal(find_op(plan, OP_BOUNDING)->bounding.keep, 0);
}

/* Memory may end anywhere: an error then, and never half a plan. */
static void test_no_memory(void **state)
{
	static const char *const files[] = {"service.json", "idmap.json", "hooks.json", "userns.json"};
	char *source = malloc(TEXT_MAX);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct arena config_arena cleanup_arena = ARENA_INIT;
		struct plan_request request = {.id = "web1", .bundle.text = "/b", .rootfs.text = "/b/rootfs"};
		const struct oci_config *config;
		struct err err = ERR_INIT;
		size_t size = read_file(files[i], source), limit;
		int result = ERR;

		assert_int_equal(oci_config_read(&config_arena, "config.json", source, size, &config, &err), 0);
		for (limit = 64; result && limit < ((size_t)1 << 20); limit += 251) {
			struct arena arena cleanup_arena = {.limit = limit};
			const struct plan *plan = NULL;

			err = ERR_INIT;
			result = plan_create(&arena, config, find_host("hybrid"), &request, &plan, &err);
			if (result && err.kind != ERR_INTERNAL)
				fail_msg("%s with %zu bytes: %s", files[i], limit, err.what);
			assert_true(result ? err.kind == ERR_INTERNAL && !plan : plan != NULL);
		}
		assert_int_equal(result, 0);
	}
	free(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),	      cmocka_unit_test(test_update),
		cmocka_unit_test(test_mount_options), cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
