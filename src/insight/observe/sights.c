/* SPDX-License-Identifier: Apache-2.0 */
/* observe/sights: see sights.h. Here: which calls, with which arguments, what they send and where, and each fact once. */
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/types.h"
#include "insight/observe/sights.h"
#include "kernel/ptrace.h"

#define TABLE_FIRST 4096
#define FACTS_MAX   400000
#define HASH_BEGIN  UINT64_C(0xcbf29ce484222325)
#define NAMESPACES                                                                                                    \
	(UINT64_C(0x80) | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
	 CLONE_NEWNET)
#define EXIT_SIGNAL UINT64_C(0xff)
#define ADDRESS_MAX 128

/* ---- each fact once ---- */

uint64_t sights_hash(uint64_t hash, const void *data, size_t size)
{
	for (const unsigned char *at = data, *end = at + size; at < end; at++)
		hash = (hash ^ *at) * UINT64_C(0x100000001b3);
	return hash;
}

static size_t place_of(const uint64_t *table, size_t size, uint64_t hash)
{
	size_t at = (size_t)(hash ^ hash >> 29) & (size - 1);

	while (table[at] && table[at] != hash)
		at = (at + 1) & (size - 1);
	return at;
}

static bool grow(struct sights *sights)
{
	size_t size = sights->size ? sights->size * 2 : TABLE_FIRST;
	uint64_t *table = sights->count < FACTS_MAX ? calloc(size, sizeof(*table)) : NULL;

	if (!table)
		return false;
	for (size_t i = 0; i < sights->size; i++)
		if (sights->table[i])
			table[place_of(table, size, sights->table[i])] = sights->table[i];
	free(sights->table);
	sights->table = table;
	sights->size = size;
	return true;
}

bool sights_know(struct sights *sights, uint64_t hash, bool put)
{
	size_t at;

	hash = hash ?: 1;
	at = place_of(sights->table, sights->size, hash);
	if (sights->table[at])
		return true;
	if (!put)
		return false;
	if (sights->count * 2 >= sights->size) {
		/* Without room the fact is sent again and again, which costs time and loses nothing. */
		if (!grow(sights))
			return false;
		at = place_of(sights->table, sights->size, hash);
	}
	sights->table[at] = hash;
	sights->count++;
	return false;
}

void sights_done(struct sights *sights)
{
	free(sights->table);
	sights->table = NULL;
}

/* ---- records ---- */

struct observe_sight *sights_record(struct sights *sights, const struct sight_call *call, enum observe_sight_set set)
{
	struct observe_sight *sight = &sights->record.sight;

	memset(sight, 0, offsetof(struct observe_sight, text));
	sight->kind = OBSERVE_SIGHT;
	sight->set = set;
	sight->tid = call->tid;
	sight->number = call->number;
	sight->flags = call->native ? 0 : OBSERVE_SIGHT_COMPAT;
	return sight;
}

void sights_put_path(struct observe_sight *sight, const char *text, size_t length)
{
	if (length > sizeof(sight->text)) {
		sight->flags |= OBSERVE_SIGHT_CUT;
		return;
	}
	memcpy(sight->text, text, length);
	sight->path_length = (uint32_t)length;
}

void sights_send(struct sights *sights)
{
	struct observe_sight *sight = &sights->record.sight;
	const size_t from = offsetof(struct observe_sight, number), to = offsetof(struct observe_sight, text);
	uint64_t hash = sights_hash(HASH_BEGIN, &sight->set, sizeof(sight->set));

	hash = sights_hash(hash, (const char *)sight + from, to - from);
	hash = sights_hash(hash, sight->text, sight->path_length + sight->walk_length);
	sights->sent = true;
	if (sights_know(sights, hash, true))
		return;
	sight->pid = observe_group_of(sight->tid);
	observe_command_of(sight->tid, sight->comm);
	sights->take(sights->context, &sights->record);
}

void sights_tell_counts(struct sights *sights)
{
	sights->record.counts =
		(struct observe_counts){.kind = OBSERVE_COUNTS, .calls = sights->calls, .lost = sights->lost};
	sights->take(sights->context, &sights->record);
}

/* ---- what calls say ---- */

typedef void handler_fn(struct sights *sights, const struct sight_call *call);

static void send_value(struct sights *sights, const struct sight_call *call, enum observe_sight_set set, uint64_t first,
		       uint64_t second)
{
	struct observe_sight *sight = sights_record(sights, call, set);

	sight->value[0] = first;
	sight->value[1] = second;
	sights_send(sights);
}

/* From its memory; false when it is not there, or the process is gone. */
static bool read_memory(struct sights *sights, const struct sight_call *call, uint64_t address, void *buf, size_t size)
{
	return address && ptrace_read(call->tid, address, buf, size) == (ssize_t)size &&
	       (!sights->is_valid || sights->is_valid(sights->context));
}

static void take_namespaces(struct sights *sights, const struct sight_call *call)
{
	uint64_t flags = call->args[0];

	if (strcmp(call->name, "clone3") == 0) {
		if (!read_memory(sights, call, call->args[0], &flags, sizeof(flags)))
			return;
		send_value(sights, call, OBSERVE_SIGHT_ARGUMENT, flags, 0);
	} else if (strcmp(call->name, "clone") == 0) {
		send_value(sights, call, OBSERVE_SIGHT_ARGUMENT, flags, 0);
		flags &= ~EXIT_SIGNAL;
	}
	if (flags & NAMESPACES)
		send_value(sights, call, OBSERVE_SIGHT_NAMESPACE, flags & NAMESPACES, 0);
}

static void send_signal(struct sights *sights, const struct sight_call *call, uint64_t number)
{
	if ((uint32_t)number)
		send_value(sights, call, OBSERVE_SIGHT_SIGNAL, (uint32_t)number, 0);
}

static void take_second_signal(struct sights *sights, const struct sight_call *call)
{
	send_signal(sights, call, call->args[1]);
}

static void take_third_signal(struct sights *sights, const struct sight_call *call)
{
	send_signal(sights, call, call->args[2]);
}

static void take_limit(struct sights *sights, const struct sight_call *call)
{
	bool own = strcmp(call->name, "setrlimit") == 0;
	struct rlimit limit;
	uint32_t narrow[2];

	if (own && !call->native) {
		if (read_memory(sights, call, call->args[1], narrow, sizeof(narrow)))
			send_value(sights, call, OBSERVE_SIGHT_LIMIT, (uint32_t)call->args[0],
				   narrow[1] == UINT32_MAX ? UINT64_MAX : narrow[1]);
		return;
	}
	if (read_memory(sights, call, call->args[own ? 1 : 2], &limit, sizeof(limit)))
		send_value(sights, call, OBSERVE_SIGHT_LIMIT, (uint32_t)call->args[own ? 0 : 1], limit.rlim_max);
}

/* Argument `index` is an address of this length. */
static void send_address(struct sights *sights, const struct sight_call *call, unsigned int index, uint64_t length,
			 enum observe_sight_set set)
{
	unsigned char address[ADDRESS_MAX] = {0};
	struct observe_sight *sight;
	uint16_t family;
	bool four;

	if (length < 8 || length > sizeof(address) ||
	    !read_memory(sights, call, call->args[index], address, (size_t)length))
		return;
	memcpy(&family, address, sizeof(family));
	four = family == AF_INET;
	if ((!four || length < 8) && (family != AF_INET6 || length < 24))
		return;
	sight = sights_record(sights, call, set);
	sight->value[0] = (uint64_t)address[2] << 8 | address[3];
	sight->value[1] = family;
	sights_put_path(sight, (const char *)address + (four ? 4 : 8), four ? 4 : 16);
	sights_send(sights);
}

static void take_bind(struct sights *sights, const struct sight_call *call)
{
	send_address(sights, call, 1, call->args[2], OBSERVE_SIGHT_BIND);
}

static void take_connect(struct sights *sights, const struct sight_call *call)
{
	send_address(sights, call, 1, call->args[2], OBSERVE_SIGHT_CONNECT);
}

static void take_send(struct sights *sights, const struct sight_call *call)
{
	send_address(sights, call, 4, call->args[5], OBSERVE_SIGHT_CONNECT);
}

static void take_first_argument(struct sights *sights, const struct sight_call *call)
{
	send_value(sights, call, OBSERVE_SIGHT_ARGUMENT, call->args[0], 0);
}

static void take_second_argument(struct sights *sights, const struct sight_call *call)
{
	send_value(sights, call, OBSERVE_SIGHT_ARGUMENT, call->args[1], 0);
}

static void take_third_argument(struct sights *sights, const struct sight_call *call)
{
	send_value(sights, call, OBSERVE_SIGHT_ARGUMENT, call->args[2], 0);
}

static void take_two_arguments(struct sights *sights, const struct sight_call *call)
{
	bool socket = strcmp(call->name, "socket") == 0;

	send_value(sights, call, OBSERVE_SIGHT_ARGUMENT, call->args[socket ? 0 : 1], call->args[socket ? 1 : 2]);
}

static handler_fn take_behind_socketcall;

/* What is looked at beside the files. The arguments are those that a profile compares (core/profile/rows.c). */
static const struct {
	const char *name;
	handler_fn *take;
} rows[] = {
	{"bind", take_bind},
	{"bpf", take_first_argument},
	{"clone", take_namespaces},
	{"clone3", take_namespaces},
	{"connect", take_connect},
	{"fcntl", take_second_argument},
	{"ioctl", take_second_argument},
	{"ipc", take_first_argument},
	{"keyctl", take_first_argument},
	{"kill", take_second_signal},
	{"madvise", take_third_argument},
	{"personality", take_first_argument},
	{"pidfd_send_signal", take_second_signal},
	{"prctl", take_first_argument},
	{"prlimit64", take_limit},
	{"rt_sigqueueinfo", take_second_signal},
	{"rt_tgsigqueueinfo", take_third_signal},
	{"sendto", take_send},
	{"setrlimit", take_limit},
	{"setsockopt", take_two_arguments},
	{"socket", take_two_arguments},
	{"socketcall", take_behind_socketcall},
	{"tgkill", take_third_signal},
	{"tkill", take_second_signal},
	{"unshare", take_namespaces},
};

/* Which call it is, and that call itself, whose arguments lie in memory, by the number that it has of its own. */
static void take_behind_socketcall(struct sights *sights, const struct sight_call *call)
{
	static const char *const names[] = {[1] = "socket", [2] = "bind", [3] = "connect", [11] = "sendto", [14] = "setsockopt"};
	uint64_t which = call->args[0], args[6] = {0};
	struct sight_call behind = *call;
	uint32_t words[6] = {0};

	send_value(sights, call, OBSERVE_SIGHT_ARGUMENT, which, 0);
	if (which >= ARRAY_SIZE(names) || !names[which] ||
	    !read_memory(sights, call, call->args[1], words, (which == 11 ? 6 : which == 14 ? 5 : 3) * sizeof(*words)))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(args); i++)
		args[i] = words[i];
	behind.args = args;
	behind.number = abi_syscall_number(AUDIT_ARCH_I386, names[which]);
	behind.name = names[which];
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].name, names[which]) == 0)
			rows[i].take(sights, &behind);
}

static void send_exec(struct sights *sights, const struct sight_call *call)
{
	sights->record.process = (struct observe_process){.kind = OBSERVE_EXEC, .tid = call->tid};
	sights->record.process.pid = observe_group_of(call->tid);
	observe_command_of(call->tid, sights->record.process.comm);
	sights->take(sights->context, &sights->record);
}

/* The call itself, with the capabilities that its process has: which of them it needs, nobody says here. */
static void send_call(struct sights *sights, const struct sight_call *call)
{
	struct observe_sight *sight;
	bool *seen;

	if (call->number < 0 || call->number >= OBSERVE_CALLS)
		return;
	seen = &sights->calls_seen[call->native ? 0 : 1][call->number];
	if (*seen)
		return;
	*seen = true;
	sight = sights_record(sights, call, OBSERVE_SIGHT_CALL);
	sight->flags |= OBSERVE_SIGHT_HELD;
	sight->value[0] = observe_capabilities_of(call->tid);
	sights_send(sights);
}

bool sights_begin(struct sights *sights, observe_take_fn *take, void *context)
{
	*sights = (struct sights){.take = take, .context = context};
	for (int entry = 0; entry < 2; entry++)
		for (int number = 0; number < OBSERVE_CALLS; number++) {
			const char *name = observe_call_name(number, entry);

			name = name ? observe_native_name(name) : NULL;
			sights->names[entry][number] = name;
			sights->file_rows[entry][number] = name ? sights_file_row(name) : 0;
			for (size_t i = 0; name && i < ARRAY_SIZE(rows); i++)
				if (strcmp(rows[i].name, name) == 0)
					sights->rows[entry][number] = (uint8_t)(i + 1);
		}
	return grow(sights);
}

void sights_take(struct sights *sights, struct sight_call *call)
{
	bool known = call->number >= 0 && call->number < OBSERVE_CALLS, executes;
	int entry = call->native ? 0 : 1;

	call->name = known ? sights->names[entry][call->number] : NULL;
	executes = call->name && strncmp(call->name, "execve", 6) == 0;
	sights->armed = sights->armed || executes;
	if (!sights->armed)
		return;
	sights->calls++;
	send_call(sights, call);
	if (!call->name)
		return;
	if (call->refused)
		return;
	if (executes)
		send_exec(sights, call);
	if (sights->rows[entry][call->number])
		rows[sights->rows[entry][call->number] - 1].take(sights, call);
	if (sights->file_rows[entry][call->number])
		sights_take_files(sights, call, sights->file_rows[entry][call->number]);
}
