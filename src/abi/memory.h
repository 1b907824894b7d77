/* SPDX-License-Identifier: Apache-2.0 */
/* abi/memory: flags of memfd_create(2) and modes of set_mempolicy(2) that older kernel headers lack. */
#ifndef BULKHEAD_ABI_MEMORY_H
#define BULKHEAD_ABI_MEMORY_H

#include <linux/memfd.h>
#include <linux/mempolicy.h>

/* Linux 6.3 */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* Linux 6.9. An enum in the kernel's header, so that #ifndef cannot tell: a name of our own. */
#define ABI_MPOL_WEIGHTED_INTERLEAVE 6

#endif
