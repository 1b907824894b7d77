/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/namespace: setns, unshare, names, the loopback device; user namespaces made for their id maps. -errno. */
#ifndef BULKHEAD_KERNEL_NAMESPACE_H
#define BULKHEAD_KERNEL_NAMESPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/types.h"

int namespace_join(int ns_fd, uint64_t clone_flag); /* setns(2); clone_flag 0: any kind; a pidfd takes several flags */
int namespace_unshare(uint64_t clone_flags);
/* CLONE_NEW… of an ns fd (NS_GET_NSTYPE), or -errno: -ENOTTY when it is no namespace file. */
int64_t namespace_type(int ns_fd);
int namespace_set_hostname(const char *name);
int namespace_set_domainname(const char *name);
int namespace_loopback_up(void);

/* Write uid_map, gid_map (and setgroups "deny" first when asked) of process pid below proc_fd, the host's /proc. At
 * most 340 lines each. */
int namespace_write_maps(int proc_fd, pid_t pid, const struct id_maps *uid, const struct id_maps *gid,
			 int deny_setgroups);
/* A new user namespace with these maps, held by the returned fd alone: for idmapped mounts. Uses a short-lived process. */
int namespace_user_for_maps(const struct id_maps *uid, const struct id_maps *gid);

/* uid_map, gid_map and setgroups of a user namespace, as this process's own sees them: "0 100000 65536\n…". They are
 * files of a process, so that a short-lived one joins it. -EPERM without CAP_SYS_ADMIN in it. */
#define NAMESPACE_MAP_SIZE 32768
struct namespace_user {
	char uid_map[NAMESPACE_MAP_SIZE], gid_map[NAMESPACE_MAP_SIZE];
	bool setgroups_denied;
};
int namespace_read_user(int ns_fd, struct namespace_user *ret);
/* Who made it (NS_GET_OWNER_UID): 0 or -errno. */
int namespace_owner(int user_ns_fd, uint32_t *ret_uid);

#endif
