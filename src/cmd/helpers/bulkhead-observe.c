/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulkhead-observe: the helper program that watches system calls for `bulkhead explain` and `learn`, which start it.
 * Records go to standard output, a socket; it ends when the other side is shut. Runs with its caller's power until
 * everything is attached, and with none afterwards. No file is read but the kernel's own description of its types and
 * symbols.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/opt.h"
#include "insight/observe/observe.h"

struct options {
	uint64_t mount, cgroup, level, tier;
	const char *pids;
	bool learn, armed;
};

static const struct opt options[] = {
	{OPT_FLAG, 0, "learn", NULL, "what they do, instead of what they are refused", offsetof(struct options, learn)},
	{OPT_FLAG, 0, "armed", NULL, "the pids from the next program on", offsetof(struct options, armed)},
	{OPT_U64, 0, "mount", "INODE", "all in this mount namespace", offsetof(struct options, mount)},
	{OPT_U64, 0, "cgroup", "ID", "all below this cgroup", offsetof(struct options, cgroup)},
	{OPT_U64, 0, "level", "NUMBER", "its depth", offsetof(struct options, level)},
	{OPT_U64, 0, "tier", "NUMBER", "the highest tier to try", offsetof(struct options, tier)},
	{OPT_STRING, 0, "pids", "PID,…", "these processes and what they start", offsetof(struct options, pids)},
	{.type = OPT_END},
};

static const struct opt_verb command_line = {.name = "bulkhead-observe", .synopsis = "[options]", .options = options};

/* The pids of a list; NULL when it is none. */
static pid_t *read_pids(const char *text, size_t *ret_count)
{
	pid_t *pids = calloc(strlen(text) + 1, sizeof(*pids));
	size_t count = 0;

	while (pids && *text) {
		char *end;
		long pid = strtol(text, &end, 10);

		if (pid <= 0 || pid > INT32_MAX || (*end && *end != ',')) {
			free(pids);
			return NULL;
		}
		pids[count++] = (pid_t)pid;
		text = end + (*end == ',');
	}
	*ret_count = count;
	return pids;
}

int main(int argc, char **argv)
{
	struct options chosen = {.tier = OBSERVE_TIER_HOOKS};
	struct observe_target target = {0};
	struct err err = ERR_INIT;
	struct stat status;
	bool help = false;
	int operands = 0;
	pid_t *pids;

	if (opt_parse(&command_line, argc, argv, &chosen, &operands, &help, &err) || help || operands ||
	    fstat(STDOUT_FILENO, &status) < 0 || !S_ISSOCK(status.st_mode)) {
		fprintf(stderr, "bulkhead-observe: %s\n", err.what[0] ? err.what :
			"bulkhead explain and learn start this program");
		return EXIT_FAILURE;
	}
	pids = read_pids(chosen.pids ?: "", &target.pids_count);
	if (!pids) {
		fprintf(stderr, "bulkhead-observe: --pids is no list of pids\n");
		return EXIT_FAILURE;
	}
	target.pids = pids;
	target.mount_inode = (uint32_t)chosen.mount;
	target.cgroup = chosen.cgroup;
	target.cgroup_level = (uint32_t)chosen.level;
	target.learn = chosen.learn;
	target.armed = chosen.armed;
	target.tier_max = (enum observe_tier)chosen.tier;
	return observe_serve(&target, STDOUT_FILENO);
}
