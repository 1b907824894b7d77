/* SPDX-License-Identifier: Apache-2.0 */
/* abi/signals: the table behind signals.h. Pure. */
#include "abi/signals.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's own numbers: a C library keeps the first of them for itself. */
#define REAL_TIME_FIRST 32
#define REAL_TIME_USERS 34

static const struct {
	const char *name; /* with SIG */
	int number;
} names[] = {
	/* The first of a number is the one for files. */
	{"SIGHUP", SIGHUP},   {"SIGINT", SIGINT},   {"SIGQUIT", SIGQUIT},     {"SIGILL", SIGILL},
	{"SIGTRAP", SIGTRAP}, {"SIGABRT", SIGABRT}, {"SIGIOT", SIGABRT},      {"SIGBUS", SIGBUS},
	{"SIGFPE", SIGFPE},   {"SIGKILL", SIGKILL}, {"SIGUSR1", SIGUSR1},     {"SIGSEGV", SIGSEGV},
	{"SIGUSR2", SIGUSR2}, {"SIGPIPE", SIGPIPE}, {"SIGALRM", SIGALRM},     {"SIGTERM", SIGTERM},
	{"SIGCHLD", SIGCHLD}, {"SIGCLD", SIGCHLD},  {"SIGSTKFLT", SIGSTKFLT}, {"SIGCONT", SIGCONT},
	{"SIGSTOP", SIGSTOP}, {"SIGTSTP", SIGTSTP}, {"SIGTTIN", SIGTTIN},     {"SIGTTOU", SIGTTOU},
	{"SIGURG", SIGURG},   {"SIGXCPU", SIGXCPU}, {"SIGXFSZ", SIGXFSZ},     {"SIGVTALRM", SIGVTALRM},
	{"SIGPROF", SIGPROF}, {"SIGIO", SIGIO},	    {"SIGPOLL", SIGIO},	      {"SIGPWR", SIGPWR},
	{"SIGSYS", SIGSYS},   {"SIGWINCH", SIGWINCH},
};
#define COUNT (sizeof(names) / sizeof(names[0]))

static const char real_time[][6] = {
	"SIG32", "SIG33", "SIG34", "SIG35", "SIG36", "SIG37", "SIG38", "SIG39", "SIG40", "SIG41", "SIG42",
	"SIG43", "SIG44", "SIG45", "SIG46", "SIG47", "SIG48", "SIG49", "SIG50", "SIG51", "SIG52", "SIG53",
	"SIG54", "SIG55", "SIG56", "SIG57", "SIG58", "SIG59", "SIG60", "SIG61", "SIG62", "SIG63", "SIG64",
};

/* At most two digits and nothing behind them; -1 otherwise. */
static int small_number(const char *text)
{
	size_t length = strspn(text, "0123456789");

	return length >= 1 && length <= 2 && !text[length] ? atoi(text) : -1;
}

static int real_time_number(const char *name)
{
	bool from_max = strncmp(name, "RTMAX", 5) == 0;
	int offset = 0, number;

	if (!from_max && strncmp(name, "RTMIN", 5) != 0) {
		number = small_number(name);
		return number >= REAL_TIME_FIRST && number <= ABI_SIGNAL_MAX ? number : -1;
	}
	if (name[5])
		offset = name[5] == (from_max ? '-' : '+') ? small_number(name + 6) : -1;
	if (offset < 0)
		return -1;
	number = from_max ? ABI_SIGNAL_MAX - offset : REAL_TIME_USERS + offset;
	return number >= REAL_TIME_USERS && number <= ABI_SIGNAL_MAX ? number : -1;
}

int abi_signal_number(const char *name)
{
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(names[i].name + 3, name) == 0)
			return names[i].number;
	return real_time_number(name);
}

const char *abi_signal_name(int number)
{
	for (size_t i = 0; i < COUNT; i++)
		if (names[i].number == number)
			return names[i].name;
	return number >= REAL_TIME_FIRST && number <= ABI_SIGNAL_MAX ? real_time[number - REAL_TIME_FIRST] : NULL;
}

const char *abi_signal_at(size_t index)
{
	return index < COUNT ? names[index].name + 3 : NULL;
}
