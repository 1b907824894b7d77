/* SPDX-License-Identifier: Apache-2.0 */
/* cli: see cli.h. Runs in the runtime, first and last. Allocates only for warnings. */
#include "cmd/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "abi/signals.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/types.h"

/* The engine's warnings come without a context: one program has one log. */
static struct cli *current;

int cli_log_open(struct cli *cli, struct err *err)
{
	current = cli;
	cli->json = cli->log_format && strcmp(cli->log_format, "json") == 0;
	if (cli->log_path) {
		cli->log_fd = open(cli->log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
		if (cli->log_fd < 0) {
			err_sys(err, errno, "openat", "cannot open the log file %s", cli->log_path);
			return err_fix(err, "make its directory, or leave --log out");
		}
		fd_above_stdio(&cli->log_fd);
	}
	if (!cli->log_format || cli->json || strcmp(cli->log_format, "text") == 0)
		return 0;
	err_set(err, ERR_USAGE, "unknown log format \"%s\"", cli->log_format);
	return err_fix(err, "--log-format text, or --log-format json");
}

/* What helps against an error whoever meets it, where nobody who met it knew better. */
static const char *remedy_for(const struct err *err)
{
	static const struct {
		int errnum;
		const char *fix;
	} remedies[] = {
		{EACCES, "look who may (namei -l PATH shows each directory on the way), and run it as one who may"},
		{EMFILE, "raise the limit of open files: ulimit -n"},
		{ENFILE, "raise the machine's limit of open files: sysctl fs.file-max"},
		{ENOSPC, "make room on that file system; df and df -i show what is full"},
		{EDQUOT, "make room within the quota, or raise it"},
		{ENOMEM, "free memory, or raise the memory limit of the cgroup that this runs in"},
		{EIO, "look in the kernel's log (dmesg): the device, or what serves the file system, failed"},
		{EROFS, "name a place on a file system that can be written"},
		{ENAMETOOLONG, "use shorter names: 255 bytes each, 4095 a path"},
		{ELOOP, "look at the links on the way with namei PATH: they lead in a circle, or must not be there"},
	};
	static const char *const makes_process[] = {"fork", "clone3", "posix_spawn"};

	for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
		if (remedies[i].errnum == err->errnum)
			return remedies[i].fix;
	for (size_t i = 0; i < ARRAY_SIZE(makes_process); i++)
		if (err->errnum == EAGAIN && strcmp(err->call, makes_process[i]) == 0)
			return "raise the limit of processes: ulimit -u, or pids.max of the cgroup that this runs in";
	return NULL;
}

/* What is wrong, where, why, and what to do, in one line. */
static void add_message(struct buf *out, const struct err *err)
{
	char line[sizeof(err->what) + 128];

	err_format(err, false, line, sizeof(line));
	buf_puts(out, line);
	if (err->where[0])
		buf_printf(out, " (asked by %s)", err->where);
	if (err->why[0])
		buf_printf(out, ", because %s", err->why);
	if (err->fix[0])
		buf_printf(out, "; try: %s", err->fix);
}

static void add_time(struct buf *out)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		   tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec);
}

/* One line in the form of the log. JSON strings are text lines' quoted strings too. */
static void add_log_line(const struct cli *cli, struct buf *out, const char *level, const char *message)
{
	struct buf when cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(out, 0);

	add_time(&when);
	if (cli->json) {
		json_begin_object(&writer);
		json_member_string(&writer, "level", level);
		json_member_string(&writer, "msg", message);
		json_member_string(&writer, "time", when.data);
		json_end_object(&writer);
	} else {
		buf_printf(out, "time=\"%s\" level=%s msg=", when.data ? when.data : "", level);
		json_put_string(&writer, message);
	}
	buf_puts(out, "\n");
}

static void log_now(struct cli *cli, const char *level, const char *message)
{
	struct buf line cleanup_buf = BUF_INIT;

	if (cli->log_fd < 0)
		return;
	add_log_line(cli, &line, level, message);
	if (!line.failed)
		fd_write_all(cli->log_fd, line.data, line.length);
}

/* level: "warning: "; "" for an error. */
static void say(const struct cli *cli, const char *level, const char *text)
{
	struct buf line cleanup_buf = BUF_INIT;

	buf_printf(&line, "%s: %s%s\n", cli->program, level, text);
	if (!line.failed)
		fd_write_all(2, line.data, line.length);
}

void cli_error(struct cli *cli, const struct err *err)
{
	char text[sizeof(*err) + 256];
	struct buf message cleanup_buf = BUF_INIT;
	struct err whole = *err;
	const char *remedy = err->fix[0] ? NULL : remedy_for(err);

	if (remedy)
		err_fix(&whole, "%s", remedy);
	err_format(&whole, true, text, sizeof(text));
	add_message(&message, &whole);
	say(cli, "", cli->one_line && !message.failed ? message.data : text);
	if (!message.failed)
		log_now(cli, "error", message.data);
}

void cli_warn(const char *text)
{
	if (!current)
		return;
	if (current->log_fd >= 0)
		add_log_line(current, &current->warnings, "warning", text);
	else
		say(current, "warning: ", text);
}

void cli_debug(const char *text)
{
	struct buf line cleanup_buf = BUF_INIT;

	if (!current)
		return;
	add_log_line(current, &line, "debug", text);
	if (!line.failed)
		fd_write_all(current->log_fd >= 0 ? current->log_fd : 2, line.data, line.length);
}

static bool standard_fds_are_open(void)
{
	struct pollfd fds[] = {{.fd = STDIN_FILENO}, {.fd = STDOUT_FILENO}, {.fd = STDERR_FILENO}};

	if (poll(fds, ARRAY_SIZE(fds), 0) < 0)
		return false;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fds[fd].revents & POLLNVAL && open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd)
			return false;
	return true;
}

bool cli_open_standard_fds(void)
{
	if (standard_fds_are_open())
		return true;
	dprintf(STDERR_FILENO, "%s: a standard descriptor is closed and /dev/null cannot stand for it: %m\n",
		program_invocation_short_name);
	return false;
}

int cli_finish(struct cli *cli, int status)
{
	if (status == CLI_OK && cli->log_fd >= 0 && cli->warnings.length && !cli->warnings.failed)
		fd_write_all(cli->log_fd, cli->warnings.data, cli->warnings.length);
	buf_done(&cli->warnings);
	fd_close(&cli->log_fd);
	return status;
}

int cli_print(struct cli *cli, const struct buf *out)
{
	struct err err = ERR_INIT;
	int result;

	if (out->failed) {
		err_set(&err, ERR_INTERNAL, "out of memory while writing the output");
		cli_error(cli, &err);
		return CLI_ERROR;
	}
	result = out->length ? fd_write_all(1, out->data, out->length) : 0;
	if (result == 0)
		return CLI_OK;
	err_sys(&err, result, "write", "cannot write to standard output");
	cli_error(cli, &err);
	return CLI_ERROR;
}

int cli_print_help(struct cli *cli, const struct opt_verb *verb)
{
	struct buf out cleanup_buf = BUF_INIT;

	opt_add_help(&out, cli->program, verb);
	return cli_print(cli, &out);
}

int cli_number(const char *what, const char *text, uint64_t max, uint64_t *ret, struct err *err)
{
	uint64_t value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value) || value > max)
			break;
	if (at != text && !*at && value <= max) {
		*ret = value;
		return 0;
	}
	err_set(err, ERR_USAGE, "%s takes a number, not \"%s\"", what, text);
	return err_fix(err, "a decimal number from 0 to %llu", (unsigned long long)max);
}

int cli_signal_number(const char *text, int *ret_signal, struct err *err)
{
	const char *names[ABI_SIGNAL_MAX + 1] = {NULL}, *nearest;
	char upper[16] = "";
	uint64_t number;
	int known;

	if (text[0] >= '0' && text[0] <= '9') {
		if (cli_number("the signal", text, ABI_SIGNAL_MAX, &number, err)) {
			err_set(err, ERR_USAGE, "there is no signal %s", text);
			return err_fix(err, "a number from 0 to %d, or a name as in signal(7)", ABI_SIGNAL_MAX);
		}
		*ret_signal = (int)number;
		return 0;
	}
	for (size_t i = 0; text[i] && i < sizeof(upper) - 1; i++)
		upper[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
	known = strlen(text) < sizeof(upper) ? abi_signal_number(upper) : -1;
	if (known > 0) {
		*ret_signal = known;
		return 0;
	}
	for (size_t i = 0; i < ABI_SIGNAL_MAX && abi_signal_at(i); i++)
		names[i] = abi_signal_at(i);
	nearest = opt_nearest(strncmp(upper, "SIG", 3) == 0 ? upper + 3 : upper, names);
	err_set(err, ERR_USAGE, "unknown signal \"%s\"", text);
	return nearest ? err_fix(err, "%s, or its number", nearest) : err_fix(err, "a number, or a name as in signal(7)");
}
