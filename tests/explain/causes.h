/* SPDX-License-Identifier: Apache-2.0 */
/* causes: what the cases share: the conditions that they make. Each function ends the process when it cannot. */
#ifndef TESTS_EXPLAIN_CAUSES_H
#define TESTS_EXPLAIN_CAUSES_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define REFUSED 3
#define ABSENT 77
#define NOT_REFUSED 1
#define NOBODY 65534
#define ONE(capability) (UINT64_C(1) << (capability))

extern char work[64]; /* a directory of this run's own */

void need(long result, const char *what);
void drop(uint64_t mask);
void become(uid_t id);
void limit(int resource, rlim_t value);
void load(struct sock_filter *instructions, unsigned short count);
void filter_call(int number, uint32_t action);
const char *in_work(const char *name);
void make_file(const char *path, mode_t mode, uid_t owner, const char *text);
void make_directory(const char *path, mode_t mode, uid_t owner);
void write_file(const char *path, const char *text);
void private_mounts(void);
const char *mounted(const char *name);
bool inside(void);
int enter(const char *name);
void user_namespace(bool deny_setgroups);
void set_flag(const char *path, int flag);
/* Without conditions: those of a container hold. */
bool call_alone(void);
int refused(long result, int error);

struct cause {
	const char *name, *cause;
	int (*run)(void);
};
/* Each ends with an entry without a name. */
extern const struct cause cases_power[], cases_files[], cases_limits[], cases_programs[];

#endif
