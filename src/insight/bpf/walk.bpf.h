/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bpf/walk: the names from a place up to the root of its mount tree. Before it is included: WALK_DEPTH steps at most,
 * WALK_ROOM bytes of names, WALK_NAME bytes of one of them with its NUL.
 */
#ifndef BULKHEAD_INSIGHT_BPF_WALK_H
#define BULKHEAD_INSIGHT_BPF_WALK_H

#include "insight/bpf/look.bpf.h"

enum walk_end {
	WALK_ROOT = 1,	  /* it came to the root of the tree */
	WALK_NOWHERE = 2, /* and the tree is mounted nowhere: a pipe, a memfd, what was unmounted */
};

struct walk {
	struct mount *mount;
	struct dentry *dentry, *root; /* root: of the mount */
	char *out;
	__u32 length, end;
};

/* One step up: a name more, or out of a mount into the one around it. 1 ends the walk. */
static long walk_step(__u32 index, struct walk *walk)
{
	struct dentry *dentry = walk->dentry, *parent = LOOK(dentry, d_parent);
	struct mount *mount = walk->mount, *above;
	__u32 length = walk->length;
	long got;

	if (dentry == walk->root || dentry == parent) {
		above = LOOK(mount, mnt_parent);
		if (above == mount) {
			unsigned long space = (unsigned long)LOOK(mount, mnt_ns);

			walk->end = WALK_ROOT | (space && space < -4095UL ? 0 : WALK_NOWHERE);
			/* Files without a directory have a name and no way: "memfd:x". */
			if (length == 0 && dentry == parent) {
				got = bpf_probe_read_kernel_str(walk->out, WALK_NAME, LOOK(dentry, d_name.name));
				walk->length = got > 1 && walk->out[0] != '/' ? (__u32)got : 0;
			}
			return 1;
		}
		walk->dentry = LOOK(mount, mnt_mountpoint);
		walk->root = LOOK(above, mnt.mnt_root);
		walk->mount = above;
		return 0;
	}
	if (length >= WALK_ROOM - WALK_NAME)
		return 1;
	got = bpf_probe_read_kernel_str(walk->out + length, WALK_NAME, LOOK(dentry, d_name.name));
	if (got <= 0)
		return 1;
	walk->length = length + (__u32)got;
	walk->dentry = parent;
	return 0;
}

/* Names from a place into out, which has WALK_ROOM bytes; returns their length. ret_end: how it ended; may be NULL. */
static __always_inline __u32 walk_names(__u64 mount, __u64 dentry, char *out, __u32 *ret_end)
{
	struct mount *first = container_of((struct vfsmount *)mount, struct mount, mnt);
	struct walk walk = {
		.mount = first,
		.dentry = (struct dentry *)dentry,
		.root = LOOK(first, mnt.mnt_root),
		.out = out,
	};

	bpf_loop(WALK_DEPTH, walk_step, &walk, 0);
	if (ret_end)
		*ret_end = walk.end;
	return walk.length;
}

#endif
