// SPDX-License-Identifier: Apache-2.0
/*
 * observe/lessons: what there is to learn from each system call: data, by name. Which arguments a profile compares is in
 * the rows of core/profile, and which of them are paths in calls.c. Numbers of arguments are indexes from 0. Pure.
 */
#include <string.h>

#include "base/types.h"
#include "core/profile/profile.h"
#include "insight/observe/observe.h"

#define DESCRIPTOR OBSERVE_LESSON_DESCRIPTOR
#define OPENED	   (OBSERVE_LESSON_OPENED | OBSERVE_LESSON_DESCRIPTOR)
#define CHANGES	   OBSERVE_LESSON_CHANGES
#define NAMESPACES OBSERVE_LESSON_NAMESPACES
#define SIGNAL	   OBSERVE_LESSON_SIGNAL
#define SEND	   OBSERVE_LESSON_SEND
#define NEW	   (OBSERVE_WRITE | OBSERVE_MAKE)
#define REPLACED   (OBSERVE_REPLACE | OBSERVE_MAKE)

static const struct {
	const char *name;
	uint32_t what;
	uint8_t index[2], access[2];
} rows[] = {
	{"accept", DESCRIPTOR, {0}, {0}},
	{"accept4", DESCRIPTOR, {0}, {0}},
	{"bind", OBSERVE_LESSON_BIND, {0}, {0}},
	{"clone", NAMESPACES, {0}, {0}},
	{"clone3", NAMESPACES, {0, 1}, {0}},
	{"connect", OBSERVE_LESSON_CONNECT, {0}, {0}},
	{"creat", OPENED, {0}, {0}},
	{"dup", DESCRIPTOR, {0}, {0}},
	{"dup2", DESCRIPTOR, {0}, {0}},
	{"dup3", DESCRIPTOR, {0}, {0}},
	{"epoll_create", DESCRIPTOR, {0}, {0}},
	{"epoll_create1", DESCRIPTOR, {0}, {0}},
	{"eventfd2", DESCRIPTOR, {0}, {0}},
	{"inotify_init1", DESCRIPTOR, {0}, {0}},
	{"getrlimit", OBSERVE_LESSON_LIMIT, {0, 1}, {0}},
	{"kill", SIGNAL, {1}, {0}},
	{"link", CHANGES, {0}, {0, NEW}},
	{"linkat", CHANGES, {0, 2}, {0, NEW}},
	{"memfd_create", DESCRIPTOR, {0}, {0}},
	{"mkdir", CHANGES, {0}, {NEW}},
	{"mkdirat", CHANGES, {0}, {NEW}},
	{"mknod", CHANGES, {0}, {NEW}},
	{"mknodat", CHANGES, {0}, {NEW}},
	{"open", OPENED, {0}, {0}},
	{"open_by_handle_at", OPENED, {0}, {0}},
	{"openat", OPENED, {0}, {0}},
	{"openat2", OPENED, {0}, {0}},
	{"pidfd_open", DESCRIPTOR, {0}, {0}},
	{"pidfd_send_signal", SIGNAL, {1}, {0}},
	{"prlimit64", OBSERVE_LESSON_LIMIT, {1, 3}, {0}},
	{"rename", CHANGES, {0}, {OBSERVE_REPLACE, REPLACED}},
	{"renameat", CHANGES, {0, 2}, {OBSERVE_REPLACE, REPLACED}},
	{"renameat2", CHANGES, {0, 2}, {OBSERVE_REPLACE, REPLACED}},
	{"rmdir", CHANGES, {0}, {OBSERVE_REPLACE}},
	{"rt_sigqueueinfo", SIGNAL, {1}, {0}},
	{"rt_tgsigqueueinfo", SIGNAL, {2}, {0}},
	{"sendmmsg", SEND, {OBSERVE_SEND_MESSAGES}, {0}},
	{"sendmsg", SEND, {OBSERVE_SEND_MESSAGE}, {0}},
	{"sendto", SEND, {OBSERVE_SEND_TO}, {0}},
	{"setrlimit", OBSERVE_LESSON_LIMIT, {0}, {0}},
	{"signalfd4", DESCRIPTOR, {0}, {0}},
	{"socket", DESCRIPTOR, {0}, {0}},
	{"symlink", CHANGES, {0}, {NEW}},
	{"symlinkat", CHANGES, {0}, {NEW}},
	{"tgkill", SIGNAL, {2}, {0}},
	{"timerfd_create", DESCRIPTOR, {0}, {0}},
	{"tkill", SIGNAL, {1}, {0}},
	{"truncate", CHANGES, {0}, {OBSERVE_WRITE}},
	{"unlink", CHANGES, {0}, {OBSERVE_REPLACE}},
	{"unlinkat", CHANGES, {0}, {OBSERVE_REPLACE}},
	{"unshare", NAMESPACES, {0}, {0}},
	{"write", SEND, {OBSERVE_SEND_BYTES}, {0}},
};

/* The row of what a profile compares of the call. */
static const struct profile_argument *argument_of(const char *name)
{
	for (enum profile_set_id set = 0; set < PROFILE_SETS; set++) {
		const struct profile_argument *argument = &profile_rows[set].argument;

		if (argument->syscall && strcmp(argument->syscall, name) == 0)
			return argument;
	}
	return NULL;
}

/* name: as it is called natively, where it is there. */
static void fill(struct observe_lesson *lesson, const char *name, uint32_t arguments)
{
	const struct profile_argument *argument = argument_of(name);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		lesson->what = rows[i].what;
		lesson->arguments = arguments;
		memcpy(lesson->index, rows[i].index, sizeof(lesson->index));
		memcpy(lesson->access, rows[i].access, sizeof(lesson->access));
	}
	if (!argument)
		return;
	/* Calls that have both kinds of lessons take index[] from the same place: clone's flags are its first. */
	lesson->what |= OBSERVE_LESSON_ARGUMENT;
	lesson->index[0] = (uint8_t)argument->index[0];
	lesson->index[1] = argument->mask[1] ? (uint8_t)argument->index[1] : lesson->index[1];
	memcpy(lesson->mask, argument->mask, sizeof(lesson->mask));
}

void observe_fill_lessons(struct observe_lesson lessons[2 * OBSERVE_CALLS])
{
	struct observe_call calls[OBSERVE_CALLS_ALL];

	memset(lessons, 0, 2 * OBSERVE_CALLS * sizeof(*lessons));
	observe_fill_calls(calls);
	for (uint32_t i = 0; i < 2 * OBSERVE_CALLS; i++) {
		bool compat = i >= OBSERVE_CALLS;
		const char *name = observe_call_name((int)(i % OBSERVE_CALLS), compat);

		if (name)
			fill(&lessons[i], observe_native_name(name), calls[i].arguments);
	}
}
