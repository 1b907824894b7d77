/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain/chain: the filters of a process, put together from their parts, and what they answer to the call that was
 * refused. The kernel runs all of them and the strictest answer holds; so does this.
 */
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "abi/arch.h"
#include "core/oci/config.h"
#include "insight/explain/parts.h"

_Static_assert(sizeof(struct observe_instruction) == sizeof(struct sock_filter), "the kernel's own form");

static struct explain_filter *find(struct explain *explain, uint64_t name)
{
	for (size_t i = 0; i < explain->filters_count; i++)
		if (explain->filters[i].name == name)
			return &explain->filters[i];
	return NULL;
}

static struct explain_filter *slot(struct explain *explain, uint64_t name, uint32_t length)
{
	struct explain_filter *filter = find(explain, name);

	if (filter && filter->length == length)
		return filter;
	if (!filter && explain->filters_count < EXPLAIN_FILTERS_MAX)
		filter = &explain->filters[explain->filters_count++];
	else if (!filter)
		filter = &explain->filters[explain->filters_next++ % EXPLAIN_FILTERS_MAX];
	free(filter->instructions);
	*filter = (struct explain_filter){.name = name, .length = length};
	filter->instructions = calloc(length, sizeof(struct sock_filter));
	return filter;
}

void chain_add(struct explain *explain, const struct observe_filter *part)
{
	struct explain_filter *filter;

	if (part->length == 0 || part->length > OBSERVE_INSTRUCTIONS_MAX || part->count > OBSERVE_CHUNK ||
	    part->offset > part->length || part->count > part->length - part->offset)
		return;
	filter = slot(explain, part->name, part->length);
	if (!filter->instructions)
		return;
	memcpy(filter->instructions + part->offset, part->instructions, part->count * sizeof(struct sock_filter));
	if (part->offset == 0)
		filter->have = 0;
	filter->have += part->count;
}

/* Lower is stricter, as the kernel orders actions: by their value as a signed number. */
static int32_t strictness(uint32_t action)
{
	return (int32_t)(action & SECCOMP_RET_ACTION_FULL);
}

/* The answer that a call without arguments of a number that nobody has gets is the default, or that for unknown calls. */
static bool is_default(const struct explain_filter *filter, const struct seccomp_data *data, uint32_t instruction)
{
	struct seccomp_data other = *data;
	uint32_t reached;

	other.nr = 0x3ffffff0;
	memset(other.args, 0, sizeof(other.args));
	filter_run(filter->instructions, &other, &reached);
	return reached == instruction;
}

static void name_filter(struct parts_case *one, const struct seccomp_data *data, const struct explain_filter *filter,
			uint32_t index, uint32_t action, uint32_t instruction)
{
	char text[64], arguments[160];

	if (rules_name(one, filter, data, action))
		return;
	filter_action_text(action, text, sizeof(text));
	rules_arguments(filter, data, arguments, sizeof(arguments));
	if (is_default(filter, data, instruction))
		parts_fact(one, FACT_FILTER_DEFAULT);
	parts_text(one, TEXT_FILTER, "seccomp filter %u of %u of the process (%s, instruction %u of %u%s%s)", index + 1,
		   one->refusal->filters_count, text, instruction, filter->length, arguments[0] ? "; " : "", arguments);
}

/* Engines allow some calls to whom they give the capability for it: this one, where the process lacks it. */
static void name_grant(struct parts_case *one)
{
	bool of_host;
	const char *name = refusal_capability_of(one->facts.call, &of_host);
	int number = name ? oci_capability_number(name) : -1;

	if (number >= 0 && !(one->refusal->bounding >> number & 1))
		parts_text(one, TEXT_GRANT, "%s", name);
}

void chain_ask(struct parts_case *one)
{
	const struct observe_refusal *refusal = one->refusal;
	struct seccomp_data data = {
		.nr = refusal->number,
		.arch = one->arch,
		.instruction_pointer = refusal->instruction_pointer,
	};
	uint32_t strictest = SECCOMP_RET_ALLOW, at = 0, instruction = 0;
	const struct explain_filter *by = NULL;
	struct err err = ERR_INIT;

	memcpy(data.args, refusal->args, sizeof(data.args));
	if (refusal->flags & (OBSERVE_FILTERS_UNSEEN | OBSERVE_FILTERS_CUT))
		parts_fact(one, FACT_FILTER_UNREADABLE);
	for (uint32_t i = 0; i < refusal->filters_count && i < OBSERVE_FILTERS_MAX; i++) {
		const struct explain_filter *filter = find(one->explain, refusal->filters[i]);
		uint32_t action, reached;

		if (!filter || filter->have < filter->length ||
		    filter_check(filter->instructions, filter->length, &err)) {
			parts_fact(one, FACT_FILTER_UNREADABLE);
			continue;
		}
		action = filter_run(filter->instructions, &data, &reached);
		if (strictness(action) >= strictness(strictest))
			continue;
		strictest = action;
		by = filter;
		at = i;
		instruction = reached;
	}
	if (!by)
		return;
	name_filter(one, &data, by, at, strictest, instruction);
	name_grant(one);
	switch (strictest & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ERRNO:
		if ((int)(strictest & SECCOMP_RET_DATA) == one->facts.errnum)
			parts_fact(one, FACT_FILTER_ERRNO);
		break;
	case SECCOMP_RET_USER_NOTIF:
	case SECCOMP_RET_TRACE:
		parts_fact(one, FACT_FILTER_SUPERVISED);
		break;
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
		if (refusal->kind == OBSERVE_SECCOMP_KILL)
			parts_fact(one, FACT_FILTER_KILLED);
		break;
	}
	/* The kernel was not asked: what cannot be read does not matter when the answer is known. */
	if (parts_has(one, FACT_FILTER_ERRNO) || parts_has(one, FACT_FILTER_KILLED))
		one->facts.facts &= ~REFUSAL_FACT(FACT_FILTER_UNREADABLE);
}
