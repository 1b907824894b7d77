/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/seccomp: seccomp(2). -errno. */
#ifndef BULKHEAD_KERNEL_SECCOMP_H
#define BULKHEAD_KERNEL_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/* Load a filter. flags: SECCOMP_FILTER_FLAG_…; with NEW_LISTENER the notification fd (>= 0) is returned, else 0. */
int seccomp_load(const struct sock_filter *instructions, uint16_t count, uint32_t flags);
bool seccomp_action_available(uint32_t action);

#endif
