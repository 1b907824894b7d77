/* SPDX-License-Identifier: Apache-2.0 */
/* surface: names of sets and verdicts, and a profile's surface. */
#include "insight/surface/surface.h"

#include <string.h>

#include "base/utf8.h"
#include "insight/standing/standing.h"
#include "insight/surface/parts.h"

static const struct {
	const char *key, *title;
} names[SURFACE_SET_COUNT] = {
	[SURFACE_SYSCALLS] = {"syscalls", "system calls"},
	[SURFACE_IOCTLS] = {"ioctl", "ioctl commands"},
	[SURFACE_PRCTLS] = {"prctl", "prctl options"},
	[SURFACE_FCNTLS] = {"fcntl", "fcntl commands"},
	[SURFACE_FAMILIES] = {"socketFamilies", "socket families"},
	[SURFACE_NAMESPACES] = {"namespaces", "namespaces to create"},
	[SURFACE_EFFECTIVE] = {"capabilitiesEffective", "capabilities, effective"},
	[SURFACE_BOUNDING] = {"capabilitiesBounding", "capabilities, bounding"},
	[SURFACE_READABLE] = {"filesReadable", "kernel files, readable"},
	[SURFACE_WRITABLE] = {"filesWritable", "kernel files, writable"},
	[SURFACE_DEVICES] = {"devices", "devices"},
};

const char *surface_set_key(enum surface_set_id id)
{
	return names[id].key;
}

const char *surface_set_title(enum surface_set_id id)
{
	return names[id].title;
}

const char *surface_verdict_name(enum surface_verdict verdict)
{
	static const char *const words[] = {"refused", "supervised", "capability", "arguments", "allowed"};

	return words[verdict];
}

size_t surface_reached(const struct surface_set *set)
{
	return set->count - set->of[SURFACE_REFUSED];
}

size_t surface_limited(const struct surface_set *set)
{
	return surface_reached(set) - set->of[SURFACE_ALLOWED];
}

int surface_no_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "out of memory while measuring the attack surface");
}

int surface_begin(struct arena *arena, struct surface_set *set, size_t room, struct err *err)
{
	*set = (struct surface_set){.known = true, .items = arena_calloc(arena, room + 1, sizeof(*set->items))};
	return set->items ? 0 : surface_no_memory(err);
}

void surface_add(struct surface_set *set, struct surface_item item)
{
	set->items[set->count++] = item;
	set->of[item.verdict]++;
}

static bool is_hidden(uint32_t rune)
{
	return rune < 0x20 || (rune >= 0x7f && rune <= 0x9f) || (rune >= 0x200b && rune <= 0x200f) ||
	       (rune >= 0x2028 && rune <= 0x202e) || (rune >= 0x2060 && rune <= 0x2069) || rune == 0xfeff;
}

void surface_put_name(struct buf *out, const char *name)
{
	for (size_t left = strlen(name); left;) {
		uint32_t rune;
		size_t length = utf8_decode(name, left, &rune);
		bool hidden = length == 0 || is_hidden(rune);

		length = length ? length : 1;
		for (size_t i = 0; hidden && i < length; i++)
			buf_printf(out, "\\x%02x", (unsigned char)name[i]);
		if (!hidden)
			buf_add(out, name, length);
		name += length;
		left -= length;
	}
}

static void add_fact(struct surface *surface, struct surface_fact fact)
{
	if (fact.value && surface->facts_count < SURFACE_FACTS_MAX)
		surface->facts[surface->facts_count++] = fact;
}

void surface_tell(struct surface *surface, const char *key, const char *title, const char *value)
{
	add_fact(surface, (struct surface_fact){key, title, value, SURFACE_PLAIN});
}

void surface_fact(struct surface *surface, const char *key, const char *title, const char *value, bool open)
{
	add_fact(surface, (struct surface_fact){key, title, value, open ? SURFACE_OPEN : SURFACE_CLOSED});
}

int surface_capabilities(struct arena *arena, uint64_t mask, struct surface_set *set, struct err *err)
{
	struct reference_entry entry;
	size_t first, end;

	reference_range(REFERENCE_CAPABILITY, &first, &end);
	if (surface_begin(arena, set, end - first, err))
		return ERR;
	for (size_t i = first; i < end; i++) {
		reference_at(i, &entry);
		if (strcmp(entry.group, "capability") != 0 || entry.value < 0 || entry.value > 63)
			continue;
		surface_add(set, (struct surface_item){
					 .name = entry.name,
					 .risk = entry.risk,
					 .verdict = mask >> entry.value & 1 ? SURFACE_ALLOWED : SURFACE_REFUSED,
				 });
	}
	return 0;
}

static void tell_shadow(struct arena *arena, const struct filter_policy *policy, const struct filter_shadow *shadow,
			struct surface *surface)
{
	if (shadow->call)
		surface_fact(surface, "ruleWithoutEffect", "rule without effect",
			     arena_printf(arena, "%s on %s: %s compares no argument, and decides first",
					  policy->rules[shadow->rule].where, shadow->call, policy->rules[shadow->by].where),
			     true);
}

int surface_of_policy(struct arena *arena, const struct filter_policy *policy, const struct calls_power *power,
		      struct surface *surface, struct err *err)
{
	struct surface_chain *chain = arena_calloc(arena, 1, sizeof(*chain));
	struct surface_program *one = arena_calloc(arena, 1, sizeof(*one));
	struct filter_program program = {0};

	if (!chain || !one)
		return surface_no_memory(err);
	if (policy && filter_compile(policy, arena, &program, err))
		return ERR;
	*one = (struct surface_program){program.instructions, program.count};
	*chain = (struct surface_chain){.programs = one, .count = policy ? 1 : 0};
	surface_fact(surface, "seccomp", "seccomp", policy ? "one filter" : "none", !policy);
	tell_shadow(arena, policy, &program.shadow, surface);
	surface->filters = chain;
	return calls_fill(arena, chain, power, surface, err);
}

int surface_of_profile(struct arena *arena, const char *name, const char *text, size_t size, uint64_t capabilities,
		       struct surface *ret_surface, struct err *err)
{
	struct surface surface = {.subject = name, .kind = "profile"};
	struct calls_power power = {.known = false};
	struct standing_profile profile;
	struct filter_policy policy = {0};

	if (standing_read(arena, name, text, size, &profile, err))
		return ERR;
	if (!profile.unrestricted && standing_policy(&profile, capabilities, arena, &policy, err))
		return ERR;
	if (surface_of_policy(arena, profile.unrestricted ? NULL : &policy, &power, &surface, err))
		return ERR;
	*ret_surface = surface;
	return 0;
}
