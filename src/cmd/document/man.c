/* SPDX-License-Identifier: Apache-2.0 */
/*
 * man: pages in mdoc(7). What the table knows (NAME, SYNOPSIS, OPTIONS, COMMANDS, EXIT STATUS, EXAMPLES) is written from it;
 * the rest is prose, by hand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/types.h"
#include "cmd/document/document.h"

#define TEXT_WIDTH 78

struct page {
	struct buf *out;
	const struct opt_program *program;
	const struct opt_verb *verb; /* NULL: the program's own page */
	const char *section;
	const char *prose;
};

/* What mdoc would take for markup, as plain text. */
static void add_escaped(struct buf *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\')
			buf_puts(out, "\\e");
		else if (text[i] == '-')
			buf_puts(out, "\\-");
		else if (length - i >= 3 && memcmp(text + i, "…", 3) == 0)
			buf_puts(out, "...");
		else if ((unsigned char)text[i] < 0x80)
			buf_add(out, text + i, 1);
	}
}

/* As an argument of a macro: a word that could be a macro or punctuation is protected. */
static void add_argument(struct buf *out, const char *text, size_t length)
{
	buf_puts(out, length < 4 ? " \\&" : " ");
	add_escaped(out, text, length);
}

/* A sentence in lines of their own, from the words of the help. */
static void add_sentence(struct buf *out, const char *text)
{
	bool first = true;
	size_t column = 0;

	while (*text) {
		size_t word = strcspn(text, " \n");
		char letter = *text;

		if (column && column + 1 + word > TEXT_WIDTH) {
			buf_puts(out, "\n");
			column = 0;
		} else if (column) {
			buf_puts(out, " ");
			column++;
		}
		if (column == 0 && (letter == '.' || letter == '\''))
			buf_puts(out, "\\&");
		/* The first word begins with a capital, unless it is a name such as 2026-01-31 or --fd. */
		if (first && letter >= 'a' && letter <= 'z') {
			letter = (char)(letter - 'a' + 'A');
			buf_add(out, &letter, 1);
			add_escaped(out, text + 1, word - 1);
		} else {
			add_escaped(out, text, word);
		}
		first = false;
		column += word;
		text += word;
		/* A sentence begins a line. */
		if (text[-1] == '.' && *text)
			column = TEXT_WIDTH;
		text += strspn(text, " \n");
	}
	buf_puts(out, out->length && out->data[out->length - 1] == '.' ? "\n" : ".\n");
}

/* The length of the first of what stands between bars; a bar inside brackets is part of it: "FROM:TO[:ro|idmap]". */
static size_t part_length(const char *text, size_t length)
{
	size_t at = 0;
	int depth = 0;

	for (; at < length && (depth > 0 || text[at] != '|'); at++)
		depth += (text[at] == '[') - (text[at] == ']');
	return at;
}

/* "none|host" with its parts apart: those in lower case are meant as they stand. */
static void add_placeholder(struct buf *out, const char *text, size_t length)
{
	bool literal = true;

	for (size_t i = 0; i < length; i++)
		literal &= (text[i] >= 'a' && text[i] <= 'z') || text[i] == '|' || text[i] == '-';
	buf_puts(out, literal ? " Cm" : " Ar");
	for (size_t at = 0; at < length;) {
		size_t part = part_length(text + at, length - at);

		add_argument(out, text + at, part);
		at += part + 1;
		if (at < length)
			buf_puts(out, " |");
	}
}

static void add_option(struct buf *out, const struct opt *opt)
{
	buf_puts(out, ".It");
	if (opt->letter)
		buf_printf(out, " Fl %c", opt->letter);
	if (opt->letter && opt->name)
		buf_puts(out, " ,");
	if (opt->name)
		buf_printf(out, " Fl -%s", opt->name);
	if (opt->argument && opt->type == OPT_OPTIONAL) {
		buf_puts(out, " Ns Op = Ns");
		add_placeholder(out, opt->argument, strlen(opt->argument));
	} else if (opt->argument) {
		add_placeholder(out, opt->argument, strlen(opt->argument));
	}
	buf_puts(out, "\n");
	add_sentence(out, opt->help);
	if (opt->type == OPT_LIST)
		buf_puts(out, "May be repeated.\n");
}

static void add_options(struct buf *out, const struct opt_verb *verb)
{
	buf_puts(out, ".Bl -tag -width Ds\n");
	for (const struct opt *opt = option_next(verb, NULL); opt; opt = option_next(verb, opt))
		add_option(out, opt);
	buf_puts(out, ".El\n");
}

/* One word of a synopsis, as a macro line. */
static void add_synopsis_word(struct buf *out, const char *text, size_t length)
{
	bool optional = length > 2 && text[0] == '[' && text[length - 1] == ']';
	struct word word cleanup_word = {0};

	word_read(&word, text, length);
	if (length == 9 && strncmp(text, "[options]", length) == 0) {
		buf_puts(out, ".Op Ar options\n");
		return;
	}
	buf_puts(out, optional ? ".Op" : ".");
	if (text[0] == '-') {
		buf_puts(out, "Fl");
		if (length > 2)
			add_argument(out, text + 1, length - 1);
		else
			buf_puts(out, " \\-");
	} else {
		struct buf rest cleanup_buf = BUF_INIT;

		add_placeholder(&rest, word.label, word.label_length);
		if (rest.data)
			buf_puts(out, optional ? rest.data : rest.data + 1);
		out->failed |= rest.failed;
	}
	buf_puts(out, word.repeated ? " ...\n" : "\n");
}

static void add_synopsis(struct buf *out, const char *program, const struct opt_verb *verb)
{
	const char *at = verb->synopsis ? verb->synopsis : "";
	bool begins = true;

	do {
		size_t length = strcspn(at, " ");

		if (begins)
			buf_printf(out, ".Nm %s%s%s\n", program, verb->name ? " " : "", verb->name ? verb->name : "");
		begins = length == 1 && *at == '|';
		if (!begins && length)
			add_synopsis_word(out, at, length);
		at += length;
		at += strspn(at, " ");
	} while (*at);
}

/* Lines that are indented are commands; what follows the last of them is text. */
static void add_examples(struct buf *out, const char *text)
{
	bool open = false;

	while (*text) {
		size_t length = strcspn(text, "\n");

		if (!open)
			buf_puts(out, ".Bd -literal\n");
		open = true;
		if (text[2] == '.' || text[2] == '\'')
			buf_puts(out, "\\&");
		add_escaped(out, text + 2, length - 2);
		buf_puts(out, "\n");
		text += length;
		text += *text == '\n';
		if (*text && strncmp(text, "  ", 2) != 0) {
			buf_puts(out, ".Ed\n.Pp\n");
			add_sentence(out, text);
			return;
		}
	}
	if (open)
		buf_puts(out, ".Ed\n");
}

static void add_statuses(struct buf *out, const struct opt_status *statuses)
{
	buf_puts(out, ".Bl -tag -width \"128 + n\"\n");
	for (; statuses->status; statuses++) {
		buf_printf(out, ".It %s\n", statuses->status);
		add_sentence(out, statuses->meaning);
	}
	buf_puts(out, ".El\n");
}

/* ---- the sections that the table makes; each is nothing when there is nothing ---- */

static void write_name(const struct page *page)
{
	const struct opt_verb *verb = page->verb ? page->verb : page->program->global;
	size_t length = strlen(verb->summary);
	char first = verb->summary[0], second = verb->summary[1];

	if (first >= 'A' && first <= 'Z' && second >= 'a' && second <= 'z')
		first = (char)(first - 'A' + 'a');
	buf_printf(page->out, ".Nm %s%s%s\n.Nd ", page->program->name, verb->name ? "-" : "", verb->name ? verb->name : "");
	buf_add(page->out, &first, 1);
	add_escaped(page->out, verb->summary + 1, length - 1 - (verb->summary[length - 1] == '.'));
	buf_puts(page->out, "\n");
}

static void write_synopsis(const struct page *page)
{
	add_synopsis(page->out, page->program->name, page->verb ? page->verb : page->program->global);
}

static void write_description(const struct page *page)
{
	add_sentence(page->out, (page->verb ? page->verb : page->program->global)->summary);
}

static void write_options(const struct page *page)
{
	add_options(page->out, page->verb ? page->verb : page->program->global);
}

static void write_commands(const struct page *page)
{
	const struct opt_program *program = page->program;
	bool apart = strcmp(page->section, "1") == 0;

	if (page->verb)
		return;
	if (apart)
		buf_puts(page->out, "Each has a page of its own.\n.Bl -tag -width Ds\n");
	for (size_t i = 0; i < program->verbs_count; i++) {
		const struct opt_verb *verb = program->verbs[i];

		if (apart) {
			buf_printf(page->out, ".It Xr %s-%s %s\n", program->name, verb->name, page->section);
			add_sentence(page->out, verb->summary);
			continue;
		}
		buf_printf(page->out, ".Ss %s\n.Bd -ragged -compact\n", verb->name);
		add_synopsis(page->out, program->name, verb);
		buf_puts(page->out, ".Ed\n.Pp\n");
		add_sentence(page->out, verb->summary);
		add_options(page->out, verb);
		if (verb->examples)
			add_examples(page->out, verb->examples);
	}
	if (apart)
		buf_puts(page->out, ".El\n");
}

static void write_status(const struct page *page)
{
	const struct opt_status *statuses = page->program->global->statuses;

	if (page->verb && page->verb->statuses)
		statuses = page->verb->statuses;
	if (statuses)
		add_statuses(page->out, statuses);
}

static void write_examples(const struct page *page)
{
	const struct opt_verb *verb = page->verb ? page->verb : page->program->global;

	if (verb->examples)
		add_examples(page->out, verb->examples);
}

static void write_see_also(const struct page *page)
{
	if (page->verb)
		buf_printf(page->out, ".Xr %s %s\n", page->program->name, page->section);
}

/* In the order of mdoc(7). */
static const struct section {
	const char *name;
	bool may_be_prose;
	void (*write)(const struct page *page); /* NULL: only by hand */
} sections[] = {
	{"NAME", false, write_name},
	{"SYNOPSIS", false, write_synopsis},
	{"DESCRIPTION", true, write_description},
	{"OPTIONS", false, write_options},
	{"COMMANDS", false, write_commands},
	{"ENVIRONMENT", true, NULL},
	{"FILES", true, NULL},
	{"EXIT STATUS", false, write_status},
	{"EXAMPLES", false, write_examples},
	{"DIAGNOSTICS", true, NULL},
	{"SEE ALSO", true, write_see_also},
	{"STANDARDS", true, NULL},
	{"CAVEATS", true, NULL},
	{"SECURITY CONSIDERATIONS", true, NULL},
};

/* The text below ".Sh NAME", up to the next one. */
static const char *find_section(const char *prose, const char *name, size_t *ret_length)
{
	size_t length = strlen(name);

	while (prose && *prose) {
		size_t line = strcspn(prose, "\n");
		const char *text = prose + line + (prose[line] == '\n');

		if (line == 4 + length && strncmp(prose, ".Sh ", 4) == 0 && strncmp(prose + 4, name, length) == 0) {
			const char *next = strstr(text, "\n.Sh ");

			*ret_length = next ? (size_t)(next + 1 - text) : strlen(text);
			return text;
		}
		prose = text;
	}
	return NULL;
}

static void check_prose(const struct page *page)
{
	const char *at = page->prose;

	while (at && *at) {
		size_t line = strcspn(at, "\n");
		bool known = strncmp(at, ".Sh ", 4) != 0;

		for (size_t i = 0; i < ARRAY_SIZE(sections) && !known; i++)
			known = sections[i].may_be_prose && line == 4 + strlen(sections[i].name) &&
				strncmp(at + 4, sections[i].name, line - 4) == 0;
		if (!known) {
			fprintf(stderr, "document: %s-%s: %.*s: this section is made from the table, or has no place\n",
				page->program->name, page->verb ? page->verb->name : "", (int)line, at);
			exit(1);
		}
		at += line + (at[line] == '\n');
	}
}

static void write_section(const struct page *page, const struct section *section)
{
	size_t length = 0, before;
	const char *text = find_section(page->prose, section->name, &length);

	if (!text && !section->write)
		return;
	buf_printf(page->out, ".Sh %s\n", section->name);
	before = page->out->length;
	if (text)
		buf_add(page->out, text, length);
	else
		section->write(page);
	if (page->out->length == before)
		page->out->length -= strlen(section->name) + 5;
}

static void write_page(const struct page *page, const char *date)
{
	const char *name = page->verb ? page->verb->name : "";

	check_prose(page);
	buf_printf(page->out, ".\\\" Made from the tables of the program; its prose is in man/.\n.Dd %s\n.Dt ", date);
	for (const char *at = page->program->name; *at; at++)
		buf_printf(page->out, "%c", *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
	if (page->verb)
		buf_puts(page->out, "-");
	for (const char *at = name; *at; at++)
		buf_printf(page->out, "%c", *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
	buf_printf(page->out, " %s\n.Os\n", page->section);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		write_section(page, &sections[i]);
}

void man_verb(struct buf *out, const struct opt_program *program, const struct opt_verb *verb, const char *prose,
	      const char *date)
{
	write_page(&(struct page){out, program, verb, "1", prose}, date);
}

void man_program(struct buf *out, const struct opt_program *program, const char *section, const char *prose,
		 const char *date)
{
	write_page(&(struct page){out, program, NULL, section, prose}, date);
}
