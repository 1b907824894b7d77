/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: the command line of `run` and `plan` as a sandbox. Parses words; what they mean is people/sandbox's business.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/bulkhead/people.h"
#include "core/profile/profile.h"

#define PIDS_MAX 4194304 /* of the kernel */

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory while reading the command line");
}

int sandbox_request_begin(struct sandbox_request *request, struct arena *arena, int argc, struct err *err)
{
	struct sandbox_options *options = &request->options;
	struct opt_list *const lists[] = {&options->env,      &options->env_files, &options->volumes, &options->mounts,
					  &options->tmpfs,    &options->cap_add,   &options->cap_drop, &options->security,
					  &options->devices, &options->ulimits,   &options->labels};

	*request = (struct sandbox_request){.options = {.init = true, .log_files = LOG_FILES_DEFAULT}};
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

/* The index of word in choices; the error lists them. */
static int read_choice(const char *option, const char *word, const char *const *choices, int *ret, struct err *err)
{
	for (int i = 0; choices[i]; i++)
		if (strcmp(word, choices[i]) == 0) {
			*ret = i;
			return 0;
		}
	err_set(err, ERR_USAGE, "--%s cannot be \"%s\"", option, word);
	return err_fix(err, "--%s=%s, or --%s=%s", option, choices[0], option, choices[1]);
}

static int read_size(const char *option, const char *text, uint64_t *ret, struct err *err)
{
	if (!text)
		return 0;
	if (sandbox_parse_size(text, ret, err))
		return err_prefix(err, "%s", option);
	if (*ret)
		return 0;
	err_set(err, ERR_USAGE, "%s 0 leaves nothing", option);
	return err_fix(err, "leave %s out for its default, or write a size: 512m, 2g", option);
}

static int read_limits(struct sandbox_request *request, struct err *err)
{
	const struct sandbox_options *options = &request->options;
	struct sandbox *sandbox = &request->sandbox;

	if (read_size("--memory", options->memory, &sandbox->memory, err) ||
	    read_size("--shm-size", options->shm_size, &sandbox->shm_size, err))
		return ERR;
	if (options->cpus) {
		char *end;

		sandbox->cpus = strtod(options->cpus, &end);
		if (options->cpus[strspn(options->cpus, "0123456789.")] || *end ||
		    end == options->cpus || !(sandbox->cpus >= 0.01 && sandbox->cpus <= 10000)) {
			err_set(err, ERR_USAGE, "--cpus \"%s\" is not a number of processors", options->cpus);
			return err_fix(err, "write 0.5, 2, …");
		}
	}
	if (options->pids && cli_number("--pids-limit", options->pids, PIDS_MAX, &sandbox->pids, err))
		return ERR;
	if (options->pids && !sandbox->pids) {
		err_set(err, ERR_USAGE, "--pids-limit 0 leaves nothing");
		return err_fix(err, "leave it out for %d, or write a number up to %d", SANDBOX_PIDS, PIDS_MAX);
	}
	sandbox->limits_asked = options->memory || options->cpus || options->pids;
	return 0;
}

static int read_choices(struct sandbox_request *request, struct err *err)
{
	static const char *const nets[] = {"none", "host", NULL}, *const cwds[] = {"ro", "rw", NULL},
				 *const ids[] = {"new", "none", NULL}, *const kinds[] = {"layer", "keep", NULL};
	const struct sandbox_options *options = &request->options;
	struct sandbox *sandbox = &request->sandbox;
	int choice;

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
	if (options->writable) {
		if (read_choice("writable", *options->writable ? options->writable : kinds[0], kinds, &choice, err))
			return ERR;
		sandbox->writable = choice == 0 ? SANDBOX_WRITABLE_LAYER : SANDBOX_WRITABLE_KEEP;
	}
	if (options->userns) {
		if (read_choice("userns", options->userns, ids, &choice, err))
			return ERR;
		sandbox->host_ids = choice == 1;
	}
	return 0;
}

/* --entrypoint takes the place of the first word. */
static int read_command(struct sandbox_request *request, struct arena *arena, char **operands, struct err *err)
{
	const char *entrypoint = request->options.entrypoint, **command;
	size_t count = 0;

	if (!entrypoint || !*entrypoint) {
		request->sandbox.command = (const char *const *)operands + 1;
		return 0;
	}
	while (operands[1 + count])
		count++;
	command = arena_calloc(arena, count + 2, sizeof(*command));
	if (!command)
		return out_of_memory(err);
	command[0] = entrypoint;
	memcpy(command + 1, operands + 1, count * sizeof(*command));
	request->sandbox.command = command;
	return 0;
}

static int check_hostname(const char *name, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

	if (!name || (*name && strlen(name) <= SANDBOX_HOSTNAME_MAX && !name[strspn(name, letters)]))
		return 0;
	err_set(err, ERR_USAGE, "--hostname \"%s\" cannot be a host's name", name);
	return err_fix(err, "letters, digits, \"-\", \"_\" and \".\", at most %d; without it: the container's name",
		       SANDBOX_HOSTNAME_MAX);
}

static int read_names(struct sandbox_request *request, struct arena *arena, char **operands, struct err *err)
{
	const struct sandbox_options *options = &request->options;
	struct sandbox *sandbox = &request->sandbox;

	/* Two runs of one process cannot be alive at once, so the pid is a name that is free. */
	sandbox->id = options->name ? options->name : arena_printf(arena, "run-%d", getpid());
	if (!sandbox->id)
		return out_of_memory(err);
	if (*sandbox->id == '-') {
		err_set(err, ERR_USAGE, "--name %s begins with \"-\"", sandbox->id);
		return err_fix(err, "begin it with a letter or a digit: other commands would take it for an option");
	}
	if (state_check_id(sandbox->id, err) || sandbox_parse_source(arena, operands[0], sandbox, err))
		return ERR;
	if (sandbox->writable == SANDBOX_WRITABLE_KEEP && sandbox->kind != SANDBOX_DIRECTORY) {
		err_set(err, ERR_USAGE, "--writable=keep and the source %s exclude each other", operands[0]);
		err_why(err, "its root is made in memory: there is no directory that could keep it");
		return err_fix(err, "--writable alone, or show a directory to be written to: --volume FROM:TO");
	}
	if (check_hostname(options->hostname, err))
		return ERR;
	sandbox->hostname = options->hostname;
	sandbox->workdir = options->workdir;
	sandbox->terminal = options->terminal;
	if (options->user && sandbox_parse_user(arena, options->user, sandbox, err))
		return ERR;
	if (options->workdir && options->workdir[0] != '/') {
		err_set(err, ERR_USAGE, "--workdir %s is not absolute", options->workdir);
		return err_fix(err, "it is a path inside the container: --workdir /%s", options->workdir);
	}
	return read_command(request, arena, operands, err);
}

static int read_profile(struct sandbox_request *request, struct arena *arena, struct err *err)
{
	struct engine_profile *profile = &request->create.profile;

	profile->name = request->options.profile;
	if (!profile->name)
		return 0;
	return engine_read_file(arena, profile->name, profile->name, PROFILE_SIZE_MAX, &profile->text, &profile->size, err);
}

int sandbox_request_make(struct sandbox_request *request, struct arena *arena, char **operands, struct err *err)
{
	struct engine_create *create = &request->create;

	if (sandbox_options_check(&request->options, err) || read_choices(request, err) ||
	    read_names(request, arena, operands, err) || request_read_env(request, arena, err) ||
	    request_read_files(request, arena, err) || request_read_capabilities(request, err) ||
	    request_read_security(request, arena, err) || request_read_ulimits(request, arena, err) ||
	    read_limits(request, err))
		return ERR;
	if (sandbox_configure(arena, &request->sandbox, &request->result, err) ||
	    oci_config_read(arena, "sandbox", request->result.config.data, request->result.config.length,
			    &request->config, err))
		return ERR;
	*create = (struct engine_create){
		.id = request->sandbox.id,
		.limits_optional = !request->sandbox.limits_asked,
		.init = request->options.init,
		.empty_root = request->result.empty_root,
		.root_links = request->result.root_links,
		.root_directories = request->result.root_directories,
		.root_archive = request->sandbox.archive,
		.filter = request->result.filter,
		.config = request->config,
		.config_text = request->result.config.data,
		.config_size = request->result.config.length,
	};
	return read_profile(request, arena, err);
}

static void foretell_rule(const struct op *op, struct explain_ruleset *ruleset, struct explain_rule *rule)
{
	if (op->kind == OP_LANDLOCK_BEGIN) {
		ruleset->files = op->landlock_begin.handled_fs;
		ruleset->ports = op->landlock_begin.handled_net;
	} else if (op->kind == OP_LANDLOCK_PATH) {
		*rule = (struct explain_rule){.path = op->landlock_path.path.text, .made_in = op->landlock_path.made_in.text,
					      .access = op->landlock_path.access, .below = op->landlock_path.below};
		ruleset->count++;
	} else if (op->kind == OP_LANDLOCK_PORT) {
		*rule = (struct explain_rule){.port = op->landlock_port.port, .access = op->landlock_port.access};
		ruleset->count++;
	}
}

int sandbox_request_foretell(const struct sandbox_request *request, const struct engine *engine, struct arena *arena,
			     struct request_walls *ret, struct err *err)
{
	struct engine silent = *engine;
	struct explain_rule *rules;
	const struct plan *plan;

	silent.warn = NULL;
	if (engine_plan(&silent, &request->create, arena, &plan, err))
		return ERR;
	rules = arena_calloc(arena, plan->ops_count + 1, sizeof(*rules));
	if (!rules)
		return err_set(err, ERR_INTERNAL, "out of memory while planning");
	*ret = (struct request_walls){.ruleset.rules = rules};
	for (size_t i = 0; i < plan->ops_count; i++) {
		if (plan->ops[i].kind == OP_SECCOMP)
			ret->filter = plan->ops[i].seccomp.program;
		if (plan->ops[i].kind == OP_CAPABILITIES)
			ret->capabilities = plan->ops[i].capabilities.permitted | plan->ops[i].capabilities.effective;
		foretell_rule(&plan->ops[i], &ret->ruleset, &rules[ret->ruleset.count]);
	}
	return 0;
}
