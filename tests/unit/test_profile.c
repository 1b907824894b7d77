// SPDX-License-Identifier: Apache-2.0
/* Tests of core/profile: the canonical text is kept byte for byte, all faults are named, union and differences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/types.h"
#include "core/profile/profile.h"

#define RULES(rules) "{\"version\":1,\"rules\":{" rules "}}"

static const char golden[] =
	"{\n  \"version\": 1,\n  \"subject\": {\n    \"source\": \"web\"\n  },\n"
	"  \"evidence\": {\n    \"runs\": 2,\n    \"kernels\": [\n      \"6.18\"\n    ],\n    \"events\": 9,\n"
	"    \"lost\": 0,\n    \"complete\": true,\n    \"verified\": false\n  },\n"
	"  \"rules\": {\n    \"syscalls\": {\n      \"names\": [\n        \"ioctl\",\n        \"read\"\n      ],\n"
	"      \"ioctl\": {\n        \"0x541\": \"\",\n        \"0x5401\": \"TCGETS\"\n      }\n    },\n"
	"    \"files\": {\n      \"read\": [\n        \"/etc/**\"\n      ]\n    },\n"
	"    \"network\": {\n      \"listen\": [\n        80,\n        443\n      ]\n    }\n  }\n}\n";

static struct profile of_text(struct arena *arena, const char *text)
{
	struct profile_faults *faults = arena_calloc(arena, 1, sizeof(*faults));
	struct profile profile;

	if (profile_read(arena, "p.json", text, strlen(text), &profile, faults))
		fail_msg("%s at %s", faults->items[0].what, faults->items[0].where);
	return profile;
}

static void test_golden(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf out cleanup_buf = BUF_INIT;
	struct profile profile = of_text(&arena, golden);

	(void)state;
	profile_write(&profile, &out);
	assert_string_equal(out.data, golden);
}

static void test_order(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf a cleanup_buf = BUF_INIT, b cleanup_buf = BUF_INIT;
	struct profile one = of_text(&arena, RULES("\"signals\":[\"SIGHUP\",\"SIGTERM\"],"
					   "\"network\":{\"connect\":[9,80]}"));
	struct profile two = of_text(&arena, RULES("\"network\":{\"connect\":[80,9]},"
					   "\"signals\":[\"SIGTERM\",\"SIGHUP\"]"));

	(void)state;
	profile_write(&one, &a);
	profile_write(&two, &b);
	assert_string_equal(a.data, b.data);
}

static void test_all_faults(void **state)
{
	static const char text[] =
		"{\"version\":1,\"evidense\":{},\"subject\":{\"digest\":\"md5\"},"
		"\"rules\":{\"syscalls\":{\"names\":[\"raed\"]},"
		"\"files\":{\"read\":[\"etc\",\"/a/../b\",\"/a//b\"],\"raed\":[]},\"network\":{\"listen\":[65536,-1]},"
		"\"capabilities\":{\"CAP_ALL\":\"\"},\"limits\":{\"memory\":\"1g\"}}}";
	static const char *const places[] = {
		"#/evidense", "#/subject/digest", "#/rules/files/raed", "#/rules/syscalls/names/0",
		"#/rules/capabilities/CAP_ALL",
		"#/rules/files/read/0", "#/rules/files/read/1", "#/rules/files/read/2", "#/rules/network/listen/0",
		"#/rules/network/listen/1", "#/rules/limits/memory",
	};
	struct arena arena cleanup_arena = ARENA_INIT;
	struct profile_faults *faults = arena_calloc(&arena, 1, sizeof(*faults));
	struct profile profile;

	(void)state;
	assert_int_equal(profile_read(&arena, "p.json", text, strlen(text), &profile, faults), ERR);
	assert_int_equal(faults->count, ARRAY_SIZE(places));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		assert_string_equal(faults->items[i].where + strlen("p.json"), places[i]);
		assert_string_not_equal(faults->items[i].fix, "");
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"[]", "{}", "{\"version\":2,\"rules\":{}}", "{\"version\":1}", "{\"version\":1,\"rules\":[]}", "{",
		RULES("\"signals\":[\"SIGHUP\",\"SIGHUP\"]"),
		RULES("\"syscalls\":{\"names\":[\"read\"],\"ioctl\":{\"0x1\":\"\"}}"),
		RULES("\"syscalls\":{\"ioctl\":{\"0x1\":\"\"}}"),
		RULES("\"syscalls\":{\"names\":[\"ioctl\"],\"ioctl\":{}}"),
		RULES("\"syscalls\":{\"names\":[\"ioctl\"],\"ioctl\":{\"0X1\":\"\"}}"),
		RULES("\"syscalls\":{\"names\":[\"ioctl\"],\"ioctl\":{\"0x100000000\":\"\"}}"),
		RULES("\"syscalls\":{\"names\":[\"socket\"],\"socket\":{\"0x2:0x80001\":\"\"}}"),
		RULES("\"files\":{\"read\":[\"/a/.\"]}"), RULES("\"devices\":[\"/tmp/x\"]"),
		"{\"version\":1,\"evidence\":{\"complete\":true,\"lost\":1},\"rules\":{}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct arena arena cleanup_arena = ARENA_INIT;
		struct profile_faults *faults = arena_calloc(&arena, 1, sizeof(*faults));
		struct profile profile;

		if (profile_read(&arena, "p.json", texts[i], strlen(texts[i]), &profile, faults) == 0)
			fail_msg("accepted: %s", texts[i]);
		assert_int_equal(faults->items[0].kind, ERR_CONFIG);
	}
}

static void count_change(void *context, enum profile_set_id id, enum profile_change change,
			 const struct profile_item *before, const struct profile_item *after)
{
	(void)id;
	(void)before;
	(void)after;
	((size_t *)context)[change]++;
}

static void test_merge_and_diff(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct profile a = of_text(&arena, RULES("\"syscalls\":{\"names\":[\"ioctl\"],\"ioctl\":{\"0x1\":\"\"}},"
						 "\"signals\":[\"SIGHUP\"],\"limits\":{\"memory\":5,\"pids\":3}"));
	struct profile b = of_text(&arena, RULES("\"syscalls\":{\"names\":[\"read\"]},\"limits\":{\"memory\":7}"));
	struct profile both;
	struct err err = ERR_INIT;
	size_t changes[PROFILE_CLOSED + 1] = {0};

	(void)state;
	assert_int_equal(profile_merge(&arena, &a, &b, &both, &err), 0);
	assert_int_equal(both.sets[PROFILE_SYSCALLS].count, 2);
	assert_int_equal(both.sets[PROFILE_IOCTL].count, 1); /* b makes no ioctl at all */
	assert_false(both.sets[PROFILE_SIGNALS].present);
	assert_int_equal(both.sets[PROFILE_LIMITS].count, 1);
	assert_int_equal(both.sets[PROFILE_LIMITS].items[0].number, 7);
	assert_int_equal(profile_diff(&a, &a, count_change, changes), 0);
	assert_int_equal(profile_diff(&a, &both, count_change, changes), 4);
	assert_int_equal(changes[PROFILE_ADDED], 1);
	assert_int_equal(changes[PROFILE_OPENED], 1);
	assert_int_equal(changes[PROFILE_CHANGED], 1);
	assert_int_equal(changes[PROFILE_REMOVED], 1);
}

static void test_minimize(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct profile profile = of_text(&arena, RULES("\"files\":{\"read\":[\"/a\",\"/a/**\",\"/a/b/*\",\"/a/c\","
						       "\"/b/*.so\","
						       "\"/b/d/x.so\",\"/b/x.so\",\"/ab\"]}"));

	(void)state;
	assert_int_equal(profile_minimize(&profile), 3);
	assert_non_null(profile_find(PROFILE_READ, &profile.sets[PROFILE_READ], "/a"));
	assert_non_null(profile_find(PROFILE_READ, &profile.sets[PROFILE_READ], "/ab"));
	assert_non_null(profile_find(PROFILE_READ, &profile.sets[PROFILE_READ], "/b/d/x.so"));
}

static void test_path_matches(void **state)
{
	static const struct {
		const char *entry, *path;
		bool matches;
	} cases[] = {
		{"/etc/passwd", "/etc/passwd", true}, {"/etc/passwd", "/etc/passwd-", false},
		{"/etc/*", "/etc/passwd", true},      {"/etc/*", "/etc/a/b", false},
		{"/etc/**", "/etc/a/b", true},	      {"/etc/**", "/etc", false},
		{"/etc/**", "/etcetera/a", false},    {"/**", "/a", true},
		{"/**", "/", false},		      {"/u*/x/**", "/usr/x/a/b", true},
		{"/u*/x/**", "/usr/y/a", false},      {"/a\\*", "/a*", true},
		{"/a\\*", "/ab", false},	      {"/a/.*", "/a/.b", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (profile_path_matches(cases[i].entry, cases[i].path) != cases[i].matches)
			fail_msg("%s %s", cases[i].entry, cases[i].path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_matches),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_all_faults),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_merge_and_diff),
		cmocka_unit_test(test_minimize),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
