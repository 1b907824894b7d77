/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup: the control group of one container, behind one interface for v2, v1, the hybrid of both, and none.
 *
 * `cgroup.procs` is not written on the hot path (it waits for an RCU grace period): on v1 the single-threaded child
 * writes 0 to `tasks`, on v2 it is born inside with CLONE_INTO_CGROUP. Nothing that was there before is removed.
 */
#ifndef BULKHEAD_CORE_CGROUP_CGROUP_H
#define BULKHEAD_CORE_CGROUP_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "core/host/host.h"
#include "core/plan/plan.h"

#define CGROUP_HIERARCHIES_MAX 24

/* One directory of the container in one hierarchy. */
struct cgroup_dir {
	const struct host_hierarchy *hierarchy;
	int fd;			   /* O_PATH directory, -EBADF when absent */
	bool created;		   /* by us: to be removed by us */
	unsigned int parents_made; /* directories directly above it that were made by us */
};

struct cgroup {
	enum cgroup_driver driver;
	const char *path;
	const struct host *host; /* CGROUP_SYSTEMD: whose manager has the unit */
	struct cgroup_dir dirs[CGROUP_HIERARCHIES_MAX];
	size_t count;
};
#define CGROUP_INIT ((struct cgroup){.driver = CGROUP_DISABLED})

/*
 * Make the directories, write the settings and the device rules. Taken back whole on failure. `plan` and `host` must
 * outlive `cgroup`, which points into them.
 * An existing cgroup that holds processes is refused (the spec lets two containers never share limits by accident).
 * Where the caller may not write to the hierarchies (rootless, a read-only mount) and nothing was asked for explicitly,
 * 0 is returned with cgroup->driver == CGROUP_DISABLED: the container runs without a cgroup of its own.
 * Device rules are passed over where the kernel lets only the host's root set them (a user namespace, no
 * CAP_SYS_ADMIN): device nodes cannot be made there either.
 * Errors: ERR_KERNEL or ERR_UNSUPPORTED naming the file and the place in the config.
 */
int cgroup_create(struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host, struct err *err);

/* CGROUP_SYSTEMD: have systemd make the cgroup with the process in it, as the scope that plan->path ends with. *ret_path
 * is where it is; cgroup_create with that path then does the rest. Nothing is left of it when it fails. */
int cgroup_systemd_start(const struct plan_cgroup *plan, const struct host *host, const char *id, pid_t pid,
			 char *ret_path, size_t size, struct err *err);

/* Open the one of a running container from what its state holds. Missing directories are left at -EBADF. Each that is
 * there counts as created by us, until cgroup_made_read says otherwise. `path` must outlive `cgroup`. */
int cgroup_open(struct cgroup *cgroup, enum cgroup_driver driver, const char *path, const struct host *host,
		struct err *err);
void cgroup_done(struct cgroup *cgroup); /* closes fds only */

/* What was made by us, hierarchy by hierarchy, as text for the state file ("cpu=1 memory=2": directories made), and
 * back into a cgroup from cgroup_open. So that a later cgroup_remove leaves alone what was there before. */
#define CGROUP_MADE_SIZE 1024
void cgroup_made_write(const struct cgroup *cgroup, char *buf, size_t size);
void cgroup_made_read(struct cgroup *cgroup, const char *text);
/* The same text of what will be made: what of this path is not there yet. Recorded before the making, so that what a
 * killed runtime leaves can be told from what was there before. */
void cgroup_made_intend(const char *path, const struct host *host, char *buf, size_t size);
/* Was any directory made by us? */
bool cgroup_made_any(const struct cgroup *cgroup);

/* Must the process be born in it, so that it has to be made before the clone? What it needs may be v2's alone. */
bool cgroup_needs_birth(const struct plan_cgroup *plan, const struct host *host);
/* On v2 a process cannot be added to a cgroup that shares out controllers to sub-cgroups: into which its processes
 * have moved then. Make cgroup_into_fd the one in which a process of the container is, by its /proc/PID/cgroup; only at or
 * below the container's own: what the text says otherwise is not followed. */
void cgroup_follow(struct cgroup *cgroup, const char *proc_text);
/* Of a running container's: go to the directory below it that text names: "PATH" in each hierarchy that has it (one must),
 * or "CONTROLLER[,CONTROLLER…]:PATH" in theirs. A process joins it then. */
int cgroup_go_below(struct cgroup *cgroup, const char *text, struct err *err);
/* Descriptors for the child to join on v1 (O_PATH directories); returns their number. */
size_t cgroup_join_fds(const struct cgroup *cgroup, int *ret_fds, size_t capacity);
/* Directory fd for CLONE_INTO_CGROUP on v2, or -EBADF. */
int cgroup_into_fd(const struct cgroup *cgroup);

/* What the files held before an update, for cgroup_put_back. It points into the plan. */
struct cgroup_undo_item {
	const struct plan_cgroup_setting *setting;
	char *before; /* what to write to have it again; NULL: the file could not be read */
	bool written;
};
struct cgroup_undo {
	struct cgroup_undo_item *items;
	size_t count;
};
#define CGROUP_UNDO_INIT ((struct cgroup_undo){0})

/* Write settings to an existing cgroup (update), in an order that the kernel takes (memory before swap when growing,
 * after it when shrinking). All, with what was there before in *undo, or none and an error that names the file; its
 * reason says when a file could not be put back. Device rules, which no update has, come last and are not put back.
 * plan->check_memory_usage: nothing is written when the memory limit is below what is in use. */
int cgroup_apply(struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host,
		 struct cgroup_undo *undo, struct err *err);
/* Put back what was written. *err is set already, and told more when that fails. */
void cgroup_put_back(struct cgroup *cgroup, struct cgroup_undo *undo, struct err *err);
void cgroup_undo_done(struct cgroup_undo *undo);
#define cleanup_cgroup_undo __attribute__((cleanup(cgroup_undo_done)))

int cgroup_freeze(struct cgroup *cgroup, bool frozen, struct err *err);
/* Is it frozen (or freezing)? false where there is no freezer. */
bool cgroup_is_frozen(const struct cgroup *cgroup);

/* Whose v1 freezer holds a process, by its /proc/PID/cgroup: "/sys/fs/cgroup/freezer/…". Such a process does not die of
 * SIGKILL before it is thawed; on v2 it does. false: none, or the path does not fit. */
bool cgroup_frozen_by(const struct host *host, const char *proc_text, char *buf, size_t size);

/* Every process in it, sub-cgroups included, as pids of this pid namespace. Returns the number, at most capacity
 * (never more is written; the return value may be larger), or -errno. */
ssize_t cgroup_pids(const struct cgroup *cgroup, pid_t *pids, size_t capacity);
/* Signal all. SIGKILL uses cgroup.kill where there is one; a frozen cgroup is thawed after SIGKILL. */
int cgroup_signal_all(struct cgroup *cgroup, int signal, struct err *err);

/* Kill what is left in the directories that are ours, and remove them (sub-cgroups too), then the parents that we made
 * and that are empty. What was there before is left alone, with all that runs in it: signal that first where it is the
 * container's. Directories that are gone already are no error. Waits for dying processes by cgroup.events or
 * polling with a deadline; then an error that names the directory and a pid that holds it. */
int cgroup_remove(struct cgroup *cgroup, struct err *err);

/* The OOM killer in a cgroup: poll `fd` for `events`; -EBADF where there is no memory controller to tell. */
struct cgroup_oom {
	int fd;
	short events;
	bool v2;
	uint64_t kills;
};
#define CGROUP_OOM_INIT ((struct cgroup_oom){.fd = -EBADF})
int cgroup_oom_watch(const struct cgroup *cgroup, struct cgroup_oom *oom, struct err *err);
/* How often since the last call, or since the watch began. */
uint64_t cgroup_oom_read(const struct cgroup *cgroup, struct cgroup_oom *oom);
void cgroup_oom_done(struct cgroup_oom *oom);
#define cleanup_cgroup_oom __attribute__((cleanup(cgroup_oom_done)))

/* Statistics as the `data` object of `events --stats` (engines.md). */
int cgroup_stats(const struct cgroup *cgroup, struct json_writer *writer, struct err *err);

#endif
