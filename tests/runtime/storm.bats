#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# storm: many containers at once, while the runtime is killed with SIGKILL at random moments.

load helpers

setup() { common_setup; }
teardown() { common_teardown; }

@test "storm: 1,000 containers created, started, killed, deleted 32 at a time with random kill -9 of the runtime; list is true" {
	b=$(bundle)
	args "$b" sleep "77$$"
	run "$BATS_TEST_DIRNAME/storm.py" "$OCI" "$STATE" "$b" "$ID_PREFIX" 1000
	echo "$output"
	[ "$status" -eq 0 ]
	# Each verb was in fact killed.
	jq -e '.containers == 1000 and ([.killed[]] | length == 4 and min > 0)' <<<"$output"
	wait_for 10 no_process
	leftovers
}

no_process() { ! pgrep -xf "sleep 77$$"; }
