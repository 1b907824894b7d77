/* SPDX-License-Identifier: Apache-2.0 */
/* cgroups: host/'s own header: which control group hierarchies this process sees. */
#ifndef BULKHEAD_CORE_HOST_CGROUPS_H
#define BULKHEAD_CORE_HOST_CGROUPS_H

#include "core/host/host.h"

/* Fill cgroup_mode and hierarchies from /sys/fs/cgroup, /proc/self/cgroup and, where need be, /proc/self/mountinfo. */
int host_read_cgroups(struct arena *arena, struct host *host, struct err *err);

/* The same from the texts of the two files, which are taken apart in place: for tests. unified_controllers is the text
 * of cgroup.controllers of the cgroup2 hierarchy. */
int host_parse_cgroups(struct arena *arena, struct host *host, char *mountinfo, char *own,
		       const char *unified_controllers, struct err *err);

#endif
