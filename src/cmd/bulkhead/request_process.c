/* SPDX-License-Identifier: Apache-2.0 */
/* request_process: the options about the program itself: its environment, capabilities, limits and labels. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "cmd/bulkhead/people.h"
#include "insight/standing/standing.h"

#define FILE_SIZE_MAX ((size_t)4 << 20)

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory while reading the command line");
}

/* A whole file in arena. option names it in messages. */
static int read_file(struct arena *arena, const char *option, const char *path, char **ret_text, size_t *ret_size,
		     struct err *err)
{
	int fd cleanup_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat info;
	ssize_t size;

	if (fd < 0 || fstat(fd, &info) < 0) {
		err_sys(err, errno, "open", "%s: cannot read %s", option, path);
		return err_fix(err, "check the path; it is taken from the current directory unless it starts with /");
	}
	*ret_text = arena_alloc(arena, FILE_SIZE_MAX);
	if (!*ret_text)
		return out_of_memory(err);
	size = fd_read_text(fd, *ret_text, FILE_SIZE_MAX);
	if (size == -E2BIG) {
		err_set(err, ERR_USAGE, "%s: %s has more than 4 MiB", option, path);
		return err_fix(err, "name another file");
	}
	if (size < 0) {
		err_sys(err, (int)size, "read", "%s: cannot read %s", option, path);
		return err_fix(err, "name a file");
	}
	*ret_size = (size_t)size;
	return 0;
}

/* ---- environment ---- */

/* "NAME=value", or "NAME" for one's own value; *ret_entry NULL when there is none. */
static int read_variable(struct arena *arena, const char *option, const char *text, const char **ret_entry,
			 struct err *err)
{
	const char *value;

	*ret_entry = text;
	if (!*text || *text == '=') {
		err_set(err, ERR_USAGE, "%s \"%s\" names no variable", option, text);
		return err_fix(err, "NAME=VALUE, or NAME to take your own value");
	}
	if (strchr(text, '='))
		return 0;
	value = getenv(text);
	*ret_entry = value ? arena_printf(arena, "%s=%s", text, value) : NULL;
	return value && !*ret_entry ? out_of_memory(err) : 0;
}

static size_t count_lines(const char *text, size_t size)
{
	size_t count = 1;

	for (size_t i = 0; i < size; i++)
		count += text[i] == '\n';
	return count;
}

/* As in Docker: a line a variable, nothing is quoted, lines that begin with # and empty ones are passed over. */
static int read_lines(struct arena *arena, const char *path, char *text, const char **env, size_t *count,
		      struct err *err)
{
	unsigned int number = 0;
	char *next = text, *line;

	while ((line = next)) {
		size_t length;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		length = strlen(line);
		if (length && line[length - 1] == '\r')
			line[length - 1] = '\0';
		line += strspn(line, " \t");
		if (!*line || *line == '#')
			continue;
		if (line[strcspn(line, " \t=")] == ' ' || line[strcspn(line, " \t=")] == '\t') {
			err_set(err, ERR_USAGE, "--env-file %s: line %u has a blank in the name of a variable", path, number);
			return err_fix(err, "write NAME=VALUE, without export and without blanks around \"=\"");
		}
		if (read_variable(arena, "--env-file: line", line, &env[*count], err))
			return ERR;
		*count += env[*count] != NULL;
	}
	return 0;
}

int request_read_env(struct sandbox_request *request, struct arena *arena, struct err *err)
{
	const struct opt_list *list = &request->options.env, *files = &request->options.env_files;
	char **texts = arena_calloc(arena, files->count + 1, sizeof(*texts));
	size_t room = list->count + 1, count = 0, size;
	const char **env;

	if (!texts)
		return out_of_memory(err);
	for (size_t i = 0; i < files->count; i++) {
		if (read_file(arena, "--env-file", files->items[i], &texts[i], &size, err))
			return ERR;
		if (strlen(texts[i]) != size) {
			err_set(err, ERR_USAGE, "--env-file %s holds a zero byte", files->items[i]);
			return err_fix(err, "name a text file with a line NAME=VALUE for each variable");
		}
		room += count_lines(texts[i], size);
	}
	env = arena_calloc(arena, room, sizeof(*env));
	if (!env)
		return out_of_memory(err);
	for (size_t i = 0; i < files->count; i++)
		if (read_lines(arena, files->items[i], texts[i], env, &count, err))
			return ERR;
	for (size_t i = 0; i < list->count; i++) {
		if (read_variable(arena, "--env", list->items[i], &env[count], err))
			return ERR;
		count += env[count] != NULL;
	}
	request->sandbox.env = env;
	request->sandbox.env_count = count;
	return 0;
}

/* ---- capabilities ---- */

/* In any case, with or without "CAP_": as Docker takes it. */
static int capability_number(const char *text)
{
	const char *name;

	for (unsigned int n = 0; (name = oci_capability_name(n)); n++)
		if (strcasecmp(text, name) == 0 || strcasecmp(text, name + strlen("CAP_")) == 0)
			return (int)n;
	return -1;
}

static int read_set(const char *option, const struct opt_list *list, uint64_t *ret_set, bool *ret_all, struct err *err)
{
	*ret_set = 0;
	*ret_all = false;
	for (size_t i = 0; i < list->count; i++) {
		int number = capability_number(list->items[i]);

		if (strcasecmp(list->items[i], "ALL") == 0) {
			*ret_all = true;
		} else if (number < 0) {
			err_set(err, ERR_USAGE, "%s %s: no such capability", option, list->items[i]);
			return err_fix(err, "capabilities(7) lists them: NET_BIND_SERVICE, SYS_PTRACE …");
		} else {
			*ret_set |= UINT64_C(1) << number;
		}
	}
	return 0;
}

int request_read_capabilities(struct sandbox_request *request, struct err *err)
{
	static const char *const powerful[] = {"CAP_SYS_ADMIN", "CAP_NET_ADMIN"};
	uint64_t add, drop, both;
	bool add_all, drop_all;

	if (read_set("--cap-add", &request->options.cap_add, &add, &add_all, err) ||
	    read_set("--cap-drop", &request->options.cap_drop, &drop, &drop_all, err))
		return ERR;
	both = add & drop;
	if (both || (add_all && drop_all)) {
		const char *name = both ? oci_capability_name((unsigned int)__builtin_ctzll(both)) : "ALL";

		err_set(err, ERR_USAGE, "--cap-add %s and --cap-drop %s exclude each other", name, name);
		return err_fix(err, "leave one of the two out; without --cap-add there is none");
	}
	if (add_all)
		for (unsigned int n = 0; oci_capability_name(n); n++)
			add |= UINT64_C(1) << n;
	request->sandbox.capabilities = add & ~drop;
	for (size_t i = 0; i < ARRAY_SIZE(powerful); i++)
		if (request->sandbox.capabilities >> oci_capability_number(powerful[i]) & 1) {
			cli_warn("--cap-add SYS_ADMIN and NET_ADMIN open much of the kernel to the program, even in a "
				 "user namespace");
			break;
		}
	return 0;
}

/* ---- --security-opt ---- */

#define LABEL_PARTS 4
static const char *const label_parts[LABEL_PARTS] = {"user:", "role:", "type:", "level:"};

struct security {
	struct sandbox_request *request;
	struct arena *arena;
	const char *label[LABEL_PARTS]; /* NULL: what containers have */
	bool labelled;
};

static int security_seccomp(struct security *security, const char *value, struct err *err)
{
	struct sandbox *sandbox = &security->request->sandbox;
	char *text;
	size_t size;

	if (sandbox->seccomp || sandbox->seccomp_unconfined) {
		err_set(err, ERR_USAGE, "--security-opt seccomp= is there twice, the second time with %s", value);
		return err_fix(err, "leave one of the two out");
	}
	if (strcmp(value, "unconfined") == 0) {
		sandbox->seccomp_unconfined = true;
		return 0;
	}
	if (read_file(security->arena, "--security-opt seccomp", value, &text, &size, err))
		return ERR;
	return standing_write_oci(security->arena, value, text, size, sandbox->capabilities, &sandbox->seccomp, err);
}

static int security_privileges(struct security *security, const char *value, struct err *err)
{
	if (strcmp(value, "true") && strcmp(value, "false") && *value) {
		err_set(err, ERR_USAGE, "--security-opt no-new-privileges: \"%s\" is neither true nor false", value);
		return err_fix(err, "it is true unless --security-opt no-new-privileges=false is given");
	}
	security->request->sandbox.new_privs = strcmp(value, "false") == 0;
	return 0;
}

static int security_apparmor(struct security *security, const char *value, struct err *err)
{
	(void)err;
	security->request->sandbox.apparmor = strcmp(value, "unconfined") ? value : NULL;
	return 0;
}

static int security_label(struct security *security, const char *value, struct err *err)
{
	if (strcmp(value, "disable") == 0) {
		security->labelled = false;
		return 0;
	}
	for (size_t i = 0; i < LABEL_PARTS; i++) {
		size_t length = strlen(label_parts[i]);

		if (strncmp(value, label_parts[i], length) || !value[length])
			continue;
		security->label[i] = value + length;
		security->labelled = true;
		return 0;
	}
	err_set(err, ERR_USAGE, "--security-opt label=%s names no part of a label", value);
	return err_fix(err, "label=disable, label=user:NAME, label=role:NAME, label=type:NAME or label=level:LEVEL");
}

static int make_label(struct security *security, struct err *err)
{
	static const char *const defaults[LABEL_PARTS] = {"system_u", "system_r", "container_t", "s0"};

	if (!security->labelled)
		return 0;
	for (size_t i = 0; i < LABEL_PARTS; i++)
		if (!security->label[i])
			security->label[i] = defaults[i];
	security->request->sandbox.selinux = arena_printf(security->arena, "%s:%s:%s:%s", security->label[0],
							  security->label[1], security->label[2], security->label[3]);
	return security->request->sandbox.selinux ? 0 : out_of_memory(err);
}

/* Docker takes ":" for "=", too. */
int request_read_security(struct sandbox_request *request, struct arena *arena, struct err *err)
{
	static const struct {
		const char *name;
		int (*read)(struct security *security, const char *value, struct err *err);
	} kinds[] = {{"seccomp", security_seccomp},
		     {"no-new-privileges", security_privileges},
		     {"apparmor", security_apparmor},
		     {"label", security_label}};
	const struct opt_list *list = &request->options.security;
	struct security security = {.request = request, .arena = arena};

	for (size_t i = 0; i < list->count; i++) {
		const char *text = list->items[i];
		size_t length = strcspn(text, "=:"), kind = 0;

		while (kind < ARRAY_SIZE(kinds) &&
		       (strlen(kinds[kind].name) != length || strncmp(kinds[kind].name, text, length)))
			kind++;
		if (kind == ARRAY_SIZE(kinds) || (!text[length] && kinds[kind].read != security_privileges)) {
			err_set(err, ERR_USAGE, "--security-opt %s is not known", text);
			return err_fix(err, "seccomp=FILE, seccomp=unconfined, no-new-privileges=false, apparmor=PROFILE, "
					    "label=type:NAME or label=disable");
		}
		if (kinds[kind].read(&security, text + length + (text[length] != '\0'), err))
			return ERR;
	}
	return make_label(&security, err);
}

/* ---- --ulimit ---- */

int request_read_ulimits(struct sandbox_request *request, struct arena *arena, struct err *err)
{
	const struct opt_list *list = &request->options.ulimits;
	struct sandbox_ulimit *limits = arena_calloc(arena, list->count + 1, sizeof(*limits));

	if (!limits)
		return out_of_memory(err);
	for (size_t i = 0; i < list->count; i++) {
		if (sandbox_parse_ulimit(arena, list->items[i], &limits[i], err))
			return ERR;
		for (size_t j = 0; j < i; j++)
			if (strcmp(limits[i].type, limits[j].type) == 0) {
				err_set(err, ERR_USAGE, "--ulimit %s and --ulimit %s set the same limit", list->items[j],
					list->items[i]);
				return err_fix(err, "leave one of the two out");
			}
	}
	request->sandbox.ulimits = limits;
	request->sandbox.ulimits_count = list->count;
	return 0;
}
