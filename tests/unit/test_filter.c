/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_filter: the filter compiler against libseccomp and against the plain meaning of a policy, over every number,
 * architecture and argument edge. FILTER_TEST_PROFILES sets how many random policies are tried, FILTER_TEST_SEED the
 * first seed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/json.h"
#include "base/types.h"
#include "filter_support.h"
#include "insight/standing/standing.h"
#include "people/sandbox/sandbox.h"

#define DOCKER_PROFILE "/usr/share/containers/seccomp.json"
#define PROFILES_DEFAULT 3300

/* Both programs and what was found when they were compared. */
struct comparison {
	const struct filter_policy *policy;
	struct filter_program ours;
	struct sock_filter *theirs; /* NULL: libseccomp is no oracle for this policy */
	uint32_t theirs_count;
	uint64_t seed;
	unsigned long compared, differences;
};

/* To stderr: cmocka cuts long messages. FILTER_TEST_DUMP=1 adds both programs. */
static void show(const struct comparison *comparison)
{
	const struct filter_policy *policy = comparison->policy;
	cleanup_buf struct buf text = BUF_INIT;
	char action[64];

	filter_action_text(policy->default_action, action, sizeof(action));
	buf_printf(&text, "default %s, for", action);
	for (size_t i = 0; i < policy->archs_count; i++)
		buf_printf(&text, " %s", abi_arch_name(policy->archs[i]));
	for (size_t i = 0; i < policy->rules_count; i++) {
		const struct filter_rule *rule = &policy->rules[i];

		filter_action_text(rule->action, action, sizeof(action));
		buf_printf(&text, "\n  %zu %s:", i, action);
		for (size_t n = 0; n < rule->names_count; n++)
			buf_printf(&text, " %s", rule->names[n]);
		for (size_t n = 0; n < rule->args_count; n++)
			buf_printf(&text, " [%u op %d %#llx %#llx]", rule->args[n].index, (int)rule->args[n].operator,
				   (unsigned long long)rule->args[n].value, (unsigned long long)rule->args[n].value_two);
	}
	buf_puts(&text, "\n");
	if (getenv("FILTER_TEST_DUMP")) {
		buf_puts(&text, "ours:\n");
		filter_disassemble(comparison->ours.instructions, comparison->ours.count, &text);
		buf_puts(&text, "theirs:\n");
		filter_disassemble(comparison->theirs, comparison->theirs_count, &text);
	}
	fputs(text.data, stderr);
}

static void fail_at(const struct comparison *comparison, const struct seccomp_data *data, uint32_t is, uint32_t should,
		    const char *by)
{
	char a[64], b[64];

	show(comparison);
	filter_action_text(is, a, sizeof(a));
	filter_action_text(should, b, sizeof(b));
	fail_msg("%s says %s, not %s, for arch %#x nr %d args %#llx %#llx %#llx %#llx %#llx %#llx", by, b, a,
		 data->arch, data->nr, (unsigned long long)data->args[0], (unsigned long long)data->args[1],
		 (unsigned long long)data->args[2], (unsigned long long)data->args[3],
		 (unsigned long long)data->args[4], (unsigned long long)data->args[5]);
}

/* As the machine lays it out: where the high half comes first, both programs find it there. */
static struct seccomp_data laid_out(const struct seccomp_data *data)
{
	struct seccomp_data turned = *data;

	for (int i = 0; i < 6 && !(data->arch & __AUDIT_ARCH_LE); i++)
		turned.args[i] = data->args[i] << 32 | data->args[i] >> 32;
	return turned;
}

static void compare_one(struct comparison *comparison, const struct seccomp_data *data)
{
	const struct seccomp_data seen = laid_out(data);
	struct reference reference;
	uint32_t at, action = filter_run(comparison->ours.instructions, &seen, &at), theirs, rule;

	comparison->compared++;
	reference_ask(comparison->policy, data, &reference);
	if (!reference_allows(&reference, action))
		fail_at(comparison, data, action, reference.actions[0], "the policy");
	rule = comparison->ours.rule_of[at];
	if (rule != FILTER_NO_RULE && !reference_rule_matches(comparison->policy, rule, data))
		fail_at(comparison, data, action, action, "rule_of names a rule that does not match, which");
	if (!comparison->theirs)
		return;
	theirs = filter_run(comparison->theirs, &seen, NULL);
	if (theirs == action)
		return;
	comparison->differences++;
	if (!oracle_is_loose(comparison->policy, data))
		fail_at(comparison, data, action, theirs, "libseccomp");
}

static void compare_number(struct comparison *comparison, uint32_t arch, uint32_t number)
{
	struct seccomp_data data = {.nr = (int)number, .arch = arch};
	int samples = 2;

	if (!reference_concerns(comparison->policy, &data)) {
		for (int i = 0; i < 6; i++)
			data.args[i] = random_next(&comparison->seed);
		samples = 1;
	} else if (reference_looks_at_args(comparison->policy, &data)) {
		samples = 60;
	}

	for (int i = 0; i < samples; i++) {
		compare_one(comparison, &data);
		reference_draw_args(comparison->policy, &comparison->seed, &data);
	}
}

/* filter_rule_for must agree with the program. */
static void compare_rule_for(struct comparison *comparison, uint32_t arch, uint32_t number)
{
	cleanup_arena struct arena arena = ARENA_INIT;
	struct seccomp_data data = {.nr = (int)number, .arch = arch}, seen;
	uint32_t action, rule, is;
	struct err err = ERR_INIT;

	reference_draw_args(comparison->policy, &comparison->seed, &data);
	seen = laid_out(&data);
	assert_int_equal(filter_rule_for(comparison->policy, &data, &arena, &action, &rule, &err), 0);
	is = filter_run(comparison->ours.instructions, &seen, NULL);
	if (is != action)
		fail_at(comparison, &data, is, action, "filter_rule_for");
	if (rule != FILTER_NO_RULE && (comparison->policy->rules[rule].action != action ||
				       !reference_rule_matches(comparison->policy, rule, &data)))
		fail_at(comparison, &data, is, action, "filter_rule_for names another rule and");
}

static void compare_arch(struct comparison *comparison, uint32_t arch)
{
	static const uint32_t edges[] = {0x3fffffff, 0x7fffffff, 0x80000000, 0x80000001, 0xbfffffff, 0xc0000000,
					 0xc0000001, 0xfffffffe, 0xffffffff, 0xeffff,	 0xf0000,    0xf0001,
					 0xf0005,    0xf0006,	 0x10000000};
	uint32_t audit = arch == ABI_ARCH_X32 ? AUDIT_ARCH_X86_64 : arch;
	uint32_t first = (uint32_t)abi_syscall_first(arch);

	for (uint32_t number = 0; number <= 700; number++)
		compare_number(comparison, audit, number + first);
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++)
		compare_number(comparison, audit, edges[i]);
	for (uint32_t number = 0; number <= 700 && audit == AUDIT_ARCH_X86_64; number++)
		compare_number(comparison, audit, number | ABI_X32_SYSCALL_BIT);
	for (int i = 0; i < 16; i++) {
		uint32_t number = first + (uint32_t)(random_next(&comparison->seed) % 480);

		compare_rule_for(comparison, audit, arch == ABI_ARCH_X32 ? number | ABI_X32_SYSCALL_BIT : number);
	}
	compare_rule_for(comparison, audit, UINT32_MAX);
}

static void compare_policy(struct comparison *comparison)
{
	struct err err = ERR_INIT;
	bool x86 = false;

	if (filter_check(comparison->ours.instructions, comparison->ours.count, &err) < 0)
		fail_msg("%s: %s", err.what, err.why);
	for (size_t i = 0; i < comparison->policy->archs_count; i++) {
		uint32_t arch = comparison->policy->archs[i];
		bool is_x86 = arch == AUDIT_ARCH_X86_64 || arch == ABI_ARCH_X32;

		if (!is_x86 || !x86)
			compare_arch(comparison, arch);
		x86 = x86 || is_x86;
	}
	compare_arch(comparison, AUDIT_ARCH_S390X);
	if (!x86)
		compare_number(comparison, AUDIT_ARCH_X86_64, UINT32_MAX);
}

static void test_docker(void **state)
{
	cleanup_arena struct arena arena = ARENA_INIT, scratch = ARENA_INIT;
	struct comparison comparison = {.policy = policy_of_docker(DOCKER_PROFILE, &arena), .seed = 5};
	struct err err = ERR_INIT;

	(void)state;
	if (!comparison.policy)
		fail_msg("%s cannot be read (Debian's golang-github-containers-common)", DOCKER_PROFILE);
	assert_int_equal(filter_compile(comparison.policy, &scratch, &comparison.ours, &err), 0);
	assert_int_equal(oracle_compile(comparison.policy, &comparison.theirs, &comparison.theirs_count), 0);
	compare_policy(&comparison);
	print_message("# Docker's profile: %u instructions (libseccomp: %u), %zu bytes of memory, %lu calls compared\n",
		      comparison.ours.count, comparison.theirs_count, scratch.used, comparison.compared);
	assert_true(comparison.ours.count <= 411);
	assert_true(scratch.used < 300 << 10);
	assert_int_equal(comparison.differences, 0);
	free(comparison.theirs);
}

/* Rules on single numbers with values of their own: nothing can be shared. calls * values chains. */
static const struct filter_policy *policy_big(struct arena *arena, uint32_t calls, uint32_t values)
{
	static const uint32_t archs[] = {AUDIT_ARCH_AARCH64, AUDIT_ARCH_X86_64};
	struct filter_policy *policy = arena_alloc(arena, sizeof(*policy));
	struct filter_rule *rules = arena_calloc(arena, calls * values, sizeof(*rules));

	for (uint32_t i = 0; i < calls * values; i++) {
		struct filter_arg *arg = arena_alloc(arena, sizeof(*arg));
		const char **name = arena_alloc(arena, sizeof(*name));

		*name = abi_syscall_row_name((int)(i / values * 2));
		*arg = (struct filter_arg){.index = i % 6, .operator = FILTER_EQ, .value = 1000 + i};
		rules[i] = (struct filter_rule){.names = name,
						.names_count = 1,
						.action = SECCOMP_RET_ERRNO | (1 + i % 5),
						.args = arg,
						.args_count = 1,
						.where = arena_printf(arena, "/linux/seccomp/syscalls/%u", i)};
	}
	*policy = (struct filter_policy){.default_action = SECCOMP_RET_ALLOW,
					 .bad_arch_action = SECCOMP_RET_KILL_PROCESS,
					 .archs = archs,
					 .archs_count = ARRAY_SIZE(archs),
					 .rules = rules,
					 .rules_count = calls * values};
	return policy;
}

/* Jumps over 255 instructions. */
static void test_big(void **state)
{
	cleanup_arena struct arena arena = ARENA_INIT;
	struct comparison comparison = {.policy = policy_big(&arena, 240, 3), .seed = 9};
	struct err err = ERR_INIT;
	uint32_t stones = 0;

	(void)state;
	assert_int_equal(filter_compile(comparison.policy, &arena, &comparison.ours, &err), 0);
	assert_int_equal(oracle_compile(comparison.policy, &comparison.theirs, &comparison.theirs_count), 0);
	for (uint32_t i = 0; i < comparison.ours.count; i++)
		stones += comparison.ours.instructions[i].code == (BPF_JMP | BPF_JA);
	print_message("# %u instructions, %u long jumps (libseccomp: %u)\n", comparison.ours.count, stones,
		      comparison.theirs_count);
	assert_true(comparison.ours.count > 1500 && stones > 0);
	compare_policy(&comparison);
	assert_true(comparison.theirs_count > FILTER_INSTRUCTIONS_MAX || comparison.compared > 20000);
	free(comparison.theirs);
}

static void test_too_long(void **state)
{
	cleanup_arena struct arena arena = ARENA_INIT;
	const struct filter_policy *policy = policy_big(&arena, 240, 12);
	struct filter_program program;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(filter_compile(policy, &arena, &program, &err), ERR);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.what, "the kernel takes 4096"));
	assert_non_null(strstr(err.why, "12 for "));
	assert_non_null(strstr(err.why, " from /linux/seccomp/syscalls/"));
	assert_non_null(strstr(err.where, "config.json#/linux/seccomp/syscalls/"));
	assert_true(err.fix[0]);
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

struct totals {
	unsigned long compared, differences, refused, refused_by_them, without_oracle;
};

/* big_endian: for machines of that kind alone; the library puts no two kinds into one program. */
static void random_profile(uint64_t seed, bool big_endian, struct totals *totals)
{
	static const uint32_t big[] = {AUDIT_ARCH_S390X, AUDIT_ARCH_S390,  AUDIT_ARCH_PPC,    AUDIT_ARCH_PPC64,
				       AUDIT_ARCH_MIPS,	 AUDIT_ARCH_MIPS64, AUDIT_ARCH_PARISC, AUDIT_ARCH_PARISC64};
	cleanup_arena struct arena arena = ARENA_INIT;
	uint8_t bytes[1024];
	struct source source = {.data = bytes, .size = sizeof(bytes)};
	struct comparison comparison = {.seed = seed};
	struct err err = ERR_INIT;
	bool loses, ok;
	int theirs = -ELOOP;

	source_fill(&comparison.seed, bytes, sizeof(bytes));
	comparison.policy = policy_draw(&source, &arena);
	if (big_endian) {
		struct filter_policy *policy = arena_alloc(&arena, sizeof(*policy));

		*policy = *comparison.policy;
		policy->archs = big + seed / 3 % (ARRAY_SIZE(big) - 1);
		policy->archs_count = 1 + seed / 2 % 2;
		comparison.policy = policy;
	}
	loses = oracle_loses_rules(comparison.policy);
	ok = filter_compile(comparison.policy, &arena, &comparison.ours, &err) == 0;
	if (!loses)
		theirs = oracle_compile(comparison.policy, &comparison.theirs, &comparison.theirs_count);
	totals->refused += !ok;
	totals->without_oracle += loses;
	totals->without_oracle += theirs == -ENODATA;
	totals->refused_by_them += !loses && theirs && theirs != -ENODATA;
	if (!ok && !loses && !theirs) {
		show(&comparison);
		free(comparison.theirs);
		fail_msg("seed %#llx: we refuse what libseccomp takes: %s (%s)", (unsigned long long)seed, err.what,
			 err.why);
	}
	if (ok)
		compare_policy(&comparison);
	free(comparison.theirs);
	totals->compared += comparison.compared;
	totals->differences += comparison.differences;
}

static void test_random(void **state)
{
	unsigned long profiles = setting("FILTER_TEST_PROFILES", PROFILES_DEFAULT);
	uint64_t seed = setting("FILTER_TEST_SEED", 20240917);
	struct totals totals = {0};

	(void)state;
	for (unsigned long i = 0; i < profiles; i++)
		random_profile((seed + i) * 0x9e3779b97f4a7c15u | 1, i % 10 == 9, &totals);
	print_message("# %lu random policies, %lu calls compared; %lu refused by us, %lu by libseccomp; %lu not given to "
		      "it; %lu calls with a known difference\n",
		      profiles, totals.compared, totals.refused, totals.refused_by_them, totals.without_oracle,
		      totals.differences);
}

/* The default of `bulkhead run`, as it is and with capabilities. */
static void test_our_default(void **state)
{
	static const uint64_t capabilities[] = {0, 1u << 12, UINT64_C(0xa80425fb), UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		cleanup_arena struct arena arena = ARENA_INIT;
		cleanup_buf struct buf text = BUF_INIT;
		struct json_writer writer = JSON_WRITER(&text, 0);
		struct comparison comparison = {.seed = 11 + i};
		struct standing_profile profile;
		struct filter_policy policy;
		struct err err = ERR_INIT;

		sandbox_write_seccomp(&writer, capabilities[i]);
		assert_int_equal(standing_read(&arena, "sandbox", text.data, text.length, &profile, &err), 0);
		assert_int_equal(standing_policy(&profile, capabilities[i], &arena, &policy, &err), 0);
		comparison.policy = &policy;
		assert_int_equal(filter_compile(&policy, &arena, &comparison.ours, &err), 0);
		assert_int_equal(oracle_compile(&policy, &comparison.theirs, &comparison.theirs_count), 0);
		compare_policy(&comparison);
		print_message("# %u instructions (libseccomp: %u), %lu calls compared, %lu with a known difference\n",
			      comparison.ours.count, comparison.theirs_count, comparison.compared, comparison.differences);
		assert_true(comparison.ours.count < comparison.theirs_count);
		free(comparison.theirs);
	}
}

static const uint32_t both_archs[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386};

/* Rules for one call, each with one comparison of argument 1. */
static struct filter_policy policy_values(struct arena *arena, const struct filter_arg *args, size_t count)
{
	static const char *const names[] = {"ioctl"};
	struct filter_rule *rules = arena_calloc(arena, count, sizeof(*rules));

	for (size_t i = 0; i < count; i++)
		rules[i] = (struct filter_rule){.names = names,
						.names_count = 1,
						.action = SECCOMP_RET_ERRNO | EPERM,
						.args = &args[i],
						.args_count = 1,
						.where = arena_printf(arena, "/linux/seccomp/syscalls/%zu", i)};
	return (struct filter_policy){.default_action = SECCOMP_RET_ALLOW,
				      .bad_arch_action = SECCOMP_RET_KILL_PROCESS,
				      .archs = both_archs,
				      .archs_count = 1,
				      .rules = rules,
				      .rules_count = count};
}

/* A long list of values of one argument fits where libseccomp's does: what they have in common is tested once. */
static void test_many_values(void **state)
{
	enum { VALUES = 3000 };
	static struct filter_arg args[VALUES];
	cleanup_arena struct arena arena = ARENA_INIT;
	struct filter_policy policy;
	struct comparison comparison = {.policy = &policy, .seed = 7};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < VALUES; i++)
		args[i] = (struct filter_arg){1, FILTER_EQ, i % 3 * 0x100000000 + i * 7, 0};
	policy = policy_values(&arena, args, VALUES);
	assert_int_equal(filter_compile(&policy, &arena, &comparison.ours, &err), 0);
	assert_int_equal(oracle_compile(&policy, &comparison.theirs, &comparison.theirs_count), 0);
	print_message("# %u instructions (libseccomp: %u)\n", comparison.ours.count, comparison.theirs_count);
	for (size_t i = 0; i < VALUES; i++)
		for (int by = -1; by <= 1; by++)
			for (uint64_t high = 0; high < 4; high++) {
				struct seccomp_data data = {.nr = abi_syscall_number(AUDIT_ARCH_X86_64, "ioctl"),
							    .arch = AUDIT_ARCH_X86_64,
							    .args = {0, (uint32_t)(i * 7 + (uint64_t)by) | high << 32}};
				uint32_t is = filter_run(comparison.ours.instructions, &data, NULL);

				if (is != filter_run(comparison.theirs, &data, NULL))
					fail_at(&comparison, &data, is, ~is, "libseccomp");
			}
	assert_true(comparison.ours.count < comparison.theirs_count + 16);
	free(comparison.theirs);
}

/* Two rules that match the same call and say different things. */
static void test_contradiction(void **state)
{
	static const struct filter_arg args[] = {{1, FILTER_EQ, 5, 0}, {1, FILTER_EQ, 5, 0}};
	cleanup_arena struct arena arena = ARENA_INIT;
	struct filter_policy policy = policy_values(&arena, args, 2);
	struct filter_rule rules[2] = {policy.rules[0], policy.rules[1]};
	struct filter_program program;
	struct err err = ERR_INIT;

	(void)state;
	rules[1].action = SECCOMP_RET_KILL_PROCESS;
	policy.rules = rules;
	assert_int_equal(filter_compile(&policy, &arena, &program, &err), ERR);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_string_equal(err.what, "seccomp rules /linux/seccomp/syscalls/0 and /linux/seccomp/syscalls/1 contradict "
				      "each other");
	assert_string_equal(err.where, "config.json#/linux/seccomp/syscalls/1");
	assert_string_equal(err.why, "for ioctl on x86_64 both match the same arguments, and one says SCMP_ACT_ERRNO(EPERM), "
				     "the other SCMP_ACT_KILL_PROCESS");
	assert_true(err.fix[0]);
}

/* A rule that never decides, because one without arguments comes first, before or after it. */
static void test_shadow(void **state)
{
	static const struct filter_arg args[] = {{1, FILTER_EQ, 5, 0}, {1, FILTER_EQ, 6, 0}};
	static const uint32_t archs[] = {ABI_ARCH_NATIVE};
	cleanup_arena struct arena arena = ARENA_INIT;
	struct filter_policy policy = policy_values(&arena, args, 2);
	struct filter_rule rules[2] = {policy.rules[0], policy.rules[1]};
	struct filter_program program;
	struct err err = ERR_INIT;

	(void)state;
	policy.rules = rules;
	policy.archs = archs;
	assert_int_equal(filter_compile(&policy, &arena, &program, &err), 0);
	assert_null(program.shadow.call);
	for (uint32_t plain = 0; plain < 2; plain++) {
		rules[plain].args_count = 0;
		rules[plain].action = SECCOMP_RET_KILL_PROCESS;
		assert_int_equal(filter_compile(&policy, &arena, &program, &err), 0);
		assert_string_equal(program.shadow.call, "ioctl");
		assert_int_equal(program.shadow.rule, 1 - plain);
		assert_int_equal(program.shadow.by, plain);
		/* Of one action: nothing is lost. */
		rules[1 - plain].action = SECCOMP_RET_KILL_PROCESS;
		assert_int_equal(filter_compile(&policy, &arena, &program, &err), 0);
		assert_null(program.shadow.call);
		rules[0] = policy_values(&arena, args, 2).rules[0];
		rules[1] = policy_values(&arena, args, 2).rules[1];
	}
}

/* What to merge is told by pointer, with the rule that stands for both: it says what the two say. */
static void test_merge_advice(void **state)
{
	enum { VALUES = 5000 };
	static struct filter_arg args[VALUES];
	cleanup_arena struct arena arena = ARENA_INIT;
	struct filter_policy policy;
	struct filter_program program;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < VALUES; i++)
		args[i] = (struct filter_arg){1, FILTER_EQ, i * 4, 0};
	args[7].value = 6 * 4 + 1;
	policy = policy_values(&arena, args, VALUES);
	policy.archs_count = 2;
	assert_int_equal(filter_compile(&policy, &arena, &program, &err), ERR);
	assert_non_null(strstr(err.what, "over 4096 seccomp rules with arguments for ioctl"));
	assert_non_null(strstr(err.fix, "/linux/seccomp/syscalls/0 and /linux/seccomp/syscalls/1 are one, with "
					"SCMP_CMP_MASKED_EQ, value 18446744073709551611 and valueTwo 0 for argument 1"));
	assert_non_null(strstr(err.fix, "fewer architectures"));
	/* Nothing to merge: that is told, too. */
	for (size_t i = 0; i < VALUES; i++)
		args[i].value = i * i * 3;
	assert_int_equal(filter_compile(&policy, &arena, &program, &err), ERR);
	assert_non_null(strstr(err.fix, "SCMP_CMP_GE"));
}

/* For every number: what both allow; the profile's error where it refuses; and what the config kills is killed. */
static void test_intersect(void **state)
{
	static const uint32_t archs[] = {AUDIT_ARCH_X86_64};
	static const char *const allowed[] = {"read", "mount", "getpid", "kill"}, *const killed[] = {"mount", "bpf"},
				 *const denied[] = {"kill"};
	const struct filter_rule allow = {.names = allowed, .names_count = 4, .action = SECCOMP_RET_ALLOW},
				 others[] = {{.names = killed, .names_count = 2, .action = SECCOMP_RET_KILL_PROCESS},
					     {.names = denied, .names_count = 1, .action = SECCOMP_RET_ERRNO | EPERM}};
	const struct filter_policy list = {SECCOMP_RET_ERRNO | ENOSYS, SECCOMP_RET_KILL_PROCESS, archs, 1, &allow, 1, NULL, 0,
					   false},
				   config = {SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, archs, 1, others, 2, NULL, 0, false};
	struct arena arena cleanup_arena = ARENA_INIT;
	struct filter_program a, b, both;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(filter_compile(&list, &arena, &a, &err), 0);
	assert_int_equal(filter_compile(&config, &arena, &b, &err), 0);
	assert_int_equal(filter_intersect(&a, &b, &arena, &both, &err), 0);
	for (int number = 0; number < 600; number++) {
		struct seccomp_data data = {.nr = number, .arch = AUDIT_ARCH_X86_64};
		const char *name = abi_syscall_name(AUDIT_ARCH_X86_64, number);
		uint32_t expected = SECCOMP_RET_ERRNO | ENOSYS;

		if (name && (!strcmp(name, "read") || !strcmp(name, "getpid")))
			expected = SECCOMP_RET_ALLOW;
		else if (name && (!strcmp(name, "mount") || !strcmp(name, "bpf")))
			expected = SECCOMP_RET_KILL_PROCESS;
		else if (name && !strcmp(name, "kill"))
			expected = SECCOMP_RET_ERRNO | EPERM;
		assert_int_equal(filter_simulate(both.instructions, both.count, &data, NULL), expected);
	}
}

/* Which arguments a verdict rests on: those of the call's own rule, and none where no rule asks. */
static void test_arguments(void **state)
{
	static const uint32_t archs[] = {AUDIT_ARCH_X86_64};
	static const char *const names[] = {"socket"};
	static const struct filter_arg args[] = {{.index = 0, .operator = FILTER_EQ, .value = 40},
						 {.index = 2, .operator = FILTER_EQ, .value = 7}};
	const struct filter_rule rule = {
		.names = names, .names_count = 1, .action = SECCOMP_RET_ERRNO | EPERM, .args = args, .args_count = 2};
	const struct filter_policy policy = {SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, archs, 1, &rule, 1, NULL, 0, false};
	struct seccomp_data data = {.arch = AUDIT_ARCH_X86_64, .args = {40, 0, 7}};
	struct arena arena cleanup_arena = ARENA_INIT;
	struct filter_program program;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(filter_compile(&policy, &arena, &program, &err), 0);
	data.nr = abi_syscall_number(AUDIT_ARCH_X86_64, "socket");
	assert_int_equal(filter_arguments(program.instructions, &data), 1 << 0 | 1 << 2);
	data.nr = abi_syscall_number(AUDIT_ARCH_X86_64, "read");
	assert_int_equal(filter_arguments(program.instructions, &data), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_docker),
		cmocka_unit_test(test_our_default),
		cmocka_unit_test(test_many_values),
		cmocka_unit_test(test_contradiction),
		cmocka_unit_test(test_shadow),
		cmocka_unit_test(test_merge_advice),
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_intersect),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
