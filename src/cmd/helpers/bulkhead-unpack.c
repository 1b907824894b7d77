/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulkhead-unpack: the helper program that unpacks an archive (standard input) into the working directory, which becomes
 * its root first. Started by the child of `bulkhead run tar:…` in the container's namespaces. Before the first byte is
 * read it has no capability but those for files, no path out, no network, no exec, and limits; then the archive may be as
 * hostile as it likes. One line on standard output says what was refused.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <locale.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <syscall.h>
#include <unistd.h>

#include "base/types.h"
#include "kernel/creds.h"
#include "kernel/seccomp.h"

#define BLOCK_SIZE (64 * 1024)
#define MEMORY_MAX (512ull << 20) /* the decompressor's window and our own */
#define CPU_SECONDS_MAX 1800
#define FILES_MAX 64
#define X32_BIT 0x40000000u

/* What libarchive calls to read one descriptor and to make files below the root. */
static const unsigned int calls[] = {
	SYS_read, SYS_pread64, SYS_write, SYS_pwrite64, SYS_lseek, SYS_close, SYS_openat, SYS_fstat, SYS_newfstatat,
	SYS_statx, SYS_fstatfs, SYS_statfs, SYS_ftruncate, SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat,
	SYS_mkdirat, SYS_unlinkat, SYS_symlinkat, SYS_linkat, SYS_mknodat, SYS_renameat, SYS_utimensat, SYS_readlinkat,
	SYS_umask, SYS_fcntl, SYS_dup, SYS_chdir, SYS_fchdir, SYS_getdents64, SYS_fsync,
	SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex, SYS_getrandom, SYS_clock_gettime, SYS_gettimeofday,
	SYS_getpid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_rt_sigreturn, SYS_rt_sigprocmask,
	SYS_rt_sigaction, SYS_exit, SYS_exit_group,
#ifdef SYS_open
	SYS_open, SYS_stat, SYS_lstat, SYS_chmod, SYS_chown, SYS_lchown, SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_symlink,
	SYS_link, SYS_mknod, SYS_rename, SYS_readlink, SYS_time, SYS_utime, SYS_utimes, SYS_futimesat,
#endif
};

static int deny_other_calls(void)
{
	struct sock_filter filter[2 * ARRAY_SIZE(calls) + 16];
	uint16_t count = 0;

#define ADD(statement) filter[count++] = (struct sock_filter)statement
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
#if defined(__x86_64__)
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
#else
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_AARCH64, 1, 0));
#endif
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1));
		ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	}
	/* Memory, but none that may be executed: no library is loaded any more. */
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 2, 0));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 1, 0));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])));
	ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
#undef ADD
	return seccomp_load(filter, count, 0);
}

static int set_limit(int resource, uint64_t value)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return -errno;
	if (limit.rlim_max < value)
		value = limit.rlim_max;
	limit = (struct rlimit){value, value};
	return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ? -errno : 0;
}

/* A file can be no larger than what it lies on: a sparse one would say so only when it is written. */
static int set_limits(void)
{
	struct statvfs fs;

	if (statvfs(".", &fs) < 0)
		return -errno;
	signal(SIGXFSZ, SIG_IGN);
	if (set_limit(RLIMIT_FSIZE, fs.f_blocks ? (uint64_t)fs.f_blocks * fs.f_frsize : RLIM_INFINITY) < 0 ||
	    set_limit(RLIMIT_AS, MEMORY_MAX) < 0 || set_limit(RLIMIT_CPU, CPU_SECONDS_MAX) < 0 ||
	    set_limit(RLIMIT_NOFILE, FILES_MAX) < 0)
		return -errno;
	return set_limit(RLIMIT_CORE, 0);
}

/* The capabilities that stay: for the files of the container's root, within its user namespace. */
static int give_up_power(void)
{
	const uint64_t kept = 1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_FOWNER | 1ull << CAP_FSETID;
	struct creds_capabilities capabilities;
	int result = set_limits();

	if (result < 0)
		return result;
	if (chroot(".") < 0 || chdir("/") < 0)
		return -errno;
	result = creds_ambient_clear();
	if (result == 0)
		result = creds_get_capabilities(&capabilities);
	if (result < 0)
		return result;
	capabilities.permitted &= kept;
	capabilities.effective = capabilities.permitted;
	capabilities.inheritable = 0;
	result = creds_set_capabilities(&capabilities);
	if (result == 0)
		result = creds_set_no_new_privs();
	return result < 0 ? result : deny_other_calls();
}

static bool leads_out(const char *name)
{
	for (const char *at = name; at; at = strchr(at, '/'), at = at ? at + 1 : NULL)
		if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
			return true;
	return false;
}

/* Why this entry is not unpacked; NULL when it may be. */
static const char *find_fault(struct archive_entry *entry)
{
	const char *names[] = {archive_entry_pathname(entry), archive_entry_hardlink(entry)};
	mode_t type = archive_entry_filetype(entry);

	if (!names[0] || !*names[0])
		return "it has no name";
	for (size_t i = 0; i < ARRAY_SIZE(names) && names[i]; i++) {
		if (names[i][0] == '/')
			return i ? "it is a hard link to an absolute name" : "its name is absolute; tar without -P makes none";
		if (leads_out(names[i]))
			return i ? "it is a hard link that leads out (..)" : "its name leads out (..)";
	}
	if (type == AE_IFCHR || type == AE_IFBLK)
		return "it is a device, which no archive can bring into a container";
	return NULL;
}

/* The container has a /dev of its own: what an archive has there is not needed. */
static bool is_own_device(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	mode_t type = archive_entry_filetype(entry);

	if (!name || (type != AE_IFCHR && type != AE_IFBLK))
		return false;
	if (strncmp(name, "./", 2) == 0)
		name += 2;
	return strncmp(name, "dev/", 4) == 0;
}

static int refuse(const char *name, const char *why)
{
	if (name)
		printf("entry %.120s: %s\n", name, why ? why : "it is damaged");
	else
		printf("%s\n", why ? why : "it is damaged");
	return EXIT_FAILURE;
}

static int unpack(struct archive *reader, struct archive *disk)
{
	struct archive_entry *entry;
	char last[128] = "";
	size_t count = 0;
	int result;

	while ((result = archive_read_next_header(reader, &entry)) == ARCHIVE_OK || result == ARCHIVE_WARN) {
		const char *name = archive_entry_pathname(entry), *fault;

		snprintf(last, sizeof(last), "%s", name ? name : "?");
		count++;
		if (is_own_device(entry))
			continue;
		fault = find_fault(entry);
		if (fault)
			return refuse(last, fault);
		if (archive_read_extract2(reader, entry, disk) != ARCHIVE_OK) {
			const char *why = archive_error_string(reader);

			return refuse(last, why ? why : archive_error_string(disk));
		}
	}
	if (result != ARCHIVE_EOF) {
		if (*last)
			printf("after ");
		return refuse(*last ? last : NULL, archive_error_string(reader));
	}
	if (!count)
		return refuse(NULL, "it holds nothing");
	if (archive_write_close(disk) != ARCHIVE_OK)
		return refuse(NULL, archive_error_string(disk));
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	bool one_id = argc == 2 && strcmp(argv[1], "--one-id") == 0;
	int flags = ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_SPARSE |
		    ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
		    ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS;
	struct archive *reader, *disk;
	int result;

	if (argc > 2 || (argc == 2 && !one_id) || isatty(STDIN_FILENO)) {
		fprintf(stderr, "bulkhead-unpack: bulkhead run starts this program\n");
		return EXIT_FAILURE;
	}
	/* Names in an archive are UTF-8; the C library has this locale built in. */
	setlocale(LC_CTYPE, "C.UTF-8");
	reader = archive_read_new();
	disk = archive_write_disk_new();
	if (!reader || !disk)
		return refuse(NULL, "out of memory");
	archive_read_support_filter_gzip(reader);
	archive_read_support_filter_zstd(reader);
	archive_read_support_format_tar(reader);
	archive_write_disk_set_options(disk, one_id ? flags : flags | ARCHIVE_EXTRACT_OWNER);
	result = give_up_power();
	if (result < 0)
		return refuse(NULL, strerror(-result));
	lseek(STDIN_FILENO, 0, SEEK_SET);
	if (archive_read_open_fd(reader, STDIN_FILENO, BLOCK_SIZE) != ARCHIVE_OK)
		return refuse(NULL, archive_error_string(reader));
	return unpack(reader, disk);
}
