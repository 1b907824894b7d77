/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/seccomp: seccomp(2). -errno. */
#ifndef BULKHEAD_KERNEL_SECCOMP_H
#define BULKHEAD_KERNEL_SECCOMP_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* Load a filter. flags: SECCOMP_FILTER_FLAG_…; with NEW_LISTENER the notification fd (>= 0) is returned, else 0. */
int seccomp_load(const struct sock_filter *instructions, uint16_t count, uint32_t flags);
bool seccomp_action_available(uint32_t action);

/* ---- the other end of a listener: calls that wait for an answer ---- */

/* The watched run on the watcher's processor while they wait: several times faster. -EINVAL before Linux 6.6. */
int seccomp_wake_here(int listener_fd);
/* Wait for the next one. -ENOENT: it is gone meanwhile, or nobody is left. */
int seccomp_receive(int listener_fd, struct seccomp_notif *ret);
/* Does it still wait? Its process may be gone, and what was read of it be another's. */
bool seccomp_still_waits(int listener_fd, uint64_t id);
/* Let the kernel carry it out as if nobody had looked. */
int seccomp_continue(int listener_fd, uint64_t id);

#endif
