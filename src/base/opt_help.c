/* SPDX-License-Identifier: Apache-2.0 */
/* opt_help: a verb's help text, from its table. The only file of base/ that knows stdio. */
#include <string.h>

#include "base/buf.h"
#include "base/opt.h"

#define HELP_WIDTH	80
#define HELP_COLUMN_MAX 32 /* options that are longer have their text on the next line */

static const struct opt help_option = {
	.type = OPT_FLAG, .letter = 'h', .name = "help", .help = "show this text and do nothing else"};

/* "  -b, --bundle DIR" */
static void add_left(struct buf *out, const struct opt *opt)
{
	if (opt->letter)
		buf_printf(out, "  -%c%s", opt->letter, opt->name ? ", " : "");
	else
		buf_puts(out, "      ");
	if (opt->name)
		buf_printf(out, "--%s", opt->name);
	if (opt->argument)
		buf_printf(out, opt->type == OPT_OPTIONAL ? "[=%s]" : " %s", opt->argument);
}

static size_t left_width(const struct opt *opt)
{
	struct buf cleanup_buf left = BUF_INIT;

	add_left(&left, opt);
	return left.length;
}

/* Words of text up to HELP_WIDTH, further lines begin at `column`, where the cursor is now. */
static void add_wrapped(struct buf *out, const char *text, size_t column)
{
	size_t at = column;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (at > column && at + 1 + word > HELP_WIDTH) {
			buf_printf(out, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			buf_puts(out, " ");
			at++;
		}
		buf_add(out, text, word);
		at += word;
		text += word;
		text += strspn(text, " ");
	}
}

static void add_option(struct buf *out, const struct opt *opt, size_t column)
{
	struct buf cleanup_buf left = BUF_INIT;
	struct buf cleanup_buf text = BUF_INIT;

	add_left(&left, opt);
	buf_printf(&text, "%s%s", opt->help, opt->type == OPT_LIST ? " (may be repeated)" : "");
	buf_add(out, left.data, left.length);
	if (left.length + 2 > column)
		buf_printf(out, "\n%*s", (int)column, "");
	else
		buf_printf(out, "%*s", (int)(column - left.length), "");
	if (text.data)
		add_wrapped(out, text.data, column);
	buf_puts(out, "\n");
	out->failed |= left.failed || text.failed;
}

static bool has_help_option(const struct opt_verb *verb)
{
	for (const struct opt *opt = verb->options; opt && opt->type != OPT_END; opt++)
		if (opt->name && !strcmp(opt->name, help_option.name))
			return true;
	return false;
}

static void add_options(struct buf *out, const struct opt_verb *verb)
{
	size_t column = left_width(&help_option) + 2;

	for (const struct opt *opt = verb->options; opt && opt->type != OPT_END; opt++) {
		size_t width = left_width(opt) + 2;

		if (opt->help && width > column && width <= HELP_COLUMN_MAX)
			column = width;
	}
	buf_puts(out, "\nOptions:\n");
	for (const struct opt *opt = verb->options; opt && opt->type != OPT_END; opt++)
		if (opt->help)
			add_option(out, opt, column);
	if (!has_help_option(verb))
		add_option(out, &help_option, column);
}

static void add_statuses(struct buf *out, const struct opt_status *statuses)
{
	buf_puts(out, "\nExit statuses:\n");
	for (; statuses->status; statuses++) {
		buf_printf(out, "  %-9s", statuses->status);
		add_wrapped(out, statuses->meaning, 11);
		buf_puts(out, "\n");
	}
}

void opt_add_help(struct buf *out, const char *program, const struct opt_verb *verb)
{
	buf_printf(out, "Usage: %s", program);
	if (verb->name)
		buf_printf(out, " %s", verb->name);
	if (verb->synopsis)
		buf_printf(out, " %s", verb->synopsis);
	buf_puts(out, "\n");
	if (verb->summary) {
		buf_puts(out, "\n");
		add_wrapped(out, verb->summary, 0);
		buf_puts(out, "\n");
	}
	add_options(out, verb);
	if (verb->examples) {
		size_t length = strlen(verb->examples);

		buf_printf(out, "\nExamples:\n%s%s", verb->examples,
			   length && verb->examples[length - 1] == '\n' ? "" : "\n");
	}
	if (verb->statuses)
		add_statuses(out, verb->statuses);
}

void opt_add_program_help(struct buf *out, const struct opt_program *program)
{
	struct opt_verb global = *program->global;
	size_t width = 0;

	for (size_t i = 0; i < program->verbs_count; i++)
		width = strlen(program->verbs[i]->name) > width ? strlen(program->verbs[i]->name) : width;
	global.statuses = NULL;
	opt_add_help(out, program->name, &global);
	buf_puts(out, "\nCommands:\n");
	for (size_t i = 0; i < program->verbs_count; i++)
		buf_printf(out, "  %-*s %s\n", (int)width, program->verbs[i]->name, program->verbs[i]->summary);
	if (program->global->statuses)
		add_statuses(out, program->global->statuses);
	buf_printf(out, "\n%s COMMAND --help tells more.\n", program->name);
}
