/* SPDX-License-Identifier: Apache-2.0 */
/* volumes: the words that name what is mounted: -v, --mount and --tmpfs, as Docker's users know them. */
#include <stdlib.h>
#include <string.h>

#include "people/sandbox/parts.h"

static int out_of_memory(const char *option, const char *text, struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory for %s %s", option, text);
}

/* The text before the next separator; *text moves behind it, or becomes NULL. */
static const char *next_word(struct arena *arena, const char **text, char separator)
{
	const char *start = *text, *end = strchrnul(start, separator);

	*text = *end ? end + 1 : NULL;
	return arena_strndup(arena, start, (size_t)(end - start));
}

static int read_bind_options(struct arena *arena, const char *text, const char *options, struct sandbox_bind *bind,
			     struct err *err)
{
	bool writable = false;

	while (options) {
		const char *word = next_word(arena, &options, ',');

		if (!word)
			return out_of_memory("--volume", text, err);
		if (strcmp(word, "ro") == 0) {
			bind->read_only = true;
		} else if (strcmp(word, "rw") == 0) {
			writable = true;
		} else if (strcmp(word, "idmap") == 0) {
			bind->idmap = true;
		} else {
			err_set(err, ERR_USAGE, "--volume %s: \"%s\" is no option of a volume", text, word);
			return err_fix(err, "use ro, rw or idmap, with a comma between two");
		}
	}
	if (writable && bind->read_only) {
		err_set(err, ERR_USAGE, "--volume %s: ro and rw exclude each other", text);
		return err_fix(err, "leave one of the two out; rw is the default");
	}
	return 0;
}

static bool goes_up(const char *path)
{
	const char *at = path;

	while ((at = strstr(at, "/..")) && at[3] && at[3] != '/')
		at += 3;
	return at;
}

/* "/", "//", "/." and the like: nothing of the source would be seen any more. */
static int check_target(const char *option, const char *text, const char *target, struct err *err)
{
	if (*target != '/')
		return 0;
	if (target[strspn(target, "/.")]) {
		if (!goes_up(target))
			return 0;
		err_set(err, ERR_USAGE, "%s %s has \"..\" in its target", option, text);
		return err_fix(err, "write the path that is meant");
	}
	err_set(err, ERR_USAGE, "%s %s would cover all of the container", option, text);
	return err_fix(err, "a target below /; a whole root is a SOURCE: bulkhead run DIRECTORY COMMAND");
}

int sandbox_parse_bind(struct arena *arena, const char *text, struct sandbox_bind *ret_bind, struct err *err)
{
	const char *rest = text, *source = next_word(arena, &rest, ':');
	struct sandbox_bind bind = {0};

	if (rest && source)
		bind.target = next_word(arena, &rest, ':');
	else if (source)
		bind.target = "";
	if (!source || !bind.target)
		return out_of_memory("--volume", text, err);
	if (check_target("--volume", text, bind.target, err))
		return ERR;
	if (!*source || *bind.target != '/') {
		err_set(err, ERR_USAGE, "--volume %s is not of the form SOURCE:TARGET[:ro]", text);
		return err_fix(err, "for example --volume ./data:/data:ro; the target is absolute");
	}
	if (read_bind_options(arena, text, rest, &bind, err))
		return ERR;
	bind.source = sandbox_real_path(arena, source, "the source of a volume", err);
	if (!bind.source)
		return ERR;
	bind.option = arena_printf(arena, "--volume %s", text);
	if (!bind.option)
		return out_of_memory("--volume", text, err);
	*ret_bind = bind;
	return 0;
}

static bool is_octal(const char *text)
{
	return *text && strlen(text) <= 4 && text[strspn(text, "01234567")] == '\0';
}

/* A tmpfs of a sandbox stays nosuid and nodev; the rest is the caller's. *ret_option is what mount(8) calls it. */
static int check_tmpfs_option(struct arena *arena, const char *text, const char *word, const char **ret_option,
			      struct err *err)
{
	static const char *const flags[] = {"ro", "rw", "exec", "noexec", "nosuid", "nodev", "noatime", "relatime"};
	uint64_t number;

	*ret_option = word;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (strcmp(word, flags[i]) == 0)
			return 0;
	if (strncmp(word, "mode=", 5) == 0 && is_octal(word + 5))
		return 0;
	if ((strncmp(word, "size=", 5) == 0 || strncmp(word, "nr_inodes=", 10) == 0) &&
	    sandbox_parse_size(strchr(word, '=') + 1, &number, err) == 0 && number) {
		*ret_option = arena_printf(arena, "%.*s=%llu", (int)(strchr(word, '=') - word), word,
					   (unsigned long long)number);
		return *ret_option ? 0 : out_of_memory("--tmpfs", text, err);
	}
	err_set(err, ERR_USAGE, "--tmpfs %s: \"%s\" is no option of a tmpfs here", text, word);
	return err_fix(err, "use size=64m, mode=755, nr_inodes=1000, ro, exec or noexec; it is always nosuid and nodev");
}

int sandbox_parse_tmpfs(struct arena *arena, const char *text, struct sandbox_tmpfs *ret_tmpfs, struct err *err)
{
	const char *rest = text, **options = arena_calloc(arena, SANDBOX_TMPFS_OPTIONS_MAX, sizeof(*options));
	struct sandbox_tmpfs tmpfs = {.target = next_word(arena, &rest, ':'), .options.items = options};

	if (!options || !tmpfs.target)
		return out_of_memory("--tmpfs", text, err);
	if (check_target("--tmpfs", text, tmpfs.target, err))
		return ERR;
	if (*tmpfs.target != '/') {
		err_set(err, ERR_USAGE, "--tmpfs %s is not absolute", tmpfs.target);
		return err_fix(err, "it is a path inside the container: --tmpfs /%s", tmpfs.target);
	}
	while (rest) {
		const char *word = next_word(arena, &rest, ',');

		if (!word)
			return out_of_memory("--tmpfs", text, err);
		if (tmpfs.options.count == SANDBOX_TMPFS_OPTIONS_MAX) {
			err_set(err, ERR_USAGE, "--tmpfs %s has more than %d options", text, SANDBOX_TMPFS_OPTIONS_MAX);
			return err_fix(err, "name each once: size=, mode=, noexec, ro");
		}
		if (check_tmpfs_option(arena, text, word, &options[tmpfs.options.count], err))
			return ERR;
		tmpfs.options.count++;
	}
	tmpfs.option = arena_printf(arena, "--tmpfs %s", text);
	if (!tmpfs.option)
		return out_of_memory("--tmpfs", text, err);
	*ret_tmpfs = tmpfs;
	return 0;
}

/* The keys of --mount; several names for one thing, as in Docker. */
enum mount_key { KEY_TYPE, KEY_SOURCE, KEY_TARGET, KEY_READ_ONLY, KEY_IDMAP, KEY_SIZE, KEY_MODE, KEY_COUNT };
static const struct {
	const char *name;
	enum mount_key key;
} mount_keys[] = {
	{"type", KEY_TYPE},	     {"source", KEY_SOURCE},   {"src", KEY_SOURCE},	 {"target", KEY_TARGET},
	{"destination", KEY_TARGET}, {"dst", KEY_TARGET},      {"readonly", KEY_READ_ONLY}, {"ro", KEY_READ_ONLY},
	{"idmap", KEY_IDMAP},	     {"tmpfs-size", KEY_SIZE}, {"tmpfs-mode", KEY_MODE},
};

static int read_mount_key(const char *text, const char *word, const char *values[KEY_COUNT], struct err *err)
{
	size_t length = (size_t)(strchrnul(word, '=') - word);

	for (size_t i = 0; i < ARRAY_SIZE(mount_keys); i++) {
		enum mount_key key = mount_keys[i].key;
		bool flag = key == KEY_READ_ONLY || key == KEY_IDMAP;

		if (strlen(mount_keys[i].name) != length || strncmp(word, mount_keys[i].name, length) != 0)
			continue;
		if ((!flag && !word[length]) || values[key]) {
			err_set(err, ERR_USAGE, "--mount %s: %s %s", text, mount_keys[i].name,
				values[key] ? "is there twice" : "has no value");
			return err_fix(err, "--mount type=bind,source=./data,target=/data,readonly");
		}
		values[key] = word[length] ? word + length + 1 : "true";
		return 0;
	}
	err_set(err, ERR_USAGE, "--mount %s: \"%.*s\" is not known", text, (int)length, word);
	return err_fix(err, "type=bind with source=, target=, readonly, idmap; type=tmpfs with target=, tmpfs-size=, "
			    "tmpfs-mode=, readonly");
}

static int check_mount(const char *text, const char *const values[KEY_COUNT], bool is_tmpfs, struct err *err)
{
	static const char *const true_and_false[] = {"true", "false", "1", "0"};
	static const enum mount_key flags[] = {KEY_READ_ONLY, KEY_IDMAP};

	if (!values[KEY_TARGET] || values[KEY_TARGET][0] != '/') {
		err_set(err, ERR_USAGE, "--mount %s has no absolute target", text);
		return err_fix(err, "add target=/PATH, the place inside the container");
	}
	if (is_tmpfs ? values[KEY_SOURCE] || values[KEY_IDMAP] : values[KEY_SIZE] || values[KEY_MODE]) {
		err_set(err, ERR_USAGE, "--mount %s: %s", text,
			is_tmpfs ? "a tmpfs has no source and no idmap" : "a bind has no tmpfs-size and no tmpfs-mode");
		return err_fix(err, "leave it out, or choose the other type");
	}
	if (!is_tmpfs && (!values[KEY_SOURCE] || !*values[KEY_SOURCE])) {
		err_set(err, ERR_USAGE, "--mount %s has no source", text);
		return err_fix(err, "add source=PATH, a directory or file of the host");
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		bool known = !values[flags[i]];

		for (size_t j = 0; j < ARRAY_SIZE(true_and_false) && !known; j++)
			known = strcmp(values[flags[i]], true_and_false[j]) == 0;
		if (!known) {
			err_set(err, ERR_USAGE, "--mount %s: \"%s\" is neither true nor false", text, values[flags[i]]);
			return err_fix(err, "write the word alone, or =true, or =false");
		}
	}
	return 0;
}

static bool is_on(const char *value)
{
	return value && (strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

static int make_tmpfs(struct arena *arena, const char *text, const char *const values[KEY_COUNT],
		      struct sandbox_tmpfs *ret_tmpfs, struct err *err)
{
	const char *size = values[KEY_SIZE], *mode = values[KEY_MODE];
	const char *words = arena_printf(arena, "%s:%s%s%s%s%s", values[KEY_TARGET],
					 is_on(values[KEY_READ_ONLY]) ? "ro" : "rw", size ? ",size=" : "",
					 size ? size : "", mode ? ",mode=" : "", mode ? mode : "");

	if (!words)
		return out_of_memory("--mount", text, err);
	if (sandbox_parse_tmpfs(arena, words, ret_tmpfs, err) == 0)
		return 0;
	err_set(err, ERR_USAGE, "--mount %s: tmpfs-size or tmpfs-mode cannot be had", text);
	return err_fix(err, "tmpfs-size=64m, tmpfs-mode=755");
}

int sandbox_parse_mount(struct arena *arena, const char *text, struct sandbox_mount *ret_mount, struct err *err)
{
	const char *values[KEY_COUNT] = {NULL}, *rest = text, *option;
	struct sandbox_mount mount = {0};

	while (rest) {
		const char *word = next_word(arena, &rest, ',');

		if (!word)
			return out_of_memory("--mount", text, err);
		if (read_mount_key(text, word, values, err))
			return ERR;
	}
	mount.is_tmpfs = values[KEY_TYPE] && strcmp(values[KEY_TYPE], "tmpfs") == 0;
	if (!values[KEY_TYPE] || (!mount.is_tmpfs && strcmp(values[KEY_TYPE], "bind") != 0)) {
		err_set(err, ERR_USAGE, "--mount %s: the type is %s", text, values[KEY_TYPE] ? values[KEY_TYPE] : "missing");
		return err_fix(err, "type=bind or type=tmpfs; there are no named volumes here");
	}
	if (check_mount(text, values, mount.is_tmpfs, err) || check_target("--mount", text, values[KEY_TARGET], err))
		return ERR;
	option = arena_printf(arena, "--mount %s", text);
	if (!option)
		return out_of_memory("--mount", text, err);
	if (mount.is_tmpfs) {
		if (make_tmpfs(arena, text, values, &mount.tmpfs, err))
			return ERR;
		mount.tmpfs.option = option;
	} else {
		mount.bind = (struct sandbox_bind){
			.source = sandbox_real_path(arena, values[KEY_SOURCE], "the source of a mount", err),
			.target = values[KEY_TARGET],
			.read_only = is_on(values[KEY_READ_ONLY]),
			.idmap = is_on(values[KEY_IDMAP]),
			.option = option,
		};
		if (!mount.bind.source)
			return ERR;
	}
	*ret_mount = mount;
	return 0;
}
