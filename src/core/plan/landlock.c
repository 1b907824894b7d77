/* SPDX-License-Identifier: Apache-2.0 */
/*
 * landlock: a profile's files and TCP ports as rules of Landlock. Pure. It restricts by hierarchies, not by patterns: a
 * glob becomes the directory that holds all that it names. What this kernel's ABI does not have is warned of.
 */
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "abi/landlock.h"
#include "core/plan/builder.h"

#define READ	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define EXECUTE LANDLOCK_ACCESS_FS_EXECUTE
#define MAKE                                                                                                          \
	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |               \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                  \
	 LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)
#define NODES  (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)
#define CHANGE (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define DEVICE LANDLOCK_ACCESS_FS_IOCTL_DEV

/* The sets of paths, what each handles when it is there, and what its entries are given. */
static const struct {
	enum profile_set_id id;
	uint64_t handled, access;
	const char *otherwise; /* where the set is not there: what lies below this is given its access */
} rows[] = {
	{PROFILE_READ, READ, READ, "/"},
	{PROFILE_WRITE, CHANGE | MAKE | NODES, CHANGE | MAKE, "/"},
	{PROFILE_EXECUTE, EXECUTE, EXECUTE, "/"},
	{PROFILE_PROC, 0, READ | CHANGE, "/proc"},
	{PROFILE_SYS, 0, READ | CHANGE, "/sys"},
	{PROFILE_DEVICES, DEVICE, READ | CHANGE | DEVICE, "/dev"},
};

struct rules {
	struct builder *builder;
	enum plan_stage stage;
	uint64_t files, ports, scopes; /* handled */
};

/* The highest directory that has to be there so that a file can be made which the profile lets be written, with the
 * directories that it lets be made, too; NULL: it may not be made, or in the root, which is everything. */
static const char *made_in(struct rules *rules, const char *path)
{
	const struct profile_set *written = &rules->builder->request->profile->sets[PROFILE_WRITE];
	const char *directory = NULL, *slash;

	while ((slash = strrchr(path, '/')) && slash != path) {
		bool named = false;

		for (size_t i = 0; i < written->count; i++)
			named = named || profile_path_matches(written->items[i].text, path);
		if (!named)
			break;
		path = directory = builder_text(rules->builder, "%.*s", (int)(slash - path), path);
	}
	return directory;
}

static void add_path(struct rules *rules, const char *path, bool below, uint64_t access)
{
	struct op *op;

	access &= rules->files;
	if (!access)
		return;
	op = builder_add(rules->builder, OP_LANDLOCK_PATH, rules->stage, NULL, NULL);
	op->landlock_path.path.text = path;
	op->landlock_path.below = below;
	op->landlock_path.access = access;
	op->landlock_path.made_in.text = made_in(rules, path);
	op->landlock_path.missing_access = access & ~(uint64_t)EXECUTE;
	/* What is made may be read by whom made it. */
	if (op->landlock_path.made_in.text && access & LANDLOCK_ACCESS_FS_WRITE_FILE)
		op->landlock_path.missing_access |= rules->files & READ;
}

/* A process's own directory of procfs is another one for each process that the program starts. */
static bool is_own_directory(const char *path)
{
	static const char *const prefixes[] = {"/proc/self/", "/proc/thread-self/"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return strncmp(path, "/proc/", 6) == 0 && path[6] >= '0' && path[6] <= '9';
}

static void add_entry(struct rules *rules, const char *text, uint64_t access)
{
	size_t plain = strcspn(text, "*?[\\");

	if (is_own_directory(text)) {
		add_path(rules, "/proc", true, access);
		return;
	}
	if (!text[plain]) {
		add_path(rules, text, false, access);
		return;
	}
	while (plain > 1 && text[plain - 1] != '/')
		plain--;
	add_path(rules, plain > 1 ? builder_text(rules->builder, "%.*s", (int)plain - 1, text) : "/", true, access);
}

/* To execute a file the kernel opens it for reading, too, and the program's loader. */
static void add_executed(struct rules *rules, const struct profile_set *set)
{
	const uint64_t access = EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;

	for (size_t i = 0; i < set->count; i++)
		add_entry(rules, set->items[i].text, access);
	for (size_t i = 0; (set->count || !set->present) && profile_loaders[i]; i++)
		add_path(rules, profile_loaders[i], false, access);
}

static void add_files(struct rules *rules, const struct profile *profile)
{
	for (size_t row = 0; row < ARRAY_SIZE(rows); row++) {
		const struct profile_set *set = &profile->sets[rows[row].id];

		/* Of a set that is not there nothing is handled, but for places that another one covers. */
		if (!set->present)
			add_path(rules, rows[row].otherwise, true, rows[row].access);
		for (size_t i = 0; rows[row].id != PROFILE_EXECUTE && i < set->count; i++)
			add_entry(rules, set->items[i].text, rows[row].access);
	}
	add_executed(rules, &profile->sets[PROFILE_EXECUTE]);
}

static void add_ports(struct rules *rules, const struct profile_set *set, uint64_t access)
{
	for (size_t i = 0; access & rules->ports && i < set->count; i++) {
		struct op *op = builder_add(rules->builder, OP_LANDLOCK_PORT, rules->stage, NULL, NULL);

		op->landlock_port.port = set->items[i].number;
		op->landlock_port.access = access;
	}
}

/* What this ABI has of what the profile asks for. */
static void cut_to_abi(struct rules *rules)
{
	static const struct {
		int abi;
		size_t member; /* of struct rules */
		uint64_t bits;
		const char *missing;
	} levels[] = {
		/* Refused as a whole there, which is stricter. */
		{2, offsetof(struct rules, files), LANDLOCK_ACCESS_FS_REFER, NULL},
		{3, offsetof(struct rules, files), LANDLOCK_ACCESS_FS_TRUNCATE,
		 "truncate(2) of files that may not be written"},
		{4, offsetof(struct rules, ports), LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP,
		 "TCP ports"},
		{5, offsetof(struct rules, files), LANDLOCK_ACCESS_FS_IOCTL_DEV,
		 "ioctl(2) of devices that are open already"},
		{6, offsetof(struct rules, scopes), LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET,
		 "abstract sockets of the network, which is shared"},
		{6, offsetof(struct rules, scopes), LANDLOCK_SCOPE_SIGNAL,
		 "whom signals are sent to in the pid namespace, which is shared"},
	};
	int abi = rules->builder->host->landlock;

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		uint64_t *handled = (uint64_t *)((char *)rules + levels[i].member);

		if (abi >= levels[i].abi || !(*handled & levels[i].bits))
			continue;
		*handled &= ~levels[i].bits;
		if (levels[i].missing)
			builder_warn(rules->builder, NULL, "the profile does not restrict %s: that needs ABI %d of Landlock, "
				     "and this kernel has %d", levels[i].missing, levels[i].abi, abi);
	}
}

static bool is_own(const struct builder *builder, enum oci_namespace_kind kind)
{
	const struct oci_namespace *namespace = &builder->config->linux.namespaces[kind];

	return namespace->present && !namespace->path.text;
}

/* Namespaces of its own hold these already; and there what exec adds, in a domain of its own, may reach the program. */
static uint64_t scopes_of(const struct builder *builder)
{
	const struct profile *profile = builder->request->profile;
	uint64_t scopes = 0;

	if (profile && profile->sets[PROFILE_CONNECT].present && !is_own(builder, OCI_NS_NETWORK))
		scopes |= LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET;
	if (profile && profile->sets[PROFILE_SIGNALS].present && !is_own(builder, OCI_NS_PID))
		scopes |= LANDLOCK_SCOPE_SIGNAL;
	return scopes;
}

int plan_landlock(struct builder *builder, enum plan_stage stage)
{
	const struct profile *profile = builder->request->profile;
	struct rules rules = {.builder = builder, .stage = stage};
	struct op *op;

	for (size_t row = 0; profile && row < ARRAY_SIZE(rows); row++)
		if (profile->sets[rows[row].id].present)
			rules.files |= rows[row].handled;
	if (profile && profile->sets[PROFILE_LISTEN].present)
		rules.ports |= LANDLOCK_ACCESS_NET_BIND_TCP;
	if (profile && profile->sets[PROFILE_CONNECT].present)
		rules.ports |= LANDLOCK_ACCESS_NET_CONNECT_TCP;
	rules.scopes = scopes_of(builder);
	if (!rules.files && !rules.ports && !rules.scopes)
		return 0;
	if (builder->host->landlock < 1) {
		builder_refuse(builder, ERR_UNSUPPORTED, NULL, "cannot restrict files and ports as the profile says");
		err_why(builder->err, "this kernel has no Landlock, or it is not enabled");
		return err_fix(builder->err, "boot with landlock in lsm=, or take rules.files, rules.devices and rules.network "
					     "out of the profile");
	}
	cut_to_abi(&rules);
	if (!rules.files && !rules.ports && !rules.scopes)
		return 0;
	op = builder_add(builder, OP_LANDLOCK_BEGIN, stage, NULL, NULL);
	op->landlock_begin.handled_fs = rules.files;
	op->landlock_begin.handled_net = rules.ports;
	op->landlock_begin.scoped = rules.scopes;
	add_files(&rules, profile);
	add_ports(&rules, &profile->sets[PROFILE_LISTEN], LANDLOCK_ACCESS_NET_BIND_TCP);
	add_ports(&rules, &profile->sets[PROFILE_CONNECT], LANDLOCK_ACCESS_NET_CONNECT_TCP);
	op = builder_add(builder, OP_LANDLOCK, stage, NULL, "what the profile does not name is out of reach");
	op->landlock.log = builder->host->landlock >= 7;
	return 0;
}
