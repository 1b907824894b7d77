/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/memfd: see memfd.h. Runs in the runtime, before anything of a container exists. */
#include "kernel/memfd.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/memory.h"
#include "base/fd.h"
#include "kernel/call.h"

#define SEGMENTS_MAX 32
#define COPY_MAX     ((size_t)1 << 30)
#define SEALS	     (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Of a program: as far as the kernel maps it. Behind that are its names and what debuggers read. */
static size_t size_that_runs(int fd)
{
	ElfW(Phdr) headers[SEGMENTS_MAX];
	ElfW(Ehdr) program;
	size_t size = 0;

	if (pread(fd, &program, sizeof(program), 0) != (ssize_t)sizeof(program) ||
	    memcmp(program.e_ident, ELFMAG, SELFMAG) != 0 || program.e_phentsize != sizeof(*headers) ||
	    program.e_phnum > SEGMENTS_MAX ||
	    pread(fd, headers, sizeof(*headers) * program.e_phnum, (off_t)program.e_phoff) !=
		    (ssize_t)(sizeof(*headers) * program.e_phnum))
		return COPY_MAX;
	for (size_t i = 0; i < program.e_phnum; i++)
		if (headers[i].p_offset + headers[i].p_filesz > size)
			size = headers[i].p_offset + headers[i].p_filesz;
	return size && size < COPY_MAX ? size : COPY_MAX;
}

int memfd_sealed_copy(int source_fd, const char *name)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	cleanup_fd int fd = kernel_result(syscall(SYS_memfd_create, name, flags | MFD_EXEC));
	size_t rest = size_that_runs(source_fd);
	off_t offset = 0;
	int result;

	/* Before Linux 6.3 every memfd is executable and the flag is unknown. */
	if (fd == -EINVAL)
		fd = kernel_result(syscall(SYS_memfd_create, name, flags));
	if (fd < 0)
		return fd;
	while (rest > 0) {
		ssize_t copied = sendfile(fd, source_fd, &offset, rest);

		if (copied < 0 && errno == EINTR)
			continue;
		if (copied < 0)
			return -errno;
		if (copied == 0)
			break;
		rest -= (size_t)copied;
	}
	result = kernel_result(fchmod(fd, 0555));
	if (result == 0)
		result = kernel_result(fcntl(fd, F_ADD_SEALS, SEALS));
	return result < 0 ? result : fd_take(&fd);
}

bool memfd_is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS;
}

int memfd_with_data(const void *data, size_t size, const char *name)
{
	cleanup_fd int fd = kernel_result(syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_NOEXEC_SEAL));
	int result;

	/* Linux before 6.3 */
	if (fd == -EINVAL)
		fd = kernel_result(syscall(SYS_memfd_create, name, MFD_CLOEXEC));
	if (fd < 0)
		return fd;
	result = fd_write_all(fd, data, size);
	if (result == 0 && lseek(fd, 0, SEEK_SET) < 0)
		result = -errno;
	return result < 0 ? result : fd_take(&fd);
}

int memfd_exec(int fd, char *const argv[], char *const envp[])
{
	return kernel_result(syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH));
}
