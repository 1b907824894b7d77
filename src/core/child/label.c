/* SPDX-License-Identifier: Apache-2.0 */
/* label: the AppArmor or SELinux label that execve gives. Written through the private procfs, where nothing can be
 * mounted over it, and read back (threats D2). */
#include <fcntl.h>
#include <string.h>

#include "base/format.h"
#include "core/child/parts.h"

/* What a read gives: the label, for AppArmor with its mode (" (enforce)"), with or without a newline or NUL. */
static bool is_label(const char *text, const char *label)
{
	size_t length = strlen(label);

	if (strncmp(text, label, length) != 0)
		return false;
	text += length;
	return *text == '\0' || *text == '\n' || strncmp(text, " (", 2) == 0;
}

static int write_label(struct child *child, const struct op *op, const char *path, struct err *err)
{
	char text[PATH_MAX], back[PATH_MAX];
	int result;

	if (format_text(text, sizeof(text), "%s%s", op->label.apparmor ? "exec " : "", op->label.label) >= sizeof(text))
		return child_failed(op, ENAMETOOLONG, "write", err);
	result = procfs_write(&child->procfs, path, text);
	if (result == -ENOENT && op->label.apparmor) {
		child_failed(op, result, "write", err);
		err_why(err, "no AppArmor profile of this name is loaded");
		return err_fix(err, "load it with apparmor_parser -r, or correct process.apparmorProfile");
	}
	if (result < 0)
		return child_failed(op, result, "write", err);
	result = procfs_read(&child->procfs, path, back, sizeof(back));
	if (result < 0)
		return child_failed(op, result, "read", err);
	if (is_label(back, op->label.label))
		return 0;
	err_set(err, ERR_INTERNAL, "the label at exec is not %s as it was set", op->label.label);
	return err_why(err, "reading it back gives \"%s\"", back);
}

int child_label(struct child *child, const struct op *op, struct err *err)
{
	/* attr/apparmor/ is AppArmor's own since Linux 5.8; attr/exec belongs to the first security module that has it.
	 */
	static const char *const own = "self/attr/apparmor/exec";
	int fd = op->label.apparmor ? procfs_open(&child->procfs, own, O_WRONLY) : -ENOENT;

	if (fd < 0)
		return write_label(child, op, "self/attr/exec", err);
	fd_close(&fd);
	return write_label(child, op, own, err);
}

int child_expect_labels(struct child *child, struct err *err)
{
	for (size_t i = 0; i < child->plan->ops_count; i++) {
		const struct op *op = &child->plan->ops[i];

		if (op->kind != OP_LABEL || child_label(child, op, err) == 0)
			continue;
		plan_explain(child->plan, op, err);
		return ERR;
	}
	return 0;
}
