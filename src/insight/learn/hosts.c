// SPDX-License-Identifier: Apache-2.0
/*
 * learn/hosts: names that /etc/hosts of the workload has for an address that it connected to, when it has read that file:
 * nobody is asked for these, so that no question shows them. Reads below the root that the learner holds; what stands there
 * is data, and bounded.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "insight/learn/parts.h"
#include "kernel/rootfs.h"

#define SIZE_MAX_HOSTS 65536

static bool has_read(const struct learn *learn)
{
	for (const struct learn_fact *fact = learn->first; fact; fact = fact->next)
		if (fact->set == LEARN_FILE && fact->access & OBSERVE_READ && strcmp(fact->text, "/etc/hosts") == 0)
			return true;
	return false;
}

/* The file's text, as much as there is room for; false when it is no file. */
static bool read_hosts(const struct learn *learn, char *text, size_t size)
{
	const struct rootfs root = {.fd = learn->root_fd};
	int fd cleanup_fd = rootfs_open(&root, (struct root_path){"/etc/hosts"}, O_RDONLY | O_NONBLOCK | O_NOCTTY, false);
	struct stat st;
	ssize_t got;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	got = fd_read_full(fd, text, size - 1);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

static bool is_address(const char *text, const struct observe_sight *sight)
{
	unsigned char address[16];
	int family = sight->path_length == 4 ? AF_INET : AF_INET6;

	return inet_pton(family, text, address) == 1 && memcmp(address, sight->text, sight->path_length) == 0;
}

void hosts_take(struct learn *learn, const struct observe_sight *sight)
{
	char text[SIZE_MAX_HOSTS], *line, *lines = text;

	if ((sight->path_length != 4 && sight->path_length != 16) || learn->root_fd < 0 || !has_read(learn) ||
	    !read_hosts(learn, text, sizeof(text)))
		return;
	while ((line = strsep(&lines, "\n"))) {
		char *word, *rest = line;

		line[strcspn(line, "#")] = '\0';
		word = strsep(&rest, " \t");
		if (!word || !is_address(word, sight))
			continue;
		while ((word = strsep(&rest, " \t\r")))
			if (*word && !profile_rows[PROFILE_NAMES].fault(word))
				facts_put(learn, PROFILE_NAMES, word);
	}
}
