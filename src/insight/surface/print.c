/* SPDX-License-Identifier: Apache-2.0 */
/* surface/print: a surface as text for people, the risky parts first, and whole as JSON. */
#include <string.h>

#include "base/json.h"
#include "insight/surface/parts.h"

#define RED    "\033[31m"
#define YELLOW "\033[33m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"
#define COLUMN 100

static const char *set_colour(const struct surface_set *set, bool colour)
{
	if (!colour || !set->count)
		return "";
	return surface_reached(set) == set->count ? RED : surface_reached(set) * 2 > set->count ? YELLOW : "";
}

static void add_counts(const struct surface *surface, bool colour, struct buf *out)
{
	buf_printf(out, "  %-24s %8s %8s %8s\n", "", "reached", "limited", "of");
	for (int id = 0; id < SURFACE_SET_COUNT; id++) {
		const struct surface_set *set = &surface->sets[id];
		const char *begin = set_colour(set, colour);

		if (!set->known) {
			buf_printf(out, "  %-24s %8s\n", surface_set_title((enum surface_set_id)id), "not known");
			continue;
		}
		buf_printf(out, "  %-24s %s%8zu%s", surface_set_title((enum surface_set_id)id), begin, surface_reached(set),
			   begin[0] ? PLAIN : "");
		if (set->of[SURFACE_ARGUMENTS] + set->of[SURFACE_SUPERVISED])
			buf_printf(out, " %8zu", set->of[SURFACE_ARGUMENTS] + set->of[SURFACE_SUPERVISED]);
		else
			buf_printf(out, " %8s", "");
		if (id == SURFACE_DEVICES)
			buf_puts(out, "\n");
		else
			buf_printf(out, " %8zu\n", set->count);
	}
}

/* Names in lines of COLUMN characters, indented. */
static void add_names(const struct surface_set *set, enum reference_risk risk, bool high_half, struct buf *out)
{
	size_t width = COLUMN;

	for (size_t i = 0; i < set->count; i++) {
		const struct surface_item *item = &set->items[i];

		if (item->verdict == SURFACE_REFUSED || (high_half ? !item->high_half : item->risk != risk))
			continue;
		if (width + strlen(item->name) + 2 > COLUMN) {
			buf_puts(out, "\n   ");
			width = 3;
		}
		buf_printf(out, " %s%s", item->name, item->verdict == SURFACE_ARGUMENTS ? "*" : "");
		width += strlen(item->name) + 2;
	}
	buf_puts(out, "\n");
}

static size_t count_risk(const struct surface_set *set, enum reference_risk risk, bool reached)
{
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++)
		count += set->items[i].risk == risk && (!reached || set->items[i].verdict != SURFACE_REFUSED);
	return count;
}

static void add_risky(const struct surface *surface, bool colour, struct buf *out)
{
	for (int risk = REFERENCE_RISK_CRITICAL; risk >= REFERENCE_RISK_HIGH; risk--)
		for (int id = 0; id < SURFACE_SET_COUNT; id++) {
			const struct surface_set *set = &surface->sets[id];
			size_t reached = count_risk(set, (enum reference_risk)risk, true);

			if (!reached || id == SURFACE_BOUNDING)
				continue;
			buf_printf(out, "\n  %s%s%s: %zu of %zu %s", colour ? risk == REFERENCE_RISK_CRITICAL ? RED : YELLOW : "",
				   reference_risk_name((enum reference_risk)risk), colour ? PLAIN : "", reached,
				   count_risk(set, (enum reference_risk)risk, false), surface_set_title((enum surface_set_id)id));
			add_names(set, (enum reference_risk)risk, false, out);
		}
}

static void add_loose(const struct surface *surface, struct buf *out)
{
	for (int id = 0; id < SURFACE_SET_COUNT; id++) {
		const struct surface_set *set = &surface->sets[id];
		size_t loose = 0;

		for (size_t i = 0; i < set->count; i++)
			loose += set->items[i].high_half;
		if (!loose)
			continue;
		buf_printf(out, "\n  refused by the filter, reached with bits above 31 of the argument set: %zu %s", loose,
			   surface_set_title((enum surface_set_id)id));
		add_names(set, REFERENCE_RISK_NONE, true, out);
	}
}

void surface_print_text(const struct surface *surface, bool colour, struct buf *out)
{
	buf_printf(out, "%sattack surface of %s %s%s\n\n", colour ? BOLD : "", surface->kind, surface->subject,
		   colour ? PLAIN : "");
	add_counts(surface, colour, out);
	buf_puts(out, "\n");
	for (size_t i = 0; i < surface->facts_count; i++) {
		const struct surface_fact *fact = &surface->facts[i];

		buf_printf(out, "  %-24s %s%s%s\n", fact->title, colour && fact->risky ? YELLOW : "", fact->value,
			   colour && fact->risky ? PLAIN : "");
	}
	add_risky(surface, colour, out);
	add_loose(surface, out);
}

static void add_set_json(const struct surface_set *set, struct json_writer *writer)
{
	json_begin_object(writer);
	json_member_u64(writer, "total", set->count);
	json_member_u64(writer, "reached", surface_reached(set));
	for (int verdict = SURFACE_REFUSED; verdict <= SURFACE_ALLOWED; verdict++)
		json_member_u64(writer, surface_verdict_name((enum surface_verdict)verdict), set->of[verdict]);
	json_key(writer, "items");
	json_begin_array(writer);
	for (size_t i = 0; i < set->count; i++) {
		json_begin_object(writer);
		json_member_string(writer, "name", set->items[i].name);
		json_member_string(writer, "verdict", surface_verdict_name(set->items[i].verdict));
		json_member_string(writer, "risk",
				   set->items[i].risk ? reference_risk_name(set->items[i].risk) : NULL);
		if (set->items[i].high_half)
			json_member_bool(writer, "highHalf", true);
		json_end_object(writer);
	}
	json_end_array(writer);
	json_end_object(writer);
}

void surface_print_json(const struct surface *surface, struct buf *out)
{
	struct json_writer writer = JSON_WRITER(out, 2);

	json_begin_object(&writer);
	json_member_string(&writer, "subject", surface->subject);
	json_member_string(&writer, "kind", surface->kind);
	json_key(&writer, "facts");
	json_begin_object(&writer);
	for (size_t i = 0; i < surface->facts_count; i++)
		json_member_string(&writer, surface->facts[i].key, surface->facts[i].value);
	json_end_object(&writer);
	json_key(&writer, "sets");
	json_begin_object(&writer);
	for (int id = 0; id < SURFACE_SET_COUNT; id++) {
		json_key(&writer, surface_set_key((enum surface_set_id)id));
		if (surface->sets[id].known)
			add_set_json(&surface->sets[id], &writer);
		else
			json_put_null(&writer);
	}
	json_end_object(&writer);
	json_end_object(&writer);
	buf_puts(out, "\n");
}
