/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/netlink: the few requests of rtnetlink(7) that a network device needs to change its namespace. Thin: -errno; no
 * policy, no allocation. */
#ifndef BULKHEAD_KERNEL_NETLINK_H
#define BULKHEAD_KERNEL_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_ADDRESSES_MAX 64

struct netlink_link {
	int index;
	bool up;
};

/* One address of a device, as ip-address(8) shows it. */
struct netlink_address {
	uint8_t family, prefix_length, scope;
	uint32_t flags; /* IFA_F_… */
	uint8_t size;	/* of each of those below: 4 or 16 */
	bool has_local, has_broadcast;
	uint8_t address[16], local[16], broadcast[16];
};

/* A socket in the network namespace net_ns_fd; it keeps that namespace alive. The caller is back in its own when this
 * returns; only a process of one thread may call it. */
int netlink_open(int net_ns_fd);

/* -ENODEV when there is none of this name. */
int netlink_link_find(int fd, const char *name, struct netlink_link *ret_link);
int netlink_link_set_up(int fd, int index, bool up);
/* Move it to the namespace net_ns_fd, where it gets this name, and is down and without addresses. */
int netlink_link_move(int fd, int index, int net_ns_fd, const char *name);

/* The addresses of global scope that do not expire. Their number, or -errno: -E2BIG when there are more than capacity. */
int netlink_addresses(int fd, int index, struct netlink_address *ret_addresses, size_t capacity);
int netlink_address_add(int fd, int index, const struct netlink_address *address);

#endif
