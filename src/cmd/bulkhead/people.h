/* SPDX-License-Identifier: Apache-2.0 */
/* people: what the verbs of bulkhead share. */
#ifndef BULKHEAD_CMD_BULKHEAD_PEOPLE_H
#define BULKHEAD_CMD_BULKHEAD_PEOPLE_H

#include "base/arena.h"
#include "base/opt.h"
#include "cmd/cli.h"
#include "core/engine/engine.h"
#include "people/sandbox/sandbox.h"

/* Exit statuses as users of Docker know them. */
enum people_status {
	PEOPLE_FAILED = 125,	     /* bulkhead itself */
	PEOPLE_NOT_EXECUTABLE = 126, /* the program is there and cannot be executed */
	PEOPLE_NOT_FOUND = 127,
};

/* What they mean, for tables of verbs: of what runs a program, and of what works on containers. */
extern const struct opt_status people_statuses_run[], people_statuses_list[];

/* The program's own options. */
struct people_globals {
	const char *root;
	bool version;
};

/* The context of every verb. */
struct people {
	struct cli cli;
	struct engine engine;
	char *const *argv; /* of the program, untouched: it is executed again with it */
};

/* What `run` and `plan` have in common: their options, and from them a sandbox. */
struct sandbox_options {
	const char *name, *hostname, *workdir, *user, *memory, *cpus, *net;
	const char *cwd; /* "" and "ro", or "rw"; NULL: not shown */
	struct opt_list env, volumes, tmpfs, cap_add;
	uint64_t pids_limit;
	bool writable;
};
/* The rows of both tables, up to and without OPT_END. */
#define SANDBOX_OPTION(member) offsetof(struct sandbox_options, member)
#define SANDBOX_OPTIONS                                                                                              \
	{OPT_LIST, 0, "cap-add", "NAME", "give a capability (none is given otherwise)", SANDBOX_OPTION(cap_add)},    \
	{OPT_STRING, 0, "cpus", "NUMBER", "processors that it may use: 0.5, 2", SANDBOX_OPTION(cpus)},               \
	{OPT_OPTIONAL, 0, "cwd", "ro|rw", "show the current directory, read-only or not", SANDBOX_OPTION(cwd)},      \
	{OPT_LIST, 'e', "env", "NAME=VALUE", "set a variable; NAME alone takes yours", SANDBOX_OPTION(env)},         \
	{OPT_STRING, 0, "hostname", "NAME", "host name inside", SANDBOX_OPTION(hostname)},                           \
	{OPT_STRING, 'm', "memory", "SIZE", "limit: 512m, 2g (default: half of the machine)", SANDBOX_OPTION(memory)}, \
	{OPT_STRING, 0, "name", "NAME", "name of the container", SANDBOX_OPTION(name)},                              \
	{OPT_STRING, 0, "net", "none|host", "network: loopback alone (default), or the host's", SANDBOX_OPTION(net)}, \
	{OPT_U64, 0, "pids-limit", "NUMBER", "processes (default: 1024)", SANDBOX_OPTION(pids_limit)},               \
	{OPT_LIST, 0, "tmpfs", "DIR", "an empty, writable directory in memory", SANDBOX_OPTION(tmpfs)},              \
	{OPT_STRING, 'u', "user", "UID[:GID]", "run as these ids, as numbers", SANDBOX_OPTION(user)},                \
	{OPT_LIST, 'v', "volume", "FROM:TO[:ro]", "show a directory or file of the host", SANDBOX_OPTION(volumes)},  \
	{OPT_STRING, 'w', "workdir", "DIR", "directory to start in", SANDBOX_OPTION(workdir)},                       \
	{OPT_FLAG, 0, "writable", NULL, "let a root directory be written", SANDBOX_OPTION(writable)}

/* A parsed command line together with what its lists point to. */
struct sandbox_request {
	struct sandbox_options options;
	struct sandbox sandbox;
	struct sandbox_result result;
	struct engine_create create;
	const struct oci_config *config;
};

/* Give the lists of options room for one entry per word of the command line. */
int sandbox_request_begin(struct sandbox_request *request, struct arena *arena, int argc, struct err *err);
/* Operands SOURCE CMD… and the options → a config, read back by the same reader as an engine's, and engine's request. */
int sandbox_request_make(struct sandbox_request *request, struct arena *arena, char **operands, struct err *err);
void sandbox_request_done(struct sandbox_request *request);

/* A container of ours, in either program's state root. *ret_found is false when none has that name. */
int people_find_container(struct people *people, struct arena *arena, const char *id, struct engine_container *ret,
			  bool *ret_found, struct err *err);

extern const struct opt_verb verb_run, verb_plan, verb_abi, verb_profile, verb_surface, verb_explain;

#endif
