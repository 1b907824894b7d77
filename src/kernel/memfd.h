/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/memfd: a sealed copy of a file in memory, and executing it (memfd_create(2), fcntl(2) F_ADD_SEALS). -errno. */
#ifndef BULKHEAD_KERNEL_MEMFD_H
#define BULKHEAD_KERNEL_MEMFD_H

#include <stdbool.h>
#include <stddef.h>

/* Copy source_fd, of a program what of it is mapped when it runs; all seals set, executable, CLOEXEC. */
int memfd_sealed_copy(int source_fd, const char *name);
/* Is fd a memfd with all of F_SEAL_SEAL, SHRINK, GROW and WRITE? */
bool memfd_is_sealed(int fd);
/* A file in memory that holds data and stands at its beginning; not executable, CLOEXEC. */
int memfd_with_data(const void *data, size_t size, const char *name);
/* execveat(fd, "", AT_EMPTY_PATH). */
int memfd_exec(int fd, char *const argv[], char *const envp[]);

#endif
