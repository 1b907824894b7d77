/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain/set_id: programs that would have had more power by their file's bits or capabilities, and have not, because of
 * no_new_privs or of nosuid. execve says nothing then: the error comes later, from a call that the power was for. The file
 * is looked at through /proc/PID/exe, at its start and, when the process is still there, at the refusal.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "core/oci/config.h"
#include "insight/explain/parts.h"

/* false: it has neither, or is gone. */
static bool look(pid_t pid, struct explain_set_id *ret)
{
	struct vfs_cap_data capabilities;
	struct stat status;
	struct statvfs fs;
	char path[64];
	int fd cleanup_fd = -EBADF;
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return false;
	*ret = (struct explain_set_id){.pid = pid, .owner = status.st_uid, .group = status.st_gid};
	ret->by_owner = status.st_mode & S_ISUID;
	/* Without the execute bit of the group the other one means a kind of lock. */
	ret->by_group = (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
	size = getxattr(path, "security.capability", &capabilities, sizeof(capabilities));
	if (size >= (ssize_t)XATTR_CAPS_SZ_2)
		ret->capabilities = capabilities.data[0].permitted | (uint64_t)capabilities.data[1].permitted << 32;
	ret->nosuid = fstatvfs(fd, &fs) == 0 && fs.f_flag & ST_NOSUID;
	return ret->by_owner || ret->by_group || ret->capabilities;
}

static struct explain_set_id *find(struct explain *explain, pid_t pid)
{
	for (size_t i = 0; i < EXPLAIN_SET_IDS_MAX; i++)
		if (explain->set_ids[i].pid == pid)
			return &explain->set_ids[i];
	return NULL;
}

/* What was seen of the file while it was executed: all but its capabilities. */
static bool seen(const struct observe_process *started, struct explain_set_id *ret)
{
	*ret = (struct explain_set_id){
		.pid = started->pid,
		.owner = started->file_owner,
		.group = started->file_group,
		.nosuid = started->file_nosuid,
		.by_owner = started->file_mode & S_ISUID,
		.by_group = (started->file_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP),
	};
	return ret->by_owner || ret->by_group;
}

void set_id_note(struct explain *explain, const struct observe_process *started)
{
	struct explain_set_id *known = find(explain, started->pid), one;

	if (look(started->pid, &one) || seen(started, &one))
		*(known ?: &explain->set_ids[explain->set_ids_next++ % EXPLAIN_SET_IDS_MAX]) = one;
	else if (known)
		known->pid = 0;
}

/* Does what the file promises differ from what the process has? */
static bool is_void(const struct parts_case *one, const struct explain_set_id *program)
{
	const char *capability = one->facts.texts[TEXT_CAPABILITY];
	char name[48];
	int number;

	if ((program->by_owner && program->owner != one->refusal->uid) ||
	    (program->by_group && program->group != one->refusal->gid))
		return true;
	if (!capability || !program->capabilities)
		return false;
	snprintf(name, sizeof(name), "CAP_%s", capability);
	number = oci_capability_number(name);
	return number >= 0 && program->capabilities >> number & 1 && !(one->refusal->permitted >> number & 1);
}

void set_id_look(struct parts_case *one)
{
	struct explain_set_id program;
	const struct explain_set_id *known;

	if (one->facts.errnum != EPERM && one->facts.errnum != EACCES)
		return;
	if (!look(one->refusal->pid, &program)) {
		known = find(one->explain, one->refusal->pid);
		if (!known)
			return;
		program = *known;
	}
	if (!is_void(one, &program))
		return;
	if (one->refusal->flags & OBSERVE_NO_NEW_PRIVS)
		parts_fact(one, FACT_SET_ID_FORBIDDEN);
	else if (program.nosuid)
		parts_fact(one, FACT_SET_ID_NOSUID);
}
