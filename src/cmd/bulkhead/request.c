/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: the command line of `run` and `plan` as a sandbox. Parses words; what they mean is people/sandbox's business.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/bulkhead/people.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory while reading the command line");
}

int sandbox_request_begin(struct sandbox_request *request, struct arena *arena, int argc, struct err *err)
{
	struct opt_list *const lists[] = {&request->options.env, &request->options.volumes, &request->options.tmpfs,
					  &request->options.cap_add};

	*request = (struct sandbox_request){0};
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		lists[i]->items = arena_calloc(arena, (size_t)argc, sizeof(*lists[i]->items));
		lists[i]->capacity = (size_t)argc;
		if (!lists[i]->items)
			return out_of_memory(err);
	}
	return 0;
}

void sandbox_request_done(struct sandbox_request *request)
{
	buf_done(&request->result.config);
}

static int read_env(struct sandbox_request *request, struct arena *arena, struct err *err)
{
	const struct opt_list *list = &request->options.env;
	const char **env = arena_calloc(arena, list->count + 1, sizeof(*env));
	size_t count = 0;

	if (!env)
		return out_of_memory(err);
	for (size_t i = 0; i < list->count; i++) {
		const char *entry = list->items[i];

		if (!*entry || *entry == '=') {
			err_set(err, ERR_USAGE, "--env \"%s\" names no variable", entry);
			return err_fix(err, "--env NAME=VALUE, or --env NAME to take your own value");
		}
		if (!strchr(entry, '=')) {
			const char *value = getenv(entry);

			if (!value)
				continue;
			entry = arena_printf(arena, "%s=%s", entry, value);
			if (!entry)
				return out_of_memory(err);
		}
		env[count++] = entry;
	}
	request->sandbox.env = env;
	request->sandbox.env_count = count;
	return 0;
}

static int read_volumes(struct sandbox_request *request, struct arena *arena, struct err *err)
{
	const struct opt_list *list = &request->options.volumes;
	struct sandbox_bind *binds = arena_calloc(arena, list->count + 1, sizeof(*binds));

	if (!binds)
		return out_of_memory(err);
	for (size_t i = 0; i < list->count; i++)
		if (sandbox_parse_bind(arena, list->items[i], &binds[i], err))
			return ERR;
	request->sandbox.binds = binds;
	request->sandbox.binds_count = list->count;
	return 0;
}

static int absolute_only(const char *option, const char *path, struct err *err)
{
	if (path[0] == '/')
		return 0;
	err_set(err, ERR_USAGE, "--%s %s is not absolute", option, path);
	return err_fix(err, "it is a path inside the container: --%s /%s", option, path);
}

static int read_tmpfs(struct sandbox_request *request, struct err *err)
{
	const struct opt_list *list = &request->options.tmpfs;

	for (size_t i = 0; i < list->count; i++)
		if (absolute_only("tmpfs", list->items[i], err))
			return ERR;
	request->sandbox.tmpfs = list->items;
	request->sandbox.tmpfs_count = list->count;
	return 0;
}

static int read_capabilities(struct sandbox_request *request, struct err *err)
{
	const struct opt_list *list = &request->options.cap_add;

	for (size_t i = 0; i < list->count; i++) {
		int number = oci_capability_number(list->items[i]);

		if (number < 0) {
			err_set(err, ERR_USAGE, "--cap-add %s: no such capability", list->items[i]);
			return err_fix(err, "capabilities(7) lists them: NET_BIND_SERVICE, SYS_PTRACE …");
		}
		if (number == oci_capability_number("CAP_SYS_ADMIN") || number == oci_capability_number("CAP_NET_ADMIN"))
			cli_warn("--cap-add SYS_ADMIN and NET_ADMIN open much of the kernel to the program, even in a "
				 "user namespace");
		request->sandbox.capabilities |= 1ull << number;
	}
	return 0;
}

/* "UID" or "UID:GID", as numbers: a name would have to be looked up in files that the container could have written. */
static int read_user(struct sandbox_request *request, struct arena *arena, struct err *err)
{
	const char *text = request->options.user, *colon;
	uint64_t uid, gid = 0;
	const char *first;

	if (!text)
		return 0;
	colon = strchr(text, ':');
	first = colon ? arena_strndup(arena, text, (size_t)(colon - text)) : text;
	if (!first)
		return out_of_memory(err);
	if (cli_number("--user", first, UINT32_MAX - 1, &uid, err) ||
	    (colon && cli_number("--user", colon + 1, UINT32_MAX - 1, &gid, err)))
		return ERR;
	request->sandbox.user_set = true;
	request->sandbox.uid.value = (uint32_t)uid;
	request->sandbox.gid.value = (uint32_t)(colon ? gid : uid);
	return 0;
}

/* The index of word in choices; the error lists them. */
static int read_choice(const char *option, const char *word, const char *const *choices, int *ret, struct err *err)
{
	for (int i = 0; choices[i]; i++)
		if (strcmp(word, choices[i]) == 0) {
			*ret = i;
			return 0;
		}
	err_set(err, ERR_USAGE, "--%s cannot be \"%s\"", option, word);
	return err_fix(err, "--%s %s, or --%s %s", option, choices[0], option, choices[1]);
}

static int read_limits(struct sandbox_request *request, struct err *err)
{
	static const char *const nets[] = {"none", "host", NULL};
	static const char *const cwds[] = {"ro", "rw", NULL};
	const struct sandbox_options *options = &request->options;
	struct sandbox *sandbox = &request->sandbox;
	int choice;

	if (options->memory) {
		if (sandbox_parse_size(options->memory, &sandbox->memory, err))
			return err_prefix(err, "--memory");
		sandbox->limits_asked = true;
	}
	if (options->cpus) {
		char *end;

		sandbox->cpus = strtod(options->cpus, &end);
		if (*end || end == options->cpus || !(sandbox->cpus >= 0.01 && sandbox->cpus <= 10000)) {
			err_set(err, ERR_USAGE, "--cpus %s is not a number of processors", options->cpus);
			return err_fix(err, "write 0.5, 2, …");
		}
		sandbox->limits_asked = true;
	}
	sandbox->pids = options->pids_limit;
	sandbox->limits_asked |= options->pids_limit != 0;
	if (options->net) {
		if (read_choice("net", options->net, nets, &choice, err))
			return ERR;
		sandbox->net = choice == 0 ? SANDBOX_NET_NONE : SANDBOX_NET_HOST;
	}
	if (options->cwd) {
		if (read_choice("cwd", *options->cwd ? options->cwd : cwds[0], cwds, &choice, err))
			return ERR;
		sandbox->cwd = choice == 0 ? SANDBOX_CWD_READ_ONLY : SANDBOX_CWD_WRITABLE;
	}
	return 0;
}

static int read_names(struct sandbox_request *request, struct arena *arena, char **operands, struct err *err)
{
	const struct sandbox_options *options = &request->options;
	struct sandbox *sandbox = &request->sandbox;

	/* Two runs of one process cannot be alive at once, so the pid is a name that is free. */
	sandbox->id = options->name ? options->name : arena_printf(arena, "run-%d", getpid());
	if (!sandbox->id)
		return out_of_memory(err);
	if (state_check_id(sandbox->id, err) || sandbox_parse_source(arena, operands[0], sandbox, err))
		return ERR;
	sandbox->command = (const char *const *)operands + 1;
	sandbox->hostname = options->hostname;
	sandbox->workdir = options->workdir;
	sandbox->writable = options->writable;
	return options->workdir ? absolute_only("workdir", options->workdir, err) : 0;
}

int sandbox_request_make(struct sandbox_request *request, struct arena *arena, char **operands, struct err *err)
{
	struct engine_create *create = &request->create;

	if (read_names(request, arena, operands, err) || read_env(request, arena, err) ||
	    read_volumes(request, arena, err) || read_tmpfs(request, err) || read_capabilities(request, err) ||
	    read_user(request, arena, err) || read_limits(request, err))
		return ERR;
	if (sandbox_configure(arena, &request->sandbox, &request->result, err) ||
	    oci_config_read(arena, "sandbox", request->result.config.data, request->result.config.length,
			    &request->config, err))
		return ERR;
	*create = (struct engine_create){
		.id = request->sandbox.id,
		.limits_optional = !request->sandbox.limits_asked,
		.empty_root = request->result.empty_root,
		.root_links = request->result.root_links,
		.root_directories = request->result.root_directories,
		.config = request->config,
		.config_text = request->result.config.data,
		.config_size = request->result.config.length,
	};
	return 0;
}
