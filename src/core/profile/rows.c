// SPDX-License-Identifier: Apache-2.0
/* profile/rows: where each set stands in the file, and what its entries must be. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "abi/signals.h"
#include "abi/syscalls.h"
#include "base/types.h"
#include "core/oci/config.h"
#include "core/oci/names.h"
#include "core/profile/profile.h"

#define WORD UINT64_C(0xffffffff)

static const char *fault_syscall(const char *text)
{
	return abi_syscall_known(text) ? NULL : "must be the name of a system call";
}

/* Those that share a kernel with others. */
static const char *fault_architecture(const char *text)
{
	static const char *const names[] = {"x86_64", "i386", "aarch64", "arm"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], text) == 0)
			return NULL;
	return "must be aarch64, arm, i386 or x86_64";
}

static bool is_hex(const char *text, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	return length >= 3 && length <= 18 && text[0] == '0' && text[1] == 'x' && (text[2] != '0' || length == 3) &&
	       strspn(text + 2, digits) >= length - 2;
}

static const char *fault_number(const char *text)
{
	return is_hex(text, strlen(text)) ? NULL : "must be a number such as \"0x5401\", in lower case";
}

static const char *fault_pair(const char *text)
{
	size_t first = strcspn(text, ":");

	if (text[first] == ':' && is_hex(text, first) && is_hex(text + first + 1, strlen(text + first + 1)))
		return NULL;
	return "must be two numbers such as \"0x2:0x1\", in lower case";
}

static const char *fault_capability(const char *text)
{
	if (strncmp(text, "CAP_", 4) == 0 && oci_capability_number(text) >= 0)
		return NULL;
	return "must be the name of a capability, such as \"CAP_CHOWN\"";
}

static const char *fault_signal(const char *text)
{
	const char *name = abi_signal_name(abi_signal_number(text));

	if (name && strcmp(name, text) == 0)
		return NULL;
	return "must be the name of a signal, such as \"SIGTERM\"; real-time signals are SIG32 to SIG64";
}

static const char *fault_path(const char *text)
{
	if (text[0] != '/' || strlen(text) >= PATH_MAX)
		return "must be an absolute path or a glob of absolute paths";
	for (const char *part = text; part; part = strchr(part, '/')) {
		size_t length = strcspn(++part, "/");

		if ((length == 0 && text[1]) || (length == 1 && part[0] == '.') ||
		    (length == 2 && !memcmp(part, "..", 2)))
			return "must be a path without empty parts, \".\" and \"..\"";
	}
	return NULL;
}

static const char *fault_device(const char *text)
{
	return strncmp(text, "/dev/", 5) == 0 ? fault_path(text) : "must be a path below /dev";
}

static const char *fault_proc(const char *text)
{
	return strncmp(text, "/proc/", 6) == 0 ? fault_path(text) : "must be a path below /proc";
}

static const char *fault_sys(const char *text)
{
	return strncmp(text, "/sys/", 5) == 0 ? fault_path(text) : "must be a path below /sys";
}

static const char *fault_port(const char *text)
{
	(void)text;
	return NULL;
}

static const char *fault_name(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*";
	size_t length = strlen(text);

	return length && length <= 253 && !text[strspn(text, allowed)] ? NULL : "must be a host name";
}

static bool is_named(const struct oci_names *names, const char *text)
{
	for (const struct oci_name *item = names->items; item->name; item++)
		if (strcmp(item->name, text) == 0)
			return true;
	return false;
}

static const char *fault_namespace(const char *text)
{
	return is_named(&oci_names_namespace, text) ? NULL : "must be a namespace type of the runtime specification";
}

static const char *fault_limit(const char *text)
{
	if (strcmp(text, "memory") == 0 || strcmp(text, "pids") == 0 || strcmp(text, "cpuMillis") == 0)
		return NULL;
	return is_named(&oci_names_rlimit, text) ? NULL : "must be memory, pids, cpuMillis or RLIMIT_…";
}

/* The exit signal in the low byte of clone's flags says nothing about power, nor do the flags in a socket's type. */
#define ONE(call, place)	{call, {place, 0}, {WORD, 0}}
#define MASKED(call, place, m)	{call, {place, 0}, {m, 0}}
#define TWO(call, x, y, mask_y) {call, {x, y}, {WORD, mask_y}}
#define CLONE_FLAGS		UINT64_C(0xffffff00)
#define SOCKET_TYPE		UINT64_C(0xf)
#define IPC_CALL		UINT64_C(0xffff) /* a version above it */

const struct profile_row profile_rows[PROFILE_SETS] = {
	[PROFILE_SYSCALLS] = {"syscalls", "names", PROFILE_WORDS, "a system call", fault_syscall, {0}},
	[PROFILE_ARCHITECTURES] = {"syscalls", "architectures", PROFILE_WORDS, "an architecture", fault_architecture, {0},
				   .grants = true},
	[PROFILE_BPF] = {"syscalls", "bpf", PROFILE_REASONS, "a command of bpf", fault_number, ONE("bpf", 0)},
	[PROFILE_CLONE] = {"syscalls", "clone", PROFILE_REASONS, "a set of flags of clone", fault_number,
			   MASKED("clone", 0, CLONE_FLAGS)},
	[PROFILE_FCNTL] = {"syscalls", "fcntl", PROFILE_REASONS, "a command of fcntl", fault_number, ONE("fcntl", 1)},
	[PROFILE_IOCTL] = {"syscalls", "ioctl", PROFILE_REASONS, "a command of ioctl", fault_number, ONE("ioctl", 1)},
	[PROFILE_IPC] = {"syscalls", "ipc", PROFILE_REASONS, "a call behind ipc", fault_number, MASKED("ipc", 0, IPC_CALL)},
	[PROFILE_KEYCTL] = {"syscalls", "keyctl", PROFILE_REASONS, "an operation of keyctl", fault_number,
			    ONE("keyctl", 0)},
	[PROFILE_MADVISE] = {"syscalls", "madvise", PROFILE_REASONS, "an advice of madvise", fault_number,
			     ONE("madvise", 2)},
	[PROFILE_PERSONALITY] = {"syscalls", "personality", PROFILE_REASONS, "a personality", fault_number,
				 ONE("personality", 0)},
	[PROFILE_PRCTL] = {"syscalls", "prctl", PROFILE_REASONS, "an option of prctl", fault_number, ONE("prctl", 0)},
	[PROFILE_SETSOCKOPT] = {"syscalls", "setsockopt", PROFILE_REASONS, "a level and option of setsockopt",
				fault_pair, TWO("setsockopt", 1, 2, WORD)},
	[PROFILE_SOCKET] = {"syscalls", "socket", PROFILE_REASONS, "a family and type of socket", fault_pair,
			    TWO("socket", 0, 1, SOCKET_TYPE)},
	[PROFILE_SOCKETCALL] = {"syscalls", "socketcall", PROFILE_REASONS, "a call behind socketcall", fault_number,
				ONE("socketcall", 0)},
	[PROFILE_CAPABILITIES] = {NULL, "capabilities", PROFILE_REASONS, "a capability", fault_capability, {0}},
	[PROFILE_SIGNALS] = {NULL, "signals", PROFILE_WORDS, "a signal", fault_signal, {0}},
	[PROFILE_READ] = {"files", "read", PROFILE_WORDS, "a path", fault_path, {0}},
	[PROFILE_WRITE] = {"files", "write", PROFILE_WORDS, "a path", fault_path, {0}},
	[PROFILE_EXECUTE] = {"files", "execute", PROFILE_WORDS, "a path", fault_path, {0}},
	[PROFILE_PROC] = {NULL, "proc", PROFILE_WORDS, "a file of procfs", fault_proc, {0}},
	[PROFILE_SYS] = {NULL, "sys", PROFILE_WORDS, "a file of sysfs", fault_sys, {0}},
	[PROFILE_DEVICES] = {NULL, "devices", PROFILE_WORDS, "a device", fault_device, {0}},
	[PROFILE_LISTEN] = {"network", "listen", PROFILE_PORTS, "a port", fault_port, {0}},
	[PROFILE_CONNECT] = {"network", "connect", PROFILE_PORTS, "a port", fault_port, {0}},
	[PROFILE_NAMES] = {"network", "names", PROFILE_WORDS, "a host name", fault_name, {0}},
	[PROFILE_NAMESPACES] = {NULL, "namespaces", PROFILE_WORDS, "a namespace type", fault_namespace, {0}},
	[PROFILE_LIMITS] = {NULL, "limits", PROFILE_AMOUNTS, "a limit", fault_limit, {0}},
};

const char *const profile_loaders[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1",
				      "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1",
				      "/lib/ld-linux.so.2", "/lib/ld-musl-i386.so.1",
				      "/lib/ld-linux-armhf.so.3", "/lib/ld-musl-armhf.so.1", NULL};

void profile_set_name(enum profile_set_id id, char *buf, size_t size)
{
	const struct profile_row *row = &profile_rows[id];

	snprintf(buf, size, "rules.%s%s%s", row->section ? row->section : "", row->section ? "." : "", row->key);
}
