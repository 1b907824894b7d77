// SPDX-License-Identifier: Apache-2.0
/* profile/format_systemd: lines for the [Service] of a unit (systemd.exec(5), systemd.resource-control(5)). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/profile/formats.h"

/* A word of a list of paths: quoted, with % doubled, which would begin a specifier. "+": below the unit's root. */
static void put_word(struct buf *out, const char *text)
{
	buf_puts(out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_puts(out, "\\");
		buf_puts(out, *text == '%' ? "%" : "");
		if ((unsigned char)*text < ' ')
			buf_printf(out, "\\x%02x", (unsigned char)*text);
		else
			buf_printf(out, "%c", *text);
	}
	buf_puts(out, "\"");
}

/* Without globs, which systemd has not: the directory that holds all that the glob names. "-": may be missing. */
static void put_paths(struct buf *out, const char *key, const struct profile_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		char path[4096 + 2];
		size_t plain = strcspn(set->items[i].text, "*?[\\");

		snprintf(path, sizeof(path), "-%s", set->items[i].text);
		if (profile_is_glob(set->items[i].text)) {
			while (plain > 1 && set->items[i].text[plain - 1] != '/')
				plain--;
			path[1 + (plain > 1 ? plain - 1 : 1)] = '\0';
		}
		buf_printf(out, "%s=", key);
		put_word(out, path);
		buf_puts(out, "\n");
	}
}

static void put_words(struct buf *out, const char *key, const struct profile_set *set)
{
	buf_printf(out, "%s=", key);
	for (size_t i = 0; i < set->count; i++)
		buf_printf(out, "%s%s", i ? " " : "", set->items[i].text);
	buf_puts(out, "\n");
}

static void put_namespaces(struct buf *out, const struct profile_set *set)
{
	if (set->count == 0) {
		buf_puts(out, "RestrictNamespaces=yes\n");
		return;
	}
	buf_puts(out, "RestrictNamespaces=");
	for (size_t i = 0; i < set->count; i++) {
		const char *text = set->items[i].text;

		if (strcmp(text, "time") == 0)
			continue; /* systemd does not know it, and leaves it alone */
		buf_printf(out, "%s ", strcmp(text, "mount") == 0 ? "mnt" : strcmp(text, "network") == 0 ? "net" : text);
	}
	buf_puts(out, "\n");
}

static void put_limits(struct buf *out, const struct profile *profile)
{
	const struct profile_set *set = &profile->sets[PROFILE_LIMITS];

	for (size_t i = 0; i < set->count; i++) {
		const char *text = set->items[i].text;
		uint64_t number = set->items[i].number;

		if (strcmp(text, "memory") == 0)
			buf_printf(out, "MemoryMax=%" PRIu64 "\n", number);
		else if (strcmp(text, "pids") == 0)
			buf_printf(out, "TasksMax=%" PRIu64 "\n", number);
		else if (strcmp(text, "cpuMillis") == 0)
			/* In hundredths, and none is no limit there. */
			buf_printf(out, "CPUQuota=%" PRIu64 "%%\n", number > 10 ? (number + 9) / 10 : 1);
		else
			buf_printf(out, "Limit%s=%" PRIu64 "\n", text + strlen("RLIMIT_"), number);
	}
}

static void put_network(struct buf *out, const struct profile *profile)
{
	const struct profile_set *listen = &profile->sets[PROFILE_LISTEN];

	if (profile_is_offline(profile))
		buf_puts(out, "PrivateNetwork=yes\n");
	if (listen->present)
		buf_puts(out, "SocketBindDeny=any\n");
	for (size_t i = 0; i < listen->count; i++)
		if (listen->items[i].number)
			buf_printf(out, "SocketBindAllow=%" PRIu64 "\n", listen->items[i].number);
}

int profile_write_systemd(const struct profile *profile, const char *name, struct buf *out, struct err *err)
{
	const struct profile_set *sets = profile->sets, *archs = &sets[PROFILE_ARCHITECTURES];

	(void)name;
	(void)err;
	buf_puts(out, "[Service]\nNoNewPrivileges=yes\n");
	if (sets[PROFILE_SYSCALLS].present) {
		buf_printf(out, "SystemCallArchitectures=native%s%s\nSystemCallErrorNumber=ENOSYS\n",
			   profile_find(PROFILE_ARCHITECTURES, archs, "i386") ? " x86" : "",
			   profile_find(PROFILE_ARCHITECTURES, archs, "arm") ? " arm" : "");
		put_words(out, "SystemCallFilter", &sets[PROFILE_SYSCALLS]);
	}
	if (sets[PROFILE_CAPABILITIES].present)
		put_words(out, "CapabilityBoundingSet", &sets[PROFILE_CAPABILITIES]);
	if (sets[PROFILE_WRITE].present) {
		buf_puts(out, "ProtectSystem=strict\n");
		put_paths(out, "ReadWritePaths", &sets[PROFILE_WRITE]);
	}
	if (sets[PROFILE_EXECUTE].present) {
		buf_puts(out, "NoExecPaths=/\n");
		put_paths(out, "ExecPaths", &sets[PROFILE_EXECUTE]);
		/* A library that is mapped needs it, too. */
		buf_puts(out, "ExecPaths=-/lib -/lib64 -/usr/lib -/usr/lib64\n");
	}
	if (sets[PROFILE_DEVICES].present) {
		buf_puts(out, "DevicePolicy=strict\n");
		for (size_t i = 0; i < sets[PROFILE_DEVICES].count; i++)
			if (!profile_is_glob(sets[PROFILE_DEVICES].items[i].text))
				buf_printf(out, "DeviceAllow=%s rw\n", sets[PROFILE_DEVICES].items[i].text);
	}
	put_network(out, profile);
	if (sets[PROFILE_NAMESPACES].present)
		put_namespaces(out, &sets[PROFILE_NAMESPACES]);
	put_limits(out, profile);
	return 0;
}
