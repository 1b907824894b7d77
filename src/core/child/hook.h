/* SPDX-License-Identifier: Apache-2.0 */
/* hook: running one hook of the config (runtime-spec config.md, "POSIX-platform Hooks"), in the child or the runtime.
 */
#ifndef BULKHEAD_CORE_CHILD_HOOK_H
#define BULKHEAD_CORE_CHILD_HOOK_H

#include "core/plan/plan.h"

/*
 * Run it in the calling process's namespaces, with the state as JSON on its standard input, its own environment and
 * nothing else (threats D13), `directory` as working directory, and no descriptor but 0, 1 and 2. Waits until it has
 * ended; a hook that outlives its timeout is killed. Its output goes nowhere, but the last line of it into the error.
 */
int child_run_hook(const struct oci_hook *hook, const char *directory, const char *state_json, size_t state_json_size,
		   struct err *err);

#endif
