/* SPDX-License-Identifier: Apache-2.0 */
/* abi/mount: mount(2), mount_setattr(2), move_mount(2) and their relatives: <linux/mount.h>, and the numbers that older
 * kernel headers or musl lack. Never together with the C library's <sys/mount.h>, which defines the same names. */
#ifndef BULKHEAD_ABI_MOUNT_H
#define BULKHEAD_ABI_MOUNT_H

#include <linux/mount.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000
#endif
#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
/* Linux 6.5 */
#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x00000200
#endif

#endif
