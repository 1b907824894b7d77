/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface/files: which files of procfs and sysfs a container can read and write: those that the reference judges, as far
 * as this machine has them, through the mounts of the container. What covers a file (a bind of /dev/null, a tmpfs, a
 * read-only bind) decides first, its mode on this machine next, then the capabilities that the reference names: without
 * all of those a part of the file at most is reached. No file is opened.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/types.h"
#include "insight/surface/parts.h"

#define FIELDS 6 /* of a line of mountinfo, before the optional ones */

static char *next_field(char **at, char separator)
{
	char *field = *at, *end = strchr(field, separator);

	*at = end ? end + 1 : field + strlen(field);
	if (end)
		*end = '\0';
	return field;
}

/* Is "ro" one of the words that commas separate? */
static bool has_ro(const char *options)
{
	return strncmp(options, "ro", 2) == 0 && (options[2] == ',' || options[2] == '\0');
}

/* "36 35 98:0 /root /path ro,noatime master:1 - type source ro,…" */
static bool parse_line(char *line, struct files_mount *mount)
{
	char *fields[FIELDS], *tail = strstr(line, " - ");

	if (!tail)
		return false;
	*tail = '\0';
	tail += 3;
	for (size_t i = 0; i < FIELDS; i++)
		fields[i] = next_field(&line, ' ');
	mount->root = fields[3];
	mount->path = fields[4];
	mount->type = next_field(&tail, ' ');
	next_field(&tail, ' ');
	mount->read_only = has_ro(fields[5]) || has_ro(tail);
	return mount->path[0] == '/';
}

int files_parse(struct arena *arena, const char *text, struct files_view *ret_view, struct err *err)
{
	char *copy = arena_strdup(arena, text);
	struct files_mount *mounts;
	size_t lines = 1, count = 0;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	mounts = arena_calloc(arena, lines, sizeof(*mounts));
	if (!copy || !mounts)
		return surface_no_memory(err);
	while (*copy)
		if (parse_line(next_field(&copy, '\n'), &mounts[count]))
			count++;
	ret_view->mounts = mounts;
	ret_view->count = count;
	return 0;
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strcmp(directory, "/") == 0 ? 0 : strlen(directory);

	return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

const struct files_mount *files_cover(const struct files_view *view, const char *path)
{
	const struct files_mount *cover = NULL;

	for (size_t i = 0; i < view->count; i++)
		if (is_below(path, view->mounts[i].path) &&
		    (!cover || strlen(view->mounts[i].path) >= strlen(cover->path)))
			cover = &view->mounts[i];
	return cover;
}

static bool is_kernel_type(const char *type)
{
	static const char *const types[] = {"proc",	  "sysfs",   "cgroup",	"cgroup2",  "securityfs", "debugfs",
					    "tracefs",	  "bpf",     "pstore",	"efivarfs", "configfs",	  "selinuxfs",
					    "resctrl",	  "fusectl", "binfmt_misc"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* path, with the components of directory where those match it as a pattern; NULL when it does not lie there. */
static const char *place_below(struct arena *arena, const char *path, const char *directory)
{
	const char *rest = path;
	char *head;

	for (const char *at = directory; *at && rest; at++)
		if (*at == '/')
			rest = strchr(rest + 1, '/');
	head = arena_strndup(arena, path, rest ? (size_t)(rest - path) : strlen(path));
	if (!head || fnmatch(head, directory, FNM_PATHNAME) != 0)
		return NULL;
	return arena_printf(arena, "%s%s", directory, rest ? rest : "");
}

/* Where mount shows the file whose path on an ordinary machine is path; NULL when it does not. */
static const char *place_in(struct arena *arena, const struct files_mount *mount, const char *path)
{
	const char *base = strcmp(mount->type, "proc") == 0 ? "/proc" : strcmp(mount->type, "sysfs") == 0 ? "/sys" : NULL;
	const char *inner, *root = strcmp(mount->root, "/") == 0 ? "" : mount->root;

	/* Of a directory, what is mounted in it counts too: each hierarchy of cgroups has a mount of its own. Only the root
	 * of a hierarchy has a release_agent. */
	if (!base && root[0] && strstr(path, "/release_agent"))
		return NULL;
	if (!base)
		return is_below(mount->path, path) ? mount->path : place_below(arena, path, mount->path);
	if (!is_below(path, base))
		return NULL;
	inner = path + strlen(base);
	if (!is_below(inner, root[0] ? root : "/"))
		return NULL;
	return arena_printf(arena, "%s%s", strcmp(mount->path, "/") == 0 ? "" : mount->path, inner + strlen(root));
}

struct access {
	bool read, write;
};

static struct access access_through_mounts(struct arena *arena, const struct files_view *view, const char *path)
{
	struct access access = {false, false};

	for (size_t i = 0; i < view->count; i++) {
		const struct files_mount *mount = &view->mounts[i];
		const char *place = is_kernel_type(mount->type) ? place_in(arena, mount, path) : NULL;

		if (!place || files_cover(view, place) != mount)
			continue;
		access.read = true;
		access.write = access.write || !mount->read_only;
	}
	return access;
}

/* Files of the process itself, and what belongs to a namespace, are those of the container's own root. */
static bool is_own(const struct reference_entry *entry)
{
	return strncmp(entry->name, "/proc/PID/", 10) == 0 || strncmp(entry->name, "/proc/self/", 11) == 0 ||
	       (strstr(entry->contained, "namespace") && !strstr(entry->contained, "not namespaced"));
}

/* Does the whole of it need a capability that the subject lacks? */
static bool lacks_capability(const struct files_view *view, const struct reference_entry *entry)
{
	uint64_t held = is_own(entry) ? view->capabilities : view->host_capabilities;
	char name[32];

	for (const char *at = entry->capabilities; *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");
		int number;

		snprintf(name, sizeof(name), "%.*s", (int)length, at);
		number = oci_capability_number(name);
		if (number >= 0 && !(held >> number & 1))
			return true;
		at += length;
	}
	return false;
}

static const char *path_of(struct arena *arena, const struct reference_entry *entry)
{
	char *path;

	if (entry->kind == REFERENCE_SYSCTL) {
		path = arena_printf(arena, "/proc/sys/%s", entry->name);
		for (char *at = path; at && *at; at++)
			*at = *at == '.' ? '/' : *at;
		return path;
	}
	if (strncmp(entry->name, "/proc/PID", 9) == 0)
		return arena_printf(arena, "/proc/self%s", entry->name + 9);
	return entry->name;
}

static bool has(const struct surface_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->items[i].name, name) == 0)
			return true;
	return false;
}

static void judge(struct arena *arena, const struct files_view *view, const struct reference_entry *entry,
		  struct surface *surface)
{
	const char *path = path_of(arena, entry);
	struct surface_item item = {.name = path};
	struct stat status = {.st_mode = 0666};
	enum surface_verdict reached;
	struct access access;
	bool own;

	/* A pattern stands for files whose modes differ: the mounts alone decide. */
	if (!path || (!strpbrk(path, "*<") && lstat(path, &status) < 0))
		return;
	access = access_through_mounts(arena, view, path);
	own = view->host_root || is_own(entry);
	access.read = access.read && (own || status.st_mode & 0004);
	access.write = access.write && (status.st_mode & (own ? 0222 : 0002) || S_ISDIR(status.st_mode)) &&
		       (own || !S_ISDIR(status.st_mode));
	/* Of what can be written, the capability is for writing. */
	reached = lacks_capability(view, entry) ? SURFACE_CAPABILITY : SURFACE_ALLOWED;
	/* /proc/PID/exe and /proc/self/exe are one. */
	if (has(&surface->sets[SURFACE_READABLE], path) || has(&surface->sets[SURFACE_WRITABLE], path))
		return;
	if (strchr(entry->group, 'r')) {
		/* The risk of what can be written is that of writing it. */
		item.risk = strchr(entry->group, 'w') ? REFERENCE_RISK_NONE : entry->risk;
		item.verdict = !access.read ? SURFACE_REFUSED : strchr(entry->group, 'w') ? SURFACE_ALLOWED : reached;
		surface_add(&surface->sets[SURFACE_READABLE], item);
	}
	if (strchr(entry->group, 'w')) {
		item.risk = entry->risk;
		item.verdict = access.write ? reached : SURFACE_REFUSED;
		surface_add(&surface->sets[SURFACE_WRITABLE], item);
	}
}

int files_fill(struct arena *arena, const struct files_view *view, struct surface *surface, struct err *err)
{
	static const enum reference_kind kinds[] = {REFERENCE_PROCFS, REFERENCE_SYSFS, REFERENCE_SYSCTL};
	struct reference_entry entry;
	size_t first, end, room = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		reference_range((int)kinds[i], &first, &end);
		room += end - first;
	}
	if (surface_begin(arena, &surface->sets[SURFACE_READABLE], room, err) ||
	    surface_begin(arena, &surface->sets[SURFACE_WRITABLE], room, err))
		return ERR;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		reference_range((int)kinds[i], &first, &end);
		for (size_t at = first; at < end; at++) {
			reference_at(at, &entry);
			judge(arena, view, &entry, surface);
		}
	}
	return 0;
}
