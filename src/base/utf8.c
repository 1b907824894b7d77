/* SPDX-License-Identifier: Apache-2.0 */
/* utf8: see utf8.h. Runs anywhere, in the cloned child too. */
#include "base/utf8.h"

static int is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

size_t utf8_decode(const char *text, size_t size, uint32_t *ret_rune)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length;
	uint32_t rune;

	if (size == 0)
		return 0;
	if (bytes[0] < 0x80) {
		*ret_rune = bytes[0];
		return 1;
	}
	length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
	if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || length > size)
		return 0;
	rune = bytes[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if (!is_continuation(bytes[i]))
			return 0;
		rune = rune << 6 | (bytes[i] & 0x3fU);
	}
	if (rune < smallest[length] || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
		return 0;
	*ret_rune = rune;
	return length;
}

size_t utf8_encode(uint32_t rune, char out[4])
{
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t length = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;

	if (length == 1) {
		out[0] = (char)rune;
		return 1;
	}
	for (size_t i = length; i-- > 1; rune >>= 6)
		out[i] = (char)(0x80 | (rune & 0x3f));
	out[0] = (char)(lead[length] | rune);
	return length;
}
