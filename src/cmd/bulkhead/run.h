/* SPDX-License-Identifier: Apache-2.0 */
/* run: what the files of the verb share. */
#ifndef BULKHEAD_CMD_BULKHEAD_RUN_H
#define BULKHEAD_CMD_BULKHEAD_RUN_H

#include "cmd/bulkhead/watched.h"

/* run_complain.c: run the request by `start` without its profile, and say what that does not allow. The exit status. */
int run_complaining(struct people *people, struct sandbox_request *request, struct arena *arena, watched_start_fn *start);

#endif
