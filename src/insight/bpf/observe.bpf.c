/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * observe: runs in the kernel, at the end of system calls that came back with an error, in processes that are
 * watched. It
 * reports what was asked and every no on the way; it changes nothing and never waits. Everything else pays for one
 * comparison
 * a call, and only while somebody looks.
 *
 * A process is watched when it carries a mark (put on it by user space, inherited by its children), or lives in the
 * mount
 * namespace or below the cgroup that is looked at. The mark stands at the thread that leads the process.
 */
#include "insight/bpf/kernel.bpf.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "insight/bpf/event.h"
#include "insight/bpf/filters.bpf.h"
#include "insight/bpf/places.bpf.h"
#include "insight/bpf/state.bpf.h"

/* The kernel lends its helpers to programs under the GPL only. */
char kernel_license[] SEC("license") = "GPL";

/* ---- who is watched ---- */

static __always_inline bool in_scope(struct task_struct *task)
{
	struct nsproxy *proxy;

	if (scope_mount) {
		proxy = BPF_CORE_READ(task, nsproxy);
		if (proxy && BPF_CORE_READ(proxy, mnt_ns, ns.inum) == scope_mount)
			return true;
	}
	return scope_cgroup && bpf_get_current_ancestor_cgroup_id(scope_cgroup_level) == scope_cgroup;
}

/* The current task's own mark, NULL when it is not watched. */
static __always_inline struct mark *current_mark(struct task_struct *task)
{
	struct mark *mark = bpf_task_storage_get(&marks, task, NULL, 0), *leader;

	if (mark)
		return mark->watched ? mark : NULL;
	leader = bpf_task_storage_get(&marks, task->group_leader, NULL, 0);
	if (!(leader && leader->watched) && !in_scope(task))
		return NULL;
	mark = bpf_task_storage_get(&marks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (mark)
		mark->watched = 1;
	return mark;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *task, __u64 flags)
{
	struct mark *mark = current_mark(bpf_get_current_task_btf()), *child;

	if (!mark)
		return 0;
	child = bpf_task_storage_get(&marks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (child)
		child->watched = 1;
	return 0;
}

/* ---- evidence ---- */

/* A free slot for the call that runs now; what an earlier call left is dropped. */
static __always_inline struct observe_evidence *evidence_add(struct task_struct *task, struct mark *mark)
{
	struct call call = {};
	__u32 index;

	call_read((struct pt_regs *)bpf_task_pt_regs(task), task, &call);
	if (!identity_same(&mark->identity, &call)) {
		mark->identity = (struct call_identity){call.ip,      call.sp,	    call.number,
							call.args[0], call.args[1], call.args[2]};
		mark->count = 0;
	}
	index = mark->count;
	if (index >= OBSERVE_EVIDENCE_MAX)
		return NULL;
	mark->count = index + 1;
	__builtin_memset(&mark->evidence[index], 0, sizeof(mark->evidence[index]));
	return &mark->evidence[index];
}

static __always_inline bool repeated(const struct call *call, long result, __u64 tgid);
static __always_inline int report(struct task_struct *task, struct mark *mark, const struct call *call, long result,
				  __u32 kind, __u32 arguments, __u32 flags, struct scratch *scratch);

#define CAP_NET_ADMIN	    12
#define MESSAGE_VECTOR	    16 /* where struct msghdr names its first struct iovec */
#define NETLINK_LIST	    0x300 /* NLM_F_DUMP */
#define NETLINK_SOCKETS	    20 /* SOCK_DIAG_BY_FAMILY */
#define ERROR_EPERM	    1

/*
 * A netlink message that asks for more than its sender may: the call succeeds, and the answer to the message is the error. Lists
 * are not refused for this capability, they only say less.
 */
static __always_inline void answered(struct task_struct *task, struct mark *mark)
{
	struct {
		__u32 length;
		__u16 type, flags;
	} header = {};
	struct observe_call *known;
	struct scratch *scratch;
	struct call call = {};
	__u32 index, zero = 0;
	__u64 at;

	call_read((struct pt_regs *)bpf_task_pt_regs(task), task, &call);
	index = OBSERVE_CALL_INDEX(call.number, call.compat);
	known = bpf_map_lookup_elem(&calls, &index);
	scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!known || !scratch || !known->sends || call.compat)
		return;
	at = call.args[1];
	if (known->sends == OBSERVE_SENDS_MESSAGE &&
	    (bpf_probe_read_user(&at, sizeof(at), (void *)(call.args[1] + MESSAGE_VECTOR)) ||
	     bpf_probe_read_user(&at, sizeof(at), (void *)at)))
		return;
	if (bpf_probe_read_user(&header, sizeof(header), (void *)at) || (header.flags & NETLINK_LIST) == NETLINK_LIST ||
	    header.type == NETLINK_SOCKETS)
		return;
	scratch->path[0][0] = scratch->path[1][0] = 0;
	__sync_fetch_and_add(&count_seen, 1);
	if (!repeated(&call, -ERROR_EPERM, bpf_get_current_pid_tgid()))
		report(task, mark, &call, -ERROR_EPERM, OBSERVE_REFUSAL, 0, OBSERVE_ANSWERED, scratch);
}

/* A function of its own, as all are that a program goes on to when there is a no: see on_refusal. */
static __attribute__((noinline)) int lacking(const struct cred *cred, struct user_namespace *target, int cap, __u32 flags,
					     int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct observe_evidence *evidence;
	__u64 effective = 0, bounding = 0, permitted = 0;
	struct mark *mark = current_mark(task);
	struct user_namespace *own;

	if (!mark)
		return 0;
	evidence = evidence_add(task, mark);
	if (!evidence)
		return 0;
	own = BPF_CORE_READ(cred, user_ns);
	bpf_probe_read_kernel(&effective, sizeof(effective), &cred->cap_effective);
	bpf_probe_read_kernel(&permitted, sizeof(permitted), &cred->cap_permitted);
	bpf_probe_read_kernel(&bounding, sizeof(bounding), &cred->cap_bset);
	cap &= 63;
	evidence->kind = OBSERVE_CAPABILITY;
	evidence->what = cap;
	evidence->result = result;
	evidence->asked_level = BPF_CORE_READ(target, level);
	evidence->task_level = BPF_CORE_READ(own, level);
	evidence->flags = flags | ((effective >> cap) & 1 ? OBSERVE_CAP_EFFECTIVE : 0) |
			  ((bounding >> cap) & 1 ? OBSERVE_CAP_BOUNDING : 0) |
			  ((permitted >> cap) & 1 ? OBSERVE_CAP_PERMITTED : 0) |
			  (own == target ? OBSERVE_CAP_OWN_NAMESPACE : 0);
	if (cap == CAP_NET_ADMIN)
		answered(task, mark);
	return 0;
}

/* Linux 6.14 */
SEC("?tp_btf/cap_capable")
int BPF_PROG(on_capable, const struct cred *cred, struct user_namespace *target, const struct user_namespace *found,
	     int cap, int result)
{
	return result ? lacking(cred, target, cap, 0, result) : 0;
}

#define CAP_OPT_NOAUDIT 2

SEC("?fexit/cap_capable")
int BPF_PROG(after_capable, const struct cred *cred, struct user_namespace *target, int cap, unsigned int options,
	     int result)
{
	return result ? lacking(cred, target, cap, options & CAP_OPT_NOAUDIT ? OBSERVE_CAP_SILENT : 0, result) : 0;
}

#define HOOK_NEGATIVE(value) ((int)(value) < 0)
#define HOOK_FALSE(value) (!((value)&1))
#define HOOK_TRUE(value) ((value)&1)

static __attribute__((noinline)) int hook(__u32 row, __u64 value)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mark *mark = current_mark(task);
	struct observe_evidence *evidence = mark ? evidence_add(task, mark) : NULL;

	if (!evidence)
		return 0;
	evidence->kind = OBSERVE_HOOK;
	evidence->what = row;
	evidence->result = (__s16)value;
	return 0;
}

enum hook_row {
#define HOOK(function, when, layer, name) ROW_##function,
#include "insight/bpf/hooks.inc"
#undef HOOK
	ROW_COUNT
};

#define HOOK(function, when, layer, name) \
	SEC("?fexit/" #function) \
	int hook_##function(void *context) \
	{ \
		__u64 value; \
		if (bpf_get_func_ret(context, &value) || !HOOK_##when(value)) \
			return 0; \
		return hook(ROW_##function, value); \
	}
#include "insight/bpf/hooks.inc"
#undef HOOK

/* ---- the same by probes, for kernels that take no program at the end of a function ---- */

#define NAMESPACES_MAX 33 /* as deep as user namespaces are nested */

/*
 * What cap_capable answers, from what it looks at: a probe at its end would not know any more what was asked. By the rules
 * of user_namespaces(7): a capability counts in the namespace that it is held in and below, and whoever made a namespace
 * has all of them in it.
 */
__attribute__((noinline)) int lacks_capability(__u64 credentials, __u64 namespace, __u32 cap)
{
	const struct cred *cred = (const struct cred *)credentials;
	struct user_namespace *at = (struct user_namespace *)namespace, *own = BPF_CORE_READ(cred, user_ns), *parent;
	int level = BPF_CORE_READ(own, level);
	__u64 effective = 0;

	bpf_probe_read_kernel(&effective, sizeof(effective), &cred->cap_effective);
	for (int i = 0; i < NAMESPACES_MAX; i++) {
		if (at == own)
			return !((effective >> (cap & 63)) & 1);
		if (BPF_CORE_READ(at, level) <= level)
			return 1;
		parent = BPF_CORE_READ(at, parent);
		if (parent == own && BPF_CORE_READ(at, owner.val) == BPF_CORE_READ(cred, euid.val))
			return 0;
		at = parent;
	}
	return 1;
}

SEC("?kprobe/cap_capable")
int before_capable(struct pt_regs *regs)
{
	__u64 cred = ARGUMENT(regs, 0), target = ARGUMENT(regs, 1), cap = ARGUMENT(regs, 2), options = ARGUMENT(regs, 3);

	if (!current_mark(bpf_get_current_task_btf()) || !lacks_capability(cred, target, cap))
		return 0;
	return lacking((const struct cred *)cred, (struct user_namespace *)target, cap,
		       options & CAP_OPT_NOAUDIT ? OBSERVE_CAP_SILENT : 0, -1);
}

/* One program for all: its cookie is the row. */
SEC("?kretprobe")
int after_function(struct pt_regs *regs)
{
	__u64 row = bpf_get_attach_cookie(regs), value = RESULT(regs);
	bool refuses = false;

	switch (row) {
#define HOOK(function, when, layer, name) \
	case ROW_##function: \
		refuses = HOOK_##when(value); \
		break;
#include "insight/bpf/hooks.inc"
#undef HOOK
	}
	return refuses ? hook(row, value) : 0;
}

/* ---- refusals ---- */

__attribute__((noinline)) __u64 path_hash(void)
{
	__u64 hash = 0;
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);

	for (int i = 0; scratch && i < OBSERVE_PATH_MAX; i++) {
		if (!scratch->path[0][i])
			break;
		hash = hash * 0x100000001b3ULL ^ scratch->path[0][i];
	}
	return hash;
}

/* Has the same been reported already? Counts it then. */
static __always_inline bool repeated(const struct call *call, long result, __u64 tgid)
{
	__u64 key = call->number * 0x100000001b3ULL ^ (__u64)result, zero = 0, *count;

	key = key * 0x100000001b3ULL ^ call->ip;
	key = key * 0x100000001b3ULL ^ (tgid >> 32);
	for (int i = 0; i < 3; i++)
		key = key * 0x100000001b3ULL ^ call->args[i];
	key ^= path_hash();
	count = bpf_map_lookup_elem(&repeats, &key);
	if (count) {
		__sync_fetch_and_add(count, 1);
		__sync_fetch_and_add(&count_repeated, 1);
		return true;
	}
	bpf_map_update_elem(&repeats, &key, &zero, BPF_ANY);
	return false;
}

static __always_inline bool over_rate(__u64 now)
{
	__u32 zero = 0;
	struct rate *rate = bpf_map_lookup_elem(&rates, &zero);

	if (!rate)
		return false;
	if (rate->second != now / 1000000000) {
		rate->second = now / 1000000000;
		rate->count = 0;
	}
	if (++rate->count <= rate_max)
		return false;
	__sync_fetch_and_add(&count_limited, 1);
	return true;
}

#define SETGROUPS_ALLOWED 1 /* USERNS_SETGROUPS_ALLOWED */

static __always_inline void record_namespace(struct observe_refusal *record, struct user_namespace *namespace)
{
	record->user_level = BPF_CORE_READ(namespace, level);
	record->user_inode = BPF_CORE_READ(namespace, ns.inum);
	record->flags |= BPF_CORE_READ(namespace, flags) & SETGROUPS_ALLOWED ? 0 : OBSERVE_SETGROUPS_DENIED;
	record->uids.count = BPF_CORE_READ(namespace, uid_map.nr_extents);
	record->gids.count = BPF_CORE_READ(namespace, gid_map.nr_extents);
	bpf_probe_read_kernel(record->uids.extents, sizeof(record->uids.extents), &namespace->uid_map.extent);
	bpf_probe_read_kernel(record->gids.extents, sizeof(record->gids.extents), &namespace->gid_map.extent);
}

static __always_inline void record_credentials(struct observe_refusal *record, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct signal_struct *signal;
	struct group_info *groups;

	record->uid = BPF_CORE_READ(cred, euid.val);
	record->gid = BPF_CORE_READ(cred, egid.val);
	record->fsuid = BPF_CORE_READ(cred, fsuid.val);
	record->fsgid = BPF_CORE_READ(cred, fsgid.val);
	bpf_probe_read_kernel(&record->effective, 8, &cred->cap_effective);
	bpf_probe_read_kernel(&record->permitted, 8, &cred->cap_permitted);
	bpf_probe_read_kernel(&record->bounding, 8, &cred->cap_bset);
	record_namespace(record, BPF_CORE_READ(cred, user_ns));
	record->mount_inode = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	groups = BPF_CORE_READ(cred, group_info);
	record->groups_count = BPF_CORE_READ(groups, ngroups);
	bpf_probe_read_kernel(record->groups, sizeof(record->groups), &groups->gid);
	signal = BPF_CORE_READ(task, signal);
	for (int i = 0; i < 16; i++)
		record->limits[i] = BPF_CORE_READ(signal, rlim[i].rlim_cur);
	record->pages = BPF_CORE_READ(task, mm, total_vm);
	record->mappings = BPF_CORE_READ(task, mm, map_count);
	record->seccomp_mode = task->seccomp.mode;
	record->flags |= task->atomic_flags & 1 ? OBSERVE_NO_NEW_PRIVS : 0;
}

static __always_inline int report(struct task_struct *task, struct mark *mark, const struct call *call, long result,
				  __u32 kind, __u32 arguments, __u32 flags, struct scratch *scratch)
{
	__u64 now = bpf_ktime_get_ns(), id = bpf_get_current_pid_tgid();
	struct filters filters = {.scratch = scratch};
	struct observe_refusal *record;
	__u32 walked;
	bool stale;

	if (over_rate(now))
		return 0;
	filters_read(task, &filters);
	walked = place_read(task, call, arguments, scratch);
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		__sync_fetch_and_add(&count_lost, 1);
		return 0;
	}
	record->kind = kind;
	record->flags = flags | filters.flags | (call->compat ? OBSERVE_COMPAT : 0);
	record->time = now;
	record->pid = id >> 32;
	record->tid = (__u32)id;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	record->number = call->number;
	record->result = result;
	__builtin_memcpy(record->args, call->args, sizeof(record->args));
	record->instruction_pointer = call->ip;
	record_credentials(record, task);
	record->filters_count = filters.count;
	__builtin_memcpy(record->filters, scratch->filters, sizeof(record->filters));
	stale = !identity_same(&mark->identity, call);
	record->evidence_count = stale ? 0 : mark->count;
	__builtin_memcpy(record->evidence, mark->evidence, sizeof(record->evidence));
	mark->count = 0;
	__builtin_memcpy(record->path, scratch->path, sizeof(record->path));
	record->repeated = 0;
	record->walk_length = walked;
	__builtin_memcpy(record->walk, scratch->walk, sizeof(record->walk));
	bpf_ringbuf_submit(record, 0);
	return 0;
}

/*
 * The end of a call, in three functions: what comes back with success, what fails for everyday reasons, and the rest. In one
 * piece each call would pay for the registers and the stack of all of it, and for a jump to its far end.
 */
static __attribute__((noinline)) int on_refusal(__u64 *context, __u32 arguments)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mark *mark = current_mark(task);
	long result = (long)context[1];
	struct scratch *scratch;
	struct call call = {};
	__u32 zero = 0;

	scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!mark || !scratch)
		return 0;
	call_read((struct pt_regs *)context[0], task, &call);
	__sync_fetch_and_add(&count_seen, 1);
	paths_read(&call, arguments, scratch);
	if (repeated(&call, result, bpf_get_current_pid_tgid())) {
		mark->count = 0;
		return 0;
	}
	return report(task, mark, &call, result, OBSERVE_REFUSAL, arguments, 0, scratch);
}

static __attribute__((noinline)) int on_error(__u64 *context)
{
	__u64 number = call_number((struct pt_regs *)context[0]);
	struct observe_call *known;
	__u32 index;

	/* Coming back from a signal handler restores registers, and is no call. */
	if ((__s64)number < 0)
		return 0;
	index = OBSERVE_CALL_INDEX(number, call_compat(bpf_get_current_task_btf()));
	known = bpf_map_lookup_elem(&calls, &index);
	if (!known || !((errors_always | known->errors) >> (-context[1] & 63) & 1))
		return 0;
	return on_refusal(context, known->arguments);
}

SEC("tp_btf/sys_exit")
int on_sys_exit(__u64 *context)
{
	return context[1] + OBSERVE_ERROR_MAX < OBSERVE_ERROR_MAX ? on_error(context) : 0;
}

/* ---- signals, and the life of processes ---- */

#define SIGKILL 9
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGSYS 31
#define SYS_SECCOMP 1
#define SEND_SIG_PRIV 1 /* in place of a pointer, as 0 is: the kernel itself sends */
#define NO_LIMIT (~0UL)

/*
 * Did the kernel send it for a limit? Without a siginfo only it sends any: over RLIMIT_FSIZE as if the process itself had, over
 * RLIMIT_CPU as the kernel. What ends a process for good comes over the hard limit, to the one that runs.
 */
static __always_inline bool for_limit(int signal, __u64 info, struct task_struct *from, struct task_struct *to)
{
	if (signal == SIGXFSZ)
		return info <= SEND_SIG_PRIV;
	if (info != SEND_SIG_PRIV)
		return false;
	return signal == SIGXCPU ||
	       (signal == SIGKILL && from->tgid == to->tgid && BPF_CORE_READ(to, signal, rlim[0].rlim_max) != NO_LIMIT);
}

SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int signal, struct kernel_siginfo *info, struct task_struct *to)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct observe_signal *record;
	struct scratch *scratch;
	struct call call = {};
	struct mark *mark;
	__u32 zero = 0;

	if (signal != SIGKILL && signal != SIGXCPU && signal != SIGXFSZ && signal != SIGSYS)
		return 0;
	if (signal == SIGSYS) {
		if ((__u64)info <= SEND_SIG_PRIV || BPF_CORE_READ(info, si_code) != SYS_SECCOMP)
			return 0;
		mark = current_mark(task);
		scratch = bpf_map_lookup_elem(&scratches, &zero);
		if (!mark || !scratch)
			return 0;
		call_read((struct pt_regs *)bpf_task_pt_regs(task), task, &call);
		scratch->path[0][0] = scratch->path[1][0] = 0;
		return report(task, mark, &call, 0, OBSERVE_SECCOMP_KILL, 0, 0, scratch);
	}
	if (!for_limit(signal, (__u64)info, task, to))
		return 0;
	mark = bpf_task_storage_get(&marks, to, NULL, 0);
	if (!mark || !mark->watched)
		return 0;
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record)
		return 0;
	record->kind = OBSERVE_SIGNAL;
	record->pid = to->tgid;
	record->signal = signal;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

#define MOUNT_NOSUID 1 /* MNT_NOSUID */

static __always_inline int process(struct task_struct *task, __u32 kind, struct linux_binprm *program)
{
	struct file *file = program ? BPF_CORE_READ(program, file) : NULL;
	struct observe_process *record;

	if (!current_mark(task))
		return 0;
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		__sync_fetch_and_add(&count_lost, 1);
		return 0;
	}
	record->kind = kind;
	record->flags = kind == OBSERVE_EXIT && BPF_CORE_READ(task, signal, oom_mm) ? OBSERVE_EXIT_OOM : 0;
	record->time = bpf_ktime_get_ns();
	record->pid = task->tgid;
	record->tid = task->pid;
	record->status = task->exit_code;
	record->mount_inode = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	record->path[0] = 0;
	if (program)
		bpf_probe_read_kernel_str(record->path, sizeof(record->path), BPF_CORE_READ(program, filename));
	record->file_mode = file ? BPF_CORE_READ(file, f_inode, i_mode) : 0;
	record->file_owner = file ? BPF_CORE_READ(file, f_inode, i_uid.val) : 0;
	record->file_group = file ? BPF_CORE_READ(file, f_inode, i_gid.val) : 0;
	record->file_nosuid = file ? BPF_CORE_READ(file, f_path.mnt, mnt_flags) & MOUNT_NOSUID : 0;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *program)
{
	return process(bpf_get_current_task_btf(), OBSERVE_EXEC, program);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	/* The last thread speaks for the process. */
	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	return process(bpf_get_current_task_btf(), OBSERVE_EXIT, NULL);
}
