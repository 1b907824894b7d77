/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bpf/kernel: the few members of the kernel's structs that the programs look at, by hand. Their offsets are found
 * when the
 * programs are loaded (CO-RE), in the BTF of the kernel that runs: nothing of the building machine's kernel is
 * compiled in.
 * Only members that are named here exist; their order means nothing.
 */
#ifndef BULKHEAD_INSIGHT_BPF_KERNEL_H
#define BULKHEAD_INSIGHT_BPF_KERNEL_H

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

/* <linux/bpf.h> */
#define BPF_ANY 0
#define BPF_RB_NO_WAKEUP 1
#define BPF_RB_FORCE_WAKEUP 2
#define BPF_RB_AVAIL_DATA 0
#define BPF_LOCAL_STORAGE_GET_F_CREATE 1
#define BPF_F_NO_PREALLOC 1
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	__u32 val;
} kuid_t;
typedef struct {
	__u32 val;
} kgid_t;
typedef struct {
	__u64 val;
} kernel_cap_t;
typedef struct {
	int counter;
} atomic_t;

struct ns_common {
	__u32 inum;
};
struct uid_gid_extent {
	__u32 first, lower_first, count;
};
struct uid_gid_map {
	__u32 nr_extents;
	struct uid_gid_extent extent[5];
};
struct user_namespace {
	struct uid_gid_map uid_map, gid_map;
	struct user_namespace *parent;
	int level;
	kuid_t owner;
	unsigned long flags;
	struct ns_common ns;
};
struct mnt_namespace {
	struct ns_common ns;
};
struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct group_info {
	int ngroups;
	kgid_t gid[];
};

struct cred {
	kuid_t euid, fsuid;
	kgid_t egid, fsgid;
	kernel_cap_t cap_permitted, cap_effective, cap_bset;
	struct user_namespace *user_ns;
	struct group_info *group_info;
};

struct sock_fprog_kern {
	__u16 len;
	void *filter;
};
struct bpf_prog {
	struct sock_fprog_kern *orig_prog;
};
struct seccomp_filter {
	struct seccomp_filter *prev;
	struct bpf_prog *prog;
};
struct seccomp {
	int mode;
	struct seccomp_filter *filter;
};

struct qstr {
	__u64 hash_len;
	const unsigned char *name;
};
struct super_block {
	__u32 s_dev;
};
struct inode {
	__u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	unsigned long i_ino;
	struct super_block *i_sb;
};
struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};
struct vfsmount {
	struct dentry *mnt_root;
	int mnt_flags;
};
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_mode, f_flags;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};
struct fs_struct {
	struct path root, pwd;
};

struct rlimit {
	unsigned long rlim_cur, rlim_max;
};
struct signal_struct {
	atomic_t live;
	struct rlimit rlim[16];
	void *oom_mm;
};
struct thread_info {
	__u32 status;
};
struct bpf_local_storage;
struct mm_struct {
	int map_count;
	unsigned long total_vm;
};
struct task_struct {
	struct thread_info thread_info;
	unsigned long atomic_flags;
	int pid, tgid, exit_code;
	char comm[16];
	const struct cred *cred;
	struct nsproxy *nsproxy;
	struct seccomp seccomp;
	struct signal_struct *signal;
	struct files_struct *files;
	struct fs_struct *fs;
	struct task_struct *group_leader;
	struct bpf_local_storage *bpf_storage;
	struct mm_struct *mm;
	__u64 start_boottime;
};
struct linux_binprm {
	struct file *file;
	const char *filename, *interp;
};
struct kernel_siginfo {
	int si_signo, si_code;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r10, r9, r8, bx, bp, ax, cx, dx, si, di, orig_ax, ip, sp;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31], sp, pc, orig_x0;
	__s32 syscallno;
};
#endif

#pragma clang attribute pop
#endif
