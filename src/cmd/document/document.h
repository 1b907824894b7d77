/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document: manual pages and completions from a program's tables of verbs and options. Runs while the programs are built,
 * linked with the tables of one of them, and is not installed.
 */
#ifndef BULKHEAD_CMD_DOCUMENT_DOCUMENT_H
#define BULKHEAD_CMD_DOCUMENT_DOCUMENT_H

#include "base/buf.h"
#include "base/opt.h"

/* What can be offered in the place of a word; several together. */
enum offer {
	OFFER_FILES = 1 << 0,
	OFFER_DIRECTORIES = 1 << 1,
	OFFER_CONTAINERS = 1 << 2,
	OFFER_CONTAINER_PATHS = 1 << 3, /* NAME: */
	OFFER_COMMANDS = 1 << 4,	/* programs of the host */
};

#define WORD_VALUES_MAX	 128
#define WORD_OPERANDS_MAX 8

/* A word of a command line, as an option's argument or a synopsis names it. */
struct word {
	unsigned int offers; /* of enum offer */
	char *values[WORD_VALUES_MAX]; /* fixed ones */
	size_t values_count;
	bool repeated; /* this and all that follow */
	const char *label; /* how the synopsis calls it, without brackets: "CONTAINER" */
	size_t label_length;
};

/* What follows a verb. */
struct operands {
	struct word words[WORD_OPERANDS_MAX];
	size_t count;
};

/* "none|host", "FILE", "NAME|all": lower case is meant as it stands, the rest is looked up. Frees by word_done. */
void word_read(struct word *ret, const char *text, size_t length);
void word_done(struct word *word);
/* The places of a verb's synopsis; of its alternatives ("A | B") together. Frees by operands_done. */
void operands_read(struct operands *ret, const struct opt_verb *verb);
void operands_done(struct operands *operands);
#define cleanup_word __attribute__((cleanup(word_done)))
#define cleanup_operands __attribute__((cleanup(operands_done)))

/* Whether the next word may be its value. */
bool option_takes_value(const struct opt *opt);
/* The rows of a verb's table that are shown, then --help; NULL after the last. Begin with NULL. */
const struct opt *option_next(const struct opt_verb *verb, const struct opt *after);

/* A text file, whole; exits when it cannot be read. */

/*
 * One page. prose: hand-written sections, or NULL; its sections stand where mdoc(7) has them, between those that are made
 * from the table. date: "November 24, 2026".
 */
void man_verb(struct buf *out, const struct opt_program *program, const struct opt_verb *verb, const char *prose,
	      const char *date);
void man_program(struct buf *out, const struct opt_program *program, const char *section, const char *prose,
		 const char *date);

/* The tables of a completion, for the template of its shell. */
void complete_bash(struct buf *out, const struct opt_program *program, const char *function);
void complete_zsh(struct buf *out, const struct opt_program *program, const char *function);
void complete_fish(struct buf *out, const struct opt_program *program, const char *function);

#endif
