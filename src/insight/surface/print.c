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
	buf_printf(out, "  %-24s %8s %8s %8s", "", "reached", "limited", "of");
	buf_puts(out, surface->profile ? "     used never used\n" : "\n");
	for (int id = 0; id < SURFACE_SET_COUNT; id++) {
		const struct surface_set *set = &surface->sets[id];
		const char *begin = set_colour(set, colour);

		if (!set->known) {
			buf_printf(out, "  %-24s %8s\n", surface_set_title((enum surface_set_id)id), "not known");
			continue;
		}
		buf_printf(out, "  %-24s %s%8zu%s", surface_set_title((enum surface_set_id)id), begin, surface_reached(set),
			   begin[0] ? PLAIN : "");
		if (surface_limited(set))
			buf_printf(out, " %8zu", surface_limited(set));
		else
			buf_printf(out, " %8s", "");
		if (id == SURFACE_DEVICES)
			buf_printf(out, " %8s", "");
		else
			buf_printf(out, " %8zu", set->count);
		if (set->use_known)
			buf_printf(out, " %8zu %10zu", set->used - set->missing, set->idle);
		buf_puts(out, "\n");
	}
}

enum choice { BY_RISK, HIGH_HALF, MISSING };

static bool is_chosen(const struct surface_item *item, enum choice choice, enum reference_risk risk)
{
	if (choice == MISSING)
		return item->used && item->verdict == SURFACE_REFUSED;
	return item->verdict != SURFACE_REFUSED && (choice == HIGH_HALF ? item->high_half : item->risk == risk);
}

/* Names in lines of COLUMN characters, indented. */
static void add_names(const struct surface_set *set, enum choice choice, enum reference_risk risk, struct buf *out)
{
	size_t width = COLUMN;

	for (size_t i = 0; i < set->count; i++) {
		const struct surface_item *item = &set->items[i];

		if (!is_chosen(item, choice, risk))
			continue;
		if (width + strlen(item->name) + 3 > COLUMN) {
			buf_puts(out, "\n   ");
			width = 3;
		}
		buf_puts(out, " ");
		surface_put_name(out, item->name);
		buf_printf(out, "%s%s", item->verdict == SURFACE_ALLOWED || choice == MISSING ? "" : "*",
			   set->use_known && item->used && choice == BY_RISK ? "+" : "");
		width += strlen(item->name) + 3;
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
			add_names(set, BY_RISK, (enum reference_risk)risk, out);
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
		add_names(set, HIGH_HALF, REFERENCE_RISK_NONE, out);
	}
}

/* What the profile asks for and the subject does not grant: the program would fail. */
static void add_missing(const struct surface *surface, struct buf *out)
{
	for (int id = 0; id < SURFACE_SET_COUNT; id++) {
		const struct surface_set *set = &surface->sets[id];

		/* What stands in the bounding set alone is told with the effective one. */
		if (!set->missing || id == SURFACE_BOUNDING)
			continue;
		buf_printf(out, "\n  used, but refused: %zu %s", set->missing, surface_set_title((enum surface_set_id)id));
		add_names(set, MISSING, REFERENCE_RISK_NONE, out);
	}
}

void surface_print_text(const struct surface *surface, bool colour, struct buf *out)
{
	buf_printf(out, "%sattack surface of %s ", colour ? BOLD : "", surface->kind);
	surface_put_name(out, surface->subject);
	buf_printf(out, "%s\n\n", colour ? PLAIN : "");
	add_counts(surface, colour, out);
	buf_puts(out, "\n");
	for (size_t i = 0; i < surface->facts_count; i++) {
		const struct surface_fact *fact = &surface->facts[i];

		buf_printf(out, "  %-24s %s", fact->title, colour && fact->tone == SURFACE_OPEN ? YELLOW : "");
		surface_put_name(out, fact->value);
		buf_printf(out, "%s\n", colour && fact->tone == SURFACE_OPEN ? PLAIN : "");
	}
	add_risky(surface, colour, out);
	add_loose(surface, out);
	add_missing(surface, out);
	if (!surface->profile)
		return;
	buf_puts(out, "\n  + is used, by ");
	surface_put_name(out, surface->profile);
	buf_puts(out, "; \"never used\" is what could be taken away\n");
}

static void add_set_json(const struct surface_set *set, struct json_writer *writer)
{
	json_begin_object(writer);
	json_member_u64(writer, "total", set->count);
	json_member_u64(writer, "reached", surface_reached(set));
	json_member_u64(writer, "limited", surface_limited(set));
	for (int verdict = SURFACE_REFUSED; verdict <= SURFACE_ALLOWED; verdict++)
		json_member_u64(writer, surface_verdict_name((enum surface_verdict)verdict), set->of[verdict]);
	if (set->use_known) {
		json_member_u64(writer, "used", set->used);
		json_member_u64(writer, "neverUsed", set->idle);
		json_member_u64(writer, "usedButRefused", set->missing);
	}
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
		if (set->use_known)
			json_member_bool(writer, "used", set->items[i].used);
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
	if (surface->profile)
		json_member_string(&writer, "profile", surface->profile);
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
