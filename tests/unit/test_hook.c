/* SPDX-License-Identifier: Apache-2.0 */
/* Running hooks: what they get, what is told of those that fail, that none is waited for in vain; with real programs.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "core/child/hook.h"

static const char json[] = "{\"id\":\"x\"}";
static char output_path[] = "/tmp/test_hook.XXXXXX";

static int set_up(void **state)
{
	int fd = mkstemp(output_path);

	(void)state;
	close(fd);
	return fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(output_path);
}

static int run_one(const struct oci_hook *hook, const char *directory, const char *text, size_t size, struct err *err)
{
	const struct oci_hooks hooks[OCI_HOOK_KIND_COUNT] = {
		[OCI_HOOK_CREATE_RUNTIME] = {.items = (struct oci_hook *)(uintptr_t)hook, .count = 1}};
	const struct hook_call call = {
		.hooks = hooks,
		.kind = OCI_HOOK_CREATE_RUNTIME,
		.directory = directory,
		.state_json = text,
		.state_json_size = size,
	};

	return child_run_hook(&call, err);
}

/* A shell script as a hook; OUT is its only variable. */
static int run_script(const char *script, int64_t timeout, struct err *err)
{
	const char *args[] = {"sh", "-c", script};
	char variable[64];
	const char *env[] = {variable};
	struct oci_hook hook = {.path.text = "/bin/sh", .args = {args, 3}, .env = {env, 1}};

	snprintf(variable, sizeof(variable), "OUT=%s", output_path);
	if (timeout) {
		hook.timeout.set = true;
		hook.timeout.value = timeout;
	}
	*err = (struct err){0};
	return run_one(&hook, "/usr", json, sizeof(json) - 1, err);
}

static void read_output(char *text, size_t size)
{
	assert_true(fd_read_text_at(AT_FDCWD, output_path, text, size) >= 0);
}

static void test_standard_input_and_directory(void **state)
{
	char text[256];
	struct err err;

	(void)state;
	assert_int_equal(run_script("cat > $OUT; pwd >> $OUT", 0, &err), 0);
	read_output(text, sizeof(text));
	assert_string_equal(text, "{\"id\":\"x\"}/usr\n");
}

/* Nothing of the caller's environment, and none of its descriptors (threats D5, D13). */
static void test_nothing_is_inherited(void **state)
{
	/* Without CLOEXEC, as a careless caller would leave it. */
	cleanup_fd int leaked_fd = open("/dev/null", O_RDONLY);
	char text[512];
	struct err err;

	(void)state;
	assert_int_equal(setenv("BULKHEAD_SECRET", "1", 1), 0);
	assert_true(leaked_fd > 2);
	assert_int_equal(run_script("{ env; ls /proc/$$/fd; } > $OUT", 0, &err), 0);
	read_output(text, sizeof(text));
	assert_null(strstr(text, "SECRET"));
	/* 0, 1, 2, and what the shell keeps for itself at 10. */
	assert_non_null(strstr(text, "0\n1\n"));
	for (int fd = 3; fd < 10; fd++) {
		char number[8];

		snprintf(number, sizeof(number), "\n%d\n", fd);
		assert_null(strstr(text, number));
	}
}

static void test_failure_names_the_last_line(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run_script("echo first; echo; echo 'the reason' >&2; exit 3", 0, &err), ERR);
	assert_non_null(strstr(err.what, "/bin/sh"));
	assert_non_null(strstr(err.what, "exit status 3"));
	assert_non_null(strstr(err.why, "the reason"));
	assert_null(strstr(err.why, "first"));
}

static void test_failure_by_signal(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run_script("kill -9 $$", 0, &err), ERR);
	assert_non_null(strstr(err.what, "signal 9"));
	assert_string_equal(err.why, "it said nothing");
	assert_true(err.fix[0]);
}

static void test_much_output_does_not_block(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run_script("head -c 1000000 /dev/zero | tr '\\0' x; echo; echo end; exit 1", 0, &err), ERR);
	assert_non_null(strstr(err.why, ": end"));
}

/* A hook may leave a process behind that keeps its output open. */
static void test_background_process_is_not_waited_for(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run_script("sleep 30 & echo $! > $OUT", 20, &err), 0);
	{
		char text[32];

		read_output(text, sizeof(text));
		assert_int_equal(kill(atoi(text), SIGKILL), 0);
	}
}

static void test_timeout(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run_script("exec sleep 30", 1, &err), ERR);
	assert_non_null(strstr(err.what, "1 second"));
	assert_string_not_equal(err.fix, "");
}

static void test_missing_program(void **state)
{
	struct oci_hook hook = {.path.text = "/nonexistent/hook"};
	struct err err = {0};

	(void)state;
	assert_int_equal(run_one(&hook, "/", json, sizeof(json) - 1, &err), ERR);
	assert_non_null(strstr(err.what, "/nonexistent/hook"));
	assert_non_null(strstr(err.why, "No such file or directory"));
}

static void test_state_larger_than_a_pipe(void **state)
{
	static char large[300000];
	const char *args[] = {"sh", "-c", "wc -c > $OUT"};
	char variable[64], text[64];
	const char *env[] = {variable};
	struct oci_hook hook = {.path.text = "/bin/sh", .args = {args, 3}, .env = {env, 1}};
	struct err err = {0};

	(void)state;
	snprintf(variable, sizeof(variable), "OUT=%s", output_path);
	memset(large, ' ', sizeof(large));
	assert_int_equal(run_one(&hook, "/", large, sizeof(large), &err), 0);
	read_output(text, sizeof(text));
	assert_int_equal(atoi(text), sizeof(large));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standard_input_and_directory),
		cmocka_unit_test(test_nothing_is_inherited),
		cmocka_unit_test(test_failure_names_the_last_line),
		cmocka_unit_test(test_failure_by_signal),
		cmocka_unit_test(test_much_output_does_not_block),
		cmocka_unit_test(test_background_process_is_not_waited_for),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_missing_program),
		cmocka_unit_test(test_state_larger_than_a_pipe),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
