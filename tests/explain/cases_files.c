/* SPDX-License-Identifier: Apache-2.0 */
/* causes: modes, owners, mounts, attributes. The last call of each is the one that is refused. */
#include "causes.h"

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
/* Only named, neither read nor written. */
static int dac_path(void)
{
	make_directory(in_work("d"), 0700, 0);
	make_file(in_work("d/f"), 0666, 0, "x");
	become(NOBODY);
	return refused(open(in_work("d/f"), O_PATH | O_CLOEXEC), EACCES);
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
/* A socket in the file system, which belongs to root. */
static int socket_mode(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_work("s"));
	if (!call_alone()) {
		need(bind(server, (struct sockaddr *)&address, sizeof(address)), "bind");
		need(chmod(address.sun_path, 0600), "chmod");
		need(listen(server, 1), "listen");
	}
	become(NOBODY);
	return refused(connect(client, (struct sockaddr *)&address, sizeof(address)), EACCES);
}
static int socket_directory(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	make_directory(in_work("d"), 0755, 0);
	become(NOBODY);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_work("d/s"));
	return refused(bind(fd, (struct sockaddr *)&address, sizeof(address)), EACCES);
}
static int link_directory(void)
{
	make_directory(in_work("d"), 0755, 0);
	return refused(link(in_work("d"), in_work("l")), EPERM);
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
static int noexec_map(void)
{
	int fd;

	if (!inside()) {
		const char *path = mounted("m");

		make_file(in_work("m/f"), 0755, 0, "x");
		need(mount(NULL, path, NULL, MS_REMOUNT | MS_NOEXEC, NULL), "remount");
		return enter("mount-noexec-map");
	}
	fd = open(in_work("m/f"), O_RDONLY | O_CLOEXEC);
	return refused(mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0, EPERM);
}
/* On such a mount, and refused for another reason. */
static int map_descriptor(void)
{
	int fd;

	if (!inside()) {
		const char *path = mounted("m");

		make_file(in_work("m/f"), 0644, 0, "x");
		need(mount(NULL, path, NULL, MS_REMOUNT | MS_NOEXEC, NULL), "remount");
		return enter("map-descriptor");
	}
	fd = open(in_work("m/f"), O_RDONLY | O_CLOEXEC);
	return refused(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0, EACCES);
}
static int map_low(void)
{
	limit(RLIMIT_MEMLOCK, 8 << 20);
	drop(ONE(CAP_SYS_RAWIO));
	return refused(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0, EPERM);
}
static int no_space(void)
{
	char block[65536] = "";
	ssize_t written;
	int fd;

	if (!inside()) {
		need(mount(NULL, mounted("m"), NULL, MS_REMOUNT, "size=64k"), "remount");
		return enter("mount-full");
	}
	fd = open(in_work("m/f"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	do
		written = write(fd, block, sizeof(block));
	while (written > 0 && lseek(fd, 0, SEEK_CUR) < 1 << 20);
	return refused(written, ENOSPC);
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
	make_file(in_work("f"), 0644, 0, "");
	set_flag(in_work("f"), FS_IMMUTABLE_FL);
	return refused(unlink(in_work("f")), EPERM);
}
static int append_only(void)
{
	make_file(in_work("f"), 0644, 0, "");
	set_flag(in_work("f"), FS_APPEND_FL);
	return refused(open(in_work("f"), O_WRONLY | O_CLOEXEC), EPERM);
}
static int immutable_directory(void)
{
	make_directory(in_work("d"), 0755, 0);
	make_file(in_work("d/f"), 0644, 0, "");
	set_flag(in_work("d"), FS_IMMUTABLE_FL);
	return refused(unlink(in_work("d/f")), EPERM);
}
static int append_directory(void)
{
	make_directory(in_work("d"), 0755, 0);
	make_file(in_work("d/f"), 0644, 0, "");
	set_flag(in_work("d"), FS_APPEND_FL);
	return refused(unlink(in_work("d/f")), EPERM);
}
/* Who may take the attribute away is a matter of a capability. */
static int immutable_flag(void)
{
	int fd, flags = 0;

	make_file(in_work("f"), 0644, 0, "");
	fd = open(in_work("f"), O_RDONLY | O_CLOEXEC);
	set_flag(in_work("f"), FS_IMMUTABLE_FL);
	drop(ONE(CAP_LINUX_IMMUTABLE));
	return refused(ioctl(fd, FS_IOC_SETFLAGS, &flags), EPERM);
}
static int sealed(void)
{
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	need(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW), "seal");
	return refused(write(fd, "x", 1), EPERM);
}

static int kernel_files(void)
{
	return refused(mkdir("/sys/none", 0700), EPERM);
}

const struct cause cases_files[] = {
	{"dac-file", "dac", dac_file},
	{"dac-write", "dac", dac_write},
	{"dac-directory", "dac-directory", dac_directory},
	{"dac-path", "dac-directory", dac_path},
	{"dac-parent", "dac-directory", dac_parent},
	{"dac-relative", "dac", dac_relative},
	{"dac-no-x", "no-x-bit", no_x_bit},
	{"dac-sticky", "sticky", sticky},
	{"dac-not-owner", "not-owner", not_owner},
	{"dac-unmapped-owner", "dac-unmapped-owner", owner_unmapped},
	{"dac-socket", "dac", socket_mode},
	{"dac-socket-parent", "dac-directory", socket_directory},
	{"link-directory", "link-directory", link_directory},
	{"mount-read-only", "read-only", read_only},
	{"mount-noexec", "noexec", noexec},
	{"mount-noexec-map", "noexec", noexec_map},
	{"map-descriptor", "descriptor-mode", map_descriptor},
	{"map-low", "capability", map_low},
	{"mount-full", "no-space", no_space},
	{"mount-nodev", "nodev", nodev},
	{"path-read-only", "read-only-path", read_only_path},
	{"path-masked", "masked", masked_directory},
	{"inode-immutable", "immutable", immutable},
	{"inode-append", "append-only", append_only},
	{"inode-immutable-d", "immutable", immutable_directory},
	{"inode-append-d", "append-only", append_directory},
	{"inode-flag", "capability", immutable_flag},
	{"inode-sealed", "sealed", sealed},
	{"kernel-files", "kernel-files", kernel_files},
	{NULL, NULL, NULL},
};
