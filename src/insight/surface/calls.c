/* SPDX-License-Identifier: Apache-2.0 */
/* surface/calls: what a chain of filters leaves of the tables: system calls, and commands by the argument that holds them. */
#include <linux/net.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/types.h"
#include "insight/surface/parts.h"

static bool allowed_in_strict_mode(const char *name)
{
	static const char *const calls[] = {"read", "write", "exit", "rt_sigreturn"};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (strcmp(name, calls[i]) == 0)
			return true;
	return false;
}

/* The best that one of the chains grants. */
static enum surface_verdict verdict_of(const struct surface_chain *chain, const char *name, const struct reach_call *call)
{
	enum surface_verdict verdict = SURFACE_REFUSED;

	for (; chain && verdict != SURFACE_ALLOWED; chain = chain->next) {
		enum surface_verdict one = !chain->strict		? reach_verdict(chain, call)
					   : allowed_in_strict_mode(name) ? SURFACE_ALLOWED
									  : SURFACE_REFUSED;

		verdict = one > verdict ? one : verdict;
	}
	return verdict;
}

static int fill_syscalls(struct arena *arena, const struct surface_chain *chain, struct surface_set *set, struct err *err)
{
	struct reference_entry entry;
	size_t first, end;

	reference_range(REFERENCE_SYSCALL, &first, &end);
	if (surface_begin(arena, set, end - first, err))
		return ERR;
	for (size_t i = first; i < end; i++) {
		struct reach_call call = {.arch = ABI_ARCH_NATIVE, .argument = -1};

		reference_at(i, &entry);
		call.number = abi_syscall_number(ABI_ARCH_NATIVE, entry.name);
		if (call.number < 0)
			continue;
		surface_add(set, (struct surface_item){.name = entry.name,
							.verdict = verdict_of(chain, entry.name, &call),
							.risk = entry.risk});
	}
	return 0;
}

/* Which argument of which call holds a command. */
static const struct carrier {
	enum surface_set_id set;
	enum reference_kind kind;
	const char *group; /* NULL: all */
	const char *call;
	int argument;
} carriers[] = {
	{SURFACE_IOCTLS, REFERENCE_IOCTL, NULL, "ioctl", 1},
	{SURFACE_PRCTLS, REFERENCE_PRCTL, "option", "prctl", 0},
	{SURFACE_FCNTLS, REFERENCE_FCNTL, "command", "fcntl", 1},
	{SURFACE_FAMILIES, REFERENCE_SOCKET, "family", "socket", 0},
};

static struct surface_item judge(const struct surface_chain *chain, const struct carrier *carrier,
				 const struct reference_entry *entry)
{
	struct surface_item item = {.name = entry->name, .risk = entry->risk, .value = entry->value};
	struct reach_call call = {
		.arch = ABI_ARCH_NATIVE,
		.number = abi_syscall_number(ABI_ARCH_NATIVE, carrier->call),
		.argument = carrier->argument,
		.value = (uint32_t)entry->value,
		.high_zero = true,
	};

	item.verdict = verdict_of(chain, carrier->call, &call);
	if (item.verdict != SURFACE_REFUSED)
		return item;
	call.high_zero = false;
	item.verdict = verdict_of(chain, carrier->call, &call);
	item.high_half = item.verdict != SURFACE_REFUSED;
	return item;
}

/* Two names of one value are one command, but for ioctl, where each driver has numbers of its own. */
static bool seen(const struct carrier *carrier, size_t first, size_t at, int64_t value)
{
	struct reference_entry entry;

	for (size_t i = first; carrier->kind != REFERENCE_IOCTL && i < at; i++) {
		reference_at(i, &entry);
		if (entry.value == value && strcmp(entry.group, carrier->group) == 0)
			return true;
	}
	return false;
}

static int fill_commands(struct arena *arena, const struct surface_chain *chain, const struct carrier *carrier,
			 struct surface_set *set, struct err *err)
{
	struct reference_entry entry;
	size_t first, end;

	reference_range((int)carrier->kind, &first, &end);
	if (surface_begin(arena, set, end - first, err))
		return ERR;
	for (size_t i = first; i < end; i++) {
		reference_at(i, &entry);
		if ((carrier->group && strcmp(entry.group, carrier->group) != 0) || seen(carrier, first, i, entry.value))
			continue;
		surface_add(set, judge(chain, carrier, &entry));
	}
	return 0;
}

/* ---- namespaces ---- */

static bool flag_passes(const struct surface_chain *chain, const char *name, uint32_t flags)
{
	struct reach_call call = {
		.arch = ABI_ARCH_NATIVE,
		.number = abi_syscall_number(ABI_ARCH_NATIVE, name),
		.value = flags,
	};

	return call.number >= 0 && verdict_of(chain, name, &call) != SURFACE_REFUSED;
}

/* clone3 has its flags in memory, where no filter sees them: allowed is allowed with all. */
static bool namespace_passes(const struct surface_chain *chain, uint32_t flag)
{
	if (flag_passes(chain, "unshare", flag) || flag_passes(chain, "clone3", 0))
		return true;
	/* The bit of CLONE_NEWTIME belongs to the signal number in clone's flags. */
	return flag != CLONE_NEWTIME && flag_passes(chain, "clone", flag | SIGCHLD);
}

static int fill_namespaces(struct arena *arena, const struct surface_chain *chain, const struct calls_power *power,
			   struct surface_set *set, struct err *err)
{
	static const struct {
		const char *name;
		uint32_t flag;
		enum reference_risk risk;
	} kinds[] = {
		{"user", CLONE_NEWUSER, REFERENCE_RISK_HIGH},	{"mnt", CLONE_NEWNS, REFERENCE_RISK_HIGH},
		{"net", CLONE_NEWNET, REFERENCE_RISK_HIGH},	{"pid", CLONE_NEWPID, REFERENCE_RISK_MEDIUM},
		{"ipc", CLONE_NEWIPC, REFERENCE_RISK_MEDIUM},	{"uts", CLONE_NEWUTS, REFERENCE_RISK_LOW},
		{"cgroup", CLONE_NEWCGROUP, REFERENCE_RISK_MEDIUM}, {"time", CLONE_NEWTIME, REFERENCE_RISK_LOW},
	};
	bool user = namespace_passes(chain, CLONE_NEWUSER) && !power->no_user_namespaces;
	bool may = !power->known || power->sys_admin || user;

	if (surface_begin(arena, set, ARRAY_SIZE(kinds), err))
		return ERR;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		bool passes = kinds[i].flag == CLONE_NEWUSER ? user : may && namespace_passes(chain, kinds[i].flag);

		surface_add(set, (struct surface_item){.name = kinds[i].name,
							.verdict = passes ? SURFACE_ALLOWED : SURFACE_REFUSED,
							.risk = kinds[i].risk});
	}
	return 0;
}

/* ---- entries of other architectures ---- */

static size_t count_entry(const struct surface_chain *chain, uint32_t arch, size_t *ret_total)
{
	size_t reached = 0;

	*ret_total = 0;
	for (int row = 0; row < abi_syscall_rows(); row++) {
		struct reach_call call = {
			.arch = arch == ABI_ARCH_X32 ? AUDIT_ARCH_X86_64 : arch,
			.number = abi_syscall_row_number(arch, row),
			.argument = -1,
		};

		if (call.number < 0)
			continue;
		(*ret_total)++;
		/* Strict mode knows the native entry alone. */
		reached += verdict_of(chain, "", &call) != SURFACE_REFUSED;
	}
	return reached;
}

#if defined(__x86_64__)
/* socketcall has the family in memory, where no filter sees it. */
static bool any_socket(const struct surface_chain *chain)
{
	const struct reach_call call = {
		.arch = AUDIT_ARCH_I386,
		.number = abi_syscall_number(AUDIT_ARCH_I386, "socketcall"),
		.value = SYS_SOCKET,
		.high_zero = true,
	};

	return verdict_of(chain, "", &call) != SURFACE_REFUSED;
}
#endif

static void add_entries(struct arena *arena, const struct surface_chain *chain, struct surface *surface)
{
#if defined(__x86_64__)
	static const struct {
		uint32_t arch;
		const char *key, *title;
	} entries[] = {
		{AUDIT_ARCH_I386, "entryI386", "32-bit entry (i386)"},
		{ABI_ARCH_X32, "entryX32", "x32 entry"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		size_t total, reached = count_entry(chain, entries[i].arch, &total);

		surface_fact(surface, entries[i].key, entries[i].title,
			     reached ? arena_printf(arena, "%zu of %zu system calls more%s", reached, total,
						    entries[i].arch == AUDIT_ARCH_I386 && any_socket(chain)
							    ? "; sockets of any family, by socketcall" : "")
				     : "closed",
			     reached != 0);
	}
#else
	size_t total, reached = count_entry(chain, AUDIT_ARCH_ARM, &total);

	surface_fact(surface, "entryArm", "32-bit entry (arm)",
		     reached ? arena_printf(arena, "%zu of %zu system calls more", reached, total) : "closed",
		     reached != 0);
#endif
}

int calls_fill(struct arena *arena, const struct surface_chain *chain, const struct calls_power *power,
	       struct surface *surface, struct err *err)
{
	if (fill_syscalls(arena, chain, &surface->sets[SURFACE_SYSCALLS], err) ||
	    fill_namespaces(arena, chain, power, &surface->sets[SURFACE_NAMESPACES], err))
		return ERR;
	for (size_t i = 0; i < ARRAY_SIZE(carriers); i++)
		if (fill_commands(arena, chain, &carriers[i], &surface->sets[carriers[i].set], err))
			return ERR;
	add_entries(arena, chain, surface);
	return 0;
}
