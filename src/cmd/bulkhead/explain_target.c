/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_target: which processes are meant: a container of ours by its name, a process of any runtime, a cgroup by its
 * path.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/explain.h"

#define PIDS_MAX 4096
#define CGROUP_MAGIC  0x0027e0eb
#define CGROUP2_MAGIC 0x63677270
#define DEPTH_MAX 16
#define SHORT_ID  12 /* digits of an engine's id: a pid has fewer */

struct pids {
	pid_t *items;
	size_t count;
};

static void add_pid(struct pids *pids, pid_t pid)
{
	if (pids->count < PIDS_MAX)
		pids->items[pids->count++] = pid;
}

static bool descends(pid_t pid, pid_t from)
{
	for (int depth = 0; pid > 1 && depth < 64; depth++, pid = explain_parent(pid))
		if (pid == from)
			return true;
	return pid == from;
}

/* All that descend from pid, or live in its mount namespace when that is not the host's. */
static void add_family(struct pids *pids, pid_t pid, uint32_t mount_inode)
{
	DIR *proc = opendir("/proc");

	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		pid_t other = (pid_t)strtol(entry->d_name, NULL, 10);

		if (other > 0 && ((mount_inode && explain_namespace(other, "mnt") == mount_inode) || descends(other,
		 pid)))
			add_pid(pids, other);
	}
	if (proc)
		closedir(proc);
}

static int of_process(pid_t pid, struct pids *pids, struct observe_target *ret, struct err *err)
{
	uint32_t inode = explain_namespace(pid, "mnt");

	if (!inode) {
		/* One that has ended and still has a number has no namespaces. */
		if (pid == 0 || (errno != EACCES && errno != EPERM)) {
			err_set(err, ERR_STATE, "there is no process %d", pid);
			return err_fix(err, "a pid of this pid namespace: see ps -e");
		}
		err_set(err, ERR_UNSUPPORTED, "process %d cannot be looked at", pid);
		if (geteuid() == 0) {
			err_why(err, "it has capabilities that this root lacks, or ptrace is restricted");
			return err_fix(err, "with CAP_SYS_PTRACE and the capabilities of that process: see getpcaps %d", pid);
		}
		err_why(err, "it belongs to somebody else");
		return err_fix(err, "as root on the host; without privilege: bulkhead explain -- COMMAND");
	}
	ret->mount_inode = inode == explain_namespace(1, "mnt") || inode == explain_namespace(getpid(),
	 "mnt") ? 0 : inode;
	add_family(pids, pid, ret->mount_inode);
	return 0;
}

static void add_cgroup(struct pids *pids, const char *path, int depth)
{
	char name[4096], line[32];
	struct dirent *entry;
	FILE *file;
	DIR *directory;

	snprintf(name, sizeof(name), "%s/cgroup.procs", path);
	file = fopen(name, "re");
	while (file && fgets(line, sizeof(line), file))
		add_pid(pids, (pid_t)strtol(line, NULL, 10));
	if (file)
		fclose(file);
	directory = depth < DEPTH_MAX ? opendir(path) : NULL;
	while (directory && (entry = readdir(directory)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    (size_t)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) < sizeof(name))
			add_cgroup(pids, name, depth + 1);
	if (directory)
		closedir(directory);
}

static int of_cgroup(const char *path, struct pids *pids, struct observe_target *ret, struct err *err)
{
	char name[4096], *real;
	struct statfs fs;
	struct stat status;

	/* A file of this name elsewhere could name any process. */
	if (statfs(path, &fs) < 0 || (fs.f_type != CGROUP_MAGIC && fs.f_type != CGROUP2_MAGIC) ||
	    (size_t)snprintf(name, sizeof(name), "%s/cgroup.procs", path) >= sizeof(name) || access(name, R_OK) < 0) {
		err_set(err, ERR_USAGE, "%s is no cgroup", path);
		return err_fix(err, "the name of a container, a pid, or a directory below /sys/fs/cgroup");
	}
	add_cgroup(pids, path, 0);
	/* On version 2 also what enters it from outside; its id is the number of its directory. */
	real = realpath(path, NULL);
	if (real && statfs(real, &fs) == 0 && fs.f_type == CGROUP2_MAGIC && stat(real, &status) == 0) {
		ret->cgroup = status.st_ino;
		for (const char *at = real; (at = strchr(at, '/')) && at[1]; at++)
			ret->cgroup_level++;
		/* The depth counts from where the hierarchy is mounted. */
		for (char *at = strrchr(real, '/'); at && at > real; at = strrchr(real, '/')) {
			*at = '\0';
			ret->cgroup_level -= statfs(real, &fs) == 0 && fs.f_type == CGROUP2_MAGIC ? 0 : 1;
		}
		ret->cgroup_level--;
	}
	free(real);
	return 0;
}

/* One of ours by its name, or of any engine by its name there or its id. */
static int of_container(struct people *people, struct arena *arena, const char *word, struct pids *pids,
			struct explain_target *ret, struct err *err)
{
	struct engine_container container;
	struct explain_named foreign = {0};
	bool found = false;

	if (people_find_container(people, arena, word, &container, &found, err) ||
	    (!found && people_find_foreign(arena, word, &foreign, err)))
		return ERR;
	ret->pid = !found ? foreign.pid : container.status == STATE_STOPPED ? 0 : container.state->pid;
	memcpy(ret->image, foreign.image, sizeof(ret->image));
	if (ret->pid)
		return of_process(ret->pid, pids, &ret->observe, err);
	err_set(err, ERR_STATE, found || foreign.id[0] ? "container \"%s\" does not run" : "there is no container \"%s\"", word);
	if (foreign.id[0])
		return err_fix(err, "start it: podman start %s, docker start %s", word, word);
	return err_fix(err, found ? "bulkhead explain --last %s, where explain was on while it ran" :
		       "a container of bulkhead ls, of podman ps or docker ps by its name or id, of another engine by its id "
		       "(crictl ps) or pid, the directory of a cgroup, or -- COMMAND", word);
}

int explain_target_find(struct people *people, struct arena *arena, const char *word, struct explain_target *ret,
			struct err *err)
{
	struct pids pids = {.items = arena_calloc(arena, PIDS_MAX, sizeof(pid_t))};
	uint64_t number;
	int result;

	if (!pids.items)
		return err_set(err, ERR_INTERNAL, "out of memory");
	if (word[0] && strlen(word) < SHORT_ID && strspn(word, "0123456789") == strlen(word)) {
		if (cli_number("PID", word, INT32_MAX, &number, err))
			return ERR;
		ret->pid = (pid_t)number;
		result = of_process(ret->pid, &pids, &ret->observe, err);
	} else if (strchr(word, '/')) {
		result = of_cgroup(word, &pids, &ret->observe, err);
		ret->pid = pids.count ? pids.items[0] : 0;
	} else {
		result = of_container(people, arena, word, &pids, ret, err);
	}
	ret->observe.pids = pids.items;
	ret->observe.pids_count = pids.count;
	return result;
}
