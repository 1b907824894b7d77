/* SPDX-License-Identifier: Apache-2.0 */
/* helper: whether the programs outside this binary are installed. Runs none of them. */
#include "core/host/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool helper_present(enum helper_id id)
{
	return faccessat(AT_FDCWD, helpers[id].path, X_OK, AT_EACCESS) == 0;
}

/* The file that this program was called by, as the shell has found it. NULL, or to be freed. */
static char *called_file(void)
{
	const char *name = program_invocation_name, *list = getenv("PATH") ?: "";
	char path[PATH_MAX];

	if (strchr(name, '/'))
		return realpath(name, NULL);
	for (size_t length; *list; list += length + (list[length] == ':')) {
		length = strcspn(list, ":");
		if (snprintf(path, sizeof(path), "%.*s/%s", (int)length, list, name) < (int)sizeof(path) && length &&
		    access(path, X_OK) == 0)
			return realpath(path, NULL);
	}
	return NULL;
}

/* Whoever can write beside this program can exchange the program as well. A sealed copy in memory stands nowhere: then the
 * name counts that it was called by. */
const char *helper_find(enum helper_id id, char *buf, size_t size)
{
	const char *installed = helpers[id].path, *name = strrchr(installed, '/');
	ssize_t length = readlink("/proc/self/exe", buf, size - 1);
	struct stat own, other;
	char *slash, *real = NULL;

	if (length <= 0)
		return installed;
	buf[length] = '\0';
	if (strncmp(buf, "/memfd:", 7) == 0) {
		real = called_file();
		snprintf(buf, size, "%s", real ?: "");
		free(real);
	}
	slash = strrchr(buf, '/');
	if (!slash || (size_t)(slash - buf) + strlen(name) >= size || stat(buf, &own) < 0)
		return installed;
	strcpy(slash, name);
	if (stat(buf, &other) < 0 || other.st_uid != own.st_uid || other.st_mode & S_IWOTH)
		return installed;
	return buf;
}
