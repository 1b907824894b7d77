/* SPDX-License-Identifier: Apache-2.0 */
/* status: what is true of a container now, from facts (the process, the socket, the lock), and how engines read it. */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/format.h"
#include "core/state/parts.h"
#include "kernel/process.h"

#define OCI_VERSION "1.3.0" /* of the runtime-spec */
#define SECOND	    UINT64_C(1000000000)

const char *state_status_name(enum state_status status)
{
	static const char *const names[] = {
		[STATE_CREATING] = "creating", [STATE_CREATED] = "created", [STATE_RUNNING] = "running",
		[STATE_PAUSED] = "paused",     [STATE_STOPPED] = "stopped",
	};

	return names[status];
}

bool state_process_alive(const struct state *state)
{
	uint64_t start_time;
	char letter;

	if (state->pid <= 0 || process_stat(state->pid, &start_time, &letter) < 0)
		return false;
	return start_time == state->pid_start_time && letter != 'Z' && letter != 'X';
}

enum state_status state_status(const struct state_dir *dir, const struct state *state, bool frozen)
{
	struct stat status;

	if (state->pid == 0)
		return state_dir_is_locked(dir) ? STATE_CREATING : STATE_STOPPED;
	if (!state_process_alive(state))
		return STATE_STOPPED;
	if (frozen)
		return STATE_PAUSED;
	return fstatat(dir->fd, STATE_START_SOCKET, &status, AT_SYMLINK_NOFOLLOW) == 0 ? STATE_CREATED : STATE_RUNNING;
}

/* RFC 3339 with nanoseconds, in UTC. */
static void put_created(struct json_writer *writer, uint64_t created_ns)
{
	time_t seconds = (time_t)(created_ns / SECOND);
	char text[64];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		return;
	format_text(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%09uZ", tm.tm_year + 1900, tm.tm_mon + 1,
		    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned int)(created_ns % SECOND));
	json_member_string(writer, "created", text);
}

void state_print_oci(const struct state *state, enum state_status status, const struct key_values *annotations,
		     struct json_writer *writer)
{
	char owner[16];

	/* No name of the host's user database is asked for: that would run its modules with our power (threats D6). */
	format_text(owner, sizeof(owner), state->owner_uid == 0 ? "root" : "%u", state->owner_uid);
	json_begin_object(writer);
	json_member_string(writer, "ociVersion", OCI_VERSION);
	json_member_string(writer, "id", state->id);
	json_member_i64(writer, "pid", status == STATE_STOPPED ? 0 : state->pid);
	json_member_string(writer, "status", state_status_name(status));
	json_member_string(writer, "bundle", state->bundle);
	json_member_string(writer, "rootfs", state->rootfs);
	put_created(writer, state->created_ns);
	if (annotations && annotations->count > 0) {
		json_key(writer, "annotations");
		json_begin_object(writer);
		for (size_t i = 0; i < annotations->count; i++)
			json_member_string(writer, annotations->items[i].key, annotations->items[i].value);
		json_end_object(writer);
	}
	json_member_string(writer, "owner", owner);
	json_end_object(writer);
}
