/* SPDX-License-Identifier: Apache-2.0 */
/* lifecycle: see lifecycle.h. Runs in the verb; reads the state, and waits. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/lifecycle.h"
#include "kernel/process.h"

int life_fail(struct people *people, const struct err *err)
{
	struct err told = *err;

	people_use_own_words(people->cli.program, &told);
	cli_error(&people->cli, &told);
	return CLI_ERROR;
}

int life_fail_run(struct people *people, const struct err *err)
{
	life_fail(people, err);
	if (err->kind != ERR_COMMAND)
		return PEOPLE_FAILED;
	return err->errnum == ENOENT ? PEOPLE_NOT_FOUND : PEOPLE_NOT_EXECUTABLE;
}

int life_parse(struct people *people, const struct opt_verb *verb, int argc, char **argv, void *target, int min, int max,
	       int *ret_operands)
{
	struct err err = ERR_INIT;
	bool help = false;

	if (opt_parse(verb, argc, argv, target, ret_operands, &help, &err))
		return life_fail(people, &err);
	if (help)
		return cli_print_help(&people->cli, verb);
	if (*ret_operands >= min && *ret_operands <= max)
		return LIFE_GO_ON;
	err_set(&err, ERR_USAGE, "%s: %s", verb->name,
		*ret_operands > max ? "too many words"
		: *ret_operands || min > 1 ? "a path, a command or a name is missing" : "the name of a container is missing");
	err_fix(&err, "%s %s %s", people->cli.program, verb->name, verb->synopsis);
	return life_fail(people, &err);
}

static void suggest(struct people *people, const char *name, struct arena *arena, struct err *err)
{
	const struct engine_container *containers;
	struct err ignored = ERR_INIT;
	const char **names, *nearest = NULL;
	size_t count;

	if (engine_list(&people->engine, arena, &containers, &count, &ignored) == 0) {
		names = arena_calloc(arena, count + 1, sizeof(*names));
		for (size_t i = 0; names && i < count; i++)
			names[i] = containers[i].state->id;
		nearest = names ? opt_nearest(name, names) : NULL;
	}
	err_set(err, ERR_STATE, "there is no container %s", name);
	if (nearest)
		err_fix(err, "%s, or %s ls --all, which lists the names", nearest, people->cli.program);
	else
		err_fix(err, "%s ls --all, which lists the names", people->cli.program);
}

int life_find(struct people *people, const char *name, struct arena *arena, struct life *ret, struct err *err)
{
	if (engine_state(&people->engine, name, arena, &ret->container, err) == 0 &&
	    monitor_record_read(&people->engine, name, arena, &ret->record, err) == 0)
		return 0;
	if (err->kind == ERR_STATE && err->errnum == ENOENT)
		suggest(people, name, arena, err);
	return ERR;
}

int life_list(struct people *people, struct arena *arena, struct life **ret, size_t *ret_count, struct err *err)
{
	const struct engine_container *containers;
	struct err gone = ERR_INIT;
	struct life *lives;
	size_t count, kept = 0;

	if (engine_list(&people->engine, arena, &containers, &count, err))
		return ERR;
	lives = arena_calloc(arena, count + 1, sizeof(*lives));
	if (!lives)
		return err_set(err, ERR_INTERNAL, "out of memory while listing containers");
	for (size_t i = 0; i < count; i++) {
		lives[kept].container = containers[i];
		/* Deleted since: it is no container any more. */
		if (monitor_record_read(&people->engine, containers[i].state->id, arena, &lives[kept].record, &gone) == 0)
			kept++;
	}
	*ret = lives;
	*ret_count = kept;
	return 0;
}

bool life_is_running(const struct life *life)
{
	return life->container.status != STATE_STOPPED;
}

const char *life_word(const struct life *life)
{
	if (life->container.status != STATE_STOPPED)
		return state_status_name(life->container.status);
	return life->record.restarting ? "restarting" : "exited";
}

const char *life_status(const struct life *life, struct arena *arena)
{
	const struct monitor_record *record = &life->record;
	const char *text = life_word(life);

	if (life_is_running(life)) {
		if (!record->present)
			text = arena_printf(arena, "%s (foreground)", text);
		else if (!record->monitored)
			text = arena_printf(arena, "%s (unmonitored)", text);
	} else if (record->ended) {
		text = arena_printf(arena, "%s (%d%s)", text, record->status, record->oom ? ", out of memory" : "");
	} else {
		text = arena_printf(arena, "%s (unknown)", text);
	}
	return text ? text : "";
}

const char *life_command(const struct life *life, struct arena *arena)
{
	const struct strings *words = &life->record.options.command;
	const char *text = "";

	if (!life->record.present)
		words = &life->container.config->process.args;
	for (size_t i = 0; i < words->count && text && strlen(text) < 256; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? " " : "", words->items[i]);
	return text ? text : "";
}

static void print_time(struct json_writer *writer, const char *key, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm parts;
	char text[48];

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	json_member_string(writer, key, text);
}

/* Of two with one name the later one counts. */
static bool is_overruled(const struct strings *labels, size_t i)
{
	size_t length = strcspn(labels->items[i], "=");

	for (size_t j = i + 1; j < labels->count; j++)
		if (strncmp(labels->items[i], labels->items[j], length) == 0 && strcspn(labels->items[j], "=") == length)
			return true;
	return false;
}

static void print_labels(struct json_writer *writer, const struct strings *labels)
{
	json_key(writer, "labels");
	json_begin_object(writer);
	for (size_t i = 0; i < labels->count; i++) {
		char *name;
		size_t length = strcspn(labels->items[i], "=");

		if (is_overruled(labels, i))
			continue;
		name = strndup(labels->items[i], length);
		if (!name)
			writer->out->failed = true;
		else
			json_member_string(writer, name, labels->items[i][length] ? labels->items[i] + length + 1 : "");
		free(name);
	}
	json_end_object(writer);
}

void life_print_json(const struct life *life, struct json_writer *writer)
{
	const struct monitor_record *record = &life->record;
	const struct state *state = life->container.state;
	const struct strings *command =
		record->present ? &record->options.command : &life->container.config->process.args;

	json_member_string(writer, "name", state->id);
	json_member_string(writer, "status", life_word(life));
	json_member_i64(writer, "pid", life_is_running(life) ? state->pid : 0);
	print_time(writer, "created", state->created_ns);
	json_member_bool(writer, "monitored", record->monitored);
	json_member_strings(writer, "command", command->items, command->count);
	if (!record->present)
		return;
	json_member_i64(writer, "monitorPid", record->monitored ? record->pid : 0);
	json_member_string(writer, "source", record->options.source);
	json_member_bool(writer, "terminal", record->options.terminal);
	json_member_string(writer, "restart", monitor_restart_name(record->options.restart));
	json_member_u64(writer, "restarts", record->restarts);
	print_time(writer, "started", record->started_ns);
	print_labels(writer, &record->options.labels);
	if (!record->ended || life_is_running(life))
		return;
	json_member_i64(writer, "exitStatus", record->status);
	json_member_bool(writer, "outOfMemory", record->oom);
	print_time(writer, "ended", record->ended_ns);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until fd is readable. */
static bool await_readable(int fd, int64_t deadline)
{
	struct pollfd wants = {.fd = fd, .events = POLLIN};

	for (;;) {
		int64_t left = deadline < 0 ? -1 : deadline - now_ms();
		int result = poll(&wants, 1, deadline < 0 ? -1 : left < 0 ? 0 : (int)(left > 1000000 ? 1000000 : left));

		if (result > 0)
			return true;
		if (deadline >= 0 && now_ms() >= deadline)
			return false;
	}
}

/* The monitor says how it ended; it is there first, so that the name may be gone by then. */
static bool hear_end(int fd, int *ret_status)
{
	char frame[MONITOR_FRAME_MAX];

	if (recv(fd, frame, sizeof(frame), 0) != 1 + sizeof(*ret_status) || frame[0] != MONITOR_END)
		return false;
	memcpy(ret_status, frame + 1, sizeof(*ret_status));
	return true;
}

/* The monitor is there, and has not written yet how the container ended. */
static bool is_being_recorded(const struct life *life)
{
	return life->record.monitored && !life->record.ended;
}

int life_await(struct people *people, const char *name, int64_t timeout_ms, bool *ret_ended, int *ret_status,
	       struct err *err)
{
	int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	struct arena arena cleanup_arena = ARENA_INIT;
	int fd cleanup_fd = -EBADF, pidfd cleanup_fd = -EBADF;
	struct err ignored = ERR_INIT;
	struct life life;

	*ret_status = -1;
	*ret_ended = true;
	if (life_find(people, name, &arena, &life, err))
		return ERR;
	/* Its process may have ended while the monitor still writes the rest of the log. */
	if ((life_is_running(&life) || is_being_recorded(&life)) &&
	    monitor_connect(&people->engine, name, &fd, &ignored) == 0) {
		*ret_ended = await_readable(fd, deadline);
		if (!*ret_ended || hear_end(fd, ret_status))
			return 0;
	}
	/* Without a monitor, or with one that was killed meanwhile: its process. */
	if (life_find(people, name, &arena, &life, err))
		return ERR;
	if (life_is_running(&life) || is_being_recorded(&life)) {
		pidfd = process_pidfd_open(is_being_recorded(&life) ? life.record.pid : life.container.state->pid);
		*ret_ended = pidfd < 0 || await_readable(pidfd, deadline);
		if (!*ret_ended || life_find(people, name, &arena, &life, &ignored))
			return 0;
	}
	if (life.record.ended)
		*ret_status = life.record.status;
	return 0;
}

static void forward(void *context, int signal)
{
	void *const *both = context;
	struct people *people = both[0];
	struct err ignored = ERR_INIT;

	engine_kill(&people->engine, both[1], signal, false, &ignored);
}

int life_attend(struct people *people, const char *name, int fd, bool terminal, bool input, const char *keys)
{
	void *context[] = {people, (void *)(uintptr_t)name};
	struct monitor_client client = {.fd = fd, .terminal = terminal && isatty(0), .input = input, .detach_keys = keys,
					.forward = forward, .context = context};
	enum monitor_parting parting;
	struct err err = ERR_INIT;
	int status;
	bool ended;

	if (monitor_attend(&client, &parting, &status, &err))
		return life_fail_run(people, &err);
	if (parting == MONITOR_PARTED_DETACHED)
		return 0;
	if (parting != MONITOR_PARTED_LOST)
		return status;
	if (life_await(people, name, 0, &ended, &status, &err) == 0 && ended && status >= 0)
		return status;
	err_set(&err, ERR_STATE, "the monitor of container %s has gone", name);
	err_fix(&err, "%s ls --all says whether it still runs", people->cli.program);
	return life_fail_run(people, &err);
}

int life_each(struct people *people, char **names, int count, void *context,
	      int (*what)(struct people *people, const char *name, void *context, struct err *err))
{
	int status = CLI_OK;

	for (int i = 0; i < count; i++) {
		struct err err = ERR_INIT;

		if (what(people, names[i], context, &err))
			status = life_fail(people, &err);
	}
	return status;
}
