/* SPDX-License-Identifier: Apache-2.0 */
/* surface/bundle: what a config is going to give: its filter, capabilities, namespaces, mounts, devices. Of the host it
 * reads the modes of kernel files and the numbers of devices. */
#include <string.h>

#include "core/plan/plan.h"
#include "insight/surface/devices.h"

#define SYS_ADMIN 21

static bool has_option(const struct oci_mount *mount, const char *option)
{
	for (size_t i = 0; i < mount->options.count; i++)
		if (strcmp(mount->options.items[i].text, option) == 0)
			return true;
	return false;
}

static const char *type_of(const struct oci_mount *mount)
{
	const char *source = mount->source ? mount->source : "";

	if (!has_option(mount, "bind") && !has_option(mount, "rbind"))
		return mount->type ? mount->type : "none";
	if (strncmp(source, "/proc", 5) == 0 && (source[5] == '\0' || source[5] == '/'))
		return "proc";
	return strncmp(source, "/sys", 4) == 0 && (source[4] == '\0' || source[4] == '/') ? "sysfs" : "bind";
}

static const char *root_of(const struct oci_mount *mount, const char *type)
{
	const char *inner = !mount->source || strcmp(mount->source, type) == 0 ? "" : mount->source;

	if (mount->type && strcmp(mount->type, type) == 0)
		return "/";
	inner += strcmp(type, "proc") == 0 ? 5 : strcmp(type, "sysfs") == 0 ? 4 : strlen(inner);
	return *inner ? inner : "/";
}

/* A read-only path is a mount of what is there upon itself; a masked one shows nothing of it. */
static int view_of(struct arena *arena, const struct oci_config *config, struct files_view *view, struct err *err)
{
	const struct placed_strings *masked = &config->linux.masked_paths, *fixed = &config->linux.readonly_paths;
	struct files_mount *mounts = arena_calloc(arena, config->mounts_count + masked->count + fixed->count + 1,
						  sizeof(*mounts));
	size_t count = 0;

	if (!mounts)
		return surface_no_memory(err);
	*view = (struct files_view){.mounts = mounts};
	for (size_t i = 0; i < config->mounts_count; i++) {
		const struct oci_mount *mount = &config->mounts[i];
		const char *type = type_of(mount);

		mounts[count++] = (struct files_mount){mount->destination.text, type, root_of(mount, type),
						       has_option(mount, "ro")};
	}
	for (size_t i = 0; i < fixed->count; i++) {
		const char *path = fixed->items[i].text;
		const struct files_mount *cover;

		view->count = count;
		cover = files_cover(view, path);
		if (cover)
			mounts[count++] = (struct files_mount){
				.path = path,
				.type = cover->type,
				.root = arena_printf(arena, "%s%s", strcmp(cover->root, "/") ? cover->root : "",
						     path + strlen(cover->path)),
				.read_only = true,
			};
	}
	for (size_t i = 0; i < masked->count; i++)
		mounts[count++] = (struct files_mount){masked->items[i].text, "mask", "/", true};
	view->count = count;
	return 0;
}

static int add_filter(struct arena *arena, const char *name, const struct oci_config *config,
		      const struct calls_power *power, struct surface *surface, struct err *err)
{
	struct filter_policy policy = {0};
	bool present = config->linux.seccomp.present;

	if (present && plan_filter_policy(&config->linux.seccomp, name, arena, &policy, err))
		return ERR;
	return surface_of_policy(arena, present ? &policy : NULL, power, surface, err);
}

/* A namespace that is joined may be anybody's, the host's included: it counts as open. */
static void add_namespace(struct arena *arena, const struct oci_namespace *namespace, const struct surface_fact *texts,
			  const char *without, struct surface *surface)
{
	if (namespace->path.text)
		surface_fact(surface, texts->key, texts->title,
			     arena_printf(arena, "joins %s", namespace->path.text), true);
	else
		surface_fact(surface, texts->key, texts->title, namespace->present ? texts->value : without,
			     !namespace->present);
}

static void add_facts(struct arena *arena, const struct oci_config *config, struct surface *surface)
{
	static const struct surface_fact user = {.key = "userNamespace", .title = "user namespace", .value = "its own"},
					 signals = {.key = "signals", .title = "signals to outside",
						    .value = "none: it has a pid namespace"},
					 network = {.key = "network", .title = "network", .value = "its own namespace"};
	const struct oci_process *process = &config->process;
	const struct oci_namespace *namespaces = config->linux.namespaces;
	const char *label = process->apparmor_profile ?: process->selinux_label;

	surface_fact(surface, "noNewPrivileges", "no_new_privs", process->no_new_privileges ? "on" : "off",
		     !process->no_new_privileges);
	add_namespace(arena, &namespaces[OCI_NS_USER], &user, "the host's", surface);
	add_namespace(arena, &namespaces[OCI_NS_PID], &signals, "all: it has no pid namespace", surface);
	add_namespace(arena, &namespaces[OCI_NS_NETWORK], &network, "the host's", surface);
	surface_fact(surface, "label", "LSM label", label ?: "none", !label || strcmp(label, "unconfined") == 0);
}

int surface_of_config(struct arena *arena, const char *name, const struct oci_config *config, struct surface *ret_surface,
		      struct err *err)
{
	const struct oci_process *process = &config->process;
	const struct oci_namespace *namespaces = config->linux.namespaces;
	struct surface surface = {.subject = name, .kind = "bundle"};
	struct calls_power power = {
		.known = true,
		.sys_admin = process->capabilities.effective >> SYS_ADMIN & 1,
	};
	struct files_view view;

	add_facts(arena, config, &surface);
	if (view_of(arena, config, &view, err))
		return ERR;
	view.host_root = !namespaces[OCI_NS_USER].present && process->user.uid.value == 0;
	view.capabilities = process->capabilities.effective;
	view.host_capabilities = namespaces[OCI_NS_USER].present ? 0 : process->capabilities.effective;
	if (add_filter(arena, name, config, &power, &surface, err) ||
	    surface_capabilities(arena, process->capabilities.effective, &surface.sets[SURFACE_EFFECTIVE], err) ||
	    surface_capabilities(arena, process->capabilities.bounding, &surface.sets[SURFACE_BOUNDING], err) ||
	    files_fill(arena, &view, &surface, err) || devices_plan(arena, config, &surface, err))
		return ERR;
	*ret_surface = surface;
	return 0;
}
