/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/lsm: a thin layer over system calls; see the header. */
#include "kernel/lsm.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/call.h"

/* The same number on every architecture; older headers lack it. */
#ifndef SYS_lsm_list_modules
#define SYS_lsm_list_modules 461
#endif

int lsm_modules(uint64_t *ret_ids, size_t room)
{
	uint32_t size = (uint32_t)(room * sizeof(*ret_ids));

	return kernel_result(syscall(SYS_lsm_list_modules, ret_ids, &size, 0));
}
