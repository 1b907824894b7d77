/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp: the default filter of a sandbox. Deny by default: what is listed here is allowed; every other call that the
 * table of system calls knows gives EPERM; what is newer than the table gives ENOSYS, so that a C library falls back.
 *
 * Classed by hand (threats D12): the mount calls old and new, namespaces, modules, bpf, perf, userfaultfd, io_uring,
 * keyrings, and clock setting are not in the lists, hence denied; clone3 gives ENOSYS, since its flags lie in memory where a
 * filter cannot see them, and the C library then uses clone, whose flags are checked here.
 *
 * Only the machine's own architecture is listed: a call through the 32-bit entry ends the program. That entry doubles
 * the surface, and its socketcall hides the address family from a filter.
 */
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "people/sandbox/parts.h"

/* One string a group keeps the table readable; names are separated by blanks. */
static const char *const allowed_groups[] = {
	/* files and directories */
	"access chdir chmod chown chown32 close close_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 "
	"fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync "
	"fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate "
	"ftruncate64 futimesat getcwd getdents getdents64 getxattr inotify_add_watch inotify_init inotify_init1 "
	"inotify_rm_watch lchown lchown32 lgetxattr link linkat listxattr llistxattr _llseek lremovexattr lseek "
	"lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat openat2 pipe "
	"pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr "
	"rename renameat renameat2 rmdir sendfile sendfile64 setxattr splice stat stat64 statfs statfs64 statx "
	"symlink symlinkat sync sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat "
	"utimensat_time64 utimes vmsplice write writev copy_file_range memfd_create cachestat getxattrat setxattrat "
	"listxattrat removexattrat file_getattr",
	/* memory */
	"brk madvise map_shadow_stack membarrier mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap mseal msync "
	"munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_madvise remap_file_pages",
	/* processes and threads */
	"arch_prctl capget capset execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait "
	"futex_waitv futex_wake get_robust_list get_thread_area getcpu getegid getegid32 geteuid geteuid32 getgid "
	"getgid32 getgroups getgroups32 getitimer getpgid getpgrp getpid getppid getpriority getrandom getresgid "
	"getresgid32 getresuid getresuid32 getrlimit getrusage getsid gettid getuid getuid32 ioprio_get ioprio_set "
	"kill pause pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq sched_get_priority_max "
	"sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
	"sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
	"sched_setscheduler sched_yield seccomp set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 "
	"setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 "
	"setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setuid setuid32 sysinfo "
	"tgkill times tkill ugetrlimit uname vfork wait4 waitid waitpid",
	"landlock_add_rule landlock_create_ruleset landlock_restrict_self",
	/* signals */
	"rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
	"rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack signal signalfd signalfd4 sigprocmask sigreturn sigaction "
	"sigpending sigsuspend alarm",
	/* waiting and time */
	"clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 "
	"epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd "
	"eventfd2 gettimeofday nanosleep poll ppoll ppoll_time64 pselect6 pselect6_time64 select _newselect time "
	"timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 "
	"timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 utimensat",
	/* sockets (which families: see the rules below) and System V or POSIX message passing */
	"accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg "
	"recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown ipc mq_getsetattr "
	"mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl "
	"msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget",
	/* asynchronous input and output of the old kind */
	"io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit",
};

/* Calls that a capability given with --cap-add would be useless without. */
static const struct {
	unsigned int capability;
	const char *names;
} capability_groups[] = {
	{18, "chroot"},				 /* SYS_CHROOT */
	{19, "ptrace process_vm_readv process_vm_writev kcmp"}, /* SYS_PTRACE */
	{21, "mount umount umount2 pivot_root fsopen fsconfig fsmount fspick move_mount open_tree mount_setattr "
	     "sethostname setdomainname"},	 /* SYS_ADMIN; namespaces stay denied */
	{2, "open_by_handle_at"},		 /* DAC_READ_SEARCH */
};

/* Checked by their arguments below, so neither allowed as a whole nor listed as denied. */
static const char argument_checked[] = "clone clone3 ioctl socket socketpair personality";

#define NUMBERS_MAX 1024 /* above the highest number of the native table */

/* Calls by number. */
struct marks {
	bool set[NUMBERS_MAX];
};

/* The next word of *words, which are separated by blanks, as a string in name; false at the end. */
static bool next_word(const char **words, char name[64])
{
	size_t length;

	*words += strspn(*words, " ");
	length = strcspn(*words, " ");
	if (length == 0 || length >= 64)
		return false;
	memcpy(name, *words, length);
	name[length] = '\0';
	*words += length;
	return true;
}

static void mark_words(struct marks *marks, const char *words)
{
	char name[64];

	while (next_word(&words, name)) {
		int number = abi_syscall_number(ABI_ARCH_NATIVE, name);

		if (number >= 0 && number < NUMBERS_MAX)
			marks->set[number] = true;
	}
}

static void begin_rule(struct json_writer *writer)
{
	json_begin_object(writer);
	json_key(writer, "names");
	json_begin_array(writer);
}

static void end_rule(struct json_writer *writer, const char *action, int errnum)
{
	json_end_array(writer);
	json_member_string(writer, "action", action);
	if (errnum)
		json_member_u64(writer, "errnoRet", (uint64_t)errnum);
	json_end_object(writer);
}

static void put_words(struct json_writer *writer, const char *words)
{
	char name[64];

	while (next_word(&words, name))
		json_put_string(writer, name);
}

struct condition {
	unsigned int index;
	const char *operator;
	uint64_t value, value_two;
};

/* A rule for one call with one condition; errnum 0 allows. */
static void write_condition(struct json_writer *writer, const char *name, struct condition condition, int errnum)
{
	begin_rule(writer);
	json_put_string(writer, name);
	json_end_array(writer);
	json_member_string(writer, "action", errnum ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
	if (errnum)
		json_member_u64(writer, "errnoRet", (uint64_t)errnum);
	json_key(writer, "args");
	json_begin_array(writer);
	json_begin_object(writer);
	json_member_u64(writer, "index", condition.index);
	json_member_u64(writer, "value", condition.value);
	json_member_u64(writer, "valueTwo", condition.value_two);
	json_member_string(writer, "op", condition.operator);
	json_end_object(writer);
	json_end_array(writer);
	json_end_object(writer);
}

static void write_masked(struct json_writer *writer, const char *name, unsigned int index, uint64_t mask,
			 uint64_t value, int errnum)
{
	write_condition(writer, name, (struct condition){index, "SCMP_CMP_MASKED_EQ", mask, value}, errnum);
}

/* clone: no new namespace. One refusal per flag, and one permission for none of them. */
static void write_clone(struct json_writer *writer)
{
	static const uint64_t namespace_flags[] = {CLONE_NEWNS,	 CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
						   CLONE_NEWUSER, CLONE_NEWPID,	  CLONE_NEWNET};
	uint64_t all = 0;

	for (size_t i = 0; i < ARRAY_SIZE(namespace_flags); i++) {
		write_masked(writer, "clone", 0, namespace_flags[i], namespace_flags[i], EPERM);
		all |= namespace_flags[i];
	}
	write_masked(writer, "clone", 0, all, 0, 0);
	begin_rule(writer);
	json_put_string(writer, "clone3");
	end_rule(writer, "SCMP_ACT_ERRNO", ENOSYS);
}

/*
 * ioctl: all but TIOCSTI (0x5412) and TIOCLINUX (0x541c), which push input into the terminal of whoever started the
 * sandbox. The kernel looks at the low 32 bits alone, so the rules do (threats D9: a compare of 64 bits let others
 * through). What is allowed is the complement of two values, written as bit patterns.
 */
static void write_ioctl(struct json_writer *writer)
{
	static const struct {
		uint64_t mask, value;
	} low_nibble[] = {{0x1, 0x1}, {0xc, 0x8}, {0xc, 0x4}, {0xe, 0x0}, {0xe, 0xe}};

	for (unsigned int bit = 4; bit < 32; bit++) {
		uint64_t mask = 1ull << bit;

		write_masked(writer, "ioctl", 1, mask, ~(uint64_t)TIOCSTI & mask, 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(low_nibble); i++)
		write_masked(writer, "ioctl", 1, low_nibble[i].mask, low_nibble[i].value, 0);
	write_masked(writer, "ioctl", 1, 0xffffffff, TIOCSTI, EPERM);
	write_masked(writer, "ioctl", 1, 0xffffffff, 0x541c, EPERM);
}

/* allowed: in ascending order. */
static void write_families(struct json_writer *writer, const char *call, const int *allowed, size_t count)
{
	int next = 0;

	for (size_t i = 0; i < count; i++) {
		for (int family = next; family < allowed[i]; family++)
			write_condition(writer, call, (struct condition){0, "SCMP_CMP_EQ", (uint64_t)family, 0},
					EAFNOSUPPORT);
		write_condition(writer, call, (struct condition){0, "SCMP_CMP_EQ", (uint64_t)allowed[i], 0}, 0);
		next = allowed[i] + 1;
	}
	write_condition(writer, call, (struct condition){0, "SCMP_CMP_GE", (uint64_t)next, 0}, EAFNOSUPPORT);
}

/* socketpair too: it makes sockets of any family, and loads its module, before it finds that there are no pairs of it. */
static void write_socket(struct json_writer *writer)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

	write_families(writer, "socket", families, ARRAY_SIZE(families));
	write_families(writer, "socketpair", families, 1);
}

static void write_personality(struct json_writer *writer)
{
	static const uint64_t allowed[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};

	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		write_condition(writer, "personality", (struct condition){0, "SCMP_CMP_EQ", allowed[i], 0}, 0);
}

/* What the table knows and no rule above names. */
static void write_denied(struct json_writer *writer, const struct marks *named)
{
	int last = abi_syscall_last(ABI_ARCH_NATIVE);

	begin_rule(writer);
	for (int number = 0; number <= last && number < NUMBERS_MAX; number++) {
		const char *name = named->set[number] ? NULL : abi_syscall_name(ABI_ARCH_NATIVE, number);

		if (name)
			json_put_string(writer, name);
	}
	end_rule(writer, "SCMP_ACT_ERRNO", EPERM);
}

static void write_allowed(struct json_writer *writer, uint64_t capabilities, struct marks *named)
{
	begin_rule(writer);
	for (size_t i = 0; i < ARRAY_SIZE(allowed_groups); i++) {
		put_words(writer, allowed_groups[i]);
		mark_words(named, allowed_groups[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(capability_groups); i++) {
		if (!(capabilities >> capability_groups[i].capability & 1))
			continue;
		put_words(writer, capability_groups[i].names);
		mark_words(named, capability_groups[i].names);
	}
	end_rule(writer, "SCMP_ACT_ALLOW", 0);
}

void sandbox_write_seccomp(struct json_writer *writer, uint64_t capabilities)
{
	struct marks named = {0};

	json_begin_object(writer);
	json_member_string(writer, "defaultAction", "SCMP_ACT_ERRNO");
	json_member_u64(writer, "defaultErrnoRet", ENOSYS);
	json_key(writer, "architectures");
	json_begin_array(writer);
#if defined(__x86_64__)
	json_put_string(writer, "SCMP_ARCH_X86_64");
#elif defined(__aarch64__)
	json_put_string(writer, "SCMP_ARCH_AARCH64");
#endif
	json_end_array(writer);
	json_key(writer, "syscalls");
	json_begin_array(writer);
	mark_words(&named, argument_checked);
	write_allowed(writer, capabilities, &named);
	write_clone(writer);
	write_ioctl(writer);
	write_socket(writer);
	write_personality(writer);
	write_denied(writer, &named);
	json_end_array(writer);
	json_end_object(writer);
}
