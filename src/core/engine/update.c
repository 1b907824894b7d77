/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update: new limits for a running container, through the same translation as at its creation. The saved config follows:
 * it says what holds. Runs in the runtime, with the container's lock.
 */
#include "core/engine/parts.h"

/* The saved config with the new limits. It is read once more: together they must make sense too. */
static int merge_config(struct container *container, const char *text, size_t size, struct buf *out,
			const struct oci_config **ret, struct err *err)
{
	const char *saved;
	size_t saved_size;

	if (state_get_file(&container->dir, "config.json", &container->arena, OCI_CONFIG_SIZE_MAX, &saved, &saved_size,
			   err) ||
	    oci_config_merge(&container->arena, saved, saved_size, text, size, out, err))
		return ERR;
	return oci_config_read(&container->arena, "config.json", out->data, out->length, ret, err);
}

static int change(struct container *container, const struct plan_cgroup *settings, const struct buf *config,
		  struct err *err)
{
	struct cgroup_undo undo cleanup_cgroup_undo = CGROUP_UNDO_INIT;

	if (cgroup_apply(&container->cgroup, settings, container->host, &undo, err))
		return ERR;
	if (state_put_file(&container->dir, "config.json", config->data, config->length, err) == 0)
		return 0;
	cgroup_put_back(&container->cgroup, &undo, err);
	return ERR;
}

int engine_update(const struct engine *engine, const char *id, const char *name, const char *text, size_t size,
		  struct err *err)
{
	struct container container cleanup_container = CONTAINER_INIT;
	struct plan_cgroup settings = {.config_name = name};
	struct buf config cleanup_buf = BUF_INIT;
	const struct oci_resources *resources;
	const struct oci_config *merged;

	if (container_open(&container, engine, id, true, err) ||
	    oci_resources_read(&container.arena, name, text, size, &resources, err))
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
	if (merge_config(&container, text, size, &config, &merged, err) ||
	    profile_for_update(&container, &merged->linux.resources, &resources, err) ||
	    plan_update(&container.arena, resources, container.host, &settings, err))
		return ERR;
	return change(&container, &settings, &config, err);
}
