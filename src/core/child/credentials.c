/* SPDX-License-Identifier: Apache-2.0 */
/* credentials: DROP: ids, groups and capabilities, as planned: computed once, as data (threats D8). What results is
 * compared by OP_VERIFY. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/child/parts.h"
#include "kernel/creds.h"

#define CAPABILITY_COUNT 64
/* Unix98 terminals (Documentation/admin-guide/devices.txt). */
#define PTS_MAJOR_FIRST 136
#define PTS_MAJOR_LAST	143

/*
 * The program may open its own standard streams again (/dev/stdout): pipes and the terminal that were made for it are
 * given to its user. Files and devices of the host are left alone.
 */
static void give_standard_streams(const struct child *child, struct container_id uid)
{
	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;
		bool is_terminal;

		if (fstat(fd, &st) < 0 || st.st_uid == uid.value)
			continue;
		is_terminal = S_ISCHR(st.st_mode) && major(st.st_rdev) >= PTS_MAJOR_FIRST &&
			      major(st.st_rdev) <= PTS_MAJOR_LAST;
		/* Where the file's owner has no id in this user namespace it stays as it is. */
		if (S_ISFIFO(st.st_mode) || (is_terminal && child->plan->terminal))
			(void)!fchown(fd, uid.value, (gid_t)-1);
	}
}

int child_ids(struct child *child, const struct op *op, struct err *err)
{
	int result = 0;

	give_standard_streams(child, op->ids.uid);
	if (op->ids.keep_capabilities)
		result = creds_keep_capabilities(true);
	if (result < 0)
		return child_failed(op, result, "prctl", err);
	if (op->ids.set_groups)
		result = creds_set_groups(op->ids.groups, op->ids.groups_count);
	if (result < 0)
		return child_failed(op, result, "setgroups", err);
	result = creds_set_ids(op->ids.uid, op->ids.gid);
	if (result == -EINVAL) {
		child_failed(op, result, "setresuid", err);
		err_why(err, "uid %u or gid %u has no mapping in the container's user namespace", op->ids.uid.value,
			op->ids.gid.value);
		return err_fix(err,
			       "map them in linux.uidMappings and linux.gidMappings, or choose ids that are mapped");
	}
	return child_check(op, result, "setresuid", err);
}

static int refused_set(const struct op *op, int errnum, struct err *err)
{
	struct creds_capabilities own;
	uint64_t missing;

	child_failed(op, errnum, "capset", err);
	if (creds_get_capabilities(&own) < 0)
		return ERR;
	missing = (op->capabilities.permitted & ~own.permitted) |
		  (op->capabilities.inheritable & ~(own.inheritable | own.permitted));
	for (unsigned int number = 0; number < CAPABILITY_COUNT; number++) {
		if (!(missing >> number & 1))
			continue;
		err_why(err, "the runtime itself does not have %s", oci_capability_name(number));
		return err_fix(err, "remove it from process.capabilities, or run the runtime with it");
	}
	return ERR;
}

int child_capabilities(struct child *child, const struct op *op, struct err *err)
{
	const struct creds_capabilities set = {
		.effective = op->capabilities.effective,
		.permitted = op->capabilities.permitted,
		.inheritable = op->capabilities.inheritable,
	};
	int result = creds_set_capabilities(&set);

	(void)child;
	if (result < 0)
		return refused_set(op, result, err);
	if (child_check(op, creds_keep_capabilities(false), "prctl", err) ||
	    child_check(op, creds_ambient_clear(), "prctl", err))
		return ERR;
	for (unsigned int number = 0; number < CAPABILITY_COUNT; number++) {
		if (!(op->capabilities.ambient >> number & 1))
			continue;
		result = creds_ambient_raise(number);
		if (result < 0) {
			child_failed(op, result, "prctl", err);
			err_why(err, "%s cannot be ambient without being permitted and inheritable",
				oci_capability_name(number));
			return err_fix(err, "add it to the permitted and inheritable sets, or remove it from ambient");
		}
	}
	return 0;
}

int child_bounding(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	for (unsigned int number = 0; number < CAPABILITY_COUNT; number++) {
		int result;

		if (op->bounding.keep >> number & 1)
			continue;
		result = creds_bounding_drop(number);
		/* Refused, but not there anyway: gone before, or beyond the kernel's last capability. */
		if (result < 0 && creds_bounding_has(number) == 1)
			return child_failed(op, result, "prctl", err);
		if (result == -EINVAL)
			break;
	}
	return 0;
}

int child_no_new_privs(struct child *child, const struct op *op, struct err *err)
{
	(void)child;
	return child_check(op, creds_set_no_new_privs(), "prctl", err);
}
