/* SPDX-License-Identifier: Apache-2.0 */
/* table: the rows of cause/, in one place for the look-up and for the tests that read every one. */
#ifndef BULKHEAD_CORE_CAUSE_TABLE_H
#define BULKHEAD_CORE_CAUSE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/cause/cause.h"

/* The first row that matches speaks: special circumstances stand before the general. */
struct cause_row {
	int errnum;		  /* 0: any */
	enum cause_object object; /* CAUSE_ANY: any */
	uint32_t facts;		  /* all of these must hold */
	const char *call;	  /* NULL: any */
	const char *why, *fix;
};

extern const struct cause_row cause_rows[];
extern const size_t cause_rows_count;

#endif
