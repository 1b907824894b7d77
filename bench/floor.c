/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor: the kernel work of one container start, and nothing else: no config is read, no state is kept, nothing is
 * checked that the kernel does not check. What a runtime takes beyond this is its own doing.
 *
 *   floor ROOTFS FILTER PROGRAM
 *
 * The container is the one of bundles.py: network, IPC, UTS, PID and mount namespaces; the nine mounts of a default
 * config with masked and read-only paths; one cgroup in each v1 hierarchy with the default device rules (or one in
 * cgroup2, without rules); three capabilities; FILTER, a file of struct sock_filter. Runs as root.
 *
 * The child shares the parent's memory until execve (CLONE_VFORK), so it may not return from its function; what it
 * needs was prepared before.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define HIERARCHIES_MAX 16
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct hierarchy {
	char mount_point[128]; /* /sys/fs/cgroup/cpu */
	char path[192];	       /* of our group in it */
	int tasks_fd;
};

static struct hierarchy hierarchies[HIERARCHIES_MAX];
static size_t hierarchies_count;
static char cgroup2_path[192];
static struct sock_filter instructions[BPF_MAXINSNS];
static struct sock_fprog filter = {.filter = instructions};
static const char *rootfs, *program;

static _Noreturn void give_up(const char *call)
{
	fprintf(stderr, "floor: %s: %s\n", call, strerror(errno));
	_exit(99);
}

static long need(long result, const char *call)
{
	if (result < 0)
		give_up(call);
	return result;
}
#define NEED(call) need((call), #call)

static void write_file(int dir_fd, const char *name, const char *text, size_t size)
{
	int fd = NEED(openat(dir_fd, name, O_WRONLY | O_CLOEXEC));

	NEED(write(fd, text, size));
	close(fd);
}

/* ---- cgroups, in the parent ---- */

static bool ends_in(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);

	return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static void find_hierarchies(void)
{
	char line[512], mount_point[128], type[32];
	FILE *file = fopen("/proc/self/mounts", "re");

	if (!file)
		give_up("/proc/self/mounts");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %127s %31s", mount_point, type) != 2)
			continue;
		if (strcmp(type, "cgroup") == 0 && hierarchies_count < HIERARCHIES_MAX)
			strcpy(hierarchies[hierarchies_count++].mount_point, mount_point);
		else if (strcmp(type, "cgroup2") == 0)
			snprintf(cgroup2_path, sizeof(cgroup2_path), "%s/floor%d", mount_point, getpid());
	}
	fclose(file);
}

/* A new cpuset group is empty and takes no process. */
static void copy_cpuset(const struct hierarchy *hierarchy, int dir_fd)
{
	static const char *const names[] = {"cpuset.cpus", "cpuset.mems"};
	char path[256], text[256];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", hierarchy->mount_point, names[i]);
		int fd = NEED(open(path, O_RDONLY | O_CLOEXEC));
		ssize_t size = NEED(read(fd, text, sizeof(text)));

		close(fd);
		write_file(dir_fd, names[i], text, (size_t)size);
	}
}

static void set_device_rules(int dir_fd)
{
	static const char *const allowed[] = {
		"c *:* m",   "b *:* m",	  "c 1:3 rwm",	 "c 1:5 rwm", "c 1:7 rwm",    "c 1:8 rwm",
		"c 1:9 rwm", "c 5:0 rwm", "c 136:* rwm", "c 5:2 rwm", "c 10:200 rwm", "c 5:1 rwm",
	};

	write_file(dir_fd, "devices.deny", "a", 1);
	int fd = NEED(openat(dir_fd, "devices.allow", O_WRONLY | O_CLOEXEC));
	for (size_t i = 0; i < COUNT(allowed); i++)
		NEED(write(fd, allowed[i], strlen(allowed[i])));
	close(fd);
}

static void make_groups(void)
{
	for (size_t i = 0; i < hierarchies_count; i++) {
		struct hierarchy *hierarchy = &hierarchies[i];

		snprintf(hierarchy->path, sizeof(hierarchy->path), "%s/floor%d", hierarchy->mount_point, getpid());
		NEED(mkdir(hierarchy->path, 0755));
		int dir_fd = NEED(open(hierarchy->path, O_PATH | O_DIRECTORY | O_CLOEXEC));

		if (ends_in(hierarchy->mount_point, "cpuset"))
			copy_cpuset(hierarchy, dir_fd);
		if (ends_in(hierarchy->mount_point, "devices"))
			set_device_rules(dir_fd);
		hierarchy->tasks_fd = NEED(openat(dir_fd, "tasks", O_WRONLY | O_CLOEXEC));
		close(dir_fd);
	}
	if (hierarchies_count == 0)
		NEED(mkdir(cgroup2_path, 0755));
}

/* The last process has been reaped, but a group may take a moment to notice. */
static void remove_group(const char *path)
{
	for (int tries = 0; rmdir(path) < 0; tries++) {
		if (errno != EBUSY || tries == 1000)
			give_up(path);
		usleep(200);
	}
}

static void remove_groups(void)
{
	for (size_t i = 0; i < hierarchies_count; i++)
		remove_group(hierarchies[i].path);
	if (hierarchies_count == 0)
		remove_group(cgroup2_path);
}

/* ---- mounts, in the child ---- */

struct option {
	const char *name, *value; /* value NULL: a flag */
};

/* A new filesystem, mounted nowhere yet. */
static int new_mount(const char *type, const struct option *options, unsigned attributes)
{
	int context_fd = NEED(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));

	for (; options && options->name; options++)
		NEED(syscall(SYS_fsconfig, context_fd, options->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
			     options->name, options->value, 0));
	NEED(syscall(SYS_fsconfig, context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	int mount_fd = NEED(syscall(SYS_fsmount, context_fd, FSMOUNT_CLOEXEC, attributes));
	close(context_fd);
	return mount_fd;
}

static int copy_mount(int dir_fd, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir_fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

static void put_mount(int mount_fd, int dir_fd, const char *path)
{
	NEED(syscall(SYS_move_mount, mount_fd, "", dir_fd, path, MOVE_MOUNT_F_EMPTY_PATH));
}

static void set_attributes(int mount_fd, unsigned attributes, unsigned flags)
{
	struct mount_attr attr = {.attr_set = attributes};

	NEED(syscall(SYS_mount_setattr, mount_fd, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr)));
}

#define QUIET (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV)

static void fill_dev(int dev_fd)
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} nodes[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
	static const char *const links[][2] = {
		{"fd", "/proc/self/fd"},	 {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
		{"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
	};
	static const char *const folders[] = {"pts", "shm", "mqueue"};

	for (size_t i = 0; i < COUNT(nodes); i++)
		NEED(mknodat(dev_fd, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)));
	for (size_t i = 0; i < COUNT(links); i++)
		NEED(symlinkat(links[i][1], dev_fd, links[i][0]));
	for (size_t i = 0; i < COUNT(folders); i++)
		NEED(mkdirat(dev_fd, folders[i], 0755));
}

static int mount_dev(int root_fd)
{
	static const struct option dev[] = {{"mode", "755"}, {"size", "65536k"}, {0}};
	static const struct option pts[] = {
		{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}, {0}};
	static const struct option shm[] = {{"mode", "1777"}, {"size", "65536k"}, {0}};
	int dev_fd = new_mount("tmpfs", dev, MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);

	fill_dev(dev_fd);
	put_mount(dev_fd, root_fd, "dev");
	put_mount(new_mount("devpts", pts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), dev_fd, "pts");
	put_mount(new_mount("tmpfs", shm, QUIET), dev_fd, "shm");
	put_mount(new_mount("mqueue", NULL, QUIET), dev_fd, "mqueue");
	return dev_fd;
}

static void mount_cgroups(int sys_fd)
{
	static const struct option options[] = {{"mode", "755"}, {0}};

	if (hierarchies_count == 0) {
		int group_fd = NEED(copy_mount(AT_FDCWD, cgroup2_path, 0));

		set_attributes(group_fd, QUIET | MOUNT_ATTR_RDONLY, 0);
		put_mount(group_fd, sys_fd, "fs/cgroup");
		return;
	}
	int folder_fd = new_mount("tmpfs", options, QUIET);
	for (size_t i = 0; i < hierarchies_count; i++) {
		const char *name = strrchr(hierarchies[i].mount_point, '/') + 1;
		int group_fd = NEED(copy_mount(AT_FDCWD, hierarchies[i].path, 0));

		NEED(mkdirat(folder_fd, name, 0755));
		set_attributes(group_fd, QUIET | MOUNT_ATTR_RDONLY, 0);
		put_mount(group_fd, folder_fd, name);
	}
	set_attributes(folder_fd, MOUNT_ATTR_RDONLY, 0);
	put_mount(folder_fd, sys_fd, "fs/cgroup");
}

static void protect_paths(int root_fd)
{
	static const char *const read_only[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};

	for (size_t i = 0; i < COUNT(read_only); i++) {
		int fd = copy_mount(root_fd, read_only[i], AT_RECURSIVE);

		if (fd < 0)
			continue;
		set_attributes(fd, MOUNT_ATTR_RDONLY, AT_RECURSIVE);
		put_mount(fd, root_fd, read_only[i]);
		close(fd);
	}
}

static void mask_paths(int root_fd, int dev_fd)
{
	static const char *const masked[] = {
		"proc/acpi",	   "proc/asound",     "proc/kcore",	  "proc/keys",	  "proc/latency_stats",
		"proc/timer_list", "proc/timer_stats", "proc/sched_debug", "sys/firmware", "proc/scsi",
	};
	int empty_fd = -1;

	for (size_t i = 0; i < COUNT(masked); i++) {
		struct stat status;
		int mask_fd, target_fd = openat(root_fd, masked[i], O_PATH | O_CLOEXEC);

		if (target_fd < 0)
			continue;
		NEED(fstat(target_fd, &status));
		if (!S_ISDIR(status.st_mode))
			mask_fd = NEED(copy_mount(dev_fd, "null", 0));
		else if (empty_fd < 0)
			mask_fd = empty_fd = new_mount("tmpfs", NULL, MOUNT_ATTR_RDONLY);
		else
			mask_fd = NEED(copy_mount(empty_fd, "", AT_EMPTY_PATH));
		NEED(syscall(SYS_move_mount, mask_fd, "", target_fd, "",
			     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
		close(target_fd);
	}
}

/* The whole tree is built detached and attached in one step. */
static void change_root(void)
{
	int root_fd = NEED(copy_mount(AT_FDCWD, rootfs, AT_RECURSIVE));

	umask(0);
	put_mount(new_mount("proc", NULL, 0), root_fd, "proc");
	int dev_fd = mount_dev(root_fd);
	int sys_fd = new_mount("sysfs", NULL, QUIET | MOUNT_ATTR_RDONLY);
	put_mount(sys_fd, root_fd, "sys");
	mount_cgroups(sys_fd);
	protect_paths(root_fd);
	mask_paths(root_fd, dev_fd);
	set_attributes(root_fd, MOUNT_ATTR_RDONLY, 0);
	NEED(syscall(SYS_mount, NULL, "/", NULL, MS_SLAVE | MS_REC, NULL));
	put_mount(root_fd, AT_FDCWD, rootfs);
	NEED(fchdir(root_fd));
	NEED(syscall(SYS_pivot_root, ".", "."));
	NEED(syscall(SYS_umount2, ".", 2 /* MNT_DETACH */));
	NEED(chdir("/"));
}

/* ---- the process, in the child ---- */

static void drop_power(void)
{
	const unsigned kept = 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE | 1u << CAP_AUDIT_WRITE;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{.effective = kept, .permitted = kept, .inheritable = kept}};

	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		if (i > 31 || !(kept >> i & 1))
			NEED(prctl(PR_CAPBSET_DROP, i, 0, 0, 0));
	NEED(syscall(SYS_capset, &header, data));
	for (unsigned i = 0; i < 32; i++)
		if (kept >> i & 1)
			NEED(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0));
	NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	NEED(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
}

static int child(void *unused)
{
	static char *const environment[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", NULL};
	const struct rlimit files = {1024, 1024};
	char *arguments[] = {(char *)program, NULL};

	(void)unused;
	for (size_t i = 0; i < hierarchies_count; i++)
		NEED(write(hierarchies[i].tasks_fd, "0", 1));
	if (hierarchies_count == 0) {
		int dir_fd = NEED(open(cgroup2_path, O_PATH | O_DIRECTORY | O_CLOEXEC));

		write_file(dir_fd, "cgroup.procs", "0", 1);
		close(dir_fd);
	}
	change_root();
	NEED(sethostname("bench", 5));
	NEED(setrlimit(RLIMIT_NOFILE, &files));
	NEED(setsid());
	drop_power();
	NEED(syscall(SYS_close_range, 3, UINT_MAX, 4 /* CLOSE_RANGE_CLOEXEC */));
	execve(program, arguments, environment);
	give_up("execve");
}

int main(int argc, char **argv)
{
	static char stack[65536] __attribute__((aligned(64)));
	int status;

	if (argc != 4) {
		fprintf(stderr, "usage: floor ROOTFS FILTER PROGRAM\n");
		return 2;
	}
	rootfs = argv[1];
	program = argv[3];
	int filter_fd = NEED(open(argv[2], O_RDONLY | O_CLOEXEC));
	ssize_t size = NEED(read(filter_fd, instructions, sizeof(instructions)));
	close(filter_fd);
	filter.len = (unsigned short)((size_t)size / sizeof(*instructions));

	find_hierarchies();
	make_groups();
	const int namespaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS;
	pid_t pid = (pid_t)NEED(clone(child, stack + sizeof(stack), namespaces | CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
	NEED(waitpid(pid, &status, 0));
	remove_groups();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
