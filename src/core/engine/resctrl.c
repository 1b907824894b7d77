/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resctrl: a container's class of cache and memory bandwidth (runtime-spec, config-linux.md, "IntelRdt"; the kernel's
 * filesystems/resctrl). Runs in the runtime, while the child waits: l3CacheSchema is written first, then memBwSchema,
 * then schemata. Only what was made here is ever removed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"

#define RESCTRL_ROOT	   "/sys/fs/resctrl"
#define RDTGROUP_SUPER	   0x7655821
#define SCHEMATA_SIZE	   8192
#define LAST_STATUS	   "info/last_cmd_status"
#define PATH_SIZE	   600

static int open_root(int *ret_root_fd, struct err *err)
{
	int fd cleanup_fd = open(RESCTRL_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == RDTGROUP_SUPER) {
		*ret_root_fd = fd_take(&fd);
		return 0;
	}
	err_set(err, ERR_UNSUPPORTED, "cannot set up a class of Intel RDT");
	err_why(err, "no resctrl file system is mounted on " RESCTRL_ROOT);
	return err_fix(err, "mount -t resctrl resctrl " RESCTRL_ROOT
			    " (the processor and the kernel must support it), or remove linux.intelRdt");
}

/* The kernel tells in a file of its own why it refused. */
static int refused(int root_fd, int errnum, const char *call, const char *class, const char *what, struct err *err)
{
	char status[256];

	err_sys(err, errnum, call, "cannot %s the class %s of resctrl", what, class);
	if (errnum == -ENOSPC)
		return err_why(err, "the processor has no further class");
	if (fd_read_text_at(root_fd, LAST_STATUS, status, sizeof(status)) > 0 && strncmp(status, "ok", 2) != 0) {
		status[strcspn(status, "\n")] = '\0';
		err_why(err, "the kernel says: %s", status);
	}
	return ERR;
}

static int write_lines(int root_fd, int class_fd, const char *class, const char *lines, struct err *err)
{
	char line[SCHEMATA_SIZE];
	int result;

	if (!lines)
		return 0;
	if ((size_t)snprintf(line, sizeof(line), "%s\n", lines) >= sizeof(line))
		return refused(root_fd, -E2BIG, "write", class, "write the schemata of", err);
	result = fd_write_text_at(class_fd, "schemata", line);
	return result < 0 ? refused(root_fd, result, "write", class, "write the schemata of", err) : 0;
}

/* l3CacheSchema without its lines about bandwidth, where memBwSchema has its own (config-linux.md). */
static int write_l3(int root_fd, int class_fd, const struct oci_intel_rdt *rdt, struct err *err)
{
	const char *at = rdt->l3_cache_schema;
	char line[SCHEMATA_SIZE];

	while (at && *at) {
		size_t length = strcspn(at, "\n");

		if (!rdt->mem_bw_schema || strncmp(at + strspn(at, " "), "MB:", 3) != 0) {
			if ((size_t)snprintf(line, sizeof(line), "%.*s", (int)length, at) >= sizeof(line))
				return refused(root_fd, -E2BIG, "write", rdt->clos_id, "write the schemata of", err);
			if (length && write_lines(root_fd, class_fd, rdt->clos_id, line, err))
				return ERR;
		}
		at += length + (at[length] == '\n');
	}
	return 0;
}

static int write_all(int root_fd, int class_fd, const struct oci_intel_rdt *rdt, struct err *err)
{
	if (write_l3(root_fd, class_fd, rdt, err) ||
	    write_lines(root_fd, class_fd, rdt->clos_id, rdt->mem_bw_schema, err))
		return ERR;
	for (size_t i = 0; i < rdt->schemata.count; i++)
		if (write_lines(root_fd, class_fd, rdt->clos_id, rdt->schemata.items[i], err))
			return ERR;
	return 0;
}

/* The value of "ID=" in the line of this resource in what the kernel shows; masks are hexadecimal, percentages not. */
static bool has_value(const char *shown, const char *resource, size_t resource_length, unsigned long id, const char *value)
{
	int base = strncmp(resource, "MB", 2) == 0 ? 10 : 16;

	for (const char *line = shown; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *at = line + strspn(line, " ");

		if (strncmp(at, resource, resource_length) != 0 || at[resource_length] != ':')
			continue;
		for (at += resource_length + 1; *at && *at != '\n'; at += *at == ';') {
			char *end;

			if (strtoul(at, &end, 10) == id && *end == '=')
				return strtoul(end + 1, NULL, base) == strtoul(value, NULL, base);
			at += strcspn(at, ";\n");
		}
	}
	return false;
}

/* A class that was there is shared: it must already be what is asked for. */
static int compare_line(const char *shown, const char *asked, const char *class, struct err *err)
{
	while (asked && *asked) {
		const char *resource = asked + strspn(asked, " \n");
		size_t length = strcspn(resource, ":\n");
		const char *at = resource + length;

		while (*at && *at != '\n') {
			char *end;
			unsigned long id = strtoul(at + 1, &end, 10);

			if (*end != '=' || !has_value(shown, resource, length, id, end + 1)) {
				err_set(err, ERR_CONFIG, "the class %s of resctrl exists, and is not \"%.*s\"", class,
					(int)strcspn(resource, "\n"), resource);
				err_why(err, "changing it would change it for all who are in it");
				return err_fix(err, "ask for what its file schemata shows, or name another closID");
			}
			at += strcspn(at + 1, ";\n") + 1;
		}
		asked = *at ? at + 1 : at;
	}
	return 0;
}

static int compare(int class_fd, const struct oci_intel_rdt *rdt, struct err *err)
{
	char shown[SCHEMATA_SIZE];
	ssize_t size = fd_read_text_at(class_fd, "schemata", shown, sizeof(shown));

	if (size < 0)
		return err_sys(err, (int)size, "read", "cannot read the schemata of the class %s of resctrl", rdt->clos_id);
	if (compare_line(shown, rdt->l3_cache_schema, rdt->clos_id, err) ||
	    compare_line(shown, rdt->mem_bw_schema, rdt->clos_id, err))
		return ERR;
	for (size_t i = 0; i < rdt->schemata.count; i++)
		if (compare_line(shown, rdt->schemata.items[i], rdt->clos_id, err))
			return ERR;
	return 0;
}

static int join(int root_fd, int dir_fd, const char *class, pid_t pid, struct err *err)
{
	char text[16];
	int result;

	snprintf(text, sizeof(text), "%d", pid);
	result = fd_write_text_at(dir_fd, "tasks", text);
	return result < 0 ? refused(root_fd, result, "write", class, "put the container into", err) : 0;
}

static int monitor(int root_fd, int class_fd, const char *class, const char *id, pid_t pid, struct err *err)
{
	char path[PATH_SIZE];
	int dir_fd cleanup_fd = -EBADF;

	snprintf(path, sizeof(path), "mon_groups/%s", id);
	if (mkdirat(class_fd, path, 0755) != 0 && errno != EEXIST)
		return refused(root_fd, -errno, "mkdirat", class, "monitor", err);
	dir_fd = openat(class_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0)
		return refused(root_fd, -errno, "openat", class, "monitor", err);
	return join(root_fd, dir_fd, class, pid, err);
}

/* "/" is the default class, which always is. */
static const char *directory_of(const char *class)
{
	return strcmp(class, "/") == 0 ? "." : class;
}

int resctrl_find(int root_fd, const struct op *op, bool *ret_exists, struct err *err)
{
	const struct oci_intel_rdt *rdt = &op->resctrl.rdt;

	*ret_exists = faccessat(root_fd, directory_of(rdt->clos_id), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (*ret_exists || !op->resctrl.must_exist)
		return 0;
	err_set(err, ERR_CONFIG, "there is no class %s of resctrl", rdt->clos_id);
	err_why(err, "closID alone names one that was made before");
	return err_fix(err, "mkdir " RESCTRL_ROOT "/%s, or say by schemata what it gives", rdt->clos_id);
}

int resctrl_join(int root_fd, const struct op *op, bool exists, const char *id, pid_t pid, struct err *err)
{
	const struct oci_intel_rdt *rdt = &op->resctrl.rdt;
	int class_fd cleanup_fd = -EBADF;

	if (!exists && mkdirat(root_fd, rdt->clos_id, 0755) != 0)
		return refused(root_fd, -errno, "mkdirat", rdt->clos_id, "make", err);
	class_fd = openat(root_fd, directory_of(rdt->clos_id), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (class_fd < 0)
		return refused(root_fd, -errno, "openat", rdt->clos_id, "open", err);
	if ((exists ? compare(class_fd, rdt, err) : write_all(root_fd, class_fd, rdt, err)) ||
	    join(root_fd, class_fd, rdt->clos_id, pid, err))
		return ERR;
	return rdt->enable_monitoring ? monitor(root_fd, class_fd, rdt->clos_id, id, pid, err) : 0;
}

int resctrl_take(struct creation *creation, const struct op *op, struct err *err)
{
	struct state *state = &creation->state;
	int root_fd cleanup_fd = -EBADF;
	bool exists;

	if (open_root(&root_fd, err) || resctrl_find(root_fd, op, &exists, err))
		return ERR;
	/* Written down before it is made. */
	state->resctrl_class = exists ? NULL : op->resctrl.rdt.clos_id;
	state->resctrl_monitor = op->resctrl.rdt.enable_monitoring ? op->resctrl.rdt.clos_id : NULL;
	if (state_write(&creation->dir, state, err))
		return ERR;
	return resctrl_join(root_fd, op, exists, state->id, state->pid, err);
}

void resctrl_remove(const struct state *state)
{
	int root_fd cleanup_fd = -EBADF;
	char path[PATH_SIZE];
	struct err ignored;

	if ((!state->resctrl_class && !state->resctrl_monitor) || open_root(&root_fd, &ignored))
		return;
	if (state->resctrl_monitor) {
		snprintf(path, sizeof(path), "%s/mon_groups/%s", directory_of(state->resctrl_monitor), state->id);
		unlinkat(root_fd, path, AT_REMOVEDIR);
	}
	if (state->resctrl_class)
		unlinkat(root_fd, state->resctrl_class, AT_REMOVEDIR);
}
