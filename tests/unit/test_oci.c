/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config reader. tests/golden/config/good holds configs that are read, and bad those that are refused, each beside
 * the exact text of its error; UPDATE=1 in the environment writes those texts anew. No privileges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/mempolicy.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/buf.h"
#include "core/oci/config.h"
#include "core/oci/names.h"

#define TEXT_MAX  ((size_t)1 << 20)
#define ERROR_MAX 4096
#define CASES_MIN 250
#define LEAST	  "{\"ociVersion\": \"1.3.0\", \"root\": {\"path\": \"rootfs\"}"

/* tests/golden/config/NAME, from the top of the tree, or from where this file was compiled. */
static void golden_path(char *path, size_t size, const char *name)
{
	const char *slash = strrchr(__FILE__, '/');

	snprintf(path, size, "tests/golden/config/%s", name);
	if (access(path, F_OK) && slash)
		snprintf(path, size, "%.*s../golden/config/%s", (int)(slash + 1 - __FILE__), __FILE__, name);
}

static size_t load(const char *path, char *text)
{
	FILE *file = fopen(path, "r");
	size_t size;

	if (!file)
		return SIZE_MAX;
	size = fread(text, 1, TEXT_MAX - 1, file);
	text[size] = '\0';
	fclose(file);
	return size;
}

static const struct oci_config *read_text(struct arena *arena, const char *text, struct err *err)
{
	const struct oci_config *config = NULL;

	return oci_config_read(arena, "config.json", text, strlen(text), &config, err) ? NULL : config;
}

static char *load_golden(const char *name)
{
	char path[512], *text = malloc(TEXT_MAX);

	golden_path(path, sizeof(path), name);
	if (load(path, text) == SIZE_MAX)
		fail_msg("cannot read %s", path);
	return text;
}

/* ---- refusals ---- */

static void save(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* 0 when the config is refused with the text beside it. */
static int check_bad(const char *path)
{
	static char text[TEXT_MAX], expected[TEXT_MAX];
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	char actual[ERROR_MAX], beside[512];
	const struct oci_config *config = NULL;
	size_t length, size = load(path, text);
	int status = 0;

	assert_int_not_equal(size, SIZE_MAX);
	if (!oci_config_read(&arena, "config.json", text, size, &config, &err)) {
		print_error("%s: accepted\n", path);
		arena_done(&arena);
		return 1;
	}
	assert_null(config);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_string_not_equal(err.where, "");
	assert_string_not_equal(err.fix, "");
	length = err_format(&err, true, actual, sizeof(actual) - 1);
	actual[length] = '\n';
	actual[length + 1] = '\0';
	snprintf(beside, sizeof(beside), "%.*s.err", (int)(strlen(path) - strlen(".json")), path);
	if (getenv("UPDATE"))
		save(beside, actual);
	if (load(beside, expected) == SIZE_MAX || strcmp(actual, expected)) {
		print_error("%s: refused with\n%s", path, actual);
		status = 1;
	}
	arena_done(&arena);
	return status;
}

static void test_bad(void **state)
{
	char directory[512], path[1024];
	struct dirent *entry;
	int cases = 0, wrong = 0;
	DIR *dir;

	(void)state;
	golden_path(directory, sizeof(directory), "bad");
	dir = opendir(directory);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);

		if (length < 5 || strcmp(entry->d_name + length - 5, ".json"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		wrong += check_bad(path);
		cases++;
	}
	closedir(dir);
	assert_int_equal(wrong, 0);
	assert_true(cases >= CASES_MIN);
}

static void test_size(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	const struct oci_config *config;
	const struct oci_process *process;
	size_t size = OCI_CONFIG_SIZE_MAX + 1;
	char *text = malloc(size);

	(void)state;
	memset(text, ' ', size);
	memcpy(text, LEAST "}", strlen(LEAST "}"));
	assert_int_equal(oci_config_read(&arena, "config.json", text, size - 1, &config, &err), 0);
	assert_int_equal(oci_config_read(&arena, "config.json", text, size, &config, &err), ERR);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_string_equal(err.what, "config.json has 16777217 bytes");
	assert_int_equal(oci_process_read(&arena, "process.json", text, size, &process, &err), ERR);
	free(text);
	arena_done(&arena);
}

/* Whatever is cut off, nothing is read half. */
static void test_truncated(void **state)
{
	char *text = load_golden("good/everything.json");
	size_t size = strlen(text);

	(void)state;
	for (size_t cut = 0; cut < size - 2; cut += 13) {
		struct arena arena = ARENA_INIT;
		struct err err = ERR_INIT;
		const struct oci_config *config = NULL;

		assert_int_equal(oci_config_read(&arena, "config.json", text, cut, &config, &err), ERR);
		assert_null(config);
		arena_done(&arena);
	}
	free(text);
}

/* Memory that ends anywhere is an error, and never a half-read config. */
static void test_memory(void **state)
{
	char *text = load_golden("good/everything.json");
	bool read = false;

	(void)state;
	for (size_t limit = 1; !read; limit += 512) {
		struct arena arena = {.limit = limit};
		struct err err = ERR_INIT;

		read = read_text(&arena, text, &err);
		if (!read)
			assert_string_not_equal(err.what, "");
		arena_done(&arena);
		assert_true(limit < TEXT_MAX);
	}
	free(text);
}

/* ---- what is read ---- */

static void test_good(void **state)
{
	static const char *const names[] = {"minimal",	   "other-platform", "nulls",
					    "empty-parts", "joined",	     "everything"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct arena arena = ARENA_INIT;
		struct err err = ERR_INIT;
		char name[64], *text;

		snprintf(name, sizeof(name), "good/%s.json", names[i]);
		text = load_golden(name);
		if (!read_text(&arena, text, &err))
			fail_msg("%s: %s (%s)", names[i], err.what, err.where);
		free(text);
		arena_done(&arena);
	}
}

static void test_defaults(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	char *text = load_golden("good/nulls.json");
	const struct oci_config *config = read_text(&arena, text, &err);

	(void)state;
	free(text);
	assert_non_null(config);
	assert_string_equal(config->name, "config.json");
	assert_string_equal(config->root.path.text, "rootfs");
	assert_false(config->root.readonly);
	assert_null(config->hostname);
	assert_int_equal(config->mounts_count, 0);
	assert_true(config->process_present);
	assert_false(config->process.capabilities.present);
	assert_false(config->process.user.umask.set);
	assert_false(config->process.oom_score_adj.set);
	assert_false(config->process.scheduler.present);
	assert_false(config->process.console_size_set);
	for (int kind = 0; kind < OCI_NS_COUNT; kind++)
		assert_false(config->linux.namespaces[kind].present);
	assert_false(config->linux.seccomp.present);
	assert_false(config->linux.intel_rdt.present);
	assert_false(config->linux.personality.set);
	assert_false(config->linux.monotonic.set);
	assert_false(config->linux.resources.memory.limit.set);
	assert_int_equal(config->linux.rootfs_propagation, 0);
	arena_done(&arena);
}

static void test_engine_zeros(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	char *text = load_golden("good/empty-parts.json");
	const struct oci_config *config = read_text(&arena, text, &err);

	(void)state;
	free(text);
	assert_non_null(config);
	assert_null(config->process.apparmor_profile);
	assert_null(config->linux.cgroups_path);
	assert_null(config->linux.resources.cpu.cpus);
	assert_null(config->linux.namespaces[OCI_NS_PID].path.text);
	assert_true(config->linux.namespaces[OCI_NS_PID].present);
	assert_null(config->linux.seccomp.listener_path);
	assert_false(config->linux.resources.block_io.weight.set);
	assert_true(config->linux.resources.memory.limit.set);
	assert_true(config->linux.resources.pids.limit.set);
	assert_int_equal(config->process.user.uid.value, 4294967294);
	assert_true(config->process.capabilities.present);
	arena_done(&arena);
}

static void check_process(const struct oci_process *process)
{
	const struct oci_capabilities *capabilities = &process->capabilities;

	assert_true(process->terminal && process->console_size_set && process->no_new_privileges);
	assert_int_equal(process->console_height, 25);
	assert_int_equal(process->console_width, 80);
	assert_int_equal(process->user.uid.value, 1000);
	assert_int_equal(process->user.gid.value, 100);
	assert_int_equal(process->user.umask.value, 18);
	assert_int_equal(process->user.additional_gids_count, 2);
	assert_int_equal(process->user.additional_gids[1].value, 6);
	assert_string_equal(process->user.where, "/process/user");
	assert_int_equal(process->args.count, 3);
	assert_string_equal(process->args.items[2], "exit 3");
	assert_string_equal(process->env.items[2], "EQUALS=a=b");
	assert_string_equal(process->cwd.text, "/srv");
	assert_true(capabilities->bounding == (1 | UINT64_C(1) << 5 | UINT64_C(1) << 40));
	assert_true(capabilities->effective == 1 << 5 && capabilities->inheritable == 0);
	assert_true(capabilities->permitted == (1 << 5 | 1) && capabilities->ambient == 1 << 5);
	assert_int_equal(capabilities->unknown.count, 1);
	assert_string_equal(capabilities->unknown.items[0].text, "CAP_FUTURE");
	assert_string_equal(capabilities->unknown.items[0].where, "/process/capabilities/ambient/1");
	assert_int_equal(process->rlimits_count, 2);
	assert_int_equal(process->rlimits[0].resource, RLIMIT_NOFILE);
	assert_true(process->rlimits[0].soft == 1024 && process->rlimits[0].hard == 4096);
	assert_true(process->rlimits[1].soft == UINT64_MAX && process->rlimits[1].hard == UINT64_MAX);
	assert_string_equal(process->rlimits[1].where, "/process/rlimits/1");
	assert_string_equal(process->apparmor_profile, "acme");
	assert_int_equal(process->oom_score_adj.value, -1000);
	assert_int_equal(process->scheduler.policy, SCHED_DEADLINE);
	assert_true(process->scheduler.flags == (SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_DL_OVERRUN));
	assert_true(process->scheduler.runtime == 10000000 && process->scheduler.period == 30000000);
	assert_int_equal(process->io_priority.class, 3);
	assert_int_equal(process->io_priority.priority, 7);
	assert_string_equal(process->cpu_affinity_final, "0-3,7");
}

static void check_mounts(const struct oci_config *config)
{
	const struct oci_mount *mount = &config->mounts[1];

	assert_int_equal(config->mounts_count, 4);
	assert_string_equal(config->mounts[0].destination.text, "/proc");
	assert_string_equal(mount->destination.text, "/data/../data");
	assert_null(mount->type);
	assert_int_equal(mount->options.count, 3);
	assert_string_equal(mount->options.items[1].text, "ro");
	assert_string_equal(mount->options.items[1].where, "/mounts/1/options/2");
	assert_int_equal(mount->uid_maps.count, 2);
	assert_int_equal(mount->uid_maps.items[1].inside.value, 1);
	assert_int_equal(mount->uid_maps.items[1].outside.value, 100000);
	assert_int_equal(mount->uid_maps.items[1].count, 65535);
	assert_string_equal(config->mounts[3].where, "/mounts/3");
	for (int kind = 0; kind < OCI_HOOK_KIND_COUNT; kind++) {
		assert_int_equal(config->hooks[kind].count, 2);
		assert_int_equal(config->hooks[kind].items[0].timeout.value, 5);
		assert_false(config->hooks[kind].items[1].timeout.set);
	}
	assert_string_equal(config->hooks[OCI_HOOK_POSTSTOP].items[0].path.text, "/usr/bin/poststop");
	assert_string_equal(config->hooks[OCI_HOOK_CREATE_CONTAINER].items[0].where, "/hooks/createContainer/0");
	assert_string_equal(config->annotations.items[1].key, "org.example.x");
}

static void check_resources(const struct oci_resources *resources)
{
	assert_int_equal(resources->devices_count, 3);
	assert_true(resources->devices[0].type == 'a' && !resources->devices[0].allow && resources->devices[0].mknod);
	assert_int_equal(resources->devices[0].major, OCI_DEVICE_ANY);
	assert_true(resources->devices[1].read && resources->devices[1].write && !resources->devices[1].mknod);
	assert_int_equal(resources->devices[1].minor, 229);
	assert_int_equal(resources->devices[2].major, OCI_DEVICE_ANY);
	assert_int_equal(resources->memory.limit.value, 536870912);
	assert_int_equal(resources->memory.swap.value, -1);
	assert_int_equal(resources->memory.swappiness.value, 100);
	assert_true(resources->memory.disable_oom_killer.value && resources->memory.use_hierarchy.set);
	assert_string_equal(resources->memory.where, "/linux/resources/memory");
	assert_int_equal(resources->cpu.burst.value, 50000);
	assert_int_equal(resources->cpu.idle.value, 1);
	assert_string_equal(resources->cpu.cpus, "2-3");
	assert_int_equal(resources->pids.limit.value, -1);
	assert_int_equal(resources->block_io.leaf_weight.value, 1000);
	assert_int_equal(resources->block_io.weight_devices[0].weight.value, 500);
	assert_true(resources->block_io.throttle[OCI_THROTTLE_WRITE_BPS].items[0].rate == UINT64_MAX);
	assert_int_equal(resources->block_io.throttle[OCI_THROTTLE_WRITE_IOPS].count, 2);
	assert_string_equal(resources->hugepage_limits[1].page_size, "64KB");
	assert_int_equal(resources->network.class_id.value, 1048577);
	assert_string_equal(resources->network.priorities[0].name, "eth0");
	assert_string_equal(resources->rdma[0].device, "mlx5_1");
	assert_int_equal(resources->rdma[0].hca_objects.value, 10000);
	assert_string_equal(resources->unified.items[1].key, "memory.high");
	assert_string_equal(resources->unified.items[1].where, "/linux/resources/unified/memory.high");
}

static void check_seccomp(const struct oci_seccomp *seccomp)
{
	static const uint32_t archs[] = {AUDIT_ARCH_X86_64, ABI_ARCH_X32, AUDIT_ARCH_I386};

	assert_true(seccomp->present);
	assert_int_equal(seccomp->default_action, SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(seccomp->archs_count, ARRAY_SIZE(archs));
	assert_memory_equal(seccomp->archs, archs, sizeof(archs));
	assert_int_equal(seccomp->flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	assert_string_equal(seccomp->listener_metadata, "opaque");
	assert_int_equal(seccomp->rules_count, 5);
	assert_string_equal(seccomp->rules[0].names.items[2], "a_call_of_the_future");
	assert_int_equal(seccomp->rules[1].action, SECCOMP_RET_USER_NOTIF);
	assert_int_equal(seccomp->rules[2].action, SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(seccomp->rules[3].action, SECCOMP_RET_TRACE | 65535);
	assert_int_equal(seccomp->rules[4].args_count, 2);
	assert_true(seccomp->rules[4].args[0].value == UINT64_MAX);
	assert_int_equal(seccomp->rules[4].args[0].operator, OCI_CMP_MASKED_EQ);
	assert_int_equal(seccomp->rules[4].args[1].index, 5);
	assert_string_equal(seccomp->rules[4].where, "/linux/seccomp/syscalls/4");
}

static void check_linux(const struct oci_linux *linux_part)
{
	for (int kind = 0; kind < OCI_NS_COUNT; kind++)
		assert_true(linux_part->namespaces[kind].present);
	assert_string_equal(linux_part->namespaces[OCI_NS_USER].where, "/linux/namespaces/7");
	assert_int_equal(linux_part->uid_maps.items[0].outside.value, 100000);
	assert_int_equal(linux_part->monotonic.seconds, -9);
	assert_int_equal(linux_part->monotonic.nanoseconds, 999999999);
	assert_true(linux_part->boottime.set && linux_part->boottime.nanoseconds == 0);
	assert_string_equal(linux_part->sysctl.items[1].value, "250 32000 32 128");
	assert_string_equal(linux_part->cgroups_path, "/bulkhead/everything");
	assert_int_equal(linux_part->devices_count, 4);
	assert_int_equal(linux_part->devices[0].gid.value, 2);
	assert_int_equal(linux_part->devices[1].file_mode.value, 0660);
	assert_int_equal(linux_part->devices[1].type, OCI_DEVICE_BLOCK);
	assert_int_equal(linux_part->devices[2].type, OCI_DEVICE_FIFO);
	assert_int_equal(linux_part->devices[3].type, OCI_DEVICE_CHAR);
	assert_false(linux_part->devices[3].file_mode.set);
	assert_string_equal(linux_part->net_devices[0].container_name, "ctr%d");
	assert_string_equal(linux_part->net_devices[1].container_name, "abcdefghijklmno");
	assert_true(linux_part->rootfs_propagation == (MS_SLAVE | MS_REC));
	assert_string_equal(linux_part->masked_paths.items[1].text, "/proc/keys");
	assert_string_equal(linux_part->readonly_paths.items[0].where, "/linux/readonlyPaths/0");
	assert_true(linux_part->intel_rdt.present && linux_part->intel_rdt.enable_monitoring);
	assert_string_equal(linux_part->intel_rdt.schemata.items[0], "L2:0=f");
	assert_int_equal(linux_part->memory_policy.mode, 6);
	assert_int_equal(linux_part->memory_policy.flags, MPOL_F_STATIC_NODES);
	assert_string_equal(linux_part->memory_policy.nodes, "0-1");
	assert_int_equal(linux_part->personality.value, 8);
}

static void test_everything(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	char *text = load_golden("good/everything.json");
	const struct oci_config *config = read_text(&arena, text, &err);

	(void)state;
	assert_non_null(config);
	/* The result does not need the text any more. */
	memset(text, '#', TEXT_MAX);
	free(text);
	assert_string_equal(config->oci_version, "1.3.0");
	assert_true(config->root.readonly);
	assert_int_equal(strlen(config->hostname), 64);
	assert_string_equal(config->domainname, "example.org");
	check_process(&config->process);
	check_mounts(config);
	check_resources(&config->linux.resources);
	check_seccomp(&config->linux.seccomp);
	check_linux(&config->linux);
	arena_done(&arena);
}

static void test_parts_alone(void **state)
{
	static const char process_text[] = "{\"user\":{\"uid\":1,\"gid\":2},\"args\":[\"id\"],\"cwd\":\"/\"}";
	static const char resources_text[] = "{\"memory\":{\"limit\":1048576}}";
	static const char bad_text[] = "{\"cpu\":{\"idle\":true}}";
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	const struct oci_process *process = NULL;
	const struct oci_resources *resources = NULL;

	(void)state;
	assert_int_equal(oci_process_read(&arena, "process.json", process_text, strlen(process_text), &process, &err),
			 0);
	assert_int_equal(process->user.gid.value, 2);
	assert_string_equal(process->where, "");
	assert_int_equal(
		oci_resources_read(&arena, "resources.json", resources_text, strlen(resources_text), &resources, &err),
		0);
	assert_int_equal(resources->memory.limit.value, 1048576);
	assert_int_equal(oci_resources_read(&arena, "-", bad_text, strlen(bad_text), &resources, &err), ERR);
	assert_string_equal(err.where, "-#/cpu/idle");
	assert_string_equal(err.what, "cpu.idle must be a number, and is true or false");
	arena_done(&arena);
}

/* A name may be long or not ASCII: messages are cut at the border of a character. */
static void test_long_names(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	char text[1024] = LEAST ", \"linux\": {\"rootfsPropagation\": \"x";

	(void)state;
	for (int i = 0; i < 200; i++)
		strcat(text, "é");
	strcat(text, "\"}}");
	assert_null(read_text(&arena, text, &err));
	for (const char *at = strstr(err.what, "x\xc3"); at[1] != '"'; at += 2)
		assert_memory_equal(at + 1, "é", 2);
	arena_done(&arena);
}

/* A name that is unknown is kept once, and no list of them grows without end. */
static void test_unknown_capabilities(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	char text[8192] =
		LEAST ", \"process\": {\"user\": {\"uid\": 0, \"gid\": 0}, \"args\": [\"sh\"], \"cwd\": \"/\", "
		      "\"capabilities\": {\"ambient\": [\"CAP_A\", \"CAP_KILL\", \"CAP_A\"], \"bounding\": [\"CAP_A\"";
	const struct oci_config *config;
	size_t length = strlen(text);

	(void)state;
	for (int i = 0; i < 100; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, ", \"CAP_NEW_%d\"", i);
	snprintf(text + length, sizeof(text) - length, "]}}}");
	config = read_text(&arena, text, &err);
	assert_non_null(config);
	assert_int_equal(config->process.capabilities.unknown.count, 64);
	/* bounding is read first */
	assert_string_equal(config->process.capabilities.unknown.items[0].where, "/process/capabilities/bounding/0");
	assert_string_equal(config->process.capabilities.unknown.items[1].text, "CAP_NEW_0");
	assert_true(config->process.capabilities.ambient == 1 << 5);
	arena_done(&arena);
}

/* ---- the document of `spec` ---- */

static bool listed(const struct placed_strings *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i].text, text))
			return true;
	return false;
}

static void check_spec(bool rootless)
{
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	const struct oci_config *config;

	assert_int_equal(oci_spec_write(&out, rootless, 1000, 1001), 0);
	config = read_text(&arena, out.data, &err);
	if (!config)
		fail_msg("%s (%s)", err.what, err.where);
	/* It uses nothing newer, and older runtimes take it. */
	assert_string_equal(config->oci_version, "1.0.2");
	assert_string_equal(config->process.args.items[0], "sh");
	assert_true(config->process.no_new_privileges && config->root.readonly);
	assert_true(config->process.capabilities.bounding == (1 << 5 | 1 << 10 | 1 << 29));
	assert_true(config->process.capabilities.permitted == config->process.capabilities.bounding);
	assert_true(config->process.capabilities.inheritable == 0 && config->process.capabilities.ambient == 0);
	assert_int_equal(config->mounts_count, 7);
	assert_true(listed(&config->mounts[6].options, "ro"));
	assert_int_equal(listed(&config->mounts[2].options, "gid=5"), !rootless);
	assert_true(config->linux.namespaces[OCI_NS_CGROUP].present);
	assert_int_equal(config->linux.namespaces[OCI_NS_USER].present, rootless);
	assert_int_equal(config->linux.resources.devices_count, rootless ? 0 : 1);
	assert_true(listed(&config->linux.masked_paths, "/proc/kcore"));
	assert_true(listed(&config->linux.readonly_paths, "/proc/sys"));
	if (rootless) {
		assert_int_equal(config->linux.uid_maps.items[0].outside.value, 1000);
		assert_int_equal(config->linux.gid_maps.items[0].outside.value, 1001);
	}
	buf_done(&out);
	arena_done(&arena);
}

static void test_spec(void **state)
{
	(void)state;
	check_spec(false);
	check_spec(true);
}

/* ---- names ---- */

static void test_capabilities(void **state)
{
	(void)state;
	for (unsigned int number = 0; number <= 40; number++) {
		const char *name = oci_capability_name(number);

		assert_non_null(name);
		assert_int_equal(oci_capability_number(name), number);
		assert_int_equal(oci_capability_number(name + strlen("CAP_")), number);
	}
	assert_null(oci_capability_name(41));
	assert_string_equal(oci_capability_name(21), "CAP_SYS_ADMIN");
	assert_int_equal(oci_capability_number("CAP_sys_admin"), -1);
	assert_int_equal(oci_capability_number("CAP_"), -1);
	assert_int_equal(oci_capability_number(""), -1);
}

static void test_namespaces(void **state)
{
	uint64_t all = 0;

	(void)state;
	for (int kind = 0; kind < OCI_NS_COUNT; kind++) {
		assert_int_equal(oci_names_namespace.items[kind].value, kind);
		assert_string_equal(oci_namespace_name(kind), oci_names_namespace.items[kind].name);
		all |= oci_namespace_clone_flag(kind);
	}
	assert_true(all == (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |
			    CLONE_NEWCGROUP | CLONE_NEWTIME));
	assert_int_equal(oci_namespace_clone_flag(OCI_NS_MOUNT), CLONE_NEWNS);
	assert_int_equal(oci_namespace_clone_flag(OCI_NS_TIME), CLONE_NEWTIME);
}

/* Each architecture that a config may name has a number, and no two share one. */
static void test_architectures(void **state)
{
	const struct oci_name *items = oci_names_seccomp_arch.items;

	(void)state;
	for (size_t i = 0; items[i].name; i++) {
		assert_int_not_equal(abi_arch_from_scmp(items[i].name), 0);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(abi_arch_from_scmp(items[i].name), abi_arch_from_scmp(items[j].name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_engine_zeros),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_parts_alone),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_unknown_capabilities),
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_architectures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
