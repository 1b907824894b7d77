// SPDX-License-Identifier: Apache-2.0
/* learn: records in, facts kept. See learn.h. */
#include "insight/learn/learn.h"

#include <errno.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "abi/signals.h"
#include "base/types.h"
#include "core/cause/refusal.h"
#include "core/oci/config.h"
#include "core/oci/names.h"
#include "insight/learn/parts.h"
#include "insight/reference/reference.h"

#define ARENA_LIMIT	((size_t)1 << 30)
#define REASON_MAX	160 /* of a capability: the calls that need it */
#define PORT_UNPRIVILEGED 1024 /* where nobody has changed it */
#define CLONE_NEW_TIME	0x80

int learn_begin(struct learn *learn, struct err *err)
{
	*learn = (struct learn){.root_fd = -EBADF, .arena = {.limit = ARENA_LIMIT}};
	learn->end = &learn->first;
	return facts_begin(learn) ? 0 : err_set(err, ERR_INTERNAL, "out of memory");
}

void learn_set_root(struct learn *learn, int root_fd)
{
	learn->root_fd = root_fd;
}

void learn_done(struct learn *learn)
{
	arena_done(&learn->arena);
}

void learn_note(struct learn *learn, bool incomplete, const char *fmt, ...)
{
	struct learn_missing note = {.incomplete = incomplete};
	va_list args;

	va_start(args, fmt);
	vsnprintf(note.text, sizeof(note.text), fmt, args);
	va_end(args);
	for (size_t i = 0; i < learn->missing_count; i++)
		if (strcmp(learn->missing[i].text, note.text) == 0)
			return;
	if (learn->missing_count < LEARN_MISSING_MAX)
		learn->missing[learn->missing_count++] = note;
	else if (incomplete)
		learn->missing[LEARN_MISSING_MAX - 1] = note;
}

/* A fact of one of the profile's sets, unless it could not stand in the file. */
static struct learn_fact *put(struct learn *learn, enum profile_set_id set, const char *text)
{
	return profile_rows[set].fault(text) ? NULL : facts_put(learn, set, text);
}

/* The constant of this kind that has the value; group NULL: any. */
static const char *name_of(enum reference_kind kind, uint64_t value, const char *group)
{
	struct reference_entry entry;
	size_t first, end;

	reference_range(kind, &first, &end);
	for (size_t i = first; i < end; i++) {
		reference_at(i, &entry);
		if (entry.has_value && (uint64_t)entry.value == value && (!group || strcmp(entry.group, group) == 0))
			return entry.name;
	}
	return "";
}

/* ---- system calls and their arguments ---- */

/* The source sees no checks: what a call needs by its manual, if the caller has it, was needed. */
static void imply_capability(struct learn *learn, const char *name, const char *call)
{
	int number = oci_capability_number(name);
	struct learn_fact *fact;

	if (number < 0 || !(learn->held >> number & 1))
		return;
	fact = put(learn, PROFILE_CAPABILITIES, oci_capability_name((unsigned int)number));
	if (fact && !fact->reason[0])
		fact->reason = call;
}

static void take_held(struct learn *learn, const char *call, uint64_t held)
{
	/* These need it for other processes or for more than there is, which the call does not show. */
	static const char depends[] = " kill prlimit64 ptrace setpriority setrlimit tgkill unshare ";
	bool of_host;
	const char *capability = refusal_capability_of(call, &of_host);
	char word[40];

	snprintf(word, sizeof(word), " %.30s ", call);
	if (held & ~learn->held)
		learn_note(learn, false,
			   "the program had capabilities; without privilege one sees those that its calls imply, not whether "
			   "files or other processes needed one");
	learn->held |= held;
	if (capability && !strstr(depends, word))
		imply_capability(learn, capability, call);
}

static const char *name_of_call(const struct observe_sight *sight)
{
	return observe_call_name(sight->number, sight->flags & OBSERVE_SIGHT_COMPAT);
}

static void take_call(struct learn *learn, const struct observe_sight *sight)
{
	const char *name = name_of_call(sight);

	if (!name)
		return;
	put(learn, PROFILE_SYSCALLS, name);
	if (sight->flags & OBSERVE_SIGHT_HELD)
		take_held(learn, observe_native_name(name), sight->value[0]);
	if (!(sight->flags & OBSERVE_SIGHT_COMPAT))
		return;
	put(learn, PROFILE_ARCHITECTURES, "i386");
	if (strcmp(name, "socketcall") == 0 || strcmp(name, "ipc") == 0)
		learn_note(learn, false,
			   "%s, by the 32-bit entry: a filter compares which call it stands for; what that is given (family, "
			   "type, options) lies in memory, and is not restricted", name);
}

/* clone3 gets its flags in memory, where no filter sees them; the C library falls back to clone. */
static enum profile_set_id set_of_arguments(const char *call)
{
	if (strcmp(call, "clone3") == 0)
		return PROFILE_CLONE;
	for (enum profile_set_id set = 0; set < PROFILE_SETS; set++)
		if (profile_rows[set].argument.syscall && strcmp(profile_rows[set].argument.syscall, call) == 0)
			return set;
	return PROFILE_SETS;
}

static const char *name_of_option(uint64_t level, uint64_t option)
{
	static const struct {
		uint64_t level;
		const char *group;
	} rows[] = {
		{SOL_SOCKET, "SOL_SOCKET"},	{IPPROTO_IP, "IPPROTO_IP"},   {IPPROTO_IPV6, "IPPROTO_IPV6"},
		{IPPROTO_TCP, "IPPROTO_TCP"},	{IPPROTO_UDP, "IPPROTO_UDP"}, {SOL_PACKET, "SOL_PACKET"},
		{SOL_NETLINK, "SOL_NETLINK"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].level == level)
			return name_of(REFERENCE_SOCKOPT, option, rows[i].group);
	return "";
}

/* What ipc and socketcall stand for. */
static const char *name_behind(bool ipc, uint64_t number)
{
	static const char *const sockets[] = {"", "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername",
					      "socketpair", "send", "recv", "sendto", "recvfrom", "shutdown", "setsockopt",
					      "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg", "sendmmsg"};
	static const char *const ipcs[] = {"", "semop", "semget", "semctl", "semtimedop", "", "", "", "", "", "", "msgsnd",
					   "msgrcv", "msgget", "msgctl", "", "", "", "", "", "", "shmat", "shmdt", "shmget",
					   "shmctl"};

	if (ipc)
		return number < ARRAY_SIZE(ipcs) ? ipcs[number] : "";
	return number < ARRAY_SIZE(sockets) ? sockets[number] : "";
}

static const char *reason_of_argument(struct learn *learn, enum profile_set_id set, const uint64_t value[2])
{
	switch (set) {
	case PROFILE_BPF:
		return name_of(REFERENCE_BPF, value[0], "command");
	case PROFILE_FCNTL:
		return name_of(REFERENCE_FCNTL, value[0], "command");
	case PROFILE_IOCTL:
		return name_of(REFERENCE_IOCTL, value[0], NULL);
	case PROFILE_KEYCTL:
		return name_of(REFERENCE_KEYCTL, value[0], "command");
	case PROFILE_PRCTL:
		return name_of(REFERENCE_PRCTL, value[0], "option");
	case PROFILE_IPC:
	case PROFILE_SOCKETCALL:
		return name_behind(set == PROFILE_IPC, value[0]);
	case PROFILE_SETSOCKOPT:
		return name_of_option(value[0], value[1]);
	case PROFILE_SOCKET:
		return arena_printf(&learn->arena, "%s %s", name_of(REFERENCE_SOCKET, value[0], "family"),
				    name_of(REFERENCE_SOCKET, value[1], "type")) ?: "";
	default:
		return "";
	}
}

static void take_argument(struct learn *learn, const struct observe_sight *sight)
{
	const char *name = name_of_call(sight);
	enum profile_set_id set = name ? set_of_arguments(observe_native_name(name)) : PROFILE_SETS;
	const struct profile_argument *argument;
	struct learn_fact *fact;
	uint64_t value[2];
	char text[48];

	if (set == PROFILE_SETS)
		return;
	argument = &profile_rows[set].argument;
	for (size_t i = 0; i < 2; i++)
		value[i] = sight->value[i] & argument->mask[i];
	if (argument->mask[1])
		snprintf(text, sizeof(text), "0x%llx:0x%llx", (unsigned long long)value[0], (unsigned long long)value[1]);
	else
		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value[0]);
	fact = put(learn, set, text);
	if (!fact)
		return;
	memcpy(fact->argument, value, sizeof(value));
	if (!fact->reason[0])
		fact->reason = reason_of_argument(learn, set, value);
	if (set == PROFILE_SOCKET && (value[0] == AF_PACKET || value[1] == SOCK_RAW))
		imply_capability(learn, "CAP_NET_RAW", name);
	/* Arguments of a call that is not named are a fault of the file. */
	put(learn, PROFILE_SYSCALLS, set == PROFILE_CLONE ? name : profile_rows[set].argument.syscall);
}

/* ---- power ---- */

static const char *capability_name(uint64_t number)
{
	return name_of(REFERENCE_CAPABILITY, number, NULL);
}

/* The calls that need it, a few of them. */
static void take_capability(struct learn *learn, const struct observe_sight *sight)
{
	const char *call = name_of_call(sight), *reason;
	struct learn_fact *fact;
	size_t length;

	if (sight->flags & OBSERVE_SIGHT_SILENT)
		return;
	fact = put(learn, PROFILE_CAPABILITIES, capability_name(sight->value[0]));
	if (!fact || !call)
		return;
	length = strlen(call);
	for (const char *at = fact->reason; (at = strstr(at, call)); at++)
		if ((at == fact->reason || at[-1] == ' ') && (!at[length] || at[length] == ','))
			return;
	if (strlen(fact->reason) + length + 2 > REASON_MAX)
		return;
	reason = arena_printf(&learn->arena, "%s%s%s", fact->reason, fact->reason[0] ? ", " : "", call);
	fact->reason = reason ?: fact->reason;
}

static void take_signal(struct learn *learn, uint64_t number)
{
	const char *name = number <= ABI_SIGNAL_MAX ? abi_signal_name((int)number) : NULL;

	if (name)
		put(learn, PROFILE_SIGNALS, name);
}

static void take_namespaces(struct learn *learn, uint64_t flags)
{
	static const struct {
		uint64_t flag;
		enum oci_namespace_kind kind;
	} rows[] = {
		{CLONE_NEWUSER, OCI_NS_USER}, {CLONE_NEWPID, OCI_NS_PID}, {CLONE_NEWNET, OCI_NS_NETWORK},
		{CLONE_NEWNS, OCI_NS_MOUNT},  {CLONE_NEWIPC, OCI_NS_IPC}, {CLONE_NEWUTS, OCI_NS_UTS},
		{CLONE_NEWCGROUP, OCI_NS_CGROUP}, {CLONE_NEW_TIME, OCI_NS_TIME},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (const struct oci_name *name = oci_names_namespace.items; flags & rows[i].flag && name->name; name++)
			if ((enum oci_namespace_kind)name->value == rows[i].kind)
				put(learn, PROFILE_NAMESPACES, name->name);
}

/* ---- network, limits ---- */

static void take_port(struct learn *learn, const struct observe_sight *sight, enum profile_set_id set)
{
	struct learn_fact *fact;
	char text[8];

	if ((sight->value[1] != AF_INET && sight->value[1] != AF_INET6) || sight->value[0] > UINT16_MAX)
		return;
	snprintf(text, sizeof(text), "%u", (unsigned int)sight->value[0]);
	fact = put(learn, set, text);
	if (fact)
		fact->number = sight->value[0];
	if (set == PROFILE_LISTEN && sight->value[0] && sight->value[0] < PORT_UNPRIVILEGED)
		imply_capability(learn, "CAP_NET_BIND_SERVICE", "bind");
}

static void raise_limit(struct learn *learn, const char *name, uint64_t amount, bool used)
{
	/* What was asked for and what was used are two facts, for one gets a margin. */
	char text[40];
	struct learn_fact *fact;

	snprintf(text, sizeof(text), "%s%s", used ? "+" : "", name);
	if (profile_rows[PROFILE_LIMITS].fault(name))
		return;
	fact = facts_put(learn, PROFILE_LIMITS, text);
	if (!fact)
		return;
	fact->used = used;
	fact->number = amount > fact->number ? amount : fact->number;
}

void learn_take_use(struct learn *learn, const char *name, uint64_t amount)
{
	raise_limit(learn, name, amount, true);
}

static void take_limit(struct learn *learn, const struct observe_sight *sight)
{
	for (const struct oci_name *name = oci_names_rlimit.items; name->name; name++)
		if ((uint64_t)name->value == sight->value[0])
			raise_limit(learn, name->name, sight->value[1], sight->flags & OBSERVE_SIGHT_USED);
}

/* ---- files and names ---- */

static void take_file(struct learn *learn, const struct observe_sight *sight)
{
	char path[PATHS_MAX];
	struct learn_fact *fact;

	if (!paths_of_sight(learn, sight, path, sizeof(path)))
		return;
	fact = facts_put(learn, LEARN_FILE, path);
	if (!fact)
		return;
	if (sight->access & OBSERVE_READ && !(fact->access & OBSERVE_READ))
		learn->counts.sets[PROFILE_READ]++;
	if (sight->access & (OBSERVE_WRITE | OBSERVE_REPLACE) && !(fact->access & (OBSERVE_WRITE | OBSERVE_REPLACE)))
		learn->counts.sets[PROFILE_WRITE]++;
	if (sight->access & OBSERVE_EXECUTE && !(fact->access & OBSERVE_EXECUTE))
		learn->counts.sets[PROFILE_EXECUTE]++;
	fact->access |= sight->access;
	fact->mode = sight->mode ?: fact->mode;
}

/* "\3www\7example\3org\0" as "www.example.org"; false when it is no such thing. */
static bool from_wire(const struct observe_sight *sight, char *name, size_t size)
{
	size_t used = 0;

	for (size_t at = 0; at < sight->path_length && sight->text[at];) {
		size_t length = (unsigned char)sight->text[at++];

		if (length > 63 || at + length > sight->path_length || used + length + 2 > size)
			return false;
		if (used)
			name[used++] = '.';
		memcpy(name + used, sight->text + at, length);
		used += length;
		at += length;
	}
	name[used] = '\0';
	return used > 0 && !memchr(name, '\0', used);
}

static void take_name(struct learn *learn, const struct observe_sight *sight)
{
	char name[256];

	if (sight->flags & OBSERVE_SIGHT_WIRE) {
		if (from_wire(sight, name, sizeof(name)))
			put(learn, PROFILE_NAMES, name);
		return;
	}
	if (sight->path_length >= sizeof(name))
		return;
	memcpy(name, sight->text, sight->path_length);
	name[sight->path_length] = '\0';
	put(learn, PROFILE_NAMES, name);
}

static void take_sight(struct learn *learn, const struct observe_sight *sight)
{
	switch ((enum observe_sight_set)sight->set) {
	case OBSERVE_SIGHT_CALL:
		take_call(learn, sight);
		break;
	case OBSERVE_SIGHT_ARGUMENT:
		take_argument(learn, sight);
		break;
	case OBSERVE_SIGHT_CAPABILITY:
		take_capability(learn, sight);
		break;
	case OBSERVE_SIGHT_SIGNAL:
		take_signal(learn, sight->value[0]);
		break;
	case OBSERVE_SIGHT_FILE:
		take_file(learn, sight);
		break;
	case OBSERVE_SIGHT_BIND:
		take_port(learn, sight, PROFILE_LISTEN);
		break;
	case OBSERVE_SIGHT_CONNECT:
		take_port(learn, sight, PROFILE_CONNECT);
		hosts_take(learn, sight);
		break;
	case OBSERVE_SIGHT_NAMESPACE:
		take_namespaces(learn, sight->value[0]);
		break;
	case OBSERVE_SIGHT_LIMIT:
		take_limit(learn, sight);
		break;
	case OBSERVE_SIGHT_NAME:
		take_name(learn, sight);
		break;
	case OBSERVE_SIGHT_SETS:
		break;
	}
}

void learn_take(struct learn *learn, const union observe_record *record)
{
	switch ((enum observe_kind)record->kind) {
	case OBSERVE_READY:
		learn->unseen[PROFILE_CAPABILITIES] = !record->ready.capability_checks;
		learn->calls_unseen = record->ready.calls_unseen;
		if (!record->ready.capability_checks)
			learn_note(learn, false, "this kernel does not show which capabilities are used: they are left out");
		break;
	case OBSERVE_SIGHT:
		take_sight(learn, &record->sight);
		break;
	case OBSERVE_EXEC:
		learn->counts.processes++;
		break;
	case OBSERVE_COUNTS:
		learn->counts.calls = record->counts.calls;
		learn->counts.lost = record->counts.lost;
		learn->counts.processes = record->counts.processes;
		break;
	case OBSERVE_END:
		learn->ended = true;
		learn->counts.lost = record->end.lost;
		learn->counts.calls = record->end.seen ?: learn->counts.calls;
		break;
	default:
		break;
	}
}
