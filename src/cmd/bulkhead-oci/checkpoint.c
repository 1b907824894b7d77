/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint, restore: parse, call. */
#include <errno.h>

#include "base/types.h"
#include "cmd/bulkhead-oci/oci.h"

#define NAMESPACES_MAX 8

struct arguments {
	const char *bundle, *pid_file, *console_socket;
	bool no_pivot, detach;
	struct engine_criu criu;
	struct opt_list empty_ns;
	uint64_t status_fd;
};

#define AT(member) offsetof(struct arguments, member)
#define COMMON_OPTIONS                                                                                                    \
	{OPT_STRING, 0, "image-path", "DIR", "the files of the checkpoint; by default ./checkpoint", AT(criu.image_path)}, \
	{OPT_STRING, 0, "work-path", "DIR", "criu's log and other files", AT(criu.work_path)},                            \
	{OPT_FLAG, 0, "tcp-established", NULL, "with open TCP connections", AT(criu.tcp_established)},                    \
	{OPT_FLAG, 0, "tcp-skip-in-flight", NULL, "without TCP connections that are being made", AT(criu.skip_in_flight)}, \
	{OPT_FLAG, 0, "ext-unix-sk", NULL, "with sockets whose other end is outside", AT(criu.ext_unix_sk)},              \
	{OPT_FLAG, 0, "shell-job", NULL, "with a session that began outside", AT(criu.shell_job)},                        \
	{OPT_FLAG, 0, "file-locks", NULL, "with file locks", AT(criu.file_locks)},                                        \
	{OPT_FLAG, 0, "lazy-pages", NULL, "memory on demand (criu lazy-pages)", AT(criu.lazy_pages)},                     \
	{OPT_FLAG, 0, "link-remap", NULL, "with files that were deleted", AT(criu.link_remap)},                           \
	{OPT_FLAG, 0, "auto-dedup", NULL, "take from parent images what is the same", AT(criu.auto_dedup)},               \
	{OPT_STRING, 0, "manage-cgroups-mode", "MODE", "what criu does with cgroups; by default ignore",                  \
	 AT(criu.manage_cgroups)},                                                                                        \
	{OPT_LIST, 0, "empty-ns", "NAMESPACE", "leave it empty: network", AT(empty_ns)},                                  \
	{OPT_U64, 0, "status-fd", "FD", "criu writes there when it is ready", AT(status_fd)}

static const struct opt checkpoint_options[] = {
	COMMON_OPTIONS,
	{OPT_FLAG, 0, "leave-running", NULL, "the container goes on", AT(criu.leave_running)},
	{OPT_FLAG, 0, "pre-dump", NULL, "memory alone, before a checkpoint; the container goes on", AT(criu.pre_dump)},
	{OPT_STRING, 0, "parent-path", "DIR", "an earlier checkpoint, relative to --image-path", AT(criu.parent_path)},
	{OPT_STRING, 0, "page-server", "ADDRESS:PORT", "send memory there", AT(criu.page_server)},
	{.type = OPT_END},
};

static const struct opt restore_options[] = {
	COMMON_OPTIONS,
	{OPT_STRING, 'b', "bundle", "DIR", "directory with config.json; by default the current one", AT(bundle)},
	{OPT_STRING, 0, "pid-file", "FILE", "write the pid of the container's process there", AT(pid_file)},
	{OPT_STRING, 0, "console-socket", "SOCKET", "refused: criu's command line takes no terminal", AT(console_socket)},
	{OPT_FLAG, 'd', "detach", NULL, "do not wait for the container's end", AT(detach)},
	{OPT_STRING, 0, "lsm-profile", "TYPE:NAME", "apparmor or selinux, instead of the saved one", AT(criu.lsm_profile)},
	{OPT_STRING, 0, "lsm-mount-context", "CONTEXT", "of mounts, instead of the saved one", AT(criu.lsm_mount_context)},
	{OPT_STRING, 0, "parent-path", "DIR", "without effect: the image itself says where its parent is",
	 AT(criu.parent_path)},
	{OPT_FLAG, 0, "no-pivot", NULL, "without effect: criu changes the root", AT(no_pivot)},
	{OPT_IGNORE_FLAG, 0, "no-subreaper", NULL, NULL, 0},
	{.type = OPT_END},
};

static void finish_arguments(struct arguments *arguments)
{
	arguments->criu.empty_ns = (struct strings){arguments->empty_ns.items, arguments->empty_ns.count};
	/* 0, 1 and 2 are the container's. */
	arguments->criu.status_fd = arguments->status_fd > 2 && arguments->status_fd <= INT32_MAX
					    ? (int)arguments->status_fd
					    : -EBADF;
}

static int checkpoint(int argc, char **argv, void *context)
{
	static const char *namespaces[NAMESPACES_MAX];
	struct arguments arguments = {.empty_ns = {.items = namespaces, .capacity = NAMESPACES_MAX}};
	struct oci *oci = context;
	struct err err = ERR_INIT;
	int operands, status = oci_parse(oci, &verb_checkpoint, argc, argv, &arguments, 1, 1, &operands);

	if (status != OCI_GO_ON)
		return status;
	finish_arguments(&arguments);
	return oci_result(oci, engine_checkpoint(&oci->engine, argv[0], &arguments.criu, &err), &err);
}

static int restore(int argc, char **argv, void *context)
{
	static const char *namespaces[NAMESPACES_MAX];
	struct arguments arguments = {.empty_ns = {.items = namespaces, .capacity = NAMESPACES_MAX}};
	struct engine_run request = {0};
	struct oci *oci = context;
	struct err err = ERR_INIT;
	int exit_status = 0, operands;
	int status = oci_parse(oci, &verb_restore, argc, argv, &arguments, 1, 1, &operands);

	if (status == OCI_GO_ON)
		status = oci_protect(oci);
	if (status != OCI_GO_ON)
		return status;
	finish_arguments(&arguments);
	request.create = (struct engine_create){
		.id = argv[0],
		.bundle = arguments.bundle,
		.pid_file = arguments.pid_file,
	};
	request.detach = arguments.detach;
	if (engine_restore(&oci->engine, &request, &arguments.criu, &exit_status, &err))
		return oci_fail(oci, &err);
	return exit_status;
}

const struct opt_verb verb_checkpoint = {
	.name = "checkpoint",
	.synopsis = "[options] CONTAINER",
	.summary = "Save a running container as files, by criu.",
	.examples = "  bulkhead-oci checkpoint --image-path /var/tmp/web1 web1\n",
	.options = checkpoint_options,
	.mixed = true,
	.run = checkpoint,
};

const struct opt_verb verb_restore = {
	.name = "restore",
	.synopsis = "[options] CONTAINER",
	.summary = "Bring a container back from the files of a checkpoint, by criu.",
	.examples = "  bulkhead-oci restore --image-path /var/tmp/web1 --bundle BUNDLE --detach web1\n",
	.options = restore_options,
	.mixed = true,
	.run = restore,
};
