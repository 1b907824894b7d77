/* SPDX-License-Identifier: Apache-2.0 */
/* explain/decode: arguments as people write them, from a table of calls; names come from insight/reference. Pure. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/types.h"
#include "insight/explain/parts.h"
#include "insight/reference/reference.h"

/*
 * A letter an argument: p path 0, P path 1, A address, d descriptor or AT_FDCWD, i number, u unsigned, x hexadecimal,
 * o octal, F open flags, C clone flags, M mount flags, I ioctl command, K keyctl, B bpf command, R ptrace request, O
 * prctl option, f fcntl command, S signal, y family, t type, c capability-like nothing: left out.
 */
static const struct {
	const char *call, *arguments;
} rows[] = {
	{"accept", "d"}, {"access", "po"}, {"add_key", ""}, {"bind", "dAu"}, {"bpf", "B"}, {"brk", "x"}, {"chdir", "p"},
	{"chmod", "po"}, {"chown", "pii"}, {"chroot", "p"}, {"clock_settime", "i"}, {"clone", "C"}, {"clone3", ""},
	{"connect", "dAu"}, {"creat", "po"}, {"delete_module", ""}, {"dup2", "di"}, {"dup3", "dix"}, {"execve", "p"},
	{"execveat", "dp"}, {"faccessat", "dpo"}, {"faccessat2", "dpox"}, {"fallocate", "dxuu"}, {"fchdir", "d"},
	{"fchmod", "do"}, {"fchmodat", "dpo"}, {"fchown", "dii"}, {"fchownat", "dpiix"}, {"fcntl", "dfx"}, {"fork", ""},
	{"epoll_ctl", "did"}, {"inotify_add_watch", "dpx"}, {"inotify_init1", "x"}, {"memfd_create", "-x"}, {"shmget",
	 "xuo"},
	{"sched_setaffinity", "iu"}, {"sendmsg", "d-x"}, {"fsetxattr", "d"}, {"fsmount", "dx"}, {"ftruncate", "du"},
	 {"init_module", ""},
	 {"io_uring_setup", "u"},
	{"ioctl", "dIx"}, {"keyctl", "Kx"}, {"kill", "iS"}, {"lchown", "pii"}, {"link", "pP"}, {"linkat", "dpdPx"},
	{"lsetxattr", "p"}, {"mkdir", "po"}, {"mkdirat", "dpo"}, {"mknod", "pox"}, {"mknodat", "dpox"}, {"mlock", "xu"},
	{"mlock2", "xux"}, {"mlockall", "x"}, {"mmap", "xuxxdx"}, {"mount", "pP-M"}, {"mprotect", "xux"},
	 {"newfstatat", "dp"},
	{"open", "pF"}, {"openat", "dpF"}, {"openat2", "dp"}, {"perf_event_open", "-iidx"}, {"personality", "x"},
	{"pivot_root", "pP"}, {"prctl", "Oxx"}, {"prlimit64", "iu"}, {"ptrace", "Rixx"}, {"pwrite64", "d-uu"},
	 {"read", "d-u"},
	{"readlink", "p"}, {"reboot", "xxx"}, {"rename", "pP"}, {"renameat", "dpdP"}, {"renameat2", "dpdPx"},
	 {"rmdir", "p"},
	{"sched_setscheduler", "ii"}, {"sendto", "d-uxA"}, {"setdomainname", "-u"}, {"setgid", "i"}, {"setgroups", "u"},
	{"sethostname", "-u"}, {"setns", "dC"}, {"setpriority", "iii"}, {"setregid", "ii"}, {"setresgid", "iii"},
	{"setresuid", "iii"}, {"setreuid", "ii"}, {"setrlimit", "u"}, {"setsockopt", "dii"}, {"settimeofday", ""},
	 {"setuid", "i"},
	{"setxattr", "p"}, {"socket", "yti"}, {"socketpair", "yti"}, {"stat", "p"}, {"statfs", "p"}, {"statx", "dp"},
	{"swapon", "p"}, {"symlink", "-p"}, {"symlinkat", "-dp"}, {"syslog", "i-u"}, {"tgkill", "iiS"}, {"truncate",
	 "pu"},
	{"umount2", "px"}, {"unlink", "p"}, {"unlinkat", "dpx"}, {"unshare", "C"}, {"userfaultfd", "x"},
	 {"utimensat", "dp"},
	{"write", "d-u"}, {"writev", "d-u"},
};

struct flag {
	uint64_t bit;
	const char *name;
};

static const struct flag open_flags[] = {
	{O_CREAT, "O_CREAT"},	    {O_EXCL, "O_EXCL"},	    {O_TRUNC, "O_TRUNC"},     {O_APPEND, "O_APPEND"},
	{O_NONBLOCK, "O_NONBLOCK"}, {O_DIRECTORY, "O_DIRECTORY"}, {O_NOFOLLOW, "O_NOFOLLOW"}, {O_CLOEXEC, "O_CLOEXEC"},
	{O_PATH, "O_PATH"},	    {O_NOATIME, "O_NOATIME"}, {O_NOCTTY, "O_NOCTTY"},
};
static const struct flag mount_flags[] = {
	{1, "MS_RDONLY"}, {2, "MS_NOSUID"},   {4, "MS_NODEV"},	 {8, "MS_NOEXEC"},    {32, "MS_REMOUNT"},
	{4096, "MS_BIND"}, {8192, "MS_MOVE"}, {16384, "MS_REC"}, {1 << 18, "MS_PRIVATE"}, {1 << 19, "MS_SLAVE"},
};
static const struct flag clone_flags[] = {
	{0x00000100, "CLONE_VM"},	 {0x00000200, "CLONE_FS"},	{0x00000400, "CLONE_FILES"},   {0x00004000,
	 "CLONE_VFORK"},
	{0x00010000, "CLONE_THREAD"},	 {0x00020000, "CLONE_NEWNS"},	{0x00000080, "CLONE_NEWTIME"}, {0x02000000,
	 "CLONE_NEWCGROUP"},
	{0x04000000, "CLONE_NEWUTS"},	 {0x08000000, "CLONE_NEWIPC"},	{0x10000000, "CLONE_NEWUSER"}, {0x20000000,
	 "CLONE_NEWPID"},
	{0x40000000, "CLONE_NEWNET"},
};

static void put_flags(char *out, size_t size, uint64_t value, const struct flag *flags, size_t count, const char *first)
{
	size_t used = (size_t)snprintf(out, size, "%s", first);

	for (size_t i = 0; i < count && used < size; i++)
		if (value & flags[i].bit) {
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? "|" : "", flags[i].name);
			value &= ~flags[i].bit;
		}
	if (value && used < size)
		snprintf(out + used, size - used, "%s%#llx", used ? "|" : "", (unsigned long long)value);
	else if (!used)
		snprintf(out, size, "0");
}

/* The name of a number of this kind; the number when there is none. */
static void put_name(char *out, size_t size, enum reference_kind kind, uint64_t value)
{
	size_t first, end;

	reference_range(kind, &first, &end);
	for (size_t i = first; i < end; i++) {
		struct reference_entry entry;

		reference_at(i, &entry);
		if (entry.has_value && (uint64_t)entry.value == value) {
			snprintf(out, size, "%s", entry.name);
			return;
		}
	}
	snprintf(out, size, kind == REFERENCE_IOCTL ? "%#llx" : "%lld", (unsigned long long)value);
}

static void put_family(char *out, size_t size, uint64_t value)
{
	static const char *const names[] = {
		[AF_UNIX] = "AF_UNIX",	     [AF_INET] = "AF_INET",   [AF_INET6] = "AF_INET6",
		 [AF_NETLINK] = "AF_NETLINK",
		[AF_PACKET] = "AF_PACKET", [AF_ALG] = "AF_ALG",	      [AF_VSOCK] = "AF_VSOCK",
		 [AF_BLUETOOTH] = "AF_BLUETOOTH",
		[AF_CAN] = "AF_CAN",
	};

	if (value < ARRAY_SIZE(names) && names[value])
		snprintf(out, size, "%s", names[value]);
	else
		snprintf(out, size, "%llu", (unsigned long long)value);
}

static void put_type(char *out, size_t size, uint64_t value)
{
	static const char *const names[] = {
		"0", "SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET", "6", "7", "8", "9",
		 "SOCK_PACKET",
	};
	uint64_t type = value & 0xf;

	snprintf(out, size, "%s%s%s", type < ARRAY_SIZE(names) ? names[type] : "?",
	 value & SOCK_CLOEXEC ? "|SOCK_CLOEXEC" : "",
		 value & SOCK_NONBLOCK ? "|SOCK_NONBLOCK" : "");
}

static void put_address(char *out, size_t size, const char *bytes)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in6 six;
	struct sockaddr_in four;
	uint16_t family;

	memcpy(&family, bytes, sizeof(family));
	memcpy(&four, bytes, sizeof(four));
	memcpy(&six, bytes, sizeof(six));
	if (family == AF_INET && inet_ntop(AF_INET, &four.sin_addr, text, sizeof(text)))
		snprintf(out, size, "%s:%u", text, ntohs(four.sin_port));
	else if (family == AF_INET6 && inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof(text)))
		snprintf(out, size, "[%s]:%u", text, ntohs(six.sin6_port));
	else if (family == AF_UNIX)
		snprintf(out, size, "unix:%s%.107s", bytes[2] ? "" : "@", bytes + 2 + !bytes[2]);
	else
		put_family(out, size, family);
}

/* A path in quotes, control characters as question marks: names cannot forge lines. */
static void put_path(char *out, size_t size, const char *path)
{
	size_t used = (size_t)snprintf(out, size, "\"%.*s\"", OBSERVE_PATH_MAX - 1, path);

	for (size_t i = 0; i < used && i < size; i++)
		if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
			out[i] = '?';
}

static void put(const struct parts_case *one, char letter, uint64_t value, char *out, size_t size)
{
	static const char *const access[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
	static const struct {
		char letter;
		enum reference_kind kind;
	} kinds[] = {
		{'I', REFERENCE_IOCTL}, {'K', REFERENCE_KEYCTL}, {'B', REFERENCE_BPF},	{'R', REFERENCE_PTRACE},
		{'O', REFERENCE_PRCTL}, {'f', REFERENCE_FCNTL},	 {'S', REFERENCE_SIGNAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].letter == letter) {
			put_name(out, size, kinds[i].kind, letter == 'I' ? (uint32_t)value : value);
			return;
		}
	switch (letter) {
	case 'p':
		put_path(out, size, one->refusal->path[0]);
		break;
	case 'P':
		put_path(out, size, one->refusal->path[1]);
		break;
	case 'A':
		put_address(out, size, one->refusal->path[1]);
		break;
	case 'd':
		snprintf(out, size, (int)value == AT_FDCWD ? "AT_FDCWD" : "%d", (int)value);
		break;
	case 'i':
		snprintf(out, size, "%d", (int)value);
		break;
	case 'u':
		snprintf(out, size, "%llu", (unsigned long long)value);
		break;
	case 'o':
		snprintf(out, size, "%#llo", (unsigned long long)value);
		break;
	case 'F':
		put_flags(out, size, value & ~(uint64_t)OBSERVE_OPEN_MODES, open_flags, ARRAY_SIZE(open_flags),
		 access[value & OBSERVE_OPEN_MODES]);
		break;
	case 'M':
		put_flags(out, size, value, mount_flags, ARRAY_SIZE(mount_flags), "");
		break;
	case 'C':
		put_flags(out, size, value & ~(uint64_t)0xff, clone_flags, ARRAY_SIZE(clone_flags), "");
		break;
	case 'y':
		put_family(out, size, value);
		break;
	case 't':
		put_type(out, size, value);
		break;
	case '-':
		snprintf(out, size, "…");
		break;
	default:
		snprintf(out, size, "%#llx", (unsigned long long)value);
	}
}

void decode_arguments(const struct parts_case *one, struct record *ret)
{
	const char *letters = "xxx";

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].call, one->facts.call) == 0)
			letters = rows[i].arguments;
	/* In the 32-bit entry numbers of 64 bits are split over two arguments: what follows them stands elsewhere. */
	if (one->refusal->flags & OBSERVE_COMPAT && strchr(letters, 'u') && strchr(" dp", letters[0]) &&
	    strstr(" truncate ftruncate pwrite64 fallocate ", one->facts.call))
		letters = letters[0] == 'p' ? "p" : "d";
	for (size_t i = 0; letters[i] && i < RECORD_ARGUMENTS_MAX; i++) {
		put(one, letters[i], one->refusal->args[i], ret->arguments[i], sizeof(ret->arguments[i]));
		ret->arguments_count = i + 1;
	}
}
