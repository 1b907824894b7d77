/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sysctl: kernel parameters of the container's own namespaces. oci/ has refused those that belong to none, and names
 * that could lead out of /proc/sys; here the namespace must also be a new one. Pure.
 */
#include <string.h>

#include "core/plan/builder.h"

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

/* Of the namespaces that have parameters, all but these four kinds of names belong to IPC. */
static enum oci_namespace_kind owner_of(const char *path)
{
	if (strncmp(path, "net/", 4) == 0)
		return OCI_NS_NETWORK;
	if (strncmp(path, "user/", 5) == 0)
		return OCI_NS_USER;
	if (strcmp(path, "kernel/hostname") == 0 || strcmp(path, "kernel/domainname") == 0)
		return OCI_NS_UTS;
	return OCI_NS_IPC;
}

static int plan_one(struct builder *builder, const struct key_value *item)
{
	const char *path = path_of(builder, item->key);
	enum oci_namespace_kind owner = owner_of(path);
	const char *name = oci_namespace_name(owner);
	struct op *op;

	if (!builder->new_ns[owner]) {
		builder_refuse(builder, ERR_CONFIG, item->where, "sysctl %s needs a new %s namespace", item->key, name);
		err_why(builder->err, "%s",
			builder->joined_ns[owner]
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
