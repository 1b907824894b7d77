/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_filter_kernel: compiled filters in the running kernel. A child loads one, makes calls that take no notice of
 * their arguments (getppid and the like), and compares what the kernel did with what the simulator says.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/types.h"
#include "filter_support.h"

static const char *const harmless[] = {"getppid", "getuid", "getegid"};

static long call_native(const struct seccomp_data *data)
{
	long result = syscall(data->nr, data->args[0], data->args[1], data->args[2], data->args[3], data->args[4],
			      data->args[5]);

	return result < 0 ? -errno : result;
}

#ifdef __x86_64__
/* The i386 entry of a 64-bit process. Arguments 0 to 4; argument 5 (ebp) stays as it is, and is 0 for the filter. */
static long call_i386(const struct seccomp_data *data)
{
	long result;

	__asm__ volatile("push %%rbp; xor %%ebp, %%ebp; int $0x80; pop %%rbp"
			 : "=a"(result)
			 : "a"((long)data->nr), "b"(data->args[0]), "c"(data->args[1]), "d"(data->args[2]),
			   "S"(data->args[3]), "D"(data->args[4])
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}
#endif

static int load(const struct filter_program *program)
{
	struct sock_fprog filter = {.len = (unsigned short)program->count, .filter = program->instructions};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}

/* In the child: 0 when the kernel did what the simulator says. */
static int try_call(const struct filter_program *program, const struct seccomp_data *data)
{
	uint32_t verdict = filter_run(program->instructions, data, NULL);
	long result;

#ifdef __x86_64__
	result = data->arch == AUDIT_ARCH_I386 ? call_i386(data) : call_native(data);
#else
	result = call_native(data);
#endif
	if ((verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && result == -(long)(verdict & SECCOMP_RET_DATA))
		return 0;
	/* x32 may be compiled out: the call then fails after the filter let it pass. */
	if (verdict == SECCOMP_RET_ALLOW && (result >= 0 || result == -ENOSYS))
		return 0;
	fprintf(stderr, "# arch %#x nr %#x args %#llx %#llx: the kernel gave %ld, the simulator %#x\n", data->arch,
		(unsigned int)data->nr, (unsigned long long)data->args[0], (unsigned long long)data->args[1], result,
		verdict);
	return 1;
}

static int child_run(const struct filter_policy *policy, const struct filter_program *program, uint64_t seed,
		     bool i386)
{
	uint32_t archs[] = {ABI_ARCH_NATIVE, ABI_ARCH_X32, AUDIT_ARCH_I386};
	size_t count = ABI_ARCH_NATIVE != AUDIT_ARCH_X86_64 ? 1 : i386 ? 3 : 2;

	if (load(program) < 0)
		return 2;
	for (size_t i = 0; i < count; i++) {
		for (int n = 0; n < 150; n++) {
			const char *name = harmless[random_next(&seed) % ARRAY_SIZE(harmless)];
			struct seccomp_data data = {.nr = abi_syscall_number(archs[i], name),
						    .arch = archs[i] == ABI_ARCH_X32 ? AUDIT_ARCH_X86_64 : archs[i]};

			reference_draw_args(policy, &seed, &data);
			for (int arg = 0; arg < 6 && archs[i] == AUDIT_ARCH_I386; arg++)
				data.args[arg] = arg < 5 ? (uint32_t)data.args[arg] : 0;
			if (try_call(program, &data))
				return 1;
		}
	}
	return 0;
}

static int child_status(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool have_i386(void)
{
#ifdef __x86_64__
	pid_t pid = fork();

	if (!pid) {
		struct seccomp_data data = {.nr = abi_syscall_number(AUDIT_ARCH_I386, "getppid")};

		_exit(call_i386(&data) == getppid() ? 0 : 1);
	}
	return child_status(pid) == 0;
#else
	return false;
#endif
}

/* A drawn policy, turned to calls that may be made and to actions that the child survives. */
static const struct filter_policy *policy_harmless(uint64_t *seed, struct arena *arena)
{
	static const uint32_t archs[] = {ABI_ARCH_NATIVE, ABI_ARCH_X32, AUDIT_ARCH_I386};
	uint8_t bytes[1024];
	struct source source = {.data = bytes, .size = sizeof(bytes)};
	struct filter_policy *policy = arena_alloc(arena, sizeof(*policy));
	struct filter_rule *rules;

	source_fill(seed, bytes, sizeof(bytes));
	*policy = *policy_draw(&source, arena);
	rules = arena_calloc(arena, policy->rules_count + 1, sizeof(*rules));
	for (size_t i = 0; i < policy->rules_count; i++) {
		rules[i] = policy->rules[i];
		rules[i].names = &harmless[random_next(seed) % ARRAY_SIZE(harmless)];
		rules[i].names_count = 1;
		rules[i].action = SECCOMP_RET_ERRNO | (uint32_t)(1 + random_next(seed) % 3);
	}
	policy->rules = rules;
	policy->default_action = SECCOMP_RET_ALLOW;
	policy->archs = archs;
	policy->archs_count = ABI_ARCH_NATIVE == AUDIT_ARCH_X86_64 ? ARRAY_SIZE(archs) : 1;
	return policy;
}

static void test_verdicts(void **state)
{
	uint64_t seed = 77;
	bool i386 = have_i386();
	int tried = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		cleanup_arena struct arena arena = ARENA_INIT;
		const struct filter_policy *policy = policy_harmless(&seed, &arena);
		struct filter_program program;
		struct err err;
		pid_t pid;

		if (filter_compile(policy, &arena, &program, &err) < 0)
			continue; /* contradicting rules */
		pid = fork();
		if (!pid)
			_exit(child_run(policy, &program, seed, i386));
		assert_int_equal(child_status(pid), 0);
		tried++;
	}
	print_message("# %d filters in the kernel, i386 calls %s\n", tried, i386 ? "included" : "not possible here");
	assert_true(tried > 20);
}

/* The kernel kills where the program says so: by rule, and for an architecture that is not listed. */
static void test_kill(void **state)
{
	static const char *const names[] = {"getppid"};
	static const uint32_t archs[] = {ABI_ARCH_NATIVE};
	const struct filter_arg args[] = {{.index = 2, .operator = FILTER_GE, .value = 0x100000000}};
	const struct filter_rule rules[] = {
		{.names = names, .names_count = 1, .action = SECCOMP_RET_KILL_PROCESS, .args = args, .args_count = 1}};
	const struct filter_policy policy = {.default_action = SECCOMP_RET_ALLOW,
					     .bad_arch_action = SECCOMP_RET_KILL_PROCESS,
					     .archs = archs,
					     .archs_count = 1,
					     .rules = rules,
					     .rules_count = 1};
	cleanup_arena struct arena arena = ARENA_INIT;
	struct filter_program program;
	struct err err;

	(void)state;
	assert_int_equal(filter_compile(&policy, &arena, &program, &err), 0);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			struct seccomp_data data = {.nr = SYS_getppid, .args = {1, 1, i ? 0x100000000 : UINT32_MAX}};

			if (load(&program) < 0)
				_exit(2);
			if (i == 2)
				data = (struct seccomp_data){.nr = SYS_getppid | (int)ABI_X32_SYSCALL_BIT};
			call_native(&data);
			_exit(0);
		}
		status = child_status(pid);
		if (!i)
			assert_int_equal(status, 0);
		else if (i == 1 || ABI_ARCH_NATIVE == AUDIT_ARCH_X86_64)
			assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

static void expect_unknown(const struct filter_policy *policy, uint32_t arch, uint32_t number, uint32_t expected)
{
	const struct seccomp_data data = {.nr = (int)number, .arch = arch};
	cleanup_arena struct arena arena = ARENA_INIT;
	struct filter_program program;
	uint32_t action, rule;
	struct err err;

	assert_int_equal(filter_compile(policy, &arena, &program, &err), 0);
	assert_int_equal(filter_simulate(program.instructions, program.count, &data, NULL), expected);
	assert_int_equal(filter_rule_for(policy, &data, &arena, &action, &rule, &err), 0);
	assert_int_equal(action, expected);
}

/* Numbers that no name stands for: beyond the last one of each architecture, and only there. */
static void test_unknown(void **state)
{
	enum { DEFAULT = SECCOMP_RET_ERRNO | EPERM, UNKNOWN = SECCOMP_RET_ERRNO | ENOSYS };
	static const char *const names[] = {"getppid"};
	static const uint32_t archs[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_ARM, ABI_ARCH_X32};
	const struct filter_rule rules[] = {{.names = names, .names_count = 1, .action = SECCOMP_RET_ALLOW}};
	struct filter_policy policy = {.default_action = DEFAULT,
				       .bad_arch_action = SECCOMP_RET_KILL_PROCESS,
				       .unknown_action = UNKNOWN,
				       .archs = archs,
				       .archs_count = 3,
				       .rules = rules,
				       .rules_count = 1};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint32_t last = (uint32_t)abi_syscall_last(archs[i]);

		expect_unknown(&policy, archs[i], last, DEFAULT);
		expect_unknown(&policy, archs[i], last + 1, UNKNOWN);
		expect_unknown(&policy, archs[i], ABI_X32_SYSCALL_BIT - 1, UNKNOWN);
		expect_unknown(&policy, archs[i], UINT32_MAX, DEFAULT);
	}
	/* Private calls lie far above the others. */
	expect_unknown(&policy, AUDIT_ARCH_ARM, 0xf0005, DEFAULT);
	expect_unknown(&policy, AUDIT_ARCH_ARM, 0xf1000, UNKNOWN);
	expect_unknown(&policy, AUDIT_ARCH_X86_64, ABI_X32_SYSCALL_BIT | 1000, SECCOMP_RET_KILL_PROCESS);
	policy.archs_count = 4;
	expect_unknown(&policy, AUDIT_ARCH_X86_64, ABI_X32_SYSCALL_BIT - 1, UNKNOWN);
	expect_unknown(&policy, AUDIT_ARCH_X86_64, ABI_X32_SYSCALL_BIT | 1, DEFAULT);
	expect_unknown(&policy, AUDIT_ARCH_X86_64, ABI_X32_SYSCALL_BIT | 1000, UNKNOWN);
	expect_unknown(&policy, AUDIT_ARCH_X86_64, UINT32_MAX, DEFAULT);
	policy.unknown_action = 0;
	expect_unknown(&policy, AUDIT_ARCH_X86_64, 1000, DEFAULT);
}

/* What the check refuses the kernel refuses, and the other way round. */
static void test_check(void **state)
{
	uint64_t seed = 99;
	int accepted = 0, refused = 0;

	(void)state;
	for (int i = 0; i < 600; i++) {
		static const uint16_t codes[] = {
			0x20, 0x00, 0x60, 0x01, 0x61, 0x02, 0x03, 0x80, 0x81, 0x04, 0x0c, 0x34, 0x3c, 0x54, 0x64, 0x6c,
			0x74, 0x84, 0x94, 0xa4, 0x05, 0x15, 0x1d, 0x25, 0x35, 0x45, 0x06, 0x16, 0x07, 0x87, 0x28, 0x30};
		struct sock_filter code[5];
		struct sock_fprog filter = {.len = 1 + random_next(&seed) % 5, .filter = code};
		struct err err;
		bool ours;
		pid_t pid;

		for (int n = 0; n < 5; n++)
			code[n] = (struct sock_filter){codes[random_next(&seed) % ARRAY_SIZE(codes)],
						       random_next(&seed) % 3, random_next(&seed) % 3,
						       (uint32_t)(random_next(&seed) % 5) * 4};
		code[filter.len - 1].code = random_next(&seed) % 8 ? 0x06 : code[filter.len - 1].code;
		code[filter.len - 1].k = SECCOMP_RET_ALLOW;
		ours = filter_check(code, filter.len, &err) == 0;
		accepted += ours;
		refused += !ours;
		pid = fork();
		if (!pid) {
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
			long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);

			_exit(result ? 1 : 0); /* or the filter kills: not status 1 either */
		}
		int status = child_status(pid);

		if (ours && status == 0x100)
			fail_msg("the kernel refuses what the check accepts (case %d)", i);
		if (!ours && status != 0x100)
			fail_msg("the kernel accepts what the check refuses (case %d): %s", i, err.why);
	}
	assert_true(accepted > 100 && refused > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests_name("filter_kernel", tests, NULL, NULL);
}
