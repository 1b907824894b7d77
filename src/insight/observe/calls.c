/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe/calls: which arguments of a system call are paths, descriptors and addresses, and which errors of it are
 * refusals by some policy and not everyday answers. Data; numbers are 1 + the argument's index.
 */
#include "insight/observe/observe.h"

#include <errno.h>
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/types.h"

#define E(number) (UINT64_C(1) << (number))

const uint64_t observe_errors_always = E(EPERM) | E(EACCES) | E(EROFS) | E(ENOSYS);

#define FORK (E(EAGAIN) | E(ENOMEM) | E(ENOSPC) | E(EINVAL))
#define EXEC (E(ENOENT) | E(ENOEXEC) | E(EAGAIN) | E(E2BIG) | E(ETXTBSY) | E(ELOOP) | E(ENOMEM))
#define ID (E(EINVAL) | E(EAGAIN))
#define FILES (E(EMFILE) | E(ENFILE))
#define MEMORY (E(ENOMEM) | E(EAGAIN))

/* clang-format off */
static const struct observe_row rows[] = {
	/* name, {paths}, descriptor, address, errors */
	{"accept", {0}, 1, 0, FILES},
	{"accept4", {0}, 1, 0, FILES},
	{"access", {1}, 0, 0, 0},
	{"acct", {1}, 0, 0, 0},
	{"add_key", {0}, 0, 0, 0},
	{"bind", {0}, 1, 2, 0},
	{"bpf", {0}, 0, 0, 0},
	{"brk", {0}, 0, 0, 0},
	{"chdir", {1}, 0, 0, 0},
	{"chmod", {1}, 0, 0, 0},
	{"chown", {1}, 0, 0, E(EINVAL)},
	{"chroot", {1}, 0, 0, 0},
	{"clone", {0}, 0, 0, FORK},
	{"clone3", {0}, 0, 0, FORK},
	{"connect", {0}, 1, 2, 0},
	{"creat", {1}, 0, 0, FILES | E(EFBIG) | E(ENOSPC)},
	{"dup", {0}, 1, 0, FILES},
	{"dup2", {0}, 1, 0, E(EBADF)},
	{"dup3", {0}, 1, 0, E(EBADF)},
	{"epoll_create1", {0}, 0, 0, FILES},
	{"eventfd2", {0}, 0, 0, FILES},
	{"execve", {1}, 0, 0, EXEC},
	{"execveat", {2}, 1, 0, EXEC},
	{"faccessat", {2}, 1, 0, 0},
	{"faccessat2", {2}, 1, 0, 0},
	{"fallocate", {0}, 1, 0, E(EFBIG) | E(ENOSPC)},
	{"fchdir", {0}, 1, 0, 0},
	{"fchmod", {0}, 1, 0, 0},
	{"fchmodat", {2}, 1, 0, 0},
	{"fchmodat2", {2}, 1, 0, 0},
	{"fchown", {0}, 1, 0, E(EINVAL)},
	{"fchownat", {2}, 1, 0, E(EINVAL)},
	{"fcntl", {0}, 1, 0, E(EMFILE)},
	{"fork", {0}, 0, 0, FORK},
	{"fsetxattr", {0}, 1, 0, E(ENOSPC)},
	{"fsmount", {0}, 1, 0, 0},
	{"ftruncate", {0}, 1, 0, E(EFBIG) | E(ENOSPC)},
	{"inotify_add_watch", {2}, 0, 0, E(ENOSPC)},
	{"inotify_init", {0}, 0, 0, FILES},
	{"inotify_init1", {0}, 0, 0, FILES},
	{"io_uring_setup", {0}, 0, 0, E(ENOMEM)},
	{"ioctl", {0}, 1, 0, 0},
	{"lchown", {1}, 0, 0, E(EINVAL)},
	{"link", {1, 2}, 0, 0, E(EXDEV) | E(ENOSPC)},
	{"linkat", {2, 4}, 1, 0, E(EXDEV) | E(ENOSPC)},
	{"listxattr", {1}, 0, 0, 0},
	{"lsetxattr", {1}, 0, 0, 0},
	{"mkdir", {1}, 0, 0, E(ENOSPC)},
	{"mkdirat", {2}, 1, 0, E(ENOSPC)},
	{"mknod", {1}, 0, 0, E(ENOSPC)},
	{"mknodat", {2}, 1, 0, E(ENOSPC)},
	{"mlock", {0}, 0, 0, MEMORY},
	{"mlock2", {0}, 0, 0, MEMORY},
	{"mlockall", {0}, 0, 0, MEMORY},
	{"mmap", {0}, 5, 0, MEMORY},
	{"mount", {1, 2}, 0, 0, E(EINVAL) | E(ENODEV)},
	{"mount_setattr", {2}, 1, 0, E(EINVAL)},
	{"move_mount", {2, 4}, 1, 0, E(EINVAL)},
	{"mprotect", {0}, 0, 0, 0},
	{"mq_open", {1}, 0, 0, E(EMFILE) | E(ENOSPC)},
	{"mremap", {0}, 0, 0, MEMORY},
	{"msgget", {0}, 0, 0, E(ENOSPC)},
	{"name_to_handle_at", {2}, 1, 0, 0},
	{"newfstatat", {2}, 1, 0, 0},
	{"open", {1}, 0, 0, FILES | E(ELOOP) | E(EXDEV) | E(ENOSPC)},
	{"open_tree", {2}, 1, 0, 0},
	{"openat", {2}, 1, 0, FILES | E(ELOOP) | E(ENOSPC)},
	{"openat2", {2}, 1, 0, FILES | E(ENOSPC)},
	{"perf_event_open", {0}, 0, 0, FILES},
	{"pipe", {0}, 0, 0, FILES},
	{"pipe2", {0}, 0, 0, FILES},
	{"pivot_root", {1, 2}, 0, 0, E(EINVAL)},
	{"pwrite64", {0}, 1, 0, E(EFBIG) | E(ENOSPC)},
	{"quotactl", {0}, 0, 0, 0},
	{"read", {0}, 1, 0, 0},
	{"readlink", {1}, 0, 0, 0},
	{"readlinkat", {2}, 1, 0, 0},
	{"removexattr", {1}, 0, 0, 0},
	{"rename", {1, 2}, 0, 0, E(ENOSPC)},
	{"renameat", {2, 4}, 1, 0, E(ENOSPC)},
	{"renameat2", {2, 4}, 1, 0, E(ENOSPC)},
	{"rmdir", {1}, 0, 0, 0},
	{"semget", {0}, 0, 0, E(ENOSPC)},
	{"sched_setaffinity", {0}, 0, 0, E(EINVAL)},
	{"sendmsg", {0}, 1, 0, 0},
	{"sendto", {0}, 1, 5, 0},
	{"setdomainname", {0}, 0, 0, 0},
	{"setfsgid", {0}, 0, 0, 0},
	{"setgid", {0}, 0, 0, ID},
	{"setgroups", {0}, 0, 0, ID},
	{"setns", {0}, 1, 0, E(EINVAL)},
	{"setregid", {0}, 0, 0, ID},
	{"setresgid", {0}, 0, 0, ID},
	{"setresuid", {0}, 0, 0, ID},
	{"setreuid", {0}, 0, 0, ID},
	{"setsockopt", {0}, 1, 0, 0},
	{"setuid", {0}, 0, 0, ID},
	{"setxattr", {1}, 0, 0, E(ENOSPC)},
	{"shmget", {0}, 0, 0, E(ENOSPC) | E(ENOMEM)},
	{"socket", {0}, 0, 0, FILES},
	{"socketpair", {0}, 0, 0, FILES},
	{"stat", {1}, 0, 0, 0},
	{"lstat", {1}, 0, 0, 0},
	{"statfs", {1}, 0, 0, 0},
	{"statx", {2}, 1, 0, 0},
	{"swapoff", {1}, 0, 0, 0},
	{"swapon", {1}, 0, 0, 0},
	{"symlink", {2}, 0, 0, E(ENOSPC)},
	{"symlinkat", {3}, 2, 0, E(ENOSPC)},
	{"timerfd_create", {0}, 0, 0, FILES},
	{"truncate", {1}, 0, 0, E(EFBIG)},
	{"umount2", {1}, 0, 0, E(EINVAL)},
	{"unlink", {1}, 0, 0, 0},
	{"unlinkat", {2}, 1, 0, 0},
	{"unshare", {0}, 0, 0, E(ENOSPC) | E(EINVAL)},
	{"utimensat", {2}, 1, 0, 0},
	{"vfork", {0}, 0, 0, FORK},
	{"write", {0}, 1, 0, E(EFBIG) | E(EINVAL) | E(ENOSPC)},
	{"writev", {0}, 1, 0, E(EFBIG) | E(ENOSPC)},
};
/* clang-format on */

const struct observe_row *observe_row(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

const char *observe_native_name(const char *name)
{
	static const struct {
		const char *name, *native;
	} grown[] = {
		{"chown32", "chown"},	      {"fchown32", "fchown"},	    {"fcntl64", "fcntl"},
		{"fstat64", "fstat"},	      {"fstatat64", "newfstatat"},  {"fstatfs64", "fstatfs"},
		{"ftruncate64", "ftruncate"}, {"lchown32", "lchown"},	    {"lstat64", "lstat"},
		{"mmap2", "mmap"},	      {"setfsgid32", "setfsgid"},   {"setfsuid32", "setfsuid"},
		{"setgid32", "setgid"},	      {"setgroups32", "setgroups"}, {"setregid32", "setregid"},
		{"setresgid32", "setresgid"}, {"setresuid32", "setresuid"}, {"setreuid32", "setreuid"},
		{"setuid32", "setuid"},	      {"stat64", "stat"},	    {"statfs64", "statfs"},
		{"truncate64", "truncate"},   {"ugetrlimit", "getrlimit"},  {"umount", "umount2"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(grown); i++)
		if (strcmp(grown[i].name, name) == 0)
			return grown[i].native;
	return name;
}

static void fill(struct observe_call *call, const struct observe_row *row)
{
	call->errors = row->errors;
	call->sends = strcmp(row->name, "sendto") == 0	  ? OBSERVE_SENDS_BYTES
		      : strcmp(row->name, "sendmsg") == 0 ? OBSERVE_SENDS_MESSAGE
							  : 0;
	call->arguments = (uint32_t)row->path[0] << OBSERVE_ARG_PATH0_SHIFT |
			  (uint32_t)row->path[1] << OBSERVE_ARG_PATH1_SHIFT |
			  (uint32_t)row->fd << OBSERVE_ARG_FD_SHIFT | (uint32_t)row->address << OBSERVE_ARG_ADDRESS_SHIFT;
}

const char *observe_call_name(int number, bool compat)
{
	if (!compat)
		return abi_syscall_name(ABI_ARCH_NATIVE, number);
	return ABI_ARCH_NATIVE == AUDIT_ARCH_X86_64 ? abi_syscall_name(AUDIT_ARCH_I386, number) : NULL;
}

void observe_fill_calls(struct observe_call calls[OBSERVE_CALLS_ALL])
{
	memset(calls, 0, OBSERVE_CALLS_ALL * sizeof(*calls));
	for (int number = 0; number < OBSERVE_CALLS; number++) {
		const char *name = observe_call_name(number, false);
		const struct observe_row *row = observe_row(name);

		if (row)
			fill(&calls[OBSERVE_CALL_INDEX(number, false)], row);
		name = observe_call_name(number, true);
		row = name ? observe_row(observe_native_name(name)) : NULL;
		if (row)
			fill(&calls[OBSERVE_CALL_INDEX(number, true)], row);
	}
}

size_t observe_record_size(const void *record, size_t available)
{
	static const size_t sizes[OBSERVE_KIND_COUNT] = {
		[OBSERVE_READY] = sizeof(struct observe_ready),
		[OBSERVE_REFUSAL] = sizeof(struct observe_refusal),
		[OBSERVE_SECCOMP_KILL] = sizeof(struct observe_refusal),
		[OBSERVE_FILTER] = sizeof(struct observe_filter),
		[OBSERVE_SIGNAL] = sizeof(struct observe_signal),
		[OBSERVE_EXEC] = sizeof(struct observe_process),
		[OBSERVE_EXIT] = sizeof(struct observe_process),
		[OBSERVE_FAILED] = sizeof(struct observe_failed),
		[OBSERVE_END] = sizeof(struct observe_end),
		[OBSERVE_SIGHT] = offsetof(struct observe_sight, text),
		[OBSERVE_COUNTS] = sizeof(struct observe_counts),
	};
	const struct observe_sight *sight = record;
	uint32_t kind;
	size_t size;

	if (available < sizeof(kind))
		return 0;
	memcpy(&kind, record, sizeof(kind));
	size = kind < OBSERVE_KIND_COUNT ? sizes[kind] : 0;
	if (available < size)
		return 0;
	if (kind == OBSERVE_SIGHT) {
		if (sight->path_length > OBSERVE_SIGHT_PATH_MAX ||
		    sight->walk_length > OBSERVE_SIGHT_PATH_MAX - sight->path_length)
			return 0;
		size += sight->path_length + sight->walk_length;
	}
	return available < size ? 0 : size;
}
