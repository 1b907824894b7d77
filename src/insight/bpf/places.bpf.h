/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf/places: which file was meant: paths and addresses as the program wrote them, and the way to a descriptor. */
#ifndef BULKHEAD_INSIGHT_BPF_PLACES_H
#define BULKHEAD_INSIGHT_BPF_PLACES_H

#include "insight/bpf/state.bpf.h"

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
				got = bpf_probe_read_kernel_str(walk->scratch->walk, NAME_MAX, BPF_CORE_READ(dentry,
				 d_name.name));
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

#endif
