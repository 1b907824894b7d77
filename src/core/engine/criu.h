/* SPDX-License-Identifier: Apache-2.0 */
/* criu: engine/'s own header: what checkpoint.c and restore.c share of criu's command line. */
#ifndef BULKHEAD_CORE_ENGINE_CRIU_H
#define BULKHEAD_CORE_ENGINE_CRIU_H

#include "core/engine/parts.h"

#define CRIU_WORDS_MAX 1024
#define CRIU_FDS_MAX   8
/* The standard streams as criu names them, in the image directory: a JSON array of three strings, as other runtimes have. */
#define CRIU_IMAGES      "checkpoint" /* --image-path without one */
#define CRIU_DESCRIPTORS "descriptors.json"
#define CRIU_STREAMS	 3
#define CRIU_NETWORK	 "extRootNetNS"

struct criu {
	struct arena *arena;
	const char *words[CRIU_WORDS_MAX + 1];
	size_t count;
	bool failed; /* a word did not fit; criu_run tells */
	const char *image_path, *work_path; /* absolute */
	const char *log_name;
	const char *rootfs; /* restore: becomes a mount of its own for criu; else NULL */
	int fds[CRIU_FDS_MAX]; /* it inherits them besides 0, 1 and 2 */
	size_t fds_count;
};

void criu_add(struct criu *criu, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Its name, the verb, directories and flags of the request. make: the image directory, for a dump. */
int criu_begin(struct criu *criu, const struct engine_criu *request, const char *verb, bool make, struct err *err);
/* The bind mounts of the config are not in the image: their destinations name them. */
void criu_add_mounts(struct criu *criu, const struct oci_config *config, const char *bundle, bool restore);
/* Run it to its end. on_child is called before it does anything; NULL for nothing. */
int criu_run(struct criu *criu, int (*on_child)(pid_t pid, void *context, struct err *err), void *context,
	     struct err *err);

#endif
