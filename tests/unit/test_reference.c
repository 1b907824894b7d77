/* SPDX-License-Identifier: Apache-2.0 */
/* The reference: its tables against the table of system calls and the kernel's headers, look-up, and standing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/types.h"
#include "insight/reference/reference.h"
#include "insight/standing/standing.h"
#include "people/sandbox/sandbox.h"
#include "reference_headers.h"

/* ---- the tables ---- */

static bool entry_named(int kind, const char *name, struct reference_entry *ret_entry)
{
	size_t first, end;

	reference_range(kind, &first, &end);
	for (size_t i = first; i < end; i++) {
		reference_at(i, ret_entry);
		if (strcmp(ret_entry->name, name) == 0)
			return true;
	}
	return false;
}

static void test_kinds(void **state)
{
	size_t first, end, last = 0;

	(void)state;
	for (int kind = 0; kind < REFERENCE_KIND_COUNT; kind++) {
		assert_int_equal(reference_kind_find(reference_kind_name((enum reference_kind)kind)), kind);
		reference_range(kind, &first, &end);
		assert_int_equal(first, last);
		assert_true(end > first);
		last = end;
		for (size_t i = first; i < end; i++) {
			struct reference_entry entry;

			reference_at(i, &entry);
			assert_int_equal(entry.kind, kind);
			assert_true(entry.name[0]);
			assert_true(entry.risk <= REFERENCE_RISK_CRITICAL);
			/* A risk beyond low has a reason, and only such a one. */
			assert_int_equal(entry.reason[0] != 0, entry.risk > REFERENCE_RISK_LOW);
		}
	}
	reference_range(REFERENCE_ANY, &first, &end);
	assert_int_equal(first, 0);
	assert_int_equal(end, last);
	assert_int_equal(reference_kind_find("nonsense"), REFERENCE_ANY);
}

static void test_every_call_has_a_row(void **state)
{
	struct reference_entry entry;
	size_t first, end;

	(void)state;
	reference_range(REFERENCE_SYSCALL, &first, &end);
	assert_int_equal(end - first, abi_syscall_rows());
	for (int row = 0; row < abi_syscall_rows(); row++)
		if (!entry_named(REFERENCE_SYSCALL, abi_syscall_row_name(row), &entry))
			fail_msg("no row for %s", abi_syscall_row_name(row));
	for (size_t i = first; i < end; i++) {
		reference_at(i, &entry);
		if (!abi_syscall_known(entry.name))
			fail_msg("%s is no system call", entry.name);
		if (entry.risk == REFERENCE_RISK_NONE)
			fail_msg("%s has no risk class", entry.name);
	}
}

/* Calls of this machine: they have a signature, and all but a few of the oldest are dated. */
static void test_native_calls_are_complete(void **state)
{
	struct reference_entry entry;
	size_t first, end;

	(void)state;
	reference_range(REFERENCE_SYSCALL, &first, &end);
	for (size_t i = first; i < end; i++) {
		static const char unused[] = "afs_syscall getpmsg putpmsg security tuxcall vserver epoll_ctl_old "
					     "epoll_wait_old ";

		reference_at(i, &entry);
		if (abi_syscall_number(AUDIT_ARCH_X86_64, entry.name) < 0 || strstr(unused, entry.name))
			continue;
		if (!entry.detail[0] || !entry.since[0])
			fail_msg("%s: arguments \"%s\", since \"%s\"", entry.name, entry.detail, entry.since);
	}
}

static void test_constants_equal_the_headers(void **state)
{
	size_t compared[REFERENCE_KIND_COUNT] = {0};
	struct reference_entry entry;

	(void)state;
	for (size_t i = 0; i < header_checks_count; i++) {
		const struct header_check *check = &header_checks[i];
		int kind = reference_kind_find(check->kind);
		/* Headers write some as signed, some as unsigned 32 bits. */
		bool equal = check->header == check->table || (uint32_t)check->header == (uint64_t)check->table;

		if (!equal)
			fail_msg("%s %s is %lld in the header, %lld in the table", check->kind, check->name,
				 (long long)check->header, (long long)check->table);
		assert_true(entry_named(kind, check->name, &entry));
		assert_true(entry.value == check->table);
		compared[kind]++;
	}
	/* So few would be compared only if the headers were not the ones that the tables are from. */
	assert_true(compared[REFERENCE_PRCTL] > 150);
	assert_true(compared[REFERENCE_IOCTL] > 800);
	assert_true(compared[REFERENCE_SOCKOPT] > 250);
	assert_true(compared[REFERENCE_BPF] > 90);
	assert_true(compared[REFERENCE_CAPABILITY] > 40);
	assert_true(compared[REFERENCE_CLONE] > 20);
	assert_true(compared[REFERENCE_SIGNAL] > 30);
	assert_true(compared[REFERENCE_FCNTL] > 35);
	assert_true(compared[REFERENCE_KEYCTL] > 35);
	assert_true(compared[REFERENCE_ERRNO] > 130);
}

static void test_calls_equal_the_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < header_calls_count; i++)
		if (abi_syscall_number(ABI_ARCH_NATIVE, header_calls[i].name) != (int)header_calls[i].header)
			fail_msg("%s is %lld in the header", header_calls[i].name, (long long)header_calls[i].header);
	assert_true(header_calls_count > 300);
}

/* ---- look-up ---- */

static struct reference_results look_up(struct arena *arena, int kind, uint32_t arch, const char *text)
{
	const struct reference_query query = {.kind = kind, .arch = arch, .text = text};
	struct reference_results results;
	struct err err = ERR_INIT;

	assert_int_equal(reference_look_up(&query, arena, &results, &err), 0);
	return results;
}

static void assert_first(int kind, const char *text, const char *name, enum reference_match match)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct reference_results results = look_up(&arena, kind, AUDIT_ARCH_X86_64, text);
	struct reference_entry entry;

	if (results.count == 0)
		fail_msg("nothing found for \"%s\"", text);
	reference_at(results.items[0].index, &entry);
	assert_string_equal(entry.name, name);
	assert_int_equal(results.items[0].match, match);
}

static void test_names_and_aliases(void **state)
{
	(void)state;
	assert_first(REFERENCE_ANY, "mount", "mount", REFERENCE_BY_NAME);
	assert_first(REFERENCE_ANY, "MOUNT", "mount", REFERENCE_BY_NAME);
	assert_first(REFERENCE_ANY, "SYS_openat", "openat", REFERENCE_BY_ALIAS);
	assert_first(REFERENCE_ANY, "__NR_openat", "openat", REFERENCE_BY_ALIAS);
	assert_first(REFERENCE_ANY, "newuname", "uname", REFERENCE_BY_ALIAS);
	assert_first(REFERENCE_SIGNAL, "kill", "SIGKILL", REFERENCE_BY_ALIAS);
	assert_first(REFERENCE_CAPABILITY, "sys_admin", "CAP_SYS_ADMIN", REFERENCE_BY_ALIAS);
	assert_first(REFERENCE_ANY, "PF_INET6", "AF_INET6", REFERENCE_BY_ALIAS);
	assert_first(REFERENCE_ANY, "tiocsti", "TIOCSTI", REFERENCE_BY_NAME);
}

static void test_numbers(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct reference_results results;
	struct reference_entry entry;
	bool kinds[REFERENCE_KIND_COUNT] = {false};

	(void)state;
	assert_first(REFERENCE_SYSCALL, "165", "mount", REFERENCE_BY_NUMBER);
	assert_first(REFERENCE_IOCTL, "0x5412", "TIOCSTI", REFERENCE_BY_NUMBER);
	assert_first(REFERENCE_IOCTL, "21522", "TIOCSTI", REFERENCE_BY_NUMBER);
	assert_first(REFERENCE_ERRNO, "38", "ENOSYS", REFERENCE_BY_NUMBER);
	assert_first(REFERENCE_KEYCTL, "-3", "KEY_SPEC_SESSION_KEYRING", REFERENCE_BY_NUMBER);
	assert_first(REFERENCE_CLONE, "0x10000000", "CLONE_NEWUSER", REFERENCE_BY_NUMBER);
	/* Any size of an argument may stand in an ioctl number. */
	assert_first(REFERENCE_ANY, "0x80ff4506", "EVIOCGNAME", REFERENCE_BY_SIZE);
	results = look_up(&arena, REFERENCE_ANY, AUDIT_ARCH_X86_64, "9");
	for (size_t i = 0; i < results.count; i++) {
		reference_at(results.items[i].index, &entry);
		kinds[entry.kind] = true;
	}
	assert_true(kinds[REFERENCE_SYSCALL] && kinds[REFERENCE_SIGNAL] && kinds[REFERENCE_ERRNO]);
	/* The number counts on the architecture that was asked for. */
	results = look_up(&arena, REFERENCE_SYSCALL, AUDIT_ARCH_AARCH64, "40");
	assert_int_equal(results.count, 1);
	reference_at(results.items[0].index, &entry);
	assert_string_equal(entry.name, "mount");
	assert_int_equal(look_up(&arena, REFERENCE_ERRNO, AUDIT_ARCH_X86_64, "99999").count, 0);
	assert_int_equal(look_up(&arena, REFERENCE_ANY, AUDIT_ARCH_X86_64, "99999999999999999999999").count, 0);
}

static void test_patterns(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct reference_results results = look_up(&arena, REFERENCE_SYSCALL, AUDIT_ARCH_X86_64, "io_uring_*");
	size_t first, end;

	(void)state;
	assert_int_equal(results.count, 3);
	assert_int_equal(results.items[0].match, REFERENCE_BY_PATTERN);
	reference_range(REFERENCE_ERRNO, &first, &end);
	assert_int_equal(look_up(&arena, REFERENCE_ERRNO, AUDIT_ARCH_X86_64, "e*").count, end - first);
	assert_int_equal(look_up(&arena, REFERENCE_ERRNO, AUDIT_ARCH_X86_64, "nothing*").count, 0);
}

static bool is_found(const char *words, const char *name)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct reference_results results = look_up(&arena, REFERENCE_ANY, AUDIT_ARCH_X86_64, words);

	for (size_t i = 0; i < results.count && i < 40; i++) {
		struct reference_entry entry;

		reference_at(results.items[i].index, &entry);
		if (strcmp(entry.name, name) == 0)
			return true;
	}
	return false;
}

static void test_words(void **state)
{
	(void)state;
	assert_true(is_found("mount", "move_mount"));
	assert_true(is_found("mount", "fsopen"));
	assert_true(is_found("mount", "umount2"));
	assert_first(REFERENCE_ANY, "raw socket", "socket", REFERENCE_BY_WORDS);
	assert_true(is_found("raw socket", "SOCK_RAW"));
	assert_true(is_found("raw socket", "AF_PACKET"));
	assert_true(is_found("clock", "clock_settime"));
	assert_true(is_found("clock", "settimeofday"));
	assert_true(is_found("set clock", "adjtimex") == false);
	assert_true(is_found("kernel module", "init_module"));
	assert_true(is_found("escape helper", "kernel.core_pattern"));
	assert_false(is_found("nothing at all like this", "mount"));
}

static void test_paths(void **state)
{
	(void)state;
	assert_first(REFERENCE_ANY, "/proc/kcore", "/proc/kcore", REFERENCE_BY_NAME);
	assert_first(REFERENCE_ANY, "/proc/17/exe", "/proc/PID/exe", REFERENCE_BY_ALIAS);
	assert_first(REFERENCE_ANY, "/proc/self/mem", "/proc/PID/mem", REFERENCE_BY_ALIAS);
	assert_first(REFERENCE_ANY, "/proc/sys/kernel/core_pattern", "kernel.core_pattern", REFERENCE_BY_ALIAS);
	/* What is not listed is told by the directory above it. */
	assert_first(REFERENCE_ANY, "/proc/bus/pci/00/00.0", "/proc/bus", REFERENCE_BY_ALIAS);
}

static void test_nearest(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	const char *names[REFERENCE_NEAREST_MAX];
	size_t count = reference_nearest(REFERENCE_ANY, "opennat", &arena, names);

	(void)state;
	assert_true(count >= 1);
	assert_string_equal(names[0], "openat");
	assert_true(reference_nearest(REFERENCE_SIGNAL, "sigkil", &arena, names) >= 1);
	assert_string_equal(names[0], "SIGKILL");
	assert_int_equal(reference_nearest(REFERENCE_ERRNO, "completely different", &arena, names), 0);
}

static void test_kernel_symbols(void **state)
{
	char name[REFERENCE_SYMBOL_MAX] = "";

	(void)state;
#if defined(__x86_64__)
	assert_true(reference_symbol_is_call("ffffffff81000000 T __x64_sys_openat\n"));
	assert_false(reference_symbol_is_call("ffffffff81000000 T vfs_read\n"));
	assert_false(reference_symbol_is_new("ffffffff81000000 T __x64_sys_openat\n", name));
	/* Forms of the kernel's own: 32 bits, 16 bits, other names; what is split off; what was left out. */
	assert_false(reference_symbol_is_new("ffffffff81000000 T __x64_sys_clock_gettime32\n", name));
	assert_false(reference_symbol_is_new("ffffffff81000000 T __x64_sys_chown16\n", name));
	assert_false(reference_symbol_is_new("ffffffff81000000 T __x64_sys_ia32_pread64\n", name));
	assert_false(reference_symbol_is_new("ffffffff81000000 T __x64_sys_newuname\n", name));
	assert_false(reference_symbol_is_new("ffffffff81000000 t __x64_sys_brandnew.cold\n", name));
	assert_false(reference_symbol_is_new("ffffffff81000000 W __x64_sys_brandnew\n", name));
	assert_true(reference_symbol_is_new("ffffffff81000000 T __x64_sys_brandnew\t[module]\n", name));
	assert_string_equal(name, "brandnew");
#endif
	assert_false(reference_symbol_is_new("", name));
	assert_false(reference_symbol_is_new("garbage", name));
	assert_false(reference_symbol_is_new("0 T", name));
}

/* ---- standing ---- */

static int read_profile(struct arena *arena, const char *text, struct standing_profile *profile, struct err *err)
{
	return standing_read(arena, "p.json", text, strlen(text), profile, err);
}

static struct standing standing(const struct standing_profile *profile, uint64_t capabilities, const char *call)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct filter_policy policy;
	struct standing result;
	struct err err = ERR_INIT;

	assert_int_equal(standing_policy(profile, capabilities, &arena, &policy, &err), 0);
	assert_int_equal(standing_of(&policy, ABI_ARCH_NATIVE, abi_syscall_number(ABI_ARCH_NATIVE, call), call, &arena,
				     &result, &err),
			 0);
	return result;
}

static void test_engine_profile(void **state)
{
	static const char text[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"syscalls\":["
		"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":null,\"includes\":{},\"excludes\":{}},"
		"{\"names\":[\"bpf\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_BPF\"]}},"
		"{\"names\":[\"bpf\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"excludes\":{\"caps\":[\"CAP_BPF\"]}},"
		"{\"names\":[\"kcmp\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":[\"s390x\"]}},"
		"{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\","
		"\"args\":[{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"}]}]}";
	const uint64_t bpf = UINT64_C(1) << 39;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct standing_profile profile;
	struct err err = ERR_INIT;
	const char *condition;
	uint32_t action;

	(void)state;
	assert_int_equal(read_profile(&arena, text, &profile, &err), 0);
	assert_int_equal(standing(&profile, 0, "read").action, SECCOMP_RET_ALLOW);
	assert_string_equal(standing(&profile, 0, "read").where, "/syscalls/0");
	assert_int_equal(standing(&profile, 0, "bpf").action, SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(standing(&profile, bpf, "bpf").action, SECCOMP_RET_ALLOW);
	assert_int_equal(standing(&profile, 0, "kcmp").action, SECCOMP_RET_ERRNO | ENOSYS);
	assert_null(standing(&profile, 0, "kcmp").where);
	assert_true(standing(&profile, 0, "personality").arguments);
	assert_int_equal(standing(&profile, 0, "personality").conditions, 1);
	standing_condition(&profile.policy, "personality", 0, &arena, &condition, &action);
	assert_string_equal(condition, "argument 0 == 8");
	assert_int_equal(action, SECCOMP_RET_ALLOW);
	assert_int_equal(standing_capabilities(&profile, "bpf"), bpf);
	assert_int_equal(standing_capabilities(&profile, "read"), 0);
}

static void test_oci_profile(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct standing_profile profile;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(read_profile(&arena,
				      "{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
				      "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"}]}}}",
				      &profile, &err),
			 0);
	assert_int_equal(standing(&profile, 0, "mount").action, SECCOMP_RET_KILL_PROCESS);
	assert_string_equal(standing(&profile, 0, "mount").where, "/linux/seccomp/syscalls/0");
	assert_int_equal(standing(&profile, 0, "read").action, SECCOMP_RET_ALLOW);
	assert_int_equal(read_profile(&arena, "{\"linux\":{}}", &profile, &err), 0);
	assert_true(profile.unrestricted);
}

/* The default profile of the sandbox: what the house says of it. */
static void test_default_profile(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf text cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&text, 0);
	struct standing_profile profile;
	struct err err = ERR_INIT;

	(void)state;
	sandbox_write_seccomp(&writer, 0);
	assert_int_equal(standing_read(&arena, "sandbox", text.data, text.length, &profile, &err), 0);
	assert_int_equal(standing(&profile, 0, "read").action, SECCOMP_RET_ALLOW);
	assert_int_equal(standing(&profile, 0, "mount").action, SECCOMP_RET_ERRNO | EPERM);
	assert_true(standing(&profile, 0, "ioctl").arguments);
	assert_int_equal(sandbox_path_standing("/proc/kcore"), SANDBOX_PATH_MASKED);
	assert_int_equal(sandbox_path_standing("/sys/firmware/efi/efivars"), SANDBOX_PATH_MASKED);
	assert_int_equal(sandbox_path_standing("/sys/firmwares"), SANDBOX_PATH_READ_ONLY);
	assert_int_equal(sandbox_path_standing("/proc/sys"), SANDBOX_PATH_READ_ONLY);
	assert_int_equal(sandbox_path_standing("/proc/system"), SANDBOX_PATH_OPEN);
}

/* Each is refused with its place. */
static void test_bad_profiles(void **state)
{
	static const struct {
		const char *text, *where;
	} bad[] = {
		{"{}", ""},
		{"[]", ""},
		{"{\"defaultAction\":\"SCMP_ACT_NEVER\"}", "p.json#/defaultAction"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\","
		 "\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		 "p.json#/syscalls/0/args/0/index"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\","
		 "\"args\":[{\"index\":0,\"value\":18446744073709551616,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		 "p.json#/syscalls/0/args/0/value"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\","
		 "\"includes\":{\"caps\":[\"CAP_NONSENSE\"]}}]}",
		 "p.json#/syscalls/0/includes/caps/0"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\","
		 "\"includes\":{\"arches\":7}}]}",
		 "p.json#/syscalls/0/includes/arches"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\","
		 "\"includes\":7}]}",
		 "p.json#/syscalls/0/includes"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\","
		 "\"includes\":{\"arches\":[7]}}]}",
		 "p.json#/syscalls/0/includes/arches/0"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\","
		 "\"excludes\":{\"minKernel\":\"four\"}}]}",
		 "p.json#/syscalls/0/excludes/minKernel"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\","
		 "\"name\":\"write\"}]}",
		 "p.json#/syscalls/0/name"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":7}",
		 "p.json#/archMap"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{}]}",
		 "p.json#/archMap/0"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_PDP11\"}]}",
		 "p.json#/archMap/0/architecture"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\","
		 "\"subArchitectures\":[\"SCMP_ARCH_X68\"]}]}",
		 "p.json#/archMap/0/subArchitectures/0"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\"],"
		 "\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\"}]}",
		 "p.json#/architectures"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct arena arena cleanup_arena = ARENA_INIT;
		struct standing_profile profile;
		struct err err = ERR_INIT;

		assert_int_equal(read_profile(&arena, bad[i].text, &profile, &err), ERR);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_string_equal(err.where, bad[i].where);
		assert_string_not_equal(err.why, "");
		assert_string_not_equal(err.fix, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_every_call_has_a_row),
		cmocka_unit_test(test_native_calls_are_complete),
		cmocka_unit_test(test_constants_equal_the_headers),
		cmocka_unit_test(test_calls_equal_the_headers),
		cmocka_unit_test(test_names_and_aliases),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_kernel_symbols),
		cmocka_unit_test(test_engine_profile),
		cmocka_unit_test(test_oci_profile),
		cmocka_unit_test(test_default_profile),
		cmocka_unit_test(test_bad_profiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
