/* SPDX-License-Identifier: Apache-2.0 */
/* rows: access to the generated tables (see reference.h). */
#include <string.h>

#include "base/types.h"
#include "insight/reference/tables.h"

/* In the order of TEXTS in tools/gen-reference. */
enum text {
	TEXT_NAME,
	TEXT_GROUP,
	TEXT_DETAIL,
	TEXT_SINCE,
	TEXT_CAPABILITIES,
	TEXT_CONTAINED,
	TEXT_REASON,
	TEXT_MEANING,
	TEXT_WORDS,
	TEXT_ALIASES,
	TEXT_ENGINES,
	TEXT_COUNT
};

/* Places in the pool of texts instead of pointers: a table of pointers would be relocated at each start. */
struct row {
	int64_t value;
	uint32_t text[TEXT_COUNT];
	uint8_t kind, risk, has_value;
};

/* Defines texts, rows, kind_firsts, IGNORED_SYMBOLS. */
#include "insight/reference/reference-table.h"

_Static_assert(ARRAY_SIZE(kind_firsts) == REFERENCE_KIND_COUNT + 1, "the generator's kinds are those of reference.h");

static const struct {
	const char *name, *title;
} kinds[] = {
	[REFERENCE_SYSCALL] = {"syscall", "system call"},
	[REFERENCE_IOCTL] = {"ioctl", "ioctl command"},
	[REFERENCE_PRCTL] = {"prctl", "prctl option"},
	[REFERENCE_FCNTL] = {"fcntl", "fcntl command"},
	[REFERENCE_SIGNAL] = {"signal", "signal"},
	[REFERENCE_CAPABILITY] = {"capability", "capability"},
	[REFERENCE_SOCKOPT] = {"sockopt", "socket option"},
	[REFERENCE_SOCKET] = {"socket", "socket argument"},
	[REFERENCE_BPF] = {"bpf", "bpf argument"},
	[REFERENCE_KEYCTL] = {"keyctl", "keyctl argument"},
	[REFERENCE_PTRACE] = {"ptrace", "ptrace argument"},
	[REFERENCE_CLONE] = {"clone", "clone flag"},
	[REFERENCE_MOUNT] = {"mount", "mount argument"},
	[REFERENCE_PROCFS] = {"procfs", "file of procfs"},
	[REFERENCE_SYSFS] = {"sysfs", "file of sysfs"},
	[REFERENCE_SYSCTL] = {"sysctl", "sysctl"},
	[REFERENCE_ERRNO] = {"errno", "error number"},
};
_Static_assert(ARRAY_SIZE(kinds) == REFERENCE_KIND_COUNT, "each kind has a name");

const char *reference_kind_name(enum reference_kind kind)
{
	return kinds[kind].name;
}

const char *reference_kind_title(enum reference_kind kind)
{
	return kinds[kind].title;
}

int reference_kind_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return (int)i;
	return REFERENCE_ANY;
}

const char *reference_risk_name(enum reference_risk risk)
{
	static const char *const names[] = {
		[REFERENCE_RISK_NONE] = "not judged",	[REFERENCE_RISK_LOW] = "low",
		[REFERENCE_RISK_MEDIUM] = "medium",	[REFERENCE_RISK_HIGH] = "high",
		[REFERENCE_RISK_CRITICAL] = "critical",
	};

	return names[risk];
}

void reference_range(int kind, size_t *ret_first, size_t *ret_end)
{
	*ret_first = kind == REFERENCE_ANY ? 0 : kind_firsts[kind];
	*ret_end = kind == REFERENCE_ANY ? ARRAY_SIZE(rows) : kind_firsts[kind + 1];
}

void reference_at(size_t index, struct reference_entry *ret_entry)
{
	const struct row *row = &rows[index];

	*ret_entry = (struct reference_entry){
		.kind = (enum reference_kind)row->kind,
		.risk = (enum reference_risk)row->risk,
		.has_value = row->has_value,
		.value = row->value,
		.name = texts + row->text[TEXT_NAME],
		.group = texts + row->text[TEXT_GROUP],
		.detail = texts + row->text[TEXT_DETAIL],
		.since = texts + row->text[TEXT_SINCE],
		.capabilities = texts + row->text[TEXT_CAPABILITIES],
		.contained = texts + row->text[TEXT_CONTAINED],
		.reason = texts + row->text[TEXT_REASON],
		.meaning = texts + row->text[TEXT_MEANING],
		.words = texts + row->text[TEXT_WORDS],
		.aliases = texts + row->text[TEXT_ALIASES],
		.engines = texts + row->text[TEXT_ENGINES],
	};
}

const char *reference_ignored_symbols(void)
{
	return texts + IGNORED_SYMBOLS;
}

bool reference_list_has(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; *at; at += strspn(at, " ")) {
		size_t span = strcspn(at, " ");

		if (span == length && strncmp(at, word, length) == 0)
			return true;
		at += span;
	}
	return false;
}
