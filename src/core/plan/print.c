/* SPDX-License-Identifier: Apache-2.0 */
/* print: a whole plan for people, as text and as JSON. Pure. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "core/plan/plan.h"

#define OP_TEXT_SIZE 1024

/* Who carries a stage out, and what is true when it ends. */
static const struct {
	const char *who, *outcome;
} stages[PLAN_STAGE_COUNT] = {
	[PLAN_PREPARE] = {"runtime", "what comes from the host is pinned and open"},
	[PLAN_GATE] = {"gate", "a process stands in the joined namespaces"},
	[PLAN_ATTACH] = {"runtime", "the child exists, and its ids are mapped"},
	[PLAN_ISOLATE] = {"child", "its names are its own, and its cgroup unless that comes late"},
	[PLAN_MOUNT] = {"child", "the container's whole tree stands"},
	[PLAN_ENTER] = {"child", "no path leads to the host"},
	[PLAN_FINISH] = {"runtime", "limits are set that only the host may grant"},
	[PLAN_START] = {"child", "the container may start"},
	[PLAN_DROP] = {"child", "ids, capabilities and filter are the program's, read back and compared"},
	[PLAN_EXEC] = {"child", "the program runs"},
};

static void print_namespaces(struct buf *out, uint64_t flags)
{
	if (flags == 0)
		buf_puts(out, " none");
	for (int kind = 0; kind < OCI_NS_COUNT; kind++)
		if (flags & oci_namespace_clone_flag((enum oci_namespace_kind)kind))
			buf_printf(out, " %s", oci_namespace_name((enum oci_namespace_kind)kind));
}

static const char *driver_name(enum cgroup_driver driver)
{
	switch (driver) {
	case CGROUP_CGROUPFS:
		return "cgroupfs";
	case CGROUP_SYSTEMD:
		return "systemd";
	case CGROUP_DISABLED:
		return "disabled";
	}
	return "?";
}

static void print_place(struct buf *out, const char *name, const char *where, const char *why)
{
	if (where)
		buf_printf(out, "    asked by %s#%s\n", name, where);
	if (why)
		buf_printf(out, "    because %s\n", why);
}

static void print_device_rule(const struct oci_device_rule *rule, struct buf *out)
{
	buf_printf(out, "%s %c ", rule->allow ? "allow" : "deny", rule->type);
	if (rule->major == OCI_DEVICE_ANY)
		buf_puts(out, "*:");
	else
		buf_printf(out, "%" PRId64 ":", rule->major);
	if (rule->minor == OCI_DEVICE_ANY)
		buf_puts(out, "*");
	else
		buf_printf(out, "%" PRId64, rule->minor);
	buf_printf(out, " %s%s%s", rule->read ? "r" : "", rule->write ? "w" : "", rule->mknod ? "m" : "");
}

static void print_cgroup(const struct plan *plan, struct buf *out)
{
	const struct plan_cgroup *cgroup = &plan->cgroup;

	buf_printf(out, "cgroup: %s", driver_name(cgroup->driver));
	if (cgroup->path)
		buf_printf(out, ", %s", cgroup->path);
	if (cgroup->delegate)
		buf_printf(out, ", owned by host user %u", cgroup->delegate_uid.value);
	buf_puts(out, "\n");
	for (size_t i = 0; i < cgroup->settings_count; i++) {
		const struct plan_cgroup_setting *setting = &cgroup->settings[i];

		buf_printf(out, "  %s = %s%s\n", setting->file, setting->value,
			   setting->optional ? ", if there is such a file" : "");
		print_place(out, plan->config_name, setting->where, NULL);
	}
	for (size_t i = 0; i < cgroup->device_rules_count; i++) {
		buf_puts(out, "  devices: ");
		print_device_rule(&cgroup->device_rules[i], out);
		buf_puts(out, "\n");
		print_place(out, plan->config_name, cgroup->device_rules[i].where, NULL);
	}
}

static void print_head(const struct plan *plan, struct buf *out)
{
	buf_puts(out, plan->purpose == PLAN_FOR_EXEC ? "plan for a further process in a container\n"
						     : "plan for a container\n");
	if (plan->purpose == PLAN_FOR_CREATE) {
		buf_puts(out, "one clone3 makes:");
		print_namespaces(out, plan->clone_flags);
		buf_puts(out, "\n");
	}
	if (plan->gate) {
		buf_puts(out, "a further process joins namespaces first");
		if (plan->gate_unshare) {
			buf_puts(out, ", and makes:");
			print_namespaces(out, plan->gate_unshare);
		}
		buf_puts(out, "\n");
	}
	if (plan->child_opens_paths)
		buf_puts(out, "without CAP_SYS_ADMIN: the child opens the host's paths, in its own user namespace\n");
	for (size_t i = 0; i < plan->warnings.count; i++) {
		buf_printf(out, "warning: %s\n", plan->warnings.items[i].text);
		print_place(out, plan->config_name, plan->warnings.items[i].where, NULL);
	}
}

static void print_maps(struct buf *out, const char *name, const struct id_maps *maps)
{
	buf_printf(out, " %s", name);
	for (size_t i = 0; i < maps->count; i++)
		buf_printf(out, " %u→%u×%u", maps->items[i].inside.value, maps->items[i].outside.value,
			   maps->items[i].count);
}

void plan_print_text(const struct plan *plan, struct buf *out)
{
	char text[OP_TEXT_SIZE];
	int stage = -1;

	print_head(plan, out);
	if (plan->purpose == PLAN_FOR_CREATE)
		print_cgroup(plan, out);
	for (size_t i = 0; i < plan->idmaps_count; i++) {
		buf_printf(out, "id map %zu:", i);
		print_maps(out, "users", &plan->idmaps[i].uid);
		print_maps(out, "groups", &plan->idmaps[i].gid);
		buf_puts(out, "\n");
	}
	for (size_t i = 0; i < plan->ops_count; i++) {
		const struct op *op = &plan->ops[i];

		if ((int)op->stage != stage)
			buf_printf(out, "\n%s (%s): %s\n", plan_stage_name(op->stage), stages[op->stage].who,
				   stages[op->stage].outcome);
		stage = (int)op->stage;
		plan_op_text(op, text, sizeof(text));
		buf_printf(out, "  %s\n", text);
		print_place(out, plan->config_name, op->where, op->why);
	}
}

static void json_namespaces(struct json_writer *writer, const char *key, uint64_t flags)
{
	json_key(writer, key);
	json_begin_array(writer);
	for (int kind = 0; kind < OCI_NS_COUNT; kind++)
		if (flags & oci_namespace_clone_flag((enum oci_namespace_kind)kind))
			json_put_string(writer, oci_namespace_name((enum oci_namespace_kind)kind));
	json_end_array(writer);
}

/* where and why, when there are such */
static void json_place(struct json_writer *writer, const char *where, const char *why)
{
	if (where)
		json_member_string(writer, "where", where);
	if (why)
		json_member_string(writer, "why", why);
}

static void json_cgroup(struct json_writer *writer, const struct plan_cgroup *cgroup)
{
	json_key(writer, "cgroup");
	json_begin_object(writer);
	json_member_string(writer, "driver", driver_name(cgroup->driver));
	if (cgroup->path)
		json_member_string(writer, "path", cgroup->path);
	json_member_bool(writer, "delegated", cgroup->delegate);
	json_key(writer, "settings");
	json_begin_array(writer);
	for (size_t i = 0; i < cgroup->settings_count; i++) {
		json_begin_object(writer);
		json_member_string(writer, "controller", cgroup->settings[i].controller);
		json_member_string(writer, "file", cgroup->settings[i].file);
		json_member_string(writer, "value", cgroup->settings[i].value);
		json_place(writer, cgroup->settings[i].where, NULL);
		json_end_object(writer);
	}
	json_end_array(writer);
	json_key(writer, "devices");
	json_begin_array(writer);
	for (size_t i = 0; i < cgroup->device_rules_count; i++) {
		struct buf text cleanup_buf = BUF_INIT;

		print_device_rule(&cgroup->device_rules[i], &text);
		json_put_string(writer, text.data);
	}
	json_end_array(writer);
	json_end_object(writer);
}

static void json_operations(struct json_writer *writer, const struct plan *plan)
{
	char text[OP_TEXT_SIZE];

	json_key(writer, "operations");
	json_begin_array(writer);
	for (size_t i = 0; i < plan->ops_count; i++) {
		const struct op *op = &plan->ops[i];

		plan_op_text(op, text, sizeof(text));
		json_begin_object(writer);
		json_member_string(writer, "stage", plan_stage_name(op->stage));
		json_member_string(writer, "process", stages[op->stage].who);
		json_member_string(writer, "does", text);
		json_place(writer, op->where, op->why);
		json_end_object(writer);
	}
	json_end_array(writer);
}

void plan_print_json(const struct plan *plan, struct buf *out)
{
	struct json_writer writer = JSON_WRITER(out, 2);

	json_begin_object(&writer);
	json_member_string(&writer, "purpose", plan->purpose == PLAN_FOR_EXEC ? "exec" : "create");
	json_member_string(&writer, "config", plan->config_name);
	json_namespaces(&writer, "clone", plan->clone_flags);
	json_member_bool(&writer, "gate", plan->gate);
	json_namespaces(&writer, "gateMakes", plan->gate_unshare);
	json_member_bool(&writer, "childOpensPaths", plan->child_opens_paths);
	if (plan->purpose == PLAN_FOR_CREATE)
		json_cgroup(&writer, &plan->cgroup);
	json_key(&writer, "warnings");
	json_begin_array(&writer);
	for (size_t i = 0; i < plan->warnings.count; i++) {
		json_begin_object(&writer);
		json_member_string(&writer, "text", plan->warnings.items[i].text);
		json_place(&writer, plan->warnings.items[i].where, NULL);
		json_end_object(&writer);
	}
	json_end_array(&writer);
	json_operations(&writer, plan);
	json_end_object(&writer);
	buf_puts(out, "\n");
}
