/* SPDX-License-Identifier: Apache-2.0 */
/* surface/filters: the filters that were measured, written out for people. Pure. */
#include "insight/surface/parts.h"

static void add_chain(const struct surface_chain *chain, struct buf *out)
{
	if (chain->strict)
		buf_puts(out, "strict mode: read, write, _exit and sigreturn alone\n");
	else if (!chain->count)
		buf_puts(out, "no filter: every system call is let through\n");
	for (size_t i = 0; i < chain->count; i++) {
		const struct surface_program *program = &chain->programs[i];

		buf_printf(out, "%sfilter %zu of %zu, %u instructions\n", i ? "\n" : "", i + 1, chain->count, program->count);
		filter_disassemble(program->instructions, program->count, out);
	}
}

void surface_print_filters(const struct surface *surface, struct buf *out)
{
	const struct surface_chain *chain = surface->filters;
	bool several = chain && chain->next;

	for (size_t number = 1; chain; chain = chain->next, number++) {
		if (several)
			buf_printf(out, "%sof some threads (%zu)\n", number > 1 ? "\n" : "", number);
		add_chain(chain, out);
	}
}
