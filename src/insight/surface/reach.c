/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface/reach: what a filter may answer to a call of which only parts are known: run over known and unknown words, a
 * test of an unknown one going both ways. Jumps go forward only, so one pass in the order of instructions does; where ways
 * meet, a value that differs is unknown. The answer may name more than is possible, never less.
 *
 * The kernel takes ioctl's command, prctl's option, fcntl's command and socket's family as 32 bits, filters see 64: a
 * filter that compares all of them lets through what it means to refuse (threats D9). That is why the high half is unknown
 * unless the caller says otherwise.
 */
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#include "core/filter/filter.h"
#include "insight/surface/parts.h"

enum { ANSWER_REFUSE = 1, ANSWER_SUPERVISE = 2, ANSWER_ALLOW = 4 };

struct word {
	bool known;
	uint32_t value;
};

/* What is true before an instruction. */
struct place {
	bool reached;
	struct word a, x;
};

static unsigned int answer_of(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		return ANSWER_ALLOW;
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		return ANSWER_SUPERVISE;
	default:
		return ANSWER_REFUSE;
	}
}

static struct word load(const struct reach_call *call, uint32_t offset)
{
	const struct word unknown = {false, 0};
	uint32_t low = (uint32_t)(offsetof(struct seccomp_data, args) + 8u * (uint32_t)(call->argument < 0 ? 0 : call->argument));

	if (offset == offsetof(struct seccomp_data, nr))
		return (struct word){true, (uint32_t)call->number};
	if (offset == offsetof(struct seccomp_data, arch))
		return (struct word){true, call->arch};
	if (call->argument < 0)
		return unknown;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	low += 4;
	if (offset == low - 4 && call->high_zero)
		return (struct word){true, 0};
#else
	if (offset == low + 4 && call->high_zero)
		return (struct word){true, 0};
#endif
	return offset == low ? (struct word){true, call->value} : unknown;
}

static struct word compute(uint16_t code, struct word a, struct word b)
{
	if (BPF_OP(code) == BPF_NEG)
		return (struct word){a.known, 0u - a.value};
	/* Masked to nothing is nothing, whatever it was. */
	if (BPF_OP(code) == BPF_AND && ((a.known && !a.value) || (b.known && !b.value)))
		return (struct word){true, 0};
	if (!a.known || !b.known)
		return (struct word){false, 0};
	switch (BPF_OP(code)) {
	case BPF_ADD:
		return (struct word){true, a.value + b.value};
	case BPF_SUB:
		return (struct word){true, a.value - b.value};
	case BPF_MUL:
		return (struct word){true, a.value * b.value};
	case BPF_DIV:
		return (struct word){b.value != 0, b.value ? a.value / b.value : 0};
	case BPF_AND:
		return (struct word){true, a.value & b.value};
	case BPF_OR:
		return (struct word){true, a.value | b.value};
	case BPF_XOR:
		return (struct word){true, a.value ^ b.value};
	case BPF_LSH:
		return (struct word){true, b.value < 32 ? a.value << b.value : 0};
	case BPF_RSH:
		return (struct word){true, b.value < 32 ? a.value >> b.value : 0};
	}
	return (struct word){false, 0};
}

static struct word meet_word(struct word one, struct word other)
{
	return (struct word){one.known && other.known && one.value == other.value, one.value};
}

static void meet(struct place *place, const struct place *from)
{
	if (!place->reached) {
		*place = *from;
		return;
	}
	place->a = meet_word(place->a, from->a);
	place->x = meet_word(place->x, from->x);
}

static void jump(struct place *places, uint32_t pc, const struct sock_filter *in, const struct place *now)
{
	struct word other = BPF_SRC(in->code) == BPF_X ? now->x : (struct word){true, in->k};
	bool yes;

	if (BPF_OP(in->code) == BPF_JA) {
		meet(&places[pc + 1 + in->k], now);
		return;
	}
	if (!now->a.known || !other.known) {
		meet(&places[pc + 1 + in->jt], now);
		meet(&places[pc + 1 + in->jf], now);
		return;
	}
	switch (BPF_OP(in->code)) {
	case BPF_JEQ:
		yes = now->a.value == other.value;
		break;
	case BPF_JGT:
		yes = now->a.value > other.value;
		break;
	case BPF_JGE:
		yes = now->a.value >= other.value;
		break;
	default:
		yes = now->a.value & other.value;
	}
	meet(&places[pc + 1 + (yes ? in->jt : in->jf)], now);
}

/* Loads, arithmetic and moves. Words of memory are unknown: no compiler of filters uses them. */
static struct place step(const struct reach_call *call, const struct sock_filter *in, struct place now)
{
	const struct word length = {true, sizeof(struct seccomp_data)}, constant = {true, in->k}, unknown = {false, 0};

	switch (BPF_CLASS(in->code)) {
	case BPF_LD:
		now.a = BPF_MODE(in->code) == BPF_ABS	? load(call, in->k)
			: BPF_MODE(in->code) == BPF_IMM ? constant
			: BPF_MODE(in->code) == BPF_LEN ? length
							: unknown;
		break;
	case BPF_LDX:
		now.x = BPF_MODE(in->code) == BPF_IMM ? constant : BPF_MODE(in->code) == BPF_LEN ? length : unknown;
		break;
	case BPF_ALU:
		now.a = compute(in->code, now.a, BPF_SRC(in->code) == BPF_X ? now.x : constant);
		break;
	case BPF_MISC:
		if (BPF_MISCOP(in->code) == BPF_TAX)
			now.x = now.a;
		else
			now.a = now.x;
		break;
	}
	return now;
}

/* program: one that filter_check has accepted, so jumps stay inside and the last instruction returns. */
static unsigned int answers(const struct surface_program *program, const struct reach_call *call)
{
	struct place places[FILTER_INSTRUCTIONS_MAX];
	unsigned int found = 0;

	memset(places, 0, program->count * sizeof(*places));
	places[0] = (struct place){.reached = true, .a = {true, 0}, .x = {true, 0}};
	for (uint32_t pc = 0; pc < program->count; pc++) {
		const struct sock_filter *in = &program->instructions[pc];

		if (!places[pc].reached)
			continue;
		if (BPF_CLASS(in->code) == BPF_RET) {
			if (BPF_RVAL(in->code) == BPF_K)
				found |= answer_of(in->k);
			else if (places[pc].a.known)
				found |= answer_of(places[pc].a.value);
			else
				found |= ANSWER_ALLOW | ANSWER_SUPERVISE | ANSWER_REFUSE;
		} else if (BPF_CLASS(in->code) == BPF_JMP) {
			jump(places, pc, in, &places[pc]);
		} else {
			struct place next = step(call, in, places[pc]);

			meet(&places[pc + 1], &next);
		}
	}
	return found;
}

enum surface_verdict reach_verdict(const struct surface_chain *chain, const struct reach_call *call)
{
	enum surface_verdict verdict = SURFACE_ALLOWED;

	for (size_t i = 0; i < chain->count; i++) {
		unsigned int found = answers(&chain->programs[i], call);
		enum surface_verdict one = found == ANSWER_ALLOW	? SURFACE_ALLOWED
					   : found & ANSWER_ALLOW	? SURFACE_ARGUMENTS
					   : found & ANSWER_SUPERVISE ? SURFACE_SUPERVISED
								      : SURFACE_REFUSED;

		verdict = one < verdict ? one : verdict;
	}
	return verdict;
}
