/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between runtime and child: what passes, and that everything malformed is refused (threats D11). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "core/child/protocol.h"

struct pair {
	struct channel a, b;
};

static int open_pair(void **state)
{
	static struct pair pair;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	pair = (struct pair){.a.fd = fds[0], .b.fd = fds[1]};
	*state = &pair;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *pair = *state;

	fd_close(&pair->a.fd);
	fd_close(&pair->b.fd);
	return 0;
}

static int open_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void test_values_and_numbers(void **state)
{
	struct pair *pair = *state;
	struct message message;

	assert_int_equal(channel_send(&pair->a, MESSAGE_SYNC, 7, NULL, -1), 0);
	assert_int_equal(channel_send(&pair->a, MESSAGE_WAITING, 0, NULL, -1), 0);
	assert_int_equal(channel_receive(&pair->b, &message, NULL), 1);
	assert_int_equal(message.type, MESSAGE_SYNC);
	assert_int_equal(message.value, 7);
	assert_int_equal(message.number, 1);
	assert_int_equal(channel_receive(&pair->b, &message, NULL), 1);
	assert_int_equal(message.type, MESSAGE_WAITING);
	assert_int_equal(message.number, 2);
}

static void test_error_arrives_whole(void **state)
{
	struct pair *pair = *state;
	struct err err;
	struct message message;

	err_sys(&err, 13, "openat2", "cannot open %s", "x");
	err_where(&err, "config.json#/mounts/0");
	err_why(&err, "because");
	err_fix(&err, "this");
	assert_int_equal(channel_send(&pair->a, MESSAGE_ERROR, 0, &err, -1), 0);
	assert_int_equal(channel_receive(&pair->b, &message, NULL), 1);
	assert_int_equal(message.err.kind, ERR_KERNEL);
	assert_int_equal(message.err.errnum, 13);
	assert_string_equal(message.err.what, err.what);
	assert_string_equal(message.err.where, err.where);
	assert_string_equal(message.err.why, err.why);
	assert_string_equal(message.err.fix, err.fix);
}

/* Messages of ours that it never read make the kernel report a reset first. */
static void test_last_words(void **state)
{
	struct pair *pair = *state;
	struct err err;
	struct message message;

	err_sys(&err, 13, "openat2", "cannot open %s", "x");
	assert_int_equal(channel_send(&pair->b, MESSAGE_GO, 0, NULL, -1), 0);
	assert_int_equal(channel_send(&pair->a, MESSAGE_ERROR, 0, &err, -1), 0);
	fd_close(&pair->a.fd);
	assert_int_equal(channel_receive(&pair->b, &message, NULL), 1);
	assert_int_equal(message.type, MESSAGE_ERROR);
	assert_string_equal(message.err.what, err.what);
	assert_int_equal(channel_receive(&pair->b, &message, NULL), 0);
}

/* As many as were sent, and none where fewer are wanted. */
static void test_several_descriptors(void **state)
{
	struct pair *pair = *state;
	int sent[3], got[4], first;
	struct message message;
	size_t count;

	for (size_t i = 0; i < 3; i++)
		sent[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(channel_send_fds(&pair->a, MESSAGE_CGROUP, 0, NULL, sent, 3), 0);
	assert_int_equal(channel_receive_fds(&pair->b, &message, got, 4, &count), 1);
	assert_int_equal(message.type, MESSAGE_CGROUP);
	assert_int_equal(count, 3);
	first = got[0];
	for (size_t i = 0; i < 3; i++) {
		assert_true(fcntl(got[i], F_GETFD) & FD_CLOEXEC);
		close(got[i]);
	}
	assert_int_equal(channel_send_fds(&pair->a, MESSAGE_CGROUP, 0, NULL, sent, 0), 0);
	assert_int_equal(channel_receive_fds(&pair->b, &message, got, 4, &count), 1);
	assert_int_equal(count, 0);
	assert_int_equal(channel_send_fds(&pair->a, MESSAGE_CGROUP, 0, NULL, sent, 3), 0);
	assert_int_equal(channel_receive_fds(&pair->b, &message, got, 2, &count), -EPROTO);
	/* What came is closed: its number is free. */
	got[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(got[0], first);
	close(got[0]);
	assert_int_equal(channel_send_fds(&pair->a, MESSAGE_CGROUP, 0, NULL, sent, CHANNEL_FDS_MAX + 1), -EINVAL);
	for (size_t i = 0; i < 3; i++)
		close(sent[i]);
}

static void test_descriptor(void **state)
{
	struct pair *pair = *state;
	struct message message;
	cleanup_fd int fd = -EBADF;
	int pipe_fds[2];
	char byte = 0;

	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(channel_send(&pair->a, MESSAGE_CONSOLE, 3, NULL, pipe_fds[1]), 0);
	close(pipe_fds[1]);
	assert_int_equal(channel_receive(&pair->b, &message, &fd), 1);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(fd, "!", 1), 1);
	assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
	assert_int_equal(byte, '!');
	close(pipe_fds[0]);
}

static void test_unwanted_descriptor_is_closed(void **state)
{
	struct pair *pair = *state;
	struct message message;
	int before = open_fds();

	assert_int_equal(channel_send(&pair->a, MESSAGE_CONSOLE, 3, NULL, pair->a.fd), 0);
	assert_int_equal(channel_receive(&pair->b, &message, NULL), 1);
	assert_int_equal(open_fds(), before);
}

static void test_end_of_file(void **state)
{
	struct pair *pair = *state;
	struct message message;
	int fd = 99;

	fd_close(&pair->a.fd);
	assert_int_equal(channel_receive(&pair->b, &message, &fd), 0);
	assert_int_equal(fd, -EBADF);
	/* And a send into nowhere is an error, not a signal. */
	assert_int_equal(channel_send(&pair->b, MESSAGE_GO, 0, NULL, -1), -EPIPE);
}

static struct message good_message(void)
{
	struct message message = {.magic = PROTOCOL_MAGIC, .type = MESSAGE_SYNC, .number = 1};

	return message;
}

static void expect_refused(struct pair *pair, const void *data, size_t size)
{
	struct message message;

	assert_int_equal(send(pair->a.fd, data, size, 0), (ssize_t)size);
	assert_int_equal(channel_receive(&pair->b, &message, NULL), -EPROTO);
	/* A refused message does not count. */
	assert_int_equal(pair->b.received, 0);
}

static void test_malformed(void **state)
{
	struct pair *pair = *state;
	struct message message;
	char larger[sizeof(message) + 1] = {0};

	message = good_message();
	memcpy(larger, &message, sizeof(message));
	expect_refused(pair, larger, sizeof(larger));
	expect_refused(pair, larger, sizeof(message) - 1);
	expect_refused(pair, larger, 1);

	message = good_message();
	message.magic++;
	expect_refused(pair, &message, sizeof(message));
	message = good_message();
	message.number = 2;
	expect_refused(pair, &message, sizeof(message));
	message.number = 0;
	expect_refused(pair, &message, sizeof(message));
	message = good_message();
	message.type = 0;
	expect_refused(pair, &message, sizeof(message));
	message.type = MESSAGE_CGROUP + 1;
	expect_refused(pair, &message, sizeof(message));
	message = good_message();
	message.err.kind = ERR_KIND_COUNT;
	expect_refused(pair, &message, sizeof(message));

	message = good_message();
	memset(message.err.what, 'x', sizeof(message.err.what));
	expect_refused(pair, &message, sizeof(message));
	message = good_message();
	memset(message.err.fix, 'x', sizeof(message.err.fix));
	expect_refused(pair, &message, sizeof(message));

	/* The same connection still takes a good one. */
	message = good_message();
	assert_int_equal(send(pair->a.fd, &message, sizeof(message), 0), (ssize_t)sizeof(message));
	assert_int_equal(channel_receive(&pair->b, &message, NULL), 1);
}

/* Two descriptors in one message, as channel_send never sends them. */
static void test_two_descriptors(void **state)
{
	struct pair *pair = *state;
	struct message message = good_message();
	struct iovec part = {.iov_base = &message, .iov_len = sizeof(message)};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = {0};
	struct msghdr packet = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	int fds[2] = {pair->a.fd, pair->b.fd}, before = open_fds(), fd = -1;

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	assert_int_equal(sendmsg(pair->a.fd, &packet, 0), (ssize_t)sizeof(message));
	assert_int_equal(channel_receive(&pair->b, &message, &fd), -EPROTO);
	assert_int_equal(fd, -EBADF);
	assert_int_equal(open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values_and_numbers, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_error_arrives_whole, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_last_words, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_descriptor, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_several_descriptors, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_unwanted_descriptor_is_closed, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_end_of_file, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_malformed, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_two_descriptors, open_pair, close_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
