/* SPDX-License-Identifier: Apache-2.0 */
/* abi/syscalls: names and numbers of system calls per architecture. The tables behind it are generated at build time
 * by tools/gen-syscalls from data/syscalls.tsv. */
#ifndef BULKHEAD_ABI_SYSCALLS_H
#define BULKHEAD_ABI_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>

#define ABI_SYSCALL_NONE (-1)

/* Number of `name` on arch (AUDIT_ARCH_… or ABI_ARCH_X32; x32 numbers include ABI_X32_SYSCALL_BIT), or
 * ABI_SYSCALL_NONE when the architecture has no such call or the name is unknown. */
int abi_syscall_number(uint32_t arch, const char *name);
/* Name of number on arch, or NULL. */
const char *abi_syscall_name(uint32_t arch, int number);
/* Is the name known on any architecture? */
int abi_syscall_known(const char *name);
/* The lowest number that arch's calls start from (4000 on mips) and the highest in its table, x32's without the bit.
 * Arm's private calls (0xf0000 and up) are not counted. Last is ABI_SYSCALL_NONE for an architecture without table. */
int abi_syscall_first(uint32_t arch);
int abi_syscall_last(uint32_t arch);

/* A name's row is the same on every architecture: 0 … abi_syscall_rows() - 1 in the names' order; ABI_SYSCALL_NONE when
 * unknown. For callers that look one name up on several architectures. */
int abi_syscall_row(const char *name);
int abi_syscall_rows(void);
const char *abi_syscall_row_name(int row);
int abi_syscall_row_number(uint32_t arch, int row);

/* The architectures that names are known of, by their index from 0; 0 behind the last. Some have no table. */
uint32_t abi_arch_at(size_t index);
/* "x86_64", "i386", "x32", "aarch64", …; NULL when unknown; and AUDIT_ARCH_… for "SCMP_ARCH_X86_64", 0 when unknown. */
const char *abi_arch_name(uint32_t arch);
uint32_t abi_arch_from_scmp(const char *scmp_name);

#endif
