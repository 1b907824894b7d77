/* SPDX-License-Identifier: Apache-2.0 */
/* observe/hurry: how soon this process runs when a record comes. In the helper and in its caller; no child inherits it. */
#include <linux/sched.h>

#include "insight/observe/observe.h"
#include "kernel/process.h"

void observe_hurry(bool hurry)
{
	process_set_scheduler(hurry ? SCHED_FIFO : SCHED_NORMAL, 0, hurry, SCHED_FLAG_RESET_ON_FORK, 0, 0, 0);
}
