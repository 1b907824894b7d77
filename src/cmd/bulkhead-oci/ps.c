/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps: the processes of a container: pids as JSON, or a table of ps(1): that program is run, by its absolute path, with the
 * caller's options or with -ef, and its lines are chosen by their PID column. Where it is missing there is a table of ours.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead-oci/oci.h"

#define PS_PROGRAM "/bin/ps"
#define COLUMNS_MAX 64

struct arguments {
	const char *format;
};

struct processes {
	pid_t *pids;
	size_t count;
};

static const struct opt options[] = {
	{OPT_STRING, 'f', "format", "FORMAT", "table or json", offsetof(struct arguments, format)},
	{.type = OPT_END},
};

static void print_json(struct buf *out, const struct processes *processes)
{
	struct json_writer writer = JSON_WRITER(out, 0);

	json_begin_array(&writer);
	for (size_t i = 0; i < processes->count; i++)
		json_put_i64(&writer, processes->pids[i]);
	json_end_array(&writer);
	buf_puts(out, "\n");
}

/* Its arguments with blanks between, or its name in brackets when it has none; nothing when it has ended. */
static void print_process(struct buf *out, pid_t pid)
{
	char path[48], stat_text[512], command[512], letter = '?';
	struct stat owner;
	ssize_t length;
	int parent = 0;
	const char *name, *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (stat(path, &owner) != 0 || fd_read_text_at(AT_FDCWD, path, stat_text, sizeof(stat_text)) <= 0)
		return;
	name = strchr(stat_text, '(');
	end = strrchr(stat_text, ')');
	if (!name || !end || sscanf(end + 1, " %c %d", &letter, &parent) != 2)
		return;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	length = fd_read_text_at(AT_FDCWD, path, command, sizeof(command));
	if (length <= 0)
		length = snprintf(command, sizeof(command), "[%.*s]", (int)(end - name - 1), name + 1);
	while (length > 0 && !command[length - 1])
		length--;
	/* What a process calls itself is not to drive the terminal. */
	for (ssize_t i = 0; i < length; i++)
		if ((unsigned char)command[i] < ' ' || (unsigned char)command[i] >= 0x7f)
			command[i] = command[i] ? '?' : ' ';
	buf_printf(out, "%-8u  %-8d  %-8d  %c     %.*s\n", owner.st_uid, pid, parent, letter, (int)length, command);
}

static void print_table(struct buf *out, const struct processes *processes)
{
	buf_printf(out, "%-8s  %-8s  %-8s  %s  %s\n", "UID", "PID", "PPID", "STAT", "CMD");
	for (size_t i = 0; i < processes->count; i++)
		print_process(out, processes->pids[i]);
}

/* Which column of the heading is PID; COLUMNS_MAX when none is. */
static size_t pid_column(const char *line)
{
	for (size_t column = 0; column < COLUMNS_MAX; column++) {
		size_t length;

		line += strspn(line, " ");
		length = strcspn(line, " \n");
		if (length == 3 && strncmp(line, "PID", 3) == 0)
			return column;
		if (length == 0)
			break;
		line += length;
	}
	return COLUMNS_MAX;
}

static bool line_is_ours(const char *line, size_t column, const struct processes *processes)
{
	long pid;

	for (size_t i = 0; i < column; i++) {
		line += strspn(line, " ");
		line += strcspn(line, " \n");
	}
	pid = strtol(line, NULL, 10);
	for (size_t i = 0; i < processes->count; i++)
		if (processes->pids[i] == pid)
			return true;
	return false;
}

static int choose_lines(FILE *stream, const struct processes *processes, struct buf *out, struct err *err)
{
	size_t column, size = 0;
	char *line = NULL;

	if (getline(&line, &size, stream) < 0 || (column = pid_column(line)) == COLUMNS_MAX) {
		free(line);
		err_set(err, ERR_COMMAND, "the output of %s has no column PID", PS_PROGRAM);
		return err_fix(err, "choose options of ps(1) that show it, such as -ef");
	}
	buf_puts(out, line);
	while (getline(&line, &size, stream) >= 0)
		if (line_is_ours(line, column, processes))
			buf_puts(out, line);
	free(line);
	return 0;
}

static int run_ps(char **words, const struct processes *processes, struct buf *out, struct err *err)
{
	int pipe_fds[2], result, status;
	FILE *stream;
	pid_t pid;

	if (access(PS_PROGRAM, X_OK) != 0) {
		err_sys(err, errno, "faccessat", "cannot run %s", PS_PROGRAM);
		return err_fix(err, "install Debian's package procps, or leave the options for ps out");
	}
	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
		return err_sys(err, errno, "pipe2", "cannot run %s", PS_PROGRAM);
	pid = fork();
	if (pid == 0) {
		dup2(pipe_fds[1], 1);
		/* words[0] is the container: ps's own name stands there. */
		words[0] = (char *)(uintptr_t)PS_PROGRAM;
		execv(PS_PROGRAM, words);
		_exit(127);
	}
	close(pipe_fds[1]);
	stream = pid < 0 ? NULL : fdopen(pipe_fds[0], "r");
	if (!stream) {
		close(pipe_fds[0]);
		return err_sys(err, errno, "fork", "cannot run %s", PS_PROGRAM);
	}
	result = choose_lines(stream, processes, out, err);
	fclose(stream);
	waitpid(pid, &status, 0);
	return result;
}

static int ps(int argc, char **argv, void *context)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct buf out cleanup_buf = BUF_INIT;
	char option[] = "-ef", *usual[] = {NULL, option, NULL};
	struct arguments arguments = {.format = "table"};
	struct processes processes;
	struct oci *oci = context;
	struct err err = ERR_INIT;
	int operands, status = oci_parse(oci, &verb_ps, argc, argv, &arguments, 1, OCI_ANY_NUMBER, &operands);

	if (status != OCI_GO_ON)
		return status;
	if (strcmp(arguments.format, "table") != 0 && strcmp(arguments.format, "json") != 0) {
		err_set(&err, ERR_USAGE, "unknown format \"%s\"", arguments.format);
		err_fix(&err, "--format table, or --format json");
		return oci_fail(oci, &err);
	}
	if (engine_pids(&oci->engine, argv[0], &arena, &processes.pids, &processes.count, &err))
		return oci_fail(oci, &err);
	if (strcmp(arguments.format, "json") == 0)
		print_json(&out, &processes);
	else if (operands == 1 && access(PS_PROGRAM, X_OK) != 0)
		print_table(&out, &processes);
	else if (run_ps(operands == 1 ? usual : argv, &processes, &out, &err))
		return oci_fail(oci, &err);
	return cli_print(&oci->cli, &out);
}

const struct opt_verb verb_ps = {
	.name = "ps",
	.synopsis = "[options] CONTAINER [PS-OPTION…]",
	.summary = "List the processes of a container.",
	.options = options,
	.run = ps,
};
