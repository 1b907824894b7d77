/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search: from what a person types to entries: a number, a pattern, a name, another name of it, or words of what one
 * wants to do. All entries are walked: there are some thousands, and it is done once.
 */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "abi/signals.h"
#include "abi/syscalls.h"
#include "base/opt.h"
#include "base/types.h"
#include "insight/reference/tables.h"

#define IOCTL_SIZE_MASK 0x3fff0000u
#define TEXT_MAX 256

struct search {
	const struct reference_query *query;
	size_t first, end;
	struct reference_found *items;
	size_t count;
	bool *seen; /* by index - first */
};

static void found(struct search *search, size_t index, enum reference_match match, uint32_t score)
{
	if (search->seen[index - search->first])
		return;
	search->seen[index - search->first] = true;
	search->items[search->count++] = (struct reference_found){(uint32_t)index, match, score};
}

/* ---- numbers ---- */

static bool read_number(const char *text, int64_t *ret_number)
{
	char *end;

	if (!isdigit((unsigned char)text[text[0] == '-']))
		return false;
	errno = 0;
	*ret_number = text[0] == '-' ? strtoll(text, &end, 0) : (int64_t)strtoull(text, &end, 0);
	return errno == 0 && *end == '\0';
}

static bool has_number(const struct search *search, const struct reference_entry *entry, int64_t number)
{
	if (entry->kind == REFERENCE_SYSCALL)
		return number >= 0 && number <= INT32_MAX &&
		       abi_syscall_number(search->query->arch, entry->name) == (int)number;
	/* System calls of the kernel return errors as negative numbers, and that is how traces show them. */
	if (entry->kind == REFERENCE_ERRNO && number < 0)
		return entry->value == -number;
	return entry->has_value && entry->value == number;
}

/* The real-time signals have one entry, that of the first: they have no names, and no meaning, of their own. */
static bool is_real_time(const struct reference_entry *entry, int64_t number)
{
	return entry->kind == REFERENCE_SIGNAL && number > entry->value && number <= ABI_SIGNAL_MAX &&
	       strcmp(entry->name, "SIGRTMIN") == 0;
}

/* An ioctl number holds the size of its argument; commands that take any size are listed with one of them. */
static bool differs_in_size(const struct reference_entry *entry, int64_t number)
{
	return entry->kind == REFERENCE_IOCTL && number > 0xffff && number <= UINT32_MAX && entry->value > 0xffff &&
	       (entry->value & ~(int64_t)IOCTL_SIZE_MASK) == (number & ~(int64_t)IOCTL_SIZE_MASK);
}

static void search_number(struct search *search, int64_t number)
{
	struct reference_entry entry;

	for (size_t i = search->first; i < search->end; i++) {
		reference_at(i, &entry);
		if (has_number(search, &entry, number))
			found(search, i, REFERENCE_BY_NUMBER, 0);
	}
	for (size_t i = search->first; i < search->end && search->count == 0; i++) {
		reference_at(i, &entry);
		if (differs_in_size(&entry, number))
			found(search, i, REFERENCE_BY_SIZE, 0);
		else if (is_real_time(&entry, number))
			found(search, i, REFERENCE_BY_ALIAS, 0);
	}
}

/* ---- names ---- */

/* What is often left out before a name, or put before it. */
static bool same_without_prefix(const struct reference_entry *entry, const char *text)
{
	static const struct {
		enum reference_kind kind;
		const char *prefix;
		bool added; /* by the caller; else it may be left out */
	} prefixes[] = {
		{REFERENCE_SYSCALL, "SYS_", true},     {REFERENCE_SYSCALL, "__NR_", true},
		{REFERENCE_SYSCALL, "sys_", true},     {REFERENCE_SYSCALL, "__x64_sys_", true},
		{REFERENCE_SIGNAL, "SIG", false},      {REFERENCE_CAPABILITY, "CAP_", false},
		{REFERENCE_SOCKET, "AF_", false},      {REFERENCE_CLONE, "CLONE_", false},
		{REFERENCE_PRCTL, "PR_", false},       {REFERENCE_KEYCTL, "KEYCTL_", false},
		{REFERENCE_PTRACE, "PTRACE_", false},  {REFERENCE_BPF, "BPF_", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t length = strlen(prefixes[i].prefix);
		const char *longer = prefixes[i].added ? text : entry->name;
		const char *shorter = prefixes[i].added ? entry->name : text;

		if (entry->kind == prefixes[i].kind && strncmp(longer, prefixes[i].prefix, length) == 0 &&
		    strcasecmp(longer + length, shorter) == 0)
			return true;
	}
	/* PF_INET is AF_INET. */
	return entry->kind == REFERENCE_SOCKET && strncasecmp(text, "PF_", 3) == 0 &&
	       strncmp(entry->name, "AF_", 3) == 0 && strcasecmp(text + 3, entry->name + 3) == 0;
}

static void search_name(struct search *search, const char *text)
{
	struct reference_entry entry;

	for (size_t i = search->first; i < search->end; i++) {
		reference_at(i, &entry);
		if (strcasecmp(entry.name, text) == 0)
			found(search, i, REFERENCE_BY_NAME, 0);
	}
	for (size_t i = search->first; i < search->end; i++) {
		reference_at(i, &entry);
		if (same_without_prefix(&entry, text) || reference_list_has(entry.aliases, text) ||
		    is_real_time(&entry, abi_signal_number(text)))
			found(search, i, REFERENCE_BY_ALIAS, 0);
	}
}

/* "/proc/17/exe" and "/proc/self/exe" are /proc/PID/exe; a key of /proc/sys is written with dots. */
static void path_to_name(const char *path, char name[TEXT_MAX])
{
	static const char sys[] = "/proc/sys/", proc[] = "/proc/";
	const char *rest = path + strlen(proc);
	size_t digits = strspn(rest, "0123456789");

	name[0] = '\0';
	if (strlen(path) >= TEXT_MAX - 4)
		return;
	if (strncmp(path, sys, strlen(sys)) == 0) {
		strcpy(name, path + strlen(sys));
		for (char *c = name; *c; c++)
			*c = *c == '/' ? '.' : *c;
	} else if (strncmp(path, proc, strlen(proc)) == 0 && digits && rest[digits] == '/') {
		strcpy(name, "/proc/PID");
		strcat(name, rest + digits);
	} else if (strncmp(path, "/proc/self/", 11) == 0 || strncmp(path, "/proc/thread-self/", 18) == 0) {
		strcpy(name, "/proc/PID");
		strcat(name, strchr(rest, '/'));
	} else {
		strcpy(name, path);
	}
}

/* A path that is not listed stands under the nearest directory that is. */
static void search_path(struct search *search, const char *path)
{
	char name[TEXT_MAX];
	struct reference_entry entry;

	path_to_name(path, name);
	while (search->count == 0 && name[0]) {
		char *cut = strrchr(name, name[0] == '/' ? '/' : '.');

		for (size_t i = search->first; i < search->end; i++) {
			reference_at(i, &entry);
			if (strcmp(entry.name, name) == 0)
				found(search, i, REFERENCE_BY_ALIAS, 0);
		}
		if (!cut || cut == name)
			return;
		*cut = '\0';
	}
}

static void search_pattern(struct search *search, const char *pattern)
{
	struct reference_entry entry;

	for (size_t i = search->first; i < search->end; i++) {
		reference_at(i, &entry);
		if (fnmatch(pattern, entry.name, FNM_CASEFOLD) == 0)
			found(search, i, REFERENCE_BY_PATTERN, 0);
	}
}

/* ---- words ---- */

static bool is_separator(char c)
{
	return c == '\0' || !isalnum((unsigned char)c);
}

enum word_place { WORD_NOWHERE, WORD_INSIDE, WORD_BEGINS, WORD_WHOLE };

static enum word_place word_in(const char *text, const char *word, size_t length)
{
	enum word_place best = WORD_NOWHERE;

	for (const char *at = text; *at; at++) {
		enum word_place place = WORD_INSIDE;

		if (strncasecmp(at, word, length) != 0)
			continue;
		if (at == text || is_separator(at[-1]))
			place = is_separator(at[length]) ? WORD_WHOLE : WORD_BEGINS;
		best = place > best ? place : best;
	}
	return best;
}

/* How well one word fits, 0 when it does not. */
static uint32_t word_score(const struct reference_entry *entry, const char *word, size_t length)
{
	enum word_place in_name = word_in(entry->name, word, length), in_words = word_in(entry->words, word, length);

	if (in_name == WORD_WHOLE)
		return 8;
	if (in_words == WORD_WHOLE)
		return 6;
	if (in_name == WORD_BEGINS || (in_name == WORD_INSIDE && length >= 4))
		return 5;
	if (in_words == WORD_BEGINS && length >= 3)
		return 4;
	if (word_in(entry->meaning, word, length) == WORD_WHOLE)
		return 3;
	if (word_in(entry->group, word, length) == WORD_WHOLE)
		return 2;
	return word_in(reference_kind_title(entry->kind), word, length) == WORD_WHOLE ? 1 : 0;
}

#define CALL_BONUS 5

static uint32_t words_score(const struct search *search, const struct reference_entry *entry, const char *words)
{
	uint32_t sum = 0, best = 0;

	for (const char *at = words + strspn(words, " "); *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");
		uint32_t score = word_score(entry, at, length);

		if (score == 0)
			return 0;
		sum += score;
		best = score > best ? score : best;
		at += length;
	}
	/* The kind alone says nothing. Whoever asks what to do mostly wants a call that there is here; risky ones first. */
	if (best < 2)
		return 0;
	if (entry->kind == REFERENCE_SYSCALL && abi_syscall_number(search->query->arch, entry->name) >= 0)
		sum += CALL_BONUS;
	return sum + (entry->risk >= REFERENCE_RISK_HIGH);
}

static int compare(const void *left, const void *right)
{
	const struct reference_found *a = left, *b = right;

	if (a->match != b->match)
		return a->match < b->match ? -1 : 1;
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static void search_words(struct search *search, const char *words)
{
	struct reference_entry entry;

	for (size_t i = search->first; i < search->end; i++) {
		uint32_t score;

		reference_at(i, &entry);
		score = words_score(search, &entry, words);
		if (score)
			found(search, i, REFERENCE_BY_WORDS, score);
	}
}

int reference_look_up(const struct reference_query *query, struct arena *arena, struct reference_results *ret_results,
		      struct err *err)
{
	struct search search = {.query = query};
	int64_t number;

	reference_range(query->kind, &search.first, &search.end);
	search.items = arena_calloc(arena, search.end - search.first, sizeof(*search.items));
	search.seen = arena_calloc(arena, search.end - search.first, sizeof(*search.seen));
	if (!search.items || !search.seen)
		return err_set(err, ERR_INTERNAL, "out of memory while looking up \"%s\"", query->text);
	if (read_number(query->text, &number)) {
		search_number(&search, number);
	} else if (strpbrk(query->text, "*?[")) {
		search_pattern(&search, query->text);
	} else {
		search_name(&search, query->text);
		if (query->text[0] == '/')
			search_path(&search, query->text);
		else
			search_words(&search, query->text);
	}
	qsort(search.items, search.count, sizeof(*search.items), compare);
	*ret_results = (struct reference_results){search.items, search.count};
	return 0;
}

static char *in_case(struct arena *arena, const char *text, int (*change)(int))
{
	char *copy = arena_strdup(arena, text);

	for (char *c = copy; c && *c; c++)
		*c = (char)change((unsigned char)*c);
	return copy;
}

size_t reference_nearest(int kind, const char *text, struct arena *arena, const char *ret_names[REFERENCE_NEAREST_MAX])
{
	size_t first, end, count = 0;
	const char **names;
	char *lower = in_case(arena, text, tolower), *upper = in_case(arena, text, toupper);

	reference_range(kind, &first, &end);
	names = arena_calloc(arena, end - first + 1, sizeof(*names));
	if (!names || !lower || !upper)
		return 0;
	for (size_t i = first; i < end; i++) {
		struct reference_entry entry;

		reference_at(i, &entry);
		names[i - first] = entry.name;
	}
	while (count < REFERENCE_NEAREST_MAX) {
		const char *nearest = opt_nearest(lower, names);

		nearest = nearest ? nearest : opt_nearest(upper, names);
		if (!nearest)
			break;
		ret_names[count++] = nearest;
		/* Every entry of that name leaves the list, so that the next one differs. */
		for (size_t i = 0; names[i]; i++)
			names[i] = strcmp(names[i], nearest) == 0 ? "" : names[i];
	}
	return count;
}
