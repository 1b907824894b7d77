/* SPDX-License-Identifier: Apache-2.0 */
/* bash: the tables that complete.bash looks into, as functions with one case each. */
#include <string.h>

#include "cmd/document/document.h"

struct offer_name {
	enum offer offer;
	const char *function;
};
static const struct offer_name offer_names[] = {
	{OFFER_FILES, "files"}, {OFFER_DIRECTORIES, "directories"}, {OFFER_CONTAINERS, "containers"},
	{OFFER_CONTAINER_PATHS, "container_paths"}, {OFFER_COMMANDS, "commands"},
};

static void add_offers(struct buf *out, const struct word *word, const char *function)
{
	for (size_t i = 0; i < sizeof(offer_names) / sizeof(offer_names[0]); i++)
		if (word->offers & offer_names[i].offer)
			buf_printf(out, " _%s_%s;", function, offer_names[i].function);
	if (word->values_count) {
		buf_printf(out, " _%s_words", function);
		for (size_t i = 0; i < word->values_count; i++)
			buf_printf(out, " %s", word->values[i]);
		buf_puts(out, ";");
	}
}

/* 'run -m' | 'run --memory' */
static void add_pattern(struct buf *out, const char *verb, const struct opt *opt)
{
	if (opt->letter)
		buf_printf(out, "'%s -%c'%s", verb, opt->letter, opt->name ? " | " : "");
	if (opt->name)
		buf_printf(out, "'%s --%s'", verb, opt->name);
}

static void add_options(struct buf *out, const struct opt_verb *verb)
{
	buf_printf(out, "\t'%s') echo '", verb->name ? verb->name : "");
	for (const struct opt *opt = option_next(verb, NULL); opt; opt = option_next(verb, opt)) {
		if (opt->letter)
			buf_printf(out, "-%c ", opt->letter);
		if (opt->name)
			buf_printf(out, "--%s ", opt->name);
	}
	buf_puts(out, "' ;;\n");
}

static void add_values(struct buf *out, const struct opt_verb *verb, const char *function)
{
	for (const struct opt *opt = option_next(verb, NULL); opt; opt = option_next(verb, opt)) {
		struct word word cleanup_word = {0};

		if (!opt->argument)
			continue;
		word_read(&word, opt->argument, strlen(opt->argument));
		if (!word.offers && !word.values_count)
			continue;
		buf_puts(out, "\t");
		add_pattern(out, verb->name ? verb->name : "", opt);
		buf_puts(out, ")");
		add_offers(out, &word, function);
		buf_puts(out, " : ;;\n");
	}
}

static void add_operands(struct buf *out, const struct opt_verb *verb, const char *function)
{
	struct operands operands cleanup_operands;

	operands_read(&operands, verb);
	for (size_t i = 0; i < operands.count; i++) {
		buf_printf(out, operands.words[i].repeated ? "\t'%s '*)" : "\t'%s %zu')", verb->name, i);
		add_offers(out, &operands.words[i], function);
		buf_puts(out, " : ;;\n");
	}
}

/* A function whose one case lists what add gives for the program and for each verb. */
static void add_takes_value(struct buf *out, const struct opt_verb *verb)
{
	for (const struct opt *opt = option_next(verb, NULL); opt; opt = option_next(verb, opt))
		if (option_takes_value(opt)) {
			buf_puts(out, "\t");
			add_pattern(out, verb->name ? verb->name : "", opt);
			buf_puts(out, ") return 0 ;;\n");
		}
}

void complete_bash(struct buf *out, const struct opt_program *program, const char *function)
{
	buf_printf(out, "_%s_options()\n{\n\tcase $1 in\n", function);
	add_options(out, program->global);
	for (size_t i = 0; i < program->verbs_count; i++)
		add_options(out, program->verbs[i]);
	buf_printf(out, "\tesac\n}\n\n_%s_takes_value()\n{\n\tcase $1 in\n", function);
	add_takes_value(out, program->global);
	for (size_t i = 0; i < program->verbs_count; i++)
		add_takes_value(out, program->verbs[i]);
	buf_printf(out, "\tesac\n\treturn 1\n}\n\n_%s_values()\n{\n\tcase $1 in\n", function);
	add_values(out, program->global, function);
	for (size_t i = 0; i < program->verbs_count; i++)
		add_values(out, program->verbs[i], function);
	buf_printf(out, "\tesac\n}\n\n_%s_operands()\n{\n\tcase $1 in\n\t' 0') _%s_words", function, function);
	for (size_t i = 0; i < program->verbs_count; i++)
		buf_printf(out, " %s", program->verbs[i]->name);
	buf_puts(out, " help ;;\n");
	for (size_t i = 0; i < program->verbs_count; i++)
		add_operands(out, program->verbs[i], function);
	buf_printf(out, "\tesac\n}\n\n_%s_mixed()\n{\n\tcase $1 in\n\t''", function);
	for (size_t i = 0; i < program->verbs_count; i++)
		if (program->verbs[i]->mixed)
			buf_printf(out, " | %s", program->verbs[i]->name);
	buf_puts(out, ") return 0 ;;\n\tesac\n\treturn 1\n}\n");
}
