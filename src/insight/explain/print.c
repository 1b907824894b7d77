/* SPDX-License-Identifier: Apache-2.0 */
/* explain/print: a record as a paragraph, in the form that this program's own errors have. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/types.h"
#include "insight/explain/explain.h"

const char *explain_tier_name(uint32_t tier)
{
	static const char *const names[] = {
		[OBSERVE_TIER_ROOTLESS] = "rootless",
		[OBSERVE_TIER_TRACEPOINTS] = "tracepoints",
		[OBSERVE_TIER_PROBES] = "probes",
		[OBSERVE_TIER_HOOKS] = "hooks",
	};

	return tier < ARRAY_SIZE(names) ? names[tier] : "unknown";
}

static void line(struct buf *out, const char *key, const char *prefix, const char *text)
{
	if (text[0])
		buf_printf(out, "  %-9s %s%s\n", key, prefix, text);
}

static void put_call(const struct record *record, struct buf *out)
{
	buf_printf(out, "%s(", record->call);
	for (size_t i = 0; i < record->arguments_count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", record->arguments[i]);
	buf_puts(out, ")");
}

static void put_head(const struct record *record, const struct explain_style *style, struct buf *out)
{
	if (style->colour)
		buf_puts(out, "\033[1m");
	buf_printf(out, "%s[%d]: ", record->command, record->pid);
	if (record->call[0])
		put_call(record, out);
	if (record->kind == RECORD_KILL)
		buf_printf(out, "%sended by signal %d", record->call[0] ? ": " : "", record->signal);
	else
		buf_printf(out, ": %s (%s)", err_name(record->errnum) ?: "?", err_text(record->errnum));
	if (style->colour)
		buf_puts(out, "\033[0m");
	buf_puts(out, "\n");
}

void explain_print(const struct record *record, const struct explain_style *style, struct buf *out)
{
	const struct refusal_verdict *verdict = &record->verdict;
	const struct {
		const char *tool, *text;
	} tools[] = {
		{"bulkhead: ", verdict->bulkhead}, {"config.json: ", verdict->oci}, {"podman, docker: ",
		 verdict->engine},
		{"Kubernetes: ", verdict->kubernetes}, {"host or image: ", verdict->host},
	};
	const char *key = "try";

	put_head(record, style, out);
	if (verdict->certainty == REFUSAL_UNSURE)
		buf_printf(out, "  %-9s unknown\n", "layer");
	else
		buf_printf(out, "  %-9s %s%s\n", "layer", refusal_layer_name(verdict->layer),
			   verdict->certainty == REFUSAL_GUESS ? " (a guess: it was not seen)" : "");
	line(out, "because", "", verdict->why);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (tools[i].text[0] && strncmp(tools[i].text, REFUSAL_NO_WAY, strlen(REFUSAL_NO_WAY))) {
			line(out, key, tools[i].tool, tools[i].text);
			key = "";
		}
	if (!key[0])
		line(out, "cost", "", verdict->cost);
	else
		line(out, "try", "nothing: ", verdict->never);
	if (record->repeated)
		buf_printf(out, "  %-9s %llu times more\n", "repeated", (unsigned long long)record->repeated);
}
