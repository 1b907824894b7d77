/* SPDX-License-Identifier: Apache-2.0 */
/* exec, attach: get into a container that runs: with a further program, as confined as it is, or at its own streams. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/lifecycle.h"

#define KEYS_DEFAULT "ctrl-p,ctrl-q"
#define KEYS_MAX     32

struct exec_options {
	bool detach, interactive, terminal;
	const char *workdir, *user;
	struct opt_list env;
};

#define EXEC_OPTION(member) offsetof(struct exec_options, member)
static const struct opt exec_table[] = {
	{OPT_FLAG, 'd', "detach", NULL, "return at once", EXEC_OPTION(detach)},
	{OPT_LIST, 'e', "env", "NAME=VALUE", "set a variable; NAME alone takes yours", EXEC_OPTION(env)},
	{OPT_FLAG, 'i', "interactive", NULL, "pass standard input on", EXEC_OPTION(interactive)},
	{OPT_FLAG, 't', "tty", NULL, "give it a terminal", EXEC_OPTION(terminal)},
	{OPT_STRING, 'u', "user", "USER[:GROUP]", "run as these, names as in the container's /etc/passwd", EXEC_OPTION(user)},
	{OPT_STRING, 'w', "workdir", "DIR", "directory to start in", EXEC_OPTION(workdir)},
	{.type = OPT_END},
};

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory while reading the command line");
}

/* The container's own, then ours; of two values for one name the last is kept. */
static int add_env(const struct opt_list *list, struct arena *arena, struct strings *env, struct err *err)
{
	const char **items = arena_calloc(arena, env->count + list->count + 1, sizeof(*items));
	size_t count = env->count;

	if (!items)
		return out_of_memory(err);
	memcpy(items, env->items, env->count * sizeof(*items));
	for (size_t i = 0; i < list->count; i++) {
		const char *entry = list->items[i];
		size_t length = strcspn(entry, "="), place = 0;

		if (length == 0) {
			err_set(err, ERR_USAGE, "--env \"%s\" names no variable", entry);
			return err_fix(err, "--env NAME=VALUE, or --env NAME to take your own value");
		}
		if (!entry[length]) {
			const char *value = getenv(entry);

			if (!value)
				continue;
			entry = arena_printf(arena, "%s=%s", entry, value);
			if (!entry)
				return out_of_memory(err);
		}
		while (place < count && strncmp(items[place], entry, length + 1) != 0)
			place++;
		items[place] = entry;
		count += place == count;
	}
	*env = (struct strings){items, count};
	return 0;
}

/* Names are those of the container's own files, which are read from its root as it runs. */
static int read_user(struct people *people, const char *text, const struct life *life, struct arena *arena,
		     struct oci_user *user, struct err *err)
{
	bool host_ids = !life->container.config->linux.namespaces[OCI_NS_USER].present;
	int pidfd cleanup_fd = -EBADF, again_fd cleanup_fd = -EBADF, root_fd cleanup_fd = -EBADF;
	const struct state *state = life->container.state;
	char path[48];

	if (!text)
		return 0;
	if (text[strspn(text, "0123456789:")] == '\0')
		return sandbox_find_user(arena, text, -EBADF, host_ids, &user->uid, &user->gid, err);
	snprintf(path, sizeof(path), "/proc/%d/root", state->pid);
	/* Alive before and after: it was its root. */
	if (engine_open_process(&people->engine, state->id, &pidfd, err))
		return ERR;
	root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(err, errno, "open", "cannot open the root of container %s", state->id);
	if (engine_open_process(&people->engine, state->id, &again_fd, err))
		return ERR;
	return sandbox_find_user(arena, text, root_fd, host_ids, &user->uid, &user->gid, err);
}

static int make_process(struct people *people, const struct exec_options *chosen, const struct life *life,
			struct arena *arena, char **words, int count, struct oci_process *ret, struct err *err)
{
	*ret = life->container.config->process;
	ret->where = "";
	ret->terminal = chosen->terminal;
	ret->console_size_set = false;
	ret->args = (struct strings){(const char *const *)words, (size_t)count};
	if (chosen->workdir && chosen->workdir[0] != '/') {
		err_set(err, ERR_USAGE, "--workdir %s is not absolute", chosen->workdir);
		return err_fix(err, "it is a path inside the container: --workdir /%s", chosen->workdir);
	}
	if (chosen->workdir)
		ret->cwd.text = chosen->workdir;
	if (chosen->terminal && !chosen->detach && !isatty(0)) {
		err_set(err, ERR_USAGE, "exec: --tty, and standard input is no terminal");
		return err_fix(err, "leave -t out");
	}
	if (chosen->terminal && chosen->detach) {
		err_set(err, ERR_USAGE, "exec: --tty and --detach exclude each other");
		return err_fix(err, "leave one of them out: nobody would hold the terminal");
	}
	return read_user(people, chosen->user, life, arena, &ret->user, err) ||
	       add_env(&chosen->env, arena, &ret->env, err) ? ERR : 0;
}

/* Without -i there is no standard input; detached, nothing of the caller's. */
static int hide_streams(const struct exec_options *chosen, struct err *err)
{
	int fd cleanup_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		fd_above_stdio(&fd);
	if (fd < 0 || (!chosen->interactive && !chosen->terminal && dup2(fd, 0) < 0) ||
	    (chosen->detach && (dup2(fd, 1) < 0 || dup2(fd, 2) < 0)))
		return err_sys(err, errno, "dup2", "cannot put /dev/null in place of the standard streams");
	return 0;
}

static int exec(int argc, char **argv, void *context)
{
	struct people *people = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct exec_options chosen = {.env = {.items = arena_calloc(&arena, (size_t)argc, sizeof(char *)),
					      .capacity = (size_t)argc}};
	struct err err = ERR_INIT;
	struct oci_process process;
	struct engine_exec request;
	struct life life;
	int operands, status;

	if (!chosen.env.items || engine_protect_self(people->argv, cli_warn, &err)) {
		if (!chosen.env.items)
			out_of_memory(&err);
		return life_fail_run(people, &err);
	}
	status = life_parse(people, &verb_exec, argc, argv, &chosen, 2, LIFE_MANY * 100, &operands);
	if (status != LIFE_GO_ON)
		return status ? PEOPLE_FAILED : 0;
	request = (struct engine_exec){.id = argv[0], .process = &process, .detach = chosen.detach};
	if (life_find(people, argv[0], &arena, &life, &err) ||
	    make_process(people, &chosen, &life, &arena, argv + 1, operands - 1, &process, &err) ||
	    hide_streams(&chosen, &err))
		return life_fail_run(people, &err);
	if (engine_exec(&people->engine, &request, &status, &err))
		return life_fail_run(people, &err);
	return status;
}

const struct opt_verb verb_exec = {
	.name = "exec",
	.synopsis = "[options] CONTAINER [--] COMMAND [ARGUMENT…]",
	.summary = "Run a further program in a container, as confined as it is.",
	.examples = "  bulkhead exec web ls /site\n"
		    "  bulkhead exec -it web sh\n"
		    "  tar c . | bulkhead exec -i build tar x -C /tmp\n",
	.options = exec_table,
	.statuses = people_statuses_run,
	.separated = true,
	.run = exec,
};

struct attach_options {
	bool no_input;
	const char *keys;
};

static const struct opt attach_table[] = {
	{OPT_STRING, 0, "detach-keys", "KEYS", "leave it running (default: " KEYS_DEFAULT ")",
	 offsetof(struct attach_options, keys)},
	{OPT_FLAG, 0, "no-stdin", NULL, "look on, and type nothing", offsetof(struct attach_options, no_input)},
	{.type = OPT_END},
};

static int attach(int argc, char **argv, void *context)
{
	struct attach_options chosen = {.keys = KEYS_DEFAULT};
	struct people *people = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	int fd cleanup_fd = -EBADF;
	struct err err = ERR_INIT;
	struct life life;
	char keys[KEYS_MAX];
	int operands, status = life_parse(people, &verb_attach, argc, argv, &chosen, 1, 1, &operands);

	if (status != LIFE_GO_ON)
		return status ? PEOPLE_FAILED : 0;
	if (monitor_keys_parse(chosen.keys, keys, sizeof(keys), &err) ||
	    life_find(people, argv[0], &arena, &life, &err) || monitor_connect(&people->engine, argv[0], &fd, &err))
		return life_fail_run(people, &err);
	return life_attend(people, argv[0], fd, life.record.options.terminal, !chosen.no_input, keys);
}

const struct opt_verb verb_attach = {
	.name = "attach",
	.synopsis = "[options] CONTAINER",
	.summary = "Connect this terminal with a container that runs detached.",
	.examples = "  bulkhead attach web             ctrl-p ctrl-q leaves it running\n"
		    "  bulkhead attach --no-stdin web\n",
	.options = attach_table,
	.statuses = people_statuses_run,
	.mixed = true,
	.run = attach,
};
