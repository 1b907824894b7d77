#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What bulkhead explain names as the way out, tried in containers on Debian's kernel.

CAUSES=/build/tests/explain/causes

@test "explain: each remedy is true on this kernel, too" {
	[ -e /usr/share/containers/seccomp.json ] || skip "this machine has no profile of the engines"
	run /tests/explain/remedies /build/bulkhead /build/bulkhead-oci "$CAUSES"
	echo "$output"
	echo "# $(tail -n 1 <<<"$output")" >&3
	[[ $(tail -n 1 <<<"$output") =~ ^remedies:\ ([0-9]+)\ of\ ([0-9]+)\ tried\ work,\ 0\ broken ]]
	((BASH_REMATCH[1] >= 45))
}
