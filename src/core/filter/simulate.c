/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter/simulate: classic BPF as the kernel's seccomp accepts and runs it (seccomp_check_filter in kernel/seccomp.c,
 * bpf_check_classic in net/core/filter.c). Pure; needs no kernel, so that filters of other machines can be run too.
 */
#include <stddef.h>
#include <string.h>

#include "base/types.h"
#include "core/filter/filter.h"

#define MEMORY_WORDS 16 /* BPF_MEMWORDS */

/* Why the kernel refuses an instruction, or NULL. left: instructions behind it. */
static const char *instruction_refusal(const struct sock_filter *in, uint32_t left)
{
	switch (in->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		if (in->k % 4 || in->k >= sizeof(struct seccomp_data))
			return "it loads from no 32-bit word of struct seccomp_data";
		return NULL;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return in->k < MEMORY_WORDS ? NULL : "it uses memory over word 15";
	case BPF_ALU | BPF_DIV | BPF_K:
		return in->k ? NULL : "it divides by zero";
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_K:
		return in->k < 32 ? NULL : "it shifts by over 31 bits";
	case BPF_JMP | BPF_JA:
		return in->k < left ? NULL : "it jumps behind the end";
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JEQ | BPF_X:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_X:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_X:
	case BPF_JMP | BPF_JSET | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_X:
		return in->jt < left && in->jf < left ? NULL : "it jumps behind the end";
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_ALU | BPF_ADD | BPF_K:
	case BPF_ALU | BPF_ADD | BPF_X:
	case BPF_ALU | BPF_SUB | BPF_K:
	case BPF_ALU | BPF_SUB | BPF_X:
	case BPF_ALU | BPF_MUL | BPF_K:
	case BPF_ALU | BPF_MUL | BPF_X:
	case BPF_ALU | BPF_DIV | BPF_X:
	case BPF_ALU | BPF_AND | BPF_K:
	case BPF_ALU | BPF_AND | BPF_X:
	case BPF_ALU | BPF_OR | BPF_K:
	case BPF_ALU | BPF_OR | BPF_X:
	case BPF_ALU | BPF_XOR | BPF_K:
	case BPF_ALU | BPF_XOR | BPF_X:
	case BPF_ALU | BPF_LSH | BPF_X:
	case BPF_ALU | BPF_RSH | BPF_X:
	case BPF_ALU | BPF_NEG:
		return NULL;
	}
	return "seccomp does not know it";
}

/* Is a memory word read before every way to it has written it? Jumps only go forward: one pass does. */
static bool memory_refused(const struct sock_filter *in, uint32_t pc, uint16_t *written, uint16_t *valid)
{
	uint32_t next = pc + 1;

	*valid &= written[pc];
	switch (in->code) {
	case BPF_ST:
	case BPF_STX:
		*valid |= (uint16_t)(1u << in->k);
		break;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
		return !(*valid & 1u << in->k);
	case BPF_JMP | BPF_JA:
		written[next + in->k] &= *valid;
		*valid = UINT16_MAX;
		break;
	default:
		if (BPF_CLASS(in->code) != BPF_JMP)
			break;
		written[next + in->jt] &= *valid;
		written[next + in->jf] &= *valid;
		*valid = UINT16_MAX;
	}
	return false;
}

int filter_check(const struct sock_filter *instructions, uint32_t count, struct err *err)
{
	uint16_t written[FILTER_INSTRUCTIONS_MAX], valid = 0;
	const char *refusal;

	if (!count || count > FILTER_INSTRUCTIONS_MAX)
		return err_set(err, ERR_CONFIG, "a seccomp filter of %u instructions: the kernel takes 1 to %u", count,
			       FILTER_INSTRUCTIONS_MAX);
	memset(written, 0xff, sizeof(written));
	for (uint32_t pc = 0; pc < count; pc++) {
		const struct sock_filter *in = &instructions[pc];

		refusal = instruction_refusal(in, count - pc - 1);
		if (!refusal && memory_refused(in, pc, written, &valid))
			refusal = "it reads memory that was not written";
		if (!refusal && pc == count - 1 && BPF_CLASS(in->code) != BPF_RET)
			refusal = "the last one must return";
		if (!refusal)
			continue;
		err_set(err, ERR_CONFIG, "instruction %u of the seccomp filter (code %#x) is not allowed", pc, in->code);
		return err_why(err, "%s", refusal);
	}
	return 0;
}

/* false: a division by zero, which ends the program with 0. */
static bool alu(uint16_t code, uint32_t *a, uint32_t operand)
{
	switch (BPF_OP(code)) {
	case BPF_ADD:
		*a += operand;
		break;
	case BPF_SUB:
		*a -= operand;
		break;
	case BPF_MUL:
		*a *= operand;
		break;
	case BPF_DIV:
		if (!operand)
			return false;
		*a /= operand;
		break;
	case BPF_AND:
		*a &= operand;
		break;
	case BPF_OR:
		*a |= operand;
		break;
	case BPF_XOR:
		*a ^= operand;
		break;
	case BPF_LSH:
		*a <<= operand & 31;
		break;
	case BPF_RSH:
		*a >>= operand & 31;
		break;
	case BPF_NEG:
		*a = -*a;
		break;
	}
	return true;
}

static uint32_t jump(const struct sock_filter *in, uint32_t a, uint32_t x)
{
	uint32_t operand = BPF_SRC(in->code) == BPF_X ? x : in->k;

	switch (BPF_OP(in->code)) {
	case BPF_JEQ:
		return a == operand ? in->jt : in->jf;
	case BPF_JGT:
		return a > operand ? in->jt : in->jf;
	case BPF_JGE:
		return a >= operand ? in->jt : in->jf;
	case BPF_JSET:
		return a & operand ? in->jt : in->jf;
	}
	return in->k;
}

static uint32_t load(const struct sock_filter *in, const struct seccomp_data *data, const uint32_t *memory)
{
	uint32_t word;

	switch (BPF_MODE(in->code)) {
	case BPF_ABS:
		memcpy(&word, (const char *)data + in->k, sizeof(word));
		return word;
	case BPF_MEM:
		return memory[in->k];
	case BPF_LEN:
		return sizeof(*data);
	}
	return in->k;
}

static uint32_t run(const struct sock_filter *instructions, const struct seccomp_data *data, uint32_t *ret_instruction,
		    uint32_t *ret_arguments)
{
	uint32_t a = 0, x = 0, memory[MEMORY_WORDS] = {0};

	for (uint32_t pc = 0;; pc++) {
		const struct sock_filter *in = &instructions[pc];

		if (ret_instruction)
			*ret_instruction = pc;
		switch (BPF_CLASS(in->code)) {
		case BPF_LD:
			a = load(in, data, memory);
			if (ret_arguments && BPF_MODE(in->code) == BPF_ABS && in->k >= offsetof(struct seccomp_data, args))
				*ret_arguments |= 1u << (in->k - offsetof(struct seccomp_data, args)) / sizeof(data->args[0]);
			break;
		case BPF_LDX:
			x = load(in, data, memory);
			break;
		case BPF_ST:
			memory[in->k] = a;
			break;
		case BPF_STX:
			memory[in->k] = x;
			break;
		case BPF_ALU:
			if (!alu(in->code, &a, BPF_SRC(in->code) == BPF_X ? x : in->k))
				return 0;
			break;
		case BPF_JMP:
			pc += jump(in, a, x);
			break;
		case BPF_RET:
			return BPF_RVAL(in->code) == BPF_A ? a : in->k;
		case BPF_MISC:
			if (BPF_MISCOP(in->code) == BPF_TAX)
				x = a;
			else
				a = x;
			break;
		}
	}
}

uint32_t filter_run(const struct sock_filter *instructions, const struct seccomp_data *data, uint32_t *ret_instruction)
{
	return run(instructions, data, ret_instruction, NULL);
}

uint32_t filter_arguments(const struct sock_filter *instructions, const struct seccomp_data *data)
{
	uint32_t seen = 0;

	run(instructions, data, NULL, &seen);
	return seen;
}

uint32_t filter_simulate(const struct sock_filter *instructions, uint32_t count, const struct seccomp_data *data,
			 uint32_t *ret_instruction)
{
	struct err err;

	if (filter_check(instructions, count, &err) < 0)
		return SECCOMP_RET_KILL_PROCESS;
	return filter_run(instructions, data, ret_instruction);
}
