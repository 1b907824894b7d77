/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of core/state on real directories, processes and a real, tiny file system. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "core/state/state.h"
#include "kernel/process.h"

static char work[] = "/tmp/bulkhead-test-state-XXXXXX";
static int root_fd = -EBADF;

static int set_up(void **context)
{
	struct err err = ERR_INIT;
	char path[64];

	(void)context;
	if (!mkdtemp(strcpy(work, "/tmp/bulkhead-test-state-XXXXXX")))
		return -1;
	snprintf(path, sizeof(path), "%s/a/b", work);
	return state_root_open(path, "bulkhead-test", true, &root_fd, &err);
}

static int tear_down(void **context)
{
	char command[128];

	(void)context;
	fd_close(&root_fd);
	snprintf(command, sizeof(command), "rm -rf %s", work);
	return system(command);
}

static struct state sample(const char *id)
{
	return (struct state){
		.id = id,
		.bundle = "/bundles/b\303\274ndel \"1\"",
		.rootfs = "/bundles/1/rootfs",
		.pid = 4194303,
		.pid_start_time = UINT64_C(18446744073709551615),
		.created_ns = UINT64_C(1700000000123456789),
		.owner_uid = 4294967294u,
		.cgroup_driver = CGROUP_CGROUPFS,
		.cgroup_path = "/containers/1",
		.cgroup_created = true,
		.cgroup_made = "cpu=1 memory=2",
		.filter_flags = 6,
		.freezer = "/sys/fs/cgroup/freezer/containers/1/freezer.state",
	};
}

static void make(const char *id, struct state_dir *dir)
{
	struct err err = ERR_INIT;

	assert_int_equal(state_dir_create(root_fd, id, dir, &err), 0);
}

static void test_ids(void **context)
{
	static const char *const good[] = {"a", "A-Z_0.9+", ".hidden", "...", "-x"};
	static const struct {
		const char *id, *says;
	} bad[] = {
		{"", "empty"},
		{".", "directory"},
		{"..", "directory"},
		{"../x", "character 3 is '/'"},
		{"a b", "character 2 is the byte 0x20"},
		{"a\n", "character 2 is the byte 0x0a"},
		{"\303\274", "character 1 is the byte 0xc3"},
		{"~1", "character 1 is '~'"},
	};
	struct err err = ERR_INIT;
	char longest[258];

	(void)context;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(state_check_id(good[i], &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(state_check_id(bad[i].id, &err), ERR);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_true(strstr(err.why, bad[i].says) || strstr(err.what, bad[i].says));
		assert_string_not_equal(err.fix, "");
	}
	memset(longest, 'x', sizeof(longest));
	longest[255] = '\0';
	assert_int_equal(state_check_id(longest, &err), 0);
	longest[255] = 'x';
	longest[256] = '\0';
	assert_int_equal(state_check_id(longest, &err), ERR);
	assert_non_null(strstr(err.what, "256"));
}

static void test_round_trip(void **context)
{
	struct state_dir dir, again;
	struct state state = sample("one");
	const struct state *read;
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;

	(void)context;
	make("one", &dir);
	assert_int_equal(state_write(&dir, &state, &err), 0);
	assert_int_equal(state_dir_open(root_fd, "one", &again, &err), 0);
	assert_int_equal(state_read(&again, &arena, &read, &err), 0);
	assert_string_equal(read->id, state.id);
	assert_string_equal(read->bundle, state.bundle);
	assert_string_equal(read->rootfs, state.rootfs);
	assert_int_equal(read->pid, state.pid);
	assert_true(read->pid_start_time == state.pid_start_time);
	assert_true(read->created_ns == state.created_ns);
	assert_int_equal(read->owner_uid, state.owner_uid);
	assert_int_equal(read->cgroup_driver, state.cgroup_driver);
	assert_string_equal(read->cgroup_path, state.cgroup_path);
	assert_true(read->cgroup_created);
	assert_string_equal(read->cgroup_made, state.cgroup_made);
	assert_false(read->no_process);
	assert_int_equal(read->filter_flags, state.filter_flags);
	assert_string_equal(read->freezer, state.freezer);
	/* Replaced as a whole; without a cgroup. */
	state.cgroup_path = state.cgroup_made = state.freezer = state.rootfs = NULL;
	state.no_process = true;
	assert_int_equal(state_write(&dir, &state, &err), 0);
	assert_int_equal(state_read(&again, &arena, &read, &err), 0);
	assert_null(read->cgroup_path);
	assert_null(read->rootfs);
	assert_true(read->no_process);
	/* A path that JSON cannot hold is refused, and what was there stays. */
	state.bundle = "/b\xff";
	assert_int_equal(state_write(&dir, &state, &err), ERR);
	assert_non_null(strstr(err.what, "UTF-8"));
	assert_int_equal(state_read(&again, &arena, &read, &err), 0);
	state_dir_done(&again);
	assert_int_equal(state_dir_remove(root_fd, &dir, &err), 0);
	state_dir_done(&dir);
	arena_done(&arena);
}

/* Write `text` as the state of "cut" and read it. */
static int read_text(const struct state_dir *dir, const char *text, size_t size, struct err *err)
{
	struct arena arena = ARENA_INIT;
	const struct state *read;
	int result;

	assert_int_equal(state_put_file(dir, "state.json", text, size, err), 0);
	*err = ERR_INIT;
	result = state_read(dir, &arena, &read, err);
	arena_done(&arena);
	return result;
}

static void test_damaged(void **context)
{
	static const struct {
		const char *from, *to, *says;
	} changes[] = {
		{"\"version\":1", "\"version\":2", "version 2"},
		{"\"version\":1", "\"version\":\"1\"", "damaged"},
		{"\"version\":1,", "", "damaged"},
		{"\"pid\":4194303", "\"pid\":-1", "damaged"},
		{"\"pid\":4194303", "\"pid\":2147483648", "damaged"},
		{"\"pid\":4194303", "\"pid\":1e3", "damaged"},
		{"\"owner\":4294967294", "\"owner\":4294967296", "damaged"},
		{"\"rootfs\":\"/", "\"rootfs\":\"", "damaged"},
		{"\"id\":\"cut\"", "\"id\":\"other\"", "damaged"},
		{"\"cgroupfs\"", "\"cgroup\"", "damaged"},
		{"\"noProcess\":false", "\"noProcess\":0", "damaged"},
		{"\"noProcess\":false", "\"noProcess\":false,\"more\":1", "damaged"},
		{"\"noProcess\":false", "\"noProcess\":false,\"pid\":1", ""},
	};
	struct state_dir dir;
	struct state state = sample("cut");
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	const char *text;
	size_t size;

	(void)context;
	make("cut", &dir);
	assert_int_equal(state_write(&dir, &state, &err), 0);
	assert_int_equal(state_get_file(&dir, "state.json", &arena, 65536, &text, &size, &err), 0);
	assert_int_equal(read_text(&dir, text, size, &err), 0);
	/* The last byte is a line's end, which may be missing. */
	for (size_t cut = 0; cut + 1 < size; cut++) {
		assert_int_equal(read_text(&dir, text, cut, &err), ERR);
		assert_int_equal(err.kind, ERR_STATE);
		assert_non_null(strstr(err.fix, "delete --force cut"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		char changed[4096];
		const char *at = strstr(text, changes[i].from);

		assert_non_null(at);
		snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, changes[i].to,
			 at + strlen(changes[i].from));
		assert_int_equal(read_text(&dir, changed, strlen(changed), &err), ERR);
		assert_int_equal(err.kind, ERR_STATE);
		assert_non_null(strstr(err.what, changes[i].says));
		assert_non_null(strstr(err.fix, "delete --force cut"));
	}
	arena_done(&arena);
	assert_int_equal(state_dir_remove(root_fd, &dir, &err), 0);
	state_dir_done(&dir);
}

/* Eight processes want one id: one gets it, seven are told that it is taken. */
static void test_one_wins(void **context)
{
	int won = 0, lost = 0, gate[2];
	struct state_dir dir;
	struct err err = ERR_INIT;
	pid_t pids[8];

	(void)context;
	assert_int_equal(pipe(gate), 0);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			char byte;

			close(gate[1]);
			(void)!read(gate[0], &byte, 1);
			if (state_dir_create(root_fd, "same", &dir, &err) == 0)
				_exit(0);
			_exit(err.kind == ERR_STATE && strstr(err.what, "container with given ID already exists") ? 1
														  : 2);
		}
		assert_true(pids[i] > 0);
	}
	close(gate[0]);
	close(gate[1]);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
		lost += WIFEXITED(status) && WEXITSTATUS(status) == 1;
	}
	assert_int_equal(won, 1);
	assert_int_equal(lost, 7);
	assert_int_equal(state_dir_open(root_fd, "same", &dir, &err), 0);
	assert_int_equal(state_dir_remove(root_fd, &dir, &err), 0);
	state_dir_done(&dir);
}

/* Is this process asleep, waiting for a record lock? proc_locks(5) marks it by an arrow. */
static bool waits_for_lock(pid_t pid)
{
	static char text[1 << 20];
	char number[32];

	if (fd_read_text_at(AT_FDCWD, "/proc/locks", text, sizeof(text)) < 0)
		return false;
	snprintf(number, sizeof(number), " %d ", pid);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, "->") && strstr(line, number))
			return true;
	return false;
}

/* The lock keeps others out, and who waited for a container that is removed meanwhile is told so. */
static void test_lock(void **context)
{
	struct state_dir dir, other;
	struct state state = {.id = "locked"};
	struct err err = ERR_INIT;
	int status;
	pid_t waiter;

	(void)context;
	make("locked", &dir);
	waiter = fork();
	if (waiter == 0) {
		if (state_dir_open(root_fd, "locked", &other, &err) < 0)
			_exit(1);
		/* Seen from here, the maker is alive. */
		if (state_status(&other, &state, false) != STATE_CREATING)
			_exit(2);
		if (state_dir_lock(&other, &err) == 0)
			_exit(3);
		_exit(err.kind == ERR_STATE && strstr(err.what, "does not exist") ? 0 : 4);
	}
	alarm(20);
	while (!waits_for_lock(waiter) && waitpid(waiter, &status, WNOHANG) == 0)
		sched_yield();
	alarm(0);
	assert_int_equal(state_status(&dir, &state, false), STATE_STOPPED);
	assert_int_equal(state_dir_remove(root_fd, &dir, &err), 0);
	state_dir_done(&dir);
	assert_int_equal(waitpid(waiter, &status, 0), waiter);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A lock that a process holds when it forks is not held on by the child. */
static void test_lock_is_not_inherited(void **context)
{
	struct state_dir dir;
	struct err err = ERR_INIT;
	int gate[2], ready[2], status;
	pid_t maker, child;
	char byte;

	(void)context;
	assert_int_equal(pipe(gate), 0);
	assert_int_equal(pipe(ready), 0);
	maker = fork();
	if (maker == 0) {
		if (state_dir_create(root_fd, "orphan", &dir, &err) < 0)
			_exit(1);
		child = fork();
		if (child == 0) {
			close(gate[1]);
			(void)!write(ready[1], "x", 1);
			(void)!read(gate[0], &byte, 1);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(maker, &status, 0), maker);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	/* Would wait for ever if the child held it. */
	alarm(20);
	assert_int_equal(state_dir_open(root_fd, "orphan", &dir, &err), 0);
	assert_int_equal(state_dir_lock(&dir, &err), 0);
	alarm(0);
	assert_int_equal(state_dir_remove(root_fd, &dir, &err), 0);
	state_dir_done(&dir);
	close(gate[1]);
	close(gate[0]);
	close(ready[0]);
	close(ready[1]);
}

static void test_list_and_rest(void **context)
{
	struct state_dir dirs[3], dir;
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	const char *const *ids;
	size_t count;
	char longest[256];

	(void)context;
	memset(longest, 'z', 255);
	longest[255] = '\0';
	make("b", &dirs[0]);
	make("a", &dirs[1]);
	make(longest, &dirs[2]);
	/* What a removal leaves that was killed after its rename, and things that are no containers. */
	assert_int_equal(mkdirat(root_fd, "~123", 0700), 0);
	close(openat(root_fd, "~123/state.json", O_CREAT | O_WRONLY, 0600));
	close(openat(root_fd, "file", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(mkdirat(root_fd, "no id", 0700), 0);
	assert_int_equal(state_list(root_fd, &arena, &ids, &count, &err), 0);
	assert_int_equal(count, 3);
	assert_string_equal(ids[0], "a");
	assert_string_equal(ids[1], "b");
	assert_string_equal(ids[2], longest);
	assert_int_equal(faccessat(root_fd, "~123", F_OK, 0), -1);
	assert_int_equal(mkdirat(root_fd, "~124", 0700), 0);
	assert_int_equal(state_dir_open(root_fd, "none", &dir, &err), ERR);
	assert_int_equal(err.kind, ERR_STATE);
	assert_int_equal(err.errnum, ENOENT);
	assert_non_null(strstr(err.what, "container does not exist"));
	assert_int_equal(faccessat(root_fd, "~124", F_OK, 0), -1);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		assert_int_equal(state_put_file(&dirs[i], "config.json", "{}", 2, &err), 0);
		assert_int_equal(state_dir_remove(root_fd, &dirs[i], &err), 0);
		assert_int_equal(state_dir_remove(root_fd, &dirs[i], &err), 0);
		state_dir_done(&dirs[i]);
	}
	assert_int_equal(unlinkat(root_fd, "file", 0), 0);
	assert_int_equal(unlinkat(root_fd, "no id", AT_REMOVEDIR), 0);
	assert_int_equal(state_list(root_fd, &arena, &ids, &count, &err), 0);
	assert_int_equal(count, 0);
	arena_done(&arena);
}

static void test_root(void **context)
{
	struct err err = ERR_INIT;
	struct stat status;
	char path[128], text[160];
	int fd;

	(void)context;
	assert_int_equal(fstat(root_fd, &status), 0);
	assert_int_equal(status.st_mode & 07777, 01700);
	snprintf(path, sizeof(path), "%s/open", work);
	assert_int_equal(state_root_open(path, "p", false, &fd, &err), ERR);
	assert_int_equal(err.kind, ERR_STATE);
	assert_int_equal(err.errnum, ENOENT);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(state_root_open(path, "p", false, &fd, &err), 0);
	close(fd);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(state_root_open(path, "p", true, &fd, &err), ERR);
	assert_non_null(strstr(err.what, "not safe"));
	snprintf(path, sizeof(path), "%s/file", work);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(state_root_open(path, "p", true, &fd, &err), ERR);
	assert_int_equal(err.errnum, ENOTDIR);
	assert_int_equal(state_root_open("", "p", true, &fd, &err), ERR);
	/* By default: below XDG_RUNTIME_DIR for a user without privilege, in an otherwise empty environment. */
	if (geteuid() == 0) {
		pid_t child = fork();
		int wait_status;

		if (child == 0) {
			snprintf(path, sizeof(path), "%s/user", work);
			if (chmod(work, 0755) < 0 || mkdir(path, 0700) < 0 || chown(path, 65534, 65534) < 0 ||
			    setresuid(65534, 65534, 65534) < 0)
				_exit(1);
			clearenv();
			setenv("XDG_RUNTIME_DIR", path, 1);
			if (state_root_open(NULL, "prog", true, &fd, &err) < 0)
				_exit(2);
			snprintf(text, sizeof(text), "%s/prog", path);
			if (access(text, W_OK) < 0)
				_exit(3);
			clearenv();
			/* Without any session: in /tmp, and only as a directory of the user's own. */
			if (access("/run/user/65534", F_OK) < 0 &&
			    (state_root_open(NULL, "prog", true, &fd, &err) < 0 || rmdir("/tmp/prog-65534") < 0 ||
			     symlink(path, "/tmp/prog-65534") < 0 ||
			     state_root_open(NULL, "prog", true, &fd, &err) == 0 || unlink("/tmp/prog-65534") < 0))
				_exit(4);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &wait_status, 0), child);
		assert_true(WIFEXITED(wait_status));
		assert_int_equal(WEXITSTATUS(wait_status), 0);
	}
}

/* In a mount namespace of its own with a file system of 64 KiB: returns the exit status. */
static int on_full_disk(void)
{
	static char big[200000];
	struct state_dir dir, second;
	struct state state = sample("full");
	const struct state *read;
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	int full_fd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", work, "tmpfs", 0, "size=64k,mode=700") < 0)
		return 77;
	if (state_root_open(work, "p", true, &full_fd, &err) < 0 || state_dir_create(full_fd, "full", &dir, &err) < 0 ||
	    state_write(&dir, &state, &err) < 0)
		return 1;
	if (state_put_file(&dir, "filter.bpf", big, sizeof(big), &err) == 0 || err.errnum != ENOSPC ||
	    !strstr(err.what, "filter.bpf of container full") || !err.fix[0])
		return 2;
	if (faccessat(dir.fd, "filter.bpf", F_OK, 0) == 0 || faccessat(dir.fd, "filter.bpf.new", F_OK, 0) == 0)
		return 3;
	/* Now full to the last page: the old state stays. */
	for (int fd = openat(full_fd, "~fill", O_CREAT | O_WRONLY, 0600); write(fd, big, 4096) > 0;)
		;
	state.pid = 1;
	if (state_write(&dir, &state, &err) == 0 || err.errnum != ENOSPC || !strstr(err.what, "state.json"))
		return 4;
	if (state_read(&dir, &arena, &read, &err) < 0 || read->pid != 4194303)
		return 5;
	/* A new container leaves nothing, whether it has come as far as its lock or not. */
	if (state_dir_create(full_fd, "second", &second, &err) == 0 &&
	    (state_write(&second, &state, &err) == 0 || state_dir_remove(full_fd, &second, &err) < 0))
		return 6;
	if (faccessat(full_fd, "second", F_OK, 0) == 0)
		return 7;
	return state_dir_remove(full_fd, &dir, &err) < 0 ? 8 : 0;
}

static void test_full_disk(void **context)
{
	pid_t child = fork();
	int status;

	(void)context;
	if (child == 0)
		_exit(on_full_disk());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("mounting a tmpfs needs root\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_status(void **context)
{
	struct state_dir dir;
	struct state state = sample("status");
	struct buf text = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&text, 0);
	const struct key_value note = {.key = "k", .value = "v"};
	const struct key_values notes = {.items = &note, .count = 1};
	struct err err = ERR_INIT;
	siginfo_t info;
	int gate[2];
	char letter;

	(void)context;
	make("status", &dir);
	assert_int_equal(pipe(gate), 0);
	state.pid = fork();
	if (state.pid == 0) {
		close(gate[1]);
		(void)!read(gate[0], &letter, 1);
		_exit(0);
	}
	assert_int_equal(process_stat(state.pid, &state.pid_start_time, &letter), 0);
	assert_int_equal(state_status(&dir, &state, false), STATE_RUNNING);
	assert_int_equal(state_status(&dir, &state, true), STATE_PAUSED);
	close(openat(dir.fd, "start.sock", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(state_status(&dir, &state, false), STATE_CREATED);
	/* The number of another process. */
	state.pid_start_time++;
	assert_int_equal(state_status(&dir, &state, false), STATE_STOPPED);
	state.pid_start_time--;
	/* A zombie. */
	close(gate[1]);
	assert_int_equal(waitid(P_PID, (id_t)state.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(state_status(&dir, &state, false), STATE_STOPPED);
	assert_int_equal(waitpid(state.pid, NULL, 0), state.pid);
	assert_int_equal(state_status(&dir, &state, true), STATE_STOPPED);
	close(gate[0]);
	state.bundle = "/b";
	state_print_oci(&state, STATE_STOPPED, &notes, &writer);
	assert_string_equal(text.data, "{\"ociVersion\":\"1.3.0\",\"id\":\"status\",\"pid\":0,\"status\":\"stopped\","
				       "\"bundle\":\"/b\",\"rootfs\":\"/bundles/1/rootfs\","
				       "\"created\":\"2023-11-14T22:13:20.123456789Z\",\"annotations\":{\"k\":\"v\"},"
				       "\"owner\":\"4294967294\"}");
	buf_done(&text);
	assert_int_equal(state_dir_remove(root_fd, &dir, &err), 0);
	state_dir_done(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),	      cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damaged),	      cmocka_unit_test(test_one_wins),
		cmocka_unit_test(test_lock),	      cmocka_unit_test(test_lock_is_not_inherited),
		cmocka_unit_test(test_list_and_rest), cmocka_unit_test(test_root),
		cmocka_unit_test(test_full_disk),     cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
