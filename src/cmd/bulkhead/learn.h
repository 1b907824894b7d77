/* SPDX-License-Identifier: Apache-2.0 */
/* learn: what the files of the verb share. */
#ifndef BULKHEAD_CMD_BULKHEAD_LEARN_H
#define BULKHEAD_CMD_BULKHEAD_LEARN_H

#include "cmd/bulkhead/people.h"
#include "insight/learn/learn.h"
#include "insight/observe/observe.h"

struct learn_options {
	struct sandbox_options sandbox; /* the first: its rows count from here */
	const char *output, *attach, *duration, *tier; /* tier NULL: the best that there is */
	struct opt_list merges;
	uint64_t runner_fd; /* this is the runner, and its socket to the watcher; 0: it is not */
	uint64_t watch_fd;  /* of the runner: where the listener of its filter goes; 0: nothing is to be handed over */
	bool json;
};

/* --tier. */
int learn_tier(const struct learn_options *chosen, enum observe_tier *ret, struct err *err);

/* ---- learn_use.c: how much memory, processors and processes are used ---- */

struct learn_use {
	char memory[512], pids[512], cpu[512]; /* files of a cgroup; "" when there is none */
	bool cpu_is_stat;		       /* cpu.stat of version 2, in microseconds; else nanoseconds */
	uint64_t cpu_before, time_before;	       /* ns */
};

/* Find the files of the cgroup that pid is in, unless it is the one of this process. */
void learn_use_find(struct learn_use *use, pid_t pid);
/* Look once; to be called again and again: but for memory no peak is kept by the kernel. */
void learn_use_look(struct learn_use *use, struct learn *learn);

/* ---- learn_root.c: where names of the workload begin; descriptors, or -EBADF ---- */

int learn_root_of_process(pid_t pid);
/* Its mount namespace, which stays as long as it is held. */
int learn_hold_namespace(pid_t pid);
int learn_root_of_namespace(int namespace_fd);

/* ---- learn_watch.c: from the start of the watching to its end ---- */

struct learn_session {
	struct people *people;
	const struct learn_options *options;
	struct learn learn;
	struct observe observe;
	struct learn_use use;
	pid_t pid;	  /* of the workload, 0: none in particular */
	int namespace_fd; /* its mount namespace, when it is started here */
	int root_fd;	  /* its root, once it has one of its own */
	bool attached, live;
	bool rootless; /* a supervisor of seccomp notifications watches */
	bool refused;  /* the program was not started */
	char why[160]; /* not with the programs in the kernel */
	uint64_t started_ns;
};

int learn_session_begin(struct learn_session *session, struct people *people, const struct learn_options *options,
			struct err *err);
/* Take records until fd is readable or hung up (-EBADF: never), a signal says to end, or so many ms are over (-1: never).
 * on_signal: what is done with one; true ends the watching. */
int learn_session_watch(struct learn_session *session, int fd, int64_t limit_ms,
			bool (*on_signal)(void *context, int signal, bool from_terminal), void *context, struct err *err);
/* Watch no more, and take what is on the way. */
int learn_session_drain(struct learn_session *session, struct err *err);
void learn_session_done(struct learn_session *session);

/* ---- learn_run.c ---- */

/* SOURCE and a command; the exit status of the program, or PEOPLE_FAILED. words: how many of the program's own words,
 * the verb among them, are options and operands of it. */
int learn_run(struct people *people, struct learn_options *options, struct sandbox_request *request, struct arena *arena,
	      char **operands, int words);

/* ---- learn_write.c: the profile, and what is said of it ---- */

/* Finish, merge, write. source: the subject. 0 or ERR. */
int learn_write(struct learn_session *session, struct arena *arena, const char *source, struct err *err);

#endif
