/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine: create, start, exec, kill, delete, update: who is called in which order, and nothing else.
 * Each function takes a request, does the whole verb, and leaves nothing behind when it fails.
 */
#ifndef BULKHEAD_CORE_ENGINE_ENGINE_H
#define BULKHEAD_CORE_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/oci/config.h"
#include "core/plan/plan.h"
#include "core/state/state.h"

/* What is the same for every verb of one invocation. */
struct engine {
	const char *program;	/* "bulkhead-oci": names the default state root */
	const char *root;	/* --root; NULL: the default */
	enum cgroup_driver cgroup_driver;
	bool all_cpus;	     /* containers run on all CPUs of their cgroup, whatever the caller is bound to */
	bool named_profiles; /* annotations may choose one of the administrator's profiles */
	const char *profiles; /* where they are, for root of the host; NULL: /etc/bulkhead/profiles */
	const char *notify_socket; /* of sd_notify(3): who wants to know when the program is ready; NULL: nobody */
	void (*warn)(const char *text); /* a line for the log and standard error; may be NULL */
	void (*debug)(const char *text); /* each step, for who looks for a mistake; NULL: nobody does */
};

/* A containment profile as text; text NULL: none. name: what messages call it. */
struct engine_profile {
	const char *name, *text;
	size_t size;
};

struct engine_create {
	const char *id;
	const char *bundle; /* NULL: the current directory */
	const char *config_path; /* relative to the bundle; NULL: config.json */
	const char *pid_file, *console_socket, *pidfd_socket;
	bool no_pivot, no_new_keyring;
	int preserve_fds;
	int listen_fds; /* from 3 on, before those to preserve: sockets of sd_listen_fds(3) for the container's program */
	const char *listen_names; /* of them, or NULL */
	bool limits_optional, init; /* as in struct plan_request */
	struct plan_relay relay;    /* of a container in the foreground with a terminal */
	/* The container exists and has ended: it is made anew in its own directory, whose other files stay there; so does
	 * the directory when that fails. */
	bool again;
	/* The root is a new tmpfs with these symlinks and directories on it; root.path of the config is not looked at. */
	bool empty_root;
	struct key_values root_links;
	struct strings root_directories;
	struct plan_archive root_archive; /* unpacked on it; the descriptors stay the caller's */
	/* The config; both NULL: config_path is read. `config` with its JSON text (kept in the state) otherwise. */
	const struct oci_config *config;
	const char *config_text;
	size_t config_size;
	const struct filter_program *filter; /* compiled already, of a config without linux.seccomp; NULL: none */
	struct engine_profile profile; /* laid over the config: the container gets what both grant */
	/* A filter that sends the program's calls to who watches them, over no other; its listener is sent to watch_fd, a
	 * socket, in a message of one byte. NULL: nobody watches. */
	const struct filter_program *watch;
	int watch_fd;
	/* The container's first process exists, and does not come to its program before this returns; NULL: nobody asks. */
	int (*on_process)(void *context, pid_t pid, struct err *err);
	void *on_process_context;
};

/* create: afterwards the container waits for engine_start. */
int engine_create(const struct engine *engine, const struct engine_create *request, struct err *err);
int engine_start(const struct engine *engine, const char *id, struct err *err);

/* run: create and start in one; in the foreground waits, forwards signals and the terminal, and deletes.
 * *ret_status: the program's exit status, 128 + n when a signal ended it; 0 with detach. */
struct engine_run {
	struct engine_create create;
	bool detach, keep;
	/* With detach, for a caller that stays: the process, a child of the caller, and its terminal (-EBADF without one),
	 * as descriptors that are the caller's to close. Both or neither. */
	int *ret_pidfd, *ret_console_fd;
};
int engine_run(const struct engine *engine, const struct engine_run *request, int *ret_status, struct err *err);

/* checkpoint and restore: criu(8)'s options, as callers of other runtimes give them. Paths NULL: its defaults. */
struct engine_criu {
	const char *image_path, *work_path, *parent_path, *page_server, *manage_cgroups;
	const char *lsm_profile, *lsm_mount_context; /* restore */
	bool leave_running, pre_dump;		     /* checkpoint */
	bool tcp_established, skip_in_flight, ext_unix_sk, shell_job, file_locks, lazy_pages, link_remap, auto_dedup;
	struct strings empty_ns;
	int status_fd; /* negative: none */
};
/* Save it; afterwards it is gone, unless leave_running or pre_dump say otherwise. */
int engine_checkpoint(const struct engine *engine, const char *id, const struct engine_criu *request, struct err *err);
/* Bring it back, as engine_run would make it: with detach, or in the foreground until its end. */
int engine_restore(const struct engine *engine, const struct engine_run *request, const struct engine_criu *criu,
		   int *ret_status, struct err *err);

struct engine_exec {
	const char *id;
	const struct oci_process *process;
	const char *pid_file, *console_socket, *pidfd_socket;
	int preserve_fds;
	bool detach;
	struct plan_relay relay; /* in the foreground */
	bool ignore_paused; /* join a frozen container: the process runs when it is resumed */
	struct strings cgroups; /* --cgroup: what cgroup_go_below takes; none: the container's own */
};
/* The error of a failed exec leaves no pid file. */
int engine_exec(const struct engine *engine, const struct engine_exec *request, int *ret_status, struct err *err);

int engine_kill(const struct engine *engine, const char *id, int signal, bool all, struct err *err);
int engine_delete(const struct engine *engine, const char *id, bool force, struct err *err);
int engine_pause(const struct engine *engine, const char *id, struct err *err);
int engine_resume(const struct engine *engine, const char *id, struct err *err);
/* New limits: linux.resources as JSON, called `name` in messages. All of them, in the cgroup and in the saved config, or
 * none. */
int engine_update(const struct engine *engine, const char *id, const char *name, const char *text, size_t size,
		  struct err *err);
/* The container's pids, in arena. */
int engine_pids(const struct engine *engine, const char *id, struct arena *arena, pid_t **ret_pids,
		size_t *ret_count, struct err *err);
/* One stats object: {"type":"stats","id":…,"data":{…}}. */
int engine_stats(const struct engine *engine, const char *id, struct buf *out, struct err *err);

/* Until the container's first process has ended: a stats object at once and at each interval, and {"type":"oom","id":…}
 * each time that the OOM killer was in it. line: one object, without a newline; ERR ends it. */
struct engine_events {
	uint64_t interval_ms;
	int (*line)(void *context, struct buf *object, struct err *err);
	void *context;
};
int engine_events(const struct engine *engine, const char *id, const struct engine_events *events, struct err *err);

/* State of one, or of all, as it is now. config is the saved copy. */
struct engine_container {
	const struct state *state;
	enum state_status status;
	const struct oci_config *config;
};
int engine_state(const struct engine *engine, const char *id, struct arena *arena,
		 struct engine_container *ret_container, struct err *err);
int engine_list(const struct engine *engine, struct arena *arena, const struct engine_container **ret_containers,
		size_t *ret_count, struct err *err);

/* A pidfd of its first process, known not to be a later one of that number. ERR_STATE when it does not run. */
int engine_open_process(const struct engine *engine, const char *id, int *ret_pidfd, struct err *err);

/* The plan of a config, without carrying it out (`bulkhead plan`). */
int engine_plan(const struct engine *engine, const struct engine_create *request, struct arena *arena,
		const struct plan **ret_plan, struct err *err);

/*
 * Run this program from a sealed copy of itself in memory (threats D4), unless it does already. Returns only then, or
 * when vm.memfd_noexec forbids it: then from a read-only detached mount of the file where that is possible, else with
 * a warning through `warn`. To be called first thing by create, run and exec.
 */
int engine_protect_self(char *const argv[], void (*warn)(const char *text), struct err *err);

/*
 * The whole of a file that the caller named; "-" is standard input. name: what messages call it. The text ends with a
 * NUL that *ret_size does not count. Errors: ERR_CONFIG when it is larger than size_max, ERR_KERNEL otherwise.
 */
int engine_read_file(struct arena *arena, const char *path, const char *name, size_t size_max, const char **ret_text,
		     size_t *ret_size, struct err *err);

/* 128 + n for a signal, the status otherwise, of a status as waitpid gives it. */
int engine_exit_status(int wait_status);

#endif
