/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci/config: the config.json of runtime-spec 1.3 (config.md, config-linux.md) as types. Every field is typed and
 * checked while reading; unknown properties are ignored, invalid values refused with their JSON pointer.
 * Pure: reads text, touches nothing. All memory belongs to the arena given to the reader.
 *
 * `where` members hold the JSON pointer of the object ("/mounts/3"), for messages of those who act on it later.
 * Enumerated strings are already numbers of the Linux ABI here, so that plan/ need not know the spec's spelling.
 */
#ifndef BULKHEAD_CORE_OCI_CONFIG_H
#define BULKHEAD_CORE_OCI_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/types.h"

#define OCI_CONFIG_SIZE_MAX ((size_t)16 << 20)

/* The order is the one of enum oci_namespace_kind everywhere: tables index by it. */
enum oci_namespace_kind {
	OCI_NS_USER,
	OCI_NS_PID,
	OCI_NS_NETWORK,
	OCI_NS_MOUNT,
	OCI_NS_IPC,
	OCI_NS_UTS,
	OCI_NS_CGROUP,
	OCI_NS_TIME,
	OCI_NS_COUNT
};

struct oci_namespace {
	bool present; /* listed in linux.namespaces */
	struct host_path path; /* text NULL: a new one */
	const char *where;
};

struct oci_rlimit {
	int resource; /* RLIMIT_… */
	uint64_t soft, hard; /* 18446744073709551615 is RLIM_INFINITY */
	const char *where;
};

/* Capability sets as bit masks (bit n = capability n). Names the reader does not know are kept for a warning. */
struct oci_capabilities {
	bool present;
	uint64_t bounding, effective, inheritable, permitted, ambient;
	struct placed_strings unknown;
	const char *where;
};

struct oci_scheduler {
	bool present;
	uint32_t policy; /* SCHED_… */
	int32_t nice;
	int32_t priority;
	uint64_t flags; /* SCHED_FLAG_… */
	uint64_t runtime, deadline, period;
	const char *where;
};

struct oci_io_priority {
	bool present;
	int class; /* IOPRIO_CLASS_RT 1, BE 2, IDLE 3 */
	int priority;
	const char *where;
};

struct oci_user {
	struct container_id uid, gid;
	struct opt_u32 umask;
	const struct container_id *additional_gids;
	size_t additional_gids_count;
	const char *username;
	const char *where;
};

struct oci_process {
	bool terminal;
	bool console_size_set;
	uint32_t console_height, console_width;
	struct oci_user user;
	struct strings args; /* count 0: absent */
	struct strings env;  /* each holds a "=" that is not its first character */
	struct root_path cwd;
	struct oci_capabilities capabilities;
	const struct oci_rlimit *rlimits;
	size_t rlimits_count;
	bool no_new_privileges;
	const char *apparmor_profile; /* NULL when absent or empty */
	const char *selinux_label;
	struct opt_i64 oom_score_adj; /* -1000 … 1000 */
	struct oci_scheduler scheduler;
	struct oci_io_priority io_priority;
	const char *cpu_affinity_initial, *cpu_affinity_final; /* lists as in cpuset(7), checked */
	const char *where;
};

struct oci_mount {
	struct root_path destination; /* absolute; a relative one has been taken as from "/" */
	const char *type;	      /* NULL when absent */
	const char *source;	      /* NULL when absent; relative to the bundle for binds */
	struct placed_strings options;
	struct id_maps uid_maps, gid_maps;
	const char *where;
};

struct oci_hook {
	struct host_path path; /* absolute */
	struct strings args, env;
	struct opt_i64 timeout; /* seconds, > 0 */
	const char *where;
};
struct oci_hooks {
	const struct oci_hook *items;
	size_t count;
};
enum oci_hook_kind {
	OCI_HOOK_PRESTART,
	OCI_HOOK_CREATE_RUNTIME,
	OCI_HOOK_CREATE_CONTAINER,
	OCI_HOOK_START_CONTAINER,
	OCI_HOOK_POSTSTART,
	OCI_HOOK_POSTSTOP,
	OCI_HOOK_KIND_COUNT
};

enum oci_device_type { OCI_DEVICE_CHAR, OCI_DEVICE_BLOCK, OCI_DEVICE_FIFO };
struct oci_device {
	struct root_path path;
	enum oci_device_type type;
	uint32_t major, minor;
	struct opt_u32 file_mode; /* permission bits only */
	struct container_id uid, gid; /* 0 when absent */
	const char *where;
};

#define OCI_DEVICE_ANY (-1)
struct oci_device_rule {
	bool allow;
	char type; /* 'a', 'b' or 'c' */
	int64_t major, minor; /* OCI_DEVICE_ANY: all */
	bool read, write, mknod;
	const char *where;
};

struct oci_block_weight {
	uint32_t major, minor;
	struct opt_u32 weight, leaf_weight;
	const char *where;
};
struct oci_block_rate {
	uint32_t major, minor;
	uint64_t rate;
	const char *where;
};
enum oci_throttle_kind {
	OCI_THROTTLE_READ_BPS,
	OCI_THROTTLE_WRITE_BPS,
	OCI_THROTTLE_READ_IOPS,
	OCI_THROTTLE_WRITE_IOPS,
	OCI_THROTTLE_KIND_COUNT
};

struct oci_resources {
	const struct oci_device_rule *devices;
	size_t devices_count;
	struct {
		struct opt_i64 limit, reservation, swap, kernel, kernel_tcp; /* bytes; -1 is unlimited */
		struct opt_u64 swappiness;				      /* 0 … 100 */
		struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
		const char *where;
	} memory;
	struct {
		struct opt_u64 shares;
		struct opt_i64 quota;  /* microseconds; -1 is unlimited */
		struct opt_u64 burst, period;
		struct opt_i64 realtime_runtime;
		struct opt_u64 realtime_period;
		const char *cpus, *mems; /* NULL when absent or empty */
		struct opt_i64 idle;
		const char *where;
	} cpu;
	struct {
		struct opt_i64 limit; /* 0 and -1: unlimited, see the spec's errata in plan/ */
		const char *where;
	} pids;
	struct {
		struct opt_u32 weight, leaf_weight;
		const struct oci_block_weight *weight_devices;
		size_t weight_devices_count;
		struct {
			const struct oci_block_rate *items;
			size_t count;
		} throttle[OCI_THROTTLE_KIND_COUNT];
		const char *where;
	} block_io;
	const struct oci_hugepage_limit {
		const char *page_size; /* "2MB" */
		uint64_t limit;
		const char *where;
	} *hugepage_limits;
	size_t hugepage_limits_count;
	struct {
		struct opt_u32 class_id;
		const struct oci_interface_priority {
			const char *name;
			uint32_t priority;
		} *priorities;
		size_t priorities_count;
		const char *where;
	} network;
	const struct oci_rdma {
		const char *device;
		struct opt_u32 hca_handles, hca_objects;
		const char *where;
	} *rdma;
	size_t rdma_count;
	struct key_values unified; /* keys without "/" and without leading "." */
	const char *where;
};

#define OCI_SECCOMP_ARGS_MAX 6
enum oci_seccomp_operator {
	OCI_CMP_NE,
	OCI_CMP_LT,
	OCI_CMP_LE,
	OCI_CMP_EQ,
	OCI_CMP_GE,
	OCI_CMP_GT,
	OCI_CMP_MASKED_EQ
};
struct oci_seccomp_arg {
	uint32_t index; /* 0 … 5 */
	uint64_t value, value_two;
	enum oci_seccomp_operator operator;
};
struct oci_seccomp_rule {
	struct strings names;
	uint32_t action; /* SECCOMP_RET_… with its data (errno) in the low 16 bits */
	const struct oci_seccomp_arg *args;
	size_t args_count;
	const char *where; /* "/linux/seccomp/syscalls/12" */
};
struct oci_seccomp {
	bool present;
	uint32_t default_action; /* SECCOMP_RET_… with data */
	const uint32_t *archs;	 /* AUDIT_ARCH_…; x32 is ABI_ARCH_X32 of abi/arch.h. Empty: the native one */
	size_t archs_count;
	uint32_t flags;	 /* SECCOMP_FILTER_FLAG_… */
	const char *listener_path, *listener_metadata;
	const struct oci_seccomp_rule *rules;
	size_t rules_count;
	const char *where;
};

struct oci_time_offset {
	bool set;
	int64_t seconds;
	uint32_t nanoseconds; /* < 1,000,000,000 */
};

struct oci_net_device {
	const char *host_name, *container_name;
	const char *where;
};

struct oci_intel_rdt {
	bool present;
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct strings schemata;
	bool enable_monitoring;
	const char *where;
};

struct oci_memory_policy {
	bool present;
	int mode;	    /* MPOL_… */
	unsigned int flags; /* MPOL_F_… */
	const char *nodes;  /* NULL when absent */
	const char *where;
};

struct oci_linux {
	struct oci_namespace namespaces[OCI_NS_COUNT];
	struct id_maps uid_maps, gid_maps;
	bool maps_missing; /* a new user namespace was given none: each id is mapped to itself */
	struct key_values sysctl;
	struct oci_resources resources;
	const char *cgroups_path; /* NULL when absent or empty */
	const struct oci_device *devices;
	size_t devices_count;
	const struct oci_net_device *net_devices;
	size_t net_devices_count;
	struct oci_seccomp seccomp;
	unsigned long rootfs_propagation; /* MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE (with MS_REC); 0 when absent */
	struct placed_strings masked_paths, readonly_paths;
	const char *mount_label;
	struct oci_intel_rdt intel_rdt;
	struct oci_memory_policy memory_policy;
	struct opt_u32 personality; /* PER_… with flags */
	struct oci_time_offset monotonic, boottime;
};

struct oci_config {
	const char *name; /* what messages call the file: "config.json" */
	const char *oci_version;
	struct {
		struct host_path path; /* as written; relative to the bundle */
		bool readonly;
		const char *where;
	} root;
	const char *hostname, *domainname; /* NULL when absent */
	const struct oci_mount *mounts;
	size_t mounts_count;
	bool process_present;
	struct oci_process process;
	struct oci_hooks hooks[OCI_HOOK_KIND_COUNT];
	struct key_values annotations;
	struct oci_linux linux;
};

/*
 * Read a config from text. The result and all it points to live in arena; text may be freed.
 * Also checks what can be known without a host: required fields, duplicate namespaces and rlimits, ids within maps,
 * absolute paths, argument 0 not empty, names of capabilities, flags, actions and architectures.
 * Errors: ERR_CONFIG, with where = "config.json#/pointer", what, why and fix.
 */
int oci_config_read(struct arena *arena, const char *name, const char *text, size_t size,
		    const struct oci_config **ret_config, struct err *err);

/* Read a process.json (the `process` object alone), as exec --process takes it. */
int oci_process_read(struct arena *arena, const char *name, const char *text, size_t size,
		     const struct oci_process **ret_process, struct err *err);

/* Read a resources.json (the `linux.resources` object alone), as update --resources takes it. */
int oci_resources_read(struct arena *arena, const char *name, const char *text, size_t size,
		       const struct oci_resources **ret_resources, struct err *err);

/* The text of a config with its linux.resources changed as an update changes a container: what is given replaces what was
 * there; items of lists by what they are about (device, page size, name). Both texts were read without an error. */
int oci_config_merge(struct arena *arena, const char *text, size_t size, const char *given, size_t given_size,
		     struct buf *out, struct err *err);

/* The name of capability number n ("CAP_CHOWN"), or NULL; and the number for a name with or without CAP_, or -1. */
const char *oci_capability_name(unsigned int number);
int oci_capability_number(const char *name);
/* For an unknown name: the one that may have been meant, in whatever case it was written, or NULL. */
const char *oci_capability_nearest(const char *name);

/* "pid", "network", … as the spec spells them, and the CLONE_NEW… flag. */
const char *oci_namespace_name(enum oci_namespace_kind kind);
uint64_t oci_namespace_clone_flag(enum oci_namespace_kind kind);

/* The text of `bulkhead-oci spec`: a config that runs a shell in ./rootfs; rootless maps the caller's ids. */
int oci_spec_write(struct buf *out, bool rootless, uint32_t uid, uint32_t gid);

#endif
