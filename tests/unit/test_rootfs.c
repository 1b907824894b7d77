/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths below a pinned root (threats D1): whatever links, "..", magic links and races do, look-ups and what is made
 * stay below it. The tree lies in a temporary directory, with a canary beside the root that nothing may reach.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "kernel/rootfs.h"

static char top[] = "/tmp/test_rootfs.XXXXXX";
static struct rootfs root = {.fd = -EBADF};
static int outside_fd = -EBADF;

#define PATH(text) ((struct root_path){text})

static void make_directory(const char *path)
{
	assert_int_equal(mkdirat(root.fd, path, 0755), 0);
}

static void make_link(const char *target, const char *path)
{
	assert_int_equal(symlinkat(target, root.fd, path), 0);
}

static int set_up(void **state)
{
	char path[PATH_MAX];
	int fd;

	(void)state;
	if (!mkdtemp(top))
		return -1;
	snprintf(path, sizeof(path), "%s/root", top);
	mkdir(path, 0755);
	root.fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/outside", top);
	mkdir(path, 0755);
	outside_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = openat(outside_fd, "canary", O_CREAT | O_WRONLY, 0600);
	close(fd);
	make_directory("etc");
	make_directory("run");
	make_directory("var");
	make_link("/run", "var/run");
	make_link("../run", "var/relative");
	make_link("../../../../../../../../tmp", "up");
	make_link(top, "absolute");
	make_link("loop-b", "loop-a");
	make_link("loop-a", "loop-b");
	make_link("/new/place", "dangling");
	make_link("/new/file", "dangling-file");
	snprintf(path, sizeof(path), "%s/outside", top);
	make_link(path, "escape");
	make_link("../outside", "escape-relative");
	make_link("/proc/self/root", "magic");
	fd = openat(root.fd, "etc/file", O_CREAT | O_WRONLY, 0644);
	close(fd);
	return root.fd < 0 || outside_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	char *const arguments[] = {"rm", "-rf", top, NULL};
	pid_t pid;

	(void)state;
	fd_close(&root.fd);
	fd_close(&outside_fd);
	pid = fork();
	if (pid == 0) {
		execv("/bin/rm", arguments);
		_exit(127);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static bool same_file(int fd, int directory_fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(directory_fd, path, &b, 0) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

/* The root, and all that is in it, is as before; the canary's directory holds the canary alone. */
static void assert_outside_untouched(void)
{
	struct stat st;
	char entries[4096];
	cleanup_fd int fd = openat(outside_fd, ".", O_RDONLY | O_DIRECTORY);
	long size;

	assert_int_equal(fstatat(outside_fd, "canary", &st, 0), 0);
	assert_int_equal(st.st_size, 0);
	size = syscall(SYS_getdents64, fd, entries, sizeof(entries));
	/* ".", ".." and "canary": two records of 24 bytes and one of 32. */
	assert_int_equal(size, 24 + 24 + 32);
}

static void assert_opens(const char *path, const char *same_as)
{
	cleanup_fd int fd = rootfs_open(&root, PATH(path), O_PATH, false);

	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(same_file(fd, root.fd, same_as));
}

static void test_ordinary_paths(void **state)
{
	(void)state;
	assert_opens("/", ".");
	assert_opens("", ".");
	assert_opens("/etc/file", "etc/file");
	assert_opens("etc//file", "etc/file");
	assert_opens("/var/run", "run");
	assert_opens("/var/relative", "run");
	assert_int_equal(rootfs_open(&root, PATH("/nothing"), O_PATH, false), -ENOENT);
	assert_int_equal(rootfs_open(&root, PATH("/etc/file/x"), O_PATH, false), -ENOTDIR);
	assert_int_equal(rootfs_open(&root, PATH("/loop-a"), O_PATH, false), -ELOOP);
	assert_int_equal(rootfs_open(&root, PATH("/created"), O_WRONLY | O_CREAT, false), -EINVAL);
}

static void test_dotdot_stays_inside(void **state)
{
	(void)state;
	assert_opens("/..", ".");
	assert_opens("/../../../etc/file", "etc/file");
	assert_opens("/etc/../../etc/file", "etc/file");
	/* Links with ".." and absolute ones resolve inside, where these places do not exist. */
	assert_int_equal(rootfs_open(&root, PATH("/up"), O_PATH, false), -ENOENT);
	assert_int_equal(rootfs_open(&root, PATH("/absolute"), O_PATH, false), -ENOENT);
	assert_int_equal(rootfs_open(&root, PATH("/escape/canary"), O_PATH, false), -ENOENT);
	assert_int_equal(rootfs_open(&root, PATH("/escape-relative/canary"), O_PATH, false), -ENOENT);
}

static void test_no_follow(void **state)
{
	cleanup_fd int fd = rootfs_open(&root, PATH("/var/run"), O_PATH, true);
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

static void test_magic_links(void **state)
{
	cleanup_fd int proc_fd = open("/proc", O_PATH | O_DIRECTORY);
	const struct rootfs proc = {.fd = proc_fd};
	cleanup_fd int fd = rootfs_open(&proc, PATH("/self/status"), O_PATH, false);
	char path[64];

	(void)state;
	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "/self/fd/%d/canary", outside_fd);
	assert_int_equal(rootfs_open(&proc, PATH(path), O_PATH, false), -ELOOP);
	assert_int_equal(rootfs_open(&proc, PATH("/self/root/etc"), O_PATH, false), -ELOOP);
	assert_int_equal(rootfs_open(&proc, PATH("/self/cwd"), O_PATH, false), -ELOOP);
}

static void test_make_directory(void **state)
{
	cleanup_fd int fd = rootfs_make_directory(&root, PATH("/a/b/../c/"));
	cleanup_fd int again_fd = rootfs_make_directory(&root, PATH("/a/c"));
	cleanup_fd int linked_fd = rootfs_make_directory(&root, PATH("/var/run/lock/x"));
	struct stat st;

	(void)state;
	assert_true(fd >= 0 && again_fd >= 0 && linked_fd >= 0);
	assert_true(same_file(fd, root.fd, "a/c"));
	assert_true(same_file(again_fd, root.fd, "a/c"));
	assert_true(same_file(linked_fd, root.fd, "run/lock/x"));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(rootfs_make_directory(&root, PATH("/etc/file/x")), -ENOTDIR);
	assert_int_equal(rootfs_make_directory(&root, PATH("/etc/file")), -ENOTDIR);
	assert_int_equal(rootfs_make_directory(&root, PATH("/loop-a/x")), -ELOOP);
}

/* A link to what does not exist yet is made where it points to, inside. */
static void test_make_through_dangling_links(void **state)
{
	cleanup_fd int fd = rootfs_make_directory(&root, PATH("/dangling/deep"));
	cleanup_fd int file_fd = rootfs_make_file(&root, PATH("/dangling-file"));
	cleanup_fd int escaped_fd = rootfs_make_directory(&root, PATH("/escape/made"));
	cleanup_fd int relative_fd = rootfs_make_file(&root, PATH("/escape-relative/made"));
	char path[PATH_MAX];

	(void)state;
	assert_true(fd >= 0 && file_fd >= 0 && escaped_fd >= 0 && relative_fd >= 0);
	assert_true(same_file(fd, root.fd, "new/place/deep"));
	assert_true(same_file(file_fd, root.fd, "new/file"));
	snprintf(path, sizeof(path), "./%s/outside/made", top);
	assert_true(same_file(escaped_fd, root.fd, path));
	assert_true(same_file(relative_fd, root.fd, "outside/made"));
	assert_outside_untouched();
}

static void test_make_file(void **state)
{
	cleanup_fd int fd = rootfs_make_file(&root, PATH("/files/one"));
	cleanup_fd int again_fd = rootfs_make_file(&root, PATH("/files/one"));
	cleanup_fd int directory_fd = rootfs_make_file(&root, PATH("/etc"));
	struct stat st;

	(void)state;
	assert_true(fd >= 0 && again_fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISREG(st.st_mode) && st.st_size == 0 && (st.st_mode & 0777) == 0644);
	assert_true(same_file(again_fd, root.fd, "files/one"));
	/* Something is there: that is what is wanted. */
	assert_true(same_file(directory_fd, root.fd, "etc"));
	assert_int_equal(rootfs_make_file(&root, PATH("/etc/file/below")), -ENOTDIR);
}

static void test_make_parent(void **state)
{
	char name[NAME_MAX + 1], long_name[NAME_MAX + 3];
	cleanup_fd int fd = rootfs_make_parent(&root, PATH("/dev/sub/null//"), name);

	(void)state;
	assert_true(fd >= 0);
	assert_string_equal(name, "null");
	assert_true(same_file(fd, root.fd, "dev/sub"));
	assert_int_equal(faccessat(fd, "null", F_OK, 0), -1);
	assert_int_equal(rootfs_make_parent(&root, PATH("/"), name), -EINVAL);
	assert_int_equal(rootfs_make_parent(&root, PATH(""), name), -EINVAL);
	assert_int_equal(rootfs_make_parent(&root, PATH("/etc/.."), name), -EINVAL);
	assert_int_equal(rootfs_make_parent(&root, PATH("/etc/."), name), -EINVAL);
	long_name[0] = '/';
	memset(long_name + 1, 'n', NAME_MAX + 1);
	long_name[NAME_MAX + 2] = '\0';
	assert_int_equal(rootfs_make_parent(&root, PATH(long_name), name), -ENAMETOOLONG);
}

/* The attacker: swaps a directory of the root for a link that leads out, and moves a directory in and out of the root,
 * as fast as it can. */
static atomic_bool stop_racing;

static void *race(void *unused)
{
	(void)unused;
	while (!atomic_load(&stop_racing)) {
		renameat(root.fd, "race", root.fd, "race-saved");
		symlinkat("/../../outside", root.fd, "race");
		unlinkat(root.fd, "race", 0);
		renameat(root.fd, "race-saved", root.fd, "race");
		renameat(root.fd, "race/in", outside_fd, "moved");
		renameat(outside_fd, "moved", root.fd, "race/in");
	}
	return NULL;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_races(void **state)
{
	int64_t end = now_ms() + 1500;
	unsigned int opened = 0, refused = 0;
	pthread_t attacker;

	(void)state;
	make_directory("race");
	make_directory("race/in");
	assert_int_equal(pthread_create(&attacker, NULL, race, NULL), 0);
	while (now_ms() < end) {
		cleanup_fd int canary_fd = rootfs_open(&root, PATH("/race/../../outside/canary"), O_PATH, false);
		cleanup_fd int through_fd = rootfs_open(&root, PATH("/race/canary"), O_PATH, false);
		cleanup_fd int up_fd = rootfs_open(&root, PATH("/race/in/../../../outside/canary"), O_PATH, false);
		cleanup_fd int made_fd = rootfs_make_directory(&root, PATH("/race/made/deep"));
		cleanup_fd int file_fd = rootfs_make_file(&root, PATH("/race/in/../../outside/raced"));

		assert_true(canary_fd < 0);
		assert_true(through_fd < 0);
		assert_true(up_fd < 0);
		opened += (made_fd >= 0) + (file_fd >= 0);
		refused += (made_fd < 0) + (file_fd < 0);
	}
	atomic_store(&stop_racing, true);
	pthread_join(attacker, NULL);
	unlinkat(outside_fd, "moved", AT_REMOVEDIR);
	assert_outside_untouched();
	/* Neither side was idle. */
	assert_true(opened > 0);
	assert_true(opened + refused > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary_paths), cmocka_unit_test(test_dotdot_stays_inside),
		cmocka_unit_test(test_no_follow),      cmocka_unit_test(test_magic_links),
		cmocka_unit_test(test_make_directory), cmocka_unit_test(test_make_through_dangling_links),
		cmocka_unit_test(test_make_file),      cmocka_unit_test(test_make_parent),
		cmocka_unit_test(test_races),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
