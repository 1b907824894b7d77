/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host: the facts of this machine, from /proc, /sys and uname(2). Runs in the runtime, before anything is planned.
 * Each file is read once, into one buffer. It changes nothing, and a fact that cannot be read takes the value that
 * promises least.
 */
#include "core/host/host.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/host/cgroups.h"
#include "core/host/helper.h"

/* Inode of /proc/PID/ns/user of the first user namespace, fixed in the kernel since 3.8 (PROC_USER_INIT_INO). */
#define USER_NS_INITIAL_INODE 0xEFFFFFFDu

#define TEXT_SIZE ((size_t)16 << 10)

static uint64_t read_number(const char *path, uint64_t otherwise)
{
	char text[32];

	if (fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return otherwise;
	return strtoull(text, NULL, 10);
}

/* The text after "NAME:" at the start of a line of /proc/self/status, or NULL. */
static const char *status_field(const char *status, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = status; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1;
	}
	return NULL;
}

static int read_status(struct host *host, char *text, struct err *err)
{
	ssize_t length = fd_read_text_at(AT_FDCWD, "/proc/self/status", text, TEXT_SIZE);
	const char *effective, *bounding;

	if (length < 0) {
		err_sys(err, (int)length, "openat", "cannot read /proc/self/status");
		err_why(err, "no procfs is mounted on /proc, or it is hidden from this process");
		return err_fix(err, "mount it: mount -t proc proc /proc");
	}
	effective = status_field(text, "CapEff");
	bounding = status_field(text, "CapBnd");
	if (!effective || !bounding)
		return err_set(err, ERR_INTERNAL, "/proc/self/status has no line CapEff or CapBnd");
	host->capabilities = strtoull(effective, NULL, 16);
	host->bounding = strtoull(bounding, NULL, 16);
	return 0;
}

/* Does this process's user namespace own its mount namespace? */
static bool owns_mount_namespace(void)
{
	struct stat owner, own;
	int mount_fd cleanup_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int owner_fd cleanup_fd = -EBADF;

	if (mount_fd < 0)
		return false;
	owner_fd = ioctl(mount_fd, NS_GET_USERNS);
	if (owner_fd < 0 || fstat(owner_fd, &owner) != 0 || stat("/proc/self/ns/user", &own) != 0)
		return false;
	return owner.st_dev == own.st_dev && owner.st_ino == own.st_ino;
}

static void read_power(struct host *host)
{
	bool capable = host->capabilities & (1ULL << CAP_SYS_ADMIN);
	struct stat own;

	host->initial_user_namespace = stat("/proc/self/ns/user", &own) == 0 && own.st_ino == USER_NS_INITIAL_INODE;
	host->sys_admin = capable && (host->initial_user_namespace || owns_mount_namespace());
}

static void read_security_modules(struct host *host)
{
	char text[8];

	host->apparmor = fd_read_text_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", text, sizeof(text)) > 0 &&
			 text[0] == 'Y';
	/* The kernel registers selinuxfs only when SELinux is on. */
	host->selinux = host_filesystem(host, "selinuxfs") != HOST_FS_UNKNOWN;
}

static void read_helpers(struct host *host)
{
	for (unsigned int id = 0; id < HELPER_COUNT; id++)
		if (helper_present(id))
			host->helpers |= 1u << id;
}

int host_read(struct arena *arena, struct host **ret_host, struct err *err)
{
	struct host *host = arena_alloc(arena, sizeof(*host));
	char *text = arena_alloc(arena, TEXT_SIZE);
	struct utsname names;

	if (!host || !text)
		return err_set(err, ERR_INTERNAL, "out of memory while reading the facts of this machine");
	if (read_status(host, text, err))
		return ERR;
	uname(&names);
	if (sscanf(names.release, "%u.%u", &host->kernel_major, &host->kernel_minor) != 2)
		return err_set(err, ERR_INTERNAL, "cannot understand the kernel's version \"%s\"", names.release);
	host->uid = geteuid();
	host->gid = getegid();
	host->last_capability = (uint32_t)read_number("/proc/sys/kernel/cap_last_cap", CAP_LAST_CAP);
	host->max_user_namespaces = read_number("/proc/sys/user/max_user_namespaces", 0);
	host->memfd_noexec = (int)read_number("/proc/sys/vm/memfd_noexec", 0);
	host->time_namespaces = access("/proc/self/ns/time", F_OK) == 0;
	if (fd_read_text_at(AT_FDCWD, "/proc/filesystems", text, TEXT_SIZE) < 0)
		text[0] = '\0';
	host->proc_filesystems = text;
	read_power(host);
	read_security_modules(host);
	read_helpers(host);
	if (host_read_cgroups(arena, host, err))
		return ERR;
	*ret_host = host;
	return 0;
}

bool host_kernel_at_least(const struct host *host, unsigned int major, unsigned int minor)
{
	return host->kernel_major > major || (host->kernel_major == major && host->kernel_minor >= minor);
}

enum host_fs host_filesystem(const struct host *host, const char *type)
{
	size_t length = strlen(type);

	for (const char *line = host->proc_filesystems; *line;) {
		const char *end = strchrnul(line, '\n');
		const char *name = memchr(line, '\t', (size_t)(end - line));

		if (name && (size_t)(end - name - 1) == length && memcmp(name + 1, type, length) == 0)
			return name == line ? HOST_FS_BLOCK : HOST_FS_NODEV;
		line = *end ? end + 1 : end;
	}
	return HOST_FS_UNKNOWN;
}
