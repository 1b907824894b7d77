/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts: what the files of cgroup/ share and no one else sees.
 *
 *   cgroup.c     the interface: which version, in which order, taken back on failure
 *   make.c       directories: component by component, opened, remembered
 *   v1.c v2.c    what the versions do differently: making, freezing
 *   undo.c       what was there before an update, and putting it back
 *   settings.c   writing values in an order that the kernel takes; the reasons of its refusals
 *   devices.c    device rules as a set: the last matching rule wins, bit by bit of the access
 *   devices_v1.c devices_bpf.c   the set as lines of devices.allow and devices.deny; as a BPF program
 *   processes.c  listing and signalling
 *   remove.c     taking away
 *   oom.c        hearing of the OOM killer
 *   systemd.c    the driver that asks systemd, by a helper program
 *   stats.c stats_v1.c stats_v2.c   numbers
 */
#ifndef BULKHEAD_CORE_CGROUP_PARTS_H
#define BULKHEAD_CORE_CGROUP_PARTS_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cgroup/cgroup.h"

/* A positive result of making directories: this caller may not write there (err is filled too). */
#define CGROUP_NOT_WRITABLE 1
#define CGROUP_PATH_MAX	    4096
#define CGROUP_FREEZE_MS    5000
#define CGROUP_REMOVE_MS    5000

/* How one version of cgroups does it. Results: 0 or ERR with err, unless said otherwise. */
struct cgroup_version {
	/* Make and open the directories, enable controllers. Also CGROUP_NOT_WRITABLE. */
	int (*make)(struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host, struct err *err);
	int (*freeze)(struct cgroup *cgroup, bool frozen, struct err *err);
	bool (*is_frozen)(const struct cgroup *cgroup);
	void (*stats)(const struct cgroup *cgroup, struct json_writer *writer);
};
extern const struct cgroup_version cgroup_v1, cgroup_v2;
void cgroup_stats_v1(const struct cgroup *cgroup, struct json_writer *writer);
void cgroup_stats_v2(const struct cgroup *cgroup, struct json_writer *writer);
/* v1 as soon as one of the directories is v1's. */
const struct cgroup_version *cgroup_version_of(const struct cgroup *cgroup);

/* The open directory whose hierarchy has the controller; v1's first. NULL when there is none. The controller "cgroup"
 * (core files, as cgroup.max.depth) is v2's. */
struct cgroup_dir *cgroup_dir_of(const struct cgroup *cgroup, const char *controller);
struct cgroup_dir *cgroup_dir_v2(const struct cgroup *cgroup);
/* Where processes are looked for: v2's on v2, else the freezer's, or the first one that is open. */
struct cgroup_dir *cgroup_dir_main(const struct cgroup *cgroup);
/* Does this hierarchy have the controller? */
bool cgroup_hierarchy_has(const struct host_hierarchy *hierarchy, const char *controller);

/* make.c: make and open the leaf of dir->hierarchy. `above` is called for each directory from the mount point down to
 * the leaf's parent, before what is below is made; NULL for none. relative: its path below the mount point, "." for the
 * mount point itself. */
typedef int (*cgroup_above)(const struct cgroup_dir *dir, int mount_fd, const char *relative, void *context,
			    struct err *err);
int cgroup_make_dir(struct cgroup_dir *dir, const char *path, cgroup_above above, void *context, struct err *err);
/* A directory that was there, under a name that the config did not choose, is refused. */
int cgroup_check_ours(const struct cgroup_dir *dir, const struct plan_cgroup *plan, struct err *err);
/* v2.c, for a hybrid too: with the controllers that the settings name. */
int cgroup_make_v2(struct cgroup_dir *dir, const struct plan_cgroup *plan, struct err *err);
int cgroup_delegate(struct cgroup *cgroup, const struct plan_cgroup *plan, struct err *err);

/* settings.c */
int cgroup_write_settings(struct cgroup *cgroup, const struct plan_cgroup *plan, struct err *err);
/* The same, and what is written is marked in *undo. */
int cgroup_change_settings(struct cgroup *cgroup, const struct plan_cgroup *plan, struct cgroup_undo *undo,
			   struct err *err);
/* Read what the files of a plan's settings hold. */
int cgroup_undo_begin(struct cgroup_undo *undo, const struct cgroup *cgroup, const struct plan_cgroup *plan,
		      struct err *err);
/* Refuses a memory limit below what is in use now. */
int cgroup_check_memory(const struct cgroup *cgroup, const struct plan_cgroup *plan, struct err *err);
/* where = "config.json#/…" */
int cgroup_err_where(struct err *err, const struct plan_cgroup *plan, const char *where);

/* systemd.c: the settings as properties of the unit; and its end, which systemd also finds by itself. */
int cgroup_systemd_set(const struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host,
		       struct err *err);
int cgroup_systemd_stop(const char *path, const struct host *host, struct err *err);

/* devices.c: access as bits, the same as BPF_DEVCG_ACC_… */
#define CGROUP_DEVICE_MKNOD BPF_DEVCG_ACC_MKNOD
#define CGROUP_DEVICE_READ  BPF_DEVCG_ACC_READ
#define CGROUP_DEVICE_WRITE BPF_DEVCG_ACC_WRITE
#define CGROUP_DEVICE_ALL   (CGROUP_DEVICE_MKNOD | CGROUP_DEVICE_READ | CGROUP_DEVICE_WRITE)
/* The kernel's verifier keeps at most 8192 jumps in mind; a rule has three or four, one for all types becomes two. */
#define CGROUP_DEVICE_RULES_MAX 1024
struct cgroup_device {
	bool allow;
	char type;	      /* 'b' or 'c' */
	uint8_t access;	      /* never 0 in a set */
	int64_t major, minor; /* OCI_DEVICE_ANY: all */
	const char *where;
};
/* In order; of those that match a device and hold a bit of the access, the last one decides on that bit. */
struct cgroup_device_set {
	bool allow_rest; /* where none matches */
	struct cgroup_device *items;
	size_t count, capacity;
};
#define CGROUP_DEVICE_SET_INIT ((struct cgroup_device_set){0})
int cgroup_device_set_read(struct cgroup_device_set *set, const struct plan_cgroup *plan, struct err *err);
void cgroup_device_set_done(struct cgroup_device_set *set);
#define cleanup_device_set __attribute__((cleanup(cgroup_device_set_done)))
/* Does `wide` match every device that `narrow` matches? Do they match one device in common? */
bool cgroup_device_covers(const struct cgroup_device *wide, const struct cgroup_device *narrow);
bool cgroup_device_overlaps(const struct cgroup_device *one, const struct cgroup_device *other);

/* All device rules of a plan, by the means that this cgroup has. fresh: nothing was written before, so that what is
 * there need not be read; else the change is made without denying meanwhile what both allow. */
int cgroup_write_devices(struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host, bool fresh,
			 struct err *err);
int cgroup_devices_v1(const struct cgroup_dir *dir, const char *path, const struct cgroup_device_set *set, bool fresh,
		      const struct plan_cgroup *plan, struct err *err);
int cgroup_devices_bpf(const struct cgroup_dir *dir, const char *path, const struct cgroup_device_set *set, bool fresh,
		       struct err *err);
/* The program of a set, to be freed; NULL without memory. */
struct bpf_insn *cgroup_device_program(const struct cgroup_device_set *set, size_t *ret_count);

/* stats.c: numbers of a file in one directory; dir may be NULL. */
bool cgroup_read_text(const struct cgroup_dir *dir, const char *file, char *buf, size_t size);
/* One number; "max" and what is not there read as `otherwise`. */
uint64_t cgroup_read_u64(const struct cgroup_dir *dir, const char *file, uint64_t otherwise);
/* The value of a key in the text of a flat keyed file, 0 without. */
uint64_t cgroup_key_u64(const char *text, const char *key);
/* "raw": all keys of memory.stat. */
void cgroup_put_keyed(struct json_writer *writer, const char *key, const char *text);
/* "psi" from a pressure file; nothing where there is none. */
void cgroup_put_pressure(struct json_writer *writer, const struct cgroup_dir *dir, const char *file);
void cgroup_put_block_entry(struct json_writer *writer, uint64_t major, uint64_t minor, const char *op, uint64_t value);
/* {"usage": …, "limit": …} of memory; the files may be missing. */
struct cgroup_memory_files {
	const char *usage, *limit, *max, *failures;
};
void cgroup_put_memory(struct json_writer *writer, const char *key, const struct cgroup_dir *dir,
		       const struct cgroup_memory_files *files);
/* "hugetlb", which both versions have in about the same words; usage, max, failures: "usage_in_bytes" …; max is NULL where
 * the version keeps no highest usage. */
void cgroup_put_hugetlb(struct json_writer *writer, const struct cgroup *cgroup, const char *usage, const char *max,
			const char *failures);

/* processes.c: call for each process of this one directory. A non-zero result ends the walk and is returned. -errno. */
typedef int (*cgroup_each_pid)(pid_t pid, void *context);
int cgroup_own_pids(int dir_fd, cgroup_each_pid each, void *context);
/* Has it any process, sub-cgroups included? */
bool cgroup_is_populated(int dir_fd, pid_t *ret_pid);

/* The value after KEY in the text of a flat keyed file ("frozen 1"); false when the key is not there. */
bool cgroup_keyed_value(const char *text, const char *key, uint64_t *ret);
/* Wait until `key` of cgroup.events is `value`: 0, -ETIMEDOUT, or -errno. */
int cgroup_wait_event(int dir_fd, const char *key, uint64_t value, int timeout_ms);
uint64_t cgroup_now_ms(void);
void cgroup_pause_ms(int milliseconds);

#endif
