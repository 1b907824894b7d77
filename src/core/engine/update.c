/* SPDX-License-Identifier: Apache-2.0 */
/* update: new limits for a running container, through the same translation as at its creation. Runs in the runtime. */
#include "core/engine/parts.h"

int engine_update(const struct engine *engine, const char *id, const struct oci_resources *resources, struct err *err)
{
	struct container container cleanup_container = CONTAINER_INIT;
	struct plan_cgroup settings = {0};

	if (container_open(&container, engine, id, true, err))
		return ERR;
	if (container.status == STATE_STOPPED)
		return container_not_running(id, container.status, err);
	if (!container.state->cgroup_path) {
		err_set(err, ERR_UNSUPPORTED, "cannot update container %s: it has no cgroup", id);
		return err_fix(err, "create it with a cgroup: as root, or without --cgroup-manager disabled");
	}
	if (container_open_cgroup(&container, err))
		return ERR;
	settings.driver = container.state->cgroup_driver;
	settings.path = container.state->cgroup_path;
	if (plan_update(&container.arena, resources, container.host, &settings, err))
		return ERR;
	return cgroup_apply(&container.cgroup, &settings, container.host, err);
}
