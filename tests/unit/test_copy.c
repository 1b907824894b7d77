/* SPDX-License-Identifier: Apache-2.0 */
/* The receiving side of `bulkhead cp` against a sender that is hostile: it believes no name, size or order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those above */
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "people/copy/parts.h"

static struct frame sent, received;
static char directory[] = "/tmp/test_copy.XXXXXX";

struct step {
	enum frame_kind kind;
	const char *name, *data;
};

static void put(int fd, const struct step *step)
{
	struct err err = ERR_INIT;

	sent = (struct frame){.kind = step->kind, .mode = 0755};
	snprintf(sent.name, sizeof(sent.name), "%s", step->name);
	sent.size = (uint32_t)strlen(step->data);
	memcpy(sent.data, step->data, sent.size);
	assert_int_equal(wire_send(fd, &sent, &err), 0);
}

/* All steps are said at once, and then the sender is gone. */
static int receive(const struct step *steps, size_t count, const char *path, struct err *err)
{
	const struct place place = {NULL, path};
	struct copy_left_out left_out = {0};
	int sockets[2], result;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
	for (size_t i = 0; i < count; i++)
		put(sockets[0], &steps[i]);
	close(sockets[0]);
	*err = ERR_INIT;
	result = copy_receive(&place, false, sockets[1], &received, &left_out, err);
	close(sockets[1]);
	return result;
}

static void assert_refused(const struct step *steps, size_t count)
{
	struct err err;

	assert_int_equal(receive(steps, count, directory, &err), ERR);
	assert_int_equal(err.kind, ERR_INTERNAL);
	assert_int_not_equal(access("/tmp/copy_escaped", F_OK), 0);
}

static void test_names(void **state)
{
	static const char *const names[] = {"../copy_escaped", "/tmp/copy_escaped", "a/b", "..", ".", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_refused((struct step[]){{FRAME_FILE, names[i], ""}, {FRAME_FILE_END, "", ""}, {FRAME_END, "", ""}}, 3);
		assert_refused((struct step[]){{FRAME_LINK, names[i], "/"}, {FRAME_END, "", ""}}, 2);
		assert_refused((struct step[]){{FRAME_DIRECTORY, "d", ""}, {FRAME_DIRECTORY, names[i], ""}}, 2);
	}
}

static void test_order(void **state)
{
	(void)state;
	assert_refused((struct step[]){{FRAME_UP, "", ""}}, 1);
	assert_refused((struct step[]){{FRAME_FILE, "f", ""}, {FRAME_DATA, "", "x"}}, 2);
	assert_refused((struct step[]){{FRAME_FILE, "f", ""}, {FRAME_END, "", ""}}, 2);
	assert_refused((struct step[]){{FRAME_DATA, "", "x"}}, 1);
	assert_refused((struct step[]){{FRAME_DIRECTORY, "d", ""}, {FRAME_UP, "", ""}, {FRAME_UP, "", ""}}, 3);
	/* What was begun and is not whole is not there. */
	assert_int_equal(chdir(directory), 0);
	assert_int_not_equal(access("f", F_OK), 0);
	assert_int_equal(system("test -z \"$(ls -A | grep bulkhead-cp)\""), 0);
}

static void test_sizes(void **state)
{
	struct copy_left_out left_out = {0};
	struct err err = ERR_INIT;
	int sockets[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
	sent = (struct frame){.kind = FRAME_LINK, .name = "l", .size = 60000};
	assert_int_equal(send(sockets[0], &sent, 1000, 0), 1000);
	assert_int_equal(copy_receive(&(struct place){NULL, directory}, false, sockets[1], &received, &left_out, &err), ERR);
	memset(sent.name, 'n', sizeof(sent.name));
	sent.size = 0;
	assert_int_equal(send(sockets[0], &sent, offsetof(struct frame, data), 0), offsetof(struct frame, data));
	assert_int_equal(copy_receive(&(struct place){NULL, directory}, false, sockets[1], &received, &left_out, &err), ERR);
	sent = (struct frame){.kind = 4711, .name = "l"};
	assert_int_equal(send(sockets[0], &sent, offsetof(struct frame, data), 0), offsetof(struct frame, data));
	assert_int_equal(copy_receive(&(struct place){NULL, directory}, false, sockets[1], &received, &left_out, &err), ERR);
	assert_int_equal(err.kind, ERR_INTERNAL);
}

/* A link and then a directory of that name: the directory is not made behind the link. */
static void test_link_then_directory(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(receive((struct step[]){{FRAME_DIRECTORY, "t", ""}, {FRAME_LINK, "x", "/tmp"},
						 {FRAME_DIRECTORY, "x", ""}, {FRAME_FILE, "copy_escaped", ""},
						 {FRAME_FILE_END, "", ""}, {FRAME_UP, "", ""}}, 6, directory, &err), ERR);
	assert_int_not_equal(access("/tmp/copy_escaped", F_OK), 0);
}

static void test_depth(void **state)
{
	static struct step steps[COPY_DEPTH_MAX + 10];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		steps[i] = (struct step){FRAME_DIRECTORY, "deep", ""};
	assert_refused(steps, ARRAY_SIZE(steps));
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names), cmocka_unit_test(test_order), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_link_then_directory), cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
