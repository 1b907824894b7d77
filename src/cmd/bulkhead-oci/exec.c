/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: a further process in a container, from a process.json or from the command line. From the command line it is the
 * container's own process with what the options change. A failure of ours exits with 255.
 */
#include <string.h>

#include "base/types.h"
#include "cmd/bulkhead-oci/oci.h"

#define PROCESS_SIZE_MAX ((size_t)4 << 20)
#define ID_MAX 4294967294u
#define LIST_MAX 1024
#define PRESERVE_FDS_MAX 1024

struct arguments {
	const char *process, *pid_file, *console_socket, *pidfd_socket, *cwd, *user, *apparmor, *label;
	struct opt_list env, gids, capabilities, cgroups;
	bool detach, tty, no_new_privs, ignore_paused;
	uint64_t preserve_fds;
};

#define AT(member) offsetof(struct arguments, member)
static const struct opt options[] = {
	{OPT_STRING, 'p', "process", "FILE", "a process.json with the whole process", AT(process)},
	{OPT_STRING, 0, "pid-file", "FILE", "write the pid of the process there", AT(pid_file)},
	{OPT_STRING, 0, "console-socket", "SOCKET", "send its terminal there", AT(console_socket)},
	{OPT_STRING, 0, "pidfd-socket", "SOCKET", "send a pidfd of it there", AT(pidfd_socket)},
	{OPT_STRING, 0, "cwd", "DIR", "working directory inside the container", AT(cwd)},
	{OPT_LIST, 'e', "env", "NAME=VALUE", "add to the environment", AT(env)},
	{OPT_STRING, 'u', "user", "UID[:GID]", "numeric ids inside the container", AT(user)},
	{OPT_LIST, 'g', "additional-gids", "GID", "further group ids", AT(gids)},
	{OPT_FLAG, 't', "tty", NULL, "with a terminal", AT(tty)},
	{OPT_LIST, 'c', "cap", "CAP", "a capability besides; never more than the container has", AT(capabilities)},
	{OPT_FLAG, 0, "no-new-privs", NULL, "programs it executes gain no privileges", AT(no_new_privs)},
	{OPT_STRING, 0, "apparmor", "PROFILE", "must be the container's own", AT(apparmor)},
	{OPT_STRING, 0, "process-label", "LABEL", "SELinux label; must be the container's own", AT(label)},
	{OPT_FLAG, 'd', "detach", NULL, "do not wait for its end", AT(detach)},
	{OPT_U64, 0, "preserve-fds", "N", "keep N more descriptors open, from 3 on", AT(preserve_fds)},
	{OPT_FLAG, 0, "ignore-paused", NULL, "also in a paused container", AT(ignore_paused)},
	{OPT_LIST, 0, "cgroup", "[CONTROLLERS:]PATH", "a cgroup below the container's", AT(cgroups)},
	{OPT_IGNORE_FLAG, 0, "no-subreaper", NULL, NULL, 0},
	{.type = OPT_END},
};

/* Names are not looked up: the container's passwd is not to be trusted, and a number is never taken for a name. */
static int read_id(const char *what, const char *text, uint32_t *ret, struct err *err)
{
	uint64_t value;

	if (cli_number(what, text, ID_MAX, &value, err)) {
		err_why(err, "names are not looked up in the container's own files, which it can write");
		return err_fix(err, "give the number, from 0 to %u", ID_MAX);
	}
	*ret = (uint32_t)value;
	return 0;
}

static int read_user(struct arena *arena, const struct arguments *arguments, struct oci_user *user, struct err *err)
{
	struct container_id *groups;
	char uid[16];
	size_t length;

	if (arguments->user) {
		length = strcspn(arguments->user, ":");
		if (length >= sizeof(uid))
			return read_id("--user", arguments->user, &user->uid.value, err);
		memcpy(uid, arguments->user, length);
		uid[length] = '\0';
		if (read_id("--user", uid, &user->uid.value, err))
			return ERR;
		if (arguments->user[length] &&
		    read_id("the group of --user", arguments->user + length + 1, &user->gid.value, err))
			return ERR;
	}
	if (!arguments->gids.count)
		return 0;
	groups = arena_calloc(arena, user->additional_gids_count + arguments->gids.count, sizeof(*groups));
	if (!groups)
		return err_set(err, ERR_INTERNAL, "out of memory while reading the command line");
	if (user->additional_gids_count)
		memcpy(groups, user->additional_gids, user->additional_gids_count * sizeof(*groups));
	for (size_t i = 0; i < arguments->gids.count; i++)
		if (read_id("--additional-gids", arguments->gids.items[i],
			    &groups[user->additional_gids_count++].value, err))
			return ERR;
	user->additional_gids = groups;
	return 0;
}

static int read_capabilities(const struct opt_list *list, struct oci_capabilities *capabilities, struct err *err)
{
	for (size_t i = 0; i < list->count; i++) {
		int number = oci_capability_number(list->items[i]);

		if (number < 0) {
			const char *nearest = oci_capability_nearest(list->items[i]);

			err_set(err, ERR_USAGE, "unknown capability \"%s\"", list->items[i]);
			return err_fix(err, "%s", nearest ? nearest : "a name of capabilities(7), such as CAP_NET_ADMIN");
		}
		capabilities->present = true;
		capabilities->bounding |= 1ULL << number;
		capabilities->permitted |= 1ULL << number;
		capabilities->effective |= 1ULL << number;
		/* What programs of the container may inherit is of use to another user than root only when it is ambient. */
		capabilities->ambient |= capabilities->inheritable & 1ULL << number;
	}
	return 0;
}

static int add_environment(struct arena *arena, const struct opt_list *list, struct strings *env, struct err *err)
{
	const char **items = arena_calloc(arena, env->count + list->count + 1, sizeof(*items));

	if (!items)
		return err_set(err, ERR_INTERNAL, "out of memory while reading the command line");
	for (size_t i = 0; i < env->count; i++)
		items[i] = env->items[i];
	for (size_t i = 0; i < list->count; i++) {
		const char *entry = list->items[i];
		size_t length = strcspn(entry, "="), place = 0;

		if (!entry[length] || length == 0) {
			err_set(err, ERR_USAGE, "--env \"%s\" is no NAME=VALUE", entry);
			return err_fix(err, "write it as --env NAME=VALUE");
		}
		/* A name occurs once: the last value counts. */
		while (place < env->count && strncmp(items[place], entry, length + 1) != 0)
			place++;
		items[place] = entry;
		if (place == env->count)
			env->count++;
	}
	env->items = items;
	return 0;
}

static int process_from_words(struct arena *arena, const struct arguments *arguments,
			      const struct engine_container *container, struct strings words, struct oci_process *ret,
			      struct err *err)
{
	struct oci_process *process = ret;

	*process = container->config->process;
	process->where = "";
	process->terminal = arguments->tty;
	process->console_size_set = false;
	process->args = words;
	if (arguments->cwd)
		process->cwd.text = arguments->cwd;
	if (!process->cwd.text || process->cwd.text[0] != '/') {
		err_set(err, ERR_USAGE, "--cwd %s is not an absolute path", process->cwd.text ? process->cwd.text : "\"\"");
		return err_fix(err, "begin it with /");
	}
	if (arguments->no_new_privs)
		process->no_new_privileges = true;
	if (arguments->apparmor)
		process->apparmor_profile = arguments->apparmor;
	if (arguments->label)
		process->selinux_label = arguments->label;
	if (read_user(arena, arguments, &process->user, err) ||
	    read_capabilities(&arguments->capabilities, &process->capabilities, err))
		return ERR;
	return add_environment(arena, &arguments->env, &process->env, err);
}

static int read_process(struct oci *oci, struct arena *arena, const struct arguments *arguments, char **argv, int operands,
			const struct oci_process **ret, struct err *err)
{
	struct engine_container container;
	struct oci_process *process;
	const char *text;
	size_t size;

	if (arguments->process) {
		struct oci_process *changed;

		if (engine_read_file(arena, arguments->process, arguments->process, PROCESS_SIZE_MAX, &text, &size, err) ||
		    oci_process_read(arena, "process.json", text, size, ret, err))
			return ERR;
		if (!arguments->tty || (*ret)->terminal)
			return 0;
		changed = arena_alloc(arena, sizeof(*changed));
		if (!changed)
			return err_set(err, ERR_INTERNAL, "out of memory while reading %s", arguments->process);
		*changed = **ret;
		changed->terminal = true;
		*ret = changed;
		return 0;
	}
	if (operands < 2) {
		err_set(err, ERR_USAGE, "exec: the command is missing");
		return err_fix(err, "bulkhead-oci exec CONTAINER COMMAND, or --process FILE");
	}
	if (engine_state(&oci->engine, argv[0], arena, &container, err))
		return ERR;
	process = arena_alloc(arena, sizeof(*process));
	if (!process)
		return err_set(err, ERR_INTERNAL, "out of memory while reading the command line");
	*ret = process;
	return process_from_words(arena, arguments, &container,
				  (struct strings){(const char *const *)(argv + 1), (size_t)operands - 1}, process, err);
}

static int exec_with(struct oci *oci, const struct arguments *arguments, char **argv, int operands)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct engine_exec request = {
		.id = argv[0],
		.pid_file = arguments->pid_file,
		.console_socket = arguments->console_socket && *arguments->console_socket ? arguments->console_socket
											  : NULL,
		.pidfd_socket = arguments->pidfd_socket,
		.preserve_fds = (int)arguments->preserve_fds,
		.detach = arguments->detach,
		.ignore_paused = arguments->ignore_paused,
		.cgroups = {arguments->cgroups.items, arguments->cgroups.count},
	};
	struct err err = ERR_INIT;
	int status = CLI_OK;

	request.relay = oci_relay(request.detach || request.console_socket);
	if (arguments->preserve_fds > PRESERVE_FDS_MAX) {
		err_set(&err, ERR_USAGE, "--preserve-fds is too many");
		err_fix(&err, "at most %d", PRESERVE_FDS_MAX);
	} else if (read_process(oci, &arena, arguments, argv, operands, &request.process, &err) == 0 &&
		   engine_exec(&oci->engine, &request, &status, &err) == 0) {
		return status;
	}
	oci_fail(oci, &err);
	return CLI_EXEC_FAILED;
}

static int exec(int argc, char **argv, void *context)
{
	static const char *env[LIST_MAX], *gids[LIST_MAX], *capabilities[64], *cgroups[LIST_MAX];
	struct arguments arguments = {
		.env = {.items = env, .capacity = ARRAY_SIZE(env)},
		.gids = {.items = gids, .capacity = ARRAY_SIZE(gids)},
		.capabilities = {.items = capabilities, .capacity = ARRAY_SIZE(capabilities)},
		.cgroups = {.items = cgroups, .capacity = ARRAY_SIZE(cgroups)},
	};
	struct oci *oci = context;
	int operands, status = oci_parse(oci, &verb_exec, argc, argv, &arguments, 1, OCI_ANY_NUMBER, &operands);

	if (status == OCI_GO_ON)
		status = oci_protect(oci);
	if (status == OCI_GO_ON)
		return exec_with(oci, &arguments, argv, operands);
	return status == CLI_OK ? CLI_OK : CLI_EXEC_FAILED;
}

const struct opt_verb verb_exec = {
	.name = "exec",
	.synopsis = "[options] CONTAINER COMMAND [ARGUMENT…]",
	.summary = "Run a further process in a container, as confined as the container.",
	.examples = "  bulkhead-oci exec --user 1000:1000 web1 ls /srv",
	.options = options,
	.run = exec,
};
