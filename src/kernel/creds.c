/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/creds: see creds.h. Runs in the child, which has one thread. */
#include "kernel/creds.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/call.h"
#include "kernel/procfs.h"

_Static_assert(sizeof(struct container_id) == sizeof(gid_t), "setgroups takes the array as it stands");

int creds_set_groups(const struct container_id *groups, size_t count)
{
	return kernel_result(syscall(SYS_setgroups, count, groups));
}

int creds_set_ids(struct container_id uid, struct container_id gid)
{
	int result = kernel_result(syscall(SYS_setresgid, gid.value, gid.value, gid.value));

	return result < 0 ? result : kernel_result(syscall(SYS_setresuid, uid.value, uid.value, uid.value));
}

int creds_keep_capabilities(bool keep)
{
	return kernel_result(prctl(PR_SET_KEEPCAPS, keep ? 1UL : 0UL, 0, 0, 0));
}

int creds_get_capabilities(struct creds_capabilities *ret)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int result = kernel_result(syscall(SYS_capget, &header, data));

	if (result < 0)
		return result;
	*ret = (struct creds_capabilities){
		.effective = data[0].effective | (uint64_t)data[1].effective << 32,
		.permitted = data[0].permitted | (uint64_t)data[1].permitted << 32,
		.inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32,
	};
	return 0;
}

int creds_set_capabilities(const struct creds_capabilities *capabilities)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{
			.effective = (uint32_t)capabilities->effective,
			.permitted = (uint32_t)capabilities->permitted,
			.inheritable = (uint32_t)capabilities->inheritable,
		},
		{
			.effective = (uint32_t)(capabilities->effective >> 32),
			.permitted = (uint32_t)(capabilities->permitted >> 32),
			.inheritable = (uint32_t)(capabilities->inheritable >> 32),
		},
	};

	return kernel_result(syscall(SYS_capset, &header, data));
}

int creds_bounding_drop(unsigned int capability)
{
	return kernel_result(prctl(PR_CAPBSET_DROP, (unsigned long)capability, 0, 0, 0));
}

int creds_bounding_has(unsigned int capability)
{
	return kernel_result(prctl(PR_CAPBSET_READ, (unsigned long)capability, 0, 0, 0));
}

int creds_ambient_clear(void)
{
	return kernel_result(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
}

int creds_ambient_raise(unsigned int capability)
{
	return kernel_result(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, (unsigned long)capability, 0, 0));
}

int creds_set_no_new_privs(void)
{
	return kernel_result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

int creds_get_groups(struct container_id *ret_groups, size_t max)
{
	int count = kernel_result(syscall(SYS_getgroups, 0, NULL));

	if (count <= 0 || (size_t)count > max)
		return count;
	return kernel_result(syscall(SYS_getgroups, count, ret_groups));
}

int creds_get_securebits(void)
{
	return kernel_result(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
}

/* The next number of *text in base 10 or 16, after blanks; false when there is none or it does not fit. */
static bool take_number(const char **text, unsigned int base, uint64_t *ret)
{
	const char *at = *text;
	uint64_t value = 0;
	bool any = false;

	while (*at == ' ' || *at == '\t')
		at++;
	for (;; at++, any = true) {
		unsigned int digit;

		if (*at >= '0' && *at <= '9')
			digit = (unsigned int)(*at - '0');
		else if (base == 16 && *at >= 'a' && *at <= 'f')
			digit = (unsigned int)(*at - 'a') + 10;
		else
			break;
		if (value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	*ret = value;
	*text = at;
	return any;
}

/* One line of /proc/PID/status that is looked for. */
struct status_line {
	const char *key;
	unsigned int base, count;
	uint64_t values[4];
	bool seen;
};
enum {
	LINE_UID,
	LINE_GID,
	LINE_INHERITABLE,
	LINE_PERMITTED,
	LINE_EFFECTIVE,
	LINE_BOUNDING,
	LINE_AMBIENT,
	LINE_NO_NEW_PRIVS,
	LINE_SECCOMP,
	LINE_COUNT
};

static int parse_status_line(const char *text, struct status_line *lines)
{
	for (size_t i = 0; i < LINE_COUNT; i++) {
		size_t length = strlen(lines[i].key);
		const char *at = text + length;

		if (strncmp(text, lines[i].key, length) != 0)
			continue;
		for (unsigned int n = 0; n < lines[i].count; n++)
			if (!take_number(&at, lines[i].base, &lines[i].values[n]))
				return -EPROTO;
		lines[i].seen = true;
	}
	return 0;
}

/* The Groups line can be very long, so the file is read piece by piece; of each line only the beginning counts. */
static int parse_status(int fd, struct status_line *lines)
{
	char piece[2048], line[160];
	size_t length = 0;

	for (;;) {
		ssize_t got = read(fd, piece, sizeof(piece));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		for (ssize_t i = 0; i < got; i++) {
			int result;

			if (piece[i] != '\n') {
				if (length < sizeof(line) - 1)
					line[length++] = piece[i];
				continue;
			}
			line[length] = '\0';
			length = 0;
			result = parse_status_line(line, lines);
			if (result < 0)
				return result;
		}
	}
}

int creds_open_status(int proc_fd)
{
	struct procfs procfs;
	int result = procfs_adopt(proc_fd, &procfs);

	return result < 0 ? result : procfs_open(&procfs, "self/status", O_RDONLY);
}

int creds_read_status(int proc_fd, struct creds_status *ret)
{
	cleanup_fd int status_fd = creds_open_status(proc_fd);

	return status_fd < 0 ? status_fd : creds_read_open_status(status_fd, ret);
}

int creds_read_open_status(int status_fd, struct creds_status *ret)
{
	struct status_line lines[LINE_COUNT] = {
		[LINE_UID] = {.key = "Uid:", .base = 10, .count = 4},
		[LINE_GID] = {.key = "Gid:", .base = 10, .count = 4},
		[LINE_INHERITABLE] = {.key = "CapInh:", .base = 16, .count = 1},
		[LINE_PERMITTED] = {.key = "CapPrm:", .base = 16, .count = 1},
		[LINE_EFFECTIVE] = {.key = "CapEff:", .base = 16, .count = 1},
		[LINE_BOUNDING] = {.key = "CapBnd:", .base = 16, .count = 1},
		[LINE_AMBIENT] = {.key = "CapAmb:", .base = 16, .count = 1},
		[LINE_NO_NEW_PRIVS] = {.key = "NoNewPrivs:", .base = 10, .count = 1},
		[LINE_SECCOMP] = {.key = "Seccomp:", .base = 10, .count = 1},
	};
	int result = parse_status(status_fd, lines);

	if (result < 0)
		return result;
	for (size_t i = 0; i < LINE_COUNT; i++)
		if (!lines[i].seen)
			return -EPROTO;
	for (size_t i = 0; i < 4; i++) {
		ret->uid[i] = (uint32_t)lines[LINE_UID].values[i];
		ret->gid[i] = (uint32_t)lines[LINE_GID].values[i];
	}
	ret->inheritable = lines[LINE_INHERITABLE].values[0];
	ret->permitted = lines[LINE_PERMITTED].values[0];
	ret->effective = lines[LINE_EFFECTIVE].values[0];
	ret->bounding = lines[LINE_BOUNDING].values[0];
	ret->ambient = lines[LINE_AMBIENT].values[0];
	ret->no_new_privs = lines[LINE_NO_NEW_PRIVS].values[0] != 0;
	ret->seccomp = (uint32_t)lines[LINE_SECCOMP].values[0];
	return 0;
}
