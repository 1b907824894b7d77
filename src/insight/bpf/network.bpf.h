/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf/network: facts that are numbers, addresses, and names whose address is asked for. */
#ifndef BULKHEAD_INSIGHT_BPF_NETWORK_H
#define BULKHEAD_INSIGHT_BPF_NETWORK_H

#include "insight/bpf/files.bpf.h"

/* ---- numbers ---- */

#define WITH_FLAG(set, flag) ((set) | (flag) << 8)

/* told_by: what else tells this fact from another. */
static __always_inline void see_fact(__u32 which, __u32 set, __s32 number, __u64 first, __u64 second, __u64 told_by)
{
	struct fact fact = {.what = set | (__u64)(__u32)number << 32, .value = {first, told_by}};
	struct observe_sight *sight;

	if (!is_new(which, &fact))
		return;
	sight = room_of(which);
	if (!sight)
		return;
	begin_sight(sight, set & 0xff, number);
	sight->flags = set >> 8;
	sight->value[0] = first;
	sight->value[1] = second;
	end_sight(sight);
}

__attribute__((noinline)) int see_value(__u32 set, __s32 number, __u64 first, __u64 second, __u64 told_by)
{
	see_fact(SCRATCH_EXIT, set, number, first, second, told_by);
	return 0;
}

/* ---- addresses ---- */

#define AF_UNIX	 1
#define AF_INET	 2
#define AF_INET6 10
#define PORT_DNS 53

struct address {
	__u16 family, port;
	union {
		__u8 v4[4];
		struct {
			__u32 flow;
			__u8 v6[16];
		};
	};
};

static __always_inline __u16 swap16(__u16 value)
{
	return (__u16)(value << 8 | value >> 8);
}

/* The port of a socket's address in the program's memory, -1 when it has none. */
static __always_inline int read_address(__u64 from, struct address *ret)
{
	__builtin_memset(ret, 0, sizeof(*ret));
	/* The shorter one may end where the page does. */
	if (bpf_probe_read_user(ret, sizeof(*ret), (void *)from) && bpf_probe_read_user(ret, 16, (void *)from))
		return -1;
	return ret->family == AF_INET || ret->family == AF_INET6 ? swap16(ret->port) : -1;
}

static __always_inline int see_address(const struct call *call, __u32 set, __u64 from)
{
	struct address address;
	int port = read_address(from, &address);
	struct fact fact = {.what = set, .value = {(__u64)port, address.family}};
	struct observe_sight *sight;

	if (port < 0 || !is_new(SCRATCH_EXIT, &fact))
		return port;
	sight = room_of(SCRATCH_EXIT);
	if (!sight)
		return port;
	begin_sight(sight, set, (__s32)call->number);
	sight->value[0] = (__u64)port;
	sight->value[1] = address.family;
	sight->path_length = address.family == AF_INET ? sizeof(address.v4) : sizeof(address.v6);
	if (address.family == AF_INET)
		__builtin_memcpy(sight->text, address.v4, sizeof(address.v4));
	else
		__builtin_memcpy(sight->text, address.v6, sizeof(address.v6));
	end_sight(sight);
	return port;
}

/* A socket in the file system is a file that is made; one whose name begins with a NUL is none. */
static __always_inline void see_bind(const struct call *call)
{
	__u16 family = 0;

	bpf_probe_read_user(&family, sizeof(family), (void *)call->args[1]);
	if (family == AF_UNIX)
		see_words(SCRATCH_EXIT, (__s32)call->number, call->args[1] + sizeof(family),
			  OBSERVE_WRITE | OBSERVE_MAKE | HOW_USER, AT_FDCWD_LOW);
	else
		see_address(call, OBSERVE_SIGHT_BIND, call->args[1]);
}

static __always_inline void see_connect(const struct call *call, struct mark *mark)
{
	int port = see_address(call, OBSERVE_SIGHT_CONNECT, call->args[1]);

	if (port == PORT_DNS)
		mark->name_server = (__s32)call->args[0] + 1;
	else if (mark->name_server == (__s32)call->args[0] + 1)
		mark->name_server = 0;
}

/* ---- names whose address is asked for ---- */

#define DNS_HEADER   12
#define DNS_NAME_MAX 255
#define MESSAGES_MAX 4 /* of one sendmmsg: A, AAAA and a few */

struct vector {
	__u64 base, length;
};
struct message {
	__u64 name;
	__u32 name_length, unused;
	__u64 vectors, vectors_count, control, control_length;
	__u32 flags, unused_too;
};

__attribute__((noinline)) int see_question(__s32 number, __u64 from, __u64 length)
{
	struct observe_sight *sight = room_of(SCRATCH_EXIT);
	struct fact fact = {.what = OBSERVE_SIGHT_NAME};
	__u64 size = length - DNS_HEADER;

	if (!sight || length <= DNS_HEADER)
		return 0;
	asm volatile("" : "+r"(size));
	if (size > DNS_NAME_MAX)
		size = DNS_NAME_MAX;
	if (bpf_probe_read_user(sight->text, size, (void *)(from + DNS_HEADER)))
		return 0;
	__builtin_memset(sight->text + size, 0, 8);
	fact.value[0] = hash_text(SCRATCH_EXIT, (__u32)size);
	if (!is_new(SCRATCH_EXIT, &fact))
		return 0;
	begin_sight(sight, OBSERVE_SIGHT_NAME, number);
	sight->flags = OBSERVE_SIGHT_WIRE;
	sight->path_length = (__u32)size;
	end_sight(sight);
	return 0;
}

/* As the 32-bit entry has them. */
struct narrow_message {
	__u32 name, name_length, vectors, vectors_count, control, control_length, flags;
};

static __always_inline bool read_message(__u64 from, bool narrow, struct message *ret)
{
	struct narrow_message message;

	if (!narrow)
		return !bpf_probe_read_user(ret, sizeof(*ret), (void *)from);
	if (bpf_probe_read_user(&message, sizeof(message), (void *)from))
		return false;
	ret->name = message.name;
	ret->vectors = message.vectors;
	return true;
}

static __always_inline bool read_vector(__u64 from, bool narrow, struct vector *ret)
{
	__u32 words[2];

	if (!narrow)
		return !bpf_probe_read_user(ret, sizeof(*ret), (void *)from);
	if (bpf_probe_read_user(words, sizeof(words), (void *)from))
		return false;
	*ret = (struct vector){.base = words[0], .length = words[1]};
	return true;
}

/* A message in memory, sent to its own address or to where the socket is connected. */
static __always_inline void see_message(const struct call *call, __u64 from, bool to_server)
{
	struct vector vector = {};
	struct message message;

	if (!read_message(from, call->compat, &message))
		return;
	if (message.name)
		to_server = see_address(call, OBSERVE_SIGHT_CONNECT, message.name) == PORT_DNS;
	if (to_server && read_vector(message.vectors, call->compat, &vector))
		see_question((__s32)call->number, vector.base, vector.length);
}

/* What the calls have in common that send: arguments 1 and 2 are the data and its length, or the messages. */
static __always_inline void see_send(const struct call *call, const struct mark *mark,
				     const volatile struct observe_lesson *lesson)
{
	/* Of one of many messages, with its length and what fills it up. */
	__u64 size = call->compat ? sizeof(struct narrow_message) + 4 : sizeof(struct message) + 8;
	bool to_server = mark->name_server && mark->name_server == (__s32)call->args[0] + 1;

	switch (lesson->index[0]) {
	case OBSERVE_SEND_TO:
		if (call->args[4])
			to_server = see_address(call, OBSERVE_SIGHT_CONNECT, call->args[4]) == PORT_DNS;
		if (to_server)
			see_question((__s32)call->number, call->args[1], call->args[2]);
		break;
	case OBSERVE_SEND_MESSAGE:
		see_message(call, call->args[1], to_server);
		break;
	case OBSERVE_SEND_MESSAGES:
		for (int i = 0; to_server && i < MESSAGES_MAX && i < (int)call->args[2]; i++)
			see_message(call, call->args[1] + (__u64)i * size, to_server);
		break;
	default:
		if (to_server)
			see_question((__s32)call->number, call->args[1], call->args[2]);
	}
}

#endif
