/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices_bpf: a device set as a BPF_PROG_TYPE_CGROUP_DEVICE program for cgroup2, which has no files for it. The
 * program looks at the rules from the last to the first and keeps the bits of the access on which none has decided.
 * A change replaces the program in one step. Runs in the runtime.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "core/cgroup/parts.h"
#include "kernel/bpf.h"

#define PROGRAM_NAME	      "bulkhead_device"
#define ATTACHED_MAX	      64 /* the kernel's own limit for one cgroup */
#define RULE_INSTRUCTIONS_MAX 11
#define FRAME_INSTRUCTIONS    4

/* Registers: the context comes in r1. */
enum { VERDICT = BPF_REG_0, CONTEXT = BPF_REG_1, UNDECIDED = BPF_REG_2, FIELD = BPF_REG_3 };

struct program {
	struct bpf_insn *items;
	size_t count;
};

static void emit(struct program *program, uint8_t code, uint8_t destination, uint8_t source, int offset, int32_t value)
{
	program->items[program->count++] = (struct bpf_insn){
		.code = code,
		.dst_reg = destination & 0xf,
		.src_reg = source & 0xf,
		.off = (int16_t)offset,
		.imm = value,
	};
}

static void emit_return(struct program *program, bool allow)
{
	emit(program, BPF_ALU | BPF_MOV | BPF_K, VERDICT, 0, 0, allow);
	emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void emit_load(struct program *program, uint8_t reg, size_t offset)
{
	emit(program, BPF_LDX | BPF_MEM | BPF_W, reg, CONTEXT, (int)offset, 0);
}

/*
 * Jump out of the rule when the field differs; the distance is filled in at the rule's end. A 32-bit compare: a 64-bit
 * one would extend the sign of numbers from 2^31 on.
 */
static void emit_match(struct program *program, int64_t value)
{
	emit(program, BPF_JMP32 | BPF_JNE | BPF_K, FIELD, 0, 0, (int32_t)(uint32_t)value);
}

/* Let the compares from `start` to before `end` jump here. */
static void land(struct program *program, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		if (BPF_CLASS(program->items[i].code) == BPF_JMP32)
			program->items[i].off = (int16_t)(program->count - i - 1);
}

/* Each rule loads anew what it compares: were it kept, the verifier would follow every outcome of the earlier compares
 * through all later rules, in quadratic time. */
static void emit_rule(struct program *program, const struct cgroup_device *device)
{
	size_t start = program->count, matches;

	if (device->major != OCI_DEVICE_ANY) {
		emit_load(program, FIELD, offsetof(struct bpf_cgroup_dev_ctx, major));
		emit_match(program, device->major);
	}
	if (device->minor != OCI_DEVICE_ANY) {
		emit_load(program, FIELD, offsetof(struct bpf_cgroup_dev_ctx, minor));
		emit_match(program, device->minor);
	}
	matches = program->count;
	if (device->access == CGROUP_DEVICE_ALL) {
		emit_return(program, device->allow);
	} else if (device->allow) {
		emit(program, BPF_ALU | BPF_AND | BPF_K, UNDECIDED, 0, 0, ~(int32_t)device->access);
		emit(program, BPF_JMP32 | BPF_JNE | BPF_K, UNDECIDED, 0, 2, 0);
		emit_return(program, true);
	} else {
		emit(program, BPF_JMP32 | BPF_JSET | BPF_K, UNDECIDED, 0, 1, device->access);
		emit(program, BPF_JMP | BPF_JA, 0, 0, 2, 0);
		emit_return(program, false);
	}
	land(program, start, matches);
}

/* The rules from index `last` down that are for one type of device, behind one compare of it. Returns the next index,
 * counted from 1 as `last` is. */
static size_t emit_type(struct program *program, const struct cgroup_device_set *set, size_t last)
{
	const char type = set->items[last - 1].type;
	size_t start = program->count, matches;

	emit_load(program, FIELD, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(program, BPF_ALU | BPF_AND | BPF_K, FIELD, 0, 0, 0xffff);
	emit_match(program, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	matches = program->count;
	for (; last > 0 && set->items[last - 1].type == type; last--)
		emit_rule(program, &set->items[last - 1]);
	land(program, start, matches);
	return last;
}

struct bpf_insn *cgroup_device_program(const struct cgroup_device_set *set, size_t *ret_count)
{
	struct program program = {
		.items = calloc(set->count * RULE_INSTRUCTIONS_MAX + FRAME_INSTRUCTIONS, sizeof(struct bpf_insn)),
	};

	if (!program.items)
		return NULL;
	/* struct bpf_cgroup_dev_ctx: the access in the upper half of access_type, the type in the lower. */
	emit_load(&program, UNDECIDED, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(&program, BPF_ALU | BPF_RSH | BPF_K, UNDECIDED, 0, 0, 16);
	for (size_t last = set->count; last > 0;)
		last = emit_type(&program, set, last);
	emit_return(&program, set->allow_rest);
	*ret_count = program.count;
	return program.items;
}

/* The program that an earlier call attached here, told by its name; -EBADF when there is none. */
static int find_ours(int cgroup_fd)
{
	uint32_t ids[ATTACHED_MAX];
	int count = bpf_device_query(cgroup_fd, ids, ATTACHED_MAX);

	for (int i = 0; i < count; i++) {
		cleanup_fd int fd = bpf_program_open(ids[i]);
		char name[BPF_OBJ_NAME_LEN];

		if (fd >= 0 && bpf_program_name(fd, name) == 0 && strcmp(name, PROGRAM_NAME) == 0)
			return fd_take(&fd);
	}
	return -EBADF;
}

static int failed(const struct cgroup_dir *dir, const char *path, const char *what, int errnum, struct err *err)
{
	err_sys(err, errnum, "bpf", "cannot %s the device rules of the cgroup %s%s", what, dir->hierarchy->mount_point,
		path);
	if (errnum == -ENOSYS || errnum == -EINVAL) {
		err_why(err, "on cgroup2 device rules are a BPF program, and this kernel takes none of that kind");
		err_fix(err, "use a kernel with CONFIG_CGROUP_BPF");
	} else if (errnum == -EPERM) {
		err_why(err,
			"loading a BPF program needs CAP_BPF and CAP_NET_ADMIN in the initial user namespace, or a "
			"program attached above forbids others");
		err_fix(err, "run as root of the host");
	}
	return ERR;
}

int cgroup_devices_bpf(const struct cgroup_dir *dir, const char *path, const struct cgroup_device_set *set, bool fresh,
		       struct err *err)
{
	/* bpf(2) before Linux 6.x wants a real descriptor, not O_PATH. */
	cleanup_fd int cgroup_fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int program_fd = -EBADF, old_fd = -EBADF;
	struct bpf_insn *program;
	size_t count;
	int result;

	if (cgroup_fd < 0)
		return err_sys(err, errno, "openat", "cannot open the cgroup %s%s", dir->hierarchy->mount_point, path);
	program = cgroup_device_program(set, &count);
	if (!program)
		return err_set(err, ERR_INTERNAL, "out of memory for %zu device rules", set->count);
	program_fd = bpf_device_load(program, count, PROGRAM_NAME);
	free(program);
	if (program_fd < 0)
		return failed(dir, path, "load", program_fd, err);
	if (!fresh)
		old_fd = find_ours(cgroup_fd);
	result = bpf_device_attach(cgroup_fd, program_fd, old_fd);
	return result < 0 ? failed(dir, path, "attach", result, err) : 0;
}
