/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroups: which control group hierarchies are mounted, where, and in which cgroup of each this process is (cgroups(7),
 * proc_pid_mountinfo(5), proc_pid_cgroup(5)). Runs in the runtime; reads only.
 */
#include "core/host/cgroups.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"

#define HIERARCHIES_MAX	   24
#define MOUNTINFO_SIZE_MAX ((size_t)16 << 20)

/* The fields of one line of mountinfo that matter here. */
struct mount_line {
	char *device, *root, *point, *type, *super;
};

/* Cut the next field, ended by a blank, off *text; NULL at the end of the line. */
static char *next_field(char **text)
{
	char *field = *text;
	char *end;

	if (!field || !*field)
		return NULL;
	end = strchrnul(field, ' ');
	*text = *end ? end + 1 : end;
	*end = '\0';
	return field;
}

/* Undo the kernel's \ooo for blanks and backslashes, in place. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' && in[3] >= '0' &&
		    in[3] <= '7') {
			*out++ = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
			in += 3;
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
}

static bool parse_mount_line(char *text, struct mount_line *ret)
{
	char *rest = strstr(text, " - ");
	char *field;

	if (!rest)
		return false;
	*rest = '\0';
	rest += 3;
	next_field(&text); /* mount id */
	next_field(&text); /* parent's */
	ret->device = next_field(&text);
	ret->root = next_field(&text);
	ret->point = next_field(&text);
	ret->type = next_field(&rest);
	field = next_field(&rest); /* source */
	ret->super = rest;
	if (!ret->point || ret->point[0] != '/' || !ret->type || !field)
		return false;
	unescape(ret->root);
	unescape(ret->point);
	return true;
}

/* Is `word` (of that length) one of the comma-separated words of list? */
static bool list_has(const char *list, const char *word, size_t length)
{
	for (const char *at = list; at; at = strchr(at, ',')) {
		if (*at == ',')
			at++;
		if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	}
	return false;
}

/*
 * The line "N:CONTROLLERS:PATH" of this process for a hierarchy. For v1 the first controller is looked for among the
 * mount's super block options; v2 is the line with no controllers.
 */
static bool find_own(const char *own, bool v2, const char *super, struct arena *arena, struct host_hierarchy *hierarchy)
{
	while (own && *own) {
		const char *end = strchrnul(own, '\n');
		const char *list = memchr(own, ':', (size_t)(end - own));
		const char *path = list ? memchr(list + 1, ':', (size_t)(end - list - 1)) : NULL;

		if (list && path) {
			const char *first_end = memchr(list + 1, ',', (size_t)(path - list - 1));
			size_t length = (size_t)((first_end ? first_end : path) - list - 1);

			if (v2 ? length == 0 : length > 0 && list_has(super, list + 1, length)) {
				hierarchy->controllers = arena_strndup(arena, list + 1, (size_t)(path - list - 1));
				hierarchy->own_path = arena_strndup(arena, path + 1, (size_t)(end - path - 1));
				return true;
			}
		}
		own = *end ? end + 1 : end;
	}
	return false;
}

/* own_path is counted from the hierarchy's root; what is mounted may be a part of it. */
static const char *below_root(const char *path, const char *root)
{
	size_t length = strlen(root);

	if (strcmp(root, "/") == 0 || strncmp(path, root, length) != 0)
		return path;
	if (path[length] == '\0')
		return "/";
	return path[length] == '/' ? path + length : path;
}

static bool add_hierarchy(struct arena *arena, const struct mount_line *line, const char *own,
			  const char *unified_controllers, struct host_hierarchy *hierarchy)
{
	const char *name = strrchr(line->point, '/');

	*hierarchy = (struct host_hierarchy){.v2 = strcmp(line->type, "cgroup2") == 0};
	if (!find_own(own, hierarchy->v2, line->super, arena, hierarchy) || !hierarchy->own_path)
		return false;
	if (hierarchy->v2)
		hierarchy->controllers = arena_strndup(arena, unified_controllers, strcspn(unified_controllers, "\n"));
	hierarchy->own_path = below_root(hierarchy->own_path, line->root);
	hierarchy->mount_point = arena_strdup(arena, line->point);
	hierarchy->mount_name = hierarchy->mount_point ? hierarchy->mount_point + (name + 1 - line->point) : NULL;
	return hierarchy->controllers && hierarchy->mount_point;
}

int host_parse_cgroups(struct arena *arena, struct host *host, char *mountinfo, char *own,
		       const char *unified_controllers, struct err *err)
{
	struct host_hierarchy *hierarchies = arena_calloc(arena, HIERARCHIES_MAX, sizeof(*hierarchies));
	const char *devices[HIERARCHIES_MAX];
	size_t count = 0, v1 = 0;
	struct mount_line line;

	if (!hierarchies)
		return err_set(err, ERR_INTERNAL, "out of memory while reading /proc/self/mountinfo");
	for (char *text = mountinfo, *next; *text; text = next) {
		bool known = false;

		next = strchrnul(text, '\n');
		if (*next)
			*next++ = '\0';
		if (!parse_mount_line(text, &line))
			continue;
		if (strcmp(line.type, "cgroup") != 0 && strcmp(line.type, "cgroup2") != 0)
			continue;
		for (size_t i = 0; i < count; i++)
			known = known || strcmp(devices[i], line.device) == 0;
		if (known || count == HIERARCHIES_MAX ||
		    !add_hierarchy(arena, &line, own, unified_controllers, &hierarchies[count]))
			continue;
		v1 += !hierarchies[count].v2;
		devices[count++] = line.device;
	}
	host->hierarchies = hierarchies;
	host->hierarchies_count = count;
	host->cgroup_mode = count == 0	  ? HOST_CGROUP_NONE
			    : v1 == 0	  ? HOST_CGROUP_V2
			    : v1 == count ? HOST_CGROUP_V1
					  : HOST_CGROUP_HYBRID;
	return 0;
}

/* A whole file that may be large: in `usual` where it fits, else in memory of its own. */
static char *read_whole(const char *path, char *usual, size_t usual_size)
{
	ssize_t length = fd_read_text_at(AT_FDCWD, path, usual, usual_size);

	for (size_t size = usual_size * 4; length == -E2BIG && size <= MOUNTINFO_SIZE_MAX; size *= 4) {
		char *text = malloc(size);

		length = text ? fd_read_text_at(AT_FDCWD, path, text, size) : -ENOMEM;
		if (length >= 0)
			return text;
		free(text);
	}
	return length < 0 ? NULL : usual;
}

/* cgroup.controllers of the first cgroup2 mount; "" when there is none or it cannot be read. */
static void read_unified_controllers(const char *mountinfo, char *buf, size_t size)
{
	const char *mark = strstr(mountinfo, " - cgroup2 ");
	const char *line = mark;
	char path[512];
	int field = 0;

	buf[0] = '\0';
	if (!mark)
		return;
	while (line > mountinfo && line[-1] != '\n')
		line--;
	for (; field < 4; field++)
		line = strchr(line, ' ') + 1;
	if (snprintf(path, sizeof(path), "%.*s/cgroup.controllers", (int)strcspn(line, " "), line) >= (int)sizeof(path))
		return;
	unescape(path);
	if (fd_read_text_at(AT_FDCWD, path, buf, size) < 0)
		buf[0] = '\0';
}

/*
 * cgroup2 shares out controllers only below a cgroup without processes of its own, and this process is in own_path: so a
 * container's cgroup belongs beside it, when what both lie in has been delegated. Moving a process from here to there
 * takes the right to write cgroup.procs of that directory, too (cgroups(7), "Delegation containment").
 */
static const char *find_delegated(struct arena *arena, const struct host_hierarchy *hierarchy)
{
	const char *last = strrchr(hierarchy->own_path, '/');
	char path[PATH_MAX], file[PATH_MAX];
	int length;

	if (!last || !last[1])
		return NULL;
	length = snprintf(path, sizeof(path), "%s%.*s", hierarchy->mount_point, (int)(last - hierarchy->own_path),
			  hierarchy->own_path);
	if (length >= (int)sizeof(path) || faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
		return NULL;
	for (size_t i = 0; i < 2; i++) {
		length = snprintf(file, sizeof(file), "%s/%s", path, i ? "cgroup.subtree_control" : "cgroup.procs");
		if (length >= (int)sizeof(file) || faccessat(AT_FDCWD, file, W_OK, AT_EACCESS) != 0)
			return NULL;
	}
	return arena_strndup(arena, hierarchy->own_path, (size_t)(last - hierarchy->own_path));
}

/*
 * The usual case of v2: one hierarchy on /sys/fs/cgroup, without reading a mountinfo that may be long. Not when only a
 * part of the hierarchy is mounted there: then this process's path does not lie below it.
 */
static bool read_unified(struct arena *arena, struct host *host, const char *own)
{
	static const char root[] = "/sys/fs/cgroup";
	struct host_hierarchy *hierarchy;
	char controllers[512], path[PATH_MAX];
	struct statfs fs;
	int length;

	if (statfs(root, &fs) != 0 || fs.f_type != CGROUP2_SUPER_MAGIC || strncmp(own, "0::/", 4) != 0)
		return false;
	length = snprintf(path, sizeof(path), "%s%.*s", root, (int)strcspn(own + 3, "\n"), own + 3);
	if (length >= (int)sizeof(path) || access(path, F_OK) != 0)
		return false;
	hierarchy = arena_alloc(arena, sizeof(*hierarchy));
	if (!hierarchy ||
	    fd_read_text_at(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", controllers, sizeof(controllers)) < 0)
		return false;
	hierarchy->v2 = true;
	hierarchy->mount_point = root;
	hierarchy->mount_name = root + strlen("/sys/fs/");
	hierarchy->controllers = arena_strndup(arena, controllers, strcspn(controllers, "\n"));
	hierarchy->own_path = arena_strdup(arena, path + strlen(root));
	if (hierarchy->own_path && !host->sys_admin)
		hierarchy->delegated_path = find_delegated(arena, hierarchy);
	host->hierarchies = hierarchy;
	host->hierarchies_count = 1;
	host->cgroup_mode = HOST_CGROUP_V2;
	return hierarchy->controllers && hierarchy->own_path;
}

int host_read_cgroups(struct arena *arena, struct host *host, struct err *err)
{
	/* Pages that nothing is read into are never there. */
	static char usual_own[16 << 10], usual_mountinfo[16 << 10];
	char *own = read_whole("/proc/self/cgroup", usual_own, sizeof(usual_own));
	char *mountinfo = NULL;
	char controllers[512];
	int result = 0;

	if (own && read_unified(arena, host, own)) {
		if (own != usual_own)
			free(own);
		return 0;
	}
	if (own)
		mountinfo = read_whole("/proc/self/mountinfo", usual_mountinfo, sizeof(usual_mountinfo));
	if (!mountinfo) {
		err_set(err, ERR_UNSUPPORTED, "cannot read /proc/self/%s", own ? "mountinfo" : "cgroup");
		err_why(err, "no whole procfs of this process's pid namespace is mounted on /proc");
		result = err_fix(err, "mount it: mount -t proc proc /proc");
	} else {
		read_unified_controllers(mountinfo, controllers, sizeof(controllers));
		result = host_parse_cgroups(arena, host, mountinfo, own, controllers, err);
	}
	if (mountinfo != usual_mountinfo)
		free(mountinfo);
	if (own != usual_own)
		free(own);
	return result;
}
