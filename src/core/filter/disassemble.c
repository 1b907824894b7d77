/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter/disassemble: a filter as text, and the names of actions, architectures and calls in it. Pure. Works for any
 * seccomp filter, not only for ours: what a comparison is about follows from the loads before it.
 */
#include <stdio.h>
#include <string.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/types.h"
#include "core/filter/parts.h"

void filter_action_text(uint32_t action, char *buf, size_t size)
{
	static const struct {
		uint32_t value;
		const char *name;
	} plain[] = {
		{SECCOMP_RET_KILL_PROCESS, "SCMP_ACT_KILL_PROCESS"},
		{SECCOMP_RET_KILL_THREAD, "SCMP_ACT_KILL_THREAD"},
		{SECCOMP_RET_TRAP, "SCMP_ACT_TRAP"},
		{SECCOMP_RET_USER_NOTIF, "SCMP_ACT_NOTIFY"},
		{SECCOMP_RET_LOG, "SCMP_ACT_LOG"},
		{SECCOMP_RET_ALLOW, "SCMP_ACT_ALLOW"},
	};
	uint32_t data = action & SECCOMP_RET_DATA;
	const char *name = err_name((int)data);

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (plain[i].value == (action & SECCOMP_RET_ACTION_FULL)) {
			snprintf(buf, size, "%s", plain[i].name);
			return;
		}
	}
	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && name && data)
		snprintf(buf, size, "SCMP_ACT_ERRNO(%s)", name);
	else if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		snprintf(buf, size, "SCMP_ACT_ERRNO(%u)", data);
	else if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE)
		snprintf(buf, size, "SCMP_ACT_TRACE(%u)", data);
	else
		snprintf(buf, size, "unknown action %#x (kills the process)", action);
}

const char *filter_arch_text(const struct filter_arch *arch)
{
	const char *name = abi_arch_name(arch->value);

	return name ? name : "an unknown architecture";
}

const char *filter_call_text(const struct filter_arch *arch, uint32_t number)
{
	const char *name = abi_syscall_name(arch->value, (int)number);

	return name ? name : "an unnamed system call";
}

/* What is known on every way to an instruction. */
enum place { PLACE_UNREACHED, PLACE_KNOWN, PLACE_MIXED };
struct known {
	enum place arch_place, word_place;
	uint32_t arch;
	uint32_t word; /* offset of the word in the accumulator, perhaps masked */
};

static void known_merge(struct known *target, const struct known *from)
{
	if (target->arch_place == PLACE_UNREACHED) {
		*target = *from;
		return;
	}
	if (from->arch_place != PLACE_KNOWN || target->arch != from->arch)
		target->arch_place = PLACE_MIXED;
	if (from->word_place != PLACE_KNOWN || target->word != from->word)
		target->word_place = PLACE_MIXED;
}

static void word_text(uint32_t offset, char *buf, size_t size)
{
	static const char *const heads[] = {"nr", "arch", "instruction_pointer low", "instruction_pointer high"};
	uint32_t word = offset / 4;

	if (word < ARRAY_SIZE(heads))
		snprintf(buf, size, "%s", heads[word]);
	else
		snprintf(buf, size, "args[%u] %s", (word - 4) / 2, word % 2 ? "high" : "low");
}

/* A comment for an instruction, or "". */
static void comment_text(const struct sock_filter *in, const struct known *known, char *buf, size_t size)
{
	uint32_t arch = known->arch;
	const char *name = NULL;

	buf[0] = '\0';
	if (in->code == (BPF_RET | BPF_K)) {
		filter_action_text(in->k, buf, size);
	} else if (in->code == (BPF_LD | BPF_W | BPF_ABS)) {
		word_text(in->k, buf, size);
	} else if (BPF_CLASS(in->code) == BPF_JMP && BPF_OP(in->code) != BPF_JA && BPF_SRC(in->code) == BPF_K &&
		   known->word_place == PLACE_KNOWN) {
		if (known->word == offsetof(struct seccomp_data, arch))
			name = abi_arch_name(in->k);
		if (known->word == offsetof(struct seccomp_data, nr) && known->arch_place == PLACE_KNOWN) {
			if (arch == AUDIT_ARCH_X86_64 && in->k >= ABI_X32_SYSCALL_BIT)
				arch = ABI_ARCH_X32;
			name = abi_syscall_name(arch, (int)in->k);
		}
		if (name)
			snprintf(buf, size, "%s", name);
	}
}

static const char *mnemonic(uint16_t code)
{
	static const struct {
		uint16_t code;
		const char *name;
	} names[] = {
		{BPF_JMP | BPF_JEQ, "jeq"}, {BPF_JMP | BPF_JGT, "jgt"}, {BPF_JMP | BPF_JGE, "jge"},
		{BPF_JMP | BPF_JSET, "jset"}, {BPF_JMP | BPF_JA, "ja"},	{BPF_ALU | BPF_ADD, "add"},
		{BPF_ALU | BPF_SUB, "sub"}, {BPF_ALU | BPF_MUL, "mul"}, {BPF_ALU | BPF_DIV, "div"},
		{BPF_ALU | BPF_AND, "and"}, {BPF_ALU | BPF_OR, "or"},	{BPF_ALU | BPF_XOR, "xor"},
		{BPF_ALU | BPF_LSH, "lsh"}, {BPF_ALU | BPF_RSH, "rsh"}, {BPF_ALU | BPF_NEG, "neg"},
	};

	switch (BPF_CLASS(code)) {
	case BPF_LD:
		return "ld";
	case BPF_LDX:
		return "ldx";
	case BPF_ST:
		return "st";
	case BPF_STX:
		return "stx";
	case BPF_RET:
		return "ret";
	case BPF_MISC:
		return BPF_MISCOP(code) == BPF_TAX ? "tax" : "txa";
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].code == (code & 0xf7))
			return names[i].name;
	return "???";
}

static void operand_text(const struct sock_filter *in, uint32_t pc, char *buf, size_t size)
{
	uint16_t class = BPF_CLASS(in->code);

	buf[0] = '\0';
	if ((class == BPF_LD || class == BPF_LDX) && BPF_MODE(in->code) == BPF_ABS)
		snprintf(buf, size, "[%u]", in->k);
	else if ((class == BPF_LD || class == BPF_LDX) && BPF_MODE(in->code) == BPF_LEN)
		snprintf(buf, size, "length");
	else if (class == BPF_ST || class == BPF_STX ||
		 ((class == BPF_LD || class == BPF_LDX) && BPF_MODE(in->code) == BPF_MEM))
		snprintf(buf, size, "M[%u]", in->k);
	else if (class == BPF_JMP && BPF_OP(in->code) == BPF_JA)
		snprintf(buf, size, "%u", pc + 1 + in->k);
	else if (class == BPF_JMP && BPF_SRC(in->code) == BPF_X)
		snprintf(buf, size, "x, %u, %u", pc + 1 + in->jt, pc + 1 + in->jf);
	else if (class == BPF_JMP)
		snprintf(buf, size, "%#x, %u, %u", in->k, pc + 1 + in->jt, pc + 1 + in->jf);
	else if (class == BPF_RET && BPF_RVAL(in->code) == BPF_A)
		snprintf(buf, size, "a");
	else if (class == BPF_ALU && BPF_OP(in->code) == BPF_NEG)
		return;
	else if (class == BPF_ALU && BPF_SRC(in->code) == BPF_X)
		snprintf(buf, size, "x");
	else if (class != BPF_MISC)
		snprintf(buf, size, "%#x", in->k);
}

/* Hand on what is known to the instructions that may come next. */
static void known_pass(struct known *all, uint32_t pc, uint32_t count, const struct sock_filter *in)
{
	struct known after = all[pc];
	uint32_t yes = pc + 1 + in->jt, no = pc + 1 + in->jf, next = pc + 1;

	switch (BPF_CLASS(in->code)) {
	case BPF_LD:
		after.word_place = in->code == (BPF_LD | BPF_W | BPF_ABS) ? PLACE_KNOWN : PLACE_MIXED;
		after.word = in->k;
		break;
	case BPF_ALU:
		if (BPF_OP(in->code) != BPF_AND)
			after.word_place = PLACE_MIXED;
		break;
	case BPF_MISC:
		after.word_place = PLACE_MIXED;
		break;
	case BPF_RET:
		return;
	case BPF_JMP:
		if (BPF_OP(in->code) == BPF_JA) {
			next = pc + 1 + in->k;
			break;
		}
		if (no < count)
			known_merge(&all[no], &after);
		if (in->code == (BPF_JMP | BPF_JEQ | BPF_K) && after.word_place == PLACE_KNOWN &&
		    after.word == offsetof(struct seccomp_data, arch)) {
			after.arch_place = PLACE_KNOWN;
			after.arch = in->k;
		}
		next = yes;
		break;
	}
	if (next < count)
		known_merge(&all[next], &after);
}

void filter_disassemble(const struct sock_filter *instructions, uint32_t count, struct buf *out)
{
	struct known known[FILTER_INSTRUCTIONS_MAX];
	char operand[64], comment[96];

	if (count > FILTER_INSTRUCTIONS_MAX)
		count = FILTER_INSTRUCTIONS_MAX;
	memset(known, 0, sizeof(known));
	known[0].arch_place = known[0].word_place = PLACE_MIXED;
	for (uint32_t pc = 0; pc < count; pc++) {
		const struct sock_filter *in = &instructions[pc];

		operand_text(in, pc, operand, sizeof(operand));
		comment_text(in, &known[pc], comment, sizeof(comment));
		buf_printf(out, "%4u  %-5s", pc, mnemonic(in->code));
		if (comment[0])
			buf_printf(out, "%-26s ; %s\n", operand, comment);
		else
			buf_printf(out, "%s\n", operand);
		known_pass(known, pc, count, in);
	}
}
