/* SPDX-License-Identifier: Apache-2.0 */
/* run: contain one program: in the foreground, at a terminal of its own, or detached. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/lifecycle.h"

#define LOG_SIZE_DEFAULT  "10m"
#define LOG_SIZE_MIN	  ((uint64_t)4096)
#define LOG_FILES_DEFAULT 3
#define KEYS_DEFAULT	  "ctrl-p,ctrl-q"
#define KEYS_MAX	  32

struct run_options {
	struct sandbox_options sandbox; /* first: the offsets of its rows are its own */
	bool detach, interactive, terminal, remove;
	const char *restart, *keys, *log_size;
	uint64_t log_files;
	struct opt_list labels;
};

#define RUN_OPTION(member) offsetof(struct run_options, member)
static const struct opt options[] = {
	{OPT_FLAG, 'd', "detach", NULL, "return at once; a monitor stays with it", RUN_OPTION(detach)},
	{OPT_STRING, 0, "detach-keys", "KEYS", "leave it running (default: " KEYS_DEFAULT ")", RUN_OPTION(keys)},
	{OPT_FLAG, 'i', "interactive", NULL, "with -d: keep standard input open for attach", RUN_OPTION(interactive)},
	{OPT_LIST, 0, "label", "NAME=VALUE", "note something about it, for ls and inspect", RUN_OPTION(labels)},
	{OPT_U64, 0, "log-files", "NUMBER", "files of its log that are kept (default: 3, at most 8)", RUN_OPTION(log_files)},
	{OPT_STRING, 0, "log-size", "SIZE", "size of one of them (default: " LOG_SIZE_DEFAULT ")", RUN_OPTION(log_size)},
	{OPT_STRING, 0, "restart", "POLICY", "no, on-failure[:n], always, unless-stopped; with -d", RUN_OPTION(restart)},
	{OPT_FLAG, 0, "rm", NULL, "remove it when it has ended (always so without -d)", RUN_OPTION(remove)},
	{OPT_FLAG, 't', "tty", NULL, "give it a terminal", RUN_OPTION(terminal)},
	SANDBOX_OPTIONS,
	{.type = OPT_END},
};

/* What to do about a name that is taken, in the words of this program. */
static int failed(struct people *people, const char *name, struct err *err)
{
	if (err->kind == ERR_STATE && err->errnum == EEXIST)
		err_fix(err, "%s rm %s, which removes the one that has the name, or another --name", people->cli.program,
			name);
	return life_fail_run(people, err);
}

static int run_in_foreground(struct people *people, struct sandbox_request *request)
{
	struct engine_run run = {.create = request->create};
	struct err err = ERR_INIT;
	int status = PEOPLE_FAILED;

	if (engine_run(&people->engine, &run, &status, &err))
		return failed(people, request->create.id, &err);
	return status;
}

static int contradiction(struct err *err, const char *what, const char *remedy)
{
	err_set(err, ERR_USAGE, "run: %s", what);
	return err_fix(err, "%s", remedy);
}

static int check(const struct run_options *chosen, struct err *err)
{
	bool monitored = chosen->detach || chosen->terminal;

	if (chosen->restart && !chosen->detach)
		return contradiction(err, "--restart without --detach", "add -d: someone must stay to start it again");
	if (chosen->restart && chosen->remove)
		return contradiction(err, "--restart and --rm exclude each other", "leave one of them out");
	if (chosen->labels.count && !monitored)
		return contradiction(err, "--label needs -d or -t", "nothing is recorded of a program in the foreground");
	if (chosen->terminal && !chosen->detach && !isatty(0))
		return contradiction(err, "--tty, and standard input is no terminal", "leave -t out, or add -d");
	return 0;
}

static int read_options(const struct run_options *chosen, char **operands, int count, struct monitor_options *ret,
			struct err *err)
{
	*ret = (struct monitor_options){
		.terminal = chosen->terminal,
		.interactive = chosen->interactive,
		.attached = !chosen->detach,
		.remove = chosen->remove || !chosen->detach,
		.log_files = chosen->log_files,
		.labels = {chosen->labels.items, chosen->labels.count},
		.source = operands[0],
		.command = {(const char *const *)operands + 1, (size_t)count - 1},
	};
	if (chosen->restart && monitor_restart_parse(chosen->restart, ret, err))
		return ERR;
	if (sandbox_parse_size(chosen->log_size, &ret->log_size, err))
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

static int run_with_monitor(struct people *people, struct sandbox_request *request, const struct run_options *chosen,
			    char **operands, int count)
{
	struct monitor_options monitor;
	int fd cleanup_fd = -EBADF;
	struct err err = ERR_INIT;
	char keys[KEYS_MAX];

	if (read_options(chosen, operands, count, &monitor, &err) ||
	    monitor_keys_parse(chosen->keys, keys, sizeof(keys), &err) ||
	    monitor_start(&people->engine, &request->create, &monitor, &fd, &err))
		return failed(people, request->create.id, &err);
	if (!chosen->detach)
		return life_attend(people, request->create.id, fd, true, true, keys);
	printf("%s\n", request->create.id);
	return fflush(stdout) ? PEOPLE_FAILED : 0;
}

static int run(struct people *people, struct sandbox_request *request, const struct run_options *chosen,
	       struct arena *arena, char **operands, int count)
{
	struct err err = ERR_INIT;

	request->options = chosen->sandbox;
	request->sandbox.terminal = chosen->terminal;
	if (check(chosen, &err) || sandbox_request_make(request, arena, operands, &err))
		return life_fail_run(people, &err);
	if (chosen->detach || chosen->terminal)
		return run_with_monitor(people, request, chosen, operands, count);
	return run_in_foreground(people, request);
}

static int verb(int argc, char **argv, void *context)
{
	struct run_options chosen = {.keys = KEYS_DEFAULT, .log_size = LOG_SIZE_DEFAULT, .log_files = LOG_FILES_DEFAULT};
	struct people *people = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct sandbox_request request;
	struct err err = ERR_INIT;
	bool help = false;
	int operands = 0, status;

	if (engine_protect_self(people->argv, cli_warn, &err) || sandbox_request_begin(&request, &arena, argc, &err))
		return life_fail_run(people, &err);
	chosen.sandbox = request.options;
	chosen.labels = (struct opt_list){.items = arena_calloc(&arena, (size_t)argc, sizeof(char *)),
					  .capacity = (size_t)argc};
	if (!chosen.labels.items) {
		err_set(&err, ERR_INTERNAL, "out of memory while reading the command line");
		return life_fail_run(people, &err);
	}
	if (opt_parse(&verb_run, argc, argv, &chosen, &operands, &help, &err))
		return life_fail_run(people, &err);
	if (help)
		return cli_print_help(&people->cli, &verb_run) ? PEOPLE_FAILED : 0;
	if (operands < 2) {
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
	.synopsis = "[options] SOURCE COMMAND [ARGUMENT…]",
	.summary = "Run a program contained: safe before any option is given.",
	.examples = "  bulkhead run host python3 -c 'print(1)'       the host's programs, nothing of its data\n"
		    "  bulkhead run --cwd=rw host make               the current directory too\n"
		    "  bulkhead run ./rootfs /bin/sh                 a root directory\n"
		    "  bulkhead run -it host bash                    at a terminal; ctrl-p ctrl-q leaves it running\n"
		    "  bulkhead run -d --name web --restart always -v ./site:/site:ro host python3 -m http.server\n"
		    "  bulkhead run -v ./site:/site:ro host ls /site a directory of the host, read-only\n",
	.options = options,
	.run = verb,
};
