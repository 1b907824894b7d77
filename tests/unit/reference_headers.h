/* SPDX-License-Identifier: Apache-2.0 */
/* reference_headers: constants of the reference whose names this machine's headers define too. */
#ifndef BULKHEAD_TESTS_REFERENCE_HEADERS_H
#define BULKHEAD_TESTS_REFERENCE_HEADERS_H

#include <stddef.h>
#include <stdint.h>

struct header_check {
	const char *kind, *name;
	int64_t header, table;
};
extern const struct header_check header_checks[], header_calls[];
extern const size_t header_checks_count, header_calls_count;

#endif
