/* SPDX-License-Identifier: Apache-2.0 */
/* abi/landlock: what older kernel headers lack of landlock(7). The number is the ABI that brought it. */
#ifndef BULKHEAD_ABI_LANDLOCK_H
#define BULKHEAD_ABI_LANDLOCK_H

#include <linux/landlock.h>
#include <stdint.h>

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13) /* 2 */
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* 3 */
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP	(1ULL << 0) /* 4 */
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15) /* 5 */
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0) /* 6 */
#define LANDLOCK_SCOPE_SIGNAL		    (1ULL << 1)
#endif
#ifndef LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON
#define LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON (1U << 1) /* 7 */
#endif

/* struct landlock_ruleset_attr of ABI 6, and landlock_net_port_attr; a kernel takes the part that it knows. */
struct abi_landlock_ruleset {
	uint64_t handled_access_fs, handled_access_net, scoped;
};
struct abi_landlock_port {
	uint64_t allowed_access, port;
};
#define ABI_LANDLOCK_RULE_NET_PORT 2

#endif
