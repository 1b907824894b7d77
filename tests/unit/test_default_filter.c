/* SPDX-License-Identifier: Apache-2.0 */
/* The filter that was compiled when the program was built is the one that its profile gives now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/filter/filter.h"
#include "core/oci/config.h"
#include "core/plan/plan.h"
#include "people/sandbox/sandbox.h"

static void test_same_as_compiled_now(void **state)
{
	const struct filter_program *built = sandbox_default_filter();
	static const char *const command[] = {"true", NULL};
	const struct sandbox sandbox = {.kind = SANDBOX_HOST, .id = "one", .command = command, .spell_filter = true};
	struct arena arena cleanup_arena = ARENA_INIT;
	struct sandbox_result result;
	const struct oci_config *config;
	struct filter_program compiled;
	struct filter_policy policy;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(sandbox_configure(&arena, &sandbox, &result, &err), 0);
	assert_null(result.filter);
	assert_int_equal(oci_config_read(&arena, "config", result.config.data, result.config.length, &config, &err), 0);
	assert_true(config->linux.seccomp.present);
	assert_int_equal(plan_filter_policy(&config->linux.seccomp, "config", &arena, &policy, &err), 0);
	assert_int_equal(filter_compile(&policy, &arena, &compiled, &err), 0);
	assert_int_equal(built->count, compiled.count);
	assert_memory_equal(built->instructions, compiled.instructions, built->count * sizeof(*built->instructions));
	buf_done(&result.config);
}

/* A filter of its own for who asks for more, or less. */
static void test_only_for_the_default(void **state)
{
	static const char *const command[] = {"true", NULL};
	const struct sandbox sandboxes[] = {
		{.kind = SANDBOX_HOST, .id = "one", .command = command},
		{.kind = SANDBOX_HOST, .id = "one", .command = command, .capabilities = 1},
		{.kind = SANDBOX_HOST, .id = "one", .command = command, .seccomp_unconfined = true},
		{.kind = SANDBOX_HOST, .id = "one", .command = command, .seccomp = "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sandboxes) / sizeof(*sandboxes); i++) {
		struct arena arena cleanup_arena = ARENA_INIT;
		struct sandbox_result result;
		struct err err = ERR_INIT;

		assert_int_equal(sandbox_configure(&arena, &sandboxes[i], &result, &err), 0);
		assert_int_equal(result.filter == sandbox_default_filter(), i == 0);
		buf_done(&result.config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_as_compiled_now),
		cmocka_unit_test(test_only_for_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
