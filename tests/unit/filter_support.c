/* SPDX-License-Identifier: Apache-2.0 */
/* filter_support: the reference interpreter and the policies (see filter_support.h). */
#include "filter_support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/json.h"
#include "base/types.h"

uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

void source_fill(uint64_t *seed, uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(random_next(seed) >> 24);
}

uint32_t source_below(struct source *source, uint32_t limit)
{
	uint32_t value = 0;

	for (uint32_t reached = 1; reached < limit; reached <<= 8)
		value = value << 8 | (source->used < source->size ? source->data[source->used++] : 0);
	return value % limit;
}

static const uint32_t actions[] = {
	SECCOMP_RET_ALLOW,	    SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ERRNO | ENOSYS, SECCOMP_RET_KILL_PROCESS,
	SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,	       SECCOMP_RET_LOG,		   SECCOMP_RET_TRACE | 7,
	SECCOMP_RET_USER_NOTIF,
};
static const uint32_t drawn_archs[] = {
	AUDIT_ARCH_X86_64,  AUDIT_ARCH_I386,	AUDIT_ARCH_AARCH64, ABI_ARCH_X32,	  AUDIT_ARCH_ARM,
	AUDIT_ARCH_RISCV64, AUDIT_ARCH_PPC64LE, AUDIT_ARCH_MIPSEL,  AUDIT_ARCH_MIPSEL64N32,
};
/* Few names, so that rules meet: multiplexed ones, their multiplexers, one-architecture ones, neighbours. */
static const char *const drawn_names[] = {
	"read",	   "write",	 "personality", "clone",  "ioctl", "socket",	"recv",	     "accept4",	 "socketcall",
	"ipc",	   "semop",	 "shmat",	"msgctl", "prctl", "set_tls", "breakpoint",  "waitpid",	 "getpid",
	"kill",	   "mmap2",	 "unshare",	"openat", "bind",  "connect",	"clock_gettime64", "fadvise64_64",
};
static const uint64_t drawn_values[] = {
	0, 1, 2, 3, 5, 7, 8, 0x10, 0x20000, 0x7e020000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
	0x100000005, 0x200000001, 0x8000000000000000, 0xffffffff00000000, UINT64_MAX,
};

static uint64_t draw_value(struct source *source)
{
	/* Mostly small ones: there they collide, and libseccomp is a strict oracle. */
	if (source_below(source, 8))
		return drawn_values[source_below(source, 13)];
	return drawn_values[source_below(source, ARRAY_SIZE(drawn_values))];
}

static void draw_rule(struct source *source, struct arena *arena, struct filter_rule *rule, size_t index)
{
	size_t names = 1 + source_below(source, 4);
	static const uint8_t args_counts[] = {0, 0, 1, 1, 1, 1, 2, 3};
	size_t args = args_counts[source_below(source, 8)];
	const char **list = arena_calloc(arena, names, sizeof(*list));
	struct filter_arg *items = arena_calloc(arena, args + 1, sizeof(*items));

	for (size_t i = 0; i < names; i++) {
		if (source_below(source, 4))
			list[i] = drawn_names[source_below(source, ARRAY_SIZE(drawn_names))];
		else
			list[i] = abi_syscall_row_name((int)source_below(source, (uint32_t)abi_syscall_rows()));
	}
	for (size_t i = 0; i < args; i++)
		items[i] = (struct filter_arg){.index = source_below(source, source_below(source, 3) ? 2 : 6),
					       .operator = (enum filter_operator)source_below(source, 7),
					       .value = draw_value(source),
					       .value_two = draw_value(source)};
	*rule = (struct filter_rule){.names = list,
				     .names_count = names,
				     .action = actions[source_below(source, ARRAY_SIZE(actions))],
				     .args = items,
				     .args_count = args,
				     .where = arena_printf(arena, "/linux/seccomp/syscalls/%zu", index)};
}

const struct filter_policy *policy_draw(struct source *source, struct arena *arena)
{
	struct filter_policy *policy = arena_alloc(arena, sizeof(*policy));
	size_t rules_count = source_below(source, 14);
	struct filter_rule *rules = arena_calloc(arena, rules_count + 1, sizeof(*rules));
	uint32_t *archs = arena_calloc(arena, 3, sizeof(*archs));

	policy->default_action = actions[source_below(source, ARRAY_SIZE(actions))];
	policy->bad_arch_action = source_below(source, 2) ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_KILL_THREAD;
	policy->archs = archs;
	for (uint32_t i = 1 + source_below(source, 3); i; i--) {
		uint32_t limit = source_below(source, 2) ? 4 : ARRAY_SIZE(drawn_archs);
		uint32_t arch = drawn_archs[source_below(source, limit)];
		bool again = false;

		for (size_t j = 0; j < policy->archs_count; j++)
			again = again || archs[j] == arch;
		if (!again)
			archs[policy->archs_count++] = arch;
	}
	for (size_t i = 0; i < rules_count; i++)
		draw_rule(source, arena, &rules[i], i);
	policy->rules = rules;
	policy->rules_count = rules_count;
	return policy;
}

/* Number of name behind socketcall (…) or ipc (200 + …), by linux/net.h and linux/ipc.h; 0 for others. */
static uint32_t multiplexed_call(const char *name)
{
	static const char *const sockets[] = {
		"socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair", "send",
		"recv", "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4",
		"recvmmsg", "sendmmsg"};
	static const struct {
		const char *name;
		uint32_t call;
	} ipcs[] = {{"semop", 1},   {"semget", 2},  {"semctl", 3},  {"semtimedop", 4}, {"msgsnd", 11}, {"msgrcv", 12},
		    {"msgget", 13}, {"msgctl", 14}, {"shmat", 21}, {"shmdt", 22},      {"shmget", 23}, {"shmctl", 24}};

	for (uint32_t i = 0; i < ARRAY_SIZE(sockets); i++)
		if (!strcmp(sockets[i], name))
			return i + 1;
	for (size_t i = 0; i < ARRAY_SIZE(ipcs); i++)
		if (!strcmp(ipcs[i].name, name))
			return 200 + ipcs[i].call;
	return 0;
}

static bool arch_is_narrow(uint32_t arch)
{
	static const uint32_t archs[] = {ABI_ARCH_X32,	   AUDIT_ARCH_I386,	    AUDIT_ARCH_ARM,
					 AUDIT_ARCH_MIPSEL, AUDIT_ARCH_MIPSEL64N32, AUDIT_ARCH_MIPS,
					 AUDIT_ARCH_MIPS64N32, AUDIT_ARCH_PPC,	    AUDIT_ARCH_S390,
					 AUDIT_ARCH_PARISC};

	for (size_t i = 0; i < ARRAY_SIZE(archs); i++)
		if (archs[i] == arch)
			return true;
	return false;
}

static uint32_t arch_of(const struct seccomp_data *data)
{
	bool x32 = data->arch == AUDIT_ARCH_X86_64 && (uint32_t)data->nr >= ABI_X32_SYSCALL_BIT && data->nr != -1;

	return x32 ? ABI_ARCH_X32 : data->arch;
}

/* How a rule's name may stand for data's call: 0 not at all, 1 by its number, 2 behind a multiplexer. */
static int name_stands(const char *name, uint32_t arch, const struct seccomp_data *data, bool args)
{
	bool mips = arch == AUDIT_ARCH_MIPSEL || arch == AUDIT_ARCH_MIPS;
	bool power = arch == AUDIT_ARCH_PPC64LE || arch == AUDIT_ARCH_PPC64 || arch == AUDIT_ARCH_PPC;
	bool s390 = arch == AUDIT_ARCH_S390X || arch == AUDIT_ARCH_S390;
	uint32_t bare = (uint32_t)data->nr - (mips ? 4000 : 0);
	uint64_t first = arch_is_narrow(arch) ? (uint32_t)data->args[0] : data->args[0];
	uint32_t call;

	if (data->nr >= 0 && abi_syscall_number(arch, name) == data->nr)
		return 1;
	if ((arch != AUDIT_ARCH_I386 && !power && !s390 && !mips) || (bare != 102 && bare != 117))
		return 0;
	call = multiplexed_call(name);
	return call && (bare == 117) == (call > 200) && (!args || first == call % 200) ? 2 : 0;
}

static bool arg_trivial(uint32_t arch, const struct filter_arg *arg)
{
	return arg->operator == FILTER_MASKED_EQ && !(arch_is_narrow(arch) ? (uint32_t)arg->value : arg->value);
}

static bool arg_holds(uint32_t arch, const struct filter_arg *arg, const struct seccomp_data *data)
{
	uint64_t cut = arch_is_narrow(arch) ? UINT32_MAX : UINT64_MAX;
	uint64_t is = data->args[arg->index] & cut, value = arg->value & cut;

	switch (arg->operator) {
	case FILTER_NE:
		return is != value;
	case FILTER_LT:
		return is < value;
	case FILTER_LE:
		return is <= value;
	case FILTER_EQ:
		return is == value;
	case FILTER_GE:
		return is >= value;
	case FILTER_GT:
		return is > value;
	case FILTER_MASKED_EQ:
		return (is & value) == (arg->value_two & value);
	}
	abort();
}

static bool rule_repeats(const struct filter_rule *rule)
{
	for (size_t i = 0; i < rule->args_count && !rule->all_args; i++)
		for (size_t j = 0; j < i; j++)
			if (rule->args[i].index == rule->args[j].index)
				return true;
	return false;
}

enum answer { ANSWER_NO, ANSWER_MATCHES, ANSWER_ALWAYS };

static enum answer rule_answer(const struct filter_rule *rule, uint32_t arch, const struct seccomp_data *data)
{
	enum answer best = ANSWER_NO;

	for (size_t n = 0; n < rule->names_count; n++) {
		int form = name_stands(rule->names[n], arch, data, true);
		bool all = true, any = false, always = form == 1, any_always = false;

		for (size_t i = 0; i < rule->args_count; i++) {
			const struct filter_arg *arg = &rule->args[i];
			bool counts = !(form == 2 && !arg->index) && !arg_trivial(arch, arg);
			bool holds = !counts || arg_holds(arch, arg, data);

			all = all && holds;
			any = any || holds;
			always = always && !counts;
			any_always = any_always || (!counts && form == 1);
		}
		if (rule_repeats(rule)) {
			all = any;
			always = any_always;
		}
		if (form && always)
			best = ANSWER_ALWAYS;
		else if (form && all && best == ANSWER_NO)
			best = ANSWER_MATCHES;
	}
	return best;
}

static bool arch_listed(const struct filter_policy *policy, uint32_t arch)
{
	for (size_t i = 0; i < policy->archs_count; i++)
		if (policy->archs[i] == arch)
			return true;
	return false;
}

bool reference_rule_matches(const struct filter_policy *policy, uint32_t rule, const struct seccomp_data *data)
{
	return rule_answer(&policy->rules[rule], arch_of(data), data) != ANSWER_NO;
}

bool reference_allows(const struct reference *reference, uint32_t action)
{
	for (size_t i = 0; i < reference->count; i++)
		if (reference->actions[i] == action)
			return true;
	return false;
}

void reference_ask(const struct filter_policy *policy, const struct seccomp_data *data, struct reference *ret)
{
	uint32_t arch = arch_of(data);
	bool skipped = data->nr == -1 && arch == AUDIT_ARCH_X86_64 && arch_listed(policy, ABI_ARCH_X32);

	ret->count = 0;
	if (!arch_listed(policy, arch) && !skipped) {
		ret->actions[ret->count++] = policy->bad_arch_action;
		return;
	}
	for (size_t i = 0; i < policy->rules_count; i++) {
		enum answer answer;

		if (policy->rules[i].action == policy->default_action)
			continue;
		answer = rule_answer(&policy->rules[i], arch, data);
		if (answer == ANSWER_ALWAYS) {
			ret->actions[0] = policy->rules[i].action;
			ret->count = 1;
			return;
		}
		if (answer == ANSWER_MATCHES && !reference_allows(ret, policy->rules[i].action))
			ret->actions[ret->count++] = policy->rules[i].action;
	}
	if (!ret->count)
		ret->actions[ret->count++] = policy->default_action;
}

static bool rule_concerns(const struct filter_rule *rule, uint32_t arch, const struct seccomp_data *data)
{
	for (size_t n = 0; n < rule->names_count; n++)
		if (name_stands(rule->names[n], arch, data, false))
			return true;
	return false;
}

bool reference_concerns(const struct filter_policy *policy, const struct seccomp_data *data)
{
	uint32_t arch = arch_of(data);

	for (size_t i = 0; i < policy->rules_count; i++)
		if (arch_listed(policy, arch) && rule_concerns(&policy->rules[i], arch, data))
			return true;
	return false;
}

bool reference_looks_at_args(const struct filter_policy *policy, const struct seccomp_data *data)
{
	uint32_t arch = arch_of(data);

	for (size_t i = 0; i < policy->rules_count; i++) {
		const struct filter_rule *rule = &policy->rules[i];

		for (size_t n = 0; n < rule->names_count; n++) {
			int form = name_stands(rule->names[n], arch, data, false);

			if (form == 2 || (form == 1 && rule->args_count))
				return true;
		}
	}
	return false;
}

void reference_draw_args(const struct filter_policy *policy, uint64_t *seed, struct seccomp_data *data)
{
	static const uint64_t edges[] = {0, 1, UINT32_MAX, 0x100000000, UINT64_MAX};
	uint32_t arch = arch_of(data);

	for (int arg = 0; arg < 6; arg++) {
		uint64_t candidates[128];
		size_t count = 0;

		for (; count < ARRAY_SIZE(edges); count++)
			candidates[count] = edges[count];
		for (size_t i = 0; i < policy->rules_count; i++) {
			const struct filter_rule *rule = &policy->rules[i];
			uint32_t call;

			if (!rule_concerns(rule, arch, data))
				continue;
			for (size_t n = 0; n < rule->names_count && !arg && count < 100; n++)
				if ((call = multiplexed_call(rule->names[n])))
					candidates[count++] = call % 200;
			for (size_t a = 0; a < rule->args_count && count < 100; a++) {
				uint64_t value = rule->args[a].operator == FILTER_MASKED_EQ ? rule->args[a].value_two :
											      rule->args[a].value;

				if ((int)rule->args[a].index != arg)
					continue;
				candidates[count++] = value;
				candidates[count++] = value - 1;
				candidates[count++] = value + 1;
				candidates[count++] = value ^ 0x100000000;
				candidates[count++] = value ^ 0xffffffff00000000;
				if (rule->args[a].operator == FILTER_MASKED_EQ)
					candidates[count++] = value | ~rule->args[a].value;
			}
		}
		data->args[arg] = candidates[random_next(seed) % count];
	}
}

static bool listed(const struct json *array, const char *const *words)
{
	for (const struct json *item = array ? array->first : NULL; item; item = item->next)
		for (size_t i = 0; words[i]; i++)
			if (item->type == JSON_STRING && !strcmp(item->string, words[i]))
				return true;
	return false;
}

static bool all_listed(const struct json *array, const char *const *words)
{
	for (const struct json *item = array ? array->first : NULL; item; item = item->next) {
		bool found = false;

		for (size_t i = 0; words[i]; i++)
			found = found || !strcmp(item->string, words[i]);
		if (!found)
			return false;
	}
	return true;
}

/* Does an entry of Docker's format apply? */
static bool entry_applies(const struct json *entry)
{
	static const char *const arch[] = {"amd64", NULL};
	static const char *const caps[] = {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD",
					   "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP",
					   "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
					   NULL};
	const struct json *in = json_get(entry, "includes"), *out = json_get(entry, "excludes");
	const struct json *in_arch = json_get(in, "arches");

	return !(in_arch && in_arch->count && !listed(in_arch, arch)) && all_listed(json_get(in, "caps"), caps) &&
	       !listed(json_get(out, "caps"), caps) && !listed(json_get(out, "arches"), arch);
}

static uint32_t action_of(const struct json *entry)
{
	const struct json *code = json_get(entry, "errnoRet");
	uint64_t number = EPERM;

	if (!strcmp(json_get(entry, "action")->string, "SCMP_ACT_ALLOW"))
		return SECCOMP_RET_ALLOW;
	if (strcmp(json_get(entry, "action")->string, "SCMP_ACT_ERRNO"))
		abort();
	if (code)
		json_u64(code, &number);
	return SECCOMP_RET_ERRNO | (uint32_t)number;
}

static enum filter_operator operator_of(const char *name)
{
	static const char *const names[] = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ",
					    "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return (enum filter_operator)i;
	abort();
}

static void entry_read(const struct json *entry, struct arena *arena, struct filter_rule *rule)
{
	const struct json *names = json_get(entry, "names"), *args = json_get(entry, "args");
	const char **list = arena_calloc(arena, names->count + 1, sizeof(*list));
	struct filter_arg *items = arena_calloc(arena, args ? args->count + 1 : 1, sizeof(*items));

	*rule = (struct filter_rule){.names = list,
				     .action = action_of(entry),
				     .args = items,
				     .where = json_pointer_in(arena, entry)};
	for (const struct json *name = names->first; name; name = name->next)
		list[rule->names_count++] = name->string;
	for (const struct json *arg = args ? args->first : NULL; arg; arg = arg->next) {
		struct filter_arg *item = &items[rule->args_count++];
		uint64_t index = 0;

		json_u64(json_get(arg, "index"), &index);
		json_u64(json_get(arg, "value"), &item->value);
		if (json_get(arg, "valueTwo"))
			json_u64(json_get(arg, "valueTwo"), &item->value_two);
		item->index = (uint32_t)index;
		item->operator = operator_of(json_get(arg, "op")->string);
	}
}

const struct filter_policy *policy_of_docker(const char *path, struct arena *arena)
{
	static const uint32_t archs[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, ABI_ARCH_X32};
	struct filter_policy *policy = arena_alloc(arena, sizeof(*policy));
	char *text = arena_alloc(arena, 1 << 20);
	FILE *file = fopen(path, "re");
	const struct json *list;
	struct json *root;
	struct filter_rule *rules;
	struct err err = ERR_INIT;
	size_t size;

	if (!file)
		return NULL;
	size = fread(text, 1, 1 << 20, file);
	fclose(file);
	if (json_parse(arena, path, text, size, &root, &err) < 0)
		return NULL;
	list = json_get(root, "syscalls");
	rules = arena_calloc(arena, list->count, sizeof(*rules));
	*policy = (struct filter_policy){.default_action = SECCOMP_RET_ERRNO | ENOSYS,
					 .bad_arch_action = SECCOMP_RET_KILL_PROCESS,
					 .archs = archs,
					 .archs_count = ARRAY_SIZE(archs),
					 .rules = rules};
	for (const struct json *entry = list->first; entry; entry = entry->next)
		if (entry_applies(entry))
			entry_read(entry, arena, &rules[policy->rules_count++]);
	return policy;
}
