/* SPDX-License-Identifier: Apache-2.0 */
/* devices: a device of the host, shown by a bind; and limits of a process. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/oci/names.h"
#include "people/sandbox/parts.h"

/*
 * Whoever uses the node inside: as root the ids of the sandbox own nothing on the host, so that only what the node
 * grants to all counts; with the host's ids those of --user; without privilege the caller's own.
 */
static bool may_open(const struct sandbox *sandbox, const char *path, const struct stat *info, const char *access_text)
{
	unsigned int wanted = (strchr(access_text, 'r') ? 4u : 0) | (strchr(access_text, 'w') ? 2u : 0);
	unsigned int granted = info->st_mode & 7;

	if (geteuid() != 0)
		return faccessat(AT_FDCWD, path, (int)wanted, AT_EACCESS) == 0;
	if (sandbox->host_ids && info->st_uid == sandbox->uid.value)
		granted = info->st_mode >> 6 & 7;
	else if (sandbox->host_ids && info->st_gid == sandbox->gid.value)
		granted = info->st_mode >> 3 & 7;
	return (wanted & granted) == wanted;
}

static int check_node(const char *text, const struct sandbox *sandbox, struct sandbox_device *device, struct err *err)
{
	struct stat info;

	if (stat(device->source, &info) < 0)
		return err_sys(err, errno, "stat", "cannot look at %s", device->source);
	if (!S_ISCHR(info.st_mode) && !S_ISBLK(info.st_mode)) {
		err_set(err, ERR_USAGE, "--device %s: %s is no device", text, device->source);
		return err_fix(err, "files and directories are shown with --volume");
	}
	if (!may_open(sandbox, device->source, &info, device->access)) {
		err_set(err, ERR_USAGE, "--device %s: the sandbox could not open it", text);
		err_why(err, "%s belongs to %u:%u with mode %04o, and the program has none of these ids, for it is in a "
			     "user namespace of its own", device->source, info.st_uid, info.st_gid, info.st_mode & 07777);
		return err_fix(err, "chmod o+rw %s, or as root --userns=none with a --user UID:GID that may open it",
			       device->source);
	}
	device->block = S_ISBLK(info.st_mode);
	device->major = major(info.st_rdev);
	device->minor = minor(info.st_rdev);
	return 0;
}

static bool is_access(const char *text)
{
	for (const char *at = text; *at; at++)
		if (!strchr("rwm", *at) || strchr(at + 1, *at))
			return false;
	return *text != '\0';
}

int sandbox_parse_device(struct arena *arena, const char *text, const struct sandbox *sandbox,
			 struct sandbox_device *ret_device, struct err *err)
{
	char *words = arena_strdup(arena, text), *second, *third = NULL;
	struct sandbox_device device = {.access = "rwm"};

	if (!words)
		return err_set(err, ERR_INTERNAL, "out of memory for --device %s", text);
	second = strchr(words, ':');
	if (second) {
		*second++ = '\0';
		third = strchr(second, ':');
		if (third)
			*third++ = '\0';
		else if (is_access(second))
			third = second;
	}
	if (third)
		device.access = third;
	device.target = second && second != third ? second : words;
	if (words[0] != '/' || strncmp(device.target, "/dev/", 5) != 0 || !device.target[5] || strstr(device.target, "/..") ||
	    !is_access(device.access)) {
		err_set(err, ERR_USAGE, "--device %s is not of the form /dev/FROM[:/dev/TO][:rwm]", text);
		return err_fix(err, "for example --device /dev/fuse, or --device /dev/kvm:/dev/kvm:rw");
	}
	device.source = sandbox_real_path(arena, words, "a device", err);
	if (!device.source || check_node(text, sandbox, &device, err))
		return ERR;
	device.option = arena_printf(arena, "--device %s", text);
	if (!device.option)
		return err_set(err, ERR_INTERNAL, "out of memory for --device %s", text);
	*ret_device = device;
	return 0;
}

/* "1024", or -1 or unlimited for no limit; *end is behind it. */
static bool read_limit(const char *text, const char **ret_end, uint64_t *ret)
{
	char *end;

	if (strncmp(text, "-1", 2) == 0 || strncmp(text, "unlimited", 9) == 0) {
		*ret = UINT64_MAX;
		*ret_end = text + (*text == '-' ? 2 : 9);
		return true;
	}
	errno = 0;
	*ret = strtoull(text, &end, 10);
	*ret_end = end;
	return errno == 0 && end != text && *text >= '0' && *text <= '9';
}

int sandbox_parse_ulimit(struct arena *arena, const char *text, struct sandbox_ulimit *ret_ulimit, struct err *err)
{
	const char *equals = strchr(text, '='), *end;
	struct sandbox_ulimit limit = {0};
	char *type;
	bool known = false;

	if (!equals || !read_limit(equals + 1, &end, &limit.soft)) {
		err_set(err, ERR_USAGE, "--ulimit %s is not of the form NAME=SOFT[:HARD]", text);
		return err_fix(err, "for example --ulimit nofile=1024:4096; -1 is no limit");
	}
	limit.hard = limit.soft;
	if ((*end == ':' && !read_limit(end + 1, &end, &limit.hard)) || *end || limit.soft > limit.hard) {
		err_set(err, ERR_USAGE, "--ulimit %s: %s", text,
			*end ? "SOFT and HARD are numbers" : "the soft limit is above the hard one");
		return err_fix(err, "for example --ulimit nofile=1024:4096");
	}
	type = arena_printf(arena, "RLIMIT_%.*s", (int)(equals - text), text);
	if (!type)
		return err_set(err, ERR_INTERNAL, "out of memory for --ulimit %s", text);
	for (char *c = type; *c; c++)
		*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
	for (size_t i = 0; oci_names_rlimit.items[i].name; i++)
		known = known || strcmp(type, oci_names_rlimit.items[i].name) == 0;
	if (!known) {
		err_set(err, ERR_USAGE, "--ulimit %s: no such limit", text);
		return err_fix(err, "setrlimit(2) lists them: nofile, nproc, core, memlock, stack …");
	}
	limit.type = type;
	*ret_ulimit = limit;
	return 0;
}
