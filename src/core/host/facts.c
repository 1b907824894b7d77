/* SPDX-License-Identifier: Apache-2.0 */
/* facts: what follows from the facts of a machine, and the table of programs outside this binary. Pure, for plan/. */
#include <string.h>

#include "core/host/helper.h"
#include "core/host/host.h"

const struct helper helpers[HELPER_COUNT] = {
	[HELPER_SYSTEMD] = {BULKHEAD_LIBEXECDIR "/bulkhead-systemd", "the systemd cgroup driver",
			    "leave out --systemd-cgroup, so that the cgroup is made in the file system"},
	[HELPER_OBSERVE] = {BULKHEAD_LIBEXECDIR "/bulkhead-observe", "watching system calls",
			    "install it: make install; it stands beside bulkhead in the build directory"},
	[HELPER_UNPACK] = {BULKHEAD_LIBEXECDIR "/bulkhead-unpack", "unpacking archives",
			   "install it: make install; or unpack the archive into a directory and name that"},
	[HELPER_NEWUIDMAP] = {"/usr/bin/newuidmap", "mapping more than one user id without privilege",
			      "install Debian's package uidmap, or map only your own id, with a size of 1"},
	[HELPER_NEWGIDMAP] = {"/usr/bin/newgidmap", "mapping more than one group id without privilege",
			      "install Debian's package uidmap, or map only your own group, with a size of 1"},
	[HELPER_CRIU] = {"/usr/sbin/criu", "checkpoint and restore", "install Debian's package criu"},
};

bool host_kernel_at_least(const struct host *host, unsigned int major, unsigned int minor)
{
	return host->kernel_major > major || (host->kernel_major == major && host->kernel_minor >= minor);
}

/* Is controller one of the words of list, which is separated by commas (v1) or blanks (v2)? */
static bool has_controller(const char *list, const char *controller)
{
	size_t length = strlen(controller);

	for (const char *at = list; *at;) {
		size_t word = strcspn(at, ", ");

		if (word == length && memcmp(at, controller, length) == 0)
			return true;
		at += word;
		at += *at ? 1 : 0;
	}
	return false;
}

const struct host_hierarchy *host_hierarchy_of(const struct host *host, const char *controller)
{
	const struct host_hierarchy *found = NULL;

	for (size_t i = 0; i < host->hierarchies_count; i++) {
		const struct host_hierarchy *hierarchy = &host->hierarchies[i];

		if (has_controller(hierarchy->controllers, controller) && (!found || found->v2))
			found = hierarchy;
	}
	return found;
}
