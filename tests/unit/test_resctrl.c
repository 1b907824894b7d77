/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A class of resctrl that is there already, laid out as the kernel shows it, in an ordinary directory: what is asked for
 * must be what it has, and the container's process is written to it. Making one needs the kernel's own file system.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"

#define SHOWN "    MB:0=100;1= 50\n    L3:0=00fff;1=000f0\n"

static char directory[] = "/tmp/resctrl.XXXXXX";

static int open_layout(void)
{
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(mkdirat(fd, "gold", 0700) == 0 || errno == EEXIST);
	for (size_t i = 0; i < 2; i++) {
		int file = openat(fd, i ? "gold/tasks" : "gold/schemata", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		assert_true(file >= 0);
		assert_int_equal(i ? 0 : fd_write_all(file, SHOWN, strlen(SHOWN)), 0);
		close(file);
	}
	return fd;
}

static int join(const char *l3, const char *bandwidth, const char *schema, struct err *err)
{
	const char *const lines[] = {schema};
	struct op op = {.kind = OP_RESCTRL};
	cleanup_fd int fd = open_layout();
	bool exists = false;

	op.resctrl.rdt = (struct oci_intel_rdt){
		.present = true,
		.clos_id = "gold",
		.l3_cache_schema = l3,
		.mem_bw_schema = bandwidth,
		.schemata = {lines, schema ? 1 : 0},
	};
	op.resctrl.must_exist = !l3 && !bandwidth && !schema;
	*err = ERR_INIT;
	assert_int_equal(resctrl_find(fd, &op, &exists, err), 0);
	assert_true(exists);
	return resctrl_join(fd, &op, exists, "web1", 4711, err);
}

static void test_same(void **state)
{
	char path[128], text[32];
	struct err err;

	(void)state;
	assert_int_equal(join(NULL, NULL, NULL, &err), 0);
	assert_int_equal(join("L3:0=fff;1=f0", NULL, NULL, &err), 0);
	assert_int_equal(join("L3:1=0f0", "MB:0=100", "MB:1=50", &err), 0);
	snprintf(path, sizeof(path), "%s/gold/tasks", directory);
	assert_true(fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) > 0);
	assert_string_equal(text, "4711");
}

static void test_other(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(join("L3:0=ff", NULL, NULL, &err), ERR);
	assert_non_null(strstr(err.what, "gold"));
	assert_int_equal(join(NULL, "MB:1=60", NULL, &err), ERR);
	assert_int_equal(join(NULL, NULL, "L2:0=f", &err), ERR);
	assert_int_equal(join("L3:2=f", NULL, NULL, &err), ERR);
	assert_true(*err.fix);
}

static void test_missing(void **state)
{
	struct op op = {.kind = OP_RESCTRL};
	cleanup_fd int fd = open_layout();
	struct err err = ERR_INIT;
	bool exists = true;

	(void)state;
	op.resctrl.rdt.clos_id = "silver";
	assert_int_equal(resctrl_find(fd, &op, &exists, &err), 0);
	assert_false(exists);
	op.resctrl.must_exist = true;
	assert_int_equal(resctrl_find(fd, &op, &exists, &err), ERR);
	assert_non_null(strstr(err.what, "silver"));
	/* The default class always is. */
	op.resctrl.rdt.clos_id = "/";
	assert_int_equal(resctrl_find(fd, &op, &exists, &err), 0);
	assert_true(exists);
}

static int clean_up(void **state)
{
	char path[128];

	(void)state;
	for (const char *const *name = (const char *const[]){"gold/tasks", "gold/schemata", "gold", "", NULL}; *name; name++) {
		snprintf(path, sizeof(path), "%s/%s", directory, *name);
		remove(path);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_other),
		cmocka_unit_test(test_missing),
	};

	if (!mkdtemp(directory))
		return 1;
	return cmocka_run_group_tests(tests, NULL, clean_up);
}
