/* SPDX-License-Identifier: Apache-2.0 */
/* watched: a sandbox that runs in the foreground while somebody is told what its program does. */
#ifndef BULKHEAD_CMD_BULKHEAD_WATCHED_H
#define BULKHEAD_CMD_BULKHEAD_WATCHED_H

#include "cmd/bulkhead/people.h"
#include "insight/observe/observe.h"

/* In a process of its own: run the request; prints its errors. The exit status. */
typedef int watched_start_fn(struct people *people, struct sandbox_request *request);

/*
 * Run it with its calls shown to a supervisor (insight/observe/notify.c), which needs no privilege. take gets the
 * records, OBSERVE_READY first. *ret_status: as `start` returned it. Signals that this process gets are passed on.
 */
int watched_run(struct people *people, struct sandbox_request *request, watched_start_fn *start, observe_take_fn *take,
		void *context, int *ret_status, struct err *err);

#endif
