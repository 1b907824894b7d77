/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe/loader: loads the programs of insight/bpf and hands their records on. Runs in the helper program alone,
 * with the
 * caller's power, in this order: open the embedded object, find out which programs this kernel takes (each kind by a
 * trial),
 * load, mark the processes, attach, give up every capability, serve. Nothing is pinned: the kernel takes everything off
 * when the process ends. It never reads what the watched processes wrote; it only passes it on.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "insight/observe/observe.h"
#include "insight/observe/programs.h"
#include "kernel/creds.h"
#include "kernel/process.h"

#define RATE_MAX 5000
#define POLL_MS 100

struct loader {
	struct bpf_object *object;
	struct btf *btf;
	struct observe_ready ready;
	int fd;
	bool closed; /* nobody reads any more */
};

static int send_record(struct loader *loader, const void *record, size_t size)
{
	ssize_t sent;

	do {
		sent = send(loader->fd, record, size, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		loader->closed = true;
	return sent < 0 ? ERR : 0;
}

static int fail(struct loader *loader, int error, const char *call, const char *what)
{
	struct observe_failed record = {.kind = OBSERVE_FAILED, .error = error < 0 ? -error : error};

	snprintf(record.call, sizeof(record.call), "%s", call);
	snprintf(record.what, sizeof(record.what), "%s", what);
	send_record(loader, &record, sizeof(record));
	return ERR;
}

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

/* ---- which programs ---- */

/* Does the kernel take an empty program at the end of this function? 0 or -errno. */
static int try_hook(struct loader *loader, const char *function)
{
	static const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FEXIT);
	int id = btf__find_by_name_kind(loader->btf, function, BTF_KIND_FUNC), program, link;

	if (id < 0)
		return -ENOENT;
	options.attach_btf_id = (uint32_t)id;
	program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "trial", "GPL", instructions, ARRAY_SIZE(instructions),
	 &options);
	if (program < 0)
		return -errno;
	/* Some kernels take the program and refuse the trampoline. */
	link = bpf_raw_tracepoint_open(NULL, program);
	close(program);
	if (link < 0)
		return -errno;
	close(link);
	return 0;
}

static bool has_tracepoint(struct loader *loader, const char *name)
{
	char type[80];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(loader->btf, type, BTF_KIND_TYPEDEF) > 0;
}

static void choose_programs(struct loader *loader, enum observe_tier tier_max)
{
	int trial = tier_max < OBSERVE_TIER_HOOKS ? -ECANCELED : try_hook(loader, "cap_capable");
	struct bpf_program *program;
	bool tracepoint = has_tracepoint(loader, "cap_capable");

	loader->ready.tier = trial == 0 ? OBSERVE_TIER_HOOKS : OBSERVE_TIER_TRACEPOINTS;
	loader->ready.capability_checks = trial == 0 || tracepoint;
	if (trial == -ECANCELED)
		snprintf(loader->ready.reason, sizeof(loader->ready.reason), "it was asked for");
	else if (trial)
		snprintf(loader->ready.reason, sizeof(loader->ready.reason),
			 "this kernel refuses programs at the end of its functions: %s", strerror(-trial));
	bpf_object__for_each_program(program, loader->object) {
		const char *section = bpf_program__section_name(program);

		section += section[0] == '?';
		if (strcmp(section, "tp_btf/cap_capable") == 0)
			bpf_program__set_autoload(program, trial != 0 && tracepoint);
		else if (strncmp(section, "fexit/", 6) == 0)
			bpf_program__set_autoload(program, trial == 0 && try_hook(loader, section + 6) == 0);
		if (strncmp(section, "fexit/", 6) == 0 && bpf_program__autoload(program))
			loader->ready.hooks++;
	}
}

/* ---- settings ---- */

/* The constants of the programs, as the object lays them out. */
static int set_constants(struct loader *loader, const struct observe_target *target)
{
	const struct {
		const char *name;
		uint64_t value;
		size_t size;
	} rows[] = {
		{"errors_always", observe_errors_always, 8}, {"scope_mount", target->mount_inode, 4},
		{"scope_cgroup", target->cgroup, 8},	     {"scope_cgroup_level", target->cgroup_level, 4},
		{"rate_max", RATE_MAX, 4},
	};
	struct btf *btf = bpf_object__btf(loader->object);
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, ".rodata");
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = btf__type_by_id(btf, id > 0 ? (uint32_t)id : 0);
	size_t size = 0, set = 0;
	const void *initial = map ? bpf_map__initial_value(map, &size) : NULL;
	char *data = initial ? malloc(size) : NULL;

	if (data)
		memcpy(data, initial, size);
	for (size_t i = 0; data && id > 0 && i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *info = btf_var_secinfos(section) + i;
		const char *name = btf__name_by_offset(btf, btf__type_by_id(btf, info->type)->name_off);

		for (size_t j = 0; j < ARRAY_SIZE(rows); j++)
			if (strcmp(name, rows[j].name) == 0 && info->offset + rows[j].size <= size) {
				memcpy(data + info->offset, &rows[j].value, rows[j].size);
				set++;
			}
	}
	if (data && bpf_map__set_initial_value(map, data, size))
		set = 0;
	free(data);
	return set == ARRAY_SIZE(rows) ? 0 : fail(loader, EINVAL, "", "the programs do not fit their loader");
}

static int map_fd(struct loader *loader, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, name);

	return map ? bpf_map__fd(map) : -ENOENT;
}

static int fill_calls(struct loader *loader)
{
	struct observe_call calls[OBSERVE_CALLS_ALL];

	observe_fill_calls(calls);
	for (uint32_t i = 0; i < OBSERVE_CALLS_ALL; i++)
		if (calls[i].errors || calls[i].arguments)
			if (bpf_map_update_elem(map_fd(loader, "calls"), &i, &calls[i], BPF_ANY))
				return fail(loader, errno, "bpf", "cannot tell the programs what to look at");
	return 0;
}

/* Mark processes; one that has ended in between is nobody's loss. */
static int mark_processes(struct loader *loader, const struct observe_target *target)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, "marks");
	char *mark = calloc(1, map ? bpf_map__value_size(map) : 1);

	if (!mark || !map) {
		free(mark);
		return fail(loader, ENOMEM, "", "out of memory");
	}
	memcpy(mark, &(uint32_t){1}, sizeof(uint32_t));
	for (size_t i = 0; i < target->pids_count; i++) {
		int pidfd cleanup_fd = process_pidfd_open(target->pids[i]);

		if (pidfd < 0 || bpf_map_update_elem(bpf_map__fd(map), &pidfd, mark, BPF_ANY) == 0)
			continue;
		if (errno == ESRCH || errno == ENOENT)
			continue;
		free(mark);
		return fail(loader, errno, "bpf", "cannot mark the processes that are to be watched");
	}
	free(mark);
	return 0;
}

/* ---- life ---- */

static int open_object(struct loader *loader)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "bulkhead");

	libbpf_set_print(silent);
	/* Before Linux 5.11 maps counted against it. */
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
	loader->btf = btf__load_vmlinux_btf();
	if (!loader->btf)
		return fail(loader, errno, "open", "the kernel does not describe its types (/sys/kernel/btf/vmlinux)");
	loader->object = bpf_object__open_mem(observe_programs, observe_programs_size, &options);
	return loader->object ? 0 : fail(loader, errno, "", "the programs cannot be read");
}

static int attach(struct loader *loader)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, loader->object) {
		if (!bpf_program__autoload(program))
			continue;
		/* The link is the kernel's reference; it is kept until this process ends. */
		if (!bpf_program__attach(program))
			return fail(loader, errno, "bpf", bpf_program__section_name(program));
	}
	return 0;
}

static int set_up(struct loader *loader, const struct observe_target *target)
{
	int result;

	if (open_object(loader))
		return ERR;
	choose_programs(loader, target->tier_max);
	if (set_constants(loader, target))
		return ERR;
	result = bpf_object__load(loader->object);
	if (result)
		return fail(loader, result, "bpf", "cannot load the programs");
	return fill_calls(loader) || mark_processes(loader, target) || attach(loader) ? ERR : 0;
}

static int on_record(void *context, void *data, size_t size)
{
	struct loader *loader = context;
	size_t whole = observe_record_size(data, size);

	if (!whole)
		return 0;
	return send_record(loader, data, whole) ? -EPIPE : 0;
}

/* The counters, which the programs keep in a section that can be mapped. */
static uint64_t counter(struct loader *loader, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, ".bss");
	struct btf *btf = bpf_object__btf(loader->object);
	int id = btf__find_by_name_kind(btf, ".bss", BTF_KIND_DATASEC);
	const struct btf_type *section = btf__type_by_id(btf, id > 0 ? (uint32_t)id : 0);
	size_t size = map ? bpf_map__value_size(map) : 0;
	const char *data = map ? mmap(NULL, size, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0) : MAP_FAILED;
	uint64_t value = 0;

	for (size_t i = 0; data != MAP_FAILED && id > 0 && i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *info = btf_var_secinfos(section) + i;

		if (strcmp(btf__name_by_offset(btf, btf__type_by_id(btf, info->type)->name_off), name) == 0 &&
		    info->offset + sizeof(value) <= size)
			memcpy(&value, data + info->offset, sizeof(value));
	}
	if (data != MAP_FAILED)
		munmap((void *)data, size);
	return value;
}

static int serve(struct loader *loader)
{
	struct ring_buffer *ring = ring_buffer__new(map_fd(loader, "events"), on_record, loader, NULL);
	struct observe_end end = {.kind = OBSERVE_END};
	struct pollfd fds[2] = {{.fd = loader->fd, .events = POLLIN}};

	if (!ring)
		return fail(loader, errno, "mmap", "cannot map the ring buffer");
	fds[1] = (struct pollfd){.fd = ring_buffer__epoll_fd(ring), .events = POLLIN};
	observe_hurry(true);
	creds_set_capabilities(&(struct creds_capabilities){0});
	if (send_record(loader, &loader->ready, sizeof(loader->ready)))
		return ERR;
	/* The other end says nothing: that it can be read from means that it is shut. */
	while (!loader->closed && poll(fds, ARRAY_SIZE(fds), POLL_MS) >= 0 && !fds[0].revents)
		ring_buffer__consume(ring);
	if (loader->closed)
		return 0;
	ring_buffer__consume(ring);
	end.seen = counter(loader, "count_seen");
	end.lost = counter(loader, "count_lost");
	end.limited = counter(loader, "count_limited");
	end.repeated = counter(loader, "count_repeated");
	return send_record(loader, &end, sizeof(end));
}

int observe_serve(const struct observe_target *target, int fd)
{
	struct loader loader = {.ready.kind = OBSERVE_READY, .fd = fd};

	return set_up(&loader, target) || serve(&loader) ? EXIT_FAILURE : EXIT_SUCCESS;
}
