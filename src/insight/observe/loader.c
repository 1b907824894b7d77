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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "insight/observe/learn_programs.h"
#include "insight/observe/loader.h"
#include "insight/observe/observe_programs.h"
#include "kernel/creds.h"
#include "kernel/process.h"

#define POLL_LEARN_MS 20 /* what is learned waits for the next look: see lessons.bpf.h */
#define POLL_LEARN_MOST_MS 100 /* the same, when nothing new comes */
#define PRIORITY -15
#define COUNTS_ROUNDS 10

static int flush(struct loader *loader)
{
	ssize_t sent;

	if (!loader->batch_size)
		return 0;
	do {
		sent = send(loader->fd, loader->batch, loader->batch_size, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	loader->batch_size = 0;
	if (sent < 0)
		loader->closed = true;
	return sent < 0 ? ERR : 0;
}

/* To be sent with others: a message each would cost more than the records. */
static int put_record(struct loader *loader, const void *record, size_t size)
{
	size_t room = (size + 7) & ~(size_t)7;

	if (loader->batch_size + room > sizeof(loader->batch) && flush(loader))
		return ERR;
	memcpy(loader->batch + loader->batch_size, record, size);
	memset(loader->batch + loader->batch_size + size, 0, room - size);
	loader->batch_size += room;
	return 0;
}

static int send_record(struct loader *loader, const void *record, size_t size)
{
	return put_record(loader, record, size) || flush(loader) ? ERR : 0;
}

int loader_fail(struct loader *loader, int error, const char *call, const char *what)
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

/* Those that probes_attach attaches. */
static bool is_probe(const char *section)
{
	return strncmp(section, "kprobe", strlen("kprobe")) == 0 || strncmp(section, "kretprobe", strlen("kretprobe")) == 0;
}

/* Why the tier is not higher: one reason after the other. */
static void add_reason(struct loader *loader, const char *why, int error)
{
	size_t used = strlen(loader->ready.reason);

	snprintf(loader->ready.reason + used, sizeof(loader->ready.reason) - used, "%s%s%s%s", used ? "; " : "", why,
		 error ? ": " : "", error ? strerror(-error) : "");
}

static enum observe_tier choose_tier(struct loader *loader, enum observe_tier tier_max)
{
	int trial = tier_max < OBSERVE_TIER_HOOKS ? -ECANCELED : try_hook(loader, "cap_capable");

	if (trial == 0)
		return OBSERVE_TIER_HOOKS;
	if (trial != -ECANCELED)
		add_reason(loader, "this kernel refuses programs at the end of its functions", trial);
	if (loader->target->learn || tier_max < OBSERVE_TIER_PROBES)
		return OBSERVE_TIER_TRACEPOINTS;
	if (probes_exist())
		return OBSERVE_TIER_PROBES;
	add_reason(loader, "this kernel has no kprobes", 0);
	return OBSERVE_TIER_TRACEPOINTS;
}

static void choose_programs(struct loader *loader, enum observe_tier tier_max)
{
	struct bpf_program *program;
	bool tracepoint = has_tracepoint(loader, "cap_capable"), hooks, probes;

	loader->ready.tier = choose_tier(loader, tier_max);
	hooks = loader->ready.tier == OBSERVE_TIER_HOOKS;
	probes = loader->ready.tier == OBSERVE_TIER_PROBES;
	loader->ready.hooks = 0;
	loader->ready.capability_checks = hooks || probes || tracepoint;
	loader->files_by_descriptor = true;
	bpf_object__for_each_program(program, loader->object) {
		const char *section = bpf_program__section_name(program);

		section += section[0] == '?';
		if (strcmp(section, "tp_btf/cap_capable") == 0)
			bpf_program__set_autoload(program, !hooks && !probes && tracepoint);
		else if (strncmp(section, "fexit/", 6) == 0)
			bpf_program__set_autoload(program, hooks && try_hook(loader, section + 6) == 0);
		else if (is_probe(section))
			bpf_program__set_autoload(program, probes);
		if (strncmp(section, "fexit/", 6) == 0 && bpf_program__autoload(program))
			loader->ready.hooks++;
		if (strcmp(section, "fexit/security_file_open") == 0 && bpf_program__autoload(program))
			loader->files_by_descriptor = false;
	}
}

/* ---- life ---- */

static int open_object(struct loader *loader)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "bulkhead");

	libbpf_set_print(silent);
	/* Before Linux 5.11 maps counted against it. */
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
	if (!loader->btf)
		loader->btf = btf__load_vmlinux_btf();
	if (!loader->btf)
		return loader_fail(loader, errno, "open", "the kernel does not describe its types (/sys/kernel/btf/vmlinux)");
	loader->object = loader->target->learn
				 ? bpf_object__open_mem(learn_programs, learn_programs_size, &options)
				 : bpf_object__open_mem(observe_programs, observe_programs_size, &options);
	return loader->object ? 0 : loader_fail(loader, errno, "", "the programs cannot be read");
}

static int attach(struct loader *loader)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, loader->object) {
		if (!bpf_program__autoload(program) || is_probe(bpf_program__section_name(program)))
			continue;
		/* The link is the kernel's reference; it is kept until this process ends. */
		if (!bpf_program__attach(program))
			return loader_fail(loader, errno, "bpf", bpf_program__section_name(program));
	}
	return 0;
}

/* *ret_result: the kernel's answer, 0 or -errno. ERR: told already. */
static int load(struct loader *loader, enum observe_tier tier_max, int *ret_result)
{
	if (open_object(loader))
		return ERR;
	choose_programs(loader, tier_max);
	if (settings_constants(loader))
		return ERR;
	*ret_result = bpf_object__load(loader->object);
	if (*ret_result == 0 && loader->ready.tier == OBSERVE_TIER_PROBES)
		*ret_result = probes_attach(loader);
	return 0;
}

static int set_up(struct loader *loader)
{
	enum observe_tier tier_max = loader->target->tier_max;
	int result;

	if (load(loader, tier_max, &result))
		return ERR;
	/* A kernel may take an empty program at the end of its functions, and not these; or not these probes. */
	while (result < 0 && loader->ready.tier > OBSERVE_TIER_TRACEPOINTS) {
		add_reason(loader, loader->ready.tier == OBSERVE_TIER_HOOKS
					   ? "this kernel does not take the programs for the end of its functions"
					   : "this kernel does not take the probes", result);
		tier_max = loader->ready.tier - 1;
		bpf_object__close(loader->object);
		if (load(loader, tier_max, &result))
			return ERR;
	}
	if (result < 0)
		return loader_fail(loader, result, "bpf", "cannot load the programs");
	if (loader->ready.tier == loader->target->tier_max && loader->ready.tier < OBSERVE_TIER_HOOKS)
		add_reason(loader, "it was asked for", 0);
	return settings_calls(loader) || settings_marks(loader) || attach(loader) ? ERR : 0;
}

static int on_record(void *context, void *data, size_t size)
{
	struct loader *loader = context;
	size_t whole = observe_record_size(data, size);

	if (!whole)
		return 0;
	return put_record(loader, data, whole) ? -EPIPE : 0;
}

/* What the programs have reported so far; was there anything? */
static bool consume(struct loader *loader, struct ring_buffer *ring)
{
	bool some = ring_buffer__consume(ring) > 0;

	flush(loader);
	return some;
}

static int send_end(struct loader *loader)
{
	struct observe_end end = {
		.kind = OBSERVE_END,
		.seen = settings_counter(loader, "count_seen"),
		.lost = settings_counter(loader, "count_lost") + settings_missed(loader),
		.limited = settings_counter(loader, "count_limited"),
		.repeated = settings_counter(loader, "count_repeated"),
	};

	if (loader->target->learn)
		end.seen = settings_calls_made(loader);
	return send_record(loader, &end, sizeof(end));
}

/* For whoever looks on, when there is something new. */
static void send_counts(struct loader *loader)
{
	struct observe_counts counts = {
		.kind = OBSERVE_COUNTS,
		.calls = settings_calls_made(loader),
		.lost = settings_counter(loader, "count_lost"),
		.processes = settings_counter(loader, "count_processes"),
	};
	bool same = counts.calls == loader->counts.calls && counts.processes == loader->counts.processes;

	if (same && counts.lost == loader->counts.lost)
		return;
	loader->counts = counts;
	send_record(loader, &counts, sizeof(counts));
}

/* The descriptors that one process had at most, as a record like those of the programs. */
static void send_descriptors(struct loader *loader)
{
	struct observe_sight sight = {
		.kind = OBSERVE_SIGHT,
		.set = OBSERVE_SIGHT_LIMIT,
		.number = -1,
		.flags = OBSERVE_SIGHT_USED,
		.value = {RLIMIT_NOFILE, settings_counter(loader, "descriptors_most")},
	};

	send_record(loader, &sight, offsetof(struct observe_sight, text));
}

/* Until the other end is shut: it says nothing, so that to be readable means just that. */
static void pass_on(struct loader *loader, struct ring_buffer *ring)
{
	struct pollfd fds[2] = {{.fd = loader->fd, .events = POLLIN},
				{.fd = ring_buffer__epoll_fd(ring), .events = POLLIN}};
	bool learn = loader->target->learn, some;
	int wait_ms = learn ? POLL_LEARN_MS : -1;

	for (unsigned int round = 0; !loader->closed; round++) {
		if (poll(fds, ARRAY_SIZE(fds), wait_ms) < 0 || fds[0].revents)
			return;
		some = consume(loader, ring);
		/* A program that does nothing new is left alone: each look takes a processor from somebody. */
		if (learn)
			wait_ms = some ? POLL_LEARN_MS : wait_ms < POLL_LEARN_MOST_MS / 2 ? wait_ms * 2 : POLL_LEARN_MOST_MS;
		if (learn && (!some || round % COUNTS_ROUNDS == 0))
			send_counts(loader);
	}
}

static int serve(struct loader *loader)
{
	struct ring_buffer *ring = ring_buffer__new(settings_map(loader, "events"), on_record, loader, NULL);

	if (!ring)
		return loader_fail(loader, errno, "mmap", "cannot map the ring buffer");
	/* What is learned can wait a little: nothing is looked at again. */
	if (loader->target->learn)
		setpriority(PRIO_PROCESS, 0, PRIORITY);
	else
		observe_hurry(true);
	creds_set_capabilities(&(struct creds_capabilities){0});
	if (send_record(loader, &loader->ready, sizeof(loader->ready)))
		return ERR;
	pass_on(loader, ring);
	if (loader->closed)
		return 0;
	consume(loader, ring);
	if (loader->target->learn) {
		send_descriptors(loader);
		send_counts(loader);
	}
	return send_end(loader);
}

int observe_serve(const struct observe_target *target, int fd)
{
	static struct loader loader;

	loader = (struct loader){.target = target, .ready.kind = OBSERVE_READY, .fd = fd};
	/* A terminal's are meant for the watched program and for whoever reads here, who says when it is over. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	return set_up(&loader) || serve(&loader) ? EXIT_FAILURE : EXIT_SUCCESS;
}
