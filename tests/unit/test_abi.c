/* SPDX-License-Identifier: Apache-2.0 */
/* test_abi: the system call table against the kernel's headers and against the running kernel's own list. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "abi/arch.h"
#include "abi/signals.h"
#include "abi/syscalls.h"
#include "base/types.h"

/* Every "#define __NR_name number" of a header must be in the table, and the number must lead back to a name with it. */
static unsigned int check_header(const char *path, uint32_t arch)
{
	FILE *file = fopen(path, "re");
	char line[256], name[128];
	unsigned int count = 0;
	int number;

	if (!file)
		fail_msg("%s cannot be read (Debian's linux-libc-dev)", path);
	while (fgets(line, sizeof(line), file)) {
		int bit = 0;

		if (sscanf(line, "#define __NR_%127s (__X32_SYSCALL_BIT + %d)", name, &number) == 2)
			bit = (int)ABI_X32_SYSCALL_BIT;
		else if (sscanf(line, "#define __NR_%127s %d", name, &number) != 2)
			continue;
		if (abi_syscall_number(arch, name) != (number | bit))
			fail_msg("%s on %s: %d in the table, %d in %s", name, abi_arch_name(arch),
				 abi_syscall_number(arch, name), number | bit, path);
		assert_string_equal(abi_syscall_name(arch, number | bit), name);
		assert_true(abi_syscall_known(name));
		assert_true(number <= abi_syscall_last(arch));
		count++;
	}
	fclose(file);
	return count;
}

#define ASM "/usr/include/x86_64-linux-gnu/asm/"

static void test_headers(void **state)
{
	(void)state;
	assert_true(check_header(ASM "unistd_64.h", AUDIT_ARCH_X86_64) > 350);
	assert_true(check_header(ASM "unistd_32.h", AUDIT_ARCH_I386) > 420);
	assert_true(check_header(ASM "unistd_x32.h", ABI_ARCH_X32) > 340);
}

/* Every row and every architecture: number → name → number. */
static void test_back_and_forth(void **state)
{
	static const char *const scmp[] = {
		"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM",
		"SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE",
		"SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPS64",
		"SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC",
		"SCMP_ARCH_PARISC64"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scmp); i++) {
		uint32_t arch = abi_arch_from_scmp(scmp[i]);
		int found = 0;

		assert_int_not_equal(arch, 0);
		assert_non_null(abi_arch_name(arch));
		for (int row = 0; row < abi_syscall_rows(); row++) {
			const char *name = abi_syscall_row_name(row);
			int number = abi_syscall_row_number(arch, row);

			assert_int_equal(abi_syscall_row(name), row);
			assert_int_equal(abi_syscall_number(arch, name), number);
			if (number == ABI_SYSCALL_NONE)
				continue;
			assert_int_equal(abi_syscall_number(arch, abi_syscall_name(arch, number)), number);
			found++;
		}
		if (found < 280)
			fail_msg("%s has only %d calls", scmp[i], found);
	}
}

static void test_edges(void **state)
{
	(void)state;
	assert_int_equal(abi_syscall_number(AUDIT_ARCH_X86_64, "no_such_call"), ABI_SYSCALL_NONE);
	assert_int_equal(abi_syscall_number(AUDIT_ARCH_X86_64, ""), ABI_SYSCALL_NONE);
	assert_int_equal(abi_syscall_number(AUDIT_ARCH_X86_64, "waitpid"), ABI_SYSCALL_NONE);
	assert_int_equal(abi_syscall_number(0x12345678, "read"), ABI_SYSCALL_NONE);
	assert_int_equal(abi_syscall_number(AUDIT_ARCH_M68K, "read"), ABI_SYSCALL_NONE);
	assert_null(abi_syscall_name(AUDIT_ARCH_X86_64, -1));
	assert_null(abi_syscall_name(AUDIT_ARCH_X86_64, 100000));
	assert_null(abi_syscall_name(AUDIT_ARCH_X86_64, 0x40000000));
	assert_null(abi_syscall_name(ABI_ARCH_X32, 0));
	assert_null(abi_syscall_name(AUDIT_ARCH_MIPS, 1));
	assert_null(abi_syscall_name(AUDIT_ARCH_X86_64, 0xf0002));
	assert_string_equal(abi_syscall_name(AUDIT_ARCH_ARM, 0xf0002), "cacheflush");
	assert_null(abi_syscall_name(AUDIT_ARCH_ARM, 0xf0000));
	assert_false(abi_syscall_known("no_such_call"));
	assert_true(abi_syscall_known("riscv_flush_icache"));
	assert_int_equal(abi_arch_from_scmp("SCMP_ARCH_Z80"), 0);
	assert_null(abi_arch_name(0x12345678));
	assert_int_equal(abi_syscall_last(AUDIT_ARCH_M68K), ABI_SYSCALL_NONE);
}

/* Numbers that only a table newer than the build machine's headers can know (include/uapi/asm-generic/unistd.h). */
static void test_newer(void **state)
{
	static const struct {
		const char *name;
		int number;
	} newer[] = {
		{"cachestat", 451},  {"fchmodat2", 452},  {"map_shadow_stack", 453}, {"futex_wake", 454},
		{"futex_wait", 455}, {"statmount", 457},  {"lsm_list_modules", 461}, {"mseal", 462},
		{"setxattrat", 463}, {"removexattrat", 466}, {"open_tree_attr", 467}, {"file_setattr", 469},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(newer); i++) {
		assert_int_equal(abi_syscall_number(AUDIT_ARCH_X86_64, newer[i].name), newer[i].number);
		assert_int_equal(abi_syscall_number(AUDIT_ARCH_AARCH64, newer[i].name), newer[i].number);
		assert_int_equal(abi_syscall_number(AUDIT_ARCH_MIPS, newer[i].name), newer[i].number + 4000);
	}
	assert_int_equal(abi_syscall_number(AUDIT_ARCH_X86_64, "uretprobe"), 335);
	assert_int_equal(abi_syscall_number(AUDIT_ARCH_AARCH64, "uretprobe"), ABI_SYSCALL_NONE);
}

/* Does the table know the call that a function of the kernel serves? Their names differ for old forms of calls. */
static bool function_known(const char *function)
{
	static const char *const forms[] = {
		"newstat", "newfstat", "newlstat", "newuname", "llseek", "mmap_pgoff", "oldumount", "ni_syscall",
		"old_getrlimit", "old_readdir", "old_msgctl", "old_semctl", "old_shmctl", "gethostname", "s390_ipc",
	};
	static const char *const endings[] = {"_time32", "32", "16"};
	char name[128];

	snprintf(name, sizeof(name), "%s", strncmp(function, "ia32_", 5) ? function : function + 5);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (!strcmp(forms[i], name))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(endings) && !abi_syscall_known(name); i++) {
		size_t length = strlen(name), cut = strlen(endings[i]);

		if (length > cut && !strcmp(name + length - cut, endings[i]))
			name[length - cut] = '\0';
	}
	return abi_syscall_known(name);
}

static void test_running_kernel(void **state)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], function[128];
	unsigned int count = 0;

	(void)state;
	while (file && fgets(line, sizeof(line), file)) {
		if (strchr(line, '.') || sscanf(line, "%*s %*s __x64_sys_%127s", function) != 1)
			continue;
		count++;
		if (!function_known(function))
			fail_msg("this kernel serves %s, which data/syscalls.tsv does not know", function);
	}
	if (file)
		fclose(file);
	if (!count) {
		print_message("# /proc/kallsyms shows no system calls\n");
		skip();
	}
	assert_true(count > 300);
}

/* Every number has one name for files, which leads back to it; other names lead to the same number. */
static void test_signals(void **state)
{
	(void)state;
	for (int number = 1; number <= ABI_SIGNAL_MAX; number++) {
		const char *name = abi_signal_name(number), *abbreviation = sigabbrev_np(number);

		assert_non_null(name);
		assert_int_equal(abi_signal_number(name), number);
		assert_int_equal(abi_signal_number(name + 3), number);
		if (abbreviation && strcmp(abbreviation, "POLL") != 0)
			assert_string_equal(name + 3, abbreviation);
	}
	for (size_t i = 0; abi_signal_at(i); i++)
		assert_true(abi_signal_number(abi_signal_at(i)) > 0);
	assert_int_equal(abi_signal_number("SIGPOLL"), SIGIO);
	assert_int_equal(abi_signal_number("RTMIN+2"), 36);
	assert_int_equal(abi_signal_number("SIGRTMAX-1"), 63);
	assert_null(abi_signal_name(0));
	assert_null(abi_signal_name(ABI_SIGNAL_MAX + 1));
	static const char *const unknown[] = {"", "SIG", "TERMS", "RTMIN-1", "RTMIN+31", "RTMAX+1", "RTMIN+", "RTMIN+1x",
					      "SIG31", "SIG65", "65", "0"};
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_int_equal(abi_signal_number(unknown[i]), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_headers), cmocka_unit_test(test_back_and_forth),
		cmocka_unit_test(test_edges),	cmocka_unit_test(test_newer),
		cmocka_unit_test(test_running_kernel),
	};

	return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
