/* SPDX-License-Identifier: Apache-2.0 */
/* subject: a word of the command line that may name a container of ours, in either program's state root, or of an engine. */
#include <errno.h>
#include <string.h>

#include "base/types.h"
#include "cmd/bulkhead/people.h"
#include "insight/surface/surface.h"

#define NAMED_MAX 8

int people_find_container(struct people *people, struct arena *arena, const char *id, struct engine_container *ret,
			  bool *ret_found, struct err *err)
{
	static const char *const programs[] = {"bulkhead", "bulkhead-oci"};

	*ret_found = false;
	if (state_check_id(id, err))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		struct engine engine = people->engine;
		struct err missing = ERR_INIT;

		engine.program = programs[i];
		if (engine_state(&engine, id, arena, ret, &missing) == 0) {
			*ret_found = true;
			return 0;
		}
		if (missing.errnum != ENOENT && missing.kind != ERR_STATE) {
			*err = missing;
			return ERR;
		}
	}
	return 0;
}

int people_find_foreign(struct arena *arena, const char *word, struct explain_named *ret, struct err *err)
{
	struct explain_named named[NAMED_MAX];
	size_t count = explain_named(arena, word, named, NAMED_MAX), running = 0;

	*ret = (struct explain_named){.pid = 0};
	for (size_t i = 0; i < count; i++) {
		named[i].pid = named[i].pid ?: surface_find_container(arena, named[i].id);
		if (named[i].pid && running++) {
			err_set(err, ERR_STATE, "more than one container is called \"%s\"", word);
			return err_fix(err, "its id: %.12s or %.12s, of which podman ps and docker ps say more", ret->id,
				       named[i].id);
		}
		if (named[i].pid || !running)
			*ret = named[i];
	}
	/* An engine that writes its names elsewhere: by the id that the cgroup bears. */
	if (!count)
		ret->pid = surface_find_container(arena, word);
	return 0;
}
