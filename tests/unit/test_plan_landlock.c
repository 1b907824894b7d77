/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of core/plan/landlock: what each ABI is given of one profile, what is warned of, and what needs no Landlock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those above */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "abi/landlock.h"
#include "core/plan/plan.h"

/* landlock(7): bits 0 to 12 are those of ABI 1 */
#define FIRST	 ((1ULL << 13) - 1)
#define REFER	 (1ULL << 13)
#define TRUNCATE (1ULL << 14)
#define IOCTL	 (1ULL << 15)

static const char full[] =
	"{\"version\": 1, \"rules\": {\"signals\": [\"SIGTERM\"], \"devices\": [\"/dev/null\"],"
	"\"files\": {\"read\": [\"/etc/**\"], \"write\": [\"/tmp/*.log\"], \"execute\": [\"/bin/sh\"]},"
	"\"network\": {\"listen\": [80], \"connect\": [443]}}}";

static const struct oci_config *config_of(struct arena *arena, const char *namespaces)
{
	char text[512];
	const struct oci_config *config;
	struct err err = ERR_INIT;

	snprintf(text, sizeof(text),
		 "{\"ociVersion\": \"1.0.2\", \"root\": {\"path\": \"/r\"}, \"process\": {\"cwd\": \"/\", \"args\": [\"x\"],"
		 "\"user\": {\"uid\": 0, \"gid\": 0}}, \"linux\": {\"namespaces\": [{\"type\": \"mount\"}%s]}}", namespaces);
	if (oci_config_read(arena, "config.json", text, strlen(text), &config, &err))
		fail_msg("%s", err.what);
	return config;
}

static const struct profile *profile_of(struct arena *arena, const char *text)
{
	struct profile_faults *faults = arena_calloc(arena, 1, sizeof(*faults));
	struct profile *profile = arena_calloc(arena, 1, sizeof(*profile));

	if (profile_read(arena, "p.json", text, strlen(text), profile, faults))
		fail_msg("%s", faults->items[0].what);
	return profile;
}

static int plan_of(struct arena *arena, const char *profile, const char *namespaces, int abi, const struct plan **ret,
		   struct err *err)
{
	static struct host host;
	struct plan_request request = {.id = "x", .bundle.text = "/b", .rootfs.text = "/b/r", .cgroup_driver = CGROUP_DISABLED,
				       .profile = profile_of(arena, profile)};

	host = (struct host){.kernel_major = 6, .kernel_minor = 18, .capabilities = UINT64_MAX, .bounding = UINT64_MAX,
			     .last_capability = 40, .initial_user_namespace = true, .sys_admin = true, .landlock = abi};
	return plan_create(arena, config_of(arena, namespaces), &host, &request, ret, err);
}

static const struct op *find(const struct plan *plan, enum op_kind kind, size_t *ret_count)
{
	const struct op *found = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < plan->ops_count; i++)
		if (plan->ops[i].kind == kind) {
			found = found ?: &plan->ops[i];
			++*ret_count;
		}
	return found;
}

static void test_each_abi(void **state)
{
	static const struct {
		int abi;
		uint64_t files, ports, scopes;
		size_t warnings, port_rules;
		bool log;
	} levels[] = {
		{1, FIRST, 0, 0, 5, 0, false},
		{2, FIRST | REFER, 0, 0, 5, 0, false},
		{3, FIRST | REFER | TRUNCATE, 0, 0, 4, 0, false},
		{4, FIRST | REFER | TRUNCATE, 3, 0, 3, 2, false},
		{5, FIRST | REFER | TRUNCATE | IOCTL, 3, 0, 2, 2, false},
		{6, FIRST | REFER | TRUNCATE | IOCTL, 3, 3, 0, 2, false},
		{7, FIRST | REFER | TRUNCATE | IOCTL, 3, 3, 0, 2, true},
		{99, FIRST | REFER | TRUNCATE | IOCTL, 3, 3, 0, 2, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		struct arena arena cleanup_arena = ARENA_INIT;
		const struct plan *plan;
		struct err err = ERR_INIT;
		const struct op *op;
		size_t count, warnings = 0;

		if (plan_of(&arena, full, "", levels[i].abi, &plan, &err))
			fail_msg("%s", err.what);
		op = find(plan, OP_LANDLOCK_BEGIN, &count);
		assert_int_equal(count, 1);
		assert_int_equal(op->landlock_begin.handled_fs, levels[i].files);
		assert_int_equal(op->landlock_begin.handled_net, levels[i].ports);
		assert_int_equal(op->landlock_begin.scoped, levels[i].scopes);
		/* No rule may ask for what the ruleset does not handle: the kernel refuses it. */
		for (size_t j = 0; j < plan->ops_count; j++)
			if (plan->ops[j].kind == OP_LANDLOCK_PATH)
				assert_int_equal((plan->ops[j].landlock_path.access | plan->ops[j].landlock_path.missing_access) &
						 ~levels[i].files, 0);
		find(plan, OP_LANDLOCK_PORT, &count);
		assert_int_equal(count, levels[i].port_rules);
		assert_int_equal(find(plan, OP_LANDLOCK, &count)->landlock.log, levels[i].log);
		for (size_t j = 0; j < plan->warnings.count; j++)
			warnings += strstr(plan->warnings.items[j].text, "of Landlock, and this kernel has") != NULL;
		assert_int_equal(warnings, levels[i].warnings);
	}
}

/* Applied last: nothing but the filter, and what it would forbid, comes after. */
static void test_last(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	const struct plan *plan;
	struct err err = ERR_INIT;
	bool begun = false;

	(void)state;
	assert_int_equal(plan_of(&arena, full, "", 7, &plan, &err), 0);
	for (size_t i = 0; i < plan->ops_count; i++) {
		enum op_kind kind = plan->ops[i].kind;

		begun = begun || kind == OP_LANDLOCK_BEGIN;
		if (begun)
			assert_true(kind == OP_LANDLOCK_BEGIN || kind == OP_LANDLOCK_PATH || kind == OP_LANDLOCK_PORT ||
				    kind == OP_LANDLOCK || kind == OP_SECCOMP || kind == OP_HOOKS || kind == OP_EXEC);
	}
	assert_true(begun);
}

static void test_without(void **state)
{
	static const char ports[] = "{\"version\": 1, \"rules\": {\"network\": {\"listen\": [80]}}}";
	struct arena arena cleanup_arena = ARENA_INIT;
	const struct plan *plan;
	struct err err = ERR_INIT;
	size_t count;

	(void)state;
	assert_int_equal(plan_of(&arena, full, "", 0, &plan, &err), ERR);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.fix, "lsm="));
	/* Ports alone, where there are none to restrict: nothing is left, and a warning. */
	err = ERR_INIT;
	assert_int_equal(plan_of(&arena, ports, "", 3, &plan, &err), 0);
	assert_null(find(plan, OP_LANDLOCK_BEGIN, &count));
	assert_true(plan->warnings.count > 0);
	assert_int_equal(plan_of(&arena, "{\"version\": 1, \"rules\": {}}", "", 0, &plan, &err), 0);
	assert_null(find(plan, OP_LANDLOCK_BEGIN, &count));
}

static void test_scopes(void **state)
{
	static const struct {
		const char *namespaces;
		uint64_t scopes;
	} cases[] = {
		{"", 3},
		{", {\"type\": \"pid\"}", LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET},
		{", {\"type\": \"network\"}", LANDLOCK_SCOPE_SIGNAL},
		{", {\"type\": \"pid\"}, {\"type\": \"network\"}", 0},
		/* Another container's are shared with it. */
		{", {\"type\": \"pid\"}, {\"type\": \"network\", \"path\": \"/run/netns/x\"}",
		 LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena arena cleanup_arena = ARENA_INIT;
		const struct plan *plan;
		struct err err = ERR_INIT;
		size_t count;

		if (plan_of(&arena, full, cases[i].namespaces, 7, &plan, &err))
			fail_msg("%s", err.what);
		assert_int_equal(find(plan, OP_LANDLOCK_BEGIN, &count)->landlock_begin.scoped, cases[i].scopes);
	}
}

/* What may be made opens the directory in which it is made, up through directories that may be made, but not the root. */
static void test_made(void **state)
{
	static const char profile[] =
		"{\"version\": 1, \"rules\": {\"files\": {\"read\": [\"/tmp/d/e/f\", \"/etc/x\", \"/new\", \"/tmp/g/*\"],"
		"\"write\": [\"/tmp/*\", \"/tmp/d/e\", \"/tmp/d/e/f\", \"/new\"]}}}";
	static const struct {
		const char *path, *made_in;
	} cases[] = {
		{"/tmp/d/e/f", "/tmp"}, {"/etc/x", NULL}, {"/new", NULL},
		{"/tmp/g", "/tmp"},	{"/tmp", NULL},	  {"/tmp/d/e", "/tmp"},
	};
	struct arena arena cleanup_arena = ARENA_INIT;
	const struct plan *plan;
	struct err err = ERR_INIT;
	size_t seen = 0;

	(void)state;
	assert_int_equal(plan_of(&arena, profile, "", 7, &plan, &err), 0);
	for (size_t i = 0; i < plan->ops_count; i++)
		for (size_t j = 0; plan->ops[i].kind == OP_LANDLOCK_PATH && j < ARRAY_SIZE(cases); j++) {
			const char *made_in = plan->ops[i].landlock_path.made_in.text;

			if (strcmp(plan->ops[i].landlock_path.path.text, cases[j].path) != 0)
				continue;
			seen |= (size_t)1 << j;
			if (made_in && cases[j].made_in)
				assert_string_equal(made_in, cases[j].made_in);
			else
				assert_ptr_equal(made_in, cases[j].made_in);
		}
	assert_int_equal(seen, ((size_t)1 << ARRAY_SIZE(cases)) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_abi),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_without),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_made),
	};

	return cmocka_run_group_tests_name("plan_landlock", tests, NULL, NULL);
}
