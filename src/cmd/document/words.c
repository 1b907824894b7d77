/* SPDX-License-Identifier: Apache-2.0 */
/* words: what a synopsis or an option's argument says of the words that may stand there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/signals.h"
#include "base/types.h"
#include "cmd/cli.h"
#include "cmd/document/document.h"

#define ELLIPSIS "…"

/* Names that stand for something; all else in capitals stands for what only the caller can know. */
static const struct meaning {
	const char *name;
	unsigned int offers;
	const char *value; /* one that is always there */
} meanings[] = {
	{"FILE", OFFER_FILES, NULL},
	{"PATH", OFFER_FILES, NULL},
	{"PROFILE", OFFER_FILES, NULL},
	{"SOCKET", OFFER_FILES, NULL},
	{"ARGUMENT", OFFER_FILES, NULL},
	{"FROM:TO", OFFER_FILES, NULL},
	{"DIR", OFFER_DIRECTORIES, NULL},
	{"BUNDLE", OFFER_DIRECTORIES, NULL},
	{"CONTAINER", OFFER_CONTAINERS, NULL},
	{"CONTAINER:PATH", OFFER_CONTAINER_PATHS, NULL},
	{"COMMAND", OFFER_COMMANDS, NULL},
	{"SOURCE", OFFER_DIRECTORIES, "host"},
	{"A", OFFER_FILES | OFFER_CONTAINERS, NULL},
	{"B", OFFER_FILES | OFFER_CONTAINERS, NULL},
};

static const struct opt help_option = {
	.type = OPT_FLAG, .letter = 'h', .name = "help", .help = "show this text and do nothing else"};

bool option_takes_value(const struct opt *opt)
{
	return opt->type != OPT_FLAG && opt->type != OPT_IGNORE_FLAG && opt->type != OPT_OPTIONAL;
}

const struct opt *option_next(const struct opt_verb *verb, const struct opt *after)
{
	const struct opt *opt = after ? after + 1 : verb->options;

	if (after == &help_option)
		return NULL;
	while (opt && opt->type != OPT_END && !opt->help)
		opt++;
	return opt && opt->type != OPT_END ? opt : &help_option;
}

static void add_value(struct word *word, const char *text, size_t length)
{
	for (size_t i = 0; i < word->values_count; i++)
		if (strlen(word->values[i]) == length && strncmp(word->values[i], text, length) == 0)
			return;
	if (word->values_count == ARRAY_SIZE(word->values)) {
		fprintf(stderr, "document: more than %zu values in one place\n", ARRAY_SIZE(word->values));
		exit(1);
	}
	word->values[word->values_count++] = strndup(text, length);
}

static bool is_literal(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') || text[i] == '-'))
			return false;
	return length > 0 && text[0] != '-';
}

static void add_alternative(struct word *word, const char *text, size_t length)
{
	if (is_literal(text, length)) {
		add_value(word, text, length);
		return;
	}
	if (length == 6 && strncmp(text, "SIGNAL", length) == 0) {
		for (size_t i = 0; abi_signal_at(i); i++)
			add_value(word, abi_signal_at(i), strlen(abi_signal_at(i)));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		size_t known = strlen(meanings[i].name);

		/* "FROM:TO[:ro]": what is in brackets may follow. */
		if (strncmp(meanings[i].name, text, known < length ? known : length) != 0 || known > length ||
		    (known < length && text[known] != '['))
			continue;
		word->offers |= meanings[i].offers;
		if (meanings[i].value)
			add_value(word, meanings[i].value, strlen(meanings[i].value));
	}
}

void word_read(struct word *word, const char *text, size_t length)
{
	size_t tail = strlen(ELLIPSIS);

	if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (length > tail && memcmp(text + length - tail, ELLIPSIS, tail) == 0) {
		length -= tail;
		word->repeated = true;
	}
	if (!word->label) {
		word->label = text;
		word->label_length = length;
	}
	for (size_t at = 0; at < length;) {
		size_t part = 0;
		int depth = 0;

		for (; at + part < length && (depth > 0 || text[at + part] != '|'); part++)
			depth += (text[at + part] == '[') - (text[at + part] == ']');
		add_alternative(word, text + at, part);
		at += part + 1;
	}
}

void word_done(struct word *word)
{
	for (size_t i = 0; i < word->values_count; i++)
		free(word->values[i]);
	*word = (struct word){0};
}

static bool is_option_with_value(const struct opt_verb *verb, const char *text, size_t length)
{
	for (const struct opt *opt = option_next(verb, NULL); opt; opt = option_next(verb, opt))
		if (opt->name && length == strlen(opt->name) + 2 && strncmp(text + 2, opt->name, length - 2) == 0)
			return option_takes_value(opt);
	return false;
}

void operands_read(struct operands *ret, const struct opt_verb *verb)
{
	const char *at = verb->synopsis ? verb->synopsis : "";
	bool is_value = false;
	size_t place = 0;

	*ret = (struct operands){0};
	for (; *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");

		if (length == 1 && *at == '|') {
			place = 0;
		} else if (is_value || *at == '-' || (length == 9 && strncmp(at, "[options]", length) == 0)) {
			is_value = !is_value && *at == '-' && is_option_with_value(verb, at, length);
		} else if (place < WORD_OPERANDS_MAX) {
			word_read(&ret->words[place++], at, length);
			ret->count = place > ret->count ? place : ret->count;
		}
		at += length;
	}
}

void operands_done(struct operands *operands)
{
	for (size_t i = 0; i < operands->count; i++)
		word_done(&operands->words[i]);
}
