/* SPDX-License-Identifier: Apache-2.0 */
/* learn_write: the profile as a file, and a few words about it: how it was seen, and what may be missing in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "cmd/bulkhead/learn.h"
#include "insight/explain/explain.h"

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory");
}

static int read_merge(struct arena *arena, const char *path, struct profile *ret, struct err *err)
{
	struct profile_faults *faults = arena_calloc(arena, 1, sizeof(*faults));
	const char *text;
	size_t size;

	if (!faults)
		return out_of_memory(err);
	if (engine_read_file(arena, path, path, PROFILE_SIZE_MAX, &text, &size, err))
		return err_prefix(err, "--merge");
	if (profile_read(arena, path, text, size, ret, faults)) {
		*err = faults->items[0];
		return ERR;
	}
	return 0;
}

static bool to_standard_output(const struct learn_options *options)
{
	return !options->output || strcmp(options->output, "-") == 0;
}

/* ---- the file ---- */

/* A device or a pipe is written to; it is not a file's to be put into its place. */
static bool is_written_through(const struct stat *status)
{
	return !S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode);
}

/* What a link names is replaced, not the link. */
static const char *place_of(struct arena *arena, const char *path)
{
	char *real = realpath(path, NULL);
	const char *place = real ? arena_strdup(arena, real) : path;

	free(real);
	return place;
}

static int cannot_write(struct err *err, int result, const char *path)
{
	err_sys(err, result, "write", "cannot write the profile %s", path);
	return err_fix(err, "-o with a file in a directory that you may write to, where there is room");
}

static int create(const char *temporary)
{
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);

	return fd < 0 ? -errno : fd;
}

/* Nothing but a trial tells whether a file can be made there. */
static int check_output(struct arena *arena, const char *path, struct err *err)
{
	const char *place = place_of(arena, path), *temporary = arena_printf(arena, "%s.%d.new", place, getpid());
	int fd cleanup_fd = -EBADF;
	struct stat status;

	if (!place || !temporary)
		return out_of_memory(err);
	if (stat(place, &status) == 0 && is_written_through(&status))
		return faccessat(AT_FDCWD, place, W_OK, AT_EACCESS) < 0 ? cannot_write(err, errno, path) : 0;
	if (stat(place, &status) == 0 && S_ISDIR(status.st_mode))
		return cannot_write(err, EISDIR, path);
	fd = create(temporary);
	if (fd < 0)
		return cannot_write(err, fd, path);
	unlink(temporary);
	return 0;
}

int learn_check_files(const struct learn_options *options, struct arena *arena, struct err *err)
{
	struct profile other;

	for (size_t i = 0; i < options->merges.count; i++)
		if (read_merge(arena, options->merges.items[i], &other, err))
			return ERR;
	return to_standard_output(options) ? 0 : check_output(arena, options->output, err);
}

static int write_through(const char *path, const struct buf *text)
{
	int fd cleanup_fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : fd_write_all(fd, text->data, text->length);
}

/* A reader sees the old file or the new one, never a part. */
static int replace(const char *place, const char *temporary, const struct buf *text, const struct stat *old)
{
	int fd cleanup_fd = create(temporary);
	int result = fd < 0 ? fd : fd_write_all(fd, text->data, text->length);

	if (result == 0 && old && fchmod(fd, old->st_mode & 0777) < 0)
		result = -errno;
	if (result == 0 && rename(temporary, place) < 0)
		result = -errno;
	if (result && fd >= 0)
		unlink(temporary);
	return result;
}

static int write_file(struct arena *arena, const char *path, const struct buf *text, struct err *err)
{
	const char *place = place_of(arena, path), *temporary = arena_printf(arena, "%s.%d.new", place, getpid());
	struct stat status;
	bool exists;
	int result;

	if (!place || !temporary)
		return out_of_memory(err);
	exists = stat(place, &status) == 0;
	result = exists && is_written_through(&status) ? write_through(place, text)
						       : replace(place, temporary, text, exists ? &status : NULL);
	return result ? cannot_write(err, result, path) : 0;
}

static int print(const struct buf *text, struct err *err)
{
	int result = fflush(stdout) ? -errno : fd_write_all(STDOUT_FILENO, text->data, text->length);

	return result < 0 ? err_sys(err, result, "write", "cannot write the profile") : 0;
}

/* ---- words ---- */

static size_t count_of(const struct profile *profile, enum profile_set_id id)
{
	return profile->sets[id].count;
}

static void tell(const struct learn_session *session, const struct profile *profile)
{
	const struct observe_ready *ready = &session->observe.ready;
	const struct learn *learn = &session->learn;

	fprintf(stderr, "learn: %zu system calls, %zu capabilities, files: %zu read, %zu written, %zu executed; "
		"%zu ports%s%s\n",
		count_of(profile, PROFILE_SYSCALLS), count_of(profile, PROFILE_CAPABILITIES),
		count_of(profile, PROFILE_READ), count_of(profile, PROFILE_WRITE), count_of(profile, PROFILE_EXECUTE),
		count_of(profile, PROFILE_LISTEN) + count_of(profile, PROFILE_CONNECT),
		to_standard_output(session->options) ? "" : "; written to ",
		to_standard_output(session->options) ? "" : session->options->output);
	fprintf(stderr, "learn: tier %s%s%s%s; %llu calls seen, %llu events lost\n", explain_tier_name(ready->tier),
		ready->reason[0] ? " (" : "", ready->reason, ready->reason[0] ? ")" : "",
		(unsigned long long)learn->counts.calls, (unsigned long long)learn->counts.lost);
	for (size_t i = 0; i < learn->missing_count; i++)
		fprintf(stderr, "learn: %s%s\n", learn->missing[i].incomplete ? "not complete: " : "",
			learn->missing[i].text);
}

static int tell_json(const struct learn_session *session, const struct profile *profile, struct err *err)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&out, 0);
	const struct learn *learn = &session->learn;
	char name[64];

	json_begin_object(&writer);
	json_member_string(&writer, "profile", session->options->output);
	json_member_string(&writer, "tier", explain_tier_name(session->observe.ready.tier));
	json_member_string(&writer, "reason", session->observe.ready.reason);
	json_member_bool(&writer, "complete", profile->complete);
	json_member_bool(&writer, "verified", profile->verified);
	json_key(&writer, "missing");
	json_begin_array(&writer);
	for (size_t i = 0; i < learn->missing_count; i++)
		json_put_string(&writer, learn->missing[i].text);
	json_end_array(&writer);
	json_member_u64(&writer, "calls", learn->counts.calls);
	json_member_u64(&writer, "processes", learn->counts.processes);
	json_member_u64(&writer, "lost", learn->counts.lost);
	json_key(&writer, "counts");
	json_begin_object(&writer);
	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++) {
		profile_set_name(id, name, sizeof(name));
		json_member_u64(&writer, name + strlen("rules."), count_of(profile, id));
	}
	json_end_object(&writer);
	json_end_object(&writer);
	buf_puts(&out, "\n");
	return out.failed ? out_of_memory(err) : print(&out, err);
}

/* How it was seen, and what may be missing, stays with the profile. */
static int add_notes(const struct learn_session *session, struct arena *arena, struct profile *profile, struct err *err)
{
	const struct learn *learn = &session->learn;
	const char **notes = arena_calloc(arena, learn->missing_count + 1, sizeof(*notes));
	size_t count = 1;

	if (!notes)
		return out_of_memory(err);
	notes[0] = arena_printf(arena, "seen with tier %s", explain_tier_name(session->observe.ready.tier));
	for (size_t i = 0; i < learn->missing_count; i++)
		notes[count++] = learn->missing[i].text;
	if (!notes[0])
		return out_of_memory(err);
	profile->notes = notes;
	profile->notes_count = count;
	return 0;
}

int learn_write(struct learn_session *session, struct arena *arena, const char *source, const struct learn_verify *verify,
		struct err *err)
{
	const struct learn_options *options = session->options;
	struct buf text cleanup_buf = BUF_INIT;
	struct profile profile;

	if (learn_finish(&session->learn, arena, &profile, err) || add_notes(session, arena, &profile, err))
		return ERR;
	profile.source = source;
	profile.digest = session->digest && session->digest[0] ? session->digest : NULL;
	for (size_t i = 0; i < options->merges.count; i++) {
		struct profile other, before = profile;

		if (read_merge(arena, options->merges.items[i], &other, err) ||
		    profile_merge(arena, &before, &other, &profile, err))
			return ERR;
	}
	profile_minimize(&profile);
	if (verify && learn_verify(session, arena, &profile, verify, err))
		return ERR;
	profile_write(&profile, &text);
	if (text.failed)
		return out_of_memory(err);
	if (to_standard_output(options) ? print(&text, err) : write_file(arena, options->output, &text, err))
		return ERR;
	if (options->json)
		return tell_json(session, &profile, err);
	tell(session, &profile);
	return 0;
}
