/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protect: this program runs from a sealed copy of itself in memory, so that no container can write to the host's file
 * through /proc/PID/exe (threats D4, CVE-2019-5736). The mark that this has been done is the file itself: /proc/self/exe
 * is a memfd with all seals, or lies on a read-only mount; an environment variable could be forged.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/memfd.h"
#include "kernel/mount.h"

/* No one can write through a read-only mount; a detached one cannot be remounted by path. */
static bool is_read_only(int fd)
{
	struct statvfs status;

	return fstatvfs(fd, &status) == 0 && (status.f_flag & ST_RDONLY);
}

/* Returns only on failure. */
static void exec_read_only_mount(char *const argv[])
{
	int tree_fd cleanup_fd = mount_open_tree(AT_FDCWD, "/proc/self/exe", 0);

	if (tree_fd >= 0 && mount_setattr_fd(tree_fd, MOUNT_ATTR_RDONLY, 0, 0, false) == 0)
		memfd_exec(tree_fd, argv, environ);
}

int engine_protect_self(char *const argv[], void (*warn)(const char *text), struct err *err)
{
	int self_fd cleanup_fd = openat(AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC), copy_fd cleanup_fd = -EBADF;

	if (self_fd < 0) {
		err_sys(err, errno, "openat", "cannot open this program through /proc/self/exe");
		return err_fix(err, "mount a procfs on /proc");
	}
	if (memfd_is_sealed(self_fd) || is_read_only(self_fd))
		return 0;
	copy_fd = memfd_sealed_copy(self_fd, "bulkhead");
	if (copy_fd >= 0)
		memfd_exec(copy_fd, argv, environ);
	/* vm.memfd_noexec=2 forbids executable copies in memory. */
	exec_read_only_mount(argv);
	if (faccessat(AT_FDCWD, "/proc/self/exe", W_OK, AT_EACCESS) == 0) {
		err_set(err, ERR_UNSUPPORTED, "this program cannot be protected from containers, and its user may write to it");
		err_why(err, "neither a sealed copy in memory nor a read-only mount of it can be executed here");
		return err_fix(err, "set the sysctl vm.memfd_noexec to 0 or 1, or let the program's file belong to another user");
	}
	if (warn)
		warn("this program could not be protected from containers: neither a sealed copy in memory "
		     "(sysctl vm.memfd_noexec) nor a read-only mount of it can be executed here");
	return 0;
}
