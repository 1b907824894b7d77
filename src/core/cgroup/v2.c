/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v2: the unified hierarchy (Documentation/admin-guide/cgroup-v2.rst). A controller reaches the container's directory
 * only when it is enabled in cgroup.subtree_control of each directory above, from the top down. Runs in the runtime.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/cgroup/parts.h"

#define DELEGATE_LIST "/sys/kernel/cgroup/delegate"

static const char *const controllers[] = {
	"cpu", "memory", "pids", "io", "cpuset", "hugetlb", "rdma", "misc", "dmem", "perf_event",
};
/* Enabled where they can be, without a setting that asks for them: they give the numbers of `events`. */
#define ENABLE_FOR_STATS 0xfu

struct enable {
	uint32_t required, optional; /* bit n: controllers[n] */
	const struct plan_cgroup *plan;
};

static uint32_t controller_bit(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (strlen(controllers[i]) == length && strncmp(controllers[i], name, length) == 0)
			return 1u << i;
	return 0;
}

/* The known ones of a list as cgroup.controllers has it. */
static uint32_t read_controllers(int mount_fd, const char *relative, const char *file)
{
	char name[CGROUP_PATH_MAX + 32], text[512];
	uint32_t bits = 0;

	format_text(name, sizeof(name), "%s/%s", relative, file);
	if (fd_read_text_at(mount_fd, name, text, sizeof(text)) < 0)
		return 0;
	for (const char *at = text; *at;) {
		size_t length = strcspn(at, " \n");

		bits |= controller_bit(at, length);
		at += length;
		at += strspn(at, " \n");
	}
	return bits;
}

static const char *first_name(uint32_t bits)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (bits & (1u << i))
			return controllers[i];
	return "";
}

/* The place of the setting that asks for one of these controllers. ERR. */
static int where_asked(const struct enable *enable, uint32_t bits, struct err *err)
{
	for (size_t i = 0; i < enable->plan->settings_count; i++) {
		const struct plan_cgroup_setting *setting = &enable->plan->settings[i];

		if (!setting->optional && (controller_bit(setting->controller, strlen(setting->controller)) & bits))
			return cgroup_err_where(err, enable->plan, setting->where);
	}
	return ERR;
}

/* The words for a cgroup that has processes and so cannot share out controllers. */
static void explain_busy(struct err *err)
{
	err_why(err,
		"processes are in that very cgroup, and cgroup2 shares out controllers only below a cgroup without "
		"processes of its own");
	err_fix(err, "move these processes to a sub-cgroup, or give linux.cgroupsPath a place below another one");
}

/* CGROUP_NOT_WRITABLE where another place, or delegation, is what is missing: who asked for no limit goes without. */
static int cannot_enable(const struct cgroup_dir *dir, const char *relative, const struct enable *enable, uint32_t bits,
			 int errnum, struct err *err)
{
	const char *below = strcmp(relative, ".") == 0 ? "" : relative;
	int result = CGROUP_NOT_WRITABLE;

	err_sys(err, errnum, "write", "cannot enable the controller %s below the cgroup %s/%s", first_name(bits),
		dir->hierarchy->mount_point, below);
	switch (-errnum) {
	case EBUSY:
		explain_busy(err);
		break;
	case EACCES:
	case EPERM:
	case EROFS:
		err_why(err, "this user may not write cgroup.subtree_control there");
		err_fix(err, "have the controller delegated to this user (systemd: Delegate=yes), or run as root");
		break;
	case EOPNOTSUPP:
		err_why(err, "the cgroup is threaded, and this controller works for whole processes only");
		err_fix(err, "give linux.cgroupsPath a place outside the threaded subtree");
		result = ERR;
		break;
	default:
		result = ERR;
	}
	where_asked(enable, bits, err);
	return result;
}

static int any_process(pid_t pid, void *context)
{
	(void)context;
	return pid;
}

/* Has the directory processes of its own? The root of all, which has no type, may share out nevertheless. */
static bool has_processes(int mount_fd, const char *relative)
{
	cleanup_fd int dir_fd = openat(mount_fd, relative, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir_fd >= 0 && faccessat(dir_fd, "cgroup.type", F_OK, 0) == 0 &&
	       cgroup_own_pids(dir_fd, any_process, NULL) > 0;
}

/* Why has_processes is in the way: who may not write there anyway learns that first. */
static int busy_or_foreign(int mount_fd, const char *relative)
{
	char name[CGROUP_PATH_MAX + 32];

	format_text(name, sizeof(name), "%s/cgroup.subtree_control", relative);
	return faccessat(mount_fd, name, W_OK, AT_EACCESS) == 0 ? -EBUSY : -errno;
}

static int write_control(int mount_fd, const char *relative, uint32_t bits)
{
	char name[CGROUP_PATH_MAX + 32], text[160];
	size_t length = 0;

	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (bits & (1u << i))
			length += format_text(text + length, sizeof(text) - length, "%s+%s", length > 0 ? " " : "",
					      controllers[i]);
	format_text(name, sizeof(name), "%s/cgroup.subtree_control", relative);
	return fd_write_text_at(mount_fd, name, text);
}

/* Of one directory above the container's: what is missing, together, or one by one when that is refused. */
static int enable_at(const struct cgroup_dir *dir, int mount_fd, const char *relative, void *context, struct err *err)
{
	struct enable *enable = context;
	uint32_t missing =
		(enable->required | enable->optional) & ~read_controllers(mount_fd, relative, "cgroup.subtree_control");
	uint32_t available;

	if (missing == 0)
		return 0;
	available = read_controllers(mount_fd, relative, "cgroup.controllers");
	if (missing & enable->required & ~available) {
		const char *name = first_name(missing & enable->required & ~available);

		err_set(err, ERR_UNSUPPORTED, "the controller %s is not available in the cgroup %s/%s", name,
			dir->hierarchy->mount_point, strcmp(relative, ".") == 0 ? "" : relative);
		err_why(err, "cgroup.controllers there does not list it");
		err_fix(err,
			"enable it in cgroup.subtree_control of the cgroups above, or boot a kernel that has it "
			"(on some, cgroup_enable=%s)",
			name);
		return where_asked(enable, missing & enable->required & ~available, err);
	}
	missing &= available;
	/* To try would do harm: cpu and pids alone can be enabled there, and make what is below a place for threads. */
	if (missing && has_processes(mount_fd, relative)) {
		if (missing & enable->required)
			return cannot_enable(dir, relative, enable, missing & enable->required,
					     busy_or_foreign(mount_fd, relative), err);
		available &= ~missing;
		missing = 0;
	}
	enable->optional &= available;
	if (missing == 0 || write_control(mount_fd, relative, missing) == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		uint32_t bit = missing & (1u << i);
		int result = bit ? write_control(mount_fd, relative, bit) : 0;

		if (result < 0 && (bit & enable->required))
			return cannot_enable(dir, relative, enable, bit, result, err);
		if (result < 0)
			enable->optional &= ~bit;
	}
	return 0;
}

/* Below a threaded cgroup a new one takes no process. */
static int check_type(const struct cgroup_dir *dir, const struct plan_cgroup *plan, struct err *err)
{
	char type[32];

	if (fd_read_text_at(dir->fd, "cgroup.type", type, sizeof(type)) < 0 || strcmp(type, "domain invalid\n") != 0)
		return 0;
	err_set(err, ERR_KERNEL, "the cgroup %s%s takes no process", dir->hierarchy->mount_point, plan->path);
	err_why(err,
		"the cgroup above is threaded (its cgroup.type), so that only threads of its processes may go below");
	err_fix(err, "give linux.cgroupsPath a place below another one");
	return cgroup_err_where(err, plan, "/linux/cgroupsPath");
}

int cgroup_make_v2(struct cgroup_dir *dir, const struct plan_cgroup *plan, struct err *err)
{
	struct enable enable = {.optional = ENABLE_FOR_STATS, .plan = plan};
	int result;

	for (size_t i = 0; i < plan->settings_count; i++) {
		const struct plan_cgroup_setting *setting = &plan->settings[i];
		uint32_t bit = controller_bit(setting->controller, strlen(setting->controller));

		/* On a hybrid v1's settings are none of this hierarchy's business. */
		if (!cgroup_hierarchy_has(dir->hierarchy, setting->controller))
			continue;
		if (setting->optional)
			enable.optional |= bit;
		else
			enable.required |= bit;
	}
	enable.optional &= ~enable.required;
	result = cgroup_make_dir(dir, plan->path, enable_at, &enable, err);
	if (result != 0)
		return result;
	return cgroup_check_ours(dir, plan, err) ? ERR : check_type(dir, plan, err);
}

static int v2_make(struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host, struct err *err)
{
	struct cgroup_dir *dir = &cgroup->dirs[cgroup->count++];

	*dir = (struct cgroup_dir){.hierarchy = &host->hierarchies[0], .fd = -EBADF};
	return cgroup_make_v2(dir, plan, err);
}

/* Only cgroup2 may be given away, and of it only the files that the kernel names (config-linux.md, cgroup ownership).
 */
int cgroup_delegate(struct cgroup *cgroup, const struct plan_cgroup *plan, struct err *err)
{
	static const char known[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
	const struct cgroup_dir *dir = cgroup_dir_v2(cgroup);
	const uid_t uid = plan->delegate_uid.value;
	char text[4096];

	if (!dir || cgroup_version_of(cgroup) != &cgroup_v2)
		return 0;
	if (fd_read_text_at(AT_FDCWD, DELEGATE_LIST, text, sizeof(text)) < 0)
		memcpy(text, known, sizeof(known));
	if (fchownat(dir->fd, "", uid, (gid_t)-1, AT_EMPTY_PATH) < 0)
		return err_sys(err, errno, "fchownat", "cannot give the cgroup %s%s to user %u",
			       dir->hierarchy->mount_point, cgroup->path, uid);
	for (char *name = text; *name;) {
		size_t length = strcspn(name, "\n");
		bool last = name[length] == '\0';

		name[length] = '\0';
		if (length > 0 && !strchr(name, '/') &&
		    fchownat(dir->fd, name, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
			return err_sys(err, errno, "fchownat", "cannot give %s of the cgroup %s%s to user %u", name,
				       dir->hierarchy->mount_point, cgroup->path, uid);
		name += length + !last;
	}
	return 0;
}

static bool v2_is_frozen(const struct cgroup *cgroup)
{
	const struct cgroup_dir *dir = cgroup_dir_v2(cgroup);
	char text[512];
	uint64_t value;

	if (!dir)
		return false;
	if (fd_read_text_at(dir->fd, "cgroup.freeze", text, sizeof(text)) > 0 && text[0] == '1')
		return true;
	/* A cgroup above may hold it. */
	return fd_read_text_at(dir->fd, "cgroup.events", text, sizeof(text)) > 0 &&
	       cgroup_keyed_value(text, "frozen", &value) && value == 1;
}

static int v2_freeze(struct cgroup *cgroup, bool frozen, struct err *err)
{
	const struct cgroup_dir *dir = cgroup_dir_v2(cgroup);
	int result = fd_write_text_at(dir->fd, "cgroup.freeze", frozen ? "1" : "0");
	bool written = result == 0;

	if (result == 0 && frozen)
		result = cgroup_wait_event(dir->fd, "frozen", 1, CGROUP_FREEZE_MS);
	if (result == 0)
		return 0;
	if (written)
		(void)fd_write_text_at(dir->fd, "cgroup.freeze", "0");
	err_sys(err, result, "write", "cannot set cgroup.freeze of the cgroup %s%s to %d", dir->hierarchy->mount_point,
		cgroup->path, frozen);
	if (result == -ENOENT)
		err_why(err, "this kernel has no cgroup2 freezer (it came with Linux 5.2)");
	if (result == -ETIMEDOUT) {
		err_why(err, "a process in it did not stop within %d s: it may be in an uninterruptible system call",
			CGROUP_FREEZE_MS / 1000);
		err_fix(err, "look at the processes in state D, and try again; the container runs on");
	}
	return ERR;
}

bool cgroup_keyed_value(const char *text, const char *key, uint64_t *ret)
{
	size_t length = strlen(key);

	for (const char *line = text; *line;) {
		if (strncmp(line, key, length) == 0 && line[length] == ' ') {
			uint64_t value = 0;
			const char *digit = line + length + 1;

			if (*digit < '0' || *digit > '9')
				return false;
			for (; *digit >= '0' && *digit <= '9'; digit++)
				value = value * 10 + (uint64_t)(*digit - '0');
			*ret = value;
			return true;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return false;
}

int cgroup_wait_event(int dir_fd, const char *key, uint64_t value, int timeout_ms)
{
	cleanup_fd int fd = openat(dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	uint64_t deadline = cgroup_now_ms() + (uint64_t)timeout_ms;

	if (fd < 0)
		return -errno;
	for (;;) {
		struct pollfd wait = {.fd = fd, .events = POLLPRI};
		uint64_t now, seen;
		char text[512];
		ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

		if (length < 0)
			return -errno;
		text[length] = '\0';
		if (!cgroup_keyed_value(text, key, &seen))
			return -ENOENT;
		if (seen == value)
			return 0;
		now = cgroup_now_ms();
		if (now >= deadline)
			return -ETIMEDOUT;
		/* Reading arms the notification: a change since then ends the poll at once. */
		(void)poll(&wait, 1, (int)(deadline - now));
	}
}

uint64_t cgroup_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void cgroup_pause_ms(int milliseconds)
{
	(void)poll(NULL, 0, milliseconds);
}

const struct cgroup_version cgroup_v2 = {
	.make = v2_make,
	.freeze = v2_freeze,
	.is_frozen = v2_is_frozen,
	.stats = cgroup_stats_v2,
};
