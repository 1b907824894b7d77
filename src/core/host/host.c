/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host: the facts of this machine. Runs in the runtime, before anything is planned, at each start of a container: so
 * what can be asked by a system call is not read from a file, and what only a rare config needs is left to the kernel
 * to refuse (cause/ has the sentences). It changes nothing; a fact that cannot be read takes the value that promises
 * least.
 */
#include "core/host/host.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "core/host/cgroups.h"
#include "core/host/helper.h"
#include "kernel/creds.h"
#include "kernel/landlock.h"

/* Inode of /proc/PID/ns/user of the first user namespace, fixed in the kernel since 3.8 (PROC_USER_INIT_INO). */
#define USER_NS_INITIAL_INODE 0xEFFFFFFDu

/* Effective and bounding set by system calls: /proc/self/status costs more, and tells the same. */
static int read_capabilities(struct host *host, struct err *err)
{
	struct creds_capabilities capabilities;
	int result = creds_get_capabilities(&capabilities);

	if (result < 0)
		return err_sys(err, result, "capget", "cannot read this process's capabilities");
	host->capabilities = capabilities.effective;
	for (unsigned int number = 0; number < 64; number++) {
		int has = creds_bounding_has(number);

		if (has < 0)
			break;
		host->last_capability = number;
		host->bounding |= has ? 1ULL << number : 0;
	}
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
	char text[8];

	host->initial_user_namespace = stat("/proc/self/ns/user", &own) == 0 && own.st_ino == USER_NS_INITIAL_INODE;
	host->setgroups_denied = !host->initial_user_namespace &&
				 fd_read_text_at(AT_FDCWD, "/proc/self/setgroups", text, sizeof(text)) > 0 &&
				 strncmp(text, "deny", 4) == 0;
	host->sys_admin = capable && (host->initial_user_namespace || owns_mount_namespace());
}

static void read_security_modules(struct host *host)
{
	int abi = landlock_abi();
	char text[8];

	host->landlock = abi > 0 ? abi : 0;
	host->apparmor = fd_read_text_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", text, sizeof(text)) > 0 &&
			 text[0] == 'Y';
	host->selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
}

/* Those that a plan may depend on; what only the unprivileged need is looked for only then. */
static void read_helpers(struct host *host)
{
	static const enum helper_id ids[] = {HELPER_SYSTEMD, HELPER_NEWUIDMAP, HELPER_NEWGIDMAP};

	for (size_t i = 0; i < (host->sys_admin ? 1 : ARRAY_SIZE(ids)); i++)
		if (helper_present(ids[i]))
			host->helpers |= 1u << ids[i];
}

int host_read(struct arena *arena, struct host **ret_host, struct err *err)
{
	struct host *host = arena_alloc(arena, sizeof(*host));
	struct utsname names;

	if (!host)
		return err_set(err, ERR_INTERNAL, "out of memory while reading the facts of this machine");
	uname(&names);
	if (sscanf(names.release, "%u.%u", &host->kernel_major, &host->kernel_minor) != 2)
		return err_set(err, ERR_INTERNAL, "cannot understand the kernel's version \"%s\"", names.release);
	host->uid = geteuid();
	host->gid = getegid();
	if (read_capabilities(host, err))
		return ERR;
	read_power(host);
	read_security_modules(host);
	read_helpers(host);
	if (host_read_cgroups(arena, host, err))
		return ERR;
	*ret_host = host;
	return 0;
}
