/* SPDX-License-Identifier: Apache-2.0 */
/* refusal: which row of the table matches, and its sentences with the facts' texts in them. */
#include "core/cause/refusal.h"

#include <stdio.h>
#include <string.h>

#include "base/types.h"

static const char *const layers[REFUSAL_LAYER_COUNT] = {
	[REFUSAL_UNKNOWN] = "unknown",
	[REFUSAL_SECCOMP] = "seccomp",
	[REFUSAL_CAPABILITY] = "capability",
	[REFUSAL_DAC] = "file mode",
	[REFUSAL_LSM] = "security module",
	[REFUSAL_LANDLOCK] = "Landlock",
	[REFUSAL_MOUNT] = "mount",
	[REFUSAL_MASKED] = "masked path",
	[REFUSAL_DEVICES] = "device cgroup",
	[REFUSAL_PIDS] = "pids cgroup",
	[REFUSAL_CPUSET] = "cpuset",
	[REFUSAL_RLIMIT] = "rlimit",
	[REFUSAL_NETWORK] = "network",
	[REFUSAL_SYSCTL] = "sysctl",
	[REFUSAL_USER_NAMESPACE] = "user namespace",
	[REFUSAL_NO_NEW_PRIVS] = "no_new_privs",
	[REFUSAL_INODE] = "file attribute",
	[REFUSAL_PROGRAM] = "program",
	[REFUSAL_MEMORY] = "memory cgroup",
	[REFUSAL_KERNEL] = "kernel",
};

static const char *const text_names[TEXT_COUNT] = {
	[TEXT_CALL] = "call",	    [TEXT_PATH] = "path",	  [TEXT_COMPONENT] = "component",
	[TEXT_MODE] = "mode",	    [TEXT_OWNER] = "owner",	  [TEXT_IDS] = "ids",
	[TEXT_CAPABILITY] = "capability", [TEXT_ERROR] = "error", [TEXT_FILTER] = "filter",
	[TEXT_POINTER] = "pointer", [TEXT_CONDITION] = "condition", [TEXT_ARGUMENT] = "argument",
	[TEXT_MODULE] = "module",	  [TEXT_LABEL] = "label",
	[TEXT_LIMIT] = "limit",	    [TEXT_ID] = "id",		  [TEXT_SYSCTL] = "sysctl",
	[TEXT_INTERPRETER] = "interpreter", [TEXT_MACHINE] = "machine", [TEXT_MOUNT] = "mount",
	[TEXT_PORT] = "port",	    [TEXT_GRANT] = "grant",
	[TEXT_RULE] = "rule",	    [TEXT_ENTRY] = "entry",
};

const char *refusal_layer_name(enum refusal_layer layer)
{
	return layer < REFUSAL_LAYER_COUNT ? layers[layer] : layers[REFUSAL_UNKNOWN];
}

/* Is name among the names of a list, each with a blank around it? */
static bool listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += length)
		if (at > list && at[-1] == ' ' && at[length] == ' ')
			return true;
	return false;
}

static const char *text_of(const struct refusal_facts *facts, const char *name, size_t length)
{
	for (size_t i = 0; i < TEXT_COUNT; i++)
		if (strlen(text_names[i]) == length && strncmp(text_names[i], name, length) == 0)
			return facts->texts[i];
	return NULL;
}

/* The next {name} in template, and the length of the name; NULL: none. Braces around other things are plain text. */
static const char *next_name(const char *template, size_t *ret_length)
{
	for (const char *at = template; (at = strchr(at, '{')); at++) {
		*ret_length = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz");
		if (*ret_length && at[1 + *ret_length] == '}')
			return at;
	}
	return NULL;
}

/* Every {name} in template has a text. */
static bool has_texts(const struct refusal_facts *facts, const char *template)
{
	size_t length;

	for (const char *at = template; at && (at = next_name(at, &length)); at += length)
		if (!text_of(facts, at + 1, length))
			return false;
	return true;
}

static void put(char *out, size_t size, size_t *used, const char *text, size_t length)
{
	size_t room = size - *used - 1;

	length = length < room ? length : room;
	memcpy(out + *used, text, length);
	*used += length;
}

static void expand(const struct refusal_facts *facts, const char *template, char *out, size_t size)
{
	size_t used = 0, length;
	const char *name;

	out[0] = '\0';
	if (!template || !has_texts(facts, template))
		return;
	for (; (name = next_name(template, &length)); template = name + length + 2) {
		const char *text = text_of(facts, name + 1, length);

		put(out, size, &used, template, (size_t)(name - template));
		put(out, size, &used, text, strlen(text));
	}
	put(out, size, &used, template, strlen(template));
	out[used] = '\0';
}

static bool matches(const struct refusal_row *row, const struct refusal_facts *facts)
{
	const char *capability = facts->texts[TEXT_CAPABILITY];

	if (row->errors && !(facts->errnum < 64 && (row->errors >> facts->errnum & 1)))
		return false;
	if (row->calls && !listed(row->calls, facts->call))
		return false;
	if (row->capability && !(capability && strcmp(row->capability, capability) == 0))
		return false;
	return (facts->facts & row->facts) == row->facts && !(facts->facts & row->without) && has_texts(facts,
	 row->why);
}

static const struct refusal_remedy *find_remedy(const struct refusal_facts *facts, const char *key)
{
	const struct refusal_remedy *found = NULL;

	for (size_t i = 0; key && i < refusal_remedies_count; i++) {
		if (strcmp(refusal_remedies[i].key, key))
			continue;
		found = &refusal_remedies[i];
		if (has_texts(facts, found->engine))
			break;
	}
	return found;
}

static void add_remedy(const struct refusal_facts *facts, const char *key, struct refusal_verdict *ret)
{
	const struct refusal_remedy *remedy = find_remedy(facts, key);

	if (!remedy)
		return;
	expand(facts, remedy->bulkhead, ret->bulkhead, sizeof(ret->bulkhead));
	expand(facts, remedy->oci, ret->oci, sizeof(ret->oci));
	expand(facts, remedy->engine, ret->engine, sizeof(ret->engine));
	expand(facts, remedy->kubernetes, ret->kubernetes, sizeof(ret->kubernetes));
	expand(facts, remedy->host, ret->host, sizeof(ret->host));
}

void refusal_explain(const struct refusal_facts *facts, struct refusal_verdict *ret)
{
	const struct refusal_row *row = refusal_rows;

	/* The last row matches everything. */
	while (row < refusal_rows + refusal_rows_count - 1 && !matches(row, facts))
		row++;
	memset(ret, 0, sizeof(*ret));
	ret->cause = row->cause;
	ret->layer = row->layer;
	ret->certainty = (facts->facts & row->sure) == row->sure ? REFUSAL_CERTAIN : row->otherwise;
	if (row == refusal_rows + refusal_rows_count - 1)
		ret->certainty = REFUSAL_UNSURE;
	expand(facts, row->why, ret->why, sizeof(ret->why));
	expand(facts, row->cost, ret->cost, sizeof(ret->cost));
	expand(facts, row->never, ret->never, sizeof(ret->never));
	if (!row->cost && row->layer == REFUSAL_CAPABILITY && facts->texts[TEXT_CAPABILITY])
		snprintf(ret->cost, sizeof(ret->cost), "%s",
			 refusal_capability_cost(facts->texts[TEXT_CAPABILITY]) ?: "");
	add_remedy(facts, row->remedy, ret);
}
