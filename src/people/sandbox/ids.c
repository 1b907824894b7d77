/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ids: which host ids stand behind a sandbox's. Root gives the sandbox a range that owns no file of the host, so that
 * even a process that breaks out is nobody; an ordinary user gives it the id that she has, and, where she has them,
 * subordinate ones.
 */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/host/helper.h"
#include "people/sandbox/parts.h"

/* The last 65536 ids of the range that systemd reserves for containers: owned by no one, and by no file, on a host
 * whose administrator has not chosen another range for root in /etc/subuid. */
#define RESERVED_FIRST_ID 1878982656u
#define RANGE_SIZE 65536u
#define SUBID_FILE_MAX 65536

/* The first range of at least RANGE_SIZE ids that `owner` has in a subuid(5) file; false when there is none. */
static bool read_range(const char *path, const char *owner, uint32_t *ret_first)
{
	char text[SUBID_FILE_MAX];
	size_t owner_length = strlen(owner);

	if (fd_read_text_at(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	for (char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		char *end;
		unsigned long long first, count;

		if (strncmp(line, owner, owner_length) != 0 || line[owner_length] != ':')
			continue;
		first = strtoull(line + owner_length + 1, &end, 10);
		if (*end != ':')
			continue;
		count = strtoull(end + 1, &end, 10);
		if ((*end != '\n' && *end != '\0') || count < RANGE_SIZE || first == 0 ||
		    first > UINT32_MAX - RANGE_SIZE)
			continue;
		*ret_first = (uint32_t)first;
		return true;
	}
	return false;
}

static struct id_map root_map(const char *path)
{
	struct id_map map = {.outside = {RESERVED_FIRST_ID}, .count = RANGE_SIZE};

	read_range(path, "root", &map.outside.value);
	return map;
}

/* By name or by number, as newuidmap(1) takes it. */
static bool read_users_range(const char *path, uint32_t *ret_first)
{
	const struct passwd *account = getpwuid(geteuid());
	char number[16];

	snprintf(number, sizeof(number), "%u", geteuid());
	return (account && read_range(path, account->pw_name, ret_first)) || read_range(path, number, ret_first);
}

/* The command's id is the caller's; the range stands behind the others, up to RANGE_SIZE. */
static size_t map_around(uint32_t inside, uint32_t outside, uint32_t first, struct id_map maps[SANDBOX_ID_MAPS_MAX])
{
	uint32_t below = inside < RANGE_SIZE ? inside : RANGE_SIZE;
	size_t count = 0;

	if (below)
		maps[count++] = (struct id_map){.inside = {0}, .outside = {first}, .count = below};
	maps[count++] = (struct id_map){.inside = {inside}, .outside = {outside}, .count = 1};
	if (below + 1 < RANGE_SIZE)
		maps[count++] = (struct id_map){.inside = {below + 1}, .outside = {first + below},
						.count = RANGE_SIZE - below - 1};
	return count;
}

/*
 * The host's own programs, without a capability, have no use for a second id; and the programs that map one are setuid, and
 * take longer than all the rest.
 */
static bool wants_range(const struct sandbox *sandbox)
{
	return (sandbox->kind != SANDBOX_HOST || sandbox->capabilities) && helper_present(HELPER_NEWUIDMAP) &&
	       helper_present(HELPER_NEWGIDMAP);
}

static void choose_users_ids(const struct sandbox *sandbox, struct sandbox_ids *ids)
{
	uint32_t uid = geteuid(), gid = getegid(), first_uid, first_gid;

	/* The same number inside as outside, unless another is asked for: a program sees the user that started it. */
	ids->uid = sandbox->user_set ? sandbox->uid : (struct container_id){uid};
	ids->gid = sandbox->user_set ? sandbox->gid : (struct container_id){gid};
	if (wants_range(sandbox) && read_users_range("/etc/subuid", &first_uid) &&
	    read_users_range("/etc/subgid", &first_gid)) {
		ids->uid_maps_count = map_around(ids->uid.value, uid, first_uid, ids->uid_maps);
		ids->gid_maps_count = map_around(ids->gid.value, gid, first_gid, ids->gid_maps);
		return;
	}
	ids->uid_maps[0] = (struct id_map){.inside = ids->uid, .outside = {uid}, .count = 1};
	ids->gid_maps[0] = (struct id_map){.inside = ids->gid, .outside = {gid}, .count = 1};
	ids->uid_maps_count = ids->gid_maps_count = 1;
}

/* The ids of the host itself: never root's, for then nothing but the filter would stand between. */
static int choose_host_ids(const struct sandbox *sandbox, struct sandbox_ids *ret_ids, struct err *err)
{
	if (geteuid() != 0) {
		err_set(err, ERR_USAGE, "--userns=none cannot be had by user %u", geteuid());
		err_why(err, "without privilege a user namespace is what allows the other namespaces");
		return err_fix(err, "leave --userns=none out, or run it as root");
	}
	if (!sandbox->user_set || sandbox->uid.value == 0) {
		err_set(err, ERR_USAGE, "--userns=none and %s exclude each other",
			sandbox->user_set ? "--user 0" : "running as root");
		err_why(err, "without a user namespace root inside is root of the host");
		return err_fix(err, "add --user with an id that owns nothing, for example --user 1000600000");
	}
	ret_ids->uid = sandbox->uid;
	ret_ids->gid = sandbox->gid;
	return 0;
}

int sandbox_choose_ids(const struct sandbox *sandbox, struct sandbox_ids *ret_ids, struct err *err)
{
	struct sandbox_ids ids = {.uid_maps_count = 1, .gid_maps_count = 1};

	if (sandbox->host_ids)
		return choose_host_ids(sandbox, ret_ids, err);
	if (geteuid() != 0) {
		choose_users_ids(sandbox, &ids);
	} else {
		ids.uid_maps[0] = root_map("/etc/subuid");
		ids.gid_maps[0] = root_map("/etc/subgid");
		if (sandbox->user_set) {
			ids.uid = sandbox->uid;
			ids.gid = sandbox->gid;
		}
		if (ids.uid.value >= RANGE_SIZE || ids.gid.value >= RANGE_SIZE) {
			err_set(err, ERR_USAGE, "user %u:%u is outside the container's ids", ids.uid.value,
				ids.gid.value);
			err_why(err, "a sandbox of root has the ids 0 to %u", RANGE_SIZE - 1);
			return err_fix(err, "choose a --user below %u, or --userns=none for an arbitrary id of the host",
				       RANGE_SIZE);
		}
	}
	*ret_ids = ids;
	return 0;
}
