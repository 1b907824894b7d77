/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal_rows: which facts mean which cause. Data alone; the first row that matches speaks, so that the layers stand in
 * the order in which the kernel asks them, and special cases before the general. Sentences follow "because": no capital
 * at the start, no full stop. Sources: the manual pages of section 2, capabilities(7), user_namespaces(7), proc_sys_fs(5),
 * Documentation/admin-guide/sysctl, and the kernel's own checks where those are silent.
 */
#include <errno.h>

#include "base/types.h"
#include "core/cause/refusal.h"

#define F(name) REFUSAL_FACT(FACT_##name)
#define E(number) (UINT64_C(1) << (number))
#define DENIED (E(EPERM) | E(EACCES))
#define FORKS " clone clone3 fork vfork "
#define USERNS " clone clone3 unshare "
#define OWNERS " chown fchown lchown fchownat "
#define SET_IDS " setuid setgid setreuid setregid setresuid setresgid setgroups "
#define EXECS " execve execveat "
#define MEMORY " mlock mlock2 mlockall mmap mremap perf_event_open io_uring_setup bpf "
#define FILES " open openat openat2 creat dup dup2 dup3 socket socketpair accept accept4 pipe pipe2 " MORE_FILES
#define MORE_FILES "epoll_create1 eventfd2 timerfd_create fcntl perf_event_open "
#define LINKS " link linkat "
#define CHANGES \
	" mkdir mkdirat mknod mknodat symlink symlinkat link linkat unlink unlinkat rmdir rename renameat renameat2 "
#define GROWS \
	" write pwrite64 writev fallocate ftruncate open openat openat2 creat setxattr fsetxattr copy_file_range" CHANGES
#define LANDLOCKED " open openat openat2 creat execve execveat truncate ioctl bind connect" CHANGES
#define SOCKETS " bind connect sendto sendmsg "
#define MOUNTS " mount fsmount "
#define REACH "the code of {call} in the kernel is within reach of the container"

/* clang-format off */
const struct refusal_row refusal_rows[] = {
	/* ---- the kernel ended the process ---- */
	{.cause = "rlimit-cpu", .layer = REFUSAL_RLIMIT, .facts = F(KILLED_CPU),
	 .why = "the process has used up RLIMIT_CPU, its share of processor time", .remedy = "cpu",
	 .cost = "processor time of the host for this process"},
	{.cause = "rlimit-fsize", .layer = REFUSAL_RLIMIT, .facts = F(KILLED_FSIZE),
	 .why = "a file would have grown over RLIMIT_FSIZE, and the process does not catch SIGXFSZ", .remedy = "fsize",
	 .cost = "larger files of this container"},
	{.cause = "oom", .layer = REFUSAL_MEMORY, .facts = F(KILLED_MEMORY),
	 .why = "memory ran out, of the container's memory cgroup or of the host, and the kernel chose this process to end",
	 .remedy = "memory", .cost = "memory of the host for this container"},

	/* ---- seccomp: the kernel never saw the call ---- */
	{.cause = "seccomp-architecture", .layer = REFUSAL_SECCOMP, .facts = F(FILTER_KILLED),
	 .why = "{filter} does not list the architecture {machine}, and ends the process for any call of it",
	 .remedy = "architecture",
	 .cost = "the kernel's code for calls of another architecture is within reach of the container"},
	{.cause = "seccomp-kill", .layer = REFUSAL_SECCOMP, .facts = F(FILTER_KILLED),
	 .why = "{filter} ends the process that makes this call, by {pointer}", .remedy = "seccomp-rule",
	 .cost = REACH},
	{.cause = "seccomp-kill", .layer = REFUSAL_SECCOMP, .facts = F(FILTER_KILLED),
	 .why = "{filter} ends the process that makes this call", .remedy = "seccomp", .cost = REACH},
	{.cause = "seccomp-profile", .layer = REFUSAL_SECCOMP, .facts = F(FILTER_ERRNO) | F(FILTER_PROFILE),
	 .why = "{filter} does not name {call}, or not with these arguments: it answers {error}, the kernel was not asked",
	 .remedy = "profile", .cost = REACH},
	{.cause = "seccomp-argument", .layer = REFUSAL_SECCOMP, .facts = F(FILTER_ERRNO) | F(FILTER_DEFAULT),
	 .why = "{filter} allows it only where {condition}, and here {argument}: by {pointer} it answers "
		"{error}, the kernel was not asked",
	 .remedy = "seccomp", .cost = REACH},
	{.cause = "seccomp-default", .layer = REFUSAL_SECCOMP, .facts = F(FILTER_ERRNO) | F(FILTER_DEFAULT),
	 .why = "{filter} has no rule that allows it: by {pointer} it answers {error}, the kernel was not "
		"asked",
	 .remedy = "seccomp", .cost = REACH},
	{.cause = "seccomp-default", .layer = REFUSAL_SECCOMP, .facts = F(FILTER_ERRNO) | F(FILTER_DEFAULT),
	 .why = "{filter} has no rule that allows it: its default answers {error}, the kernel was not asked",
	 .remedy = "seccomp", .cost = REACH},
	{.cause = "seccomp-rule", .layer = REFUSAL_SECCOMP, .facts = F(FILTER_ERRNO),
	 .why = "{filter} answers {error} by {pointer} where {condition}, and here {argument}; the kernel was "
		"not asked",
	 .remedy = "seccomp-rule", .cost = REACH},
	{.cause = "seccomp-rule", .layer = REFUSAL_SECCOMP, .facts = F(FILTER_ERRNO),
	 .why = "{filter} answers {error} by {pointer}, the kernel was not asked", .remedy = "seccomp-rule",
	 .cost = REACH},
	{.cause = "seccomp-rule", .layer = REFUSAL_SECCOMP, .facts = F(FILTER_ERRNO),
	 .why = "{filter} answers {error}, the kernel was not asked", .remedy = "seccomp", .cost = REACH},
	{.cause = "seccomp-supervisor", .layer = REFUSAL_SECCOMP, .facts = F(FILTER_SUPERVISED),
	 .otherwise = REFUSAL_UNSURE,
	 .sure = F(FILTER_ERRNO),
	 .why = "cannot tell, because {filter} hands the call to a supervisor, and its answer looks like the kernel's",
	 .remedy = "supervisor"},

	/* ---- functions that were seen to say no ---- */
	{.cause = "landlock-profile", .layer = REFUSAL_LANDLOCK, .facts = F(HOOK_LANDLOCK),
	 .why = "{entry} is not in {rule} of the containment profile, and Landlock was seen to refuse it",
	 .remedy = "profile-landlock", .cost = "what the profile keeps the program from"},
	{.cause = "landlock", .layer = REFUSAL_LANDLOCK, .facts = F(HOOK_LANDLOCK),
	 .why = "a Landlock ruleset that the program, or who started it, has put on itself does not allow {path}",
	 .remedy = "landlock", .cost = "what the ruleset protects {path} from"},
	{.cause = "userns-apparmor", .layer = REFUSAL_LSM, .calls = USERNS, .facts = F(HOOK_LSM) | F(USERNS_APPARMOR),
	 .why = "AppArmor lets only programs with a profile of their own make user namespaces "
		"(kernel.apparmor_restrict_unprivileged_userns is 1)",
	 .remedy = "userns-apparmor", .cost = "the kernel's code for root of a user namespace is within reach"},
	{.cause = "lsm", .layer = REFUSAL_LSM, .facts = F(HOOK_LSM),
	 .why = "{module} refuses it to a process with the label \"{label}\"", .remedy = "lsm",
	 .cost = "what the policy keeps this label from"},
	{.cause = "lsm", .layer = REFUSAL_LSM, .facts = F(HOOK_LSM), .why = "{module} refuses it", .remedy = "lsm",
	 .cost = "what the policy keeps this process from"},
	{.cause = "lsm-bpf", .layer = REFUSAL_LSM, .facts = F(HOOK_BPF),
	 .why = "a program of the BPF LSM refuses it: systemd loads one for RestrictFileSystems=, security agents load others",
	 .remedy = "lsm-bpf", .cost = "what that program keeps the process from"},
	{.cause = "device-cgroup", .layer = REFUSAL_DEVICES, .facts = F(HOOK_DEVICES),
	 .why = "the device cgroup of the container does not allow {path}", .remedy = "device",
	 .cost = "the driver behind {path} is within reach, and whatever it controls on the host"},

	/* ---- execve ---- */
	{.cause = "exec-carriage-return", .layer = REFUSAL_PROGRAM, .errors = E(ENOENT), .calls = EXECS,
	 .facts = F(INTERPRETER_MISSING) | F(CARRIAGE_RETURN),
	 .why = "{path} is a script whose first line ends with a carriage return, as Windows writes lines: it counts "
		"as a part of the interpreter's name",
	 .remedy = "carriage-return"},
	{.cause = "exec-interpreter-missing", .layer = REFUSAL_PROGRAM, .errors = E(ENOENT), .calls = EXECS,
	 .facts = F(INTERPRETER_MISSING),
	 .why = "{path} is a script, and the interpreter in its first line, {interpreter}, does not exist in the "
	 "container",
	 .remedy = "interpreter"},
	{.cause = "exec-loader-missing", .layer = REFUSAL_PROGRAM, .errors = E(ENOENT), .calls = EXECS,
	 .facts = F(LOADER_MISSING),
	 .why = "{path} is there, and the dynamic loader that it asks for, {interpreter}, does not exist in the "
	 "container "
		"(another C library, or only the program was copied)",
	 .remedy = "loader"},
	{.cause = "exec-missing", .layer = REFUSAL_PROGRAM, .errors = E(ENOENT), .calls = EXECS,
	 .facts = F(PROGRAM_MISSING),
	 .why = "there is no {path} in the container", .remedy = "program"},
	{.cause = "exec-wrong-machine", .layer = REFUSAL_PROGRAM, .errors = E(ENOEXEC) | E(ENOENT), .calls = EXECS,
	 .facts = F(WRONG_MACHINE), .why = "{path} is a program for {machine}, and this machine cannot execute it",
	 .remedy = "machine"},
	{.cause = "exec-no-program", .layer = REFUSAL_PROGRAM, .errors = E(ENOEXEC), .calls = EXECS,
	 .facts = F(NO_PROGRAM),
	 .why = "{path} is neither a program nor a script that names its interpreter in its first line (#!)",
	 .remedy = "shebang"},
	{.cause = "exec-not-regular", .layer = REFUSAL_PROGRAM, .errors = E(EACCES), .calls = EXECS,
	 .facts = F(NOT_REGULAR), .without = F(DAC_REFUSES),
	 .why = "{path} is no file with a program in it, but a directory, a device or a pipe", .remedy = "program"},
	{.cause = "exec-interpreter-denied", .layer = REFUSAL_PROGRAM, .errors = E(EACCES), .calls = EXECS,
	 .facts = F(INTERPRETER_DENIED), .without = F(DAC_REFUSES) | F(NO_X_BIT),
	 .why = "{path} is a script, and the interpreter in its first line, {interpreter}, is no executable file",
	 .remedy = "interpreter-mode"},
	{.cause = "exec-too-long", .layer = REFUSAL_PROGRAM, .errors = E(E2BIG), .calls = EXECS,
	 .why = "the arguments and variables of the program are too long: one of them may have 128 KiB, and all "
		"together a quarter of RLIMIT_STACK",
	 .remedy = "stack", .cost = "more memory for the stack of each process"},
	{.cause = "exec-busy", .layer = REFUSAL_PROGRAM, .errors = E(ETXTBSY), .calls = EXECS,
	 .why = "{path} is open for writing, by this process or another: it cannot be executed meanwhile",
	 .never = "no setting does: who writes to it has to close it first"},
	{.cause = "exec-loop", .layer = REFUSAL_PROGRAM, .errors = E(ELOOP), .calls = EXECS,
	 .why = "{path} leads in a circle, or too far: symbolic links, or a script whose interpreter is a script again",
	 .never = "no setting does: the file itself is wrong"},

	/* ---- limits ---- */
	{.cause = "pids-cgroup", .layer = REFUSAL_PIDS, .errors = E(EAGAIN), .calls = FORKS, .facts = F(HOOK_PIDS),
	 .why = "the pids cgroup of the container is full", .remedy = "pids",
	 .cost = "more processes of the host's table for this container"},
	{.cause = "pids-cgroup", .layer = REFUSAL_PIDS, .errors = E(EAGAIN), .calls = FORKS, .facts = F(PIDS_FULL),
	 .why = "the pids cgroup of the container is full: {limit}", .remedy = "pids",
	 .cost = "more processes of the host's table for this container"},
	{.cause = "pids-cgroup", .layer = REFUSAL_PIDS, .errors = E(EAGAIN), .calls = FORKS, .facts = F(CAP_SEEN),
	 .without = F(CAP_ASKED), .sure = F(HOOK_PIDS), .otherwise = REFUSAL_GUESS,
	 .why = "the pids cgroup of the container, or of one above it, was probably full for a moment: the user's "
	 "limit was not "
		"asked for",
	 .remedy = "pids", .cost = "more processes of the host's table for this container"},
	{.cause = "rlimit-nproc", .layer = REFUSAL_RLIMIT, .errors = E(EAGAIN), .calls = FORKS, .facts = F(NPROC_FULL),
	 .sure = F(CAP_ASKED), .otherwise = REFUSAL_GUESS,
	 .why = "the user has as many processes as RLIMIT_NPROC allows ({limit}), counted over all containers with "
	 "this uid",
	 .remedy = "nproc", .cost = "more processes of the host's table for this user"},
	{.cause = "inotify-instances", .layer = REFUSAL_SYSCTL, .errors = E(EMFILE), .calls = " inotify_init inotify_init1 ",
	 .facts = F(NOFILE_FREE), .otherwise = REFUSAL_GUESS, .sure = F(NOFILE_FULL),
	 .why = "the user has as many inotify instances as fs.inotify.max_user_instances allows ({limit} on the host), or "
		"user.max_inotify_instances of a user namespace, counted over all containers with this uid",
	 .remedy = "inotify-instances", .cost = "kernel memory for what more programs watch"},
	{.cause = "inotify-instances", .layer = REFUSAL_SYSCTL, .errors = E(EMFILE), .calls = " inotify_init inotify_init1 ",
	 .otherwise = REFUSAL_GUESS, .sure = F(NOFILE_FREE),
	 .why = "the user has as many inotify instances as fs.inotify.max_user_instances allows, or the process as "
		"many descriptors as RLIMIT_NOFILE does ({limit})",
	 .remedy = "inotify-instances", .cost = "kernel memory for what more programs watch"},
	{.cause = "inotify-watches", .layer = REFUSAL_SYSCTL, .errors = E(ENOSPC), .calls = " inotify_add_watch ",
	 .why = "the user watches as many files as fs.inotify.max_user_watches allows ({limit} on the host), or "
		"user.max_inotify_watches of a user namespace, counted over all containers with this uid",
	 .remedy = "inotify-watches", .cost = "kernel memory, about 1 KiB for each file that is watched"},
	{.cause = "no-space", .layer = REFUSAL_MOUNT, .errors = E(ENOSPC), .facts = F(MOUNT_FULL), .calls = GROWS,
	 .why = "{mount}, on which {path} lies, is full: there is no space, or no inode, left", .remedy = "space",
	 .cost = "memory or disk of the host for what is stored there"},
	{.cause = "no-space", .layer = REFUSAL_MOUNT, .errors = E(ENOSPC), .calls = GROWS, .otherwise = REFUSAL_GUESS,
	 .sure = F(MOUNT_FULL), .why = "the file system of {path} was full", .remedy = "space-unseen",
	 .cost = "memory or disk of the host for what is stored there"},
	{.cause = "ipc-limit", .layer = REFUSAL_SYSCTL, .errors = E(ENOSPC), .calls = " shmget semget msgget mq_open ",
	 .why = "the IPC namespace has as many objects, or as much memory in them, as its sysctls allow: {sysctl}",
	 .remedy = "ipc-limit",
	 .cost = "kernel memory for more objects"},
	{.cause = "cpuset", .layer = REFUSAL_CPUSET, .errors = E(EINVAL), .calls = " sched_setaffinity ",
	 .why = "none of the processors that are asked for is there and in the cpuset of the container", .remedy = "cpuset",
	 .cost = "processors that others were to have for themselves"},
	{.cause = "rlimit-nofile", .layer = REFUSAL_RLIMIT, .errors = E(EMFILE), .calls = FILES,
	 .why = "the process has as many descriptors open as RLIMIT_NOFILE allows ({limit})", .remedy = "nofile",
	 .cost = "kernel memory for more open files"},
	{.cause = "rlimit-nofile", .layer = REFUSAL_RLIMIT, .errors = E(EBADF), .calls = " dup2 dup3 ",
	 .facts = F(NOFILE_FULL),
	 .why = "the new number is not below RLIMIT_NOFILE ({limit})", .remedy = "nofile",
	 .cost = "kernel memory for more open files"},
	{.cause = "rlimit-memlock", .layer = REFUSAL_RLIMIT, .errors = E(EPERM) | E(ENOMEM) | E(EAGAIN),
	 .calls = MEMORY,
	 .facts = F(MEMLOCK), .sure = F(CAP_ASKED), .otherwise = REFUSAL_GUESS,
	 .why = "it would lock more memory than RLIMIT_MEMLOCK allows ({limit})", .remedy = "memlock",
	 .cost = "memory that the host cannot swap out"},
	{.cause = "rlimit-fsize", .layer = REFUSAL_RLIMIT, .errors = E(EFBIG), .facts = F(FSIZE),
	 .why = "the file would grow over RLIMIT_FSIZE ({limit})", .remedy = "fsize", .cost = "larger files of this "
	 "container"},
	{.cause = "max-map-count", .layer = REFUSAL_SYSCTL, .errors = E(ENOMEM), .calls = " mmap mremap mprotect ",
	 .facts = F(MAPS_FULL),
	 .why = "the process has as many mappings as vm.max_map_count allows ({limit})", .remedy = "max-map-count",
	 .cost = "kernel memory for more mappings of each process"},
	{.cause = "rlimit-as", .layer = REFUSAL_RLIMIT, .errors = E(ENOMEM), .facts = F(ADDRESS_SPACE),
	 .otherwise = REFUSAL_GUESS, .sure = F(ADDRESS_SPACE_SEEN),
	 .why = "the address space would grow over RLIMIT_AS ({limit})", .remedy = "as",
	 .cost = "more memory for this process"},

	/* ---- ids ---- */
	{.cause = "id-unmapped", .layer = REFUSAL_USER_NAMESPACE, .errors = E(EINVAL), .calls = OWNERS,
	 .facts = F(ID_UNMAPPED),
	 .why = "the user namespace of the container maps no id {id}: no file can belong to it", .remedy = "map",
	 .cost = "the container owns more of the host's ids"},
	{.cause = "id-unmapped", .layer = REFUSAL_USER_NAMESPACE, .errors = E(EINVAL), .calls = SET_IDS,
	 .facts = F(ID_UNMAPPED),
	 .why = "the user namespace of the container maps no id {id}: nobody can become it", .remedy = "map",
	 .cost = "the container owns more of the host's ids"},
	{.cause = "setgroups-denied", .layer = REFUSAL_USER_NAMESPACE, .errors = E(EPERM), .calls = " setgroups ",
	 .facts = F(SETGROUPS_DENIED),
	 .why = "setgroups is denied for good in this user namespace, because its groups were mapped without privilege",
	 .remedy = "setgroups", .cost = "a group that forbids its members something can be left"},

	/* ---- namespaces, and switches for the whole host ---- */
	{.cause = "userns-full", .layer = REFUSAL_SYSCTL, .errors = E(ENOSPC), .calls = USERNS, .facts = F(USERNS_FULL),
	 .why = "there may be no more user namespaces: user.max_user_namespaces is {limit}", .remedy = "max-userns",
	 .cost = "the kernel's code for root of a user namespace is within reach of every user"},
	{.cause = "userns-off", .layer = REFUSAL_SYSCTL, .errors = E(EPERM), .calls = USERNS, .facts = F(USERNS_OFF),
	 .why = "this kernel lets only CAP_SYS_ADMIN make user namespaces (kernel.unprivileged_userns_clone is 0)",
	 .remedy = "userns-clone", .cost = "the kernel's code for root of a user namespace is within reach of every "
	 "user"},
	{.cause = "io-uring-off", .layer = REFUSAL_SYSCTL, .errors = E(EPERM), .calls = " io_uring_setup ",
	 .facts = F(IO_URING_OFF), .why = "io_uring is switched off on this host (kernel.io_uring_disabled is {limit})",
	 .remedy = "io-uring", .cost = "io_uring, one of the kernel's richest sources of holes, and its calls pass "
	 "no seccomp filter"},
	{.cause = "bpf-off", .layer = REFUSAL_SYSCTL, .errors = E(EPERM), .calls = " bpf ", .facts = F(BPF_OFF),
	 .without = F(CAP_OUTSIDE),
	 .why = "bpf is for CAP_BPF alone on this host (kernel.unprivileged_bpf_disabled is {limit})", .remedy = "bpf",
	 .cost = "the container can read the kernel's memory"},
	{.cause = "perf-paranoid", .layer = REFUSAL_SYSCTL, .errors = DENIED, .calls = " perf_event_open ",
	 .facts = F(PERF_PARANOID), .without = F(CAP_OUTSIDE),
	 .why = "measuring the kernel takes CAP_PERFMON on this host (kernel.perf_event_paranoid is {limit})",
	 .remedy = "perf",
	 .cost = "side channels into other processes and the kernel"},
	{.cause = "yama", .layer = REFUSAL_LSM, .errors = E(EPERM), .calls = " ptrace process_vm_readv "
	 "process_vm_writev ",
	 .facts = F(PTRACE_SCOPE), .sure = F(HOOK_LSM), .otherwise = REFUSAL_GUESS,
	 .why = "Yama lets a process trace only what it started (kernel.yama.ptrace_scope is {limit})",
	 .remedy = "yama",
	 .cost = "every process can read the memory of all others of its user"},
	{.cause = "link-directory", .layer = REFUSAL_KERNEL, .errors = E(EPERM), .calls = LINKS, .facts = F(DIRECTORY),
	 .why = "{path} is a directory, and nobody can make a hard link to one",
	 .never = "no setting does: a symbolic link or a bind mount has to do"},
	{.cause = "hardlink", .layer = REFUSAL_SYSCTL, .errors = E(EPERM), .calls = LINKS, .facts = F(LINK_UNSAFE),
	 .why = "fs.protected_hardlinks is 1: only the owner of {path} ({owner}) may link to it, or who may read "
	 "and write it; "
		"the process is {ids}",
	 .remedy = "hardlinks", .cost = "links to setuid programs outlive their updates"},
	{.cause = "symlink", .layer = REFUSAL_SYSCTL, .errors = E(EACCES), .facts = F(SYMLINK_UNSAFE),
	 .why = "fs.protected_symlinks is 1: in a sticky directory that everybody may write to, {component} is "
	 "followed only for "
		"its owner ({owner}); the process is {ids}",
	 .remedy = "symlinks", .cost = "others can redirect files in /tmp"},
	{.cause = "regular", .layer = REFUSAL_SYSCTL, .errors = E(EACCES), .facts = F(REGULAR_UNSAFE),
	 .why = "fs.protected_regular (or _fifos) is set: in a sticky directory a file of somebody else, {path} of "
	 "{owner}, is not "
		"opened with O_CREAT; the process is {ids}",
	 .remedy = "regular", .cost = "others can lay files in wait in /tmp"},

	/* ---- mounts and attributes of files ---- */
	{.cause = "masked", .layer = REFUSAL_MASKED, .facts = F(MASKED), .errors = DENIED | E(EROFS),
	 .why = "{component} is masked in the container: something empty is mounted over it", .remedy = "masked",
	 .cost = "facts and settings of the whole host"},
	{.cause = "read-only-path", .layer = REFUSAL_MASKED, .errors = E(EROFS),
	 .facts = F(READ_ONLY_PATH) | F(PROC_SYS),
	 .why = "{path} lies below /proc/sys, which is read-only in the container", .remedy = "proc-sys",
	 .cost = "sysctls of the whole host that have no namespace"},
	{.cause = "read-only-path", .layer = REFUSAL_MASKED, .errors = E(EROFS), .facts = F(READ_ONLY_PATH),
	 .why = "{path} lies on {mount}, a part of the kernel's own files that is read-only in the container",
	 .remedy = "read-only-path", .cost = "settings of the whole host"},
	{.cause = "read-only", .layer = REFUSAL_MOUNT, .errors = E(EROFS), .facts = F(READ_ONLY) | F(MOUNT_OF_ROOT),
	 .why = "{path} lies on the root of the container, which is read-only", .remedy = "read-only-root",
	 .cost = "the container can change its programs and what they are configured by"},
	{.cause = "read-only", .layer = REFUSAL_MOUNT, .errors = E(EROFS), .facts = F(READ_ONLY),
	 .why = "{path} lies on {mount}, which is mounted read-only", .remedy = "read-only",
	 .cost = "the container can change what is there, and others that share it see that"},
	{.cause = "noexec", .layer = REFUSAL_MOUNT, .errors = E(EPERM), .calls = " mmap ",
	 .facts = F(NOEXEC) | F(MAP_EXECUTABLE),
	 .why = "{path} lies on {mount}, which is mounted with noexec: nothing of it can be mapped for execution",
	 .remedy = "noexec",
	 .cost = "what is written there can be executed"},
	{.cause = "descriptor-mode", .layer = REFUSAL_PROGRAM, .errors = E(EACCES), .calls = " mmap ",
	 .facts = F(DESCRIPTOR_MODE),
	 .otherwise = REFUSAL_GUESS, .sure = F(DESCRIPTOR_SEEN),
	 .why = "the program has opened {path} for less than it asks of the mapping: a shared one that is written to "
		"takes O_RDWR, any one takes reading",
	 .never = "no setting does: the program has to open it otherwise"},
	{.cause = "noexec", .layer = REFUSAL_MOUNT, .errors = E(EACCES), .calls = EXECS, .facts = F(NOEXEC),
	 .without = F(DAC_REFUSES) | F(NO_X_BIT),
	 .why = "{path} lies on {mount}, which is mounted with noexec", .remedy = "noexec",
	 .cost = "what is written there can be executed"},
	{.cause = "immutable", .layer = REFUSAL_INODE, .errors = E(EPERM), .facts = F(IMMUTABLE),
	 .without = F(CAP_ASKED) | F(CAP_EXPECTED),
	 .why = "{component} has the attribute \"immutable\" (lsattr shows i): not even root may change it",
	 .remedy = "attribute"},
	{.cause = "append-only", .layer = REFUSAL_INODE, .errors = E(EPERM), .facts = F(APPEND_ONLY),
	 .without = F(CAP_ASKED) | F(CAP_EXPECTED),
	 .why = "{component} has the attribute \"append only\" (lsattr shows a)", .remedy = "attribute"},
	{.cause = "sealed", .layer = REFUSAL_INODE, .errors = E(EPERM), .facts = F(SEALED),
	 .why = "the file in memory is sealed against this (F_ADD_SEALS)",
	 .never = "no seal can be taken off, by nobody; who made the file sets them"},
	{.cause = "no-x-bit", .layer = REFUSAL_DAC, .errors = E(EACCES), .calls = EXECS, .facts = F(NO_X_BIT),
	 .why = "{component} has no execute bit for anybody (mode {mode}): not even root may execute it",
	 .remedy = "chmod-x"},
	{.cause = "nodev", .layer = REFUSAL_MOUNT, .errors = E(EACCES), .facts = F(NODEV) | F(DEVICE),
	 .without = F(DAC_REFUSES),
	 .why = "{path} is a device on {mount}, which is mounted with nodev", .remedy = "nodev",
	 .cost = "the driver behind {path} is within reach"},
	{.cause = "device-cgroup", .layer = REFUSAL_DEVICES, .errors = E(EPERM), .calls = " open openat openat2 "
	 "mknod mknodat ",
	 .facts = F(DEVICE) | F(CAP_SEEN), .without = F(DAC_REFUSES) | F(CAP_ASKED),
	 .why = "the device cgroup of the container does not allow {path}: modes and capabilities do",
	 .remedy = "device",
	 .cost = "the driver behind {path} is within reach, and whatever it controls on the host"},
	{.cause = "device-cgroup", .layer = REFUSAL_DEVICES, .errors = E(EPERM), .calls = " open openat openat2 ",
	 .facts = F(DEVICE), .without = F(DAC_REFUSES) | F(CAP_SEEN), .otherwise = REFUSAL_GUESS,
	 .sure = F(HOOK_DEVICES),
	 .why = "the device cgroup of the container probably does not allow {path}: its mode does", .remedy = "device",
	 .cost = "the driver behind {path} is within reach, and whatever it controls on the host"},

	/* ---- a program that would have had more power ---- */
	{.cause = "no-new-privs", .layer = REFUSAL_NO_NEW_PRIVS, .errors = DENIED,
	 .facts = F(SET_ID_FORBIDDEN) | F(DAC_REFUSES),
	 .why = "the program is set-id or has file capabilities, and no_new_privs makes them void: it stays {ids}, to "
		"whom {component} (mode {mode}, owner {owner}) is closed",
	 .remedy = "no-new-privs", .cost = "every set-id program of the image can give the container's users more power"},
	{.cause = "no-new-privs", .layer = REFUSAL_NO_NEW_PRIVS, .errors = DENIED,
	 .facts = F(SET_ID_FORBIDDEN) | F(CAP_ASKED),
	 .why = "the program is set-id or has file capabilities, and no_new_privs makes them void: it stays {ids} and lacks "
		"CAP_{capability}, which {call} needs",
	 .remedy = "no-new-privs", .cost = "every set-id program of the image can give the container's users more power"},
	{.cause = "no-new-privs", .layer = REFUSAL_NO_NEW_PRIVS, .errors = DENIED, .facts = F(SET_ID_FORBIDDEN),
	 .otherwise = REFUSAL_GUESS, .sure = F(CAP_ASKED),
	 .why = "the program is set-id or has file capabilities, and no_new_privs makes them void: it stays {ids}",
	 .remedy = "no-new-privs", .cost = "every set-id program of the image can give the container's users more power"},
	{.cause = "nosuid", .layer = REFUSAL_MOUNT, .errors = DENIED, .facts = F(SET_ID_NOSUID),
	 .otherwise = REFUSAL_GUESS, .sure = F(CAP_ASKED),
	 .why = "the program is set-id or has file capabilities, and its mount has nosuid, which makes them void: it "
		"stays {ids}",
	 .remedy = "nosuid", .cost = "every set-id program there can give the container's users more power"},

	/* ---- modes and owners ---- */
	{.cause = "dac-unmapped-owner", .layer = REFUSAL_DAC, .errors = DENIED,
	 .facts = F(DAC_REFUSES) | F(OWNER_UNMAPPED),
	 .sure = F(DAC_ASKED), .otherwise = REFUSAL_GUESS,
	 .why = "{component} has mode {mode} and an owner that the user namespace does not map: no capability of "
	 "the container "
		"reaches it",
	 .remedy = "owner-unmapped", .cost = "the container owns more of the host's ids"},
	{.cause = "dac-directory", .layer = REFUSAL_DAC, .errors = DENIED, .facts = F(DAC_REFUSES) | F(DAC_DIRECTORY),
	 .sure = F(DAC_ASKED), .otherwise = REFUSAL_GUESS,
	 .why = "the directory {component} on the way has mode {mode} and owner {owner}; the process is {ids}",
	 .remedy = "mode",
	 .cost = "as a capability: every file of the container's ids is open to it"},
	{.cause = "dac", .layer = REFUSAL_DAC, .errors = DENIED, .facts = F(DAC_REFUSES), .sure = F(DAC_ASKED),
	 .otherwise = REFUSAL_GUESS, .why = "{component} has mode {mode} and owner {owner}; the process is {ids}",
	 .remedy = "mode",
	 .cost = "as a capability: every file of the container's ids is open to it"},
	{.cause = "sticky", .layer = REFUSAL_DAC, .errors = E(EPERM), .facts = F(STICKY), .sure = F(DAC_ASKED),
	 .otherwise = REFUSAL_GUESS,
	 .why = "{component} is sticky: only the owner of {path} ({owner}) may remove or rename it; the process is "
	 "{ids}",
	 .remedy = "fowner", .cost = "as a capability: modes and owners protect no file from the container's root"},
	{.cause = "not-owner", .layer = REFUSAL_DAC, .errors = E(EPERM), .facts = F(OWNER_UNMAPPED),
	 .calls = " chmod fchmod fchmodat fchmodat2 utimensat setxattr fsetxattr lsetxattr chown fchown lchown "
	 "fchownat unlink unlinkat "
		  "rename renameat renameat2 ",
	 .sure = F(CAP_ASKED), .otherwise = REFUSAL_GUESS,
	 .why = "{path} belongs to an id that the user namespace does not map: no capability of the container "
	 "reaches it",
	 .remedy = "owner-unmapped", .cost = "the container owns more of the host's ids"},
	{.cause = "not-owner", .layer = REFUSAL_DAC, .errors = E(EPERM), .facts = F(OWNER_ELSE),
	 .calls = " chmod fchmod fchmodat fchmodat2 utimensat setxattr fsetxattr lsetxattr ", .sure = F(DAC_ASKED),
	 .otherwise = REFUSAL_GUESS, .why = "only the owner of {path} ({owner}) may do this; the process is {ids}",
	 .remedy = "fowner", .cost = "as a capability: modes and owners protect no file from the container's root"},

	/* ---- capabilities: special cases, then the rule ---- */
	{.cause = "proc-covered", .layer = REFUSAL_USER_NAMESPACE, .errors = E(EPERM), .calls = MOUNTS,
	 .facts = F(PROC_COVERED),
	 .without = F(CAP_ASKED), .sure = F(CAP_SEEN), .otherwise = REFUSAL_GUESS,
	 .why = "parts of the {path} that the process sees are covered by mounts: a new file system of this type "
	 "would reveal them, "
		"and the kernel refuses that inside a user namespace",
	 .remedy = "proc-covered", .cost = "the masked files of the kernel"},
	{.cause = "low-port", .layer = REFUSAL_CAPABILITY, .errors = E(EACCES), .calls = " bind ",
	 .capability = "NET_BIND_SERVICE",
	 .without = F(CAP_OUTSIDE), .sure = F(CAP_ASKED), .otherwise = REFUSAL_GUESS,
	 .why = "port {port} is below net.ipv4.ip_unprivileged_port_start, and the process lacks CAP_NET_BIND_SERVICE",
	 .remedy = "low-port", .cost = "the container can take the place of a service of the system, in its own "
	 "network namespace"},
	{.cause = "low-port", .layer = REFUSAL_CAPABILITY, .errors = E(EACCES), .calls = " bind ",
	 .facts = F(CAP_ASKED) | F(CAP_OUTSIDE), .capability = "NET_BIND_SERVICE",
	 .why = "port {port} is below net.ipv4.ip_unprivileged_port_start, and the network namespace belongs to "
	 "another user "
		"namespace: CAP_NET_BIND_SERVICE of the container does not count there",
	 .remedy = "low-port-host"},
	{.cause = "capability-elsewhere", .layer = REFUSAL_USER_NAMESPACE, .errors = DENIED,
	 .facts = F(CAP_ELSEWHERE), .sure = F(CAP_ASKED), .otherwise = REFUSAL_GUESS,
	 .why = "the process has CAP_{capability}, but only in its own user namespace, and {call} asks for it in "
	 "one further out: "
		"adding it cannot help",
	 .remedy = "elsewhere", .cost = "without a user namespace root of the container is root of the host"},
	{.cause = "capability-elsewhere", .layer = REFUSAL_USER_NAMESPACE, .errors = DENIED,
	 .facts = F(CAP_OUTSIDE), .sure = F(CAP_ASKED), .otherwise = REFUSAL_GUESS,
	 .why = "{call} asks for CAP_{capability} in a user namespace further out than the container's: adding it to "
		"the container cannot help",
	 .remedy = "elsewhere", .cost = "without a user namespace root of the container is root of the host"},
	{.cause = "netlink", .layer = REFUSAL_CAPABILITY, .errors = E(EPERM), .facts = F(ANSWERED) | F(CAP_ASKED),
	 .otherwise = REFUSAL_GUESS, .sure = F(HOOK_LSM),
	 .why = "the message by netlink asks for something that needs CAP_{capability}, and the process lacks it: the "
		"call succeeds, and "
		"the answer to the message is the error",
	 .remedy = "capability"},
	{.cause = "ping-group", .layer = REFUSAL_SYSCTL, .errors = E(EACCES), .calls = " socket ", .facts = F(PING_SOCKET),
	 .without = F(CAP_ASKED),
	 .why = "without a raw socket only groups of net.ipv4.ping_group_range may ping, and no group of the process "
		"({ids}) is in it",
	 .remedy = "ping-group", .cost = "the users of the container can send pings; as a capability: forged packets "
		"of any protocol"},
	{.cause = "ping", .layer = REFUSAL_CAPABILITY, .errors = E(EPERM), .calls = " socket ", .capability = "NET_RAW",
	 .sure = F(CAP_ASKED), .otherwise = REFUSAL_GUESS,
	 .why = "a raw socket (ping, arping, tcpdump) needs CAP_NET_RAW, and the process lacks it", .remedy = "ping",
	 .cost = "forged packets of any protocol, in the container's network"},
	/* The kernel asked for these only because modes or owners refused, which could not be looked at any more. */
	{.cause = "dac", .layer = REFUSAL_DAC, .errors = DENIED, .facts = F(CAP_ASKED), .capability = "DAC_OVERRIDE",
	 .why = "mode and owner of {path}, or of a directory on the way to it, refuse it to the process ({ids})",
	 .remedy = "mode-unseen", .cost = "as a capability: every file of the container's ids is open to it"},
	{.cause = "dac", .layer = REFUSAL_DAC, .errors = DENIED, .facts = F(CAP_ASKED),
	 .capability = "DAC_READ_SEARCH",
	 .why = "mode and owner of {path}, or of a directory on the way, let the process ({ids}) neither read nor search it",
	 .remedy = "mode-unseen", .cost = "as a capability: every file of the container's ids can be read"},
	{.cause = "not-owner", .layer = REFUSAL_DAC, .errors = DENIED, .facts = F(CAP_ASKED), .capability = "FOWNER",
	 .why = "only the owner of {path} may do this, and the process ({ids}) is not", .remedy = "fowner",
	 .cost = "as a capability: modes and owners protect no file from the container's root"},
	/* Of a file whose name is not known. */
	{.cause = "dac", .layer = REFUSAL_DAC, .errors = DENIED, .calls = SOCKETS, .facts = F(CAP_ASKED),
	 .capability = "DAC_OVERRIDE",
	 .why = "mode and owner of a file, or of a directory on the way to it, refuse it to the process ({ids})",
	 .remedy = "mode-unseen", .cost = "as a capability: every file of the container's ids is open to it"},
	{.cause = "dac", .layer = REFUSAL_DAC, .errors = DENIED, .calls = SOCKETS, .facts = F(CAP_ASKED),
	 .capability = "DAC_READ_SEARCH",
	 .why = "mode and owner of a directory on the way to a file let the process ({ids}) not search it",
	 .remedy = "mode-unseen", .cost = "as a capability: every file of the container's ids can be read"},
	{.cause = "ipc-mode", .layer = REFUSAL_DAC, .errors = DENIED, .facts = F(CAP_ASKED), .capability = "IPC_OWNER",
	 .why = "mode and owner of the System V object refuse it to the process ({ids})", .remedy = "ipc-mode",
	 .cost = "as a capability: System V IPC objects of others"},
	{.cause = "capability", .layer = REFUSAL_CAPABILITY, .errors = E(EPERM), .calls = " setrlimit prlimit64 ",
	 .facts = F(CAP_ASKED), .capability = "SYS_RESOURCE",
	 .why = "only CAP_SYS_RESOURCE raises a hard limit, or changes one of another user's process, and the process "
		"lacks it",
	 .remedy = "rlimit-hard"},
	{.cause = "capability", .layer = REFUSAL_CAPABILITY, .errors = DENIED | E(EROFS),
	 .facts = F(CAP_ASKED) | F(CAP_BOUNDING) | F(NOT_ROOT),
	 .why = "{call} needs CAP_{capability}: the container has it, but only for root, and the process is {ids}",
	 .remedy = "capability-root"},
	{.cause = "capability", .layer = REFUSAL_CAPABILITY, .errors = DENIED | E(EROFS),
	 .facts = F(CAP_ASKED) | F(CAP_BOUNDING),
	 .why = "{call} needs CAP_{capability}: it is in the bounding set, but not effective for the process ({ids})",
	 .remedy = "capability"},
	{.cause = "capability", .layer = REFUSAL_CAPABILITY, .errors = DENIED | E(EROFS), .facts = F(CAP_ASKED),
	 .why = "{call} needs CAP_{capability}, which the container does not have", .remedy = "capability"},

	/* ---- without having seen it ---- */
	{.cause = "capability", .layer = REFUSAL_CAPABILITY, .errors = DENIED, .facts = F(CAP_EXPECTED),
	 .without = F(CAP_SEEN),
	 .otherwise = REFUSAL_GUESS, .sure = F(CAP_ASKED),
	 .why = "{call} usually needs CAP_{capability}, and the process lacks it", .remedy = "capability"},
	{.cause = "kernel-files", .layer = REFUSAL_KERNEL, .errors = DENIED, .calls = CHANGES, .facts = F(KERNEL_FILES),
	 .without = F(DAC_REFUSES) | F(CAP_ASKED) | F(CAP_EXPECTED),
	 .why = "{path} lies among the kernel's own files: it alone makes, renames and removes them",
	 .never = "no file can be made or removed there, by nobody; most of them can be written to"},
	{.cause = "userns", .layer = REFUSAL_USER_NAMESPACE, .errors = E(EINVAL), .calls = " unshare setns ",
	 .facts = F(MULTITHREADED),
	 .why = "a process with several threads cannot change its user namespace", .remedy = "threads"},
	{.cause = "memfd-noexec", .layer = REFUSAL_SYSCTL, .errors = E(EACCES), .calls = " memfd_create ",
	 .why = "vm.memfd_noexec of the PID namespace is 2: a file in memory needs the flag MFD_NOEXEC_SEAL",
	 .remedy = "memfd-noexec",
	 .cost = "code that lies in no file can be executed"},
	{.cause = "not-pollable", .layer = REFUSAL_PROGRAM, .errors = E(EPERM), .calls = " epoll_ctl ",
	 .without = F(CAP_ASKED),
	 .why = "files and directories are always ready, and epoll takes none (many programs try, and go on without)",
	 .never = "no setting does: it is a matter of what is watched"},
	{.cause = "key-mode", .layer = REFUSAL_DAC, .errors = E(EACCES), .calls = " keyctl add_key request_key ",
	 .without = F(CAP_ASKED) | F(FILTER_UNREADABLE), .otherwise = REFUSAL_GUESS, .sure = F(HOOK_LSM),
	 .why = "the permissions of the key do not allow it to the process ({ids})",
	 .never = "no setting of the container does: the key's owner can (keyctl setperm, keyctl chown)"},
	{.cause = "mount-locked", .layer = REFUSAL_USER_NAMESPACE, .errors = E(EPERM), .calls = " mount mount_setattr ",
	 .facts = F(MOUNT_LOCKED), .without = F(CAP_ASKED), .sure = F(CAP_SEEN), .otherwise = REFUSAL_GUESS,
	 .why = "{path} came from a user namespace further out with read-only, nosuid, nodev, noexec or an atime "
		"setting, and these are locked here: they cannot be taken off",
	 .remedy = "mount-locked", .cost = "what the mount's attributes were to prevent"},
	{.cause = "mount-locked", .layer = REFUSAL_USER_NAMESPACE, .errors = E(EINVAL), .calls = " umount2 ",
	 .facts = F(MOUNT_LOCKED),
	 .without = F(NO_MOUNT), .otherwise = REFUSAL_GUESS, .sure = F(NO_MOUNT),
	 .why = "{path} came, together with others, from a user namespace further out, and is locked to them: it "
		"cannot be unmounted here alone",
	 .remedy = "mount-locked", .cost = "what lies below the mount"},
	{.cause = "not-mounted", .layer = REFUSAL_PROGRAM, .errors = E(EINVAL), .calls = " umount2 mount ",
	 .facts = F(NO_MOUNT),
	 .why = "nothing is mounted at {path} itself", .never = "no setting does: it has to be mounted there first"},
	{.cause = "pid-namespace-ended", .layer = REFUSAL_PROGRAM, .errors = E(ENOMEM), .calls = FORKS,
	 .facts = F(PIDNS_CHILDREN),
	 .otherwise = REFUSAL_GUESS, .sure = F(HOOK_PIDS),
	 .why = "the process has made a PID namespace for its children, and the first of them, which holds it, has ended",
	 .never = "no setting does: the first process has to live as long as the others (unshare --fork)"},
	{.cause = "firewall", .layer = REFUSAL_NETWORK, .errors = E(EPERM), .calls = " sendto connect ",
	 .facts = F(INTERNET),
	 .without = F(CAP_ASKED) | F(CAP_EXPECTED) | F(FILTER_UNREADABLE), .otherwise = REFUSAL_GUESS, .sure = F(HOOK_LSM),
	 .why = "a packet filter of the network namespace (nftables, iptables), or a BPF program of the cgroup, drops "
		"what is sent",
	 .remedy = "firewall", .cost = "what the rule keeps the container from"},
	{.cause = "landlock-profile", .layer = REFUSAL_LANDLOCK, .errors = E(EACCES),
	 .without = F(HOOKS_SEEN) | F(DAC_REFUSES) | F(CAP_ASKED),
	 .why = "{entry} is not in {rule} of the containment profile, which Landlock holds the program to",
	 .remedy = "profile-landlock", .cost = "what the profile keeps the program from"},
	{.cause = "broadcast", .layer = REFUSAL_NETWORK, .errors = E(EACCES), .calls = " sendto connect ",
	 .facts = F(INTERNET),
	 .without = F(CAP_ASKED) | F(FILTER_UNREADABLE), .otherwise = REFUSAL_GUESS, .sure = F(HOOK_LSM),
	 .why = "it is an address for broadcast and the program has not asked for that (SO_BROADCAST), or a route "
		"prohibits it",
	 .never = "no setting of the container does: it is a matter of the program, or of the routes (ip route)"},
	{.cause = "no-operation", .layer = REFUSAL_KERNEL, .errors = E(ENOSYS), .facts = F(IMPLEMENTED),
	 .without = F(FILTER_UNREADABLE),
	 .why = "this kernel has {call}, but not for these arguments: no filter of the process refuses it",
	 .remedy = "newer-kernel"},
	{.cause = "not-implemented", .layer = REFUSAL_KERNEL, .errors = E(ENOSYS), .without = F(FILTER_UNREADABLE),
	 .why = "this kernel has no {call}: no filter of the process refuses it", .remedy = "newer-kernel"},
	{.cause = "filter-unreadable", .layer = REFUSAL_UNKNOWN, .facts = F(FILTER_UNREADABLE),
	 .why = "cannot tell, because the process has seccomp filters from before it was watched, which only root "
	 "may read",
	 .remedy = "as-root"},
	{.cause = "landlock", .layer = REFUSAL_LANDLOCK, .errors = E(EACCES), .calls = LANDLOCKED,
	 .facts = F(LANDLOCK_ALONE),
	 .without = F(HOOKS_SEEN) | F(DAC_REFUSES), .sure = F(HOOK_LANDLOCK), .otherwise = REFUSAL_GUESS,
	 .why = "no filter, capability, mode or mount flag refuses {path}, and Landlock is the only security module "
	 "here that "
		"could: a ruleset that the program, or who started it, has put on itself",
	 .remedy = "landlock", .cost = "what the ruleset protects {path} from"},
	{.cause = "unknown", .layer = REFUSAL_UNKNOWN, .errors = DENIED | E(EROFS), .facts = F(GONE),
	 .otherwise = REFUSAL_UNSURE, .sure = F(HOOK_LSM),
	 .why = "cannot tell, because the process had ended before {path} could be looked at"},
	{.cause = "lsm", .layer = REFUSAL_LSM, .errors = DENIED, .facts = F(CAP_SEEN), .without = F(HOOKS_SEEN),
	 .otherwise = REFUSAL_UNSURE, .sure = F(HOOK_LSM),
	 .why = "cannot tell, because no filter, capability, mode or mount flag refuses it, so that a security "
	 "module does, or "
		"{call} itself; this tier does not see which (the audit log may: ausearch -m AVC, dmesg)"},
	{.cause = "unknown", .layer = REFUSAL_UNKNOWN, .why = "cannot tell, because nothing that is watched refused "
	 "it"},
};
/* clang-format on */
const size_t refusal_rows_count = ARRAY_SIZE(refusal_rows);
