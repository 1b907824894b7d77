/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci/sysctl: which kernel parameters a container may set: those that belong to a namespace which the config lists.
 * Any other would change the host. Both spellings of sysctl(8) are taken: "net.ipv4.ip_forward" and
 * "net/ipv4/ip_forward". Whether a namespace given by path is the host's own is for plan/ to find out.
 * Runs in the runtime; pure.
 */
#include <string.h>

#include "core/oci/config.h"
#include "core/oci/fields.h"
#include "core/oci/shapes.h"

#define KEY_MAX 200

/* name ends in ".": all that begin with it. */
static const struct {
	const char *name;
	enum oci_namespace_kind kind;
} namespaced[] = {
	{"net.", OCI_NS_NETWORK},
	{"fs.mqueue.", OCI_NS_IPC},
	{"kernel.auto_msgmni", OCI_NS_IPC},
	{"kernel.msgmax", OCI_NS_IPC},
	{"kernel.msgmnb", OCI_NS_IPC},
	{"kernel.msgmni", OCI_NS_IPC},
	{"kernel.msg_next_id", OCI_NS_IPC},
	{"kernel.sem", OCI_NS_IPC},
	{"kernel.sem_next_id", OCI_NS_IPC},
	{"kernel.shmall", OCI_NS_IPC},
	{"kernel.shmmax", OCI_NS_IPC},
	{"kernel.shmmni", OCI_NS_IPC},
	{"kernel.shm_next_id", OCI_NS_IPC},
	{"kernel.shm_rmid_forced", OCI_NS_IPC},
	{"kernel.domainname", OCI_NS_UTS},
	{"kernel.hostname", OCI_NS_UTS},
	{"user.", OCI_NS_USER},
};

/* Letters, digits and "_-", in parts that are not empty: so there is no "..", and no way out of /proc/sys. */
static bool is_sysctl_key(const char *key)
{
	static const char part[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	if (strlen(key) > KEY_MAX)
		return false;
	for (;; key++) {
		size_t length = strspn(key, part);

		if (!length)
			return false;
		key += length;
		if (!*key)
			return true;
		if (*key != '.' && *key != '/')
			return false;
	}
}

/* The dots and slashes of key are the same here. */
static bool same_key(const char *key, const char *name)
{
	for (; *name; key++, name++)
		if (*key != *name && !(*key == '/' && *name == '.'))
			return false;
	return !*key || name[-1] == '.';
}

static int check_value(struct oci_reader *reader, const struct json *value)
{
	for (const char *at = value->string; *at; at++) {
		if (((unsigned char)*at >= ' ' && *at != 0x7f) || *at == '\t')
			continue;
		oci_refuse(reader, value, NULL, "holds a control character");
		err_why(reader->err, "a newline would smuggle in a second value");
		return err_fix(reader->err, "one line of text");
	}
	return 0;
}

static int check_key(struct oci_reader *reader, const struct json *value, const struct oci_linux *config)
{
	if (!is_sysctl_key(value->key)) {
		oci_refuse(reader, value, NULL, "is not the name of a kernel parameter");
		err_why(reader->err, "names are letters, digits, \"_\" and \"-\" in parts divided by \".\" or \"/\"");
		return err_fix(reader->err, "a name like \"net.ipv4.ip_forward\"");
	}
	if (same_key(value->key, "kernel.hostname")) {
		oci_refuse(reader, value, NULL, "is set as a kernel parameter");
		err_why(reader->err, "the host name has a property of its own, and the two could differ");
		return err_fix(reader->err, "\"hostname\" at the top of the file");
	}
	for (size_t i = 0; i < ARRAY_SIZE(namespaced); i++) {
		const char *kind = oci_namespace_name(namespaced[i].kind);

		if (!same_key(value->key, namespaced[i].name))
			continue;
		if (config->namespaces[namespaced[i].kind].present)
			return 0;
		oci_refuse(reader, value, NULL, "would change the host");
		err_why(reader->err, "it belongs to the %s namespace, which the container shares with the host", kind);
		return err_fix(reader->err, "add {\"type\": \"%s\"} to linux.namespaces, or remove it", kind);
	}
	oci_refuse(reader, value, NULL, "would change the host");
	err_why(reader->err,
		"it belongs to no namespace; those that do are net.*, fs.mqueue.*, user.*, kernel.domainname and "
		"the System V limits kernel.msg*, kernel.sem* and kernel.shm*");
	return err_fix(reader->err, "remove it, and set it on the host with sysctl(8) if it is meant for all");
}

int oci_check_sysctl(struct oci_reader *reader, const struct json *linux_object, const struct oci_linux *config)
{
	const struct json *sysctl = oci_get(linux_object, "sysctl");

	for (const struct json *item = sysctl ? sysctl->first : NULL; item; item = item->next)
		if (check_key(reader, item, config) || check_value(reader, item))
			return ERR;
	return 0;
}
