/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_devices: network devices of the host become the container's (runtime-spec, config-linux.md, "Network Devices"):
 * moved, renamed, with their global addresses, and up. Runs in the runtime, while the child waits in its namespaces and
 * before any hook. When the container cannot be made they go back as they were; at its regular end they do not: the
 * kernel decides what becomes of them when the namespace goes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/engine/parts.h"
#include "kernel/netlink.h"

/* A way from one namespace to another. */
struct way {
	int from_fd, to_fd; /* netlink sockets */
	int to_ns_fd;
	const char *from_name, *to_name;
	bool up; /* whatever it is now; else it stays as it is */
};

static int failed(const struct way *way, int errnum, const char *what, struct err *err)
{
	err_sys(err, errnum, "sendmsg", "cannot %s network device %s", what, way->from_name);
	if (errnum == -EPERM) {
		err_why(err, "moving a device needs CAP_NET_ADMIN in both network namespaces");
		err_fix(err, "run the runtime as root of the host, or remove linux.netDevices");
	}
	if (errnum == -EINVAL)
		err_why(err, "the kernel keeps some devices (lo, bridges' ports, tunnels) in their namespace");
	if (errnum == -E2BIG)
		err_why(err, "it has more than %d addresses", NETLINK_ADDRESSES_MAX);
	return ERR;
}

static int find_both(const struct way *way, struct netlink_link *ret_link, struct err *err)
{
	struct netlink_link other;
	int result = netlink_link_find(way->from_fd, way->from_name, ret_link);

	if (result == -ENODEV) {
		err_set(err, ERR_CONFIG, "there is no network device %s", way->from_name);
		err_why(err, "the network namespace of the runtime has none of this name");
		return err_fix(err, "ip link shows the names; make the device before the container");
	}
	if (result < 0)
		return failed(way, result, "find", err);
	result = netlink_link_find(way->to_fd, way->to_name, &other);
	if (result == 0) {
		err_set(err, ERR_CONFIG, "cannot move network device %s: the container has a %s already", way->from_name,
			way->to_name);
		return err_fix(err, "give it another name there, by \"name\"");
	}
	return result == -ENODEV ? 0 : failed(way, result, "look for", err);
}

static int move_device(const struct way *way, struct err *err)
{
	struct netlink_address addresses[NETLINK_ADDRESSES_MAX];
	struct netlink_link link, moved;
	int count, result;

	if (find_both(way, &link, err))
		return ERR;
	count = netlink_addresses(way->from_fd, link.index, addresses, NETLINK_ADDRESSES_MAX);
	if (count < 0)
		return failed(way, count, "read the addresses of", err);
	/* Down first: a name cannot change while it is up. */
	result = link.up ? netlink_link_set_up(way->from_fd, link.index, false) : 0;
	if (result == 0)
		result = netlink_link_move(way->from_fd, link.index, way->to_ns_fd, way->to_name);
	if (result < 0) {
		/* As it was; an address of version 6 went with the first of these calls. */
		if (link.up)
			netlink_link_set_up(way->from_fd, link.index, true);
		for (int i = 0; i < count; i++)
			netlink_address_add(way->from_fd, link.index, &addresses[i]);
		return failed(way, result, "move", err);
	}
	result = netlink_link_find(way->to_fd, way->to_name, &moved);
	for (int i = 0; result == 0 && i < count; i++)
		result = netlink_address_add(way->to_fd, moved.index, &addresses[i]);
	if (result == 0 && (link.up || way->up))
		result = netlink_link_set_up(way->to_fd, moved.index, true);
	return result < 0 ? failed(way, result, "set up", err) : 0;
}

static int open_namespaces(struct launch *launch, int *ret_host_fd, int *ret_ns_fd, struct err *err)
{
	char path[32];
	int ns_fd cleanup_fd = -EBADF, host_ns_fd cleanup_fd = -EBADF, host_fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", launch->pid);
	ns_fd = open(path, O_RDONLY | O_CLOEXEC);
	host_ns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (ns_fd < 0 || host_ns_fd < 0)
		return err_sys(err, errno, "openat", "cannot open the container's network namespace");
	launch->net_fd = netlink_open(ns_fd);
	if (launch->net_fd < 0) {
		int result = launch->net_fd;

		launch->net_fd = -EBADF;
		err_sys(err, result, "setns", "cannot enter the container's network namespace");
		return result == -EPERM ? err_why(err, "that needs CAP_SYS_ADMIN on the host") : ERR;
	}
	host_fd = netlink_open(host_ns_fd);
	if (host_fd < 0)
		return err_sys(err, host_fd, "socket", "cannot speak with the kernel about network devices");
	*ret_host_fd = host_fd;
	*ret_ns_fd = fd_take(&ns_fd);
	return 0;
}

int net_devices_take(struct launch *launch, const struct op *op, struct err *err)
{
	int host_fd cleanup_fd = -EBADF, ns_fd cleanup_fd = -EBADF;

	if (open_namespaces(launch, &host_fd, &ns_fd, err))
		return ERR;
	for (size_t i = 0; i < op->net_devices.count; i++) {
		const struct oci_net_device *device = &op->net_devices.items[i];
		const struct way way = {
			.from_fd = host_fd,
			.to_fd = launch->net_fd,
			.to_ns_fd = ns_fd,
			.from_name = device->host_name,
			.to_name = device->container_name,
			.up = true,
		};

		if (move_device(&way, err))
			return err_where(err, "%s#%s", launch->plan->config_name, device->where);
		launch->net_devices_moved++;
	}
	return 0;
}

void net_devices_return(struct launch *launch)
{
	int ns_fd cleanup_fd = -EBADF, host_fd cleanup_fd = -EBADF;
	char line[1024];
	struct err err;

	if (launch->net_fd < 0)
		return;
	ns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	host_fd = ns_fd < 0 ? -EBADF : netlink_open(ns_fd);
	for (; host_fd >= 0 && launch->net_devices_moved > 0; launch->net_devices_moved--) {
		const struct oci_net_device *device =
			&launch->config->linux.net_devices[launch->net_devices_moved - 1];
		const struct way way = {
			.from_fd = launch->net_fd,
			.to_fd = host_fd,
			.to_ns_fd = ns_fd,
			.from_name = device->container_name,
			.to_name = device->host_name,
		};

		if (move_device(&way, &err) == 0)
			continue;
		err_format(&err, false, line, sizeof(line));
		engine_warn(launch->engine, "%s (it was to go back to the host)", line);
	}
	fd_close(&launch->net_fd);
}
