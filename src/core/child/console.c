/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console: the container's terminal, out of its own devpts (threats D9). The master is opened by /dev/pts/ptmx of the
 * container and must be the multiplexer of a devpts; the slave is got from the master itself (TIOCGPTPEER), never by a
 * path. The master goes to the runtime; the slave becomes standard streams and controlling terminal. Runs in the child
 * before pivot_root, or, for a further process, inside the container's mount namespace.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "abi/mount.h"
#include "base/format.h"
#include "core/child/parts.h"
#include "kernel/mount.h"

/* /dev/ptmx is 5:2; slaves are 136:N to 143:N (Documentation/admin-guide/devices.txt). */
#define PTMX_MAJOR	5
#define PTMX_MINOR	2
#define PTS_MAJOR_FIRST 136
#define PTS_MAJOR_LAST	143

static int not_devpts(const struct op *op, struct err *err)
{
	child_failed(op, ENXIO, "open", err);
	err_why(err, "/dev/pts in the container is not a devpts file system");
	return err_fix(err, "mount one there: type devpts, options newinstance,ptmxmode=0666,mode=0620");
}

/* Looked at before it is opened: opening an unknown device may do something by itself. Opened again by its number in
 * the private procfs, so that it is the same. */
static int open_master(struct child *child, const struct op *op, struct err *err)
{
	const struct root_path path = {"/dev/pts/ptmx"};
	cleanup_fd int path_fd = rootfs_open(&child->root, path, O_PATH, true);
	char link[32];
	struct statfs fs;
	struct stat st;
	int master_fd;

	if (path_fd < 0) {
		child_failed(op, path_fd, "openat2", err);
		if (path_fd == -ENOENT)
			err_why(err, "the container has no /dev/pts/ptmx: no devpts is mounted on /dev/pts");
		return ERR;
	}
	if (fstatfs(path_fd, &fs) < 0 || fstat(path_fd, &st) < 0)
		return child_failed(op, errno, "fstat", err);
	if ((unsigned long)fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(PTMX_MAJOR, PTMX_MINOR))
		return not_devpts(op, err);
	format_text(link, sizeof(link), "self/fd/%d", path_fd);
	master_fd = openat(child->procfs.fd, link, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return master_fd < 0 ? child_failed(op, errno, "openat", err) : master_fd;
}

static int open_slave(const struct op *op, int master_fd, unsigned int *ret_number, struct err *err)
{
	cleanup_fd int slave_fd = -EBADF;
	struct statfs fs;
	struct stat st;
	int unlock = 0;

	if (ioctl(master_fd, TIOCSPTLCK, &unlock) < 0 || ioctl(master_fd, TIOCGPTN, ret_number) < 0)
		return child_failed(op, errno, "ioctl", err);
	slave_fd = ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave_fd < 0)
		return child_failed(op, errno, "ioctl", err);
	if (fstatfs(slave_fd, &fs) < 0 || fstat(slave_fd, &st) < 0)
		return child_failed(op, errno, "fstat", err);
	if ((unsigned long)fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) ||
	    major(st.st_rdev) < PTS_MAJOR_FIRST || major(st.st_rdev) > PTS_MAJOR_LAST)
		return not_devpts(op, err);
	return fd_take(&slave_fd);
}

static int bind_console(struct child *child, const struct op *op, int slave_fd, struct err *err)
{
	cleanup_fd int tree_fd = mount_open_tree(slave_fd, "", AT_EMPTY_PATH);
	struct attach attach = {
		.target.text = "/dev/console", .into_slot = PLAN_NO_SLOT, .no_follow = true, .may_make = true};

	if (tree_fd < 0)
		return child_failed(op, tree_fd, "open_tree", err);
	attach.mount_fd = tree_fd;
	return child_attach(child, op, &attach, err);
}

/* A terminal writes "\r\n" for "\n", which is for screens. */
static int keep_line_ends(const struct op *op, int slave_fd, struct err *err)
{
	struct termios modes;

	if (tcgetattr(slave_fd, &modes) < 0)
		return child_failed(op, errno, "tcgetattr", err);
	modes.c_oflag &= ~(tcflag_t)ONLCR;
	return tcsetattr(slave_fd, TCSANOW, &modes) < 0 ? child_failed(op, errno, "tcsetattr", err) : 0;
}

static int take_terminal(const struct op *op, int slave_fd, struct err *err)
{
	const struct winsize size = {.ws_row = (unsigned short)op->console.height,
				     .ws_col = (unsigned short)op->console.width};

	if (op->console.size_set && ioctl(slave_fd, TIOCSWINSZ, &size) < 0)
		return child_failed(op, errno, "ioctl", err);
	if (op->console.plain_output && keep_line_ends(op, slave_fd, err))
		return ERR;
	if (setsid() < 0 && getsid(0) != getpid())
		return child_failed(op, errno, "setsid", err);
	if (ioctl(slave_fd, TIOCSCTTY, 0) < 0)
		return child_failed(op, errno, "ioctl", err);
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(slave_fd, fd) < 0)
			return child_failed(op, errno, "dup2", err);
	return 0;
}

int child_console(struct child *child, const struct op *op, struct err *err)
{
	cleanup_fd int master_fd = open_master(child, op, err);
	cleanup_fd int slave_fd = -EBADF;
	unsigned int number = 0;
	int result;

	if (master_fd < 0)
		return ERR;
	slave_fd = open_slave(op, master_fd, &number, err);
	if (slave_fd < 0)
		return ERR;
	if (child->plan->purpose == PLAN_FOR_CREATE && bind_console(child, op, slave_fd, err))
		return ERR;
	result = channel_send(&child->channel, MESSAGE_CONSOLE, number, NULL, master_fd);
	if (result < 0)
		return child_failed(op, result, "sendmsg", err);
	return take_terminal(op, slave_fd, err);
}
