// SPDX-License-Identifier: Apache-2.0
/* profile/format_lsm: an AppArmor profile (apparmor.d(5)) and an SELinux module in CIL, on the templates of udica. */
#include <ctype.h>
#include <signal.h>
#include <string.h>

#include "abi/signals.h"
#include "core/profile/formats.h"

/* A quoted pattern. Braces and quotes stand for themselves in a profile of ours; AppArmor would read them. */
static void put_path(struct buf *out, const char *path, const char *more, const char *rights)
{
	buf_puts(out, "  \"");
	for (; *path; path++) {
		if (strchr("{}\"^", *path))
			buf_puts(out, "\\");
		buf_printf(out, "%c", *path);
	}
	buf_printf(out, "%s\" %s,\n", more, rights);
}

static void put_paths(struct buf *out, const struct profile_set *set, const char *all, const char *rights)
{
	if (!set->present && all)
		put_path(out, all, "", rights);
	for (size_t i = 0; i < set->count; i++) {
		const char *text = set->items[i].text;

		/* Of a process itself AppArmor sees the number. */
		if (strncmp(text, "/proc/self/", 11) == 0) {
			buf_puts(out, "  /proc/[0-9]*");
			buf_printf(out, "/%s %s,\n", text + 11, rights);
			continue;
		}
		put_path(out, text, "", rights);
		/* A directory's own name ends in a slash there. */
		if (!profile_is_glob(text) && text[1])
			put_path(out, text, "/", rights);
	}
}

static void put_lower(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_printf(out, "%c", tolower((unsigned char)*text));
}

static void put_apparmor_capabilities(struct buf *out, const struct profile_set *set)
{
	if (!set->present)
		buf_puts(out, "  capability,\n");
	for (size_t i = 0; i < set->count; i++) {
		buf_puts(out, "  capability ");
		put_lower(out, set->items[i].text + strlen("CAP_"));
		buf_puts(out, ",\n");
	}
}

/* In the parser's words: its real-time signals count from the kernel's first, and one name is its own. */
static void put_apparmor_signal(struct buf *out, const char *name)
{
	int number = abi_signal_number(name);

	if (number >= 32)
		buf_printf(out, "rtmin+%d", number - 32);
	else if (number == SIGTSTP)
		buf_puts(out, "stp");
	else
		put_lower(out, name + strlen("SIG"));
}

static void put_apparmor_signals(struct buf *out, const struct profile_set *set)
{
	buf_puts(out, "  signal receive,\n");
	if (!set->present)
		buf_puts(out, "  signal send,\n");
	for (size_t i = 0; i < set->count; i++) {
		buf_puts(out, "  signal send set=(");
		put_apparmor_signal(out, set->items[i].text);
		buf_puts(out, "),\n");
	}
}

/* The parser takes a line as it stands: no path may end it. */
static int check_lines(const struct profile *profile, struct err *err)
{
	for (enum profile_set_id id = PROFILE_READ; id <= PROFILE_DEVICES; id++)
		for (size_t i = 0; i < profile->sets[id].count; i++)
			if (strpbrk(profile->sets[id].items[i].text, "\n\r\t")) {
				err_set(err, ERR_CONFIG, "a path of the profile holds a control character");
				return err_fix(err, "fold it into a glob: ? stands for the character");
			}
	return 0;
}

int profile_write_apparmor(const struct profile *profile, const char *name, struct buf *out, struct err *err)
{
	const struct profile_set *sets = profile->sets;

	if (check_lines(profile, err))
		return ERR;
	buf_printf(out, "abi <abi/3.0>,\n\nprofile %s flags=(attach_disconnected) {\n", name);
	put_apparmor_capabilities(out, &sets[PROFILE_CAPABILITIES]);
	put_apparmor_signals(out, &sets[PROFILE_SIGNALS]);
	buf_puts(out, profile_is_offline(profile) ? "  network unix,\n  network netlink,\n" : "  network,\n");
	buf_puts(out, "  unix,\n");
	/* What is read may be mapped, as libraries are. */
	put_paths(out, &sets[PROFILE_READ], "/**", "mr");
	put_paths(out, &sets[PROFILE_WRITE], "/**", "wk");
	put_paths(out, &sets[PROFILE_EXECUTE], "/**", "mrix");
	put_paths(out, &sets[PROFILE_PROC], "/proc/**", "rw");
	put_paths(out, &sets[PROFILE_SYS], "/sys/**", "rw");
	put_paths(out, &sets[PROFILE_DEVICES], "/dev/**", "rw");
	buf_puts(out, "}\n");
	return 0;
}

/* Two classes hold the capabilities: those from number 32 on are in the second (security/selinux/include/classmap.h). */
static const char *const second_class[] = {"CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
					   "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF",
					   "CAP_CHECKPOINT_RESTORE"};

static void put_selinux_class(struct buf *out, const struct profile_set *set, const char *class, bool second)
{
	bool begun = false;

	for (size_t i = 0; i < set->count; i++) {
		bool is_second = false;

		for (size_t j = 0; j < sizeof(second_class) / sizeof(second_class[0]); j++)
			is_second = is_second || strcmp(set->items[i].text, second_class[j]) == 0;
		if (is_second != second)
			continue;
		if (!begun)
			buf_printf(out, "  (allow process process (%s (", class);
		buf_puts(out, begun ? " " : "");
		begun = true;
		put_lower(out, set->items[i].text + strlen("CAP_"));
	}
	if (begun)
		buf_puts(out, ")))\n");
}

int profile_write_selinux(const struct profile *profile, const char *name, struct buf *out, struct err *err)
{
	const struct profile_set *set = &profile->sets[PROFILE_CAPABILITIES];

	if (!set->present) {
		err_set(err, ERR_CONFIG, "the profile has no rules.capabilities");
		err_why(err, "a module for SELinux says nothing else of it");
		return err_fix(err, "add the capabilities that the program needs, or {} for none");
	}
	buf_printf(out, "(block %s\n  (blockinherit container)\n", name);
	if (!profile_is_offline(profile))
		buf_puts(out, "  (blockinherit net_container)\n");
	put_selinux_class(out, set, "capability", false);
	put_selinux_class(out, set, "capability2", true);
	buf_puts(out, ")\n");
	return 0;
}
