/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/seccomp: see seccomp.h. Loaded by the child, last of all; probed by the runtime. */
#include "kernel/seccomp.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/call.h"

int seccomp_load(const struct sock_filter *instructions, uint16_t count, uint32_t flags)
{
	struct sock_fprog program = {
		.len = count,
		.filter = (struct sock_filter *)(uintptr_t)instructions,
	};

	return kernel_result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

bool seccomp_action_available(uint32_t action)
{
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}
