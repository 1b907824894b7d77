#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Detached containers of an ordinary user.

load ../runtime/helpers

setup() {
	common_setup
	BK=("$BULKHEAD" --root "$STATE")
	C=$(new_id)
}
teardown() {
	"${BK[@]}" rm -f "$C" >/dev/null 2>&1 || true
	common_teardown
}

log_has() { "${BK[@]}" logs "$C" 2>&1 | grep -q -- "$1"; }

@test "rootless: run -d, exec, logs, stop, rm" {
	run --separate-stderr "${BK[@]}" run -d --name "$C" host sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	[ "$status" -eq 0 ]
	[ "$output" = "$C" ]
	wait_for 10 log_has ready
	run --separate-stderr "${BK[@]}" exec "$C" id -u
	[ "$output" = "$(id -u)" ]
	"${BK[@]}" stop "$C"
	[ "$("${BK[@]}" inspect "$C" | jq '.[0].exitStatus')" -eq 9 ]
	"${BK[@]}" rm "$C"
	leftovers
}

@test "rootless: a restart, and the end of it" {
	"${BK[@]}" run -d --restart on-failure:1 --name "$C" host sh -c 'echo begun; exit 3'
	wait_for 20 eval '[ "$("${BK[@]}" logs "$C" | grep -c begun)" -eq 2 ]'
	wait_for 10 eval '[ "$("${BK[@]}" inspect "$C" | jq -r ".[0].status")" = exited ]'
}

@test "rootless: attach, and top without a cgroup" {
	"${BK[@]}" run -d -i --name "$C" host sh -c 'read line; echo "got $line"; cat; exit 6'
	"${BK[@]}" top "$C" | grep -q 'sh -c read'
	[ "$("${BK[@]}" top --json "$C" | jq length)" -eq 2 ]
	run "${BK[@]}" attach "$C" < <(printf 'one\ntwo\n')
	[ "$status" -eq 6 ]
	[ "$output" = "got one
two" ]
}
