/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci/spec: the config that `bulkhead-oci spec` prints to start from: a shell in ./rootfs, with few capabilities, a
 * read-only root and all namespaces but user and time; rootless adds a user namespace that maps the caller to root,
 * and leaves out what only the host's root can give. Data and a writer; pure.
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/types.h"
#include "core/oci/config.h"

#define INDENT	     4
#define NOFILE_LIMIT 1024

static const char *const capabilities[] = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
/* Inheritable stays empty, and ambient with it: programs of the container never gain by execve (threats.md, D8). */
static const char *const capability_sets[] = {"bounding", "effective", "permitted"};
static const char *const environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
					  "TERM=xterm"};
static const char *const program[] = {"sh"};
static const enum oci_namespace_kind namespaces[] = {OCI_NS_PID, OCI_NS_NETWORK, OCI_NS_IPC,
						     OCI_NS_UTS, OCI_NS_MOUNT,	 OCI_NS_CGROUP};

/* What the kernel shows of the host and a container has no use for. */
static const char *const masked_paths[] = {
	"/proc/acpi",	     "/proc/asound",	    "/proc/interrupts", "/proc/kcore",
	"/proc/keys",	     "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
	"/proc/sched_debug", "/proc/scsi",	    "/sys/firmware",	"/sys/devices/virtual/powercap",
};
static const char *const readonly_paths[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

#define OPTIONS_MAX 8
static const struct {
	const char *destination, *type, *source;
	const char *options[OPTIONS_MAX];
	const char *root_option; /* needs an id that a rootless container does not have */
} mounts[] = {
	{"/proc", "proc", "proc", {NULL}, NULL},
	{"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}, NULL},
	{"/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}, "gid=5"},
	{"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}, NULL},
	{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}, NULL},
	{"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}, NULL},
	{"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}, NULL},
};

static void begin_member(struct json_writer *writer, const char *key)
{
	json_key(writer, key);
	json_begin_object(writer);
}

static void begin_list(struct json_writer *writer, const char *key)
{
	json_key(writer, key);
	json_begin_array(writer);
}

static void write_process(struct json_writer *writer)
{
	begin_member(writer, "process");
	json_member_bool(writer, "terminal", true);
	begin_member(writer, "user");
	json_member_u64(writer, "uid", 0);
	json_member_u64(writer, "gid", 0);
	json_end_object(writer);
	json_member_strings(writer, "args", program, ARRAY_SIZE(program));
	json_member_strings(writer, "env", environment, ARRAY_SIZE(environment));
	json_member_string(writer, "cwd", "/");
	begin_member(writer, "capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(capability_sets); i++)
		json_member_strings(writer, capability_sets[i], capabilities, ARRAY_SIZE(capabilities));
	json_end_object(writer);
	begin_list(writer, "rlimits");
	json_begin_object(writer);
	json_member_string(writer, "type", "RLIMIT_NOFILE");
	json_member_u64(writer, "hard", NOFILE_LIMIT);
	json_member_u64(writer, "soft", NOFILE_LIMIT);
	json_end_object(writer);
	json_end_array(writer);
	json_member_bool(writer, "noNewPrivileges", true);
	json_end_object(writer);
}

static void write_mounts(struct json_writer *writer, bool rootless)
{
	begin_list(writer, "mounts");
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		const char *root_option = rootless ? NULL : mounts[i].root_option;

		json_begin_object(writer);
		json_member_string(writer, "destination", mounts[i].destination);
		json_member_string(writer, "type", mounts[i].type);
		json_member_string(writer, "source", mounts[i].source);
		if (mounts[i].options[0]) {
			begin_list(writer, "options");
			for (size_t j = 0; j < OPTIONS_MAX && mounts[i].options[j]; j++)
				json_put_string(writer, mounts[i].options[j]);
			if (root_option)
				json_put_string(writer, root_option);
			json_end_array(writer);
		}
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void write_mapping(struct json_writer *writer, const char *key, uint32_t host_id)
{
	begin_list(writer, key);
	json_begin_object(writer);
	json_member_u64(writer, "containerID", 0);
	json_member_u64(writer, "hostID", host_id);
	json_member_u64(writer, "size", 1);
	json_end_object(writer);
	json_end_array(writer);
}

/* No device may be used but those that the plan adds for every container. */
static void write_resources(struct json_writer *writer)
{
	begin_member(writer, "resources");
	begin_list(writer, "devices");
	json_begin_object(writer);
	json_member_bool(writer, "allow", false);
	json_member_string(writer, "access", "rwm");
	json_end_object(writer);
	json_end_array(writer);
	json_end_object(writer);
}

static void write_namespace(struct json_writer *writer, enum oci_namespace_kind kind)
{
	json_begin_object(writer);
	json_member_string(writer, "type", oci_namespace_name(kind));
	json_end_object(writer);
}

static void write_linux(struct json_writer *writer, bool rootless, uint32_t uid, uint32_t gid)
{
	begin_member(writer, "linux");
	if (rootless) {
		write_mapping(writer, "uidMappings", uid);
		write_mapping(writer, "gidMappings", gid);
	} else {
		write_resources(writer);
	}
	begin_list(writer, "namespaces");
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++)
		write_namespace(writer, namespaces[i]);
	if (rootless)
		write_namespace(writer, OCI_NS_USER);
	json_end_array(writer);
	json_member_strings(writer, "maskedPaths", masked_paths, ARRAY_SIZE(masked_paths));
	json_member_strings(writer, "readonlyPaths", readonly_paths, ARRAY_SIZE(readonly_paths));
	json_end_object(writer);
}

int oci_spec_write(struct buf *out, bool rootless, uint32_t uid, uint32_t gid)
{
	struct json_writer writer = JSON_WRITER(out, INDENT);

	json_begin_object(&writer);
	json_member_string(&writer, "ociVersion", "1.0.2");
	write_process(&writer);
	begin_member(&writer, "root");
	json_member_string(&writer, "path", "rootfs");
	json_member_bool(&writer, "readonly", true);
	json_end_object(&writer);
	json_member_string(&writer, "hostname", "bulkhead");
	write_mounts(&writer, rootless);
	write_linux(&writer, rootless, uid, gid);
	json_end_object(&writer);
	buf_puts(out, "\n");
	return out->failed ? ERR : 0;
}
