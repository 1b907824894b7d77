/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: the config of a sandbox, written section by section from one table of writers. Every default here is printed
 * by `bulkhead plan`, with the same config.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/oci/config.h"
#include "people/sandbox/parts.h"

#define CPU_PERIOD_US 100000
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct context {
	struct arena *arena;
	const struct sandbox *sandbox;
	struct sandbox_ids ids;
	struct sandbox_result *result;
	const char *shown_cwd; /* NULL unless the current directory is shown */
};

typedef int write_section(struct json_writer *writer, struct context *context, struct err *err);

void sandbox_write_mount(struct json_writer *writer, const char *target, const char *type, const char *source,
			 const char *const *options)
{
	json_begin_object(writer);
	json_member_string(writer, "destination", target);
	json_member_string(writer, "type", type);
	json_member_string(writer, "source", source);
	json_key(writer, "options");
	json_begin_array(writer);
	for (; *options; options++)
		json_put_string(writer, *options);
	json_end_array(writer);
	json_end_object(writer);
}

static bool names_variable(const char *entry, const char *assignment)
{
	size_t length = (size_t)(strchrnul(assignment, '=') - assignment);

	return strncmp(entry, assignment, length) == 0 && entry[length] == '=';
}

/* PATH, HOME, TERM, then the caller's additions; of two values for one name the last is kept. */
static int write_env(struct json_writer *writer, const struct context *context, struct err *err)
{
	const struct sandbox *sandbox = context->sandbox;
	const char *term = getenv("TERM");
	const char *defaults[] = {DEFAULT_PATH, "HOME=/tmp", NULL};

	defaults[2] = arena_printf(context->arena, "TERM=%s", term && *term ? term : "dumb");
	if (!defaults[2])
		return err_set(err, ERR_INTERNAL, "out of memory for the environment");
	json_key(writer, "env");
	json_begin_array(writer);
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		bool replaced = false;

		for (size_t j = 0; j < sandbox->env_count; j++)
			replaced |= names_variable(defaults[i], sandbox->env[j]);
		if (!replaced)
			json_put_string(writer, defaults[i]);
	}
	for (size_t i = 0; i < sandbox->env_count; i++) {
		bool replaced = false;

		for (size_t j = i + 1; j < sandbox->env_count; j++)
			replaced |= names_variable(sandbox->env[i], sandbox->env[j]);
		if (!replaced)
			json_put_string(writer, sandbox->env[i]);
	}
	json_end_array(writer);
	return 0;
}

static void write_capabilities(struct json_writer *writer, uint64_t set)
{
	static const char *const sets[] = {"bounding", "effective", "permitted"};

	json_key(writer, "capabilities");
	json_begin_object(writer);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		json_key(writer, sets[i]);
		json_begin_array(writer);
		for (unsigned int n = 0; n < 64; n++)
			if (set >> n & 1)
				json_put_string(writer, oci_capability_name(n));
		json_end_array(writer);
	}
	json_end_object(writer);
}

static void write_ulimits(struct json_writer *writer, const struct sandbox *sandbox)
{
	if (!sandbox->ulimits_count)
		return;
	json_key(writer, "rlimits");
	json_begin_array(writer);
	for (size_t i = 0; i < sandbox->ulimits_count; i++) {
		json_begin_object(writer);
		json_member_string(writer, "type", sandbox->ulimits[i].type);
		json_member_u64(writer, "soft", sandbox->ulimits[i].soft);
		json_member_u64(writer, "hard", sandbox->ulimits[i].hard);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static int write_process(struct json_writer *writer, struct context *context, struct err *err)
{
	const struct sandbox *sandbox = context->sandbox;
	const char *workdir = sandbox->workdir;
	size_t count = 0;

	while (sandbox->command[count])
		count++;
	if (!workdir)
		workdir = context->shown_cwd ? context->shown_cwd : "/";
	json_key(writer, "process");
	json_begin_object(writer);
	json_key(writer, "user");
	json_begin_object(writer);
	json_member_u64(writer, "uid", context->ids.uid.value);
	json_member_u64(writer, "gid", context->ids.gid.value);
	json_member_u64(writer, "umask", 022);
	json_end_object(writer);
	json_member_strings(writer, "args", sandbox->command, count);
	if (write_env(writer, context, err) < 0)
		return ERR;
	json_member_string(writer, "cwd", workdir);
	write_capabilities(writer, sandbox->capabilities);
	write_ulimits(writer, sandbox);
	json_member_bool(writer, "noNewPrivileges", !sandbox->new_privs);
	if (sandbox->apparmor)
		json_member_string(writer, "apparmorProfile", sandbox->apparmor);
	if (sandbox->selinux)
		json_member_string(writer, "selinuxLabel", sandbox->selinux);
	json_member_bool(writer, "terminal", sandbox->terminal);
	json_end_object(writer);
	return 0;
}

static int write_root(struct json_writer *writer, struct context *context, struct err *err)
{
	(void)err;
	json_key(writer, "root");
	json_begin_object(writer);
	/* With an empty root the path is a name for people: the runtime makes a tmpfs. */
	json_member_string(writer, "path", context->result->empty_root ? "/" : context->sandbox->directory);
	json_member_bool(writer, "readonly", context->sandbox->writable == SANDBOX_READ_ONLY);
	json_end_object(writer);
	return 0;
}

static int write_hostname(struct json_writer *writer, struct context *context, struct err *err)
{
	char name[SANDBOX_HOSTNAME_MAX + 1];

	(void)err;
	/* A container's name may be longer than a host's. */
	snprintf(name, sizeof(name), "%s", context->sandbox->hostname ? context->sandbox->hostname : context->sandbox->id);
	json_member_string(writer, "hostname", name);
	return 0;
}

/* The file systems that every sandbox has. */
static const struct {
	const char *target, *type, *source;
	const char *options[8];
} base_mounts[] = {
	{"/proc", "proc", "proc", {"nosuid", "nodev", "noexec"}},
	{"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=64k"}},
	{"/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
	{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
	{"/tmp", "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=1777"}},
};

/* On an empty root: there, because programs expect them, and with nothing in them. */
static const char *const empty_directories[] = {"home", "root", "run", "var", "srv", "mnt", "opt"};

static void write_shm(struct json_writer *writer, const struct context *context)
{
	uint64_t size = context->sandbox->shm_size ? context->sandbox->shm_size : SANDBOX_SHM_SIZE;
	char text[32];

	snprintf(text, sizeof(text), "size=%" PRIu64, size);
	sandbox_write_mount(writer, "/dev/shm", "tmpfs", "shm",
			    (const char *const[]){"nosuid", "noexec", "nodev", "mode=1777", text, NULL});
}

static void write_tmpfs(struct json_writer *writer, const struct sandbox_tmpfs *tmpfs)
{
	const char *options[SANDBOX_TMPFS_OPTIONS_MAX + 4] = {"nosuid", "nodev", "mode=1777"};

	/* Of two modes the later one counts. */
	for (size_t i = 0; i < tmpfs->options.count && i < SANDBOX_TMPFS_OPTIONS_MAX; i++)
		options[3 + i] = tmpfs->options.items[i];
	sandbox_write_mount(writer, tmpfs->target, "tmpfs", "tmpfs", options);
}

static void write_bind(struct json_writer *writer, const struct sandbox_bind *bind)
{
	sandbox_write_mount(writer, bind->target, "bind", bind->source,
			    (const char *const[]){"rbind", bind->read_only ? "rro" : "rw", "rnosuid", "rnodev", "rprivate",
						  bind->idmap ? "idmap" : NULL, NULL});
}

static int write_wishes(struct json_writer *writer, const struct context *context)
{
	const struct sandbox *sandbox = context->sandbox;
	const char **options = arena_calloc(context->arena,
					    1 + sandbox->tmpfs_count + sandbox->binds_count + sandbox->devices_count,
					    sizeof(*options));
	size_t count = 0;

	if (!options)
		return ERR;
	if (context->shown_cwd) {
		options[count++] = "--cwd";
		write_bind(writer, &(struct sandbox_bind){.source = context->shown_cwd,
							  .target = context->shown_cwd,
							  .read_only = sandbox->cwd != SANDBOX_CWD_WRITABLE});
	}
	for (size_t i = 0; i < sandbox->tmpfs_count; i++) {
		options[count++] = sandbox->tmpfs[i].option;
		write_tmpfs(writer, &sandbox->tmpfs[i]);
	}
	for (size_t i = 0; i < sandbox->binds_count; i++) {
		options[count++] = sandbox->binds[i].option;
		write_bind(writer, &sandbox->binds[i]);
	}
	for (size_t i = 0; i < sandbox->devices_count; i++) {
		options[count++] = sandbox->devices[i].option;
		sandbox_write_mount(writer, sandbox->devices[i].target, "bind", sandbox->devices[i].source,
				    (const char *const[]){"bind", "rw", "nosuid", "noexec", "private", NULL});
	}
	context->result->wishes = (struct strings){options, count};
	return 0;
}

static int write_mounts(struct json_writer *writer, struct context *context, struct err *err)
{
	json_key(writer, "mounts");
	json_begin_array(writer);
	if (context->sandbox->kind == SANDBOX_HOST &&
	    sandbox_write_host_mounts(writer, context->arena, &context->result->root_links, err) < 0)
		return ERR;
	for (size_t i = 0; i < ARRAY_SIZE(base_mounts); i++)
		sandbox_write_mount(writer, base_mounts[i].target, base_mounts[i].type, base_mounts[i].source,
				    base_mounts[i].options);
	write_shm(writer, context);
	if (context->sandbox->net == SANDBOX_NET_NONE)
		sandbox_write_mount(writer, "/sys", "sysfs", "sysfs",
				    (const char *const[]){"nosuid", "noexec", "nodev", "ro", NULL});
	if (write_wishes(writer, context) < 0)
		return err_set(err, ERR_INTERNAL, "out of memory while listing the mounts");
	json_end_array(writer);
	return 0;
}

static void write_maps(struct json_writer *writer, const char *key, const struct id_map *maps, size_t count)
{
	json_key(writer, key);
	json_begin_array(writer);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(writer);
		json_member_u64(writer, "containerID", maps[i].inside.value);
		json_member_u64(writer, "hostID", maps[i].outside.value);
		json_member_u64(writer, "size", maps[i].count);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void write_namespaces(struct json_writer *writer, const struct sandbox *sandbox)
{
	json_key(writer, "namespaces");
	json_begin_array(writer);
	for (int kind = 0; kind < OCI_NS_COUNT; kind++) {
		if (kind == OCI_NS_NETWORK && sandbox->net == SANDBOX_NET_HOST)
			continue;
		if (kind == OCI_NS_USER && sandbox->host_ids)
			continue;
		json_begin_object(writer);
		json_member_string(writer, "type", oci_namespace_name((enum oci_namespace_kind)kind));
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void write_limit(struct json_writer *writer, const char *group, const char *key, uint64_t value)
{
	json_key(writer, group);
	json_begin_object(writer);
	json_member_u64(writer, key, value);
	json_end_object(writer);
}

static void write_device_rule(struct json_writer *writer, const struct sandbox_device *device)
{
	json_begin_object(writer);
	json_member_bool(writer, "allow", true);
	json_member_string(writer, "type", device->block ? "b" : "c");
	json_member_u64(writer, "major", device->major);
	json_member_u64(writer, "minor", device->minor);
	json_member_string(writer, "access", device->access);
	json_end_object(writer);
}

static void write_resources(struct json_writer *writer, const struct sandbox *sandbox)
{
	uint64_t memory = sandbox->memory;

	if (!memory)
		memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2;
	json_key(writer, "resources");
	json_begin_object(writer);
	write_limit(writer, "memory", "limit", memory);
	write_limit(writer, "pids", "limit", sandbox->pids ? sandbox->pids : SANDBOX_PIDS);
	if (sandbox->cpus > 0) {
		json_key(writer, "cpu");
		json_begin_object(writer);
		json_member_u64(writer, "quota", (uint64_t)(sandbox->cpus * CPU_PERIOD_US));
		json_member_u64(writer, "period", CPU_PERIOD_US);
		json_end_object(writer);
	}
	json_key(writer, "devices");
	json_begin_array(writer);
	json_begin_object(writer);
	json_member_bool(writer, "allow", false);
	json_member_string(writer, "access", "rwm");
	json_end_object(writer);
	for (size_t i = 0; i < sandbox->devices_count; i++)
		write_device_rule(writer, &sandbox->devices[i]);
	json_end_array(writer);
	json_end_object(writer);
}

static const char *const masked_paths[] = {
	"/proc/acpi",	     "/proc/asound",	  "/proc/interrupts",	"/proc/kcore",
	"/proc/keys",	     "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
	"/proc/timer_list",  "/proc/timer_stats", "/proc/kallsyms",	"/proc/kpagecgroup",
	"/proc/kpagecount",  "/proc/kpageflags",  "/sys/firmware",	"/sys/devices/virtual/powercap",
	"/sys/kernel/security", "/sys/kernel/debug", "/sys/kernel/tracing",
};
static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static bool is_below(const char *path, const char *const *directories, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(directories[i]);

		if (strncmp(path, directories[i], length) == 0 && (path[length] == '/' || path[length] == '\0'))
			return true;
	}
	return false;
}

enum sandbox_path sandbox_path_standing(const char *path)
{
	if (is_below(path, masked_paths, ARRAY_SIZE(masked_paths)))
		return SANDBOX_PATH_MASKED;
	if (strncmp(path, "/sys/", 5) == 0 || is_below(path, readonly_paths, ARRAY_SIZE(readonly_paths)))
		return SANDBOX_PATH_READ_ONLY;
	return SANDBOX_PATH_OPEN;
}

/* One that was chosen is read again, so that what was no JSON, or is more than one value, cannot become part of ours. */
static int write_seccomp(struct json_writer *writer, const struct context *context, struct err *err)
{
	const char *chosen = context->sandbox->seccomp;
	struct json *root;

	if (context->sandbox->seccomp_unconfined)
		return 0;
	if (!chosen && !context->sandbox->capabilities && !context->sandbox->spell_filter) {
		context->result->filter = sandbox_default_filter();
		return 0;
	}
	json_key(writer, "seccomp");
	if (!chosen) {
		sandbox_write_seccomp(writer, context->sandbox->capabilities);
		return 0;
	}
	if (json_parse(context->arena, "seccomp", chosen, strlen(chosen), &root, err))
		return ERR;
	json_put_value(writer, root);
	return 0;
}

static int write_linux(struct json_writer *writer, struct context *context, struct err *err)
{
	json_key(writer, "linux");
	json_begin_object(writer);
	write_namespaces(writer, context->sandbox);
	if (!context->sandbox->host_ids) {
		write_maps(writer, "uidMappings", context->ids.uid_maps, context->ids.uid_maps_count);
		write_maps(writer, "gidMappings", context->ids.gid_maps, context->ids.gid_maps_count);
		/* The default filter refuses nested user namespaces; this does so under a filter of the caller's, too. */
		json_key(writer, "sysctl");
		json_begin_object(writer);
		json_member_string(writer, "user.max_user_namespaces", "0");
		json_end_object(writer);
	}
	write_resources(writer, context->sandbox);
	if (write_seccomp(writer, context, err) < 0)
		return ERR;
	json_member_strings(writer, "maskedPaths", masked_paths, ARRAY_SIZE(masked_paths));
	json_member_strings(writer, "readonlyPaths", readonly_paths, ARRAY_SIZE(readonly_paths));
	json_end_object(writer);
	return 0;
}

static int write_annotations(struct json_writer *writer, struct context *context, struct err *err)
{
	(void)err;
	json_key(writer, "annotations");
	json_begin_object(writer);
	/* A root directory belongs to the container's ids without any chown; the host's own files never do. */
	if (!context->result->empty_root && geteuid() == 0 && !context->sandbox->host_ids)
		json_member_string(writer, "org.bulkhead.rootfs.idmap", "true");
	if (!context->result->empty_root && context->sandbox->writable == SANDBOX_WRITABLE_LAYER)
		json_member_string(writer, PLAN_ANNOTATION_LAYER, "true");
	json_end_object(writer);
	return 0;
}

/* Directories that a shown working directory would cover, or that hold what the host source keeps away. */
static bool cwd_may_be_shown(const char *cwd)
{
	static const char *const covering[] = {"/", "/proc", "/sys", "/dev", "/usr", "/etc", "/run", "/var/run"};

	for (size_t i = 0; i < ARRAY_SIZE(covering); i++)
		if (strcmp(cwd, covering[i]) == 0)
			return false;
	return true;
}

static int find_cwd(struct context *context, struct err *err)
{
	char path[PATH_MAX];

	if (context->sandbox->cwd == SANDBOX_CWD_HIDDEN)
		return 0;
	if (!getcwd(path, sizeof(path)))
		return err_sys(err, errno, "getcwd", "cannot find the current directory");
	if (!cwd_may_be_shown(path)) {
		err_set(err, ERR_USAGE, "--cwd cannot show %s", path);
		err_why(err, "it would cover the sandbox's own files, or show what the sandbox keeps away");
		return err_fix(err, "change to the directory that the program needs, or use --volume");
	}
	context->shown_cwd = arena_strdup(context->arena, path);
	return context->shown_cwd ? 0 : err_set(err, ERR_INTERNAL, "out of memory for the current directory");
}

int sandbox_configure(struct arena *arena, const struct sandbox *sandbox, struct sandbox_result *ret_result,
		      struct err *err)
{
	static write_section *const sections[] = {write_root,	write_process,	   write_hostname,
						  write_mounts, write_annotations, write_linux};
	struct sandbox_result result = {.empty_root = sandbox->kind != SANDBOX_DIRECTORY, .rootfs = sandbox->directory};
	struct context context = {.arena = arena, .sandbox = sandbox, .result = &result};
	struct json_writer writer = JSON_WRITER(&result.config, 0);

	if (find_cwd(&context, err) < 0 || sandbox_choose_ids(sandbox, &context.ids, err) < 0)
		return ERR;
	json_begin_object(&writer);
	json_member_string(&writer, "ociVersion", "1.3.0");
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (sections[i](&writer, &context, err) < 0) {
			buf_done(&result.config);
			return ERR;
		}
	json_end_object(&writer);
	if (sandbox->kind == SANDBOX_HOST)
		result.root_directories = (struct strings){empty_directories, ARRAY_SIZE(empty_directories)};
	if (result.config.failed) {
		buf_done(&result.config);
		return err_set(err, ERR_INTERNAL, "out of memory while writing the sandbox's config");
	}
	*ret_result = result;
	return 0;
}
