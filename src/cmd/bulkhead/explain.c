/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: who refused a system call, and which setting would allow it: of a container that runs, of a process of any
 * runtime, of a cgroup, or of a command that is started here. Reads only. What watches is a helper program; when this one ends,
 * in whatever way, nothing stays attached.
 */
#include "cmd/bulkhead/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "kernel/process.h"

static const struct opt options[] = {
	{OPT_FLAG, 'a', "all", NULL, "every refusal, also what is usually noise", offsetof(struct explain_options, all)},
	{OPT_FLAG, 'f', "follow", NULL, "print each when it happens", offsetof(struct explain_options, follow)},
	{OPT_STRING, 0, "last", "CONTAINER", "tell again what was recorded of it while it was explained",
	 offsetof(struct explain_options, last)},
	{OPT_FLAG, 0, "json", NULL, "a line of JSON for each, also programs and exits",
	 offsetof(struct explain_options, json)},
	{OPT_STRING, 0, "tier", "hooks|probes|tracepoints|rootless", "look no deeper than this",
	 offsetof(struct explain_options, tier)},
	{.type = OPT_END},
};

static int failed(struct people *people, const struct err *err)
{
	cli_error(&people->cli, err);
	return PEOPLE_FAILED;
}

/* A signal ends the watching, not the telling. */
static volatile sig_atomic_t interrupted;
static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static void catch_signals(bool ignore)
{
	struct sigaction action = {.sa_handler = ignore ? SIG_IGN : on_interrupt};

	sigaction(SIGINT, &action, NULL);
	sigaction(ignore ? SIGQUIT : SIGTERM, &action, NULL);
}

static int read_tier(const struct explain_options *chosen, enum observe_tier *ret, struct err *err)
{
	*ret = OBSERVE_TIER_HOOKS;
	if (!chosen->tier || strcmp(chosen->tier, "hooks") == 0)
		return 0;
	for (*ret = OBSERVE_TIER_ROOTLESS; *ret < OBSERVE_TIER_HOOKS; ++*ret)
		if (strcmp(chosen->tier, explain_tier_name(*ret)) == 0)
			return 0;
	err_set(err, ERR_USAGE, "explain: unknown tier \"%s\"", chosen->tier);
	return err_fix(err, "--tier hooks, --tier probes, --tier tracepoints, or for a command --tier rootless");
}

/* Take records until pidfd's process ends (-EBADF: until a signal). */
static int watch(struct explain_story *story, int pidfd, struct err *err)
{
	bool at_once = story->options->follow || story->options->json;
	union observe_record record;

	while (!interrupted && !story->output_error) {
		/* A pipe that nobody reads any more has an error, before something is written. */
		struct pollfd fds[3] = {{.fd = story->observe.fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN},
					{.fd = at_once ? STDOUT_FILENO : -1}};
		int result;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "poll", "cannot wait");
		if (fds[2].revents & POLLERR)
			return 0;
		if (fds[0].revents) {
			/* All: what came in one message makes the socket readable once. */
			while ((result = observe_next(&story->observe, 0, &record, err)) > 0)
				explain_story_take(story, &record);
			if (result < 0)
				return ERR;
			if (story->observe.fd < 0)
				return err_set(err, ERR_INTERNAL, "the helper that watches has ended");
		} else if (fds[1].revents) {
			break;
		}
	}
	return 0;
}

/* A pid or a cgroup, no name of a container. */
static bool is_place(const char *word)
{
	return strspn(word, "0123456789") == strlen(word) || strchr(word, '/');
}

static int explain_running(struct people *people, const struct explain_options *chosen, const char *word)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct explain_target target = {0};
	struct explain_story story;
	struct err err = ERR_INIT;
	int pidfd cleanup_fd = -EBADF, status = 0;

	if (chosen->tier && strcmp(chosen->tier, "rootless") == 0) {
		err_set(&err, ERR_USAGE, "explain: tier rootless is for a command that is started");
		err_fix(&err, "bulkhead explain --tier rootless -- COMMAND");
		return failed(people, &err);
	}
	if (read_tier(chosen, &target.observe.tier_max, &err) ||
	    explain_target_find(people, &arena, word, &target, &err) ||
	    explain_story_begin(&story, people, chosen, &err))
		return failed(people, &err);
	pidfd = target.pid ? process_pidfd_open(target.pid) : -EBADF;
	catch_signals(false);
	/* Of a container of ours by its name it is kept. */
	if (explain_story_start(&story, &target.observe, &err) == 0 &&
	    (is_place(word) || explain_record_begin(&story, word, &err) == 0)) {
		story.explain.attached = true;
		if (target.pid)
			explain_hold(&story.explain, target.pid, explain_namespace(target.pid, "mnt"));
		fprintf(stderr, "explain: watching %s with tier %s; ctrl-c ends it\n", word,
			explain_tier_name(story.observe.ready.tier));
		if (watch(&story, pidfd, &err) || explain_story_drain(&story, &err))
			status = failed(people, &err);
		explain_record_end(&story);
		if (explain_story_tell(&story, stdout, &err))
			status = failed(people, &err);
	} else {
		status = failed(people, &err);
	}
	explain_story_done(&story);
	return status;
}

/* ---- a command ---- */

/* In the child: wait for the word, then become the command. */
static void become(int gate_fd, char **argv)
{
	char word;

	if (read(gate_fd, &word, 1) != 1)
		_exit(PEOPLE_FAILED);
	close(gate_fd);
	execvp(argv[0], argv);
	_exit(errno == ENOENT ? PEOPLE_NOT_FOUND : PEOPLE_NOT_EXECUTABLE);
}

static int launch(char **argv, pid_t *ret_pid, int *ret_gate_fd, struct err *err)
{
	int gate[2];

	if (pipe2(gate, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe2", "cannot start %s", argv[0]);
	*ret_pid = fork();
	if (*ret_pid < 0) {
		err_sys(err, errno, "fork", "cannot start %s", argv[0]);
		close(gate[0]);
		close(gate[1]);
		return ERR;
	}
	if (*ret_pid == 0) {
		close(gate[1]);
		become(gate[0], argv);
	}
	close(gate[0]);
	*ret_gate_fd = gate[1];
	return 0;
}

static void take_traced(void *context, const union observe_record *record)
{
	struct explain_story *story = context;

	if (record->kind == OBSERVE_READY) {
		story->observe.ready = record->ready;
		explain_story_ready(story);
		return;
	}
	explain_story_take(story, record);
}

int explain_traced(struct people *people, const struct explain_options *chosen, char **argv, bool inside, const char *id)
{
	struct explain_story story;
	struct err err = ERR_INIT;
	int wait_status = 0, status = 0;

	if (explain_story_begin(&story, people, chosen, &err) || (id && explain_record_begin(&story, id, &err)))
		return failed(people, &err);
	story.inside = inside;
	catch_signals(true);
	if (observe_trace(argv, take_traced, &story, &wait_status, &err)) {
		explain_story_done(&story);
		return failed(people, &err);
	}
	explain_record_end(&story);
	if (explain_story_tell(&story, stderr, &err))
		status = failed(people, &err);
	explain_story_done(&story);
	return status ?: engine_exit_status(wait_status);
}

static int explain_command(struct people *people, const struct explain_options *chosen, char **argv)
{
	struct observe_target target = {0};
	int gate_fd cleanup_fd = -EBADF, pidfd cleanup_fd = -EBADF, wait_status = 0, status = 0;
	struct explain_story story;
	struct err err = ERR_INIT;
	pid_t pid;

	if (read_tier(chosen, &target.tier_max, &err))
		return failed(people, &err);
	if (target.tier_max == OBSERVE_TIER_ROOTLESS || (geteuid() != 0 && !chosen->tier))
		return explain_traced(people, chosen, argv, false, NULL);
	if (explain_story_begin(&story, people, chosen, &err))
		return failed(people, &err);
	if (launch(argv, &pid, &gate_fd, &err))
		return failed(people, &err);
	pidfd = process_pidfd_open(pid);
	target.pids = &pid;
	target.pids_count = 1;
	if (explain_story_start(&story, &target, &err)) {
		/* The gate closes unopened: the child ends without having been the command. */
		fd_close(&gate_fd);
		waitpid(pid, &wait_status, 0);
		explain_story_done(&story);
		return failed(people, &err);
	}
	explain_hold(&story.explain, pid, explain_namespace(pid, "mnt"));
	catch_signals(true);
	if (fd_write_all(gate_fd, "x", 1) < 0 || watch(&story, pidfd, &err))
		status = failed(people, &err);
	while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
		;
	if (!status && explain_story_drain(&story, &err))
		status = failed(people, &err);
	if (explain_story_tell(&story, stderr, &err))
		status = failed(people, &err);
	explain_story_done(&story);
	return status ?: engine_exit_status(wait_status);
}

/* What was recorded. */
static int explain_last(struct people *people, const struct explain_options *chosen)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct explain_story story;
	struct err err = ERR_INIT;
	int status = 0;

	if (explain_story_begin(&story, people, chosen, &err))
		return failed(people, &err);
	if (explain_record_read(&story, &arena, chosen->last, &err) || explain_story_tell(&story, stdout, &err))
		status = failed(people, &err);
	explain_story_done(&story);
	return status;
}

/* Everything behind "--" is a command. */
static bool has_command(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return true;
	return false;
}

static int verb(int argc, char **argv, void *context)
{
	struct people *people = context;
	struct explain_options chosen = {0};
	bool command = has_command(argc, argv), help = false;
	struct err err = ERR_INIT;
	int operands = 0;

	if (opt_parse(&verb_explain, argc, argv, &chosen, &operands, &help, &err))
		return failed(people, &err);
	if (help)
		return cli_print_help(&people->cli, &verb_explain) ? PEOPLE_FAILED : 0;
	if (chosen.last && (operands || command || chosen.follow || chosen.tier)) {
		err_set(&err, ERR_USAGE, "explain: --last tells what was recorded, and watches nothing");
		err_fix(&err, "bulkhead explain --last CONTAINER, alone or with --all or --json");
		return failed(people, &err);
	}
	if (chosen.last)
		return explain_last(people, &chosen);
	if (operands == 0 || (!command && operands != 1)) {
		err_set(&err, ERR_USAGE, "explain: %s", operands ? "it takes one container, pid or cgroup" : "of "
		 "what?");
		err_fix(&err, "bulkhead explain CONTAINER|PID|CGROUP, or bulkhead explain -- COMMAND");
		return failed(people, &err);
	}
	if (chosen.json && (chosen.all || chosen.follow)) {
		err_set(&err, ERR_USAGE, "explain: --json prints everything when it happens");
		err_fix(&err, "without --all and --follow");
		return failed(people, &err);
	}
	return command ? explain_command(people, &chosen, argv) : explain_running(people, &chosen, argv[0]);
}

const struct opt_verb verb_explain = {
	.name = "explain",
	.synopsis = "[options] CONTAINER|PID|CGROUP | [options] -- COMMAND [ARGUMENT…] | --last CONTAINER",
	.summary = "Say who refused a system call, and which setting would allow it.",
	.examples = "  bulkhead explain web1                         a container of ours, by its name\n"
		    "  bulkhead explain 9c44863bf6fe                 a container of podman, Docker …, by its name or id\n"
		    "  bulkhead explain -- bulkhead run host ping -c1 127.0.0.1\n"
		    "  bulkhead explain --follow --all 4711\n"
		    "  bulkhead run --explain --name web …           beside a container from its start\n"
		    "  bulkhead explain --last web                   what was told of it, once more\n",
	.options = options,
	.run = verb,
};
