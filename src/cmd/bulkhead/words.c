/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: the engine speaks of a config, which nobody has written here: its places become options, and its remedies those of
 * the one who typed. And what Docker has and this program has not, with what does it here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/bulkhead/people.h"

/* How a place begins: of run's config, and of exec's process, which is a part of one and not always told as one. */
#define RUN_PREFIX  "sandbox#"
#define EXEC_PREFIX "process.json#"
#define EXEC_PART   "/process"

/* place: how it begins, in the config. fix: instead of a remedy that speaks of the config; NULL: it stays. */
static const struct {
	const char *place, *option, *fix;
} places[] = {
	{"/process/args", "COMMAND", NULL},
	{"/process/cwd", "--workdir", "another --workdir, or make it in the source"},
	{"/process/user", "--user", NULL},
	{"/process/env", "--env", NULL},
	{"/process/rlimits", "--ulimit", "a lower --ulimit: at most what `ulimit -H` says here; or run it as root"},
	{"/process/apparmorProfile", "--security-opt apparmor=",
	 "leave it out, or use a kernel where AppArmor is on and the profile is loaded"},
	{"/process/selinuxLabel", "--security-opt label=", "leave it out, or use a kernel where SELinux is on"},
	{"/process/capabilities", "--cap-add", NULL},
	{"/linux/seccomp", "--security-opt seccomp=", NULL},
	{"/linux/resources/memory", "--memory", NULL},
	{"/linux/resources/pids", "--pids-limit", NULL},
	{"/linux/resources/cpu", "--cpus", NULL},
	{"/linux/resources/devices", "--device", NULL},
	{"/linux/resources", "--memory, --cpus or --pids-limit", NULL},
	{"/hostname", "--hostname", NULL},
	{"/root", "SOURCE", NULL},
};

static bool speaks_of_config(const char *fix)
{
	return strstr(fix, "process.") || strstr(fix, "linux.") || strstr(fix, "root.");
}

static void name_place(struct err *err)
{
	char place[sizeof(err->where) + sizeof(EXEC_PART)];

	if (strncmp(err->where, RUN_PREFIX, strlen(RUN_PREFIX)) == 0)
		snprintf(place, sizeof(place), "%s", err->where + strlen(RUN_PREFIX));
	else if (strncmp(err->where, EXEC_PREFIX EXEC_PART, strlen(EXEC_PREFIX EXEC_PART)) == 0)
		snprintf(place, sizeof(place), "%s", err->where + strlen(EXEC_PREFIX));
	else if (strncmp(err->where, EXEC_PREFIX, strlen(EXEC_PREFIX)) == 0)
		snprintf(place, sizeof(place), EXEC_PART "%s", err->where + strlen(EXEC_PREFIX));
	else
		return;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (strncmp(place, places[i].place, strlen(places[i].place)) != 0)
			continue;
		snprintf(err->where, sizeof(err->where), "%s", places[i].option);
		if (places[i].fix && speaks_of_config(err->fix))
			err_fix(err, "%s", places[i].fix);
		return;
	}
}

/* Remedies that speak of the config, or of an option of the other program: by a part of them. */
static const struct {
	const char *part, *fix;
} remedies[] = {
	{"linux.resources.memory.limit",
	 "a larger --memory: some MiB are needed to begin with; dmesg tells whom the kernel ended"},
	{"leave out linux.resources",
	 "run it as root, or where a cgroup is delegated (systemd-run --user --scope -p Delegate=yes), or leave the limit out"},
	{"create it with a cgroup",
	 "start it as root, or where a cgroup is delegated: systemd-run --user --scope -p Delegate=yes bulkhead run …"},
	{"ulimit -n 4096", "a higher --ulimit nofile, if one is given: each mount takes a file; otherwise ulimit -n 4096 before"},
	{"`list` shows which", "bulkhead ls, which lists those that run"},
	{"delete it, and create", "bulkhead rm removes it; then run it again"},
	{"in linux.uidMappings", "choose an id that the container has"},
	{"correct process.args", "check the path, which begins at the source's root; or show it the program with --volume"},
};

void people_use_own_words(const char *program, struct err *err)
{
	if (err->kind == ERR_COMMAND && err->errnum == ENOENT && strstr(err->what, "$PATH"))
		err_fix(err, "check the name, give its whole path, or add its directory: --env PATH=/opt/bin:/usr/bin:/bin");
	else if (err->kind == ERR_STATE && strstr(err->fix, "cgroupsPath"))
		err_fix(err, "another --name: it names the cgroup; %s ls --all, with the --root that was used, lists what runs",
			program);
	else if (strstr(err->fix, "--ignore-paused"))
		err_fix(err, "%s resume, and then again", program);
	for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
		if (strstr(err->fix, remedies[i].part))
			err_fix(err, "%s", remedies[i].fix);
	name_place(err);
}

static const struct {
	const char *option, *fix;
} strangers[] = {
	{"-p", "there is no network to publish a port of: --net host, or a UNIX socket below a --volume"},
	{"--publish", "there is no network to publish a port of: --net host, or a UNIX socket below a --volume"},
	{"-P", "there is no network to publish a port of: --net host, or a UNIX socket below a --volume"},
	{"--dns", "there is no network but --net host, where /etc/resolv.conf is the host's"},
	{"--privileged", "name what is needed: --cap-add, --device, --security-opt seccomp=FILE"},
	{"--gpus", "name the device: --device /dev/dri/renderD128"},
	{"--pull", "no images are run yet: host, a directory or an archive"},
	{"--platform", "no images are run yet: host, a directory or an archive"},
	{"--stop-signal", "give it when it is stopped: bulkhead stop --signal"},
	{"--stop-timeout", "give it when it is stopped: bulkhead stop --time"},
	{"--cidfile", "choose the name yourself: --name"},
	{"--log-driver", "the log is JSON lines in the state directory: --log-size, --log-files, bulkhead logs"},
	{"--pid", "each has a pid namespace of its own; bulkhead top shows its processes"},
	{"--ipc", "each has an IPC namespace of its own; share files by --volume"},
	{"--volumes-from", "give the same --volume to both"},
	{"--memory-swap", "--memory bounds memory; swap is the host's affair"},
	{"--root", "it is an option of bulkhead itself: bulkhead --root DIR run …"},
	{"--cgroup-parent", "start bulkhead itself in that cgroup: its containers are made below it"},
};

void people_know_strangers(struct err *err)
{
	static const char start[] = "unknown option ";

	if (err->kind != ERR_USAGE || strncmp(err->what, start, sizeof(start) - 1) != 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
		const char *given = err->what + sizeof(start) - 1;
		size_t length = strlen(strangers[i].option);

		if (strncmp(given, strangers[i].option, length) == 0 && strchr("=,", given[length]))
			err_fix(err, "%s", strangers[i].fix);
	}
}
