/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: what each operation does, in words. Runs in the runtime and, for messages, in the child: no allocation and
 * no stdio.
 */
#include <inttypes.h>
#include <linux/mount.h>
#include <string.h>

#include "abi/landlock.h"
#include "base/format.h"
#include "core/plan/plan.h"

/* A text that grows within a fixed buffer; what does not fit is cut. */
struct out {
	char *at;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *out, const char *fmt, ...)
{
	va_list args;
	size_t length;

	if (out->left == 0)
		return;
	va_start(args, fmt);
	length = format_va(out->at, out->left, fmt, args);
	va_end(args);
	if (length >= out->left)
		length = out->left - 1;
	out->at += length;
	out->left -= length;
}

const char *plan_stage_name(enum plan_stage stage)
{
	static const char *const names[PLAN_STAGE_COUNT] = {
		[PLAN_PREPARE] = "prepare", [PLAN_GATE] = "gate",   [PLAN_ATTACH] = "attach",
		[PLAN_ISOLATE] = "isolate", [PLAN_MOUNT] = "mount", [PLAN_ENTER] = "enter",
		[PLAN_FINISH] = "finish",   [PLAN_START] = "start", [PLAN_DROP] = "drop",
		[PLAN_EXEC] = "exec",
	};

	return (unsigned int)stage < PLAN_STAGE_COUNT ? names[stage] : "?";
}

static const char *sync_name(enum plan_sync_point point)
{
	switch (point) {
	case SYNC_ATTACHED:
		return "wait until the id maps are written";
	case SYNC_MOUNTED:
		return "wait while the runtime runs its hooks";
	case SYNC_ENTERED:
		return "wait while the runtime sets limits";
	case SYNC_HOST:
		return "wait while the runtime moves network devices";
	case SYNC_IDMAPPED:
		return "wait until the ids of a mount are mapped";
	case SYNC_RECORDED:
		return "wait until the process is recorded";
	}
	return "wait";
}

static void put_attr(struct out *out, const struct op_attr *attr)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} bits[] = {
		{MOUNT_ATTR_RDONLY, "ro"},
		{MOUNT_ATTR_NOSUID, "nosuid"},
		{MOUNT_ATTR_NODEV, "nodev"},
		{MOUNT_ATTR_NOEXEC, "noexec"},
		{MOUNT_ATTR_NODIRATIME, "nodiratime"},
		{MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"},
	};
	static const struct {
		uint64_t value;
		const char *name;
	} kinds[] = {
		{MS_SHARED, "shared"}, {MS_SLAVE, "slave"}, {MS_PRIVATE, "private"}, {MS_UNBINDABLE, "unbindable"}};
	const char *prefix = attr->recursive ? "r" : "";
	const char *comma = ", ";

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (attr->set & bits[i].bit) {
			put(out, "%s%s%s", comma, prefix, bits[i].name);
			comma = ",";
		}
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (attr->clear & ~attr->set & bits[i].bit) {
			put(out, "%snot %s%s", comma, prefix, bits[i].name);
			comma = ",";
		}
	if ((attr->set | attr->clear) & MOUNT_ATTR__ATIME) {
		put(out, "%s%s%s", comma, prefix,
		    attr->set & MOUNT_ATTR_NOATIME	 ? "noatime"
		    : attr->set & MOUNT_ATTR_STRICTATIME ? "strictatime"
							 : "relatime");
		comma = ",";
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (attr->propagation == kinds[i].value)
			put(out, "%s%s%s", comma, attr->propagation_recursive ? "r" : "", kinds[i].name);
}

static void put_idmap(struct out *out, int idmap)
{
	if (idmap != PLAN_NO_IDMAP)
		put(out, ", with the ids of map %d", idmap);
}

static void put_tree(struct out *out, const struct op *op)
{
	if (op->tree.path_only) {
		put(out, "hold %s of the host as directory %d", op->tree.path.text, op->tree.slot);
		return;
	}
	put(out, "open the %s %s as tree %d", op->tree.recursive ? "mounts at" : "mount at", op->tree.path.text,
	    op->tree.slot);
	put_attr(out, &op->tree.attr);
	put_idmap(out, op->tree.idmap);
	if (op->tree.optional)
		put(out, ", if it exists");
}

static void put_mount_fs(struct out *out, const struct op *op)
{
	put(out, "mount %s on %s", op->mount_fs.fs_type, op->mount_fs.target.text);
	for (size_t i = 0; i < op->mount_fs.params.count; i++) {
		const struct key_value *param = &op->mount_fs.params.items[i];

		put(out, "%s%s", i ? "," : ": ", param->key);
		if (param->value)
			put(out, "=%s", param->value);
	}
	put_attr(out, &op->mount_fs.attr);
	put_idmap(out, op->mount_fs.idmap);
	if (op->mount_fs.copy_up)
		put(out, ", with what the directory holds");
}

static void put_maps(struct out *out, const struct id_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		put(out, "%s%u→%u×%u", i ? " " : "", maps->items[i].inside.value, maps->items[i].outside.value,
		    maps->items[i].count);
}

static void put_device(struct out *out, const struct op *op)
{
	static const char types[] = {'c', 'b', 'p'};

	if (op->device.tree_slot != PLAN_NO_SLOT)
		put(out, "bind device %s (tree %d)", op->device.path.text, op->device.tree_slot);
	else
		put(out, "make device %s: %c %u:%u, mode %04o, owner %u:%u", op->device.path.text,
		    types[op->device.type], op->device.major, op->device.minor, op->device.mode, op->device.uid.value,
		    op->device.gid.value);
}

static void put_offset(struct out *out, const char *name, const struct oci_time_offset *offset)
{
	if (offset->set)
		put(out, ", %s %s%" PRId64 ".%09u s", name, offset->seconds < 0 ? "" : "+", offset->seconds,
		    offset->nanoseconds);
}

/* A set of capabilities: names in full where they are few. */
static void put_capabilities(struct out *out, const char *what, uint64_t set)
{
	const char *separator = "";

	put(out, "%s ", what);
	if (set == 0) {
		put(out, "none");
		return;
	}
	for (unsigned int number = 0; number < 64; number++) {
		const char *name = oci_capability_name(number);

		if (!(set & (1ULL << number)))
			continue;
		put(out, "%s%s", separator, name ? name + strlen("CAP_") : "?");
		separator = ",";
	}
}

/* RLIMIT_… of the generic table of the kernel. */
static const char *rlimit_name(int resource)
{
	static const char *const names[] = {"cpu",	"fsize",  "data",    "stack", "core",  "rss",
					    "nproc",	"nofile", "memlock", "as",    "locks", "sigpending",
					    "msgqueue", "nice",	  "rtprio",  "rttime"};

	return resource >= 0 && (size_t)resource < ARRAY_SIZE(names) ? names[resource] : "?";
}

static void put_limit(struct out *out, uint64_t value)
{
	if (value == UINT64_MAX)
		put(out, "unlimited");
	else
		put(out, "%" PRIu64, value);
}

static void put_landlock(struct out *out, const struct op *op)
{
	const uint64_t reads = LANDLOCK_ACCESS_FS_READ_FILE, writes = LANDLOCK_ACCESS_FS_WRITE_FILE;
	uint64_t access = op->landlock_path.access;

	if (op->kind == OP_LANDLOCK_BEGIN)
		put(out, "begin a ruleset of Landlock (files 0x%" PRIx64 ", ports 0x%" PRIx64 ", scopes 0x%" PRIx64 ")",
		    op->landlock_begin.handled_fs, op->landlock_begin.handled_net, op->landlock_begin.scoped);
	else if (op->kind == OP_LANDLOCK_PATH)
		put(out, "allow%s%s%s%s of %s%s", access & reads ? " reading" : "", access & writes ? " writing" : "",
		    access & LANDLOCK_ACCESS_FS_EXECUTE ? " executing" : "",
		    access & LANDLOCK_ACCESS_FS_IOCTL_DEV ? " ioctl" : "", op->landlock_path.path.text,
		    op->landlock_path.below ? " and what is below" : "");
	else if (op->kind == OP_LANDLOCK_PORT)
		put(out, "allow TCP port %" PRIu64 " to be %s", op->landlock_port.port,
		    op->landlock_port.access & LANDLOCK_ACCESS_NET_BIND_TCP ? "bound" : "connected to");
	else
		put(out, "restrict files and ports with Landlock");
}

static void put_seccomp(struct out *out, const struct op *op)
{
	put(out, "load %s, %u instructions", op->kind == OP_WATCH ? "a filter that watches" : "the system call filter",
	    op->seccomp.program.count);
	if (op->seccomp.flags)
		put(out, ", flags 0x%x", op->seccomp.flags);
	if (op->seccomp.listener)
		put(out, ", with a listener");
}

static void put_exec(struct out *out, const struct op *op)
{
	put(out, "execute");
	for (size_t i = 0; i < op->exec.args.count; i++)
		put(out, " %s", op->exec.args.items[i]);
}

static const char *hook_name(enum oci_hook_kind kind)
{
	return kind == OCI_HOOK_CREATE_CONTAINER ? "createContainer" : "startContainer";
}

/* The kinds that need nothing of the operation. */
static const char *const plain[OP_KIND_COUNT] = {
	[OP_CGROUP_JOIN] = "join the container's cgroups",
	[OP_CGROUP_UNSHARE] = "make a cgroup namespace, rooted there",
	[OP_NET_UNSHARE] = "make a network namespace",
	[OP_LOOPBACK_UP] = "bring up the loopback device",
	[OP_WAIT_START] = "wait for start",
	[OP_CONSOLE] = "make a terminal, and hand it out",
	[OP_SETSID] = "begin a session",
	[OP_SCHEDULER] = "set the scheduling policy",
	[OP_IO_PRIORITY] = "set the I/O priority",
	[OP_MEMORY_POLICY] = "set the NUMA memory policy",
	[OP_NO_NEW_PRIVS] = "give up gaining privileges by execve, for good",
	[OP_KEYRING] = "make a session keyring of its own",
	[OP_VERIFY] = "read back ids, groups and capabilities, and compare",
};

/* The root and the ways into it. */
static bool put_root_op(struct out *out, const struct op *op)
{
	switch (op->kind) {
	case OP_ROOT:
		put(out, "part all mounts from the host, and hold %s",
		    op->root.slot == PLAN_NO_SLOT ? "a new, empty root" : "the rootfs");
		return true;
	case OP_UNPACK:
		put(out, "unpack %s into it", op->unpack.name);
		return true;
	case OP_LAYER:
		put(out, "cover it with a layer in memory that takes all changes");
		return true;
	case OP_PIVOT:
		put(out, op->pivot.apart ? "take the tree off, go back to the runtime's mount namespace, and chroot into the tree"
			 : op->pivot.move ? "move the root mount and chroot" : "pivot_root, and drop the old root");
		return true;
	case OP_MOUNT_APART:
		put(out, "make the tree in a mount namespace that nobody stays in");
		return true;
	case OP_CHROOT:
		put(out, "chroot into the root of the container's first process");
		return true;
	default:
		return false;
	}
}

/* Files, mounts and devices. */
static bool put_file_op(struct out *out, const struct op *op)
{
	switch (op->kind) {
	case OP_TREE:
		put_tree(out, op);
		return true;
	case OP_PROCFS:
		put(out, op->procfs.host_slot == PLAN_NO_SLOT ? "make a private procfs" : "hold the host's procfs");
		return true;
	case OP_MOUNT_FS:
		put_mount_fs(out, op);
		return true;
	case OP_MOUNT_TREE:
		put(out, "mount tree %d on %s", op->mount_tree.slot, op->mount_tree.target.text);
		put_attr(out, &op->mount_tree.attr);
		return true;
	case OP_REMOUNT:
		put(out, "change the mount at %s", op->remount.target.text);
		put_attr(out, &op->remount.attr);
		return true;
	case OP_DEVICE:
		put_device(out, op);
		return true;
	case OP_SYMLINK:
		put(out, "link %s → %s", op->symlink.path.text, op->symlink.target);
		return true;
	case OP_DIRECTORY:
		put(out, "make the empty directory %s", op->directory.path.text);
		return true;
	case OP_MASK:
		put(out, "mask %s", op->mask.path.text);
		return true;
	case OP_READONLY:
		put(out, "make %s read-only", op->readonly.path.text);
		return true;
	case OP_ROOT_ATTR:
		put(out, "change the root mount");
		put_attr(out, &op->root_attr.attr);
		return true;
	default:
		return false;
	}
}

/* Namespaces, names and what the runtime does for the child. */
static bool put_host_op(struct out *out, const struct op *op)
{
	switch (op->kind) {
	case OP_NS_OPEN:
		put(out, "open the %s namespace %s", oci_namespace_name(op->ns_open.ns), op->ns_open.path.text);
		return true;
	case OP_ID_MAPS:
		put(out, "map users ");
		put_maps(out, &op->id_maps.uid);
		put(out, ", groups ");
		put_maps(out, &op->id_maps.gid);
		put(out, "%s%s", op->id_maps.by_helper ? ", by newuidmap and newgidmap" : "",
		    op->id_maps.deny_setgroups ? ", deny setgroups" : "");
		return true;
	case OP_TIME_OFFSETS:
		put(out, "make a time namespace");
		put_offset(out, "monotonic", &op->time_offsets.monotonic);
		put_offset(out, "boottime", &op->time_offsets.boottime);
		return true;
	case OP_SYNC:
		put(out, "%s", sync_name(op->sync.point));
		return true;
	case OP_NET_DEVICES:
		for (size_t i = 0; i < op->net_devices.count; i++)
			put(out, "%s%s as %s", i ? ", " : "move the network device ", op->net_devices.items[i].host_name,
			    op->net_devices.items[i].container_name);
		return true;
	case OP_RESCTRL:
		put(out, "join the class %s of resctrl", op->resctrl.rdt.clos_id);
		return true;
	case OP_HOSTNAME:
	case OP_DOMAINNAME:
		put(out, "set the %s to %s", op->kind == OP_HOSTNAME ? "host name" : "domain name", op->name.text);
		return true;
	case OP_HOOKS:
		put(out, "run the %s hooks", hook_name(op->hooks.kind));
		return true;
	case OP_SYSCTL:
		put(out, "set sysctl %s to %s", op->sysctl.key, op->sysctl.value);
		return true;
	default:
		return false;
	}
}

static void put_ids(struct out *out, const struct op *op)
{
	put(out, "become %u:%u", op->ids.uid.value, op->ids.gid.value);
	for (size_t i = 0; i < op->ids.groups_count; i++)
		put(out, "%s%u", i ? "," : " with groups ", op->ids.groups[i].value);
}

/* What the program is given. */
static void put_process_op(struct out *out, const struct op *op)
{
	switch (op->kind) {
	case OP_RLIMIT:
		put(out, "limit %s to ", rlimit_name(op->rlimit.resource));
		put_limit(out, op->rlimit.soft);
		put(out, ", at most ");
		put_limit(out, op->rlimit.hard);
		break;
	case OP_OOM_SCORE:
		put(out, "set oom_score_adj to %d", op->oom_score.value);
		break;
	case OP_CPU_AFFINITY:
		put(out, "run on the CPUs %s", op->cpu_affinity.text ? op->cpu_affinity.text : "of the container");
		break;
	case OP_PERSONALITY:
		put(out, "set the personality to 0x%x", op->number.value);
		break;
	case OP_UMASK:
		put(out, "set the umask to %04o", op->number.value);
		break;
	case OP_LABEL:
		put(out, "execute under %s %s", op->label.apparmor ? "AppArmor profile" : "SELinux label",
		    op->label.label);
		break;
	case OP_BOUNDING:
		put_capabilities(out, "drop capabilities for good, but", op->bounding.keep);
		break;
	case OP_IDS:
		put_ids(out, op);
		break;
	case OP_CAPABILITIES:
		put_capabilities(out, "capabilities: effective", op->capabilities.effective);
		put_capabilities(out, "; permitted", op->capabilities.permitted);
		put_capabilities(out, "; inheritable", op->capabilities.inheritable);
		put_capabilities(out, "; ambient", op->capabilities.ambient);
		break;
	case OP_CWD:
		put(out, "change to directory %s, and see that it is inside", op->cwd.path.text);
		break;
	case OP_LANDLOCK_BEGIN ... OP_LANDLOCK:
		put_landlock(out, op);
		break;
	case OP_SECCOMP:
	case OP_WATCH:
		put_seccomp(out, op);
		break;
	case OP_CLOSE_FDS:
		put(out, "close every file descriptor from %d on", 3 + op->close_fds.preserve);
		break;
	case OP_INIT:
		put(out, "stay as the first process, and go on in a child");
		break;
	case OP_EXEC:
		put_exec(out, op);
		break;
	default:
		put(out, "operation %d", (int)op->kind);
		break;
	}
}

void plan_op_text(const struct op *op, char *buf, size_t size)
{
	struct out out = {buf, size};

	if (size == 0)
		return;
	buf[0] = '\0';
	if ((unsigned int)op->kind < OP_KIND_COUNT && plain[op->kind])
		put(&out, "%s", plain[op->kind]);
	else if (!put_root_op(&out, op) && !put_file_op(&out, op) && !put_host_op(&out, op))
		put_process_op(&out, op);
}
