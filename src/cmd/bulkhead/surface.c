/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface: how much of the kernel a container, a process, a bundle or a profile can reach, and two of them compared. Reads
 * only; a process is stopped for the moment in which its filters are copied.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/people.h"
#include "core/oci/config.h"
#include "insight/surface/surface.h"

/* CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE
 * SETFCAP: what a container of Docker has when nothing else is said. Rules of a profile depend on them. */
#define ENGINE_CAPABILITIES UINT64_C(0xa80425fb)
#define SHORT_ID	    12 /* digits of an engine's id: a pid has fewer */

struct surface_options {
	const char *html, *profile;
	bool json, diff, filter;
};

static const struct opt options[] = {
	{OPT_FLAG, 0, "diff", NULL, "compare two", offsetof(struct surface_options, diff)},
	{OPT_FLAG, 0, "filter", NULL, "print its seccomp filters, an instruction a line",
	 offsetof(struct surface_options, filter)},
	{OPT_STRING, 0, "html", "FILE", "write one page with a picture that needs nothing else",
	 offsetof(struct surface_options, html)},
	{OPT_FLAG, 0, "json", NULL, "as JSON, with every name", offsetof(struct surface_options, json)},
	{OPT_STRING, 0, "profile", "FILE", "what of it is used, by a containment profile",
	 offsetof(struct surface_options, profile)},
	{.type = OPT_END},
};

static int failed(struct people *people, const struct err *err)
{
	cli_error(&people->cli, err);
	return PEOPLE_FAILED;
}

/* ---- what is meant ---- */

static int of_file(struct arena *arena, const char *path, const char *subject, bool bundle, struct surface *ret,
		   struct err *err)
{
	const struct oci_config *config;
	const char *text;
	size_t size;

	if (engine_read_file(arena, path, path, OCI_CONFIG_SIZE_MAX, &text, &size, err))
		return ERR;
	if (!bundle)
		return surface_of_profile(arena, subject, text, size, ENGINE_CAPABILITIES, ret, err);
	return oci_config_read(arena, path, text, size, &config, err) ||
			       surface_of_config(arena, path, config, ret, err)
		       ? ERR
		       : 0;
}

static int of_sandbox(struct arena *arena, struct surface *ret, struct err *err)
{
	struct buf text cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&text, 0);

	sandbox_write_seccomp(&writer, 0);
	if (text.failed)
		return err_set(err, ERR_INTERNAL, "out of memory while writing the default profile");
	return surface_of_profile(arena, "sandbox", text.data, text.length, 0, ret, err);
}

/* *ret_pid stays 0 when there is no container of ours of that name. */
static int find_container(struct people *people, struct arena *arena, const char *id, pid_t *ret_pid, struct err *err)
{
	struct engine_container container;
	bool found;

	*ret_pid = 0;
	if (people_find_container(people, arena, id, &container, &found, err))
		return ERR;
	if (!found)
		return 0;
	if (container.status == STATE_STOPPED || container.state->pid == 0) {
		err_set(err, ERR_STATE, "container %s does not run", id);
		return err_fix(err, "bulkhead surface %s, its bundle", container.state->bundle);
	}
	*ret_pid = container.state->pid;
	return 0;
}

static int measure(struct people *people, struct arena *arena, const char *word, struct surface *ret, struct err *err)
{
	struct stat status;
	struct explain_named foreign;
	uint64_t number;
	pid_t pid;

	if (word[0] && strlen(word) < SHORT_ID && strspn(word, "0123456789") == strlen(word))
		return cli_number("PID", word, INT32_MAX, &number, err)
			       ? ERR
			       : surface_of_process(arena, (pid_t)number, false, ret, err);
	if (!strchr(word, '/')) {
		if (find_container(people, arena, word, &pid, err))
			return ERR;
		if (!pid && people_find_foreign(arena, word, &foreign, err))
			return ERR;
		pid = pid ? pid : foreign.pid;
		if (pid) {
			if (surface_of_process(arena, pid, true, ret, err))
				return ERR;
			ret->kind = "container";
			ret->subject = word;
			return 0;
		}
		if (strcmp(word, "sandbox") == 0)
			return of_sandbox(arena, ret, err);
	}
	if (stat(word, &status) < 0) {
		err_set(err, ERR_USAGE, "there is no container, bundle or profile \"%s\"", word);
		return err_fix(err, "a name that bulkhead knows, the name or id of any engine's container, a pid, a "
				    "directory with a config.json, or the file of a profile");
	}
	if (S_ISDIR(status.st_mode)) {
		const char *path = arena_printf(arena, "%s/config.json", word);

		return path ? of_file(arena, path, word, true, ret, err) : ERR;
	}
	return of_file(arena, word, word, false, ret, err);
}

/* Mark what the profile at path says is used. */
static int add_use(struct people *people, struct arena *arena, const char *path, struct surface *surface)
{
	struct profile_faults *faults = arena_calloc(arena, 1, sizeof(*faults));
	struct err err = ERR_INIT;
	struct profile profile;
	const char *text;
	size_t size;

	if (!faults) {
		err_set(&err, ERR_INTERNAL, "out of memory while reading %s", path);
		return failed(people, &err);
	}
	if (engine_read_file(arena, path, path, PROFILE_SIZE_MAX, &text, &size, &err))
		return failed(people, &err);
	if (profile_read(arena, path, text, size, &profile, faults)) {
		for (size_t i = 0; i < faults->count; i++)
			cli_error(&people->cli, &faults->items[i]);
		return PEOPLE_FAILED;
	}
	surface->profile = path;
	surface_use(&profile, surface);
	return 0;
}

/* ---- output ---- */

static int write_page(struct people *people, const char *path, const struct surface *surface)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct err err = ERR_INIT;
	int fd cleanup_fd = -EBADF, result;

	surface_print_html(surface, &out);
	if (out.failed) {
		err_set(&err, ERR_INTERNAL, "out of memory while writing %s", path);
		return failed(people, &err);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	result = fd < 0 ? -errno : fd_write_all(fd, out.data, out.length);
	if (result < 0) {
		err_sys(&err, result, fd < 0 ? "open" : "write", "cannot write the page %s", path);
		err_fix(&err, "choose a path in a directory that is there, where you may write and where there is room");
		return failed(people, &err);
	}
	return 0;
}

static int print_one(struct people *people, struct arena *arena, const struct surface_options *chosen, const char *word)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct surface surface;
	struct err err = ERR_INIT;

	if (measure(people, arena, word, &surface, &err))
		return failed(people, &err);
	if (chosen->profile && add_use(people, arena, chosen->profile, &surface))
		return PEOPLE_FAILED;
	if (chosen->html)
		return write_page(people, chosen->html, &surface);
	if (chosen->filter)
		surface_print_filters(&surface, &out);
	else if (chosen->json)
		surface_print_json(&surface, &out);
	else
		surface_print_text(&surface, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"), &out);
	return cli_print(&people->cli, &out) ? PEOPLE_FAILED : 0;
}

static int print_both(struct people *people, struct arena *arena, const struct surface_options *chosen, char **words)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct surface a, b;
	struct err err = ERR_INIT;

	if (measure(people, arena, words[0], &a, &err) || measure(people, arena, words[1], &b, &err))
		return failed(people, &err);
	if (chosen->json)
		surface_diff_json(&a, &b, &out);
	else
		surface_diff_text(&a, &b, &out);
	return cli_print(&people->cli, &out) ? PEOPLE_FAILED : 0;
}

static int check_options(const struct surface_options *chosen, int operands, struct err *err)
{
	bool other = chosen->html || chosen->json || chosen->diff || chosen->profile;

	if (operands != (chosen->diff ? 2 : 1)) {
		err_set(err, ERR_USAGE, "surface: %s",
			chosen->diff ? "--diff takes two" : "it takes one subject, not more or less");
		return err_fix(err, chosen->diff ? "bulkhead surface --diff A B"
						 : "bulkhead surface CONTAINER|PID|BUNDLE|PROFILE, or --diff A B");
	}
	if (chosen->filter && other) {
		err_set(err, ERR_USAGE, "surface: --filter stands alone");
		return err_fix(err, "bulkhead surface --filter SUBJECT, and the rest in a call of its own");
	}
	if (chosen->html && (chosen->json || chosen->diff)) {
		err_set(err, ERR_USAGE, "surface: --html and --%s exclude each other", chosen->json ? "json" : "diff");
		return err_fix(err, "one call for each");
	}
	if (chosen->profile && chosen->diff) {
		err_set(err, ERR_USAGE, "surface: --profile and --diff exclude each other");
		return err_fix(err, "bulkhead surface A --profile FILE, and the same with B");
	}
	return 0;
}

static int verb(int argc, char **argv, void *context)
{
	struct people *people = context;
	struct arena arena cleanup_arena = ARENA_INIT;
	struct surface_options chosen = {0};
	struct err err = ERR_INIT;
	bool help = false;
	int operands = 0;

	if (opt_parse(&verb_surface, argc, argv, &chosen, &operands, &help, &err))
		return failed(people, &err);
	if (help)
		return cli_print_help(&people->cli, &verb_surface) ? PEOPLE_FAILED : 0;
	if (check_options(&chosen, operands, &err))
		return failed(people, &err);
	return chosen.diff ? print_both(people, &arena, &chosen, argv) : print_one(people, &arena, &chosen, argv[0]);
}

const struct opt_verb verb_surface = {
	.name = "surface",
	.synopsis = "[options] CONTAINER|PID|BUNDLE|PROFILE | --diff A B",
	.summary = "Measure how much of the kernel a container, process or profile can reach.",
	.examples = "  bulkhead surface web1                         a container of ours, by its name\n"
		    "  bulkhead surface 9c44863bf6fe                 a container of podman, Docker …, by its name or id\n"
		    "  bulkhead surface $(pidof nginx)               a process of any runtime\n"
		    "  bulkhead surface ./bundle --json\n"
		    "  bulkhead surface --html page.html /usr/share/containers/seccomp.json\n"
		    "  bulkhead surface web1 --profile web1.json     what of it the program uses\n"
		    "  bulkhead surface --filter web1                what its filters compare and answer\n"
		    "  bulkhead surface --diff sandbox /usr/share/containers/seccomp.json\n"
		    "\"sandbox\" is the default filter of bulkhead run.\n",
	.options = options,
	.statuses = people_statuses_look,
	.mixed = true,
	.run = verb,
};
