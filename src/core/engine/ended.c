/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ended: a container's process that ended before it executed its program, and why. The end of its socket says only that
 * it executed something or is no more; which, /proc/PID tells. Runs in the runtime and in `start`.
 */
#include <signal.h>
#include <sys/wait.h>

#include "core/engine/parts.h"
#include "kernel/process.h"

#define FLAGS_FIELD	9  /* proc(5) */
#define EXIT_CODE_FIELD 52
#define PF_EXITING	0x4
#define PF_FORKNOEXEC	0x40 /* include/linux/sched.h: cleared by execve */

bool ended_before_exec(pid_t pid)
{
	uint64_t flags;

	/* The cheap look first: who has memory and has closed the socket has executed a program. */
	return !process_has_executable(pid) && process_stat_number(pid, FLAGS_FIELD, &flags) == 0 &&
	       (flags & PF_FORKNOEXEC);
}

bool ended_along(const struct state *state)
{
	uint64_t flags;

	return !state_process_alive(state) ||
	       (process_stat_number(state->pid, FLAGS_FIELD, &flags) == 0 && flags & PF_EXITING);
}

int ended_status(pid_t pid)
{
	uint64_t status;

	/* 0 is also what the kernel shows to whom it does not want to tell. */
	return process_stat_number(pid, EXIT_CODE_FIELD, &status) == 0 && status ? (int)status : -1;
}

/* sure: SIGSYS ended it; else nothing is known of its end. */
static int killed_by_filter(const struct oci_config *config, bool sure, struct err *err)
{
	bool last = config->process.no_new_privileges;

	err_set(err, ERR_CONFIG, "the container's process %s before it executed its program, in the stage %s",
		sure ? "was killed by its seccomp filter" : "ended", last ? "exec" : "drop or exec");
	err_where(err, "config.json#/linux/seccomp");
	err_why(err, "%s for a system call that is needed after it is loaded: %s",
		sure ? "the filter kills" : "only its parent knows how; its seccomp filter may kill",
		last ? "mmap, prctl or execve"
		     : "those that set ids, capabilities and the working directory, mmap, prctl or execve");
	return err_fix(err, "let the filter allow these calls, or refuse by SCMP_ACT_ERRNO instead of killing%s",
		       last ? "" : "; with process.noNewPrivileges it is loaded last and needs to allow fewer");
}

/* process_exit() ended it: it failed, and its filter let it neither say so nor end. */
static int silenced_by_filter(struct err *err)
{
	err_set(err, ERR_CONFIG, "the container's process failed before it executed its program, and could not say why");
	err_where(err, "config.json#/linux/seccomp");
	err_why(err, "the seccomp filter refuses what it says that with, and also to end: sendmsg, exit_group");
	return err_fix(err, "let the filter allow execve, sendmsg and exit_group, and look at what is said then");
}

static int killed(const struct oci_config *config, int signal, struct err *err)
{
	const struct opt_i64 *limit = &config->linux.resources.memory.limit;

	if (signal != SIGKILL) {
		err_why(err, "signal %d ended it", signal);
		return err_fix(err, "look at dmesg, and at what may send signals here");
	}
	if (!limit->set || limit->value < 0) {
		err_why(err, "SIGKILL ended it: someone sent it, or memory is short");
		return err_fix(err, "look at dmesg, which tells of processes that were ended for want of memory");
	}
	err_where(err, "%s#/linux/resources/memory/limit", config->name);
	err_why(err, "SIGKILL ended it: its memory limit of %lld bytes may be too low, or someone sent it",
		(long long)limit->value);
	return err_fix(err, "raise the limit, and look at dmesg, which tells of processes that were ended for want of memory");
}

int ended_why(const struct oci_config *config, int status, struct err *err)
{
	bool known = status >= 0;

	if (config->linux.seccomp.present && (!known || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)))
		return killed_by_filter(config, known, err);
	if (config->linux.seccomp.present && WIFSIGNALED(status) && WTERMSIG(status) == SIGILL)
		return silenced_by_filter(err);
	err_set(err, ERR_INTERNAL, "the container's process ended while it was being made");
	if (!known) {
		err_why(err, "only its parent, which is not this process, knows how");
		return err_fix(err, "look at dmesg; `run` in place of create and start tells more");
	}
	if (WIFSIGNALED(status))
		return killed(config, WTERMSIG(status), err);
	err_why(err, "it exited with status %d without a message", WEXITSTATUS(status));
	return err_fix(err, "this is a fault of the runtime: report it, with the config");
}
