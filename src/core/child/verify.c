/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: the process looks at itself through the private procfs before it becomes the program: the kernel's account of
 * its ids and capabilities must be the planned one. More power than planned is a broken invariant (threats D8).
 */
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <string.h>

#include "core/child/parts.h"
#include "kernel/creds.h"

/* NGROUPS_MAX of <linux/limits.h> */
#define GROUPS_MAX 65536

struct set {
	const char *name;
	uint64_t planned, actual;
};

static const char *first_name(uint64_t set)
{
	for (unsigned int number = 0; number < 64; number++) {
		const char *name = set >> number & 1 ? oci_capability_name(number) : NULL;

		if (name)
			return name;
	}
	return "a capability without name";
}

static int compare_set(const struct set *set, struct err *err)
{
	uint64_t more = set->actual & ~set->planned, less = set->planned & ~set->actual;

	if (more) {
		err_set(err, ERR_INTERNAL, "the container would have more power than planned: %s in its %s set",
			first_name(more), set->name);
		return err_why(err, "the kernel shows %llx, planned was %llx", (unsigned long long)set->actual,
			       (unsigned long long)set->planned);
	}
	if (less) {
		err_set(err, ERR_UNSUPPORTED, "the container would lack %s in its %s set", first_name(less), set->name);
		err_why(err, "the kernel shows %llx, planned was %llx: the runtime itself may lack it",
			(unsigned long long)set->actual, (unsigned long long)set->planned);
		return err_fix(err, "remove it from process.capabilities, or run the runtime with it");
	}
	return 0;
}

static int compare_ids(const struct op *op, const struct creds_status *status, struct err *err)
{
	for (size_t i = 0; i < 4; i++) {
		if (status->uid[i] == op->verify.uid.value && status->gid[i] == op->verify.gid.value)
			continue;
		return err_set(err, ERR_INTERNAL, "the container would run as %u:%u, planned was %u:%u", status->uid[i],
			       status->gid[i], op->verify.uid.value, op->verify.gid.value);
	}
	return 0;
}

/* Each group of one list has a partner of its own in the other, in whatever order: the kernel sorts by the host's ids. */
bool child_same_groups(const struct container_id *planned, size_t planned_count, const struct container_id *actual,
		       size_t actual_count)
{
	static bool taken[GROUPS_MAX];
	size_t first = 0; /* those before it are taken */

	if (planned_count != actual_count || actual_count > GROUPS_MAX)
		return false;
	memset(taken, 0, actual_count);
	for (size_t i = 0; i < planned_count; i++) {
		size_t at = first;

		while (at < actual_count && (taken[at] || actual[at].value != planned[i].value))
			at++;
		if (at == actual_count)
			return false;
		taken[at] = true;
		while (first < actual_count && taken[first])
			first++;
	}
	return true;
}

static int compare_groups(const struct op *op, struct err *err)
{
	static struct container_id groups[GROUPS_MAX];
	int count = creds_get_groups(groups, ARRAY_SIZE(groups));

	if (!op->verify.groups_set)
		return 0;
	if (count < 0)
		return child_failed(op, count, "getgroups", err);
	if (child_same_groups(op->verify.groups, op->verify.groups_count, groups, (size_t)count))
		return 0;
	return err_set(err, ERR_INTERNAL, "the container would have other supplementary groups than planned (%d, planned %zu)",
		       count, op->verify.groups_count);
}

/* What would leave a program its capabilities when it gives up being root. */
static int compare_securebits(const struct op *op, struct err *err)
{
	int bits = creds_get_securebits();

	if (bits < 0)
		return child_failed(op, bits, "prctl", err);
	if (!(bits & (SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP)))
		return 0;
	err_set(err, ERR_INTERNAL, "the container would keep capabilities that it gives up");
	err_why(err, "the securebits of the runtime are %#x: keep_caps or no_setuid_fixup would be inherited",
		(unsigned int)bits);
	return err_fix(err, "call the runtime without them (capsh --secbits=0, SecureBits= of a systemd unit)");
}

int child_verify(struct child *child, const struct op *op, struct err *err)
{
	struct creds_status status;
	int result = child->status_fd >= 0 ? creds_read_open_status(child->status_fd, &status)
					   : creds_read_status(child->procfs.fd, &status);

	fd_close(&child->status_fd);
	if (result < 0)
		return child_failed(op, result, "read", err);
	const struct set sets[] = {
		{"bounding", op->verify.bounding, status.bounding},
		{"effective", op->verify.effective, status.effective},
		{"permitted", op->verify.permitted, status.permitted},
		{"inheritable", op->verify.inheritable, status.inheritable},
		{"ambient", op->verify.ambient, status.ambient},
	};

	if (compare_ids(op, &status, err) || compare_groups(op, err) || compare_securebits(op, err))
		return ERR;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (compare_set(&sets[i], err))
			return ERR;
	if (op->verify.no_new_privs && !status.no_new_privs)
		return err_set(err, ERR_INTERNAL, "the container would run without no_new_privs");
	if (op->verify.filtered && status.seccomp != SECCOMP_MODE_FILTER)
		return err_set(err, ERR_INTERNAL, "the container would run without its seccomp filter");
	return 0;
}
