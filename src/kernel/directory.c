/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/directory: see directory.h. Runs in the child. */
#include "kernel/directory.h"

#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/call.h"

/* As getdents64(2) writes it. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

int directory_next(struct directory *directory, const char **ret_name)
{
	for (;;) {
		const struct entry *entry;

		if (directory->at >= directory->length) {
			int length = kernel_result(
				syscall(SYS_getdents64, directory->fd, directory->entries, sizeof(directory->entries)));

			if (length < 0)
				return length;
			directory->at = 0;
			directory->length = (size_t)length;
			if (length == 0) {
				*ret_name = NULL;
				return 0;
			}
		}
		entry = (const struct entry *)(directory->entries + directory->at);
		directory->at += entry->size;
		if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0) {
			*ret_name = entry->name;
			return 0;
		}
	}
}
