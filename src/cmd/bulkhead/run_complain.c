/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_complain: run --complain: nothing of the containment profile is enforced, all else of `run` is, and what the program
 * does that the profile does not allow is told: when it ends, at once, or as lines of JSON, on standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cmd/bulkhead/lifecycle.h"
#include "cmd/bulkhead/run.h"
#include "core/profile/profile.h"
#include "insight/learn/learn.h"

enum form { AT_END, AT_ONCE, AS_JSON };

struct complaining {
	struct learn learn;
	const struct profile *profile;
	enum form form;
	size_t count;
};

static int read_form(const char *word, enum form *ret, struct err *err)
{
	static const char *const words[] = {[AT_END] = "", [AT_ONCE] = "follow", [AS_JSON] = "json"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i]) == 0) {
			*ret = (enum form)i;
			return 0;
		}
	err_set(err, ERR_USAGE, "--complain cannot be \"%s\"", word);
	return err_fix(err, "--complain, --complain=follow, or --complain=json");
}

static int read_profile(struct arena *arena, const struct engine_profile *file, const struct profile **ret,
			struct err *err)
{
	struct profile_faults *faults = arena_calloc(arena, 1, sizeof(*faults));
	struct profile *profile = arena_calloc(arena, 1, sizeof(*profile));

	if (!faults || !profile)
		return err_set(err, ERR_INTERNAL, "out of memory while reading the profile");
	if (profile_read(arena, file->name, file->text, file->size, profile, faults)) {
		*err = faults->items[0];
		return ERR;
	}
	*ret = profile;
	return 0;
}

static void put_json(const char *set, const char *text, const char *reason)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&out, 0);

	json_begin_object(&writer);
	json_member_string(&writer, "rule", set);
	json_member_string(&writer, "entry", text);
	json_member_string(&writer, "reason", reason);
	json_end_object(&writer);
	buf_puts(&out, "\n");
	if (!out.failed)
		fwrite(out.data, 1, out.length, stderr);
}

static void tell(void *context, enum profile_set_id id, const char *text, const char *reason)
{
	struct complaining *complaining = context;
	char set[64];

	profile_set_name(id, set, sizeof(set));
	complaining->count++;
	if (complaining->form == AS_JSON) {
		put_json(set, text, reason);
		return;
	}
	fprintf(stderr, "complain: %s lacks ", set);
	/* What comes from the program cannot forge lines. */
	for (const char *at = text; *at; at++)
		fputc((unsigned char)*at < ' ' || *at == 0x7f ? '?' : *at, stderr);
	fprintf(stderr, "%s%s%s\n", *reason ? "  (" : "", reason, *reason ? ")" : "");
}

static void take(void *context, const union observe_record *record)
{
	struct complaining *complaining = context;

	learn_take(&complaining->learn, record);
	if (complaining->form != AT_END)
		learn_complain(&complaining->learn, complaining->profile, tell, complaining);
}

/* What was not looked at cannot be complained of. */
static void tell_unseen(const struct complaining *complaining)
{
	const struct profile_set *calls = &complaining->profile->sets[PROFILE_SYSCALLS];
	const char *name, *before = "complain: not watched, and not in rules.syscalls.names: ";
	bool any = false;

	for (size_t i = 0; calls->present && (name = observe_notify_unseen(i)); i++)
		if (!profile_find(PROFILE_SYSCALLS, calls, name)) {
			fprintf(stderr, "%s%s", any ? ", " : before, name);
			any = true;
		}
	if (any)
		fprintf(stderr, "\n");
}

static void summarize(struct complaining *complaining)
{
	const struct learn *learn = &complaining->learn;

	learn_complain(&complaining->learn, complaining->profile, tell, complaining);
	if (complaining->form == AS_JSON)
		return;
	tell_unseen(complaining);
	fprintf(stderr, "complain: what was tried is told, also where it was refused; not seen are files of io_uring, and "
		"addresses of sendmsg\n");
	for (size_t i = 0; i < learn->missing_count; i++)
		fprintf(stderr, "complain: %s\n", learn->missing[i].text);
	if (learn->counts.lost || !learn->ended)
		fprintf(stderr, "complain: INCOMPLETE: %llu events were lost%s\n", (unsigned long long)learn->counts.lost,
			learn->ended ? "" : ", and the watching ended before the program did");
	fprintf(stderr, "complain: %zu uses that the profile does not allow; nothing of it was enforced\n",
		complaining->count);
}

int run_complaining(struct people *people, struct sandbox_request *request, struct arena *arena, watched_start_fn *start)
{
	struct complaining *complaining = arena_calloc(arena, 1, sizeof(*complaining));
	struct err err = ERR_INIT;
	int status = PEOPLE_FAILED;

	if (!complaining) {
		err_set(&err, ERR_INTERNAL, "out of memory while reading the profile");
		return life_fail_run(people, &err);
	}
	if (read_form(request->options.complain, &complaining->form, &err) ||
	    read_profile(arena, &request->create.profile, &complaining->profile, &err) ||
	    learn_begin(&complaining->learn, &err))
		return life_fail_run(people, &err);
	request->create.profile = (struct engine_profile){0};
	if (watched_run(people, request, start, take, complaining, &status, &err))
		status = life_fail_run(people, &err);
	else if (complaining->learn.counts.processes) /* else it was not started, which has been said */
		summarize(complaining);
	learn_done(&complaining->learn);
	return status;
}
