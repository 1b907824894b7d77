/* SPDX-License-Identifier: Apache-2.0 */
/* opt: the parser of opt.h. Runs first of all, on what the caller wrote; touches nothing but argv and the target. */
#include "base/opt.h"

#include <errno.h>
#include <string.h>

#include "base/types.h"

#define NEAREST_WORD_MAX 64

/* One use of an option on the command line. */
struct use {
	const struct opt *opt;
	const char *value; /* NULL when there is none */
};

static bool takes_value(const struct opt *opt)
{
	return opt->type != OPT_FLAG && opt->type != OPT_IGNORE_FLAG && opt->type != OPT_OPTIONAL;
}

/* How errors call an option: "--name", or "-x" for one that has a letter only. buf holds 64 bytes. */
static const char *shown_name(const struct opt *opt, char *buf)
{
	size_t length = opt->name ? strnlen(opt->name, 60) : 1;

	memcpy(buf, "--", 2);
	memcpy(buf + (opt->name ? 2 : 1), opt->name ? opt->name : &opt->letter, length);
	buf[(opt->name ? 2 : 1) + length] = '\0';
	return buf;
}

static const struct opt *find_option(const struct opt_verb *verb, const char *name, size_t length)
{
	for (const struct opt *opt = verb->options; opt && opt->type != OPT_END; opt++) {
		if (length == 1 && opt->letter && opt->letter == name[0])
			return opt;
		if (opt->name && strlen(opt->name) == length && !memcmp(opt->name, name, length))
			return opt;
	}
	return NULL;
}

static bool parse_decimal(const char *text, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++)
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	*ret = value;
	return true;
}

static int store_flag(const struct use *use, bool *flag, struct err *err)
{
	char name[64];

	if (!use->value || !strcmp(use->value, "true")) {
		*flag = true;
		return 0;
	}
	if (!strcmp(use->value, "false")) {
		*flag = false;
		return 0;
	}
	err_set(err, ERR_USAGE, "option %s is true or false, not \"%s\"", shown_name(use->opt, name), use->value);
	return err_fix(err, "%s=true or %s=false", name, name);
}

static int store_number(const struct use *use, uint64_t *number, struct err *err)
{
	char name[64];

	if (parse_decimal(use->value, number))
		return 0;
	err_set(err, ERR_USAGE, "option %s takes a number, not \"%s\"", shown_name(use->opt, name), use->value);
	return err_fix(err, "a decimal number from 0 to 18446744073709551615");
}

static int store_item(const struct use *use, struct opt_list *list, struct err *err)
{
	char name[64];

	if (list->count < list->capacity) {
		list->items[list->count++] = use->value;
		return 0;
	}
	err_set(err, ERR_USAGE, "option %s is given more than %zu times", shown_name(use->opt, name), list->capacity);
	return err_fix(err, "give it less often");
}

static int store(const struct use *use, void *target, struct err *err)
{
	void *place = (char *)target + use->opt->offset;

	switch (use->opt->type) {
	case OPT_FLAG:
		return store_flag(use, place, err);
	case OPT_STRING:
	case OPT_OPTIONAL:
		*(const char **)place = use->value ? use->value : "";
		return 0;
	case OPT_U64:
		return store_number(use, place, err);
	case OPT_LIST:
		return store_item(use, place, err);
	default:
		return 0; /* accepted, without effect */
	}
}

/* ---- the nearest name ---- */

struct nearest {
	const char *word;
	const char *name; /* the best so far */
	size_t distance;  /* only what is nearer than this counts */
};

static size_t smallest(size_t one, size_t other, size_t third)
{
	size_t least = one < other ? one : other;

	return least < third ? least : third;
}

/* Insertions, deletions, changes and swaps of neighbours that turn one word into the other. */
static size_t edit_distance(const char *one, const char *other)
{
	size_t rows[3][NEAREST_WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	size_t length = strlen(other);

	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; one[i - 1]; i++) {
		size_t *free_row = before;

		before = above;
		above = row;
		row = free_row;
		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t change = above[j - 1] + (one[i - 1] != other[j - 1]);

			row[j] = smallest(above[j] + 1, row[j - 1] + 1, change);
			if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
	}
	return row[length];
}

static struct nearest nearest_to(const char *word)
{
	size_t length = strlen(word);

	/* One mistake in a short word, two from six letters, three from nine: beyond that it is a guess. */
	return (struct nearest){.word = word, .distance = 2 + (length >= 6) + (length >= 9)};
}

static void nearest_offer(struct nearest *nearest, const char *name)
{
	size_t length = strlen(nearest->word), distance;

	if (length == 0 || length > NEAREST_WORD_MAX || strlen(name) > NEAREST_WORD_MAX)
		return;
	distance = edit_distance(nearest->word, name);
	/* A word that was broken off ("pid" for "pid-file") is near too, but never nearer than a real slip. */
	if (length >= 3 && !strncmp(nearest->word, name, length) && distance >= nearest->distance)
		distance = nearest->name ? distance : nearest->distance - 1;
	/* One letter may become another by one change, without any likeness. */
	if (distance < nearest->distance && distance < strlen(name)) {
		nearest->name = name;
		nearest->distance = distance;
	}
}

const char *opt_nearest(const char *word, const char *const *names)
{
	struct nearest nearest = nearest_to(word);

	for (; *names; names++)
		nearest_offer(&nearest, *names);
	return nearest.name;
}

const struct opt_verb *opt_find_verb(const struct opt_program *program, const char *name, struct err *err)
{
	struct nearest nearest = nearest_to(name);

	for (size_t i = 0; i < program->verbs_count; i++) {
		if (strcmp(name, program->verbs[i]->name) == 0)
			return program->verbs[i];
		nearest_offer(&nearest, program->verbs[i]->name);
	}
	err_set(err, ERR_USAGE, "unknown command \"%s\"", name);
	if (nearest.name)
		err_fix(err, "%s %s", program->name, nearest.name);
	else
		err_fix(err, "%s --help, which lists the commands", program->name);
	return NULL;
}

static int fail_unknown(const struct opt_verb *verb, const char *written, const char *name, size_t length,
			struct err *err)
{
	char word[NEAREST_WORD_MAX + 1] = "";
	struct nearest nearest;

	if (length < sizeof(word))
		memcpy(word, name, length);
	nearest = nearest_to(word);
	for (const struct opt *opt = verb->options; opt && opt->type != OPT_END; opt++)
		if (opt->name && opt->help)
			nearest_offer(&nearest, opt->name);
	nearest_offer(&nearest, "help");
	if (nearest.name)
		err_set(err, ERR_USAGE, "unknown option %.*s, the nearest is --%s", (int)(name + length - written),
			written, nearest.name);
	else
		err_set(err, ERR_USAGE, "unknown option %.*s", (int)(name + length - written), written);
	if (length && name[0] >= '0' && name[0] <= '9')
		return err_fix(err, "if it is a value and no option, put -- before it: -- %s", written);
	return err_fix(err, "%s %s%s--help, which lists the options", program_invocation_short_name, verb->name ? verb->name : "",
		       verb->name ? " " : "");
}

/* ---- the command line ---- */

/* Whether word is written as an option; "-" alone is an operand. */
static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

/* "-it": letters of flags, together. */
static bool is_group(const struct opt_verb *verb, const char *letters)
{
	for (const char *at = letters; *at; at++) {
		const struct opt *opt = find_option(verb, at, 1);

		if (!opt || opt->type != OPT_FLAG)
			return false;
	}
	return letters[0] && letters[1];
}

static int store_group(const struct opt_verb *verb, const char *letters, void *target, struct err *err)
{
	for (; *letters; letters++) {
		struct use use = {.opt = find_option(verb, letters, 1)};

		if (store(&use, target, err) < 0)
			return ERR;
	}
	return 0;
}

/*
 * argv[*index] is an option: stores it, and steps over its value when that is an argument of its own. ret_help is set
 * instead when it asks for help and the table has no such option.
 */
static int take_option(const struct opt_verb *verb, int argc, char **argv, int *index, void *target, bool *ret_help,
		       struct err *err)
{
	const char *written = argv[*index], *name = written + (written[1] == '-' ? 2 : 1);
	size_t length = strcspn(name, "=");
	struct use use = {.opt = find_option(verb, name, length)};
	char shown[64];

	if (!use.opt && (!strcmp(written, "--help") || !strcmp(written, "-help") || !strcmp(written, "-h"))) {
		*ret_help = true;
		return 0;
	}
	if (!use.opt && written[1] != '-' && is_group(verb, name))
		return store_group(verb, name, target, err);
	if (!use.opt)
		return fail_unknown(verb, written, name, length, err);
	if (name[length] == '=') {
		use.value = name + length + 1;
	} else if (takes_value(use.opt)) {
		if (*index + 1 >= argc) {
			err_set(err, ERR_USAGE, "option %s requires an argument (%s)", shown_name(use.opt, shown),
				use.opt->argument ? use.opt->argument : "VALUE");
			return err_fix(err, "%s %s", shown, use.opt->argument ? use.opt->argument : "VALUE");
		}
		use.value = argv[++*index];
	}
	return store(&use, target, err);
}

int opt_parse(const struct opt_verb *verb, int argc, char **argv, void *target, int *ret_operands, bool *ret_help,
	      struct err *err)
{
	bool ended = false, separated = false, help = false;
	int operands = 0;

	for (int i = 1; i < argc && !help; i++) {
		bool separates = verb->separated && operands == 1 && !separated;

		if (!strcmp(argv[i], "--") && (!ended || separates)) {
			ended = true;
			separated = separates;
		} else if (!ended && is_option(argv[i])) {
			if (take_option(verb, argc, argv, &i, target, &help, err) < 0)
				return ERR;
		} else {
			argv[operands++] = argv[i];
			ended |= !verb->mixed;
		}
	}
	if (operands < argc)
		argv[operands] = NULL;
	*ret_operands = operands;
	*ret_help = help;
	return 0;
}
