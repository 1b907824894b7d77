/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config reader on any bytes: what it accepts must keep the promises of core/oci/config.h on which plan/ builds,
 * and what it refuses must say where and what to do.
 */
#include <stdlib.h>
#include <string.h>

#include "core/oci/config.h"

/* Enough for what fits in an input, and little enough that a run cannot take the machine's memory. */
#define MEMORY_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_env(const struct strings *env)
{
	for (size_t i = 0; i < env->count; i++)
		require(env->items[i][0] != '=' && strchr(env->items[i], '='));
}

static void check_process(const struct oci_process *process)
{
	require(process->args.count && process->args.items[0][0]);
	require(process->cwd.text[0] == '/');
	check_env(&process->env);
	require(process->user.uid.value != UINT32_MAX && process->user.gid.value != UINT32_MAX);
	for (size_t i = 0; i < process->user.additional_gids_count; i++)
		require(process->user.additional_gids[i].value != UINT32_MAX);
	for (size_t i = 0; i < process->rlimits_count; i++)
		require(process->rlimits[i].soft <= process->rlimits[i].hard && process->rlimits[i].where);
	require(!process->oom_score_adj.set || labs(process->oom_score_adj.value) <= 1000);
	require(!process->io_priority.present || process->io_priority.priority <= 7);
}

static void check_id_maps(const struct id_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		require(maps->items[i].count);
		require((uint64_t)maps->items[i].inside.value + maps->items[i].count <= UINT32_MAX);
		require((uint64_t)maps->items[i].outside.value + maps->items[i].count <= UINT32_MAX);
	}
}

static void check_resources(const struct oci_resources *resources)
{
	for (size_t i = 0; i < resources->devices_count; i++)
		require(strchr("abc", resources->devices[i].type) && resources->devices[i].major >= OCI_DEVICE_ANY);
	for (size_t i = 0; i < resources->unified.count; i++)
		require(!strchr(resources->unified.items[i].key, '/') && resources->unified.items[i].key[0] != '.');
	for (size_t i = 0; i < resources->rdma_count; i++)
		require(resources->rdma[i].device[0]);
}

static void check_linux(const struct oci_linux *config)
{
	check_id_maps(&config->uid_maps);
	check_id_maps(&config->gid_maps);
	check_resources(&config->resources);
	require(!config->uid_maps.count || config->namespaces[OCI_NS_USER].present);
	for (size_t i = 0; i < config->sysctl.count; i++) {
		require(!strstr(config->sysctl.items[i].key, "..") && config->sysctl.items[i].key[0] != '/');
		require(!strpbrk(config->sysctl.items[i].value, "\n\r"));
	}
	for (size_t i = 0; i < config->devices_count; i++)
		require(config->devices[i].path.text[0] == '/' && config->devices[i].file_mode.value <= 07777);
	for (size_t i = 0; i < config->masked_paths.count; i++)
		require(config->masked_paths.items[i].text[0] == '/' && config->masked_paths.items[i].where);
	for (size_t i = 0; i < config->net_devices_count; i++)
		require(strlen(config->net_devices[i].container_name) <= 15 && config->net_devices[i].host_name[0]);
	for (size_t i = 0; i < config->seccomp.rules_count; i++)
		require(config->seccomp.rules[i].names.count && config->seccomp.rules[i].args_count <= 6);
	require(config->monotonic.nanoseconds < 1000000000 && config->boottime.nanoseconds < 1000000000);
}

static void check_config(const struct oci_config *config)
{
	require(config->name && !strncmp(config->oci_version, "1.", 2) && config->root.path.text[0]);
	for (size_t i = 0; i < config->mounts_count; i++) {
		require(config->mounts[i].destination.text[0] == '/' && config->mounts[i].where);
		require(!config->mounts[i].uid_maps.count == !config->mounts[i].gid_maps.count);
		check_id_maps(&config->mounts[i].uid_maps);
	}
	for (int kind = 0; kind < OCI_HOOK_KIND_COUNT; kind++)
		for (size_t i = 0; i < config->hooks[kind].count; i++) {
			require(config->hooks[kind].items[i].path.text[0] == '/');
			check_env(&config->hooks[kind].items[i].env);
		}
	if (config->process_present)
		check_process(&config->process);
	check_linux(&config->linux);
}

static void check_error(const struct err *err)
{
	char text[2048];

	require(err->kind == ERR_KERNEL || (err->kind == ERR_CONFIG && err->where[0] && err->fix[0]));
	require(err_format(err, true, text, sizeof(text)) < sizeof(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {.limit = MEMORY_MAX};
	const struct oci_config *config;
	const struct oci_process *process;
	const struct oci_resources *resources;
	struct err err = ERR_INIT;

	if (!oci_config_read(&arena, "config.json", (const char *)data, size, &config, &err))
		check_config(config);
	else
		check_error(&err);
	arena_done(&arena);
	arena = (struct arena){.limit = MEMORY_MAX};
	if (!oci_process_read(&arena, "process.json", (const char *)data, size, &process, &err))
		check_process(process);
	if (!oci_resources_read(&arena, "resources.json", (const char *)data, size, &resources, &err))
		check_resources(resources);
	arena_done(&arena);
	return 0;
}
