/* SPDX-License-Identifier: Apache-2.0 */
/* events: statistics of a container, once or again and again until it ends, and its lack of memory: one JSON object a
 * line. */
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cmd/bulkhead-oci/oci.h"

#define SECOND 1000000000ull
#define MILLISECOND 1000000ull

struct arguments {
	const char *interval;
	bool once;
};

static const struct opt options[] = {
	{OPT_STRING, 0, "interval", "TIME", "between two of them: 5s, 500ms, 1m", offsetof(struct arguments, interval)},
	{OPT_FLAG, 0, "stats", NULL, "print them once and end", offsetof(struct arguments, once)},
	{.type = OPT_END},
};

/* "5s", "500ms", "1m30s": a sum of numbers with units, as engines write it. */
static int read_interval(const char *text, uint64_t *ret, struct err *err)
{
	static const struct {
		const char *unit;
		uint64_t nanoseconds;
	} units[] = {{"ms", SECOND / 1000}, {"s", SECOND}, {"m", 60 * SECOND}, {"h", 3600 * SECOND}};
	uint64_t sum = 0;

	for (const char *at = text; *at;) {
		char *end;
		unsigned long number = strtoul(at, &end, 10);
		size_t i = 0, length = strspn(end, "hms");

		while (i < sizeof(units) / sizeof(units[0]) &&
		       (strlen(units[i].unit) != length || strncmp(end, units[i].unit, length) != 0))
			i++;
		if (*at < '0' || *at > '9' || number > 1000000 || i == sizeof(units) / sizeof(units[0])) {
			sum = 0;
			break;
		}
		sum += number * units[i].nanoseconds;
		at = end + length;
	}
	*ret = sum;
	if (sum)
		return 0;
	err_set(err, ERR_USAGE, "--interval \"%s\" is no time", text);
	return err_fix(err, "a number with ms, s, m or h, such as 5s");
}

static int print(void *context, struct buf *object, struct err *err)
{
	int result;

	(void)context;
	buf_puts(object, "\n");
	result = object->failed ? -ENOMEM : fd_write_all(1, object->data, object->length);
	return result < 0 ? err_sys(err, result, "write", "cannot write to standard output") : 0;
}

static int print_once(struct oci *oci, const char *id)
{
	struct buf out cleanup_buf = BUF_INIT;
	struct err err = ERR_INIT;

	if (engine_stats(&oci->engine, id, &out, &err))
		return oci_fail(oci, &err);
	buf_puts(&out, "\n");
	return cli_print(&oci->cli, &out);
}

static int events(int argc, char **argv, void *context)
{
	struct arguments arguments = {.interval = "5s"};
	struct engine_events request = {.line = print};
	struct oci *oci = context;
	struct err err = ERR_INIT;
	uint64_t interval;
	int operands, status = oci_parse(oci, &verb_events, argc, argv, &arguments, 1, 1, &operands);

	if (status != OCI_GO_ON)
		return status;
	if (read_interval(arguments.interval, &interval, &err))
		return oci_fail(oci, &err);
	if (arguments.once)
		return print_once(oci, argv[0]);
	request.interval_ms = interval / MILLISECOND;
	return oci_result(oci, engine_events(&oci->engine, argv[0], &request, &err), &err);
}

const struct opt_verb verb_events = {
	.name = "events",
	.synopsis = "[options] CONTAINER",
	.summary = "Print statistics of a container, and lack of memory, as JSON, until it ends.",
	.options = options,
	.mixed = true,
	.run = events,
};
