/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contain: the monitor handles what a container and its visitors send, and so is held as tightly as it can be: no
 * capability, no new one, a filter that opens no file and no network, no memory that is both written and executed,
 * small limits. What it needs is open before.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "abi/arch.h"
#include "base/types.h"
#include "core/filter/filter.h"
#include "kernel/creds.h"
#include "kernel/process.h"
#include "kernel/seccomp.h"
#include "people/monitor/parts.h"

#define DESCRIPTORS_MAX 64

static const char *const plain_calls[] = {
	"read", "write", "close", "lseek", "poll", "ppoll", "accept4", "recvfrom", "recvmsg", "sendto", "sendmsg",
	"getsockopt", "waitid", "rename", "renameat", "renameat2", "ftruncate", "fcntl", "clock_gettime", "clock_nanosleep",
	"exit_group", "exit", "rt_sigprocmask", "rt_sigreturn", "restart_syscall", "brk", "munmap", "mremap", "madvise",
	"futex", "getrandom", "pread64", "pwrite64",
};
static const char *const memory_calls[] = {"mmap", "mprotect"};
static const char *const ioctl_call[] = {"ioctl"};
static const struct filter_arg not_executable = {.index = 2, .operator = FILTER_MASKED_EQ, .value = PROT_EXEC};
static const struct filter_arg window_size = {.index = 1, .operator = FILTER_EQ, .value = TIOCSWINSZ};

static const struct filter_rule rules[] = {
	{.names = plain_calls, .names_count = ARRAY_SIZE(plain_calls), .action = SECCOMP_RET_ALLOW},
	{.names = memory_calls, .names_count = ARRAY_SIZE(memory_calls), .action = SECCOMP_RET_ALLOW,
	 .args = &not_executable, .args_count = 1},
	{.names = ioctl_call, .names_count = 1, .action = SECCOMP_RET_ALLOW, .args = &window_size, .args_count = 1},
};

static int load_filter(struct err *err)
{
	static const uint32_t archs[] = {ABI_ARCH_NATIVE};
	const struct filter_policy policy = {
		.default_action = SECCOMP_RET_ERRNO | EPERM,
		.bad_arch_action = SECCOMP_RET_KILL_PROCESS,
		.archs = archs,
		.archs_count = ARRAY_SIZE(archs),
		.rules = rules,
		.rules_count = ARRAY_SIZE(rules),
		.config_name = "monitor",
	};
	struct arena arena cleanup_arena = ARENA_INIT;
	struct filter_program program;
	int result;

	if (filter_compile(&policy, &arena, &program, err))
		return ERR;
	result = seccomp_load(program.instructions, (uint16_t)program.count, 0);
	return result < 0 ? err_sys(err, result, "seccomp", "cannot contain the monitor") : 0;
}

int contain_self(uint64_t file_size_max, struct err *err)
{
	static const struct creds_capabilities none = {0};
	const struct {
		int resource;
		uint64_t limit;
	} limits[] = {
		{RLIMIT_CORE, 0},
		{RLIMIT_NPROC, 0},
		{RLIMIT_NOFILE, DESCRIPTORS_MAX},
		{RLIMIT_FSIZE, file_size_max},
	};
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(limits) && result == 0; i++)
		result = process_prlimit(0, limits[i].resource, limits[i].limit, limits[i].limit);
	if (result < 0)
		return err_sys(err, result, "prlimit64", "cannot limit the monitor");
	result = process_set_dumpable(false);
	if (result == 0)
		result = creds_set_no_new_privs();
	if (result == 0)
		result = creds_ambient_clear();
	if (result == 0)
		result = creds_set_capabilities(&none);
	if (result < 0)
		return err_sys(err, result, "capset", "cannot take the monitor's capabilities away");
	return load_filter(err);
}
