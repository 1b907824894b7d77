/* SPDX-License-Identifier: Apache-2.0 */
/* call: kernel/'s own header: the one place where errno becomes -errno. */
#ifndef BULKHEAD_KERNEL_CALL_H
#define BULKHEAD_KERNEL_CALL_H

#include <errno.h>

static inline int kernel_result(long result)
{
	return result < 0 ? -errno : (int)result;
}

#endif
