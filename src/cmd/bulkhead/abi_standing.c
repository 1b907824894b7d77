/* SPDX-License-Identifier: Apache-2.0 */
/* abi_standing: what the default profile and a given one say about a system call, in words. Reads the given file. */
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/json.h"
#include "cmd/bulkhead/abi.h"
#include "core/oci/config.h"

#define PROFILE_BYTES_MAX (16u << 20)
#define CONDITIONS_SHOWN 6
#define ACTIONS_MAX 8

/* ---- reading ---- */

static int use_text(struct abi *abi, const char *name, const char *text, size_t size, struct abi_profile *profile,
		    struct err *err)
{
	profile->name = name;
	return standing_read(abi->arena, name, text, size, &profile->profile, err) ||
			       standing_policy(&profile->profile, 0, abi->arena, &profile->policy, err)
		       ? ERR
		       : 0;
}

/* The default profile of a sandbox with these capabilities. */
static int use_sandbox(struct abi *abi, uint64_t capabilities, struct abi_profile *profile, struct err *err)
{
	struct buf text cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&text, 0);

	sandbox_write_seccomp(&writer, capabilities);
	if (text.failed)
		return err_set(err, ERR_INTERNAL, "out of memory while writing the default profile");
	return use_text(abi, "sandbox", text.data, text.length, profile, err);
}

int abi_read_profiles(struct abi *abi, const char *file, struct err *err)
{
	const char *text;
	size_t size;

	if (use_sandbox(abi, 0, &abi->sandbox, err))
		return ERR;
	if (!file)
		return 0;
	return engine_read_file(abi->arena, file, file, PROFILE_BYTES_MAX, &text, &size, err) ||
			       use_text(abi, file, text, size, &abi->given, err)
		       ? ERR
		       : 0;
}

/* ---- verdicts in words ---- */

static const char *verdict(struct arena *arena, uint32_t action)
{
	const char *name = err_name((int)(action & SECCOMP_RET_DATA)), *text = NULL;

	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return "allowed";
	case SECCOMP_RET_LOG:
		return "allowed and logged";
	case SECCOMP_RET_ERRNO:
		text = name ? arena_printf(arena, "refused with %s", name)
			    : arena_printf(arena, "refused with error %u", action & SECCOMP_RET_DATA);
		return text ? text : "refused";
	case SECCOMP_RET_TRAP:
		return "refused with the signal SIGSYS";
	case SECCOMP_RET_TRACE:
		return "left to a tracer";
	case SECCOMP_RET_USER_NOTIF:
		return "left to a supervisor";
	case SECCOMP_RET_KILL_THREAD:
		return "ends the thread";
	default:
		return "ends the process";
	}
}

static const char *standing_word(const struct standing *standing)
{
	if (standing->arguments)
		return "arguments";
	switch (standing->action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		return "allowed";
	default:
		return "refused";
	}
}

/* Conditions counted by action. */
struct counts {
	uint32_t actions[ACTIONS_MAX];
	size_t of[ACTIONS_MAX], count, fewest;
};

static void count_actions(struct abi *abi, const struct filter_policy *policy, const char *name,
			  const struct standing *standing, struct counts *counts)
{
	for (size_t i = 0; i < standing->conditions; i++) {
		const char *text;
		uint32_t action;
		size_t at = 0;

		standing_condition(policy, name, i, abi->arena, &text, &action);
		while (at < counts->count && counts->actions[at] != action)
			at++;
		if (at == ACTIONS_MAX)
			continue;
		counts->actions[at] = action;
		counts->of[at]++;
		counts->count = at == counts->count ? at + 1 : counts->count;
	}
	for (size_t i = 1; i < counts->count; i++)
		counts->fewest = counts->of[i] < counts->of[counts->fewest] ? i : counts->fewest;
}

/* Those of the rarest action in full, the others by number: a permission that leaves two values out has many rules. */
static void add_conditions(struct abi *abi, const struct filter_policy *policy, const char *name,
			   const struct standing *standing, struct buf *out)
{
	struct counts counts = {.count = 0};
	size_t shown = 0;

	count_actions(abi, policy, name, standing, &counts);
	buf_printf(out, "%s when ", verdict(abi->arena, counts.actions[counts.fewest]));
	for (size_t i = 0; i < standing->conditions; i++) {
		const char *text;
		uint32_t action;

		standing_condition(policy, name, i, abi->arena, &text, &action);
		if (action != counts.actions[counts.fewest])
			continue;
		if (shown < CONDITIONS_SHOWN)
			buf_printf(out, "%s%s", shown ? ", or " : "", text);
		shown++;
	}
	if (shown > CONDITIONS_SHOWN)
		buf_printf(out, ", or %zu more", shown - CONDITIONS_SHOWN);
	for (size_t i = 0; i < counts.count; i++)
		if (i != counts.fewest)
			buf_printf(out, "; %s under %zu other condition%s", verdict(abi->arena, counts.actions[i]),
				   counts.of[i], counts.of[i] == 1 ? "" : "s");
	buf_printf(out, "; otherwise %s", verdict(abi->arena, policy->default_action));
}

/* ---- capabilities ---- */

static bool differs(const struct standing *one, const struct standing *other)
{
	return one->action != other->action || one->arguments != other->arguments;
}

/* The capability changes what the profile says: *ret_standing is what it says then. */
static int standing_with(struct abi *abi, const struct abi_profile *profile, unsigned int capability, int number,
			 const char *name, struct standing *ret_standing, struct err *err)
{
	uint64_t set = UINT64_C(1) << capability;
	struct abi_profile other = {NULL};
	struct filter_policy policy;

	if (profile == &abi->sandbox) {
		if (use_sandbox(abi, set, &other, err))
			return ERR;
		policy = other.policy;
	} else if (standing_policy(&profile->profile, set, abi->arena, &policy, err)) {
		return ERR;
	}
	return standing_of(&policy, abi->arch, number, name, abi->arena, ret_standing, err);
}

/* Capabilities that may matter to the profile. The sandbox adds calls for capabilities that they need. */
static uint64_t candidates(const struct abi *abi, const struct abi_profile *profile, const struct reference_entry *entry)
{
	uint64_t set = 0;
	char name[64];

	if (profile != &abi->sandbox)
		return standing_capabilities(&profile->profile, entry->name);
	for (const char *at = entry->capabilities; *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");
		int number;

		snprintf(name, sizeof(name), "%.*s", (int)length, at);
		number = oci_capability_number(name);
		if (number >= 0)
			set |= UINT64_C(1) << number;
		at += length;
	}
	return set;
}

/* Where a capability that changes the standing is told: one of the two. */
struct change {
	struct buf *out;
	struct json_writer *writer;
};

static int each_change(struct abi *abi, const struct abi_profile *profile, const struct reference_entry *entry,
		       int number, const struct standing *base, const struct change *change, struct err *err)
{
	uint64_t set = candidates(abi, profile, entry);

	for (unsigned int i = 0; i < 64; i++) {
		struct standing with;
		const char *name = oci_capability_name(i);

		if (!(set >> i & 1) || !name)
			continue;
		if (standing_with(abi, profile, i, number, entry->name, &with, err))
			return ERR;
		if (!differs(base, &with))
			continue;
		if (change->out)
			buf_printf(change->out, "; with %s %s", name,
				   with.arguments ? "its arguments decide" : verdict(abi->arena, with.action));
		if (change->writer)
			json_member_string(change->writer, name, standing_word(&with));
	}
	return 0;
}

/* ---- a profile about a call ---- */

int abi_standing_text(struct abi *abi, const struct abi_profile *profile, const struct reference_entry *entry,
		      struct buf *out, struct err *err)
{
	const struct change change = {.out = out};
	int number = abi_syscall_number(abi->arch, entry->name);
	struct standing standing;

	if (profile->profile.unrestricted) {
		buf_puts(out, "allowed: the config has no linux.seccomp");
		return 0;
	}
	if (number < 0) {
		buf_printf(out, "no such call on %s", abi_arch_name(abi->arch));
		return 0;
	}
	if (standing_of(&profile->policy, abi->arch, number, entry->name, abi->arena, &standing, err))
		return ERR;
	if (standing.arguments)
		add_conditions(abi, &profile->policy, entry->name, &standing, out);
	else
		buf_puts(out, verdict(abi->arena, standing.action));
	if (standing.where && profile == &abi->given && !standing.arguments)
		buf_printf(out, " (by %s#%s)", profile->name, standing.where);
	return each_change(abi, profile, entry, number, &standing, &change, err);
}

static void conditions_json(struct abi *abi, const struct abi_profile *profile, const char *name,
			    const struct standing *standing, struct json_writer *writer)
{
	char action_name[64];

	json_key(writer, "conditions");
	json_begin_array(writer);
	for (size_t i = 0; i < standing->conditions; i++) {
		const char *text;
		uint32_t action;

		standing_condition(&profile->policy, name, i, abi->arena, &text, &action);
		filter_action_text(action, action_name, sizeof(action_name));
		json_begin_object(writer);
		json_member_string(writer, "when", text);
		json_member_string(writer, "action", action_name);
		json_end_object(writer);
	}
	json_end_array(writer);
}

int abi_standing_json(struct abi *abi, const struct abi_profile *profile, const struct reference_entry *entry,
		      struct json_writer *writer, struct err *err)
{
	const struct change change = {.writer = writer};
	int number = abi_syscall_number(abi->arch, entry->name), result;
	struct standing standing;
	char action[64];

	if (profile->profile.unrestricted || number < 0) {
		json_begin_object(writer);
		json_member_string(writer, "standing", number < 0 ? "absent" : "allowed");
		json_end_object(writer);
		return 0;
	}
	if (standing_of(&profile->policy, abi->arch, number, entry->name, abi->arena, &standing, err))
		return ERR;
	filter_action_text(standing.action, action, sizeof(action));
	json_begin_object(writer);
	json_member_string(writer, "standing", standing_word(&standing));
	json_member_string(writer, "action", action);
	if (standing.where && profile == &abi->given)
		json_member_string(writer, "where", standing.where);
	if (standing.arguments)
		conditions_json(abi, profile, entry->name, &standing, writer);
	json_key(writer, "with");
	json_begin_object(writer);
	result = each_change(abi, profile, entry, number, &standing, &change, err);
	json_end_object(writer);
	json_end_object(writer);
	return result;
}

/* ---- a profile about a constant ---- */

static const struct carrier {
	enum reference_kind kind;
	const char *group; /* NULL: all */
	const char *call;
	unsigned int argument;
} carriers[] = {
	{REFERENCE_IOCTL, NULL, "ioctl", 1},	       {REFERENCE_PRCTL, "option", "prctl", 0},
	{REFERENCE_PRCTL, "arch_prctl", "arch_prctl", 0}, {REFERENCE_FCNTL, "command", "fcntl", 1},
	{REFERENCE_SOCKET, "family", "socket", 0},     {REFERENCE_BPF, "command", "bpf", 0},
	{REFERENCE_KEYCTL, "command", "keyctl", 0},    {REFERENCE_PTRACE, "request", "ptrace", 0},
	{REFERENCE_CLONE, NULL, "clone", 0},	       {REFERENCE_MOUNT, "mount flag", "mount", 3},
};

int abi_constant_standing(struct abi *abi, const struct abi_profile *profile, const struct reference_entry *entry,
			  const char **ret_call, const char **ret_verdict, const char **ret_word, struct err *err)
{
	struct standing standing = {.action = SECCOMP_RET_ALLOW};
	const struct carrier *carrier = NULL;
	int number;

	*ret_call = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(carriers); i++)
		if (carriers[i].kind == entry->kind && (!carriers[i].group || !strcmp(carriers[i].group, entry->group)))
			carrier = &carriers[i];
	number = carrier ? abi_syscall_number(abi->arch, carrier->call) : ABI_SYSCALL_NONE;
	if (number < 0)
		return 0;
	if (!profile->profile.unrestricted &&
	    standing_of_argument(&profile->policy, abi->arch, number, carrier->argument, (uint64_t)entry->value, abi->arena,
				 &standing.action, &standing.where, err))
		return ERR;
	*ret_call = carrier->call;
	*ret_verdict = verdict(abi->arena, standing.action);
	*ret_word = standing_word(&standing);
	return 0;
}
