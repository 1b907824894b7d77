/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles on any bytes: a containment profile that is accepted must be the same when it is written and read again, and
 * a seccomp profile of an engine or the OCI must give a policy that compiles. What is refused must say where and what to do.
 */
#include <stdlib.h>
#include <string.h>

#include "core/profile/profile.h"
#include "insight/standing/standing.h"

/* Enough for what fits in an input, and little enough that a run cannot take the machine's memory. */
#define MEMORY_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_error(const struct err *err)
{
	char text[4096];

	require(err->what[0] && err_format(err, true, text, sizeof(text)) < sizeof(text));
	require(err->kind != ERR_CONFIG || err->fix[0]);
}

static void check_faults(const struct profile_faults *faults)
{
	require(faults->count && faults->count <= PROFILE_FAULT_MAX);
	for (size_t i = 0; i < faults->count; i++)
		check_error(&faults->items[i]);
}

static void try_containment(const char *text, size_t size, struct profile_faults *faults)
{
	struct arena arena = {.limit = MEMORY_MAX}, again_arena = {.limit = MEMORY_MAX};
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct profile profile, again;

	*faults = (struct profile_faults){.count = 0};
	if (profile_read(&arena, "profile.json", text, size, &profile, faults)) {
		check_faults(faults);
	} else {
		profile_write(&profile, &once);
		require(!profile_read(&again_arena, "again.json", once.data, once.length, &again, faults));
		profile_write(&again, &twice);
		require(once.length == twice.length && !memcmp(once.data, twice.data, once.length));
	}
	buf_done(&once);
	buf_done(&twice);
	arena_done(&arena);
	arena_done(&again_arena);
}

static void try_seccomp(const char *text, size_t size)
{
	static const uint64_t capabilities[] = {0, UINT64_MAX};
	struct arena arena = {.limit = MEMORY_MAX};
	struct standing_profile profile;
	struct filter_program program;
	struct filter_policy policy;
	struct err err = ERR_INIT;

	if (standing_read(&arena, "seccomp.json", text, size, &profile, &err))
		check_error(&err);
	for (size_t i = 0; !err.kind && !profile.unrestricted && i < 2; i++)
		if (standing_policy(&profile, capabilities[i], &arena, &policy, &err) ||
		    filter_compile(&policy, &arena, &program, &err))
			check_error(&err);
		else
			require(!filter_check(program.instructions, program.count, &err));
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile_faults *faults = malloc(sizeof(*faults));

	require(faults);
	try_containment((const char *)data, size, faults);
	try_seccomp((const char *)data, size);
	free(faults);
	return 0;
}
