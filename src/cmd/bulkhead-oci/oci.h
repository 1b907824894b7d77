/* SPDX-License-Identifier: Apache-2.0 */
/* oci: what the verbs of bulkhead-oci share. */
#ifndef BULKHEAD_CMD_BULKHEAD_OCI_OCI_H
#define BULKHEAD_CMD_BULKHEAD_OCI_OCI_H

#include "base/opt.h"
#include "cmd/cli.h"
#include "core/engine/engine.h"

/* The program's own options. */
struct oci_globals {
	const char *root, *log, *log_format, *cgroup_manager, *profiles;
	bool debug, systemd_cgroup, version;
};

/* The context of every verb. */
struct oci {
	struct cli cli;
	struct engine engine;
	char *const *argv; /* of the program, untouched: it is executed again with it */
};

#define OCI_ANY_NUMBER 4096
/* Returned by oci_parse when the verb is to go on. */
#define OCI_GO_ON (-1)

/* Where a terminal's output goes; elsewhere: the process is detached, or its terminal is another's. */
struct plan_relay oci_relay(bool elsewhere);

/*
 * Parse a verb's command line. Returns OCI_GO_ON, or the exit status (help was printed, or the error).
 * *ret_operands: their number, which lies between least and most; they stand in argv[0 …].
 */
int oci_parse(struct oci *oci, const struct opt_verb *verb, int argc, char **argv, void *target, int least, int most,
	      int *ret_operands);

/* The name that the program was called by. */
const char *oci_called(const struct oci *oci);
/* Print the error; returns CLI_ERROR. */
int oci_fail(struct oci *oci, const struct err *err);
/* The exit status of a verb without output: 0 when result is 0, else the error is printed. */
int oci_result(struct oci *oci, int result, const struct err *err);
/* The sealed copy of this program. OCI_GO_ON, or the exit status. */
int oci_protect(struct oci *oci);

extern const struct opt_verb verb_checkpoint, verb_restore;
extern const struct opt_verb verb_create, verb_delete, verb_events, verb_exec, verb_features, verb_kill, verb_list,
	verb_pause, verb_ps, verb_resume, verb_run, verb_spec, verb_start, verb_state, verb_update;

#endif
