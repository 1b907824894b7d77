/* SPDX-License-Identifier: Apache-2.0 */
/* stop, kill, wait, rm, prune: the end of containers. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/bulkhead/lifecycle.h"

#define STOP_SECONDS 10
#define KILL_WAIT_MS 10000
#define STOP_SECONDS_MAX ((uint64_t)1 << 31)

struct end_options {
	uint64_t seconds;
	const char *signal;
	bool force, json;
	int number;
};

static bool is_gone(const struct err *err)
{
	return err->kind == ERR_STATE;
}

/* A person ends it: the restart policy has no say any more. */
static int find_and_mark(struct people *people, const char *name, struct arena *arena, struct life *life, struct err *err)
{
	if (life_find(people, name, arena, life, err))
		return ERR;
	if (life->record.options.restart == MONITOR_RESTART_NO)
		return 0;
	return monitor_mark_stopped(&people->engine, name, err);
}

static int stop_one(struct people *people, const char *name, void *context, struct err *err)
{
	const struct end_options *chosen = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct err gone = ERR_INIT;
	struct life life;
	int status;
	bool ended;

	if (find_and_mark(people, name, &arena, &life, err))
		return ERR;
	if (!life_is_running(&life))
		return 0;
	if (engine_kill(&people->engine, name, chosen->number, false, err))
		return is_gone(err) ? 0 : ERR;
	if (life_await(people, name, (int64_t)chosen->seconds * 1000, &ended, &status, &gone) || ended)
		return 0;
	if (engine_kill(&people->engine, name, SIGKILL, false, err))
		return is_gone(err) ? 0 : ERR;
	if (life_await(people, name, KILL_WAIT_MS, &ended, &status, &gone) || ended)
		return 0;
	err_set(err, ERR_STATE, "container %s does not end after SIGKILL", name);
	err_why(err, "a process of it waits in the kernel, for a disk or a network file system perhaps");
	return err_fix(err, "%s top %s, and /proc/PID/stack of each: it ends when that what it waits for answers",
		       people->cli.program, name);
}

static int kill_one(struct people *people, const char *name, void *context, struct err *err)
{
	const struct end_options *chosen = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct life life;

	if (chosen->number == SIGKILL || chosen->number == SIGTERM) {
		if (find_and_mark(people, name, &arena, &life, err))
			return ERR;
	} else if (life_find(people, name, &arena, &life, err)) {
		return ERR;
	}
	return engine_kill(&people->engine, name, chosen->number, false, err);
}

static int rm_one(struct people *people, const char *name, void *context, struct err *err)
{
	const struct end_options *chosen = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct life life;

	if (find_and_mark(people, name, &arena, &life, err))
		return chosen->force && is_gone(err) ? 0 : ERR;
	if (life_is_running(&life) && !chosen->force) {
		err_set(err, ERR_STATE, "container %s is %s", name, life_word(&life));
		return err_fix(err, "%s stop %s first, or rm --force", people->cli.program, name);
	}
	return engine_delete(&people->engine, name, chosen->force, err);
}

struct waiting {
	struct buf out;
	struct json_writer writer;
	bool json;
};

static int wait_one(struct people *people, const char *name, void *context, struct err *err)
{
	struct waiting *waiting = context;
	int status;
	bool ended;

	if (life_await(people, name, -1, &ended, &status, err))
		return ERR;
	if (status < 0) {
		err_set(err, ERR_STATE, "how container %s ended is not known", name);
		err_why(err, "it had no monitor at the time: it ran in a foreground, or the monitor was killed");
		return err_fix(err, "run -d, or run --rm=false, keeps the status of the next one");
	}
	if (!waiting->json) {
		buf_printf(&waiting->out, "%d\n", status);
		return 0;
	}
	json_begin_object(&waiting->writer);
	json_member_string(&waiting->writer, "name", name);
	json_member_i64(&waiting->writer, "exitStatus", status);
	json_end_object(&waiting->writer);
	return 0;
}

static int end(int argc, char **argv, struct people *people, const struct opt_verb *verb, struct end_options *chosen,
	       int (*what)(struct people *people, const char *name, void *context, struct err *err))
{
	struct err err = ERR_INIT;
	int operands, status = life_parse(people, verb, argc, argv, chosen, 1, LIFE_MANY, &operands);

	if (status != LIFE_GO_ON)
		return status;
	if (chosen->signal && cli_signal_number(chosen->signal, &chosen->number, &err))
		return life_fail(people, &err);
	if (chosen->seconds > STOP_SECONDS_MAX) {
		err_set(&err, ERR_USAGE, "--time %llu is too long", (unsigned long long)chosen->seconds);
		err_fix(&err, "at most %llu seconds", (unsigned long long)STOP_SECONDS_MAX);
		return life_fail(people, &err);
	}
	return life_each(people, argv, operands, chosen, what);
}

/* Signal 0 asks whether it is there, and ends nothing. */
static int stop_unless_mistaken(struct people *people, const char *name, void *context, struct err *err)
{
	const struct end_options *chosen = context;

	if (chosen->number)
		return stop_one(people, name, context, err);
	err_set(err, ERR_USAGE, "signal 0 stops nothing");
	return err_fix(err, "%s stop %s sends TERM, and after a while KILL", people->cli.program, name);
}

static int stop(int argc, char **argv, void *context)
{
	struct end_options chosen = {.seconds = STOP_SECONDS, .number = SIGTERM};

	return end(argc, argv, context, &verb_stop, &chosen, stop_unless_mistaken);
}

static int kill_verb(int argc, char **argv, void *context)
{
	struct end_options chosen = {.number = SIGKILL};

	return end(argc, argv, context, &verb_kill, &chosen, kill_one);
}

static int rm(int argc, char **argv, void *context)
{
	struct end_options chosen = {0};

	return end(argc, argv, context, &verb_rm, &chosen, rm_one);
}

static int wait_verb(int argc, char **argv, void *context)
{
	struct waiting waiting = {.out = BUF_INIT};
	struct end_options chosen = {0};
	struct people *people = context;
	int operands, result, status = life_parse(people, &verb_wait, argc, argv, &chosen, 1, LIFE_MANY, &operands);

	if (status != LIFE_GO_ON)
		return status;
	waiting.json = chosen.json;
	waiting.writer = JSON_WRITER(&waiting.out, 2);
	if (waiting.json)
		json_begin_array(&waiting.writer);
	status = life_each(people, argv, operands, &waiting, wait_one);
	if (waiting.json) {
		json_end_array(&waiting.writer);
		buf_puts(&waiting.out, "\n");
	}
	result = cli_print(&people->cli, &waiting.out);
	buf_done(&waiting.out);
	return status ? status : result;
}

static int prune(int argc, char **argv, void *context)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf out cleanup_buf = BUF_INIT;
	struct end_options chosen = {0};
	struct people *people = context;
	struct err err = ERR_INIT;
	struct life *lives;
	size_t count;
	int operands, result, status = life_parse(people, &verb_prune, argc, argv, &chosen, 0, 0, &operands);

	if (status != LIFE_GO_ON)
		return status;
	if (life_list(people, &arena, &lives, &count, &err))
		return life_fail(people, &err);
	status = CLI_OK;
	for (size_t i = 0; i < count; i++) {
		const char *name = lives[i].container.state->id;

		if (life_is_running(&lives[i]) || lives[i].record.restarting)
			continue;
		if (engine_delete(&people->engine, name, false, &err) == 0)
			buf_printf(&out, "%s\n", name);
		else if (err.errnum != ENOENT)
			status = life_fail(people, &err);
	}
	result = cli_print(&people->cli, &out);
	return status ? status : result;
}

static const struct opt stop_table[] = {
	{OPT_STRING, 's', "signal", "SIGNAL", "the first signal (default: TERM)", offsetof(struct end_options, signal)},
	{OPT_U64, 't', "time", "SECONDS", "how long it may take before KILL (default: 10)",
	 offsetof(struct end_options, seconds)},
	{.type = OPT_END},
};
static const struct opt kill_table[] = {
	{OPT_STRING, 's', "signal", "SIGNAL", "name or number (default: KILL)", offsetof(struct end_options, signal)},
	{.type = OPT_END},
};
static const struct opt rm_table[] = {
	{OPT_FLAG, 'f', "force", NULL, "kill it first, and be content when there is none",
	 offsetof(struct end_options, force)},
	{.type = OPT_END},
};
static const struct opt wait_table[] = {
	{OPT_FLAG, 0, "json", NULL, "as a JSON array, with their names", offsetof(struct end_options, json)},
	{.type = OPT_END},
};
static const struct opt no_options[] = {{.type = OPT_END}};

const struct opt_verb verb_stop = {
	.name = "stop",
	.synopsis = "[options] CONTAINER…",
	.summary = "End containers: a signal, then SIGKILL.",
	.examples = "  bulkhead stop web\n"
		    "  bulkhead stop --time 60 --signal INT db\n",
	.options = stop_table,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = stop,
};

const struct opt_verb verb_kill = {
	.name = "kill",
	.synopsis = "[options] CONTAINER…",
	.summary = "Send a signal to the first process of containers.",
	.examples = "  bulkhead kill web\n"
		    "  bulkhead kill --signal HUP web     read your configuration again\n",
	.options = kill_table,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = kill_verb,
};

const struct opt_verb verb_wait = {
	.name = "wait",
	.synopsis = "[options] CONTAINER…",
	.summary = "Wait for containers to end, and print their exit statuses.",
	.examples = "  bulkhead wait build\n",
	.options = wait_table,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = wait_verb,
};

const struct opt_verb verb_rm = {
	.name = "rm",
	.synopsis = "[options] CONTAINER…",
	.summary = "Remove containers that have ended, with their logs.",
	.examples = "  bulkhead rm build\n"
		    "  bulkhead rm --force web            even while it runs\n",
	.options = rm_table,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = rm,
};

const struct opt_verb verb_prune = {
	.name = "prune",
	.synopsis = "",
	.summary = "Remove all containers that have ended, and print their names.",
	.examples = "  bulkhead prune\n",
	.options = no_options,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = prune,
};
