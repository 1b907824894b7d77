/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo: what stood in the files of a cgroup before new values were written, and how it is put back. Runs in the runtime.
 *
 * Most files read as what they take. Those below hold a line for each device, and take one line at a time; what a device
 * without a line has is the file's default.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/cgroup/parts.h"

#define FILE_SIZE_MAX 16384

/* prefix: of the file's name. otherwise: behind the device's name, where it has no line. */
static const struct {
	const char *prefix, *otherwise;
} by_line[] = {
	{"blkio.throttle.", " 0"},
	{"blkio.weight_device", " 0"},
	{"blkio.bfq.weight_device", " 0"},
	{"blkio.leaf_weight_device", " 0"},
	{"io.max", " rbps=max wbps=max riops=max wiops=max"},
	{"io.latency", " target=0"},
	{"io.weight", " default"},
	{"io.bfq.weight", " 0"},
	{"net_prio.ifpriomap", " 0"},
	{"rdma.max", " hca_handle=max hca_object=max"},
	{"misc.max", " max"},
	{"dmem.", " max"},
};

/* The line of `text` whose first word is that of `written`; NULL when there is none. */
static const char *line_of(const char *text, const char *written, size_t *ret_length)
{
	size_t word = strcspn(written, " ");

	for (const char *line = text; *line; line += line[*ret_length] == '\n' ? *ret_length + 1 : *ret_length) {
		*ret_length = strcspn(line, "\n");
		if (*ret_length > word && strncmp(line, written, word) == 0 && line[word] == ' ')
			return line;
	}
	return NULL;
}

/* What to write to have again what `text`, the file's content, says where `written` was written since. */
static char *value_before(const char *file, const char *text, const char *written)
{
	static const char oom_key[] = "oom_kill_disable ";
	size_t length = strcspn(text, "\n"), word = strcspn(written, " ");
	char value[512];

	for (size_t i = 0; i < ARRAY_SIZE(by_line); i++) {
		const char *line;

		if (strncmp(file, by_line[i].prefix, strlen(by_line[i].prefix)) != 0)
			continue;
		line = line_of(text, written, &length);
		if (line)
			return strndup(line, length);
		format_text(value, sizeof(value), "%.*s%s", (int)word, written, by_line[i].otherwise);
		return strdup(value);
	}
	if (strcmp(file, "memory.oom_control") == 0 && strncmp(text, oom_key, sizeof(oom_key) - 1) == 0)
		return strndup(text + sizeof(oom_key) - 1, 1);
	/* An empty list (cpuset.cpus of v2) is written as a line of nothing. */
	return length > 0 ? strndup(text, length) : strdup("\n");
}

int cgroup_undo_begin(struct cgroup_undo *undo, const struct cgroup *cgroup, const struct plan_cgroup *plan,
		      struct err *err)
{
	char text[FILE_SIZE_MAX];

	undo->items = calloc(plan->settings_count + 1, sizeof(*undo->items));
	if (!undo->items)
		return err_set(err, ERR_INTERNAL, "out of memory for the values of the cgroup %s", cgroup->path);
	undo->count = plan->settings_count;
	for (size_t i = 0; i < undo->count; i++) {
		const struct plan_cgroup_setting *setting = &plan->settings[i];
		const struct cgroup_dir *dir = cgroup_dir_of(cgroup, setting->controller);

		undo->items[i].setting = setting;
		/* What cannot be read is told when it has to be put back. */
		if (!dir || strchr(setting->file, '/') || !cgroup_read_text(dir, setting->file, text, sizeof(text)))
			continue;
		undo->items[i].before = value_before(setting->file, text, setting->value);
		if (!undo->items[i].before)
			return err_set(err, ERR_INTERNAL, "out of memory for the values of the cgroup %s",
				       cgroup->path);
	}
	return 0;
}

/* Some bound each other: what is refused in the first round may be taken in the second. */
#define ROUNDS 2

void cgroup_put_back(struct cgroup *cgroup, struct cgroup_undo *undo, struct err *err)
{
	const struct cgroup_undo_item *failed = NULL;

	for (int round = 0; round < ROUNDS; round++) {
		failed = NULL;
		for (size_t i = undo->count; i-- > 0;) {
			struct cgroup_undo_item *item = &undo->items[i];
			const struct cgroup_dir *dir = cgroup_dir_of(cgroup, item->setting->controller);

			if (!item->written)
				continue;
			if (dir && item->before && fd_write_text_at(dir->fd, item->setting->file, item->before) == 0)
				item->written = false;
			else
				failed = item;
		}
	}
	if (!failed)
		return;
	/* More than the reason of the refusal matters that the limits are now mixed. */
	err->why[0] = '\0';
	err_why(err, "the kernel refused it, and %s, written before, could not be put back to %s", failed->setting->file,
		failed->before ? failed->before : "what it was, which cannot be read");
	err_fix(err, "update it again with all limits");
}

void cgroup_undo_done(struct cgroup_undo *undo)
{
	for (size_t i = 0; i < undo->count; i++)
		free(undo->items[i].before);
	free(undo->items);
	*undo = CGROUP_UNDO_INIT;
}
