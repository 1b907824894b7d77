// SPDX-License-Identifier: Apache-2.0
/* Tests of insight/surface: what filters leave of the tables, against running them; configs; bad profiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/json.h"
#include "core/filter/filter.h"
#include "insight/standing/standing.h"
#include "insight/surface/devices.h"
#include "insight/surface/parts.h"
#include "kernel/bpf.h"
#include "people/sandbox/sandbox.h"

#define ENGINES "/usr/share/containers/seccomp.json"
#define CAPABILITIES UINT64_C(0xa80425fb)

static struct surface of_text(struct arena *arena, const char *text)
{
	struct surface surface;
	struct err err = ERR_INIT;

	if (surface_of_profile(arena, "p.json", text, strlen(text), 0, &surface, &err))
		fail_msg("%s: %s", err.what, err.why);
	return surface;
}

static struct surface of_sandbox(struct arena *arena)
{
	struct buf text cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&text, 0);

	sandbox_write_seccomp(&writer, 0);
	return of_text(arena, text.data);
}

static char *read_engines(struct arena *arena, size_t *ret_size)
{
	FILE *file = fopen(ENGINES, "re");
	char *text = arena_alloc(arena, 1 << 20);

	if (!file)
		return NULL;
	*ret_size = fread(text, 1, (1 << 20) - 1, file);
	fclose(file);
	return text;
}

static const struct surface_item *item(const struct surface_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->items[i].name, name) == 0)
			return &set->items[i];
	fail_msg("no %s", name);
	return NULL;
}

static void test_without_filter(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct surface surface = of_text(&arena, "{\"ociVersion\":\"1.0.0\",\"linux\":{}}");

	(void)state;
	for (int id = SURFACE_SYSCALLS; id <= SURFACE_NAMESPACES; id++) {
		assert_true(surface.sets[id].known);
		assert_true(surface.sets[id].count > 7);
		assert_int_equal(surface.sets[id].of[SURFACE_ALLOWED], surface.sets[id].count);
	}
	assert_false(surface.sets[SURFACE_READABLE].known);
}

static void test_arguments(void **state)
{
	static const char text[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\"],\"syscalls\":["
		"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
		"[{\"index\":0,\"value\":40,\"op\":\"SCMP_CMP_NE\"}]},"
		"{\"names\":[\"fcntl\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
		"[{\"index\":1,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]},"
		"{\"names\":[\"prctl\"],\"action\":\"SCMP_ACT_TRACE\"},"
		"{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
		"[{\"index\":0,\"value\":268435456,"
		"\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}";
	struct arena arena cleanup_arena = ARENA_INIT;
	struct surface surface = of_text(&arena, text);
	const struct surface_set *sets = surface.sets;

	(void)state;
	assert_int_equal(item(&sets[SURFACE_SYSCALLS], "read")->verdict, SURFACE_ALLOWED);
	assert_int_equal(item(&sets[SURFACE_SYSCALLS], "write")->verdict, SURFACE_REFUSED);
	assert_int_equal(item(&sets[SURFACE_SYSCALLS], "socket")->verdict, SURFACE_ARGUMENTS);
	assert_int_equal(item(&sets[SURFACE_SYSCALLS], "prctl")->verdict, SURFACE_SUPERVISED);
	/* A compare of 64 bits does not hold back what the kernel reads as 32. */
	assert_true(item(&sets[SURFACE_FAMILIES], "AF_VSOCK")->high_half);
	assert_false(item(&sets[SURFACE_FAMILIES], "AF_INET")->high_half);
	assert_int_equal(surface_reached(&sets[SURFACE_FCNTLS]), 1);
	assert_int_equal(item(&sets[SURFACE_FCNTLS], "F_GETFD")->verdict, SURFACE_ALLOWED);
	assert_int_equal(surface_reached(&sets[SURFACE_IOCTLS]), 0);
	/* clone without CLONE_NEWUSER: the others need power, which a profile does not tell of. */
	assert_int_equal(item(&sets[SURFACE_NAMESPACES], "user")->verdict, SURFACE_REFUSED);
	assert_int_equal(item(&sets[SURFACE_NAMESPACES], "net")->verdict, SURFACE_ALLOWED);
	assert_int_equal(item(&sets[SURFACE_NAMESPACES], "time")->verdict, SURFACE_REFUSED);
}

/* Of two filters the stricter answer holds, whichever was loaded first. */
static void test_chain(void **state)
{
	const struct sock_filter allow[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
	const struct sock_filter no_read[] = {
		{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
		{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0},
		{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | 1},
		{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
	};
	const struct surface_program programs[] = {{allow, 1}, {no_read, 4}}, turned[] = {{no_read, 4}, {allow, 1}};
	const struct surface_chain chain = {.programs = programs, .count = 2}, other = {.programs = turned, .count = 2};
	struct reach_call call = {.arch = AUDIT_ARCH_X86_64, .argument = -1};

	(void)state;
	assert_int_equal(reach_verdict(&chain, &call), SURFACE_REFUSED);
	assert_int_equal(reach_verdict(&other, &call), SURFACE_REFUSED);
	call.number = 1;
	assert_int_equal(reach_verdict(&chain, &call), SURFACE_ALLOWED);
}

/* Allowed and refused are never said of a call that the filter, when it is run, answers otherwise. */
static void test_against_runs(void **state)
{
	static const uint64_t values[] = {0, 1, 2, 8, 16, 40, 0x5412, 0x20000, 0x7e020000, 0xffffffff, UINT64_C(1) << 32};
	struct arena arena cleanup_arena = ARENA_INIT;
	struct standing_profile profile;
	struct filter_program program;
	struct surface_program one;
	struct surface_chain chain = {.programs = &one, .count = 1};
	struct filter_policy policy;
	struct err err = ERR_INIT;
	size_t size, limited = 0;
	char *text = read_engines(&arena, &size);

	(void)state;
	if (!text)
		skip();
	assert_int_equal(standing_read(&arena, ENGINES, text, size, &profile, &err), 0);
	assert_int_equal(standing_policy(&profile, 0, &arena, &policy, &err), 0);
	assert_int_equal(filter_compile(&policy, &arena, &program, &err), 0);
	one = (struct surface_program){program.instructions, program.count};
	srand(1);
	for (int number = 0; number < 480; number++) {
		struct reach_call call = {.arch = AUDIT_ARCH_X86_64, .number = number, .argument = -1};
		enum surface_verdict verdict = reach_verdict(&chain, &call);

		limited += verdict == SURFACE_ARGUMENTS;
		for (int i = 0; i < 200; i++) {
			struct seccomp_data data = {.nr = number, .arch = AUDIT_ARCH_X86_64};
			bool allowed;

			for (int arg = 0; arg < 6; arg++)
				data.args[arg] = values[(size_t)rand() % ARRAY_SIZE(values)];
			allowed = filter_run(program.instructions, &data, NULL) == SECCOMP_RET_ALLOW;
			if (verdict == SURFACE_ALLOWED)
				assert_true(allowed);
			if (verdict == SURFACE_REFUSED)
				assert_false(allowed);
		}
	}
	assert_true(limited > 0);
}

/* What the house promises of its default. */
static void test_default_is_smaller(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct surface ours = of_sandbox(&arena), theirs;
	struct err err = ERR_INIT;
	size_t size;
	char *text = read_engines(&arena, &size);

	(void)state;
	assert_int_equal(item(&ours.sets[SURFACE_IOCTLS], "TIOCSTI")->verdict, SURFACE_REFUSED);
	assert_int_equal(item(&ours.sets[SURFACE_IOCTLS], "TCGETS")->verdict, SURFACE_ALLOWED);
	assert_int_equal(surface_reached(&ours.sets[SURFACE_NAMESPACES]), 0);
	for (int id = 0; id < SURFACE_NAMESPACES; id++)
		for (size_t i = 0; i < ours.sets[id].count; i++)
			assert_false(ours.sets[id].items[i].high_half);
	if (!text)
		skip();
	assert_int_equal(surface_of_profile(&arena, ENGINES, text, size, CAPABILITIES, &theirs, &err), 0);
	for (int id = SURFACE_SYSCALLS; id <= SURFACE_NAMESPACES; id++)
		assert_true(surface_reached(&ours.sets[id]) < surface_reached(&theirs.sets[id]));
}

static void test_files(void **state)
{
	static const char mountinfo[] =
		"1 0 0:1 / / rw - overlay overlay rw\n"
		"2 1 0:2 / /proc rw,nosuid - proc proc rw\n"
		"3 2 0:2 /sys /proc/sys ro,nosuid - proc proc rw\n"
		"4 2 0:4 /null /proc/kallsyms rw - devtmpfs devtmpfs rw\n"
		"5 1 0:2 / /host/proc ro - proc proc rw\n"
		"6 1 0:5 / /sys ro - sysfs sysfs ro\n"
		"7 6 0:6 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n"
		"8 7 0:7 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
	struct arena arena cleanup_arena = ARENA_INIT;
	struct surface surface = {0};
	struct files_view view = {.host_root = true, .capabilities = UINT64_MAX, .host_capabilities = UINT64_MAX};
	const struct surface_set *read = &surface.sets[SURFACE_READABLE], *write = &surface.sets[SURFACE_WRITABLE];
	struct err err = ERR_INIT;
	char cut[sizeof(mountinfo)];

	(void)state;
	assert_int_equal(files_parse(&arena, mountinfo, &view, &err), 0);
	assert_int_equal(view.count, 8);
	assert_int_equal(files_fill(&arena, &view, &surface, &err), 0);
	assert_int_equal(item(write, "/proc/sys/kernel/core_pattern")->verdict, SURFACE_REFUSED);
	assert_int_equal(item(read, "/proc/sys/kernel/core_pattern")->verdict, SURFACE_ALLOWED);
	assert_int_equal(item(write, "/proc/self/mem")->verdict, SURFACE_ALLOWED);
	/* Covered, but there is another procfs that shows it. */
	assert_int_equal(item(read, "/proc/kallsyms")->verdict, SURFACE_ALLOWED);
	strcpy(cut, mountinfo);
	memset(strstr(cut, "5 1 0:2"), ' ', 8);
	surface = (struct surface){0};
	*strstr(cut, "/host/proc") = 'x';
	assert_int_equal(files_parse(&arena, cut, &view, &err), 0);
	assert_int_equal(files_fill(&arena, &view, &surface, &err), 0);
	assert_int_equal(item(read, "/proc/kallsyms")->verdict, SURFACE_REFUSED);
	/* A hierarchy below the tmpfs; its release_agent is in its root alone. */
	assert_int_equal(item(read, "/sys/fs/cgroup")->verdict, SURFACE_ALLOWED);
	assert_int_equal(item(write, "/sys/fs/cgroup")->verdict, SURFACE_REFUSED);
	assert_int_equal(item(write, "/sys/fs/cgroup/*/release_agent")->verdict, SURFACE_REFUSED);
}

/* What a capability is needed for as a whole is limited without it; one of its own user namespace does not reach the host's. */
static void test_files_need_capabilities(void **state)
{
	static const char mountinfo[] = "1 0 0:1 / / rw - overlay overlay rw\n"
					"2 1 0:2 / /proc rw,nosuid - proc proc rw\n"
					"3 1 0:5 / /sys rw - sysfs sysfs rw\n"
					"4 3 0:7 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
	static const struct {
		uint64_t own, host;
		enum surface_verdict hosts, its;
	} rows[] = {
		{0, 0, SURFACE_CAPABILITY, SURFACE_CAPABILITY},
		{UINT64_MAX, 0, SURFACE_CAPABILITY, SURFACE_ALLOWED},
		{UINT64_MAX, UINT64_MAX, SURFACE_ALLOWED, SURFACE_ALLOWED},
	};
	struct arena arena cleanup_arena = ARENA_INIT;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct files_view view = {
			.host_root = true, .capabilities = rows[i].own, .host_capabilities = rows[i].host};
		struct surface surface = {0};

		assert_int_equal(files_parse(&arena, mountinfo, &view, &err), 0);
		assert_int_equal(files_fill(&arena, &view, &surface, &err), 0);
		assert_int_equal(item(&surface.sets[SURFACE_READABLE], "/proc/kmsg")->verdict, rows[i].hosts);
		assert_int_equal(item(&surface.sets[SURFACE_WRITABLE], "/proc/self/timens_offsets")->verdict,
				 rows[i].its);
		assert_int_equal(item(&surface.sets[SURFACE_WRITABLE], "/sys/fs/cgroup/*/release_agent")->verdict,
				 rows[i].hosts);
	}
}

static void test_bad_profiles(void **state)
{
	static const struct {
		const char *rules, *says;
	} rows[] = {
		{"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
		"[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}",
		 "index"},
		{"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
		"[{\"index\":0,\"value\":18446744073709551616,"
		 "\"op\":\"SCMP_CMP_EQ\"}]}",
		 "value"},
		{"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
		"[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]},"
		 "{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\",\"args\":"
		"[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}",
		 "contradict"},
	};
	struct surface surface;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct arena arena cleanup_arena = ARENA_INIT;
		struct err err = ERR_INIT;
		char *text = arena_printf(&arena, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[%s]}", rows[i].rules);
		char message[2048];

		assert_int_equal(surface_of_profile(&arena, "p.json", text, strlen(text), 0, &surface, &err), ERR);
		assert_int_equal(err.kind, ERR_CONFIG);
		err_format(&err, true, message, sizeof(message));
		if (!strstr(message, rows[i].says) || !strstr(message, "p.json"))
			fail_msg("%s", message);
	}
}

/* Over 4096 instructions: the message names the call whose rules should be merged. */
static void test_too_long(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf text cleanup_buf = BUF_INIT;
	struct surface surface;
	struct err err = ERR_INIT;
	char message[2048];

	(void)state;
	buf_puts(&text, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[");
	for (int call = 0; call < 6; call++)
		for (int i = 0; i < 900; i++)
			buf_printf(&text, "%s{\"names\":[\"%s\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
		"[{\"index\":%d,\"value\":%d,"
					  "\"op\":\"SCMP_CMP_EQ\"}]}", call || i ? "," : "",
				   abi_syscall_name(ABI_ARCH_NATIVE, call), call % 3, i * 7 + call);
	buf_puts(&text, "]}");
	assert_int_equal(surface_of_profile(&arena, "p.json", text.data, text.length, 0, &surface, &err), ERR);
	err_format(&err, true, message, sizeof(message));
	if (!strstr(message, "4096") || !strstr(message, "merge"))
		fail_msg("%s", message);
}

#define LOAD(reg, field, bits)                                                                                              \
	{                                                                                                              \
		.code = BPF_LDX | BPF_MEM | (bits), .dst_reg = (reg), .src_reg = 1,                                    \
		.off = offsetof(struct bpf_cgroup_dev_ctx, field)                                                      \
	}
#define OP(operation, reg, value) {.code = BPF_ALU | BPF_K | (operation), .dst_reg = (reg), .imm = (value)}
#define UNLESS(reg, value, over) {.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = (reg), .off = (over), .imm = (value)}
#define ANSWER(value) {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = (value)}, {.code = BPF_JMP | BPF_EXIT}

static enum device_answer ask(const struct bpf_insn *program, size_t count, unsigned int access, uint32_t type, uint32_t number)
{
	const struct bpf_cgroup_dev_ctx context = {.access_type = access << 16 | type, .major = 1, .minor = number};

	return device_program_run(program, count, &context);
}

/* A program as engines write them: character device 1:3, reading and writing; nothing else. */
static void test_device_program(void **state)
{
	static const struct bpf_insn program[] = {
		LOAD(2, access_type, BPF_H), LOAD(3, access_type, BPF_W), OP(BPF_RSH, 3, 16),
		LOAD(4, major, BPF_W), LOAD(5, minor, BPF_W),
		UNLESS(2, BPF_DEVCG_DEV_CHAR, 6),
		{.code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 3},
		OP(BPF_AND, 1, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE),
		{.code = BPF_JMP | BPF_JNE | BPF_X, .dst_reg = 1, .src_reg = 3, .off = 3},
		UNLESS(5, 3, 2), ANSWER(1), ANSWER(0),
	};
	const struct bpf_insn helper[] = {{.code = BPF_JMP | BPF_CALL, .imm = 14}, ANSWER(1)};
	const struct bpf_insn endless[] = {{.code = BPF_JMP | BPF_JA, .off = -1}};
	const struct bpf_insn outside[] = {
		{.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 0, .src_reg = 1, .off = 12}, {.code = BPF_JMP | BPF_EXIT}};
	const struct bpf_insn unset[] = {{.code = BPF_JMP | BPF_EXIT}};
	size_t count = ARRAY_SIZE(program);

	(void)state;
	assert_int_equal(ask(program, count, BPF_DEVCG_ACC_READ, BPF_DEVCG_DEV_CHAR, 3), DEVICE_ALLOWED);
	assert_int_equal(ask(program, count, BPF_DEVCG_ACC_MKNOD, BPF_DEVCG_DEV_CHAR, 3), DEVICE_REFUSED);
	assert_int_equal(ask(program, count, BPF_DEVCG_ACC_READ, BPF_DEVCG_DEV_CHAR, 4), DEVICE_REFUSED);
	assert_int_equal(ask(program, count, BPF_DEVCG_ACC_READ, BPF_DEVCG_DEV_BLOCK, 3), DEVICE_REFUSED);
	/* What it does not follow it does not guess. */
	assert_int_equal(ask(helper, ARRAY_SIZE(helper), 1, 2, 3), DEVICE_UNKNOWN);
	assert_int_equal(ask(endless, 1, 1, 2, 3), DEVICE_UNKNOWN);
	assert_int_equal(ask(outside, ARRAY_SIZE(outside), 1, 2, 3), DEVICE_UNKNOWN);
	assert_int_equal(ask(unset, 1, 1, 2, 3), DEVICE_UNKNOWN);
	assert_int_equal(ask(program, 3, 1, 2, 3), DEVICE_UNKNOWN);
}

/* Whatever the bytes are: an answer, and no fault. */
static void test_device_junk(void **state)
{
	struct bpf_insn junk[24];

	(void)state;
	srand(7);
	for (int round = 0; round < 20000; round++) {
		for (size_t i = 0; i < sizeof(junk); i++)
			((uint8_t *)junk)[i] = (uint8_t)rand();
		for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
			junk[i].off = (int16_t)(rand() % 9 - 3);
			junk[i].dst_reg = (unsigned int)rand() % 11 & 15;
			junk[i].src_reg = (unsigned int)rand() % 11 & 15;
		}
		assert_in_range(ask(junk, ARRAY_SIZE(junk), 2, 2, 3), DEVICE_REFUSED, DEVICE_UNKNOWN);
	}
}

static void test_device_list(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct device_rules rules = {.v1 = true};

	(void)state;
	assert_false(device_rules_parse(&arena, "a *:* rwm\n", &rules));
	assert_true(device_rules_parse(&arena, "c *:* m\nb *:* m\nc 1:3 rwm\nc 136:* rw\n", &rules));
	assert_int_equal(rules.rules_count, 4);
	assert_int_equal(device_rules_ask(&rules, false, 1, 3, BPF_DEVCG_ACC_READ), DEVICE_ALLOWED);
	assert_int_equal(device_rules_ask(&rules, true, 1, 3, BPF_DEVCG_ACC_READ), DEVICE_REFUSED);
	assert_int_equal(device_rules_ask(&rules, true, 8, 0, BPF_DEVCG_ACC_MKNOD), DEVICE_ALLOWED);
	assert_int_equal(device_rules_ask(&rules, true, 8, 0, BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ), DEVICE_REFUSED);
	assert_int_equal(device_rules_ask(&rules, false, 136, 9, BPF_DEVCG_ACC_WRITE), DEVICE_ALLOWED);
	assert_false(!device_rules_parse(&arena, "", &rules));
	assert_int_equal(device_rules_ask(&rules, false, 1, 3, BPF_DEVCG_ACC_READ), DEVICE_REFUSED);
}

/* The directory of a new cgroup of v2; NULL where there is none. */
static char *make_cgroup(struct arena *arena)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *text = arena_calloc(arena, 1, 1 << 20), *path = NULL;
	struct files_view view;
	struct err err = ERR_INIT;

	if (!file || !text)
		return NULL;
	(void)!fread(text, 1, (1 << 20) - 1, file);
	fclose(file);
	if (files_parse(arena, text, &view, &err))
		return NULL;
	for (size_t i = 0; i < view.count && !path; i++)
		if (strcmp(view.mounts[i].type, "cgroup2") == 0)
			path = arena_printf(arena, "%s/bulkhead-test-surface-%d", view.mounts[i].path, getpid());
	return path && mkdir(path, 0755) == 0 ? path : NULL;
}

/* A process in cgroup, which waits until the pipe is closed. */
static pid_t start_in(const char *cgroup, int *ret_pipe)
{
	char path[256], byte;
	int in[2], out[2];
	pid_t pid;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	pid = fork();
	if (!pid) {
		FILE *file = fopen(path, "we");

		close(in[1]);
		if (!file || fputs("0", file) < 0 || fclose(file) || write(out[1], "r", 1) != 1)
			_exit(1);
		_exit(read(in[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(in[0]);
	close(out[1]);
	assert_int_equal(read(out[0], &byte, 1), 1);
	close(out[0]);
	*ret_pipe = in[1];
	return pid;
}

/* A program that is really attached, read out of the kernel: this test's own, and that of any other cgroup above. */
static void test_device_program_of_kernel(void **state)
{
	static const struct bpf_insn program[] = {
		LOAD(2, access_type, BPF_H), LOAD(5, minor, BPF_W),
		UNLESS(2, BPF_DEVCG_DEV_CHAR, 3), UNLESS(5, 3, 2), ANSWER(1), ANSWER(0),
	};
	struct arena arena cleanup_arena = ARENA_INIT;
	char *cgroup = geteuid() == 0 ? make_cgroup(&arena) : NULL;
	int cgroup_fd, program_fd, pipe_fd, status;
	struct surface surface;
	struct err err = ERR_INIT;
	const char *rules = "";
	pid_t pid;

	(void)state;
	if (!cgroup) {
		print_message("# device programs are attached by root, to a cgroup of v2\n");
		skip();
	}
	cgroup_fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	program_fd = bpf_device_load(program, ARRAY_SIZE(program), "surface");
	assert_true(program_fd >= 0);
	assert_int_equal(bpf_device_attach(cgroup_fd, program_fd, -EBADF), 0);
	pid = start_in(cgroup, &pipe_fd);
	assert_int_equal(surface_of_process(&arena, pid, false, &surface, &err), 0);
	close(pipe_fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(program_fd);
	close(cgroup_fd);
	assert_int_equal(rmdir(cgroup), 0);
	assert_int_equal(item(&surface.sets[SURFACE_DEVICES], "/dev/null")->verdict, SURFACE_ALLOWED);
	assert_int_equal(item(&surface.sets[SURFACE_DEVICES], "/dev/zero")->verdict, SURFACE_REFUSED);
	for (size_t i = 0; i < surface.facts_count; i++)
		if (strcmp(surface.facts[i].key, "deviceRules") == 0)
			rules = surface.facts[i].value;
	if (!strstr(rules, "cgroup v2") || !strstr(rules, "may be opened"))
		fail_msg("%s", rules);
}

static void test_page_needs_nothing(void **state)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct surface surface = of_sandbox(&arena);
	struct buf page cleanup_buf = BUF_INIT;

	(void)state;
	surface.subject = "<script>x</script>";
	surface_print_html(&surface, &page);
	assert_non_null(strstr(page.data, "&lt;script&gt;"));
	assert_null(strstr(page.data, "<script"));
	assert_null(strstr(page.data, "http"));
	assert_null(strstr(page.data, "url("));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_filter),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_against_runs),
		cmocka_unit_test(test_default_is_smaller),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_files_need_capabilities),
		cmocka_unit_test(test_bad_profiles),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_device_program),
		cmocka_unit_test(test_device_junk),
		cmocka_unit_test(test_device_list),
		cmocka_unit_test(test_device_program_of_kernel),
		cmocka_unit_test(test_page_needs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
