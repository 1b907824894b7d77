/* SPDX-License-Identifier: Apache-2.0 */
/* The table of refusals: every row is whole and can be reached, and known situations get the sentence meant for them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those above */
#include <cmocka.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/types.h"
#include "core/cause/table.h"

/* Does row b say nothing that row a, which stands before it, has not taken already? */
static bool shadows(const struct cause_row *a, const struct cause_row *b)
{
	return (a->errnum == 0 || a->errnum == b->errnum) && (a->object == CAUSE_ANY || a->object == b->object) &&
	       (b->facts & a->facts) == a->facts && (!a->call || (b->call && strcmp(a->call, b->call) == 0));
}

static void test_rows(void **state)
{
	struct err err;

	(void)state;
	for (size_t i = 0; i < cause_rows_count; i++) {
		const struct cause_row *row = &cause_rows[i];

		print_message("row %zu: %.40s\n", i, row->why);
		assert_non_null(err_name(row->errnum));
		/* they fit without being cut */
		assert_true(strlen(row->why) < sizeof(err.why) && strlen(row->fix) < sizeof(err.fix));
		assert_true(strlen(row->why) > 10 && strlen(row->fix) > 5);
		assert_true(row->why[strlen(row->why) - 1] != '.' && row->fix[strlen(row->fix) - 1] != '.');
		assert_null(strchr(row->why, '\n'));
		for (size_t j = 0; j < i; j++)
			assert_false(shadows(&cause_rows[j], row));
	}
}

static const struct {
	const char *call;
	int errnum;
	enum cause_object object;
	uint32_t facts;
	const char *why; /* a part of the sentence; NULL: none is known */
} situations[] = {
	{"fsmount", EPERM, CAUSE_PROC, CAUSE_USER_NAMESPACE | CAUSE_NO_PID_NAMESPACE,
	 "does not own this PID namespace"},
	{"fsmount", EPERM, CAUSE_PROC, CAUSE_USER_NAMESPACE | CAUSE_NESTED, "covered by mounts"},
	{"fsopen", EPERM, CAUSE_SYSFS, CAUSE_USER_NAMESPACE | CAUSE_NO_NETWORK_NAMESPACE, "network namespace"},
	{"fsopen", EPERM, CAUSE_MQUEUE, CAUSE_USER_NAMESPACE | CAUSE_NO_IPC_NAMESPACE, "IPC namespace"},
	{"fsopen", EPERM, CAUSE_CGROUP, CAUSE_USER_NAMESPACE | CAUSE_NO_CGROUP_NAMESPACE, "cgroup namespace"},
	{"fsconfig", EINVAL, CAUSE_DEVPTS, CAUSE_USER_NAMESPACE, "gid="},
	{"mount_setattr", EINVAL, CAUSE_IDMAP, 0, "mapped ids"},
	{"mount_setattr", EPERM, CAUSE_IDMAP, CAUSE_ROOTLESS, "CAP_SYS_ADMIN"},
	{"mknodat", EPERM, CAUSE_DEVICE, CAUSE_USER_NAMESPACE, "may not make device nodes"},
	{"setgroups", EPERM, CAUSE_SETGROUPS, CAUSE_USER_NAMESPACE, "denied for good"},
	{"write", EPERM, CAUSE_ID_MAP, CAUSE_ROOTLESS, "one's own id"},
	{"write", EINVAL, CAUSE_ID_MAP, 0, "overlap"},
	{"prlimit64", EPERM, CAUSE_RLIMIT, CAUSE_NO_SYS_RESOURCE, "CAP_SYS_RESOURCE"},
	{"write", EACCES, CAUSE_OOM_SCORE, 0, "CAP_SYS_RESOURCE"},
	{"seccomp", EACCES, CAUSE_SECCOMP, CAUSE_NO_NEW_PRIVS_OFF, "no_new_privs"},
	{"seccomp", EINVAL, CAUSE_SECCOMP, 0, "flags"},
	{"open_tree", ENOENT, CAUSE_BIND, 0, "no such file or directory on the host"},
	{"open_tree", EINVAL, CAUSE_BIND, CAUSE_USER_NAMESPACE, "further mounts"},
	{"openat2", EXDEV, CAUSE_BIND, 0, "out of the rootfs"},
	{"openat2", ELOOP, CAUSE_BIND, 0, "symbolic links"},
	{"pivot_root", EINVAL, CAUSE_ROOTFS, 0, "initramfs"},
	{"clone3", ENOSPC, CAUSE_ANY, 0, "namespaces"},
	{"clone3", EUSERS, CAUSE_ANY, 0, "32 deep"},
	{"clone3", EAGAIN, CAUSE_ANY, 0, "limit of processes"},
	{"clone3", EPERM, CAUSE_ANY, CAUSE_ROOTLESS, "without privilege"},
	{"write", EBUSY, CAUSE_CGROUP_FILE, 0, "in use"},
	{"mkdirat", EROFS, CAUSE_CGROUP_FILE, 0, "read-only"},
	{"mkdirat", EACCES, CAUSE_CGROUP_FILE, 0, "delegated"},
	{"write", ENODEV, CAUSE_CGROUP_FILE, 0, "block device"},
	{"openat", ENOENT, CAUSE_SYSCTL, 0, "no such sysctl"},
	{"write", ENOENT, CAUSE_LABEL, 0, "no AppArmor profile"},
	{"execve", ENOENT, CAUSE_PROGRAM, 0, "no such program"},
	{"execve", EACCES, CAUSE_PROGRAM, 0, "not executable"},
	{"execve", ENOEXEC, CAUSE_PROGRAM, 0, "neither"},
	{"execve", E2BIG, CAUSE_PROGRAM, 0, "exceed"},
	{"execve", ETXTBSY, CAUSE_PROGRAM, 0, "open for writing"},
	{"setns", EINVAL, CAUSE_NAMESPACE, 0, "another kind"},
	{"setns", EPERM, CAUSE_NAMESPACE, 0, "CAP_SYS_ADMIN"},
	{"write", ENOSPC, CAUSE_DISK, 0, "full"},
	{"write", EDQUOT, CAUSE_DISK, 0, "quota"},
	{"fsopen", EPERM, CAUSE_PROC, 0, NULL},
	{"close", EIO, CAUSE_ANY, 0, NULL},
};

static void test_situations(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(situations); i++) {
		struct err err = ERR_INIT;

		err_sys(&err, situations[i].errnum, situations[i].call, "cannot do it");
		cause_explain(&err, situations[i].object, situations[i].facts);
		print_message("%s %s: %s\n", situations[i].call, err_name(err.errnum), err.why);
		if (!situations[i].why) {
			assert_string_equal(err.why, "");
			assert_string_equal(err.fix, "");
			continue;
		}
		assert_non_null(strstr(err.why, situations[i].why));
		assert_true(*err.fix);
	}
}

/* Who fails knows more than the table. */
static void test_keeps_what_is_there(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_sys(&err, EACCES, "execve", "cannot execute sh");
	err_why(&err, "it is a directory");
	err_fix(&err, "name a file");
	cause_explain(&err, CAUSE_PROGRAM, 0);
	assert_string_equal(err.why, "it is a directory");
	assert_string_equal(err.fix, "name a file");
	err_set(&err, ERR_CONFIG, "no call has failed");
	cause_explain(&err, CAUSE_PROGRAM, 0);
	assert_string_equal(err.why, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_situations),
		cmocka_unit_test(test_keeps_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
