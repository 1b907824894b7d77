/* SPDX-License-Identifier: Apache-2.0 */
/*
 * surface/html: a surface as one page: a picture of all system calls by risk and verdict, a bar for each set, the facts,
 * and the names. No script, no other file; dark where the reader's system is. Colours never stand alone: each cell has a
 * title, and a shape of its own when it is limited or refused. All names are escaped.
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
	"--allowed:#d1495b;--limited:#edae49;--refused:#c9d6df;--ok:#2a7f62}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#9aa6b6;--paper:#11151b;--card:#1a2029;"
	"--line:#2c3541;--allowed:#e4606f;--limited:#e3aa4b;--refused:#344252;--ok:#5cc49f}}\n"
	"*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);"
	"font:15px/1.5 system-ui,sans-serif}main{max-width:1020px;margin:0 auto;padding:28px 20px 60px}\n"
	"h1{font-size:24px;margin:0 0 2px;overflow-wrap:anywhere}h2{font-size:17px;margin:0 0 10px}"
	"p{margin:0 0 12px;color:var(--soft)}"
	"section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:16px 0;"
	"overflow-x:auto}\n"
	"svg{display:block;max-width:100%;height:auto}svg text{fill:var(--ink);font:12px system-ui,sans-serif}"
	"svg .soft{fill:var(--soft)}.allowed{fill:var(--allowed)}.limited{fill:var(--limited)}"
	".refused{fill:var(--refused)}\n"
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
	for (const char *at = text; *at; at++) {
		switch (*at) {
		case '<':
			buf_puts(out, "&lt;");
			break;
		case '>':
			buf_puts(out, "&gt;");
			break;
		case '&':
			buf_puts(out, "&amp;");
			break;
		case '"':
			buf_puts(out, "&quot;");
			break;
		default:
			buf_add(out, at, 1);
		}
	}
}

static const char *class_of(enum surface_verdict verdict)
{
	return verdict == SURFACE_ALLOWED ? "allowed" : verdict == SURFACE_REFUSED ? "refused" : "limited";
}

/* ---- the picture ---- */

static void add_cell(struct buf *out, const struct surface_item *item, size_t place, size_t top)
{
	size_t x = LEFT + place % PER_ROW * CELL, y = top + place / PER_ROW * CELL;
	/* Limited is a round cell, refused a small one: to be told apart without colour. */
	size_t inset = item->verdict == SURFACE_REFUSED ? 4 : 1, side = CELL - 2 * inset;

	buf_printf(out, "<rect class=\"%s\" x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%zu\" rx=\"%d\"><title>",
		   class_of(item->verdict), x + inset, y + inset, side, side,
		   item->verdict == SURFACE_ALLOWED || item->verdict == SURFACE_REFUSED ? 2 : 7);
	add_escaped(out, item->name);
	buf_printf(out, ": %s, risk %s</title></rect>\n", surface_verdict_name(item->verdict), reference_risk_name(item->risk));
}

/* One band a risk class: what is reached, then what is limited, then what is refused. Returns where the next begins. */
static size_t add_band(struct buf *out, const struct surface_set *set, enum reference_risk risk, size_t top)
{
	size_t place = 0, reached = 0;

	for (int verdict = SURFACE_ALLOWED; verdict >= SURFACE_REFUSED; verdict--)
		for (size_t i = 0; i < set->count; i++) {
			if (set->items[i].risk != risk || (int)set->items[i].verdict != verdict)
				continue;
			add_cell(out, &set->items[i], place++, top);
			reached += verdict != SURFACE_REFUSED;
		}
	if (!place)
		return top;
	buf_printf(out, "<text x=\"0\" y=\"%zu\">%s</text><text class=\"soft\" x=\"0\" y=\"%zu\">%zu of %zu</text>\n", top + 12,
		   reference_risk_name(risk), top + 26, reached, place);
	top += (place + PER_ROW - 1) / PER_ROW * CELL;
	return top + (place <= PER_ROW ? CELL : 0) + 12;
}

static void add_picture(struct buf *out, const struct surface_set *set)
{
	struct buf bands cleanup_buf = BUF_INIT;
	size_t top = 4;

	for (int risk = REFERENCE_RISK_CRITICAL; risk >= REFERENCE_RISK_NONE; risk--)
		top = add_band(&bands, set, (enum reference_risk)risk, top);
	buf_printf(out,
		   "<section><h2>System calls</h2><p><span class=\"key\" style=\"background:var(--allowed)\"></span>allowed %zu"
		   "<span class=\"key\" style=\"background:var(--limited);border-radius:6px\"></span>for some arguments, or "
		   "supervised %zu<span class=\"key\" style=\"background:var(--refused);width:8px;height:8px\"></span>"
		   "refused %zu</p>\n<svg viewBox=\"0 0 %d %zu\" width=\"%d\" role=\"img\" aria-label=\"%zu of %zu "
		   "system calls can be reached; each cell is one call, by risk\">\n",
		   set->of[SURFACE_ALLOWED], set->of[SURFACE_ARGUMENTS] + set->of[SURFACE_SUPERVISED],
		   set->of[SURFACE_REFUSED], WIDTH, top, WIDTH, surface_reached(set), set->count);
	buf_puts(out, bands.failed || !bands.data ? "" : bands.data);
	buf_puts(out, "</svg></section>\n");
}

/* ---- tables ---- */

#define BAR 400

static void add_bar(struct buf *out, const struct surface_set *set)
{
	size_t allowed = set->count ? set->of[SURFACE_ALLOWED] * BAR / set->count : 0;
	size_t reached = set->count ? surface_reached(set) * BAR / set->count : 0;

	/* Something is never drawn as nothing. */
	if (surface_reached(set) && !reached)
		reached = 2;
	buf_printf(out,
		   "<svg viewBox=\"0 0 %d 12\" width=\"%d\" aria-hidden=\"true\"><rect class=\"refused\" "
		   "width=\"%d\" height=\"12\" rx=\"3\"/><rect class=\"limited\" "
		   "width=\"%zu\" height=\"12\" rx=\"3\"/><rect class=\"allowed\" width=\"%zu\" "
		   "height=\"12\" rx=\"3\"/></svg>",
		   BAR, BAR, BAR, reached, set->of[SURFACE_ALLOWED] && !allowed ? 2 : allowed);
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
			buf_puts(out, "</td></tr>\n");
		}
	}
	buf_puts(out, "</table></section>\n");
}

static void add_facts(struct buf *out, const struct surface *surface)
{
	buf_puts(out, "<section><h2>What stands around it</h2><table>\n");
	for (size_t i = 0; i < surface->facts_count; i++) {
		const struct surface_fact *fact = &surface->facts[i];

		buf_printf(out, "<tr><th scope=\"row\">%s</th><td class=\"%s\">", fact->title, fact->risky ? "risky" : "fine");
		add_escaped(out, fact->value);
		buf_puts(out, fact->risky ? " (open)</td></tr>\n" : "</td></tr>\n");
	}
	buf_puts(out, "</table></section>\n");
}

static void add_names(struct buf *out, const struct surface *surface)
{
	buf_puts(out, "<section><h2>What is reached, by name</h2><p>The riskiest first; * is for some arguments only, "
		      "! only with bits above 31 of the argument set.</p>\n");
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
				buf_printf(out, "%s%s</code> ", set->items[i].verdict == SURFACE_ARGUMENTS ? "*" : "",
					   set->items[i].high_half ? "!" : "");
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
	buf_puts(out, "</h1><p>How much of the kernel it can reach. What is not restricted counts as the whole table.</p>\n");
	add_picture(out, &surface->sets[SURFACE_SYSCALLS]);
	add_sets(out, surface);
	add_facts(out, surface);
	add_names(out, surface);
	buf_puts(out, "</main></body></html>\n");
}
