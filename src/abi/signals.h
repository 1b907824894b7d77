/* SPDX-License-Identifier: Apache-2.0 */
/* abi/signals: names and numbers of signals, the same on every architecture that bulkhead runs on (signal(7)). */
#ifndef BULKHEAD_ABI_SIGNALS_H
#define BULKHEAD_ABI_SIGNALS_H

#include <stddef.h>

#define ABI_SIGNAL_MAX 64

/* Number of "TERM" or "SIGTERM", of "RTMIN+2" and "RTMAX-1", of "SIG35" for a real-time signal; -1: unknown. */
int abi_signal_number(const char *name);
/* The one name of a number for files: "SIGTERM", of the real-time signals "SIG32" to "SIG64", since what SIGRTMIN is
 * depends on the C library. NULL: there is no such signal. */
const char *abi_signal_name(int number);
/* Names without SIG, by their index from 0, other names for the same number too; NULL behind the last. */
const char *abi_signal_at(size_t index);

#endif
