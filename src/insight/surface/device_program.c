// SPDX-License-Identifier: Apache-2.0
/*
 * surface/device_program: what a device program of cgroup v2 answers, by running its instructions here. Those programs
 * load three words, compare and return; one that does more (helper functions, maps) gets "cannot tell", never a guess.
 * Pure. The instructions are those that the kernel's verifier has passed, but nothing here relies on that.
 */
#include <string.h>

#include "insight/surface/devices.h"

#define STEPS_MAX 100000u
#define STACK_SIZE 512u

enum kind { UNSET, NUMBER, CONTEXT, STACK };

struct value {
	enum kind kind;
	uint64_t number; /* of pointers: the offset */
};

struct machine {
	struct value registers[MAX_BPF_REG];
	uint8_t stack[STACK_SIZE];
	struct bpf_cgroup_dev_ctx context;
};

/* The memory behind a pointer, NULL when it is none of ours. */
static uint8_t *place(struct machine *machine, const struct value *pointer, int16_t offset, size_t size)
{
	bool context = pointer->kind == CONTEXT;
	uint64_t limit = context ? sizeof(machine->context) : STACK_SIZE;
	uint64_t at = pointer->number + (uint64_t)(int64_t)offset;

	if ((!context && pointer->kind != STACK) || at > limit || size > limit - at)
		return NULL;
	return (context ? (uint8_t *)&machine->context : machine->stack) + at;
}

static size_t size_of(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

static bool load(struct machine *machine, const struct bpf_insn *in)
{
	const uint8_t *from = place(machine, &machine->registers[in->src_reg], in->off, size_of(in->code));
	uint64_t number = 0;

	if (!from || BPF_MODE(in->code) != BPF_MEM)
		return false;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	memcpy((uint8_t *)&number + 8 - size_of(in->code), from, size_of(in->code));
#else
	memcpy(&number, from, size_of(in->code));
#endif
	machine->registers[in->dst_reg] = (struct value){NUMBER, number};
	return true;
}

static bool store(struct machine *machine, const struct bpf_insn *in)
{
	const struct value *value = &machine->registers[in->src_reg];
	bool immediate = BPF_CLASS(in->code) == BPF_ST;
	uint64_t number = immediate ? (uint64_t)(int64_t)in->imm : value->number;
	uint8_t *to = place(machine, &machine->registers[in->dst_reg], in->off, size_of(in->code));

	/* A barrier against speculation, which the verifier puts in. */
	if (immediate && BPF_MODE(in->code) == 0xc0)
		return true;
	if (!to || BPF_MODE(in->code) != BPF_MEM || machine->registers[in->dst_reg].kind != STACK ||
	    (!immediate && value->kind != NUMBER))
		return false;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	memcpy(to, (const uint8_t *)&number + 8 - size_of(in->code), size_of(in->code));
#else
	memcpy(to, &number, size_of(in->code));
#endif
	return true;
}

static bool compute(uint8_t op, bool wide, uint64_t a, uint64_t b, uint64_t *ret)
{
	unsigned int shift = (unsigned int)(b & (wide ? 63 : 31));

	switch (op) {
	case BPF_ADD:
		*ret = a + b;
		return true;
	case BPF_SUB:
		*ret = a - b;
		return true;
	case BPF_MUL:
		*ret = a * b;
		return true;
	case BPF_OR:
		*ret = a | b;
		return true;
	case BPF_AND:
		*ret = a & b;
		return true;
	case BPF_XOR:
		*ret = a ^ b;
		return true;
	case BPF_LSH:
		*ret = a << shift;
		return true;
	case BPF_RSH:
		*ret = a >> shift;
		return true;
	case BPF_ARSH:
		*ret = wide ? (uint64_t)((int64_t)a >> shift) : (uint64_t)((int32_t)a >> shift);
		return true;
	case BPF_NEG:
		*ret = 0 - a;
		return true;
	case BPF_MOV:
		*ret = b;
		return true;
	}
	return false;
}

static bool calculate(struct machine *machine, const struct bpf_insn *in)
{
	const struct value immediate = {NUMBER, (uint64_t)(int64_t)in->imm};
	struct value *to = &machine->registers[in->dst_reg];
	struct value from = BPF_SRC(in->code) == BPF_X ? machine->registers[in->src_reg] : immediate;
	bool wide = BPF_CLASS(in->code) == BPF_ALU64;
	uint8_t op = BPF_OP(in->code);
	uint64_t a = to->number, b = from.number;

	/* A moved pointer is one, and one that a number was added to. Extensions of the sign have an offset. */
	if (op == BPF_MOV && wide && in->off == 0) {
		*to = from;
		return from.kind != UNSET;
	}
	if (wide && op == BPF_ADD && to->kind != UNSET && from.kind == NUMBER) {
		to->number += b;
		return true;
	}
	if (from.kind != NUMBER || in->off != 0 || (op != BPF_MOV && to->kind != NUMBER))
		return false;
	if (!wide) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	if (!compute(op, wide, a, b, &a))
		return false;
	*to = (struct value){NUMBER, wide ? a : (uint32_t)a};
	return true;
}

static bool holds(uint8_t op, uint64_t a, uint64_t b, bool wide, bool *ret)
{
	int64_t signed_a = wide ? (int64_t)a : (int32_t)a, signed_b = wide ? (int64_t)b : (int32_t)b;

	switch (op) {
	case BPF_JEQ:
		*ret = a == b;
		return true;
	case BPF_JNE:
		*ret = a != b;
		return true;
	case BPF_JGT:
		*ret = a > b;
		return true;
	case BPF_JGE:
		*ret = a >= b;
		return true;
	case BPF_JLT:
		*ret = a < b;
		return true;
	case BPF_JLE:
		*ret = a <= b;
		return true;
	case BPF_JSET:
		*ret = (a & b) != 0;
		return true;
	case BPF_JSGT:
		*ret = signed_a > signed_b;
		return true;
	case BPF_JSGE:
		*ret = signed_a >= signed_b;
		return true;
	case BPF_JSLT:
		*ret = signed_a < signed_b;
		return true;
	case BPF_JSLE:
		*ret = signed_a <= signed_b;
		return true;
	}
	return false;
}

/* Where it goes on, in *pc. */
static bool jump(const struct machine *machine, const struct bpf_insn *in, int64_t *pc)
{
	const struct value immediate = {NUMBER, (uint64_t)(int64_t)in->imm};
	const struct value *a = &machine->registers[in->dst_reg];
	const struct value *b = BPF_SRC(in->code) == BPF_X ? &machine->registers[in->src_reg] : &immediate;
	bool wide = BPF_CLASS(in->code) == BPF_JMP, yes;

	if (BPF_OP(in->code) == BPF_JA) {
		*pc += wide ? in->off : in->imm;
		return true;
	}
	if (a->kind != NUMBER || b->kind != NUMBER ||
	    !holds(BPF_OP(in->code), wide ? a->number : (uint32_t)a->number, wide ? b->number : (uint32_t)b->number, wide, &yes))
		return false;
	*pc += yes ? in->off : 0;
	return true;
}

static bool step(struct machine *machine, const struct bpf_insn *instructions, size_t count, int64_t *pc)
{
	const struct bpf_insn *in = &instructions[*pc];

	++*pc;
	if (in->dst_reg >= MAX_BPF_REG || in->src_reg >= MAX_BPF_REG)
		return false;
	switch (BPF_CLASS(in->code)) {
	case BPF_LD:
		/* A number of 64 bits in two instructions; other sources are maps and functions. */
		if (in->code != (BPF_LD | BPF_IMM | BPF_DW) || in->src_reg || *pc >= (int64_t)count)
			return false;
		machine->registers[in->dst_reg] =
			(struct value){NUMBER, (uint32_t)in->imm | (uint64_t)(uint32_t)instructions[*pc].imm << 32};
		++*pc;
		return true;
	case BPF_LDX:
		return load(machine, in);
	case BPF_ST:
	case BPF_STX:
		return store(machine, in);
	case BPF_ALU:
	case BPF_ALU64:
		return calculate(machine, in);
	default:
		return BPF_OP(in->code) != BPF_CALL && jump(machine, in, pc);
	}
}

enum device_answer device_program_run(const struct bpf_insn *instructions, size_t count,
				      const struct bpf_cgroup_dev_ctx *context)
{
	struct machine machine = {.context = *context};
	int64_t pc = 0;

	machine.registers[1] = (struct value){CONTEXT, 0};
	machine.registers[10] = (struct value){STACK, STACK_SIZE};
	for (unsigned int steps = 0; steps < STEPS_MAX && pc >= 0 && pc < (int64_t)count; steps++) {
		if (instructions[pc].code == (BPF_JMP | BPF_EXIT))
			return machine.registers[0].kind != NUMBER ? DEVICE_UNKNOWN
			       : machine.registers[0].number	    ? DEVICE_ALLOWED
								    : DEVICE_REFUSED;
		if (!step(&machine, instructions, count, &pc))
			return DEVICE_UNKNOWN;
	}
	return DEVICE_UNKNOWN;
}
