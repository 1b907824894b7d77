/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy: files into a container and out of it. Two processes, each with the power of its own side alone:
 *
 *   the verb ── socket, frames of limited size ── the inside process
 *   the caller's credentials, the host's paths     the container's user and mount namespaces, its user's ids, and of its
 *                                                  capabilities those for files; the root pinned, each path by openat2
 *
 * One sends, the other receives; both run the same code, and neither believes the other: a name is one component, what is
 * made is made new and put into place by rename, no link is followed below what was named. Nothing of the container is
 * executed, loaded or looked up as a user's name (threats D1, D6). Only files, directories and symlinks are copied. An
 * archive that goes in is read by a third process, bulkhead-unpack, which takes the verb's end of the socket.
 */
#ifndef BULKHEAD_PEOPLE_COPY_COPY_H
#define BULKHEAD_PEOPLE_COPY_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/types.h"

/* Where the container's files are. */
struct copy_container {
	int pidfd;	    /* of its process, in whose namespaces they are; -EBADF when it has ended */
	bool user_namespace; /* it has one of its own */
	const char *rootfs; /* of one that has ended: its root directory on the host */
	struct container_id uid, gid; /* whose is what is made there */
};

struct copy_request {
	struct copy_container container;
	const char *container_path, *host_path; /* host_path: NULL for an archive on a standard stream */
	bool out;     /* from the container to the host */
	bool archive; /* owners are kept, as the numbers that the container has */
	bool follow;  /* a symlink that is named is followed */
};

/* What there was and was not copied: sockets, devices, pipes. */
struct copy_left_out {
	uint64_t count;
	char first[256];
};

/* Until it returns, signals that end a process end the copying first: *ret_signal is then the number of one, else 0.
 * Errors: ERR_USAGE where the two paths do not fit together, ERR_KERNEL otherwise; what was copied by then stays. */
int copy_run(const struct copy_request *request, struct copy_left_out *ret_left_out, int *ret_signal, struct err *err);

#endif
