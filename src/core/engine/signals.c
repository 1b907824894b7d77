/* SPDX-License-Identifier: Apache-2.0 */
/* signals: what the runtime blocks, and small things that all verbs use. */
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/types.h"
#include "core/engine/parts.h"

void engine_block_signals(void)
{
	/* Errors of the program itself, its children, and job control of its terminal stay as they are. */
	static const int kept[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS,
				   SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG};
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		sigdelset(&set, kept[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int engine_exit_status(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

static void tell(void (*whom)(const char *text), const char *fmt, va_list args)
{
	char text[1024];

	if (!whom)
		return;
	vsnprintf(text, sizeof(text), fmt, args);
	whom(text);
}

void engine_warn(const struct engine *engine, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tell(engine->warn, fmt, args);
	va_end(args);
}

void engine_debug(const struct engine *engine, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tell(engine->debug, fmt, args);
	va_end(args);
}
