// SPDX-License-Identifier: Apache-2.0
/*
 * observe/probes: the functions of bpf/hooks.inc by kprobes, where the kernel takes no program at their end: an older way, which
 * costs more a call and is there on kernels and machines that lack the other. Runs in the helper program alone. A function
 * that the kernel lacks, or has inlined, is left out.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

#include "base/types.h"
#include "insight/observe/loader.h"

/* By the rows that the programs know. */
static const char *const functions[] = {
#define HOOK(function, when, layer, name) #function,
#include "insight/bpf/hooks.inc"
#undef HOOK
};

bool probes_exist(void)
{
	return access("/sys/bus/event_source/devices/kprobe/type", F_OK) == 0;
}

/* The links are the kernel's references; they are kept until this process ends, or let go here. */
int probes_attach(struct loader *loader)
{
	struct bpf_program *before = bpf_object__find_program_by_name(loader->object, "before_capable");
	struct bpf_program *after = bpf_object__find_program_by_name(loader->object, "after_function");
	struct bpf_link *checks = bpf_program__attach_kprobe(before, false, "cap_capable");
	int result = checks ? 0 : -errno;

	for (size_t i = 0; checks && i < ARRAY_SIZE(functions); i++) {
		LIBBPF_OPTS(bpf_kprobe_opts, options, .bpf_cookie = i, .retprobe = true);

		if (bpf_program__attach_kprobe_opts(after, functions[i], &options))
			loader->ready.hooks++;
		else
			result = -errno;
	}
	if (loader->ready.hooks)
		return 0;
	bpf_link__destroy(checks);
	return result;
}
