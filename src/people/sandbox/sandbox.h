/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: what `bulkhead run` means: a source of files, a command and a few wishes become an OCI config with the
 * defaults of ours. The config goes the same way as an engine's does: read, planned, applied.
 *
 * Runs in the caller's process, before any power is used; reads the host (which of the allow-listed paths exist, id
 * ranges, memory) and writes nothing.
 */
#ifndef BULKHEAD_PEOPLE_SANDBOX_SANDBOX_H
#define BULKHEAD_PEOPLE_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/types.h"
#include "core/plan/plan.h"

enum sandbox_source_kind {
	SANDBOX_HOST,	   /* an allow-list of the host's own files on an empty root */
	SANDBOX_DIRECTORY, /* a root directory */
	SANDBOX_ARCHIVE,   /* an archive, unpacked on an empty root */
};

#define SANDBOX_SHM_SIZE ((uint64_t)64 << 20)
#define SANDBOX_PIDS	 1024
#define SANDBOX_HOSTNAME_MAX 64 /* of the kernel */

enum sandbox_net { SANDBOX_NET_NONE, SANDBOX_NET_HOST };
/* The root: LAYER: what is written is thrown away at the end; KEEP: it is written to the directory itself. */
enum sandbox_writable { SANDBOX_READ_ONLY, SANDBOX_WRITABLE_LAYER, SANDBOX_WRITABLE_KEEP };
enum sandbox_cwd { SANDBOX_CWD_HIDDEN, SANDBOX_CWD_READ_ONLY, SANDBOX_CWD_WRITABLE };

struct sandbox_bind {
	const char *source, *target; /* absolute */
	bool read_only;
	bool idmap;	    /* owners are shown as the container's ids */
	const char *option; /* "--volume /a:/b", for messages */
};

struct sandbox_tmpfs {
	const char *target; /* absolute */
	struct strings options; /* of mount(8) and tmpfs(5), checked */
	const char *option;	/* "--tmpfs /b" */
};

struct sandbox_device {
	const char *source, *target; /* absolute */
	const char *access;	     /* "rwm" or less */
	bool block;
	uint32_t major, minor;
	const char *option; /* "--device /dev/a" */
};

struct sandbox_ulimit {
	const char *type; /* "RLIMIT_NOFILE" */
	uint64_t soft, hard;
};

/* --mount is one of two. */
struct sandbox_mount {
	bool is_tmpfs;
	struct sandbox_bind bind;
	struct sandbox_tmpfs tmpfs;
};

struct sandbox {
	enum sandbox_source_kind kind;
	const char *directory; /* SANDBOX_DIRECTORY: absolute */
	struct plan_archive archive; /* SANDBOX_ARCHIVE: open */
	const char *id;
	const char *const *command; /* NULL-terminated, at least one */
	const char *const *env;	    /* "NAME=value" additions */
	size_t env_count;
	const struct sandbox_bind *binds;
	size_t binds_count;
	const struct sandbox_tmpfs *tmpfs;
	size_t tmpfs_count;
	const struct sandbox_device *devices;
	size_t devices_count;
	const struct sandbox_ulimit *ulimits;
	size_t ulimits_count;
	const char *workdir;  /* NULL: "/" or the shown current directory */
	const char *hostname; /* NULL: the id */
	bool user_set;
	struct container_id uid, gid;
	bool host_ids;		  /* --userns=none: the ids are the host's own */
	bool new_privs;		  /* no_new_privs is off */
	bool seccomp_unconfined;  /* no filter */
	bool spell_filter;	  /* the default filter is written into the config, for people to read */
	const char *seccomp;	  /* an object in the form of linux.seccomp instead of the default; NULL without */
	const char *apparmor, *selinux; /* label of the process; NULL: none is asked for */
	uint64_t capabilities; /* --cap-add */
	uint64_t memory;       /* bytes; 0: half of the machine's */
	uint64_t pids;	       /* 0: 1024 */
	uint64_t shm_size;     /* 0: SANDBOX_SHM_SIZE */
	double cpus;	       /* 0: no limit */
	enum sandbox_net net;
	enum sandbox_cwd cwd;
	bool terminal; /* the command gets one */
	enum sandbox_writable writable;
	bool limits_asked; /* the caller chose a limit: going without one is an error, not a warning */
};

/* A root that is empty at first: what must be known beside the config to build it. */
struct sandbox_result {
	struct buf config;	       /* config.json; the caller frees it */
	const struct filter_program *filter; /* NULL: what the config says */
	bool empty_root;	       /* the root is a new tmpfs: all but SANDBOX_DIRECTORY */
	struct key_values root_links;  /* symlinks on it: "bin" → "usr/bin" */
	struct strings root_directories; /* empty directories on it */
	const char *rootfs;	       /* NULL with empty_root */
	struct strings wishes;	       /* which option asked for each of the config's last mounts, in their order */
};

/*
 * "host", "dir:PATH", "tar:PATH", a word that ends in .tar, .tar.gz or .tar.zst, or a word with a slash.
 * Relative paths are taken from the current directory. A bare word is an image reference, which this version cannot run:
 * ERR_UNSUPPORTED that says how to name a directory.
 */
/* An archive is opened, and the program that unpacks it. */
int sandbox_parse_source(struct arena *arena, const char *source, struct sandbox *sandbox, struct err *err);
/* "/a:/b", "/a:/b:ro,idmap" */
int sandbox_parse_bind(struct arena *arena, const char *text, struct sandbox_bind *ret_bind, struct err *err);
/* "type=bind,source=/a,target=/b,readonly", "type=tmpfs,target=/b,tmpfs-size=64m": as in Docker. */
int sandbox_parse_mount(struct arena *arena, const char *text, struct sandbox_mount *ret_mount, struct err *err);
/* "/b", "/b:size=64m,noexec" */
int sandbox_parse_tmpfs(struct arena *arena, const char *text, struct sandbox_tmpfs *ret_tmpfs, struct err *err);
/* "/dev/a", "/dev/a:/dev/b", "/dev/a:/dev/b:r". Looks at the node. host_ids: who will be its user. Errors: ERR_USAGE also
 * when the sandbox's user could not open it. */
int sandbox_parse_device(struct arena *arena, const char *text, const struct sandbox *sandbox,
			 struct sandbox_device *ret_device, struct err *err);
/* "nofile=1024", "nofile=1024:4096"; -1 is no limit. */
int sandbox_parse_ulimit(struct arena *arena, const char *text, struct sandbox_ulimit *ret_ulimit, struct err *err);
/*
 * "UID", "UID:GID", "NAME", "NAME:GROUP": uid and gid of the sandbox. A number is never looked up as a name (threats D7).
 * Names are found in /etc/passwd and /etc/group of the source, which are read within its root. Needs a parsed source.
 */
int sandbox_parse_user(struct arena *arena, const char *text, struct sandbox *sandbox, struct err *err);
/* The same for any root. root_fd: negative, and names cannot be found. host_ids: a number alone has the group 0. */
int sandbox_find_user(struct arena *arena, const char *text, int root_fd, bool host_ids, struct container_id *ret_uid,
		      struct container_id *ret_gid, struct err *err);
/* "512m", "2g", "1048576": bytes. */
int sandbox_parse_size(const char *text, uint64_t *ret_bytes, struct err *err);

/* The default filter, an object in the form of linux.seccomp: deny by default. Calls of the table that are not allowed
 * give EPERM; newer ones ENOSYS. capabilities: those given with --cap-add. */
void sandbox_write_seccomp(struct json_writer *writer, uint64_t capabilities);
/* The same without capabilities, compiled. It has no rule_of. */
const struct filter_program *sandbox_default_filter(void);

/* What the defaults do with a file of procfs or sysfs. sysfs is mounted read-only as a whole. */
enum sandbox_path { SANDBOX_PATH_OPEN, SANDBOX_PATH_READ_ONLY, SANDBOX_PATH_MASKED };
enum sandbox_path sandbox_path_standing(const char *path);

/* Write the config. Strings of the result live in arena. */
int sandbox_configure(struct arena *arena, const struct sandbox *sandbox, struct sandbox_result *ret_result,
		      struct err *err);

#endif
