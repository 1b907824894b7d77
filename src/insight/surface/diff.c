/* SPDX-License-Identifier: Apache-2.0 */
/* surface/diff: two surfaces beside each other, and what only one of them reaches. */
#include <string.h>

#include "base/json.h"
#include "insight/surface/parts.h"

#define SHOWN_MAX 40 /* names of one side that the text lists; JSON has all */

static bool reaches(const struct surface_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->items[i].name, name) == 0)
			return set->items[i].verdict != SURFACE_REFUSED;
	return false;
}

/* Calls visit for each item that one reaches and other does not; returns how many. */
static size_t each_only(const struct surface_set *one, const struct surface_set *other,
			void (*visit)(const struct surface_item *item, void *context), void *context)
{
	size_t count = 0;

	for (size_t i = 0; one->known && other->known && i < one->count; i++) {
		if (one->items[i].verdict == SURFACE_REFUSED || reaches(other, one->items[i].name))
			continue;
		count++;
		visit(&one->items[i], context);
	}
	return count;
}

struct lines {
	struct buf text;
	size_t shown;
};

static void add_line(const struct surface_item *item, void *context)
{
	struct lines *lines = context;

	if (lines->shown++ >= SHOWN_MAX)
		return;
	buf_puts(&lines->text, (lines->shown - 1) % 5 ? " " : "\n    ");
	surface_put_name(&lines->text, item->name);
	if (item->risk >= REFERENCE_RISK_HIGH)
		buf_printf(&lines->text, "(%s)", reference_risk_name(item->risk));
}

static void add_side(const struct surface *one, const struct surface *other, enum surface_set_id id, struct buf *out)
{
	struct lines lines = {.text = BUF_INIT};
	size_t count = each_only(&one->sets[id], &other->sets[id], add_line, &lines);

	if (count) {
		buf_puts(out, "\n  only ");
		surface_put_name(out, one->subject);
		buf_printf(out, ": %zu %s", count, surface_set_title(id));
		buf_puts(out, lines.text.failed ? "" : lines.text.data);
		if (count > SHOWN_MAX)
			buf_printf(out, "\n    and %zu more (--json lists all)", count - SHOWN_MAX);
		buf_puts(out, "\n");
	}
	buf_done(&lines.text);
}

static void add_count(const struct surface_set *set, struct buf *out)
{
	if (set->known)
		buf_printf(out, " %14zu", surface_reached(set));
	else
		buf_printf(out, " %14s", "not known");
}

void surface_diff_text(const struct surface *a, const struct surface *b, struct buf *out)
{
	buf_printf(out, "A  %s ", a->kind);
	surface_put_name(out, a->subject);
	buf_printf(out, "\nB  %s ", b->kind);
	surface_put_name(out, b->subject);
	buf_printf(out, "\n\n  %-24s %14s %14s %8s\n", "reached", "A", "B", "of");
	for (int id = 0; id < SURFACE_SET_COUNT; id++) {
		buf_printf(out, "  %-24s", surface_set_title((enum surface_set_id)id));
		add_count(&a->sets[id], out);
		add_count(&b->sets[id], out);
		if (a->sets[id].known && id != SURFACE_DEVICES)
			buf_printf(out, " %8zu", a->sets[id].count);
		buf_puts(out, "\n");
	}
	for (int id = 0; id < SURFACE_SET_COUNT; id++) {
		add_side(a, b, (enum surface_set_id)id, out);
		add_side(b, a, (enum surface_set_id)id, out);
	}
}

static void put_name(const struct surface_item *item, void *context)
{
	json_put_string(context, item->name);
}

static void put_set(const struct surface *a, const struct surface *b, int id, struct json_writer *writer)
{
	json_key(writer, surface_set_key((enum surface_set_id)id));
	if (!a->sets[id].known || !b->sets[id].known) {
		json_put_null(writer);
		return;
	}
	json_begin_object(writer);
	json_member_u64(writer, "total", a->sets[id].count);
	json_member_u64(writer, "a", surface_reached(&a->sets[id]));
	json_member_u64(writer, "b", surface_reached(&b->sets[id]));
	json_key(writer, "onlyA");
	json_begin_array(writer);
	each_only(&a->sets[id], &b->sets[id], put_name, writer);
	json_end_array(writer);
	json_key(writer, "onlyB");
	json_begin_array(writer);
	each_only(&b->sets[id], &a->sets[id], put_name, writer);
	json_end_array(writer);
	json_end_object(writer);
}

void surface_diff_json(const struct surface *a, const struct surface *b, struct buf *out)
{
	struct json_writer writer = JSON_WRITER(out, 2);

	json_begin_object(&writer);
	json_member_string(&writer, "a", a->subject);
	json_member_string(&writer, "b", b->subject);
	json_key(&writer, "sets");
	json_begin_object(&writer);
	for (int id = 0; id < SURFACE_SET_COUNT; id++)
		put_set(a, b, id, &writer);
	json_end_object(&writer);
	json_end_object(&writer);
	buf_puts(out, "\n");
}
