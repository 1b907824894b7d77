/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cause: looks a refusal up in the table of table.c. Runs in the runtime, the gate and the child; it allocates
 * nothing and touches nothing but the struct err.
 */
#include "core/cause/cause.h"

#include <string.h>

#include "core/cause/table.h"

static bool matches(const struct cause_row *row, const struct err *err, enum cause_object object, uint32_t facts)
{
	if (row->errnum && row->errnum != err->errnum)
		return false;
	if (row->object != CAUSE_ANY && row->object != object)
		return false;
	if ((facts & row->facts) != row->facts)
		return false;
	return !row->call || strcmp(row->call, err->call) == 0;
}

void cause_explain(struct err *err, enum cause_object object, uint32_t facts)
{
	if (err->errnum == 0)
		return;
	for (size_t i = 0; i < cause_rows_count; i++) {
		const struct cause_row *row = &cause_rows[i];

		if (!matches(row, err, object, facts))
			continue;
		err_why(err, "%s", row->why);
		if (err->fix[0] == '\0')
			err_fix(err, "%s", row->fix);
		return;
	}
}
