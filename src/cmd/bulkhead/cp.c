/* SPDX-License-Identifier: Apache-2.0 */
/* cp: files into a container and out of it. Which of the two paths is which is decided here; the rest is people/copy's. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/lifecycle.h"
#include "people/copy/copy.h"

struct cp_options {
	bool archive, follow;
};

static const struct opt options[] = {
	{OPT_FLAG, 'a', "archive", NULL, "keep owners, by the container's numbers (root)", offsetof(struct cp_options, archive)},
	{OPT_FLAG, 'L', "follow-link", NULL, "copy what a link leads to, when a link is named",
	 offsetof(struct cp_options, follow)},
	{.type = OPT_END},
};

/* "NAME:PATH"; a path of the host that has a colon is written with a slash before it. NULL: of the host. */
static char *find_colon(char *word)
{
	char *colon = word + strcspn(word, ":/");

	return colon != word && *colon == ':' ? colon : NULL;
}

/* "-" is an archive on a standard stream, which no terminal can be. */
static int use_stream(struct arena *arena, struct copy_request *request, struct err *err)
{
	request->host_path = NULL;
	if (isatty(request->out ? 1 : 0)) {
		err_set(err, ERR_USAGE, "cp: standard %s is a terminal, and \"-\" is an archive there",
			request->out ? "output" : "input");
		return err_fix(err, request->out ? "bulkhead cp %s - > x.tar" : "tar c -C DIR . | bulkhead cp - %s",
			       "CONTAINER:PATH");
	}
	if (request->out)
		return 0;
	/* An archive goes into a directory that is there. */
	request->container_path = arena_printf(arena, "%s/", request->container_path);
	return request->container_path ? 0 : err_set(err, ERR_INTERNAL, "out of memory for a path");
}

/* *ret_name: the container. */
static int read_words(struct arena *arena, char **words, struct copy_request *request, const char **ret_name,
		      struct err *err)
{
	char *from = find_colon(words[0]), *to = find_colon(words[1]);

	if (!from == !to) {
		err_set(err, ERR_USAGE, "cp: %s", from ? "both paths are a container's" : "neither path is a container's");
		return err_fix(err, from ? "copy to the host first, and from there"
					 : "write the container's as NAME:PATH; the host's cp(1) copies within the host");
	}
	request->out = from != NULL;
	*ret_name = from ? words[0] : words[1];
	*(from ? from : to) = '\0';
	request->container_path = from ? from + 1 : to + 1;
	request->host_path = from ? words[1] : words[0];
	if (*request->container_path && *request->host_path)
		return strcmp(request->host_path, "-") == 0 ? use_stream(arena, request, err) : 0;
	err_set(err, ERR_USAGE, "cp: a path is empty");
	return err_fix(err, "%s:/PATH, which begins at the container's root", *ret_name);
}

static bool has_layer(const struct oci_config *config)
{
	for (size_t i = 0; i < config->annotations.count; i++)
		if (strcmp(config->annotations.items[i].key, PLAN_ANNOTATION_LAYER) == 0)
			return true;
	return false;
}

/* Those of an ended container whose root was a directory are still there. */
static int find_files(struct people *people, const char *name, const struct life *life, struct copy_container *container,
		      struct err *err)
{
	const struct oci_process *process = &life->container.config->process;

	container->uid = process->user.uid;
	container->gid = process->user.gid;
	container->user_namespace = life->container.config->linux.namespaces[OCI_NS_USER].present;
	if (life_is_running(life))
		return engine_open_process(&people->engine, name, &container->pidfd, err);
	container->rootfs = life->container.state->rootfs;
	if (container->rootfs && !has_layer(life->container.config))
		return 0;
	err_set(err, ERR_STATE, "the files of container %s are gone", name);
	err_why(err, "it has ended, and what was written to its root was in memory");
	return err_fix(err, "copy while it runs, or show it a directory with --volume FROM:TO and let it write there");
}

static int copy(struct people *people, const struct cp_options *chosen, char **words, struct copy_left_out *left_out,
		int *ret_signal, struct err *err)
{
	struct copy_request request = {.archive = chosen->archive, .follow = chosen->follow, .container.pidfd = -EBADF};
	struct arena arena cleanup_arena = ARENA_INIT;
	const char *name = NULL;
	struct life life;
	int result;

	if (chosen->archive && geteuid() != 0) {
		err_set(err, ERR_USAGE, "cp: --archive cannot be had by user %u", geteuid());
		err_why(err, "only root may give files to others");
		return err_fix(err, "leave --archive out: what is copied is yours, and inside its user's");
	}
	if (read_words(&arena, words, &request, &name, err) || life_find(people, name, &arena, &life, err) ||
	    find_files(people, name, &life, &request.container, err))
		return ERR;
	result = copy_run(&request, left_out, ret_signal, err);
	fd_close(&request.container.pidfd);
	return result ? err_prefix(err, "cp") : 0;
}

static int cp(int argc, char **argv, void *context)
{
	struct cp_options chosen = {0};
	struct copy_left_out left_out;
	struct people *people = context;
	struct err err = ERR_INIT;
	int operands, status, signal = 0;

	if (engine_protect_self(people->argv, cli_warn, &err))
		return life_fail(people, &err);
	status = life_parse(people, &verb_cp, argc, argv, &chosen, 2, 2, &operands);
	if (status != LIFE_GO_ON)
		return status;
	status = copy(people, &chosen, argv, &left_out, &signal, &err);
	/* What was half made is gone: now it ends the way it was told to. */
	if (signal)
		raise(signal);
	if (status)
		return life_fail(people, &err);
	if (!left_out.count)
		return CLI_OK;
	err_set(&err, ERR_USAGE, "cp: %llu left out, %s first; the rest is copied", (unsigned long long)left_out.count,
		left_out.first);
	err_why(&err, "sockets, pipes, devices and the kernel's own file systems are not copied");
	err_fix(&err, "make anew on the other side what is needed there");
	return life_fail(people, &err);
}

const struct opt_verb verb_cp = {
	.name = "cp",
	.synopsis = "[options] CONTAINER:PATH|PATH|- CONTAINER:PATH|PATH|-",
	.summary = "Copy files into a container, or out of it.",
	.examples = "  bulkhead cp web:/tmp/report.pdf .         out of a container that runs\n"
		    "  bulkhead cp ./site web:/tmp               a directory into it: /tmp/site\n"
		    "  bulkhead cp ./site/. web:/tmp             its entries alone\n"
		    "  bulkhead cp web:/tmp/. - > tmp.tar        as an archive on standard output\n"
		    "  tar c -C site . | bulkhead cp - web:/tmp  and on standard input\n",
	.options = options,
	.statuses = people_statuses_list,
	.mixed = true,
	.run = cp,
};
