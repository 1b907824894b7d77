/* SPDX-License-Identifier: Apache-2.0 */
/* fish: a line for each option and for each place of an operand. */
#include <string.h>

#include "cmd/document/document.h"

static void add_quoted(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_printf(out, *text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
}

/* " -a '…'", " -F": what may stand there. */
static void add_offers(struct buf *out, const struct word *word, const char *function)
{
	buf_puts(out, " -a '");
	for (size_t i = 0; i < word->values_count; i++)
		buf_printf(out, "%s%s", i ? " " : "", word->values[i]);
	if (word->offers & OFFER_CONTAINERS)
		buf_printf(out, " (__%s_containers)", function);
	if (word->offers & OFFER_CONTAINER_PATHS)
		buf_printf(out, " (__%s_containers):", function);
	if (word->offers & OFFER_DIRECTORIES)
		buf_puts(out, " (__fish_complete_directories (commandline -ct))");
	if (word->offers & OFFER_COMMANDS)
		buf_puts(out, " (__fish_complete_command)");
	buf_puts(out, word->offers & OFFER_FILES ? "' -F" : "'");
}

static void add_options(struct buf *out, const struct opt_program *program, const struct opt_verb *verb,
			const char *function)
{
	for (const struct opt *opt = option_next(verb, NULL); opt; opt = option_next(verb, opt)) {
		struct word word cleanup_word = {0};

		buf_printf(out, "complete -c %s -n '__%s_options \"%s\"'", program->name, function,
			   verb->name ? verb->name : "");
		if (opt->letter)
			buf_printf(out, " -s %c", opt->letter);
		if (opt->name)
			buf_printf(out, " -l %s", opt->name);
		if (option_takes_value(opt))
			buf_puts(out, " -r");
		if (opt->argument) {
			word_read(&word, opt->argument, strlen(opt->argument));
			add_offers(out, &word, function);
			buf_puts(out, word.offers & OFFER_FILES ? "" : " -f");
		}
		buf_puts(out, " -d '");
		add_quoted(out, opt->help);
		buf_puts(out, "'\n");
	}
}

static void add_operands(struct buf *out, const struct opt_program *program, const struct opt_verb *verb,
			 const char *function)
{
	struct operands operands cleanup_operands;

	operands_read(&operands, verb);
	for (size_t i = 0; i < operands.count; i++) {
		if (!operands.words[i].offers && !operands.words[i].values_count)
			continue;
		buf_printf(out, "complete -c %s -n '__%s_place %s %zu%s'", program->name, function, verb->name, i,
			   operands.words[i].repeated ? " more" : "");
		add_offers(out, &operands.words[i], function);
		buf_puts(out, "\n");
	}
}

void complete_fish(struct buf *out, const struct opt_program *program, const char *function)
{
	const struct opt_verb *const *verbs = program->verbs;

	buf_printf(out, "set -g __%s_mixed ''", function);
	for (size_t i = 0; i < program->verbs_count; i++)
		if (verbs[i]->mixed)
			buf_printf(out, " %s", verbs[i]->name);
	buf_printf(out, "\nset -g __%s_valued", function);
	for (size_t i = 0; i <= program->verbs_count; i++) {
		const struct opt_verb *verb = i ? verbs[i - 1] : program->global;
		const char *name = verb->name ? verb->name : "";

		for (const struct opt *opt = option_next(verb, NULL); opt; opt = option_next(verb, opt)) {
			if (opt->letter && option_takes_value(opt))
				buf_printf(out, " '%s -%c'", name, opt->letter);
			if (opt->name && option_takes_value(opt))
				buf_printf(out, " '%s --%s'", name, opt->name);
		}
	}
	buf_printf(out, "\n\ncomplete -c %s -f\n", program->name);
	for (size_t i = 0; i < program->verbs_count; i++) {
		buf_printf(out, "complete -c %s -n '__%s_place \"\" 0' -a %s -d '", program->name, function, verbs[i]->name);
		add_quoted(out, verbs[i]->summary);
		buf_puts(out, "'\n");
	}
	add_options(out, program, program->global, function);
	for (size_t i = 0; i < program->verbs_count; i++) {
		add_options(out, program, verbs[i], function);
		add_operands(out, program, verbs[i], function);
	}
}
