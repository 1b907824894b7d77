/* SPDX-License-Identifier: Apache-2.0 */
/*
 * precompile: the default filter of a sandbox as a C table, on standard output. Runs while the programs are built, on what
 * they are linked with: the profile is written, read, planned and compiled as it would be for a container.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/types.h"
#include "core/filter/filter.h"
#include "core/oci/config.h"
#include "core/plan/plan.h"
#include "people/sandbox/sandbox.h"

#define CONFIG_NAME "the default filter"

static int compile(struct arena *arena, struct filter_program *ret, struct err *err)
{
	struct buf text cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&text, 0);
	const struct oci_config *config;
	struct filter_policy policy;

	buf_puts(&text, "{\"ociVersion\": \"1.0.2\", \"root\": {\"path\": \"/\"}, \"linux\": {\"seccomp\": ");
	sandbox_write_seccomp(&writer, 0);
	buf_puts(&text, "}}");
	if (oci_config_read(arena, CONFIG_NAME, text.data, text.length, &config, err) ||
	    plan_filter_policy(&config->linux.seccomp, CONFIG_NAME, arena, &policy, err))
		return ERR;
	return filter_compile(&policy, arena, ret, err);
}

int main(void)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct filter_program program;
	struct err err = ERR_INIT;
	char line[1024];

	if (compile(&arena, &program, &err)) {
		err_format(&err, false, line, sizeof(line));
		fprintf(stderr, "precompile: %s\n", line);
		return 1;
	}
	printf("static const struct sock_filter instructions[] = {\n");
	for (uint32_t i = 0; i < program.count; i++)
		printf("\t{%#x, %u, %u, %#" PRIx32 "},\n", program.instructions[i].code, program.instructions[i].jt,
		       program.instructions[i].jf, program.instructions[i].k);
	printf("};\n");
	return fflush(stdout) ? 1 : 0;
}
