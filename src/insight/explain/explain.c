/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: from a record of observe to one for people: gather the facts in the order in which they depend on each
 * other, then ask the table.
 */
#include "insight/explain/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/fd.h"
#include "insight/explain/parts.h"

void parts_text(struct parts_case *one, enum refusal_text text, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(one->texts[text], sizeof(one->texts[text]), fmt, args);
	va_end(args);
	/* What comes from the container cannot forge lines. */
	for (char *at = one->texts[text]; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	one->facts.texts[text] = one->texts[text];
}

void explain_begin(struct explain *explain, const char *state_root, const struct observe_ready *ready)
{
	*explain = (struct explain){
		.state_root = state_root, .ready = *ready, .own_pid = getpid(), .own_mounts = explain_namespace(getpid(), "mnt")};
	fd_read_text_at(AT_FDCWD, "/proc/self/comm", explain->own_command, sizeof(explain->own_command));
	explain->own_command[strcspn(explain->own_command, "\n")] = '\0';
}

void explain_done(struct explain *explain)
{
	for (size_t i = 0; i < explain->filters_count; i++)
		free(explain->filters[i].instructions);
	explain->filters_count = 0;
	paths_release(explain);
	container_release(explain);
}

static void copy_command(char *out, const char *command)
{
	snprintf(out, RECORD_COMMAND_MAX, "%.15s", command);
	for (char *at = out; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
}

static uint32_t arch_of(const struct observe_refusal *refusal)
{
#if defined(__x86_64__)
	if (refusal->flags & OBSERVE_COMPAT)
		return AUDIT_ARCH_I386;
#endif
	(void)refusal;
	return ABI_ARCH_NATIVE;
}

static void name_call(struct parts_case *one, struct record *ret)
{
	const char *name = abi_syscall_name(one->arch, one->refusal->number), *entry = "";

	if (!name && one->arch == AUDIT_ARCH_X86_64 && one->refusal->number & ABI_X32_SYSCALL_BIT) {
		name = abi_syscall_name(ABI_ARCH_X32, one->refusal->number);
		entry = " of the x32 entry";
	}
	if (name)
		snprintf(ret->call, sizeof(ret->call), "%.24s%s", name, entry);
	else
		snprintf(ret->call, sizeof(ret->call), "system call %d", one->refusal->number);
	ret->arch = abi_arch_name(one->arch);
	/* The rows of all tables know a call of the 32-bit entry by what it is natively. */
	one->facts.call = one->refusal->flags & OBSERVE_COMPAT ? observe_native_name(ret->call) : ret->call;
	one->row = observe_row(one->facts.call);
}

static void refusal(struct explain *explain, const struct observe_refusal *seen, struct record *ret)
{
	struct parts_case one = {.explain = explain, .refusal = seen, .arch = arch_of(seen)};

	ret->kind = seen->kind == OBSERVE_REFUSAL ? RECORD_REFUSAL : RECORD_KILL;
	ret->time = seen->time;
	ret->pid = seen->pid;
	ret->tid = seen->tid;
	ret->errnum = one.facts.errnum = -seen->result;
	ret->signal = ret->kind == RECORD_KILL ? SIGSYS : 0;
	copy_command(ret->command, seen->comm);
	name_call(&one, ret);
	parts_text(&one, TEXT_CALL, "%s", ret->call);
	parts_text(&one, TEXT_ERROR, "%s", err_name(ret->errnum) ?: "an error");
	chain_ask(&one);
	paths_find(&one);
	evidence_read(&one);
	if (!parts_has(&one, FACT_FILTER_ERRNO) && ret->kind == RECORD_REFUSAL) {
		replay_file(&one);
		limits_ask(&one);
		process_look(&one);
		program_look(&one);
		set_id_look(&one);
		ruleset_ask(&one);
	}
	decode_arguments(&one, ret);
	snprintf(ret->path, sizeof(ret->path), "%.*s", RECORD_TEXT_MAX - 1, one.path[0]);
	snprintf(ret->config, sizeof(ret->config), "%.*s", RECORD_TEXT_MAX - 1, one.config ?: "");
	snprintf(ret->rule, sizeof(ret->rule), "%.*s", RECORD_TEXT_MAX - 1, strchr(one.texts[TEXT_POINTER], '#') ?: "");
	refusal_explain(&one.facts, &ret->verdict);
}

/* The kernel ended it: for a limit, or for want of memory. */
static void ended_by(enum refusal_fact_bit why, int signal, struct record *ret)
{
	struct refusal_facts facts = {.call = "", .facts = REFUSAL_FACT(why)};

	ret->kind = RECORD_KILL;
	ret->signal = signal;
	refusal_explain(&facts, &ret->verdict);
}

/* Was this signal, of which the process has ended, one that the kernel had sent it for a limit? */
static bool for_limit(struct explain *explain, pid_t pid, int signal)
{
	for (size_t i = 0; i < EXPLAIN_SIGNALS_MAX; i++) {
		struct observe_signal *sent = &explain->signals[i];

		if (sent->pid != pid || sent->signal != signal)
			continue;
		sent->pid = 0;
		return true;
	}
	return false;
}

static void life(struct explain *explain, const struct observe_process *seen, struct record *ret)
{
	int signal = WIFSIGNALED(seen->status) ? WTERMSIG(seen->status) : 0;

	ret->kind = seen->kind == OBSERVE_EXEC ? RECORD_EXEC : RECORD_EXIT;
	ret->time = seen->time;
	ret->pid = seen->pid;
	ret->tid = seen->tid;
	ret->status = signal ? 128 + signal : WEXITSTATUS(seen->status);
	copy_command(ret->command, seen->comm);
	snprintf(ret->path, sizeof(ret->path), "%.*s", OBSERVE_PATH_MAX - 1, seen->path);
	if (seen->kind != OBSERVE_EXIT)
		return;
	if (seen->flags & OBSERVE_EXIT_OOM)
		ended_by(FACT_KILLED_MEMORY, SIGKILL, ret);
	else if (signal && for_limit(explain, seen->pid, signal))
		ended_by(signal == SIGXFSZ ? FACT_KILLED_FSIZE : FACT_KILLED_CPU, signal, ret);
}

static bool entered(const struct explain *explain, uint32_t mount_inode)
{
	for (size_t i = 0; i < EXPLAIN_ENTERED_MAX; i++)
		if (explain->entered[i] == mount_inode)
			return true;
	return explain->attached;
}

bool explain_take(struct explain *explain, const union observe_record *seen, struct record *ret)
{
	memset(ret, 0, sizeof(*ret));
	/* What is watched may have this process in it: a cgroup, or the namespace that it lives in. */
	if (seen->kind == OBSERVE_REFUSAL && seen->refusal.pid == explain->own_pid)
		return false;
	if (seen->kind == OBSERVE_REFUSAL || seen->kind == OBSERVE_SECCOMP_KILL)
		/* Or on the way into the container, before its program is executed. */
		ret->outside = seen->refusal.mount_inode == explain->own_mounts ||
			       strcmp(seen->refusal.comm, explain->own_command) == 0;
	if (seen->kind == OBSERVE_REFUSAL)
		ret->early = !entered(explain, seen->refusal.mount_inode);
	else if (seen->kind == OBSERVE_EXEC || seen->kind == OBSERVE_EXIT)
		ret->outside = seen->process.mount_inode == explain->own_mounts;
	switch (seen->kind) {
	case OBSERVE_FILTER:
		chain_add(explain, &seen->filter);
		return false;
	case OBSERVE_REFUSAL:
	case OBSERVE_SECCOMP_KILL:
		refusal(explain, &seen->refusal, ret);
		return true;
	case OBSERVE_SIGNAL:
		explain->signals[explain->signals_next++ % EXPLAIN_SIGNALS_MAX] = seen->signal;
		return false;
	case OBSERVE_EXEC:
		if (!entered(explain, seen->process.mount_inode))
			explain->entered[explain->entered_next++ % EXPLAIN_ENTERED_MAX] = seen->process.mount_inode;
		explain_hold(explain, seen->process.pid, seen->process.mount_inode);
		set_id_note(explain, &seen->process);
		if (seen->process.mount_inode && seen->process.mount_inode != explain->own_mounts)
			container_find(explain, seen->process.pid, seen->process.mount_inode);
		life(explain, &seen->process, ret);
		return true;
	case OBSERVE_EXIT:
		life(explain, &seen->process, ret);
		return true;
	}
	return false;
}
