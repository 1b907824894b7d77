/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: the last two steps: the filter and the container's program. Runs with the program's own ids and capabilities,
 * so that what it may not execute cannot be executed here.
 *
 * The program is looked for before the filter is loaded: afterwards a message about its absence might be refused.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "abi/arch.h"
#include "abi/syscalls.h"
#include "base/format.h"
#include "core/child/parts.h"
#include "kernel/creds.h"
#include "kernel/process.h"
#include "kernel/seccomp.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

char **child_pointers(const struct strings *list)
{
	/* One more than the list and its end: HOME. */
	size_t size = (list->count + 2) * sizeof(char *);
	char **pointers = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pointers == MAP_FAILED)
		return NULL;
	/* execve takes no const, and changes nothing. */
	for (size_t i = 0; i < list->count; i++)
		pointers[i] = (char *)(uintptr_t)list->items[i];
	return pointers;
}

static const char *search_path(const struct op *op)
{
	for (size_t i = 0; i < op->exec.env.count; i++)
		if (strncmp(op->exec.env.items[i], "PATH=", 5) == 0)
			return op->exec.env.items[i] + 5;
	return default_path;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The interpreter that the file names in its first line or in its ELF header; "" when it names none. The name is cut at
 * the end of what was read. */
static void find_interpreter(const char *path, char *name, size_t size)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	union {
		char text[512];
		Elf64_Ehdr elf;
	} head = {0};
	Elf64_Phdr segment;

	name[0] = '\0';
	if (fd < 0 || fd_read_full(fd, head.text, sizeof(head.text) - 1) < 0)
		return;
	if (head.text[0] == '#' && head.text[1] == '!') {
		const char *start = head.text + 2 + strspn(head.text + 2, " \t");

		format_text(name, size, "%.*s", (int)strcspn(start, " \t\n\r"), start);
		/* A line from another system ends in a return, which then belongs to the name. */
		if (start[strcspn(start, " \t\n\r")] == '\r')
			format_text(name + strlen(name), size - strlen(name), "\\r");
		return;
	}
	if (memcmp(head.elf.e_ident, ELFMAG, SELFMAG) != 0 || head.elf.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.elf.e_phentsize != sizeof(segment))
		return;
	for (unsigned int i = 0; i < head.elf.e_phnum && i < 64; i++) {
		off_t at = (off_t)(head.elf.e_phoff + i * sizeof(segment));
		size_t length;

		if (pread(fd, &segment, sizeof(segment), at) != (ssize_t)sizeof(segment))
			return;
		if (segment.p_type != PT_INTERP)
			continue;
		length = segment.p_filesz < size ? segment.p_filesz : size - 1;
		if (pread(fd, name, length, (off_t)segment.p_offset) != (ssize_t)length)
			length = 0;
		name[length] = '\0';
		return;
	}
}

static int explain_missing(const char *path, struct err *err)
{
	char interpreter[200];

	if (access(path, F_OK) < 0) {
		err_why(err, "the container has no such file");
		return err_fix(err, "correct process.args, or add the program to the image");
	}
	find_interpreter(path, interpreter, sizeof(interpreter));
	if (!*interpreter) {
		err_why(err, "the file exists, but its interpreter or loader does not");
		return err_fix(err, "add the loader to the image, or use a program that is linked statically");
	}
	err_why(err, "the file exists, but %s, which it names to run it, does not", interpreter);
	return err_fix(err, "add %s to the image, or use a program that does not need it", interpreter);
}

static const char *selinux_label(const struct plan *plan)
{
	for (size_t i = 0; i < plan->ops_count; i++)
		if (plan->ops[i].kind == OP_LABEL && !plan->ops[i].label.apparmor)
			return plan->ops[i].label.label;
	return NULL;
}

/* All but the profile would let it be executed. Where its filter does not even let that be asked, it is held to be it. */
static bool is_profiled(const struct plan *plan, const char *path)
{
	bool has_ruleset = false;
	struct stat st;
	int result;

	for (size_t i = 0; i < plan->ops_count; i++)
		has_ruleset = has_ruleset || plan->ops[i].kind == OP_LANDLOCK_BEGIN;
	if (!has_ruleset)
		return false;
	if (stat(path, &st) < 0)
		return errno == ENOSYS;
	result = process_may_execute(path);
	return !S_ISDIR(st.st_mode) && (result == 0 || result == -ENOSYS);
}

static int explain_denied(const struct child *child, const char *path, struct err *err)
{
	const char *label = selinux_label(child->plan);
	struct statvfs fs;
	struct stat st;

	if (!label && is_profiled(child->plan, path)) {
		err_why(err, "the containment profile does not let it, or the interpreter that it names, be executed");
		return err_fix(err, "add it to rules.files.execute of the profile; bulkhead run --complain tells all that is "
				    "missing there");
	}
	if (stat(path, &st) < 0) {
		err_why(err, "a directory on the way to it cannot be searched by the container's user");
		return err_fix(err, "chmod o+x the directories in the image, or run as another process.user");
	}
	if (S_ISDIR(st.st_mode)) {
		err_why(err, "it is a directory");
		return err_fix(err, "name a program in it");
	}
	if (statvfs(path, &fs) == 0 && fs.f_flag & ST_NOEXEC) {
		err_why(err, "the mount that it lies on has the option noexec");
		return err_fix(err, "remove noexec from this mount, or move the program");
	}
	if (!(st.st_mode & 0111)) {
		err_why(err, "the file is not executable (mode %o)", st.st_mode & 07777);
		return err_fix(err, "chmod +x it in the image");
	}
	if (label && process_may_execute(path) == 0) {
		err_why(err, "SELinux's policy does not let the label %s be entered by this file", label);
		return err_fix(err, "give the image's files the type that belongs to it (chcon -R), or allow the transition; "
				    "under no_new_privs and on nosuid mounts it needs a permission of its own");
	}
	err_why(err, "the container's user (%u:%u) may not execute it (owner %u:%u, mode %o)", geteuid(), getegid(),
		st.st_uid, st.st_gid, st.st_mode & 07777);
	return err_fix(err, "chmod o+x it in the image, or run as another process.user");
}

/* Callers look for these words, in this spelling; they stand instead of the text of errno. */
static void say_cannot_execute(const char *path, int errnum, struct err *err)
{
	if (errnum == ENOENT || errnum == ENOTDIR)
		err_set(err, ERR_COMMAND, "cannot exec %s: no such file or directory", path);
	else if (errnum == EACCES || errnum == EPERM)
		err_set(err, ERR_COMMAND, "cannot exec %s: permission denied", path);
	else
		err_sys(err, errnum, "execve", "cannot exec %s", path);
	err->kind = ERR_COMMAND;
	err->errnum = errnum;
}

static int explain_execute(const struct child *child, const char *path, int errnum, struct err *err)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
		return explain_missing(path, err);
	case EACCES:
	case EPERM:
		return explain_denied(child, path, err);
	case ENOEXEC:
		err_why(err, "it is no program for this machine: another architecture, or a script without #!");
		return err_fix(err, "use an image for this architecture, or begin the script with #!/bin/sh");
	case E2BIG:
		err_why(err, "process.args and process.env together are larger than the kernel takes");
		return err_fix(err, "shorten them, or raise RLIMIT_STACK in process.rlimits");
	default:
		return ERR;
	}
}

static int cannot_execute(const struct child *child, const char *path, int errnum, struct err *err)
{
	say_cannot_execute(path, errnum, err);
	return explain_execute(child, path, errnum, err);
}

static int not_in_path(const char *name, const char *path, bool denied, struct err *err)
{
	if (denied) {
		err_set(err, ERR_COMMAND, "cannot exec %s: permission denied", name);
		err->errnum = EACCES;
		err_why(err, "what $PATH has under this name may not be executed by the container's user");
		return err_fix(err, "chmod o+x it in the image, or run as another process.user");
	}
	err_set(err, ERR_COMMAND, "cannot exec %s: executable file not found in $PATH", name);
	err_why(err, "none of the container's PATH (%s) has it", path);
	err->errnum = ENOENT;
	return err_fix(err, "correct process.args, add its directory to PATH in process.env, or add it to the image");
}

static int search(struct child *child, const char *name, const char *directories, struct err *err)
{
	const char *path = directories;
	bool denied = false;

	for (;;) {
		size_t length = strcspn(path, ":");
		int result;

		/* An empty element is the working directory. */
		if (format_text(child->program, sizeof(child->program), "%.*s/%s", length ? (int)length : 1,
				length ? path : ".", name) < sizeof(child->program)) {
			result = process_may_execute(child->program);
			if (result == 0 && !is_directory(child->program))
				return 0;
			denied = denied || result == -EACCES;
		}
		if (path[length] == '\0')
			break;
		path += length + 1;
	}
	child->program[0] = '\0';
	return not_in_path(name, directories, denied, err);
}

static int find_program(struct child *child, const struct op *op, struct err *err)
{
	const char *name = op->exec.args.items[0];
	int result;

	if (!strchr(name, '/'))
		return search(child, name, search_path(op), err);
	if (format_text(child->program, sizeof(child->program), "%s", name) >= sizeof(child->program))
		return cannot_execute(child, name, ENAMETOOLONG, err);
	result = process_may_execute(name);
	return result < 0 ? cannot_execute(child, name, -result, err) : 0;
}

static uid_t uid_of(const struct plan *plan)
{
	for (size_t i = 0; i < plan->ops_count; i++)
		if (plan->ops[i].kind == OP_IDS)
			return plan->ops[i].ids.uid.value;
	return 0;
}

const char *child_home(struct child *child, const struct op *op)
{
	if (op->exec.find_home && !child->home[0])
		child_find_home(&child->root, uid_of(child->plan), child->home, sizeof(child->home));
	return child->home[0] ? child->home : NULL;
}

/* Once: before the filter, which may refuse the calls that this takes. */
static int look_for_program(struct child *child, const struct op *op, struct err *err)
{
	if (child->program[0])
		return 0;
	child_home(child, op);
	child->args = child_pointers(&op->exec.args);
	child->env = child_pointers(&op->exec.env);
	if (!child->args || !child->env)
		return child_failed(op, ENOMEM, "mmap", err);
	if (child->home[0])
		child->env[op->exec.env.count] = child->home;
	if (find_program(child, op, err) == 0)
		return 0;
	return op->where ? err_where(err, "%s#%s", child->plan->config_name, op->where) : ERR;
}

/* Not from the working directory, which is entered later. */
static bool lies_below_root(const struct op *op)
{
	const char *name = op->exec.args.items[0], *path = search_path(op);

	if (strchr(name, '/'))
		return name[0] == '/';
	for (; path; path = strchr(path, ':'), path = path ? path + 1 : NULL)
		if (path[0] != '/')
			return false;
	return true;
}

int child_expect_program(struct child *child, struct err *err)
{
	for (size_t i = 0; i < child->plan->ops_count; i++) {
		const struct op *op = &child->plan->ops[i];
		struct err found = ERR_INIT;

		if (op->kind != OP_EXEC || op->exec.args.count == 0 || !lies_below_root(op))
			continue;
		if (find_program(child, op, &found) && (found.errnum == ENOENT || found.errnum == ENOTDIR)) {
			*err = found;
			return op->where ? err_where(err, "%s#%s", child->plan->config_name, op->where) : ERR;
		}
		child->program[0] = '\0';
	}
	return 0;
}

/* What comes after the filter and takes calls that it may refuse: old profiles know no openat2. What fails for the
 * container's root may succeed for its user, who tries again. */
int child_look_ahead(struct child *child, const struct op *op, struct err *err)
{
	const struct op *end = child->plan->ops + child->plan->ops_count;

	for (; op < end; op++) {
		struct err ignored = ERR_INIT;

		if (op->kind == OP_CWD && !child->in_directory)
			child_working_directory(child, op, &ignored);
		else if (op->kind == OP_VERIFY)
			child->status_fd = creds_open_status(child->procfs.fd);
		else if (op->kind == OP_EXEC && look_for_program(child, op, err))
			return ERR;
	}
	return 0;
}

int child_seccomp(struct child *child, const struct op *op, struct err *err)
{
	const struct filter_program *program = &op->seccomp.program;
	uint32_t flags = op->seccomp.flags | (op->seccomp.listener ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0);
	cleanup_fd int listener_fd = -EBADF;
	int result;

	if (child_look_ahead(child, op + 1, err))
		return ERR;
	if (program->count > UINT16_MAX)
		return child_failed(op, E2BIG, "seccomp", err);
	/* Who watches without privilege sees what its execve names only of a process that may be dumped, as the program will
	 * be: nobody else is inside yet. */
	if (op->kind == OP_WATCH)
		process_set_dumpable(true);
	result = seccomp_load(program->instructions, (uint16_t)program->count, flags);
	if (result < 0)
		return child_failed(op, result, "seccomp", err);
	if (!op->seccomp.listener) {
		/* With SECCOMP_FILTER_FLAG_TSYNC a refusal is the number of the thread that could not follow. */
		return result == 0 ? 0 : child_failed(op, ESRCH, "seccomp", err);
	}
	listener_fd = result;
	result = channel_send(&child->channel, MESSAGE_SECCOMP_LISTENER, op->kind == OP_WATCH, NULL, listener_fd);
	return child_check(op, result, "sendmsg", err);
}

int child_exec(struct child *child, const struct op *op, struct err *err)
{
	const char *where;
	int errnum;

	if (op->exec.args.count == 0) {
		err_set(err, ERR_CONFIG, "there is no program to run");
		err_why(err, "process.args is empty");
		return err_fix(err, "name the program in process.args");
	}
	if (look_for_program(child, op, err))
		return ERR;
	/* The program outlives the runtime. */
	process_set_parent_death_signal(0);
	execve(child->program, child->args, child->env);
	errnum = errno;
	where = plan_filter_refuses(child->plan, abi_syscall_number(ABI_ARCH_NATIVE, "execve"), errnum);
	say_cannot_execute(child->program, errnum, err);
	if (!where)
		return explain_execute(child, child->program, errnum, err);
	err_why(err, "the system call filter answers execve, by which every program starts, with this error");
	err_fix(err, "allow execve in the rules of the filter");
	return err_where(err, "%s#%s", child->plan->config_name, where);
}
