/* SPDX-License-Identifier: Apache-2.0 */
/* interrupt: signals that end the verb while files are copied. What is written half must not stay. */
#include "base/types.h"
#include "people/copy/parts.h"

static volatile sig_atomic_t interrupted;
static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
_Static_assert(ARRAY_SIZE(ending_signals) == COPY_SIGNALS, "as many are kept");

int copy_interrupted(void)
{
	return interrupted;
}

static void note_signal(int signal)
{
	interrupted = signal;
}

void copy_heed_signals(struct sigaction before[COPY_SIGNALS])
{
	struct sigaction action = {.sa_handler = note_signal};

	interrupted = 0;
	for (size_t i = 0; i < COPY_SIGNALS; i++) {
		sigaction(ending_signals[i], NULL, &before[i]);
		/* One that the caller ignores (nohup) stays ignored. */
		if (before[i].sa_handler != SIG_IGN)
			sigaction(ending_signals[i], &action, NULL);
	}
}

void copy_restore_signals(const struct sigaction before[COPY_SIGNALS])
{
	for (size_t i = 0; i < COPY_SIGNALS; i++)
		sigaction(ending_signals[i], &before[i], NULL);
}

void copy_ignore_signals(void)
{
	for (size_t i = 0; i < COPY_SIGNALS; i++)
		signal(ending_signals[i], SIG_IGN);
}
