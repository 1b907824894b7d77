/* SPDX-License-Identifier: Apache-2.0 */
/* spec: write a config.json to begin with. An existing one is not overwritten. */
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/bulkhead-oci/oci.h"

struct arguments {
	const char *bundle;
	bool rootless;
};

static const struct opt options[] = {
	{OPT_STRING, 'b', "bundle", "DIR", "where to write it; by default here", offsetof(struct arguments, bundle)},
	{OPT_FLAG, 0, "rootless", NULL, "with a user namespace that maps your own ids",
	 offsetof(struct arguments, rootless)},
	{.type = OPT_END},
};

static int write_config(const char *bundle, const struct buf *text, struct err *err)
{
	int dir_fd cleanup_fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC), fd cleanup_fd = -EBADF;
	int result;

	if (dir_fd < 0) {
		err_sys(err, errno, "openat", "cannot open the bundle %s", bundle);
		return err_fix(err, "make the directory first, or choose another --bundle");
	}
	fd = openat(dir_fd, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST) {
		err_set(err, ERR_USAGE, "config.json exists already in %s", bundle);
		return err_fix(err, "remove it first, or choose another --bundle");
	}
	if (fd < 0)
		return err_sys(err, errno, "openat", "cannot write config.json in %s", bundle);
	result = fd_write_all(fd, text->data, text->length);
	if (result == 0)
		return 0;
	unlinkat(dir_fd, "config.json", 0);
	return err_sys(err, result, "write", "cannot write config.json in %s", bundle);
}

static int spec(int argc, char **argv, void *context)
{
	struct buf text cleanup_buf = BUF_INIT;
	struct arguments arguments = {.bundle = "."};
	struct oci *oci = context;
	struct err err = ERR_INIT;
	int operands, status = oci_parse(oci, &verb_spec, argc, argv, &arguments, 0, 0, &operands);

	if (status != OCI_GO_ON)
		return status;
	if (oci_spec_write(&text, arguments.rootless, geteuid(), getegid()) || text.failed) {
		err_set(&err, ERR_INTERNAL, "out of memory while writing config.json");
		return oci_fail(oci, &err);
	}
	return oci_result(oci, write_config(arguments.bundle, &text, &err), &err);
}

const struct opt_verb verb_spec = {
	.name = "spec",
	.synopsis = "[options]",
	.summary = "Write a config.json that runs a shell in ./rootfs.",
	.options = options,
	.mixed = true,
	.run = spec,
};
