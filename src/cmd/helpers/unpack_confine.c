/* SPDX-License-Identifier: Apache-2.0 */
/* unpack_confine: what both modes of bulkhead-unpack give up before they read a byte. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <syscall.h>

#include "base/types.h"
#include "cmd/helpers/unpack.h"
#include "kernel/creds.h"
#include "kernel/seccomp.h"

#define MEMORY_MAX (512ull << 20) /* the decompressor's window and our own */
#define CPU_SECONDS_MAX 1800
#define CALLS_MAX 100

static int set_limit(int resource, uint64_t value)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return -errno;
	if (limit.rlim_max < value)
		value = limit.rlim_max;
	limit = (struct rlimit){value, value};
	return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ? -errno : 0;
}

int unpack_set_limits(uint64_t file_max, uint64_t descriptors_max)
{
	signal(SIGXFSZ, SIG_IGN);
	if (set_limit(RLIMIT_FSIZE, file_max) < 0 || set_limit(RLIMIT_AS, MEMORY_MAX) < 0 ||
	    set_limit(RLIMIT_CPU, CPU_SECONDS_MAX) < 0 || set_limit(RLIMIT_NOFILE, descriptors_max) < 0)
		return -errno;
	return set_limit(RLIMIT_CORE, 0);
}

static int deny_other_calls(const unsigned int *calls, size_t calls_count)
{
	struct sock_filter filter[2 * CALLS_MAX + 16];
	uint16_t count = 0;

	if (calls_count > CALLS_MAX)
		return -E2BIG;
#define ADD(statement) filter[count++] = (struct sock_filter)statement
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
#if defined(__x86_64__)
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
#else
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_AARCH64, 1, 0));
#endif
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < calls_count; i++) {
		ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1));
		ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	}
	/* Memory, but none that may be executed: no library is loaded any more. */
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 2, 0));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 1, 0));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
	ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])));
	ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
	ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
#undef ADD
	return seccomp_load(filter, count, 0);
}

int unpack_give_up_power(uint64_t kept, const unsigned int *calls, size_t count)
{
	struct creds_capabilities capabilities;
	int result = creds_ambient_clear();

	if (result == 0)
		result = creds_get_capabilities(&capabilities);
	if (result < 0)
		return result;
	capabilities.permitted &= kept;
	capabilities.effective = capabilities.permitted;
	capabilities.inheritable = 0;
	result = creds_set_capabilities(&capabilities);
	if (result == 0)
		result = creds_set_no_new_privs();
	return result < 0 ? result : deny_other_calls(calls, count);
}
