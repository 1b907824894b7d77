/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials and the account of them in /proc/self/status, on the real kernel; each change in a process of its own. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "kernel/creds.h"
#include "kernel/procfs.h"

static int proc_fd = -EBADF;

static int set_up(void **state)
{
	(void)state;
	proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return proc_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	fd_close(&proc_fd);
	return 0;
}

/* The number after key in /proc/self/status, read the plain way. */
static uint64_t plain_value(const char *key, int base)
{
	char line[65536];
	uint64_t value = UINT64_MAX;
	FILE *file = fopen("/proc/self/status", "re");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			value = base == 16 ? strtoull(line + strlen(key), NULL, 16)
					   : strtoull(line + strlen(key), NULL, 10);
	fclose(file);
	return value;
}

static void test_status_is_what_the_file_says(void **state)
{
	struct creds_status status;

	(void)state;
	assert_int_equal(creds_read_status(proc_fd, &status), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(status.uid[i], getuid());
		assert_int_equal(status.gid[i], getgid());
	}
	assert_int_equal(status.permitted, plain_value("CapPrm:", 16));
	assert_int_equal(status.effective, plain_value("CapEff:", 16));
	assert_int_equal(status.inheritable, plain_value("CapInh:", 16));
	assert_int_equal(status.bounding, plain_value("CapBnd:", 16));
	assert_int_equal(status.ambient, plain_value("CapAmb:", 16));
	assert_int_equal(status.no_new_privs, plain_value("NoNewPrivs:", 10));
	assert_int_equal(status.seccomp, plain_value("Seccomp:", 10));
}

static void test_status_and_capget_agree(void **state)
{
	struct creds_capabilities own;
	struct creds_status status;

	(void)state;
	assert_int_equal(creds_get_capabilities(&own), 0);
	assert_int_equal(creds_read_status(proc_fd, &status), 0);
	assert_int_equal(own.effective, status.effective);
	assert_int_equal(own.permitted, status.permitted);
	assert_int_equal(own.inheritable, status.inheritable);
}

/* What is no procfs, or not its root, is not believed (threats D2). */
static void test_status_from_elsewhere_is_refused(void **state)
{
	cleanup_fd int tmp_fd = open("/tmp", O_PATH | O_DIRECTORY);
	cleanup_fd int below_fd = open("/proc/self", O_PATH | O_DIRECTORY);
	struct creds_status status;
	struct procfs procfs;

	(void)state;
	assert_int_equal(creds_read_status(tmp_fd, &status), -EXDEV);
	assert_int_equal(creds_read_status(below_fd, &status), -EXDEV);
	assert_int_equal(procfs_adopt(tmp_fd, &procfs), -EXDEV);
	assert_int_equal(procfs_adopt(-1, &procfs), -EBADF);
}

static void test_procfs_paths(void **state)
{
	struct procfs procfs;
	char text[64];

	(void)state;
	assert_int_equal(procfs_adopt(proc_fd, &procfs), 0);
	assert_int_equal(procfs_read(&procfs, "sys/kernel/ostype", text, sizeof(text)), 0);
	assert_string_equal(text, "Linux\n");
	assert_int_equal(procfs_open(&procfs, "../etc/passwd", O_RDONLY), -EXDEV);
	assert_int_equal(procfs_open(&procfs, "/proc/version", O_RDONLY), -EXDEV);
	assert_int_equal(procfs_open(&procfs, "self/root", O_PATH), -ELOOP);
	assert_int_equal(procfs_open(&procfs, "self/fd/0", O_PATH), -ELOOP);
	assert_int_equal(procfs_open(&procfs, "self/nothing", O_RDONLY), -ENOENT);
	/* Another mount below is not this procfs. */
	procfs.mount_id++;
	assert_int_equal(procfs_open(&procfs, "version", O_RDONLY), -EXDEV);
}

/* In the child: no_new_privs, then no capabilities; 0 when the status follows each step. */
static int drop_everything(void)
{
	const struct creds_capabilities none = {0};
	struct creds_status status;

	if (creds_set_no_new_privs() < 0 || creds_read_status(proc_fd, &status) < 0 || !status.no_new_privs)
		return 1;
	if (creds_ambient_clear() < 0 || creds_set_capabilities(&none) < 0)
		return 2;
	if (creds_read_status(proc_fd, &status) < 0 || status.permitted || status.effective || status.ambient)
		return 3;
	/* What is gone cannot be had again. */
	if (creds_set_capabilities(&(struct creds_capabilities){.permitted = 1}) != -EPERM)
		return 4;
	if (creds_bounding_drop(0) != -EPERM)
		return 5;
	return creds_ambient_raise(0) == -EPERM ? 0 : 6;
}

/* As root in the child: other ids and two supplementary groups, capabilities kept over the change. */
static int change_ids(void)
{
	static const struct container_id groups[] = {{7}, {70000}};
	gid_t back[4];
	struct creds_status status;

	if (creds_keep_capabilities(true) < 0 || creds_set_groups(groups, 2) < 0)
		return 1;
	if (creds_set_ids((struct container_id){1234}, (struct container_id){5678}) < 0)
		return 2;
	if (creds_read_status(proc_fd, &status) < 0)
		return 3;
	for (int i = 0; i < 4; i++)
		if (status.uid[i] != 1234 || status.gid[i] != 5678)
			return 4;
	if (status.effective != 0 || status.permitted == 0)
		return 5;
	return getgroups(4, back) == 2 && back[0] == 7 && back[1] == 70000 ? 0 : 6;
}

static void expect_in_child(int (*function)(void))
{
	pid_t pid = fork();
	int status = -1;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(function());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_drop_everything(void **state)
{
	(void)state;
	expect_in_child(drop_everything);
}

static void test_change_ids(void **state)
{
	(void)state;
	if (getuid() != 0) {
		print_message("needs root: only root may become other users\n");
		skip();
	}
	expect_in_child(change_ids);
}

static void test_bounding_ends(void **state)
{
	(void)state;
	assert_int_equal(creds_bounding_has(63), -EINVAL);
	assert_int_equal(creds_bounding_drop(63), getuid() == 0 ? -EINVAL : -EPERM);
	assert_true(creds_bounding_has(0) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_is_what_the_file_says),
		cmocka_unit_test(test_status_and_capget_agree),
		cmocka_unit_test(test_status_from_elsewhere_is_refused),
		cmocka_unit_test(test_procfs_paths),
		cmocka_unit_test(test_drop_everything),
		cmocka_unit_test(test_change_ids),
		cmocka_unit_test(test_bounding_ends),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
