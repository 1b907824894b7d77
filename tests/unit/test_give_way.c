/* SPDX-License-Identifier: Apache-2.0 */
/* Making way for a child on another CPU must leave no trace: neither the caller nor the child may run elsewhere than before. */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "kernel/process.h"

static cpu_set_t cpus_of(pid_t pid)
{
	cpu_set_t cpus;

	assert_int_equal(sched_getaffinity(pid, sizeof(cpus), &cpus), 0);
	return cpus;
}

/* A child that waits, for each of `times`: which CPU it gets is the kernel's choice, and each way through is to be had. */
static void give_way_to_children(int times)
{
	cpu_set_t before = cpus_of(0), after;

	for (int i = 0; i < times; i++) {
		int pidfd cleanup_fd = -EBADF, status = 0;
		uint64_t cpu;
		pid_t child = process_clone(0, -EBADF, &pidfd);

		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		assert_true(child > 0);
		assert_int_equal(process_stat_number(child, PROCESS_STAT_PROCESSOR, &cpu), 0);
		process_give_way(cpu);
		after = cpus_of(0);
		assert_true(CPU_EQUAL(&before, &after));
		after = cpus_of(child);
		assert_true(CPU_EQUAL(&before, &after));
		assert_int_equal(process_pidfd_signal(pidfd, SIGKILL), 0);
		assert_int_equal(process_pidfd_wait(pidfd, &status), 0);
	}
}

static void test_all_cpus(void **state)
{
	(void)state;
	give_way_to_children(50);
}

static void test_one_cpu(void **state)
{
	cpu_set_t all = cpus_of(0), one;

	(void)state;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	give_way_to_children(5);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

static void test_no_such_cpu(void **state)
{
	cpu_set_t before = cpus_of(0), after;

	(void)state;
	process_give_way(UINT64_MAX);
	after = cpus_of(0);
	assert_true(CPU_EQUAL(&before, &after));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_cpus),
		cmocka_unit_test(test_one_cpu),
		cmocka_unit_test(test_no_such_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
