/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface/devices: which devices a process may open and make: the nodes in its /dev, and what the device rules of its
 * cgroups say, those of v1 (a list) and those of v2 (BPF programs, which are read out and run here). Private to surface/.
 */
#ifndef BULKHEAD_INSIGHT_SURFACE_DEVICES_H
#define BULKHEAD_INSIGHT_SURFACE_DEVICES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/plan/plan.h"
#include "insight/surface/parts.h"

enum device_answer { DEVICE_REFUSED, DEVICE_ALLOWED, DEVICE_UNKNOWN };

/* ---- device_program.c ---- */

/* context.access_type is BPF_DEVCG_ACC_… << 16 | BPF_DEVCG_DEV_…. */
enum device_answer device_program_run(const struct bpf_insn *instructions, size_t count,
				      const struct bpf_cgroup_dev_ctx *context);

/* ---- device_rules.c ---- */

#define DEVICE_ANY UINT32_MAX

struct device_rule { /* of v1, or of a config */
	bool block, character;
	bool deny; /* only of a config */
	uint32_t major, minor; /* or DEVICE_ANY */
	unsigned int access;   /* BPF_DEVCG_ACC_… */
};
struct device_program {
	const struct bpf_insn *instructions;
	size_t count;
};
struct device_rules {
	bool v1; /* there is a list; one that allows all is none */
	bool planned; /* the list is a config's: the last rule that fits decides */
	const struct device_rule *rules;
	size_t rules_count;
	const struct device_program *programs; /* all must agree */
	size_t programs_count;
	const char *because; /* v2 that cannot be read: why; NULL otherwise */
};

/* cgroups: the text of /proc/PID/cgroup; mounts: this process's own mounts. Memory from arena. */
int device_rules_read(struct arena *arena, const char *cgroups, const struct files_view *mounts,
		      struct device_rules *ret_rules, struct err *err);
/* The text of a devices.list. False: it allows all. */
bool device_rules_parse(struct arena *arena, const char *text, struct device_rules *rules);
/* May all of access (BPF_DEVCG_ACC_…) be done to this device? */
enum device_answer device_rules_ask(const struct device_rules *rules, bool block, uint32_t major, uint32_t minor,
				    unsigned int access);

/* What a config asks for, with the defaults. Memory from arena. */
int device_rules_of_config(struct arena *arena, const struct oci_resources *resources, struct device_rules *ret_rules,
			   struct err *err);

/* ---- devices.c ---- */

struct devices_view {
	int proc_fd; /* /proc/PID */
	bool may_make; /* CAP_MKNOD of the first user namespace */
};
/* The nodes and the facts of a config that is planned: its own and the default ones, and those of the host that it binds. */
int devices_plan(struct arena *arena, const struct oci_config *config, struct surface *surface, struct err *err);
/* The set of device nodes, and the facts about rules and about what can be made. */
int devices_fill(struct arena *arena, const struct devices_view *view, const char *cgroups, struct surface *surface,
		 struct err *err);

#endif
