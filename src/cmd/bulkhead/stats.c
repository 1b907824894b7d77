/* SPDX-License-Identifier: Apache-2.0 */
/* stats, top: what containers use, and their processes as the host sees them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/lifecycle.h"

#define STATS_PAUSE_SECONDS 1

struct stats_options {
	bool json, once;
};

static const struct opt stats_table[] = {
	{OPT_FLAG, 0, "json", NULL, "once, as the runtime gives it: one object a line", offsetof(struct stats_options, json)},
	{OPT_FLAG, 0, "no-stream", NULL, "once, also on a terminal", offsetof(struct stats_options, once)},
	{.type = OPT_END},
};

static uint64_t number_at(const struct json *at, const char *const *path)
{
	uint64_t value = 0;

	for (; *path; path++)
		at = json_get(at, *path);
	json_u64(at, &value);
	return value;
}

/* Tenths, for numbers here are whole ones. */
static void print_size(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	uint64_t whole = bytes, rest = 0;
	size_t unit = 0;

	for (; whole >= 1024 && unit + 1 < ARRAY_SIZE(units); unit++) {
		rest = whole % 1024;
		whole /= 1024;
	}
	buf_printf(out, "%7llu.%llu %-4s ", (unsigned long long)whole, (unsigned long long)(rest * 10 / 1024), units[unit]);
}

/* v1 says no limit as a number that no machine has. */
static void print_limit(struct buf *out, uint64_t bytes)
{
	if (bytes == 0 || bytes >= (uint64_t)1 << 62)
		buf_printf(out, "%14s ", "none");
	else
		print_size(out, bytes);
}

static void print_row(struct buf *out, const char *name, const struct json *data)
{
	static const char *const cpu[] = {"cpu", "usage", "total", NULL};
	static const char *const memory[] = {"memory", "usage", "usage", NULL};
	static const char *const limit[] = {"memory", "usage", "limit", NULL};
	static const char *const pids[] = {"pids", "current", NULL};
	uint64_t cpu_ns;

	cpu_ns = number_at(data, cpu);
	buf_printf(out, "%-24s %7llu.%02llu s ", name, (unsigned long long)(cpu_ns / 1000000000),
		   (unsigned long long)(cpu_ns / 10000000 % 100));
	print_size(out, number_at(data, memory));
	print_limit(out, number_at(data, limit));
	buf_printf(out, "%8llu\n", (unsigned long long)number_at(data, pids));
}

/* One that ends meanwhile is left out of a list, and an error where it was named. */
static int add_stats(struct people *people, const char *name, bool json, struct buf *out, struct err *err)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf text cleanup_buf = BUF_INIT;
	struct json *root;

	if (engine_stats(&people->engine, name, &text, err))
		return ERR;
	if (json) {
		buf_add(out, text.data, text.length);
		buf_puts(out, "\n");
		return 0;
	}
	if (json_parse(&arena, "stats", text.data, text.length, &root, err))
		return ERR;
	print_row(out, name, json_get(root, "data"));
	return 0;
}

static int print_round(struct people *people, char **names, int count, const struct stats_options *chosen, bool live)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf out cleanup_buf = BUF_INIT;
	struct err err = ERR_INIT;
	struct life life, *lives;
	size_t all = 0;

	if (live)
		buf_puts(&out, "\033[H\033[J");
	if (!chosen->json)
		buf_printf(&out, "%-24s %12s %14s %14s %8s\n", "NAME", "CPU", "MEMORY", "LIMIT", "PIDS");
	for (int i = 0; i < count; i++)
		if (life_find(people, names[i], &arena, &life, &err) ||
		    add_stats(people, names[i], chosen->json, &out, &err))
			return life_fail(people, &err);
	if (!count && life_list(people, &arena, &lives, &all, &err))
		return life_fail(people, &err);
	for (size_t i = 0; i < all; i++)
		if (life_is_running(&lives[i]))
			add_stats(people, lives[i].container.state->id, chosen->json, &out, &err);
	return cli_print(&people->cli, &out);
}

static int stats(int argc, char **argv, void *context)
{
	struct stats_options chosen = {0};
	struct people *people = context;
	int operands, status = life_parse(people, &verb_stats, argc, argv, &chosen, 0, LIFE_MANY, &operands);
	bool live = !chosen.json && !chosen.once && isatty(1);

	if (status != LIFE_GO_ON)
		return status;
	for (;;) {
		struct timespec pause = {.tv_sec = STATS_PAUSE_SECONDS};

		status = print_round(people, argv, operands, &chosen, live);
		if (status || !live)
			return status;
		nanosleep(&pause, NULL);
	}
}

const struct opt_verb verb_stats = {
	.name = "stats",
	.synopsis = "[options] [CONTAINER…]",
	.summary = "Show processor time, memory and processes of containers.",
	.examples = "  bulkhead stats                 live on a terminal, else once\n"
		    "  bulkhead stats --json web\n",
	.options = stats_table,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = stats,
};

static const struct opt top_table[] = {
	{OPT_FLAG, 0, "json", NULL, "as a JSON array", offsetof(struct stats_options, json)},
	{.type = OPT_END},
};

/* The arguments as one line; what a process calls itself is not trusted. */
static bool read_command(pid_t pid, char *text, size_t size)
{
	char path[48];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	{
		int fd cleanup_fd = open(path, O_RDONLY | O_CLOEXEC);

		length = fd < 0 ? -1 : fd_read_full(fd, text, size - 1);
	}
	if (length < 0)
		return false;
	text[length] = '\0';
	while (length > 0 && !text[length - 1])
		length--;
	for (ssize_t i = 0; i < length; i++)
		if (!text[i])
			text[i] = ' ';
		else if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	return true;
}

static void print_processes(struct buf *out, const pid_t *pids, size_t count, bool json)
{
	struct json_writer writer = JSON_WRITER(out, 2);
	char command[256];

	if (json)
		json_begin_array(&writer);
	else
		buf_printf(out, "%-10s %s\n", "PID", "COMMAND");
	for (size_t i = 0; i < count; i++) {
		if (!read_command(pids[i], command, sizeof(command)))
			continue;
		if (!json) {
			buf_printf(out, "%-10d %s\n", pids[i], command);
			continue;
		}
		json_begin_object(&writer);
		json_member_i64(&writer, "pid", pids[i]);
		json_member_string(&writer, "command", command);
		json_end_object(&writer);
	}
	if (json) {
		json_end_array(&writer);
		buf_puts(out, "\n");
	}
}

static int top(int argc, char **argv, void *context)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf out cleanup_buf = BUF_INIT;
	struct stats_options chosen = {0};
	struct people *people = context;
	struct err err = ERR_INIT;
	struct life life;
	pid_t *pids;
	size_t count;
	int operands, status = life_parse(people, &verb_top, argc, argv, &chosen, 1, 1, &operands);

	if (status != LIFE_GO_ON)
		return status;
	if (life_find(people, argv[0], &arena, &life, &err) ||
	    engine_pids(&people->engine, argv[0], &arena, &pids, &count, &err))
		return life_fail(people, &err);
	print_processes(&out, pids, count, chosen.json);
	return cli_print(&people->cli, &out);
}

const struct opt_verb verb_top = {
	.name = "top",
	.synopsis = "[options] CONTAINER",
	.summary = "List the processes of a container, by the host's pids.",
	.examples = "  bulkhead top web\n",
	.options = top_table,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = top,
};
