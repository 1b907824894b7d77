/* SPDX-License-Identifier: Apache-2.0 */
/* request_files: the options that show something in the sandbox: volumes, mounts, tmpfs, devices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static size_t path_length(const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	return length;
}

/* Of two mounts in one place the first would never be seen. */
static int refuse_same_place(const char *one, const char *one_option, const char *other, const char *other_option,
			     struct err *err)
{
	size_t length = path_length(one);

	if (path_length(other) != length || strncmp(one, other, length))
		return 0;
	err_set(err, ERR_USAGE, "%s and %s have the same target", one_option, other_option);
	return err_fix(err, "leave one of the two out, or give it another target");
}

static int refuse_same_places(const struct sandbox *sandbox, struct err *err)
{
	for (size_t i = 0; i < sandbox->binds_count; i++) {
		const struct sandbox_bind *bind = &sandbox->binds[i];

		for (size_t j = 0; j < i; j++)
			if (refuse_same_place(sandbox->binds[j].target, sandbox->binds[j].option, bind->target,
					      bind->option, err))
				return ERR;
		for (size_t j = 0; j < sandbox->tmpfs_count; j++)
			if (refuse_same_place(sandbox->tmpfs[j].target, sandbox->tmpfs[j].option, bind->target,
					      bind->option, err))
				return ERR;
	}
	for (size_t i = 0; i < sandbox->tmpfs_count; i++)
		for (size_t j = 0; j < i; j++)
			if (refuse_same_place(sandbox->tmpfs[j].target, sandbox->tmpfs[j].option, sandbox->tmpfs[i].target,
					      sandbox->tmpfs[i].option, err))
				return ERR;
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
	return refuse_idmap(sandbox, err) || refuse_same_places(sandbox, err) ? ERR : read_devices(request, arena, err);
}

void request_name_mount(const struct sandbox_request *request, struct err *err)
{
	static const char start[] = "sandbox#/mounts/";
	const struct strings *wishes = &request->result.wishes;
	size_t first, number;

	if (!request->config || strncmp(err->where, start, sizeof(start) - 1) != 0)
		return;
	first = request->config->mounts_count - wishes->count;
	number = strtoull(err->where + sizeof(start) - 1, NULL, 10);
	if (number < first || number - first >= wishes->count)
		return;
	snprintf(err->where, sizeof(err->where), "%s", wishes->items[number - first]);
	if (strstr(err->fix, "\"destination\""))
		err_fix(err, "a directory is shown on a directory, a file on a file");
	else if (strstr(err->fix, "the mappings of this mount"))
		err_fix(err, "run it as root, or leave idmap out");
}
