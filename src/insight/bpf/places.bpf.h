/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf/places: which file was meant: paths and addresses as the program wrote them, and the way to a descriptor. */
#ifndef BULKHEAD_INSIGHT_BPF_PLACES_H
#define BULKHEAD_INSIGHT_BPF_PLACES_H

#include "insight/bpf/state.bpf.h"

#define WALK_DEPTH 32
#define WALK_ROOM  OBSERVE_WALK_MAX
#define WALK_NAME  64
#include "insight/bpf/walk.bpf.h"

/* Names from a place up to the root of its mount tree, through mount points, into the scratch; returns their length. */
__attribute__((noinline)) int walk_up(__u64 mount, __u64 dentry)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);

	return scratch ? (int)walk_names(mount, dentry, scratch->walk, NULL) : 0;
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
