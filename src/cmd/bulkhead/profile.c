// SPDX-License-Identifier: Apache-2.0
/* profile: look at containment profiles, check, compare, join and export them. Touches no container. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/types.h"
#include "cmd/bulkhead/people.h"
#include "core/profile/profile.h"

#define STATUS_NO 1 /* the answer is no: the profile has faults, the profiles differ */

struct profile_options {
	const char *to, *name;
	bool json;
};

static const struct opt options[] = {
	{OPT_FLAG, 0, "json", NULL, "diff: as JSON", offsetof(struct profile_options, json)},
	{OPT_STRING, 0, "name", "NAME", "export: what the profile is called there (default: the file's name)",
	 offsetof(struct profile_options, name)},
	{OPT_STRING, 0, "to", "FORMAT", "export: apparmor, kubernetes, landlock, oci, seccomp (Docker, podman), selinux, systemd",
	 offsetof(struct profile_options, to)},
	{.type = OPT_END},
};

/* What the actions work with. */
struct work {
	struct people *people;
	struct arena *arena;
	struct profile_options chosen;
	char **files;
	int count;
};

static int failed(struct people *people, const struct err *err)
{
	cli_error(&people->cli, err);
	return PEOPLE_FAILED;
}

/* 0, STATUS_NO when it has faults, which are printed, or PEOPLE_FAILED. */
static int read_profile(struct work *work, const char *path, struct profile *ret)
{
	struct profile_faults *faults = arena_calloc(work->arena, 1, sizeof(*faults));
	struct err err = ERR_INIT;
	const char *text;
	size_t size;

	if (!faults) {
		err_set(&err, ERR_KERNEL, "cannot read %s: out of memory", path);
		return failed(work->people, &err);
	}
	if (engine_read_file(work->arena, path, path, PROFILE_SIZE_MAX, &text, &size, &err))
		return failed(work->people, &err);
	if (profile_read(work->arena, path, text, size, ret, faults) == 0)
		return 0;
	for (size_t i = 0; i < faults->count; i++)
		cli_error(&work->people->cli, &faults->items[i]);
	if (faults->left_off) {
		err_set(&err, ERR_CONFIG, "%s has %zu more faults", path, faults->left_off);
		cli_error(&work->people->cli, &err);
	}
	return STATUS_NO;
}

/* The same where a broken profile is no answer, but in the way. */
static int need_profile(struct work *work, const char *path, struct profile *ret)
{
	return read_profile(work, path, ret) ? PEOPLE_FAILED : 0;
}

/* ---- show, check ---- */

static void show_item(struct buf *out, enum profile_set_id id, const struct profile_item *item)
{
	struct err shown = ERR_INIT;

	/* A path may hold control characters, which are shown escaped as in messages. */
	err_set(&shown, ERR_CONFIG, "%.300s", item->text);
	buf_printf(out, "  %s", shown.what);
	if (profile_rows[id].form == PROFILE_AMOUNTS)
		buf_printf(out, "  %" PRIu64, item->number);
	if (item->reason && item->reason[0]) {
		err_set(&shown, ERR_CONFIG, "%.300s", item->reason);
		buf_printf(out, "  (%s)", shown.what);
	}
	buf_puts(out, "\n");
}

static int show(struct work *work)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct profile profile;
	struct err shown = ERR_INIT;
	char name[64];

	if (need_profile(work, work->files[0], &profile))
		return PEOPLE_FAILED;
	err_set(&shown, ERR_CONFIG, "%s", profile.source ? profile.source : "not told");
	buf_printf(&out, "subject: %s%s%s\n", shown.what, profile.digest ? " " : "",
		   profile.digest ? profile.digest : "");
	buf_printf(&out, "evidence: %" PRIu64 " runs, %" PRIu64 " events, %" PRIu64 " lost; %s, %s\n", profile.runs,
		   profile.events, profile.lost, profile.complete ? "complete" : "not complete",
		   profile.verified ? "verified" : "not verified");
	for (size_t i = 0; i < profile.notes_count; i++) {
		err_set(&shown, ERR_CONFIG, "%.400s", profile.notes[i]);
		buf_printf(&out, "  %s\n", shown.what);
	}
	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++) {
		const struct profile_set *set = &profile.sets[id];

		profile_set_name(id, name, sizeof(name));
		if (!set->present) {
			buf_printf(&out, "%s: not restricted\n", name);
			continue;
		}
		buf_printf(&out, "%s: %zu\n", name, set->count);
		for (size_t i = 0; i < set->count; i++)
			show_item(&out, id, &set->items[i]);
	}
	return cli_print(&work->people->cli, &out) ? PEOPLE_FAILED : 0;
}

static int check(struct work *work)
{
	int status = 0;

	for (int i = 0; i < work->count; i++) {
		struct profile profile;
		int one = read_profile(work, work->files[i], &profile);

		if (one > status)
			status = one;
	}
	return status;
}

/* ---- diff ---- */

struct difference {
	struct buf *out;
	struct json_writer *writer; /* NULL: as text */
};

static void tell(void *context, enum profile_set_id id, enum profile_change change, const struct profile_item *before,
		 const struct profile_item *after)
{
	static const char *const words[] = {"added", "removed", "changed", "opened", "closed"};
	static const char *const signs[] = {"+", "-", "~", "+", "-"};
	const struct profile_item *item = after ? after : before;
	struct difference *difference = context;
	struct err shown = ERR_INIT;
	char name[64];

	profile_set_name(id, name, sizeof(name));
	if (difference->writer) {
		json_begin_object(difference->writer);
		json_member_string(difference->writer, "rule", name);
		json_member_string(difference->writer, "change", words[change]);
		if (item)
			json_member_string(difference->writer, "entry", item->text);
		if (item && profile_rows[id].form == PROFILE_AMOUNTS && before)
			json_member_u64(difference->writer, "before", before->number);
		if (item && profile_rows[id].form == PROFILE_AMOUNTS && after)
			json_member_u64(difference->writer, "after", after->number);
		json_end_object(difference->writer);
		return;
	}
	err_set(&shown, ERR_CONFIG, "%.300s", item ? item->text : change == PROFILE_OPENED ? "no longer restricted"
											     : "restricted");
	buf_printf(difference->out, "%s %s %s", signs[change], name, shown.what);
	if (change == PROFILE_CHANGED)
		buf_printf(difference->out, " %" PRIu64 " → %" PRIu64, before->number, after->number);
	buf_puts(difference->out, "\n");
}

static int diff(struct work *work)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&out, 2);
	struct difference difference = {&out, work->chosen.json ? &writer : NULL};
	struct profile a, b;
	size_t count;

	if (need_profile(work, work->files[0], &a) || need_profile(work, work->files[1], &b))
		return PEOPLE_FAILED;
	if (difference.writer)
		json_begin_array(&writer);
	count = profile_diff(&a, &b, tell, &difference);
	if (difference.writer) {
		json_end_array(&writer);
		buf_puts(&out, "\n");
	}
	if ((count || difference.writer) && cli_print(&work->people->cli, &out))
		return PEOPLE_FAILED;
	return count ? STATUS_NO : 0;
}

/* ---- merge, minimize, export ---- */

static int print(struct work *work, const struct profile *profile)
{
	struct buf out cleanup_buf = BUF_INIT;

	profile_write(profile, &out);
	return cli_print(&work->people->cli, &out) ? PEOPLE_FAILED : 0;
}

static int merge(struct work *work)
{
	struct profile merged, next;
	struct err err = ERR_INIT;

	if (need_profile(work, work->files[0], &merged))
		return PEOPLE_FAILED;
	for (int i = 1; i < work->count; i++) {
		struct profile before = merged;

		if (need_profile(work, work->files[i], &next))
			return PEOPLE_FAILED;
		if (profile_merge(work->arena, &before, &next, &merged, &err))
			return failed(work->people, &err);
	}
	return print(work, &merged);
}

static int minimize(struct work *work)
{
	struct profile profile;

	if (need_profile(work, work->files[0], &profile))
		return PEOPLE_FAILED;
	profile_minimize(&profile);
	return print(work, &profile);
}

/* "web" of "dir/web.json". Forms write it as it is, so that it has letters, digits, "-" and "_" alone. */
static int choose_name(struct work *work, const char **ret, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	const char *file = strrchr(work->files[0], '/');
	char *name = arena_strdup(work->arena, work->chosen.name ? work->chosen.name : file ? file + 1 : work->files[0]);

	if (!name)
		return err_set(err, ERR_KERNEL, "cannot export the profile: out of memory");
	if (!work->chosen.name && strrchr(name, '.'))
		*strrchr(name, '.') = '\0';
	if (strspn(name, allowed) != strlen(name) || strlen(name) > 200 || !strchr(allowed, name[0]) || !name[0] ||
	    strchr(allowed + 52, name[0])) {
		err_set(err, ERR_USAGE, "profile export: \"%.80s\" is no name for a profile", name);
		return err_fix(err, "--name NAME: a letter, then letters, digits, \"-\" and \"_\"");
	}
	*ret = name;
	return 0;
}

static void warn_left_out(const struct profile *profile, size_t format)
{
	char name[64], text[160];

	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++) {
		if (!profile->sets[id].present || (profile_rows[id].grants && !profile->sets[id].count) ||
		    profile_export_expresses(profile, format, id))
			continue;
		profile_set_name(id, name, sizeof(name));
		snprintf(text, sizeof(text), "%s cannot express %s, which is left out", profile_format_name(format), name);
		cli_warn(text);
	}
}

static int export(struct work *work)
{
	struct buf out cleanup_buf = BUF_INIT;
	const char *to = work->chosen.to, *name;
	struct profile profile;
	struct err err = ERR_INIT;
	size_t format = 0;

	while (to && profile_format_name(format) && strcmp(to, profile_format_name(format)) != 0)
		format++;
	if (!to || !profile_format_name(format)) {
		if (to)
			err_set(&err, ERR_USAGE, "profile export: unknown format \"%.100s\"", to);
		else
			err_set(&err, ERR_USAGE, "profile export: --to is missing");
		err_fix(&err, "bulkhead profile export --to seccomp FILE; there are apparmor, kubernetes, landlock, oci, "
			      "seccomp, selinux and systemd");
		return failed(work->people, &err);
	}
	if (choose_name(work, &name, &err))
		return failed(work->people, &err);
	if (need_profile(work, work->files[0], &profile))
		return PEOPLE_FAILED;
	if (profile_export(&profile, format, name, &out, &err))
		return failed(work->people, &err);
	warn_left_out(&profile, format);
	return cli_print(&work->people->cli, &out) ? PEOPLE_FAILED : 0;
}

static const struct action {
	const char *name;
	int least, most; /* files */
	int (*run)(struct work *work);
} actions[] = {
	{"check", 1, INT16_MAX, check}, {"diff", 2, 2, diff},	  {"export", 1, 1, export},
	{"merge", 1, INT16_MAX, merge}, {"minimize", 1, 1, minimize}, {"show", 1, 1, show},
};

static int verb(int argc, char **argv, void *context)
{
	struct arena arena cleanup_arena = ARENA_INIT;
	struct work work = {.people = context, .arena = &arena};
	struct err err = ERR_INIT;
	bool help = false;
	int operands = 0;

	if (opt_parse(&verb_profile, argc, argv, &work.chosen, &operands, &help, &err))
		return failed(work.people, &err);
	if (help)
		return cli_print_help(&work.people->cli, &verb_profile) ? PEOPLE_FAILED : 0;
	work.files = argv + 1;
	work.count = operands - 1;
	for (size_t i = 0; operands && i < ARRAY_SIZE(actions); i++) {
		if (strcmp(argv[0], actions[i].name) != 0)
			continue;
		if (work.count >= actions[i].least && work.count <= actions[i].most)
			return actions[i].run(&work);
		err_set(&err, ERR_USAGE, "profile %s takes %d file%s%s, and %d are given", actions[i].name,
			actions[i].least,
			actions[i].least == 1 ? "" : "s", actions[i].most > 2 ? " or more" : "", work.count);
		return failed(work.people, &err);
	}
	if (operands)
		err_set(&err, ERR_USAGE, "profile: unknown action \"%.100s\"", argv[0]);
	else
		err_set(&err, ERR_USAGE, "profile: an action is missing");
	err_fix(&err, "bulkhead profile show FILE; there are check, diff, export, merge, minimize and show");
	return failed(work.people, &err);
}

static const struct opt_status statuses[] = {
	{"0", "printed"},
	{"1", "check: it has faults; diff: they differ"},
	{"125", "bulkhead itself failed, and says why"},
	{.status = NULL},
};

const struct opt_verb verb_profile = {
	.name = "profile",
	.synopsis = "[options] show|check|diff|merge|minimize|export FILE…",
	.summary = "Look at containment profiles, compare, join and export them.",
	.examples = "  bulkhead profile check web.json            every fault, with its place\n"
		    "  bulkhead profile diff old.json new.json    exit status 1 when they differ\n"
		    "  bulkhead profile export --to seccomp web.json >seccomp.json\n",
	.options = options,
	.statuses = statuses,
	.mixed = true,
	.run = verb,
};
