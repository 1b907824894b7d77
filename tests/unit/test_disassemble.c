/* SPDX-License-Identifier: Apache-2.0 */
/* The disassembler: the whole text of a small program, and what is not a filter of seccomp's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/audit.h>
#include <stdlib.h>

#include "base/types.h"
#include "core/filter/filter.h"

static void disassembles_to(const struct sock_filter *instructions, uint32_t count, const char *expected)
{
	struct buf out cleanup_buf = BUF_INIT;

	filter_disassemble(instructions, count, &out);
	assert_string_equal(out.data ? out.data : "", expected);
}

static void test_names_beside_numbers(void **state)
{
	/* 293 is a system call's number, and here the length of a jump. */
	const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 165, 0, 1),
		BPF_STMT(BPF_JMP | BPF_JA, 293),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 39, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	(void)state;
	disassembles_to(program, ARRAY_SIZE(program),
			"   0  ld   [4]                        ; arch\n"
			"   1  jeq  0xc000003e, 3, 2           ; x86_64\n"
			"   2  ret  0x80000000                 ; SCMP_ACT_KILL_PROCESS\n"
			"   3  ld   [0]                        ; nr\n"
			"   4  jge  0xa5, 5, 6                 ; mount\n"
			"   5  ja   299\n"
			"   6  jeq  0x27, 8, 7                 ; getpid\n"
			"   7  ret  0x50001                    ; SCMP_ACT_ERRNO(EPERM)\n"
			"   8  ret  0x7fff0000                 ; SCMP_ACT_ALLOW\n");
}

/* What is loaded on one way only is not known behind the place where the ways meet: no name may be guessed. */
static void test_no_name_is_guessed(void **state)
{
	const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 165, 0, 1),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 39, 0, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	(void)state;
	disassembles_to(program, ARRAY_SIZE(program),
			"   0  ld   [0]                        ; nr\n"
			"   1  jeq  0xa5, 2, 3\n"
			"   2  ld   [24]                       ; args[1] low\n"
			"   3  jeq  0x27, 4, 4\n"
			"   4  ret  0x7fff0000                 ; SCMP_ACT_ALLOW\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_beside_numbers),
		cmocka_unit_test(test_no_name_is_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
