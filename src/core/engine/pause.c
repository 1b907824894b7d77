/* SPDX-License-Identifier: Apache-2.0 */
/* pause: freeze and thaw a container's cgroup. Runs in the runtime. */
#include "core/engine/parts.h"

static int freeze(const struct engine *engine, const char *id, bool frozen, struct err *err)
{
	struct container container cleanup_container = CONTAINER_INIT;

	if (container_open(&container, engine, id, false, err))
		return ERR;
	if (frozen && container.status != STATE_RUNNING && container.status != STATE_CREATED) {
		err_set(err, ERR_STATE, "cannot pause container %s: it is %s", id, state_status_name(container.status));
		if (container.status == STATE_STOPPED)
			err_why(err, "container not running");
		return err_fix(err, "only a running container can be paused");
	}
	if (!frozen && container.status != STATE_PAUSED) {
		err_set(err, ERR_STATE, "container not paused");
		err_why(err, "%s is %s", id, state_status_name(container.status));
		return err_fix(err, "only a paused container can be resumed");
	}
	if (!container.state->cgroup_path) {
		err_set(err, ERR_UNSUPPORTED, "cannot %s container %s: it has no cgroup", frozen ? "pause" : "resume", id);
		return err_fix(err, "create it with a cgroup: as root, or without --cgroup-manager disabled");
	}
	if (container_open_cgroup(&container, err))
		return ERR;
	if (cgroup_freeze(&container.cgroup, frozen, err) == 0)
		return 0;
	/* It may have ended meanwhile, and its cgroup with it. */
	return state_process_alive(container.state) ? ERR : container_not_running(id, STATE_STOPPED, err);
}

int engine_pause(const struct engine *engine, const char *id, struct err *err)
{
	return freeze(engine, id, true, err);
}

int engine_resume(const struct engine *engine, const char *id, struct err *err)
{
	return freeze(engine, id, false, err);
}
