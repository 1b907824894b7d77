/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: a config and the facts of a host, turned into a flat list of operations before any power is used.
 *
 * Pure: no system call. What the list holds is what will be done, in this order, by the process named; `bulkhead plan`
 * prints it. child/ and engine/ carry it out and decide nothing. Everything that a plan points to lives in one arena,
 * which the child inherits by fork.
 *
 *   stage     process  what is true when it ends
 *   PREPARE   runtime  host paths are pinned as detached trees in slots; namespaces to join are open; the cgroup exists,
 *                      unless it is joined late
 *   GATE      gate     (only with joined namespaces, or a user namespace together with time offsets) inside them
 *   ATTACH    runtime  the child exists and waits: id maps are written
 *   ISOLATE   child    in its cgroup and cgroup namespace, unless late; host name; loopback is up
 *   MOUNT     child    the whole tree of the container stands under the rootfs fd; hooks before pivot have run
 *   ENTER     child    the old root is gone: no path leads to the host
 *   FINISH    runtime  limits that only the host may grant
 *   START     child    (create: told to start by `start`) sysctls
 *   DROP      child    ids, capabilities, labels, no_new_privs, seccomp; read back and compared
 *   EXEC      child    the container's program
 */
#ifndef BULKHEAD_CORE_PLAN_PLAN_H
#define BULKHEAD_CORE_PLAN_PLAN_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/types.h"
#include "core/filter/filter.h"
#include "core/host/host.h"
#include "core/oci/config.h"
#include "core/profile/profile.h"

enum plan_stage {
	PLAN_PREPARE,
	PLAN_GATE,
	PLAN_ATTACH,
	PLAN_ISOLATE,
	PLAN_MOUNT,
	PLAN_ENTER,
	PLAN_FINISH,
	PLAN_START,
	PLAN_DROP,
	PLAN_EXEC,
	PLAN_STAGE_COUNT
};

/* Each kind is documented with its member of struct op's union. */
enum op_kind {
	OP_TREE,	  /* PREPARE (ISOLATE when the child must, see plan.child_opens_paths; MOUNT of what is inside) */
	OP_NS_OPEN,	  /* PREPARE */
	OP_ID_MAPS,	  /* ATTACH */
	OP_TIME_OFFSETS,  /* PREPARE by the runtime, or GATE */
	OP_SYNC,	  /* child: tell the runtime, wait for its go */
	OP_CGROUP_JOIN,	  /* v1 only: write 0 to each `tasks`. First of all in ISOLATE or, where there is one, GATE; or late */
	OP_CGROUP_UNSHARE, /* right after joining */
	OP_NET_UNSHARE, /* where clone3 did not: plan.cgroup_late */
	OP_HOSTNAME,
	OP_DOMAINNAME,
	OP_LOOPBACK_UP,
	OP_MOUNT_APART,	  /* MOUNT, first: without a mount namespace of the container's, a passing one to make its tree in */
	OP_ROOT,	  /* MOUNT: make all mounts slaves, put the rootfs tree on "/" and hold it as the rootfs fd */
	OP_PROCFS,	  /* MOUNT: the private procfs of the child (threats D2) */
	OP_MOUNT_FS,	  /* MOUNT: a new file system */
	OP_MOUNT_TREE,	  /* MOUNT: a detached tree from a slot */
	OP_REMOUNT,	  /* MOUNT: change attributes or propagation of what is at a path */
	OP_DEVICE,
	OP_SYMLINK,
	OP_DIRECTORY,	  /* MOUNT: an empty directory on a root of our own */
	OP_MASK,
	OP_READONLY,
	OP_HOOKS,	  /* MOUNT, child: createContainer; START, child: startContainer */
	OP_ROOT_ATTR,	  /* MOUNT: read-only and propagation of the root mount */
	OP_PIVOT,	  /* ENTER */
	OP_CHROOT,	  /* exec, ISOLATE: into the root of a container without a mount namespace of its own */
	OP_RLIMIT,	  /* FINISH by prlimit on the child, or DROP by the child itself */
	OP_OOM_SCORE,	  /* FINISH by the runtime, or DROP by the child itself (no user namespace) */
	OP_WAIT_START,	  /* START */
	OP_SYSCTL,
	OP_CONSOLE,	  /* MOUNT: a terminal from the container's devpts, sent to the runtime, bound on /dev/console */
	OP_CPU_AFFINITY,  /* exec: PREPARE by the runtime on itself (initial), DROP by the child (final) */
	OP_NET_DEVICES,	  /* ATTACH, at SYNC_HOST */
	OP_RESCTRL,	  /* ATTACH */
	OP_SCHEDULER,
	OP_IO_PRIORITY,
	OP_PERSONALITY,
	OP_MEMORY_POLICY,
	OP_KEYRING,	  /* DROP: a new session keyring, without a name */
	OP_SETSID,
	OP_UMASK,
	OP_LABEL,	  /* DROP: AppArmor or SELinux label at exec, read back */
	OP_BOUNDING,	  /* DROP: drop capabilities from the bounding set */
	OP_IDS,		  /* DROP: setgroups, setresgid, setresuid (capabilities kept until OP_CAPABILITIES) */
	OP_CAPABILITIES,  /* DROP: capset and ambient */
	OP_CWD,		  /* DROP: chdir, and the directory is checked to lie inside the root */
	OP_NO_NEW_PRIVS,
	OP_VERIFY,	  /* DROP: /proc/self/status equals what was planned; more power is fatal */
	OP_LANDLOCK_BEGIN, /* DROP, or EXEC behind an init: a ruleset of Landlock */
	OP_LANDLOCK_PATH,
	OP_LANDLOCK_PORT,
	OP_LANDLOCK,	  /* what no rule of it allows is refused from here on */
	OP_SECCOMP,	  /* DROP: before OP_IDS when no_new_privs is off, else last */
	OP_WATCH,	  /* EXEC: a further filter, whose listener goes to who watches the program's calls */
	OP_CLOSE_FDS,	  /* DROP: close_range of all but what stays */
	OP_UNPACK,	  /* MOUNT: an archive into the new, empty root, by a helper program */
	OP_LAYER,	  /* MOUNT: an overlay on the rootfs, whose changes are thrown away */
	OP_INIT,	  /* EXEC: the child forks, and stays as the container's init */
	OP_EXEC,
	OP_KIND_COUNT
};

/* An annotation of the config: see plan.c. */
#define PLAN_ANNOTATION_LAYER "org.bulkhead.rootfs.layer"

#define PLAN_NO_SLOT (-1)
#define PLAN_NO_IDMAP (-1)

enum plan_sync_point {
	SYNC_ATTACHED,	/* the child waits until its ids are mapped, then becomes root of its user namespace */
	SYNC_MOUNTED,	/* prestart and createRuntime hooks run in the runtime, before pivot_root */
	SYNC_ENTERED,	/* FINISH operations of the runtime */
	SYNC_HOST,	/* the runtime moves network devices of the host into the child's namespace */
	SYNC_IDMAPPED,	/* a go alone: the runtime has given a tree its id mapping */
	SYNC_RECORDED,	/* a go alone: the state holds the process, so that it is found when the runtime dies */
};

/* Mount attributes of mount_setattr(2): MOUNT_ATTR_… and a propagation (MS_SHARED …, without MS_REC; 0 to keep). */
struct op_attr {
	uint64_t set, clear;
	uint64_t propagation;
	bool recursive; /* AT_RECURSIVE for set and clear: the rro, rnosuid … options; else the top mount alone */
	bool propagation_recursive; /* AT_RECURSIVE for the propagation */
};

/*
 * into_slot: a mount of ours (a fresh tmpfs) held in a slot by mount_fs.mount_slot. A target or path with an into_slot
 * lies directly below that mount's root: it stays absolute for messages, and its last component is what is used.
 * The operations that fill the /dev tmpfs follow its OP_MOUNT_FS at once; only symlinks that need something come later.
 */

struct op {
	enum op_kind kind;
	enum plan_stage stage;
	const char *where; /* "/mounts/3": pointer into the config; NULL when nothing in the config asked for it */
	const char *why;   /* one short sentence for `bulkhead plan`; NULL where the kind's own sentence says all */
	union {
		/* Open `path` on the host as a detached copy of its mount tree. */
		struct {
			int slot;
			struct host_path path; /* absolute */
			/* Below the container's own root, which stands by then: this is what is opened, in MOUNT, and path
			 * is for messages. text NULL: not so. */
			struct root_path inside;
			bool recursive;
			bool must_be_directory;
			bool no_follow;	/* path may be a symlink: it is taken itself */
			bool path_only;	/* no copy: an O_PATH descriptor of the directory, which needs no privilege */
			bool null_device;  /* must be the character device 1:3 (masks and devices are made of it) */
			dev_t device;	   /* not 0: must be this device node */
			struct op_attr attr;
			int idmap; /* index in plan.idmaps, or PLAN_NO_IDMAP */
			bool idmap_recursive;
			bool optional; /* a missing path leaves the slot empty */
		} tree;
		struct {
			enum oci_namespace_kind ns;
			int slot;
			struct host_path path;
		} ns_open;
		struct {
			struct id_maps uid, gid;
			bool by_helper; /* newuidmap and newgidmap, for more than one's own id without privilege */
			bool deny_setgroups;
		} id_maps;
		struct {
			struct oci_time_offset monotonic, boottime;
		} time_offsets;
		struct {
			enum plan_sync_point point;
			struct host_path rootfs; /* SYNC_MOUNTED: the tree is seen here meanwhile; text NULL: nowhere */
		} sync;
		struct {
			bool late; /* the runtime makes them while the child works, and passes their files on */
		} cgroup_join;
		struct {
			const char *text;
		} name; /* OP_HOSTNAME, OP_DOMAINNAME */
		struct {
			int slot; /* PLAN_NO_SLOT: a new, empty tmpfs */
		} root;
		struct {
			const char *name; /* as the caller gave it */
			int archive_fd, helper_fd; /* the caller's */
			bool one_id; /* the container has no other: owners in the archive are passed over */
		} unpack;
		struct {
			struct root_path path;
		} directory;
		struct {
			int host_slot; /* where no procfs can be mounted: the host's /proc, O_PATH; or PLAN_NO_SLOT */
		} procfs;
		struct {
			const char *fs_type, *source;
			struct key_values params; /* fsconfig(2): value NULL is a flag */
			struct op_attr attr;
			struct root_path target;
			int mount_slot; /* keep the mount's fd here for later operations (the /dev tmpfs) */
			int into_slot;	/* see above; PLAN_NO_SLOT: target is resolved below the rootfs */
			bool is_dev;	/* the tmpfs on /dev: read-only, if asked, by an OP_REMOUNT at the end */
			bool plain;	/* no component of target may be a symlink */
			bool copy_up;	/* tmpcopyup: contents of the target are copied in */
			int idmap;
		} mount_fs;
		struct {
			int slot; /* empty (an optional tree): nothing is mounted */
			struct root_path target;
			int into_slot;
			bool target_from_source; /* a missing target is made as a directory or a file, as the source is */
			bool no_follow;	/* src-nofollow and friends: the last component of target is not followed */
			bool plain;	/* no component of target may be a symlink */
			struct op_attr attr; /* of the top mount alone, besides those of the whole tree */
		} mount_tree;
		struct {
			struct root_path target;
			struct op_attr attr;
		} remount;
		struct {
			struct root_path path;
			int into_slot; /* the /dev tmpfs when path lies directly below it */
			int tree_slot; /* bind this node instead of mknod (in a user namespace) */
			enum oci_device_type type;
			uint32_t major, minor, mode;
			struct container_id uid, gid;
		} device;
		struct {
			struct root_path path;
			const char *target;
			int into_slot;
			const char *needs; /* only when this exists in the container; NULL: always */
		} symlink;
		struct {
			struct root_path path;
			int null_slot; /* a detached null device for files, or PLAN_NO_SLOT: from the /dev tmpfs of ours */
		} mask; /* missing paths are skipped */
		struct {
			struct root_path path;
		} readonly; /* missing paths are skipped */
		struct {
			enum oci_hook_kind kind;
			struct host_path directory; /* where they run: the container's root as it is seen then */
			struct host_path rootfs; /* the tree is seen here meanwhile; text NULL: nowhere */
		} hooks;
		struct {
			struct op_attr attr;
		} root_attr;
		struct {
			bool move; /* --no-pivot: MS_MOVE and chroot */
			bool apart; /* after OP_MOUNT_APART: back to the runtime's mount namespace, and chroot */
		} pivot;
		struct {
			int slot; /* the root of the container's first process, O_PATH */
		} chroot;
		struct {
			int resource;
			uint64_t soft, hard;
		} rlimit;
		struct {
			int value;
		} oom_score;
		struct {
			const char *key, *value; /* "net/ipv4/ip_forward": below /proc/sys, checked */
		} sysctl;
		struct {
			bool size_set;
			bool plain_output;
			uint32_t height, width;
		} console;
		struct {
			const unsigned long *bits; /* CPU n is bit n */
			size_t bits_count;
			const char *text; /* as written; NULL: all that the cgroup has */
		} cpu_affinity;
		struct {
			const struct oci_net_device *items;
			size_t count;
		} net_devices;
		struct {
			struct oci_intel_rdt rdt; /* clos_id is set */
			bool must_exist;
		} resctrl;
		struct oci_scheduler scheduler;
		struct oci_io_priority io_priority;
		struct oci_memory_policy memory_policy;
		struct {
			uint32_t value;
		} number; /* OP_PERSONALITY, OP_UMASK */
		struct {
			bool apparmor; /* else SELinux */
			const char *label;
		} label;
		struct {
			uint64_t keep;
		} bounding;
		struct {
			struct container_id uid, gid;
			const struct container_id *groups;
			size_t groups_count;
			bool set_groups; /* false where setgroups is denied and there are none */
			bool keep_capabilities;
		} ids;
		struct {
			uint64_t effective, permitted, inheritable, ambient;
		} capabilities;
		struct {
			struct root_path path;
			bool early; /* with the power that is there before DROP; refused, it is tried as the user */
		} cwd;
		struct {
			struct container_id uid, gid;
			const struct container_id *groups;
			size_t groups_count;
			bool groups_set; /* as ids.set_groups */
			uint64_t bounding, effective, permitted, inheritable, ambient;
			bool no_new_privs;
			bool filtered; /* the filter is loaded by now */
		} verify;
		struct {
			struct filter_program program;
			uint32_t flags; /* SECCOMP_FILTER_FLAG_… */
			bool listener;
		} seccomp; /* of OP_WATCH too */
		struct {
			uint64_t handled_fs, handled_net; /* LANDLOCK_ACCESS_… */
			uint64_t scoped;		  /* LANDLOCK_SCOPE_… */
		} landlock_begin;
		struct {
			struct root_path path;
			uint64_t access; /* of a file, or of a directory and all below with `below` */
			/* Where it is not there yet: of the directory that it would be in, or the next one above that is there,
			 * up to made_in; NULL: passed over. */
			struct root_path made_in;
			uint64_t missing_access;
			bool below;
		} landlock_path;
		struct {
			uint64_t access, port;
		} landlock_port;
		struct {
			bool log;
		} landlock;
		struct {
			int preserve; /* this many from 3 on stay open */
		} close_fds;
		struct {
			struct strings args, env;
			bool find_home; /* env has no HOME: it comes from the container's /etc/passwd, else it is "/" */
		} exec;
	};
};

enum cgroup_driver { CGROUP_CGROUPFS, CGROUP_SYSTEMD, CGROUP_DISABLED };

struct plan_cgroup_setting {
	const char *controller; /* "memory": which hierarchy on v1; on v2 must be enabled; "cgroup": a core file of v2 */
	const char *file;	/* "memory.max" */
	const char *value;
	const char *where;
	bool optional; /* a missing file is passed over (a default of ours, not asked for) */
};

/* The cgroup, already in the terms of the version that the host has. Applied by cgroup/. */
struct plan_cgroup {
	enum cgroup_driver driver;
	const char *path;    /* "/web1": below each hierarchy's mount point; NULL for CGROUP_DISABLED */
	const char *systemd_slice; /* for the systemd driver: "system.slice"; the unit is the end of path */
	bool path_given;     /* by the config; else what is there already is somebody else's */
	const struct plan_cgroup_setting *settings;
	size_t settings_count;
	const struct oci_device_rule *device_rules; /* with the defaults of the spec appended */
	size_t device_rules_count;
	bool delegate; /* chown to the container's root: writable cgroup mount and a cgroup namespace */
	struct host_id delegate_uid;
	bool explicit; /* limits were asked for: failing to set up is an error, not a warning */
	const char *config_name; /* for messages: NULL is "config.json" */
	bool check_memory_usage; /* update: refuse a memory limit below what is in use (memory.checkBeforeUpdate) */
};

struct plan_idmap {
	struct id_maps uid, gid;
};

enum plan_purpose {
	PLAN_FOR_CREATE, /* a container */
	PLAN_FOR_EXEC,	 /* a further process in one */
};

struct plan {
	enum plan_purpose purpose;
	const char *config_name; /* "config.json", for messages */
	uint64_t clone_flags; /* CLONE_NEW… of the one clone3; NEWTIME only without offsets */
	bool gate;	      /* a further process joins first and clones with CLONE_PARENT */
	uint64_t gate_unshare; /* CLONE_NEWUSER, CLONE_NEWTIME of the gate after joining */
	bool child_opens_paths; /* without CAP_SYS_ADMIN here: OP_TREE runs in the child, in its own user namespace */
	bool in_user_namespace; /* the container has one, new or joined */
	bool cgroup_late; /* the cgroup may be made after the clone: OP_CGROUP_JOIN waits for it */
	bool terminal;
	const struct op *ops; /* sorted by stage; within a stage in the order of doing */
	size_t ops_count;
	int slots_count;
	const struct plan_idmap *idmaps;
	size_t idmaps_count;
	struct plan_cgroup cgroup;
	const struct oci_hooks *hooks; /* [OCI_HOOK_KIND_COUNT] */
	struct placed_strings warnings; /* capabilities that the kernel lacks, … */
	uint32_t cause_facts; /* enum cause_fact: what holds for this container, for plan_explain */
};

/* An archive that becomes the root, and the helper program that unpacks it: both opened by the caller. */
struct plan_archive {
	const char *name; /* for messages; NULL: there is none */
	int archive_fd, helper_fd;
};

/* What the command line adds to the config. */
/* Where what a terminal shows is going to. */
struct plan_relay {
	bool plain;		/* a file or a pipe: lines end as the program wrote them */
	uint32_t height, width; /* a terminal of this size, which holds where the config names none; 0: not known */
};

struct plan_request {
	const char *id;
	struct host_path bundle; /* absolute */
	struct host_path rootfs; /* absolute, root.path made so */
	enum cgroup_driver cgroup_driver;
	/* rootfs.text NULL: the root is a new tmpfs, with these symlinks ("bin" → "usr/bin") and directories on it. */
	struct key_values root_links;
	struct strings root_directories;
	struct plan_archive root_archive; /* and what this holds */
	bool all_cpus;	      /* the process is bound to none of the CPUs of its cgroup, as its maker may be */
	struct plan_relay relay;
	bool limits_optional; /* the limits are defaults of ours: without a writable cgroup there are none, and a warning */
	bool no_pivot, no_new_keyring;
	bool wait_start; /* create */
	bool init;	 /* the container's first process is a built-in init, the program its child */
	bool loopback;	 /* bring lo up in a new network namespace */
	int preserve_fds;
	int listen_fds; /* before those: the program is told of them by LISTEN_FDS and LISTEN_PID */
	const char *listen_names; /* and by LISTEN_FDNAMES; or NULL */
	struct host_path notify_directory; /* of the socket by which the program says that it is ready; text NULL: none */
	/* Its calls, files and ports; NULL: none. The rest of it is in the config already. In exec the filter holds the
	 * calls already. */
	const struct profile *profile;
	const struct filter_program *filter; /* compiled already, where the config has none; NULL: none */
	const struct oci_seccomp *profile_calls; /* NULL: all */
	/* What sends calls to who watches them, with SECCOMP_RET_USER_NOTIF; NULL: nobody does. It refuses nothing. */
	const struct filter_program *watch;
	/* Of the user namespace that is joined by path; no maps: none is, or they are not known. */
	struct id_maps joined_uid_maps, joined_gid_maps;
	bool joined_setgroups_denied;
};

/* Errors: ERR_CONFIG or ERR_UNSUPPORTED with the place; nothing was touched. */
int plan_create(struct arena *arena, const struct oci_config *config, const struct host *host,
		const struct plan_request *request, const struct plan **ret_plan, struct err *err);

/* A limit that the container's first process had from who made it. */
struct plan_inherited_limit {
	struct oci_rlimit limit; /* what can be given without more power than the runtime has */
	uint64_t ceiling;	 /* the first process's hard limit */
	bool needed;		 /* the runtime's own, which a process inherits, is another */
};

/* What a running container's saved confinement allows; exec never exceeds it. */
struct plan_confinement {
	uint64_t bounding; /* capabilities */
	bool no_new_privs;
	const char *apparmor_profile, *selinux_label;
	struct filter_program filter; /* count 0: none */
	uint32_t filter_flags;
	const struct oci_rlimit *rlimits; /* of the config: hard limits are ceilings */
	size_t rlimits_count;
	const struct plan_inherited_limit *inherited; /* where the config has none */
	size_t inherited_count;
};

/*
 * A further process in the container of `config`. ns_slots: the engine opens the namespaces of the container's init
 * (by pidfd) and fills slots in the order of enum oci_namespace_kind.
 * Errors: ERR_CONFIG when the process asks for more than the confinement, naming what.
 */
int plan_exec(struct arena *arena, const struct oci_config *config, const struct oci_process *process,
	      const struct plan_confinement *confinement, const struct host *host, const struct plan_request *request,
	      const struct plan **ret_plan, struct err *err);

/* Settings for `update`: the same translation as at creation. The caller has set driver, path and config_name. */
int plan_update(struct arena *arena, const struct oci_resources *resources, const struct host *host,
		struct plan_cgroup *cgroup, struct err *err);

/*
 * A seccomp section as what filter/ compiles. The native architecture comes first, listed or not. Rules keep their
 * order and number. Memory from arena. Errors: out of memory.
 */
int plan_filter_policy(const struct oci_seccomp *seccomp, const char *config_name, struct arena *arena,
		       struct filter_policy *ret_policy, struct err *err);

/*
 * The device rules of a config as they are applied, the last that fits a device decides: from its last one for everything
 * on, or after a denial of everything; then the defaults of the spec. Memory from arena. NULL: out of memory.
 */
struct oci_device_rule *plan_device_rules(struct arena *arena, const struct oci_resources *resources, size_t *ret_count);

/* The mount options that plan/ knows by name, by their index from 0; NULL behind the last (`features`). */
const char *plan_mount_option_name(size_t index);

/* For people: stages, who, operations with their places and reasons. */
void plan_print_text(const struct plan *plan, struct buf *out);
void plan_print_json(const struct plan *plan, struct buf *out);

/* "mount proc on /proc": what an operation does, for messages and for the printed plan. The text is cut to fit. */
void plan_op_text(const struct op *op, char *buf, size_t size);
const char *plan_stage_name(enum plan_stage stage);

/*
 * Does a filter of the plan answer this call of the machine's own architecture, with arguments of 0, with errnum? The filter's
 * place in the config; NULL when none does. Pure and without allocation: the child may call it.
 */
const char *plan_filter_refuses(const struct plan *plan, int number, int errnum);

/* Complete an error of carrying out op: its place in the config, and cause/'s reason and remedy, where they are empty.
 * Pure and without allocation: the child may call it. */
void plan_explain(const struct plan *plan, const struct op *op, struct err *err);

#endif
