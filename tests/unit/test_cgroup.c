/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of core/cgroup on the machine's own hierarchies, v1, hybrid or v2, as root. All is made below one directory
 * named after this process, and nothing else is touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "core/cgroup/parts.h"
#include "kernel/process.h"

static struct arena facts = ARENA_INIT;
static struct host *host;
static bool v2;
static char top[64];

/* The settings of a test, in the words of this machine's version. */
static struct plan_cgroup_setting settings[8];
static struct plan_cgroup plan;

static void new_plan(const char *path)
{
	plan = (struct plan_cgroup){
		.driver = CGROUP_CGROUPFS,
		.path = path,
		.path_given = true,
		.settings = settings,
		.explicit = true,
	};
}

static void set(const char *controller, const char *file, const char *value)
{
	settings[plan.settings_count++] = (struct plan_cgroup_setting){
		.controller = controller, .file = file, .value = value, .where = "/linux/resources/test"};
}

/* The container's path with something below the test's own directory. */
static const char *below(const char *name)
{
	static char paths[4][128];
	static size_t next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s%s", top, name);
	return path;
}

static const char *in_hierarchy(size_t index, const char *path)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s%s", host->hierarchies[index].mount_point, path);
	return text;
}

/* In how many hierarchies does the path exist? */
static size_t existing(const char *path)
{
	size_t count = 0;

	for (size_t i = 0; i < host->hierarchies_count; i++)
		count += access(in_hierarchy(i, path), F_OK) == 0;
	return count;
}

/* Of how many hierarchies does a container take part, without a special need? */
static size_t expected_count(void)
{
	size_t count = 0;

	for (size_t i = 0; i < host->hierarchies_count; i++)
		count += v2 || !host->hierarchies[i].v2;
	return count;
}

static void create(struct cgroup *cgroup)
{
	struct err err = ERR_INIT;

	if (cgroup_create(cgroup, &plan, host, &err) < 0)
		fail_msg("%s | %s", err.what, err.why);
}

static void take_away(struct cgroup *cgroup)
{
	struct err err = ERR_INIT;

	if (cgroup_remove(cgroup, &err) < 0)
		fail_msg("%s | %s", err.what, err.why);
	cgroup_done(cgroup);
}

static void read_back(const struct cgroup *cgroup, const char *controller, const char *file, char *text, size_t size)
{
	for (size_t i = 0; i < cgroup->count; i++) {
		if (!cgroup_hierarchy_has(cgroup->dirs[i].hierarchy, controller))
			continue;
		if (fd_read_text_at(cgroup->dirs[i].fd, file, text, size) < 0)
			fail_msg("cannot read %s", file);
		text[strcspn(text, "\n")] = '\0';
		return;
	}
	fail_msg("no hierarchy has %s", controller);
}

/* A child in the cgroup, as the runtime makes it: born inside on v2, joining by `tasks` on v1. It then runs work. */
struct member {
	pid_t pid;
	int pidfd;
	int request_fd, reply_fd;
};

static void join(const struct cgroup *cgroup)
{
	int fds[CGROUP_HIERARCHIES_MAX];
	size_t count = cgroup_join_fds(cgroup, fds, ARRAY_SIZE(fds));

	for (size_t i = 0; i < count; i++)
		if (fd_write_text_at(fds[i], "tasks", "0") < 0)
			_exit(99);
}

static void spawn(struct member *member, const struct cgroup *cgroup, void (*work)(int in_fd, int out_fd))
{
	int request[2], reply[2];
	char byte;

	assert_int_equal(pipe2(request, O_CLOEXEC), 0);
	assert_int_equal(pipe2(reply, O_CLOEXEC), 0);
	member->pid = process_clone(0, cgroup_into_fd(cgroup), &member->pidfd);
	if (member->pid == 0) {
		close(request[1]);
		close(reply[0]);
		join(cgroup);
		(void)!write(reply[1], "r", 1);
		work(request[0], reply[1]);
		_exit(0);
	}
	assert_true(member->pid > 0);
	close(request[0]);
	close(reply[1]);
	member->request_fd = request[1];
	member->reply_fd = reply[0];
	assert_int_equal(read(member->reply_fd, &byte, 1), 1);
}

static int reap(struct member *member)
{
	int status = 0;

	close(member->request_fd);
	assert_int_equal(waitpid(member->pid, &status, 0), member->pid);
	close(member->reply_fd);
	close(member->pidfd);
	return status;
}

static void echo(int in_fd, int out_fd)
{
	char byte;

	while (read(in_fd, &byte, 1) == 1)
		(void)!write(out_fd, &byte, 1);
}

static int set_up(void **context)
{
	struct err err = ERR_INIT;

	(void)context;
	if (host_read(&facts, &host, &err) < 0)
		return -1;
	v2 = host->cgroup_mode == HOST_CGROUP_V2;
	snprintf(top, sizeof(top), "/bulkhead-test-%d", getpid());
	return 0;
}

static int tear_down(void **context)
{
	size_t left = existing(top);

	(void)context;
	for (size_t i = 0; i < host->hierarchies_count; i++)
		(void)rmdir(in_hierarchy(i, top));
	arena_done(&facts);
	return left == 0 ? 0 : -1;
}

static void need_root(void)
{
	if (geteuid() != 0 || host->hierarchies_count == 0 || access(host->hierarchies[0].mount_point, W_OK) < 0) {
		print_message("cgroups can only be made by root, on a hierarchy that is mounted read-write\n");
		skip();
	}
}

static void set_memory(const char *bytes)
{
	set("memory", v2 ? "memory.max" : "memory.limit_in_bytes", bytes);
}

/* An update; what was there before is not wanted again. */
static int apply(struct cgroup *cgroup, struct err *err)
{
	cleanup_cgroup_undo struct cgroup_undo undo = CGROUP_UNDO_INIT;

	return cgroup_apply(cgroup, &plan, host, &undo, err);
}

static void test_limits_are_set(void **context)
{
	struct cgroup cgroup, again;
	struct err err = ERR_INIT;
	char text[256], made[CGROUP_MADE_SIZE];

	(void)context;
	need_root();
	new_plan(top);
	set_memory("33554432");
	set("pids", "pids.max", "17");
	set("cpu", v2 ? "cpu.weight" : "cpu.shares", "77");
	set("cpu", v2 ? "cpu.max" : "cpu.cfs_quota_us", v2 ? "50000 100000" : "50000");
	create(&cgroup);
	assert_int_equal(existing(top), expected_count());
	assert_int_equal(cgroup.count, expected_count());
	read_back(&cgroup, "memory", settings[0].file, text, sizeof(text));
	assert_string_equal(text, "33554432");
	read_back(&cgroup, "pids", "pids.max", text, sizeof(text));
	assert_string_equal(text, "17");
	read_back(&cgroup, "cpu", settings[2].file, text, sizeof(text));
	assert_string_equal(text, "77");
	read_back(&cgroup, "cpu", settings[3].file, text, sizeof(text));
	assert_string_equal(text, settings[3].value);
	/* What another process of ours knows of it, from the state file. */
	assert_true(cgroup_made_any(&cgroup));
	cgroup_made_write(&cgroup, made, sizeof(made));
	cgroup_done(&cgroup);
	assert_int_equal(cgroup_open(&again, CGROUP_CGROUPFS, top, host, &err), 0);
	cgroup_made_read(&again, made);
	assert_true(cgroup_made_any(&again));
	take_away(&again);
	assert_int_equal(existing(top), 0);
	/* Once more: nothing there is no error. */
	assert_int_equal(cgroup_open(&again, CGROUP_CGROUPFS, top, host, &err), 0);
	assert_int_equal(cgroup_remove(&again, &err), 0);
	assert_int_equal(cgroup_pids(&again, NULL, 0), 0);
	assert_false(cgroup_is_frozen(&again));
	cgroup_done(&again);
}

static void test_directories_in_between(void **context)
{
	struct cgroup one, other;

	(void)context;
	need_root();
	new_plan(below("/a/b"));
	create(&one);
	new_plan(below("/c"));
	create(&other);
	/* The first made the top directory, but the second is in it. */
	take_away(&one);
	assert_int_equal(existing(below("/a")), 0);
	assert_int_equal(existing(top), expected_count());
	take_away(&other);
	assert_int_equal(existing(below("/c")), 0);
	for (size_t i = 0; i < host->hierarchies_count; i++)
		(void)rmdir(in_hierarchy(i, top));
	new_plan(below("//a/b/"));
	create(&one);
	take_away(&one);
	assert_int_equal(existing(top), 0);
}

static void test_existing_is_kept(void **context)
{
	struct cgroup cgroup;
	struct member member;
	struct err err = ERR_INIT;

	(void)context;
	need_root();
	for (size_t i = 0; i < host->hierarchies_count; i++)
		if (v2 || !host->hierarchies[i].v2)
			assert_int_equal(mkdir(in_hierarchy(i, top), 0755), 0);
	new_plan(top);
	set("pids", "pids.max", "5");
	create(&cgroup);
	assert_false(cgroup_made_any(&cgroup));
	spawn(&member, &cgroup, echo);
	/* Now it is in use: a second container does not get in. */
	{
		struct cgroup second;

		assert_int_equal(cgroup_create(&second, &plan, host, &err), ERR);
		assert_int_equal(err.kind, ERR_STATE);
		assert_non_null(strstr(err.what, top));
		assert_string_not_equal(err.where, "");
		assert_string_not_equal(err.fix, "");
	}
	assert_int_equal(reap(&member), 0);
	take_away(&cgroup);
	assert_int_equal(existing(top), expected_count());
	for (size_t i = 0; i < host->hierarchies_count; i++)
		(void)rmdir(in_hierarchy(i, top));
	assert_int_equal(existing(top), 0);
}

static void test_failure_leaves_nothing(void **context)
{
	static const char *const paths[] = {"", "/", "relative", "/../x", "/a/../b", "/a/.", "/a\nb"};
	struct cgroup cgroup;
	struct err err = ERR_INIT;

	(void)context;
	need_root();
	new_plan(below("/x/y"));
	set("pids", "pids.max", "5");
	set_memory("nonsense");
	assert_int_equal(cgroup_create(&cgroup, &plan, host, &err), ERR);
	assert_non_null(strstr(err.what, settings[1].file));
	assert_string_equal(err.where, "config.json#/linux/resources/test");
	assert_string_not_equal(err.why, "");
	assert_int_equal(existing(top), 0);
	new_plan(top);
	set("pids", "pids.none", "5");
	assert_int_equal(cgroup_create(&cgroup, &plan, host, &err), ERR);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	settings[0].optional = true;
	create(&cgroup);
	take_away(&cgroup);
	new_plan(top);
	set("bogus", "bogus.max", "5");
	assert_int_equal(cgroup_create(&cgroup, &plan, host, &err), ERR);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.why, "bogus"));
	assert_int_equal(existing(top), 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		new_plan(paths[i]);
		assert_int_equal(cgroup_create(&cgroup, &plan, host, &err), ERR);
		assert_int_equal(err.kind, ERR_CONFIG);
	}
}

static void test_freeze(void **context)
{
	struct cgroup cgroup;
	struct member member;
	struct err err = ERR_INIT;
	struct pollfd reply;
	char byte;

	(void)context;
	need_root();
	new_plan(top);
	create(&cgroup);
	spawn(&member, &cgroup, echo);
	assert_false(cgroup_is_frozen(&cgroup));
	assert_int_equal(cgroup_freeze(&cgroup, true, &err), 0);
	assert_true(cgroup_is_frozen(&cgroup));
	assert_int_equal(write(member.request_fd, "x", 1), 1);
	reply = (struct pollfd){.fd = member.reply_fd, .events = POLLIN};
	assert_int_equal(poll(&reply, 1, 50), 0);
	assert_int_equal(cgroup_freeze(&cgroup, false, &err), 0);
	assert_false(cgroup_is_frozen(&cgroup));
	assert_int_equal(read(member.reply_fd, &byte, 1), 1);
	/* A kill ends frozen ones too. */
	assert_int_equal(cgroup_freeze(&cgroup, true, &err), 0);
	assert_int_equal(cgroup_signal_all(&cgroup, SIGKILL, &err), 0);
	assert_int_equal(reap(&member), SIGKILL);
	take_away(&cgroup);
}

static void hold_memory(int in_fd, int out_fd)
{
	char *at = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	(void)!write(out_fd, at == MAP_FAILED ? "f" : "b", 1);
	echo(in_fd, out_fd);
}

static void test_check_before_update(void **context)
{
	struct cgroup cgroup;
	struct member member;
	struct err err = ERR_INIT;
	char byte, text[64];

	(void)context;
	need_root();
	new_plan(top);
	set_memory("67108864");
	create(&cgroup);
	spawn(&member, &cgroup, hold_memory);
	assert_int_equal(read(member.reply_fd, &byte, 1), 1);
	new_plan(top);
	set_memory("8388608");
	plan.check_memory_usage = true;
	assert_int_equal(apply(&cgroup, &err), ERR);
	assert_non_null(strstr(err.why, "checkBeforeUpdate"));
	read_back(&cgroup, "memory", settings[0].file, text, sizeof(text));
	assert_string_equal(text, "67108864");
	settings[0].value = "33554432";
	assert_int_equal(apply(&cgroup, &err), 0);
	read_back(&cgroup, "memory", settings[0].file, text, sizeof(text));
	assert_string_equal(text, "33554432");
	assert_int_equal(reap(&member), 0);
	take_away(&cgroup);
}

/* In a sub-cgroup of the main hierarchy that it makes itself. */
static char sub_name[64];
static void go_below(int in_fd, int out_fd)
{
	char own[512], text[1024];
	ssize_t size = fd_read_text_at(AT_FDCWD, "/proc/self/cgroup", own, sizeof(own));

	for (size_t i = 0; size > 0 && i < host->hierarchies_count; i++) {
		if (!v2 && strcmp(host->hierarchies[i].controllers, "freezer") != 0)
			continue;
		snprintf(text, sizeof(text), "%s%s", in_hierarchy(i, top), sub_name);
		if (mkdir(text, 0755) < 0)
			_exit(98);
		snprintf(text, sizeof(text), "%s%s/cgroup.procs", in_hierarchy(i, top), sub_name);
		if (fd_write_text_at(AT_FDCWD, text, "0") < 0)
			_exit(97);
	}
	(void)!write(out_fd, "b", 1);
	echo(in_fd, out_fd);
}

static void test_all_are_signalled(void **context)
{
	struct cgroup cgroup;
	struct member members[3];
	struct err err = ERR_INIT;
	pid_t pids[8];
	char byte;

	(void)context;
	need_root();
	new_plan(top);
	create(&cgroup);
	spawn(&members[0], &cgroup, echo);
	spawn(&members[1], &cgroup, echo);
	snprintf(sub_name, sizeof(sub_name), "/sub");
	spawn(&members[2], &cgroup, go_below);
	assert_int_equal(read(members[2].reply_fd, &byte, 1), 1);
	assert_int_equal(cgroup_pids(&cgroup, pids, ARRAY_SIZE(pids)), 3);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		assert_true(pids[0] == members[i].pid || pids[1] == members[i].pid || pids[2] == members[i].pid);
	assert_int_equal(cgroup_pids(&cgroup, pids, 1), 3);
	assert_int_equal(cgroup_signal_all(&cgroup, SIGTERM, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		assert_int_equal(reap(&members[i]), SIGTERM);
	assert_int_equal(cgroup_pids(&cgroup, NULL, 0), 0);
	take_away(&cgroup);
	assert_int_equal(existing(top), 0);
}

static void test_remove_kills(void **context)
{
	struct cgroup cgroup;
	struct member members[2];
	struct err err = ERR_INIT;
	char byte;

	(void)context;
	need_root();
	new_plan(top);
	create(&cgroup);
	spawn(&members[0], &cgroup, echo);
	snprintf(sub_name, sizeof(sub_name), "/sub");
	spawn(&members[1], &cgroup, go_below);
	assert_int_equal(read(members[1].reply_fd, &byte, 1), 1);
	assert_int_equal(cgroup_freeze(&cgroup, true, &err), 0);
	take_away(&cgroup);
	assert_int_equal(existing(top), 0);
	assert_int_equal(reap(&members[0]), SIGKILL);
	assert_int_equal(reap(&members[1]), SIGKILL);
}

#define DEEP 200 /* levels: more than a recursive walk would take */

/* Sub-cgroups far down, with a process at the bottom that no walk of pids reaches. */
static void test_remove_deep(void **context)
{
	struct cgroup cgroup;
	struct member member;
	struct err err = ERR_INIT;
	int dir_fd = -EBADF, status;

	(void)context;
	need_root();
	new_plan(top);
	create(&cgroup);
	for (size_t i = 0; i < cgroup.count && dir_fd < 0; i++)
		if (v2 || strcmp(cgroup.dirs[i].hierarchy->controllers, "freezer") == 0)
			dir_fd = dup(cgroup.dirs[i].fd);
	assert_true(dir_fd >= 0);
	for (int i = 0; i < DEEP; i++) {
		int next_fd;

		assert_int_equal(mkdirat(dir_fd, "d", 0755), 0);
		assert_int_equal(mkdirat(dir_fd, "e", 0755), 0);
		next_fd = openat(dir_fd, "d", O_PATH | O_DIRECTORY);
		assert_true(next_fd >= 0);
		close(dir_fd);
		dir_fd = next_fd;
	}
	spawn(&member, &cgroup, echo);
	{
		char text[16];

		snprintf(text, sizeof(text), "%d", member.pid);
		assert_int_equal(fd_write_text_at(dir_fd, "cgroup.procs", text), 0);
	}
	close(dir_fd);
	if (cgroup_remove(&cgroup, &err) < 0)
		fail_msg("%s | %s", err.what, err.why);
	cgroup_done(&cgroup);
	status = reap(&member);
	assert_int_equal(status, SIGKILL);
	assert_int_equal(existing(top), 0);
}

static void fork_bomb(int in_fd, int out_fd)
{
	unsigned char count = 0;
	pid_t pid;

	while ((pid = fork()) > 0)
		count++;
	if (pid == 0) {
		char byte;

		(void)!read(in_fd, &byte, 1);
		_exit(0);
	}
	count = errno == EAGAIN ? count : 255;
	(void)!write(out_fd, &count, 1);
}

static void test_pids_limit_holds(void **context)
{
	struct cgroup cgroup;
	struct member member;
	struct err err = ERR_INIT;
	unsigned char count;

	(void)context;
	need_root();
	new_plan(top);
	set("pids", "pids.max", "5");
	create(&cgroup);
	spawn(&member, &cgroup, fork_bomb);
	assert_int_equal(read(member.reply_fd, &count, 1), 1);
	assert_int_equal(count, 4);
	assert_int_equal(cgroup_signal_all(&cgroup, SIGKILL, &err), 0);
	(void)reap(&member);
	take_away(&cgroup);
}

#define EATEN ((size_t)96 << 20)

static void eat_memory(int in_fd, int out_fd)
{
	char *at = mmap(NULL, EATEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)in_fd;
	(void)out_fd;
	for (size_t i = 0; at != MAP_FAILED && i < EATEN; i += 4096)
		at[i] = 1;
}

static void test_memory_limit_holds(void **context)
{
	struct cgroup cgroup;
	struct member member;

	(void)context;
	need_root();
	new_plan(top);
	set_memory("33554432");
	set("memory", v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes", v2 ? "0" : "33554432");
	settings[1].optional = true;
	create(&cgroup);
	spawn(&member, &cgroup, eat_memory);
	assert_int_equal(reap(&member), SIGKILL);
	take_away(&cgroup);
	/* The same work within a wider limit ends well: it was the limit that killed. */
	new_plan(top);
	set_memory("268435456");
	create(&cgroup);
	spawn(&member, &cgroup, eat_memory);
	assert_int_equal(reap(&member), 0);
	take_away(&cgroup);
}

/* Limits that bound each other, up and down, written in either order. */
static void test_memory_and_swap(void **context)
{
	static const char *const values[][2] = {
		{"67108864", "134217728"}, {"268435456", "536870912"}, {"33554432", "50331648"}, {"-1", "-1"},
		{"67108864", "67108864"},
	};
	struct cgroup cgroup;
	struct err err = ERR_INIT;
	char text[64];

	(void)context;
	need_root();
	if (v2) {
		print_message("only v1 limits memory and swap together\n");
		skip();
	}
	new_plan(top);
	create(&cgroup);
	for (size_t i = 0; i < ARRAY_SIZE(values) * 2; i++) {
		const char *const *pair = values[i % ARRAY_SIZE(values)];

		new_plan(top);
		if (i >= ARRAY_SIZE(values))
			set("memory", "memory.memsw.limit_in_bytes", pair[1]);
		set_memory(pair[0]);
		if (i < ARRAY_SIZE(values))
			set("memory", "memory.memsw.limit_in_bytes", pair[1]);
		if (apply(&cgroup, &err) < 0)
			fail_msg("%zu: %s", i, err.what);
		read_back(&cgroup, "memory", "memory.limit_in_bytes", text, sizeof(text));
		if (pair[0][0] != '-')
			assert_string_equal(text, pair[0]);
		read_back(&cgroup, "memory", "memory.memsw.limit_in_bytes", text, sizeof(text));
		if (pair[1][0] != '-')
			assert_string_equal(text, pair[1]);
	}
	new_plan(top);
	set_memory("67108864");
	set("memory", "memory.memsw.limit_in_bytes", "33554432");
	assert_int_equal(apply(&cgroup, &err), ERR);
	assert_string_not_equal(err.fix, "");
	take_away(&cgroup);
}

static void test_cpuset_setting(void **context)
{
	struct cgroup cgroup;
	struct member member;
	char text[256];

	(void)context;
	need_root();
	if (!host_hierarchy_of(host, "cpuset")) {
		print_message("no hierarchy has the cpuset controller\n");
		skip();
	}
	/* On v1 each directory on the way must hold CPUs and memory nodes before a process gets in. */
	new_plan(below("/a/b"));
	set("cpuset", "cpuset.cpus", "0");
	create(&cgroup);
	read_back(&cgroup, "cpuset", "cpuset.cpus", text, sizeof(text));
	assert_string_equal(text, "0");
	spawn(&member, &cgroup, echo);
	assert_int_equal(reap(&member), 0);
	take_away(&cgroup);
	assert_int_equal(existing(top), 0);
}

static void test_unified_beside_v1(void **context)
{
	struct cgroup cgroup;
	struct member member;
	char text[64];

	(void)context;
	need_root();
	if (host->cgroup_mode == HOST_CGROUP_V1) {
		print_message("no cgroup2 hierarchy is mounted\n");
		skip();
	}
	new_plan(top);
	set("cgroup", "cgroup.max.depth", "3");
	create(&cgroup);
	assert_int_equal(existing(top), host->hierarchies_count);
	assert_true(cgroup_into_fd(&cgroup) >= 0);
	assert_true(fd_read_text_at(cgroup_into_fd(&cgroup), "cgroup.max.depth", text, sizeof(text)) > 0);
	assert_string_equal(text, "3\n");
	spawn(&member, &cgroup, echo);
	assert_true(fd_read_text_at(cgroup_into_fd(&cgroup), "cgroup.procs", text, sizeof(text)) > 0);
	assert_int_equal(atoi(text), member.pid);
	assert_int_equal(reap(&member), 0);
	take_away(&cgroup);
	assert_int_equal(existing(top), 0);
}

static const struct json *member_of(const struct json *value, const char *path)
{
	char text[128];

	snprintf(text, sizeof(text), "%s", path);
	for (char *key = strtok(text, "."); key; key = strtok(NULL, ".")) {
		value = json_get(value, key);
		if (!value)
			fail_msg("the statistics lack %s", path);
	}
	return value;
}

static void test_statistics(void **context)
{
	static const char *const numbers[] = {
		"cpu.usage.total",
		"cpu.usage.kernel",
		"cpu.usage.user",
		"cpu.throttling.periods",
		"cpu.throttling.throttledPeriods",
		"cpu.throttling.throttledTime",
		"memory.cache",
		"memory.usage.limit",
		"memory.usage.max",
		"memory.usage.failcnt",
		"memory.swap.usage",
		"memory.kernel.usage",
		"memory.kernelTCP.usage",
	};
	struct cgroup cgroup;
	struct member member;
	struct buf text = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&text, 0);
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct json *root;
	uint64_t number;

	(void)context;
	need_root();
	new_plan(top);
	set_memory("268435456");
	set("pids", "pids.max", "9");
	create(&cgroup);
	spawn(&member, &cgroup, echo);
	assert_int_equal(cgroup_stats(&cgroup, &writer, &err), 0);
	if (json_parse(&arena, "stats", text.data, text.length, &root, &err) < 0)
		fail_msg("%s at %s in %s", err.what, err.where, text.data);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_true(json_u64(member_of(root, numbers[i]), &number));
	assert_true(json_u64(member_of(root, "memory.usage.limit"), &number) && number == 268435456);
	assert_true(json_u64(member_of(root, "memory.usage.usage"), &number) && number > 0 && number < 268435456);
	assert_true(json_u64(member_of(root, "pids.current"), &number) && number == 1);
	assert_true(json_u64(member_of(root, "pids.limit"), &number) && number == 9);
	assert_true(json_u64(member_of(root, "cpu.usage.total"), &number) && number > 0);
	assert_true(member_of(root, "memory.raw")->count > 5);
	assert_int_equal(member_of(root, "blkio.ioServiceBytesRecursive")->type, JSON_ARRAY);
	assert_int_equal(member_of(root, "hugetlb")->type, JSON_OBJECT);
	if (v2 && access("/proc/pressure", F_OK) == 0)
		assert_int_equal(member_of(root, "cpu.psi.some.avg10")->type, JSON_NUMBER);
	assert_int_equal(reap(&member), 0);
	take_away(&cgroup);
	arena_done(&arena);
	buf_done(&text);
}

/* A user who may not write: without a cgroup when nothing asks for one, else told what to do. */
static void test_not_writable(void **context)
{
	pid_t child;
	int status;

	(void)context;
	need_root();
	child = fork();
	if (child == 0) {
		struct cgroup cgroup;
		struct err err = ERR_INIT;

		new_plan(top);
		if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		if (cgroup_create(&cgroup, &plan, host, &err) != ERR || !strstr(err.fix, "delegated") || !err.where[0])
			_exit(2);
		plan.explicit = false;
		if (cgroup_create(&cgroup, &plan, host, &err) != 0 || cgroup.driver != CGROUP_DISABLED || cgroup.count)
			_exit(3);
		_exit(cgroup_freeze(&cgroup, true, &err) == ERR && cgroup_signal_all(&cgroup, SIGKILL, &err) == 0 ? 0
														  : 4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void create_delegated(struct cgroup *cgroup)
{
	need_root();
	if (!v2) {
		print_message("only cgroup2 is given away\n");
		skip();
	}
	new_plan(top);
	plan.delegate = true;
	plan.delegate_uid = (struct host_id){65534};
	create(cgroup);
}

static void test_delegation(void **context)
{
	struct cgroup cgroup;
	struct stat status;
	int fd;

	(void)context;
	create_delegated(&cgroup);
	fd = cgroup_into_fd(&cgroup);
	assert_true(fstat(fd, &status) == 0 && status.st_uid == 65534);
	assert_true(fstatat(fd, "cgroup.procs", &status, 0) == 0 && status.st_uid == 65534);
	assert_true(fstatat(fd, "cgroup.subtree_control", &status, 0) == 0 && status.st_uid == 65534);
	assert_true(fstatat(fd, "memory.max", &status, 0) == 0 && status.st_uid == 0);
	take_away(&cgroup);
}

/* A cgroup with processes of its own cannot share out controllers: said so, and nothing is left. */
static void test_processes_above(void **context)
{
	struct cgroup above, cgroup;
	struct member member, inside;
	struct err err = ERR_INIT;

	(void)context;
	need_root();
	if (!v2) {
		print_message("v1 has no such rule\n");
		skip();
	}
	new_plan(top);
	create(&above);
	spawn(&member, &above, echo);
	new_plan(below("/a/b"));
	set_memory("33554432");
	assert_int_equal(cgroup_create(&cgroup, &plan, host, &err), ERR);
	assert_int_equal(err.errnum, EBUSY);
	assert_non_null(strstr(err.why, "processes are in that very cgroup"));
	assert_string_equal(err.where, "config.json#/linux/resources/test");
	assert_int_equal(existing(below("/a")), 0);
	/* Without a limit of its own it gets in, and nothing was enabled that would make it a place for threads. */
	new_plan(below("/a/b"));
	create(&cgroup);
	spawn(&inside, &cgroup, echo);
	assert_int_equal(reap(&inside), 0);
	take_away(&cgroup);
	assert_int_equal(reap(&member), 0);
	take_away(&above);
}

/* A user makes containers below a cgroup that was given to him. */
static void test_delegated_to_a_user(void **context)
{
	const struct oci_device_rule rule = {.type = 'a',
					     .major = OCI_DEVICE_ANY,
					     .minor = OCI_DEVICE_ANY,
					     .read = true,
					     .write = true,
					     .mknod = true};
	struct cgroup above;
	pid_t child;
	int status;

	(void)context;
	create_delegated(&above);
	child = fork();
	if (child == 0) {
		struct cgroup cgroup;
		struct arena arena = ARENA_INIT;
		struct err err = ERR_INIT;
		struct host *user;

		if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0 ||
		    host_read(&arena, &user, &err) < 0)
			_exit(1);
		new_plan(below("/a/b"));
		set("pids", "pids.max", "5");
		set_memory("33554432");
		plan.device_rules = &rule;
		plan.device_rules_count = 1;
		if (cgroup_create(&cgroup, &plan, user, &err) < 0 || cgroup.driver != CGROUP_CGROUPFS)
			_exit(2);
		if (existing(below("/a/b")) != 1 || cgroup_remove(&cgroup, &err) < 0 || existing(below("/a")) != 0)
			_exit(3);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	take_away(&above);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_are_set),
		cmocka_unit_test(test_directories_in_between),
		cmocka_unit_test(test_existing_is_kept),
		cmocka_unit_test(test_failure_leaves_nothing),
		cmocka_unit_test(test_freeze),
		cmocka_unit_test(test_check_before_update),
		cmocka_unit_test(test_all_are_signalled),
		cmocka_unit_test(test_remove_kills),
		cmocka_unit_test(test_remove_deep),
		cmocka_unit_test(test_pids_limit_holds),
		cmocka_unit_test(test_memory_limit_holds),
		cmocka_unit_test(test_memory_and_swap),
		cmocka_unit_test(test_cpuset_setting),
		cmocka_unit_test(test_unified_beside_v1),
		cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_not_writable),
		cmocka_unit_test(test_delegation),
		cmocka_unit_test(test_processes_above),
		cmocka_unit_test(test_delegated_to_a_user),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
