/* SPDX-License-Identifier: Apache-2.0 */
/*
 * helper: programs that do what a small static binary cannot or must not. Each has one absolute path (threats D10):
 * nothing is searched in $PATH. A missing one is an error only where its feature is asked for. `bulkhead`, which is for
 * people, runs from its build directory as well, and then takes those of the same build.
 */
#ifndef BULKHEAD_CORE_HOST_HELPER_H
#define BULKHEAD_CORE_HOST_HELPER_H

#include <stdbool.h>
#include <stddef.h>

#ifndef BULKHEAD_LIBEXECDIR
#define BULKHEAD_LIBEXECDIR "/usr/libexec/bulkhead"
#endif

enum helper_id {
	HELPER_SYSTEMD,	  /* cgroups through systemd's D-Bus interface */
	HELPER_OBSERVE,	  /* BPF programs that watch system calls, for explain */
	HELPER_UNPACK,	  /* archives, for sources of `bulkhead run` and for `cp -` */
	HELPER_NEWUIDMAP, /* newuidmap(1), newgidmap(1): ranges of /etc/subuid and /etc/subgid */
	HELPER_NEWGIDMAP,
	HELPER_CRIU,	  /* criu(8): checkpoint and restore */
	HELPER_COUNT
};

struct helper {
	const char *path;    /* absolute */
	const char *purpose; /* "the systemd cgroup driver" */
	const char *fix;     /* how to get it, or how to do without */
};

extern const struct helper helpers[HELPER_COUNT];

/* Is it there and executable? */
bool helper_present(enum helper_id id);
/* Where the helper of the same build is: beside this very program, written to buf, when it was not installed; else its own
 * path. It need not be there. */
const char *helper_find(enum helper_id id, char *buf, size_t size);

#endif
