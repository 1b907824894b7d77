/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_story: what `bulkhead explain` tells, and in which order. By default the refusal before a failing exit
 * comes first, then the others that differ; noise (a search along $PATH, questions of access(2)) is counted. --all
 * tells everything.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead/explain.h"

#define OTHERS_MAX 8
#define HURRY_MAX  1000 /* records a second */
#define DRAIN_MS   5000

int explain_story_begin(struct explain_story *story, struct people *people, const struct explain_options *options,
			struct err *err)
{
	*story = (struct explain_story){.people = people, .options = options, .observe = OBSERVE_INIT, .record_fd = -EBADF};
	story->kept = calloc(EXPLAIN_KEPT_MAX, sizeof(*story->kept));
	return story->kept ? 0 : err_set(err, ERR_INTERNAL, "out of memory");
}

void explain_story_done(struct explain_story *story)
{
	observe_done(&story->observe);
	explain_done(&story->explain);
	free(story->kept);
	story->kept = NULL;
	fd_close(&story->record_fd);
}

void explain_story_ready(struct explain_story *story)
{
	struct buf config cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&config, 0);

	explain_begin(&story->explain, story->people->engine.root, &story->observe.ready);
	/* The configs of `bulkhead run` do not spell its default filter. */
	json_begin_object(&writer);
	json_key(&writer, "linux");
	json_begin_object(&writer);
	json_key(&writer, "seccomp");
	sandbox_write_seccomp(&writer, 0);
	json_end_object(&writer);
	json_end_object(&writer);
	if (!config.failed)
		explain_expect(&story->explain, "sandbox", config.data, config.length);
}

int explain_story_start(struct explain_story *story, const struct observe_target *target, struct err *err)
{
	if (observe_start(&story->observe, target, err))
		return ERR;
	observe_hurry(true);
	story->hurry = true;
	explain_story_ready(story);
	return 0;
}

int explain_story_drain(struct explain_story *story, struct err *err)
{
	union observe_record record;
	int result;

	observe_stop(&story->observe);
	while ((result = observe_next(&story->observe, DRAIN_MS, &record, err)) > 0) {
		explain_story_take(story, &record);
		if (record.kind == OBSERVE_END)
			return 0;
	}
	return result < 0 ? ERR : 0;
}

static struct explain_style style(FILE *to)
{
	return (struct explain_style){.colour = isatty(fileno(to)) && !getenv("NO_COLOR")};
}

static void put(struct explain_story *story, const struct record *record, FILE *to)
{
	struct explain_style chosen = style(to);
	struct buf out cleanup_buf = BUF_INIT;

	if (story->options->json)
		record_write_json(record, &out);
	else
		explain_print(record, &chosen, &out);
	if (out.failed || !out.length)
		return;
	if ((fwrite(out.data, 1, out.length, to) != out.length || fflush(to) == EOF) && !story->output_error)
		story->output_error = errno;
}

/* The same refusal for a reader: of the same program and call, for the same cause and file. */
static bool same(const struct record *a, const struct record *b)
{
	return a->kind == b->kind && a->errnum == b->errnum && a->verdict.cause && b->verdict.cause &&
	       strcmp(a->verdict.cause, b->verdict.cause) == 0 && strcmp(a->call, b->call) == 0 &&
	       strcmp(a->path, b->path) == 0 && strcmp(a->command, b->command) == 0 &&
	       strcmp(a->verdict.why, b->verdict.why) == 0;
}

static bool is_search(const struct record *record)
{
	return record->errnum == ENOENT && strcmp(record->call, "execve") == 0;
}

/* A program was found: what was tried before belonged to the search. */
static void settle_search(struct explain_story *story, const struct record *exec)
{
	for (size_t i = story->kept_count; i-- > 0;) {
		struct explain_kept *kept = &story->kept[i];

		if (kept->record.pid == exec->pid && is_search(&kept->record))
			kept->searched = true;
	}
}

/* Asked beforehand, so that the answer no is an answer and no failure; and what programs try and go on without. */
static bool is_question(const struct record *record)
{
	return strncmp(record->call, "access", 6) == 0 || strncmp(record->call, "faccessat", 9) == 0 ||
	       (record->verdict.cause && strcmp(record->verdict.cause, "not-pollable") == 0);
}

/* A process failed: the last thing that it was refused is the likely reason. */
static void settle_exit(struct explain_story *story, const struct record *exit)
{
	if (exit->status == 0)
		return;
	for (size_t i = story->kept_count; i-- > 0;)
		if (story->kept[i].record.pid == exit->pid && !story->kept[i].searched && !is_question(&story->kept[i].record)) {
			story->kept[i].fatal = true;
			return;
		}
}

static void keep(struct explain_story *story, const struct record *record)
{
	for (size_t i = story->kept_count; i-- > 0 && !story->options->all;)
		if (same(&story->kept[i].record, record)) {
			uint64_t repeated = story->kept[i].record.repeated + 1;
			bool fatal = story->kept[i].fatal;

			/* The later one stands nearer to the end of its process. */
			memmove(&story->kept[i], &story->kept[i + 1],
				(story->kept_count - i - 1) * sizeof(*story->kept));
			story->kept[story->kept_count - 1] = (struct explain_kept){.record = *record, .fatal = fatal};
			story->kept[story->kept_count - 1].record.repeated = repeated;
			return;
		}
	if (story->kept_count == EXPLAIN_KEPT_MAX) {
		story->dropped++;
		return;
	}
	story->kept[story->kept_count++] =
		(struct explain_kept){.record = *record, .fatal = record->kind == RECORD_KILL};
}

/* A flood of records is not worth others' time: then there is no hurry any more. */
static void slow_down(struct explain_story *story)
{
	time_t now = time(NULL);

	if (now != story->second) {
		story->second = now;
		story->taken = 0;
	}
	if (story->hurry && ++story->taken > HURRY_MAX) {
		observe_hurry(false);
		story->hurry = false;
	}
}

void explain_story_take(struct explain_story *story, const union observe_record *seen)
{
	struct record record;

	if (seen->kind == OBSERVE_END) {
		story->end = seen->end;
		story->ended = true;
		return;
	}
	slow_down(story);
	if (!explain_take(&story->explain, seen, &record) || (story->inside && record.outside))
		return;
	explain_story_add(story, &record);
}

void explain_story_add(struct explain_story *story, const struct record *record)
{
	size_t before = story->kept_count;

	if (story->options->json) {
		put(story, record, stdout);
	} else if (record->kind == RECORD_EXEC) {
		settle_search(story, record);
	} else if (record->kind == RECORD_EXIT) {
		settle_exit(story, record);
	} else {
		keep(story, record);
		/* What only repeats another takes no room in the file. */
		if (story->kept_count == before)
			return;
		if (story->options->follow && !is_search(record))
			put(story, record, stdout);
	}
	explain_record_put(story, record);
}

static void tell_summary(struct explain_story *story, size_t hidden, FILE *to)
{
	fprintf(to, "explain: tier %s%s%s%s; ", explain_tier_name(story->observe.ready.tier),
		story->observe.ready.reason[0] ? " (" : "", story->observe.ready.reason,
		story->observe.ready.reason[0] ? ")" : "");
	if (story->ended)
		fprintf(to, "%llu refusals seen", (unsigned long long)story->end.seen);
	else
		fprintf(to, "it is still watched");
	if (hidden)
		fprintf(to, ", %zu not shown (--all)", hidden);
	if (story->end.repeated)
		fprintf(to, ", %llu repeated", (unsigned long long)story->end.repeated);
	if (story->end.limited)
		fprintf(to, ", %llu over the rate", (unsigned long long)story->end.limited);
	if (story->end.lost + story->dropped)
		fprintf(to, ", %llu LOST", (unsigned long long)story->end.lost + story->dropped);
	fprintf(to, "\n");
}

/* Of the engine or runtime that makes a container, and not of what runs in it. */
static bool is_makers(const struct record *record)
{
	return record->outside || record->early;
}

enum inside { INSIDE_NOTHING, INSIDE_REFUSED, INSIDE_FATAL };

/* What was refused in a container, once its program ran: then what its makers were refused has not kept it from running. */
static enum inside ask_inside(const struct explain_story *story)
{
	enum inside found = INSIDE_NOTHING;

	for (size_t i = 0; i < story->kept_count; i++) {
		const struct explain_kept *kept = &story->kept[i];

		if (kept->searched || is_question(&kept->record) || is_makers(&kept->record))
			continue;
		if (kept->fatal)
			return INSIDE_FATAL;
		found = INSIDE_REFUSED;
	}
	return found;
}

/* An engine exits as the container does, so that what it was refused itself looks like the reason. */
static bool is_hidden(const struct explain_kept *kept, enum inside inside)
{
	return kept->searched || is_question(&kept->record) ||
	       (is_makers(&kept->record) && inside >= (kept->fatal ? INSIDE_FATAL : INSIDE_REFUSED));
}

static void tell(struct explain_story *story, FILE *to)
{
	bool all = story->options->all;
	enum inside inside = ask_inside(story);
	size_t told = 0, others = 0, hidden = 0;

	if (story->options->json)
		return;
	for (size_t i = story->kept_count; i-- > 0 && !story->options->follow;)
		if (story->kept[i].fatal && !all && !is_hidden(&story->kept[i], inside)) {
			put(story, &story->kept[i].record, to);
			told++;
		}
	for (size_t i = 0; i < story->kept_count && !story->options->follow; i++) {
		const struct explain_kept *kept = &story->kept[i];
		bool hide = is_hidden(kept, inside);

		if (kept->fatal && !all && !hide)
			continue;
		if (!all && (hide || others >= OTHERS_MAX)) {
			hidden++;
			continue;
		}
		others++;
		put(story, &kept->record, to);
	}
	tell_summary(story, hidden, stderr);
	if (story->ended && !story->options->follow && told + others == 0)
		fprintf(stderr, "explain: no call was refused that matters here: an error that a program reports all the "
				"same is a decision of its own\n");
}

int explain_story_tell(struct explain_story *story, FILE *to, struct err *err)
{
	tell(story, to);
	return story->output_error ? err_sys(err, story->output_error, "write", "cannot print what was seen") : 0;
}
