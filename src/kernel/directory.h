/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/directory: getdents64(2), for code that may not allocate and so has no readdir(3). -errno. */
#ifndef BULKHEAD_KERNEL_DIRECTORY_H
#define BULKHEAD_KERNEL_DIRECTORY_H

#include <stddef.h>

/* Entries of one directory, a buffer at a time; {.fd = …} begins. The fd stays the caller's. */
struct directory {
	int fd;
	size_t at, length;
	_Alignas(8) char entries[2048];
};

/* The next name, without "." and "..", good until the next call; NULL at the end. 0 or -errno. */
int directory_next(struct directory *directory, const char **ret_name);

#endif
