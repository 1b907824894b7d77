/* SPDX-License-Identifier: Apache-2.0 */
/* record: monitor.json and exit.json, written by the monitor alone and read by every verb. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/opt.h"
#include "kernel/process.h"
#include "people/monitor/parts.h"

#define EXIT_SIZE 256

static const char *const restart_names[] = {"no", "on-failure", "always", "unless-stopped", NULL};

const char *monitor_restart_name(enum monitor_restart restart)
{
	return restart_names[restart];
}

int monitor_restart_parse(const char *text, struct monitor_options *options, struct err *err)
{
	size_t length = strcspn(text, ":");

	for (int i = 0; restart_names[i]; i++) {
		char *end = NULL;

		if (strncmp(text, restart_names[i], length) != 0 || restart_names[i][length])
			continue;
		options->restart = (enum monitor_restart)i;
		if (!text[length])
			return 0;
		errno = 0;
		if (i == MONITOR_RESTART_ON_FAILURE && text[length + 1] >= '0' && text[length + 1] <= '9')
			options->restart_max = strtoull(text + length + 1, &end, 10);
		if (end && !*end && errno == 0)
			return 0;
	}
	err_set(err, ERR_USAGE, "--restart cannot be \"%s\"", text);
	return err_fix(err, "no, on-failure, on-failure:NUMBER, always or unless-stopped");
}

static uint64_t start_time(pid_t pid)
{
	uint64_t time = 0;
	char letter;

	return pid && process_stat(pid, &time, &letter) == 0 ? time : 0;
}

int record_write(const struct state_dir *dir, const struct monitor_record *record, struct err *err)
{
	const struct monitor_options *options = &record->options;
	struct buf text cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&text, 0);

	json_begin_object(&writer);
	json_member_i64(&writer, "pid", record->pid);
	json_member_u64(&writer, "pidStart", start_time(record->pid));
	json_member_i64(&writer, "keeper", record->keeper);
	json_member_u64(&writer, "keeperStart", start_time(record->keeper));
	json_member_u64(&writer, "started", record->started_ns);
	json_member_u64(&writer, "restarts", record->restarts);
	json_member_bool(&writer, "terminal", options->terminal);
	json_member_bool(&writer, "interactive", options->interactive);
	json_member_bool(&writer, "remove", options->remove);
	json_member_string(&writer, "restart", restart_names[options->restart]);
	json_member_u64(&writer, "restartMax", options->restart_max);
	json_member_string(&writer, "source", options->source);
	json_member_strings(&writer, "command", options->command.items, options->command.count);
	json_member_strings(&writer, "labels", options->labels.items, options->labels.count);
	json_end_object(&writer);
	if (text.failed)
		return err_set(err, ERR_INTERNAL, "out of memory for the record of the monitor");
	return state_put_file(dir, MONITOR_FILE, text.data, text.length, err);
}

static int pad(char *text, size_t length)
{
	memset(text + length, ' ', EXIT_SIZE - length - 1);
	text[EXIT_SIZE - 1] = '\n';
	return EXIT_SIZE;
}

int record_exit_prepare(const struct state_dir *dir, int *ret_fd, struct err *err)
{
	char blank[EXIT_SIZE];
	int fd cleanup_fd = openat(dir->fd, MONITOR_EXIT_FILE ".new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
				   0600);
	int result;

	if (fd < 0)
		return err_sys(err, errno, "openat", "cannot make the exit record of container %s", dir->id);
	result = fd_write_all(fd, blank, (size_t)pad(blank, 0));
	if (result < 0) {
		err_sys(err, result, "write", "cannot take the room for the exit record of container %s", dir->id);
		return err_fix(err, "free space below the state root, or choose another one by --root");
	}
	/* That of a run before this one. */
	if (unlinkat(dir->fd, MONITOR_EXIT_FILE, 0) != 0 && errno != ENOENT)
		return err_sys(err, errno, "unlinkat", "cannot remove the old exit record of container %s", dir->id);
	*ret_fd = fd_take(&fd);
	return 0;
}

void record_exit(const struct state_dir *dir, int fd, int status, bool oom)
{
	char text[EXIT_SIZE];
	struct timespec now;
	int length;

	clock_gettime(CLOCK_REALTIME, &now);
	length = snprintf(text, sizeof(text), "{\"status\":%d,\"oom\":%s,\"time\":%lld%09ld}", status, oom ? "true" : "false",
			  (long long)now.tv_sec, now.tv_nsec);
	if (pwrite(fd, text, (size_t)pad(text, (size_t)length), 0) == EXIT_SIZE)
		(void)!renameat(dir->fd, MONITOR_EXIT_FILE ".new", dir->fd, MONITOR_EXIT_FILE);
}

bool record_is_stopped(const struct state_dir *dir)
{
	return faccessat(dir->fd, MONITOR_STOPPED, F_OK, 0) == 0;
}

static int open_dir(const struct engine *engine, const char *id, struct state_dir *ret_dir, struct err *err)
{
	int root_fd cleanup_fd = -EBADF;

	if (state_check_id(id, err) || state_root_open(engine->root, engine->program, false, &root_fd, err))
		return ERR;
	return state_dir_open(root_fd, id, ret_dir, err);
}

int monitor_mark_stopped(const struct engine *engine, const char *id, struct err *err)
{
	struct state_dir dir cleanup_state_dir = STATE_DIR_INIT;
	int fd cleanup_fd = -EBADF;

	if (open_dir(engine, id, &dir, err))
		return ERR;
	fd = openat(dir.fd, MONITOR_STOPPED, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(err, errno, "openat", "cannot mark container %s as stopped", id) : 0;
}

int monitor_open_file(const struct engine *engine, const char *id, const char *name, int *ret_fd, struct err *err)
{
	struct state_dir dir cleanup_state_dir = STATE_DIR_INIT;
	int fd;

	if (open_dir(engine, id, &dir, err))
		return ERR;
	fd = openat(dir.fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return err_sys(err, errno, "openat", "cannot open %s of container %s", name, id);
	*ret_fd = fd < 0 ? -EBADF : fd;
	return 0;
}

int monitor_connect(const struct engine *engine, const char *id, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct state_dir dir cleanup_state_dir = STATE_DIR_INIT;
	int fd cleanup_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, errno, "socket", "cannot make a socket");
	if (open_dir(engine, id, &dir, err))
		return ERR;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" MONITOR_SOCKET, dir.fd);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		*ret_fd = fd_take(&fd);
		return 0;
	}
	err_set(err, ERR_STATE, "container %s has no monitor", id);
	err_why(err, "it runs in someone's foreground, its monitor was killed, or it has ended");
	return err_fix(err, "bulkhead ls --all says which; bulkhead exec gives a shell in it while it runs");
}

/* A file that cannot be read, or is none of ours, gives NULL. */
static const struct json *read_json(const struct state_dir *dir, const char *name, struct arena *arena)
{
	struct err ignored = ERR_INIT;
	struct json *root;
	const char *text;
	size_t size;

	if (state_get_file(dir, name, arena, MONITOR_RECORD_SIZE, &text, &size, &ignored) ||
	    json_parse(arena, name, text, size, &root, &ignored))
		return NULL;
	return root;
}

static uint64_t number(const struct json *object, const char *key)
{
	uint64_t value = 0;

	json_u64(json_get(object, key), &value);
	return value;
}

static bool truth(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && value->type == JSON_BOOL && value->boolean;
}

static const char *string(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && value->type == JSON_STRING ? value->string : "";
}

static struct strings strings(struct arena *arena, const struct json *object, const char *key)
{
	const struct json *array = json_get(object, key);
	const char **items;
	size_t count = 0;

	if (!array || array->type != JSON_ARRAY)
		return (struct strings){0};
	items = arena_calloc(arena, array->count + 1, sizeof(*items));
	for (const struct json *at = array->first; items && at; at = at->next)
		if (at->type == JSON_STRING)
			items[count++] = at->string;
	return (struct strings){items, count};
}

/* The same process, not a later one of that number; a zombie does nothing any more. */
static bool is_alive(pid_t pid, uint64_t start)
{
	uint64_t time;
	char letter;

	return pid > 0 && process_stat(pid, &time, &letter) == 0 && time == start && letter != 'Z' && letter != 'X';
}

int monitor_record_read(const struct engine *engine, const char *id, struct arena *arena, struct monitor_record *ret,
			struct err *err)
{
	struct state_dir dir cleanup_state_dir = STATE_DIR_INIT;
	const struct json *json;
	struct err ignored = ERR_INIT;

	if (open_dir(engine, id, &dir, err))
		return ERR;
	*ret = (struct monitor_record){0};
	json = read_json(&dir, MONITOR_FILE, arena);
	if (!json)
		return 0;
	*ret = (struct monitor_record){
		.present = true,
		.pid = (pid_t)number(json, "pid"),
		.keeper = (pid_t)number(json, "keeper"),
		.started_ns = number(json, "started"),
		.restarts = number(json, "restarts"),
		.options = {.terminal = truth(json, "terminal"), .interactive = truth(json, "interactive"),
			    .remove = truth(json, "remove"), .source = string(json, "source"),
			    .command = strings(arena, json, "command"), .labels = strings(arena, json, "labels")},
	};
	ret->monitored = is_alive(ret->pid, number(json, "pidStart"));
	if (monitor_restart_parse(string(json, "restart"), &ret->options, &ignored) == 0)
		ret->options.restart_max = number(json, "restartMax");
	ret->restarting = ret->options.restart != MONITOR_RESTART_NO && is_alive(ret->keeper, number(json, "keeperStart")) &&
			  !record_is_stopped(&dir);
	json = read_json(&dir, MONITOR_EXIT_FILE, arena);
	if (!json)
		return 0;
	ret->ended = true;
	ret->status = (int)number(json, "status");
	ret->oom = truth(json, "oom");
	ret->ended_ns = number(json, "time");
	return 0;
}
