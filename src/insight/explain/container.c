/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain/container: the config.json of the container that a process is in, whichever runtime made it, and the rules of
 * its filter. Found by what runtimes record below /run (bulkhead, crun, runc), or by the bundle that the process's
 * monitor (conmon, containerd's shim, a runtime in the foreground) names. Nothing of this is believed: a config counts
 * for a filter only when it answers as the filter does (rules.c). Reads only.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/types.h"
#include "core/filter/filter.h"
#include "insight/explain/parts.h"

#define ANCESTORS_MAX 32
#define FILE_MAX ((size_t)1 << 20)
#define AGAIN_NS 500000000 /* a container that was not found may be recorded later */

/* One search. */
struct search {
	struct explain_container *found;
	uint32_t mount_inode;
	pid_t ancestors[ANCESTORS_MAX]; /* the process, its parent, … */
	size_t count;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

pid_t explain_parent(pid_t pid)
{
	char path[64], text[512];
	const char *end;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return 0;
	/* The name in parentheses may hold anything. */
	end = strrchr(text, ')');
	return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* The text of a regular file; to be freed. NULL: there is none. Nothing else is opened: a pipe would wait for ever. */
static char *read_file(const char *path, size_t *ret_length)
{
	int place_fd cleanup_fd = open(path, O_PATH | O_CLOEXEC), fd cleanup_fd = -EBADF;
	char *text = NULL, link[64];
	struct stat status;
	ssize_t length = -1;

	if (place_fd < 0 || fstat(place_fd, &status) < 0 || !S_ISREG(status.st_mode))
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", place_fd);
	fd = open(link, O_RDONLY | O_CLOEXEC);
	text = fd >= 0 ? malloc(FILE_MAX) : NULL;
	if (text)
		length = fd_read_text(fd, text, FILE_MAX);
	if (length > 0) {
		*ret_length = (size_t)length;
		return text;
	}
	free(text);
	return NULL;
}

const struct json *container_read_json(struct arena *arena, const char *path)
{
	struct err err = ERR_INIT;
	struct json *root = NULL;
	size_t length = 0;
	char *text = read_file(path, &length);

	if (text && json_parse(arena, path, text, length, &root, &err))
		root = NULL;
	free(text);
	return root;
}

/* Its rules, once the file is known. The place names the file, as people find it. */
static bool take_text(struct explain_container *found, const char *path, const char *text, size_t length)
{
	struct err err = ERR_INIT;

	if (standing_read(&found->arena, "config.json", text, length, &found->rules, &err) ||
	    (!found->rules.unrestricted &&
	     filter_compile(&found->rules.policy, &found->arena, &found->program, &err)))
		return false;
	snprintf(found->config, sizeof(found->config), "%s", path);
	return true;
}

static bool take_config(struct search *search, const char *path)
{
	size_t length = 0;
	char *text = read_file(path, &length);
	bool taken = text && take_text(search->found, path, text, length);

	free(text);
	return taken;
}

void explain_expect(struct explain *explain, const char *name, const char *text, size_t size)
{
	if (explain->expected_count < EXPLAIN_EXPECTED_MAX &&
	    take_text(&explain->expected[explain->expected_count], name, text, size))
		explain->expected_count++;
}

/* ---- what runtimes record ---- */

static bool is_ours(const struct search *search, pid_t pid)
{
	for (size_t i = 0; i < search->count; i++)
		if (search->ancestors[i] == pid)
			return true;
	return pid > 1 && explain_namespace(pid, "mnt") == search->mount_inode;
}

/* The bundle that a record names: crun and bulkhead have a member, runc has a label of its own. */
static const char *bundle_of(const struct json *record)
{
	const struct json *bundle = json_get(record, "bundle"), *labels = json_get(json_get(record, "config"), "labels");

	if (bundle && bundle->type == JSON_STRING)
		return bundle->string;
	for (const struct json *label = labels && labels->type == JSON_ARRAY ? labels->first : NULL; label;
	     label = label->next)
		if (label->type == JSON_STRING && strncmp(label->string, "bundle=", 7) == 0)
			return label->string + 7;
	return NULL;
}

static bool look_at_record(struct search *search, const char *directory, const char *file)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	char path[PARTS_PATH_MAX];
	const struct json *record;
	uint64_t pid = 0;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	record = container_read_json(&arena, path);
	if (!record || !(json_u64(json_get(record, "pid"), &pid) || json_u64(json_get(record, "init_process_pid"), &pid)) ||
	    pid > INT32_MAX || !is_ours(search, (pid_t)pid))
		return false;
	/* The runtime's own copy first: the bundle may have changed since. */
	snprintf(path, sizeof(path), "%s/config.json", directory);
	if (take_config(search, path)) {
		snprintf(search->found->directory, sizeof(search->found->directory), "%s", directory);
		return true;
	}
	if (!bundle_of(record))
		return false;
	snprintf(path, sizeof(path), "%s/config.json", bundle_of(record));
	return take_config(search, path);
}

static bool look_into_root(struct search *search, const char *root)
{
	DIR *directory = opendir(root);
	struct dirent *entry;
	bool found = false;

	while (directory && !found && (entry = readdir(directory))) {
		char path[PARTS_PATH_MAX];

		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", root, entry->d_name) < sizeof(path))
			found = look_at_record(search, path, "state.json") || look_at_record(search, path, "status");
	}
	if (directory)
		closedir(directory);
	return found;
}

static bool look_into_roots(struct search *search, const char *own_root)
{
	static const char *const roots[] = {
		"/run/bulkhead", "/run/bulkhead-oci", "/run/crun", "/run/runc", "/run/docker/runtime-runc/moby",
		"/run/containerd/runc/default", "/run/containerd/runc/k8s.io",
	};
	static const char *const user_roots[] = {"bulkhead", "bulkhead-oci", "crun", "runc"};
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char path[PARTS_PATH_MAX];

	if (own_root && look_into_root(search, own_root))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		if (look_into_root(search, roots[i]))
			return true;
	for (size_t i = 0; runtime && i < ARRAY_SIZE(user_roots); i++) {
		snprintf(path, sizeof(path), "%s/%s", runtime, user_roots[i]);
		if (look_into_root(search, path))
			return true;
	}
	return false;
}

/* ---- who stands above the process ---- */

static bool is_runtime(const char *words)
{
	static const char *const programs[] = {
		"bulkhead", "bulkhead-oci", "conmon", "crun", "runc", "containerd-shim-runc-v2",
	};
	const char *name = strrchr(words, '/') ? strrchr(words, '/') + 1 : words;

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (strcmp(name, programs[i]) == 0)
			return true;
	return false;
}

const char *container_option_word(const char *words, size_t size, const char *name, const char *letter)
{
	const char *next;

	for (const char *word = words; word < words + size; word = next) {
		size_t length = strlen(name);
		const char *plain = word + strspn(word, "-");

		next = word + strlen(word) + 1;
		if (plain == word)
			continue;
		if (strncmp(plain, name, length) == 0 && plain[length] == '=')
			return plain + length + 1;
		if ((strcmp(plain, name) == 0 || strcmp(plain, letter) == 0) && next < words + size)
			return next;
	}
	return NULL;
}

/* A path as the process means it that names it. */
static void path_of(pid_t pid, const char *word, const char *file, char *out, size_t size)
{
	if (word[0] == '/')
		snprintf(out, size, "%.900s%s", word, file);
	else
		snprintf(out, size, "/proc/%d/cwd/%.900s%s", pid, word, file);
}

static bool look_above(struct search *search)
{
	char words[16384], path[PARTS_PATH_MAX];

	for (size_t i = 1; i < search->count; i++) {
		pid_t pid = search->ancestors[i];
		const char *word;
		ssize_t size;

		snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		size = fd_read_text_at(AT_FDCWD, path, words, sizeof(words));
		/* Not what runs inside: it may call itself as it likes. */
		if (size <= 0 || !is_runtime(words) || explain_namespace(pid, "mnt") == search->mount_inode)
			continue;
		word = container_option_word(words, (size_t)size, "root", "-");
		if (word) {
			path_of(pid, word, "", path, sizeof(path));
			if (look_into_root(search, path))
				return true;
		}
		/* A runtime or shim that names none was started in its bundle. */
		word = container_option_word(words, (size_t)size, "bundle", "b") ?: ".";
		path_of(pid, word, "/config.json", path, sizeof(path));
		if (take_config(search, path))
			return true;
	}
	return false;
}

/* ---- what is known already ---- */

static struct explain_container *slot(struct explain *explain, uint32_t mount_inode)
{
	struct explain_container *one;

	for (size_t i = 0; i < explain->containers_count; i++)
		if (explain->containers[i].mount_inode == mount_inode)
			return &explain->containers[i];
	if (explain->containers_count < EXPLAIN_CONTAINERS_MAX)
		one = &explain->containers[explain->containers_count++];
	else
		one = &explain->containers[explain->containers_next++ % EXPLAIN_CONTAINERS_MAX];
	arena_done(&one->arena);
	*one = (struct explain_container){.mount_inode = mount_inode};
	return one;
}

struct explain_container *container_find(struct explain *explain, pid_t pid, uint32_t mount_inode)
{
	struct explain_container *one = slot(explain, mount_inode);
	struct search search = {.found = one, .mount_inode = mount_inode};

	if (one->config[0])
		return one;
	if (one->looked && now() - one->looked < AGAIN_NS)
		return NULL;
	/* It may have ended: another of the same mount namespace stands below the same runtime. */
	if (!explain_parent(pid))
		pid = paths_resident(explain, mount_inode);
	for (pid_t at = pid; at > 1 && search.count < ANCESTORS_MAX; at = explain_parent(at))
		search.ancestors[search.count++] = at;
	if (look_into_roots(&search, explain->state_root) || look_above(&search))
		return one;
	one->looked = now();
	return NULL;
}

void container_release(struct explain *explain)
{
	for (size_t i = 0; i < explain->containers_count; i++)
		arena_done(&explain->containers[i].arena);
	explain->containers_count = 0;
	for (size_t i = 0; i < explain->expected_count; i++)
		arena_done(&explain->expected[i].arena);
}
