/* SPDX-License-Identifier: Apache-2.0 */
/* json_duplicate: keys that stand twice in one object. A part of the JSON reader; nobody else includes it. */
#ifndef BULKHEAD_BASE_JSON_DUPLICATE_H
#define BULKHEAD_BASE_JSON_DUPLICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/* Sets *ret to a member whose key an earlier one has too, or to NULL. False when memory is gone. */
bool json_find_duplicate(const struct json *object, const struct json **ret);

/* Where the key number `index` stands in the text of the object that begins at `open`: an object already read, whose
 * text is thus known to be correct up to that key. */
const char *json_key_place(const char *open, uint32_t index);

#endif
