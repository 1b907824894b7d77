/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl: kernel parameters that belong to a namespace of the container, and no others. Pure. */
#include <string.h>

#include "core/plan/builder.h"

/* Which namespace owns a parameter. A prefix ends in "/". */
static const struct {
	const char *path;
	enum oci_namespace_kind ns;
} owners[] = {
	{"net/", OCI_NS_NETWORK},	    {"fs/mqueue/", OCI_NS_IPC},
	{"kernel/msgmax", OCI_NS_IPC},	    {"kernel/msgmnb", OCI_NS_IPC},
	{"kernel/msgmni", OCI_NS_IPC},	    {"kernel/msg_next_id", OCI_NS_IPC},
	{"kernel/auto_msgmni", OCI_NS_IPC}, {"kernel/sem", OCI_NS_IPC},
	{"kernel/sem_next_id", OCI_NS_IPC}, {"kernel/shmall", OCI_NS_IPC},
	{"kernel/shmmax", OCI_NS_IPC},	    {"kernel/shmmni", OCI_NS_IPC},
	{"kernel/shm_next_id", OCI_NS_IPC}, {"kernel/shm_rmid_forced", OCI_NS_IPC},
	{"kernel/hostname", OCI_NS_UTS},    {"kernel/domainname", OCI_NS_UTS},
	{"user/", OCI_NS_USER},
};

/* sysctl(8): dots separate, and a slash in a name stands for a dot, unless the first separator is a slash. */
static const char *path_of(struct builder *builder, const char *key)
{
	char *path = arena_strdup(builder->arena, key);
	const char *first = strpbrk(key, "./");

	if (!path) {
		builder->no_memory = true;
		return "";
	}
	if (first && *first == '.')
		for (char *at = path; *at; at++)
			*at = *at == '.' ? '/' : *at == '/' ? '.' : *at;
	return path;
}

/* Every component must be a name: no empty one, no "..", nothing that leaves /proc/sys. */
static bool is_clean(const char *path)
{
	for (const char *at = path;; at++) {
		size_t length = strcspn(at, "/");

		if (length == 0 || (length == 1 && at[0] == '.') || (length == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		at += length;
		if (*at == '\0')
			return true;
	}
}

static int owner_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		size_t length = strlen(owners[i].path);

		if (owners[i].path[length - 1] == '/' ? strncmp(path, owners[i].path, length) == 0
						      : strcmp(path, owners[i].path) == 0)
			return (int)owners[i].ns;
	}
	return -1;
}

static int plan_one(struct builder *builder, const struct key_value *item)
{
	const char *path = path_of(builder, item->key);
	int owner = owner_of(path);
	struct op *op;

	if (!is_clean(path)) {
		builder_refuse(builder, ERR_CONFIG, item->where, "\"%s\" is no name of a sysctl", item->key);
		return err_fix(builder->err, "write it as sysctl(8) does: net.ipv4.ip_forward");
	}
	if (owner < 0) {
		builder_refuse(builder, ERR_CONFIG, item->where, "sysctl %s cannot be set for a container", item->key);
		err_why(builder->err, "it belongs to no namespace: it would change the whole host");
		return err_fix(builder->err, "remove it, and set it on the host if that is what you want");
	}
	if (!builder->new_ns[owner]) {
		const char *name = oci_namespace_name((enum oci_namespace_kind)owner);

		builder_refuse(builder, ERR_CONFIG, item->where, "sysctl %s needs a new %s namespace", item->key, name);
		err_why(builder->err, builder->joined_ns[owner]
					      ? "the container joins one, and would change it for the others in it"
					      : "the container shares the host's, and would change it for the host");
		return err_fix(builder->err, "add {\"type\": \"%s\"} without a path to linux.namespaces, or remove it",
			       name);
	}
	op = builder_add(builder, OP_SYSCTL, PLAN_START, item->where, NULL);
	op->sysctl.key = path;
	op->sysctl.value = item->value;
	return 0;
}

int plan_sysctls(struct builder *builder)
{
	const struct key_values *list = &builder->config->linux.sysctl;

	for (size_t i = 0; i < list->count; i++)
		if (plan_one(builder, &list->items[i]))
			return ERR;
	return 0;
}
