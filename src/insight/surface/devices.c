// SPDX-License-Identifier: Apache-2.0
/* surface/devices: the nodes in a process's /dev, as its device rules let it open them, and what it may make beside them;
 * and the same of a config. No device is opened. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "insight/surface/devices.h"
#include "kernel/rootfs.h"

#define TEXT_MAX (1u << 20)
#define NODES_MAX 4096
#define NAMED_MAX 6 /* devices of this machine that the fact names */

static enum reference_risk risk_of(const char *path)
{
	static const struct {
		const char *prefix;
		enum reference_risk risk;
	} rows[] = {
		{"/dev/null", REFERENCE_RISK_LOW},   {"/dev/zero", REFERENCE_RISK_LOW}, {"/dev/full", REFERENCE_RISK_LOW},
		{"/dev/random", REFERENCE_RISK_LOW}, {"/dev/urandom", REFERENCE_RISK_LOW},
		{"/dev/tty", REFERENCE_RISK_LOW},    {"/dev/pt", REFERENCE_RISK_LOW},	{"/dev/console", REFERENCE_RISK_LOW},
		{"/dev/mem", REFERENCE_RISK_CRITICAL}, {"/dev/kmem", REFERENCE_RISK_CRITICAL},
		{"/dev/port", REFERENCE_RISK_CRITICAL}, {"/dev/sd", REFERENCE_RISK_CRITICAL},
		{"/dev/vd", REFERENCE_RISK_CRITICAL}, {"/dev/nvme", REFERENCE_RISK_CRITICAL},
		{"/dev/dm-", REFERENCE_RISK_CRITICAL}, {"/dev/mapper/", REFERENCE_RISK_HIGH},
		{"/dev/loop", REFERENCE_RISK_HIGH},  {"/dev/kvm", REFERENCE_RISK_HIGH}, {"/dev/fuse", REFERENCE_RISK_HIGH},
		{"/dev/net/", REFERENCE_RISK_HIGH},  {"/dev/vfio", REFERENCE_RISK_HIGH}, {"/dev/kmsg", REFERENCE_RISK_HIGH},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strncmp(path, rows[i].prefix, strlen(rows[i].prefix)) == 0)
			return rows[i].risk;
	return REFERENCE_RISK_MEDIUM;
}

/* To be opened, reading or writing is enough. What cannot be told counts as reached. */
static enum surface_verdict verdict_of(const struct device_rules *rules, const struct stat *status)
{
	bool block = S_ISBLK(status->st_mode);
	uint32_t major_number = major(status->st_rdev), minor_number = minor(status->st_rdev);
	enum device_answer read = device_rules_ask(rules, block, major_number, minor_number, BPF_DEVCG_ACC_READ);
	enum device_answer write = device_rules_ask(rules, block, major_number, minor_number, BPF_DEVCG_ACC_WRITE);

	if (read == DEVICE_REFUSED && write == DEVICE_REFUSED)
		return SURFACE_REFUSED;
	return read == DEVICE_REFUSED || write == DEVICE_REFUSED ? SURFACE_ARGUMENTS : SURFACE_ALLOWED;
}

struct nodes {
	struct arena *arena;
	struct rootfs root;
	const struct device_rules *rules;
	struct surface_set *set;
};

static bool is_listed(const struct surface_set *set, const char *path)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->items[i].name, path) == 0)
			return true;
	return false;
}

static void add_node(struct nodes *nodes, const char *path, const struct stat *status)
{
	if ((S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode)) && nodes->set->count < NODES_MAX &&
	    !is_listed(nodes->set, path))
		surface_add(nodes->set, (struct surface_item){.name = path,
							      .verdict = verdict_of(nodes->rules, status),
							      .risk = risk_of(path)});
}

/* Device nodes in one directory; those of /dev itself are looked into once. */
static void add_nodes(struct nodes *nodes, const char *directory)
{
	int fd = rootfs_open(&nodes->root, (struct root_path){directory}, O_RDONLY | O_DIRECTORY | O_NONBLOCK, true);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct stat status;

	if (!stream && fd >= 0)
		close(fd);
	for (struct dirent *entry; stream && (entry = readdir(stream));) {
		const char *path = arena_printf(nodes->arena, "%s/%s", directory, entry->d_name);

		if (entry->d_name[0] == '.' || !path ||
		    fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			continue;
		if (S_ISDIR(status.st_mode) && strcmp(directory, "/dev") == 0)
			add_nodes(nodes, path);
		else
			add_node(nodes, path, &status);
	}
	if (stream)
		closedir(stream);
}

/* ---- facts ---- */

struct tally {
	size_t all, open, make;
	char names[128]; /* of those that it may make, block devices first */
};

/* Devices of this machine, from the names "MAJOR:MINOR" in directory. */
static void count_devices(const struct device_rules *rules, const char *directory, bool block, struct tally *tally)
{
	const unsigned int both = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_MKNOD;
	DIR *stream = opendir(directory);
	unsigned int major_number, minor_number;

	for (struct dirent *entry; stream && (entry = readdir(stream));) {
		size_t length = strlen(tally->names);

		if (sscanf(entry->d_name, "%u:%u", &major_number, &minor_number) != 2)
			continue;
		tally->all++;
		tally->open += device_rules_ask(rules, block, major_number, minor_number, BPF_DEVCG_ACC_READ) != DEVICE_REFUSED;
		if (device_rules_ask(rules, block, major_number, minor_number, both) == DEVICE_REFUSED)
			continue;
		if (tally->make++ < NAMED_MAX)
			snprintf(tally->names + length, sizeof(tally->names) - length, "%s%c %u:%u", length ? ", " : "",
				 block ? 'b' : 'c', major_number, minor_number);
	}
	if (stream)
		closedir(stream);
}

static const char *rules_text(struct arena *arena, const struct device_rules *rules, const struct tally *tally)
{
	const char *by;

	if (rules->because)
		return arena_printf(arena, "cannot be read, because %s", rules->because);
	if (!rules->v1 && !rules->programs_count)
		return "none: every device";
	by = rules->planned	    ? arena_printf(arena, "%zu rules of the config", rules->rules_count)
	     : !rules->programs_count ? arena_printf(arena, "%zu rules of cgroup v1", rules->rules_count)
	     : !rules->v1	    ? arena_printf(arena, "%zu program%s of cgroup v2", rules->programs_count,
						   rules->programs_count > 1 ? "s" : "")
				    : arena_printf(arena, "%zu rules of cgroup v1, %zu programs of cgroup v2",
						   rules->rules_count, rules->programs_count);
	return arena_printf(arena, "%s: %zu of %zu devices of this machine may be opened", by, tally->open, tally->all);
}

static void add_facts(struct arena *arena, bool may_make, const struct device_rules *rules, struct surface *surface)
{
	struct tally tally = {0};
	const char *text;

	count_devices(rules, "/sys/dev/block", true, &tally);
	count_devices(rules, "/sys/dev/char", false, &tally);
	text = rules_text(arena, rules, &tally);
	surface_fact(surface, "deviceRules", "device rules", text,
		     rules->because || (!rules->v1 && !rules->programs_count));
	if (!may_make)
		text = "none: no CAP_MKNOD of the host";
	else
		text = arena_printf(arena, "%zu of %zu of this machine%s%s%s", tally.make, tally.all,
				    tally.make ? ": " : "", tally.names, tally.make > NAMED_MAX ? ", …" : "");
	surface_fact(surface, "deviceNodes", "devices it may make", text, may_make && tally.make);
}

/* ---- all of it ---- */

static int own_mounts(struct arena *arena, struct files_view *ret_view, struct err *err)
{
	char *text = arena_alloc(arena, TEXT_MAX);
	ssize_t got = text ? fd_read_text_at(AT_FDCWD, "/proc/self/mountinfo", text, TEXT_MAX) : -ENOMEM;

	if (got < 0)
		return err_sys(err, (int)got, "read", "cannot read /proc/self/mountinfo");
	return files_parse(arena, text, ret_view, err);
}

int devices_fill(struct arena *arena, const struct devices_view *view, const char *cgroups, struct surface *surface,
		 struct err *err)
{
	int fd cleanup_fd = openat(view->proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct device_rules rules;
	struct nodes nodes = {arena, {fd}, &rules, &surface->sets[SURFACE_DEVICES]};
	struct files_view mounts;

	if (own_mounts(arena, &mounts, err) || device_rules_read(arena, cgroups, &mounts, &rules, err))
		return ERR;
	add_facts(arena, view->may_make, &rules, surface);
	if (fd < 0)
		return 0;
	if (surface_begin(arena, nodes.set, NODES_MAX, err))
		return ERR;
	add_nodes(&nodes, "/dev");
	return 0;
}

/* ---- what is planned ---- */

static void plan_node(struct nodes *nodes, const char *path, enum oci_device_type type, uint32_t major, uint32_t minor)
{
	struct stat status = {.st_mode = type == OCI_DEVICE_BLOCK ? S_IFBLK : type == OCI_DEVICE_CHAR ? S_IFCHR : S_IFIFO,
			      .st_rdev = makedev(major, minor)};

	add_node(nodes, path, &status);
}

/* A bind of the host's /dev, or of what is in it. */
static void plan_bind(struct nodes *nodes, const char *source)
{
	struct stat status;

	if (!source || strncmp(source, "/dev", 4) != 0 || (source[4] && source[4] != '/') || stat(source, &status) < 0)
		return;
	if (S_ISDIR(status.st_mode))
		add_nodes(nodes, source);
	else
		add_node(nodes, source, &status);
}

int devices_plan(struct arena *arena, const struct oci_config *config, struct surface *surface, struct err *err)
{
	static const struct {
		const char *path;
		uint32_t major, minor;
	} defaults[] = {
		{"/dev/null", 1, 3},	{"/dev/zero", 1, 5}, {"/dev/full", 1, 7}, {"/dev/random", 1, 8},
		{"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},  {"/dev/ptmx", 5, 2},
	};
	const struct oci_linux *linux = &config->linux;
	int root cleanup_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct device_rules rules = {0};
	struct nodes nodes = {arena, {root}, &rules, &surface->sets[SURFACE_DEVICES]};
	bool may_make = !linux->namespaces[OCI_NS_USER].present &&
			config->process.capabilities.effective >> oci_capability_number("CAP_MKNOD") & 1;

	if (device_rules_of_config(arena, &linux->resources, &rules, err) ||
	    surface_begin(arena, nodes.set, NODES_MAX, err))
		return ERR;
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		plan_node(&nodes, defaults[i].path, OCI_DEVICE_CHAR, defaults[i].major, defaults[i].minor);
	for (size_t i = 0; i < linux->devices_count; i++)
		plan_node(&nodes, linux->devices[i].path.text, linux->devices[i].type, linux->devices[i].major,
			  linux->devices[i].minor);
	for (size_t i = 0; i < config->mounts_count; i++)
		plan_bind(&nodes, config->mounts[i].source);
	add_facts(arena, may_make, &rules, surface);
	return 0;
}
