/* SPDX-License-Identifier: Apache-2.0 */
/* The ground of src/base/: format, utf8, err, fd, arena, buf. No privileges; files only in a temporary directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/sha256.h"
#include "base/types.h"
#include "base/utf8.h"

/* ---- format ---- */

/* The C library says what is right, for the text and for its length, at every size that cuts it. */
#define SAME_AS_PRINTF(...)                                                                      \
	do {                                                                                     \
		char ours[128], theirs[128];                                                     \
		for (size_t size_ = 0; size_ <= sizeof(ours); size_ += 1 + size_ / 4) {          \
			memset(ours, '#', sizeof(ours));                                         \
			memset(theirs, '#', sizeof(theirs));                                     \
			size_t length_ = format_text(ours, size_, __VA_ARGS__);                  \
			assert_int_equal(length_, (size_t)snprintf(theirs, size_, __VA_ARGS__)); \
			assert_memory_equal(ours, theirs, sizeof(ours));                         \
		}                                                                                \
	} while (0)

static void test_format_integers(void **state)
{
	volatile int large = 0x12345;

	(void)state;
	SAME_AS_PRINTF("%d %i %d %d", 0, -1, INT_MAX, INT_MIN);
	SAME_AS_PRINTF("%u %o %x %X", UINT_MAX, 0755U, 0xdeadbeefU, 0xdeadbeefU);
	SAME_AS_PRINTF("%hhd %hd %hhu %hx", large, large, large, large);
	SAME_AS_PRINTF("%ld %lu %lx %lo", LONG_MIN, ULONG_MAX, ULONG_MAX, ULONG_MAX);
	SAME_AS_PRINTF("%lld %llu %llx %llo", LLONG_MIN, ULLONG_MAX, ULLONG_MAX, ULLONG_MAX);
	SAME_AS_PRINTF("%zu %zd %jd %ju %td", SIZE_MAX, (ssize_t)-5, INTMAX_MIN, UINTMAX_MAX, (ptrdiff_t)-7);
	SAME_AS_PRINTF("%hhu %hd %hhd %hx", (unsigned char)200, (short)-3, (signed char)-100, (unsigned short)0xbeef);
	SAME_AS_PRINTF("%" PRIu64 " %" PRId64 " %" PRIx32, UINT64_MAX, INT64_MIN, (uint32_t)7);
}

static void test_format_widths(void **state)
{
	(void)state;
	SAME_AS_PRINTF("[%5d][%-5d][%05d][%5d]", 42, 42, -42, -42);
	SAME_AS_PRINTF("[%02x][%08lx][%#x][%#o][%#010x][%-#8x]", 7U, 255UL, 255U, 8U, 255U, 255U);
	SAME_AS_PRINTF("[%.3d][%8.3d][%-8.3d][%.0d][%#x]", 7, -7, 7, 0, 0U);
	SAME_AS_PRINTF("[%*d][%-*d][%*d]", 6, 1, 6, 2, -6, 3);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat"
	SAME_AS_PRINTF("[%08.3d][%-05d][%-#05x]", 7, 7, 7U);
#pragma GCC diagnostic pop
	SAME_AS_PRINTF("[%.*s][%.*s][%10.2s][%-10s][%3s]", 2, "abcdef", -1, "whole", "xyz", "left", "longer");
	SAME_AS_PRINTF("[%c][%3c][%-3c] 100%%", 'a', 'b', 'c');
	SAME_AS_PRINTF("%p", (void *)state);
}

static void test_format_strings(void **state)
{
	const char unterminated[3] = {'a', 'b', 'c'};
	const char *volatile none = NULL;
	char text[64];

	(void)state;
	SAME_AS_PRINTF("%.*s", 3, unterminated);
	SAME_AS_PRINTF("%s", "");
	assert_int_equal(format_text(text, sizeof(text), "%s", none), 6);
	assert_string_equal(text, "(null)");
}

/* An unknown conversion must not read an argument as what it is not: the rest is shown as written. */
static void test_format_unknown(void **state)
{
	const char *volatile fmt = "%d %f %s";
	char text[64];

	(void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	format_text(text, sizeof(text), fmt, 1, 2.0, NULL);
	assert_string_equal(text, "1 %f %s");
	fmt = "end %";
	format_text(text, sizeof(text), fmt);
	assert_string_equal(text, "end %");
#pragma GCC diagnostic pop
}

/* ---- utf8 ---- */

static void test_utf8_all_runes(void **state)
{
	(void)state;
	for (uint32_t rune = 0; rune <= 0x10ffff; rune++) {
		char bytes[4];
		uint32_t back = UINT32_MAX;
		size_t length;

		if (rune == 0xd800)
			rune = 0xe000;
		length = utf8_encode(rune, bytes);
		assert_int_equal(utf8_decode(bytes, length, &back), length);
		assert_int_equal(back, rune);
		assert_int_equal(utf8_decode(bytes, length - 1, &back), 0);
	}
}

static void test_utf8_invalid(void **state)
{
	static const char *const invalid[] = {"\x80",
					      "\xbf",
					      "\xc0\x80",
					      "\xc1\xbf",
					      "\xc2\x41",
					      "\xe0\x80\x80",
					      "\xe0\x9f\xbf",
					      "\xed\xa0\x80",
					      "\xed\xbf\xbf",
					      "\xe2\x82\x41",
					      "\xf0\x80\x80\x80",
					      "\xf0\x8f\xbf\xbf",
					      "\xf4\x90\x80\x80",
					      "\xf5\x80\x80\x80",
					      "\xff",
					      "\xfe",
					      "\xf8\x88\x80\x80",
					      "\xf0\x9f\x98\x41"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
		uint32_t rune;

		assert_int_equal(utf8_decode(invalid[i], strlen(invalid[i]), &rune), 0);
	}
}

/* ---- err ---- */

static void assert_text(const struct err *err, bool long_form, const char *expected)
{
	char text[2048];

	assert_int_equal(err_format(err, long_form, text, sizeof(text)), strlen(expected));
	assert_string_equal(text, expected);
}

static void test_err_forms(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_sys(&err, -EPERM, "mount", "cannot mount %s on %s", "proc", "/proc"), ERR);
	assert_int_equal(err.kind, ERR_KERNEL);
	assert_int_equal(err.errnum, EPERM);
	assert_string_equal(err.call, "mount");
	assert_text(&err, true, "cannot mount proc on /proc: Operation not permitted");
	assert_int_equal(err_where(&err, "config.json#/mounts/%d", 0), ERR);
	assert_int_equal(err_why(&err, "the user namespace does not own this PID namespace"), ERR);
	assert_int_equal(err_fix(&err, "add {\"type\": \"pid\"} to linux.namespaces"), ERR);
	assert_text(&err, false, "cannot mount proc on /proc: Operation not permitted");
	assert_text(&err, true,
		    "cannot mount proc on /proc: Operation not permitted\n"
		    "  asked by  config.json#/mounts/0\n"
		    "  because   the user namespace does not own this PID namespace\n"
		    "  try       add {\"type\": \"pid\"} to linux.namespaces");
	err_prefix(&err, "cannot create container %s", "web1");
	assert_text(&err, false, "cannot create container web1: cannot mount proc on /proc: Operation not permitted");
	assert_string_equal(err.where, "config.json#/mounts/0");

	/* a new error leaves nothing of the old one */
	assert_int_equal(err_set(&err, ERR_CONFIG, "again: %s", err.what), ERR);
	assert_text(&err, true, "again: cannot create container web1: cannot mount proc on /proc");
	assert_int_equal(err.errnum, 0);
	assert_string_equal(err.call, "");
}

static void test_err_innermost_stays(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_CONFIG, "x");
	err_where(&err, "inner");
	err_where(&err, "outer");
	err_why(&err, "inner");
	err_why(&err, "outer");
	assert_string_equal(err.where, "inner");
	assert_string_equal(err.why, "inner");
}

static void test_err_escapes(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_CONFIG, "a%sb", "\n\t\r\x1b[1m\x7f\xff\xc3\xc2\x9b\xe2\x80\xae\xe2\x80\xa8 \xc3\xa9 \\");
	assert_string_equal(err.what, "a\\n\\t\\r\\x1b[1m\\x7f\\xff\\xc3\\u009b\\u202e\\u2028 \xc3\xa9 \\b");
	err_where(&err, "%s", "one\n  try       rm -rf");
	err_fix(&err, "%s", "\xef\xbb\xbf");
	assert_text(&err, true,
		    "a\\n\\t\\r\\x1b[1m\\x7f\\xff\\xc3\\u009b\\u202e\\u2028 \xc3\xa9 \\b\n"
		    "  asked by  one\\n  try       rm -rf\n"
		    "  try       \\ufeff");
	/* bytes from another process: fields that lie, or do not end */
	memset(&err, '\n', sizeof(err));
	err.kind = ERR_CONFIG;
	err.errnum = INT_MIN;
	char text[8192];
	size_t length = err_format(&err, false, text, sizeof(text));
	assert_int_equal(length, strlen(text));
	assert_null(strchr(text, '\n'));
	assert_int_equal(length, 2 * sizeof(err.what) + strlen(": Unknown error -2147483648"));
}

/* Every length of text around the field's size, of characters of one to four bytes: cut whole, marked, terminated. */
static void test_err_truncation(void **state)
{
	static const char *const characters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\n"};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(characters); i++) {
		size_t unit = strlen(characters[i]), shown = characters[i][0] == '\n' ? 2 : unit;
		char text[4096] = "";

		for (size_t length = 0; length + unit < sizeof(text); length += unit) {
			bool fits = length / unit * shown < sizeof(err.what);
			size_t end;

			err_set(&err, ERR_CONFIG, "%s", text);
			end = strnlen(err.what, sizeof(err.what));
			assert_true(end < sizeof(err.what));
			if (fits)
				assert_int_equal(end, length / unit * shown);
			else
				assert_true(end >= sizeof(err.what) - 1 - shown - 2);
			for (size_t at = 0; at < end;) {
				uint32_t rune;
				size_t step = utf8_decode(err.what + at, end - at, &rune);

				assert_true(step > 0);
				assert_int_equal(rune == 0x2026, !fits && at + 3 == end);
				at += step;
			}
			memcpy(text + length, characters[i], unit);
			text[length + unit] = '\0';
		}
	}
}

static void test_err_prefix_truncation(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	for (int length = 0; length < 700; length++) {
		err_set(&err, ERR_CONFIG, "cannot %0*d", 100, 7);
		err_prefix(&err, "%0*d", length, 1);
		assert_true(strnlen(err.what, sizeof(err.what)) < sizeof(err.what));
		assert_int_equal(!!strstr(err.what, "\xe2\x80\xa6"), length + 2 + 107 >= (int)sizeof(err.what));
	}
}

static void test_err_format_sizes(void **state)
{
	struct err err = ERR_INIT;
	char whole[512], cut[512];
	size_t full;

	(void)state;
	err_sys(&err, ENOENT, "openat", "cannot open \xf0\x9f\x98\x80\xc3\xa9");
	err_where(&err, "config.json#/root");
	full = err_format(&err, true, whole, sizeof(whole));
	for (size_t size = 0; size <= full + 1; size++) {
		size_t length;

		memset(cut, '#', sizeof(cut));
		length = err_format(&err, true, cut, size);
		assert_int_equal(cut[size], '#');
		assert_true(size == 0 || length < size);
		if (size)
			assert_int_equal(strlen(cut), length);
		if (size > full)
			assert_string_equal(cut, whole);
		else if (size > 4)
			assert_string_equal(cut + length - 3, "\xe2\x80\xa6");
	}
}

static void test_err_text(void **state)
{
	(void)state;
	for (int errnum = 1; errnum <= 133; errnum++) {
		if (!strerrorname_np(errnum)) {
			assert_null(err_name(errnum));
			continue;
		}
		assert_string_equal(err_text(errnum), strerror(errnum));
		assert_string_equal(err_text(-errnum), strerror(errnum));
		/* two names have one value: either is right */
		if (errnum != ENOTSUP && errnum != EAGAIN && errnum != EDEADLK)
			assert_string_equal(err_name(errnum), strerrorname_np(errnum));
	}
	assert_string_equal(err_name(EPERM), "EPERM");
	assert_string_equal(err_name(524), "ENOTSUPP");
	assert_string_equal(err_text(0), "Success");
	assert_null(err_name(0));
	assert_null(err_name(134));
	assert_null(err_name(INT_MIN));
	assert_string_equal(err_text(99999), "Unknown error");
}

/* ---- fd ---- */

static void test_fd_owning(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), kept;

	(void)state;
	assert_true(fd >= 0);
	kept = fd_take(&fd);
	assert_int_equal(fd, -EBADF);
	errno = 77;
	fd_close(&fd); /* nothing to close */
	fd = INT_MAX;  /* close fails, and errno stays what the caller had */
	fd_close(&fd);
	assert_int_equal(errno, 77);
	assert_int_equal(fcntl(kept, F_GETFD), FD_CLOEXEC);
	fd = kept;
	errno = 77;
	fd_close(&fd);
	assert_int_equal(errno, 77);
	assert_int_equal(fd, -EBADF);
	assert_int_equal(fcntl(kept, F_GETFD), -1);
	{
		int owned cleanup_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		kept = owned;
	}
	assert_int_equal(fcntl(kept, F_GETFD), -1);
}

static void test_fd_pipe(void **state)
{
	char text[8];
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(ends[1], "abc", 3), 0);
	assert_int_equal(fd_write_all(ends[1], "defg", 4), 0);
	assert_int_equal(fd_read_full(ends[0], text, 2), 2);
	fd_close(&ends[1]);
	assert_int_equal(fd_read_text(ends[0], text, sizeof(text)), 5);
	assert_string_equal(text, "cdefg");
	assert_int_equal(fd_read_text(ends[0], text, sizeof(text)), 0);
	assert_string_equal(text, "");
	fd_close(&ends[0]);
	assert_int_equal(fd_read_full(ends[0], text, 1), -EBADF);
	assert_int_equal(fd_write_all(ends[1], "x", 1), -EBADF);
	assert_int_equal(fd_write_all(ends[1], "", 0), 0);
}

static void test_fd_full_device(void **state)
{
	int fd cleanup_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(fd_write_all(fd, "x", 1), -ENOSPC);
}

static void test_fd_files(void **state)
{
	char directory[] = "/tmp/test_base.XXXXXX", text[6];
	int dir_fd cleanup_fd = -EBADF, fd cleanup_fd = -EBADF;

	(void)state;
	assert_non_null(mkdtemp(directory));
	dir_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fd_write_text_at(dir_fd, "file", "12345"), -ENOENT); /* never creates */
	fd = openat(dir_fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_text_at(dir_fd, "file", "12345"), 0);
	assert_int_equal(fd_read_text_at(dir_fd, "file", text, 6), 5); /* fits just so */
	assert_string_equal(text, "12345");
	assert_int_equal(fd_read_text_at(dir_fd, "file", text, 5), -E2BIG);
	assert_string_equal(text, "1234");
	assert_int_equal(fd_read_text_at(dir_fd, "file", text, 0), -E2BIG);
	assert_int_equal(fd_read_text_at(dir_fd, ".", text, 6), -EISDIR);
	assert_int_equal(unlinkat(dir_fd, "file", 0), 0);
	assert_int_equal(rmdir(directory), 0);
}

static void test_fd_above_stdio(void **state)
{
	int saved = fcntl(0, F_DUPFD_CLOEXEC, 10), fd, before;

	(void)state;
	close(0);
	fd = open("/dev/null", O_RDONLY);
	assert_int_equal(fd, 0);
	assert_int_equal(fd_above_stdio(&fd), 0);
	assert_true(fd >= 3);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(0, F_GETFD), -1);
	if (saved >= 0)
		assert_int_equal(dup2(saved, 0), 0);
	fd_close(&saved);
	fcntl(fd, F_SETFD, 0);
	before = fd;
	assert_int_equal(fd_above_stdio(&fd), 0);
	assert_int_equal(fd, before);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd_close(&fd);
	assert_int_equal(fd_above_stdio(&fd), -EBADF);
}

/* ---- arena ---- */

static void test_arena_memory(void **state)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	size_t used = 0;

	(void)state;
	for (size_t i = 0; i < 3000; i++) {
		size_t size = i * 7 % 1500 + (i % 500 == 0 ? 2000000 : 0);
		unsigned char *memory = arena_alloc(&arena, size);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t at = 0; at < size; at++)
			assert_int_equal(memory[at], 0);
		memset(memory, 0xff, size);
		used += size ? size : 1;
		assert_int_equal(arena.used, used);
	}
	assert_non_null(arena_alloc(&arena, 0));
}

static void test_arena_limit(void **state)
{
	struct arena cleanup_arena arena = {.limit = 100000};

	(void)state;
	assert_null(arena_alloc(&arena, 100001));
	assert_non_null(arena_alloc(&arena, 99000));
	assert_null(arena_alloc(&arena, 1001));
	assert_null(arena_printf(&arena, "%01000d", 1)); /* 1000 and a NUL */
	assert_non_null(arena_printf(&arena, "%0999d", 1));
	assert_int_equal(arena.used, arena.limit);
	assert_null(arena_alloc(&arena, 1));
	assert_null(arena_strdup(&arena, ""));
	arena_done(&arena);
	assert_int_equal(arena.used, 0);
	assert_non_null(arena_alloc(&arena, 100000));
}

static void test_arena_overflow(void **state)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	struct arena cleanup_arena boundless = {.limit = SIZE_MAX};

	(void)state;
	assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_calloc(&arena, (SIZE_MAX >> 4) + 2, 16)); /* 16 after the overflow */
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, ARENA_LIMIT_DEFAULT + 1));
	assert_null(arena_strndup(&arena, "x", SIZE_MAX));
	for (size_t size = SIZE_MAX; size > SIZE_MAX - 100; size--)
		assert_null(arena_alloc(&boundless, size));
	assert_int_equal(arena.used, 0);
	assert_non_null(arena_calloc(&arena, 3, 5));
}

/* A large allocation has its own block and does not put an end to the one that is being filled. */
static void test_arena_large_block(void **state)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	char *before = arena_alloc(&arena, 16), *large = arena_alloc(&arena, 3 << 20), *after = arena_alloc(&arena, 16);

	(void)state;
	assert_non_null(before);
	assert_non_null(large);
	assert_true(after > before && after - before <= 64);
	large[(3 << 20) - 1] = 1;
}

static void test_arena_untouched(void **state)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	uintptr_t page = (uintptr_t)arena_alloc(&arena, 16) & ~(uintptr_t)4095;
	unsigned char resident[16];

	(void)state;
	assert_int_equal(mincore((void *)page, sizeof(resident) * 4096, resident), 0);
	assert_int_equal(resident[0] & 1, 1);
	/* Pages come eight at a time; what lies behind them waits. */
	for (size_t i = 8; i < sizeof(resident); i++)
		assert_int_equal(resident[i] & 1, 0);
}

static void test_arena_strings(void **state)
{
	struct arena cleanup_arena arena = ARENA_INIT;
	const char unterminated[2] = {'a', 'b'};

	(void)state;
	assert_string_equal(arena_strndup(&arena, unterminated, 2), "ab");
	assert_string_equal(arena_strndup(&arena, NULL, 0), "");
	assert_string_equal(arena_strdup(&arena, "text"), "text");
	assert_string_equal(arena_printf(&arena, "/proc/%d/%s", 17, "ns"), "/proc/17/ns");
}

/* ---- buf ---- */

static void test_buf_grows(void **state)
{
	struct buf cleanup_buf buf = BUF_INIT;

	(void)state;
	buf_add(&buf, NULL, 0);
	assert_string_equal(buf.data, "");
	for (int i = 0; i < 5000; i++) {
		buf_puts(&buf, "ab");
		buf_printf(&buf, "%04d", i);
		buf_add(&buf, "\0", 1);
		assert_int_equal(buf.length, (size_t)(i + 1) * 7);
		assert_int_equal(buf.data[buf.length], '\0');
	}
	for (int i = 0; i < 5000; i++) {
		char expected[32];

		snprintf(expected, sizeof(expected), "ab%04d", i);
		assert_string_equal(buf.data + i * 7, expected);
	}
	assert_false(buf.failed);
}

static void test_buf_failure_sticks(void **state)
{
	struct buf cleanup_buf buf = BUF_INIT;

	(void)state;
	buf_puts(&buf, "kept");
	buf_add(&buf, "x", SIZE_MAX - 2);
	assert_true(buf.failed);
	buf_puts(&buf, "more");
	buf_printf(&buf, "%d", 1);
	assert_string_equal(buf.data, "kept");
	assert_int_equal(buf.length, 4);
	buf_done(&buf);
	assert_null(buf.data);
	assert_false(buf.failed);
}

/* ---- sha256 ---- */

/* Of the standard's examples, and of a length at which the padding needs a block more; whole, and byte by byte. */
static void test_sha256_known(void **state)
{
	static const struct {
		const char *text, *digest;
	} rows[] = {
		{"", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	char text[SHA256_TEXT_SIZE];
	struct sha256 hash;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t part = 1; part < 70; part += 68) {
			size_t length = strlen(rows[i].text);

			sha256_begin(&hash);
			for (size_t at = 0; at < length; at += part)
				sha256_add(&hash, rows[i].text + at, part < length - at ? part : length - at);
			sha256_end(&hash, text);
			assert_string_equal(text, rows[i].digest);
		}
}

/* A million of one letter, as the standard has it, from a file that is at its end already. */
static void test_sha256_file(void **state)
{
	int fd cleanup_fd = memfd_create("letters", MFD_CLOEXEC);
	char letters[1000], text[SHA256_TEXT_SIZE];

	(void)state;
	memset(letters, 'a', sizeof(letters));
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(fd, letters, sizeof(letters)), sizeof(letters));
	assert_int_equal(sha256_of_file(fd, text), 0);
	assert_string_equal(text, "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	assert_int_equal(sha256_of_file(-1, text), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_integers),
		cmocka_unit_test(test_format_widths),
		cmocka_unit_test(test_format_strings),
		cmocka_unit_test(test_format_unknown),
		cmocka_unit_test(test_sha256_known),
		cmocka_unit_test(test_sha256_file),
		cmocka_unit_test(test_utf8_all_runes),
		cmocka_unit_test(test_utf8_invalid),
		cmocka_unit_test(test_err_forms),
		cmocka_unit_test(test_err_innermost_stays),
		cmocka_unit_test(test_err_escapes),
		cmocka_unit_test(test_err_truncation),
		cmocka_unit_test(test_err_prefix_truncation),
		cmocka_unit_test(test_err_format_sizes),
		cmocka_unit_test(test_err_text),
		cmocka_unit_test(test_fd_owning),
		cmocka_unit_test(test_fd_pipe),
		cmocka_unit_test(test_fd_full_device),
		cmocka_unit_test(test_fd_files),
		cmocka_unit_test(test_fd_above_stdio),
		cmocka_unit_test(test_arena_memory),
		cmocka_unit_test(test_arena_limit),
		cmocka_unit_test(test_arena_overflow),
		cmocka_unit_test(test_arena_large_block),
		cmocka_unit_test(test_arena_untouched),
		cmocka_unit_test(test_arena_strings),
		cmocka_unit_test(test_buf_grows),
		cmocka_unit_test(test_buf_failure_sticks),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
