/* SPDX-License-Identifier: Apache-2.0 */
/* What the child compares before it becomes the program: supplementary groups, planned and read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/types.h"
#include "core/child/parts.h"

#define SAME(planned, actual) \
	child_same_groups(planned, ARRAY_SIZE(planned), actual, ARRAY_SIZE(actual))

static void test_same_in_any_order(void **state)
{
	const struct container_id planned[] = {{1000}, {4}, {27}, {4}}, sorted[] = {{4}, {4}, {27}, {1000}};

	(void)state;
	assert_true(SAME(planned, sorted));
	assert_true(child_same_groups(NULL, 0, NULL, 0));
}

static void test_another_group(void **state)
{
	const struct container_id planned[] = {{4}, {27}}, other[] = {{4}, {0}}, more[] = {{4}, {27}, {0}}, twice[] = {{4}, {4}};

	(void)state;
	assert_false(SAME(planned, other));
	assert_false(SAME(planned, more));
	assert_false(SAME(more, planned));
	assert_false(SAME(planned, twice));
	assert_false(SAME(twice, planned));
}

/* Of the same number, sum, and sum of squares. */
static void test_groups_that_add_up(void **state)
{
	const struct container_id planned[] = {{1}, {5}, {6}}, other[] = {{2}, {3}, {7}};

	(void)state;
	assert_false(SAME(planned, other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_in_any_order),
		cmocka_unit_test(test_another_group),
		cmocka_unit_test(test_groups_that_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
