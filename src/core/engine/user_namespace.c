/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_namespace: what is known of a user namespace before it is joined: its id maps, and whether setgroups is denied
 * there. The plan needs them: which ids the container has, who owns what is delegated to its root. Runs in the runtime,
 * before planning; changes nothing.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/namespace.h"

/* Lines "0 100000 65536" with blanks before and between the numbers, as the kernel writes them. */
static int parse_maps(struct arena *arena, const char *text, struct id_maps *ret)
{
	struct id_map *items;
	size_t lines = 0;

	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	items = arena_calloc(arena, lines + 1, sizeof(*items));
	if (!items)
		return ERR;
	for (size_t i = 0; i < lines; i++) {
		char *end;

		items[i].inside.value = (uint32_t)strtoul(text, &end, 10);
		items[i].outside.value = (uint32_t)strtoul(end, &end, 10);
		items[i].count = (uint32_t)strtoul(end, &end, 10);
		text = end + strspn(end, " \n");
	}
	*ret = (struct id_maps){items, lines};
	return 0;
}

static int cannot_enter(int ns_fd, const struct oci_namespace *ns, const char *config_name, int errnum, struct err *err)
{
	uint32_t owner;

	err_sys(err, errnum, "setns", "cannot join the user namespace %s", ns->path.text);
	err_where(err, "%s#%s", config_name, ns->where);
	if (errnum != -EPERM)
		return ERR;
	if (namespace_owner(ns_fd, &owner) == 0 && owner != geteuid()) {
		err_why(err, "it was made by user %u, and this process is user %u without CAP_SYS_ADMIN above it", owner,
			geteuid());
		return err_fix(err, "run it as user %u, or as root of the user namespace in which that one was made", owner);
	}
	err_why(err, "it is not directly below the user namespace of this process, which has no CAP_SYS_ADMIN in it");
	return err_fix(err, "run it in the user namespace in which that one was made");
}

int user_namespace_read(struct arena *arena, const struct oci_config *config, const char *path,
			struct plan_request *request, struct err *err)
{
	const struct oci_namespace *ns = &config->linux.namespaces[OCI_NS_USER];
	int fd cleanup_fd = -EBADF, own_fd cleanup_fd = -EBADF, result;
	struct namespace_user *user;

	if (!ns->path.text)
		return 0;
	fd = open(path ? path : ns->path.text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	own_fd = open("/proc/self/ns", O_DIRECTORY | O_CLOEXEC);
	/* What is no user namespace is told by the operation that opens it; one's own is not joined. */
	if (fd < 0 || namespace_type(fd) != (int64_t)oci_namespace_clone_flag(OCI_NS_USER) ||
	    prepare_is_own(fd, own_fd, "user"))
		return 0;
	user = arena_alloc(arena, sizeof(*user));
	if (!user)
		return err_set(err, ERR_INTERNAL, "out of memory while planning");
	result = namespace_read_user(fd, user);
	if (result < 0)
		return cannot_enter(fd, ns, config->name, result, err);
	if (parse_maps(arena, user->uid_map, &request->joined_uid_maps) ||
	    parse_maps(arena, user->gid_map, &request->joined_gid_maps))
		return err_set(err, ERR_INTERNAL, "out of memory while planning");
	request->joined_setgroups_denied = user->setgroups_denied;
	if (request->joined_uid_maps.count && request->joined_gid_maps.count)
		return 0;
	err_set(err, ERR_CONFIG, "the user namespace %s has no ids", ns->path.text);
	err_where(err, "%s#%s", config->name, ns->where);
	err_why(err, "its %s is empty: it was made, and never mapped",
		request->joined_uid_maps.count ? "gid_map" : "uid_map");
	return err_fix(err, "write its uid_map and gid_map first (user_namespaces(7))");
}
