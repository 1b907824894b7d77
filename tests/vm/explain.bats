#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead explain on Debian's kernel, which lets programs watch its functions: every tier, and security modules by name.

SCORE=/tests/explain/score
CAUSES=/build/tests/explain/causes

# score TIER PERCENT: at least that much is right, and nothing certain is wrong.
score() {
	run "$SCORE" /build/bulkhead "$CAUSES" --tier "$1"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $(tail -n 1 <<<"$output") =~ ^score:\ ([0-9]+)\ of\ ([0-9]+)\ right.*,\ ([0-9]+)\ wrong ]]
	echo "# tier $1: $(tail -n 1 <<<"$output")" >&3
	((BASH_REMATCH[1] * 100 >= BASH_REMATCH[2] * $2 && BASH_REMATCH[2] >= 45 && BASH_REMATCH[3] == 0))
}

@test "explain: tier hooks, 95 % of the causes right" {
	run /build/bulkhead explain -- true
	echo "$output"
	[[ $output == *"tier hooks"* ]]
	score hooks 95
}

@test "explain: tier tracepoints" { score tracepoints 50; }

@test "explain: tier rootless, half of the causes right" { score rootless 50; }

@test "explain: AppArmor by name" {
	printf 'profile explain-test flags=(attach_disconnected) {\n  file,\n  capability,\n  deny /etc/hostname-of-test r,\n}\n' > "$BATS_TEST_TMPDIR/profile"
	apparmor_parser -r "$BATS_TEST_TMPDIR/profile"
	echo x > /etc/hostname-of-test
	run /build/bulkhead explain -- aa-exec -p explain-test -- cat /etc/hostname-of-test
	rm /etc/hostname-of-test
	echo "$output"
	[[ $output == *"AppArmor refuses it"* ]]
}
