/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts: what the files of engine/ share and no one else sees.
 *
 *   create.c     the way from a request to a container that exists: what create and run have in common, and its undoing
 *   start.c run.c exec.c kill.c delete.c pause.c update.c list.c events.c   the verbs
 *   container.c  an existing container: its directory, state, config, cgroup, process
 *   launch.c     from a plan to a process: prepare.c, attach.c, talk.c in their order
 *   ended.c      what ended before its program was executed
 *   foreground.c waiting for a process: its signals and its terminal
 *   hooks.c      hooks that run in the runtime
 *   send.c       pid files, descriptors to sockets
 *   criu.c checkpoint.c restore.c   a container as files, and back
 *   net_devices.c resctrl.c   what the container gets of the host's: network devices; a class of cache and bandwidth
 *   protect.c    the sealed copy of this program
 *   user_namespace.c   the maps of one that is joined
 */
#ifndef BULKHEAD_CORE_ENGINE_PARTS_H
#define BULKHEAD_CORE_ENGINE_PARTS_H

#include <errno.h>
#include <limits.h>
#include <signal.h>

#include "core/cgroup/cgroup.h"
#include "core/child/child.h"
#include "core/child/protocol.h"
#include "core/engine/engine.h"
#include "core/state/state.h"

#define ENGINE_FILTER_SIZE_MAX (FILTER_INSTRUCTIONS_MAX * sizeof(struct sock_filter))
#define ENGINE_PID_FILE_MODE 0644

/* ---- launch: one process made from a plan ---- */

struct launch {
	/* What the caller sets. */
	const struct engine *engine;
	const struct oci_config *config;
	const struct plan *plan;
	const struct cgroup *cgroup;
	const struct state *state; /* for the hooks and the seccomp listener; pid is set by the caller in on_child */
	const char *console_socket; /* NULL: the terminal is kept in console_fd */
	int start_fd;
	int watch_fd; /* as in struct engine_create */
	/* Called once, when the process exists and before it does anything that needs the runtime. */
	int (*on_child)(struct launch *launch, struct err *err);
	void *context;

	/* What is made. */
	int *slots;
	int *idmap_fds;
	int namespace_fds[OCI_NS_COUNT];
	int time_fd; /* the runtime's own time namespace, while its children are born in another */
	pid_t pid;
	uint64_t pid_start_time; /* 0: not looked at yet */
	int pidfd;
	pid_t gate_pid;
	int gate_pidfd;
	int console_fd;
	struct channel channel;
	struct buf state_json; /* for the hooks that the container runs */
	bool hooks_failed;
	int net_fd; /* netlink socket in the container's network namespace, once devices were moved there */
	size_t net_devices_moved;
};
#define LAUNCH_INIT                                                                                                   \
	((struct launch){.start_fd = -EBADF, .watch_fd = -EBADF, .time_fd = -EBADF, .pidfd = -EBADF,                  \
			 .gate_pidfd = -EBADF, .console_fd = -EBADF, .net_fd = -EBADF, .channel = {.fd = -EBADF},     \
			 .state_json = BUF_INIT})

/* Memory for slots; namespace_fds closed. */
int launch_begin(struct launch *launch, struct arena *arena, struct err *err);
/* The process of launch.pid exists: for --debug. */
void launch_debug_child(const struct launch *launch);
/* PREPARE: what a plan wants opened before the clone. */
int launch_prepare(struct launch *launch, struct err *err);
/* Is it this process's own? One's own user namespace cannot be joined. own_dir_fd: /proc/self/ns. */
bool prepare_is_own(int ns_fd, int own_dir_fd, const char *name);
/* Of the user namespace that the config joins by path, if it does: its maps into *request. path: where it is found now;
 * NULL: where the config says. Errors: it may not be entered, or has no ids. */
int user_namespace_read(struct arena *arena, const struct oci_config *config, const char *path,
			struct plan_request *request, struct err *err);
/* Clone, and serve the child until it waits for `start` or has executed its program. On failure nothing of it runs. */
int launch_run(struct launch *launch, struct err *err);
/* plan.cgroup_late: the cgroup exists now; the child may join it. */
int launch_send_cgroup(struct launch *launch, struct err *err);
/* The state holds the process: it may go on to where it outlives this one. */
int launch_send_recorded(struct launch *launch, struct err *err);
/* Kill what was cloned and wait for it. */
void launch_kill(struct launch *launch);
/* Is there someone to hold the terminal, if there is one? where: of process.terminal; for messages. */
int launch_check_console(const struct engine *engine, bool terminal, bool foreground, const char *console_socket,
			 const char *where, struct err *err);
/* Tell the caller of the process: its pidfd to a socket, its pid in a file; each may be NULL. */
int launch_announce(const struct launch *launch, const char *pidfd_socket, const char *pid_file, struct err *err);
/* Close all descriptors; what runs goes on. */
void launch_done(struct launch *launch);

/* Its socket is closed: did it end without having executed a program? false where that cannot be known. */
bool ended_before_exec(pid_t pid);
/* Has the container's first process ended, or begun to? The kernel kills all others of its pid namespace then. */
bool ended_along(const struct state *state);
/* As waitpid(2) gives it, of one that is somebody else's child and not waited for yet; -1 where it cannot be known. */
int ended_status(pid_t pid);
/* Always ERR: why it ended, as far as the status (-1: not known) tells. */
int ended_why(const struct oci_config *config, int status, struct err *err);

int attach_id_maps(const struct op *op, pid_t pid, struct err *err);
int talk_serve(struct launch *launch, struct err *err);

/* net_devices.c: move the devices into the child's namespace; and back, when the container cannot be made. */
int net_devices_take(struct launch *launch, const struct op *op, struct err *err);
void net_devices_return(struct launch *launch);

/* ---- hooks ---- */

/* The state as runtime.md has it, one line. */
int hooks_state_json(struct buf *out, const struct state *state, enum state_status status,
		     const struct oci_config *config, struct err *err);
/* All hooks of a kind, in order, in the runtime's namespaces; the first failure ends it. */
int hooks_run(const struct oci_config *config, enum oci_hook_kind kind, const struct state *state,
	      enum state_status status, struct err *err);
/* poststop: a failure is a warning, and the next one runs. */
void hooks_poststop(const struct engine *engine, const struct oci_config *config, const struct state *state);

/* Block what a foreground verb forwards, and SIGPIPE, so that none is lost between the clone and the waiting. */
void engine_block_signals(void);

/* ---- send.c ---- */

/* `.name`, then rename, as engines expect: digits without a newline. */
int send_pid_file(const char *path, pid_t pid, struct err *err);
/* One message with one descriptor to a listening stream socket. what: for messages, "console socket". */
int send_fd(const char *socket_path, const char *what, const void *data, size_t size, int fd, struct err *err);
/* The listener of a seccomp filter, to the socket that the config names (config-linux.md, "Container Process State"). */
int send_listener(const struct oci_config *config, const struct state *state, enum state_status status, pid_t pid, int fd,
		  struct err *err);
/* Until there is something to read from socket_fd: 0. ERR: all the time a call of the filter of listener_fd went
 * unanswered, before the program ran. Returns at once where listener_fd is negative. */
int listener_await(int socket_fd, int listener_fd, const struct oci_config *config, struct err *err);
/* The listener of OP_WATCH, to whoever is at the other end of this socket. */
int send_watch(int socket_fd, int fd, struct err *err);
int send_console(const char *socket_path, int console_fd, struct err *err);

/* ---- a container that exists ---- */

struct container {
	const struct engine *engine;
	struct arena arena;
	int root_fd;
	struct state_dir dir;
	const struct state *state;
	const struct oci_config *config; /* after container_read_config */
	enum state_status status;
	struct host *host; /* after container_open_cgroup */
	struct cgroup cgroup;
};
#define CONTAINER_INIT                                                                                                \
	((struct container){.arena = ARENA_INIT, .root_fd = -EBADF, .dir = STATE_DIR_INIT, .cgroup = CGROUP_INIT})

/* Open, read, and find the status. lock: wait for other writers first. */
int container_open(struct container *container, const struct engine *engine, const char *id, bool lock,
		   struct err *err);
int container_read_config(struct container *container, struct err *err);
int container_open_cgroup(struct container *container, struct err *err);
/* A pidfd of its process, known not to be a later one with the same number. ERR_STATE "container not running". */
int container_open_process(const struct container *container, int *ret_pidfd, struct err *err);
void container_done(struct container *container);
#define cleanup_container __attribute__((cleanup(container_done)))

int container_not_running(const char *id, enum state_status status, struct err *err);
/* Is the freezer's file of a state saying "frozen"? */
bool container_is_frozen(const struct state *state);

/* Wait for the process to end after SIGKILL; ERR when it does not within ten seconds. */
int container_await_end(int pidfd);
/* The end of a container whose process is gone or to be killed: cgroup, poststop hooks, directory. The lock is held. */
int container_destroy(struct container *container, struct err *err);

/* ---- create ---- */

struct creation {
	const struct engine *engine;
	const struct engine_create *request;
	bool wait_start;
	struct arena *arena;
	const struct oci_config *config;
	const char *text; /* of the config */
	size_t text_size;
	struct engine_profile profile; /* of the request */
	struct host *host;
	struct plan_request plan_request;
	const struct plan *plan;
	int root_fd;
	struct state_dir dir;
	struct state state;
	struct cgroup cgroup;
	char cgroup_made[CGROUP_MADE_SIZE];
	char systemd_path[PATH_MAX]; /* where systemd has put the cgroup */
	struct launch launch;
	bool has_dir, has_cgroup;
	bool cgroup_late; /* it is made when the child exists */
	int notify_fd;	  /* run: where the program says that it is ready */
};
#define CREATION_INIT ((struct creation){.root_fd = -EBADF, .dir = STATE_DIR_INIT, .cgroup = CGROUP_INIT, \
					 .launch = LAUNCH_INIT, .notify_fd = -EBADF})

/* Config, host and plan: nothing is touched. */
int creation_plan(struct creation *creation, struct err *err);
/* Directory, cgroup and process; on failure all of it is taken back. */
int creation_make(struct creation *creation, struct err *err);
/* Take back what was made: process, cgroup, directory, in this order. *err is kept. */
void creation_undo(struct creation *creation);
/* Its parts, for restore: the directory; config and state in it; the cgroup, around launch.pid where systemd makes it. */
int creation_begin(struct creation *creation, struct err *err);
int creation_record(struct creation *creation, struct err *err);
int creation_make_cgroup(struct creation *creation, struct err *err);
/* run.c: after the end of a container that was waited for: all that was made goes. */
int run_finish(struct creation *creation, struct err *err);
void creation_done(struct creation *creation);
#define cleanup_creation __attribute__((cleanup(creation_done)))

/* ---- notify.c ---- */

/* Does the caller want to know when the program is ready? Then into the request of the plan. */
int notify_plan(struct creation *creation, struct err *err);
/* The directory of the program's socket, where it was planned. */
int notify_make(const struct creation *creation, struct err *err);
/* The socket, before the program runs; *ret_fd is left alone where none is wanted or planned. */
int notify_listen(const struct engine *engine, const struct state_dir *dir, int *ret_fd, struct err *err);
/* Read one message, pass it on if it says so: is the program ready? */
bool notify_take(const struct engine *engine, int fd);
/* Until the program is ready or has ended; returns at once for a negative fd. Signals are no longer blocked then. */
void notify_await(const struct engine *engine, int fd, int pidfd);

/* ---- profile.c ---- */

/* profile_name.c: the profile that the annotations or the administrator choose, if any, into creation.profile. */
int profile_by_name(struct creation *creation, struct err *err);
/* Lay the profile over the config and the request of the plan, if there is one. */
int profile_for_create(struct creation *creation, struct err *err);
int profile_save(struct creation *creation, struct err *err);
/* The container's, over a change of its limits; merged: all that hold with the change. */
int profile_for_update(struct container *container, const struct oci_resources *merged,
		       const struct oci_resources **resources, struct err *err);
/* criu brings back no Landlock: the container would have more than before. */
int profile_refuse_criu(bool profile, const char *verb, struct err *err);
/* The container's, over its config and over what a further process asks for. */
int profile_for_exec(struct container *container, const struct oci_process **process, struct plan_request *request,
		     struct err *err);

/* ---- resctrl.c ---- */

/* Put the container's process into its class (OP_RESCTRL); what is made for it is in the state before. */
int resctrl_take(struct creation *creation, const struct op *op, struct err *err);
/* Take away what resctrl_take made. */
void resctrl_remove(const struct state *state);
/* Its two halves, below any directory of that layout. */
int resctrl_find(int root_fd, const struct op *op, bool *ret_exists, struct err *err);
int resctrl_join(int root_fd, const struct op *op, bool exists, const char *id, pid_t pid, struct err *err);

/* ---- the foreground ---- */

/* Wait for the process to end; forward signals, and the terminal when console_fd is not negative. Status as waitpid. */
int foreground_wait(const struct engine *engine, int pidfd, int console_fd, int notify_fd, int *ret_status,
		    struct err *err);

void engine_warn(const struct engine *engine, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A step, for --debug. It begins with the words that runc's debug log has for the same step: scripts look for them. */
void engine_debug(const struct engine *engine, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
