/* SPDX-License-Identifier: Apache-2.0 */
/* Learning: what records become in a profile, without any watching. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "insight/learn/learn.h"

struct lesson {
	struct learn learn;
	struct arena arena;
	struct profile profile;
	union observe_record record;
};

static int begin(void **state)
{
	struct lesson *lesson = calloc(1, sizeof(*lesson));
	struct err err = ERR_INIT;

	*state = lesson;
	return lesson ? learn_begin(&lesson->learn, &err) : -1;
}

static int end(void **state)
{
	struct lesson *lesson = *state;

	learn_done(&lesson->learn);
	arena_done(&lesson->arena);
	free(lesson);
	return 0;
}

static struct observe_sight *sight(struct lesson *lesson, enum observe_sight_set set, const char *call)
{
	struct observe_sight *sight = &lesson->record.sight;

	memset(sight, 0, sizeof(*sight));
	sight->kind = OBSERVE_SIGHT;
	sight->set = set;
	sight->number = call ? abi_syscall_number(ABI_ARCH_NATIVE, call) : -1;
	return sight;
}

static void take(struct lesson *lesson)
{
	learn_take(&lesson->learn, &lesson->record);
}

static void call(struct lesson *lesson, const char *name)
{
	sight(lesson, OBSERVE_SIGHT_CALL, name);
	take(lesson);
}

static void value(struct lesson *lesson, enum observe_sight_set set, const char *name, uint64_t first, uint64_t second)
{
	struct observe_sight *one = sight(lesson, set, name);

	one->value[0] = first;
	one->value[1] = second;
	take(lesson);
}

/* path as a source of events names it that knows the whole of it. */
static void file(struct lesson *lesson, const char *path, uint32_t access, uint32_t mode)
{
	struct observe_sight *one = sight(lesson, OBSERVE_SIGHT_FILE, "openat");

	one->access = access;
	one->mode = mode;
	one->path_length = (uint32_t)strlen(path);
	memcpy(one->text, path, one->path_length);
	take(lesson);
}

static void ended(struct lesson *lesson)
{
	lesson->record.end = (struct observe_end){.kind = OBSERVE_END, .seen = 77};
	take(lesson);
}

static void finish(struct lesson *lesson)
{
	struct err err = ERR_INIT;

	ended(lesson);
	assert_int_equal(learn_finish(&lesson->learn, &lesson->arena, &lesson->profile, &err), 0);
}

static bool has(struct lesson *lesson, enum profile_set_id set, const char *text)
{
	return profile_find(set, &lesson->profile.sets[set], text) != NULL;
}

/* The set holds just these, in its order. */
static void assert_set(struct lesson *lesson, enum profile_set_id id, const char *expected)
{
	const struct profile_set *set = &lesson->profile.sets[id];
	struct buf text = BUF_INIT;

	buf_puts(&text, "");
	for (size_t i = 0; i < set->count; i++)
		buf_printf(&text, "%s%s", i ? " " : "", set->items[i].text);
	assert_string_equal(text.data ? text.data : "", expected);
	buf_done(&text);
}

static void calls_and_what_goes_with_them(void **state)
{
	struct lesson *lesson = *state;

	call(lesson, "open");
	call(lesson, "mkdir");
	call(lesson, "pipe2");
	value(lesson, OBSERVE_SIGHT_ARGUMENT, "ioctl", 0x5401, 0);
	value(lesson, OBSERVE_SIGHT_ARGUMENT, "socket", AF_INET, SOCK_STREAM | SOCK_CLOEXEC);
	value(lesson, OBSERVE_SIGHT_ARGUMENT, "fcntl", 1, 0);
	value(lesson, OBSERVE_SIGHT_ARGUMENT, "prctl", 15, 0);
	value(lesson, OBSERVE_SIGHT_ARGUMENT, "setsockopt", SOL_SOCKET, SO_SNDBUF);
	value(lesson, OBSERVE_SIGHT_ARGUMENT, "clone3", 0x1200011, 0);
	finish(lesson);
	/* What was called, what depends on luck, and no other form of it. */
	assert_true(has(lesson, PROFILE_SYSCALLS, "open") && has(lesson, PROFILE_SYSCALLS, "mkdir"));
	assert_true(has(lesson, PROFILE_SYSCALLS, "execve") && has(lesson, PROFILE_SYSCALLS, "rt_sigreturn"));
	assert_true(has(lesson, PROFILE_SYSCALLS, "pipe2") && has(lesson, PROFILE_SYSCALLS, "poll"));
	assert_false(has(lesson, PROFILE_SYSCALLS, "openat") || has(lesson, PROFILE_SYSCALLS, "mkdirat"));
	assert_false(has(lesson, PROFILE_SYSCALLS, "bpf") || has(lesson, PROFILE_SYSCALLS, "setuid"));
	assert_false(has(lesson, PROFILE_SYSCALLS, "futex") || has(lesson, PROFILE_SYSCALLS, "rt_sigprocmask"));
	assert_set(lesson, PROFILE_IOCTL, "0x5401");
	assert_string_equal(lesson->profile.sets[PROFILE_IOCTL].items[0].reason, "TCGETS");
	assert_set(lesson, PROFILE_SOCKET, "0x2:0x1");
	assert_string_equal(lesson->profile.sets[PROFILE_SOCKET].items[0].reason, "AF_INET SOCK_STREAM");
	/* Numbers that mean something else among flags and nested arguments. */
	assert_string_equal(lesson->profile.sets[PROFILE_FCNTL].items[0].reason, "F_GETFD");
	assert_string_equal(profile_find(PROFILE_PRCTL, &lesson->profile.sets[PROFILE_PRCTL], "0xf")->reason, "PR_SET_NAME");
	assert_string_equal(lesson->profile.sets[PROFILE_SETSOCKOPT].items[0].reason, "SO_SNDBUF");
	assert_true(has(lesson, PROFILE_SYSCALLS, "clone") && has(lesson, PROFILE_CLONE, "0x1200000"));
	assert_int_equal(lesson->profile.events, 77);
	assert_true(lesson->profile.complete);
	assert_false(lesson->profile.verified);
}

/* Of a program with threads, and where the source does not show all calls. */
static void calls_of_threads_and_unseen_ones(void **state)
{
	struct lesson *lesson = *state;

	lesson->record.ready = (struct observe_ready){.kind = OBSERVE_READY, .calls_unseen = 1};
	take(lesson);
	value(lesson, OBSERVE_SIGHT_ARGUMENT, "clone", 0x3d0f00, 0);
	finish(lesson);
	assert_true(has(lesson, PROFILE_SYSCALLS, "futex") && has(lesson, PROFILE_SYSCALLS, "madvise"));
	assert_set(lesson, PROFILE_MADVISE, "0x4");
	assert_set(lesson, PROFILE_CLONE, "0x3d0f00");
	for (size_t i = 0; observe_notify_unseen(i); i++)
		assert_true(has(lesson, PROFILE_SYSCALLS, observe_notify_unseen(i)));
}

static void capabilities_with_their_calls(void **state)
{
	struct lesson *lesson = *state;
	struct observe_sight *silent;

	value(lesson, OBSERVE_SIGHT_CAPABILITY, "chown", 0, 0);
	value(lesson, OBSERVE_SIGHT_CAPABILITY, "fchown", 0, 0);
	value(lesson, OBSERVE_SIGHT_CAPABILITY, "chown", 0, 0);
	silent = sight(lesson, OBSERVE_SIGHT_CAPABILITY, "mmap");
	silent->value[0] = 21;
	silent->flags = OBSERVE_SIGHT_SILENT;
	take(lesson);
	finish(lesson);
	assert_set(lesson, PROFILE_CAPABILITIES, "CAP_CHOWN");
	assert_string_equal(lesson->profile.sets[PROFILE_CAPABILITIES].items[0].reason, "chown, fchown");
}

static void files_by_their_place(void **state)
{
	struct lesson *lesson = *state;

	file(lesson, "/etc/passwd", OBSERVE_READ, S_IFREG);
	file(lesson, "/proc/4711/status", OBSERVE_READ, S_IFREG);
	file(lesson, "/proc/4711/task/4712/comm", OBSERVE_WRITE, S_IFREG);
	file(lesson, "/proc/meminfo", OBSERVE_READ, S_IFREG);
	file(lesson, "/sys/devices/system/cpu/cpu3/online", OBSERVE_READ, S_IFREG);
	file(lesson, "/dev/null", OBSERVE_WRITE, S_IFCHR);
	file(lesson, "/dev/pts/3", OBSERVE_WRITE, S_IFCHR);
	file(lesson, "/dev/shm/x", OBSERVE_WRITE, S_IFREG);
	file(lesson, "/usr/lib/x86_64-linux-gnu/libm.so.6", OBSERVE_READ, S_IFREG);
	file(lesson, "/bin/sh", OBSERVE_EXECUTE, S_IFREG);
	finish(lesson);
	assert_set(lesson, PROFILE_READ, "/etc/passwd /usr/lib/x86_64-linux-gnu/*.so*");
	assert_set(lesson, PROFILE_PROC, "/proc/meminfo /proc/self/status /proc/self/task/*/comm");
	assert_set(lesson, PROFILE_SYS, "/sys/devices/system/cpu/cpu*/online");
	assert_set(lesson, PROFILE_DEVICES, "/dev/null /dev/pts/*");
	assert_set(lesson, PROFILE_WRITE, "/dev/shm/x");
	assert_set(lesson, PROFILE_EXECUTE, "/bin/sh");
}

static void names_that_differ_the_next_time(void **state)
{
	struct lesson *lesson = *state;

	file(lesson, "/tmp/tmpk3x9_abc", OBSERVE_WRITE | OBSERVE_MAKE, S_IFREG);
	file(lesson, "/run/app.4711.pid", OBSERVE_WRITE | OBSERVE_MAKE, S_IFREG);
	file(lesson, "/srv/data/ready", OBSERVE_WRITE | OBSERVE_MAKE, S_IFREG);
	file(lesson, "/srv/data2/log.XyZaBc", OBSERVE_WRITE, S_IFREG); /* was there before: no random name */
	file(lesson, "/var/lib/app/old", OBSERVE_READ | OBSERVE_REPLACE, S_IFREG);
	file(lesson, "/opt/build/a.out", OBSERVE_WRITE | OBSERVE_MAKE | OBSERVE_EXECUTE, S_IFREG);
	finish(lesson);
	assert_set(lesson, PROFILE_READ, "/var/lib/app/*");
	assert_set(lesson, PROFILE_EXECUTE, "/opt/build/*");
	assert_set(lesson, PROFILE_WRITE,
		   "/opt/build/a.out /run/app.*.pid /srv/data/ready /srv/data2/log.XyZaBc /tmp/*_abc /var/lib/app/*");
}

static void many_files_are_folded_but_not_high_up(void **state)
{
	struct lesson *lesson = *state;
	char path[80];

	for (int i = 0; i < 40; i++) {
		snprintf(path, sizeof(path), "/etc/c%c%c", 'a' + i / 26, 'a' + i % 26);
		file(lesson, path, OBSERVE_READ, S_IFREG);
		snprintf(path, sizeof(path), "/usr/share/words/w%c%c", 'a' + i / 26, 'a' + i % 26);
		file(lesson, path, OBSERVE_READ, S_IFREG);
		snprintf(path, sizeof(path), "/usr/share/tree/d%c%c/x", 'a' + i / 26, 'a' + i % 26);
		file(lesson, path, OBSERVE_READ, S_IFREG);
	}
	finish(lesson);
	assert_int_equal(lesson->profile.sets[PROFILE_READ].count, 42);
	assert_true(has(lesson, PROFILE_READ, "/etc/caa") && has(lesson, PROFILE_READ, "/etc/cbn"));
	assert_true(has(lesson, PROFILE_READ, "/usr/share/words/*") && has(lesson, PROFILE_READ, "/usr/share/tree/**"));
}

static void paths_that_json_and_globs_cannot_hold(void **state)
{
	struct lesson *lesson = *state;

	file(lesson, "/srv/a\nb", OBSERVE_READ, S_IFREG);
	file(lesson, "/srv/x\xff", OBSERVE_READ, S_IFREG);
	file(lesson, "/srv/[star]*", OBSERVE_READ, S_IFREG);
	finish(lesson);
	assert_set(lesson, PROFILE_READ, "/srv/\\[star]\\* /srv/a?b /srv/x?");
	assert_true(lesson->profile.complete);
}

static void a_walk_and_words(void **state)
{
	struct lesson *lesson = *state;
	static const char walk[] = "c\0b\0a";
	struct observe_sight *one = sight(lesson, OBSERVE_SIGHT_FILE, "openat");

	one->access = OBSERVE_READ;
	one->walk_length = sizeof(walk);
	memcpy(one->text, walk, sizeof(walk));
	take(lesson);
	one->flags = OBSERVE_SIGHT_WORDS;
	one->path_length = 6;
	memcpy(one->text, "../x/.", 6);
	memcpy(one->text + 6, walk, sizeof(walk));
	take(lesson);
	one->path_length = 2;
	memcpy(one->text, "/y", 2);
	memcpy(one->text + 2, walk, sizeof(walk));
	take(lesson);
	finish(lesson);
	assert_set(lesson, PROFILE_READ, "/a/b/c /a/b/x /y");
}

static void network_namespaces_signals_limits(void **state)
{
	struct lesson *lesson = *state;

	value(lesson, OBSERVE_SIGHT_BIND, "bind", 8080, AF_INET6);
	value(lesson, OBSERVE_SIGHT_BIND, "bind", 1, AF_NETLINK);
	value(lesson, OBSERVE_SIGHT_CONNECT, "connect", 53, AF_INET);
	value(lesson, OBSERVE_SIGHT_NAMESPACE, "unshare", CLONE_NEWUSER | CLONE_NEWNS, 0);
	value(lesson, OBSERVE_SIGHT_SIGNAL, "kill", 15, 0);
	value(lesson, OBSERVE_SIGHT_LIMIT, "prlimit64", RLIMIT_NOFILE, 4096);
	value(lesson, OBSERVE_SIGHT_LIMIT, "prlimit64", RLIMIT_CORE, UINT64_MAX);
	learn_take_use(&lesson->learn, "memory", (100 << 20) + 1);
	learn_take_use(&lesson->learn, "memory", 50 << 20);
	learn_take_use(&lesson->learn, "pids", 3);
	finish(lesson);
	assert_set(lesson, PROFILE_LISTEN, "8080");
	assert_set(lesson, PROFILE_CONNECT, "53");
	assert_set(lesson, PROFILE_NAMESPACES, "mount user");
	assert_set(lesson, PROFILE_SIGNALS, "SIGTERM");
	assert_set(lesson, PROFILE_LIMITS, "RLIMIT_NOFILE memory pids");
	assert_int_equal(lesson->profile.sets[PROFILE_LIMITS].items[0].number, 4096);
	assert_int_equal(lesson->profile.sets[PROFILE_LIMITS].items[1].number, 208 << 20);
	assert_int_equal(lesson->profile.sets[PROFILE_LIMITS].items[2].number, 16);
}

static void one_lost_event_is_not_complete(void **state)
{
	struct lesson *lesson = *state;
	struct err err = ERR_INIT;

	lesson->record.end = (struct observe_end){.kind = OBSERVE_END, .seen = 5, .lost = 1};
	take(lesson);
	assert_int_equal(learn_finish(&lesson->learn, &lesson->arena, &lesson->profile, &err), 0);
	assert_false(lesson->profile.complete);
	assert_int_equal(lesson->profile.lost, 1);
	assert_int_equal(lesson->learn.missing_count, 1);
}

static void what_is_written_can_be_read(void **state)
{
	struct lesson *lesson = *state;
	struct profile_faults *faults = calloc(1, sizeof(*faults));
	struct buf text = BUF_INIT;
	struct profile again;

	calls_and_what_goes_with_them(state);
	file(lesson, "/srv/a\nb", OBSERVE_READ, S_IFREG);
	profile_write(&lesson->profile, &text);
	assert_int_equal(profile_read(&lesson->arena, "p", text.data, text.length, &again, faults), 0);
	buf_done(&text);
	free(faults);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(calls_and_what_goes_with_them),
		TEST(calls_of_threads_and_unseen_ones),
		TEST(capabilities_with_their_calls),
		TEST(files_by_their_place),
		TEST(names_that_differ_the_next_time),
		TEST(many_files_are_folded_but_not_high_up),
		TEST(paths_that_json_and_globs_cannot_hold),
		TEST(a_walk_and_words),
		TEST(network_namespaces_signals_limits),
		TEST(one_lost_event_is_not_complete),
		TEST(what_is_written_can_be_read),
	};

	return cmocka_run_group_tests_name("learn", tests, NULL, NULL);
}
