/* SPDX-License-Identifier: Apache-2.0 */
/* causes: filters and capabilities. The last call of each is the one that is refused. */
#include "causes.h"

/* ---- seccomp ---- */

static int seccomp_errno(void)
{
	filter_call(SYS_personality, SECCOMP_RET_ERRNO | EPERM);
	return refused(syscall(SYS_personality, 0xffffffff), EPERM);
}
static int seccomp_enosys(void)
{
	filter_call(SYS_personality, SECCOMP_RET_ERRNO | ENOSYS);
	return refused(syscall(SYS_personality, 0xffffffff), ENOSYS);
}
/* An old profile answers EPERM to a call it does not know, where ENOSYS would let the C library fall back. */
static int seccomp_clone3(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	long pid;

	filter_call(SYS_clone3, SECCOMP_RET_ERRNO | EPERM);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(0);
	return refused(pid, EPERM);
}
static int seccomp_argument(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	load(code, 6);
	return refused(socket(AF_NETLINK, SOCK_RAW, 0), EACCES);
}
static int seccomp_default(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	load(code, 5);
	_exit(refused(syscall(SYS_getppid), EPERM)); /* the filter leaves nothing else */
}
static int seccomp_second(void)
{
	filter_call(SYS_personality, SECCOMP_RET_ERRNO | EPERM);
	filter_call(SYS_getcpu, SECCOMP_RET_ERRNO | EPERM);
	return refused(syscall(SYS_personality, 0xffffffff), EPERM);
}
static int seccomp_kill(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		filter_call(SYS_personality, SECCOMP_RET_KILL_PROCESS);
		syscall(SYS_personality, 0xffffffff);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? REFUSED : call_alone() ? 0 : NOT_REFUSED;
}

/* ---- capabilities ---- */

static int cap_chown(void)
{
	make_file(in_work("f"), 0644, 0, "");
	drop(ONE(CAP_CHOWN));
	return refused(chown(in_work("f"), 5, 5), EPERM);
}
static int low_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(81)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	drop(ONE(CAP_NET_BIND_SERVICE));
	return refused(bind(fd, (struct sockaddr *)&address, sizeof(address)), EACCES);
}
static int raw_socket(void)
{
	drop(ONE(CAP_NET_RAW));
	return refused(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
}
static int packet_socket(void)
{
	drop(ONE(CAP_NET_RAW));
	return refused(socket(AF_PACKET, SOCK_DGRAM, 0), EPERM);
}
/* What ping tries first: without a raw socket, by groups. */
static int ping_group(void)
{
	if (!call_alone())
		need(unshare(CLONE_NEWNET), "unshare");
	return refused(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP), EACCES);
}
static int cap_mount(void)
{
	drop(ONE(CAP_SYS_ADMIN));
	return refused(mount("x", work, "tmpfs", 0, NULL), EPERM);
}
static int cap_clone(void)
{
	long pid;

	drop(ONE(CAP_SYS_ADMIN));
	pid = syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return refused(pid, EPERM);
}
static int cap_hostname(void)
{
	if (!call_alone())
		need(unshare(CLONE_NEWUTS), "unshare");
	drop(ONE(CAP_SYS_ADMIN));
	return refused(sethostname("x", 1), EPERM);
}
static int cap_time(void)
{
	struct timespec now;

	drop(ONE(CAP_SYS_TIME));
	clock_gettime(CLOCK_REALTIME, &now);
	return refused(clock_settime(CLOCK_REALTIME, &now), EPERM);
}
static int cap_nice(void)
{
	drop(ONE(CAP_SYS_NICE));
	limit(RLIMIT_NICE, 0);
	return refused(setpriority(PRIO_PROCESS, 0, -5), EACCES);
}
static int cap_mknod(void)
{
	drop(ONE(CAP_MKNOD));
	return refused(mknod(in_work("n"), S_IFCHR | 0600, makedev(1, 3)), EPERM);
}
static int cap_setuid(void)
{
	drop(ONE(CAP_SETUID));
	return refused(syscall(SYS_setuid, 7), EPERM);
}
static int cap_setgid(void)
{
	drop(ONE(CAP_SETGID));
	return refused(syscall(SYS_setgid, 7), EPERM);
}
static int cap_setgroups(void)
{
	drop(ONE(CAP_SETGID));
	return refused(syscall(SYS_setgroups, 0, NULL), EPERM);
}
static int cap_kill(void)
{
	become(NOBODY);
	return refused(kill(1, 0), EPERM);
}
static int cap_ptrace(void)
{
	pid_t pid = fork();
	long result;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	drop(ONE(CAP_SYS_PTRACE));
	/* The child stays root's. */
	need(syscall(SYS_setresuid, NOBODY, NOBODY, 0), "setresuid");
	result = ptrace(PTRACE_SEIZE, pid, 0, 0);
	if (result < 0 && errno == EPERM) {
		syscall(SYS_setresuid, 0, 0, 0);
		kill(pid, SIGKILL);
		return REFUSED;
	}
	return NOT_REFUSED;
}
static int cap_chroot(void)
{
	drop(ONE(CAP_SYS_CHROOT));
	return refused(chroot(work), EPERM);
}
static int cap_resource(void)
{
	limit(RLIMIT_NOFILE, 100);
	drop(ONE(CAP_SYS_RESOURCE));
	return refused(setrlimit(RLIMIT_NOFILE, &(struct rlimit){200, 200}), EPERM);
}
static int cap_net_admin(void)
{
	struct {
		char name[16];
		short flags;
		char rest[32];
	} request = {.name = "lo", .flags = 0x41};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	drop(ONE(CAP_NET_ADMIN));
	return refused(ioctl(fd, 0x8914 /* SIOCSIFFLAGS */, &request), EPERM);
}
/* Netlink answers with a message: the calls that send and receive work. */
static int cap_netlink(void)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {
		.header = {.nlmsg_len = sizeof(request), .nlmsg_type = RTM_DELLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.link = {.ifi_index = 99999},
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char more[256];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	drop(ONE(CAP_NET_ADMIN));
	need(send(fd, &request, sizeof(request), 0), "send");
	need(recv(fd, &answer, sizeof(answer), 0), "recv");
	errno = -answer.error.error;
	return refused(answer.error.error ? -1 : 0, EPERM);
}
static int cap_syslog(void)
{
	drop(ONE(CAP_SYSLOG) | ONE(CAP_SYS_ADMIN));
	return refused(klogctl(5 /* clear */, NULL, 0), EPERM);
}
static int cap_bpf(void)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_LRU_HASH, .key_size = 4, .value_size = 4, .max_entries = 1};

	drop(ONE(CAP_BPF) | ONE(CAP_SYS_ADMIN));
	return refused(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)), EPERM);
}
/* A negative kernel.perf_event_paranoid: then nothing is refused. */
static bool perf_is_for_all(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	bool all = file && fgetc(file) == '-';

	if (file)
		fclose(file);
	return all;
}
static int cap_perfmon(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_CPU_CLOCK};

	if (perf_is_for_all())
		return ABSENT;
	drop(ONE(CAP_PERFMON) | ONE(CAP_SYS_ADMIN) | ONE(CAP_SYS_PTRACE));
	return refused(syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0), EACCES);
}
static int cap_module(void)
{
	drop(ONE(CAP_SYS_MODULE));
	return refused(syscall(SYS_delete_module, "no_such_module", 0), EPERM);
}
static int cap_reboot(void)
{
	drop(ONE(CAP_SYS_BOOT));
	return refused(syscall(SYS_reboot, 0, 0, 0, 0), EPERM);
}
static int cap_immutable(void)
{
	int fd, flags = 0;

	make_file(in_work("f"), 0644, 0, "");
	fd = open(in_work("f"), O_RDONLY | O_CLOEXEC);
	need(ioctl(fd, FS_IOC_GETFLAGS, &flags), "FS_IOC_GETFLAGS");
	drop(ONE(CAP_LINUX_IMMUTABLE));
	flags |= FS_IMMUTABLE_FL;
	return refused(ioctl(fd, FS_IOC_SETFLAGS, &flags), EPERM);
}
static int cap_handle(void)
{
	struct {
		struct file_handle handle;
		char bytes[128];
	} place = {.handle.handle_bytes = 128};
	int id, fd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	need(name_to_handle_at(AT_FDCWD, work, &place.handle, &id, 0), "name_to_handle_at");
	drop(ONE(CAP_DAC_READ_SEARCH));
	return refused(open_by_handle_at(fd, &place.handle, O_PATH), EPERM);
}
static int cap_setns(void)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	drop(ONE(CAP_SYS_ADMIN));
	return refused(setns(fd, CLONE_NEWUTS), EPERM);
}
static int cap_elsewhere(void)
{
	user_namespace(true);
	return refused(mknod(in_work("n"), S_IFCHR | 0600, makedev(1, 3)), EPERM);
}
static int cap_elsewhere_time(void)
{
	struct timespec now;

	user_namespace(true);
	clock_gettime(CLOCK_REALTIME, &now);
	return refused(clock_settime(CLOCK_REALTIME, &now), EPERM);
}
/* As root of a container in a user namespace: not held, and of no use there. */
static int cap_outside(void)
{
	struct timespec now;

	user_namespace(true);
	drop(ONE(CAP_SYS_TIME));
	clock_gettime(CLOCK_REALTIME, &now);
	return refused(clock_settime(CLOCK_REALTIME, &now), EPERM);
}
static int cap_elsewhere_bpf(void)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_LRU_HASH, .key_size = 4, .value_size = 4, .max_entries = 1};

	user_namespace(true);
	return refused(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)), EPERM);
}
static int cap_elsewhere_perf(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_CPU_CLOCK};

	if (perf_is_for_all())
		return ABSENT;
	user_namespace(true);
	return refused(syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0), EACCES);
}
/* In the bounding set, as engines have it, and of no use to another user than root. */
static int cap_not_root(void)
{
	become(NOBODY);
	return refused(syscall(SYS_setuid, 0), EPERM);
}

/* ---- other entries of the kernel ---- */

#if defined(__x86_64__)
/* A call by the 32-bit entry, with an argument that is text; it has to lie where 32 bits reach. */
static long call_32(long number, const char *text, long second, long third)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result;

	need(low == MAP_FAILED ? -1 : 0, "mmap");
	snprintf(low, 4096, "%s", text);
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(low), "c"(second), "d"(third) : "memory");
	errno = result < 0 ? (int)-result : 0;
	return result < 0 ? -1 : result;
}
/* A kernel without this entry ends who uses it. */
static void no_entry(int signal)
{
	(void)signal;
	_exit(ABSENT);
}
static int compat_open(void)
{
	signal(SIGSEGV, no_entry);
	make_file(in_work("f"), 0600, 0, "x");
	become(NOBODY);
	return refused(call_32(5, in_work("f"), O_RDONLY, 0), EACCES);
}
static int compat_chown(void)
{
	signal(SIGSEGV, no_entry);
	make_file(in_work("f"), 0644, 0, "");
	drop(ONE(CAP_CHOWN));
	return refused(call_32(212 /* chown32 */, in_work("f"), 5, 5), EPERM);
}
static int compat_seccomp(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40000003 /* AUDIT_ARCH_I386 */, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 39 /* mkdir */, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	signal(SIGSEGV, no_entry);
	load(code, 6);
	return refused(call_32(39, in_work("d"), 0700, 0), EPERM);
}
static int x32_open(void)
{
	/* Debian's kernel knows this form of the entry only when it is told to at boot. */
	long result = syscall(0x40000000 | 2, work, O_RDONLY);

	return result < 0 && errno == ENOSYS ? REFUSED : ABSENT;
}
#else
static int compat_open(void) { return ABSENT; }
static int compat_chown(void) { return ABSENT; }
static int compat_seccomp(void) { return ABSENT; }
static int x32_open(void) { return ABSENT; }
#endif

const struct cause cases_power[] = {
	{"seccomp-errno", "seccomp-rule", seccomp_errno},
	{"seccomp-enosys", "seccomp-rule", seccomp_enosys},
	{"seccomp-clone3", "seccomp-rule", seccomp_clone3},
	{"seccomp-argument", "seccomp-rule", seccomp_argument},
	{"seccomp-default", "seccomp-default", seccomp_default},
	{"seccomp-second", "seccomp-rule", seccomp_second},
	{"seccomp-kill", "seccomp-kill", seccomp_kill},
	{"cap-chown", "capability", cap_chown},
	{"cap-low-port", "low-port", low_port},
	{"cap-raw-socket", "ping", raw_socket},
	{"cap-packet-socket", "ping", packet_socket},
	{"ping-group", "ping-group", ping_group},
	{"cap-mount", "capability", cap_mount},
	{"cap-clone", "capability", cap_clone},
	{"cap-hostname", "capability", cap_hostname},
	{"cap-time", "capability", cap_time},
	{"cap-nice", "capability", cap_nice},
	{"cap-mknod", "capability", cap_mknod},
	{"cap-setuid", "capability", cap_setuid},
	{"cap-setgid", "capability", cap_setgid},
	{"cap-setgroups", "capability", cap_setgroups},
	{"cap-kill", "capability", cap_kill},
	{"cap-ptrace", "capability", cap_ptrace},
	{"cap-chroot", "capability", cap_chroot},
	{"cap-resource", "capability", cap_resource},
	{"cap-net-admin", "capability", cap_net_admin},
	{"cap-netlink", "netlink", cap_netlink},
	{"cap-syslog", "capability", cap_syslog},
	{"cap-bpf", "bpf-off", cap_bpf},
	{"cap-perfmon", "perf-paranoid", cap_perfmon},
	{"cap-module", "capability", cap_module},
	{"cap-reboot", "capability", cap_reboot},
	{"cap-immutable", "capability", cap_immutable},
	{"cap-handle", "capability", cap_handle},
	{"cap-setns", "capability", cap_setns},
	{"cap-elsewhere-mknod", "capability-elsewhere", cap_elsewhere},
	{"cap-elsewhere-time", "capability-elsewhere", cap_elsewhere_time},
	{"cap-outside", "capability-elsewhere", cap_outside},
	{"cap-elsewhere-bpf", "capability-elsewhere", cap_elsewhere_bpf},
	{"cap-elsewhere-prf", "capability-elsewhere", cap_elsewhere_perf},
	{"cap-not-root", "capability", cap_not_root},
	{"compat-open", "dac", compat_open},
	{"compat-chown", "capability", compat_chown},
	{"compat-seccomp", "seccomp-rule", compat_seccomp},
	{"x32-open", "not-implemented", x32_open},
	{NULL, NULL, NULL},
};
