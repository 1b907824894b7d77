/* SPDX-License-Identifier: Apache-2.0 */
/* abi_print: what `bulkhead abi` found, as text for people and as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/json.h"
#include "cmd/bulkhead/abi.h"

#define WHOLE_MAX 8    /* this many entries are told in full, more as a list */
#define RELATED_MAX 12 /* entries that the words of a name also find */
#define LIST_MAX 60    /* entries found by words */

static void line(struct buf *out, const char *label, const char *text)
{
	if (text[0])
		buf_printf(out, "  %-10s  %s\n", label, text);
}

/* Flags and ioctl commands are read as bits, the others as counts. */
static bool in_hex(const struct reference_entry *entry)
{
	return entry->kind == REFERENCE_IOCTL || entry->kind == REFERENCE_CLONE || entry->kind == REFERENCE_MOUNT ||
	       entry->value >= 4096;
}

static void value_text(const struct reference_entry *entry, char *text, size_t size)
{
	if (!entry->has_value)
		text[0] = '\0';
	else if (in_hex(entry))
		snprintf(text, size, "%#" PRIx64, (uint64_t)entry->value);
	else
		snprintf(text, size, "%" PRId64, entry->value);
}

/* ---- one entry in full ---- */

/* Every architecture that has a table; two that share one are both named. */
static void add_numbers(struct abi *abi, const struct reference_entry *entry, struct buf *out)
{
	int number = abi_syscall_number(abi->arch, entry->name);
	uint32_t arch;
	size_t others = 0;

	buf_puts(out, "  number      ");
	if (!abi->all_archs && number >= 0)
		buf_printf(out, "%d on %s", number, abi_arch_name(abi->arch));
	else if (!abi->all_archs)
		buf_printf(out, "none on %s", abi_arch_name(abi->arch));
	for (size_t i = 0; (arch = abi_arch_at(i)); i++) {
		int other = abi_syscall_number(arch, entry->name);

		if (other < 0)
			continue;
		if (abi->all_archs || (number < 0 && others < 3))
			buf_printf(out, "%s%d on %s", others || !abi->all_archs ? ", " : "", other,
				   abi_arch_name(arch));
		others++;
	}
	buf_puts(out, "\n");
}

static int add_standing(struct abi *abi, const struct reference_entry *entry, struct buf *out, struct err *err)
{
	buf_puts(out, "  sandbox     ");
	if (abi_standing_text(abi, &abi->sandbox, entry, out, err))
		return ERR;
	buf_puts(out, "\n");
	if (entry->engines[0] == 'C')
		buf_printf(out, "  podman      allowed with %s\n", entry->engines);
	else if (strcmp(entry->engines, "arguments") == 0)
		line(out, "podman", "allowed for some arguments");
	else
		line(out, "podman", strcmp(entry->engines, "allow") == 0 ? "allowed" : "refused");
	if (!abi->given.name)
		return 0;
	buf_puts(out, "  profile     ");
	if (abi_standing_text(abi, &abi->given, entry, out, err))
		return ERR;
	buf_puts(out, "\n");
	return 0;
}

static int add_syscall(struct abi *abi, const struct reference_entry *entry, struct buf *out, struct err *err)
{
	add_numbers(abi, entry, out);
	line(out, "arguments", entry->detail);
	if (entry->since[0])
		buf_printf(out, "  since       Linux %s\n", entry->since);
	line(out, "may need", entry->capabilities);
	line(out, "contained", entry->contained);
	if (add_standing(abi, entry, out, err))
		return ERR;
	line(out, "also", entry->aliases);
	return 0;
}

static bool is_file(enum reference_kind kind)
{
	return kind == REFERENCE_PROCFS || kind == REFERENCE_SYSFS || kind == REFERENCE_SYSCTL;
}

/* A sysctl is a file of /proc/sys, which the sandbox treats as one. */
static enum sandbox_path path_standing(const struct reference_entry *entry)
{
	return sandbox_path_standing(entry->kind == REFERENCE_SYSCTL ? "/proc/sys" : entry->name);
}

static const char *const path_words[] = {
	[SANDBOX_PATH_OPEN] = "as its mode and namespace allow",
	[SANDBOX_PATH_READ_ONLY] = "read-only",
	[SANDBOX_PATH_MASKED] = "masked",
};

static int add_constant_standing(struct abi *abi, const struct abi_profile *profile, const char *label,
				 const struct reference_entry *entry, struct buf *out, struct err *err)
{
	const char *call, *verdict, *word;

	if (!profile->name)
		return 0;
	if (abi_constant_standing(abi, profile, entry, &call, &verdict, &word, err))
		return ERR;
	if (call)
		buf_printf(out, "  %-10s  %s %s\n", label, call, verdict);
	return 0;
}

static int add_constant(struct abi *abi, const struct reference_entry *entry, struct buf *out, struct err *err)
{
	char value[32];

	value_text(entry, value, sizeof(value));
	line(out, "value", value);
	if (entry->kind == REFERENCE_ERRNO)
		line(out, "meaning", err_text((int)entry->value));
	line(out, "meaning", entry->meaning);
	if (is_file(entry->kind)) {
		line(out, "access", strcmp(entry->group, "r") == 0   ? "read"
				    : strcmp(entry->group, "w") == 0 ? "write"
								     : "read and write");
		line(out, "sandbox", path_words[path_standing(entry)]);
	} else if (entry->kind == REFERENCE_IOCTL) {
		line(out, "header", entry->group);
		line(out, "argument", entry->detail);
	} else if (entry->kind == REFERENCE_SOCKOPT) {
		line(out, "level", entry->group);
	} else if (strcmp(entry->group, reference_kind_title(entry->kind)) != 0 && entry->kind != REFERENCE_ERRNO) {
		line(out, "what", entry->group);
	}
	if (entry->since[0])
		buf_printf(out, "  since       Linux %s\n", entry->since);
	line(out, "may need", entry->capabilities);
	line(out, "contained", entry->contained);
	if (entry->kind == REFERENCE_CAPABILITY)
		line(out, "calls", entry->detail);
	return add_constant_standing(abi, &abi->sandbox, "sandbox", entry, out, err) ||
			       add_constant_standing(abi, &abi->given, "profile", entry, out, err)
		       ? ERR
		       : 0;
}

static int add_whole(struct abi *abi, const struct reference_entry *entry, struct buf *out, struct err *err)
{
	buf_printf(out, "%s  %s\n", entry->name, reference_kind_title(entry->kind));
	if (entry->kind == REFERENCE_SYSCALL ? add_syscall(abi, entry, out, err) : add_constant(abi, entry, out, err))
		return ERR;
	if (entry->risk != REFERENCE_RISK_NONE)
		buf_printf(out, "  risk        %s%s%s\n", reference_risk_name(entry->risk), entry->reason[0] ? ": " : "",
			   entry->reason);
	return 0;
}

/* ---- lists ---- */

static void list_number(struct abi *abi, const struct reference_entry *entry, char *text, size_t size)
{
	int number;

	if (entry->kind != REFERENCE_SYSCALL) {
		value_text(entry, text, size);
		return;
	}
	number = abi_syscall_number(abi->arch, entry->name);
	snprintf(text, size, "%d", number);
	if (number < 0)
		snprintf(text, size, "-");
}

static const char *list_text(const struct reference_entry *entry)
{
	if (entry->kind == REFERENCE_ERRNO)
		return err_text((int)entry->value);
	if (entry->meaning[0])
		return entry->meaning;
	return entry->kind == REFERENCE_SYSCALL || entry->kind == REFERENCE_IOCTL ? entry->detail : entry->group;
}

static void add_list_line(struct abi *abi, const struct reference_entry *entry, struct buf *out)
{
	char number[32];

	list_number(abi, entry, number, sizeof(number));
	buf_printf(out, "%-10s %-30s %10s  %-8s  %s\n", reference_kind_name(entry->kind), entry->name, number,
		   entry->risk == REFERENCE_RISK_NONE ? "-" : reference_risk_name(entry->risk), list_text(entry));
}

static void add_list(struct abi *abi, size_t first, size_t max, struct buf *out)
{
	size_t end = abi->results.count - first > max ? first + max : abi->results.count;

	buf_printf(out, "%-10s %-30s %10s  %-8s  %s\n", "KIND", "NAME", "NUMBER", "RISK", "WHAT");
	for (size_t i = first; i < end; i++) {
		struct reference_entry entry;

		reference_at(abi->results.items[i].index, &entry);
		add_list_line(abi, &entry, out);
	}
	if (end < abi->results.count)
		buf_printf(out, "and %zu more: give more words, a pattern, or --json\n", abi->results.count - end);
}

int abi_print_text(struct abi *abi, struct buf *out, struct err *err)
{
	const struct reference_found *items = abi->results.items;
	size_t direct = 0;

	while (direct < abi->results.count && items[direct].match < REFERENCE_BY_PATTERN)
		direct++;
	if (direct == 0 && (abi->results.count == 1 || (abi->all_archs && abi->results.count <= LIST_MAX)))
		direct = abi->results.count;
	if (direct == 0 || (direct > WHOLE_MAX && !abi->all_archs)) {
		add_list(abi, 0, items[0].match == REFERENCE_BY_WORDS ? LIST_MAX : SIZE_MAX, out);
		return 0;
	}
	for (size_t i = 0; i < direct; i++) {
		struct reference_entry entry;

		reference_at(items[i].index, &entry);
		if (i)
			buf_puts(out, "\n");
		if (items[i].match == REFERENCE_BY_SIZE && i == 0)
			buf_puts(out, "No command has this number; with another size of its argument it is:\n\n");
		if (add_whole(abi, &entry, out, err))
			return ERR;
	}
	if (direct < abi->results.count) {
		buf_puts(out, "\nRelated:\n");
		add_list(abi, direct, RELATED_MAX, out);
	}
	if (abi->kind == REFERENCE_ANY && reference_kind_find(abi->text) != REFERENCE_ANY)
		buf_printf(out, "\nIt is a kind too: bulkhead abi %s '*' lists it.\n", abi->text);
	return 0;
}

/* ---- JSON ---- */

/* Words between separators as an array. */
static void member_list(struct json_writer *writer, const char *key, const char *text, const char *separator)
{
	char item[128];

	json_key(writer, key);
	json_begin_array(writer);
	while (*text) {
		const char *end = strstr(text, separator);
		size_t length = end ? (size_t)(end - text) : strlen(text);

		snprintf(item, sizeof(item), "%.*s", (int)length, text);
		json_put_string(writer, item);
		text += length + (end ? strlen(separator) : 0);
	}
	json_end_array(writer);
}

static void member_text(struct json_writer *writer, const char *key, const char *text)
{
	if (text[0])
		json_member_string(writer, key, text);
}

static int syscall_json(struct abi *abi, const struct reference_entry *entry, struct json_writer *writer,
			struct err *err)
{
	uint32_t arch;

	json_key(writer, "numbers");
	json_begin_object(writer);
	for (size_t i = 0; (arch = abi_arch_at(i)); i++) {
		int number = abi_syscall_number(arch, entry->name);

		if (number >= 0)
			json_member_i64(writer, abi_arch_name(arch), number);
	}
	json_end_object(writer);
	member_text(writer, "arguments", entry->detail);
	json_member_string(writer, "podman", entry->engines[0] ? entry->engines : "deny");
	json_key(writer, "sandbox");
	if (abi_standing_json(abi, &abi->sandbox, entry, writer, err))
		return ERR;
	if (!abi->given.name)
		return 0;
	json_key(writer, "profile");
	return abi_standing_json(abi, &abi->given, entry, writer, err);
}

static int constant_standing_json(struct abi *abi, const struct abi_profile *profile, const char *key,
				  const struct reference_entry *entry, struct json_writer *writer, struct err *err)
{
	const char *call, *verdict, *word;

	if (!profile->name)
		return 0;
	if (abi_constant_standing(abi, profile, entry, &call, &verdict, &word, err))
		return ERR;
	if (call)
		json_member_string(writer, key, word);
	return 0;
}

static int constant_json(struct abi *abi, const struct reference_entry *entry, struct json_writer *writer,
			 struct err *err)
{
	static const char *const standings[] = {
		[SANDBOX_PATH_OPEN] = "open",
		[SANDBOX_PATH_READ_ONLY] = "read-only",
		[SANDBOX_PATH_MASKED] = "masked",
	};

	if (entry->has_value)
		json_member_i64(writer, "value", entry->value);
	member_text(writer, is_file(entry->kind) ? "access" : "group", entry->group);
	member_text(writer, "meaning", entry->kind == REFERENCE_ERRNO ? err_text((int)entry->value) : entry->meaning);
	if (entry->kind == REFERENCE_CAPABILITY)
		member_list(writer, "calls", entry->detail, " ");
	else
		member_text(writer, "argument", entry->detail);
	if (is_file(entry->kind))
		json_member_string(writer, "sandbox", standings[path_standing(entry)]);
	return constant_standing_json(abi, &abi->sandbox, "sandbox", entry, writer, err) ||
			       constant_standing_json(abi, &abi->given, "profile", entry, writer, err)
		       ? ERR
		       : 0;
}

static int entry_json(struct abi *abi, const struct reference_found *found, struct json_writer *writer, struct err *err)
{
	static const char *const matches[] = {
		[REFERENCE_BY_NAME] = "name",	[REFERENCE_BY_NUMBER] = "number",   [REFERENCE_BY_ALIAS] = "alias",
		[REFERENCE_BY_SIZE] = "size",	[REFERENCE_BY_PATTERN] = "pattern", [REFERENCE_BY_WORDS] = "words",
	};
	struct reference_entry entry;

	reference_at(found->index, &entry);
	json_begin_object(writer);
	json_member_string(writer, "kind", reference_kind_name(entry.kind));
	json_member_string(writer, "name", entry.name);
	json_member_string(writer, "match", matches[found->match]);
	if (entry.kind == REFERENCE_SYSCALL ? syscall_json(abi, &entry, writer, err)
					    : constant_json(abi, &entry, writer, err))
		return ERR;
	member_text(writer, "since", entry.since);
	member_list(writer, "capabilities", entry.capabilities, " ");
	member_list(writer, "contained", entry.contained, "; ");
	json_member_string(writer, "risk",
			   entry.risk == REFERENCE_RISK_NONE ? NULL : reference_risk_name(entry.risk));
	member_text(writer, "reason", entry.reason);
	member_list(writer, "aliases", entry.aliases, " ");
	json_end_object(writer);
	return 0;
}

int abi_print_json(struct abi *abi, struct buf *out, struct err *err)
{
	struct json_writer writer = JSON_WRITER(out, 2);

	json_begin_object(&writer);
	json_member_string(&writer, "query", abi->text);
	json_member_string(&writer, "kind",
			   abi->kind == REFERENCE_ANY ? NULL : reference_kind_name((enum reference_kind)abi->kind));
	json_member_string(&writer, "arch", abi_arch_name(abi->arch));
	if (abi->given.name)
		json_member_string(&writer, "profile", abi->given.name);
	json_key(&writer, "entries");
	json_begin_array(&writer);
	for (size_t i = 0; i < abi->results.count; i++)
		if (entry_json(abi, &abi->results.items[i], &writer, err))
			return ERR;
	json_end_array(&writer);
	if (abi->results.count == 0)
		json_member_strings(&writer, "nearest", abi->nearest, abi->nearest_count);
	json_end_object(&writer);
	buf_puts(out, "\n");
	return 0;
}

/* ---- kinds, and calls that are not known ---- */

void abi_print_kinds(bool json, struct buf *out)
{
	struct json_writer writer = JSON_WRITER(out, 2);
	size_t first, end;

	if (json)
		json_begin_object(&writer);
	else
		buf_printf(out, "%-12s %8s  %s\n", "KIND", "ENTRIES", "");
	for (int kind = 0; kind < REFERENCE_KIND_COUNT; kind++) {
		const char *name = reference_kind_name((enum reference_kind)kind);

		reference_range(kind, &first, &end);
		if (json)
			json_member_u64(&writer, name, end - first);
		else
			buf_printf(out, "%-12s %8zu  %s\n", name, end - first,
				   reference_kind_title((enum reference_kind)kind));
	}
	if (json)
		json_end_object(&writer);
	buf_puts(out, json ? "\n" : "\nbulkhead abi KIND '*' lists one.\n");
}

void abi_print_unknown(const struct abi_unknown *unknown, bool json, struct buf *out)
{
	struct json_writer writer = JSON_WRITER(out, 2);

	if (json) {
		json_begin_object(&writer);
		json_member_bool(&writer, "readable", unknown->readable);
		json_member_string(&writer, "source", unknown->source);
		json_member_strings(&writer, "unknown", unknown->names, unknown->count);
		json_end_object(&writer);
		buf_puts(out, "\n");
		return;
	}
	if (!unknown->readable) {
		buf_printf(out, "Cannot tell whether this kernel has calls that are not listed: %s.\n", unknown->source);
		return;
	}
	if (unknown->count == 0)
		buf_printf(out, "This kernel has no call that is not listed (by %s).\n", unknown->source);
	else
		buf_printf(out, "This kernel has %zu calls that are not listed (by %s):", unknown->count, unknown->source);
	for (size_t i = 0; i < unknown->count; i++)
		buf_printf(out, " %s", unknown->names[i]);
	buf_puts(out, unknown->count ? "\n" : "");
}
