/* SPDX-License-Identifier: Apache-2.0 */
/* buf: a growing byte string for output (JSON, printed plans). A failed allocation sticks: check once, at the end. */
#ifndef BULKHEAD_BASE_BUF_H
#define BULKHEAD_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* NUL-terminated once anything was added; NULL before */
	size_t length;
	size_t capacity;
	bool failed; /* out of memory: later additions do nothing */
};

#define BUF_INIT ((struct buf){0})

void buf_add(struct buf *buf, const void *data, size_t length);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_done(struct buf *buf);
#define cleanup_buf __attribute__((cleanup(buf_done)))

#endif
