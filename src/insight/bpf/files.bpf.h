/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf/files: files that a program uses: by what the kernel knows of them, and by the names that it wrote. */
#ifndef BULKHEAD_INSIGHT_BPF_FILES_H
#define BULKHEAD_INSIGHT_BPF_FILES_H

#include "insight/bpf/lessons.bpf.h"

#define WALK_DEPTH 128
#define WALK_ROOM  OBSERVE_SIGHT_PATH_MAX
#define WALK_NAME  256
#include "insight/bpf/walk.bpf.h"

#define FMODE_READ	1
#define FMODE_WRITE	2
#define FMODE_PATH	0x4000
#define FMODE_CREATED	0x100000
#define FMODE_BACKING	0x2000000 /* the inner file of an overlay, Linux 6.8 */
#define O_TRUNC		01000
#define FMODE_EXEC	0x20 /* among f_flags: the kernel opens it to execute it, which on_exec tells */

static __always_inline __u32 access_of(struct file *file)
{
	__u32 mode = LOOK(file, f_mode), flags = LOOK(file, f_flags), access = 0;

	if (mode & (FMODE_PATH | FMODE_BACKING) || flags & FMODE_EXEC)
		return 0;
	access |= mode & FMODE_READ ? OBSERVE_READ : 0;
	access |= mode & FMODE_WRITE || flags & O_TRUNC ? OBSERVE_WRITE : 0;
	access |= mode & FMODE_CREATED ? OBSERVE_WRITE | OBSERVE_MAKE : 0;
	return access;
}

/* A file by what the kernel knows of it, with its name. Functions that are not inlined are checked by the verifier once. */
__attribute__((noinline)) int see_file(__u64 address, __u32 access, __u32 which, __s32 number)
{
	struct file *file = (struct file *)address;
	struct inode *inode = LOOK(file, f_inode);
	struct dentry *dentry = LOOK(file, f_path.dentry);
	struct vfsmount *mount = LOOK(file, f_path.mnt);
	struct super_block *tree = LOOK(inode, i_sb);
	struct fact fact = {
		.what = OBSERVE_SIGHT_FILE | (__u64)access << 8 | (__u64)LOOK(tree, s_dev) << 32,
		.value = {LOOK(inode, i_ino), LOOK(dentry, d_name.hash_len), (__u64)mount},
	};
	struct observe_sight *sight;
	__u32 end = 0;

	if (!is_new(which, &fact))
		return 0;
	sight = room_of(which);
	if (!sight)
		return 0;
	begin_sight(sight, OBSERVE_SIGHT_FILE, number);
	sight->access = access;
	sight->mode = LOOK(inode, i_mode);
	sight->walk_length = walk_names((__u64)mount, (__u64)dentry, sight->text, &end);
	if (end & WALK_NOWHERE)
		return 0;
	sight->flags = end ? 0 : OBSERVE_SIGHT_CUT;
	end_sight(sight);
	return 0;
}

/* The verifier knows the task for what it is, so that these members are read without a helper. */
static __always_inline struct file *file_of(struct task_struct *task, __u64 fd)
{
	struct fdtable *descriptors = task->files->fdt;
	struct file **table, *file = NULL;

	if (fd >= descriptors->max_fds)
		return NULL;
	table = descriptors->fd;
	bpf_probe_read_kernel(&file, sizeof(file), table + fd);
	return file;
}

/* ---- paths that are changed: as the program wrote them, and where they begin ---- */

/* A number for the record's text: the same for the same text. */
__attribute__((noinline)) __u64 hash_text(__u32 which, __u32 length)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &which);
	__u64 hash = length;

	for (__u32 i = 0; scratch && i < OBSERVE_SIGHT_PATH_MAX / 8; i++) {
		if (i * 8 >= length)
			break;
		hash = (hash ^ ((const __u64 *)scratch->sight.text)[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash;
}

#define AT_FDCWD_LOW 0xffffff9cu
#define HOW_USER     0x100 /* beside enum observe_access: the path is in the program's memory */

/* The root of a relative path: a descriptor's file, or the working directory. */
static __always_inline void begin_of(struct task_struct *task, __u32 fd, struct path *ret)
{
	struct fs_struct *fs;
	struct file *file;

	if (fd != AT_FDCWD_LOW) {
		file = file_of(task, fd);
		ret->mnt = BPF_CORE_READ(file, f_path.mnt);
		ret->dentry = BPF_CORE_READ(file, f_path.dentry);
		return;
	}
	fs = BPF_CORE_READ(task, fs);
	ret->mnt = BPF_CORE_READ(fs, pwd.mnt);
	ret->dentry = BPF_CORE_READ(fs, pwd.dentry);
}

#define WORDS_MAX (OBSERVE_SIGHT_PATH_MAX - 8)

__attribute__((noinline)) int see_words(__u32 which, __s32 number, __u64 path, __u32 how, __u32 fd)
{
	struct observe_sight *sight = room_of(which);
	struct fact fact = {.what = OBSERVE_SIGHT_FILE | OBSERVE_SIGHT_WORDS << 16 | (__u64)(how & 0xff) << 8};
	struct path begin = {};
	__u32 end = 0;
	long got;

	if (!sight)
		return 0;
	got = how & HOW_USER ? bpf_probe_read_user_str(sight->text, WORDS_MAX, (void *)path)
			     : bpf_probe_read_kernel_str(sight->text, WORDS_MAX, (void *)path);
	asm volatile("" : "+r"(got));
	if (got <= 1 || got > WORDS_MAX)
		return 0;
	/* What an earlier record left behind the text must not be part of its number. */
	__builtin_memset(sight->text + got, 0, 8);
	if (sight->text[0] != '/')
		begin_of(bpf_get_current_task_btf(), fd, &begin);
	fact.value[0] = hash_text(which, (__u32)got);
	fact.value[1] = (__u64)begin.mnt;
	fact.value[2] = (__u64)begin.dentry;
	if (!is_new(which, &fact))
		return 0;
	begin_sight(sight, OBSERVE_SIGHT_FILE, number);
	sight->access = how & 0xff;
	sight->flags = OBSERVE_SIGHT_WORDS;
	sight->path_length = (__u32)got - 1;
	if (begin.mnt)
		sight->walk_length = walk_names((__u64)begin.mnt, (__u64)begin.dentry, sight->text + got - 1, &end);
	if (got == WORDS_MAX || (begin.mnt && !end))
		sight->flags |= OBSERVE_SIGHT_CUT;
	end_sight(sight);
	return 0;
}

#endif
