/* SPDX-License-Identifier: Apache-2.0 */
/* run: contain one program: in the foreground, at a terminal of its own, or detached. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/explain.h"
#include "cmd/bulkhead/lifecycle.h"
#include "cmd/bulkhead/run.h"

#define LOG_SIZE_MIN ((uint64_t)4096)
#define KEYS_MAX     32

static const struct opt options[] = {
	SANDBOX_OPTIONS,
	{.type = OPT_END},
};

/* What to do about a name that is taken, in the words of this program. */
static int failed(struct people *people, const struct sandbox_request *request, struct err *err)
{
	if (err->kind == ERR_STATE && err->errnum == EEXIST)
		err_fix(err, "%s rm %s, which removes the one that has the name, or another --name", people->cli.program,
			request->create.id);
	request_name_mount(request, err);
	return life_fail_run(people, err);
}

static int run_in_foreground(struct people *people, struct sandbox_request *request)
{
	struct engine_run run = {.create = request->create};
	struct err err = ERR_INIT;
	int status = PEOPLE_FAILED;

	if (engine_run(&people->engine, &run, &status, &err))
		return failed(people, request, &err);
	return status;
}

static int read_options(const struct sandbox_options *chosen, char **operands, int count, struct monitor_options *ret,
			struct err *err)
{
	*ret = (struct monitor_options){
		.terminal = chosen->terminal,
		.interactive = chosen->interactive || !chosen->detach,
		.attached = !chosen->detach,
		.remove = sandbox_options_remove(chosen),
		.log_files = chosen->log_files,
		.labels = {chosen->labels.items, chosen->labels.count},
		.source = operands[0],
		.command = {(const char *const *)operands + 1, (size_t)count - 1},
	};
	if (chosen->restart && monitor_restart_parse(chosen->restart, ret, err))
		return ERR;
	if (sandbox_parse_size(chosen->log_size ?: LOG_SIZE_DEFAULT, &ret->log_size, err))
		return err_prefix(err, "--log-size");
	if (ret->log_size < LOG_SIZE_MIN || ret->log_files < 1 || ret->log_files > MONITOR_LOG_FILES_MAX) {
		err_set(err, ERR_USAGE, "run: a log of %llu files of %llu bytes", (unsigned long long)ret->log_files,
			(unsigned long long)ret->log_size);
		return err_fix(err, "--log-files from 1 to %d, --log-size from 4k", MONITOR_LOG_FILES_MAX);
	}
	for (size_t i = 0; i < ret->labels.count; i++)
		if (ret->labels.items[i][0] == '=' || !ret->labels.items[i][0]) {
			err_set(err, ERR_USAGE, "--label \"%s\" names nothing", ret->labels.items[i]);
			return err_fix(err, "--label NAME=VALUE");
		}
	return 0;
}

static int run_with_monitor(struct people *people, struct sandbox_request *request, const struct sandbox_options *chosen,
			    char **operands, int count)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct monitor_options monitor;
	int fd cleanup_fd = -EBADF;
	struct err err = ERR_INIT;
	char keys[KEYS_MAX];

	if (read_options(chosen, operands, count, &monitor, &err) ||
	    monitor_keys_parse(chosen->keys ? chosen->keys : KEYS_DEFAULT, keys, sizeof(keys), &err) ||
	    monitor_start(&people->engine, &request->create, &monitor, &fd, &err))
		return failed(people, request, &err);
	if (!chosen->detach)
		return life_attend(people, request->create.id, fd, chosen->terminal, true, keys);
	buf_printf(&out, "%s\n", request->create.id);
	return cli_print(&people->cli, &out) ? PEOPLE_FAILED : 0;
}

/* What is to be known of it afterwards takes somebody who writes it down. */
static bool takes_monitor(const struct sandbox_options *chosen)
{
	return chosen->detach || chosen->terminal || !sandbox_options_remove(chosen);
}

/* The same command line without the option, for who is traced. */
static char **without_explain(struct people *people, struct arena *arena)
{
	size_t count = 0, kept = 0;
	bool found = false;
	char **argv;

	while (people->argv[count])
		count++;
	argv = arena_calloc(arena, count + 1, sizeof(*argv));
	for (size_t i = 0; argv && i < count; i++) {
		bool this = !found && strcmp(people->argv[i], "--explain") == 0;

		found = found || this;
		if (!this)
			argv[kept++] = people->argv[i];
	}
	return argv;
}

/* With --explain: by tracing where there is no privilege, else with a watcher beside. */
static int run_explained(struct people *people, struct sandbox_request *request, const struct sandbox_options *chosen,
			 struct arena *arena, char **operands, int count)
{
	static const struct explain_options plain;
	struct explain_subject subject = {
		request->create.id, request->result.config.data, request->result.config.length, {0}, {0}};
	struct request_walls walls;
	struct explain_beside beside;
	struct err err = ERR_INIT;
	char **argv;
	int status;

	if (geteuid() != 0 && (chosen->detach || chosen->terminal)) {
		err_set(&err, ERR_UNSUPPORTED, "run: --explain with %s", chosen->detach ? "--detach" : "--tty");
		err_why(&err, "without privilege a program is explained by tracing it, from the terminal");
		err_fix(&err, "leave -d and -t out, or run it as root");
		return life_fail_run(people, &err);
	}
	if (geteuid() != 0) {
		argv = without_explain(people, arena);
		return argv ? explain_traced(people, &plain, argv, true, chosen->name) : PEOPLE_FAILED;
	}
	/* What holds the program to its profile, too. */
	if (chosen->profile) {
		if (sandbox_request_foretell(request, &people->engine, arena, &walls, &err))
			return life_fail_run(people, &err);
		subject.profiled = walls.filter;
		subject.ruleset = walls.ruleset;
	}
	if (explain_beside_start(people, &plain, &subject, chosen->detach, &beside, &err))
		return life_fail_run(people, &err);
	status = takes_monitor(chosen) ? run_with_monitor(people, request, chosen, operands, count) :
					 run_in_foreground(people, request);
	explain_beside_end(&beside, chosen->detach);
	return status;
}

static int run(struct people *people, struct sandbox_request *request, const struct sandbox_options *chosen,
	       struct arena *arena, char **operands, int count)
{
	struct err err = ERR_INIT;

	request->options = *chosen;
	if (chosen->terminal && !chosen->detach && !isatty(0)) {
		err_set(&err, ERR_USAGE, "run: --tty, and standard input is no terminal");
		err_fix(&err, "leave -t out, or add -d");
		return life_fail_run(people, &err);
	}
	if (sandbox_request_make(request, arena, operands, &err))
		return failed(people, request, &err);
	if (chosen->complain)
		return run_complaining(people, request, arena, run_in_foreground);
	if (chosen->explain)
		return run_explained(people, request, chosen, arena, operands, count);
	if (takes_monitor(chosen))
		return run_with_monitor(people, request, chosen, operands, count);
	return run_in_foreground(people, request);
}

static int verb(int argc, char **argv, void *context)
{
	struct sandbox_options chosen;
	struct people *people = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct sandbox_request request;
	struct err err = ERR_INIT;
	bool help = false;
	int operands = 0, status;

	if (engine_protect_self(people->argv, cli_warn, &err) || sandbox_request_begin(&request, &arena, argc, &err))
		return life_fail_run(people, &err);
	chosen = request.options;
	if (opt_parse(&verb_run, argc, argv, &chosen, &operands, &help, &err)) {
		people_know_strangers(&err);
		return life_fail_run(people, &err);
	}
	if (help)
		return cli_print_help(&people->cli, &verb_run) ? PEOPLE_FAILED : 0;
	if (operands < 1 || (operands < 2 && !chosen.entrypoint)) {
		err_set(&err, ERR_USAGE, "run: a %s is missing", operands ? "command" : "source");
		err_fix(&err, "bulkhead run host COMMAND, or bulkhead run DIRECTORY COMMAND");
		return life_fail_run(people, &err);
	}
	status = run(people, &request, &chosen, &arena, argv, operands);
	sandbox_request_done(&request);
	return status;
}

const struct opt_verb verb_run = {
	.name = "run",
	.synopsis = "[options] SOURCE [--] COMMAND [ARGUMENT…]",
	.summary = "Run a program contained: safe before any option is given.",
	.examples = "  bulkhead run host python3 -c 'print(1)'  the host's programs, not its data\n"
		    "  bulkhead run --cwd=rw host make          the current directory too\n"
		    "  bulkhead run --explain host ping -c1 ::1 who refuses what, and the way out\n"
		    "  bulkhead run ./rootfs /bin/sh            a root directory\n"
		    "  bulkhead run --writable ./rootfs sh      what is written is thrown away\n"
		    "  bulkhead run -it host bash               ctrl-p ctrl-q leaves it running\n"
		    "  bulkhead run -d --name web --restart always host python3 -m http.server\n"
		    "  bulkhead run --rm=false --name t --cwd=rw host make    then: logs t, wait t\n"
		    "  bulkhead run -v ./site:/site:ro host ls /site\n",
	.options = options,
	.statuses = people_statuses_run,
	.separated = true,
	.run = verb,
};
