/* SPDX-License-Identifier: Apache-2.0 */
/* request_files: the options that show something in the sandbox: volumes, mounts, tmpfs, devices. */
#include "cmd/bulkhead/people.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory while reading the command line");
}

static int read_devices(struct sandbox_request *request, struct arena *arena, struct err *err)
{
	const struct opt_list *list = &request->options.devices;
	struct sandbox_device *devices = arena_calloc(arena, list->count + 1, sizeof(*devices));

	if (!devices)
		return out_of_memory(err);
	for (size_t i = 0; i < list->count; i++)
		if (sandbox_parse_device(arena, list->items[i], &request->sandbox, &devices[i], err))
			return ERR;
	request->sandbox.devices = devices;
	request->sandbox.devices_count = list->count;
	return 0;
}

static int refuse_idmap(const struct sandbox *sandbox, struct err *err)
{
	for (size_t i = 0; sandbox->host_ids && i < sandbox->binds_count; i++)
		if (sandbox->binds[i].idmap) {
			err_set(err, ERR_USAGE, "--userns=none and idmap of %s exclude each other",
				sandbox->binds[i].target);
			err_why(err, "without a user namespace there are no ids to map to");
			return err_fix(err, "leave one of the two out");
		}
	return 0;
}

int request_read_files(struct sandbox_request *request, struct arena *arena, struct err *err)
{
	const struct sandbox_options *options = &request->options;
	struct sandbox *sandbox = &request->sandbox;
	struct sandbox_bind *binds =
		arena_calloc(arena, options->volumes.count + options->mounts.count + 1, sizeof(*binds));
	struct sandbox_tmpfs *tmpfs =
		arena_calloc(arena, options->tmpfs.count + options->mounts.count + 1, sizeof(*tmpfs));

	if (!binds || !tmpfs)
		return out_of_memory(err);
	for (size_t i = 0; i < options->volumes.count; i++)
		if (sandbox_parse_bind(arena, options->volumes.items[i], &binds[sandbox->binds_count++], err))
			return ERR;
	for (size_t i = 0; i < options->tmpfs.count; i++)
		if (sandbox_parse_tmpfs(arena, options->tmpfs.items[i], &tmpfs[sandbox->tmpfs_count++], err))
			return ERR;
	for (size_t i = 0; i < options->mounts.count; i++) {
		struct sandbox_mount mount;

		if (sandbox_parse_mount(arena, options->mounts.items[i], &mount, err))
			return ERR;
		if (mount.is_tmpfs)
			tmpfs[sandbox->tmpfs_count++] = mount.tmpfs;
		else
			binds[sandbox->binds_count++] = mount.bind;
	}
	sandbox->binds = binds;
	sandbox->tmpfs = tmpfs;
	return refuse_idmap(sandbox, err) ? ERR : read_devices(request, arena, err);
}
