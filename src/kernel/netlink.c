/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/netlink: see netlink.h. Each request waits for its acknowledgement, so that messages never mix. */
#include "kernel/netlink.h"

#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/call.h"
#include "kernel/namespace.h"

/* Larger than any message of ours, and than the answers to them. */
#define REQUEST_SIZE 512
#define ANSWER_SIZE  32768
/* All addresses of a device that may be kept, which change their namespace with it: the rest is made by the kernel. */
#define FLAGS_KEPT (IFA_F_NODAD | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN)

union request {
	struct nlmsghdr header;
	char bytes[REQUEST_SIZE];
};

int netlink_open(int net_ns_fd)
{
	cleanup_fd int own_fd = kernel_result(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	cleanup_fd int fd = -EBADF;
	int result;

	if (own_fd < 0)
		return own_fd;
	result = namespace_join(net_ns_fd, CLONE_NEWNET);
	if (result < 0)
		return result;
	fd = kernel_result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
	result = namespace_join(own_fd, CLONE_NEWNET);
	if (result < 0)
		return result;
	return fd < 0 ? fd : fd_take(&fd);
}

static void *begin(union request *request, uint16_t type, uint16_t flags, size_t size)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = NLM_F_REQUEST | flags;
	request->header.nlmsg_len = NLMSG_LENGTH((uint32_t)size);
	return NLMSG_DATA(&request->header);
}

static void add_attribute(union request *request, uint16_t type, const void *data, size_t size)
{
	struct rtattr *attribute = (struct rtattr *)(request->bytes + NLMSG_ALIGN(request->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), data, size);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + (uint32_t)RTA_ALIGN(attribute->rta_len);
}

/* Send, and visit what comes until the answer is complete. */
static int talk(int fd, union request *request, int (*visit)(const struct nlmsghdr *, void *), void *context)
{
	static char answer[ANSWER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	static uint32_t sequence;
	int visited = 0;

	request->header.nlmsg_seq = ++sequence;
	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t got = recv(fd, answer, sizeof(answer), 0);
		unsigned int left = got > 0 ? (unsigned int)got : 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EPROTO;
		for (const struct nlmsghdr *message = (const struct nlmsghdr *)answer; NLMSG_OK(message, left);
		     message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_seq != sequence)
				continue;
			if (message->nlmsg_type == NLMSG_ERROR) {
				int error = ((const struct nlmsgerr *)NLMSG_DATA(message))->error;

				return error ? error : visited;
			}
			if (message->nlmsg_type == NLMSG_DONE)
				return visited;
			/* The answer is read to its end whatever the visitor says. */
			if (visit && visited == 0)
				visited = visit(message, context);
		}
	}
}

static int visit_link(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	struct netlink_link *link = context;

	if (message->nlmsg_type == RTM_NEWLINK)
		*link = (struct netlink_link){.index = info->ifi_index, .up = info->ifi_flags & IFF_UP};
	return 0;
}

int netlink_link_find(int fd, const char *name, struct netlink_link *ret_link)
{
	struct netlink_link link = {0};
	union request request;
	int result;

	if (strlen(name) >= IFNAMSIZ)
		return -ENODEV;
	begin(&request, RTM_GETLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	add_attribute(&request, IFLA_IFNAME, name, strlen(name) + 1);
	result = talk(fd, &request, visit_link, &link);
	if (result < 0)
		return result;
	if (link.index <= 0)
		return -ENODEV;
	*ret_link = link;
	return 0;
}

int netlink_link_set_up(int fd, int index, bool up)
{
	union request request;
	struct ifinfomsg *info = begin(&request, RTM_NEWLINK, NLM_F_ACK, sizeof(*info));

	info->ifi_index = index;
	info->ifi_change = IFF_UP;
	info->ifi_flags = up ? IFF_UP : 0;
	return talk(fd, &request, NULL, NULL);
}

int netlink_link_move(int fd, int index, int net_ns_fd, const char *name)
{
	union request request;
	struct ifinfomsg *info = begin(&request, RTM_NEWLINK, NLM_F_ACK, sizeof(*info));
	uint32_t target = (uint32_t)net_ns_fd;

	if (strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	info->ifi_index = index;
	add_attribute(&request, IFLA_NET_NS_FD, &target, sizeof(target));
	add_attribute(&request, IFLA_IFNAME, name, strlen(name) + 1);
	return talk(fd, &request, NULL, NULL);
}

struct address_list {
	int index;
	struct netlink_address *items;
	size_t count, capacity;
};

static bool take_bytes(const struct rtattr *attribute, uint8_t *to, uint8_t *size)
{
	*size = RTA_PAYLOAD(attribute) == 4 ? 4 : 16;
	if (RTA_PAYLOAD(attribute) != *size)
		return false;
	memcpy(to, RTA_DATA(attribute), *size);
	return true;
}

static int visit_address(const struct nlmsghdr *message, void *context)
{
	struct address_list *list = context;
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	struct netlink_address address = {.flags = info->ifa_flags};
	unsigned int left = IFA_PAYLOAD(message);
	bool has_address = false;

	if (message->nlmsg_type != RTM_NEWADDR || (int)info->ifa_index != list->index ||
	    info->ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	for (const struct rtattr *attribute = IFA_RTA(info); RTA_OK(attribute, left);
	     attribute = RTA_NEXT(attribute, left)) {
		if (attribute->rta_type == IFA_ADDRESS)
			has_address = take_bytes(attribute, address.address, &address.size);
		else if (attribute->rta_type == IFA_LOCAL)
			address.has_local = take_bytes(attribute, address.local, &address.size);
		else if (attribute->rta_type == IFA_BROADCAST)
			address.has_broadcast = take_bytes(attribute, address.broadcast, &address.size);
		else if (attribute->rta_type == IFA_FLAGS && RTA_PAYLOAD(attribute) == sizeof(address.flags))
			memcpy(&address.flags, RTA_DATA(attribute), sizeof(address.flags));
	}
	if (!has_address || !(address.flags & IFA_F_PERMANENT))
		return 0;
	if (list->count == list->capacity)
		return -E2BIG;
	address.family = info->ifa_family;
	address.prefix_length = info->ifa_prefixlen;
	address.scope = info->ifa_scope;
	list->items[list->count++] = address;
	return 0;
}

int netlink_addresses(int fd, int index, struct netlink_address *ret_addresses, size_t capacity)
{
	struct address_list list = {.index = index, .items = ret_addresses, .capacity = capacity};
	union request request;
	int result;

	begin(&request, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
	result = talk(fd, &request, visit_address, &list);
	return result < 0 ? result : (int)list.count;
}

int netlink_address_add(int fd, int index, const struct netlink_address *address)
{
	union request request;
	struct ifaddrmsg *info = begin(&request, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, sizeof(*info));
	uint32_t flags = address->flags & FLAGS_KEPT;

	info->ifa_family = address->family;
	info->ifa_prefixlen = address->prefix_length;
	info->ifa_scope = address->scope;
	info->ifa_index = (uint32_t)index;
	add_attribute(&request, IFA_ADDRESS, address->address, address->size);
	if (address->has_local)
		add_attribute(&request, IFA_LOCAL, address->local, address->size);
	if (address->has_broadcast)
		add_attribute(&request, IFA_BROADCAST, address->broadcast, address->size);
	add_attribute(&request, IFA_FLAGS, &flags, sizeof(flags));
	return talk(fd, &request, NULL, NULL);
}
