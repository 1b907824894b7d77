/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * observe: runs in the kernel, at the end of system calls that came back with an error, in processes that are watched. It
 * reports what was asked and every no on the way; it changes nothing and never waits. Everything else pays for one comparison
 * a call, and only while somebody looks.
 *
 * A process is watched when it carries a mark (put on it by user space, inherited by its children), or lives in the mount
 * namespace or below the cgroup that is looked at. The mark stands at the thread that leads the process.
 */
#include "insight/bpf/kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "insight/bpf/event.h"

/* The kernel lends its helpers to programs under the GPL only. */
char kernel_license[] SEC("license") = "GPL";

/* ---- what user space sets before loading ---- */

const volatile __u64 errors_always; /* bit n: every call that returns -n is reported */
const volatile __u32 scope_mount;   /* inode of a mount namespace, 0: none */
const volatile __u64 scope_cgroup;  /* id of a cgroup of version 2, 0: none */
const volatile __u32 scope_cgroup_level;
const volatile __u32 rate_max; /* refusals a second and processor */

__u64 count_seen, count_lost, count_limited, count_repeated;

/* ---- maps ---- */

/* The registers at the entry of a call, which tell its evidence from that of another. */
struct call_identity {
	__u64 ip, sp, number, first, second, third;
};
struct mark {
	__u32 watched, count;
	struct call_identity identity;
	struct observe_evidence evidence[OBSERVE_EVIDENCE_MAX];
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct mark);
} marks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OBSERVE_CALLS);
	__type(key, __u32);
	__type(value, struct observe_call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
} filters_seen SEC(".maps");

/* Refusals by what is the same in them, and how often they came since they were reported. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u64);
} repeats SEC(".maps");

struct rate {
	__u64 second;
	__u32 count;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rate);
} rates SEC(".maps");

struct scratch {
	char path[2][OBSERVE_PATH_MAX];
	char walk[OBSERVE_WALK_MAX];
	__u64 filters[OBSERVE_FILTERS_MAX];
	__u64 words[OBSERVE_CHUNK];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* ---- registers ---- */

#define COMPAT 2 /* TS_COMPAT of the x86 kernel */

struct call {
	__u64 number, ip, sp, args[6];
	bool compat;
};

static __always_inline void call_read(struct pt_regs *regs, struct task_struct *task, struct call *ret)
{
#if defined(__TARGET_ARCH_x86)
	ret->compat = task->thread_info.status & COMPAT;
	ret->number = BPF_CORE_READ(regs, orig_ax);
	ret->ip = BPF_CORE_READ(regs, ip);
	ret->sp = BPF_CORE_READ(regs, sp);
	if (ret->compat) {
		ret->args[0] = (__u32)BPF_CORE_READ(regs, bx);
		ret->args[1] = (__u32)BPF_CORE_READ(regs, cx);
		ret->args[2] = (__u32)BPF_CORE_READ(regs, dx);
		ret->args[3] = (__u32)BPF_CORE_READ(regs, si);
		ret->args[4] = (__u32)BPF_CORE_READ(regs, di);
		ret->args[5] = (__u32)BPF_CORE_READ(regs, bp);
		return;
	}
	ret->args[0] = BPF_CORE_READ(regs, di);
	ret->args[1] = BPF_CORE_READ(regs, si);
	ret->args[2] = BPF_CORE_READ(regs, dx);
	ret->args[3] = BPF_CORE_READ(regs, r10);
	ret->args[4] = BPF_CORE_READ(regs, r8);
	ret->args[5] = BPF_CORE_READ(regs, r9);
#elif defined(__TARGET_ARCH_arm64)
	ret->compat = false;
	ret->number = BPF_CORE_READ(regs, syscallno);
	ret->ip = BPF_CORE_READ(regs, pc);
	ret->sp = BPF_CORE_READ(regs, sp);
	ret->args[0] = BPF_CORE_READ(regs, orig_x0);
	ret->args[1] = BPF_CORE_READ(regs, regs[1]);
	ret->args[2] = BPF_CORE_READ(regs, regs[2]);
	ret->args[3] = BPF_CORE_READ(regs, regs[3]);
	ret->args[4] = BPF_CORE_READ(regs, regs[4]);
	ret->args[5] = BPF_CORE_READ(regs, regs[5]);
#endif
}

static __always_inline bool identity_same(const struct call_identity *identity, const struct call *call)
{
	return identity->ip == call->ip && identity->sp == call->sp && identity->number == call->number &&
	       identity->first == call->args[0] && identity->second == call->args[1] &&
	       identity->third == call->args[2];
}

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

static __always_inline int capability(const struct cred *cred, struct user_namespace *target, int cap, __u32 flags,
				      int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct observe_evidence *evidence;
	__u64 effective = 0, bounding = 0, permitted = 0;
	struct user_namespace *own;
	struct mark *mark;

	if (!result)
		return 0;
	mark = current_mark(task);
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
	return 0;
}

/* Linux 6.14 */
SEC("?tp_btf/cap_capable")
int BPF_PROG(on_capable, const struct cred *cred, struct user_namespace *target, const struct user_namespace *found,
	     int cap, int result)
{
	return capability(cred, target, cap, 0, result);
}

#define CAP_OPT_NOAUDIT 2

SEC("?fexit/cap_capable")
int BPF_PROG(after_capable, const struct cred *cred, struct user_namespace *target, int cap, unsigned int options,
	     int result)
{
	return capability(cred, target, cap, options & CAP_OPT_NOAUDIT ? OBSERVE_CAP_SILENT : 0, result);
}

#define HOOK_NEGATIVE(value) ((int)(value) < 0)
#define HOOK_FALSE(value) (!((value)&1))
#define HOOK_TRUE(value) ((value)&1)

static __always_inline int hook(__u32 row, __u64 value)
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
#include "insight/bpf/hooks.h"
#undef HOOK
	ROW_COUNT
};

#define HOOK(function, when, layer, name)                                                                            \
	SEC("?fexit/" #function)                                                                                     \
	int hook_##function(void *context)                                                                           \
	{                                                                                                            \
		__u64 value;                                                                                         \
                                                                                                                     \
		if (bpf_get_func_ret(context, &value) || !HOOK_##when(value))                                        \
			return 0;                                                                                    \
		return hook(ROW_##function, value);                                                                  \
	}
#include "insight/bpf/hooks.h"
#undef HOOK

/* ---- seccomp filters ---- */

#define SECCOMP_MODE_FILTER 2 /* 3 once a kill is decided */

/* The functions that are not inlined are checked by the verifier once each: with them in one piece it would give up. */
__attribute__((noinline)) int filter_send(__u64 name, __u64 instructions, __u32 length)
{
	for (__u32 i = 0; i < OBSERVE_INSTRUCTIONS_MAX / OBSERVE_CHUNK; i++) {
		__u32 offset = i * OBSERVE_CHUNK;
		struct observe_filter *record;
		__u64 count, size;

		if (offset >= length)
			break;
		record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
		if (!record) {
			__sync_fetch_and_add(&count_lost, 1);
			bpf_map_delete_elem(&filters_seen, &name);
			break;
		}
		count = length - offset < OBSERVE_CHUNK ? length - offset : OBSERVE_CHUNK;
		record->kind = OBSERVE_FILTER;
		record->length = length;
		record->name = name;
		record->offset = offset;
		record->count = count;
		size = count * sizeof(struct observe_instruction);
		/* The verifier does not see the bound of count: it wants one of its own. */
		asm volatile("" : "+r"(size));
		if (size > sizeof(record->instructions))
			size = sizeof(record->instructions);
		bpf_probe_read_kernel(record->instructions, size, (void *)(instructions + (__u64)offset * 8));
		bpf_ringbuf_submit(record, 0);
	}
	return 0;
}

/*
 * A name for a filter: its address and what is in its first and last instructions. An address alone would name another
 * filter after its memory was used again.
 */
__attribute__((noinline)) __u64 filter_name(__u64 instructions, __u32 length)
{
	__u64 name = instructions * 31 + length, at = 0;
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);

	if (!scratch)
		return 0;
	for (int part = 0; part < 2; part++) {
		__u64 count = length < OBSERVE_CHUNK ? length : OBSERVE_CHUNK, size = count * 8;

		asm volatile("" : "+r"(size));
		if (size > sizeof(scratch->words))
			size = sizeof(scratch->words);
		bpf_probe_read_kernel(scratch->words, size, (void *)(instructions + at));
		for (__u32 i = 0; i < OBSERVE_CHUNK; i++) {
			if (i >= count)
				break;
			name = name * 0x100000001b3ULL ^ scratch->words[i];
		}
		if (length <= OBSERVE_CHUNK)
			break;
		at = (__u64)(length - OBSERVE_CHUNK) * 8;
	}
	return name;
}

struct filters {
	struct seccomp_filter *next;
	struct scratch *scratch;
	__u32 count, flags;
};

/* One filter of the chain; 1 ends it. */
static long filters_step(__u32 index, struct filters *filters)
{
	struct seccomp_filter *filter = filters->next;
	struct sock_fprog_kern *program;
	__u64 instructions, name;
	__u32 length, one = 1;

	if (!filter)
		return 1;
	if (index >= OBSERVE_FILTERS_MAX) {
		filters->flags |= OBSERVE_FILTERS_CUT;
		return 1;
	}
	program = BPF_CORE_READ(filter, prog, orig_prog);
	if (!program) { /* no CONFIG_CHECKPOINT_RESTORE */
		filters->flags |= OBSERVE_FILTERS_UNSEEN;
		return 1;
	}
	length = BPF_CORE_READ(program, len);
	instructions = (__u64)BPF_CORE_READ(program, filter);
	name = filter_name(instructions, length);
	filters->count = index + 1;
	/* The compiler knows that index is small enough, and the verifier does not. */
	asm volatile("" : "+r"(index));
	filters->scratch->filters[index & (OBSERVE_FILTERS_MAX - 1)] = name;
	if (!bpf_map_lookup_elem(&filters_seen, &name)) {
		bpf_map_update_elem(&filters_seen, &name, &one, BPF_ANY);
		filter_send(name, instructions, length);
	}
	filters->next = BPF_CORE_READ(filter, prev);
	return 0;
}

static __always_inline void filters_read(struct task_struct *task, struct filters *filters)
{
	if (task->seccomp.mode < SECCOMP_MODE_FILTER)
		return;
	filters->next = BPF_CORE_READ(task, seccomp.filter);
	bpf_loop(OBSERVE_FILTERS_MAX + 1, filters_step, filters, 0);
}

/* ---- paths ---- */

#define WALK_DEPTH 32
#define NAME_MAX 64

struct walk {
	struct mount *mount;
	struct dentry *dentry;
	struct scratch *scratch;
	__u32 length;
};

/* One step up: a name more, or out of a mount into the one around it. 1 ends the walk. */
static long walk_step(__u32 index, struct walk *walk)
{
	struct dentry *dentry = walk->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	struct mount *mount = walk->mount, *above;
	__u32 length = walk->length;
	long got;

	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root) || dentry == parent) {
		above = BPF_CORE_READ(mount, mnt_parent);
		if (above == mount) {
			/* Files without a directory have a name and no way: "memfd:x". */
			if (length == 0 && dentry == parent) {
				got = bpf_probe_read_kernel_str(walk->scratch->walk, NAME_MAX, BPF_CORE_READ(dentry, d_name.name));
				walk->length = got > 1 && walk->scratch->walk[0] != '/' ? (__u32)got : 0;
			}
			return 1;
		}
		walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = above;
		return 0;
	}
	if (length >= OBSERVE_WALK_MAX - NAME_MAX)
		return 1;
	got = bpf_probe_read_kernel_str(walk->scratch->walk + length, NAME_MAX, BPF_CORE_READ(dentry, d_name.name));
	if (got <= 0)
		return 1;
	walk->length = length + (__u32)got;
	walk->dentry = parent;
	return 0;
}

/* Names from a place up to the root of its mount tree, through mount points, into the scratch; returns their length. */
__attribute__((noinline)) int walk_up(__u64 mount, __u64 dentry)
{
	__u32 zero = 0;
	struct walk walk = {
		.mount = container_of((struct vfsmount *)mount, struct mount, mnt),
		.dentry = (struct dentry *)dentry,
		.scratch = bpf_map_lookup_elem(&scratches, &zero),
	};

	if (!walk.scratch)
		return 0;
	bpf_loop(WALK_DEPTH, walk_step, &walk, 0);
	return (int)walk.length;
}

static __always_inline __u64 argument(const struct call *call, __u32 arguments, __u32 shift)
{
	switch ((arguments >> shift) & 15) {
	case 1:
		return call->args[0];
	case 2:
		return call->args[1];
	case 3:
		return call->args[2];
	case 4:
		return call->args[3];
	case 5:
		return call->args[4];
	}
	return 0;
}

#define AT_FDCWD_LOW 0xffffff9cu

/* The place of a descriptor, or of the working directory, into the scratch; returns its length. */
static __always_inline __u32 place(struct task_struct *task, int fd, bool cwd)
{
	struct file **table, *file = NULL;
	struct fs_struct *fs;

	if (cwd) {
		fs = BPF_CORE_READ(task, fs);
		return (__u32)walk_up((__u64)BPF_CORE_READ(fs, pwd.mnt), (__u64)BPF_CORE_READ(fs, pwd.dentry));
	}
	if (fd < 0 || (__u32)fd >= BPF_CORE_READ(task, files, fdt, max_fds))
		return 0;
	table = BPF_CORE_READ(task, files, fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), table + fd);
	if (!file)
		return 0;
	return (__u32)walk_up((__u64)BPF_CORE_READ(file, f_path.mnt), (__u64)BPF_CORE_READ(file, f_path.dentry));
}

static __always_inline __u32 place_read(struct task_struct *task, const struct call *call, __u32 arguments,
					const struct scratch *scratch)
{
	__u32 fd;

	if (!(arguments & (15 << OBSERVE_ARG_FD_SHIFT)))
		return arguments & 15 && scratch->path[0][0] != '/' ? place(task, -1, true) : 0;
	fd = (__u32)argument(call, arguments, OBSERVE_ARG_FD_SHIFT);
	return scratch->path[0][0] == '/' ? 0 : place(task, (int)fd, fd == AT_FDCWD_LOW);
}

#define ADDRESS_SIZE 110 /* struct sockaddr_un */

static __always_inline void paths_read(const struct call *call, __u32 arguments, struct scratch *scratch)
{
	scratch->path[0][0] = scratch->path[1][0] = 0;
	if (arguments & (15 << OBSERVE_ARG_PATH0_SHIFT))
		bpf_probe_read_user_str(scratch->path[0], OBSERVE_PATH_MAX,
					(void *)argument(call, arguments, OBSERVE_ARG_PATH0_SHIFT));
	if (arguments & (15 << OBSERVE_ARG_PATH1_SHIFT))
		bpf_probe_read_user_str(scratch->path[1], OBSERVE_PATH_MAX,
					(void *)argument(call, arguments, OBSERVE_ARG_PATH1_SHIFT));
	if (arguments & (15 << OBSERVE_ARG_ADDRESS_SHIFT)) {
		__builtin_memset(scratch->path[1], 0, ADDRESS_SIZE + 2);
		/* An address may end where the page does. */
		if (bpf_probe_read_user(scratch->path[1], ADDRESS_SIZE,
					(void *)argument(call, arguments, OBSERVE_ARG_ADDRESS_SHIFT)))
			bpf_probe_read_user(scratch->path[1], 16,
					    (void *)argument(call, arguments, OBSERVE_ARG_ADDRESS_SHIFT));
	}
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
	record->seccomp_mode = task->seccomp.mode;
	record->flags |= task->atomic_flags & 1 ? OBSERVE_NO_NEW_PRIVS : 0;
}

static __always_inline int report(struct task_struct *task, struct mark *mark, const struct call *call, long result,
				  __u32 kind, __u32 arguments, struct scratch *scratch)
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
	record->flags = filters.flags | (call->compat ? OBSERVE_COMPAT : 0);
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

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	struct task_struct *task;
	struct observe_call *known;
	struct scratch *scratch;
	struct call call = {};
	struct mark *mark;
	__u32 zero = 0, number;

	/* All that a call costs which succeeds, and one that fails for everyday reasons. */
	if (result >= 0 || result < -133)
		return 0;
	task = bpf_get_current_task_btf();
	call_read(regs, task, &call);
	number = call.number & (OBSERVE_CALLS - 1);
	known = bpf_map_lookup_elem(&calls, &number);
	if (!known || result < -63 || !((errors_always | (call.compat ? 0 : known->errors)) >> (-result & 63) & 1))
		return 0;
	mark = current_mark(task);
	scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!mark || !scratch)
		return 0;
	__sync_fetch_and_add(&count_seen, 1);
	paths_read(&call, call.compat ? 0 : known->arguments, scratch);
	if (repeated(&call, result, bpf_get_current_pid_tgid())) {
		mark->count = 0;
		return 0;
	}
	return report(task, mark, &call, result, OBSERVE_REFUSAL, call.compat ? 0 : known->arguments, scratch);
}

/* ---- signals, and the life of processes ---- */

#define SIGKILL 9
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGSYS 31
#define SYS_SECCOMP 1
#define SEND_SIG_PRIV 1 /* in place of a pointer: the kernel itself sends */

SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int signal, struct kernel_siginfo *info, struct task_struct *to)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct observe_signal *record;
	struct scratch *scratch;
	struct call call = {};
	struct mark *mark;
	__u32 zero = 0;
	int code = 0;

	if (signal != SIGKILL && signal != SIGXCPU && signal != SIGXFSZ && signal != SIGSYS)
		return 0;
	if ((unsigned long)info > SEND_SIG_PRIV)
		code = BPF_CORE_READ(info, si_code);
	else if ((unsigned long)info != SEND_SIG_PRIV)
		return 0;
	if (signal == SIGSYS) {
		mark = code == SYS_SECCOMP ? current_mark(task) : NULL;
		scratch = bpf_map_lookup_elem(&scratches, &zero);
		if (!mark || !scratch)
			return 0;
		call_read((struct pt_regs *)bpf_task_pt_regs(task), task, &call);
		scratch->path[0][0] = scratch->path[1][0] = 0;
		return report(task, mark, &call, 0, OBSERVE_SECCOMP_KILL, 0, scratch);
	}
	mark = bpf_task_storage_get(&marks, to, NULL, 0);
	if (!mark || !mark->watched || code < 0)
		return 0;
	if (signal == SIGKILL && (unsigned long)info != SEND_SIG_PRIV)
		return 0;
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record)
		return 0;
	record->kind = OBSERVE_SIGNAL;
	record->pid = to->tgid;
	record->tid = to->pid;
	record->signal = signal;
	record->code = code;
	bpf_probe_read_kernel_str(record->comm, sizeof(record->comm), to->comm);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __always_inline int process(struct task_struct *task, __u32 kind, const char *path)
{
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
	if (path)
		bpf_probe_read_kernel_str(record->path, sizeof(record->path), path);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *program)
{
	return process(bpf_get_current_task_btf(), OBSERVE_EXEC, BPF_CORE_READ(program, filename));
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	/* The last thread speaks for the process. */
	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	return process(bpf_get_current_task_btf(), OBSERVE_EXIT, NULL);
}
