/* SPDX-License-Identifier: Apache-2.0 */
/* zsh: a function per verb that calls _arguments with the verb's options and operands. */
#include <string.h>

#include "cmd/document/document.h"

/* Text inside '…' where a colon or a bracket would mean something. */
static void add_quoted(struct buf *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\'')
			buf_puts(out, "'\\''");
		else if (strchr(":[]\\", text[i]))
			buf_printf(out, "\\%c", text[i]);
		else
			buf_add(out, text + i, 1);
	}
}

/* ":LABEL:ACTION" */
static void add_action(struct buf *out, const struct word *word, const char *function)
{
	static const struct {
		enum offer offer;
		const char *action;
	} single[] = {{OFFER_FILES, "_files"}, {OFFER_DIRECTORIES, "_directories"}, {OFFER_COMMANDS, "_command_names -e"}};

	buf_puts(out, ":");
	add_quoted(out, word->label, word->label_length);
	buf_puts(out, ":");
	if (!word->values_count)
		for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
			if (word->offers == single[i].offer) {
				buf_puts(out, single[i].action);
				return;
			}
	if (!word->offers && !word->values_count) {
		buf_puts(out, " ");
		return;
	}
	if (word->values_count && !word->offers) {
		buf_puts(out, "(");
		for (size_t i = 0; i < word->values_count; i++)
			buf_printf(out, "%s%s", i ? " " : "", word->values[i]);
		buf_puts(out, ")");
		return;
	}
	buf_printf(out, " _%s_any", function); /* a blank: without more arguments */
	if (word->offers & OFFER_CONTAINERS)
		buf_puts(out, " containers");
	if (word->offers & OFFER_CONTAINER_PATHS)
		buf_puts(out, " container-paths");
	if (word->offers & OFFER_FILES)
		buf_puts(out, " files");
	if (word->offers & OFFER_DIRECTORIES)
		buf_puts(out, " directories");
	if (word->offers & OFFER_COMMANDS)
		buf_puts(out, " commands");
	for (size_t i = 0; i < word->values_count; i++)
		buf_printf(out, " %s", word->values[i]);
}

/* One spec for each form: "-m+", "--memory=". */
static void add_form(struct buf *out, const struct opt *opt, bool letter, const char *function)
{
	struct word word cleanup_word = {0};

	buf_puts(out, "\t\t'");
	if (opt->type == OPT_LIST)
		buf_puts(out, "*");
	else if (opt->letter && opt->name)
		buf_printf(out, "(-%c --%s)", opt->letter, opt->name);
	if (letter)
		buf_printf(out, "-%c%s", opt->letter, option_takes_value(opt) ? "+" : "");
	else
		buf_printf(out, "--%s%s", opt->name,
			   opt->type == OPT_OPTIONAL ? "=-" : option_takes_value(opt) ? "=" : "");
	buf_puts(out, "[");
	add_quoted(out, opt->help, strlen(opt->help));
	buf_puts(out, "]");
	if (opt->argument) {
		word_read(&word, opt->argument, strlen(opt->argument));
		buf_puts(out, opt->type == OPT_OPTIONAL ? ":" : "");
		add_action(out, &word, function);
	}
	buf_puts(out, "' \\\n");
}

static void add_options(struct buf *out, const struct opt_verb *verb, const char *function)
{
	for (const struct opt *opt = option_next(verb, NULL); opt; opt = option_next(verb, opt)) {
		if (opt->letter)
			add_form(out, opt, true, function);
		if (opt->name)
			add_form(out, opt, false, function);
	}
}

static void add_verb(struct buf *out, const struct opt_verb *verb, const char *function)
{
	struct operands operands cleanup_operands;

	operands_read(&operands, verb);
	buf_printf(out, "(%s)\n\t_arguments -S%s \\\n", verb->name, verb->mixed ? "" : " -A '-*'");
	add_options(out, verb, function);
	for (size_t i = 0; i < operands.count; i++) {
		buf_puts(out, "\t\t'");
		if (operands.words[i].repeated)
			buf_puts(out, "*");
		else
			buf_printf(out, "%zu", i + 1);
		add_action(out, &operands.words[i], function);
		buf_puts(out, "' \\\n");
	}
	buf_puts(out, "\t\t&& return 0\n\t;;\n");
}

void complete_zsh(struct buf *out, const struct opt_program *program, const char *function)
{
	buf_printf(out, "_%s_verbs()\n{\n\tlocal -a verbs=(\n", function);
	for (size_t i = 0; i < program->verbs_count; i++) {
		buf_printf(out, "\t\t'%s:", program->verbs[i]->name);
		add_quoted(out, program->verbs[i]->summary, strlen(program->verbs[i]->summary));
		buf_puts(out, "'\n");
	}
	buf_printf(out, "\t)\n\t_describe -t commands command verbs\n}\n\n_%s_rest()\n{\n\tcase $words[1] in\n", function);
	for (size_t i = 0; i < program->verbs_count; i++)
		add_verb(out, program->verbs[i], function);
	buf_printf(out, "\tesac\n\treturn 1\n}\n\n_%s_global()\n{\n\t_arguments -C -S -A '-*' \\\n", function);
	add_options(out, program->global, function);
	buf_printf(out, "\t\t'1:command:_%s_verbs' \\\n\t\t'*::argument:->rest' && return 0\n", function);
	buf_puts(out, "\t[[ $state == rest ]] || return 1\n"
		      "\t[[ -z $opt_args[--root] ]] || root=(--root ${(Q)opt_args[--root]})\n");
	buf_printf(out, "\t_%s_rest\n}\n", function);
}
