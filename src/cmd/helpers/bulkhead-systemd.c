/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulkhead-systemd: the helper of the systemd cgroup driver: reads one request on standard input (a SOCK_SEQPACKET socket,
 * core/cgroup/systemd_protocol.h), asks systemd, waits for its job, answers, ends. Started by the runtime alone, with its
 * power and an empty environment; it reads no file, and speaks with nobody but systemd.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "base/format.h"
#include "base/types.h"
#include "core/cgroup/systemd_protocol.h"

#define MANAGER		  "org.freedesktop.systemd1"
#define MANAGER_PATH	  "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define USEC_PER_SEC	  UINT64_C(1000000)

struct helper {
	struct systemd_request request;
	struct systemd_answer answer;
	sd_bus *bus;
	uint64_t deadline;
	char job[256];	  /* the object that is waited for */
	char result[32];  /* "" until it is done */
};

/* errnum: either sign; message NULL: what it says by itself. */
static int fail(struct helper *helper, int errnum, const char *call, const char *message)
{
	struct systemd_answer *answer = &helper->answer;

	answer->errnum = errnum < 0 ? -errnum : errnum;
	format_text(answer->call, sizeof(answer->call), "%s", call);
	format_text(answer->message, sizeof(answer->message), "%s", message ? message : strerror(answer->errnum));
	return -1;
}

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

/* ---- the connection ---- */

/* Directly to systemd: there need be no bus; else by the bus, which is all that some containers show. */
static int connect_to(struct helper *helper, const char *path, bool is_bus)
{
	char address[256];
	int result = sd_bus_new(&helper->bus);

	if (result < 0)
		return result;
	format_text(address, sizeof(address), "unix:path=%s", path);
	result = sd_bus_set_address(helper->bus, address);
	if (result >= 0 && is_bus)
		result = sd_bus_set_bus_client(helper->bus, true);
	if (result >= 0)
		result = sd_bus_start(helper->bus);
	/* Started is not yet connected: only an answer tells that the other end is systemd. */
	if (result >= 0)
		result = sd_bus_call_method(helper->bus, MANAGER, MANAGER_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL,
					    NULL, "");
	if (result < 0)
		helper->bus = sd_bus_flush_close_unref(helper->bus);
	return result;
}

static int open_bus(struct helper *helper)
{
	const char *directory = helper->request.runtime_dir;
	char paths[2][200], message[sizeof(helper->answer.message)];
	int result = -ENOENT, last;

	/* The address has characters of its own that mean something. */
	if (directory[strspn(directory, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")])
		return fail(helper, EINVAL, "connect", "XDG_RUNTIME_DIR has characters that are not taken");
	format_text(paths[0], sizeof(paths[0]), "%s/systemd/private", *directory ? directory : "/run");
	format_text(paths[1], sizeof(paths[1]), "%s", *directory ? directory : "/run/dbus/system_bus_socket");
	if (*directory)
		format_text(paths[1], sizeof(paths[1]), "%s/bus", directory);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		last = connect_to(helper, paths[i], i == 1);
		if (last >= 0)
			return 0;
		/* That there is no file says less than any other refusal. */
		if (i == 0 || last != -ENOENT)
			result = last;
	}
	format_text(message, sizeof(message), "nobody answers on %s and %s: %s", paths[0], paths[1], strerror(-result));
	return fail(helper, result, "connect", message);
}

/* ---- jobs ---- */

static int on_job_removed(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct helper *helper = context;
	const char *path, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(message, "uoss", &id, &path, NULL, &result) >= 0 && strcmp(path, helper->job) == 0)
		format_text(helper->result, sizeof(helper->result), "%s", result);
	return 0;
}

static int watch_jobs(struct helper *helper)
{
	int result = sd_bus_match_signal(helper->bus, NULL, NULL, MANAGER_PATH, MANAGER_INTERFACE, "JobRemoved",
					 on_job_removed, helper);

	if (result < 0)
		return fail(helper, result, "AddMatch", NULL);
	/* On the bus signals come to those who subscribe; a direct connection has them anyway. */
	sd_bus_call_method(helper->bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "Subscribe", NULL, NULL, "");
	return 0;
}

static int await_job(struct helper *helper, const char *call, const char *job)
{
	format_text(helper->job, sizeof(helper->job), "%s", job);
	while (!helper->result[0]) {
		uint64_t now = now_usec();
		int result = sd_bus_process(helper->bus, NULL);

		if (result < 0)
			return fail(helper, result, call, NULL);
		if (now >= helper->deadline)
			return fail(helper, ETIMEDOUT, call, "the job has not ended in time");
		if (result == 0 && !helper->result[0]) {
			result = sd_bus_wait(helper->bus, helper->deadline - now);
			if (result < 0 && result != -EINTR)
				return fail(helper, result, call, NULL);
		}
	}
	if (strcmp(helper->result, "done") == 0)
		return 0;
	return fail(helper, EIO, call, helper->result);
}

/* ---- properties ---- */

static int append_number(sd_bus_message *message, const char *name, uint64_t number)
{
	return sd_bus_message_append(message, "(sv)", name, "t", number);
}

static int append_bytes(sd_bus_message *message, const struct systemd_property *property)
{
	int result = sd_bus_message_open_container(message, 'r', "sv");

	if (result >= 0)
		result = sd_bus_message_append(message, "s", property->name);
	if (result >= 0)
		result = sd_bus_message_open_container(message, 'v', "ay");
	if (result >= 0)
		result = sd_bus_message_append_array(message, 'y', property->bytes, property->size);
	if (result >= 0)
		result = sd_bus_message_close_container(message);
	return result < 0 ? result : sd_bus_message_close_container(message);
}

static int append_properties(struct helper *helper, sd_bus_message *message)
{
	int result = 0;

	for (uint32_t i = 0; result >= 0 && i < helper->request.properties_count; i++) {
		const struct systemd_property *property = &helper->request.properties[i];

		result = property->kind == SYSTEMD_BYTES ? append_bytes(message, property)
							 : append_number(message, property->name, property->number);
	}
	return result;
}

/* Delegate: what lies below is the container's, and all controllers are there. CollectMode: a scope that failed is
 * forgotten, so that its name is free again. */
static int append_scope(struct helper *helper, sd_bus_message *message)
{
	static const char *const flags[] = {"Delegate", "CPUAccounting", "MemoryAccounting", "IOAccounting", "TasksAccounting"};
	const struct systemd_request *request = &helper->request;
	int result = sd_bus_message_append(message, "(sv)(sv)(sv)(sv)(sv)", "Description", "s", request->description,
					   "Slice", "s", request->slice, "DefaultDependencies", "b", 0, "CollectMode", "s",
					   "inactive-or-failed", "PIDs", "au", 1, (uint32_t)request->pid);

	for (size_t i = 0; result >= 0 && i < ARRAY_SIZE(flags); i++)
		result = sd_bus_message_append(message, "(sv)", flags[i], "b", 1);
	return result;
}

static int new_call(struct helper *helper, sd_bus_message **ret, const char *method)
{
	return sd_bus_message_new_method_call(helper->bus, ret, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, method);
}

/* ---- the three verbs ---- */

static void reset_failed(struct helper *helper)
{
	sd_bus_call_method(helper->bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "ResetFailedUnit", NULL, NULL, "s",
			   helper->request.unit);
}

static int start_once(struct helper *helper, sd_bus_error *error, sd_bus_message **ret_reply)
{
	sd_bus_message *message = NULL;
	int result = new_call(helper, &message, "StartTransientUnit");

	if (result >= 0)
		result = sd_bus_message_append(message, "ss", helper->request.unit, "fail");
	if (result >= 0)
		result = sd_bus_message_open_container(message, 'a', "(sv)");
	if (result >= 0)
		result = append_scope(helper, message);
	if (result >= 0)
		result = append_properties(helper, message);
	if (result >= 0)
		result = sd_bus_message_close_container(message);
	if (result >= 0)
		result = sd_bus_message_append(message, "a(sa(sv))", 0);
	if (result >= 0)
		result = sd_bus_call(helper->bus, message, 0, error, ret_reply);
	sd_bus_message_unref(message);
	return result;
}

static int read_cgroup(struct helper *helper)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *unit = NULL;
	char *path = NULL;
	int result = sd_bus_call_method(helper->bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "GetUnit", &error, &reply, "s",
					helper->request.unit);

	if (result >= 0)
		result = sd_bus_message_read(reply, "o", &unit);
	if (result >= 0)
		result = sd_bus_get_property_string(helper->bus, MANAGER, unit, "org.freedesktop.systemd1.Scope",
						    "ControlGroup", &error, &path);
	if (result < 0)
		return fail(helper, result, "GetUnit", error.message);
	format_text(helper->answer.cgroup, sizeof(helper->answer.cgroup), "%s", path);
	return 0;
}

static int start(struct helper *helper)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *job;
	int result;

	if (watch_jobs(helper))
		return -1;
	result = start_once(helper, &error, &reply);
	/* One of this name that failed and is still remembered. */
	if (result < 0 && sd_bus_error_has_name(&error, "org.freedesktop.systemd1.UnitExists")) {
		sd_bus_error_free(&error);
		reset_failed(helper);
		result = start_once(helper, &error, &reply);
	}
	if (result >= 0)
		result = sd_bus_message_read(reply, "o", &job);
	if (result < 0)
		return fail(helper, result, "StartTransientUnit", error.message);
	return await_job(helper, "StartTransientUnit", job) ? -1 : read_cgroup(helper);
}

static int set(struct helper *helper)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL;
	int result = new_call(helper, &message, "SetUnitProperties");

	if (result >= 0)
		result = sd_bus_message_append(message, "sb", helper->request.unit, 1);
	if (result >= 0)
		result = sd_bus_message_open_container(message, 'a', "(sv)");
	if (result >= 0)
		result = append_properties(helper, message);
	if (result >= 0)
		result = sd_bus_message_close_container(message);
	if (result >= 0)
		result = sd_bus_call(helper->bus, message, 0, &error, NULL);
	return result < 0 ? fail(helper, result, "SetUnitProperties", error.message) : 0;
}

static int stop(struct helper *helper)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *job;
	int result;

	if (watch_jobs(helper))
		return -1;
	result = sd_bus_call_method(helper->bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "StopUnit", &error, &reply, "ss",
				    helper->request.unit, "replace");
	if (result < 0 && sd_bus_error_has_name(&error, "org.freedesktop.systemd1.NoSuchUnit"))
		return 0;
	if (result >= 0)
		result = sd_bus_message_read(reply, "o", &job);
	if (result < 0)
		return fail(helper, result, "StopUnit", error.message);
	if (await_job(helper, "StopUnit", job))
		return -1;
	reset_failed(helper);
	return 0;
}

/* ---- */

static bool is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

/* It comes from a runtime of the same build: what is wrong here is another program. */
static bool is_sound(const struct systemd_request *request)
{
	bool sound = request->magic == SYSTEMD_MAGIC && request->verb >= SYSTEMD_START && request->verb <= SYSTEMD_STOP &&
		     request->properties_count <= SYSTEMD_PROPERTIES_MAX &&
		     is_text(request->runtime_dir, sizeof(request->runtime_dir)) &&
		     is_text(request->unit, sizeof(request->unit)) && is_text(request->slice, sizeof(request->slice)) &&
		     is_text(request->description, sizeof(request->description)) &&
		     (request->verb != SYSTEMD_START || request->pid > 0);

	for (uint32_t i = 0; sound && i < request->properties_count; i++)
		sound = is_text(request->properties[i].name, sizeof(request->properties[i].name)) &&
			request->properties[i].size <= SYSTEMD_BYTES_MAX;
	return sound;
}

int main(void)
{
	static int (*const verbs[])(struct helper *) = {
		[SYSTEMD_START] = start,
		[SYSTEMD_SET] = set,
		[SYSTEMD_STOP] = stop,
	};
	static struct helper helper;
	ssize_t got = recv(0, &helper.request, sizeof(helper.request), MSG_TRUNC);

	if (got < 0) {
		fprintf(stderr, "bulkhead-systemd is a helper of bulkhead-oci --systemd-cgroup, which alone starts it\n");
		return 2;
	}
	if (got != (ssize_t)sizeof(helper.request) || !is_sound(&helper.request))
		return 3;
	helper.answer.magic = SYSTEMD_MAGIC;
	helper.deadline = now_usec() + SYSTEMD_JOB_SECONDS * USEC_PER_SEC;
	if (open_bus(&helper) == 0)
		verbs[helper.request.verb](&helper);
	if (helper.bus)
		sd_bus_flush_close_unref(helper.bus);
	return send(0, &helper.answer, sizeof(helper.answer), MSG_NOSIGNAL) == (ssize_t)sizeof(helper.answer) ? 0 : 1;
}
