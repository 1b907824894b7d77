/* SPDX-License-Identifier: Apache-2.0 */
/* subject: a word of the command line that may name a container of ours, in either program's state root. */
#include <errno.h>

#include "base/types.h"
#include "cmd/bulkhead/people.h"

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
