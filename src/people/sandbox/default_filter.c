/* SPDX-License-Identifier: Apache-2.0 */
/*
 * default_filter: the filter of a sandbox without further capabilities, compiled while this program was built
 * (cmd/precompile): to write the profile, read it and compile it takes longer than all else of a start.
 */
#include "people/sandbox/sandbox.h"
#include "people/sandbox/default_filter.h"

const struct filter_program *sandbox_default_filter(void)
{
	static const struct filter_program program = {
		.instructions = (struct sock_filter *)(uintptr_t)instructions,
		.count = sizeof(instructions) / sizeof(*instructions),
	};

	return &program;
}
