/* SPDX-License-Identifier: Apache-2.0 */
/* kernel: system calls of the running kernel against the tables, from lines of /proc/kallsyms that the caller read. */
#include <string.h>

#include "abi/syscalls.h"
#include "insight/reference/tables.h"

#if defined(__x86_64__)
#define SYMBOL_PREFIX "__x64_sys_"
#elif defined(__aarch64__)
#define SYMBOL_PREFIX "__arm64_sys_"
#endif

/* The name behind the prefix, or NULL. Lines are "ffffffff81000000 T __x64_sys_read", modules follow after a tab. */
static const char *symbol_of(const char *line, char *ret_type)
{
	const char *type = strchr(line, ' ');

	if (!type || !type[1] || type[2] != ' ')
		return NULL;
	*ret_type = type[1];
	line = type + 3;
	return strncmp(line, SYMBOL_PREFIX, strlen(SYMBOL_PREFIX)) == 0 ? line + strlen(SYMBOL_PREFIX) : NULL;
}

static bool is_known(const char *name)
{
	size_t first, end;

	if (abi_syscall_known(name) || reference_list_has(reference_ignored_symbols(), name))
		return true;
	reference_range(REFERENCE_SYSCALL, &first, &end);
	for (size_t i = first; i < end; i++) {
		struct reference_entry entry;

		reference_at(i, &entry);
		if (reference_list_has(entry.aliases, name))
			return true;
	}
	return false;
}

/* The kernel has functions of its own for 32-bit and 16-bit forms: ia32_pread64, chown16, timer_settime32. */
static bool is_variant(const char *name)
{
	static const char *const prefixes[] = {"ia32_", "compat_"}, *const endings[] = {"_time32", "32", "16"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0 && is_known(name + strlen(prefixes[i])))
			return true;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t length = strlen(name), ending = strlen(endings[i]);
		char stem[REFERENCE_SYMBOL_MAX];

		if (length <= ending || length >= sizeof(stem) || strcmp(name + length - ending, endings[i]) != 0)
			continue;
		memcpy(stem, name, length - ending);
		stem[length - ending] = '\0';
		if (is_known(stem))
			return true;
	}
	return false;
}

bool reference_knows_call(const char *name)
{
	return is_known(name) || is_variant(name);
}

bool reference_symbol_is_call(const char *line)
{
	char type;

	return symbol_of(line, &type) != NULL;
}

bool reference_symbol_is_new(const char *line, char ret_name[REFERENCE_SYMBOL_MAX])
{
	char type, name[REFERENCE_SYMBOL_MAX];
	const char *symbol = symbol_of(line, &type);
	size_t length = symbol ? strcspn(symbol, " \t\n") : 0;

	/* A dot marks parts that the compiler split off. */
	if (length == 0 || length >= sizeof(name) || memchr(symbol, '.', length) || type == 'W' || type == 'w')
		return false;
	memcpy(name, symbol, length);
	name[length] = '\0';
	if (reference_knows_call(name))
		return false;
	memcpy(ret_name, name, length + 1);
	return true;
}
