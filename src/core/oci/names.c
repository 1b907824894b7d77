/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci/names: tables between the runtime specification's names and numbers. Data and look-ups; usable anywhere.
 * Numbers that the kernel's headers of Debian 12 (6.1) lack are written out here.
 */
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/mount.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/resource.h>

#include "abi/memory.h"
#include "base/opt.h"
#include "base/types.h"
#include "core/oci/config.h"
#include "core/oci/names.h"

/* sched.h keeps the number of a policy that Linux never had */
#define POLICY_ISO 4

#define NAMES(symbol, text, ...)                                                  \
	static const struct oci_name symbol##_items[] = {__VA_ARGS__, {NULL, 0}}; \
	const struct oci_names symbol = {.noun = text, .items = symbol##_items}
/* A name that is the macro of its value, too */
#define SAME(name)          \
	{                   \
#name, name \
	}

NAMES(oci_names_namespace, "a namespace type", {"user", OCI_NS_USER}, {"pid", OCI_NS_PID}, {"network", OCI_NS_NETWORK},
      {"mount", OCI_NS_MOUNT}, {"ipc", OCI_NS_IPC}, {"uts", OCI_NS_UTS}, {"cgroup", OCI_NS_CGROUP},
      {"time", OCI_NS_TIME});

NAMES(oci_names_rlimit, "a resource of getrlimit(2)", SAME(RLIMIT_AS), SAME(RLIMIT_CORE), SAME(RLIMIT_CPU),
      SAME(RLIMIT_DATA), SAME(RLIMIT_FSIZE), SAME(RLIMIT_LOCKS), SAME(RLIMIT_MEMLOCK), SAME(RLIMIT_MSGQUEUE),
      SAME(RLIMIT_NICE), SAME(RLIMIT_NOFILE), SAME(RLIMIT_NPROC), SAME(RLIMIT_RSS), SAME(RLIMIT_RTPRIO),
      SAME(RLIMIT_RTTIME), SAME(RLIMIT_SIGPENDING), SAME(RLIMIT_STACK));

NAMES(oci_names_sched_policy, "a scheduling policy", {"SCHED_OTHER", SCHED_NORMAL}, SAME(SCHED_FIFO), SAME(SCHED_RR),
      SAME(SCHED_BATCH), {"SCHED_ISO", POLICY_ISO}, SAME(SCHED_IDLE), SAME(SCHED_DEADLINE));

NAMES(oci_names_sched_flag, "a scheduling flag", SAME(SCHED_FLAG_RESET_ON_FORK), SAME(SCHED_FLAG_RECLAIM),
      SAME(SCHED_FLAG_DL_OVERRUN), SAME(SCHED_FLAG_KEEP_POLICY), SAME(SCHED_FLAG_KEEP_PARAMS),
      SAME(SCHED_FLAG_UTIL_CLAMP_MIN), SAME(SCHED_FLAG_UTIL_CLAMP_MAX));

NAMES(oci_names_io_class, "an I/O scheduling class", SAME(IOPRIO_CLASS_RT), SAME(IOPRIO_CLASS_BE),
      SAME(IOPRIO_CLASS_IDLE));

NAMES(oci_names_seccomp_action, "a seccomp action", {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
      {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS}, {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
      {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP}, {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO}, {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE},
      {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW}, {"SCMP_ACT_LOG", SECCOMP_RET_LOG},
      {"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF});

NAMES(oci_names_seccomp_flag, "a flag of seccomp(2)", SAME(SECCOMP_FILTER_FLAG_TSYNC), SAME(SECCOMP_FILTER_FLAG_LOG),
      SAME(SECCOMP_FILTER_FLAG_SPEC_ALLOW), SAME(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV));

NAMES(oci_names_seccomp_operator, "a comparison", {"SCMP_CMP_NE", OCI_CMP_NE}, {"SCMP_CMP_LT", OCI_CMP_LT},
      {"SCMP_CMP_LE", OCI_CMP_LE}, {"SCMP_CMP_EQ", OCI_CMP_EQ}, {"SCMP_CMP_GE", OCI_CMP_GE},
      {"SCMP_CMP_GT", OCI_CMP_GT}, {"SCMP_CMP_MASKED_EQ", OCI_CMP_MASKED_EQ});

/* abi/ knows their numbers. */
NAMES(oci_names_seccomp_arch, "an architecture", {"SCMP_ARCH_X86", 0}, {"SCMP_ARCH_X86_64", 0}, {"SCMP_ARCH_X32", 0},
      {"SCMP_ARCH_ARM", 0}, {"SCMP_ARCH_AARCH64", 0}, {"SCMP_ARCH_MIPS", 0}, {"SCMP_ARCH_MIPS64", 0},
      {"SCMP_ARCH_MIPS64N32", 0}, {"SCMP_ARCH_MIPSEL", 0}, {"SCMP_ARCH_MIPSEL64", 0}, {"SCMP_ARCH_MIPSEL64N32", 0},
      {"SCMP_ARCH_PPC", 0}, {"SCMP_ARCH_PPC64", 0}, {"SCMP_ARCH_PPC64LE", 0}, {"SCMP_ARCH_S390", 0},
      {"SCMP_ARCH_S390X", 0}, {"SCMP_ARCH_PARISC", 0}, {"SCMP_ARCH_PARISC64", 0}, {"SCMP_ARCH_RISCV64", 0},
      {"SCMP_ARCH_LOONGARCH64", 0}, {"SCMP_ARCH_M68K", 0}, {"SCMP_ARCH_SH", 0}, {"SCMP_ARCH_SHEB", 0});

NAMES(oci_names_memory_mode, "a mode of set_mempolicy(2)", SAME(MPOL_DEFAULT), SAME(MPOL_BIND), SAME(MPOL_INTERLEAVE),
      {"MPOL_WEIGHTED_INTERLEAVE", ABI_MPOL_WEIGHTED_INTERLEAVE}, SAME(MPOL_PREFERRED), SAME(MPOL_PREFERRED_MANY),
      SAME(MPOL_LOCAL));

NAMES(oci_names_memory_flag, "a flag of set_mempolicy(2)", SAME(MPOL_F_NUMA_BALANCING), SAME(MPOL_F_RELATIVE_NODES),
      SAME(MPOL_F_STATIC_NODES));

NAMES(oci_names_personality, "an execution domain", {"LINUX", PER_LINUX}, {"LINUX32", PER_LINUX32});

NAMES(oci_names_propagation, "a mount propagation", {"private", MS_PRIVATE}, {"slave", MS_SLAVE}, {"shared", MS_SHARED},
      {"unbindable", MS_UNBINDABLE}, {"rprivate", MS_PRIVATE | MS_REC}, {"rslave", MS_SLAVE | MS_REC},
      {"rshared", MS_SHARED | MS_REC}, {"runbindable", MS_UNBINDABLE | MS_REC});

NAMES(oci_names_device_type, "a device type (\"c\" and \"u\" character, \"b\" block, \"p\" fifo)",
      {"c", OCI_DEVICE_CHAR}, {"u", OCI_DEVICE_CHAR}, {"b", OCI_DEVICE_BLOCK}, {"p", OCI_DEVICE_FIFO});

/* Indexed by number: capabilities(7), <linux/capability.h>; NULL ends them. */
static const char *const capability_names[OCI_CAPABILITY_COUNT + 1] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

const char *oci_capability_name(unsigned int number)
{
	return number < OCI_CAPABILITY_COUNT ? capability_names[number] : NULL;
}

int oci_capability_number(const char *name)
{
	size_t prefix = strlen("CAP_");

	if (!strncmp(name, "CAP_", prefix))
		name += prefix;
	for (int number = 0; number < OCI_CAPABILITY_COUNT; number++)
		if (!strcmp(capability_names[number] + prefix, name))
			return number;
	return -1;
}

const char *oci_capability_nearest(const char *name)
{
	char upper[32];
	size_t length = 0;

	for (; name[length] && length < sizeof(upper) - 1; length++)
		upper[length] = (char)(name[length] >= 'a' && name[length] <= 'z' ? name[length] - 0x20 : name[length]);
	upper[length] = '\0';
	return opt_nearest(upper, capability_names);
}

const char *oci_namespace_name(enum oci_namespace_kind kind)
{
	return oci_names_namespace.items[kind].name;
}

uint64_t oci_namespace_clone_flag(enum oci_namespace_kind kind)
{
	static const uint64_t flags[OCI_NS_COUNT] = {
		[OCI_NS_USER] = CLONE_NEWUSER,	   [OCI_NS_PID] = CLONE_NEWPID,	  [OCI_NS_NETWORK] = CLONE_NEWNET,
		[OCI_NS_MOUNT] = CLONE_NEWNS,	   [OCI_NS_IPC] = CLONE_NEWIPC,	  [OCI_NS_UTS] = CLONE_NEWUTS,
		[OCI_NS_CGROUP] = CLONE_NEWCGROUP, [OCI_NS_TIME] = CLONE_NEWTIME,
	};

	return flags[kind];
}
