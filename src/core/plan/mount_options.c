/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_options: the options of a mount as the runtime-spec and mount(8) spell them, as one table: attributes of the
 * mount, attributes of the whole tree (r…), propagation, flags of the file system, and what steers the runtime. What is
 * not in the table is data of the file system. Pure.
 */
#include <linux/mount.h>
#include <string.h>

#include "core/plan/builder.h"

enum option_kind {
	OPTION_ATTR,	    /* set and clear of the top mount */
	OPTION_ATTR_BELOW,  /* set and clear of the whole tree */
	OPTION_PROPAGATION, /* set is MS_SHARED …, with MS_REC */
	OPTION_FS_FLAG,	    /* a flag of the file system, with this very name for fsconfig(2) */
	OPTION_IGNORED,	    /* accepted: without effect on this kernel, or for other programs */
	OPTION_BIND,	    /* set is MS_REC for rbind */
	OPTION_REMOUNT,
	OPTION_COPY_UP,
	OPTION_NO_FOLLOW,
	OPTION_IDMAP, /* set is MS_REC for ridmap */
};

struct option {
	const char *name;
	enum option_kind kind;
	uint64_t set, clear;
};

/* The access time has three exclusive values in these bits: the kernel wants all of them cleared to set one. */
#define ATIME MOUNT_ATTR__ATIME

/* clang-format off */
static const struct option options[] = {
	{"ro",            OPTION_ATTR, MOUNT_ATTR_RDONLY, 0},
	{"rw",            OPTION_ATTR, 0, MOUNT_ATTR_RDONLY},
	{"nosuid",        OPTION_ATTR, MOUNT_ATTR_NOSUID, 0},
	{"suid",          OPTION_ATTR, 0, MOUNT_ATTR_NOSUID},
	{"nodev",         OPTION_ATTR, MOUNT_ATTR_NODEV, 0},
	{"dev",           OPTION_ATTR, 0, MOUNT_ATTR_NODEV},
	{"noexec",        OPTION_ATTR, MOUNT_ATTR_NOEXEC, 0},
	{"exec",          OPTION_ATTR, 0, MOUNT_ATTR_NOEXEC},
	{"nosymfollow",   OPTION_ATTR, MOUNT_ATTR_NOSYMFOLLOW, 0},
	{"symfollow",     OPTION_ATTR, 0, MOUNT_ATTR_NOSYMFOLLOW},
	{"nodiratime",    OPTION_ATTR, MOUNT_ATTR_NODIRATIME, 0},
	{"diratime",      OPTION_ATTR, 0, MOUNT_ATTR_NODIRATIME},
	{"relatime",      OPTION_ATTR, MOUNT_ATTR_RELATIME, ATIME},
	{"noatime",       OPTION_ATTR, MOUNT_ATTR_NOATIME, ATIME},
	{"strictatime",   OPTION_ATTR, MOUNT_ATTR_STRICTATIME, ATIME},
	/* Taking one of the three back leads to the kernel's default, relatime. */
	{"atime",         OPTION_ATTR, MOUNT_ATTR_RELATIME, ATIME},
	{"nostrictatime", OPTION_ATTR, MOUNT_ATTR_RELATIME, ATIME},
	{"norelatime",    OPTION_IGNORED, 0, 0},

	{"rro",            OPTION_ATTR_BELOW, MOUNT_ATTR_RDONLY, 0},
	{"rrw",            OPTION_ATTR_BELOW, 0, MOUNT_ATTR_RDONLY},
	{"rnosuid",        OPTION_ATTR_BELOW, MOUNT_ATTR_NOSUID, 0},
	{"rsuid",          OPTION_ATTR_BELOW, 0, MOUNT_ATTR_NOSUID},
	{"rnodev",         OPTION_ATTR_BELOW, MOUNT_ATTR_NODEV, 0},
	{"rdev",           OPTION_ATTR_BELOW, 0, MOUNT_ATTR_NODEV},
	{"rnoexec",        OPTION_ATTR_BELOW, MOUNT_ATTR_NOEXEC, 0},
	{"rexec",          OPTION_ATTR_BELOW, 0, MOUNT_ATTR_NOEXEC},
	{"rnosymfollow",   OPTION_ATTR_BELOW, MOUNT_ATTR_NOSYMFOLLOW, 0},
	{"rsymfollow",     OPTION_ATTR_BELOW, 0, MOUNT_ATTR_NOSYMFOLLOW},
	{"rnodiratime",    OPTION_ATTR_BELOW, MOUNT_ATTR_NODIRATIME, 0},
	{"rdiratime",      OPTION_ATTR_BELOW, 0, MOUNT_ATTR_NODIRATIME},
	{"rrelatime",      OPTION_ATTR_BELOW, MOUNT_ATTR_RELATIME, ATIME},
	{"rnoatime",       OPTION_ATTR_BELOW, MOUNT_ATTR_NOATIME, ATIME},
	{"rstrictatime",   OPTION_ATTR_BELOW, MOUNT_ATTR_STRICTATIME, ATIME},
	{"ratime",         OPTION_ATTR_BELOW, MOUNT_ATTR_RELATIME, ATIME},
	{"rnostrictatime", OPTION_ATTR_BELOW, MOUNT_ATTR_RELATIME, ATIME},
	{"rnorelatime",    OPTION_IGNORED, 0, 0},

	{"shared",      OPTION_PROPAGATION, MS_SHARED, 0},
	{"rshared",     OPTION_PROPAGATION, MS_SHARED | MS_REC, 0},
	{"slave",       OPTION_PROPAGATION, MS_SLAVE, 0},
	{"rslave",      OPTION_PROPAGATION, MS_SLAVE | MS_REC, 0},
	{"private",     OPTION_PROPAGATION, MS_PRIVATE, 0},
	{"rprivate",    OPTION_PROPAGATION, MS_PRIVATE | MS_REC, 0},
	{"unbindable",  OPTION_PROPAGATION, MS_UNBINDABLE, 0},
	{"runbindable", OPTION_PROPAGATION, MS_UNBINDABLE | MS_REC, 0},

	{"sync",       OPTION_FS_FLAG, 0, 0},
	{"async",      OPTION_FS_FLAG, 0, 0},
	{"dirsync",    OPTION_FS_FLAG, 0, 0},
	{"lazytime",   OPTION_FS_FLAG, 0, 0},
	{"nolazytime", OPTION_FS_FLAG, 0, 0},
	{"mand",       OPTION_FS_FLAG, 0, 0},
	{"nomand",     OPTION_FS_FLAG, 0, 0},

	/* fsconfig(2) has no keys for these; the kernel keeps inode versions where the file system can. */
	{"iversion",   OPTION_IGNORED, 0, 0},
	{"noiversion", OPTION_IGNORED, 0, 0},
	{"silent",     OPTION_IGNORED, 0, 0},
	{"loud",       OPTION_IGNORED, 0, 0},
	{"defaults",   OPTION_IGNORED, 0, 0},
	{"auto",       OPTION_IGNORED, 0, 0},
	{"noauto",     OPTION_IGNORED, 0, 0},
	{"user",       OPTION_IGNORED, 0, 0},
	{"nouser",     OPTION_IGNORED, 0, 0},
	{"notmpcopyup", OPTION_IGNORED, 0, 0},
	{"_netdev",    OPTION_IGNORED, 0, 0},
	{"nofail",     OPTION_IGNORED, 0, 0},

	{"bind",         OPTION_BIND, 0, 0},
	{"rbind",        OPTION_BIND, MS_REC, 0},
	{"remount",      OPTION_REMOUNT, 0, 0},
	{"tmpcopyup",    OPTION_COPY_UP, 0, 0},
	{"src-nofollow", OPTION_NO_FOLLOW, 0, 0},
	{"idmap",        OPTION_IDMAP, 0, 0},
	{"ridmap",       OPTION_IDMAP, MS_REC, 0},
};
/* clang-format on */

static const struct option *find_option(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strcmp(options[i].name, text) == 0)
			return &options[i];
	return NULL;
}

/* The later option wins over an earlier one of the same bits. */
static void apply_attr(struct op_attr *attr, const struct option *option)
{
	attr->set = (attr->set & ~option->clear) | option->set;
	attr->clear = (attr->clear & ~option->set) | option->clear;
}

/* "size=64m" → size, 64m; "usrquota" → usrquota alone. */
static void add_param(struct builder *builder, struct mount_options *ret, const struct placed_string *text)
{
	const char *equals = strchr(text->text, '=');
	struct key_value *param = &ret->params[ret->params_count++];

	param->where = text->where;
	param->key = text->text;
	param->value = NULL;
	if (!equals)
		return;
	param->key = arena_strndup(builder->arena, text->text, (size_t)(equals - text->text));
	param->value = equals + 1;
	if (!param->key) {
		param->key = "";
		builder->no_memory = true;
	}
}

static bool is_comment(const char *text)
{
	return strncmp(text, "X-", 2) == 0 || strncmp(text, "x-", 2) == 0 || strncmp(text, "comment=", 8) == 0;
}

static bool has_value(const struct placed_string *text)
{
	return strchr(text->text, '=') != NULL;
}

static void apply_option(struct builder *builder, const struct placed_string *text, struct mount_options *ret)
{
	const struct option *option = find_option(text->text);

	if (!option) {
		if (!*text->text || is_comment(text->text))
			return;
		/* A word is more of a mistake than a value. */
		if (!ret->unknown || (has_value(ret->unknown) && !has_value(text)))
			ret->unknown = text;
		add_param(builder, ret, text);
		return;
	}
	switch (option->kind) {
	case OPTION_ATTR:
		apply_attr(&ret->attr, option);
		break;
	case OPTION_ATTR_BELOW:
		apply_attr(&ret->attr_below, option);
		break;
	case OPTION_PROPAGATION:
		ret->attr.propagation = option->set & ~(uint64_t)MS_REC;
		ret->attr.propagation_recursive = option->set & MS_REC;
		break;
	case OPTION_FS_FLAG:
		ret->fs_flags++;
		add_param(builder, ret, text);
		break;
	case OPTION_IGNORED:
		break;
	case OPTION_BIND:
		ret->bind = true;
		ret->recursive = ret->recursive || option->set;
		break;
	case OPTION_REMOUNT:
		ret->remount = true;
		break;
	case OPTION_COPY_UP:
		ret->copy_up = true;
		break;
	case OPTION_NO_FOLLOW:
		ret->no_follow = true;
		break;
	case OPTION_IDMAP:
		ret->idmap = true;
		ret->idmap_recursive = option->set;
		break;
	}
}

void plan_mount_options(struct builder *builder, const struct oci_mount *mount, struct mount_options *ret)
{
	*ret = (struct mount_options){0};
	/* One place more: the label that plan_mounts may add. */
	ret->params = arena_calloc(builder->arena, mount->options.count + 2, sizeof(*ret->params));
	if (!ret->params) {
		builder->no_memory = true;
		return;
	}
	ret->attr_below.recursive = true;
	for (size_t i = 0; i < mount->options.count; i++)
		apply_option(builder, &mount->options.items[i], ret);
	if (mount->type && (strcmp(mount->type, "bind") == 0 || strcmp(mount->type, "rbind") == 0)) {
		ret->bind = true;
		ret->recursive = ret->recursive || mount->type[0] == 'r';
	}
}

const char *plan_mount_option_name(size_t index)
{
	return index < ARRAY_SIZE(options) ? options[index].name : NULL;
}
