/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: what a system call filter costs: to compile and load it, and then a call whose argument it looks at.
 *
 *   filter CONFIG bulkhead|libseccomp|libseccomp-tree
 *
 * Prints nanoseconds: of compiling and loading the filter of CONFIG's linux.seccomp, whose rules are in memory already, and
 * of one personality(0xffffffff), the mean of many. Built twice: against this project's core with the C library of
 * bulkhead-oci, and, with -DPEER, against libseccomp with its own; libseccomp-tree has SCMP_FLTATR_CTL_OPTIMIZE at 2.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/engine/engine.h"
#include "core/filter/filter.h"
#include "core/plan/plan.h"
#ifdef PEER
#include <dlfcn.h>
#include <seccomp.h>

#include "abi/arch.h"
#endif

#define CALLS 20000

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static _Noreturn void stop(const char *what)
{
	fprintf(stderr, "filter: cannot %s\n", what);
	exit(1);
}

static struct filter_policy read_policy(struct arena *arena, const char *path)
{
	const struct oci_config *config;
	struct filter_policy policy;
	struct err err = ERR_INIT;
	const char *text;
	size_t size;

	if (engine_read_file(arena, path, path, OCI_CONFIG_SIZE_MAX, &text, &size, &err) ||
	    oci_config_read(arena, path, text, size, &config, &err) ||
	    plan_filter_policy(&config->linux.seccomp, path, arena, &policy, &err))
		stop("read the config");
	return policy;
}

#ifdef PEER

static const enum scmp_compare operators[] = {
	[FILTER_NE] = SCMP_CMP_NE, [FILTER_LT] = SCMP_CMP_LT, [FILTER_LE] = SCMP_CMP_LE,
	[FILTER_EQ] = SCMP_CMP_EQ, [FILTER_GE] = SCMP_CMP_GE, [FILTER_GT] = SCMP_CMP_GT,
	[FILTER_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

static void add_rule(scmp_filter_ctx context, const struct filter_rule *rule)
{
	struct scmp_arg_cmp args[6];

	for (size_t i = 0; i < rule->args_count; i++)
		args[i] = (struct scmp_arg_cmp){.arg = rule->args[i].index,
						.op = operators[rule->args[i].operator],
						.datum_a = rule->args[i].value,
						.datum_b = rule->args[i].value_two};
	for (size_t i = 0; i < rule->names_count; i++) {
		int number = seccomp_syscall_resolve_name(rule->names[i]);

		if (number != __NR_SCMP_ERROR &&
		    seccomp_rule_add_array(context, rule->action, number, (unsigned int)rule->args_count, args) < 0)
			stop("add a rule");
	}
}

/* As the other runtimes do it. */
static void compile_and_load(const struct filter_policy *policy, const char *kind)
{
	scmp_filter_ctx context = seccomp_init(policy->default_action);
	int (*load)(scmp_filter_ctx context);

	for (size_t i = 0; i < policy->archs_count; i++)
		seccomp_arch_add(context, policy->archs[i] == ABI_ARCH_X32 ? SCMP_ARCH_X32 : policy->archs[i]);
	if (strcmp(kind, "libseccomp-tree") == 0 && seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
		stop("ask for a tree");
	for (size_t i = 0; i < policy->rules_count; i++)
		if (policy->rules[i].action != policy->default_action)
			add_rule(context, &policy->rules[i]);
	/* The core has a function of this name, too. */
	*(void **)&load = dlsym(RTLD_NEXT, "seccomp_load");
	if (!load || load(context) < 0)
		stop("load the filter");
	seccomp_release(context);
}

#else

static void compile_and_load(const struct filter_policy *policy, const char *kind)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct filter_program program;
	struct err err = ERR_INIT;

	(void)kind;
	if (filter_compile(policy, &arena, &program, &err))
		stop("compile the filter");
	const struct sock_fprog loaded = {.len = (unsigned short)program.count, .filter = program.instructions};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &loaded) != 0)
		stop("load the filter");
}

#endif

/* Without a C library's wrapper: the two builds have different ones, and the difference counts. */
static void call(void)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(SYS_personality), "D"(0xffffffffUL) : "rcx", "r11", "memory");
#else
	syscall(SYS_personality, 0xffffffffUL);
#endif
}

int main(int argc, char **argv)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	uint64_t start, loaded;

	if (argc != 3) {
		fprintf(stderr, "usage: filter CONFIG bulkhead|libseccomp|libseccomp-tree\n");
		return 2;
	}
	const struct filter_policy policy = read_policy(&arena, argv[1]);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		stop("give up gaining privileges");
	start = now();
	compile_and_load(&policy, argv[2]);
	loaded = now();
	for (int i = 0; i < CALLS; i++)
		call();
	printf("%llu %llu\n", (unsigned long long)(loaded - start), (unsigned long long)((now() - loaded) / CALLS));
	return 0;
}
