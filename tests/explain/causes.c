/* SPDX-License-Identifier: Apache-2.0 */
/*
 * causes: one case for each reason that a system call may be refused for. `causes list` prints the cases with the cause that
 * explain has to find; `causes NAME` makes the conditions of one and then, last of all, the refused call. It runs as root, in a
 * process of its own. Exit statuses: 3 refused as meant, 77 there is no such cause on this kernel, 1 the call was not
 * refused, or otherwise than meant.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REFUSED 3
#define ABSENT 77
#define NOT_REFUSED 1
#define NOBODY 65534

static char work[64]; /* a directory of this run's own */

/* ---- conditions ---- */

static void need(long result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "causes: %s: %s\n", what, strerror(errno));
	exit(ABSENT);
}

/* Give up these capabilities, of every set. */
static void drop(uint64_t mask)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	for (int i = 0; i <= CAP_LAST_CAP; i++)
		if (mask >> i & 1)
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	need(syscall(SYS_capget, &header, data), "capget");
	for (int i = 0; i < 2; i++) {
		data[i].effective &= ~(uint32_t)(mask >> (32 * i));
		data[i].permitted &= ~(uint32_t)(mask >> (32 * i));
		data[i].inheritable = 0;
	}
	need(syscall(SYS_capset, &header, data), "capset");
}
#define ONE(capability) (UINT64_C(1) << (capability))
#define ALL (~UINT64_C(0))

static void become(uid_t id)
{
	need(syscall(SYS_setgroups, 0, NULL), "setgroups");
	need(syscall(SYS_setresgid, id, id, id), "setresgid");
	need(syscall(SYS_setresuid, id, id, id), "setresuid");
}

static void limit(int resource, rlim_t value)
{
	need(setrlimit(resource, &(struct rlimit){value, value}), "setrlimit");
}

static void load(struct sock_filter *instructions, unsigned short count)
{
	struct sock_fprog program = {count, instructions};

	need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	need(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

static void filter_call(int number, uint32_t action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	load(code, 4);
}

static const char *in_work(const char *name)
{
	static char path[2][160];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", work, name);
	return path[turn];
}

static void make_file(const char *path, mode_t mode, uid_t owner, const char *text)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	need(fd, path);
	need(write(fd, text, strlen(text)), path);
	need(fchown(fd, owner, owner), path);
	need(fchmod(fd, mode), path);
	close(fd);
}

static void make_directory(const char *path, mode_t mode, uid_t owner)
{
	need(mkdir(path, 0700), path);
	need(chown(path, owner, owner), path);
	need(chmod(path, mode), path);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	need(fd, path);
	need(write(fd, text, strlen(text)), path);
	close(fd);
}

/* A mount namespace of one's own, so that what is mounted ends with this process. */
static void private_mounts(void)
{
	need(unshare(CLONE_NEWNS), "unshare");
	need(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
}

static const char *mounted(const char *name)
{
	const char *path = in_work(name);

	private_mounts();
	make_directory(path, 0755, 0);
	need(mount("tmpfs", path, "tmpfs", 0, NULL), "tmpfs");
	return path;
}

/* As in a container: first what it consists of, then the program, which is executed in it. */
static bool inside(void)
{
	return getenv("CAUSES_INSIDE");
}
static int enter(const char *name)
{
	setenv("CAUSES_INSIDE", "1", 1);
	execl("/proc/self/exe", "causes", name, NULL);
	return ABSENT;
}

/* Root of a user namespace that maps one id, as rootless tools begin. */
static void user_namespace(bool deny_setgroups)
{
	need(unshare(CLONE_NEWUSER), "user namespace");
	if (deny_setgroups)
		write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", "0 0 1");
	write_file("/proc/self/gid_map", "0 0 1");
}

static int refused(long result, int error)
{
	if (result < 0 && errno == error)
		return REFUSED;
	if (result < 0 && errno == ENOSYS)
		return ABSENT;
	if (result >= 0)
		fprintf(stderr, "causes: not refused\n");
	else
		fprintf(stderr, "causes: %s in place of %s\n", strerror(errno), strerror(error));
	return NOT_REFUSED;
}

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
static int seccomp_clone3(void)
{
	/* An old profile answers EPERM to a call it does not know, where ENOSYS would let the C library fall back. */
	filter_call(SYS_clone3, SECCOMP_RET_ERRNO | EPERM);
	return refused(syscall(SYS_clone3, NULL, 0), EPERM);
}
static int seccomp_argument(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_VSOCK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	load(code, 6);
	return refused(socket(AF_VSOCK, SOCK_STREAM, 0), EACCES);
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
	_exit(refused(syscall(SYS_getppid), EPERM));
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
	return WIFSIGNALED(status) ? REFUSED : NOT_REFUSED;
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
static int cap_mount(void)
{
	drop(ONE(CAP_SYS_ADMIN));
	return refused(mount("x", work, "tmpfs", 0, NULL), EPERM);
}
static int cap_hostname(void)
{
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
	return refused(kill(1, SIGCONT), EPERM);
}
static int cap_ptrace(void)
{
	drop(ONE(CAP_SYS_PTRACE));
	become(NOBODY);
	return refused(ptrace(PTRACE_SEIZE, 1, 0, 0), EPERM);
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
static int cap_perfmon(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_CPU_CLOCK};

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

/* ---- modes and owners ---- */

static int dac_file(void)
{
	make_file(in_work("f"), 0600, 0, "x");
	become(NOBODY);
	return refused(open(in_work("f"), O_RDONLY | O_CLOEXEC), EACCES);
}
static int dac_write(void)
{
	make_file(in_work("f"), 0644, 0, "x");
	become(NOBODY);
	return refused(open(in_work("f"), O_WRONLY | O_CLOEXEC), EACCES);
}
static int dac_directory(void)
{
	make_directory(in_work("d"), 0700, 0);
	make_file(in_work("d/f"), 0666, 0, "x");
	become(NOBODY);
	return refused(open(in_work("d/f"), O_RDONLY | O_CLOEXEC), EACCES);
}
static int dac_parent(void)
{
	make_directory(in_work("d"), 0755, 0);
	become(NOBODY);
	return refused(mkdir(in_work("d/new"), 0700), EACCES);
}
static int dac_relative(void)
{
	make_directory(in_work("d"), 0755, 0);
	make_file(in_work("d/f"), 0600, 0, "x");
	need(chdir(in_work("d")), "chdir");
	become(NOBODY);
	return refused(open("f", O_RDONLY | O_CLOEXEC), EACCES);
}
static int no_x_bit(void)
{
	char *argv[] = {(char *)"f", NULL};

	make_file(in_work("f"), 0644, 0, "#!/bin/sh\n");
	return refused(execve(in_work("f"), argv, argv + 1), EACCES);
}
static int sticky(void)
{
	make_directory(in_work("d"), 01777, 0);
	make_file(in_work("d/f"), 0666, 0, "x");
	become(NOBODY);
	return refused(unlink(in_work("d/f")), EPERM);
}
static int not_owner(void)
{
	make_file(in_work("f"), 0666, 0, "x");
	become(NOBODY);
	return refused(chmod(in_work("f"), 0600), EPERM);
}
static int owner_unmapped(void)
{
	make_file(in_work("f"), 0600, 1234, "x");
	user_namespace(true);
	return refused(open(in_work("f"), O_RDONLY | O_CLOEXEC), EACCES);
}

/* ---- mounts and attributes ---- */

static int read_only(void)
{
	if (!inside()) {
		need(mount(NULL, mounted("m"), NULL, MS_REMOUNT | MS_RDONLY, NULL), "remount");
		return enter("mount-read-only");
	}
	return refused(mkdir(in_work("m/new"), 0700), EROFS);
}
static int noexec(void)
{
	char *argv[] = {(char *)"f", NULL};

	if (!inside()) {
		const char *path = mounted("m");

		make_file(in_work("m/f"), 0755, 0, "#!/bin/sh\n");
		need(mount(NULL, path, NULL, MS_REMOUNT | MS_NOEXEC, NULL), "remount");
		return enter("mount-noexec");
	}
	return refused(execve(in_work("m/f"), argv, argv + 1), EACCES);
}
static int nodev(void)
{
	if (!inside()) {
		const char *path = mounted("m");

		need(mknod(in_work("m/null"), S_IFCHR | 0666, makedev(1, 3)), "mknod");
		need(mount(NULL, path, NULL, MS_REMOUNT | MS_NODEV, NULL), "remount");
		return enter("mount-nodev");
	}
	return refused(open(in_work("m/null"), O_RDONLY | O_CLOEXEC), EACCES);
}
static int read_only_path(void)
{
	if (!inside()) {
		private_mounts();
		need(mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL), "bind");
		need(mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), "remount");
		return enter("path-read-only");
	}
	return refused(open("/proc/sys/kernel/hostname", O_WRONLY | O_CLOEXEC), EROFS);
}
static int masked_directory(void)
{
	if (!inside()) {
		private_mounts();
		need(mount("tmpfs", "/proc/acpi", "tmpfs", MS_RDONLY, NULL), "mask");
		return enter("path-masked");
	}
	return refused(mkdir("/proc/acpi/new", 0700), EROFS);
}
static int immutable(void)
{
	int fd, flags = 0;

	make_file(in_work("f"), 0644, 0, "");
	fd = open(in_work("f"), O_RDONLY | O_CLOEXEC);
	need(ioctl(fd, FS_IOC_GETFLAGS, &flags), "FS_IOC_GETFLAGS");
	flags |= FS_IMMUTABLE_FL;
	need(ioctl(fd, FS_IOC_SETFLAGS, &flags), "FS_IOC_SETFLAGS");
	return refused(unlink(in_work("f")), EPERM);
}
static int append_only(void)
{
	int fd, flags = 0;

	make_file(in_work("f"), 0644, 0, "");
	fd = open(in_work("f"), O_RDONLY | O_CLOEXEC);
	need(ioctl(fd, FS_IOC_GETFLAGS, &flags), "FS_IOC_GETFLAGS");
	flags |= FS_APPEND_FL;
	need(ioctl(fd, FS_IOC_SETFLAGS, &flags), "FS_IOC_SETFLAGS");
	return refused(open(in_work("f"), O_WRONLY | O_CLOEXEC), EPERM);
}
static int sealed(void)
{
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	need(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW), "seal");
	return refused(write(fd, "x", 1), EPERM);
}

/* ---- sysctls ---- */

/* Switches of the host are left alone. */
static bool switched_off(const char *path)
{
	char digit = '0';
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool off = fd < 0 || read(fd, &digit, 1) != 1 || digit == '0';

	close(fd);
	return off;
}
static int hardlink(void)
{
	if (switched_off("/proc/sys/fs/protected_hardlinks"))
		return ABSENT;
	make_file(in_work("f"), 0600, 0, "x");
	make_directory(in_work("d"), 0777, 0);
	become(NOBODY);
	return refused(link(in_work("f"), in_work("d/l")), EPERM);
}
static int symlink_sticky(void)
{
	if (switched_off("/proc/sys/fs/protected_symlinks"))
		return ABSENT;
	make_directory(in_work("d"), 01777, 0);
	need(symlink("/etc/hostname", in_work("d/l")), "symlink");
	need(lchown(in_work("d/l"), 1234, 1234), "lchown");
	become(NOBODY);
	return refused(open(in_work("d/l"), O_RDONLY | O_CLOEXEC), EACCES);
}
static int regular_sticky(void)
{
	if (switched_off("/proc/sys/fs/protected_regular"))
		return ABSENT;
	make_directory(in_work("d"), 01777, 0);
	make_file(in_work("d/f"), 0666, 1234, "x");
	become(NOBODY);
	return refused(open(in_work("d/f"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), EACCES);
}

/* ---- limits ---- */

static int rlimit_nofile(void)
{
	limit(RLIMIT_NOFILE, 3);
	return refused(open("/", O_RDONLY | O_CLOEXEC), EMFILE);
}
static int rlimit_nproc(void)
{
	drop(ONE(CAP_SYS_RESOURCE) | ONE(CAP_SYS_ADMIN));
	limit(RLIMIT_NPROC, 0);
	become(54321);
	return refused(fork(), EAGAIN);
}
static int rlimit_memlock(void)
{
	void *page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	limit(RLIMIT_MEMLOCK, 4096);
	drop(ONE(CAP_IPC_LOCK));
	return refused(mlock(page, 1 << 20), ENOMEM);
}
static int rlimit_fsize(void)
{
	int fd = open(in_work("f"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	signal(SIGXFSZ, SIG_IGN);
	limit(RLIMIT_FSIZE, 10);
	return refused(ftruncate(fd, 20), EFBIG);
}
static int rlimit_as(void)
{
	limit(RLIMIT_AS, 64 << 20);
	return refused(mmap(NULL, 1 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0, ENOMEM);
}

/* ---- user namespaces ---- */

static int id_unmapped(void)
{
	make_file(in_work("f"), 0644, 0, "");
	user_namespace(true);
	return refused(chown(in_work("f"), 1000, 1000), EINVAL);
}
static int setuid_unmapped(void)
{
	user_namespace(true);
	return refused(syscall(SYS_setuid, 33), EINVAL);
}
static int setgroups_denied(void)
{
	user_namespace(true);
	return refused(syscall(SYS_setgroups, 0, NULL), EPERM);
}
static int proc_covered(void)
{
	pid_t pid;
	int status = 0;

	if (inside())
		return refused(mount("proc", "/proc", "proc", 0, NULL), EPERM);
	private_mounts();
	need(mount("tmpfs", "/proc/acpi", "tmpfs", MS_RDONLY, NULL), "mask");
	user_namespace(true);
	need(unshare(CLONE_NEWNS | CLONE_NEWPID), "unshare");
	pid = fork();
	if (pid == 0)
		_exit(enter("userns-proc"));
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

/* ---- the kernel itself, Landlock, programs ---- */

static int kernel_enosys(void)
{
	return refused(syscall(SYS_uselib, "x"), ENOSYS);
}
static int kernel_unknown(void)
{
	return refused(syscall(500), ENOSYS);
}
static int landlock(void)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	make_file(in_work("f"), 0644, 0, "x");
	need(fd, "landlock");
	need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	need(syscall(SYS_landlock_restrict_self, fd, 0), "landlock");
	return refused(open(in_work("f"), O_RDONLY | O_CLOEXEC), EACCES);
}
static int try_exec(int error)
{
	char *argv[] = {(char *)"f", NULL};

	return refused(execve(in_work("f"), argv, argv + 1), error);
}
static int exec_interpreter(void)
{
	make_file(in_work("f"), 0755, 0, "#!/usr/bin/no-such-interpreter\n");
	return try_exec(ENOENT);
}
static int exec_no_program(void)
{
	make_file(in_work("f"), 0755, 0, "just words\n");
	return try_exec(ENOEXEC);
}
static int exec_missing(void)
{
	return try_exec(ENOENT);
}
/* A copy of this program, with some bytes changed. */
static void make_copy(long at, const void *bytes, size_t count)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = open(in_work("f"), O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	char block[65536];
	ssize_t got;

	while ((got = read(from, block, sizeof(block))) > 0)
		need(write(to, block, (size_t)got), "copy");
	if (at >= 0)
		need(pwrite(to, bytes, count, at), "copy");
	close(from);
	close(to);
}
static int exec_machine(void)
{
	make_copy(18, "\xb7\x00", 2); /* e_machine: aarch64 */
	return try_exec(ENOEXEC);
}
static int exec_loader(void)
{
	char block[4096];
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *at;

	need(read(fd, block, sizeof(block)), "read");
	at = memmem(block, sizeof(block), "/lib64/ld-", 10);
	if (!at)
		return ABSENT;
	make_copy(at - block, "/nolib", 6);
	return try_exec(ENOENT);
}
static int userns_full(void)
{
	int fd;

	/* A limit of this user namespace, which no other process sees. */
	user_namespace(true);
	fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
	need(fd, "max_user_namespaces");
	need(write(fd, "0", 1), "max_user_namespaces");
	return refused(unshare(CLONE_NEWUSER), ENOSPC);
}

/* ---- the table ---- */

static const struct {
	const char *name, *cause;
	int (*run)(void);
} cases[] = {
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
	{"cap-mount", "capability", cap_mount},
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
	{"dac-file", "dac", dac_file},
	{"dac-write", "dac", dac_write},
	{"dac-directory", "dac-directory", dac_directory},
	{"dac-parent", "dac-directory", dac_parent},
	{"dac-relative", "dac", dac_relative},
	{"dac-no-x", "no-x-bit", no_x_bit},
	{"dac-sticky", "sticky", sticky},
	{"dac-not-owner", "not-owner", not_owner},
	{"dac-unmapped-owner", "dac-unmapped-owner", owner_unmapped},
	{"mount-read-only", "read-only", read_only},
	{"mount-noexec", "noexec", noexec},
	{"mount-nodev", "nodev", nodev},
	{"path-read-only", "read-only-path", read_only_path},
	{"path-masked", "read-only-path", masked_directory},
	{"inode-immutable", "immutable", immutable},
	{"inode-append", "append-only", append_only},
	{"inode-sealed", "sealed", sealed},
	{"sysctl-hardlinks", "hardlink", hardlink},
	{"sysctl-symlinks", "symlink", symlink_sticky},
	{"sysctl-regular", "regular", regular_sticky},
	{"rlimit-nofile", "rlimit-nofile", rlimit_nofile},
	{"rlimit-nproc", "rlimit-nproc", rlimit_nproc},
	{"rlimit-memlock", "rlimit-memlock", rlimit_memlock},
	{"rlimit-fsize", "rlimit-fsize", rlimit_fsize},
	{"rlimit-as", "rlimit-as", rlimit_as},
	{"userns-id", "id-unmapped", id_unmapped},
	{"userns-setuid", "id-unmapped", setuid_unmapped},
	{"userns-setgroups", "setgroups-denied", setgroups_denied},
	{"userns-proc", "proc-covered", proc_covered},
	{"userns-full", "userns-full", userns_full},
	{"kernel-enosys", "not-implemented", kernel_enosys},
	{"kernel-unknown", "not-implemented", kernel_unknown},
	{"landlock", "landlock", landlock},
	{"exec-interpreter", "exec-interpreter-missing", exec_interpreter},
	{"exec-loader", "exec-loader-missing", exec_loader},
	{"exec-machine", "exec-wrong-machine", exec_machine},
	{"exec-no-program", "exec-no-program", exec_no_program},
	{"exec-missing", "exec-missing", exec_missing},
};

int main(int argc, char **argv)
{
	const char *directory = getenv("CAUSES_DIR");

	umask(0);
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			printf("%s %s\n", cases[i].name, cases[i].cause);
		return 0;
	}
	if (argc != 2 || !directory) {
		fprintf(stderr, "usage: CAUSES_DIR=DIRECTORY causes list|NAME\n");
		return 2;
	}
	snprintf(work, sizeof(work), "%s", directory);
	/* Records are found by this name. */
	prctl(PR_SET_NAME, argv[1], 0, 0, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strcmp(cases[i].name, argv[1]) == 0)
			return cases[i].run();
	fprintf(stderr, "causes: no case %s\n", argv[1]);
	return 2;
}
