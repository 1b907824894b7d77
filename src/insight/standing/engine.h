/* SPDX-License-Identifier: Apache-2.0 */
/* engine: what Docker's and podman's profiles have beyond the OCI's; private to insight/standing. */
#ifndef BULKHEAD_INSIGHT_STANDING_ENGINE_H
#define BULKHEAD_INSIGHT_STANDING_ENGINE_H

#include "base/json.h"
#include "core/oci/fields.h"
#include "insight/standing/standing.h"

/* A rule holds when the container has all of with, none of without, and the machine is one that the rule is for. */
struct standing_rule {
	uint64_t with, without; /* capabilities */
	bool foreign;		/* for other machines */
};

/* "includes" and "excludes" of each rule. Errors: ERR_CONFIG with the place, for what engines would refuse, too. */
int engine_read_rules(struct oci_reader *reader, const struct json *root, const struct standing_rule **ret_rules);
/* The machine's architecture and those that "archMap" puts beside it. */
int engine_read_archs(struct oci_reader *reader, const struct json *root, struct filter_policy *policy);

#endif
