/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state: one directory per container below the state root (0700), with
 *   state.json    what is needed to find, kill and remove it: replaced atomically, versioned
 *   config.json   a copy: later changes in the bundle do not matter
 *   profile.json  the containment profile, where there is one
 *   filter.bpf    the compiled seccomp filter: exec loads the same
 *   start.sock    while created and not started
 *   lock          one writer at a time: a record lock of fcntl(2), which a cloned child does not inherit
 * The directory is made before anything else on the host and removed last, so that a killed runtime leaves a record of
 * all that it may have made.
 */
#ifndef BULKHEAD_CORE_STATE_STATE_H
#define BULKHEAD_CORE_STATE_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "core/plan/plan.h"

#define STATE_VERSION 1
#define STATE_ID_MAX  255

enum state_status { STATE_CREATING, STATE_CREATED, STATE_RUNNING, STATE_PAUSED, STATE_STOPPED };
const char *state_status_name(enum state_status status);

struct state {
	const char *id;
	const char *bundle, *rootfs; /* absolute; rootfs NULL: a tmpfs of its own */
	pid_t pid;		     /* 0 before the clone */
	uint64_t pid_start_time;     /* field 22 of /proc/PID/stat: tells a reused pid */
	uint64_t created_ns;	     /* CLOCK_REALTIME, nanoseconds */
	uint32_t owner_uid;
	enum cgroup_driver cgroup_driver;
	const char *cgroup_path; /* NULL: none */
	bool cgroup_created;	 /* false: it was there before and is not ours to remove */
	const char *cgroup_made; /* text of cgroup_made_write, or of what is to be made; NULL: not known */
	bool no_process;	 /* the config has none: start is an error */
	bool profile; /* profile.json is laid over config.json */
	bool filtered; /* by filter.bpf, whatever else config.json says */
	uint32_t filter_flags;
	const char *resctrl_class;   /* made for it below /sys/fs/resctrl; NULL: none */
	const char *resctrl_monitor; /* the class with a monitoring group of its own; NULL: none */
	const char *freezer; /* absolute path of the file that says whether it is frozen ("…/freezer.state", or
			      * "…/cgroup.events" on v2), so that `state` need not look for cgroups; NULL: none */
};

/* An open container directory. */
struct state_dir {
	int fd;	     /* O_DIRECTORY */
	int lock_fd; /* -EBADF until locked */
	char id[STATE_ID_MAX + 1];
	bool fresh; /* made by state_dir_create, just now */
};
/* In it, where the program tells its maker that it is ready: a directory, and a socket in that. */
#define STATE_NOTIFY_DIRECTORY "notify"
#define STATE_NOTIFY_SOCKET    "notify.sock"
#define STATE_DIR_INIT ((struct state_dir){.fd = -EBADF, .lock_fd = -EBADF})

/* An id is [A-Za-z0-9_+.-]{1,255}, not "." or "..". Errors: ERR_USAGE that says which character. */
int state_check_id(const char *id, struct err *err);

/* The state root: path, or by default /run/PROGRAM; $XDG_RUNTIME_DIR/PROGRAM when euid is not 0 or inside a user
 * namespace that has it set; without it /run/user/UID/PROGRAM, or /tmp/PROGRAM-UID where there is no such directory.
 * Made with 0700 and the sticky bit when `create`. It must belong to the caller and not be
 * writable by others; a symlink in its place is followed only where `path` was given, and the link is the caller's or
 * root's. Errors: ERR_STATE, with errnum ENOENT when it does not exist and `create` is false. */
int state_root_open(const char *path, const char *program, bool create, int *ret_root_fd, struct err *err);
/* That root as an absolute path, which may not exist yet. */
int state_root_path(const char *path, const char *program, char *buf, size_t size, struct err *err);

/* Make the directory of a new container and lock it. ERR_STATE "container with given ID already exists". */
int state_dir_create(int root_fd, const char *id, struct state_dir *ret_dir, struct err *err);
/* Open an existing one (not locked). ERR_STATE "container does not exist". */
int state_dir_open(int root_fd, const char *id, struct state_dir *ret_dir, struct err *err);
/* Wait for the lock; checks that the directory was not removed meanwhile. */
int state_dir_lock(struct state_dir *dir, struct err *err);
/* Remove the files and the directory. When it is cut short, the container does not exist any more, and the next
 * state_list or failing state_dir_open takes the rest away. */
int state_dir_remove(int root_fd, struct state_dir *dir, struct err *err);
void state_dir_done(struct state_dir *dir);
#define cleanup_state_dir __attribute__((cleanup(state_dir_done)))

int state_write(const struct state_dir *dir, const struct state *state, struct err *err);
/* A file that is cut short, from a later version or not ours: ERR_STATE with the remedy (delete --force). */
int state_read(const struct state_dir *dir, struct arena *arena, const struct state **ret_state, struct err *err);

/* Small files beside it: config.json, filter.bpf. Whole, or an error (a full disk leaves nothing half-written). */
int state_put_file(const struct state_dir *dir, const char *name, const void *data, size_t size, struct err *err);
int state_get_file(const struct state_dir *dir, const char *name, struct arena *arena, size_t size_max,
		   const char **ret_data, size_t *ret_size, struct err *err);

/* Is the recorded process alive? Compares the start time; a zombie is not alive. */
bool state_process_alive(const struct state *state);
/* Status from facts: pid 0 is CREATING while another process holds the lock, else STOPPED (its maker died); process,
 * start.sock, freezer (given by the caller, who owns the cgroup). */
enum state_status state_status(const struct state_dir *dir, const struct state *state, bool frozen);

/* All ids below the root, sorted; entries that are no containers are skipped. */
int state_list(int root_fd, struct arena *arena, const char *const **ret_ids, size_t *ret_count, struct err *err);

/* The state as runtime.md has it: ociVersion, id, status, pid, bundle, annotations, plus rootfs, created and owner. */
void state_print_oci(const struct state *state, enum state_status status, const struct key_values *annotations,
		     struct json_writer *writer);

#endif
