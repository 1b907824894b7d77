/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of insight/observe without privilege: which calls the supervisor's filter shows, and that each fact comes once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those above */
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/types.h"
#include "core/filter/filter.h"
#include "insight/observe/sights.h"

static bool is_unseen(const char *name)
{
	for (size_t i = 0; name && observe_notify_unseen(i); i++)
		if (strcmp(observe_notify_unseen(i), name) == 0)
			return true;
	return false;
}

static void test_filter(void **state)
{
	struct sock_filter filter[OBSERVE_NOTIFY_FILTER_MAX];
	uint16_t count = observe_notify_filter(filter, false);
	struct err err = ERR_INIT;
	unsigned int allowed = 0;

	(void)state;
	assert_int_equal(filter_check(filter, count, &err), 0);
	for (int number = -1; number < 600; number++) {
		struct seccomp_data data = {.nr = number, .arch = ABI_ARCH_NATIVE};
		bool unseen = is_unseen(abi_syscall_name(ABI_ARCH_NATIVE, number));

		assert_int_equal(filter_simulate(filter, count, &data, NULL),
				 unseen ? SECCOMP_RET_ALLOW : SECCOMP_RET_USER_NOTIF);
		allowed += unseen;
		data.arch = AUDIT_ARCH_I386;
		assert_int_equal(filter_simulate(filter, count, &data, NULL), SECCOMP_RET_USER_NOTIF);
	}
	assert_true(allowed > 15);
	assert_false(is_unseen("execve"));
	/* Where the rest is traced. */
	count = observe_notify_filter(filter, true);
	assert_int_equal(filter_check(filter, count, &err), 0);
	for (int number = 0; number < 600; number++) {
		struct seccomp_data data = {.nr = number, .arch = ABI_ARCH_NATIVE};
		const char *name = abi_syscall_name(ABI_ARCH_NATIVE, number);
		bool executes = name && strncmp(name, "execve", 6) == 0;

		assert_int_equal(filter_simulate(filter, count, &data, NULL),
				 executes ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW);
	}
}

/* ---- sights of this very process ---- */

struct collected {
	unsigned int count;
	struct observe_sight last;
};

static void collect(void *context, const union observe_record *record)
{
	struct collected *collected = context;

	if (record->kind != OBSERVE_SIGHT || record->sight.set == OBSERVE_SIGHT_CALL)
		return;
	collected->count++;
	collected->last = record->sight;
	collected->last.text[record->sight.path_length < OBSERVE_SIGHT_PATH_MAX ? record->sight.path_length : 0] = '\0';
}

static void take(struct sights *sights, const char *name, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t args[6] = {a, b, c};
	struct sight_call call = {.tid = getpid(), .native = true, .args = args,
				  .number = abi_syscall_number(ABI_ARCH_NATIVE, name)};

	sights_take(sights, &call);
}

#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))

static void test_each_fact_once(void **state)
{
	struct sights *sights = calloc(1, sizeof(*sights));
	struct collected collected = {0};

	(void)state;
	assert_true(sights_begin(sights, collect, &collected));
	/* Before the first execve everything is the launcher's. */
	take(sights, "kill", 1, SIGTERM, 0);
	assert_int_equal(collected.count, 0);
	take(sights, "execve", ADDRESS("/bin/sh"), 0, 0);
	assert_int_equal(collected.count, 1);
	assert_int_equal(collected.last.access, OBSERVE_EXECUTE);
	assert_true(S_ISREG(collected.last.mode));
	take(sights, "kill", 1, SIGTERM, 0);
	take(sights, "kill", 2, SIGTERM, 0);
	assert_int_equal(collected.count, 2);
	assert_int_equal(collected.last.value[0], SIGTERM);
	take(sights, "kill", 1, 0, 0); /* a question */
	assert_int_equal(collected.count, 2);
	/* Many different ones: the table grows, and none is told twice. */
	for (unsigned int pass = 0; pass < 2; pass++)
		for (uint64_t command = 0; command < 20000; command++)
			take(sights, "ioctl", 0, command, 0);
	assert_int_equal(collected.count, 20002);
	assert_int_equal(sights->lost, 0);
	sights_done(sights);
	free(sights);
}

static void test_files(void **state)
{
	struct sights *sights = calloc(1, sizeof(*sights));
	struct collected collected = {0};
	char directory[] = "/tmp/bulkhead-sights-XXXXXX", name[128], link[128], real[4096];
	int fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_non_null(realpath(directory, real));
	snprintf(name, sizeof(name), "%s/file", directory);
	snprintf(link, sizeof(link), "%s/link", directory);
	assert_true(sights_begin(sights, collect, &collected));
	sights->armed = true;
	/* What is not there was not used, until it is. */
	take(sights, "openat", (uint64_t)AT_FDCWD, ADDRESS(name), O_RDONLY);
	assert_int_equal(collected.count, 0);
	take(sights, "openat", (uint64_t)AT_FDCWD, ADDRESS(name), O_WRONLY | O_CREAT);
	assert_int_equal(collected.last.access, OBSERVE_WRITE | OBSERVE_MAKE);
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	take(sights, "openat", (uint64_t)AT_FDCWD, ADDRESS(name), O_RDONLY);
	assert_int_equal(collected.count, 2);
	assert_int_equal(collected.last.access, OBSERVE_READ);
	assert_string_equal(collected.last.text + strlen(real), "/file");
	/* By what it is, not by the link; to remove the link the link is meant. */
	assert_int_equal(symlink("file", link), 0);
	take(sights, "open", ADDRESS(link), O_RDWR, 0);
	assert_string_equal(collected.last.text + strlen(real), "/file");
	assert_int_equal(collected.last.access, OBSERVE_READ | OBSERVE_WRITE);
	take(sights, "unlink", ADDRESS(link), 0, 0);
	assert_string_equal(collected.last.text + strlen(real), "/link");
	assert_int_equal(collected.last.access, OBSERVE_REPLACE);
	/* Relative to a directory that is open. */
	fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	take(sights, "mkdirat", (uint64_t)fd, ADDRESS("made"), 0);
	assert_string_equal(collected.last.text + strlen(real), "/made");
	close(fd);
	/* Memory that is not there names no file. */
	collected.count = 0;
	take(sights, "openat", (uint64_t)AT_FDCWD, 8, O_RDONLY);
	assert_int_equal(collected.count, 0);
	unlink(link);
	unlink(name);
	rmdir(directory);
	sights_done(sights);
	free(sights);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_each_fact_once),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("observe", tests, NULL, NULL);
}
