/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document: writes the manual pages and completions of the program whose tables it is linked with.
 *
 *   document OUTDIR SECTION DATE VERB[,VERB…] FILE…
 *
 * The verbs are those that the build installs a page for; none, when all are in the program's own page. A FILE is a template
 * of a completion, complete.SHELL, or the hand-written sections of a page, PAGE.mdoc.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "cmd/cli.h"
#include "cmd/document/document.h"

/* How a program prints the names of all containers. */
static const struct {
	const char *program, *words;
} lists[] = {{"bulkhead", "ls --all --quiet"}, {"bulkhead-oci", "list --quiet"}};

static const struct shell {
	const char *template; /* the name of its file */
	const char *before, *after; /* of what is installed, around the program's name */
	void (*add)(struct buf *out, const struct opt_program *program, const char *function);
} shells[] = {
	{"complete.bash", "", "", complete_bash},
	{"complete.zsh", "_", "", complete_zsh},
	{"complete.fish", "", ".fish", complete_fish},
};

struct request {
	const char *directory, *section, *date, *verbs;
	char **files;
	int files_count;
};

_Noreturn static void fail(const char *what, const char *name)
{
	fprintf(stderr, "document: %s: %s\n", name, what);
	exit(1);
}

static void read_whole(struct buf *out, const char *path)
{
	int fd cleanup_fd = open(path, O_RDONLY | O_CLOEXEC);
	char data[4096];
	ssize_t count;

	if (fd < 0)
		fail(strerror(errno), path);
	while ((count = fd_read_full(fd, data, sizeof(data))) > 0)
		buf_add(out, data, (size_t)count);
	if (count < 0)
		fail(strerror((int)-count), path);
}

static void write_whole(const struct request *request, const char *name, const struct buf *text)
{
	struct buf path cleanup_buf = BUF_INIT;
	int fd cleanup_fd = -EBADF;

	buf_printf(&path, "%s/%s", request->directory, name);
	if (path.failed || text->failed || !text->data)
		fail("out of memory", name);
	fd = open(path.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || fd_write_all(fd, text->data, text->length) < 0)
		fail(strerror(errno), path.data);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (; *list; list += strspn(list, ",")) {
		size_t item = strcspn(list, ",");

		if (item == length && strncmp(list, name, length) == 0)
			return true;
		list += item;
	}
	return false;
}

/* The hand-written sections of a page, or NULL. Each page asks once: what was asked for is not left over. */
static const char *find_prose(struct request *request, const char *page, struct buf *text)
{
	size_t length = strlen(page);

	for (int i = 0; i < request->files_count; i++) {
		const char *name = request->files[i] ? base_name(request->files[i]) : "";

		if (strncmp(name, page, length) != 0 || strcmp(name + length, ".mdoc") != 0)
			continue;
		read_whole(text, request->files[i]);
		request->files[i] = NULL;
		return text->data;
	}
	return NULL;
}

static void write_pages(struct request *request)
{
	struct buf name cleanup_buf = BUF_INIT, page cleanup_buf = BUF_INIT, prose cleanup_buf = BUF_INIT;

	for (size_t i = 0; i < cli_program.verbs_count && *request->verbs; i++) {
		const struct opt_verb *verb = cli_program.verbs[i];

		if (!is_listed(request->verbs, verb->name))
			fail("it has no page: add it to the list in src/cmd/document/meson.build", verb->name);
		name.length = page.length = prose.length = 0;
		buf_printf(&name, "%s-%s", cli_program.name, verb->name);
		man_verb(&page, &cli_program, verb, find_prose(request, name.data, &prose), request->date);
		buf_printf(&name, ".%s", request->section);
		write_whole(request, name.data, &page);
	}
	name.length = page.length = prose.length = 0;
	man_program(&page, &cli_program, request->section, find_prose(request, cli_program.name, &prose), request->date);
	buf_printf(&name, "%s.%s", cli_program.name, request->section);
	write_whole(request, name.data, &page);
}

/* The template with @PROGRAM@, @FUNCTION@, @LIST@ and @TABLES@ filled in. */
static void fill(struct buf *out, const char *template, const struct shell *shell)
{
	struct buf function cleanup_buf = BUF_INIT;

	buf_puts(&function, cli_program.name);
	for (char *at = function.data; at && *at; at++)
		*at = (char)(*at == '-' ? '_' : *at);
	while (*template) {
		size_t length = strcspn(template, "@");
		const char *name = template + length;

		buf_add(out, template, length);
		if (strncmp(name, "@PROGRAM@", 9) == 0) {
			buf_puts(out, cli_program.name);
			length += 9;
		} else if (strncmp(name, "@FUNCTION@", 10) == 0) {
			buf_puts(out, function.data);
			length += 10;
		} else if (strncmp(name, "@TABLES@\n", 9) == 0) {
			shell->add(out, &cli_program, function.data);
			length += 9;
		} else if (strncmp(name, "@LIST@", 6) == 0) {
			for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
				if (strcmp(lists[i].program, cli_program.name) == 0)
					buf_puts(out, lists[i].words);
			length += 6;
		} else if (*name) {
			buf_puts(out, "@");
			length++;
		}
		template += length;
	}
}

static void write_completions(struct request *request)
{
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		for (int file = 0; file < request->files_count; file++) {
			struct buf template cleanup_buf = BUF_INIT, text cleanup_buf = BUF_INIT, name cleanup_buf = BUF_INIT;

			if (!request->files[file] || strcmp(base_name(request->files[file]), shells[i].template) != 0)
				continue;
			read_whole(&template, request->files[file]);
			fill(&text, template.data, &shells[i]);
			buf_printf(&name, "%s%s%s", shells[i].before, cli_program.name, shells[i].after);
			write_whole(request, name.data, &text);
			request->files[file] = NULL;
		}
}

int main(int argc, char **argv)
{
	struct request request;

	if (argc < 5) {
		fprintf(stderr, "usage: document OUTDIR SECTION DATE VERBS FILE...\n");
		return 1;
	}
	request = (struct request){argv[1], argv[2], argv[3], argv[4], argv + 5, argc - 5};
	write_pages(&request);
	write_completions(&request);
	for (int i = 0; i < request.files_count; i++)
		if (request.files[i])
			fail("it belongs to no page and no shell", request.files[i]);
	return 0;
}
