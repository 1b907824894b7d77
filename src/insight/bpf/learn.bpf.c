/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * learn: runs in the kernel at the end of each system call of the processes that are watched, and reports what they do
 * for the first time; it changes nothing and never waits. What was seen is looked up before any work on paths.
 *
 * A process is watched when its mark says so. User space marks the first ones: as watched, or as armed, which becomes
 * watched when a program is executed, so that what a runtime does before is no part of it. Children inherit marks.
 * The end of a call is enough: what is killed inside one comes by there first. exit, exit_group and rt_sigreturn do not,
 * and belong to every program anyway. A call that ended with ENOSYS is one that the program can do without.
 */
#include "insight/bpf/network.bpf.h"

/* The kernel lends its helpers to programs under the GPL only. */
char kernel_license[] SEC("license") = "GPL";

#define ENOSYS	    38
#define EINPROGRESS 115

/* ---- who is watched ---- */

static __always_inline struct mark *make_mark(struct task_struct *task)
{
	struct mark *mark = bpf_task_storage_get(&marks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!mark)
		__sync_fetch_and_add(&count_lost, 1);
	return mark;
}

static __always_inline bool in_scope(struct task_struct *task)
{
	if (scope_mount && BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum) == scope_mount)
		return true;
	return scope_cgroup && bpf_get_current_ancestor_cgroup_id(scope_cgroup_level) == scope_cgroup;
}

/* The mark of a task, NULL when it has none. Most have nothing of the kind, which is seen without a helper. */
static __always_inline struct mark *mark_of(struct task_struct *task)
{
	return task->bpf_storage ? bpf_task_storage_get(&marks, task, NULL, 0) : NULL;
}

/* The mark of a task that is watched, NULL for any other. A thread that was there before has its leader's. */
static __always_inline struct mark *watched(struct task_struct *task)
{
	struct mark *mark = mark_of(task), *leader;

	if (mark)
		return mark->state == OBSERVE_WATCHED ? mark : NULL;
	if (task->group_leader == task)
		return NULL;
	leader = mark_of(task->group_leader);
	if (!leader || leader->state != OBSERVE_WATCHED)
		return NULL;
	mark = make_mark(task);
	if (mark)
		*mark = *leader;
	return mark;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *task, __u64 flags)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct mark *mark = mark_of(current), *child;

	if (!mark)
		mark = watched(current);
	if (!mark || !mark->state)
		return 0;
	child = make_mark(task);
	if (child)
		*child = *mark;
	return 0;
}

/* ---- files ---- */

/* Kernels that allow trampolines: opened in whatever way, io_uring too. */
SEC("?fexit/security_file_open")
int BPF_PROG(after_open, struct file *file, int result)
{
	__u64 address = 0;
	__u32 access;

	if (result || !watched(bpf_get_current_task_btf()))
		return 0;
	access = access_of(file);
	/* A function that is checked by itself takes numbers, and the verifier knows this one for a pointer. */
	bpf_probe_read_kernel(&address, sizeof(address), &file);
	if (access)
		see_file(address, access, SCRATCH_OPEN, -1);
	return 0;
}

/* The others: what the descriptor stands for that a call has returned. */
static __always_inline void see_descriptor(struct task_struct *task, __s32 number, __u64 fd)
{
	struct file *file = file_of(task, fd);
	__u32 access = file ? access_of(file) : 0;

	if (access)
		see_file((__u64)file, access, SCRATCH_EXIT, number);
}

static __always_inline void see_changes(const struct call *call, const volatile struct observe_lesson *lesson)
{
	__u32 arguments = lesson->arguments, fd = AT_FDCWD_LOW;
	__s32 number = (__s32)call->number;

	if (arguments & 15 << OBSERVE_ARG_FD_SHIFT)
		fd = (__u32)argument(call, arguments, OBSERVE_ARG_FD_SHIFT);
	if (lesson->access[0])
		see_words(SCRATCH_EXIT, number, argument(call, arguments, OBSERVE_ARG_PATH0_SHIFT),
			  lesson->access[0] | HOW_USER, fd);
	/* The second path of a call with two directories begins at the descriptor before it. */
	if (lesson->access[1])
		see_words(SCRATCH_EXIT, number, argument(call, arguments, OBSERVE_ARG_PATH1_SHIFT),
			  lesson->access[1] | HOW_USER,
			  arguments & 15 << OBSERVE_ARG_FD_SHIFT ? (__u32)argument_at(call, lesson->index[1]) : AT_FDCWD_LOW);
}

/* ---- numbers ---- */

static __always_inline void see_argument(const struct call *call, const volatile struct observe_lesson *lesson)
{
	__u64 first = argument_at(call, lesson->index[0]) & lesson->mask[0];
	__u64 second = lesson->mask[1] ? argument_at(call, lesson->index[1]) & lesson->mask[1] : 0;

	see_value(WITH_FLAG(OBSERVE_SIGHT_ARGUMENT, call->compat ? OBSERVE_SIGHT_COMPAT : 0), (__s32)call->number, first, second,
		  second);
}

#define CLONE_NEW 0x7e020080

static __always_inline void see_namespaces(const struct call *call, bool in_memory)
{
	__u64 flags = call->args[0];

	if (in_memory) { /* of clone3 */
		flags = 0;
		bpf_probe_read_user(&flags, sizeof(flags), (void *)call->args[0]);
		see_value(WITH_FLAG(OBSERVE_SIGHT_ARGUMENT, call->compat ? OBSERVE_SIGHT_COMPAT : 0), (__s32)call->number, flags,
			  0, 0);
	}
	if (flags & CLONE_NEW)
		see_value(OBSERVE_SIGHT_NAMESPACE, (__s32)call->number, flags & CLONE_NEW, 0, 0);
}

#define RLIMIT_NOFILE 7

static __always_inline __u64 widen_limit(__u32 value)
{
	return value == (__u32)-1 ? (__u64)-1 : value;
}

static __always_inline bool read_limit(__u64 from, bool narrow, struct rlimit *ret)
{
	__u32 words[2];

	if (!narrow)
		return !bpf_probe_read_user(ret, sizeof(*ret), (void *)from);
	if (bpf_probe_read_user(words, sizeof(words), (void *)from))
		return false;
	ret->rlim_cur = widen_limit(words[0]);
	ret->rlim_max = widen_limit(words[1]);
	return true;
}

/* The new limit, behind its resource; and where the old one of descriptors is asked for: who knows it will use it. */
static __always_inline void see_limit(const struct call *call, const volatile struct observe_lesson *lesson)
{
	__u64 resource = argument_at(call, lesson->index[0]), old = lesson->index[1] ? argument_at(call, lesson->index[1]) : 0;
	__u64 new = lesson->index[1] == lesson->index[0] + 1 ? 0 : argument_at(call, lesson->index[0] + 1);
	__s32 number = (__s32)call->number;
	bool narrow = call->compat && lesson->index[0] == 0; /* all but prlimit64 */
	struct rlimit limit;

	if (new && read_limit(new, narrow, &limit))
		see_value(OBSERVE_SIGHT_LIMIT, number, resource, limit.rlim_max, limit.rlim_max);
	if (old && resource == RLIMIT_NOFILE && read_limit(old, narrow, &limit))
		see_value(OBSERVE_SIGHT_LIMIT, number, resource, limit.rlim_cur, limit.rlim_cur);
}

/* ---- system calls ---- */

static __always_inline void see_height(long descriptor)
{
	if (descriptor >= 0 && (__u64)descriptor >= descriptors_most)
		descriptors_most = (__u64)descriptor + 1;
}

/* mark: for calls that connect or send; may be NULL. */
static __always_inline void see_lesson(struct task_struct *task, struct mark *mark, const struct call *call, long result,
				       const volatile struct observe_lesson *lesson)
{
	__u32 what = lesson->what;

	if (what & OBSERVE_LESSON_ARGUMENT)
		see_argument(call, lesson);
	if (mark && what & OBSERVE_LESSON_CONNECT && (result == 0 || result == -EINPROGRESS))
		see_connect(call, mark);
	if (result < 0)
		return;
	if (what & OBSERVE_LESSON_DESCRIPTOR)
		see_height(result);
	if (what & OBSERVE_LESSON_OPENED && files_by_descriptor)
		see_descriptor(task, (__s32)call->number, (__u64)result);
	if (what & OBSERVE_LESSON_CHANGES)
		see_changes(call, lesson);
	if (mark && what & OBSERVE_LESSON_SEND)
		see_send(call, mark, lesson);
	if (what & OBSERVE_LESSON_BIND)
		see_bind(call);
	if (what & OBSERVE_LESSON_NAMESPACES)
		see_namespaces(call, lesson->index[1]);
	if (what & OBSERVE_LESSON_LIMIT)
		see_limit(call, lesson);
	/* Signal 0 asks only whether somebody is there. */
	if (what & OBSERVE_LESSON_SIGNAL && argument_at(call, lesson->index[0]))
		see_value(OBSERVE_SIGHT_SIGNAL, (__s32)call->number, argument_at(call, lesson->index[0]), 0, 0);
}

#define NR_SOCKETCALL	 102 /* of the 32-bit entry of x86 */
#define SOCKETCALL_COUNT 21
#define SOCKETCALL_SEND	 9

/* Its arguments lie in memory: it becomes the call that it stands for, by the number that this has of its own. NULL: there
 * is nothing to learn from it. */
static __always_inline const volatile struct observe_lesson *look_behind_socketcall(struct call *call)
{
	static const __u16 numbers[SOCKETCALL_COUNT] = {
		[1] = 359, [2] = 361, [3] = 362, [4] = 363, [5] = 364, [6] = 367, [7] = 368, [8] = 360, [9] = 369, [11] = 369,
		[13] = 373, [14] = 366, [15] = 365, [16] = 370, [18] = 364, [20] = 345,
	};
	__u32 which = (__u32)call->args[0], words[6] = {};

	if (which >= SOCKETCALL_COUNT || !numbers[which] ||
	    (bpf_probe_read_user(words, sizeof(words), (void *)call->args[1]) &&
	     bpf_probe_read_user(words, 3 * sizeof(*words), (void *)call->args[1])))
		return NULL;
	call->number = numbers[which];
	for (int i = 0; i < 6; i++)
		call->args[i] = words[i];
	if (which == SOCKETCALL_SEND)
		call->args[4] = call->args[5] = 0; /* it has no address */
	return &lessons[OBSERVE_CALLS + (call->number & (OBSERVE_CALLS - 1))];
}

static __always_inline __u8 state_after(const volatile struct observe_lesson *lesson)
{
	__u32 what = lesson->what;

	if (!what)
		return CALL_DONE;
	if (what == OBSERVE_LESSON_SEND && lesson->index[0] == OBSERVE_SEND_BYTES)
		return CALL_BYTES;
	if (what & ~(OBSERVE_LESSON_DESCRIPTOR | OBSERVE_LESSON_OPENED))
		return CALL_LESSON;
	return what & OBSERVE_LESSON_OPENED && files_by_descriptor ? CALL_OPENED : CALL_DESCRIPTOR;
}

/* What on_sys_exit leaves over: it is short, because every call pays for it. */
static __noinline int see_call(struct pt_regs *regs, long result, __u32 slot, __u8 *state)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const volatile struct observe_lesson *lesson = &lessons[slot & (2 * OBSERVE_CALLS - 1)];
	bool compat = slot >= OBSERVE_CALLS;
	__s32 number = (__s32)(slot & (OBSERVE_CALLS - 1));
	__u32 what = lesson->what;
	struct mark *mark;
	struct call call;

	if (*state == CALL_NEW) {
		/* New to this processor: another may have sent it too. */
		see_value(WITH_FLAG(OBSERVE_SIGHT_CALL, compat ? OBSERVE_SIGHT_COMPAT : 0), number, 0, 0, 0);
		*state = state_after(lesson);
	}
	if (!what)
		return 0;
	mark = what & (OBSERVE_LESSON_CONNECT | OBSERVE_LESSON_SEND) ? mark_of(task) : NULL;
	if (*state == CALL_BYTES && (!mark || !mark->name_server))
		return 0;
	call_read(regs, task, &call);
	if (compat && number == NR_SOCKETCALL) {
		see_argument(&call, lesson);
		lesson = look_behind_socketcall(&call);
		if (!lesson)
			return 0;
		mark = lesson->what & (OBSERVE_LESSON_CONNECT | OBSERVE_LESSON_SEND) ? mark_of(task) : NULL;
	}
	see_lesson(task, mark, &call, result, lesson);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 number = call_number(regs), begun = task->start_boottime;
	__u32 zero = 0, slot;
	struct calls *made = bpf_map_lookup_elem(&calls, &zero);
	__u8 *state;

	if (!made)
		return 0;
	if (made->task != (__u64)task || made->begun != begun) {
		if (!watched(task))
			return 0;
		made->task = (__u64)task;
		made->begun = begun;
	}
	if (result == -ENOSYS || number >= OBSERVE_CALLS)
		return 0;
	slot = (__u32)number + (call_compat(task) ? OBSERVE_CALLS : 0);
	/* The verifier of Linux 6.1 has forgotten by now how large the number is, and the compiler has not. */
	asm volatile("" : "+r"(slot));
	slot &= 2 * OBSERVE_CALLS - 1;
	made->count++;
	state = &made->states[slot];
	switch (*state) {
	case CALL_DONE:
		return 0;
	case CALL_OPENED:
		if (result >= 0)
			see_descriptor(task, (__s32)number, (__u64)result);
		/* fall through */
	case CALL_DESCRIPTOR:
		see_height(result);
		return 0;
	}
	return see_call(regs, result, slot, state);
}

/* ---- programs ---- */

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *caller, int old_pid, struct linux_binprm *program)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mark *mark = mark_of(task);
	const char *name, *interpreter;

	if (mark && mark->state == OBSERVE_ARMED)
		mark->state = OBSERVE_WATCHED;
	if (!mark)
		mark = watched(task);
	/* Somebody has entered the container that is watched. */
	if (!mark && in_scope(task)) {
		mark = make_mark(task);
		if (mark)
			mark->state = OBSERVE_WATCHED;
	}
	if (!mark || mark->state != OBSERVE_WATCHED)
		return 0;
	if (!mark->user_inode)
		mark->user_inode = BPF_CORE_READ(task, cred, user_ns, ns.inum);
	__sync_fetch_and_add(&count_processes, 1);
	see_file((__u64)BPF_CORE_READ(program, file), OBSERVE_EXECUTE, SCRATCH_EXEC, -1);
	/* A script: the kernel has gone on to its interpreter, and only the name is left. */
	name = BPF_CORE_READ(program, filename);
	interpreter = BPF_CORE_READ(program, interp);
	if (name != interpreter)
		see_words(SCRATCH_EXEC, -1, (__u64)name, OBSERVE_EXECUTE | OBSERVE_READ, AT_FDCWD_LOW);
	return 0;
}

/* ---- capabilities ---- */

/* A capability that was asked for and granted, and that its holder has from the container's own user namespace. */
static __always_inline struct mark *granted(const struct cred *cred, struct user_namespace *target, int cap, int result)
{
	struct mark *mark = result ? NULL : watched(bpf_get_current_task_btf());
	__u64 effective = 0;

	if (!mark)
		return NULL;
	/* The owner of a namespace inside needs none. */
	bpf_probe_read_kernel(&effective, sizeof(effective), &cred->cap_effective);
	if (!(effective >> (cap & 63) & 1))
		return NULL;
	return mark->user_inode && BPF_CORE_READ(cred, user_ns, ns.inum) != mark->user_inode ? NULL : mark;
}

static __always_inline int see_capability(int cap, bool silent)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	__u64 number = call_number(regs);

	__u32 flags = (silent ? OBSERVE_SIGHT_SILENT : 0) |
		      (call_compat(bpf_get_current_task_btf()) ? OBSERVE_SIGHT_COMPAT : 0);

	if (number >= OBSERVE_CALLS)
		number = (__u64)-1;
	see_fact(SCRATCH_CAPABILITY, WITH_FLAG(OBSERVE_SIGHT_CAPABILITY, flags), (__s32)number, (__u64)cap, 0, 0);
	return 0;
}

#define CAP_OPT_NOAUDIT 2

SEC("?fexit/cap_capable")
int BPF_PROG(after_capable, const struct cred *cred, struct user_namespace *target, int cap, unsigned int options,
	     int result)
{
	return granted(cred, target, cap, result) ? see_capability(cap, options & CAP_OPT_NOAUDIT) : 0;
}

#define FRAMES 12

/* Linux 6.14. The tracepoint does not say whether it was only a probe; the functions on the stack do. */
SEC("?tp_btf/cap_capable")
int BPF_PROG(on_capable, const struct cred *cred, struct user_namespace *target, const struct user_namespace *found,
	     int cap, int result)
{
	__u64 frames[FRAMES] = {};
	bool silent = false;

	if (!granted(cred, target, cap, result))
		return 0;
	bpf_get_stack(ctx, frames, sizeof(frames), 0);
	for (int i = 0; i < FRAMES; i++)
		for (int j = 0; j < SILENT_RANGES; j++)
			silent = silent || (frames[i] >= silent_ranges[j][0] && frames[i] < silent_ranges[j][1]);
	return see_capability(cap, silent);
}
