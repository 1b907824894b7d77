/* SPDX-License-Identifier: Apache-2.0 */
/* helper: the table of programs outside this binary, and whether they are installed. Runs none of them. */
#include "core/host/helper.h"

#include <fcntl.h>
#include <unistd.h>

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

bool helper_present(enum helper_id id)
{
	return faccessat(AT_FDCWD, helpers[id].path, X_OK, AT_EACCESS) == 0;
}
