/* SPDX-License-Identifier: Apache-2.0 */
/* causes: what execve refuses, and programs whose set-id bits do not count. The last call of each is the one that is refused. */
#include "causes.h"

static int try_exec(int error)
{
	char *argv[] = {(char *)"f", NULL};

	return refused(execve(in_work("f"), argv, argv + 1), error);
}
static int exec_interpreter(void)
{
	make_file(in_work("f"), 0755, 0, "#!/usr/bin/no-such-interpreter\n");
	return try_exec(ENOENT);
}
static int exec_no_program(void)
{
	make_file(in_work("f"), 0755, 0, "just words\n");
	return try_exec(ENOEXEC);
}
static int exec_missing(void)
{
	return try_exec(ENOENT);
}
/* A copy of a program, with some bytes changed. */
static void make_copy(const char *source, long at, const void *bytes, size_t count)
{
	char block[65536];
	int from, to;
	ssize_t got;

	if (call_alone())
		return;
	from = open(source, O_RDONLY | O_CLOEXEC);
	to = open(in_work("f"), O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	while ((got = read(from, block, sizeof(block))) > 0)
		need(write(to, block, (size_t)got), "copy");
	if (at >= 0)
		need(pwrite(to, bytes, count, at), "copy");
	close(from);
	close(to);
}
static int exec_machine(void)
{
	make_copy("/proc/self/exe", 18, "\xb7\x00", 2); /* e_machine: aarch64 */
	return try_exec(ENOEXEC);
}
/* A program that is linked dynamically, with another name of its loader. */
static int exec_loader(void)
{
	char block[4096];
	int fd = open("/usr/bin/env", O_RDONLY | O_CLOEXEC);
	char *at;

	if (call_alone())
		return try_exec(ENOENT);
	need(read(fd, block, sizeof(block)), "read");
	at = memmem(block, sizeof(block), "/lib64/ld-", 10);
	if (!at)
		return ABSENT;
	make_copy("/usr/bin/env", at - block, "/nolib", 6);
	return try_exec(ENOENT);
}
static int exec_directory(void)
{
	make_directory(in_work("f"), 0755, 0);
	return try_exec(EACCES);
}
static int exec_interpreter_mode(void)
{
	char script[200];

	snprintf(script, sizeof(script), "#!%s\n", in_work("i"));
	make_file(in_work("i"), 0644, 0, "#!/bin/sh\n");
	make_file(in_work("f"), 0755, 0, script);
	return try_exec(EACCES);
}
static int exec_carriage_return(void)
{
	make_file(in_work("f"), 0755, 0, "#!/bin/sh\r\n");
	return try_exec(ENOENT);
}
static int exec_too_long(void)
{
	static char argument[100000];
	char *argv[42] = {(char *)"f"};

	/* Each is short enough, and all together are not. */
	memset(argument, 'x', sizeof(argument) - 1);
	for (int i = 1; i < 41; i++)
		argv[i] = argument;
	make_file(in_work("f"), 0755, 0, "#!/bin/sh\n");
	return refused(execve(in_work("f"), argv, argv + 41), E2BIG);
}
static int exec_busy(void)
{
	int fd;

	make_copy("/proc/self/exe", -1, NULL, 0);
	fd = open(in_work("f"), O_WRONLY | O_CLOEXEC);
	need(fd, "open");
	return try_exec(ETXTBSY);
}
static int exec_loop(void)
{
	char script[200];

	snprintf(script, sizeof(script), "#!%s\n", in_work("f"));
	make_file(in_work("f"), 0755, 0, script);
	return try_exec(ELOOP);
}

/* ---- set-id bits that do not count: the program reads what only its owner may ---- */

static int read_secret(const char *path)
{
	return refused(open(path, O_RDONLY | O_CLOEXEC), EACCES);
}
static int run_set_id(const char *program, const char *name)
{
	setenv("CAUSES_INSIDE", "1", 1);
	execl(program, "causes", name, NULL);
	return ABSENT;
}
static int no_new_privs(void)
{
	if (getenv("CAUSES_INSIDE"))
		return read_secret(in_work("secret"));
	make_file(in_work("secret"), 0600, 0, "x");
	make_copy("/proc/self/exe", -1, NULL, 0);
	if (!call_alone())
		need(chmod(in_work("f"), 04755), "chmod");
	become(NOBODY);
	if (!call_alone())
		need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	return run_set_id(in_work("f"), "no-new-privs");
}
static int nosuid(void)
{
	if (getenv("CAUSES_INSIDE"))
		return read_secret(in_work("secret"));
	make_file(in_work("secret"), 0600, 0, "x");
	make_copy("/proc/self/exe", -1, NULL, 0);
	if (!call_alone())
		need(chmod(in_work("f"), 04755), "chmod");
	private_mounts();
	if (!call_alone()) {
		need(mount(work, work, NULL, MS_BIND, NULL), "bind");
		need(mount(NULL, work, NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL), "remount");
	}
	become(NOBODY);
	return run_set_id(in_work("f"), "mount-nosuid");
}

const struct cause cases_programs[] = {
	{"exec-interpreter", "exec-interpreter-missing", exec_interpreter},
	{"exec-loader", "exec-loader-missing", exec_loader},
	{"exec-machine", "exec-wrong-machine", exec_machine},
	{"exec-no-program", "exec-no-program", exec_no_program},
	{"exec-missing", "exec-missing", exec_missing},
	{"exec-directory", "exec-not-regular", exec_directory},
	{"exec-interp-mode", "exec-interpreter-denied", exec_interpreter_mode},
	{"exec-cr", "exec-carriage-return", exec_carriage_return},
	{"exec-too-long", "exec-too-long", exec_too_long},
	{"exec-busy", "exec-busy", exec_busy},
	{"exec-loop", "exec-loop", exec_loop},
	{"no-new-privs", "no-new-privs", no_new_privs},
	{"mount-nosuid", "nosuid", nosuid},
	{NULL, NULL, NULL},
};
