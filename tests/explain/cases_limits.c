/* SPDX-License-Identifier: Apache-2.0 */
/* causes: sysctls, limits, user namespaces, programs. The last call of each is the one that is refused. */
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
/* A copy of a program, with some bytes changed. */
static void make_copy(const char *source, long at, const void *bytes, size_t count)
{
	char block[65536];
	int from, to;
	ssize_t got;

	if (call_alone())
		return;
	from = open(source, O_RDONLY | O_CLOEXEC);
	to = open(in_work("f"), O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	while ((got = read(from, block, sizeof(block))) > 0)
		need(write(to, block, (size_t)got), "copy");
	if (at >= 0)
		need(pwrite(to, bytes, count, at), "copy");
	close(from);
	close(to);
}
static int exec_machine(void)
{
	make_copy("/proc/self/exe", 18, "\xb7\x00", 2); /* e_machine: aarch64 */
	return try_exec(ENOEXEC);
}
/* A program that is linked dynamically, with another name of its loader. */
static int exec_loader(void)
{
	char block[4096];
	int fd = open("/usr/bin/env", O_RDONLY | O_CLOEXEC);
	char *at;

	if (call_alone())
		return try_exec(ENOENT);
	need(read(fd, block, sizeof(block)), "read");
	at = memmem(block, sizeof(block), "/lib64/ld-", 10);
	if (!at)
		return ABSENT;
	make_copy("/usr/bin/env", at - block, "/nolib", 6);
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

const struct cause cases_limits[] = {
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
	{NULL, NULL, NULL},
};
