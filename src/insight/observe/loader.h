/* SPDX-License-Identifier: Apache-2.0 */
/* observe/loader: what the files of the helper's side share. */
#ifndef BULKHEAD_INSIGHT_OBSERVE_LOADER_H
#define BULKHEAD_INSIGHT_OBSERVE_LOADER_H

#include "insight/observe/observe.h"

struct bpf_object;
struct btf;

struct loader {
	const struct observe_target *target;
	struct bpf_object *object;
	struct btf *btf;
	struct observe_ready ready;
	struct observe_counts counts; /* as they were sent last */
	bool files_by_descriptor; /* learning: no hook sees files being opened */
	int fd;
	bool closed; /* nobody reads any more */
	char batch[OBSERVE_BATCH_MAX]; /* records that are not sent yet */
	size_t batch_size;
};

/* Tell the caller why it cannot start; returns ERR. error: of either sign. */
int loader_fail(struct loader *loader, int error, const char *call, const char *what);

/* ---- probes.c ---- */

/* Does the kernel know kprobes at all? */
bool probes_exist(void);
/* Put the probes on that the programs are for. 0, or -errno: then none is there. */
int probes_attach(struct loader *loader);

/* ---- settings.c: what the programs are told, and what they have counted ---- */

/* Before loading: their constants. */
int settings_constants(struct loader *loader);
/* After it: what to look at in which call, and which processes. */
int settings_calls(struct loader *loader);
int settings_marks(struct loader *loader);
/* A map of theirs, or -ENOENT. */
int settings_map(struct loader *loader, const char *name);
/* A counter of theirs; 0 when there is none of this name. */
uint64_t settings_counter(struct loader *loader, const char *name);
/* Learning: how many system calls were made. */
uint64_t settings_calls_made(struct loader *loader);
/* How often the kernel did not run a program because it was running already. */
uint64_t settings_missed(struct loader *loader);

#endif
