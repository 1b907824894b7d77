/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain/program: why execve failed, from the first bytes of the file: a script's interpreter, a program's machine
 * and its loader. The file is the container's: it is read as bytes with every offset checked, and opened only when it
 * is a regular file.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/types.h"
#include "insight/explain/parts.h"
#include "kernel/rootfs.h"

#define HEAD_MAX 4096

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#endif

static const char *machine_name(unsigned int machine)
{
	static const struct {
		unsigned int machine;
		const char *name;
	} rows[] = {
		{EM_386, "i386"},	  {EM_X86_64, "x86_64"}, {EM_ARM, "arm"},     {EM_AARCH64, "aarch64"},
		{EM_RISCV, "riscv"},	  {EM_PPC64, "ppc64"},	 {EM_S390, "s390"},   {EM_MIPS, "mips"},
		{258 /* EM_LOONGARCH */, "loongarch"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].machine == machine)
			return rows[i].name;
	return "an unknown machine";
}

static bool exists(const struct rootfs *root, const char *path)
{
	int fd cleanup_fd = rootfs_open(root, (struct root_path){path}, O_PATH, false);

	return fd >= 0 || fd == -EACCES;
}

/* By anybody: whose it is, is a matter of modes, and seen as such. */
static bool executable(const struct rootfs *root, const char *path)
{
	int fd cleanup_fd = rootfs_open(root, (struct root_path){path}, O_PATH, false);
	struct stat status;

	return fd < 0 || fstat(fd, &status) < 0 || (S_ISREG(status.st_mode) && status.st_mode & 0111);
}

static void look_at_script(struct parts_case *one, const struct rootfs *root, char *head)
{
	char *name = head + 2 + strspn(head + 2, " \t");

	name[strcspn(name, " \t\n")] = '\0';
	if (!name[0])
		return;
	parts_text(one, TEXT_INTERPRETER, "%s", name);
	if (strchr(name, '\r'))
		parts_fact(one, FACT_CARRIAGE_RETURN);
	if (!exists(root, name))
		parts_fact(one, FACT_INTERPRETER_MISSING);
	else if (!executable(root, name))
		parts_fact(one, FACT_INTERPRETER_DENIED);
}

static void look_at_loader(struct parts_case *one, const struct rootfs *root, const char *head, size_t size)
{
	Elf64_Ehdr elf;
	Elf64_Phdr part;

	memcpy(&elf, head, sizeof(elf));
	for (unsigned int i = 0; i < elf.e_phnum; i++) {
		size_t at = elf.e_phoff + (size_t)i * sizeof(part);

		if (elf.e_phentsize != sizeof(part) || elf.e_phoff > size || at + sizeof(part) > size)
			return;
		memcpy(&part, head + at, sizeof(part));
		if (part.p_type != PT_INTERP)
			continue;
		if (part.p_offset >= size || part.p_filesz > size - part.p_offset || part.p_filesz < 2 ||
		    head[part.p_offset + part.p_filesz - 1] != '\0')
			return;
		parts_text(one, TEXT_INTERPRETER, "%s", head + part.p_offset);
		if (!exists(root, head + part.p_offset))
			parts_fact(one, FACT_LOADER_MISSING);
	}
}

static void look_at_head(struct parts_case *one, const struct rootfs *root, char *head, size_t size)
{
	Elf64_Ehdr elf;

	if (size >= 2 && head[0] == '#' && head[1] == '!') {
		look_at_script(one, root, head);
		return;
	}
	if (size < sizeof(elf) || memcmp(head, ELFMAG, SELFMAG) != 0) {
		parts_fact(one, FACT_NO_PROGRAM);
		return;
	}
	/* e_machine stands at the same place in both sizes. */
	memcpy(&elf, head, sizeof(elf));
	if (elf.e_machine == MACHINE && elf.e_ident[EI_CLASS] == ELFCLASS64) {
		look_at_loader(one, root, head, size);
		return;
	}
	parts_text(one, TEXT_MACHINE, "%s", machine_name(elf.e_machine));
	parts_fact(one, FACT_WRONG_MACHINE);
}

void program_look(struct parts_case *one)
{
	struct rootfs root = {.fd = paths_root(one->explain, one->refusal)};
	char head[HEAD_MAX + 1] = "";
	int fd cleanup_fd = -EBADF;
	struct stat status;
	ssize_t got;

	if ((strcmp(one->facts.call, "execve") && strcmp(one->facts.call,
	 "execveat")) || root.fd < 0 || !one->path[0][0])
		return;
	fd = rootfs_open(&root, (struct root_path){one->path[0]}, O_PATH, false);
	if (fd == -ENOENT) {
		parts_fact(one, FACT_PROGRAM_MISSING);
		return;
	}
	if (fd < 0 || fstat(fd, &status) < 0)
		return;
	if (!S_ISREG(status.st_mode)) {
		parts_fact(one, FACT_NOT_REGULAR);
		return;
	}
	fd_close(&fd);
	fd = rootfs_open(&root, (struct root_path){one->path[0]}, O_RDONLY | O_NONBLOCK | O_NOCTTY, false);
	got = fd < 0 ? fd : fd_read_full(fd, head, HEAD_MAX);
	if (got > 0)
		look_at_head(one, &root, head, (size_t)got);
}
