/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/lsm: which security modules are active (lsm_list_modules(2), Linux 6.8). -errno. */
#ifndef BULKHEAD_KERNEL_LSM_H
#define BULKHEAD_KERNEL_LSM_H

#include <stddef.h>
#include <stdint.h>

/* Their numbers, LSM_ID_… of <linux/lsm.h>; returns how many, -ENOSYS before Linux 6.8, -E2BIG when room is too small. */
int lsm_modules(uint64_t *ret_ids, size_t room);

#endif
