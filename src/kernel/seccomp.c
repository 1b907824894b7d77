/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/seccomp: see seccomp.h. Loaded by the child, last of all; probed by the runtime. */
#include "kernel/seccomp.h"

#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/call.h"

/* Linux 6.6 */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

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

int seccomp_wake_here(int listener_fd)
{
	return kernel_result(ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP));
}

int seccomp_receive(int listener_fd, struct seccomp_notif *ret)
{
	/* The kernel refuses what is not zero. */
	memset(ret, 0, sizeof(*ret));
	return kernel_result(ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, ret));
}

bool seccomp_still_waits(int listener_fd, uint64_t id)
{
	return ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

int seccomp_continue(int listener_fd, uint64_t id)
{
	struct seccomp_notif_resp answer = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};

	return kernel_result(ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, &answer));
}
