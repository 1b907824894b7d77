// SPDX-License-Identifier: Apache-2.0
/*
 * learn/fold: files as they were used become entries of the profile's sets: procfs, sysfs and devices have sets of their
 * own, the rest is read, written or executed. What another run names otherwise becomes a pattern: a process's number, a
 * random part of a name, the version of a library, one of many files of a directory. Nothing high up in the tree is
 * folded: all of /etc would be every secret there. Pure.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/types.h"
#include "insight/learn/parts.h"

#define MANY_IN_DIRECTORY 8  /* files of one directory become a pattern of all in it */
#define MANY_PROGRAMS	  32 /* the same for what is executed */
#define MANY_BELOW	  24 /* entries below one directory become all below it */
#define DEPTH_PATTERN	  2  /* the least depth of a directory that is folded: /var/log */
#define DEPTH_TREE	  3  /* the same for all below: /usr/share/doc */
#define ENTRIES_MAX	  256 /* of one set: above that DEPTH_TREE gives way, too */
#define RANDOM_LENGTH	  6

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && path[length] == '/' && path[length + 1];
}

static size_t depth_of(const char *path)
{
	size_t depth = 0;

	for (; *path; path++)
		depth += path[0] == '/' && path[1];
	return depth;
}

/* ---- names that are others the next time ---- */

/* A process's own directory as that of any process, and so a thread's: which one it is says nothing. */
void fold_proc(const char *path, char *buf, size_t size)
{
	const char *at = path + strlen("/proc/");
	size_t digits = strspn(at, "0123456789"), length;

	if (strncmp(at, "thread-self", 11) == 0 && (!at[11] || at[11] == '/'))
		digits = 11;
	if (!digits || (at[digits] && at[digits] != '/')) {
		snprintf(buf, size, "%s", path);
		return;
	}
	at += digits;
	length = (size_t)snprintf(buf, size, "/proc/self");
	if (strncmp(at, "/task/", 6) == 0 && isdigit((unsigned char)at[6])) {
		at += 6 + strspn(at + 6, "0123456789");
		length += (size_t)snprintf(buf + length, size - length, "/task/*");
	}
	snprintf(buf + length, size - length, "%s", at);
}

/* cpu3 as any cpu, node0 as any node: how many there are is the machine's business. */
static void fold_numbered(const char *path, char *buf, size_t size)
{
	size_t used = 0;

	while (*path && used + 3 < size) {
		size_t length = strcspn(path + 1, "/") + 1, letters = 1;

		while (letters < length && islower((unsigned char)path[letters]))
			letters++;
		if (letters > 1 && letters < length && strspn(path + letters, "0123456789") >= length - letters) {
			used += (size_t)snprintf(buf + used, size - used, "%.*s*", (int)letters, path);
		} else {
			used += (size_t)snprintf(buf + used, size - used, "%.*s", (int)length, path);
		}
		path += length;
	}
}

/* Does this run of letters and digits look made up? Digits alone are the number of a process, or the time. */
static bool is_random(const char *text, size_t length)
{
	size_t digits = 0, upper = 0, lower = 0;

	for (size_t i = 0; i < length; i++) {
		digits += isdigit((unsigned char)text[i]) != 0;
		upper += isupper((unsigned char)text[i]) != 0;
		lower += islower((unsigned char)text[i]) != 0;
	}
	if (digits == length)
		return length >= 3;
	return length >= RANDOM_LENGTH && ((digits && (upper || lower)) || (upper && lower && length <= 8));
}

/* The made up part of a file's name that was made in this run as "*". */
static void fold_random(const char *path, char *buf, size_t size)
{
	const char *name = strrchr(path, '/') + 1, *at = name;
	size_t used = (size_t)(name - path);

	snprintf(buf, size, "%.*s", (int)used, path);
	while (*at && used + 2 < size) {
		size_t length = 0, prefix = at == name && strncmp(at, "tmp", 3) == 0 ? 3 : 0;

		while (isalnum((unsigned char)at[length]))
			length++;
		if (prefix && length >= 3 + RANDOM_LENGTH) {
			used += (size_t)snprintf(buf + used, size - used, "tmp*");
		} else if (length && is_random(at, length)) {
			used += (size_t)snprintf(buf + used, size - used, "*");
		} else {
			length = length ?: 1;
			used += (size_t)snprintf(buf + used, size - used, "%.*s", (int)length, at);
		}
		at += length;
	}
}

/* libm.so.6 as any library of its directory: the next version is as good. */
static bool fold_library(const char *path, char *buf, size_t size)
{
	const char *name = strrchr(path, '/') + 1, *suffix = strstr(name, ".so");

	if (!suffix || (suffix[3] && suffix[3] != '.') || depth_of(path) <= DEPTH_PATTERN)
		return false;
	snprintf(buf, size, "%.*s*.so*", (int)(name - path), path);
	return true;
}

/* ---- where a file belongs ---- */

static bool add(struct learn *learn, enum profile_set_id set, const char *path)
{
	if (profile_rows[set].fault(path)) {
		learn_note(learn, true, "a path cannot stand in a profile: %.160s", path);
		return true;
	}
	return facts_put(learn, set, path) || !learn->broken;
}

static void fold_directory(const char *path, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s/*", (int)(strrchr(path, '/') - path), path);
}

static void add_written(struct learn *learn, const struct learn_fact *fact, const char *path)
{
	char folded[PATHS_MAX];

	snprintf(folded, sizeof(folded), "%s", path);
	if (fact->access & OBSERVE_REPLACE) {
		/* To remove or rename a file its directory is written: a rule for the file alone allows neither. */
		fold_directory(path, folded, sizeof(folded));
	} else if (fact->access & OBSERVE_MAKE) {
		fold_random(path, folded, sizeof(folded));
	}
	add(learn, PROFILE_WRITE, folded);
	/* What is made anew is not there when the rules are: they name its directory. */
	if (fact->access & OBSERVE_READ && fact->access & (OBSERVE_REPLACE | OBSERVE_MAKE))
		add(learn, PROFILE_READ, folded);
}

static void add_file(struct learn *learn, const struct learn_fact *fact)
{
	char path[PATHS_MAX], folded[PATHS_MAX];

	if (!paths_escape(fact->text, path, sizeof(path))) {
		learn_note(learn, true, "a path is too long for a profile: %.160s", fact->text);
		return;
	}
	if (is_below(path, "/proc")) {
		fold_proc(path, folded, sizeof(folded));
		add(learn, PROFILE_PROC, folded);
	} else if (is_below(path, "/sys")) {
		fold_numbered(path, folded, sizeof(folded));
		add(learn, PROFILE_SYS, folded);
	} else if (is_below(path, "/dev") && (S_ISCHR(fact->mode) || S_ISBLK(fact->mode))) {
		bool pts = is_below(path, "/dev/pts") && isdigit((unsigned char)path[strlen("/dev/pts/")]);

		add(learn, PROFILE_DEVICES, pts ? "/dev/pts/*" : path);
	} else {
		if (fact->access & OBSERVE_READ)
			add(learn, PROFILE_READ, fold_library(path, folded, sizeof(folded)) ? folded : path);
		if (fact->access & (OBSERVE_WRITE | OBSERVE_REPLACE))
			add_written(learn, fact, path);
		if (fact->access & OBSERVE_EXECUTE && fact->access & (OBSERVE_REPLACE | OBSERVE_MAKE))
			fold_directory(path, folded, sizeof(folded));
		else
			snprintf(folded, sizeof(folded), "%s", path);
		if (fact->access & OBSERVE_EXECUTE)
			add(learn, PROFILE_EXECUTE, folded);
	}
}

/* ---- many become one ---- */

struct entries {
	const char **items; /* sorted */
	size_t count;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* So that what lies in one directory stands together: by directory first. */
static int by_directory(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t m = (size_t)(strrchr(x, '/') - x), n = (size_t)(strrchr(y, '/') - y);
	int order = strncmp(x, y, m < n ? m : n);

	if (order)
		return order;
	return m != n ? (m < n ? -1 : 1) : strcmp(x, y);
}

static size_t directory_length(const char *path)
{
	return (size_t)(strrchr(path, '/') - path);
}

static bool in_same_directory(const char *a, const char *b)
{
	size_t length = directory_length(a);

	return length == directory_length(b) && strncmp(a, b, length) == 0;
}

/* Files of one directory, when they are many. */
static int fold_directories(struct learn *learn, struct entries *entries, size_t many)
{
	size_t kept = 0, next;

	qsort(entries->items, entries->count, sizeof(*entries->items), by_directory);
	for (size_t i = 0; i < entries->count; i = next) {
		const char *path = entries->items[i];
		size_t length = directory_length(path);

		for (next = i + 1; next < entries->count && in_same_directory(path, entries->items[next]);)
			next++;
		if (next - i >= many && depth_of(path) > DEPTH_PATTERN) {
			const char *folded = arena_printf(&learn->arena, "%.*s/*", (int)length, path);

			if (!folded)
				return ERR;
			entries->items[kept++] = folded;
			continue;
		}
		for (size_t j = i; j < next; j++)
			entries->items[kept++] = entries->items[j];
	}
	entries->count = kept;
	return 0;
}

/* How many of the entries from `at` on lie below the first `length` bytes of the one at `at`. */
static size_t count_below(const struct entries *entries, size_t at, size_t length)
{
	const char *path = entries->items[at];
	size_t end = at;

	while (end < entries->count && strncmp(entries->items[end], path, length) == 0 &&
	       entries->items[end][length] == '/')
		end++;
	return end - at;
}

/* The length of the highest directory above path, at least `depth` deep, below which there are many entries; 0: none. */
static size_t tree_above(const struct entries *entries, size_t at, size_t depth)
{
	const char *path = entries->items[at];
	size_t level = 0;

	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/' || ++level < depth)
			continue;
		/* Directories that only hold one other are no better than it. */
		if (count_below(entries, at, i) >= MANY_BELOW)
			return i;
	}
	return 0;
}

/* Deep trees. In sorted order all below a directory stands together, but for names with bytes below "/". */
static int fold_trees(struct learn *learn, struct entries *entries, size_t depth)
{
	size_t kept = 0;

	qsort(entries->items, entries->count, sizeof(*entries->items), by_text);
	for (size_t i = 0; i < entries->count;) {
		size_t length = tree_above(entries, i, depth);
		const char *path = entries->items[i];

		if (!length) {
			entries->items[kept++] = path;
			i++;
			continue;
		}
		i += count_below(entries, i, length);
		path = arena_printf(&learn->arena, "%.*s/**", (int)length, path);
		if (!path)
			return ERR;
		entries->items[kept++] = path;
	}
	entries->count = kept;
	return 0;
}

/* The facts of this set are taken out, folded, and put back. */
static int fold_set(struct learn *learn, enum profile_set_id set, size_t many)
{
	struct entries entries = {.items = arena_calloc(&learn->arena, learn->facts_count + 1, sizeof(char *))};

	if (!entries.items)
		return ERR;
	for (struct learn_fact *fact = learn->first; fact; fact = fact->next)
		if (fact->set == (int)set) {
			entries.items[entries.count++] = fact->text;
			fact->set = LEARN_FOLDED;
		}
	if (fold_directories(learn, &entries, many) || fold_trees(learn, &entries, DEPTH_TREE))
		return ERR;
	if (entries.count > ENTRIES_MAX && fold_trees(learn, &entries, DEPTH_PATTERN))
		return ERR;
	for (size_t i = 0; i < entries.count; i++)
		if (!facts_put(learn, (int)set, entries.items[i]))
			return ERR;
	return 0;
}

/* ---- limits ---- */

static uint64_t with_margin(const char *name, uint64_t used)
{
	static const struct {
		const char *name;
		uint64_t least, step;
	} rows[] = {
		{"memory", 64 << 20, 16 << 20},
		{"pids", 16, 8},
		{"cpuMillis", 1000, 500},
		{"RLIMIT_NOFILE", 1024, 256},
	};
	uint64_t amount = used > UINT64_MAX / 4 ? UINT64_MAX : used * 2;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].name, name) == 0) {
			amount = (amount + rows[i].step - 1) / rows[i].step * rows[i].step;
			return amount < rows[i].least ? rows[i].least : amount;
		}
	return amount;
}

/* What was used, with a margin, and what was asked for: the higher of the two; no limit when none was asked for. */
static int fold_limits(struct learn *learn)
{
	struct learn_fact *last = NULL;

	for (struct learn_fact *fact = learn->first; fact; fact = fact->next)
		last = fact->set == PROFILE_LIMITS ? fact : last;
	for (struct learn_fact *fact = learn->first; last && fact; fact = fact == last ? NULL : fact->next) {
		const char *name = fact->text + fact->used;
		uint64_t amount = fact->used ? with_margin(name, fact->number) : fact->number;
		struct learn_fact *whole;

		if (fact->set != PROFILE_LIMITS)
			continue;
		fact->set = LEARN_FOLDED;
		whole = facts_put(learn, LEARN_LIMIT, name);
		if (!whole)
			return ERR;
		whole->number = amount > whole->number ? amount : whole->number;
	}
	for (struct learn_fact *fact = learn->first; fact; fact = fact->next)
		if (fact->set == LEARN_LIMIT)
			fact->set = fact->number == UINT64_MAX ? LEARN_FOLDED : PROFILE_LIMITS;
	return 0;
}

int fold_files(struct learn *learn)
{
	struct learn_fact *last = NULL;

	for (struct learn_fact *fact = learn->first; fact; fact = fact->next)
		last = fact->set == LEARN_FILE ? fact : last;
	for (struct learn_fact *fact = learn->first; last && fact; fact = fact == last ? NULL : fact->next)
		if (fact->set == LEARN_FILE)
			add_file(learn, fact);
	if (fold_set(learn, PROFILE_READ, MANY_IN_DIRECTORY) || fold_set(learn, PROFILE_WRITE, MANY_IN_DIRECTORY) ||
	    fold_set(learn, PROFILE_EXECUTE, MANY_PROGRAMS) || fold_set(learn, PROFILE_PROC, MANY_IN_DIRECTORY) ||
	    fold_set(learn, PROFILE_SYS, MANY_IN_DIRECTORY))
		return ERR;
	return fold_limits(learn);
}
