/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/landlock: see landlock.h. Loaded by the child; the version is asked by the runtime. */
#include "kernel/landlock.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/landlock.h"
#include "kernel/call.h"

int landlock_abi(void)
{
	return kernel_result(syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

int landlock_create(uint64_t handled_fs, uint64_t handled_net, uint64_t scoped)
{
	struct abi_landlock_ruleset ruleset = {
		.handled_access_fs = handled_fs, .handled_access_net = handled_net, .scoped = scoped};
	/* An older kernel refuses a member that it does not know, unless it is zero. */
	return kernel_result(syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0));
}

int landlock_allow_path(int ruleset_fd, int path_fd, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = path_fd};

	return kernel_result(syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
}

int landlock_allow_port(int ruleset_fd, uint64_t port, uint64_t access)
{
	struct abi_landlock_port rule = {.allowed_access = access, .port = port};

	return kernel_result(syscall(SYS_landlock_add_rule, ruleset_fd, ABI_LANDLOCK_RULE_NET_PORT, &rule, 0));
}

int landlock_restrict(int ruleset_fd, int log)
{
	return kernel_result(syscall(SYS_landlock_restrict_self, ruleset_fd,
				     log ? LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON : 0));
}
