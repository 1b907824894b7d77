/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats: the `data` object of `events --stats`, in the words that engines read. This file holds what both versions of
 * cgroups share; what a kernel does not count reads as 0. Runs in the runtime; reads only.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/cgroup/parts.h"

bool cgroup_read_text(const struct cgroup_dir *dir, const char *file, char *buf, size_t size)
{
	buf[0] = '\0';
	return dir && fd_read_text_at(dir->fd, file, buf, size) >= 0;
}

uint64_t cgroup_read_u64(const struct cgroup_dir *dir, const char *file, uint64_t otherwise)
{
	char text[64];

	if (!cgroup_read_text(dir, file, text, sizeof(text)) || text[0] < '0' || text[0] > '9')
		return otherwise;
	return strtoull(text, NULL, 10);
}

uint64_t cgroup_key_u64(const char *text, const char *key)
{
	uint64_t value = 0;

	return cgroup_keyed_value(text, key, &value) ? value : 0;
}

void cgroup_put_keyed(struct json_writer *writer, const char *key, const char *text)
{
	json_key(writer, key);
	json_begin_object(writer);
	while (*text) {
		size_t line = strcspn(text, "\n"), word = strcspn(text, " \n");
		char name[64];

		if (word > 0 && word < line && word < sizeof(name)) {
			memcpy(name, text, word);
			name[word] = '\0';
			json_member_u64(writer, name, strtoull(text + word, NULL, 10));
		}
		text += line + (text[line] == '\n');
	}
	json_end_object(writer);
}

/* "avg10=0.25" as a number: the writer has whole numbers only, so the fraction is added behind the whole part. */
static void put_average(struct json_writer *writer, const char *line, const char *key)
{
	const char *at = strstr(line, key);
	char *end;
	uint64_t whole;

	if (!at)
		return;
	at += strlen(key) + 1;
	whole = strtoull(at, &end, 10);
	json_member_u64(writer, key, whole);
	if (end[0] == '.' && end[1] >= '0' && end[1] <= '9')
		buf_add(writer->out, end, 1 + strspn(end + 1, "0123456789"));
}

static void put_pressure_line(struct json_writer *writer, const char *text, const char *kind)
{
	static const char *const averages[] = {"avg10", "avg60", "avg300"};
	const char *at = strstr(text, kind);
	char line[160];
	const char *total;

	if (!at)
		return;
	format_text(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	total = strstr(line, "total=");
	json_key(writer, kind);
	json_begin_object(writer);
	for (size_t i = 0; i < ARRAY_SIZE(averages); i++)
		put_average(writer, line, averages[i]);
	json_member_u64(writer, "total", total ? strtoull(total + strlen("total="), NULL, 10) : 0);
	json_end_object(writer);
}

void cgroup_put_pressure(struct json_writer *writer, const struct cgroup_dir *dir, const char *file)
{
	char text[512];

	if (!cgroup_read_text(dir, file, text, sizeof(text)) || !text[0])
		return;
	json_key(writer, "psi");
	json_begin_object(writer);
	put_pressure_line(writer, text, "some");
	put_pressure_line(writer, text, "full");
	json_end_object(writer);
}

void cgroup_put_block_entry(struct json_writer *writer, uint64_t major, uint64_t minor, const char *op, uint64_t value)
{
	json_begin_object(writer);
	json_member_u64(writer, "major", major);
	json_member_u64(writer, "minor", minor);
	json_member_string(writer, "op", op);
	json_member_u64(writer, "value", value);
	json_end_object(writer);
}

void cgroup_put_memory(struct json_writer *writer, const char *key, const struct cgroup_dir *dir,
		       const struct cgroup_memory_files *files)
{
	json_key(writer, key);
	json_begin_object(writer);
	json_member_u64(writer, "usage", cgroup_read_u64(dir, files->usage, 0));
	json_member_u64(writer, "limit", cgroup_read_u64(dir, files->limit, UINT64_MAX));
	json_member_u64(writer, "max", files->max ? cgroup_read_u64(dir, files->max, 0) : 0);
	json_member_u64(writer, "failcnt", files->failures ? cgroup_read_u64(dir, files->failures, 0) : 0);
	json_end_object(writer);
}

static void put_pids(struct json_writer *writer, const struct cgroup *cgroup)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, "pids");

	json_key(writer, "pids");
	json_begin_object(writer);
	json_member_u64(writer, "current", cgroup_read_u64(dir, "pids.current", 0));
	json_member_u64(writer, "limit", cgroup_read_u64(dir, "pids.max", 0));
	json_end_object(writer);
}

/* One page size; name is "hugetlb.2MB.usage_in_bytes", `length` of it up to its second dot. */
static void put_page_size(struct json_writer *writer, const struct cgroup_dir *dir, const char *name, size_t length,
			  const char *const files[3])
{
	static const char *const keys[] = {"usage", "max", "failcnt"};
	const size_t prefix = strlen("hugetlb.");
	char text[256];

	format_text(text, sizeof(text), "%.*s", (int)(length - prefix), name + prefix);
	json_key(writer, text);
	json_begin_object(writer);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!files[i]) {
			json_member_u64(writer, keys[i], 0);
			continue;
		}
		format_text(text, sizeof(text), "%.*s.%s", (int)length, name, files[i]);
		/* The events of v2 are a keyed file; "max" counts the failures. */
		if (strcmp(files[i], "events") == 0) {
			char events[256];

			cgroup_read_text(dir, text, events, sizeof(events));
			json_member_u64(writer, keys[i], cgroup_key_u64(events, "max"));
		} else {
			json_member_u64(writer, keys[i], cgroup_read_u64(dir, text, 0));
		}
	}
	json_end_object(writer);
}

void cgroup_put_hugetlb(struct json_writer *writer, const struct cgroup *cgroup, const char *usage, const char *max,
			const char *failures)
{
	const struct cgroup_dir *dir = cgroup_dir_of(cgroup, "hugetlb");
	int list_fd = dir ? openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -EBADF;
	DIR *list = list_fd < 0 ? NULL : fdopendir(list_fd);
	const struct dirent *entry;

	json_key(writer, "hugetlb");
	json_begin_object(writer);
	while (list && (entry = readdir(list))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (strncmp(entry->d_name, "hugetlb.", 8) == 0 && dot && dot > entry->d_name + 8 &&
		    !memchr(entry->d_name + 8, '.', (size_t)(dot - entry->d_name - 8)) && strcmp(dot + 1, usage) == 0)
			put_page_size(writer, dir, entry->d_name, (size_t)(dot - entry->d_name),
				      (const char *const[3]){usage, max, failures});
	}
	if (list)
		closedir(list);
	else
		fd_close(&list_fd);
	json_end_object(writer);
}

int cgroup_stats(const struct cgroup *cgroup, struct json_writer *writer, struct err *err)
{
	if (!cgroup_dir_main(cgroup)) {
		err_set(err, ERR_UNSUPPORTED, "there are no statistics of the container");
		err_why(err, "it has no cgroup of its own");
		return err_fix(err, "create it with a cgroup: as root, or without --cgroup-manager disabled");
	}
	json_begin_object(writer);
	cgroup_version_of(cgroup)->stats(cgroup, writer);
	put_pids(writer, cgroup);
	json_key(writer, "intel_rdt");
	json_begin_object(writer);
	json_end_object(writer);
	json_key(writer, "network_interfaces");
	json_begin_array(writer);
	json_end_array(writer);
	json_end_object(writer);
	return 0;
}
