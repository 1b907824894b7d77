/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_files: which of the host's files a `host` sandbox shows. An allow-list: what is not named here is not there.
 * /home, /root, /run, /var, /tmp, /srv, /mnt and /opt stay empty, and no socket of an agent, bus or engine is reachable.
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/directory.h"
#include "people/sandbox/parts.h"

/* Top-level names that are links into /usr on a merged-/usr system, and directories of their own elsewhere. */
static const char *const merged_names[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

/* Files and directories of /etc that hold no secret and that programs look for. */
static const char *const etc_names[] = {
	"alternatives", "bash.bashrc",	   "ca-certificates", "ca-certificates.conf",
	"debian_version", "default/locale", "environment",     "ethertypes",
	"fonts",	"gai.conf",	   "host.conf",	      "hosts",
	"inputrc",	"ld.so.cache",	   "ld.so.conf",      "ld.so.conf.d",
	"locale.alias", "locale.conf",	   "localtime",	      "magic",
	"magic.mime",	"mime.types",	   "nanorc",	      "networks",
	"nsswitch.conf", "os-release",	   "pam.conf",	      "perl",
	"profile",	"protocols",	   "python3",	      "resolv.conf",
	"rpc",		"services",	   "shells",	      "ssl/certs",
	"ssl/openssl.cnf", "terminfo",	   "timezone",	      "vim",
	"passwd",	"group",
};

/* Those that have a version in their name. */
static const char *const etc_patterns[] = {"ImageMagick-*", "java-*-openjdk", "python3.*"};

static const char *const bind_read_only[] = {"rbind", "rro", "rnosuid", "rnodev", "rprivate", NULL};

static bool host_has(const char *path)
{
	return access(path, F_OK) == 0;
}

static int write_merged(struct json_writer *writer, struct arena *arena, struct key_values *ret_links)
{
	struct key_value *links = arena_calloc(arena, ARRAY_SIZE(merged_names), sizeof(*links));

	if (!links)
		return ERR;
	for (size_t i = 0; i < ARRAY_SIZE(merged_names); i++) {
		const char *path = arena_printf(arena, "/%s", merged_names[i]);
		char target[64];
		struct stat info;
		ssize_t length;

		if (!path)
			return ERR;
		if (lstat(path, &info) < 0)
			continue;
		if (!S_ISLNK(info.st_mode)) {
			sandbox_write_mount(writer, path, "bind", path, bind_read_only);
			continue;
		}
		length = readlink(path, target, sizeof(target));
		if (length <= 0 || (size_t)length >= sizeof(target))
			continue;
		links[ret_links->count].key = merged_names[i];
		links[ret_links->count].value = arena_strndup(arena, target, (size_t)length);
		if (!links[ret_links->count].value)
			return ERR;
		ret_links->count++;
	}
	ret_links->items = links;
	return 0;
}

static bool has_version(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(etc_patterns); i++)
		if (fnmatch(etc_patterns[i], name, 0) == 0)
			return true;
	return false;
}

static int write_versions(struct json_writer *writer, struct arena *arena)
{
	int fd cleanup_fd = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct directory directory = {.fd = fd};
	const char *name;

	while (fd >= 0 && directory_next(&directory, &name) == 0 && name) {
		const char *path = has_version(name) ? arena_printf(arena, "/etc/%s", name) : "";

		if (!path)
			return ERR;
		if (*path)
			sandbox_write_mount(writer, path, "bind", path, bind_read_only);
	}
	return 0;
}

int sandbox_write_host_mounts(struct json_writer *writer, struct arena *arena, struct key_values *ret_links,
			      struct err *err)
{
	*ret_links = (struct key_values){0};
	sandbox_write_mount(writer, "/usr", "bind", "/usr", bind_read_only);
	if (write_merged(writer, arena, ret_links) < 0)
		return err_set(err, ERR_INTERNAL, "out of memory while listing the host's directories");
	for (size_t i = 0; i < ARRAY_SIZE(etc_names); i++) {
		const char *path = arena_printf(arena, "/etc/%s", etc_names[i]);

		if (!path)
			return err_set(err, ERR_INTERNAL, "out of memory while listing /etc");
		if (host_has(path))
			sandbox_write_mount(writer, path, "bind", path, bind_read_only);
	}
	if (write_versions(writer, arena))
		return err_set(err, ERR_INTERNAL, "out of memory while listing /etc");
	return 0;
}
