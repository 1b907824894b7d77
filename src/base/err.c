/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: see err.h. Runs anywhere, in the cloned child too: it never allocates, never touches errno, and uses about
 * 2 KiB of stack.
 */
#include "base/err.h"

#include <stdint.h>
#include <string.h>

#include "base/format.h"
#include "base/utf8.h"

#define ERR_ELLIPSIS "\xe2\x80\xa6" /* … */
#define ERR_SCRATCH  1024	    /* more than any field holds, so that cut text is seen to be cut */

/* Text that grows in a fixed field. `mark` is where the ellipsis goes if the rest does not fit. */
struct cut_text {
	char *field;
	size_t size, length, mark;
	bool full;
};

static void cut_mark(struct cut_text *text)
{
	if (text->full)
		return;
	memcpy(text->field + text->mark, ERR_ELLIPSIS, sizeof(ERR_ELLIPSIS));
	text->length = text->mark + sizeof(ERR_ELLIPSIS) - 1;
	text->full = true;
}

static void cut_add(struct cut_text *text, const char *piece, size_t length)
{
	if (text->full)
		return;
	if (text->length + length >= text->size) {
		cut_mark(text);
		return;
	}
	memcpy(text->field + text->length, piece, length);
	text->length += length;
	text->field[text->length] = '\0';
	if (text->length + sizeof(ERR_ELLIPSIS) <= text->size)
		text->mark = text->length;
}

/* C0 and C1 controls, DEL, line separators, and the marks that reorder the text around them. */
static bool is_forging(uint32_t rune)
{
	return rune < 0x20 || (rune >= 0x7f && rune <= 0x9f) || (rune >= 0x200b && rune <= 0x200f) ||
	       (rune >= 0x2028 && rune <= 0x202e) || (rune >= 0x2060 && rune <= 0x2069) || rune == 0xfeff;
}

static void cut_add_rune(struct cut_text *text, const char *bytes, size_t length, uint32_t rune)
{
	char escape[16];

	if (!is_forging(rune)) {
		cut_add(text, bytes, length);
		return;
	}
	if (rune == '\n' || rune == '\t' || rune == '\r')
		length = format_text(escape, sizeof(escape), "\\%c", rune == '\n' ? 'n' : rune == '\t' ? 't' : 'r');
	else
		length = format_text(escape, sizeof(escape), rune < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned int)rune);
	cut_add(text, escape, length);
}

/* Copies `from` up to its NUL or `size` bytes, escaped. */
static void cut_add_escaped(struct cut_text *text, const char *from, size_t size)
{
	size_t left = strnlen(from, size);

	while (left) {
		char escape[8];
		uint32_t rune;
		size_t length = utf8_decode(from, left, &rune);

		if (length) {
			cut_add_rune(text, from, length, rune);
		} else {
			length = 1;
			cut_add(text, escape, format_text(escape, sizeof(escape), "\\x%02x", (unsigned char)*from));
		}
		from += length;
		left -= length;
	}
}

static void cut_start(struct cut_text *text, char *field, size_t size)
{
	*text = (struct cut_text){.field = field, .size = size};
	field[0] = '\0';
}

/* Format into a field of an error. The arguments may point into that same error. */
static void set_field(char *field, size_t size, const char *fmt, va_list args) __attribute__((format(printf, 3, 0)));
static void set_field(char *field, size_t size, const char *fmt, va_list args)
{
	char scratch[ERR_SCRATCH];
	struct cut_text text;

	format_va(scratch, sizeof(scratch), fmt, args);
	cut_start(&text, field, size);
	cut_add_escaped(&text, scratch, sizeof(scratch));
}

/* Everything but `what` is as given, the text fields are empty. */
static void start_error(struct err *err, enum err_kind kind, int errnum, const char *call)
{
	err->kind = kind;
	err->errnum = errnum < 0 ? -errnum : errnum;
	format_text(err->call, sizeof(err->call), "%s", call);
	err->where[0] = err->why[0] = err->fix[0] = '\0';
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_field(err->what, sizeof(err->what), fmt, args);
	va_end(args);
	start_error(err, kind, 0, "");
	return ERR;
}

int err_sys(struct err *err, int errnum, const char *call, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_field(err->what, sizeof(err->what), fmt, args);
	va_end(args);
	start_error(err, ERR_KERNEL, errnum, call);
	return ERR;
}

int err_where(struct err *err, const char *fmt, ...)
{
	va_list args;

	if (err->where[0])
		return ERR;
	va_start(args, fmt);
	set_field(err->where, sizeof(err->where), fmt, args);
	va_end(args);
	return ERR;
}

int err_why(struct err *err, const char *fmt, ...)
{
	va_list args;

	if (err->why[0])
		return ERR;
	va_start(args, fmt);
	set_field(err->why, sizeof(err->why), fmt, args);
	va_end(args);
	return ERR;
}

int err_fix(struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_field(err->fix, sizeof(err->fix), fmt, args);
	va_end(args);
	return ERR;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char prefix[sizeof(err->what)], what[sizeof(err->what)];
	struct cut_text text;
	va_list args;

	memcpy(what, err->what, sizeof(what));
	va_start(args, fmt);
	set_field(prefix, sizeof(prefix), fmt, args);
	va_end(args);

	/* Both are escaped already: doing it again changes nothing. */
	cut_start(&text, err->what, sizeof(err->what));
	cut_add_escaped(&text, prefix, sizeof(prefix));
	cut_add(&text, ": ", 2);
	cut_add_escaped(&text, what, sizeof(what));
	return ERR;
}

/* Escapes and bounds the fields once more: *err may have come as bytes from another process. */
size_t err_format(const struct err *err, bool long_form, char *buf, size_t size)
{
	const struct {
		const char *label, *text;
		size_t size;
	} lines[] = {
		{"\n  asked by  ", err->where, sizeof(err->where)},
		{"\n  because   ", err->why, sizeof(err->why)},
		{"\n  try       ", err->fix, sizeof(err->fix)},
	};
	const char *reason = err_text(err->errnum);
	struct cut_text text;
	char number[16];

	if (size <= sizeof(ERR_ELLIPSIS)) {
		if (size)
			buf[0] = '\0';
		return 0;
	}
	cut_start(&text, buf, size);
	cut_add_escaped(&text, err->what, sizeof(err->what));
	/* Without a call the sentence has told the reason itself. */
	if (err->errnum && err->call[0]) {
		cut_add(&text, ": ", 2);
		cut_add(&text, reason, strlen(reason));
		if (!err_name(err->errnum))
			cut_add(&text, number, format_text(number, sizeof(number), " %d", err->errnum));
	}
	for (size_t i = 0; long_form && i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!lines[i].text[0])
			continue;
		cut_add(&text, lines[i].label, strlen(lines[i].label));
		cut_add_escaped(&text, lines[i].text, lines[i].size);
	}
	return text.length;
}
