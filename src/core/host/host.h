/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host: what this machine can do, as facts. Read once, before planning; plan/ sees this struct and nothing else of the
 * machine. Tests make their own.
 */
#ifndef BULKHEAD_CORE_HOST_HOST_H
#define BULKHEAD_CORE_HOST_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/types.h"

enum host_cgroup_mode {
	HOST_CGROUP_NONE,
	HOST_CGROUP_V1,	    /* v1 hierarchies alone */
	HOST_CGROUP_HYBRID, /* v1 hierarchies, and a cgroup2 one beside them */
	HOST_CGROUP_V2,	    /* cgroup2 alone */
};

/* One mounted cgroup hierarchy that this process may see. */
struct host_hierarchy {
	bool v2;
	const char *controllers; /* "cpu,cpuacct"; "name=systemd" for a named one; v2: space-separated cgroup.controllers */
	const char *mount_point; /* "/sys/fs/cgroup/cpu" */
	const char *mount_name;	 /* its last component: what it is called inside a container */
	const char *own_path;	 /* this process's cgroup below the mount point: "/", "/user.slice/…" */
	/* Beside which this process, without privilege, may make cgroups that have controllers; NULL: in own_path at most. */
	const char *delegated_path;
};

struct host {
	unsigned int kernel_major, kernel_minor;
	uint32_t uid, gid;	 /* effective */
	uint64_t capabilities;	 /* effective set of this process */
	uint64_t bounding;	 /* its bounding set */
	uint32_t last_capability; /* highest number that the kernel knows */
	bool initial_user_namespace;
	bool setgroups_denied; /* for good, in this user namespace and in those below it */
	bool sys_admin; /* CAP_SYS_ADMIN in the user namespace that owns this mount namespace */

	enum host_cgroup_mode cgroup_mode;
	const struct host_hierarchy *hierarchies;
	size_t hierarchies_count;

	bool apparmor, selinux; /* enabled on this kernel */
	int landlock; /* its ABI; 0: not enabled */
	uint32_t helpers; /* bit per enum helper_id of host/helper.h that is installed; those for the
			   * unprivileged are looked for only without sys_admin */
};

/* Read the facts. Memory from arena. Fails only when /proc cannot be read at all. */
int host_read(struct arena *arena, struct host **ret_host, struct err *err);

/* Kernel at least major.minor? */
bool host_kernel_at_least(const struct host *host, unsigned int major, unsigned int minor);
/* The hierarchy that has a controller ("memory"); NULL when none has. On v2 and hybrids the v1 one is preferred. */
const struct host_hierarchy *host_hierarchy_of(const struct host *host, const char *controller);

#endif
