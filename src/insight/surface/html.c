/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface/html: a surface as one page: a picture of all system calls by risk and verdict, a bar for each set, the facts,
 * and the names; with a containment profile, what of it is used. No script, no other file; dark where the reader's system
 * is. Colours never stand alone: each cell has a title, and a shape of its own. All names are escaped.
 */
#include <string.h>

#include "base/types.h"
#include "insight/surface/parts.h"

#define CELL 16
#define PER_ROW 50
#define LEFT 110 /* of the grid: labels stand there */
#define WIDTH (LEFT + PER_ROW * CELL)

static const char style[] =
	":root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6676;--paper:#f7f8fa;--card:#fff;--line:#dfe3e9;"
	"--allowed:#d1495b;--limited:#edae49;--refused:#c9d6df;--ok:#2a7f62;--used:#2a7f62}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#9aa6b6;--paper:#11151b;--card:#1a2029;"
	"--line:#2c3541;--allowed:#e4606f;--limited:#e3aa4b;--refused:#344252;--ok:#5cc49f;--used:#43a883}}\n"
	"*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);"
	"font:15px/1.5 system-ui,sans-serif}main{max-width:1020px;margin:0 auto;padding:28px 20px 60px}\n"
	"h1{font-size:24px;margin:0 0 2px;overflow-wrap:anywhere}h2{font-size:17px;margin:0 0 10px}"
	"p{margin:0 0 12px;color:var(--soft)}"
	"section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:16px 0;"
	"overflow-x:auto}\n"
	"svg{display:block;max-width:100%;height:auto}svg text{fill:var(--ink);font:12px system-ui,sans-serif}"
	"svg .soft{fill:var(--soft)}.allowed{fill:var(--allowed)}.limited{fill:var(--limited)}"
	".refused{fill:var(--refused)}.used{fill:var(--used)}"
	".idle{fill:none;stroke:var(--allowed);stroke-width:2}.missing{fill:none;stroke:var(--ink);stroke-width:2;"
	"stroke-dasharray:3 2}\n"
	"table{border-collapse:collapse;width:100%}"
	"th,td{text-align:left;padding:5px 14px 5px 0;border-top:1px solid "
	"var(--line);vertical-align:middle}th{font-weight:600;width:230px}"
	"td.n{text-align:right;font-variant-numeric:tabular-nums;"
	"white-space:nowrap}tr:first-child>*{border-top:0}.risky{color:var(--allowed);font-weight:600}"
	".fine{color:var(--ok)}details{margin:6px 0}summary{cursor:pointer}code{font:12px ui-monospace,monospace;"
	"margin-right:10px;display:inline-block}.key{display:inline-block;width:12px;height:12px;border-radius:3px;"
	"margin:0 5px 0 14px;vertical-align:-1px}.key:first-child{margin-left:0}.none{color:var(--soft)}\n";

static void add_escaped(struct buf *out, const char *text)
{
	static const char *const marks[] = {['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;", ['\''] = "&#39;"};
	struct buf name cleanup_buf = BUF_INIT;

	surface_put_name(&name, text);
	out->failed = out->failed || name.failed;
	for (size_t i = 0; !name.failed && i < name.length; i++) {
		unsigned char byte = (unsigned char)name.data[i];

		if (byte < ARRAY_SIZE(marks) && marks[byte])
			buf_puts(out, marks[byte]);
		else
			buf_add(out, &name.data[i], 1);
	}
}

/* What a cell shows, in the order in which it stands. Without a profile nothing is known of use. */
enum look { LOOK_USED, LOOK_IDLE, LOOK_ALLOWED, LOOK_LIMITED, LOOK_MISSING, LOOK_REFUSED, LOOK_COUNT };

/* inset and rx are the shape: each look is to be told apart without colour. */
static const struct {
	const char *class, *says;
	unsigned int inset, rx;
} looks[LOOK_COUNT] = {
	[LOOK_USED] = {"used", ", used", 1, 2},	       [LOOK_IDLE] = {"idle", ", never used", 2, 2},
	[LOOK_ALLOWED] = {"allowed", "", 1, 2},	       [LOOK_LIMITED] = {"limited", "", 1, 7},
	[LOOK_MISSING] = {"missing", ", but used", 2, 2}, [LOOK_REFUSED] = {"refused", "", 4, 2},
};

static enum look look_of(const struct surface_set *set, const struct surface_item *item)
{
	bool refused = item->verdict == SURFACE_REFUSED;

	if (!set->use_known)
		return refused ? LOOK_REFUSED : item->verdict == SURFACE_ALLOWED ? LOOK_ALLOWED : LOOK_LIMITED;
	if (refused)
		return item->used ? LOOK_MISSING : LOOK_REFUSED;
	return item->used ? LOOK_USED : LOOK_IDLE;
}

/* ---- the picture ---- */

static void add_cell(struct buf *out, const struct surface_item *item, enum look look, size_t place, size_t top)
{
	size_t x = LEFT + place % PER_ROW * CELL, y = top + place / PER_ROW * CELL;
	size_t inset = looks[look].inset, side = CELL - 2 * inset;

	buf_printf(out, "<rect class=\"%s\" x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%zu\" rx=\"%u\"><title>",
		   looks[look].class, x + inset, y + inset, side, side, looks[look].rx);
	add_escaped(out, item->name);
	buf_printf(out, ": %s%s, risk %s</title></rect>\n", surface_verdict_name(item->verdict), looks[look].says,
		   reference_risk_name(item->risk));
}

#define NAMES_PER_LINE 110 /* characters, in the space of the grid */
#define LINE 15

/* What is reached, by name, so that it need not be pointed at. Returns where the next begins. */
static size_t add_band_names(struct buf *out, const struct surface_set *set, enum reference_risk risk, size_t top)
{
	size_t width = NAMES_PER_LINE;
	bool begun = false;

	for (size_t i = 0; i < set->count; i++) {
		const struct surface_item *item = &set->items[i];

		if (item->risk != risk || item->verdict == SURFACE_REFUSED)
			continue;
		if (width + strlen(item->name) + 2 > NAMES_PER_LINE) {
			buf_printf(out, "%s<text class=\"soft\" x=\"%d\" y=\"%zu\">", begun ? "</text>\n" : "",
				   LEFT, top + LINE - 3);
			begun = true;
			top += LINE;
			width = 0;
		}
		add_escaped(out, item->name);
		buf_puts(out, item->verdict == SURFACE_ALLOWED ? " " : "* ");
		width += strlen(item->name) + 2;
	}
	buf_puts(out, begun ? "</text>\n" : "");
	return top;
}

/* One band a risk class, its cells by look, and names where the risk is high. Returns where the next begins. */
static size_t add_band(struct buf *out, const struct surface_set *set, enum reference_risk risk, size_t top)
{
	size_t place = 0, reached = 0, label = top;

	for (int look = 0; look < LOOK_COUNT; look++)
		for (size_t i = 0; i < set->count; i++) {
			if (set->items[i].risk != risk || (int)look_of(set, &set->items[i]) != look)
				continue;
			add_cell(out, &set->items[i], (enum look)look, place++, top);
			reached += set->items[i].verdict != SURFACE_REFUSED;
		}
	if (!place)
		return top;
	buf_printf(out, "<text x=\"0\" y=\"%zu\">%s</text><text class=\"soft\" x=\"0\" y=\"%zu\">%zu of %zu</text>\n", top + 12,
		   reference_risk_name(risk), top + 26, reached, place);
	top += (place + PER_ROW - 1) / PER_ROW * CELL;
	if (risk >= REFERENCE_RISK_HIGH)
		top = add_band_names(out, set, risk, top);
	return (top < label + 2 * CELL ? label + 2 * CELL : top) + 12;
}

static void add_key(struct buf *out, const char *style_of_key, const char *text, size_t count)
{
	buf_printf(out, "<span class=\"key\" style=\"%s\"></span>%s %zu ", style_of_key, text, count);
}

static void add_legend(struct buf *out, const struct surface_set *set)
{
	buf_puts(out, "<p>");
	if (set->use_known) {
		add_key(out, "background:var(--used)", "reached and used", set->used - set->missing);
		add_key(out, "border:2px solid var(--allowed)", "reached, never used", set->idle);
		add_key(out, "border:2px dashed var(--ink)", "used, but refused", set->missing);
	} else {
		add_key(out, "background:var(--allowed)", "allowed", set->of[SURFACE_ALLOWED]);
		add_key(out, "background:var(--limited);border-radius:6px", "limited *",
			surface_limited(set));
	}
	add_key(out, "background:var(--refused);width:8px;height:8px", "refused", set->of[SURFACE_REFUSED] - set->missing);
	buf_puts(out, "</p>\n");
}

static void add_picture(struct buf *out, const struct surface_set *set)
{
	struct buf bands cleanup_buf = BUF_INIT;
	size_t top = 4;

	for (int risk = REFERENCE_RISK_CRITICAL; risk >= REFERENCE_RISK_NONE; risk--)
		top = add_band(&bands, set, (enum reference_risk)risk, top);
	buf_puts(out, "<section><h2>System calls</h2>");
	add_legend(out, set);
	buf_printf(out,
		   "<svg viewBox=\"0 0 %d %zu\" width=\"%d\" role=\"img\" aria-label=\"%zu of %zu "
		   "system calls can be reached; each cell is one call, by risk\">\n",
		   WIDTH, top, WIDTH, surface_reached(set), set->count);
	buf_puts(out, bands.failed || !bands.data ? "" : bands.data);
	buf_puts(out, "</svg></section>\n");
}

/* ---- tables ---- */

#define BAR 400

/* Something is never drawn as nothing. */
static size_t width_of(size_t part, size_t whole)
{
	size_t width = whole ? part * BAR / whole : 0;

	return part && !width ? 2 : width;
}

static void add_bar(struct buf *out, const struct surface_set *set)
{
	const char *whole = set->use_known ? "allowed" : "limited", *part = set->use_known ? "used" : "allowed";
	size_t inner = set->use_known ? set->used - set->missing : set->of[SURFACE_ALLOWED];

	buf_printf(out,
		   "<svg viewBox=\"0 0 %d 12\" width=\"%d\" aria-hidden=\"true\"><rect class=\"refused\" "
		   "width=\"%d\" height=\"12\" rx=\"3\"/><rect class=\"%s\" "
		   "width=\"%zu\" height=\"12\" rx=\"3\"/><rect class=\"%s\" width=\"%zu\" "
		   "height=\"12\" rx=\"3\"/></svg>",
		   BAR, BAR, BAR, whole, width_of(surface_reached(set), set->count), part, width_of(inner, set->count));
}

static void add_sets(struct buf *out, const struct surface *surface)
{
	buf_puts(out, "<section><h2>Reached of the whole table</h2><table>\n");
	for (int id = 0; id < SURFACE_SET_COUNT; id++) {
		const struct surface_set *set = &surface->sets[id];

		buf_printf(out, "<tr><th scope=\"row\">%s</th>", surface_set_title((enum surface_set_id)id));
		if (!set->known)
			buf_puts(out, "<td class=\"none\" colspan=\"2\">not known</td></tr>\n");
		else if (id == SURFACE_DEVICES)
			buf_printf(out, "<td class=\"n\">%zu</td><td></td></tr>\n", surface_reached(set));
		else {
			buf_printf(out, "<td class=\"n\">%zu of %zu</td><td>", surface_reached(set), set->count);
			add_bar(out, set);
			if (set->use_known)
				buf_printf(out, "%zu used, %zu never used", set->used - set->missing, set->idle);
			buf_puts(out, "</td></tr>\n");
		}
	}
	buf_puts(out, "</table></section>\n");
}

static void add_facts(struct buf *out, const struct surface *surface)
{
	static const char *const classes[] = {"", "fine", "risky"};

	buf_puts(out, "<section><h2>What stands around it</h2><table>\n");
	for (size_t i = 0; i < surface->facts_count; i++) {
		const struct surface_fact *fact = &surface->facts[i];

		buf_printf(out, "<tr><th scope=\"row\">%s</th><td class=\"%s\">", fact->title, classes[fact->tone]);
		add_escaped(out, fact->value);
		buf_puts(out, fact->tone == SURFACE_OPEN ? " (open)</td></tr>\n" : "</td></tr>\n");
	}
	buf_puts(out, "</table></section>\n");
}

static void add_names(struct buf *out, const struct surface *surface)
{
	buf_puts(out, "<section><h2>What is reached, by name</h2><p>The riskiest first; * is limited: for some arguments "
		      "only, by a supervisor's leave, or in part for want of a capability; ! only with bits above 31 of "
		      "the argument set; + is used.</p>\n");
	for (int id = 0; id < SURFACE_SET_COUNT; id++) {
		const struct surface_set *set = &surface->sets[id];

		if (!set->known || !surface_reached(set))
			continue;
		buf_printf(out, "<details><summary>%s (%zu)</summary>", surface_set_title((enum surface_set_id)id),
			   surface_reached(set));
		for (int risk = REFERENCE_RISK_CRITICAL; risk >= REFERENCE_RISK_NONE; risk--)
			for (size_t i = 0; i < set->count; i++) {
				if (set->items[i].verdict == SURFACE_REFUSED || (int)set->items[i].risk != risk)
					continue;
				buf_puts(out, risk >= REFERENCE_RISK_HIGH ? "<code class=\"risky\">" : "<code>");
				add_escaped(out, set->items[i].name);
				buf_printf(out, "%s%s%s</code> ", set->items[i].verdict != SURFACE_ALLOWED ? "*" : "",
					   set->items[i].high_half ? "!" : "", set->items[i].used ? "+" : "");
			}
		buf_puts(out, "</details>\n");
	}
	buf_puts(out, "</section>\n");
}

void surface_print_html(const struct surface *surface, struct buf *out)
{
	buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
		      "content=\"width=device-width\"><title>Attack surface of ");
	add_escaped(out, surface->subject);
	buf_printf(out, "</title><style>\n%s</style></head><body><main>\n<h1>Attack surface of %s ", style, surface->kind);
	add_escaped(out, surface->subject);
	buf_puts(out, "</h1><p>How much of the kernel it can reach. What is not restricted counts as the whole table.");
	if (surface->profile) {
		buf_puts(out, " Used is what the containment profile ");
		add_escaped(out, surface->profile);
		buf_puts(out, " names.");
	}
	buf_puts(out, "</p>\n");
	add_picture(out, &surface->sets[SURFACE_SYSCALLS]);
	add_sets(out, surface);
	add_facts(out, surface);
	add_names(out, surface);
	buf_puts(out, "</main></body></html>\n");
}
