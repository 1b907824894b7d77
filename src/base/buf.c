/* SPDX-License-Identifier: Apache-2.0 */
/* buf: see buf.h. Runs in the runtime process only: it allocates. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"

#define BUF_CAPACITY_FIRST 256

/* Room for `more` bytes and a NUL. */
static bool buf_reserve(struct buf *buf, size_t more)
{
	size_t capacity = buf->capacity ? buf->capacity : BUF_CAPACITY_FIRST;
	char *data;

	if (buf->failed)
		return false;
	if (more >= SIZE_MAX / 2 - buf->length) {
		buf->failed = true;
		return false;
	}
	if (buf->data && buf->capacity - buf->length > more)
		return true;
	while (capacity - buf->length <= more)
		capacity *= 2;
	data = realloc(buf->data, capacity);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

void buf_add(struct buf *buf, const void *data, size_t length)
{
	if (!buf_reserve(buf, length))
		return;
	if (length)
		memcpy(buf->data + buf->length, data, length);
	buf->length += length;
	buf->data[buf->length] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	size_t length;

	va_start(args, fmt);
	length = format_va(NULL, 0, fmt, args);
	va_end(args);
	if (!buf_reserve(buf, length))
		return;
	va_start(args, fmt);
	format_va(buf->data + buf->length, length + 1, fmt, args);
	va_end(args);
	buf->length += length;
}

void buf_done(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_INIT;
}
