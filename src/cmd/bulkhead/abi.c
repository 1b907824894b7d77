/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi: look up what the kernel offers: system calls, ioctl commands, options, flags, files, with what may be needed for
 * it, what contains it, its risk, and what a profile says about it. Reads its own tables, the profile that is named, and
 * the running kernel's list of functions; makes none of the calls.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "cmd/bulkhead/abi.h"

#define NOTHING_FOUND 1 /* exit status */
#define SYMBOLS "/proc/kallsyms"
#define EVENTS "/sys/kernel/tracing/events/syscalls"
#define EVENT_PREFIX "sys_enter_"
#define UNKNOWN_MAX 512

struct abi_options {
	const char *arch, *profile;
	bool json, unknown;
};

static const struct opt options[] = {
	{OPT_STRING, 0, "arch", "NAME|all", "numbers of this architecture, or of all (default: this machine's)",
	 offsetof(struct abi_options, arch)},
	{OPT_FLAG, 0, "json", NULL, "as JSON, with the numbers of all architectures", offsetof(struct abi_options, json)},
	{OPT_STRING, 0, "profile", "FILE", "tell what this seccomp profile says too: an OCI config, or Docker's format",
	 offsetof(struct abi_options, profile)},
	{OPT_FLAG, 0, "unknown", NULL, "list system calls of this kernel that the reference lacks",
	 offsetof(struct abi_options, unknown)},
	{.type = OPT_END},
};

static int failed(struct people *people, const struct err *err)
{
	cli_error(&people->cli, err);
	return PEOPLE_FAILED;
}

static int print(struct people *people, const struct buf *out, int status)
{
	int printed = cli_print(&people->cli, out);

	return printed ? PEOPLE_FAILED : status;
}

/* ---- the running kernel ---- */

static void add_unknown(struct arena *arena, struct abi_unknown *unknown, const char *name)
{
	char *copy = unknown->count < UNKNOWN_MAX ? arena_strdup(arena, name) : NULL;

	if (copy)
		unknown->names[unknown->count++] = copy;
}

static bool read_symbols(struct arena *arena, struct abi_unknown *unknown)
{
	FILE *file = fopen(SYMBOLS, "re");
	char *line = NULL, name[REFERENCE_SYMBOL_MAX];
	size_t size = 0;

	if (!file)
		return false;
	while (getline(&line, &size, file) > 0) {
		unknown->readable = unknown->readable || reference_symbol_is_call(line);
		if (reference_symbol_is_new(line, name))
			add_unknown(arena, unknown, name);
	}
	free(line);
	fclose(file);
	unknown->source = SYMBOLS;
	return unknown->readable;
}

static bool read_events(struct arena *arena, struct abi_unknown *unknown)
{
	DIR *directory = opendir(EVENTS);

	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		if (strncmp(entry->d_name, EVENT_PREFIX, strlen(EVENT_PREFIX)) != 0)
			continue;
		unknown->readable = true;
		if (!reference_knows_call(entry->d_name + strlen(EVENT_PREFIX)))
			add_unknown(arena, unknown, entry->d_name + strlen(EVENT_PREFIX));
	}
	if (directory)
		closedir(directory);
	unknown->source = EVENTS;
	return unknown->readable;
}

static int read_kernel(struct arena *arena, struct abi_unknown *unknown, struct err *err)
{
	*unknown = (struct abi_unknown){.names = arena_calloc(arena, UNKNOWN_MAX, sizeof(*unknown->names))};
	if (!unknown->names)
		return err_set(err, ERR_INTERNAL, "out of memory while reading " SYMBOLS);
	if (!read_symbols(arena, unknown) && !read_events(arena, unknown))
		unknown->source = SYMBOLS " lists no functions here, and " EVENTS " cannot be read";
	return 0;
}

static int print_kernel(struct people *people, struct arena *arena, bool json)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct abi_unknown unknown;
	struct err err = ERR_INIT;

	if (read_kernel(arena, &unknown, &err))
		return failed(people, &err);
	abi_print_unknown(&unknown, json, &out);
	return print(people, &out, 0);
}

/* ---- the question ---- */

static int read_arch(struct abi *abi, const char *name, struct err *err)
{
	/* What engines, Debian and uname call them. */
	static const struct {
		const char *alias, *name;
	} aliases[] = {
		{"amd64", "x86_64"}, {"x86-64", "x86_64"},    {"arm64", "aarch64"}, {"x86", "i386"},
		{"i686", "i386"},    {"loong64", "loongarch64"}, {"ppc64el", "ppc64le"}, {"armhf", "arm"},
	};
	struct buf names cleanup_buf = BUF_INIT;
	uint32_t arch;

	abi->arch = ABI_ARCH_NATIVE;
	abi->all_archs = name && strcmp(name, "all") == 0;
	if (!name || abi->all_archs)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		name = strcmp(name, aliases[i].alias) == 0 ? aliases[i].name : name;
	for (size_t i = 0; (arch = abi_arch_at(i)); i++) {
		if (abi_syscall_last(arch) == ABI_SYSCALL_NONE)
			continue;
		abi->arch = arch;
		if (strcmp(abi_arch_name(arch), name) == 0)
			return 0;
		buf_printf(&names, "%s, ", abi_arch_name(arch));
	}
	err_set(err, ERR_USAGE, "no numbers of an architecture \"%s\" are known", name);
	return err_fix(err, "one of %sor all", names.failed ? "" : names.data);
}

static const char *join(struct arena *arena, char **words, int count)
{
	const char *text = words[0];

	for (int i = 1; i < count && text; i++)
		text = arena_printf(arena, "%s %s", text, words[i]);
	return text ? text : "";
}

static int look_up(struct abi *abi, struct err *err)
{
	const struct reference_query query = {.kind = abi->kind, .arch = abi->arch, .text = abi->text};

	return reference_look_up(&query, abi->arena, &abi->results, err);
}

/*
 * KIND TEXT…, or TEXT…. A kind alone is its list, unless something else has that name: `mount` is a call first of all.
 * There is a call named syscall too, on a few architectures; who types that wants the list.
 */
static int ask(struct abi *abi, char **words, int count, struct err *err)
{
	abi->kind = reference_kind_find(words[0]);
	if (abi->kind != REFERENCE_ANY && count > 1) {
		abi->text = join(abi->arena, words + 1, count - 1);
		return look_up(abi, err);
	}
	if (abi->kind == REFERENCE_SYSCALL) {
		abi->text = "*";
		return look_up(abi, err);
	}
	abi->text = join(abi->arena, words, count);
	if (abi->kind != REFERENCE_ANY) {
		int kind = abi->kind;

		abi->kind = REFERENCE_ANY;
		if (look_up(abi, err))
			return ERR;
		if (abi->results.count && abi->results.items[0].match == REFERENCE_BY_NAME)
			return 0;
		abi->kind = kind;
		abi->text = "*";
	}
	return look_up(abi, err);
}

/* Of "syscal mount" and "sycall 5" the first word may be meant as a KIND: that, and the rest. NULL: it is near to none. */
static const char *meant_kind(struct abi *abi)
{
	const char *names[REFERENCE_KIND_COUNT + 1] = {NULL}, *kind, *rest = strchr(abi->text, ' ');
	char *word;

	if (!rest || abi->kind != REFERENCE_ANY)
		return NULL;
	for (int i = 0; i < REFERENCE_KIND_COUNT; i++)
		names[i] = reference_kind_name((enum reference_kind)i);
	word = arena_strndup(abi->arena, abi->text, (size_t)(rest - abi->text));
	kind = word ? opt_nearest(word, names) : NULL;
	return kind ? arena_printf(abi->arena, "%s%s", kind, rest) : NULL;
}

static bool is_number(const char *text, unsigned long long *ret_number)
{
	char *end;

	*ret_number = strtoull(text, &end, 0);
	return end != text && !*end;
}

static const char *nothing_verb(const char *text)
{
	unsigned long long number;

	if (strpbrk(text, "*?["))
		return "matches";
	return is_number(text, &number) ? "has the number" : "is called";
}

static int nothing_fix(const struct abi *abi, const char *kind, struct err *err)
{
	struct buf list cleanup_buf = BUF_INIT;
	unsigned long long number;

	for (size_t i = 0; i < abi->nearest_count; i++)
		buf_printf(&list, "%s%s", i ? ", or " : "", abi->nearest[i]);
	if (kind)
		return err_fix(err, "%s", kind);
	if (abi->nearest_count && !list.failed)
		return err_fix(err, "%s", list.data);
	if (!is_number(abi->text, &number))
		return err_fix(err, "a word of what it does, or a pattern such as '*name*'");
	if (abi->arch == AUDIT_ARCH_X86_64 && number & ABI_X32_SYSCALL_BIT && number <= UINT32_MAX)
		return err_fix(err, "--arch x32, whose system calls have bit 30 set");
	return err_fix(err, "a name, or --arch NAME for a system call of another machine");
}

static int print_nothing(struct people *people, struct abi *abi)
{
	const char *nearest[REFERENCE_NEAREST_MAX], *what = "nothing";
	struct buf out cleanup_buf = BUF_INIT;
	struct err err = ERR_INIT;

	abi->nearest = nearest;
	abi->nearest_count = reference_nearest(abi->kind, abi->text, abi->arena, nearest);
	if (abi->json) {
		abi_print_json(abi, &out, &err);
		return print(people, &out, NOTHING_FOUND);
	}
	if (abi->kind != REFERENCE_ANY)
		what = reference_kind_title((enum reference_kind)abi->kind);
	err_set(&err, ERR_USAGE, "%s%s %s \"%s\"", abi->kind == REFERENCE_ANY ? "" : "no ", what,
		nothing_verb(abi->text), abi->text);
	nothing_fix(abi, meant_kind(abi), &err);
	cli_error(&people->cli, &err);
	return NOTHING_FOUND;
}

static int print_found(struct people *people, struct abi *abi, bool whole_kind)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct abi_unknown unknown;
	struct err err = ERR_INIT;

	if (abi->json ? abi_print_json(abi, &out, &err) : abi_print_text(abi, &out, &err))
		return failed(people, &err);
	if (whole_kind && !abi->json) {
		if (read_kernel(abi->arena, &unknown, &err))
			return failed(people, &err);
		buf_puts(&out, "\n");
		abi_print_unknown(&unknown, false, &out);
	}
	return print(people, &out, 0);
}

static int verb(int argc, char **argv, void *context)
{
	struct people *people = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct abi_options chosen = {0};
	struct abi abi = {.arena = &arena};
	struct buf out cleanup_buf = BUF_INIT;
	struct err err = ERR_INIT;
	bool help = false;
	int operands = 0;

	if (opt_parse(&verb_abi, argc, argv, &chosen, &operands, &help, &err))
		return failed(people, &err);
	if (help)
		return cli_print_help(&people->cli, &verb_abi) ? PEOPLE_FAILED : 0;
	if (chosen.unknown && operands) {
		err_set(&err, ERR_USAGE, "abi: --unknown and a name exclude each other");
		err_fix(&err, "bulkhead abi --unknown");
		return failed(people, &err);
	}
	if (chosen.unknown)
		return print_kernel(people, &arena, chosen.json);
	if (operands == 0) {
		abi_print_kinds(chosen.json, &out);
		return print(people, &out, 0);
	}
	abi.json = chosen.json;
	if (read_arch(&abi, chosen.arch, &err) || abi_read_profiles(&abi, chosen.profile, &err) ||
	    ask(&abi, argv, operands, &err))
		return failed(people, &err);
	if (abi.results.count == 0)
		return print_nothing(people, &abi);
	return print_found(people, &abi, abi.kind == REFERENCE_SYSCALL && strcmp(abi.text, "*") == 0);
}

static const struct opt_status statuses[] = {
	{"0", "printed"},
	{"1", "nothing was found"},
	{"125", "bulkhead itself failed, and says why"},
	{.status = NULL},
};

const struct opt_verb verb_abi = {
	.name = "abi",
	.synopsis = "[options] [KIND] NAME|NUMBER|PATTERN|WORDS…",
	.summary = "Look up what the kernel offers: calls, options, flags, files, and their risk.",
	.examples = "  bulkhead abi mount                            the call, and what else mounts\n"
		    "  bulkhead abi 165                              what a number means in each kind\n"
		    "  bulkhead abi ioctl 0x5412\n"
		    "  bulkhead abi signal KILL\n"
		    "  bulkhead abi raw socket                       calls by what they do\n"
		    "  bulkhead abi syscall 'io_uring_*' --arch all\n"
		    "  bulkhead abi clone --profile /usr/share/containers/seccomp.json\n"
		    "  bulkhead abi /proc/self/exe\n"
		    "  bulkhead abi --unknown\n"
		    "Kinds: syscall ioctl prctl fcntl signal capability sockopt socket bpf keyctl ptrace clone mount\n"
		    "procfs sysfs sysctl errno.\n",
	.options = options,
	.statuses = statuses,
	.mixed = true,
	.run = verb,
};
