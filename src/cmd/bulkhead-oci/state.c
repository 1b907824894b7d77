/* SPDX-License-Identifier: Apache-2.0 */
/* state: the state of one container as the runtime-spec has it. */
#include "cmd/bulkhead-oci/oci.h"

static const struct opt options[] = {{.type = OPT_END}};

static int state(int argc, char **argv, void *context)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf out cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&out, 2);
	struct engine_container container;
	struct oci *oci = context;
	struct err err = ERR_INIT;
	int operands, status = oci_parse(oci, &verb_state, argc, argv, NULL, 1, 1, &operands);

	if (status != OCI_GO_ON)
		return status;
	if (engine_state(&oci->engine, argv[0], &arena, &container, &err))
		return oci_fail(oci, &err);
	state_print_oci(container.state, container.status, &container.config->annotations, &writer);
	buf_puts(&out, "\n");
	return cli_print(&oci->cli, &out);
}

const struct opt_verb verb_state = {
	.name = "state",
	.synopsis = "CONTAINER",
	.summary = "Print the state of a container as JSON.",
	.options = options,
	.mixed = true,
	.run = state,
};
