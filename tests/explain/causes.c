/* SPDX-License-Identifier: Apache-2.0 */
/*
 * causes: one case for each reason that a system call may be refused for. `causes list` prints the cases with the
 * cause that explain has to find; `causes NAME` makes the conditions of one and then, last of all, the refused call. It
 * runs as root, in a process of its own. Exit statuses: 3 refused as meant, 77 there is no such cause on this kernel, 1
 * the call was not refused, or otherwise than meant.
 *
 * `causes syscall NUMBER …` makes any call. With CAUSES_MODE=call a case makes the call alone: the conditions are those of
 * the container that it runs in, and the status is 0 when the call works. CAUSES_MODE=prepare makes the files alone,
 * before the first condition.
 */
#include "causes.h"

char work[64];

void need(long result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "causes: %s: %s\n", what, strerror(errno));
	exit(ABSENT);
}

static bool mode_is(const char *mode)
{
	return getenv("CAUSES_MODE") && strcmp(getenv("CAUSES_MODE"), mode) == 0;
}

bool call_alone(void)
{
	return mode_is("call");
}

/* At the first condition all files are made. */
static bool skip_condition(void)
{
	if (mode_is("prepare"))
		exit(0);
	return call_alone();
}

/* Give up these capabilities, of every set. */
void drop(uint64_t mask)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	if (skip_condition())
		return;
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

void become(uid_t id)
{
	if (skip_condition())
		return;
	need(syscall(SYS_setgroups, 0, NULL), "setgroups");
	need(syscall(SYS_setresgid, id, id, id), "setresgid");
	need(syscall(SYS_setresuid, id, id, id), "setresuid");
}

void limit(int resource, rlim_t value)
{
	if (skip_condition())
		return;
	need(setrlimit(resource, &(struct rlimit){value, value}), "setrlimit");
}

void load(struct sock_filter *instructions, unsigned short count)
{
	struct sock_fprog program = {count, instructions};

	if (skip_condition())
		return;
	need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	need(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

void filter_call(int number, uint32_t action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	load(code, 4);
}

const char *in_work(const char *name)
{
	static char path[2][160];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", work, name);
	return path[turn];
}

void make_file(const char *path, mode_t mode, uid_t owner, const char *text)
{
	int fd;

	if (call_alone())
		return;
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	need(fd, path);
	need(write(fd, text, strlen(text)), path);
	need(fchown(fd, owner, owner), path);
	need(fchmod(fd, mode), path);
	close(fd);
}

void make_directory(const char *path, mode_t mode, uid_t owner)
{
	if (call_alone())
		return;
	need(mkdir(path, 0700), path);
	need(chown(path, owner, owner), path);
	need(chmod(path, mode), path);
}

void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	need(fd, path);
	need(write(fd, text, strlen(text)), path);
	close(fd);
}

/* A mount namespace of one's own, so that what is mounted ends with this process. */
void private_mounts(void)
{
	if (skip_condition())
		return;
	need(unshare(CLONE_NEWNS), "unshare");
	need(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
}

const char *mounted(const char *name)
{
	const char *path = in_work(name);

	if (skip_condition())
		return path;
	private_mounts();
	make_directory(path, 0755, 0);
	need(mount("tmpfs", path, "tmpfs", 0, NULL), "tmpfs");
	return path;
}

/* As in a container: first what it consists of, then the program, which is executed in it. */
bool inside(void)
{
	return getenv("CAUSES_INSIDE") || call_alone();
}
int enter(const char *name)
{
	setenv("CAUSES_INSIDE", "1", 1);
	execl("/proc/self/exe", "causes", name, NULL);
	return ABSENT;
}

/* Root of a user namespace that maps one id, as rootless tools begin. */
void user_namespace(bool deny_setgroups)
{
	if (skip_condition())
		return;
	need(unshare(CLONE_NEWUSER), "user namespace");
	if (deny_setgroups)
		write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", "0 0 1");
	write_file("/proc/self/gid_map", "0 0 1");
}

/* What chattr does. */
void set_flag(const char *path, int flag)
{
	int fd, flags = 0;

	if (call_alone())
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	need(ioctl(fd, FS_IOC_GETFLAGS, &flags), "FS_IOC_GETFLAGS");
	flags |= flag;
	need(ioctl(fd, FS_IOC_SETFLAGS, &flags), "FS_IOC_SETFLAGS");
	close(fd);
}

int refused(long result, int error)
{
	if (result >= 0 && call_alone())
		return 0;
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

static const struct cause *const all[] = {cases_power, cases_files, cases_limits, cases_programs};

/* A call by number, with numbers as arguments: refused, or what the kernel itself says to it. */
static int plain_call(int argc, char **argv)
{
	long values[7] = {0}, result;

	for (int i = 0; i < argc && i < 7; i++)
		values[i] = strtol(argv[i], NULL, 0);
	result = syscall(values[0], values[1], values[2], values[3], values[4], values[5], values[6]);
	if (result >= 0)
		return 0;
	fprintf(stderr, "causes: %s\n", strerror(errno));
	return errno == EPERM || errno == EACCES || errno == ENOSYS ? REFUSED : 0;
}

int main(int argc, char **argv)
{
	const char *directory = getenv("CAUSES_DIR");

	if (argc > 2 && strcmp(argv[1], "syscall") == 0)
		return plain_call(argc - 2, argv + 2);
	umask(0);
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			for (const struct cause *one = all[i]; one->name; one++)
				printf("%s %s\n", one->name, one->cause);
		return 0;
	}
	if (argc != 2 || !directory) {
		fprintf(stderr, "usage: CAUSES_DIR=DIRECTORY causes list|NAME\n");
		return 2;
	}
	snprintf(work, sizeof(work), "%s", directory);
	/* Records are found by this name. */
	prctl(PR_SET_NAME, argv[1], 0, 0, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct cause *one = all[i]; one->name; one++)
			if (strcmp(one->name, argv[1]) == 0)
				return one->run();
	fprintf(stderr, "causes: no case %s\n", argv[1]);
	return 2;
}
