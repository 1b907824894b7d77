/* SPDX-License-Identifier: Apache-2.0 */
/* causes: sysctls, limits, user namespaces. The last call of each is the one that is refused. */
#include "causes.h"

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

/* Where these are off, modes alone refuse. */
static int regular_off(void)
{
	if (!switched_off("/proc/sys/fs/protected_regular"))
		return ABSENT;
	make_directory(in_work("d"), 01777, 0);
	make_file(in_work("d/f"), 0600, 1234, "x");
	become(NOBODY);
	return refused(open(in_work("d/f"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), EACCES);
}
static int symlink_off(void)
{
	if (!switched_off("/proc/sys/fs/protected_symlinks"))
		return ABSENT;
	make_directory(in_work("d"), 01777, 0);
	make_file(in_work("f"), 0600, 0, "x");
	if (!call_alone()) {
		need(symlink("../f", in_work("d/l")), "symlink");
		need(lchown(in_work("d/l"), 1234, 1234), "lchown");
	}
	become(NOBODY);
	return refused(open(in_work("d/l"), O_RDONLY | O_CLOEXEC), EACCES);
}

/* ---- limits ---- */

static int rlimit_nofile(void)
{
	int fd = 0;

	limit(RLIMIT_NOFILE, 3);
	for (int i = 0; i < 20 && fd >= 0; i++)
		fd = open("/", O_RDONLY | O_CLOEXEC);
	return refused(fd, EMFILE);
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
	return refused(mmap(NULL, 1 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0,
	 ENOMEM);
}
/* Over RLIMIT_AS it is not, only over what the machine has. */
static int address_space(void)
{
	limit(RLIMIT_AS, (rlim_t)1 << 46);
	return refused(mmap(NULL, (size_t)1 << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0, ENOMEM);
}
/* To stop at each of so many calls takes minutes. */
static bool traced(void)
{
	char line[128] = "";
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file) && strncmp(line, "TracerPid:", 10) != 0)
		;
	if (file)
		fclose(file);
	return strtol(line + 10, NULL, 10) != 0;
}
static int max_map_count(void)
{
	const size_t page = 4096, count = 1 << 18;
	char *all = mmap(NULL, count * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *one = all;

	if (traced())
		return ABSENT;
	need(all == MAP_FAILED ? -1 : 0, "mmap");
	/* Every second page another protection: each is a mapping of its own. */
	for (size_t i = 0; i < count && one != MAP_FAILED; i += 2)
		one = mmap(all + i * page, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	return one == MAP_FAILED ? refused(-1, ENOMEM) : ABSENT;
}
/* A limit of this user namespace, which no other process sees. */
static void user_limit(const char *name, const char *value)
{
	char path[64];

	user_namespace(true);
	snprintf(path, sizeof(path), "/proc/sys/user/%s", name);
	write_file(path, value);
}
static int inotify_instances(void)
{
	user_limit("max_inotify_instances", "1");
	need(inotify_init1(IN_CLOEXEC), "inotify_init1");
	return refused(inotify_init1(IN_CLOEXEC), EMFILE);
}
static int inotify_watches(void)
{
	user_limit("max_inotify_watches", "0");
	return refused(inotify_add_watch(inotify_init1(IN_CLOEXEC), "/", IN_CREATE), ENOSPC);
}
static int ipc_limit(void)
{
	if (!call_alone()) {
		need(unshare(CLONE_NEWIPC), "unshare");
		write_file("/proc/sys/kernel/shmmni", "1");
	}
	need(shmget(IPC_PRIVATE, 4096, 0600), "shmget");
	return refused(shmget(IPC_PRIVATE, 4096, 0600), ENOSPC);
}
static int ipc_mode(void)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600), status = 0;
	pid_t pid;

	need(id, "shmget");
	pid = fork();
	if (pid == 0) {
		become(NOBODY);
		_exit(refused(shmat(id, NULL, 0) == (void *)-1 ? -1 : 0, EACCES));
	}
	waitpid(pid, &status, 0);
	need(shmctl(id, IPC_RMID, NULL), "shmctl");
	return WEXITSTATUS(status);
}
static int cpuset(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(CPU_SETSIZE - 1, &set);
	return refused(sched_setaffinity(0, sizeof(set), &set), EINVAL);
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

/* A mount that came with the namespace, and what its owner has set there. */
static int mount_locked(void)
{
	const char *path;

	if (!inside()) {
		path = mounted("m");
		need(mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), "remount");
		user_namespace(true);
		need(unshare(CLONE_NEWNS), "unshare");
		return enter("userns-mount-lock");
	}
	return refused(mount(NULL, in_work("m"), NULL, MS_REMOUNT | MS_BIND, NULL), EPERM);
}
static int umount_locked(void)
{
	if (!inside()) {
		mounted("m");
		user_namespace(true);
		need(unshare(CLONE_NEWNS), "unshare");
		return enter("userns-umount");
	}
	return refused(umount2(in_work("m"), 0), EINVAL);
}
static int not_mounted(void)
{
	return refused(umount2(work, 0), EINVAL);
}
static int pid_namespace_ended(void)
{
	pid_t pid;

	need(unshare(CLONE_NEWPID), "unshare");
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return refused(fork(), ENOMEM);
}

/* ---- the kernel itself, Landlock ---- */

static int kernel_enosys(void)
{
	return refused(syscall(SYS_uselib, "x"), ENOSYS);
}
static int kernel_unknown(void)
{
	return refused(syscall(500), ENOSYS);
}
/* The call is there, and has no such operation. */
static int kernel_operation(void)
{
	int word = 0;

	return refused(syscall(SYS_futex, &word, 99, 0, NULL, NULL, 0), ENOSYS);
}
static int memfd_noexec(void)
{
	int status = 0;
	pid_t pid;

	need(unshare(CLONE_NEWPID), "unshare");
	pid = fork();
	if (pid == 0) {
		write_file("/proc/sys/vm/memfd_noexec", "2");
		_exit(refused(memfd_create("x", MFD_EXEC), EACCES));
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}
static int epoll_file(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC), fd = open("/", O_RDONLY | O_CLOEXEC);

	return refused(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), EPERM);
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
static int userns_full(void)
{
	user_limit("max_user_namespaces", "0");
	return refused(unshare(CLONE_NEWUSER), ENOSPC);
}

const struct cause cases_limits[] = {
	{"sysctl-hardlinks", "hardlink", hardlink},
	{"sysctl-symlinks", "symlink", symlink_sticky},
	{"sysctl-regular", "regular", regular_sticky},
	{"sysctl-regular-off", "dac", regular_off},
	{"sysctl-symlinks-off", "dac", symlink_off},
	{"rlimit-nofile", "rlimit-nofile", rlimit_nofile},
	{"rlimit-nproc", "rlimit-nproc", rlimit_nproc},
	{"rlimit-memlock", "rlimit-memlock", rlimit_memlock},
	{"rlimit-fsize", "rlimit-fsize", rlimit_fsize},
	{"rlimit-as", "rlimit-as", rlimit_as},
	{"rlimit-as-far", "unknown", address_space},
	{"limit-maps", "max-map-count", max_map_count},
	{"inotify-instances", "inotify-instances", inotify_instances},
	{"inotify-watches", "inotify-watches", inotify_watches},
	{"ipc-limit", "ipc-limit", ipc_limit},
	{"ipc-mode", "ipc-mode", ipc_mode},
	{"cpuset", "cpuset", cpuset},
	{"userns-id", "id-unmapped", id_unmapped},
	{"userns-setuid", "id-unmapped", setuid_unmapped},
	{"userns-setgroups", "setgroups-denied", setgroups_denied},
	{"userns-proc", "proc-covered", proc_covered},
	{"userns-full", "userns-full", userns_full},
	{"userns-mount-lock", "mount-locked", mount_locked},
	{"userns-umount", "mount-locked", umount_locked},
	{"not-mounted", "not-mounted", not_mounted},
	{"pidns-ended", "pid-namespace-ended", pid_namespace_ended},
	{"kernel-operation", "no-operation", kernel_operation},
	{"memfd-noexec", "memfd-noexec", memfd_noexec},
	{"epoll-file", "not-pollable", epoll_file},
	{"kernel-enosys", "not-implemented", kernel_enosys},
	{"kernel-unknown", "not-implemented", kernel_unknown},
	{"landlock", "landlock", landlock},
	{NULL, NULL, NULL},
};
