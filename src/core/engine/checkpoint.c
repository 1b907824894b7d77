/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint: a running container as files, by criu. Runs in the runtime. Afterwards the container is gone, as callers
 * expect, unless it is to go on.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/criu.h"
#include "kernel/process.h"

static int check(const struct container *container, struct err *err)
{
	if (container->status != STATE_RUNNING && container->status != STATE_PAUSED)
		return container_not_running(container->state->id, container->status, err);
	if (!container->config->linux.namespaces[OCI_NS_MOUNT].present) {
		err_set(err, ERR_UNSUPPORTED, "cannot checkpoint container %s: it has no mount namespace", container->state->id);
		err_where(err, "config.json#/linux/namespaces");
		err_why(err, "criu finds mounts by their namespace, and those of its root belong to none");
		return err_fix(err, "create the container with {\"type\": \"mount\"} in linux.namespaces");
	}
	if (!container->config->process.terminal)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "cannot checkpoint container %s: it has a terminal", container->state->id);
	err_where(err, "config.json#/process/terminal");
	err_why(err, "criu hands a terminal over by its library alone, and not by its command line");
	return err_fix(err, "create the container with \"terminal\": false");
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* criu takes it from the directory of the images, which may be made only later: what leads out of that begins beside it. */
static bool parent_is_there(const char *images, const char *parent)
{
	char path[PATH_MAX], *slash;

	if (snprintf(path, sizeof(path), "%s/%s", images, parent) >= (int)sizeof(path))
		return false;
	if (is_directory(path))
		return true;
	if (strncmp(parent, "../", 3) != 0 || access(images, F_OK) == 0)
		return false;
	snprintf(path, sizeof(path), "%s", images);
	slash = strrchr(path, '/');
	if (slash == path)
		slash++;
	if (!slash)
		return is_directory(parent + 3);
	snprintf(slash, sizeof(path) - (size_t)(slash - path), "/%s", parent + 3);
	return is_directory(path);
}

static int check_parent(const struct engine_criu *request, struct err *err)
{
	const char *images = request->image_path ? request->image_path : CRIU_IMAGES;

	if (!request->parent_path)
		return 0;
	if (request->parent_path[0] == '/') {
		err_set(err, ERR_USAGE, "--parent-path must be relative, and is %s", request->parent_path);
		return err_fix(err, "the way to it from --image-path, such as ../pre-dump");
	}
	if (parent_is_there(images, request->parent_path))
		return 0;
	err_set(err, ERR_USAGE, "invalid --parent-path %s: there is no directory %s/%s", request->parent_path,
		images, request->parent_path);
	return err_fix(err, "what checkpoint --pre-dump has written, counted from --image-path");
}

/* The name of one standard stream: pipes by number; files of the host by their mount and inode, for which criu is told
 * that they are not the container's. */
static void name_stream(pid_t pid, int fd, char *name, size_t size)
{
	char path[64], text[512];
	const char *at;
	unsigned int mount = 0;
	struct stat st;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	length = readlink(path, name, size - 1);
	name[length > 0 ? length : 0] = '\0';
	if (length <= 0 || name[0] != '/' || stat(path, &st) != 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	if (fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) > 0 && (at = strstr(text, "mnt_id:")) != NULL &&
	    sscanf(at, "mnt_id: %u", &mount) == 1)
		snprintf(name, size, "file[%x:%" PRIx64 "]", mount, (uint64_t)st.st_ino);
}

static int save_streams(struct criu *criu, pid_t pid, struct err *err)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&out, 0);
	int dir_fd cleanup_fd = open(criu->image_path, O_PATH | O_DIRECTORY | O_CLOEXEC), fd cleanup_fd = -EBADF;
	int result;

	json_begin_array(&writer);
	for (int i = 0; i < CRIU_STREAMS; i++) {
		char name[256];

		name_stream(pid, i, name, sizeof(name));
		json_put_string(&writer, name);
		if (strncmp(name, "file[", 5) == 0) {
			criu_add(criu, "--external");
			criu_add(criu, "%s", name);
		}
	}
	json_end_array(&writer);
	fd = openat(dir_fd, CRIU_DESCRIPTORS, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	result = fd < 0 ? -errno : fd_write_all(fd, out.data, out.length);
	return result < 0 ? err_sys(err, result, "write", "cannot write %s/" CRIU_DESCRIPTORS, criu->image_path) : 0;
}

/* A joined network namespace is the engine's: it is named, not saved. */
static void add_network(struct criu *criu, const struct container *container)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", container->state->pid);
	if (!container->config->linux.namespaces[OCI_NS_NETWORK].path.text || stat(path, &st) != 0)
		return;
	criu_add(criu, "--external");
	criu_add(criu, "net[%" PRIu64 "]:" CRIU_NETWORK, (uint64_t)st.st_ino);
}

static int dump(struct container *container, const struct engine_criu *request, struct err *err)
{
	static struct criu criu;
	bool pre_dump = request->pre_dump;

	criu = (struct criu){.arena = &container->arena};
	if (criu_begin(&criu, request, pre_dump ? "pre-dump" : "dump", true, err))
		return ERR;
	criu_add(&criu, "--tree");
	criu_add(&criu, "%d", container->state->pid);
	criu_add(&criu, "--root");
	criu_add(&criu, "%s", container->state->rootfs ? container->state->rootfs : "/");
	if (request->parent_path) {
		criu_add(&criu, "--prev-images-dir");
		criu_add(&criu, "%s", request->parent_path);
	}
	if (pre_dump || request->parent_path)
		criu_add(&criu, "--track-mem");
	if (request->leave_running && !pre_dump)
		criu_add(&criu, "--leave-running");
	criu_add_mounts(&criu, container->config, container->state->bundle, false);
	add_network(&criu, container);
	if (request->status_fd >= 0)
		criu.fds[criu.fds_count++] = request->status_fd;
	if (save_streams(&criu, container->state->pid, err))
		return ERR;
	return criu_run(&criu, NULL, NULL, err);
}

int engine_checkpoint(const struct engine *engine, const char *id, const struct engine_criu *request, struct err *err)
{
	struct container container cleanup_container = CONTAINER_INIT;
	int pidfd cleanup_fd = -EBADF;

	if (check_parent(request, err) || container_open(&container, engine, id, true, err) ||
	    container_read_config(&container, err) ||
	    profile_refuse_criu(container.state->profile, "checkpoint", err) || check(&container, err) ||
	    container_open_process(&container, &pidfd, err) || dump(&container, request, err))
		return ERR;
	if (request->leave_running || request->pre_dump)
		return 0;
	/* criu has killed it. */
	container_await_end(pidfd);
	return container_destroy(&container, err);
}
