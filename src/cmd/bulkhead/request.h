/* SPDX-License-Identifier: Apache-2.0 */
/* request: what `run` and `plan` have in common: their options, and from them a sandbox. */
#ifndef BULKHEAD_CMD_BULKHEAD_REQUEST_H
#define BULKHEAD_CMD_BULKHEAD_REQUEST_H

#include "base/arena.h"
#include "base/opt.h"
#include "core/engine/engine.h"
#include "insight/explain/explain.h"
#include "people/sandbox/sandbox.h"

struct sandbox_options {
	const char *name, *hostname, *workdir, *user, *memory, *cpus, *pids, *net, *entrypoint, *shm_size, *userns;
	const char *cwd; /* "" and "ro", or "rw"; NULL: not shown */
	struct opt_list env, env_files, volumes, mounts, tmpfs, cap_add, cap_drop, security, devices, ulimits;
	const char *writable; /* "" and "layer", or "keep"; NULL: not */
	bool read_only, init;
	/* What `run` alone carries out; `plan` takes it too, so that one command line serves both. */
	const char *remove; /* "" and "true", or "false"; NULL: what sandbox_options_remove says */
	bool detach, interactive, terminal, explain;
	const char *profile;
	const char *complain; /* "", "follow" or "json"; NULL: the profile is enforced */
	const char *restart, *keys, *log_size; /* NULL: the default */
	uint64_t log_files;
	struct opt_list labels;
};

#define LOG_SIZE_DEFAULT  "10m"
#define LOG_FILES_DEFAULT 3
#define KEYS_DEFAULT	 "ctrl-p,ctrl-q"

/* The rows of both tables, up to and without OPT_END. The struct is the first member of the target. */
#define SANDBOX_OPTION(member) offsetof(struct sandbox_options, member)
#define SANDBOX_OPTIONS                                                                                              \
	{OPT_LIST, 0, "cap-add", "NAME", "give a capability (none is given otherwise), or ALL", SANDBOX_OPTION(cap_add)}, \
	{OPT_LIST, 0, "cap-drop", "NAME", "take one of ALL back; ALL is the default", SANDBOX_OPTION(cap_drop)},     \
	{OPT_OPTIONAL, 0, "complain", "follow|json",                                                                 \
	 "with --profile: enforce none of it, and tell what it does not allow", SANDBOX_OPTION(complain)},           \
	{OPT_STRING, 0, "cpus", "NUMBER", "processors that it may use: 0.5, 2", SANDBOX_OPTION(cpus)},               \
	{OPT_OPTIONAL, 0, "cwd", "ro|rw", "show the current directory, read-only or not", SANDBOX_OPTION(cwd)},      \
	{OPT_FLAG, 'd', "detach", NULL, "return at once; a monitor stays with it", SANDBOX_OPTION(detach)},          \
	{OPT_STRING, 0, "detach-keys", "KEYS", "leave it running (default: " KEYS_DEFAULT ")", SANDBOX_OPTION(keys)}, \
	{OPT_LIST, 0, "device", "FROM[:TO][:rwm]", "a device of the host", SANDBOX_OPTION(devices)},                 \
	{OPT_STRING, 0, "entrypoint", "PROGRAM", "execute this, with COMMAND as arguments", SANDBOX_OPTION(entrypoint)}, \
	{OPT_LIST, 'e', "env", "NAME=VALUE", "set a variable; NAME alone takes yours", SANDBOX_OPTION(env)},         \
	{OPT_LIST, 0, "env-file", "FILE", "lines of NAME=VALUE or NAME; --env goes before", SANDBOX_OPTION(env_files)}, \
	{OPT_FLAG, 0, "explain", NULL, "say what the kernel refuses it, and what would allow that", SANDBOX_OPTION(explain)}, \
	{OPT_STRING, 0, "hostname", "NAME", "host name inside", SANDBOX_OPTION(hostname)},                           \
	{OPT_FLAG, 0, "init", NULL, "pass signals on, reap zombies (default; --init=false)", SANDBOX_OPTION(init)},   \
	{OPT_FLAG, 'i', "interactive", NULL, "with -d: keep standard input open for attach", SANDBOX_OPTION(interactive)}, \
	{OPT_LIST, 'l', "label", "NAME=VALUE", "note something about it, for ls and inspect", SANDBOX_OPTION(labels)}, \
	{OPT_U64, 0, "log-files", "NUMBER", "files of its log that are kept (default: 3, at most 8)",                \
	 SANDBOX_OPTION(log_files)},                                                                                 \
	{OPT_STRING, 0, "log-size", "SIZE", "size of one of them (default: " LOG_SIZE_DEFAULT ")", SANDBOX_OPTION(log_size)}, \
	{OPT_STRING, 'm', "memory", "SIZE", "limit: 512m, 2g (default: half of the machine)", SANDBOX_OPTION(memory)}, \
	{OPT_LIST, 0, "mount", "type=bind|tmpfs,KEY=VALUE",                                                                  \
	 "a mount in words: source=, target=, readonly, idmap, tmpfs-size=, tmpfs-mode=", SANDBOX_OPTION(mounts)}, \
	{OPT_STRING, 0, "name", "NAME", "name of the container", SANDBOX_OPTION(name)},                              \
	{OPT_STRING, 0, "net", "none|host", "network: loopback alone (default), or the host's", SANDBOX_OPTION(net)}, \
	{OPT_STRING, 0, "network", "none|host", NULL, SANDBOX_OPTION(net)},                                          \
	{OPT_STRING, 0, "pids-limit", "NUMBER", "processes (default: 1024)", SANDBOX_OPTION(pids)},               \
	{OPT_STRING, 0, "profile", "FILE", "allow only what this containment profile names, too", SANDBOX_OPTION(profile)}, \
	{OPT_FLAG, 0, "read-only", NULL, "the root cannot be written (default)", SANDBOX_OPTION(read_only)},         \
	{OPT_STRING, 0, "restart", "POLICY", "no, on-failure[:n], always, unless-stopped (the same); with -d",      \
	 SANDBOX_OPTION(restart)},                                                                                   \
	{OPT_OPTIONAL, 0, "rm", "true|false", "remove it when it has ended (default without -d; =false keeps log and status)", \
	 SANDBOX_OPTION(remove)},                                                                                    \
	{OPT_LIST, 0, "security-opt", "OPTION", "seccomp=FILE|unconfined, no-new-privileges[=false], apparmor=, label=", \
	 SANDBOX_OPTION(security)},                                                                                  \
	{OPT_STRING, 0, "shm-size", "SIZE", "of /dev/shm (default: 64m)", SANDBOX_OPTION(shm_size)},                 \
	{OPT_LIST, 0, "tmpfs", "DIR[:OPTIONS]", "an empty, writable directory in memory: size=, mode=, noexec, ro", \
	 SANDBOX_OPTION(tmpfs)},                                                                                     \
	{OPT_FLAG, 't', "tty", NULL, "give it a terminal", SANDBOX_OPTION(terminal)},                                \
	{OPT_LIST, 0, "ulimit", "NAME=SOFT[:HARD]", "a limit of each process: nofile=1024:4096", SANDBOX_OPTION(ulimits)}, \
	{OPT_STRING, 'u', "user", "USER[:GROUP]", "run as these, names as in SOURCE's /etc/passwd", SANDBOX_OPTION(user)}, \
	{OPT_STRING, 0, "userns", "new|none", "none: ids are the host's; needs a --user that is not 0", SANDBOX_OPTION(userns)}, \
	{OPT_LIST, 'v', "volume", "FROM:TO[:ro|rw|idmap]", "show a directory or file of the host", SANDBOX_OPTION(volumes)}, \
	{OPT_STRING, 'w', "workdir", "DIR", "directory to start in", SANDBOX_OPTION(workdir)},                       \
	{OPT_OPTIONAL, 0, "writable", "layer|keep", "the root can be written; thrown away at the end, or kept", \
	 SANDBOX_OPTION(writable)}

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

/* What its program will be held by, from the plan; warnings are told when it is run. */
struct request_walls {
	struct filter_program filter;
	uint64_t capabilities; /* that it has */
	struct explain_ruleset ruleset; /* of a containment profile */
};
int sandbox_request_foretell(const struct sandbox_request *request, const struct engine *engine, struct arena *arena,
			     struct request_walls *ret, struct err *err);

/* Options that exclude each other; the error names both. In request_check.c. */
int sandbox_options_check(const struct sandbox_options *options, struct err *err);
/* Is nothing of it left when it has ended? */
bool sandbox_options_remove(const struct sandbox_options *options);

/* The parts of sandbox_request_make, each with its error; request_process.c and request_files.c. */
int request_read_env(struct sandbox_request *request, struct arena *arena, struct err *err);
int request_read_capabilities(struct sandbox_request *request, struct err *err);
int request_read_security(struct sandbox_request *request, struct arena *arena, struct err *err);
int request_read_ulimits(struct sandbox_request *request, struct arena *arena, struct err *err);
/* After a failure: the place of a mount becomes the option that asked for it. */
void request_name_mount(const struct sandbox_request *request, struct err *err);
int request_read_files(struct sandbox_request *request, struct arena *arena, struct err *err);

#endif
