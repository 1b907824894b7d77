/* SPDX-License-Identifier: Apache-2.0 */
/* utf8: one character of UTF-8 at a time, strictly (RFC 3629). Async-signal-safe. */
#ifndef BULKHEAD_BASE_UTF8_H
#define BULKHEAD_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The character at text, of which `size` bytes may be read: returns its length, 1 to 4, and sets *ret_rune. 0 when the
 * bytes are no valid character: overlong, a surrogate, above U+10FFFF, cut, or size is 0.
 */
size_t utf8_decode(const char *text, size_t size, uint32_t *ret_rune);

/* Writes a Unicode scalar value (no surrogate, at most U+10FFFF) to out and returns its length, 1 to 4. */
size_t utf8_encode(uint32_t rune, char out[4]);

#endif
