/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: a further process in a running container. It gets the container's saved confinement and can ask for less, never
 * for more. Pure.
 */
#include <inttypes.h>
#include <string.h>

#include "core/plan/builder.h"

static int refuse_more(struct builder *builder, const char *why)
{
	err_why(builder->err, "%s", why);
	return err_fix(builder->err, "ask for no more than the container has, or recreate the container with it");
}

static int check_capabilities(struct builder *builder, const struct process_power *power,
			      const struct plan_confinement *confinement)
{
	uint64_t more = (power->bounding | power->permitted | power->inheritable) & ~confinement->bounding;

	for (unsigned int number = 0; number < 64; number++) {
		const char *name = oci_capability_name(number);

		if (!(more & (1ULL << number)))
			continue;
		builder_refuse(builder, ERR_CONFIG, builder->process->capabilities.where, "the process asks for %s",
			       name ? name : "a capability without a name");
		return refuse_more(builder, "the container was created without it");
	}
	return 0;
}

/* absent: the container's; the same: fine; another: refused. */
static int choose_label(struct builder *builder, const char *name, const char *asked, const char *saved,
			const char **ret)
{
	*ret = saved;
	if (!asked || (saved && strcmp(asked, saved) == 0))
		return 0;
	builder_refuse(builder, ERR_CONFIG, builder_text(builder, "%s/%s", builder->process->where, name),
		       "the process asks for the label %s", asked);
	return refuse_more(builder, saved ? builder_text(builder, "the container runs under %s", saved)
					  : "the container runs under none");
}

/* A lower score would make the kernel end others of the host first. */
static int check_oom_score(struct builder *builder)
{
	const struct opt_i64 *asked = &builder->process->oom_score_adj;
	const struct opt_i64 *saved = &builder->config->process.oom_score_adj;

	if (!asked->set || !saved->set || asked->value >= saved->value)
		return 0;
	builder_refuse(builder, ERR_CONFIG, builder_text(builder, "%s/oomScoreAdj", builder->process->where),
		       "the process asks for an OOM score of %" PRIi64, asked->value);
	return refuse_more(builder, builder_text(builder, "the container's is %" PRIi64, saved->value));
}

static const struct oci_rlimit *find_rlimit(const struct oci_rlimit *items, size_t count, int resource)
{
	for (size_t i = 0; i < count; i++)
		if (items[i].resource == resource)
			return &items[i];
	return NULL;
}

/* The hard limit that the process may ask for at most. */
static bool find_ceiling(const struct plan_confinement *confinement, int resource, uint64_t *ret)
{
	const struct oci_rlimit *saved = find_rlimit(confinement->rlimits, confinement->rlimits_count, resource);

	if (saved)
		*ret = saved->hard;
	for (size_t i = 0; !saved && i < confinement->inherited_count; i++) {
		if (confinement->inherited[i].limit.resource != resource)
			continue;
		*ret = confinement->inherited[i].ceiling;
		return true;
	}
	return saved;
}

/* The process's own limits below the container's hard ones; and the container's for the others. */
static int exec_rlimits(struct builder *builder, const struct plan_confinement *confinement)
{
	const struct oci_process *process = builder->process;
	struct oci_rlimit *limits;
	size_t count = 0;

	limits = arena_calloc(builder->arena, process->rlimits_count + confinement->rlimits_count +
			      confinement->inherited_count + 1, sizeof(*limits));
	if (!limits)
		return err_set(builder->err, ERR_INTERNAL, "out of memory while planning");
	for (size_t i = 0; i < process->rlimits_count; i++) {
		const struct oci_rlimit *asked = &process->rlimits[i];
		uint64_t ceiling;

		if (find_ceiling(confinement, asked->resource, &ceiling) && asked->hard > ceiling) {
			builder_refuse(builder, ERR_CONFIG, asked->where,
				       "the process asks for a hard limit of %" PRIu64, asked->hard);
			return refuse_more(builder, builder_text(builder, "the container's is %" PRIu64, ceiling));
		}
		limits[count++] = *asked;
	}
	for (size_t i = 0; i < confinement->rlimits_count; i++)
		if (!find_rlimit(process->rlimits, process->rlimits_count, confinement->rlimits[i].resource))
			limits[count++] = confinement->rlimits[i];
	for (size_t i = 0; i < confinement->inherited_count; i++) {
		const struct plan_inherited_limit *inherited = &confinement->inherited[i];

		if (inherited->needed &&
		    !find_rlimit(process->rlimits, process->rlimits_count, inherited->limit.resource))
			limits[count++] = inherited->limit;
	}
	plan_rlimits(builder, limits, count);
	return 0;
}

/* The namespaces of the container's init, in slots 0 … OCI_NS_COUNT - 1, and its root where a namespace does not give it:
 * the engine fills them. */
static void exec_joins(struct builder *builder)
{
	builder->plan->gate = true;
	builder->slots = OCI_NS_COUNT;
	if (!builder_has_ns(builder, OCI_NS_MOUNT)) {
		struct op *op = builder_add(builder, OP_CHROOT, PLAN_ISOLATE, NULL, NULL);

		op->chroot.slot = builder_slot(builder);
	}
	if (builder->request->cgroup_driver != CGROUP_DISABLED && builder->host->cgroup_mode != HOST_CGROUP_V2 &&
	    builder->host->cgroup_mode != HOST_CGROUP_NONE)
		builder_add(builder, OP_CGROUP_JOIN, PLAN_GATE, NULL, NULL);
	plan_procfs(builder, builder->plan->in_user_namespace,
		    "a user namespace whose /proc is masked cannot mount a whole procfs");
	plan_console(builder, "from the container's devpts; its /dev/console stays as it is");
}

static int exec_confinement(struct builder *builder, const struct plan_confinement *confinement)
{
	struct process_power power = {0};
	const char *apparmor, *selinux;

	if (check_oom_score(builder))
		return ERR;
	plan_oom_score(builder);
	if (exec_rlimits(builder, confinement))
		return ERR;
	plan_session(builder, true);
	if (plan_scheduling(builder) ||
	    choose_label(builder, "apparmorProfile", builder->process->apparmor_profile, confinement->apparmor_profile,
			 &apparmor) ||
	    choose_label(builder, "selinuxLabel", builder->process->selinux_label, confinement->selinux_label,
			 &selinux) ||
	    plan_labels(builder, apparmor, selinux))
		return ERR;
	plan_capabilities(builder, &power);
	if (check_capabilities(builder, &power, confinement))
		return ERR;
	power.no_new_privs = builder->process->no_new_privileges || confinement->no_new_privs;
	power.has_filter = confinement->filter.count > 0;
	power.filter = confinement->filter;
	power.filter_flags = confinement->filter_flags;
	power.listener = power.has_filter && builder->config->linux.seccomp.listener_path;
	return plan_drop(builder, &power);
}

int plan_exec(struct arena *arena, const struct oci_config *config, const struct oci_process *process,
	      const struct plan_confinement *confinement, const struct host *host, const struct plan_request *request,
	      const struct plan **ret_plan, struct err *err)
{
	struct builder builder = {
		.arena = arena,
		.config = config,
		.process = process,
		.host = host,
		.request = request,
		.err = err,
		.name = process == &config->process ? config->name : "process.json",
	};

	if (builder_begin(&builder, PLAN_FOR_EXEC))
		return ERR;
	exec_joins(&builder);
	if (exec_confinement(&builder, confinement))
		return ERR;
	return builder_finish(&builder, ret_plan);
}
