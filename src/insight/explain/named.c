/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain/named: containers of other engines by the name that they have there, and the image that they are of. Engines
 * keep both in files of theirs, whose places the processes name that stay beside the containers: conmon (podman, CRI-O),
 * dockerd, containerd's shim; crun and runc have a directory for each. No engine is asked, since its socket is power
 * over the host. Reads only.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "insight/explain/parts.h"

#define SHORT_ID 12 /* what engines print */
#define DIGEST_LENGTH 71
#define ENGINE_ARGUMENT "--exit-command-arg" /* of conmon: a word of podman's own follows */

/* One search. */
struct naming {
	struct arena *arena;
	const char *word;
	struct explain_named *items;
	size_t count, max;
};

/* An engine's process, by its command line. */
struct keeper {
	pid_t pid;
	const char *words;
	size_t size;
};

static bool has_text(const struct json *value, const char *text)
{
	return value && value->type == JSON_STRING && strcmp(value->string, text) == 0;
}

/* A digest in the form that profiles take. */
static void copy_digest(struct explain_named *one, const struct json *value)
{
	if (value && value->type == JSON_STRING && strncmp(value->string, "sha256:", 7) == 0 &&
	    value->count == DIGEST_LENGTH && strspn(value->string + 7, "0123456789abcdef") == DIGEST_LENGTH - 7)
		memcpy(one->image, value->string, DIGEST_LENGTH + 1);
}

static void add(struct naming *naming, const struct explain_named *one)
{
	for (size_t i = 0; i < naming->count; i++)
		if (strcmp(naming->items[i].id, one->id) == 0)
			return;
	if (naming->count < naming->max)
		naming->items[naming->count++] = *one;
}

/* By its name, or by what is printed of its id. */
static bool is_meant(const struct naming *naming, const char *name, const char *id)
{
	size_t length = strlen(naming->word);

	return (name && strcmp(name, naming->word) == 0) || strcmp(id, naming->word) == 0 ||
	       (length >= SHORT_ID && strspn(naming->word, "0123456789abcdef") == length &&
		strncmp(id, naming->word, length) == 0);
}

/* ---- podman ---- */

/* A word of podman's own command line, which conmon has for the container's end; NULL when it is not there. */
static const char *engine_word(const struct keeper *keeper, const char *option)
{
	const char *end = keeper->words + keeper->size;
	bool found = false;

	for (const char *word = keeper->words; word < end; word += strlen(word) + 1) {
		if (strcmp(word, ENGINE_ARGUMENT) == 0)
			continue;
		if (found)
			return word;
		found = strcmp(word, option) == 0;
	}
	return NULL;
}

/* The object of an array in a file whose "id" is this one. */
static const struct json *object_of(struct arena *arena, const char *path, const char *id)
{
	const struct json *list = container_read_json(arena, path);

	for (const struct json *item = list && list->type == JSON_ARRAY ? list->first : NULL; item; item = item->next)
		if (has_text(json_get(item, "id"), id))
			return item;
	return NULL;
}

/* The digest of its image, from the files of containers-storage(5). */
static void find_image(struct arena *arena, const struct keeper *keeper, struct explain_named *one)
{
	const char *root = engine_word(keeper, "--root"), *run = engine_word(keeper, "--runroot"),
		   *driver = engine_word(keeper, "--storage-driver");
	const struct json *container, *image;
	char path[PARTS_PATH_MAX];

	if (!root || !driver)
		return;
	snprintf(path, sizeof(path), "%.600s/%.60s-containers/containers.json", root, driver);
	container = object_of(arena, path, one->id);
	if (!container && run) {
		snprintf(path, sizeof(path), "%.600s/%.60s-containers/volatile-containers.json", run, driver);
		container = object_of(arena, path, one->id);
	}
	image = json_get(container, "image");
	if (!image || image->type != JSON_STRING)
		return;
	snprintf(path, sizeof(path), "%.600s/%.60s-images/images.json", root, driver);
	image = object_of(arena, path, image->string);
	copy_digest(one, json_get(image, "digest"));
}

static void look_at_conmon(struct naming *naming, const struct keeper *keeper)
{
	const char *name = container_option_word(keeper->words, keeper->size, "name", "n"),
		   *id = container_option_word(keeper->words, keeper->size, "cid", "c");
	struct explain_named one = {0};

	if (!id || !is_meant(naming, name, id))
		return;
	snprintf(one.id, sizeof(one.id), "%s", id);
	find_image(naming->arena, keeper, &one);
	add(naming, &one);
}

/* ---- Docker ---- */

/* Where dockerd keeps its things: by its command line, by its file, or the usual place. */
static void docker_root(struct arena *arena, const struct keeper *keeper, char *out, size_t size)
{
	const char *option = container_option_word(keeper->words, keeper->size, "data-root", "-"),
		   *file = container_option_word(keeper->words, keeper->size, "config-file", "-");
	const struct json *root = json_get(container_read_json(arena, file ? file : "/etc/docker/daemon.json"), "data-root");

	snprintf(out, size, "%s", option ? option : root && root->type == JSON_STRING ? root->string : "/var/lib/docker");
}

static void look_at_docker_file(struct naming *naming, const char *path)
{
	const struct json *file = container_read_json(naming->arena, path), *name = json_get(file, "Name"),
			  *id = json_get(file, "ID");
	struct explain_named one = {0};

	if (!id || id->type != JSON_STRING || !name || name->type != JSON_STRING ||
	    !is_meant(naming, name->string + strspn(name->string, "/"), id->string))
		return;
	snprintf(one.id, sizeof(one.id), "%s", id->string);
	copy_digest(&one, json_get(file, "Image"));
	add(naming, &one);
}

static void look_at_dockerd(struct naming *naming, const struct keeper *keeper)
{
	char root[512], path[PARTS_PATH_MAX];
	struct dirent *entry;
	DIR *directory;

	docker_root(naming->arena, keeper, root, sizeof(root));
	snprintf(path, sizeof(path), "%s/containers", root);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/containers/%s/config.v2.json", root, entry->d_name);
		look_at_docker_file(naming, path);
	}
	if (directory)
		closedir(directory);
}

/* ---- containerd ---- */

/* What ctr(8) names is the id, and the shim stands in the container's directory. */
static void look_at_shim(struct naming *naming, const struct keeper *keeper)
{
	const char *id = container_option_word(keeper->words, keeper->size, "id", "-");
	struct explain_named one = {0};
	char path[64], text[32];

	if (!id || strcmp(id, naming->word) != 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/cwd/init.pid", keeper->pid);
	if (fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return;
	snprintf(one.id, sizeof(one.id), "%s", id);
	one.pid = (pid_t)strtol(text, NULL, 10);
	add(naming, &one);
}

/* ---- all of them ---- */

/* Of root or of the caller, and none that runs in a container, which may call itself as it likes. */
static bool is_trusted(pid_t pid)
{
	struct stat status;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return stat(path, &status) == 0 && (status.st_uid == 0 || status.st_uid == geteuid()) &&
	       explain_namespace(pid, "pid") == explain_namespace(getpid(), "pid");
}

static void look_at_process(struct naming *naming, pid_t pid)
{
	static const struct {
		const char *command; /* as /proc/PID/comm cuts it */
		void (*look)(struct naming *naming, const struct keeper *keeper);
	} kinds[] = {{"conmon", look_at_conmon}, {"dockerd", look_at_dockerd}, {"containerd-shim", look_at_shim}};
	char path[32], command[32], words[16384];
	struct keeper keeper = {.pid = pid, .words = words};
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (fd_read_text_at(AT_FDCWD, path, command, sizeof(command)) <= 0)
		return;
	command[strcspn(command, "\n")] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].command, command) != 0 || !is_trusted(pid))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		size = fd_read_text_at(AT_FDCWD, path, words, sizeof(words));
		if (size <= 0)
			continue;
		keeper.size = (size_t)size;
		kinds[i].look(naming, &keeper);
	}
}

/* What crun and runc record below their own roots, for those who call them by hand. */
static void look_at_runtimes(struct naming *naming)
{
	const char *user = getenv("XDG_RUNTIME_DIR");
	const struct {
		const char *root, *below, *file, *member;
	} places[] = {
		{"/run", "crun", "status", "pid"}, {"/run", "runc", "state.json", "init_process_pid"},
		{user, "crun", "status", "pid"},   {user, "runc", "state.json", "init_process_pid"},
	};
	char path[PARTS_PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(places) && naming->word[0] != '.'; i++) {
		struct explain_named one = {0};
		uint64_t pid;

		if (!places[i].root)
			continue;
		snprintf(path, sizeof(path), "%.400s/%s/%.200s/%s", places[i].root, places[i].below, naming->word,
			 places[i].file);
		if (!json_u64(json_get(container_read_json(naming->arena, path), places[i].member), &pid) || pid > INT32_MAX ||
		    !explain_parent((pid_t)pid))
			continue;
		snprintf(one.id, sizeof(one.id), "%.100s", naming->word);
		one.pid = (pid_t)pid;
		add(naming, &one);
	}
}

size_t explain_named(struct arena *arena, const char *word, struct explain_named *ret, size_t max)
{
	struct naming naming = {.arena = arena, .word = word, .items = ret, .max = max};
	DIR *stream = word[0] && !strchr(word, '/') ? opendir("/proc") : NULL;

	if (!stream)
		return 0;
	for (struct dirent *entry; (entry = readdir(stream));) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0)
			look_at_process(&naming, pid);
	}
	closedir(stream);
	look_at_runtimes(&naming);
	return naming.count;
}
