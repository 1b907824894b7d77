/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/give_way: see process.h. Runs in the runtime. */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>

#include "base/fd.h"
#include "kernel/process.h"

/* Is less than a quarter of `cpus` taken by others than the caller and its child? An idle CPU cannot be asked for by name,
 * and on a busy one the caller would wait itself. /proc/loadavg: "0.10 0.12 0.15 2/134 4711", the fourth field's first
 * number being what runs or could. */
static bool most_are_idle(int cpus)
{
	char text[128];
	const char *at = text;
	long runnable;

	if (fd_read_text_at(AT_FDCWD, "/proc/loadavg", text, sizeof(text)) < 0)
		return false;
	for (int fields = 3; fields > 0 && *at; at++)
		fields -= *at == ' ';
	runnable = strtol(at, NULL, 10);
	return runnable > 0 && (runnable - 2) * 4 < cpus;
}

void process_give_way(uint64_t childs_cpu)
{
	int own = sched_getcpu();
	cpu_set_t allowed, others;

	if (own < 0 || childs_cpu != (uint64_t)own || sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return;
	others = allowed;
	CPU_CLR(own, &others);
	if (!CPU_COUNT(&others) || !most_are_idle(CPU_COUNT(&allowed)) ||
	    sched_setaffinity(0, sizeof(others), &others) < 0)
		return;
	sched_setaffinity(0, sizeof(allowed), &allowed);
}
