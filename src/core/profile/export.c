// SPDX-License-Identifier: Apache-2.0
/*
 * profile/export: linux.seccomp of the runtime specification (config-linux.md, "Seccomp"), as engines read it too: the
 * calls with their arguments, and what a filter can hold of two other sets: which signals are sent, by the number in the
 * calls that send one, and which namespaces are made, by the flags of clone and unshare. The flags of clone3 stand in
 * memory, where no filter sees them: where namespaces are restricted it is not there, and programs fall back to clone.
 * Other runtimes load the filter earlier than ours does, so that what they are given allows what they still have to do.
 */
#include <errno.h>
#include <string.h>

#include "abi/arch.h"
#include "abi/signals.h"
#include "abi/syscalls.h"
#include "base/json.h"
#include "base/types.h"
#include "core/oci/config.h"
#include "core/oci/names.h"
#include "core/profile/formats.h"

#define WORD	    UINT64_C(0xffffffff)
#define EXIT_SIGNAL UINT64_C(0xff) /* of clone: no flags there */

static const struct {
	const char *call;
	unsigned int index; /* of the argument that is a signal */
} signal_calls[] = {
	{"kill", 1},   {"pidfd_send_signal", 1}, {"rt_sigqueueinfo", 1}, {"rt_tgsigqueueinfo", 2},
	{"tgkill", 2}, {"tkill", 1},
};

/* Between their filter and execve: they put down ids and capabilities, look at the root and the working directory, close
 * descriptors; and a runtime in Go has threads. */
/* clang-format off */
static const char *const of_runtimes[] = {
	"arch_prctl", "capget", "capset", "chdir", "close_range", "epoll_ctl", "epoll_pwait", "exit",
	"faccessat2", "fchdir", "fstat", "fstatfs", "futex", "getcwd", "getdents64", "getgroups", "getpid",
	"getppid", "gettid", "madvise", "mprotect", "nanosleep", "newfstatat", "openat", "read", "rseq",
	"rt_sigaction", "rt_sigprocmask", "sched_yield", "set_robust_list", "setgid", "setgroups", "setresgid",
	"setresuid", "setuid", "sigaltstack", "statx", "tgkill", "umask",
};
/* clang-format on */
static const struct {
	const char *call;
	uint64_t first; /* argument */
} of_runtimes_compared[] = {
	{"fcntl", 0x1}, {"fcntl", 0x2}, {"fcntl", 0x3}, {"fcntl", 0x4}, /* F_GETFD, F_SETFD, F_GETFL, F_SETFL */
	{"prctl", 0x1},	 /* PR_SET_PDEATHSIG */
	{"prctl", 0x4},	 /* PR_SET_DUMPABLE */
	{"prctl", 0x8},	 /* PR_SET_KEEPCAPS */
	{"prctl", 0x16}, /* PR_SET_SECCOMP */
	{"prctl", 0x17}, {"prctl", 0x18}, /* PR_CAPBSET_READ, PR_CAPBSET_DROP */
	{"prctl", 0x1b}, /* PR_GET_SECUREBITS */
	{"prctl", 0x26}, /* PR_SET_NO_NEW_PRIVS */
	{"prctl", 0x2f}, /* PR_CAP_AMBIENT */
};

#define ENOSYS_TEXT "38"
_Static_assert(ENOSYS == 38, "it is said as text, too");

enum verdict { ALLOW, REFUSE, REFUSE_IN_WORDS };

/* One comparison; a mask of 0: none. */
struct comparison {
	unsigned int index;
	uint64_t mask, value;
};

/* The same call under the name that it has grown to on 32-bit architectures; NULL: it has none. */
static const char *grown_name(const struct profile *profile, const char *call)
{
	return profile->sets[PROFILE_ARCHITECTURES].count && strcmp(call, "fcntl") == 0 ? "fcntl64" : NULL;
}

static bool is_call(const struct profile *profile, const char *call)
{
	return profile_find(PROFILE_SYSCALLS, &profile->sets[PROFILE_SYSCALLS], call);
}

/* The flags of namespaces that the profile does not name. */
static uint64_t refused_flags(const struct profile *profile)
{
	const struct profile_set *set = &profile->sets[PROFILE_NAMESPACES];
	uint64_t flags = 0;

	for (int kind = 0; set->present && kind < OCI_NS_COUNT; kind++)
		if (!profile_find(PROFILE_NAMESPACES, set, oci_namespace_name((enum oci_namespace_kind)kind)))
			flags |= oci_namespace_clone_flag((enum oci_namespace_kind)kind);
	return flags;
}

/* Has the call rules of its own, which compare what it is given? */
static bool is_compared(const struct profile *profile, const char *call)
{
	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++)
		if (profile_rows[id].argument.syscall && profile->sets[id].present &&
		    (strcmp(profile_rows[id].argument.syscall, call) == 0 ||
		     strcmp(grown_name(profile, profile_rows[id].argument.syscall) ?: "", call) == 0))
			return true;
	for (size_t i = 0; profile->sets[PROFILE_SIGNALS].present && i < ARRAY_SIZE(signal_calls); i++)
		if (strcmp(signal_calls[i].call, call) == 0)
			return true;
	return refused_flags(profile) &&
	       (strcmp(call, "clone") == 0 || strcmp(call, "clone3") == 0 || strcmp(call, "unshare") == 0);
}

static void begin_rule(struct json_writer *writer)
{
	json_begin_object(writer);
	json_key(writer, "names");
	json_begin_array(writer);
}

/* Behind the names: what becomes of the calls that the comparisons hold for. */
static void end_rule(struct json_writer *writer, enum verdict verdict, const struct comparison comparisons[2])
{
	json_end_array(writer);
	json_member_string(writer, "action", verdict == ALLOW ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO");
	if (verdict == REFUSE_IN_WORDS)
		json_member_string(writer, "errnoRet", ENOSYS_TEXT);
	else if (verdict == REFUSE)
		json_member_u64(writer, "errnoRet", ENOSYS);
	if (comparisons && comparisons[0].mask) {
		json_key(writer, "args");
		json_begin_array(writer);
		for (size_t i = 0; i < 2 && comparisons[i].mask; i++) {
			json_begin_object(writer);
			json_member_u64(writer, "index", comparisons[i].index);
			json_member_u64(writer, "value", comparisons[i].mask);
			json_member_u64(writer, "valueTwo", comparisons[i].value);
			json_member_string(writer, "op", "SCMP_CMP_MASKED_EQ");
			json_end_object(writer);
		}
		json_end_array(writer);
	}
	json_end_object(writer);
}

static void put_rule(struct json_writer *writer, const char *call, enum verdict verdict, unsigned int index, uint64_t mask,
		     uint64_t value)
{
	const struct comparison comparisons[2] = {{index, mask, value}};

	begin_rule(writer);
	json_put_string(writer, call);
	end_rule(writer, verdict, comparisons);
}

static void put_plain(struct json_writer *writer, const struct profile *profile)
{
	const struct profile_set *calls = &profile->sets[PROFILE_SYSCALLS];
	bool begun = false;

	for (size_t i = 0; i < calls->count; i++) {
		if (is_compared(profile, calls->items[i].text))
			continue;
		if (!begun)
			begin_rule(writer);
		begun = true;
		json_put_string(writer, calls->items[i].text);
	}
	if (begun)
		end_rule(writer, ALLOW, NULL);
}

/* What the set names of its call's arguments. */
static void put_arguments(struct json_writer *writer, const struct profile *profile, enum profile_set_id id)
{
	const struct profile_argument *argument = &profile_rows[id].argument;
	const struct profile_set *set = &profile->sets[id];
	uint64_t refused = id == PROFILE_CLONE ? refused_flags(profile) & ~EXIT_SIGNAL : 0;

	for (size_t i = 0; argument->syscall && i < set->count; i++) {
		const struct profile_item *item = &set->items[i];
		const struct comparison comparisons[2] = {
			{argument->index[0], argument->mask[0], item->argument[0]},
			{argument->index[1], argument->mask[1], item->argument[1]},
		};

		if (item->argument[0] & refused)
			continue;
		begin_rule(writer);
		json_put_string(writer, argument->syscall);
		if (grown_name(profile, argument->syscall))
			json_put_string(writer, grown_name(profile, argument->syscall));
		end_rule(writer, ALLOW, comparisons);
	}
}

static void put_allowed_signals(struct json_writer *writer, const struct profile *profile)
{
	const struct profile_set *set = &profile->sets[PROFILE_SIGNALS];

	for (size_t i = 0; set->present && i < ARRAY_SIZE(signal_calls); i++) {
		if (!is_call(profile, signal_calls[i].call))
			continue;
		/* 0 is no signal: it asks whether there is such a process. */
		put_rule(writer, signal_calls[i].call, ALLOW, signal_calls[i].index, WORD, 0);
		for (size_t j = 0; j < set->count; j++)
			put_rule(writer, signal_calls[i].call, ALLOW, signal_calls[i].index, WORD,
				 (uint64_t)abi_signal_number(set->items[j].text));
	}
}

static void put_allowed_namespaces(struct json_writer *writer, const struct profile *profile)
{
	uint64_t refused = refused_flags(profile);

	if (!refused)
		return;
	if (is_call(profile, "unshare"))
		put_rule(writer, "unshare", ALLOW, 0, refused, 0);
	/* In place of clone3, too, whatever the profile says of clone: it is less than clone3 was. */
	if (is_call(profile, "clone3") || (is_call(profile, "clone") && !profile->sets[PROFILE_CLONE].present))
		put_rule(writer, "clone", ALLOW, 0, refused & ~EXIT_SIGNAL, 0);
}

/* Beside what the profile allows. A call that it compares stays so: the runtime's part of it is a rule more. */
static void put_runtimes(struct json_writer *writer, const struct profile *profile)
{
	bool begun = false;

	for (size_t i = 0; i < ARRAY_SIZE(of_runtimes); i++) {
		if (is_call(profile, of_runtimes[i]))
			continue;
		if (!begun)
			begin_rule(writer);
		begun = true;
		json_put_string(writer, of_runtimes[i]);
	}
	if (begun)
		end_rule(writer, ALLOW, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(of_runtimes_compared); i++)
		if (!is_call(profile, of_runtimes_compared[i].call) || is_compared(profile, of_runtimes_compared[i].call))
			put_rule(writer, of_runtimes_compared[i].call, ALLOW, 0, WORD, of_runtimes_compared[i].first);
}

/* Does any rule above allow the call, for some arguments at least? */
static bool is_allowed(const struct profile *profile, const char *call)
{
	for (size_t i = 0; i < ARRAY_SIZE(of_runtimes); i++)
		if (strcmp(of_runtimes[i], call) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(of_runtimes_compared); i++)
		if (strcmp(of_runtimes_compared[i].call, call) == 0)
			return true;
	return is_call(profile, call) ? strcmp(call, "clone3") != 0 || !refused_flags(profile)
				      : strcmp(call, "clone") == 0 && is_call(profile, "clone3") && refused_flags(profile);
}

/* All others by name, where the default may not be ENOSYS. */
static void put_rest(struct json_writer *writer, const struct profile *profile, enum verdict refuse)
{
	begin_rule(writer);
	for (int row = 0; row < abi_syscall_rows(); row++)
		if (abi_syscall_row_number(ABI_ARCH_NATIVE, row) != ABI_SYSCALL_NONE &&
		    !is_allowed(profile, abi_syscall_row_name(row)))
			json_put_string(writer, abi_syscall_row_name(row));
	end_rule(writer, refuse, NULL);
}

/* Calls are not restricted, but for these. */
static void put_refusals(struct json_writer *writer, const struct profile *profile, enum verdict refuse)
{
	const struct profile_set *set = &profile->sets[PROFILE_SIGNALS];
	uint64_t refused = refused_flags(profile);

	for (int number = 1; set->present && number <= ABI_SIGNAL_MAX; number++) {
		const char *name = abi_signal_name(number);

		for (size_t i = 0; !profile_find(PROFILE_SIGNALS, set, name) && i < ARRAY_SIZE(signal_calls); i++)
			put_rule(writer, signal_calls[i].call, refuse, signal_calls[i].index, WORD, (uint64_t)number);
	}
	if (refused)
		put_rule(writer, "clone3", refuse, 0, 0, 0);
	for (uint64_t flag = 1; refused && flag <= WORD; flag <<= 1) {
		if (!(refused & flag))
			continue;
		put_rule(writer, "unshare", refuse, 0, flag, flag);
		if (!(flag & EXIT_SIGNAL))
			put_rule(writer, "clone", refuse, 0, flag, flag);
	}
}

bool profile_has_calls(const struct profile *profile)
{
	return profile->sets[PROFILE_SYSCALLS].present || profile->sets[PROFILE_SIGNALS].present ||
	       profile->sets[PROFILE_NAMESPACES].present;
}

/* The machine's own is always there: the runtime's last calls are made by it. */
static void put_architectures(struct json_writer *writer, const struct profile *profile)
{
	static const struct {
		const char *name, *scmp;
	} rows[] = {{"x86_64", "SCMP_ARCH_X86_64"}, {"i386", "SCMP_ARCH_X86"}, {"aarch64", "SCMP_ARCH_AARCH64"},
		    {"arm", "SCMP_ARCH_ARM"}};
	const struct profile_set *set = &profile->sets[PROFILE_ARCHITECTURES];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (abi_arch_from_scmp(rows[i].scmp) == ABI_ARCH_NATIVE ||
		    profile_find(PROFILE_ARCHITECTURES, set, rows[i].name))
			json_put_string(writer, rows[i].scmp);
}

void profile_put_seccomp(const struct profile *profile, enum profile_filter_form form, struct json_writer *writer)
{
	enum verdict refuse = form == PROFILE_FILTER_OPERATOR ? REFUSE_IN_WORDS : REFUSE;
	bool list = profile->sets[PROFILE_SYSCALLS].present;

	json_begin_object(writer);
	json_member_string(writer, "defaultAction", list ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
	if (list && form != PROFILE_FILTER_OPERATOR)
		json_member_u64(writer, "defaultErrnoRet", ENOSYS);
	json_key(writer, "architectures");
	json_begin_array(writer);
	put_architectures(writer, profile);
	json_end_array(writer);
	json_key(writer, "syscalls");
	json_begin_array(writer);
	if (list) {
		put_plain(writer, profile);
		for (enum profile_set_id id = 0; id < PROFILE_SETS; id++)
			put_arguments(writer, profile, id);
		put_allowed_signals(writer, profile);
		put_allowed_namespaces(writer, profile);
		if (form != PROFILE_FILTER_OURS)
			put_runtimes(writer, profile);
		if (form == PROFILE_FILTER_ENGINES || form == PROFILE_FILTER_OPERATOR)
			put_rest(writer, profile, refuse);
	} else {
		put_refusals(writer, profile, refuse);
	}
	json_end_array(writer);
	json_end_object(writer);
}

void profile_seccomp(const struct profile *profile, struct buf *out)
{
	struct json_writer writer = JSON_WRITER(out, 2);

	profile_put_seccomp(profile, PROFILE_FILTER_OURS, &writer);
}

int profile_write_seccomp(const struct profile *profile, const char *name, struct buf *out, struct err *err)
{
	struct json_writer writer = JSON_WRITER(out, 2);

	(void)name;
	if (!profile_has_calls(profile)) {
		err_set(err, ERR_CONFIG, "the profile has no rules.syscalls.names, rules.signals and rules.namespaces");
		err_why(err, "without them no call is restricted, and a filter that allows none would be written");
		return err_fix(err, "add the system calls that the program makes");
	}
	profile_put_seccomp(profile, PROFILE_FILTER_ENGINES, &writer);
	buf_puts(out, "\n");
	return 0;
}
