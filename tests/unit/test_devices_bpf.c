/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the device rules, by BPF on cgroup2 and by the files of v1: rule lists, some of them drawn at random, are
 * put on a scratch cgroup, and a process in it really opens and makes device nodes. What the kernel lets it do is
 * compared with the meaning of the list, computed here from the list itself. As root.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "core/cgroup/parts.h"
#include "kernel/bpf.h"

#define RULES_MAX 6
#define ROUNDS	  300

static struct arena facts = ARENA_INIT;
static struct host *host;
static char path[64];
static uint32_t seed = 20170503;

/* Devices that are probed: opening them has no effect. The block device need not be there: EPERM is what counts. */
static const struct {
	char type;
	unsigned int major, minor;
} devices[] = {{'c', 1, 3}, {'c', 1, 5}, {'c', 1, 7}, {'c', 5, 0}, {'b', 7, 200}, {'b', 1, 3}};

static const struct {
	unsigned int access;
	int flags; /* of open(2); -1: mknod */
} tries[] = {
	{CGROUP_DEVICE_READ, O_RDONLY},
	{CGROUP_DEVICE_WRITE, O_WRONLY},
	{CGROUP_DEVICE_READ | CGROUP_DEVICE_WRITE, O_RDWR},
	{CGROUP_DEVICE_MKNOD, -1},
};

#define PROBES (ARRAY_SIZE(devices) * ARRAY_SIZE(tries))

static struct cgroup_dir dir = {.fd = -EBADF};
static int request_fd = -EBADF, answer_fd = -EBADF;
static pid_t prober;

static dev_t number_of(size_t device)
{
	return makedev(devices[device].major, devices[device].minor);
}

static mode_t type_of(size_t device)
{
	return devices[device].type == 'b' ? S_IFBLK : S_IFCHR;
}

/* One try of the process in the cgroup: was it let through by the rules? */
static bool probe(size_t device, size_t attempt)
{
	char name[32];
	int fd;

	if (tries[attempt].flags < 0) {
		bool made = mknod("made", type_of(device) | 0600, number_of(device)) == 0;

		(void)unlink("made");
		return made;
	}
	snprintf(name, sizeof(name), "node%zu", device);
	fd = open(name, tries[attempt].flags | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != EPERM;
}

/* In the cgroup, on a tmpfs of its own that takes device nodes. */
static void run_prober(int in_fd, int out_fd, bool v2)
{
	char answers[PROBES], name[32], byte;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/mnt", "tmpfs", 0, NULL) < 0 || chdir("/mnt") < 0)
		_exit(1);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		snprintf(name, sizeof(name), "node%zu", i);
		if (mknod(name, type_of(i) | 0600, number_of(i)) < 0)
			_exit(2);
	}
	if (fd_write_text_at(dir.fd, v2 ? "cgroup.procs" : "tasks", "0") < 0)
		_exit(3);
	(void)!write(out_fd, "r", 1);
	while (read(in_fd, &byte, 1) == 1) {
		for (size_t i = 0; i < PROBES; i++)
			answers[i] = (char)probe(i / ARRAY_SIZE(tries), i % ARRAY_SIZE(tries));
		(void)!write(out_fd, answers, sizeof(answers));
	}
	_exit(0);
}

/* A scratch cgroup in this hierarchy with a prober in it; false when there is no such hierarchy. */
static bool begin(bool v2)
{
	char byte;
	int in[2], out[2];

	if (geteuid() != 0) {
		print_message("device rules can only be set by root\n");
		return false;
	}
	dir = (struct cgroup_dir){.fd = -EBADF};
	for (size_t i = 0; i < host->hierarchies_count; i++)
		if (host->hierarchies[i].v2 == v2 && (v2 || cgroup_hierarchy_has(&host->hierarchies[i], "devices")))
			dir.hierarchy = &host->hierarchies[i];
	if (!dir.hierarchy) {
		print_message("no %s hierarchy is mounted\n", v2 ? "cgroup2" : "v1 devices");
		return false;
	}
	snprintf(path, sizeof(path), "/bulkhead-test-devices-%d", getpid());
	if (cgroup_make_dir(&dir, path, NULL, NULL, &(struct err){0}) != 0)
		fail_msg("cannot make %s", path);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	prober = fork();
	if (prober == 0) {
		close(in[1]);
		close(out[0]);
		run_prober(in[0], out[1], v2);
	}
	close(in[0]);
	close(out[1]);
	request_fd = in[1];
	answer_fd = out[0];
	assert_int_equal(read(answer_fd, &byte, 1), 1);
	return true;
}

static void end(void)
{
	struct cgroup cgroup = {.driver = CGROUP_CGROUPFS, .path = path, .dirs = {dir}, .count = 1};
	struct err err = ERR_INIT;
	int status;

	close(request_fd);
	assert_int_equal(waitpid(prober, &status, 0), prober);
	assert_int_equal(status, 0);
	close(answer_fd);
	if (cgroup_remove(&cgroup, &err) < 0)
		fail_msg("%s | %s", err.what, err.why);
	cgroup_done(&cgroup);
}

/* The meaning of a list: each bit of the access is decided by the last rule that matches and holds it. */
static bool meaning(const struct oci_device_rule *rules, size_t count, size_t device, unsigned int access)
{
	for (unsigned int bit = 1; bit <= CGROUP_DEVICE_ALL; bit <<= 1) {
		bool allowed = false;

		for (size_t i = 0; (access & bit) && i < count; i++) {
			const struct oci_device_rule *rule = &rules[i];
			bool holds = bit == CGROUP_DEVICE_READ	  ? rule->read
				     : bit == CGROUP_DEVICE_WRITE ? rule->write
								  : rule->mknod;

			if (holds && (rule->type == 'a' || rule->type == devices[device].type) &&
			    (rule->major == OCI_DEVICE_ANY || rule->major == devices[device].major) &&
			    (rule->minor == OCI_DEVICE_ANY || rule->minor == devices[device].minor))
				allowed = rule->allow;
		}
		if ((access & bit) && !allowed)
			return false;
	}
	return true;
}

static const char *text_of(const struct oci_device_rule *rules, size_t count)
{
	static char text[512];
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "[%s %c %d:%d %s%s%s]",
					   rules[i].allow ? "allow" : "deny", rules[i].type, (int)rules[i].major,
					   (int)rules[i].minor, rules[i].read ? "r" : "", rules[i].write ? "w" : "",
					   rules[i].mknod ? "m" : "");
	return text;
}

/* Put the rules on the cgroup and compare. false when v1 says that it cannot hold them. */
static bool check_list(const struct oci_device_rule *rules, size_t count, bool fresh)
{
	const struct plan_cgroup plan = {.path = path, .device_rules = rules, .device_rules_count = count};
	cleanup_device_set struct cgroup_device_set set = CGROUP_DEVICE_SET_INIT;
	struct err err = ERR_INIT;
	char answers[PROBES];
	int result;

	assert_int_equal(cgroup_device_set_read(&set, &plan, &err), 0);
	result = dir.hierarchy->v2 ? cgroup_devices_bpf(&dir, path, &set, fresh, &err)
				   : cgroup_devices_v1(&dir, path, &set, fresh, &plan, &err);
	if (result < 0 && !dir.hierarchy->v2 && err.kind == ERR_UNSUPPORTED)
		return false;
	if (result < 0)
		fail_msg("%s: %s | %s", text_of(rules, count), err.what, err.why);
	assert_int_equal(write(request_fd, "?", 1), 1);
	assert_int_equal(read(answer_fd, answers, sizeof(answers)), sizeof(answers));
	for (size_t i = 0; i < PROBES; i++) {
		size_t device = i / ARRAY_SIZE(tries), attempt = i % ARRAY_SIZE(tries);
		bool expected = meaning(rules, count, device, tries[attempt].access);

		/* v1 grants an access by one exception alone: with rules of different reach it may be stricter. */
		if (answers[i] != expected && (dir.hierarchy->v2 || answers[i]))
			fail_msg("%s: device %c %u:%u, access %u: %d", text_of(rules, count), devices[device].type,
				 devices[device].major, devices[device].minor, tries[attempt].access, answers[i]);
	}
	return true;
}

#define ALL OCI_DEVICE_ANY
#define RULE(a, t, ma, mi, r, w, m)                                                                                  \
	{                                                                                                            \
		.allow = a, .type = t, .major = ma, .minor = mi, .read = r, .write = w, .mknod = m, .where = "/rule" \
	}

static const struct {
	struct oci_device_rule rules[RULES_MAX];
	size_t count;
	bool v1_cannot;
} lists[] = {
	{{RULE(false, 'a', ALL, ALL, 1, 1, 1)}, 1, false},
	{{RULE(true, 'a', ALL, ALL, 1, 1, 1)}, 1, false},
	{{RULE(false, 'a', ALL, ALL, 1, 1, 1), RULE(true, 'c', 1, 3, 1, 1, 1), RULE(true, 'c', ALL, ALL, 0, 0, 1),
	  RULE(true, 'b', ALL, ALL, 0, 0, 1), RULE(true, 'c', 1, 5, 1, 0, 0)},
	 5,
	 false},
	/* Reading by one rule, writing by another. */
	{{RULE(true, 'c', 1, 3, 1, 0, 0), RULE(true, 'c', 1, 3, 0, 1, 0)}, 2, false},
	/* A hole in a wider rule: v1 must refuse, not loosen. */
	{{RULE(true, 'c', 1, ALL, 1, 1, 1), RULE(false, 'c', 1, 3, 1, 1, 1)}, 2, true},
	{{RULE(true, 'c', 1, ALL, 1, 1, 1), RULE(false, 'c', 1, 3, 0, 1, 0)}, 2, true},
	/* Denied, then allowed again. */
	{{RULE(true, 'a', ALL, ALL, 1, 1, 1), RULE(false, 'c', 1, 3, 1, 1, 1), RULE(false, 'b', ALL, ALL, 0, 1, 0)},
	 3,
	 false},
	{{RULE(true, 'a', ALL, ALL, 1, 1, 1), RULE(false, 'c', 1, 3, 1, 1, 1), RULE(true, 'c', 1, ALL, 1, 1, 1)},
	 3,
	 false},
	/* All devices, but not all of the access. */
	{{RULE(true, 'a', ALL, ALL, 1, 0, 0)}, 1, false},
	{{RULE(true, 'a', ALL, ALL, 1, 1, 1), RULE(false, 'a', ALL, ALL, 0, 1, 0)}, 2, false},
	/* A later rule for everything forgets the ones before. */
	{{RULE(true, 'c', 1, 3, 1, 1, 1), RULE(false, 'a', ALL, ALL, 1, 1, 1), RULE(true, 'c', 1, 5, 1, 1, 1)},
	 3,
	 false},
};

static void check_lists(bool v2)
{
	if (!begin(v2))
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		assert_int_equal(check_list(lists[i].rules, lists[i].count, i == 0), v2 || !lists[i].v1_cannot);
}

static void test_lists_bpf(void **context)
{
	uint32_t ids[8];
	int fd;

	(void)context;
	check_lists(true);
	/* Each list took the place of the one before. */
	fd = openat(dir.fd, ".", O_RDONLY | O_DIRECTORY);
	assert_int_equal(bpf_device_query(fd, ids, ARRAY_SIZE(ids)), 1);
	close(fd);
	end();
}

static void test_lists_v1(void **context)
{
	(void)context;
	check_lists(false);
	end();
}

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static void draw_rule(struct oci_device_rule *rule)
{
	const size_t device = draw(ARRAY_SIZE(devices));
	const uint32_t access = 1 + draw(7);

	*rule = (struct oci_device_rule){
		.allow = draw(2),
		.type = draw(6) == 0 ? 'a' : devices[device].type,
		.major = draw(3) == 0 ? OCI_DEVICE_ANY : (int64_t)devices[device].major,
		.minor = draw(3) == 0 ? OCI_DEVICE_ANY : (int64_t)devices[device].minor,
		.read = access & 1,
		.write = access & 2,
		.mknod = access & 4,
		.where = "/rule",
	};
}

static void check_random(bool v2)
{
	size_t held = 0;

	if (!begin(v2))
		skip();
	for (size_t i = 0; i < ROUNDS; i++) {
		struct oci_device_rule rules[RULES_MAX];
		size_t count = 1 + draw(RULES_MAX);

		for (size_t j = 0; j < count; j++)
			draw_rule(&rules[j]);
		held += check_list(rules, count, i == 0);
	}
	assert_true(held > ROUNDS / 4);
	end();
}

static void test_random_bpf(void **context)
{
	(void)context;
	check_random(true);
}

static void test_random_v1(void **context)
{
	(void)context;
	check_random(false);
}

/* The size of what comes out of a list that repeats itself, and the largest list. */
static void test_coalesced(void **context)
{
	static struct oci_device_rule rules[CGROUP_DEVICE_RULES_MAX + 1];
	struct plan_cgroup plan = {.device_rules = rules, .device_rules_count = CGROUP_DEVICE_RULES_MAX};
	struct cgroup_device_set set = CGROUP_DEVICE_SET_INIT;
	struct err err = ERR_INIT;
	struct bpf_insn *program;
	size_t count;

	(void)context;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		rules[i] = (struct oci_device_rule)RULE(true, 'c', (int64_t)(i % 3), 7, i % 2, 0, 1);
	assert_int_equal(cgroup_device_set_read(&set, &plan, &err), 0);
	assert_int_equal(set.count, 3);
	cgroup_device_set_done(&set);
	plan.device_rules_count++;
	assert_int_equal(cgroup_device_set_read(&set, &plan, &err), ERR);
	assert_int_equal(err.kind, ERR_CONFIG);
	plan.device_rules_count--;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		rules[i] = (struct oci_device_rule)RULE(true, 'a', (int64_t)i, 4294967295, 1, 0, 0);
	assert_int_equal(cgroup_device_set_read(&set, &plan, &err), 0);
	assert_int_equal(set.count, 2 * CGROUP_DEVICE_RULES_MAX);
	program = cgroup_device_program(&set, &count);
	assert_non_null(program);
	assert_int_equal(count, 4 + (size_t)CGROUP_DEVICE_RULES_MAX * 2 * 11);
	if (geteuid() == 0) {
		int fd = bpf_device_load(program, count, "bulkhead_test");

		assert_true(fd >= 0);
		close(fd);
	}
	free(program);
	cgroup_device_set_done(&set);
}

static int set_up(void **context)
{
	struct err err = ERR_INIT;

	(void)context;
	return host_read(&facts, &host, &err);
}

static int tear_down(void **context)
{
	(void)context;
	arena_done(&facts);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coalesced), cmocka_unit_test(test_lists_bpf), cmocka_unit_test(test_random_bpf),
		cmocka_unit_test(test_lists_v1),  cmocka_unit_test(test_random_v1),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
