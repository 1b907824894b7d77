/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_protocol: between the runtime and its helper program bulkhead-systemd, which speaks D-Bus. One request and one
 * answer of fixed size on a SOCK_SEQPACKET pair, which is the helper's standard input; then both are done. Both ends are
 * of one build: a message of another size or number is refused.
 */
#ifndef BULKHEAD_CORE_CGROUP_SYSTEMD_PROTOCOL_H
#define BULKHEAD_CORE_CGROUP_SYSTEMD_PROTOCOL_H

#include <stdint.h>

#define SYSTEMD_MAGIC	       0x424b5331u /* "BKS1" */
#define SYSTEMD_UNIT_SIZE      256
#define SYSTEMD_BYTES_MAX      1024 /* a mask of 8192 CPUs */
#define SYSTEMD_PROPERTIES_MAX 16
#define SYSTEMD_JOB_SECONDS    30 /* the helper's; the runtime waits a little longer */

enum systemd_verb {
	SYSTEMD_START = 1, /* a transient scope with the process; the answer has its cgroup */
	SYSTEMD_SET,	   /* other properties of a running one */
	SYSTEMD_STOP,	   /* one that is gone is no error */
};

enum systemd_property_kind {
	SYSTEMD_NUMBER = 1, /* t */
	SYSTEMD_BYTES,	    /* ay */
};

struct systemd_property {
	char name[40];
	uint32_t kind; /* enum systemd_property_kind */
	uint32_t size; /* of bytes */
	uint64_t number;
	uint8_t bytes[SYSTEMD_BYTES_MAX];
};

struct systemd_request {
	uint32_t magic;
	uint32_t verb; /* enum systemd_verb */
	int32_t pid;
	uint32_t properties_count;
	char runtime_dir[128]; /* $XDG_RUNTIME_DIR: the user's manager; "": the system's */
	char unit[SYSTEMD_UNIT_SIZE], slice[SYSTEMD_UNIT_SIZE];
	char description[300];
	struct systemd_property properties[SYSTEMD_PROPERTIES_MAX];
};

struct systemd_answer {
	uint32_t magic;
	int32_t errnum;	    /* 0: done */
	char call[40];	    /* what was asked of systemd: "StartTransientUnit" */
	char message[300];  /* what it said */
	char cgroup[2048];  /* SYSTEMD_START: the path below the hierarchy's root */
};

#endif
