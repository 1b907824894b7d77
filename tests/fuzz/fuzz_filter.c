/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_filter: bytes → a policy → a program. The program must pass the check that the kernel makes, and its verdicts
 * must be those of the plain interpreter in tests/unit/filter_support.c. The same bytes, taken as a program, must not
 * trouble the checker, the simulator and the disassembler.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/filter_support.h"
#include "abi/arch.h"
#include "abi/syscalls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_filter: %s\n", what);
	abort();
}

static void ask(const struct filter_policy *policy, const struct filter_program *program,
		const struct seccomp_data *data)
{
	cleanup_arena struct arena arena = ARENA_INIT;
	struct reference reference;
	uint32_t at, action = filter_simulate(program->instructions, program->count, data, &at), by_policy, rule;
	struct err err;

	reference_ask(policy, data, &reference);
	require(reference_allows(&reference, action), "the program's verdict is none of the policy's");
	require(filter_rule_for(policy, data, &arena, &by_policy, &rule, &err) == 0, "filter_rule_for fails");
	require(by_policy == action, "filter_rule_for and the program disagree");
	if (rule != FILTER_NO_RULE)
		require(reference_rule_matches(policy, rule, data), "filter_rule_for names a rule that does not match");
	rule = program->rule_of[at];
	if (rule != FILTER_NO_RULE)
		require(reference_rule_matches(policy, rule, data), "rule_of names a rule that does not match");
}

static void try_policy(const uint8_t *bytes, size_t size)
{
	cleanup_arena struct arena arena = ARENA_INIT;
	struct source source = {.data = bytes, .size = size};
	const struct filter_policy *policy = policy_draw(&source, &arena);
	struct filter_program program;
	uint64_t seed = 1 + size;
	struct err err = ERR_INIT;

	if (filter_compile(policy, &arena, &program, &err) < 0) {
		require(err.kind == ERR_CONFIG && err.what[0] && err.why[0], "an error without kind or reason");
		return;
	}
	require(filter_check(program.instructions, program.count, &err) == 0, err.what);
	for (size_t i = 0; i < policy->rules_count; i++) {
		for (size_t n = 0; n < policy->rules[i].names_count; n++) {
			uint32_t arch = policy->archs[i % policy->archs_count];
			int number = abi_syscall_number(arch, policy->rules[i].names[n]);
			struct seccomp_data data = {.nr = number + (int)(n % 2),
						    .arch = arch == ABI_ARCH_X32 ? AUDIT_ARCH_X86_64 : arch};

			for (int sample = 0; sample < 8; sample++) {
				reference_draw_args(policy, &seed, &data);
				ask(policy, &program, &data);
			}
		}
	}
}

static void try_program(const uint8_t *bytes, size_t size)
{
	struct sock_filter code[64];
	uint32_t count = (uint32_t)(size / sizeof(*code) < 64 ? size / sizeof(*code) : 64);
	struct seccomp_data data = {.nr = 1, .arch = AUDIT_ARCH_X86_64, .args = {1, 2, 3, 4, 5, 6}};
	cleanup_buf struct buf text = BUF_INIT;

	memcpy(code, bytes, count * sizeof(*code));
	filter_simulate(code, count, &data, NULL);
	filter_disassemble(code, count, &text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_policy(data, size);
	try_program(data, size);
	return 0;
}
