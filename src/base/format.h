/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format: printf into a buffer, for code that may not use stdio: a child after clone, an error when memory is gone.
 * No allocation, no locale, no lock, no floating point; async-signal-safe.
 *
 * Conversions: %s %c %d %i %u %o %x %X %p %%, with the lengths hh h l ll j z t, the flags - 0 #, a width and a
 * precision (both may be *). A NULL string prints as "(null)". Any other conversion ends the formatting: the rest of
 * fmt is copied as it stands, because the arguments can no longer be told apart.
 */
#ifndef BULKHEAD_BASE_FORMAT_H
#define BULKHEAD_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Like snprintf(3): writes at most size - 1 bytes and a NUL (nothing when size is 0), and returns the length that the
 * whole text has. A result >= size means that the text was cut, at a byte.
 */
size_t format_text(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
size_t format_va(char *buf, size_t size, const char *fmt, va_list args) __attribute__((format(printf, 3, 0)));

#endif
