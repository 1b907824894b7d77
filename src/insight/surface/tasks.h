/* SPDX-License-Identifier: Apache-2.0 */
/* surface/tasks: the filters and capabilities of all threads of a process or container. Private to surface/. */
#ifndef BULKHEAD_INSIGHT_SURFACE_TASKS_H
#define BULKHEAD_INSIGHT_SURFACE_TASKS_H

#include "insight/surface/parts.h"

struct tasks {
	struct arena *arena;
	pid_t pid;
	struct surface_chain *chains; /* those that differ; what one of them lets through is reached */
	size_t chains_count;
	size_t processes, threads;
	uint64_t effective, bounding; /* of all of them together */
};

/* container: also the other processes of pid's pid namespace, and all children. Errors: ERR_STATE when pid has ended;
 * ERR_KERNEL when the filters of one of them cannot be read. */
int tasks_read(struct arena *arena, pid_t pid, bool container, struct tasks *ret_tasks, struct err *err);

/* Of a text of /proc/PID/status: is it the first process of a pid namespace that is not the outermost? */
bool tasks_first(const char *status);

/* The text behind "NAME:\t" in the text of /proc/PID/status; "" when there is none. */
const char *tasks_status(const char *status, const char *name);

#endif
