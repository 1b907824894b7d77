/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/syscalls: look up system calls in the generated tables. Runs anywhere; never allocates, never calls the kernel.
 *
 * A "row" is a name's place in the table, the same for every architecture; whoever looks one name up on several
 * architectures finds the row once.
 */
#include "abi/syscalls.h"

#include <string.h>

#include "abi/arch.h"
#include "base/types.h"

struct table {
	const char *name;
	const int16_t *numbers;	  /* by row; -1 when the architecture lacks the call */
	const uint16_t *rows;	  /* by number - base */
	uint16_t rows_count, base;
	const uint16_t *privates; /* by number - PRIVATE_BASE */
	uint16_t privates_count;
};

/* Defines names, name_offsets, name_slots, tables, TABLE_… */
#include "abi/syscalls-table.h"

/* Names of the OCI specification. table is -1 where data/syscalls.tsv has no column: no name resolves there. */
struct arch {
	uint32_t value;
	const char *scmp, *name;
	int table;
};

static const struct arch archs[] = {
	{AUDIT_ARCH_X86_64, "SCMP_ARCH_X86_64", "x86_64", TABLE_x86_64},
	{AUDIT_ARCH_I386, "SCMP_ARCH_X86", "i386", TABLE_i386},
	{ABI_ARCH_X32, "SCMP_ARCH_X32", "x32", TABLE_x32},
	{AUDIT_ARCH_AARCH64, "SCMP_ARCH_AARCH64", "aarch64", TABLE_aarch64},
	{AUDIT_ARCH_ARM, "SCMP_ARCH_ARM", "arm", TABLE_arm},
	{AUDIT_ARCH_RISCV64, "SCMP_ARCH_RISCV64", "riscv64", TABLE_riscv64},
	{AUDIT_ARCH_LOONGARCH64, "SCMP_ARCH_LOONGARCH64", "loongarch64", TABLE_loongarch64},
	{AUDIT_ARCH_PPC, "SCMP_ARCH_PPC", "ppc", TABLE_ppc},
	{AUDIT_ARCH_PPC64, "SCMP_ARCH_PPC64", "ppc64", TABLE_ppc64},
	{AUDIT_ARCH_PPC64LE, "SCMP_ARCH_PPC64LE", "ppc64le", TABLE_ppc64},
	{AUDIT_ARCH_S390, "SCMP_ARCH_S390", "s390", TABLE_s390},
	{AUDIT_ARCH_S390X, "SCMP_ARCH_S390X", "s390x", TABLE_s390x},
	{AUDIT_ARCH_MIPS, "SCMP_ARCH_MIPS", "mips", TABLE_mips},
	{AUDIT_ARCH_MIPSEL, "SCMP_ARCH_MIPSEL", "mipsel", TABLE_mips},
	{AUDIT_ARCH_MIPS64, "SCMP_ARCH_MIPS64", "mips64", TABLE_mips64},
	{AUDIT_ARCH_MIPSEL64, "SCMP_ARCH_MIPSEL64", "mipsel64", TABLE_mips64},
	{AUDIT_ARCH_MIPS64N32, "SCMP_ARCH_MIPS64N32", "mips64n32", TABLE_mips64n32},
	{AUDIT_ARCH_MIPSEL64N32, "SCMP_ARCH_MIPSEL64N32", "mipsel64n32", TABLE_mips64n32},
	{AUDIT_ARCH_PARISC, "SCMP_ARCH_PARISC", "parisc", TABLE_parisc},
	{AUDIT_ARCH_PARISC64, "SCMP_ARCH_PARISC64", "parisc64", TABLE_parisc64},
	{AUDIT_ARCH_M68K, "SCMP_ARCH_M68K", "m68k", -1},
	{AUDIT_ARCH_SHEL, "SCMP_ARCH_SH", "sh", -1},
	{AUDIT_ARCH_SH, "SCMP_ARCH_SHEB", "sheb", -1},
};

static const struct arch *arch_find(uint32_t value)
{
	for (size_t i = 0; i < ARRAY_SIZE(archs); i++)
		if (archs[i].value == value)
			return &archs[i];
	return NULL;
}

uint32_t abi_arch_at(size_t index)
{
	return index < ARRAY_SIZE(archs) ? archs[index].value : 0;
}

static const struct table *table_find(uint32_t value)
{
	const struct arch *arch = arch_find(value);

	return arch && arch->table >= 0 ? &tables[arch->table] : NULL;
}

int abi_syscall_row(const char *name)
{
	uint32_t hash = 2166136261u;

	for (const char *c = name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	for (uint32_t slot = hash >> (32 - HASH_BITS);; slot = (slot + 1) % (1u << HASH_BITS)) {
		uint16_t row = name_slots[slot];

		if (row == NO_ROW)
			return ABI_SYSCALL_NONE;
		if (!strcmp(names + name_offsets[row], name))
			return row;
	}
}

int abi_syscall_rows(void)
{
	return ROWS;
}

const char *abi_syscall_row_name(int row)
{
	return row >= 0 && row < (int)ROWS ? names + name_offsets[row] : NULL;
}

int abi_syscall_row_number(uint32_t arch, int row)
{
	const struct table *table = table_find(arch);
	int number;

	if (!table || row < 0 || row >= (int)ROWS)
		return ABI_SYSCALL_NONE;
	number = table->numbers[row];
	if (number < 0)
		return ABI_SYSCALL_NONE;
	if (number >= PRIVATE_FOLD)
		return number - PRIVATE_FOLD + PRIVATE_BASE;
	number += table->base;
	return arch == ABI_ARCH_X32 ? (int)(number | ABI_X32_SYSCALL_BIT) : number;
}

int abi_syscall_number(uint32_t arch, const char *name)
{
	return abi_syscall_row_number(arch, abi_syscall_row(name));
}

const char *abi_syscall_name(uint32_t arch, int number)
{
	const struct table *table = table_find(arch);
	const uint16_t *rows;
	uint16_t count;

	if (!table || number < 0)
		return NULL;
	if (arch == ABI_ARCH_X32) {
		if (!(number & ABI_X32_SYSCALL_BIT))
			return NULL;
		number &= ~ABI_X32_SYSCALL_BIT;
	}
	if (number >= PRIVATE_BASE) {
		number -= PRIVATE_BASE;
		rows = table->privates;
		count = table->privates_count;
	} else {
		number -= table->base;
		rows = table->rows;
		count = table->rows_count;
	}
	if (number < 0 || number >= count || rows[number] == NO_ROW)
		return NULL;
	return names + name_offsets[rows[number]];
}

int abi_syscall_known(const char *name)
{
	return abi_syscall_row(name) != ABI_SYSCALL_NONE;
}

int abi_syscall_first(uint32_t arch)
{
	const struct table *table = table_find(arch);

	return table ? table->base : 0;
}

int abi_syscall_last(uint32_t arch)
{
	const struct table *table = table_find(arch);

	return table ? table->base + table->rows_count - 1 : ABI_SYSCALL_NONE;
}

const char *abi_arch_name(uint32_t arch)
{
	const struct arch *found = arch_find(arch);

	return found ? found->name : NULL;
}

uint32_t abi_arch_from_scmp(const char *scmp_name)
{
	for (size_t i = 0; i < ARRAY_SIZE(archs); i++)
		if (!strcmp(archs[i].scmp, scmp_name))
			return archs[i].value;
	return 0;
}
