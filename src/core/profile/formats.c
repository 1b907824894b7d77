// SPDX-License-Identifier: Apache-2.0
/* profile/formats: the table of exports, which sets each expresses, and what the writers share. */
#include "core/profile/formats.h"

#include <string.h>

#define BIT(id)	 (UINT32_C(1) << (id))
#define ARGUMENTS                                                                                                     \
	(BIT(PROFILE_BPF) | BIT(PROFILE_CLONE) | BIT(PROFILE_FCNTL) | BIT(PROFILE_IOCTL) | BIT(PROFILE_IPC) |         \
	 BIT(PROFILE_KEYCTL) | BIT(PROFILE_MADVISE) | BIT(PROFILE_PERSONALITY) | BIT(PROFILE_PRCTL) |                 \
	 BIT(PROFILE_SETSOCKOPT) | BIT(PROFILE_SOCKET) | BIT(PROFILE_SOCKETCALL))
#define CALLS (BIT(PROFILE_SYSCALLS) | BIT(PROFILE_ARCHITECTURES) | ARGUMENTS | BIT(PROFILE_SIGNALS) | BIT(PROFILE_NAMESPACES))
#define FILES (BIT(PROFILE_READ) | BIT(PROFILE_WRITE) | BIT(PROFILE_EXECUTE))

_Static_assert(PROFILE_SETS <= 32, "a mask has a bit for each set");

static const struct {
	const char *name;
	profile_writer *write;
	uint32_t sets;
	bool offline; /* no ports at all is no network, which more can say than ports */
} formats[] = {
	{"apparmor", profile_write_apparmor,
	 FILES | BIT(PROFILE_CAPABILITIES) | BIT(PROFILE_SIGNALS) | BIT(PROFILE_PROC) | BIT(PROFILE_SYS) |
		 BIT(PROFILE_DEVICES), true},
	{"kubernetes", profile_write_kubernetes, CALLS | BIT(PROFILE_CAPABILITIES), false},
	{"landlock", profile_write_landlock,
	 FILES | BIT(PROFILE_PROC) | BIT(PROFILE_SYS) | BIT(PROFILE_DEVICES) | BIT(PROFILE_LISTEN) |
		 BIT(PROFILE_CONNECT), true},
	/* A network of its own would be an entry of linux.namespaces, and a list that is merged replaces the others. */
	{"oci", profile_write_oci, CALLS | BIT(PROFILE_CAPABILITIES) | BIT(PROFILE_LIMITS), false},
	{"seccomp", profile_write_seccomp, CALLS, false},
	{"selinux", profile_write_selinux, BIT(PROFILE_CAPABILITIES), true},
	{"systemd", profile_write_systemd,
	 BIT(PROFILE_SYSCALLS) | BIT(PROFILE_ARCHITECTURES) | BIT(PROFILE_CAPABILITIES) | BIT(PROFILE_EXECUTE) |
		 BIT(PROFILE_WRITE) | BIT(PROFILE_DEVICES) | BIT(PROFILE_LISTEN) | BIT(PROFILE_NAMESPACES) |
		 BIT(PROFILE_LIMITS), true},
};

const char *profile_format_name(size_t index)
{
	return index < sizeof(formats) / sizeof(formats[0]) ? formats[index].name : NULL;
}

int profile_export(const struct profile *profile, size_t format, const char *name, struct buf *out, struct err *err)
{
	return formats[format].write(profile, name, out, err);
}

bool profile_export_expresses(const struct profile *profile, size_t format, enum profile_set_id id)
{
	if ((id == PROFILE_LISTEN || id == PROFILE_CONNECT) && profile_is_offline(profile))
		return formats[format].offline;
	return formats[format].sets & BIT(id);
}

void profile_put_texts(struct json_writer *writer, const char *key, const struct profile_set *set)
{
	json_key(writer, key);
	json_begin_array(writer);
	for (size_t i = 0; i < set->count; i++)
		json_put_string(writer, set->items[i].text);
	json_end_array(writer);
}

bool profile_limit(const struct profile *profile, const char *name, uint64_t *ret)
{
	const struct profile_item *item = profile_find(PROFILE_LIMITS, &profile->sets[PROFILE_LIMITS], name);

	if (item)
		*ret = item->number;
	return item;
}

bool profile_is_offline(const struct profile *profile)
{
	const struct profile_set *listen = &profile->sets[PROFILE_LISTEN], *connect = &profile->sets[PROFILE_CONNECT];

	return listen->present && connect->present && listen->count == 0 && connect->count == 0;
}

bool profile_is_glob(const char *path)
{
	return path[strcspn(path, "*?[\\")];
}
