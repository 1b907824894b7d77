/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulkhead-unpack: the helper program that reads archives, from standard input. Before the first byte is read it has no
 * power left; then the archive may be as hostile as it likes. It has two modes:
 *
 *   for bulkhead run tar:…   started by the container's child in the container's namespaces: unpacks into the working
 *                            directory, which becomes its root first. It keeps the capabilities for files, and limits; no
 *                            path leads out, and there is no network and no exec. One line on standard output says what
 *                            was refused.
 *   --frames, for cp -       has nothing but its standard streams: what it reads goes into a socket (unpack_frames.c).
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <linux/capability.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <syscall.h>
#include <unistd.h>

#include "base/types.h"
#include "cmd/helpers/unpack.h"

#define FILES_MAX 64

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

/* The capabilities that stay: for the files of the container's root, within its user namespace. A file can be no larger
 * than what it lies on: a sparse one would say so only when it is written. */
static int give_up_power(void)
{
	const uint64_t kept = 1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_FOWNER | 1ull << CAP_FSETID;
	struct statvfs fs;
	int result;

	if (statvfs(".", &fs) < 0)
		return -errno;
	result = unpack_set_limits(fs.f_blocks ? (uint64_t)fs.f_blocks * fs.f_frsize : RLIM_INFINITY, FILES_MAX);
	if (result < 0)
		return result;
	if (chroot(".") < 0 || chdir("/") < 0)
		return -errno;
	return unpack_give_up_power(kept, calls, ARRAY_SIZE(calls));
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

static int unpack_to_disk(bool one_id)
{
	int flags = ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_SPARSE |
		    ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
		    ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS;
	struct archive *reader = unpack_new_reader(), *disk = archive_write_disk_new();
	int result;

	if (!reader || !disk)
		return refuse(NULL, "out of memory");
	archive_write_disk_set_options(disk, one_id ? flags : flags | ARCHIVE_EXTRACT_OWNER);
	result = give_up_power();
	if (result < 0)
		return refuse(NULL, strerror(-result));
	lseek(STDIN_FILENO, 0, SEEK_SET);
	if (archive_read_open_fd(reader, STDIN_FILENO, UNPACK_BLOCK) != ARCHIVE_OK)
		return refuse(NULL, archive_error_string(reader));
	return unpack(reader, disk);
}

int main(int argc, char **argv)
{
	const char *mode = argc == 2 ? argv[1] : "";
	bool one_id = strcmp(mode, "--one-id") == 0, frames = strcmp(mode, "--frames") == 0;

	if (argc > 2 || (argc == 2 && !one_id && !frames) || isatty(STDIN_FILENO)) {
		fprintf(stderr, "bulkhead-unpack: bulkhead run and cp start this program\n");
		return EXIT_FAILURE;
	}
	/* Names in an archive are UTF-8; the C library has this locale built in. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (!frames)
		return unpack_to_disk(one_id);
	unpack_frames(STDIN_FILENO, STDOUT_FILENO, unpack_frames_confine());
	return EXIT_SUCCESS;
}
