/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd: the driver that lets systemd make the container's cgroup, as a transient scope that is delegated to us. Runs
 * in the runtime. D-Bus is spoken by a helper program of one request, at an absolute path and with an empty environment;
 * what systemd has a property for is told to it, and everything is written to the files besides, as without it.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/cgroup/parts.h"
#include "core/cgroup/systemd_protocol.h"
#include "core/host/helper.h"
#include "kernel/process.h"

#define ANSWER_MS ((SYSTEMD_JOB_SECONDS + 15) * 1000)

/* ---- settings as properties (systemd.resource-control(5)) ---- */

enum conversion { TO_NUMBER, TO_WEIGHT, TO_CPU_MAX, TO_MASK };

static const struct {
	const char *file, *property;
	enum conversion conversion;
} mapped[] = {
	{"memory.max", "MemoryMax", TO_NUMBER},
	{"memory.low", "MemoryLow", TO_NUMBER},
	{"memory.high", "MemoryHigh", TO_NUMBER},
	{"memory.swap.max", "MemorySwapMax", TO_NUMBER},
	{"memory.limit_in_bytes", "MemoryLimit", TO_NUMBER},
	{"pids.max", "TasksMax", TO_NUMBER},
	{"cpu.weight", "CPUWeight", TO_NUMBER},
	{"cpu.shares", "CPUShares", TO_NUMBER},
	{"cpu.max", "CPUQuotaPerSecUSec", TO_CPU_MAX},
	{"cpuset.cpus", "AllowedCPUs", TO_MASK},
	{"cpuset.mems", "AllowedMemoryNodes", TO_MASK},
	{"io.weight", "IOWeight", TO_WEIGHT},
	{"blkio.weight", "BlockIOWeight", TO_NUMBER},
};

static uint64_t number_of(const char *text)
{
	/* "max", and -1 of v1, are no limit: systemd's word for it is the largest number. */
	return *text >= '0' && *text <= '9' ? strtoull(text, NULL, 10) : UINT64_MAX;
}

static struct systemd_property *add_property(struct systemd_request *request, const char *name, uint32_t kind)
{
	struct systemd_property *property;

	if (request->properties_count == SYSTEMD_PROPERTIES_MAX)
		return NULL;
	property = &request->properties[request->properties_count++];
	property->kind = kind;
	format_text(property->name, sizeof(property->name), "%s", name);
	return property;
}

static void add_number(struct systemd_request *request, const char *name, uint64_t number)
{
	struct systemd_property *property = add_property(request, name, SYSTEMD_NUMBER);

	if (property)
		property->number = number;
}

/* "QUOTA PERIOD" in microseconds, as microseconds in each second, in whole hundredths of a CPU as systemd counts. */
static void add_cpu_max(struct systemd_request *request, const char *text)
{
	uint64_t quota = number_of(text), period = 0, per_second = UINT64_MAX;
	const char *space = strchr(text, ' ');

	if (space)
		period = number_of(space + 1);
	if (quota != UINT64_MAX && period) {
		per_second = (quota * 1000000 + period - 1) / period;
		per_second = (per_second + 9999) / 10000 * 10000;
	}
	add_number(request, "CPUQuotaPerSecUSec", per_second);
	if (period)
		add_number(request, "CPUQuotaPeriodUSec", period);
}

/* "0-3,6": bit n of byte n / 8. */
static void add_mask(struct systemd_request *request, const char *name, const char *text)
{
	struct systemd_property *property = add_property(request, name, SYSTEMD_BYTES);

	while (property && *text) {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

		for (unsigned long bit = first; bit <= last && bit < SYSTEMD_BYTES_MAX * 8; bit++) {
			property->bytes[bit / 8] |= (uint8_t)(1u << (bit % 8));
			if (property->size < bit / 8 + 1)
				property->size = (uint32_t)(bit / 8 + 1);
		}
		text = *end ? end + 1 : end;
	}
}

static void add_setting(struct systemd_request *request, const struct plan_cgroup_setting *setting)
{
	for (size_t i = 0; i < ARRAY_SIZE(mapped); i++) {
		if (strcmp(mapped[i].file, setting->file) != 0)
			continue;
		if (mapped[i].conversion == TO_CPU_MAX)
			add_cpu_max(request, setting->value);
		else if (mapped[i].conversion == TO_MASK)
			add_mask(request, mapped[i].property, setting->value);
		/* A weight for one device has no property of its own here: the file has it. */
		else if (mapped[i].conversion == TO_WEIGHT && strncmp(setting->value, "default ", 8) == 0)
			add_number(request, mapped[i].property, number_of(setting->value + 8));
		else if (mapped[i].conversion == TO_NUMBER)
			add_number(request, mapped[i].property, number_of(setting->value));
	}
}

static void add_settings(struct systemd_request *request, const struct plan_cgroup *plan)
{
	for (size_t i = 0; i < plan->settings_count; i++)
		add_setting(request, &plan->settings[i]);
}

/* ---- the helper ---- */

static _Noreturn void be_helper(int socket_fd)
{
	char *const argv[] = {(char *)(uintptr_t)helpers[HELPER_SYSTEMD].path, NULL};
	char *const environment[] = {NULL};
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	process_set_parent_death_signal(SIGKILL);
	process_reset_signals();
	if (null_fd >= 0 && dup2(socket_fd, 0) == 0 && dup2(null_fd, 1) == 1 && dup2(null_fd, 2) == 2 &&
	    process_cloexec_from(3) == 0)
		execve(argv[0], argv, environment);
	_exit(127);
}

static int no_answer(int pidfd, bool in_time, struct err *err)
{
	int status = 0;

	process_pidfd_signal(pidfd, SIGKILL);
	process_pidfd_wait(pidfd, &status);
	err_set(err, ERR_UNSUPPORTED, "the helper program %s gave no answer", helpers[HELPER_SYSTEMD].path);
	if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		err_why(err, "it is missing, or cannot be executed");
		return err_fix(err, "%s", helpers[HELPER_SYSTEMD].fix);
	}
	if (in_time) {
		err_why(err, "it ended, or is of another version");
		return err_fix(err, "install it again, of the same build: make install");
	}
	err_why(err, "systemd has not done it within %d seconds", ANSWER_MS / 1000);
	return err_fix(err, "look what holds it: systemctl list-jobs, journalctl -b");
}

static int call_helper(const struct systemd_request *request, struct systemd_answer *answer, struct err *err)
{
	int sockets[2], pidfd cleanup_fd = -EBADF, status;
	struct pollfd poll_fd = {.events = POLLIN};
	ssize_t got = -1;
	bool in_time;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
		return err_sys(err, errno, "socketpair", "cannot run %s", helpers[HELPER_SYSTEMD].path);
	pid = process_clone(0, -EBADF, &pidfd);
	if (pid == 0)
		be_helper(sockets[1]);
	fd_close(&sockets[1]);
	if (pid < 0) {
		fd_close(&sockets[0]);
		return err_sys(err, pid, "clone3", "cannot run %s", helpers[HELPER_SYSTEMD].path);
	}
	poll_fd.fd = sockets[0];
	in_time = send(sockets[0], request, sizeof(*request), MSG_NOSIGNAL) == (ssize_t)sizeof(*request) ?
			  poll(&poll_fd, 1, ANSWER_MS) == 1 : true;
	if (in_time)
		got = recv(sockets[0], answer, sizeof(*answer), MSG_DONTWAIT);
	fd_close(&sockets[0]);
	if (got != (ssize_t)sizeof(*answer) || answer->magic != SYSTEMD_MAGIC)
		return no_answer(pidfd, in_time, err);
	process_pidfd_wait(pidfd, &status);
	answer->call[sizeof(answer->call) - 1] = '\0';
	answer->message[sizeof(answer->message) - 1] = '\0';
	answer->cgroup[sizeof(answer->cgroup) - 1] = '\0';
	return 0;
}

static int refused(const struct systemd_request *request, const struct systemd_answer *answer, struct err *err)
{
	err_sys(err, answer->errnum, answer->call, "systemd refused the unit %s", request->unit);
	err_why(err, "systemd says: %s", answer->message);
	if (strcmp(answer->call, "connect") == 0)
		return err_fix(err, request->runtime_dir[0]
					    ? "start the user's manager (systemctl start user@UID.service, loginctl "
					      "enable-linger) and give its XDG_RUNTIME_DIR; or leave out --systemd-cgroup"
					    : "leave out --systemd-cgroup where systemd is not process 1");
	return ERR;
}

/* The last component of the cgroup's path is the unit. Without root's power on the host it is the user's manager. */
static int begin(struct systemd_request *request, enum systemd_verb verb, const char *path, const struct host *host,
		 struct err *err)
{
	const char *unit = strrchr(path, '/'), *runtime_dir = getenv("XDG_RUNTIME_DIR");

	*request = (struct systemd_request){.magic = SYSTEMD_MAGIC, .verb = verb};
	unit = unit ? unit + 1 : path;
	if (format_text(request->unit, sizeof(request->unit), "%s", unit) >= sizeof(request->unit)) {
		err_set(err, ERR_CONFIG, "the unit name %s is too long for systemd", unit);
		return err_fix(err, "at most %zu bytes", sizeof(request->unit) - 1);
	}
	if (host->uid == 0 && host->initial_user_namespace)
		return 0;
	if (!runtime_dir || !*runtime_dir)
		format_text(request->runtime_dir, sizeof(request->runtime_dir), "/run/user/%u", host->uid);
	else if (format_text(request->runtime_dir, sizeof(request->runtime_dir), "%s", runtime_dir) >=
		 sizeof(request->runtime_dir)) {
		err_set(err, ERR_USAGE, "XDG_RUNTIME_DIR is too long");
		return err_fix(err, "at most %zu bytes, as in /run/user/UID", sizeof(request->runtime_dir) - 1);
	}
	return 0;
}

int cgroup_systemd_start(const struct plan_cgroup *plan, const struct host *host, const char *id, pid_t pid,
			 char *ret_path, size_t size, struct err *err)
{
	static struct systemd_request request;
	static struct systemd_answer answer;

	if (begin(&request, SYSTEMD_START, plan->path, host, err))
		return ERR;
	request.pid = pid;
	format_text(request.slice, sizeof(request.slice), "%s", plan->systemd_slice);
	format_text(request.description, sizeof(request.description), "container %s", id);
	add_settings(&request, plan);
	if (call_helper(&request, &answer, err))
		return ERR;
	if (answer.errnum) {
		refused(&request, &answer, err);
		return cgroup_err_where(err, plan, plan->path_given ? "/linux/cgroupsPath" : "/linux");
	}
	if (answer.cgroup[0] != '/' || format_text(ret_path, size, "%s", answer.cgroup) >= size)
		return err_set(err, ERR_INTERNAL, "systemd gave the unit %s no cgroup that can be used", request.unit);
	return 0;
}

int cgroup_systemd_set(const struct cgroup *cgroup, const struct plan_cgroup *plan, const struct host *host,
		       struct err *err)
{
	static struct systemd_request request;
	static struct systemd_answer answer;

	if (begin(&request, SYSTEMD_SET, cgroup->path, host, err))
		return ERR;
	add_settings(&request, plan);
	if (request.properties_count == 0)
		return 0;
	if (call_helper(&request, &answer, err))
		return ERR;
	return answer.errnum ? refused(&request, &answer, err) : 0;
}

int cgroup_systemd_stop(const char *path, const struct host *host, struct err *err)
{
	static struct systemd_request request;
	static struct systemd_answer answer;

	if (begin(&request, SYSTEMD_STOP, path, host, err) || call_helper(&request, &answer, err))
		return ERR;
	return answer.errnum ? refused(&request, &answer, err) : 0;
}
