#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bulkhead learn: real programs under what was learned of them (tests/learn/programs): a few always, all of them, and twenty
# runs of each, in the long run.
load helpers

setup() {
	common_setup
	export BULKHEAD=${BULKHEAD:-$ROOT_OF_TREE/build/bulkhead}
}
teardown() {
	common_teardown
}

@test "learned programs: run after run nothing is refused, with at most a third of the calls of Docker's default" {
	local chosen=(nginx redis python3 git) runs=3 name present=()
	if [ -n "${BULKHEAD_LONG:-}" ]; then
		chosen=(nginx redis postgres python3 node git gcc curl tar sqlite3 bash ssh-keygen)
		runs=20
	fi
	for name in "${chosen[@]}"; do
		case $name in
			redis) command -v redis-server >/dev/null || continue ;;
			postgres) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || continue ;;
			*) command -v "$name" >/dev/null || continue ;;
		esac
		present+=("$name")
	done
	[ "${#present[@]}" -gt 0 ] || skip "none of these programs is installed: ${chosen[*]}"
	run "$ROOT_OF_TREE/tests/learn/programs" -n "$runs" "${present[@]}"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c "| true | 0, 0 of $runs |" <<<"$output")" -eq "${#present[@]}" ]
}
