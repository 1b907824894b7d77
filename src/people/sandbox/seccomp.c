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
	"fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fdatasync "
	"fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate "
	"ftruncate64 futimesat getcwd getdents getdents64 getxattr inotify_add_watch inotify_init inotify_init1 "
	"inotify_rm_watch lchown lchown32 lgetxattr link linkat listxattr llistxattr _llseek lremovexattr lseek "
	"lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat newfstatat open openat openat2 pipe "
	"pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr "
	"rename renameat renameat2 rmdir sendfile sendfile64 setxattr splice stat stat64 statfs statfs64 statx "
	"symlink symlinkat sync sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat "
	"utimensat_time64 utimes vmsplice write writev copy_file_range memfd_create cachestat getxattrat setxattrat "
	"listxattrat removexattrat",
	/* memory */
	"brk madvise map_shadow_stack membarrier mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap mseal msync "
	"munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect",
	/* processes and threads */
	"arch_prctl capget capset execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait "
	"futex_waitv futex_wake get_robust_list getcpu getegid getegid32 geteuid geteuid32 getgid "
	"getgid32 getgroups getgroups32 getitimer getpgid getpgrp getpid getppid getpriority getrandom getresgid "
	"getresgid32 getresuid getresuid32 getrlimit getrusage getsid gettid getuid getuid32 ioprio_get ioprio_set "
	"kill pause pidfd_open pidfd_send_signal prlimit64 restart_syscall rseq sched_get_priority_max "
	"sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
	"sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
	"sched_setscheduler sched_yield seccomp set_robust_list set_tid_address setfsgid setfsgid32 "
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
	"epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd "
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
static const char argument_checked[] = "clone clone3 fcntl ioctl prctl socket socketpair personality";

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
 * Commands that programs use; each driver of the kernel adds more, and what is listed here is what a sandbox, which has no
 * devices but terminals, can meet. The kernel looks at the low 32 bits alone, so the rules do (threats D9: a compare of 64
 * bits let others through).
 */
#define LOW_HALF 0xffffffffu

struct commands {
	const char *call;
	unsigned int argument;
	const uint32_t *allowed;
	size_t count;
};

/* Terminals, from TCGETS to TIOCGEXCL: not TIOCSTI (0x5412) and TIOCLINUX (0x541c), which push input into the terminal of
 * whoever started the sandbox, and not what changes its line discipline, its console, its locking or its serial line. */
static const uint32_t ioctls[] = {
	0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x5406, 0x5407, 0x5408, /* TC[GS]ET[SA]… */
	0x5409, 0x540a, 0x540b, 0x540c, 0x540d, 0x540e, 0x540f, 0x5410, /* TCSBRK … TIOCSPGRP */
	0x5411, 0x5413, 0x5414, 0x5415, 0x5418, 0x5419, 0x541a, 0x541b, /* TIOCOUTQ … FIONREAD */
	0x5420, 0x5421, 0x5422, 0x5424, 0x5425, 0x5429,			/* TIOCPKT, FIONBIO, TIOCNOTTY, TIOCGSID */
	0x802c542a, 0x402c542b, 0x402c542c, 0x402c542d,			/* TC[GS]ETS2, SW2, SF2 */
	0x80045430, 0x40045431, 0x80045432, 0x40045436,			/* TIOCGPTN, SPTLCK, GDEV, SIG */
	0x80045438, 0x80045439, 0x80045440, 0x5441,			/* TIOCGPKT, GPTLCK, GEXCL, GPTPEER */
	0x5450, 0x5451, 0x5452, 0x5460,					/* FIONCLEX, FIOCLEX, FIOASYNC, FIOQSIZE */
	0x1, 0x2,							/* FIBMAP, FIGETBSZ */
	0x80086601, 0x40086602, 0xc020660b, 0x80087601, 0x801c581f, 0x401c5820, /* FS_IOC_… flags, FIEMAP, version */
	0x40049409, 0x4020940d, 0xc0189436,				/* FICLONE, FICLONERANGE, FIDEDUPERANGE */
	0x8901, 0x8902, 0x8903, 0x8904, 0x8905, 0x8906, 0x8907,		/* of a socket: owner, mark, time stamps */
	0x8910, 0x8912, 0x8913, 0x8915, 0x8917, 0x8919, 0x891b, 0x891d, /* SIOCGIF… */
	0x8921, 0x8927, 0x8933, 0x8942, 0x8946, 0x8970,
};

/* With CAP_NET_ADMIN: SIOCADDRT, DELRT, SIOCSIF…, SIOCBR…, TUN… */
static const uint32_t network_ioctls[] = {
	0x890b, 0x890c, 0x8914, 0x8916, 0x8918, 0x891a, 0x891c, 0x8922, 0x8923, 0x8924, 0x8943, 0x8953, 0x8954, 0x8955,
	0x89a0, 0x89a1, 0x89a2, 0x89a3, 0x400454ca, 0x400454cb, 0x400454cc, 0x400454ce, 0x800454cf, 0x800454d2,
};

/* Not: alignment, endianness and faults of other machines, machine check policy, PR_SET_MM, I/O flusher, core scheduling,
 * memory merging, system call dispatch, indirect branch landing pads, timer restore. */
static const uint32_t prctls[] = {
	1, 2, 3, 4, 7, 8, 13, 15, 16, /* PDEATHSIG, DUMPABLE, KEEPCAPS, GET_TIMING, NAME */
	21, 22, 23, 24, 25, 27, 28, 29, 30, /* SECCOMP, CAPBSET, GET_TSC, SECUREBITS, TIMERSLACK */
	36, 37, 38, 39, 40, 41, 42, 47, 52, 53, /* SUBREAPER, NO_NEW_PRIVS, TID_ADDRESS, THP, AMBIENT, SPECULATION */
	65, 66, 0x41555856, 0x53564d41, 0x59616d61, /* MDWE, GET_AUXV, SET_VMA, SET_PTRACER */
#if defined(__aarch64__)
	50, 51, 54, 55, 56, 63, 64, /* SVE, pointer authentication, tagged addresses, SME */
#endif
};

/* Not: leases, which let a reader delay the host's writers, directory notification, signals of choice, write hints. */
static const uint32_t fcntls[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, /* DUPFD … GETOWN, OWN_EX */
	36, 37, 38, 1027, 1030, 1031, 1032, 1033, 1034, /* locks of open files, DUPFD_…, PIPE_SZ, SEALS */
};

static void write_commands(struct json_writer *writer, const struct commands *commands)
{
	for (size_t i = 0; i < commands->count; i++)
		write_masked(writer, commands->call, commands->argument, LOW_HALF, commands->allowed[i], 0);
}

/* Refused as a kernel refuses a command that it does not know, so that programs go on without it. What is above last is
 * newer than this list and gives ENOSYS. */
static void write_unknown(struct json_writer *writer, const struct commands *commands, uint32_t first, uint32_t last)
{
	for (uint32_t value = first; value <= last; value++) {
		bool allowed = false;

		for (size_t i = 0; i < commands->count; i++)
			allowed = allowed || commands->allowed[i] == value;
		if (!allowed)
			write_masked(writer, commands->call, commands->argument, LOW_HALF, value, EINVAL);
	}
}

static void write_all_commands(struct json_writer *writer, uint64_t capabilities)
{
	static const struct commands ioctl_all = {"ioctl", 1, ioctls, ARRAY_SIZE(ioctls)},
				     network = {"ioctl", 1, network_ioctls, ARRAY_SIZE(network_ioctls)},
				     prctl_all = {"prctl", 0, prctls, ARRAY_SIZE(prctls)},
				     fcntl_all = {"fcntl", 1, fcntls, ARRAY_SIZE(fcntls)};

	write_commands(writer, &ioctl_all);
	if (capabilities >> 12 & 1) /* NET_ADMIN */
		write_commands(writer, &network);
	write_masked(writer, "ioctl", 1, LOW_HALF, TIOCSTI, EPERM);
	write_masked(writer, "ioctl", 1, LOW_HALF, 0x541c, EPERM);
	write_commands(writer, &prctl_all);
	write_unknown(writer, &prctl_all, 0, 80);
	write_commands(writer, &fcntl_all);
	write_unknown(writer, &fcntl_all, 0, 40);
	write_unknown(writer, &fcntl_all, 1024, 1040);
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
	write_all_commands(writer, capabilities);
	write_socket(writer);
	write_personality(writer);
	write_denied(writer, &named);
	json_end_array(writer);
	json_end_object(writer);
}
