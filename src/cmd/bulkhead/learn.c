/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn: run a program once, know what it needs, and write that down as a containment profile. Or attach to something that
 * runs already, of any runtime. What watches is a helper program; when this one ends, in whatever way, nothing stays
 * attached.
 */
#include "cmd/bulkhead/learn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cmd/bulkhead/explain.h"
#include "cmd/bulkhead/lifecycle.h"
#include "kernel/process.h"

#define OPTION(member) offsetof(struct learn_options, member)

static const struct opt options[] = {
	{OPT_STRING, 0, "attach", "WHAT", "a container, a pid or a cgroup that runs already", OPTION(attach)},
	{OPT_STRING, 0, "for", "TIME", "with --attach: end after 30s, 5m, 1h", OPTION(duration)},
	{OPT_U64, 0, "candidate-fd", "NUMBER", NULL, OPTION(candidate_fd)},
	{OPT_FLAG, 0, "no-verify", NULL, "do not run it again under what was learned", OPTION(no_verify)},
	{OPT_FLAG, 0, "json", NULL, "say how it went as a line of JSON; needs -o", OPTION(json)},
	{OPT_LIST, 0, "merge", "FILE", "a profile of another run, joined with this one", OPTION(merges)},
	{OPT_STRING, 'o', "output", "FILE", "write the profile here (default: standard output)", OPTION(output)},
	{OPT_U64, 0, "runner-fd", "NUMBER", NULL, OPTION(runner_fd)},
	{OPT_STRING, 0, "tier", "hooks|tracepoints|rootless|ptrace", "look no deeper than this", OPTION(tier)},
	{OPT_U64, 0, "watch-fd", "NUMBER", NULL, OPTION(watch_fd)},
	SANDBOX_OPTIONS,
	{.type = OPT_END},
};

bool learn_traced(const struct learn_options *chosen)
{
	return chosen->tier && strcmp(chosen->tier, "ptrace") == 0;
}

int learn_tier(const struct learn_options *chosen, enum observe_tier *ret, struct err *err)
{
	*ret = OBSERVE_TIER_HOOKS;
	if (!chosen->tier || strcmp(chosen->tier, "hooks") == 0)
		return 0;
	if (strcmp(chosen->tier, "tracepoints") == 0) {
		*ret = OBSERVE_TIER_TRACEPOINTS;
		return 0;
	}
	if (strcmp(chosen->tier, "rootless") == 0 || learn_traced(chosen)) {
		*ret = OBSERVE_TIER_ROOTLESS;
		return 0;
	}
	err_set(err, ERR_USAGE, "learn: unknown tier \"%s\"", chosen->tier);
	return err_fix(err, "--tier hooks, --tier tracepoints, or for a program that is started --tier rootless, --tier ptrace");
}

static int read_duration(const char *text, int64_t *ret_ms, struct err *err)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"", 1000}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	char *end;
	unsigned long number;

	*ret_ms = -1;
	if (!text)
		return 0;
	number = strtoul(text, &end, 10);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (end != text && number > 0 && number <= 1000000 && strcmp(end, units[i].unit) == 0) {
			*ret_ms = (int64_t)number * units[i].ms;
			return 0;
		}
	err_set(err, ERR_USAGE, "--for %s is no time", text);
	return err_fix(err, "--for 30s, --for 5m, --for 1h");
}

/* ---- attach ---- */

/* Any signal ends the watching; what is watched goes on. */
static bool on_signal(void *context, int signal, bool from_terminal)
{
	(void)context, (void)signal, (void)from_terminal;
	return true;
}

static int watch_running(struct learn_session *session, const struct observe_target *target, int64_t limit_ms,
			 struct err *err)
{
	int pidfd cleanup_fd = session->pid ? process_pidfd_open(session->pid) : -EBADF;

	if (observe_start(&session->observe, target, err))
		return ERR;
	learn_take(&session->learn, &(union observe_record){.ready = session->observe.ready});
	learn_note(&session->learn, true, "what %s did before learning was attached to it is not in the profile",
		   session->options->attach);
	learn_note(&session->learn, false, "not verified: what runs already cannot be run again");
	fprintf(stderr, "learn: watching %s with tier %s; ctrl-c ends it\n", session->options->attach,
		explain_tier_name(session->observe.ready.tier));
	if (learn_session_watch(session, pidfd, limit_ms, on_signal, NULL, err))
		return ERR;
	return learn_session_drain(session, err);
}

static int learn_attached(struct people *people, const struct learn_options *chosen, struct arena *arena)
{
	struct explain_target target = {.observe = {.learn = true}};
	struct learn_session session;
	struct err err = ERR_INIT;
	int64_t limit_ms;
	int status = 0;

	if (learn_tier(chosen, &target.observe.tier_max, &err) || read_duration(chosen->duration, &limit_ms, &err) ||
	    explain_target_find(people, arena, chosen->attach, &target, &err) ||
	    learn_session_begin(&session, people, chosen, &err))
		return life_fail_run(people, &err);
	session.attached = true;
	session.pid = target.pid;
	session.digest = target.image;
	if (watch_running(&session, &target.observe, limit_ms, &err) || learn_write(&session, arena, chosen->attach, NULL, &err))
		status = life_fail_run(people, &err);
	learn_session_done(&session);
	return status;
}

/* ---- command line ---- */

static int check(const struct learn_options *chosen, int operands, struct err *err)
{
	const struct {
		bool holds;
		const char *what, *remedy;
	} rules[] = {
		{chosen->attach && operands, "--attach and a source exclude each other",
		 "leave one of them out: --attach watches what runs already"},
		{!chosen->attach && !operands, "a source is missing",
		 "bulkhead learn host -- COMMAND, or bulkhead learn --attach CONTAINER"},
		{!chosen->attach && operands == 1 && !chosen->sandbox.entrypoint, "a command is missing",
		 "bulkhead learn host -- COMMAND"},
		{chosen->attach && chosen->tier && (strcmp(chosen->tier, "rootless") == 0 || learn_traced(chosen)),
		 "--attach with a tier that needs no privilege",
		 "as root on the host, or start the program: bulkhead learn SOURCE -- COMMAND"},
		{chosen->duration && !chosen->attach, "--for without --attach",
		 "leave it out: a program that is started ends by itself, or by ctrl-c"},
		{chosen->sandbox.detach, "--detach, and nobody stays who would write the profile",
		 "start it with bulkhead run -d, then bulkhead learn --attach NAME"},
		{chosen->sandbox.profile || chosen->sandbox.complain, "--profile, and what a profile refuses cannot be learnt",
		 "leave it out; --merge FILE joins what is learnt with a profile"},
		{chosen->sandbox.explain, "--explain, and what is learnt is what is not refused",
		 "leave it out; bulkhead run --explain tells the refusals"},
		{chosen->json && (!chosen->output || strcmp(chosen->output, "-") == 0), "--json without --output",
		 "add -o FILE: standard output holds one of them"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].holds) {
			err_set(err, ERR_USAGE, "learn: %s", rules[i].what);
			return err_fix(err, "%s", rules[i].remedy);
		}
	return 0;
}

static int verb(int argc, char **argv, void *context)
{
	struct people *people = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct sandbox_request request;
	struct learn_options chosen = {0};
	struct err err = ERR_INIT;
	bool help = false;
	int operands = 0, words = argc, status;

	if (sandbox_request_begin(&request, &arena, argc, &err))
		return life_fail_run(people, &err);
	chosen.sandbox = request.options;
	chosen.merges.items = arena_calloc(&arena, (size_t)argc, sizeof(*chosen.merges.items));
	chosen.merges.capacity = (size_t)argc;
	if (!chosen.merges.items)
		err_set(&err, ERR_INTERNAL, "out of memory while reading the command line");
	if (!chosen.merges.items || opt_parse(&verb_learn, argc, argv, &chosen, &operands, &help, &err))
		return life_fail_run(people, &err);
	if (help)
		return cli_print_help(&people->cli, &verb_learn) ? PEOPLE_FAILED : 0;
	/* A runner, which has the words of the one that started it, writes nothing. */
	if (check(&chosen, operands, &err) || (!chosen.runner_fd && learn_check_files(&chosen, &arena, &err)))
		return life_fail_run(people, &err);
	request.options = chosen.sandbox;
	status = chosen.attach ? learn_attached(people, &chosen, &arena)
			       : learn_run(people, &chosen, &request, &arena, argv, words);
	sandbox_request_done(&request);
	return status;
}

const struct opt_verb verb_learn = {
	.name = "learn",
	.synopsis = "[options] SOURCE -- COMMAND [ARGUMENT…] | [options] --attach CONTAINER|PID|CGROUP",
	.summary = "Run a program and write down what it needs, as a containment profile.",
	.separated = true,
	.examples = "  bulkhead learn -o web.json host -- python3 -m http.server\n"
		    "  bulkhead learn -o web.json --merge web.json host -- python3 -m http.server 8080\n"
		    "  bulkhead learn --attach web1 --for 60s -o web1.json\n"
		    "  bulkhead run --profile web.json host python3 -m http.server\n",
	.options = options,
	.statuses = people_statuses_run,
	.run = verb,
};
