/* SPDX-License-Identifier: Apache-2.0 */
/* hook: running one hook of the config (runtime-spec config.md, "POSIX-platform Hooks"), in the child or the runtime.
 */
#ifndef BULKHEAD_CORE_CHILD_HOOK_H
#define BULKHEAD_CORE_CHILD_HOOK_H

#include "core/plan/plan.h"

struct hook_call {
	const struct oci_hooks *hooks; /* [OCI_HOOK_KIND_COUNT] */
	enum oci_hook_kind kind;
	size_t index;
	const struct strings *env; /* of a hook that has none of its own; NULL: nothing */
	const char *home;	   /* "HOME=…" besides, or NULL */
	const char *directory;	   /* its working directory */
	const char *state_json;	   /* on its standard input */
	size_t state_json_size;
};

/*
 * Run it in the calling process's namespaces, with its own environment and nothing else (threats D13) and no descriptor but
 * 0, 1 and 2. Waits until it has ended; a hook that outlives its timeout is killed. Its output goes nowhere, but the last
 * line of it into the error.
 */
int child_run_hook(const struct hook_call *call, struct err *err);

#endif
