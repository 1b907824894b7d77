/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol: fixed-size messages between the runtime and its child, on a SOCK_SEQPACKET pair, and between `start` and
 * the waiting child. Each end checks the size, the number and the order; anything else ends the container.
 *
 *   child → runtime   MESSAGE_CHILD (gate only, with a pidfd as SCM_RIGHTS), MESSAGE_SYNC point, MESSAGE_CONSOLE (with
 *                     the terminal's fd), MESSAGE_IDMAP (with a tree's fd; answered by MESSAGE_GO), MESSAGE_ERROR
 *   runtime → child   MESSAGE_GO point; where the child joins its cgroups late, unasked: MESSAGE_CGROUP; unasked
 *                     too, at any time for a container's first process: MESSAGE_GO SYNC_RECORDED
 *   end of file       from the child: execve has succeeded (the socket is CLOEXEC); from the runtime: it died, exit
 *
 * After OP_WAIT_START's MESSAGE_SYNC-less wait begins the child sends MESSAGE_WAITING and closes the first socket; `start`
 * connects to start.sock, the child accepts and goes on with that connection: MESSAGE_ERROR or end of file.
 */
#ifndef BULKHEAD_CORE_CHILD_PROTOCOL_H
#define BULKHEAD_CORE_CHILD_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CHANNEL_FDS_MAX 32 /* of one message */
#define PROTOCOL_MAGIC 0x424b4831u /* "BKH1" */

enum message_type {
	MESSAGE_CHILD = 1,
	MESSAGE_SYNC,
	MESSAGE_GO,
	MESSAGE_WAITING,
	MESSAGE_CONSOLE,
	MESSAGE_ERROR,
	MESSAGE_SECCOMP_LISTENER, /* with the notification fd; value 1: of OP_WATCH */
	MESSAGE_IDMAP,	/* with a tree that the child may not map itself; value: twice its index in plan.idmaps, + 1: recursive */
	MESSAGE_CGROUP, /* with `tasks` of each cgroup to join, open for writing */
};

struct message {
	uint32_t magic;
	uint32_t type;	/* enum message_type */
	uint32_t value; /* enum plan_sync_point for SYNC and GO */
	uint32_t number; /* counts messages of this sender from 1 */
	struct err err;	/* MESSAGE_ERROR only */
};

/* One end of the connection and its counters. */
struct channel {
	int fd;
	uint32_t sent, received;
	bool recorded; /* child: SYNC_RECORDED has come */
};

/* Send one message, with fd as SCM_RIGHTS unless it is negative. 0 or -errno. */
int channel_send(struct channel *channel, enum message_type type, uint32_t value, const struct err *err, int fd);
/* The same with several. */
int channel_send_fds(struct channel *channel, enum message_type type, uint32_t value, const struct err *err,
		     const int *fds, size_t count);
/* Receive one. *ret_fd gets a passed descriptor (CLOEXEC) or -EBADF; a descriptor that no one wants (ret_fd NULL) is
 * closed. Returns 1, 0 at end of file, or -errno (-EPROTO for a malformed or misnumbered one). */
int channel_receive(struct channel *channel, struct message *ret_message, int *ret_fd);
/* The same with up to `most` descriptors; more of them are a malformed message. */
int channel_receive_fds(struct channel *channel, struct message *ret_message, int *ret_fds, size_t most,
			size_t *ret_count);

#endif
