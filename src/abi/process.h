/* SPDX-License-Identifier: Apache-2.0 */
/* abi/process: numbers of waitid(2), close_range(2), prctl(2) and clone3(2) that musl's headers or older kernel
 * headers lack. */
#ifndef BULKHEAD_ABI_PROCESS_H
#define BULKHEAD_ABI_PROCESS_H

#include <linux/close_range.h>
#include <linux/sched.h>

/* idtype_t of waitid(2): an enum in glibc, so that #ifndef cannot tell: a name of our own. */
#define ABI_P_PIDFD 3

#endif
