/* SPDX-License-Identifier: Apache-2.0 */
/* learn: what the files of the verb share. */
#ifndef BULKHEAD_CMD_BULKHEAD_LEARN_H
#define BULKHEAD_CMD_BULKHEAD_LEARN_H

#include "cmd/bulkhead/people.h"
#include "insight/explain/explain.h"
#include "insight/learn/learn.h"
#include "insight/observe/observe.h"

struct learn_options {
	struct sandbox_options sandbox; /* the first: its rows count from here */
	const char *output, *attach, *duration, *tier; /* tier NULL: the best that there is */
	struct opt_list merges;
	uint64_t runner_fd; /* this is the runner, and its socket to the watcher; 0: it is not */
	uint64_t watch_fd;  /* of the runner: where the listener of its filter goes; 0: nothing is to be handed over */
	uint64_t candidate_fd; /* of the runner: a profile to run under; 0: none */
	bool no_verify;
	bool json;
};

/* --tier. */
int learn_tier(const struct learn_options *chosen, enum observe_tier *ret, struct err *err);

/* --tier ptrace: without privilege, and traced. */
bool learn_traced(const struct learn_options *chosen);

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
	const char *digest; /* of the image or archive; "" or NULL where it has none */
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
/* ns since it began. */
uint64_t learn_session_elapsed(const struct learn_session *session);
void learn_session_done(struct learn_session *session);

/* ---- learn_runner.c: the process that runs the container ---- */

/* How a runner is started. Descriptors are -EBADF where there is none. */
struct learn_start {
	int words; /* of the command line, from the verb on */
	int watch_fd, candidate_fd;
	bool quiet; /* it reads and prints nothing */
};
/* *ret_fd: a socket from which the pid of the container's first process comes; a byte to it lets that go on. */
int learn_runner_start(struct people *people, const struct learn_start *start, pid_t *ret_pid, int *ret_fd,
		       struct err *err);
/* Its exit status, which is the program's. */
int learn_runner_await(pid_t runner);
/* What the runner does. The exit status. */
int learn_runner(struct people *people, const struct sandbox_request *request, const struct learn_options *options);

/* ---- learn_missed.c: refusals that the profile is to blame for ---- */

struct missed_judge {
	struct explain explain;
	struct request_walls walls; /* of the sandbox without a profile */
	bool armed;
	size_t refusals; /* that are the profile's */
	char last[48];	 /* the call of the last one */
};
/* A record of explain's sources; learn is told what should have been allowed. */
void missed_take(struct missed_judge *judge, struct learn *learn, const union observe_record *seen);

/* ---- learn_verify.c ---- */

struct learn_verify {
	const struct sandbox_request *request;
	int words, status;   /* status: as the learned run ended */
	int signal;	     /* that ended it, 0: it ended by itself */
	uint64_t elapsed_ns; /* so long it took */
};
/* Run it again and make the profile one under which nothing is refused; its notes say how that went. */
int learn_verify(struct learn_session *learned, struct arena *arena, struct profile *profile,
		 const struct learn_verify *how, struct err *err);

/* ---- learn_run.c ---- */

/* SOURCE and a command; the exit status of the program, or PEOPLE_FAILED. words: how many of the program's own words,
 * the verb among them, are options and operands of it. */
int learn_run(struct people *people, struct learn_options *options, struct sandbox_request *request, struct arena *arena,
	      char **operands, int words);

/* ---- learn_write.c: the profile, and what is said of it ---- */

/* What --merge and --output name can be used, which is to be known before something long is begun. */
int learn_check_files(const struct learn_options *options, struct arena *arena, struct err *err);
/* Finish, merge, verify (NULL: not asked for, or not possible), write. source: the subject. 0 or ERR. */
int learn_write(struct learn_session *session, struct arena *arena, const char *source, const struct learn_verify *verify,
		struct err *err);

#endif
