/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/namespace: see namespace.h. Joined and made by the gate and the child; maps are written by the runtime. */
#include "kernel/namespace.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "kernel/call.h"
#include "kernel/process.h"
#include "kernel/procfs.h"

/* user_namespaces(7): at most 340 lines, and less than one page in one write. */
#define MAP_LINES_MAX 340
#define MAP_BYTES_MAX 4096

int namespace_join(int ns_fd, uint64_t clone_flag)
{
	return kernel_result(syscall(SYS_setns, ns_fd, (int)clone_flag));
}

int namespace_unshare(uint64_t clone_flags)
{
	return kernel_result(syscall(SYS_unshare, clone_flags));
}

int64_t namespace_type(int ns_fd)
{
	return kernel_result(ioctl(ns_fd, NS_GET_NSTYPE));
}

int namespace_set_hostname(const char *name)
{
	return kernel_result(syscall(SYS_sethostname, name, strlen(name)));
}

int namespace_set_domainname(const char *name)
{
	return kernel_result(syscall(SYS_setdomainname, name, strlen(name)));
}

int namespace_loopback_up(void)
{
	cleanup_fd int fd = kernel_result(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	struct ifreq request = {.ifr_name = "lo"};
	int result;

	if (fd < 0)
		return fd;
	result = kernel_result(ioctl(fd, SIOCGIFFLAGS, &request));
	if (result < 0)
		return result;
	request.ifr_flags |= IFF_UP;
	return kernel_result(ioctl(fd, SIOCSIFFLAGS, &request));
}

static int write_map(const struct procfs *procfs, pid_t pid, const char *file, const struct id_maps *maps)
{
	char path[64], text[MAP_BYTES_MAX];
	size_t length = 0;

	if (maps->count > MAP_LINES_MAX)
		return -E2BIG;
	for (size_t i = 0; i < maps->count; i++) {
		const struct id_map *map = &maps->items[i];

		length += format_text(text + length, sizeof(text) - length, "%u %u %u\n", map->inside.value,
				      map->outside.value, map->count);
		if (length >= sizeof(text))
			return -E2BIG;
	}
	if (length == 0)
		return -EINVAL;
	format_text(path, sizeof(path), "%d/%s", pid, file);
	return procfs_write(procfs, path, text);
}

int namespace_write_maps(int proc_fd, pid_t pid, const struct id_maps *uid, const struct id_maps *gid,
			 int deny_setgroups)
{
	struct procfs procfs;
	char path[64];
	int result = procfs_adopt(proc_fd, &procfs);

	if (result == 0 && deny_setgroups) {
		format_text(path, sizeof(path), "%d/setgroups", pid);
		result = procfs_write(&procfs, path, "deny");
	}
	if (result == 0)
		result = write_map(&procfs, pid, "gid_map", gid);
	if (result == 0)
		result = write_map(&procfs, pid, "uid_map", uid);
	return result;
}

/* The short-lived process only has to exist; it ends when the other end of the pipe is closed. */
static _Noreturn void hold_namespace(int pipe_fd)
{
	char byte;

	while (read(pipe_fd, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

int namespace_user_for_maps(const struct id_maps *uid, const struct id_maps *gid)
{
	cleanup_fd int proc_fd = kernel_result(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
	cleanup_fd int pidfd = -EBADF, read_fd = -EBADF, write_fd = -EBADF;
	int pipe_fds[2], result, status, ns_fd = -EBADF;
	char path[64];
	pid_t pid;

	if (proc_fd < 0)
		return proc_fd;
	result = kernel_result(pipe2(pipe_fds, O_CLOEXEC));
	if (result < 0)
		return result;
	read_fd = pipe_fds[0];
	write_fd = pipe_fds[1];
	pid = process_clone(CLONE_NEWUSER, -EBADF, &pidfd);
	if (pid < 0)
		return pid;
	if (pid == 0) {
		fd_close(&write_fd);
		hold_namespace(read_fd);
	}
	result = namespace_write_maps(proc_fd, pid, uid, gid, 0);
	if (result == 0) {
		format_text(path, sizeof(path), "%d/ns/user", pid);
		ns_fd = kernel_result(openat(proc_fd, path, O_RDONLY | O_CLOEXEC));
		result = ns_fd < 0 ? ns_fd : 0;
	}
	fd_close(&write_fd);
	process_pidfd_wait(pidfd, &status);
	return result < 0 ? result : ns_fd;
}

int namespace_owner(int user_ns_fd, uint32_t *ret_uid)
{
	uid_t uid;
	int result = kernel_result(ioctl(user_ns_fd, NS_GET_OWNER_UID, &uid));

	if (result == 0)
		*ret_uid = uid;
	return result;
}

/* Root of that namespace must not look into this process: it cannot be dumped (threats D4). */
static _Noreturn void join_and_hold(int ns_fd, int socket_fd)
{
	int result = process_set_dumpable(false);

	if (result == 0)
		result = namespace_join(ns_fd, CLONE_NEWUSER);
	/* A change of credentials may have taken it back. */
	process_set_dumpable(false);
	if (fd_write_all(socket_fd, &result, sizeof(result)) == 0)
		hold_namespace(socket_fd);
	_exit(1);
}

static int read_user_file(const struct procfs *procfs, pid_t pid, const char *file, char *buf, size_t size)
{
	char path[64];

	format_text(path, sizeof(path), "%d/%s", pid, file);
	return procfs_read(procfs, path, buf, size);
}

static int read_user(pid_t pid, struct namespace_user *ret)
{
	cleanup_fd int proc_fd = kernel_result(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
	struct procfs procfs;
	char text[16];
	int result = proc_fd < 0 ? proc_fd : procfs_adopt(proc_fd, &procfs);

	if (result == 0)
		result = read_user_file(&procfs, pid, "uid_map", ret->uid_map, sizeof(ret->uid_map));
	if (result >= 0)
		result = read_user_file(&procfs, pid, "gid_map", ret->gid_map, sizeof(ret->gid_map));
	if (result >= 0)
		result = read_user_file(&procfs, pid, "setgroups", text, sizeof(text));
	if (result < 0)
		return result;
	ret->setgroups_denied = strncmp(text, "deny", 4) == 0;
	return 0;
}

int namespace_read_user(int ns_fd, struct namespace_user *ret)
{
	cleanup_fd int pidfd = -EBADF, own_fd = -EBADF, other_fd = -EBADF;
	int sockets[2], status, joined = -EPROTO, result;
	pid_t pid;

	result = kernel_result(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	if (result < 0)
		return result;
	own_fd = sockets[0];
	other_fd = sockets[1];
	pid = process_clone(0, -EBADF, &pidfd);
	if (pid < 0)
		return pid;
	if (pid == 0) {
		fd_close(&own_fd);
		join_and_hold(ns_fd, other_fd);
	}
	fd_close(&other_fd);
	/* Nothing comes when it has died. */
	(void)fd_read_full(own_fd, &joined, sizeof(joined));
	result = joined == 0 ? read_user(pid, ret) : joined;
	fd_close(&own_fd);
	process_pidfd_wait(pidfd, &status);
	return result;
}
