/* SPDX-License-Identifier: Apache-2.0 */
/* create, run: parse, call. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/types.h"
#include "cmd/bulkhead-oci/oci.h"

struct arguments {
	const char *bundle, *config, *pid_file, *console_socket, *pidfd_socket;
	bool no_pivot, no_new_keyring, detach, keep;
	uint64_t preserve_fds;
};

#define PRESERVE_FDS_MAX 1024

#define AT(member) offsetof(struct arguments, member)
#define COMMON_OPTIONS                                                                                                \
	{OPT_STRING, 'b', "bundle", "DIR", "directory with config.json; by default the current one", AT(bundle)},     \
	{OPT_STRING, 'f', "config", "FILE", "instead of config.json; relative to the bundle", AT(config)},            \
	{OPT_STRING, 0, "pid-file", "FILE", "write the pid of the container's process there", AT(pid_file)},          \
	{OPT_STRING, 0, "console-socket", "SOCKET", "send the container's terminal there", AT(console_socket)},       \
	{OPT_STRING, 0, "pidfd-socket", "SOCKET", "send a pidfd of the process there", AT(pidfd_socket)},             \
	{OPT_FLAG, 0, "no-pivot", NULL, "move the root instead of pivot_root (an initramfs)", AT(no_pivot)},          \
	{OPT_FLAG, 0, "no-new-keyring", NULL, "keep the caller's session keyring", AT(no_new_keyring)},               \
	{OPT_U64, 0, "preserve-fds", "N", "keep N more descriptors open, from 3 on", AT(preserve_fds)},               \
	{OPT_IGNORE_FLAG, 0, "no-subreaper", NULL, NULL, 0}

static const struct opt create_options[] = {
	COMMON_OPTIONS,
	{OPT_IGNORE_FLAG, 0, "detach", NULL, NULL, 0}, /* containerd says so: create always does */
	{.type = OPT_END},
};

static const struct opt run_options[] = {
	COMMON_OPTIONS,
	{OPT_FLAG, 'd', "detach", NULL, "do not wait for the container's end", AT(detach)},
	{OPT_FLAG, 0, "keep", NULL, "do not delete the container when it has ended", AT(keep)},
	{.type = OPT_END},
};

/*
 * Sockets as systemd passes them (sd_listen_fds(3)). Whom they are for is this process, or, as podman writes it through
 * conmon and as other runtimes take it, the container's pid 1 or no one named; else they are not ours.
 */
static int read_listen_fds(struct engine_create *request, struct err *err)
{
	const char *pid_text = getenv("LISTEN_PID"), *count_text = getenv("LISTEN_FDS");
	uint64_t pid = 1, count;
	struct err ignored;

	if (!count_text || (pid_text && cli_number("LISTEN_PID", pid_text, UINT32_MAX, &pid, &ignored)) ||
	    (pid != (uint64_t)getpid() && pid != 1))
		return 0;
	if (cli_number("LISTEN_FDS", count_text, PRESERVE_FDS_MAX, &count, err))
		return err_fix(err, "set it as sd_listen_fds(3) says, or unset it");
	request->listen_fds = (int)count;
	request->listen_names = getenv("LISTEN_FDNAMES");
	for (int fd = 3; pid != 1 && fd < 3 + (int)count; fd++) {
		int flags = fcntl(fd, F_GETFD);

		/* One that is closed on exec is this program's own: it took the number of one that is missing. */
		if (flags >= 0 && !(flags & FD_CLOEXEC))
			continue;
		err_set(err, ERR_USAGE, "descriptor %d is not open", fd);
		err_why(err, "LISTEN_FDS says that descriptors 3 to %d are passed", 2 + (int)count);
		return err_fix(err, "pass them, or unset LISTEN_FDS");
	}
	return 0;
}

static int make_request(const struct arguments *arguments, const char *id, struct engine_create *ret, struct err *err)
{
	if (arguments->preserve_fds > PRESERVE_FDS_MAX) {
		err_set(err, ERR_USAGE, "--preserve-fds %llu is too many", (unsigned long long)arguments->preserve_fds);
		return err_fix(err, "at most %d", PRESERVE_FDS_MAX);
	}
	*ret = (struct engine_create){
		.id = id,
		.bundle = arguments->bundle,
		.config_path = arguments->config,
		.pid_file = arguments->pid_file,
		.console_socket = arguments->console_socket && *arguments->console_socket ? arguments->console_socket
											  : NULL,
		.pidfd_socket = arguments->pidfd_socket,
		.no_pivot = arguments->no_pivot,
		.no_new_keyring = arguments->no_new_keyring,
		.preserve_fds = (int)arguments->preserve_fds,
	};
	return read_listen_fds(ret, err);
}

static int create(int argc, char **argv, void *context)
{
	struct arguments arguments = {0};
	struct engine_create request;
	struct oci *oci = context;
	struct err err = ERR_INIT;
	int operands, status = oci_parse(oci, &verb_create, argc, argv, &arguments, 1, 1, &operands);

	if (status == OCI_GO_ON)
		status = oci_protect(oci);
	if (status != OCI_GO_ON)
		return status;
	if (make_request(&arguments, argv[0], &request, &err) || engine_create(&oci->engine, &request, &err))
		return oci_fail(oci, &err);
	return CLI_OK;
}

static int run(int argc, char **argv, void *context)
{
	struct arguments arguments = {0};
	struct engine_run request = {0};
	struct oci *oci = context;
	struct err err = ERR_INIT;
	int operands, result, status = oci_parse(oci, &verb_run, argc, argv, &arguments, 1, 1, &operands);

	if (status == OCI_GO_ON)
		status = oci_protect(oci);
	if (status != OCI_GO_ON)
		return status;
	request.detach = arguments.detach;
	request.keep = arguments.keep;
	if (make_request(&arguments, argv[0], &request.create, &err))
		return oci_fail(oci, &err);
	request.create.relay = oci_relay(arguments.detach || request.create.console_socket);
	result = engine_run(&oci->engine, &request, &status, &err);
	return result ? oci_fail(oci, &err) : status;
}

const struct opt_verb verb_create = {
	.name = "create",
	.synopsis = "[options] CONTAINER",
	.summary = "Make a container from a bundle; `start` runs its program.",
	.examples = "  bulkhead-oci create --bundle /srv/web web1",
	.options = create_options,
	.mixed = true,
	.run = create,
};

const struct opt_verb verb_run = {
	.name = "run",
	.synopsis = "[options] CONTAINER",
	.summary = "Create and start in one, wait, and delete.",
	.examples = "  bulkhead-oci run --bundle /srv/web web1",
	.options = run_options,
	.mixed = true,
	.run = run,
};
