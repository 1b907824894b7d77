// SPDX-License-Identifier: Apache-2.0
/*
 * profile/format_json: parts of an OCI config (config.md, config-linux.md of the runtime specification), and for
 * Kubernetes a container's securityContext with the object that security-profiles-operator installs the filter from.
 */
#include <stdio.h>
#include <string.h>

#include "core/profile/formats.h"

#define CPU_PERIOD_US 100000

static void put_capabilities(struct json_writer *writer, const struct profile_set *set)
{
	static const char *const kinds[] = {"bounding", "effective", "permitted"};
	static const struct profile_set none;

	json_key(writer, "capabilities");
	json_begin_object(writer);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		profile_put_texts(writer, kinds[i], set);
	/* What the config had in these would be above the others. */
	profile_put_texts(writer, "inheritable", &none);
	profile_put_texts(writer, "ambient", &none);
	json_end_object(writer);
}

/* None are no list: an empty one would take away those of the config. */
static void put_rlimits(struct json_writer *writer, const struct profile_set *limits)
{
	bool begun = false;

	for (size_t i = 0; i < limits->count; i++) {
		if (strncmp(limits->items[i].text, "RLIMIT_", 7) != 0)
			continue;
		if (!begun) {
			json_key(writer, "rlimits");
			json_begin_array(writer);
			begun = true;
		}
		json_begin_object(writer);
		json_member_string(writer, "type", limits->items[i].text);
		json_member_u64(writer, "soft", limits->items[i].number);
		json_member_u64(writer, "hard", limits->items[i].number);
		json_end_object(writer);
	}
	if (begun)
		json_end_array(writer);
}

static void put_process(struct json_writer *writer, const struct profile *profile)
{
	json_key(writer, "process");
	json_begin_object(writer);
	json_member_bool(writer, "noNewPrivileges", true);
	if (profile->sets[PROFILE_CAPABILITIES].present)
		put_capabilities(writer, &profile->sets[PROFILE_CAPABILITIES]);
	put_rlimits(writer, &profile->sets[PROFILE_LIMITS]);
	json_end_object(writer);
}

static void put_limit(struct json_writer *writer, const char *section, const char *key, uint64_t value)
{
	json_key(writer, section);
	json_begin_object(writer);
	json_member_u64(writer, key, value);
	if (strcmp(section, "cpu") == 0)
		json_member_u64(writer, "period", CPU_PERIOD_US);
	json_end_object(writer);
}

static void put_resources(struct json_writer *writer, const struct profile *profile)
{
	uint64_t value;

	json_key(writer, "resources");
	json_begin_object(writer);
	if (profile_limit(profile, "memory", &value))
		put_limit(writer, "memory", "limit", value);
	if (profile_limit(profile, "pids", &value))
		put_limit(writer, "pids", "limit", value);
	if (profile_limit(profile, "cpuMillis", &value))
		put_limit(writer, "cpu", "quota", value * (CPU_PERIOD_US / 1000));
	json_end_object(writer);
}

int profile_write_oci(const struct profile *profile, const char *name, struct buf *out, struct err *err)
{
	struct json_writer writer = JSON_WRITER(out, 2);

	(void)name;
	(void)err;
	json_begin_object(&writer);
	put_process(&writer, profile);
	json_key(&writer, "linux");
	json_begin_object(&writer);
	if (profile->sets[PROFILE_LIMITS].present)
		put_resources(&writer, profile);
	if (profile_has_calls(profile)) {
		json_key(&writer, "seccomp");
		profile_put_seccomp(profile, PROFILE_FILTER_OTHERS, &writer);
	}
	json_end_object(&writer);
	json_end_object(&writer);
	buf_puts(out, "\n");
	return 0;
}

/* Kubernetes writes capabilities without CAP_. */
static void put_kubernetes_capabilities(struct json_writer *writer, const struct profile_set *set)
{
	json_key(writer, "capabilities");
	json_begin_object(writer);
	json_key(writer, "drop");
	json_begin_array(writer);
	json_put_string(writer, "ALL");
	json_end_array(writer);
	json_key(writer, "add");
	json_begin_array(writer);
	for (size_t i = 0; i < set->count; i++)
		json_put_string(writer, set->items[i].text + strlen("CAP_"));
	json_end_array(writer);
	json_end_object(writer);
}

static int put_kubernetes_profile(struct json_writer *writer, const struct profile *profile, const char *name)
{
	json_key(writer, "seccompProfile");
	json_begin_object(writer);
	json_member_string(writer, "apiVersion", "security-profiles-operator.x-k8s.io/v1beta1");
	json_member_string(writer, "kind", "SeccompProfile");
	json_key(writer, "metadata");
	json_begin_object(writer);
	json_member_string(writer, "name", name);
	json_end_object(writer);
	json_key(writer, "spec");
	profile_put_seccomp(profile, PROFILE_FILTER_OPERATOR, writer);
	json_end_object(writer);
	return 0;
}

/* Names of objects are of small letters, digits and "-" there (RFC 1123), and end in no "-". */
static void object_name(const char *name, char *out, size_t size)
{
	size_t length = 0;

	for (; *name && length + 1 < size; name++)
		out[length++] = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name == '_' ? '-' : *name;
	while (length && out[length - 1] == '-')
		length--;
	out[length] = '\0';
}

int profile_write_kubernetes(const struct profile *profile, const char *name, struct buf *out, struct err *err)
{
	struct json_writer writer = JSON_WRITER(out, 2);
	char object[208], path[300];

	(void)err;
	object_name(name, object, sizeof(object));
	json_begin_object(&writer);
	json_key(&writer, "securityContext");
	json_begin_object(&writer);
	json_member_bool(&writer, "allowPrivilegeEscalation", false);
	if (profile->sets[PROFILE_CAPABILITIES].present)
		put_kubernetes_capabilities(&writer, &profile->sets[PROFILE_CAPABILITIES]);
	if (profile_has_calls(profile)) {
		snprintf(path, sizeof(path), "operator/%s.json", object);
		json_key(&writer, "seccompProfile");
		json_begin_object(&writer);
		json_member_string(&writer, "type", "Localhost");
		json_member_string(&writer, "localhostProfile", path);
		json_end_object(&writer);
	}
	json_end_object(&writer);
	if (profile_has_calls(profile))
		put_kubernetes_profile(&writer, profile, object);
	json_end_object(&writer);
	buf_puts(out, "\n");
	return 0;
}
