/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile: a containment profile laid over a config: what both grant is what the container gets. Runs in the runtime,
 * before any power is used. The profile is kept in the state, and exec lays the same one over what it is asked for.
 */
#include <string.h>
#include <unistd.h>

#include "core/engine/parts.h"
#include "core/oci/names.h"
#include "kernel/process.h"

#define PROFILE_FILE  "profile.json"
#define CPU_PERIOD_US 100000

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory while reading the profile");
}

static int parse(struct arena *arena, const struct engine_profile *file, const struct profile **ret, struct err *err)
{
	struct profile_faults *faults = arena_calloc(arena, 1, sizeof(*faults));
	struct profile *profile = arena_calloc(arena, 1, sizeof(*profile));

	if (!faults || !profile)
		return out_of_memory(err);
	if (profile_read(arena, file->name, file->text, file->size, profile, faults)) {
		*err = faults->items[0];
		return ERR;
	}
	*ret = profile;
	return 0;
}

/* Its system calls as linux.seccomp has them. */
static int read_calls(struct arena *arena, const struct profile *profile, const struct oci_seccomp **ret,
		      struct err *err)
{
	struct buf text cleanup_buf = BUF_INIT;
	const struct oci_config *config;

	*ret = NULL;
	if (!profile_has_calls(profile))
		return 0;
	buf_puts(&text, "{\"ociVersion\": \"1.0.2\", \"root\": {\"path\": \"/\"}, \"linux\": {\"seccomp\": ");
	profile_seccomp(profile, &text);
	buf_puts(&text, "}}");
	if (oci_config_read(arena, "profile", text.data, text.length, &config, err))
		return ERR;
	*ret = &config->linux.seccomp;
	return 0;
}

static uint64_t capabilities_of(const struct profile *profile)
{
	const struct profile_set *set = &profile->sets[PROFILE_CAPABILITIES];
	uint64_t mask = set->present ? 0 : UINT64_MAX;

	for (size_t i = 0; i < set->count; i++)
		mask |= UINT64_C(1) << oci_capability_number(set->items[i].text);
	return mask;
}

static const struct profile_item *limit_of(const struct profile *profile, const char *name)
{
	return profile_find(PROFILE_LIMITS, &profile->sets[PROFILE_LIMITS], name);
}

static struct oci_rlimit *find_limit(struct oci_rlimit *items, size_t count, int resource)
{
	for (size_t i = 0; i < count; i++)
		if (items[i].resource == resource)
			return &items[i];
	return NULL;
}

/* Limits of the profile are ceilings: those of the process below them stay, and so does what this process has less. */
static int restrict_limits(struct arena *arena, const struct profile *profile, struct oci_process *process,
			   struct err *err)
{
	struct process_limit own[PROCESS_LIMITS_MAX];
	int own_count = process_get_limits(getpid(), own);
	struct oci_rlimit *items = arena_calloc(arena, process->rlimits_count + PROCESS_LIMITS_MAX, sizeof(*items));
	size_t count = process->rlimits_count;

	if (!items)
		return out_of_memory(err);
	if (count)
		memcpy(items, process->rlimits, count * sizeof(*items));
	for (const struct oci_name *name = oci_names_rlimit.items; name->name; name++) {
		const struct profile_item *item = limit_of(profile, name->name);
		struct oci_rlimit *limit = find_limit(items, count, (int)name->value);
		int resource = (int)name->value;

		if (!item)
			continue;
		if (!limit && resource < own_count && own[resource].hard <= item->number)
			continue;
		if (!limit) {
			limit = &items[count++];
			*limit = (struct oci_rlimit){resource, item->number, item->number, NULL};
		}
		limit->hard = limit->hard < item->number ? limit->hard : item->number;
		limit->soft = limit->soft < limit->hard ? limit->soft : limit->hard;
	}
	process->rlimits = items;
	process->rlimits_count = count;
	return 0;
}

static int restrict_process(struct arena *arena, const struct profile *profile, struct oci_process *process,
			    struct err *err)
{
	uint64_t mask = capabilities_of(profile);
	struct oci_capabilities *sets = &process->capabilities;

	sets->bounding &= mask;
	sets->effective &= mask;
	sets->permitted &= mask;
	sets->inheritable &= mask;
	sets->ambient &= mask;
	/* Landlock wants it, and a program that gains power by its file would go beyond the profile. */
	process->no_new_privileges = true;
	return restrict_limits(arena, profile, process, err);
}

static void lower(struct opt_i64 *limit, uint64_t most)
{
	int64_t value = most > INT64_MAX ? INT64_MAX : (int64_t)most;

	if (!limit->set || limit->value <= 0 || limit->value > value)
		*limit = (struct opt_i64){.set = true, .value = value};
}

static void restrict_resources(const struct profile *profile, struct oci_resources *resources)
{
	const struct profile_item *memory = limit_of(profile, "memory"), *pids = limit_of(profile, "pids"),
				  *cpu = limit_of(profile, "cpuMillis");
	uint64_t period = resources->cpu.period.set ? resources->cpu.period.value : CPU_PERIOD_US;

	if (memory)
		lower(&resources->memory.limit, memory->number);
	if (memory && resources->memory.swap.set && resources->memory.swap.value > 0)
		lower(&resources->memory.swap, memory->number);
	if (pids)
		lower(&resources->pids.limit, pids->number);
	if (cpu) {
		resources->cpu.period = (struct opt_u64){.set = true, .value = period};
		lower(&resources->cpu.quota, period * cpu->number / 1000);
	}
}

static bool names_device(const struct profile_set *set, const char *path)
{
	for (size_t i = 0; i < set->count; i++)
		if (strncmp(set->items[i].text, path, strcspn(set->items[i].text, "*?[\\")) == 0 &&
		    (strpbrk(set->items[i].text, "*?[\\") || strcmp(set->items[i].text, path) == 0))
			return true;
	return false;
}

/* What a profile says of files of the whole machine that it does not name. Missing ones are passed over. */
static int restrict_paths(struct arena *arena, const struct profile *profile, struct oci_linux *linux, struct err *err)
{
	const struct profile_set *proc = &profile->sets[PROFILE_PROC], *sys = &profile->sets[PROFILE_SYS];
	static const char *const global[] = {
		"/proc/acpi", "/proc/asound", "/proc/bus", "/proc/config.gz", "/proc/driver", "/proc/interrupts",
		"/proc/iomem", "/proc/ioports", "/proc/irq", "/proc/kallsyms", "/proc/kcore", "/proc/key-users",
		"/proc/keys", "/proc/kmsg", "/proc/kpagecount", "/proc/kpageflags", "/proc/latency_stats", "/proc/modules",
		"/proc/pagetypeinfo", "/proc/sched_debug", "/proc/scsi", "/proc/slabinfo", "/proc/softirqs",
		"/proc/sysrq-trigger", "/proc/timer_list", "/proc/timer_stats", "/proc/vmallocinfo", "/proc/zoneinfo",
	};
	/* The usual nodes, where Landlock restricts no files, of which it could leave out some directories only. */
	static const char *const devices[] = {"/dev/full", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero"};
	bool mask_devices = profile->sets[PROFILE_DEVICES].present &&
			    !(profile->sets[PROFILE_READ].present && profile->sets[PROFILE_WRITE].present);
	struct placed_strings *masked = &linux->masked_paths;
	struct placed_string *items = arena_calloc(arena, masked->count + ARRAY_SIZE(global) + ARRAY_SIZE(devices) + 1,
						   sizeof(*items));
	size_t count = masked->count;

	if (!items)
		return out_of_memory(err);
	if (count)
		memcpy(items, masked->items, count * sizeof(*items));
	for (size_t i = 0; proc->present && i < ARRAY_SIZE(global); i++) {
		bool named = false;

		for (size_t j = 0; j < proc->count; j++) {
			size_t plain = strcspn(proc->items[j].text, "*?[\\"), length = strlen(global[i]);

			named = named || strncmp(proc->items[j].text, global[i], plain < length ? plain : length) == 0;
		}
		if (!named)
			items[count++].text = global[i];
	}
	if (sys->present && sys->count == 0)
		items[count++].text = "/sys";
	for (size_t i = 0; mask_devices && i < ARRAY_SIZE(devices); i++)
		if (!names_device(&profile->sets[PROFILE_DEVICES], devices[i]))
			items[count++].text = devices[i];
	masked->items = items;
	masked->count = count;
	return 0;
}

/* The nodes that the config adds; the usual ones stay, for Landlock to refuse. */
static int restrict_devices(struct arena *arena, const struct profile *profile, struct oci_linux *linux, struct err *err)
{
	const struct profile_set *set = &profile->sets[PROFILE_DEVICES];
	struct oci_device *items;
	size_t count = 0;

	if (!set->present || !linux->devices_count)
		return 0;
	items = arena_calloc(arena, linux->devices_count, sizeof(*items));
	if (!items)
		return out_of_memory(err);
	for (size_t i = 0; i < linux->devices_count; i++)
		if (names_device(set, linux->devices[i].path.text))
			items[count++] = linux->devices[i];
	linux->devices = items;
	linux->devices_count = count;
	return 0;
}

static int restrict_config(struct arena *arena, const struct profile *profile, const struct oci_config **config,
			   struct err *err)
{
	const struct profile_set *listen = &profile->sets[PROFILE_LISTEN], *connect = &profile->sets[PROFILE_CONNECT];
	struct oci_config *copy = arena_calloc(arena, 1, sizeof(*copy));

	if (!copy)
		return out_of_memory(err);
	*copy = **config;
	restrict_resources(profile, &copy->linux.resources);
	/* No port at all: a network of its own, where it would have had the host's. */
	if (listen->present && connect->present && !listen->count && !connect->count)
		copy->linux.namespaces[OCI_NS_NETWORK].present = true;
	if (restrict_process(arena, profile, &copy->process, err) ||
	    restrict_paths(arena, profile, &copy->linux, err) || restrict_devices(arena, profile, &copy->linux, err))
		return ERR;
	*config = copy;
	return 0;
}

int profile_for_create(struct creation *creation, struct err *err)
{
	struct plan_request *request = &creation->plan_request;
	const struct profile *profile;

	if (!creation->profile.text)
		return 0;
	if (parse(creation->arena, &creation->profile, &profile, err) ||
	    read_calls(creation->arena, profile, &request->profile_calls, err) ||
	    restrict_config(creation->arena, profile, &creation->config, err))
		return ERR;
	request->profile = profile;
	return 0;
}

int profile_for_update(struct container *container, const struct oci_resources *merged,
		       const struct oci_resources **resources, struct err *err)
{
	struct engine_profile file = {.name = PROFILE_FILE};
	struct oci_resources *change;
	const struct profile *profile;

	if (!container->state->profile)
		return 0;
	change = arena_calloc(&container->arena, 1, sizeof(*change));
	if (!change)
		return out_of_memory(err);
	if (state_get_file(&container->dir, PROFILE_FILE, &container->arena, PROFILE_SIZE_MAX, &file.text, &file.size,
			   err) ||
	    parse(&container->arena, &file, &profile, err))
		return ERR;
	/* All of them anew: what is not changed stays as it is, and a period alone would make another share of a quota. */
	*change = **resources;
	change->memory.limit = merged->memory.limit;
	change->memory.swap = merged->memory.swap;
	change->cpu.quota = merged->cpu.quota;
	change->cpu.period = merged->cpu.period;
	change->pids.limit = merged->pids.limit;
	restrict_resources(profile, change);
	*resources = change;
	return 0;
}

int profile_save(struct creation *creation, struct err *err)
{
	creation->state.profile = creation->profile.text;
	if (!creation->profile.text)
		return 0;
	return state_put_file(&creation->dir, PROFILE_FILE, creation->profile.text, creation->profile.size, err);
}

int profile_for_exec(struct container *container, const struct oci_process **process, struct plan_request *request,
		     struct err *err)
{
	struct engine_profile file = {.name = PROFILE_FILE};
	struct oci_process *copy;

	if (!container->state->profile)
		return 0;
	copy = arena_calloc(&container->arena, 1, sizeof(*copy));
	if (!copy)
		return out_of_memory(err);
	*copy = **process;
	if (state_get_file(&container->dir, PROFILE_FILE, &container->arena, PROFILE_SIZE_MAX, &file.text, &file.size,
			   err) ||
	    parse(&container->arena, &file, &request->profile, err) ||
	    restrict_config(&container->arena, request->profile, &container->config, err) ||
	    restrict_process(&container->arena, request->profile, copy, err))
		return ERR;
	*process = copy;
	return 0;
}

int profile_refuse_criu(bool profile, const char *verb, struct err *err)
{
	if (!profile)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "cannot %s a container with a containment profile", verb);
	err_why(err, "criu does not bring Landlock back, so that it would have more than the profile allows");
	return err_fix(err, "%s one without a profile", verb);
}
