/* SPDX-License-Identifier: Apache-2.0 */
/* features: what this program can do, as features.md of the runtime-spec has it: no more and no less. */
#include <linux/seccomp.h>

#include "base/types.h"
#include "cmd/bulkhead-oci/oci.h"
#include "core/host/helper.h"
#include "core/oci/names.h"

static const struct opt options[] = {{.type = OPT_END}};

static void put_names(struct json_writer *writer, const char *key, const struct oci_names *names)
{
	json_key(writer, key);
	json_begin_array(writer);
	for (const struct oci_name *item = names->items; item->name; item++)
		json_put_string(writer, item->name);
	json_end_array(writer);
}

static void put_enabled(struct json_writer *writer, const char *key, bool enabled)
{
	json_key(writer, key);
	json_begin_object(writer);
	json_member_bool(writer, "enabled", enabled);
	json_end_object(writer);
}

/* Flags that came after the oldest kernel that this program runs on are asked of the kernel at load time. */
static void put_seccomp(struct json_writer *writer)
{
	json_key(writer, "seccomp");
	json_begin_object(writer);
	json_member_bool(writer, "enabled", true);
	put_names(writer, "actions", &oci_names_seccomp_action);
	put_names(writer, "operators", &oci_names_seccomp_operator);
	put_names(writer, "archs", &oci_names_seccomp_arch);
	put_names(writer, "knownFlags", &oci_names_seccomp_flag);
	put_names(writer, "supportedFlags", &oci_names_seccomp_flag);
	json_end_object(writer);
}

static void put_rdt(struct json_writer *writer)
{
	json_key(writer, "intelRdt");
	json_begin_object(writer);
	json_member_bool(writer, "enabled", true);
	json_member_bool(writer, "schemata", true);
	json_member_bool(writer, "monitoring", true);
	json_end_object(writer);
}

static void put_memory_policy(struct json_writer *writer)
{
	json_key(writer, "memoryPolicy");
	json_begin_object(writer);
	put_names(writer, "modes", &oci_names_memory_mode);
	put_names(writer, "flags", &oci_names_memory_flag);
	json_end_object(writer);
}

static void put_linux(struct json_writer *writer)
{
	json_key(writer, "linux");
	json_begin_object(writer);
	put_names(writer, "namespaces", &oci_names_namespace);
	json_key(writer, "capabilities");
	json_begin_array(writer);
	for (unsigned int i = 0; i < OCI_CAPABILITY_COUNT; i++)
		json_put_string(writer, oci_capability_name(i));
	json_end_array(writer);
	json_key(writer, "cgroup");
	json_begin_object(writer);
	json_member_bool(writer, "v1", true);
	json_member_bool(writer, "v2", true);
	json_member_bool(writer, "systemd", helper_present(HELPER_SYSTEMD));
	json_member_bool(writer, "systemdUser", helper_present(HELPER_SYSTEMD));
	json_member_bool(writer, "rdma", true);
	json_end_object(writer);
	put_seccomp(writer);
	put_enabled(writer, "apparmor", true);
	put_enabled(writer, "selinux", true);
	put_rdt(writer);
	put_memory_policy(writer);
	json_key(writer, "mountExtensions");
	json_begin_object(writer);
	put_enabled(writer, "idmap", true);
	json_end_object(writer);
	put_enabled(writer, "netDevices", true);
	json_end_object(writer);
}

static int features(int argc, char **argv, void *context)
{
	static const char *const hooks[] = {"prestart",	      "createRuntime", "createContainer",
					    "startContainer", "poststart",     "poststop"};
	struct buf out cleanup_buf = BUF_INIT;
	struct json_writer writer = JSON_WRITER(&out, 2);
	struct oci *oci = context;
	int operands, status = oci_parse(oci, &verb_features, argc, argv, NULL, 0, 0, &operands);

	if (status != OCI_GO_ON)
		return status;
	json_begin_object(&writer);
	json_member_string(&writer, "ociVersionMin", "1.0.0");
	json_member_string(&writer, "ociVersionMax", CLI_OCI_VERSION);
	json_member_strings(&writer, "hooks", hooks, ARRAY_SIZE(hooks));
	json_key(&writer, "mountOptions");
	json_begin_array(&writer);
	for (size_t i = 0; plan_mount_option_name(i); i++)
		json_put_string(&writer, plan_mount_option_name(i));
	json_end_array(&writer);
	put_linux(&writer);
	json_key(&writer, "annotations");
	json_begin_object(&writer);
	json_member_string(&writer, "org.bulkhead.version", BULKHEAD_VERSION);
	json_member_string(&writer, "org.bulkhead.commit", BULKHEAD_COMMIT);
	json_end_object(&writer);
	json_end_object(&writer);
	buf_puts(&out, "\n");
	return cli_print(&oci->cli, &out);
}

const struct opt_verb verb_features = {
	.name = "features",
	.synopsis = "",
	.summary = "Print what this program can do, as JSON.",
	.options = options,
	.mixed = true,
	.run = features,
};
