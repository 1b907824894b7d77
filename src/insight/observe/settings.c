// SPDX-License-Identifier: Apache-2.0
/*
 * observe/settings: what the programs are told before and after loading, and what they have counted. Runs in the helper
 * program alone. Variables of the programs are found by their names, in the object's own description of its types.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "insight/observe/loader.h"
#include "kernel/process.h"

#define RATE_MAX 5000
#define SILENT_RANGES 8

/* ---- before loading ---- */

/* The place of a variable in one of the object's sections, NULL when there is none of this name and size. */
static void *variable(struct loader *loader, const char *section_name, const char *name, size_t size, char *data,
		      size_t data_size)
{
	struct btf *btf = bpf_object__btf(loader->object);
	int id = btf__find_by_name_kind(btf, section_name, BTF_KIND_DATASEC);
	const struct btf_type *section = btf__type_by_id(btf, id > 0 ? (uint32_t)id : 0);

	for (size_t i = 0; id > 0 && i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *info = btf_var_secinfos(section) + i;
		const char *found = btf__name_by_offset(btf, btf__type_by_id(btf, info->type)->name_off);

		if (strcmp(found, name) == 0 && info->size == size && info->offset + size <= data_size)
			return data + info->offset;
	}
	return NULL;
}

/* Functions of the kernel that ask for a capability without need of it, if there is one: to choose a limit, or to show more.
 * Their code, from /proc/kallsyms: the tracepoint does not tell such questions from others. */
static void find_silent(uint64_t ranges[SILENT_RANGES][2])
{
	static const char *const names[SILENT_RANGES] = {
		"ns_capable_noaudit", "has_ns_capability_noaudit", "has_capability_noaudit", "cap_vm_enough_memory",
		"__vm_enough_memory", "capable_noaudit", "bpf_capable_noaudit", "security_vm_enough_memory_mm",
	};
	FILE *file = fopen("/proc/kallsyms", "re");
	int open = -1;
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		unsigned long long address;
		char name[256];

		if (sscanf(line, "%llx %*c %255s", &address, name) != 2 || strchr(line, '['))
			continue;
		/* The list is sorted: a function ends where the next begins. */
		if (open >= 0 && address > ranges[open][0]) {
			ranges[open][1] = address;
			open = -1;
		}
		for (int i = 0; i < SILENT_RANGES; i++)
			if (strcmp(names[i], name) == 0 && address) {
				ranges[i][0] = address;
				open = i;
			}
	}
	if (file)
		fclose(file);
}

struct constant {
	const char *name;
	const void *value;
	size_t size;
};

static int set_constants(struct loader *loader, const struct constant *rows, size_t count)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, ".rodata");
	size_t size = 0, set = 0;
	const void *initial = map ? bpf_map__initial_value(map, &size) : NULL;
	char *data = initial ? malloc(size) : NULL;

	if (data)
		memcpy(data, initial, size);
	for (size_t i = 0; data && i < count; i++) {
		void *place = variable(loader, ".rodata", rows[i].name, rows[i].size, data, size);

		if (place) {
			memcpy(place, rows[i].value, rows[i].size);
			set++;
		}
	}
	if (data && bpf_map__set_initial_value(map, data, size))
		set = 0;
	free(data);
	return set == count ? 0 : loader_fail(loader, EINVAL, "", "the programs do not fit their loader");
}

int settings_constants(struct loader *loader)
{
	static struct observe_lesson lessons[2 * OBSERVE_CALLS];
	static uint64_t silent[SILENT_RANGES][2];
	const struct observe_target *target = loader->target;
	uint32_t rate_max = RATE_MAX, by_descriptor = loader->files_by_descriptor;
	uint32_t typed = btf__find_by_name_kind(loader->btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	const struct constant common[] = {
		{"scope_mount", &target->mount_inode, sizeof(target->mount_inode)},
		{"scope_cgroup", &target->cgroup, sizeof(target->cgroup)},
		{"scope_cgroup_level", &target->cgroup_level, sizeof(target->cgroup_level)},
		{"looks_typed", &typed, sizeof(typed)},
	};
	const struct constant explain[] = {
		{"errors_always", &observe_errors_always, sizeof(observe_errors_always)},
		{"rate_max", &rate_max, sizeof(rate_max)},
	};
	const struct constant learn[] = {
		{"lessons", lessons, sizeof(lessons)},
		{"files_by_descriptor", &by_descriptor, sizeof(by_descriptor)},
		{"silent_ranges", silent, sizeof(silent)},
	};

	if (set_constants(loader, common, ARRAY_SIZE(common)))
		return ERR;
	if (!target->learn)
		return set_constants(loader, explain, ARRAY_SIZE(explain));
	observe_fill_lessons(lessons);
	if (loader->ready.tier < OBSERVE_TIER_HOOKS && loader->ready.capability_checks)
		find_silent(silent);
	return set_constants(loader, learn, ARRAY_SIZE(learn));
}

/* ---- after loading ---- */

int settings_map(struct loader *loader, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, name);

	return map ? bpf_map__fd(map) : -ENOENT;
}

int settings_calls(struct loader *loader)
{
	struct observe_call calls[OBSERVE_CALLS_ALL];

	if (loader->target->learn)
		return 0;
	observe_fill_calls(calls);
	for (uint32_t i = 0; i < OBSERVE_CALLS_ALL; i++)
		if (calls[i].errors || calls[i].arguments)
			if (bpf_map_update_elem(settings_map(loader, "calls"), &i, &calls[i], BPF_ANY))
				return loader_fail(loader, errno, "bpf", "cannot tell the programs what to look at");
	return 0;
}

/* Mark processes; one that has ended in between is nobody's loss. */
int settings_marks(struct loader *loader)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, "marks");
	const struct observe_target *target = loader->target;
	char *mark = calloc(1, map ? bpf_map__value_size(map) : 1);

	if (!mark || !map) {
		free(mark);
		return loader_fail(loader, ENOMEM, "", "out of memory");
	}
	memcpy(mark, &(uint32_t){target->armed ? OBSERVE_ARMED : OBSERVE_WATCHED}, sizeof(uint32_t));
	for (size_t i = 0; i < target->pids_count; i++) {
		int pidfd cleanup_fd = process_pidfd_open(target->pids[i]);

		if (pidfd < 0 || bpf_map_update_elem(bpf_map__fd(map), &pidfd, mark, BPF_ANY) == 0)
			continue;
		if (errno == ESRCH || errno == ENOENT)
			continue;
		free(mark);
		return loader_fail(loader, errno, "bpf", "cannot mark the processes that are to be watched");
	}
	free(mark);
	return 0;
}

/* ---- what they have counted ---- */

/* The counters, which the programs keep in a section that can be mapped. */
uint64_t settings_counter(struct loader *loader, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, ".bss");
	size_t size = map ? bpf_map__value_size(map) : 0;
	char *data = map ? mmap(NULL, size, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0) : MAP_FAILED;
	uint64_t value = 0;
	void *place;

	if (data == MAP_FAILED)
		return 0;
	place = variable(loader, ".bss", name, sizeof(value), data, size);
	if (place)
		memcpy(&value, place, sizeof(value));
	munmap(data, size);
	return value;
}

uint64_t settings_calls_made(struct loader *loader)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, "calls");
	int processors = libbpf_num_possible_cpus();
	/* A count stands at the beginning of each processor's value. */
	size_t size = map ? (bpf_map__value_size(map) + 7) & ~(size_t)7 : 0;
	char *values = processors > 0 && map ? calloc((size_t)processors, size) : NULL;
	uint64_t sum = 0, count;

	if (values && bpf_map_lookup_elem(bpf_map__fd(map), &(uint32_t){0}, values) == 0)
		for (int processor = 0; processor < processors; processor++) {
			memcpy(&count, values + (size_t)processor * size, sizeof(count));
			sum += count;
		}
	free(values);
	return sum;
}

uint64_t settings_missed(struct loader *loader)
{
	struct bpf_program *program;
	uint64_t missed = 0;

	bpf_object__for_each_program(program, loader->object) {
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof(info);

		if (bpf_program__fd(program) >= 0 &&
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) == 0)
			missed += info.recursion_misses;
	}
	return missed;
}
