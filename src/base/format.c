/* SPDX-License-Identifier: Apache-2.0 */
/* format: see format.h. Runs anywhere, in the cloned child too; it never allocates and never touches errno. */
#include "base/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum length_modifier { LENGTH_CHAR, LENGTH_SHORT, LENGTH_INT, LENGTH_LONG, LENGTH_LLONG };

struct sink {
	char *buf;
	size_t size, length;
};

struct conversion {
	bool left, zero, alternate;
	size_t width;
	bool has_precision;
	size_t precision;
	enum length_modifier length;
	char letter;
};

/* A va_list that functions can share, whatever its type is on this machine. */
struct arguments {
	va_list list;
};

static void sink_put(struct sink *sink, const char *data, size_t length)
{
	if (sink->length < sink->size) {
		size_t space = sink->size - sink->length;

		memcpy(sink->buf + sink->length, data, length < space ? length : space);
	}
	sink->length += length;
}

static void sink_fill(struct sink *sink, char byte, size_t count)
{
	if (sink->length < sink->size) {
		size_t space = sink->size - sink->length;

		memset(sink->buf + sink->length, byte, count < space ? count : space);
	}
	sink->length += count;
}

/* Reads "*" or digits at *fmt. A negative "*" is reported by *ret_negative, and its absolute value returned. */
static size_t parse_number(const char **fmt, struct arguments *args, bool *ret_negative)
{
	size_t value = 0;

	*ret_negative = false;
	if (**fmt == '*') {
		int given = va_arg(args->list, int);

		++*fmt;
		*ret_negative = given < 0;
		return given < 0 ? 0U - (unsigned int)given : (unsigned int)given;
	}
	for (; **fmt >= '0' && **fmt <= '9'; ++*fmt)
		if (value < 100000)
			value = value * 10 + (size_t)(**fmt - '0');
	return value;
}

static enum length_modifier parse_length(const char **fmt)
{
	enum length_modifier length = LENGTH_INT;

	for (;; ++*fmt) {
		switch (**fmt) {
		case 'h':
			length = length == LENGTH_SHORT ? LENGTH_CHAR : LENGTH_SHORT;
			break;
		case 'l':
			length = length == LENGTH_LONG ? LENGTH_LLONG : LENGTH_LONG;
			break;
		case 'z':
		case 't':
			length = LENGTH_LONG;
			break;
		case 'j':
			length = LENGTH_LLONG;
			break;
		default:
			return length;
		}
	}
}

/* fmt stands behind the '%'; returns the place behind the conversion's letter. */
static const char *parse_conversion(const char *fmt, struct arguments *args, struct conversion *ret)
{
	struct conversion conversion = {0};
	bool negative;

	for (;; fmt++) {
		if (*fmt == '-')
			conversion.left = true;
		else if (*fmt == '0')
			conversion.zero = true;
		else if (*fmt == '#')
			conversion.alternate = true;
		else
			break;
	}
	conversion.width = parse_number(&fmt, args, &negative);
	conversion.left |= negative;
	if (*fmt == '.') {
		fmt++;
		conversion.precision = parse_number(&fmt, args, &negative);
		conversion.has_precision = !negative;
	}
	conversion.length = parse_length(&fmt);
	conversion.letter = *fmt;
	*ret = conversion;
	return *fmt ? fmt + 1 : fmt;
}

static void put_string(struct sink *sink, const struct conversion *conversion, const char *text)
{
	size_t length, pad;

	if (!text)
		text = "(null)";
	length = conversion->has_precision ? strnlen(text, conversion->precision) : strlen(text);
	pad = conversion->width > length ? conversion->width - length : 0;
	if (!conversion->left)
		sink_fill(sink, ' ', pad);
	sink_put(sink, text, length);
	if (conversion->left)
		sink_fill(sink, ' ', pad);
}

static void put_number(struct sink *sink, const struct conversion *conversion, const char *prefix, uint64_t value,
		       unsigned int base)
{
	const char *digits = conversion->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[64 / 3 + 1]; /* 22 octal digits */
	size_t start = sizeof(text), length, zeros = 0, pad = 0;

	for (; value; value /= base)
		text[--start] = digits[value % base];
	if (start == sizeof(text) && !(conversion->has_precision && conversion->precision == 0))
		text[--start] = '0';
	length = sizeof(text) - start;

	if (conversion->has_precision && conversion->precision > length)
		zeros = conversion->precision - length;
	if (conversion->width > strlen(prefix) + zeros + length)
		pad = conversion->width - strlen(prefix) - zeros - length;
	if (conversion->zero && !conversion->left && !conversion->has_precision) {
		zeros = pad;
		pad = 0;
	}
	if (!conversion->left)
		sink_fill(sink, ' ', pad);
	sink_put(sink, prefix, strlen(prefix));
	sink_fill(sink, '0', zeros);
	sink_put(sink, text + start, length);
	if (conversion->left)
		sink_fill(sink, ' ', pad);
}

static void put_signed(struct sink *sink, const struct conversion *conversion, struct arguments *args)
{
	int64_t value;

	switch (conversion->length) {
	case LENGTH_CHAR:
		value = (signed char)va_arg(args->list, int);
		break;
	case LENGTH_SHORT:
		value = (short)va_arg(args->list, int);
		break;
	case LENGTH_INT:
		value = va_arg(args->list, int);
		break;
	case LENGTH_LONG:
		value = va_arg(args->list, long);
		break;
	default:
		value = va_arg(args->list, long long);
	}
	put_number(sink, conversion, value < 0 ? "-" : "", value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

static void put_unsigned(struct sink *sink, const struct conversion *conversion, struct arguments *args)
{
	unsigned int base = conversion->letter == 'u' ? 10 : conversion->letter == 'o' ? 8 : 16;
	const char *prefix = "";
	uint64_t value;

	switch (conversion->length) {
	case LENGTH_CHAR:
		value = (unsigned char)va_arg(args->list, unsigned int);
		break;
	case LENGTH_SHORT:
		value = (unsigned short)va_arg(args->list, unsigned int);
		break;
	case LENGTH_INT:
		value = va_arg(args->list, unsigned int);
		break;
	case LENGTH_LONG:
		value = va_arg(args->list, unsigned long);
		break;
	default:
		value = va_arg(args->list, unsigned long long);
	}
	if (conversion->alternate && value && base != 10)
		prefix = base == 8 ? "0" : conversion->letter == 'X' ? "0X" : "0x";
	put_number(sink, conversion, prefix, value, base);
}

/* false when the conversion is none that this file knows. */
static bool put_conversion(struct sink *sink, const struct conversion *conversion, struct arguments *args)
{
	char byte;

	switch (conversion->letter) {
	case '%':
		sink_put(sink, "%", 1);
		return true;
	case 's':
		put_string(sink, conversion, va_arg(args->list, const char *));
		return true;
	case 'c':
		byte = (char)va_arg(args->list, int);
		if (!conversion->left && conversion->width)
			sink_fill(sink, ' ', conversion->width - 1);
		sink_put(sink, &byte, 1);
		if (conversion->left && conversion->width)
			sink_fill(sink, ' ', conversion->width - 1);
		return true;
	case 'p':
		put_number(sink, conversion, "0x", (uintptr_t)va_arg(args->list, void *), 16);
		return true;
	case 'd':
	case 'i':
		put_signed(sink, conversion, args);
		return true;
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		put_unsigned(sink, conversion, args);
		return true;
	default:
		return false;
	}
}

size_t format_va(char *buf, size_t size, const char *fmt, va_list list)
{
	struct sink sink = {.buf = buf, .size = size ? size - 1 : 0};
	struct arguments args;

	va_copy(args.list, list);
	while (*fmt) {
		size_t plain = strcspn(fmt, "%");
		struct conversion conversion;
		const char *next;

		sink_put(&sink, fmt, plain);
		fmt += plain;
		if (!*fmt)
			break;
		next = parse_conversion(fmt + 1, &args, &conversion);
		if (!put_conversion(&sink, &conversion, &args)) {
			sink_put(&sink, fmt, strlen(fmt));
			break;
		}
		fmt = next;
	}
	va_end(args.list);
	if (size)
		buf[sink.length < sink.size ? sink.length : sink.size] = '\0';
	return sink.length;
}

size_t format_text(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t length;

	va_start(args, fmt);
	length = format_va(buf, size, fmt, args);
	va_end(args);
	return length;
}
