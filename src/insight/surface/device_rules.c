// SPDX-License-Identifier: Apache-2.0
/*
 * surface/device_rules: the device rules of a process's cgroups. v1 tells a list of what is allowed. v2 has programs, of
 * which the kernel shows the instructions to who may load such programs herself. Both can be there at once: then both
 * must allow.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "insight/surface/devices.h"
#include "kernel/bpf.h"

#define LIST_MAX 65536
#define PROGRAMS_MAX 64
#define INSTRUCTIONS_MAX 16384

/* ---- v1 ---- */

static uint32_t parse_number(const char **at)
{
	char *end;
	uint32_t number;

	if (**at == '*') {
		++*at;
		return DEVICE_ANY;
	}
	number = (uint32_t)strtoul(*at, &end, 10);
	*at = end;
	return number;
}

/* "c 1:3 rwm", "b *:* m", "a *:* rwm" */
static struct device_rule parse_rule(const char *at)
{
	struct device_rule rule = {.block = *at == 'b' || *at == 'a', .character = *at == 'c' || *at == 'a'};

	at += strcspn(at, " \n");
	at += strspn(at, " ");
	rule.major = parse_number(&at);
	at += *at == ':';
	rule.minor = parse_number(&at);
	for (; *at && *at != '\n'; at++)
		rule.access |= *at == 'r'   ? BPF_DEVCG_ACC_READ
			       : *at == 'w' ? BPF_DEVCG_ACC_WRITE
			       : *at == 'm' ? BPF_DEVCG_ACC_MKNOD
					    : 0u;
	return rule;
}

bool device_rules_parse(struct arena *arena, const char *text, struct device_rules *rules)
{
	struct device_rule *list;
	size_t lines = 0, count = 0;

	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	list = arena_calloc(arena, lines + 1, sizeof(*list));
	for (const char *at = text; list && *at && count < lines; at += strcspn(at, "\n") + 1)
		list[count++] = parse_rule(at);
	rules->rules = list;
	rules->rules_count = count;
	return !(count == 1 && list[0].block && list[0].character && list[0].major == DEVICE_ANY &&
		 list[0].minor == DEVICE_ANY);
}

/* ---- a config ---- */

int device_rules_of_config(struct arena *arena, const struct oci_resources *resources, struct device_rules *ret_rules,
			   struct err *err)
{
	struct oci_device_rule *asked = plan_device_rules(arena, resources, &ret_rules->rules_count);
	struct device_rule *list = asked ? arena_calloc(arena, ret_rules->rules_count + 1, sizeof(*list)) : NULL;

	if (!list)
		return surface_no_memory(err);
	for (size_t i = 0; i < ret_rules->rules_count; i++) {
		const struct oci_device_rule *rule = &asked[i];

		list[i] = (struct device_rule){
			.block = rule->type != 'c',
			.character = rule->type != 'b',
			.deny = !rule->allow,
			.major = rule->major == OCI_DEVICE_ANY ? DEVICE_ANY : (uint32_t)rule->major,
			.minor = rule->minor == OCI_DEVICE_ANY ? DEVICE_ANY : (uint32_t)rule->minor,
			.access = (rule->read ? BPF_DEVCG_ACC_READ : 0u) | (rule->write ? BPF_DEVCG_ACC_WRITE : 0u) |
				  (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0u),
		};
	}
	*ret_rules = (struct device_rules){
		.v1 = true, .planned = true, .rules = list, .rules_count = ret_rules->rules_count};
	return 0;
}

/* ---- where the cgroups are ---- */

/* The directory of a cgroup below the mount of its hierarchy; NULL when this process does not see it. */
static const char *directory_of(struct arena *arena, const struct files_mount *mount, const char *path)
{
	size_t root = strcmp(mount->root, "/") == 0 ? 0 : strlen(mount->root);
	int length = (int)strcspn(path, "\n");

	if (strncmp(path, mount->root, root) != 0 || (size_t)length < root)
		return NULL;
	return arena_printf(arena, "%s%.*s", mount->path, length - (int)root, path + root);
}

static bool names_devices(const char *names, const char *end)
{
	for (const char *name = names; name < end; name += strcspn(name, ",:") + 1)
		if (strcspn(name, ",:") == 7 && memcmp(name, "devices", 7) == 0)
			return true;
	return false;
}

/* The path in the line of a hierarchy in /proc/PID/cgroup: "N:…,devices:/path", or "0::/path" of v2; NULL without one. */
static const char *find_line(const char *cgroups, bool v2)
{
	for (const char *line = cgroups; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *names = strchr(line, ':') ? strchr(line, ':') + 1 : NULL, *path = names ? strchr(names, ':') : NULL;

		if (path && (v2 ? names == path : names_devices(names, path)))
			return path + 1;
	}
	return NULL;
}

static int read_v1(struct arena *arena, const char *path, const struct files_view *mounts, struct device_rules *rules,
		   struct err *err)
{
	char *text = arena_alloc(arena, LIST_MAX);

	if (!text)
		return surface_no_memory(err);
	for (size_t i = 0; i < mounts->count; i++) {
		const struct files_mount *mount = &mounts->mounts[i];
		const char *directory = strcmp(mount->type, "cgroup") == 0 ? directory_of(arena, mount, path) : NULL;
		const char *file = directory ? arena_printf(arena, "%s/devices.list", directory) : NULL;

		/* Of all hierarchies only that of the devices has this file. */
		if (!file || fd_read_text_at(AT_FDCWD, file, text, LIST_MAX) < 0)
			continue;
		rules->v1 = device_rules_parse(arena, text, rules);
		return 0;
	}
	rules->because = "the cgroup's devices.list cannot be read here";
	return 0;
}

/* ---- v2 ---- */

static const char *reason(int result)
{
	switch (result) {
	case -EPERM:
	case -EACCES:
		return "the kernel shows device programs to CAP_SYS_ADMIN of the host alone, or hides them "
		       "(net.core.bpf_jit_harden)";
	case -ENOSPC:
		return "there are too many programs, or too long ones";
	case -ENOENT:
		return "a program was exchanged meanwhile";
	default:
		return "this kernel does not show device programs";
	}
}

static int copy_program(struct arena *arena, uint32_t id, struct device_program *ret)
{
	struct bpf_insn *instructions = arena_calloc(arena, INSTRUCTIONS_MAX, sizeof(*instructions));
	int fd cleanup_fd = bpf_program_open(id), count;

	if (!instructions)
		return -ENOMEM;
	count = fd < 0 ? fd : bpf_program_read(fd, instructions, INSTRUCTIONS_MAX);
	if (count < 0)
		return count;
	*ret = (struct device_program){instructions, (size_t)count};
	return 0;
}

static int read_v2(struct arena *arena, const char *directory, struct device_rules *rules, struct err *err)
{
	struct device_program *programs = arena_calloc(arena, PROGRAMS_MAX, sizeof(*programs));
	int fd cleanup_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count;
	uint32_t ids[PROGRAMS_MAX];

	if (!programs)
		return surface_no_memory(err);
	count = fd < 0 ? -errno : bpf_device_query_effective(fd, ids, PROGRAMS_MAX);
	for (int i = 0; i < count; i++) {
		int result = copy_program(arena, ids[i], &programs[i]);

		if (result < 0) {
			count = result;
			break;
		}
	}
	if (count < 0) {
		rules->because = reason(count);
		return 0;
	}
	rules->programs = programs;
	rules->programs_count = (size_t)count;
	return 0;
}

int device_rules_read(struct arena *arena, const char *cgroups, const struct files_view *mounts,
		      struct device_rules *ret_rules, struct err *err)
{
	const char *v1 = find_line(cgroups, false), *v2 = find_line(cgroups, true), *directory = NULL;
	struct device_rules rules = {0};

	if (v1 && read_v1(arena, v1, mounts, &rules, err))
		return ERR;
	for (size_t i = 0; v2 && !directory && i < mounts->count; i++)
		if (strcmp(mounts->mounts[i].type, "cgroup2") == 0)
			directory = directory_of(arena, &mounts->mounts[i], v2);
	if (directory && read_v2(arena, directory, &rules, err))
		return ERR;
	if (v2 && !directory && !v1)
		rules.because = "its cgroup is not mounted here";
	*ret_rules = rules;
	return 0;
}

/* ---- answers ---- */

static bool rule_fits(const struct device_rule *rule, bool block, uint32_t major, uint32_t minor)
{
	return (block ? rule->block : rule->character) && (rule->major == DEVICE_ANY || rule->major == major) &&
	       (rule->minor == DEVICE_ANY || rule->minor == minor);
}

/* Of a config: each kind of access by the last rule that has it. */
static bool plan_allows(const struct device_rules *rules, bool block, uint32_t major, uint32_t minor, unsigned int access)
{
	for (size_t i = rules->rules_count; i-- && access;) {
		const struct device_rule *rule = &rules->rules[i];

		if (!rule_fits(rule, block, major, minor))
			continue;
		if (rule->deny && rule->access & access)
			return false;
		access &= ~rule->access;
	}
	return !access;
}

static bool list_allows(const struct device_rules *rules, bool block, uint32_t major, uint32_t minor, unsigned int access)
{
	if (rules->planned)
		return plan_allows(rules, block, major, minor, access);
	for (size_t i = 0; i < rules->rules_count; i++)
		if (rule_fits(&rules->rules[i], block, major, minor) && (access & rules->rules[i].access) == access)
			return true;
	return false;
}

enum device_answer device_rules_ask(const struct device_rules *rules, bool block, uint32_t major, uint32_t minor,
				    unsigned int access)
{
	const struct bpf_cgroup_dev_ctx context = {
		.access_type = access << 16 | (block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = major,
		.minor = minor,
	};
	enum device_answer answer = rules->because ? DEVICE_UNKNOWN : DEVICE_ALLOWED;

	if (rules->v1 && !list_allows(rules, block, major, minor, access))
		return DEVICE_REFUSED;
	for (size_t i = 0; i < rules->programs_count; i++) {
		enum device_answer one = device_program_run(rules->programs[i].instructions, rules->programs[i].count, &context);

		if (one == DEVICE_REFUSED)
			return one;
		answer = one == DEVICE_UNKNOWN ? one : answer;
	}
	return answer;
}
