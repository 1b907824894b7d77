// SPDX-License-Identifier: Apache-2.0
/*
 * profile/format_landlock: rules of Landlock in the form of landlockconfig: what is handled, and for lists of paths and
 * ports what is allowed. Names are those of landlock(7) in small letters.
 */
#include <string.h>

#include "core/profile/formats.h"

#define READ	"read_file", "read_dir"
#define CHANGE	"write_file", "truncate"
#define MAKE	"make_dir", "make_fifo", "make_reg", "make_sock", "make_sym", "refer", "remove_dir", "remove_file"
#define WORDS	16

static const struct {
	enum profile_set_id id;
	const char *handled[WORDS], *allowed[WORDS];
	const char *otherwise; /* allowed as a whole where the set is not there, and another one handles the right */
} rows[] = {
	{PROFILE_READ, {READ}, {READ}, "/"},
	{PROFILE_WRITE, {CHANGE, MAKE, "make_block", "make_char"}, {CHANGE, MAKE}, "/"},
	/* To execute a file the kernel opens it for reading, too. */
	{PROFILE_EXECUTE, {"execute"}, {"execute", "read_file"}, "/"},
	{PROFILE_PROC, {NULL}, {READ, CHANGE}, "/proc"},
	{PROFILE_SYS, {NULL}, {READ, CHANGE}, "/sys"},
	{PROFILE_DEVICES, {"ioctl_dev"}, {READ, CHANGE, "ioctl_dev"}, "/dev"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool is_handled(const struct profile *profile, const char *word)
{
	for (size_t row = 0; row < ROWS; row++)
		for (size_t i = 0; profile->sets[rows[row].id].present && rows[row].handled[i]; i++)
			if (strcmp(rows[row].handled[i], word) == 0)
				return true;
	return false;
}

/* Is this word of the row given to its paths? What the row's own set does not say is left to the others. */
static bool is_given(const struct profile *profile, size_t row, size_t word)
{
	return is_handled(profile, rows[row].allowed[word]) &&
	       (word == 0 || rows[row].id != PROFILE_EXECUTE || profile->sets[PROFILE_EXECUTE].present);
}

/* The directory that holds all that a glob names; other paths as they are. */
static void put_parent(struct json_writer *writer, const char *path)
{
	char text[4096];
	size_t plain = strcspn(path, "*?[\\");

	if (strncmp(path, "/proc/self/", 11) == 0) {
		json_put_string(writer, "/proc");
		return;
	}
	if (path[plain]) {
		while (plain > 1 && path[plain - 1] != '/')
			plain--;
		plain -= plain > 1;
	}
	memcpy(text, path, plain);
	text[plain] = '\0';
	json_put_string(writer, text);
}

/* Has the row paths that are given something? */
static bool has_paths(const struct profile *profile, size_t row)
{
	const struct profile_set *set = &profile->sets[rows[row].id];

	for (size_t i = 0; rows[row].allowed[i] && (!set->present || set->count); i++)
		if (is_given(profile, row, i))
			return true;
	return false;
}

static bool puts_paths(const struct profile *profile)
{
	for (size_t row = 0; row < ROWS; row++)
		if (has_paths(profile, row))
			return true;
	return false;
}

static void put_paths(struct json_writer *writer, const struct profile *profile, size_t row)
{
	const struct profile_set *set = &profile->sets[rows[row].id];

	if (!has_paths(profile, row))
		return;
	json_begin_object(writer);
	json_key(writer, "allowedAccess");
	json_begin_array(writer);
	for (size_t i = 0; rows[row].allowed[i]; i++)
		if (is_given(profile, row, i))
			json_put_string(writer, rows[row].allowed[i]);
	json_end_array(writer);
	json_key(writer, "parent");
	json_begin_array(writer);
	if (!set->present)
		json_put_string(writer, rows[row].otherwise);
	for (size_t i = 0; i < set->count; i++)
		put_parent(writer, set->items[i].text);
	for (size_t i = 0; rows[row].id == PROFILE_EXECUTE && set->present && profile_loaders[i]; i++)
		json_put_string(writer, profile_loaders[i]);
	json_end_array(writer);
	json_end_object(writer);
}

static void put_ports(struct json_writer *writer, const struct profile_set *set, const char *access)
{
	if (!set->count)
		return;
	json_begin_object(writer);
	json_key(writer, "allowedAccess");
	json_begin_array(writer);
	json_put_string(writer, access);
	json_end_array(writer);
	json_key(writer, "port");
	json_begin_array(writer);
	for (size_t i = 0; i < set->count; i++)
		json_put_u64(writer, set->items[i].number);
	json_end_array(writer);
	json_end_object(writer);
}

/* Lists that would be empty are left out: its readers take none. */
static void put_ruleset(struct json_writer *writer, const struct profile *profile)
{
	const struct profile_set *listen = &profile->sets[PROFILE_LISTEN], *connect = &profile->sets[PROFILE_CONNECT];
	bool begun = false;

	json_begin_object(writer);
	for (size_t row = 0; row < ROWS; row++)
		for (size_t i = 0; profile->sets[rows[row].id].present && rows[row].handled[i]; i++) {
			if (!begun) {
				json_key(writer, "handledAccessFs");
				json_begin_array(writer);
				begun = true;
			}
			json_put_string(writer, rows[row].handled[i]);
		}
	if (begun)
		json_end_array(writer);
	if (listen->present || connect->present) {
		json_key(writer, "handledAccessNet");
		json_begin_array(writer);
		if (listen->present)
			json_put_string(writer, "bind_tcp");
		if (connect->present)
			json_put_string(writer, "connect_tcp");
		json_end_array(writer);
	}
	json_end_object(writer);
}

static bool is_any_handled(const struct profile *profile)
{
	for (size_t row = 0; row < ROWS; row++)
		if (profile->sets[rows[row].id].present && rows[row].handled[0])
			return true;
	return profile->sets[PROFILE_LISTEN].present || profile->sets[PROFILE_CONNECT].present;
}

int profile_write_landlock(const struct profile *profile, const char *name, struct buf *out, struct err *err)
{
	struct json_writer writer = JSON_WRITER(out, 2);

	(void)name;
	if (!is_any_handled(profile)) {
		err_set(err, ERR_CONFIG, "the profile has no rules.files, rules.devices and rules.network");
		err_why(err, "without them Landlock restricts nothing, and a ruleset of nothing is none");
		return err_fix(err, "add the files that the program uses, or the ports");
	}
	json_begin_object(&writer);
	json_key(&writer, "ruleset");
	json_begin_array(&writer);
	put_ruleset(&writer, profile);
	json_end_array(&writer);
	if (puts_paths(profile)) {
		json_key(&writer, "pathBeneath");
		json_begin_array(&writer);
		for (size_t row = 0; row < ROWS; row++)
			put_paths(&writer, profile, row);
		json_end_array(&writer);
	}
	if (profile->sets[PROFILE_LISTEN].count || profile->sets[PROFILE_CONNECT].count) {
		json_key(&writer, "netPort");
		json_begin_array(&writer);
		put_ports(&writer, &profile->sets[PROFILE_LISTEN], "bind_tcp");
		put_ports(&writer, &profile->sets[PROFILE_CONNECT], "connect_tcp");
		json_end_array(&writer);
	}
	json_end_object(&writer);
	buf_puts(out, "\n");
	return 0;
}
