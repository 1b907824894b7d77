/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu: its command line (criu(8)), which checkpoint and restore share, and its run as a child: by absolute path, with a
 * fixed environment, stopped until its cgroup is there. It does what only it can; the reason of a refusal is the last
 * error in its log. Runs in the runtime.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/criu.h"
#include "core/host/helper.h"
#include "kernel/mount.h"
#include "kernel/process.h"

#define LOG_TAIL 65536

void criu_add(struct criu *criu, const char *fmt, ...)
{
	char text[PATH_MAX * 2];
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (criu->count < CRIU_WORDS_MAX && length >= 0 && (size_t)length < sizeof(text))
		criu->words[criu->count] = arena_strdup(criu->arena, text);
	if (criu->count >= CRIU_WORDS_MAX || !criu->words[criu->count])
		criu->failed = true;
	else
		criu->count++;
}

/* An absolute path of a directory, which is made when it is missing. */
static const char *directory(struct criu *criu, const char *path, bool make, struct err *err)
{
	char real[PATH_MAX];
	const char *copy;

	if (make && mkdir(path, 0700) != 0 && errno != EEXIST) {
		err_sys(err, errno, "mkdir", "cannot make the directory %s for criu", path);
		return NULL;
	}
	if (!realpath(path, real)) {
		err_sys(err, errno, "realpath", "cannot find the directory %s for criu", path);
		return NULL;
	}
	copy = arena_strdup(criu->arena, real);
	if (!copy)
		err_set(err, ERR_INTERNAL, "out of memory while preparing criu");
	return copy;
}

static int add_directories(struct criu *criu, const struct engine_criu *request, bool make, struct err *err)
{
	const char *image = request->image_path ? request->image_path : CRIU_IMAGES;

	criu->image_path = directory(criu, image, make, err);
	criu->work_path = criu->image_path;
	if (criu->image_path && request->work_path)
		criu->work_path = directory(criu, request->work_path, true, err);
	if (!criu->image_path || !criu->work_path)
		return ERR;
	criu_add(criu, "--images-dir");
	criu_add(criu, "%s", criu->image_path);
	criu_add(criu, "--work-dir");
	criu_add(criu, "%s", criu->work_path);
	criu_add(criu, "--log-file");
	criu_add(criu, "%s", criu->log_name);
	criu_add(criu, "-v2");
	return 0;
}

static int add_page_server(struct criu *criu, const char *server, struct err *err)
{
	const char *colon = strrchr(server, ':');

	if (!colon || colon == server || !colon[1]) {
		err_set(err, ERR_USAGE, "--page-server %s is not ADDRESS:PORT", server);
		return err_fix(err, "write for example 192.0.2.1:27182");
	}
	criu_add(criu, "--page-server");
	criu_add(criu, "--address");
	criu_add(criu, "%.*s", (int)(colon - server), server);
	criu_add(criu, "--port");
	criu_add(criu, "%s", colon + 1);
	return 0;
}

static int add_cgroup_mode(struct criu *criu, const char *mode, struct err *err)
{
	static const char *const modes[] = {"ignore", "soft", "full", "strict", "none", "props", NULL};

	for (size_t i = 0; modes[i]; i++) {
		if (strcmp(modes[i], mode) != 0)
			continue;
		criu_add(criu, "--manage-cgroups=%s", mode);
		return 0;
	}
	err_set(err, ERR_USAGE, "unknown mode of cgroups \"%s\"", mode);
	return err_fix(err, "--manage-cgroups-mode ignore, soft, full, strict, props or none");
}

static int add_flags(struct criu *criu, const struct engine_criu *request, struct err *err)
{
	const struct {
		bool set;
		const char *word;
	} flags[] = {
		{request->tcp_established, "--tcp-established"}, {request->ext_unix_sk, "--ext-unix-sk"},
		{request->shell_job, "--shell-job"},		 {request->file_locks, "--file-locks"},
		{request->lazy_pages, "--lazy-pages"},		 {request->link_remap, "--link-remap"},
		{request->auto_dedup, "--auto-dedup"},		 {request->skip_in_flight, "--skip-in-flight"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].set)
			criu_add(criu, "%s", flags[i].word);
	for (size_t i = 0; i < request->empty_ns.count; i++) {
		/* criu knows the network alone. */
		if (strcmp(request->empty_ns.items[i], "network") != 0 && strcmp(request->empty_ns.items[i], "net") != 0) {
			err_set(err, ERR_UNSUPPORTED, "--empty-ns %s", request->empty_ns.items[i]);
			err_why(err, "criu leaves only network namespaces empty");
			return err_fix(err, "--empty-ns network, or leave it out");
		}
		criu_add(criu, "--empty-ns");
		criu_add(criu, "net");
	}
	if (request->status_fd >= 0) {
		criu_add(criu, "--status-fd");
		criu_add(criu, "%d", request->status_fd);
	}
	return request->page_server ? add_page_server(criu, request->page_server, err) : 0;
}

int criu_begin(struct criu *criu, const struct engine_criu *request, const char *verb, bool make, struct err *err)
{
	if (!helper_present(HELPER_CRIU)) {
		err_set(err, ERR_UNSUPPORTED, "the program %s is missing", helpers[HELPER_CRIU].path);
		err_why(err, "it is needed for %s", helpers[HELPER_CRIU].purpose);
		return err_fix(err, "%s", helpers[HELPER_CRIU].fix);
	}
	criu->log_name = make ? "dump.log" : "restore.log";
	criu_add(criu, "%s", helpers[HELPER_CRIU].path);
	criu_add(criu, "%s", verb);
	if (add_directories(criu, request, make, err) || add_flags(criu, request, err))
		return ERR;
	return add_cgroup_mode(criu, request->manage_cgroups ? request->manage_cgroups : "ignore", err);
}

void criu_add_mounts(struct criu *criu, const struct oci_config *config, const char *bundle, bool restore)
{
	for (size_t i = 0; i < config->mounts_count; i++) {
		const struct oci_mount *mount = &config->mounts[i];
		bool bind = mount->type && strcmp(mount->type, "bind") == 0;

		for (size_t j = 0; j < mount->options.count; j++)
			bind = bind || strcmp(mount->options.items[j].text, "bind") == 0 ||
			       strcmp(mount->options.items[j].text, "rbind") == 0;
		if (!bind || !mount->source)
			continue;
		criu_add(criu, "--external");
		if (!restore)
			criu_add(criu, "mnt[%s]:%s", mount->destination.text, mount->destination.text);
		else if (mount->source[0] == '/')
			criu_add(criu, "mnt[%s]:%s", mount->destination.text, mount->source);
		else
			criu_add(criu, "mnt[%s]:%s/%s", mount->destination.text, bundle, mount->source);
	}
}

/* criu looks for the root among the mounts: it becomes one, in a mount namespace that ends with criu. */
static int prepare_root(const char *rootfs)
{
	int tree_fd cleanup_fd = -EBADF, target_fd cleanup_fd = -EBADF;
	int result = mount_propagation_all(MS_SLAVE);

	if (result == 0)
		result = tree_fd = mount_open_tree(AT_FDCWD, rootfs, AT_RECURSIVE);
	if (result >= 0)
		target_fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return result < 0 ? result : mount_move(tree_fd, target_fd);
}

static _Noreturn void be_criu(const struct criu *criu, int go_fd)
{
	char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	int null_fd = criu->rootfs ? -EBADF : open("/dev/null", O_RDWR | O_CLOEXEC);
	char go;

	process_set_parent_death_signal(SIGKILL);
	process_reset_signals();
	if (read(go_fd, &go, 1) != 1 || process_cloexec_from(3) < 0)
		_exit(127);
	/* For a restore they are the container's. What criu has to say is in its log. */
	for (int fd = 0; null_fd >= 0 && fd < CRIU_STREAMS; fd++)
		dup2(null_fd, fd);
	for (size_t i = 0; i < criu->fds_count; i++)
		fcntl(criu->fds[i], F_SETFD, 0);
	if (criu->rootfs && prepare_root(criu->rootfs) < 0)
		_exit(126);
	execve(criu->words[0], (char *const *)(uintptr_t)criu->words, environment);
	_exit(127);
}

/* The text of the next line of an error, which is cut there; what follows it in *ret_rest. NULL: no more. */
static char *next_error(char *log, char **ret_rest)
{
	char *line = strstr(log, "Error ("), *text, *end;

	*ret_rest = log + strlen(log);
	if (!line)
		return NULL;
	end = line + strcspn(line, "\n");
	if (*end)
		*ret_rest = end + 1;
	*end = '\0';
	text = strstr(line, "): ");
	return text ? text + 3 : line;
}

static int refused(const struct criu *criu, int status, struct err *err)
{
	static char log[LOG_TAIL + 1];
	char path[PATH_MAX * 2], *line, *first, *last, *rest;
	int fd cleanup_fd = -EBADF;
	struct stat st;
	ssize_t size;

	err_set(err, ERR_UNSUPPORTED, "criu cannot %s the container", criu->words[1]);
	snprintf(path, sizeof(path), "%s/%s", criu->work_path, criu->log_name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > LOG_TAIL)
		lseek(fd, -LOG_TAIL, SEEK_END);
	size = fd < 0 ? -1 : fd_read_full(fd, log, LOG_TAIL);
	log[size > 0 ? size : 0] = '\0';
	first = next_error(log, &rest);
	/* The first is what went wrong or what came of it; the last says what criu was about. */
	for (last = first; (line = next_error(rest, &rest)) != NULL;)
		if (!strstr(line, "FAILED"))
			last = line;
	if (first && last != first) {
		err_why(err, "it says: %s; %s", first, last);
	} else if (first) {
		err_why(err, "it says: %s", first);
	} else if (WIFSIGNALED(status)) {
		err_why(err, "signal %d ended it", WTERMSIG(status));
	} else {
		err_why(err, "it ended with status %d and without a message", WEXITSTATUS(status));
	}
	return err_fix(err, "look at %s, and at what `criu check --all` says of this kernel", path);
}

int criu_run(struct criu *criu, int (*on_child)(pid_t pid, void *context, struct err *err), void *context, struct err *err)
{
	int pipe_fds[2], pidfd cleanup_fd = -EBADF, status = 0, result = 0;
	pid_t pid;

	if (criu->failed)
		return err_set(err, ERR_INTERNAL, "the command line for criu is too long");
	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
		return err_sys(err, errno, "pipe2", "cannot run %s", criu->words[0]);
	pid = process_clone(criu->rootfs ? CLONE_NEWNS : 0, -EBADF, &pidfd);
	if (pid == 0) {
		close(pipe_fds[1]);
		be_criu(criu, pipe_fds[0]);
	}
	fd_close(&pipe_fds[0]);
	if (pid < 0)
		result = err_sys(err, pid, "clone3", "cannot run %s", criu->words[0]);
	else if (on_child)
		result = on_child(pid, context, err);
	if (result == 0 && fd_write_all(pipe_fds[1], "g", 1) < 0)
		result = err_set(err, ERR_INTERNAL, "%s ended before it began", criu->words[0]);
	fd_close(&pipe_fds[1]);
	if (pid < 0)
		return ERR;
	process_pidfd_wait(pidfd, &status);
	if (result)
		return ERR;
	return status == 0 ? 0 : refused(criu, status, err);
}
