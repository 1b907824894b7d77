/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process: what the container's program is given besides its power: limits, scheduling, session, label, and how it is
 * executed. Shared by plan_create and plan_exec. Pure.
 */
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan/builder.h"

/* Where a member of the process stands in the config. */
static const char *member(struct builder *builder, const char *name)
{
	return builder_text(builder, "%s/%s", builder->process->where, name);
}

/* The runtime has to do what needs power over the host: a container's user namespace has none. */
static void sync_entered(struct builder *builder)
{
	struct op *op;

	for (size_t i = 0; i < builder->ops_count; i++)
		if (builder->ops[i].kind == OP_SYNC && builder->ops[i].sync.point == SYNC_ENTERED)
			return;
	op = builder_add(builder, OP_SYNC, PLAN_ENTER, NULL, NULL);
	op->sync.point = SYNC_ENTERED;
}

void plan_console(struct builder *builder, const char *why)
{
	const struct oci_process *process = builder->process;
	const struct plan_relay *relay = &builder->request->relay;
	struct op *op;

	if (!process || !process->terminal)
		return;
	op = builder_add(builder, OP_CONSOLE, PLAN_MOUNT, member(builder, "terminal"), why);
	op->console.plain_output = relay->plain;
	op->console.size_set = process->console_size_set || relay->width;
	op->console.height = process->console_size_set ? process->console_height : relay->height;
	op->console.width = process->console_size_set ? process->console_width : relay->width;
}

void plan_oom_score(struct builder *builder)
{
	const struct oci_process *process = builder->process;
	bool by_runtime = builder->plan->in_user_namespace;
	struct op *op;

	if (!process->oom_score_adj.set)
		return;
	if (by_runtime)
		sync_entered(builder);
	op = builder_add(builder, OP_OOM_SCORE, by_runtime ? PLAN_FINISH : PLAN_DROP, member(builder, "oomScoreAdj"),
			 NULL);
	op->oom_score.value = (int)process->oom_score_adj.value;
}

void plan_rlimits(struct builder *builder, const struct oci_rlimit *items, size_t count)
{
	bool by_runtime = builder->plan->in_user_namespace;

	if (count && by_runtime)
		sync_entered(builder);
	for (size_t i = 0; i < count; i++) {
		struct op *op =
			builder_add(builder, OP_RLIMIT, by_runtime ? PLAN_FINISH : PLAN_DROP, items[i].where, NULL);

		op->rlimit.resource = items[i].resource;
		op->rlimit.soft = items[i].soft;
		op->rlimit.hard = items[i].hard;
	}
}

void plan_session(struct builder *builder, bool keyring)
{
	builder_add(builder, OP_SETSID, PLAN_DROP, NULL, NULL);
	if (keyring)
		builder_add(builder, OP_KEYRING, PLAN_DROP, NULL, "the keys of the one who starts it stay out of reach");
}

#define BITS_OF_LONG (8 * sizeof(unsigned long))

/* "0-3,6" as bits; oci/ has checked the list. NULL: all of them. */
static void set_cpus(unsigned long *bits, size_t bits_count, const char *text)
{
	if (!text)
		memset(bits, 0xff, bits_count / 8);
	while (text && *text) {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

		/* Beyond the last one that a kernel can have: not there, as for the kernel. */
		for (unsigned long cpu = first; cpu <= last && cpu < bits_count; cpu++)
			bits[cpu / BITS_OF_LONG] |= 1UL << (cpu % BITS_OF_LONG);
		text = *end ? end + 1 : end;
	}
}

static void add_affinity(struct builder *builder, enum plan_stage stage, const char *text, const char *why)
{
	unsigned long *bits = arena_calloc(builder->arena, PLAN_CPUS_MAX / BITS_OF_LONG, sizeof(*bits));
	bool asked = text || builder->process->cpu_affinity_initial;
	struct op *op = builder_add(builder, OP_CPU_AFFINITY, stage, asked ? member(builder, "execCPUAffinity") : NULL, why);

	if (!bits) {
		builder->no_memory = true;
		return;
	}
	set_cpus(bits, PLAN_CPUS_MAX, text);
	op->cpu_affinity.bits = bits;
	op->cpu_affinity.bits_count = PLAN_CPUS_MAX;
	op->cpu_affinity.text = text;
}

static void free_affinity(struct builder *builder)
{
	if (builder->request->all_cpus)
		add_affinity(builder, PLAN_DROP, NULL, "whatever CPUs its maker is bound to");
}

/* The container's first process has none of it: "execCPUAffinity" is for further ones (config.md). */
static void plan_affinity(struct builder *builder)
{
	const struct oci_process *process = builder->process;

	if (process->cpu_affinity_initial)
		add_affinity(builder, PLAN_PREPARE, process->cpu_affinity_initial,
			     "the runtime too, until the process is in the container's cgroup");
	if (process->cpu_affinity_final)
		add_affinity(builder, PLAN_DROP, process->cpu_affinity_final, NULL);
	else if (process->cpu_affinity_initial)
		add_affinity(builder, PLAN_DROP, NULL, "it is in the cgroup now, and no final list is given");
	else
		free_affinity(builder);
}

int plan_scheduling(struct builder *builder)
{
	const struct oci_process *process = builder->process;
	const struct oci_linux *linux = &builder->config->linux;
	struct op *op;

	if (builder->plan->purpose == PLAN_FOR_EXEC)
		plan_affinity(builder);
	else
		free_affinity(builder);
	if (process->scheduler.present) {
		op = builder_add(builder, OP_SCHEDULER, PLAN_DROP, process->scheduler.where, NULL);
		op->scheduler = process->scheduler;
	}
	if (process->io_priority.present) {
		op = builder_add(builder, OP_IO_PRIORITY, PLAN_DROP, process->io_priority.where, NULL);
		op->io_priority = process->io_priority;
	}
	if (linux->personality.set) {
		op = builder_add(builder, OP_PERSONALITY, PLAN_DROP, "/linux/personality", NULL);
		op->number.value = linux->personality.value;
	}
	if (linux->memory_policy.present) {
		op = builder_add(builder, OP_MEMORY_POLICY, PLAN_DROP, linux->memory_policy.where, NULL);
		op->memory_policy = linux->memory_policy;
	}
	return 0;
}

static int plan_label(struct builder *builder, bool apparmor, const char *label)
{
	const char *where = member(builder, apparmor ? "apparmorProfile" : "selinuxLabel");
	struct op *op;

	if (!label)
		return 0;
	if (apparmor ? !builder->host->apparmor : !builder->host->selinux) {
		builder_refuse(builder, ERR_UNSUPPORTED, where, "cannot run the program under %s %s",
			       apparmor ? "AppArmor profile" : "SELinux label", label);
		err_why(builder->err, "%s is not enabled on this kernel", apparmor ? "AppArmor" : "SELinux");
		return err_fix(builder->err, "remove process.%s, or boot with security=%s",
			       apparmor ? "apparmorProfile" : "selinuxLabel", apparmor ? "apparmor" : "selinux");
	}
	op = builder_add(builder, OP_LABEL, PLAN_DROP, where, NULL);
	op->label.apparmor = apparmor;
	op->label.label = label;
	return 0;
}

int plan_labels(struct builder *builder, const char *apparmor, const char *selinux)
{
	return plan_label(builder, true, apparmor) || plan_label(builder, false, selinux) ? ERR : 0;
}

static void plan_seccomp_op(struct builder *builder, const struct process_power *power, enum plan_stage stage)
{
	const char *why = power->no_new_privs ? "last of all, so that it needs to allow the least"
					      : "before the ids change: without no_new_privs it needs CAP_SYS_ADMIN";
	struct op *op;

	if (!power->has_filter)
		return;
	if (power->filter_note)
		why = builder_text(builder, "%s; %s", why, power->filter_note);
	op = builder_add(builder, OP_SECCOMP, stage, power->where_filter, why);
	op->seccomp.program = power->filter;
	op->seccomp.flags = power->filter_flags & ~(uint32_t)SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/*
	 * The kernel refuses the first where there is no listener to wait for, an exec among them, and the second
	 * where there is one: it has no meaning in a process of one thread.
	 */
	op->seccomp.flags &= power->listener ? ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC
					     : ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	op->seccomp.listener = power->listener;
}

/* Where one's own single id is mapped without privilege, the kernel denies setgroups for good. */
static bool setgroups_denied(const struct builder *builder)
{
	if (builder->host->setgroups_denied || builder->request->joined_setgroups_denied)
		return true;
	for (size_t i = 0; i < builder->ops_count; i++)
		if (builder->ops[i].kind == OP_ID_MAPS)
			return builder->ops[i].id_maps.deny_setgroups;
	return builder->plan->purpose == PLAN_FOR_EXEC && builder->plan->in_user_namespace &&
	       !builder->host->sys_admin && builder->config->linux.gid_maps.count == 1 &&
	       builder->config->linux.gid_maps.items[0].count == 1;
}

static int refuse_unmapped(struct builder *builder, const char *member, const char *what, uint32_t id)
{
	builder_refuse(builder, ERR_CONFIG, builder_text(builder, "%s/%s", builder->process->user.where, member),
		       "the process cannot be %s %u", what, id);
	err_why(builder->err, "the user namespace that the container joins does not map this id");
	return err_fix(builder->err, "give an id that it has, or map this one when it is made");
}

/* Of a namespace that is made the reader of the config has checked it. */
static int check_joined_ids(struct builder *builder)
{
	const struct oci_user *user = &builder->process->user;

	if (!builder->joined_ns[OCI_NS_USER])
		return 0;
	if (!builder_is_mapped(&builder->uid_maps, user->uid.value))
		return refuse_unmapped(builder, "uid", "user", user->uid.value);
	if (!builder_is_mapped(&builder->gid_maps, user->gid.value))
		return refuse_unmapped(builder, "gid", "group", user->gid.value);
	for (size_t i = 0; i < user->additional_gids_count; i++)
		if (!builder_is_mapped(&builder->gid_maps, user->additional_gids[i].value))
			return refuse_unmapped(builder, "additionalGids", "in group", user->additional_gids[i].value);
	return 0;
}

static int plan_ids(struct builder *builder)
{
	const struct oci_user *user = &builder->process->user;
	bool denied = setgroups_denied(builder);
	struct op *op;

	if (check_joined_ids(builder))
		return ERR;

	if (denied && user->additional_gids_count) {
		builder_refuse(builder, ERR_UNSUPPORTED, builder_text(builder, "%s/additionalGids", user->where),
			       "cannot set additional groups");
		err_why(builder->err, "a user namespace with only one's own group mapped has setgroups denied");
		return err_fix(builder->err, "remove additionalGids, or map a range of groups (newgidmap)");
	}
	op = builder_add(builder, OP_IDS, PLAN_DROP, user->where, NULL);
	op->ids.uid = user->uid;
	op->ids.gid = user->gid;
	op->ids.groups = user->additional_gids;
	op->ids.groups_count = user->additional_gids_count;
	op->ids.set_groups = !denied;
	op->ids.keep_capabilities = true;
	return 0;
}

static void plan_verify(struct builder *builder, const struct process_power *power)
{
	struct op *op = builder_add(builder, OP_VERIFY, PLAN_DROP, NULL, NULL);

	op->verify.uid = builder->process->user.uid;
	op->verify.gid = builder->process->user.gid;
	op->verify.groups = builder->process->user.additional_gids;
	op->verify.groups_count = builder->process->user.additional_gids_count;
	op->verify.groups_set = !setgroups_denied(builder);
	op->verify.bounding = power->bounding;
	op->verify.effective = power->effective;
	op->verify.permitted = power->permitted;
	op->verify.inheritable = power->inheritable;
	op->verify.ambient = power->ambient;
	op->verify.no_new_privs = power->no_new_privs;
	op->verify.filtered = power->has_filter && !power->no_new_privs;
}

/* Their files are the image's own: what runs them has no more power than the container's program (threats D6). */
static void plan_start_hooks(struct builder *builder)
{
	struct op *op;

	if (builder->plan->purpose != PLAN_FOR_CREATE || !builder->config->hooks[OCI_HOOK_START_CONTAINER].count)
		return;
	op = builder_add(builder, OP_HOOKS, PLAN_DROP, "/hooks/startContainer",
			 "as confined as the program: their files are the container's");
	op->hooks.kind = OCI_HOOK_START_CONTAINER;
	op->hooks.directory.text = "/";
}

/* Do both give the same variable? The reader has seen that each has a "=". */
static bool same_variable(const char *one, const char *other)
{
	for (; *one == *other; one++, other++)
		if (*one == '=')
			return true;
	return false;
}

static void set_variable(struct strings *env, const char **items, const char *entry)
{
	for (size_t i = 0; i < env->count; i++) {
		if (!same_variable(items[i], entry))
			continue;
		items[i] = entry;
		return;
	}
	items[env->count++] = entry;
}

/*
 * The config's, each variable once with its last value, for getenv(3) would find the first; and sd_listen_fds(3)'s for
 * sockets that are passed: the first process of a pid namespace has pid 1. Without HOME, or with an empty one, it comes
 * from the container's /etc/passwd.
 */
static void plan_environment(struct builder *builder, struct op *op)
{
	const struct strings *config = &builder->process->env;
	int listen_fds = builder->request->listen_fds;
	const char **items = arena_calloc(builder->arena, config->count + 4, sizeof(*items));
	struct strings env = {items, 0};

	op->exec.find_home = true;
	if (!items) {
		builder->no_memory = true;
		return;
	}
	for (size_t i = 0; i < config->count; i++)
		set_variable(&env, items, config->items[i]);
	if (listen_fds) {
		set_variable(&env, items, builder_text(builder, "LISTEN_FDS=%d", listen_fds));
		set_variable(&env, items, "LISTEN_PID=1");
	}
	if (listen_fds && builder->request->listen_names)
		set_variable(&env, items, builder_text(builder, "LISTEN_FDNAMES=%s", builder->request->listen_names));
	if (builder->request->notify_directory.text)
		set_variable(&env, items, "NOTIFY_SOCKET=" PLAN_NOTIFY_TARGET "/notify.sock");
	for (size_t i = 0; i < env.count; i++) {
		if (!same_variable(items[i], "HOME="))
			continue;
		op->exec.find_home = items[i][5] == '\0';
		if (op->exec.find_home)
			items[i] = items[--env.count];
		break;
	}
	op->exec.env = env;
}

/* Landlock first: the filter may refuse its calls. */
static int plan_profile(struct builder *builder, const struct process_power *power, enum plan_stage stage)
{
	if (plan_landlock(builder, stage))
		return ERR;
	if (power->no_new_privs)
		plan_seccomp_op(builder, power, stage);
	return 0;
}

/* An init of ours is no part of the program that the profile is about: it stays under the config's own filter. */
static int plan_confinement(struct builder *builder, const struct process_power *power, bool init)
{
	struct process_power before = *power;

	if (!init || !builder->request->profile)
		return plan_profile(builder, power, PLAN_DROP);
	before.filter = power->config_filter;
	before.has_filter = before.filter.count;
	plan_seccomp_op(builder, &before, PLAN_DROP);
	return 0;
}

/* After all other filters, so that what they refuse is not waited for. */
static int plan_watch(struct builder *builder, const struct process_power *power)
{
	struct op *op;

	if (!builder->request->watch)
		return 0;
	if (!power->no_new_privs || power->listener) {
		builder_refuse(builder, ERR_UNSUPPORTED, power->listener ? power->where_filter : NULL,
			       "the program's system calls cannot be watched");
		if (power->listener) {
			err_why(builder->err, "its filter has a listener, and the kernel lets a process have one");
			return err_fix(builder->err, "remove linux.seccomp.listenerPath");
		}
		err_why(builder->err, "it may gain privileges, and then whoever loads a filter for it needs CAP_SYS_ADMIN");
		return err_fix(builder->err, "leave no-new-privileges=false out");
	}
	op = builder_add(builder, OP_WATCH, PLAN_EXEC, NULL, "what the program calls is recorded; nothing is refused by it");
	op->seccomp.program = *builder->request->watch;
	op->seccomp.listener = true;
	/* So that a signal does not make a call that is being looked at begin again. */
	if (host_kernel_at_least(builder->host, 5, 19))
		op->seccomp.flags = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return 0;
}

/* Images name working directories that their user may not search. To be in one gives nothing more: each look-up from it
 * asks for that permission again. */
static void plan_cwd(struct builder *builder, bool early)
{
	struct op *op = builder_add(builder, OP_CWD, PLAN_DROP, member(builder, "cwd"),
				    early ? "while it can be searched whoever owns it" : "unless it is there already");

	op->cwd.path = builder->process->cwd;
	op->cwd.early = early;
}

int plan_drop(struct builder *builder, const struct process_power *power)
{
	const struct oci_process *process = builder->process;
	const char *where = process->capabilities.present ? process->capabilities.where : NULL;
	const char *why = process->capabilities.present ? NULL : "the config asks for none: there are none";
	struct op *op;
	bool init;

	op = builder_add(builder, OP_UMASK, PLAN_DROP, process->user.umask.set ? process->user.where : NULL,
			 process->user.umask.set ? NULL : "the usual one, whatever the runtime's is");
	op->number.value = process->user.umask.set ? process->user.umask.value : 0022;
	plan_cwd(builder, true);
	op = builder_add(builder, OP_BOUNDING, PLAN_DROP, where, why);
	op->bounding.keep = power->bounding;
	/* Before any filter, which could make it do nothing and say that it did. */
	op = builder_add(builder, OP_CLOSE_FDS, PLAN_DROP, NULL, NULL);
	op->close_fds.preserve = builder->request->preserve_fds + builder->request->listen_fds;
	if (!power->no_new_privs)
		plan_seccomp_op(builder, power, PLAN_DROP);
	if (plan_ids(builder))
		return ERR;
	op = builder_add(builder, OP_CAPABILITIES, PLAN_DROP, where, why);
	op->capabilities.effective = power->effective;
	op->capabilities.permitted = power->permitted;
	op->capabilities.inheritable = power->inheritable;
	op->capabilities.ambient = power->ambient;
	plan_cwd(builder, false);
	if (power->no_new_privs)
		builder_add(builder, OP_NO_NEW_PRIVS, PLAN_DROP,
			    process->no_new_privileges ? member(builder, "noNewPrivileges") : NULL,
			    process->no_new_privileges ? NULL : "the container has it");
	plan_verify(builder, power);
	/* A label comes with execve: an init of ours would stay without it, and so with more power than the program. */
	init = builder->request->init && !process->apparmor_profile && !process->selinux_label &&
	       !(builder->request->profile && power->listener);
	if (plan_confinement(builder, power, init))
		return ERR;
	plan_start_hooks(builder);
	if (init)
		builder_add(builder, OP_INIT, PLAN_EXEC, NULL,
			    "it passes signals on, reaps what is left behind, and ends as the program does");
	if ((init && builder->request->profile && plan_profile(builder, power, PLAN_EXEC)) || plan_watch(builder, power))
		return ERR;
	op = builder_add(builder, OP_EXEC, PLAN_EXEC, member(builder, "args"), NULL);
	op->exec.args = process->args;
	plan_environment(builder, op);
	if (op->exec.find_home)
		op->why = "with HOME from the container's /etc/passwd, for process.env has none";
	return 0;
}
