/* SPDX-License-Identifier: Apache-2.0 */
/* abi/arch: the architectures that seccomp filters name. Numbers are AUDIT_ARCH_… of <linux/audit.h>; x32 shares its
 * number with x86_64 there, so it has one of our own, which never reaches the kernel. */
#ifndef BULKHEAD_ABI_ARCH_H
#define BULKHEAD_ABI_ARCH_H

#include <linux/audit.h>
#include <stdint.h>

/* Missing in older kernels' <linux/audit.h>: ELF machine number 258, 64 bits, little-endian. */
#ifndef AUDIT_ARCH_LOONGARCH64
#define AUDIT_ARCH_LOONGARCH64 (258u | __AUDIT_ARCH_64BIT | __AUDIT_ARCH_LE)
#endif

#define ABI_ARCH_X32 0x7f000001u
#define ABI_X32_SYSCALL_BIT 0x40000000u

#if defined(__x86_64__)
#define ABI_ARCH_NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ABI_ARCH_NATIVE AUDIT_ARCH_AARCH64
#else
#error "no architecture table for this machine yet: see data/syscalls.tsv"
#endif

#endif
