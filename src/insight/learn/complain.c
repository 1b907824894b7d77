// SPDX-License-Identifier: Apache-2.0
/*
 * learn/complain: what a program does, held against a profile that is there already: each fact that no entry allows. A
 * set that the profile leaves out restricts nothing. Pure.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "insight/learn/parts.h"

struct complaining {
	struct learn *learn;
	const struct profile *profile;
	learn_complain_fn *tell;
	void *context;
};

static void complain(const struct complaining *to, enum profile_set_id set, const char *text, const char *reason)
{
	/* Two files of procfs may be one to a profile, and one file may be used in two ways. */
	struct learn_fact *before = facts_put(to->learn, LEARN_TOLD + (int)set, text);

	if (before && before->told)
		return;
	if (before)
		before->told = true;
	to->tell(to->context, set, text, reason);
}

static void compare_path(const struct complaining *to, enum profile_set_id id, const char *path)
{
	const struct profile_set *set = &to->profile->sets[id];

	if (!set->present)
		return;
	for (size_t i = 0; i < set->count; i++)
		if (profile_path_matches(set->items[i].text, path))
			return;
	complain(to, id, path, "");
}

/* To remove or rename a file its directory is written, so that any entry in it will do. */
static void compare_replaced(const struct complaining *to, const char *path)
{
	const struct profile_set *set = &to->profile->sets[PROFILE_WRITE];
	size_t length = (size_t)(strrchr(path, '/') - path);
	char other[PATHS_MAX];

	snprintf(other, sizeof(other), "%.*s/x", (int)length, path);
	for (size_t i = 0; set->present && i < set->count; i++) {
		const char *text = set->items[i].text;

		if ((strrchr(text, '/') - text == (ptrdiff_t)length && strncmp(text, path, length) == 0) ||
		    profile_path_matches(text, other))
			return;
	}
	if (set->present)
		complain(to, PROFILE_WRITE, path, "");
}

static void compare_file(const struct complaining *to, const struct learn_fact *fact)
{
	char path[PATHS_MAX];

	if (strncmp(fact->text, "/proc/", 6) == 0) {
		fold_proc(fact->text, path, sizeof(path));
		compare_path(to, PROFILE_PROC, path);
	} else if (strncmp(fact->text, "/sys/", 5) == 0) {
		compare_path(to, PROFILE_SYS, fact->text);
	} else if (strncmp(fact->text, "/dev/", 5) == 0 && (S_ISCHR(fact->mode) || S_ISBLK(fact->mode))) {
		compare_path(to, PROFILE_DEVICES, fact->text);
	} else {
		if (fact->access & OBSERVE_READ)
			compare_path(to, PROFILE_READ, fact->text);
		if (fact->access & OBSERVE_EXECUTE)
			compare_path(to, PROFILE_EXECUTE, fact->text);
		if (fact->access & OBSERVE_REPLACE)
			compare_replaced(to, fact->text);
		else if (fact->access & OBSERVE_WRITE)
			compare_path(to, PROFILE_WRITE, fact->text);
	}
}

static void compare_amount(const struct complaining *to, const struct learn_fact *fact)
{
	const char *name = fact->text + fact->used;
	const struct profile_item *item = profile_find(PROFILE_LIMITS, &to->profile->sets[PROFILE_LIMITS], name);
	char text[80];

	if (!item || fact->number <= item->number)
		return;
	snprintf(text, sizeof(text), "%s %llu", name, (unsigned long long)fact->number);
	complain(to, PROFILE_LIMITS, text, fact->used ? "used" : "asked for");
}

static void compare(const struct complaining *to, const struct learn_fact *fact)
{
	enum profile_set_id id = (enum profile_set_id)fact->set;
	const struct profile_set *set;

	if (fact->set == LEARN_FILE) {
		compare_file(to, fact);
		return;
	}
	if (fact->set >= PROFILE_SETS)
		return;
	set = &to->profile->sets[id];
	if (id == PROFILE_LIMITS) {
		compare_amount(to, fact);
		return;
	}
	if (!set->present || profile_find(id, set, fact->text))
		return;
	/* An unnamed call's arguments say nothing more. */
	if (profile_rows[id].argument.syscall && !profile_find(PROFILE_SYSCALLS, &to->profile->sets[PROFILE_SYSCALLS],
							       profile_rows[id].argument.syscall))
		return;
	complain(to, id, fact->text, fact->reason);
}

void learn_complain(struct learn *learn, const struct profile *profile, learn_complain_fn *tell, void *context)
{
	const struct complaining to = {learn, profile, tell, context};

	for (struct learn_fact *fact = learn->first; fact; fact = fact->next) {
		/* A file may be used in one more way later. */
		if (fact->told && (fact->set != LEARN_FILE || fact->told_access == fact->access))
			continue;
		compare(&to, fact);
		fact->told_access = fact->access;
		fact->told = true;
	}
}
