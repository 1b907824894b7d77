/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain/ruleset: what a containment profile keeps the container from by Landlock, whose ruleset is known because we have
 * made it: a file or a port that none of its rules names is refused, whoever else would refuse it, too. The kernel does not
 * say that it was Landlock, and modes are checked before it, so that this counts where nothing else was found. Paths are
 * compared as the kernel does, without links. Reads only.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "abi/landlock.h"
#include "base/fd.h"
#include "base/types.h"
#include "insight/explain/parts.h"
#include "kernel/rootfs.h"

#define READ   (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define MAKE   (LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define CHANGE LANDLOCK_ACCESS_FS_WRITE_FILE

/* Uses of a file, and where an entry of the profile allows them. */
static const struct {
	uint32_t access; /* enum observe_access */
	uint64_t bits;	 /* one of these is enough to have been meant */
	const char *set;
	bool parent; /* the directory counts */
} uses[] = {
	{OBSERVE_EXECUTE, LANDLOCK_ACCESS_FS_EXECUTE, "rules.files.execute", false},
	{OBSERVE_READ, READ, "rules.files.read", false},
	{OBSERVE_WRITE, CHANGE, "rules.files.write", false},
	{OBSERVE_MAKE, MAKE, "rules.files.write", true},
	{OBSERVE_REPLACE, MAKE, "rules.files.write", true},
};

/* The path without links below the root; false when there is no such file. */
static bool resolve(const struct rootfs *root, const char *path, char *out, size_t size)
{
	int fd cleanup_fd = rootfs_open(root, (struct root_path){path}, O_PATH, false);
	char link[64];
	ssize_t length;

	if (fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, out, size - 1);
	out[length > 0 ? length : 0] = '\0';
	return out[0] == '/';
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strcmp(directory, "/") == 0 ? 0 : strlen(directory);

	return strncmp(path, directory, length) == 0 && (path[length] == '/' || !path[length]);
}

static bool covers(const struct rootfs *root, const struct explain_rule *rule, const char *path, uint64_t bits)
{
	char real[PARTS_PATH_MAX];

	/* Where something is made it depended on what was there when the program began. */
	if (rule->made_in && is_below(path, rule->made_in))
		return true;
	if (!(rule->access & bits) || !resolve(root, rule->path, real, sizeof(real)))
		return false;
	return rule->below ? is_below(path, real) : strcmp(path, real) == 0;
}

static bool is_covered(const struct parts_case *one, const struct rootfs *root, const char *path, uint64_t bits)
{
	const struct explain_ruleset *ruleset = one->explain->ruleset;

	for (size_t i = 0; i < ruleset->count; i++)
		if (ruleset->rules[i].path && covers(root, &ruleset->rules[i], path, bits))
			return true;
	return false;
}

/* Files of procfs, sysfs and devices have rules of their own. */
static const char *set_of(const char *path, const char *set)
{
	return strncmp(path, "/proc/", 6) == 0 ? "rules.proc" : strncmp(path, "/sys/", 5) == 0 ? "rules.sys" :
	       strncmp(path, "/dev/", 5) == 0 && strncmp(path, "/dev/shm/", 9) != 0 ? "rules.devices" : set;
}

static void ask_file(struct parts_case *one)
{
	struct rootfs root = {.fd = paths_root(one->explain, one->refusal)};
	uint32_t access = observe_access_of(one->facts.call, (const uint64_t *)one->refusal->args);
	char above[PARTS_PATH_MAX], path[PARTS_PATH_MAX];
	bool exists;

	if (root.fd < 0 || !access || one->path[0][0] != '/')
		return;
	exists = resolve(&root, one->path[0], path, sizeof(path));
	/* What is there is not made. */
	if (exists)
		access &= ~(uint32_t)OBSERVE_MAKE;
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		if (!(access & uses[i].access) || !(one->explain->ruleset->files & uses[i].bits) || (!uses[i].parent && !exists))
			continue;
		if (uses[i].parent) {
			snprintf(above, sizeof(above), "%s", one->path[0]);
			*(strrchr(above, '/') + (strrchr(above, '/') == above)) = '\0';
			if (!resolve(&root, above, path, sizeof(path)))
				return;
		}
		if (is_covered(one, &root, path, uses[i].bits))
			continue;
		parts_text(one, TEXT_RULE, "%s", set_of(path, uses[i].set));
		if (uses[i].parent)
			parts_text(one, TEXT_ENTRY, "%.200s%s", strcmp(path, "/") == 0 ? "" : path, strrchr(one->path[0], '/'));
		else
			parts_text(one, TEXT_ENTRY, "%s", path);
		return;
	}
}

/* Landlock knows no ports but those of TCP. One that is closed already was bound in vain: of the modules that refuse this
 * none but Landlock is there, and so it was one. */
static bool is_tcp(const struct parts_case *one, bool binds)
{
	char path[64], protocol[16] = "";

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", one->refusal->pid, (int)one->refusal->args[0]);
	if (getxattr(path, "system.sockprotoname", protocol, sizeof(protocol) - 1) > 0)
		return strncmp(protocol, "TCP", 3) == 0;
	return binds && parts_has(one, FACT_LANDLOCK_ALONE);
}

static void ask_port(struct parts_case *one)
{
	const struct explain_ruleset *ruleset = one->explain->ruleset;
	bool binds = strcmp(one->facts.call, "bind") == 0;
	uint64_t access = binds ? LANDLOCK_ACCESS_NET_BIND_TCP : LANDLOCK_ACCESS_NET_CONNECT_TCP;
	unsigned int port = process_port(one);

	if (!port || !(ruleset->ports & access) || (!binds && strcmp(one->facts.call, "connect") != 0) || !is_tcp(one, binds))
		return;
	for (size_t i = 0; i < ruleset->count; i++)
		if (!ruleset->rules[i].path && ruleset->rules[i].port == port && ruleset->rules[i].access & access)
			return;
	parts_text(one, TEXT_RULE, "%s", binds ? "rules.network.listen" : "rules.network.connect");
	parts_text(one, TEXT_ENTRY, "%u", port);
}

void ruleset_ask(struct parts_case *one)
{
	if (!one->explain->ruleset || one->facts.errnum != EACCES)
		return;
	ask_port(one);
	ask_file(one);
}
