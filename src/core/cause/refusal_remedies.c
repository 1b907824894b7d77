/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal_remedies: what to set in which tool, and what a capability gives away. Data alone. Flags are those of
 * bulkhead(1), podman-run(1) and docker run, places those of the runtime-spec's config.json and of the Pod of Kubernetes.
 */
#include <string.h>

#include "base/types.h"
#include "core/cause/refusal.h"

#define SECURITY "spec.containers[].securityContext."
#define POD_SECURITY "spec.securityContext."
/* Where a tool has no word for it, its place says why: these are not shown to people beside the tools that have one. */
#define NONE REFUSAL_NO_WAY
#define OF_IMAGE NONE "it is a matter of the image"
#define OF_HOST NONE "it is a switch of the whole host"
#define OF_PROGRAM NONE "the program has done it to itself"
#define NO_POD_LIMITS NONE "a pod has no rlimits; those of the node's runtime hold"
#define FILTER "--security-opt seccomp=FILE, with {call} allowed in FILE"
#define OUR_FILTER FILTER " (bulkhead plan --config prints one to begin with)"
#define OF_FILTER \
	"allow {call} in /linux/seccomp/syscalls (action SCMP_ACT_ALLOW), and take it out of rules there that refuse it"
#define OF_RULE \
	"take {call} out of {pointer}; where /linux/seccomp/defaultAction is not SCMP_ACT_ALLOW, put it into a rule that is"
/* Their own filters have a rule for those that have the capability which the call needs anyway. */
#define GRANTED "--cap-add {grant}, where the filter is the engine's own; else " FILTER
#define POD_GRANTED SECURITY "capabilities.add: [{grant}], where the filter is the runtime's own; else " POD_FILTER
#define POD_FILTER SECURITY "seccompProfile: {type: Localhost, localhostProfile: FILE}"

/* clang-format off */
const struct refusal_remedy refusal_remedies[] = {
	/* key, bulkhead, config.json, podman and Docker, Kubernetes, host or image (NULL: the tools suffice) */
	{"seccomp-rule", OUR_FILTER, OF_RULE, GRANTED, POD_GRANTED, NULL},
	{"seccomp-rule", OUR_FILTER, OF_RULE, FILTER, POD_FILTER, NULL},
	{"seccomp", OUR_FILTER, OF_FILTER, GRANTED, POD_GRANTED, NULL},
	{"seccomp", OUR_FILTER, OF_FILTER, FILTER, POD_FILTER, NULL},
	{"profile", "--profile FILE, with {call} in its rules", NONE "the profile is laid over it and has a file of its own",
	 NONE "an annotation or the administrator chose the profile",
	 NONE "an annotation or the administrator chose the profile",
	 "bulkhead profile shows and checks what a profile holds"},
	{"supervisor", NONE "it starts no supervisors", "/linux/seccomp/listenerPath: its program decides",
	 "--security-opt seccomp=FILE, without SCMP_ACT_NOTIFY", POD_FILTER, "look at the supervisor's own log"},
	{"landlock", "--profile FILE, where a profile is the ruleset", OF_PROGRAM, OF_PROGRAM, OF_PROGRAM,
	 "the program that set the ruleset: Landlock cannot be taken back from outside"},
	{"userns-apparmor", OF_HOST, OF_HOST, OF_HOST, OF_HOST,
	 "a profile with \"userns,\" for the program, or sysctl kernel.apparmor_restrict_unprivileged_userns=0"},
	{"lsm", "--security-opt apparmor=PROFILE, or label=type:TYPE",
	 "/process/apparmorProfile or /process/selinuxLabel: a label that may",
	 "--security-opt apparmor=PROFILE, or label=type:TYPE", SECURITY "appArmorProfile, seLinuxOptions",
	 "allow it in the policy of the module"},
	{"device", "--device {path}", "/linux/devices: {path}, and /linux/resources/devices: allow its major and minor "
		"number",
	 "--device {path}", "a device plugin, or " SECURITY "privileged", NULL},
	{"interpreter", OF_IMAGE, OF_IMAGE, OF_IMAGE, OF_IMAGE,
	 "install {interpreter} in the image, or correct the first line of {path}"},
	{"loader", OF_IMAGE, OF_IMAGE, OF_IMAGE, OF_IMAGE,
	 "an image with {interpreter} (its C library), or a program that is linked statically"},
	{"program", "COMMAND, or -e PATH=…", "/process/args/0, and PATH in /process/env",
	 "COMMAND, --entrypoint, or -e PATH=…",
	 "spec.containers[].command", "install it in the image, or correct its name"},
	{"machine", OF_IMAGE, OF_IMAGE, "--platform with this machine's architecture",
	 "spec.nodeSelector: kubernetes.io/arch",
	 "an image for this architecture, or qemu-user registered in binfmt_misc"},
	{"shebang", OF_IMAGE, OF_IMAGE, OF_IMAGE, OF_IMAGE, "begin the script with #!/bin/sh, or another interpreter"},
	{"carriage-return", OF_IMAGE, OF_IMAGE, OF_IMAGE, OF_IMAGE,
	 "sed -i 's/\\r$//' {path} in the image, and * text=auto eol=lf in .gitattributes where it came from"},
	{"interpreter-mode", OF_IMAGE, OF_IMAGE, OF_IMAGE, OF_IMAGE,
	 "chmod +x {interpreter} in the image, or another first line"},
	{"stack", "--ulimit stack=BYTES", "/process/rlimits: RLIMIT_STACK", "--ulimit stack=BYTES", NO_POD_LIMITS,
	 "fewer arguments at once (xargs), or by a file; shorter ones where a single one is too long"},
	{"inotify-instances", OF_HOST, OF_HOST, OF_HOST, OF_HOST,
	 "sysctl fs.inotify.max_user_instances=NUMBER, or a uid of its own for each container"},
	{"inotify-watches", OF_HOST, OF_HOST, OF_HOST, OF_HOST,
	 "sysctl fs.inotify.max_user_watches=NUMBER, or a uid of its own for each container"},
	{"max-map-count", OF_HOST, OF_HOST, OF_HOST, OF_HOST, "sysctl vm.max_map_count=NUMBER"},
	{"memfd-noexec", OF_HOST, OF_HOST, OF_HOST, OF_HOST,
	 "sysctl vm.memfd_noexec=1, in a PID namespace that is made anew; or a program that sets MFD_NOEXEC_SEAL"},
	{"space", "--tmpfs {mount}:size=SIZE, --shm-size SIZE for /dev/shm, or -v DIR:{mount}:rw",
	 "size= in /mounts/*/options of {mount}, or a mount of a larger file system there",
	 "--tmpfs {mount}:size=SIZE, --shm-size SIZE for /dev/shm, or a volume at {mount}",
	 "sizeLimit of the emptyDir, or a larger volume", "space on the disk, where {mount} is one of the host's"},
	{"space-unseen", "--tmpfs DIR:size=SIZE, --shm-size SIZE for /dev/shm, or -v FROM:TO:rw",
	 "size= in /mounts/*/options",
	 "--tmpfs DIR:size=SIZE, --shm-size SIZE for /dev/shm, or a volume", "sizeLimit of the emptyDir, or a larger volume",
	 "space on the disk, where it is one of the host's"},
	{"rlimit-hard", "--ulimit NAME=SOFT:HARD", "/process/rlimits, or /process/capabilities: CAP_SYS_RESOURCE",
	 "--ulimit NAME=SOFT:HARD, or --cap-add SYS_RESOURCE", SECURITY "capabilities.add: [SYS_RESOURCE]",
	 "the limits of the engine's service (LimitNOFILE= and its like)"},
	{"ipc-limit", NONE "it sets no sysctls", "/linux/sysctl: {sysctl}", "--sysctl NAME=NUMBER of {sysctl}",
	 POD_SECURITY "sysctls", NULL},
	{"ipc-mode", "-u UID, of its owner, or --cap-add IPC_OWNER",
	 "/process/user, or /process/capabilities: CAP_IPC_OWNER",
	 "--user UID, or --cap-add IPC_OWNER", SECURITY "runAsUser, or capabilities.add: [IPC_OWNER]", NULL},
	{"cpuset", NONE "it sets no cpuset", "/linux/resources/cpu/cpus", "--cpuset-cpus LIST",
	 NONE "it is the CPU manager of the kubelet", "the cpuset of a cgroup above the container's"},
	{"no-new-privs", NONE "its containers always have no_new_privs", "/process/noNewPrivileges: false",
	 "without --security-opt no-new-privileges", SECURITY "allowPrivilegeEscalation: true",
	 "start it as the user that the program would become"},
	{"nosuid", NONE "what it mounts has nosuid", "\"nosuid\" out of /mounts/*/options",
	 "a volume with :suid, or --tmpfs DIR:suid", NONE "a volume has the options of its storage",
	 "mount -o remount,suid"},
	{"mount-locked", NONE "attributes that the host has set stay",
	 "/mounts/*/options of the outer container, without it",
	 "the option of the volume of the outer container", "volumeMounts of the outer container",
	 "mount -o remount,… in the namespace that it came from"},
	{"firewall", "--net host, where the rules are those of its network", OF_HOST, OF_HOST,
	 "a NetworkPolicy that allows it",
	 "the rules there: nft list ruleset, or iptables -S, in the network namespace"},
	{"ping-group", NONE "it sets no sysctls; --cap-add NET_RAW lets ping take a raw socket",
	 "/linux/sysctl: net.ipv4.ping_group_range = \"0 2147483647\"",
	 "--sysctl net.ipv4.ping_group_range=\"0 2147483647\", or --cap-add NET_RAW for a ping that takes a raw socket then",
	 POD_SECURITY "sysctls: net.ipv4.ping_group_range", NULL},
	{"pids", "--pids-limit NUMBER", "/linux/resources/pids/limit", "--pids-limit NUMBER",
	 NONE "it is podPidsLimit of the kubelet's configuration", NULL},
	{"nproc", "--ulimit nproc=NUMBER", "/process/rlimits: RLIMIT_NPROC", "--ulimit nproc=NUMBER", NO_POD_LIMITS,
	 "a uid of its own for each container"},
	{"nofile", "--ulimit nofile=NUMBER", "/process/rlimits: RLIMIT_NOFILE", "--ulimit nofile=NUMBER", NO_POD_LIMITS,
	 "LimitNOFILE= of the engine's service"},
	{"memlock", "--ulimit memlock=BYTES", "/process/rlimits: RLIMIT_MEMLOCK", "--ulimit memlock=BYTES", NO_POD_LIMITS,
	 "LimitMEMLOCK= of the engine's service"},
	{"fsize", "--ulimit fsize=BYTES", "/process/rlimits: RLIMIT_FSIZE", "--ulimit fsize=BYTES", NO_POD_LIMITS, NULL},
	{"cpu", "--ulimit cpu=SECONDS", "/process/rlimits: RLIMIT_CPU", "--ulimit cpu=SECONDS", NO_POD_LIMITS, NULL},
	{"as", "--ulimit as=BYTES", "/process/rlimits: RLIMIT_AS", "podman --ulimit as=BYTES", NO_POD_LIMITS, NULL},
	{"memory", "-m SIZE", "/linux/resources/memory/limit", "--memory SIZE", "spec.containers[].resources.limits.memory",
	 NULL},
	{"map", NONE "it maps 0 to 65535", "/linux/uidMappings and /linux/gidMappings: ranges with {id}",
	 "podman --uidmap, --gidmap, or a larger range in /etc/subuid and /etc/subgid",
	 NONE "the kubelet maps 0 to 65535: a volume or image with lower ids", "a volume or image with lower ids"},
	{"setgroups", NONE "it maps more than one group, so that setgroups works",
	 "/linux/gidMappings with more than one id",
	 "a range in /etc/subgid (usermod --add-subgids)", NONE "the kubelet maps more than one group, so that "
		"setgroups works",
	 "map the groups with newgidmap"},
	{"max-userns", OF_HOST, OF_HOST, OF_HOST, OF_HOST, "sysctl user.max_user_namespaces=NUMBER"},
	{"userns-clone", OF_HOST, OF_HOST, OF_HOST, OF_HOST, "sysctl kernel.unprivileged_userns_clone=1"},
	{"threads", OF_PROGRAM, OF_PROGRAM, OF_PROGRAM, OF_PROGRAM, "it has to be called before a second thread begins"},
	{"io-uring", OF_HOST, OF_HOST, OF_HOST, OF_HOST,
	 "sysctl kernel.io_uring_disabled=0, or CAP_SYS_ADMIN when it is 1"},
	{"bpf", "--cap-add BPF", "/process/capabilities: CAP_BPF", "--cap-add BPF", SECURITY "capabilities.add: [BPF]",
	 "sysctl kernel.unprivileged_bpf_disabled=0 cannot be set back from 1"},
	{"perf", "--cap-add PERFMON", "/process/capabilities: CAP_PERFMON", "--cap-add PERFMON",
	 SECURITY "capabilities.add: [PERFMON]",
	 "sysctl kernel.perf_event_paranoid=1 (2 allows a process to measure itself)"},
	{"yama", "--cap-add SYS_PTRACE", "/process/capabilities: CAP_SYS_PTRACE", "--cap-add SYS_PTRACE",
	 SECURITY "capabilities.add: [SYS_PTRACE]", "sysctl kernel.yama.ptrace_scope=0"},
	{"hardlinks", "-u UID, of its owner", "/process/user: the owner of the file", "--user UID", SECURITY "runAsUser",
	 "sysctl fs.protected_hardlinks=0"},
	{"symlinks", "-u UID, of its owner", "/process/user: the owner of the link", "--user UID", SECURITY "runAsUser",
	 "sysctl fs.protected_symlinks=0"},
	{"regular", "-u UID, of its owner", "/process/user: the owner of the file", "--user UID", SECURITY "runAsUser",
	 "sysctl fs.protected_regular=0 or fs.protected_fifos=0"},
	{"proc-sys", NONE "it never leaves /proc/sys writable",
	 "/linux/sysctl for one that has a namespace; else take /proc/sys out of /linux/readonlyPaths",
	 "--sysctl NAME=VALUE for one that has a namespace; else podman --security-opt unmask=/proc/sys",
	 POD_SECURITY "sysctls", "sysctl NAME=VALUE on the host"},
	{"read-only-path", NONE "it never leaves the kernel's own files writable",
	 "/linux/readonlyPaths, or /mounts: without \"ro\"",
	 "podman --security-opt unmask={mount}; Docker --security-opt systempaths=unconfined",
	 SECURITY "procMount: Unmasked", NULL},
	{"read-only-root", "--writable, or --tmpfs or -v for the directory of {path}",
	 "/root/readonly: false, or one of /mounts for the directory of {path}",
	 "without --read-only, or --tmpfs or a volume for the directory of {path}",
	 SECURITY "readOnlyRootFilesystem: false, or an emptyDir for the directory of {path}", NULL},
	{"read-only", "--writable, or -v DIR:{mount}, or --tmpfs {mount}",
	 "/root/readonly, or \"ro\" in /mounts/*/options of {mount}",
	 "without --read-only, or a volume without :ro at {mount}",
	 SECURITY "readOnlyRootFilesystem: false, or volumeMounts[].readOnly: false", NULL},
	{"masked", NONE "it never unmasks the kernel's own files", "/linux/maskedPaths without {component}",
	 "podman --security-opt unmask={component}; Docker --security-opt systempaths=unconfined",
	 SECURITY "procMount: Unmasked", NULL},
	{"noexec", "--tmpfs {mount}:exec, or -v DIR:{mount}", "\"noexec\" out of /mounts/*/options of {mount}",
	 "--tmpfs {mount}:exec, or a volume with :exec", NONE "a volume has the options of its storage",
	 "mount -o remount,exec {mount}"},
	{"nodev", "--device {path}", "\"nodev\" out of /mounts/*/options of {mount}, and the device in /linux/devices",
	 "--device {path}", "a device plugin", NULL},
	{"attribute", OF_IMAGE, OF_IMAGE, OF_IMAGE, OF_IMAGE, "chattr -i -a {component}, as root on the host"},
	{"chmod-x", OF_IMAGE, OF_IMAGE, OF_IMAGE, OF_IMAGE, "chmod +x {component} in the image or volume"},
	{"owner-unmapped", "-v FROM:TO:idmap",
	 "/mounts/*/uidMappings (an idmapped mount), or /linux/uidMappings with the owner",
	 "podman -v …:U or :idmap, --userns keep-id", "hostUsers: true, or fsGroup",
	 "chown the files to an id that is mapped"},
	{"mode", "-u UID[:GID], or --cap-add DAC_OVERRIDE", "/process/user, or /process/capabilities: CAP_DAC_OVERRIDE",
	 "--user UID:GID, or --cap-add DAC_OVERRIDE", SECURITY "runAsUser, fsGroup, or capabilities.add: [DAC_OVERRIDE]",
	 "chmod or chown {component}"},
	{"mode-unseen", "-u UID[:GID], or --cap-add {capability}",
	 "/process/user, or /process/capabilities: CAP_{capability}",
	 "--user UID:GID, or --cap-add {capability}", SECURITY "runAsUser, fsGroup, or capabilities.add: [{capability}]",
	 "chmod or chown it"},
	{"fowner", "-u UID[:GID], or --cap-add FOWNER", "/process/user, or /process/capabilities: CAP_FOWNER",
	 "--user UID:GID, or --cap-add FOWNER", SECURITY "runAsUser, or capabilities.add: [FOWNER]", "chown {path}"},
	{"proc-covered", NONE "its containers' own /proc stays masked",
	 "empty /linux/maskedPaths and /linux/readonlyPaths of the outer container",
	 "podman --security-opt unmask=ALL; Docker --security-opt systempaths=unconfined, for the outer container",
	 SECURITY "procMount: Unmasked, with hostUsers: false", "bind /proc with rbind instead of mounting a new one"},
	{"low-port", "--cap-add NET_BIND_SERVICE",
	 "/process/capabilities: CAP_NET_BIND_SERVICE, or /linux/sysctl: net.ipv4.ip_unprivileged_port_start = {port}",
	 "--cap-add NET_BIND_SERVICE (in Docker for root alone), or --sysctl net.ipv4.ip_unprivileged_port_start={port}",
	 SECURITY "capabilities.add: [NET_BIND_SERVICE], or " POD_SECURITY "sysctls",
	 "a port from 1024 on, published as {port}"},
	{"low-port-host", "--net none, or a port from 1024 on", "/linux/namespaces: a \"network\" of its own",
	 "without --network host", "hostNetwork: false", "sysctl net.ipv4.ip_unprivileged_port_start={port}"},
	{"elsewhere", "--userns none, which takes a --user other than root",
	 "/linux/namespaces without \"user\", and CAP_{capability}",
	 "podman --userns host (as root) --cap-add {capability}", "hostUsers: true", NULL},
	{"ping", "--cap-add NET_RAW",
	 "/process/capabilities: CAP_NET_RAW, or for ping alone /linux/sysctl: net.ipv4.ping_group_range = \"0 2147483647\"",
	 "--cap-add NET_RAW, or for ping alone --sysctl net.ipv4.ping_group_range=\"0 2147483647\"",
	 SECURITY "capabilities.add: [NET_RAW]", NULL},
	{"capability-root", "--cap-add {capability}",
	 "/process/capabilities: CAP_{capability} in effective, permitted, inheritable and ambient; or /process/user: root",
	 "podman --cap-add {capability}; Docker --user root, or the program with it as a file capability (setcap)",
	 SECURITY "runAsUser: 0, or the program with it as a file capability", NULL},
	{"capability", "--cap-add {capability}",
	 "/process/capabilities/bounding, effective and permitted: CAP_{capability}",
	 "--cap-add {capability}", SECURITY "capabilities.add: [{capability}]", NULL},
	{"newer-kernel", OF_HOST, OF_HOST, OF_HOST, OF_HOST,
	 "a newer kernel, or one built with it; the program may have another way"},
	{"as-root", NONE "it is a matter of who looks", NONE "it is a matter of who looks",
	 NONE "it is a matter of who looks",
	 NONE "it is a matter of who looks", "bulkhead explain as root on the host"},
};
/* clang-format on */
const size_t refusal_remedies_count = ARRAY_SIZE(refusal_remedies);

static const struct {
	const char *capability, *cost;
} costs[] = {
	{"CHOWN", "files can be given to any id of the container"},
	{"DAC_OVERRIDE", "modes protect no file of the container's ids from it"},
	{"DAC_READ_SEARCH", "every file can be read, and by handles also those outside of the container "
	 "(open_by_handle_at)"},
	{"FOWNER", "modes and owners protect no file from the container's root"},
	{"FSETID", "set-id bits outlive a change of the file"},
	{"KILL", "signals to processes of other users in its pid namespace"},
	{"SETGID", "it can take any group of the container"},
	{"SETUID", "it can take any user of the container"},
	{"SETPCAP", "it can pass on every capability of its bounding set"},
	{"LINUX_IMMUTABLE", "protected files of the host's file system can be changed"},
	{"NET_BIND_SERVICE", "it can take the place of a service of the system"},
	{"NET_ADMIN", "addresses, routes and firewall of its network namespace; of the host's with --network host"},
	{"NET_RAW", "forged packets of any protocol, in the container's network"},
	{"IPC_LOCK", "memory that the host cannot swap out, without limit"},
	{"IPC_OWNER", "System V IPC objects of others"},
	{"SYS_MODULE", "all of the host: it loads code into the kernel"},
	{"SYS_RAWIO", "all of the host: hardware and memory directly"},
	{"SYS_CHROOT", "chroot and setns of mount namespaces"},
	{"SYS_PTRACE", "memory of every process that it sees; of the host's with --pid host"},
	{"SYS_ADMIN", "almost all of the host, when there is no user namespace: mounts, cgroups, devices"},
	{"SYS_BOOT", "it can boot the host, and another kernel (kexec)"},
	{"SYS_NICE", "it can take the processors from others"},
	{"SYS_RESOURCE", "limits, quotas and reserved space do not bind it"},
	{"SYS_TIME", "the clock of the whole host"},
	{"MKNOD", "device nodes, as far as the device cgroup allows their use"},
	{"AUDIT_WRITE", "lines in the host's audit log"},
	{"AUDIT_CONTROL", "it can switch the host's audit off"},
	{"SETFCAP", "files with capabilities, within its bounding set"},
	{"SYSLOG", "addresses and messages of the kernel"},
	{"PERFMON", "side channels into other processes and the kernel"},
	{"BPF", "programs in the kernel, which read its memory together with PERFMON"},
	{"CHECKPOINT_RESTORE", "pids can be chosen, and memory maps of others seen"},
};

const char *refusal_capability_cost(const char *capability)
{
	for (size_t i = 0; i < ARRAY_SIZE(costs); i++)
		if (strcmp(costs[i].capability, capability) == 0)
			return costs[i].cost;
	return NULL;
}

static const struct {
	const char *call, *capability;
	bool of_host; /* in the first user namespace, whoever calls */
} needs[] = {
	{"acct", "SYS_PACCT", true},
	{"adjtimex", "SYS_TIME", true},
	{"bpf", "BPF", true},
	{"chown", "CHOWN", false},
	{"chroot", "SYS_CHROOT", false},
	{"clock_settime", "SYS_TIME", true},
	{"delete_module", "SYS_MODULE", true},
	{"fanotify_init", "SYS_ADMIN", false},
	{"fchown", "CHOWN", false},
	{"fchownat", "CHOWN", false},
	{"finit_module", "SYS_MODULE", true},
	{"fsmount", "SYS_ADMIN", false},
	{"fsopen", "SYS_ADMIN", false},
	{"init_module", "SYS_MODULE", true},
	{"ioperm", "SYS_RAWIO", true},
	{"iopl", "SYS_RAWIO", true},
	{"kexec_load", "SYS_BOOT", true},
	{"kill", "KILL", false},
	{"lchown", "CHOWN", false},
	{"mknod", "MKNOD", true},
	{"mknodat", "MKNOD", true},
	{"mount", "SYS_ADMIN", false},
	{"mount_setattr", "SYS_ADMIN", false},
	{"move_mount", "SYS_ADMIN", false},
	{"open_by_handle_at", "DAC_READ_SEARCH", false},
	{"open_tree", "SYS_ADMIN", false},
	{"perf_event_open", "PERFMON", true},
	{"pivot_root", "SYS_ADMIN", false},
	{"prlimit64", "SYS_RESOURCE", false},
	{"process_vm_readv", "SYS_PTRACE", false},
	{"ptrace", "SYS_PTRACE", false},
	{"quotactl", "SYS_ADMIN", false},
	{"reboot", "SYS_BOOT", false},
	{"setdomainname", "SYS_ADMIN", false},
	{"setgid", "SETGID", false},
	{"setgroups", "SETGID", false},
	{"sethostname", "SYS_ADMIN", false},
	{"setns", "SYS_ADMIN", false},
	{"setpriority", "SYS_NICE", true},
	{"setregid", "SETGID", false},
	{"setresgid", "SETGID", false},
	{"setresuid", "SETUID", false},
	{"setreuid", "SETUID", false},
	{"setrlimit", "SYS_RESOURCE", true},
	{"settimeofday", "SYS_TIME", true},
	{"setuid", "SETUID", false},
	{"swapoff", "SYS_ADMIN", true},
	{"swapon", "SYS_ADMIN", true},
	{"syslog", "SYSLOG", true},
	{"tgkill", "KILL", false},
	{"umount2", "SYS_ADMIN", false},
	{"unshare", "SYS_ADMIN", false},
	{"vhangup", "SYS_TTY_CONFIG", true},
};

const char *refusal_capability_of(const char *call, bool *ret_of_host)
{
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (strcmp(needs[i].call, call) == 0) {
			*ret_of_host = needs[i].of_host;
			return needs[i].capability;
		}
	return NULL;
}
