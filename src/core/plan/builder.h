/* SPDX-License-Identifier: Apache-2.0 */
/*
 * builder: plan/'s own header: what its files share while a plan is being made. An operation may be added at any time
 * for any stage; builder_finish sorts by stage and keeps the order within one.
 */
#ifndef BULKHEAD_CORE_PLAN_BUILDER_H
#define BULKHEAD_CORE_PLAN_BUILDER_H

#include "core/plan/plan.h"

/* More CPUs than any kernel is built for (NR_CPUS is at most 8192). */
#define PLAN_CPUS_MAX 8192

struct builder {
	struct arena *arena;
	const struct oci_config *config;
	const struct oci_process *process; /* NULL: the config has none */
	const struct host *host;
	const struct plan_request *request;
	struct err *err;
	const char *name; /* what messages call the file that `where` points into */
	struct plan *plan;

	struct op *ops;
	size_t ops_count, ops_capacity;
	struct plan_idmap *idmaps;
	size_t idmaps_capacity;
	struct placed_string *warnings;
	size_t warnings_capacity;
	int slots;
	bool no_memory;	 /* sticks; checked once, by builder_finish */
	struct op spare; /* what builder_add gives when memory is gone */

	bool new_ns[OCI_NS_COUNT], joined_ns[OCI_NS_COUNT];
	struct id_maps uid_maps, gid_maps; /* of the container's user namespace, new or joined; empty: none or not known */
	bool nodes_by_bind;	   /* mknod is not allowed: device nodes are binds of the host's */
	int dev_slot;		   /* the tmpfs on /dev of ours, or PLAN_NO_SLOT */
	const char *dev_read_only; /* the place that asks for a read-only /dev tmpfs */
	bool dev_is_bind;	   /* the config binds a directory of the host on /dev */
	int null_slot;		   /* a detached null device, or PLAN_NO_SLOT */
	bool cgroup_joined;	   /* plan_late_cgroup has been called */
	/* The mount of the cgroups, when it is put off until plan_last_cgroup. */
	const struct oci_mount *cgroup_mount;
	const struct mount_options *cgroup_options;
};

/* A new operation of this kind at the end of the stage. The pointer is good until the next builder_add. Never NULL. */
struct op *builder_add(struct builder *builder, enum op_kind kind, enum plan_stage stage, const char *where,
		       const char *why);
int builder_slot(struct builder *builder);
/* Index in plan.idmaps of these maps; equal maps share one. */
int builder_idmap(struct builder *builder, struct id_maps uid, struct id_maps gid);
void builder_warn(struct builder *builder, const char *where, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Text in the arena; "" when memory is gone. */
const char *builder_text(struct builder *builder, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *builder_vtext(struct builder *builder, const char *fmt, va_list args);
/* Refuse the config: ERR, with the place. err_why and err_fix are the caller's. */
int builder_refuse(struct builder *builder, enum err_kind kind, const char *where, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Facts about the config as a whole; what plan_create and plan_exec are given is set. */
int builder_begin(struct builder *builder, enum plan_purpose purpose);
int builder_finish(struct builder *builder, const struct plan **ret_plan);

/* Does the container's user namespace have this id? true where its maps are not known. */
bool builder_is_mapped(const struct id_maps *maps, uint32_t id);
/* The namespace is the container's own or shared with another container: not the runtime's. */
bool builder_has_ns(const struct builder *builder, enum oci_namespace_kind kind);

/* A detached copy of a host path in a new slot. The pointer is good until the next builder_add. */
struct op *builder_tree(struct builder *builder, const char *path, const char *where, const char *why);

#define PLAN_NOTIFY_TARGET "/run/notify" /* where the program finds its NOTIFY_SOCKET */

/* Are they the same path, but for repeated and trailing slashes? */
bool plan_same_path(const char *a, const char *b);

/* mount_options.c: the options of one mount, taken apart. */
struct mount_options {
	struct op_attr attr;	   /* the top mount's */
	struct op_attr attr_below; /* of the whole tree: rro, rnosuid … */
	bool bind, recursive;	   /* bind, rbind */
	bool remount;
	bool copy_up, no_follow;
	bool idmap, idmap_recursive;
	struct key_value *params; /* for fsconfig, with place for two more */
	size_t params_count;
	const struct placed_string *unknown; /* one that the table does not have, a word before "name=value"; or NULL */
	size_t fs_flags; /* how many of them are flags of the table, which a bind mount passes over */
};
void plan_mount_options(struct builder *builder, const struct oci_mount *mount, struct mount_options *ret);

/* Each file's part, in the order of plan_create. */
int plan_namespaces(struct builder *builder);
int plan_mounts(struct builder *builder);
/* A private procfs. from_host: the host's, where the kernel may refuse to mount one. */
void plan_procfs(struct builder *builder, bool from_host, const char *why);
/* The place where a late OP_CGROUP_JOIN stands: before the first mount of a cgroup, at the latest after all mounts. */
void plan_late_cgroup(struct builder *builder);
/* What the runtime does with the host's things when the child is in its namespaces: network devices, resctrl. */
void plan_host_parts(struct builder *builder);
/* A mount of type "cgroup"; attr: what its options ask for. */
void plan_cgroupfs(struct builder *builder, const struct oci_mount *mount, const struct mount_options *options);
/*
 * May the child join its cgroups, and mount them, after all else that its tree is made of, while the runtime still makes
 * them? Only where no one can tell: no hook sees the tree, and nothing that would come later lies on or below that mount.
 */
bool plan_cgroup_is_last(const struct builder *builder);
bool plan_cgroup_mount_is_last(const struct builder *builder, const struct oci_mount *mount);
void plan_last_cgroup(struct builder *builder);
/* The nodes that lie directly in the /dev tmpfs: right after it was mounted. */
void plan_early_devices(struct builder *builder);
/* All other nodes, and the links of /dev: after all mounts. */
void plan_late_devices(struct builder *builder);
/* After the last thing that is made in /dev: the console. */
void plan_read_only_dev(struct builder *builder);
void plan_masks(struct builder *builder);
int plan_sysctls(struct builder *builder);
int plan_cgroup(struct builder *builder);

/* process.c and power.c: what create and exec have in common. */
void plan_console(struct builder *builder, const char *why);
void plan_session(struct builder *builder, bool keyring);
void plan_rlimits(struct builder *builder, const struct oci_rlimit *items, size_t count);
void plan_oom_score(struct builder *builder);
int plan_scheduling(struct builder *builder);
int plan_labels(struct builder *builder, const char *apparmor, const char *selinux);
/* Ids, capabilities, no_new_privs, the filter, and the program; where_filter places the filter in the config. */
struct process_power {
	uint64_t bounding, effective, permitted, inheritable, ambient;
	bool no_new_privs;
	bool has_filter, listener;
	struct filter_program filter;
	struct filter_program config_filter; /* without the profile's part; count 0: the same, or there is none */
	uint32_t filter_flags;
	const char *where_filter;
	const char *filter_note; /* where it comes from, or a rule of the config that has no effect; NULL: nothing to say */
};
/* The capabilities that can be granted, as masks; the others are warned of. */
void plan_capabilities(struct builder *builder, struct process_power *power);
int plan_drop(struct builder *builder, const struct process_power *power);
int plan_filter(struct builder *builder, struct process_power *power);
/* landlock.c: the profile's files and ports, in this stage. */
int plan_landlock(struct builder *builder, enum plan_stage stage);

/* Settings for a cgroup; shared by create and update. */
struct cgroup_settings {
	struct builder *builder;
	struct plan_cgroup *cgroup;
	struct plan_cgroup_setting *items;
	size_t count, capacity;
	bool update; /* of a running container, not at its creation */
};
int plan_cgroup_settings(struct cgroup_settings *settings, const struct oci_resources *resources);
/* cgroup_io.c: block devices; and huge pages, network, RDMA, unified. */
int plan_cgroup_io(struct cgroup_settings *settings, const struct oci_resources *resources);
int plan_cgroup_others(struct cgroup_settings *settings, const struct oci_resources *resources);

/* Append one setting; its value as formatted. */
void plan_cgroup_add(struct cgroup_settings *settings, const char *controller, const char *file, const char *where,
		     const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Which version has the controller, by its name in v1 and in v2? Refused where none has. */
int plan_cgroup_version(struct cgroup_settings *settings, const char *v1, const char *v2, const char *where,
			bool *ret_v2);
/* Refuse what v2 has no file for. */
int plan_cgroup_inexpressible(struct cgroup_settings *settings, const char *where, const char *member, const char *fix);

#endif
