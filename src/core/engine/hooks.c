/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks: prestart, createRuntime, poststart and poststop, which run in the runtime's namespaces (runtime-spec, config.md,
 * "POSIX-platform Hooks"). Each gets the state on standard input, its own environment and nothing of the caller's
 * (threats D13), and the bundle as its directory. What it printed last becomes the reason when it fails.
 */
#include "core/child/hook.h"
#include "core/engine/parts.h"

int hooks_state_json(struct buf *out, const struct state *state, enum state_status status,
		     const struct oci_config *config, struct err *err)
{
	struct json_writer writer = JSON_WRITER(out, 0);

	state_print_oci(state, status, &config->annotations, &writer);
	if (out->failed)
		return err_set(err, ERR_INTERNAL, "out of memory while writing the state");
	return 0;
}

static int run_one(const struct oci_config *config, enum oci_hook_kind kind, size_t index, const char *bundle,
		   const struct buf *state, struct err *err)
{
	const struct oci_hook *hook = &config->hooks[kind].items[index];
	const struct hook_call call = {
		.hooks = config->hooks,
		.kind = kind,
		.index = index,
		.directory = bundle,
		.state_json = state->data,
		.state_json_size = state->length,
	};

	if (child_run_hook(&call, err) == 0)
		return 0;
	return hook->where ? err_where(err, "%s#%s", config->name, hook->where) : ERR;
}

int hooks_run(const struct oci_config *config, enum oci_hook_kind kind, const struct state *state,
	      enum state_status status, struct err *err)
{
	const struct oci_hooks *hooks = &config->hooks[kind];
	struct buf text cleanup_buf = BUF_INIT;

	if (hooks->count == 0)
		return 0;
	if (hooks_state_json(&text, state, status, config, err))
		return ERR;
	for (size_t i = 0; i < hooks->count; i++)
		if (run_one(config, kind, i, state->bundle, &text, err))
			return ERR;
	return 0;
}

void hooks_poststop(const struct engine *engine, const struct oci_config *config, const struct state *state)
{
	const struct oci_hooks *hooks = &config->hooks[OCI_HOOK_POSTSTOP];
	struct buf text cleanup_buf = BUF_INIT;
	char line[1024];
	struct err err = ERR_INIT;

	if (hooks->count == 0 || hooks_state_json(&text, state, STATE_STOPPED, config, &err))
		return;
	for (size_t i = 0; i < hooks->count; i++) {
		if (run_one(config, OCI_HOOK_POSTSTOP, i, state->bundle, &text, &err)) {
			err_format(&err, false, line, sizeof(line));
			engine_warn(engine, "%s", line);
		}
	}
}
