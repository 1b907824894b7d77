/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_name: a profile that an engine's container has by name, from a directory that only the administrator writes.
 * An annotation is the word of whoever makes the container: it chooses among what the administrator allows, and adds
 * nothing, because a profile only takes away. Runs in the runtime, before anything is made.
 *
 *   NAME.json    profiles
 *   index.json   {"allow": [NAME…], "default": NAME, "trustDigest": false, "digests": {"sha256:…": NAME}}; may be missing
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/json.h"
#include "core/engine/parts.h"

#define PROFILES_DEFAULT  "/etc/bulkhead/profiles"
#define ANNOTATION_NAME	  "org.bulkhead.profile"
#define ANNOTATION_DIGEST "org.bulkhead.image.digest"
#define INDEX_SIZE_MAX	  ((size_t)1 << 20)
#define OVERFLOW_UID	  65534 /* root of the host, seen from a user namespace that does not map it */

struct directory {
	const struct creation *creation;
	const char *path;
	int fd;
};

static const struct key_value *annotation(const struct oci_config *config, const char *key)
{
	for (size_t i = 0; i < config->annotations.count; i++)
		if (strcmp(config->annotations.items[i].key, key) == 0)
			return &config->annotations.items[i];
	return NULL;
}

/* Root's, and written by nobody else. */
static int check_owner(const struct directory *directory, int fd, const char *name, mode_t type, struct err *err)
{
	bool nested = !directory->creation->host->initial_user_namespace;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "fstat", "cannot look at %s%s", directory->path, name);
	if ((st.st_mode & S_IFMT) == type && (st.st_uid == 0 || (nested && st.st_uid == OVERFLOW_UID)) &&
	    !(st.st_mode & 022))
		return 0;
	err_set(err, ERR_STATE, "%s%s is not to be trusted with profiles", directory->path, name);
	err_why(err, "it belongs to uid %u with mode %04o", st.st_uid, st.st_mode & 07777);
	return err_fix(err, "make it a %s of root that nobody else may write",
		       type == S_IFDIR ? "directory" : "regular file");
}

/* *ret_text NULL: there is no such file. */
static int read_file(const struct directory *directory, const char *file, size_t size_max, const char **ret_text,
		     size_t *ret_size, struct err *err)
{
	int fd cleanup_fd = openat(directory->fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char name[300], *text;
	ssize_t size;

	*ret_text = NULL;
	snprintf(name, sizeof(name), "/%s", file);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "openat", "cannot open %s%s", directory->path, name);
	text = arena_alloc(directory->creation->arena, size_max + 1);
	if (!text)
		return err_set(err, ERR_INTERNAL, "out of memory while reading %s%s", directory->path, name);
	if (check_owner(directory, fd, name, S_IFREG, err))
		return ERR;
	size = fd_read_full(fd, text, size_max + 1);
	if (size < 0)
		return err_sys(err, (int)size, "read", "cannot read %s%s", directory->path, name);
	if ((size_t)size > size_max) {
		err_set(err, ERR_CONFIG, "%s%s is larger than %zu bytes", directory->path, name, size_max);
		return err_fix(err, "look whether it is the right file");
	}
	*ret_text = text;
	*ret_size = (size_t)size;
	return 0;
}

static int bad_index(const struct directory *directory, const char *key, struct err *err)
{
	err_set(err, ERR_CONFIG, "%s/index.json: \"%.60s\" is not as it must be", directory->path, key);
	return err_fix(err, "{\"allow\": [NAME…], \"default\": NAME, \"trustDigest\": false, \"digests\": {\"sha256:…\": "
			    "NAME}}, each of them optional");
}

/* The index, checked; NULL: there is none, and each name may be chosen. */
static int read_index(const struct directory *directory, struct json **ret, struct err *err)
{
	static const struct {
		const char *key;
		enum json_type type;
	} members[] = {{"allow", JSON_ARRAY}, {"default", JSON_STRING}, {"trustDigest", JSON_BOOL},
		       {"digests", JSON_OBJECT}};
	const char *text;
	size_t size;

	*ret = NULL;
	if (read_file(directory, "index.json", INDEX_SIZE_MAX, &text, &size, err))
		return ERR;
	if (!text)
		return 0;
	if (json_parse(directory->creation->arena, "index.json", text, size, ret, err))
		return ERR;
	if ((*ret)->type != JSON_OBJECT)
		return bad_index(directory, "the file", err);
	for (const struct json *member = (*ret)->first; member; member = member->next) {
		size_t i = 0;

		while (i < ARRAY_SIZE(members) && strcmp(members[i].key, member->key) != 0)
			i++;
		if (i == ARRAY_SIZE(members) || member->type != members[i].type)
			return bad_index(directory, member->key, err);
		for (const struct json *item = member->first; item; item = item->next)
			if (item->type != JSON_STRING)
				return bad_index(directory, member->key, err);
	}
	return 0;
}

/* What the annotations and the index choose; NULL: nothing. */
static const char *choose(const struct oci_config *config, const struct json *index)
{
	const struct key_value *name = annotation(config, ANNOTATION_NAME), *digest = annotation(config, ANNOTATION_DIGEST);
	const struct json *trust = index ? json_get(index, "trustDigest") : NULL,
			  *digests = index ? json_get(index, "digests") : NULL,
			  *standard = index ? json_get(index, "default") : NULL, *known;

	if (name)
		return name->value;
	known = digest && trust && trust->boolean && digests ? json_get(digests, digest->value) : NULL;
	if (known)
		return known->string;
	return standard ? standard->string : NULL;
}

static bool is_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	return name[0] && name[0] != '.' && strlen(name) <= 200 && !name[strspn(name, allowed)] && strcmp(name, "index");
}

static bool is_allowed(const struct json *index, const char *name)
{
	const struct json *list = index ? json_get(index, "allow") : NULL, *standard = index ? json_get(index, "default")
											      : NULL;

	if (!list || (standard && strcmp(standard->string, name) == 0))
		return true;
	for (const struct json *item = list->first; item; item = item->next)
		if (strcmp(item->string, name) == 0)
			return true;
	return false;
}

static int refuse(const struct creation *creation, const char *name, const char *why, const char *directory,
		  struct err *err)
{
	const struct key_value *asked = annotation(creation->config, ANNOTATION_NAME);

	err_set(err, ERR_CONFIG, "cannot start with the profile \"%.80s\"", name);
	err_why(err, "%s", why);
	if (asked)
		err_where(err, "%s#%s", creation->config->name, asked->where);
	return err_fix(err, "name one that %s has and allows, in the annotation " ANNOTATION_NAME, directory);
}

static int read_named(const struct directory *directory, struct creation *creation, struct err *err)
{
	struct engine_profile *profile = &creation->profile;
	const char *name;
	struct json *index;
	char file[256];

	if (check_owner(directory, directory->fd, "", S_IFDIR, err) || read_index(directory, &index, err))
		return ERR;
	name = choose(creation->config, index);
	if (!name)
		return 0;
	if (!is_name(name))
		return refuse(creation, name, "this is no name of a profile", directory->path, err);
	if (!is_allowed(index, name))
		return refuse(creation, name, "the administrator does not list it", directory->path, err);
	snprintf(file, sizeof(file), "%s.json", name);
	if (read_file(directory, file, PROFILE_SIZE_MAX, &profile->text, &profile->size, err))
		return ERR;
	if (!profile->text)
		return refuse(creation, name, "there is no such profile", directory->path, err);
	profile->name = arena_printf(creation->arena, "%s/%s", directory->path, file);
	return profile->name ? 0 : err_set(err, ERR_INTERNAL, "out of memory while reading the profile");
}

int profile_by_name(struct creation *creation, struct err *err)
{
	const struct engine *engine = creation->engine;
	const struct host *host = creation->host;
	const struct key_value *asked = annotation(creation->config, ANNOTATION_NAME);
	int fd cleanup_fd = -EBADF;
	struct directory directory = {creation, engine->profiles ? engine->profiles : PROFILES_DEFAULT, -EBADF};

	if (!engine->named_profiles)
		return 0;
	if (engine->profiles && (host->uid != 0 || !host->initial_user_namespace)) {
		err_set(err, ERR_USAGE, "--profiles %s is only for root of the host", engine->profiles);
		return err_fix(err, "leave it out: profiles are in " PROFILES_DEFAULT);
	}
	fd = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return asked ? refuse(creation, asked->value, "there are no profiles on this machine", directory.path, err)
			     : 0;
	if (fd < 0)
		return err_sys(err, errno, "open", "cannot open the profiles in %s", directory.path);
	directory.fd = fd;
	return read_named(&directory, creation, err);
}
