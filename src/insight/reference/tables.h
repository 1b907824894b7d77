/* SPDX-License-Identifier: Apache-2.0 */
/* tables: what rows.c offers to the other files of this folder. */
#ifndef BULKHEAD_INSIGHT_REFERENCE_TABLES_H
#define BULKHEAD_INSIGHT_REFERENCE_TABLES_H

#include "insight/reference/reference.h"

/* Names of kernel functions that look like system calls, separated by blanks. */
const char *reference_ignored_symbols(void);
/* Is word one of list, whose words are separated by blanks? */
bool reference_list_has(const char *list, const char *word);

#endif
