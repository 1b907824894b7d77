/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: what happens in a container, as lines of JSON: its statistics at once and at each interval, and each time that
 * its memory was not enough. Runs in the runtime, reads only, and ends with the container's first process.
 */
#include <poll.h>
#include <time.h>

#include "base/fd.h"
#include "core/engine/parts.h"

#define MILLISECOND 1000000ull

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / MILLISECOND;
}

static int put_stats(const struct container *container, struct buf *out, struct err *err)
{
	struct json_writer writer = JSON_WRITER(out, 0);

	json_begin_object(&writer);
	json_member_string(&writer, "type", "stats");
	json_member_string(&writer, "id", container->state->id);
	json_key(&writer, "data");
	if (cgroup_stats(&container->cgroup, &writer, err))
		return ERR;
	json_end_object(&writer);
	if (out->failed)
		return err_set(err, ERR_INTERNAL, "out of memory while reading the statistics of %s",
			       container->state->id);
	return 0;
}

static int open_running(struct container *container, const struct engine *engine, const char *id, struct err *err)
{
	if (container_open(container, engine, id, false, err))
		return ERR;
	if (container->status == STATE_STOPPED)
		return container_not_running(id, container->status, err);
	return container_open_cgroup(container, err);
}

int engine_stats(const struct engine *engine, const char *id, struct buf *out, struct err *err)
{
	struct container container cleanup_container = CONTAINER_INIT;

	return open_running(&container, engine, id, err) ? ERR : put_stats(&container, out, err);
}

static int say_stats(const struct container *container, const struct engine_events *events, struct err *err)
{
	struct buf line cleanup_buf = BUF_INIT;

	return put_stats(container, &line, err) ? ERR : events->line(events->context, &line, err);
}

/* One line for each time. */
static int say_oom(const struct container *container, struct cgroup_oom *oom, const struct engine_events *events,
		   struct err *err)
{
	for (uint64_t count = cgroup_oom_read(&container->cgroup, oom); count > 0; count--) {
		struct buf line cleanup_buf = BUF_INIT;
		struct json_writer writer = JSON_WRITER(&line, 0);

		json_begin_object(&writer);
		json_member_string(&writer, "type", "oom");
		json_member_string(&writer, "id", container->state->id);
		json_end_object(&writer);
		if (line.failed)
			return err_set(err, ERR_INTERNAL, "out of memory while writing an event");
		if (events->line(events->context, &line, err))
			return ERR;
	}
	return 0;
}

static int watch(const struct container *container, int pidfd, struct cgroup_oom *oom,
		 const struct engine_events *events, struct err *err)
{
	/* A negative descriptor is passed over. */
	struct pollfd wait[] = {{.fd = pidfd, .events = POLLIN}, {.fd = oom->fd, .events = oom->events}};
	uint64_t next = now_ms();

	for (;;) {
		uint64_t now = now_ms(), left = next > now ? next - now : 0;
		int ready = poll(wait, ARRAY_SIZE(wait), left > INT32_MAX ? INT32_MAX : (int)left);

		if (ready < 0 && errno != EINTR)
			return err_sys(err, errno, "poll", "cannot wait for events of container %s", container->state->id);
		/* First, so that what ended the container is told. */
		if (ready > 0 && say_oom(container, oom, events, err))
			return ERR;
		if (ready > 0 && wait[0].revents)
			return 0;
		if (now_ms() < next)
			continue;
		if (say_stats(container, events, err))
			return ERR;
		next = now_ms() + events->interval_ms;
	}
}

int engine_events(const struct engine *engine, const char *id, const struct engine_events *events, struct err *err)
{
	struct container container cleanup_container = CONTAINER_INIT;
	struct cgroup_oom oom cleanup_cgroup_oom = CGROUP_OOM_INIT;
	int pidfd cleanup_fd = -EBADF;

	if (open_running(&container, engine, id, err) || container_open_process(&container, &pidfd, err) ||
	    cgroup_oom_watch(&container.cgroup, &oom, err))
		return ERR;
	return watch(&container, pidfd, &oom, events, err);
}
