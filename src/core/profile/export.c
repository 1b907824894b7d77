// SPDX-License-Identifier: Apache-2.0
/* profile/export: linux.seccomp of the runtime specification (config-linux.md, "Seccomp"), as engines read it too. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "core/profile/formats.h"

/* The set of arguments that restricts this call, or PROFILE_SETS. */
static enum profile_set_id restricts(const struct profile *profile, const char *call)
{
	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++)
		if (profile_rows[id].argument.syscall && profile->sets[id].present &&
		    strcmp(profile_rows[id].argument.syscall, call) == 0)
			return id;
	return PROFILE_SETS;
}

static void begin_rule(struct json_writer *writer)
{
	json_begin_object(writer);
	json_key(writer, "names");
	json_begin_array(writer);
}

static void end_names(struct json_writer *writer)
{
	json_end_array(writer);
	json_member_string(writer, "action", "SCMP_ACT_ALLOW");
}

static void write_argument_rule(struct json_writer *writer, const struct profile_argument *argument,
				const struct profile_item *item)
{
	begin_rule(writer);
	json_put_string(writer, argument->syscall);
	end_names(writer);
	json_key(writer, "args");
	json_begin_array(writer);
	for (size_t i = 0; i < 2 && argument->mask[i]; i++) {
		json_begin_object(writer);
		json_member_u64(writer, "index", argument->index[i]);
		json_member_u64(writer, "value", argument->mask[i]);
		json_member_u64(writer, "valueTwo", item->argument[i]);
		json_member_string(writer, "op", "SCMP_CMP_MASKED_EQ");
		json_end_object(writer);
	}
	json_end_array(writer);
	json_end_object(writer);
}

static void write_plain_rule(struct json_writer *writer, const struct profile *profile)
{
	const struct profile_set *calls = &profile->sets[PROFILE_SYSCALLS];
	bool begun = false;

	for (size_t i = 0; i < calls->count; i++) {
		if (restricts(profile, calls->items[i].text) != PROFILE_SETS)
			continue;
		if (!begun)
			begin_rule(writer);
		begun = true;
		json_put_string(writer, calls->items[i].text);
	}
	if (!begun)
		return;
	end_names(writer);
	json_end_object(writer);
}

void profile_put_seccomp(const struct profile *profile, struct json_writer *writer)
{
	json_begin_object(writer);
	json_member_string(writer, "defaultAction", "SCMP_ACT_ERRNO");
	json_member_u64(writer, "defaultErrnoRet", ENOSYS);
	json_key(writer, "architectures");
	json_begin_array(writer);
	json_put_string(writer, "SCMP_ARCH_X86_64");
	json_end_array(writer);
	json_key(writer, "syscalls");
	json_begin_array(writer);
	write_plain_rule(writer, profile);
	for (enum profile_set_id id = 0; id < PROFILE_SETS; id++)
		for (size_t i = 0; profile_rows[id].argument.syscall && i < profile->sets[id].count; i++)
			write_argument_rule(writer, &profile_rows[id].argument, &profile->sets[id].items[i]);
	json_end_array(writer);
	json_end_object(writer);
}

int profile_export_seccomp(const struct profile *profile, struct buf *out, struct err *err)
{
	struct json_writer writer = JSON_WRITER(out, 2);

	if (!profile->sets[PROFILE_SYSCALLS].present) {
		err_set(err, ERR_CONFIG, "the profile has no rules.syscalls.names");
		err_why(err, "without it nothing is restricted, and a filter that allows none would be written");
		return err_fix(err, "add the system calls that the program makes");
	}
	profile_put_seccomp(profile, &writer);
	buf_puts(out, "\n");
	return 0;
}
